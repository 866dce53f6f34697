/*
 * vga_test.c - the VGA's registers, its data path against a model of single bits, its mappings, VBE, retrace, save
 * and load.
 */
#include "snapshot/section.h"
#include "tests/dev/vga_rig.h"

static void test_class(void **state)
{
    struct vga_rig *f = *state;
    rig_check_class(&f->v.dev);
    rig_scribble(&f->v.dev, 0x1000, 20000);
}

/* Every port, any value: the state stays one that a snapshot may hold. */
static void test_scribble_ports(void **state)
{
    struct vga_rig *f = *state;
    struct err e;
    for (u32 i = 0; i < 200000; i++) {
        u32 port = rnd(f) % 16 ? 0x3b0 + (u32)(rnd(f) % 48) : 0x1ce + (u32)(rnd(f) % 4), size = 1u << rnd(f) % 3;
        if (rnd(f) & 1)
            iobus_write(&f->r.m->io, port, (u32)rnd(f) >> rnd(f) % 32, size);
        else
            iobus_read(&f->r.m->io, port, size);
        if (rnd(f) % 4 == 0)
            poke(f, WINDOW + rnd(f) % VGA_WINDOW / 8 * 8, rnd(f), 8);
        if (!f->v.dev.cls->state->valid(&f->v.s, &e))
            fail_msg("after %u accesses: %s", i, e.msg);
    }
}

/* ---- registers ---- */

static void test_index_registers(void **state)
{
    struct vga_rig *f = *state;
    static const u8 seq[] = { 3, 0x3d, 15, 0x3f, 14, 0, 0, 0 };
    static const u8 gfx[] = { 15, 15, 15, 0x1f, 3, 0x7b, 15, 15, 0xff, 0, 0 };
    out(f, MISC, 0x67);
    assert_int_equal(in(f, 0x3cc), 0x67);
    for (u32 i = 0; i < COUNT(seq); i++) {
        at_index(f, SEQ, i, 0xff);
        assert_int_equal(read_index(f, SEQ, i), seq[i]);
    }
    for (u32 i = 0; i < COUNT(gfx); i++) {
        at_index(f, GFX, i, 0xff);
        assert_int_equal(read_index(f, GFX, i), gfx[i]);
    }
    at_index(f, CRTC, 0x11, 0);
    for (u32 i = 0; i < 0x19; i++) {
        at_index(f, CRTC, i, 0x20 + i);
        assert_int_equal(read_index(f, CRTC, i), 0x20 + i);
    }
    assert_int_equal(in(f, 0x3b5), 0xff); /* it is at 3Dx */
    out(f, MISC, 0x66);
    assert_int_equal(in(f, CRTC + 1), 0xff);
    assert_int_equal(read_index(f, 0x3b4, 0x18), 0x38);
}

static void test_crtc_protection(void **state)
{
    struct vga_rig *f = *state;
    out(f, MISC, 1);
    for (u32 i = 0; i < 8; i++)
        at_index(f, CRTC, i, 0x55);
    at_index(f, CRTC, 0x11, 0x80);
    for (u32 i = 0; i < 8; i++) {
        at_index(f, CRTC, i, 0xaa);
        assert_int_equal(read_index(f, CRTC, i), i == 7 ? 0x45 : 0x55);
    }
    at_index(f, CRTC, 7, 0x10);
    assert_int_equal(read_index(f, CRTC, 7), 0x55);
    at_index(f, CRTC, 8, 0xaa);
    assert_int_equal(read_index(f, CRTC, 8), 0xaa);
}

