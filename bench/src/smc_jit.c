/* smc_jit.c - a small compiler at run time: make a function, call it a few times, write the next over an old one */
#include "emit.h"

enum { SLOTS = 64, SLOT_SIZE = 512, OPS = 24, CALLS = 40 };

static u8 *compile(u8 *slot, u64 *state)
{
    struct emit e = { slot };

    emit_start(&e);
    u8 *top = e.at;
    for (u32 i = 0; i < OPS; i++) {
        u64 r = bench_random(state);
        emit_op(&e, r % EMIT_OPS, r >> 32);
    }
    emit_loop(&e, top);
    emit_return(&e);
    return e.at;
}

int main(int argc, char **argv)
{
    u8 *code = emit_memory(SLOTS * SLOT_SIZE);
    u32 count = bench_count(argc, argv);
    u64 state = 113, sum = 1;

    for (u32 i = 0; i < count; i++) {
        u8 *slot = code + i % SLOTS * SLOT_SIZE, *end = compile(slot, &state);

        emit_publish(slot, end);
        for (u32 call = 1; call <= CALLS; call++)
            sum = ((emit_function *)slot)(sum, i | 1, call % 4 + 1);
        /* One made earlier, too: it must not have been lost, nor be a copy of something older. */
        if (i >= SLOTS)
            sum += ((emit_function *)(code + (i * 7 + 3) % SLOTS * SLOT_SIZE))(sum, i, 2);
    }
    return bench_result(sum);
}
