/*
 * pci_msi.c - message-signalled interrupts: MSI and MSI-X; not modelled: see pci.h. Spec: PCI Local Bus 3.0, 6.8.
 */
#include "base/bits.h"
#include "hw/pci/pci.h"

/* Offsets in the capabilities */
enum { CONTROL = 2, MSI_ADDR = 4, MSI_ADDR_HIGH = 8, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20, MSI_BYTES = 24 };
enum { MSIX_TABLE = 4, MSIX_PBA = 8, MSIX_BYTES = 12 };
enum { MSI_ENABLE = 1, MSI_64 = 1 << 7, MSI_MASKS = 1 << 8 };
enum { MSIX_ENABLE = 1 << 15, MSIX_MASK_ALL = 1 << 14 };
enum { ENTRY_MASKED = 1 };

static u16 control(const struct pci_dev *p, u32 cap)
{
    return load_le16(p->s->config + cap + CONTROL);
}

bool pci_msi_on(const struct pci_dev *p)
{
    return p->msi && control(p, p->msi) & MSI_ENABLE;
}
bool pci_msix_on(const struct pci_dev *p)
{
    return p->msix && control(p, p->msix) & MSIX_ENABLE;
}

static void send(struct pci_dev *p, gpa addr, u32 data)
{
    struct pci_bus *bus = p->bus;
    if (!(pci_command(p) & PCI_CMD_MASTER))
        guest_error(p->dev, "a message, but the function is not bus master");
    else if (!bus || !bus->msi || !bus->msi(bus->msi_opaque, addr, data))
        guest_error(p->dev, "message %#x to %#llx: nobody takes it", data, (unsigned long long)addr);
}

/* ---- MSI-X ---- */

static bool is_masked(const struct pci_dev *p, u32 n)
{
    return control(p, p->msix) & MSIX_MASK_ALL || p->s->msix[4 * n + 3] & ENTRY_MASKED;
}

static void notify_msix(struct pci_dev *p, u32 n)
{
    if (n >= p->msix_count)
        return;
    const u32 *entry = &p->s->msix[4 * n];
    if (is_masked(p, n))
        p->s->msix_pending |= 1ull << n;
    else
        send(p, entry[0] | (u64)entry[1] << 32, entry[2]);
}

static void look_msix(struct pci_dev *p)
{
    u64 due = p->s->msix_pending;
    for (u32 n = 0; due && pci_msix_on(p) && n < p->msix_count; n++) {
        if (!(due >> n & 1) || is_masked(p, n))
            continue;
        p->s->msix_pending &= ~(1ull << n);
        notify_msix(p, n);
    }
}

static u64 table_read(void *opaque, u64 off, u32 size)
{
    struct pci_dev *p = opaque;
    u64 val = 0;
    if (size > 4)
        return table_read(p, off, 4) | table_read(p, off + 4, 4) << 32;
    if (off < 16 * p->msix_count)
        val = p->s->msix[off / 4];
    else if (off >= PCI_MSIX_PBA && off < PCI_MSIX_PBA + 8)
        val = p->s->msix_pending >> 8 * (off & 4);
    return val >> 8 * (off & 3);
}

static void table_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct pci_dev *p = opaque;
    if (size == 8) {
        table_write(p, off, (u32)val, 4);
        table_write(p, off + 4, val >> 32, 4);
        return;
    }
    if (size != 4 || off & 3 || off >= 16 * p->msix_count) {
        guest_error(p->dev, "write of %u bytes at %#llx of the MSI-X table", size, (unsigned long long)off);
        return;
    }
    u32 n = (u32)off / 4;
    p->s->msix[n] = (u32)val & (n % 4 == 0 ? ~3u : n % 4 == 3 ? ENTRY_MASKED : ~0u);
    look_msix(p);
}

static const struct mmio_ops table_ops = { table_read, table_write };

void pci_msix(struct pci_dev *p, u32 bar, u32 count, const char *name)
{
    CHECK(count && count <= PCI_MSIX_MAX && !p->msix);
    p->msix = pci_cap(p, PCI_CAP_MSIX, MSIX_BYTES);
    p->msix_count = count;
    pci_put16(p, p->msix + CONTROL, (u16)(count - 1), MSIX_ENABLE | MSIX_MASK_ALL);
    pci_put32(p, p->msix + MSIX_TABLE, bar, 0);
    pci_put32(p, p->msix + MSIX_PBA, PCI_MSIX_PBA | bar, 0);
    pci_bar(p, bar, 0, PCI_MSIX_BAR, &table_ops, p, name);
}

/* ---- MSI ---- */

static u32 msi_vectors(const struct pci_dev *p)
{
    u32 enabled = 1u << (control(p, p->msi) >> 4 & 7);
    return MIN(enabled, p->msi_count);
}

static void notify_msi(struct pci_dev *p, u32 n)
{
    u8 *c = p->s->config + p->msi;
    u32 count = msi_vectors(p);
    n = n < count ? n : 0; /* the driver got fewer than it could have */
    if (load_le32(c + MSI_MASK) >> n & 1) {
        store_le32(c + MSI_PENDING, load_le32(c + MSI_PENDING) | 1u << n);
        return;
    }
    u32 data = (load_le16(c + MSI_DATA) & ~(count - 1)) | n;
    send(p, load_le32(c + MSI_ADDR) | (u64)load_le32(c + MSI_ADDR_HIGH) << 32, data);
}

static void look_msi(struct pci_dev *p)
{
    u8 *c = p->s->config + p->msi;
    u32 due = load_le32(c + MSI_PENDING) & ~load_le32(c + MSI_MASK);
    for (u32 n = 0; due && n < 32; n++) {
        if (!(due >> n & 1))
            continue;
        store_le32(c + MSI_PENDING, load_le32(c + MSI_PENDING) & ~(1u << n));
        notify_msi(p, n);
    }
}

void pci_msi(struct pci_dev *p, u32 count)
{
    CHECK(is_pow2(count) && count <= 32 && !p->msi);
    p->msi = pci_cap(p, PCI_CAP_MSI, MSI_BYTES);
    p->msi_count = count;
    pci_put16(p, p->msi + CONTROL, (u16)(MSI_64 | MSI_MASKS | __builtin_ctz(count) << 1), MSI_ENABLE | 7 << 4);
    pci_put32(p, p->msi + MSI_ADDR, 0, ~3u);
    pci_put32(p, p->msi + MSI_ADDR_HIGH, 0, ~0u);
    pci_put16(p, p->msi + MSI_DATA, 0, 0xffff);
    pci_put32(p, p->msi + MSI_MASK, 0, (u32)bits_mask(count));
}

/* ---- both ---- */

void pci_notify(struct pci_dev *p, u32 vector)
{
    if (pci_msix_on(p))
        notify_msix(p, vector);
    else if (pci_msi_on(p))
        notify_msi(p, vector);
}

void pci_msi_look(struct pci_dev *p)
{
    look_msix(p);
    if (pci_msi_on(p))
        look_msi(p);
}
