/* worker.c - the thread behind worker.h: a queue, a list of what is done, and one job at a time. */
#define _GNU_SOURCE
#include "backend/jit/jit.h"
#include "backend/jit/maker.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK (8ull << 20)   /* LLVM recurses */
#define NICE 19
#define MXCSR_HOST 0x1f80u   /* as processes begin: all masked, to nearest */

struct worker {
    struct maker       maker;    /* of whichever thread does jobs */
    bool               here;
    bool               started;
    pthread_t          thread;
    u32                flushes;
    atomic_uint        waiting;  /* in the queue */
    atomic_bool        ready;    /* something is done */
    pthread_mutex_t    lock;     /* of what is below; never held for long */
    pthread_cond_t     wake;
    bool               stop;
    struct worker_job *queue, *running;
    struct worker_job *done, **done_end;
};

/* ---- jobs ---- */

struct worker_job *worker_job_new(void)
{
    struct worker_job *job = calloc(1, sizeof *job);
    CHECK(job);
    return job;
}

void worker_job_free(struct worker_job *job)
{
    for (u32 n = 0; job && n < job->region.count; n++)
        free(job->region.block[n].ir);
    free(job);
}

static void free_list(struct worker_job *list)
{
    while (list) {
        struct worker_job *next = list->next;
        worker_job_free(list);
        list = next;
    }
}

/* ---- lists, with the lock ---- */

static void append(struct worker_job **end, struct worker_job *job)
{
    while (*end)
        end = &(*end)->next;
    job->next = NULL;
    *end = job;
}

static void put_done(struct worker *w, struct worker_job *job)
{
    job->next = NULL;
    *w->done_end = job;
    w->done_end = &job->next;
    atomic_store_explicit(&w->ready, true, memory_order_release);
}

static void take_out(struct worker *w, struct worker_job **at)
{
    *at = (*at)->next;
    atomic_fetch_sub_explicit(&w->waiting, 1, memory_order_relaxed);
}

static struct worker_job *take_hottest(struct worker *w)
{
    struct worker_job **best = &w->queue, *job;
    u32 most = 0;
    for (struct worker_job **at = &w->queue; *at; at = &(*at)->next) {
        u32 heat = atomic_load_explicit(&(*at)->heat, memory_order_relaxed);
        if (heat > most) {
            most = heat;
            best = at;
        }
    }
    if ((job = *best))
        take_out(w, best);
    return job;
}

/* ---- the thread ---- */

/* A thread begins with its maker's MXCSR, the guest's. */
static void settle_in(void)
{
    x64_fp_host_restore(MXCSR_HOST);
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    (void)pthread_setname_np(pthread_self(), "mynah-regions");
}

static void *work(void *opaque)
{
    struct worker *w = opaque;
    settle_in();
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        if (!(w->running = take_hottest(w))) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        maker_do(&w->maker, w->running);
        pthread_mutex_lock(&w->lock);
        put_done(w, w->running);
        w->running = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Signals are for other threads: kicks go to the vCPU's, the rest to whoever waits for them. */
static bool start(struct worker *w)
{
    pthread_attr_t a;
    sigset_t all, was;
    sigfillset(&all);
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK);
    pthread_sigmask(SIG_BLOCK, &all, &was);
    w->started = !pthread_create(&w->thread, &a, work, w);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    pthread_attr_destroy(&a);
    return w->started;
}

/* ---- life ---- */

struct worker *worker_new(struct jit *j, const struct worker_setup *s)
{
    struct worker *w = calloc(1, sizeof *w);
    CHECK(w);
    w->here = s->here;
    w->done_end = &w->done;
    maker_init(&w->maker, j, s->load);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    return w;
}

static void stop(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    if (w->running) /* it need not be linked */
        atomic_store_explicit(&w->running->cancelled, true, memory_order_relaxed);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    if (w->started)
        stop(w);
    free_list(w->queue);
    free_list(w->done);
    maker_close(&w->maker);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

bool worker_open(struct worker *w, struct err *e) { return maker_open(&w->maker, e); }

/* ---- for the vCPU's thread ---- */

bool worker_is_full(const struct worker *w)
{
    return atomic_load_explicit(&w->waiting, memory_order_relaxed) >= WORKER_QUEUE;
}

static void do_here(struct worker *w, struct worker_job *job)
{
    u32 mxcsr = x64_fp_host();
    x64_fp_host_restore(MXCSR_HOST); /* LLVM does floating point */
    maker_do(&w->maker, job);
    x64_fp_host_restore(mxcsr);
    put_done(w, job);
}

static void enqueue(struct worker *w, struct worker_job *job)
{
    pthread_mutex_lock(&w->lock);
    append(&w->queue, job);
    atomic_fetch_add_explicit(&w->waiting, 1, memory_order_relaxed);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

bool worker_post(struct worker *w, struct worker_job *job)
{
    if (worker_is_full(w))
        return false;
    job->flushes = w->flushes;
    if (w->here) {
        do_here(w, job);
    } else if (w->started || start(w)) {
        enqueue(w, job);
    } else {
        err_set(&job->err, "no thread for regions can be started");
        job->result = WORKER_NO_TIER;
        put_done(w, job);
    }
    return true;
}

struct worker_job *worker_take(struct worker *w)
{
    if (!atomic_load_explicit(&w->ready, memory_order_acquire))
        return NULL;
    pthread_mutex_lock(&w->lock);
    struct worker_job *job = w->done;
    w->done = job->next;
    if (!w->done) {
        w->done_end = &w->done;
        atomic_store_explicit(&w->ready, false, memory_order_relaxed);
    }
    pthread_mutex_unlock(&w->lock);
    return job;
}

void worker_cancel(struct worker *w, struct worker_job *job)
{
    atomic_store_explicit(&job->cancelled, true, memory_order_relaxed);
    pthread_mutex_lock(&w->lock);
    for (struct worker_job **at = &w->queue; *at; at = &(*at)->next)
        if (*at == job) {
            take_out(w, at);
            job->result = WORKER_CANCELLED;
            put_done(w, job);
            break;
        }
    pthread_mutex_unlock(&w->lock);
}

void worker_flush(struct worker *w) { w->flushes++; }
