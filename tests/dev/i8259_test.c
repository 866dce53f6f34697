/* i8259_test.c - 8259A pair: initialization, priorities, ends of interrupt, cascade, polling, triggers. */
#include "hw/intc/i8259.h"
#include "tests/dev/rig.h"

enum { M0, M1, S0, S1, ELCR0, ELCR1 }; /* the device's own offsets */
enum { EOI = 0x20, READ_IRR = 0x0a, READ_ISR = 0x0b, POLL = 0x0c, SMM_ON = 0x68, SMM_OFF = 0x48 };

struct fix {
    struct rig   r;
    struct i8259 p;
};

static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->p.dev, off, val, 1);
}
static u32 rd(struct fix *f, u32 off)
{
    return (u32)dev_read(&f->p.dev, off, 1);
}
static u32 isr(struct fix *f, u32 off)
{
    wr(f, off, READ_ISR);
    return rd(f, off);
}
static u32 irr(struct fix *f, u32 off)
{
    wr(f, off, READ_IRR);
    return rd(f, off);
}
static void line(struct fix *f, u32 n, bool level)
{
    struct irq_line l = i8259_line(&f->p, n);
    irq_set(&l, level);
}
static bool out(struct fix *f)
{
    assert_int_equal(f->r.irq[0], i8259_pending(&f->p));
    return f->r.irq[0];
}
#define ACK(f, vector) (assert_true(out(f)), assert_int_equal(i8259_ack(&(f)->p), vector))

static void init(struct fix *f, u32 master_icw4, u32 slave_icw4)
{
    static const u8 base[2] = { 0x20, 0x28 }, icw3[2] = { 4, 2 };
    for (u32 c = 0; c < 2; c++) {
        wr(f, 2 * c, 0x11);
        wr(f, 2 * c + 1, base[c]);
        wr(f, 2 * c + 1, icw3[c]);
        wr(f, 2 * c + 1, c ? slave_icw4 : master_icw4);
    }
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    i8259_init(&f->p, f->r.m, "pic");
    f->p.out = rig_line(&f->r, 0);
    f->p.dev.cls->reset(&f->p.dev);
    init(f, 1, 1);
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

static void test_init(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, M1), 0);
    wr(f, M1, 0xa5);
    wr(f, S1, 0x5a);
    assert_int_equal(rd(f, M1), 0xa5);
    assert_int_equal(rd(f, S1), 0x5a);
    line(f, 1, true);
    assert_true(out(f)); /* input 1 is open in 0xa5 */
    wr(f, M0, 0x11);
    assert_int_equal(rd(f, M1), 0);
    assert_false(out(f)); /* not while the words come, and the edge is forgotten */
    wr(f, M1, 0x47);
    wr(f, M1, 4);
    line(f, 3, true);
    assert_false(out(f));
    wr(f, M1, 1);
    ACK(f, 0x43); /* the low bits of ICW2 count for nothing; input 1 is no new edge */
    assert_false(out(f));
    wr(f, M0, 0x12); /* single, no ICW4 */
    wr(f, M1, 0x50);
    line(f, 5, true);
    ACK(f, 0x55);
    wr(f, M1, 0xfe);
    assert_int_equal(rd(f, M1), 0xfe);
}

static void test_power_on(void **state)
{
    struct fix *f = *state;
    line(f, 4, true);
    f->p.dev.cls->reset(&f->p.dev);
    assert_false(out(f));
    line(f, 5, true);
    assert_false(out(f));
    assert_int_equal(rd(f, M1), 0xff);
    init(f, 1, 1);
    assert_false(out(f)); /* both are high for long */
    line(f, 4, false);
    line(f, 4, true);
    ACK(f, 0x24);
}

static void test_priority(void **state)
{
    struct fix *f = *state;
    line(f, 5, true);
    line(f, 3, true);
    assert_int_equal(irr(f, M0), 0x28);
    ACK(f, 0x23);
    assert_int_equal(isr(f, M0), 8);
    assert_int_equal(irr(f, M0), 0x20);
    assert_false(out(f)); /* 5 waits for the end of 3 */
    line(f, 1, true);
    ACK(f, 0x21); /* nested */
    assert_int_equal(isr(f, M0), 0xa);
    wr(f, M0, EOI);
    assert_int_equal(isr(f, M0), 8);
    assert_false(out(f));
    wr(f, M0, 0x60 | 3);
    ACK(f, 0x25);
    wr(f, M0, EOI);
    wr(f, M0, EOI); /* one too many */
    assert_int_equal(isr(f, M0), 0);
    assert_false(out(f));
}

