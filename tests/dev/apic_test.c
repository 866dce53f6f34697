/* apic_test.c - local APIC: priorities, ends of interrupts, pins, timer, messages, modes, hostile accesses. */
#include "hw/deadline.h"
#include "tests/dev/apic_rig.h"

static int start(void **state)
{
    struct apic_rig *r = apic_rig_new(APIC_RIG_CPUS);
    lapic_enable(r);
    *state = r;
    return 0;
}
static int stop(void **state)
{
    apic_rig_free(*state);
    return 0;
}

static void self_ipi(struct apic_rig *r, u32 vector)
{
    lapic_wr(r, ICR, 1 << 18 | 1 << 14 | vector);
}

static void test_identity(void **state)
{
    struct apic_rig *r = *state;
    assert_int_equal(lapic_rd(r, VERSION_), 0x50014);
    for (u32 i = 0; i < APIC_RIG_CPUS; i++) {
        r->r.m->cur = i;
        assert_int_equal(lapic_rd(r, ID), i << 24);
        assert_int_equal(lapic_sr(r, SYSREG_X86_APIC_BASE), 0xfee00800 | (i ? 0 : 0x100));
    }
    assert_int_equal(lapic_rd(r, DFR), 0xffffffff);
    lapic_wr(r, DFR, 0);
    assert_int_equal(lapic_rd(r, DFR), 0x0fffffff);
    assert_int_equal(dev_read(&r->a[0].dev, VERSION_ + 2, 1), 5);
    assert_int_equal(dev_read(&r->a[0].dev, VERSION_ + 4, 4), 0); /* between registers */
    r->r.m->cur = 0;
    r->a[0].dev.cls->reset(&r->a[0].dev);
    assert_int_equal(lapic_rd(r, SVR), 0xff);
    assert_int_equal(lapic_rd(r, LVT_0), 0x700); /* virtual wire */
    assert_int_equal(lapic_rd(r, LVT_1), 0x10000);
}

static void test_priorities(void **state)
{
    struct apic_rig *r = *state;
    self_ipi(r, 0x45);
    assert_true(lapic_irq(r, 0) && !lapic_irq(r, 1));
    assert_true(lapic_bit(r, IRR, 0x45));
    self_ipi(r, 0x91);
    assert_int_equal(lapic_ack(r), 0x91);
    assert_false(lapic_irq(r, 0)); /* 0x45 waits for the end of 0x91 */
    assert_true(lapic_bit(r, ISR, 0x91) && !lapic_bit(r, IRR, 0x91));
    assert_int_equal(lapic_rd(r, PPR), 0x90);
    self_ipi(r, 0x92); /* the same class does not preempt */
    assert_false(lapic_irq(r, 0));
    self_ipi(r, 0xa0);
    assert_int_equal(lapic_ack(r), 0xa0);
    lapic_wr(r, EOI_, 0);
    assert_false(lapic_bit(r, ISR, 0xa0));
    assert_false(lapic_irq(r, 0));
    lapic_wr(r, EOI_, 0);
    assert_int_equal(lapic_ack(r), 0x92);
    lapic_wr(r, EOI_, 0);
    assert_int_equal(lapic_ack(r), 0x45);
    lapic_wr(r, EOI_, 0);
    lapic_wr(r, EOI_, 0); /* one too many */
    assert_int_equal(lapic_ack(r), 0xff);
    for (u32 v = 0; v < 8; v++)
        assert_int_equal(lapic_rd(r, ISR + v * 16), 0);
}

static void test_task_priority(void **state)
{
    struct apic_rig *r = *state;
    lapic_sw(r, SYSREG_X86_TPR, 5);
    assert_int_equal(lapic_rd(r, TPR), 0x50);
    self_ipi(r, 0x5f);
    assert_false(lapic_irq(r, 0));
    assert_int_equal(lapic_ack(r), 0xff); /* spurious: nothing is in service */
    assert_int_equal(lapic_rd(r, PPR), 0x50);
    lapic_wr(r, TPR, 0x4f);
    assert_true(lapic_irq(r, 0));
    assert_int_equal(lapic_sr(r, SYSREG_X86_TPR), 4);
    assert_int_equal(lapic_ack(r), 0x5f);
    assert_int_equal(lapic_rd(r, PPR), 0x50);
    lapic_sw(r, SYSREG_X86_TPR, 15);
    lapic_wr(r, EOI_, 0);
    assert_int_equal(lapic_rd(r, PPR), 0xf0);
}

