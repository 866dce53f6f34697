/*
 * helpers_lift.c - the table of helpers, and those that the driver of the lifters (lift.c) has called at the start of
 * an instruction.
 */
#include "frontend/x86/cpu.h"
#include "frontend/x86/desc.h"
#include "frontend/x86/helpers.h"

u64 x86_h_db_pending(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    if (x86_take_db_trap(v))
        v->raised = true;
    return 0;
}

/* Its flag in helpers_sys.def is all that it does. */
u64 x86_h_sample(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)v, (void)a, (void)b, (void)c;
    return 0;
}

const struct ir_helper x86_helpers[X86_H_COUNT] = {
#define HELPER(name_, result_, args_, flags_) { #name_, x86_h_##name_, IR_##result_, args_, flags_ },
#include "frontend/x86/helpers.def"
};
