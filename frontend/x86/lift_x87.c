/*
 * lift_x87.c - x87 instructions: operands, pointers of the last instruction; MXCSR, FXSAVE and XSAVE.
 *
 * The arithmetic is in helpers (x87.c). Memory operands are read here before them and written behind them; a store is
 * probed first, so that the stack is not popped where it faults. The exceptions of x87 never end an instruction.
 */
#include "frontend/x86/lift_vec.h"
#include "frontend/x86/x87.h"
#include "frontend/x86/xstate.h"

static ir_ref imm64(struct x86_lift *l, u64 v) { return x86_imm(l, IR_I64, v); }

/* FIP, FCS, FOP; with an operand in memory FDP and FDS. */
static void note(struct x86_lift *l, const struct x86_insn *i)
{
    ir_set(l->b, X86_F_fip, x86_ip_ref(l, l->off, 8));
    ir_set(l->b, X86_F_fcs, ir_get(l->b, X86_F_cs));
    ir_set(l->b, X86_F_fop, x86_imm(l, IR_I16, (i->opcode & 7u) << 8 | i->modrm));
    if (!i->has_mem)
        return;
    ir_set(l->b, X86_F_fdp, x86_offset(l, i));
    ir_set(l->b, X86_F_fds, ir_get(l->b, X86_F_es + i->seg));
}

static u32 size_of(const struct x86_insn *i) { return i->op[0].size == 10 ? 8 : i->op[0].size; }

struct operand {
    ir_ref low, high; /* i64; high only of ten bytes */
};

static struct operand read_operand(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = size_of(i);
    ir_ref at = x86_ea(l, i, i->op[0].size, false), high = imm64(l, 0);
    ir_ref low = x86_zext(l, IR_I64, x86_load_at(l, x86_ity(size), at, x86_mem(l, i->seg, size)));
    if (i->op[0].size == 10)
        high = x86_zext(l, IR_I64, x86_load_at(l, IR_I16, x86_addr_add(l, at, 8), x86_mem(l, i->seg, 2)));
    return (struct operand){ low, high };
}

/* op: with ST(0); a: kind */
bool x86_x87_mem(struct x86_lift *l, const struct x86_insn *i)
{
    struct operand o = read_operand(l, i);
    note(l, i);
    x86_call(l, X86_H_x87_arith, o.low, imm64(l, (u64)i->row->a), imm64(l, i->row->op));
    return true;
}

bool x86_x87_load(struct x86_lift *l, const struct x86_insn *i)
{
    struct operand o = read_operand(l, i);
    note(l, i);
    x86_call(l, X86_H_x87_load, o.low, o.high, imm64(l, (u64)i->row->a));
    return true;
}

/* a: kind; b: 1 pops, 2 truncates */
bool x86_x87_store(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = size_of(i),
        arg = (u32)i->row->a | (i->row->b & 1 ? X87_ARG_POPS : 0) | (i->row->b & 2 ? X87_ARG_TRUNC : 0);
    bool ten = i->op[0].size == 10;
    ir_ref at = x86_ea(l, i, i->op[0].size, true), at2 = ten ? x86_addr_add(l, at, 8) : IR_NONE, high = IR_NONE;
    struct ir_mem m = x86_mem(l, i->seg, size), m2 = x86_mem(l, i->seg, 2);
    x86_probe(l, at, m, true);
    if (ten) {
        x86_probe(l, at2, m2, true);
        high = x86_zext(l, IR_I16, x86_call(l, X86_H_x87_value, imm64(l, arg), imm64(l, 1), IR_NONE));
    }
    ir_ref low = x86_call(l, X86_H_x87_value, imm64(l, arg), imm64(l, 0), IR_NONE);
    note(l, i);
    ir_ref go = x86_call(l, X86_H_x87_store, imm64(l, arg), IR_NONE, IR_NONE);
    u16 stopped = x86_unless(l, x86_is_zero(l, go));
    x86_store_at(l, at, x86_zext(l, x86_ity(size), low), m);
    if (ten)
        x86_store_at(l, at2, high, m2);
    x86_end(l, stopped);
    return true;
}

/* ---- registers ---- */

/* a: 1 to ST(i), 2 no register in the instruction (with ST(1), where there are two); b: registers to pop */
static u64 reg_arg(const struct x86_insn *i)
{
    u32 n = i->row->a == 2 ? 1 : i->modrm & 7;
    return n | (i->row->a == 1 ? X87_ARG_TO_I : 0) | (u64)i->row->b << X87_ARG_POP;
}

bool x86_x87_reg(struct x86_lift *l, const struct x86_insn *i)
{
    note(l, i);
    x86_call(l, X86_H_x87_op, imm64(l, i->row->op), imm64(l, reg_arg(i)), IR_NONE);
    return true;
}

bool x86_x87_comi(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref none = x86_imm(l, IR_I1, 0);
    note(l, i);
    ir_ref flags = x86_call(l, X86_H_x87_op, imm64(l, i->row->op), imm64(l, reg_arg(i)), IR_NONE);
    x86_set_flag(l, X86_F_zf, x86_op2i(l, IR_tst, flags, X86_FL_ZF));
    x86_set_flag(l, X86_F_cf, x86_op2i(l, IR_tst, flags, X86_FL_CF));
    x86_set_pf_af(l, x86_op2i(l, IR_tst, flags, X86_FL_PF), none);
    x86_set_flag(l, X86_F_sf, none);
    x86_set_flag(l, X86_F_of, none);
    return true;
}