static void test_edge(void **state)
{
    struct fix *f = *state;
    line(f, 4, true);
    ACK(f, 0x24);
    wr(f, M0, EOI);
    assert_false(out(f)); /* high, but no edge */
    line(f, 4, true);
    assert_false(out(f));
    line(f, 4, false);
    line(f, 4, true);
    assert_true(out(f));
    line(f, 4, false); /* gone before the cycle */
    assert_false(out(f));
    assert_int_equal(i8259_ack(&f->p), 0x27);
    assert_int_equal(isr(f, M0), 0);
}

static void test_masked(void **state)
{
    struct fix *f = *state;
    wr(f, M1, 0x10);
    line(f, 4, true);
    assert_false(out(f));
    assert_int_equal(irr(f, M0), 0x10);
    wr(f, M1, 0);
    ACK(f, 0x24);
}

static void test_level(void **state)
{
    struct fix *f = *state;
    dev_write(&f->p.dev, ELCR0, 0xffff, 2);
    assert_int_equal(dev_read(&f->p.dev, ELCR0, 2), 0xdef8);
    line(f, 11, true);
    ACK(f, 0x2b);
    wr(f, S0, EOI);
    wr(f, M0, EOI);
    ACK(f, 0x2b); /* still high */
    line(f, 11, false);
    wr(f, S0, EOI);
    wr(f, M0, EOI);
    assert_false(out(f));
    line(f, 5, true);
    line(f, 5, false);
    assert_false(out(f));
    line(f, 5, true);
    wr(f, M0, 0x11); /* levels outlive an initialization */
    wr(f, M1, 0x20);
    wr(f, M1, 4);
    wr(f, M1, 1);
    ACK(f, 0x25);
}

static void test_cascade(void **state)
{
    struct fix *f = *state;
    line(f, 12, true);
    assert_int_equal(irr(f, M0), 4);
    ACK(f, 0x2c);
    assert_int_equal(isr(f, M0), 4);
    assert_int_equal(isr(f, S0), 0x10);
    line(f, 8, true);
    assert_false(out(f)); /* fully nested: the master holds its input 2 */
    line(f, 0, true);
    ACK(f, 0x20);
    wr(f, M0, EOI);
    wr(f, M0, EOI);
    ACK(f, 0x28); /* after the master's end of interrupt */
    wr(f, S0, EOI);
    assert_int_equal(isr(f, S0), 0x10);
    wr(f, S0, EOI);
    wr(f, M0, EOI);
    assert_false(out(f));
    line(f, 2, true); /* no wire of ours */
    assert_false(out(f));
}

/* Requests of the slave that wait while another is taken are new edges at the master. */
static void test_cascade_queue(void **state)
{
    struct fix *f = *state;
    line(f, 9, true);
    line(f, 10, true);
    line(f, 15, true);
    for (u32 i = 0; i < 3; i++) {
        ACK(f, i == 2 ? 0x2f : 0x29 + i);
        wr(f, S0, EOI);
        wr(f, M0, EOI);
    }
    assert_false(out(f));
    init(f, 1, 3); /* the slave ends by itself */
    for (u32 n = 9; n < 11; n++) {
        line(f, n, false);
        line(f, n, true);
    }
    ACK(f, 0x29);
    wr(f, M0, EOI);
    ACK(f, 0x2a);
    assert_int_equal(isr(f, S0), 0);
}

static void test_special_fully_nested(void **state)
{
    struct fix *f = *state;
    init(f, 0x11, 1);
    line(f, 12, true);
    ACK(f, 0x2c);
    line(f, 3, true);
    assert_false(out(f));
    line(f, 8, true);
    ACK(f, 0x28); /* higher within the slave */
    assert_int_equal(isr(f, S0), 0x11);
    line(f, 14, true);
    assert_false(out(f));
}

static void test_rotation(void **state)
{
    struct fix *f = *state;
    wr(f, M0, 0xc0 | 4); /* lowest: 4, so 5 comes first */
    line(f, 0, true);
    line(f, 5, true);
    line(f, 4, true);
    ACK(f, 0x25);
    wr(f, M0, 0xa0); /* non-specific, and 5 goes last: 6, 7, 0 ... 5 */
    ACK(f, 0x20);
    line(f, 7, true);
    ACK(f, 0x27);
    wr(f, M0, 0xe0 | 7); /* specific: 7 goes last */
    assert_int_equal(isr(f, M0), 1);
    wr(f, M0, EOI);
    ACK(f, 0x24);
}

