/*
 * rig.h - a machine without vCPUs for device tests: RAM, a clock that the test sets, irq lines that it reads.
 */
#pragma once
#include "vm/vm.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above */
#include <cmocka.h>

#define RIG_RAM      0x40000000ull
#define RIG_RAM_SIZE 0x100000ull

void machine_run_events(struct machine *m);

struct rig {
    struct machine *m;
    struct memobj  *ram;
    bool            irq[8];
};

static inline void rig_irq(void *opaque, u32 n, bool level)
{
    ((struct rig *)opaque)->irq[n] = level;
}
static inline struct irq_line rig_line(struct rig *r, u32 n)
{
    return (struct irq_line){ rig_irq, r, n };
}

static inline void rig_start(struct rig *r)
{
    struct err e;
    memset(r, 0, sizeof *r);
    r->m = machine_new("test", &e);
    assert_non_null(r->m);
    r->m->clock = CLOCK_ICOUNT; /* without vCPUs: time is idle_ns */
    r->ram = physmap_new_obj(&r->m->map, "ram", RIG_RAM_SIZE, &e);
    assert_non_null(r->ram);
    physmap_map_obj(&r->m->map, REGION_RAM, RIG_RAM, RIG_RAM_SIZE, r->ram, 0, NULL, NULL, "ram");
}
static inline void rig_end(struct rig *r)
{
    machine_free(r->m);
}
/* Lets time pass, event by event. */
static inline void rig_run(struct rig *r, u64 ns)
{
    u64 end = r->m->s.idle_ns + ns;
    while (r->m->next_deadline <= end) {
        r->m->s.idle_ns = MAX(r->m->s.idle_ns, r->m->next_deadline);
        machine_run_events(r->m);
    }
    r->m->s.idle_ns = end;
}
static inline u8 *rig_mem(struct rig *r, gpa a)
{
    return r->ram->host + (a - RIG_RAM);
}

static inline u64 rig_random(u64 *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * 0x2545f4914f6cdd1d;
}

/* Any offset, any size, values of all kinds; the state stays valid. */
static inline void rig_scribble(struct dev *d, u32 span, u32 rounds)
{
    u64 x = 88172645463325252;
    struct err e;
    for (u32 i = 0; i < rounds; i++) {
        u64 off = rig_random(&x) % span, val = rig_random(&x) >> rig_random(&x) % 64;
        u32 size = 1u << rig_random(&x) % 4;
        if (rig_random(&x) & 1)
            dev_write(d, rig_random(&x) & 3 ? off & ~7ull : off, val, size);
        else
            dev_read(d, off, size);
        if (d->cls->state->valid && !d->cls->state->valid(dev_state(d), &e))
            fail_msg("%s: invalid after %u accesses: %s", d->cls->name, i, e.msg);
    }
}

/* Tables tile, a reset state is valid, and the loaded copy of a state is the state. */
static inline void rig_check_class(struct dev *d)
{
    struct err e;
    const struct state_desc *s = d->cls->state;
    assert_true(state_is_complete(s));
    d->cls->reset(d);
    if (s->valid)
        assert_true(s->valid(dev_state(d), &e));
    void *copy = malloc(s->size);
    assert_non_null(copy);
    memcpy(copy, dev_state(d), s->size);
    if (d->cls->resumed)
        d->cls->resumed(d);
    assert_memory_equal(copy, dev_state(d), s->size);
    free(copy);
}
