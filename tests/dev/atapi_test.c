/* atapi_test.c - the CD-ROM drive: packets by PIO, answers, the tray, media that change, errors of guest and host. */
#include "tests/dev/ide_rig.h"

enum { CD_SECTORS = 301 };

static u8 got[128 * 2352];

static u32 be(const u8 *p, u32 n)
{
    u32 v = 0;
    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* Refused, for this reason (key, ASC, ASCQ). */
static void refused(struct ide_rig *f, const u8 p[12], u32 why)
{
    assert_int_equal(packet(f, p, 0xfffe, 0), DRDY | ERR);
    assert_int_equal(in(f, R_ERROR), why >> 16 << 4);
    assert_int_equal(in(f, R_COUNT), 3);
    assert_true(f->r.irq[0]);
    assert_int_equal(sense(f), why);
    assert_int_equal(sense(f), 0); /* told once */
}
static void fine(struct ide_rig *f, const u8 p[12])
{
    assert_int_equal(packet(f, p, 0xfffe, 0), DRDY | DSC);
    assert_int_equal(in(f, R_COUNT), 3);
}

/* Sectors of the image, with zeros behind its end. */
static void same_data(struct ide_rig *f, const u8 *p, u32 lba, u32 n)
{
    for (u32 i = 0; i < n * 2048; i++) {
        u32 at = lba * 2048 + i;
        assert_int_equal(p[i], at < CD_BYTES ? f->cd.p[at] : 0);
    }
}

static void test_identify(void **state)
{
    struct ide_rig *f = *state;
    command(f, 0xa1, REGS(0, 0, 0, 0, 0, 0x10));
    assert_int_equal(pull(f, got, 512, NULL), 512);
    assert_int_equal(load_le16(got), 0x85c0);
    assert_memory_equal(got + 54, "EQUMD DVR-MO", 12);
    static const u8 aborts[] = { 0xec, 0x20 };
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(command(f, aborts[i], REGS(0, 5, 6, 7, 8, 0x10)), DRDY | ERR);
        assert_int_equal(in(f, R_ERROR), ABRT);
        assert_int_equal(in(f, R_MID) | in(f, R_HIGH) << 8, 0xeb14);
    }
    assert_int_equal(command(f, 0xc8, REGS(0, 1, 1, 0, 0, 0x50)), DRDY | ERR);
    assert_int_equal(command(f, 0x08, REGS(0, 0, 0, 0, 0, 0x10)), 0);
    assert_int_equal(in(f, R_DEVICE), 0xb0);
    assert_int_equal(command(f, 0xef, REGS(3, 0x42, 0, 0, 0, 0x10)), DRDY | DSC);
    assert_int_equal(command(f, 0xe7, REGS(0, 0, 0, 0, 0, 0x10)), DRDY | DSC);
}

