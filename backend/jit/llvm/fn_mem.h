/*
 * fn_mem.h - private to backend/jit/llvm: what fn_mem.c and fn_atomic.c share.
 */
#pragma once
#include "backend/jit/llvm/fn.h"

/* An access in line: fn_check(), what it does at `host`, fn_slow(), how else it is done, fn_join(). */
struct fn_access {
    LLVMValueRef      va, host;   /* host: pointer to the bytes, on the fast way */
    u32               len, align; /* bytes; log2, 0: any */
    bool              write;      /* memory that may be written may be read */
    i32               page;       /* index into ctx.page, or -1 */
    LLVMBasicBlockRef hot, slow, done, fast_end;
};

bool fn_mem_is_simple(const struct fn *f, struct ir_mem m); /* by the region's own TLB */
/* Of instruction i, whose operand 0 is the address. The builder stands on the fast way afterwards. */
struct fn_access fn_check(struct fn *f, u32 i, u32 len, u32 align, bool write);
void fn_slow(struct fn *f, struct fn_access *a); /* ends the fast way */
/* Ends the slow way; the value of either, or NULL. */
LLVMValueRef fn_join(struct fn *f, struct fn_access *a, LLVMValueRef fast, LLVMValueRef slow);
/* The last two, by the reference. */
LLVMValueRef fn_row_slow(struct fn *f, struct fn_access *a, u32 i, LLVMValueRef fast);

LLVMValueRef fn_k64(struct fn *f, u64 v);
LLVMValueRef fn_add_bytes(struct fn *f, LLVMValueRef p, LLVMValueRef off);
LLVMValueRef fn_get_ctx(struct fn *f, LLVMTypeRef t, u64 offset);
LLVMBasicBlockRef fn_block(struct fn *f, const char *name);
void fn_branch_cold(struct fn *f, LLVMValueRef unlikely, LLVMBasicBlockRef cold, LLVMBasicBlockRef hot);
