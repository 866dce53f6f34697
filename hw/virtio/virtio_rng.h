/*
 * virtio_rng.h - virtio entropy device.
 */
#pragma once
#include "hw/virtio/virtio.h"

struct virtio_rng_state {
    struct virtio_state v;
};

struct virtio_rng {
    struct virtio           v;
    struct virtio_rng_state s;
    void                  (*random)(void *opaque, void *p, u32 n); /* the host's bytes; NULL: machine_random */
    void                   *opaque;
};

extern const struct dev_class virtio_rng_class;
/* random: NULL in deterministic mode. */
void virtio_rng_init(struct virtio_rng *r, struct machine *m, const char *path,
                     void (*random)(void *opaque, void *p, u32 n), void *opaque);
