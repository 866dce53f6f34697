/*
 * vec_sat.c - rows on vectors of integer lanes: saturating, halving, absolute difference, high halves of doubled
 * products, polynomials.
 *
 * Inverting the sign bit, which is adding it, makes unsigned lanes of signed ones and keeps their order and distances
 * ("biased" below). By the reference: pmul of i16 and i32 lanes, which no guest instruction is, and of i64 without
 * PCLMULQDQ.
 */
#include "backend/jit/llvm/vec.h"

/* ---- sums and differences ---- */

static LLVMValueRef by_intrinsic(struct lb *l, u32 i, const char *name)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_fn2(&v, name, v.s[0], v.s[1]));
}

LLVMValueRef llvm_vrow_uqadd(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.uadd.sat"); }
LLVMValueRef llvm_vrow_sqadd(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.sadd.sat"); }
LLVMValueRef llvm_vrow_uqsub(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.usub.sat"); }
LLVMValueRef llvm_vrow_sqsub(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.ssub.sat"); }

/* The first operand's kind is the result's; biased it is the second's. */
static LLVMValueRef mixed(struct lb *l, u32 i, const char *name)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_bias(&v, lv_fn2(&v, name, lv_bias(&v, v.s[0]), v.s[1])));
}

LLVMValueRef llvm_vrow_suqadd(struct lb *l, u32 i) { return mixed(l, i, "llvm.uadd.sat"); }
LLVMValueRef llvm_vrow_usqadd(struct lb *l, u32 i) { return mixed(l, i, "llvm.sadd.sat"); }

/* The most negative lane is the one whose absolute value or negation does not fit. */
LLVMValueRef llvm_vrow_sqabs(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef r = lv_total(&v, "llvm.abs", v.s[0]);
    if (v.bits < 64)
        return lv_end(&v, lv_fn2(&v, "llvm.umin", r, lv_splat(&v, lv_top(&v) - 1)));
    return lv_end(&v, lv_add(&v, r, lv_sh(&v, LLVMAShr, r, 63)));
}

LLVMValueRef llvm_vrow_sqneg(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    if (v.bits < 32)
        return lv_end(&v, lv_fn2(&v, "llvm.ssub.sat", lv_splat(&v, 0), v.s[0]));
    LLVMValueRef most = lv_mask(&v, lv_cmp(&v, LLVMIntEQ, v.s[0], lv_splat(&v, lv_top(&v))));
    return lv_end(&v, lv_xor(&v, lv_neg(&v, v.s[0]), most));
}

/* ---- halving: a + b == 2 * (a & b) + (a ^ b) == 2 * (a | b) - (a ^ b), a - b == (a ^ b) - 2 * (~a & b) ---- */

static LLVMValueRef half_of_xor(const struct lv *v, LLVMValueRef a, LLVMValueRef b, bool is_signed)
{
    return lv_sh(v, is_signed ? LLVMAShr : LLVMLShr, lv_xor(v, a, b), 1);
}

/* (a + b + 1) >> 1, unsigned: PAVGB and PAVGW. */
static LLVMValueRef average(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef wide = lv_type(v, 2 * v->bits, v->n);
    LLVMValueRef sum = lv_add(v, LLVMBuildZExt(v->l->b, a, wide, ""), LLVMBuildZExt(v->l->b, b, wide, ""));
    sum = lv_add(v, sum, lb_const(v->l, wide, 1));
    return LLVMBuildTrunc(v->l->b, lv_sh(v, LLVMLShr, sum, 1), v->t, "");
}

static bool has_average(const struct lv *v) { return v->bits < 32; }

/* The average, less what it rounded up. */
static LLVMValueRef floor_average(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    return lv_sub(v, average(v, a, b), lv_and(v, lv_xor(v, a, b), lv_splat(v, 1)));
}

static LLVMValueRef hadd(struct lb *l, u32 i, bool is_signed)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef a = v.s[0], b = v.s[1];
    if (!has_average(&v))
        return lv_end(&v, lv_add(&v, lv_and(&v, a, b), half_of_xor(&v, a, b, is_signed)));
    if (!is_signed)
        return lv_end(&v, floor_average(&v, a, b));
    return lv_end(&v, lv_bias(&v, floor_average(&v, lv_bias(&v, a), lv_bias(&v, b))));
}

static LLVMValueRef rhadd(struct lb *l, u32 i, bool is_signed)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef a = v.s[0], b = v.s[1];
    if (!has_average(&v))
        return lv_end(&v, lv_sub(&v, lv_or(&v, a, b), half_of_xor(&v, a, b, is_signed)));
    if (!is_signed)
        return lv_end(&v, average(&v, a, b));
    return lv_end(&v, lv_bias(&v, average(&v, lv_bias(&v, a), lv_bias(&v, b))));
}

