/* pc_vga.c - puts a VGA on the PC board; see pc_vga.h. */
#include "hw/boards/pc_vga.h"
#include "host/file.h"
#include "hw/boards/pc.h"

/* IBM's ports and Bochs's. */
static const struct { u32 port, len; const struct mmio_ops *ops; } ports[] = {
    { 0x3b0, 12, &vga_ports_mono }, { 0x3c0, 32, &vga_ports_color }, { 0x1ce, 4, &vga_ports_vbe },
};

bool pc_vga_add(struct vga *v, struct machine *m, struct pci_bus *bus, const char *bios, struct err *e)
{
    struct file_bytes rom = { 0 };
    if (bios && !file_read("video BIOS", bios, VGA_ROM_MAX, &rom, e))
        return false;
    bool ok = vga_init(v, m, "vga", rom.p, rom.n, e);
    file_bytes_free(&rom);
    for (u32 i = 0; ok && i < COUNT(ports); i++)
        ok = iobus_map(&m->io, ports[i].port, ports[i].len, ports[i].ops, &v->dev, "vga")
             || err_set(e, "no room for the ports of vga");
    if (!ok)
        return false;
    vga_map_window(v, &m->map, PC_VGA_HOLE);
    pci_plug(bus, &v->pci, PC_VGA_SLOT, 0);
    return true;
}
