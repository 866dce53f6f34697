/*
 * lift_simd.h - shared by the lift_simd_*.c files: operands and results as lanes.
 *
 * A form works on 128 bits (q), on the lower 64 bits, or on one lane (scalar). Bits of the source registers
 * that a form does not use hold anything at all, and must neither saturate nor raise FP flags. So operands come
 * with their idle lanes harmless:
 *   64 bits:          the idle half repeats the used one: it raises what is raised anyway;
 *   scalar integer:   a vector with zeros above lane 0 (no operation here saturates on zeros);
 *   scalar FP:        no vector at all but a scalar value: ir_vop1() and its kin take both.
 */
#pragma once
#include "frontend/arm/lift.h"

struct a64_lanes {
    enum ir_type lane; /* i8 to i64, f32 or f64 */
    u32          q, scalar;
};

static inline enum ir_type a64_int_lane(u32 size) { return (enum ir_type)(IR_I8 + size); }
static inline enum ir_type a64_fp_lane(u32 sz) { return sz ? IR_F64 : IR_F32; }

/* Register r as an operand. */
ir_ref a64_lanes_in(struct a64_lift *l, struct a64_lanes s, u32 r);
/* Lane `index` of register r as an operand: in every lane, for scalar FP as a scalar. */
ir_ref a64_lanes_elem(struct a64_lift *l, struct a64_lanes s, u32 r, u32 index);
/* The same for "by element" forms, from the fields h, l, m and rm (a64_simd.decode); lanes of 16 to 64 bits. */
ir_ref a64_lanes_indexed(struct a64_lift *l, struct a64_lanes s, u32 h, u32 lo, u32 m, u32 rm);
/* A constant operand: v in every lane, for scalar FP as a scalar. */
ir_ref a64_lanes_const(struct a64_lift *l, struct a64_lanes s, u64 v);
/* The result to register r, the unused rest of which becomes zero. v may be an i1: all ones or zeros. */
void a64_lanes_out(struct a64_lift *l, struct a64_lanes s, u32 r, ir_ref v);
/* VFPExpandImm (shared/functions/float): bits of a single or (sz) double. */
u64 a64_fp_expand_imm(u32 sz, u32 imm8);
/* v in every lane of a v128. */
ir_ref a64_splat(struct a64_lift *l, enum ir_type lane, u64 v);
/* acc 0: x; 1: old + x; 2: old - x. old is register rd. */
ir_ref a64_accumulate(struct a64_lift *l, enum ir_type lane, u32 acc, u32 rd, ir_ref x);
/* A narrowing form's result: x has it in its lower half and zeros above. q: to the upper half of rd. */
void a64_set_narrow(struct a64_lift *l, u32 rd, u32 q, ir_ref x);

/* FPSR.QC once any bit of `saturated` (v128) is set; for a64_set_qc() behind the result, since reads come
 * before sets. */
ir_ref a64_qc(struct a64_lift *l, ir_ref saturated);
/* IR_NONE: unchanged. */
void a64_set_qc(struct a64_lift *l, ir_ref qc);
/* v128 that is not zero if saturating `op` (one of its rows: x op y, y may be IR_NONE) saturated in a lane;
 * r is its result. */
ir_ref a64_saturated(struct a64_lift *l, enum ir_op op, enum ir_type lane, ir_ref r, ir_ref x, ir_ref y);
