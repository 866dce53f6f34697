/*
 * lockstep.h - two machines in turn to the same instruction counts, compared; the first difference is narrowed
 * down to one instruction and told. docs/lockstep.md.
 *
 * Both machines are deterministic (CLOCK_ICOUNT, idle skipped), built alike, and get no input; only their engines
 * differ. A comparison costs what was written since the one before, a copy to go back to the same and the TLB.
 */
#pragma once
#include "app/disk_twins.h"
#include "host/chr.h"
#include "snapshot/buf.h"
#include "snapshot/twins.h"

struct lockstep_side {
    struct machine *m;
    const char     *name;             /* of the engine, for the report */
    struct chr      serial, console;  /* for the machine's devices: collect what it prints */
    struct buf      out;              /* since the last copy */
    enum machine_end end;             /* of the last run */
    u64             ns;               /* host time in the engine */
};

struct lockstep {
    struct lockstep_side side[2];
    struct disk_twins   *disks;       /* of both; NULL: none */
    u64                  every;       /* instructions between comparisons */
    u64                  keep_every;  /* comparisons between copies */
    u64                  stop_at;     /* ~0: when the guest ends */
    u32                  log_mask;    /* for the one instruction that is told */
    FILE                *report;
    void               (*show)(void *opaque, const u8 *p, u64 n); /* what both printed; NULL: to nobody */
    bool               (*quit)(void *opaque);                     /* the user wants to leave; NULL: never */
    void                *opaque;
    /* Made by the run. */
    struct twins        *twins;
    struct twins_stats   stats;
    u64                  checkpoints; /* comparisons that found no difference */
    u64                  compare_ns, keep_ns;
    u64                  agreed;      /* instruction count of the last of them */
    u64                  kept_at;     /* instruction count of the copy */
    u64                  shown;       /* bytes of `out` that both printed and that were shown */
    bool                 cold;        /* going back forgets translated code too */
};

enum lockstep_result {
    LOCKSTEP_SAME,      /* until the guest ended, stop_at, or both wait for input for ever */
    LOCKSTEP_DIFFERENT, /* told in the report */
    LOCKSTEP_QUIT,      /* the user left; the same so far */
    LOCKSTEP_FAILED     /* e says why */
};

/* Defaults; names and machines come next, the chrs may be handed out at once. l must not move. */
void lockstep_init(struct lockstep *l);
/* Once. The machines are the caller's, and spent. */
enum lockstep_result lockstep_run(struct lockstep *l, struct err *e);
void lockstep_free(struct lockstep *l); /* before the machines */

/* ---- between the files of lockstep ---- */

void lockstep_run_both(struct lockstep *l, u64 count);
bool lockstep_same(struct lockstep *l); /* everything but translated code, as it is now */
/* Both machines back to the copy. */
bool lockstep_back(struct lockstep *l, struct err *e) MUST_CHECK;
/* Both machines are at `from` and run to `to`; true: they are equal there and were on the way. */
bool lockstep_go(struct lockstep *l, u64 from, u64 to);
/* lockstep_find.c: the machines differ at `bad`: finds out where that began, and reports. */
bool lockstep_find(struct lockstep *l, u64 bad, struct err *e) MUST_CHECK;
/* lockstep_report.c: all that differs now, in columns; and the difference behind instruction `count`, which comes
 * when the `span` instructions up to there run in one go. */
void lockstep_print_differences(const struct lockstep *l, FILE *f);
bool lockstep_report(struct lockstep *l, u64 count, u64 span, struct err *e) MUST_CHECK;
