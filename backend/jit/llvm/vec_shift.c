/*
 * vec_shift.c - rows on vectors of integer lanes: shifts and rotations by lanes of counts.
 *
 * A lane that LLVM shifts by its width or more is poison, but one that a select does not take does no harm: the back
 * end knows the pair as the host's shift. Constant counts leave the shift alone.
 *
 * Arm ARM DDI 0487, C7.2 USHL to SQRSHL (what counts mean): such a row shifts both ways, and the way that is not
 * meant gives 0, since its count, negative, is a large one.
 */
#include "backend/jit/llvm/vec.h"
#include "ir/eval_int.h"

/* Without shifts by lanes LLVM makes powers of two by converting floats, which leaves sticky flags behind that are
 * none of the guest's. */
static bool by_floats(const struct lv *v, LLVMValueRef n)
{
    return (v->bits == 16 || v->bits == 32) && !LLVMIsConstant(n) && !(v->l->features & XF_AVX2);
}

/* a << n by the bits of n. */
static LLVMValueRef shl_by_bits(const struct lv *v, LLVMValueRef a, LLVMValueRef n)
{
    for (u32 bit = 0; 1u << bit < v->bits; bit++) {
        LLVMValueRef set = lv_negative(v, lv_sh(v, LLVMShl, n, v->bits - 1 - bit));
        a = lv_pick(v, set, lv_sh(v, LLVMShl, a, 1u << bit), a);
    }
    return a;
}

static LLVMValueRef guarded(const struct lv *v, LLVMOpcode op, LLVMValueRef a, LLVMValueRef n)
{
    LLVMValueRef fits = lv_cmp(v, LLVMIntULT, n, lv_splat(v, v->bits));
    LLVMValueRef r = op == LLVMShl && by_floats(v, n) ? shl_by_bits(v, a, n) : lv_op(v, op, a, n);
    return lv_pick(v, fits, r, lv_splat(v, 0));
}

LLVMValueRef lv_shl(const struct lv *v, LLVMValueRef a, LLVMValueRef n) { return guarded(v, LLVMShl, a, n); }
LLVMValueRef lv_lshr(const struct lv *v, LLVMValueRef a, LLVMValueRef n) { return guarded(v, LLVMLShr, a, n); }

static LLVMValueRef at_most(const struct lv *v, LLVMValueRef n, u32 most)
{
    LLVMValueRef c = lv_splat(v, most);
    if (LLVMIsConstant(n)) /* the builder folds no intrinsics */
        return lv_pick(v, lv_cmp(v, LLVMIntULT, n, c), n, c);
    return lv_fn2(v, "llvm.umin", n, c);
}

LLVMValueRef lv_ashr(const struct lv *v, LLVMValueRef a, LLVMValueRef n)
{
    bool by_host = v->bits == 32 && v->l->features & XF_AVX2 && !LLVMIsConstant(n);
    if (by_host)
        return lv_host(v, "llvm.x86.avx2.psrav.d", "llvm.x86.avx2.psrav.d.256", (LLVMValueRef[]){ a, n }, 2, -1);
    return lv_op(v, LLVMAShr, a, at_most(v, n, v->bits - 1));
}

/* ---- one way ---- */

static LLVMValueRef one_way(struct lb *l, u32 i, LLVMValueRef (*shift)(const struct lv *, LLVMValueRef, LLVMValueRef))
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, shift(&v, v.s[0], v.s[1]));
}

LLVMValueRef llvm_vrow_shl(struct lb *l, u32 i) { return one_way(l, i, lv_shl); }
LLVMValueRef llvm_vrow_shr(struct lb *l, u32 i) { return one_way(l, i, lv_lshr); }
LLVMValueRef llvm_vrow_sar(struct lb *l, u32 i) { return one_way(l, i, lv_ashr); }

static LLVMValueRef rotate(struct lb *l, u32 i, bool right)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef a = v.s[0], n = v.s[1];
    const char *funnel = right ? "llvm.fshr" : "llvm.fshl";
    if (!by_floats(&v, n))
        return lv_end(&v, lb_intrinsic(l, funnel, &v.t, 1, (LLVMValueRef[]){ a, a, n }, 3));
    n = lv_and(&v, right ? lv_neg(&v, n) : n, lv_splat(&v, v.bits - 1));
    return lv_end(&v, lv_or(&v, shl_by_bits(&v, a, n), lv_lshr(&v, a, lv_sub(&v, lv_splat(&v, v.bits), n))));
}

LLVMValueRef llvm_vrow_rotl(struct lb *l, u32 i) { return rotate(l, i, false); }
LLVMValueRef llvm_vrow_rotr(struct lb *l, u32 i) { return rotate(l, i, true); }

/* The right way, n from 1: (a + 2^(n - 1)) >> n is a >> n, and one more if the last bit shifted out is set; a sign
 * that is all there is left makes 0. An unsigned lane stays as it is by 0. */
static LLVMValueRef rounding(const struct lv *v, LLVMValueRef a, LLVMValueRef n, bool is_signed)
{
    LLVMValueRef (*shift)(const struct lv *, LLVMValueRef, LLVMValueRef) = is_signed ? lv_ashr : lv_lshr;
    LLVMValueRef last = shift(v, a, lv_sub(v, n, lv_splat(v, 1)));
    return lv_add(v, shift(v, a, n), lv_and(v, last, lv_splat(v, 1)));
}

