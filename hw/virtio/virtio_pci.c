/*
 * virtio_pci.c - the PCI transport, modern and transitional.
 *
 * Spec: VIRTIO 1.2, 4.1. Not modelled: shared memory regions, queue reset, notification data, notifications through
 * I/O ports for modern drivers, power management and PCI Express capabilities.
 */
#include "hw/virtio/virtio_pci.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <string.h>

enum { NO_VECTOR = 0xffff };                                   /* 4.1.4.3 */
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_PCI }; /* 4.1.4 */
enum { BAR_LEGACY = 0, BAR_MSIX = 1, BAR_MODERN = 4 };
enum { AT_COMMON = 0, AT_ISR = 0x1000, AT_DEVICE = 0x2000, AT_NOTIFY = 0x3000, MODERN_SIZE = 0x4000 };
enum { COMMON_BYTES = 0x40, NOTIFY_STEP = 4 };
#define LEGACY_PAGE 4096u

static struct virtio_pci *self(struct dev *d)
{
    return CONTAINER_OF(d, struct virtio_pci, dev);
}

/* ---- interrupts ---- */

static void changed(void *opaque)
{
    struct virtio_pci *t = opaque;
    pci_set_intx(&t->pci, t->v && !pci_msix_on(&t->pci) && virtio_state(t->v)->isr);
}

static void vector(void *opaque, u32 q)
{
    struct virtio_pci *t = opaque;
    u32 n = q == VIRTIO_Q_CONFIG ? t->s.config_vector : t->s.queue_vector[q];
    if (n != NO_VECTOR && pci_msix_on(&t->pci))
        pci_notify(&t->pci, n);
}

/* Reading the status clears it (4.1.4.5). */
static u32 take_isr(struct virtio_pci *t)
{
    u32 isr = virtio_state(t->v)->isr;
    virtio_state(t->v)->isr = 0;
    changed(t);
    return isr;
}

static u16 checked_vector(const struct virtio_pci *t, u32 n)
{
    return n < t->pci.msix_count ? (u16)n : NO_VECTOR;
}

/* ---- what both register layouts do ---- */

static void reset_own(struct virtio_pci *t)
{
    struct virtio_pci_state *s = &t->s;
    s->device_sel = s->driver_sel = s->queue_sel = 0;
    s->config_vector = NO_VECTOR;
    s->pci.msix_pending = 0; /* no notification of before a reset may follow it (2.4.1) */
    for (u32 q = 0; q < VIRTIO_QUEUES; q++) {
        s->pfn[q] = 0;
        s->queue_vector[q] = NO_VECTOR;
    }
}

static void write_status(struct virtio_pci *t, u32 val, bool legacy)
{
    if (!(val & 0xff))
        reset_own(t);
    virtio_set_status(t->v, val, legacy);
}

static bool selected(const struct virtio_pci *t, u32 *q)
{
    *q = t->s.queue_sel;
    return virtio_has_queue(t->v, *q);
}

/* A queue has its largest size until the driver writes another. */
static u16 queue_size(const struct virtio_pci *t, u32 q)
{
    u16 num = virtio_state(t->v)->num[q];
    return num ? num : VIRTQ_SIZE;
}

/* ---- modern registers: struct virtio_pci_common_cfg ---- */

static void fill_queue(struct virtio_pci *t, u8 *b)
{
    const struct virtio_state *s = virtio_state(t->v);
    u32 q;
    store_le16(b + 0x1a, NO_VECTOR);
    if (!selected(t, &q))
        return;
    store_le16(b + 0x18, queue_size(t, q));
    store_le16(b + 0x1a, t->s.queue_vector[q]);
    store_le16(b + 0x1c, s->ready >> q & 1);
    store_le16(b + 0x1e, (u16)q);
    store_le64(b + 0x20, s->desc[q]);
    store_le64(b + 0x28, s->avail[q]);
    store_le64(b + 0x30, s->used[q]);
}

static u64 read_common(struct virtio_pci *t, u32 off, u32 size)
{
    u8 b[COMMON_BYTES + 8] = { 0 };
    u64 val = 0;
    store_le32(b + 0x00, t->s.device_sel);
    store_le32(b + 0x04, virtio_offered(t->v, t->s.device_sel, false));
    store_le32(b + 0x08, t->s.driver_sel);
    store_le32(b + 0x0c, t->s.driver_sel > 1 ? 0 : (u32)(virtio_state(t->v)->features >> 32 * t->s.driver_sel));
    store_le16(b + 0x10, t->s.config_vector);
    store_le16(b + 0x12, (u16)t->v->ops->queue_count);
    b[0x14] = (u8)virtio_state(t->v)->status;
    store_le16(b + 0x16, t->s.queue_sel);
    fill_queue(t, b);
    if (off < COMMON_BYTES)
        memcpy(&val, b + off, size);
    return val;
}

