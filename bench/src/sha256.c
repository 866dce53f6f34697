/* sha256.c - SHA-256 (FIPS 180-4) over a buffer, again and again
 *
 *     sha256 COUNT             in plain C
 *     sha256 COUNT insns       with the instructions for it, on arm64; on amd64 with what Haswell has: vectors
 *                              for the words of the message, BMI's rotations for the rounds
 */
#include "bench.h"

#ifdef __aarch64__
#pragma GCC target("+crypto")
#include <arm_neon.h>
#elif defined BENCH_HASWELL
#include <immintrin.h>
#endif

enum { SIZE = 16384, BLOCK = 64 };

/* Constants by their definition: fractional parts of roots of the first primes, found with integers alone. */
static u32 k[64], start[8];

static u32 root_fraction(u32 prime, bool cube)
{
    u64 low = 0, high = 1ull << 36;

    while (high - low > 1) {
        u64 middle = (low + high) / 2;
        unsigned __int128 square = (unsigned __int128)middle * middle, wide = prime;
        bool fits = square <= (cube ? (wide << 96) / middle : wide << 64);

        *(fits ? &low : &high) = middle;
    }
    return low;
}

static void make_constants(void)
{
    for (u32 n = 0, p = 2; n < 64; p++) {
        u32 d = 2;
        while (p % d)
            d++;
        if (d != p)
            continue;
        k[n] = root_fraction(p, true);
        if (n < 8)
            start[n] = root_fraction(p, false);
        n++;
    }
}

static u32 rotate(u32 x, u32 n)
{
    return x >> n | x << (32 - n);
}

static void expand(u32 w[64], const u8 *data)
{
    for (u32 i = 0; i < 16; i++) {
        memcpy(&w[i], data + 4 * i, 4);
        w[i] = __builtin_bswap32(w[i]);
    }
    for (u32 i = 16; i < 64; i++) {
        u32 s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        u32 s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static NOINLINE void block_plain(u32 state[8], const u8 *data)
{
    u32 w[64], a = state[0], b = state[1], c = state[2], d = state[3];
    u32 e = state[4], f = state[5], g = state[6], h = state[7];

    expand(w, data);
    for (u32 i = 0; i < 64; i++) {
        u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
        u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

#ifdef __aarch64__
static NOINLINE void block_insns(u32 state[8], const u8 *data)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4), was = abcd, was2 = efgh, w[4];

    for (u32 i = 0; i < 4; i++)
        w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
    for (u32 i = 0; i < 16; i++) {
        uint32x4_t sum = vaddq_u32(w[i % 4], vld1q_u32(k + 4 * i)), before = abcd;

        if (i < 12)
            w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
        abcd = vsha256hq_u32(abcd, efgh, sum);
        efgh = vsha256h2q_u32(efgh, before, sum);
    }
    vst1q_u32(state, vaddq_u32(abcd, was));
    vst1q_u32(state + 4, vaddq_u32(efgh, was2));
}
#elif defined BENCH_HASWELL
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2")
static __m128i rotate_4(__m128i x, int n)
{
    return _mm_or_si128(_mm_srli_epi32(x, n), _mm_slli_epi32(x, 32 - n));
}

static __m128i sigma_1(__m128i x)
{
    return _mm_xor_si128(_mm_xor_si128(rotate_4(x, 17), rotate_4(x, 19)), _mm_srli_epi32(x, 10));
}

/* The next four words. Words 2 and 3 need sigma 1 of words 0 and 1: two steps. */
static __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i before = _mm_alignr_epi8(w1, w0, 4), zero = _mm_setzero_si128();
    __m128i s0 = _mm_xor_si128(_mm_xor_si128(rotate_4(before, 7), rotate_4(before, 18)), _mm_srli_epi32(before, 3));
    __m128i sum = _mm_add_epi32(_mm_add_epi32(w0, s0), _mm_alignr_epi8(w3, w2, 4));

    sum = _mm_add_epi32(sum, _mm_unpackhi_epi64(sigma_1(w3), zero));
    sum = _mm_add_epi32(sum, _mm_unpacklo_epi64(zero, sigma_1(_mm_unpacklo_epi64(sum, zero))));
    return sum;
}

static void expand_insns(u32 with_k[64], const u8 *data)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i w[4];

    for (u32 i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((__m128i *)data + i), swap);
    for (u32 i = 0; i < 16; i++) {
        __m128i constants = _mm_loadu_si128((__m128i *)k + i);
        _mm_storeu_si128((__m128i *)with_k + i, _mm_add_epi32(w[i % 4], constants));
        if (i < 12)
            w[i % 4] = next_words(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
    }
}

static NOINLINE void block_insns(u32 state[8], const u8 *data)
{
    u32 with_k[64], a = state[0], b = state[1], c = state[2], d = state[3];
    u32 e = state[4], f = state[5], g = state[6], h = state[7];

    expand_insns(with_k, data);
    for (u32 i = 0; i < 64; i++) {
        u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + with_k[i];
        u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}
#pragma GCC pop_options
#else
#define block_insns block_plain
#endif

int main(int argc, char **argv)
{
    static u8 data[SIZE];
    u32 count = bench_count(argc, argv), state[8];
    void (*block)(u32 *, const u8 *) = argc > 2 ? block_insns : block_plain;
    u64 random = 103;

    make_constants();
    bench_check(k[0] == 0x428a2f98 && k[63] == 0xc67178f2 && start[7] == 0x5be0cd19, "constants");
    for (u32 i = 0; i < SIZE; i++)
        data[i] = bench_random(&random);
    memcpy(state, start, sizeof state);
    for (u32 round = 0; round < count; round++)
        for (u32 at = 0; at < SIZE; at += BLOCK)
            block(state, data + at);
    return bench_result(bench_mix_bytes(0, state, sizeof state));
}
