/*
 * fp_cvt.c - FP conversions of scalars: rounding to integral (lanes, too), formats, integers and fixed point.
 *
 * Intel SDM volume 2, ROUNDSS, CVTSS2SD, CVTTSS2SI, CVTSI2SS, VCVTPH2PS; Arm ARM DDI 0487, FPRoundInt, FPConvert,
 * FPToFixed, FixedToFP.
 *
 * To integers: the host answers 0x80..0 with IE, and without PE, to whatever does not fit: then the reference
 * saturates. A saturating result is not inexact, so where the host's range is wider than the guest's, it is the
 * rounded number that is converted, and the inexact flag comes last.
 *
 * By the reference always: f80; f16 but to and from f32 and from f16 to f64; rounding to odd; integers of 8
 * and 16 bits from FP. For guests whose FP is x86's also: ties away; saturating integers.
 */
#include "backend/jit/x64/fp_emit.h"
#include "backend/jit/x64/emit_rows.h"

/* ---- rounding to integral ---- */

static void round_host(struct xe_fp *f, enum xreg d, enum xreg s, u32 rm, bool exact)
{
    static const u8 rc[8] = { [FP_RNE] = 0, [FP_RP] = 2, [FP_RM] = 1, [FP_RZ] = 3, [7] = 4 /* MXCSR's */ };
    u32 op = f->packed ? (f->bits == 64 ? XV_ROUNDPD : XV_ROUNDPS) : f->bits == 64 ? XV_ROUNDSD : XV_ROUNDSS;
    xa_v2i(f->a, op, d, s, rc[rm] | (exact ? 0 : 8));
}

/* Ties away: what is cut off (an exact difference) tells whether to step. Numbers without a fraction, infinities and
 * NaNs pass as they are, with 0 in their place meanwhile. */
static void round_away(struct xe_fp *f, enum xreg d, enum xreg s, bool exact)
{
    struct xasm *a = f->a;
    xa_v3m(a, XV_ANDPS, XV_T2, s, xe_fp_abs(f));
    xa_vload(a, 16, XV_T1, xe_fp_pow2(f, f->bits == 64 ? 52 : 23));
    xa_v3(a, xe_fp_int_gt(f), XV_T1, XV_T1, XV_T2);
    xa_v3(a, XV_ANDPS, XV_T2, s, XV_T1);
    round_host(f, d, XV_T2, FP_RZ, exact);
    xa_v3(a, xe_fp_op(f, XFP_SUB), XV_T0, XV_T2, d);
    xa_v3m(a, XV_ANDPS, XV_T0, XV_T0, xe_fp_abs(f));
    xa_v3mi(a, xe_fp_op(f, XFP_CMP), XV_T0, XV_T0, xe_fp_pow2(f, -1), XP_NLT_US);
    xa_v3m(a, XV_ANDPS, XV_T0, XV_T0, xe_fp_pow2(f, 0));
    xa_v3m(a, XV_ANDPS, XV_T2, XV_T2, xe_fp_sign(f));
    xa_v3(a, XV_ORPS, XV_T0, XV_T0, XV_T2);
    xa_v3(a, xe_fp_op(f, XFP_ADD), d, d, XV_T0);
    xa_v3(a, XV_ANDNPS, XV_T1, XV_T1, s);
    xa_v3(a, XV_ORPS, d, d, XV_T1);
}

void xe_fp_round(struct xe_fp *f, enum xreg d, enum xreg s, u32 rm, bool exact)
{
    if (rm == FP_RNA)
        round_away(f, d, s, exact);
    else
        round_host(f, d, s, rm, exact);
}

static void round_integral(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xe_fp f;
    if (!xe_fp_rounds((u32)in->imm) || (in->imm == FP_RNA && xe_fp_x86(x))) { /* the differences would raise DE */
        xe_eval(x, i);
        return;
    }
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    if (in->imm == FP_RNA)
        xe_fp_def(&f);
    else
        xe_fp_def_over(&f, 0);
    for (u32 h = 0; h < f.halves; h++)
        xe_fp_round(&f, f.d[h], f.s[0][h], (u32)in->imm, in->flag);
    xe_fp_check(&f, false);
}