static void test_timer(void **state)
{
    struct apic_rig *r = *state;
    lapic_wr(r, LVT_T, 0x40);
    lapic_wr(r, TDCR, 0xb); /* by 1 */
    lapic_wr(r, TICT, 1000);
    assert_int_equal(lapic_rd(r, TCCT), 1000);
    rig_run(&r->r, 400);
    assert_int_equal(lapic_rd(r, TCCT), 600);
    lapic_wr(r, TDCR, 3); /* by 16: what is left takes longer */
    assert_int_equal(lapic_rd(r, TCCT), 600);
    rig_run(&r->r, 600 * 16 - 1);
    assert_int_equal(lapic_rd(r, TCCT), 1);
    assert_false(lapic_irq(r, 0));
    rig_run(&r->r, 1);
    assert_int_equal(lapic_rd(r, TCCT), 0);
    assert_int_equal(lapic_ack(r), 0x40);
    lapic_wr(r, EOI_, 0);
    rig_run(&r->r, 100000);
    assert_false(lapic_irq(r, 0)); /* one shot */
    lapic_wr(r, TICT, 10);
    lapic_wr(r, TICT, 0);
    rig_run(&r->r, 1000);
    assert_false(lapic_irq(r, 0));
    lapic_wr(r, LVT_T, 0x10040); /* masked: counts all the same */
    lapic_wr(r, TICT, 10);
    rig_run(&r->r, 100);
    assert_int_equal(lapic_rd(r, TCCT), 10 - 100 / 16);
    rig_run(&r->r, 100);
    assert_false(lapic_irq(r, 0));
}

static void test_periodic(void **state)
{
    struct apic_rig *r = *state;
    static const u32 codes[] = { 0, 1, 2, 3, 8, 9, 10, 11 }, divisors[] = { 2, 4, 8, 16, 32, 64, 128, 1 };
    for (u32 i = 0; i < COUNT(codes); i++) {
        lapic_wr(r, LVT_T, 0x20031);
        lapic_wr(r, TDCR, codes[i]);
        lapic_wr(r, TICT, 100);
        for (u32 k = 0; k < 5; k++) {
            rig_run(&r->r, 100 * divisors[i] - 1);
            assert_false(lapic_irq(r, 0));
            rig_run(&r->r, 1);
            assert_int_equal(lapic_ack(r), 0x31);
            assert_int_equal(lapic_rd(r, TCCT), 100);
            lapic_wr(r, EOI_, 0);
        }
        r->r.m->s.idle_ns += 1050 * divisors[i]; /* the host slept */
        rig_run(&r->r, 0);
        assert_int_equal(lapic_ack(r), 0x31);
        lapic_wr(r, EOI_, 0);
        assert_false(lapic_irq(r, 0));
        assert_int_equal(lapic_rd(r, TCCT), 50);
    }
}

static u64 shifted_tsc(struct vcpu *v)
{
    return machine_now(v->m) + 5000;
}

static void test_deadline(void **state)
{
    struct apic_rig *r = *state;
    lapic_sw(r, SYSREG_X86_TSC_DEADLINE, 100); /* not in this mode */
    assert_int_equal(lapic_sr(r, SYSREG_X86_TSC_DEADLINE), 0);
    lapic_wr(r, LVT_T, 0x40050);
    lapic_wr(r, TICT, 1000);
    assert_int_equal(lapic_rd(r, TCCT), 0);
    lapic_sw(r, SYSREG_X86_TSC_DEADLINE, 2000);
    assert_int_equal(lapic_sr(r, SYSREG_X86_TSC_DEADLINE), 2000);
    rig_run(&r->r, 1999);
    assert_false(lapic_irq(r, 0));
    rig_run(&r->r, 1);
    assert_int_equal(lapic_ack(r), 0x50);
    assert_int_equal(lapic_sr(r, SYSREG_X86_TSC_DEADLINE), 0);
    lapic_wr(r, EOI_, 0);
    r->bus.tsc = shifted_tsc;
    lapic_sw(r, SYSREG_X86_TSC_DEADLINE, 7500);
    rig_run(&r->r, 499);
    assert_false(lapic_irq(r, 0));
    rig_run(&r->r, 1);
    assert_int_equal(lapic_ack(r), 0x50);
    lapic_wr(r, EOI_, 0);
    lapic_sw(r, SYSREG_X86_TSC_DEADLINE, 1); /* the past: at once */
    rig_run(&r->r, 0);
    assert_int_equal(lapic_ack(r), 0x50);
    lapic_sw(r, SYSREG_X86_TSC_DEADLINE, ~0ull);
    lapic_wr(r, LVT_T, 0x50); /* leaving the mode disarms */
    assert_int_equal(lapic_sr(r, SYSREG_X86_TSC_DEADLINE), 0);
    assert_true(r->r.m->next_deadline == TIME_NEVER);
}

