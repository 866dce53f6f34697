/* uart16550_test.c - 16550A: registers, interrupt priorities, FIFO levels and timeout, loopback, modem lines. */
#include "hw/char/uart16550.h"
#include "tests/dev/rig.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum { RX = 1, TX = 2, LINE = 4, MODEM = 8, OUT2 = 8, LOOP = 0x10, DLAB = 0x80 };

struct fix {
    struct rig       r;
    struct chr       chr;
    struct uart16550 u;
    char             out[64];
    u32              out_n;
    u32              rises;
};

static void capture(struct chr *c, const u8 *p, u32 n)
{
    struct fix *f = c->host;
    for (u32 i = 0; i < n && f->out_n < sizeof f->out; i++)
        f->out[f->out_n++] = (char)p[i];
}

static void watch(void *opaque, u32 n, bool level)
{
    struct fix *f = opaque;
    f->rises += level && !f->r.irq[n];
    f->r.irq[n] = level;
}

static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->u.dev, off, val, 1);
}
static u32 rd(struct fix *f, u32 off)
{
    return (u32)dev_read(&f->u.dev, off, 1);
}
static u32 feed(struct fix *f, const char *text)
{
    return chr_deliver(&f->chr, (const u8 *)text, (u32)strlen(text));
}
static bool irq(struct fix *f)
{
    return f->r.irq[0];
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->chr = (struct chr){ .write = capture, .host = f };
    uart16550_init(&f->u, f->r.m, "serial0", &f->chr, true);
    f->u.irq = (struct irq_line){ watch, f, 0 };
    f->u.dev.cls->reset(&f->u.dev);
    wr(f, MCR, OUT2);
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

static void test_registers(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, IIR), 1);
    assert_int_equal(rd(f, LSR), 0x60);
    wr(f, SCR, 0xa5);
    assert_int_equal(rd(f, SCR), 0xa5);
    wr(f, IER, 0xff);
    assert_int_equal(rd(f, IER), 0xf);
    wr(f, MCR, 0xef);
    assert_int_equal(rd(f, MCR), 0xf);
    wr(f, LCR, DLAB | 3);
    wr(f, DATA, 0x34);
    wr(f, IER, 0x12);
    assert_int_equal(rd(f, DATA), 0x34);
    assert_int_equal(rd(f, IER), 0x12);
    wr(f, LCR, 3);
    assert_int_equal(rd(f, IER), 0xf);
    assert_int_equal(rd(f, LCR), 3);
    assert_int_equal(f->out_n, 0);
    wr(f, IIR, 0x41); /* a 16550A by the identification of its FIFOs */
    assert_int_equal(rd(f, IIR) & 0xc0, 0xc0);
    wr(f, IIR, 0xc0); /* without bit 0 nothing counts */
    assert_int_equal(rd(f, IIR) & 0xc0, 0);
    assert_int_equal(dev_read(&f->u.dev, LCR, 2), 0xf03);
}

static void test_transmit(void **state)
{
    struct fix *f = *state;
    wr(f, DATA, 'h');
    assert_int_equal(f->out_n, 1);
    assert_false(irq(f));
    wr(f, IER, TX); /* empty: told at once */
    assert_true(irq(f));
    assert_int_equal(rd(f, IIR), 2);
    assert_false(irq(f));
    assert_int_equal(rd(f, IIR), 1); /* told once */
    wr(f, IER, 0);
    wr(f, IER, TX); /* and again when turned on again */
    assert_int_equal(f->rises, 2);
    wr(f, DATA, 'i');
    assert_true(irq(f));
    assert_int_equal(f->rises, 3); /* an edge for each character */
    assert_int_equal(rd(f, IIR), 2);
    wr(f, DATA, '!');
    assert_int_equal(f->rises, 4);
    assert_int_equal(rd(f, LSR), 0x60);
    assert_int_equal(f->out_n, 3);
    assert_memory_equal(f->out, "hi!", 3);
}

static void test_receive_without_fifo(void **state)
{
    struct fix *f = *state;
    wr(f, IER, RX);
    assert_int_equal(feed(f, "xy"), 1);
    assert_true(irq(f));
    assert_int_equal(rd(f, IIR), 4);
    assert_int_equal(rd(f, LSR), 0x61);
    assert_int_equal(rd(f, DATA), 'x');
    assert_false(irq(f));
    assert_int_equal(rd(f, LSR), 0x60);
    assert_int_equal(rd(f, DATA), 'x'); /* the register keeps it */
    assert_int_equal(feed(f, "y"), 1);
    assert_int_equal(rd(f, DATA), 'y');
    rig_run(&f->r, 1000000000);
    assert_int_equal(rd(f, IIR), 1);
}

