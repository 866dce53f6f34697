/*
 * vec_fp.c - FP conversions of lanes: to and from integers of the lane's width, to twice and half the width.
 *
 * Intel SDM volume 2, CVTTPS2DQ, CVTDQ2PS, CVTPS2PD, CVTPD2PS, VCVTPH2PS, VCVTPS2PH; Arm ARM DDI 0487, FPToFixed,
 * FixedToFP, FPConvert. How integers are saturated and when inexact is raised: fp_cvt.c.
 *
 * By the reference always: f16 lanes of integer conversions; rounding to odd; v256 with Arm's FP, but from integers.
 */
#include "backend/jit/x64/fp_emit.h"
#include "backend/jit/x64/emit_rows.h"

/* Arm has no v256. */
static bool begin_v128(struct xe_fp *f, struct xe *x, u32 i, u32 features)
{
    if (xe_ins(x, i)->src != IR_V256)
        return xe_fp_begin_arm(f, x, i, features);
    xe_eval(x, i);
    return false;
}

/* ---- to integers ---- */

/* 64-bit lanes go through general registers. Clobbers rax, xmm13. */
static void to_int_lanes(struct xe_fp *f, bool truncate, enum xreg d, enum xreg s)
{
    if (f->bits == 32) {
        xa_v2(f->a, truncate ? XV_CVTTPS2DQ : XV_CVTPS2DQ, d, s);
        return;
    }
    xa_v2i(f->a, XV_PSHUFD, XV_T0, s, 0xee);
    xa_cvt_to_int(f->a, truncate, 64, 64, RAX, s);
    xa_vfrom(f->a, 64, d, RAX);
    xa_cvt_to_int(f->a, truncate, 64, 64, RAX, XV_T0);
    xa_pinsr(f->a, 64, d, d, RAX, 1);
}

struct to_int {
    struct xe_fp f;
    u32          rm;
    enum xreg    s, t; /* the number after scaling; its integral */
};

/* The largest that is not cut short saturates and leaves room for 64 fraction bits. */
static bool begin(struct to_int *c, struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    c->rm = in->imm & 7;
    if (!xe_fp_rounds(c->rm)) {
        xe_eval(x, i);
        return false;
    }
    if (!begin_v128(&c->f, x, i, 0))
        return false;
    c->s = c->f.s[0][0];
    c->t = xe_tmp_v(x);
    enum xreg scaled = in->imm >> 3 ? xe_tmp_v(x) : XNONE;
    xe_fp_def(&c->f);
    if (in->imm >> 3)
        c->s = xe_fp_scaled(&c->f, scaled, c->f.bits == 64 ? 900 : 62, (u32)(in->imm >> 3));
    return true;
}

static void inexact(struct to_int *c) { xe_fp_round(&c->f, XV_T0, c->s, FP_RZ, true); }

static void to_signed(struct xe *x, u32 i)
{
    struct to_int c;
    if (!begin(&c, x, i))
        return;
    bool direct = c.rm == FP_RZ || c.rm == 7;
    if (!direct)
        xe_fp_round(&c.f, c.t, c.s, c.rm, false);
    to_int_lanes(&c.f, c.rm != 7, c.f.d[0], direct ? c.s : c.t);
    xa_v3m(c.f.a, xe_fp_int_eq(&c.f), XV_T0, c.f.d[0], xe_fp_sign(&c.f));
    xe_fp_any(&c.f, XV_T0);
    u8 *odd = xa_jcc_fwd(c.f.a, CC_NE, false);
    if (!direct)
        inexact(&c);
    xe_fp_cold(&c.f, odd);
}

static void to_unsigned(struct xe *x, u32 i)
{
    struct to_int c;
    if (!begin(&c, x, i))
        return;
    struct xasm *a = c.f.a;
    u32 bits = c.f.bits;
    xe_fp_round(&c.f, c.t, c.s, c.rm, false);
    xe_fp_take_top(&c.f, c.t, (i32)bits - 1);
    to_int_lanes(&c.f, true, c.f.d[0], c.t);
    xa_movmsk(a, bits, RAX, c.f.d[0]);
    xa_test_rr(a, 32, RAX, RAX);
    u8 *odd = xa_jcc_fwd(a, CC_NE, false);
    xa_vshift_i(a, bits == 64 ? XV_SHIFT_Q : XV_SHIFT_D, 6, XV_T1, XV_T1, (u8)(bits - 1));
    xa_v3(a, XV_POR, c.f.d[0], c.f.d[0], XV_T1);
    inexact(&c);
    xe_fp_cold(&c.f, odd);
}

static void to_signed_x86(struct xe *x, u32 i)
{
    struct xe_fp f;
    u32 rm = xe_ins(x, i)->imm & 7;
    if (rm != FP_RZ && rm != 7) {
        xe_eval(x, i);
        return;
    }
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 0);
    for (u32 h = 0; h < f.halves; h++)
        to_int_lanes(&f, rm == FP_RZ, f.d[h], f.s[0][h]);
}

void x64_vemit_ftos(struct xe *x, u32 i) { to_signed(x, i); }
void x64_vemit_ftou(struct xe *x, u32 i) { to_unsigned(x, i); }
void x64_vemit_ftosx(struct xe *x, u32 i) { to_signed_x86(x, i); }

/* ---- from integers ---- */

struct from_int {
    struct xe   *x;
    struct xasm *a;
    bool         is_signed;
};

