/*
 * fp_compare.c - FP comparison, minimum and maximum, scalar and lanewise.
 *
 * Intel SDM volume 2, UCOMISS, COMISS, CMPPS, MINSS, MAXSS; Arm ARM DDI 0487, FPCompare, FPCompareEQ/GE/GT, FPMin,
 * FPMinNum. LLVM makes UCOMISS and the predicates Q of fcmp, COMISS and S of fcmps.
 */
#include "backend/jit/llvm/fp_row.h"
#include <stdio.h>

/* ---- minimum and maximum ---- */

/* MINSS and the like, of any shape. Only lane 0 of scalars is computed with. */
static LLVMValueRef host_extreme(struct lf *f, const char *which, LLVMValueRef a, LLVMValueRef b)
{
    char name[32];
    bool wide = f->packed && f->n * f->bits == 256;
    if (wide && !(f->l->features & XF_AVX)) {
        struct lf half = *f;
        lf_shape(&half, f->bits, f->n / 2);
        LLVMValueRef low = host_extreme(&half, which, lf_half(f, a, 0), lf_half(f, b, 0));
        return lf_cat(f, low, host_extreme(&half, which, lf_half(f, a, 1), lf_half(f, b, 1)));
    }
    snprintf(name, sizeof name, "llvm.x86.%s.%s.%c%c%s", wide ? "avx" : f->bits == 64 ? "sse2" : "sse", which,
             f->packed ? 'p' : 's', f->bits == 64 ? 'd' : 's', wide ? ".256" : "");
    LLVMValueRef args[2] = { a, b };
    if (f->packed)
        return lf_host(f, name, args, 2);
    args[0] = lf_to_lane0(f, a, false);
    args[1] = lf_to_lane0(f, b, false);
    return lf_lane(f, lf_host(f, name, args, 2), 0);
}

static LLVMValueRef extreme_x86(struct lb *l, u32 i, const char *which)
{
    struct lf f;
    if (!lf_begin(&f, l, i, 0))
        return lb_eval(l, i);
    return lf_done(&f, lf_pin(&f, host_extreme(&f, which, lf_pin(&f, f.s[0]), f.s[1])));
}

/* NaNs leave first; then both orders agree, but for zeros of different signs: the minimum is negative if either is,
 * the maximum if both are. Nothing is raised then, so that only where it must not stand matters. */
static LLVMValueRef extreme_arm(struct lb *l, u32 i, bool least)
{
    struct lf f;
    if (!lf_begin_arm(&f, l, i, 0))
        return lb_eval(l, i);
    const char *which = least ? "min" : "max";
    lf_leave(&f, lf_compare(&f, "uno", f.s[0], f.s[1], false));
    LLVMValueRef a = lf_pin(&f, f.s[0]), b = f.s[1];
    LLVMValueRef x = lf_bits(&f, host_extreme(&f, which, a, b)), y = lf_bits(&f, host_extreme(&f, which, b, a));
    return lf_done(&f, lf_number(&f, least ? LLVMBuildOr(l->b, x, y, "") : LLVMBuildAnd(l->b, x, y, "")));
}

static LLVMValueRef extreme(struct lb *l, u32 i, bool least)
{
    return l->fp_x86 ? extreme_x86(l, i, least ? "min" : "max") : extreme_arm(l, i, least);
}

LLVMValueRef llvm_row_fmin(struct lb *l, u32 i) { return extreme(l, i, true); }
LLVMValueRef llvm_vrow_fmin(struct lb *l, u32 i) { return extreme(l, i, true); }
LLVMValueRef llvm_row_fmax(struct lb *l, u32 i) { return extreme(l, i, false); }
LLVMValueRef llvm_vrow_fmax(struct lb *l, u32 i) { return extreme(l, i, false); }
LLVMValueRef llvm_row_fminnm(struct lb *l, u32 i) { return extreme_arm(l, i, true); }
LLVMValueRef llvm_vrow_fminnm(struct lb *l, u32 i) { return extreme_arm(l, i, true); }
LLVMValueRef llvm_row_fmaxnm(struct lb *l, u32 i) { return extreme_arm(l, i, false); }
LLVMValueRef llvm_vrow_fmaxnm(struct lb *l, u32 i) { return extreme_arm(l, i, false); }

/* ---- comparison ---- */

/* b compared with a gives CF if a is greater, ZF if it is equal, both for unordered: the two bits of enum fp_rel. One
 * UCOMISS, since LLVM merges what differs in the condition alone. */
_Static_assert(FP_LT == 0 && FP_EQ == 1 && FP_GT == 2 && FP_UN == 3, "made from ZF and CF");

LLVMValueRef llvm_row_fcmp(struct lb *l, u32 i)
{
    struct lf f;
    if (!lf_begin(&f, l, i, 0))
        return lb_eval(l, i);
    bool signals = lb_ins(l, i)->flag;
    LLVMTypeRef t = lb_type(l, i);
    LLVMValueRef carry = LLVMBuildZExt(l->b, lf_compare(&f, "ult", f.s[1], f.s[0], signals), t, "");
    LLVMValueRef zero = LLVMBuildZExt(l->b, lf_compare(&f, "ueq", f.s[1], f.s[0], signals), t, "");
    return LLVMBuildOr(l->b, LLVMBuildShl(l->b, carry, lb_const(l, t, 1), ""), zero, "");
}

static LLVMValueRef compare(struct lb *l, u32 i, const char *predicate, bool signals, bool absolute)
{
    struct lf f;
    if (!lf_begin(&f, l, i, 0))
        return lb_eval(l, i);
    LLVMValueRef a = absolute ? lf_abs(&f, f.s[0]) : f.s[0], b = absolute ? lf_abs(&f, f.s[1]) : f.s[1];
    LLVMValueRef r = lf_compare(&f, predicate, a, b, signals);
    return f.packed ? lf_done(&f, LLVMBuildSExt(l->b, r, f.it, "")) : r;
}

LLVMValueRef llvm_row_fcmeq(struct lb *l, u32 i) { return compare(l, i, "oeq", false, false); }
LLVMValueRef llvm_vrow_fcmeq(struct lb *l, u32 i) { return compare(l, i, "oeq", false, false); }
LLVMValueRef llvm_row_fcmge(struct lb *l, u32 i) { return compare(l, i, "oge", true, false); }
LLVMValueRef llvm_vrow_fcmge(struct lb *l, u32 i) { return compare(l, i, "oge", true, false); }
LLVMValueRef llvm_row_fcmgt(struct lb *l, u32 i) { return compare(l, i, "ogt", true, false); }
LLVMValueRef llvm_vrow_fcmgt(struct lb *l, u32 i) { return compare(l, i, "ogt", true, false); }
LLVMValueRef llvm_row_facge(struct lb *l, u32 i) { return compare(l, i, "oge", true, true); }
LLVMValueRef llvm_vrow_facge(struct lb *l, u32 i) { return compare(l, i, "oge", true, true); }
LLVMValueRef llvm_row_facgt(struct lb *l, u32 i) { return compare(l, i, "ogt", true, true); }
LLVMValueRef llvm_vrow_facgt(struct lb *l, u32 i) { return compare(l, i, "ogt", true, true); }