/* The count is the low 32 bits of a lane. */
static LLVMValueRef rshr(struct lb *l, u32 i, bool is_signed)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef n = v.bits == 64 ? lv_and(&v, v.s[1], lv_splat(&v, 0xffffffff)) : v.s[1];
    LLVMValueRef r = rounding(&v, v.s[0], n, is_signed);
    if (is_signed)
        r = lv_pick(&v, lv_cmp(&v, LLVMIntEQ, n, lv_splat(&v, 0)), v.s[0], r);
    return lv_end(&v, r);
}

LLVMValueRef llvm_vrow_urshr(struct lb *l, u32 i) { return rshr(l, i, false); }
LLVMValueRef llvm_vrow_srshr(struct lb *l, u32 i) { return rshr(l, i, true); }

/* ---- both ways, by the signed low byte of the count ---- */

static LLVMValueRef low_byte(const struct lv *v, LLVMValueRef n)
{
    return v->bits == 8 ? n : lv_sh(v, LLVMAShr, lv_sh(v, LLVMShl, n, v->bits - 8), v->bits - 8);
}

/* Lanes of i1: a << n, which is `left`, has lost something. Means nothing for negative n. */
static LLVMValueRef lost(const struct lv *v, LLVMValueRef left, LLVMValueRef n, bool is_signed)
{
    LLVMValueRef back = (is_signed ? lv_ashr : lv_lshr)(v, left, n);
    return lv_cmp(v, LLVMIntNE, back, v->s[0]);
}

/* The bound that a lane is beyond: all ones, or all but the sign that is a's. */
static LLVMValueRef bound(const struct lv *v, bool is_signed)
{
    if (!is_signed)
        return lv_splat(v, ~0ull);
    return lv_xor(v, lv_sh(v, LLVMAShr, v->s[0], v->bits - 1), lv_splat(v, lv_top(v) - 1));
}

static LLVMValueRef both_ways(struct lb *l, u32 i, u32 flags)
{
    struct lv v = lv_begin(l, i, 0);
    bool is_signed = flags & IR_VSHL_SIGNED;
    LLVMValueRef a = v.s[0], n = low_byte(&v, v.s[1]), m = lv_neg(&v, n), left = lv_shl(&v, a, n), right;
    if (flags & IR_VSHL_ROUND)
        right = rounding(&v, a, m, is_signed);
    else
        right = (is_signed ? lv_ashr : lv_lshr)(&v, a, m);
    if (flags & IR_VSHL_SAT)
        left = lv_pick(&v, lost(&v, left, n, is_signed), bound(&v, is_signed), left);
    if (!is_signed && !(flags & IR_VSHL_SAT)) /* one of them is 0, or n is and they are equal */
        return lv_end(&v, lv_or(&v, left, right));
    return lv_end(&v, lv_pick(&v, lv_negative(&v, n), right, left));
}

LLVMValueRef llvm_vrow_vushl(struct lb *l, u32 i) { return both_ways(l, i, 0); }
LLVMValueRef llvm_vrow_vsshl(struct lb *l, u32 i) { return both_ways(l, i, IR_VSHL_SIGNED); }
LLVMValueRef llvm_vrow_vurshl(struct lb *l, u32 i) { return both_ways(l, i, IR_VSHL_ROUND); }
LLVMValueRef llvm_vrow_vsrshl(struct lb *l, u32 i) { return both_ways(l, i, IR_VSHL_SIGNED | IR_VSHL_ROUND); }
LLVMValueRef llvm_vrow_vuqshl(struct lb *l, u32 i) { return both_ways(l, i, IR_VSHL_SAT); }
LLVMValueRef llvm_vrow_vsqshl(struct lb *l, u32 i) { return both_ways(l, i, IR_VSHL_SIGNED | IR_VSHL_SAT); }
LLVMValueRef llvm_vrow_vuqrshl(struct lb *l, u32 i) { return both_ways(l, i, IR_VSHL_ROUND | IR_VSHL_SAT); }
LLVMValueRef llvm_vrow_vsqrshl(struct lb *l, u32 i)
{
    return both_ways(l, i, IR_VSHL_SIGNED | IR_VSHL_ROUND | IR_VSHL_SAT);
}

/* Left by the low six bits of the count, negative lanes to 0. */
LLVMValueRef llvm_vrow_vsqshlu(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef n = lv_and(&v, v.s[1], lv_splat(&v, 63));
    v.s[0] = lv_fn2(&v, "llvm.smax", v.s[0], lv_splat(&v, 0));
    LLVMValueRef left = lv_shl(&v, v.s[0], n);
    return lv_end(&v, lv_pick(&v, lost(&v, left, n, false), bound(&v, false), left));
}

/* Only the way to the left saturates. */
LLVMValueRef llvm_vrow_vshl_sat(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef n = low_byte(&v, v.s[1]), left = lv_shl(&v, v.s[0], n);
    LLVMValueRef mask = lv_mask(&v, lost(&v, left, n, lb_ins(l, i)->flag & IR_VSHL_SIGNED));
    return lv_end(&v, lv_and(&v, mask, lv_not(&v, lv_mask(&v, lv_negative(&v, n)))));
}
