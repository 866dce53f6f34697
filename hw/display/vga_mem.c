/*
 * vga_mem.c - the legacy window: the graphics controller's data path, and how the window is mapped. Spec: see
 * vga.h.
 */
#include "hw/display/vga_internal.h"

/* Four bits, a plane each, as bytes of ones. */
static u32 spread(u32 n)
{
    return ((n & 1) | (n & 2) << 7 | (n & 4) << 14 | (n & 8) << 21) * 0xffu;
}

static u32 replicate(u8 b) { return b * 0x01010101u; }

/* ---- what registers mean for accesses ---- */

static void find_window(struct vga_access *a, const struct vga_state *s)
{
    static const u32 at[4] = { 0, 0, 0x10000, 0x18000 }, bytes[4] = { 0x20000, 0x10000, 0x8000, 0x8000 };
    u32 n = s->gfx[GFX_MISC] >> 2 & 3;
    a->base = at[n];
    a->size = s->misc & MISC_RAM || vga_vbe_on(s) ? bytes[n] : 0;
}

/* The data path does nothing but store, and the window lies in memory as it is. */
static bool is_plain(const struct vga_access *a)
{
    return a->chain4 && a->size && !a->base && a->planes == ~0u && !a->write_mode && !a->read_mode && !a->set_on
           && !a->rotate && !a->func && a->bits == ~0u && a->bank + a->size <= VGA_MEMORY;
}

void vga_access_changed(struct vga *v)
{
    const struct vga_state *s = &v->s;
    struct vga_access a = { 0 };
    find_window(&a, s);
    bool packed = vga_vbe_on(s) && s->vbe[VBE_BPP] != 4; /* the sequencer has no say */
    a.chain4 = packed || s->seq[SEQ_MEMORY] & SR4_CHAIN4;
    a.even_write = !a.chain4 && !(s->seq[SEQ_MEMORY] & SR4_SEQUENTIAL);
    a.even_read = !a.chain4 && s->gfx[GFX_MODE] & GR5_ODD_EVEN;
    a.a0_chained = !a.chain4 && s->gfx[GFX_MISC] & GR6_CHAIN;
    a.bank = vga_vbe_on(s) ? s->vbe[VBE_BANK] << 16 : 0;
    a.mask = vga_vbe_on(s) ? VGA_MEMORY / 4 - 1 : 0xffff;
    a.planes = packed ? ~0u : spread(s->seq[SEQ_MAP_MASK]);
    a.set = spread(s->gfx[GFX_SET]);
    a.set_on = spread(s->gfx[GFX_SET_ENABLE]);
    a.bits = replicate(s->gfx[GFX_BIT_MASK]);
    a.compare = spread(s->gfx[GFX_COMPARE]);
    a.care = spread(s->gfx[GFX_CARE]);
    a.rotate = s->gfx[GFX_FUNCTION] & 7;
    a.func = s->gfx[GFX_FUNCTION] >> 3 & 3;
    a.write_mode = s->gfx[GFX_MODE] & 3;
    a.read_mode = !!(s->gfx[GFX_MODE] & GR5_READ_1);
    a.read_plane = s->gfx[GFX_READ_PLANE] & 3;
    a.plain = is_plain(&a);
    v->access = a;
    vga_window_update(v);
}

/* ---- the mapping ---- */

static const struct mmio_ops window_ops = { vga_window_read, vga_window_write };

static void unmap(struct vga *v)
{
    if (!v->window_mapped)
        return;
    CHECK(physmap_unmap(v->map, v->window));
    if (v->window_plain && v->window_plain < VGA_WINDOW)
        CHECK(physmap_unmap(v->map, v->window + v->window_plain));
    v->window_mapped = false;
}

static void map(struct vga *v, u32 plain, u32 bank)
{
    if (!physmap_is_free(v->map, v->window, VGA_WINDOW))
        return; /* whoever hid it has left no room */
    if (plain)
        physmap_map_obj(v->map, REGION_RAM, v->window, plain, v->vram, bank, NULL, NULL, "vga.window");
    if (plain < VGA_WINDOW && (!plain || physmap_is_free(v->map, v->window + plain, 1))) {
        physmap_map_quiet(v->map, v->window + plain, VGA_WINDOW - plain, &window_ops, v, "vga.window");
    } else if (plain < VGA_WINDOW) { /* the map is full: the slow way for all of it */
        physmap_unmap(v->map, v->window);
        physmap_map_quiet(v->map, v->window, VGA_WINDOW, &window_ops, v, "vga.window");
        plain = 0;
    }
    v->window_plain = plain;
    v->window_bank = bank;
    v->window_mapped = true;
}

