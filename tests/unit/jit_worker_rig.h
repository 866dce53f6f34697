/*
 * jit_worker_rig.h - a tier that is none: its objects are eight bytes, its code leaves at once with its budget
 * unspent, so that the interpreter does what the region should. It can be slow, failing, huge or missing, and takes
 * notes.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/jit/jit.h"
#include "backend/jit/worker.h"
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define FAKE_NOTES 256u

struct tier {
    u32 opened;
};

struct fake {
    /* wishes */
    atomic_bool slow;         /* compile() waits for `go` */
    atomic_bool slow_link;    /* ... link() */
    atomic_bool failing;      /* compile() */
    atomic_bool bad_objects;  /* link() refuses */
    atomic_bool missing, broken; /* no library; one that does not open */
    atomic_uint size;         /* of code */
    sem_t       go, entered;  /* entered: a slow one waits now */
    /* notes, to be read when the worker rests or is gone */
    atomic_uint loads, compiles, links, closes;
    u32         order[FAKE_NOTES]; /* page_at of regions, as compiled */
    u8         *at[FAKE_NOTES];    /* of code, as linked */
    u32         mxcsr;
    int         nice;
    bool        hears_signals;
    pthread_t   thread;
};

static struct fake fake;

static void fake_wait(void)
{
    sem_post(&fake.entered);
    while (sem_wait(&fake.go))
        ;
}

static struct tier *fake_open(struct err *e)
{
    static struct tier t;
    if (fake.broken) {
        err_set(e, "the tier does not open");
        return NULL;
    }
    return &t;
}

static void fake_close(struct tier *t)
{
    (void)t;
    fake.closes++;
}

static bool fake_compile(struct tier *t, const struct jit_region *r, u8 **bytes, u64 *size, struct err *e)
{
    sigset_t now;
    u32 n = fake.compiles++;
    (void)t;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    fake.hears_signals = !sigismember(&now, SIGURG) || !sigismember(&now, SIGINT) || !sigismember(&now, SIGALRM);
    fake.mxcsr = x64_fp_host();
    fake.nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    fake.thread = pthread_self();
    fake.order[n % FAKE_NOTES] = (u32)r->page_at;
    if (fake.slow)
        fake_wait();
    if (fake.failing)
        return err_set(e, "this one fails");
    *size = 8;
    *bytes = calloc(1, *size);
    assert_non_null(*bytes);
    memcpy(*bytes, &r->page_at, 8);
    return true;
}

static bool fake_link(struct tier *t, const u8 *bytes, u64 size, const struct tier_arena *a,
                      const u64 symbol[REGION_SYMBOLS], u8 **fn, u64 *used, struct err *e)
{
    u64 id;
    (void)t;
    if (fake.bad_objects || size != 8)
        return err_set(e, "this is no object");
    memcpy(&id, bytes, 8);
    u8 *p = a->alloc(a->ctx, fake.size);
    if (!p)
        return err_set(e, "no code memory for %u bytes", fake.size);
    if (fake.slow_link)
        fake_wait();
    memset(p, (u8)id, fake.size);
    i32 rel = (i32)(symbol[REGION_exit_budget] - (u64)(uintptr_t)p - (u64)a->delta - 5);
    p[0] = 0xe9; /* jmp */
    memcpy(p + 1, &rel, 4);
    fake.at[fake.links++ % FAKE_NOTES] = p;
    *fn = p;
    *used = fake.size;
    return true;
}

static void fake_describe(char *text, u64 size, const void **llvm)
{
    snprintf(text, size, "a fake");
    *llvm = (const void *)(uintptr_t)fake_open;
}

static const struct tier_api fake_tier = { TIER_VERSION, fake_open, fake_close, fake_compile, fake_link,
                                           fake_describe };

static const struct tier_api *fake_load(struct err *e)
{
    fake.loads++;
    if (!fake.missing)
        return &fake_tier;
    err_set(e, "the tier is not there");
    return NULL;
}

static void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.size = 64;
    sem_init(&fake.go, 0, 0);
    sem_init(&fake.entered, 0, 0);
}

static void __attribute__((unused)) fake_entered(void)
{
    while (sem_wait(&fake.entered))
        ;
}
