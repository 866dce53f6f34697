/*
 * piix_ide_test.c - the bus master: registers, descriptors of good and bad guests, and every command of the channel
 * saved and loaded between any two accesses.
 */
#include "tests/dev/ide_rig.h"

#define PRD  (RIG_RAM + 0x1000)
#define DATA (RIG_RAM + 0x20000)
#define LAST 0x80000000u

enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4, START = 1, READ = 8, ACTIVE = 1, ERROR = 2, INT = 4 };

static void prd(struct ide_rig *f, u32 i, u32 addr, u32 bytes_and_last)
{
    store_le32(rig_mem(&f->r, PRD + 8 * i), addr);
    store_le32(rig_mem(&f->r, PRD + 8 * i) + 4, bytes_and_last);
}

/* A DMA command on n sectors from lba 9 on, started; the bus master's status behind it. */
static u32 dma(struct ide_rig *f, u32 code, u32 n)
{
    bm_out(f, BM_COMMAND, 0, 1);
    bm_out(f, BM_STATUS, ERROR | INT, 1);
    bm_out(f, BM_TABLE, PRD, 4);
    put_regs(f, REGS(0, n >> 8, 0, 0, 0, 0x40));
    put_regs(f, REGS(0, n & 0xff, 9, 0, 0, 0x40));
    out(f, R_COMMAND, code);
    bm_out(f, BM_COMMAND, START | READ, 1);
    settle(f);
    return bm_in(f, BM_STATUS);
}

static void same(struct ide_rig *f, u32 at, u32 from, u32 n)
{
    assert_memory_equal(rig_mem(&f->r, DATA + at), f->disk.p + 9 * 512 + from, n);
}

/* ---- registers ---- */

static void test_registers(void **state)
{
    struct ide_rig *f = *state;
    u32 devfn = PCI_DEVFN(1, 1);
    assert_int_equal(pci_config_read(&f->bus, devfn, 0, 4), 0x70108086);
    assert_int_equal(pci_config_read(&f->bus, devfn, 8, 4), 0x01018000);
    pci_config_write(&f->bus, devfn, 0x40, 0xa3078001, 4);
    assert_int_equal(pci_config_read(&f->bus, devfn, 0x40, 4), 0xa3078001);
    pci_config_write(&f->bus, devfn, 0x20, 0xffffffff, 4);
    assert_int_equal(pci_config_read(&f->bus, devfn, 0x20, 4), 0xfffffff1);
    pci_config_write(&f->bus, devfn, 0x20, 0xc001, 4);
    assert_int_equal(iobus_read(&f->r.m->io, 0xc002, 1), 0);
    iobus_write(&f->r.m->io, 0xc004, 0x12345677, 4);
    assert_int_equal(iobus_read(&f->r.m->io, 0xc004, 4), 0x12345674);
    iobus_write(&f->r.m->io, 0xc00d, 0xab, 1);
    assert_int_equal(iobus_read(&f->r.m->io, 0xc00c, 4), 0xab00);
    iobus_write(&f->r.m->io, 0xc002, 0x7f, 1);
    assert_int_equal(iobus_read(&f->r.m->io, 0xc000, 4), 0xff60ff00);
    assert_int_equal(bm_in(f, 8), 0);
    rig_check_class(&f->piix.dev);
}

/* ---- transfers ---- */

