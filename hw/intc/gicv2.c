/*
 * gicv2.c - GICv2 distributor (IHI 0048B chapter 4.3) and the device around it; not modelled: see gicv2.h.
 */
#include "hw/intc/gicv2.h"
#include "hw/deadline.h"

#define SGIS 0xffffu

enum { D_CTLR = 0x000, D_TYPER = 0x004, D_IIDR = 0x008, D_MAPS = 0x080, D_PRIO = 0x400, D_TARGET = 0x800,
       D_CFG = 0xc00, D_CFG_END = 0xd00, D_SGIR = 0xf00, D_CPENDSGIR = 0xf10, D_SPENDSGIR = 0xf20,
       D_SPENDSGIR_END = 0xf30, D_ID = 0xfd0, D_END = 0x1000 };
#define IIDR 0x43bu /* implementer Arm, variant and revision 0, as QEMU's */

/* 4.3.18, CoreSight layout: ICPIDR4..7, ICPIDR0..3, ICCIDR0..3. */
static const u8 ids[] = { 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static struct gicv2 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct gicv2, dev);
}

/* The CPU that makes the access: registers are banked by it. */
static u32 accessor(const struct gicv2 *g)
{
    u32 cur = g->dev.m ? g->dev.m->cur : 0;
    return cur < g->cpu_count ? cur : 0;
}

static u32 all_cpus(const struct gicv2 *g)
{
    return (1u << g->cpu_count) - 1;
}

void gicv2_update(struct gicv2 *g)
{
    for (u32 i = 0; i < g->cpu_count; i++) {
        if (!g->cpu[i])
            continue;
        u32 out = gicv2_cpuif_output(g, i);
        vcpu_irq_set(g->cpu[i], VCPU_IRQ, out & VCPU_IRQ);
        vcpu_irq_set(g->cpu[i], VCPU_FIQ, out & VCPU_FIQ);
    }
}

/* ---- inputs ---- */

void gicv2_set_irq(void *opaque, u32 n, bool level)
{
    struct gicv2 *g = opaque;
    u32 cpu = n >> 16, intid = n & 0xffff;
    CHECK(intid >= 16 && intid < g->num_irq && cpu < g->cpu_count);
    u32 line = gic_line(cpu, intid);
    if (gic_bit(g->s.lines.level, line) == level)
        return;
    gic_input(&g->s.lines, line, level);
    gicv2_update(g);
}

struct irq_line gicv2_line(struct gicv2 *g, u32 cpu, u32 intid)
{
    return (struct irq_line){ gicv2_set_irq, g, gic_irq_n(cpu, intid) };
}

/* ---- software-generated interrupts ---- */

static void sgi_set_sources(struct gicv2 *g, u32 cpu, u32 id, u32 sources)
{
    g->s.sgi_source[cpu * 16 + id] = (u8)sources;
    gic_bit_set(g->s.lines.pending, gic_line(cpu, id), sources != 0);
}

/* 4.3.15 */
static void sgir_write(struct gicv2 *g, u32 cpu, u32 val)
{
    u32 id = val & 15, filter = val >> 24 & 3, to = val >> 16 & 0xff;
    if (filter == 1)
        to = all_cpus(g) & ~(1u << cpu);
    else if (filter == 2)
        to = 1u << cpu;
    else if (filter == 3)
        guest_error(&g->dev, "GICD_SGIR with reserved filter 3");
    to = filter == 3 ? 0 : to & all_cpus(g);
    for (u32 i = 0; i < g->cpu_count; i++)
        if (to >> i & 1)
            sgi_set_sources(g, i, id, g->s.sgi_source[i * 16 + id] | 1u << cpu);
}

/* 4.3.16, 4.3.17: a byte an SGI, a bit a source. */
static void sgi_pend_write(struct gicv2 *g, u32 cpu, u32 first, u32 val, bool set)
{
    for (u32 i = 0; i < 4; i++) {
        u32 old = g->s.sgi_source[cpu * 16 + first + i], bits = val >> 8 * i & 0xff & all_cpus(g);
        sgi_set_sources(g, cpu, first + i, set ? old | bits : old & ~bits);
    }
}

static u32 sgi_pend_read(const struct gicv2 *g, u32 cpu, u32 first)
{
    u32 v;
    __builtin_memcpy(&v, &g->s.sgi_source[cpu * 16 + first], 4);
    return v;
}

/* ---- targets (4.3.12) ---- */

static u32 target_read(const struct gicv2 *g, u32 cpu, u32 first)
{
    u32 v = 0;
    if (g->cpu_count == 1)
        return 0; /* RAZ/WI on a uniprocessor */
    if (first < GIC_SPI_FIRST)
        return 0x01010101u << cpu;
    for (u32 c = 0; c < g->cpu_count; c++) {
        u32 bits = g->s.target[c * GIC_WORDS + first / 32] >> first % 32;
        for (u32 i = 0; i < 4; i++)
            v |= (bits >> i & 1) << (8 * i + c);
    }
    return v;
}

