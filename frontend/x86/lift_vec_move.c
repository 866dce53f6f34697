/*
 * lift_vec_move.c - moves of MMX, SSE and AVX (Intel SDM volume 2): whole registers, single and upper elements,
 * masks of sign bits, accesses under a mask, VZEROUPPER.
 */
#include "frontend/x86/lift_vec.h"

/* ---- whole operands ---- */

/* op[0] := op[1], of one size; less than 16 bytes: to memory, or zero-extended from it */
bool x86_vmov(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    if (i->op[0].kind == X86_K_MEM) {
        x86_vec_put(l, i, 0, v);
        if (i->row->attr & X86_MMX)
            x86_mmx_enter(l);
        return true;
    }
    if (i->row->attr & X86_MMX)
        x86_mmx_enter(l);
    x86_vec_put(l, i, 0, v);
    return true;
}

/* MOVQ between XMM registers clears the upper half. */
bool x86_vmovq(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    if (i->op[0].kind == X86_K_XMM && i->op[1].kind == X86_K_XMM)
        v.h[0] = x86_v1(l, IR_vlow, IR_VOID, v.h[0]);
    x86_vec_put(l, i, 0, v);
    return true;
}

/* MOVD, MOVQ from a general register or memory */
bool x86_vmov_in(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = { { x86_vzext(l, x86_read_op(l, i, 1)), IR_NONE } };
    if (x86_is_mmx(i))
        x86_mmx_enter(l);
    x86_vec_put(l, i, 0, v);
    return true;
}

/* ... and to one */
bool x86_vmov_out(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, x86_extract(l, x86_ity(i->op[0].size), x86_vec_src(l, i, 1).h[0], 0));
    if (i->row->attr & X86_MMX)
        x86_mmx_enter(l);
    return true;
}

/* ---- parts of a register ---- */

/* MOVSS, MOVSD between registers, in both directions: lane 0 of the last operand, the rest of the one before. */
bool x86_vmov_low(struct x86_lift *l, const struct x86_insn *i)
{
    u32 last = x86_last(i);
    struct x86_vec a = x86_vec_src(l, i, last - 1);
    ir_ref low = x86_extract(l, x86_lane(i), x86_vec_src(l, i, last).h[0], 0);
    x86_set_xmm(l, i, i->op[0].reg, x86_insert(l, x86_lane(i), a.h[0], 0, low));
    return true;
}

/* MOVLPS, MOVLPD from memory; MOVHLPS: from an upper half */
bool x86_movlp(struct x86_lift *l, const struct x86_insn *i)
{
    u32 last = x86_last(i);
    struct x86_vec a = x86_vec_src(l, i, last - 1), b = x86_vec_src(l, i, last);
    ir_ref low = x86_extract(l, IR_I64, b.h[0], i->op[last].kind == X86_K_XMM);
    x86_set_xmm(l, i, i->op[0].reg, x86_insert(l, IR_I64, a.h[0], 0, low));
    return true;
}

/* MOVHPS, MOVHPD from memory; MOVLHPS */
bool x86_movhp(struct x86_lift *l, const struct x86_insn *i)
{
    u32 last = x86_last(i);
    struct x86_vec a = x86_vec_src(l, i, last - 1), b = x86_vec_src(l, i, last);
    x86_set_xmm(l, i, i->op[0].reg, x86_vlogic(l, IR_vcat, a.h[0], b.h[0]));
    return true;
}

/* MOVHPS, MOVHPD to memory */
bool x86_movhp_out(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref high = x86_extract(l, IR_I64, x86_xmm(l, i->op[1].reg), 1);
    x86_store_at(l, x86_ea(l, i, 8, true), high, x86_vec_mem(l, i, 8));
    return true;
}

/* MOVDDUP, MOVSLDUP, MOVSHDUP: op= with both operands the source */
static ir_ref twice(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h, (void)b;
    return x86_v2(l, (enum ir_op)i->row->op, x86_lane(i), a, a);
}

bool x86_movdup(struct x86_lift *l, const struct x86_insn *i) { return x86_vec1(l, i, twice); }

