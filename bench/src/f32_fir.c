/* f32_fir.c - a filter of sixteen taps over samples in single precision, fused where the machine does that */
#include "simd.h"

enum { SIZE = 4096, TAPS = 16 };

static float in[SIZE + TAPS], out[SIZE], taps[TAPS];

static NOINLINE void filter(void)
{
    for (u32 i = 0; i < SIZE; i += 8) {
        f32x4 a = { 0 }, b = { 0 };

        for (u32 k = 0; k < TAPS; k++) {
            a += (f32x4)simd_load(in + i + k) * taps[k];
            b += (f32x4)simd_load(in + i + k + 4) * taps[k];
        }
        simd_store(out + i, (u8x16)a);
        simd_store(out + i + 4, (u8x16)b);
    }
}

int main(int argc, char **argv)
{
    u64 state = 89, exact = 0;
    double sum = 0;

    for (u32 i = 0; i < SIZE + TAPS; i++)
        in[i] = (float)bench_random_unit(&state);
    for (u32 k = 0; k < TAPS; k++)
        taps[k] = (float)(bench_random_unit(&state) / 8);
    for (u32 round = bench_count(argc, argv); round; round--) {
        filter();
        in[round * 7 % SIZE] = out[round % SIZE];
        sum += out[round * 3 % SIZE];
        exact = bench_mix_bytes(exact, out + round % SIZE, 4);
    }
    return bench_result_fp(sum, 3, bench_mix_bytes(exact, out, sizeof out));
}
