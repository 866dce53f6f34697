/*
 * lift.h - shared by the lift_*.c files of the A64 frontend.
 *
 * Each decode row calls a64_<lifter>() with its operands. A lifter emits IR for one instruction in the
 * order reads and compute, memory, sets (ir/ir.h) and returns true; false means unallocated (the driver then
 * drops what was emitted and raises UNDEFINED). Helpers below hide register 31 and the W/X difference.
 */
#pragma once
#include "frontend/arm/cpu.h"
#include "ir/ir.h"

struct a64_lift {
    struct ir_block *b;
    struct vcpu     *v;       /* for constants of the model only: never its changing state */
    u64              mode;    /* A64_M_ bits */
    u64              feat;    /* bit per enum a64_feat */
    u32              insn;    /* the word */
    i64              off;     /* byte offset of this instruction in the block */
    u32              page_off; /* of the block's first byte in its page: bits 11:0 of pc(0), the same at every
                                  mapping */
    bool             ended;   /* an exit was emitted: the block ends here */
    bool             sp_aligned; /* SP is a multiple of 16 here, by a check earlier in the block */
};

#include "frontend/arm/a64_decode.h"

/* ---- general registers: sf selects i64 or i32 values ---- */
static inline enum ir_type a64_ity(u32 sf) { return sf ? IR_I64 : IR_I32; }
ir_ref a64_x(struct a64_lift *l, u32 sf, u32 r);              /* 31 reads as zero */
ir_ref a64_xsp(struct a64_lift *l, u32 sf, u32 r);            /* 31 is the stack pointer */
void   a64_set_x(struct a64_lift *l, u32 r, ir_ref v);        /* i32 values are zero-extended; 31 discards */
void   a64_set_xsp(struct a64_lift *l, u32 r, ir_ref v);
void   a64_set_base(struct a64_lift *l, u32 r, ir_ref v, i64 moved); /* a64_set_xsp, v being the old value + moved */
ir_ref a64_add_imm(struct a64_lift *l, ir_ref v, i64 imm);    /* nothing emitted for 0 */
ir_ref a64_shift(struct a64_lift *l, u32 type, ir_ref v, u32 amount); /* ShiftReg: LSL LSR ASR ROR by a constant */
ir_ref a64_extend(struct a64_lift *l, u32 sf, u32 r, u32 option, u32 shift); /* ExtendReg */
static inline ir_ref a64_select(struct a64_lift *l, ir_ref c, ir_ref x, ir_ref y) /* c ? x : y */
{
    return ir_opx(l->b, IR_select, ir_type_of(l->b, x), IR_VOID, 0, 0, c, x, y);
}
/* ---- flags ---- */
void   a64_set_nzcv(struct a64_lift *l, ir_ref n, ir_ref z, ir_ref c, ir_ref v); /* i1 each; IR_NONE: leave */
void   a64_set_nz_of(struct a64_lift *l, ir_ref result);      /* N and Z of a result, C and V cleared (logical) */
ir_ref a64_cond(struct a64_lift *l, u32 cond);                /* i1: ConditionHolds (not for cond 14, 15). Even
                                                                 conditions are cheaper: swap the arms of odd ones */
static inline bool a64_cond_always(u32 cond) { return cond >= 14; }
/* ---- exits ---- */
void   a64_exit_to(struct a64_lift *l, i64 rel, enum ir_hint h);   /* direct branch, rel from this instruction */
ir_ref a64_branch_addr(struct a64_lift *l, ir_ref target);         /* AArch64.BranchAddr: applies TBI */
void   a64_exit_indirect(struct a64_lift *l, ir_ref target, enum ir_hint h); /* applies TBI to the target */
void   a64_exit_addr(struct a64_lift *l, ir_ref addr, enum ir_hint h); /* TBI is applied already */
void   a64_exit_mode(struct a64_lift *l);                          /* to the next instruction, the mode word looked
                                                                      at again */
void   a64_exc(struct a64_lift *l, enum a64_exc code, u64 payload); /* ends the block */
/* ---- memory: addr with TBI needs nothing (the TLB caches the tag). Byte order, alignment, MMU mode applied ---- */
struct ir_mem a64_mem(const struct a64_lift *l, u32 size_log2);     /* plain, element of this size */
void   a64_check_sp(struct a64_lift *l, u32 rn);                   /* SP alignment fault when rn is 31 and it
                                                                      applies */
ir_ref a64_base(struct a64_lift *l, u32 rn);                       /* Xn or the checked SP: the base of an access */
void   a64_probe_write(struct a64_lift *l, ir_ref addr, u32 bytes, struct ir_mem m); /* before stores that go
                                                                                        together */
/* ---- FP and SIMD ---- */
bool   a64_fp_ok(struct a64_lift *l);          /* false: the trap was emitted; the lifter returns true at once. Call
                                                  it after all checks that make the encoding unallocated. */
ir_ref a64_v(struct a64_lift *l, u32 r);       /* the whole register, v128 */
void   a64_set_v(struct a64_lift *l, u32 r, ir_ref v128);
ir_ref a64_vs(struct a64_lift *l, enum ir_type t, u32 r);  /* scalar in lane 0: f16 f32 f64 or i8..i64 */
void   a64_set_vs(struct a64_lift *l, u32 r, ir_ref scalar); /* zeros above */
void   a64_set_vq(struct a64_lift *l, u32 r, u32 q, ir_ref v128); /* q 0: upper 64 bits zeroed */

static inline ir_ref a64_imm(struct a64_lift *l, enum ir_type t, u64 v) { return ir_const(l->b, t, v); }
u64 a64_bitmask(u32 sf, u32 n, u32 imms, u32 immr, bool *ok); /* DecodeBitMasks wmask (shared/functions) */
