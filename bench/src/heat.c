/* heat.c - heat spreads over a plate: a stencil of five points in single precision */
#include "bench.h"

enum { SIZE = 128 };

static float plate[2][SIZE][SIZE];

static NOINLINE void step(float (*now)[SIZE], float (*then)[SIZE])
{
    for (u32 i = 1; i < SIZE - 1; i++)
        for (u32 j = 1; j < SIZE - 1; j++) {
            float around = now[i - 1][j] + now[i + 1][j] + now[i][j - 1] + now[i][j + 1];
            then[i][j] = now[i][j] + 0.2f * (around - 4 * now[i][j]);
        }
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv) & ~1u;
    u64 state = 53;
    double sum = 0;

    for (u32 i = 0; i < SIZE; i++)
        for (u32 j = 0; j < SIZE; j++)
            plate[0][i][j] = plate[1][i][j] = 100 * (float)bench_random_unit(&state);
    for (u32 i = 0; i < count; i++)
        step(plate[i % 2], plate[(i + 1) % 2]);
    for (u32 i = 0; i < SIZE; i++)
        for (u32 j = 0; j < SIZE; j++)
            sum += plate[0][i][j];
    return bench_result_fp(sum, 4, bench_mix_bytes(0, plate[0], sizeof plate[0]));
}
