/*
 * virtio_mmio.h - virtio over memory-mapped registers: one transport, one device behind it or none.
 *
 * The board embeds the struct, calls virtio_mmio_init after the init of the device behind it, sets irq, maps
 * dev_mmio over 512 bytes. `legacy` makes it version 1 (virtio 0.9.5); drivers of today take both.
 */
#pragma once
#include "hw/virtio/virtio.h"

struct virtio_mmio_state {
    u32 queue_sel, device_sel, driver_sel;
    u32 page_size;                                      /* legacy */
    u32 align[VIRTIO_QUEUES], pfn[VIRTIO_QUEUES];       /* legacy */
};

struct virtio_mmio {
    struct dev               dev;
    struct virtio_mmio_state s;
    struct virtio           *v;      /* NULL: an empty slot */
    struct irq_line          irq;
    bool                     legacy;
};

extern const struct dev_class virtio_mmio_class;
/* v: borrowed, or NULL. */
void virtio_mmio_init(struct virtio_mmio *t, struct machine *m, const char *path, struct virtio *v, bool legacy);
