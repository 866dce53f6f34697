/*
 * vga_picture_test.c - pictures of the VGA: each mode from a register set, by formulas for single pixels that start
 * from what the test wrote through the window, and by checksums; what changed; text; registers of any value.
 */
#include "snapshot/snapshot.h"
#include "tests/dev/vga_rig.h"
#include <stdio.h>

static struct display_surface *draw(struct vga_rig *f)
{
    display_update(&f->v.display);
    return &f->v.display.surface;
}

static u32 pixel(const struct display_surface *s, u32 x, u32 y) { return s->px[(u64)y * s->stride + x]; }

static u64 checksum(const struct display_surface *s)
{
    u64 h = 0xcbf29ce484222325;
    for (u32 y = 0; y < s->height; y++)
        for (u32 x = 0; x < s->width; x++)
            h = (h ^ pixel(s, x, y)) * 0x100000001b3;
    return h;
}

static u32 six_to_eight(u32 v) { return v * 4 + v / 16; }

static u32 dac(const struct vga_rig *f, u32 n)
{
    return six_to_eight(f->dac[n][0]) << 16 | six_to_eight(f->dac[n][1]) << 8 | six_to_eight(f->dac[n][2]);
}

/* Of 16 colours, by the palette registers of a mode. */
static u32 ega(const struct vga_rig *f, const struct vga_mode *m, u32 n) { return dac(f, m->attr[n]); }

#define EXPECT(s, w, h, colour)                                                                     \
    do {                                                                                            \
        assert_int_equal((s)->width, (w));                                                          \
        assert_int_equal((s)->height, (h));                                                         \
        for (u32 y = 0; y < (h); y++)                                                               \
            for (u32 x = 0; x < (w); x++)                                                           \
                if (pixel((s), x, y) != (colour))                                                   \
                    fail_msg("line %d: pixel %u,%u is %06x, not %06x", __LINE__, x, y, pixel((s), x, y), (colour)); \
    } while (0)

/* CRTC registers 0 to 7 may be written. */
static void unlock(struct vga_rig *f) { at_index(f, CRTC, 0x11, 0x0c); }

/* ---- graphics ---- */

static u8 plane[4][0x10000]; /* as the test wrote them */

static void fill_planes(struct vga_rig *f)
{
    for (u32 p = 0; p < 4; p++) {
        at_index(f, SEQ, 2, 1 << p);
        for (u32 i = 0; i < 0x10000; i++) {
            plane[p][i] = (u8)rnd(f);
            poke(f, WINDOW + i, plane[p][i], 1);
        }
    }
    at_index(f, SEQ, 2, 15);
}

static u32 planar_colour(u32 at, u32 n) /* of the n-th pixel, from the left, of the byte at an offset */
{
    u32 c = 0;
    for (u32 p = 0; p < 4; p++)
        c |= (plane[p][at & 0xffff] >> (7 - n) & 1u) << p;
    return c;
}

static void test_planar(void **state)
{
    struct vga_rig *f = *state;
    const struct vga_mode *m = &mode_planar;
    set_dac(f);
    set_mode(f, m);
    fill_planes(f);
    EXPECT(draw(f), 640, 480, ega(f, m, planar_colour(y * 80 + x / 8, x % 8)));
    assert_int_equal(checksum(draw(f)), 0x8a9bb82145c898f6);
    at_index(f, CRTC, 0xc, 0x40); /* start, width, panning, split */
    at_index(f, CRTC, 0xd, 0x07);
    at_index(f, CRTC, 0x13, 50);
    attr(f, 0x33, 3);
    EXPECT(draw(f), 640, 480, ega(f, m, planar_colour(0x4007 + y * 100 + (x + 3) / 8, (x + 3) % 8)));
    unlock(f);
    at_index(f, CRTC, 0x18, 199);
    at_index(f, CRTC, 7, 0x2e);
    at_index(f, CRTC, 9, 0);
    EXPECT(draw(f), 640, 480, y < 200 ? ega(f, m, planar_colour(0x4007 + y * 100 + (x + 3) / 8, (x + 3) % 8))
                                      : ega(f, m, planar_colour((y - 200) * 100 + (x + 3) / 8, (x + 3) % 8)));
    attr(f, 0x30, 0x21); /* the lower half stays */
    EXPECT(draw(f), 640, 480, y < 200 ? ega(f, m, planar_colour(0x4007 + y * 100 + (x + 3) / 8, (x + 3) % 8))
                                      : ega(f, m, planar_colour((y - 200) * 100 + x / 8, x % 8)));
}

