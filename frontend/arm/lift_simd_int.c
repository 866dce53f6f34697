/*
 * lift_simd_int.c - A64 Advanced SIMD integer arithmetic on lanes of one width.
 *
 * Arm ARM DDI 0487, C7.2: three same, two-register miscellaneous, pairwise, across lanes, dot product, and
 * their forms by element and scalar.
 */
#include "frontend/arm/lift_simd.h"

/* rd = x op y, then accumulated. */
static void binary(struct a64_lift *l, struct a64_lanes s, enum ir_op op, bool qc, u32 acc, u32 rd, ir_ref x,
                   ir_ref y)
{
    ir_ref r = ir_vop2(l->b, op, s.lane, x, y);
    ir_ref flag = qc ? a64_qc(l, a64_saturated(l, op, s.lane, r, x, y)) : IR_NONE;
    a64_lanes_out(l, s, rd, a64_accumulate(l, s.lane, acc, rd, r));
    a64_set_qc(l, flag);
}

/* ADD, SUB, MUL, MLA, MLS, PMUL, halving, saturating, absolute difference, min, max, register shifts. */
bool a64_simd_3same_int(struct a64_lift *l, const struct a64_simd_3same_int *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_in(l, s, in->rm);
    binary(l, s, (enum ir_op)in->op, in->qc, in->acc, in->rd, x, y);
    return true;
}

/* MUL, MLA, MLS, SQDMULH, SQRDMULH (by element). */
bool a64_simd_elem_int(struct a64_lift *l, const struct a64_simd_elem_int *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_indexed(l, s, in->h, in->l, in->m, in->rm);
    binary(l, s, (enum ir_op)in->op, in->qc, in->acc, in->rd, x, y);
    return true;
}

/* One half of SQRDMLAH's sum before its saturation, in lanes twice as wide, compared with the result. It cannot
 * overflow there: acc * 2^(n-1) is from -2^(2n-2) to 2^(2n-2) - 2^(n-1), the product at most 2^(2n-2) either way,
 * the rounding constant 2^(n-2). */
static ir_ref sqrdmlah_half(struct a64_lift *l, enum ir_op op, enum ir_type lane, u32 half, ir_ref acc, ir_ref x,
                            ir_ref y, ir_ref result)
{
    struct ir_block *b = l->b;
    enum ir_type w = (enum ir_type)(lane + 1);
    u32 bits = ir_bits(lane);
    ir_ref v[4] = { acc, x, y, result };
    for (u32 i = 0; i < 4; i++)
        v[i] = ir_opx(b, IR_vsxtl, IR_V128, w, 0, half, v[i], IR_NONE, IR_NONE);
    ir_ref shift = a64_splat(l, w, bits - 1);
    ir_ref sum = ir_vop2(b, op == IR_sqrdmlsh ? IR_sub : IR_add, w, ir_vop2(b, IR_shl, w, v[0], shift),
                         ir_vop2(b, IR_mul, w, v[1], v[2]));
    sum = ir_vop2(b, IR_add, w, sum, a64_splat(l, w, 1ull << (bits - 2)));
    return ir_op2(b, IR_xor, v[3], ir_vop2(b, IR_sar, w, sum, shift));
}

static void sqrdmlah(struct a64_lift *l, struct a64_lanes s, enum ir_op op, u32 rd, ir_ref x, ir_ref y)
{
    ir_ref acc = a64_lanes_in(l, s, rd);
    ir_ref r = ir_vop3(l->b, op, s.lane, acc, x, y);
    ir_ref sat = sqrdmlah_half(l, op, s.lane, 0, acc, x, y, r);
    if (s.q)
        sat = ir_op2(l->b, IR_or, sat, sqrdmlah_half(l, op, s.lane, 1, acc, x, y, r));
    ir_ref qc = a64_qc(l, sat);
    a64_lanes_out(l, s, rd, r);
    a64_set_qc(l, qc);
}

/* SQRDMLAH, SQRDMLSH. */
bool a64_simd_sqrdmlah(struct a64_lift *l, const struct a64_simd_sqrdmlah *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_in(l, s, in->rm);
    sqrdmlah(l, s, (enum ir_op)in->op, in->rd, x, y);
    return true;
}

bool a64_simd_elem_sqrdmlah(struct a64_lift *l, const struct a64_simd_elem_sqrdmlah *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), y = a64_lanes_indexed(l, s, in->h, in->l, in->m, in->rm);
    sqrdmlah(l, s, (enum ir_op)in->op, in->rd, x, y);
    return true;
}

/* SUQADD, USQADD. */
bool a64_simd_2misc_satadd(struct a64_lift *l, const struct a64_simd_2misc_satadd *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rd), y = a64_lanes_in(l, s, in->rn);
    binary(l, s, (enum ir_op)in->op, true, 0, in->rd, x, y);
    return true;
}

