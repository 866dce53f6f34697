/* fdc_test.c - floppy disk controller: registers, reset, commands without data, drives, disks that come and go. */
#include "tests/dev/fdc_rig.h"

/* ---- registers and reset ---- */

static void test_power_on(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, DOR), 0);
    assert_int_equal(rd(f, MSR), 0); /* in reset */
    assert_int_equal(rd(f, 0), 0xff);
    assert_int_equal(rd(f, 1), 0xc0);
    assert_int_equal(rd(f, DIR), 0x80);
    wr(f, FIFO, 0x10);
    assert_int_equal(rd(f, MSR), 0);
    quiet(f, 100 * MS);
    wr(f, DOR, RUN);
    assert_int_equal(rd(f, MSR), RQM);
    quiet(f, 0);
    wait_irq(f);
    for (u32 i = 0; i < 4; i++) { /* one interrupt, four reports */
        CMD(f, 0x08);
        assert_false(f->r.irq[IRQ]);
        EXPECT(f, 0xc0 | i, 0);
    }
    CMD(f, 0x08);
    EXPECT(f, 0x80);
    quiet(f, 100 * MS);
}

static void test_storage(void **state)
{
    struct fix *f = *state;
    wr(f, DOR, 0x3d);
    assert_int_equal(rd(f, DOR), 0x3d);
    assert_int_equal(rd(f, 1), 0xe3);
    wr(f, TDR, 0xff);
    assert_int_equal(rd(f, TDR), 3);
    wr(f, CCR, 0xfd);
    assert_int_equal(f->f.s.rate, 1);
    wr(f, DSR, 0x12);
    assert_int_equal(f->f.s.rate, 2);
    assert_int_equal(rd(f, 6), 0xff);
}

/* DMAGATE# holds the interrupt back, not off; a reset takes it back. */
static void test_lines(void **state)
{
    struct fix *f = *state;
    wr(f, DOR, RUN & ~8);
    rig_run(&f->r, MS);
    assert_false(f->r.irq[IRQ]);
    wr(f, DOR, RUN);
    assert_true(f->r.irq[IRQ]);
    wr(f, DOR, RUN & ~8);
    assert_false(f->r.irq[IRQ]);
    wr(f, DOR, RUN);
    wr(f, DOR, 8);
    assert_false(f->r.irq[IRQ]);
    wr(f, DOR, RUN);
    quiet(f, 0);
    wait_irq(f);
    CMD(f, 0x08);
    result(f, 2);
    wr(f, DSR, 0x82); /* resets by itself, and comes out of it */
    assert_int_equal(rd(f, MSR), RQM);
    wait_irq(f);
    CMD(f, 0x08);
    EXPECT(f, 0xc0, 0);
}

/* A command half given, half done, half answered is forgotten. */
static void test_reset_anywhere(void **state)
{
    struct fix *f = *state;
    for (u32 when = 0; when < 5; when++) {
        if (when == 0)
            CMD(f, 0x46, 0, 0, 0);
        else if (when < 4)
            CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff);
        else
            CMD(f, 0x0e);
        if (when >= 2 && when < 4) /* DMA is closed: it waits */
            rig_run(&f->r, MS);
        if (when == 3)
            wr(f, DSR, 0x80);
        wr(f, DOR, MOTOR_A | 8);
        wr(f, DOR, MOTOR_A | MOTOR_B | RUN);
        wait_irq(f);
        for (u32 i = 0; i < 4; i++) {
            CMD(f, 0x08);
            EXPECT(f, 0xc0 | i, 0);
        }
        quiet(f, 2000 * MS);
    }
}

/* ---- commands that say who is there ---- */

static void test_identity(void **state)
{
    struct fix *f = *state;
    CMD(f, 0x10);
    EXPECT(f, 0x90);
    CMD(f, 0x18);
    EXPECT(f, 0x41);
    for (u32 c = 0; c < 256; c++) {
        static const u8 holes[] = { 0x00, 0x01, 0x0b, 0x15, 0x1a, 0x1b, 0x1c, 0x1e,
                                    0x1f, 0x50, 0x28, 0x2e, 0x4e, 0xcd, 0xc7 };
        bool hole = false;
        for (u32 i = 0; i < COUNT(holes); i++)
            hole |= holes[i] == c;
        if (!hole)
            continue;
        CMD(f, c);
        EXPECT(f, 0x80);
    }
    assert_false(f->r.irq[IRQ]);
}

