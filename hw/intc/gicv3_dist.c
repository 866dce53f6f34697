/*
 * gicv3_dist.c - GICv3 distributor (IHI 0069, chapter 12: GICD_ registers); not modelled: see gicv3.h.
 *
 * Affinity routing is on, so the registers of interrupts 0..31 are RAZ/WI here: they are the redistributors'.
 */
#include "hw/intc/gicv3.h"

enum { D_CTLR = 0x000, D_TYPER = 0x004, D_IIDR = 0x008, D_SETSPI = 0x040, D_CLRSPI = 0x048, D_MAPS = 0x080,
       D_PRIO = 0x400, D_TARGET = 0x800, D_CFG = 0xc00, D_CFG_END = 0xd00, D_ROUTER = 0x6000, D_ROUTER_END = 0x7fe0,
       D_ID = 0xffd0 };
enum { CTLR_ARE = 1 << 4, CTLR_DS = 1 << 6 };

/* GICD_TYPER: lines, one security state, 16 bits of id, Aff3 valid, no 1-of-N. CPUNumber is 0 under ARE. */
static u32 typer(const struct gicv3 *g)
{
    return (g->num_irq / 32 - 1) | (u32)g->mbi << 16 | 0xfu << 19 | 1u << 24 | 1u << 25;
}

static bool has_spi(const struct gicv3 *g, u32 intid)
{
    return intid >= GIC_SPI_FIRST && intid < g->num_irq;
}

/* ---- message-based SPIs (GICD_SETSPI_NSR, GICD_CLRSPI_NSR) ---- */

/* A level-sensitive SPI stays pending until CLRSPI, like a wire. */
static void spi_message(struct gicv3 *g, u32 intid, bool set)
{
    struct gic_lines *l = &g->s.lines;
    if (!g->mbi || !has_spi(g, intid))
        return;
    u32 line = gic_line(0, intid);
    gic_bit_set(gic_bit(l->edge, line) ? l->pending : l->level, line, set);
}

/* ---- routing (GICD_IROUTER) ---- */

static u32 router_read(const struct gicv3 *g, u32 off)
{
    u32 n = (off - D_ROUTER) / 8;
    return has_spi(g, n) ? (u32)(g->s.irouter[n] >> (off & 4 ? 32 : 0)) : 0;
}

static void router_write(struct gicv3 *g, u32 off, u32 val, u32 lanes)
{
    u32 n = (off - D_ROUTER) / 8, shift = off & 4 ? 32 : 0;
    if (!has_spi(g, n))
        return;
    u64 mask = (u64)lanes << shift & GICV3_ROUTE_MASK;
    g->s.irouter[n] = (g->s.irouter[n] & ~mask) | ((u64)val << shift & mask);
    gicv3_route(g, n);
}

/* ---- register map ---- */

u32 gicv3_dist_read(struct gicv3 *g, u32 off)
{
    const struct gic_lines *l = &g->s.lines;
    u32 n;
    switch (off) {
    case D_CTLR: return g->s.dist_ctlr | CTLR_ARE | CTLR_DS;
    case D_TYPER: return typer(g);
    case D_IIDR: return GICV3_IIDR;
    default: break;
    }
    if (off >= D_MAPS && off < D_PRIO)
        return has_spi(g, (n = off % 0x80 / 4) * 32) ? gic_map_read(l, gic_slot(0, n), off / 0x80) : 0;
    if (off >= D_PRIO && off < D_TARGET)
        return has_spi(g, n = off - D_PRIO) ? gic_prio_read(l, gic_line(0, n)) : 0;
    if (off >= D_CFG && off < D_CFG_END)
        return has_spi(g, (n = (off - D_CFG) / 4) * 16) ? gic_cfg_read(l, gic_slot(0, n / 2), n % 2) : 0;
    if (off >= D_ROUTER && off < D_ROUTER_END)
        return router_read(g, off);
    if (off >= D_ID)
        return gicv3_id(off, 0x92);
    return 0; /* reserved registers are RES0, like those of legacy operation and of the other security state */
}

void gicv3_dist_write(struct gicv3 *g, u32 off, u32 val, u32 lanes)
{
    struct gic_lines *l = &g->s.lines;
    u32 n;
    if (off == D_CTLR) {
        g->s.dist_ctlr = ((g->s.dist_ctlr & ~lanes) | val) & 3;
    } else if (off == D_SETSPI || off == D_CLRSPI) {
        spi_message(g, val & 0x3ff, off == D_SETSPI);
    } else if (off >= D_MAPS && off < D_PRIO) {
        if (has_spi(g, (n = off % 0x80 / 4) * 32))
            gic_map_write(l, gic_slot(0, n), off / 0x80, val, lanes);
    } else if (off >= D_PRIO && off < D_TARGET) {
        if (has_spi(g, n = off - D_PRIO))
            gic_prio_write(l, gic_line(0, n), val, lanes);
    } else if (off >= D_CFG && off < D_CFG_END) {
        if (has_spi(g, (n = (off - D_CFG) / 4) * 16))
            gic_cfg_write(l, gic_slot(0, n / 2), n % 2, val, lanes);
    } else if (off >= D_ROUTER && off < D_ROUTER_END) {
        router_write(g, off, val, lanes);
    } else {
        guest_error(&g->dev, "write of %#x to distributor at %#x: read-only or reserved", val, off);
    }
}
