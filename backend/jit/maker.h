/*
 * maker.h - private to worker*.c: a job from IR to code, all on one thread.
 */
#pragma once
#include "backend/jit/store.h"
#include "backend/jit/worker.h"

struct maker {
    struct jit            *j;       /* what never changes in it is looked at */
    const struct tier_api *(*load)(struct err *e);
    const struct tier_api *api;     /* NULL: not loaded yet */
    struct tier           *tier;    /* ... or not opened */
    struct err             lost;    /* why there is none */
    bool                   tried;
    u32                    flushes; /* that the arena has seen */
    u8                    *at, *end; /* what is left of it, writable */
    bool                   no_room; /* an allocation failed */
    struct code_store     *store;   /* NULL: none, or no keys can be made */
    struct code_key        key;     /* of what is the same for all regions */
};

void maker_init(struct maker *m, struct jit *j, const struct tier_api *(*load)(struct err *e));
void maker_close(struct maker *m);
bool maker_open(struct maker *m, struct err *e) MUST_CHECK; /* the tier, once */
void maker_do(struct maker *m, struct worker_job *job);     /* fills in what became of it */

/* ---- region_key.c: names of regions in the store ---- */
/* What all regions depend on: the builds of program and tier, LLVM, the host's CPU. False: some part cannot be
 * named. */
bool region_key_start(struct code_key *k, const struct tier_api *api) MUST_CHECK;
/* All that the compiler sees of a region. base: region_key_start()'s. */
void region_key(const struct code_key *base, const struct jit_region *r, u8 key[CODE_KEY_BYTES]);