static void test_reads(void **state)
{
    struct ide_rig *f = *state;
    static const struct { u8 p[12]; u32 lba, n, limit, blocks; } rows[] = {
        { { 0x28, 0, 0, 0, 0, 3, 0, 0, 1 }, 3, 1, 2048, 1 },
        { { 0x28, 0, 0, 0, 0, 3, 0, 0, 5 }, 3, 5, 2048, 5 },
        { { 0x28, 0, 0, 0, 0, 3, 0, 0, 5 }, 3, 5, 3001, 4 },
        { { 0x28, 0, 0, 0, 0, 0, 0, 0, 100 }, 0, 100, 0xffff, 4 },
        { { 0xa8, 0, 0, 0, 1, 0, 0, 0, 0, 45 }, 256, 45, 0xfffe, 2 },
        { { 0xbe, 4 << 1, 0, 0, 1, 0, 0, 0, 45, 0x10 }, 256, 45, 0xfffe, 2 },
    };
    for (u32 i = 0; i < COUNT(rows); i++) {
        u32 blocks;
        assert_int_equal(packet(f, rows[i].p, rows[i].limit, 0), DRDY | DSC | DRQ);
        assert_int_equal(in(f, R_COUNT), 2);
        assert_int_equal(in(f, R_MID) | in(f, R_HIGH) << 8, MIN(rows[i].n * 2048, MIN(rows[i].limit & ~1u, 0xfffe)));
        assert_int_equal(pull(f, got, sizeof got, &blocks), rows[i].n * 2048);
        assert_int_equal(blocks, rows[i].blocks);
        same_data(f, got, rows[i].lba, rows[i].n);
        assert_int_equal(alt(f), DRDY | DSC);
        assert_int_equal(in(f, R_COUNT), 3);
        assert_true(f->r.irq[0]);
    }
    fine(f, PACKET(0x28, 0, 0, 0, 0, 3));                    /* no sectors are none */
    fine(f, PACKET(0xbe, 0, 0, 0, 0, 3, 0, 0, 2));           /* ... and no parts of them */
    refused(f, PACKET(0x28, 0, 0, 0, 1, 45, 0, 0, 1), 0x52100);
    refused(f, PACKET(0xa8, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff), 0x52100);
    refused(f, PACKET(0xbe, 0, 0, 0, 0, 3, 0, 0, 2, 0x20), 0x52400);
    refused(f, PACKET(0xbe, 0, 0, 0, 0, 3, 0, 0, 2, 0x10, 1), 0x52400);
    fine(f, PACKET(0x2b, 0, 0, 0, 1, 44));
    refused(f, PACKET(0x2b, 0, 0, 0, 1, 45), 0x52100);
    refused(f, PACKET(0xff), 0x52000);
    assert_int_equal(packet(f, PACKET(0x28, 0, 0, 0, 0, 3, 0, 0, 1), 0, 0), DRDY | ERR); /* blocks of no bytes */
}

static void test_raw(void **state)
{
    struct ide_rig *f = *state;
    packet(f, PACKET(0xbe, 0, 0, 0, 0, 16, 0, 0, 7, 0xf8), 5000, 0);
    assert_int_equal(pull(f, got, sizeof got, NULL), 7 * 2352);
    for (u32 i = 0; i < 7; i++) {
        const u8 *p = got + 2352 * i;
        static const u8 sync[12] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
        assert_memory_equal(p, sync, 12);
        assert_int_equal(be(p + 12, 4), 0x00020001 + ((16 + i) / 10 << 12 | (16 + i) % 10 << 8)); /* 00:02.16 on */
        same_data(f, p + 16, 16 + i, 1);
    }
}

static void test_answers(void **state)
{
    struct ide_rig *f = *state;
    fine(f, PACKET(0));
    assert_int_equal(ask(f, PACKET(0x12, 0, 0, 0, 96), got, sizeof got), 36);
    assert_int_equal(be(got, 2), 0x0580);
    assert_memory_equal(got + 8, "QEMU    QEMU DVD-ROM    2.5+", 28);
    assert_int_equal(ask(f, PACKET(0x12, 0, 0, 0, 5), got, sizeof got), 6); /* five bytes are three words */
    refused(f, PACKET(0x12, 1, 0, 0, 96), 0x52400);
    assert_int_equal(ask(f, PACKET(0x25), got, sizeof got), 8);
    assert_int_equal(be(got, 4), CD_SECTORS - 1);
    assert_int_equal(be(got + 4, 4), 2048);
    assert_int_equal(ask(f, PACKET(0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8), got, sizeof got), 8);
    assert_int_equal(ask(f, PACKET(0x51, 0, 0, 0, 0, 0, 0, 0, 34), got, sizeof got), 34);
    assert_int_equal(be(got, 4), 0x00200e01);
    refused(f, PACKET(0x51, 1, 0, 0, 0, 0, 0, 0, 34), 0x52400);
    assert_int_equal(ask(f, PACKET(0x52, 1, 0, 0, 0, 1, 0, 0, 36), got, sizeof got), 36);
    assert_int_equal(be(got + 24, 4), CD_SECTORS);
    refused(f, PACKET(0x52, 1, 0, 0, 0, 2, 0, 0, 36), 0x52400);
    fine(f, PACKET(0xbb, 0, 0xff, 0xff));
    u32 n = ask(f, PACKET(0x46, 0, 0, 0, 0, 0, 0, 1), got, sizeof got), last = 0;
    assert_int_equal(be(got, 4) + 4, n);
    assert_int_equal(be(got + 6, 2), 8);
    for (u32 at = 8; at < n; at += 4 + got[at + 3]) {
        assert_true(at == 8 || be(got + at, 2) > last);
        last = be(got + at, 2);
    }
    assert_int_equal(last, 0x105);
    assert_int_equal(ask(f, PACKET(0x46, 2, 0, 3, 0, 0, 0, 1), got, sizeof got), 16);
    assert_int_equal(be(got + 8, 4), 0x00030304);
    assert_int_equal(ask(f, PACKET(0x46, 0, 0, 0, 0, 0, 0, 0, 4), got, sizeof got), 4);
    refused(f, PACKET(0x46, 3, 0, 0, 0, 0, 0, 1), 0x52400);
}

