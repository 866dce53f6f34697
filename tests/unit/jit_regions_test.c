/*
 * jit_regions_test.c - regions of a running guest: when they come into force, and that they never do, or not any
 * longer, once code of theirs changed, went, or was flushed. The tier is a fake one, whose regions have the
 * interpreter do their work; the guest must not notice anything.
 */
#define _GNU_SOURCE
#include "backend/jit/cache.h"
#include "backend/jit/regions.h"
#include "tests/unit/arm_rig.h"
#include "tests/unit/jit_worker_rig.h"
#include <unistd.h>

#define ADD(rd, imm) (0x91000000u | (imm) << 10 | (rd) << 5 | (rd))
#define SUBS(rd, imm) (0xf1000000u | (imm) << 10 | (rd) << 5 | (rd))
#define BNE(insns) (0x54000001u | ((u32)(insns) & 0x7ffff) << 5)
#define CBNZ(rt, insns) (0xb5000000u | ((u32)(insns) & 0x7ffff) << 5 | (rt))
#define B(insns) (0x14000000u | ((u32)(insns) & 0x3ffffff))

static struct jit_policy policy;

static bool attach(struct vcpu *v, struct err *e)
{
    return baseline_engine.attach(v, e) && jit_regions_new(v->engine_data, &policy, e);
}

struct guest_rig {
    struct rig    r;
    struct jit   *j;
    struct engine engine;
};

/* Four blocks: an inner loop of one and an outer one of three; the last leads to itself. */
static const u32 program[] = {
    ADD(0, 1), ADD(1, 3), SUBS(2, 1), BNE(-3), /* 0 to 3 */
    ADD(2, 6), ADD(3, 1), CBNZ(3, -6),        /* 4 to 6 */
    B(0),
};

static void open_rig(struct guest_rig *g, const struct jit_policy *p)
{
    struct err e;
    fake_reset();
    policy = *p;
    policy.load = fake_load;
    rig_init(&g->r, "cortex-a72", A64_PSCI_NONE);
    g->engine = baseline_engine;
    g->engine.attach = attach;
    g->r.v->engine->detach(g->r.v);
    g->r.v->engine = &g->engine;
    assert_true(attach(g->r.v, &e));
    g->j = g->r.v->engine_data;
    put_code(&g->r, program, COUNT(program));
    g->r.v->s.pc = CODE;
    g->r.s->x[2] = 6;
}

static void run(struct guest_rig *g, u64 insns)
{
    for (u64 end = g->r.v->s.icount + insns; g->r.v->s.icount < end;)
        g->engine.run(g->r.v, end - g->r.v->s.icount);
}

/* Slices that begin all over the loop, as time makes them; rounds by their length. */
static void run_slices(struct guest_rig *g, u32 slices, u32 insns)
{
    for (u32 n = 0; n < slices; n++)
        run(g, insns);
}

/* All that follows from the number of instructions. */
static void check_guest(const struct guest_rig *g)
{
    u64 x[4] = { 0, 0, 6, 0 };
    u32 at = 0;
    for (u64 n = 0; n < g->r.v->s.icount; n++) {
        bool z = x[2] == 0;
        switch (at++) {
        case 0: x[0]++; break;
        case 1: x[1] += 3; break;
        case 2: x[2]--; break;
        case 3: at = z ? 4 : 0; break;
        case 4: x[2] += 6; break;
        case 5: x[3]++; break;
        case 6: at = 0; break;
        }
    }
    assert_int_equal(g->r.v->s.pc, CODE + 4 * at);
    for (u32 n = 0; n < 4; n++)
        assert_int_equal(g->r.s->x[n], x[n]);
}

static void close_rig(struct guest_rig *g)
{
    check_guest(g);
    rig_free(&g->r);
}

static const struct jit_policy background = { .samples = 3, .needs_loop = true };
static const struct jit_policy eager = { .samples = 6, .meets = 2, .here = true };

/* The worker is at nice 19: on a busy host it runs when this thread sleeps, and not always then. */
static void step(struct guest_rig *g, u32 k)
{
    run(g, 1 + k % 160);
    if (k % 64 == 63)
        usleep(200);
    else
        sched_yield();
}

