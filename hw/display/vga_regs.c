/* vga_regs.c - the VGA's ports 3B0 to 3DF. Spec: see vga.h; CRTC 22 and 24 are in all VGAs, but in few books. */
#include "hw/display/vga_internal.h"
#include "hw/isa.h"

/* Ports by their distance from 3B0; those of the CRTC and of input status 1 are at 3Bx or 3Dx. */
enum { P_ATTR = 0x10, P_ATTR_READ, P_MISC, P_ENABLE, P_SEQ_INDEX, P_SEQ, P_DAC_MASK, P_DAC_READ, P_DAC_WRITE, P_DAC,
       P_FEATURE, P_MISC_READ = 0x1c, P_GFX_INDEX = 0x1e, P_GFX };
enum { C_INDEX = 4, C_DATA = 5, C_STATUS = 0xa };
enum { CR11_PROTECT = 0x80, CR7_COMPARE = 0x10 };
enum { ST0_SENSE = 0x10, ST1_BLANK = 1, ST1_RETRACE = 8 };

/* ---- attribute controller ---- */

static const u8 attr_mask[21] = {
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
    0xef, 0xff, 0x3f, 0x0f, 0x0f,
};

static void attr_write(struct vga_state *s, u8 val)
{
    u32 n = s->attr_index & 0x1f;
    if (!s->attr_data)
        s->attr_index = val & 0x3f;
    else if (n < COUNT(s->attr))
        s->attr[n] = val & attr_mask[n];
    s->attr_data ^= 1;
}

static u8 attr_read(const struct vga_state *s)
{
    u32 n = s->attr_index & 0x1f;
    return n < COUNT(s->attr) ? s->attr[n] : 0;
}

/* ---- DAC: entries are kept as written, of 6 or 8 bits ---- */

static u8 dac_read(struct vga_state *s)
{
    u32 n = s->dac_read * 3u + s->dac_step;
    s->dac_step = (s->dac_step + 1) % 3;
    s->dac_read += !s->dac_step;
    return s->dac[n];
}

/* The entry changes when all of it is there. */
static void dac_write(struct vga_state *s, u8 val)
{
    u8 *e = s->dac + s->dac_write * 3u;
    if (!(s->vbe[VBE_ENABLE] & VBE_8_BIT_DAC))
        val &= 0x3f;
    if (s->dac_step < 2) {
        s->dac_latch[s->dac_step++] = val;
        return;
    }
    e[0] = s->dac_latch[0];
    e[1] = s->dac_latch[1];
    e[2] = val;
    s->dac_step = 0;
    s->dac_write++;
}

static void dac_address(struct vga_state *s, u8 *index, u8 val, u8 reading)
{
    *index = val;
    s->dac_step = 0;
    s->dac_reading = reading;
}

/* ---- sequencer, graphics controller, CRTC ---- */

static void seq_write(struct vga *v, u8 val)
{
    static const u8 mask[5] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e };
    u32 n = v->s.seq_index;
    if (n >= COUNT(mask))
        return;
    v->s.seq[n] = val & mask[n];
    if (n == SEQ_MAP_MASK || n == SEQ_MEMORY)
        vga_access_changed(v);
}

static void gfx_write(struct vga *v, u8 val)
{
    static const u8 mask[9] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff };
    u32 n = v->s.gfx_index;
    if (n >= COUNT(mask))
        return;
    v->s.gfx[n] = val & mask[n];
    vga_access_changed(v);
}

static void crtc_write(struct vga_state *s, u8 val)
{
    u32 n = s->crtc_index;
    bool protected = n <= CRTC_OVERFLOW && s->crtc[CRTC_RETRACE_END] & CR11_PROTECT;
    if (n >= COUNT(s->crtc) || (protected && n != CRTC_OVERFLOW))
        return;
    s->crtc[n] = protected ? (s->crtc[n] & (u8)~CR7_COMPARE) | (val & CR7_COMPARE) : val;
}

static u8 crtc_read(const struct vga_state *s)
{
    u32 n = s->crtc_index;
    if (n == CRTC_LATCH)
        return (u8)(s->latch >> 8 * (s->gfx[GFX_READ_PLANE] & 3));
    if (n == CRTC_FLIP_FLOP)
        return (u8)(s->attr_data << 7);
    return n < COUNT(s->crtc) ? s->crtc[n] : 0;
}

