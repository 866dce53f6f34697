/*
 * lift_int.h - shared by the lifters of general-purpose instructions, beside lift.h.
 */
#pragma once
#include "frontend/x86/lift.h"

/* Where a direct near branch goes. Its checks are made before anything changes, the exit comes last. */
struct x86_target {
    i64    off;     /* of the target in the block */
    ir_ref linear;  /* i64: the target's pc where that may not be off; else IR_NONE */
    ir_ref direct;  /* i1: it is off after all */
};
struct x86_target x86_branch(struct x86_lift *l, const struct x86_insn *i, i64 rel);
void x86_branch_go(struct x86_lift *l, const struct x86_target *t, enum ir_hint h);
/* Linear pc of an indirect near branch, checked: #GP(0) beyond the limit or where not canonical. */
ir_ref x86_branch_linear(struct x86_lift *l, ir_ref ip);
void x86_exit_linear(struct x86_lift *l, ir_ref pc, enum ir_hint h);
void x86_exit_again(struct x86_lift *l); /* to this instruction: another iteration */

static inline ir_ref x86_op2i(struct x86_lift *l, enum ir_op op, ir_ref x, u64 c)
{
    return ir_op2(l->b, op, x, x86_imm(l, ir_type_of(l->b, x), c));
}
static inline ir_ref x86_inv(struct x86_lift *l, ir_ref x) { return ir_op1(l->b, IR_not, x); }
static inline ir_ref x86_is_zero(struct x86_lift *l, ir_ref v) { return x86_op2i(l, IR_eq, v, 0); }
static inline ir_ref x86_is_neg(struct x86_lift *l, ir_ref v) { return x86_op2i(l, IR_slt, v, 0); }
static inline ir_ref x86_trunc8(struct x86_lift *l, ir_ref v) { return x86_zext(l, IR_I8, v); }
static inline u32 x86_bits(struct x86_lift *l, ir_ref v) { return ir_bits(ir_type_of(l->b, v)); }
/* A skip over what follows unless c; x86_end(l, label) ends it. */
static inline u16 x86_when(struct x86_lift *l, ir_ref c) { return ir_skip(l->b, x86_inv(l, c)); }
static inline u16 x86_unless(struct x86_lift *l, ir_ref c) { return ir_skip(l->b, c); }
static inline void x86_end(struct x86_lift *l, u16 label) { ir_label(l->b, label); }

void x86_probe(struct x86_lift *l, ir_ref addr, struct ir_mem m, bool write);
/* What memory held before; op is an enum ir_rmw. Locked. */
ir_ref x86_rmw(struct x86_lift *l, const struct x86_dst *d, enum ir_rmw op, ir_ref v);
ir_ref x86_cas(struct x86_lift *l, const struct x86_dst *d, ir_ref expected, ir_ref v);
/* A locked operation that no rmw row does: leaves to the same instruction where memory was no longer `old`. */
void x86_write_locked(struct x86_lift *l, const struct x86_dst *d, ir_ref old, ir_ref v);
static inline bool x86_is_mem(const struct x86_insn *i, u32 n) { return i->op[n].kind == X86_K_MEM; }
/* Two operands are the same whole register. */
static inline bool x86_same_reg(const struct x86_insn *i, u32 n, u32 m)
{
    const struct x86_op *a = &i->op[n], *b = &i->op[m];
    return a->kind == X86_K_REG && b->kind == X86_K_REG && a->reg == b->reg && a->high == b->high
           && a->size == b->size;
}
/* CF ZF SF OF all constants, PF and AF of the byte b ^ b. */
void x86_flags_const(struct x86_lift *l, bool cf, bool zf, bool sf, bool of, u8 pb);
