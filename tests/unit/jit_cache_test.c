/*
 * jit_cache_test.c - the baseline engine's run loop and code cache: links, code that changes and comes back, full
 * caches, the code map, counts at devices and faults.
 */
#include "backend/jit/cache.h"
#include "tests/unit/arm_rig.h"

#define NOP 0xd503201fu
#define ADD(rd, imm) (0x91000000u | (imm) << 10 | (rd) << 5 | (rd))
#define SUB(rd, imm) (0xd1000000u | (imm) << 10 | (rd) << 5 | (rd))
#define MOVZ(rd, imm) (0xd2800000u | (u32)(imm) << 5 | (rd))
#define CBNZ(rt, insns) (0xb5000000u | ((u32)(insns) & 0x7ffff) << 5 | (rt))
#define B(insns) (0x14000000u | ((u32)(insns) & 0x3ffffff))
#define BR(rn) (0xd61f0000u | (rn) << 5)
#define STR_W(rt, rn) (0xb9000000u | (rn) << 5 | (rt))
#define LDR_W(rt, rn) (0xb9400000u | (rn) << 5 | (rt))
#define DEV 0x10000000ull

static struct jit *start(struct rig *r)
{
    struct err e;
    rig_init(r, "cortex-a72", A64_PSCI_NONE);
    r->v->engine->detach(r->v);
    r->v->engine = &baseline_engine;
    assert_true(baseline_engine.attach(r->v, &e));
    return r->v->engine_data;
}

static void put_words(struct rig *r, gpa at, const u32 *words, u32 n)
{
    assert_true(physmap_write(&r->m->map, at, words, 4ull * n));
}
#define PUT(r, at, ...) \
    put_words(r, at, (const u32[]){ __VA_ARGS__ }, (u32)(sizeof((const u32[]){ __VA_ARGS__ }) / 4))

static void go(struct rig *r, u64 pc, u64 count)
{
    u64 end = r->v->s.icount + count;
    r->v->s.pc = pc;
    while (r->v->s.icount < end)
        baseline_engine.run(r->v, end - r->v->s.icount);
    assert_int_equal(r->v->s.icount, end);
}

/* ---- links ---- */

static void test_links(void **state)
{
    (void)state;
    struct rig r;
    struct jit *j = start(&r);
    /* x0 counts in one page and the next; x1 rounds */
    PUT(&r, CODE, MOVZ(1, 5000), ADD(0, 1), B(0x400 - 2));
    PUT(&r, CODE + 0x1000, ADD(0, 1), SUB(1, 1), CBNZ(1, -0x401), B(0));
    go(&r, CODE, 1 + 5 * 5000 + 3);
    assert_int_equal(r.s->x[0], 10000);
    assert_int_equal(r.v->s.pc, CODE + 0x100c);
    assert_true(j->stats.links >= 3);
    assert_in_range(j->stats.entries, 1, 20);
    rig_free(&r);
}

/* The same physical page at two virtual addresses: an inline cache of one does not serve the other. */
static void test_two_views(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    mmu_on(&r, 12);
    u64 page = D_PAGE | D_AF | D_ATTR(0) | 3u << 8;
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x10000, CODE | page);            /* view A: here ... */
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x11000, (CODE + 0x1000) | page); /* ... and behind it x0 += 1 */
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x20000, CODE | page);            /* view B */
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x21000, (CODE + 0x2000) | page); /* ... x0 += 100 */
    PUT(&r, CODE, NOP, B(0x3ff));
    PUT(&r, CODE + 0x1000, ADD(0, 1), BR(5));
    PUT(&r, CODE + 0x2000, ADD(0, 100), BR(6));
    r.s->x[5] = 0x20000;
    r.s->x[6] = 0x10000;
    go(&r, 0x10000, 8 * 50);
    assert_int_equal(r.s->x[0], 50 * 101);
    rig_free(&r);
}

/* ---- code that changes ---- */