static void test_attribute_flip_flop(void **state)
{
    struct vga_rig *f = *state;
    out(f, MISC, 1);
    attr(f, 3, 0xff);
    out(f, ATTR, 3);
    assert_int_equal(in(f, 0x3c1), 0x3f);
    assert_int_equal(read_index(f, CRTC, 0x24), 0x80); /* data is next */
    out(f, ATTR, 0x11);
    assert_int_equal(in(f, 0x3c1), 0x11);
    assert_int_equal(read_index(f, CRTC, 0x24), 0);
    out(f, ATTR, 0x20 | 0x10);
    assert_int_equal(in(f, ATTR), 0x30);
    in(f, STATUS);
    out(f, ATTR, 0x14);
    assert_int_equal(in(f, ATTR), 0x14);
    in(f, 0x3ba); /* not there */
    out(f, ATTR, 0xff);
    assert_int_equal(in(f, 0x3c1), 0x0f);
    attr(f, 0x1f, 0xff); /* nothing there */
    assert_int_equal(in(f, 0x3c1), 0);
}

static void test_dac(void **state)
{
    struct vga_rig *f = *state;
    out(f, DAC_WRITE, 255);
    for (u32 i = 0; i < 6; i++)
        out(f, DAC, 0xc1 + i); /* 255, then 0 */
    assert_int_equal(in(f, 0x3c7), 0);
    assert_int_equal(in(f, DAC_WRITE), 1);
    out(f, 0x3c7, 255);
    assert_int_equal(in(f, 0x3c7), 3);
    for (u32 i = 0; i < 6; i++)
        assert_int_equal(in(f, DAC), 1 + i);
    out(f, DAC_WRITE, 7); /* two of three: nothing changes */
    out(f, DAC, 9);
    out(f, DAC, 9);
    out(f, 0x3c7, 7);
    assert_int_equal(in(f, DAC), 0);
    vbe(f, 4, 0x20);
    out(f, DAC_WRITE, 7);
    for (u32 i = 0; i < 3; i++)
        out(f, DAC, 0xfd + i);
    out(f, 0x3c7, 7);
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(in(f, DAC), 0xfd + i);
}

/* ---- the data path ---- */

/* The graphics controller as the manual's figures have it: a bit at a time, planes as four arrays. */
struct model {
    u8 plane[4][0x10000], latch[4];
    u8 seq2, seq4, gfx[9];
    u32 bank;
};

static u8 bit(u32 v, u32 n) { return v >> n & 1; }

static u8 model_bit(const struct model *m, u8 val, u32 p, u32 n)
{
    u32 turn = m->gfx[3] & 7, mode = m->gfx[5] & 3, old = bit(m->latch[p], n);
    u8 host = bit(val, (n + turn) % 8), set = bit(m->gfx[0], p), mask = bit(m->gfx[8], n), x;
    if (mode == 1)
        return (u8)old;
    x = mode == 0 ? (bit(m->gfx[1], p) ? set : host) : mode == 2 ? bit(val, p) : set;
    if (mode == 3)
        mask = mask && host;
    switch (m->gfx[3] >> 3 & 3) {
    case 1: x = x && old; break;
    case 2: x = x || old; break;
    case 3: x = x != old; break;
    default: break;
    }
    return mask ? x : (u8)old;
}

/* Plane enabled for a write, and the offset that an address has in the planes. False: outside the window. */
static bool model_place(const struct model *m, u32 *at, u32 *base)
{
    static const u32 from[] = { 0, 0, 0x10000, 0x18000 }, len[] = { 0x20000, 0x10000, 0x8000, 0x8000 };
    u32 w = m->gfx[6] >> 2 & 3;
    *base = *at - from[w];
    if (*at < from[w] || *base >= len[w])
        return false;
    *at = m->seq4 & 8 ? *base / 4 : m->gfx[6] & 2 ? *base / 2 * 2 + *base / 0x10000 : *base;
    *at %= 0x10000;
    return true;
}

static void model_write(struct model *m, u32 at, u8 val)
{
    u32 base;
    if (!model_place(m, &at, &base))
        return;
    for (u32 p = 0; p < 4; p++) {
        bool on = bit(m->seq2, p) && (m->seq4 & 8 ? base % 4 == p : m->seq4 & 4 || base % 2 == p % 2);
        u8 x = 0;
        for (u32 n = 0; n < 8; n++)
            x |= (u8)(model_bit(m, val, p, n) << n);
        if (on)
            m->plane[p][at] = x;
    }
}

