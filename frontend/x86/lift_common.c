/*
 * lift_common.c - what all x86 lifters share: values, general registers, memory operands, operands of any kind.
 *
 * Intel SDM volume 1, chapter 3 (registers, operand addressing); volume 3, chapter 5 (limit and type checks).
 *
 * Linear addresses outside 64-bit mode are sums of 32 bits. An access whose bytes go beyond 4 GiB is the walk's
 * business.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

/* ---- values ---- */

static const struct ir_ins *def(const struct x86_lift *l, ir_ref v) { return &l->b->ins[v]; }

ir_ref x86_zext(struct x86_lift *l, enum ir_type t, ir_ref v)
{
    const struct ir_ins *in = def(l, v);
    u32 from = ir_bits((enum ir_type)in->type), to = ir_bits(t);
    if (from == to)
        return v;
    if (in->op == IR_const)
        return x86_imm(l, t, in->imm);
    if (from > to)
        return in->op == IR_zext && in->src == t ? in->arg[0] : ir_conv(l->b, IR_trunc, t, v);
    return ir_conv(l->b, IR_zext, t, v);
}

ir_ref x86_sext(struct x86_lift *l, enum ir_type t, ir_ref v)
{
    const struct ir_ins *in = def(l, v);
    u32 from = ir_bits((enum ir_type)in->type), to = ir_bits(t);
    if (from >= to)
        return x86_zext(l, t, v);
    if (in->op == IR_const)
        return x86_imm(l, t, (u64)bits_sext(in->imm, from));
    return ir_conv(l->b, IR_sext, t, v);
}

ir_ref x86_select(struct x86_lift *l, ir_ref c, ir_ref x, ir_ref y)
{
    return ir_opx(l->b, IR_select, ir_type_of(l->b, x), IR_VOID, 0, 0, c, x, y);
}

/* ---- general registers ---- */

ir_ref x86_reg(struct x86_lift *l, u32 r, u32 size)
{
    return x86_zext(l, x86_ity(size), ir_get(l->b, X86_F_rax + r));
}

/* The register as it is now: what this instruction has set is not read back (ir/ir.h). */
static ir_ref whole(struct x86_lift *l, u32 r)
{
    for (u32 k = l->b->count; k--;) {
        const struct ir_ins *in = &l->b->ins[k];
        if (in->op == IR_insn || in->op == IR_label || in->op == IR_call)
            break;
        if (in->op == IR_set && in->imm == X86_F_rax + r)
            return in->arg[0];
    }
    return ir_get(l->b, X86_F_rax + r);
}

/* v in the bits of `mask`, which are the lowest or bits 15:8; the register's others stay. */
static void set_part(struct x86_lift *l, u32 r, ir_ref v, u64 mask)
{
    ir_ref rest = x86_op2i(l, IR_and, whole(l, r), ~mask), part = x86_zext(l, IR_I64, v);
    if (mask == 0xff00)
        part = x86_op2i(l, IR_shl, part, 8);
    ir_set(l->b, X86_F_rax + r, ir_op2(l->b, IR_or, rest, part));
}

void x86_set_reg(struct x86_lift *l, u32 r, ir_ref v)
{
    enum ir_type t = ir_type_of(l->b, v);
    if (t == IR_I8 || t == IR_I16)
        set_part(l, r, v, bits_mask(ir_bits(t)));
    else
        ir_set(l->b, X86_F_rax + r, x86_zext(l, IR_I64, v));
}

ir_ref x86_reg8(struct x86_lift *l, const struct x86_op *o)
{
    ir_ref v = ir_get(l->b, X86_F_rax + o->reg);
    return x86_zext(l, IR_I8, o->high ? x86_op2i(l, IR_shr, v, 8) : v);
}

void x86_set_reg8(struct x86_lift *l, const struct x86_op *o, ir_ref v)
{
    set_part(l, o->reg, v, o->high ? 0xff00 : 0xff);
}

/* ---- addresses ---- */

