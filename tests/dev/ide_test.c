/* ide_test.c - the ATA channel and its disk: registers, resets, selection, commands, errors of guest and host. */
#include "tests/dev/ide_rig.h"

/* ---- selection, resets ---- */

static void test_signatures(void **state)
{
    struct ide_rig *f = *state;
    static const u8 disk[] = { 1, 1, 1, 0, 0, 0xa0, 0x50 }, cd[] = { 1, 1, 1, 0x14, 0xeb, 0xb0, 0x00 };
    for (u32 way = 0; way < 3; way++) {
        if (way == 1) {
            out(f, R_CONTROL, 4);
            assert_int_equal(alt(f) & BSY, BSY);
            rig_run(&f->r, 1000000);
            assert_int_equal(alt(f) & BSY, BSY);
            out(f, R_CONTROL, 0);
            assert_int_equal(alt(f) & BSY, BSY);
            settle(f);
            assert_false(f->r.irq[0]);
        } else if (way == 2) {
            command(f, 0x90, REGS(0, 0, 0, 0, 0, 0x10));
            assert_true(f->r.irq[0]);
            in(f, R_STATUS);
        }
        for (u32 i = 0; i < 7; i++)
            assert_int_equal(in(f, R_ERROR + i), disk[i]);
        out(f, R_DEVICE, 0x10);
        for (u32 i = 0; i < 7; i++)
            assert_int_equal(in(f, R_ERROR + i), i == 5 ? 0xb0 : cd[i]);
        out(f, R_DEVICE, 0);
    }
}

static void test_absent(void **state)
{
    struct ide_rig *f = *state;
    struct ide none;
    struct dev *d = &f->c[1].dev;
    dev_write(d, R_DEVICE, 0x10, 1);
    assert_int_equal(dev_read(d, R_STATUS, 1), 0);
    assert_int_equal(dev_read(d, R_ERROR, 1), 0);
    dev_write(d, R_COUNT, 0x55, 1);
    assert_int_equal(dev_read(d, R_COUNT, 1), 0x55); /* drive 0 answers for it */
    dev_write(d, R_COMMAND, 0xec, 1);
    rig_run(&f->r, 1000000);
    assert_int_equal(dev_read(d, R_CONTROL, 1), 0);
    assert_false(f->r.irq[1]);
    dev_write(d, R_DEVICE, 0, 1);
    dev_write(d, R_COMMAND, 0xe5, 1);
    rig_run(&f->r, 1000000);
    assert_true(f->r.irq[1]);
    dev_write(d, R_DEVICE, 0x10, 1); /* nobody drives the line */
    assert_false(f->r.irq[1]);
    assert_int_equal(dev_read(d, R_CONTROL, 1), 0);
    ide_init(&none, NULL, "none");
    for (u32 i = 1; i < 9; i++) {
        dev_write(&none.dev, i, 0x5a, 1);
        assert_int_equal(dev_read(&none.dev, i, 1), 0);
    }
}

static void test_latches(void **state)
{
    struct ide_rig *f = *state;
    out(f, R_COUNT, 1);
    out(f, R_COUNT, 2);
    out(f, R_HIGH, 3);
    out(f, R_HIGH, 4);
    assert_int_equal(in(f, R_COUNT), 2);
    out(f, R_CONTROL, 0x80);
    assert_int_equal(in(f, R_COUNT), 1);
    assert_int_equal(in(f, R_HIGH), 3);
    out(f, R_LOW, 9); /* any write of the command block ends it */
    assert_int_equal(in(f, R_COUNT), 2);
    out(f, R_DEVICE, 0x10);
    assert_int_equal(in(f, R_HIGH), 4); /* both drives listen */
    assert_int_equal(in(f, R_DEVICE), 0xb0);
    assert_int_equal(dev_read(&f->c[0].dev, 0, 1), 0xff);
    assert_int_equal(dev_read(&f->c[0].dev, R_MID, 2), 0x0414); /* neighbours, a byte each; MID is the signature's */
}

static void test_irq(void **state)
{
    struct ide_rig *f = *state;
    command(f, 0xe5, REGS(0));
    assert_true(f->r.irq[0]);
    alt(f);
    assert_true(f->r.irq[0]);
    out(f, R_DEVICE, 0x10); /* its line is off the cable */
    assert_false(f->r.irq[0]);
    out(f, R_DEVICE, 0);
    assert_true(f->r.irq[0]);
    out(f, R_CONTROL, 2);
    assert_false(f->r.irq[0]);
    out(f, R_CONTROL, 0);
    assert_true(f->r.irq[0]);
    in(f, R_STATUS);
    assert_false(f->r.irq[0]);
    command(f, 0xe5, REGS(0));
    out(f, R_COMMAND, 0xe5); /* a command takes it back, too */
    assert_false(f->r.irq[0]);
    settle(f);
    out(f, R_CONTROL, 4);
    assert_false(f->r.irq[0]);
    assert_int_equal(bm_in(f, 2), 4); /* latched */
}

