/*
 * fp.c - FP arithmetic, scalar and lanewise; sign operations; rows that have no host sequence.
 *
 * Intel SDM volume 2, ADDSS to SQRTSS, VFMADD231SS, VFNMADD231SS; Arm ARM DDI 0487, FPMulX, FPRecipStepFused,
 * FPRSqrtStepFused. What goes to cold code and why: fp_emit.h.
 *
 * By the reference always: f16 and f80 arithmetic; estimates (no host instruction gives Arm's); fused rows on hosts
 * without FMA; for guests whose FP is x86's, Arm's products and steps.
 */
#include "backend/jit/x64/fp_emit.h"
#include "backend/jit/x64/emit_rows.h"

/* ---- add to square root ---- */

/* Must the smallest normal be looked at? Sums never underflow inexactly, square roots not at all. A quotient of two
 * numbers of p bits that is less than a power of two is so by at least 2^-p of it: too far to be rounded up to it
 * with p bits, so that asking before and after rounding is the same. */
static bool may_be_tiny(enum xfp op) { return op == XFP_MUL; }

static void binary(struct xe *x, u32 i, enum xfp op)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 0);
    for (u32 h = 0; h < f.halves; h++)
        xa_v3(f.a, xe_fp_op(&f, op), f.d[h], f.s[0][h], f.s[1][h]);
    xe_fp_check(&f, may_be_tiny(op));
}

static void square_root(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 0);
    for (u32 h = 0; h < f.halves; h++)
        xa_v2(f.a, xe_fp_op(&f, XFP_SQRT), f.d[h], f.s[0][h]);
    xe_fp_check(&f, false);
}

void x64_emit_fadd(struct xe *x, u32 i) { binary(x, i, XFP_ADD); }
void x64_vemit_fadd(struct xe *x, u32 i) { binary(x, i, XFP_ADD); }
void x64_emit_fsub(struct xe *x, u32 i) { binary(x, i, XFP_SUB); }
void x64_vemit_fsub(struct xe *x, u32 i) { binary(x, i, XFP_SUB); }
void x64_emit_fmul(struct xe *x, u32 i) { binary(x, i, XFP_MUL); }
void x64_vemit_fmul(struct xe *x, u32 i) { binary(x, i, XFP_MUL); }
void x64_emit_fdiv(struct xe *x, u32 i) { binary(x, i, XFP_DIV); }
void x64_vemit_fdiv(struct xe *x, u32 i) { binary(x, i, XFP_DIV); }
void x64_emit_fsqrt(struct xe *x, u32 i) { square_root(x, i); }
void x64_vemit_fsqrt(struct xe *x, u32 i) { square_root(x, i); }

/* ---- fused ---- */

/* vfnmadd231: v := -(v1 * v2) + v */
static u32 fnma231(const struct xe_fp *f) { return xv_fma231(f->bits, f->packed) + 4; }

static void fused(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, XF_FMA))
        return;
    xe_fp_def_over(&f, 2);
    for (u32 h = 0; h < f.halves; h++) {
        xa_vmov(f.a, f.d[h], f.s[2][h]);
        xa_v3(f.a, xv_fma231(f.bits, f.packed), f.d[h], f.s[0][h], f.s[1][h]);
    }
    xe_fp_check(&f, true);
}

void x64_emit_fma(struct xe *x, u32 i) { fused(x, i); }
void x64_vemit_fma(struct xe *x, u32 i) { fused(x, i); }

/* ---- Arm's products that know 0 * inf ---- */

/* t0 |= lanes of v that are infinities or NaNs; t0 := them when `first`. */
static void note_not_finite(struct xe_fp *f, enum xreg v, bool first)
{
    enum xreg t = first ? XV_T0 : XV_T1;
    xa_v3m(f->a, XV_ANDPS, t, v, xe_fp_inf(f));
    xa_v3m(f->a, xe_fp_int_eq(f), t, t, xe_fp_inf(f));
    if (!first)
        xa_v3(f->a, XV_ORPS, XV_T0, XV_T0, t);
}

static void note_operands(struct xe_fp *f)
{
    for (u32 h = 0; h < f->halves; h++) {
        note_not_finite(f, f->s[0][h], !h);
        note_not_finite(f, f->s[1][h], false);
    }
}

/* 0 * inf is 2 and raises nothing: operands that are not finite do not get as far as the product. */
static void extended_product(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin_arm(&f, x, i, 0))
        return;
    xe_fp_def(&f);
    note_operands(&f);
    xe_fp_any(&f, XV_T0);
    u8 *odd = xa_jcc_fwd(f.a, CC_NE, false);
    for (u32 h = 0; h < f.halves; h++)
        xa_v3(f.a, xe_fp_op(&f, XFP_MUL), f.d[h], f.s[0][h], f.s[1][h]);
    xe_fp_odd(&f, true, XV_T0, XV_T2, f.d[0]);
    if (f.halves == 2) {
        xe_fp_odd(&f, true, XV_T1, XV_T2, f.d[1]);
        xa_v3(f.a, XV_ORPS, XV_T0, XV_T0, XV_T1);
    }
    xe_fp_any(&f, XV_T0);
    xa_here_is(f.a, odd, false); /* with NE, too */
    xe_fp_cold(&f, xa_jcc_fwd(f.a, CC_NE, false));
}

