/* fdc_data_test.c - floppy disk controller: every command on sectors, by DMA and without, and what goes wrong. */
#include "tests/dev/fdc_rig.h"

/* A sector of a disk with so many sectors a track and two sides. */
static u8 *sector(struct fix *f, u32 drive, u32 spt, u32 c, u32 h, u32 r)
{
    return f->disk[drive].p + ((c * 2 + h) * spt + r - 1) * 512;
}

/* ---- reading ---- */

static void test_read_one(void **state)
{
    struct fix *f = *state;
    seek(f, 0, 3);
    dma(f, DMA_READ, 512);
    CMD(f, 0x46, 4, 3, 1, 5, 2, 18, 27, 0xff);
    assert_int_equal(rd(f, MSR), CB);
    quiet(f, 0);
    wait_irq(f);
    rd(f, FIFO); /* the first byte takes it back */
    assert_false(f->r.irq[IRQ]);
    assert_int_equal(rd(f, MSR), RQM | DIO | CB);
    for (u32 i = 1; i < 7; i++)
        assert_int_equal(rd(f, FIFO), ((const u8[]){ 4, 0, 0, 3, 1, 6, 2 })[i]);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 3, 1, 5), 512);
    assert_int_equal(buffer(f)[512], 0);
}

/* What comes next, for each end that a transfer can have (table 5-5). */
static void test_next_id(void **state)
{
    struct fix *f = *state;
    static const struct { u8 cmd, h, r, n, want[3]; } cases[] = {
        { 0x46, 0, 3, 1, { 2, 0, 4 } },  { 0x46, 0, 17, 2, { 3, 0, 1 } },   { 0x46, 1, 17, 1, { 2, 1, 18 } },
        { 0x46, 1, 18, 1, { 3, 1, 1 } }, { 0xc6, 0, 3, 1, { 2, 0, 4 } },    { 0xc6, 0, 18, 1, { 2, 1, 1 } },
        { 0xc6, 0, 18, 2, { 2, 1, 2 } }, { 0xc6, 0, 1, 36, { 3, 0, 1 } },   { 0xc6, 1, 18, 1, { 3, 0, 1 } },
    };
    seek(f, 0, 2);
    for (u32 i = 0; i < COUNT(cases); i++) {
        dma(f, DMA_READ, cases[i].n * 512);
        CMD(f, cases[i].cmd, cases[i].h << 2, 2, cases[i].h, cases[i].r, 2, 18, 27, 0xff);
        wait_irq(f);
        const u8 *res = result(f, 7);
        assert_memory_equal(res + 3, cases[i].want, 3);
        assert_int_equal(res[0] & 0xf3, 0);
        assert_int_equal(res[1] | res[2], 0);
        assert_memory_equal(buffer(f), sector(f, 0, 18, 2, cases[i].h, cases[i].r), cases[i].n * 512);
    }
}

/* A count that ends within a sector, and one that is not reached. */
static void test_counts(void **state)
{
    struct fix *f = *state;
    dma(f, DMA_READ, 700);
    CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 3, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 0, 0, 1), 700);
    assert_int_equal(buffer(f)[700], 0);
    dma(f, DMA_READ, 0x8000);
    CMD(f, 0x46, 0, 0, 0, 15, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0x40, 0x80, 0, 1, 0, 1, 2); /* end of cylinder */
    assert_memory_equal(buffer(f), sector(f, 0, 18, 0, 0, 15), 4 * 512);
    dma(f, DMA_READ, 0x8000);
    CMD(f, 0xc6, 0, 0, 0, 18, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0x44, 0x80, 0, 1, 0, 1, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 0, 0, 18), 19 * 512);
    dma(f, DMA_VERIFIES, 512);
    memset(buffer(f), 0, 512);
    CMD(f, 0x46, 0, 0, 0, 2, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 3, 2);
    assert_int_equal(buffer(f)[0] | buffer(f)[2], 0);
}

