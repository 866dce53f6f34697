/*
 * lift_string.c - MOVS STOS LODS SCAS CMPS, with and without repetition (Intel SDM volume 2).
 *
 * An execution does one iteration and comes back to the instruction while there are more: every iteration is an
 * instruction of the count, interrupts come between them, and faults find the registers of the iteration that failed.
 */
#include "base/bits.h"
#include "frontend/x86/bulk.h"
#include "frontend/x86/lift_int.h"

/* With REP: nothing is done when the counter is 0. */
static void begin(struct x86_lift *l, const struct x86_insn *i)
{
    if (!i->rep)
        return;
    u16 more = x86_unless(l, x86_op2i(l, IR_ne, x86_reg(l, X86_RCX, i->adsize), 0));
    x86_exit_fall(l);
    x86_end(l, more);
    l->ended = false;
}

/* Several iterations at once, where segments check nothing and nobody watches (bulk.c). */
static void bulk(struct x86_lift *l, const struct x86_insn *i, u32 size, bool moves)
{
    bool plain = x86_long(l) || (X86_M_SEG(l->mode, X86_ES) == X86_CHECK_NONE
                                 && (!moves || X86_M_SEG(l->mode, i->seg) == X86_CHECK_NONE));
    if (!i->rep || !plain || l->mode & (X86_M_WATCH | X86_M_AC | X86_M_UNMASKED))
        return;
    u64 desc = X86_BULK((u64)__builtin_ctz(size), i->adsize, i->seg, l->mode & X86_M_MMU)
               | (moves ? X86_BULK_MOVES : 0) | (x86_long(l) ? X86_BULK_LONG : 0);
    u16 none = x86_when(l, ir_call(l->b, X86_H_rep_bulk, x86_imm(l, IR_I64, desc), IR_NONE, IR_NONE));
    x86_exit_again(l);
    x86_end(l, none);
    l->ended = false;
}

static ir_ref step(struct x86_lift *l, u32 size)
{
    return x86_select(l, x86_get_flag(l, X86_F_df), x86_imm(l, IR_I64, 0 - (u64)size), x86_imm(l, IR_I64, size));
}

static ir_ref address(struct x86_lift *l, const struct x86_insn *i, u32 r, u32 size, bool write)
{
    return x86_linear(l, r == X86_RDI ? X86_ES : i->seg, x86_reg(l, r, i->adsize), size, write);
}

static struct ir_mem access(const struct x86_lift *l, const struct x86_insn *i, u32 r, u32 size)
{
    return x86_mem(l, r == X86_RDI ? X86_ES : i->seg, size);
}

static ir_ref load(struct x86_lift *l, const struct x86_insn *i, u32 r, u32 size)
{
    return x86_load_at(l, x86_ity(size), address(l, i, r, size, false), access(l, i, r, size));
}

static void advance(struct x86_lift *l, const struct x86_insn *i, u32 r, ir_ref by)
{
    ir_ref at = x86_reg(l, r, i->adsize);
    x86_set_reg(l, r, ir_op2(l->b, IR_add, at, x86_zext(l, ir_type_of(l->b, at), by)));
}

/* Behind the sets of an iteration. stop: i1 that ends the repetition before the counter does, or IR_NONE. */
static bool end(struct x86_lift *l, const struct x86_insn *i, ir_ref stop)
{
    if (!i->rep)
        return true;
    ir_ref n = x86_op2i(l, IR_sub, x86_reg(l, X86_RCX, i->adsize), 1), last = x86_is_zero(l, n);
    if (stop != IR_NONE)
        last = ir_op2(l->b, IR_or, last, stop);
    x86_set_reg(l, X86_RCX, n);
    u16 over = x86_unless(l, last);
    x86_exit_again(l);
    x86_end(l, over);
    x86_exit_fall(l);
    return true;
}

bool x86_movs(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    begin(l, i);
    bulk(l, i, size, true);
    ir_ref v = load(l, i, X86_RSI, size), by = step(l, size);
    x86_store_at(l, address(l, i, X86_RDI, size, true), v, access(l, i, X86_RDI, size));
    advance(l, i, X86_RSI, by);
    advance(l, i, X86_RDI, by);
    return end(l, i, IR_NONE);
}

bool x86_stos(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    begin(l, i);
    bulk(l, i, size, false);
    ir_ref v = x86_reg(l, X86_RAX, size), by = step(l, size);
    x86_store_at(l, address(l, i, X86_RDI, size, true), v, access(l, i, X86_RDI, size));
    advance(l, i, X86_RDI, by);
    return end(l, i, IR_NONE);
}

bool x86_lods(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    begin(l, i);
    ir_ref v = load(l, i, X86_RSI, size);
    advance(l, i, X86_RSI, step(l, size));
    x86_set_reg(l, X86_RAX, v);
    return end(l, i, IR_NONE);
}

/* REPE ends when they differ, REPNE when they are equal. */
static bool compare(struct x86_lift *l, const struct x86_insn *i, ir_ref a, ir_ref b)
{
    ir_ref r = ir_op2(l->b, IR_sub, a, b), stop = ir_op2(l->b, i->rep == X86_REP_NE ? IR_eq : IR_ne, a, b);
    x86_flags_sub(l, a, b, IR_NONE, r);
    return end(l, i, stop);
}

bool x86_scas(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[1].size;
    begin(l, i);
    ir_ref a = x86_reg(l, X86_RAX, size), b = load(l, i, X86_RDI, size);
    advance(l, i, X86_RDI, step(l, size));
    return compare(l, i, a, b);
}

bool x86_cmps(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    begin(l, i);
    ir_ref a = load(l, i, X86_RSI, size), b = load(l, i, X86_RDI, size), by = step(l, size);
    advance(l, i, X86_RSI, by);
    advance(l, i, X86_RDI, by);
    return compare(l, i, a, b);
}