/* By average: (a + ~b + 1) >> 1, which is half the difference, biased. */
static LLVMValueRef hsub(struct lb *l, u32 i, bool is_signed)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef a = v.s[0], b = v.s[1];
    if (!has_average(&v))
        return lv_end(&v, lv_sub(&v, half_of_xor(&v, a, b, is_signed), lv_and(&v, lv_not(&v, a), b)));
    if (is_signed)
        return lv_end(&v, lv_bias(&v, average(&v, lv_bias(&v, a), lv_xor(&v, b, lv_splat(&v, lv_top(&v) - 1)))));
    return lv_end(&v, lv_bias(&v, average(&v, a, lv_not(&v, b))));
}

LLVMValueRef llvm_vrow_uhadd(struct lb *l, u32 i) { return hadd(l, i, false); }
LLVMValueRef llvm_vrow_shadd(struct lb *l, u32 i) { return hadd(l, i, true); }
LLVMValueRef llvm_vrow_urhadd(struct lb *l, u32 i) { return rhadd(l, i, false); }
LLVMValueRef llvm_vrow_srhadd(struct lb *l, u32 i) { return rhadd(l, i, true); }
LLVMValueRef llvm_vrow_uhsub(struct lb *l, u32 i) { return hsub(l, i, false); }
LLVMValueRef llvm_vrow_shsub(struct lb *l, u32 i) { return hsub(l, i, true); }

/* ---- absolute difference ---- */

static LLVMValueRef abd(struct lb *l, u32 i, const char *max, const char *min)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_sub(&v, lv_fn2(&v, max, v.s[0], v.s[1]), lv_fn2(&v, min, v.s[0], v.s[1])));
}

LLVMValueRef llvm_vrow_uabd(struct lb *l, u32 i) { return abd(l, i, "llvm.umax", "llvm.umin"); }
LLVMValueRef llvm_vrow_sabd(struct lb *l, u32 i) { return abd(l, i, "llvm.smax", "llvm.smin"); }

/* ---- high half of the doubled product ---- */

static LLVMValueRef widened(const struct lv *v, LLVMValueRef a)
{
    return LLVMBuildSExt(v->l->b, a, lv_type(v, 2 * v->bits, v->n), "");
}

static LLVMValueRef truncated(const struct lv *v, LLVMValueRef a) { return LLVMBuildTrunc(v->l->b, a, v->t, ""); }

/* A constant of lanes of twice the width: bit n. */
static LLVMValueRef wide_bit(const struct lv *v, u32 n)
{
    return lb_const(v->l, lv_type(v, 2 * v->bits, v->n), 1ull << n);
}

/* Only the square of the most negative number overflows; nothing else gives that number. */
static LLVMValueRef fix_square(const struct lv *v, LLVMValueRef r)
{
    return lv_xor(v, r, lv_mask(v, lv_cmp(v, LLVMIntEQ, r, lv_splat(v, lv_top(v)))));
}

/* PMULHW and PMULLW: both halves of the product. */
static LLVMValueRef doubled16(const struct lv *v)
{
    LLVMValueRef product = lv_op(v, LLVMMul, widened(v, v->s[0]), widened(v, v->s[1]));
    LLVMValueRef high = truncated(v, lv_sh(v, LLVMLShr, product, 16)), low = lv_op(v, LLVMMul, v->s[0], v->s[1]);
    return lv_or(v, lv_sh(v, LLVMShl, high, 1), lv_sh(v, LLVMLShr, low, 15));
}

