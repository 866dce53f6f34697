/*
 * mem.h - private to mem.c and atomic.c: the TLB check, and the way to the reference.
 *
 * An access: uses and definitions of its registers; checks; a cold path, with the jumps of the misses; the access;
 * the place to come back to.
 */
#pragma once
#include "backend/jit/x64/alloc.h"

/* Forward jumps of checks that failed: alignment, either tag. */
struct xmiss {
    u8 *at[3];
    u32 n;
};

/* Misses unless va is a multiple of 2^align. */
void xe_align_check(struct xe *x, enum xreg va, u32 align, struct xmiss *miss);
/* Misses unless len bytes (1 to PAGE_SIZE) at va are plain memory of one page for access (MMU_READ, MMU_WRITE or
 * both) in this MMU mode. rax := what makes va a host address; rcx and rdx are lost. */
void xe_tlb_check(struct xe *x, enum xreg va, u32 len, u32 mode, u32 access, struct xmiss *miss);
void xe_misses(struct xcold *c, const struct xmiss *miss); /* they lead to c */
/* Any memory operation, by a call here and now. */
void xe_by_reference(struct xe *x, u32 i);
