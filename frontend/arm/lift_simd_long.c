/*
 * lift_simd_long.c - A64 Advanced SIMD three different: operands or results of twice or half the width.
 *
 * Arm ARM DDI 0487, C7.2 SADDL to UMULL, SQDMLAL to SQDMULL, ADDHN to RSUBHN, PMULL, and the forms by element.
 */
#include "frontend/arm/lift_simd.h"

static ir_ref widen(struct a64_lift *l, bool sign, enum ir_type w, u32 half, ir_ref x)
{
    return ir_opx(l->b, sign ? IR_vsxtl : IR_vuxtl, IR_V128, w, 0, half, x, IR_NONE, IR_NONE);
}

/* SADDL, SADDW, SSUBL, SSUBW, SABAL, SABDL, SMLAL, SMLSL, SMULL and the unsigned ones. */
bool a64_simd_3diff_long(struct a64_lift *l, const struct a64_simd_3diff_long *in)
{
    enum ir_type w = a64_int_lane(in->size + 1);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = widen(l, in->sign, w, in->q, a64_v(l, in->rm));
    if (!in->wide)
        x = widen(l, in->sign, w, in->q, x);
    ir_ref r = ir_vop2(l->b, (enum ir_op)in->op, w, x, y);
    a64_set_v(l, in->rd, a64_accumulate(l, w, in->acc, in->rd, r));
    return true;
}

/* SMLAL, SMLSL, SMULL, UMLAL, UMLSL, UMULL (by element). */
bool a64_simd_elem_long(struct a64_lift *l, const struct a64_simd_elem_long *in)
{
    struct a64_lanes n = { a64_int_lane(in->size), 1, 0 };
    enum ir_type w = a64_int_lane(in->size + 1);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = widen(l, in->sign, w, in->q, a64_v(l, in->rn));
    ir_ref y = widen(l, in->sign, w, 0, a64_lanes_indexed(l, n, in->h, in->l, in->m, in->rm));
    a64_set_v(l, in->rd, a64_accumulate(l, w, in->acc, in->rd, ir_vop2(l->b, IR_mul, w, x, y)));
    return true;
}

/* Saturating x op y in lanes of s; what saturated is ORed into *sat. */
static ir_ref saturating(struct a64_lift *l, enum ir_op op, struct a64_lanes s, ir_ref x, ir_ref y, ir_ref *sat)
{
    ir_ref r = ir_vop2(l->b, op, s.lane, x, y);
    ir_ref now = a64_saturated(l, op, s.lane, r, x, y);
    *sat = *sat == IR_NONE ? now : ir_op2(l->b, IR_or, *sat, now);
    return r;
}

/* Half `half` of x times half `y_half` of y, both narrow. 2xy overflows only for the square of the most negative
 * number. */
static void sqdmull(struct a64_lift *l, struct a64_lanes w, u32 half, u32 y_half, u32 acc, u32 rd, ir_ref x, ir_ref y)
{
    ir_ref sat = IR_NONE;
    ir_ref p = ir_vop2(l->b, IR_mul, w.lane, widen(l, true, w.lane, half, x),
                       widen(l, true, w.lane, y_half, y));
    p = saturating(l, IR_sqadd, w, p, p, &sat);
    if (acc)
        p = saturating(l, acc == 2 ? IR_sqsub : IR_sqadd, w, a64_lanes_in(l, w, rd), p, &sat);
    ir_ref qc = a64_qc(l, sat);
    a64_lanes_out(l, w, rd, p);
    a64_set_qc(l, qc);
}

/* SQDMLAL, SQDMLSL, SQDMULL. */
bool a64_simd_sqdmull(struct a64_lift *l, const struct a64_simd_sqdmull *in)
{
    struct a64_lanes n = { a64_int_lane(in->size), 1, in->scalar };
    struct a64_lanes w = { a64_int_lane(in->size + 1), 1, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, n, in->rn), y = a64_v(l, in->rm);
    sqdmull(l, w, in->q, in->q, in->acc, in->rd, x, y);
    return true;
}

bool a64_simd_elem_sqdmull(struct a64_lift *l, const struct a64_simd_elem_sqdmull *in)
{
    struct a64_lanes n = { a64_int_lane(in->size), 1, in->scalar };
    struct a64_lanes w = { a64_int_lane(in->size + 1), 1, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, n, in->rn), y = a64_lanes_indexed(l, n, in->h, in->l, in->m, in->rm);
    sqdmull(l, w, in->q, 0, in->acc, in->rd, x, y);
    return true;
}

/* ADDHN, SUBHN, RADDHN, RSUBHN. */
bool a64_simd_3diff_narrow(struct a64_lift *l, const struct a64_simd_3diff_narrow *in)
{
    enum ir_type w = a64_int_lane(in->size + 1);
    u32 half = 8u << in->size;
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    ir_ref r = ir_vop2(b, (enum ir_op)in->op, w, a64_v(l, in->rn), a64_v(l, in->rm));
    if (in->round)
        r = ir_vop2(b, IR_add, w, r, a64_splat(l, w, 1ull << (half - 1)));
    r = ir_vop2(b, IR_shr, w, r, a64_splat(l, w, half));
    a64_set_narrow(l, in->rd, in->q, ir_vop1(b, IR_vxtn, w, r));
    return true;
}

bool a64_simd_pmull(struct a64_lift *l, const struct a64_simd_pmull *in)
{
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = a64_v(l, in->rm);
    if (in->size == 0) {
        a64_set_v(l, in->rd, ir_opx(b, IR_vpmull, IR_V128, IR_I8, 0, in->q, x, y, IR_NONE));
        return true;
    }
    x = ir_opx(b, IR_extract, IR_I64, IR_I64, 0, in->q, x, IR_NONE, IR_NONE);
    y = ir_opx(b, IR_extract, IR_I64, IR_I64, 0, in->q, y, IR_NONE, IR_NONE);
    ir_ref p = ir_opx(b, IR_clmul, IR_I128, IR_VOID, 0, 0, x, y, IR_NONE);
    a64_set_v(l, in->rd, ir_conv(b, IR_bitcast, IR_V128, p));
    return true;
}