static void test_planar_registers(void **state)
{
    struct vga_rig *f = *state;
    const struct vga_mode *m = &mode_planar;
    set_dac(f);
    set_mode(f, m);
    fill_planes(f);
    attr(f, 0x12 | 0x20, 5); /* planes shown */
    EXPECT(draw(f), 640, 480, ega(f, m, planar_colour(y * 80 + x / 8, x % 8) & 5));
    attr(f, 0x12 | 0x20, 15);
    attr(f, 0x14 | 0x20, 9); /* palettes of 64, then of 16 colours */
    EXPECT(draw(f), 640, 480, dac(f, m->attr[planar_colour(y * 80 + x / 8, x % 8)] | 0x80));
    attr(f, 0x10 | 0x20, 0x81);
    EXPECT(draw(f), 640, 480, dac(f, (m->attr[planar_colour(y * 80 + x / 8, x % 8)] & 15) | 0x90));
    out(f, 0x3c6, 0x0f);
    EXPECT(draw(f), 640, 480, dac(f, m->attr[planar_colour(y * 80 + x / 8, x % 8)] & 15));
    out(f, 0x3c6, 0xff);
    attr(f, 0x14 | 0x20, 0);
    attr(f, 0x10 | 0x20, 1);
    unlock(f);
    at_index(f, SEQ, 1, 9); /* half the clock: 320 pixels */
    at_index(f, CRTC, 1, 39);
    at_index(f, CRTC, 0x13, 20);
    at_index(f, CRTC, 9, 0xc0); /* lines twice */
    at_index(f, CRTC, 8, 0x40); /* two bytes on */
    EXPECT(draw(f), 640, 480, ega(f, m, planar_colour(2 + y / 2 * 40 + x / 16, x / 2 % 8)));
    at_index(f, CRTC, 9, 0xc2); /* rows of three lines, the first of one */
    at_index(f, CRTC, 8, 2);
    EXPECT(draw(f), 640, 480, ega(f, m, planar_colour((y / 2 + 2) / 3 * 40 + x / 16, x / 2 % 8)));
    at_index(f, CRTC, 0x17, 0xe7); /* counts of two lines */
    assert_int_equal(draw(f)->height, 960);
    at_index(f, SEQ, 1, 0x29);
    EXPECT(draw(f), 640, 960, 0);
}

static void test_cga(void **state)
{
    struct vga_rig *f = *state;
    u8 b[0x4000];
    set_dac(f);
    set_mode(f, &mode_cga4);
    for (u32 i = 0; i < sizeof b; i++)
        poke(f, WINDOW + 0x18000 + i, b[i] = (u8)rnd(f), 1);
#define CGA_BYTE(per) b[(y / 2 & 1) * 0x2000 + y / 4 * 80 + x / (per)]
    EXPECT(draw(f), 640, 400, ega(f, &mode_cga4, CGA_BYTE(8) >> (6 - x / 2 % 4 * 2) & 3));
    assert_int_equal(checksum(draw(f)), 0x2acb6820317adcd1);
    set_mode(f, &mode_cga6);
    for (u32 i = 0; i < sizeof b; i++)
        poke(f, WINDOW + 0x18000 + i, b[i] = (u8)rnd(f), 1);
    EXPECT(draw(f), 640, 400, ega(f, &mode_cga6, CGA_BYTE(8) >> (7 - x % 8) & 1));
}

static void test_chained(void **state)
{
    struct vga_rig *f = *state;
    static u8 b[0x10000];
    set_dac(f);
    set_mode(f, &mode_chained);
    for (u32 i = 0; i < sizeof b; i++)
        poke(f, WINDOW + i, b[i] = (u8)rnd(f), 1);
    EXPECT(draw(f), 640, 400, dac(f, b[y / 2 * 320 + x / 2]));
    assert_int_equal(checksum(draw(f)), 0xcf0666b33c2d9ee1);
    at_index(f, CRTC, 0xd, 80);
    attr(f, 0x33, 6); /* three pixels */
    EXPECT(draw(f), 640, 400, dac(f, b[(320 + y / 2 * 320 + x / 2 + 3) & 0xffff]));
}

