/*
 * a64_gen.h - random instructions from the decode tables, random programs of them. Private to a64_*.c.
 */
#pragma once
#include "tests/fuzz/a64_rig.h"

enum af_class {
    AF_C_DP, AF_C_BRANCH, AF_C_EXC, AF_C_SYSTEM, AF_C_LDST, AF_C_LDST_SIMD, AF_C_ATOMIC, AF_C_FP, AF_C_SIMD,
    AF_C_COUNT
};

/* What registers are for, so that values flow and addresses stay good for a while. */
enum { AF_X_DATA = 0 /* to 9 */, AF_X_INDEX = 10 /* and 11: small */, AF_X_SCRATCH = 12 /* and 13 */,
       AF_X_LABEL = 16 /* 17, and 28 to 30: addresses of code */, AF_X_POINTER = 20 /* to 27 */ };

/* What the generator knows of the rows; made once. */
#define AF_FIELDS 10u
struct af_rows {
    u64 features;
    u16 row[AF_C_COUNT][A64_ROW_COUNT], count[AF_C_COUNT]; /* rows of a class */
    u16 wanted[A64_ROW_COUNT], wanted_count;               /* of --group */
    u8  cls[A64_ROW_COUNT];
    u8  field[A64_ROW_COUNT][AF_FIELDS];                    /* what a field is for */
};
void af_rows_init(struct af_rows *rows, const char *group);

struct af_gen {
    struct fuzz_rng       r;
    const struct af_rows *rows;
    struct af_prog       *p;
    u32                   want;     /* words the program shall have */
    u16                   weight[AF_C_COUNT];
    bool                  el0, mmu, big_endian, tame; /* tame: few accesses fault */
    enum af_view          view;     /* where the program runs */
};

/* A word of the row, as instruction `at` of the program. */
u32 af_insn(struct af_gen *g, u32 row, u32 at);
u32 af_any_insn(struct af_gen *g, u32 at); /* of any row, by the program's weights */
/* Appends. */
void af_word(struct af_gen *g, u32 insn);
void af_mov(struct af_gen *g, u32 rd, u64 val);
/* An address of data that is good, or bad in an interesting way; of the instruction `index`, in some view. */
u64 af_pointer(struct af_gen *g);
u64 af_label(struct af_gen *g, u32 index);
u64 af_pstate(struct af_gen *g); /* for SPSR_EL1 */
/* Sequences that random single instructions would hardly make: system registers, ERET, TLB maintenance, changes of
 * tables and of code, ... */
void af_sequence(struct af_gen *g);

void af_generate(struct af_prog *p, const struct af_rows *rows, u64 seed);
