/* regions.c - see regions.h */
#define _GNU_SOURCE
#include "backend/jit/regions.h"
#include "backend/common/common.h"
#include "backend/jit/cache.h"
#include "backend/jit/fit.h"
#include "backend/jit/tier.h"
#include "base/bits.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOT 6u               /* samples */
#define REGION_MOST (1ull << 20)
#define REGION_INSNS 600u
#define MXCSR_HOST 0x1f80u   /* as processes begin: all masked, to nearest */

struct made {
    struct made   *next;
    struct jblock *member[REGION_BLOCKS]; /* the entry first */
    u32            count;
    bool           on;
};

struct jit_regions {
    void                  *lib;
    const struct tier_api *api;
    struct tier           *tier;
    u8                    *at, *end;   /* of the arena, writable */
    struct made           *made;
    struct ir_block        ir;         /* scratch */
};

/* ---- the tier ---- */

static void *open_beside(const char *name)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0)
        return NULL;
    snprintf(path + n, sizeof path - (size_t)n, "%s", name);
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static bool load_tier(struct jit_regions *g, struct err *e)
{
    g->lib = open_beside("mynah-llvm.so");
    if (!g->lib)
        g->lib = dlopen(MYNAH_LIBDIR "/mynah-llvm.so", RTLD_NOW | RTLD_LOCAL);
    if (!g->lib)
        return err_set(e, "engine llvm: %s", dlerror());
    g->api = dlsym(g->lib, TIER_SYMBOL);
    if (!g->api || g->api->version != TIER_VERSION)
        return err_set(e, "engine llvm: mynah-llvm.so is not of this program");
    g->tier = g->api->open(e);
    return g->tier;
}

static void use_arena(struct jit *j)
{
    j->regions->at = j->base + j->size;
    j->regions->end = j->base + j->mapped;
}

bool jit_regions_new(struct jit *j, struct err *e)
{
    struct jit_regions *g = j->regions = calloc(1, sizeof *g);
    CHECK(g);
    use_arena(j);
    return load_tier(g, e);
}

static void free_made(struct jit_regions *g)
{
    while (g->made) {
        struct made *next = g->made->next;
        free(g->made);
        g->made = next;
    }
}

void jit_regions_free(struct jit *j)
{
    struct jit_regions *g = j->regions;
    if (!g)
        return;
    if (g->tier)
        g->api->close(g->tier);
    free_made(g); /* the library stays: LLVM does not like to be unloaded */
    free(g);
    j->regions = NULL;
}

static u8 *alloc(void *ctx, u64 size)
{
    struct jit_regions *g = ctx;
    u8 *p = (u8 *)align_up((u64)(uintptr_t)g->at, 64);
    if (size > (u64)(g->end - p))
        return NULL;
    g->at = p + size;
    return p;
}

/* ---- which blocks ---- */

/* The block that the link leads to, if it is one for the region of `of`. */
static struct jblock *neighbour(const struct jblock *of, const struct jit_link *l)
{
    struct jblock *to = l->to;
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
static bool grow(struct made *g, struct jblock *entry)
{
    u32 insns = entry->insns;
    bool loop = false;
    g->member[g->count++] = entry;
    for (u32 n = 0; n < g->count; n++) {
        const struct jblock *b = g->member[n];
        loop |= b->loops;
        for (u32 k = 0; k < b->link_count; k++) {
            struct jblock *to = neighbour(entry, &b->links[k]);
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

static void free_region(struct jit_region *r)
{
    for (u32 n = 0; n < r->count; n++)
        free(r->block[n].ir);
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

/* ---- in force ---- */

static void turn_on(struct jit *j, struct made *g, const u8 *code)
{
    for (u32 n = 0; n < g->count; n++)
        g->member[n]->member = true;
    x64_entry_jump(j, g->member[0], code);
    g->on = true;
    g->next = j->regions->made;
    j->regions->made = g;
}

void jit_regions_forget(struct jit *j, struct jblock *b)
{
    for (struct made **at = &j->regions->made; *at;) {
        struct made *g = *at;
        if (!has(g, b)) {
            at = &g->next;
            continue;
        }
        x64_entry_restore(j, g->member[0]);
        g->member[0]->heat = 0;
        j->stats.regions_dropped++;
        *at = g->next;
        free(g);
    }
    b->member = false;
}

void jit_regions_flush(struct jit *j)
{
    free_made(j->regions);
    use_arena(j);
}

/* ---- making ---- */

static bool compile(struct jit *j, const struct jit_region *r, u8 **fn, u64 *used, struct err *e)
{
    struct jit_regions *g = j->regions;
    const struct tier_arena arena = { alloc, g, j->delta, REGION_MOST, j->v->guest->layout };
    u64 symbol[REGION_SYMBOLS], size = 0;
    u8 *bytes = NULL;
    for (u32 n = 0; n < REGION_SYMBOLS; n++)
        symbol[n] = (u64)(uintptr_t)j->t.region[n];
    bool ok = g->api->compile(g->tier, r, &bytes, &size, e) && g->api->link(g->tier, bytes, size, &arena, symbol, fn, used, e);
    free(bytes);
    return ok;
}

static void make(struct jit *j, struct jblock *entry)
{
    struct made *g = calloc(1, sizeof *g);
    struct jit_region r;
    struct err e;
    u8 *fn, *stub;
    u64 used, since = j->v->m->host_ns ? j->v->m->host_ns() : 0;
    CHECK(g);
    if (!grow(g, entry) || !fill(j, g, &r)) {
        free(g);
        return;
    }
    bool ok = compile(j, &r, &fn, &used, &e) && (stub = alloc(j->regions, 64));
    if (ok) {
        turn_on(j, g, x64_region_entry(j, stub, fn + j->delta));
        j->stats.regions++;
        j->stats.region_bytes += used;
        for (u32 n = 0; n < r.count; n++)
            j->stats.region_insns += r.block[n].ir->insns;
    } else {
        log_line(&j->v->m->log, LOG_jit, "region at %s+%#llx: %s", entry->obj->name, (unsigned long long)entry->off, e.msg);
        j->stats.regions_failed++;
        free(g);
    }
    j->stats.region_ns += (j->v->m->host_ns ? j->v->m->host_ns() : 0) - since;
    free_region(&r);
}

void jit_regions_sample(struct jit *j, struct jblock *b)
{
    if (b->heat == 255 || ++b->heat < HOT || b->obj2)
        return;
    b->heat = 255;
    x64_fp_host_restore(MXCSR_HOST); /* LLVM does floating point */
    make(j, b);
    x64_fp_load(j);
}
