/* bulk.h - what the lifters of REP MOVS and REP STOS tell bulk.c: one number. */
#pragma once
#include "base/types.h"

#define X86_BULK(shift, adsize, seg, mmu) ((u64)(shift) | (u64)(adsize) << 4 | (u64)(seg) << 8 | (u64)(mmu) << 12)
#define X86_BULK_MOVES (1ull << 16)  /* MOVS; else STOS */
#define X86_BULK_LONG  (1ull << 17)  /* 64-bit mode */
#define X86_BULK_SIZE(d) ((u32)((d) & 3))        /* log2 of an element's bytes */
#define X86_BULK_MASK(d) (~0ull >> (64 - 8 * ((d) >> 4 & 15)))
#define X86_BULK_SEG(d)  ((u32)((d) >> 8 & 7))   /* of the source */
#define X86_BULK_MMU(d)  ((u32)((d) >> 12 & 3))
