/*
 * pci.c - configuration space, mapping of BARs, INTx; not modelled: see pci.h. Spec: PCI Local Bus 3.0, chapter 6.
 */
#include "hw/pci/pci.h"
#include "base/bits.h"
#include <string.h>

#define CAPS_FROM 0x40u

/* ---- building ---- */

void pci_put16(struct pci_dev *p, u32 off, u16 val, u16 writable)
{
    store_le16(p->config + off, val);
    store_le16(p->writable + off, writable);
}

void pci_put32(struct pci_dev *p, u32 off, u32 val, u32 writable)
{
    store_le32(p->config + off, val);
    store_le32(p->writable + off, writable);
}

void pci_init(struct pci_dev *p, struct dev *d, struct pci_state *s, const struct pci_id *id)
{
    *p = (struct pci_dev){ .dev = d, .s = s, .cap_next = CAPS_FROM };
    pci_put16(p, PCI_VENDOR, id->vendor, 0);
    pci_put16(p, PCI_DEVICE, id->device, 0);
    pci_put16(p, PCI_COMMAND, 0, 0x547); /* I/O, memory, master, parity, SERR#, no INTx */
    pci_put32(p, PCI_REVISION, id->class << 8 | id->revision, 0);
    pci_put16(p, PCI_SUBVENDOR, id->subvendor, 0);
    pci_put16(p, PCI_SUBDEVICE, id->subdevice, 0);
    p->writable[PCI_CACHE_LINE] = 0xff;
    p->writable[PCI_INT_LINE] = 0xff;
    memcpy(s->config, p->config, sizeof s->config);
}

static struct pci_dev *find(const struct pci_bus *bus, u32 devfn)
{
    for (u32 i = 0; i < bus->count; i++)
        if (bus->fn[i]->devfn == devfn)
            return bus->fn[i];
    return NULL;
}

void pci_plug(struct pci_bus *bus, struct pci_dev *p, u32 slot, u32 fn)
{
    u32 at = bus->count;
    CHECK(bus->count < PCI_FUNCTIONS && slot < 32 && fn < 8 && !find(bus, PCI_DEVFN(slot, fn)));
    p->bus = bus;
    p->devfn = PCI_DEVFN(slot, fn);
    for (; at && bus->fn[at - 1]->devfn > p->devfn; at--)
        bus->fn[at] = bus->fn[at - 1];
    bus->fn[at] = p;
    bus->count++;
    pci_reset(p);
}

static u32 bar_offset(u32 n)
{
    return n == PCI_ROM ? PCI_ROM_BASE : PCI_BAR0 + 4 * n;
}

static struct pci_bar *add_bar(struct pci_dev *p, u32 n, u32 flags, u64 size, const char *name)
{
    CHECK(n < PCI_BARS && !p->bar[n].size && is_pow2(size) && size >= (flags & PCI_BAR_IO ? 4 : 16));
    CHECK(flags & PCI_BAR_MEM64 ? n < 5 : size <= (flags & PCI_BAR_IO ? 0x100 : 1u << 31));
    p->bar[n] = (struct pci_bar){ .size = size, .flags = flags, .name = name };
    pci_put32(p, bar_offset(n), flags, (u32)~(size - 1) | (n == PCI_ROM));
    if (flags & PCI_BAR_MEM64)
        pci_put32(p, bar_offset(n + 1), 0, (u32)(~(size - 1) >> 32));
    return &p->bar[n];
}

void pci_bar(struct pci_dev *p, u32 n, u32 flags, u64 size, const struct mmio_ops *ops, void *opaque,
    const char *name)
{
    struct pci_bar *b = add_bar(p, n, flags, size, name);
    b->ops = ops;
    b->opaque = opaque;
}

void pci_bar_obj(struct pci_dev *p, u32 n, u32 flags, u64 size, struct memobj *o, enum region_kind kind,
    const char *name)
{
    CHECK(!(flags & PCI_BAR_IO) && size >= PAGE_SIZE && size <= o->size);
    struct pci_bar *b = add_bar(p, n, flags, size, name);
    b->obj = o;
    b->kind = kind;
}

u32 pci_cap(struct pci_dev *p, u8 id, u32 size)
{
    u32 at = p->cap_next;
    CHECK(at + size <= PCI_CONFIG);
    p->config[at] = id;
    p->config[at + 1] = p->config[PCI_CAPS];
    p->config[PCI_CAPS] = (u8)at;
    p->config[PCI_STATUS] |= PCI_STATUS_CAPS;
    p->cap_next = (u32)align_up(at + size, 4);
    return at;
}

/* ---- mapping ---- */

/* The bridge passes it on. */
static bool in_window(const struct pci_bus *bus, gpa a, u64 size)
{
    const struct pci_window *w = bus->mem;
    if (!w[0].size && !w[1].size)
        return true;
    for (u32 i = 0; i < COUNT(bus->mem); i++)
        if (size <= w[i].size && a >= w[i].base && a - w[i].base <= w[i].size - size)
            return true;
    return false;
}

/* Where the registers put a BAR. At 0 it is off, unless the board says that ports begin there. */
static gpa wanted(const struct pci_dev *p, u32 n)
{
    const struct pci_bar *b = &p->bar[n];
    const u8 *reg = p->s->config + bar_offset(n);
    bool io = b->flags & PCI_BAR_IO;
    if (!b->size || !(pci_command(p) & (io ? PCI_CMD_IO : PCI_CMD_MEM)) || (n == PCI_ROM && !(reg[0] & 1)))
        return PCI_NOWHERE;
    gpa a = load_le32(reg) | (b->flags & PCI_BAR_MEM64 ? (u64)load_le32(reg + 4) << 32 : 0);
    a &= ~(b->size - 1);
    if (!a && !(io && p->bus->port_0))
        return PCI_NOWHERE;
    return (io ? a < 0x10000 : in_window(p->bus, a, b->size)) ? a : PCI_NOWHERE;
}

