/* regions.c - see regions.h */
#include "backend/jit/regions.h"
#include "backend/common/common.h"
#include "backend/jit/cache.h"
#include "backend/jit/region_grow.h"
#include <stdlib.h>
#include <string.h>

/* slices that ended in a region: then it is known whether it is worth its entries and exits */
#define JUDGED 6u
#define WORTH 100u             /* instructions an entry */
#define TRIED 255u            /* jblock.heat: an entry already, or no good as one */
#define CHANGES 1024u
#define CHANGES_MOST 8u       /* of code under regions of one entry: then it stays with the baseline ... */
#define CHANGES_SLICES 65536u /* ... until half of it is forgotten */

const struct jit_policy jit_policy_auto = { .samples = 12, .no_calls = true, .needs_loop = true };
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
    u32                slot;
    struct worker_job *job;    /* that makes it; NULL: in force */
    const u8          *code;
    bool               paused; /* ... but until the next slice: its pages could not be looked at */
    u32                spent;  /* slices that ended in it, while this is counted ... */
    u64                insns;  /* ... and the instructions of them all */
    /* rel: of its address from the entry's pc */
    struct { i64 rel; struct memobj *obj; u64 off; } page[REGION_BLOCKS];
    u32                pages;
};

struct jit_regions {
    struct jit_policy policy;
    struct worker    *worker;
    struct made      *made;
    bool              over, full;         /* no tier; no room until the flush */
    u32               slices;
    u8                changes[CHANGES];   /* by hash of the entry's place */
    struct made      *slot[JIT_SLOTS];
    u32               next_slot;
    bool              any_paused;
    u64               since;              /* instruction count at the last slice */
    struct region_trace trace;
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
    g->policy.here |= getenv("MYNAH_REGIONS_HERE") != NULL; /* for tests: the guest waits */
    g->worker = worker_new(j, &(struct worker_setup){ g->policy.here, p->load });
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

/* ---- the region as the tier wants it ---- */

/* The IR is the job's then. */
static void fill(struct jit *j, struct region_shape *s, struct jit_region *r)
{
    const struct guest *guest = j->v->guest;
    const struct jblock *entry = s->member[0];
    *r = (struct jit_region){ .layout = guest->layout, .page_at = entry->off & (PAGE_SIZE - 1), .pages = s->pages,
                              .apart = entry->apart,
                              .mmu_mode = entry->mode & (MMU_MODES - 1), .state_bias = JIT_STATE_BIAS,
                                  .fp_x86 = guest->fp_x86,
                              .fp_plain = guest->fp_special && !(entry->mode & guest->fp_special),
                                  .features = j->features };
    for (u32 n = 0; n < s->count; n++)
        r->block[r->count++] = (struct jit_region_block){ s->rel[n], s->ir[n] };
    r->edges = s->edges;
    memcpy(r->edge, s->edge, sizeof s->edge);
    s->count = 0;
}

static void note_page(struct made *g, const struct region_shape *s, u32 n)
{
    i64 at = s->rel[n] - (i64)(s->member[n]->off & (PAGE_SIZE - 1));
    for (u32 k = 0; k < g->pages; k++)
        if (g->page[k].rel == at)
            return;
    g->page[g->pages].rel = at;
    g->page[g->pages].obj = s->member[n]->obj;
    g->page[g->pages++].off = s->member[n]->off & PAGE_MASK;
}

static struct made *made_of(const struct region_shape *s)
{
    struct made *g = calloc(1, sizeof *g);
    CHECK(g);
    g->count = s->count;
    memcpy(g->member, s->member, s->count * sizeof s->member[0]);
    for (u32 n = 0; n < s->count; n++)
        note_page(g, s, n);
    return g;
}

/* ---- slots ---- */

static bool take_slot(struct jit *j, struct made *g)
{
    struct jit_regions *all = j->regions;
    for (u32 n = 0; n < JIT_SLOTS; n++) {
        u32 at = (all->next_slot + n) % JIT_SLOTS;
        if (all->slot[at])
            continue;
        all->slot[at] = g;
        all->next_slot = at + 1;
        g->slot = at;
        j->ctx->guard[at] = (struct jit_guard){ 0 };
        j->ctx->region_entries[at] = j->ctx->region_cuts[at] = 0;
        return true;
    }
    return false;
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
static void free_made(struct jit_regions *all, struct made *g)
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
    all->slot[g->slot] = NULL;
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
        if (!old->paused)
            x64_entry_restore(j, g->member[0]);
        free_made(j->regions, old);
        j->stats.regions_replaced++;
    }
    x64_entry_jump(j, g->member[0], code);
    g->code = code;
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
        if (!g->paused)
            x64_entry_restore(j, g->member[0]);
        j->stats.regions_dropped++;
    }
    g->member[0]->heat = g->member[0]->met = 0;
    free_made(j->regions, g);
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
             entry->obj->name, (unsigned long long)entry->off, job->region.count,
                 (unsigned long long)insns_of(&job->region),
             (unsigned long long)job->used, (unsigned long long)tenths / 10, (unsigned long long)tenths % 10,
             job->from_store ? ", from the store" : "");
    jit_log_region(j, entry, job->fn, (u64)(job->code - job->fn)); /* its stub comes next */
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
        log_line(&j->v->m->log, LOG_jit, "region at %s+%#llx: %s", entry->obj->name, (unsigned long long)entry->off,
                 job->err.msg);
    else if (!*once)
        log_line(&j->v->m->log, LOG_jit, "no regions %s: %s", once == &all->over ? "are made"
                 : "until all code is dropped",
                 job->err.msg);
    if (once)
        *once = true;
    j->stats.regions_failed++;
    free_made(j->regions, g);
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

