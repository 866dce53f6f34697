/*
 * fp_round.c - FP rounded to integral values and to integers, scalar and lanewise.
 *
 * Intel SDM volume 2, ROUNDSS, CVTTSS2SI, CVTSS2SI; Arm ARM DDI 0487, FPRoundInt, FPToFixed.
 *
 * To integers: the host answers 0x80..0 with IE, and without PE, to whatever does not fit: then the reference
 * saturates. A saturating result is not inexact, so where the host's range is wider than the guest's, it is the
 * rounded number that is converted, and the inexact flag comes last.
 *
 * By the reference always: f16, f80, integers of 8 and 16 bits. For guests whose FP is x86's also: ties away;
 * saturating integers.
 */
#include "backend/jit/llvm/fp_row.h"

/* ---- to integral ---- */

/* As bits: LLVM makes jumps of scalar selections of numbers. */
static LLVMValueRef choose(struct lf *f, LLVMValueRef which, LLVMValueRef a, LLVMValueRef b)
{
    return lf_number(f, LLVMBuildSelect(f->l->b, which, lf_bits(f, a), lf_bits(f, b), ""));
}

/* Ties away: what is cut off (an exact difference) tells whether to step. Numbers without a fraction, infinities and
 * NaNs pass as they are, with 0 in their place meanwhile. */
static LLVMValueRef round_away(struct lf *f, LLVMValueRef v, bool exact)
{
    LLVMBuilderRef b = f->l->b;
    LLVMValueRef whole = lf_reaches(f, v, f->bits == 64 ? 52 : 23), zero = LLVMConstNull(f->ft);
    LLVMValueRef t = choose(f, whole, zero, v), cut[2] = { t, lf_op(f, "trunc", &t, 1, false) };
    if (exact)
        lf_inexact(f, t);
    LLVMValueRef far = lf_reaches(f, lf_op(f, "fsub", cut, 2, true), -1), one = choose(f, far, lf_pow2(f, 0), zero);
    LLVMValueRef sign = LLVMBuildAnd(b, lf_bits(f, t), lf_int(f, lf_sign(f)), "");
    LLVMValueRef sum[2] = { cut[1], lf_number(f, LLVMBuildOr(b, lf_bits(f, one), sign, "")) };
    return choose(f, whole, v, lf_op(f, "fadd", sum, 2, true));
}

LLVMValueRef lf_round(struct lf *f, LLVMValueRef v, u32 rm, bool exact)
{
    static const char *const names[] = { [FP_RNE] = "roundeven", [FP_RP] = "ceil", [FP_RM] = "floor",
                                         [FP_RZ] = "trunc" };
    if (rm == FP_RNA)
        return round_away(f, v, exact);
    if (rm == 7)
        return lf_op(f, exact ? "rint" : "nearbyint", &v, 1, true);
    if (exact)
        lf_inexact(f, v);
    return lf_op(f, names[rm], &v, 1, false);
}

LLVMValueRef llvm_row_frint(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    struct lf f;
    bool differs = in->imm == FP_RNA && l->fp_x86; /* the differences would raise DE */
    if (!lf_rounds((u32)in->imm) || differs || !lf_begin(&f, l, i, 0))
        return lb_eval(l, i);
    LLVMValueRef v = lf_round(&f, f.s[0], (u32)in->imm, in->flag);
    lf_check(&f, v, false);
    return lf_done(&f, v);
}

LLVMValueRef llvm_vrow_frint(struct lb *l, u32 i) { return llvm_row_frint(l, i); }

/* ---- host conversions ---- */

/* CVTTSS2SI and the like. What does not fit is LLVM's poison, the host's 0x80..0. */
static LLVMValueRef cut_scalar(struct lf *f, LLVMValueRef v, LLVMTypeRef to)
{
    return LLVMBuildFreeze(f->l->b, lf_convert(f, "fptosi", to, v, false), "");
}

