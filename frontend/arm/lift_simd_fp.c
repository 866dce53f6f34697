/*
 * lift_simd_fp.c - A64 Advanced SIMD floating-point, vector, by element and scalar.
 *
 * Arm ARM DDI 0487, C7.2; what the operations do is ir/fp.h. Flags are raised by exactly the lanes that a form
 * has (lift_simd.h). Not modelled: half precision arithmetic (FEAT_FP16). Conversions: lift_fp_cvt.c.
 */
#include "frontend/arm/lift_simd.h"

/* FADD to FSUB, FMAX to FMINNM, FMUL, FMULX, FRECPS, FRSQRTS. */
bool a64_simd_3same_fp(struct a64_lift *l, const struct a64_simd_3same_fp *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_in(l, s, in->rm);
    a64_lanes_out(l, s, in->rd, ir_vop2(l->b, (enum ir_op)in->op, s.lane, x, y));
    return true;
}

/* FMUL, FMULX (by element). */
bool a64_simd_elem_fp(struct a64_lift *l, const struct a64_simd_elem_fp *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_indexed(l, s, in->h, in->l, in->m, in->rm);
    a64_lanes_out(l, s, in->rd, ir_vop2(l->b, (enum ir_op)in->op, s.lane, x, y));
    return true;
}

static void fused(struct a64_lift *l, struct a64_lanes s, bool neg, u32 rd, ir_ref x, ir_ref y)
{
    if (neg)
        x = ir_vop1(l->b, IR_fneg, s.lane, x);
    a64_lanes_out(l, s, rd, ir_vop3(l->b, IR_fma, s.lane, x, y, a64_lanes_in(l, s, rd)));
}

/* FMLA, FMLS. */
bool a64_simd_fma(struct a64_lift *l, const struct a64_simd_fma *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, 0 };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_in(l, s, in->rm);
    fused(l, s, in->neg, in->rd, x, y);
    return true;
}

bool a64_simd_elem_fma(struct a64_lift *l, const struct a64_simd_elem_fma *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_indexed(l, s, in->h, in->l, in->m, in->rm);
    fused(l, s, in->neg, in->rd, x, y);
    return true;
}

bool a64_simd_fabd(struct a64_lift *l, const struct a64_simd_fabd *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_in(l, s, in->rm);
    ir_ref r = ir_vop2(l->b, IR_fsub, s.lane, x, y);
    a64_lanes_out(l, s, in->rd, ir_vop1(l->b, IR_fabs, s.lane, r));
    return true;
}

/* FCMEQ, FCMGE, FCMGT, FCMLE, FCMLT, FACGE, FACGT. */
bool a64_simd_fcmp(struct a64_lift *l, const struct a64_simd_fcmp *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = in->zero ? a64_lanes_const(l, s, 0) : a64_lanes_in(l, s, in->rm);
    a64_lanes_out(l, s, in->rd, ir_vop2(l->b, (enum ir_op)in->op, s.lane, in->swap ? y : x, in->swap ? x : y));
    return true;
}

/* FABS, FNEG, FSQRT, FRINTA to FRINTZ, FRECPE, FRECPX, FRSQRTE. */
bool a64_simd_2misc_fp(struct a64_lift *l, const struct a64_simd_2misc_fp *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), r;
    if (in->op == IR_frint)
        r = ir_opx(l->b, IR_frint, IR_V128, s.lane, in->exact, in->round, x, IR_NONE, IR_NONE);
    else
        r = ir_vop1(l->b, (enum ir_op)in->op, s.lane, x);
    a64_lanes_out(l, s, in->rd, r);
    return true;
}

/* FADDP, FMAXP, FMAXNMP, FMINP, FMINNMP. The short forms get each pair twice, which raises nothing new. */
bool a64_simd_pairwise_fp(struct a64_lift *l, const struct a64_simd_pairwise_fp *in)
{
    struct a64_lanes s = { a64_fp_lane(in->sz), in->q, in->scalar };
    struct ir_block *b = l->b;
    ir_ref even, odd;
    if (!a64_fp_ok(l))
        return true;
    if (in->scalar) {
        even = a64_lanes_elem(l, s, in->rn, 0);
        odd = a64_lanes_elem(l, s, in->rn, 1);
    } else {
        ir_ref x = a64_v(l, in->rn), y = a64_v(l, in->rm);
        if (!in->q)
            x = y = ir_op2(b, IR_vcat, x, y);
        even = ir_vop2(b, IR_uzp1, s.lane, x, y);
        odd = ir_vop2(b, IR_uzp2, s.lane, x, y);
    }
    a64_lanes_out(l, s, in->rd, ir_vop2(b, (enum ir_op)in->op, s.lane, even, odd));
    return true;
}

/* FMAXV, FMAXNMV, FMINV, FMINNMV: Reduce() (shared/functions/vector) halves the vector again and again. */
bool a64_simd_across_fp(struct a64_lift *l, const struct a64_simd_across_fp *in)
{
    struct a64_lanes s = { IR_F32, 1, 1 };
    enum ir_op op = (enum ir_op)in->op;
    ir_ref x[4];
    if (!a64_fp_ok(l))
        return true;
    for (u32 i = 0; i < 4; i++)
        x[i] = a64_lanes_elem(l, s, in->rn, i);
    ir_ref lo = ir_op2(l->b, op, x[0], x[1]), hi = ir_op2(l->b, op, x[2], x[3]);
    a64_set_vs(l, in->rd, ir_op2(l->b, op, lo, hi));
    return true;
}