static u8 model_read(struct model *m, u32 at)
{
    u32 base, p;
    u8 same = 0;
    if (!model_place(m, &at, &base))
        return 0xff;
    for (p = 0; p < 4; p++)
        m->latch[p] = m->plane[p][at];
    for (u32 n = 0; n < 8; n++) {
        bool all = true;
        for (p = 0; p < 4; p++)
            all &= !bit(m->gfx[7], p) || bit(m->latch[p], n) == bit(m->gfx[2], p);
        same |= (u8)(all << n);
    }
    p = m->seq4 & 8 ? base % 4 : m->gfx[5] & 0x10 ? (m->gfx[4] & 2) + base % 2 : m->gfx[4] & 3u;
    return m->gfx[5] & 8 ? same : m->latch[p];
}

static void set_random_path(struct vga_rig *f, struct model *m)
{
    u32 n = (u32)(rnd(f) % 9), val = (u32)rnd(f) & 0xff;
    if (n == 8 && rnd(f) % 2)
        val = 0xff;
    if (n == 1 && rnd(f) % 2)
        val = 0;
    static const u8 mask[] = { 15, 15, 15, 0x1f, 3, 0x1b, 14, 15, 0xff };
    m->gfx[n] = val & mask[n];
    at_index(f, GFX, n, val & mask[n]);
    if (rnd(f) % 4 == 0) {
        m->seq2 = rnd(f) % 3 ? rnd(f) & 15 : 15;
        m->seq4 = 2 | (rnd(f) & 12);
        at_index(f, SEQ, 2, m->seq2);
        at_index(f, SEQ, 4, m->seq4);
    }
}

static void check_planes(struct vga_rig *f, const struct model *m)
{
    for (u32 i = 0; i < 0x10000; i++)
        for (u32 p = 0; p < 4; p++)
            if (f->v.vram->host[4 * i + p] != m->plane[p][i])
                fail_msg("plane %u offset %#x: %#x, not %#x", p, i, f->v.vram->host[4 * i + p], m->plane[p][i]);
}

/* Few addresses, so that latches and planes meet again and again. Plain windows leave the latches alone: the
 * model, too. */
static void test_data_path(void **state)
{
    struct vga_rig *f = *state;
    static struct model m;
    static const u32 places[] = { 0, 0x4000, 0xfff0, 0x10000, 0x17ff0, 0x18000, 0x1fff0 };
    memset(&m, 0, sizeof m);
    out(f, MISC, 3);
    for (u32 i = 0; i < 300000; i++) {
        u32 size = 1u << rnd(f) % 4, at = places[rnd(f) % COUNT(places)] + (u32)(rnd(f) % 16 & ~(size - 1ull));
        u64 val = rnd(f), got;
        if (rnd(f) % 8 == 0)
            set_random_path(f, &m);
        if (rnd(f) % 2) {
            poke(f, WINDOW + at, val, size);
            for (u32 k = 0; k < size; k++)
                model_write(&m, at + k, (u8)(val >> 8 * k));
            continue;
        }
        u8 kept[4];
        bool plain = f->v.access.plain && at < f->v.window_plain;
        memcpy(kept, m.latch, sizeof kept);
        got = peek(f, WINDOW + at, size);
        for (u32 k = 0; k < size; k++)
            if ((u8)(got >> 8 * k) != model_read(&m, at + k))
                fail_msg("read %u: byte %u of %#llx at %#x", i, k, (unsigned long long)got, at);
        if (plain)
            memcpy(m.latch, kept, sizeof kept);
        else
            assert_int_equal(read_index(f, CRTC, 0x22), m.latch[m.gfx[4]]);
    }
    check_planes(f, &m);
}

/* ---- mappings ---- */

static const struct region *window(struct vga_rig *f) { return physmap_find(&f->r.m->map, WINDOW); }

