/*
 * lift_mov.c - moves and exchanges (MOV to XLAT, CMPXCHG, XADD), hints, fences, RDRAND (Intel SDM volume 2).
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

bool x86_mov(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->op[0].size;
    ir_ref v = i->op[1].kind == X86_K_IMM ? x86_imm(l, x86_ity(size), i->imm) : x86_read_op(l, i, 1);
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, v);
    return true;
}

static bool extend(struct x86_lift *l, const struct x86_insn *i, bool is_signed)
{
    enum ir_type t = x86_ity(i->op[0].size);
    ir_ref v;
    if (x86_is_mem(i, 1)) {
        u32 size = i->op[1].size;
        struct ir_mem m = x86_mem(l, i->seg, size);
        m.sign = is_signed && size < i->op[0].size;
        v = x86_load_at(l, t, x86_ea(l, i, size, false), m);
    } else {
        v = x86_read_op(l, i, 1);
        v = is_signed ? x86_sext(l, t, v) : x86_zext(l, t, v);
    }
    x86_set_reg(l, i->op[0].reg, v);
    return true;
}

bool x86_movzx(struct x86_lift *l, const struct x86_insn *i) { return extend(l, i, false); }
bool x86_movsx(struct x86_lift *l, const struct x86_insn *i) { return extend(l, i, true); }

bool x86_movbe(struct x86_lift *l, const struct x86_insn *i)
{
    bool store = x86_is_mem(i, 0);
    u32 size = i->op[0].size;
    struct ir_mem m = x86_mem(l, i->seg, size);
    m.bswap = m.size;
    ir_ref at = x86_ea(l, i, size, store);
    if (store)
        x86_store_at(l, at, x86_read_op(l, i, 1), m);
    else
        x86_set_reg(l, i->op[0].reg, x86_load_at(l, x86_ity(size), at, m));
    return true;
}

/* The source is read whatever the condition; a register of 32 bits is zero-extended in either case. */
bool x86_cmov(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_read_op(l, i, 1), old = x86_read_op(l, i, 0);
    x86_set_reg(l, i->op[0].reg, x86_select(l, x86_cond(l, i->opcode & 15), v, old));
    return true;
}

bool x86_setcc(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_zext(l, IR_I8, x86_cond(l, i->opcode & 15));
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, v);
    return true;
}

bool x86_lea(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_reg(l, i->op[0].reg, x86_zext(l, x86_ity(i->op[0].size), x86_offset(l, i)));
    return true;
}

bool x86_salc(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_set_reg(l, X86_RAX, ir_conv(l->b, IR_sext, IR_I8, x86_get_flag(l, X86_F_cf)));
    return true;
}

bool x86_xlat(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref index = x86_zext(l, x86_ity(i->adsize), x86_reg(l, X86_RAX, 1));
    ir_ref off = ir_op2(l->b, IR_add, x86_reg(l, X86_RBX, i->adsize), index);
    ir_ref at = x86_linear(l, i->seg, off, 1, false);
    x86_set_reg(l, X86_RAX, x86_load_at(l, IR_I8, at, x86_mem(l, i->seg, 1)));
    return true;
}

/* Of 16 bits the result is undefined; processors give 0. */
bool x86_bswap(struct x86_lift *l, const struct x86_insn *i)
{
    u32 r = i->op[0].reg, size = i->op[0].size;
    x86_set_reg(l, r, size == 2 ? x86_imm(l, IR_I16, 0) : ir_op1(l->b, IR_rev8, x86_reg(l, r, size)));
    return true;
}

/* ---- exchanges: with memory always locked ---- */

static void set_op(struct x86_lift *l, const struct x86_op *o, ir_ref v)
{
    struct x86_dst d = { .op = o };
    x86_write_dst(l, &d, v);
}

bool x86_xchg(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    ir_ref v = x86_read_op(l, i, 1);
    if (x86_is_mem(i, 0)) {
        set_op(l, &i->op[1], x86_rmw(l, &d, IR_RMW_swap, v));
        return true;
    }
    ir_ref old = x86_read_op(l, i, 0);
    set_op(l, &i->op[0], v);
    set_op(l, &i->op[1], old);
    return true;
}

/* Both operands the same register: the sum stays. */
bool x86_xadd(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    ir_ref b = x86_read_op(l, i, 1);
    ir_ref a = x86_is_mem(i, 0) && i->lock ? x86_rmw(l, &d, IR_RMW_add, b) : x86_read_dst(l, &d);
    ir_ref r = ir_op2(l->b, IR_add, a, b);
    if (x86_is_mem(i, 0) && !i->lock)
        x86_write_dst(l, &d, r);
    set_op(l, &i->op[1], a);
    if (!x86_is_mem(i, 0))
        set_op(l, &i->op[0], r);
    x86_flags_add(l, a, b, IR_NONE, r);
    return true;
}

