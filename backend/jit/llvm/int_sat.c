/*
 * int_sat.c - scalar rows that saturate, and shifts by a signed count.
 */
#include "backend/jit/llvm/int.h"

static u64 largest(struct lb *l, u32 i) { return ~0ull >> (65 - lb_bits(l, i)); }
static u64 smallest(struct lb *l, u32 i) { return ~largest(l, i) & ~0ull >> (64 - lb_bits(l, i)); }

LLVMValueRef llvm_row_uqadd(struct lb *l, u32 i) { return int_row2(l, i, "llvm.uadd.sat"); }
LLVMValueRef llvm_row_sqadd(struct lb *l, u32 i) { return int_row2(l, i, "llvm.sadd.sat"); }
LLVMValueRef llvm_row_uqsub(struct lb *l, u32 i) { return int_row2(l, i, "llvm.usub.sat"); }
LLVMValueRef llvm_row_sqsub(struct lb *l, u32 i) { return int_row2(l, i, "llvm.ssub.sat"); }

/* b at most what is between a and the largest. */
LLVMValueRef llvm_row_suqadd(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), room = LLVMBuildSub(l->b, int_like(l, a, largest(l, i)), a, "");
    return LLVMBuildAdd(l->b, a, int_call2(l, "llvm.umin", lb_arg(l, i, 1), room), "");
}

LLVMValueRef llvm_row_usqadd(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1);
    LLVMValueRef down = LLVMBuildICmp(l->b, LLVMIntSLT, b, int_like(l, b, 0), "");
    LLVMValueRef less = int_call2(l, "llvm.usub.sat", a, LLVMBuildNeg(l->b, b, ""));
    return LLVMBuildSelect(l->b, down, less, int_call2(l, "llvm.uadd.sat", a, b), "");
}

LLVMValueRef llvm_row_sqneg(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    return int_call2(l, "llvm.ssub.sat", int_like(l, a, 0), a);
}

LLVMValueRef llvm_row_sqabs(struct lb *l, u32 i)
{
    return int_call2(l, "llvm.smax", lb_arg(l, i, 0), llvm_row_sqneg(l, i));
}

/* ---- doubled products, in twice the width: nothing overflows there ---- */

static LLVMValueRef widened(struct lb *l, u32 i, u32 k)
{
    return LLVMBuildSExt(l->b, lb_arg(l, i, k), LLVMIntTypeInContext(l->c, 2 * lb_bits(l, i)), "");
}

static LLVMValueRef rounded(struct lb *l, u32 i, LLVMValueRef wide)
{
    return LLVMBuildAdd(l->b, wide, int_like(l, wide, 1ull << (lb_bits(l, i) - 2)), "");
}

/* The upper half of twice the sum, saturated. */
static LLVMValueRef saturated_half(struct lb *l, u32 i, LLVMValueRef wide)
{
    LLVMTypeRef t = LLVMTypeOf(wide);
    LLVMValueRef half = LLVMBuildAShr(l->b, wide, int_like(l, wide, lb_bits(l, i) - 1), "");
    half = int_call2(l, "llvm.smin", half, int_like(l, wide, largest(l, i)));
    half = int_call2(l, "llvm.smax", half, LLVMConstSub(LLVMConstNull(t), int_like(l, wide, smallest(l, i))));
    return LLVMBuildTrunc(l->b, half, lb_type(l, i), "");
}

LLVMValueRef llvm_row_sqdmulh(struct lb *l, u32 i)
{
    return saturated_half(l, i, LLVMBuildMul(l->b, widened(l, i, 0), widened(l, i, 1), ""));
}

LLVMValueRef llvm_row_sqrdmulh(struct lb *l, u32 i)
{
    return saturated_half(l, i, rounded(l, i, LLVMBuildMul(l->b, widened(l, i, 0), widened(l, i, 1), "")));
}

/* a with its binary point where the product has it, plus or minus b * c. */
static LLVMValueRef accumulated(struct lb *l, u32 i, LLVMOpcode op)
{
    LLVMValueRef a = widened(l, i, 0), product = LLVMBuildMul(l->b, widened(l, i, 1), widened(l, i, 2), "");
    a = LLVMBuildShl(l->b, a, int_like(l, a, lb_bits(l, i) - 1), "");
    return saturated_half(l, i, rounded(l, i, LLVMBuildBinOp(l->b, op, a, product, "")));
}

LLVMValueRef llvm_row_sqrdmlah(struct lb *l, u32 i) { return accumulated(l, i, LLVMAdd); }
LLVMValueRef llvm_row_sqrdmlsh(struct lb *l, u32 i) { return accumulated(l, i, LLVMSub); }

/* ---- shifts by the signed low byte of b: left, or right if negative ---- */

struct reg_shift {
    struct lb   *l;
    u32          bits;
    LLVMValueRef a, n, m; /* n: to the left, sign-extended; m: to the right */
    LLVMValueRef right;   /* i1 */
};

static struct reg_shift reg_shift(struct lb *l, u32 i)
{
    struct reg_shift s = { .l = l, .bits = lb_bits(l, i), .a = lb_arg(l, i, 0), .n = lb_arg(l, i, 1) };
    if (s.bits > 8)
        s.n = LLVMBuildSExt(l->b, LLVMBuildTrunc(l->b, s.n, l->type[IR_I8], ""), LLVMTypeOf(s.a), "");
    s.m = LLVMBuildNeg(l->b, s.n, "");
    s.right = LLVMBuildICmp(l->b, LLVMIntSLT, s.n, int_like(l, s.n, 0), "");
    return s;
}

static LLVMValueRef is_small(const struct reg_shift *s, LLVMValueRef count)
{
    return LLVMBuildICmp(s->l->b, LLVMIntULT, count, int_like(s->l, count, s->bits), "");
}

