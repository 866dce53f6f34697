/*
 * int.h - private to int*.c: intrinsics of the row's type.
 */
#pragma once
#include "backend/jit/llvm/rows.h"

/* An intrinsic that is overloaded by its first operand's type. */
static inline LLVMValueRef int_call1(struct lb *l, const char *name, LLVMValueRef x)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    return lb_intrinsic(l, name, &t, 1, &x, 1);
}

static inline LLVMValueRef int_call2(struct lb *l, const char *name, LLVMValueRef x, LLVMValueRef y)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    return lb_intrinsic(l, name, &t, 1, (LLVMValueRef[]){ x, y }, 2);
}

static inline LLVMValueRef int_call3(struct lb *l, const char *name, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    return lb_intrinsic(l, name, &t, 1, (LLVMValueRef[]){ x, y, z }, 3);
}

/* The row is an intrinsic of two operands. */
static inline LLVMValueRef int_row2(struct lb *l, u32 i, const char *name)
{
    return int_call2(l, name, lb_arg(l, i, 0), lb_arg(l, i, 1));
}

/* A constant of v's type. */
static inline LLVMValueRef int_like(struct lb *l, LLVMValueRef v, u64 c) { return lb_const(l, LLVMTypeOf(v), c); }
