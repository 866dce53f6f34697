/* gicv2_test.c - GICv2: life cycle of interrupts, priorities, groups, SGIs, save and load, hostile accesses. */
#include "hw/intc/gicv2.h"
#include "tests/dev/gic_rig.h"

enum { CTLR = 0, TYPER = 4, IIDR = 8, IGROUPR = 0x80, ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200,
       ICPENDR = 0x280, ISACTIVER = 0x300, ICACTIVER = 0x380, PRIO = 0x400, TARGETS = 0x800, ICFGR = 0xc00,
       SGIR = 0xf00, CPENDSGIR = 0xf10, SPENDSGIR = 0xf20, PIDR2 = 0xfe8 };
enum { C_CTLR = 0, C_PMR = 4, C_BPR = 8, C_IAR = 0xc, C_EOIR = 0x10, C_RPR = 0x14, C_HPPIR = 0x18, C_ABPR = 0x1c,
       C_AIAR = 0x20, C_AEOIR = 0x24, C_AHPPIR = 0x28, C_APR = 0xd0, C_NSAPR = 0xe0, C_IIDR = 0xfc, C_DIR = 0x1000 };
enum { NONE = 1023, EOIMODE = 1 << 9, PPI = 30, SPI = 40, SPI2 = 77, LAST = GIC_RIG_IRQS - 1 };

struct fix {
    struct gic_rig r;
    struct gicv2   g;
};

static u32 rd(struct fix *f, u32 off)
{
    return (u32)dev_read(&f->g.dev, off, 4);
}
static void wr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->g.dev, off, val, 4);
}
static u32 crd(struct fix *f, u32 off)
{
    return (u32)dev_read(&f->g.dev, GICV2_CPU_AT + off, 4);
}
static void cwr(struct fix *f, u32 off, u32 val)
{
    dev_write(&f->g.dev, GICV2_CPU_AT + off, val, 4);
}
static u32 out(struct fix *f)
{
    return f->r.cpus[0]->irq;
}
static void drive(struct fix *f, u32 intid, bool level)
{
    struct irq_line l = gicv2_line(&f->g, 0, intid);
    irq_set(&l, level);
}
static void enable(struct fix *f, u32 intid, u8 prio)
{
    wr(f, ISENABLER + intid / 32 * 4, 1u << intid % 32);
    dev_write(&f->g.dev, PRIO + intid, prio, 1);
}
static void set_edge(struct fix *f, u32 intid)
{
    wr(f, ICFGR + intid / 16 * 4, rd(f, ICFGR + intid / 16 * 4) | 2u << intid % 16 * 2);
}
static bool bit(struct fix *f, u32 bank, u32 intid)
{
    return rd(f, bank + intid / 32 * 4) >> intid % 32 & 1;
}

static int start_cpus(void **state, u32 cpus)
{
    struct fix *f = calloc(1, sizeof *f);
    gic_rig_start(&f->r, cpus);
    gicv2_init(&f->g, &f->r.m, "gic", GIC_RIG_IRQS);
    wr(f, CTLR, 3);
    cwr(f, C_CTLR, 1);
    cwr(f, C_PMR, 0xff);
    *state = f;
    return 0;
}
static int start(void **state)
{
    return start_cpus(state, 1);
}
static int start_two(void **state)
{
    return start_cpus(state, 2);
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
    assert_int_equal(rd(f, TYPER), 8);
    assert_int_equal(rd(f, IIDR), 0x43b);
    assert_int_equal(rd(f, PIDR2), 0x2b);
    assert_int_equal(crd(f, C_IIDR), 0x2043b);
    f->g.dev.cls->reset(&f->g.dev);
    assert_int_equal(rd(f, CTLR), 0);
    assert_int_equal(rd(f, ISENABLER), 0xffff);
    assert_int_equal(rd(f, ICFGR), 0xaaaaaaaa);
    assert_int_equal(crd(f, C_PMR), 0);
    assert_int_equal(crd(f, C_ABPR), 1);
    assert_int_equal(crd(f, C_RPR), 0xff);
    assert_int_equal(crd(f, C_IAR), NONE);
    wr(f, TARGETS + SPI, 0xffffffff); /* RAZ/WI with one CPU */
    assert_int_equal(rd(f, TARGETS + SPI), 0);
    cwr(f, C_CTLR, 0xffffffff);
    assert_int_equal(crd(f, C_CTLR), 0x21f);
}

