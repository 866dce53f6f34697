/*
 * regions.h - private to backend/jit: hot blocks become regions of the LLVM tier.
 *
 * Where guests spend their time is sampled, at the begins of slices: code counts nothing. A region is the blocks of
 * its page that are linked to each other around the one that was met often enough. Its code is made by the worker
 * (worker.h) and turned on between two slices: then the entry block's code begins with a jump to it. It is in force
 * while all its blocks live.
 */
#pragma once
#include "backend/jit/jit.h"
#include "backend/jit/worker.h"

/* When a block becomes the entry of a region. */
struct jit_policy {
    u8   samples;    /* that met it, at most 254: then with the blocks behind it */
    u8   meets;      /* how often C came across it: then alone, to be replaced by a larger one; 0: never */
    bool no_calls;   /* blocks that call helpers stay with the baseline */
    bool needs_loop; /* sampled ones: some way leads back */
    bool here;       /* made while the guest waits, and the tier must be there */
    const struct tier_api *(*load)(struct err *e); /* NULL: tier_load() */
};
extern const struct jit_policy jit_policy_auto, jit_policy_llvm;

bool jit_regions_new(struct jit *j, const struct jit_policy *p, struct err *e) MUST_CHECK;
void jit_regions_free(struct jit *j); /* code does not run any more */
/* A slice begins: regions that are done are turned on. A trace that goes on, or NULL. */
struct region_trace;
struct region_trace *jit_regions_slice(struct jit *j);
/* ... and the run stands at the block. True: a trace from here is wanted. */
bool jit_regions_sample(struct jit *j, struct jblock *b);
struct region_trace *jit_regions_trace(struct jit *j); /* one that goes on, or a new one from here */
void jit_regions_traced(struct jit *j); /* it is over */
/* The region of the slot was not entered: the key or the pc is another one than its pages were looked at with.
 * v->s.pc is its entry's. */
void jit_regions_stale(struct jit *j, u32 slot);
/* C came across the block, and is about to enter it. */
void jit_regions_met(struct jit *j, struct jblock *b);
/* The block is about to die because its bytes changed, or to go with its chunk: no region that has it is in force any
 * more. */
void jit_regions_forget(struct jit *j, struct jblock *b, bool changed);
/* All blocks are gone. Not while code runs. */
void jit_regions_flush(struct jit *j);
