/*
 * vec.h - private to backend/jit/llvm: what rows on vectors of integer lanes share.
 *
 * Lanes are integers here, those of floats too. An operand that is a constant is one in its lanes, so that the
 * builder folds what is made of it: LLVM keeps a constant under a cast to lanes of another width as an expression.
 */
#pragma once
#include "backend/jit/llvm/rows.h"
#include "backend/jit/x64/asm.h" /* XF_ */

struct lv { /* a row at work */
    struct lb   *l;
    u32          i;
    u32          bits, n; /* of a lane; lanes in the vector */
    LLVMTypeRef  t;       /* the lanes of operand 0, which all operands have */
    LLVMValueRef s[3];    /* operands */
};

/* vec_util.c. Lanes of `bits` whatever the row's: 0 for the row's own, or i8 when it has none. */
struct lv    lv_begin(struct lb *l, u32 i, u32 bits);
LLVMTypeRef  lv_type(const struct lv *v, u32 bits, u32 n);
LLVMValueRef lv_cast(const struct lv *v, LLVMValueRef x, u32 bits, u32 n); /* the same bits as other lanes */
LLVMValueRef lv_splat(const struct lv *v, u64 x);                         /* of v->t */
/* The bytes of a constant vector of integers, under casts or not; false: it is none. */
bool         lv_constant(LLVMValueRef x, u8 to[32]);
LLVMValueRef lv_fn1(const struct lv *v, const char *intrinsic, LLVMValueRef a); /* overloaded by v->t */
LLVMValueRef lv_fn2(const struct lv *v, const char *intrinsic, LLVMValueRef a, LLVMValueRef b);
/* ctlz, abs: `a` and a flag that is false, nothing is poison. */
LLVMValueRef lv_total(const struct lv *v, const char *intrinsic, LLVMValueRef a);
/* Lane k is lane from[k] of b:a, whose lanes are alike. */
LLVMValueRef lv_shuffle(const struct lv *v, LLVMValueRef a, LLVMValueRef b, const u32 *from, u32 n);
/* Is a lane's top bit set? As lanes of i1. */
LLVMValueRef lv_negative(const struct lv *v, LLVMValueRef a);
/* An intrinsic of the host on operands that are vectors of 128 or of 256 bits; these by halves where the host has no
 * AVX2, or `wide` is NULL. imm >= 0: an i8 behind the operands. */
LLVMValueRef lv_host(const struct lv *v, const char *narrow, const char *wide, LLVMValueRef *args, u32 count,
                     i32 imm);

/* vec_shift.c: counts are lanes, unsigned; too much gives 0, or the sign. */
LLVMValueRef lv_shl(const struct lv *v, LLVMValueRef a, LLVMValueRef n);
LLVMValueRef lv_lshr(const struct lv *v, LLVMValueRef a, LLVMValueRef n);
LLVMValueRef lv_ashr(const struct lv *v, LLVMValueRef a, LLVMValueRef n);

static inline bool lv_x86(const struct lv *v) { return v->l->features & XF_BASE; } /* SSSE3 and SSE4 */
static inline LLVMValueRef lv_end(const struct lv *v, LLVMValueRef r) { return lb_from_lanes(v->l, v->i, r); }
static inline LLVMValueRef lv_op(const struct lv *v, LLVMOpcode op, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildBinOp(v->l->b, op, a, b, "");
}
static inline LLVMValueRef lv_add(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    return lv_op(v, LLVMAdd, a, b);
}
static inline LLVMValueRef lv_sub(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    return lv_op(v, LLVMSub, a, b);
}
static inline LLVMValueRef lv_and(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    return lv_op(v, LLVMAnd, a, b);
}
static inline LLVMValueRef lv_or(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    return lv_op(v, LLVMOr, a, b);
}
static inline LLVMValueRef lv_xor(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    return lv_op(v, LLVMXor, a, b);
}
static inline LLVMValueRef lv_not(const struct lv *v, LLVMValueRef a) { return LLVMBuildNot(v->l->b, a, ""); }
static inline LLVMValueRef lv_neg(const struct lv *v, LLVMValueRef a) { return LLVMBuildNeg(v->l->b, a, ""); }
/* By a count that is the same for all lanes and below their width. */
static inline LLVMValueRef lv_sh(const struct lv *v, LLVMOpcode op, LLVMValueRef a, u32 n)
{
    return lv_op(v, op, a, lb_const(v->l, LLVMTypeOf(a), n));
}
static inline LLVMValueRef lv_cmp(const struct lv *v, LLVMIntPredicate p, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildICmp(v->l->b, p, a, b, "");
}
static inline LLVMValueRef lv_pick(const struct lv *v, LLVMValueRef c, LLVMValueRef yes, LLVMValueRef no)
{
    return LLVMBuildSelect(v->l->b, c, yes, no, "");
}
/* Lanes of i1 as lanes of zeros or ones. */
static inline LLVMValueRef lv_mask(const struct lv *v, LLVMValueRef c) { return LLVMBuildSExt(v->l->b, c, v->t, ""); }
static inline u64 lv_top(const struct lv *v) { return 1ull << (v->bits - 1); } /* the most negative lane */
static inline LLVMValueRef lv_bias(const struct lv *v, LLVMValueRef a)
{
    return lv_xor(v, a, lv_splat(v, lv_top(v)));
}
