/*
 * lift_bits.c - BT BTS BTR BTC, bit scans and counts, BMI1 and BMI2, CRC32 (Intel SDM volume 2).
 *
 * Undefined flags: BT and its kin change CF alone. BSF and BSR clear all but ZF and set PF, as of a result 0; the
 * others clear what they leave undefined.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

/* ---- BT BTS BTR BTC ---- */

/* The word that a signed bit offset in a register reaches, from the operand's own address. */
static ir_ref bit_address(struct x86_lift *l, const struct x86_insn *i, ir_ref index, bool write)
{
    u32 size = i->op[0].size, log = (u32)__builtin_ctz(size);
    ir_ref words = x86_op2i(l, IR_sar, x86_sext(l, IR_I64, index), 3 + log);
    ir_ref off = ir_op2(l->b, IR_add, x86_offset(l, i), x86_op2i(l, IR_shl, words, log));
    return x86_linear(l, i->seg, x86_zext(l, x86_ity(i->adsize), off), size, write);
}

static ir_ref changed(struct x86_lift *l, u32 op, ir_ref v, ir_ref mask)
{
    static const enum ir_op ops[] = { IR_or, IR_or, IR_andn, IR_xor };
    return ir_op2(l->b, ops[op], v, mask);
}

bool x86_bt(struct x86_lift *l, const struct x86_insn *i)
{
    static const enum ir_rmw rmw[] = { IR_RMW_or, IR_RMW_or, IR_RMW_andn, IR_RMW_xor };
    u32 size = i->op[0].size, op = i->row->op;
    enum ir_type t = x86_ity(size);
    bool imm = i->op[1].kind == X86_K_IMM, write = op != X86_BT_BT;
    ir_ref index = imm ? x86_imm(l, t, i->imm & (8 * size - 1)) : x86_read_op(l, i, 1);
    struct x86_dst d = { .op = &i->op[0], .addr = IR_NONE };
    if (x86_is_mem(i, 0)) {
        d.addr = imm ? x86_ea(l, i, size, write) : bit_address(l, i, index, write);
        d.mem = x86_mem(l, i->seg, size);
    }
    ir_ref mask = imm ? x86_imm(l, t, 1ull << (i->imm & (8 * size - 1)))
                      : ir_op2(l->b, IR_shl, x86_imm(l, t, 1), x86_op2i(l, IR_and, index, 8 * size - 1));
    ir_ref v;
    if (i->lock)
        v = x86_rmw(l, &d, rmw[op], mask);
    else if (!write && x86_is_mem(i, 0))
        v = x86_load_at(l, t, d.addr, d.mem);
    else
        v = x86_read_dst(l, &d);
    ir_ref cf = ir_op2(l->b, IR_tst, v, mask);
    if (write && !i->lock)
        x86_write_dst(l, &d, changed(l, op, v, mask));
    x86_set_flag(l, X86_F_cf, cf);
    return true;
}

/* ---- scans and counts ---- */

/* The others are cleared, PF as given. */
static void set_cf_zf_pf(struct x86_lift *l, ir_ref cf, ir_ref zf, bool pf)
{
    ir_ref clear = x86_imm(l, IR_I1, 0), odd = x86_imm(l, IR_I8, !pf);
    x86_set_flag(l, X86_F_cf, cf == IR_NONE ? clear : cf);
    x86_set_flag(l, X86_F_zf, zf);
    x86_set_flag(l, X86_F_sf, clear);
    x86_set_flag(l, X86_F_of, clear);
    ir_set(l->b, X86_F_pb, odd);
    ir_set(l->b, X86_F_ab, odd);
}

static ir_ref highest(struct x86_lift *l, ir_ref v)
{
    u32 top = x86_bits(l, v) - 1;
    return ir_op2(l->b, IR_sub, x86_imm(l, ir_type_of(l->b, v), top), ir_op1(l->b, IR_clz, v));
}

static void set_cf_zf(struct x86_lift *l, ir_ref cf, ir_ref zf) { set_cf_zf_pf(l, cf, zf, false); }

/* A source of 0 leaves the whole destination as it was. */
static bool scan(struct x86_lift *l, const struct x86_insn *i, bool reverse)
{
    struct ir_block *b = l->b;
    ir_ref v = x86_read_op(l, i, 1), zero = x86_is_zero(l, v);
    ir_ref n = reverse ? highest(l, v) : ir_op1(b, IR_ctz, v);
    u32 r = i->op[0].reg;
    if (i->op[0].size == 2)
        x86_set_reg(l, r, x86_select(l, zero, x86_reg(l, r, 2), n));
    else
        x86_set_reg(l, r, x86_select(l, zero, ir_get(b, X86_F_rax + r), x86_zext(l, IR_I64, n)));
    set_cf_zf_pf(l, IR_NONE, zero, true);
    return true;
}

bool x86_bsf(struct x86_lift *l, const struct x86_insn *i) { return scan(l, i, false); }
bool x86_bsr(struct x86_lift *l, const struct x86_insn *i) { return scan(l, i, true); }

