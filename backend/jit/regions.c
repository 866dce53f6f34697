/* regions.c - see regions.h */
#include "backend/jit/regions.h"
#include "backend/common/common.h"
#include "backend/jit/cache.h"
#include "backend/jit/fit.h"
#include <stdlib.h>
#include <string.h>

#define REGION_INSNS 600u
#define TRIED 255u            /* jblock.heat: an entry already, or no good as one */
#define CHANGES 1024u
#define CHANGES_MOST 8u       /* of code under regions of one entry: then it stays with the baseline ... */
#define CHANGES_SLICES 65536u /* ... until half of it is forgotten */

const struct jit_policy jit_policy_auto = { .samples = 6, .needs_loop = true };
const struct jit_policy jit_policy_llvm = { .samples = 2, .meets = 2, .here = true };

struct made;

/* Of a block in a region. */
struct jit_seat {
    struct made     *in;
    struct jit_seat *next;    /* of the same block */
};

struct made {
    struct made       *next, **at;
    struct jblock     *member[REGION_BLOCKS]; /* the entry first */
    struct jit_seat    seat[REGION_BLOCKS];
    u32                count;
    struct worker_job *job;   /* that makes it; NULL: in force */
};

struct jit_regions {
    struct jit_policy policy;
    struct worker    *worker;
    struct made      *made;
    bool              over, full;         /* no tier; no room until the flush */
    u32               slices;
    u8                changes[CHANGES];   /* by hash of the entry's place */
    struct ir_block   ir;                 /* scratch */
};

/* ---- life ---- */

/* MYNAH_REGIONS=N: samples that make a block hot, for tests. */
static u8 wanted_samples(u8 usual)
{
    const char *s = getenv("MYNAH_REGIONS");
    u64 n = s ? strtoull(s, NULL, 10) : 0;
    return n && n < TRIED ? (u8)n : usual;
}

bool jit_regions_new(struct jit *j, const struct jit_policy *p, struct err *e)
{
    struct jit_regions *g = j->regions = calloc(1, sizeof *g);
    CHECK(g);
    g->policy = *p;
    g->policy.samples = wanted_samples(p->samples);
    g->worker = worker_new(j, &(struct worker_setup){ p->here, p->load });
    return !p->here || worker_open(g->worker, e);
}

void jit_regions_free(struct jit *j)
{
    struct jit_regions *g = j->regions;
    if (!g)
        return;
    worker_free(g->worker);
    while (g->made) {
        struct made *next = g->made->next;
        free(g->made);
        g->made = next;
    }
    free(g);
    j->regions = NULL;
}

/* ---- which blocks ---- */

/* Where a link within the page leads that was not followed yet. */
static struct jblock *not_linked(struct jit *j, const struct jit_link *l)
{
    u64 at = (l->from->off & (PAGE_SIZE - 1)) + (u64)l->rel;
    bool inside = at < engine_page_end(j->v->guest);
    return inside ? jit_cache_find(j, l->from->obj, l->from->off + (u64)l->rel, l->from->mode) : NULL;
}

/* The block that the link leads to, if it is one for the region of `of`. Blocks that are regions themselves follow no links. */
static struct jblock *neighbour(struct jit *j, const struct jblock *of, const struct jit_link *l)
{
    struct jblock *to = l->to || l->ic || !j->regions->policy.meets ? l->to : not_linked(j, l);
    bool ok = to && !l->ic && !to->dead && to->hashed && !to->obj2 && to->obj == of->obj && to->mode == of->mode
              && to->off >> PAGE_BITS == of->off >> PAGE_BITS;
    return ok ? to : NULL;
}

static bool has(const struct made *g, const struct jblock *b)
{
    for (u32 n = 0; n < g->count; n++)
        if (g->member[n] == b)
            return true;
    return false;
}

/* Breadth first. True: some way leads back. */
static bool grow(struct jit *j, struct made *g, struct jblock *entry)
{
    u32 insns = entry->insns;
    bool loop = false;
    g->member[g->count++] = entry;
    for (u32 n = 0; n < g->count; n++) {
        const struct jblock *b = g->member[n];
        loop |= b->loops;
        for (u32 k = 0; k < b->link_count; k++) {
            struct jblock *to = neighbour(j, entry, &b->links[k]);
            if (!to)
                continue;
            loop |= to->off <= b->off && has(g, to);
            if (has(g, to) || g->count == REGION_BLOCKS || insns + to->insns > REGION_INSNS)
                continue;
            insns += to->insns;
            g->member[g->count++] = to;
        }
    }
    return loop;
}

/* ---- the region as the tier wants it ---- */

static bool fits(const struct ir_block *b)
{
    struct jit_fit f = { 0 };
    for (u32 i = 0; i < b->count; i++)
        if (b->ins[i].type == IR_F80 || !jit_fits(b, &b->ins[i], &f))
            return false;
    return b->labels <= 250;
}

