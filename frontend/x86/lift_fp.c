/*
 * lift_fp.c - SSE and AVX arithmetic: sums, products, quotients, roots, minimum and maximum, estimates, rounding,
 * horizontal sums, dot products.
 *
 * Intel SDM volume 1, chapter 11; volume 2 by instruction. The estimates are this model's own: docs/x86.md.
 */
#include "frontend/x86/lift_fp.h"

/* ---- shared ---- */

ir_ref x86_scalar(struct x86_lift *l, const struct x86_insn *i, u32 n, enum ir_type t)
{
    const struct x86_op *o = &i->op[n];
    u32 size = ir_bytes(t);
    if (o->kind == X86_K_XMM)
        return x86_xmm_s(l, t, o->reg);
    return x86_load_at(l, t, x86_ea(l, i, size, false), x86_mem(l, i->seg, size));
}

void x86_scalar_write(struct x86_lift *l, const struct x86_insn *i, ir_ref v)
{
    ir_ref rest = x86_xmm(l, i->op[x86_src1(i)].reg);
    x86_set_xmm(l, i, i->op[0].reg, x86_insert(l, ir_type_of(l->b, v), rest, 0, v));
}

static ir_ref fneg_vector(struct x86_lift *l, enum ir_type t, ir_ref v)
{
    enum ir_type it = x86_int_lane(t);
    ir_ref mag = ir_op2(l->b, IR_and, v, x86_vsplat(l, it, x86_fsign(t) - 1));
    ir_ref nan = ir_vop2(l->b, IR_ult, it, x86_vsplat(l, it, x86_finf(t)), mag);
    return ir_op2(l->b, IR_xor, v, ir_op2(l->b, IR_andn, x86_vsplat(l, it, x86_fsign(t)), nan));
}

ir_ref x86_fneg_number(struct x86_lift *l, enum ir_type t, ir_ref v)
{
    if (ir_is_vec(ir_type_of(l->b, v)))
        return fneg_vector(l, t, v);
    ir_ref bits = ir_conv(l->b, IR_bitcast, x86_int_lane(t), v);
    ir_ref nan =
        ir_op2(l->b, IR_ult, x86_imm(l, x86_int_lane(t), x86_finf(t)), x86_op2i(l, IR_and, bits, x86_fsign(t) - 1));
    return x86_select(l, nan, v, ir_op1(l->b, IR_fneg, v));
}

/* ---- ADD SUB MUL DIV MIN MAX: op ---- */

bool x86_fp_arith(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    struct x86_vec b = x86_vec_src(l, i, n + 1), a = x86_vec_src(l, i, n), r;
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = ir_vop2(l->b, (enum ir_op)i->row->op, x86_lane(i), a.h[h], b.h[h]);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}

bool x86_fp_arith_s(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    ir_ref b = x86_scalar(l, i, n + 1, x86_lane(i)), a = x86_scalar(l, i, n, x86_lane(i));
    x86_fp_begin(l, i);
    ir_ref r = ir_op2(l->b, (enum ir_op)i->row->op, a, b);
    x86_fp_check(l, i);
    x86_scalar_write(l, i, r);
    return true;
}

/* ---- SQRT: op ---- */

bool x86_fp_unary(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        v.h[h] = ir_vop1(l->b, (enum ir_op)i->row->op, x86_lane(i), v.h[h]);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, v);
    return true;
}

bool x86_fp_unary_s(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_scalar(l, i, x86_src1(i) + 1, x86_lane(i));
    x86_fp_begin(l, i);
    v = ir_op1(l->b, (enum ir_op)i->row->op, v);
    x86_fp_check(l, i);
    x86_scalar_write(l, i, v);
    return true;
}

/* ---- RCP, RSQRT: a 0, 1. No exceptions, MXCSR counts for nothing. ---- */

static ir_ref estimate(struct x86_lift *l, const struct x86_insn *i, ir_ref pair)
{
    return x86_call(l, X86_H_estimate, pair, x86_imm(l, IR_I64, (u64)i->row->a), IR_NONE);
}

bool x86_fp_est(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    for (u32 h = 0; h < x86_halves(i); h++)
        for (u32 k = 0; k < 2; k++)
            v.h[h] = x86_insert(l, IR_I64, v.h[h], k, estimate(l, i, x86_extract(l, IR_I64, v.h[h], k)));
    x86_vec_put(l, i, 0, v);
    return true;
}

bool x86_fp_est_s(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = ir_conv(l->b, IR_bitcast, IR_I32, x86_scalar(l, i, x86_src1(i) + 1, IR_F32));
    v = x86_zext(l, IR_I32, estimate(l, i, v));
    x86_scalar_write(l, i, ir_conv(l->b, IR_bitcast, IR_F32, v));
    return true;
}

/* ---- ROUND: imm8 1:0 the mode, 2 MXCSR's, 3 no inexact ---- */

static const u8 rounding[4] = { FP_RNE, FP_RM, FP_RP, FP_RZ };