static void test_pins(void **state)
{
    struct apic_rig *r = *state;
    struct irq_line lint0 = apic_lint(&r->a[0], 0), lint1 = apic_lint(&r->a[0], 1);
    lapic_wr(r, LVT_0, 0x700);
    irq_set(&lint0, true);
    assert_true(lapic_irq(r, 0));
    self_ipi(r, 0x30); /* the APIC's own go first */
    assert_int_equal(lapic_ack(r), 0x30);
    assert_true(lapic_irq(r, 0)); /* the task priority does not hold ExtINT back */
    assert_int_equal(lapic_ack(r), 0x77);
    assert_int_equal(r->acks, 1);
    assert_false(lapic_irq(r, 0));
    lapic_wr(r, EOI_, 0);
    irq_set(&lint0, true);
    lapic_wr(r, LVT_0, 0x10700);
    assert_false(lapic_irq(r, 0));
    irq_set(&lint0, false);
    lapic_wr(r, LVT_0, 0x60); /* fixed, edge */
    irq_set(&lint0, true);
    assert_int_equal(lapic_ack(r), 0x60);
    lapic_wr(r, EOI_, 0);
    irq_set(&lint0, true);
    assert_false(lapic_irq(r, 0));
    lapic_wr(r, LVT_0, 0x8060); /* level: it is up */
    assert_int_equal(lapic_ack(r), 0x60);
    assert_int_equal(lapic_rd(r, LVT_0), 0xc060);
    assert_true(lapic_bit(r, TMR, 0x60));
    lapic_wr(r, EOI_, 0);
    assert_int_equal(lapic_ack(r), 0x60);
    irq_set(&lint0, false);
    lapic_wr(r, EOI_, 0);
    assert_false(lapic_irq(r, 0));
    assert_int_equal(lapic_rd(r, LVT_0), 0x8060);
    lapic_wr(r, LVT_1, 0x400);
    irq_set(&lint1, true);
    irq_set(&lint1, true);
    assert_int_equal(r->nmis[0], 1);
    irq_set(&lint1, false);
    lapic_wr(r, LVT_1, 0x10400);
    irq_set(&lint1, true);
    assert_int_equal(r->nmis[0], 1);
}

/* Destinations: who of the three got vector 0x80? */
static u32 who(struct apic_rig *r, u32 dest, u32 icr)
{
    u32 got = 0;
    r->r.m->cur = 0;
    lapic_wr(r, ICR2, dest << 24);
    lapic_wr(r, ICR, icr | 0x4080);
    for (u32 i = 0; i < APIC_RIG_CPUS; i++) {
        r->r.m->cur = i;
        if (!lapic_irq(r, i))
            continue;
        got |= 1u << i;
        assert_int_equal(lapic_ack(r), 0x80);
        lapic_wr(r, EOI_, 0);
    }
    r->r.m->cur = 0;
    return got;
}

static void set_ldr(struct apic_rig *r, u32 dfr, const u8 ldr[APIC_RIG_CPUS])
{
    for (u32 i = 0; i < APIC_RIG_CPUS; i++) {
        r->r.m->cur = i;
        lapic_wr(r, DFR, dfr);
        lapic_wr(r, LDR, (u32)ldr[i] << 24);
    }
}

static void test_destinations(void **state)
{
    struct apic_rig *r = *state;
    const u32 logical = 1 << 11, lowest = 1 << 8;
    assert_int_equal(who(r, 1, 0), 2);
    assert_int_equal(who(r, 9, 0), 0);
    assert_int_equal(who(r, 0xff, 0), 7);
    assert_int_equal(who(r, 0, 1 << 18), 1);
    assert_int_equal(who(r, 0, 2 << 18), 7);
    assert_int_equal(who(r, 0, 3 << 18), 6);
    set_ldr(r, ~0u, (const u8[]){ 1, 2, 4 });
    assert_int_equal(who(r, 6, logical), 6);
    assert_int_equal(who(r, 8, logical), 0);
    assert_int_equal(who(r, 6, logical | lowest), 2);
    r->r.m->cur = 1;
    lapic_wr(r, TPR, 0x20);
    assert_int_equal(who(r, 6, logical | lowest), 4); /* the other is less busy */
    set_ldr(r, 0x0fffffff, (const u8[]){ 0x11, 0x12, 0x21 });
    assert_int_equal(who(r, 0x13, logical), 3);
    assert_int_equal(who(r, 0x21, logical), 4);
    assert_int_equal(who(r, 0x01, logical), 0);
    r->r.m->cur = 2;
    lapic_wr(r, SVR, 0xff); /* switched off: takes no fixed interrupt */
    assert_int_equal(who(r, 0xff, 0), 3);
    assert_int_equal(who(r, 2, lowest), 0);
}

