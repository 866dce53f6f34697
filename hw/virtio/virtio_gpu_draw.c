/* virtio_gpu_draw.c - formats, and the picture on the screen of the virtio graphics device. */
#include "hw/virtio/virtio_gpu_internal.h"
#include <string.h>

enum { B8G8R8A8 = 1, B8G8R8X8 = 2, A8R8G8B8 = 3, X8R8G8B8 = 4, R8G8B8A8 = 67, X8B8G8R8 = 68, A8B8G8R8 = 121,
       R8G8B8X8 = 134 }; /* 5.7.6.8; the first letter is the byte at the lowest address */

bool gpu_format_known(u32 format)
{
    return (format >= B8G8R8A8 && format <= X8R8G8B8) || format == R8G8B8A8 || format == X8B8G8R8
           || format == A8B8G8R8 || format == R8G8B8X8;
}

u32 gpu_argb(u32 format, const u8 *p)
{
    const u32 opaque = 0xffu << 24;
    u32 le = load_le32(p), be = load_be32(p);
    switch (format) {
    case B8G8R8A8: return le;
    case B8G8R8X8: return le | opaque;
    case A8R8G8B8: return be;
    case X8R8G8B8: return be | opaque;
    case R8G8B8A8: return be >> 8 | be << 24;
    case R8G8B8X8: return be >> 8 | opaque;
    case A8B8G8R8: return le >> 8 | le << 24;
    default:       return le >> 8 | opaque;
    }
}

/* ---- what changed ---- */

void gpu_touched(struct virtio_gpu *g, i64 x, i64 y, u32 w, u32 h)
{
    i64 right = MIN(x + w, (i64)g->s.w), bottom = MIN(y + h, (i64)g->s.h);
    struct display_rect *d = &g->dirty;
    x = MAX(x, 0);
    y = MAX(y, 0);
    if (x >= right || y >= bottom)
        return;
    if (d->w) {
        right = MAX(right, (i64)d->x + d->w);
        bottom = MAX(bottom, (i64)d->y + d->h);
        x = MIN(x, (i64)d->x);
        y = MIN(y, (i64)d->y);
    }
    *d = (struct display_rect){ (u32)x, (u32)y, (u32)(right - x), (u32)(bottom - y) };
}

/* ---- drawing ---- */

static void draw_pixels(const struct virtio_gpu *g, u32 n, const struct display_rect *a, u32 y, u32 *out)
{
    const u8 *p = gpu_line(g, n, g->s.x + a->x, g->s.y + y);
    u32 format = g->s.format[n];
    bool plain = format == B8G8R8A8 || format == B8G8R8X8;
    for (u32 i = 0; i < a->w; i++, p += 4)
        out[a->x + i] = (plain ? load_le32(p) : gpu_argb(format, p)) & 0xffffff;
}

/* Colours of the pointer's picture are multiplied by its alpha already. */
static u32 over(u32 px, u32 top)
{
    u32 rest = 255 - (top >> 24), out = 0;
    for (u32 at = 0; at < 24; at += 8)
        out |= MIN((top >> at & 0xff) + ((px >> at & 0xff) * rest + 127) / 255, 255u) << at;
    return out;
}

static void draw_cursor(const struct virtio_gpu *g, const struct display_rect *a, u32 y, u32 *out)
{
    const struct virtio_gpu_state *s = &g->s;
    i64 left = (i32)s->cursor_x, row = (i64)y - (i32)s->cursor_y, side = VIRTIO_GPU_CURSOR;
    if (!s->cursor_on || row < 0 || row >= side)
        return;
    i64 from = MAX(left, (i64)a->x), to = MIN(left + side, (i64)a->x + a->w);
    for (i64 x = from; x < to; x++)
        out[x] = over(out[x], s->cursor[row * side + x - left]);
}

/* The size that the screen likes best, black. */
static void draw_nothing(const struct virtio_gpu *g, struct display *d, bool all)
{
    if (!display_resize(d, g->xres, g->yres) || !all)
        return;
    for (u32 y = 0; y < g->yres; y++)
        memset(display_line(d, y), 0, 4ull * g->xres);
    display_changed(d, 0, 0, g->xres, g->yres);
}

static void draw(void *opaque, struct display *d, bool all)
{
    struct virtio_gpu *g = opaque;
    u32 n = gpu_find(g, g->s.scanout);
    struct display_rect a = all || g->changed ? (struct display_rect){ 0, 0, g->s.w, g->s.h } : g->dirty;
    bool shown = n != GPU_NONE && display_resize(d, g->s.w, g->s.h);
    if (shown) {
        for (u32 y = a.y; y < a.y + a.h; y++) {
            draw_pixels(g, n, &a, y, display_line(d, y));
            draw_cursor(g, &a, y, display_line(d, y));
        }
        display_changed(d, a.x, a.y, a.w, a.h);
    } else if (n == GPU_NONE) {
        draw_nothing(g, d, all || g->changed);
    } else {
        d->stale = true; /* should there be memory later */
    }
    g->dirty = (struct display_rect){ 0 };
    g->changed = false;
}

const struct display_ops gpu_display_ops = { .draw = draw };