/* Not when there is one of it, or one is being made, that is as large. */
static bool is_wanted(const struct region_shape *s)
{
    const struct made *old = entered_at(s->member[0], true);
    return !entered_at(s->member[0], false) && (!old || old->count < s->count) && s->count > s->member[0]->poor;
}

static bool may_make(struct jit *j, struct jblock *entry)
{
    struct jit_regions *all = j->regions;
    if (*changes_of(all, entry) == CHANGES_MOST) {
        entry->heat = entry->met = 0; /* later, perhaps */
        return false;
    }
    if (worker_is_full(all->worker)) {
        entry->heat = all->policy.samples / 2;
        j->stats.regions_refused++;
        return false;
    }
    return true;
}

static void make(struct jit *j, struct region_shape *s)
{
    struct made *g = may_make(j, s->member[0]) && is_wanted(s) ? made_of(s) : NULL;
    if (!g || !take_slot(j, g)) {
        region_shape_free(s);
        free(g);
        return;
    }
    struct worker_job *job = worker_job_new();
    job->slot = g->slot;
    fill(j, s, &job->region);
    post(j, g, job);
}

/* ---- is it any good? ---- */

/* Entering and leaving costs as much as a few dozen instructions: one that is left soon is not worth it, unless it
 * can be made larger. */
static void judge(struct jit *j, struct made *g)
{
    u64 entries = j->ctx->region_entries[g->slot], cuts = j->ctx->region_cuts[g->slot];
    if (g->insns >= entries * WORTH) {
        g->spent = 0;
        g->insns = 0;
        j->ctx->region_entries[g->slot] = j->ctx->region_cuts[g->slot] = 0;
        return;
    }
    struct jblock *entry = g->member[0];
    log_line(&j->v->m->log, LOG_jit, "region at %s+%#llx: %llu instructions an entry", entry->obj->name,
             (unsigned long long)entry->off, (unsigned long long)(g->insns / MAX(entries, 1u)));
    j->stats.regions_poor++;
    u32 count = g->count;
    drop(j, g);
    if (!entry->apart && cuts * 2 > entries)
        entry->apart = true; /* and again, otherwise */
    else
        entry->poor = entry->poor ? 255 : (u8)count;
    entry->heat = entry->poor ? TRIED : 0;
}