static void test_other_messages(void **state)
{
    struct apic_rig *r = *state;
    assert_int_equal(who(r, 1, 4 << 8), 0);
    assert_int_equal(r->nmis[1], 1);
    lapic_wr(r, ICR2, 2 << 24);
    lapic_wr(r, ICR, 6 << 8 | 0x4012); /* start-up: not waited for after INIT alone */
    assert_int_equal(r->a[2].s.init, 1);
    assert_int_equal(r->a[2].s.sipi, 0x112);
    lapic_wr(r, ICR, 5 << 8 | 0xc000);
    lapic_wr(r, ICR, 5 << 8 | 0x8000); /* de-assert: nothing */
    assert_int_equal(r->inits[2], 1);
    assert_int_equal(r->a[2].s.sipi, 0);
    assert_int_equal(r->a[2].s.svr, 0xff);
    assert_int_equal(r->a[2].s.id, 2);
    lapic_wr(r, ICR, 2 << 8 | 0x4000); /* SMI: dropped */
    r->r.m->cur = 1;
    lapic_wr(r, ICR2, 0);
    lapic_wr(r, ICR, 7 << 8 | 0x4000); /* ExtINT by message */
    assert_true(lapic_irq(r, 0));
    r->r.m->cur = 0;
    assert_int_equal(lapic_ack(r), 0x77);
    assert_false(lapic_irq(r, 0));
}

static void test_errors(void **state)
{
    struct apic_rig *r = *state;
    lapic_wr(r, LVT_E, 0xfe);
    lapic_wr(r, ICR, 1 << 18 | 0x4005); /* an illegal vector */
    assert_int_equal(lapic_rd(r, ESR), 0);
    lapic_wr(r, ESR, 0);
    assert_int_equal(lapic_rd(r, ESR), 0x20);
    assert_int_equal(lapic_ack(r), 0xfe);
    lapic_wr(r, EOI_, 0);
    lapic_rd(r, 0x3f0); /* no such register */
    lapic_wr(r, 0x3f0, 1);
    lapic_wr(r, ESR, 0);
    assert_int_equal(lapic_rd(r, ESR), 0x80);
    lapic_wr(r, LVT_E, 3); /* the error's own vector is illegal */
    assert_true(apic_msi(&r->bus, APIC_BASE_DEFAULT, 0));
    lapic_wr(r, ESR, 0);
    assert_int_equal(lapic_rd(r, ESR), 0x40);
    assert_int_equal(r->a[0].s.irr[0], 0);
}

static void test_soft_disable(void **state)
{
    struct apic_rig *r = *state;
    lapic_wr(r, LVT_T, 0x40);
    self_ipi(r, 0x99);
    lapic_wr(r, SVR, 0xef);
    assert_int_equal(lapic_rd(r, LVT_T), 0x10040);
    lapic_wr(r, LVT_T, 0x41);
    assert_int_equal(lapic_rd(r, LVT_T), 0x10041);
    assert_int_equal(lapic_ack(r), 0x99); /* what was asked for before is kept */
    lapic_wr(r, EOI_, 0);
    assert_int_equal(lapic_ack(r), 0xef);
    lapic_wr(r, SVR, 0x1ff);
    assert_int_equal(lapic_rd(r, LVT_T), 0x10041);
}

static bool is_mapped(struct apic_rig *r, gpa a)
{
    return physmap_find(&r->r.m->map, a);
}

