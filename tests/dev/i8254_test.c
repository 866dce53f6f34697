/* i8254_test.c - interval timer: the six modes, reading, gate 2, exactness over long times, lateness. */
#include "hw/timer/i8254.h"
#include "tests/dev/rig.h"

enum { CONTROL = 3, P61 = 4, HZ = 1193182 };
enum { LOW = 0x10, HIGH = 0x20, BOTH = 0x30 };
#define SECOND 1000000000ull

struct fix {
    struct rig   r;
    struct i8254 p;
    u32          rises, falls;
    u64          first, last; /* virtual time of rises */
};

static void watch(void *opaque, u32 n, bool level)
{
    struct fix *f = opaque;
    if (level == f->r.irq[n])
        return;
    f->r.irq[n] = level;
    level ? f->rises++ : f->falls++;
    if (level && f->rises == 1)
        f->first = f->r.m->s.idle_ns;
    if (level)
        f->last = f->r.m->s.idle_ns;
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    i8254_init(&f->p, f->r.m, "pit");
    f->p.out0 = (struct irq_line){ watch, f, 0 };
    f->p.dev.cls->reset(&f->p.dev);
    f->rises = f->falls = 0;
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
static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->p.dev, off, val, 1);
}
static u32 rd(struct fix *f, u32 off)
{
    return (u32)dev_read(&f->p.dev, off, 1);
}
static void count(struct fix *f, u32 n, u32 val)
{
    wr(f, n, val & 0xff);
    wr(f, n, val >> 8);
}
static u32 get(struct fix *f, u32 n)
{
    u32 low = rd(f, n);
    return low | rd(f, n) << 8;
}
static u32 latched(struct fix *f, u32 n)
{
    wr(f, CONTROL, n << 6);
    return get(f, n);
}
static u32 status(struct fix *f, u32 n)
{
    wr(f, CONTROL, 0xe0 | 2u << n);
    return rd(f, n);
}
/* Goes to the first nanosecond of tick t. */
static void to_tick(struct fix *f, u64 t)
{
    u64 ns = (u64)(((u128)t * SECOND + HZ - 1) / HZ);
    assert_true(ns >= f->r.m->s.idle_ns);
    rig_run(&f->r, ns - f->r.m->s.idle_ns);
}
static bool out(struct fix *f, u32 n)
{
    bool level = i8254_out(&f->p, n);
    assert_int_equal(level, status(f, n) >> 7);
    if (n == 0)
        assert_int_equal(level, f->r.irq[0]);
    return level;
}

static void test_mode0(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, BOTH | 0);
    assert_false(out(f, 0));
    assert_int_equal(status(f, 0), 0x40 | BOTH);
    count(f, 0, 4);
    assert_int_equal(status(f, 0) & 0x40, 0x40);
    to_tick(f, 1); /* loaded */
    assert_int_equal(status(f, 0), BOTH);
    assert_int_equal(latched(f, 0), 4);
    to_tick(f, 4);
    assert_int_equal(latched(f, 0), 1);
    assert_false(out(f, 0));
    to_tick(f, 5); /* N + 1 clocks after the write */
    assert_true(out(f, 0));
    assert_int_equal(latched(f, 0), 0);
    to_tick(f, 6);
    assert_int_equal(latched(f, 0), 0xffff); /* it wraps and counts on */
    to_tick(f, 200000);
    assert_int_equal(f->rises, 1);
    wr(f, 0, 9); /* the first byte of a new count lowers the output */
    assert_false(out(f, 0));
    to_tick(f, 300000);
    assert_false(out(f, 0));
    wr(f, 0, 0);
    to_tick(f, 300010);
    assert_true(out(f, 0));
    assert_int_equal(f->rises, 2);
}

static void test_mode2(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, BOTH | 4);
    assert_true(out(f, 0));
    count(f, 0, 3);
    for (u32 t = 1; t < 30; t++) {
        to_tick(f, t);
        assert_int_equal(latched(f, 0), 3 - (t - 1) % 3);
        assert_int_equal(out(f, 0), (t - 1) % 3 != 2);
    }
    count(f, 0, 5); /* from the end of the period on, which is tick 31 */
    assert_int_equal(status(f, 0) & 0x40, 0x40);
    to_tick(f, 30);
    assert_int_equal(latched(f, 0), 1);
    assert_false(out(f, 0));
    for (u32 t = 31; t < 60; t++) {
        to_tick(f, t);
        assert_int_equal(latched(f, 0), 5 - (t - 31) % 5);
        assert_int_equal(out(f, 0), (t - 31) % 5 != 4);
    }
}

