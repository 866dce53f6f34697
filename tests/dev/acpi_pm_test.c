/* acpi_pm_test.c - ACPI fixed hardware: timer and its overflow, events and SCI, switching on, soft off. */
#include "hw/misc/acpi_pm.h"
#include "tests/dev/rig.h"

enum { STS = 0, EN = 2, CNT = 4, TMR = 8 };
enum { TMROF = 1, POWER = 1 << 8, SCI_EN = 1, SLP_EN = 1 << 13 };
enum { HZ = 3579545, HALF = 1 << 23 };
#define SECOND 1000000000ull

struct fix {
    struct rig     r;
    struct acpi_pm p;
};

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct iobus *b;
    rig_start(&f->r);
    acpi_pm_init(&f->p, f->r.m, "pm");
    f->p.sci = rig_line(&f->r, 0);
    f->p.dev.cls->reset(&f->p.dev);
    b = &f->r.m->io;
    if (!iobus_map(b, 0x600, 12, &dev_mmio, &f->p.dev, "pm")
        || !iobus_map(b, 0xafe0, 4, &acpi_pm_gpe_mmio, &f->p.dev, "gpe")
        || !iobus_map(b, 0xb2, 2, &acpi_pm_smi_mmio, &f->p.dev, "smi"))
        return -1;
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
static u32 rd(struct fix *f, u32 off)
{
    return iobus_read(&f->r.m->io, 0x600 + off, off == TMR ? 4 : 2);
}
static void wr(struct fix *f, u32 off, u32 val)
{
    iobus_write(&f->r.m->io, 0x600 + off, val, 2);
}

static void test_timer(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, TMR), 0);
    rig_run(&f->r, SECOND);
    assert_int_equal(rd(f, TMR), HZ);
    rig_run(&f->r, 9 * SECOND);
    assert_int_equal(rd(f, TMR), 10u * HZ % (1 << 24));
    assert_int_equal(iobus_read(&f->r.m->io, 0x609, 1), rd(f, TMR) >> 8 & 0xff);
    rig_run(&f->r, 3600 * SECOND);
    assert_int_equal(rd(f, TMR), 3610ull * HZ % (1 << 24));
    iobus_write(&f->r.m->io, 0x608, 0, 4);
    assert_int_equal(rd(f, TMR), 3610ull * HZ % (1 << 24));
    f->p.dev.cls->reset(&f->p.dev);
    assert_int_equal(rd(f, TMR), 3610ull * HZ % (1 << 24));
}

static void test_overflow(void **state)
{
    struct fix *f = *state;
    u64 half = (HALF * SECOND + HZ - 1) / HZ;
    wr(f, CNT, SCI_EN);
    rig_run(&f->r, half - 1);
    assert_int_equal(rd(f, STS), 0);
    rig_run(&f->r, 1); /* bit 23 goes up */
    assert_int_equal(rd(f, STS), TMROF);
    assert_false(f->r.irq[0]);
    wr(f, EN, TMROF);
    assert_true(f->r.irq[0]);
    wr(f, STS, POWER);
    assert_true(f->r.irq[0]);
    wr(f, STS, TMROF);
    assert_false(f->r.irq[0]);
    assert_int_equal(rd(f, EN), TMROF);
    u64 all = (2ull * HALF * SECOND + HZ - 1) / HZ;
    rig_run(&f->r, all - f->r.m->s.idle_ns - 1);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1); /* ... and down */
    assert_true(f->r.irq[0]);
    wr(f, STS, TMROF);
    event_set(&f->p.event, TIME_NEVER); /* as in a fresh machine */
    f->p.dev.cls->resumed(&f->p.dev);
    rig_run(&f->r, half);
    assert_true(f->r.irq[0]);
}

static u64 halves(const struct fix *f) { return (u64)((u128)f->r.m->s.idle_ns * HZ / SECOND / HALF); }

