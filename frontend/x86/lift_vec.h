/*
 * lift_vec.h - shared by the lifters of MMX, SSE and AVX, beside lift.h.
 *
 * An instruction is worked on by 128-bit halves. An MMX operand is a v128 with zeros above its 64 bits.
 */
#pragma once
#include "frontend/x86/lift_int.h"

struct x86_vec { ir_ref h[2]; }; /* h[1]: IR_NONE without YMM */

/* Half h of a result, from the same half of the sources; b is IR_NONE where there is one source. */
typedef ir_ref x86_half(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b);

static inline u32 x86_halves(const struct x86_insn *i) { return i->vl == 32 ? 2 : 1; }
static inline bool x86_is_mmx(const struct x86_insn *i) { return i->op[0].kind == X86_K_MMX; }
static inline enum ir_type x86_lane(const struct x86_insn *i) { return (enum ir_type)i->row->lane; }
/* The operand number of the last source of V[,H],W: legacy forms have one operand less. */
static inline u32 x86_last(const struct x86_insn *i) { return i->vex ? 2 : 1; }

/* ---- operands (lift_vec.c) ---- */
/* Operand n whole, memory read in order; less than 16 bytes: zero-extended from memory, the register as it is. */
struct x86_vec x86_vec_src(struct x86_lift *l, const struct x86_insn *i, u32 n);
/* Operand n := v: register, by VEX.L; or memory, its size's low bytes. */
void   x86_vec_put(struct x86_lift *l, const struct x86_insn *i, u32 n, struct x86_vec v);
/* One access of at most 16 bytes to the memory operand, whose size in all is `size`: aligned as the row says. */
struct ir_mem x86_vec_mem(const struct x86_lift *l, const struct x86_insn *i, u32 size);
ir_ref x86_addr_add(struct x86_lift *l, ir_ref addr, u32 n);   /* linear address + n, wrapped as the mode has it */
void   x86_note(struct x86_lift *l, ir_ref addr, u32 size, bool write); /* an access for X86_M_WATCH */

/* ---- what helpers are told (helpers_vec.c) ---- */
/* Third operand of pcmpstr: the immediate in bits 7:0. */
enum { X86_STR_REG = 8 /* number of the first operand's register */, X86_STR_LENGTHS = 1 << 12 /* in eAX, eDX */,
       X86_STR_WIDE = 1 << 13 /* ... in RAX, RDX */ };
/* Second operand of gather: registers at DST, INDEX and MASK, log2 of the scale, segment, address size in bytes. */
enum { X86_GATHER_DST = 0, X86_GATHER_INDEX = 4, X86_GATHER_MASK = 8, X86_GATHER_SCALE = 12, X86_GATHER_SEG = 16,
       X86_GATHER_ADSIZE = 20, X86_GATHER_QINDEX = 1 << 24, X86_GATHER_QDATA = 1 << 25, X86_GATHER_256 = 1 << 26,
       X86_GATHER_WATCH = 1 << 27 };

/* ---- frames: op[0] := f(sources), MMX, XMM or YMM ---- */
bool   x86_vec1(struct x86_lift *l, const struct x86_insn *i, x86_half *f); /* f(op[1]) */
bool   x86_vec2(struct x86_lift *l, const struct x86_insn *i, x86_half *f); /* f(op[0], op[1]); VEX: op[1], op[2] */

/* ---- MMX (lift_mmx.c) ---- */
ir_ref x86_mm(struct x86_lift *l, u32 r);                      /* i64 */
void   x86_set_mm(struct x86_lift *l, u32 r, ir_ref v);        /* i64; the exponent becomes ffff */
void   x86_mmx_enter(struct x86_lift *l);                      /* TOP 0, tags valid: a set of each MMX instruction */

/* ---- values ---- */
static inline ir_ref x86_vzero(struct x86_lift *l) { return ir_vconst(l->b, 0, 0); }
ir_ref x86_vsplat(struct x86_lift *l, enum ir_type lane, u64 v);          /* constant */
static inline ir_ref x86_v1(struct x86_lift *l, enum ir_op op, enum ir_type lane, ir_ref a)
{
    return ir_vop1(l->b, op, lane, a);
}
static inline ir_ref x86_v2(struct x86_lift *l, enum ir_op op, enum ir_type lane, ir_ref a, ir_ref b)
{
    return ir_vop2(l->b, op, lane, a, b);
}
static inline ir_ref x86_vlogic(struct x86_lift *l, enum ir_op op, ir_ref a, ir_ref b)
{
    return ir_op2(l->b, op, a, b);
}
static inline ir_ref x86_bsel(struct x86_lift *l, ir_ref mask, ir_ref one, ir_ref zero)
{
    return ir_op3(l->b, IR_bsel, mask, one, zero);
}
ir_ref x86_extract(struct x86_lift *l, enum ir_type lane, ir_ref v, u32 n);
ir_ref x86_insert(struct x86_lift *l, enum ir_type lane, ir_ref v, u32 n, ir_ref to);
ir_ref x86_widen(struct x86_lift *l, enum ir_op op, enum ir_type lane, ir_ref v, u32 half); /* vuxtl, vsxtl */
ir_ref x86_vzext(struct x86_lift *l, ir_ref scalar);                     /* to lane 0, zeros above */
ir_ref x86_vext(struct x86_lift *l, ir_ref lo, ir_ref hi, u32 bytes);    /* bytes.. of hi:lo; at least 32: zero */
/* Bytes of v by number; where that is above 15, the byte of `other` stays. */
ir_ref x86_permute(struct x86_lift *l, ir_ref other, const u8 from[16], ir_ref v);
