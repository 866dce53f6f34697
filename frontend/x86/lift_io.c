/*
 * lift_io.c - EFLAGS on the stack, the interrupt flag, I/O ports.
 *
 * Intel SDM volume 2: PUSHF, POPF, CLI, STI, IN, OUT, INS, OUTS. Strings are one iteration an execution, as elsewhere
 * (lift_string.c).
 */
#include "frontend/x86/lift_int.h"

static ir_ref imm64(struct x86_lift *l, u64 v) { return x86_imm(l, IR_I64, v); }

/* ---- PUSHF, POPF ---- */

static bool is_virtual(const struct x86_lift *l) { return l->mode & X86_M_VM && X86_M_IOPL(l->mode) < 3; }

static ir_ref flag_at(struct x86_lift *l, ir_ref i1, u32 bit)
{
    return x86_op2i(l, IR_shl, x86_zext(l, IR_I32, i1), bit);
}

static ir_ref flags_image(struct x86_lift *l)
{
    ir_ref f = x86_op2i(l, IR_and, ir_get(l->b, X86_F_eflags), ~(u32)(X86_FL_RF | X86_FL_VM));
    f = ir_op2(l->b, IR_or, f, x86_zext(l, IR_I32, x86_flags_low(l)));
    f = ir_op2(l->b, IR_or, f, flag_at(l, x86_get_flag(l, X86_F_df), 10));
    return ir_op2(l->b, IR_or, f, flag_at(l, x86_get_flag(l, X86_F_of), 11));
}

bool x86_pushf(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref f = is_virtual(l) ? x86_call(l, X86_H_pushf_v86, imm64(l, i->opsize), IR_NONE, IR_NONE) : flags_image(l);
    ir_ref sp = x86_sp_add(l, x86_sp(l), -(i64)i->opsize);
    x86_push_at(l, sp, x86_zext(l, x86_ity(i->opsize), f));
    x86_set_sp(l, sp);
    return true;
}

bool x86_popf(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref sp = x86_sp(l), val = x86_pop_at(l, sp, i->opsize);
    x86_call(l, X86_H_popf, val, imm64(l, i->opsize), IR_NONE);
    x86_set_sp(l, x86_sp_add(l, sp, i->opsize));
    x86_exit_next(l);
    return true;
}

/* ---- the interrupt flag ---- */

static bool may_change_if(const struct x86_lift *l)
{
    return X86_M_CPL(l->mode) <= X86_M_IOPL(l->mode);
}

static bool virtual_if(struct x86_lift *l, bool set)
{
    x86_call(l, X86_H_virtual_if, imm64(l, set), IR_NONE, IR_NONE);
    return true;
}

/* Masking lets no interrupt in: nothing but the flag changes. */
bool x86_cli(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (!may_change_if(l))
        return virtual_if(l, false);
    ir_set(l->b, X86_F_eflags, x86_op2i(l, IR_and, ir_get(l->b, X86_F_eflags), ~(u32)X86_FL_IF));
    return true;
}

/* When IF was clear, the instruction behind this one is run before interrupts are looked at. */
bool x86_sti(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (!may_change_if(l))
        return virtual_if(l, true);
    ir_ref f = ir_get(l->b, X86_F_eflags);
    u16 was_on = x86_unless(l, ir_op2(l->b, IR_tst, f, x86_imm(l, IR_I32, X86_FL_IF)));
    ir_set(l->b, X86_F_eflags, x86_op2i(l, IR_or, f, X86_FL_IF));
    ir_set(l->b, X86_F_shadow, x86_imm(l, IR_I8, X86_SHADOW_STI));
    x86_exit_next(l);
    x86_end(l, was_on);
    l->ended = false;
    return true;
}

/* ---- ports ---- */

static ir_ref port_of(struct x86_lift *l, const struct x86_insn *i, u32 n)
{
    return i->op[n].kind == X86_K_IMM ? imm64(l, i->imm & 0xff) : x86_reg(l, X86_RDX, 2);
}

/* An I/O breakpoint may have been met: db_hits is in the mode word. */
static void port_done(struct x86_lift *l)
{
    if (l->mode & X86_M_WATCH)
        x86_exit_next(l);
}

bool x86_in(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    ir_ref val = x86_call(l, X86_H_in, port_of(l, i, 1), imm64(l, size), IR_NONE);
    x86_set_reg(l, X86_RAX, x86_zext(l, x86_ity(size), val));
    port_done(l);
    return true;
}

bool x86_out(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[1].size;
    x86_call(l, X86_H_out, port_of(l, i, 0), imm64(l, size), x86_reg(l, X86_RAX, size));
    port_done(l);
    return true;
}

/* One iteration between memory at a segment's register r and port DX. */
static bool string(struct x86_lift *l, const struct x86_insn *i, u32 helper, u32 seg, u32 r, u32 size)
{
    u16 more = 0;
    if (i->rep) {
        more = x86_unless(l, x86_op2i(l, IR_ne, x86_reg(l, X86_RCX, i->adsize), 0));
        x86_exit_fall(l);
        x86_end(l, more);
        l->ended = false;
    }
    ir_ref at = x86_linear(l, seg, x86_reg(l, r, i->adsize), size, r == X86_RDI);
    x86_call(l, helper, x86_reg(l, X86_RDX, 2), imm64(l, size), at);
    ir_ref by = x86_select(l, x86_get_flag(l, X86_F_df), imm64(l, 0 - (u64)size), imm64(l, size));
    ir_ref now = x86_reg(l, r, i->adsize);
    x86_set_reg(l, r, ir_op2(l->b, IR_add, now, x86_zext(l, ir_type_of(l->b, now), by)));
    if (!i->rep) {
        port_done(l);
        return true;
    }
    ir_ref n = x86_op2i(l, IR_sub, x86_reg(l, X86_RCX, i->adsize), 1);
    x86_set_reg(l, X86_RCX, n);
    u16 last = x86_unless(l, x86_is_zero(l, n));
    x86_exit_again(l);
    x86_end(l, last);
    l->ended = false;
    x86_exit_next(l);
    return true;
}

bool x86_ins(struct x86_lift *l, const struct x86_insn *i)
{
    return string(l, i, X86_H_ins, X86_ES, X86_RDI, i->op[0].size);
}

bool x86_outs(struct x86_lift *l, const struct x86_insn *i)
{
    return string(l, i, X86_H_outs, i->seg, X86_RSI, i->op[1].size);
}