static void test_plain_window(void **state)
{
    struct vga_rig *f = *state;
    assert_int_equal(window(f)->kind, REGION_MMIO);
    assert_true(window(f)->quiet);
    set_mode(f, &mode_chained);
    assert_int_equal(window(f)->kind, REGION_RAM);
    assert_int_equal(window(f)->size, 0x10000);
    poke(f, WINDOW + 5, 0x1234, 2);
    assert_int_equal(peek(f, LFB + 5, 2), 0x1234);
    assert_int_equal(peek(f, WINDOW + 0x10000, 2), 0xffff);
    at_index(f, GFX, 8, 0x0f);
    assert_int_equal(window(f)->kind, REGION_MMIO);
    poke(f, WINDOW + 5, 0xff, 1);
    assert_int_equal(peek(f, LFB + 5, 1), 0x0f); /* the latches are empty */
    at_index(f, GFX, 8, 0xff);
    at_index(f, GFX, 6, 1); /* 128 KiB */
    assert_int_equal(window(f)->size, 0x20000);
    vga_hide_window(&f->v, true);
    assert_null(window(f));
    at_index(f, GFX, 6, 5);
    assert_null(window(f));
    vga_hide_window(&f->v, false);
    assert_int_equal(window(f)->size, 0x10000);
    f->v.dev.cls->reset(&f->v.dev);
    assert_int_equal(window(f)->kind, REGION_MMIO);
    assert_int_equal(window(f)->size, 0x20000);
    assert_int_equal(peek(f, WINDOW, 4), 0xffffffff); /* RAM is off */
}

static void test_banks(void **state)
{
    struct vga_rig *f = *state;
    set_mode(f, &mode_chained);
    vbe(f, 1, 640);
    vbe(f, 2, 480);
    vbe(f, 3, 8);
    vbe(f, 4, 0x41);
    for (u32 n = 0; n < 256; n++) {
        vbe(f, 5, n);
        assert_int_equal(window(f)->kind, REGION_RAM);
        poke(f, WINDOW + 8, n * 3, 4);
    }
    for (u32 n = 0; n < 256; n++)
        assert_int_equal(peek(f, LFB + n * 0x10000ull + 8, 4), n * 3);
    at_index(f, GFX, 6, 1); /* 128 KiB: the last bank's second half begins at 0 again */
    vbe(f, 5, 255);
    assert_int_equal(window(f)->kind, REGION_MMIO);
    assert_int_equal(peek(f, WINDOW + 0x10008, 4), 0);
    assert_int_equal(peek(f, WINDOW + 8, 4), 765);
    poke(f, WINDOW + 0x10008, 0xabcd, 4);
    assert_int_equal(peek(f, LFB + 8, 4), 0xabcd);
    vbe(f, 4, 0);
    set_mode(f, &mode_chained);
    assert_int_equal(peek(f, WINDOW + 8, 4), 0xabcd); /* no bank without VBE */
}

static void test_pci(void **state)
{
    struct vga_rig *f = *state;
    static const u8 edid[] = { 0, 255, 255, 255, 255, 255, 255, 0 };
    u8 sum = 0;
    assert_int_equal(pci_config_read(&f->bus, 16, 0, 4), 0x11111234);
    assert_int_equal(pci_config_read(&f->bus, 16, 8, 4), 0x03000002);
    for (u32 i = 0; i < 128; i++) {
        u8 b = (u8)peek(f, REGS + i, 1);
        sum += b;
        if (i < sizeof edid)
            assert_int_equal(b, edid[i]);
    }
    assert_int_equal(sum, 0);
    assert_int_equal(peek(f, REGS + 54, 4) & 0xffffff, 0x00209e); /* 83.5 MHz, 1280 ... */
    poke(f, REGS + 0x402, 0x67, 1);
    assert_int_equal(peek(f, REGS + 0x40c, 1), 0x67);
    assert_int_equal(peek(f, REGS + 0x500, 2), 0xb0c5);
    poke(f, REGS + 0x502, 0x01e00280, 4);
    assert_int_equal(read_vbe(f, 1), 640);
    assert_int_equal(read_vbe(f, 2), 480);
    assert_int_equal(peek(f, REGS + 0x500, 8), 0x000001e00280b0c5);
    assert_int_equal(peek(f, REGS + 0x600, 4), 8);
    assert_int_equal(peek(f, REGS + 0x604, 4), 0x1e1e1e1e);
    poke(f, REGS + 0x604, 0xbebebebe, 4);
    assert_int_equal(peek(f, REGS + 0x604, 4), 0xbebebebe);
    poke(f, REGS + 0x604, 5, 4);
    assert_int_equal(peek(f, REGS + 0x604, 4), 0xbebebebe);
    pci_config_write(&f->bus, 16, PCI_ROM_BASE, 0xe2000001, 4);
    assert_int_equal(peek(f, 0xe2000000, 8), 0x000000030201aa55);
}