void x64_emit_fmulx(struct xe *x, u32 i) { extended_product(x, i); }
void x64_vemit_fmulx(struct xe *x, u32 i) { extended_product(x, i); }

/* 2 - a * b of finite numbers: the sum's last place is far above the smallest normal. */
static void reciprocal_step(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin_arm(&f, x, i, XF_FMA))
        return;
    xe_fp_def(&f);
    note_operands(&f);
    xe_fp_any(&f, XV_T0);
    u8 *odd = xa_jcc_fwd(f.a, CC_NE, false);
    for (u32 h = 0; h < f.halves; h++) {
        xa_vload(f.a, 16, f.d[h], xe_fp_pow2(&f, 1));
        xa_v3(f.a, fnma231(&f), f.d[h], f.s[0][h], f.s[1][h]);
    }
    xe_fp_cold(&f, odd);
}

void x64_emit_frecps(struct xe *x, u32 i) { reciprocal_step(x, i); }
void x64_vemit_frecps(struct xe *x, u32 i) { reciprocal_step(x, i); }

static struct xmem one_and_a_half(struct xe_fp *f)
{
    return xe_fp_const(f, xe_fp_pow2_bits(f->bits, 0) | (f->bits == 64 ? 1ull << 51 : 1u << 22));
}

/* (3 - a * b) / 2, rounded once: as 1.5 - (a / 2) * b, for an a that halves exactly. */
static void root_step(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin_arm(&f, x, i, XF_FMA))
        return;
    xe_fp_def(&f);
    note_operands(&f);
    for (u32 h = 0; h < f.halves; h++) { /* below twice the smallest normal: positive numbers order as integers */
        xa_v3m(f.a, XV_ANDPS, XV_T2, f.s[0][h], xe_fp_abs(&f));
        xa_vload(f.a, 16, XV_T1, xe_fp_pow2(&f, f.bits == 64 ? -1021 : -125));
        xa_v3(f.a, xe_fp_int_gt(&f), XV_T1, XV_T1, XV_T2);
        xa_v3(f.a, XV_ORPS, XV_T0, XV_T0, XV_T1);
    }
    xe_fp_any(&f, XV_T0);
    u8 *odd = xa_jcc_fwd(f.a, CC_NE, false);
    for (u32 h = 0; h < f.halves; h++) {
        xa_v3m(f.a, xe_fp_op(&f, XFP_MUL), XV_T0, f.s[0][h], xe_fp_pow2(&f, -1));
        xa_vload(f.a, 16, f.d[h], one_and_a_half(&f));
        xa_v3(f.a, fnma231(&f), f.d[h], XV_T0, f.s[1][h]);
    }
    xe_fp_cold(&f, odd);
}

void x64_emit_frsqrts(struct xe *x, u32 i) { root_step(x, i); }
void x64_vemit_frsqrts(struct xe *x, u32 i) { root_step(x, i); }

/* ---- sign: bits, in any environment ---- */

static void sign(struct xe *x, u32 i, bool negate)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = ir_bits((enum ir_type)(in->lane == IR_VOID ? in->src : in->lane));
    if (in->src == IR_F80) {
        xe_eval(x, i);
        return;
    }
    u64 top = xe_fp_sign_bits(bits);
    enum xreg s = xe_use_v(x, in->arg[0]);
    enum xreg s2 = in->src == IR_V256 ? xe_use_v2(x, in->arg[0]) : XNONE;
    enum xreg d = in->src == IR_V256 ? xe_def_v(x, i) : xe_def_v_over(x, i, in->arg[0]);
    xa_v3m(a, negate ? XV_XORPS : XV_ANDPS, d, s, xe_splat(x, bits, negate ? top : top - 1));
    if (in->src == IR_V256)
        xa_v3m(a, negate ? XV_XORPS : XV_ANDPS, xe_def_v2(x, i), s2, xe_splat(x, bits, negate ? top : top - 1));
}

void x64_emit_fabs(struct xe *x, u32 i) { sign(x, i, false); }
void x64_vemit_fabs(struct xe *x, u32 i) { sign(x, i, false); }
void x64_emit_fneg(struct xe *x, u32 i) { sign(x, i, true); }
void x64_vemit_fneg(struct xe *x, u32 i) { sign(x, i, true); }

/* ---- no host sequence ---- */

void x64_emit_frecpe(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_vemit_frecpe(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_frsqrte(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_vemit_frsqrte(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_frecpx(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_vemit_frecpx(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_fprem(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_fpremq(struct xe *x, u32 i) { xe_eval(x, i); }
