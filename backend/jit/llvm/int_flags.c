/*
 * int_flags.c - scalar rows of flags. The forms are those that LLVM makes the host's flags of: unsigned comparisons,
 * overflow intrinsics, two of them in a row for a carry that comes in.
 */
#include "backend/jit/llvm/int.h"

/* Of an {iN, i1} intrinsic: the sum or difference, the overflow. */
static LLVMValueRef overflow(struct lb *l, const char *name, LLVMValueRef a, LLVMValueRef b, LLVMValueRef *result)
{
    LLVMValueRef pair = int_call2(l, name, a, b);
    if (result)
        *result = LLVMBuildExtractValue(l->b, pair, 0, "");
    return LLVMBuildExtractValue(l->b, pair, 1, "");
}

/* The carry that comes in: 0 or 1 when it is a constant, else -1. */
static int known_carry(struct lb *l, u32 i)
{
    LLVMValueRef c = lb_arg(l, i, 2);
    return LLVMIsAConstantInt(c) ? (int)LLVMConstIntGetZExtValue(c) : -1;
}

/* Of a + b + c or a - b - c: an unsigned overflow of either step. */
static LLVMValueRef two_steps(struct lb *l, u32 i, const char *name)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1), first;
    LLVMValueRef c = LLVMBuildZExt(l->b, lb_arg(l, i, 2), LLVMTypeOf(a), "");
    LLVMValueRef one = overflow(l, name, a, b, &first);
    return LLVMBuildOr(l->b, one, overflow(l, name, first, c, NULL), "");
}

LLVMValueRef llvm_row_carry(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1);
    switch (known_carry(l, i)) {
    case 0: return LLVMBuildICmp(l->b, LLVMIntULT, LLVMBuildAdd(l->b, a, b, ""), a, "");
    case 1: return LLVMBuildICmp(l->b, LLVMIntUGE, a, LLVMBuildNot(l->b, b, ""), "");
    default: return two_steps(l, i, "llvm.uadd.with.overflow");
    }
}

LLVMValueRef llvm_row_borrow(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1);
    switch (known_carry(l, i)) {
    case 0: return LLVMBuildICmp(l->b, LLVMIntULT, a, b, "");
    case 1: return LLVMBuildICmp(l->b, LLVMIntULE, a, b, "");
    default: return two_steps(l, i, "llvm.usub.with.overflow");
    }
}

/* The sign of x & y. */
static LLVMValueRef both_negative(struct lb *l, LLVMValueRef x, LLVMValueRef y)
{
    LLVMValueRef both = LLVMBuildAnd(l->b, x, y, "");
    return LLVMBuildICmp(l->b, LLVMIntSLT, both, int_like(l, both, 0), "");
}

/* a + b + 1 is a - ~b, a - b - 1 is a + ~b. */
LLVMValueRef llvm_row_ovadd(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1), not_b = LLVMBuildNot(l->b, b, "");
    switch (known_carry(l, i)) {
    case 0: return overflow(l, "llvm.sadd.with.overflow", a, b, NULL);
    case 1: return overflow(l, "llvm.ssub.with.overflow", a, not_b, NULL);
    default: break;
    }
    LLVMValueRef c = LLVMBuildZExt(l->b, lb_arg(l, i, 2), LLVMTypeOf(a), "");
    LLVMValueRef sum = LLVMBuildAdd(l->b, LLVMBuildAdd(l->b, a, b, ""), c, "");
    return both_negative(l, LLVMBuildXor(l->b, a, not_b, ""), LLVMBuildXor(l->b, a, sum, ""));
}

LLVMValueRef llvm_row_ovsub(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1);
    switch (known_carry(l, i)) {
    case 0: return overflow(l, "llvm.ssub.with.overflow", a, b, NULL);
    case 1: return overflow(l, "llvm.sadd.with.overflow", a, LLVMBuildNot(l->b, b, ""), NULL);
    default: break;
    }
    LLVMValueRef c = LLVMBuildZExt(l->b, lb_arg(l, i, 2), LLVMTypeOf(a), "");
    LLVMValueRef difference = LLVMBuildSub(l->b, LLVMBuildSub(l->b, a, b, ""), c, "");
    return both_negative(l, LLVMBuildXor(l->b, a, b, ""), LLVMBuildXor(l->b, a, difference, ""));
}

LLVMValueRef llvm_row_auxc(struct lb *l, u32 i)
{
    LLVMValueRef ab = LLVMBuildXor(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), "");
    LLVMValueRef bit = LLVMBuildAnd(l->b, LLVMBuildXor(l->b, ab, lb_arg(l, i, 2), ""), int_like(l, ab, 16), "");
    return LLVMBuildICmp(l->b, LLVMIntNE, bit, int_like(l, bit, 0), "");
}

LLVMValueRef llvm_row_parity(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    if (lb_bits(l, i) > 8)
        a = LLVMBuildTrunc(l->b, a, l->type[IR_I8], "");
    LLVMValueRef odd = LLVMBuildAnd(l->b, int_call1(l, "llvm.ctpop", a), int_like(l, a, 1), "");
    return LLVMBuildICmp(l->b, LLVMIntEQ, odd, int_like(l, a, 0), "");
}
