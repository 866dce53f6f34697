/* ioapic_test.c - I/O APIC: edges, levels and their ends, masks, modes, hostile accesses. */
#include "tests/dev/apic_rig.h"

enum { SELECT = 0, WIN = 0x10, END = 0x40, PIN = 5 };

static int start(void **state)
{
    struct apic_rig *r = apic_rig_new(2);
    lapic_enable(r);
    *state = r;
    return 0;
}
static int stop(void **state)
{
    apic_rig_free(*state);
    return 0;
}

static u32 rd(struct apic_rig *r, u32 reg)
{
    dev_write(&r->io.dev, SELECT, reg, 4);
    return (u32)dev_read(&r->io.dev, WIN, 4);
}
static void wr(struct apic_rig *r, u32 reg, u32 val)
{
    dev_write(&r->io.dev, SELECT, reg, 4);
    dev_write(&r->io.dev, WIN, val, 4);
}
static void entry(struct apic_rig *r, u32 pin, u32 dest, u32 lo)
{
    wr(r, 0x11 + 2 * pin, dest << 24);
    wr(r, 0x10 + 2 * pin, lo);
}
static void drive(struct apic_rig *r, u32 pin, bool level)
{
    struct irq_line l = ioapic_line(&r->io, pin);
    irq_set(&l, level);
}

static void test_identity(void **state)
{
    struct apic_rig *r = *state;
    assert_int_equal(rd(r, 1), 0x170020);
    wr(r, 0, 0xff000000);
    assert_int_equal(rd(r, 0), 0x0f000000);
    assert_int_equal(rd(r, 2), 0x0f000000);
    for (u32 i = 0; i < IOAPIC_PINS; i++)
        assert_int_equal(rd(r, 0x10 + 2 * i), 0x10000);
    assert_int_equal(rd(r, 0x40), 0);
    wr(r, 0x10, 0xffffffff);
    assert_int_equal(rd(r, 0x10), 0x1afff); /* delivery status and remote IRR are read-only */
    assert_int_equal(dev_read(&r->io.dev, SELECT, 4), 0x10);
}

static void test_edge(void **state)
{
    struct apic_rig *r = *state;
    drive(r, PIN, true); /* masked: lost */
    entry(r, PIN, 0, 0x45);
    assert_false(lapic_irq(r, 0));
    drive(r, PIN, false);
    drive(r, PIN, true);
    drive(r, PIN, true);
    assert_int_equal(lapic_ack(r), 0x45);
    assert_false(lapic_bit(r, TMR, 0x45));
    lapic_wr(r, EOI_, 0);
    assert_false(lapic_irq(r, 0));
    entry(r, PIN, 1, 0x46);
    drive(r, PIN, false);
    drive(r, PIN, true);
    assert_true(!lapic_irq(r, 0) && lapic_irq(r, 1));
}

static void test_level(void **state)
{
    struct apic_rig *r = *state;
    drive(r, PIN, true);
    entry(r, PIN, 0, 0x8045); /* it is up when the mask goes */
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0xc045);
    assert_int_equal(lapic_ack(r), 0x45);
    assert_true(lapic_bit(r, TMR, 0x45));
    assert_false(lapic_irq(r, 0));
    lapic_wr(r, EOI_, 0); /* still up */
    assert_int_equal(lapic_ack(r), 0x45);
    drive(r, PIN, false);
    drive(r, PIN, true); /* one is under way */
    drive(r, PIN, false);
    lapic_wr(r, EOI_, 0);
    assert_false(lapic_irq(r, 0));
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0x8045);
    drive(r, PIN, true);
    wr(r, 0x10 + 2 * PIN, 0x18045);
    assert_int_equal(lapic_ack(r), 0x45);
    lapic_wr(r, EOI_, 0); /* masked meanwhile */
    assert_false(lapic_irq(r, 0));
    wr(r, 0x10 + 2 * PIN, 0x8045);
    assert_true(lapic_irq(r, 0));
}

