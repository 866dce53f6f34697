/* vga_look.c - what picture the registers make: its size, its colours, where each line begins. Spec: see vga.h. */
#include "hw/display/vga_internal.h"
#include <string.h>

/* Nothing has been set up yet: a text screen's size. */
enum { FIRST_WIDTH = 720, FIRST_HEIGHT = 400 };

static u32 bit(u8 reg, u32 from, u32 to) { return (reg >> from & 1u) << to; }

/* ---- colours ---- */

/* Six bits drive all of the range: 63 is as bright as 255 of 8. */
static u32 level(const struct vga_state *s, u8 val)
{
    return s->vbe[VBE_ENABLE] & VBE_8_BIT_DAC ? val : (val & 0x3fu) << 2 | (val & 0x3fu) >> 4;
}

static u32 dac_color(const struct vga_state *s, u32 n)
{
    const u8 *e = s->dac + 3 * (n & s->dac_mask);
    return level(s, e[0]) << 16 | level(s, e[1]) << 8 | level(s, e[2]);
}

/* The attribute controller's palette: four bits to eight. */
static u32 attr_color(const struct vga_state *s, u32 n)
{
    u32 color = s->attr[ATTR_COLOR], idx = s->attr[n] & 0x3fu;
    if (s->attr[ATTR_MODE] & AR10_P54)
        idx = (idx & 0xf) | (color & 3) << 4;
    return dac_color(s, idx | (color & 0xc) << 4);
}

static void colors(const struct vga_state *s, struct vga_look *l)
{
    for (u32 n = 0; n < 256 && l->eight; n++)
        l->pal[n] = dac_color(s, n);
    for (u32 n = 0; n < 16 && !l->eight; n++)
        l->pal[n] = attr_color(s, n & s->attr[ATTR_PLANES]);
}

/* ---- VGA ---- */

static u32 counting(const struct vga_state *s)
{
    const u8 *c = s->crtc;
    if (s->seq[SEQ_MEMORY] & SR4_CHAIN4)
        return COUNT_BYTES; /* chains lie densely: see vga.h */
    if (c[CRTC_UNDERLINE] & 0x40)
        return COUNT_DWORDS;
    return c[CRTC_MODE] & 0x40 ? COUNT_BYTES : c[CRTC_MODE] & 0x20 ? COUNT_WORDS_64K : COUNT_WORDS;
}

/* Dots that the picture is moved to the left. Of nine dots, 8 means none; below, it is one more than it says. */
static u32 panning(u32 n, u32 dots)
{
    return dots == 8 ? n & 7 : n >= 8 ? 0 : n + 1;
}

static void lines(const struct vga_state *s, struct vga_look *l)
{
    const u8 *c = s->crtc;
    u32 pairs = !!(c[CRTC_MODE] & 4); /* vertical counts are of two lines */
    u32 end = c[CRTC_V_END] | bit(c[CRTC_OVERFLOW], 1, 8) | bit(c[CRTC_OVERFLOW], 6, 9);
    u32 compare = c[CRTC_COMPARE] | bit(c[CRTC_OVERFLOW], 4, 8) | bit(c[CRTC_MAX_SCAN], 6, 9);
    l->height = (end + 1) << pairs;
    l->compare = (compare << pairs) + pairs;
    l->last_row = c[CRTC_MAX_SCAN] & 0x1f;
    l->first_row = c[CRTC_PRESET] & 0x1f;
    l->twice = c[CRTC_MAX_SCAN] >> 7;
    l->row_bits = ~c[CRTC_MODE] & 3;
    l->start = (c[CRTC_START] << 8 | c[CRTC_START + 1]) + (c[CRTC_PRESET] >> 5 & 3u);
    l->pitch = c[CRTC_OFFSET] * 2;
    l->count = counting(s);
}

