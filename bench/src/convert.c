/* convert.c - between integers and floating point, rounding, comparing and choosing */
#include "bench.h"

#include <math.h>

static u64 convert(u64 r)
{
    double d = (double)(int64_t)r, small = (double)(r >> 40) / 256;
    float f = (float)(u32)r, g = (float)d;
    u64 sum = (u64)(int64_t)(small * 3) + (u32)(f * 0.5f);

    sum = bench_mix(sum, (u64)floor(small) + (u64)ceil(small) + (u64)trunc(small * 0.25));
    sum = bench_mix(sum, (u64)(int64_t)(g * 0x1p-10f) + (u32)lrint(small));
    sum = bench_mix(sum, (u64)(int)(d < small * 1e9 ? small : fmin(small, 77)) + (f > g));
    return bench_mix(sum, (u64)fabs(fmax((double)f, d) * 0x1p-3) + (u16)(int)(small * 0.125));
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u64 state = 61, sum = 0;

    for (u32 i = 0; i < count; i++)
        sum = bench_mix(sum, convert(bench_random(&state)));
    return bench_result(sum);
}
