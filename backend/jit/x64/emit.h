/*
 * emit.h - private to backend/jit/x64: the emitter of one block, its register allocator, and what an emitter of a
 * row may use. One function a row, x64_emit_<row>() (a row without one does not link); see emit_rows.h.
 *
 * Host registers: r12 instructions left in the budget, r13 guest state, r14 the TLB of the block's MMU mode
 * (struct tlb_entry[]), r15 linear guest pc of the block's first byte, rsp the frame (spill slots). rax, rcx, rdx and
 * xmm13 to xmm15 are scratch: any emitter may use them within one IR instruction, nothing lives in them across
 * two. The rest is allocated: rbx, rbp, rsi, rdi, r8 to r11; xmm0 to xmm12.
 *
 * Values. An integer of i1 to i64 lives in a general register, an f16, f32, f64 or v128 in an xmm register, an
 * i128 in two general registers, a v256 in two xmm registers (low half first), an f80 in memory. A constant lives
 * nowhere until it is asked for. Bits of a general register above the value's type are unspecified unless asked for
 * clean, except that bits 63:32 of values up to i32 made by emitters are zero (so: use 32-bit instructions). An i1 is
 * 0 or 1 in all 64 bits. Bits of an xmm register above a scalar's type are unspecified. Vectors are worked on by
 * 128-bit halves.
 *
 * Within the emission of one instruction: first the uses (each stays in its register until the instruction is
 * done), then xe_def*(), whose register is none of those used, unless xe_def_over() was asked for. Emitters may
 * clobber host flags if their row of the table says so by calling xe_flags_lost(); allocation itself never does.
 */
#pragma once
#include "backend/jit/jit.h"
#include "backend/jit/x64/asm.h"

#define XE_GPRS 0x0fe8u   /* allocatable: rbx rbp rsi rdi r8 r9 r10 r11 */
#define XE_XMMS 0x1fffu   /* xmm0 to xmm12 */
#define XE_SLOTS 224u     /* spill slots of 16 bytes in the frame */
#define XV_T0 ((enum xreg)13)  /* scratch xmm registers */
#define XV_T1 ((enum xreg)14)
#define XV_T2 ((enum xreg)15)

struct xe; /* allocator and pass: alloc.h, block.c */

struct xasm *xe_asm(struct xe *x);
const struct ir_block *xe_ir(const struct xe *x);
static inline const struct ir_ins *xe_ins(const struct xe *x, u32 i) { return &xe_ir(x)->ins[i]; }
static inline bool xe_has(struct xe *x, u32 features) { return (xe_asm(x)->features & features) == features; }

/* ---- operands ---- */
bool      xe_is_const(const struct xe *x, ir_ref r, u64 *v);        /* scalar up to 64 bits; zero-extended */
bool      xe_is_imm32(const struct xe *x, ir_ref r, i32 *imm);      /* fits a sign-extended imm32 at the value's
                                                                       width */
bool      xe_is_vconst(const struct xe *x, ir_ref r, u64 v[2]);     /* v128 constant */
enum xreg xe_use(struct xe *x, ir_ref r);      /* general register; low bits are the value */
enum xreg xe_use_zx(struct xe *x, ir_ref r);   /* ... zero-extended to 64 bits */
enum xreg xe_use_hi(struct xe *x, ir_ref r);   /* i128: xe_use() is the low half, this the high half */
enum xreg xe_use_v(struct xe *x, ir_ref r);    /* xmm register; v256: low half */
enum xreg xe_use_v2(struct xe *x, ir_ref r);   /* v256: high half */
/* Register or memory, to fold a load: true and *m when the value is in memory, is not needed in a register again,
 * and its 32 or 64 bits can be read there; else false and *reg (as xe_use). */
bool      xe_use_rm(struct xe *x, ir_ref r, enum xreg *reg, struct xmem *m);
bool      xe_dies(const struct xe *x, ir_ref r, u32 i); /* i is the value's last use */
/* ---- results ---- */
enum xreg xe_def(struct xe *x, u32 i);         /* register for the result of instruction i; for an i128 the low
                                                  half */
enum xreg xe_def_hi(struct xe *x, u32 i);      /* i128: the high half, after xe_def() */
/* The result in the register of operand r, with r's value in it: r's own when r dies here, else a new one with a
 * copy. For two-operand instructions. r is an integer up to i64 (64 bits are copied). Constants are loaded. */
enum xreg xe_def_over(struct xe *x, u32 i, ir_ref r);
enum xreg xe_def_v(struct xe *x, u32 i);       /* xmm; v256: low half */
enum xreg xe_def_v2(struct xe *x, u32 i);
/* Like xe_def_v, but may be the register of an operand that dies here: only where every instruction emitted reads its
 * sources before the result is written. */
enum xreg xe_def_v_over(struct xe *x, u32 i, ir_ref r);
void      xe_clean(struct xe *x, u32 i);       /* the result has zeros above its type (for i8, i16; i32 always has) */
void      xe_same(struct xe *x, u32 i, ir_ref r); /* the result is r itself (same register class): no code */
/* Instructions that need rcx, rax, rdx use them freely: they are scratch. More scratch, good until i is done: */
enum xreg xe_tmp(struct xe *x);                /* a general register */
enum xreg xe_tmp_v(struct xe *x);              /* an xmm register */
void      xe_flags_lost(struct xe *x);         /* host flags do not hold what the pass thinks any more */

/* ---- constants in memory (16-byte aligned, deduplicated, in the code cache's data) ---- */
struct xmem xe_const128(struct xe *x, u64 lo, u64 hi);
static inline struct xmem xe_splat(struct xe *x, u32 lane_bits, u64 v) /* v in all lanes */
{
    for (u32 n = lane_bits; n < 64; n *= 2)
        v = (v & ((1ull << n) - 1)) | v << n;
    return xe_const128(x, v, v);
}

/* ---- conditions ---- */
/* Makes host flags hold condition r (an i1) and returns the code; flags stay until the next emission. Reads
 * compare rows that were put off, else tests the register. */
enum xcc xe_cond(struct xe *x, ir_ref r);

/* ---- the way out: any row, by the reference ---- */
/* Instruction i by ir_eval(): operands and result through memory, all other registers kept. Counted by name in
 * --stats: for what is rare or has no good host sequence. */
void xe_eval(struct xe *x, u32 i);
/* The same in cold code, entered from a forward jump (`from`: of xa_jcc_fwd(.., false)) with the result register v or
 * r of i already defined; rejoins at the place where xe_cold_eval_back() is called, later in the same instruction.
 * The operands' registers must still hold the operands at `from`. FP rows: reads and updates fp_env exactly. */
void xe_cold_eval(struct xe *x, u32 i, u8 *from);
void xe_cold_eval_back(struct xe *x);

/* ---- guest FP environment ---- */
/* Does the block run with FP rows as plain host operations: no flush-to-zero and the like (enum fp_ctl beyond
 * rounding mode and FP_DN), by the block's mode? Then MXCSR holds the guest's rounding mode, all exceptions masked,
 * and its sticky bits IE ZE OE UE PE are ORed into fp_env.flags by others before anybody looks. Else use
 * xe_eval(). */
bool xe_fp_plain(const struct xe *x);
/* The guest's FP is x86's (struct guest, fp_x86). Then plain blocks may have denormals flushed; MXCSR has DAZ and
 * FTZ, and DE is kept: what a host instruction gives and raises is the guest's to the bit. */
bool xe_fp_x86(const struct xe *x);
