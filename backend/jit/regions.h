/*
 * regions.h - private to backend/jit: hot blocks become regions of the LLVM tier.
 *
 * Where guests spend their time is sampled, at the ends of slices: code counts nothing. A region is the blocks of its
 * page that are linked to each other around the one that was met often enough, when they make a loop. It is in
 * force while all of them live: then the entry block's code begins with a jump to it.
 */
#pragma once
#include "backend/jit/jit.h"

bool jit_regions_new(struct jit *j, struct err *e) MUST_CHECK; /* loads the tier */
void jit_regions_free(struct jit *j);
/* The run stands at the block. */
void jit_regions_sample(struct jit *j, struct jblock *b);
/* A member is about to die, or to go with its chunk: the regions it belongs to are not in force any more. */
void jit_regions_forget(struct jit *j, struct jblock *b);
/* All blocks are gone. Not while code runs. */
void jit_regions_flush(struct jit *j);
