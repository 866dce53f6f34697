/*
 * virtio_mmio.c - the MMIO transport, version 2 and legacy version 1.
 *
 * Spec: VIRTIO 1.2, 4.2.2 (registers) and 4.2.4 (legacy). A slot without a device shows device id 0. The vendor
 * id is the one that this board's drivers have always seen. Not modelled: shared memory regions (reported
 * absent), queue reset.
 */
#include "hw/virtio/virtio_mmio.h"
#include "base/bits.h"
#include "hw/deadline.h"

#define CONFIG_AT 0x100u

static struct virtio_mmio *self(struct dev *d)
{
    return CONTAINER_OF(d, struct virtio_mmio, dev);
}
static struct virtio_state *core(struct dev *d)
{
    struct virtio *v = self(d)->v;
    return v ? virtio_state(v) : NULL;
}

static void changed(void *opaque)
{
    struct virtio_mmio *t = opaque;
    irq_set(&t->irq, t->v && virtio_state(t->v)->isr);
}

/* ---- identity and features ---- */

static u32 magic_read(struct dev *d)
{
    (void)d;
    return 0x74726976; /* "virt" */
}
static u32 version_read(struct dev *d)
{
    return self(d)->legacy ? 1 : 2;
}
static u32 device_read(struct dev *d)
{
    return self(d)->v ? self(d)->v->ops->device_id : 0;
}
static u32 vendor_read(struct dev *d)
{
    (void)d;
    return 0x554d4551; /* "QEMU" */
}
static u32 features_read(struct dev *d)
{
    struct virtio_mmio *t = self(d);
    return t->v ? virtio_offered(t->v, t->s.device_sel, t->legacy) : 0;
}
static void features_write(struct dev *d, u32 val)
{
    struct virtio_mmio *t = self(d);
    if (t->v)
        virtio_accept(t->v, t->s.driver_sel, val, t->legacy);
}

/* ---- queues ---- */

/* The selected queue, when it exists. */
static bool selected(struct dev *d, u32 *q)
{
    struct virtio_mmio *t = self(d);
    *q = t->s.queue_sel;
    return t->v && virtio_has_queue(t->v, *q);
}

static u32 num_max_read(struct dev *d)
{
    u32 q;
    return selected(d, &q) ? VIRTQ_SIZE : 0;
}
static void num_write(struct dev *d, u32 val)
{
    u32 q;
    if (selected(d, &q))
        virtio_set_num(self(d)->v, q, val);
}
static u32 ready_read(struct dev *d)
{
    u32 q;
    return !self(d)->legacy && selected(d, &q) ? core(d)->ready >> q & 1 : 0;
}
static void ready_write(struct dev *d, u32 val)
{
    u32 q;
    if (self(d)->legacy || !selected(d, &q) || (val & 1) == (core(d)->ready >> q & 1))
        return;
    if (!core(d)->num[q]) /* EDK2's graphics driver says nothing, or 0, and means the largest */
        virtio_set_num(self(d)->v, q, VIRTQ_SIZE);
    virtio_set_ready(self(d)->v, q, val & 1);
}

static void addr_write(struct dev *d, u64 *addrs, u32 at, u32 val)
{
    u32 q;
    if (!self(d)->legacy && selected(d, &q))
        virtio_set_addr(self(d)->v, addrs, q, at, val);
}
static void desc_lo(struct dev *d, u32 val)
{
    if (self(d)->v)
        addr_write(d, core(d)->desc, 0, val);
}
static void desc_hi(struct dev *d, u32 val)
{
    if (self(d)->v)
        addr_write(d, core(d)->desc, 32, val);
}
static void avail_lo(struct dev *d, u32 val)
{
    if (self(d)->v)
        addr_write(d, core(d)->avail, 0, val);
}
static void avail_hi(struct dev *d, u32 val)
{
    if (self(d)->v)
        addr_write(d, core(d)->avail, 32, val);
}
static void used_lo(struct dev *d, u32 val)
{
    if (self(d)->v)
        addr_write(d, core(d)->used, 0, val);
}
static void used_hi(struct dev *d, u32 val)
{
    if (self(d)->v)
        addr_write(d, core(d)->used, 32, val);
}

