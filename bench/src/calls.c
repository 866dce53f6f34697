/* calls.c - function calls: deep and wide recursion, and arguments enough for the stack */
#include "bench.h"

static NOINLINE u32 fibonacci(u32 n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static NOINLINE u32 ackermann(u32 m, u32 n)
{
    if (!m)
        return n + 1;
    return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static NOINLINE u64 many(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i, u64 j)
{
    return (a ^ b) + (c ^ d) + (e ^ f) + (g ^ h) + (i ^ j);
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u64 sum = 0;

    for (u32 i = 0; i < count; i++) {
        sum = bench_mix(sum, fibonacci(24) + i);
        sum = bench_mix(sum, ackermann(2, 150) + i);
        for (u64 k = 0; k < 100000; k++)
            sum = many(sum, k, 3, k + 1, 5, i, 7, sum >> 1, 9, k);
    }
    return bench_result(sum);
}
