/* i8237_test.c - DMA controllers: registers, every mode, wraps, words, cascade, memory that is none. */
#include "hw/dma/i8237.h"
#include "tests/dev/rig.h"

enum { ADDR = 0, COUNT_REG = 1, STATUS = 8, REQUEST = 9, MASK = 10, MODE = 11, FLIP_FLOP = 12, CLEAR = 13,
       MASK_NONE = 14, MASK_ALL = 15, SECOND = 0x10, PAGE = 0x20 };
enum { VERIFY = 0, TO_MEMORY = 4, TO_DEVICE = 8, AUTO = 0x10, DOWN = 0x20, DEMAND = 0, SINGLE = 0x40,
       BLOCK = 0x80, CASCADE = 0xc0 };
enum { RAM_SIZE = 0x80000, ROM = 0x90000, ROM_SIZE = 0x1000, MMIO = 0xa0000, HIGH = 0xfe0000, HIGH_SIZE = 0x20000,
       STREAM = 0x30000 };

/* A device: gives a stream of bytes or takes one down, as many as it has left. */
struct device {
    struct fix     *f;
    u32             ch, left, at, lasts;
    enum dma_cycle  cycle;
    struct irq_line dreq;
    struct device  *wakes;       /* asks when this one is done */
    u8              bytes[STREAM];
};
struct fix {
    struct rig     r;
    struct i8237   d;
    struct memobj *ram, *rom, *high;
    struct device  dev[I8237_CHANNELS];
    u64            mmio_at, mmio_val;
};

static u32 transfer(void *opaque, enum dma_cycle cycle, u8 *p, u32 n, bool last)
{
    struct device *d = opaque;
    u32 k = MIN(n, d->left);
    assert_true(n && n <= 512 && n % (d->ch < 4 ? 1 : 2) == 0);
    if (cycle == DMA_TO_MEMORY)
        memcpy(p, d->bytes + d->at, k);
    else if (cycle == DMA_TO_DEVICE)
        memcpy(d->bytes + d->at, p, k);
    d->cycle = cycle;
    d->at += k;
    d->left -= k;
    d->lasts += last && k == n;
    if (!d->left || (last && k == n)) {
        irq_set(&d->dreq, false);
        if (d->wakes)
            irq_set(&d->wakes->dreq, true);
    }
    return k;
}

static u64 mmio_read(void *opaque, u64 off, u32 size)
{
    (void)opaque;
    assert_int_equal(size, 1);
    return 0x40 + off;
}
static void mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct fix *f = opaque;
    assert_int_equal(size, 1);
    f->mmio_at = off;
    f->mmio_val = val;
}
static const struct mmio_ops mmio = { mmio_read, mmio_write };

static void wr(struct fix *f, u32 off, u32 val) { dev_write(&f->d.dev, off, val, 1); }
static u32 rd(struct fix *f, u32 off) { return (u32)dev_read(&f->d.dev, off, 1); }
static void wr2(struct fix *f, u32 off, u32 val)
{
    wr(f, off, val & 0xff);
    wr(f, off, val >> 8);
}
static u32 rd2(struct fix *f, u32 off)
{
    u32 low = rd(f, off);
    return low | rd(f, off) << 8;
}
static u32 chip(u32 ch) { return ch / 4 * SECOND; }

