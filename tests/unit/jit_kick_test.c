/*
 * jit_kick_test.c - requests to a running machine: seen at once wherever they come, and seen by nobody else: counts
 * stay exact, and the guest's run is the same to the instruction.
 */
#define _GNU_SOURCE
#include "backend/jit/cache.h"
#include "snapshot/snapshot.h"
#include "tests/unit/arm_rig.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#define ADD(rd, imm) (0x91000000u | (imm) << 10 | (rd) << 5 | (rd))
#define B(insns) (0x14000000u | ((u32)(insns) & 0x3ffffff))
#define BR(rn) (0xd61f0000u | (rn) << 5)
#define LDR_W(rt, rn) (0xb9400000u | (rn) << 5 | (rt))
#define STR_W(rt, rn) (0xb9000000u | (rn) << 5 | (rt))
#define MRS_MPIDR(rt) (0xd53800a0u | (rt))
#define MRS_CNTVCT(rt) (0xd53be040u | (rt))
#define FRECPE_S(rd, rn) (0x5ea1d800u | (rn) << 5 | (rd))
#define MASK_IRQ 0xd50342dfu
#define OPEN_IRQ 0xd50342ffu
#define ERET 0xd69f03e0u

/* Virtual addresses. */
#define CODE_A 0x10000ull
#define CODE_B 0x11000ull
#define CODE_V 0x12000ull /* vectors */
#define DATA 0x20000ull
#define DEVICE 0x30000ull
#define DEVICE_PA 0x10000000ull
#define FOREVER (1ull << 40)

struct guest_rig {
    struct rig   r;
    struct jit  *j;      /* NULL: the interpreter's */
    struct event tick;   /* raises the interrupt that a read of the device takes back */
    u64          reads, seen, ticks;
    struct sysreg_port    port;
    const struct program *program;
    u64          base, wrong; /* instruction count at the loop's begin; counter reads at a wrong one */
};

/* A loop over two pages that counts its rounds in x0 with the first instruction. */
struct program {
    const char *name;
    u32 a[16], b[16];
};

static u64 mix(u64 a, u64 b)
{
    u64 z = (a ^ b) * 0x9e3779b97f4a7c15;
    return z ^ z >> 29;
}

static u64 device_read(void *opaque, u64 off, u32 size)
{
    struct guest_rig *g = opaque;
    (void)off, (void)size;
    g->seen = mix(mix(g->seen, machine_now(g->r.m)), g->r.v->s.pc);
    if (g->r.v->irq) {
        vcpu_irq_set(g->r.v, VCPU_IRQ, false);
        event_set(&g->tick, machine_now(g->r.m) + 1 + g->seen % 3000);
    }
    return ++g->reads;
}

static void device_write(void *opaque, u64 off, u64 val, u32 size)
{
    (void)opaque, (void)off, (void)val, (void)size;
}

static void on_tick(void *opaque)
{
    struct guest_rig *g = opaque;
    g->ticks++;
    vcpu_irq_set(g->r.v, VCPU_IRQ, true);
}

static void make_map(struct guest_rig *g)
{
    static const struct mmio_ops ops = { device_read, device_write };
    struct rig *r = &g->r;
    u64 page = D_PAGE | D_AF | D_ATTR(0) | 3u << 8;
    mmu_on(r, 12);
    for (u32 n = 0; n < 3; n++)
        map_at(r, r->s->ttbr0_el1, 12, 3, CODE_A + n * PAGE_SIZE, (CODE + n * PAGE_SIZE) | page);
    for (u32 n = 0; n < 2; n++)
        map_at(r, r->s->ttbr0_el1, 12, 3, DATA + n * PAGE_SIZE, (CODE + (8 + n) * PAGE_SIZE) | page);
    map_at(r, r->s->ttbr0_el1, 12, 3, DEVICE, DEVICE_PA | D_PAGE | D_AF | D_ATTR(1));
    physmap_map_mmio(&r->m->map, DEVICE_PA, 0x1000, &ops, g, "dev");
    r->s->vbar_el1 = CODE_V;
    r->s->cpacr_el1 = 3u << 20;
}

