/*
 * virtqueue.c - split virtqueues, seen from the device.
 *
 * Spec: VIRTIO 1.2, 2.7. The rings are in guest memory and hostile: indices are checked, chains are bounded,
 * accesses that leave RAM stop the device. Each index is read once.
 */
#include "base/bits.h"
#include "hw/virtio/virtio.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };  /* 2.7.5 */
enum { AVAIL_NO_INTERRUPT = 1 };                            /* 2.7.6 */
enum { DESC_BYTES = 16, USED_BYTES = 8 };

struct desc {
    gpa addr;
    u32 len;
    u16 flags, next;
};

static bool get_u16(struct virtio *v, gpa at, u16 *val)
{
    if (v->dev.m && machine_dma_read(v->dev.m, at, val, 2))
        return true;
    virtio_break(v, "ring at %#llx is not in RAM", (unsigned long long)at);
    return false;
}

static bool put(struct virtio *v, gpa at, const void *p, u32 n)
{
    if (v->dev.m && machine_dma_write(v->dev.m, at, p, n))
        return true;
    virtio_break(v, "ring at %#llx is not in RAM", (unsigned long long)at);
    return false;
}

static bool get_desc(struct virtio *v, gpa table, u32 i, struct desc *d)
{
    u8 b[DESC_BYTES];
    gpa at = table + (u64)i * DESC_BYTES;
    if (!v->dev.m || !machine_dma_read(v->dev.m, at, b, sizeof b)) {
        virtio_break(v, "descriptor at %#llx is not in RAM", (unsigned long long)at);
        return false;
    }
    *d = (struct desc){ load_le64(b), load_le32(b + 8), load_le16(b + 12), load_le16(b + 14) };
    return true;
}

/* Event fields at the end of the rings (2.7.6, 2.7.8). */
static gpa used_event_at(const struct virtio_state *s, u32 q)
{
    return s->avail[q] + 4 + 2ull * s->num[q];
}
static gpa avail_event_at(const struct virtio_state *s, u32 q)
{
    return s->used[q] + 4 + (u64)USED_BYTES * s->num[q];
}

/* ---- chains ---- */

static bool add_seg(struct virtio *v, struct virtq_chain *c, const struct desc *d)
{
    u32 n = c->out_count + c->in_count;
    bool in = d->flags & DESC_WRITE;
    if (n == VIRTQ_SEGS) {
        virtio_break(v, "a chain of more than %u buffers, or a loop", VIRTQ_SEGS);
        return false;
    }
    if (!in && c->in_count) {
        virtio_break(v, "a readable buffer behind a writable one");
        return false;
    }
    if (d->len > ~c->out_len - c->in_len) {
        virtio_break(v, "a chain of 4 GiB or more");
        return false;
    }
    c->seg[n] = (struct virtq_seg){ d->addr, d->len };
    if (in)
        c->in_count++, c->in_len += d->len;
    else
        c->out_count++, c->out_len += d->len;
    return true;
}

/* All descriptors of an indirect table (2.7.5.3), to the one without a successor. */
static bool walk_indirect(struct virtio *v, const struct desc *in, struct virtq_chain *c)
{
    u32 size = in->len / DESC_BYTES;
    struct desc d = { .flags = DESC_NEXT, .next = 0 };
    if (!size || in->len % DESC_BYTES || in->flags & DESC_NEXT) {
        virtio_break(v, "an indirect table of %u bytes, flags %#x", in->len, in->flags);
        return false;
    }
    while (d.flags & DESC_NEXT) { /* ends: add_seg counts */
        if (d.next >= size) {
            virtio_break(v, "descriptor %u of %u in an indirect table", d.next, size);
            return false;
        }
        if (!get_desc(v, in->addr, d.next, &d))
            return false;
        if (d.flags & DESC_INDIRECT) {
            virtio_break(v, "an indirect table inside another");
            return false;
        }
        if (!add_seg(v, c, &d))
            return false;
    }
    return true;
}

static bool walk(struct virtio *v, u32 q, struct virtq_chain *c)
{
    const struct virtio_state *s = virtio_state(v);
    struct desc d = { .flags = DESC_NEXT, .next = c->head };
    for (u32 steps = 0; d.flags & DESC_NEXT; steps++) {
        if (d.next >= s->num[q] || steps == s->num[q]) {
            virtio_break(v, "queue %u: descriptor %u of %u, or a loop", q, d.next, s->num[q]);
            return false;
        }
        if (!get_desc(v, s->desc[q], d.next, &d))
            return false;
        if (!(d.flags & DESC_INDIRECT)) {
            if (!add_seg(v, c, &d))
                return false;
        } else if (!virtio_has(v, VIRTIO_F_INDIRECT_DESC)) {
            virtio_break(v, "an indirect table without the feature");
            return false;
        } else {
            return walk_indirect(v, &d, c);
        }
    }
    return true;
}