static LLVMValueRef doubled(const struct lv *v, bool rounds)
{
    LLVMValueRef product = lv_op(v, LLVMMul, widened(v, v->s[0]), widened(v, v->s[1]));
    if (rounds)
        product = lv_add(v, product, wide_bit(v, v->bits - 2));
    return truncated(v, lv_sh(v, LLVMLShr, product, v->bits - 1));
}

LLVMValueRef llvm_vrow_sqdmulh(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, fix_square(&v, v.bits == 16 ? doubled16(&v) : doubled(&v, false)));
}

LLVMValueRef llvm_vrow_sqrdmulh(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef r;
    if (v.bits == 16 && lv_x86(&v))
        r = lv_host(&v, "llvm.x86.ssse3.pmul.hr.sw.128", "llvm.x86.avx2.pmul.hr.sw", v.s, 2, -1);
    else
        r = doubled(&v, true);
    return lv_end(&v, fix_square(&v, r));
}

/* The same added to, or taken from, an accumulator: sums in lanes twice as wide, which cannot overflow. */
static LLVMValueRef accumulated(struct lb *l, u32 i, LLVMOpcode op)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMTypeRef wide = lv_type(&v, 2 * v.bits, v.n);
    LLVMValueRef product = lv_op(&v, LLVMMul, widened(&v, v.s[1]), widened(&v, v.s[2]));
    LLVMValueRef sum = lv_op(&v, op, lv_sh(&v, LLVMShl, widened(&v, v.s[0]), v.bits - 1), product);
    sum = lv_sh(&v, LLVMAShr, lv_add(&v, sum, wide_bit(&v, v.bits - 2)), v.bits - 1);
    LLVMValueRef most = lv_sub(&v, wide_bit(&v, v.bits - 1), lb_const(l, wide, 1));
    sum = lv_fn2(&v, "llvm.smin", sum, most);
    return lv_end(&v, truncated(&v, lv_fn2(&v, "llvm.smax", sum, lv_not(&v, most))));
}

LLVMValueRef llvm_vrow_sqrdmlah(struct lb *l, u32 i) { return accumulated(l, i, LLVMAdd); }
LLVMValueRef llvm_vrow_sqrdmlsh(struct lb *l, u32 i) { return accumulated(l, i, LLVMSub); }

/* ---- polynomials over {0, 1}, low half of the product ---- */

/* By bits of b from the top: what is there shifted, and a added where the bit is set. */
static LLVMValueRef polynomial(const struct lv *v, LLVMValueRef a, LLVMValueRef b)
{
    LLVMValueRef sum = lv_splat(v, 0);
    for (u32 k = 0; k < v->bits; k++) {
        LLVMValueRef bit = lv_mask(v, lv_negative(v, b));
        sum = lv_xor(v, lv_add(v, sum, sum), lv_and(v, bit, a));
        b = lv_add(v, b, b);
    }
    return sum;
}

/* The low halves of both lanes' products. */
static LLVMValueRef polynomial64(const struct lv *v)
{
    static const u32 lows[4] = { 0, 4, 2, 6 };
    LLVMValueRef r[2];
    for (u32 k = 0; k < 2; k++)
        r[k] = lv_host(v, "llvm.x86.pclmulqdq", NULL, (LLVMValueRef[]){ v->s[0], v->s[1] }, 2, k ? 0x11 : 0);
    return lv_shuffle(v, r[0], r[1], v->n == 2 ? (const u32[]){ 0, 2 } : lows, v->n);
}

LLVMValueRef llvm_vrow_pmul(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    if (v.bits == 8)
        return lv_end(&v, polynomial(&v, v.s[0], v.s[1]));
    if (v.bits == 64 && l->features & XF_CLMUL)
        return lv_end(&v, polynomial64(&v));
    return lb_eval(l, i);
}
