/*
 * fp_convert.c - FP conversions between formats and from integers, scalar and lanewise.
 *
 * Intel SDM volume 2, CVTSS2SD, CVTSD2SS, VCVTPH2PS, VCVTPS2PH, CVTSI2SS, CVTDQ2PS; Arm ARM DDI 0487, FPConvert,
 * FixedToFP. By the reference always: f80; f16 but to and from f32 and from f16 to f64; rounding to odd.
 */
#include "backend/jit/llvm/fp_row.h"

/* ---- between formats ---- */

static LLVMTypeRef type_of(struct lf *f, LLVMTypeRef number, u32 n)
{
    return f->packed ? LLVMVectorType(number, n) : number;
}

/* f32 to f64; then the numbers are those. */
static LLVMValueRef widen(struct lf *f, LLVMValueRef v)
{
    lf_shape(f, 64, f->n);
    return lf_convert(f, "fpext", f->ft, v, false);
}

static LLVMValueRef narrow(struct lf *f, LLVMValueRef v)
{
    lf_shape(f, 32, f->n);
    return lf_convert(f, "fptrunc", f->ft, v, true);
}

/* Four or eight at once. */
static LLVMValueRef from_halves(struct lf *f, LLVMValueRef words)
{
    u32 n = LLVMGetVectorSize(LLVMTypeOf(words));
    LLVMTypeRef half = LLVMVectorType(LLVMHalfTypeInContext(f->l->c), n);
    LLVMValueRef v = LLVMBuildBitCast(f->l->b, words, half, "");
    return lf_convert(f, "fpext", LLVMVectorType(f->l->type[IR_F32], n), v, false);
}

/* Four floats to four f16 and zeros above, by MXCSR's rounding mode. */
static LLVMValueRef to_halves(struct lf *f, LLVMValueRef v)
{
    LLVMValueRef args[2] = { lf_pin(f, v), LLVMConstInt(f->l->type[IR_I32], 4, false) };
    return lf_pin(f, lf_host(f, "llvm.x86.vcvtps2ph.128", args, 2));
}

/* lf_check() of lanes of f16: NaNs and the smallest normal. */
static void check_halves(struct lf *f, LLVMValueRef v)
{
    LLVMBuilderRef b = f->l->b;
    LLVMTypeRef t = LLVMTypeOf(v);
    if (f->l->fp_x86)
        return;
    LLVMValueRef magnitude = LLVMBuildAnd(b, v, lb_const(f->l, t, 0x7fff), "");
    LLVMValueRef least = LLVMBuildICmp(b, LLVMIntEQ, magnitude, lb_const(f->l, t, 0x0400), "");
    LLVMValueRef nan = LLVMBuildICmp(b, LLVMIntSGT, magnitude, lb_const(f->l, t, 0x7c00), "");
    lf_leave(f, LLVMBuildOr(b, least, nan, ""));
}

/* The host converts four at once: the others are zeros. */
static LLVMValueRef scalar_from_half(struct lb *l, u32 i, u32 to)
{
    struct lf f = { .l = l, .i = i };
    if (!lb_fp_plain(l) || !(l->features & XF_F16C))
        return lb_eval(l, i);
    lf_shape(&f, 32, 1);
    LLVMValueRef four = lf_to_lane0(&f, lb_arg(l, i, 0), true), v = lf_lane(&f, from_halves(&f, four), 0);
    if (to == 64)
        v = widen(&f, v);
    lf_check(&f, v, false);
    return lf_done(&f, v);
}

static LLVMValueRef scalar_to_half(struct lb *l, u32 i)
{
    struct lf f;
    if (!lf_begin(&f, l, i, XF_F16C))
        return lb_eval(l, i);
    LLVMValueRef v = to_halves(&f, lf_to_lane0(&f, f.s[0], true));
    v = lf_lane(&f, v, 0);
    check_halves(&f, v);
    return lf_done(&f, v);
}

static LLVMValueRef scalar_float(struct lb *l, u32 i, bool wider)
{
    struct lf f;
    if (!lf_begin(&f, l, i, 0))
        return lb_eval(l, i);
    LLVMValueRef v = wider ? widen(&f, f.s[0]) : narrow(&f, f.s[0]);
    lf_check(&f, v, !wider);
    return lf_done(&f, v);
}

