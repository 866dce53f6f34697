/*
 * gicv3_cpuif.c - GICv3 CPU interface as system registers (IHI 0069, chapters 4 and 12); not modelled: see gicv3.h.
 *
 * Without EL3 and with one security state, Group 1 is Non-secure Group 1: its binary point counts from 1.
 */
#include "hw/intc/gicv3.h"

#define PRIO_BITS 5u
#define PMR_MASK  0xf8u
enum { BPR0_MIN = 7 - PRIO_BITS, BPR1_MIN = BPR0_MIN + 1 };
enum { CTLR_CBPR = 1, CTLR_EOIMODE = 2, CTLR_ALL = 3 };
/* ICC_CTLR_EL1: PRIbits, IDbits 24 as QEMU's, A3V. */
#define CTLR_FIXED ((PRIO_BITS - 1) << 8 | 1u << 11 | 1u << 15)
#define SRE_VALUE 7u /* SRE, DFB, DIB: RAO/WI */

static u32 group_of(const struct gicv3 *g, u32 cpu, u32 intid)
{
    return gic_bit(g->s.lines.group, gic_line(cpu, intid));
}

/* ---- priorities ---- */

static u32 bpr(const struct gicv3 *g, u32 cpu, u32 group)
{
    return MAX(g->s.bpr[cpu * 2 + group], group ? (u32)BPR1_MIN : (u32)BPR0_MIN);
}

/* "Priority grouping". */
static u32 group_mask(const struct gicv3 *g, u32 cpu, u32 group)
{
    bool own = group && !(g->s.ctlr[cpu] & CTLR_CBPR);
    return gic_group_mask(own ? bpr(g, cpu, 1) - 1 : bpr(g, cpu, 0));
}

static u32 lowest(u32 apr)
{
    return apr ? (u32)__builtin_ctz(apr) << (8 - PRIO_BITS) : GIC_IDLE;
}

static u32 running(const struct gicv3 *g, u32 cpu)
{
    return lowest(g->s.apr[cpu * 2] | g->s.apr[cpu * 2 + 1]);
}

/* ---- the best pending interrupt ---- */

static struct gic_best best_pending(const struct gicv3 *g, u32 cpu)
{
    struct gic_best best = { GIC_SPURIOUS, GIC_IDLE };
    u32 groups = g->s.dist_ctlr & g->s.grpen[cpu];
    const struct gic_lines *l = &g->s.lines;
    if (!groups)
        return best;
    gic_best_of(l, gic_slot(cpu, 0), gic_candidates(l, gic_slot(cpu, 0), groups), 0, &best);
    for (u32 w = 1; w < g->num_irq / 32; w++) {
        u32 slot = gic_slot(cpu, w);
        gic_best_of(l, slot, gic_candidates(l, slot, groups) & g->route[cpu * GIC_WORDS + w], w * 32, &best);
    }
    return best;
}

/* Priority mask, then preemption: group priorities are compared, both as the new interrupt's group cuts them. */
static bool can_signal(const struct gicv3 *g, u32 cpu, struct gic_best b)
{
    if (b.intid == GIC_SPURIOUS || b.prio >= g->s.pmr[cpu])
        return false;
    u32 mask = group_mask(g, cpu, group_of(g, cpu, b.intid)), run = running(g, cpu);
    return run == GIC_IDLE || (b.prio & mask) < (run & mask);
}

u32 gicv3_cpuif_output(const struct gicv3 *g, u32 cpu)
{
    struct gic_best b = best_pending(g, cpu);
    return !can_signal(g, cpu, b) ? 0 : group_of(g, cpu, b.intid) ? VCPU_IRQ : VCPU_FIQ;
}

/* ICC_HPPIRn: the priority mask and the running priority do not matter. */
static u32 highest_pending(const struct gicv3 *g, u32 cpu, u32 group)
{
    struct gic_best b = best_pending(g, cpu);
    return b.intid != GIC_SPURIOUS && group_of(g, cpu, b.intid) == group ? b.intid : GIC_SPURIOUS;
}

/* ---- acknowledge and end ---- */