/* Unchained, 320 x 240: bytes of the four planes side by side. */
static void test_mode_x(void **state)
{
    struct vga_rig *f = *state;
    static const u8 crtc[][2] = { { 0x11, 0x0e }, { 6, 0x0d }, { 7, 0x3e }, { 0x10, 0xea }, { 0x11, 0xac }, { 0x12,
        0xdf },
                                  { 0x14, 0 }, { 0x15, 0xe7 }, { 0x16, 6 }, { 0x17, 0xe3 } };
    set_dac(f);
    set_mode(f, &mode_chained);
    at_index(f, SEQ, 4, 6);
    out(f, MISC, 0xe3);
    for (u32 i = 0; i < COUNT(crtc); i++)
        at_index(f, CRTC, crtc[i][0], crtc[i][1]);
    fill_planes(f);
    at_index(f, CRTC, 0xc, 0xf0); /* the picture wraps at 64 KiB */
    EXPECT(draw(f), 640, 480, dac(f, plane[x / 2 % 4][(0xf000 + y / 2 * 80 + x / 8) & 0xffff]));
    at_index(f, CRTC, 0x14, 0x40); /* addresses of double words */
    at_index(f, CRTC, 0xc, 0x20);
    EXPECT(draw(f), 640, 480, dac(f, plane[x / 2 % 4][((0x2000 + y / 2 * 80 + x / 8) * 4
                                                        | ((0x2000 + y / 2 * 80 + x / 8) >> 12 & 3)) & 0xffff]));
}

/* ---- VBE ---- */

static void vbe_mode(struct vga_rig *f, u32 w, u32 h, u32 bpp)
{
    static const u32 regs[] = { 1, 2, 3 };
    const u32 vals[] = { w, h, bpp };
    vbe(f, 4, 0);
    for (u32 i = 0; i < 3; i++)
        vbe(f, regs[i], vals[i]);
    vbe(f, 4, 0x41);
    unblank(f);
}

static u32 five(u32 v) { return v * 8 + v / 4; }
static u32 six(u32 v) { return v * 4 + v / 16; }

static u32 vbe_colour(const struct vga_rig *f, const u8 *b, u32 bpp, u32 n)
{
    u32 v = 0, bytes = (bpp + 7) / 8;
    for (u32 i = 0; i < bytes; i++)
        v |= (u32)b[n * bytes + i] << 8 * i;
    return bpp == 8 ? dac(f, v) : bpp == 15 ? five(v / 1024 % 32) << 16 | five(v / 32 % 32) << 8 | five(v % 32)
           : bpp == 16 ? five(v / 2048) << 16 | six(v / 32 % 64) << 8 | five(v % 32) : v % 0x1000000;
}

static void test_vbe(void **state)
{
    struct vga_rig *f = *state;
    static const u32 depths[] = { 8, 15, 16, 24, 32 };
    static u8 b[400 * 400 * 4];
    set_dac(f);
    for (u32 d = 0; d < COUNT(depths); d++) {
        u32 bpp = depths[d], bytes = (bpp + 7) / 8;
        vbe_mode(f, 320, 200, bpp);
        for (u32 i = 0; i < sizeof b; i += 8) {
            u64 v = rnd(f);
            memcpy(b + i, &v, 8);
            poke(f, LFB + i, v, 8);
        }
        EXPECT(draw(f), 320, 200, vbe_colour(f, b, bpp, y * 320 + x));
        vbe(f, 6, 360);
        vbe(f, 8, 13);
        vbe(f, 9, 100);
        EXPECT(draw(f), 320, 200, vbe_colour(f, b, bpp, (y + 100) * 360 + x + 13));
        poke(f, REGS + 0x604, 0xbebebebe, 4);
        const u8 *p = b + (100 * 360 + 13) * 4;
        if (bytes == 4)
            EXPECT(draw(f), 320, 200, p[y * 1440 + 4 * x + 1] * 0x10000u + p[y * 1440 + 4 * x + 2] * 0x100u
                                          + p[y * 1440 + 4 * x + 3]);
        poke(f, REGS + 0x604, 0x1e1e1e1e, 4);
    }
    assert_int_equal(checksum(draw(f)), 0x5529b867ca6aebce);
}

