/* display.c - surfaces, damage, and text screens as text; see display.h. */
#include "host/display.h"
#include "base/bits.h"
#include <stdlib.h>
#include <string.h>

void display_init(struct display *d, const struct display_ops *ops, void *opaque, const char *name)
{
    *d = (struct display){ .ops = ops, .opaque = opaque, .name = name, .stale = true };
}

void display_free(struct display *d)
{
    free(d->surface.px);
    *d = (struct display){ 0 };
}

void display_changed(struct display *d, u32 x, u32 y, u32 w, u32 h)
{
    struct display_rect *r = &d->damage;
    if (!w || !h)
        return;
    if (!r->w) {
        *r = (struct display_rect){ x, y, w, h };
        return;
    }
    u32 right = MAX(r->x + r->w, x + w), bottom = MAX(r->y + r->h, y + h);
    r->x = MIN(r->x, x);
    r->y = MIN(r->y, y);
    r->w = right - r->x;
    r->h = bottom - r->y;
}

bool display_resize(struct display *d, u32 width, u32 height)
{
    struct display_surface *s = &d->surface;
    u64 n = (u64)width * height;
    if (width == s->width && height == s->height)
        return true;
    if (!n || n > DISPLAY_PIXELS_MAX)
        return false;
    if (n > d->room || n < d->room / 4) {
        u32 *px = malloc(n * sizeof *px);
        if (!px)
            return false;
        free(s->px);
        s->px = px;
        d->room = n;
    }
    memset(s->px, 0, n * sizeof *s->px);
    s->width = s->stride = width;
    s->height = height;
    d->damage = (struct display_rect){ 0, 0, width, height };
    return true;
}

bool display_update(struct display *d)
{
    bool all = d->stale;
    d->stale = false;
    d->ops->draw(d->opaque, d, all);
    return d->damage.w != 0;
}

struct display_rect display_take_damage(struct display *d)
{
    struct display_rect r = d->damage;
    d->damage = (struct display_rect){ 0 };
    return r;
}

/* ---- text ---- */

bool display_read_text(struct display *d, struct display_text *t)
{
    *t = (struct display_text){ .cursor = DISPLAY_NO_CURSOR };
    return d->ops->text && d->ops->text(d->opaque, t);
}

void display_text_free(struct display_text *t)
{
    free(t->cells);
    *t = (struct display_text){ 0 };
}

u32 display_cp437(u8 ch)
{
    static const u16 low[32] = {
        ' ', 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a,
        0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192,
        0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
    };
    static const u16 high[129] = { /* from 127 on */
        0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
        0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff,
        0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1,
        0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593,
        0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
        0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
        0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518,
        0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5,
        0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264,
        0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, ' ',
    };
    return ch < 32 ? low[ch] : ch < 127 ? ch : high[ch - 127];
}

static char *put_utf8(char *p, u32 c)
{
    if (c < 0x80) {
        *p++ = (char)c;
    } else if (c < 0x800) {
        *p++ = (char)(0xc0 | c >> 6);
        *p++ = (char)(0x80 | (c & 0x3f));
    } else {
        *p++ = (char)(0xe0 | c >> 12);
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    }
    return p;
}

char *display_text_utf8(const struct display_text *t)
{
    char *text = malloc((u64)t->rows * (3ull * t->cols + 1) + 1), *p = text;
    for (u32 y = 0; text && y < t->rows; y++) {
        const struct display_cell *row = t->cells + (u64)y * t->cols;
        u32 n = t->cols;
        while (n && display_cp437(row[n - 1].ch) == ' ')
            n--;
        for (u32 x = 0; x < n; x++)
            p = put_utf8(p, display_cp437(row[x].ch));
        *p++ = '\n';
    }
    if (text)
        *p = 0;
    return text;
}
