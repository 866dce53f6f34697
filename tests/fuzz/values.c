/* values.c - corner values for the fuzzers. */
#include "tests/fuzz/values.h"

u32 fuzz_weighted(struct fuzz_rng *r, const u16 *weights, u32 count)
{
    u32 sum = 0, k = 0;
    for (u32 i = 0; i < count; i++)
        sum += weights[i];
    u32 at = fuzz_pick(r, sum);
    while (at >= weights[k])
        at -= weights[k++];
    return k;
}

u64 fuzz_hash(u64 h, const void *p, u64 n)
{
    const u8 *b = p;
    for (; n >= 8; n -= 8, b += 8)
        h = fuzz_mix(h, load_le64(b));
    for (; n; n--, b++)
        h = fuzz_mix(h, *b);
    return h;
}

u64 fuzz_int(struct fuzz_rng *r, u32 bits)
{
    static const u8 edges[] = { 7, 8, 12, 15, 16, 24, 31, 31, 32, 32, 33, 48, 63 }; /* of immediates, of hosts too */
    u64 x = fuzz_next(r), v, edge = 1ull << edges[fuzz_pick(r, COUNT(edges))];
    u32 k = fuzz_pick(r, 64);
    switch (fuzz_pick(r, 13)) {
    case 0: v = 0; break;
    case 1: v = x % 5 - 2; break;
    case 2: v = 1ull << k; break;
    case 3: v = (1ull << k) - 1; break;
    case 4: v = ~(1ull << k); break;
    case 5: v = (1ull << (bits - 1)) - (x & 1); break; /* the ends of the signed range */
    case 6: v = x % 130; break;                      /* shift counts */
    case 7: v = (x & 0xff) * 0x0101010101010101; break;
    case 8: v = bits_ror(bits_mask(1 + (x & 31)), k, 64); break; /* a run of ones */
    case 9: v = edge + x % 4 - 2; break;
    case 10: v = x & 1 ? 0 - edge + x % 4 : edge | (x & (edge - 1)); break;
    default: v = x;
    }
    return v & bits_mask(bits);
}

u64 fuzz_float(struct fuzz_rng *r, u32 bits)
{
    u32 man = bits == 16 ? 10 : bits == 32 ? 23 : 52, top = bits - 1 - man; /* bits of fraction, exponent */
    u64 x = fuzz_next(r), one = bits_mask(top - 1) << man, inf = bits_mask(top) << man;
    u64 frac = x & bits_mask(man), sign = (x >> 63) << (bits - 1), v;
    if (x >> 62 & 1) /* few bits set at either end */
        frac = fuzz_one_in(r, 2) ? (x & 7) : (x & 7) << (man - 3);
    switch (fuzz_pick(r, 16)) {
    case 0: v = 0; break;
    case 1: v = inf; break;
    case 2: v = inf | 1ull << (man - 1) | frac; break;                         /* quiet NaN */
    case 3: v = inf | (frac & bits_mask(man - 1)) | 1; break;                  /* signalling NaN */
    case 4: case 5: v = frac; break;                                          /* denormal */
    case 6: v = (1ull << man) + (x & 7) - 4; break;                            /* around the smallest normal */
    case 7: v = inf - 1 - (x & 3); break;                                      /* around the largest */
    case 8: v = one + (x & 7) - 4; break;
    case 9: v = one | frac; break;
    case 10: v = one + ((u64)fuzz_pick(r, 2 * man) << man) - ((u64)man << man) + frac; break; /* of like magnitude */
    case 11: v = one + ((u64)fuzz_pick(r, 70) % bits_mask(top - 1) << man) + frac; break; /* around integer ranges */
    case 12: v = (u64)(1 + fuzz_pick(r, 2 * man)) << man | frac; break;         /* products of these are tiny */
    case 13: v = (bits_mask(top - 2) << man) + frac; break;                     /* products of these are tiny, too */
    default: v = x & bits_mask(bits - 1);
    }
    return (v & bits_mask(bits - 1)) | sign;
}

void fuzz_vector(struct fuzz_rng *r, u64 out[2])
{
    static const u8 widths[] = { 8, 16, 32, 64, 16, 32, 32, 64 };
    u32 kind = fuzz_pick(r, COUNT(widths)), bits = widths[kind];
    bool repeat = fuzz_one_in(r, 6);
    u64 v = 0;
    out[0] = out[1] = 0;
    for (u32 at = 0; at < 128; at += bits) {
        if (!at || !repeat)
            v = kind < 4 ? fuzz_int(r, bits) : fuzz_float(r, bits);
        out[at / 64] |= v << at % 64;
    }
}
