/* gic_rig.h - a machine with two vCPUs that execute nothing, for interrupt controller tests. */
#pragma once
#include "tests/dev/rig.h"

#define GIC_RIG_CPUS 2u
#define GIC_RIG_IRQS 288u

struct gic_rig {
    struct machine m;
    struct vcpu   *cpus[GIC_RIG_CPUS];
};

static inline void gic_rig_start(struct gic_rig *r, u32 cpus)
{
    memset(r, 0, sizeof *r);
    for (u32 i = 0; i < cpus; i++)
        assert_non_null(r->cpus[i] = calloc(1, sizeof **r->cpus));
    r->m.cpus = r->cpus;
    r->m.cpu_count = cpus;
    r->m.next_deadline = TIME_NEVER;
}
static inline void gic_rig_end(struct gic_rig *r)
{
    for (u32 i = 0; i < r->m.cpu_count; i++)
        free(r->cpus[i]);
}

/* Every offset of [from, to) with every size, random values. */
static inline void gic_rig_sweep(struct dev *d, u64 from, u64 to)
{
    u64 x = 0x9e3779b97f4a7c15;
    struct err e;
    for (u64 off = from; off < to; off++) {
        u32 size = 1u << rig_random(&x) % 4;
        dev_write(d, off, rig_random(&x), size);
        dev_read(d, off, 1u << rig_random(&x) % 4);
    }
    if (!d->cls->state->valid(dev_state(d), &e))
        fail_msg("%s: invalid after the sweep: %s", d->cls->name, e.msg);
}
