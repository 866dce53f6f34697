/*
 * virtio_blk.c - virtio block device.
 *
 * Spec: VIRTIO 1.2, 5.2. One queue; requests are carried out one by one, in order, each at a virtual deadline
 * that depends on its kind and size only. A request is taken from the ring at its deadline, so that "the queue
 * was kicked, next deadline" is all there is to save.
 *
 * Not modelled: several queues, a switchable write cache, secure erase, zoned disks. Discards are accepted and
 * change nothing.
 */
#include "hw/virtio/virtio_blk.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <string.h>

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };   /* 5.2.6 */
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
enum { F_SEG_MAX = 1 << 2, F_RO = 1 << 5, F_BLK_SIZE = 1 << 6, F_FLUSH = 1 << 9, F_TOPOLOGY = 1 << 10,
       F_DISCARD = 1 << 13, F_WRITE_ZEROES = 1 << 14 };                                         /* 5.2.3 */
enum { HEADER = 16, SECTOR = 512, RANGE = 16, ID_BYTES = 20 };
enum { RANGE_SECTORS_MAX = 1 << 17 };  /* of one discard or write-zeroes: 64 MiB */

/* A request costs LATENCY when it finds the disk idle, GAP when others are before it, and a nanosecond for two
 * bytes. */
enum { LATENCY_NS = 20000, GAP_NS = 2000, BYTES_PER_NS = 2 };

static struct virtio_blk *self(struct virtio *v)
{
    return CONTAINER_OF(v, struct virtio_blk, v);
}

static u64 sectors(const struct virtio_blk *b)
{
    return b->block ? b->block->size / SECTOR : 0;
}

/* ---- one request ---- */

struct request {
    struct virtq_chain c;
    u32 type;
    u64 sector;
    u32 written; /* bytes of the in part, without the status */
};

static bool in_disk(const struct virtio_blk *b, u64 sector, u64 bytes)
{
    return bytes % SECTOR == 0 && sector <= sectors(b) && bytes / SECTOR <= sectors(b) - sector;
}

/* The world failed: the guest gets an I/O error, the log the reason. */
static u32 io_error(struct virtio_blk *b, const struct err *e)
{
    if (b->v.dev.m)
        log_line(&b->v.dev.m->log, LOG_dev, "%s: %s", b->v.dev.path, e->msg);
    return S_IOERR;
}

static u32 do_in(struct virtio_blk *b, struct request *r)
{
    u32 len = r->c.in_len - 1;
    struct err e;
    if (!in_disk(b, r->sector, len))
        return S_IOERR;
    for (u32 off = 0, n; off < len; off += n) {
        n = MIN(len - off, VIRTIO_BLK_BOUNCE);
        if (!b->block->read(b->block, r->sector * SECTOR + off, b->bounce, n, &e))
            return io_error(b, &e);
        if (virtq_write(&b->v, &r->c, off, b->bounce, n) != n)
            return S_IOERR;
    }
    r->written = len;
    return S_OK;
}

static u32 do_flush(struct virtio_blk *b)
{
    struct err e;
    return !b->block || b->block->read_only || b->block->flush(b->block, &e) ? S_OK : io_error(b, &e);
}

/* After writes: without F_FLUSH the driver cannot ask for it, so that every write is durable (5.2.6.2). */
static u32 settle(struct virtio_blk *b)
{
    return virtio_has(&b->v, F_FLUSH) ? S_OK : do_flush(b);
}

static u32 do_out(struct virtio_blk *b, struct request *r)
{
    u32 len = r->c.out_len - HEADER;
    struct err e;
    if (!in_disk(b, r->sector, len) || (b->block && b->block->read_only))
        return S_IOERR;
    for (u32 off = 0, n; off < len; off += n) {
        n = MIN(len - off, VIRTIO_BLK_BOUNCE);
        if (virtq_read(&b->v, &r->c, HEADER + off, b->bounce, n) != n)
            return S_IOERR;
        if (!b->block->write(b->block, r->sector * SECTOR + off, b->bounce, n, &e))
            return io_error(b, &e);
    }
    return settle(b);
}

static u32 do_get_id(struct virtio_blk *b, struct request *r)
{
    u32 n = MIN(r->c.in_len - 1, ID_BYTES);
    r->written = virtq_write(&b->v, &r->c, 0, b->serial, n);
    return r->written == n ? S_OK : S_IOERR;
}

static u32 write_zeroes(struct virtio_blk *b, u64 sector, u32 count)
{
    struct err e;
    memset(b->bounce, 0, sizeof b->bounce);
    for (u64 off = 0, n, len = (u64)count * SECTOR; off < len; off += n) {
        n = MIN(len - off, VIRTIO_BLK_BOUNCE);
        if (!b->block->write(b->block, sector * SECTOR + off, b->bounce, n, &e))
            return io_error(b, &e);
    }
    return settle(b);
}

/* DISCARD and WRITE_ZEROES: one range (max_*_seg is 1): sector, count, flags with bit 0 "unmap". */
static u32 do_range(struct virtio_blk *b, struct request *r)
{
    u8 p[RANGE];
    if (r->c.out_len != HEADER + RANGE || virtq_read(&b->v, &r->c, HEADER, p, RANGE) != RANGE)
        return S_IOERR;
    u64 sector = load_le64(p);
    u32 count = load_le32(p + 8), flags = load_le32(p + 12);
    if (flags & ~1u || (r->type == T_DISCARD && flags))
        return S_UNSUPP;
    if (count > RANGE_SECTORS_MAX || !in_disk(b, sector, (u64)count * SECTOR) || (b->block && b->block->read_only))
        return S_IOERR;
    return r->type == T_DISCARD || !count ? S_OK : write_zeroes(b, sector, count);
}