static void test_good(void **state)
{
    struct ide_rig *f = *state;
    static const u8 codes[] = { 0xc8, 0x25 };
    for (u32 i = 0; i < 2; i++) {
        prd(f, 0, DATA, 512);
        prd(f, 1, DATA + 0x1000, 510); /* regions end anywhere */
        prd(f, 2, DATA + 0x2000, LAST | 514);
        memset(rig_mem(&f->r, DATA), 0, 0x3000);
        assert_int_equal(dma(f, codes[i], 3), INT);
        assert_int_equal(alt(f), DRDY | DSC);
        assert_true(f->r.irq[0]);
        same(f, 0, 0, 512);
        same(f, 0x1000, 512, 510);
        same(f, 0x2000, 1022, 514);
        assert_int_equal(*rig_mem(&f->r, DATA + 0x2000 + 514), 0);
        in(f, R_STATUS);
        assert_int_equal(bm_in(f, BM_STATUS), INT);
        bm_out(f, BM_STATUS, INT, 1);
        assert_int_equal(bm_in(f, BM_STATUS), 0);
    }
    prd(f, 0, DATA, 0); /* 64 KiB */
    prd(f, 1, DATA + 0x10000, LAST);
    assert_int_equal(dma(f, 0x25, 256), INT);
    same(f, 0, 0, 0x20000);
    assert_int_equal(in(f, R_LOW) | in(f, R_MID) << 8, 9 + 256);
    for (u32 i = 0; i < 0x20000; i++)
        rig_mem(&f->r, DATA)[i] = (u8)(i * 7 + (i >> 8));
    assert_int_equal(dma(f, 0x35, 256), INT);
    same(f, 0, 0, 0x20000);
}

/* More room than data: the engine stays active. Less: it stops, and the drive waits for more. */
static void test_long_and_short(void **state)
{
    struct ide_rig *f = *state;
    prd(f, 0, DATA, LAST | 4096);
    assert_int_equal(dma(f, 0xc8, 2), ACTIVE | INT);
    bm_out(f, BM_COMMAND, 0, 1);
    assert_int_equal(bm_in(f, BM_STATUS), INT);
    in(f, R_STATUS);
    prd(f, 0, DATA, LAST | 700);
    assert_int_equal(dma(f, 0xc8, 4), 0);
    assert_int_equal(alt(f), DRDY | DSC | DRQ);
    assert_false(f->r.irq[0]);
    same(f, 0, 0, 700);
    prd(f, 0, DATA + 700, 100);
    prd(f, 1, DATA + 800, LAST | (2048 - 800));
    bm_out(f, BM_COMMAND, READ, 1);
    bm_out(f, BM_COMMAND, READ | START, 1);
    settle(f);
    assert_int_equal(bm_in(f, BM_STATUS), INT);
    same(f, 0, 0, 2048);
    prd(f, 0, DATA, LAST | 700); /* the other way: what the drive holds back is not written yet */
    memset(rig_mem(&f->r, DATA), 0x5a, 4096);
    assert_int_equal(dma(f, 0xca, 4), 0);
    assert_int_not_equal(f->disk.p[9 * 512], 0x5a);
    prd(f, 0, DATA, LAST | (2048 - 700));
    bm_out(f, BM_COMMAND, 0, 1);
    bm_out(f, BM_COMMAND, START, 1);
    settle(f);
    assert_int_equal(bm_in(f, BM_STATUS), INT);
    same(f, 0, 0, 2048);
}

