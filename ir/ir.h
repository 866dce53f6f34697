/*
 * ir.h - the language between frontends and engines.
 *
 * A block is a straight list of instructions in SSA form: an instruction's index is the
 * name of the value it makes. Control flow inside a block is forward only (`skip` to a
 * later `label`); everything else leaves through an exit. The rows of ops.def are the
 * only description of the operations; docs/ir.md is the contract in words.
 *
 * Rules that the verifier enforces (ir/verify.c):
 *  - `insn imm=offset aux=length` opens every guest instruction; the block ends in an exit.
 *  - within one guest instruction: reads and compute, memory, then sets. Exceptions to the
 *    order put `probe` for all their accesses before the first side effect. Side effects are sets,
 *    stores, helpers that write state or memory, and FP rows (sticky flags); what must come before
 *    them are memory operations and helpers with IR_H_FAULT, IR_H_MEM or IR_H_SYNC. A field that an
 *    instruction has set is not read back in it, unless a label or a helper stands between.
 *  - values made between a `skip` and its label are not used after the label; a skip has a label of
 *    its own, in the same guest instruction. Behind an exit comes a label or the end.
 *  - types: every argument has the type that the row demands.
 *
 * Ownership: a block's arrays belong to the struct and are reused between translations;
 * nothing in a block points outside it but `layout`.
 */
#pragma once
#include "base/err.h"
#include "ir/fp.h"
#include <stdio.h>

enum ir_type {
    IR_VOID, IR_I1, IR_I8, IR_I16, IR_I32, IR_I64, IR_I128,
    IR_F16, IR_F32, IR_F64, IR_F80, IR_V128, IR_V256, IR_TYPE_COUNT
};

/* Bits of a type. An i1 is 0 or 1; an f80 is a 64-bit significand below sign and exponent. */
static inline u32 ir_bits(enum ir_type t)
{
    static const u16 bits[] = { 0, 1, 8, 16, 32, 64, 128, 16, 32, 64, 80, 128, 256 };
    return bits[t];
}
/* Bytes in a value slot or a state field (an i1 is a byte, an f80 sixteen). */
static inline u32 ir_bytes(enum ir_type t)
{
    static const u8 bytes[] = { 0, 1, 1, 2, 4, 8, 16, 2, 4, 8, 16, 16, 32 };
    return bytes[t];
}
static inline bool ir_is_int(enum ir_type t) { return t >= IR_I1 && t <= IR_I128; }
static inline bool ir_is_float(enum ir_type t) { return t >= IR_F16 && t <= IR_F80; }
static inline bool ir_is_vec(enum ir_type t) { return t >= IR_V128; }
static inline enum fp_fmt ir_fp_fmt(enum ir_type t) { return (enum fp_fmt)(t - IR_F16); }
const char *ir_type_name(enum ir_type t);

/* What a row allows as operand type (`src`): scalars, or lanes of a vector. */
enum {
    K_1 = 1, K_I = 2 /* i8..i64 */, K_Q = 4 /* i128 */, K_F = 8 /* f16 f32 f64 */, K_X = 16 /* f80 */,
    K_VI = 32 /* vector of i8..i64 lanes */, K_VF = 64 /* vector of f16 f32 f64 lanes */,
    K_V = 128 /* whole vector, no lanes */
};

/* Effects of a row. An op without PURE, FP or one of these does not exist. */
enum {
    IR_PURE = 1,      /* value of the operands only: may be dropped, folded, merged */
    IR_COMMUTES = 2,
    IR_FP = 4,        /* reads the FP environment, writes sticky flags: never dropped or folded */
    IR_READS = 8,     /* reads guest state or memory */
    IR_WRITES = 16,   /* writes guest state */
    IR_MEM = 32,      /* accesses guest memory, may fault */
    IR_STORES = 64,   /* ... and writes it */
    IR_EXIT = 128,    /* leaves the block */
    IR_MARK = 256     /* insn, skip, label */
};

/* Row shapes; see ops.def. */
enum ir_result { RES_V /* none */, RES_T /* same as operand 0 */, RES_B /* i1, or lane masks */,
                 RES_X /* the row's own rule: `type` as the builder gave it */ };

enum ir_op {
#define OP(name, ...) IR_##name,
#define VOP(name, ...) IR_##name,
#define XOP(name, ...) IR_##name,
#include "ir/ops.def"
    IR_OP_COUNT
};

struct ir_row {
    const char *name;
    u8          result;   /* enum ir_result */
    u8          args;     /* number of value operands */
    u16         kinds;    /* K_ */
    u16         effects;  /* IR_PURE ... */
    const char *types;    /* VOP rows: operand and result types, see ops.def; else NULL */
};
extern const struct ir_row ir_rows[IR_OP_COUNT];

