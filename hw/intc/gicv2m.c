/* gicv2m.c - messages of PCI functions as interrupts of a GICv2; see gicv2m.h. */
#include "hw/intc/gicv2m.h"
#include "hw/deadline.h"

/* IIDR: that of QEMU's frame; no implementer whose errata drivers would know. */
enum { TYPER = 0x008, IIDR = 0xfcc, IIDR_VALUE = 0x51 << 20, ID_MASK = 0x3ff };

static struct gicv2m *self(struct dev *d)
{
    return CONTAINER_OF(d, struct gicv2m, dev);
}

bool gicv2m_set(struct gicv2m *f, u32 data)
{
    u32 n = (data & ID_MASK) - f->first;
    if (n >= f->count)
        return false;
    irq_set(&f->spi[n], true);
    irq_set(&f->spi[n], false);
    return true;
}

static u64 gicv2m_read(struct dev *d, u64 off, u32 size)
{
    const struct gicv2m *f = self(d);
    if (size == 4 && off == TYPER)
        return f->first << 16 | f->count;
    return size == 4 && off == IIDR ? IIDR_VALUE : 0;
}

static void gicv2m_write(struct dev *d, u64 off, u64 val, u32 size)
{
    if (size != 4 || off != GICV2M_SETSPI_NS)
        guest_error(d, "write of %u bytes at %#llx: read-only or no such register", size, (unsigned long long)off);
    else if (!gicv2m_set(self(d), (u32)val))
        guest_error(d, "message %#x: not an interrupt of the frame", (u32)val);
}

const struct dev_class gicv2m_class = {
    .name = "gicv2m", .size = sizeof(struct gicv2m), .read = gicv2m_read, .write = gicv2m_write,
};

void gicv2m_init(struct gicv2m *f, struct machine *m, const char *path, u32 first, u32 count)
{
    CHECK(count <= GICV2M_SPIS && first >= 32 && first + count <= 1020);
    *f = (struct gicv2m){ .first = first, .count = count };
    dev_attach(&f->dev, &gicv2m_class, m, path);
}