static void enable_queue(struct virtio_pci *t, u32 q)
{
    if (virtio_state(t->v)->ready >> q & 1)
        return;
    virtio_set_num(t->v, q, queue_size(t, q));
    virtio_set_ready(t->v, q, true);
}

static void write_queue(struct virtio_pci *t, u32 off, u32 val)
{
    struct virtio_state *s = virtio_state(t->v);
    u32 q;
    if (!selected(t, &q))
        return;
    switch (off) {
    case 0x18: virtio_set_num(t->v, q, val); break;
    case 0x1a: t->s.queue_vector[q] = checked_vector(t, val); break;
    case 0x1c:
        if (val == 1)
            enable_queue(t, q);
        break;
    case 0x20: case 0x24: virtio_set_addr(t->v, s->desc, q, off & 4 ? 32 : 0, val); break;
    case 0x28: case 0x2c: virtio_set_addr(t->v, s->avail, q, off & 4 ? 32 : 0, val); break;
    case 0x30: case 0x34: virtio_set_addr(t->v, s->used, q, off & 4 ? 32 : 0, val); break;
    default: guest_error(&t->dev, "write of %#x to common configuration byte %#x", val, off);
    }
}

static u32 field_size(u32 off)
{
    return off >= 0x20 || off < 0x10 ? 4 : off == 0x14 ? 1 : 2;
}

static void write_common(struct virtio_pci *t, u32 off, u32 val, u32 size)
{
    if (size != field_size(off)) {
        guest_error(&t->dev, "write of %u bytes to common configuration byte %#x", size, off);
        return;
    }
    switch (off) {
    case 0x00: t->s.device_sel = val; break;
    case 0x08: t->s.driver_sel = val; break;
    case 0x0c: virtio_accept(t->v, t->s.driver_sel, val, false); break;
    case 0x10: t->s.config_vector = checked_vector(t, val); break;
    case 0x14: write_status(t, val, false); break;
    case 0x16: t->s.queue_sel = (u16)val; break;
    default: write_queue(t, off, val);
    }
}

static u64 modern_read(struct dev *d, u64 off, u32 size)
{
    struct virtio_pci *t = self(d);
    if (off < AT_ISR)
        return read_common(t, (u32)off, size);
    if (off < AT_DEVICE)
        return off == AT_ISR ? take_isr(t) : 0;
    if (off >= AT_NOTIFY)
        return 0;
    u32 at = (u32)off - AT_DEVICE;
    u64 high = size == 8 ? virtio_config_read(t->v, at + 4, 4) : 0;
    return virtio_config_read(t->v, at, MIN(size, 4)) | high << 32;
}

static void modern_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct virtio_pci *t = self(d);
    if (size == 8) {
        modern_write(d, off, (u32)val, 4);
        modern_write(d, off + 4, val >> 32, 4);
    } else if (off < AT_ISR) {
        write_common(t, (u32)off, (u32)val, size);
    } else if (off >= AT_NOTIFY && off < MODERN_SIZE) {
        virtio_notify(t->v, (u32)(off - AT_NOTIFY) / NOTIFY_STEP, false);
    } else if (off >= AT_DEVICE && off < AT_NOTIFY) {
        virtio_config_write(t->v, (u32)off - AT_DEVICE, (u32)val, size);
    }
}

/* ---- legacy registers (4.1.4.10), by I/O ports ---- */

static u32 legacy_config_at(const struct virtio_pci *t)
{
    return pci_msix_on(&t->pci) ? 0x18 : 0x14;
}

static u64 legacy_read(void *opaque, u64 off, u32 size)
{
    struct virtio_pci *t = opaque;
    u8 b[0x20] = { 0 };
    u32 q, at = legacy_config_at(t), val = 0;
    if (off >= at)
        return virtio_config_read(t->v, (u32)off - at, size);
    if (off == 0x13)
        return take_isr(t);
    store_le32(b + 0x00, virtio_offered(t->v, 0, true));
    store_le32(b + 0x04, (u32)virtio_state(t->v)->features);
    store_le16(b + 0x0e, t->s.queue_sel);
    b[0x12] = (u8)virtio_state(t->v)->status;
    store_le16(b + 0x14, t->s.config_vector);
    store_le16(b + 0x16, NO_VECTOR);
    if (selected(t, &q)) {
        store_le32(b + 0x08, t->s.pfn[q]);
        store_le16(b + 0x0c, VIRTQ_SIZE);
        store_le16(b + 0x16, t->s.queue_vector[q]);
    }
    memcpy(&val, b + off, size);
    return val;
}

