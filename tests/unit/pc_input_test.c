/*
 * pc_input_test.c - keyboard, mouse and their controller, second serial and parallel port, on a whole PC: the gate of
 * address line 20, what a direct boot finds, and machines saved in the middle of anything that go on as the first
 * would.
 */
#include "tests/unit/pc_rig.h"
#include "host/input.h"
#include "snapshot/snapshot.h"

#define RAM (4ull << 20)
#define MS 1000000ull

void machine_run_events(struct machine *m);

struct pc_rig {
    struct board  b;
    struct input *in;
    struct chr    nowhere;
};

static void open_pc(struct pc_rig *p)
{
    struct kernel k;
    struct err e;
    kernel_start(&k, false);
    CODE(&k, 0xf4, 0xeb, 0xfd); /* hlt; jmp to it */
    p->in = input_new(NULL, NULL, &e);
    assert_non_null(p->in);
    p->nowhere = (struct chr){ 0 };
    struct pc_config c = { .serial2 = &p->nowhere, .parallel = &p->nowhere, .input = p->in };
    board_open_as(&p->b, &k, "qemu64", &interp_engine, c, RAM);
}
static void close_pc(struct pc_rig *p)
{
    board_close(&p->b);
    input_free(p->in);
}

static void out(struct pc_rig *p, u32 port, u32 val) { iobus_write(&p->b.m->io, port, val, 1); }
static u32 in(struct pc_rig *p, u32 port) { return iobus_read(&p->b.m->io, port, 1); }
static void run_for(struct pc_rig *p, u64 ns)
{
    struct machine *m = p->b.m;
    u64 end = machine_now(m) + ns;
    while (m->next_deadline <= end) {
        m->s.idle_ns += m->next_deadline - MIN(machine_now(m), m->next_deadline);
        machine_run_events(m);
    }
    m->s.idle_ns += end - machine_now(m);
}

/* The next byte of port 0x60, in time; 0x100: none. */
static u32 next(struct pc_rig *p)
{
    run_for(p, MS);
    return in(p, 0x64) & 1 ? in(p, 0x60) : 0x100;
}

static bool a20(struct pc_rig *p) { return !((struct x86_state *)p->b.m->cpus[0]->state)->a20_off; }

static void test_gate(void **state)
{
    struct pc_rig p;
    (void)state;
    open_pc(&p);
    assert_true(a20(&p));
    assert_int_equal(in(&p, 0x92) & 2, 2);
    out(&p, 0x64, 0xdd);
    assert_false(a20(&p));
    assert_int_equal(in(&p, 0x92) & 2, 0);
    out(&p, 0x92, 2);
    assert_true(a20(&p));
    out(&p, 0x64, 0xd0);
    assert_int_equal(in(&p, 0x60) & 2, 2);
    out(&p, 0x92, 0); /* whoever turns it last decides */
    assert_false(a20(&p));
    out(&p, 0x64, 0xd1);
    out(&p, 0x60, 0xdf);
    assert_true(a20(&p));
    out(&p, 0x64, 0xdd);
    machine_reset(p.b.m);
    assert_true(a20(&p));
    assert_int_equal(in(&p, 0x92) & 2, 2);
    out(&p, 0x64, 0xfe);
    assert_int_equal(atomic_exchange(&p.b.m->request, 0), REQ_RESET);
    close_pc(&p);
}

/* As firmware would leave it: keys in set 1, with interrupts; the interrupt arrives at the 8259. */
static void test_direct_boot(void **state)
{
    struct pc_rig p;
    struct err e;
    (void)state;
    open_pc(&p);
    assert_int_equal(in(&p, 0x64), 0x14);
    assert_true(input_send(p.in, "a", 100, &e));
    input_poll(p.in);
    assert_int_equal(next(&p), 0x1e);
    assert_int_equal(next(&p), 0x100);
    run_for(&p, 100 * MS);
    out(&p, 0x20, 0x0a);
    assert_int_equal(in(&p, 0x20) & 2, 2); /* requested */
    assert_int_equal(next(&p), 0x9e);
    assert_int_equal(in(&p, 0x20) & 2, 0);
    run_for(&p, 20 * MS); /* the pause behind a chord */
    input_move(p.in, 3, 0);
    out(&p, 0x64, 0xd4);
    out(&p, 0x60, 0xf4);
    assert_int_equal(next(&p), 0xfa);
    input_poll(p.in);
    assert_int_equal(next(&p), 8);
    assert_int_equal(next(&p), 3);
    assert_int_equal(next(&p), 0);
    assert_int_equal(in(&p, 0x2fd), 0x60);
    assert_int_equal(in(&p, 0x379), 0xdf);
    close_pc(&p);
}

/* ---- a guest and a hand that do anything ---- */

