/*
 * vec.h - private to the vec_*.c files of integer rows: how a row is done on a kind of lane, by 128-bit halves, and
 * the pieces that many rows are made of.
 *
 * Pieces and ways work on xmm registers d (result) and s, a, b (operands). Unless said otherwise d is another
 * register than the operands, which are never written; scratch are XV_T0 to XV_T2 and those in vec.t.
 */
#pragma once
#include "backend/jit/x64/emit_rows.h"
#include "ir/eval_int.h"

/* A row being emitted for one half. */
struct vec {
    struct xe   *x;
    struct xasm *a;
    u32          lane, bits; /* log2 of a lane's bytes, 0 to 3; its bits */
    i32          n;          /* what vec_run() was given: a count */
    u32          mode;       /* vec_way.mode */
    enum xreg    t[5];       /* as many as the way says */
};
typedef void vec_fn(struct vec *v, enum xreg d, const enum xreg *s);

/* One instruction, or a function; with neither, or on a host without `needs`, xe_eval(). */
struct vec_way {
    u32     op;       /* XV_, for xa_v3() or, in rows of one operand, xa_v2(); VEC_SWAP: operands swapped */
    vec_fn *fn;
    u8      scratch;  /* registers in vec.t */
    u8      operands; /* in registers; 0: all */
    bool    in_place; /* d may be operand 0 */
    u8      mode;     /* for functions that serve more than one row: VEC_ */
    u32     needs;    /* XF_ */
};
#define VEC_SWAP (1u << 31)
enum { VEC_SIGNED = IR_VSHL_SIGNED, VEC_ROUND = IR_VSHL_ROUND, VEC_SAT = IR_VSHL_SAT, VEC_MINUS = 8, VEC_RIGHT = 16 };

/* Instruction i in the way of its lanes: way[0] for i8 to way[3] for i64. */
void vec_emit(struct xe *x, u32 i, const struct vec_way *way);
void vec_emit_way(struct xe *x, u32 i, const struct vec_way *w);
/* The same for a way with fn, whatever the lanes; n as in struct vec. */
void vec_run(struct xe *x, u32 i, const struct vec_way *w, i32 n);
/* One instruction of two operands; constants come from memory. */
void vec_simple(struct xe *x, u32 i, u32 op);
/* The result is operand 0. */
void vec_same(struct xe *x, u32 i);
/* Is r, of lanes of `bits`, the same constant in all of them? */
bool vec_is_splat(const struct xe *x, ir_ref r, u32 bits, u64 *value);
static inline u32 vec_lane(const struct xe *x, u32 i) { return xe_ins(x, i)->lane - IR_I8; }

/* ---- pieces ---- */

static inline void vec3(struct vec *v, u32 op, enum xreg d, enum xreg a, enum xreg b) { xa_v3(v->a, op, d, a, b); }
/* d := a op, in all lanes of `bits`, c. */
static inline void vec3c(struct vec *v, u32 op, enum xreg d, enum xreg a, u32 bits, u64 c)
{
    xa_v3m(v->a, op, d, a, xe_splat(v->x, bits, c));
}
static inline void vec_zero(struct vec *v, enum xreg d) { xa_vzero(v->a, d); }
static inline void vec_not(struct vec *v, enum xreg d, enum xreg a) { vec3c(v, XV_PXOR, d, a, 64, ~0ull); }
enum vec_shift { VEC_SRL = 2, VEC_SRA = 4, VEC_SLL = 6 };
/* Shifts by an instruction: op is XV_SHIFT_W, _D, _Q (no SRA of the last). */
static inline void vec_sh(struct vec *v, u32 op, enum vec_shift s, enum xreg d, enum xreg a, u32 n)
{
    xa_vshift_i(v->a, op, s, d, a, (u8)n);
}
static inline u64 vec_top(const struct vec *v) { return 1ull << (v->bits - 1); } /* the sign bit */
static inline u64 vec_max(const struct vec *v) { return vec_top(v) - 1; }        /* most positive number */

/* All ones where a lane is negative, else zeros. d == a is fine but for i8 lanes. */
void vec_sign(struct vec *v, enum xreg d, enum xreg a);
/* d := mask ? yes : no; full lanes of mask, which is scratch and lost. */
void vec_pick(struct vec *v, enum xreg d, enum xreg mask, enum xreg yes, enum xreg no);
/* Shifts of any lane by a constant; n of at least the width gives 0 or the sign. d may be a. vec_sar() uses XV_T2. */
void vec_shl(struct vec *v, enum xreg d, enum xreg a, u32 n);
void vec_shr(struct vec *v, enum xreg d, enum xreg a, u32 n);
void vec_sar(struct vec *v, enum xreg d, enum xreg a, u32 n);
/* i8 lanes: low bytes of products. b may be XV_T1; uses XV_T0 and XV_T1. */
void vec_mul8(struct vec *v, enum xreg d, enum xreg a, enum xreg b);
/* i8 lanes by GFNI: bit i of a byte of d is bit from[i] of a's; 8: zero. d may be a. */
void vec_bits8(struct vec *v, enum xreg d, enum xreg a, const u8 from[8]);

/* ---- instructions by lane; 0 where there is none ---- */
static const u32 VEC_ADD[4] = { XV_PADDB, XV_PADDW, XV_PADDD, XV_PADDQ };
static const u32 VEC_SUB[4] = { XV_PSUBB, XV_PSUBW, XV_PSUBD, XV_PSUBQ };
static const u32 VEC_EQ[4] = { XV_PCMPEQB, XV_PCMPEQW, XV_PCMPEQD, XV_PCMPEQQ };
static const u32 VEC_GT[4] = { XV_PCMPGTB, XV_PCMPGTW, XV_PCMPGTD, XV_PCMPGTQ };
static const u32 VEC_UMIN[4] = { XV_PMINUB, XV_PMINUW, XV_PMINUD };
static const u32 VEC_UMAX[4] = { XV_PMAXUB, XV_PMAXUW, XV_PMAXUD };
static const u32 VEC_SMIN[4] = { XV_PMINSB, XV_PMINSW, XV_PMINSD };
static const u32 VEC_SMAX[4] = { XV_PMAXSB, XV_PMAXSW, XV_PMAXSD };
