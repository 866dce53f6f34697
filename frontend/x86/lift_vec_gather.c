/*
 * lift_vec_gather.c - VPGATHER and VGATHER, PCMPESTRI to PCMPISTRM (Intel SDM volume 2, chapter 4 and 4.1).
 *
 * A gather of 128 bits is a row of the IR. Two halves are not two such rows: with a fault in the second one the
 * first must be complete. That, doubleword data with quadword indices, and addresses that are not simple sums are
 * a helper's.
 */
#include "frontend/x86/lift_vec.h"

/* ---- gathers: V,M,H; lane= of the data, a=1: quadword indices ---- */

/* Offset in the segment without the indices. */
static ir_ref base_offset(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_insn plain = *i;
    plain.index = X86_BASE_NONE;
    return x86_offset(l, &plain);
}

static bool is_simple(const struct x86_lift *l, const struct x86_insn *i)
{
    if (i->vl == 32 || l->mode & X86_M_WATCH || (i->row->a && x86_lane(i) == IR_I32))
        return false;
    if (x86_long(l))
        return i->adsize == 8 || i->seg < X86_FS;
    return i->adsize == 4 && X86_M_SEG(l->mode, i->seg) == X86_CHECK_NONE;
}

static void gather_row(struct x86_lift *l, const struct x86_insn *i)
{
    u32 dst = i->op[0].reg, mask = i->op[2].reg;
    enum ir_type lane = x86_lane(i);
    ir_ref index = x86_xmm(l, i->index), addr = x86_linear(l, i->seg, base_offset(l, i), 1, false);
    struct ir_mem m = x86_mem(l, i->seg, ir_bytes(lane));
    m.addr32 = i->adsize == 4;
    if (lane == IR_I64 && !i->row->a)
        index = x86_widen(l, IR_vsxtl, IR_I64, index, 0);
    ir_ref v = ir_emit(l->b, (struct ir_ins){ .op = IR_gather, .type = IR_V128, .src = IR_I64, .lane = (u8)lane,
                                              .aux = ir_mem_pack(m), .imm = 1u << i->scale,
                                              .imm2 = (X86_F_xmm0 + dst) | (u64)(X86_F_xmm0 + mask) << 16,
                                              .arg = { addr, index, x86_xmm(l, mask), x86_xmm(l, dst) } });
    x86_set_xmm(l, i, dst, v);
    x86_set_xmm(l, i, mask, x86_vzero(l));
}

static void gather_call(struct x86_lift *l, const struct x86_insn *i)
{
    u32 word = (u32)i->op[0].reg << X86_GATHER_DST | (u32)i->index << X86_GATHER_INDEX
               | (u32)i->op[2].reg << X86_GATHER_MASK | (u32)i->scale << X86_GATHER_SCALE
               | (u32)i->seg << X86_GATHER_SEG | (u32)i->adsize << X86_GATHER_ADSIZE;
    if (i->row->a)
        word |= X86_GATHER_QINDEX;
    if (x86_lane(i) == IR_I64)
        word |= X86_GATHER_QDATA;
    if (i->vl == 32)
        word |= X86_GATHER_256;
    if (l->mode & X86_M_WATCH)
        word |= X86_GATHER_WATCH;
    x86_call(l, X86_H_gather, base_offset(l, i), x86_imm(l, IR_I64, word), IR_NONE);
    if (l->mode & X86_M_WATCH)
        x86_exit_next(l);
}

bool x86_vgather(struct x86_lift *l, const struct x86_insn *i)
{
    u32 dst = i->op[0].reg, mask = i->op[2].reg;
    if (dst == mask || dst == i->index || mask == i->index)
        return false;
    if (is_simple(l, i))
        gather_row(l, i);
    else
        gather_call(l, i);
    return true;
}

/* ---- strings: a=1: lengths in eAX and eDX; b=1: a mask in XMM0, else an index in ECX ---- */

/* Of the result's 16 bits, the lowest or the highest one that is set, or the number of elements. */
static ir_ref index_of(struct x86_lift *l, const struct x86_insn *i, ir_ref bits)
{
    u32 count = i->imm & 1 ? 8 : 16;
    bits = x86_zext(l, IR_I32, bits);
    if (!(i->imm & 0x40))
        return ir_op1(l->b, IR_ctz, x86_op2i(l, IR_or, bits, 1u << count));
    ir_ref top = ir_op2(l->b, IR_sub, x86_imm(l, IR_I32, 31), ir_op1(l->b, IR_clz, bits));
    return x86_select(l, x86_is_zero(l, bits), x86_imm(l, IR_I32, count), top);
}

static ir_ref mask_of(struct x86_lift *l, const struct x86_insn *i, ir_ref bits)
{
    static const u8 spread[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 };
    ir_ref v = x86_vzext(l, bits);
    if (!(i->imm & 0x40))
        return v;
    if (!(i->imm & 1))
        return x86_v2(l, IR_tst, IR_I8, x86_permute(l, x86_vzero(l), spread, v),
                      ir_vconst(l->b, 0x8040201008040201, 0x8040201008040201));
    v = ir_opx(l->b, IR_splat, IR_V128, IR_I16, 0, 0, bits, IR_NONE, IR_NONE);
    return x86_v2(l, IR_tst, IR_I16, v, ir_vconst(l->b, 0x0008000400020001, 0x0080004000200010));
}

bool x86_pcmpstr(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref b = x86_vec_src(l, i, 1).h[0];
    u32 word = (u32)(i->imm & 0xff) | (u32)i->op[0].reg << X86_STR_REG;
    if (i->row->a)
        word |= X86_STR_LENGTHS;
    if (x86_long(l) && i->w)
        word |= X86_STR_WIDE;
    ir_ref r = x86_call(l, X86_H_pcmpstr, x86_extract(l, IR_I64, b, 0), x86_extract(l, IR_I64, b, 1),
                        x86_imm(l, IR_I64, word));
    ir_ref bits = x86_zext(l, IR_I16, r);
    if (i->row->b)
        x86_set_xmm(l, i, 0, mask_of(l, i, bits));
    else
        x86_set_reg(l, X86_RCX, index_of(l, i, bits));
    x86_flags_const(l, false, false, false, false, 1);
    x86_set_flag(l, X86_F_cf, x86_inv(l, x86_is_zero(l, bits)));
    x86_set_flag(l, X86_F_of, x86_op2i(l, IR_tst, bits, 1));
    x86_set_flag(l, X86_F_zf, x86_op2i(l, IR_tst, r, 1 << 16));
    x86_set_flag(l, X86_F_sf, x86_op2i(l, IR_tst, r, 1 << 17));
    return true;
}