static u32 words(const u32 *p)
{
    u32 n = 0;
    while (n < 16 && p[n])
        n++;
    return n;
}

/* Instructions since the loop began, as its counter and pc tell. */
static u64 count_of(const struct guest_rig *g)
{
    const struct program *p = g->program;
    u64 pc = g->r.v->s.pc, in_a = words(p->a);
    u64 at = pc < CODE_B ? (pc - CODE_A) / 4 : in_a + (pc - CODE_B) / 4;
    return (in_a + words(p->b)) * (g->r.s->x[0] - (at > 0)) + at;
}

/* The counter's read: in the middle of a block, by C. */
static u64 count_read(void *opaque, u32 id)
{
    struct guest_rig *g = opaque;
    (void)id;
    g->wrong += g->r.v->s.icount - g->base != count_of(g) + 1;
    return g->r.v->s.icount;
}

static void start(struct guest_rig *g, const struct engine *en)
{
    struct err e;
    memset(g, 0, sizeof *g);
    rig_init(&g->r, "cortex-a72", A64_PSCI_NONE);
    make_map(g);
    g->port = (struct sysreg_port){ .opaque = g, .read = count_read };
    g->r.v->ports[SYSREG_CNTVCT] = &g->port;
    event_init(&g->tick, g->r.m, "tick", on_tick, g);
    g->r.s->x[4] = DATA;
    g->r.s->x[6] = DATA + PAGE_SIZE - 2;
    g->r.s->x[7] = CODE_A;
    g->r.s->x[8] = DEVICE;
    g->r.v->s.pc = CODE_A;
    if (en == &interp_engine)
        return;
    g->r.v->engine->detach(g->r.v);
    g->r.v->engine = en;
    assert_true(en->attach(g->r.v, &e));
    g->j = g->r.v->engine_data;
}

static const struct program programs[] = {
    { "one block that leads to itself", { ADD(0, 1), B(-1) }, { 0 } },
    { "a chain with accesses to memory, calls of C and an indirect branch",
      { ADD(0, 1), LDR_W(3, 4), STR_W(3, 4), B(1), LDR_W(5, 6), STR_W(5, 6), B(0x400 - 6) },
      { MRS_MPIDR(5), FRECPE_S(0, 0), ADD(1, 1), BR(7) } },
    { "a counter", { ADD(0, 1), ADD(1, 1), MRS_CNTVCT(5), ADD(1, 1), B(-4) }, { 0 } },
    { "the chain with a device",
      { ADD(0, 1), LDR_W(3, 4), STR_W(0, 4), B(1), LDR_W(5, 6), STR_W(0, 6), B(0x400 - 6) },
      { MRS_MPIDR(5), FRECPE_S(0, 0), LDR_W(9, 8), ADD(1, 1), BR(7) } },
};

static void load(struct guest_rig *g, const struct program *p)
{
    g->program = p;
    assert_true(physmap_write(&g->r.m->map, CODE, p->a, sizeof p->a));
    assert_true(physmap_write(&g->r.m->map, CODE + PAGE_SIZE, p->b, sizeof p->b));
}

static void run_to(struct guest_rig *g, u64 count)
{
    while (g->r.v->s.icount < count)
        g->r.v->engine->run(g->r.v, count - g->r.v->s.icount);
}

static void hash_of(struct guest_rig *g, u8 out[16])
{
    struct hash_state h = { 0 };
    snapshot_hash(g->r.m, &h, out);
    hash_state_free(&h);
}

static void same_state(struct guest_rig *a, struct guest_rig *b)
{
    u8 ha[16], hb[16];
    hash_of(a, ha);
    hash_of(b, hb);
    assert_memory_equal(ha, hb, 16);
    assert_int_equal(a->r.v->s.icount, b->r.v->s.icount);
    assert_int_equal(a->reads, b->reads);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->ticks, b->ticks);
}

/* ---- at every instruction of compiled code and of the run loop ---- */

#define STEPS 20000u
static struct {
    struct jit *j;
    u64         code;          /* executable address of the code cache */
    u32         at;            /* instructions since the first */
    u32         from, kicks;   /* where to kick, and at how many in a row */
    bool        stop;          /* record: no more of them */
    bool        was_in_code;
    u64         back;          /* a breakpoint, in place of `byte` */
    u8          byte;
    u8          in_code[STEPS];
} steps;

