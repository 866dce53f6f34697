/* queens.c - count the ways to put 13 queens on a board, with sets of columns and diagonals in words */
#include "bench.h"

enum { BOARD = 13 };

static NOINLINE u32 place(u32 all, u32 columns, u32 left, u32 right)
{
    u32 found = 0;

    if (columns == all)
        return 1;
    for (u32 free = all & ~(columns | left | right); free; free &= free - 1) {
        u32 bit = free & -free;
        found += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return found;
}

int main(int argc, char **argv)
{
    u64 sum = 0;

    for (u32 round = bench_count(argc, argv); round; round--)
        sum = bench_mix(sum, place((1u << BOARD) - 1, 0, 0, 0));
    return bench_result(sum);
}