static void test_dumpreg(void **state)
{
    struct fix *f = *state;
    CMD(f, 0x0e);
    EXPECT(f, 0, 0, 0, 0, 0xdf, 0x02, 0, 0, 0x20, 0);
    seek(f, 1, 7);
    CMD(f, 0x03, 0xaf, 0x1e);
    CMD(f, 0x13, 0, 0x57, 0x11);
    CMD(f, 0x12, 0x96);
    CMD(f, 0x0e);
    EXPECT(f, 0, 7, 0, 0, 0xaf, 0x1e, 0, 0x16, 0x57, 0x11);
    CMD(f, 0x12, 0x3d); /* the drives stay without OW */
    CMD(f, 0x94);
    EXPECT(f, 0x10);
    CMD(f, 0x0e);
    EXPECT(f, 0, 7, 0, 0, 0xaf, 0x1e, 0, 0x95, 0x57, 0x11);
    wr(f, DSR, 0x80); /* locked: FIFO and precompensation stay; polling, implied seeks, GAP and WGATE do not */
    CMD(f, 0x0e);
    EXPECT(f, 0, 0, 0, 0, 0xaf, 0x1e, 0, 0x94, 0x07, 0x11);
    CMD(f, 0x14);
    EXPECT(f, 0x00);
    wr(f, DSR, 0x80);
    CMD(f, 0x0e);
    EXPECT(f, 0, 0, 0, 0, 0xaf, 0x1e, 0, 0x14, 0x20, 0);
}

static void test_82078(void **state)
{
    struct fix *f = *state;
    CMD(f, 0x17, 0x05);
    EXPECT(f, 0x05);
    CMD(f, 0x33, 0x01);
    CMD(f, 0x8e, 0x2a, 0xc0); /* no answer wanted */
    assert_int_equal(rd(f, MSR), RQM);
    CMD(f, 0x8e, 0x41, 0x80);
    EXPECT(f, 0, 0x0a, 0x01, 0);
    CMD(f, 0x8e, 0x00, 0x20, 0x40, 0x60, 0x00); /* never says that it is done */
    EXPECT(f, 0x80);
}

/* ---- drives ---- */

static void test_sense_drive(void **state)
{
    struct fix *f = *state;
    CMD(f, 0x04, 0);
    EXPECT(f, 0x38);
    CMD(f, 0x04, 5);
    EXPECT(f, 0x3d);
    seek(f, 0, 3);
    CMD(f, 0x04, 4);
    EXPECT(f, 0x2c);
    f->disk[0].b.read_only = true;
    CMD(f, 0x04, 0);
    EXPECT(f, 0x68);
    CMD(f, 0x04, 3); /* not there */
    EXPECT(f, 0x2b);
}

static void test_seek(void **state)
{
    struct fix *f = *state;
    CMD(f, 0x0f, 0, 40);
    assert_int_equal(rd(f, MSR), RQM | 1);
    CMD(f, 0x08); /* too early */
    EXPECT(f, 0x80);
    CMD(f, 0x0f, 5, 20);
    assert_int_equal(rd(f, MSR), RQM | 3);
    wait_irq(f);
    rig_run(&f->r, 10 * MS);
    assert_int_equal(rd(f, MSR), RQM | 3); /* until they are asked */
    CMD(f, 0x08);
    assert_true(f->r.irq[IRQ]); /* there is another one */
    EXPECT(f, 0x20, 40);
    CMD(f, 0x08);
    assert_false(f->r.irq[IRQ]);
    EXPECT(f, 0x21, 20);
    assert_int_equal(rd(f, MSR), RQM);
    assert_int_equal(f->f.s.track[0], 40);
    assert_int_equal(f->f.s.track[1], 20);
    u64 t = f->r.m->s.idle_ns;
    seek(f, 0, 39);
    u64 one = f->r.m->s.idle_ns - t;
    t = f->r.m->s.idle_ns;
    seek(f, 0, 0);
    assert_true(f->r.m->s.idle_ns - t > 2 * one && one > 0); /* far takes longer */
}

static void recalibrate(struct fix *f, u32 drive, u32 st0)
{
    CMD(f, 0x07, drive);
    wait_irq(f);
    CMD(f, 0x08);
    EXPECT(f, st0 | drive, 0);
}

static void test_recalibrate(void **state)
{
    struct fix *f = *state;
    seek(f, 0, 50);
    recalibrate(f, 0, 0x20);
    assert_int_equal(f->f.s.track[0], 0);
    recalibrate(f, 0, 0x20);
    seek(f, 0, 200); /* the head is where it can be */
    assert_int_equal(f->f.s.track[0], 83);
    recalibrate(f, 0, 0x70); /* 79 pulses do not do */
    recalibrate(f, 0, 0x20);
    recalibrate(f, 2, 0x70);
    fdc_set_drive(&f->f, 1, FLOPPY_NONE);
    recalibrate(f, 1, 0x70);
}

static void relative(struct fix *f, u32 cmd, u32 drive, u32 n, u32 pcn)
{
    CMD(f, cmd, drive, n);
    wait_irq(f);
    CMD(f, 0x08);
    EXPECT(f, 0x20 | drive, pcn);
}

static void test_relative_seek(void **state)
{
    struct fix *f = *state;
    relative(f, 0xcf, 0, 30, 30);
    assert_int_equal(f->f.s.track[0], 30);
    relative(f, 0x8f, 0, 10, 20);
    assert_int_equal(f->f.s.track[0], 20);
    relative(f, 0x8f, 0, 25, 251);
    assert_int_equal(f->f.s.track[0], 0);
    relative(f, 0xcf, 0, 10, 5);
    assert_int_equal(f->f.s.track[0], 10);
}

/* ---- disks that come and go ---- */