/* Asks for a notification when the entry behind the last one seen comes (2.7.10). */
static bool want_kick(struct virtio *v, u32 q)
{
    const struct virtio_state *s = virtio_state(v);
    return !virtio_has(v, VIRTIO_F_EVENT_IDX) || put(v, avail_event_at(s, q), &s->last_avail[q], 2);
}

bool virtq_peek(struct virtio *v, u32 q, struct virtq_chain *c)
{
    struct virtio_state *s = virtio_state(v);
    u16 idx, slot;
    if (q >= VIRTIO_QUEUES || !(s->ready >> q & 1) || s->broken || !get_u16(v, s->avail[q] + 2, &idx))
        return false;
    u16 waiting = idx - s->last_avail[q];
    if (!waiting) {
        want_kick(v, q);
        return false;
    }
    if (waiting > s->num[q]) {
        virtio_break(v, "queue %u: avail index %u, but %u was taken last", q, idx, s->last_avail[q]);
        return false;
    }
    slot = s->last_avail[q] & (s->num[q] - 1);
    if (!get_u16(v, s->avail[q] + 4 + 2ull * slot, &c->head))
        return false;
    c->out_count = c->in_count = c->out_len = c->in_len = 0;
    return walk(v, q, c);
}

bool virtq_pop(struct virtio *v, u32 q, struct virtq_chain *c)
{
    if (!virtq_peek(v, q, c))
        return false;
    virtio_state(v)->last_avail[q]++;
    return true;
}

void virtq_push(struct virtio *v, u32 q, u16 head, u32 written)
{
    struct virtio_state *s = virtio_state(v);
    if (s->broken || !(s->ready >> q & 1))
        return;
    u32 entry[2] = { head, written };
    u16 slot = s->used_idx[q] & (s->num[q] - 1);
    if (!put(v, s->used[q] + 4 + (u64)USED_BYTES * slot, entry, sizeof entry))
        return;
    s->used_idx[q]++;
    put(v, s->used[q] + 2, &s->used_idx[q], 2);
}

void virtq_signal(struct virtio *v, u32 q)
{
    struct virtio_state *s = virtio_state(v);
    u16 old = s->signalled[q], now = s->used_idx[q], val;
    gpa at = virtio_has(v, VIRTIO_F_EVENT_IDX) ? used_event_at(s, q) : s->avail[q];
    if (s->broken || !(s->ready >> q & 1) || old == now || !get_u16(v, at, &val))
        return;
    s->signalled[q] = now;
    bool wanted = virtio_has(v, VIRTIO_F_EVENT_IDX) ? (u16)(now - val - 1) < (u16)(now - old)
                                                    : !(val & AVAIL_NO_INTERRUPT);
    if (wanted)
        virtio_raise_queue(v, q);
}

/* ---- bytes ---- */

/* One direction of a chain: moves up to n bytes at `off`; returns how many. */
static u32 move(struct virtio *v, const struct virtq_seg *seg, u32 count, u32 off, u8 *to, const u8 *from, u32 n)
{
    u32 done = 0;
    for (u32 i = 0; i < count && done < n; i++) {
        if (off >= seg[i].len) {
            off -= seg[i].len;
            continue;
        }
        u32 len = MIN(seg[i].len - off, n - done);
        gpa at = seg[i].addr + off;
        if (!v->dev.m || (to ? !machine_dma_read(v->dev.m, at, to + done, len)
                             : !machine_dma_write(v->dev.m, at, from + done, len))) {
            virtio_break(v, "buffer at %#llx is not in RAM", (unsigned long long)at);
            return 0;
        }
        done += len;
        off = 0;
    }
    return done;
}

u32 virtq_read(struct virtio *v, const struct virtq_chain *c, u32 off, void *buf, u32 n)
{
    return move(v, c->seg, c->out_count, off, buf, NULL, n);
}

u32 virtq_write(struct virtio *v, const struct virtq_chain *c, u32 off, const void *buf, u32 n)
{
    return move(v, c->seg + c->out_count, c->in_count, off, NULL, buf, n);
}