static void test_vbe_8_bit_dac(void **state)
{
    struct vga_rig *f = *state;
    vbe_mode(f, 64, 64, 8);
    vbe(f, 4, 0x61);
    out(f, DAC_WRITE, 0);
    for (u32 i = 0; i < 768; i++)
        out(f, DAC, i * 5);
    for (u32 i = 0; i < 4096; i++)
        poke(f, LFB + i, i % 251, 1);
#define LEVEL(n) (((y * 64 + x) % 251 * 15 + (n)) & 0xff)
    EXPECT(draw(f), 64, 64, LEVEL(0) << 16 | LEVEL(5) << 8 | LEVEL(10));
}

static void test_vbe_planes(void **state)
{
    struct vga_rig *f = *state;
    const struct vga_mode *m = &mode_planar;
    set_dac(f);
    set_mode(f, m);
    vbe_mode(f, 800, 600, 4);
    fill_planes(f);
    EXPECT(draw(f), 800, 600, ega(f, m, planar_colour(y * 100 + x / 8, x % 8)));
    vbe(f, 6, 832);
    vbe(f, 8, 16);
    vbe(f, 9, 8);
#define AT ((y + 8) * 104 + x / 8 + 2)
    EXPECT(draw(f), 800, 600, ega(f, m, AT > 0xffff ? 0 : planar_colour(AT, x % 8)));
}

/* ---- text ---- */

static u8 font[8][8192], cell[0x8000];

/* Eight fonts in plane 2, cells at B8000. */
static void fill_text(struct vga_rig *f)
{
    static const u32 at[] = { 0, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000 };
    at_index(f, SEQ, 2, 4);
    at_index(f, SEQ, 4, 6);
    at_index(f, GFX, 5, 0);
    at_index(f, GFX, 6, 4);
    for (u32 n = 0; n < 8; n++)
        for (u32 i = 0; i < 8192; i++)
            poke(f, WINDOW + at[n] + i, font[n][i] = (u8)rnd(f), 1);
    at_index(f, SEQ, 2, 3);
    at_index(f, SEQ, 4, 2);
    at_index(f, GFX, 5, 0x10);
    at_index(f, GFX, 6, 0x0e);
    for (u32 i = 0; i < sizeof cell; i++)
        poke(f, WINDOW + 0x18000 + i, cell[i] = (u8)rnd(f), 1);
}

/* How a test's text screen is set up. */
struct screen {
    u32 dots, height, pitch, start, font[2]; /* cells; font of attributes without and with bit 3 */
    bool blink, hidden, lines;
    u32 cursor, top, end;
    u32 underline;
};

static u32 text_colour(const struct vga_rig *f, const struct screen *t, u32 x, u32 y)
{
    u32 at = (t->start + y / t->height * t->pitch + x / t->dots) & 0x3fff, row = y % t->height, dot = x % t->dots;
    u32 ch = cell[2 * at], a = cell[2 * at + 1], bits = font[t->font[a / 8 % 2]][ch * 32 + row], on;
    on = dot < 8 ? bits >> (7 - dot) & 1 : t->lines && ch >= 192 && ch < 224 ? bits & 1 : 0;
    if (row == t->underline && a % 8 == 1 && a / 16 % 8 == 0)
        on = 1;
    if (t->blink && t->hidden && a >= 128)
        on = 0;
    if (at == t->cursor && row >= t->top && row <= t->end)
        on = 1;
    return ega(f, &mode_text, on ? a % 16 : t->blink ? a / 16 % 8 : a / 16);
}

#define FRAME 14269000ull /* ns, a little more than mode 3 has */

