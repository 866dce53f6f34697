/*
 * engines.h - engines that are wrong on purpose: with them the fuzzers show that they can fail.
 *
 * Each is the interpreter that gets one thing wrong.
 */
#pragma once
#include "vm/vm.h"

enum fuzz_mistake {
    WRONG_OP,     /* takes the row `from` for the row `to` */
    WRONG_FAULT,  /* reports the wrong address for faults in the middle of an access */
    WRONG_STALE,  /* does not see that code was written */
    WRONG_COUNT,  /* loses count at some exceptions */
    WRONG_BUDGET  /* runs one instruction too many at times */
};
struct fuzz_wrong {
    struct engine     e;   /* first: v->engine leads here */
    enum fuzz_mistake mistake;
    u16               from, to;
};
/* For --self-test, in order; NULL behind the last. Their names say what is wrong. */
const struct fuzz_wrong *fuzz_wrong_engine(u32 i);