static u64 rnd(u64 *s)
{
    u64 z = *s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void hand(struct pc_rig *p, u64 r)
{
    u32 chord[3] = { 1 + (u32)(r >> 20) % (KEY_COUNT - 1), 1 + (u32)(r >> 30) % (KEY_COUNT - 1), KEY_SHIFT };
    switch (r & 7) {
    case 0: input_chord(p->in, chord, 1 + (r >> 8 & 1), (r >> 10) % 400); break;
    case 1: case 2: input_key(p->in, chord[0], r >> 9 & 1); break;
    case 3: input_button(p->in, 1u << (r >> 9) % 5, r >> 12 & 1); break;
    case 4: input_wheel(p->in, 0, (i32)(r >> 9 & 7) - 3); break;
    default: input_move(p->in, (i32)(r >> 9 & 255) - 128, (i32)(r >> 17 & 1023) - 512); break;
    }
    input_poll(p->in);
}

/* Half of it makes sense to somebody. */
static u64 guest(struct pc_rig *p, u64 r)
{
    static const u8 commands[] = { 0x20, 0x60, 0x60, 0x60, 0xa7, 0xa8, 0xaa, 0xad, 0xae, 0xd0, 0xd2, 0xd3, 0xd4,
        0xd4, 0xd4 };
    static const u8 bytes[] = { 0xed, 0xee, 0xf0, 0xf2, 0xf3, 0xf3, 0xf4, 0xf4, 0xff, 0xe9, 0xeb, 0xea, 1, 2, 3, 80,
        100, 200 };
    static const u16 ports[] = { 0x378, 0x379, 0x37a, 0x37a, 0x2f8, 0x2f9, 0x2fa, 0x2fb, 0x2fc, 0x2fd, 0x2fe, 0x61,
        0x42, 0x92 };
    u8 any = (u8)(r >> 40);
    switch (r & 7) {
    case 0: out(p, 0x64, r & 8 ? commands[any % COUNT(commands)] : any); return 0;
    case 1: case 2: out(p, 0x60, r & 8 ? bytes[any % COUNT(bytes)] : r & 16 ? 0x43 : any); return 0;
    case 3: out(p, ports[any % COUNT(ports)], (u32)(r >> 50) & 0xff); return 0;
    case 4: return in(p, ports[any % COUNT(ports)]);
    default: return in(p, 0x64) << 8 | in(p, 0x60);
    }
}

/* What the guest saw, as one number. */
static u64 scribble(struct pc_rig *p, u32 rounds, u64 seed)
{
    u64 seen = 0;
    for (u32 i = 0; i < rounds; i++) {
        u64 r = rnd(&seed), val = 0;
        if (r % 5 == 0)
            hand(p, rnd(&seed));
        else
            val = guest(p, rnd(&seed));
        run_for(p, rnd(&seed) % (r & 1024 ? 100 * MS : MS));
        seen = (seen ^ val ^ (u64)p->b.m->cpus[0]->irq << 60) * 0x9e3779b97f4a7c15;
        atomic_store(&p->b.m->request, 0);
    }
    return seen;
}

static void same(struct pc_rig *a, struct pc_rig *b)
{
    for (u32 i = 0; i < a->b.m->dev_count; i++) {
        struct dev *da = a->b.m->devs[i], *db = b->b.m->devs[i];
        if (da->cls->state && memcmp(dev_state(da), dev_state(db), da->cls->state->size))
            fail_msg("%s differs", da->path);
    }
    assert_int_equal(a20(a), a20(b));
    assert_int_equal(a->b.m->next_deadline, b->b.m->next_deadline);
}

/* What the host's queue holds stays with the host: the second hand begins with empty hands, too. */
static void let_go(struct pc_rig *p)
{
    for (u32 key = 1; key < KEY_COUNT; key++)
        input_key(p->in, key, false);
    for (u32 b = 1; b < BUTTON_ALL; b <<= 1)
        input_button(p->in, b, false);
    for (u32 i = 0; i < 100; i++) {
        input_poll(p->in);
        run_for(p, 500 * MS);
    }
    input_poll(p->in);
}

static void test_goes_on(void **state)
{
    char path[64];
    struct pc_rig a;
    u32 busy = 0;
    (void)state;
    snprintf(path, sizeof path, "/tmp/mynah-pc-input-%ld", (long)getpid());
    open_pc(&a);
    for (u64 seed = 0; seed < 40; seed++) {
        struct pc_rig b;
        struct err e;
        open_pc(&b);
        scribble(&a, 1500, seed);
        let_go(&a);
        u32 keys[] = { KEY_CTRL, KEY_A };
        input_chord(a.in, keys, 2, 300); /* half played when it is saved */
        input_poll(a.in);
        u64 some = seed;
        for (u32 i = 0; i < 6; i++)
            guest(&a, rnd(&some));
        if (!snapshot_save(a.b.m, path, &e) || !snapshot_load(b.b.m, path, &e))
            fail_msg("%s", e.msg);
        busy += a.b.m->next_deadline < machine_now(a.b.m) + MS;
        same(&a, &b);
        assert_int_equal(scribble(&a, 1000, seed + 1000), scribble(&b, 1000, seed + 1000));
        same(&a, &b);
        close_pc(&b);
        if (seed % 8 == 7)
            machine_reset(a.b.m);
    }
    assert_true(busy > 5); /* some were in the middle of a byte */
    close_pc(&a);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate), cmocka_unit_test(test_direct_boot), cmocka_unit_test(test_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
