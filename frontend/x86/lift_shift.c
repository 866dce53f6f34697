/*
 * lift_shift.c - shifts and rotates, SHLD SHRD, SHLX SHRX SARX RORX (Intel SDM volume 2).
 *
 * Counts are taken modulo 32 or 64. Flags stay when that gives 0; constant counts are decided here. OF, which the
 * manual defines for counts of 1 only, is what the last bit step says; AF is 0 after shifts. Rotates leave SF ZF AF
 * PF.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

struct count {
    bool   known;
    u64    n;       /* ... then it is this */
    ir_ref v;       /* of type t */
    ir_ref is_zero; /* i1, unless known: flags stay */
};

static struct count count_const(struct x86_lift *l, enum ir_type t, u64 n)
{
    return (struct count){ .known = true, .n = n, .v = x86_imm(l, t, n), .is_zero = IR_NONE };
}

/* Operand n: imm8, 1, or CL; as a value of type t. */
static struct count count_of(struct x86_lift *l, const struct x86_insn *i, u32 n, u32 size, enum ir_type t)
{
    u64 mask = size == 8 ? 63 : 31;
    if (i->row->operand[n].method == X86_A_ONE)
        return count_const(l, t, 1);
    if (i->op[n].kind == X86_K_IMM)
        return count_const(l, t, i->imm & mask);
    ir_ref v = x86_op2i(l, IR_and, x86_zext(l, t, x86_reg(l, X86_RCX, 1)), mask);
    return (struct count){ .v = v, .is_zero = x86_is_zero(l, v) };
}

static ir_ref shift_by(struct x86_lift *l, enum ir_op op, ir_ref v, ir_ref n) { return ir_op2(l->b, op, v, n); }
static ir_ref bit(struct x86_lift *l, ir_ref v, u32 n) { return x86_op2i(l, IR_tst, v, 1ull << n); }
static ir_ref top(struct x86_lift *l, ir_ref v) { return x86_is_neg(l, v); }
/* n + c */
static ir_ref plus(struct x86_lift *l, const struct count *n, i64 c)
{
    return n->known ? x86_imm(l, ir_type_of(l->b, n->v), n->n + (u64)c) : x86_op2i(l, IR_add, n->v, (u64)c);
}
/* c - n */
static ir_ref minus(struct x86_lift *l, u64 c, const struct count *n)
{
    enum ir_type t = ir_type_of(l->b, n->v);
    return n->known ? x86_imm(l, t, c - n->n) : ir_op2(l->b, IR_sub, x86_imm(l, t, c), n->v);
}

/* What a shift or rotate makes. szp: the flags of the result are set, too. */
struct shifted {
    ir_ref r, cf, of;
    bool   szp;
};

/* Writes and sets; nothing but the write when the count is 0. */
static void conclude(struct x86_lift *l, const struct x86_dst *d, const struct count *n, const struct shifted *s)
{
    x86_write_dst(l, d, s->r);
    if (n->known && !n->n)
        return;
    u16 keep = n->known ? 0 : x86_unless(l, n->is_zero);
    if (s->szp)
        x86_flags_szp(l, s->r);
    x86_set_flag(l, X86_F_cf, s->cf);
    x86_set_flag(l, X86_F_of, s->of);
    if (!n->known)
        x86_end(l, keep);
}

/* ---- SHL SHR SAR ---- */

/* One less than the count, which is not 0 where this matters. */
static ir_ref one_less(struct x86_lift *l, const struct count *n)
{
    u32 mask = x86_bits(l, n->v) - 1;
    return n->known ? plus(l, n, -1) : x86_op2i(l, IR_and, plus(l, n, -1), mask);
}

/* 8 and 16 bits are shifted in 32: counts up to 31 come out right. */
static struct shifted shl(struct x86_lift *l, ir_ref v, const struct count *n)
{
    enum ir_type t = ir_type_of(l->b, v), w = ir_bits(t) < 32 ? IR_I32 : t;
    u32 bits = ir_bits(t);
    ir_ref wide = x86_zext(l, w, v), all = shift_by(l, IR_shl, wide, n->v), r = x86_zext(l, t, all), cf;
    if (w != t) /* the bit behind the operand's width is the last one out */
        cf = bit(l, all, bits);
    else
        cf = n->known ? bit(l, v, bits - (u32)n->n) : top(l, shift_by(l, IR_shl, v, one_less(l, n)));
    return (struct shifted){ r, cf, ir_op2(l->b, IR_ne, top(l, r), cf), true };
}

