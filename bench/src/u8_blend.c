/* u8_blend.c - mix two pictures by a third's transparency: bytes, widening products, rounding, saturation */
#include "simd.h"

#ifdef __aarch64__
#include <arm_neon.h>
#endif

enum { SIZE = 32768 };

static u8 front[SIZE], back[SIZE], alpha[SIZE], out[SIZE];

#ifdef __aarch64__
static NOINLINE void blend(u8 brighten)
{
    for (u32 i = 0; i < SIZE; i += 16) {
        uint8x16_t f = vld1q_u8(front + i), b = vld1q_u8(back + i), a = vld1q_u8(alpha + i), n = vmvnq_u8(a);
        uint16x8_t low = vmlal_u8(vmull_u8(vget_low_u8(f), vget_low_u8(a)), vget_low_u8(b), vget_low_u8(n));
        uint16x8_t high = vmlal_high_u8(vmull_high_u8(f, a), b, n);
        uint8x16_t mixed = vrshrn_high_n_u16(vrshrn_n_u16(low, 8), high, 8);

        vst1q_u8(out + i, vqaddq_u8(mixed, vdupq_n_u8(brighten)));
    }
}
#elif defined BENCH_HASWELL
/* Halves of bytes 0..255 by 255 - a: sums below 2^16, so words without a sign do. */
static __m256i mixed_words(__m256i f, __m256i b, __m256i a, __m256i n)
{
    __m256i sum = _mm256_add_epi16(_mm256_mullo_epi16(f, a), _mm256_mullo_epi16(b, n));

    return _mm256_srli_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(128)), 8);
}

static NOINLINE void blend(u8 brighten)
{
    const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(-1);

    for (u32 i = 0; i < SIZE; i += 32) {
        __m256i f = _mm256_loadu_si256((__m256i *)(front + i)), b = _mm256_loadu_si256((__m256i *)(back + i));
        __m256i a = _mm256_loadu_si256((__m256i *)(alpha + i)), n = _mm256_xor_si256(a, ones);
        __m256i low = mixed_words(_mm256_unpacklo_epi8(f, zero), _mm256_unpacklo_epi8(b, zero),
                                  _mm256_unpacklo_epi8(a, zero), _mm256_unpacklo_epi8(n, zero));
        __m256i high = mixed_words(_mm256_unpackhi_epi8(f, zero), _mm256_unpackhi_epi8(b, zero),
                                   _mm256_unpackhi_epi8(a, zero), _mm256_unpackhi_epi8(n, zero));

        _mm256_storeu_si256((__m256i *)(out + i),
                            _mm256_adds_epu8(_mm256_packus_epi16(low, high), _mm256_set1_epi8(brighten)));
    }
}
#else
static NOINLINE void blend(u8 brighten)
{
    for (u32 i = 0; i < SIZE; i++) {
        u32 mixed = (front[i] * alpha[i] + back[i] * (255 - alpha[i]) + 128) >> 8;
        out[i] = mixed + brighten > 255 ? 255 : mixed + brighten;
    }
}
#endif

int main(int argc, char **argv)
{
    u64 state = 67, sum = 0;

    for (u32 i = 0; i < SIZE; i++) {
        front[i] = bench_random(&state);
        back[i] = bench_random(&state);
        alpha[i] = bench_random(&state);
    }
    for (u32 round = bench_count(argc, argv); round; round--) {
        blend(round);
        memcpy(back, out, SIZE);
        if (round % 16 == 0)
            sum = bench_mix_bytes(sum, out, SIZE);
    }
    return bench_result(bench_mix_bytes(sum, out, SIZE));
}
