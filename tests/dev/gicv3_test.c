/* gicv3_test.c - GICv3: life of interrupts, priorities, groups, routing, SGIs, save and load, hostile accesses. */
#include "hw/intc/gicv3.h"
#include "tests/dev/gic_rig.h"

enum { CTLR = 0, TYPER = 4, IIDR = 8, SETSPI = 0x40, CLRSPI = 0x48, IGROUPR = 0x80, ISENABLER = 0x100,
       ICENABLER = 0x180, ISPENDR = 0x200, ICPENDR = 0x280, ISACTIVER = 0x300, ICACTIVER = 0x380, PRIO = 0x400,
       ICFGR = 0xc00, IROUTER = 0x6000, PIDR2 = 0xffe8 };
enum { RD = GICV3_DIST_SIZE, SGI = RD + 0x10000, RD2 = RD + GICV3_REDIST_SIZE, R_TYPER = 8, R_WAKER = 0x14 };
enum { NONE = 1023, PPI = 30, SPI = 40, SPI2 = 77, LAST = GIC_RIG_IRQS - 1 };

struct fix {
    struct gic_rig r;
    struct gicv3   g;
};

static u32 rd(struct fix *f, u32 off)
{
    return (u32)dev_read(&f->g.dev, off, 4);
}
static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->g.dev, off, val, 4);
}
static u64 sr(struct fix *f, u32 id)
{
    const struct sysreg_port *p = f->r.cpus[f->r.m.cur]->ports[id];
    return p->read(p->opaque, id);
}
static void sw(struct fix *f, u32 id, u64 val)
{
    const struct sysreg_port *p = f->r.cpus[f->r.m.cur]->ports[id];
    p->write(p->opaque, id, val);
}
static u32 out(struct fix *f)
{
    return f->r.cpus[0]->irq;
}
static void drive(struct fix *f, u32 intid, bool level)
{
    struct irq_line l = gicv3_line(&f->g, 0, intid);
    irq_set(&l, level);
}
/* Where the registers of an interrupt are: redistributor 0 or distributor. */
static u32 at(u32 intid, u32 bank)
{
    return (intid < 32 ? (u32)SGI : 0) + bank;
}
static void enable(struct fix *f, u32 intid, u8 prio, u32 group)
{
    u32 word = intid / 32 * 4, b = 1u << intid % 32, g = rd(f, at(intid, IGROUPR + word));
    wr(f, at(intid, IGROUPR + word), group ? g | b : g & ~b);
    wr(f, at(intid, ISENABLER + word), b);
    dev_write(&f->g.dev, at(intid, PRIO + intid), prio, 1);
}
static bool bit(struct fix *f, u32 bank, u32 intid)
{
    return rd(f, at(intid, bank + intid / 32 * 4)) >> intid % 32 & 1;
}
static void open_cpu(struct fix *f)
{
    sw(f, SYSREG_ICC_PMR, 0xff);
    sw(f, SYSREG_ICC_IGRPEN0, 1);
    sw(f, SYSREG_ICC_IGRPEN1, 1);
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    gic_rig_start(&f->r, GIC_RIG_CPUS);
    gicv3_init(&f->g, &f->r.m, "gic", GIC_RIG_IRQS);
    wr(f, CTLR, 3);
    open_cpu(f);
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    gic_rig_end(&f->r);
    free(f);
    return 0;
}

static void test_identity(void **state)
{
    struct fix *f = *state;
    f->g.dev.cls->reset(&f->g.dev);
    assert_int_equal(rd(f, CTLR), 0x50); /* ARE, DS */
    assert_int_equal(rd(f, TYPER), 0x3780008);
    assert_int_equal(rd(f, IIDR), 0x43b);
    assert_int_equal(rd(f, PIDR2), 0x3b);
    assert_int_equal(dev_read(&f->g.dev, RD + R_TYPER, 8), 0);
    assert_int_equal(dev_read(&f->g.dev, RD2 + R_TYPER, 8), 1ull << 32 | 1 << 8 | 1 << 4);
    assert_int_equal(rd(f, RD + PIDR2), 0x3b);
    assert_int_equal(rd(f, RD + R_WAKER), 6);
    wr(f, RD + R_WAKER, 0);
    assert_int_equal(rd(f, RD + R_WAKER), 0);
    assert_int_equal(rd(f, SGI + ICFGR), 0xaaaaaaaa);
    assert_int_equal(sr(f, SYSREG_ICC_SRE), 7);
    assert_int_equal(sr(f, SYSREG_ICC_CTLR), 0x8c00);
    assert_int_equal(sr(f, SYSREG_ICC_BPR0), 2);
    assert_int_equal(sr(f, SYSREG_ICC_BPR1), 3);
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0xff);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), NONE);
    assert_null(f->r.cpus[0]->ports[SYSREG_ICC_AP0R1]);
    assert_null(f->r.cpus[0]->ports[SYSREG_ICC_AP1R3]);
    sw(f, SYSREG_ICC_PMR, 0xff);
    assert_int_equal(sr(f, SYSREG_ICC_PMR), 0xf8);
    wr(f, ISENABLER, ~0u); /* the redistributor's */
    assert_int_equal(rd(f, ISENABLER), 0);
}