/* CVTSS2SI and the like: by the environment's rounding mode. */
static LLVMValueRef convert_scalar(struct lf *f, LLVMValueRef v, LLVMTypeRef to)
{
    bool wide = LLVMGetIntTypeWidth(to) == 64;
    const char *name = f->bits == 64 ? (wide ? "llvm.x86.sse2.cvtsd2si64" : "llvm.x86.sse2.cvtsd2si")
                       : wide        ? "llvm.x86.sse.cvtss2si64" : "llvm.x86.sse.cvtss2si";
    LLVMValueRef arg = lf_to_lane0(f, lf_pin(f, v), false);
    return lf_pin(f, lf_host(f, name, &arg, 1));
}

static LLVMValueRef by_lane(struct lf *f, LLVMValueRef v, bool truncate)
{
    LLVMValueRef r = LLVMGetPoison(f->it);
    for (u32 k = 0; k < f->n; k++) {
        LLVMTypeRef to = f->l->type[IR_I64];
        LLVMValueRef x = lf_lane(f, v, k), n = truncate ? cut_scalar(f, x, to) : convert_scalar(f, x, to);
        r = LLVMBuildInsertElement(f->l->b, r, n, LLVMConstInt(f->l->type[IR_I32], k, false), "");
    }
    return r;
}

static LLVMValueRef convert_f32_lanes(struct lf *f, LLVMValueRef v)
{
    if (f->n == 4 || f->l->features & XF_AVX) {
        LLVMValueRef arg = lf_pin(f, v);
        return lf_pin(f, lf_host(f, f->n == 4 ? "llvm.x86.sse2.cvtps2dq" : "llvm.x86.avx.cvt.ps2dq.256", &arg, 1));
    }
    struct lf half = *f;
    lf_shape(&half, f->bits, f->n / 2);
    LLVMValueRef low = convert_f32_lanes(&half, lf_half(f, v, 0));
    return lf_cat(f, low, convert_f32_lanes(&half, lf_half(f, v, 1)));
}

/* To signed integers of `to` bits (lanes: of the number's): cut short, or rounded by the environment's mode. */
static LLVMValueRef to_int(struct lf *f, LLVMValueRef v, u32 to, bool truncate)
{
    LLVMTypeRef t = f->l->type[to == 64 ? IR_I64 : IR_I32];
    if (!f->packed)
        return truncate ? cut_scalar(f, v, t) : convert_scalar(f, v, t);
    if (f->bits == 64)
        return by_lane(f, v, truncate);
    return truncate ? cut_scalar(f, v, f->it) : convert_f32_lanes(f, v);
}

/* ---- to integers, saturating ---- */

/* Fixed point: the product is exact, in f64 for scalars, once what saturates anyway has left. Lanes of f32 have room
 * for 64 fraction bits too. */
static LLVMValueRef scale(struct lf *f, LLVMValueRef v, u32 fraction_bits)
{
    if (!f->packed && f->bits == 32) {
        v = lf_convert(f, "fpext", f->l->type[IR_F64], v, false);
        lf_shape(f, 64, 1);
    }
    lf_leave(f, lf_reaches(f, v, f->bits == 64 ? 900 : 62));
    LLVMValueRef args[2] = { v, lf_pow2(f, (i32)fraction_bits) };
    return lf_op(f, "fmul", args, 2, true);
}

/* The number to convert, or NULL: by the reference. */
static LLVMValueRef begin_to_int(struct lf *f, struct lb *l, u32 i, u32 *to)
{
    const struct ir_ins *in = lb_ins(l, i);
    *to = ir_bits((enum ir_type)(in->lane == IR_VOID ? in->type : in->lane));
    if (!lf_rounds(in->imm & 7) || *to < 32 || !lf_begin_arm(f, l, i, 0))
        return NULL;
    return in->imm >> 3 ? scale(f, f->s[0], (u32)(in->imm >> 3)) : f->s[0];
}