static void test_fifo(void **state)
{
    struct fix *f = *state;
    wr(f, LCR, DLAB | 3);
    wr(f, DATA, 1); /* 115200 baud, 8N1: four characters are 347.2 us */
    wr(f, IER, 0);
    wr(f, LCR, 3);
    wr(f, IIR, 0x81); /* trigger: 8 */
    wr(f, IER, RX);
    assert_int_equal(feed(f, "abcdefg"), 7);
    assert_false(irq(f));
    rig_run(&f->r, 347000);
    assert_false(irq(f));
    rig_run(&f->r, 300);
    assert_true(irq(f));
    assert_int_equal(rd(f, IIR), 0xcc);
    assert_int_equal(rd(f, DATA), 'a'); /* reading starts the time again */
    assert_false(irq(f));
    rig_run(&f->r, 347300);
    assert_int_equal(rd(f, IIR), 0xcc);
    assert_int_equal(feed(f, "hijklmnopqrst"), 10); /* 16 are there */
    assert_int_equal(rd(f, IIR), 0xc4);
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(rd(f, DATA), 'b' + i);
    assert_true(irq(f));
    assert_int_equal(rd(f, DATA), 'j');
    assert_false(irq(f)); /* below the trigger */
    wr(f, IIR, 0x83);
    assert_int_equal(rd(f, LSR), 0x60);
    rig_run(&f->r, 1000000000);
    assert_false(irq(f));
    assert_int_equal(rd(f, DATA), 0);
}

static void test_priorities(void **state)
{
    struct fix *f = *state;
    wr(f, MCR, OUT2 | LOOP);
    rd(f, MSR);
    wr(f, DATA, 1);
    wr(f, DATA, 2); /* overrun: without FIFOs the newest stays */
    wr(f, MCR, OUT2 | LOOP | 1);
    wr(f, MCR, OUT2 | 1);
    wr(f, IER, RX | TX | LINE | MODEM);
    assert_true(irq(f));
    assert_int_equal(rd(f, IIR), 6);
    assert_int_equal(rd(f, IIR), 6);
    assert_int_equal(rd(f, LSR), 0x63);
    assert_int_equal(rd(f, IIR), 4);
    assert_int_equal(rd(f, DATA), 2);
    assert_int_equal(rd(f, IIR), 2);
    assert_int_equal(rd(f, IIR), 0);
    assert_true(irq(f));
    assert_int_equal(rd(f, MSR) & 0xf, 3); /* DSR, then CTS came; DCD was OUT2 meanwhile */
    assert_int_equal(rd(f, IIR), 1);
    assert_false(irq(f));
}

static void test_loopback(void **state)
{
    struct fix *f = *state;
    wr(f, IIR, 1);
    wr(f, MCR, LOOP);
    rd(f, MSR);
    for (u32 i = 0; i < 17; i++)
        wr(f, DATA, i);
    assert_int_equal(f->out_n, 0);
    assert_int_equal(feed(f, "z"), 0); /* the host's bytes wait */
    assert_int_equal(rd(f, LSR), 0x63);
    assert_int_equal(rd(f, LSR), 0x61);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(rd(f, DATA), i);
    wr(f, MCR, LOOP | 2);
    assert_int_equal(rd(f, MSR), 0x11); /* RTS is CTS */
    wr(f, MCR, LOOP | 1);
    assert_int_equal(rd(f, MSR), 0x23); /* DTR is DSR; CTS changed, too */
    wr(f, MCR, LOOP | 4);
    assert_int_equal(rd(f, MSR), 0x42); /* OUT1 is RI; its beginning is not told */
    wr(f, MCR, LOOP | 8);
    assert_int_equal(rd(f, MSR), 0x8c); /* OUT2 is DCD; RI ended */
    wr(f, MCR, 8);
    assert_int_equal(rd(f, MSR), 0xb3);
    assert_int_equal(feed(f, "z"), 1);
}

static void test_gate(void **state)
{
    struct fix *f = *state;
    wr(f, IER, TX);
    assert_true(irq(f));
    wr(f, MCR, 0);
    assert_false(irq(f));
    wr(f, MCR, OUT2 | LOOP); /* the pin is off then */
    assert_false(irq(f));
    f->u.out2_gates = false;
    wr(f, MCR, 0);
    assert_true(irq(f));
}

static void test_resumes(void **state)
{
    struct fix *f = *state;
    wr(f, IIR, 0x81);
    wr(f, IER, RX);
    feed(f, "q");
    event_set(&f->u.event, TIME_NEVER); /* as in a fresh machine */
    f->u.dev.cls->resumed(&f->u.dev);
    rig_run(&f->r, 10000000);
    assert_true(irq(f));
    f->r.irq[0] = false;
    f->u.dev.cls->resumed(&f->u.dev);
    assert_true(irq(f));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->u.dev);
    for (u32 i = 0; i < 100; i++) {
        rig_scribble(&f->u.dev, 8, 200);
        rig_run(&f->r, 100000 * i);
        feed(f, "text");
    }
    rig_scribble(&f->u.dev, 0x100, 5000);
    rig_run(&f->r, ~0ull >> 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_registers), T(test_transmit), T(test_receive_without_fifo), T(test_fifo), T(test_priorities),
        T(test_loopback), T(test_gate), T(test_resumes), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