static void test_busy(void **state)
{
    struct ide_rig *f = *state;
    put_regs(f, REGS(0, 1, 5, 0, 0, 0x40));
    out(f, R_COMMAND, 0x20);
    rig_run(&f->r, 19999);
    assert_int_equal(alt(f) & (BSY | DRQ), BSY);
    out(f, R_LOW, 77);
    out(f, R_DEVICE, 0x10);
    out(f, R_COMMAND, 0xec);
    assert_int_equal(in(f, R_DATA), 0);
    rig_run(&f->r, 1);
    assert_int_equal(alt(f), DRDY | DSC | DRQ);
    assert_int_equal(in(f, R_LOW), 5);
    out(f, R_COMMAND, 0xec);
    assert_int_equal(in(f, R_DATA), load_le16(f->disk.p + 5 * 512));
    assert_int_equal(dev_read(&f->c[0].dev, 0, 4), load_le32(f->disk.p + 5 * 512 + 2));
    out(f, R_CONTROL, 4);
    out(f, R_CONTROL, 0);
    settle(f);
    assert_int_equal(alt(f), DRDY | DSC);
}

/* ---- IDENTIFY, geometry ---- */

static u32 word(const u8 *p, u32 n) { return load_le16(p + 2 * n); }

static void test_identify(void **state)
{
    struct ide_rig *f = *state;
    u8 p[512];
    command(f, 0xec, REGS(0));
    assert_int_equal(pull(f, p, sizeof p, NULL), 512);
    assert_int_equal(alt(f), DRDY | DSC);
    assert_memory_equal(p + 20, "ESIRLA  ", 8);
    assert_memory_equal(p + 54, "EQUMH RADDSI K", 14);
    assert_int_equal(word(p, 60), DISK_SECTORS);
    assert_int_equal(word(p, 100), DISK_SECTORS);
    assert_int_equal(word(p, 1), 4);
    assert_int_equal(word(p, 3), 16);
    assert_int_equal(word(p, 6), 63);
    assert_int_equal(word(p, 59), 0x110);
    assert_int_equal(word(p, 88), 0x203f);
    command(f, 0x91, REGS(0, 17, 0, 0, 0, 3)); /* 4 heads, 17 sectors */
    command(f, 0xef, REGS(3, 0x22));
    command(f, 0xc6, REGS(0, 4));
    command(f, 0xec, REGS(0));
    pull(f, p, sizeof p, NULL);
    assert_int_equal(word(p, 54), DISK_SECTORS / 68);
    assert_int_equal(word(p, 55), 4);
    assert_int_equal(word(p, 56), 17);
    assert_int_equal(word(p, 57), DISK_SECTORS / 68 * 68);
    assert_int_equal(word(p, 63), 0x407);
    assert_int_equal(word(p, 88), 0x3f);
    assert_int_equal(word(p, 59), 0x104);
}

static void test_geometry(void **state)
{
    struct ide_rig *f = *state;
    struct ata_geometry g;
    u8 *mbr = f->disk.p;
    memset(mbr, 0, 512);
    store_le16(mbr + 510, 0xaa55);
    mbr[446 + 16 + 5] = 3; /* the second partition ends at head 3, sector 17 */
    mbr[446 + 16 + 6] = 0xc0 | 17;
    store_le32(mbr + 446 + 16 + 12, 1);
    g = ata_geometry(&f->disk.b);
    assert_true(g.cylinders == DISK_SECTORS / 68 && g.heads == 4 && g.sectors == 17 && g.translation == 0);
    mbr[446 + 16 + 5] = 254; /* a translated one: by size */
    mbr[446 + 16 + 6] = 63;
    g = ata_geometry(&f->disk.b);
    assert_true(g.cylinders == 4 && g.heads == 16 && g.sectors == 63);
    f->disk.bad = 0;
    static const struct { u64 mib; u32 cylinders, translation; } sizes[] = {
        { 1, 2, 0 }, { 500, 1015, 0 }, { 600, 1219, 2 }, { 4000, 8126, 2 }, { 4100, 8330, 1 }, { 100000, 16383, 1 },
    };
    for (u32 i = 0; i < COUNT(sizes); i++) {
        f->disk.b.size = sizes[i].mib << 20;
        g = ata_geometry(&f->disk.b);
        assert_true(g.cylinders == sizes[i].cylinders && g.translation == sizes[i].translation);
    }
}

