/*
 * fn.h - private to backend/jit/llvm: the function of a region.
 *
 * Guest fields are allocas, which mem2reg makes SSA over the region: loaded at the entry, and again behind helpers that write
 * state; stored, as far as they may have changed, before every call that can leave and at every exit. Fields that are indexed at
 * run time stay in memory.
 */
#pragma once
#include "backend/jit/llvm/build.h"
#include "backend/jit/region.h"

#define FN_FIELDS 1024u
#define FN_WINDOWS 12u
#define FN_LABELS 256u

/* The last page that accesses off a base met: what the TLB says of it, until something can change the TLB. */
struct fn_window {
    u32          base;   /* field + 1; 0: free */
    u32          mmu;
    bool         write;
    LLVMValueRef page, addend; /* allocas */
};
#define FN_NO_PAGE 0x800ull /* nothing known: equal to no address whose bits in the page, but for some of the lowest, are 0 */

struct fn {
    struct lb              lb;
    const struct jit_region   *r;
    LLVMValueRef           state, pc;         /* of the entry */
    LLVMValueRef           left, tlb;         /* allocas */
    LLVMValueRef           field[FN_FIELDS];  /* allocas; NULL: in memory */
    bool                   indexed[FN_FIELDS];
    u64                  dirty_in[REGION_BLOCKS][FN_FIELDS / 64]; /* may differ from memory at the block's entry */
    u64                    dirty[FN_FIELDS / 64];                   /* ... here */
    LLVMBasicBlockRef      entry[REGION_BLOCKS];
    LLVMBasicBlockRef    label[FN_LABELS];
    u64                  label_dirty[FN_LABELS][FN_FIELDS / 64];
    LLVMValueRef           symbol[REGION_SYMBOLS];
    LLVMTypeRef            call_type, exit_type;
    struct fn_window       window[FN_WINDOWS];
    u32                    at;          /* block being built */
    u32                    insn_off, behind;
    bool                   synced, ended;   /* ended: behind an exit */
};

enum { FN_PRESERVE_MOST = 14, FN_PRESERVE_NONE = 21 }; /* llvm/IR/CallingConv.h */

/* fn.c: the whole region as a function named "region" in a module of the context; false: it cannot be one. */
bool fn_build(struct fn *f, LLVMContextRef c, LLVMModuleRef m, const struct jit_region *r, struct err *e);

/* fn_state.c */
void         fn_find_fields(struct fn *f);      /* which, and where they may be dirty */
void         fn_open_fields(struct fn *f);      /* allocas, at the entry */
void         fn_load_fields(struct fn *f);      /* from memory: all */
void         fn_store_dirty(struct fn *f);      /* to memory; what is dirty stays so: for cold ways */
void         fn_set_dirty(struct fn *f, u32 field);
LLVMValueRef fn_get(struct fn *f, u32 i);
void         fn_set(struct fn *f, u32 i);
LLVMValueRef fn_getx(struct fn *f, u32 i);
void         fn_setx(struct fn *f, u32 i);

/* fn_mem.c */
LLVMValueRef fn_load(struct fn *f, u32 i);
void         fn_store(struct fn *f, u32 i);
LLVMValueRef fn_mem(struct fn *f, u32 i);       /* any other memory row, by the reference */
LLVMValueRef fn_eval(struct lb *l, u32 i);      /* struct lb, eval */
void         fn_forget_windows(struct fn *f);
LLVMValueRef fn_ctx(struct fn *f, u64 offset);  /* pointer into struct jit_ctx */
/* One of the REGION_CALLS. */
LLVMValueRef fn_call_out(struct fn *f, enum region_symbol s, LLVMValueRef x, u32 mem);
LLVMValueRef fn_kept(struct fn *f, u32 i);      /* a copy of instruction i in the object: struct ir_ins * */
void         fn_put_operands(struct fn *f, u32 i);
LLVMValueRef fn_take_result(struct fn *f, u32 i);

/* exits, fn.c */
LLVMValueRef fn_pc_of(struct fn *f, i64 rel);   /* linear, of the block's first byte + rel */
