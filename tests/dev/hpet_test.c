/* hpet_test.c - high precision event timers: registers, matches, modes, wires. */
#include "hw/timer/hpet.h"
#include "tests/dev/rig.h"

enum { PIN_2, LEGACY_0, LEGACY_8 };
enum { LEVEL = 2, ENABLE = 4, PERIODIC = 8, SET = 0x40, BITS_32 = 0x100, ROUTE_2 = 2 << 9 };
#define TICK 10u

struct fix {
    struct rig  r;
    struct hpet h;
    bool        legacy;
    u32         rises[3];
};

static void on_wire(void *opaque, u32 n, bool level)
{
    struct fix *f = opaque;
    f->rises[n] += level && !f->r.irq[n];
    f->r.irq[n] = level;
}
static void on_legacy(void *opaque, bool on) { ((struct fix *)opaque)->legacy = on; }

static void wire(struct fix *f)
{
    f->h.irq[2] = (struct irq_line){ on_wire, f, PIN_2 };
    f->h.legacy_irq[0] = (struct irq_line){ on_wire, f, LEGACY_0 };
    f->h.legacy_irq[1] = (struct irq_line){ on_wire, f, LEGACY_8 };
    f->h.legacy = on_legacy;
    f->h.opaque = f;
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    hpet_init(&f->h, f->r.m, "hpet", 1 << 2);
    wire(f);
    f->h.dev.cls->reset(&f->h.dev);
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f);
    return 0;
}

static u64 rd(struct fix *f, u32 at) { return dev_read(&f->h.dev, at, 8); }
static u32 rd32(struct fix *f, u32 at) { return (u32)dev_read(&f->h.dev, at, 4); }
static void wr(struct fix *f, u32 at, u64 val) { dev_write(&f->h.dev, at, val, 8); }
static void wr32(struct fix *f, u32 at, u32 val) { dev_write(&f->h.dev, at, val, 4); }
static u32 timer(u32 n) { return 0x100 + 0x20 * n; }

static void test_identity(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, 0), 0x009896808086a201);
    assert_int_equal(rd32(f, 4), 10000000); /* femtoseconds */
    assert_int_equal(rd(f, timer(1)), 1ull << 34 | 0x30);
    assert_int_equal(rd(f, timer(2) + 8), ~0ull);
    assert_int_equal(rd(f, 0xf0), 0);
    assert_int_equal(rd(f, timer(3)), 0);
    assert_int_equal(rd(f, 0x3f8), 0);
}

/* It counts while it is on, in 10 ns, and is written while it is off, by halves or whole. */
static void test_counter(void **state)
{
    struct fix *f = *state;
    rig_run(&f->r, 1000);
    assert_int_equal(rd(f, 0xf0), 0);
    wr(f, 0xf0, 0x1fffffff0);
    wr32(f, 0xf4, 5);
    assert_int_equal(rd(f, 0xf0), 0x5fffffff0);
    wr(f, 0x10, 1);
    rig_run(&f->r, 16 * TICK);
    assert_int_equal(rd(f, 0xf0), 0x600000000);
    assert_int_equal(rd32(f, 0xf4), 6);
    wr(f, 0xf0, 7); /* not now */
    rig_run(&f->r, TICK - 1);
    assert_int_equal(rd(f, 0xf0), 0x600000000);
    rig_run(&f->r, 1);
    wr(f, 0x10, 0);
    rig_run(&f->r, 1000000);
    assert_int_equal(rd(f, 0xf0), 0x600000001);
    wr(f, 0x10, 1);
    assert_int_equal(rd(f, 0xf0), 0x600000001);
}

