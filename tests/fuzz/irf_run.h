/* irf_run.h - the IR fuzzer: runs, comparison, shrinking. Private to irf_run.c and irf_shrink.c. */
#pragma once
#include "tests/fuzz/irf_rig.h"

struct irf_fuzz {
    const struct fuzz_options *o;
    struct irf_layout layout;
    struct irf_forms  forms;
    struct ir_block   scratch;
    struct irf_prog   prog, tried;   /* of the seed; a smaller one */
    struct irf_rig   *rig[2];
    bool              broken;        /* the rigs, by a crash: they are left alone */
    u64               history;       /* programs that run before each try */
    struct irf_prog   warm;          /* one of those */
    u8                image[IRF_RAM_PAGES * PAGE_SIZE];
    u8                covered[IRF_FORMS];
    u8                lifted[IRF_FRAGS];
};

/* Runs p on both; true: no difference. Otherwise, what differs is printed to f (may be NULL). */
bool irf_run(struct irf_fuzz *z, const struct irf_prog *p, FILE *f);
/* New machines: nothing of earlier programs is left. */
bool irf_fresh(struct irf_fuzz *z, struct err *e) MUST_CHECK;
/* Makes z->prog small while it differs; the number of fragments left that do something. */
u32 irf_shrink(struct irf_fuzz *z);
void irf_print(struct irf_fuzz *z, FILE *f);
