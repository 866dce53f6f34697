/*
 * virtio_slot.h - a virtio device as a board's description names it, and the device made from it; the transport is the board's.
 *
 * Not modelled: other virtio devices than disks, consoles and entropy.
 */
#pragma once
#include "host/block.h"
#include "host/chr.h"
#include "hw/virtio/virtio_blk.h"
#include "hw/virtio/virtio_console.h"
#include "hw/virtio/virtio_rng.h"

enum virtio_slot_kind { SLOT_BLK, SLOT_CONSOLE, SLOT_RNG };
struct virtio_slot {
    enum virtio_slot_kind kind;
    struct block         *block;  /* BLK: owned by whoever holds the slot, the board in the end */
    const char           *serial; /* BLK: or NULL */
    struct chr           *chr;    /* CONSOLE */
    const char           *id;     /* of -device, for messages; or NULL */
    u32                   boot;   /* BLK: firmware tries lower ones first; 0: it has no place in that order */
    bool                  pci;    /* on PCI, where the board has another transport, too */
};

union virtio_any {
    struct virtio_blk     blk;
    struct virtio_console console;
    struct virtio_rng     rng;
};

/* The device of a slot in u. deterministic: entropy comes from the machine's generator, else from the host. */
struct virtio *virtio_slot_init(union virtio_any *u, struct machine *m, const char *path, const struct virtio_slot *s,
                                bool deterministic);
void virtio_slots_close(struct virtio_slot *s, u32 count); /* their disks */