static LLVMValueRef low_bits(const struct reg_shift *s, LLVMValueRef count)
{
    return LLVMBuildAnd(s->l->b, count, int_like(s->l, count, s->bits - 1), "");
}

/* By any count, taken without sign: from the width on, zero. */
static LLVMValueRef logical(const struct reg_shift *s, LLVMOpcode op, LLVMValueRef v, LLVMValueRef count)
{
    LLVMValueRef r = LLVMBuildBinOp(s->l->b, op, v, low_bits(s, count), "");
    return LLVMBuildSelect(s->l->b, is_small(s, count), r, int_like(s->l, v, 0), "");
}

static LLVMValueRef arithmetic(const struct reg_shift *s, LLVMValueRef v, LLVMValueRef count)
{
    LLVMValueRef most = int_like(s->l, count, s->bits - 1);
    return LLVMBuildAShr(s->l->b, v, LLVMBuildSelect(s->l->b, is_small(s, count), count, most, ""), "");
}

static LLVMValueRef to_right(const struct reg_shift *s, bool is_signed, LLVMValueRef count)
{
    return is_signed ? arithmetic(s, s->a, count) : logical(s, LLVMLShr, s->a, count);
}

/* Rounding adds the last bit that went out. */
static LLVMValueRef right_way(const struct reg_shift *s, bool is_signed, bool rounds)
{
    LLVMBuilderRef b = s->l->b;
    LLVMValueRef one = int_like(s->l, s->m, 1), r = to_right(s, is_signed, s->m);
    if (!rounds)
        return r;
    LLVMValueRef last = to_right(s, is_signed, LLVMBuildSub(b, s->m, one, ""));
    return LLVMBuildAdd(b, r, LLVMBuildAnd(b, last, one, ""), "");
}

/* What a saturates to: by its sign when it has one. */
static LLVMValueRef saturation(const struct reg_shift *s, bool is_signed)
{
    LLVMBuilderRef b = s->l->b;
    if (!is_signed)
        return LLVMConstAllOnes(LLVMTypeOf(s->a));
    LLVMValueRef sign = LLVMBuildAShr(b, s->a, int_like(s->l, s->a, s->bits - 1), "");
    return LLVMBuildXor(b, sign, int_like(s->l, s->a, ~0ull >> (65 - s->bits)), "");
}

/* Does a lose anything to the left? */
static LLVMValueRef overflows(const struct reg_shift *s, bool is_signed)
{
    LLVMBuilderRef b = s->l->b;
    LLVMValueRef n = low_bits(s, s->n), there = LLVMBuildShl(b, s->a, n, "");
    LLVMValueRef back = LLVMBuildBinOp(b, is_signed ? LLVMAShr : LLVMLShr, there, n, "");
    LLVMValueRef loses = LLVMBuildICmp(b, LLVMIntNE, back, s->a, "");
    LLVMValueRef any = LLVMBuildICmp(b, LLVMIntNE, s->a, int_like(s->l, s->a, 0), "");
    return LLVMBuildSelect(b, is_small(s, s->n), loses, any, "");
}

static LLVMValueRef left_way(const struct reg_shift *s, bool is_signed, bool saturates)
{
    LLVMValueRef r = logical(s, LLVMShl, s->a, s->n);
    return saturates ? LLVMBuildSelect(s->l->b, overflows(s, is_signed), saturation(s, is_signed), r, "") : r;
}

static LLVMValueRef by_register(struct lb *l, u32 i, bool is_signed, bool rounds, bool saturates)
{
    struct reg_shift s = reg_shift(l, i);
    LLVMValueRef left = left_way(&s, is_signed, saturates);
    return LLVMBuildSelect(l->b, s.right, right_way(&s, is_signed, rounds), left, "");
}

LLVMValueRef llvm_row_vushl(struct lb *l, u32 i) { return by_register(l, i, false, false, false); }
LLVMValueRef llvm_row_vsshl(struct lb *l, u32 i) { return by_register(l, i, true, false, false); }
LLVMValueRef llvm_row_vurshl(struct lb *l, u32 i) { return by_register(l, i, false, true, false); }
LLVMValueRef llvm_row_vsrshl(struct lb *l, u32 i) { return by_register(l, i, true, true, false); }
LLVMValueRef llvm_row_vuqshl(struct lb *l, u32 i) { return by_register(l, i, false, false, true); }
LLVMValueRef llvm_row_vsqshl(struct lb *l, u32 i) { return by_register(l, i, true, false, true); }
LLVMValueRef llvm_row_vuqrshl(struct lb *l, u32 i) { return by_register(l, i, false, true, true); }
LLVMValueRef llvm_row_vsqrshl(struct lb *l, u32 i) { return by_register(l, i, true, true, true); }

LLVMValueRef llvm_row_vshl_sat(struct lb *l, u32 i)
{
    struct reg_shift s = reg_shift(l, i);
    LLVMValueRef left = overflows(&s, lb_ins(l, i)->flag & 1); /* IR_VSHL_SIGNED */
    return LLVMBuildSelect(l->b, s.right, lb_const(l, l->type[IR_I1], 0), left, "");
}

/* To the left by the low six bits of b, what is negative to zero. */
LLVMValueRef llvm_row_vsqshlu(struct lb *l, u32 i)
{
    struct reg_shift s = reg_shift(l, i);
    s.n = LLVMBuildAnd(l->b, lb_arg(l, i, 1), int_like(l, s.a, 63), "");
    s.a = int_call2(l, "llvm.smax", s.a, int_like(l, s.a, 0));
    return left_way(&s, false, true);
}
