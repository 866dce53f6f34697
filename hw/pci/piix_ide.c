/*
 * piix_ide.c - PIIX3 IDE function: bus master registers and region descriptors; not modelled: see piix_ide.h.
 *
 * Sources: Intel 82371SB datasheet (290550), 2.3 and 2.7; Programming Interface for Bus Master IDE Controller, 1.0.
 * Descriptors are in guest memory and hostile: a table ends with its 64 KiB page at the latest, and what is not RAM
 * stops the engine with its error bit. A transfer that outlasts its table waits, as the drive does.
 */
#include "hw/pci/piix_ide.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { COM_START = 1, COM_READ = 8 };
enum { STA_ACTIVE = 1, STA_ERROR = 2, STA_INT = 4, STA_DRIVES = 0x60 };
enum { PRD_LAST = 0x80 };
enum { BAR_PORTS = 4, PORTS = 16 };

static struct piix_ide *self(struct dev *d)
{
    return CONTAINER_OF(d, struct piix_ide, dev);
}

/* ---- the engine ---- */

static void stop(struct piix_ide *p, u32 n, bool error)
{
    p->s.status[n] = (p->s.status[n] & (u8)~STA_ACTIVE) | (error ? STA_ERROR : 0);
    p->s.left[n] = 0;
}

static bool next_region(struct piix_ide *p, u32 n)
{
    u8 d[8];
    if (p->s.last[n]) {
        stop(p, n, false);
        return false;
    }
    if (!p->dev.m || !machine_dma_read(p->dev.m, p->s.next[n], d, sizeof d)) {
        guest_error(&p->dev, "channel %u: descriptor at %#x is not in RAM", n, p->s.next[n]);
        stop(p, n, true);
        return false;
    }
    u32 count = load_le16(d + 4) & ~1u;
    p->s.addr[n] = load_le32(d) & ~1u;
    p->s.left[n] = count ? count : 0x10000;
    p->s.next[n] += 8;
    p->s.last[n] = d[7] & PRD_LAST || !(p->s.next[n] & 0xffff);
    return true;
}

static bool copy(struct piix_ide *p, u32 n, u8 *buf, u32 len, bool to_memory)
{
    struct machine *m = p->dev.m;
    gpa a = p->s.addr[n];
    if (to_memory ? machine_dma_write(m, a, buf, len) : machine_dma_read(m, a, buf, len))
        return true;
    guest_error(&p->dev, "channel %u: %u bytes at %#x are not all RAM", n, len, p->s.addr[n]);
    stop(p, n, true);
    return false;
}

static bool runs(const struct piix_ide *p, u32 n)
{
    return p->s.status[n] & STA_ACTIVE && pci_command(&p->pci) & PCI_CMD_MASTER;
}

static u32 move(void *opaque, u8 *buf, u32 len, bool to_memory)
{
    const struct piix_ide_port *port = opaque;
    struct piix_ide *p = port->p;
    u32 n = port->n, at = 0;
    while (at < len && runs(p, n)) {
        if (!p->s.left[n] && !next_region(p, n))
            break;
        u32 k = MIN(p->s.left[n], len - at);
        if (!copy(p, n, buf + at, k, to_memory))
            break;
        at += k;
        p->s.addr[n] += k;
        p->s.left[n] -= k;
        if (!p->s.left[n] && p->s.last[n])
            stop(p, n, false);
    }
    return at;
}

/* ---- interrupts ---- */

/* 2.7.2: the rising edge of a drive's interrupt is latched. */
static void set_line(void *opaque, u32 n, bool level)
{
    struct piix_ide *p = opaque;
    if (level && !p->s.line[n])
        p->s.status[n] |= STA_INT;
    p->s.line[n] = level;
    irq_set(&p->irq[n], level);
}

/* ---- registers, 2.7 ---- */

static u8 port_read(struct dev *d, u64 off)
{
    const struct piix_ide_state *s = &self(d)->s;
    u32 n = off >> 3 & 1, reg = off & 7;
    if (reg >= 4)
        return (u8)(s->table[n] >> 8 * (reg - 4));
    return reg == 0 ? s->command[n] : reg == 2 ? s->status[n] : 0xff;
}

static void set_command(struct piix_ide *p, u32 n, u8 val)
{
    u8 was = p->s.command[n];
    p->s.command[n] = val & (COM_START | COM_READ);
    if (!(val & COM_START)) {
        stop(p, n, false);
    } else if (!(was & COM_START)) {
        p->s.next[n] = p->s.table[n];
        p->s.left[n] = 0;
        p->s.last[n] = 0;
        p->s.status[n] |= STA_ACTIVE;
        ide_dma_ready(p->channel[n]);
    }
}

