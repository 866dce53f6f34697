/* jit_worker_test.c - the thread that makes regions: order, bounds, what is cancelled, what a flush and an end leave
 * alone. */
#define _GNU_SOURCE
#include "tests/unit/jit_worker_rig.h"

#define ARENA 65536u

struct rig {
    struct machine m;
    struct vcpu    v;
    struct jit     j;
    struct worker *w;
    struct jit_ctx ctx; /* near the arena */
    _Alignas(64) u8 arena[ARENA];
};

static struct rig *rig_new(bool here)
{
    struct rig *r = aligned_alloc(64, sizeof *r);
    assert_non_null(r);
    memset(r, 0, sizeof *r);
    fake_reset();
    r->v.m = &r->m;
    r->j.v = &r->v;
    r->j.ctx = &r->ctx;
    r->j.base = r->arena;
    r->j.mapped = ARENA;
    for (u32 n = 0; n < REGION_SYMBOLS; n++)
        r->j.t.region[n] = r->arena;
    r->w = worker_new(&r->j, &(struct worker_setup){ here, fake_load });
    return r;
}

static void rig_free(struct rig *r)
{
    worker_free(r->w);
    free(r);
}

/* ids tell jobs apart. */
static struct worker_job *job_new(u32 id, u32 heat)
{
    struct worker_job *job = worker_job_new();
    job->region.page_at = id;
    job->heat = heat;
    job->region.block[0].ir = calloc(1, 64);
    job->region.count = 1;
    return job;
}

static struct worker_job *post(struct rig *r, u32 id, u32 heat)
{
    struct worker_job *job = job_new(id, heat);
    assert_true(worker_post(r->w, job));
    return job;
}

static struct worker_job *take(struct rig *r)
{
    struct worker_job *job;
    while (!(job = worker_take(r->w)))
        sched_yield();
    return job;
}

static void expect_job(struct rig *r, u32 id, enum worker_result result)
{
    struct worker_job *job = take(r);
    assert_int_equal(job->region.page_at, id);
    assert_int_equal(job->result, result);
    worker_job_free(job);
}

/* The worker stands in compile() of job 0. */
static struct worker_job *occupy(struct rig *r)
{
    fake.slow = true;
    struct worker_job *job = post(r, 0, 0);
    fake_entered();
    fake.slow = false;
    return job;
}

static void release(void) { sem_post(&fake.go); }

/* ---- the queue ---- */

static void hottest_first(void **state)
{
    struct rig *r = rig_new(false);
    (void)state;
    occupy(r);
    post(r, 1, 0);
    post(r, 2, 5);
    post(r, 3, 5);
    struct worker_job *late = post(r, 4, 0);
    late->heat += 9;
    assert_null(worker_take(r->w));
    release();
    static const u32 want[] = { 0, 4, 2, 3, 1 };
    for (u32 n = 0; n < COUNT(want); n++)
        expect_job(r, want[n], WORKER_MADE);
    assert_null(worker_take(r->w));
    assert_memory_equal(fake.order, want, sizeof want);
    rig_free(r);
}

static void bounded(void **state)
{
    struct rig *r = rig_new(false);
    (void)state;
    occupy(r);
    for (u32 n = 1; n <= WORKER_QUEUE; n++) {
        assert_false(worker_is_full(r->w));
        post(r, n, 0);
    }
    struct worker_job *more = job_new(99, 0);
    assert_true(worker_is_full(r->w));
    assert_false(worker_post(r->w, more));
    release();
    for (u32 n = 0; n <= WORKER_QUEUE; n++)
        expect_job(r, n, WORKER_MADE);
    assert_true(worker_post(r->w, more));
    expect_job(r, 99, WORKER_MADE);
    rig_free(r);
}

static void cancelled(void **state)
{
    struct rig *r = rig_new(false);
    (void)state;
    struct worker_job *running = occupy(r), *waits;
    post(r, 1, 0);
    waits = post(r, 2, 0);
    for (u32 n = 3; n <= WORKER_QUEUE; n++)
        post(r, n, 0);
    worker_cancel(r->w, waits);
    worker_cancel(r->w, running);
    assert_false(worker_is_full(r->w));
    expect_job(r, 2, WORKER_CANCELLED);
    release();
    expect_job(r, 0, WORKER_CANCELLED);
    expect_job(r, 1, WORKER_MADE);
    for (u32 n = 3; n <= WORKER_QUEUE; n++)
        expect_job(r, n, WORKER_MADE);
    assert_int_equal(fake.compiles, WORKER_QUEUE);
    assert_int_equal(fake.links, WORKER_QUEUE - 1);
    rig_free(r);
}

/* A job that is done may be cancelled before it is taken. */
static void cancelled_late(void **state)
{
    struct rig *r = rig_new(true);
    (void)state;
    struct worker_job *job = post(r, 1, 0);
    worker_cancel(r->w, job);
    expect_job(r, 1, WORKER_MADE);
    assert_null(worker_take(r->w));
    rig_free(r);
}

