/*
 * ramfb.c - a screen in the guest's RAM; see ramfb.h.
 *
 * Nothing tells what the guest draws: a viewer's look compares each line with what it saw last.
 */
#include "hw/display/ramfb.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <string.h>

enum { AT_ADDR = 0, AT_FORMAT = 8, AT_FLAGS = 12, AT_WIDTH = 16, AT_HEIGHT = 20, AT_STRIDE = 24 };
enum { BLANK_WIDTH = 640, BLANK_HEIGHT = 480 };
#define CODE(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)
enum { XR24 = CODE('X', 'R', '2', '4'), AR24 = CODE('A', 'R', '2', '4'), XB24 = CODE('X', 'B', '2', '4'),
       AB24 = CODE('A', 'B', '2', '4'), RG24 = CODE('R', 'G', '2', '4'), RG16 = CODE('R', 'G', '1', '6') };

static struct ramfb *self(struct dev *d)
{
    return CONTAINER_OF(d, struct ramfb, dev);
}

/* ---- what the file says ---- */

struct look { gpa addr; u32 format, bytes, width, height, stride; };

static u32 pixel_bytes(u32 format)
{
    switch (format) {
    case XR24: case AR24: case XB24: case AB24: return 4;
    case RG24: return 3;
    case RG16: return 2;
    default:   return 0;
    }
}

static bool look(const struct ramfb *r, struct look *l)
{
    const u8 *c = r->s.config;
    *l = (struct look){ load_be64(c + AT_ADDR), load_be32(c + AT_FORMAT), pixel_bytes(load_be32(c + AT_FORMAT)),
                        load_be32(c + AT_WIDTH), load_be32(c + AT_HEIGHT), load_be32(c + AT_STRIDE) };
    bool size = l->width && l->height && l->width <= RAMFB_SIDE_MAX && l->height <= RAMFB_SIDE_MAX
                && l->width * l->height <= DISPLAY_PIXELS_MAX;
    if (size && !l->stride)
        l->stride = l->width * l->bytes;
    return size && l->bytes && l->stride >= l->width * l->bytes && !load_be32(c + AT_FLAGS);
}

static void written(void *opaque)
{
    struct ramfb *r = opaque;
    struct look l;
    r->changed = true;
    if (!look(r, &l))
        guest_error(&r->dev, "a screen of %u by %u pixels, format %#x, %u bytes a line", l.width, l.height, l.format,
                    l.stride);
}

/* ---- drawing ---- */

static u32 wide5(u32 n) { return (n & 31) << 3 | (n & 31) >> 2; }
static u32 wide6(u32 n) { return (n & 63) << 2 | (n & 63) >> 4; }

static u32 pixel(u32 format, const u8 *p)
{
    u32 x;
    switch (format) {
    case XB24: case AB24: return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
    case RG16:
        x = load_le16(p);
        return wide5(x >> 11) << 16 | wide6(x >> 5) << 8 | wide5(x);
    default: return (u32)p[2] << 16 | (u32)p[1] << 8 | p[0]; /* XR24, AR24, RG24 */
    }
}

/* One line; what is not RAM is black. True: it is another than it was. */
static bool draw_line(struct ramfb *r, const struct look *l, u32 y, u32 *out)
{
    u32 bytes = l->width * l->bytes, differs = 0;
    gpa at = l->addr + (u64)y * l->stride;
    if (at < l->addr || !machine_dma_read(r->dev.m, at, r->line, bytes))
        memset(r->line, 0, bytes);
    for (u32 x = 0; x < l->width; x++) {
        u32 px = pixel(l->format, r->line + x * l->bytes);
        differs |= px ^ out[x];
        out[x] = px;
    }
    return differs;
}

static void draw(void *opaque, struct display *d, bool all)
{
    struct ramfb *r = opaque;
    struct look l;
    bool shown = look(r, &l);
    all |= r->changed;
    if (!display_resize(d, shown ? l.width : BLANK_WIDTH, shown ? l.height : BLANK_HEIGHT)) {
        d->stale = true; /* should there be memory later */
        return;
    }
    r->changed = false;
    for (u32 y = 0; y < d->surface.height; y++) {
        u32 *out = display_line(d, y);
        if (!shown && all)
            memset(out, 0, d->surface.width * sizeof *out);
        if ((shown && draw_line(r, &l, y, out)) || all)
            display_changed(d, 0, y, d->surface.width, 1);
    }
}

static const struct display_ops ops = { .draw = draw };

/* ---- the device ---- */

static void reset(struct dev *d)
{
    self(d)->s = (struct ramfb_state){ { 0 } };
    self(d)->changed = true;
}
static void resumed(struct dev *d)
{
    self(d)->changed = true;
}
static void release(struct dev *d)
{
    display_free(&self(d)->display);
}

static const struct state_field fields[] = { STATE(struct ramfb_state, config) };
static const struct state_desc desc = {
    .name = "ramfb", STATE_DESC(struct ramfb_state, 1, fields), /* any value is good: it is looked at when drawn */
};

const struct dev_class ramfb_class = {
    .name = "ramfb", .state = &desc, .state_offset = offsetof(struct ramfb, s), .size = sizeof(struct ramfb),
    .reset = reset, .resumed = resumed, .free = release,
};

bool ramfb_init(struct ramfb *r, struct machine *m, const char *path, struct fw_cfg *f, struct err *e)
{
    memset(r, 0, sizeof *r);
    dev_attach(&r->dev, &ramfb_class, m, path);
    display_init(&r->display, &ops, r, path);
    return fw_cfg_add_writable(f, "etc/ramfb", r->s.config, RAMFB_BYTES, written, r, e);
}
