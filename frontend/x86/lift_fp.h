/*
 * lift_fp.h - shared by the lifters of SSE and AVX floating point.
 *
 * The order in every one of them: operands from memory, x86_fp_begin(), FP rows, x86_fp_check(), results.
 */
#pragma once
#include "frontend/x86/lift_vec.h"

/* First source of a row with a destination: VEX.vvvv, or the destination itself. */
static inline u32 x86_src1(const struct x86_insn *i) { return i->vex ? 1 : 0; }
/* Operand n as a scalar of type t: lane 0 of its register, or memory of that size. */
ir_ref x86_scalar(struct x86_lift *l, const struct x86_insn *i, u32 n, enum ir_type t);
/* Operand 0 := the first source with lane 0 replaced by v. */
void   x86_scalar_write(struct x86_lift *l, const struct x86_insn *i, ir_ref v);
/* v with the sign changed, but for NaNs: of type t, or a vector of such lanes. */
ir_ref x86_fneg_number(struct x86_lift *l, enum ir_type t, ir_ref v);

/* The integer type as wide as a float type, and constants of the latter's bits. */
static inline enum ir_type x86_int_lane(enum ir_type t) { return t == IR_F64 ? IR_I64 : IR_I32; }
static inline u32 x86_lanes(enum ir_type lane) { return 128 / ir_bits(lane); }
static inline u64 x86_fsign(enum ir_type t) { return t == IR_F64 ? 1ull << 63 : 1ull << 31; }
static inline u64 x86_finf(enum ir_type t) { return t == IR_F64 ? 0x7ffull << 52 : 0xffull << 23; }
/* Ones in the odd lanes. */
static inline ir_ref x86_odd_lanes(struct x86_lift *l, enum ir_type t)
{
    return t == IR_F64 ? ir_vconst(l->b, 0, ~0ull) : ir_vconst(l->b, 0xffffffff00000000, 0xffffffff00000000);
}