static void legacy_queue(struct virtio_pci *t, u32 off, u32 val)
{
    u32 q;
    if (!selected(t, &q))
        return;
    if (off == 0x16) {
        t->s.queue_vector[q] = checked_vector(t, val);
        return;
    }
    virtio_set_block(t->v, q, 0, LEGACY_PAGE);
    virtio_set_num(t->v, q, VIRTQ_SIZE);
    t->s.pfn[q] = val;
    virtio_set_block(t->v, q, (u64)val * LEGACY_PAGE, LEGACY_PAGE);
}

static void legacy_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct virtio_pci *t = opaque;
    u32 at = legacy_config_at(t);
    if (off >= at) {
        virtio_config_write(t->v, (u32)off - at, (u32)val, size);
        return;
    }
    switch (off) {
    case 0x04: virtio_accept(t->v, 0, (u32)val, true); break;
    case 0x08: case 0x16: legacy_queue(t, (u32)off, (u32)val); break;
    case 0x0e: t->s.queue_sel = (u16)val; break;
    case 0x10: virtio_notify(t->v, (u32)val & 0xffff, true); break;
    case 0x12: write_status(t, (u32)val, true); break;
    case 0x14: t->s.config_vector = checked_vector(t, (u32)val); break;
    default: guest_error(&t->dev, "write of %#x to legacy register %#x", (u32)val, (u32)off);
    }
}

static const struct mmio_ops legacy_ops = { legacy_read, legacy_write };

/* ---- the window in configuration space (4.1.4.9) ---- */

enum { CFG_BAR = 4, CFG_OFFSET = 8, CFG_LENGTH = 12, CFG_DATA = 16, CFG_BYTES = 20 };

/* Whether the access meets the data, and what the window shows then. */
static const struct pci_bar *cfg_window(const struct virtio_pci *t, u32 off, u32 size, u32 *at, u32 *len)
{
    const u8 *c = t->s.pci.config + t->cfg_cap;
    if (off >= t->cfg_cap + CFG_BYTES || off + size <= t->cfg_cap + CFG_DATA || c[CFG_BAR] >= PCI_BARS)
        return NULL;
    const struct pci_bar *b = &t->pci.bar[c[CFG_BAR]];
    *at = load_le32(c + CFG_OFFSET);
    *len = load_le32(c + CFG_LENGTH);
    bool good = (*len == 1 || *len == 2 || *len == 4) && !(*at & (*len - 1)) && *at < b->size;
    return good && b->ops ? b : NULL;
}

static void reading(struct pci_dev *p, u32 off, u32 size)
{
    struct virtio_pci *t = self(p->dev);
    u32 at, len;
    const struct pci_bar *b = cfg_window(t, off, size, &at, &len);
    if (b)
        store_le32(p->s->config + t->cfg_cap + CFG_DATA, (u32)b->ops->read(b->opaque, at, len));
}

static void written(struct pci_dev *p, u32 off, u32 size)
{
    struct virtio_pci *t = self(p->dev);
    u32 at, len;
    const struct pci_bar *b = cfg_window(t, off, size, &at, &len);
    if (b)
        b->ops->write(b->opaque, at, load_le32(p->s->config + t->cfg_cap + CFG_DATA) & bits_mask(8 * len), len);
    changed(t); /* MSI-X may have been switched */
}

/* ---- device ---- */

static void reset(struct dev *d)
{
    struct virtio_pci *t = self(d);
    pci_reset(&t->pci);
    reset_own(t);
    changed(t);
}
static void resumed(struct dev *d)
{
    pci_resumed(&self(d)->pci);
    changed(self(d));
}
static bool valid(const void *state, struct err *e)
{
    return pci_valid(&((const struct virtio_pci_state *)state)->pci, e);
}

#define F(f) STATE(struct virtio_pci_state, f)
static const struct state_field virtio_pci_fields[] = {
    PCI_ROWS(struct virtio_pci_state), F(device_sel), F(driver_sel), F(pfn), F(queue_sel), F(config_vector),
    F(queue_vector),
    F(pad),
};
static const struct state_desc virtio_pci_desc = {
    .name = "virtio-pci", STATE_DESC(struct virtio_pci_state, 1, virtio_pci_fields), .valid = valid,
};

