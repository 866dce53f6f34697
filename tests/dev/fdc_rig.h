/*
 * fdc_rig.h - a floppy disk controller with its DMA controller, 1 MiB of RAM at 0, and disks in memory whose every
 * sector says where it is.
 */
#pragma once
#include "hw/block/fdc.h"
#include "tests/dev/rig.h"

enum { DOR = 2, TDR = 3, MSR = 4, DSR = 4, FIFO = 5, DIR = 7, CCR = 7 };
enum { RQM = 0x80, DIO = 0x40, NDMA = 0x20, CB = 0x10 };
enum { MOTOR_A = 0x10, MOTOR_B = 0x20, RUN = 0x0c, IRQ = 0, BUFFER = 0x10000 };
enum { MFM = 0x40, MT = 0x80, SK = 0x20 };
/* As the mode register has them, from the disk's side. */
enum { DMA_READ = 0x46, DMA_WRITE = 0x4a, DMA_VERIFIES = 0x42 };
#define MS 1000000ull

struct disk {
    struct block b;
    u8          *p;
    bool         broken;
    u32          flushes, writes;
};
struct fix {
    struct rig     r;
    struct i8237   dma;
    struct fdc     f;
    struct memobj *ram;
    struct disk    disk[2];
    u8             res[16];
    u32            falls;        /* of the interrupt line */
};

static inline void fdc_line(void *opaque, u32 n, bool level)
{
    struct fix *f = opaque;
    f->falls += f->r.irq[n] && !level;
    f->r.irq[n] = level;
}

static inline bool disk_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct disk *d = (struct disk *)b;
    assert_true(off <= b->size && n <= b->size - off);
    memcpy(p, d->p + off, n);
    return !d->broken || err_set(e, "disk image: broken");
}
static inline bool disk_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    struct disk *d = (struct disk *)b;
    assert_true(off <= b->size && n <= b->size - off && !b->read_only);
    memcpy(d->p + off, p, n);
    d->writes++;
    return !d->broken || err_set(e, "disk image: broken");
}
static inline bool disk_flush(struct block *b, struct err *e)
{
    struct disk *d = (struct disk *)b;
    d->flushes++;
    return !d->broken || err_set(e, "disk image: broken");
}

static inline void disk_make(struct disk *d, u64 size)
{
    free(d->p);
    *d = (struct disk){ .p = malloc(size) };
    d->b = (struct block){ .size = size, .name = "disk", .read = disk_read, .write = disk_write };
    d->b.flush = disk_flush;
    for (u64 i = 0; i < size; i++)
        d->p[i] = (u8)(i % 512 < 2 ? i / 512 >> 8 * (i % 512) : i / 512 * 31 + i * 7);
}

/* ---- the controller ---- */

static inline void wr(struct fix *f, u32 off, u32 val) { dev_write(&f->f.dev, off, val, 1); }
static inline u32 rd(struct fix *f, u32 off) { return (u32)dev_read(&f->f.dev, off, 1); }

/* A command, byte by byte, as the MSR allows. */
static inline void command(struct fix *f, const u8 *p, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        assert_int_equal(rd(f, MSR) & 0xf0, RQM | (i ? CB : 0));
        wr(f, FIFO, p[i]);
    }
}
#define CMD(f, ...) command(f, (const u8[]){ __VA_ARGS__ }, (u32)sizeof((const u8[]){ __VA_ARGS__ }))

/* The result, which has n bytes. */
static inline const u8 *result(struct fix *f, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        assert_int_equal(rd(f, MSR) & 0xf0, RQM | DIO | CB);
        f->res[i] = (u8)rd(f, FIFO);
    }
    assert_int_equal(rd(f, MSR) & 0xf0, RQM);
    return f->res;
}
static inline void expect(struct fix *f, const u8 *want, u32 n)
{
    assert_memory_equal(result(f, n), want, n);
}
#define EXPECT(f, ...) expect(f, (const u8[]){ __VA_ARGS__ }, (u32)sizeof((const u8[]){ __VA_ARGS__ }))