/* a: the condition */
bool x86_x87_cmov(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref c = x86_zext(l, IR_I64, x86_cond(l, (u32)i->row->a));
    note(l, i);
    ir_ref arg = x86_op2i(l, IR_or, x86_op2i(l, IR_shl, c, 12), i->modrm & 7);
    x86_call(l, X86_H_x87_op, imm64(l, X87_CMOV), arg, IR_NONE);
    return true;
}

/* ---- control: the pointers stay ---- */

bool x86_x87_ctl(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_x87_op, imm64(l, i->row->op), imm64(l, 0), IR_NONE);
    return true;
}

bool x86_x87_wait(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if ((l->mode & (X86_M_MP | X86_M_TS)) == (X86_M_MP | X86_M_TS)) {
        x86_exc(l, X86_NM, 0);
        return true;
    }
    u16 none = x86_unless(
        l, ir_op1(l->b, IR_not, ir_op2(l->b, IR_tst, ir_get(l->b, X86_F_fsw), x86_imm(l, IR_I16, X87_ES))));
    x86_call(l, X86_H_fpu_wait, IR_NONE, IR_NONE, IR_NONE);
    x86_end(l, none);
    return true;
}

bool x86_x87_ldcw(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_x87_ldcw, x86_read_op(l, i, 0), IR_NONE, IR_NONE);
    return true;
}

static bool write_word(struct x86_lift *l, const struct x86_insn *i, u32 field)
{
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, ir_get(l->b, field));
    return true;
}

bool x86_x87_stcw(struct x86_lift *l, const struct x86_insn *i) { return write_word(l, i, X86_F_fcw); }
bool x86_x87_stsw(struct x86_lift *l, const struct x86_insn *i) { return write_word(l, i, X86_F_fsw); }

/* ---- environments; a: the registers too ---- */

static void call_env(struct x86_lift *l, const struct x86_insn *i, u32 helper, bool write)
{
    bool wide = i->opsize != 2;
    u32 how = (wide ? X87_ENV_32 : 0) | (x86_protected(l) ? 0 : X87_ENV_REAL) | (i->row->a ? X87_ENV_REGS : 0)
              | (i->seg == X86_SS ? X87_ENV_STACK : 0);
    u32 len = (wide ? 28 : 14) + (i->row->a ? 80 : 0);
    ir_ref at = x86_ea(l, i, len, write);
    x86_note(l, at, len, write);
    x86_call(l, helper, at, imm64(l, how), IR_NONE);
}

bool x86_x87_ldenv(struct x86_lift *l, const struct x86_insn *i)
{
    call_env(l, i, X86_H_x87_ldenv, false);
    return true;
}

bool x86_x87_stenv(struct x86_lift *l, const struct x86_insn *i)
{
    call_env(l, i, X86_H_x87_stenv, true);
    return true;
}

/* ---- MXCSR ---- */

bool x86_ldmxcsr(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_read_op(l, i, 0);
    x86_exc_if(l, x86_op2i(l, IR_tst, v, ~X86_MXCSR_MASK), X86_GP | X86_EXC_CODE, 0);
    x86_call(l, X86_H_set_mxcsr, v, IR_NONE, IR_NONE);
    x86_exit_next(l);
    return true;
}

bool x86_stmxcsr(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, x86_zext(l, IR_I32, x86_call(l, X86_H_get_mxcsr, IR_NONE, IR_NONE, IR_NONE)));
    return true;
}

/* ---- FXSAVE, XSAVE; a: X86_XS_ ---- */

static void call_area(struct x86_lift *l, const struct x86_insn *i, u32 helper, u32 len, bool write)
{
    u32 how = (u32)i->row->a | (i->w && x86_long(l) ? X86_XS_W : 0) | (x86_long(l) ? X86_XS_LONG : 0)
              | (i->seg == X86_SS ? X86_XS_STACK : 0) | (x86_long(l) ? 0u : (u32)i->seg << X86_XS_SEG);
    ir_ref at = x86_ea(l, i, len, write);
    for (u32 k = 0; k < 512 && l->mode & X86_M_WATCH; k += 64)
        x86_note(l, x86_addr_add(l, at, k), 64, write);
    x86_call(l, helper, at, imm64(l, how), IR_NONE);
}

bool x86_fxsave(struct x86_lift *l, const struct x86_insn *i)
{
    call_area(l, i, X86_H_fxsave, 512, true);
    return true;
}

bool x86_fxrstor(struct x86_lift *l, const struct x86_insn *i)
{
    call_area(l, i, X86_H_fxrstor, 512, false);
    x86_exit_next(l);
    return true;
}

/* Not CR0.EM: #UD without CR4.OSXSAVE, then #NM. */
static bool may_xsave(struct x86_lift *l)
{
    if (l->mode & X86_M_TS)
        x86_exc(l, X86_NM, 0);
    return !l->ended;
}

bool x86_xsave(struct x86_lift *l, const struct x86_insn *i)
{
    if (!(l->mode & X86_M_OSXSAVE))
        return false;
    if (may_xsave(l))
        call_area(l, i, X86_H_xsave, 576, true);
    return true;
}

bool x86_xrstor(struct x86_lift *l, const struct x86_insn *i)
{
    if (!(l->mode & X86_M_OSXSAVE))
        return false;
    if (may_xsave(l)) {
        call_area(l, i, X86_H_xrstor, 576, false);
        x86_exit_next(l);
    }
    return true;
}
