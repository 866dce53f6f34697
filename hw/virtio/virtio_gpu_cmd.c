/*
 * virtio_gpu_cmd.c - requests of the virtio graphics device. Spec: VIRTIO 1.2, 5.7.6. Not modelled: see virtio_gpu.h.
 */
#include "hw/display/edid.h"
#include "hw/virtio/virtio_gpu_internal.h"
#include <string.h>

enum { C_DISPLAY_INFO = 0x100, C_CREATE_2D, C_UNREF, C_SET_SCANOUT, C_FLUSH, C_TRANSFER, C_ATTACH, C_DETACH,
       C_EDID = 0x10a, C_UPDATE_CURSOR = 0x300, C_MOVE_CURSOR };
enum { R_OK = 0x1100, R_OK_DISPLAY_INFO, R_OK_EDID = 0x1104, R_UNSPEC = 0x1200, R_NO_MEMORY, R_BAD_SCANOUT,
       R_BAD_RESOURCE, R_BAD_CONTEXT, R_BAD_PARAMETER };
enum { FLAG_FENCE = 1 };
enum { HEADER = 24, SCANOUTS_MAX = 16, DISPLAY_BYTES = 24, EDID_ROOM = 1024 };
enum { F_EDID = 1 << 1 };
enum { ANSWER_MAX = HEADER + 8 + EDID_ROOM, REQUEST_MAX = 56 };

/* What a request costs besides its turn, and nanoseconds for pixels and entries. */
enum { PIXELS_PER_NS = 4, ENTRY_NS = 4 };

struct request {
    const struct virtq_chain *c;
    u8  in[REQUEST_MAX];    /* its fixed part */
    u8  out[ANSWER_MAX];
    u32 out_len;
};

static u32 arg(const struct request *r, u32 off) { return load_le32(r->in + HEADER + off); }
static struct gpu_rect rect_arg(const struct request *r)
{
    return (struct gpu_rect){ arg(r, 0), arg(r, 4), arg(r, 8), arg(r, 12) };
}

/* ---- the screen ---- */

static u32 display_info(struct virtio_gpu *g, struct request *r)
{
    u8 *p = r->out + HEADER;
    store_le32(p + 8, g->xres);
    store_le32(p + 12, g->yres);
    store_le32(p + 16, 1); /* enabled */
    r->out_len = HEADER + SCANOUTS_MAX * DISPLAY_BYTES;
    return R_OK_DISPLAY_INFO;
}

static u32 edid(struct virtio_gpu *g, struct request *r)
{
    if (arg(r, 0) || !virtio_has(&g->v, F_EDID))
        return R_BAD_PARAMETER;
    store_le32(r->out + HEADER, EDID_BYTES);
    edid_make_for(r->out + HEADER + 8, g->xres, g->yres);
    r->out_len = ANSWER_MAX;
    return R_OK_EDID;
}

static void hide(struct virtio_gpu *g)
{
    g->s.scanout = g->s.x = g->s.y = g->s.w = g->s.h = 0;
    g->changed = true;
}

static u32 set_scanout(struct virtio_gpu *g, struct request *r)
{
    struct gpu_rect a = rect_arg(r);
    u32 id = arg(r, 20), n = gpu_find(g, id);
    if (arg(r, 16))
        return R_BAD_SCANOUT;
    if (!id) {
        hide(g);
        return R_OK;
    }
    if (n == GPU_NONE)
        return R_BAD_RESOURCE;
    if (!a.w || !a.h || !gpu_rect_inside(&a, g->s.width[n], g->s.height[n]))
        return R_BAD_PARAMETER;
    g->s.scanout = id;
    g->s.x = a.x;
    g->s.y = a.y;
    g->s.w = a.w;
    g->s.h = a.h;
    g->changed = true;
    return R_OK;
}