/* ---- sectors ---- */

static void test_reads(void **state)
{
    struct ide_rig *f = *state;
    static const struct { u32 code, n, blocks; } ways[] = {
        { 0x20, 3, 3 }, { 0x21, 40, 40 }, { 0xc4, 40, 3 }, { 0x24, 300, 300 }, { 0x29, 300, 19 }, { 0x20, 256, 256 },
    };
    static u8 p[400 * 512];
    u32 blocks;
    for (u32 i = 0; i < COUNT(ways); i++) {
        assert_int_equal(sectors(f, ways[i].code, 11, ways[i].n), DRDY | DSC | DRQ);
        assert_true(f->r.irq[0]);
        assert_int_equal(pull(f, p, sizeof p, &blocks), ways[i].n * 512);
        assert_int_equal(blocks, ways[i].blocks);
        assert_memory_equal(p, f->disk.p + 11 * 512, ways[i].n * 512);
        assert_false(f->r.irq[0]); /* PIO to the host ends without one */
        assert_int_equal(alt(f), DRDY | DSC);
        assert_int_equal(in(f, R_COUNT), 0);
        assert_int_equal(in(f, R_LOW), (11 + ways[i].n) & 0xff);
        assert_int_equal(in(f, R_MID), (11 + ways[i].n) >> 8);
    }
}

static void test_writes(void **state)
{
    struct ide_rig *f = *state;
    static const struct { u32 code, n; } ways[] = {
        { 0x30, 2 }, { 0x3c, 1 }, { 0xc5, 35 }, { 0x34, 300 }, { 0x39, 257 },
    };
    static u8 p[400 * 512];
    u64 x = 5;
    for (u32 i = 0; i < COUNT(ways); i++) {
        for (u32 k = 0; k < sizeof p; k++)
            p[k] = (u8)rig_random(&x);
        assert_int_equal(sectors(f, ways[i].code, 21, ways[i].n), DRDY | DSC | DRQ);
        assert_false(f->r.irq[0]); /* none for the first block */
        push(f, p, ways[i].n * 512);
        assert_int_equal(alt(f), DRDY | DSC);
        assert_true(f->r.irq[0]);
        assert_memory_equal(p, f->disk.p + 21 * 512, ways[i].n * 512);
    }
    assert_int_equal(f->disk.flushes, 0);
    command(f, 0xef, REGS(0x82)); /* no write cache */
    assert_int_equal(f->disk.flushes, 1);
    sectors(f, 0x30, 21, 2);
    push(f, p, 1024);
    assert_int_equal(f->disk.flushes, 2);
    command(f, 0xe7, REGS(0));
    command(f, 0xea, REGS(0));
    assert_int_equal(f->disk.flushes, 4);
}

static void test_chs(void **state)
{
    struct ide_rig *f = *state;
    u8 p[1024];
    u32 lba = (1 * 16 + 15) * 63 + 62; /* cylinder 1, head 15, sector 63; the next one is on cylinder 2 */
    command(f, 0x20, REGS(0, 2, 63, 1, 0, 15));
    assert_int_equal(pull(f, p, sizeof p, NULL), 1024);
    assert_memory_equal(p, f->disk.p + lba * 512, 1024);
    assert_int_equal(in(f, R_LOW), 2);
    assert_int_equal(in(f, R_MID), 2);
    assert_int_equal(in(f, R_DEVICE), 0xa0);
    command(f, 0x91, REGS(0, 17, 0, 0, 0, 3));
    command(f, 0x20, REGS(0, 1, 5, 3, 0, 2));
    pull(f, p, sizeof p, NULL);
    assert_memory_equal(p, f->disk.p + ((3 * 4 + 2) * 17 + 4) * 512, 512);
    assert_int_equal(command(f, 0x20, REGS(0, 1, 0, 0, 0, 0)), DRDY | ERR);
    assert_int_equal(in(f, R_ERROR), ABRT);
    assert_int_equal(command(f, 0x91, REGS(0, 0, 0, 0, 0, 3)), DRDY | ERR);
}

