/* i16_audio.c - mix and filter sound: signed 16-bit samples, saturating sums, rounding high halves of products */
#include "simd.h"

#ifdef __aarch64__
#include <arm_neon.h>
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