static void target_write(struct gicv2 *g, u32 first, u32 val, u32 lanes)
{
    if (g->cpu_count == 1 || first < GIC_SPI_FIRST)
        return;
    for (u32 c = 0; c < g->cpu_count; c++) {
        u32 *map = &g->s.target[c * GIC_WORDS];
        for (u32 i = 0; i < 4; i++)
            if (lanes >> 8 * i & 1)
                gic_bit_set(map, first + i, val >> (8 * i + c) & 1);
    }
}

/* ---- register map (table 4-1) ---- */

static u32 typer(const struct gicv2 *g)
{
    return (g->num_irq / 32 - 1) | (g->cpu_count - 1) << 5;
}

/* What lies at an offset of the per-interrupt registers: false outside of the interrupts there are. */
static bool in_range(const struct gicv2 *g, u32 first_intid)
{
    return first_intid < g->num_irq;
}

static u32 dist_read(struct gicv2 *g, u32 cpu, u32 off)
{
    const struct gic_lines *l = &g->s.lines;
    u32 n;
    switch (off) {
    case D_CTLR: return g->s.dist_ctlr;
    case D_TYPER: return typer(g);
    case D_IIDR: return IIDR;
    default: break;
    }
    if (off >= D_MAPS && off < D_PRIO)
        return in_range(g, (n = off % 0x80 / 4) * 32) ? gic_map_read(l, gic_slot(cpu, n), off / 0x80) : 0;
    if (off >= D_PRIO && off < D_TARGET)
        return in_range(g, n = off - D_PRIO) ? gic_prio_read(l, gic_line(cpu, n)) : 0;
    if (off >= D_TARGET && off < D_CFG)
        return in_range(g, n = off - D_TARGET) ? target_read(g, cpu, n) : 0;
    if (off >= D_CFG && off < D_CFG_END)
        return in_range(g, (n = (off - D_CFG) / 4) * 16) ? gic_cfg_read(l, gic_slot(cpu, n / 2), n % 2) : 0;
    if (off >= D_CPENDSGIR && off < D_SPENDSGIR_END)
        return sgi_pend_read(g, cpu, off % 16);
    if (off >= D_ID && off < D_END)
        return ids[(off - D_ID) / 4];
    guest_error(&g->dev, "read of distributor at %#x: no such register", off);
    return 0;
}

/* Bits of a bitmap register that the guest cannot change: SGIs are always enabled and have registers of their own
 * for their pending state (4.3.5 to 4.3.8). */
static u32 fixed_bits(u32 word, enum gic_map r)
{
    return word == 0 && r >= GIC_SET_ENABLE && r <= GIC_CLEAR_PENDING ? SGIS : 0;
}

static void dist_write(struct gicv2 *g, u32 cpu, u32 off, u32 val, u32 lanes)
{
    struct gic_lines *l = &g->s.lines;
    u32 n;
    if (off == D_CTLR) {
        g->s.dist_ctlr = ((g->s.dist_ctlr & ~lanes) | val) & 3;
    } else if (off >= D_MAPS && off < D_PRIO) {
        if (in_range(g, (n = off % 0x80 / 4) * 32))
            gic_map_write(l, gic_slot(cpu, n), off / 0x80, val, lanes & ~fixed_bits(n, off / 0x80));
    } else if (off >= D_PRIO && off < D_TARGET) {
        if (in_range(g, n = off - D_PRIO))
            gic_prio_write(l, gic_line(cpu, n), val, lanes);
    } else if (off >= D_TARGET && off < D_CFG) {
        if (in_range(g, n = off - D_TARGET))
            target_write(g, n, val, lanes);
    } else if (off >= D_CFG && off < D_CFG_END) {
        if (in_range(g, (n = (off - D_CFG) / 4) * 16))
            gic_cfg_write(l, gic_slot(cpu, n / 2), n % 2, val, lanes);
    } else if (off == D_SGIR && lanes == ~0u) {
        sgir_write(g, cpu, val);
    } else if (off >= D_CPENDSGIR && off < D_SPENDSGIR_END) {
        sgi_pend_write(g, cpu, off % 16, val, off >= D_SPENDSGIR);
    } else {
        guest_error(&g->dev, "write of %#x to distributor at %#x: read-only or no such register", val, off);
    }
}

/* ---- device ---- */

static u32 word_read(void *opaque, u32 off)
{
    struct gicv2 *g = opaque;
    if (off < D_END)
        return dist_read(g, accessor(g), off);
    if (off >= GICV2_CPU_AT && off < GICV2_WINDOW)
        return gicv2_cpuif_read(g, accessor(g), off - GICV2_CPU_AT);
    return 0;
}

