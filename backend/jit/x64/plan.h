/* plan.h - private to backend/jit/x64: the look at a block before emission (plan.c). */
#pragma once
#include "backend/jit/x64/alloc.h"

void plan_block(struct xe *x); /* fills roots, uses, put_off, again, order; may set unfit */

enum {
    PLAN_FLUSH = 1, /* all waiting sets are stored before it; else its cold path stores them, or nobody looks */
    PLAN_DROPS = 2, /* not emitted when nobody needs the value */
    PLAN_VIEW = 4,  /* may view bits of another value */
    PLAN_FIT = 8    /* has to be looked at for what cannot be compiled */
};
extern const u8 plan_ops[IR_OP_COUNT];