typedef u16 ir_ref; /* index of the instruction that made the value */
#define IR_NONE ((ir_ref)0xffff)

struct ir_ins {
    u16    op;
    u8     type;   /* of the result; IR_VOID if none */
    u8     src;    /* type of operand 0 (for loads and constants: IR_VOID) */
    u8     lane;   /* lane type of a vector operation, else IR_VOID */
    u8     flag;   /* small per-row modifier: see ops.def */
    u16    pad;
    ir_ref arg[4]; /* unused: IR_NONE */
    u32    aux;    /* per row */
    u32    pad2;
    u64    imm;    /* per row */
    u64    imm2;   /* per row; high half of a v128 constant */
};

/* Memory operation descriptor: `aux` of load, store, rmw, cas, ldex, stex, probe. */
enum ir_order { IR_PLAIN, IR_ACQUIRE, IR_RELEASE, IR_SEQ };
struct ir_mem {
    u32 size    : 3; /* log2 of bytes: 0..5 */
    u32 sign    : 1; /* sign-extend to the result type, else zero-extend */
    u32 bswap   : 3; /* 0: little endian; n: byte-reverse units of 2^n bytes (element or whole) */
    u32 order   : 2; /* enum ir_order */
    u32 atomic  : 3; /* log2 of the single-copy atomic unit */
    u32 align   : 3; /* 0: any; n: fault unless aligned to 2^n bytes */
    u32 addr32  : 1; /* address wraps at 32 bits */
    u32 mmu_val : 1; /* MMU mode is the last operand instead of `mmu` */
    u32 mmu     : 4; /* MMU mode (meaning is the frontend's) */
    u32 write   : 1; /* probe: check for write */
    u32 user0   : 5; /* frontend's own fault information, handed back in struct mmu_fault */
    u32 pad     : 5;
};
static inline u32 ir_mem_pack(struct ir_mem m)
{
    u32 v;
    __builtin_memcpy(&v, &m, 4);
    return v;
}
static inline struct ir_mem ir_mem_unpack(u32 v)
{
    struct ir_mem m;
    __builtin_memcpy(&m, &v, 4);
    return m;
}
_Static_assert(sizeof(struct ir_mem) == 4, "packs into aux");

/* Read-modify-write operation: `flag` of rmw. */
enum ir_rmw { IR_RMW_add, IR_RMW_and, IR_RMW_andn, IR_RMW_or, IR_RMW_xor, IR_RMW_smax, IR_RMW_smin,
              IR_RMW_umax, IR_RMW_umin, IR_RMW_swap, IR_RMW_sub, IR_RMW_COUNT };

/* Hints of exit_direct and exit_indirect: `flag`. */
enum ir_hint { IR_HINT_none, IR_HINT_call /* imm2: offset of the return address */, IR_HINT_ret };

/* Barrier kinds: `flag` of barrier. */
enum ir_barrier { IR_BAR_full, IR_BAR_load, IR_BAR_store, IR_BAR_fetch /* ISB-like */ };

/* Guest state as the IR sees it: named fields that never overlap. */
struct ir_field {
    const char *name;
    u8          type;   /* enum ir_type; i1 is a byte holding 0 or 1 */
    u32         offset; /* from the start of the guest state struct */
};
struct ir_range { /* for getx/setx: consecutive fields of one type */
    const char *name;
    u16         first, count;
};

/* A helper called from IR. Values are at most 64 bits wide; wider ones go through state. */
enum {
    IR_H_FAULT = 1,   /* may raise an exception (vcpu.raised is then set): order as a memory op */
    IR_H_SYNC = 2,    /* may change or read time, interrupts, deadlines, translation: runs at the
                         exact count; the block ends behind the instruction */
    IR_H_READS = 4,   /* reads guest state fields   */
    IR_H_WRITES = 8,  /* writes guest state fields  */
    IR_H_MEM = 16,    /* accesses guest memory by itself (slow path, exact) */
    IR_H_FP = 32,     /* reads or writes the layout's fp_env */
    IR_H_BULK = 64    /* of an instruction that repeats itself: executes it up to vcpu.bulk times more than once, all
                         of them whole, and takes those off vcpu.bulk; the engine counts them. What it did stays done
                         whatever comes behind it, so accesses may; returns i1: it did something, the block leaves to
                         the same instruction */
};
struct vcpu;
struct ir_helper {
    const char *name;
    u64 (*fn)(struct vcpu *, u64, u64, u64);
    u8  result; /* enum ir_type, IR_VOID for none */
    u8  args;   /* 0..3 */
    u16 flags;
};