static void text(const struct vga_state *s, struct vga_look *l)
{
    const u8 *c = s->crtc;
    u8 font = s->seq[SEQ_FONT], top = c[CRTC_CURSOR_START], end = c[CRTC_CURSOR_END] & 0x1f;
    u32 map[2] = { (font & 3u) | (font >> 2 & 4u), (font >> 2 & 3u) | (font >> 3 & 4u) };
    l->kind = LOOK_TEXT;
    for (u32 i = 0; i < 2; i++)
        l->font[i] = (map[i] & 3) << 14 | (map[i] & 4) << 11;
    l->cursor = c[CRTC_CURSOR] << 8 | c[CRTC_CURSOR + 1];
    l->cursor_top = top & 0x20 ? 32 : top & 0x1f;
    l->cursor_end = end;
    l->underline = c[CRTC_UNDERLINE] & 0x1f;
    l->lines = !!(s->attr[ATTR_MODE] & AR10_LINES);
    l->blink = !!(s->attr[ATTR_MODE] & AR10_BLINK);
}

static void vga(const struct vga_state *s, struct vga_look *l)
{
    bool graphics = s->gfx[GFX_MISC] & GR6_GRAPHICS;
    l->cols = s->crtc[CRTC_H_END] + 1u;
    l->dots = graphics || s->seq[SEQ_CLOCKING] & SR1_8_DOTS ? 8 : 9;
    l->scale = s->seq[SEQ_CLOCKING] & SR1_HALF_CLOCK ? 2 : 1;
    l->width = l->cols * l->dots * l->scale;
    l->pan = panning(s->attr[ATTR_PAN], l->dots);
    l->split_pan = s->attr[ATTR_MODE] & AR10_PAN_TOP ? 0 : l->pan;
    lines(s, l);
    if (graphics) {
        l->kind = LOOK_GRAPHICS;
        l->shift = s->gfx[GFX_MODE] & GR5_256 ? GR5_256 : s->gfx[GFX_MODE] & GR5_CGA;
        l->eight = !!(s->attr[ATTR_MODE] & AR10_8_BIT);
    } else {
        text(s, l);
    }
    colors(s, l);
}

/* ---- VBE ---- */

static void vbe(const struct vga_state *s, const struct vga_vbe *m, struct vga_look *l)
{
    l->kind = m->bpp == 4 ? LOOK_PLANES : LOOK_LINEAR;
    l->width = m->width;
    l->height = m->height;
    l->start = m->start;
    l->pitch = m->pitch;
    l->bpp = m->bpp;
    l->big_endian = s->big_endian;
    l->cols = (m->width + 7) / 8;
    l->eight = m->bpp == 8;
    if (m->bpp <= 8)
        colors(s, l);
}

void vga_look(const struct vga_state *s, struct vga_look *l)
{
    struct vga_vbe m;
    memset(l, 0, sizeof *l); /* compared as bytes */
    if (vga_vbe_mode(s, &m))
        vbe(s, &m, l);
    else
        vga(s, l);
    if (s->attr_index & ATTR_ON && !(s->seq[SEQ_CLOCKING] & SR1_SCREEN_OFF))
        return;
    u32 w = l->width, h = l->height;
    bool unset = w < 64 || h < 64;
    memset(l, 0, sizeof *l);
    l->width = unset ? FIRST_WIDTH : w;
    l->height = unset ? FIRST_HEIGHT : h;
}

/* ---- lines ---- */

struct vga_scan vga_scan_first(const struct vga_look *l)
{
    return (struct vga_scan){ .ma = l->start, .row = l->first_row, .pan = l->pan };
}

void vga_scan_next(const struct vga_look *l, struct vga_scan *s)
{
    if (s->y++ == l->compare) {
        *s = (struct vga_scan){ .y = s->y, .pan = l->split_pan };
        return;
    }
    s->again = l->twice && !s->again;
    if (s->again)
        return;
    if (s->row == l->last_row)
        s->ma += l->pitch;
    s->row = s->row == l->last_row ? 0 : (s->row + 1) & 0x1f;
}

u32 vga_address(const struct vga_look *l, u32 ma, u32 row)
{
    u32 x = ma;
    switch (l->count) {
    case COUNT_WORDS:     x = ma << 1 | (ma >> 13 & 1); break;
    case COUNT_WORDS_64K: x = ma << 1 | (ma >> 15 & 1); break;
    case COUNT_DWORDS:    x = ma << 2 | (ma >> 12 & 3); break;
    default:              break;
    }
    if (l->row_bits & 1)
        x = (x & ~(1u << 13)) | (row & 1) << 13;
    if (l->row_bits & 2)
        x = (x & ~(1u << 14)) | (row >> 1 & 1) << 14;
    return x & 0xffff;
}
