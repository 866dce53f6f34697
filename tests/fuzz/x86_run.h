/* x86_run.h - the x86 instruction fuzzer: runs, comparison, shrinking. Private to x86_run.c and x86_shrink.c. */
#pragma once
#include "tests/fuzz/x86_gen.h"

struct xf_fuzz {
    const struct fuzz_options *o;
    struct xf_rows  rows;
    struct xf_prog  prog, tried;  /* of the seed; a smaller one */
    struct xf_rig  *rig[2];
    bool              broken;        /* the rigs, by a crash: they are left alone */
    u64               history;       /* programs that run before each try */
    struct xf_prog   warm;          /* one of those */
    u8              image[XF_PAGES * PAGE_SIZE];
    u8              covered[X86_ROW_COUNT];
    u32             row;          /* of the instruction about to run alone, X86_ROW_COUNT: unknown */
    u64             events;       /* exceptions before it */
};

/* Runs p on both; true: no difference. Otherwise, what differs is printed to f (may be NULL). */
bool xf_run(struct xf_fuzz *z, const struct xf_prog *p, FILE *f);
/* New machines: nothing of earlier programs is left. */
bool xf_fresh(struct xf_fuzz *z, struct err *e) MUST_CHECK;
/* Makes z->prog small while it differs; the number of instructions left that are not NOP. */
u32 xf_shrink(struct xf_fuzz *z);
void xf_print(struct xf_fuzz *z, FILE *f);
/* The instruction at pc; false: it is not in the pages of code, or is none. */
bool xf_decode(const struct xf_rig *g, gva pc, struct x86_insn *i, u8 bytes[16]);