static void test_toc(void **state)
{
    struct ide_rig *f = *state;
    static const struct { u8 p[12]; u32 n; u8 want[48]; } rows[] = {
        { { 0x43, 0, 0, 0, 0, 0, 0, 0, 100 }, 20,
            { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 1, 45 } },
        { { 0x43, 2, 0, 0, 0, 0, 1, 0, 100 }, 20,
            { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xaa, 0, 0, 0, 6, 1 } },
        { { 0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100 }, 12, { 0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 6, 1 } },
        { { 0x43, 0, 1, 0, 0, 0, 0, 0, 100 }, 12, { 0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0 } },
        { { 0x43, 0, 0, 0, 0, 0, 0, 0, 4, 0x40 }, 4, { 0, 10, 1, 1 } },
        { { 0x43, 2, 2, 0, 0, 0, 0, 0, 100 }, 48,
            { 0, 46, 1, 1, 1, 0x14, 0, 0xa0, 0, 0, 0, 0, 1, 0, 0, 1, 0x14, 0, 0xa1,
            0, 0, 0, 0, 1, 0, 0, 1, 0x14, 0, 0xa2, 0, 0, 0, 0, 0, 6, 1, 1, 0x14, 0, 1, 0, 0, 0, 0, 0, 2, 0 } },
    };
    for (u32 i = 0; i < COUNT(rows); i++) {
        assert_int_equal(ask(f, rows[i].p, got, sizeof got), rows[i].n);
        assert_memory_equal(got, rows[i].want, rows[i].n);
    }
    refused(f, PACKET(0x43, 0, 0, 0, 0, 0, 2, 0, 100), 0x52400);
    refused(f, PACKET(0x43, 0, 3, 0, 0, 0, 0, 0, 100), 0x52400);
}

static void test_modes(void **state)
{
    struct ide_rig *f = *state;
    static const u8 pages[] = { 1, 0x0e, 0x2a }, len[] = { 6, 14, 18 };
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(ask(f, PACKET(0x5a, 0, pages[i], 0, 0, 0, 0, 0, 100), got, sizeof got), 10u + len[i]);
        assert_int_equal(be(got, 3), (8u + len[i]) << 8 | 1);
        assert_int_equal(be(got + 8, 2), (u32)pages[i] << 8 | len[i]);
    }
    assert_int_equal(got[14], 0x29);
    fine(f, PACKET(0x1e, 0, 0, 0, 1));
    ask(f, PACKET(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100), got, sizeof got);
    assert_int_equal(got[14], 0x2b); /* locked */
    assert_int_equal(ask(f, PACKET(0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 100), got, sizeof got), 8 + 8 + 16 + 20);
    ask(f, PACKET(0x5a, 0, 0x6a, 0, 0, 0, 0, 0, 100), got, sizeof got);
    for (u32 i = 10; i < 28; i++)
        assert_int_equal(got[i], 0);
    refused(f, PACKET(0x5a, 0, 0xea, 0, 0, 0, 0, 0, 100), 0x53900);
    refused(f, PACKET(0x5a, 0, 8, 0, 0, 0, 0, 0, 100), 0x52400);
}

/* What GET EVENT STATUS NOTIFICATION says: event << 8 | status. */
static u32 event(struct ide_rig *f)
{
    assert_int_equal(ask(f, PACKET(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8), got, sizeof got), 8);
    assert_int_equal(be(got, 4), 0x00060410);
    return be(got + 4, 2);
}

