/*
 * vga_draw.c - draws what changed: which lines do, and pictures of pixels. Text: vga_text.c.
 *
 * Reads registers, memory and time; what it keeps is the viewer's alone. A line is drawn when a page under it was
 * written since the last time, everything when the look changed.
 */
#include "hw/display/vga_internal.h"
#include "base/bits.h"
#include <string.h>

static u32 plane_word(const struct vga *v, u32 off)
{
    return load_le32(v->vram->host + (u64)off * 4);
}

/* ---- pixels of VGA: eight nibbles for each character, as the shift registers give them ---- */

static u64 planar(const struct vga_draw *w, u32 x)
{
    return w->bits[x & 0xff] | w->bits[x >> 8 & 0xff] << 1 | w->bits[x >> 16 & 0xff] << 2 | w->bits[x >> 24] << 3;
}

/* Pairs of bits: planes 0 and 1 after each other, planes 2 and 3 above them. */
static u64 interleaved(u32 x)
{
    u64 out = 0;
    for (u32 i = 0; i < 8; i++) {
        u32 p = x >> (i < 4 ? 0 : 8), at = 6 - 2 * (i & 3);
        out |= (u64)((p >> at & 3) | (p >> 16 >> at & 3) << 2) << 8 * i;
    }
    return out;
}

static u64 halves(u32 x)
{
    u64 out = 0;
    for (u32 i = 0; i < 4; i++)
        out |= (u64)(x >> (8 * i + 4) & 15) << 16 * i | (u64)(x >> 8 * i & 15) << (16 * i + 8);
    return out;
}

static u64 nibbles(const struct vga_draw *w, const struct vga_look *l, u32 x)
{
    return l->shift == GR5_256 ? halves(x) : l->shift ? interleaved(x) : planar(w, x);
}

/* One character of eight dots. */
static void put_dots(const struct vga_look *l, u64 n, u32 *out)
{
    if (!l->eight)
        for (u32 i = 0; i < 8; i++)
            out[i] = l->pal[n >> 8 * i & 15];
    else
        for (u32 i = 0; i < 8; i += 2)
            out[i] = out[i + 1] = l->pal[(n >> 8 * i & 15) << 4 | (n >> (8 * i + 8) & 15)];
}

static void copy_dots(const struct vga_look *l, const u32 *dots, u32 *out)
{
    u32 n = l->width / l->scale;
    if (l->scale == 1)
        memcpy(out, dots, n * sizeof *out);
    else
        for (u32 i = 0; i < n; i++)
            out[2 * i] = out[2 * i + 1] = dots[i];
}

static void draw_graphics(const struct vga *v, const struct vga_scan *s, u32 *out)
{
    struct vga_draw *w = v->draw;
    const struct vga_look *l = &w->look;
    for (u32 i = 0; i < l->cols + !!s->pan; i++)
        put_dots(l, nibbles(w, l, plane_word(v, vga_address(l, s->ma + i, s->row))), w->line + 8 * i);
    copy_dots(l, w->line + s->pan, out);
}

/* ---- VBE ---- */

static void draw_planes(const struct vga *v, const struct vga_scan *s, u32 *out)
{
    struct vga_draw *w = v->draw;
    for (u32 i = 0; i < w->look.cols; i++)
        put_dots(&w->look, planar(w, plane_word(v, s->ma + i)), out + 8 * i);
}

/* 5 and 6 bits to 8. */
static u32 wide5(u32 n) { return (n & 31) << 3 | (n & 31) >> 2; }
static u32 wide6(u32 n) { return (n & 63) << 2 | (n & 63) >> 4; }

static u32 pixel_16(const struct vga_look *l, const u8 *p)
{
    u32 x = l->big_endian ? load_be16(p) : load_le16(p);
    if (l->bpp == 15)
        return wide5(x >> 10) << 16 | wide5(x >> 5) << 8 | wide5(x);
    return wide5(x >> 11) << 16 | wide6(x >> 5) << 8 | wide5(x);
}