/* ---- VBE ---- */

static void mode(struct vga_rig *f, u32 x, u32 y, u32 bpp)
{
    vbe(f, 4, 0);
    vbe(f, 1, x);
    vbe(f, 2, y);
    vbe(f, 3, bpp);
    vbe(f, 4, 1);
}

static void test_vbe_registers(void **state)
{
    struct vga_rig *f = *state;
    assert_int_equal(read_vbe(f, 0), 0xb0c5);
    vbe(f, 0, 0xb0c2);
    assert_int_equal(read_vbe(f, 0), 0xb0c2);
    vbe(f, 0, 0x1234);
    assert_int_equal(read_vbe(f, 0), 0xb0c2);
    assert_int_equal(read_vbe(f, 10), 256);
    vbe(f, 4, 2);
    assert_int_equal(read_vbe(f, 1), 16000);
    assert_int_equal(read_vbe(f, 2), 12000);
    assert_int_equal(read_vbe(f, 3), 32);
    mode(f, 1024, 768, 32);
    assert_int_equal(read_vbe(f, 6), 1024);
    assert_int_equal(read_vbe(f, 7), 4096);
    mode(f, 801, 0, 7);
    assert_int_equal(read_vbe(f, 1), 800);
    assert_int_equal(read_vbe(f, 2), 1);
    assert_int_equal(read_vbe(f, 3), 8);
    mode(f, 65535, 65535, 32);
    assert_int_equal(read_vbe(f, 1), 16000);
    assert_int_equal(read_vbe(f, 2), (16 << 20) / (16000 * 4));
    vbe(f, 9, 5); /* no line is left to move by */
    assert_int_equal(read_vbe(f, 9), 0);
    assert_int_equal(iobus_read(&f->r.m->io, 0x1d0, 2), 0); /* the other data port */
    assert_int_equal(iobus_read(&f->r.m->io, 0x1ce, 2), 9);
    assert_int_equal(iobus_read(&f->r.m->io, 0x1cf, 1), 0xff);
    vbe(f, 77, 5);
    assert_int_equal(read_vbe(f, 77), 0);
}

static void test_vbe_clears(void **state)
{
    struct vga_rig *f = *state;
    static const u32 at[] = { 0, 639 * 4, 479 * 2560 + 2556 };
    for (u32 keep = 0; keep < 2; keep++) {
        for (u32 i = 0; i < COUNT(at); i++)
            poke(f, LFB + at[i], 0x11223344, 4);
        poke(f, LFB + 480 * 2560, 0x55667788, 4);
        mode(f, 640, 480, 32);
        vbe(f, 4, 0);
        vbe(f, 4, keep ? 0x81 : 1);
        for (u32 i = 0; i < COUNT(at) && !keep; i++)
            assert_int_equal(peek(f, LFB + at[i], 4), 0);
        assert_int_equal(peek(f, LFB + 480 * 2560, 4), 0x55667788);
        poke(f, LFB, 0x77, 4);
        vbe(f, 4, 0x81); /* on already */
        assert_int_equal(peek(f, LFB, 4), 0x77);
    }
}

/* ---- time ---- */