static void port_write(struct dev *d, u64 off, u8 val)
{
    struct piix_ide_state *s = &self(d)->s;
    u32 n = off >> 3 & 1, reg = off & 7;
    if (reg >= 4)
        s->table[n] = (u32)bits_set(s->table[n], 8 * (reg - 4), 8, val) & ~3u;
    else if (reg == 0)
        set_command(self(d), n, val);
    else if (reg == 2)
        s->status[n] = (s->status[n] & STA_ACTIVE) | (val & STA_DRIVES)
                       | (s->status[n] & (u8)~val & (STA_ERROR | STA_INT));
}

static u64 ports_read(struct dev *d, u64 off, u32 size) { return isa_read(d, off, size, port_read); }
static void ports_write(struct dev *d, u64 off, u64 val, u32 size) { isa_write(d, off, val, size, port_write); }

/* The master enable bit may be what a transfer waits for. */
static void config_written(struct pci_dev *pci, u32 off, u32 size)
{
    struct piix_ide *p = self(pci->dev);
    (void)size;
    for (u32 n = 0; off <= PCI_COMMAND && n < 2; n++)
        if (runs(p, n))
            ide_dma_ready(p->channel[n]);
}

/* ---- the device ---- */

static void piix_ide_reset(struct dev *d)
{
    struct piix_ide *p = self(d);
    u8 line[2] = { p->s.line[0], p->s.line[1] };
    pci_reset(&p->pci);
    p->s = (struct piix_ide_state){ .pci = p->s.pci, .line = { line[0], line[1] } };
}

static void piix_ide_resumed(struct dev *d)
{
    pci_resumed(&self(d)->pci);
    for (u32 n = 0; n < 2; n++)
        irq_set(&self(d)->irq[n], self(d)->s.line[n]);
}

static bool piix_ide_valid(const void *state, struct err *e)
{
    const struct piix_ide_state *s = state;
    for (u32 n = 0; n < 2; n++)
        if (s->left[n] > 0x10000 || s->last[n] > 1 || s->line[n] > 1)
            return err_set(e, "channel %u: a region of %u bytes, line %u", n, s->left[n], s->line[n]);
    return pci_valid(&s->pci, e);
}

#define F(f) STATE(struct piix_ide_state, f)
static const struct state_field piix_ide_fields[] = {
    PCI_ROWS(struct piix_ide_state), F(table), F(next), F(addr), F(left), F(last), F(command), F(status), F(line),
};
#undef F
static const struct state_desc piix_ide_desc = {
    .name = "piix-ide", STATE_DESC(struct piix_ide_state, 1, piix_ide_fields), .valid = piix_ide_valid,
};

const struct dev_class piix_ide_class = {
    .name = "piix-ide", .state = &piix_ide_desc, .state_offset = offsetof(struct piix_ide, s),
    .size = sizeof(struct piix_ide), .read = ports_read, .write = ports_write, .reset = piix_ide_reset,
    .resumed = piix_ide_resumed,
};

void piix_ide_init(struct piix_ide *p, struct machine *m, const char *path, struct ide *primary,
                   struct ide *secondary)
{
    static const struct pci_id id = { .vendor = 0x8086, .device = 0x7010, .subvendor = 0x1af4, .subdevice = 0x1100,
                                      .class = 0x010180 };
    *p = (struct piix_ide){ .channel = { primary, secondary } };
    dev_attach(&p->dev, &piix_ide_class, m, path);
    pci_init(&p->pci, &p->dev, &p->s.pci, &id);
    p->pci.written = config_written;
    pci_put16(&p->pci, PCI_COMMAND, 0, PCI_CMD_IO | PCI_CMD_MASTER);
    pci_put16(&p->pci, PCI_STATUS, 0x280, 0);
    pci_put32(&p->pci, 0x40, 0, 0xffffffff); /* IDETIM of both channels */
    p->pci.writable[0x44] = 0xff;            /* SIDETIM */
    pci_bar(&p->pci, BAR_PORTS, PCI_BAR_IO, PORTS, &dev_mmio, &p->dev, "bus master IDE");
    for (u32 n = 0; n < 2; n++) {
        p->port[n] = (struct piix_ide_port){ p, n };
        p->channel[n]->dma = (struct ide_dma){ move, &p->port[n] };
        p->channel[n]->irq = (struct irq_line){ set_line, p, n };
    }
    pci_reset(&p->pci);
}
