/*
 * virtio_console.h - virtio console with one port over a struct chr (borrowed).
 */
#pragma once
#include "host/chr.h"
#include "hw/virtio/virtio.h"

struct virtio_console_state {
    struct virtio_state v;
};

struct virtio_console {
    struct virtio               v;
    struct virtio_console_state s;
    struct chr                 *chr; /* may be NULL */
};

extern const struct dev_class virtio_console_class;
void virtio_console_init(struct virtio_console *c, struct machine *m, const char *path, struct chr *chr);
