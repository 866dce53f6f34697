/*
 * virtio_blk.h - virtio block device over a struct block (owned by the board).
 */
#pragma once
#include "host/block.h"
#include "hw/virtio/virtio.h"

#define VIRTIO_BLK_BOUNCE 65536u

struct virtio_blk_state {
    struct virtio_state v;
    u64                 deadline; /* at which the oldest request is carried out, or DEADLINE_NONE: idle */
};

struct virtio_blk {
    struct virtio           v;
    struct virtio_blk_state s;
    struct block           *block;  /* NULL: a disk of no sectors */
    char                    serial[21];
    struct event            event;
    u8                      bounce[VIRTIO_BLK_BOUNCE];
};

extern const struct dev_class virtio_blk_class;
/* serial: up to 20 characters, or NULL. */
void virtio_blk_init(struct virtio_blk *b, struct machine *m, const char *path, struct block *block,
                     const char *serial);