static void test_change_line(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, DIR), 0x80);
    recalibrate(f, 0, 0x20); /* no step: the line stays */
    assert_int_equal(rd(f, DIR), 0x80);
    seek(f, 0, 1);
    assert_int_equal(rd(f, DIR), 0);
    wr(f, DOR, RUN | MOTOR_A | MOTOR_B | 1);
    assert_int_equal(rd(f, DIR), 0x80); /* drive B's */
    wr(f, DOR, RUN | MOTOR_A | MOTOR_B);
    assert_ptr_equal(fdc_insert(&f->f, 0, NULL), &f->disk[0].b);
    assert_int_equal(rd(f, DIR), 0x80);
    seek(f, 0, 0); /* without a disk it stays up */
    assert_int_equal(rd(f, DIR), 0x80);
    assert_null(fdc_insert(&f->f, 0, &f->disk[0].b));
    assert_int_equal(rd(f, DIR), 0x80);
    seek(f, 0, 5);
    assert_int_equal(rd(f, DIR), 0);
    wr(f, DOR, RUN | 2); /* no such drive */
    assert_int_equal(rd(f, DIR), 0);
}

/* What was written is on the host's disk when the motor stops and when the floppy leaves. */
static void test_flush(void **state)
{
    struct fix *f = *state;
    u32 before = f->disk[0].flushes;
    wr(f, DOR, RUN | MOTOR_B);
    assert_int_equal(f->disk[0].flushes, before + 1);
    fdc_insert(&f->f, 0, NULL);
    assert_int_equal(f->disk[0].flushes, before + 2);
}

static void test_takes(void **state)
{
    (void)state;
    static const struct { u32 kib, drives; } sizes[] = {
        { 160, 0x06 }, { 180, 0x06 }, { 320, 0x06 }, { 360, 0x06 }, { 720, 0x38 }, { 1200, 0x04 }, { 1440, 0x30 },
        { 1600, 0x30 }, { 1680, 0x30 }, { 1722, 0x30 }, { 2880, 0x20 }, { 1, 0x30 }, { 1439, 0x30 }, { 2000, 0x20 },
        { 2881, 0 },
    };
    for (u32 i = 0; i < COUNT(sizes); i++)
        for (u32 type = 0; type < FLOPPY_DRIVES; type++)
            assert_int_equal(fdc_takes(type, sizes[i].kib * 1024), sizes[i].drives >> type & 1);
    assert_false(fdc_takes(FLOPPY_2880K, 0));
    assert_false(fdc_takes(FLOPPY_2880K, 2949121));
}

/* ---- hostile guests ---- */

/* A command that can come true, whether or not it comes through. */
static void plausible(struct fix *f, u64 r)
{
    static const u8 cmds[] = { 0x45, 0xc5, 0x46, 0xe6, 0x4d, 0x42, 0x56, 0x51, 0x49, 0x4c, 0x4a, 0x5d };
    u32 drive = r & 1, head = r >> 1 & 1;
    const u8 args[] = { (u8)(head << 2 | drive), f->f.s.track[drive], (u8)head, 1 + (r >> 2 & 3), 2, 9, 27, 0xff };
    rate(f, drive ? 2 : 0);
    wr(f, FIFO, cmds[r / 16 % COUNT(cmds)]);
    for (u32 i = 0; i < COUNT(args); i++)
        wr(f, FIFO, args[i]);
}

static void test_hostile(void **state)
{
    struct fix *f = *state;
    u64 x = 88172645463325252;
    struct err e;
    rig_scribble(&f->f.dev, 16, 20000);
    for (u32 i = 0; i < 100000; i++) {
        u64 r = rig_random(&x);
        if (r % 64 == 0)
            wr(f, DOR, RUN | MOTOR_A | MOTOR_B);
        if (r % 256 == 1)
            fdc_insert(&f->f, r >> 8 & 1, r >> 9 & 1 ? &f->disk[r >> 8 & 1].b : NULL);
        if (r % 8 == 2)
            dma(f, r >> 8 & 0xfc, 1 + (r >> 16 & 0xfff));
        if (r % 32 == 4)
            plausible(f, r >> 8);
        if (r % 4 == 3)
            rig_run(&f->r, r >> 8 & 0xfffff);
        wr(f, r & 0x10000 ? FIFO : r >> 20 & 7, r >> 24 & (r & 0x20000 ? 0x7f : 0x07));
        rd(f, r >> 32 & 7);
        if (!f->f.dev.cls->state->valid(&f->f.s, &e))
            fail_msg("%s", e.msg);
    }
    assert_true(f->disk[0].writes + f->disk[1].writes > 0);
}

static void test_class(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->f.dev);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
#define R(f) cmocka_unit_test_setup_teardown(f, start_ready, stop)
    const struct CMUnitTest tests[] = {
        T(test_power_on), T(test_storage), T(test_lines), R(test_reset_anywhere), R(test_identity), R(test_dumpreg),
        R(test_82078), R(test_sense_drive), R(test_seek), R(test_recalibrate), R(test_relative_seek),
        R(test_change_line), R(test_flush), R(test_takes), R(test_hostile), T(test_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