static void test_base(void **state)
{
    struct apic_rig *r = *state;
    lapic_sw(r, SYSREG_X86_APIC_BASE, 0xfec00900);
    assert_false(is_mapped(r, WINDOW));
    assert_true(is_mapped(r, 0xfec00000));
    assert_int_equal(dev_read(&r->a[0].dev, VERSION_, 4), 0x50014);
    lapic_sw(r, SYSREG_X86_APIC_BASE, RIG_RAM | 0x900); /* RAM stays where it is */
    assert_int_equal(lapic_sr(r, SYSREG_X86_APIC_BASE), RIG_RAM | 0x900);
    assert_int_equal(physmap_find(&r->r.m->map, RIG_RAM)->kind, REGION_RAM);
    lapic_sw(r, SYSREG_X86_APIC_BASE, 0xfffffffffffff900); /* the end of everything */
    lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0x900);
    lapic_wr(r, TPR, 0x30);
    lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0x500); /* x2APIC without the enable bit: no such mode */
    assert_int_equal(lapic_sr(r, SYSREG_X86_APIC_BASE), WINDOW | 0x900);
    lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0x100); /* off: the pins are INTR and NMI */
    assert_false(is_mapped(r, WINDOW));
    apic_set_lint(&r->a[0], 0, true);
    assert_int_equal(lapic_ack(r), 0x77);
    apic_set_lint(&r->a[0], 1, true);
    assert_int_equal(r->nmis[0], 1);
    assert_true(apic_msi(&r->bus, WINDOW, 0x55));
    assert_false(lapic_irq(r, 0));
    lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0xd00); /* straight to x2APIC: no */
    assert_int_equal(lapic_sr(r, SYSREG_X86_APIC_BASE), WINDOW | 0x100);
    lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0x900);
    assert_int_equal(lapic_rd(r, TPR), 0);
    assert_int_equal(lapic_rd(r, LVT_0), 0x10000);
}

static void test_x2apic(void **state)
{
    struct apic_rig *r = *state;
    for (u32 i = 0; i < APIC_RIG_CPUS; i++) {
        r->r.m->cur = i;
        lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0xc00);
    }
    assert_int_equal(lapic_sr(r, 0x802), 2);
    assert_int_equal(lapic_sr(r, 0x80d), 4);
    r->r.m->cur = 0;
    assert_false(is_mapped(r, WINDOW));
    lapic_sw(r, 0x83f, 0x66); /* to itself */
    assert_int_equal(lapic_ack(r), 0x66);
    lapic_sw(r, 0x80b, 0);
    lapic_sw(r, 0x830, 2ull << 32 | 0x4071);
    assert_int_equal(lapic_sr(r, 0x830), 2ull << 32 | 0x4071);
    lapic_sw(r, 0x830, 0x6ull << 32 | 0x4872); /* logical: cluster 0, CPUs 1 and 2 */
    assert_false(lapic_irq(r, 0));
    r->r.m->cur = 1;
    assert_int_equal(lapic_ack(r), 0x72);
    r->r.m->cur = 2;
    assert_int_equal(lapic_ack(r), 0x72);
    lapic_sw(r, 0x80b, 0);
    assert_int_equal(lapic_ack(r), 0x71);
    r->r.m->cur = 0;
    lapic_sw(r, 0x830, 0xffffffffull << 32 | 0x4490); /* NMI to all */
    assert_int_equal(r->nmis[0] + r->nmis[1] + r->nmis[2], 3);
    lapic_sw(r, SYSREG_X86_APIC_BASE, WINDOW | 0x800); /* back to xAPIC: no */
    assert_int_equal(lapic_sr(r, SYSREG_X86_APIC_BASE), WINDOW | 0xd00);
    assert_true(apic_x2_msr(0x802, false) && !apic_x2_msr(0x802, true) && !apic_x2_msr(0x80b, false));
    assert_true(!apic_x2_msr(0x831, false) && !apic_x2_msr(0x80e, false) && apic_x2_msr(0x83f, true));
    assert_true(!apic_x2_msr(0x7ff, false) && !apic_x2_msr(0x840, true) && apic_x2_msr(0x837, true));
}

static void test_msi(void **state)
{
    struct apic_rig *r = *state;
    assert_false(apic_msi(&r->bus, 0xfed00000, 0x50));
    assert_false(apic_msi(&r->bus, 1ull << 32 | WINDOW, 0x50));
    assert_true(apic_msi(&r->bus, WINDOW | 1 << 12, 0x4050));
    assert_true(lapic_irq(r, 1) && !lapic_irq(r, 0));
    assert_true(apic_msi(&r->bus, WINDOW | 0xff << 12, 0x0400));
    assert_int_equal(r->nmis[0] + r->nmis[1] + r->nmis[2], 3);
}

/* ---- states ---- */