/* ABS, NEG, SQABS, SQNEG, CLS, CLZ, CNT, NOT, RBIT. */
bool a64_simd_2misc_int(struct a64_lift *l, const struct a64_simd_2misc_int *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    enum ir_op op = (enum ir_op)in->op;
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), qc = IR_NONE;
    ir_ref r = ir_vop1(l->b, op, s.lane, x);
    if (in->qc)
        qc = a64_qc(l, a64_saturated(l, op, s.lane, r, x, IR_NONE));
    a64_lanes_out(l, s, in->rd, r);
    a64_set_qc(l, qc);
    return true;
}

/* CMEQ, CMGE, CMGT, CMHI, CMHS, CMLE, CMLT, CMTST. */
bool a64_simd_cmp(struct a64_lift *l, const struct a64_simd_cmp *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = in->zero ? ir_vconst(l->b, 0, 0) : a64_v(l, in->rm);
    a64_lanes_out(l, s, in->rd, ir_vop2(l->b, (enum ir_op)in->op, s.lane, in->swap ? y : x, in->swap ? x : y));
    return true;
}

/* ADDP, SMAXP, SMINP, UMAXP, UMINP. */
bool a64_simd_pairwise_int(struct a64_lift *l, const struct a64_simd_pairwise_int *in)
{
    struct a64_lanes s = { a64_int_lane(in->size), in->q, in->scalar };
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = in->scalar ? x : a64_v(l, in->rm);
    if (!in->q && !in->scalar)
        x = y = ir_op2(b, IR_vcat, x, y);
    ir_ref even = ir_vop2(b, IR_uzp1, s.lane, x, y), odd = ir_vop2(b, IR_uzp2, s.lane, x, y);
    a64_lanes_out(l, s, in->rd, ir_vop2(b, (enum ir_op)in->op, s.lane, even, odd));
    return true;
}

/* SADDLP, SADALP, UADDLP, UADALP: even lanes are the low halves of the wide ones. */
bool a64_simd_addlp(struct a64_lift *l, const struct a64_simd_addlp *in)
{
    enum ir_type w = a64_int_lane(in->size + 1);
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    enum ir_op right = in->sign ? IR_sar : IR_shr;
    ir_ref x = a64_v(l, in->rn), half = a64_splat(l, w, 8u << in->size);
    ir_ref even = ir_vop2(b, right, w, ir_vop2(b, IR_shl, w, x, half), half);
    ir_ref sum = ir_vop2(b, IR_add, w, even, ir_vop2(b, right, w, x, half));
    a64_set_vq(l, in->rd, in->q, a64_accumulate(l, w, in->acc, in->rd, sum));
    return true;
}

/* ADDV, SMAXV, SMINV, UMAXV, UMINV. */
bool a64_simd_across_int(struct a64_lift *l, const struct a64_simd_across_int *in)
{
    enum ir_type lane = a64_int_lane(in->size);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn);
    if (!in->q) /* idle lanes count too: zeros for the sum, repeated ones for the others */
        x = in->op == IR_vaddv ? ir_op1(l->b, IR_vlow, x) : ir_op2(l->b, IR_vcat, x, x);
    a64_set_vs(l, in->rd, ir_opx(l->b, (enum ir_op)in->op, lane, lane, 0, 0, x, IR_NONE, IR_NONE));
    return true;
}

/* SADDLV, UADDLV. */
bool a64_simd_across_long(struct a64_lift *l, const struct a64_simd_across_long *in)
{
    enum ir_type w = a64_int_lane(in->size + 1);
    enum ir_op xtl = in->sign ? IR_vsxtl : IR_vuxtl;
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn);
    ir_ref sum = ir_opx(b, xtl, IR_V128, w, 0, 0, x, IR_NONE, IR_NONE);
    if (in->q)
        sum = ir_vop2(b, IR_add, w, sum, ir_opx(b, xtl, IR_V128, w, 0, 1, x, IR_NONE, IR_NONE));
    a64_set_vs(l, in->rd, ir_opx(b, IR_vaddv, w, w, 0, 0, sum, IR_NONE, IR_NONE));
    return true;
}

/* SDOT, UDOT. */
bool a64_simd_dot(struct a64_lift *l, const struct a64_simd_dot *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = a64_v(l, in->rm);
    a64_set_vq(l, in->rd, in->q, ir_op3(l->b, (enum ir_op)in->op, a64_v(l, in->rd), x, y));
    return true;
}

bool a64_simd_elem_dot(struct a64_lift *l, const struct a64_simd_elem_dot *in)
{
    struct a64_lanes s = { IR_I32, in->q, 0 };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = a64_lanes_indexed(l, s, in->h, in->l, in->m, in->rm);
    a64_set_vq(l, in->rd, in->q, ir_op3(l->b, (enum ir_op)in->op, a64_v(l, in->rd), x, y));
    return true;
}

/* URECPE, URSQRTE. */
bool a64_simd_uestimate(struct a64_lift *l, const struct a64_simd_uestimate *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_vq(l, in->rd, in->q, ir_vop1(l->b, (enum ir_op)in->op, IR_I32, a64_v(l, in->rn)));
    return true;
}