static void until(struct guest_rig *g, const u64 *counter, u64 n)
{
    for (u32 k = 0; *counter < n && k < 4000000; k++)
        step(g, k);
    assert_true(*counter >= n);
}

/* The same words again: to mynah they are code that changed. */
static void write_code(struct guest_rig *g)
{
    put_code(&g->r, program, COUNT(program));
}

/* The worker stands in compile(), of a region of the loop. */
static void occupy(struct guest_rig *g)
{
    fake.slow = true;
    for (u32 k = 0; sem_trywait(&fake.entered); k++) {
        assert_true(k < 4000000);
        step(g, k);
    }
    fake.slow = false;
}

/* ---- tests ---- */

static void comes_into_force(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &background);
    until(&g, &g.j->stats.regions, 1);
    u64 before = g.j->stats.interp_insns;
    run(&g, 10000);
    assert_true(g.j->stats.interp_insns - before > 5000); /* it does nothing but to leave */
    close_rig(&g);
    assert_int_equal(fake.closes, 1);
}

static void at_once(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &(struct jit_policy){ .samples = 6, .meets = 1, .here = true });
    run_slices(&g, 200, 37);
    assert_true(g.j->stats.regions >= 2);
    assert_true(g.j->stats.regions_replaced >= 1); /* single blocks by loops */
    close_rig(&g);
}

static void dropped_by_a_write(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &background);
    until(&g, &g.j->stats.regions, 1);
    u64 dropped = g.j->stats.regions_dropped;
    write_code(&g);
    assert_true(g.j->stats.regions_dropped > dropped);
    run(&g, 5000);
    until(&g, &g.j->stats.regions, g.j->stats.regions + 1);
    close_rig(&g);
}

/* While it is compiled. */
static void cancelled_by_a_write(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &background);
    occupy(&g);
    write_code(&g);
    u64 cancelled = g.j->stats.regions_cancelled;
    assert_true(cancelled >= 1);
    sem_post(&fake.go);
    while (fake.compiles < 1)
        sched_yield();
    run(&g, 1000);
    assert_true(fake.links == g.j->stats.regions || fake.links <= g.j->stats.regions + 2);
    until(&g, &g.j->stats.regions, 1);
    close_rig(&g);
}

static void flush_in_flight(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &background);
    occupy(&g);
    for (u32 n = 0; n < 20; n++) {
        g.engine.flush(g.r.v);
        run_slices(&g, 40, 53);
    }
    sem_post(&fake.go);
    until(&g, &g.j->stats.regions, 1);
    for (u32 n = 0; n < 50; n++) {
        g.engine.flush(g.r.v);
        run_slices(&g, 40, 53);
    }
    close_rig(&g);
}

/* Flushes begin the arena anew: some thousand times its size goes through it. */
static void arena_again(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &eager);
    fake.size = 1u << 20;
    for (u32 n = 0; n < 60; n++) {
        g.engine.flush(g.r.v);
        run_slices(&g, 60, 41);
    }
    assert_true(fake.links > 65); /* of 1 MiB: of 64 there is room */
    assert_int_equal(g.j->stats.regions_failed, 0);
    close_rig(&g);
}

static void arena_full(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &eager);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size), *was = g.r.m->log.out;
    g.r.m->log.out = f;
    g.r.m->log.mask = 1u << LOG_jit;
    fake.size = JIT_ARENA_SIZE + 1;
    run_slices(&g, 400, 37);
    assert_int_equal(g.j->stats.regions, 0);
    assert_int_equal(g.j->stats.regions_failed, 1);
    assert_int_equal(fake.compiles, 1);
    fake.size = 64;
    run_slices(&g, 400, 37);
    assert_int_equal(fake.compiles, 1);
    g.engine.flush(g.r.v);
    run_slices(&g, 400, 37);
    assert_true(g.j->stats.regions >= 2);
    g.r.m->log.out = was;
    g.r.m->log.mask = 0;
    fclose(f);
    assert_non_null(strstr(text, "jit: no regions until all code is dropped: no code memory for 67108865 bytes\n"));
    assert_non_null(strstr(text, "jit: region at ram+0x2000000: "));
    free(text);
    close_rig(&g);
}

