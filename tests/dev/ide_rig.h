/* ide_rig.h - an IDE channel behind its bus master: a disk, a CD drive, and how a driver talks to them. */
#pragma once
#include "base/bits.h"
#include "hw/pci/piix_ide.h"
#include "snapshot/section.h"
#include "tests/dev/rig.h"
#include <stdio.h>

#define DISK_SECTORS 4096u
#define CD_BYTES     (300 * 2048u + 100)

enum { R_DATA, R_ERROR, R_FEATURES = 1, R_COUNT, R_LOW, R_MID, R_HIGH, R_DEVICE, R_STATUS, R_COMMAND = 7, R_CONTROL };
enum { BSY = 0x80, DRDY = 0x40, DSC = 0x10, DRQ = 8, ERR = 1 };
enum { ABRT = 4, UNC = 0x40 };

struct image {
    struct block b;
    u8          *p;
    u32          flushes, reads;
    u64          bad;  /* accesses of this byte fail; ~0: none */
};

struct ide_rig {
    struct rig      r;
    struct ide      c[2];
    struct piix_ide piix;
    struct pci_bus  bus;
    struct image    disk, cd;
};

static bool image_ok(struct image *i, u64 off, u64 n, struct err *e)
{
    if (off > i->b.size || n > i->b.size - off)
        return err_set(e, "beyond the end");
    return !(i->bad >= off && i->bad - off < n) || err_set(e, "a bad place");
}
static bool image_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct image *i = b->host;
    i->reads++;
    if (!image_ok(i, off, n, e))
        return false;
    memcpy(p, i->p + off, n);
    return true;
}
static bool image_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    struct image *i = b->host;
    if (b->read_only || !image_ok(i, off, n, e))
        return err_set(e, "not written");
    memcpy(i->p + off, p, n);
    return true;
}
static bool image_flush(struct block *b, struct err *e)
{
    struct image *i = b->host;
    i->flushes++;
    return i->bad != 1 || err_set(e, "no flush");
}
static void image_make(struct image *i, u64 size, bool read_only, u32 seed)
{
    u64 x = seed;
    *i = (struct image){ .p = malloc(size), .bad = ~0ull };
    assert_non_null(i->p);
    for (u64 k = 0; k < size; k++)
        i->p[k] = (u8)(rig_random(&x) >> 24);
    i->b = (struct block){ .size = size, .read_only = read_only, .name = "image", .host = i, .read = image_read,
                           .write = image_write, .flush = image_flush };
}

/* Channel 0: a disk and a CD drive; channel 1: a CD drive alone, as drive 0, without a medium. */
static void ide_open(struct ide_rig *f)
{
    memset(f, 0, sizeof *f);
    rig_start(&f->r);
    f->bus.m = f->r.m;
    image_make(&f->disk, DISK_SECTORS * 512, false, 7);
    image_make(&f->cd, CD_BYTES, true, 9);
    f->disk.p[510] = 0;
    ide_init(&f->c[0], f->r.m, "ide0");
    ide_init(&f->c[1], f->r.m, "ide1");
    ide_add_disk(&f->c[0], 0, &f->disk.b, "SERIAL");
    ide_add_cd(&f->c[0], 1, &f->cd.b, "CDSERIAL");
    ide_add_cd(&f->c[1], 0, NULL, NULL);
    piix_ide_init(&f->piix, f->r.m, "piix", &f->c[0], &f->c[1]);
    pci_plug(&f->bus, &f->piix.pci, 1, 1);
    f->piix.irq[0] = rig_line(&f->r, 0);
    f->piix.irq[1] = rig_line(&f->r, 1);
    machine_reset(f->r.m);
    pci_config_write(&f->bus, PCI_DEVFN(1, 1), PCI_COMMAND, PCI_CMD_IO | PCI_CMD_MASTER, 2);
}
static void ide_close(struct ide_rig *f)
{
    rig_end(&f->r);
    free(f->disk.p);
    free(f->cd.p);
}

static int start(void **state)
{
    struct ide_rig *f = malloc(sizeof *f);
    ide_open(f);
    *state = f;
    return 0;
}
static int stop(void **state)
{
    ide_close(*state);
    free(*state);
    return 0;
}

