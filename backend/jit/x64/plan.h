/* plan.h - private to backend/jit/x64: the look at a block before emission (plan.c). */
#pragma once
#include "backend/jit/x64/alloc.h"

void plan_block(struct xe *x);                         /* fills roots, uses, put_off, again; may set unfit */
bool plan_is_dead(const struct xe *x, u32 i);          /* nobody needs instruction i */
bool plan_is_flush(const struct xe *x, const struct ir_ins *in); /* all waiting sets are stored before it */
