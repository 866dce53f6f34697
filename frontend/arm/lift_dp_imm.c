/*
 * lift_dp_imm.c - A64 data processing, immediate (Arm ARM DDI 0487, C4.1.93).
 *
 * Instructions on W registers compute in 64 bits where the result comes out zero-extended by itself.
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"
#include "frontend/arm/lift_arith.h"

static ir_ref op_imm(struct a64_lift *l, enum ir_op op, ir_ref v, u64 imm)
{
    return ir_op2(l->b, op, v, a64_imm(l, ir_type_of(l->b, v), imm));
}

/* ---- PC-relative addressing ---- */

/* Bits 11:0 of the pc are those of the block's place in its page, which is part of the block's key: so the page
 * of the pc is a constant distance away. */
bool a64_adr(struct a64_lift *l, const struct a64_adr *in)
{
    i64 imm = bits_sext((u64)in->immhi << 2 | in->immlo, 21), off = l->off;
    if (in->page) {
        imm *= 4096;
        off -= (i64)((l->page_off + (u64)l->off) & 0xfff);
    }
    a64_set_x(l, in->rd, ir_pc(l->b, off + imm));
    return true;
}

/* ---- add and subtract ---- */

bool a64_addsub_imm(struct a64_lift *l, const struct a64_addsub_imm *in)
{
    u64 imm = (u64)in->imm12 << (in->sh ? 12 : 0);
    ir_ref n = a64_xsp(l, in->sf, in->rn);
    if (in->setflags) {
        ir_ref m = a64_imm(l, a64_ity(in->sf), imm);
        if (in->sub)
            a64_subs(l, in->rd, n, m, !imm);
        else
            a64_adds(l, in->rd, n, m);
        return true;
    }
    ir_ref v = imm ? op_imm(l, in->sub ? IR_sub : IR_add, n, imm) : n;
    if (in->rd == 31 && in->rn == 31 && in->sf)
        a64_set_base(l, 31, v, (i64)imm);
    else
        a64_set_xsp(l, in->rd, v);
    return true;
}

/* ---- logical ---- */

static void set_logical(struct a64_lift *l, u32 rd, ir_ref v, bool setflags)
{
    if (!setflags) {
        a64_set_xsp(l, rd, v);
        return;
    }
    a64_set_x(l, rd, v);
    a64_set_nz_of(l, v);
}

bool a64_logical_imm(struct a64_lift *l, const struct a64_logical_imm *in)
{
    bool ok;
    u64 mask = a64_bitmask(in->sf, in->n, in->imms, in->immr, &ok);
    if (!ok)
        return false;
    if (in->rn == 31 && in->op != IR_and) { /* MOV (bitmask immediate) */
        a64_set_xsp(l, in->rd, a64_imm(l, IR_I64, mask));
        return true;
    }
    u32 sf = in->sf || (in->op == IR_and && !in->setflags); /* the mask clears the upper half */
    set_logical(l, in->rd, op_imm(l, (enum ir_op)in->op, a64_x(l, sf, in->rn), mask), in->setflags);
    return true;
}

/* ---- move wide ---- */

bool a64_movewide(struct a64_lift *l, const struct a64_movewide *in)
{
    u64 v = (u64)in->imm16 << (16 * in->hw);
    if (in->inv)
        v = ~v;
    a64_set_x(l, in->rd, a64_imm(l, IR_I64, in->sf ? v : (u32)v));
    return true;
}

bool a64_movk(struct a64_lift *l, const struct a64_movk *in)
{
    u64 field = 0xffffull << (16 * in->hw), imm = (u64)in->imm16 << (16 * in->hw);
    u64 keep = bits_mask(in->sf ? 64 : 32) & ~field;
    ir_ref v = a64_x(l, 1, in->rd);
    if (imm != field || !in->sf)
        v = op_imm(l, IR_and, v, keep);
    if (imm)
        v = op_imm(l, IR_or, v, imm);
    a64_set_x(l, in->rd, v);
    return true;
}

