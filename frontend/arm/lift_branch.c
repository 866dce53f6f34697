/*
 * lift_branch.c - A64 branches (Arm ARM DDI 0487, C4.1.94).
 *
 * Both ways of a conditional branch are exits of the block. Branches of pointer authentication are not decoded.
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"

/* Ends the block: to `rel` where (c != opposite), else to the next instruction. */
static void branch_if(struct a64_lift *l, ir_ref c, bool opposite, i64 rel)
{
    u16 label = ir_skip(l->b, c);
    a64_exit_to(l, opposite ? rel : 4, IR_HINT_none);
    ir_label(l->b, label);
    a64_exit_to(l, opposite ? 4 : rel, IR_HINT_none);
}

bool a64_b_cond(struct a64_lift *l, const struct a64_b_cond *in)
{
    i64 rel = bits_sext(in->imm19, 19) * 4;
    if (a64_cond_always(in->cond))
        a64_exit_to(l, rel, IR_HINT_none);
    else
        branch_if(l, a64_cond(l, in->cond & ~1u), in->cond & 1, rel);
    return true;
}

bool a64_b(struct a64_lift *l, const struct a64_b *in)
{
    if (in->link)
        a64_set_x(l, 30, ir_pc(l->b, l->off + 4));
    a64_exit_to(l, bits_sext(in->imm26, 26) * 4, in->link ? IR_HINT_call : IR_HINT_none);
    return true;
}

bool a64_cbz(struct a64_lift *l, const struct a64_cbz *in)
{
    ir_ref zero = ir_op2(l->b, IR_eq, a64_x(l, in->sf, in->rt), a64_imm(l, a64_ity(in->sf), 0));
    branch_if(l, zero, in->nonzero, bits_sext(in->imm19, 19) * 4);
    return true;
}

bool a64_tbz(struct a64_lift *l, const struct a64_tbz *in)
{
    u32 bit = in->b5 << 5 | in->b40;
    ir_ref set = ir_op2(l->b, IR_tst, a64_x(l, 1, in->rt), a64_imm(l, IR_I64, 1ull << bit));
    branch_if(l, set, !in->nonzero, bits_sext(in->imm14, 14) * 4);
    return true;
}

bool a64_br(struct a64_lift *l, const struct a64_br *in)
{
    a64_exit_indirect(l, a64_x(l, 1, in->rn), IR_HINT_none);
    return true;
}

/* The return address is written after the target was read: BLR X30 works. */
bool a64_blr(struct a64_lift *l, const struct a64_blr *in)
{
    ir_ref to = a64_branch_addr(l, a64_x(l, 1, in->rn));
    a64_set_x(l, 30, ir_pc(l->b, l->off + 4));
    a64_exit_addr(l, to, IR_HINT_call);
    return true;
}

bool a64_ret(struct a64_lift *l, const struct a64_ret *in)
{
    a64_exit_indirect(l, a64_x(l, 1, in->rn), IR_HINT_ret);
    return true;
}
