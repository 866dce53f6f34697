/*
 * int.c - scalar arithmetic, logic and the carry and overflow rows.
 *
 * add, sub and and leave the flags of the same two-operand host instruction where the pass may look for them.
 */
#include "backend/jit/x64/emit_util.h"
#include "base/bits.h"

/* ---- helpers ---- */

/* Do the flag rows of this guest instruction ask for the flags of i, or of its operands? */
static bool flags_wanted(const struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    for (u32 k = i + 1; k < MIN(xe_ir(x)->count, i + 12); k++) {
        const struct ir_ins *n = xe_ins(x, k);
        switch (n->op) {
        case IR_insn: return false;
        case IR_carry: case IR_borrow: case IR_ovadd: case IR_ovsub:
        case IR_eq: case IR_ne: case IR_ult: case IR_ule: case IR_slt: case IR_sle: break;
        default: continue;
        }
        bool same = n->arg[0] == in->arg[0] && n->arg[1] == in->arg[1];
        bool turned = n->arg[0] == in->arg[1] && n->arg[1] == in->arg[0];
        if (n->arg[0] == i || same || turned)
            return true;
    }
    return false;
}

/* p op q, p's register taken over. */
static void alu(struct xe *x, u32 i, enum xalu op, ir_ref p, ir_ref q)
{
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(xe_ins(x, i));
    struct xmem m;
    enum xreg s;
    i32 imm;
    if (xe_is_imm32(x, q, &imm))
        xa_alu_ri(a, op, w, xe_def_over(x, i, p), imm);
    else if (xe_use_rm(x, q, &s, &m))
        xa_alu_rm(a, op, w, xe_def_over(x, i, p), m);
    else
        xa_alu_rr(a, op, w, xe_def_over(x, i, p), s);
}

/* For a commutative row: constants on the right, and a value that dies on the left. */
static void order(const struct xe *x, u32 i, ir_ref *p, ir_ref *q)
{
    u64 v;
    *p = xe_ins(x, i)->arg[0];
    *q = xe_ins(x, i)->arg[1];
    if (xe_is_const(x, *q, &v) || (xe_dies(x, *p, i) && !xe_is_const(x, *p, &v)))
        return;
    if (xe_is_const(x, *p, &v) || xe_dies(x, *q, i)) {
        ir_ref r = *p;
        *p = *q;
        *q = r;
    }
}

/* lo_op on the low halves, hi_op on the high ones. */
static void alu128(struct xe *x, u32 i, enum xalu lo_op, enum xalu hi_op, bool invert)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    enum xreg p = xe_use(x, in->arg[0]), p2 = xe_use_hi(x, in->arg[0]);
    enum xreg q = xe_use(x, in->arg[1]), q2 = xe_use_hi(x, in->arg[1]);
    enum xreg d = xe_def(x, i), d2 = xe_def_hi(x, i);
    xa_mov_rr(a, 64, d, invert ? q : p);
    xa_mov_rr(a, 64, d2, invert ? q2 : p2);
    if (invert) {
        xa_grp3(a, XG_NOT, 64, d);
        xa_grp3(a, XG_NOT, 64, d2);
    }
    xa_alu_rr(a, lo_op, 64, d, invert ? p : q);
    xa_alu_rr(a, hi_op, 64, d2, invert ? p2 : q2);
    xe_flags_lost(x);
}

/* ---- sums and differences ---- */

/* p + q with the flags left alone, where that saves a move. */
static bool sum_by_lea(struct xe *x, u32 i, ir_ref p, ir_ref q, i64 sign)
{
    i32 imm = 0;
    bool is_imm = xe_is_imm32(x, q, &imm);
    u64 v;
    if (xe_is_const(x, p, &v) || xe_dies(x, p, i) || (is_imm ? sign * imm != (i32)(sign * imm) : sign < 0))
        return false;
    if (flags_wanted(x, i))
        return false;
    enum xreg s = xe_use(x, p), t = is_imm ? XNONE : xe_use(x, q), d = xe_def(x, i);
    xa_lea(xe_asm(x), xu_width(xe_ins(x, i)), d, is_imm ? xm(s, (i32)(sign * imm)) : xmi(s, t, 1, 0));
    return true;
}

void x64_emit_add(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    ir_ref p, q;
    if (in->src == IR_I128) {
        alu128(x, i, XA_ADD, XA_ADC, false);
        return;
    }
    order(x, i, &p, &q);
    bool lea = sum_by_lea(x, i, p, q, 1);
    if (!lea)
        alu(x, i, XA_ADD, p, q);
    if (lea || xu_narrow(in))
        xe_flags_lost(x);
}

void x64_emit_sub(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (in->src == IR_I128) {
        alu128(x, i, XA_SUB, XA_SBB, false);
        return;
    }
    bool lea = sum_by_lea(x, i, in->arg[0], in->arg[1], -1);
    if (!lea)
        alu(x, i, XA_SUB, in->arg[0], in->arg[1]);
    if (lea || xu_narrow(in))
        xe_flags_lost(x);
}