/* ---- code memory ---- */

/* What is under way during the flush may write, and nothing that comes behind it is overwritten. */
static void flushed(void **state)
{
    struct rig *r = rig_new(false);
    (void)state;
    fake.size = 100;
    post(r, 1, 0);
    expect_job(r, 1, WORKER_MADE);
    fake.slow_link = true;
    struct worker_job *old = post(r, 2, 0);
    fake_entered();
    fake.slow_link = false;
    worker_cancel(r->w, old);
    worker_flush(r->w);
    post(r, 3, 0);
    post(r, 4, 0);
    release();
    worker_job_free(take(r)); /* whatever it says, its poster does not look any more */
    expect_job(r, 3, WORKER_MADE);
    expect_job(r, 4, WORKER_MADE);
    assert_ptr_equal(fake.at[0], r->arena);
    assert_true(fake.at[1] >= r->arena + 100);
    assert_ptr_equal(fake.at[2], r->arena);
    assert_true(fake.at[3] >= r->arena + 100);
    for (u32 n = 5; n < 100; n++) {
        assert_int_equal(fake.at[2][n], 3);
        assert_int_equal(fake.at[3][n], 4);
    }
    rig_free(r);
}

static void no_room(void **state)
{
    struct rig *r = rig_new(true);
    (void)state;
    fake.size = ARENA + 1;
    struct worker_job *job = post(r, 1, 0);
    assert_ptr_equal(take(r), job);
    assert_int_equal(job->result, WORKER_NO_ROOM);
    assert_string_equal(job->err.msg, "no code memory for 65537 bytes");
    worker_job_free(job);
    fake.size = ARENA; /* leaves nothing for the entry */
    job = post(r, 2, 0);
    assert_ptr_equal(take(r), job);
    assert_int_equal(job->result, WORKER_NO_ROOM);
    assert_string_equal(job->err.msg, "no code memory for an entry");
    worker_job_free(job);
    fake.size = 64;
    post(r, 3, 0);
    expect_job(r, 3, WORKER_NO_ROOM);
    worker_flush(r->w);
    post(r, 4, 0);
    expect_job(r, 4, WORKER_MADE);
    rig_free(r);
}

static void entry(void **state)
{
    struct rig *r = rig_new(true);
    (void)state;
    post(r, 1, 0);
    struct worker_job *job = take(r);
    static const u8 sub_rsp_8_add_r12[] = { 0x48, 0x83, 0xec, 0x08, 0x4c, 0x01, 0x25 };
    i32 rel;
    assert_memory_equal(job->code, sub_rsp_8_add_r12, sizeof sub_rsp_8_add_r12);
    memcpy(&rel, job->code + 7, 4);
    assert_ptr_equal(job->code + 11 + rel, &r->ctx.region_insns);
    const u8 *jump = job->code + 28; /* what lies between notes the slot and counts the entry */
    assert_int_equal(*jump, 0xe9);
    memcpy(&rel, jump + 1, 4);
    assert_ptr_equal(jump + 5 + rel, fake.at[0]);
    assert_int_equal(job->used, 64);
    worker_job_free(job);
    rig_free(r);
}

/* ---- what can fail ---- */

static void failing(void **state)
{
    struct rig *r = rig_new(false);
    (void)state;
    fake.failing = true;
    post(r, 1, 0);
    struct worker_job *job = take(r);
    assert_int_equal(job->result, WORKER_FAILED);
    assert_string_equal(job->err.msg, "this one fails");
    worker_job_free(job);
    fake.failing = false;
    fake.bad_objects = true;
    post(r, 2, 0);
    expect_job(r, 2, WORKER_FAILED);
    fake.bad_objects = false;
    post(r, 3, 0);
    expect_job(r, 3, WORKER_MADE);
    rig_free(r);
}

static void try_without_tier(bool missing, const char *text)
{
    struct rig *r = rig_new(false);
    *(missing ? &fake.missing : &fake.broken) = true;
    for (u32 n = 0; n < 3; n++) {
        post(r, n, 0);
        struct worker_job *job = take(r);
        assert_int_equal(job->result, WORKER_NO_TIER);
        assert_string_equal(job->err.msg, text);
        worker_job_free(job);
    }
    assert_int_equal(fake.loads, 1);
    assert_int_equal(fake.compiles, 0);
    rig_free(r);
    assert_int_equal(fake.closes, 0);
}

static void without_tier(void **state)
{
    (void)state;
    try_without_tier(true, "the tier is not there");
    try_without_tier(false, "the tier does not open");
}

static void opened_first(void **state)
{
    struct rig *r = rig_new(true);
    struct err e;
    (void)state;
    assert_true(worker_open(r->w, &e));
    post(r, 1, 0);
    expect_job(r, 1, WORKER_MADE);
    assert_int_equal(fake.loads, 1);
    rig_free(r);
    assert_int_equal(fake.closes, 1);
    r = rig_new(true);
    fake.missing = true;
    assert_false(worker_open(r->w, &e));
    assert_string_equal(e.msg, "the tier is not there");
    rig_free(r);
}

