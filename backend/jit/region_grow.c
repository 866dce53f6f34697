/* region_grow.c - see region_grow.h */
#include "backend/jit/region_grow.h"
#include "backend/common/common.h"
#include "backend/jit/cache.h"
#include "backend/jit/fit.h"
#include <stdlib.h>
#include <string.h>

#define INSNS 700u    /* in a region */
#define OFTEN 4u      /* what was done less often is no loop */
#define SELDOM 24u    /* one in so many of the entry's: not in the region */
#define RARE 8u       /* one in so many of the block's: a way that is not laid out as if it were taken */

/* ---- traces ---- */

void region_trace_begin(struct jit *j, struct region_trace *t)
{
    t->pc = j->v->s.pc;
    t->mode = j->mode;
    t->nodes = t->edges = 0;
    t->left = TRACE_INSNS;
    t->evictions = j->stats.evictions;
    t->last = TRACE_NODES;
}

static u32 node_of(struct region_trace *t, struct jblock *b, i64 rel)
{
    for (u32 n = 0; n < t->nodes; n++)
        if (t->node[n].rel == rel && t->node[n].b == b)
            return n;
    if (t->nodes == TRACE_NODES)
        return TRACE_NODES;
    t->node[t->nodes].b = b;
    t->node[t->nodes].rel = rel;
    t->node[t->nodes].count = 0;
    return t->nodes++;
}

static void count_edge(struct region_trace *t, u32 from, u32 to)
{
    u32 n = 0;
    while (n < t->edges && (t->edge[n].from != from || t->edge[n].to != to))
        n++;
    if (n == TRACE_EDGES)
        return;
    if (n == t->edges) {
        t->edge[n].from = (u8)from;
        t->edge[n].to = (u8)to;
        t->edge[n].count = 0;
        t->edges++;
    }
    t->edge[n].count++;
}

struct jblock *region_trace_step(struct jit *j, struct region_trace *t)
{
    struct vcpu *v = j->v;
    struct memobj *obj;
    u64 off;
    if (v->guest->mode(v) != t->mode || !mmu_peek_fetch(&v->mmu, v->s.pc, t->mode & (MMU_MODES - 1), &obj, &off))
        return NULL;
    struct jblock *b = jit_cache_find(j, obj, off, t->mode);
    u32 n = b ? node_of(t, b, (i64)(v->s.pc - t->pc)) : TRACE_NODES;
    if (n == TRACE_NODES)
        return NULL;
    t->node[n].count++;
    if (t->last < TRACE_NODES)
        count_edge(t, t->last, n);
    t->last = n;
    return b;
}

/* ---- blocks as IR ---- */

static bool fits(const struct ir_block *b)
{
    struct jit_fit f = { 0 };
    for (u32 i = 0; i < b->count; i++)
        if (b->ins[i].type == IR_F80 || !jit_fits(b, &b->ins[i], &f))
            return false;
    return b->labels <= 250;
}

static struct ir_block *lift(struct jit *j, const struct jblock *b, struct ir_block *ir)
{
    if (b->dead || !b->hashed || b->obj2)
        return NULL;
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

/* A helper wants the guest's state whole: from a region that costs some hundred nanoseconds, from a block next to
 * nothing. */
static bool has_call(const struct ir_block *ir)
{
    for (u32 i = 0; i < ir->count; i++)
        if (ir->ins[i].op == IR_call)
            return true;
    return false;
}

static bool add(struct jit *j, struct region_shape *s, struct jblock *b, i64 rel, struct ir_block *scratch)
{
    struct ir_block *ir = s->count < REGION_BLOCKS ? lift(j, b, scratch) : NULL;
    if (!ir || (s->no_calls && has_call(ir))) {
        free(ir);
        return false;
    }
    s->member[s->count] = b;
    s->rel[s->count] = rel;
    s->ir[s->count++] = ir;
    s->insns += b->insns;
    s->pages |= (s->pc ^ (s->pc + (u64)rel)) >> PAGE_BITS != 0;
    return true;
}

/* ---- the shape of a trace ---- */

/* Times that a loop began at the node. */
static u32 loops_at(const struct region_trace *t, u32 n)
{
    u32 times = 0;
    for (u32 k = 0; k < t->edges; k++)
        if (t->edge[k].to == n && t->node[t->edge[k].from].rel >= t->node[n].rel)
            times += t->edge[k].count;
    return times;
}

/* The head of the innermost loop; TRACE_NODES: none. */
static u32 find_entry(const struct region_trace *t)
{
    u32 best = TRACE_NODES, most = OFTEN - 1;
    for (u32 n = 0; n < t->nodes; n++) {
        u32 times = loops_at(t, n);
        if (times > most) {
            most = times;
            best = n;
        }
    }
    return best;
}

static u32 next_most(const struct region_trace *t, const u8 *seat, u32 least)
{
    u32 best = TRACE_NODES;
    for (u32 n = 0; n < t->nodes; n++)
        if (seat[n] == REGION_BLOCKS && t->node[n].count >= least && (best == TRACE_NODES
                                                                      || t->node[n].count > t->node[best].count))
            best = n;
    return best;
}

static void take_edges(const struct region_trace *t, const u8 *seat, struct region_shape *s)
{
    for (u32 k = 0; k < t->edges && s->edges < REGION_EDGES; k++) {
        u8 from = seat[t->edge[k].from], to = seat[t->edge[k].to];
        bool rare = t->edge[k].count * RARE < t->node[t->edge[k].from].count;
        if (from < REGION_BLOCKS && to < REGION_BLOCKS)
            s->edge[s->edges++] = (struct jit_region_edge){ from, to, rare };
    }
}

bool region_of_trace(struct jit *j, const struct region_trace *t, bool no_calls, struct region_shape *s,
                     struct ir_block *scratch)
{
    u32 entry = find_entry(t);
    u8 seat[TRACE_NODES]; /* of a node in the region; REGION_BLOCKS: none; + 1: it cannot be */
    memset(s, 0, sizeof *s);
    s->no_calls = no_calls;
    if (entry == TRACE_NODES)
        return false;
    i64 from = t->node[entry].rel;
    s->pc = t->pc + (u64)from;
    memset(seat, REGION_BLOCKS, sizeof seat);
    if (!add(j, s, t->node[entry].b, 0, scratch))
        return false;
    seat[entry] = 0;
    u32 least = MAX(t->node[entry].count / SELDOM, 2u);
    for (u32 n = next_most(t, seat, least); n < TRACE_NODES; n = next_most(t, seat, least)) {
        bool in = s->insns + t->node[n].b->insns <= INSNS && add(j, s, t->node[n].b, t->node[n].rel - from, scratch);
        seat[n] = (u8)(in ? s->count - 1 : REGION_BLOCKS + 1);
    }
    take_edges(t, seat, s);
    return true;
}

bool region_of_block(struct jit *j, struct jblock *b, gva pc, struct region_shape *s, struct ir_block *scratch)
{
    memset(s, 0, sizeof *s);
    s->pc = pc;
    return add(j, s, b, 0, scratch);
}

void region_shape_free(struct region_shape *s)
{
    for (u32 n = 0; n < s->count; n++)
        free(s->ir[n]);
    s->count = 0;
}