/* Of two registers. The one that is not written keeps bits 63:32. */
static void cmpxchg_reg(struct x86_lift *l, const struct x86_insn *i, ir_ref acc, ir_ref old, ir_ref equal)
{
    u32 size = i->op[0].size;
    ir_ref v = x86_read_op(l, i, 1);
    struct x86_op rax = { .kind = X86_K_REG, .reg = X86_RAX, .size = (u8)size };
    if (size == 4) {
        ir_ref wide = ir_get(l->b, X86_F_rax), dst = ir_get(l->b, X86_F_rax + i->op[0].reg);
        ir_ref to = x86_select(l, equal, x86_zext(l, IR_I64, v), dst);
        if (i->op[0].reg != X86_RAX)
            x86_set_reg(l, X86_RAX, x86_select(l, equal, wide, x86_zext(l, IR_I64, old)));
        x86_set_reg(l, i->op[0].reg, to);
        return;
    }
    set_op(l, &rax, x86_select(l, equal, acc, old));
    set_op(l, &i->op[0], x86_select(l, equal, v, old));
}

bool x86_cmpxchg(struct x86_lift *l, const struct x86_insn *i)
{
    struct ir_block *b = l->b;
    u32 size = i->op[0].size;
    ir_ref acc = x86_reg(l, X86_RAX, size), old;
    if (x86_is_mem(i, 0)) {
        struct x86_dst d = x86_dst(l, i, 0);
        old = x86_cas(l, &d, acc, x86_read_op(l, i, 1));
        ir_ref equal = ir_op2(b, IR_eq, acc, old);
        if (size < 4)
            x86_set_reg(l, X86_RAX, old);
        else
            ir_set(b, X86_F_rax, x86_select(l, equal, ir_get(b, X86_F_rax), x86_zext(l, IR_I64, old)));
    } else {
        old = x86_read_op(l, i, 0);
        cmpxchg_reg(l, i, acc, old, ir_op2(b, IR_eq, acc, old));
    }
    x86_flags_sub(l, acc, old, IR_NONE, ir_op2(b, IR_sub, acc, old));
    return true;
}

/* high:low of registers; of 32 bits each as i64, of 64 as i128. */
static ir_ref pair(struct x86_lift *l, u32 low, u32 high, u32 size)
{
    ir_ref x = x86_reg(l, low, size), y = x86_reg(l, high, size);
    if (size == 8)
        return ir_opx(l->b, IR_pair, IR_I128, IR_VOID, 0, 0, x, y, IR_NONE);
    return ir_op2(l->b, IR_or, x86_zext(l, IR_I64, x), x86_op2i(l, IR_shl, x86_zext(l, IR_I64, y), 32));
}

static bool cmpxchg_pair(struct x86_lift *l, const struct x86_insn *i, u32 half)
{
    struct ir_block *b = l->b;
    struct x86_dst d = x86_dst(l, i, 0);
    if (half == 8) {
        d.mem.align = 4;
        d.mem.user0 |= X86_MEM_ALIGN_GP;
    }
    ir_ref expected = pair(l, X86_RAX, X86_RDX, half);
    ir_ref old = x86_cas(l, &d, expected, pair(l, X86_RBX, X86_RCX, half)), equal = ir_op2(b, IR_eq, old, expected);
    ir_ref low = half == 8 ? ir_conv(b, IR_trunc, IR_I64, old) : x86_zext(l, IR_I64, x86_zext(l, IR_I32, old));
    ir_ref high = half == 8 ? ir_conv(b, IR_hi, IR_I64, old) : x86_op2i(l, IR_shr, old, 32);
    ir_ref rax = x86_select(l, equal, ir_get(b, X86_F_rax), low);
    ir_ref rdx = x86_select(l, equal, ir_get(b, X86_F_rdx), high);
    ir_set(b, X86_F_rax, rax);
    ir_set(b, X86_F_rdx, rdx);
    x86_set_flag(l, X86_F_zf, equal);
    return true;
}

bool x86_cmpxchg8b(struct x86_lift *l, const struct x86_insn *i) { return cmpxchg_pair(l, i, 4); }
bool x86_cmpxchg16b(struct x86_lift *l, const struct x86_insn *i) { return cmpxchg_pair(l, i, 8); }

/* ---- hints and fences ---- */

bool x86_nop(struct x86_lift *l, const struct x86_insn *i)
{
    (void)l, (void)i;
    return true;
}

/* There are no caches to write back; the operand faults as a load does. */
bool x86_clflush(struct x86_lift *l, const struct x86_insn *i)
{
    struct ir_mem m = x86_mem(l, i->seg, 1);
    x86_probe(l, x86_ea(l, i, 1, false), m, false);
    return true;
}

/* op: enum ir_barrier. */
bool x86_fence(struct x86_lift *l, const struct x86_insn *i)
{
    ir_emit(l->b, (struct ir_ins){ .op = IR_barrier, .flag = (u8)i->row->op,
                                   .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } });
    return true;
}

/* RDRAND and RDSEED never run dry. */
bool x86_rdrand(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_call(l, X86_H_random, IR_NONE, IR_NONE, IR_NONE);
    x86_set_reg(l, i->op[0].reg, x86_zext(l, x86_ity(i->op[0].size), v));
    x86_flags_const(l, true, false, false, false, 1);
    x86_exit_next(l);
    return true;
}

bool x86_ud(struct x86_lift *l, const struct x86_insn *i)
{
    (void)l, (void)i;
    return false;
}