static bool ports_free(const struct iobus *io, u64 base, u64 size)
{
    for (u32 i = 0; i < io->count; i++)
        if (io->ranges[i].base < base + size && base < io->ranges[i].base + io->ranges[i].len)
            return false;
    return true;
}

static bool map_ports(struct machine *m, struct pci_bar *b)
{
    return ports_free(&m->io, b->want, b->size)
           && iobus_map(&m->io, (u32)b->want, (u32)b->size, b->ops, b->opaque, b->name);
}

static bool map_memory(struct machine *m, struct pci_bar *b)
{
    if (!physmap_is_free(&m->map, b->want, b->size))
        return false;
    if (b->obj)
        physmap_map_obj(&m->map, b->kind, b->want, b->size, b->obj, 0, b->ops, b->opaque, b->name);
    else
        physmap_map_mmio(&m->map, b->want, b->size, b->ops, b->opaque, b->name);
    return true;
}

static void map(struct pci_dev *p, struct pci_bar *b)
{
    if (!b->size || b->want == PCI_NOWHERE)
        return;
    b->mapped = b->flags & PCI_BAR_IO ? map_ports(p->bus->m, b) : map_memory(p->bus->m, b);
    b->at = b->want;
    if (!b->mapped)
        guest_error(p->dev, "%s at %#llx: something else is there", b->name, (unsigned long long)b->want);
}

static void unmap(struct machine *m, struct pci_bar *b)
{
    if (!b->mapped)
        return;
    if (b->flags & PCI_BAR_IO)
        iobus_unmap(&m->io, (u32)b->at, b->opaque);
    else
        CHECK(physmap_unmap(&m->map, b->at));
    b->mapped = false;
}

#define EACH_BAR(bus, p, b)                                                                          \
    for (struct pci_dev **p_ = (bus)->fn, *p; p_ < (bus)->fn + (bus)->count && (p = *p_, true); p_++) \
        for (struct pci_bar *b = p->bar; b < p->bar + PCI_BARS; b++)

/* All BARs anew when one of them moved: so the winner of an overlap is always the same. */
static void update(struct pci_bus *bus)
{
    bool moved = false;
    EACH_BAR(bus, p, b) {
        gpa want = wanted(p, (u32)(b - p->bar));
        moved |= want != b->want;
        b->want = want;
    }
    if (!moved || !bus->m)
        return;
    EACH_BAR(bus, p, b)
        unmap(bus->m, b);
    EACH_BAR(bus, p, b)
        map(p, b);
}

/* ---- INTx ---- */

static bool drives(const struct pci_dev *p, u32 line)
{
    u32 pin = p->config[PCI_INT_PIN];
    return p->s->intx && pin && !(pci_command(p) & PCI_CMD_NO_INTX)
           && ((p->devfn >> 3) + pin - 1 + p->bus->swizzle) % 4 == line;
}

/* Pins are wired together over the slots, each slot one further. */
static void drive(struct pci_bus *bus)
{
    for (u32 line = 0; line < 4; line++) {
        bool level = false;
        for (u32 i = 0; i < bus->count; i++)
            level |= drives(bus->fn[i], line);
        irq_set(&bus->intx[line], level);
    }
}

void pci_set_intx(struct pci_dev *p, bool level)
{
    if (p->s->intx == level)
        return;
    p->s->intx = level;
    if (p->bus)
        drive(p->bus);
}

/* ---- configuration accesses ---- */

u32 pci_config_read(struct pci_bus *bus, u32 devfn, u32 off, u32 size)
{
    struct pci_dev *p = find(bus, devfn);
    u32 val = 0;
    if (!p || off + size > PCI_CONFIG)
        return ~0u >> (32 - 8 * size);
    if (p->reading)
        p->reading(p, off, size);
    memcpy(&val, p->s->config + off, size);
    if (p->s->intx && off <= PCI_STATUS && PCI_STATUS < off + size)
        val |= (u32)PCI_STATUS_INTX << 8 * (PCI_STATUS - off);
    return val;
}

void pci_config_write(struct pci_bus *bus, u32 devfn, u32 off, u32 val, u32 size)
{
    struct pci_dev *p = find(bus, devfn);
    if (!p || off + size > PCI_CONFIG)
        return;
    for (u32 i = 0; i < size; i++) {
        u8 w = p->writable[off + i], *at = &p->s->config[off + i];
        *at = (u8)((*at & ~w) | (val >> 8 * i & w));
    }
    if (off < CAPS_FROM) { /* the header */
        update(bus);
        drive(bus);
    }
    pci_msi_look(p);
    if (p->written)
        p->written(p, off, size);
}

/* ---- life ---- */

void pci_reset(struct pci_dev *p)
{
    *p->s = (struct pci_state){ 0 };
    memcpy(p->s->config, p->config, sizeof p->config);
    for (u32 i = 0; i < p->msix_count; i++)
        p->s->msix[4 * i + 3] = 1; /* masked */
    if (!p->bus)
        return;
    update(p->bus);
    drive(p->bus);
}

void pci_resumed(struct pci_dev *p)
{
    if (!p->bus)
        return;
    update(p->bus);
    drive(p->bus);
}

bool pci_valid(const struct pci_state *s, struct err *e)
{
    return (s->intx <= 1 && !(s->msix_pending >> PCI_MSIX_MAX))
           || err_set(e, "PCI: pin %u or pending vectors %#llx out of range", s->intx,
               (unsigned long long)s->msix_pending);
}