/* Offset in the segment, of the address size's type. */
static ir_ref offset(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type t = x86_ity(i->adsize);
    ir_ref sum = IR_NONE;
    if (i->base == X86_BASE_IP)
        return x86_zext(l, t, ir_pc(l->b, l->next + i->disp));
    if (i->base != X86_BASE_NONE)
        sum = x86_reg(l, i->base, i->adsize);
    if (i->index != X86_BASE_NONE) {
        ir_ref index = x86_reg(l, i->index, i->adsize);
        if (i->scale)
            index = x86_op2i(l, IR_shl, index, i->scale);
        sum = sum == IR_NONE ? index : ir_op2(l->b, IR_add, sum, index);
    }
    if (sum == IR_NONE)
        return x86_imm(l, t, (u64)i->disp);
    return i->disp ? x86_op2i(l, IR_add, sum, (u64)i->disp) : sum;
}

ir_ref x86_offset(struct x86_lift *l, const struct x86_insn *i)
{
    return x86_zext(l, IR_I64, offset(l, i));
}

static bool has_base(const struct x86_lift *l, u32 seg)
{
    if (seg >= X86_FS)
        return true;
    if (x86_long(l))
        return false;
    return l->mode & (seg == X86_CS ? X86_M_CSBASE : X86_M_ADDSEG);
}

static void check_limit(struct x86_lift *l, u32 seg, ir_ref off, u32 size)
{
    ir_ref limit = ir_get(l->b, X86_F_es_limit + seg), last = x86_zext(l, IR_I32, off);
    if (size > 1) {
        limit = x86_zext(l, IR_I64, limit);
        last = x86_op2i(l, IR_add, x86_zext(l, IR_I64, off), size - 1);
    }
    x86_exc_if(l, ir_op2(l->b, IR_ult, limit, last), (seg == X86_SS ? X86_SS_FAULT : X86_GP) | X86_EXC_CODE, 0);
}

/* [off, off + size) in a segment outside 64-bit mode. */
static void check(struct x86_lift *l, u32 seg, ir_ref off, u32 size, bool write)
{
    u32 how = X86_M_SEG(l->mode, seg);
    if (how == X86_CHECK_NONE)
        return;
    if (how == X86_CHECK_CALL) {
        x86_call(l, X86_H_seg_check, off, x86_imm(l, IR_I64, seg | (u32)write << 8 | size << 16), IR_NONE);
        return;
    }
    if (how == X86_CHECK_READ && write)
        x86_exc_if(l, x86_imm(l, IR_I1, 1), (seg == X86_SS ? X86_SS_FAULT : X86_GP) | X86_EXC_CODE, 0);
    check_limit(l, seg, off, size);
}

ir_ref x86_linear(struct x86_lift *l, u32 seg, ir_ref off, u32 size, bool write)
{
    if (!x86_long(l))
        check(l, seg, off, size, write);
    if (!has_base(l, seg))
        return x86_zext(l, IR_I64, off);
    ir_ref base = ir_get(l->b, X86_F_es_base + seg);
    if (x86_long(l))
        return ir_op2(l->b, IR_add, x86_zext(l, IR_I64, off), base);
    ir_ref sum = ir_op2(l->b, IR_add, x86_zext(l, IR_I32, off), x86_zext(l, IR_I32, base));
    return x86_zext(l, IR_I64, sum);
}

ir_ref x86_ea(struct x86_lift *l, const struct x86_insn *i, u32 size, bool write)
{
    return x86_linear(l, i->seg, offset(l, i), size, write);
}

/* ---- accesses ---- */

struct ir_mem x86_mem(const struct x86_lift *l, u32 seg, u32 size)
{
    u32 log = (u32)__builtin_ctz(size);
    struct ir_mem m = { .size = log & 7, .mmu = l->mode & X86_M_MMU, .atomic = MIN(log, 3u) };
    if (seg == X86_SS)
        m.user0 = X86_MEM_SS;
    if (l->mode & X86_M_AC)
        m.align = log & 7;
    return m;
}

static void note_access(struct x86_lift *l, ir_ref addr, struct ir_mem m, bool write)
{
    if (!(l->mode & X86_M_WATCH) || l->watched == COUNT(l->watch))
        return;
    l->watch[l->watched].addr = addr;
    l->watch[l->watched].size = (u8)(1u << m.size);
    l->watch[l->watched++].write = write;
}

