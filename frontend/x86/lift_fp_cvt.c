/*
 * lift_fp_cvt.c - conversions: SSE, AVX, with MMX registers, F16C.
 *
 * Intel SDM volume 1, 11.4.1.6, 4.8.4 (rounding), table 4-3 (integer indefinite). Key a: the rounding mode, 7 for
 * MXCSR's.
 */
#include "frontend/x86/lift_fp.h"

/* ---- between a scalar and a general register ---- */

bool x86_cvt_si2f(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_read_op(l, i, x86_src1(i) + 1);
    x86_fp_begin(l, i);
    v = ir_opx(l->b, IR_stof, x86_lane(i), IR_VOID, 0, 7, v, IR_NONE, IR_NONE);
    x86_fp_check(l, i);
    x86_scalar_write(l, i, v);
    return true;
}

static ir_ref to_int(struct x86_lift *l, const struct x86_insn *i, enum ir_type t, ir_ref v)
{
    return ir_opx(l->b, IR_ftosx, t, IR_VOID, 0, (u64)i->row->a, v, IR_NONE, IR_NONE);
}

bool x86_cvt_f2si(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_scalar(l, i, 1, x86_lane(i));
    x86_fp_begin(l, i);
    v = to_int(l, i, x86_ity(i->op[0].size), v);
    x86_fp_check(l, i);
    x86_set_reg(l, i->op[0].reg, v);
    return true;
}

/* ---- lanes of one width: op ---- */

bool x86_cvt_lanes(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        v.h[h] =
            ir_opx(l->b, (enum ir_op)i->row->op, IR_V128, x86_lane(i), 0, (u64)i->row->a, v.h[h], IR_NONE, IR_NONE);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, v);
    return true;
}

/* ---- widening: the source has half the destination's bytes ---- */

/* Exact. */
static ir_ref dq_to_pd(struct x86_lift *l, u32 half, ir_ref v)
{
    return ir_opx(l->b, IR_stof, IR_V128, IR_I64, 0, 7, x86_widen(l, IR_vsxtl, IR_I64, v, half), IR_NONE, IR_NONE);
}

bool x86_cvt_dq2pd(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_vec_src(l, i, 1).h[0];
    struct x86_vec r;
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = dq_to_pd(l, h, v);
    x86_vec_put(l, i, 0, r);
    return true;
}

static void widen_float(struct x86_lift *l, const struct x86_insn *i, enum ir_type lane)
{
    ir_ref v = x86_vec_src(l, i, 1).h[0];
    struct x86_vec r;
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = x86_widen(l, IR_vfcvtl, lane, v, h);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
}

bool x86_cvt_ps2pd(struct x86_lift *l, const struct x86_insn *i)
{
    widen_float(l, i, IR_F64);
    return true;
}

bool x86_cvt_ph2ps(struct x86_lift *l, const struct x86_insn *i)
{
    widen_float(l, i, IR_F32);
    return true;
}

/* ---- narrowing: the result fills the low half of the destination, zeros above ---- */

static void write_narrow(struct x86_lift *l, const struct x86_insn *i, struct x86_vec r)
{
    ir_ref v = r.h[0];
    if (i->vl == 32)
        v = ir_op2(l->b, IR_vcat, v, r.h[1]);
    x86_set_xmm(l, i, i->op[0].reg, v);
}

bool x86_cvt_pd2ps(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        v.h[h] = ir_vop1(l->b, IR_vfcvtn, IR_F64, v.h[h]);
    x86_fp_check(l, i);
    write_narrow(l, i, v);
    return true;
}

/* i64: two integers of 32 bits. */
static ir_ref pd_to_dq(struct x86_lift *l, const struct x86_insn *i, ir_ref v)
{
    ir_ref lo = x86_zext(l, IR_I64, to_int(l, i, IR_I32, x86_extract(l, IR_F64, v, 0)));
    ir_ref hi = x86_zext(l, IR_I64, to_int(l, i, IR_I32, x86_extract(l, IR_F64, v, 1)));
    return ir_op2(l->b, IR_or, lo, x86_op2i(l, IR_shl, hi, 32));
}