void x64_emit_frint(struct xe *x, u32 i) { round_integral(x, i); }
void x64_vemit_frint(struct xe *x, u32 i) { round_integral(x, i); }

/* ---- between formats ---- */

static void widen(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 0);
    xa_v2(f.a, XV_CVTSS2SD, f.d[0], f.s[0][0]);
    f.bits = 64;
    xe_fp_check(&f, false);
}

static void narrow(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 0);
    xa_v2(f.a, XV_CVTSD2SS, f.d[0], f.s[0][0]);
    f.bits = 32;
    xe_fp_check(&f, true);
}

/* The host converts four at once: the others are made zeros. */
static void lane0(struct xe_fp *f, enum xreg d, enum xreg s, u32 bits)
{
    xa_v3m(f->a, XV_ANDPS, d, s, xe_const128(f->x, (1ull << bits) - 1, 0));
}

static void from_half(struct xe *x, u32 i, u32 to)
{
    struct xe_fp f = { .x = x, .a = xe_asm(x), .i = i, .bits = to, .x86 = xe_fp_x86(x), .halves = 1 };
    f.s[0][0] = xe_use_v(x, xe_ins(x, i)->arg[0]);
    xe_fp_def(&f);
    xe_flags_lost(x);
    lane0(&f, XV_T0, f.s[0][0], 16);
    xa_v2(f.a, XV_VCVTPH2PS, f.d[0], XV_T0);
    if (to == 64)
        xa_v2(f.a, XV_CVTSS2SD, f.d[0], f.d[0]);
    xe_fp_check(&f, false);
}

void xe_fp_check_half(struct xe_fp *f)
{
    if (f->x86)
        return;
    xa_v3m(f->a, XV_PAND, XV_T0, f->d[0], xe_splat(f->x, 16, 0x7fff));
    xa_v3m(f->a, XV_PCMPEQW, XV_T1, XV_T0, xe_splat(f->x, 16, 0x0400));
    xa_v3m(f->a, XV_PCMPGTW, XV_T0, XV_T0, xe_splat(f->x, 16, 0x7c00));
    xa_v3(f->a, XV_POR, XV_T0, XV_T0, XV_T1);
    xa_v2(f->a, XV_PTEST, XV_T0, XV_T0);
    xe_fp_cold(f, xa_jcc_fwd(f->a, CC_NE, false));
}

static void to_half(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, XF_F16C))
        return;
    xe_fp_def(&f);
    lane0(&f, XV_T0, f.s[0][0], 32);
    xa_cvt_to_half(f.a, f.d[0], XV_T0, 4);
    xe_fp_check_half(&f);
}

void x64_emit_fcvt(struct xe *x, u32 i)
{
    u32 from = xe_ins(x, i)->src, to = xe_ins(x, i)->type;
    if (from == IR_F32 && to == IR_F64)
        widen(x, i);
    else if (from == IR_F64 && to == IR_F32)
        narrow(x, i);
    else if (from == IR_F32 && to == IR_F16)
        to_half(x, i);
    else if (from == IR_F16 && (to == IR_F32 || to == IR_F64) && xe_fp_plain(x) && xe_has(x, XF_F16C))
        from_half(x, i, ir_bits((enum ir_type)to));
    else
        xe_eval(x, i);
}

/* ---- to integers ---- */

/* An integer conversion under way: s the number (after scaling), r the result. */
struct to_int {
    struct xe_fp f;
    u32          rm, to; /* to: bits of the integer */
    enum xreg    s, t, r;
};

