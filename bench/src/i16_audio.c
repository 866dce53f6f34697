/* i16_audio.c - mix and filter sound: signed 16-bit samples, saturating sums, rounding high halves of products */
#include "bench.h"

#ifdef __aarch64__
#include <arm_neon.h>
#elif defined BENCH_HASWELL
#pragma GCC target("ssse3")
#include <tmmintrin.h>
#endif

enum { SIZE = 8192 };

static int16_t voice[SIZE], music[SIZE], out[SIZE];

#ifdef __aarch64__
static NOINLINE void mix(int16_t gain, int16_t duck)
{
    for (u32 i = 0; i < SIZE; i += 8) {
        int16x8_t v = vqrdmulhq_n_s16(vld1q_s16(voice + i), gain), m = vqdmulhq_n_s16(vld1q_s16(music + i), duck);
        int16x8_t both = vqaddq_s16(v, m), rest = vhsubq_s16(v, m);

        vst1q_s16(out + i, vqsubq_s16(vmaxq_s16(both, rest), vshrq_n_s16(vabsq_s16(m), 3)));
    }
}
#elif defined BENCH_HASWELL
/* Bits 30..15 of the product; neither gain is -32768, so they fit. */
static __m128i scale(__m128i v, __m128i gain)
{
    return _mm_or_si128(_mm_slli_epi16(_mm_mulhi_epi16(v, gain), 1), _mm_srli_epi16(_mm_mullo_epi16(v, gain), 15));
}

/* (A - B) / 2 by the average of numbers without a sign: A + 2^15 and the complement of B + 2^15. */
static __m128i half_difference(__m128i a, __m128i b)
{
    const __m128i top = _mm_set1_epi16(-32768), rest = _mm_set1_epi16(32767);

    return _mm_xor_si128(_mm_avg_epu16(_mm_xor_si128(a, top), _mm_xor_si128(b, rest)), top);
}

static NOINLINE void mix(int16_t gain, int16_t duck)
{
    for (u32 i = 0; i < SIZE; i += 8) {
        __m128i v = _mm_mulhrs_epi16(_mm_loadu_si128((__m128i *)(voice + i)), _mm_set1_epi16(gain));
        __m128i m = scale(_mm_loadu_si128((__m128i *)(music + i)), _mm_set1_epi16(duck));
        __m128i loud = _mm_max_epi16(_mm_adds_epi16(v, m), half_difference(v, m));

        _mm_storeu_si128((__m128i *)(out + i), _mm_subs_epi16(loud, _mm_srai_epi16(_mm_abs_epi16(m), 3)));
    }
}
#else
static int clamp(int x)
{
    return x > 32767 ? 32767 : x < -32768 ? -32768 : x;
}

static NOINLINE void mix(int16_t gain, int16_t duck)
{
    for (u32 i = 0; i < SIZE; i++) {
        int v = clamp((voice[i] * gain + (1 << 14)) >> 15), m = clamp((music[i] * duck) >> 15);
        int both = clamp(v + m), rest = (v - m) >> 1, size = (int16_t)(m < 0 ? -m : m);

        out[i] = clamp((both > rest ? both : rest) - (size >> 3));
    }
}
#endif

int main(int argc, char **argv)
{
    u64 state = 79, sum = 0;

    for (u32 i = 0; i < SIZE; i++) {
        voice[i] = bench_random(&state);
        music[i] = bench_random(&state);
    }
    for (u32 round = bench_count(argc, argv); round; round--) {
        mix(32767 - round % 1000, 20000 - round % 30000);
        memcpy(round % 2 ? voice : music, out, round % 5 ? 64 : 0);
        sum = bench_mix(sum, (u16)out[round % SIZE]);
    }
    return bench_result(bench_mix_bytes(sum, out, sizeof out));
}
