/* gicv2m_test.c - the MSI frame of a GICv2: registers, messages that become pending interrupts, hostile writes. */
#include "hw/intc/gicv2.h"
#include "hw/intc/gicv2m.h"
#include "tests/dev/gic_rig.h"

enum { TYPER = 8, SETSPI = 0x40, IIDR = 0xfcc, FIRST = 80 };
enum { D_PENDING = 0x200, D_CLEAR = 0x280, D_CFG = 0xc00 };

struct fix {
    struct gic_rig r;
    struct gicv2   g;
    struct gicv2m  f;
};

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    assert_non_null(f);
    gic_rig_start(&f->r, 1);
    gicv2_init(&f->g, &f->r.m, "gic", GIC_RIG_IRQS);
    gicv2m_init(&f->f, &f->r.m, "v2m", FIRST, GICV2M_SPIS);
    for (u32 i = 0; i < GICV2M_SPIS; i++)
        f->f.spi[i] = gicv2_line(&f->g, 0, FIRST + i);
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

static u32 rd(struct fix *f, u32 off) { return (u32)dev_read(&f->f.dev, off, 4); }
static void wr(struct fix *f, u32 off, u32 val) { dev_write(&f->f.dev, off, val, 4); }
static u32 pending(struct fix *f, u32 word) { return (u32)dev_read(&f->g.dev, D_PENDING + 4 * word, 4); }

static void set_triggers(struct fix *f, bool edge)
{
    for (u32 i = FIRST; i < FIRST + GICV2M_SPIS; i += 16)
        dev_write(&f->g.dev, D_CFG + i / 4, edge ? 0xaaaaaaaa : 0, 4);
}

/* That interrupt is pending and no other; 0: none is. Afterwards none is. */
static void expect_only(struct fix *f, u32 intid)
{
    for (u32 w = 0; w < GIC_RIG_IRQS / 32; w++) {
        assert_int_equal(pending(f, w), intid && intid / 32 == w ? 1u << intid % 32 : 0);
        dev_write(&f->g.dev, D_CLEAR + 4 * w, ~0u, 4);
    }
}

static void test_registers(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, TYPER), FIRST << 16 | 64);
    assert_int_equal(rd(f, IIDR), 0x05100000); /* QEMU 7.2's */
    assert_int_equal(rd(f, SETSPI), 0);
    assert_int_equal(dev_read(&f->f.dev, TYPER, 2), 0);
    wr(f, TYPER, 0);
    wr(f, IIDR, 0);
    assert_int_equal(rd(f, TYPER), FIRST << 16 | 64);
    expect_only(f, 0);
}

static void test_messages(void **state)
{
    struct fix *f = *state;
    set_triggers(f, true);
    for (u32 i = 0; i < 1024; i++) {
        bool there = i >= FIRST && i < FIRST + 64;
        assert_int_equal(gicv2m_set(&f->f, i), there);
        expect_only(f, there ? i : 0);
        wr(f, SETSPI, i | 0xfffffc00); /* the bits above are reserved */
        expect_only(f, there ? i : 0);
    }
    gicv2m_set(&f->f, FIRST); /* twice is once */
    gicv2m_set(&f->f, FIRST);
    expect_only(f, FIRST);
    expect_only(f, 0);
}

/* A pulse leaves nothing behind at a level-triggered input. */
static void test_levels(void **state)
{
    struct fix *f = *state;
    set_triggers(f, false);
    for (u32 i = FIRST; i < FIRST + 64; i++)
        wr(f, SETSPI, i);
    expect_only(f, 0);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    u64 x = 4711;
    set_triggers(f, true);
    for (u32 i = 0; i < 200000; i++) {
        u64 n = rig_random(&x), off = n >> 8 & 3 ? n >> 16 & 0xfff : SETSPI;
        dev_write(&f->f.dev, off, rig_random(&x), 1u << (n & 3));
        dev_read(&f->f.dev, off, 1u << (n >> 2 & 3));
    }
    for (u32 w = 0; w < GIC_RIG_IRQS / 32; w++) /* ids 80 to 143: nothing else was touched */
        assert_int_equal(pending(f, w) & ~(w == 2 ? 0xffff0000 : w == 3 ? ~0u : w == 4 ? 0xffff : 0), 0);
    assert_int_equal(pending(f, 3), ~0u);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = { T(test_registers), T(test_messages), T(test_levels), T(test_scribble) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