/* No tier: the baseline goes on, and nothing is tried again. */
static void no_tier(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &background);
    fake.missing = true;
    until(&g, &g.j->stats.regions_failed, 1);
    u64 failed = g.j->stats.regions_failed;
    run_slices(&g, 3000, 37);
    assert_true(g.j->stats.regions_failed <= failed + WORKER_QUEUE + 1);
    failed = g.j->stats.regions_failed;
    g.engine.flush(g.r.v);
    run_slices(&g, 3000, 37);
    assert_int_equal(g.j->stats.regions_failed, failed);
    assert_int_equal(fake.loads, 1);
    close_rig(&g);
}

/* Code that keeps changing stays with the baseline, until that is long ago. */
static void keeps_changing(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &eager);
    for (u32 n = 0; n < 200; n++) {
        run_slices(&g, 60, 41);
        write_code(&g);
    }
    u32 tried = fake.compiles;
    assert_true(tried >= 8 && tried < 100);
    for (u32 n = 0; n < 20; n++) {
        run_slices(&g, 60, 41);
        write_code(&g);
    }
    assert_int_equal(fake.compiles, tried);
    run_slices(&g, 66000, 1);
    write_code(&g);
    run_slices(&g, 60, 41);
    assert_true(fake.compiles > tried);
    close_rig(&g);
}

/* A cache of one MiB that other code fills: members go with their chunks, links and entries, too. */
static void evicted(void **state)
{
    struct guest_rig g;
    (void)state;
    setenv("MYNAH_CODE_CACHE", "1024", 1);
    open_rig(&g, &eager);
    unsetenv("MYNAH_CODE_CACHE");
    u64 evictions = g.j->stats.evictions;
    for (u32 n = 0; g.j->stats.evictions < evictions + 40; n++) {
        run_slices(&g, 30, 41);
        struct vcpu_state at = g.r.v->s;
        for (u32 k = 0; k < 64; k++) { /* a block each, that leads to itself */
            u32 loop = B(0);
            gpa a = CODE + PAGE_SIZE + 4 * ((n * 64 + k) % 65536);
            assert_true(physmap_write(&g.r.m->map, a, &loop, 4));
            g.r.v->s.pc = a;
            run(&g, 8);
        }
        g.r.v->s = at;
    }
    assert_true(g.j->stats.regions_dropped > 0);
    run_slices(&g, 30, 41);
    close_rig(&g);
}

static void ends_in_flight(void **state)
{
    struct guest_rig g;
    (void)state;
    open_rig(&g, &background);
    occupy(&g);
    sem_post(&fake.go);
    close_rig(&g);
    assert_true(fake.compiles >= 1);
    assert_int_equal(fake.closes, 1);
}

/* Everything at once; whatever happens, the guest runs on. */
static void storm(void **state)
{
    struct guest_rig g;
    u32 seed = 7;
    (void)state;
    open_rig(&g, &background);
    for (u32 n = 0; n < 4000; n++) {
        seed = seed * 1664525 + 1013904223;
        run_slices(&g, 3, 1 + (seed >> 20) % 160);
        if (seed >> 28 == 0)
            write_code(&g);
        if (seed >> 24 == 31)
            g.engine.flush(g.r.v);
        fake.failing = seed >> 29 == 5;
    }
    assert_true(g.j->stats.regions + g.j->stats.regions_cancelled > 0);
    close_rig(&g);
}

int main(void)
{
    if (!baseline_works())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_into_force), cmocka_unit_test(at_once), cmocka_unit_test(dropped_by_a_write),
        cmocka_unit_test(cancelled_by_a_write), cmocka_unit_test(flush_in_flight), cmocka_unit_test(arena_again),
        cmocka_unit_test(arena_full), cmocka_unit_test(no_tier), cmocka_unit_test(keeps_changing),
        cmocka_unit_test(evicted), cmocka_unit_test(ends_in_flight), cmocka_unit_test(storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
