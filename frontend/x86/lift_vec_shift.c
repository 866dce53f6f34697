/*
 * lift_vec_shift.c - shifts of MMX, SSE and AVX2 lanes by one count, and of whole registers by bytes (Intel SDM
 * volume 2). Lanes with counts of their own are plain rows (lift_vec_int.c).
 *
 * op=: IR_shl, IR_shr, IR_sar, which take counts that are too large as these instructions do.
 */
#include "frontend/x86/lift_vec.h"

static struct x86_vec shifted(struct x86_lift *l, const struct x86_insn *i, struct x86_vec a, ir_ref counts)
{
    for (u32 h = 0; h < x86_halves(i); h++)
        a.h[h] = x86_v2(l, (enum ir_op)i->row->op, x86_lane(i), a.h[h], counts);
    return a;
}

static bool done(struct x86_lift *l, const struct x86_insn *i, struct x86_vec r)
{
    if (x86_is_mmx(i))
        x86_mmx_enter(l);
    x86_vec_put(l, i, 0, r);
    return true;
}

/* The count is the low quadword of the last operand, all 64 bits of it. */
bool x86_vec_shift(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type lane = x86_lane(i);
    u32 last = x86_last(i);
    struct x86_vec a = x86_vec_src(l, i, last - 1);
    ir_ref n = x86_extract(l, IR_I64, x86_vec_src(l, i, last).h[0], 0);
    n = x86_zext(l, lane, x86_op2i(l, IR_umin, n, ir_bits(lane)));
    return done(l, i, shifted(l, i, a, ir_opx(l->b, IR_splat, IR_V128, lane, 0, 0, n, IR_NONE, IR_NONE)));
}

/* The source is the operand before the immediate; legacy forms have but one. */
bool x86_vec_shift_imm(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type lane = x86_lane(i);
    struct x86_vec a = x86_vec_src(l, i, i->vex ? 1 : 0);
    return done(l, i, shifted(l, i, a, x86_vsplat(l, lane, MIN(i->imm, (u64)ir_bits(lane)))));
}

/* a=1: to the left */
bool x86_vec_shift_bytes(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = (u32)MIN(i->imm, 16u);
    ir_ref zero = x86_vzero(l);
    struct x86_vec a = x86_vec_src(l, i, i->vex ? 1 : 0);
    for (u32 h = 0; h < x86_halves(i); h++)
        a.h[h] = i->row->a ? x86_vext(l, zero, a.h[h], 16 - n) : x86_vext(l, a.h[h], zero, n);
    return done(l, i, a);
}
