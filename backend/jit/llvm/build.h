/*
 * build.h - private to backend/jit/llvm: LLVM values for IR values, a function a row.
 *
 * A row of ops.def is llvm_row_<name>() for scalars and whole vectors (VOP), llvm_vrow_<name>() for an OP row on
 * the lanes of a vector; it makes the value of instruction i of lb->ir and returns it. A row without its functions
 * does not link (rows.c, the table). The definition is the expression in ops.def: rows agree with ir_eval() on
 * every input (tests/llvm/).
 *
 * Values, by IR type: i1 to i64 and i128 are LLVM's integers of that width; f16 is an i16, f32 float, f64 double,
 * f80 an i128 with zeros above; v128 is <2 x i64>, v256 <4 x i64>, whatever its lanes: rows cast to lanes and back.
 * Rows are total: no poison and no undef may come from any input (shift counts, division, conversions: guard as
 * ops.def defines).
 *
 * Rows may make basic blocks: behind one the builder stands at the end of the block where the value is known.
 *
 * FP rows (IR_FP). The host's MXCSR holds the guest's rounding mode with all exceptions masked; its sticky bits are
 * ORed into fp_env.flags by others. Use constrained intrinsics alone (round.dynamic, fpexcept.strict), through
 * lb_fp(); nothing may raise a flag that the row does not: idle lanes hold zeros or copies. When lb_fp_plain() is
 * false, or for what has no good sequence, lb_eval(). When lb->fp_x86 the host's result and flags are the guest's
 * to the bit for the plain rows. Else (Arm) a result that is NaN, and from fmul, fdiv, fma, narrowing fcvt one that
 * equals the smallest normal, is made again by lb_eval() in a cold block: backend/jit/x64/fp*.c do the same and say
 * why.
 */
#pragma once
#include "ir/ir.h"
#include "ir/vec.h"
#include <llvm-c/Core.h>

struct lb {
    LLVMContextRef         c;
    LLVMModuleRef          m;
    LLVMBuilderRef         b;
    LLVMValueRef           fn;      /* the function being built */
    const struct ir_block *ir;      /* the block whose rows are being made */
    LLVMValueRef           v[IR_BLOCK_MAX]; /* by IR value */
    bool                   fp_x86;  /* the guest's FP is x86's: struct guest */
    bool                   fp_plain; /* no flush-to-zero of ours, no special mode: see xe_fp_plain() */
    /* of the host CPU: XF_ of backend/jit/x64/asm.h; the target machine has the same */
    u32                    features;
    /* The row by the reference, here and now: operands and result through memory. Set by whoever builds. */
    LLVMValueRef         (*eval)(struct lb *l, u32 i);
    LLVMTypeRef            type[IR_TYPE_COUNT]; /* by enum ir_type; IR_VOID: void */
    LLVMMetadataRef        round_dynamic, except_strict;
    u32                    cold_kind; /* metadata kind "prof" */
    LLVMValueRef           unlikely;  /* branch weights: the first way is cold */
};

/* lb.c: the types of a context, metadata; frees nothing but what it made. m, fn, ir, eval are the caller's. */
void lb_init(struct lb *l, LLVMContextRef c);
void lb_done(struct lb *l); /* the builder */

/* rows.c: the value of instruction i by its row's function. Not for XOP rows but const and pc-less ones. */
LLVMValueRef lb_row(struct lb *l, u32 i);

/* ---- small things that rows share ---- */
static inline const struct ir_ins *lb_ins(const struct lb *l, u32 i) { return &l->ir->ins[i]; }
static inline LLVMValueRef lb_arg(const struct lb *l, u32 i, u32 k) { return l->v[l->ir->ins[i].arg[k]]; }
static inline LLVMTypeRef lb_type(const struct lb *l, u32 i) { return l->type[l->ir->ins[i].type]; }
/* of operand 0 */
static inline u32 lb_bits(const struct lb *l, u32 i) { return ir_bits((enum ir_type)l->ir->ins[i].src); }
static inline LLVMValueRef lb_eval(struct lb *l, u32 i) { return l->eval(l, i); }
static inline bool lb_fp_plain(const struct lb *l) { return l->fp_plain; }

/* Integer constant of a type (splat for vectors of integers). */
LLVMValueRef lb_const(struct lb *l, LLVMTypeRef t, u64 v);
/* The type of a vector's lanes: <n x iN>, <n x float>, <n x double>; f16 lanes are i16. */
LLVMTypeRef  lb_lanes(struct lb *l, enum ir_type vector, enum ir_type lane);
/* Operand k as lanes of the row's lane type; and a result of lanes back to the type of instruction i. */
LLVMValueRef lb_arg_lanes(struct lb *l, u32 i, u32 k);
LLVMValueRef lb_from_lanes(struct lb *l, u32 i, LLVMValueRef lanes);
/* A call of an intrinsic: overloads are the types it is named by. */
LLVMValueRef lb_intrinsic(struct lb *l, const char *name, LLVMTypeRef *overloads, u32 n, LLVMValueRef *args,
                          u32 count);
/* A constrained FP intrinsic ("fadd", "fma", "sqrt", ...) of the type of args[0]; `rounds`: it takes a rounding
 * mode. */
LLVMValueRef lb_fp(struct lb *l, const char *name, LLVMValueRef *args, u32 count, bool rounds);
/* Marks a call, and the function it is in, as one that the FP environment matters to: lb_fp() does. */
void lb_strict(struct lb *l, LLVMValueRef call);
/* hot unless `cold` (i1): then the row by the reference, in a block of its own. */
LLVMValueRef lb_unless(struct lb *l, u32 i, LLVMValueRef cold, LLVMValueRef hot);
