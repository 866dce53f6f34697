/*
 * int_shift.c - scalar shifts and rotations.
 *
 * The host takes counts modulo 32 or 64; the rows give zeros or signs from `bits` on. Counts that are known to be
 * small (constants, masked ones) need no care, and i8 and i16 are shifted in 32 bits, where counts up to 31 come out
 * right.
 */
#include "backend/jit/x64/emit_util.h"

/* Is the value below limit, by what made it? */
static bool is_below(const struct xe *x, ir_ref r, u64 limit)
{
    const struct ir_ins *in = xe_ins(x, r);
    u64 v;
    if (xe_is_const(x, r, &v))
        return v < limit;
    if (in->op != IR_and && in->op != IR_umin)
        return false;
    return (xe_is_const(x, in->arg[1], &v) && v < limit) || (xe_is_const(x, in->arg[0], &v) && v < limit);
}

static enum xshift shift_of(u32 op)
{
    return op == IR_shl ? XS_SHL : op == IR_shr ? XS_SHR : XS_SAR;
}

/* ---- constant counts ---- */

static void shift_const(struct xe *x, u32 i, u64 n)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    enum xshift op = shift_of(in->op);
    if (n >= bits && op != XS_SAR) {
        xu_result_const(x, i, 0);
        return;
    }
    n = MIN(n, bits - 1);
    enum xreg s = xe_use(x, in->arg[0]), d;
    if (xu_narrow(in) && op != XS_SHL) {
        d = xe_def(x, i);
        if (op == XS_SHR)
            xu_zext(x, in, d, s);
        else
            xu_sext(x, in, d, s);
    } else {
        d = xu_def3(x, i, in->arg[0]);
        if (op == XS_SHL && n == 1 && d != s) {
            xa_lea(a, w, d, xmi(s, s, 1, 0));
            return;
        }
        xu_mov(x, w, d, s);
    }
    if (n)
        xa_shift_ri(a, op, w, d, (u32)n);
    else if (w == 32)
        xa_mov_rr(a, 32, d, d);
    if (op == XS_SHR)
        xe_clean(x, i);
    xe_flags_lost(x);
}

/* i128 by a constant: d2:d := s2:s shifted by n in 1..127. */
static void shift_wide_const(struct xe *x, u32 i, u32 n)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    enum xshift op = shift_of(in->op);
    enum xreg s = xe_use(x, in->arg[0]), s2 = xe_use_hi(x, in->arg[0]), d = xe_def(x, i), d2 = xe_def_hi(x, i);
    if (op == XS_SHL && n >= 64) {
        xa_mov_rr(a, 64, d2, s);
        xa_mov_ri(a, d, 0);
        if (n > 64)
            xa_shift_ri(a, XS_SHL, 64, d2, n - 64);
    } else if (op == XS_SHL) { /* the high half is the low half of (s2:s) >> (64 - n) */
        xa_mov_rr(a, 64, d2, s);
        xa_shrd_ri(a, 64, d2, s2, 64 - n);
        xa_mov_rr(a, 64, d, s);
        xa_shift_ri(a, XS_SHL, 64, d, n);
    } else if (n >= 64) {
        xa_mov_rr(a, 64, d, s2);
        if (n > 64)
            xa_shift_ri(a, op, 64, d, n - 64);
        xa_mov_rr(a, 64, d2, s2);
        if (op == XS_SAR)
            xa_shift_ri(a, XS_SAR, 64, d2, 63);
        else
            xa_mov_ri(a, d2, 0);
    } else {
        xa_mov_rr(a, 64, d, s);
        xa_shrd_ri(a, 64, d, s2, n);
        xa_mov_rr(a, 64, d2, s2);
        xa_shift_ri(a, op, 64, d2, n);
    }
    xe_flags_lost(x);
}

static void shift_wide(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i), *count = xe_ins(x, in->arg[1]);
    if (count->op == IR_const && !count->imm2 && count->imm >= 1 && count->imm <= 127)
        shift_wide_const(x, i, (u32)count->imm);
    else
        xe_eval(x, i);
}

/* ---- counts in registers ---- */

/* d := s shifted by count (modulo the width); count is not d. */
static void shift_by(struct xe *x, enum xshift op, u32 w, enum xreg d, enum xreg s, enum xreg count)
{
    struct xasm *a = xe_asm(x);
    if (xe_has(x, XF_BMI2)) {
        switch (op) {
        case XS_SHL: xa_shlx(a, w, d, s, count); return;
        case XS_SHR: xa_shrx(a, w, d, s, count); return;
        default: xa_sarx(a, w, d, s, count); return;
        }
    }
    if (count != RCX)
        xa_mov_rr(a, 32, RCX, count);
    xu_mov(x, w, d, s);
    xa_shift_cl(a, op, w, d);
}