/* SHR and SAR. */
static struct shifted shr(struct x86_lift *l, ir_ref v, const struct count *n, enum ir_op op)
{
    enum ir_type t = ir_type_of(l->b, v), w = ir_bits(t) < 32 ? IR_I32 : t;
    ir_ref wide = op == IR_sar ? x86_sext(l, w, v) : x86_zext(l, w, v);
    ir_ref r = x86_zext(l, t, shift_by(l, op, wide, n->v)), of = x86_imm(l, IR_I1, 0);
    if (n->known)
        return (struct shifted){ r, bit(l, wide, (u32)n->n - 1), op == IR_shr && n->n == 1 ? top(l, v) : of, true };
    ir_ref before = shift_by(l, op, wide, one_less(l, n));
    if (op == IR_shr)
        of = top(l, x86_zext(l, t, before));
    return (struct shifted){ r, bit(l, before, 0), of, true };
}

/* ---- ROL ROR ---- */

static struct shifted rotate(struct x86_lift *l, ir_ref v, const struct count *n, bool right)
{
    u32 bits = x86_bits(l, v);
    ir_ref by = x86_zext(l, ir_type_of(l->b, v), n->v);
    ir_ref r = shift_by(l, right ? IR_rotr : IR_rotl, v, by);
    ir_ref cf = right ? top(l, r) : bit(l, r, 0), other = right ? bit(l, r, bits - 2) : top(l, r);
    return (struct shifted){ r, cf, ir_op2(l->b, IR_ne, cf, other), false };
}

/* ---- RCL RCR: of bits + 1 bits, the carry on top ---- */

/* 8 and 16 bits: counts go modulo 9 and 17; where that gives 0 CF stays and OF is made anew. */
static struct count modulo(struct x86_lift *l, const struct count *n, u32 width)
{
    if (n->known)
        return count_const(l, ir_type_of(l->b, n->v), n->n % width);
    return (struct count){ .v = x86_op2i(l, IR_urem, n->v, width), .is_zero = n->is_zero };
}

/* carry:v in 64 bits, turned around. */
static struct shifted rotate_carry_narrow(struct x86_lift *l, ir_ref v, const struct count *n, bool right)
{
    struct ir_block *b = l->b;
    u32 bits = x86_bits(l, v);
    ir_ref carry = x86_zext(l, IR_I64, x86_get_flag(l, X86_F_cf)), by = x86_zext(l, IR_I64, n->v);
    struct count wide = { .known = n->known, .n = n->n, .v = by, .is_zero = IR_NONE };
    ir_ref all = ir_op2(b, IR_or, x86_zext(l, IR_I64, v), x86_op2i(l, IR_shl, carry, bits));
    ir_ref back = minus(l, bits + 1, &wide);
    ir_ref x = ir_op2(b, right ? IR_shr : IR_shl, all, by), y = ir_op2(b, right ? IR_shl : IR_shr, all, back);
    ir_ref turned = ir_op2(b, IR_or, x, y), r = x86_zext(l, ir_type_of(b, v), turned), cf = bit(l, turned, bits);
    ir_ref of = ir_op2(b, IR_ne, top(l, r), right ? bit(l, r, bits - 2) : cf);
    return (struct shifted){ r, cf, of, false };
}

/* 64 bits: v, the carry and v again, shifted in halves. Rows are total: a count of 0 is decided behind them. */
static struct shifted rotate_carry_64(struct x86_lift *l, ir_ref v, const struct count *n, bool right)
{
    struct ir_block *b = l->b;
    enum ir_op out = right ? IR_shr : IR_shl, in = right ? IR_shl : IR_shr;
    ir_ref carry = x86_zext(l, IR_I64, x86_get_flag(l, X86_F_cf));
    ir_ref x = ir_op2(b, out, v, n->v), y = ir_op2(b, in, v, minus(l, 65, n));
    ir_ref c = ir_op2(b, IR_shl, carry, right ? minus(l, 64, n) : plus(l, n, -1));
    ir_ref r = ir_op2(b, IR_or, ir_op2(b, IR_or, x, y), c);
    ir_ref cf = bit(l, ir_op2(b, IR_shr, v, right ? plus(l, n, -1) : minus(l, 64, n)), 0);
    if (!n->known)
        r = x86_select(l, n->is_zero, v, r);
    ir_ref of = ir_op2(b, IR_ne, top(l, r), right ? bit(l, r, 62) : cf);
    return (struct shifted){ r, cf, of, false };
}

static struct shifted rotate_carry(struct x86_lift *l, ir_ref v, const struct count *n, bool right)
{
    u32 bits = x86_bits(l, v);
    struct count by = bits < 32 ? modulo(l, n, bits + 1) : *n;
    return bits == 64 ? rotate_carry_64(l, v, &by, right) : rotate_carry_narrow(l, v, &by, right);
}