static struct ir_block *lift(struct jit *j, const struct jblock *b)
{
    struct ir_block *ir = &j->regions->ir;
    engine_lift(j->v, b->obj, b->off, b->mode, b->insns, ir);
    if (!ir->guest_len || ir->insns != b->insns)
        return NULL;
    ir_passes(ir);
    if (!fits(ir))
        return NULL;
    u64 size = offsetof(struct ir_block, ins) + ir->count * sizeof ir->ins[0];
    struct ir_block *copy = malloc(size);
    CHECK(copy);
    memcpy(copy, ir, size);
    return copy;
}

static bool fill(struct jit *j, const struct made *g, struct jit_region *r)
{
    const struct guest *guest = j->v->guest;
    const struct jblock *entry = g->member[0];
    *r = (struct jit_region){ .layout = guest->layout, .page_at = entry->off & (PAGE_SIZE - 1),
                              .page_end = engine_page_end(guest), .min_insn = guest->min_insn,
                              .mmu_mode = entry->mode & (MMU_MODES - 1), .state_bias = JIT_STATE_BIAS, .fp_x86 = guest->fp_x86,
                              .fp_plain = guest->fp_special && !(entry->mode & guest->fp_special), .features = j->features };
    for (u32 n = 0; n < g->count; n++) {
        struct ir_block *ir = lift(j, g->member[n]);
        if (ir)
            r->block[r->count++] = (struct jit_region_block){ (i64)(g->member[n]->off - entry->off), ir };
        else if (!n)
            return false;
    }
    return true;
}

/* ---- seats ---- */

static void seat_all(struct jit_regions *all, struct made *g)
{
    for (u32 n = 0; n < g->count; n++) {
        g->seat[n] = (struct jit_seat){ g, g->member[n]->seats };
        g->member[n]->seats = &g->seat[n];
    }
    g->next = all->made;
    g->at = &all->made;
    if (g->next)
        g->next->at = &g->next;
    all->made = g;
}

/* Nothing knows the region any more. */
static void free_made(struct made *g)
{
    for (u32 n = 0; n < g->count; n++) {
        struct jit_seat **at = &g->member[n]->seats;
        while (*at != &g->seat[n])
            at = &(*at)->next;
        *at = g->seat[n].next;
    }
    *g->at = g->next;
    if (g->next)
        g->next->at = g->at;
    free(g);
}

/* The region that begins with the block: one in force, or one that is being made. */
static struct made *entered_at(const struct jblock *b, bool in_force)
{
    for (struct jit_seat *s = b->seats; s; s = s->next)
        if (s->in->member[0] == b && !s->in->job == in_force)
            return s->in;
    return NULL;
}

/* ---- code that changes ---- */

static u8 *changes_of(struct jit_regions *all, const struct jblock *entry)
{
    u64 h = ((u64)entry->obj->id << 48 ^ entry->off ^ entry->mode << 32) * 0x9e3779b97f4a7c15;
    return &all->changes[h >> 32 & (CHANGES - 1)];
}

static void note_change(struct jit_regions *all, const struct jblock *entry)
{
    u8 *n = changes_of(all, entry);
    *n = (u8)MIN(*n + 1u, CHANGES_MOST);
}

static void forget_changes(struct jit_regions *all)
{
    for (u32 n = 0; n < CHANGES; n++)
        all->changes[n] /= 2;
}

/* ---- in force ---- */

static void turn_on(struct jit *j, struct made *g, const u8 *code)
{
    struct made *old = entered_at(g->member[0], true);
    if (old) {
        x64_entry_restore(j, g->member[0]);
        free_made(old);
        j->stats.regions_replaced++;
    }
    x64_entry_jump(j, g->member[0], code);
    g->job = NULL;
}

/* Takes it out of force, or sees to it that it never is. */
static void drop(struct jit *j, struct made *g)
{
    if (g->job) {
        g->job->owner = NULL;
        worker_cancel(j->regions->worker, g->job);
        j->stats.regions_cancelled++;
    } else {
        x64_entry_restore(j, g->member[0]);
        j->stats.regions_dropped++;
    }
    g->member[0]->heat = g->member[0]->met = 0;
    free_made(g);
}

void jit_regions_forget(struct jit *j, struct jblock *b, bool changed)
{
    while (b->seats) {
        struct made *g = b->seats->in;
        if (changed)
            note_change(j->regions, g->member[0]);
        drop(j, g);
    }
}

void jit_regions_flush(struct jit *j)
{
    struct jit_regions *all = j->regions;
    CHECK(!all->made);
    worker_flush(all->worker);
    all->full = false;
    memset(all->changes, 0, sizeof all->changes);
}

/* ---- what came of it ---- */

static u64 insns_of(const struct jit_region *r)
{
    u64 n = 0;
    for (u32 k = 0; k < r->count; k++)
        n += r->block[k].ir->insns;
    return n;
}

