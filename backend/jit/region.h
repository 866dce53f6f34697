/*
 * region.h - what the LLVM tier compiles, and how its code and the baseline's meet.
 *
 * A region is blocks of one page that lead to each other, entered at the first. Its code is one function of LLVM's
 * preserve_none convention: r12 instructions left in the budget, r13 guest state (plus JIT_STATE_BIAS), r14 the TLB of
 * the region's MMU mode, r15 linear pc of the entry block; inside it, registers are LLVM's. It is entered by a jump with
 * rsp 8 below a multiple of 16, and leaves by jumps to the pieces named below, with r12 to r15 as at its entry.
 *
 * Counts are exact: each block takes its instructions off at its entry, and is not entered when they do not fit. At
 * every call but those of pure rows, and at every exit, guest state in memory is whole.
 */
#pragma once
#include "ir/ir.h"

#define REGION_BLOCKS 48u

struct jit_region_block {
    i64              rel;   /* of its pc from the entry block's */
    struct ir_block *ir;    /* after the passes */
};

struct jit_region {
    const struct ir_layout *layout;
    u32                     count;
    struct jit_region_block     block[REGION_BLOCKS]; /* the first is the entry */
    u64                     page_at;   /* of the entry block in its page */
    u32                     page_end;  /* engine_page_end(): exits behind lead to another page */
    u32                     min_insn;
    u32                     mmu_mode;
    i32                     state_bias;
    bool                    fp_x86, fp_plain;
    u32                     features;  /* XF_ of the host */
};

/*
 * Symbols that code refers to. The data is a struct jit_ctx. Calls are of the preserve_most convention (all general
 * registers but rax and r11 are kept): (x, site, mem, left, pc), in this order, `pc` being the block's and left what the
 * block's entry left; site is JIT_SITE() in the block. They do not return when the access leaves the block.
 *   load, store      x: gva; mem: packed struct ir_mem; store: value in ctx.arg[0]; load returns up to 8 bytes
 *   load_v, store_v  16 and 32 bytes: ctx.res, ctx.arg[0]
 *   mem              x: struct ir_ins *; any other memory row: operands in ctx.arg, result in ctx.res
 *   call             x: number of the helper; operands ctx.arg[0..2]; ctx.saved[12] is then what is left
 *   eval             x: struct ir_ins *: ctx.arg to ctx.res; nothing else
 * Behind each but eval the TLB is ctx.tlb.
 * Exits, (left, state, tlb, pc):
 *   exit             to the code at pc, in this mode
 *   exit_budget      the block at pc does not fit, or a kick came
 *   exit_mode, exit_sync, exit_exc   as enum jit_exit; exc: ctx.arg0, ctx.arg1
 */
#define REGION_CALLS(S) S(load) S(store) S(load_v) S(store_v) S(mem) S(call) S(eval)
#define REGION_EXITS(S) S(exit) S(exit_budget) S(exit_mode) S(exit_sync) S(exit_exc)
enum region_symbol {
    REGION_ctx,
#define S(name) REGION_##name,
    REGION_CALLS(S) REGION_EXITS(S)
#undef S
    REGION_SYMBOLS
};
#define REGION_SYMBOL_PREFIX "mynah_"