/* A request that nobody takes is not under way: the next look sends it. */
static void test_not_taken(void **state)
{
    struct apic_rig *r = *state;
    lapic_wr(r, SVR, 0xff);
    entry(r, PIN, 0, 0x8045);
    drive(r, PIN, true);
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0x8045);
    lapic_wr(r, SVR, 0x1ff);
    entry(r, PIN, 0, 0x8045);
    assert_int_equal(lapic_ack(r), 0x45);
    entry(r, PIN, 9, 0x8046); /* nobody is there */
    lapic_wr(r, EOI_, 0);
    dev_write(&r->io.dev, END, 0x46, 4);
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0x8046);
}

/* Ends by hand: the EOI register, and edge mode and back. */
static void test_forced_end(void **state)
{
    struct apic_rig *r = *state;
    drive(r, PIN, true);
    entry(r, PIN, 0, 0x8045);
    drive(r, PIN, false);
    dev_write(&r->io.dev, END, 0x46, 4);
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0xc045);
    dev_write(&r->io.dev, END, 0x45, 4);
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0x8045);
    drive(r, PIN, true);
    drive(r, PIN, false);
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0xc045);
    wr(r, 0x10 + 2 * PIN, 0x10045);
    wr(r, 0x10 + 2 * PIN, 0x8045);
    assert_int_equal(rd(r, 0x10 + 2 * PIN), 0x8045);
}

static void test_modes(void **state)
{
    struct apic_rig *r = *state;
    entry(r, 3, 1, 4 << 8 | 0x8000); /* NMI: an edge, whatever the trigger says */
    drive(r, 3, true);
    assert_int_equal(r->nmis[1], 1);
    assert_int_equal(rd(r, 0x10 + 2 * 3), 0x8400);
    entry(r, 0, 0, 7 << 8);
    drive(r, 0, true);
    assert_int_equal(lapic_ack(r), 0x77);
    r->r.m->cur = 1;
    lapic_wr(r, LDR, 2u << 24);
    r->r.m->cur = 0;
    lapic_wr(r, LDR, 1u << 24);
    lapic_wr(r, TPR, 0x40);
    entry(r, 7, 3, 1 << 8 | 1 << 11 | 0x90); /* lowest priority of both */
    drive(r, 7, true);
    assert_true(!lapic_irq(r, 0) && lapic_irq(r, 1));
}

static u32 live(struct apic_rig *r, u64 *x)
{
    u64 n = rig_random(x);
    u32 pin = n / 8 % 4, val = (u32)rig_random(x);
    switch (n % 6) {
    case 0: case 1: drive(r, pin, val & 1); break;
    case 2: wr(r, 0x10 + 2 * pin, (val & 0x18100) | 0x40 | (val >> 20 & 0x3f)); break;
    case 3: lapic_wr(r, EOI_, 0); break;
    case 4: return lapic_ack(r);
    default: dev_write(&r->io.dev, END, 0x40 | (val & 0x3f), 4);
    }
    return lapic_irq(r, 0);
}

static void test_save_load(void **state)
{
    struct apic_rig *r = *state;
    struct err e;
    u64 x = 9;
    for (u32 round = 0; round < 40; round++) {
        void *other;
        for (u32 i = 0; i < 100; i++)
            live(r, &x);
        assert_true(ioapic_class.state->valid(&r->io.s, &e));
        start(&other);
        struct apic_rig *c = other;
        c->io.s = r->io.s;
        c->a[0].s = r->a[0].s;
        apic_class.resumed(&c->a[0].dev);
        u64 y = x;
        for (u32 i = 0; i < 100; i++)
            assert_int_equal(live(r, &x), live(c, &y));
        assert_memory_equal(&r->io.s, &c->io.s, sizeof r->io.s);
        stop(&other);
    }
}

static void test_scribble(void **state)
{
    struct apic_rig *r = *state;
    struct err e;
    struct ioapic_state bad = r->io.s;
    rig_check_class(&r->io.dev);
    rig_scribble(&r->io.dev, 0x1000, 20000);
    rig_scribble(&r->io.dev, 0x20, 20000);
    bad.redir[3] = 1ull << 17;
    assert_false(ioapic_class.state->valid(&bad, &e));
    bad = r->io.s;
    bad.level = 1u << 24;
    assert_false(ioapic_class.state->valid(&bad, &e));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_edge), T(test_level), T(test_not_taken), T(test_forced_end), T(test_modes),
        T(test_save_load), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
