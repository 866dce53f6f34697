/*
 * fn.h - private to backend/jit/llvm: the function of a region.
 *
 * Guest fields are allocas, which mem2reg makes SSA over the region: loaded at the entry, and again behind helpers
 * that write state; stored, as far as they may have changed, at exits. Calls store nothing: they say where fields
 * are (fn_out.c). Fields that are indexed at run time stay in memory.
 */
#pragma once
#include "backend/jit/llvm/build.h"
#include "backend/jit/jit.h"
#include "backend/jit/region_map.h"

#define FN_FIELDS 1024u
#define FN_LABELS 256u
#define FN_GROUPS 48u
#define FN_CANDS 64u
#define FN_TARGETS 32u /* of an indirect exit */
#define FN_RECIPES 1024u
#define FN_RELOADS (IR_H_WRITES | IR_H_SYNC | IR_H_FAULT) /* of a helper: all fields are read again behind it */

/* Accesses that share a look at their page: fn_group.c. */
struct fn_group {
    ir_ref       root;
    i64          low, high;   /* bytes from the root: [low, high) */
    bool         write, open, used, aligned;
    u32          first, last, members;
    u32          copy;        /* + 1: where its bytes are put together when they lie over two pages; 0: nowhere */
    LLVMValueRef host;        /* pointer to where the root is */
    LLVMValueRef copied;      /* of one that writes: is that the copy? */
};

/* What a set of a flag is made of: fn_defer.c. */
struct fn_recipe {
    u32    block, ins, field;
    u32    kind;
    u32    at;                   /* in the blob: struct region_recipe */
    u32    leaves;
    ir_ref leaf[REGION_LEAVES];
};

/* Where a flag is, here. */
struct fn_defer {
    u8                      how; /* enum region_how */
    const struct fn_recipe *recipe;
    LLVMValueRef            value, leaf[REGION_LEAVES];
};

struct fn {
    struct lb                lb;
    const struct jit_region *r;
    LLVMValueRef             state, pc, key;     /* of the entry; ctx.key there */
    LLVMValueRef             left;               /* alloca */
    LLVMValueRef             field[FN_FIELDS];   /* allocas; NULL: in memory */
    bool                     indexed[FN_FIELDS];
    bool                     loaded[FN_FIELDS];  /* comes out of memory, somewhere in the region */
    /* may differ from memory at the block's entry */
    u64                      dirty_in[REGION_BLOCKS][FN_FIELDS / 64];
    u64                      dirty[FN_FIELDS / 64];                   /* ... here */
    u32                      run[REGION_BLOCKS]; /* instructions at most from the block's entry to the next head */
    /* some way leads back to it, or into the region: the budget is looked at */
    bool                     head[REGION_BLOCKS];
    u8                       visit[REGION_BLOCKS];
    LLVMBasicBlockRef        entry[REGION_BLOCKS];
    LLVMBasicBlockRef        label[FN_LABELS];
    u64                      label_dirty[FN_LABELS][FN_FIELDS / 64];
    LLVMValueRef             symbol[REGION_SYMBOLS];
    LLVMTypeRef              exit_type, ask_type;
    u32                      page_base[JIT_PAGES]; /* field + 1 that the slot is for; 0: free */
    u32                      cands, cand_field[FN_CANDS];
    u8                       cand[FN_FIELDS];    /* of a field: its number + 1; 0: none */
    /* candidates that are read before they are set, from the block's entry on */
    u64                      live[REGION_BLOCKS];
    u32                      edges[REGION_BLOCKS]; /* ways into the block */
    bool                     built[REGION_BLOCKS];
    struct fn_defer         *handed[REGION_BLOCKS]; /* what its only way in brings */
    struct fn_defer          defer[FN_CANDS];
    u32                      skips;              /* that are open */
    LLVMValueRef             kind[FN_CANDS], leaf[FN_CANDS][REGION_LEAVES]; /* allocas */
    u32                      table[FN_CANDS];    /* in the blob: struct region_table */
    struct fn_recipe         recipe[FN_RECIPES];
    u32                      recipes;
    u8                      *blob;               /* sites: fn_out.c */
    u32                      blob_size, blob_room;
    struct fn_group          group[FN_GROUPS];   /* of the block being built */
    u32                      groups;
    u8                       group_of[IR_BLOCK_MAX]; /* of an instruction, + 1; 0: none */
    u32                      at;                 /* block being built */
    u32                      insn_off, behind;
    bool                     synced, ended;      /* ended: behind an exit */
};