/* ---- legacy queues: one physically contiguous block (4.2.4, 2.7.2) ---- */

static void page_size_write(struct dev *d, u32 val)
{
    if (self(d)->legacy)
        self(d)->s.page_size = val;
}
static void align_write(struct dev *d, u32 val)
{
    u32 q;
    if (self(d)->legacy && selected(d, &q) && virtio_is_stopped(self(d)->v, q))
        self(d)->s.align[q] = val;
}
static u32 pfn_read(struct dev *d)
{
    u32 q;
    return self(d)->legacy && selected(d, &q) ? self(d)->s.pfn[q] : 0;
}
static void pfn_write(struct dev *d, u32 val)
{
    struct virtio_mmio *t = self(d);
    u32 q;
    if (!t->legacy || !selected(d, &q))
        return;
    t->s.pfn[q] = val;
    virtio_set_block(t->v, q, (u64)val * t->s.page_size, is_pow2(t->s.align[q]) ? t->s.align[q] : 4096);
}

/* ---- notifications, interrupts, status ---- */

static void notify_write(struct dev *d, u32 val)
{
    if (self(d)->v)
        virtio_notify(self(d)->v, val, self(d)->legacy);
}
static u32 isr_read(struct dev *d)
{
    return self(d)->v ? core(d)->isr : 0;
}
static void ack_write(struct dev *d, u32 val)
{
    if (self(d)->v)
        core(d)->isr &= ~val;
    changed(self(d));
}
static u32 status_read(struct dev *d)
{
    return self(d)->v ? core(d)->status : 0;
}
static void reset_own(struct virtio_mmio *t)
{
    t->s = (struct virtio_mmio_state){ .page_size = 0 };
}
static void status_write(struct dev *d, u32 val)
{
    struct virtio_mmio *t = self(d);
    if (!t->v)
        return;
    if (!(val & 0xff))
        reset_own(t);
    virtio_set_status(t->v, val, t->legacy);
}
static u32 none_read(struct dev *d)
{
    (void)d;
    return 0xffffffff; /* no such shared memory region: length and base of all ones */
}
static u32 generation_read(struct dev *d)
{
    (void)d;
    return 0;
}