static void test_revival(void **state)
{
    (void)state;
    struct rig r;
    struct jit *j = start(&r);
    for (u32 round = 0; round < 20; round++) {
        PUT(&r, CODE, ADD(0, round % 2 ? 16 : 1), B(0));
        go(&r, CODE, 2);
    }
    assert_int_equal(r.s->x[0], 10 * 17);
    assert_int_equal(j->stats.revived, 18);
    for (u32 round = 0; round < 500; round++) { /* ever new ones: remembered within bounds */
        PUT(&r, CODE, MOVZ(2, round), B(0));
        go(&r, CODE, 2);
        assert_int_equal(r.s->x[2], round);
    }
    struct memobj *o = r.m->map.objs[0];
    assert_non_null(jit_cache_find(j, o, CODE - RAM, j->mode));
    rig_free(&r);
}

/* A loop that is linked to itself and writes its own instructions, from inside. */
static void test_writes_itself(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    PUT(&r, CODE, STR_W(3, 4), ADD(0, 1), SUB(1, 1), CBNZ(1, -3), B(0));
    r.s->x[4] = CODE + 4;
    r.s->x[3] = ADD(0, 1);
    r.s->x[1] = 100;
    go(&r, CODE, 400);
    assert_int_equal(r.s->x[0], 100);
    r.s->x[3] = ADD(0, 2);
    r.s->x[1] = 100;
    go(&r, CODE, 400);
    assert_int_equal(r.s->x[0], 300);
    rig_free(&r);
}

/* Linked code in another page changes: what leads there must not go the old way. */
static void test_linked_code_changes(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    PUT(&r, CODE, ADD(0, 1), B(0x3ff));
    for (u32 round = 0; round < 6; round++) {
        PUT(&r, CODE + 0x1000, ADD(2, round % 3 + 1), SUB(1, 1), CBNZ(1, -0x402), B(0));
        r.s->x[1] = 50;
        r.s->x[2] = 0;
        go(&r, CODE, 5 * 50);
        assert_int_equal(r.s->x[2], 50 * (round % 3 + 1));
    }
    rig_free(&r);
}

/* The map is what both engines keep: a write drops what it hits, no more and no less. */
static void test_code_map(void **state)
{
    (void)state;
    struct rig r;
    struct jit *j = start(&r);
    struct memobj *o = r.m->map.objs[0];
    u64 page = (CODE - RAM) >> PAGE_BITS;
    PUT(&r, CODE, ADD(0, 1), B(15));             /* 64-byte grain 0 */
    PUT(&r, CODE + 64, ADD(0, 1), B(0));         /* grain 1 */
    PUT(&r, CODE + 256, ADD(0, 1), NOP, NOP);    /* grain 4: the interpreter's */
    go(&r, CODE, 4);
    assert_int_equal(o->code[page], 3);
    go(&r, CODE + 256, 1);
    assert_true(j->stats.interp_insns > 0);
    assert_int_equal(o->code[page] & ~(1ull << 4), 3);
    assert_true(o->code[page] >> 4 & 1);
    u64 dropped = j->stats.dropped;
    PUT(&r, CODE + 128, NOP);
    assert_int_equal(j->stats.dropped, dropped);
    PUT(&r, CODE + 68, B(0));
    assert_int_equal(j->stats.dropped, dropped + 1);
    assert_int_equal(o->code[page], 1 | 1 << 4);
    PUT(&r, CODE + 256, NOP);
    assert_int_equal(o->code[page], 1);
    rig_free(&r);
}

/* ---- a full cache ---- */

static void test_eviction(void **state)
{
    (void)state;
    struct rig r;
    assert_int_equal(setenv("MYNAH_CODE_CACHE", "1024", 1), 0);
    struct jit *j = start(&r);
    unsetenv("MYNAH_CODE_CACHE");
    assert_int_equal(j->size, 1 << 20);
    enum { BLOCKS = 20000 }; /* each: add, branch to the next; the last back to the first */
    for (u32 n = 0; n < BLOCKS; n++)
        PUT(&r, CODE + 8 * n, ADD(0, 1), n < BLOCKS - 1 ? B(1) : B(1 - 2 * BLOCKS));
    for (u32 round = 1; round <= 3; round++) {
        go(&r, round > 1 ? r.v->s.pc : CODE, 2 * BLOCKS);
        assert_int_equal(r.s->x[0], (u64)round * BLOCKS);
    }
    assert_true(j->stats.evictions > JIT_CHUNKS);
    PUT(&r, CODE, ADD(0, 10)); /* links that outlived what they led to would miss this */
    go(&r, CODE, 2 * BLOCKS);
    assert_int_equal(r.s->x[0], 4 * BLOCKS + 9);
    struct memobj *o = r.m->map.objs[0];
    u64 kept = 0, marked = 0;
    for (u32 n = 0; n < BLOCKS; n++)
        kept += jit_cache_find(j, o, CODE - RAM + 8 * n, j->mode) != NULL;
    assert_in_range(kept, 1, BLOCKS - 1);
    for (u64 p = (CODE - RAM) >> PAGE_BITS; p <= (CODE - RAM + 8 * BLOCKS) >> PAGE_BITS; p++)
        marked += (u64)__builtin_popcountll(o->code[p]);
    assert_in_range(marked, kept / 8, kept / 8 + 16); /* eight blocks a grain */
    rig_free(&r);
}