static bool is_code(u64 pc)
{
    return pc - steps.code < steps.j->size;
}

static u8 *writable(u64 pc)
{
    return steps.j->base + (pc - steps.code);
}

/* C called from code runs on to its return: one place in it is as good as another. */
static void skip_c(greg_t *r)
{
    u64 back = *(const u64 *)r[REG_RSP];
    if (!is_code(back))
        return;
    steps.back = back;
    steps.byte = *writable(back);
    *writable(back) = 0xcc;
    r[REG_EFL] &= ~0x100;
}

static void step(greg_t *r, void *host)
{
    bool in_code = is_code((u64)r[REG_RIP]);
    if (steps.at < STEPS)
        steps.in_code[steps.at] = in_code;
    if (steps.at - steps.from < steps.kicks)
        steps.j->v->engine->kick(steps.j->v, host);
    steps.at++;
    if (steps.at >= steps.from + steps.kicks || steps.stop)
        r[REG_EFL] &= ~0x100;
    else if (!in_code && steps.was_in_code)
        skip_c(r);
    steps.was_in_code = in_code;
}

/* raise() starts it, then every host instruction traps. */
static void on_trap(int number, siginfo_t *info, void *host)
{
    greg_t *r = ((ucontext_t *)host)->uc_mcontext.gregs;
    (void)number;
    if (info->si_code == SI_TKILL || steps.back)
        r[REG_EFL] |= 0x100;
    if (info->si_code == SI_TKILL)
        return;
    if (steps.back) {
        *writable(steps.back) = steps.byte;
        r[REG_RIP] = (greg_t)steps.back;
        steps.back = 0;
    }
    step(r, host);
}

static enum run_exit run_stepping(struct guest_rig *g, u64 budget, u32 from, u32 kicks)
{
    steps.j = g->j;
    steps.code = (u64)(uintptr_t)g->j->base + (u64)g->j->delta;
    steps.at = 0;
    steps.from = from;
    steps.kicks = kicks;
    steps.stop = steps.was_in_code = false;
    raise(SIGTRAP);
    enum run_exit x = g->r.v->engine->run(g->r.v, budget);
    *(volatile bool *)&steps.stop = true;
    return x;
}

static void begin_round(struct guest_rig *g)
{
    g->base = g->r.v->s.icount;
    g->r.v->s.pc = CODE_A;
    g->r.s->x[0] = 0;
}

static void kick_at(struct guest_rig *g, u32 k, u32 kicks)
{
    u64 round = words(g->program->a) + words(g->program->b);
    begin_round(g);
    enum run_exit x = run_stepping(g, 1000 * round, k, kicks);
    if (steps.at <= k)
        fail_msg("there is no step %u", k);
    if (x != RUN_SYNC)
        fail_msg("the kick at step %u was lost", k);
    assert_int_equal(g->r.v->s.icount - g->base, count_of(g));
    assert_true(g->r.v->s.icount - g->base <= 10 * round); /* the steps of one and of the way out */
}

static void every_step(const struct program *p)
{
    struct guest_rig g;
    u64 round = words(p->a) + words(p->b);
    start(&g, &baseline_engine);
    load(&g, p);
    run_to(&g, 8 * round); /* all compiled and linked */
    begin_round(&g);
    assert_int_equal(run_stepping(&g, round, STEPS, 1), RUN_BUDGET);
    u32 n = steps.at, in_code = 0;
    assert_in_range(n, 20, STEPS - 1);
    while (n && !steps.in_code[n - 1])
        n--;
    for (u32 k = 0; k < n; k++) {
        in_code += steps.in_code[k];
        if (steps.in_code[k] || steps.in_code[k ? k - 1 : 0] || k % 11 == 0)
            kick_at(&g, k, 1);
        if (k % 7 == 0)
            kick_at(&g, k, 3);
    }
    assert_in_range(in_code, 20, n);
    begin_round(&g); /* what it left behind is nothing */
    assert_int_equal(g.r.v->engine->run(g.r.v, 100 * round), RUN_BUDGET);
    assert_int_equal(g.r.s->x[0], 100);
    assert_int_equal(g.wrong, 0);
    rig_free(&g.r);
}