static void test_level(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x80, 1);
    drive(f, SPI, true);
    assert_int_equal(out(f), VCPU_IRQ);
    assert_int_equal(sr(f, SYSREG_ICC_IAR0), NONE);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI);
    assert_int_equal(out(f), 0);
    assert_true(bit(f, ISACTIVER, SPI) && bit(f, ISPENDR, SPI));
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x80);
    assert_int_equal(sr(f, SYSREG_ICC_AP1R0), 1u << 16);
    sw(f, SYSREG_ICC_EOIR0, SPI); /* the other group's register: nothing */
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x80);
    sw(f, SYSREG_ICC_EOIR1, SPI);
    assert_int_equal(out(f), VCPU_IRQ);
    drive(f, SPI, false);
    assert_int_equal(out(f), 0);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), NONE);
    drive(f, PPI, true);
    enable(f, PPI, 0x40, 1);
    assert_int_equal(out(f), VCPU_IRQ);
    assert_int_equal(f->r.cpus[1]->irq, 0);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), PPI);
}

static void test_edge(void **state)
{
    struct fix *f = *state;
    enable(f, LAST, 0x80, 1);
    wr(f, ICFGR + LAST / 16 * 4, 0xffffffff);
    assert_int_equal(rd(f, ICFGR + LAST / 16 * 4), 0xaaaaaaaa);
    drive(f, LAST, true);
    drive(f, LAST, false);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), LAST);
    drive(f, LAST, true);
    assert_true(bit(f, ISPENDR, LAST));
    sw(f, SYSREG_ICC_EOIR1, LAST);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), LAST);
    sw(f, SYSREG_ICC_EOIR1, LAST);
    assert_int_equal(out(f), 0);
    wr(f, ISPENDR + LAST / 32 * 4, 1u << 31);
    assert_int_equal(out(f), VCPU_IRQ);
    wr(f, ICPENDR + LAST / 32 * 4, 1u << 31);
    assert_int_equal(out(f), 0);
}

static void test_masks(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x80, 1);
    drive(f, SPI, true);
    sw(f, SYSREG_ICC_PMR, 0x80);
    assert_int_equal(out(f), 0);
    assert_int_equal(sr(f, SYSREG_ICC_HPPIR1), SPI); /* the mask does not matter here */
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), NONE);
    sw(f, SYSREG_ICC_PMR, 0x88);
    assert_int_equal(out(f), VCPU_IRQ);
    sw(f, SYSREG_ICC_IGRPEN1, 0);
    assert_int_equal(out(f), 0);
    assert_int_equal(sr(f, SYSREG_ICC_HPPIR1), NONE);
    sw(f, SYSREG_ICC_IGRPEN1, 1);
    wr(f, CTLR, 1);
    assert_int_equal(out(f), 0);
    wr(f, CTLR, 2);
    assert_int_equal(out(f), VCPU_IRQ);
    wr(f, ICENABLER + SPI / 32 * 4, 1u << SPI % 32);
    assert_int_equal(out(f), 0);
}

static void test_preemption(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x80, 1);
    enable(f, SPI2, 0x40, 1);
    enable(f, PPI, 0x20, 0);
    drive(f, SPI, true);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI);
    drive(f, SPI2, true);
    assert_int_equal(out(f), VCPU_IRQ);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI2);
    drive(f, PPI, true);
    assert_int_equal(out(f), VCPU_FIQ);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), NONE);
    assert_int_equal(sr(f, SYSREG_ICC_IAR0), PPI);
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x20);
    sw(f, SYSREG_ICC_EOIR1, SPI2); /* Group 0 is on top */
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x20);
    drive(f, PPI, false);
    sw(f, SYSREG_ICC_EOIR0, PPI);
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x40);
    sw(f, SYSREG_ICC_EOIR1, SPI2);
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x80);
    assert_int_equal(out(f), VCPU_IRQ);
}