static struct jblock *block_at(struct rig *r, struct jit *j, gpa at)
{
    return jit_cache_find(j, r->m->map.objs[0], at - RAM, j->mode);
}

/* Runs a chain of new blocks from pc on, to fill the cache; where it ends. */
static u64 fill(struct rig *r, u64 pc, u32 blocks)
{
    for (u32 n = 0; n < blocks; n++)
        PUT(r, pc + 8 * n, ADD(9, 1), B(1));
    go(r, pc, 2ull * blocks);
    return pc + 8ull * blocks;
}

/* A live block is linked to one that goes: the link must not lead into whatever comes to lie there. */
static void test_link_into_evicted(void **state)
{
    (void)state;
    struct rig r;
    assert_int_equal(setenv("MYNAH_CODE_CACHE", "1024", 1), 0);
    struct jit *j = start(&r);
    unsetenv("MYNAH_CODE_CACHE");
    PUT(&r, CODE, ADD(0, 1), B(3));             /* to the one that goes, in the page ... */
    PUT(&r, CODE + 32, ADD(0, 2), B(0x3fe));    /* ... and in another page */
    PUT(&r, CODE + 16, ADD(0, 10), B(0));
    PUT(&r, CODE + 0x1000 + 28, ADD(0, 100), B(0));
    go(&r, CODE + 16, 2);
    go(&r, CODE + 0x1000 + 28, 2);
    u64 at = fill(&r, CODE + 0x10000, 2000);
    r.s->x[0] = 0;
    go(&r, CODE, 4);
    go(&r, CODE + 32, 4);
    assert_int_equal(r.s->x[0], 113);
    while (block_at(&r, j, CODE + 16) || block_at(&r, j, CODE + 0x1000 + 28))
        at = fill(&r, at, 50);
    assert_non_null(block_at(&r, j, CODE));
    assert_non_null(block_at(&r, j, CODE + 32));
    at = fill(&r, at, 500); /* into the place of those that went */
    r.s->x[0] = r.s->x[9] = 0;
    go(&r, CODE, 4);
    go(&r, CODE + 32, 4);
    assert_int_equal(r.s->x[0], 113);
    assert_int_equal(r.s->x[9], 0);
    rig_free(&r);
}

static void test_flush(void **state)
{
    (void)state;
    struct rig r;
    struct jit *j = start(&r);
    struct memobj *o = r.m->map.objs[0];
    PUT(&r, CODE, ADD(0, 1), B(-1));
    go(&r, CODE, 100);
    baseline_engine.flush(r.v);
    assert_true(physmap_write(&r.m->map, RAM, "", 1));
    go(&r, r.v->s.pc, 100);
    assert_int_equal(r.s->x[0], 100);
    assert_true(j->stats.blocks >= 2);
    baseline_engine.flush(r.v);
    PUT(&r, CODE + 0x1000, B(0));
    go(&r, CODE + 0x1000, 1);
    assert_int_equal(o->code[(CODE - RAM) >> PAGE_BITS], 0);
    rig_free(&r);
}

/* ---- counts ---- */

struct dev_log {
    struct vcpu *v;
    u64 pc[4], icount[4];
    u32 n;
};

static u64 probe_read(void *opaque, u64 off, u32 size)
{
    struct dev_log *l = opaque;
    (void)off, (void)size;
    l->pc[l->n % 4] = l->v->s.pc;
    l->icount[l->n++ % 4] = l->v->s.icount;
    return l->n;
}

