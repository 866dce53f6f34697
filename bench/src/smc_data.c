/* smc_data.c - code and its data in one page: writes beside instructions that stay as they are */
#include "emit.h"

enum { FUNCTIONS = 4, APART = 256, DATA = 3072, CELLS = 64, TURNS = 20 };

static void make(u8 *at, u64 *state)
{
    struct emit e = { at };

    emit_start(&e);
    u8 *top = e.at;
    for (u32 i = 0; i < 6; i++) {
        u64 r = bench_random(state);
        emit_op(&e, r % EMIT_OPS, r >> 32);
    }
    emit_loop(&e, top);
    emit_return(&e);
    emit_publish(at, e.at);
}

int main(int argc, char **argv)
{
    u8 *page = emit_memory(4096);
    volatile u64 *cells = (volatile u64 *)(page + DATA);
    u32 count = bench_count(argc, argv);
    u64 state = 127, sum = 1;

    for (u32 i = 0; i < FUNCTIONS; i++)
        make(page + i * APART, &state);
    for (u32 i = 0; i < count; i++) {
        sum = ((emit_function *)(page + i % FUNCTIONS * APART))(sum, cells[i % CELLS] + 3, TURNS);
        cells[sum % CELLS] += i;
    }
    return bench_result(bench_mix(sum, cells[5]));
}
