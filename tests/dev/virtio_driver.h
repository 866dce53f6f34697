/*
 * virtio_driver.h - a small driver of one virtio-mmio device for tests: negotiation, split queues, chains.
 */
#pragma once
#include "base/bits.h"
#include "hw/virtio/virtio_mmio.h"
#include "tests/dev/rig.h"

enum { R_MAGIC = 0, R_VERSION = 4, R_DEVICE = 8, R_FEAT = 0x10, R_FEAT_SEL = 0x14, R_DRV = 0x20, R_DRV_SEL = 0x24,
       R_PAGE = 0x28, R_QSEL = 0x30, R_QMAX = 0x34, R_QNUM = 0x38, R_ALIGN = 0x3c, R_PFN = 0x40, R_READY = 0x44,
       R_NOTIFY = 0x50, R_ISR = 0x60, R_ACK = 0x64, R_STATUS = 0x70, R_DESC = 0x80, R_AVAIL = 0x90, R_USED = 0xa0 };
enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };

#define Q_NUM   8u
#define Q_AT(q) (RIG_RAM + 0x10000ull * ((q) + 1)) /* rings of queue q: desc, avail at 0x1000, used at 0x2000 */
#define Q_DESC  0x0000u
#define Q_AVAIL 0x1000u
#define Q_USED  0x2000u
#define DATA    (RIG_RAM + 0x80000ull)

struct driver {
    struct rig        *r;
    struct virtio_mmio t;
    u16                next[VIRTIO_QUEUES]; /* avail index */
};

static inline u32 drv_rd(struct driver *d, u32 off)
{
    return (u32)dev_read(&d->t.dev, off, 4);
}
static inline void drv_wr(struct driver *d, u32 off, u32 val)
{
    dev_write(&d->t.dev, off, val, 4);
}
static inline void drv_wr64(struct driver *d, u32 off, u64 val)
{
    drv_wr(d, off, (u32)val);
    drv_wr(d, off + 4, (u32)(val >> 32));
}
static inline void drv_kick(struct driver *d, u32 q)
{
    drv_wr(d, R_NOTIFY, q);
}

static inline void drv_attach(struct driver *d, struct rig *r, struct virtio *v, bool legacy)
{
    memset(d, 0, sizeof *d);
    d->r = r;
    virtio_mmio_init(&d->t, r->m, "virtio0", v, legacy);
    d->t.irq = rig_line(r, 0);
    v->dev.cls->reset(&v->dev);
    d->t.dev.cls->reset(&d->t.dev);
}

static inline void drv_queue(struct driver *d, u32 q)
{
    drv_wr(d, R_QSEL, q);
    drv_wr(d, R_QNUM, Q_NUM);
    drv_wr64(d, R_DESC, Q_AT(q) + Q_DESC);
    drv_wr64(d, R_AVAIL, Q_AT(q) + Q_AVAIL);
    drv_wr64(d, R_USED, Q_AT(q) + Q_USED);
    drv_wr(d, R_READY, 1);
    memset(rig_mem(d->r, Q_AT(q)), 0, 0x3000);
    d->next[q] = 0;
}

/* Resets, accepts VERSION_1 and `features`, starts queues 0..queues-1, DRIVER_OK. */
static inline void drv_start(struct driver *d, u64 features, u32 queues)
{
    drv_wr(d, R_STATUS, 0);
    drv_wr(d, R_STATUS, 3);
    for (u32 i = 0; i < 2; i++) {
        drv_wr(d, R_DRV_SEL, i);
        drv_wr(d, R_DRV, (u32)((features | VIRTIO_F_VERSION_1) >> 32 * i));
    }
    drv_wr(d, R_STATUS, 0xb);
    assert_int_equal(drv_rd(d, R_STATUS), 0xb);
    for (u32 q = 0; q < queues; q++)
        drv_queue(d, q);
    drv_wr(d, R_STATUS, 0xf);
}

static inline void drv_desc_at(struct driver *d, gpa table, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
    u8 *p = rig_mem(d->r, table + 16 * i);
    store_le64(p, addr);
    store_le32(p + 8, len);
    store_le16(p + 12, flags);
    store_le16(p + 14, next);
}
static inline void drv_desc(struct driver *d, u32 q, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
    drv_desc_at(d, Q_AT(q), i, addr, len, flags, next);
}
static inline void drv_offer(struct driver *d, u32 q, u16 head)
{
    u8 *a = rig_mem(d->r, Q_AT(q) + Q_AVAIL);
    store_le16(a + 4 + 2 * (d->next[q] % Q_NUM), head);
    store_le16(a + 2, ++d->next[q]);
}
static inline u16 drv_used(struct driver *d, u32 q)
{
    return load_le16(rig_mem(d->r, Q_AT(q) + Q_USED + 2));
}
static inline u32 drv_used_len(struct driver *d, u32 q, u32 i)
{
    return load_le32(rig_mem(d->r, Q_AT(q) + Q_USED + 4 + 8 * (i % Q_NUM) + 4));
}
static inline u32 drv_used_id(struct driver *d, u32 q, u32 i)
{
    return load_le32(rig_mem(d->r, Q_AT(q) + Q_USED + 4 + 8 * (i % Q_NUM)));
}
