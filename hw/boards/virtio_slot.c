/* virtio_slot.c - virtio devices of every board; see virtio_slot.h. */
#include "hw/boards/virtio_slot.h"
#include <sys/random.h>

static void host_random(void *opaque, void *p, u32 n)
{
    (void)opaque;
    for (u32 at = 0; at < n;) {
        ssize_t got = getrandom((u8 *)p + at, n - at, 0);
        at += got > 0 ? (u32)got : 0;
    }
}

struct virtio *virtio_slot_init(union virtio_any *u, struct machine *m, const char *path, const struct virtio_slot *s,
                                bool deterministic)
{
    switch (s->kind) {
    case SLOT_BLK:
        virtio_blk_init(&u->blk, m, path, s->block, s->serial);
        return &u->blk.v;
    case SLOT_CONSOLE:
        virtio_console_init(&u->console, m, path, s->chr);
        return &u->console.v;
    default:
        virtio_rng_init(&u->rng, m, path, deterministic ? NULL : host_random, NULL);
        return &u->rng.v;
    }
}

void virtio_slots_close(struct virtio_slot *s, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        if (s[i].block)
            s[i].block->close(s[i].block);
        s[i].block = NULL;
    }
}