/* MOVMSKPS, MOVMSKPD, PMOVMSKB */
bool x86_movmsk(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1);
    ir_ref m = x86_v1(l, IR_vmovmsk, x86_lane(i), v.h[0]);
    if (i->op[1].size == 32) {
        ir_ref high = x86_v1(l, IR_vmovmsk, x86_lane(i), v.h[1]);
        m = ir_op2(l->b, IR_or, m, x86_op2i(l, IR_shl, high, 128 / ir_bits(x86_lane(i))));
    }
    if (i->row->attr & X86_MMX)
        x86_mmx_enter(l);
    x86_set_reg(l, i->op[0].reg, m);
    return true;
}

/* VEX.128: VZEROUPPER, VEX.256: VZEROALL */
bool x86_vzero_regs(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref zero = x86_vzero(l);
    bool all = i->vl == 32;
    for (u32 r = 0; r < (x86_long(l) ? 16 : 8); r++) {
        if (all)
            ir_set(l->b, X86_F_xmm0 + r, zero);
        ir_set(l->b, X86_F_ymmh0 + r, zero);
    }
    return true;
}

/* ---- under a mask ---- */

static ir_ref masked(struct x86_lift *l, enum ir_op op, enum ir_type lane, ir_ref addr, struct ir_mem m, ir_ref mask,
                     ir_ref v)
{
    enum ir_type t = op == IR_mload ? ir_type_of(l->b, v) : IR_VOID;
    x86_note(l, addr, 1u << m.size, op == IR_mstore);
    return ir_emit(l->b, (struct ir_ins){ .op = (u16)op, .type = (u8)t, .src = IR_I64, .lane = (u8)lane,
                                          .aux = ir_mem_pack(m), .arg = { addr, mask, v, IR_NONE } });
}

/* MASKMOVDQU, MASKMOVQ: bytes at DS:rDI */
bool x86_maskmov(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = x86_is_mmx(i) ? 8 : 16;
    ir_ref v = x86_vec_src(l, i, 0).h[0], mask = x86_vec_src(l, i, 1).h[0];
    ir_ref addr = x86_linear(l, i->seg, x86_reg(l, X86_RDI, i->adsize), size, true);
    struct ir_mem m = x86_mem(l, i->seg, 16);
    m.align = 0;
    masked(l, IR_mstore, IR_I8, addr, m, mask, v);
    if (x86_is_mmx(i))
        x86_mmx_enter(l);
    return true;
}

static ir_ref whole(struct x86_lift *l, struct x86_vec v)
{
    return v.h[1] == IR_NONE ? v.h[0] : ir_op2(l->b, IR_vpair, v.h[0], v.h[1]);
}

static struct ir_mem masked_mem(const struct x86_lift *l, const struct x86_insn *i)
{
    struct ir_mem m = x86_mem(l, i->seg, i->vl);
    m.align = 0;
    return m;
}

/* VMASKMOV, VPMASKMOV V,H,M */
bool x86_vmaskmov_in(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref zero = x86_vzero(l), mask = whole(l, x86_vec_src(l, i, 1));
    if (i->vl == 32)
        zero = ir_op2(l->b, IR_vpair, zero, zero);
    ir_ref v = masked(l, IR_mload, x86_lane(i), x86_ea(l, i, i->vl, false), masked_mem(l, i), mask, zero);
    struct x86_vec r = { { v, IR_NONE } };
    for (u32 h = 0; i->vl == 32 && h < 2; h++)
        r.h[h] = ir_opx(l->b, IR_vhalf, IR_V128, IR_VOID, 0, h, v, IR_NONE, IR_NONE);
    x86_vec_put(l, i, 0, r);
    return true;
}

/* M,H,V */
bool x86_vmaskmov_out(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref mask = whole(l, x86_vec_src(l, i, 1)), v = whole(l, x86_vec_src(l, i, 2));
    masked(l, IR_mstore, x86_lane(i), x86_ea(l, i, i->vl, true), masked_mem(l, i), mask, v);
    return true;
}