static void test_one_shot(void **state)
{
    struct fix *f = *state;
    wr(f, timer(0), ENABLE | ROUTE_2);
    wr(f, timer(0) + 8, 100);
    wr(f, 0x10, 1);
    rig_run(&f->r, 100 * TICK - 1);
    assert_int_equal(f->rises[PIN_2], 0);
    rig_run(&f->r, 1);
    assert_int_equal(f->rises[PIN_2], 1);
    assert_int_equal(rd(f, 0x20), 0);
    rig_run(&f->r, 60000000000);
    assert_int_equal(f->rises[PIN_2], 1);
    wr(f, timer(0) + 8, rd(f, 0xf0) + 5); /* again: another edge */
    rig_run(&f->r, 5 * TICK);
    assert_int_equal(f->rises[PIN_2], 2);
    wr(f, timer(0), ROUTE_2);
    assert_false(f->r.irq[PIN_2]);
}

/* Of 32 bits: the past is what comes when the counter has gone round, each time. */
static void test_32_bits(void **state)
{
    struct fix *f = *state;
    wr(f, 0xf0, 0x100000080);
    wr(f, timer(1), ENABLE | BITS_32 | ROUTE_2);
    wr(f, timer(1) + 8, 0x700000070);
    assert_int_equal(rd(f, timer(1) + 8), 0x70);
    wr(f, 0x10, 1);
    rig_run(&f->r, (0x100000000 - 0x10) * TICK - 1);
    assert_int_equal(f->rises[PIN_2], 0);
    rig_run(&f->r, 1);
    assert_int_equal(f->rises[PIN_2], 1);
    rig_run(&f->r, 0x100000000 * TICK);
    assert_int_equal(f->rises[PIN_2], 2);
}

/* As Linux does it: the first write behind VAL_SET is the next match, the second one the period. */
static void test_periodic(void **state)
{
    struct fix *f = *state;
    wr(f, 0x10, 1);
    rig_run(&f->r, 500 * TICK);
    wr32(f, timer(2), ENABLE | PERIODIC | SET | BITS_32 | ROUTE_2);
    wr32(f, timer(2) + 8, 1000);
    assert_int_equal(rd(f, timer(2)) & SET, 0);
    wr32(f, timer(2) + 8, 200);
    assert_int_equal(rd(f, timer(2) + 8), 1000);
    rig_run(&f->r, 500 * TICK);
    assert_int_equal(f->rises[PIN_2], 1);
    assert_int_equal(rd(f, timer(2) + 8), 1200);
    rig_run(&f->r, 1000 * TICK);
    assert_int_equal(f->rises[PIN_2], 6);
    wr32(f, timer(2) + 8, 100000);      /* another period, from the next match on */
    rig_run(&f->r, 200 * TICK);
    assert_int_equal(f->rises[PIN_2], 7);
    rig_run(&f->r, 99999 * TICK);
    assert_int_equal(f->rises[PIN_2], 7);
    rig_run(&f->r, TICK);
    assert_int_equal(f->rises[PIN_2], 8);
}

/* Periods without length and very short ones do not stop the machine. */
static void test_short_periods(void **state)
{
    struct fix *f = *state;
    wr(f, 0x10, 1);
    wr(f, timer(0), ENABLE | PERIODIC | SET | ROUTE_2);
    wr(f, timer(0) + 8, 1);
    rig_run(&f->r, 1000000);
    assert_in_range(f->rises[PIN_2], 900, 1001);
    wr(f, timer(1), ENABLE | PERIODIC | SET | BITS_32 | ROUTE_2);
    wr(f, timer(1) + 8, 0);
    rig_run(&f->r, 1000000);
}

static void test_level(void **state)
{
    struct fix *f = *state;
    wr(f, timer(0), LEVEL | ENABLE | ROUTE_2);
    wr(f, timer(1), LEVEL | ENABLE | ROUTE_2);
    wr(f, timer(0) + 8, 10);
    wr(f, timer(1) + 8, 20);
    wr(f, 0x10, 1);
    rig_run(&f->r, 10 * TICK);
    assert_true(f->r.irq[PIN_2]);
    assert_int_equal(rd(f, 0x20), 1);
    rig_run(&f->r, 10 * TICK);
    assert_int_equal(rd(f, 0x20), 3);
    wr(f, 0x20, 1);
    assert_true(f->r.irq[PIN_2]); /* the other one's */
    wr(f, 0x20, 2);
    assert_false(f->r.irq[PIN_2]);
    assert_int_equal(f->rises[PIN_2], 1);
    wr(f, timer(1) + 8, rd(f, 0xf0) + 1);
    rig_run(&f->r, TICK);
    wr(f, timer(1), ENABLE | ROUTE_2); /* edges have no status */
    assert_int_equal(rd(f, 0x20), 0);
    assert_false(f->r.irq[PIN_2]);
}