LLVMValueRef llvm_row_fcvt(struct lb *l, u32 i)
{
    u32 from = lb_ins(l, i)->src, to = lb_ins(l, i)->type;
    if ((from == IR_F32 && to == IR_F64) || (from == IR_F64 && to == IR_F32))
        return scalar_float(l, i, to == IR_F64);
    if (from == IR_F32 && to == IR_F16)
        return scalar_to_half(l, i);
    if (from == IR_F16 && (to == IR_F32 || to == IR_F64))
        return scalar_from_half(l, i, ir_bits((enum ir_type)to));
    return lb_eval(l, i);
}

/* ---- lanes of twice and half the width ---- */

/* Numbers of the row's lane type by the operand's half-width lanes: of each 128 bits the low or high half. */
static LLVMValueRef half_of_each(struct lf *f, LLVMValueRef v, u32 high)
{
    u32 lanes[16], each = 128 / f->bits;
    for (u32 k = 0; k < f->n; k++)
        lanes[k] = k / each * 2 * each + k % each + high * each;
    return lf_shuffle(f, v, lanes, f->n);
}

/* The way back: into the low half of each 128 bits, zeros above. v holds n lanes, `each` for 128 bits. */
static LLVMValueRef into_low_halves(struct lf *f, LLVMValueRef v, u32 n, u32 each)
{
    u32 lanes[32];
    for (u32 k = 0; k < 2 * n; k++) {
        u32 at = k % (2 * each);
        lanes[k] = at < each ? k / (2 * each) * each + at : n;
    }
    return lf_shuffle(f, v, lanes, 2 * n);
}

static LLVMTypeRef narrow_lanes(struct lf *f)
{
    return type_of(f, f->l->type[f->bits == 64 ? IR_F32 : IR_I16], 2 * f->n);
}

/* lf_begin() with the operand, whose lanes are not those of the row, as it is. */
static bool begin_fcvt(struct lf *f, struct lb *l, u32 i)
{
    return lf_begin(f, l, i, lb_ins(l, i)->lane == IR_F32 ? XF_F16C : 0);
}

LLVMValueRef llvm_row_vfcvtl(struct lb *l, u32 i)
{
    struct lf f;
    if (!begin_fcvt(&f, l, i))
        return lb_eval(l, i);
    LLVMValueRef v = LLVMBuildBitCast(l->b, lb_arg(l, i, 0), narrow_lanes(&f), "");
    v = half_of_each(&f, v, (u32)lb_ins(l, i)->imm);
    v = f.bits == 64 ? widen(&f, v) : from_halves(&f, v);
    lf_check(&f, v, false);
    return lf_done(&f, v);
}

static LLVMValueRef lanes_to_half(struct lf *f)
{
    LLVMValueRef v = to_halves(f, f->n == 4 ? f->s[0] : lf_half(f, f->s[0], 0));
    if (f->n == 8)
        v = lf_cat(f, v, to_halves(f, lf_half(f, f->s[0], 1)));
    check_halves(f, v);
    return lf_done(f, v);
}

LLVMValueRef llvm_row_vfcvtn(struct lb *l, u32 i)
{
    struct lf f;
    if (lb_ins(l, i)->flag || !begin_fcvt(&f, l, i))
        return lb_eval(l, i);
    if (f.bits == 32)
        return lanes_to_half(&f);
    LLVMValueRef v = narrow(&f, f.s[0]);
    lf_check(&f, v, true);
    return lf_done(&f, into_low_halves(&f, v, f.n, 2));
}

/* ---- from integers ---- */

/* f: of the result. False: by the reference. */
static bool begin_from_int(struct lf *f, struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    bool packed = in->lane != IR_VOID;
    u32 bits = packed ? ir_bits((enum ir_type)in->lane) : ir_bits((enum ir_type)in->type);
    if (!lb_fp_plain(l) || (packed ? bits < 32 : in->type != IR_F32 && in->type != IR_F64))
        return false;
    *f = (struct lf){ .l = l, .i = i, .packed = packed };
    lf_shape(f, bits, packed ? ir_bits((enum ir_type)in->src) / bits : 1);
    f->s[0] = packed ? lb_arg_lanes(l, i, 0) : lb_arg(l, i, 0);
    return true;
}

static LLVMValueRef from_signed(struct lf *f, LLVMValueRef v) { return lf_convert(f, "sitofp", f->ft, v, true); }

/* 64 bits: halved with the lost bit kept, rounded once, doubled exactly. */
static LLVMValueRef from_u64(struct lf *f, LLVMValueRef s)
{
    LLVMBuilderRef b = f->l->b;
    LLVMTypeRef t = LLVMTypeOf(s);
    LLVMValueRef one = LLVMConstInt(t, 1, false), large = LLVMBuildICmp(b, LLVMIntSLT, s, LLVMConstNull(t), "");
    LLVMValueRef half = LLVMBuildOr(b, LLVMBuildLShr(b, s, one, ""), LLVMBuildAnd(b, s, one, ""), "");
    LLVMValueRef v = from_signed(f, LLVMBuildSelect(b, large, half, s, "")), twice[2] = { v, v };
    return LLVMBuildSelect(b, large, lf_op(f, "fadd", twice, 2, true), v, "");
}