static bool count_zeros(struct x86_lift *l, const struct x86_insn *i, enum ir_op op)
{
    ir_ref v = x86_read_op(l, i, 1), n = ir_op1(l->b, op, v);
    x86_set_reg(l, i->op[0].reg, n);
    set_cf_zf(l, x86_is_zero(l, v), x86_is_zero(l, n));
    return true;
}

bool x86_tzcnt(struct x86_lift *l, const struct x86_insn *i) { return count_zeros(l, i, IR_ctz); }
bool x86_lzcnt(struct x86_lift *l, const struct x86_insn *i) { return count_zeros(l, i, IR_clz); }

bool x86_popcnt(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_read_op(l, i, 1);
    x86_set_reg(l, i->op[0].reg, ir_op1(l->b, IR_popcnt, v));
    set_cf_zf(l, IR_NONE, x86_is_zero(l, v));
    return true;
}

bool x86_crc32(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref acc = x86_reg(l, i->op[0].reg, 4), v = x86_zext(l, IR_I64, x86_read_op(l, i, 1));
    x86_set_reg(l, i->op[0].reg, ir_opx(l->b, IR_crc32c, IR_I32, IR_VOID, 0, i->op[1].size, acc, v, IR_NONE));
    return true;
}

/* ---- BMI1, BMI2: SF and ZF of the result, OF 0 ---- */

static void set_bmi(struct x86_lift *l, ir_ref r, ir_ref cf)
{
    ir_ref clear = x86_imm(l, IR_I1, 0), odd = x86_imm(l, IR_I8, 1);
    x86_set_flag(l, X86_F_cf, cf == IR_NONE ? clear : cf);
    x86_set_flag(l, X86_F_zf, x86_is_zero(l, r));
    x86_set_flag(l, X86_F_sf, x86_is_neg(l, r));
    x86_set_flag(l, X86_F_of, clear);
    ir_set(l->b, X86_F_pb, odd);
    ir_set(l->b, X86_F_ab, odd);
}

bool x86_andn(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref r = ir_op2(l->b, IR_andn, x86_read_op(l, i, 2), x86_read_op(l, i, 1));
    x86_set_reg(l, i->op[0].reg, r);
    set_bmi(l, r, IR_NONE);
    return true;
}

/* By, Ey. CF: the source was 0; of BLSI: it was not. */
bool x86_bls(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_read_op(l, i, 1), r, zero = x86_is_zero(l, v);
    switch (i->row->op) {
    case X86_BLSR: r = ir_op2(l->b, IR_and, v, x86_op2i(l, IR_sub, v, 1)); break;
    case X86_BLSMSK: r = ir_op2(l->b, IR_xor, v, x86_op2i(l, IR_sub, v, 1)); break;
    default: r = ir_op2(l->b, IR_and, v, ir_op1(l->b, IR_neg, v)); zero = x86_inv(l, zero);
    }
    x86_set_reg(l, i->op[0].reg, r);
    set_bmi(l, r, zero);
    return true;
}

/* The bits of v below n; all of them where n is beyond. */
static ir_ref low_bits(struct x86_lift *l, ir_ref v, ir_ref n)
{
    ir_ref ones = x86_imm(l, ir_type_of(l->b, v), ~0ull);
    return ir_op2(l->b, IR_andn, v, ir_op2(l->b, IR_shl, ones, n));
}

/* Start in bits 7:0 and length in bits 15:8 of the third operand. SF is undefined: 0. */
bool x86_bextr(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_read_op(l, i, 1), by = x86_read_op(l, i, 2);
    ir_ref start = x86_op2i(l, IR_and, by, 0xff), len = x86_op2i(l, IR_and, x86_op2i(l, IR_shr, by, 8), 0xff);
    ir_ref r = low_bits(l, ir_op2(l->b, IR_shr, v, start), len);
    x86_set_reg(l, i->op[0].reg, r);
    set_cf_zf(l, IR_NONE, x86_is_zero(l, r));
    return true;
}

bool x86_bzhi(struct x86_lift *l, const struct x86_insn *i)
{
    u32 bits = 8 * i->op[0].size;
    ir_ref v = x86_read_op(l, i, 1), n = x86_op2i(l, IR_and, x86_read_op(l, i, 2), 0xff), r = low_bits(l, v, n);
    ir_ref beyond = ir_op2(l->b, IR_ule, x86_imm(l, ir_type_of(l->b, n), bits), n);
    x86_set_reg(l, i->op[0].reg, r);
    set_bmi(l, r, beyond);
    return true;
}

bool x86_pext(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_reg(l, i->op[0].reg, ir_op2(l->b, IR_pext, x86_read_op(l, i, 1), x86_read_op(l, i, 2)));
    return true;
}

bool x86_pdep(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_reg(l, i->op[0].reg, ir_op2(l->b, IR_pdep, x86_read_op(l, i, 1), x86_read_op(l, i, 2)));
    return true;
}
