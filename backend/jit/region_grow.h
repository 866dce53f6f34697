/*
 * region_grow.h - private to backend/jit: which blocks make a region.
 *
 * A block that samples met often is where the run is for now: the interpreter runs some thousand instructions from
 * there, and what blocks they went through, and how often from which to which, is the region's profile. Looking at
 * it changes nothing that the guest could see.
 */
#pragma once
#include "backend/jit/jit.h"

#define TRACE_INSNS 6000u
#define TRACE_NODES 200u  /* fits a u8 */
#define TRACE_EDGES 400u

/* Where a run went. */
struct region_trace {
    gva pc;                /* where it began: rel counts from there */
    u64 mode;
    u64 left;              /* instructions to go; 0: it is over */
    u64 evictions;         /* stats.evictions when it began: blocks may be gone */
    u32 nodes, edges, last;
    struct { struct jblock *b; i64 rel; u32 count; } node[TRACE_NODES];
    struct { u8 from, to; u32 count; } edge[TRACE_EDGES];
};
/* A trace goes on over slices until it is over. */
void region_trace_begin(struct jit *j, struct region_trace *t);
/* The block at v->s.pc, which is about to run; NULL: the trace ends here. */
struct jblock *region_trace_step(struct jit *j, struct region_trace *t);

struct region_shape {
    struct jblock   *member[REGION_BLOCKS]; /* the entry first */
    i64              rel[REGION_BLOCKS];    /* of its linear pc from the entry's */
    struct ir_block *ir[REGION_BLOCKS];     /* after the passes; malloc'ed */
    u32              count, insns, edges;
    struct jit_region_edge edge[REGION_EDGES];
    bool             pages;                 /* there is more than one */
    bool             no_calls;              /* no blocks that call helpers */
    gva              pc;                    /* of the entry */
};

/* What the trace went through most, entered where its innermost loop begins. False: there was no loop, or it cannot
 * be in a region. no_calls: blocks that call helpers are left out. scratch: for lifting. */
bool region_of_trace(struct jit *j, const struct region_trace *t, bool no_calls, struct region_shape *s,
                     struct ir_block *scratch);
/* One block, at pc. */
bool region_of_block(struct jit *j, struct jblock *b, gva pc, struct region_shape *s, struct ir_block *scratch);
void region_shape_free(struct region_shape *s); /* the IR that is still its own */
