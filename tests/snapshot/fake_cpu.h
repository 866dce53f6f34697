/* fake_cpu.h - a CPU with registers and no instructions, an engine that does nothing, random numbers. */
#pragma once
#include "vm/vm.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static inline u64 next_random(u64 *s)
{
    u64 z = *s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline void fill_random(u64 *s, void *p, u64 n)
{
    for (u64 i = 0; i < n; i++)
        ((u8 *)p)[i] = (u8)(next_random(s) >> 32);
}

struct fake_cpu {
    u64 x[8];
    u32 cached; /* twice x[0]: not in the state hash */
    u8  flags[4];
};
#define F(f) STATE(struct fake_cpu, f)
static const struct state_field fake_cpu_fields[] = {
    F(x),
    { .name = "cached", .offset = offsetof(struct fake_cpu, cached), .count = 1, .size = 4, .since = 1,
      .cache = true },
    F(flags),
};
#undef F
static bool fake_cpu_valid(const void *state, struct err *e)
{
    return ((const struct fake_cpu *)state)->flags[0] < 4 || err_set(e, "flags out of range");
}
static const struct state_desc fake_cpu_desc = {
    .name = "fake_cpu", STATE_DESC(struct fake_cpu, 1, fake_cpu_fields), .valid = fake_cpu_valid,
};

static char order[64]; /* who was resumed, in turn */
static void note(char c)
{
    u64 n = strlen(order);
    if (n + 1 < sizeof order)
        order[n] = c;
}

static void cpu_resumed(struct vcpu *v)
{
    (void)v;
    note('c');
}
static void cpu_reset(struct vcpu *v)
{
    memset(v->state, 0, sizeof(struct fake_cpu));
}
static void cpu_set_entry(struct vcpu *v, const struct guest_entry *e)
{
    v->s.pc = e->pc;
    ((struct fake_cpu *)v->state)->x[0] = e->arg;
}
static const struct guest fake_guest = {
    .name = "fake", .desc = &fake_cpu_desc, .reset = cpu_reset, .resumed = cpu_resumed, .set_entry = cpu_set_entry,
};

static bool engine_attach(struct vcpu *v, struct err *e)
{
    (void)v;
    (void)e;
    return true;
}
static void engine_detach(struct vcpu *v)
{
    (void)v;
}
static void engine_flush(struct vcpu *v)
{
    (void)v;
    note('e');
}
static void engine_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    (void)v, (void)o, (void)off, (void)len;
}
static const struct engine fake_engine = {
    .name = "none", .attach = engine_attach, .detach = engine_detach, .flush = engine_flush,
    .code_written = engine_written,
};

static bool fake_walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    (void)opaque, (void)acc, (void)mode, (void)f;
    *x = (struct xlat){ .pa = va & 0xffffffff, .prot = 7, .page_bits = 21, .global = va >> 32 & 1 };
    return true;
}

static inline bool add_fake_cpu(struct machine *m, void *opaque, struct err *e)
{
    (void)opaque;
    return machine_add_cpu(m, &fake_guest, &fake_engine, calloc(1, sizeof(struct fake_cpu)), NULL, fake_walk, e);
}
