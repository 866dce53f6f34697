/*
 * virtio_rng.c - virtio entropy device.
 *
 * Spec: VIRTIO 1.2, 5.4. Answers at once; long buffers are filled in part, which the device may do.
 */
#include "hw/virtio/virtio_rng.h"
#include "hw/deadline.h"
#include <string.h>

enum { BYTES_MAX = 1024 }; /* in one buffer */

static struct virtio_rng *self(struct virtio *v)
{
    return CONTAINER_OF(v, struct virtio_rng, v);
}

static void fill(struct virtio_rng *r, u8 *p, u32 n)
{
    if (r->random) {
        r->random(r->opaque, p, n);
        return;
    }
    for (u32 i = 0; i < n; i += 8) {
        u64 x = r->v.dev.m ? machine_random(r->v.dev.m) : 0;
        memcpy(p + i, &x, MIN(n - i, 8));
    }
}

static void notify(struct virtio *v, u32 q)
{
    struct virtq_chain c;
    u8 buf[BYTES_MAX];
    for (u32 i = 0; i < VIRTQ_SIZE && virtq_pop(v, q, &c); i++) {
        u32 n = MIN(c.in_len, BYTES_MAX);
        fill(self(v), buf, n);
        virtq_push(v, q, c.head, virtq_write(v, &c, 0, buf, n));
    }
    virtq_signal(v, q);
}

static void config(struct virtio *v, u8 *out)
{
    (void)v, (void)out; /* none (5.4.4) */
}

static const struct virtio_ops rng_ops = { .device_id = 4, .queue_count = 1, .config = config, .notify = notify };

static void reset(struct dev *d)
{
    virtio_reset(CONTAINER_OF(d, struct virtio, dev));
}
static void resumed(struct dev *d)
{
    virtio_resumed(CONTAINER_OF(d, struct virtio, dev));
}
static bool valid(const void *state, struct err *e)
{
    return virtio_valid(&((const struct virtio_rng_state *)state)->v, e);
}

static const struct state_field rng_fields[] = { VIRTIO_ROWS(struct virtio_rng_state) };
static const struct state_desc rng_desc = {
    .name = "virtio-rng",
    STATE_DESC(struct virtio_rng_state, 1, rng_fields),
    .valid = valid,
};

const struct dev_class virtio_rng_class = {
    .name = "virtio-rng",
    .state = &rng_desc,
    .state_offset = offsetof(struct virtio_rng, s),
    .size = sizeof(struct virtio_rng),
    .reset = reset,
    .resumed = resumed,
};

void virtio_rng_init(struct virtio_rng *r, struct machine *m, const char *path,
                     void (*random)(void *opaque, void *p, u32 n), void *opaque)
{
    memset(r, 0, sizeof *r);
    r->random = random;
    r->opaque = opaque;
    r->v.ops = &rng_ops;
    dev_attach(&r->v.dev, &virtio_rng_class, m, path);
}
