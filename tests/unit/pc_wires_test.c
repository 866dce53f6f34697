/*
 * pc_wires_test.c - the PC's interrupt lines, which timers and others share: a machine saved and loaded at any moment
 * is the same machine, without an edge more.
 */
#include "tests/unit/pc_rig.h"
#include "hw/boards/pc_wires.h"
#include "snapshot/snapshot.h"

#define RAM_SIZE (8ull << 20)
enum { CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0, TIMER = 0x100, COMPARE = 0x108 };
enum { RUNS = 1, LEGACY = 2, LEVEL = 2, ENABLED = 4, PERIODIC = 8, SETS = 0x40, PIN_2 = 2 << 9 };

void machine_run_events(struct machine *m);

static u64 rnd(u64 *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * 0x2545f4914f6cdd1d >> 16;
}

static void store(struct board *b, gpa at, u64 val, u32 size)
{
    assert_true(physmap_bus_write(&b->m->map, at, size, val));
}
static void out(struct board *b, u32 port, u32 val) { iobus_write(&b->m->io, port, val, 1); }

static void run(struct board *b, u64 ns)
{
    struct machine *m = b->m;
    u64 end = m->s.idle_ns + ns;
    while (m->next_deadline <= end) {
        m->s.idle_ns = MAX(m->s.idle_ns, m->next_deadline);
        machine_run_events(m);
    }
    m->s.idle_ns = end;
}

static void open_board(struct board *b)
{
    struct kernel k;
    kernel_start(&k, false);
    CODE(&k, 0xf4); /* never runs */
    board_open_as(b, &k, "pentium", &interp_engine, (struct pc_config){ 0 }, RAM_SIZE);
}

/* Both controllers listen, for edges or levels. */
static void set_up(struct board *b, u64 *x)
{
    static const u8 words[][2] = { { 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 }, { 0x21, 1 }, { 0x21, 0 },
                                   { 0xa0, 0x11 }, { 0xa1, 0x28 }, { 0xa1, 2 }, { 0xa1, 1 }, { 0xa1, 0 } };
    for (u32 i = 0; i < COUNT(words); i++)
        out(b, words[i][0], words[i][1]);
    store(b, PC_APIC + 0xf0, 0x1ff, 4);
    for (u32 pin = 0; pin < 24; pin++) {
        store(b, PC_IOAPIC, 0x10 + 2 * pin, 4);
        store(b, PC_IOAPIC + 0x10, (0x40 + pin) | (rnd(x) & 7 ? 0 : 0x8000), 4);
    }
}

static void poke_hpet(struct board *b, u64 *x)
{
    u32 n = rnd(x) % HPET_TIMERS;
    store(b, PC_HPET + CONFIG, rnd(x) % 8 ? RUNS | (rnd(x) & LEGACY) : 0, 8);
    u64 how = (rnd(x) & (LEVEL | PERIODIC)) | (rnd(x) & 1 ? PIN_2 : 0);
    store(b, PC_HPET + TIMER + 0x20 * n, how | ENABLED | SETS, 8);
    store(b, PC_HPET + COMPARE + 0x20 * n, 100 + rnd(x) % 100000, 8);
    if (rnd(x) & 1)
        store(b, PC_HPET + STATUS, rnd(x) & 7, 8);
}

/* As a processor that has nothing else to do. */
static void take_all(struct board *b)
{
    struct vcpu *v = b->m->cpus[0];
    for (u32 i = 0; i < 32 && v->irq & VCPU_IRQ; i++) {
        v->ports[SYSREG_X86_INTACK]->read(v->ports[SYSREG_X86_INTACK]->opaque, SYSREG_X86_INTACK);
        store(b, PC_APIC + 0xb0, 0, 4);
    }
}

static void poke(struct board *b, u64 *x)
{
    switch (rnd(x) % 6) {
    case 0: case 1: poke_hpet(b, x); break;
    case 2:
        out(b, PC_PORT_PIT + 3, 0x30 | (u32)(rnd(x) % 6) << 1);
        out(b, PC_PORT_PIT, (u32)rnd(x) & 0xff);
        out(b, PC_PORT_PIT, (u32)rnd(x) & 0xff);
        break;
    case 3: /* the clock's interrupts; up until they are read */
        out(b, PC_PORT_RTC, 0x8b);
        out(b, PC_PORT_RTC + 1, 0x42);
        out(b, PC_PORT_RTC, 0xc);
        if (rnd(x) & 1)
            iobus_read(&b->m->io, PC_PORT_RTC + 1, 1);
        break;
    case 4: take_all(b); break;
    default: run(b, rnd(x) % 30000000);
    }
}

static void same(struct board *a, struct board *b, u64 seed)
{
    struct hash_state h[2] = { 0 };
    u8 x[16], y[16];
    snapshot_hash(a->m, &h[0], x);
    snapshot_hash(b->m, &h[1], y);
    hash_state_free(&h[0]);
    hash_state_free(&h[1]);
    if (memcmp(x, y, sizeof x) || a->m->cpus[0]->irq != b->m->cpus[0]->irq)
        fail_msg("seed %llu: the loaded machine is another one", (unsigned long long)seed);
}

/* The timer's vector is not pending: an edge more would be seen. */
static bool would_tell(struct board *b)
{
    u64 irr;
    assert_true(physmap_bus_read(&b->m->map, PC_APIC + 0x220, 4, &irr));
    return !(irr >> 2 & 1);
}

static void test_saved(void **state)
{
    char path[64];
    struct board a;
    u32 idle = 0;
    (void)state;
    snprintf(path, sizeof path, "/tmp/mynah-pc-wires-%ld", (long)getpid());
    open_board(&a);
    for (u64 seed = 1; seed <= 400; seed++) {
        struct err e;
        struct board b;
        u64 x = seed * 0x9e3779b97f4a7c15;
        if (seed % 16 == 1)
            machine_reset(a.m);
        set_up(&a, &x);
        for (u32 i = 0; i < 12; i++)
            poke(&a, &x);
        idle += would_tell(&a);
        open_board(&b);
        if (!snapshot_save(a.m, path, &e) || !snapshot_load(b.m, path, &e))
            fail_msg("%s", e.msg);
        same(&a, &b, seed);
        run(&a, 3000000);
        run(&b, 3000000);
        same(&a, &b, seed);
        board_close(&b);
    }
    assert_true(idle > 20);
    board_close(&a);
    unlink(path);
}

static void test_class(void **state)
{
    struct pc_wires_state s = { .held = { [15] = 7 }, .replaced = 1 };
    struct err e;
    (void)state;
    assert_true(pc_wires_class.state->valid(&s, &e));
    s.held[3] = 8;
    assert_false(pc_wires_class.state->valid(&s, &e));
    s.held[3] = 0;
    s.replaced = 2;
    assert_false(pc_wires_class.state->valid(&s, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_saved), cmocka_unit_test(test_class) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
