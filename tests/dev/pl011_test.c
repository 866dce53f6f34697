/* pl011_test.c - PL011: FIFO, interrupts, timeout, loopback. */
#include "hw/char/pl011.h"
#include "tests/dev/rig.h"

enum { DR = 0, RSR = 4, FR = 0x18, IBRD = 0x24, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38, RIS = 0x3c,
       MIS = 0x40, ICR = 0x44 };
enum { RX = 0x10, TX = 0x20, RT = 0x40, OE = 0x400 };

struct fix {
    struct rig   r;
    struct chr   chr;
    struct pl011 u;
    char         out[64];
    u32          out_n;
};

static void capture(struct chr *c, const u8 *p, u32 n)
{
    struct fix *f = c->host;
    for (u32 i = 0; i < n && f->out_n < sizeof f->out; i++)
        f->out[f->out_n++] = (char)p[i];
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->chr = (struct chr){ .write = capture, .host = f };
    pl011_init(&f->u, f->r.m, "uart0", &f->chr, 24000000);
    f->u.irq = rig_line(&f->r, 0);
    f->u.dev.cls->reset(&f->u.dev);
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
    return (u32)dev_read(&f->u.dev, off, 4);
}
static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->u.dev, off, val, 4);
}

static void test_identity(void **state)
{
    static const u8 id[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    struct fix *f = *state;
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(rd(f, 0xfe0 + 4 * i), id[i]);
    assert_int_equal(rd(f, CR), 0x300);
    assert_int_equal(rd(f, IFLS), 0x12);
    assert_int_equal(rd(f, FR), 0x90);
}

static void test_transmit(void **state)
{
    struct fix *f = *state;
    wr(f, IMSC, TX);
    assert_false(f->r.irq[0]);
    wr(f, DR, 'h');
    dev_write(&f->u.dev, DR, 'i', 1);
    assert_int_equal(f->out_n, 2);
    assert_memory_equal(f->out, "hi", 2);
    assert_true(f->r.irq[0]);
    assert_int_equal(rd(f, MIS), TX);
    wr(f, ICR, TX);
    assert_false(f->r.irq[0]);
}

static void test_fifo_level_and_timeout(void **state)
{
    struct fix *f = *state;
    const u8 text[20] = "abcdefghijklmnopqrs";
    wr(f, IBRD, 13); /* 115200 baud: 32 bits are 277 us */
    wr(f, LCR_H, 0x70);
    wr(f, IMSC, RX | RT);
    assert_int_equal(chr_deliver(&f->chr, text, 7), 7);
    assert_false(f->r.irq[0]); /* trigger: 8 */
    rig_run(&f->r, 270000);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 10000);
    assert_int_equal(rd(f, MIS), RT);
    assert_true(f->r.irq[0]);
    assert_int_equal(chr_deliver(&f->chr, text + 7, 13), 9); /* full: 16 */
    assert_int_equal(rd(f, RIS), RX | RT);
    assert_int_equal(rd(f, FR), 0xc0);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(rd(f, DR), 'a' + i);
    assert_int_equal(rd(f, RIS), 0);
    assert_int_equal(rd(f, FR), 0x90);
    assert_false(f->r.irq[0]);
}

static void test_no_fifo(void **state)
{
    struct fix *f = *state;
    wr(f, IMSC, RX);
    assert_int_equal(chr_deliver(&f->chr, (const u8 *)"xy", 2), 1);
    assert_true(f->r.irq[0]);
    assert_int_equal(rd(f, FR) & 0x50, 0x40);
    assert_int_equal(rd(f, DR), 'x');
    assert_false(f->r.irq[0]);
    wr(f, CR, 0x101); /* RXE off: the host keeps its bytes */
    assert_int_equal(chr_deliver(&f->chr, (const u8 *)"z", 1), 0);
}

static void test_loopback_overrun(void **state)
{
    struct fix *f = *state;
    wr(f, LCR_H, 0x70);
    wr(f, CR, 0x381 | 0xc00);
    assert_int_equal(rd(f, FR) & 0x107, 3); /* RTS to CTS, DTR to DSR */
    assert_int_equal(rd(f, RIS) & 0xf, 0xa);
    for (u32 i = 0; i < 17; i++)
        wr(f, DR, i);
    assert_int_equal(rd(f, RIS) & OE, OE);
    assert_int_equal(rd(f, RSR), 8);
    wr(f, RSR, 0);
    assert_int_equal(rd(f, RSR), 0);
    for (u32 i = 0; i < 15; i++)
        assert_int_equal(rd(f, DR), i);
    assert_int_equal(rd(f, DR), 0x800 | 15);
}

static void test_timeout_resumes(void **state)
{
    struct fix *f = *state;
    wr(f, IBRD, 13);
    wr(f, LCR_H, 0x70);
    wr(f, IMSC, RT);
    chr_deliver(&f->chr, (const u8 *)"q", 1);
    event_set(&f->u.event, TIME_NEVER); /* as in a fresh machine */
    f->u.dev.cls->resumed(&f->u.dev);
    rig_run(&f->r, 300000);
    assert_true(f->r.irq[0]);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->u.dev);
    rig_scribble(&f->u.dev, 0x1000, 20000);
    rig_scribble(&f->u.dev, 0x50, 20000);
    rig_run(&f->r, ~0ull >> 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_transmit), T(test_fifo_level_and_timeout), T(test_no_fifo), T(test_loopback_overrun),
        T(test_timeout_resumes), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