/* ---- the thread ---- */

static void *release_soon(void *opaque)
{
    (void)opaque;
    usleep(20000);
    release();
    return NULL;
}

/* One compilation is waited for, nothing else happens. */
static void ends_in_flight(void **state)
{
    struct rig *r = rig_new(false);
    pthread_t helper;
    (void)state;
    occupy(r);
    for (u32 n = 1; n <= 5; n++)
        post(r, n, 0);
    assert_int_equal(pthread_create(&helper, NULL, release_soon, NULL), 0);
    rig_free(r);
    pthread_join(helper, NULL);
    assert_int_equal(fake.compiles, 1);
    assert_int_equal(fake.links, 0);
    assert_int_equal(fake.closes, 1);
}

static void ends_unused(void **state)
{
    (void)state;
    rig_free(rig_new(false));
    rig_free(rig_new(true));
    assert_int_equal(fake.loads, 0);
    struct rig *r = rig_new(false); /* results that nobody takes */
    for (u32 n = 0; n < 3; n++)
        post(r, n, 0);
    while (fake.links < 3)
        sched_yield();
    rig_free(r);
}

#define GUEST_MXCSR 0xffe0u /* to zero, flushes, FTZ, sticky bits */

static void alone(void **state)
{
    struct rig *r = rig_new(false);
    u32 host = x64_fp_host();
    int nice_was = getpriority(PRIO_PROCESS, (id_t)gettid());
    (void)state;
    x64_fp_host_restore(GUEST_MXCSR);
    post(r, 1, 0);
    struct worker_job *job = take(r);
    u32 mine = x64_fp_host();
    x64_fp_host_restore(host);
    worker_job_free(job);
    assert_int_equal(mine, GUEST_MXCSR);
    assert_int_equal(fake.mxcsr, 0x1f80);
    assert_int_equal(fake.nice, 19);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), nice_was);
    assert_false(fake.hears_signals);
    assert_false(pthread_equal(fake.thread, pthread_self()));
    rig_free(r);
}

static void here(void **state)
{
    struct rig *r = rig_new(true);
    u32 host = x64_fp_host();
    int nice_was = getpriority(PRIO_PROCESS, (id_t)gettid());
    (void)state;
    x64_fp_host_restore(GUEST_MXCSR);
    struct worker_job *job = post(r, 1, 0);
    u32 mine = x64_fp_host();
    x64_fp_host_restore(host);
    assert_ptr_equal(worker_take(r->w), job);
    worker_job_free(job);
    assert_int_equal(mine, GUEST_MXCSR);
    assert_int_equal(fake.mxcsr, 0x1f80);
    assert_true(pthread_equal(fake.thread, pthread_self()));
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), nice_was);
    rig_free(r);
}

/* Post, cancel, flush and take at random: every job comes back once. */
static void at_random(void **state)
{
    struct rig *r = rig_new(false);
    struct worker_job *mine[WORKER_QUEUE + 8] = { 0 };
    u32 posted = 0, taken = 0, seed = 1;
    (void)state;
    fake.size = 8;
    for (u32 round = 0; round < 20000; round++) {
        seed = seed * 1664525 + 1013904223;
        u32 slot = (seed >> 8) % COUNT(mine), what = seed >> 28;
        struct worker_job *job = what < 8 ? worker_take(r->w) : NULL;
        if (job) {
            taken++;
            for (u32 n = 0; n < COUNT(mine); n++)
                mine[n] = mine[n] == job ? NULL : mine[n];
            worker_job_free(job);
        } else if (!mine[slot] && !worker_is_full(r->w)) {
            mine[slot] = post(r, slot, seed >> 30);
            posted++;
        } else if (mine[slot] && what == 15) {
            for (u32 n = 0; n < COUNT(mine); n++)
                if (mine[n])
                    worker_cancel(r->w, mine[n]);
            worker_flush(r->w);
        } else if (mine[slot] && what > 12) {
            worker_cancel(r->w, mine[slot]);
        }
    }
    while (taken < posted) {
        worker_job_free(take(r));
        taken++;
    }
    assert_null(worker_take(r->w));
    assert_true(posted > 500);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hottest_first), cmocka_unit_test(bounded), cmocka_unit_test(cancelled),
        cmocka_unit_test(cancelled_late), cmocka_unit_test(flushed), cmocka_unit_test(no_room),
        cmocka_unit_test(entry),
        cmocka_unit_test(failing), cmocka_unit_test(without_tier), cmocka_unit_test(opened_first),
        cmocka_unit_test(ends_in_flight), cmocka_unit_test(ends_unused), cmocka_unit_test(alone),
        cmocka_unit_test(here), cmocka_unit_test(at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