enum xreg xe_fp_scaled(struct xe_fp *f, enum xreg t, i32 limit, u32 fraction_bits)
{
    u64 least = xe_fp_pow2_bits(f->bits, limit) | xe_fp_sign_bits(f->bits);
    xa_v3m(f->a, xe_fp_op(f, XFP_MIN), t, f->s[0][0], xe_fp_pow2(f, limit));
    xa_v3m(f->a, xe_fp_op(f, XFP_MAX), t, t, xe_fp_const(f, least));
    xa_v3m(f->a, xe_fp_op(f, XFP_MUL), t, t, xe_fp_pow2(f, (i32)fraction_bits));
    return t;
}

/* Fixed point: the product is exact in f64 once what saturates anyway is cut short. */
static void scale(struct to_int *c, u32 fraction_bits)
{
    enum xreg t = xe_tmp_v(c->f.x);
    if (c->f.bits == 32)
        xa_v2(c->f.a, XV_CVTSS2SD, t, c->s);
    c->f.s[0][0] = c->f.bits == 32 ? t : c->s;
    c->f.bits = 64;
    c->s = xe_fp_scaled(&c->f, t, 900, fraction_bits);
}

static bool to_int_begin(struct to_int *c, struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    c->rm = in->imm & 7;
    c->to = ir_bits((enum ir_type)in->type);
    if (!xe_fp_rounds(c->rm) || c->to < 32) {
        xe_eval(x, i);
        return false;
    }
    if (!xe_fp_begin_arm(&c->f, x, i, 0))
        return false;
    c->s = c->f.s[0][0];
    c->t = xe_tmp_v(x);
    c->r = xe_def(x, i);
    if (in->imm >> 3)
        scale(c, (u32)(in->imm >> 3));
    return true;
}

/* Raises PE if s is not integral. */
static void inexact(struct to_int *c) { xe_fp_round(&c->f, XV_T0, c->s, FP_RZ, true); }

static void to_signed(struct xe *x, u32 i)
{
    struct to_int c;
    if (!to_int_begin(&c, x, i))
        return;
    bool direct = c.rm == FP_RZ || c.rm == 7;
    if (!direct)
        xe_fp_round(&c.f, c.t, c.s, c.rm, false);
    xa_cvt_to_int(c.f.a, c.rm != 7, c.f.bits, c.to, c.r, direct ? c.s : c.t);
    xa_alu_ri(c.f.a, XA_CMP, c.to, c.r, 1);
    u8 *odd = xa_jcc_fwd(c.f.a, CC_O, false); /* r is 0x80..0 */
    if (!direct)
        inexact(&c);
    xe_fp_cold(&c.f, odd);
}

/* As a signed number of 64 bits. */
static u8 *to_u32(struct to_int *c)
{
    xa_cvt_to_int(c->f.a, true, c->f.bits, 64, c->r, c->t);
    xa_mov_rr(c->f.a, 32, RCX, c->r);
    xa_alu_rr(c->f.a, XA_CMP, 64, RCX, c->r);
    return xa_jcc_fwd(c->f.a, CC_NE, false);
}

void xe_fp_take_top(struct xe_fp *f, enum xreg t, i32 top)
{
    xa_v3m(f->a, xe_fp_op(f, XFP_MIN), t, t, xe_fp_pow2(f, top + 1));
    xa_vload(f->a, 16, XV_T1, xe_fp_pow2(f, top));
    xe_fp_cmp(f, XP_LE_OS, XV_T1, XV_T1, t);
    xa_v3m(f->a, XV_ANDPS, XV_T0, XV_T1, xe_fp_pow2(f, top));
    xa_v3(f->a, xe_fp_op(f, XFP_SUB), t, t, XV_T0);
}

static u8 *to_u64(struct to_int *c)
{
    xe_fp_take_top(&c->f, c->t, 63);
    xa_cvt_to_int(c->f.a, true, c->f.bits, 64, c->r, c->t);
    xa_vto(c->f.a, 32, RCX, XV_T1);
    xa_test_rr(c->f.a, 64, c->r, c->r);
    u8 *odd = xa_jcc_fwd(c->f.a, CC_S, false);
    xa_shift_ri(c->f.a, XS_SHL, 64, RCX, 63);
    xa_alu_rr(c->f.a, XA_OR, 64, c->r, RCX);
    return odd;
}

