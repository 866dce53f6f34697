/*
 * virtio.c - status, features, configuration and interrupts of a virtio device, the same for all transports.
 *
 * Spec: VIRTIO 1.2, sections 2 and 3. Configuration never changes by itself, so its generation is 0.
 */
#include "base/bits.h"
#include "hw/virtio/virtio.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

u64 virtio_features(struct virtio *v, bool legacy)
{
    u64 own = v->ops->get_features ? v->ops->get_features(v) : v->ops->features;
    return own | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | (legacy ? VIRTIO_F_ANY_LAYOUT : VIRTIO_F_VERSION_1);
}

static void tell_transport(struct virtio *v)
{
    if (v->changed)
        v->changed(v->transport);
}

static void tell_device(struct virtio *v)
{
    if (v->ops && v->ops->running)
        v->ops->running(v);
}

static void raise_isr(struct virtio *v, u32 isr, u32 q)
{
    virtio_state(v)->isr |= isr;
    tell_transport(v);
    if (v->vector)
        v->vector(v->transport, q);
}

void virtio_raise_queue(struct virtio *v, u32 q)
{
    raise_isr(v, VIRTIO_ISR_QUEUE, q);
}

void virtio_break(struct virtio *v, const char *fmt, ...)
{
    struct virtio_state *s = virtio_state(v);
    char text[160];
    va_list ap;
    if (s->broken)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    guest_error(&v->dev, "%s: needs a reset", text);
    s->broken = 1;
    if (!virtio_has(v, VIRTIO_F_VERSION_1))
        return; /* the bit does not exist for legacy drivers */
    s->status |= VIRTIO_S_NEEDS_RESET;
    if (s->status & VIRTIO_S_DRIVER_OK)
        raise_isr(v, VIRTIO_ISR_CONFIG, VIRTIO_Q_CONFIG);
}

void virtio_reset(struct virtio *v)
{
    *virtio_state(v) = (struct virtio_state){ 0 };
    if (v->ops && v->ops->reset)
        v->ops->reset(v);
    tell_device(v);
    tell_transport(v);
}

void virtio_resumed(struct virtio *v)
{
    tell_device(v);
    tell_transport(v);
}

bool virtio_valid(const struct virtio_state *s, struct err *e)
{
    if (s->ready >> VIRTIO_QUEUES || s->broken > 1 || s->isr > 3 || s->status > 0xff)
        return err_set(e, "virtio: ready %#x, broken %u, isr %u or status %#x out of range", s->ready, s->broken,
                       s->isr, s->status);
    for (u32 q = 0; q < VIRTIO_QUEUES; q++)
        if (s->num[q] > VIRTQ_SIZE || (s->ready >> q & 1 && !is_pow2(s->num[q])))
            return err_set(e, "virtio: queue %u of %u descriptors", q, s->num[q]);
    return true;
}

/* ---- queues ---- */

bool virtio_has_queue(struct virtio *v, u32 q)
{
    return q < v->ops->queue_count;
}

bool virtio_is_stopped(struct virtio *v, u32 q)
{
    if (!virtio_has_queue(v, q))
        return false;
    if (!(virtio_state(v)->ready >> q & 1))
        return true;
    guest_error(&v->dev, "queue %u is changed while it runs", q);
    return false;
}

void virtio_set_num(struct virtio *v, u32 q, u32 num)
{
    if (!virtio_is_stopped(v, q))
        return;
    if (is_pow2(num) && num <= VIRTQ_SIZE)
        virtio_state(v)->num[q] = (u16)num;
    else
        guest_error(&v->dev, "queue %u of %u descriptors", q, num);
}

void virtio_set_addr(struct virtio *v, u64 *addrs, u32 q, u32 at, u32 val)
{
    if (virtio_is_stopped(v, q))
        addrs[q] = bits_set(addrs[q], at, 32, val);
}

void virtio_set_block(struct virtio *v, u32 q, u64 at, u64 align)
{
    struct virtio_state *s = virtio_state(v);
    virtio_set_ready(v, q, false);
    if (!at || !virtio_has_queue(v, q))
        return;
    s->desc[q] = at;
    s->avail[q] = at + 16ull * s->num[q];
    s->used[q] = align_up(s->avail[q] + 6 + 2ull * s->num[q], align);
    virtio_set_ready(v, q, true);
}