/* Upper and lower half apart, both exact; their sum rounds once. */
static void from_u32(struct from_int *c, enum xreg d, enum xreg s)
{
    xa_vshift_i(c->a, XV_SHIFT_D, 2, XV_T0, s, 16);
    xa_v2(c->a, XV_CVTDQ2PS, XV_T0, XV_T0);
    xa_v3m(c->a, xv_fp(XFP_MUL, 32, true), XV_T0, XV_T0, xe_splat(c->x, 32, xe_fp_pow2_bits(32, 16)));
    xa_v3m(c->a, XV_PAND, d, s, xe_splat(c->x, 32, 0xffff));
    xa_v2(c->a, XV_CVTDQ2PS, d, d);
    xa_v3(c->a, xv_fp(XFP_ADD, 32, true), d, d, XV_T0);
}

/* The same as fractions of 2^84 (upper half; a signed one moved up by 2^31) and 2^52, less these: the difference is
 * exact. Towards minus infinity the sum for 0 is -0; but the sign is always that of the integer. */
static void from_64(struct from_int *c, enum xreg d, enum xreg s)
{
    const u64 two84 = xe_fp_pow2_bits(64, 84), two52 = xe_fp_pow2_bits(64, 52), moved = c->is_signed ? 1u << 31 : 0;
    xa_vshift_i(c->a, XV_SHIFT_Q, 2, XV_T0, s, 32);
    xa_v3m(c->a, XV_PXOR, XV_T0, XV_T0, xe_splat(c->x, 64, two84 | moved));
    xa_v3m(c->a, xv_fp(XFP_SUB, 64, true), XV_T0, XV_T0,
           xe_splat(c->x, 64, two84 | moved | 1u << 20)); /* 2^84 (+ 2^63) + 2^52 */
    xa_v3m(c->a, XV_PAND, d, s, xe_splat(c->x, 64, 0xffffffff));
    xa_v3m(c->a, XV_POR, d, d, xe_splat(c->x, 64, two52));
    xa_v3(c->a, xv_fp(XFP_ADD, 64, true), d, d, XV_T0);
    if (c->is_signed) {
        xa_vload(c->a, 16, XV_T0, xe_splat(c->x, 64, xe_fp_sign_bits(64) - 1));
        xa_v3(c->a, XV_POR, XV_T0, XV_T0, s);
        xa_v3(c->a, XV_PAND, d, d, XV_T0);
    } else {
        xa_v3m(c->a, XV_PAND, d, d, xe_splat(c->x, 64, xe_fp_sign_bits(64) - 1));
    }
}

static void from_int_half(struct from_int *c, u32 bits, u32 fraction_bits, enum xreg d, enum xreg s)
{
    if (bits == 64)
        from_64(c, d, s);
    else if (c->is_signed)
        xa_v2(c->a, XV_CVTDQ2PS, d, s);
    else
        from_u32(c, d, s);
    if (fraction_bits)
        xa_v3m(c->a, xv_fp(XFP_MUL, bits, true), d, d,
               xe_splat(c->x, bits, xe_fp_pow2_bits(bits, -(i32)fraction_bits)));
}

static void from_int(struct xe *x, u32 i, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct from_int c = { x, xe_asm(x), is_signed };
    u32 bits = ir_bits((enum ir_type)in->lane), fraction_bits = (u32)(in->imm >> 3);
    if (!xe_fp_plain(x) || bits < 32) {
        xe_eval(x, i);
        return;
    }
    bool two = in->src == IR_V256;
    enum xreg s = xe_use_v(x, in->arg[0]), s2 = two ? xe_use_v2(x, in->arg[0]) : XNONE, d = xe_def_v(x, i);
    from_int_half(&c, bits, fraction_bits, d, s);
    if (two)
        from_int_half(&c, bits, fraction_bits, xe_def_v2(x, i), s2);
}

void x64_vemit_stof(struct xe *x, u32 i) { from_int(x, i, true); }
void x64_vemit_utof(struct xe *x, u32 i) { from_int(x, i, false); }

/* ---- twice and half the width ---- */

static bool begin_fcvt(struct xe_fp *f, struct xe *x, u32 i)
{
    u32 features = xe_ins(x, i)->lane == IR_F32 ? XF_F16C : 0;
    if (!(xe_fp_x86(x) ? xe_fp_begin(f, x, i, features) : begin_v128(f, x, i, features)))
        return false;
    xe_fp_def_over(f, 0);
    return true;
}

void x64_emit_vfcvtl(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!begin_fcvt(&f, x, i))
        return;
    for (u32 h = 0; h < f.halves; h++) {
        enum xreg s = f.s[0][h];
        if (xe_ins(x, i)->imm) {
            xa_v2i(f.a, XV_PSHUFD, XV_T0, s, 0xee);
            s = XV_T0;
        }
        xa_v2(f.a, f.bits == 64 ? XV_CVTPS2PD : XV_VCVTPH2PS, f.d[h], s);
    }
    xe_fp_check(&f, false);
}

void x64_emit_vfcvtn(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (xe_ins(x, i)->flag) {
        xe_eval(x, i);
        return;
    }
    if (!begin_fcvt(&f, x, i))
        return;
    for (u32 h = 0; h < f.halves; h++)
        if (f.bits == 64)
            xa_v2(f.a, XV_CVTPD2PS, f.d[h], f.s[0][h]);
        else
            xa_cvt_to_half(f.a, f.d[h], f.s[0][h], 4);
    if (f.bits == 64) {
        f.bits = 32;
        xe_fp_check(&f, true);
    } else {
        xe_fp_check_half(&f);
    }
}