static void test_mode3(void **state)
{
    struct fix *f = *state;
    static const u8 odd[7] = { 6, 4, 2, 0, 6, 4, 2 }, even[6] = { 6, 4, 2, 6, 4, 2 };
    wr(f, CONTROL, BOTH | 0xe); /* 7 is 3 */
    count(f, 0, 7);
    for (u32 t = 1; t < 36; t++) {
        to_tick(f, t);
        assert_int_equal(latched(f, 0), odd[(t - 1) % 7]);
        assert_int_equal(out(f, 0), (t - 1) % 7 < 4);
    }
    to_tick(f, 37); /* 36 began a high half: a new count takes over behind it, at 40 */
    count(f, 0, 6);
    for (u32 t = 38; t < 80; t++) {
        to_tick(f, t);
        assert_int_equal(out(f, 0), t < 40 || (t - 40) % 6 >= 3);
        if (t >= 40)
            assert_int_equal(latched(f, 0), even[(t - 40) % 6]);
    }
}

static void test_mode4(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, LOW | 8);
    wr(f, 0, 3);
    for (u32 t = 1; t < 40; t++) {
        to_tick(f, t);
        assert_int_equal(out(f, 0), t != 4);
    }
    assert_int_equal(f->rises, 1);
    assert_int_equal(f->falls, 1);
    wr(f, 0, 3);
    to_tick(f, 60);
    assert_int_equal(f->rises, 2);
}

/* One-shot and strobe by the gate of counter 2. */
static void test_triggered(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, 0x80 | BOTH | 2);
    count(f, 2, 5);
    to_tick(f, 10);
    assert_true(out(f, 2));
    assert_int_equal(status(f, 2) & 0x40, 0x40);
    wr(f, P61, 1);
    for (u32 t = 11; t < 14; t++) {
        to_tick(f, t);
        assert_false(out(f, 2));
    }
    assert_int_equal(rd(f, P61) & 0x2f, 1);
    wr(f, P61, 0);
    wr(f, P61, 1); /* again: at 14 it begins anew */
    to_tick(f, 18);
    assert_false(out(f, 2));
    assert_int_equal(latched(f, 2), 1);
    to_tick(f, 19);
    assert_true(out(f, 2));
    assert_int_equal(rd(f, P61) & 0x2f, 0x21);
    wr(f, CONTROL, 0x80 | BOTH | 0xa);
    count(f, 2, 5);
    wr(f, P61, 0);
    to_tick(f, 40);
    assert_true(out(f, 2));
    wr(f, P61, 1);
    for (u32 t = 41; t < 60; t++) {
        to_tick(f, t);
        assert_int_equal(out(f, 2), t != 46);
    }
}

static void test_gate(void **state)
{
    struct fix *f = *state;
    wr(f, P61, 1);
    wr(f, CONTROL, 0x80 | BOTH | 0);
    count(f, 2, 1000);
    to_tick(f, 101);
    assert_int_equal(latched(f, 2), 900);
    wr(f, P61, 0);
    to_tick(f, 5000);
    assert_int_equal(latched(f, 2), 900);
    wr(f, P61, 1);
    to_tick(f, 5899);
    assert_false(out(f, 2));
    to_tick(f, 5900);
    assert_true(out(f, 2));
    wr(f, CONTROL, 0x80 | BOTH | 6); /* a square wave begins anew with the gate, which holds it high */
    count(f, 2, 100);
    to_tick(f, 5960);
    assert_false(out(f, 2));
    wr(f, P61, 0);
    assert_true(out(f, 2));
    to_tick(f, 6000);
    assert_true(out(f, 2));
    wr(f, P61, 1);
    to_tick(f, 6050);
    assert_true(out(f, 2));
    to_tick(f, 6051);
    assert_false(out(f, 2));
}