void x64_emit_neg(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    xa_grp3(xe_asm(x), XG_NEG, xu_width(in), xe_def_over(x, i, in->arg[0]));
    xe_flags_lost(x);
}

void x64_emit_abs(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), d = xe_def(x, i);
    xu_sext(x, in, RAX, s);
    xa_mov_rr(a, w, d, RAX);
    xa_grp3(a, XG_NEG, w, d);
    xa_cmov(a, CC_S, w, d, RAX);
    xe_flags_lost(x);
}

/* ---- products ---- */

static void mul_const(struct xe *x, u32 i, ir_ref p, u64 v, i32 imm)
{
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(xe_ins(x, i));
    enum xreg s = xe_use(x, p), d = xu_def3(x, i, p);
    if (v == 3 || v == 5 || v == 9) {
        xa_lea(a, w, d, xmi(s, s, (u32)v - 1, 0));
    } else if (is_pow2(v)) {
        xu_mov(x, w, d, s);
        xa_shift_ri(a, XS_SHL, w, d, (u32)__builtin_ctzll(v));
    } else {
        xa_imul_rri(a, w, d, s, imm);
    }
}

void x64_emit_mul(struct xe *x, u32 i)
{
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(xe_ins(x, i));
    struct xmem m;
    enum xreg s;
    ir_ref p, q;
    i32 imm = 0;
    u64 v;
    order(x, i, &p, &q);
    bool fits = xe_is_imm32(x, q, &imm);
    if (xe_is_const(x, q, &v) && (fits || is_pow2(v)) && v != 1)
        mul_const(x, i, p, v, imm);
    else if (xe_use_rm(x, q, &s, &m))
        xa_imul_rm(a, w, xe_def_over(x, i, p), m);
    else
        xa_imul_rr(a, w, xe_def_over(x, i, p), s);
    xe_flags_lost(x);
}

/* The product of extended operands fits twice the width: 64 bits but for i64. */
static void mul_high_narrow(struct xe *x, u32 i, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = bits == 32 ? 64 : 32;
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
    if (is_signed) {
        xa_movsx(a, bits, w, d, s);
        xa_movsx(a, bits, w, RAX, t);
    } else {
        xa_movzx(a, bits, d, s);
        xa_movzx(a, bits, RAX, t);
    }
    xa_imul_rr(a, w, d, RAX);
    xa_shift_ri(a, XS_SHR, w, d, bits);
    if (!is_signed)
        xe_clean(x, i);
}

static void mul_high(struct xe *x, u32 i, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (in->src != IR_I64) {
        mul_high_narrow(x, i, is_signed);
    } else {
        enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
        xa_mov_rr(xe_asm(x), 64, RAX, s);
        xa_grp3(xe_asm(x), is_signed ? XG_IMUL : XG_MUL, 64, t);
        xa_mov_rr(xe_asm(x), 64, d, RDX);
    }
    xe_flags_lost(x);
}

void x64_emit_mulhu(struct xe *x, u32 i) { mul_high(x, i, false); }
void x64_emit_mulhs(struct xe *x, u32 i) { mul_high(x, i, true); }

/* ---- logic; whole vectors have no lane either ---- */

static bool is_vector(struct xe *x, u32 i) { return ir_is_vec((enum ir_type)xe_ins(x, i)->src); }

/* Masks that are better told by another instruction than and. False: none. */
static bool and_mask(struct xe *x, u32 i, ir_ref p, u64 v)
{
    struct xasm *a = xe_asm(x);
    u32 keep = v == 0xff ? 8 : v == 0xffff ? 16 : v == 0xffffffff ? 32 : 0;
    if (keep && xe_ins(x, i)->src > IR_I8) {
        enum xreg s = xe_use(x, p);
        xa_movzx(a, keep, xu_def3(x, i, p), s);
    } else if (v <= UINT32_MAX) {
        xa_alu_ri(a, XA_AND, 32, xe_def_over(x, i, p), (i32)v);
    } else {
        return false;
    }
    xe_clean(x, i);
    return true;
}

void x64_emit_and(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    ir_ref p, q;
    u64 v;
    if (is_vector(x, i)) {
        x64_vemit_and(x, i);
        return;
    }
    if (in->src == IR_I128) {
        alu128(x, i, XA_AND, XA_AND, false);
        return;
    }
    order(x, i, &p, &q);
    if (xe_is_const(x, q, &v) && !flags_wanted(x, i) && and_mask(x, i, p, v)) {
        xe_flags_lost(x);
        return;
    }
    alu(x, i, XA_AND, p, q);
    if (xu_narrow(in))
        xe_flags_lost(x);
}

void x64_emit_or(struct xe *x, u32 i)
{
    ir_ref p, q;
    if (is_vector(x, i)) {
        x64_vemit_or(x, i);
        return;
    }
    if (xe_ins(x, i)->src == IR_I128) {
        alu128(x, i, XA_OR, XA_OR, false);
        return;
    }
    order(x, i, &p, &q);
    alu(x, i, XA_OR, p, q);
    xe_flags_lost(x);
}