static void test_text(void **state)
{
    struct vga_rig *f = *state;
    struct screen t = { .dots = 9, .height = 16, .pitch = 80, .blink = true, .lines = true, .cursor = ~0u,
        .underline = 99 };
    set_dac(f);
    set_mode(f, &mode_text);
    fill_text(f);
    at_index(f, CRTC, 0xa, 0x20);
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    assert_int_equal(checksum(draw(f)), 0xa8083c6bc6ff42e8);
    f->r.m->s.idle_ns = 17 * FRAME;
    t.hidden = true;
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    attr(f, 0x30, 0);
    t.blink = t.lines = false;
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    at_index(f, SEQ, 1, 1);
    t.dots = 8;
    EXPECT(draw(f), 640, 400, text_colour(f, &t, x, y));
    at_index(f, CRTC, 0xc, 0x05);
    at_index(f, CRTC, 0xd, 0x39);
    at_index(f, CRTC, 0x13, 66);
    t.start = 0x539;
    t.pitch = 132;
    EXPECT(draw(f), 640, 400, text_colour(f, &t, x, y));
    at_index(f, CRTC, 9, 0x47);
    t.height = 8;
    EXPECT(draw(f), 640, 400, text_colour(f, &t, x, y));
}

static void test_fonts(void **state)
{
    struct vga_rig *f = *state;
    struct screen t = { .dots = 9, .height = 16, .pitch = 80, .cursor = ~0u, .underline = 99 };
    set_dac(f);
    set_mode(f, &mode_text);
    fill_text(f);
    at_index(f, CRTC, 0xa, 0x20);
    attr(f, 0x30, 0);
    for (u32 n = 0; n < 64; n += 7) { /* bits 4, 1, 0 and 5, 3, 2 */
        at_index(f, SEQ, 3, n);
        t.font[0] = (n & 3) | (n >> 4 & 1) << 2;
        t.font[1] = (n >> 2 & 3) | (n >> 5 & 1) << 2;
        EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    }
    at_index(f, CRTC, 0x14, 13);
    t.underline = 13;
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
}

static void test_cursor(void **state)
{
    struct vga_rig *f = *state;
    struct screen t = { .dots = 9, .height = 16, .pitch = 80, .cursor = 1000, .top = 3, .end = 7, .underline = 99 };
    struct display_rect r;
    set_dac(f);
    set_mode(f, &mode_text);
    fill_text(f);
    attr(f, 0x30, 0);
    at_index(f, CRTC, 0xe, 1000 >> 8);
    at_index(f, CRTC, 0xf, 1000 & 255);
    at_index(f, CRTC, 0xa, 3);
    at_index(f, CRTC, 0xb, 7);
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    display_take_damage(&f->v.display);
    f->r.m->s.idle_ns = 9 * FRAME; /* gone: only its row is drawn again */
    t.cursor = ~0u;
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    r = display_take_damage(&f->v.display);
    assert_int_equal(r.y, 12 * 16);
    assert_int_equal(r.h, 16);
    at_index(f, CRTC, 0xb, 2); /* ends before it starts */
    f->r.m->s.idle_ns = 33 * FRAME;
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x, y));
    assert_false(display_update(&f->v.display) && display_take_damage(&f->v.display).h != 400);
    assert_false(display_update(&f->v.display));
}

/* Panned text, a split screen, 40 columns. */
static void test_text_scrolled(void **state)
{
    struct vga_rig *f = *state;
    struct screen t = { .dots = 9, .height = 16, .pitch = 80, .cursor = ~0u, .underline = 99 };
    set_dac(f);
    set_mode(f, &mode_text);
    fill_text(f);
    at_index(f, CRTC, 0xa, 0x20);
    attr(f, 0x30, 0x20);
    attr(f, 0x33, 3); /* of nine dots: four */
    at_index(f, CRTC, 8, 5);
    at_index(f, CRTC, 0xd, 200);
    unlock(f);
    at_index(f, CRTC, 9, 0x0f);
    at_index(f, CRTC, 7, 0x0f);
    at_index(f, CRTC, 0x18, 99);
    struct screen low = t;
    t.start = 200;
    EXPECT(draw(f), 720, 400, y < 100 ? text_colour(f, &t, x + 4, y + 5) : text_colour(f, &low, x, y - 100));
    attr(f, 0x33, 8);
    at_index(f, CRTC, 8, 0);
    at_index(f, CRTC, 7, 0x1f);
    at_index(f, CRTC, 9, 0x4f);
    at_index(f, CRTC, 0x18, 0xff);
    at_index(f, SEQ, 1, 8);
    at_index(f, CRTC, 1, 39);
    t.pitch = 40;
    at_index(f, CRTC, 0x13, 20);
    EXPECT(draw(f), 720, 400, text_colour(f, &t, x / 2, y));
}