/* Overflows before a reset are no news behind it, whether somebody saw them or not. */
static void test_reset(void **state)
{
    struct fix *f = *state;
    for (u32 i = 0; i < 4; i++) {
        wr(f, EN, i & 1 ? TMROF : 0);
        wr(f, CNT, SCI_EN);
        rig_run(&f->r, 3 * SECOND);
        assert_int_equal(f->r.irq[0], i & 1);
        f->p.dev.cls->reset(&f->p.dev);
        assert_false(f->r.irq[0]);
        rig_run(&f->r, SECOND / 100);
        u64 now = halves(f);
        assert_int_equal(rd(f, STS), 0);
        assert_int_equal(rd(f, EN), 0);
        while (halves(f) == now)
            rig_run(&f->r, SECOND / 100);
        assert_int_equal(rd(f, STS), TMROF);
    }
}

static void test_power_button(void **state)
{
    struct fix *f = *state;
    iobus_write(&f->r.m->io, 0x602, 0xffff, 2);
    assert_int_equal(rd(f, EN), 0x521);
    wr(f, EN, POWER);
    acpi_pm_power_button(&f->p);
    assert_int_equal(rd(f, STS), POWER);
    assert_false(f->r.irq[0]); /* ACPI is off */
    iobus_write(&f->r.m->io, 0xb2, ACPI_PM_ENABLE, 1);
    assert_int_equal(rd(f, CNT), SCI_EN);
    assert_true(f->r.irq[0]);
    iobus_write(&f->r.m->io, 0x601, 1, 1); /* the high byte alone */
    assert_int_equal(rd(f, STS), 0);
    assert_false(f->r.irq[0]);
    acpi_pm_power_button(&f->p);
    assert_true(f->r.irq[0]);
    iobus_write(&f->r.m->io, 0xb2, ACPI_PM_DISABLE, 1);
    assert_int_equal(rd(f, CNT), 0);
    assert_false(f->r.irq[0]);
    iobus_write(&f->r.m->io, 0xb3, 0x55, 1);
    assert_int_equal(iobus_read(&f->r.m->io, 0xb2, 2), 0x55f0);
    iobus_write(&f->r.m->io, 0x600, 0xffffffff, 4);
    assert_int_equal(iobus_read(&f->r.m->io, 0x600, 4), 0x5210000);
}

static void test_soft_off(void **state)
{
    struct fix *f = *state;
    wr(f, CNT, SCI_EN | 1 << 10 | SLP_EN); /* another type: nothing happens */
    assert_int_equal(atomic_load(&f->r.m->request), 0);
    assert_int_equal(rd(f, CNT), SCI_EN | 1 << 10);
    wr(f, CNT, SCI_EN | ACPI_PM_S5 << 10);
    assert_int_equal(atomic_load(&f->r.m->request), 0);
    wr(f, CNT, SCI_EN | ACPI_PM_S5 << 10 | SLP_EN);
    assert_int_equal(atomic_load(&f->r.m->request), REQ_POWEROFF);
    assert_int_equal(rd(f, CNT), SCI_EN);
}

static void test_events_block(void **state)
{
    struct fix *f = *state;
    iobus_write(&f->r.m->io, 0xafe0, 0xffffffff, 4);
    assert_int_equal(iobus_read(&f->r.m->io, 0xafe0, 4), 0);
    assert_int_equal(iobus_read(&f->r.m->io, 0x606, 2), 0);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->p.dev);
    for (u32 i = 0; i < 200; i++) {
        rig_scribble(&f->p.dev, 18, 100);
        rig_run(&f->r, SECOND / 7);
    }
    rig_scribble(&f->p.dev, 0x100, 5000);
    f->p.dev.m = NULL; /* alone, as in a register test */
    rig_scribble(&f->p.dev, 18, 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_timer), T(test_overflow), T(test_reset), T(test_power_button), T(test_soft_off), T(test_events_block),
        T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