/* rcx := min(count, w - 1) */
static void limit_count(struct xe *x, u32 w, enum xreg count)
{
    struct xasm *a = xe_asm(x);
    xa_mov_ri(a, RCX, w - 1);
    xa_alu_rr(a, XA_CMP, w, count, RCX);
    xa_cmov(a, CC_B, w, RCX, count);
}

/* d := 0 if count >= w */
static void zero_beyond(struct xe *x, u32 w, enum xreg d, enum xreg count)
{
    struct xasm *a = xe_asm(x);
    xu_zero(x, RAX);
    xa_alu_ri(a, XA_CMP, w, count, (i32)w);
    xa_cmov(a, CC_AE, w, d, RAX);
}

static void shift(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 w = xu_width(in);
    enum xshift op = shift_of(in->op);
    u64 n;
    if (in->src == IR_I128) {
        shift_wide(x, i);
        return;
    }
    if (xe_is_const(x, in->arg[1], &n)) {
        shift_const(x, i, n);
        return;
    }
    bool small = is_below(x, in->arg[1], w);
    enum xreg s = xe_use(x, in->arg[0]);
    enum xreg count = small ? xe_use(x, in->arg[1]) : xe_use_zx(x, in->arg[1]), d = xu_def3(x, i, in->arg[0]);
    if (xu_narrow(in) && op != XS_SHL) {
        if (op == XS_SHR)
            xu_zext(x, in, RAX, s);
        else
            xu_sext(x, in, RAX, s);
        s = RAX;
    }
    if (op == XS_SAR && !small) {
        limit_count(x, w, count);
        count = RCX;
    }
    shift_by(x, op, w, d, s, count);
    if (op != XS_SAR && !small)
        zero_beyond(x, w, d, count);
    if (op == XS_SHR)
        xe_clean(x, i);
    xe_flags_lost(x);
}

void x64_emit_shl(struct xe *x, u32 i) { shift(x, i); }
void x64_emit_shr(struct xe *x, u32 i) { shift(x, i); }
void x64_emit_sar(struct xe *x, u32 i) { shift(x, i); }

/* ---- rotations: the host takes counts modulo the width, too ---- */

static void rotate_const(struct xe *x, u32 i, u32 right)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    if (right == 0) {
        xu_copy(x, i, in->arg[0]);
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), d = xu_def3(x, i, in->arg[0]);
    if (bits == w && xe_has(x, XF_BMI2) && d != s) {
        xa_rorx(a, w, d, s, right);
        return;
    }
    if (bits == w)
        xu_mov(x, w, d, s);
    else
        xu_zext(x, in, d, s);
    xa_shift_ri(a, XS_ROR, bits, d, right);
    xe_flags_lost(x);
}

static void rotate(struct xe *x, u32 i, enum xshift op)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    u64 n;
    if (xe_is_const(x, in->arg[1], &n)) {
        n %= bits;
        rotate_const(x, i, (u32)(op == XS_ROR ? n : (bits - n) % bits));
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), count = xe_use(x, in->arg[1]), d = xu_def3(x, i, in->arg[0]);
    xa_mov_rr(a, 32, RCX, count);
    if (bits == w)
        xu_mov(x, w, d, s);
    else
        xu_zext(x, in, d, s);
    xa_shift_cl(a, op, bits, d);
    xe_flags_lost(x);
}

void x64_emit_rotr(struct xe *x, u32 i) { rotate(x, i, XS_ROR); }
void x64_emit_rotl(struct xe *x, u32 i) { rotate(x, i, XS_ROL); }

/* i8, i16: both side by side in 32 bits. */
static void funnel_narrow(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in);
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), c = xe_use(x, in->arg[2]), d = xe_def(x, i);
    xu_zext(x, in, d, s);
    xa_mov_rr(a, 32, RAX, t);
    xa_shift_ri(a, XS_SHL, 32, RAX, bits);
    xa_alu_rr(a, XA_OR, 32, d, RAX);
    xa_mov_rr(a, 32, RCX, c);
    xa_alu_ri(a, XA_AND, 32, RCX, (i32)bits - 1);
    xa_shift_cl(a, XS_SHR, 32, d);
    xe_flags_lost(x);
}

void x64_emit_fshr(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    u64 n;
    if (xu_narrow(in)) {
        funnel_narrow(x, i);
        return;
    }
    bool is_const = xe_is_const(x, in->arg[2], &n);
    if (is_const && n % w == 0) {
        xu_copy(x, i, in->arg[0]);
        return;
    }
    enum xreg t = xe_use(x, in->arg[1]), c = is_const ? XNONE : xe_use(x, in->arg[2]);
    enum xreg d = xe_def_over(x, i, in->arg[0]);
    if (is_const) {
        xa_shrd_ri(a, w, d, t, (u32)(n % w));
    } else {
        xa_mov_rr(a, 32, RCX, c);
        xa_shrd_cl(a, w, d, t);
    }
    xe_flags_lost(x);
}