static void fails(struct fix *f, const u8 *cmd, u32 n, const u8 *want)
{
    dma(f, DMA_READ, 512);
    command(f, cmd, n);
    wait_irq(f);
    expect(f, want, 7);
}
#define FAILS(f, c, ...) fails(f, (const u8[]){ 0x46, __VA_ARGS__, 2, 18, 27, 0xff }, 9, c)
#define WANT(...) (const u8[]){ __VA_ARGS__ }

static void test_not_found(void **state)
{
    struct fix *f = *state;
    seek(f, 0, 3);
    FAILS(f, WANT(0x40, 4, 0, 3, 0, 19, 2), 0, 3, 0, 19);
    FAILS(f, WANT(0x40, 4, 0, 3, 0, 0, 2), 0, 3, 0, 0);
    FAILS(f, WANT(0x40, 4, 0, 3, 1, 1, 2), 0, 3, 1, 1);
    FAILS(f, WANT(0x40, 4, 0x10, 4, 0, 1, 2), 0, 4, 0, 1);
    static const u8 size1[] = { 0x46, 0, 3, 0, 1, 1, 18, 27, 0xff }, fm[] = { 0x06, 0, 3, 0, 1, 2, 18, 27, 0xff };
    fails(f, size1, 9, WANT(0x40, 4, 0, 3, 0, 1, 1));
    fails(f, fm, 9, WANT(0x40, 1, 0, 3, 0, 1, 2));
    for (u32 code = 1; code < 4; code++) {
        rate(f, code);
        FAILS(f, WANT(0x40, 1, 0, 3, 0, 1, 2), 0, 3, 0, 1);
    }
    rate(f, 0);
    seek(f, 0, 81);
    FAILS(f, WANT(0x40, 1, 0, 81, 0, 1, 2), 0, 81, 0, 1);
    FAILS(f, WANT(0x42, 1, 0, 0, 0, 1, 2), 2, 0, 0, 1);
    wr(f, DOR, RUN | MOTOR_B);
    seek(f, 0, 3);
    FAILS(f, WANT(0x40, 1, 0, 3, 0, 1, 2), 0, 3, 0, 1);
    wr(f, DOR, RUN | MOTOR_A | MOTOR_B);
    fdc_insert(&f->f, 0, NULL);
    FAILS(f, WANT(0x40, 1, 0, 3, 0, 1, 2), 0, 3, 0, 1);
    fdc_insert(&f->f, 0, &f->disk[0].b);
    f->disk[0].broken = true;
    FAILS(f, WANT(0x40, 0x20, 0x20, 3, 0, 1, 2), 0, 3, 0, 1);
}

/* A motor that was off runs up first. */
static void test_run_up(void **state)
{
    struct fix *f = *state;
    wr(f, DOR, RUN | MOTOR_B);
    wr(f, DOR, RUN | MOTOR_A | MOTOR_B);
    dma(f, DMA_READ, 512);
    CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff);
    quiet(f, MS / 2);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 2, 2);
}

/* DMA that opens late is waited for; one that never does loses the data. */
static void test_late_dma(void **state)
{
    struct fix *f = *state;
    dev_write(&f->dma.dev, 10, 6, 1);
    CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff);
    quiet(f, 80 * MS);
    dma(f, DMA_READ, 512);
    assert_true(f->r.irq[IRQ]);
    EXPECT(f, 0, 0, 0, 0, 0, 2, 2);
    dev_write(&f->dma.dev, 10, 6, 1);
    CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff);
    rig_run(&f->r, 110 * MS);
    EXPECT(f, 0x40, 0x10, 0, 0, 0, 1, 2);
}

static void test_implied_seek(void **state)
{
    struct fix *f = *state;
    CMD(f, 0x13, 0, 0x60, 0);
    dma(f, DMA_READ, 512);
    CMD(f, 0x46, 0, 44, 0, 9, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0x20, 0, 0, 44, 0, 10, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 44, 0, 9), 512);
    assert_int_equal(f->f.s.track[0], 44);
}