static void judge_last(struct jit *j, u64 insns)
{
    struct made *g = j->regions->slot[j->ctx->region_slot];
    if (!g || g->job || j->regions->policy.meets)
        return;
    g->insns += insns;
    if (++g->spent % JUDGED == 0)
        judge(j, g);
}

/* ---- pages ---- */

static bool lies_right(struct jit *j, const struct made *g, gva pc, u64 mode)
{
    for (u32 k = 0; k < g->pages; k++) {
        struct memobj *obj;
        u64 off;
        if (!mmu_peek_fetch(&j->v->mmu, pc + (u64)g->page[k].rel, mode & (MMU_MODES - 1), &obj, &off)
            || obj != g->page[k].obj || off != g->page[k].off)
            return false;
    }
    return true;
}

void jit_regions_stale(struct jit *j, u32 slot)
{
    struct made *g = j->regions->slot[slot];
    CHECK(g && !g->job && !g->paused);
    if (lies_right(j, g, j->v->s.pc, g->member[0]->mode)) {
        j->ctx->guard[slot] = (struct jit_guard){ j->ctx->key, j->v->s.pc };
        return;
    }
    x64_entry_restore(j, g->member[0]);
    g->paused = true;
    j->regions->any_paused = true;
    j->stats.regions_paused++;
}

static void resume(struct jit *j)
{
    for (struct made *g = j->regions->made; g; g = g->next) {
        if (!g->paused)
            continue;
        x64_entry_jump(j, g->member[0], g->code);
        g->paused = false;
    }
    j->regions->any_paused = false;
}

/* ---- what the engine tells ---- */

struct region_trace *jit_regions_slice(struct jit *j)
{
    struct region_trace *t = &j->regions->trace;
    take_results(j);
    if (j->regions->any_paused)
        resume(j);
    if (j->ctx->region_spent)
        judge_last(j, j->v->s.icount - j->regions->since);
    j->ctx->region_spent = false;
    j->regions->since = j->v->s.icount;
    if (++j->regions->slices % CHANGES_SLICES == 0)
        forget_changes(j->regions);
    if (t->evictions != j->stats.evictions)
        t->left = 0;
    return t->left ? t : NULL;
}

bool jit_regions_sample(struct jit *j, struct jblock *b)
{
    struct jit_regions *all = j->regions;
    struct made *waits = b->heat == TRIED ? entered_at(b, false) : NULL;
    if (waits)
        atomic_fetch_add_explicit(&waits->job->heat, 1, memory_order_relaxed);
    if (all->over || all->full || b->heat == TRIED || ++b->heat < all->policy.samples || b->obj2 || !may_make(j, b))
        return false;
    b->heat = TRIED;
    return true;
}

struct region_trace *jit_regions_trace(struct jit *j)
{
    struct region_trace *t = &j->regions->trace;
    if (!t->left)
        region_trace_begin(j, t);
    return t;
}

void jit_regions_traced(struct jit *j)
{
    struct region_trace *t = &j->regions->trace;
    struct region_shape s;
    t->left = 0;
    if (t->evictions != j->stats.evictions
        || !region_of_trace(j, t, j->regions->policy.no_calls, &s, &j->regions->ir))
        return;
    s.member[0]->heat = TRIED;
    make(j, &s);
}

void jit_regions_met(struct jit *j, struct jblock *b)
{
    struct jit_regions *all = j->regions;
    struct region_shape s;
    if (b->met >= all->policy.meets || ++b->met < all->policy.meets || all->over || all->full || b->obj2 || b->seats)
        return;
    if (may_make(j, b) && region_of_block(j, b, j->v->s.pc, &s, &all->ir))
        make(j, &s);
}
