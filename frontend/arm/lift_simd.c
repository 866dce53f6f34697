/*
 * lift_simd.c - operands and results of the Advanced SIMD lifters as lanes; the cumulative saturation flag.
 *
 * Arm ARM DDI 0487, C7.2 and FPSR.QC.
 */
#include "frontend/arm/lift_simd.h"
#include "ir/eval_int.h"

/* Lane 0 of x with zeros above. */
static ir_ref low_lane(struct a64_lift *l, enum ir_type lane, ir_ref x)
{
    if (ir_bits(lane) == 64)
        return ir_op1(l->b, IR_vlow, x);
    return ir_op2(l->b, IR_and, x, ir_vconst(l->b, (1ull << ir_bits(lane)) - 1, 0));
}

ir_ref a64_lanes_in(struct a64_lift *l, struct a64_lanes s, u32 r)
{
    if (s.scalar && ir_is_float(s.lane))
        return a64_vs(l, s.lane, r);
    ir_ref v = a64_v(l, r);
    if (s.scalar)
        return low_lane(l, s.lane, v);
    return s.q ? v : ir_op2(l->b, IR_vcat, v, v);
}

ir_ref a64_lanes_elem(struct a64_lift *l, struct a64_lanes s, u32 r, u32 index)
{
    ir_ref x = ir_opx(l->b, IR_extract, s.lane, s.lane, 0, index, a64_v(l, r), IR_NONE, IR_NONE);
    if (s.scalar && ir_is_float(s.lane))
        return x;
    return ir_opx(l->b, IR_splat, IR_V128, s.lane, 0, 0, x, IR_NONE, IR_NONE);
}

ir_ref a64_lanes_indexed(struct a64_lift *l, struct a64_lanes s, u32 h, u32 lo, u32 m, u32 rm)
{
    switch (ir_bits(s.lane)) {
    case 16: return a64_lanes_elem(l, s, rm, h << 2 | lo << 1 | m);
    case 32: return a64_lanes_elem(l, s, m << 4 | rm, h << 1 | lo);
    default: return a64_lanes_elem(l, s, m << 4 | rm, h);
    }
}

/* Sign, NOT(b6), b6 repeated, b5:b4, fraction b3:b0. */
u64 a64_fp_expand_imm(u32 sz, u32 imm8)
{
    u64 sign = imm8 >> 7 & 1, b6 = imm8 >> 6 & 1, low6 = imm8 & 63;
    if (sz)
        return sign << 63 | (b6 ? 0xffull << 54 : 1ull << 62) | low6 << 48;
    return sign << 31 | (b6 ? 0x1full << 25 : 1ull << 30) | low6 << 19;
}

ir_ref a64_splat(struct a64_lift *l, enum ir_type lane, u64 v)
{
    u32 bits = ir_bits(lane);
    v &= ~0ull >> (64 - bits);
    for (; bits < 64; bits *= 2)
        v |= v << bits;
    return ir_vconst(l->b, v, v);
}

ir_ref a64_lanes_const(struct a64_lift *l, struct a64_lanes s, u64 v)
{
    return s.scalar && ir_is_float(s.lane) ? a64_imm(l, s.lane, v) : a64_splat(l, s.lane, v);
}

void a64_lanes_out(struct a64_lift *l, struct a64_lanes s, u32 r, ir_ref v)
{
    enum ir_type t = ir_type_of(l->b, v);
    if (t == IR_I1)
        v = ir_conv(l->b, IR_sext, ir_bits(s.lane) == 64 ? IR_I64 : IR_I32, v);
    if (!ir_is_vec(t))
        a64_set_vs(l, r, v);
    else if (s.scalar)
        a64_set_v(l, r, low_lane(l, s.lane, v));
    else
        a64_set_vq(l, r, s.q, v);
}

ir_ref a64_accumulate(struct a64_lift *l, enum ir_type lane, u32 acc, u32 rd, ir_ref x)
{
    return acc ? ir_vop2(l->b, acc == 2 ? IR_sub : IR_add, lane, a64_v(l, rd), x) : x;
}

void a64_set_narrow(struct a64_lift *l, u32 rd, u32 q, ir_ref x)
{
    a64_set_v(l, rd, q ? ir_op2(l->b, IR_vcat, a64_v(l, rd), x) : x);
}

ir_ref a64_qc(struct a64_lift *l, ir_ref saturated)
{
    return ir_op2(l->b, IR_or, ir_get(l->b, A64_F_qc), ir_op1(l->b, IR_vany, saturated));
}

void a64_set_qc(struct a64_lift *l, ir_ref qc)
{
    if (qc != IR_NONE)
        ir_set(l->b, A64_F_qc, qc);
}

/* The same operation modulo 2^bits: its result differs from the saturated one exactly when that saturated. */
static enum ir_op wrapping(enum ir_op op)
{
    switch (op) {
    case IR_sqsub:
    case IR_uqsub: return IR_sub;
    case IR_sqabs: return IR_abs;
    case IR_sqneg: return IR_neg;
    default: return IR_add;
    }
}

static u32 shift_flags(enum ir_op op)
{
    u32 sign = op == IR_vsqshl || op == IR_vsqrshl ? IR_VSHL_SIGNED : 0;
    u32 round = op == IR_vuqrshl || op == IR_vsqrshl ? IR_VSHL_ROUND : 0;
    return sign | round | IR_VSHL_SAT;
}

ir_ref a64_saturated(struct a64_lift *l, enum ir_op op, enum ir_type lane, ir_ref r, ir_ref x, ir_ref y)
{
    struct ir_block *b = l->b;
    switch (op) {
    case IR_sqdmulh:
    case IR_sqrdmulh: { /* only the square of the most negative number does */
        ir_ref min = a64_splat(l, lane, 1ull << (ir_bits(lane) - 1));
        return ir_op2(b, IR_and, ir_vop2(b, IR_eq, lane, x, min), ir_vop2(b, IR_eq, lane, y, min));
    }
    case IR_vuqshl:
    case IR_vsqshl:
    case IR_vuqrshl:
    case IR_vsqrshl:
        return ir_opx(b, IR_vshl_sat, IR_V128, lane, shift_flags(op), 0, x, y, IR_NONE);
    default:
        return ir_op2(b, IR_xor, r,
                      y == IR_NONE ? ir_vop1(b, wrapping(op), lane, x) : ir_vop2(b, wrapping(op), lane, x, y));
    }
}