const struct dev_class virtio_pci_class = {
    .name = "virtio-pci", .state = &virtio_pci_desc, .state_offset = offsetof(struct virtio_pci, s),
    .size = sizeof(struct virtio_pci), .read = modern_read, .write = modern_write, .reset = reset, .resumed = resumed,
};

/* ---- building ---- */

/* Section 5: device types, their transitional ids (4.1.2.1; 0: newer ones have none), their PCI classes. */
static const struct { u32 type; u16 legacy; u32 class; } kinds[] = {
    { 1, 0x1000, 0x020000 }, { 2, 0x1001, 0x010000 }, { 3, 0x1003, 0x078000 }, { 4, 0x1005, 0x00ff00 },
    { 5, 0x1002, 0x00ff00 }, { 8, 0x1004, 0x010000 }, { 16, 0, 0x038000 }, { 18, 0, 0x098000 },
};

static struct pci_id ids(const struct virtio_ops *ops, bool *transitional)
{
    u32 type = ops->device_id, i = 0;
    while (i < COUNT(kinds) && kinds[i].type != type)
        i++;
    u32 class = ops->pci_class ? ops->pci_class : i < COUNT(kinds) ? kinds[i].class : 0x00ff00;
    *transitional &= i < COUNT(kinds) && kinds[i].legacy;
    if (*transitional)
        return (struct pci_id){ 0x1af4, kinds[i].legacy, 0x1af4, (u16)type, class, 0 };
    return (struct pci_id){ 0x1af4, (u16)(0x1040 + type), 0x1af4, 0x1100, class, 1 };
}

/* struct virtio_pci_cap (4.1.4) */
static u32 add_cap(struct pci_dev *p, u8 type, u32 bytes, u32 at, u32 len)
{
    u32 c = pci_cap(p, PCI_CAP_VENDOR, bytes);
    p->config[c + 2] = (u8)bytes;
    p->config[c + 3] = type;
    p->config[c + CFG_BAR] = type == CAP_PCI ? 0 : BAR_MODERN;
    pci_put32(p, c + CFG_OFFSET, at, 0);
    pci_put32(p, c + CFG_LENGTH, len, 0);
    return c;
}

static void add_caps(struct virtio_pci *t)
{
    struct pci_dev *p = &t->pci;
    u32 c = t->cfg_cap = add_cap(p, CAP_PCI, CFG_BYTES, 0, 0);
    p->writable[c + CFG_BAR] = 0xff;
    pci_put32(p, c + CFG_OFFSET, 0, ~0u);
    pci_put32(p, c + CFG_LENGTH, 0, ~0u);
    pci_put32(p, c + CFG_DATA, 0, ~0u);
    c = add_cap(p, CAP_NOTIFY, 20, AT_NOTIFY, MODERN_SIZE - AT_NOTIFY);
    pci_put32(p, c + 16, NOTIFY_STEP, 0);
    add_cap(p, CAP_DEVICE, 16, AT_DEVICE, AT_NOTIFY - AT_DEVICE);
    add_cap(p, CAP_ISR, 16, AT_ISR, AT_DEVICE - AT_ISR);
    add_cap(p, CAP_COMMON, 16, AT_COMMON, AT_ISR - AT_COMMON);
}

void virtio_pci_init(struct virtio_pci *t, struct machine *m, const char *path, struct virtio *v, bool transitional)
{
    struct pci_id id = ids(v->ops, &transitional);
    u32 legacy_size = 0x20;
    while (legacy_size < 0x18 + v->ops->config_size)
        legacy_size *= 2;
    *t = (struct virtio_pci){ .v = v };
    dev_attach(&t->dev, &virtio_pci_class, m, path);
    pci_init(&t->pci, &t->dev, &t->s.pci, &id);
    t->pci.config[PCI_INT_PIN] = 1;
    t->pci.reading = reading;
    t->pci.written = written;
    if (transitional)
        pci_bar(&t->pci, BAR_LEGACY, PCI_BAR_IO, legacy_size, &legacy_ops, t, "virtio-legacy");
    add_caps(t);
    pci_msix(&t->pci, BAR_MSIX, v->ops->queue_count + 1, "virtio-msix");
    pci_bar(&t->pci, BAR_MODERN, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, MODERN_SIZE, &dev_mmio, &t->dev, "virtio-pci");
    v->changed = changed;
    v->vector = vector;
    v->transport = t;
    reset(&t->dev);
}