static void test_every_step(void **state)
{
    (void)state;
    struct sigaction was, sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
    assert_int_equal(sigaction(SIGTRAP, &sa, &was), 0);
    for (u32 i = 0; i < COUNT(programs) - 1; i++) /* devices: the interpreter takes too many */
        every_step(&programs[i]);
    sigaction(SIGTRAP, &was, NULL);
}

/* ---- from another thread ---- */

/* ThreadSanitizer keeps signals back until the thread calls something of the C library's: compiled code does not. */
#ifdef __SANITIZE_THREAD__
#define NEED_SIGNALS() skip()
#else
#define NEED_SIGNALS() (void)0
#endif

#define KICKS 1000u
struct kicker {
    struct machine *m;
    u32             count;       /* ... of requests that are answered; 0: kicks without waiting until `done` */
    sem_t           answer;
    atomic_bool     done;
    u32             lost, slow;
    u64             kicks;
};

static u64 now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static void sleep_ns(u64 ns)
{
    nanosleep(&(struct timespec){ .tv_nsec = (long)ns }, NULL);
}

/* Asks for a stop, once, and waits for the answer; after 5 s again, so that the test ends. */
static void request(struct kicker *k)
{
    u64 start = now_ns();
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    machine_request(k->m, REQ_STOP);
    for (until.tv_sec += 5; sem_timedwait(&k->answer, &until); until.tv_sec += 5) {
        k->lost++;
        machine_request(k->m, REQ_STOP);
    }
    k->slow += now_ns() - start > 100000000u;
}

static void *kicker(void *opaque)
{
    struct kicker *k = opaque;
    u64 seed = 1;
    for (u32 n = 0; n < k->count; n++) {
        seed = mix(seed, n);
        if (seed % 4)
            sleep_ns(seed % 100000);
        request(k);
    }
    while (!k->count && !atomic_load(&k->done)) {
        machine_kick(k->m);
        k->kicks++;
        sleep_ns((seed = mix(seed, 1)) % 300000);
    }
    atomic_store(&k->done, true);
    return NULL;
}

static void requests(const struct program *p)
{
    struct guest_rig g, still;
    struct kicker k = { .count = KICKS };
    pthread_t t;
    u32 wrong = 0, ends = 0, answers = 0;
    start(&g, &baseline_engine);
    load(&g, p);
    k.m = g.r.m;
    sem_init(&k.answer, 0, 0);
    machine_bind(g.r.m);
    assert_int_equal(pthread_create(&t, NULL, kicker, &k), 0);
    while (answers < KICKS) {
        ends += g.r.v->engine->run(g.r.v, FOREVER) != RUN_SYNC;
        wrong += g.r.v->s.icount != count_of(&g);
        if (!atomic_exchange(&g.r.m->request, 0))
            continue;
        answers++;
        sem_post(&k.answer);
    }
    pthread_join(t, NULL);
    machine_unbind(g.r.m);
    sem_destroy(&k.answer);
    assert_int_equal(wrong, 0);
    assert_int_equal(ends, 0);
    assert_int_equal(g.wrong, 0);
    assert_int_equal(k.lost, 0);
    assert_in_range(k.slow, 0, KICKS / 100); /* the host may be busy */
    start(&still, &baseline_engine);
    load(&still, p);
    run_to(&g, g.r.v->s.icount + 1000);
    run_to(&still, g.r.v->s.icount);
    same_state(&g, &still);
    rig_free(&g.r);
    rig_free(&still.r);
}

static void test_requests(void **state)
{
    (void)state;
    NEED_SIGNALS();
    for (u32 i = 0; i < COUNT(programs); i++)
        requests(&programs[i]);
}

/* From a handler that interrupts the machine's own thread. */
static struct machine *interrupted;
static void on_alarm(int number)
{
    (void)number;
    machine_request(interrupted, REQ_STOP);
}