static void word_write(void *opaque, u32 off, u32 val, u32 lanes)
{
    struct gicv2 *g = opaque;
    if (off < D_END)
        dist_write(g, accessor(g), off, val, lanes);
    else if (off >= GICV2_CPU_AT && off < GICV2_WINDOW)
        gicv2_cpuif_write(g, accessor(g), off - GICV2_CPU_AT, val, lanes);
}

static u64 gicv2_read(struct dev *d, u64 off, u32 size)
{
    struct gic_frame f = { self(d), word_read, word_write };
    return off < GICV2_WINDOW ? gic_frame_read(&f, off, size) : 0;
}

static void gicv2_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct gic_frame f = { self(d), word_read, word_write };
    if (off >= GICV2_WINDOW)
        return;
    gic_frame_write(&f, off, val, size);
    gicv2_update(self(d));
}

static u64 dist_mmio_read(void *opaque, u64 off, u32 size)
{
    return off < D_END ? dev_read(opaque, off, size) : 0;
}
static void dist_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    if (off < D_END)
        dev_write(opaque, off, val, size);
}
static u64 cpu_mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, GICV2_CPU_AT + off, size);
}
static void cpu_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, GICV2_CPU_AT + off, val, size);
}
const struct mmio_ops gicv2_dist_mmio = { dist_mmio_read, dist_mmio_write };
const struct mmio_ops gicv2_cpu_mmio = { cpu_mmio_read, cpu_mmio_write };

static void gicv2_reset(struct dev *d)
{
    struct gicv2 *g = self(d);
    struct gicv2_state *s = &g->s;
    gic_lines_reset(&s->lines);
    for (u32 i = 0; i < GIC_MAX_CPUS; i++)
        s->lines.enabled[i] = SGIS;
    __builtin_memset(s->target, 0, sizeof s->target);
    __builtin_memset(s->sgi_source, 0, sizeof s->sgi_source);
    s->dist_ctlr = 0;
    gicv2_cpuif_reset(g);
    gicv2_update(g);
}

static void gicv2_resumed(struct dev *d)
{
    gicv2_update(self(d));
}

static bool sgis_valid(const struct gicv2_state *s, struct err *e)
{
    for (u32 i = 0; i < GIC_MAX_CPUS * 16; i++)
        if (gic_bit(s->lines.pending, i / 16 * 32 + i % 16) != (s->sgi_source[i] != 0))
            return err_set(e, "SGI %u of CPU %u: pending state and sources disagree", i % 16, i / 16);
    return true;
}

static bool gicv2_valid(const void *state, struct err *e)
{
    const struct gicv2_state *s = state;
    if (!gic_lines_valid(&s->lines, e) || !sgis_valid(s, e))
        return false;
    if (s->dist_ctlr & ~3u)
        return err_set(e, "distributor control %#x out of range", s->dist_ctlr);
    for (u32 i = 0; i < GIC_MAX_CPUS; i++)
        if (s->cpu_ctlr[i] & ~0x21fu || s->bpr[i] > 7 || s->abpr[i] > 7)
            return err_set(e, "CPU interface %u out of range: control %#x, binary points %u and %u", i,
                           s->cpu_ctlr[i], s->bpr[i], s->abpr[i]);
    return true;
}

#define F(f) STATE(struct gicv2_state, f)
static const struct state_field gicv2_fields[] = {
    GIC_LINES_FIELDS(struct gicv2_state), F(target), F(dist_ctlr), F(cpu_ctlr), F(apr), F(nsapr), F(sgi_source),
    F(pmr), F(bpr), F(abpr),
};
static const struct state_desc gicv2_desc = {
    .name = "gicv2", STATE_DESC(struct gicv2_state, 1, gicv2_fields), .valid = gicv2_valid,
};

const struct dev_class gicv2_class = {
    .name = "gicv2", .state = &gicv2_desc, .state_offset = offsetof(struct gicv2, s), .size = sizeof(struct gicv2),
    .read = gicv2_read, .write = gicv2_write, .reset = gicv2_reset, .resumed = gicv2_resumed,
};

void gicv2_init(struct gicv2 *g, struct machine *m, const char *path, u32 num_irq)
{
    CHECK(num_irq >= 64 && num_irq % 32 == 0 && num_irq <= GIC_MAX_IRQS && (!m || m->cpu_count <= GIC_MAX_CPUS));
    *g = (struct gicv2){ .num_irq = num_irq, .cpu_count = m ? m->cpu_count : 1 };
    for (u32 i = 0; m && i < g->cpu_count; i++)
        g->cpu[i] = m->cpus[i];
    dev_attach(&g->dev, &gicv2_class, m, path);
    gicv2_reset(&g->dev);
}
