/* vga.c - the VGA as a device: state, PCI function, registers in memory; not modelled: see vga.h. */
#include "hw/display/vga_internal.h"
#include "hw/deadline.h"
#include "hw/display/edid.h"
#include "hw/isa.h"
#include <stdlib.h>
#include <string.h>

/* BAR 2 (QEMU docs/specs/standard-vga). */
enum { BAR_MEMORY = 0, BAR_REGS = 2, REGS_SIZE = 0x1000, AT_PORTS = 0x400, AT_VBE = 0x500, AT_QEXT = 0x600 };
enum { PORTS_BYTES = 0x20, QEXT_SIZE = 8, QEXT_ORDER = 4 };
#define ORDER_LITTLE 0x1e1e1e1eu
#define ORDER_BIG    0xbebebebeu

/* ---- registers in memory ---- */

static u8 regs_byte(struct dev *d, u64 off)
{
    struct vga *v = vga_of(d);
    u8 edid[EDID_BYTES];
    if (off < EDID_BYTES) {
        edid_make(edid);
        return edid[off];
    }
    if (off - AT_PORTS < PORTS_BYTES)
        return vga_port_read(d, off - AT_PORTS + 0x10);
    if (off - AT_VBE < 2 * VGA_VBE_REGS)
        return (u8)(vga_vbe_read(v, (u32)(off - AT_VBE) / 2) >> 8 * (off & 1));
    if (off - AT_QEXT < 4)
        return (u8)(QEXT_SIZE >> 8 * (off & 3));
    if (off - AT_QEXT < QEXT_SIZE)
        return (u8)(v->s.big_endian ? ORDER_BIG : ORDER_LITTLE);
    return 0;
}

static u64 regs_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, regs_byte);
}

static void regs_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct vga *v = vga_of(d);
    if (off - AT_PORTS < PORTS_BYTES)
        isa_write(d, off - AT_PORTS + 0x10, val, MIN(size, (u32)(AT_PORTS + PORTS_BYTES - off)), vga_port_write);
    for (u32 i = 0; size >= 2 && i < size && off + i - AT_VBE < 2 * VGA_VBE_REGS; i += 2)
        vga_vbe_write(v, (u32)(off + i - AT_VBE) / 2, (u16)(val >> 8 * i));
    if (off == AT_QEXT + QEXT_ORDER && size == 4 && ((u32)val == ORDER_LITTLE || (u32)val == ORDER_BIG))
        v->s.big_endian = (u32)val == ORDER_BIG;
}

/* ---- device ---- */

static void reset(struct dev *d)
{
    struct vga *v = vga_of(d);
    v->s = (struct vga_state){ .vbe[VBE_ID] = 0xb0c5, .dac_mask = 0xff };
    if (v->pci.dev)
        pci_reset(&v->pci);
    vga_access_changed(v);
}

static void resumed(struct dev *d)
{
    struct vga *v = vga_of(d);
    pci_resumed(&v->pci);
    vga_access_changed(v);
    v->display.stale = true;
}

static void release(struct dev *d)
{
    struct vga *v = vga_of(d);
    display_free(&v->display);
    if (v->draw)
        free(v->draw->cells);
    free(v->draw);
}

static bool valid(const void *state, struct err *e)
{
    const struct vga_state *s = state;
    return pci_valid(&s->pci, e)
           && ((s->dac_step < 3 && s->attr_data < 2 && s->attr_index < 0x40 && s->seq_index < 8 && s->gfx_index < 16)
               || err_set(e, "an index is out of range"))
           && (s->vbe[VBE_BANK] < VGA_MEMORY >> 16 || err_set(e, "bank %u out of range", s->vbe[VBE_BANK]));
}

#define F(f) STATE(struct vga_state, f)
static const struct state_field fields[] = {
    PCI_ROWS(struct vga_state), F(latch), F(vbe_index), F(vbe), F(misc), F(feature), F(enable), F(seq_index),
    F(gfx_index), F(crtc_index), F(attr_index), F(attr_data), F(seq), F(gfx), F(crtc), F(attr), F(dac_mask),
    F(dac_read), F(dac_write), F(dac_step), F(dac_reading), F(dac_latch), F(dac), F(big_endian), F(pad),
};
#undef F
static const struct state_desc desc = {
    .name = "vga", STATE_DESC(struct vga_state, 1, fields), .valid = valid,
};

const struct dev_class vga_class = {
    .name = "vga", .state = &desc, .state_offset = offsetof(struct vga, s), .size = sizeof(struct vga),
    .read = regs_read, .write = regs_write, .reset = reset, .resumed = resumed, .free = release,
};

/* ---- building ---- */

static bool make_draw(struct vga *v, struct err *e)
{
    v->draw = calloc(1, sizeof *v->draw);
    if (!v->draw)
        return err_set(e, "%s: out of memory", v->dev.path);
    for (u32 n = 0; n < 256; n++)
        for (u32 i = 0; i < 8; i++)
            v->draw->bits[n] |= (u64)(n >> (7 - i) & 1) << 8 * i;
    display_init(&v->display, &vga_display_ops, v, v->dev.path);
    return true;
}

static bool make_memory(struct vga *v, struct machine *m, const u8 *rom, u64 rom_size, struct err *e)
{
    v->vram = physmap_new_obj(&m->map, "vga.memory", VGA_MEMORY, e);
    v->rom = v->vram ? physmap_new_obj(&m->map, "vga.rom", VGA_ROM_MAX, e) : NULL;
    if (!v->rom || !memobj_drawn_start(v->vram, e))
        return false;
    if (rom)
        memcpy(v->rom->host, rom, rom_size);
    return true;
}

bool vga_init(struct vga *v, struct machine *m, const char *path, const u8 *rom, u64 rom_size, struct err *e)
{
    static const struct pci_id id = { 0x1234, 0x1111, 0x1af4, 0x1100, 0x030000, 2 };
    CHECK(rom_size <= VGA_ROM_MAX);
    *v = (struct vga){ 0 };
    dev_attach(&v->dev, &vga_class, m, path);
    if (!make_draw(v, e) || !make_memory(v, m, rom, rom_size, e))
        return false;
    pci_init(&v->pci, &v->dev, &v->s.pci, &id);
    pci_bar_obj(&v->pci, BAR_MEMORY, PCI_BAR_PREFETCH, VGA_MEMORY, v->vram, REGION_RAM, "vga.memory");
    pci_bar(&v->pci, BAR_REGS, 0, REGS_SIZE, &dev_mmio, &v->dev, "vga.regs");
    pci_bar_obj(&v->pci, PCI_ROM, 0, VGA_ROM_MAX, v->rom, REGION_ROM, "vga.rom");
    reset(&v->dev);
    return true;
}
