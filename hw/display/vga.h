/*
 * vga.h - a VGA with Bochs's VBE registers and a linear framebuffer, as QEMU's `-vga std` has it: PCI 1234:1111.
 *
 * BAR 0: video memory; BAR 2: registers (EDID at 0, ports 3C0 to 3DF at 0x400, VBE at 0x500, byte order at 0x600);
 * ROM BAR: the video BIOS. The board maps vga_ports_mono over ports 3B0 to 3BB, vga_ports_color over 3C0 to 3DF,
 * vga_ports_vbe over the four from 1CE on, and says where the 128 KiB of the legacy window are.
 *
 * Memory is four planes: byte p of the 32-bit word n is plane p at offset n. A chain-4 address names a byte of that
 * sequence, so that the window in chain-4 modes, the banks and the linear framebuffer show the same bytes in the
 * same order (as in SVGA chips; a first VGA leaves three of four offsets out). Where register settings make the
 * window plain memory, it is mapped as such: reads there leave the latches alone.
 *
 * Spec: IBM Personal System/2 Hardware Interface Technical Reference, Video Subsystem (1992); Bochs's VBE display
 * interface (vbe_dispi, B0C5); QEMU docs/specs/standard-vga.
 *
 * Not modelled: vertical retrace interrupts, light pen, the page select bit of odd/even addresses, shift loads of
 * 16 and 32 dots (sequencer 1, bits 2 and 4), address counts by two and four (CRTC 17 bit 3, 14 bit 5), blinking in
 * graphics modes, the border, the effect of horizontal blanking and retrace positions on the picture, sequencer and
 * CRTC resets (the picture stays), clocks other than 25.175 and 28.322 MHz, cursor skew, power states.
 */
#pragma once
#include "host/display.h"
#include "hw/pci/pci.h"

#define VGA_MEMORY   (16u << 20)
#define VGA_WINDOW   0x20000u     /* bytes of the legacy window */
#define VGA_ROM_MAX  0x10000u
#define VGA_VBE_REGS 11u

struct vga_state {
    struct pci_state pci;
    u32 latch;             /* a byte for each plane */
    u16 vbe_index;
    u16 vbe[VGA_VBE_REGS];
    u8  misc, feature, enable;
    u8  seq_index, gfx_index, crtc_index, attr_index; /* attr_index: bit 5 is the palette address source */
    u8  attr_data;         /* the flip-flop: 1, the next write to 3C0 is data */
    u8  seq[5], gfx[9], crtc[25], attr[21];
    u8  dac_mask, dac_read, dac_write;
    u8  dac_step;          /* red, green, blue: 0..2 */
    u8  dac_reading;       /* 3C7 was written last: 3, else 0 */
    u8  dac_latch[2];      /* red and green until blue comes */
    u8  dac[768];
    u8  big_endian;        /* the framebuffer's words */
    u8  pad[8];
};

/* What a memory access does: derived from the registers (vga_mem.c). u32 masks have a byte for each plane. */
struct vga_access {
    u32  base, size;       /* of the part of the legacy window that answers */
    u32  bank;             /* added to addresses in it */
    u32  mask;             /* of offsets in a plane */
    u32  planes;           /* written */
    u32  set, set_on;      /* set/reset, enable set/reset */
    u32  bits;             /* bit mask */
    u32  compare, care;
    u8   rotate, func, write_mode, read_mode, read_plane;
    bool chain4, even_write, even_read, a0_chained;
    bool plain;            /* the window is memory as it lies there */
};

struct vga_draw;

struct vga {
    struct dev         dev;
    struct vga_state   s;
    struct pci_dev     pci;
    struct memobj     *vram, *rom;
    struct vga_access  access;
    struct physmap    *map;          /* of the legacy window; NULL: the board has none */
    gpa                window;
    u32                window_plain; /* bytes from its start that are mapped as memory now */
    u32                window_bank;  /* ... and from where */
    bool               window_mapped, window_hidden;
    struct display     display;
    struct vga_draw   *draw;         /* the last picture */
};

extern const struct dev_class vga_class;
extern const struct mmio_ops vga_ports_mono, vga_ports_color, vga_ports_vbe; /* opaque: struct vga's dev */

/* rom: the video BIOS, at most VGA_ROM_MAX bytes, copied; NULL: none, the ROM reads as zeros. */
bool vga_init(struct vga *v, struct machine *m, const char *path, const u8 *rom, u64 rom_size,
    struct err *e) MUST_CHECK;
/* Puts the legacy window at base of the map, where nothing else is. */
void vga_map_window(struct vga *v, struct physmap *map, gpa base);
/* Takes it away while something else wants the addresses, or puts it back. */
void vga_hide_window(struct vga *v, bool hidden);
