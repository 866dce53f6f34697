/*
 * vga_vbe.c - the VBE display interface: modes beyond VGA's, by eleven registers of 16 bits.
 *
 * Spec: Bochs's VBE display interface, version B0C5. Registers that make no mode are taken as the nearest that do,
 * and read as that from the moment VBE is switched on.
 */
#include "hw/display/vga_internal.h"
#include <string.h>

static u32 bits_of(u16 bpp)
{
    return bpp == 4 || bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32 ? bpp : 8;
}

/* Bytes that n pixels take in a line, of a plane in 4-bit modes. */
static u32 bytes_of(u32 bpp, u32 n)
{
    return bpp == 4 ? (n + 7) / 8 : n * ((bpp + 7) / 8);
}

/* ... before pixel x: of a plane's byte, the first. */
static u32 bytes_in(u32 bpp, u32 x)
{
    return bpp == 4 ? x / 8 : bytes_of(bpp, x);
}

/* Bytes that there are, of a plane in 4-bit modes. */
static u32 room_of(u32 bpp) { return bpp == 4 ? VGA_MEMORY / 4 : VGA_MEMORY; }

bool vga_vbe_mode(const struct vga_state *s, struct vga_vbe *m)
{
    const u16 *r = s->vbe;
    if (!vga_vbe_on(s))
        return false;
    u32 bpp = bits_of(r[VBE_BPP]), width = MAX(MIN(r[VBE_XRES], VBE_X_MAX), 8u) & ~7u;
    u32 virt = MIN(MAX(r[VBE_VIRT_WIDTH], width), VBE_X_MAX), pitch = bytes_of(bpp, virt), room = room_of(bpp);
    u32 height = MIN(MAX(r[VBE_YRES], 1u), MIN(VBE_Y_MAX, room / pitch));
    u32 size = height * pitch, x = MIN(r[VBE_X], VBE_X_MAX), y = MIN(r[VBE_Y], room / pitch);
    if (y * pitch + bytes_in(bpp, x) > room - size)
        y = 0;
    if (bytes_in(bpp, x) > room - size)
        x = 0;
    *m = (struct vga_vbe){ bpp, width, height, virt, pitch, x, y, y * pitch + bytes_in(bpp, x) };
    return true;
}

/* ---- registers ---- */

u16 vga_vbe_read(const struct vga *v, u32 index)
{
    const u16 *r = v->s.vbe;
    if (r[VBE_ENABLE] & VBE_CAPS && index >= VBE_XRES && index <= VBE_BPP)
        return index == VBE_XRES ? VBE_X_MAX : index == VBE_YRES ? VBE_Y_MAX : 32;
    if (index == VBE_MEMORY)
        return VGA_MEMORY >> 16;
    return index < VGA_VBE_REGS ? r[index] : 0;
}

/* The registers of the VGA that say the same, for software that looks there. */
static void tell_vga(struct vga_state *s, const struct vga_vbe *m)
{
    u8 *c = s->crtc, *g = s->gfx;
    u32 last = m->height - 1;
    c[CRTC_H_END] = (u8)(m->width / 8 - 1);
    c[CRTC_V_END] = (u8)last;
    c[CRTC_OVERFLOW] = (u8)((c[CRTC_OVERFLOW] & ~0x42) | (last >> 7 & 2) | (last >> 3 & 0x40) | 0x10);
    c[CRTC_MAX_SCAN] = (c[CRTC_MAX_SCAN] & 0x60) | 0x40;
    c[CRTC_OFFSET] = (u8)(m->pitch >> (m->bpp == 4 ? 1 : 3));
    c[CRTC_MODE] |= 3;
    c[CRTC_COMPARE] = 0xff;
    g[GFX_MODE] = (u8)((g[GFX_MODE] & ~(GR5_CGA | GR5_256)) | (m->bpp == 4 ? 0 : GR5_256));
    g[GFX_MISC] = (g[GFX_MISC] & 3) | 0x04 | GR6_GRAPHICS;
}

/* The registers read as the mode that they make. */
static void settle(struct vga *v)
{
    struct vga_vbe m;
    u16 *r = v->s.vbe;
    if (!vga_vbe_mode(&v->s, &m))
        return;
    r[VBE_BPP] = (u16)m.bpp;
    r[VBE_XRES] = (u16)m.width;
    r[VBE_YRES] = (u16)m.height;
    r[VBE_VIRT_WIDTH] = (u16)m.virt;
    r[VBE_VIRT_HEIGHT] = (u16)MIN(room_of(m.bpp) / m.pitch, 0xffffu);
    r[VBE_X] = (u16)m.x;
    r[VBE_Y] = (u16)m.y;
    tell_vga(&v->s, &m);
    vga_access_changed(v);
}

static void clear(struct vga *v)
{
    struct vga_vbe m;
    u64 n = vga_vbe_mode(&v->s, &m) ? (u64)m.pitch * m.height * (m.bpp == 4 ? 4 : 1) : 0;
    memobj_written(&v->dev.m->map, v->vram, 0, n);
    memset(v->vram->host, 0, n);
}

static void enable(struct vga *v, u16 val)
{
    struct vga_state *s = &v->s;
    bool was = vga_vbe_on(s);
    s->vbe[VBE_ENABLE] = val;
    if (val & VBE_ON && !was) {
        s->vbe[VBE_VIRT_WIDTH] = s->vbe[VBE_X] = s->vbe[VBE_Y] = s->vbe[VBE_BANK] = 0;
        settle(v);
        if (!(val & VBE_KEEP))
            clear(v);
    }
    vga_access_changed(v);
}

void vga_vbe_write(struct vga *v, u32 index, u16 val)
{
    struct vga_state *s = &v->s;
    switch (index) {
    case VBE_ID:
        if (val >= 0xb0c0 && val <= 0xb0c5)
            s->vbe[VBE_ID] = val;
        break;
    case VBE_XRES: case VBE_YRES: case VBE_BPP: case VBE_VIRT_WIDTH: case VBE_X: case VBE_Y:
        s->vbe[index] = val;
        settle(v);
        break;
    case VBE_BANK:
        s->vbe[VBE_BANK] = val & (VGA_MEMORY / 65536 - 1);
        vga_access_changed(v);
        break;
    case VBE_ENABLE:
        enable(v, val);
        break;
    default:
        break;
    }
}

/* ---- ports: index, data, and data again where a word is aligned ---- */

static u64 ports_read(void *opaque, u64 off, u32 size)
{
    struct vga *v = vga_of(opaque);
    if (size != 2 || off > 2)
        return ~0u >> (32 - 8 * size);
    return off ? vga_vbe_read(v, v->s.vbe_index) : v->s.vbe_index;
}

static void ports_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct vga *v = vga_of(opaque);
    if (size != 2 || off > 2)
        return;
    if (off)
        vga_vbe_write(v, v->s.vbe_index, (u16)val);
    else
        v->s.vbe_index = (u16)val;
}

const struct mmio_ops vga_ports_vbe = { ports_read, ports_write };
