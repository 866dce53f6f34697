/*
 * machine.c - a machine's life: parts, reset, virtual time, and the run loop.
 *
 * One thread runs the vCPU, the devices and the events. Not modelled yet: more than one running vCPU.
 */
#include "vm/vm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define F(f) STATE(struct vcpu_state, f)
static const struct state_field vcpu_fields[] = {
    F(pc), F(icount), F(excl_addr), F(excl_val), F(excl_size), F(halted), F(stopped), F(pad),
};
#undef F
static bool vcpu_valid(const void *state, struct err *e)
{
    const struct vcpu_state *s = state;
    return (s->excl_size <= 16 && s->halted <= 1 && s->stopped <= 1)
           || err_set(e, "exclusive size %u, halted %u or stopped %u out of range", s->excl_size, s->halted,
                      s->stopped);
}
const struct state_desc vcpu_state_desc = {
    .name = "vcpu", STATE_DESC(struct vcpu_state, 1, vcpu_fields), .valid = vcpu_valid,
};

#define F(f) STATE(struct machine_state, f)
static const struct state_field machine_fields[] = { F(idle_ns), F(clock_ns), F(rng) };
#undef F
const struct state_desc machine_state_desc = {
    .name = "machine", STATE_DESC(struct machine_state, 1, machine_fields),
};

void machine_catch_kicks(void);

/* ---- parts ---- */

/* The bits are the union of what the engines keep. */
static void code_written(void *opaque, struct memobj *o, u64 off, u64 len)
{
    struct machine *m = opaque;
    u64 end = off + len;
    for (u64 p = off >> PAGE_BITS; p <= (off + MAX(len, 1ull) - 1) >> PAGE_BITS; p++) {
        u64 from = MAX(off, p << PAGE_BITS), to = MIN(end, (p + 1) << PAGE_BITS);
        if (!o->code[p])
            continue;
        o->code[p] = 0;
        for (u32 i = 0; i < m->cpu_count; i++)
            m->cpus[i]->engine->code_written(m->cpus[i], o, from, to - from);
    }
}

struct machine *machine_new(const char *name, struct err *e)
{
    struct machine *m = calloc(1, sizeof *m);
    if (!m) {
        err_set(e, "out of memory for a machine");
        return NULL;
    }
    m->name = name;
    m->log.out = stderr;
    m->stop_at = ~0ull;
    m->next_deadline = TIME_NEVER;
    physmap_init(&m->map, &m->log);
    m->io.log = &m->log;
    m->map.code_written = code_written;
    m->map.code_opaque = m;
    machine_seed(m, 1);
    machine_catch_kicks();
    return m;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    for (u32 i = 0; i < m->cpu_count; i++) {
        m->cpus[i]->engine->detach(m->cpus[i]);
        mmu_free(&m->cpus[i]->mmu);
        free(m->cpus[i]->state);
        free(m->cpus[i]->wiring);
        free(m->cpus[i]);
    }
    free(m->cpus);
    for (u32 i = 0; i < m->dev_count; i++)
        if (m->devs[i]->cls->free)
            m->devs[i]->cls->free(m->devs[i]);
    if (m->board_free)
        m->board_free(m->board);
    physmap_free(&m->map);
    free(m);
}

bool machine_add_cpu(struct machine *m, const struct guest *g, const struct engine *en, void *state, void *wiring,
                     mmu_walk_fn *walk, struct err *e)
{
    struct vcpu *v = calloc(1, sizeof *v);
    struct vcpu **cpus = realloc(m->cpus, (m->cpu_count + 1) * sizeof *cpus);
    if (cpus)
        m->cpus = cpus;
    if (!v || !cpus) {
        free(v);
        return err_set(e, "out of memory for a vCPU");
    }
    *v = (struct vcpu){ .m = m, .guest = g, .engine = en, .state = state, .wiring = wiring, .index = m->cpu_count };
    if (!mmu_init(&v->mmu, &m->map, &m->log, walk, v, e)) {
        free(v);
        return false;
    }
    if (!en->attach(v, e)) {
        mmu_free(&v->mmu);
        free(v);
        return false;
    }
    m->cpus[m->cpu_count++] = v;
    return true;
}

void machine_add_dev(struct machine *m, struct dev *d)
{
    CHECK(m->dev_count < MACHINE_DEVS);
    d->m = m;
    m->devs[m->dev_count++] = d;
}

void machine_reset(struct machine *m)
{
    m->shutdown = NULL;
    for (u32 i = 0; i < m->dev_count; i++)
        if (m->devs[i]->cls->reset)
            m->devs[i]->cls->reset(m->devs[i]);
    for (u32 i = 0; i < m->cpu_count; i++) {
        struct vcpu *v = m->cpus[i];
        v->s = (struct vcpu_state){ .icount = v->s.icount };
        v->guest->reset(v);
        v->engine->flush(v);
    }
    if (m->board_reset)
        m->board_reset(m, m->board);
}

/* ---- randomness: xoshiro256** (Blackman and Vigna), seeded by splitmix64 ---- */

static u64 rotl(u64 x, int k)
{
    return x << k | x >> (64 - k);
}