static void to_unsigned(struct xe *x, u32 i)
{
    struct to_int c;
    if (!to_int_begin(&c, x, i))
        return;
    xe_fp_round(&c.f, c.t, c.s, c.rm, false);
    u8 *odd = c.to == 32 ? to_u32(&c) : to_u64(&c);
    inexact(&c);
    xe_fp_cold(&c.f, odd);
}

/* x86's own conversion has the host's answers; the other rounding modes do not occur. */
static void to_signed_x86(struct xe *x, u32 i)
{
    struct xe_fp f;
    u32 rm = xe_ins(x, i)->imm & 7, to = ir_bits((enum ir_type)xe_ins(x, i)->type);
    if ((rm != FP_RZ && rm != 7) || to < 32) {
        xe_eval(x, i);
        return;
    }
    if (xe_fp_begin(&f, x, i, 0))
        xa_cvt_to_int(f.a, rm == FP_RZ, f.bits, to, xe_def(x, i), f.s[0][0]);
}

void x64_emit_ftos(struct xe *x, u32 i) { to_signed(x, i); }
void x64_emit_ftou(struct xe *x, u32 i) { to_unsigned(x, i); }
void x64_emit_ftosx(struct xe *x, u32 i) { to_signed_x86(x, i); }

/* ---- from integers ---- */

/* 64 bits: halved with the lost bit kept, rounded once, doubled exactly. */
static void from_u64(struct xasm *a, u32 fbits, enum xreg d, enum xreg s)
{
    xa_test_rr(a, 64, s, s);
    u8 *large = xa_jcc_fwd(a, CC_S, true);
    xa_cvt_from_int(a, fbits, 64, d, s);
    u8 *done = xa_jmp_fwd(a, true);
    xa_here_is(a, large, true);
    xa_mov_rr(a, 64, RAX, s);
    xa_mov_rr(a, 32, RCX, s);
    xa_shift_ri(a, XS_SHR, 64, RAX, 1);
    xa_alu_ri(a, XA_AND, 32, RCX, 1);
    xa_alu_rr(a, XA_OR, 64, RAX, RCX);
    xa_cvt_from_int(a, fbits, 64, d, RAX);
    xa_v3(a, xv_fp(XFP_ADD, fbits, false), d, d, d);
    xa_here_is(a, done, true);
}

static void from_signed(struct xasm *a, u32 fbits, u32 bits, enum xreg d, enum xreg s)
{
    if (bits < 32)
        xa_movsx(a, bits, 32, RAX, s);
    xa_cvt_from_int(a, fbits, MAX(bits, 32u), d, bits < 32 ? RAX : s);
}

/* A power of two divides exactly: 2^-64 is far from the smallest normal. */
static void from_int(struct xe *x, u32 i, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = ir_bits((enum ir_type)in->src), fbits = ir_bits((enum ir_type)in->type);
    i32 fraction_bits = (i32)(in->imm >> 3);
    if (!xe_fp_plain(x) || (in->type != IR_F32 && in->type != IR_F64)) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = is_signed ? xe_use(x, in->arg[0]) : xe_use_zx(x, in->arg[0]), d = xe_def_v(x, i);
    xe_flags_lost(x);
    if (is_signed)
        from_signed(a, fbits, bits, d, s);
    else if (bits == 64)
        from_u64(a, fbits, d, s);
    else
        xa_cvt_from_int(a, fbits, 64, d, s);
    if (fraction_bits)
        xa_v3m(a, xv_fp(XFP_MUL, fbits, false), d, d, xe_splat(x, fbits, xe_fp_pow2_bits(fbits, -fraction_bits)));
}

void x64_emit_stof(struct xe *x, u32 i) { from_int(x, i, true); }
void x64_emit_utof(struct xe *x, u32 i) { from_int(x, i, false); }
