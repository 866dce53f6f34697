/*
 * fp_row.h - private to the FP rows (fp_*.c): one shape for scalars and lanes, ways to cold code, strict operations.
 *
 * What the host does otherwise than ir/fp.h goes to cold code, where the reference decides: backend/jit/x64/fp_emit.h
 * says what and why. Flags are sticky: what host and reference both raise is fine; what the guest does not see must
 * not reach a host instruction.
 *
 * Constrained intrinsics do not move across each other, calls and other side effects, nor go away when nobody wants
 * their value; here they are not folded either (a constant denormal raises DE). Where none gives the host's
 * instruction (MINSS, CVTSS2SI by MXCSR, VCVTPS2PH), it is LLVM's x86 intrinsic, which LLVM takes for pure:
 * an operand and the result go through lf_pin(), an empty asm statement with the effects of a constrained intrinsic,
 * so that it stays between the two. Nothing says that x86 intrinsics may be speculated.
 *
 * Functions that hold these rows have the attribute strictfp: lb_strict(), called for every operation, sees to it.
 * The target machine must not have avx512fp16: widening f16 would become VCVTPH2PSX, which raises DE.
 */
#pragma once
#include "backend/jit/llvm/rows.h"
#include "backend/jit/x64/asm.h"

struct lf {
    struct lb        *l;
    u32               i;
    u32               bits;    /* of a number: 32, 64 */
    u32               n;       /* numbers */
    bool              packed;  /* lanes; else one scalar */
    LLVMTypeRef       ft, it;  /* the numbers; integers of their width in the same number */
    LLVMValueRef      s[3];    /* operands, as numbers */
    LLVMBasicBlockRef cold;    /* where the reference takes over; NULL: nowhere yet */
};

/* Starts a row on f32 or f64 (scalars or lanes). False: there is no host sequence for it in this block (format,
 * control bits, a host without `features`), lb_eval() is to do it. */
bool lf_begin(struct lf *f, struct lb *l, u32 i, u32 features);
/* The same for a row whose sequence has Arm's meaning only. */
bool lf_begin_arm(struct lf *f, struct lb *l, u32 i, u32 features);
/* From here on the numbers are of this format and as many. */
void lf_shape(struct lf *f, u32 bits, u32 n);
/* The row's value: v (of the result's type, or any lanes), or the reference's where code left. */
LLVMValueRef lf_done(struct lf *f, LLVMValueRef v);

/* ---- leaving for the reference ---- */
/* Where cond (i1, or by lane: any) is true. */
void lf_leave(struct lf *f, LLVMValueRef cond);
/* The test behind an operation (x86: none): NaNs, and with `tiny` numbers of the smallest normal's magnitude. */
void lf_check(struct lf *f, LLVMValueRef v, bool tiny);

/* ---- operations ---- */
/* Like lb_fp(), not folded. */
LLVMValueRef lf_op(struct lf *f, const char *name, LLVMValueRef *args, u32 count, bool rounds);
/* Constrained conversion of v ("fptosi", "sitofp", "fpext", "fptrunc"). */
LLVMValueRef lf_convert(struct lf *f, const char *name, LLVMTypeRef to, LLVMValueRef v, bool rounds);
/* Comparison, by LLVM's names of predicates: i1 by number. signals: IE for quiet NaNs, too. */
LLVMValueRef lf_compare(struct lf *f, const char *predicate, LLVMValueRef a, LLVMValueRef b, bool signals);
/* v, known only from here on, and wanted here. */
LLVMValueRef lf_pin(struct lf *f, LLVMValueRef v);
/* An intrinsic of llvm.x86 without overloads. */
LLVMValueRef lf_host(struct lf *f, const char *name, LLVMValueRef *args, u32 count);
/* a scalar in lane 0 of four floats or two doubles; zeros or nothing at all above. */
LLVMValueRef lf_to_lane0(struct lf *f, LLVMValueRef v, bool zeros);
LLVMValueRef lf_lane(struct lf *f, LLVMValueRef v, u32 k);
/* 128-bit half h of 256 bits; and two halves together. */
LLVMValueRef lf_half(struct lf *f, LLVMValueRef v, u32 h);
LLVMValueRef lf_cat(struct lf *f, LLVMValueRef low, LLVMValueRef high);
/* Lanes of v by number; those from its count on are zeros. */
LLVMValueRef lf_shuffle(struct lf *f, LLVMValueRef v, const u32 *lanes, u32 n);
/* fp_round.c: to integral values; the inexact flag only if `exact`. rm: enum fp_rm or 7 for the environment's. */
LLVMValueRef lf_round(struct lf *f, LLVMValueRef v, u32 rm, bool exact);
static inline bool lf_rounds(u32 rm) { return rm <= FP_RNA || rm == 7; }
static inline void lf_inexact(struct lf *f, LLVMValueRef v) { lf_op(f, "rint", &v, 1, true); }

/* ---- bits and constants, in all lanes ---- */
static inline u64 lf_pow2_bits(u32 bits, i32 k) /* 2^k; k beyond the largest exponent by one: infinity */
{
    return bits == 64 ? (u64)(1023 + k) << 52 : (u64)(127 + k) << 23;
}
static inline LLVMValueRef lf_int(struct lf *f, u64 v) { return lb_const(f->l, f->it, v); }
static inline LLVMValueRef lf_pow2_int(struct lf *f, i32 k) { return lf_int(f, lf_pow2_bits(f->bits, k)); }
static inline LLVMValueRef lf_bits(struct lf *f, LLVMValueRef v) { return LLVMBuildBitCast(f->l->b, v, f->it, ""); }
static inline LLVMValueRef lf_number(struct lf *f, LLVMValueRef v) { return LLVMBuildBitCast(f->l->b, v, f->ft, ""); }
static inline LLVMValueRef lf_pow2(struct lf *f, i32 k) { return lf_number(f, lf_pow2_int(f, k)); }
static inline LLVMValueRef lf_neg(struct lf *f, LLVMValueRef v) { return LLVMBuildFNeg(f->l->b, v, ""); }
static inline LLVMValueRef lf_abs(struct lf *f, LLVMValueRef v)
{
    return lb_intrinsic(f->l, "llvm.fabs", &f->ft, 1, &v, 1);
}
static inline u64 lf_sign(const struct lf *f) { return 1ull << (f->bits - 1); }
/* The magnitude as an integer: these are in the numbers' order, infinity and NaNs last. */
static inline LLVMValueRef lf_magnitude(struct lf *f, LLVMValueRef v)
{
    return LLVMBuildAnd(f->l->b, lf_bits(f, v), lf_int(f, lf_sign(f) - 1), "");
}
/* Is the magnitude at least 2^k, or v a NaN? */
static inline LLVMValueRef lf_reaches(struct lf *f, LLVMValueRef v, i32 k)
{
    return LLVMBuildICmp(f->l->b, LLVMIntSGE, lf_magnitude(f, v), lf_pow2_int(f, k), "");
}
static inline LLVMValueRef lf_not_finite(struct lf *f, LLVMValueRef v)
{
    return lf_reaches(f, v, f->bits == 64 ? 1024 : 128);
}
/* Of normal numbers. */
static inline i32 lf_least_exponent(const struct lf *f) { return f->bits == 64 ? -1022 : -126; }
