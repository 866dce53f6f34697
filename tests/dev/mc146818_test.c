/* mc146818_test.c - real-time clock: the calendar against the C library's, setting, formats, interrupts, CMOS. */
#define _GNU_SOURCE
#include "hw/timer/mc146818.h"
#include "tests/dev/rig.h"
#include <time.h>

enum { SEC, SEC_ALARM, MIN_, MIN_ALARM, HOUR, HOUR_ALARM, WEEKDAY, DAY, MONTH, YEAR, A, B, C, D, CENTURY = 0x32 };
enum { SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, BINARY = 4, H24 = 2, UIP = 0x80 };
enum { IRQF = 0x80, PF = 0x40, AF = 0x20, UF = 0x10 };
#define SECOND 1000000000ull
#define BASE 951782399u /* 2000-02-28 23:59:59, a Monday */

struct fix {
    struct rig      r;
    struct mc146818 c;
};

static u32 rd(struct fix *f, u32 reg)
{
    dev_write(&f->c.dev, 0, reg, 1);
    return (u32)dev_read(&f->c.dev, 1, 1);
}
static void wr(struct fix *f, u32 reg, u32 val)
{
    dev_write(&f->c.dev, 0, reg, 1);
    dev_write(&f->c.dev, 1, val, 1);
}
static void create(struct fix *f, u64 base)
{
    rig_start(&f->r);
    mc146818_init(&f->c, f->r.m, "rtc", base);
    f->c.irq = rig_line(&f->r, 0);
    f->c.dev.cls->reset(&f->c.dev);
}
static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    create(f, BASE);
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
static void expect(struct fix *f, u32 hour, u32 min, u32 sec)
{
    assert_int_equal(rd(f, HOUR), hour);
    assert_int_equal(rd(f, MIN_), min);
    assert_int_equal(rd(f, SEC), sec);
}

static void test_power_on(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, A), 0x26);
    assert_int_equal(rd(f, B), 2);
    assert_int_equal(rd(f, C), 0);
    assert_int_equal(rd(f, D), 0x80);
    expect(f, 0x23, 0x59, 0x59);
    assert_int_equal(rd(f, DAY), 0x28);
    assert_int_equal(rd(f, MONTH), 2);
    assert_int_equal(rd(f, YEAR), 0);
    assert_int_equal(rd(f, CENTURY), 0x20);
    assert_int_equal(rd(f, WEEKDAY), 2);
    rig_run(&f->r, SECOND - 1);
    assert_int_equal(rd(f, DAY), 0x28);
    rig_run(&f->r, 1);
    expect(f, 0, 0, 0);
    assert_int_equal(rd(f, DAY), 0x29);
    assert_int_equal(rd(f, WEEKDAY), 3);
    rig_run(&f->r, 86400 * SECOND);
    assert_int_equal(rd(f, DAY), 1);
    assert_int_equal(rd(f, MONTH), 3);
}

/* Days all over four centuries, each by setting it and by beginning there. */
static void test_calendar(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    for (i64 t = 0; t < 13000000000; t += 86400 * 97 + 3607) {
        time_t at = t;
        struct tm tm;
        gmtime_r(&at, &tm);
        create(f, (u64)t);
        wr(f, B, BINARY | H24);
        u32 want[] = { (u32)tm.tm_sec, (u32)tm.tm_min, (u32)tm.tm_hour, (u32)tm.tm_wday + 1, (u32)tm.tm_mday,
                       (u32)tm.tm_mon + 1, (u32)(tm.tm_year + 1900) % 100, (u32)(tm.tm_year + 1900) / 100 };
        static const u8 reg[] = { SEC, MIN_, HOUR, WEEKDAY, DAY, MONTH, YEAR, CENTURY };
        for (u32 i = 0; i < COUNT(reg); i++)
            assert_int_equal(rd(f, reg[i]), want[i]);
        rig_run(&f->r, 12345 * SECOND); /* the other way: set it somewhen else */
        wr(f, B, SET | H24 | BINARY);
        for (u32 i = 0; i < COUNT(reg); i++)
            wr(f, reg[i], want[i]);
        wr(f, B, H24 | BINARY);
        for (u32 i = 0; i < COUNT(reg); i++)
            assert_int_equal(rd(f, reg[i]), want[i]);
        assert_int_equal((i64)f->c.s.base + 12345, t);
        rig_end(&f->r);
    }
    create(f, BASE);
}