static void read_id(struct fix *f, u32 drive, u32 c, u32 h, u32 r)
{
    CMD(f, 0x4a, h << 2 | drive);
    wait_irq(f);
    EXPECT(f, h << 2 | drive, 0, 0, c, h, r, 2);
}

static void test_read_id(void **state)
{
    struct fix *f = *state;
    seek(f, 0, 12);
    for (u32 i = 0; i < 41; i++) /* they come by in turn */
        read_id(f, 0, 12, i & 1, i % 18 + 1);
    CMD(f, 0x4a, 1); /* 720K, at another rate */
    wait_irq(f);
    EXPECT(f, 0x41, 1, 0, f->res[3], 0, f->res[5], 2); /* nothing new */
    rate(f, 2);
    for (u32 i = 0; i < 10; i++)
        read_id(f, 1, 0, 0, i % 9 + 1);
}

static void test_read_track(void **state)
{
    struct fix *f = *state;
    seek(f, 0, 1);
    dma(f, DMA_READ, 18 * 512);
    CMD(f, 0x42, 0, 1, 0, 1, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 1, 0, 19, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 1, 0, 1), 18 * 512);
    dma(f, DMA_READ, 0x8000);
    CMD(f, 0x42, 0, 1, 0, 5, 2, 3, 27, 0xff); /* from the index hole all the same */
    wait_irq(f);
    EXPECT(f, 0x40, 0x84, 0, 1, 0, 8, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 1, 0, 1), 3 * 512);
}

static void verify(struct fix *f, u8 cmd, u8 ec, u8 r, u8 eot, u8 sc, const u8 *want)
{
    CMD(f, cmd, ec, 0, 0, r, 2, eot, 27, sc);
    wait_irq(f);
    expect(f, want, 7);
}
static void test_verify(void **state)
{
    struct fix *f = *state;
    verify(f, 0x56, 0, 1, 18, 0xff, WANT(0, 0, 0, 1, 0, 1, 2));
    verify(f, 0xd6, 0, 1, 18, 0xff, WANT(4, 0, 0, 1, 0, 1, 2));
    verify(f, 0x56, 0x80, 4, 18, 5, WANT(0, 0, 0, 0, 0, 9, 2));
    verify(f, 0x56, 0x80, 1, 18, 19, WANT(0x40, 0x80, 0, 1, 0, 1, 2));
    verify(f, 0xd6, 0x80, 1, 18, 20, WANT(4, 0, 0, 0, 1, 3, 2));
    verify(f, 0x56, 0, 1, 20, 0xff, WANT(0x40, 4, 0, 0, 0, 19, 2));
}

/* ---- without DMA ---- */

static void pio(struct fix *f) { CMD(f, 0x03, 0xdf, 0x03); }

static void test_pio_read(void **state)
{
    struct fix *f = *state;
    u8 got[1024];
    pio(f);
    CMD(f, 0x46, 0, 0, 0, 17, 2, 18, 27, 0xff);
    assert_int_equal(rd(f, MSR), NDMA | CB);
    for (u32 i = 0; i < sizeof got; i++) {
        if (i % 512 == 0)
            wait_irq(f);
        assert_true(f->r.irq[IRQ]);
        assert_int_equal(rd(f, MSR), RQM | DIO | NDMA | CB);
        got[i] = (u8)rd(f, FIFO);
    }
    assert_memory_equal(got, sector(f, 0, 18, 0, 0, 17), 1024);
    EXPECT(f, 0x40, 0x80, 0, 1, 0, 1, 2);
    CMD(f, 0x46, 0, 0, 0, 17, 2, 18, 27, 0xff);
    wait_irq(f);
    rd(f, FIFO);
    u32 falls = f->falls;
    rig_run(&f->r, 110 * MS); /* too slow */
    assert_int_equal(f->falls, falls + 1); /* the result is an edge of its own */
    EXPECT(f, 0x40, 0x10, 0, 0, 0, 17, 2);
}

