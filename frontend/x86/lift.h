/*
 * lift.h - shared by the lift_*.c files of the x86 frontend.
 *
 * Each decode row names a lifter, which emits the IR of one instruction in the order reads and compute, memory, sets
 * (ir/ir.h) and returns true. False means #UD (the driver drops what was emitted and raises it). LOCK, features,
 * modes, CPL, EM, TS and alignment classes are checked by decoder and driver, from the row's attributes.
 *
 * Values have the type of the operand size: i8 to i64; addresses are i64. Flags are set one by one; what the manual
 * leaves undefined is what docs/x86.md says (our model), never "whatever was there".
 */
#pragma once
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"
#include "frontend/x86/x87.h"    /* keys of the rows */
#include "frontend/x86/xstate.h"
#include "ir/ir.h"

struct x86_lift {
    struct ir_block *b;
    struct vcpu     *v;        /* for constants of the model only: never its changing state */
    u64              mode;     /* X86_M_ bits */
    i64              off;      /* byte offset of this instruction in the block */
    i64              next;     /* ... of the next one */
    bool             ended;    /* an exit was emitted: the block ends here */
    u8               watched;  /* accesses of this instruction, with X86_M_WATCH: kept until its end */
    struct { ir_ref addr; u8 size, write; } watch[8];
    ir_ref           fp_old;   /* i64: sticky flags at x86_fp_begin() */
};

/* Values of the key op= in the rows of general-purpose instructions; ALU and SH by their encodings. */
enum { X86_ALU_ADD, X86_ALU_OR, X86_ALU_ADC, X86_ALU_SBB, X86_ALU_AND, X86_ALU_SUB, X86_ALU_XOR, X86_ALU_CMP };
enum { X86_SH_ROL, X86_SH_ROR, X86_SH_RCL, X86_SH_RCR, X86_SH_SHL, X86_SH_SHR, X86_SH_SAR = 7 };
enum { X86_BT_BT, X86_BT_BTS, X86_BT_BTR, X86_BT_BTC };
enum { X86_BLSR, X86_BLSMSK, X86_BLSI };
enum { X86_FLAG_CMC, X86_FLAG_CLC, X86_FLAG_STC, X86_FLAG_CLD, X86_FLAG_STD };

/* ---- types and values ---- */
static inline enum ir_type x86_ity(u32 size)
{
    return size == 1 ? IR_I8 : size == 2 ? IR_I16 : size == 4 ? IR_I32 : IR_I64;
}
static inline ir_ref x86_imm(struct x86_lift *l, enum ir_type t, u64 v) { return ir_const(l->b, t, v); }
static inline bool x86_long(const struct x86_lift *l) { return l->mode & X86_M_LONG; }
static inline bool x86_protected(const struct x86_lift *l) { return (l->mode & (X86_M_PE | X86_M_VM)) == X86_M_PE; }
ir_ref x86_zext(struct x86_lift *l, enum ir_type t, ir_ref v);   /* zero-extends or cuts to t; nothing if it is t
                                                                    already */
ir_ref x86_sext(struct x86_lift *l, enum ir_type t, ir_ref v);
ir_ref x86_select(struct x86_lift *l, ir_ref c, ir_ref x, ir_ref y);

/* ---- general registers (lift_common.c) ---- */
ir_ref x86_reg(struct x86_lift *l, u32 r, u32 size);             /* low `size` bytes */
void   x86_set_reg(struct x86_lift *l, u32 r, ir_ref v);         /* by v's type: i8, i16 keep the rest, i32
                                                                    zero-extends */
ir_ref x86_reg8(struct x86_lift *l, const struct x86_op *o);     /* AH.. too */
void   x86_set_reg8(struct x86_lift *l, const struct x86_op *o, ir_ref v);

/* ---- memory operands. One that is read and written is addressed once: x86_ea, then x86_load, x86_store. ---- */
/* Offset of the memory operand in its segment: i64, cut to the address size. */
ir_ref x86_offset(struct x86_lift *l, const struct x86_insn *i);
/* Linear address (i64) of [off, off + size) in segment seg, after the segment's checks (mode word; exits with #GP or
 * #SS). */
ir_ref x86_linear(struct x86_lift *l, u32 seg, ir_ref off, u32 size, bool write);
ir_ref x86_ea(struct x86_lift *l, const struct x86_insn *i, u32 size, bool write);
/* An access descriptor: size in bytes (1..32), MMU mode, #SS marking for seg, #AC checking in X86_M_AC. */
struct ir_mem x86_mem(const struct x86_lift *l, u32 seg, u32 size);
ir_ref x86_load_at(struct x86_lift *l, enum ir_type t, ir_ref addr, struct ir_mem m);  /* watch points told */
void   x86_store_at(struct x86_lift *l, ir_ref addr, ir_ref v, struct ir_mem m);

/* ---- operands of any kind ---- */
ir_ref x86_read_op(struct x86_lift *l, const struct x86_insn *i, u32 n);   /* register, memory, immediate: of
                                                                              op[n].size */
