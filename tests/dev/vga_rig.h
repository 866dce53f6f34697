/*
 * vga_rig.h - a VGA with its ports, its window at A0000 and a PCI bus, and the register sets of the usual modes.
 */
#pragma once
#include "hw/display/vga.h"
#include "tests/dev/rig.h"

#define WINDOW 0xa0000ull
#define LFB    0xe0000000ull
#define REGS   0xe1000000ull
enum { MISC = 0x3c2, SEQ = 0x3c4, GFX = 0x3ce, CRTC = 0x3d4, ATTR = 0x3c0, STATUS = 0x3da, DAC_WRITE = 0x3c8,
    DAC = 0x3c9 };

struct vga_rig {
    struct rig     r;
    struct pci_bus bus;
    struct vga     v;
    u64            seed;
    u8             dac[256][3]; /* as the test set it */
};

static inline void out(struct vga_rig *f, u32 port, u32 val) { iobus_write(&f->r.m->io, port, val, 1); }
static inline u8 in(struct vga_rig *f, u32 port) { return (u8)iobus_read(&f->r.m->io, port, 1); }
static inline void out16(struct vga_rig *f, u32 port, u32 val) { iobus_write(&f->r.m->io, port, val, 2); }
static inline void at_index(struct vga_rig *f, u32 port, u32 n, u32 val)
{
    out(f, port, n);
    out(f, port + 1, val);
}
static inline u8 read_index(struct vga_rig *f, u32 port, u32 n)
{
    out(f, port, n);
    return in(f, port + 1);
}
static inline void attr(struct vga_rig *f, u32 n, u32 val)
{
    in(f, STATUS);
    out(f, ATTR, n);
    out(f, ATTR, val);
}
static inline void unblank(struct vga_rig *f)
{
    in(f, STATUS);
    out(f, ATTR, 0x20);
}
static inline void vbe(struct vga_rig *f, u32 n, u32 val)
{
    out16(f, 0x1ce, n);
    out16(f, 0x1cf, val);
}
static inline u16 read_vbe(struct vga_rig *f, u32 n)
{
    out16(f, 0x1ce, n);
    return (u16)iobus_read(&f->r.m->io, 0x1cf, 2);
}
static inline void poke(struct vga_rig *f, gpa a, u64 val, u32 size)
{
    assert_true(physmap_bus_write(&f->r.m->map, a, size, val));
}
static inline u64 peek(struct vga_rig *f, gpa a, u32 size)
{
    u64 val = 0;
    assert_true(physmap_bus_read(&f->r.m->map, a, size, &val));
    return val;
}

static inline void rig_open(struct vga_rig *f)
{
    struct err e;
    struct iobus *io;
    static const u8 rom[] = { 0x55, 0xaa, 1, 2, 3 };
    rig_start(&f->r);
    io = &f->r.m->io;
    f->bus.m = f->r.m;
    if (!vga_init(&f->v, f->r.m, "vga", rom, sizeof rom, &e))
        fail_msg("%s", e.msg);
    assert_true(iobus_map(io, 0x3b0, 12, &vga_ports_mono, &f->v.dev, "mono"));
    assert_true(iobus_map(io, 0x3c0, 32, &vga_ports_color, &f->v.dev, "color"));
    assert_true(iobus_map(io, 0x1ce, 4, &vga_ports_vbe, &f->v.dev, "vbe"));
    vga_map_window(&f->v, &f->r.m->map, WINDOW);
    pci_plug(&f->bus, &f->v.pci, 2, 0);
    pci_config_write(&f->bus, PCI_DEVFN(2, 0), PCI_BAR0, (u32)LFB, 4);
    pci_config_write(&f->bus, PCI_DEVFN(2, 0), PCI_BAR0 + 8, (u32)REGS, 4);
    pci_config_write(&f->bus, PCI_DEVFN(2, 0), PCI_COMMAND, PCI_CMD_IO | PCI_CMD_MEM, 2);
    f->seed = 0x9e3779b97f4a7c15;
}
static inline void rig_close(struct vga_rig *f)
{
    rig_end(&f->r);
}
static inline int rig_setup(void **state)
{
    struct vga_rig *f = calloc(1, sizeof *f);
    rig_open(f);
    *state = f;
    return 0;
}
static inline int rig_teardown(void **state)
{
    rig_close(*state);
    free(*state);
    return 0;
}
static inline u64 rnd(struct vga_rig *f) { return rig_random(&f->seed); }

/* A DAC in which every entry is another colour. */
static inline void set_dac(struct vga_rig *f)
{
    out(f, 0x3c6, 0xff);
    out(f, DAC_WRITE, 0);
    for (u32 n = 0; n < 256; n++)
        for (u32 k = 0; k < 3; k++) {
            f->dac[n][k] = (u8)(k == 0 ? n & 63 : k == 1 ? (63 - n) & 63 : (n >> 2 ^ n * 7) & 63);
            out(f, DAC, f->dac[n][k]);
        }
}

/* ---- register sets, as tables of video BIOSes have them ---- */

struct vga_mode {
    u8 misc, seq[5], crtc[25], gfx[9], attr[21];
};
#define EGA_PALETTE 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f
static const struct vga_mode mode_text = { /* 3: 80 x 25, 720 x 400 */
    0x67, { 3, 0, 3, 0, 2 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x1f,
      0x96, 0xb9, 0xa3, 0xff },
    { 0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff }, { EGA_PALETTE, 0x0c, 0, 0x0f, 8, 0 },
};
static const struct vga_mode mode_planar = { /* 12: 640 x 480, 16 colours */
    0xe3, { 3, 1, 15, 0, 6 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0, 0x40, 0, 0, 0, 0, 0, 0, 0xea, 0x8c, 0xdf, 0x28, 0, 0xe7, 4,
      0xe3, 0xff },
    { 0, 0, 0, 0, 0, 0, 5, 15, 0xff }, { EGA_PALETTE, 1, 0, 15, 0, 0 },
};
static const struct vga_mode mode_chained = { /* 13: 320 x 200, 256 colours */
    0x63, { 3, 1, 15, 0, 14 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0x41, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96,
      0xb9, 0xa3, 0xff },
    { 0, 0, 0, 0, 0, 0x40, 5, 15, 0xff }, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 15, 0, 0 },
};
static const struct vga_mode mode_cga4 = { /* 4: 320 x 200, 4 colours */
    0x63, { 3, 9, 3, 0, 2 },
    { 0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x14, 0, 0x96,
      0xb9, 0xa2, 0xff },
    { 0, 0, 0, 0, 0, 0x30, 15, 0, 0xff },
    { 0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 3, 0, 0 },
};
static const struct vga_mode mode_cga6 = { /* 6: 640 x 200, 2 colours */
    0x63, { 3, 1, 1, 0, 6 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0, 0x96,
      0xb9, 0xc2, 0xff },
    { 0, 0, 0, 0, 0, 0, 13, 0, 0xff },
    { 0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 1, 0, 1, 0, 0 },
};

static inline void set_mode(struct vga_rig *f, const struct vga_mode *m)
{
    out(f, MISC, m->misc);
    for (u32 i = 0; i < 5; i++)
        at_index(f, SEQ, i, m->seq[i]);
    at_index(f, CRTC, 0x11, 0);
    for (u32 i = 0; i < 25; i++)
        at_index(f, CRTC, i, m->crtc[i]);
    for (u32 i = 0; i < 9; i++)
        at_index(f, GFX, i, m->gfx[i]);
    for (u32 i = 0; i < 21; i++)
        attr(f, i, m->attr[i]);
    unblank(f);
}