static void test_ends(void **state)
{
    struct ide_rig *f = *state;
    static u8 p[8192];
    for (u32 i = 0; i < 2; i++) { /* PIO gives what there is */
        sectors(f, 0x20, DISK_SECTORS - 2, 4);
        assert_int_equal(pull(f, p, sizeof p, NULL), 1024);
        assert_int_equal(alt(f), DRDY | ERR);
        assert_int_equal(in(f, R_ERROR), ABRT);
        assert_int_equal(in(f, R_COUNT), 2);
        assert_int_equal(in(f, R_MID), DISK_SECTORS >> 8);
    }
    static const u8 whole[] = { 0xc4, 0xc8, 0x40, 0x25, 0xca };
    for (u32 i = 0; i < sizeof whole; i++) {
        assert_int_equal(sectors(f, whole[i], DISK_SECTORS - 2, 4), DRDY | ERR);
        assert_int_equal(in(f, R_ERROR), ABRT);
    }
    assert_int_equal(sectors(f, 0x24, 0xffffffffffff, 1), DRDY | ERR);
    assert_int_equal(sectors(f, 0x40, DISK_SECTORS - 1, 1), DRDY | DSC);
    assert_int_equal(sectors(f, 0x70, DISK_SECTORS - 1, 1), DRDY | DSC);
    assert_int_equal(sectors(f, 0x70, DISK_SECTORS, 1), DRDY | ERR);
    assert_int_equal(command(f, 0xf8, REGS(0, 0, 0, 0, 0, 0x40)), DRDY | DSC);
    assert_int_equal(in(f, R_LOW) | in(f, R_MID) << 8, DISK_SECTORS - 1);
    sectors(f, 0x30, DISK_SECTORS - 1, 2);
    push(f, p, 1024);
    assert_int_equal(alt(f), DRDY | ERR);
    assert_memory_equal(f->disk.p + (DISK_SECTORS - 1) * 512, p, 512);
}

/* The host's errors are the medium's. */
static void test_host_errors(void **state)
{
    struct ide_rig *f = *state;
    static u8 p[8192];
    f->disk.bad = 30 * 512 + 100;
    sectors(f, 0x20, 28, 4);
    assert_int_equal(pull(f, p, sizeof p, NULL), 1024);
    assert_int_equal(alt(f), DRDY | ERR);
    assert_int_equal(in(f, R_ERROR), UNC);
    assert_int_equal(in(f, R_LOW), 30);
    assert_int_equal(in(f, R_COUNT), 2);
    assert_true(f->r.irq[0]);
    sectors(f, 0x30, 30, 1);
    push(f, p, 512);
    assert_int_equal(alt(f), DRDY | ERR);
    assert_int_equal(in(f, R_LOW), 30);
    f->disk.bad = 1;
    assert_int_equal(command(f, 0xe7, REGS(0)), DRDY | ERR);
}

/* ---- settings ---- */

static void test_settings(void **state)
{
    struct ide_rig *f = *state;
    static const struct { u32 g[6], code, status; } rows[] = {
        { { 0, 3 }, 0xc6, 0x41 }, { { 0, 32 }, 0xc6, 0x41 }, { { 0, 8 }, 0xc6, 0x50 }, { { 0, 0 }, 0xc6, 0x50 },
        { { 0, 1, 1, 0, 0, 0x40 }, 0xc4, 0x41 }, { { 2 }, 0xef, 0x50 }, { { 0x55 }, 0xef, 0x50 },
        { { 0xaa }, 0xef, 0x50 },
        { { 3, 0x45 }, 0xef, 0x50 }, { { 3, 0x46 }, 0xef, 0x41 }, { { 3, 0x0c }, 0xef, 0x50 },
        { { 3, 0x0d }, 0xef, 0x41 },
        { { 3, 0x12 }, 0xef, 0x50 }, { { 3, 0x23 }, 0xef, 0x41 }, { { 3, 2 }, 0xef, 0x41 }, { { 0x99 }, 0xef, 0x41 },
        { { 0 }, 0x00, 0x41 }, { { 0 }, 0x10, 0x50 }, { { 0 }, 0x1f, 0x50 }, { { 0 }, 0x08, 0x41 },
        { { 0 }, 0xa0, 0x41 },
        { { 0 }, 0xa1, 0x41 }, { { 0 }, 0xff, 0x41 }, { { 0 }, 0xe0, 0x50 },
    };
    for (u32 i = 0; i < COUNT(rows); i++)
        if (command(f, rows[i].code, rows[i].g) != rows[i].status)
            fail_msg("row %u, command %#x: status %#x", i, rows[i].code, alt(f));
    command(f, 0xe5, REGS(0));
    assert_int_equal(in(f, R_COUNT), 0);
    command(f, 0x95, REGS(0));
    command(f, 0x98, REGS(0));
    assert_int_equal(in(f, R_COUNT), 0x80);
    command(f, 0xe2, REGS(0, 240));
    u8 p[512];
    sectors(f, 0x20, 0, 1); /* wakes up */
    pull(f, p, sizeof p, NULL);
    command(f, 0xe5, REGS(0));
    assert_int_equal(in(f, R_COUNT), 0xff);
    command(f, 0x99, REGS(0)); /* SLEEP: nothing but a reset */
    in(f, R_STATUS);
    command(f, 0xe5, REGS(0, 7));
    assert_int_equal(in(f, R_COUNT), 7);
    assert_false(f->r.irq[0]);
    out(f, R_CONTROL, 4);
    out(f, R_CONTROL, 0);
    settle(f);
    command(f, 0xe5, REGS(0));
    assert_int_equal(in(f, R_COUNT), 0xff);
}