/* Where operand n is written: makes the address first, so that reading, writing and flags come in order. */
struct x86_dst { const struct x86_op *op; ir_ref addr; struct ir_mem mem; };
struct x86_dst x86_dst(struct x86_lift *l, const struct x86_insn *i, u32 n);
ir_ref x86_read_dst(struct x86_lift *l, const struct x86_dst *d);
void   x86_write_dst(struct x86_lift *l, const struct x86_dst *d, ir_ref v);  /* memory: before any set of the
                                                                                 instruction */

/* ---- flags (lift_flags.c). Undefined ones: docs/x86.md ---- */
ir_ref x86_cond(struct x86_lift *l, u32 cc);                               /* i1 of Jcc's condition 0..15 */
ir_ref x86_get_flag(struct x86_lift *l, u32 field);                        /* i1: X86_F_cf, _zf, _sf, _of, _df */
ir_ref x86_get_pf(struct x86_lift *l);
ir_ref x86_get_af(struct x86_lift *l);
/* All six; c: i1 carry or IR_NONE. */
void   x86_flags_add(struct x86_lift *l, ir_ref a, ir_ref b, ir_ref c, ir_ref r);
void   x86_flags_sub(struct x86_lift *l, ir_ref a, ir_ref b, ir_ref c, ir_ref r);
void   x86_flags_logic(struct x86_lift *l, ir_ref r);                      /* CF OF AF 0 */
void   x86_flags_inc(struct x86_lift *l, ir_ref a, ir_ref r, bool dec);    /* CF kept */
void   x86_flags_szp(struct x86_lift *l, ir_ref r);                        /* ZF SF PF, AF := 0; CF OF untouched */
void   x86_set_flag(struct x86_lift *l, u32 field, ir_ref i1);
void   x86_set_pf_af(struct x86_lift *l, ir_ref pf, ir_ref af);            /* i1 each, whole representation */
ir_ref x86_flags_low(struct x86_lift *l);                                  /* i8: SF ZF 0 AF 0 PF 1 CF (LAHF) */
void   x86_set_flags_low(struct x86_lift *l, ir_ref ah);                   /* SAHF */

/* ---- stack ---- */
ir_ref x86_sp(struct x86_lift *l);                            /* i64: RSP, ESP or SP by the stack's size */
ir_ref x86_sp_add(struct x86_lift *l, ir_ref sp, i64 n);      /* wrapped to that size */
void   x86_set_sp(struct x86_lift *l, ir_ref sp);             /* SP keeps ESP's rest */
ir_ref x86_pop_at(struct x86_lift *l, ir_ref sp, u32 size);   /* load at SS:sp */
void   x86_push_at(struct x86_lift *l, ir_ref sp, ir_ref v);  /* store at SS:sp, size by v's type; sp: the new one */

/* ---- exits ---- */
ir_ref x86_ip_ref(struct x86_lift *l, i64 off, u32 size);     /* EIP at a block offset, cut to size bytes */
/* Relative branch from the next instruction. */
void   x86_goto(struct x86_lift *l, const struct x86_insn *i, i64 rel, enum ir_hint h);
/* Indirect near branch: checks limit or canonical form (#GP(0)). */
void   x86_goto_ip(struct x86_lift *l, ir_ref ip, u32 opsize, enum ir_hint h);
void   x86_exit_next(struct x86_lift *l);   /* to the next instruction, the mode word looked at again */
void   x86_exit_fall(struct x86_lift *l);   /* to the next instruction: the block is long enough */
void   x86_watch_done(struct x86_lift *l);  /* not ended, X86_M_WATCH: leaves if an access was watched */
/* Ends the block (not behind a skip: then the rest goes on). */
void   x86_exc(struct x86_lift *l, u32 code, u64 payload);
void   x86_exc_if(struct x86_lift *l, ir_ref i1, u32 code, u64 payload);
ir_ref x86_call(struct x86_lift *l, u32 helper, ir_ref x, ir_ref y, ir_ref z); /* operands are widened to i64 */

/* ---- vector registers (lift_vec.c) ---- */
ir_ref x86_xmm(struct x86_lift *l, u32 r);                                 /* v128 */
ir_ref x86_ymmh(struct x86_lift *l, u32 r);
ir_ref x86_xmm_s(struct x86_lift *l, enum ir_type t, u32 r);               /* scalar in lane 0: f32 f64 i8..i64 */
/* Result of an instruction: legacy keeps bits 255:128, VEX.128 clears them. */
void   x86_set_xmm(struct x86_lift *l, const struct x86_insn *i, u32 r, ir_ref v128);
void   x86_set_ymm(struct x86_lift *l, u32 r, ir_ref lo, ir_ref hi);
/* A source operand, register or memory, as halves: h 0 or 1. Loads of 32 bytes are two of 16 in order; aligned as the
 * row says. */
ir_ref x86_vec_op(struct x86_lift *l, const struct x86_insn *i, u32 n, u32 h);

/* ---- what the driver does around each lifter (lift.c) ---- */
/* In X86_M_FPSPECIAL: call between the FP rows and the first set: leaves with #XM (or #UD) when an unmasked exception
 * came up. */
void   x86_fp_begin(struct x86_lift *l, const struct x86_insn *i);
void   x86_fp_check(struct x86_lift *l, const struct x86_insn *i);