#define AT(f) offsetof(struct virtio_mmio_state, f)
#define ALL 0xffffffff
/* clang-format off */
static const struct reg virtio_mmio_regs[] = {  /* 4.2.2, table 4.1; 4.2.4, table 4.2 */
    /* offset storage        writable name              on read          on write         */
    { 0x000, REG_NONE,       0,    "MagicValue",        magic_read,      NULL            },
    { 0x004, REG_NONE,       0,    "Version",           version_read,    NULL            },
    { 0x008, REG_NONE,       0,    "DeviceID",          device_read,     NULL            },
    { 0x00c, REG_NONE,       0,    "VendorID",          vendor_read,     NULL            },
    { 0x010, REG_NONE,       0,    "DeviceFeatures",    features_read,   NULL            },
    { 0x014, AT(device_sel), ALL,  "DeviceFeaturesSel", NULL,            NULL            },
    { 0x020, REG_NONE,       ALL,  "DriverFeatures",    NULL,            features_write  },
    { 0x024, AT(driver_sel), ALL,  "DriverFeaturesSel", NULL,            NULL            },
    { 0x028, REG_NONE,       ALL,  "GuestPageSize",     NULL,            page_size_write },
    { 0x030, AT(queue_sel),  ALL,  "QueueSel",          NULL,            NULL            },
    { 0x034, REG_NONE,       0,    "QueueNumMax",       num_max_read,    NULL            },
    { 0x038, REG_NONE,       ALL,  "QueueNum",          NULL,            num_write       },
    { 0x03c, REG_NONE,       ALL,  "QueueAlign",        NULL,            align_write     },
    { 0x040, REG_NONE,       ALL,  "QueuePFN",          pfn_read,        pfn_write       },
    { 0x044, REG_NONE,       1,    "QueueReady",        ready_read,      ready_write     },
    { 0x050, REG_NONE,       ALL,  "QueueNotify",       NULL,            notify_write    },
    { 0x060, REG_NONE,       0,    "InterruptStatus",   isr_read,        NULL            },
    { 0x064, REG_NONE,       ALL,  "InterruptACK",      NULL,            ack_write       },
    { 0x070, REG_NONE,       0xff, "Status",            status_read,     status_write    },
    { 0x080, REG_NONE,       ALL,  "QueueDescLow",      NULL,            desc_lo         },
    { 0x084, REG_NONE,       ALL,  "QueueDescHigh",     NULL,            desc_hi         },
    { 0x090, REG_NONE,       ALL,  "QueueDriverLow",    NULL,            avail_lo        },
    { 0x094, REG_NONE,       ALL,  "QueueDriverHigh",   NULL,            avail_hi        },
    { 0x0a0, REG_NONE,       ALL,  "QueueDeviceLow",    NULL,            used_lo         },
    { 0x0a4, REG_NONE,       ALL,  "QueueDeviceHigh",   NULL,            used_hi         },
    { 0x0ac, REG_NONE,       ALL,  "SHMSel",            NULL,            NULL            },
    { 0x0b0, REG_NONE,       0,    "SHMLenLow",         none_read,       NULL            },
    { 0x0b4, REG_NONE,       0,    "SHMLenHigh",        none_read,       NULL            },
    { 0x0b8, REG_NONE,       0,    "SHMBaseLow",        none_read,       NULL            },
    { 0x0bc, REG_NONE,       0,    "SHMBaseHigh",       none_read,       NULL            },
    { 0x0fc, REG_NONE,       0,    "ConfigGeneration",  generation_read, NULL            },
};
/* clang-format on */

static u64 other_read(struct dev *d, u64 off, u32 size)
{
    struct virtio *v = self(d)->v;
    if (off < CONFIG_AT || off > 0xfff)
        guest_error(d, "read of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    else if (v && size <= 4)
        return virtio_config_read(v, (u32)off - CONFIG_AT, size);
    else if (v)
        return virtio_config_read(v, (u32)off - CONFIG_AT, 4)
               | (u64)virtio_config_read(v, (u32)off - CONFIG_AT + 4, 4) << 32;
    return 0;
}

static void other_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct virtio *v = self(d)->v;
    if (off < CONFIG_AT || off > 0xfff)
        guest_error(d, "write of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    else if (v && size <= 4)
        virtio_config_write(v, (u32)off - CONFIG_AT, (u32)val, size);
    else
        guest_error(d, "write of %u bytes to configuration", size);
}

static void reset(struct dev *d)
{
    reset_own(self(d));
    changed(self(d));
}
static void resumed(struct dev *d)
{
    changed(self(d));
}

#define F(f) STATE(struct virtio_mmio_state, f)
static const struct state_field virtio_mmio_fields[] = {
    F(queue_sel), F(device_sel), F(driver_sel), F(page_size), F(align), F(pfn),
};
static const struct state_desc virtio_mmio_desc = {
    .name = "virtio-mmio",
    STATE_DESC(struct virtio_mmio_state, 1, virtio_mmio_fields),
};

const struct dev_class virtio_mmio_class = {
    .name = "virtio-mmio",
    .state = &virtio_mmio_desc,
    .state_offset = offsetof(struct virtio_mmio, s),
    .size = sizeof(struct virtio_mmio),
    .regs = virtio_mmio_regs,
    .reg_count = COUNT(virtio_mmio_regs),
    .read = other_read,
    .write = other_write,
    .reset = reset,
    .resumed = resumed,
};

void virtio_mmio_init(struct virtio_mmio *t, struct machine *m, const char *path, struct virtio *v, bool legacy)
{
    *t = (struct virtio_mmio){ .v = v, .legacy = legacy };
    dev_attach(&t->dev, &virtio_mmio_class, m, path);
    if (v) {
        v->changed = changed;
        v->transport = t;
    }
}