static void test_set(void **state)
{
    struct fix *f = *state;
    rig_run(&f->r, SECOND / 4);
    wr(f, B, SET | H24 | UIE);
    assert_int_equal(rd(f, B), SET | H24); /* SET turns UIE off */
    wr(f, HOUR, 0x12);
    wr(f, MIN_, 0x34);
    wr(f, SEC, 0x56);
    rig_run(&f->r, 5 * SECOND);
    expect(f, 0x12, 0x34, 0x56); /* stopped */
    assert_int_equal(rd(f, C) & UF, 0);
    wr(f, B, H24);
    rig_run(&f->r, SECOND * 3 / 4 - 1); /* the divider chain went on: its tick is where it was */
    expect(f, 0x12, 0x34, 0x56);
    rig_run(&f->r, 1);
    expect(f, 0x12, 0x34, 0x57);
    wr(f, MIN_, 0x10); /* without SET: at once */
    expect(f, 0x12, 0x10, 0x57);
    wr(f, WEEKDAY, 6); /* wrong, but kept and counted on */
    wr(f, HOUR, 0x23);
    wr(f, MIN_, 0x59);
    rig_run(&f->r, 3 * SECOND);
    assert_int_equal(rd(f, WEEKDAY), 7);
    f->c.dev.cls->reset(&f->c.dev);
    expect(f, 0, 0, 0);
}

static void test_divider_reset(void **state)
{
    struct fix *f = *state;
    rig_run(&f->r, SECOND / 3);
    wr(f, A, 0x76);
    rig_run(&f->r, 7 * SECOND);
    expect(f, 0x23, 0x59, 0x59);
    wr(f, A, 0x26);
    rig_run(&f->r, SECOND / 2 - 1); /* the first update is half a second away */
    expect(f, 0x23, 0x59, 0x59);
    rig_run(&f->r, 1);
    expect(f, 0, 0, 0);
    rig_run(&f->r, SECOND);
    expect(f, 0, 0, 1);
}

static void test_formats(void **state)
{
    struct fix *f = *state;
    static const u8 twelve[24] = { 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x10, 0x11, 0x92, 0x81, 0x82, 0x83, 0x84, 0x85,
                                   0x86, 0x87, 0x88, 0x89, 0x90, 0x91 };
    rig_run(&f->r, SECOND);
    for (u32 h = 0; h < 24; h++) {
        wr(f, B, 0);
        assert_int_equal(rd(f, HOUR), twelve[h]);
        wr(f, HOUR, twelve[(h + 5) % 24]);
        wr(f, B, H24 | BINARY);
        assert_int_equal(rd(f, HOUR), (h + 5) % 24);
        wr(f, HOUR, h);
        wr(f, B, BINARY);
        assert_int_equal(rd(f, HOUR), (twelve[h] & 0x80) | (h % 12 ? h % 12 : 12));
        wr(f, B, H24);
        assert_int_equal(rd(f, HOUR), h / 10 << 4 | h % 10);
        rig_run(&f->r, 3600 * SECOND);
    }
}

static void test_update(void **state)
{
    struct fix *f = *state;
    wr(f, SEC_ALARM, 0x30); /* not at midnight */
    rig_run(&f->r, SECOND - 2228000 - 1);
    assert_int_equal(rd(f, A), 0x26);
    rig_run(&f->r, 1);
    assert_int_equal(rd(f, A), UIP | 0x26);
    expect(f, 0x23, 0x59, 0x59);
    rig_run(&f->r, 2228000 - 1);
    assert_int_equal(rd(f, A), UIP | 0x26);
    rd(f, C);
    rig_run(&f->r, 1);
    assert_int_equal(rd(f, A), 0x26);
    assert_int_equal(rd(f, C) & ~PF, UF);
    assert_int_equal(rd(f, C), 0);
    wr(f, B, H24 | UIE);
    rig_run(&f->r, SECOND - 1);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_true(f->r.irq[0]);
    rig_run(&f->r, 10 * SECOND);
    assert_true(f->r.irq[0]);
    assert_int_equal(rd(f, C) & ~PF, IRQF | UF);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, SECOND);
    assert_true(f->r.irq[0]);
    f->c.dev.cls->reset(&f->c.dev);
    assert_false(f->r.irq[0]);
    assert_int_equal(rd(f, B), H24);
    rig_run(&f->r, SECOND); /* a flag that is there when its interrupt is enabled */
    wr(f, B, H24 | UIE);
    assert_true(f->r.irq[0]);
    wr(f, B, H24);
    assert_false(f->r.irq[0]);
}