static void test_legacy(void **state)
{
    struct fix *f = *state;
    wr(f, timer(0), LEVEL | ENABLE | ROUTE_2);
    wr(f, timer(0) + 8, 10);
    wr(f, timer(1), ENABLE | ROUTE_2);
    wr(f, timer(1) + 8, 20);
    wr(f, 0x10, 1);
    rig_run(&f->r, 10 * TICK);
    assert_true(f->r.irq[PIN_2] && !f->legacy);
    wr(f, 0x10, 3);
    assert_true(f->legacy && !f->r.irq[PIN_2] && f->r.irq[LEGACY_0]);
    rig_run(&f->r, 10 * TICK);
    assert_true(f->r.irq[LEGACY_8]);
    wr(f, 0x10, 2); /* halted: nobody asks */
    assert_true(!f->r.irq[LEGACY_0] && !f->r.irq[LEGACY_8] && f->legacy);
    wr(f, 0x10, 1);
    assert_true(!f->legacy && f->r.irq[PIN_2]);
    f->h.dev.cls->reset(&f->h.dev);
    assert_true(!f->r.irq[PIN_2] && !f->legacy);
}

static void test_routes(void **state)
{
    struct fix *f = *state;
    wr(f, timer(0), 5 << 9);
    assert_int_equal(rd(f, timer(0)) >> 9 & 31, 0); /* it has pin 2 alone */
    wr(f, timer(0), ROUTE_2);
    wr(f, timer(0), 31 << 9);
    assert_int_equal(rd(f, timer(0)) >> 9 & 31, 2);
}

/* A copy made at any moment goes on alike: levels, edges, deadlines. */
static void test_resumed(void **state)
{
    struct fix *f = *state;
    wr(f, timer(0), ENABLE);
    wr(f, timer(0) + 8, 10);
    wr(f, timer(2), LEVEL | ENABLE | ROUTE_2);
    wr(f, timer(2) + 8, 10);
    wr(f, timer(1), ENABLE | PERIODIC | SET);
    wr(f, timer(1) + 8, 300);
    wr(f, 0x10, 3);
    rig_run(&f->r, 15 * TICK);
    struct fix g = { .r = f->r };
    memset(g.r.irq, 0, sizeof g.r.irq);
    hpet_init(&g.h, f->r.m, "copy", 1 << 2);
    wire(&g);
    g.h.s = f->h.s;
    g.h.dev.cls->resumed(&g.h.dev);
    assert_memory_equal(g.r.irq, f->r.irq, sizeof g.r.irq);
    assert_true(g.legacy && g.r.irq[LEGACY_0] && g.r.irq[PIN_2]);
    g.rises[LEGACY_8] = f->rises[LEGACY_8] = 0;
    rig_run(&f->r, 1000 * TICK);
    assert_int_equal(g.rises[LEGACY_8], 3);
    assert_int_equal(f->rises[LEGACY_8], 3);
    assert_memory_equal(&g.h.s, &f->h.s, sizeof g.h.s);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->h.dev);
    rig_scribble(&f->h.dev, 0x400, 20000);
    rig_run(&f->r, 1000000);
    for (u32 i = 0; i < 200; i++) {
        rig_scribble(&f->h.dev, 0x180, 50);
        rig_run(&f->r, 100000);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_counter), T(test_one_shot), T(test_32_bits), T(test_periodic), T(test_short_periods),
        T(test_level), T(test_legacy), T(test_routes), T(test_resumed), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