static void test_read_text(void **state)
{
    struct vga_rig *f = *state;
    struct display_text t;
    static const char line[] = "Caf\x82 \xc9\xcd\xbb \x01 \xdb";
    set_mode(f, &mode_text);
    for (u32 i = 0; i < 80 * 25; i++)
        poke(f, WINDOW + 0x18000 + 2 * i, 0x0720, 2);
    for (u32 i = 0; i < sizeof line - 1; i++)
        poke(f, WINDOW + 0x18000 + 2 * (80 + i), (u8)line[i] | 0x1e00, 2);
    poke(f, WINDOW + 0x18000 + 2 * (24 * 80 + 79), 0x4f21, 2);
    at_index(f, CRTC, 0xf, 85);
    assert_true(display_read_text(&f->v.display, &t));
    assert_int_equal(t.cols, 80);
    assert_int_equal(t.rows, 25);
    assert_int_equal(t.cursor, 85);
    assert_int_equal(t.cells[80].attr, 0x1e);
    assert_int_equal(t.cells[1999].ch, '!');
    char *text = display_text_utf8(&t), want[400] = "\nCafé ╔═╗ ☺ █\n";
    assert_non_null(text);
    for (u32 i = 0; i < 22; i++)
        strcat(want, "\n");
    for (u32 i = 0; i < 79; i++)
        strcat(want, " ");
    strcat(want, "!\n");
    assert_string_equal(text, want);
    free(text);
    display_text_free(&t);
    set_mode(f, &mode_planar);
    assert_false(display_read_text(&f->v.display, &t));
}

/* ---- what changed ---- */

/* Pieces drawn as they change make the picture that is drawn at once. */
static void check_pieces(struct vga_rig *f, gpa from, u64 span)
{
    struct display *d = &f->v.display;
    for (u32 round = 0; round < 24; round++) {
        for (u32 i = 0; i < round % 4; i++)
            poke(f, from + rnd(f) % (span / 4) * 4, rnd(f), 4);
        u64 pieces = checksum(draw(f));
        d->stale = true;
        assert_int_equal(pieces, checksum(draw(f)));
        display_take_damage(d);
        if (round % 4 == 0)
            assert_false(display_update(d));
    }
}

static void test_pieces(void **state)
{
    struct vga_rig *f = *state;
    set_dac(f);
    set_mode(f, &mode_planar);
    fill_planes(f);
    check_pieces(f, WINDOW, 0x10000);
    set_mode(f, &mode_chained);
    check_pieces(f, WINDOW, 0x10000);
    set_mode(f, &mode_text);
    fill_text(f);
    check_pieces(f, WINDOW + 0x18000, 0x8000);
    set_mode(f, &mode_cga4);
    check_pieces(f, WINDOW + 0x18000, 0x8000);
    vbe_mode(f, 640, 480, 24);
    check_pieces(f, LFB, 640 * 480 * 3);
    vbe_mode(f, 640, 480, 4);
    check_pieces(f, WINDOW, 0x10000);
}

static void test_damage(void **state)
{
    struct vga_rig *f = *state;
    struct display *d = &f->v.display;
    struct display_rect r;
    vbe_mode(f, 1024, 768, 32);
    assert_true(display_update(d));
    r = display_take_damage(d);
    assert_true(!r.x && !r.y && r.w == 1024 && r.h == 768);
    assert_false(display_update(d));
    poke(f, LFB + 100 * 4096 + 8, 1, 4);
    poke(f, LFB + 300 * 4096 + 8, 1, 4);
    assert_true(display_update(d));
    r = display_take_damage(d);
    assert_true(r.y == 100 && r.h == 201);
    poke(f, LFB + 5 * 4096, 1, 4);
    struct hash_state h = { 0 };
    snapshot_hash(f->r.m, &h, (u8[16]){ 0 }); /* the other dirty map is not ours */
    hash_state_free(&h);
    assert_true(display_update(d));
    assert_int_equal(display_take_damage(d).y, 5);
}