struct ir_layout {
    const char             *name;
    const struct ir_field  *fields;
    const struct ir_range  *ranges;
    const struct ir_helper *helpers;
    u16                     field_count, range_count, helper_count;
    u32                     state_size;
    u32                     fp_env; /* offset of a struct fp_env in the state, or ~0 */
};

#define IR_BLOCK_MAX 8192 /* instructions; lifters stop long before (IR_BLOCK_SOFT) */
#define IR_BLOCK_SOFT 6000

struct ir_block {
    const struct ir_layout *layout;
    u32                     count;
    u16                     labels;     /* labels handed out */
    u32                     insns;      /* guest instructions */
    u32                     guest_len;  /* bytes of guest code covered, from the block's first byte */
    struct ir_ins           ins[IR_BLOCK_MAX];
};

/* A value of any type. Scalars are zero-extended in d[0] (i128, f80: in q[0]). */
union ir_val {
    u8   b[32];
    u16  h[16];
    u32  w[8];
    u64  d[4];
    u128 q[2];
};

/* ---- builder (ir/build.c) ---- */
void   ir_begin(struct ir_block *b, const struct ir_layout *l);
ir_ref ir_emit(struct ir_block *b, struct ir_ins in); /* CHECKs only IR_BLOCK_MAX */

void   ir_insn(struct ir_block *b, u32 offset, u32 length);
ir_ref ir_const(struct ir_block *b, enum ir_type t, u64 v);          /* i1..i64, f16..f64 bits */
ir_ref ir_vconst(struct ir_block *b, u64 lo, u64 hi);                /* v128 */
ir_ref ir_get(struct ir_block *b, u32 field);
void   ir_set(struct ir_block *b, u32 field, ir_ref v);
ir_ref ir_getx(struct ir_block *b, u32 range, ir_ref index);
void   ir_setx(struct ir_block *b, u32 range, ir_ref index, ir_ref v);
ir_ref ir_pc(struct ir_block *b, i64 offset);                        /* i64: pc of the block + offset */
/* Scalar ops: the type comes from operand 0. */
ir_ref ir_op1(struct ir_block *b, enum ir_op op, ir_ref x);
ir_ref ir_op2(struct ir_block *b, enum ir_op op, ir_ref x, ir_ref y);
ir_ref ir_op3(struct ir_block *b, enum ir_op op, ir_ref x, ir_ref y, ir_ref z);
/* Lanewise or vector ops on lanes of type `lane`. */
ir_ref ir_vop1(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x);
ir_ref ir_vop2(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x, ir_ref y);
ir_ref ir_vop3(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x, ir_ref y, ir_ref z);
/* The general form: result type, lane, imm and flag given. */
ir_ref ir_opx(struct ir_block *b, enum ir_op op, enum ir_type type, enum ir_type lane, u32 flag, u64 imm,
              ir_ref x, ir_ref y, ir_ref z);
ir_ref ir_conv(struct ir_block *b, enum ir_op op, enum ir_type to, ir_ref x); /* zext sext trunc bitcast fcvt */
ir_ref ir_load(struct ir_block *b, enum ir_type t, ir_ref addr, struct ir_mem m);
void   ir_store(struct ir_block *b, ir_ref addr, ir_ref v, struct ir_mem m);
ir_ref ir_call(struct ir_block *b, u32 helper, ir_ref x, ir_ref y, ir_ref z); /* IR_NONE for unused */
u16    ir_skip(struct ir_block *b, ir_ref cond); /* skips to the label when cond is true */
void   ir_label(struct ir_block *b, u16 label);
void   ir_exit_direct(struct ir_block *b, i64 offset, enum ir_hint h, i64 return_offset);
void   ir_exit_indirect(struct ir_block *b, ir_ref pc, enum ir_hint h, i64 return_offset);
void   ir_exit_mode(struct ir_block *b, ir_ref pc);
void   ir_exit_exc(struct ir_block *b, u32 code, ir_ref payload /* i64 */);

static inline enum ir_type ir_type_of(const struct ir_block *b, ir_ref r)
{
    return (enum ir_type)b->ins[r].type;
}

/* ---- evaluation (ir/eval.c): the value of a PURE or FP row, the one copy of the semantics ---- */
void ir_eval(const struct ir_ins *in, const union ir_val *const arg[4], struct fp_env *env, union ir_val *out);

/* ---- text (ir/print.c, ir/parse.c) and checks (ir/verify.c, ir/passes.c) ---- */
void ir_print(const struct ir_block *b, FILE *f);
bool ir_parse(struct ir_block *b, const struct ir_layout *l, const char *text, struct err *e) MUST_CHECK;
bool ir_verify(const struct ir_block *b, struct err *e) MUST_CHECK;
void ir_passes(struct ir_block *b); /* forward state, kill dead sets, fold, drop dead: in place */
