/*
 * fuzz.h - what the IR fuzzer and the instruction fuzzer share: options, plans of runs, the loop over seeds.
 */
#pragma once
#include "tests/fuzz/engines.h"
#include "tests/fuzz/values.h"

struct fuzz_options {
    const struct engine *engine[2];
    u64         seed, count;  /* first program, number of programs */
    u64         seconds;      /* 0: no limit of time */
    bool        only;         /* this one program, in fresh machines, with everything compared */
    bool        verbose, coverage, progress;
    bool        raw;          /* crashes and hangs are left to a debugger */
    bool        arm_fp;       /* IR: no FP environments of x86 */
    const char *group;        /* instructions: rows whose names match; NULL: all */
};

/* How a program is run: in steps, between which states are compared and interrupts may come. In a step one engine
 * runs with one budget, the other one in slices. */
#define FUZZ_STEPS 12u
struct fuzz_step {
    u32 insns;
    u32 slice[2]; /* largest budget of a slice, per engine; 0: the whole step */
    u8  irq;      /* input levels from here on */
};
struct fuzz_plan {
    u32              count;
    struct fuzz_step step[FUZZ_STEPS];
};
void fuzz_random_plan(struct fuzz_rng *r, struct fuzz_plan *p, u32 insns);
void fuzz_print_plan(const struct fuzz_plan *p, FILE *f);
/* Makes a plan simpler while differs() says that the engines do; true: it became simpler. */
typedef bool fuzz_differs_fn(void *, const struct fuzz_plan *);
bool fuzz_shrink_plan(struct fuzz_plan *p, fuzz_differs_fn *differs, void *opaque);

/* Step i of the plan on one engine, the first (0) or the second (1); the same rules as the machine's loop, but that a
 * halted vCPU goes on, and one of x86 that shut down is done. False: the engine broke the contract, as e says.
 * `single`, if not NULL, is called around runs of one instruction. */
struct fuzz_single {
    void (*before)(void *opaque);
    void (*after)(void *opaque);
    void *opaque;
};
bool fuzz_run_step(struct vcpu *v, const struct fuzz_plan *p, u32 i, u32 which, u64 seed,
                   const struct fuzz_single *single, struct err *e);

/* Calls fn. False, with e: it crashed, or took more than 1.5 seconds of processor time. What it worked on is then
 * good for nothing any more, not even for being freed. */
bool fuzz_guarded(void (*fn)(void *), void *opaque, struct err *e);

/* Between programs: nothing cached of translations, RAM pages that were written as in `image` again. `off`, `len`:
 * of the object; the engine is told of code that goes. */
void fuzz_restore(struct vcpu *v, struct memobj *o, const u8 *image);
/* Pages of o that differ from `image` but are not marked dirty: their number. */
u32 fuzz_unmarked(const struct memobj *o, const u8 *image);
/* Are they the same in a and b? What differs is printed to f, unless that is NULL. */
bool fuzz_same_ram(const struct memobj *a, const struct memobj *b, FILE *f);
bool fuzz_same_fields(const struct state_desc *d, const void *a, const void *b, FILE *f);
/* The data TLBs, which are part of the machine. */
bool fuzz_same_tlb(const struct mmu *a, const struct mmu *b);

/* ---- the loop over seeds (main.c) ---- */

/* A fuzzer: of IR, of instructions. */
struct fuzz_kind {
    const char *name, *covers; /* what coverage counts */
    void *(*open)(const struct fuzz_options *o, struct err *e);
    void  (*close)(void *fuzzer);
    /* Generates and runs a program; true: the engines agree. */
    bool  (*run)(void *fuzzer, u64 seed);
    /* It failed just now: shrinks it, prints it. Returns the number of guest instructions that are left. */
    u32   (*report)(void *fuzzer, u64 seed);
    void  (*coverage)(const void *fuzzer, u32 *seen, u32 *all, FILE *missing); /* FILE may be NULL */
};
extern const struct fuzz_kind fuzz_ir, fuzz_a64, fuzz_x86;

/* A program that differed, in machines that are fresh again: what report() has in common. */
struct fuzz_found {
    void *fuzzer;
    u64   seed, first;     /* of the program; of the run */
    u64  *history;         /* programs that run before each try; left at what it takes */
    bool (*agrees)(void *fuzzer);
    u32  (*shrink)(void *fuzzer);
    void (*print)(void *fuzzer, FILE *f);
};
u32 fuzz_report(const struct fuzz_found *d); /* struct fuzz_kind, report */
#define FUZZ_FEW 64u   /* programs that may have to run before the one that is shrunk */
#define FUZZ_SMALL 8u /* guest instructions: what the self-test takes for shrunk */