u64 machine_random(struct machine *m)
{
    u64 *s = m->s.rng, r = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return r;
}

void machine_seed(struct machine *m, u64 seed)
{
    for (u32 i = 0; i < 4; i++) {
        u64 z = seed += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        m->s.rng[i] = z ^ z >> 31;
    }
}

/* ---- time ---- */

u64 machine_icount(const struct machine *m)
{
    return m->cpu_count ? m->cpus[0]->s.icount : 0;
}

u64 machine_now(struct machine *m)
{
    if (m->clock == CLOCK_ICOUNT)
        return machine_icount(m) + m->s.idle_ns;
    return m->still ? m->s.clock_ns : m->host_ns() - m->host_base;
}

void vcpu_irq_set(struct vcpu *v, u32 line, bool level)
{
    if (line >= VCPU_LINE_NMI) {
        if (v->guest->line)
            v->guest->line(v, line, level);
        return;
    }
    v->irq = level ? v->irq | line : v->irq & ~line;
}

/* ---- the run loop ---- */

void machine_run_events(struct machine *m);

/* Realtime: how many instructions before the clock is read again (some 0.05 ms compiled, 0.2 ms interpreted). */
#define REALTIME_SLICE 40000u
/* Longest time without looking at host input while a deterministic guest runs, in instructions. */
#define ICOUNT_SLICE 1000000u
/* Longest idle sleep without a look around, ns. */
#define IDLE_MAX 100000000u

static void idle(struct machine *m)
{
    u64 now = machine_now(m), gap = m->next_deadline == TIME_NEVER ? TIME_NEVER : m->next_deadline - now;
    if (m->next_deadline != TIME_NEVER && m->next_deadline <= now)
        return;
    if (m->clock == CLOCK_ICOUNT && !m->pace_host && gap != TIME_NEVER) {
        m->s.idle_ns += gap;
        return;
    }
    u64 t0 = m->host_ns(), want = MIN(gap, IDLE_MAX);
    if (m->wait)
        m->wait(m->poll_opaque, want);
    if (m->clock != CLOCK_ICOUNT || gap == TIME_NEVER)
        return; /* without a deadline nothing can observe time passing before the input that ends it */
    u64 slept = m->host_ns() - t0; /* nobody sees how the way to the deadline was cut into pieces */
    m->s.idle_ns += MIN(slept, want);
}

static enum machine_end take_requests(struct machine *m)
{
    u32 r = atomic_exchange(&m->request, 0);
    if (r & REQ_QUIT)
        return END_QUIT;
    if (r & REQ_POWEROFF)
        return END_POWEROFF;
    if (r & REQ_RESET) {
        if (m->no_reboot)
            return END_RESET;
        machine_reset(m);
    }
    return r & REQ_STOP ? END_STOP : END_NONE;
}

static void run_cpu(struct machine *m, struct vcpu *v)
{
    u64 slice = m->clock == CLOCK_ICOUNT ? ICOUNT_SLICE : REALTIME_SLICE;
    u64 limit = v->s.icount + slice;
    if (m->clock == CLOCK_ICOUNT && m->next_deadline != TIME_NEVER) {
        u64 due = m->next_deadline - m->s.idle_ns; /* events due are done: this is ahead of icount */
        limit = MIN(limit, due);
    }
    limit = MIN(limit, m->stop_at);
    if (limit > v->s.icount)
        v->engine->run(v, limit - v->s.icount);
}

/* Host input is looked at when somebody kicks, when idle, and once a slice: not at every exception. True: it asked
 * for something that comes before the next instruction. */
static bool poll_host(struct machine *m, struct vcpu *v, bool kicked)
{
    if (!m->poll || !(kicked || v->s.halted || v->s.stopped || v->s.icount >= m->poll_at))
        return false;
    m->poll_at = v->s.icount + (m->clock == CLOCK_ICOUNT ? ICOUNT_SLICE : REALTIME_SLICE);
    m->poll(m->poll_opaque);
    return atomic_load(&m->request) & ~(u32)REQ_KICK;
}

static enum machine_end loop(struct machine *m)
{
    struct vcpu *v = m->cpus[m->cur];
    for (;;) {
        enum machine_end end = END_NONE;
        bool kicked = UNLIKELY(atomic_load(&m->request));
        if (kicked && (end = take_requests(m)))
            return end;
        if (poll_host(m, v, kicked))
            continue;
        machine_run_events(m);
        if (v->s.icount >= m->stop_at)
            return END_COUNT;
        if (v->irq)
            v->guest->interrupt(v);
        if (v->s.halted && v->guest->wakes(v))
            v->s.halted = 0;
        if (v->s.halted || v->s.stopped)
            idle(m);
        else
            run_cpu(m, v);
    }
}

enum machine_end machine_run(struct machine *m)
{
    m->host_base = m->host_ns() - m->s.clock_ns;
    m->still = false;
    m->poll_at = 0;
    machine_bind(m);
    enum machine_end end = loop(m);
    machine_unbind(m);
    if (m->clock == CLOCK_REALTIME)
        m->s.clock_ns = machine_now(m);
    return end;
}