static struct memobj *memory(struct fix *f, enum region_kind kind, gpa at, u64 size, const char *name)
{
    struct err e;
    struct memobj *o = physmap_new_obj(&f->r.m->map, name, size, &e);
    assert_non_null(o);
    physmap_map_obj(&f->r.m->map, kind, at, size, o, 0, NULL, NULL, name);
    return o;
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->r.m->map.open_bus = true;
    f->ram = memory(f, REGION_RAM, 0, RAM_SIZE, "low");
    f->rom = memory(f, REGION_ROM, ROM, ROM_SIZE, "rom");
    f->high = memory(f, REGION_RAM, HIGH, HIGH_SIZE, "high");
    physmap_map_mmio(&f->r.m->map, MMIO, 0x1000, &mmio, f, "mmio");
    i8237_init(&f->d, f->r.m, "dma");
    f->d.dev.cls->reset(&f->d.dev);
    for (u32 ch = 0; ch < I8237_CHANNELS; ch++) {
        f->dev[ch] = (struct device){ .f = f, .ch = ch, .dreq = i8237_dreq(&f->d, ch) };
        for (u32 i = 0; i < STREAM; i++)
            f->dev[ch].bytes[i] = (u8)(i * 7 + i / 256 + ch);
        i8237_connect(&f->d, ch, (struct dma_device){ &f->dev[ch], transfer });
    }
    wr(f, SECOND + MODE, CASCADE);
    wr(f, SECOND + MASK, 0);
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

static const u8 page_port[I8237_CHANNELS] = { 7, 3, 1, 2, 15, 11, 9, 10 };

/* addr in units, page as written; count: units less one. The channel is open behind this. */
static void program(struct fix *f, u32 ch, u32 mode, u32 page, u32 addr, u32 count)
{
    wr(f, chip(ch) + MASK, 4 | (ch & 3));
    wr(f, chip(ch) + FLIP_FLOP, 0);
    wr(f, chip(ch) + MODE, mode | (ch & 3));
    wr2(f, chip(ch) + (ch & 3) * 2 + ADDR, addr);
    wr2(f, chip(ch) + (ch & 3) * 2 + COUNT_REG, count);
    wr(f, PAGE + page_port[ch], page);
    wr(f, chip(ch) + MASK, ch & 3);
}
static void ask(struct fix *f, u32 ch, u32 bytes)
{
    struct device *d = &f->dev[ch];
    d->at = d->lasts = 0;
    d->left = bytes;
    irq_set(&d->dreq, true);
}

/* ---- registers ---- */

static void test_registers(void **state)
{
    struct fix *f = *state;
    for (u32 ch = 0; ch < I8237_CHANNELS; ch++) {
        u32 reg = chip(ch) + (ch & 3) * 2;
        wr(f, chip(ch) + FLIP_FLOP, 0);
        wr2(f, reg + ADDR, 0x1234 + ch);
        wr2(f, reg + COUNT_REG, 0x4321 + ch);
        assert_int_equal(rd2(f, reg + ADDR), 0x1234 + ch);
        assert_int_equal(rd2(f, reg + COUNT_REG), 0x4321 + ch);
        rd(f, reg + ADDR); /* one byte: now the flip-flop is at the high one, for all channels of the chip */
        assert_int_equal(rd(f, chip(ch) + COUNT_REG), f->d.s.count[ch & 4] >> 8);
        rd(f, reg + ADDR);
        wr(f, chip(ch) + FLIP_FLOP, 0xff);
        assert_int_equal(rd(f, reg + ADDR), 0x34 + ch);
    }
    for (u32 i = 0; i < 16; i++)
        wr(f, PAGE + i, 0x80 + i);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(rd(f, PAGE + i), 0x80 + i);
    assert_int_equal(rd(f, MASK_ALL), 0xf);
    assert_int_equal(rd(f, SECOND + MASK_ALL), 0xe);
    wr(f, MASK, 2);
    assert_int_equal(rd(f, MASK_ALL), 0xb);
    wr(f, MASK_ALL, 5);
    assert_int_equal(rd(f, MASK_ALL), 5);
    wr(f, MASK_NONE, 0);
    assert_int_equal(rd(f, MASK_ALL), 0);
    assert_int_equal(rd(f, SECOND + MASK_ALL), 0xe);
}

static void test_status(void **state)
{
    struct fix *f = *state;
    wr(f, REQUEST, 4 | 1);
    assert_int_equal(rd(f, STATUS), 0x20); /* not in block mode: it waits */
    wr(f, REQUEST, 1);
    assert_int_equal(rd(f, STATUS), 0);
    ask(f, 3, 1);
    ask(f, 6, 2);
    assert_int_equal(rd(f, STATUS), 0x80);
    assert_int_equal(rd(f, SECOND + STATUS), 0x40);
    program(f, 3, SINGLE | TO_MEMORY, 0, 0, 0);
    assert_int_equal(rd(f, STATUS), 0x08); /* served, and its count has ended */
    assert_int_equal(rd(f, STATUS), 0);
    wr(f, SECOND + CLEAR, 0);
    assert_int_equal(rd(f, SECOND + STATUS), 0x40);
    assert_int_equal(rd(f, SECOND + MASK_ALL), 0xf);
    assert_int_equal(rd(f, 13), 0); /* the temporary register */
}

/* The second chip's registers are two ports apart; the page registers have a map of their own. */
static void test_ports(void **state)
{
    struct fix *f = *state;
    struct iobus *io = &f->r.m->io;
    assert_true(iobus_map(io, 0, 16, &dev_mmio, &f->d.dev, "a")
                && iobus_map(io, 0xc0, 32, &i8237_second_mmio, &f->d.dev, "b")
                && iobus_map(io, 0x80, 16, &i8237_page_mmio, &f->d.dev, "c"));
    iobus_write(io, 0xd8, 0, 1);
    iobus_write(io, 0xc4, 0x78, 1);
    iobus_write(io, 0xc5, 0x56, 1);
    assert_int_equal(f->d.s.addr[5], 0x5678);
    iobus_write(io, 0x06, 0x11, 1);
    iobus_write(io, 0x06, 0x22, 1);
    assert_int_equal(f->d.s.addr[3], 0x2211);
    iobus_write(io, 0x8b, 0x9a, 1);
    assert_int_equal(f->d.s.page[11], 0x9a);
    assert_int_equal(iobus_read(io, 0x8b, 1), 0x9a);
    iobus_write(io, 0x80, 0x5b, 1); /* of no channel: a latch for POST codes */
    assert_int_equal(iobus_read(io, 0x80, 1), 0x5b);
    assert_int_equal(iobus_read(io, 0xde, 1), 0xe);
    iobus_write(io, 0xd8, 0, 1);
    assert_int_equal(iobus_read(io, 0xc4, 2), 0x5678); /* both bytes of it */
}

/* ---- transfers ---- */

static void test_to_memory(void **state)
{
    struct fix *f = *state;
    for (u32 mode = DEMAND; mode <= BLOCK; mode += SINGLE) {
        memset(f->ram->host, 0xee, RAM_SIZE);
        program(f, 2, mode | TO_MEMORY, 3, 0x1234, 999);
        ask(f, 2, 600);
        assert_int_equal(f->dev[2].left, 0);
        assert_int_equal(f->dev[2].lasts, 0);
        assert_int_equal(f->d.s.count[2], 399);
        assert_int_equal(rd(f, STATUS), 0);
        f->dev[2].left = 5000;
        irq_set(&f->dev[2].dreq, true);
        assert_int_equal(f->dev[2].at, 1000);
        assert_int_equal(f->dev[2].lasts, 1);
        assert_memory_equal(f->ram->host + 0x31234, f->dev[2].bytes, 1000);
        assert_int_equal(f->ram->host[0x31233] | f->ram->host[0x31234 + 1000] << 8, 0xeeee);
        assert_int_equal(f->d.s.count[2], 0xffff);
        assert_int_equal(f->d.s.addr[2], 0x1234 + 1000);
        assert_int_equal(rd(f, STATUS), 4);
        assert_int_equal(rd(f, MASK_ALL) & 4, 4); /* closed until it is opened again */
        ask(f, 2, 10);
        assert_int_equal(f->dev[2].left, 10);
        irq_set(&f->dev[2].dreq, false);
    }
}

static void test_to_device(void **state)
{
    struct fix *f = *state;
    for (u32 i = 0; i < 0x1000; i++)
        f->ram->host[0x7f000 + i] = (u8)(i * 13 + i / 256);
    program(f, 1, SINGLE | TO_DEVICE, 7, 0xf000, 0xfff);
    ask(f, 1, 0x2000);
    assert_int_equal(f->dev[1].at, 0x1000);
    assert_int_equal(f->dev[1].cycle, DMA_TO_DEVICE);
    assert_memory_equal(f->dev[1].bytes, f->ram->host + 0x7f000, 0x1000);
}

/* Nothing moves but addresses and counts. */
static void test_verify(void **state)
{
    struct fix *f = *state;
    memset(f->ram->host, 0xee, RAM_SIZE);
    program(f, 2, SINGLE | VERIFY, 0, 0x100, 511);
    ask(f, 2, 512);
    assert_int_equal(f->dev[2].cycle, DMA_VERIFY);
    assert_int_equal(f->dev[2].lasts, 1);
    assert_int_equal(f->d.s.addr[2], 0x300);
    for (u32 i = 0; i < 0x400; i++)
        assert_int_equal(f->ram->host[i], 0xee);
}

static void test_down_and_wrap(void **state)
{
    struct fix *f = *state;
    const u8 *bytes = f->dev[2].bytes;
    program(f, 2, SINGLE | TO_MEMORY | DOWN, 2, 3, 7);
    ask(f, 2, 8);
    for (u32 i = 0; i < 8; i++) /* the page does not count */
        assert_int_equal(f->ram->host[0x20000 + ((3 - i) & 0xffff)], bytes[i]);
    program(f, 2, SINGLE | TO_MEMORY, 4, 0xff00, 0x1ff);
    ask(f, 2, 0x200);
    assert_memory_equal(f->ram->host + 0x4ff00, bytes, 0x100);
    assert_memory_equal(f->ram->host + 0x40000, bytes + 0x100, 0x100);
    assert_int_equal(f->ram->host[0x50000], 0);
    program(f, 2, SINGLE | TO_MEMORY, 5, 0x8000, 0xffff); /* all of the page */
    ask(f, 2, 0x20000);
    assert_int_equal(f->dev[2].at, 0x10000);
    assert_memory_equal(f->ram->host + 0x58000, bytes, 0x8000);
    assert_memory_equal(f->ram->host + 0x50000, bytes + 0x8000, 0x8000);
}

/* Addresses and counts of the second chip are in words, within 128 KiB. */
static void test_words(void **state)
{
    struct fix *f = *state;
    const u8 *bytes = f->dev[6].bytes;
    program(f, 6, SINGLE | TO_MEMORY, 3, 0x8010, 99); /* page 2, really */
    ask(f, 6, 1000);
    assert_int_equal(f->dev[6].at, 200);
    assert_memory_equal(f->ram->host + 0x30020, bytes, 200);
    program(f, 6, SINGLE | TO_MEMORY, 4, 0xfff0, 0x1f);
    ask(f, 6, 64);
    assert_memory_equal(f->ram->host + 0x5ffe0, bytes, 32);
    assert_memory_equal(f->ram->host + 0x40000, bytes + 32, 32);
    program(f, 7, SINGLE | TO_MEMORY | DOWN, 0xfe, 0x10, 3);
    ask(f, 7, 8);
    for (u32 i = 0; i < 4; i++)
        assert_memory_equal(f->high->host + 0x20 - 2 * i, f->dev[7].bytes + 2 * i, 2);
}

static void test_autoinit(void **state)
{
    struct fix *f = *state;
    program(f, 1, SINGLE | TO_MEMORY | AUTO, 0, 0x200, 15);
    ask(f, 1, 8);
    for (u32 round = 0; round < 5; round++) {
        f->dev[1].left = 16;
        irq_set(&f->dev[1].dreq, true);
    }
    assert_int_equal(f->dev[1].lasts, 5);
    assert_int_equal(f->d.s.addr[1], 0x200);
    assert_int_equal(f->d.s.count[1], 15);
    assert_int_equal(rd(f, MASK_ALL) & 2, 0);
    assert_int_equal(rd(f, STATUS), 2);
}

/* ---- who gets through ---- */

static void test_gates(void **state)
{
    struct fix *f = *state;
    program(f, 2, SINGLE | TO_MEMORY, 0, 0, 0xffff);
    wr(f, SECOND + MASK, 4); /* channel 4 closed: none of the first chip */
    ask(f, 2, 4);
    assert_int_equal(f->dev[2].left, 4);
    wr(f, SECOND + MASK, 0);
    assert_int_equal(f->dev[2].left, 0);
    wr(f, SECOND + MODE, SINGLE);
    ask(f, 2, 4);
    assert_int_equal(f->dev[2].left, 4);
    wr(f, SECOND + STATUS, 4);
    wr(f, SECOND + MODE, CASCADE);
    assert_int_equal(f->dev[2].left, 4);
    wr(f, SECOND + STATUS, 0);
    assert_int_equal(f->dev[2].left, 0);
    wr(f, STATUS, 4); /* the first chip is off */
    ask(f, 2, 4);
    assert_int_equal(f->dev[2].left, 4);
    wr(f, STATUS, 0);
    assert_int_equal(f->dev[2].left, 0);
    wr(f, MODE, CASCADE | 2); /* a bus master's: it has the bus, nothing is counted */
    ask(f, 2, 4);
    assert_int_equal(f->dev[2].left, 4);
    assert_int_equal(f->d.s.count[2], 0xffff - 12);
}

/* A block that software asks for: nobody drives the bus. */
static void test_software(void **state)
{
    struct fix *f = *state;
    memset(f->ram->host, 0, 0x1000);
    program(f, 0, BLOCK | TO_MEMORY, 0, 0x10, 0x1f);
    wr(f, MASK, 4); /* masks do not hold it back */
    wr(f, REQUEST, 4);
    assert_int_equal(rd(f, STATUS), 1);
    for (u32 i = 0; i < 0x100; i++)
        assert_int_equal(f->ram->host[i], i >= 0x10 && i < 0x30 ? 0xff : 0);
}

/* Who begins to ask while another is served is served as well. */
static void test_nested(void **state)
{
    struct fix *f = *state;
    program(f, 1, SINGLE | TO_MEMORY, 0, 0x100, 99);
    program(f, 3, SINGLE | TO_MEMORY, 0, 0x200, 99);
    f->dev[3].wakes = &f->dev[1];
    f->dev[1].left = 10;
    ask(f, 3, 10);
    assert_memory_equal(f->ram->host + 0x100, f->dev[1].bytes, 10);
    assert_memory_equal(f->ram->host + 0x200, f->dev[3].bytes, 10);
}

/* ---- places that are no RAM ---- */

static void test_places(void **state)
{
    struct fix *f = *state;
    memset(f->rom->host, 0x55, ROM_SIZE);
    program(f, 2, SINGLE | TO_MEMORY, 9, 0, 15);
    ask(f, 2, 16);
    assert_int_equal(f->rom->host[0] & f->rom->host[15], 0x55); /* not written */
    program(f, 2, SINGLE | TO_DEVICE, 9, 0, 15);
    ask(f, 2, 16);
    assert_int_equal(f->dev[2].bytes[0] & f->dev[2].bytes[15], 0x55);
    program(f, 2, SINGLE | TO_MEMORY, 0xa, 0x123, 0);
    f->dev[2].bytes[0] = 0x77;
    ask(f, 2, 1);
    assert_int_equal(f->mmio_at, 0x123);
    assert_int_equal(f->mmio_val, 0x77);
    program(f, 2, SINGLE | TO_DEVICE, 0xa, 0x10, 0);
    ask(f, 2, 1);
    assert_int_equal(f->dev[2].bytes[0], 0x50);
    program(f, 2, SINGLE | TO_DEVICE, 0x08, 0, 0xffff); /* nothing */
    ask(f, 2, 0x10000);
    assert_int_equal(f->dev[2].bytes[0] & f->dev[2].bytes[0xffff], 0xff);
    program(f, 2, SINGLE | TO_MEMORY, 7, 0xfff0, 0xff);
    program(f, 3, SINGLE | TO_MEMORY, 0xff, 0xff00, 0xffff);
    ask(f, 2, 0x100);
    ask(f, 3, 0x20000);
    assert_memory_equal(f->high->host + 0x1ff00, f->dev[3].bytes, 0x100);
    assert_memory_equal(f->high->host + 0x10000, f->dev[3].bytes + 0x100, 0x100);
}

static void test_hostile(void **state)
{
    struct fix *f = *state;
    u64 x = 88172645463325252;
    struct err e;
    for (u32 i = 0; i < 30000; i++) {
        u32 ch = rig_random(&x) % 8;
        f->dev[ch].at = 0;
        f->dev[ch].left = rig_random(&x) % 0x400;
        irq_set(&f->dev[ch].dreq, rig_random(&x) & 1);
        dev_write(&f->d.dev, rig_random(&x) % 0x34, rig_random(&x), 1u << rig_random(&x) % 4);
        dev_read(&f->d.dev, rig_random(&x) % 0x34, 1u << rig_random(&x) % 4);
        assert_true(f->d.dev.cls->state->valid(&f->d.s, &e));
    }
}

static void test_class(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->d.dev);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_registers), T(test_status), T(test_ports), T(test_to_memory), T(test_to_device), T(test_verify),
        T(test_down_and_wrap), T(test_words), T(test_autoinit), T(test_gates), T(test_software), T(test_nested),
        T(test_places), T(test_hostile), T(test_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