/* op: X86_SH_ by the encoding. */
bool x86_shift(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size, op = i->row->op;
    struct x86_dst d = x86_dst(l, i, 0);
    struct count n = count_of(l, i, 1, size, size == 8 ? IR_I64 : IR_I32);
    struct shifted s = { .r = x86_read_dst(l, &d) };
    ir_ref v = s.r;
    switch (n.known && !n.n ? ~0u : op) {
    case ~0u: break;
    case X86_SH_ROL: case X86_SH_ROR: s = rotate(l, v, &n, op == X86_SH_ROR); break;
    case X86_SH_RCL: case X86_SH_RCR: s = rotate_carry(l, v, &n, op == X86_SH_RCR); break;
    case X86_SH_SHL: s = shl(l, v, &n); break;
    default: s = shr(l, v, &n, op == X86_SH_SHR ? IR_shr : IR_sar);
    }
    conclude(l, &d, &n, &s);
    return true;
}

/* ---- SHLD SHRD ---- */

/* 16 bits: counts above 16 go on with the destination's bits again, as processors do. */
static struct shifted double_16(struct x86_lift *l, ir_ref v, ir_ref fill, const struct count *n, bool right)
{
    struct ir_block *b = l->b;
    ir_ref x = x86_zext(l, IR_I64, v), y = x86_op2i(l, IR_shl, x86_zext(l, IR_I64, fill), 16);
    ir_ref by = x86_zext(l, IR_I64, n->v);
    ir_ref all = ir_op2(b, IR_or, ir_op2(b, IR_or, x, y), x86_op2i(l, IR_shl, x, 32));
    struct count wide = { .known = n->known, .n = n->n, .v = by, .is_zero = IR_NONE };
    ir_ref turned, last;
    if (right) {
        turned = ir_op2(b, IR_shr, all, by);
        last = ir_op2(b, IR_shr, all, plus(l, &wide, -1));
    } else {
        turned = ir_op2(b, IR_shr, all, minus(l, 32, &wide));
        last = ir_op2(b, IR_shr, all, minus(l, 33, &wide));
    }
    ir_ref r = x86_zext(l, IR_I16, turned), before = x86_zext(l, IR_I16, last);
    ir_ref cf = right ? bit(l, last, 0) : top(l, before);
    return (struct shifted){ r, cf, ir_op2(b, IR_ne, top(l, r), top(l, before)), true };
}

static struct shifted double_wide(struct x86_lift *l, ir_ref v, ir_ref fill, const struct count *n, bool right)
{
    struct ir_block *b = l->b;
    u32 bits = x86_bits(l, v);
    ir_ref less = one_less(l, n), r, before;
    if (right) {
        r = ir_op3(b, IR_fshr, v, fill, n->v);
        before = ir_op3(b, IR_fshr, v, fill, less);
    } else { /* a count of 0 would give fill */
        ir_ref in = ir_op3(b, IR_fshr, fill, v, minus(l, bits, n));
        r = n->known ? in : x86_select(l, n->is_zero, v, in);
        ir_ref in_less = ir_op3(b, IR_fshr, fill, v, minus(l, bits + 1, n));
        before = n->known && n->n > 1 ? in_less : n->known ? v : x86_select(l, x86_is_zero(l, less), v, in_less);
    }
    ir_ref cf = right ? bit(l, before, 0) : top(l, before);
    return (struct shifted){ r, cf, ir_op2(b, IR_ne, top(l, r), top(l, before)), true };
}

/* a: to the right. */
bool x86_shiftd(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    struct x86_dst d = x86_dst(l, i, 0);
    struct count n = count_of(l, i, 2, size, size == 8 ? IR_I64 : IR_I32);
    ir_ref fill = x86_read_op(l, i, 1), v = x86_read_dst(l, &d);
    struct shifted s = { .r = v };
    if (!n.known || n.n)
        s = size == 2 ? double_16(l, v, fill, &n, i->row->a) : double_wide(l, v, fill, &n, i->row->a);
    conclude(l, &d, &n, &s);
    return true;
}

/* op: IR_shl, IR_shr, IR_sar by a register, IR_rotr by an immediate. No flags. */
bool x86_shiftx(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size, mask = 8 * size - 1;
    ir_ref v = x86_read_op(l, i, 1);
    ir_ref n = i->op[2].kind == X86_K_IMM ? x86_imm(l, x86_ity(size), i->imm & mask)
                                          : x86_op2i(l, IR_and, x86_read_op(l, i, 2), mask);
    x86_set_reg(l, i->op[0].reg, ir_op2(l->b, (enum ir_op)i->row->op, v, n));
    return true;
}