static LLVMValueRef from_scalar(struct lf *f, LLVMValueRef s, bool is_signed)
{
    u32 bits = LLVMGetIntTypeWidth(LLVMTypeOf(s));
    if (is_signed)
        return from_signed(f, bits < 32 ? LLVMBuildSExt(f->l->b, s, f->l->type[IR_I32], "") : s);
    if (bits == 64)
        return from_u64(f, s);
    return from_signed(f, LLVMBuildZExt(f->l->b, s, f->l->type[bits < 32 ? IR_I32 : IR_I64], ""));
}

/* Upper and lower half apart, both exact; their sum rounds once. */
static LLVMValueRef from_u32_lanes(struct lf *f, LLVMValueRef s)
{
    LLVMBuilderRef b = f->l->b;
    LLVMValueRef high = from_signed(f, LLVMBuildLShr(b, s, lf_int(f, 16), ""));
    LLVMValueRef low = from_signed(f, LLVMBuildAnd(b, s, lf_int(f, 0xffff), ""));
    LLVMValueRef up[2] = { high, lf_pow2(f, 16) }, sum[2] = { low, lf_op(f, "fmul", up, 2, true) };
    return lf_op(f, "fadd", sum, 2, true);
}

/* The same as fractions of 2^84 (upper half; a signed one moved up by 2^31) and 2^52, less these: the difference is
 * exact. Towards minus infinity the sum for 0 is -0; but the sign is always that of the integer. */
static LLVMValueRef from_64_lanes(struct lf *f, LLVMValueRef s, bool is_signed)
{
    LLVMBuilderRef b = f->l->b;
    const u64 moved = is_signed ? 1u << 31 : 0, two84 = lf_pow2_bits(64, 84) | moved, sign = lf_sign(f);
    LLVMValueRef high = LLVMBuildXor(b, LLVMBuildLShr(b, s, lf_int(f, 32), ""), lf_int(f, two84), "");
    LLVMValueRef low = LLVMBuildAnd(b, s, lf_int(f, 0xffffffff), "");
    low = LLVMBuildOr(b, low, lf_pow2_int(f, 52), "");
    /* 2^84 (+ 2^63) + 2^52 */
    LLVMValueRef less[2] = { lf_number(f, high), lf_number(f, lf_int(f, two84 | 1u << 20)) };
    LLVMValueRef sum[2] = { lf_number(f, low), lf_op(f, "fsub", less, 2, true) };
    LLVMValueRef v = LLVMBuildAnd(b, lf_bits(f, lf_op(f, "fadd", sum, 2, true)), lf_int(f, sign - 1), "");
    if (is_signed)
        v = LLVMBuildOr(b, v, LLVMBuildAnd(b, s, lf_int(f, sign), ""), "");
    return lf_number(f, v);
}

static LLVMValueRef from_lanes(struct lf *f, LLVMValueRef s, bool is_signed)
{
    if (f->bits == 64)
        return from_64_lanes(f, s, is_signed);
    return is_signed ? from_signed(f, s) : from_u32_lanes(f, s);
}

/* A power of two divides exactly: 2^-64 is far from the smallest normal. */
static LLVMValueRef from_int(struct lb *l, u32 i, bool is_signed)
{
    struct lf f;
    u32 fraction_bits = (u32)(lb_ins(l, i)->imm >> 3);
    if (!begin_from_int(&f, l, i))
        return lb_eval(l, i);
    LLVMValueRef v = f.packed ? from_lanes(&f, f.s[0], is_signed) : from_scalar(&f, f.s[0], is_signed);
    LLVMValueRef args[2] = { v, lf_pow2(&f, -(i32)fraction_bits) };
    return lf_done(&f, fraction_bits ? lf_op(&f, "fmul", args, 2, true) : v);
}

LLVMValueRef llvm_row_stof(struct lb *l, u32 i) { return from_int(l, i, true); }
LLVMValueRef llvm_vrow_stof(struct lb *l, u32 i) { return from_int(l, i, true); }
LLVMValueRef llvm_row_utof(struct lb *l, u32 i) { return from_int(l, i, false); }
LLVMValueRef llvm_vrow_utof(struct lb *l, u32 i) { return from_int(l, i, false); }