/* A part of a resource changed, or is to be looked at again. */
static void touched(struct virtio_gpu *g, u32 n, const struct gpu_rect *a)
{
    if (g->s.id[n] == g->s.scanout)
        gpu_touched(g, (i64)a->x - g->s.x, (i64)a->y - g->s.y, a->w, a->h);
}

static u32 flush(struct virtio_gpu *g, struct request *r)
{
    struct gpu_rect a = rect_arg(r);
    u32 n = gpu_find(g, arg(r, 16));
    if (n == GPU_NONE)
        return R_BAD_RESOURCE;
    if (!gpu_rect_inside(&a, g->s.width[n], g->s.height[n]))
        return R_BAD_PARAMETER;
    touched(g, n, &a);
    return R_OK;
}

/* ---- resources ---- */

static u32 create(struct virtio_gpu *g, struct request *r)
{
    u32 id = arg(r, 0), format = arg(r, 4), w = arg(r, 8), h = arg(r, 12);
    for (u32 n = 0; n < VIRTIO_GPU_RESOURCES; n++)
        if (g->s.id[n] == id) /* taken, or 0 */
            return R_BAD_RESOURCE;
    if (!id)
        return R_BAD_RESOURCE;
    if (!gpu_format_known(format) || !w || !h)
        return R_BAD_PARAMETER;
    return gpu_make(g, id, format, w, h) == GPU_NONE ? R_NO_MEMORY : R_OK;
}

static u32 unref(struct virtio_gpu *g, struct request *r)
{
    u32 n = gpu_find(g, arg(r, 0));
    if (n == GPU_NONE)
        return R_BAD_RESOURCE;
    if (g->s.id[n] == g->s.scanout)
        hide(g);
    gpu_drop(g, n);
    return R_OK;
}

static u32 attach(struct virtio_gpu *g, struct request *r)
{
    u32 n = gpu_find(g, arg(r, 0)), entries = arg(r, 4), at = HEADER + 8;
    if (n == GPU_NONE)
        return R_BAD_RESOURCE;
    if (g->s.entries[n] || entries > VIRTIO_GPU_ENTRIES || (u64)entries * 16 > r->c->out_len - at)
        return R_UNSPEC;
    if (!entries)
        return R_OK;
    u8 *list = gpu_make_list(g, n, entries);
    if (!list)
        return R_NO_MEMORY;
    if (virtq_read(&g->v, r->c, at, list, entries * 16) == entries * 16)
        return R_OK;
    gpu_drop_list(g, n);
    return R_UNSPEC;
}

static u32 detach(struct virtio_gpu *g, struct request *r)
{
    u32 n = gpu_find(g, arg(r, 0));
    if (n == GPU_NONE || !g->s.entries[n])
        return R_BAD_RESOURCE;
    gpu_drop_list(g, n);
    return R_OK;
}

static u32 transfer(struct virtio_gpu *g, struct request *r)
{
    struct gpu_rect a = rect_arg(r);
    u32 n = gpu_find(g, arg(r, 24));
    if (n == GPU_NONE)
        return R_BAD_RESOURCE;
    if (!g->s.entries[n])
        return R_UNSPEC;
    if (!gpu_rect_inside(&a, g->s.width[n], g->s.height[n]))
        return R_BAD_PARAMETER;
    touched(g, n, &a);
    if (gpu_fetch(g, n, &a, load_le64(r->in + HEADER + 16)))
        return R_OK;
    guest_error(&g->v.dev, "pages of resource %u are not in RAM", g->s.id[n]);
    return R_UNSPEC;
}

/* ---- the control queue ---- */

static const struct {
    u32 type, bytes;
    u32 (*run)(struct virtio_gpu *g, struct request *r);
} commands[] = {
    { C_DISPLAY_INFO, HEADER, display_info },
    { C_CREATE_2D, HEADER + 16, create },
    { C_UNREF, HEADER + 8, unref },
    { C_SET_SCANOUT, HEADER + 24, set_scanout },
    { C_FLUSH, HEADER + 24, flush },
    { C_TRANSFER, HEADER + 32, transfer },
    { C_ATTACH, HEADER + 8, attach },
    { C_DETACH, HEADER + 8, detach },
    { C_EDID, HEADER + 8, edid },
};