static void test_hostile(void **state)
{
    struct ide_rig *f = *state;
    prd(f, 0, DATA, 512);
    prd(f, 1, 0x1000, LAST | 512); /* nothing is there */
    assert_int_equal(dma(f, 0xc8, 2), ERROR);
    assert_int_equal(alt(f), DRDY | DSC | DRQ);
    assert_false(f->r.irq[0]);
    out(f, R_CONTROL, 4);
    out(f, R_CONTROL, 0);
    settle(f);
    prd(f, 0, RIG_RAM + RIG_RAM_SIZE - 256, LAST | 512); /* half of it is */
    assert_int_equal(dma(f, 0xca, 1), ERROR);
    out(f, R_CONTROL, 4);
    out(f, R_CONTROL, 0);
    settle(f);
    bm_out(f, BM_COMMAND, 0, 1);
    bm_out(f, BM_TABLE, 0xfffffffc, 4); /* the table is nowhere */
    bm_out(f, BM_STATUS, ERROR, 1);
    put_regs(f, REGS(0, 1, 9, 0, 0, 0x40));
    out(f, R_COMMAND, 0xc8);
    bm_out(f, BM_COMMAND, START, 1);
    settle(f);
    assert_int_equal(bm_in(f, BM_STATUS), ERROR);
    bm_out(f, BM_COMMAND, 0, 1);
    for (u32 at = 0; at < 0x10000; at += 8) { /* a page of two bytes each, without an end: it ends with the page */
        store_le32(rig_mem(&f->r, RIG_RAM + 0x40000 + at), DATA);
        store_le32(rig_mem(&f->r, RIG_RAM + 0x40000 + at + 4), 2);
    }
    out(f, R_CONTROL, 4);
    out(f, R_CONTROL, 0);
    settle(f);
    bm_out(f, BM_STATUS, ERROR, 1);
    bm_out(f, BM_TABLE, RIG_RAM + 0x40000, 4);
    put_regs(f, REGS(0, 2, 0, 0, 0, 0x40));
    put_regs(f, REGS(0, 0, 9, 0, 0, 0x40));
    out(f, R_COMMAND, 0x25);
    bm_out(f, BM_COMMAND, START, 1);
    settle(f);
    assert_int_equal(bm_in(f, BM_STATUS), 0);
    assert_int_equal(f->c[0].s.pos + (9 + 512 - f->c[0].s.left - 9) * 512 - f->c[0].s.len, 0x4000);
}

/* The command may come before or behind the start, and neither goes without the other, nor without mastership. */
static void test_order(void **state)
{
    struct ide_rig *f = *state;
    u32 devfn = PCI_DEVFN(1, 1);
    prd(f, 0, DATA, LAST | 512);
    bm_out(f, BM_TABLE, PRD, 4);
    bm_out(f, BM_COMMAND, START | READ, 1);
    rig_run(&f->r, 1000000);
    assert_int_equal(bm_in(f, BM_STATUS), ACTIVE);
    put_regs(f, REGS(0, 1, 9, 0, 0, 0x40));
    out(f, R_COMMAND, 0xc8);
    rig_run(&f->r, 20000 + 255);
    assert_int_equal(alt(f), DRDY | DSC | BSY);
    rig_run(&f->r, 1);
    assert_int_equal(bm_in(f, BM_STATUS), INT);
    bm_out(f, BM_COMMAND, 0, 1);
    in(f, R_STATUS);
    put_regs(f, REGS(0, 1, 9, 0, 0, 0x40));
    out(f, R_COMMAND, 0xc8);
    rig_run(&f->r, 10000000);
    assert_int_equal(alt(f), DRDY | DSC | DRQ);
    pci_config_write(&f->bus, devfn, PCI_COMMAND, PCI_CMD_IO, 2);
    bm_out(f, BM_COMMAND, START | READ, 1);
    rig_run(&f->r, 10000000);
    assert_int_equal(alt(f), DRDY | DSC | DRQ);
    pci_config_write(&f->bus, devfn, PCI_COMMAND, PCI_CMD_IO | PCI_CMD_MASTER, 2);
    settle(f);
    rig_run(&f->r, 10000000);
    assert_int_equal(alt(f), DRDY | DSC);
    same(f, 0, 0, 512);
}

