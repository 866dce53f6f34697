/* u8_search.c - count and find bytes: comparisons, masks, sums across a vector */
#include "simd.h"

#ifdef __aarch64__
#include <arm_neon.h>
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