/* Behind it time has gone on until the interrupt came. */
static inline void wait_irq(struct fix *f)
{
    for (u32 i = 0; i < 1000 && !f->r.irq[IRQ]; i++)
        rig_run(&f->r, MS / 20);
    assert_true(f->r.irq[IRQ]);
}
static inline void quiet(struct fix *f, u64 ns)
{
    assert_false(f->r.irq[IRQ]);
    rig_run(&f->r, ns);
    assert_false(f->r.irq[IRQ]);
}

/* Through a reset, motors on, drives sensed. */
static inline void power_up(struct fix *f)
{
    wr(f, DOR, 0);
    wr(f, DOR, RUN | MOTOR_A | MOTOR_B);
    wait_irq(f);
    for (u32 i = 0; i < 4; i++) {
        CMD(f, 0x08);
        EXPECT(f, 0xc0 | i, 0);
    }
    CMD(f, 0x03, 0xdf, 0x02);
    rig_run(&f->r, 2 * MS);
}
static inline void rate(struct fix *f, u32 code) { wr(f, CCR, code); }

static inline void seek(struct fix *f, u32 drive, u32 cylinder)
{
    CMD(f, 0x0f, drive, cylinder);
    wait_irq(f);
    CMD(f, 0x08);
    EXPECT(f, 0x20 | drive, cylinder);
}

/* Memory for DMA, channel 2: count bytes at BUFFER. */
static inline void dma(struct fix *f, u32 mode, u32 count)
{
    struct dev *d = &f->dma.dev;
    const u32 regs[][2] = { { 10, 6 }, { 12, 0 }, { 11, mode }, { 4, BUFFER & 0xff }, { 4, BUFFER >> 8 & 0xff },
                            { 5, (count - 1) & 0xff }, { 5, (count - 1) >> 8 }, { 0x21, BUFFER >> 16 }, { 10, 2 } };
    for (u32 i = 0; i < COUNT(regs); i++)
        dev_write(d, regs[i][0], regs[i][1], 1);
}
static inline u8 *buffer(struct fix *f) { return f->ram->host + BUFFER; }

/* ---- life ---- */

static inline int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    rig_start(&f->r);
    f->ram = physmap_new_obj(&f->r.m->map, "low", 0x100000, &e);
    assert_non_null(f->ram);
    physmap_map_obj(&f->r.m->map, REGION_RAM, 0, 0x100000, f->ram, 0, NULL, NULL, "low");
    i8237_init(&f->dma, f->r.m, "dma");
    fdc_init(&f->f, f->r.m, "fdc");
    f->f.irq = (struct irq_line){ fdc_line, f, IRQ };
    f->f.dreq = i8237_dreq(&f->dma, 2);
    i8237_connect(&f->dma, 2, (struct dma_device){ &f->f, fdc_dma });
    disk_make(&f->disk[0], 1440 * 1024);
    disk_make(&f->disk[1], 720 * 1024);
    for (u32 i = 0; i < 2; i++) {
        fdc_set_drive(&f->f, i, FLOPPY_1440K);
        fdc_insert(&f->f, i, &f->disk[i].b);
    }
    f->dma.dev.cls->reset(&f->dma.dev);
    f->f.dev.cls->reset(&f->f.dev);
    dev_write(&f->dma.dev, 0x1b, 0xc0, 1);
    dev_write(&f->dma.dev, 0x1a, 0, 1);
    *state = f;
    return 0;
}
static inline int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f->disk[0].p);
    free(f->disk[1].p);
    free(f);
    return 0;
}
/* Powered up at the data rate of drive 0's disk, heads at cylinder 0. */
static inline int start_ready(void **state)
{
    start(state);
    power_up(*state);
    rate(*state, 0);
    return 0;
}