static void test_packets(void **state)
{
    struct ide_rig *f = *state;
    prd(f, 0, DATA, LAST | 0x4000);
    bm_out(f, BM_TABLE, PRD, 4);
    bm_out(f, BM_COMMAND, READ | START, 1);
    assert_int_equal(packet(f, PACKET(0x28, 0, 0, 0, 0, 2, 0, 0, 6), 0, 1), DRDY | DSC);
    assert_int_equal(in(f, R_COUNT), 3);
    assert_true(f->r.irq[0]);
    assert_int_equal(bm_in(f, BM_STATUS), ACTIVE | INT);
    assert_memory_equal(rig_mem(&f->r, DATA), f->cd.p + 2 * 2048, 6 * 2048);
    bm_out(f, BM_COMMAND, READ, 1);
    bm_out(f, BM_COMMAND, READ | START, 1);
    packet(f, PACKET(0x12, 0, 0, 0, 36), 0, 1);
    assert_memory_equal(rig_mem(&f->r, DATA + 8), "QEMU    QEMU DVD-ROM", 20);
    assert_int_equal(packet(f, PACKET(0x28, 0, 0, 0xff, 0, 2, 0, 0, 6), 0, 1), DRDY | ERR);
    assert_int_equal(sense(f), 0x52100);
    f->cd.bad = 3 * 2048;
    bm_out(f, BM_COMMAND, READ, 1);
    bm_out(f, BM_COMMAND, READ | START, 1);
    assert_int_equal(packet(f, PACKET(0x28, 0, 0, 0, 0, 2, 0, 0, 6), 0, 1), DRDY | ERR);
    assert_int_equal(sense(f), 0x31100);
}

static void test_scribble(void **state)
{
    struct ide_rig *f = *state;
    struct err e;
    u64 x = 17;
    for (u32 i = 0; i < 60000; i++) {
        u64 n = rig_random(&x);
        static const u8 codes[] = { 0xc8, 0xca, 0x25, 0x35, 0xa0, 0x20 };
        switch (n & 7) {
        case 0: bm_out(f, n >> 8 & 15, (u32)(n >> 16), 1u << (n >> 4) % 3); break;
        case 1: bm_out(f, BM_COMMAND, n >> 8 & 9, 1); break;
        case 2: bm_out(f, BM_TABLE, PRD + (n >> 8 & 0xfff8), 4); break;
        case 3:
            prd(f, n >> 8 & 31, n >> 40 & 7 ? DATA + (u32)(n >> 16 & 0xffff) : (u32)(n >> 13), (u32)(n >> 30));
            break;
        case 4: out(f, R_COMMAND, n >> 4 & 1 ? codes[(n >> 8) % sizeof codes] : (u32)(n >> 8)); break;
        case 5: out(f, R_FEATURES + (n >> 8) % 6, (u32)(n >> 16) & (n >> 50 & 1 ? 0x51 : 0xff)); break;
        case 6: out(f, n >> 8 & 15 ? R_DATA : R_CONTROL, (u32)(n >> 16)); break;
        default: pci_config_write(&f->bus, PCI_DEVFN(1, 1), 4, n >> 8 & 15 ? 5 : (u32)(n >> 16) & 5, 2); break;
        }
        rig_run(&f->r, n >> 20 & 0x7fff);
        if (!ide_class.state->valid(&f->c[0].s, &e) || !piix_ide_class.state->valid(&f->piix.s, &e))
            fail_msg("%s after %u accesses", e.msg, i);
    }
}

/* ---- saved and loaded anywhere ---- */

/* A driver's steps, as data: what it does is the same whatever the drive answers. */
struct step { u8 what; u32 reg, val; };
enum { S_OUT, S_IN, S_BM, S_WORDS_IN, S_WORDS_OUT, S_RUN };

static u64 mix(u64 h, u64 v) { return (h ^ v) * 0x9e3779b97f4a7c15 + (h >> 29); }

static u64 do_step(struct ide_rig *f, const struct step *s, u64 h)
{
    switch (s->what) {
    case S_OUT: out(f, s->reg, s->val); break;
    case S_IN:  h = mix(h, in(f, s->reg)); break;
    case S_BM:  bm_out(f, s->reg, s->val, s->reg == BM_TABLE ? 4 : 1); break;
    case S_RUN: rig_run(&f->r, s->val); break;
    case S_WORDS_IN:
        for (u32 i = 0; i < s->val; i++)
            h = mix(h, in(f, R_DATA));
        break;
    default:
        for (u32 i = 0; i < s->val; i++)
            out(f, R_DATA, i * 77 + s->reg);
        break;
    }
    return mix(mix(h, f->r.irq[0]), alt(f));
}