void virtio_set_ready(struct virtio *v, u32 q, bool on)
{
    struct virtio_state *s = virtio_state(v);
    if (q >= v->ops->queue_count)
        return;
    s->ready &= ~(1u << q);
    if (!on)
        return;
    if (!is_pow2(s->num[q]) || s->num[q] > VIRTQ_SIZE || s->desc[q] & 15 || s->avail[q] & 1 || s->used[q] & 3) {
        virtio_break(v, "queue %u cannot start: size %u, rings at %#llx, %#llx, %#llx", q, s->num[q],
                     (unsigned long long)s->desc[q], (unsigned long long)s->avail[q], (unsigned long long)s->used[q]);
        return;
    }
    s->last_avail[q] = s->used_idx[q] = s->signalled[q] = 0;
    s->ready |= 1u << q;
}

void virtio_notify(struct virtio *v, u32 q, bool legacy)
{
    struct virtio_state *s = virtio_state(v);
    if (q >= v->ops->queue_count) {
        guest_error(&v->dev, "notification of queue %u", q);
        return;
    }
    /* Before DRIVER_OK buffers are not consumed (2.1.2); legacy drivers start early (3.1.2). */
    if (s->broken || !(s->ready >> q & 1) || (!legacy && !(s->status & VIRTIO_S_DRIVER_OK)))
        return;
    v->ops->notify(v, q);
}

/* ---- status and features ---- */

u32 virtio_offered(struct virtio *v, u32 sel, bool legacy)
{
    return sel > (legacy ? 0 : 1) ? 0 : (u32)(virtio_features(v, legacy) >> 32 * sel);
}

void virtio_accept(struct virtio *v, u32 sel, u32 val, bool legacy)
{
    struct virtio_state *s = virtio_state(v);
    if (sel > 1)
        return;
    if (s->status & (VIRTIO_S_FEATURES_OK | VIRTIO_S_DRIVER_OK)) {
        guest_error(&v->dev, "features written after negotiation");
        return;
    }
    s->features = bits_set(s->features, 32 * sel, 32, val);
    if (legacy) /* no FEATURES_OK step could refuse them */
        s->features &= virtio_features(v, true);
}

static bool features_good(struct virtio *v, bool legacy)
{
    u64 f = virtio_state(v)->features;
    return !(f & ~virtio_features(v, legacy)) && (legacy || f & VIRTIO_F_VERSION_1);
}

void virtio_set_status(struct virtio *v, u32 val, bool legacy)
{
    struct virtio_state *s = virtio_state(v);
    u32 old = s->status;
    val &= 0xff;
    if (!val) {
        virtio_reset(v);
        return;
    }
    if (val & ~old & VIRTIO_S_FEATURES_OK && !features_good(v, legacy)) {
        guest_error(&v->dev, "features %#llx refused", (unsigned long long)s->features);
        val &= ~(u32)VIRTIO_S_FEATURES_OK; /* 3.1.1, step 6 */
    }
    s->status = val | (old & VIRTIO_S_NEEDS_RESET);
    tell_device(v);
    if (s->status & ~old & VIRTIO_S_DRIVER_OK)
        for (u32 q = 0; q < v->ops->queue_count; q++)
            virtio_notify(v, q, legacy);
}

/* ---- configuration space (2.5) ---- */

u32 virtio_config_read(struct virtio *v, u32 off, u32 size)
{
    u8 b[VIRTIO_CONFIG_MAX] = { 0 };
    u32 val = 0;
    if (v->ops->config_size > sizeof b || size > 4 || off >= v->ops->config_size)
        return 0;
    v->ops->config(v, b);
    memcpy(&val, b + off, MIN(size, sizeof b - off));
    return val;
}

void virtio_config_write(struct virtio *v, u32 off, u32 val, u32 size)
{
    if (v->ops->config_write)
        v->ops->config_write(v, off, val, size);
    else
        guest_error(&v->dev, "write of %#x to configuration byte %u", val, off);
}
