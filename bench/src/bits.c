/* bits.c - single bits and fields of words: count, scan, reverse, rotate, extract; a grid of cells as bits */
#include "bench.h"

enum { ROWS = 256 };

/* Sums of eight neighbours for 64 cells at once, by adders made of logic. */
static u64 next_row(u64 above, u64 here, u64 below)
{
    u64 in[8] = { above << 1, above, above >> 1, here << 1, here >> 1, below << 1, below, below >> 1 };
    u64 ones = 0, twos = 0, fours = 0;

    for (u32 i = 0; i < 8; i++) {
        u64 carry = ones & in[i], more = twos & carry;
        ones ^= in[i];
        twos ^= carry;
        fours |= more;
    }
    return twos & ~fours & (ones | here);
}

static u64 reverse(u64 x)
{
    x = (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
    x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
    return __builtin_bswap64(x);
}

static u64 measure(u64 x, u64 sum)
{
    u32 low = x ? __builtin_ctzll(x) : 64, high = x ? __builtin_clzll(x) : 64;

    sum = (sum << 13 | sum >> 51) + low * 64 + high;
    sum ^= x >> 12 & 0x3ff;
    return sum + __builtin_popcountll(x) + reverse(x);
}

int main(int argc, char **argv)
{
    u64 rows[2][ROWS], state = 31, sum = 0;
    u32 count = bench_count(argc, argv);

    for (u32 i = 0; i < ROWS; i++)
        rows[0][i] = bench_random(&state);
    for (u32 round = 0; round < count; round++) {
        u64 *now = rows[round % 2], *then = rows[!(round % 2)];
        for (u32 i = 0; i < ROWS; i++) {
            then[i] = next_row(now[(i + ROWS - 1) % ROWS], now[i], now[(i + 1) % ROWS]);
            sum = measure(then[i], sum);
        }
    }
    return bench_result(sum);
}
