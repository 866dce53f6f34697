/* gtimer_test.c - Arm generic timer: counter, compare, masks, 32-bit view, exact deadlines, load. */
#include "hw/timer/arm_gtimer.h"
#include "tests/dev/rig.h"

enum { ENABLE = 1, IMASK = 2, ISTATUS = 4 };

struct fix {
    struct rig        r;
    struct arm_gtimer t;
};

static u64 sr(struct fix *f, u32 id)
{
    return f->t.port.read(f->t.port.opaque, id);
}
static void sw(struct fix *f, u32 id, u64 val)
{
    f->t.port.write(f->t.port.opaque, id, val);
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    arm_gtimer_init(&f->t, f->r.m, "timer0", NULL);
    for (u32 i = 0; i < GTIMER_COUNT; i++)
        f->t.irq[i] = rig_line(&f->r, i);
    f->t.dev.cls->reset(&f->t.dev);
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

static void test_counter(void **state)
{
    struct fix *f = *state;
    assert_int_equal(sr(f, SYSREG_CNTFRQ), 62500000);
    rig_run(&f->r, 15);
    assert_int_equal(sr(f, SYSREG_CNTPCT), 0);
    rig_run(&f->r, 1);
    assert_int_equal(sr(f, SYSREG_CNTPCT), 1);
    rig_run(&f->r, 999999984);
    assert_int_equal(sr(f, SYSREG_CNTVCT), 62500000);
    assert_int_equal(sr(f, SYSREG_CNTVOFF), 0);
    f->r.m->s.idle_ns = ~0ull - 1;
    assert_int_equal(sr(f, SYSREG_CNTPCT), ~0ull >> 4);
}

static void compare(struct fix *f, u32 ctl, u32 cval, u32 line)
{
    sw(f, cval, sr(f, SYSREG_CNTPCT) + 100);
    sw(f, ctl, ENABLE);
    assert_int_equal(sr(f, ctl), ENABLE);
    rig_run(&f->r, 100 * GTIMER_NS - 1 - f->r.m->s.idle_ns % GTIMER_NS);
    assert_false(f->r.irq[line]);
    rig_run(&f->r, 1); /* the first nanosecond at which the count is there */
    assert_true(f->r.irq[line]);
    assert_false(f->r.irq[!line]);
    assert_int_equal(sr(f, ctl), ENABLE | ISTATUS);
    sw(f, ctl, ENABLE | IMASK);
    assert_false(f->r.irq[line]);
    assert_int_equal(sr(f, ctl), ENABLE | IMASK | ISTATUS);
    sw(f, ctl, 7);
    sw(f, ctl, ENABLE);
    assert_true(f->r.irq[line]);
    sw(f, cval, sr(f, SYSREG_CNTPCT) + 1); /* moved away: the level falls */
    assert_false(f->r.irq[line]);
    sw(f, ctl, 0);
    assert_int_equal(f->r.m->next_deadline, TIME_NEVER);
    rig_run(&f->r, 1000);
    assert_false(f->r.irq[line]);
    assert_int_equal(sr(f, ctl), 0);
}

static void test_compare(void **state)
{
    compare(*state, SYSREG_CNTP_CTL, SYSREG_CNTP_CVAL, GTIMER_PHYS);
    rig_run(&((struct fix *)*state)->r, 7); /* off the tick */
    compare(*state, SYSREG_CNTV_CTL, SYSREG_CNTV_CVAL, GTIMER_VIRT);
}

static void test_tval(void **state)
{
    struct fix *f = *state;
    rig_run(&f->r, 1600);
    sw(f, SYSREG_CNTV_TVAL, 50);
    assert_int_equal(sr(f, SYSREG_CNTV_CVAL), 150);
    assert_int_equal(sr(f, SYSREG_CNTV_TVAL), 50);
    rig_run(&f->r, 60 * GTIMER_NS);
    assert_int_equal(sr(f, SYSREG_CNTV_TVAL), 0xfffffff6); /* -10 */
    sw(f, SYSREG_CNTV_TVAL, 0x1fffffff0); /* bits 31:0 are signed: -16 */
    assert_int_equal(sr(f, SYSREG_CNTV_CVAL), 144);
    sw(f, SYSREG_CNTP_TVAL, 0x80000000);
    assert_int_equal(sr(f, SYSREG_CNTP_CVAL), 160 - 0x80000000ull); /* before time began: far away, not due */
    sw(f, SYSREG_CNTP_CTL, ENABLE);
    assert_int_equal(sr(f, SYSREG_CNTP_CTL), ENABLE);
}

static void test_far_away(void **state)
{
    struct fix *f = *state;
    static const u64 never[] = { ~0ull, 1ull << 63, 1ull << 60 };
    sw(f, SYSREG_CNTP_CTL, ENABLE);
    for (u32 i = 0; i < COUNT(never); i++) {
        sw(f, SYSREG_CNTP_CVAL, never[i]);
        assert_int_equal(f->r.m->next_deadline, TIME_NEVER);
        assert_false(f->r.irq[GTIMER_PHYS]);
    }
    sw(f, SYSREG_CNTP_CVAL, (1ull << 60) - 1);
    assert_int_equal(f->r.m->next_deadline, ((1ull << 60) - 1) * GTIMER_NS);
    sw(f, SYSREG_CNTP_CTL, ENABLE | IMASK); /* nothing can change: no event */
    assert_int_equal(f->r.m->next_deadline, TIME_NEVER);
}

static void test_both(void **state)
{
    struct fix *f = *state;
    sw(f, SYSREG_CNTP_TVAL, 10);
    sw(f, SYSREG_CNTV_TVAL, 5);
    sw(f, SYSREG_CNTP_CTL, ENABLE);
    sw(f, SYSREG_CNTV_CTL, ENABLE);
    rig_run(&f->r, 5 * GTIMER_NS);
    assert_true(f->r.irq[GTIMER_VIRT] && !f->r.irq[GTIMER_PHYS]);
    rig_run(&f->r, 5 * GTIMER_NS);
    assert_true(f->r.irq[GTIMER_VIRT] && f->r.irq[GTIMER_PHYS]);
}

static void test_load(void **state)
{
    struct fix *f = *state;
    struct err e;
    struct arm_gtimer_state s = { .cval = { 100, 5 }, .ctl = { ENABLE, ENABLE } };
    assert_true(f->t.dev.cls->state->valid(&s, &e));
    rig_run(&f->r, 50 * GTIMER_NS);
    f->t.s = s;
    f->t.dev.cls->resumed(&f->t.dev);
    assert_true(f->r.irq[GTIMER_VIRT] && !f->r.irq[GTIMER_PHYS]);
    assert_int_equal(f->r.m->next_deadline, 100 * GTIMER_NS);
    s.ctl[1] = 4;
    assert_false(f->t.dev.cls->state->valid(&s, &e));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 3;
    rig_check_class(&f->t.dev);
    rig_scribble(&f->t.dev, 0x1000, 1000); /* has no registers in memory */
    for (u32 i = 0; i < 50000; i++) {
        u32 id = (u32)(rig_random(&x) % SYSREG_COUNT), ctl;
        sr(f, id);
        sw(f, id, rig_random(&x) >> rig_random(&x) % 64);
        rig_run(&f->r, rig_random(&x) % 100);
        assert_true(f->t.dev.cls->state->valid(&f->t.s, &e));
        for (u32 k = 0; k < GTIMER_COUNT; k++) {
            ctl = (u32)sr(f, k == GTIMER_PHYS ? SYSREG_CNTP_CTL : SYSREG_CNTV_CTL);
            assert_int_equal(f->r.irq[k], ctl == (ENABLE | ISTATUS));
        }
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_counter), T(test_compare), T(test_tval), T(test_far_away), T(test_both), T(test_load),
        T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
