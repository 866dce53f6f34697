/* a64_run.h - the instruction fuzzer: runs, comparison, shrinking. Private to a64_run.c and a64_shrink.c. */
#pragma once
#include "tests/fuzz/a64_gen.h"

struct af_fuzz {
    const struct fuzz_options *o;
    struct af_rows  rows;
    struct af_prog  prog, tried;  /* of the seed; a smaller one */
    struct af_rig  *rig[2];
    bool              broken;        /* the rigs, by a crash: they are left alone */
    u64               history;       /* programs that run before each try */
    struct af_prog   warm;          /* one of those */
    u8              image[AF_PAGES * PAGE_SIZE];
    u8              covered[A64_ROW_COUNT];
    u32             word;         /* about to run alone */
    u64             events;       /* exceptions before it */
    bool            known;
};

/* Runs p on both; true: no difference. Otherwise, what differs is printed to f (may be NULL). */
bool af_run(struct af_fuzz *z, const struct af_prog *p, FILE *f);
/* New machines: nothing of earlier programs is left. */
bool af_fresh(struct af_fuzz *z, struct err *e) MUST_CHECK;
/* Makes z->prog small while it differs; the number of words left that are not NOP. */
u32 af_shrink(struct af_fuzz *z);
void af_print(struct af_fuzz *z, FILE *f);
