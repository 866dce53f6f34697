/*
 * values.h - a seeded generator and the values that the fuzzers like: corners of integers and of floating point.
 */
#pragma once
#include "base/bits.h"

struct fuzz_rng {
    u64 s;
};

static inline u64 fuzz_next(struct fuzz_rng *r) /* splitmix64 */
{
    u64 z = r->s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
/* Streams of neighbouring seeds have nothing in common. */
static inline struct fuzz_rng fuzz_seeded(u64 seed, u64 purpose)
{
    struct fuzz_rng r = { (seed ^ purpose << 56) * 0xd6e8feb86659fd93 };
    return (struct fuzz_rng){ fuzz_next(&r) ^ purpose };
}
static inline u32 fuzz_pick(struct fuzz_rng *r, u32 n) /* 0 to n - 1 */
{
    return (u32)((fuzz_next(r) >> 32) * n >> 32);
}
static inline bool fuzz_one_in(struct fuzz_rng *r, u32 n)
{
    return !fuzz_pick(r, n);
}
/* Index by weight; the sum of the weights is not zero. */
u32 fuzz_weighted(struct fuzz_rng *r, const u16 *weights, u32 count);

/* Mixes v into h: for traces of what happened. */
static inline u64 fuzz_mix(u64 h, u64 v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15;
    return h ^ h >> 29;
}
u64 fuzz_hash(u64 h, const void *p, u64 n);

/* An integer of `bits` (1 to 64), zero-extended. */
u64 fuzz_int(struct fuzz_rng *r, u32 bits);
/* A floating-point pattern of 16, 32 or 64 bits: NaNs, infinities, denormals, near the ends of the range, halfway
 * cases, small integers, anything. */
u64 fuzz_float(struct fuzz_rng *r, u32 bits);
/* 16 bytes: lanes of integers or floats of one width. */
void fuzz_vector(struct fuzz_rng *r, u64 out[2]);

/* Numbers are drawn one in a full expression, or in operands whose order is defined: a program shall follow from its
 * seed whoever compiled the fuzzer. */