/* Looking changes nothing. */
static void test_looking(void **state)
{
    struct vga_rig *f = *state;
    struct hash_state h = { 0 };
    u8 before[16], after[16];
    struct display_text t;
    set_mode(f, &mode_text);
    fill_text(f);
    snapshot_hash(f->r.m, &h, before);
    draw(f);
    assert_true(display_read_text(&f->v.display, &t));
    display_text_free(&t);
    snapshot_hash(f->r.m, &h, after);
    assert_memory_equal(before, after, sizeof before);
    hash_state_free(&h);
}

/* ---- any registers ---- */

static void random_registers(struct vga_rig *f)
{
    out(f, MISC, (u32)rnd(f));
    at_index(f, CRTC, 0x11, 0);
    for (u32 i = 0; i < 25; i++)
        at_index(f, rnd(f) % 16 ? CRTC : 0x3b4, i, (u32)(rnd(f) % 4 ? rnd(f) : 0xff * (rnd(f) & 1)));
    for (u32 i = 0; i < 5; i++)
        at_index(f, SEQ, i, (u32)rnd(f));
    at_index(f, SEQ, 1, rnd(f) & 0x0d);
    for (u32 i = 0; i < 9; i++)
        at_index(f, GFX, i, (u32)rnd(f));
    for (u32 i = 16; i < 21; i++)
        attr(f, i, (u32)rnd(f));
    unblank(f);
}

static void test_any_registers(void **state)
{
    struct vga_rig *f = *state;
    u32 texts = 0;
    for (u32 i = 0; i < 400; i++) {
        struct display_text t;
        random_registers(f);
        if (rnd(f) % 3 == 0) {
            for (u32 n = 1; n < 10; n++)
                vbe(f, n, (u32)(rnd(f) >> rnd(f) % 60));
            vbe(f, 4, rnd(f) & 0x61);
        } else {
            vbe(f, 4, 0);
        }
        poke(f, WINDOW + (rnd(f) & 0x1fff8), rnd(f), 8);
        f->r.m->s.idle_ns = rnd(f) >> 1;
        const struct display_surface *s = draw(f);
        assert_true(s->width && s->height && (u64)s->width * s->height <= DISPLAY_PIXELS_MAX);
        if (display_read_text(&f->v.display, &t)) {
            free(display_text_utf8(&t));
            display_text_free(&t);
            texts++;
        }
        in(f, STATUS);
    }
    assert_true(texts > 20);
}

/* The largest and the smallest pictures that registers make. */
static void test_extreme_sizes(void **state)
{
    struct vga_rig *f = *state;
    vbe_mode(f, 65535, 65535, 4);
    assert_int_equal(draw(f)->width, 16000);
    assert_int_equal(draw(f)->height, (4 << 20) / 2000);
    vbe_mode(f, 65535, 65535, 8);
    assert_int_equal(draw(f)->height, (16 << 20) / 16000);
    vbe_mode(f, 0, 0, 8);
    assert_int_equal(draw(f)->width, 8);
    assert_int_equal(draw(f)->height, 1);
    vbe(f, 8, 65535);
    vbe(f, 9, 65535);
    draw(f);
    vbe(f, 4, 0);
    set_mode(f, &mode_text);
    at_index(f, CRTC, 0x11, 0);
    for (u32 i = 0; i < 25; i++)
        at_index(f, CRTC, i, 0xff);
    at_index(f, SEQ, 1, 8);
    assert_int_equal(draw(f)->width, 256 * 9 * 2);
    assert_int_equal(draw(f)->height, 1024 * 2);
    at_index(f, CRTC, 0x11, 0);
    for (u32 i = 0; i < 25; i++)
        at_index(f, CRTC, i, 0);
    at_index(f, SEQ, 1, 1);
    assert_int_equal(draw(f)->width, 8);
    assert_int_equal(draw(f)->height, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_planar), T(test_planar_registers), T(test_cga), T(test_chained), T(test_mode_x), T(test_vbe),
        T(test_vbe_8_bit_dac), T(test_vbe_planes), T(test_text), T(test_fonts), T(test_cursor), T(test_text_scrolled),
        T(test_read_text), T(test_pieces), T(test_damage), T(test_looking), T(test_any_registers),
        T(test_extreme_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
