/* pl061_test.c - PL061: masked data, edge and level interrupts. */
#include "hw/misc/pl061.h"
#include "tests/dev/rig.h"

enum { DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418, IC = 0x41c };

struct fix {
    struct rig   r;
    struct pl061 g;
};

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    pl061_init(&f->g, f->r.m, "gpio");
    f->g.irq = rig_line(&f->r, 0);
    f->g.out[1] = rig_line(&f->r, 1);
    f->g.dev.cls->reset(&f->g.dev);
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
    return (u32)dev_read(&f->g.dev, off, 4);
}
static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->g.dev, off, val, 4);
}

static void test_data(void **state)
{
    struct fix *f = *state;
    wr(f, DIR, 0x0f);
    wr(f, 0x3fc, 0xff);
    assert_int_equal(rd(f, 0x3fc), 0x0f);
    assert_true(f->r.irq[1]);
    wr(f, 0x2 << 2, 0);
    assert_int_equal(rd(f, 0x3fc), 0x0d);
    assert_false(f->r.irq[1]);
    pl061_set_input(&f->g, 7, true);
    assert_int_equal(rd(f, 0x3fc), 0x8d);
    assert_int_equal(rd(f, 0x80 << 2), 0x80);
    assert_int_equal(rd(f, 0x40 << 2), 0);
    assert_int_equal(rd(f, 0xfe0), 0x61);
}

static void test_power_key_edges(void **state)
{
    struct fix *f = *state;
    wr(f, IBE, 8);
    wr(f, IE, 8);
    pl061_set_input(&f->g, 3, true);
    assert_true(f->r.irq[0]);
    assert_int_equal(rd(f, MIS), 8);
    wr(f, IC, 8);
    assert_false(f->r.irq[0]);
    pl061_set_input(&f->g, 3, true);
    assert_false(f->r.irq[0]);
    pl061_set_input(&f->g, 3, false);
    assert_true(f->r.irq[0]);
    wr(f, IC, 8);
    wr(f, IBE, 0); /* falling only */
    pl061_set_input(&f->g, 3, true);
    assert_false(f->r.irq[0]);
    pl061_set_input(&f->g, 3, false);
    assert_true(f->r.irq[0]);
}

static void test_level(void **state)
{
    struct fix *f = *state;
    wr(f, IEV, 1);
    wr(f, IS, 1);
    wr(f, IE, 1);
    assert_false(f->r.irq[0]);
    pl061_set_input(&f->g, 0, true);
    assert_true(f->r.irq[0]);
    wr(f, IC, 1); /* no effect on a level */
    assert_true(f->r.irq[0]);
    pl061_set_input(&f->g, 0, false);
    assert_false(f->r.irq[0]);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->g.dev);
    rig_scribble(&f->g.dev, 0x1000, 20000);
    rig_scribble(&f->g.dev, 0x424, 20000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = { T(test_data), T(test_power_key_edges), T(test_level), T(test_scribble) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
