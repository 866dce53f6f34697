/* u8_search.c - count and find bytes: comparisons, masks, sums across a vector */
#include "bench.h"

#ifdef __aarch64__
#include <arm_neon.h>
#elif defined BENCH_HASWELL
#include <emmintrin.h>
#endif

enum { SIZE = 32768 };

static u8 text[SIZE];

#ifdef __aarch64__
/* Each lane counts by subtracting -1; at most 255 vectors go by before the lanes are summed. */
static NOINLINE u32 count(u8 wanted, u8 least)
{
    u32 found = 0;

    for (u32 base = 0; base < SIZE; base += 16 * 128) {
        uint8x16_t lanes = vdupq_n_u8(0);
        for (u32 i = base; i < base + 16 * 128; i += 16) {
            uint8x16_t v = vld1q_u8(text + i);
            uint8x16_t hit = vorrq_u8(vceqq_u8(v, vdupq_n_u8(wanted)), vcgeq_u8(v, vdupq_n_u8(least)));
            lanes = vsubq_u8(lanes, hit);
        }
        found += vaddlvq_u8(lanes);
    }
    return found;
}

static NOINLINE u32 find(u32 from, u8 wanted)
{
    for (; from < SIZE; from += 16) {
        uint8x16_t hit = vceqq_u8(vld1q_u8(text + from), vdupq_n_u8(wanted));
        u64 nibbles = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hit), 4)), 0);
        if (nibbles)
            return from + __builtin_ctzll(nibbles) / 4;
    }
    return SIZE;
}
#elif defined BENCH_HASWELL
static NOINLINE u32 count(u8 wanted, u8 least)
{
    const __m128i equal = _mm_set1_epi8(wanted), from = _mm_set1_epi8(least);
    __m128i found = _mm_setzero_si128();

    for (u32 base = 0; base < SIZE; base += 16 * 128) {
        __m128i lanes = _mm_setzero_si128();
        for (u32 i = base; i < base + 16 * 128; i += 16) {
            __m128i v = _mm_loadu_si128((__m128i *)(text + i));
            __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, equal), _mm_cmpeq_epi8(_mm_max_epu8(v, from), v));
            lanes = _mm_sub_epi8(lanes, hit);
        }
        found = _mm_add_epi64(found, _mm_sad_epu8(lanes, _mm_setzero_si128()));
    }
    return _mm_cvtsi128_si32(found) + _mm_cvtsi128_si32(_mm_unpackhi_epi64(found, found));
}

static NOINLINE u32 find(u32 from, u8 wanted)
{
    for (; from < SIZE; from += 16) {
        __m128i hit = _mm_cmpeq_epi8(_mm_loadu_si128((__m128i *)(text + from)), _mm_set1_epi8(wanted));
        u32 bits = _mm_movemask_epi8(hit);
        if (bits)
            return from + __builtin_ctz(bits);
    }
    return SIZE;
}
#else
static NOINLINE u32 count(u8 wanted, u8 least)
{
    u32 found = 0;

    for (u32 i = 0; i < SIZE; i++)
        found += (text[i] == wanted) | (text[i] >= least);
    return found;
}

static NOINLINE u32 find(u32 from, u8 wanted)
{
    const u8 *at = memchr(text + from, wanted, SIZE - from);

    return at ? at - text : SIZE;
}
#endif

int main(int argc, char **argv)
{
    u64 state = 71, sum = 0;

    for (u32 i = 0; i < SIZE; i++)
        text[i] = bench_random(&state) % 251;
    for (u32 round = bench_count(argc, argv); round; round--) {
        sum = bench_mix(sum, count(round, 200 + round % 64));
        for (u32 at = round % 16 * 16; at < SIZE; at = (at + 16) & ~15u)
            sum += at = find(at, 'x');
    }
    return bench_result(sum);
}