LLVMValueRef llvm_row_ftos(struct lb *l, u32 i)
{
    struct lf f;
    u32 to, rm = lb_ins(l, i)->imm & 7;
    bool direct = rm == FP_RZ || rm == 7;
    LLVMValueRef s = begin_to_int(&f, l, i, &to);
    if (!s)
        return lb_eval(l, i);
    LLVMValueRef r = to_int(&f, direct ? s : lf_round(&f, s, rm, false), to, rm != 7);
    lf_leave(&f, LLVMBuildICmp(l->b, LLVMIntEQ, r, lb_const(l, LLVMTypeOf(r), 1ull << (to - 1)), ""));
    if (!direct)
        lf_inexact(&f, s);
    return lf_done(&f, r);
}

LLVMValueRef llvm_vrow_ftos(struct lb *l, u32 i) { return llvm_row_ftos(l, i); }

/* As a signed number of 64 bits. */
static LLVMValueRef to_u32(struct lf *f, LLVMValueRef v)
{
    LLVMBuilderRef b = f->l->b;
    LLVMTypeRef wide = f->l->type[IR_I64];
    LLVMValueRef n = to_int(f, v, 64, true);
    lf_leave(f, LLVMBuildICmp(b, LLVMIntUGT, n, LLVMConstInt(wide, 0xffffffff, false), ""));
    return LLVMBuildTrunc(b, n, f->l->type[IR_I32], "");
}

/* The number less its top bit fits a signed one; the difference is exact. */
static LLVMValueRef to_unsigned(struct lf *f, LLVMValueRef v, u32 to)
{
    LLVMBuilderRef b = f->l->b;
    lf_leave(f, lf_reaches(f, v, (i32)to));
    LLVMValueRef top = LLVMBuildICmp(b, LLVMIntSGE, lf_bits(f, v), lf_pow2_int(f, (i32)to - 1), "");
    LLVMValueRef less[2] = { v, LLVMBuildSelect(b, top, lf_pow2(f, (i32)to - 1), LLVMConstNull(f->ft), "") };
    LLVMValueRef r = to_int(f, lf_op(f, "fsub", less, 2, true), to, true);
    LLVMTypeRef t = LLVMTypeOf(r);
    lf_leave(f, LLVMBuildICmp(b, LLVMIntSLT, r, LLVMConstNull(t), ""));
    LLVMValueRef bit = LLVMBuildSelect(b, top, lb_const(f->l, t, 1ull << (to - 1)), LLVMConstNull(t), "");
    return LLVMBuildOr(b, r, bit, "");
}

LLVMValueRef llvm_row_ftou(struct lb *l, u32 i)
{
    struct lf f;
    u32 to;
    LLVMValueRef s = begin_to_int(&f, l, i, &to);
    if (!s)
        return lb_eval(l, i);
    LLVMValueRef v = lf_round(&f, s, lb_ins(l, i)->imm & 7, false);
    LLVMValueRef r = !f.packed && to == 32 ? to_u32(&f, v) : to_unsigned(&f, v, to);
    lf_inexact(&f, s);
    return lf_done(&f, r);
}

LLVMValueRef llvm_vrow_ftou(struct lb *l, u32 i) { return llvm_row_ftou(l, i); }

/* x86's own conversion has the host's answers; the other rounding modes do not occur. */
LLVMValueRef llvm_row_ftosx(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    struct lf f;
    u32 rm = in->imm & 7, to = ir_bits((enum ir_type)(in->lane == IR_VOID ? in->type : in->lane));
    if ((rm != FP_RZ && rm != 7) || to < 32 || !lf_begin(&f, l, i, 0))
        return lb_eval(l, i);
    return lf_done(&f, to_int(&f, f.s[0], to, rm == FP_RZ));
}

LLVMValueRef llvm_vrow_ftosx(struct lb *l, u32 i) { return llvm_row_ftosx(l, i); }