static void probe_write(void *opaque, u64 off, u64 val, u32 size)
{
    (void)val;
    probe_read(opaque, off, size);
}

static void test_devices_see_the_count(void **state)
{
    (void)state;
    static const struct mmio_ops ops = { probe_read, probe_write };
    struct rig r;
    struct jit *j = start(&r);
    struct dev_log l = { .v = r.v };
    machine_request(r.m, REQ_STOP); /* so that the engine comes back wherever it may */
    physmap_map_mmio(&r.m->map, DEV, 0x1000, &ops, &l, "dev");
    PUT(&r, CODE, NOP, LDR_W(3, 4), ADD(0, 1), STR_W(0, 4), NOP, B(-1));
    r.s->x[4] = DEV;
    r.v->s.pc = CODE;
    assert_int_equal(baseline_engine.run(r.v, 100), RUN_SYNC);
    assert_int_equal(r.v->s.icount, 2);
    assert_int_equal(baseline_engine.run(r.v, 100), RUN_SYNC);
    assert_int_equal(r.v->s.icount, 4);
    assert_int_equal(baseline_engine.run(r.v, 100), RUN_BUDGET);
    assert_int_equal(r.v->s.icount, 104);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.pc[0], CODE + 4);
    assert_int_equal(l.icount[0], 2);
    assert_int_equal(l.pc[1], CODE + 12);
    assert_int_equal(l.icount[1], 4);
    assert_int_equal(j->stats.one_insns, 2);
    rig_free(&r);
}

/* A fetch that faults and a load that faults count one instruction each. */
static void test_faults_count(void **state)
{
    (void)state;
    struct rig r;
    start(&r);
    machine_request(r.m, REQ_STOP);
    r.v->s.pc = 0x30000000;
    assert_int_equal(baseline_engine.run(r.v, 10), RUN_SYNC);
    assert_int_equal(r.v->s.icount, 1);
    assert_int_equal(r.v->s.pc, VECTORS + 0x200);
    PUT(&r, CODE, NOP, NOP, LDR_W(3, 4), NOP, B(0));
    r.s->x[4] = 0x30000000;
    r.v->s.pc = CODE;
    assert_int_equal(baseline_engine.run(r.v, 10), RUN_SYNC);
    assert_int_equal(r.v->s.icount, 4);
    assert_int_equal(r.s->elr_el1, CODE + 8);
    assert_int_equal(r.s->far_el1, 0x30000000);
    rig_free(&r);
}

/* Every budget ends where it says; in real time the engine may stop early, but goes on. */
static void test_budgets(void **state)
{
    (void)state;
    for (u32 clock = 0; clock < 2; clock++) {
        struct rig r;
        start(&r);
        r.m->clock = clock ? CLOCK_ICOUNT : CLOCK_REALTIME;
        for (u32 n = 0; n < 40; n++)
            PUT(&r, CODE + 4 * n, ADD(0, 1));
        PUT(&r, CODE + 160, B(-40));
        r.v->s.pc = CODE;
        for (u64 budget = 1, all = 0; budget < 200; all += budget, budget++) {
            u64 end = r.v->s.icount + budget;
            for (u32 tries = 0; r.v->s.icount < end; tries++) {
                enum run_exit x = baseline_engine.run(r.v, end - r.v->s.icount);
                assert_true((x == RUN_BUDGET) == (r.v->s.icount == end));
                assert_in_range(tries, 0, clock ? 0 : 2);
            }
            u64 n = all + budget;
            assert_int_equal(r.v->s.icount, n);
            assert_int_equal(r.s->x[0], n - n / 41);
            assert_int_equal(r.v->s.pc, CODE + 4 * (n % 41));
        }
        rig_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links), cmocka_unit_test(test_two_views), cmocka_unit_test(test_revival),
        cmocka_unit_test(test_writes_itself), cmocka_unit_test(test_linked_code_changes),
        cmocka_unit_test(test_code_map),
        cmocka_unit_test(test_eviction), cmocka_unit_test(test_link_into_evicted), cmocka_unit_test(test_flush),
        cmocka_unit_test(test_devices_see_the_count),
        cmocka_unit_test(test_faults_count), cmocka_unit_test(test_budgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