static void test_automatic_end(void **state)
{
    struct fix *f = *state;
    init(f, 3, 1);
    line(f, 3, true);
    ACK(f, 0x23);
    assert_int_equal(isr(f, M0), 0);
    wr(f, M0, 0x80); /* rotate at automatic ends */
    line(f, 6, true);
    ACK(f, 0x26); /* lowest now: 6 */
    line(f, 7, true);
    line(f, 3, false);
    line(f, 3, true);
    ACK(f, 0x27);
    ACK(f, 0x23);
    wr(f, M0, 0); /* and no more: the lowest stays 3 */
    line(f, 5, true);
    ACK(f, 0x25);
    line(f, 5, false);
    line(f, 5, true);
    line(f, 4, true);
    ACK(f, 0x24);
}

static void test_special_mask(void **state)
{
    struct fix *f = *state;
    line(f, 1, true);
    ACK(f, 0x21);
    line(f, 4, true);
    assert_false(out(f));
    wr(f, M1, 2);
    assert_false(out(f)); /* masking alone frees nothing */
    wr(f, M0, SMM_ON);
    ACK(f, 0x24);
    wr(f, M0, EOI); /* passes the masked 1 by */
    assert_int_equal(isr(f, M0), 2);
    wr(f, M0, EOI);
    assert_int_equal(isr(f, M0), 2);
    wr(f, M0, SMM_OFF);
    wr(f, M0, EOI);
    assert_int_equal(isr(f, M0), 0);
}

static void test_poll(void **state)
{
    struct fix *f = *state;
    wr(f, M0, POLL);
    assert_int_equal(rd(f, M0), 0);
    line(f, 14, true);
    wr(f, M0, POLL);
    assert_int_equal(rd(f, M1), 0x82); /* at either port */
    assert_false(out(f));
    wr(f, S0, POLL);
    assert_int_equal(rd(f, S0), 0x86);
    assert_int_equal(isr(f, M0), 4);
    assert_int_equal(isr(f, S0), 0x40);
    assert_int_equal(rd(f, M1), 0); /* the mask again */
    line(f, 1, true);
    assert_true(out(f));
}

static void test_resumes(void **state)
{
    struct fix *f = *state;
    line(f, 4, true);
    f->r.irq[0] = false;
    f->p.dev.cls->resumed(&f->p.dev);
    line(f, 4, true); /* as the other devices do then */
    ACK(f, 0x24);
    wr(f, M0, EOI);
    line(f, 4, true);
    assert_false(out(f));
}

static void test_ranges(void **state)
{
    struct fix *f = *state;
    struct iobus *b = &f->r.m->io;
    assert_true(iobus_map(b, 0x20, 2, &i8259_master_mmio, &f->p.dev, "m"));
    assert_true(iobus_map(b, 0xa0, 2, &i8259_slave_mmio, &f->p.dev, "s"));
    assert_true(iobus_map(b, 0x4d0, 2, &i8259_elcr_mmio, &f->p.dev, "e"));
    iobus_write(b, 0x21, 0x12, 1);
    iobus_write(b, 0xa1, 0x34, 1);
    iobus_write(b, 0x4d1, 2, 1);
    assert_int_equal(rd(f, M1), 0x12);
    assert_int_equal(rd(f, S1), 0x34);
    assert_int_equal(iobus_read(b, 0x4d0, 2), 0x200);
    assert_int_equal(iobus_read(b, 0x20, 2), 0x1200);
    assert_int_equal(iobus_read(b, 0xa1, 1), 0x34);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    u64 x = 99;
    rig_check_class(&f->p.dev);
    for (u32 i = 0; i < 200; i++) {
        rig_scribble(&f->p.dev, 6, 100);
        line(f, rig_random(&x) % 16, rig_random(&x) & 1);
        if (rig_random(&x) & 1)
            i8259_ack(&f->p);
        out(f);
    }
    rig_scribble(&f->p.dev, 0x100, 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_init), T(test_power_on), T(test_priority), T(test_edge), T(test_masked), T(test_level),
        T(test_cascade), T(test_cascade_queue), T(test_special_fully_nested), T(test_rotation),
        T(test_automatic_end), T(test_special_mask), T(test_poll), T(test_resumes), T(test_ranges), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