#define CMD(code, n, lba, dev) { S_OUT, R_DEVICE, dev }, { S_OUT, R_COUNT, n }, { S_OUT, R_LOW, lba }, \
    { S_OUT, R_MID, 0 }, { S_OUT, R_HIGH, 0 }, { S_OUT, R_COMMAND, code }
#define WAIT { S_RUN, 0, 9000 }, { S_RUN, 0, 9000 }, { S_RUN, 0, 30000 }, { S_IN, R_STATUS, 0 }
#define READ_ALL { S_WORDS_IN, 0, 100 }, { S_WORDS_IN, 0, 155 }, { S_WORDS_IN, 0, 1 }
#define WRITE_ALL(v) { S_WORDS_OUT, v, 100 }, { S_WORDS_OUT, v, 155 }, { S_WORDS_OUT, v, 1 }
#define PACK(feat, lo, hi) { S_OUT, R_DEVICE, 0x10 }, { S_OUT, R_FEATURES, feat }, { S_OUT, R_MID, lo }, \
    { S_OUT, R_HIGH, hi }, \
    { S_OUT, R_COMMAND, 0xa0 }, WAIT
#define BYTES(a, b) { S_OUT, R_DATA, (a) | (b) << 8 }

static const struct step script[] = {
    CMD(0xec, 0, 0, 0), WAIT, READ_ALL,
    CMD(0x20, 3, 1, 0x40), WAIT, READ_ALL, WAIT, READ_ALL, WAIT, READ_ALL, { S_IN, R_COUNT, 0 },
    CMD(0x30, 2, 50, 0x40), WAIT, WRITE_ALL(3), WAIT, WRITE_ALL(4), WAIT, { S_IN, R_LOW, 0 },
    CMD(0xc4, 20, 50, 0x40), WAIT, { S_WORDS_IN, 0, 4000 }, { S_WORDS_IN, 0, 96 }, WAIT, { S_WORDS_IN, 0, 1024 },
    CMD(0xc8, 12, 9, 0x40), { S_BM, BM_TABLE, PRD }, { S_BM, BM_COMMAND, READ | START }, WAIT,
    { S_BM, BM_COMMAND, READ }, { S_BM, BM_COMMAND, READ | START }, WAIT, { S_BM, BM_COMMAND, 0 },
    { S_BM, BM_STATUS, 6 },
    CMD(0xca, 12, 80, 0x40), WAIT, { S_BM, BM_COMMAND, START }, WAIT, { S_BM, BM_COMMAND, 0 },
    { S_BM, BM_COMMAND, START }, WAIT, { S_OUT, R_CONTROL, 2 }, CMD(0xe7, 0, 0, 0), { S_RUN, 0, 100000 },
    { S_OUT, R_CONTROL, 0 }, WAIT,
    CMD(0x90, 0, 0, 0), WAIT, { S_OUT, R_CONTROL, 4 }, { S_RUN, 0, 100 }, { S_OUT, R_CONTROL, 0 }, WAIT,
    { S_IN, R_LOW, 0 },
    PACK(0, 0, 8), BYTES(0x28, 0), BYTES(0, 0), BYTES(0, 3), BYTES(0, 0), BYTES(3, 0), BYTES(0, 0), WAIT,
    { S_WORDS_IN, 0, 700 }, { S_WORDS_IN, 0, 324 }, WAIT, { S_WORDS_IN, 0, 1024 }, WAIT,
    { S_WORDS_IN, 0, 1024 }, WAIT,
    { S_BM, BM_COMMAND, 0 }, { S_BM, BM_COMMAND, READ | START },
    PACK(1, 0, 0), BYTES(0x28, 0), BYTES(0, 0), BYTES(0, 3), BYTES(0, 0), BYTES(3, 0), BYTES(0, 0), WAIT, WAIT,
    { S_BM, BM_COMMAND, 0 }, { S_BM, BM_COMMAND, READ | START }, WAIT,
    PACK(0, 0, 8), BYTES(0xff, 0), BYTES(0, 0), BYTES(0, 3), BYTES(0, 0), BYTES(3, 0), BYTES(0, 0), WAIT,
    PACK(0, 0, 8), BYTES(3, 0), BYTES(0, 0), BYTES(18, 0), BYTES(0, 0), BYTES(0, 0), BYTES(0, 0), WAIT,
    { S_WORDS_IN, 0, 9 }, WAIT,
};