static void draw_linear(const struct vga *v, const struct vga_scan *s, u32 *out)
{
    const struct vga_look *l = &v->draw->look;
    const u8 *p = v->vram->host + s->ma;
    for (u32 i = 0; i < l->width; i++)
        switch (l->bpp) {
        case 8:  out[i] = l->pal[p[i]]; break;
        case 24:
            out[i] = l->big_endian ? p[3 * i] << 16u | p[3 * i + 1] << 8 | p[3 * i + 2]
                                   : p[3 * i + 2] << 16u | p[3 * i + 1] << 8 | p[3 * i];
            break;
        case 32: out[i] = (l->big_endian ? load_be32(p + 4ull * i) : load_le32(p + 4ull * i)) & 0xffffff; break;
        default: out[i] = pixel_16(l, p + 2ull * i); break;
        }
}

/* ---- what changed ---- */

static bool any_dirty(const struct vga_draw *w, u64 from, u64 to) /* bytes, the last one included */
{
    return memchr(w->dirty + (from >> PAGE_BITS), 1, (to >> PAGE_BITS) - (from >> PAGE_BITS) + 1) != NULL;
}

static bool line_is_dirty(const struct vga_draw *w, const struct vga_scan *s)
{
    const struct vga_look *l = &w->look;
    if (l->kind == LOOK_LINEAR)
        return any_dirty(w, s->ma, s->ma + (u64)l->width * ((l->bpp + 7) / 8) - 1);
    if (l->kind == LOOK_PLANES)
        return any_dirty(w, 4ull * s->ma, 4ull * (s->ma + l->cols) - 1);
    u32 from = vga_address(l, s->ma, s->row), to = vga_address(l, s->ma + l->cols, s->row);
    return from <= to ? any_dirty(w, 4ull * from, 4ull * to + 3) : any_dirty(w, 0, 0x3ffff);
}

static struct vga_scan first(const struct vga_look *l)
{
    return l->kind == LOOK_GRAPHICS ? vga_scan_first(l) : (struct vga_scan){ .ma = l->start };
}

static void next(const struct vga_look *l, struct vga_scan *s)
{
    if (l->kind == LOOK_GRAPHICS) {
        vga_scan_next(l, s);
    } else {
        s->y++;
        s->ma += l->pitch;
    }
}

static void draw_lines(struct vga *v, struct display *d, bool all)
{
    struct vga_draw *w = v->draw;
    const struct vga_look *l = &w->look;
    for (struct vga_scan s = first(l); s.y < l->height; next(l, &s)) {
        if (!all && !line_is_dirty(w, &s))
            continue;
        u32 *out = display_line(d, s.y);
        if (l->kind == LOOK_GRAPHICS && s.again)
            memcpy(out, out - d->surface.stride, l->width * sizeof *out);
        else if (l->kind == LOOK_GRAPHICS)
            draw_graphics(v, &s, out);
        else
            (l->kind == LOOK_LINEAR ? draw_linear : draw_planes)(v, &s, out);
        display_changed(d, 0, s.y, l->width, 1);
    }
}

static void draw_blank(struct display *d)
{
    const struct display_surface *s = &d->surface;
    for (u32 y = 0; y < s->height; y++)
        memset(display_line(d, y), 0, s->width * sizeof *s->px);
    display_changed(d, 0, 0, s->width, s->height);
}

static void draw(void *opaque, struct display *d, bool all)
{
    struct vga *v = opaque;
    struct vga_draw *w = v->draw;
    struct vga_look now;
    vga_look(&v->s, &now);
    bool changed = memcmp(&now, &w->look, sizeof now) != 0;
    bool written = memobj_drawn_take(&v->dev.m->map, v->vram, w->dirty);
    w->look = now;
    if (!display_resize(d, now.width, now.height)) {
        d->stale = true; /* should there be memory later */
        return;
    }
    all |= changed;
    if (now.kind == LOOK_TEXT)
        vga_draw_text(v, d, all, written);
    else if (now.kind == LOOK_BLANK && all)
        draw_blank(d);
    else if (now.kind != LOOK_BLANK && (all || written))
        draw_lines(v, d, all);
}

const struct display_ops vga_display_ops = { draw, vga_read_text };
