/* pl031_test.c - PL031: time, match interrupt, load. */
#include "hw/timer/pl031.h"
#include "tests/dev/rig.h"

enum { DR = 0, MR = 4, LR = 8, CR = 12, IMSC = 16, RIS = 20, MIS = 24, ICR = 28 };
#define SECOND 1000000000ull
#define BASE 1700000000u

struct fix {
    struct rig   r;
    struct pl031 c;
};

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    pl031_init(&f->c, f->r.m, "rtc", BASE);
    f->c.irq = rig_line(&f->r, 0);
    f->c.dev.cls->reset(&f->c.dev);
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
    return (u32)dev_read(&f->c.dev, off, 4);
}
static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->c.dev, off, val, 4);
}

static void test_time(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, DR), BASE);
    rig_run(&f->r, 5 * SECOND / 2);
    assert_int_equal(rd(f, DR), BASE + 2);
    f->c.dev.cls->reset(&f->c.dev);
    assert_int_equal(rd(f, DR), BASE + 2);
    wr(f, LR, 100);
    assert_int_equal(rd(f, DR), 100);
    assert_int_equal(rd(f, LR), 100);
    rig_run(&f->r, SECOND);
    assert_int_equal(rd(f, DR), 101);
    assert_int_equal(rd(f, CR), 1);
    assert_int_equal(rd(f, 0xfe0) | rd(f, 0xfe4) << 8 | (rd(f, 0xfe8) & 0xf) << 16, 0x41031);
}

static void test_match(void **state)
{
    struct fix *f = *state;
    wr(f, IMSC, 1);
    wr(f, MR, BASE + 3);
    rig_run(&f->r, 3 * SECOND - 1);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_true(f->r.irq[0]);
    assert_int_equal(rd(f, MIS), 1);
    wr(f, ICR, 1);
    assert_false(f->r.irq[0]);
    assert_int_equal(rd(f, RIS), 0);
    wr(f, LR, 0xffffffff); /* a match behind the wrap */
    wr(f, MR, 1);
    rig_run(&f->r, 3 * SECOND);
    assert_true(f->r.irq[0]);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->c.dev);
    rig_scribble(&f->c.dev, 0x1000, 20000);
    rig_scribble(&f->c.dev, 0x20, 20000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = { T(test_time), T(test_match), T(test_scribble) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
