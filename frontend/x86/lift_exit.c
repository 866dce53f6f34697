/*
 * lift_exit.c - how x86 instructions end: exceptions, near branches, single step; the stack.
 *
 * Intel SDM volume 2 (JMP, CALL, RET: checks of the target), volume 3, 6.8.3 (interrupt shadow), 17.3.1.4 (single
 * step).
 *
 * Outside 64-bit mode EIP wraps. With an operand size of 16 bits a check tells where it does, or where EIP is beyond
 * 64 KBytes, and the usual case is a direct exit still. Linear addresses beyond 32 bits are cut before the next fetch
 * (x86_fetch_ok()).
 * Direct branches over the edge of the canonical addresses fault at the target, not at the branch.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

/* ---- exceptions ---- */

void x86_exc(struct x86_lift *l, u32 code, u64 payload)
{
    ir_exit_exc(l->b, code, x86_imm(l, IR_I64, payload));
    l->ended = true;
}

void x86_exc_if(struct x86_lift *l, ir_ref i1, u32 code, u64 payload)
{
    u16 fine = x86_when(l, i1);
    ir_exit_exc(l->b, code, x86_imm(l, IR_I64, payload));
    x86_end(l, fine);
}

ir_ref x86_call(struct x86_lift *l, u32 helper, ir_ref x, ir_ref y, ir_ref z)
{
    ir_ref arg[3] = { x, y, z };
    for (u32 k = 0; k < 3; k++)
        if (arg[k] != IR_NONE)
            arg[k] = x86_zext(l, IR_I64, arg[k]);
    return ir_call(l->b, helper, arg[0], arg[1], arg[2]);
}

/* ---- what instructions do at their end beside their own work ---- */

static void tell_watch(struct x86_lift *l)
{
    for (u32 k = 0; k < l->watched; k++) {
        ir_ref what = x86_imm(l, IR_I64, l->watch[k].size | (u32)l->watch[k].write << 8);
        x86_call(l, X86_H_watch, l->watch[k].addr, what, IR_NONE);
    }
}

enum end { TO_NEXT, AGAIN, BRANCH /* taken */ };

/* True: the exit must look at the mode word. AGAIN: more iterations of this instruction follow. RF outlasts them only
 * where instruction breakpoints would see the difference: a long copy that faulted once would crawl. */
static bool finish(struct x86_lift *l, enum end how)
{
    tell_watch(l);
    u64 ends = l->mode & (how == AGAIN && l->mode & X86_M_IBP ? X86_M_TF | X86_M_SHADOW : X86_M_UNMASKED);
    u64 branch = how == BRANCH ? X86_STEP_BRANCH : 0;
    if (l->mode & X86_M_UNMASKED)
        x86_call(l, X86_H_step_done, x86_imm(l, IR_I64, ends | branch), IR_NONE, IR_NONE);
    return l->watched || l->mode & X86_M_UNMASKED;
}

void x86_watch_done(struct x86_lift *l)
{
    if (!l->watched)
        return;
    tell_watch(l);
    u16 none = x86_unless(l, x86_is_zero(l, ir_get(l->b, X86_F_db_hits)));
    ir_exit_mode(l->b, ir_pc(l->b, l->next));
    x86_end(l, none);
}

void x86_exit_next(struct x86_lift *l)
{
    finish(l, TO_NEXT);
    ir_exit_mode(l->b, ir_pc(l->b, l->next));
    l->ended = true;
}

void x86_exit_fall(struct x86_lift *l)
{
    if (finish(l, TO_NEXT))
        ir_exit_mode(l->b, ir_pc(l->b, l->next));
    else
        ir_exit_direct(l->b, l->next, IR_HINT_none, 0);
    l->ended = true;
}

void x86_exit_again(struct x86_lift *l)
{
    if (finish(l, AGAIN))
        ir_exit_mode(l->b, ir_pc(l->b, l->off));
    else
        ir_exit_direct(l->b, l->off, IR_HINT_none, 0);
    l->ended = true;
}

void x86_exit_linear(struct x86_lift *l, ir_ref pc, enum ir_hint h)
{
    if (finish(l, BRANCH))
        ir_exit_mode(l->b, pc);
    else
        ir_exit_indirect(l->b, pc, h, l->next);
    l->ended = true;
}

/* ---- near branches ---- */

static ir_ref cs_base32(struct x86_lift *l) { return x86_zext(l, IR_I32, ir_get(l->b, X86_F_cs_base)); }

static ir_ref ip_of(struct x86_lift *l, i64 off)
{
    ir_ref pc = ir_pc(l->b, off);
    if (x86_long(l))
        return pc;
    pc = x86_zext(l, IR_I32, pc);
    return l->mode & X86_M_CSBASE ? ir_op2(l->b, IR_sub, pc, cs_base32(l)) : pc;
}

