/* smc_patch.c - change a constant in a hot function's instruction, call the function, change it again */
#include "emit.h"

enum { CALLS = 16, TURNS = 12 };

int main(int argc, char **argv)
{
    u8 *code = emit_memory(4096);
    struct emit e = { code };
    u32 count = bench_count(argc, argv);
    u64 sum = 1;

    emit_start(&e);
    u8 *top = e.at;
    emit_op(&e, EMIT_MUL, 0);
    u8 *patched = e.at;
    emit_op(&e, EMIT_ADD_CONSTANT, 1);
    emit_op(&e, EMIT_ROTATE, 13);
    emit_loop(&e, top);
    emit_return(&e);
    emit_publish(code, e.at);
    for (u32 i = 0; i < count; i++) {
        emit_patch(patched, i);
        for (u32 call = 0; call < CALLS; call++)
            sum = ((emit_function *)code)(sum, call * 2 + 3, TURNS);
    }
    return bench_result(sum);
}