static void test_level(void **state)
{
    struct fix *f = *state;
    drive(f, SPI, true);
    assert_int_equal(out(f), 0);
    enable(f, SPI, 0x80);
    assert_int_equal(out(f), VCPU_IRQ);
    assert_true(bit(f, ISPENDR, SPI));
    assert_int_equal(crd(f, C_HPPIR), SPI);
    assert_int_equal(crd(f, C_IAR), SPI);
    assert_int_equal(out(f), 0);
    assert_true(bit(f, ISACTIVER, SPI) && bit(f, ISPENDR, SPI)); /* active and pending: the wire is high */
    assert_int_equal(crd(f, C_RPR), 0x80);
    assert_int_equal(crd(f, C_IAR), NONE);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(out(f), VCPU_IRQ); /* still high: again */
    assert_int_equal(crd(f, C_IAR), SPI);
    drive(f, SPI, false);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(out(f), 0);
    assert_int_equal(crd(f, C_RPR), 0xff);
    drive(f, SPI, true);
    assert_int_equal(out(f), VCPU_IRQ);
    drive(f, SPI, false); /* withdrawn before the acknowledge */
    assert_int_equal(out(f), 0);
    assert_int_equal(crd(f, C_IAR), NONE);
    wr(f, ISPENDR + SPI / 32 * 4, 1u << SPI % 32); /* software's latch, without the wire */
    assert_int_equal(crd(f, C_IAR), SPI);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(out(f), 0);
}

static void test_edge(void **state)
{
    struct fix *f = *state;
    set_edge(f, SPI);
    enable(f, SPI, 0x80);
    drive(f, SPI, true);
    drive(f, SPI, false);
    assert_int_equal(out(f), VCPU_IRQ);
    assert_int_equal(crd(f, C_IAR), SPI);
    assert_false(bit(f, ISPENDR, SPI));
    drive(f, SPI, true); /* while active: pending behind it */
    drive(f, SPI, true);
    assert_true(bit(f, ISPENDR, SPI) && bit(f, ISACTIVER, SPI));
    assert_int_equal(out(f), 0);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(crd(f, C_IAR), SPI);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(out(f), 0); /* a high wire alone is no edge */
    drive(f, SPI, false);
    drive(f, SPI, true);
    wr(f, ICPENDR + SPI / 32 * 4, 1u << SPI % 32);
    assert_int_equal(out(f), 0);
    wr(f, ICFGR + SPI / 16 * 4, 0); /* now the level counts */
    assert_int_equal(out(f), VCPU_IRQ);
}

static void test_masks(void **state)
{
    struct fix *f = *state;
    enable(f, LAST, 0x80);
    drive(f, LAST, true);
    assert_int_equal(out(f), VCPU_IRQ);
    cwr(f, C_PMR, 0x80);
    assert_int_equal(out(f), 0);
    assert_int_equal(crd(f, C_IAR), NONE);
    cwr(f, C_PMR, 0x81);
    assert_int_equal(out(f), VCPU_IRQ);
    wr(f, CTLR, 2);
    assert_int_equal(out(f), 0);
    wr(f, CTLR, 1);
    cwr(f, C_CTLR, 0);
    assert_int_equal(out(f), 0);
    cwr(f, C_CTLR, 1);
    assert_int_equal(out(f), VCPU_IRQ);
    wr(f, ICENABLER + LAST / 32 * 4, 1u << 31);
    assert_int_equal(out(f), 0);
    assert_true(bit(f, ISPENDR, LAST));
}

static void test_priorities(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x40);
    enable(f, SPI2, 0x40);
    enable(f, PPI, 0x20);
    drive(f, SPI2, true);
    drive(f, SPI, true);
    assert_int_equal(crd(f, C_HPPIR), SPI); /* a tie: the lower id */
    assert_int_equal(crd(f, C_IAR), SPI);
    assert_int_equal(out(f), 0);
    drive(f, PPI, true);
    assert_int_equal(out(f), VCPU_IRQ); /* preempts */
    assert_int_equal(crd(f, C_IAR), PPI);
    assert_int_equal(crd(f, C_RPR), 0x20);
    assert_int_equal(crd(f, C_APR), 1u << 16);
    assert_int_equal(crd(f, C_APR + 4), 1);
    drive(f, PPI, false);
    cwr(f, C_EOIR, PPI);
    assert_int_equal(crd(f, C_RPR), 0x40);
    drive(f, SPI, false);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(crd(f, C_IAR), SPI2);
}

static void test_binary_point(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x48);
    enable(f, SPI2, 0x40);
    cwr(f, C_BPR, 3); /* 0x40 and 0x48 are one group */
    drive(f, SPI, true);
    assert_int_equal(crd(f, C_IAR), SPI);
    assert_int_equal(crd(f, C_RPR), 0x40);
    drive(f, SPI2, true);
    assert_int_equal(out(f), 0);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(crd(f, C_HPPIR), SPI2); /* the subpriority chooses */
    cwr(f, C_BPR, 2);
    assert_int_equal(crd(f, C_IAR), SPI2);
}

