/*
 * gicv3_redist.c - GICv3 redistributor of one vCPU: RD_base and SGI_base (IHI 0069, chapter 12: GICR_
 * registers); not modelled: see gicv3.h.
 */
#include "hw/intc/gicv3.h"

enum { R_IIDR = 0x04, R_TYPER = 0x08, R_TYPER_HI = 0x0c, R_WAKER = 0x14, R_ID = 0xffd0, R_SGI = 0x10000,
       R_MAPS = R_SGI + 0x080, R_PRIO = R_SGI + 0x400, R_PRIO_END = R_SGI + 0x420, R_CFG = R_SGI + 0xc00,
       R_CFG_END = R_SGI + 0xc08 };
enum { TYPER_LAST = 1 << 4, WAKER_SLEEP = 2, WAKER_ASLEEP = 4 };

/* GICR_TYPER: no LPIs, Processor_Number the index. */
static u32 typer(const struct gicv3 *g, u32 cpu)
{
    return cpu << 8 | (cpu + 1 == g->cpu_count ? TYPER_LAST : 0);
}

/* GICR_WAKER: ChildrenAsleep follows ProcessorSleep at once. */
static u32 waker(const struct gicv3 *g, u32 cpu)
{
    return g->s.waker[cpu] | (g->s.waker[cpu] & WAKER_SLEEP ? WAKER_ASLEEP : 0);
}

/* The first word of the bitmap registers is the only one. */
static bool is_map(u32 off)
{
    return off >= R_MAPS && off < R_PRIO && off % 0x80 == 0;
}

u32 gicv3_redist_read(struct gicv3 *g, u32 cpu, u32 off)
{
    const struct gic_lines *l = &g->s.lines;
    switch (off) {
    case R_IIDR: return GICV3_IIDR;
    case R_TYPER: return typer(g, cpu);
    case R_TYPER_HI: return g->affinity[cpu];
    case R_WAKER: return waker(g, cpu);
    default: break;
    }
    if (off >= R_ID && off < R_SGI)
        return gicv3_id(off, 0x93);
    if (is_map(off))
        return gic_map_read(l, gic_slot(cpu, 0), (off - R_SGI) / 0x80);
    if (off >= R_PRIO && off < R_PRIO_END)
        return gic_prio_read(l, gic_line(cpu, off - R_PRIO));
    if (off >= R_CFG && off < R_CFG_END)
        return gic_cfg_read(l, gic_slot(cpu, 0), (off - R_CFG) / 4);
    return 0;
}

void gicv3_redist_write(struct gicv3 *g, u32 cpu, u32 off, u32 val, u32 lanes)
{
    struct gic_lines *l = &g->s.lines;
    if (off == R_WAKER)
        g->s.waker[cpu] = ((g->s.waker[cpu] & ~lanes) | val) & WAKER_SLEEP;
    else if (is_map(off))
        gic_map_write(l, gic_slot(cpu, 0), (off - R_SGI) / 0x80, val, lanes);
    else if (off >= R_PRIO && off < R_PRIO_END)
        gic_prio_write(l, gic_line(cpu, off - R_PRIO), val, lanes);
    else if (off >= R_CFG && off < R_CFG_END)
        gic_cfg_write(l, gic_slot(cpu, 0), (off - R_CFG) / 4, val, lanes);
    else
        guest_error(&g->dev, "write of %#x to redistributor %u at %#x: read-only or reserved", val, cpu, off);
}
