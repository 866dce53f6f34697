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
