/* worker_make.c - a region's IR becomes code: from the store, or by the tier; see maker.h. */
#include "backend/jit/jit.h"
#include "backend/jit/maker.h"
#include <stdlib.h>
#include <time.h>

#define REGION_MOST (1ull << 20)

void maker_init(struct maker *m, struct jit *j, const struct tier_api *(*load)(struct err *e))
{
    *m = (struct maker){ .j = j, .load = load ? load : tier_load };
    m->at = j->base + j->size;
    m->end = j->base + j->mapped;
}

void maker_close(struct maker *m)
{
    if (m->tier)
        m->api->close(m->tier);
}

static void open_tier(struct maker *m)
{
    struct code_store *store = m->j->v->m->code_store;
    m->api = m->load(&m->lost);
    m->tier = m->api ? m->api->open(&m->lost) : NULL;
    if (m->tier && store && region_key_start(&m->key, m->api))
        m->store = store;
}

bool maker_open(struct maker *m, struct err *e)
{
    if (!m->tried)
        open_tier(m);
    m->tried = true;
    if (!m->tier)
        *e = m->lost;
    return m->tier;
}

/* ---- code memory ---- */

static u8 *alloc(void *ctx, u64 size)
{
    struct maker *m = ctx;
    u8 *p = m->at + (-(uintptr_t)m->at & 63);
    if (p > m->end || size > (u64)(m->end - p)) {
        m->no_room = true;
        return NULL;
    }
    m->at = p + size;
    return p;
}

/* Nobody runs what was there: the job was posted behind the flush. */
static void begin_anew(struct maker *m, u32 flushes)
{
    if (m->flushes == flushes)
        return;
    m->flushes = flushes;
    m->at = m->j->base + m->j->size;
}

static bool link_object(struct maker *m, struct worker_job *job, const u8 *bytes, u64 size)
{
    const struct tier_arena arena = { alloc, m, m->j->delta, REGION_MOST, job->region.layout };
    u64 symbol[REGION_SYMBOLS];
    u8 *fn, *stub;
    for (u32 n = 0; n < REGION_SYMBOLS; n++)
        symbol[n] = (u64)(uintptr_t)m->j->t.region[n];
    if (!m->api->link(m->tier, bytes, size, &arena, symbol, &fn, &job->used, &job->err))
        return false;
    if (!(stub = alloc(m, X64_STUB)))
        return err_set(&job->err, "no code memory for an entry");
    job->fn = fn + m->j->delta;
    job->code = x64_region_entry(m->j, stub, job->fn, job->slot, job->region.pages);
    return true;
}

/* ---- from the store, or compiled ---- */

/* One that cannot be linked is compiled again. */
static bool fetch(struct maker *m, struct worker_job *job, const u8 *key)
{
    struct code_blob blob;
    if (!m->store || !code_store_get(m->store, key, &blob))
        return false;
    job->from_store = link_object(m, job, blob.p, blob.n);
    code_blob_free(&blob);
    return job->from_store;
}

static enum worker_result compile(struct maker *m, struct worker_job *job, const u8 *key)
{
    u8 *bytes = NULL;
    u64 size = 0;
    enum worker_result r = WORKER_FAILED;
    if (m->api->compile(m->tier, &job->region, &bytes, &size, &job->err)) {
        if (m->store)
            code_store_put(m->store, key, bytes, size);
        if (atomic_load_explicit(&job->cancelled, memory_order_relaxed))
            r = WORKER_CANCELLED;
        else if (link_object(m, job, bytes, size))
            r = WORKER_MADE;
    }
    free(bytes);
    return r;
}

static enum worker_result make(struct maker *m, struct worker_job *job)
{
    u8 key[CODE_KEY_BYTES];
    if (atomic_load_explicit(&job->cancelled, memory_order_relaxed))
        return WORKER_CANCELLED;
    if (!maker_open(m, &job->err))
        return WORKER_NO_TIER;
    begin_anew(m, job->flushes);
    m->no_room = false;
    if (m->store)
        region_key(&m->key, &job->region, key);
    enum worker_result r = fetch(m, job, key) ? WORKER_MADE : m->no_room ? WORKER_FAILED : compile(m, job, key);
    return r == WORKER_FAILED && m->no_room ? WORKER_NO_ROOM : r;
}

/* The thread's own: one of low priority waits for others. */
static u64 cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

void maker_do(struct maker *m, struct worker_job *job)
{
    u64 since = cpu_ns();
    job->result = make(m, job);
    job->ns = cpu_ns() - since;
}