/* Mode 3: 900 dots a line, 449 lines, 28.322 MHz; retrace in lines 412 and 413, 400 lines shown. */
static void test_retrace(void **state)
{
    struct vga_rig *f = *state;
    u64 line = 31778;
    u32 retrace = 0, blank = 0, both = 0, n = 449 * 16 * 3;
    set_mode(f, &mode_text);
    for (u32 i = 0; i < n; i++) {
        u8 s = in(f, STATUS);
        retrace += s >> 3 & 1;
        blank += s & 1;
        both += s == 9;
        rig_run(&f->r, line / 16 + (i % 4 == 0)); /* a little more than a sixteenth of a line */
    }
    assert_int_equal(both, retrace);
    assert_in_range(retrace, 3 * 2 * 16 - 6, 3 * 2 * 16 + 6);
    assert_in_range(blank, n - 3 * 400 * 16 * 80 / 100 - 200, n - 3 * 400 * 16 * 80 / 100 + 200);
    f->r.m->s.idle_ns = 412 * line + 2000;
    assert_int_equal(in(f, STATUS), 9);
    f->r.m->s.idle_ns = 411 * line + 2000;
    assert_int_equal(in(f, STATUS), 1);
    f->r.m->s.idle_ns = 414 * line + 2000;
    assert_int_equal(in(f, STATUS), 1);
    f->r.m->s.idle_ns = 100 * line + 2000;
    assert_int_equal(in(f, STATUS), 0);
}

static void test_vbe_retrace(void **state)
{
    struct vga_rig *f = *state;
    u32 changes = 0, was = 0;
    out(f, MISC, 1);
    mode(f, 800, 600, 16);
    for (u32 i = 0; i < 100000; i++) {
        u32 now = in(f, STATUS) & 8;
        changes += now && !was;
        was = now;
        rig_run(&f->r, 10000);
    }
    assert_in_range(changes, 59, 61);
}

/* ---- save and load ---- */

static void random_access(struct vga_rig *f)
{
    u32 port = 0x3b0 + (u32)(rnd(f) % 48);
    switch (rnd(f) % 6) {
    case 0: out(f, port, (u32)rnd(f)); break;
    case 1: in(f, port); break;
    case 2: vbe(f, (u32)(rnd(f) % 12), (u32)rnd(f) >> rnd(f) % 32); break;
    case 3: poke(f, WINDOW + (rnd(f) & 0x1fff8), rnd(f), 8); break;
    case 4: peek(f, WINDOW + (rnd(f) & 0x1ffff), 1); break;
    default: set_mode(f, rnd(f) % 2 ? &mode_planar : &mode_chained); break;
    }
}

/* A copy made at any moment goes on as the first: through a section, with memory and clock. */
static void test_save_load(void **state)
{
    struct vga_rig *f = *state;
    for (u32 round = 0; round < 10; round++) {
        struct vga_rig *g = calloc(1, sizeof *g);
        struct buf b = { 0 };
        struct err e;
        for (u32 i = 0; i < 500; i++)
            random_access(f);
        rig_open(g);
        section_save(&b, f->v.dev.cls->state, &f->v.s);
        memcpy(g->v.vram->host, f->v.vram->host, VGA_MEMORY);
        if (!section_load(&b, g->v.dev.cls->state, &g->v.s, &e))
            fail_msg("%s", e.msg);
        g->v.dev.cls->resumed(&g->v.dev);
        g->seed = f->seed;
        for (u32 i = 0; i < 500; i++) {
            random_access(f);
            random_access(g);
        }
        assert_memory_equal(&f->v.s, &g->v.s, sizeof f->v.s);
        assert_memory_equal(&f->v.access, &g->v.access, sizeof f->v.access);
        assert_memory_equal(f->v.vram->host, g->v.vram->host, VGA_MEMORY);
        assert_int_equal(f->v.window_plain, g->v.window_plain);
        buf_free(&b);
        rig_close(g);
        free(g);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_class), T(test_scribble_ports), T(test_index_registers), T(test_crtc_protection),
        T(test_attribute_flip_flop), T(test_dac), T(test_data_path), T(test_plain_window), T(test_banks), T(test_pci),
        T(test_vbe_registers), T(test_vbe_clears), T(test_retrace), T(test_vbe_retrace), T(test_save_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