static void test_eoimode(void **state)
{
    struct fix *f = *state;
    cwr(f, C_CTLR, 1 | EOIMODE);
    enable(f, SPI, 0x40);
    enable(f, SPI2, 0x40);
    drive(f, SPI, true);
    assert_int_equal(crd(f, C_IAR), SPI);
    cwr(f, C_EOIR, SPI);
    assert_int_equal(crd(f, C_RPR), 0xff);
    assert_true(bit(f, ISACTIVER, SPI));
    assert_int_equal(out(f), 0); /* active: not signalled again */
    drive(f, SPI2, true);
    assert_int_equal(crd(f, C_IAR), SPI2);
    cwr(f, C_DIR, SPI);
    assert_false(bit(f, ISACTIVER, SPI));
    cwr(f, C_EOIR, SPI2);
    assert_int_equal(crd(f, C_IAR), SPI);
}

static void test_groups(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x40);
    enable(f, SPI2, 0x80);
    wr(f, IGROUPR + SPI / 32 * 4, 1u << SPI % 32);
    drive(f, SPI, true);
    assert_int_equal(out(f), 0);
    cwr(f, C_CTLR, 3 | 8); /* both groups, FIQEn */
    assert_int_equal(out(f), VCPU_IRQ);
    assert_int_equal(crd(f, C_IAR), 1022);
    assert_int_equal(crd(f, C_HPPIR), 1022);
    assert_int_equal(crd(f, C_AHPPIR), SPI);
    assert_int_equal(crd(f, C_AIAR), SPI);
    assert_int_equal(crd(f, C_NSAPR + 4), 1);
    cwr(f, C_AEOIR, SPI);
    assert_int_equal(crd(f, C_RPR), 0xff);
    cwr(f, C_CTLR, 3 | 4); /* AckCtl */
    assert_int_equal(crd(f, C_IAR), SPI);
    drive(f, SPI, false);
    cwr(f, C_EOIR, SPI);
    cwr(f, C_CTLR, 3 | 8);
    drive(f, SPI2, true);
    assert_int_equal(out(f), VCPU_FIQ);
    assert_int_equal(crd(f, C_AIAR), NONE);
    assert_int_equal(crd(f, C_IAR), SPI2);
}

static void test_sgi(void **state)
{
    struct fix *f = *state;
    f->r.m.cur = 1;
    cwr(f, C_CTLR, 1);
    cwr(f, C_PMR, 0xff);
    assert_int_equal(rd(f, TARGETS), 0x02020202);
    wr(f, SGIR, 1u << 16 | 5); /* CPU 1 to CPU 0 */
    f->r.m.cur = 0;
    wr(f, SGIR, 2u << 24 | 5); /* CPU 0 to itself */
    wr(f, SGIR, 1u << 24 | 6); /* to the others */
    assert_int_equal(out(f), VCPU_IRQ);
    assert_int_equal(f->r.cpus[1]->irq, VCPU_IRQ);
    assert_int_equal(rd(f, CPENDSGIR + 4), 3u << 8);
    assert_int_equal(crd(f, C_IAR), 5); /* from CPU 0 */
    cwr(f, C_EOIR, 5);
    assert_int_equal(crd(f, C_HPPIR), 1u << 10 | 5);
    assert_int_equal(crd(f, C_IAR), 1u << 10 | 5);
    cwr(f, C_EOIR, 1u << 10 | 5);
    assert_int_equal(crd(f, C_IAR), NONE);
    f->r.m.cur = 1;
    assert_int_equal(crd(f, C_IAR), 6);
    f->r.m.cur = 0;
    dev_write(&f->g.dev, SPENDSGIR + 7, 2, 1);
    assert_true(bit(f, ISPENDR, 7));
    dev_write(&f->g.dev, CPENDSGIR + 7, 0xff, 1);
    assert_int_equal(out(f), 0);
    wr(f, ISPENDR, 0xffff); /* SGIs have their own registers */
    wr(f, ICENABLER, 0xffff);
    assert_int_equal(rd(f, ISPENDR), 0);
    assert_int_equal(rd(f, ISENABLER), 0xffff);
}

static void test_targets(void **state)
{
    struct fix *f = *state;
    enable(f, SPI, 0x40);
    drive(f, SPI, true);
    assert_int_equal(out(f), 0);
    dev_write(&f->g.dev, TARGETS + SPI, 2, 1);
    assert_int_equal(rd(f, TARGETS + SPI), 2);
    f->r.m.cur = 1;
    cwr(f, C_CTLR, 1);
    cwr(f, C_PMR, 0xff);
    assert_int_equal(f->r.cpus[1]->irq, VCPU_IRQ);
    f->r.m.cur = 0;
    assert_int_equal(crd(f, C_IAR), NONE);
    wr(f, TARGETS + SPI, 0xffffffff);
    assert_int_equal(rd(f, TARGETS + SPI), 0x03030303);
    assert_int_equal(crd(f, C_IAR), SPI);
    assert_int_equal(f->r.cpus[1]->irq, 0);
    wr(f, ISENABLER, 1u << PPI); /* banked */
    f->r.m.cur = 1;
    assert_int_equal(rd(f, ISENABLER), 0xffff);
}