/* No floating point: MXCSR is the guest's. */
static void say_made(struct jit *j, const struct jblock *entry, const struct worker_job *job)
{
    u64 tenths = job->ns / 100000;
    log_line(&j->v->m->log, LOG_jit, "region at %s+%#llx: %u blocks, %llu instructions, %llu bytes, %llu.%llu ms%s",
             entry->obj->name, (unsigned long long)entry->off, job->region.count, (unsigned long long)insns_of(&job->region),
             (unsigned long long)job->used, (unsigned long long)tenths / 10, (unsigned long long)tenths % 10,
             job->from_store ? ", from the store" : "");
}

static void install(struct jit *j, struct made *g, const struct worker_job *job)
{
    turn_on(j, g, job->code);
    j->stats.regions++;
    j->stats.regions_stored += job->from_store;
    j->stats.region_bytes += job->used;
    j->stats.region_insns += insns_of(&job->region);
    say_made(j, g->member[0], job);
}

static void give_up(struct jit *j, struct made *g, const struct worker_job *job)
{
    struct jit_regions *all = j->regions;
    const struct jblock *entry = g->member[0];
    bool *once = job->result == WORKER_NO_TIER ? &all->over : job->result == WORKER_NO_ROOM ? &all->full : NULL;
    if (!once)
        log_line(&j->v->m->log, LOG_jit, "region at %s+%#llx: %s", entry->obj->name, (unsigned long long)entry->off, job->err.msg);
    else if (!*once)
        log_line(&j->v->m->log, LOG_jit, "no regions %s: %s", once == &all->over ? "are made" : "until all code is dropped",
                 job->err.msg);
    if (once)
        *once = true;
    j->stats.regions_failed++;
    free_made(g);
}

/* Code that the worker wrote is about to run: x64_serialize(). */
static void take_results(struct jit *j)
{
    struct jit_regions *all = j->regions;
    struct worker_job *job;
    bool fresh = false;
    while ((job = worker_take(all->worker))) {
        struct made *g = job->owner;
        j->stats.region_ns += job->ns;
        j->stats.region_tried += job->ns ? insns_of(&job->region) : 0;
        if (g && job->result == WORKER_MADE)
            install(j, g, job);
        else if (g)
            give_up(j, g, job);
        fresh |= g != NULL;
        worker_job_free(job);
    }
    if (fresh)
        x64_serialize();
}

/* ---- making ---- */

static bool choose(struct jit *j, struct made *g, struct jblock *entry, bool alone)
{
    const struct made *old = entered_at(entry, true);
    if (alone)
        g->member[g->count++] = entry;
    else if (!grow(j, g, entry) && j->regions->policy.needs_loop)
        return false;
    return !old || old->count < g->count;
}

static void post(struct jit *j, struct made *g, struct worker_job *job)
{
    struct jit_regions *all = j->regions;
    job->owner = g;
    g->job = job;
    seat_all(all, g);
    CHECK(worker_post(all->worker, job)); /* there was room */
    if (all->policy.here)
        take_results(j);
}

/* alone: of this block, whatever leads where. */
static void make(struct jit *j, struct jblock *entry, bool alone)
{
    struct jit_regions *all = j->regions;
    if (*changes_of(all, entry) == CHANGES_MOST) {
        entry->heat = entry->met = 0; /* later, perhaps */
        return;
    }
    if (worker_is_full(all->worker)) {
        entry->heat = all->policy.samples / 2;
        j->stats.regions_refused++;
        return;
    }
    struct made *g = calloc(1, sizeof *g);
    struct worker_job *job = worker_job_new();
    CHECK(g);
    if (choose(j, g, entry, alone) && fill(j, g, &job->region)) {
        post(j, g, job);
        return;
    }
    worker_job_free(job);
    free(g);
}

/* ---- what the engine tells ---- */

void jit_regions_slice(struct jit *j)
{
    take_results(j);
    if (++j->regions->slices % CHANGES_SLICES == 0)
        forget_changes(j->regions);
}

void jit_regions_sample(struct jit *j, struct jblock *b)
{
    struct jit_regions *all = j->regions;
    struct made *waits = b->heat == TRIED ? entered_at(b, false) : NULL;
    if (waits)
        atomic_fetch_add_explicit(&waits->job->heat, 1, memory_order_relaxed);
    if (all->over || all->full || b->heat == TRIED || ++b->heat < all->policy.samples || b->obj2)
        return;
    b->heat = TRIED;
    make(j, b, false);
}

void jit_regions_met(struct jit *j, struct jblock *b)
{
    struct jit_regions *all = j->regions;
    if (b->met >= all->policy.meets || ++b->met < all->policy.meets || all->over || all->full || b->obj2 || b->seats)
        return;
    make(j, b, true);
}
