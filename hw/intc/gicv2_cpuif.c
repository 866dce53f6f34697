/*
 * gicv2_cpuif.c - GICv2 CPU interface (IHI 0048B chapter 4.4): acknowledge, priority drop, preemption.
 * Not modelled: see gicv2.h; the bypass bits of GICC_CTLR read as zero.
 */
#include "hw/intc/gicv2.h"
#include "vm/vm.h"

enum { C_CTLR = 0x00, C_PMR = 0x04, C_BPR = 0x08, C_IAR = 0x0c, C_EOIR = 0x10, C_RPR = 0x14, C_HPPIR = 0x18,
       C_ABPR = 0x1c, C_AIAR = 0x20, C_AEOIR = 0x24, C_AHPPIR = 0x28, C_APR = 0xd0, C_NSAPR = 0xe0, C_APR_END = 0xf0,
       C_IIDR = 0xfc, C_DIR = 0x1000 };
enum { CTLR_GRP0 = 1, CTLR_GRP1 = 2, CTLR_ACKCTL = 4, CTLR_FIQEN = 8, CTLR_CBPR = 16, CTLR_EOIMODE = 1 << 9,
       CTLR_ALL = 0x21f };
#define IIDR 0x2043bu /* architecture version 2, implementer Arm, as QEMU's */
#define GROUP1_ID 1022u /* an interrupt of the other group is pending (3.2.5) */

static bool is_group1(const struct gicv2 *g, u32 cpu, u32 intid)
{
    return gic_bit(g->s.lines.group, gic_line(cpu, intid));
}

/* ---- priorities ---- */

static u32 abpr(const struct gicv2 *g, u32 cpu)
{
    return MAX(g->s.abpr[cpu], 1u);
}

/* 3.3.3: ABPR counts from 1, so that the same value gives Group 1 one more bit. */
static u32 group_mask(const struct gicv2 *g, u32 cpu, bool group1)
{
    bool own = group1 && !(g->s.cpu_ctlr[cpu] & CTLR_CBPR);
    return gic_group_mask(own ? abpr(g, cpu) - 1 : g->s.bpr[cpu]);
}

static u32 lowest(const u32 *apr)
{
    for (u32 i = 0; i < GICV2_APRS; i++)
        if (apr[i])
            return i * 32 + (u32)__builtin_ctz(apr[i]);
    return GIC_IDLE / 2;
}

/* Highest active priority, GIC_IDLE when none. */
static u32 running(const struct gicv2 *g, u32 cpu)
{
    u32 a = lowest(&g->s.apr[cpu * GICV2_APRS]), b = lowest(&g->s.nsapr[cpu * GICV2_APRS]);
    return 2 * MIN(a, b);
}

/* ---- the best pending interrupt ---- */

static u32 forwarded(const struct gicv2 *g, u32 cpu, u32 word, u32 groups)
{
    u32 c = gic_candidates(&g->s.lines, gic_slot(cpu, word), groups);
    return word && g->cpu_count > 1 ? c & g->s.target[cpu * GIC_WORDS + word] : c;
}

static struct gic_best best_pending(const struct gicv2 *g, u32 cpu)
{
    struct gic_best best = { GIC_SPURIOUS, GIC_IDLE };
    u32 groups = g->s.dist_ctlr & g->s.cpu_ctlr[cpu] & (CTLR_GRP0 | CTLR_GRP1);
    if (!groups)
        return best;
    for (u32 w = 0; w < g->num_irq / 32; w++) {
        u32 slot = gic_slot(cpu, w);
        gic_best_of(&g->s.lines, slot, forwarded(g, cpu, w, groups), w * 32, &best);
    }
    return best.prio < g->s.pmr[cpu] ? best : (struct gic_best){ GIC_SPURIOUS, GIC_IDLE };
}

