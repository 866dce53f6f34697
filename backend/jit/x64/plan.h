/* plan.h - private to backend/jit/x64: the look at a block before emission (plan.c). */
#pragma once
#include "backend/jit/x64/alloc.h"

void plan_block(struct xe *x); /* fills roots, uses, put_off, again, order; may set unfit */

enum {
    PLAN_FLUSH = 1, /* all waiting sets are stored before it; else its cold path stores them, or nobody looks */
    PLAN_DROPS = 2, /* not emitted when nobody needs the value */
    PLAN_VIEW = 4,  /* may view bits of another value */
    PLAN_WINDOW = 16, /* a memory row, or one that ends windows */
    PLAN_FIT = 8    /* has to be looked at for what cannot be compiled */
};
extern const u8 plan_ops[IR_OP_COUNT];
u16  plan_window_root(struct xe *x, u32 i); /* the place of a window that is opened at i */
/* window.c: instruction i, a memory row or one that ends windows. */
void plan_window(struct xe *x, u32 i);
/* loop.c: the exit leads back to the block. */
void plan_loop(struct xe *x, u32 exit);
/* Is the address never needed as a value, and a sum that accesses can make themselves? */
bool xe_folds(const struct xe *x, ir_ref va, struct xbase *b);