static void test_periodic(void **state)
{
    struct fix *f = *state;
    static const u16 hz[16] = { 0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2 };
    for (u32 rs = 1; rs < 16; rs++) {
        u32 n = 0;
        wr(f, A, 0x20 | rs);
        wr(f, B, H24 | PIE);
        rd(f, C);
        u64 end = f->r.m->s.idle_ns + SECOND;
        while (f->r.m->next_deadline <= end) {
            rig_run(&f->r, f->r.m->next_deadline - f->r.m->s.idle_ns);
            assert_true(f->r.irq[0]);
            assert_int_equal(rd(f, C) & (IRQF | PF), IRQF | PF);
            assert_false(f->r.irq[0]);
            n++;
        }
        assert_int_equal(n, hz[rs]);
        rig_run(&f->r, end - f->r.m->s.idle_ns);
    }
    wr(f, A, 0x20);
    rd(f, C);
    assert_true(f->r.m->next_deadline == TIME_NEVER);
    wr(f, A, 0x66); /* the chain is held */
    assert_true(f->r.m->next_deadline == TIME_NEVER);
    wr(f, A, 0x26);
    wr(f, B, H24); /* polling sees the flag, too */
    rd(f, C);
    rig_run(&f->r, SECOND / 1024 + 1);
    assert_int_equal(rd(f, C), PF);
}

static void test_alarm(void **state)
{
    struct fix *f = *state;
    rig_run(&f->r, SECOND); /* midnight */
    wr(f, HOUR_ALARM, 0x07);
    wr(f, MIN_ALARM, 0x30);
    wr(f, SEC_ALARM, 0x15);
    assert_int_equal(rd(f, C) & ~PF, AF | UF); /* the registers began as 00:00:00 */
    wr(f, B, H24 | AIE);
    rig_run(&f->r, (7 * 3600 + 30 * 60 + 15) * SECOND - 1);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_true(f->r.irq[0]);
    assert_int_equal(rd(f, C) & ~PF, IRQF | AF | UF);
    rig_run(&f->r, 86400 * SECOND - 1);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_true(f->r.irq[0]);
    rd(f, C);
    wr(f, HOUR_ALARM, 0xff); /* any hour, any minute */
    wr(f, MIN_ALARM, 0xc0);
    rig_run(&f->r, 60 * SECOND - 1);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_true(f->r.irq[0]);
    rd(f, C);
    wr(f, SEC_ALARM, 0x7a); /* never */
    assert_true(f->r.m->next_deadline == TIME_NEVER);
    rig_run(&f->r, 2 * 86400 * SECOND);
    assert_int_equal(rd(f, C) & AF, 0);
    wr(f, B, H24);
    wr(f, SEC_ALARM, 0x20); /* 15 now; polled */
    rig_run(&f->r, 4 * SECOND);
    assert_int_equal(rd(f, C) & AF, 0);
    rig_run(&f->r, SECOND);
    assert_int_equal(rd(f, C) & AF, AF);
}

static void test_cmos(void **state)
{
    struct fix *f = *state;
    mc146818_put(&f->c, 0x34, 0x40);
    assert_int_equal(rd(f, 0x34), 0x40);
    for (u32 i = 14; i < 128; i++)
        if (i != CENTURY)
            wr(f, i, i ^ 0x5a);
    f->c.dev.cls->reset(&f->c.dev);
    for (u32 i = 14; i < 128; i++)
        if (i != CENTURY)
            assert_int_equal(rd(f, i | 0x80), i ^ 0x5a);
    assert_true(mc146818_nmi_masked(&f->c));
    rd(f, 0x7f);
    assert_false(mc146818_nmi_masked(&f->c));
    assert_int_equal(dev_read(&f->c.dev, 0, 1), 0xff);
    dev_write(&f->c.dev, 0, 0x7734, 2); /* both ports at once */
    assert_int_equal(rd(f, 0x34), 0x77);
    wr(f, C, 0xff);
    wr(f, D, 0);
    assert_int_equal(rd(f, C), 0);
    assert_int_equal(rd(f, D), 0x80);
}

static void test_resumes(void **state)
{
    struct fix *f = *state;
    wr(f, B, H24 | UIE);
    event_set(&f->c.event, TIME_NEVER); /* as in a fresh machine */
    f->c.dev.cls->resumed(&f->c.dev);
    rig_run(&f->r, SECOND);
    assert_true(f->r.irq[0]);
    f->r.irq[0] = false;
    f->c.dev.cls->resumed(&f->c.dev);
    assert_true(f->r.irq[0]);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    u64 x = 7;
    rig_check_class(&f->c.dev);
    for (u32 i = 0; i < 20000; i++) {
        struct err e;
        wr(f, rig_random(&x) % 16, (u32)rig_random(&x) & 0xff);
        rd(f, rig_random(&x) % 64);
        if (!f->c.dev.cls->state->valid(&f->c.s, &e))
            fail_msg("%s", e.msg);
        f->r.m->s.idle_ns += rig_random(&x) >> rig_random(&x) % 32 >> 22;
        machine_run_events(f->r.m);
    }
    rig_scribble(&f->c.dev, 2, 5000);
    rig_scribble(&f->c.dev, 0x100, 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_power_on), T(test_calendar), T(test_set), T(test_divider_reset), T(test_formats), T(test_update),
        T(test_periodic), T(test_alarm), T(test_cmos), T(test_resumes), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