static u32 carry_out(struct virtio_blk *b, struct request *r)
{
    switch (r->type) {
    case T_IN:           return do_in(b, r);
    case T_OUT:          return do_out(b, r);
    case T_FLUSH:        return do_flush(b);
    case T_GET_ID:       return do_get_id(b, r);
    case T_DISCARD:
    case T_WRITE_ZEROES: return do_range(b, r);
    default:             return S_UNSUPP;
    }
}

/* Header and status are there, or the device breaks. */
static bool parse(struct virtio_blk *b, struct request *r)
{
    u8 h[HEADER];
    if (r->c.out_len < HEADER || !r->c.in_len) {
        virtio_break(&b->v, "a request of %u bytes with %u for the answer", r->c.out_len, r->c.in_len);
        return false;
    }
    if (virtq_read(&b->v, &r->c, 0, h, HEADER) != HEADER)
        return false;
    r->type = load_le32(h);
    r->sector = load_le64(h + 8);
    return true;
}

/* ---- the queue ---- */

/* Arms the deadline of the request that is next in the ring, if there is one. */
static void schedule(struct virtio_blk *b, struct request *r, u64 ns)
{
    b->s.deadline = DEADLINE_NONE;
    if (virtq_peek(&b->v, 0, &r->c) && parse(b, r)) {
        u32 bytes = r->type == T_IN ? r->c.in_len : r->type == T_OUT ? r->c.out_len : 0;
        b->s.deadline = dev_now(&b->v.dev) + ns + bytes / BYTES_PER_NS;
    }
    deadline_arm(&b->event, b->s.deadline);
}

static void due(void *opaque)
{
    struct virtio_blk *b = opaque;
    struct request r = { .written = 0 };
    b->s.deadline = DEADLINE_NONE;
    if (!virtq_pop(&b->v, 0, &r.c) || !parse(b, &r))
        return;
    u8 status = (u8)carry_out(b, &r);
    if (virtq_write(&b->v, &r.c, r.c.in_len - 1, &status, 1) != 1)
        return;
    virtq_push(&b->v, 0, r.c.head, r.written + 1);
    virtq_signal(&b->v, 0);
    schedule(b, &r, GAP_NS);
}

static void notify(struct virtio *v, u32 q)
{
    struct virtio_blk *b = self(v);
    struct request r;
    (void)q;
    if (b->s.deadline == DEADLINE_NONE)
        schedule(b, &r, LATENCY_NS);
}

/* ---- the device ---- */

static u64 get_features(struct virtio *v)
{
    const struct virtio_blk *b = self(v);
    u64 rw = F_DISCARD | F_WRITE_ZEROES;
    return F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | (b->block && b->block->read_only ? F_RO : rw);
}

static void config(struct virtio *v, u8 *out) /* 5.2.4 */
{
    store_le64(out, sectors(self(v)));   /* capacity */
    store_le32(out + 12, VIRTQ_SIZE - 2); /* seg_max: header and status take two */
    store_le32(out + 20, SECTOR);         /* blk_size */
    store_le16(out + 26, 1);              /* topology: min_io_size; one logical in a physical block */
    out[32] = 1;                          /* writeback */
    store_le16(out + 34, 1);              /* num_queues */
    for (u32 at = 36; at <= 48; at += 12) { /* discard, write zeroes */
        store_le32(out + at, RANGE_SECTORS_MAX);
        store_le32(out + at + 4, 1);
    }
    store_le32(out + 44, 1);              /* discard_sector_alignment */
    out[56] = 1;                          /* write_zeroes_may_unmap */
}

static void reset_own(struct virtio *v)
{
    self(v)->s.deadline = DEADLINE_NONE;
    deadline_arm(&self(v)->event, DEADLINE_NONE);
}

static const struct virtio_ops blk_ops = {
    .device_id = 2,
    .queue_count = 1,
    .get_features = get_features,
    .config_size = 60,
    .config = config,
    .notify = notify,
    .reset = reset_own,
};

static void reset(struct dev *d)
{
    struct virtio_blk *b = CONTAINER_OF(d, struct virtio_blk, v.dev);
    virtio_reset(&b->v);
    reset_own(&b->v);
}

static void resumed(struct dev *d)
{
    struct virtio_blk *b = CONTAINER_OF(d, struct virtio_blk, v.dev);
    deadline_arm(&b->event, b->s.deadline);
    virtio_resumed(&b->v);
}

static bool valid(const void *state, struct err *e)
{
    return virtio_valid(&((const struct virtio_blk_state *)state)->v, e);
}

static const struct state_field blk_fields[] = {
    VIRTIO_ROWS(struct virtio_blk_state),
    STATE(struct virtio_blk_state, deadline),
};
static const struct state_desc blk_desc = {
    .name = "virtio-blk",
    STATE_DESC(struct virtio_blk_state, 1, blk_fields),
    .valid = valid,
};

const struct dev_class virtio_blk_class = {
    .name = "virtio-blk",
    .state = &blk_desc,
    .state_offset = offsetof(struct virtio_blk, s),
    .size = sizeof(struct virtio_blk),
    .reset = reset,
    .resumed = resumed,
};

void virtio_blk_init(struct virtio_blk *b, struct machine *m, const char *path, struct block *block,
                     const char *serial)
{
    memset(b, 0, sizeof *b);
    b->block = block;
    b->v.ops = &blk_ops;
    b->s.deadline = DEADLINE_NONE;
    for (u32 i = 0; serial && serial[i] && i < ID_BYTES; i++)
        b->serial[i] = serial[i];
    dev_attach(&b->v.dev, &virtio_blk_class, m, path);
    deadline_init(&b->event, &b->v.dev, "disk request", due);
}