static ir_ref frint(struct x86_lift *l, const struct x86_insn *i, enum ir_type lane, ir_ref v)
{
    u32 rm = i->imm & 4 ? 7 : rounding[i->imm & 3];
    return ir_opx(l->b, IR_frint, ir_type_of(l->b, v), lane, !(i->imm & 8), rm, v, IR_NONE, IR_NONE);
}

bool x86_fp_round(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        v.h[h] = frint(l, i, x86_lane(i), v.h[h]);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, v);
    return true;
}

bool x86_fp_round_s(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_scalar(l, i, x86_src1(i) + 1, x86_lane(i));
    x86_fp_begin(l, i);
    v = frint(l, i, IR_VOID, v);
    x86_fp_check(l, i);
    x86_scalar_write(l, i, v);
    return true;
}

/* ---- HADD, HSUB: op; ADDSUB ---- */

bool x86_fp_hadd(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    enum ir_type lane = x86_lane(i);
    struct x86_vec b = x86_vec_src(l, i, n + 1), a = x86_vec_src(l, i, n), r;
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = ir_vop2(l->b, (enum ir_op)i->row->op, lane, ir_vop2(l->b, IR_uzp1, lane, a.h[h], b.h[h]),
                         ir_vop2(l->b, IR_uzp2, lane, a.h[h], b.h[h]));
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}

/* Even lanes of a - b, odd ones of a + b; the lanes left out are sums of zeros, which raise nothing. */
static ir_ref add_sub(struct x86_lift *l, enum ir_type lane, ir_ref a, ir_ref b)
{
    ir_ref odd = x86_odd_lanes(l, lane);
    ir_ref even = ir_op1(l->b, IR_not, odd);
    ir_ref sum = ir_vop2(l->b, IR_fadd, lane, ir_op2(l->b, IR_and, a, odd), ir_op2(l->b, IR_and, b, odd));
    ir_ref diff = ir_vop2(l->b, IR_fsub, lane, ir_op2(l->b, IR_and, a, even), ir_op2(l->b, IR_and, b, even));
    return ir_op3(l->b, IR_bsel, odd, sum, diff);
}

bool x86_fp_addsub(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    struct x86_vec b = x86_vec_src(l, i, n + 1), a = x86_vec_src(l, i, n), r;
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = add_sub(l, x86_lane(i), a.h[h], b.h[h]);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}

/* ---- DPPS, DPPD: imm8 7:4 the products that count, 3:0 the lanes that get the sum ---- */

static ir_ref lane_mask(struct x86_lift *l, enum ir_type lane, u32 bits)
{
    u64 m[2] = { 0, 0 };
    u32 per = x86_lanes(lane) / 2, width = ir_bits(lane);
    for (u32 k = 0; k < 2 * per; k++)
        if (bits >> k & 1)
            m[k / per] |= (width == 64 ? ~0ull : 0xffffffffull << (k % per * width));
    return ir_vconst(l->b, m[0], m[1]);
}

/* Each step has its exceptions: what an unmasked one stops does not come to the sums. */
static ir_ref products(struct x86_lift *l, const struct x86_insn *i, ir_ref a, ir_ref b)
{
    ir_ref take = lane_mask(l, x86_lane(i), i->imm >> 4 & 15);
    ir_ref p = ir_vop2(l->b, IR_fmul, x86_lane(i), ir_op2(l->b, IR_and, a, take), ir_op2(l->b, IR_and, b, take));
    return ir_op2(l->b, IR_and, p, take); /* 0 and not -0 */
}

static struct x86_vec pair_sums(struct x86_lift *l, enum ir_type lane, ir_ref p)
{
    struct x86_vec r = { { ir_op2(l->b, IR_fadd, x86_extract(l, lane, p, 0), x86_extract(l, lane, p, 1)), IR_NONE } };
    if (lane == IR_F32)
        r.h[1] = ir_op2(l->b, IR_fadd, x86_extract(l, lane, p, 2), x86_extract(l, lane, p, 3));
    return r;
}

static ir_ref spread(struct x86_lift *l, const struct x86_insn *i, ir_ref sum)
{
    ir_ref all = ir_opx(l->b, IR_splat, IR_V128, x86_lane(i), 0, 0, sum, IR_NONE, IR_NONE);
    return ir_op2(l->b, IR_and, all, lane_mask(l, x86_lane(i), i->imm & 15));
}

bool x86_fp_dp(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    struct x86_vec b = x86_vec_src(l, i, n + 1), a = x86_vec_src(l, i, n), r = { { IR_NONE, IR_NONE } }, sum[2];
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = products(l, i, a.h[h], b.h[h]);
    x86_fp_check(l, i);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        sum[h] = pair_sums(l, x86_lane(i), r.h[h]);
    x86_fp_check(l, i);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = spread(l, i, sum[h].h[1] == IR_NONE ? sum[h].h[0] : ir_op2(l->b, IR_fadd, sum[h].h[0], sum[h].h[1]));
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}