/* The CRTC's registers and input status 1 answer at 3Bx or at 3Dx, as bit 0 of the miscellaneous output register
 * says. */
static bool at_crtc(const struct vga_state *s, u64 off)
{
    return (off >= 0x20) == (s->misc & MISC_COLOR);
}

static u8 status_1(struct vga *v)
{
    struct vga_raster r = vga_raster_at(&v->s, dev_now(&v->dev));
    v->s.attr_data = 0;
    return (r.shows ? 0 : ST1_BLANK) | (r.retrace ? ST1_RETRACE : 0);
}

static u8 crtc_port_read(struct vga *v, u64 off)
{
    switch (at_crtc(&v->s, off) ? off & 0xf : 0) {
    case C_INDEX:  return v->s.crtc_index;
    case C_DATA:   return crtc_read(&v->s);
    case C_STATUS: return status_1(v);
    default:       return 0xff;
    }
}

static void crtc_port_write(struct vga *v, u64 off, u8 val)
{
    switch (at_crtc(&v->s, off) ? off & 0xf : 0) {
    case C_INDEX:  v->s.crtc_index = val; break;
    case C_DATA:   crtc_write(&v->s, val); break;
    case C_STATUS: v->s.feature = val & 0x0b; break;
    default:       break;
    }
}

/* ---- all ports ---- */

u8 vga_port_read(struct dev *d, u64 off)
{
    struct vga *v = vga_of(d);
    struct vga_state *s = &v->s;
    switch (off) {
    case P_ATTR:      return s->attr_index;
    case P_ATTR_READ: return attr_read(s);
    case P_MISC:      return ST0_SENSE; /* a colour monitor is there */
    case P_ENABLE:    return s->enable;
    case P_SEQ_INDEX: return s->seq_index;
    case P_SEQ:       return s->seq_index < COUNT(s->seq) ? s->seq[s->seq_index] : 0;
    case P_DAC_MASK:  return s->dac_mask;
    case P_DAC_READ:  return s->dac_reading;
    case P_DAC_WRITE: return s->dac_write;
    case P_DAC:       return dac_read(s);
    case P_FEATURE:   return s->feature;
    case P_MISC_READ: return s->misc;
    case P_GFX_INDEX: return s->gfx_index;
    case P_GFX:       return s->gfx_index < COUNT(s->gfx) ? s->gfx[s->gfx_index] : 0;
    default:          return off >= 0x10 && off < 0x20 ? 0xff : crtc_port_read(v, off);
    }
}

void vga_port_write(struct dev *d, u64 off, u8 val)
{
    struct vga *v = vga_of(d);
    struct vga_state *s = &v->s;
    switch (off) {
    case P_ATTR:      attr_write(s, val); break;
    case P_MISC:
        s->misc = val;
        vga_access_changed(v);
        break;
    case P_ENABLE:    s->enable = val & 1; break;
    case P_SEQ_INDEX: s->seq_index = val & 7; break;
    case P_SEQ:       seq_write(v, val); break;
    case P_DAC_MASK:  s->dac_mask = val; break;
    case P_DAC_READ:  dac_address(s, &s->dac_read, val, 3); break;
    case P_DAC_WRITE: dac_address(s, &s->dac_write, val, 0); break;
    case P_DAC:       dac_write(s, val); break;
    case P_GFX_INDEX: s->gfx_index = val & 0xf; break;
    case P_GFX:       gfx_write(v, val); break;
    default:
        if (off < 0x10 || off >= 0x20)
            crtc_port_write(v, off, val);
    }
}

/* ---- as port ranges ---- */

static u64 mono_read(void *opaque, u64 off, u32 size) { return isa_read(opaque, off, size, vga_port_read); }
static void mono_write(void *opaque, u64 off, u64 val, u32 size)
{
    isa_write(opaque, off, val, size, vga_port_write);
}
static u64 color_read(void *opaque, u64 off, u32 size) { return isa_read(opaque, off + 0x10, size, vga_port_read); }
static void color_write(void *opaque, u64 off, u64 val, u32 size)
{
    isa_write(opaque, off + 0x10, val, size, vga_port_write);
}

const struct mmio_ops vga_ports_mono = { mono_read, mono_write };
const struct mmio_ops vga_ports_color = { color_read, color_write };
