/* virtio_gpu_internal.h - between the files of the virtio graphics device. */
#pragma once
#include "base/bits.h"
#include "hw/virtio/virtio_gpu.h"

#define GPU_NONE (~0u) /* no place */

struct gpu_rect { u32 x, y, w, h; };
static inline bool gpu_rect_inside(const struct gpu_rect *r, u32 w, u32 h)
{
    return r->x <= w && r->y <= h && r->w <= w - r->x && r->h <= h - r->y;
}

/* Formats (5.7.6.8): a pixel as 0xaarrggbb. All have four bytes. */
bool gpu_format_known(u32 format);
u32  gpu_argb(u32 format, const u8 *p);

/* virtio_gpu_res.c: resources, by their place in the table. */
u32  gpu_find(const struct virtio_gpu *g, u32 id);
/* Zeroed pixels. GPU_NONE: no place or no memory. w, h > 0; id is new. */
u32  gpu_make(struct virtio_gpu *g, u32 id, u32 format, u32 w, u32 h);
void gpu_drop(struct virtio_gpu *g, u32 n);
/* Room for a list of pages, to be filled; NULL: no memory. */
u8  *gpu_make_list(struct virtio_gpu *g, u32 n, u32 entries);
void gpu_drop_list(struct virtio_gpu *g, u32 n);
void gpu_drop_all(struct virtio_gpu *g);
const u8 *gpu_line(const struct virtio_gpu *g, u32 n, u32 x, u32 y);
/* Copies the rectangle, which is inside, from the driver's memory; what its pages do not reach stays. False: some
 * of it is not RAM. */
bool gpu_fetch(struct virtio_gpu *g, u32 n, const struct gpu_rect *r, u64 offset);
bool gpu_resources_valid(const struct virtio_gpu_state *s, struct err *e);

/* virtio_gpu_cmd.c: carries out what is in a chain and fills in the answer; returns bytes of it. */
u32  gpu_control(struct virtio_gpu *g, const struct virtq_chain *c);
void gpu_cursor(struct virtio_gpu *g, const struct virtq_chain *c);
/* Nanoseconds that the request takes. */
u64  gpu_cost(struct virtio_gpu *g, const struct virtq_chain *c);

/* virtio_gpu_draw.c */
extern const struct display_ops gpu_display_ops;
/* Of the screen; what is outside does not count. */
void gpu_touched(struct virtio_gpu *g, i64 x, i64 y, u32 w, u32 h);
