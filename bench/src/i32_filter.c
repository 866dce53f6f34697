/* i32_filter.c - numbers of 32 bits: products, shifts, smallest and largest, running sums, choices by comparison */
#include "simd.h"

enum { SIZE = 4096 };

static s32x4 in[SIZE / 4], out[SIZE / 4];

static s32x4 smaller(s32x4 a, s32x4 b)
{
    return SIMD_SELECT(a < b, a, b);
}

/* Sum of all before, within a vector: two steps for four lanes. */
static s32x4 running(s32x4 v)
{
    const s32x4 zero = { 0 };

    v += __builtin_shuffle(zero, v, (s32x4){ 0, 4, 5, 6 });
    return v + __builtin_shuffle(zero, v, (s32x4){ 0, 1, 4, 5 });
}

static NOINLINE s32x4 filter(s32x4 gain, s32x4 most)
{
    s32x4 before = { 0 }, sum = { 0 };

    for (u32 i = 0; i < SIZE / 4; i++) {
        s32x4 v = (in[i] * gain) >> 9;

        v = smaller(v, most);
        v = -smaller(-v, most);
        v = running(v) + before;
        before = __builtin_shuffle(v, (s32x4){ 3, 3, 3, 3 }) >> 2;
        out[i] = v ^ (in[i] & (v > sum));
        sum += v;
    }
    return sum;
}

int main(int argc, char **argv)
{
    u64 state = 83, hash = 0;

    for (u32 i = 0; i < SIZE; i++)
        ((int32_t *)in)[i] = (int32_t)bench_random(&state) >> 12;
    for (u32 round = bench_count(argc, argv); round; round--) {
        int32_t g = 400 + round % 100, m = 1 << 20;
        s32x4 sum = filter((s32x4){ g, g + 1, g + 2, g + 3 }, (s32x4){ m, m, m, m });

        hash = bench_mix_bytes(hash, &sum, sizeof sum);
    }
    return bench_result(bench_mix_bytes(hash, out, sizeof out));
}
