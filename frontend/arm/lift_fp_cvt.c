/*
 * lift_fp_cvt.c - A64 floating-point conversions: to and from integers, fixed point and other formats.
 *
 * Arm ARM DDI 0487, C7.2 FCVT, FCVTAS to FCVTZU, SCVTF, UCVTF, FCVTL, FCVTN, FCVTXN. Not modelled: half
 * precision lanes of SCVTF and the like (FEAT_FP16), FJCVTZS.
 */
#include "frontend/arm/lift_simd.h"

/* IR_ftos, IR_ftou, IR_stof, IR_utof: rounding and fraction bits. 7: FPCR's rounding. */
static u64 rounding(u32 round, u32 fraction_bits)
{
    return round | (u64)fraction_bits << 3;
}

static ir_ref convert(struct a64_lift *l, enum ir_op op, enum ir_type to, enum ir_type lane, u64 imm, ir_ref x)
{
    return ir_opx(l->b, op, to, lane, 0, imm, x, IR_NONE, IR_NONE);
}

/* ---- scalar, general registers ---- */

bool a64_fp_to_int(struct a64_lift *l, const struct a64_fp_to_int *in)
{
    u64 imm = rounding(in->round, in->fixed ? 64 - in->scale : 0);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_vs(l, a64_fp_lane(in->sz), in->rn);
    a64_set_x(l, in->rd, convert(l, in->sign ? IR_ftos : IR_ftou, a64_ity(in->sf), IR_VOID, imm, x));
    return true;
}

bool a64_int_to_fp(struct a64_lift *l, const struct a64_int_to_fp *in)
{
    u64 imm = rounding(7, in->fixed ? 64 - in->scale : 0);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_x(l, in->sf, in->rn);
    a64_set_vs(l, in->rd, convert(l, in->sign ? IR_stof : IR_utof, a64_fp_lane(in->sz), IR_VOID, imm, x));
    return true;
}

/* FCVT: 0 single, 1 double, 3 half. */
bool a64_fp_cvt(struct a64_lift *l, const struct a64_fp_cvt *in)
{
    static const u8 types[4] = { IR_F32, IR_F64, IR_VOID, IR_F16 };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_vs(l, (enum ir_type)types[in->from], in->rn);
    a64_set_vs(l, in->rd, ir_conv(l->b, IR_fcvt, (enum ir_type)types[in->to], x));
    return true;
}

/* ---- lanes of one width ---- */

/* Lane and fraction bits of the fixed-point forms from immh:immb, else from sz. */
static enum ir_type fixed_lane(u32 fixed, u32 imm, u32 sz, u32 *fraction_bits)
{
    *fraction_bits = 0;
    if (!fixed)
        return a64_fp_lane(sz);
    *fraction_bits = (imm >= 64 ? 128 : 64) - imm;
    return a64_fp_lane(imm >= 64);
}

static enum ir_type int_of(enum ir_type lane) { return lane == IR_F64 ? IR_I64 : IR_I32; }

bool a64_simd_fp_to_int(struct a64_lift *l, const struct a64_simd_fp_to_int *in)
{
    enum ir_op op = in->sign ? IR_ftos : IR_ftou;
    u32 bits;
    struct a64_lanes s = { fixed_lane(in->fixed, in->imm, in->sz, &bits), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn);
    enum ir_type to = in->scalar ? int_of(s.lane) : IR_V128, lane = in->scalar ? IR_VOID : s.lane;
    a64_lanes_out(l, s, in->rd, convert(l, op, to, lane, rounding(in->round, bits), x));
    return true;
}

bool a64_simd_int_to_fp(struct a64_lift *l, const struct a64_simd_int_to_fp *in)
{
    enum ir_op op = in->sign ? IR_stof : IR_utof;
    u32 bits;
    struct a64_lanes s = { fixed_lane(in->fixed, in->imm, in->sz, &bits), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = in->scalar ? a64_vs(l, int_of(s.lane), in->rn) : a64_lanes_in(l, s, in->rn);
    enum ir_type to = in->scalar ? s.lane : IR_V128, lane = in->scalar ? IR_VOID : int_of(s.lane);
    a64_lanes_out(l, s, in->rd, convert(l, op, to, lane, rounding(7, bits), x));
    return true;
}

/* ---- lanes of double or half width ---- */

bool a64_simd_fcvtl(struct a64_lift *l, const struct a64_simd_fcvtl *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_v(l, in->rd, convert(l, IR_vfcvtl, IR_V128, a64_fp_lane(in->sz), in->q, a64_v(l, in->rn)));
    return true;
}

bool a64_simd_fcvtn(struct a64_lift *l, const struct a64_simd_fcvtn *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_narrow(l, in->rd, in->q, convert(l, IR_vfcvtn, IR_V128, a64_fp_lane(in->sz), 0, a64_v(l, in->rn)));
    return true;
}

/* FCVTXN. The scalar form has zero in the other lane, which converts exactly. */
bool a64_simd_fcvtxn(struct a64_lift *l, const struct a64_simd_fcvtxn *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn);
    if (in->scalar)
        x = ir_op1(l->b, IR_vlow, x);
    x = ir_opx(l->b, IR_vfcvtn, IR_V128, IR_F64, 1, 0, x, IR_NONE, IR_NONE);
    a64_set_narrow(l, in->rd, in->q, x);
    return true;
}
