/*
 * virtio_console.c - virtio console, one port.
 *
 * Spec: VIRTIO 1.2, 5.3. Output leaves at once; input waits on the host until the driver gives buffers. Not
 * modelled: several ports, the terminal's size and its changes.
 */
#include "hw/virtio/virtio_console.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <string.h>

enum { RECEIVEQ, TRANSMITQ };                /* 5.3.2 */
enum { F_EMERG_WRITE = 1 << 2 };             /* 5.3.3 */
enum { EMERG_WR = 8 };                       /* 5.3.4 */

static struct virtio_console *self(struct virtio *v)
{
    return CONTAINER_OF(v, struct virtio_console, v);
}

static void send_chain(struct virtio_console *c, const struct virtq_chain *ch)
{
    u8 buf[512];
    for (u32 off = 0, n; off < ch->out_len; off += n) {
        n = virtq_read(&c->v, ch, off, buf, sizeof buf);
        if (!n)
            return;
        chr_write(c->chr, buf, n);
    }
}

static void notify(struct virtio *v, u32 q)
{
    struct virtq_chain ch;
    if (q != TRANSMITQ)
        return; /* new receive buffers: the host offers its input again by itself */
    for (u32 i = 0; i < VIRTQ_SIZE && virtq_pop(v, q, &ch); i++) {
        send_chain(self(v), &ch);
        virtq_push(v, q, ch.head, 0);
    }
    virtq_signal(v, q);
}

static u32 receive(void *opaque, const u8 *p, u32 n)
{
    struct virtio_console *c = opaque;
    struct virtq_chain ch;
    u32 taken = 0;
    if (!(virtio_state(&c->v)->status & VIRTIO_S_DRIVER_OK))
        return 0;
    for (u32 i = 0; i < VIRTQ_SIZE && taken < n && virtq_pop(&c->v, RECEIVEQ, &ch); i++) {
        u32 got = virtq_write(&c->v, &ch, 0, p + taken, n - taken);
        virtq_push(&c->v, RECEIVEQ, ch.head, got);
        taken += got;
    }
    if (taken)
        virtq_signal(&c->v, RECEIVEQ);
    return taken;
}

static void config(struct virtio *v, u8 *out)
{
    (void)v;
    store_le32(out + 4, 1); /* max_nr_ports; columns and rows are not offered */
}

static void config_write(struct virtio *v, u32 off, u32 val, u32 size)
{
    u8 byte = (u8)val; /* the low byte counts, whatever the width (5.3.4) */
    if (off == EMERG_WR)
        chr_write(self(v)->chr, &byte, 1);
    else
        guest_error(&v->dev, "write of %#x (%u bytes) to configuration byte %u", val, size, off);
}

static const struct virtio_ops console_ops = {
    .device_id = 3,
    .queue_count = 2,
    .features = F_EMERG_WRITE,
    .config_size = 12,
    .config = config,
    .config_write = config_write,
    .notify = notify,
};

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
    return virtio_valid(&((const struct virtio_console_state *)state)->v, e);
}

static const struct state_field console_fields[] = { VIRTIO_ROWS(struct virtio_console_state) };
static const struct state_desc console_desc = {
    .name = "virtio-console",
    STATE_DESC(struct virtio_console_state, 1, console_fields),
    .valid = valid,
};

const struct dev_class virtio_console_class = {
    .name = "virtio-console",
    .state = &console_desc,
    .state_offset = offsetof(struct virtio_console, s),
    .size = sizeof(struct virtio_console),
    .reset = reset,
    .resumed = resumed,
};

void virtio_console_init(struct virtio_console *c, struct machine *m, const char *path, struct chr *chr)
{
    memset(c, 0, sizeof *c);
    c->chr = chr;
    c->v.ops = &console_ops;
    dev_attach(&c->v.dev, &virtio_console_class, m, path);
    chr_set_receiver(chr, receive, c);
}
