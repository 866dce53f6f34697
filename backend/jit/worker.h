/*
 * worker.h - private to backend/jit: regions become code behind the vCPU's back.
 *
 * One thread an engine, started by the first job, at the lowest priority. It does all that lies between IR and
 * code: loads the tier (tier.h), looks into the store, compiles, links. What is left to the vCPU's thread is to
 * choose blocks, to lift them, and to turn code on between two slices (regions.c).
 *
 * Code memory of regions is the worker's: nobody else hands it out, and when it begins anew, that is in front of
 * the first job posted since worker_flush(). So whatever is under way during a flush may still be written, but is
 * thrown away.
 *
 * Threads: all functions are for one thread, the vCPU's.
 */
#pragma once
#include "backend/jit/tier.h"
#include <stdatomic.h>

#define WORKER_QUEUE 32u /* jobs that wait; one more is refused */

struct jit;

enum worker_result {
    WORKER_MADE,
    WORKER_FAILED,    /* err says why */
    WORKER_NO_ROOM,   /* ... and no other one need be tried before a flush */
    WORKER_NO_TIER,   /* ... and none ever */
    WORKER_CANCELLED
};

/* Allocated by worker_job_new(), to be freed by worker_job_free(). */
struct worker_job {
    struct jit_region  region;      /* its blocks' IR is the job's */
    u32                slot;        /* struct jit_ctx */
    void              *owner;       /* the poster's, never looked at */
    atomic_uint        heat;        /* the hottest is done first; of equals the first */
    atomic_bool        cancelled;   /* by worker_cancel() */
    /* what became of it */
    enum worker_result result;
    const u8          *code;        /* where it is entered: executable address */
    const u8          *fn;          /* ... behind its stub */
    u64                used, ns;    /* bytes of code memory; CPU time that it took */
    bool               from_store;
    struct err         err;
    /* the worker's */
    struct worker_job *next;
    u32                flushes;     /* before it was posted */
};
struct worker_job *worker_job_new(void);
void worker_job_free(struct worker_job *job); /* NULL is fine */

struct worker_setup {
    bool here; /* no thread: worker_post() does the job, in the host's MXCSR */
    const struct tier_api *(*load)(struct err *e); /* of the tier; NULL: tier_load() */
};

/* The engine's code memory and thunks are there. */
struct worker *worker_new(struct jit *j, const struct worker_setup *s);
/* Whatever waits is not done; one compilation at most is waited for. NULL is fine. */
void worker_free(struct worker *w);
/* Loads the tier now and not with the first job. */
bool worker_open(struct worker *w, struct err *e) MUST_CHECK;
bool worker_is_full(const struct worker *w);
/* The job is the worker's until worker_take() gives it back. False: the queue is full, the job is still the
 * caller's. */
bool worker_post(struct worker *w, struct worker_job *job) MUST_CHECK;
/* A job that is done, or NULL: then it is one load. */
struct worker_job *worker_take(struct worker *w);
/* A posted job is of no use any more: it comes back all the same, and is not compiled if it was waiting. */
void worker_cancel(struct worker *w, struct worker_job *job);
/* No code of regions is used any more, all jobs were cancelled. Not while code runs. */
void worker_flush(struct worker *w);

/* ---- tier_load.c ---- */
/* mynah-llvm.so beside the program or installed; it stays loaded, LLVM does not like to go. NULL: e says why. */
const struct tier_api *tier_load(struct err *e) MUST_CHECK;