static void lay_table(struct ide_rig *f)
{
    prd(f, 0, DATA, 3000);
    prd(f, 1, DATA + 3000, LAST | 1002);
}

static u64 digest(struct ide_rig *f, u64 h)
{
    for (u32 i = 0; i < f->disk.b.size; i += 8)
        h = mix(h, load_le64(f->disk.p + i));
    for (u32 i = 0; i < 0x4000; i += 8)
        h = mix(h, load_le64(rig_mem(&f->r, DATA + i)));
    return mix(h, bm_in(f, BM_STATUS));
}

static void carry(struct dev *from, struct dev *to)
{
    struct buf b = { 0 };
    struct err e;
    section_save(&b, from->cls->state, dev_state(from));
    if (!section_load(&b, to->cls->state, dev_state(to), &e))
        fail_msg("%s", e.msg);
    buf_free(&b);
}

/* The same machine once more: memory, media and time, and devices from their sections. */
static void move(struct ide_rig *a, struct ide_rig *b)
{
    ide_open(b);
    memcpy(b->disk.p, a->disk.p, a->disk.b.size);
    memcpy(rig_mem(&b->r, RIG_RAM), rig_mem(&a->r, RIG_RAM), RIG_RAM_SIZE);
    b->r.m->s = a->r.m->s;
    carry(&a->c[0].dev, &b->c[0].dev);
    carry(&a->c[1].dev, &b->c[1].dev);
    carry(&a->piix.dev, &b->piix.dev);
    b->c[0].dev.cls->resumed(&b->c[0].dev);
    b->c[1].dev.cls->resumed(&b->c[1].dev);
    b->piix.dev.cls->resumed(&b->piix.dev);
    assert_memory_equal(&a->c[0].s, &b->c[0].s, sizeof a->c[0].s);
    assert_memory_equal(&a->piix.s, &b->piix.s, sizeof a->piix.s);
}

static void test_moves(void **state)
{
    struct ide_rig *f = *state, *g = malloc(sizeof *g);
    u64 want = 1;
    bool seen[16] = { false };
    lay_table(f);
    for (u32 i = 0; i < COUNT(script); i++) {
        want = do_step(f, &script[i], want);
        seen[f->c[0].s.phase] = true;
    }
    want = digest(f, want);
    for (u32 phase = 0; phase < 12; phase++)
        if (!seen[phase])
            fail_msg("phase %u does not occur", phase);
    for (u32 cut = 1; cut < COUNT(script); cut++) {
        struct ide_rig *a = malloc(sizeof *a);
        u64 h = 1;
        ide_open(a);
        lay_table(a);
        for (u32 i = 0; i < cut; i++)
            h = do_step(a, &script[i], h);
        move(a, g);
        ide_close(a);
        free(a);
        for (u32 i = cut; i < COUNT(script); i++)
            h = do_step(g, &script[i], h);
        if (digest(g, h) != want)
            fail_msg("goes another way when moved before step %u", cut);
        ide_close(g);
    }
    free(g);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_registers), T(test_good), T(test_long_and_short), T(test_hostile), T(test_order), T(test_packets),
        T(test_scribble), T(test_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
