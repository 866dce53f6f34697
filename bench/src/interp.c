/* interp.c - an interpreter of a small stack machine: a switch in a loop, running a sieve of primes */
#include "bench.h"

enum op { PUSH, LOAD, STORE, ADD, MUL, LESS, INDEX, SET, JUMP, JUMP_IF_NOT, HALT };
enum { LIMIT = 6000, VARIABLES = 4 };
enum { I, J, COUNT, ZERO };

struct insn {
    u8 op;
    u32 arg;
};

/* for (i = 2; i < LIMIT; i++) if (!set[i]) { count++; for (j = i + i; j < LIMIT; j += i) set[j] = 1; } */
static const struct insn program[] = {
    { PUSH, 2 },     { STORE, I },
    [2] =
    { LOAD, I },     { PUSH, LIMIT }, { LESS, 0 },  { JUMP_IF_NOT, 36 },
    { LOAD, I },     { INDEX, 0 },    { PUSH, 1 },  { LESS, 0 },         { JUMP_IF_NOT, 31 },
    { LOAD, COUNT }, { PUSH, 1 },     { ADD, 0 },   { STORE, COUNT },
    { LOAD, I },     { LOAD, I },     { ADD, 0 },   { STORE, J },
    [19] =
    { LOAD, J },     { PUSH, LIMIT }, { LESS, 0 },  { JUMP_IF_NOT, 31 },
    { LOAD, J },     { PUSH, 1 },     { SET, 0 },
    { LOAD, J },     { LOAD, I },     { ADD, 0 },   { STORE, J },        { JUMP, 19 },
    [31] =
    { LOAD, I },     { PUSH, 1 },     { ADD, 0 },   { STORE, I },        { JUMP, 2 },
    [36] =
    { LOAD, COUNT }, { PUSH, 1 },     { MUL, 0 },   { HALT, 0 },
};

static NOINLINE u32 execute(const struct insn *code, u8 *set)
{
    u32 stack[16], variables[VARIABLES] = { 0 }, *sp = stack;

    for (const struct insn *pc = code;; pc++) {
        switch ((enum op)pc->op) {
        case PUSH: *sp++ = pc->arg; break;
        case LOAD: *sp++ = variables[pc->arg]; break;
        case STORE: variables[pc->arg] = *--sp; break;
        case ADD: sp--; sp[-1] += *sp; break;
        case MUL: sp--; sp[-1] *= *sp; break;
        case LESS: sp--; sp[-1] = sp[-1] < *sp; break;
        case INDEX: sp[-1] = set[sp[-1]]; break;
        case SET: sp -= 2; set[*sp] = sp[1]; break;
        case JUMP: pc = code + pc->arg - 1; break;
        case JUMP_IF_NOT: pc = *--sp ? pc : code + pc->arg - 1; break;
        case HALT: return sp[-1];
        }
    }
}

int main(int argc, char **argv)
{
    static u8 set[LIMIT];
    u64 sum = 0;

    for (u32 round = bench_count(argc, argv); round; round--) {
        memset(set, 0, sizeof set);
        sum = bench_mix(sum, execute(program, set) + round);
    }
    return bench_result(sum);
}