static void test_tray(void **state)
{
    struct ide_rig *f = *state;
    assert_int_equal(event(f), 0x0002);
    fine(f, PACKET(0x1e, 0, 0, 0, 1));
    assert_true(ide_tray_locked(&f->c[0], 1));
    refused(f, PACKET(0x1b, 0, 0, 0, 2), 0x25302);
    assert_false(ide_eject(&f->c[0], 1, false));
    assert_int_equal(event(f), 0x0102); /* the wish */
    assert_int_equal(event(f), 0x0002);
    fine(f, PACKET(0x1e));
    fine(f, PACKET(0x1b, 0, 0, 0, 2));
    assert_true(ide_tray_open(&f->c[0], 1));
    refused(f, PACKET(0), 0x23a02);
    refused(f, PACKET(0x28, 0, 0, 0, 0, 3, 0, 0, 1), 0x23a02);
    assert_int_equal(event(f), 0x0301);
    ask(f, PACKET(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100), got, sizeof got);
    assert_int_equal(got[2], 0x71);
    fine(f, PACKET(0x1b, 0, 0, 0, 3));
    assert_int_equal(event(f), 0x0202);
    refused(f, PACKET(0), 0x62800); /* unit attention, once */
    fine(f, PACKET(0));
    assert_int_equal(ask(f, PACKET(0x4a, 1, 0, 0, 2, 0, 0, 0, 8), got, sizeof got), 4);
    assert_int_equal(be(got, 4), 0x00028010);
    refused(f, PACKET(0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8), 0x52400);
}

static void test_change(void **state)
{
    struct ide_rig *f = *state;
    struct image other;
    image_make(&other, 5 * 2048, true, 3);
    fine(f, PACKET(0x1e, 0, 0, 0, 1));
    assert_true(ide_eject(&f->c[0], 1, true));
    assert_ptr_equal(ide_change(&f->c[0], 1, NULL), &f->cd.b);
    refused(f, PACKET(0), 0x23a01);
    assert_int_equal(event(f), 0x0300);
    ask(f, PACKET(0x46, 0, 0, 0, 0, 0, 0, 1), got, sizeof got);
    assert_int_equal(be(got + 6, 2), 0);
    assert_null(ide_change(&f->c[0], 1, &other.b));
    refused(f, PACKET(0x25), 0x62800);
    ask(f, PACKET(0x25), got, sizeof got);
    assert_int_equal(be(got, 4), 4);
    /* While data come from it. */
    assert_int_equal(packet(f, PACKET(0x28, 0, 0, 0, 0, 0, 0, 0, 5), 2048, 0), DRDY | DSC | DRQ);
    assert_ptr_equal(ide_change(&f->c[0], 1, NULL), &other.b);
    assert_int_equal(alt(f), DRDY | ERR);
    assert_int_equal(in(f, R_DATA), 0);
    refused(f, PACKET(0), 0x23a01);
    other.b.size = 1ull << 30;
    (void)ide_change(&f->c[0], 1, &other.b);
    packet(f, PACKET(0), 0xfffe, 0);
    ask(f, PACKET(0x46, 0, 0, 0, 0, 0, 0, 1), got, sizeof got);
    assert_int_equal(be(got + 6, 2), 0x10); /* too long for a CD */
    other.b.size = 1ull << 60;
    ask(f, PACKET(0x25), got, sizeof got);
    assert_int_equal(be(got, 4), 0xfffffffe);
    (void)ide_change(&f->c[0], 1, NULL);
    free(other.p);
}

static void test_host_errors(void **state)
{
    struct ide_rig *f = *state;
    f->cd.bad = 5 * 2048;
    assert_int_equal(packet(f, PACKET(0x28, 0, 0, 0, 0, 3, 0, 0, 5), 0xfffe, 0), DRDY | DSC | DRQ);
    assert_int_equal(pull(f, got, sizeof got, NULL), 2 * 2048 + 2); /* the word at which it shows */
    same_data(f, got, 3, 2);
    assert_int_equal(alt(f), DRDY | ERR);
    assert_int_equal(in(f, R_ERROR), 0x30);
    assert_int_equal(sense(f), 0x31100);
    refused(f, PACKET(0x28, 0, 0, 0, 0, 5, 0, 0, 1), 0x31100);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identify), T(test_reads), T(test_raw), T(test_answers), T(test_toc), T(test_modes), T(test_tray),
        T(test_change), T(test_host_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