ir_ref x86_load_at(struct x86_lift *l, enum ir_type t, ir_ref addr, struct ir_mem m)
{
    note_access(l, addr, m, false);
    return ir_load(l->b, t, addr, m);
}

void x86_store_at(struct x86_lift *l, ir_ref addr, ir_ref v, struct ir_mem m)
{
    note_access(l, addr, m, true);
    ir_store(l->b, addr, v, m);
}

void x86_probe(struct x86_lift *l, ir_ref addr, struct ir_mem m, bool write)
{
    m.write = write;
    ir_emit(l->b, (struct ir_ins){ .op = IR_probe, .type = IR_VOID, .src = IR_I64, .imm = 1u << m.size,
                                   .aux = ir_mem_pack(m), .arg = { addr, IR_NONE, IR_NONE, IR_NONE } });
}

static ir_ref locked(struct x86_lift *l, enum ir_op op, u32 flag, const struct x86_dst *d, ir_ref x, ir_ref y)
{
    struct ir_mem m = d->mem;
    m.order = IR_SEQ;
    m.atomic = m.size;
    note_access(l, d->addr, m, true);
    return ir_emit(l->b, (struct ir_ins){ .op = (u16)op, .type = (u8)ir_type_of(l->b, x), .src = IR_I64,
                                          .flag = (u8)flag, .aux = ir_mem_pack(m),
                                          .arg = { d->addr, x, y, IR_NONE } });
}

ir_ref x86_rmw(struct x86_lift *l, const struct x86_dst *d, enum ir_rmw op, ir_ref v)
{
    return locked(l, IR_rmw, op, d, v, IR_NONE);
}

ir_ref x86_cas(struct x86_lift *l, const struct x86_dst *d, ir_ref expected, ir_ref v)
{
    return locked(l, IR_cas, 0, d, expected, v);
}

void x86_write_locked(struct x86_lift *l, const struct x86_dst *d, ir_ref old, ir_ref v)
{
    u16 done = x86_unless(l, ir_op2(l->b, IR_eq, x86_cas(l, d, old, v), old));
    ir_exit_direct(l->b, l->off, IR_HINT_none, 0);
    x86_end(l, done);
}

/* ---- operands of any kind ---- */

static ir_ref read_reg(struct x86_lift *l, const struct x86_op *o)
{
    return o->size == 1 ? x86_reg8(l, o) : x86_reg(l, o->reg, o->size);
}

ir_ref x86_read_op(struct x86_lift *l, const struct x86_insn *i, u32 n)
{
    const struct x86_op *o = &i->op[n];
    switch (o->kind) {
    case X86_K_REG: return read_reg(l, o);
    case X86_K_IMM: return x86_imm(l, x86_ity(o->size), i->row->operand[n].method == X86_A_ONE ? 1 : i->imm);
    case X86_K_SREG: return ir_get(l->b, X86_F_es + o->reg);
    default: return x86_load_at(l, x86_ity(o->size), x86_ea(l, i, o->size, false), x86_mem(l, i->seg, o->size));
    }
}

struct x86_dst x86_dst(struct x86_lift *l, const struct x86_insn *i, u32 n)
{
    const struct x86_op *o = &i->op[n];
    struct x86_dst d = { .op = o, .addr = IR_NONE };
    if (o->kind == X86_K_MEM) {
        d.addr = x86_ea(l, i, o->size, true);
        d.mem = x86_mem(l, i->seg, o->size);
    }
    return d;
}

/* Memory that is read to be written faults as a write does. */
ir_ref x86_read_dst(struct x86_lift *l, const struct x86_dst *d)
{
    if (d->op->kind != X86_K_MEM)
        return read_reg(l, d->op);
    x86_probe(l, d->addr, d->mem, true);
    return x86_load_at(l, x86_ity(d->op->size), d->addr, d->mem);
}

void x86_write_dst(struct x86_lift *l, const struct x86_dst *d, ir_ref v)
{
    if (d->op->kind == X86_K_MEM)
        x86_store_at(l, d->addr, v, d->mem);
    else if (d->op->size == 1)
        x86_set_reg8(l, d->op, v);
    else
        x86_set_reg(l, d->op->reg, v);
}