static void test_reading(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, BOTH | 4);
    count(f, 0, 0x1234);
    to_tick(f, 1);
    wr(f, CONTROL, 0);
    to_tick(f, 0x235);
    wr(f, CONTROL, 0); /* the first latch holds */
    assert_int_equal(get(f, 0), 0x1234);
    assert_int_equal(get(f, 0), 0x1000);
    wr(f, CONTROL, 0xc2); /* status and count of counter 0 */
    assert_int_equal(rd(f, 0), 0x80 | BOTH | 4);
    assert_int_equal(get(f, 0), 0x1000);
    wr(f, CONTROL, LOW | 4);
    wr(f, 0, 0x55);
    to_tick(f, 0x236);
    assert_int_equal(rd(f, 0), 0x55);
    assert_int_equal(rd(f, 0), 0x55);
    wr(f, CONTROL, HIGH | 4);
    wr(f, 0, 0x55);
    to_tick(f, 0x237);
    assert_int_equal(rd(f, 0), 0x55);
    to_tick(f, 0x238);
    assert_int_equal(rd(f, 0), 0x54);
    assert_int_equal(rd(f, CONTROL), 0);
}

static void test_bcd(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, BOTH | 4 | 1);
    count(f, 0, 0x1000);
    to_tick(f, 1);
    assert_int_equal(latched(f, 0), 0x1000);
    to_tick(f, 2);
    assert_int_equal(latched(f, 0), 0x0999);
    count(f, 0, 0); /* 10000 */
    to_tick(f, 1001);
    assert_int_equal(latched(f, 0), 0);
    to_tick(f, 1002);
    assert_int_equal(latched(f, 0), 0x9999);
}

/* 18.2 Hz for an hour: every edge is there and none has drifted by a nanosecond. */
static void test_no_drift(void **state)
{
    struct fix *f = *state;
    rig_run(&f->r, 12345678901);
    u64 t0 = (u64)((u128)f->r.m->s.idle_ns * HZ / SECOND) + 1;
    wr(f, CONTROL, BOTH | 6);
    count(f, 0, 0);
    f->rises = 0;
    rig_run(&f->r, 3600 * SECOND);
    u64 n = 3600ull * HZ / 65536;
    assert_int_equal(f->rises, n);
    assert_int_equal(f->first, ((u128)(t0 + 65536) * SECOND + HZ - 1) / HZ);
    assert_int_equal(f->last, ((u128)(t0 + n * 65536) * SECOND + HZ - 1) / HZ);
}

/* A host that comes late makes one edge of many, and goes on in step. */
static void test_late(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, BOTH | 4);
    count(f, 0, 1193);
    rig_run(&f->r, 10 * SECOND / 1000);
    u32 before = f->rises;
    f->r.m->s.idle_ns += SECOND;
    machine_run_events(f->r.m);
    assert_int_equal(f->rises, before + 1);
    assert_true(f->r.irq[0]);
    assert_true(f->r.m->next_deadline > f->r.m->s.idle_ns);
    assert_true(f->r.m->next_deadline < f->r.m->s.idle_ns + SECOND / 900);
    u64 t = (u64)(((u128)f->r.m->next_deadline) * HZ / SECOND);
    assert_int_equal((t - 1) % 1193, 1192);
    f->r.m->s.idle_ns += SECOND; /* and when the guest looks first */
    before = f->rises;
    rd(f, 0);
    assert_int_equal(f->rises, before + 1);
}

/* ---- a realtime host that comes late ---- */

static u64 host_time;
static u64 host_ns(void) { return host_time; }

static void start_realtime(struct fix *f, u32 mode, u32 period)
{
    host_time = 0;
    f->r.m->host_ns = host_ns;
    f->r.m->clock = CLOCK_REALTIME;
    wr(f, CONTROL, BOTH | mode << 1);
    count(f, 0, period);
    machine_run_events(f->r.m);
    f->rises = 0;
}

/* To the first nanosecond of tick t in one go. */
static void late_to(struct fix *f, u64 t)
{
    host_time = (u64)(((u128)t * SECOND + HZ - 1) / HZ);
    machine_run_events(f->r.m);
}

/* Edges that the guest gets when it takes each; all are over then. */
static u32 take_all(struct fix *f)
{
    u32 taken = 0;
    while (f->rises) {
        assert_int_equal(f->rises, 1); /* one at a time */
        assert_true(f->r.irq[0]);      /* and it stays until it is taken */
        f->rises = 0;
        i8254_taken(&f->p);
        assert_in_range(++taken, 1, 1000);
    }
    return taken;
}