static void test_pio_write(void **state)
{
    struct fix *f = *state;
    pio(f);
    CMD(f, 0x45, 0, 0, 0, 18, 2, 18, 27, 0xff);
    wait_irq(f);
    assert_int_equal(rd(f, MSR), RQM | NDMA | CB);
    for (u32 i = 0; i < 512; i++)
        wr(f, FIFO, i * 3);
    EXPECT(f, 0x40, 0x80, 0, 1, 0, 1, 2);
    for (u32 i = 0; i < 512; i++)
        assert_int_equal(sector(f, 0, 18, 0, 0, 18)[i], (u8)(i * 3));
}

/* ---- writing ---- */

static void fill(struct fix *f, u32 n, u32 seed)
{
    for (u32 i = 0; i < n; i++)
        buffer(f)[i] = (u8)(i * 11 + i / 256 + seed);
}

static void test_write(void **state)
{
    struct fix *f = *state;
    u8 *before = malloc(36 * 512);
    fill(f, 0x8000, 1);
    memcpy(before, sector(f, 0, 18, 7, 0, 1), 36 * 512);
    seek(f, 0, 7);
    dma(f, DMA_WRITE, 5 * 512 + 100);
    CMD(f, 0xc5, 0, 7, 0, 16, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 4, 0, 0, 7, 1, 4, 2);
    assert_memory_equal(sector(f, 0, 18, 7, 0, 16), buffer(f), 5 * 512 + 100);
    for (u32 i = 100; i < 512; i++)
        assert_int_equal(sector(f, 0, 18, 7, 1, 3)[i], 0); /* the rest of the sector */
    assert_memory_equal(sector(f, 0, 18, 7, 0, 1), before, 15 * 512);
    assert_memory_equal(sector(f, 0, 18, 7, 1, 4), before + 21 * 512, 15 * 512);
    free(before);
}

static void test_protected(void **state)
{
    struct fix *f = *state;
    f->disk[0].b.read_only = true;
    for (u32 cmd = 0x45; cmd <= 0x49; cmd += 4) {
        dma(f, DMA_WRITE, 512);
        CMD(f, cmd, 0, 0, 0, 1, 2, 18, 27, 0xff);
        wait_irq(f);
        EXPECT(f, 0x40, 2, 0, 0, 0, 1, 2);
    }
    dma(f, DMA_WRITE, 72);
    CMD(f, 0x4d, 0, 2, 18, 84, 0xf6);
    wait_irq(f);
    assert_int_equal(result(f, 7)[1], 2);
    assert_int_equal(f->disk[0].writes, 0);
}

/* An image that ends early: zeros behind it, and nothing can be written. */
static void test_padded(void **state)
{
    struct fix *f = *state;
    fdc_insert(&f->f, 0, NULL);
    disk_make(&f->disk[0], 1000);
    fdc_insert(&f->f, 0, &f->disk[0].b);
    memset(buffer(f), 0xee, 3 * 512);
    dma(f, DMA_READ, 3 * 512);
    CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 4, 2);
    assert_memory_equal(buffer(f), f->disk[0].p, 1000);
    for (u32 i = 1000; i < 3 * 512; i++)
        assert_int_equal(buffer(f)[i], 0);
    CMD(f, 0x04, 0);
    EXPECT(f, 0x78);
    dma(f, DMA_WRITE, 512);
    CMD(f, 0x45, 0, 0, 0, 1, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0x40, 2, 0, 0, 0, 1, 2);
}