static u32 live(struct apic_rig *r, u64 *x)
{
    u64 n = rig_random(x);
    u32 val = (u32)rig_random(x);
    static const u32 offs[] = { TPR, LDR, DFR, SVR, ESR, LVT_T, LVT_0, LVT_1, LVT_E, TICT, TDCR, ICR2 };
    r->r.m->cur = n >> 8 & 1;
    switch (n % 9) {
    case 0: lapic_wr(r, offs[n / 16 % COUNT(offs)], val & 0xff0740ff); break;
    case 1: lapic_wr(r, ICR, (val & 0xcf00) | 0x30 | (val & 0xf)); break;
    case 2: apic_set_lint(&r->a[0], val & 1, val & 2); break;
    case 3: lapic_wr(r, EOI_, 0); break;
    case 4: case 5: return lapic_ack(r);
    case 6: apic_msi(&r->bus, WINDOW | (val & 0xff00c), (val & 0x9700) | (val >> 16 & 0xff)); break;
    case 7: lapic_wr(r, SVR, 0x1f0); break;
    default: rig_run(&r->r, val % 5000); break;
    }
    return (u32)lapic_irq(r, 0) | (u32)lapic_irq(r, 1) << 1 | lapic_rd(r, TCCT) << 8;
}

static void test_save_load(void **state)
{
    struct apic_rig *r = *state;
    struct err e;
    u64 x = 5;
    for (u32 round = 0; round < 40; round++) {
        void *other;
        for (u32 i = 0; i < 100; i++)
            live(r, &x);
        start(&other);
        struct apic_rig *c = other;
        c->r.m->s = r->r.m->s;
        for (u32 i = 0; i < APIC_RIG_CPUS; i++) {
            if (!apic_class.state->valid(&r->a[i].s, &e))
                fail_msg("%s", e.msg);
            c->a[i].s = r->a[i].s;
        }
        for (u32 i = 0; i < APIC_RIG_CPUS; i++)
            apic_class.resumed(&c->a[i].dev);
        u64 y = x;
        for (u32 i = 0; i < 100; i++)
            assert_int_equal(live(r, &x), live(c, &y));
        for (u32 i = 0; i < APIC_RIG_CPUS; i++)
            assert_memory_equal(&r->a[i].s, &c->a[i].s, sizeof r->a[i].s);
        stop(&other);
    }
}

static void test_scribble(void **state)
{
    struct apic_rig *r = *state;
    static const u32 ids[] = { SYSREG_X86_INTACK, SYSREG_X86_TPR, SYSREG_X86_APIC_BASE, SYSREG_X86_TSC_DEADLINE };
    struct err e;
    u64 x = 3;
    for (u32 round = 0; round < 60; round++) {
        rig_check_class(&r->a[0].dev);
        rig_scribble(&r->a[0].dev, 0x1000, 300);
        for (u32 i = 0; i < 500; i++) {
            u64 n = rig_random(&x);
            u32 id = n & 1 ? ids[n / 2 % COUNT(ids)] : 0x800 + (u32)(n / 2 % 0x100);
            r->r.m->cur = n >> 20 & 1;
            lapic_sw(r, id, rig_random(&x) >> (n >> 24 & 63));
            lapic_sr(r, id);
            if (n % 16 == 0)
                rig_run(&r->r, 100);
            if (!apic_class.state->valid(&r->a[n >> 20 & 1].s, &e))
                fail_msg("%s", e.msg);
        }
    }
}

static void test_valid(void **state)
{
    struct apic_rig *r = *state;
    struct err e;
    const struct { u32 at, val; } bad[] = {
        { offsetof(struct apic_state, irr), 1 }, { offsetof(struct apic_state, lvt), 1 << 12 },
        { offsetof(struct apic_state, svr), 0x1000 }, { offsetof(struct apic_state, base), 0x400 },
        { offsetof(struct apic_state, pins), 4 }, { offsetof(struct apic_state, sipi), 0x200 },
        { offsetof(struct apic_state, divide), 4 }, { offsetof(struct apic_state, dfr), 0 },
    };
    for (u32 i = 0; i < COUNT(bad); i++) {
        struct apic_state s = r->a[0].s;
        assert_true(apic_class.state->valid(&s, &e));
        memcpy((char *)&s + bad[i].at, &bad[i].val, 4);
        assert_false(apic_class.state->valid(&s, &e));
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_priorities), T(test_task_priority), T(test_timer), T(test_periodic),
        T(test_deadline),
        T(test_pins), T(test_destinations), T(test_other_messages), T(test_errors), T(test_soft_disable),
        T(test_base),
        T(test_x2apic), T(test_msi), T(test_save_load), T(test_scribble), T(test_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