static void test_missed(void **state)
{
    struct fix *f = *state;
    for (u32 mode = 2; mode <= 3; mode++)
        for (u32 in = 0; in < 1000; in += 111) {
            start_realtime(f, mode, 1000);
            late_to(f, 1 + 1000 + in);
            assert_int_equal(take_all(f), 1);
            assert_int_equal(f->r.irq[0], i8254_out(&f->p, 0));
            late_to(f, 1 + 9000 + in);
            assert_int_equal(take_all(f), 8);
            assert_int_equal(f->r.irq[0], i8254_out(&f->p, 0));
            for (u32 k = 10; k < 20; k++) { /* in time again */
                late_to(f, k * 1000);
                late_to(f, 1 + k * 1000);
                assert_int_equal(take_all(f), 1);
            }
        }
}

/* Nobody takes the interrupt: one edge each time. The guest that begins to is not flooded. */
static void test_not_taken(void **state)
{
    struct fix *f = *state;
    start_realtime(f, 3, 1000);
    for (u32 k = 1; k < 10; k++) {
        f->rises = 0;
        late_to(f, 1 + k * 20000 + 700);
        assert_int_equal(f->rises, 1);
        assert_true(f->r.irq[0]);
    }
    f->rises = 1;
    assert_int_equal(take_all(f), 40); /* what came until it seemed not to listen */
}

/* What is owed is bounded, outlives a look at the counter, and goes with a new control word. */
static void test_owed(void **state)
{
    struct fix *f = *state;
    start_realtime(f, 2, 1000);
    late_to(f, 1 + 1000000);
    assert_int_equal(take_all(f), 101);
    start_realtime(f, 2, 1000);
    late_to(f, 1 + 5000 + 10);
    latched(f, 0);
    assert_int_equal(take_all(f), 5);
    start_realtime(f, 2, 1000);
    host_time = SECOND / 100; /* the guest looks first */
    latched(f, 0);
    assert_int_equal(take_all(f), 11);
    start_realtime(f, 2, 1000);
    late_to(f, 1 + 5000 + 10);
    wr(f, CONTROL, BOTH | 4);
    count(f, 0, 1000);
    f->rises = 0;
    i8254_taken(&f->p);
    assert_int_equal(f->rises, 0);
    assert_true(f->r.irq[0]);
}

static void test_port61(void **state)
{
    struct fix *f = *state;
    struct iobus *b = &f->r.m->io;
    assert_true(iobus_map(b, 0x40, 4, &dev_mmio, &f->p.dev, "pit"));
    assert_true(iobus_map(b, 0x61, 1, &i8254_port61_mmio, &f->p.dev, "port61"));
    iobus_write(b, 0x61, 0xfe, 1);
    assert_int_equal(iobus_read(b, 0x61, 1) & 0xcf, 0xe);
    u32 toggles = 0, was = iobus_read(b, 0x61, 1) & 0x10;
    for (u32 t = 1; t <= 1800; t++) {
        to_tick(f, t);
        u32 now = iobus_read(b, 0x61, 1) & 0x10;
        toggles += now != was;
        was = now;
    }
    assert_int_equal(toggles, 100);
    iobus_write(b, 0x43, 0xb6, 1);
    assert_int_equal(iobus_read(b, 0x43, 1), 0);
}

static void test_resumes(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, BOTH | 4);
    count(f, 0, 100);
    to_tick(f, 100); /* the low tick */
    f->r.irq[0] = true;
    event_set(&f->p.event, TIME_NEVER); /* as in a fresh machine */
    f->p.dev.cls->resumed(&f->p.dev);
    assert_false(f->r.irq[0]);
    f->rises = 0;
    to_tick(f, 201);
    assert_int_equal(f->rises, 2);
    f->p.dev.cls->reset(&f->p.dev);
    assert_true(f->r.m->next_deadline == TIME_NEVER);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->p.dev);
    for (u32 i = 0; i < 200; i++) {
        rig_scribble(&f->p.dev, 5, 100);
        rig_run(&f->r, 3000 * i);
        for (u32 n = 0; n < 3; n++)
            if (i8254_out(&f->p, n) && n == 0)
                assert_true(f->r.irq[0]);
    }
    rig_scribble(&f->p.dev, 0x100, 5000);
    f->p.dev.m = NULL; /* alone, as in a register test */
    rig_scribble(&f->p.dev, 8, 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_mode0), T(test_mode2), T(test_mode3), T(test_mode4), T(test_triggered), T(test_gate), T(test_reading),
        T(test_bcd), T(test_no_drift), T(test_late), T(test_missed), T(test_not_taken),
        T(test_owed), T(test_port61), T(test_resumes), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
