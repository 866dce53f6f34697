/*
 * emit_util.h - small things that the emitters of integer and vector rows share.
 *
 * Values of i8 and i16 have anything above their bits, those of i32 may have it too: so sources are read by 32-bit
 * instructions at most, or extended first, and results are written by 32-bit ones.
 */
#pragma once
#include "backend/jit/x64/emit_rows.h"

/* Width of the host instruction for a row on i1 to i64. */
static inline u32 xu_width(const struct ir_ins *in) { return in->src == IR_I64 ? 64 : 32; }
static inline u32 xu_src_bits(const struct ir_ins *in) { return ir_bits((enum ir_type)in->src); }
static inline bool xu_narrow(const struct ir_ins *in) { return in->src < IR_I32; }

/* A result for an instruction that writes it last; r, in a register already, lends its own when it dies. */
static inline enum xreg xu_def3(struct xe *x, u32 i, ir_ref r)
{
    return xe_dies(x, r, i) ? xe_def_over(x, i, r) : xe_def(x, i);
}

static inline void xu_zero(struct xe *x, enum xreg r)
{
    xa_alu_rr(xe_asm(x), XA_XOR, 32, r, r);
}

/* d := s, before an instruction of this width on d: what it leaves above does not matter. */
static inline void xu_mov(struct xe *x, u32 w, enum xreg d, enum xreg s)
{
    if (d != s)
        xa_mov_rr(xe_asm(x), w, d, s);
}

/* d := s, zero- or sign-extended from the row's type to the width of its instructions. */
static inline void xu_zext(struct xe *x, const struct ir_ins *in, enum xreg d, enum xreg s)
{
    if (xu_narrow(in))
        xa_movzx(xe_asm(x), MAX(xu_src_bits(in), 8u), d, s);
    else
        xa_mov_rr(xe_asm(x), xu_width(in), d, s);
}
static inline void xu_sext(struct xe *x, const struct ir_ins *in, enum xreg d, enum xreg s)
{
    if (xu_narrow(in))
        xa_movsx(xe_asm(x), xu_src_bits(in), 32, d, s);
    else
        xa_mov_rr(xe_asm(x), xu_width(in), d, s);
}

/* The result is operand r, of the same type. */
static inline void xu_copy(struct xe *x, u32 i, ir_ref r)
{
    enum xreg s = xe_use(x, r), d = xu_def3(x, i, r);
    if (d != s || xe_ins(x, i)->type != IR_I64)
        xa_mov_rr(xe_asm(x), xe_ins(x, i)->type == IR_I64 ? 64 : 32, d, s);
}

/* The result is the constant v; flags stay. */
static inline void xu_result_const(struct xe *x, u32 i, u64 v)
{
    xa_mov_ri(xe_asm(x), xe_def(x, i), v);
}

/* ---- vectors, by 128-bit halves ---- */

struct xu_halves {
    u32       n;        /* 1 for v128, 2 for v256 */
    enum xreg s[3][2];  /* operands: [number][half] */
    enum xreg d[2];
};

/* Operand k in registers. */
static inline void xu_use_halves(struct xe *x, struct xu_halves *h, u32 k, ir_ref r)
{
    h->s[k][0] = xe_use_v(x, r);
    if (h->n == 2)
        h->s[k][1] = xe_use_v2(x, r);
}

/* All operands of the row, vectors of one type. */
static inline struct xu_halves xu_use_all(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xu_halves h = { .n = ir_bits((enum ir_type)in->src) / 128 };
    for (u32 k = 0; k < 3 && in->arg[k] != IR_NONE; k++)
        xu_use_halves(x, &h, k, in->arg[k]);
    return h;
}

static inline void xu_def_halves(struct xe *x, u32 i, struct xu_halves *h)
{
    h->d[0] = xe_def_v(x, i);
    if (h->n == 2)
        h->d[1] = xe_def_v2(x, i);
}

/* The same where each half is made by one instruction, whose first source is operand r. */
static inline void xu_def_halves_over(struct xe *x, u32 i, struct xu_halves *h, ir_ref r)
{
    h->d[0] = xe_def_v_over(x, i, r);
    if (h->n == 2)
        h->d[1] = xe_def_v2(x, i);
}