void vga_window_update(struct vga *v)
{
    u32 plain = v->access.plain ? v->access.size : 0, bank = plain ? v->access.bank : 0;
    if (!v->map || (v->window_mapped != v->window_hidden && plain == v->window_plain && bank == v->window_bank))
        return;
    unmap(v);
    if (!v->window_hidden)
        map(v, plain, bank);
}

void vga_map_window(struct vga *v, struct physmap *m, gpa base)
{
    v->map = m;
    v->window = base;
    vga_window_update(v);
}

void vga_hide_window(struct vga *v, bool hidden)
{
    v->window_hidden = hidden;
    vga_window_update(v);
}

/* ---- the data path ---- */

static u32 *word(const struct vga *v, u32 off)
{
    return (u32 *)(void *)v->vram->host + off;
}

/* The offset in a plane that an address names, and the planes that it reaches. */
static u32 decode(const struct vga_access *a, u32 at, bool even, u32 *planes)
{
    u32 off = at;
    if (a->chain4) {
        at = (at + a->bank) & (VGA_MEMORY - 1);
        *planes &= 0xffu << 8 * (at & 3);
        return at >> 2 & a->mask;
    }
    if (even)
        *planes &= at & 1 ? 0xff00ff00u : 0x00ff00ffu;
    if (a->a0_chained) /* A16 instead of A0 (page select: not modelled) */
        off = (at & ~1u) | (at >> 16 & 1);
    return (off + a->bank) & a->mask;
}

static u32 combine(u32 func, u32 x, u32 latch)
{
    return func == 0 ? x : func == 1 ? x & latch : func == 2 ? x | latch : x ^ latch;
}

static u32 data_path(const struct vga_access *a, u32 latch, u8 val)
{
    u32 bits = a->bits, x = replicate((u8)(val >> a->rotate | val << (8 - a->rotate)));
    switch (a->write_mode) {
    case 0: x = (x & ~a->set_on) | (a->set & a->set_on); break;
    case 1: return latch;
    case 2: x = spread(val); break;
    default:
        bits &= x;
        x = a->set;
    }
    x = combine(a->func, x, latch);
    return (x & bits) | (latch & ~bits);
}

static void write_byte(struct vga *v, u32 at, u8 val)
{
    const struct vga_access *a = &v->access;
    u32 planes = a->planes, off = decode(a, at, a->even_write, &planes), *w = word(v, off);
    u32 x = (data_path(a, v->s.latch, val) & planes) | (*w & ~planes);
    if (x == *w)
        return;
    memobj_written(&v->dev.m->map, v->vram, off * 4ull, 4);
    *w = x;
}

void vga_window_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct vga *v = opaque;
    u32 at = (u32)off + v->window_plain - v->access.base; /* behind what is mapped as memory */
    for (u32 i = 0; i < size; i++, at++, val >>= 8)
        if (at < v->access.size)
            write_byte(v, at, (u8)val);
}

static u8 read_byte(struct vga *v, u32 at)
{
    const struct vga_access *a = &v->access;
    u32 planes = ~0u, off = decode(a, at, a->even_read, &planes), x = v->s.latch = *word(v, off);
    if (a->read_mode) {
        x = ~(x ^ a->compare) | ~a->care;
        return (u8)(x & x >> 8 & x >> 16 & x >> 24);
    }
    u32 plane = a->chain4 ? at & 3 : a->even_read ? (a->read_plane & 2u) | (at & 1) : a->read_plane;
    return (u8)(x >> 8 * plane);
}

u64 vga_window_read(void *opaque, u64 off, u32 size)
{
    struct vga *v = opaque;
    u32 at = (u32)off + v->window_plain - v->access.base; /* behind what is mapped as memory */
    u64 val = 0;
    for (u32 i = 0; i < size; i++, at++)
        val |= (u64)(at < v->access.size ? read_byte(v, at) : 0xff) << 8 * i;
    return val;
}
