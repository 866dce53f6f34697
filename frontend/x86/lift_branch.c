/*
 * lift_branch.c - near branches: Jcc JMP CALL RET LOOP JCXZ, BOUND (Intel SDM volume 2). Far ones: lift_system.c.
 *
 * Both ways of a conditional branch are exits of the block.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

/* The branch is taken when c; its target is checked then only. */
static void branch_if(struct x86_lift *l, const struct x86_insn *i, ir_ref c)
{
    u16 taken = x86_unless(l, c);
    x86_exit_fall(l);
    x86_end(l, taken);
    x86_goto(l, i, (i64)i->imm, IR_HINT_none);
}

bool x86_jcc(struct x86_lift *l, const struct x86_insn *i)
{
    branch_if(l, i, x86_cond(l, i->opcode & 15));
    return true;
}

/* a: 0 LOOPNE, 1 LOOPE, -1 LOOP. The counter has the address size. */
bool x86_loop(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref n = x86_op2i(l, IR_sub, x86_reg(l, X86_RCX, i->adsize), 1), c = x86_op2i(l, IR_ne, n, 0);
    if (i->row->a >= 0) {
        ir_ref zf = x86_get_flag(l, X86_F_zf);
        c = ir_op2(l->b, i->row->a ? IR_and : IR_andn, c, zf);
    }
    u16 taken = x86_unless(l, c);
    x86_set_reg(l, X86_RCX, n);
    x86_exit_fall(l);
    x86_end(l, taken);
    struct x86_target t = x86_branch(l, i, (i64)i->imm);
    x86_set_reg(l, X86_RCX, n);
    x86_branch_go(l, &t, IR_HINT_none);
    return true;
}

bool x86_jcxz(struct x86_lift *l, const struct x86_insn *i)
{
    branch_if(l, i, x86_is_zero(l, x86_reg(l, X86_RCX, i->adsize)));
    return true;
}

bool x86_jmp_rel(struct x86_lift *l, const struct x86_insn *i)
{
    x86_goto(l, i, (i64)i->imm, IR_HINT_none);
    return true;
}

bool x86_jmp_ind(struct x86_lift *l, const struct x86_insn *i)
{
    x86_goto_ip(l, x86_read_op(l, i, 0), i->opsize, IR_HINT_none);
    return true;
}

/* Pushes the return address; the stack pointer it leaves is set by the caller, who exits then. */
static ir_ref push_return(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref sp = x86_sp_add(l, x86_sp(l), -(i64)i->opsize);
    x86_push_at(l, sp, x86_ip_ref(l, l->next, i->opsize));
    return sp;
}

bool x86_call_rel(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_target t = x86_branch(l, i, (i64)i->imm);
    x86_set_sp(l, push_return(l, i));
    x86_branch_go(l, &t, IR_HINT_call);
    return true;
}

bool x86_call_ind(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref to = x86_branch_linear(l, x86_read_op(l, i, 0));
    x86_set_sp(l, push_return(l, i));
    x86_exit_linear(l, to, IR_HINT_call);
    return true;
}

bool x86_ret(struct x86_lift *l, const struct x86_insn *i)
{
    u32 release = i->row->operand_count ? i->imm & 0xffff : 0;
    ir_ref sp = x86_sp(l), to = x86_branch_linear(l, x86_pop_at(l, sp, i->opsize));
    x86_set_sp(l, x86_sp_add(l, sp, (i64)i->opsize + release));
    x86_exit_linear(l, to, IR_HINT_ret);
    return true;
}

/* Signed index, then lower and upper bound side by side. */
bool x86_bound(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->opsize;
    enum ir_type t = x86_ity(size);
    ir_ref index = x86_reg(l, i->op[0].reg, size), at = x86_ea(l, i, 2 * size, false);
    ir_ref second = x86_op2i(l, IR_add, x86_zext(l, IR_I32, at), size);
    struct ir_mem m = x86_mem(l, i->seg, size);
    ir_ref low = x86_load_at(l, t, at, m), high = x86_load_at(l, t, x86_zext(l, IR_I64, second), m);
    ir_ref out = ir_op2(l->b, IR_or, ir_op2(l->b, IR_slt, index, low), ir_op2(l->b, IR_slt, high, index));
    x86_exc_if(l, out, X86_BR, 0);
    return true;
}
