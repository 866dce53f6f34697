/*
 * mem.h - private to mem.c, window.c, atomic.c and thunks.c: the TLB check, and the way to the reference.
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

/* One load, store or probe on its way. */
struct xaccess {
    enum xreg    base;   /* the address is disp off it; 32 of its bits or 64 */
    i32          disp;
    u32          bits;
    enum xreg    va;     /* the address itself, where the TLB is asked */
    enum xreg    window; /* XNONE: none */
    bool         first;  /* of its window */
    struct xmem  at;     /* host memory, behind the check */
    struct xmiss miss;
};

/* rax := offset in the TLB of the entry for the address in va, which is neither rax nor rcx; rcx and flags are
 * lost. */
void x64_tlb_offset(struct xasm *a, enum xreg va);
/* Misses unless va is a multiple of 2^align. */
void xe_align_check(struct xe *x, enum xreg va, u32 align, struct xmiss *miss);
/* Misses unless len bytes (1 to PAGE_SIZE) at va are plain memory of one page for access (MMU_READ, MMU_WRITE or
 * both) in this MMU mode. rax := what makes va a host address; rcx and rdx are lost. */
void xe_tlb_check(struct xe *x, enum xreg va, u32 len, u32 mode, u32 access, struct xmiss *miss);
void xe_misses(struct xcold *c, const struct xmiss *miss); /* they lead to c */
/* Is the load, store or probe made in line? The plan knows, too. */
bool xe_is_inline(const struct xe *x, const struct ir_ins *in);
/* Any memory operation, by a call here and now. */
void xe_by_reference(struct xe *x, u32 i);
/* The address of access i in registers; definitions of the access come next, ... */
void xe_access_begin(struct xe *x, u32 i, struct xaccess *c);
/* ... and then the check of len bytes: c->at and c->miss. */
void xe_access_check(struct xe *x, u32 i, struct xaccess *c, u32 len, u32 access);
/* Its misses lead to this cold path. */
void xe_access_cold(struct xe *x, struct xcold *c, const struct xaccess *at);

/* window.c: for these two */
void xe_window_begin(struct xe *x, u32 i, struct xaccess *c);
void xe_window_check(struct xe *x, u32 i, struct xaccess *c, u32 len);
void xe_window_open(struct xe *x, struct xaccess *c);
u32  xe_window_bit(const struct xe *x, u16 root); /* of xe_windows_open() */