void x64_emit_xor(struct xe *x, u32 i)
{
    ir_ref p, q;
    if (is_vector(x, i)) {
        x64_vemit_xor(x, i);
        return;
    }
    if (xe_ins(x, i)->src == IR_I128) {
        alu128(x, i, XA_XOR, XA_XOR, false);
        return;
    }
    order(x, i, &p, &q);
    alu(x, i, XA_XOR, p, q);
    xe_flags_lost(x);
}

/* ~r in place; an i1 stays 0 or 1. */
static void invert(struct xe *x, const struct ir_ins *in, enum xreg r)
{
    if (in->src == IR_I1)
        xa_alu_ri(xe_asm(x), XA_XOR, 32, r, 1);
    else
        xa_grp3(xe_asm(x), XG_NOT, xu_width(in), r);
}

/* a op ~constant */
static bool invert_const(struct xe *x, u32 i, enum xalu op)
{
    const struct ir_ins *in = xe_ins(x, i);
    i32 imm;
    if (!xe_is_imm32(x, in->arg[1], &imm))
        return false;
    enum xreg d = xe_def_over(x, i, in->arg[0]);
    xa_alu_ri(xe_asm(x), op, xu_width(in), d, in->src == IR_I1 ? !imm : ~imm);
    return true;
}

void x64_emit_andn(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    if (is_vector(x, i)) {
        x64_vemit_andn(x, i);
        return;
    }
    if (in->src == IR_I128) {
        alu128(x, i, XA_AND, XA_AND, true);
    } else if (!invert_const(x, i, XA_AND)) {
        enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]);
        if (xe_has(x, XF_BMI1)) {
            xa_andn(a, w, xu_def3(x, i, in->arg[0]), t, s);
        } else {
            enum xreg d = xe_def_over(x, i, in->arg[1]);
            xa_grp3(a, XG_NOT, w, d);
            xa_alu_rr(a, XA_AND, w, d, s);
        }
    }
    xe_flags_lost(x);
}

void x64_emit_orn(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (is_vector(x, i)) {
        x64_vemit_orn(x, i);
        return;
    }
    if (in->src == IR_I128) {
        alu128(x, i, XA_OR, XA_OR, true);
    } else if (!invert_const(x, i, XA_OR)) {
        enum xreg s = xe_use(x, in->arg[0]), d = xe_def_over(x, i, in->arg[1]);
        invert(x, in, d);
        xa_alu_rr(xe_asm(x), XA_OR, xu_width(in), d, s);
    }
    xe_flags_lost(x);
}

void x64_emit_not(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (is_vector(x, i)) {
        x64_vemit_not(x, i);
    } else if (in->src == IR_I128) {
        enum xreg s = xe_use(x, in->arg[0]), s2 = xe_use_hi(x, in->arg[0]), d = xe_def(x, i), d2 = xe_def_hi(x, i);
        xa_mov_rr(xe_asm(x), 64, d, s);
        xa_mov_rr(xe_asm(x), 64, d2, s2);
        xa_grp3(xe_asm(x), XG_NOT, 64, d);
        xa_grp3(xe_asm(x), XG_NOT, 64, d2);
    } else {
        invert(x, in, xe_def_over(x, i, in->arg[0]));
        if (in->src == IR_I1)
            xe_flags_lost(x);
    }
}

/* c ^ ((b ^ c) & a) */
void x64_emit_bsel(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    i32 imm;
    if (is_vector(x, i)) {
        x64_vemit_bsel(x, i);
        return;
    }
    bool is_imm = xe_is_imm32(x, in->arg[0], &imm);
    enum xreg mask = is_imm ? XNONE : xe_use(x, in->arg[0]);
    enum xreg s = xe_use(x, in->arg[1]), d = xe_def_over(x, i, in->arg[2]);
    xa_mov_rr(a, w, RAX, s);
    xa_alu_rr(a, XA_XOR, w, RAX, d);
    if (is_imm)
        xa_alu_ri(a, XA_AND, w, RAX, imm);
    else
        xa_alu_rr(a, XA_AND, w, RAX, mask);
    xa_alu_rr(a, XA_XOR, w, d, RAX);
    xe_flags_lost(x);
}

/* ---- minimum, maximum ---- */

static void pick(struct xe *x, u32 i, enum xcc cc, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
    void (*extend)(struct xe *, const struct ir_ins *, enum xreg, enum xreg) = is_signed ? xu_sext : xu_zext;
    if (xu_narrow(in)) {
        extend(x, in, RAX, s);
        s = RAX;
    }
    extend(x, in, d, t);
    xa_alu_rr(a, XA_CMP, w, s, d);
    xa_cmov(a, cc, w, d, s);
    if (!is_signed)
        xe_clean(x, i);
    xe_flags_lost(x);
}

void x64_emit_umin(struct xe *x, u32 i) { pick(x, i, CC_B, false); }
void x64_emit_umax(struct xe *x, u32 i) { pick(x, i, CC_A, false); }
void x64_emit_smin(struct xe *x, u32 i) { pick(x, i, CC_L, true); }
void x64_emit_smax(struct xe *x, u32 i) { pick(x, i, CC_G, true); }