enum { FN_PRESERVE_ALL = 15, FN_PRESERVE_NONE = 21 }; /* llvm/IR/CallingConv.h */

/* fn.c: the whole region as a function named "region" in a module of the context; false: it cannot be one. */
bool fn_build(struct fn *f, LLVMContextRef c, LLVMModuleRef m, const struct jit_region *r, struct err *e);
LLVMValueRef fn_pc_of(struct fn *f, i64 rel); /* linear, of the block's first byte + rel */
/* The blocks of the region that instruction `in` of `block` may lead to; how many. */
u32 fn_next(const struct fn *f, u32 block, const struct ir_ins *in, u8 to[REGION_BLOCKS]);
/* the blocks are in different pages: a way between them may leave */
bool fn_crosses(const struct fn *f, u32 a, u32 b);
/* the block of the region that rel leads to from `block`; -1: none */
i32 fn_inside(const struct fn *f, u32 block, i64 rel);

/* fn_state.c */
void         fn_find_fields(struct fn *f);   /* which, and where they may be dirty */
void         fn_open_fields(struct fn *f);   /* allocas, at the entry */
void         fn_load_fields(struct fn *f);   /* from memory: all */
void         fn_store_dirty(struct fn *f);   /* to memory; what is dirty stays so: for ways out */
bool         fn_is_dirty(const struct fn *f, u32 field);
LLVMValueRef fn_get(struct fn *f, u32 i);
void         fn_set(struct fn *f, u32 i);
LLVMValueRef fn_getx(struct fn *f, u32 i);
void         fn_setx(struct fn *f, u32 i);

/* fn_defer.c */
void         fn_find_deferred(struct fn *f);  /* the look at the region; behind fn_find_fields() */
void         fn_open_deferred(struct fn *f);  /* allocas, at the entry */
void         fn_begin_deferred(struct fn *f); /* a block */
LLVMValueRef fn_deferred_value(struct fn *f, u32 field); /* NULL: it is in its alloca */
void         fn_skip_deferred(struct fn *f, u32 i);
bool         fn_defer_set(struct fn *f, u32 i);
void         fn_reset_deferred(struct fn *f); /* all fields have just been read from memory */
void         fn_hand_deferred(struct fn *f, u32 to); /* to the block that control goes to */

/* fn_out.c: calls. */
u32 fn_blob_add(struct fn *f, const void *from, u32 bytes); /* its place, a multiple of 8 */
struct fn_out {
    enum region_out out;
    u32             word;    /* struct region_site */
    u32             args;
    LLVMValueRef    arg[4];
    u8              type[4]; /* enum ir_type */
    u32             row;     /* instruction that goes along, + 1 */
};
LLVMValueRef  fn_out(struct fn *f, struct fn_out q);
struct fn_out fn_out_row(struct fn *f, enum region_out out, u32 i); /* instruction i with its operands */
void          fn_end_sites(struct fn *f); /* the section; once, at the end */

/* fn_mem.c */
LLVMValueRef fn_load(struct fn *f, u32 i);
void         fn_store(struct fn *f, u32 i);
void         fn_probe(struct fn *f, u32 i);
LLVMValueRef fn_mem(struct fn *f, u32 i);    /* any memory row, by the reference */
LLVMValueRef fn_eval(struct lb *l, u32 i);   /* struct lb, eval */
LLVMValueRef fn_ctx(struct fn *f, u64 offset); /* pointer into struct jit_ctx */
LLVMValueRef fn_take_result(struct fn *f, u32 i); /* ctx.res */

/* fn_atomic.c */
LLVMValueRef fn_ldex(struct fn *f, u32 i);
LLVMValueRef fn_stex(struct fn *f, u32 i);
void         fn_clrex(struct fn *f, u32 i);
LLVMValueRef fn_cas(struct fn *f, u32 i);
LLVMValueRef fn_rmw(struct fn *f, u32 i);
