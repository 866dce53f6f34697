/*
 * region.h - what the LLVM tier compiles, and how its code and the baseline's meet.
 *
 * A region is blocks that lead to each other, entered at the first. Where it has several pages, they lie to each
 * other as block[].rel says whenever it is entered: its entry stub sees to that (struct jit_guard). Its code is one
 * function of LLVM's preserve_none convention: r12 instructions left in the budget, r13 guest state (plus
 * JIT_STATE_BIAS), r14 the TLB of the region's MMU mode, r15 linear pc of the entry block; inside it, registers are
 * LLVM's. It is entered by a jump with rsp 8 below a multiple of 16, and leaves by jumps to the pieces named below,
 * with r12 to r15 as at its entry.
 *
 * Counts are exact: blocks take their instructions off at their entries. Where ways join and where they lead back,
 * and at the region's entry, what is left is compared with the most that can run up to the next such place; if that
 * does not fit, the region is left there. At every exit guest state in memory is whole.
 */
#pragma once
#include "ir/ir.h"

#define REGION_BLOCKS 128u

struct jit_region_block {
    i64              rel;   /* of its pc from the entry block's */
    struct ir_block *ir;    /* after the passes */
};

/* A way that was taken, from block to block. */
#define REGION_EDGES 256u
struct jit_region_edge {
    u8   from, to;
    bool rare; /* among the ways out of `from` */
};

struct jit_region {
    const struct ir_layout *layout;
    u32                     count;
    struct jit_region_block block[REGION_BLOCKS]; /* the first is the entry */
    u32                     edges;
    struct jit_region_edge  edge[REGION_EDGES]; /* indirect exits lead to where these say */
    u64                     page_at;   /* of the entry block in its page */
    bool                    pages;     /* there is more than one: ways between them are good for one ctx.key */
    bool                    apart;     /* no access shares its look at a page with others */
    u32                     mmu_mode;
    i32                     state_bias;
    bool                    fp_x86, fp_plain;
    u32                     features;  /* XF_ of the host */
};

/*
 * Symbols that code refers to: the context (a struct jit_ctx), and the exits, (left, state, tlb, pc), where guest
 * state in memory is whole. Calls are patch points (region_map.h) to REGION_out, which only the linker refers to.
 *   exit         to the code at pc, in this mode
 *   exit_budget  the block at pc does not fit, or a kick came (a tier without patch points)
 *   exit_mode, exit_sync   as enum jit_exit
 */
/*
 * Lookups, preserve_all: (gva, REGION_ASK()): the TLB for an access; what leads from the address to host memory, and
 * ctx.page and ctx.addend have it; 0: it goes the slow way.
 */
#define REGION_ASK(page, len) ((u32)(page) | ((u32)(len) - 1) << 16)
#define REGION_ASKS(S) S(ask_read) S(ask_write)
#define REGION_EXITS(S) S(exit) S(exit_budget) S(exit_mode) S(exit_sync)
enum region_symbol {
    REGION_ctx,
    REGION_out,
#define S(name) REGION_##name,
    REGION_ASKS(S) REGION_EXITS(S)
#undef S
    REGION_SYMBOLS
};
#define REGION_SYMBOL_PREFIX "mynah_"
