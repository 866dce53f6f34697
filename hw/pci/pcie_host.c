/*
 * pcie_host.c - ECAM host bridge; not modelled: see pcie_host.h. Spec: PCI Express Base 3.0, 7.2.2.
 */
#include "hw/pci/pcie_host.h"
#include "hw/deadline.h"

static struct pcie_host *self(struct dev *d)
{
    return CONTAINER_OF(d, struct pcie_host, dev);
}

/* Bus in bits 27:20, device and function in 19:12, register in 11:0. */
static u64 ecam_read(struct dev *d, u64 off, u32 size)
{
    u32 devfn = off >> 12 & 0xff, reg = off & 0xfff;
    if (size == 8)
        return ecam_read(d, off, 4) | ecam_read(d, off + 4, 4) << 32;
    return off >> 20 ? ~0ull : pci_config_read(&self(d)->bus, devfn, reg, size);
}

static void ecam_write(struct dev *d, u64 off, u64 val, u32 size)
{
    u32 devfn = off >> 12 & 0xff, reg = off & 0xfff;
    if (size == 8) {
        ecam_write(d, off, (u32)val, 4);
        ecam_write(d, off + 4, val >> 32, 4);
    } else if (!(off >> 20)) {
        pci_config_write(&self(d)->bus, devfn, reg, (u32)val, size);
    }
}

static u64 pio_read(void *opaque, u64 off, u32 size)
{
    struct machine *m = opaque;
    if (size == 8)
        return pio_read(m, off, 4) | pio_read(m, off + 4, 4) << 32;
    return iobus_read(&m->io, (u32)off, size);
}
static void pio_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct machine *m = opaque;
    iobus_write(&m->io, (u32)off, (u32)val, MIN(size, 4));
    if (size == 8)
        iobus_write(&m->io, (u32)off + 4, (u32)(val >> 32), 4);
}
const struct mmio_ops pcie_host_pio = { pio_read, pio_write };

static void reset(struct dev *d)
{
    pci_reset(&self(d)->pci);
}
static void resumed(struct dev *d)
{
    pci_resumed(&self(d)->pci);
}
static bool valid(const void *state, struct err *e)
{
    return pci_valid(&((const struct pcie_host_state *)state)->pci, e);
}

static const struct state_field pcie_host_fields[] = { PCI_ROWS(struct pcie_host_state) };
static const struct state_desc pcie_host_desc = {
    .name = "pcie-host", STATE_DESC(struct pcie_host_state, 1, pcie_host_fields), .valid = valid,
};

const struct dev_class pcie_host_class = {
    .name = "pcie-host", .state = &pcie_host_desc, .state_offset = offsetof(struct pcie_host, s),
    .size = sizeof(struct pcie_host), .read = ecam_read, .write = ecam_write, .reset = reset, .resumed = resumed,
};

void pcie_host_init(struct pcie_host *h, struct machine *m, const char *path)
{
    static const struct pci_id id = { .vendor = 0x1b36, .device = 0x0008, .subvendor = 0x1af4, .subdevice = 0x1100,
                                      .class = 0x060000 };
    *h = (struct pcie_host){ .bus = { .m = m, .port_0 = true } };
    dev_attach(&h->dev, &pcie_host_class, m, path);
    pci_init(&h->pci, &h->dev, &h->s.pci, &id);
    pci_plug(&h->bus, &h->pci, 0, 0);
}
