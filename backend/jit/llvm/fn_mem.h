/*
 * fn_mem.h - private to backend/jit/llvm: what fn_mem.c and fn_atomic.c share.
 */
#pragma once
#include "backend/jit/llvm/fn.h"

/* An access in line: fn_check(), what it does at `host`, fn_slow(), how else it is done, fn_join(). */
struct fn_access {
    LLVMValueRef      va, host;   /* host: pointer to the bytes, on the fast way */
    u32               len, align; /* bytes; log2, 0: any */
    bool              grouped;    /* there is no other way than the fast one: neither fn_slow() nor fn_join() */
    bool              write;      /* memory that may be written may be read */
    i32               page;       /* index into ctx.page, or -1 */
    LLVMBasicBlockRef hot, slow, done, fast_end;
};

/* ---- fn_group.c ---- */
void fn_find_groups(struct fn *f, const struct ir_block *b); /* of the block that is about to be built */
/* Where the bytes of access i are, when it is one of a group; NULL: look by yourself. */
LLVMValueRef fn_group_host(struct fn *f, u32 i, u32 align);
void fn_group_done(struct fn *f, u32 i);       /* behind access i */
/* an access that misses here may not be followed by others of a group */
bool fn_must_leave(const struct fn *f, u32 i);
void fn_leave_alone(struct fn *f);             /* the instruction is done alone; ends the way */

/* ---- fn_mem.c ---- */
i32  fn_page_of(struct fn *f, u32 i, bool write); /* index into ctx.page for access i; -1: it is asked of the TLB */
/* Of an access of a->len bytes at a->va: the page met last, if mask leaves its address, else the TLB; a miss goes to
 * a->slow. The builder stands behind a hit; what leads from the address to host memory. */
LLVMValueRef fn_ask(struct fn *f, struct fn_access *a, u64 mask);
bool fn_load_is_simple(const struct fn *f, const struct ir_block *b, u32 i);  /* in line */
bool fn_store_is_simple(const struct fn *f, const struct ir_block *b, u32 i);
bool fn_mem_is_simple(const struct fn *f, struct ir_mem m); /* by the region's own TLB */
/* Of instruction i, whose operand 0 is the address. The builder stands on the fast way afterwards. */
struct fn_access fn_check(struct fn *f, u32 i, u32 len, u32 align, bool write);
void fn_slow(struct fn *f, struct fn_access *a); /* ends the fast way */
/* Ends the slow way; the value of either, or NULL. */
LLVMValueRef fn_join(struct fn *f, struct fn_access *a, LLVMValueRef fast, LLVMValueRef slow);
/* The last two, by the reference; `fast` for a.grouped. */
LLVMValueRef fn_either(struct fn *f, struct fn_access *a, u32 i, LLVMValueRef fast);

LLVMValueRef fn_k64(struct fn *f, u64 v);
LLVMValueRef fn_add_bytes(struct fn *f, LLVMValueRef p, LLVMValueRef off);
LLVMValueRef fn_get_ctx(struct fn *f, LLVMTypeRef t, u64 offset);
LLVMBasicBlockRef fn_block(struct fn *f, const char *name);
void fn_branch_cold(struct fn *f, LLVMValueRef unlikely, LLVMBasicBlockRef cold, LLVMBasicBlockRef hot);