static void test_widths(void **state)
{
    struct fix *f = *state;
    dev_write(&f->g.dev, PRIO + SPI + 1, 0xaa, 1);
    dev_write(&f->g.dev, PRIO + SPI + 2, 0xccbb, 2);
    assert_int_equal(rd(f, PRIO + SPI), 0xccbbaa00);
    assert_int_equal(dev_read(&f->g.dev, PRIO + SPI + 2, 2), 0xccbb);
    dev_write(&f->g.dev, ISENABLER + 5, 0x81, 1);
    assert_int_equal(rd(f, ISENABLER + 4), 0x8100);
    dev_write(&f->g.dev, ISENABLER + 4, 0x1000000020000000, 8);
    assert_int_equal(dev_read(&f->g.dev, ISENABLER + 4, 8), 0x1000000020008100);
    wr(f, ISENABLER + 9 * 4, ~0u); /* no such interrupts */
    assert_int_equal(rd(f, ISENABLER + 9 * 4), 0);
}

/* Random life, then the same life on a loaded copy: outputs and reads agree. */
static u32 live(struct fix *f, u64 *x)
{
    static const u32 banks[] = { ISENABLER, ISENABLER, ISPENDR, ICPENDR, ICACTIVER, IGROUPR };
    u64 r = rig_random(x);
    u32 val = (u32)rig_random(x), intid = 16 + (u32)(r >> 32) % (GIC_RIG_IRQS - 16);
    switch (r % 8) {
    case 0: case 1: drive(f, intid, val & 1); break;
    case 2: wr(f, banks[val % COUNT(banks)] + intid / 32 * 4, (u32)(rig_random(x) & rig_random(x))); break;
    case 3: dev_write(&f->g.dev, PRIO + intid, val, 1); break;
    case 4: return crd(f, val & 1 ? C_IAR : C_HPPIR);
    case 5: cwr(f, C_EOIR, crd(f, C_IAR)); break;
    case 6: wr(f, SGIR, (val & 0x0003000f)); break;
    default: f->r.m.cur = val & 1; break;
    }
    return f->r.cpus[0]->irq << 4 | f->r.cpus[1]->irq;
}

static void test_save_load(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 42;
    cwr(f, C_CTLR, 7);
    for (u32 round = 0; round < 50; round++) {
        void *other;
        for (u32 i = 0; i < 200; i++)
            live(f, &x);
        assert_true(f->g.dev.cls->state->valid(&f->g.s, &e));
        start_two(&other);
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
    struct gicv2_state bad = f->g.s;
    assert_true(d->valid(&bad, &e));
    bad.bpr[3] = 8;
    assert_false(d->valid(&bad, &e));
    bad = f->g.s;
    bad.sgi_source[17] = 1; /* but not pending */
    assert_false(d->valid(&bad, &e));
    bad.lines.pending[1] = 2;
    assert_true(d->valid(&bad, &e));
    bad.lines.level[0] = 1;
    assert_false(d->valid(&bad, &e));
    bad = f->g.s;
    bad.cpu_ctlr[7] = 1u << 31;
    assert_false(d->valid(&bad, &e));
}

static void test_reset_keeps_inputs(void **state)
{
    struct fix *f = *state;
    drive(f, SPI, true);
    f->g.dev.cls->reset(&f->g.dev);
    assert_true(bit(f, ISPENDR, SPI));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->g.dev);
    gic_rig_sweep(&f->g.dev, 0, GICV2_WINDOW + 16);
    f->r.m.cur = 7; /* beyond the vCPUs there are */
    rig_scribble(&f->g.dev, 0x1000, 20000);
    f->g.dev.cls->reset(&f->g.dev);
    rig_scribble(&f->g.dev, GICV2_WINDOW, 20000);
    gicv2_dist_mmio.write(&f->g.dev, 0xffff, 1, 1);
    gicv2_cpu_mmio.write(&f->g.dev, 0xffff, 1, 1);
    assert_int_equal(gicv2_dist_mmio.read(&f->g.dev, TYPER, 4) & 0x1f, 8);
    assert_int_equal(gicv2_cpu_mmio.read(&f->g.dev, C_IIDR, 4), 0x2043b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
#define T2(f) cmocka_unit_test_setup_teardown(f, start_two, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_level), T(test_edge), T(test_masks), T(test_priorities), T(test_binary_point),
        T(test_eoimode), T(test_groups), T2(test_sgi), T2(test_targets), T(test_widths), T2(test_save_load),
        T(test_valid), T(test_reset_keeps_inputs), T2(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
