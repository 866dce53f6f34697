/* parallel_test.c - parallel port: registers, the printer's handshake, its interrupt. */
#include "hw/char/parallel.h"
#include "tests/dev/rig.h"

enum { DATA, STATUS, CONTROL };
enum { READY = 0xdf, BUSY = 0x5f, ACK = 0x1f };

struct fix {
    struct rig      r;
    struct parallel p;
    struct chr      chr;
    char            out[16];
    u32             n;
};

static void capture(struct chr *c, const u8 *p, u32 n)
{
    struct fix *f = c->host;
    for (u32 i = 0; i < n && f->n < sizeof f->out; i++)
        f->out[f->n++] = (char)p[i];
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->chr = (struct chr){ .write = capture, .host = f };
    parallel_init(&f->p, f->r.m, "lpt", &f->chr);
    f->p.irq = rig_line(&f->r, 0);
    f->p.dev.cls->reset(&f->p.dev);
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

static void wr(struct fix *f, u32 at, u8 val) { dev_write(&f->p.dev, at, val, 1); }
static u32 rd(struct fix *f, u32 at) { return (u32)dev_read(&f->p.dev, at, 1); }

static void test_registers(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, STATUS), READY);
    assert_int_equal(rd(f, CONTROL), 0xec);
    for (u32 val = 0; val < 256; val += 85) {
        wr(f, DATA, (u8)val);
        assert_int_equal(rd(f, DATA), val);
    }
    wr(f, CONTROL, 0x2e); /* the direction bit is not there: data read back */
    assert_int_equal(rd(f, CONTROL), 0xee);
    wr(f, DATA, 0x55);
    assert_int_equal(rd(f, DATA), 0x55);
    wr(f, STATUS, 0);
    assert_int_equal(rd(f, STATUS), READY);
    assert_int_equal(rd(f, 3), 0xff);
    wr(f, 3, 1);
    assert_int_equal(f->n, 0);
}

static void test_handshake(void **state)
{
    struct fix *f = *state;
    wr(f, DATA, 'a');
    wr(f, CONTROL, 0x0c);
    assert_int_equal(f->n, 0);
    wr(f, CONTROL, 0x0d);
    assert_int_equal(f->n, 1);
    assert_int_equal(rd(f, STATUS), BUSY);
    rig_run(&f->r, 100000);
    wr(f, DATA, 'x');
    wr(f, CONTROL, 0x0d); /* no edge */
    assert_int_equal(rd(f, STATUS), BUSY);
    wr(f, CONTROL, 0x0c);
    rig_run(&f->r, 4999);
    assert_int_equal(rd(f, STATUS), BUSY);
    rig_run(&f->r, 1);
    assert_int_equal(rd(f, STATUS), ACK);
    rig_run(&f->r, 4999);
    assert_int_equal(rd(f, STATUS), ACK);
    rig_run(&f->r, 1);
    assert_int_equal(rd(f, STATUS), READY & ~4u); /* the latch, once */
    assert_int_equal(rd(f, STATUS), READY);
    assert_int_equal(f->n, 1);
    assert_int_equal(f->out[0], 'a');
    wr(f, CONTROL, 0x0d);
    wr(f, CONTROL, 0x08); /* initialized in the middle */
    assert_int_equal(rd(f, STATUS), READY);
    rig_run(&f->r, 100000);
    assert_int_equal(rd(f, STATUS), READY);
    f->p.chr = NULL;
    wr(f, CONTROL, 0x0d);
    assert_int_equal(f->n, 2);
}

static void test_interrupt(void **state)
{
    struct fix *f = *state;
    wr(f, CONTROL, 0x1c);
    assert_false(f->r.irq[0]);
    wr(f, CONTROL, 0x1d);
    wr(f, CONTROL, 0x1c);
    rig_run(&f->r, 9999);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_true(f->r.irq[0]);
    f->r.irq[0] = false;
    f->p.dev.cls->resumed(&f->p.dev);
    assert_true(f->r.irq[0]);
    wr(f, CONTROL, 0x0c);
    assert_false(f->r.irq[0]);
    wr(f, CONTROL, 0x1c);
    assert_true(f->r.irq[0]);
    rd(f, STATUS);
    assert_false(f->r.irq[0]);
    wr(f, CONTROL, 0x1d);
    wr(f, CONTROL, 0x1c);
    event_set(&f->p.event, TIME_NEVER); /* loaded in the middle */
    f->p.dev.cls->resumed(&f->p.dev);
    rig_run(&f->r, 10000);
    assert_true(f->r.irq[0]);
    f->r.m->s.idle_ns += 1000000; /* a host that is late */
    wr(f, CONTROL, 0x1d);
    wr(f, CONTROL, 0x1c);
    f->r.m->s.idle_ns += 1000000;
    rd(f, STATUS);
    rig_run(&f->r, 10000);
    assert_int_equal(rd(f, STATUS) | 4, READY);
}

static void test_class(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->p.dev);
    rig_scribble(&f->p.dev, 8, 20000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = { T(test_registers), T(test_handshake), T(test_interrupt), T(test_class) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