static void test_binary_point(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x48, 1);
    enable(f, SPI2, 0x40, 1);
    sw(f, SYSREG_ICC_BPR1, 4); /* as 3 for Group 0: bits 7:4 */
    drive(f, SPI, true);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI);
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0x40);
    drive(f, SPI2, true);
    assert_int_equal(out(f), 0);
    sw(f, SYSREG_ICC_BPR1, 0);
    assert_int_equal(sr(f, SYSREG_ICC_BPR1), 3);
    sw(f, SYSREG_ICC_BPR0, 7);
    sw(f, SYSREG_ICC_CTLR, 1); /* CBPR */
    assert_int_equal(sr(f, SYSREG_ICC_BPR1), 7);
    sw(f, SYSREG_ICC_BPR0, 2);
    assert_int_equal(sr(f, SYSREG_ICC_BPR1), 3);
}

static void test_eoimode(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x80, 1);
    sw(f, SYSREG_ICC_CTLR, 2);
    drive(f, SPI, true);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI);
    sw(f, SYSREG_ICC_EOIR1, SPI);
    assert_int_equal(sr(f, SYSREG_ICC_RPR), 0xff);
    assert_true(bit(f, ISACTIVER, SPI));
    assert_int_equal(out(f), 0);
    sw(f, SYSREG_ICC_DIR, SPI);
    assert_int_equal(out(f), VCPU_IRQ);
    sw(f, SYSREG_ICC_CTLR, 0);
    wr(f, ISACTIVER + SPI / 32 * 4, 1u << SPI % 32);
    sw(f, SYSREG_ICC_DIR, SPI); /* not in this mode */
    assert_true(bit(f, ISACTIVER, SPI));
    wr(f, ICACTIVER + SPI / 32 * 4, 1u << SPI % 32);
    assert_int_equal(out(f), VCPU_IRQ);
}

static void test_routing(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x80, 1);
    drive(f, SPI, true);
    assert_int_equal(out(f), VCPU_IRQ); /* reset: affinity 0 */
    dev_write(&f->g.dev, IROUTER + SPI * 8, 1, 8);
    assert_int_equal(out(f), 0);
    f->r.m.cur = 1;
    open_cpu(f);
    assert_int_equal(f->r.cpus[1]->irq, VCPU_IRQ);
    dev_write(&f->g.dev, IROUTER + SPI * 8, ~0ull, 8); /* nobody */
    assert_int_equal(dev_read(&f->g.dev, IROUTER + SPI * 8, 8), 0xff00ffffffull);
    assert_int_equal(f->r.cpus[1]->irq, 0);
    wr(f, IROUTER + SPI * 8 + 4, 0);
    wr(f, IROUTER + SPI * 8, 1);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI);
}

static void test_sgi(void **state)
{
    struct fix *f = *state;
    f->r.m.cur = 1;
    open_cpu(f);
    f->r.m.cur = 0;
    for (u32 cpu = 0; cpu < GIC_RIG_CPUS; cpu++) {
        wr(f, SGI + cpu * GICV3_REDIST_SIZE + IGROUPR, 0xff);
        wr(f, SGI + cpu * GICV3_REDIST_SIZE + ISENABLER, 0xffff);
    }
    sw(f, SYSREG_ICC_SGI1R, 3u << 24 | 2); /* SGI 3 to affinity 1 */
    assert_int_equal(out(f), 0);
    assert_int_equal(f->r.cpus[1]->irq, VCPU_IRQ);
    sw(f, SYSREG_ICC_SGI1R, 1ull << 40 | 4u << 24); /* all but self */
    sw(f, SYSREG_ICC_SGI1R, 1ull << 32 | 5u << 24 | 3); /* another cluster */
    sw(f, SYSREG_ICC_SGI1R, 9u << 24 | 3); /* Group 0: dropped */
    sw(f, SYSREG_ICC_SGI0R, 5u << 24 | 3); /* Group 1: dropped */
    assert_int_equal(rd(f, SGI + ISPENDR), 0);
    assert_int_equal(rd(f, SGI + GICV3_REDIST_SIZE + ISPENDR), 1 << 3 | 1 << 4);
    sw(f, SYSREG_ICC_SGI0R, 9u << 24 | 1);
    assert_int_equal(out(f), VCPU_FIQ);
    assert_int_equal(sr(f, SYSREG_ICC_IAR0), 9);
    sw(f, SYSREG_ICC_EOIR0, 9);
    wr(f, SGI + ISPENDR, 1); /* directly, unlike GICv2 */
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), 0);
}

static void test_messages(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x80, 1);
    wr(f, SETSPI, SPI);
    assert_int_equal(out(f), 0);
    f->g.mbi = true;
    assert_int_equal(rd(f, TYPER) >> 16 & 1, 1);
    wr(f, SETSPI, SPI);
    assert_int_equal(sr(f, SYSREG_ICC_IAR1), SPI);
    sw(f, SYSREG_ICC_EOIR1, SPI);
    assert_int_equal(out(f), VCPU_IRQ);
    dev_write(&f->g.dev, CLRSPI, SPI, 2);
    assert_int_equal(out(f), 0);
    for (u32 n = 0; n < 1024; n++)
        if (n != SPI)
            wr(f, SETSPI, n);
    assert_int_equal(out(f), 0);
}