/* ---- bitfields: a field of `len` bits from bit immr to bit 0 (imms >= immr), or from bit 0 to bit `lsb` ---- */

static enum ir_type type_of_bits(u32 len)
{
    return len == 8 ? IR_I8 : len == 16 ? IR_I16 : len == 32 ? IR_I32 : IR_VOID;
}

bool a64_ubfm(struct a64_lift *l, const struct a64_ubfm *in)
{
    u32 width = in->sf ? 64 : 32, len = in->imms + 1;
    if (in->imms >= in->immr) {
        if (in->imms == width - 1) { /* LSR */
            a64_set_x(l, in->rd, a64_shift(l, 1, a64_x(l, in->sf, in->rn), in->immr));
            return true;
        }
        ir_ref v = a64_shift(l, 1, a64_x(l, 1, in->rn), in->immr);
        len -= in->immr;
        enum ir_type t = type_of_bits(len);
        if (t)
            v = ir_conv(l->b, IR_zext, IR_I64, ir_conv(l->b, IR_trunc, t, v));
        else
            v = op_imm(l, IR_and, v, bits_mask(len));
        a64_set_x(l, in->rd, v);
        return true;
    }
    u32 lsb = width - in->immr;
    if (lsb + len == width) { /* LSL */
        a64_set_x(l, in->rd, a64_shift(l, 0, a64_x(l, in->sf, in->rn), lsb));
        return true;
    }
    ir_ref v = op_imm(l, IR_and, a64_x(l, 1, in->rn), bits_mask(len));
    a64_set_x(l, in->rd, a64_shift(l, 0, v, lsb));
    return true;
}

bool a64_sbfm(struct a64_lift *l, const struct a64_sbfm *in)
{
    u32 width = in->sf ? 64 : 32, len = in->imms + 1;
    ir_ref v = a64_x(l, in->sf, in->rn);
    if (in->imms >= in->immr) {
        enum ir_type t = in->immr ? IR_VOID : type_of_bits(len);
        if (in->imms == width - 1) /* ASR */
            v = a64_shift(l, 2, v, in->immr);
        else if (t)
            v = ir_conv(l->b, IR_sext, a64_ity(in->sf), ir_conv(l->b, IR_trunc, t, v));
        else
            v = a64_shift(l, 2, a64_shift(l, 0, v, width - len), width - len + in->immr);
    } else {
        u32 lsb = width - in->immr;
        v = a64_shift(l, 2, a64_shift(l, 0, v, width - len), width - len - lsb);
    }
    a64_set_x(l, in->rd, v);
    return true;
}

bool a64_bfm(struct a64_lift *l, const struct a64_bfm *in)
{
    u32 width = in->sf ? 64 : 32, len = in->imms + 1, lsb = 0;
    ir_ref d = a64_x(l, in->sf, in->rd), v = a64_x(l, in->sf, in->rn);
    if (in->imms >= in->immr) {
        len -= in->immr;
        v = a64_shift(l, 1, v, in->immr);
    } else {
        lsb = width - in->immr;
        v = a64_shift(l, 0, v, lsb);
    }
    u64 mask = bits_mask(len) << lsb;
    if (in->rn == 31)
        v = op_imm(l, IR_and, d, ~mask & bits_mask(width)); /* BFC */
    else if (len < width)
        v = ir_op3(l->b, IR_bsel, a64_imm(l, a64_ity(in->sf), mask), v, d);
    a64_set_x(l, in->rd, v);
    return true;
}

bool a64_extr(struct a64_lift *l, const struct a64_extr *in)
{
    ir_ref low = a64_x(l, in->sf, in->rm);
    if (in->rn == in->rm || !in->imms) /* ROR (immediate) */
        low = a64_shift(l, 3, low, in->imms);
    else
        low = ir_op3(l->b, IR_fshr, low, a64_x(l, in->sf, in->rn), a64_imm(l, a64_ity(in->sf), in->imms));
    a64_set_x(l, in->rd, low);
    return true;
}
