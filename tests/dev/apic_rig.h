/* apic_rig.h - a machine with vCPUs that execute nothing, their APICs, and an 8259 that knows one number. */
#pragma once
#include "hw/intc/ioapic.h"
#include "tests/dev/rig.h"

#define APIC_RIG_CPUS 3u
#define WINDOW        APIC_BASE_DEFAULT
enum { ID = 0x20, VERSION_ = 0x30, TPR = 0x80, PPR = 0xa0, EOI_ = 0xb0, LDR = 0xd0, DFR = 0xe0, SVR = 0xf0,
       ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280, ICR = 0x300, ICR2 = 0x310, LVT_T = 0x320, LVT_0 = 0x350,
       LVT_1 = 0x360, LVT_E = 0x370, TICT = 0x380, TCCT = 0x390, TDCR = 0x3e0 };

struct apic_rig {
    struct rig      r;
    struct vcpu    *cpus[APIC_RIG_CPUS];
    struct apic_bus bus;
    struct apic     a[APIC_RIG_CPUS];
    struct ioapic   io;
    u32             nmis[APIC_RIG_CPUS], inits[APIC_RIG_CPUS];
    u32             acks;       /* of the 8259 */
};

static inline void apic_rig_line(struct vcpu *v, u32 line, bool level)
{
    struct apic_rig *r = v->wiring;
    r->nmis[v->index] += line == VCPU_LINE_NMI && level;
    r->inits[v->index] += line == VCPU_LINE_INIT && level;
}
static const struct guest apic_rig_guest = { .name = "none", .line = apic_rig_line };

static inline u32 apic_rig_ack(void *opaque)
{
    struct apic_rig *r = opaque;
    r->acks++;
    apic_set_lint(&r->a[0], 0, false);
    return 0x77;
}

static inline struct apic_rig *apic_rig_new(u32 cpus)
{
    struct apic_rig *r = calloc(1, sizeof *r);
    rig_start(&r->r);
    for (u32 i = 0; i < cpus; i++) {
        assert_non_null(r->cpus[i] = calloc(1, sizeof **r->cpus));
        r->cpus[i]->guest = &apic_rig_guest;
        r->cpus[i]->wiring = r;
        r->cpus[i]->index = i;
        r->cpus[i]->m = r->r.m;
    }
    r->r.m->cpus = r->cpus;
    r->r.m->cpu_count = cpus;
    for (u32 i = 0; i < cpus; i++)
        apic_init(&r->a[i], &r->bus, r->r.m, "apic", i);
    ioapic_init(&r->io, &r->bus, r->r.m, "ioapic");
    r->bus.pic_ack = apic_rig_ack;
    r->bus.pic_opaque = r;
    return r;
}
static inline void apic_rig_free(struct apic_rig *r)
{
    r->r.m->cpus = NULL;
    r->r.m->cpu_count = 0;
    for (u32 i = 0; i < APIC_RIG_CPUS; i++)
        free(r->cpus[i]);
    rig_end(&r->r);
    free(r);
}

static inline u32 lapic_rd(struct apic_rig *r, u32 off)
{
    u64 val = 0;
    assert_true(physmap_bus_read(&r->r.m->map, WINDOW + off, 4, &val));
    return (u32)val;
}
static inline void lapic_wr(struct apic_rig *r, u32 off, u32 val)
{
    assert_true(physmap_bus_write(&r->r.m->map, WINDOW + off, 4, val));
}
static inline u64 lapic_sr(struct apic_rig *r, u32 id)
{
    const struct sysreg_port *p = r->cpus[r->r.m->cur]->ports[id < SYSREG_COUNT ? id : SYSREG_X86_X2APIC];
    return p->read(p->opaque, id);
}
static inline void lapic_sw(struct apic_rig *r, u32 id, u64 val)
{
    const struct sysreg_port *p = r->cpus[r->r.m->cur]->ports[id < SYSREG_COUNT ? id : SYSREG_X86_X2APIC];
    p->write(p->opaque, id, val);
}
static inline bool lapic_irq(struct apic_rig *r, u32 cpu)
{
    return r->cpus[cpu]->irq & VCPU_IRQ;
}
static inline u32 lapic_ack(struct apic_rig *r)
{
    return (u32)lapic_sr(r, SYSREG_X86_INTACK);
}
/* All CPUs: software enable, spurious vector 0xff. */
static inline void lapic_enable(struct apic_rig *r)
{
    for (u32 i = r->bus.count; i--;) {
        r->r.m->cur = i;
        lapic_wr(r, SVR, 0x1ff);
    }
}
static inline bool lapic_bit(struct apic_rig *r, u32 bank, u32 v)
{
    return lapic_rd(r, bank + v / 32 * 16) >> v % 32 & 1;
}