ir_ref x86_ip_ref(struct x86_lift *l, i64 off, u32 size)
{
    return x86_zext(l, x86_ity(size), ip_of(l, off));
}

/* Outside 64-bit mode: ip i32. */
static ir_ref legacy_linear(struct x86_lift *l, ir_ref ip)
{
    if (l->mode & X86_M_CSLIM)
        x86_exc_if(l, ir_op2(l->b, IR_ult, ir_get(l->b, X86_F_cs_limit), ip), X86_GP | X86_EXC_CODE, 0);
    return x86_zext(l, IR_I64, l->mode & X86_M_CSBASE ? ir_op2(l->b, IR_add, ip, cs_base32(l)) : ip);
}

struct x86_target x86_branch(struct x86_lift *l, const struct x86_insn *i, i64 rel)
{
    struct x86_target t = { .off = l->next + rel, .linear = IR_NONE, .direct = IR_NONE };
    bool wraps = i->opsize == 2;
    if (x86_long(l) || !(wraps || l->mode & X86_M_CSLIM))
        return t;
    ir_ref ip = ip_of(l, t.off);
    if (i->opsize == 2)
        ip = x86_op2i(l, IR_and, ip, 0xffff);
    ir_ref linear = legacy_linear(l, ip);
    if (wraps) {
        t.linear = linear;
        t.direct = ir_op2(l->b, IR_eq, linear, ir_pc(l->b, t.off));
    }
    return t;
}

void x86_branch_go(struct x86_lift *l, const struct x86_target *t, enum ir_hint h)
{
    l->ended = true;
    if (finish(l, BRANCH)) {
        ir_exit_mode(l->b, t->linear != IR_NONE ? t->linear : ir_pc(l->b, t->off));
        return;
    }
    if (t->linear != IR_NONE) {
        u16 direct = x86_unless(l, t->direct);
        ir_exit_indirect(l->b, t->linear, h, l->next);
        x86_end(l, direct);
    }
    ir_exit_direct(l->b, t->off, h, l->next);
}

void x86_goto(struct x86_lift *l, const struct x86_insn *i, i64 rel, enum ir_hint h)
{
    struct x86_target t = x86_branch(l, i, rel);
    x86_branch_go(l, &t, h);
}

ir_ref x86_branch_linear(struct x86_lift *l, ir_ref ip)
{
    if (!x86_long(l))
        return legacy_linear(l, x86_zext(l, IR_I32, ip));
    if (ir_type_of(l->b, ip) != IR_I64)
        return x86_zext(l, IR_I64, ip);
    ir_ref canonical = x86_op2i(l, IR_sar, x86_op2i(l, IR_shl, ip, 16), 16);
    x86_exc_if(l, ir_op2(l->b, IR_ne, canonical, ip), X86_GP | X86_EXC_CODE, 0);
    return ip;
}

void x86_goto_ip(struct x86_lift *l, ir_ref ip, u32 opsize, enum ir_hint h)
{
    x86_exit_linear(l, x86_branch_linear(l, x86_zext(l, x86_ity(opsize), ip)), h);
}

/* ---- the stack ---- */

static enum ir_type sp_type(const struct x86_lift *l)
{
    return x86_long(l) ? IR_I64 : l->mode & X86_M_SS32 ? IR_I32 : IR_I16;
}

ir_ref x86_sp(struct x86_lift *l)
{
    return x86_zext(l, IR_I64, x86_zext(l, sp_type(l), ir_get(l->b, X86_F_rsp)));
}

ir_ref x86_sp_add(struct x86_lift *l, ir_ref sp, i64 n)
{
    return x86_zext(l, IR_I64, x86_op2i(l, IR_add, x86_zext(l, sp_type(l), sp), (u64)n));
}

void x86_set_sp(struct x86_lift *l, ir_ref sp)
{
    x86_set_reg(l, X86_RSP, x86_zext(l, sp_type(l), sp));
}

ir_ref x86_pop_at(struct x86_lift *l, ir_ref sp, u32 size)
{
    ir_ref at = x86_linear(l, X86_SS, sp, size, false);
    return x86_load_at(l, x86_ity(size), at, x86_mem(l, X86_SS, size));
}

void x86_push_at(struct x86_lift *l, ir_ref sp, ir_ref v)
{
    u32 size = ir_bytes(ir_type_of(l->b, v));
    ir_ref at = x86_linear(l, X86_SS, sp, size, true);
    x86_store_at(l, at, v, x86_mem(l, X86_SS, size));
}