/* ---- a driver ---- */

static inline u32 in(struct ide_rig *f, u32 reg) { return (u32)dev_read(&f->c[0].dev, reg, reg ? 1 : 2); }
static inline void out(struct ide_rig *f, u32 reg, u32 val) { dev_write(&f->c[0].dev, reg, val, reg ? 1 : 2); }
static inline u32 alt(struct ide_rig *f) { return in(f, R_CONTROL); }
static inline u32 bm_in(struct ide_rig *f, u32 reg) { return (u32)dev_read(&f->piix.dev, reg, 1); }
static inline void bm_out(struct ide_rig *f, u32 reg, u32 val, u32 size) { dev_write(&f->piix.dev, reg, val, size); }

static inline void settle(struct ide_rig *f)
{
    for (u32 i = 0; i < 100 && alt(f) & BSY; i++)
        rig_run(&f->r, 1000000);
}

/* Features, count, low, mid, high, device */
#define REGS(...) ((const u32[6]){ __VA_ARGS__ })

static inline void put_regs(struct ide_rig *f, const u32 g[6])
{
    out(f, R_DEVICE, g[5]);
    for (u32 i = 0; i < 5; i++)
        out(f, R_FEATURES + i, g[i]);
}

/* A command to its end or its data; the status. */
static inline u32 command(struct ide_rig *f, u32 code, const u32 g[6])
{
    put_regs(f, g);
    out(f, R_COMMAND, code);
    settle(f);
    return alt(f);
}
/* 28-bit or 48-bit address on drive 0 */
static inline u32 sectors(struct ide_rig *f, u32 code, u64 lba, u32 n)
{
    put_regs(f, REGS(0, n >> 8, lba >> 24 & 0xff, lba >> 32 & 0xff, lba >> 40, 0x40 | (lba >> 24 & 15)));
    return command(f, code,
                   REGS(0, n & 0xff, lba & 0xff, lba >> 8 & 0xff, lba >> 16 & 0xff, 0x40 | (lba >> 24 & 15)));
}
/* Reads all blocks; how many bytes came. blocks: how many there were, or NULL. */
static inline u32 pull(struct ide_rig *f, u8 *p, u32 room, u32 *blocks)
{
    u32 n = 0, b = 0;
    for (; settle(f), alt(f) & DRQ; b++) {
        in(f, R_STATUS);
        do {
            u32 w = in(f, R_DATA);
            if (n + 2 <= room)
                store_le16(p + n, (u16)w);
            n += 2;
        } while (alt(f) & DRQ && n < 1 << 22);
    }
    if (blocks)
        *blocks = b;
    return n;
}
static inline void push(struct ide_rig *f, const u8 *p, u32 n)
{
    for (u32 i = 0; i < n; i += 2) {
        settle(f);
        out(f, R_DATA, load_le16(p + i));
    }
    settle(f);
}

/* A packet to drive 1 by PIO with blocks of `limit` bytes; the status, with DRQ where data comes. */
static inline u32 packet(struct ide_rig *f, const u8 p[12], u32 limit, u32 feature)
{
    u32 s = command(f, 0xa0, REGS(feature, 0, 0, limit & 0xff, limit >> 8, 0x10));
    if (!(s & DRQ))
        return s;
    assert_int_equal(in(f, R_COUNT), 1);
    push(f, p, 12);
    return alt(f);
}
#define PACKET(...) ((const u8[12]){ __VA_ARGS__ })
/* All of the answer: bytes. */
static inline u32 ask(struct ide_rig *f, const u8 p[12], u8 *to, u32 room)
{
    packet(f, p, 0xfffe, 0);
    return pull(f, to, room, NULL);
}
/* Key << 16 | ASC << 8 | ASCQ */
static inline u32 sense(struct ide_rig *f)
{
    u8 s[18] = { 0 };
    assert_int_equal(ask(f, PACKET(3, 0, 0, 0, 18), s, sizeof s), 18);
    return (u32)s[2] << 16 | (u32)s[12] << 8 | s[13];
}
