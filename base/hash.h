/*
 * hash.h - the hash of bytes, used as checksum in files and as page hash.
 *
 * Four lanes of 64 bits, a 64x64->128 multiplication for every 16 bytes; exact definition: docs/snapshot.md.
 * Not cryptographic: it finds accidents, not forgeries.
 */
#pragma once
#include "base/bits.h"

struct hash128 {
    u64 lo, hi;
};

struct hash_stream {
    u64 lane[4];
    u64 len;      /* bytes so far */
    u8  tail[64]; /* the last len % 64 of them */
};
void hash_start(struct hash_stream *s, u64 seed);
void hash_add(struct hash_stream *s, const void *p, u64 n);
struct hash128 hash_end(struct hash_stream *s);

struct hash128 hash_bytes(u64 seed, const void *p, u64 n);
/* The checksum of files: low half, seed 0. */
static inline u64 hash_sum(const void *p, u64 n) { return hash_bytes(0, p, n).lo; }