bool x86_cvt_pd2dq(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++) {
        ir_ref r = pd_to_dq(l, i, v.h[h]);
        v.h[h] = x86_vzext(l, r);
    }
    x86_fp_check(l, i);
    write_narrow(l, i, v);
    return true;
}

bool x86_cvt_f2f(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type to = x86_lane(i);
    ir_ref v = x86_scalar(l, i, x86_src1(i) + 1, to == IR_F64 ? IR_F32 : IR_F64);
    x86_fp_begin(l, i);
    v = ir_conv(l->b, IR_fcvt, to, v);
    x86_fp_check(l, i);
    x86_scalar_write(l, i, v);
    return true;
}

/* ---- VCVTPS2PH: imm8 1:0 the rounding mode unless bit 2 says MXCSR's; FTZ does not count ---- */

static ir_ref narrow_half(struct x86_lift *l, const struct x86_insn *i, ir_ref v)
{
    static const u8 rounding[4] = { FP_RNE, FP_RM, FP_RP, FP_RZ };
    u32 rm = i->imm & 4 ? 7 : rounding[i->imm & 3];
    return x86_call(l, X86_H_ps2ph, x86_extract(l, IR_I64, v, 0), x86_extract(l, IR_I64, v, 1),
                    x86_imm(l, IR_I64, rm));
}

static void store_halves(struct x86_lift *l, const struct x86_insn *i, ir_ref at, const ir_ref r[2])
{
    struct ir_mem m = x86_mem(l, i->seg, 8);
    x86_store_at(l, at, r[0], m);
    if (i->vl == 32)
        x86_store_at(l, x86_addr_add(l, at, 8), r[1], m);
}

bool x86_cvt_ps2ph(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    ir_ref r[2] = { IR_NONE, IR_NONE }, at = IR_NONE;
    if (x86_is_mem(i, 0)) {
        at = x86_ea(l, i, i->vl / 2, true);
        x86_probe(l, at, x86_mem(l, i->seg, i->vl / 2), true);
    }
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r[h] = narrow_half(l, i, v.h[h]);
    x86_fp_check(l, i);
    if (at != IR_NONE) {
        store_halves(l, i, at, r);
        return true;
    }
    ir_ref low = x86_vzext(l, r[0]);
    x86_set_xmm(l, i, i->op[0].reg, i->vl == 32 ? x86_insert(l, IR_I64, low, 1, r[1]) : low);
    return true;
}

/* ---- MMX registers: a form that names one ends x87's use of them (memory forms do
 * not, on AMD's processors at least) ---- */

bool x86_cvt_pi2ps(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_vec_src(l, i, 1).h[0];
    x86_fp_begin(l, i);
    v = ir_opx(l->b, IR_stof, IR_V128, IR_I32, 0, 7, v, IR_NONE, IR_NONE);
    x86_fp_check(l, i);
    v = x86_insert(l, IR_I64, x86_xmm(l, i->op[0].reg), 0, x86_extract(l, IR_I64, v, 0));
    if (!x86_is_mem(i, 1))
        x86_mmx_enter(l);
    x86_set_xmm(l, i, i->op[0].reg, v);
    return true;
}

bool x86_cvt_pi2pd(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = dq_to_pd(l, 0, x86_vec_src(l, i, 1).h[0]);
    if (!x86_is_mem(i, 1))
        x86_mmx_enter(l);
    x86_set_xmm(l, i, i->op[0].reg, v);
    return true;
}

/* The upper lanes of the register do not count. */
bool x86_cvt_ps2pi(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = ir_op1(l->b, IR_vlow, x86_vec_src(l, i, 1).h[0]);
    x86_fp_begin(l, i);
    v = ir_opx(l->b, IR_ftosx, IR_V128, IR_F32, 0, (u64)i->row->a, v, IR_NONE, IR_NONE);
    x86_fp_check(l, i);
    x86_mmx_enter(l);
    x86_set_mm(l, i->op[0].reg, x86_extract(l, IR_I64, v, 0));
    return true;
}

bool x86_cvt_pd2pi(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_vec_op(l, i, 1, 0);
    x86_fp_begin(l, i);
    v = pd_to_dq(l, i, v);
    x86_fp_check(l, i);
    x86_mmx_enter(l);
    x86_set_mm(l, i->op[0].reg, v);
    return true;
}