/* Group priorities are compared, both as the new interrupt's group cuts them. */
static bool can_preempt(const struct gicv2 *g, u32 cpu, struct gic_best b)
{
    if (b.intid == GIC_SPURIOUS)
        return false;
    u32 mask = group_mask(g, cpu, is_group1(g, cpu, b.intid)), run = running(g, cpu);
    return run == GIC_IDLE || (b.prio & mask) < (run & mask);
}

u32 gicv2_cpuif_output(const struct gicv2 *g, u32 cpu)
{
    struct gic_best b = best_pending(g, cpu);
    if (!can_preempt(g, cpu, b))
        return 0;
    return g->s.cpu_ctlr[cpu] & CTLR_FIQEN && !is_group1(g, cpu, b.intid) ? VCPU_FIQ : VCPU_IRQ;
}

/* What a read of HPPIR or IAR sees of the best interrupt; alias: AHPPIR, AIAR (4.4.4, 4.4.7, 4.4.9, 4.4.11). */
static u32 visible_id(const struct gicv2 *g, u32 cpu, u32 intid, bool alias)
{
    if (intid == GIC_SPURIOUS)
        return intid;
    bool group1 = is_group1(g, cpu, intid);
    if (alias)
        return group1 ? intid : GIC_SPURIOUS;
    return group1 && !(g->s.cpu_ctlr[cpu] & CTLR_ACKCTL) ? GROUP1_ID : intid;
}

/* HPPIR names the source of an SGI as IAR would (4.4.7). */
static u32 highest_pending(const struct gicv2 *g, u32 cpu, bool alias)
{
    u32 id = visible_id(g, cpu, best_pending(g, cpu).intid, alias);
    u32 sources = id < 16 ? g->s.sgi_source[cpu * 16 + id] : 0;
    return sources ? id | (u32)__builtin_ctz(sources) << 10 : id;
}

/* ---- acknowledge ---- */

/* Takes the SGI from its lowest source; returns the source in its place of IAR. */
static u32 ack_sgi(struct gicv2 *g, u32 cpu, u32 id)
{
    u8 *from = &g->s.sgi_source[cpu * 16 + id];
    u32 source = *from ? (u32)__builtin_ctz(*from) : 0;
    *from &= (u8)(*from - 1);
    gic_bit_set(g->s.lines.pending, gic_line(cpu, id), *from != 0);
    return source << 10;
}

static u32 acknowledge(struct gicv2 *g, u32 cpu, bool alias)
{
    struct gic_best b = best_pending(g, cpu);
    if (!can_preempt(g, cpu, b))
        return GIC_SPURIOUS;
    u32 id = visible_id(g, cpu, b.intid, alias);
    if (id >= GROUP1_ID)
        return id;
    u32 line = gic_line(cpu, id);
    bool group1 = is_group1(g, cpu, id);
    u32 *apr = group1 ? g->s.nsapr : g->s.apr;
    gic_bit_set(&apr[cpu * GICV2_APRS], (b.prio & group_mask(g, cpu, group1)) / 2, true);
    gic_bit_set(g->s.lines.active, line, true);
    if (id < 16)
        id |= ack_sgi(g, cpu, id);
    else
        gic_bit_set(g->s.lines.pending, line, false);
    gicv2_update(g);
    return id;
}

/* ---- end of interrupt ---- */

static void drop_priority(u32 *apr)
{
    for (u32 i = 0; i < GICV2_APRS; i++) {
        if (apr[i]) {
            apr[i] &= apr[i] - 1;
            return;
        }
    }
}

/* 4.4.5, 4.4.10. Nothing happens for ids that cannot be active, and when nothing is. */
static void end_of_interrupt(struct gicv2 *g, u32 cpu, u32 val, bool alias)
{
    u32 id = val & 0x3ff;
    if (id >= g->num_irq || running(g, cpu) == GIC_IDLE)
        return;
    bool group1 = is_group1(g, cpu, id);
    if (alias && !group1) {
        guest_error(&g->dev, "GICC_AEOIR of Group 0 interrupt %u", id);
        return;
    }
    drop_priority(group1 ? &g->s.nsapr[cpu * GICV2_APRS] : &g->s.apr[cpu * GICV2_APRS]);
    if (!(g->s.cpu_ctlr[cpu] & CTLR_EOIMODE))
        gic_bit_set(g->s.lines.active, gic_line(cpu, id), false);
}

