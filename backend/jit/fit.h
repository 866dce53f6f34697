/* fit.h - private to backend/jit: what compiled code cannot do, so that the interpreter runs it instead. */
#pragma once
#include "ir/ir.h"

/* What the guest instruction did so far. */
struct jit_fit {
    bool loaded, stored, changed;
};

/* Looks at the rows of a block, one after the other; *f is zero at first. False: the block is not for compiled code.
 * */
bool jit_fits(const struct ir_block *b, const struct ir_ins *in, struct jit_fit *f);