static void test_own_thread(void **state)
{
    (void)state;
    struct guest_rig g;
    struct sigaction was, sa = { .sa_handler = on_alarm };
    struct itimerspec in = { .it_value.tv_nsec = 5000000 };
    timer_t timer;
    NEED_SIGNALS();
    sigfillset(&sa.sa_mask);
    start(&g, &baseline_engine);
    load(&g, &programs[0]);
    interrupted = g.r.m;
    assert_int_equal(sigaction(SIGALRM, &sa, &was), 0);
    assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
    machine_bind(g.r.m);
    timer_settime(timer, 0, &in, NULL);
    assert_int_equal(g.r.v->engine->run(g.r.v, FOREVER), RUN_SYNC);
    machine_unbind(g.r.m);
    assert_int_equal(atomic_load(&g.r.m->request), REQ_STOP);
    assert_int_equal(g.r.v->s.icount, count_of(&g));
    timer_delete(timer);
    sigaction(SIGALRM, &was, NULL);
    rig_free(&g.r);
}

/* A kick while nothing runs, and one for another machine on the thread. */
static void test_late(void **state)
{
    (void)state;
    struct guest_rig g;
    start(&g, &baseline_engine);
    load(&g, &programs[0]);
    machine_kick(g.r.m);
    raise(SIGURG);
    assert_int_equal(g.r.v->engine->run(g.r.v, 100), RUN_BUDGET);
    machine_bind(g.r.m);
    machine_kick(g.r.m);
    machine_unbind(g.r.m);
    assert_int_equal(g.r.v->engine->run(g.r.v, 100), RUN_SYNC); /* before its first instruction, once */
    assert_int_equal(g.r.v->s.icount, 100);
    assert_int_equal(g.r.v->engine->run(g.r.v, 100), RUN_BUDGET);
    assert_int_equal(g.r.v->s.icount, 200);
    assert_int_equal(count_of(&g), 200);
    rig_free(&g.r);
}

/* ---- a deterministic machine ---- */

#define END 10000000u

/* Interrupts come and are masked and open all the time. */
static const struct program interruptible = {
    "interrupts",
    { ADD(0, 1), MASK_IRQ, LDR_W(3, 4), STR_W(0, 4), B(1), LDR_W(5, 6), ADD(1, 1), OPEN_IRQ, STR_W(0, 6),
      B(0x400 - 9) },
    { MRS_MPIDR(5), FRECPE_S(0, 0), ADD(1, 1), ADD(2, 1), ADD(2, 1), BR(7) },
};

static void run_machine(struct guest_rig *g, const struct engine *en, struct kicker *k)
{
    static const u32 vector[] = { LDR_W(9, 8), ADD(11, 1), ERET };
    pthread_t t;
    start(g, en);
    load(g, &interruptible);
    assert_true(physmap_write(&g->r.m->map, CODE + 2 * PAGE_SIZE + 0x280, vector, sizeof vector));
    event_set(&g->tick, 1000);
    g->r.m->stop_at = END;
    if (k) {
        k->m = g->r.m;
        assert_int_equal(pthread_create(&t, NULL, kicker, k), 0);
    }
    assert_int_equal(machine_run(g->r.m), END_COUNT);
    if (k) {
        atomic_store(&k->done, true);
        pthread_join(t, NULL);
    }
    assert_int_equal(g->r.v->s.icount, END);
    assert_in_range(g->ticks, END / 10000, END);
    assert_int_equal(g->r.s->x[11], g->reads);
}

static void test_deterministic(void **state)
{
    (void)state;
    struct guest_rig reference, g;
    run_machine(&reference, &interp_engine, NULL);
    for (u32 i = 0; i < 6; i++) {
        struct kicker k = { 0 };
        run_machine(&g, i == 5 ? &interp_engine : &baseline_engine, i ? &k : NULL);
        assert_true(!i || k.kicks > 10);
        same_state(&g, &reference);
        rig_free(&g.r);
    }
    rig_free(&reference.r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step),    cmocka_unit_test(test_requests),      cmocka_unit_test(test_own_thread),
        cmocka_unit_test(test_late),          cmocka_unit_test(test_deterministic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