static u32 acknowledge(struct gicv3 *g, u32 cpu, u32 group)
{
    struct gic_best b = best_pending(g, cpu);
    if (!can_signal(g, cpu, b) || group_of(g, cpu, b.intid) != group)
        return GIC_SPURIOUS;
    u32 line = gic_line(cpu, b.intid);
    g->s.apr[cpu * 2 + group] |= 1u << ((b.prio & group_mask(g, cpu, group)) >> (8 - PRIO_BITS));
    gic_bit_set(g->s.lines.active, line, true);
    gic_bit_set(g->s.lines.pending, line, false);
    gicv3_update(g);
    return b.intid;
}

/* ICC_EOIRn. Ignored when the other group, or none, has the highest active priority. */
static void end_of_interrupt(struct gicv3 *g, u32 cpu, u32 intid, u32 group)
{
    u32 *apr = &g->s.apr[cpu * 2];
    if (intid >= g->num_irq || !apr[group] || lowest(apr[!group]) < lowest(apr[group]))
        return;
    apr[group] &= apr[group] - 1;
    if (!(g->s.ctlr[cpu] & CTLR_EOIMODE))
        gic_bit_set(g->s.lines.active, gic_line(cpu, intid), false);
}

/* ICC_DIR */
static void deactivate(struct gicv3 *g, u32 cpu, u32 intid)
{
    if (intid >= g->num_irq)
        return;
    if (g->s.ctlr[cpu] & CTLR_EOIMODE)
        gic_bit_set(g->s.lines.active, gic_line(cpu, intid), false);
    else
        guest_error(&g->dev, "ICC_DIR of %u with EOImode 0", intid);
}

/* ---- software-generated interrupts (ICC_SGIxR) ---- */

static bool sgi_reaches(const struct gicv3 *g, u32 cpu, u32 from, u64 val)
{
    u32 aff = g->affinity[cpu], rs = (u32)(val >> 44 & 15);
    if (val >> 40 & 1) /* IRM: all but self */
        return cpu != from;
    u32 cluster = (u32)(val >> 48 & 0xff) << 16 | (u32)(val >> 32 & 0xff) << 8 | (u32)(val >> 16 & 0xff);
    return cluster == aff >> 8 && (aff & 0xff) / 16 == rs && val >> (aff & 15) & 1;
}

/* An SGI of the other group is dropped. The alias register asks for Secure Group 1, which with one security state
 * means Group 0. */
static void send_sgi(struct gicv3 *g, u32 from, u64 val, u32 group)
{
    u32 intid = (u32)(val >> 24 & 15);
    for (u32 i = 0; i < g->cpu_count; i++)
        if (sgi_reaches(g, i, from, val) && group_of(g, i, intid) == group)
            gic_bit_set(g->s.lines.pending, gic_line(i, intid), true);
}

/* ---- register map ---- */

/* ICC_BPR1: with a common binary point, BPR1 shows BPR0 + 1. */
static u32 bpr1_read(const struct gicv3 *g, u32 cpu)
{
    return g->s.ctlr[cpu] & CTLR_CBPR ? MIN(bpr(g, cpu, 0) + 1, 7u) : bpr(g, cpu, 1);
}

static u64 port_read(void *opaque, u32 id)
{
    struct gicv3_cpuif *c = opaque;
    struct gicv3 *g = c->g;
    const struct gicv3_state *s = &g->s;
    u32 cpu = c->cpu;
    switch (id) {
    case SYSREG_ICC_PMR: return s->pmr[cpu];
    case SYSREG_ICC_IAR0: return acknowledge(g, cpu, 0);
    case SYSREG_ICC_IAR1: return acknowledge(g, cpu, 1);
    case SYSREG_ICC_HPPIR0: return highest_pending(g, cpu, 0);
    case SYSREG_ICC_HPPIR1: return highest_pending(g, cpu, 1);
    case SYSREG_ICC_BPR0: return bpr(g, cpu, 0);
    case SYSREG_ICC_BPR1: return bpr1_read(g, cpu);
    case SYSREG_ICC_AP0R0: return s->apr[cpu * 2];
    case SYSREG_ICC_AP1R0: return s->apr[cpu * 2 + 1];
    case SYSREG_ICC_RPR: return MIN(running(g, cpu), 0xffu);
    case SYSREG_ICC_CTLR: return s->ctlr[cpu] | CTLR_FIXED;
    case SYSREG_ICC_SRE: return SRE_VALUE;
    case SYSREG_ICC_IGRPEN0: return s->grpen[cpu] & 1;
    case SYSREG_ICC_IGRPEN1: return s->grpen[cpu] >> 1;
    default: return 0;
    }
}

