/* ghash.c - products of polynomials over GF(2) of 64 bits, as an authentication sum: by PMULL, by PCLMULQDQ */
#include "bench.h"

#ifdef __aarch64__
#pragma GCC target("+crypto")
#include <arm_neon.h>
#elif defined BENCH_HASWELL
#pragma GCC target("pclmul,sse4.1")
#include <immintrin.h>
#endif

enum { WORDS = 2048 };

#ifdef __aarch64__
static void multiply(u64 a, u64 b, u64 *low, u64 *high)
{
    uint64x2_t product = vreinterpretq_u64_p128(vmull_p64(a, b));

    *low = vgetq_lane_u64(product, 0);
    *high = vgetq_lane_u64(product, 1);
}
#elif defined BENCH_HASWELL
static void multiply(u64 a, u64 b, u64 *low, u64 *high)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(a), _mm_cvtsi64_si128(b), 0);

    *low = _mm_cvtsi128_si64(product);
    *high = _mm_extract_epi64(product, 1);
}
#else
/* Four bits at a time, from a table of the sixteen multiples. */
static void multiply(u64 a, u64 b, u64 *low, u64 *high)
{
    unsigned __int128 multiple[16] = { 0 }, sum = 0;

    for (u32 i = 1; i < 16; i++)
        multiple[i] = i & 1 ? multiple[i - 1] ^ b : multiple[i / 2] << 1;
    for (int shift = 60; shift >= 0; shift -= 4)
        sum = sum << 4 ^ multiple[a >> shift & 15];
    *low = sum;
    *high = sum >> 64;
}
#endif

/* Modulo x^64 + x^4 + x^3 + x + 1. */
static u64 reduce(u64 low, u64 high)
{
    u64 over = high >> 60 ^ high >> 61 ^ high >> 63;

    high ^= over;
    return low ^ high ^ high << 1 ^ high << 3 ^ high << 4;
}

int main(int argc, char **argv)
{
    static u64 data[WORDS];
    u64 state = 109, sum = 0, key, low, high;

    for (u32 i = 0; i < WORDS; i++)
        data[i] = bench_random(&state);
    key = bench_random(&state);
    for (u32 round = bench_count(argc, argv); round; round--)
        for (u32 i = 0; i < WORDS; i++) {
            multiply(sum ^ data[i], key, &low, &high);
            sum = reduce(low, high);
        }
    return bench_result(sum);
}
