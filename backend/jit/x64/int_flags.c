/*
 * int_flags.c - carry, borrow, overflow, auxiliary carry and parity as values. What the host's flags still hold, or a
 * comparison tells, cond.c finds first; this is for the rest: sums with a carry in.
 */
#include "backend/jit/x64/emit_util.h"
#include "base/bits.h"

/* r op q, flags by the row's width; q is an immediate, in memory or in a register. */
struct operand {
    bool        is_imm, is_mem;
    i32         imm;
    enum xreg   r;
    struct xmem m;
};

static struct operand use_operand(struct xe *x, ir_ref r)
{
    struct operand o = { .r = XNONE };
    o.is_imm = xe_is_imm32(x, r, &o.imm);
    if (!o.is_imm)
        o.is_mem = xe_use_rm(x, r, &o.r, &o.m);
    return o;
}

static void alu(struct xe *x, enum xalu op, u32 bits, enum xreg d, const struct operand *o)
{
    if (o->is_imm)
        xa_alu_ri(xe_asm(x), op, bits, d, o->imm);
    else if (o->is_mem)
        xa_alu_rm(xe_asm(x), op, bits, d, o->m);
    else
        xa_alu_rr(xe_asm(x), op, bits, d, o->r);
}

/* rax := ~o */
static void inverted(struct xe *x, u32 w, const struct operand *o)
{
    if (o->is_imm) {
        xa_mov_ri(xe_asm(x), RAX, (u64)(i64)~o->imm);
        return;
    }
    if (o->is_mem)
        xa_mov_rm(xe_asm(x), w, RAX, o->m);
    else
        xa_mov_rr(xe_asm(x), w, RAX, o->r);
    xa_grp3(xe_asm(x), XG_NOT, w, RAX);
}

/* Carry in 1: a + b + 1 is a - ~b, and a - b - 1 is a + ~b. A borrow is the carry's opposite. */
static enum xcc with_one(struct xe *x, u32 bits, u32 w, bool sub, bool overflow, enum xreg s, const struct operand *o)
{
    struct xasm *a = xe_asm(x);
    if (sub && !overflow) {
        alu(x, XA_CMP, bits, s, o);
        return CC_BE;
    }
    inverted(x, w, o);
    if (sub) {
        xa_alu_rr(a, XA_ADD, bits, RAX, s);
        return CC_O;
    }
    xa_alu_rr(a, XA_CMP, bits, s, RAX);
    return overflow ? CC_O : CC_AE;
}

static void flag(struct xe *x, u32 i, bool sub, bool overflow)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    u64 one = 0;
    bool known = xe_is_const(x, in->arg[2], &one);
    enum xreg s = xe_use(x, in->arg[0]), c = known ? XNONE : xe_use(x, in->arg[2]);
    struct operand o = use_operand(x, in->arg[1]);
    enum xreg d = xe_def(x, i);
    enum xcc cc = overflow ? CC_O : CC_B;
    xu_zero(x, d);
    if (known && one) {
        cc = with_one(x, bits, w, sub, overflow, s, &o);
    } else if (known && sub) {
        alu(x, XA_CMP, bits, s, &o);
    } else {
        if (!known)
            xa_bt_ri(a, 32, c, 0);
        xa_mov_rr(a, w, RAX, s);
        alu(x, known ? XA_ADD : sub ? XA_SBB : XA_ADC, bits, RAX, &o);
    }
    xa_setcc(a, cc, d);
    xe_flags_lost(x);
}

void x64_emit_carry(struct xe *x, u32 i) { flag(x, i, false, false); }
void x64_emit_borrow(struct xe *x, u32 i) { flag(x, i, true, false); }
void x64_emit_ovadd(struct xe *x, u32 i) { flag(x, i, false, true); }
void x64_emit_ovsub(struct xe *x, u32 i) { flag(x, i, true, true); }

void x64_emit_auxc(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), u = xe_use(x, in->arg[2]), d = xe_def(x, i);
    xa_mov_rr(a, 32, d, s);
    xa_alu_rr(a, XA_XOR, 32, d, t);
    xa_alu_rr(a, XA_XOR, 32, d, u);
    xa_shift_ri(a, XS_SHR, 32, d, 4);
    xa_alu_ri(a, XA_AND, 32, d, 1);
    xe_flags_lost(x);
}

void x64_emit_parity(struct xe *x, u32 i)
{
    enum xreg s = xe_use(x, xe_ins(x, i)->arg[0]), d = xe_def(x, i);
    xu_zero(x, d);
    xa_test_rr(xe_asm(x), 32, s, s);
    xa_setcc(xe_asm(x), CC_P, d);
    xe_flags_lost(x);
}
