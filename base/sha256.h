/*
 * sha256.h - SHA-256 (FIPS 180-4), for names that nobody may be able to make collide.
 *
 * Portable C, about 100 MB/s: for kilobytes. Accidents in files are found by base/hash.h, many times as fast.
 */
#pragma once
#include "base/bits.h"

#define SHA256_BYTES 32u

struct sha256 {
    u32 h[8];
    u64 len;      /* bytes so far */
    u8  tail[64]; /* the last len % 64 of them */
};

/* A copy of the struct is a second hash that begins with the same bytes. */
void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, u64 n);
void sha256_end(struct sha256 *s, u8 out[SHA256_BYTES]);
