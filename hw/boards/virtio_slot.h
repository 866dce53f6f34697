/*
 * virtio_slot.h - a virtio device as a board's description names it, and the device made from it; the transport is the board's.
 *
 * Not modelled: other virtio devices than disks, consoles, entropy, screens, keyboards, mice and tablets.
 */
#pragma once
#include "host/block.h"
#include "host/chr.h"
#include "hw/virtio/virtio_blk.h"
#include "hw/virtio/virtio_console.h"
#include "hw/virtio/virtio_gpu.h"
#include "hw/virtio/virtio_input.h"
#include "hw/virtio/virtio_rng.h"

enum virtio_slot_kind { SLOT_BLK, SLOT_CONSOLE, SLOT_RNG, SLOT_GPU, SLOT_KEYBOARD, SLOT_MOUSE, SLOT_TABLET };
struct virtio_slot {
    enum virtio_slot_kind kind;
    struct block         *block;  /* BLK: owned by whoever holds the slot, the board in the end */
    const char           *serial; /* BLK: or NULL */
    struct chr           *chr;    /* CONSOLE */
    const char           *id;     /* of -device, for messages; or NULL */
    u32                   boot;   /* BLK: firmware tries lower ones first; 0: it has no place in that order */
    bool                  pci;    /* on PCI, where the board has another transport, too */
    u32                   xres, yres; /* GPU: the screen's size; 0: 1280, 800 */
    u32                   memory; /* GPU: bytes for resources; 0: VIRTIO_GPU_MEMORY */
    u32                   order;  /* GPU: among all screens; the lowest is the one that is looked at */
};

union virtio_any {
    struct virtio_blk     blk;
    struct virtio_console console;
    struct virtio_rng     rng;
    struct virtio_gpu     gpu;
    struct virtio_input   input;
};

/* What devices get from their board. */
struct virtio_env {
    bool               deterministic; /* entropy comes from the machine's generator, else from the host */
    struct input_port *input;         /* where keys and pointers come from, or NULL */
    struct display    *screen;        /* filled in: that of the lowest order */
    u32                order;         /* ... which is this */
};

/* The device of a slot in u; NULL with e: it cannot be made. */
struct virtio *virtio_slot_init(union virtio_any *u, struct machine *m, const char *path, const struct virtio_slot *s,
                                struct virtio_env *env, struct err *e);
/* A screen of this order, which the machine may be looked at by. */
void virtio_env_offer(struct virtio_env *env, struct display *d, u32 order);
bool virtio_slots_have_input(const struct virtio_slot *s, u32 count);
void virtio_slots_close(struct virtio_slot *s, u32 count); /* their disks */
