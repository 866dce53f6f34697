/* pc_ide.c - the PC board's IDE; see pc_ide.h. */
#include "hw/boards/pc_ide.h"
#include <stdio.h>

static bool map(struct machine *m, u32 port, u32 len, const struct mmio_ops *ops, struct ide *c, struct err *e)
{
    return iobus_map(&m->io, port, len, ops, &c->dev, c->dev.path)
           || err_set(e, "no room for the ports of %s", c->dev.path);
}

/* ---- doors ---- */

static struct ide *channel_of(const struct block_door *d) { return &((struct pc_ide *)d->opaque)->channel[d->n / 2]; }
static bool door_is_open(const struct block_door *d) { return ide_tray_open(channel_of(d), d->n % 2); }
static bool door_is_locked(const struct block_door *d) { return ide_tray_locked(channel_of(d), d->n % 2); }
static bool door_open(struct block_door *d, bool force) { return ide_eject(channel_of(d), d->n % 2, force); }
static struct block *door_medium(const struct block_door *d) { return channel_of(d)->drive[d->n % 2].block; }

static struct block *door_change(struct block_door *d, struct block *b)
{
    struct pc_ide *p = d->opaque;
    p->drives[d->n].block = b;
    return ide_change(channel_of(d), d->n % 2, b);
}

static void add_drive(struct pc_ide *p, u32 n)
{
    const struct pc_ide_drive *d = &p->drives[n];
    char serial[21];
    snprintf(serial, sizeof serial, "QM%05u", n + 1);
    if (d->kind == IDE_DISK)
        ide_add_disk(&p->channel[n / 2], n % 2, d->block, d->serial ? d->serial : serial);
    if (d->kind != IDE_CD)
        return;
    ide_add_cd(&p->channel[n / 2], n % 2, d->block, d->serial ? d->serial : serial);
    p->door[n] = (struct block_door){
        .id = d->id, .kind = "ide", .opaque = p, .n = n, .read_only = true,
        .is_open = door_is_open, .is_locked = door_is_locked,
        .medium = door_medium, .open = door_open, .change = door_change,
    };
}

/* ---- building ---- */

bool pc_ide_init(struct pc_ide *p, struct machine *m, struct pci_bus *bus, const struct irq_line irq[2],
                 struct pc_ide_drive drives[PC_IDE_DRIVES], struct err *e)
{
    static const u32 ports[2] = { PC_PORT_IDE0, PC_PORT_IDE1 };
    static const u32 control[2] = { PC_PORT_IDE0_CONTROL, PC_PORT_IDE1_CONTROL };
    p->drives = drives;
    ide_init(&p->channel[0], m, "ide0");
    ide_init(&p->channel[1], m, "ide1");
    for (u32 n = 0; n < PC_IDE_DRIVES; n++)
        add_drive(p, n);
    piix_ide_init(&p->piix, m, "piix3_ide", &p->channel[0], &p->channel[1]);
    pci_plug(bus, &p->piix.pci, 1, 1);
    for (u32 n = 0; n < 2; n++) {
        p->piix.irq[n] = irq[n];
        if (!map(m, ports[n], 8, &dev_mmio, &p->channel[n], e)
            || !map(m, control[n], 1, &ide_control_mmio, &p->channel[n], e))
            return false;
    }
    return true;
}

void pc_ide_set_up(struct pci_bus *bus, u32 ports)
{
    u32 devfn = PCI_DEVFN(1, 1);
    pci_config_write(bus, devfn, 0x40, 0x80008000, 4);
    pci_config_write(bus, devfn, PCI_BAR0 + 4 * 4, ports, 4);
    pci_config_write(bus, devfn, PCI_COMMAND, PCI_CMD_IO | PCI_CMD_MASTER, 2);
}

/* Ralf Brown's CMOS list: disk types at 0x12, the first two disks' at 0x19 and 0x1b on; QEMU's firmware has the
 * translation of all four at 0x39. */
void pc_ide_fill_cmos(const struct pc_ide *p, struct mc146818 *rtc)
{
    u8 types = 0, translation = 0;
    for (u32 n = 0; n < PC_IDE_DRIVES; n++) {
        const struct ide_drive *d = &p->channel[n / 2].drive[n % 2];
        const struct ata_geometry *g = &d->geometry;
        if (d->kind != IDE_DISK)
            continue;
        translation |= (u8)(g->translation << 2 * n);
        if (n > 1)
            continue;
        const u8 vals[9] = { (u8)g->cylinders, (u8)(g->cylinders >> 8), (u8)g->heads, 0xff, 0xff,
                             0xc0 | (g->heads > 8) << 3, (u8)g->cylinders, (u8)(g->cylinders >> 8), (u8)g->sectors };
        types |= n ? 0x0f : 0xf0;
        mc146818_put(rtc, 0x19 + n, 47);
        for (u32 i = 0; i < sizeof vals; i++)
            mc146818_put(rtc, 0x1b + 9 * n + i, vals[i]);
    }
    mc146818_put(rtc, 0x12, types);
    mc146818_put(rtc, 0x39, translation);
}

void pc_ide_close(struct pc_ide_drive drives[PC_IDE_DRIVES])
{
    for (u32 n = 0; n < PC_IDE_DRIVES; n++) {
        if (drives[n].block)
            drives[n].block->close(drives[n].block);
        drives[n].block = NULL;
    }
}