/* Deleted marks: read with the other command, passed over, or told. */
static void test_deleted(void **state)
{
    struct fix *f = *state;
    fill(f, 512, 9);
    dma(f, DMA_WRITE, 512);
    CMD(f, 0x49, 0, 0, 0, 2, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 3, 2);
    dma(f, DMA_READ, 3 * 512);
    CMD(f, 0x46, 0, 0, 0, 1, 2, 18, 27, 0xff); /* stops behind it */
    wait_irq(f);
    EXPECT(f, 0, 0, 0x40, 0, 0, 3, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 0, 0, 1), 1024);
    dma(f, DMA_READ, 2 * 512);
    CMD(f, 0x66, 0, 0, 0, 1, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 4, 2);
    assert_memory_equal(buffer(f) + 512, sector(f, 0, 18, 0, 0, 3), 512);
    dma(f, DMA_READ, 512);
    CMD(f, 0x6c, 0, 0, 0, 1, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 3, 2);
    assert_memory_equal(buffer(f), sector(f, 0, 18, 0, 0, 2), 512);
    fdc_insert(&f->f, 0, fdc_insert(&f->f, 0, NULL)); /* out of the drive it is forgotten */
    dma(f, DMA_READ, 512);
    CMD(f, 0x46, 0, 0, 0, 2, 2, 18, 27, 0xff);
    wait_irq(f);
    EXPECT(f, 0, 0, 0, 0, 0, 3, 2);
}

static void format(struct fix *f, u32 n, u8 fill_byte, u8 c)
{
    for (u32 i = 0; i < n; i++)
        memcpy(buffer(f) + 4 * i, WANT(c, 0, (u8)((i * 5) % n + 1), 2), 4); /* interleaved */
    dma(f, DMA_WRITE, 4 * n);
    CMD(f, 0x4d, 0, 2, n, 84, fill_byte);
    wait_irq(f);
    assert_int_equal(result(f, 7)[0], 0);
    assert_int_equal(f->res[1] | f->res[2], 0);
}
static void test_format(void **state)
{
    struct fix *f = *state;
    u8 *other = sector(f, 0, 18, 6, 1, 1), first = other[0];
    seek(f, 0, 6);
    format(f, 18, 0xf6, 6);
    for (u32 i = 0; i < 18 * 512; i++)
        assert_int_equal(sector(f, 0, 18, 6, 0, 1)[i], 0xf6);
    assert_int_equal(other[0], first);
    format(f, 18, 0x11, 7); /* IDs of another cylinder: no place for them */
    assert_int_equal(sector(f, 0, 18, 6, 0, 1)[0], 0xf6);
    assert_int_equal(f->disk[0].writes, 18);
    format(f, 21, 0x22, 6);
    assert_int_equal(f->disk[0].writes, 36);
    assert_int_equal(sector(f, 0, 18, 6, 0, 18)[511], 0x22);
}

/* ---- scanning ---- */

static void scan(struct fix *f, u8 cmd, u32 n, u8 stp, const u8 *want)
{
    dma(f, DMA_WRITE, n);
    CMD(f, cmd, 0, 0, 0, 1, 2, 5, 27, stp);
    wait_irq(f);
    expect(f, want, 7);
}
static void test_scan(void **state)
{
    struct fix *f = *state;
    for (u32 r = 1; r <= 5; r++)
        memset(sector(f, 0, 18, 0, 0, r), 0x10 * (int)r, 512);
    for (u32 i = 0; i < 5; i++)
        memset(buffer(f) + 512 * i, 0x30, 512);
    memset(buffer(f) + 1024 + 7, 0xff, 90); /* equals all */
    scan(f, 0x51, 5 * 512, 1, WANT(0, 0, 8, 0, 0, 3, 2));
    scan(f, 0x51, 5 * 512, 2, WANT(0, 0, 8, 0, 0, 3, 2));
    scan(f, 0x59, 5 * 512, 1, WANT(0, 0, 0, 0, 0, 1, 2)); /* the disk's is less */
    scan(f, 0x5d, 5 * 512, 1, WANT(0, 0, 8, 0, 0, 3, 2));
    memset(buffer(f), 0x70, 5 * 512);
    scan(f, 0x51, 5 * 512, 1, WANT(0, 0, 4, 1, 0, 1, 2));
    scan(f, 0x5d, 5 * 512, 1, WANT(0, 0, 4, 1, 0, 1, 2));
    scan(f, 0x51, 2 * 512, 1, WANT(0, 0, 4, 0, 0, 3, 2));
    memset(buffer(f), 0x01, 5 * 512);
    scan(f, 0x59, 5 * 512, 1, WANT(0, 0, 4, 1, 0, 1, 2));
    scan(f, 0x5d, 5 * 512, 1, WANT(0, 0, 0, 0, 0, 1, 2));
}