/* 4.4.15 */
static void deactivate(struct gicv2 *g, u32 cpu, u32 val)
{
    u32 id = val & 0x3ff;
    if (id >= g->num_irq)
        return;
    if (g->s.cpu_ctlr[cpu] & CTLR_EOIMODE)
        gic_bit_set(g->s.lines.active, gic_line(cpu, id), false);
    else
        guest_error(&g->dev, "GICC_DIR of %u with EOImode 0", id);
}

/* ---- register map (table 4-2) ---- */

static u32 *apr_at(struct gicv2 *g, u32 cpu, u32 off)
{
    u32 *bank = off < C_NSAPR ? g->s.apr : g->s.nsapr;
    return &bank[cpu * GICV2_APRS + off % 16 / 4];
}

u32 gicv2_cpuif_read(struct gicv2 *g, u32 cpu, u32 off)
{
    switch (off) {
    case C_CTLR: return g->s.cpu_ctlr[cpu];
    case C_PMR: return g->s.pmr[cpu];
    case C_BPR: return g->s.bpr[cpu];
    case C_IAR: return acknowledge(g, cpu, false);
    case C_RPR: return MIN(running(g, cpu), 0xffu);
    case C_HPPIR: return highest_pending(g, cpu, false);
    case C_ABPR: return abpr(g, cpu);
    case C_AIAR: return acknowledge(g, cpu, true);
    case C_AHPPIR: return highest_pending(g, cpu, true);
    case C_IIDR: return IIDR;
    default: break;
    }
    if (off >= C_APR && off < C_APR_END)
        return *apr_at(g, cpu, off);
    guest_error(&g->dev, "read of CPU interface at %#x: write-only or no such register", off);
    return 0;
}

void gicv2_cpuif_write(struct gicv2 *g, u32 cpu, u32 off, u32 val, u32 lanes)
{
    switch (off) {
    case C_CTLR: g->s.cpu_ctlr[cpu] = ((g->s.cpu_ctlr[cpu] & ~lanes) | val) & CTLR_ALL; return;
    case C_PMR: g->s.pmr[cpu] = (u8)((g->s.pmr[cpu] & ~lanes) | val); return;
    case C_BPR: g->s.bpr[cpu] = ((g->s.bpr[cpu] & ~lanes) | val) & 7; return;
    case C_ABPR: g->s.abpr[cpu] = (u8)MAX(((g->s.abpr[cpu] & ~lanes) | val) & 7, 1u); return;
    case C_EOIR: end_of_interrupt(g, cpu, val, false); return;
    case C_AEOIR: end_of_interrupt(g, cpu, val, true); return;
    case C_DIR: deactivate(g, cpu, val); return;
    default: break;
    }
    if (off >= C_APR && off < C_APR_END)
        *apr_at(g, cpu, off) = (*apr_at(g, cpu, off) & ~lanes) | val;
    else
        guest_error(&g->dev, "write of %#x to CPU interface at %#x: read-only or no such register", val, off);
}

void gicv2_cpuif_reset(struct gicv2 *g)
{
    struct gicv2_state *s = &g->s;
    __builtin_memset(s->cpu_ctlr, 0, sizeof s->cpu_ctlr);
    __builtin_memset(s->apr, 0, sizeof s->apr);
    __builtin_memset(s->nsapr, 0, sizeof s->nsapr);
    __builtin_memset(s->pmr, 0, sizeof s->pmr);
    __builtin_memset(s->bpr, 0, sizeof s->bpr);
    __builtin_memset(s->abpr, 1, sizeof s->abpr);
}