static u32 live(struct fix *f, u64 *x)
{
    static const u32 banks[] = { ISENABLER, ISENABLER, ISPENDR, ICPENDR, ICACTIVER, IGROUPR };
    u64 r = rig_random(x);
    u32 val = (u32)rig_random(x), intid = 16 + (u32)(r >> 32) % (GIC_RIG_IRQS - 16);
    switch (r % 10) {
    case 0: case 1: drive(f, intid, val & 1); break;
    case 2: wr(f, at(intid, banks[val % COUNT(banks)] + intid / 32 * 4), (u32)(rig_random(x) & rig_random(x))); break;
    case 3: dev_write(&f->g.dev, at(intid, PRIO + intid), val, 1); break;
    case 4: return (u32)sr(f, val & 1 ? SYSREG_ICC_IAR0 : SYSREG_ICC_IAR1);
    case 5: sw(f, SYSREG_ICC_EOIR1, sr(f, SYSREG_ICC_IAR1)); break;
    case 6: sw(f, SYSREG_ICC_EOIR0, sr(f, SYSREG_ICC_IAR0)); break;
    case 7: sw(f, val & 1 << 20 ? SYSREG_ICC_SGI0R : SYSREG_ICC_SGI1R, val & 0x0f000003); break;
    case 8: dev_write(&f->g.dev, IROUTER + intid * 8, val & 3, 8); break;
    default: f->r.m.cur = val & 1; break;
    }
    return f->r.cpus[0]->irq << 4 | f->r.cpus[1]->irq;
}

static void test_save_load(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 42;
    for (u32 round = 0; round < 50; round++) {
        void *other;
        for (u32 i = 0; i < 200; i++)
            live(f, &x);
        assert_true(f->g.dev.cls->state->valid(&f->g.s, &e));
        start(&other);
        struct fix *c = other;
        c->g.s = f->g.s;
        c->r.m.cur = f->r.m.cur;
        c->g.dev.cls->resumed(&c->g.dev);
        for (u32 i = 0; i < GIC_RIG_CPUS; i++)
            assert_int_equal(c->r.cpus[i]->irq, f->r.cpus[i]->irq);
        u64 y = x;
        for (u32 i = 0; i < 200; i++)
            assert_int_equal(live(f, &x), live(c, &y));
        assert_memory_equal(&f->g.s, &c->g.s, sizeof f->g.s);
        stop(&other);
    }
}

static void test_valid(void **state)
{
    struct fix *f = *state;
    struct err e;
    const struct state_desc *d = f->g.dev.cls->state;
    struct gicv3_state bad = f->g.s;
    assert_true(d->valid(&bad, &e));
    bad.irouter[100] = 1ull << 31;
    assert_false(d->valid(&bad, &e));
    bad = f->g.s;
    bad.bpr[15] = 9;
    assert_false(d->valid(&bad, &e));
    bad = f->g.s;
    bad.pmr[0] = 1;
    assert_false(d->valid(&bad, &e));
    bad = f->g.s;
    bad.lines.edge[7] = 1;
    assert_false(d->valid(&bad, &e));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 7;
    rig_check_class(&f->g.dev);
    gic_rig_sweep(&f->g.dev, 0, RD + GIC_RIG_CPUS * GICV3_REDIST_SIZE + 16);
    for (u32 i = 0; i < 20000; i++) {
        u32 id = SYSREG_ICC_PMR + (u32)(rig_random(&x) % (SYSREG_COUNT - SYSREG_ICC_PMR));
        f->r.m.cur = rig_random(&x) & 1;
        if (!f->r.cpus[0]->ports[id])
            continue;
        sr(f, id);
        sw(f, id, rig_random(&x));
        if (!f->g.dev.cls->state->valid(&f->g.s, &e))
            fail_msg("%s", e.msg);
    }
    rig_scribble(&f->g.dev, 0x1000, 20000);
    rig_scribble(&f->g.dev, RD + 3 * GICV3_REDIST_SIZE, 20000);
    gicv3_dist_mmio.write(&f->g.dev, 0xffff, 1, 1);
    gicv3_redist_mmio.write(&f->g.dev, 0xfffff, 1, 1);
    gicv3_redist_mmio.write(&f->g.dev, 0x10000000, 1, 8);
    assert_int_equal(gicv3_redist_mmio.read(&f->g.dev, PIDR2, 4), 0x3b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_level), T(test_edge), T(test_masks), T(test_preemption), T(test_binary_point),
        T(test_eoimode), T(test_routing), T(test_sgi), T(test_messages), T(test_save_load), T(test_valid),
        T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