static u8 byte_sum(const u8 *p)
{
    u8 sum = 0;
    for (u32 i = 0; i < 512; i++)
        sum = (u8)(sum + p[i]);
    return sum;
}

static void test_smart(void **state)
{
    struct ide_rig *f = *state;
    u8 p[512], q[512];
    u32 key[6] = { 0xd0, 0, 0, 0x4f, 0xc2, 0 };
    command(f, 0xb0, key);
    assert_int_equal(pull(f, p, 512, NULL), 512);
    assert_int_equal(byte_sum(p), 0);
    key[0] = 0xd1;
    command(f, 0xb0, key);
    assert_int_equal(pull(f, q, 512, NULL), 512);
    assert_int_equal(byte_sum(q), 0);
    for (u32 at = 2; at < 362 && p[at]; at += 12) {
        assert_int_equal(p[at], q[at]);
        assert_true(p[at + 3] >= q[at + 1]);
    }
    key[0] = 0xda;
    assert_int_equal(command(f, 0xb0, key), DRDY | DSC);
    assert_int_equal(in(f, R_MID) << 8 | in(f, R_HIGH), 0x4fc2);
    key[0] = 0xd5;
    key[1] = key[2] = 1;
    command(f, 0xb0, key);
    assert_int_equal(pull(f, p, 512, NULL), 512);
    assert_int_equal(byte_sum(p), 0);
    key[2] = 2;
    assert_int_equal(command(f, 0xb0, key), DRDY | ERR);
    key[0] = 0xd9;
    assert_int_equal(command(f, 0xb0, key), DRDY | DSC);
    key[0] = 0xd0;
    assert_int_equal(command(f, 0xb0, key), DRDY | ERR); /* off */
    key[0] = 0xd8;
    assert_int_equal(command(f, 0xb0, key), DRDY | DSC);
    assert_int_equal(command(f, 0xb0, REGS(0xd0)), DRDY | ERR); /* without the key */
}

static void test_scribble(void **state)
{
    struct ide_rig *f = *state;
    struct err e;
    u64 x = 3;
    rig_check_class(&f->c[0].dev);
    rig_scribble(&f->c[0].dev, 9, 20000);
    for (u32 i = 0; i < 60000; i++) {
        u64 n = rig_random(&x);
        u32 reg = n & 15 ? (n >> 4) % 9 : 0, val = (u32)(n >> 16);
        static const u8 codes[] = { 0x20, 0x30, 0xc4, 0xc5, 0xc8, 0xca, 0x25, 0xa0, 0xa1, 0xec, 0xe7, 0x08, 0x90,
                                    0x34 };
        if (reg == R_COMMAND && n >> 40 & 3)
            val = codes[(n >> 44) % sizeof codes];
        if (reg == R_CONTROL)
            val &= n >> 50 & 15 ? ~4u : ~0u;
        for (u32 k = reg ? 1 : (n >> 44) % 300; k; k--)
            n >> 60 & 1 ? out(f, reg, val) : (void)in(f, reg);
        rig_run(&f->r, n >> 20 & 0x3fff);
        if (!ide_class.state->valid(&f->c[0].s, &e))
            fail_msg("%s after %u accesses", e.msg, i);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_signatures), T(test_absent), T(test_latches), T(test_irq), T(test_busy), T(test_identify),
        T(test_geometry), T(test_reads), T(test_writes), T(test_chs), T(test_ends), T(test_host_errors),
        T(test_settings), T(test_smart), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
