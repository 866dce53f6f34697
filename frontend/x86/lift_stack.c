/*
 * lift_stack.c - PUSH POP PUSHA POPA ENTER LEAVE (Intel SDM volume 2). Segment registers and flags: lift_system.c.
 *
 * The stack pointer moves last, so that an instruction that faults has moved nothing.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

bool x86_push(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->opsize;
    ir_ref v = i->op[0].kind == X86_K_IMM ? x86_imm(l, x86_ity(size), i->imm) : x86_read_op(l, i, 0);
    ir_ref sp = x86_sp_add(l, x86_sp(l), -(i64)size);
    x86_push_at(l, sp, v);
    x86_set_sp(l, sp);
    return true;
}

/* An address by rSP is that behind the pop. */
bool x86_pop(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->opsize;
    ir_ref sp = x86_sp(l), v = x86_pop_at(l, sp, size), next = x86_sp_add(l, sp, size);
    if (x86_is_mem(i, 0)) {
        struct x86_insn at = *i;
        if (at.base == X86_RSP)
            at.disp += size;
        struct x86_dst d = x86_dst(l, &at, 0);
        x86_write_dst(l, &d, v);
        x86_set_sp(l, next);
        return true;
    }
    if (i->op[0].reg != X86_RSP || size == 2)
        x86_set_sp(l, next);
    x86_set_reg(l, i->op[0].reg, v);
    return true;
}

/* ---- PUSHA POPA ---- */

bool x86_pusha(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->opsize;
    ir_ref sp = x86_sp(l), at[8], top = IR_NONE;
    struct ir_mem m = x86_mem(l, X86_SS, size);
    for (u32 r = 0; r < 8; r++) {
        top = x86_sp_add(l, sp, -(i64)(size * (r + 1)));
        at[r] = x86_linear(l, X86_SS, top, size, true);
    }
    for (u32 r = 0; r < 8; r++)
        x86_probe(l, at[r], m, true);
    for (u32 r = 0; r < 8; r++)
        x86_store_at(l, at[r], x86_reg(l, r, size), m);
    x86_set_sp(l, top);
    return true;
}

/* rSP's own place is passed over. */
bool x86_popa(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->opsize;
    ir_ref sp = x86_sp(l), v[8];
    for (u32 k = 0; k < 8; k++)
        if (7 - k != X86_RSP)
            v[7 - k] = x86_pop_at(l, x86_sp_add(l, sp, (i64)(size * k)), size);
    for (u32 r = 0; r < 8; r++)
        if (r != X86_RSP)
            x86_set_reg(l, r, v[r]);
    x86_set_sp(l, x86_sp_add(l, sp, 8 * size));
    return true;
}

/* ---- ENTER LEAVE ---- */

struct frame {
    u32           size, levels;
    struct ir_mem m;
    ir_ref        sp, bp;      /* before, cut to the stack's size */
    ir_ref        from[31], to[32];
};

static ir_ref bp_of_stack(struct x86_lift *l)
{
    ir_ref bp = ir_get(l->b, X86_F_rbp);
    return x86_long(l) ? bp : x86_zext(l, IR_I64, x86_zext(l, l->mode & X86_M_SS32 ? IR_I32 : IR_I16, bp));
}

/* Frame pointers of the outer levels follow BP downwards; they are pushed behind BP itself, the new one last. */
static void frame_addresses(struct x86_lift *l, struct frame *f)
{
    for (u32 k = 0; k <= f->levels; k++)
        f->to[k] = x86_linear(l, X86_SS, x86_sp_add(l, f->sp, -(i64)(f->size * (k + 1))), f->size, true);
    for (u32 k = 0; k + 1 < f->levels; k++)
        f->from[k] = x86_linear(l, X86_SS, x86_sp_add(l, f->bp, -(i64)(f->size * (k + 1))), f->size, false);
}

/* All that may fault comes first: every push, every read, and the place where the stack ends up. */
static void frame_probes(struct x86_lift *l, const struct frame *f, ir_ref last)
{
    for (u32 k = 0; k <= f->levels; k++)
        x86_probe(l, f->to[k], f->m, true);
    for (u32 k = 0; k + 1 < f->levels; k++)
        x86_probe(l, f->from[k], f->m, false);
    x86_probe(l, x86_linear(l, X86_SS, last, f->size, true), f->m, true);
}

bool x86_enter(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = i->opsize, levels = i->imm2 & 31;
    struct frame f = { .size = size, .levels = levels, .m = x86_mem(l, X86_SS, size) };
    f.sp = x86_sp(l);
    f.bp = bp_of_stack(l);
    frame_addresses(l, &f);
    ir_ref frame = x86_sp_add(l, f.sp, -(i64)size);
    ir_ref last = x86_sp_add(l, f.sp, -(i64)(size * (levels + 1) + (i->imm & 0xffff)));
    ir_ref saved = x86_reg(l, X86_RBP, size);
    frame_probes(l, &f, last);
    x86_store_at(l, f.to[0], saved, f.m);
    for (u32 k = 0; k + 1 < levels; k++)
        x86_store_at(l, f.to[k + 1], x86_load_at(l, x86_ity(size), f.from[k], f.m), f.m);
    if (levels)
        x86_store_at(l, f.to[levels], x86_zext(l, x86_ity(size), frame), f.m);
    x86_set_reg(l, X86_RBP, x86_zext(l, x86_ity(size), frame));
    x86_set_sp(l, last);
    return true;
}

bool x86_leave(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref sp = bp_of_stack(l), v = x86_pop_at(l, sp, i->opsize);
    x86_set_sp(l, x86_sp_add(l, sp, i->opsize));
    x86_set_reg(l, X86_RBP, v);
    return true;
}
