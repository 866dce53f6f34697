/*
 * tier.h - what mynah-llvm.so offers (backend/jit/llvm/tier.c): from a region to code.
 *
 * The object stands for itself: it knows no address of the process. One thread at a time in a tier.
 */
#pragma once
#include "backend/jit/region.h"
#include "base/err.h"

#define TIER_VERSION 4u
#define TIER_TEXT 8448u /* bytes that describe() may want */

struct tier;

/* Where code goes. */
struct tier_arena {
    u8  *(*alloc)(void *ctx, u64 size); /* writable, aligned to 64 bytes; NULL: no room. Nothing is given back */
    void *ctx;
    i64   delta;                        /* executable address - writable address */
    u64   most;                         /* bytes that one object may want */
    const struct ir_layout *layout;     /* whose fields sites (region_map.h) may name */
};

struct tier_api {
    u32 version;
    struct tier *(*open)(struct err *e);
    void (*close)(struct tier *t);
    /* An ELF object, to be freed with free(). */
    bool (*compile)(struct tier *t, const struct jit_region *r, u8 **bytes, u64 *size, struct err *e);
    /* symbol: executable addresses by enum region_symbol. fn: writable address of the function; used: bytes taken. */
    bool (*link)(struct tier *t, const u8 *bytes, u64 size, const struct tier_arena *arena,
                 const u64 symbol[REGION_SYMBOLS],
                 u8 **fn, u64 *used, struct err *e);
    /* What an object depends on besides its region and the builds: LLVM's version, the host's CPU with what it can
     * do. llvm: an address in libLLVM. Any time. */
    void (*describe)(char *text, u64 size, const void **llvm);
};

#define TIER_SYMBOL "mynah_tier" /* a struct tier_api */