static void port_write(void *opaque, u32 id, u64 val)
{
    struct gicv3_cpuif *c = opaque;
    struct gicv3 *g = c->g;
    struct gicv3_state *s = &g->s;
    u32 cpu = c->cpu, v = (u32)val;
    switch (id) {
    case SYSREG_ICC_PMR: s->pmr[cpu] = v & PMR_MASK; break;
    case SYSREG_ICC_EOIR0: end_of_interrupt(g, cpu, v & 0xffffff, 0); break;
    case SYSREG_ICC_EOIR1: end_of_interrupt(g, cpu, v & 0xffffff, 1); break;
    case SYSREG_ICC_DIR: deactivate(g, cpu, v & 0xffffff); break;
    case SYSREG_ICC_BPR0: s->bpr[cpu * 2] = (u8)MAX(v & 7, (u32)BPR0_MIN); break;
    case SYSREG_ICC_BPR1:
        if (!(s->ctlr[cpu] & CTLR_CBPR))
            s->bpr[cpu * 2 + 1] = (u8)MAX(v & 7, (u32)BPR1_MIN);
        break;
    case SYSREG_ICC_AP0R0: s->apr[cpu * 2] = v; break;
    case SYSREG_ICC_AP1R0: s->apr[cpu * 2 + 1] = v; break;
    case SYSREG_ICC_CTLR: s->ctlr[cpu] = v & CTLR_ALL; break;
    case SYSREG_ICC_IGRPEN0: s->grpen[cpu] = (s->grpen[cpu] & 2) | (v & 1); break;
    case SYSREG_ICC_IGRPEN1: s->grpen[cpu] = (s->grpen[cpu] & 1) | (v & 1) << 1; break;
    case SYSREG_ICC_SGI0R: case SYSREG_ICC_ASGI1R: send_sgi(g, cpu, val, 0); break;
    case SYSREG_ICC_SGI1R: send_sgi(g, cpu, val, 1); break;
    default: return;
    }
    gicv3_update(g);
}

/* ---- device ---- */

void gicv3_cpuif_attach(struct gicv3 *g, u32 cpu)
{
    struct gicv3_cpuif *c = &g->cpuif[cpu];
    *c = (struct gicv3_cpuif){ g, cpu, { c, port_read, port_write } };
    for (u32 id = SYSREG_ICC_PMR; g->cpu[cpu] && id <= SYSREG_ICC_SGI0R; id++) {
        bool absent = (id > SYSREG_ICC_AP0R0 && id <= SYSREG_ICC_AP0R3)
                      || (id > SYSREG_ICC_AP1R0 && id <= SYSREG_ICC_AP1R3);
        g->cpu[cpu]->ports[id] = absent ? NULL : &c->port;
    }
}

void gicv3_cpuif_reset(struct gicv3 *g)
{
    struct gicv3_state *s = &g->s;
    __builtin_memset(s->ctlr, 0, sizeof s->ctlr);
    __builtin_memset(s->grpen, 0, sizeof s->grpen);
    __builtin_memset(s->apr, 0, sizeof s->apr);
    __builtin_memset(s->pmr, 0, sizeof s->pmr);
    for (u32 i = 0; i < GIC_MAX_CPUS * 2; i++)
        s->bpr[i] = i & 1 ? BPR1_MIN : BPR0_MIN;
}

bool gicv3_cpuif_valid(const struct gicv3_state *s, struct err *e)
{
    for (u32 i = 0; i < GIC_MAX_CPUS; i++) {
        if (s->ctlr[i] & ~(u32)CTLR_ALL || s->grpen[i] & ~3u || s->pmr[i] & ~PMR_MASK)
            return err_set(e, "CPU interface %u out of range: control %#x, group enables %#x, mask %#x", i,
                           s->ctlr[i], s->grpen[i], s->pmr[i]);
        if (s->bpr[i * 2] > 7 || s->bpr[i * 2 + 1] > 7)
            return err_set(e, "CPU interface %u: binary points %u and %u out of range", i, s->bpr[i * 2],
                           s->bpr[i * 2 + 1]);
    }
    return true;
}