static u32 carry_out(struct virtio_gpu *g, struct request *r, u32 got)
{
    u32 type = load_le32(r->in);
    for (u32 i = 0; got >= HEADER && i < COUNT(commands); i++)
        if (commands[i].type == type && got >= commands[i].bytes)
            return commands[i].run(g, r);
    guest_error(&g->v.dev, "request %#x of %u bytes", type, r->c->out_len);
    return R_UNSPEC;
}

/* The answer carries the fence of its request: it is over. */
static void put_header(struct request *r, u32 type)
{
    store_le32(r->out, type);
    if (!(load_le32(r->in + 4) & FLAG_FENCE))
        return;
    store_le32(r->out + 4, FLAG_FENCE);
    memcpy(r->out + 8, r->in + 8, HEADER - 8);
}

u32 gpu_control(struct virtio_gpu *g, const struct virtq_chain *c)
{
    struct request r = { .c = c, .out_len = HEADER };
    u32 got = virtq_read(&g->v, c, 0, r.in, sizeof r.in);
    u32 type = carry_out(g, &r, got);
    put_header(&r, type);
    return virtq_write(&g->v, c, 0, r.out, r.out_len);
}

u64 gpu_cost(struct virtio_gpu *g, const struct virtq_chain *c)
{
    struct request r = { .c = c };
    if (virtq_read(&g->v, c, 0, r.in, sizeof r.in) < HEADER + 8)
        return 0;
    u64 pixels = MIN((u64)arg(&r, 8) * arg(&r, 12), VIRTIO_GPU_MEMORY / 4);
    switch (load_le32(r.in)) {
    case C_TRANSFER: return pixels / PIXELS_PER_NS;
    case C_ATTACH:   return (u64)MIN(arg(&r, 4), VIRTIO_GPU_ENTRIES) * ENTRY_NS;
    default:         return 0;
    }
}

/* ---- the pointer ---- */

static void cursor_touched(struct virtio_gpu *g)
{
    if (g->s.cursor_on)
        gpu_touched(g, (i32)g->s.cursor_x, (i32)g->s.cursor_y, VIRTIO_GPU_CURSOR, VIRTIO_GPU_CURSOR);
}

/* The picture is copied: what becomes of the resource does not matter. */
static void take_picture(struct virtio_gpu *g, u32 id)
{
    u32 n = gpu_find(g, id), side = VIRTIO_GPU_CURSOR;
    g->s.cursor_on = n != GPU_NONE && g->s.width[n] == side && g->s.height[n] == side;
    if (id && !g->s.cursor_on)
        guest_error(&g->v.dev, "resource %u is no pointer of %u by %u pixels", id, side, side);
    for (u32 i = 0; g->s.cursor_on && i < side * side; i++)
        g->s.cursor[i] = gpu_argb(g->s.format[n], gpu_line(g, n, i % side, i / side));
}

void gpu_cursor(struct virtio_gpu *g, const struct virtq_chain *c)
{
    struct request r = { .c = c };
    u32 got = virtq_read(&g->v, c, 0, r.in, sizeof r.in), type = load_le32(r.in);
    if (got < sizeof r.in || (type != C_UPDATE_CURSOR && type != C_MOVE_CURSOR) || arg(&r, 0)) {
        guest_error(&g->v.dev, "cursor request %#x of %u bytes for screen %u", type, got, arg(&r, 0));
        return;
    }
    cursor_touched(g);
    g->s.cursor_x = arg(&r, 4);
    g->s.cursor_y = arg(&r, 8);
    if (type == C_UPDATE_CURSOR)
        take_picture(g, arg(&r, 16));
    cursor_touched(g);
}
