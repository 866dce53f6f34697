/*
 * int_sat.c - scalar saturating arithmetic and the shifts of vector elements as scalars.
 *
 * The sums and products that guests use are inline. By evaluation: those of mixed signs, the rounding accumulates,
 * 64-bit doubling products, rounding and saturating shifts by a register, and the reciprocal estimates.
 */
#include "backend/jit/x64/emit_util.h"
#include "base/bits.h"

/* ---- unsigned: the carry says that all is ones (or zeros) ---- */

static void saturate_unsigned(struct xe *x, u32 i, bool sub)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
    xa_mov_rr(a, w, d, s);
    xa_alu_rr(a, sub ? XA_SUB : XA_ADD, xu_src_bits(in), d, t);
    xa_alu_rr(a, XA_SBB, w, RAX, RAX);
    if (sub)
        xa_grp3(a, XG_NOT, w, RAX);
    xa_alu_rr(a, sub ? XA_AND : XA_OR, w, d, RAX);
    xe_flags_lost(x);
}

void x64_emit_uqadd(struct xe *x, u32 i) { saturate_unsigned(x, i, false); }
void x64_emit_uqsub(struct xe *x, u32 i) { saturate_unsigned(x, i, true); }

/* ---- signed ---- */

static u64 largest(const struct ir_ins *in) { return bits_mask(xu_src_bits(in) - 1); }

/* rcx := the bound on the side of s's sign: the largest number, or that and one more. */
static void bound_of_sign(struct xe *x, const struct ir_ins *in, enum xreg s)
{
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    xu_zext(x, in, RCX, s);
    xa_shift_ri(a, XS_SHR, w, RCX, xu_src_bits(in) - 1);
    xa_mov_ri(a, RAX, largest(in));
    xa_alu_rr(a, XA_ADD, w, RCX, RAX);
}

static void saturate_signed(struct xe *x, u32 i, bool sub)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
    bound_of_sign(x, in, s);
    xa_mov_rr(a, w, d, s);
    xa_alu_rr(a, sub ? XA_SUB : XA_ADD, xu_src_bits(in), d, t);
    xa_cmov(a, CC_O, w, d, RCX);
    xe_flags_lost(x);
}

void x64_emit_sqadd(struct xe *x, u32 i) { saturate_signed(x, i, false); }
void x64_emit_sqsub(struct xe *x, u32 i) { saturate_signed(x, i, true); }

/* Only the smallest number overflows when negated. */
static void negate_saturating(struct xe *x, u32 i, bool absolute)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), d = xe_def(x, i);
    xa_mov_ri(a, RCX, largest(in));
    xa_mov_rr(a, w, d, s);
    xa_grp3(a, XG_NEG, xu_src_bits(in), d);
    if (absolute)
        xa_cmov(a, CC_S, w, d, s);
    xa_cmov(a, CC_O, w, d, RCX);
    xe_flags_lost(x);
}

void x64_emit_sqabs(struct xe *x, u32 i) { negate_saturating(x, i, true); }
void x64_emit_sqneg(struct xe *x, u32 i) { negate_saturating(x, i, false); }

/* Twice the product's upper half, in 64 bits: too large only for the smallest number squared. */
static void doubling_high(struct xe *x, u32 i, bool round)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in);
    if (bits == 64) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
    xa_movsx(a, bits, 64, d, s);
    xa_movsx(a, bits, 64, RAX, t);
    xa_imul_rr(a, 64, d, RAX);
    if (round)
        xa_alu_ri(a, XA_ADD, 64, d, 1 << (bits - 2));
    xa_shift_ri(a, XS_SAR, 64, d, bits - 1);
    xa_mov_ri(a, RCX, largest(in));
    xa_alu_rr(a, XA_CMP, 64, d, RCX);
    xa_cmov(a, CC_G, 32, d, RCX);
    xe_flags_lost(x);
}

void x64_emit_sqdmulh(struct xe *x, u32 i) { doubling_high(x, i, false); }
void x64_emit_sqrdmulh(struct xe *x, u32 i) { doubling_high(x, i, true); }

/* ---- shifts by the signed low byte of the count, neither rounding nor saturating ---- */

/* Left by b if positive: zero from 64 on. Right by -b: from 64 on zero, or the sign. */
static void shift_both_ways(struct xe *x, u32 i, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (in->src != IR_I64) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), b = xe_use(x, in->arg[1]), d = xe_def(x, i);
    xa_movsx(a, 8, 32, RCX, b);
    xa_mov_rr(a, 64, d, s);
    xa_shift_cl(a, XS_SHL, 64, d);
    xa_mov_ri(a, RAX, 0);
    xa_alu_ri(a, XA_CMP, 32, RCX, 63);
    xa_cmov(a, CC_A, 64, d, RAX); /* negative counts, too */
    xa_mov_rr(a, 64, RDX, s);
    xa_grp3(a, XG_NEG, 32, RCX);
    if (is_signed) {
        xa_mov_ri(a, RAX, 63);
        xa_alu_rr(a, XA_CMP, 32, RCX, RAX);
        xa_cmov(a, CC_G, 32, RCX, RAX);
        xa_shift_cl(a, XS_SAR, 64, RDX);
        xa_test_rr(a, 32, RCX, RCX);
        xa_cmov(a, CC_G, 64, d, RDX);
    } else { /* one of both ways is zero, or neither moves anything */
        xa_shift_cl(a, XS_SHR, 64, RDX);
        xa_alu_ri(a, XA_CMP, 32, RCX, 63);
        xa_cmov(a, CC_A, 64, RDX, RAX);
        xa_alu_rr(a, XA_OR, 64, d, RDX);
    }
    xe_flags_lost(x);
}

void x64_emit_vushl(struct xe *x, u32 i) { shift_both_ways(x, i, false); }
void x64_emit_vsshl(struct xe *x, u32 i) { shift_both_ways(x, i, true); }

/* ---- by evaluation ---- */

void x64_emit_suqadd(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_usqadd(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_sqrdmlah(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_sqrdmlsh(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vurshl(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vsrshl(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vuqshl(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vsqshl(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vuqrshl(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vsqrshl(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vsqshlu(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_vshl_sat(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_urecpe(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_emit_ursqrte(struct xe *x, u32 i) { xe_eval(x, i); }