/* ---- every format ---- */

static void test_formats(void **state)
{
    struct fix *f = *state;
    static const struct { u32 kib, type, rate, cylinders, heads, sectors; } kinds[] = {
        { 160, FLOPPY_360K, 2, 40, 1, 8 },    { 180, FLOPPY_360K, 1, 40, 1, 9 },    { 320, FLOPPY_360K, 1, 40, 2, 8 },
        { 360, FLOPPY_360K, 2, 40, 2, 9 },    { 720, FLOPPY_1440K, 2, 80, 2, 9 },   { 720, FLOPPY_720K, 2, 80, 2, 9 },
        { 1200, FLOPPY_1200K, 0, 80, 2, 15 }, { 1440, FLOPPY_1440K, 0, 80, 2, 18 },
        { 1440, FLOPPY_2880K, 0, 80, 2, 18 }, { 1600, FLOPPY_1440K, 0, 80, 2, 20 },
        { 1680, FLOPPY_1440K, 0, 80, 2, 21 }, { 1722, FLOPPY_1440K, 0, 82, 2, 21 },
        { 2880, FLOPPY_2880K, 3, 80, 2, 36 }, { 360, FLOPPY_1200K, 1, 40, 2, 9 },
    };
    for (u32 i = 0; i < COUNT(kinds); i++) {
        u32 spt = kinds[i].sectors, last = kinds[i].cylinders - 1, head = kinds[i].heads - 1;
        bool twice = kinds[i].type == FLOPPY_1200K && kinds[i].kib == 360;
        fdc_insert(&f->f, 0, NULL);
        disk_make(&f->disk[0], kinds[i].kib * 1024);
        fdc_set_drive(&f->f, 0, kinds[i].type);
        fdc_insert(&f->f, 0, &f->disk[0].b);
        rate(f, kinds[i].rate);
        seek(f, 0, twice ? 2 * last : last);
        dma(f, DMA_READ, 512);
        CMD(f, 0x46, head << 2, last, head, spt, 2, spt, 27, 0xff);
        wait_irq(f);
        EXPECT(f, head << 2, 0, 0, last + 1, head, 1, 2);
        assert_memory_equal(buffer(f), f->disk[0].p + f->disk[0].b.size - 512, 512);
        seek(f, 0, twice ? 2 * last + 1 : last + 1);
        FAILS(f, WANT(0x40, 1, 0, last + 1, 0, 1, 2), 0, last + 1, 0, 1);
        seek(f, 0, 0);
        if (!head)
            FAILS(f, WANT(0x44, 1, 0, 0, 1, 1, 2), 4, 0, 1, 1);
    }
}

int main(void)
{
#define R(f) cmocka_unit_test_setup_teardown(f, start_ready, stop)
    const struct CMUnitTest tests[] = {
        R(test_read_one), R(test_next_id), R(test_counts), R(test_not_found), R(test_run_up), R(test_late_dma),
        R(test_implied_seek), R(test_read_id), R(test_read_track), R(test_verify), R(test_pio_read),
        R(test_pio_write), R(test_write), R(test_protected), R(test_padded), R(test_deleted), R(test_format),
        R(test_scan), R(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
