/*
 * gicv3.c - the GICv3 device: frames, inputs, outputs, state; not modelled: see gicv3.h. Spec: IHI 0069.
 */
#include "hw/intc/gicv3.h"
#include "hw/deadline.h"

static struct gicv3 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct gicv3, dev);
}

void gicv3_update(struct gicv3 *g)
{
    for (u32 i = 0; i < g->cpu_count; i++) {
        if (!g->cpu[i])
            continue;
        u32 out = gicv3_cpuif_output(g, i);
        vcpu_irq_set(g->cpu[i], VCPU_IRQ, out & VCPU_IRQ);
        vcpu_irq_set(g->cpu[i], VCPU_FIQ, out & VCPU_FIQ);
    }
}

void gicv3_set_irq(void *opaque, u32 n, bool level)
{
    struct gicv3 *g = opaque;
    u32 cpu = n >> 16, intid = n & 0xffff;
    CHECK(intid >= 16 && intid < g->num_irq && cpu < g->cpu_count);
    u32 line = gic_line(cpu, intid);
    if (gic_bit(g->s.lines.level, line) == level)
        return;
    gic_input(&g->s.lines, line, level);
    gicv3_update(g);
}

struct irq_line gicv3_line(struct gicv3 *g, u32 cpu, u32 intid)
{
    return (struct irq_line){ gicv3_set_irq, g, gic_irq_n(cpu, intid) };
}

/* GICD_IROUTER: an SPI goes to the one vCPU whose affinity matches, or nowhere. */
void gicv3_route(struct gicv3 *g, u32 intid)
{
    u64 r = g->s.irouter[intid];
    u32 aff = (u32)(r >> 8 & 0xff000000) | (u32)(r & 0xffffff);
    for (u32 i = 0; i < g->cpu_count; i++)
        gic_bit_set(&g->route[i * GIC_WORDS], intid, g->affinity[i] == aff);
}

static void route_all(struct gicv3 *g)
{
    for (u32 n = GIC_SPI_FIRST; n < g->num_irq; n++)
        gicv3_route(g, n);
}

/* CoreSight layout: PIDR4..7, PIDR0..3 (PIDR2: architecture 3), CIDR0..3. */
u32 gicv3_id(u32 off, u32 part)
{
    static const u8 ids[] = { 0x44, 0, 0, 0, 0, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
    u32 i = (off - 0xffd0) / 4;
    return i == 4 ? part : ids[i];
}

/* ---- frames ---- */

static u32 word_read(void *opaque, u32 off)
{
    struct gicv3 *g = opaque;
    if (off < GICV3_DIST_SIZE)
        return gicv3_dist_read(g, off);
    u32 cpu = (off - GICV3_DIST_SIZE) / GICV3_REDIST_SIZE;
    return cpu < g->cpu_count ? gicv3_redist_read(g, cpu, (off - GICV3_DIST_SIZE) % GICV3_REDIST_SIZE) : 0;
}

static void word_write(void *opaque, u32 off, u32 val, u32 lanes)
{
    struct gicv3 *g = opaque;
    if (off < GICV3_DIST_SIZE) {
        gicv3_dist_write(g, off, val, lanes);
        return;
    }
    u32 cpu = (off - GICV3_DIST_SIZE) / GICV3_REDIST_SIZE;
    if (cpu < g->cpu_count)
        gicv3_redist_write(g, cpu, (off - GICV3_DIST_SIZE) % GICV3_REDIST_SIZE, val, lanes);
}

#define WINDOW (GICV3_DIST_SIZE + GIC_MAX_CPUS * GICV3_REDIST_SIZE)

static u64 gicv3_read(struct dev *d, u64 off, u32 size)
{
    struct gic_frame f = { self(d), word_read, word_write };
    return off < WINDOW ? gic_frame_read(&f, off, size) : 0;
}

static void gicv3_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct gic_frame f = { self(d), word_read, word_write };
    if (off >= WINDOW)
        return;
    gic_frame_write(&f, off, val, size);
    gicv3_update(self(d));
}

static u64 dist_mmio_read(void *opaque, u64 off, u32 size)
{
    return off < GICV3_DIST_SIZE ? dev_read(opaque, off, size) : 0;
}
static void dist_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    if (off < GICV3_DIST_SIZE)
        dev_write(opaque, off, val, size);
}
static u64 redist_mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, GICV3_DIST_SIZE + off, size);
}
static void redist_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, GICV3_DIST_SIZE + off, val, size);
}
const struct mmio_ops gicv3_dist_mmio = { dist_mmio_read, dist_mmio_write };
const struct mmio_ops gicv3_redist_mmio = { redist_mmio_read, redist_mmio_write };

/* ---- device ---- */

static void gicv3_reset(struct dev *d)
{
    struct gicv3 *g = self(d);
    gic_lines_reset(&g->s.lines);
    __builtin_memset(g->s.irouter, 0, sizeof g->s.irouter);
    g->s.dist_ctlr = 0;
    for (u32 i = 0; i < GIC_MAX_CPUS; i++)
        g->s.waker[i] = 2; /* ProcessorSleep */
    route_all(g);
    gicv3_cpuif_reset(g);
    gicv3_update(g);
}

static void gicv3_resumed(struct dev *d)
{
    route_all(self(d));
    gicv3_update(self(d));
}

static bool gicv3_valid(const void *state, struct err *e)
{
    const struct gicv3_state *s = state;
    if (s->dist_ctlr & ~3u)
        return err_set(e, "distributor control %#x out of range", s->dist_ctlr);
    for (u32 i = 0; i < GIC_MAX_IRQS; i++)
        if (s->irouter[i] & ~GICV3_ROUTE_MASK)
            return err_set(e, "route of interrupt %u out of range: %#llx", i, (unsigned long long)s->irouter[i]);
    for (u32 i = 0; i < GIC_MAX_CPUS; i++)
        if (s->waker[i] & ~2u)
            return err_set(e, "waker %u out of range: %#x", i, s->waker[i]);
    return gic_lines_valid(&s->lines, e) && gicv3_cpuif_valid(s, e);
}

#define F(f) STATE(struct gicv3_state, f)
static const struct state_field gicv3_fields[] = {
    F(irouter), GIC_LINES_FIELDS(struct gicv3_state), F(dist_ctlr), F(waker), F(ctlr), F(grpen), F(apr), F(pmr),
    F(bpr), F(pad),
};
static const struct state_desc gicv3_desc = {
    .name = "gicv3", STATE_DESC(struct gicv3_state, 1, gicv3_fields), .valid = gicv3_valid,
};

const struct dev_class gicv3_class = {
    .name = "gicv3", .state = &gicv3_desc, .state_offset = offsetof(struct gicv3, s), .size = sizeof(struct gicv3),
    .read = gicv3_read, .write = gicv3_write, .reset = gicv3_reset, .resumed = gicv3_resumed,
};

void gicv3_init(struct gicv3 *g, struct machine *m, const char *path, u32 num_irq)
{
    CHECK(num_irq >= 64 && num_irq % 32 == 0 && num_irq <= GIC_MAX_IRQS && (!m || m->cpu_count <= GIC_MAX_CPUS));
    *g = (struct gicv3){ .num_irq = num_irq, .cpu_count = m ? m->cpu_count : 1 };
    dev_attach(&g->dev, &gicv3_class, m, path);
    for (u32 i = 0; i < g->cpu_count; i++) {
        g->cpu[i] = m ? m->cpus[i] : NULL;
        g->affinity[i] = i;
        gicv3_cpuif_attach(g, i);
    }
    gicv3_reset(&g->dev);
}
