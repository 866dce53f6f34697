/*
 * fp_arith.c - FP arithmetic, scalar and lanewise; sign operations; rows that have no host sequence.
 *
 * Sequences, what goes to cold code and why: backend/jit/x64/fp.c. By the reference always: f16 and f80 arithmetic;
 * estimates; fused rows on hosts without FMA; for guests whose FP is x86's, Arm's products and steps.
 */
#include "backend/jit/llvm/fp_row.h"

/* ---- add to fused ---- */

static LLVMValueRef arithmetic(struct lb *l, u32 i, const char *name, bool tiny, u32 features)
{
    struct lf f;
    if (!lf_begin(&f, l, i, features))
        return lb_eval(l, i);
    LLVMValueRef v = lf_op(&f, name, f.s, ir_rows[lb_ins(l, i)->op].args, true);
    lf_check(&f, v, tiny);
    return lf_done(&f, v);
}

LLVMValueRef llvm_row_fadd(struct lb *l, u32 i) { return arithmetic(l, i, "fadd", false, 0); }
LLVMValueRef llvm_vrow_fadd(struct lb *l, u32 i) { return llvm_row_fadd(l, i); }
LLVMValueRef llvm_row_fsub(struct lb *l, u32 i) { return arithmetic(l, i, "fsub", false, 0); }
LLVMValueRef llvm_vrow_fsub(struct lb *l, u32 i) { return llvm_row_fsub(l, i); }
LLVMValueRef llvm_row_fmul(struct lb *l, u32 i) { return arithmetic(l, i, "fmul", true, 0); }
LLVMValueRef llvm_vrow_fmul(struct lb *l, u32 i) { return llvm_row_fmul(l, i); }
LLVMValueRef llvm_row_fdiv(struct lb *l, u32 i) { return arithmetic(l, i, "fdiv", false, 0); }
LLVMValueRef llvm_vrow_fdiv(struct lb *l, u32 i) { return llvm_row_fdiv(l, i); }
LLVMValueRef llvm_row_fsqrt(struct lb *l, u32 i) { return arithmetic(l, i, "sqrt", false, 0); }
LLVMValueRef llvm_vrow_fsqrt(struct lb *l, u32 i) { return llvm_row_fsqrt(l, i); }
LLVMValueRef llvm_row_fma(struct lb *l, u32 i) { return arithmetic(l, i, "fma", true, XF_FMA); }
LLVMValueRef llvm_vrow_fma(struct lb *l, u32 i) { return llvm_row_fma(l, i); }

/* ---- Arm's products that know 0 * inf: operands that are not finite do not get as far as the product ---- */

static void leave_not_finite(struct lf *f)
{
    lf_leave(f, LLVMBuildOr(f->l->b, lf_not_finite(f, f->s[0]), lf_not_finite(f, f->s[1]), ""));
}

LLVMValueRef llvm_row_fmulx(struct lb *l, u32 i)
{
    struct lf f;
    if (!lf_begin_arm(&f, l, i, 0))
        return lb_eval(l, i);
    leave_not_finite(&f);
    LLVMValueRef v = lf_op(&f, "fmul", f.s, 2, true);
    lf_check(&f, v, true);
    return lf_done(&f, v);
}

LLVMValueRef llvm_vrow_fmulx(struct lb *l, u32 i) { return llvm_row_fmulx(l, i); }

/* c - a * b */
static LLVMValueRef step(struct lf *f, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    LLVMValueRef args[3] = { lf_neg(f, a), b, c };
    return lf_op(f, "fma", args, 3, true);
}

/* 2 - a * b of finite numbers: the sum's last place is far above the smallest normal. */
LLVMValueRef llvm_row_frecps(struct lb *l, u32 i)
{
    struct lf f;
    if (!lf_begin_arm(&f, l, i, XF_FMA))
        return lb_eval(l, i);
    leave_not_finite(&f);
    return lf_done(&f, step(&f, f.s[0], f.s[1], lf_pow2(&f, 1)));
}

LLVMValueRef llvm_vrow_frecps(struct lb *l, u32 i) { return llvm_row_frecps(l, i); }

/* (3 - a * b) / 2, rounded once: as 1.5 - (a / 2) * b, for an a that halves exactly. */
LLVMValueRef llvm_row_frsqrts(struct lb *l, u32 i)
{
    struct lf f;
    if (!lf_begin_arm(&f, l, i, XF_FMA))
        return lb_eval(l, i);
    leave_not_finite(&f);
    lf_leave(&f, LLVMBuildNot(l->b, lf_reaches(&f, f.s[0], lf_least_exponent(&f) + 1), ""));
    LLVMValueRef halves[2] = { f.s[0], lf_pow2(&f, -1) };
    u64 one_and_a_half = lf_pow2_bits(f.bits, 0) | (f.bits == 64 ? 1ull << 51 : 1u << 22);
    LLVMValueRef half = lf_op(&f, "fmul", halves, 2, true);
    return lf_done(&f, step(&f, half, f.s[1], lf_number(&f, lf_int(&f, one_and_a_half))));
}

LLVMValueRef llvm_vrow_frsqrts(struct lb *l, u32 i) { return llvm_row_frsqrts(l, i); }

/* ---- sign: bits, in any environment ---- */

/* A scalar f16 is an i16, an f80 an i128. */
static LLVMValueRef sign_of_bits(struct lb *l, LLVMValueRef v, u32 bits, bool negate)
{
    LLVMTypeRef t = LLVMTypeOf(v);
    const u64 wide[2] = { 0, 1u << 15 };
    LLVMValueRef sign = bits == 80 ? LLVMConstIntOfArbitraryPrecision(t, 2, wide)
                                   : lb_const(l, t, 1ull << (bits - 1));
    if (negate)
        return LLVMBuildXor(l->b, v, sign, "");
    return LLVMBuildAnd(l->b, v, LLVMBuildNot(l->b, sign, ""), "");
}

static LLVMValueRef sign(struct lb *l, u32 i, bool negate)
{
    const struct ir_ins *in = lb_ins(l, i);
    enum ir_type t = (enum ir_type)(in->lane == IR_VOID ? in->src : in->lane);
    LLVMValueRef v = in->lane == IR_VOID ? lb_arg(l, i, 0) : lb_arg_lanes(l, i, 0);
    LLVMTypeRef ft = LLVMTypeOf(v);
    if (t == IR_F16 || t == IR_F80)
        v = sign_of_bits(l, v, ir_bits(t), negate);
    else
        v = negate ? LLVMBuildFNeg(l->b, v, "") : lb_intrinsic(l, "llvm.fabs", &ft, 1, &v, 1);
    return in->lane == IR_VOID ? v : lb_from_lanes(l, i, v);
}

LLVMValueRef llvm_row_fabs(struct lb *l, u32 i) { return sign(l, i, false); }
LLVMValueRef llvm_vrow_fabs(struct lb *l, u32 i) { return sign(l, i, false); }
LLVMValueRef llvm_row_fneg(struct lb *l, u32 i) { return sign(l, i, true); }
LLVMValueRef llvm_vrow_fneg(struct lb *l, u32 i) { return sign(l, i, true); }

/* ---- no host sequence ---- */

LLVMValueRef llvm_row_frecpe(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_vrow_frecpe(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_row_frsqrte(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_vrow_frsqrte(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_row_frecpx(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_vrow_frecpx(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_row_fprem(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_row_fpremq(struct lb *l, u32 i) { return lb_eval(l, i); }
