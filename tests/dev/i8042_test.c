/* i8042_test.c - keyboard controller: commands, timing, interrupts, translation, A20 and reset lines. */
#include "hw/input/i8042.h"
#include "hw/input/ps2_kbd.h"
#include "hw/input/ps2_mouse.h"
#include "tests/dev/rig.h"

#define US 1000ull
enum { DATA, COMMAND = 4 };
enum { KBD, AUX, A20, INIT };

struct fix {
    struct rig       r;
    struct i8042     c;
    struct ps2_kbd   k;
    struct ps2_mouse m;
    u32              inits, edges[2];
};

static void watch(void *opaque, u32 n, bool level)
{
    struct fix *f = opaque;
    if (n <= AUX)
        f->edges[n] += level && !f->r.irq[n];
    f->inits += n == INIT && level;
    f->r.irq[n] = level;
}
static struct irq_line line(struct fix *f, u32 n) { return (struct irq_line){ watch, f, n }; }

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    i8042_init(&f->c, f->r.m, "kbc");
    ps2_kbd_init(&f->k, f->r.m, "kbd");
    ps2_mouse_init(&f->m, f->r.m, "mouse");
    i8042_attach(&f->c, I8042_KBD, &f->k.wire);
    i8042_attach(&f->c, I8042_AUX, &f->m.wire);
    f->c.irq[I8042_KBD] = line(f, KBD);
    f->c.irq[I8042_AUX] = line(f, AUX);
    f->c.a20 = line(f, A20);
    f->c.init = line(f, INIT);
    for (u32 i = 0; i < f->r.m->dev_count; i++)
        f->r.m->devs[i]->cls->reset(f->r.m->devs[i]);
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f);
    return 0;
}

static void wr(struct fix *f, u32 at, u32 val) { dev_write(&f->c.dev, at, val, 1); }
static u32 rd(struct fix *f, u32 at) { return (u32)dev_read(&f->c.dev, at, 1); }
static u32 status(struct fix *f) { return rd(f, COMMAND); }
static bool full(struct fix *f) { return status(f) & 1; }

static u32 ask(struct fix *f, u32 command)
{
    wr(f, COMMAND, command);
    assert_true(full(f));
    assert_int_equal(status(f) & 0x20, 0);
    u32 val = rd(f, DATA);
    assert_false(full(f));
    return val;
}
static void tell(struct fix *f, u32 command, u32 val)
{
    wr(f, COMMAND, command);
    wr(f, DATA, val);
}
/* The next byte of a device, in time; bit 8: from the second port; 0x200: none. */
static u32 next(struct fix *f)
{
    rig_run(&f->r, 700 * US);
    u32 s = status(f);
    return s & 1 ? rd(f, DATA) | (s & 0x20) << 3 : 0x200;
}

static void test_commands(void **state)
{
    struct fix *f = *state;
    assert_int_equal(status(f), 0x18);
    assert_int_equal(ask(f, 0xaa), 0x55);
    assert_int_equal(status(f), 0x1c);
    assert_int_equal(ask(f, 0x20), 7);
    assert_int_equal(ask(f, 0xab), 0);
    assert_int_equal(ask(f, 0xa9), 0);
    assert_int_equal(ask(f, 0xa4), 0xf1);
    assert_int_equal(ask(f, 0xc0), 0x80);
    assert_int_equal(ask(f, 0xe0), 3);
    wr(f, COMMAND, 0xad);
    assert_int_equal(ask(f, 0x20), 0x17);
    assert_int_equal(ask(f, 0xe0), 2);
    wr(f, COMMAND, 0xa7);
    assert_int_equal(ask(f, 0x20), 0x37);
    wr(f, COMMAND, 0xae);
    wr(f, COMMAND, 0xa8);
    assert_int_equal(ask(f, 0x20), 7);
    tell(f, 0x60, 0xff);
    assert_int_equal(ask(f, 0x20), 0x7f);
    assert_int_equal(status(f) & 8, 8);
    tell(f, 0x60, 0x03);
    assert_int_equal(status(f), 0x10); /* the system flag is the command byte's, the last byte was data */
    tell(f, 0x7f, 0xa5);
    tell(f, 0x61, 0x5a);
    assert_int_equal(ask(f, 0x3f), 0xa5);
    assert_int_equal(ask(f, 0x21), 0x5a);
    assert_int_equal(ask(f, 0x20), 3);
    wr(f, COMMAND, 0x01); /* nobody's */
    wr(f, COMMAND, 0xac);
    assert_false(full(f));
    wr(f, COMMAND, 0xff);
    assert_int_equal(f->inits, 0);
    assert_int_equal(rd(f, 1), 0xff);
    wr(f, 1, 5);
}

static void test_lines(void **state)
{
    struct fix *f = *state;
    assert_true(f->r.irq[A20]);
    assert_int_equal(ask(f, 0xd0), 0xcf);
    tell(f, 0xd1, 0xcd);
    assert_false(f->r.irq[A20]);
    assert_int_equal(ask(f, 0xd0), 0xcd);
    wr(f, COMMAND, 0xdf);
    assert_true(f->r.irq[A20]);
    wr(f, COMMAND, 0xdd);
    assert_false(f->r.irq[A20]);
    i8042_a20_is(&f->c, true);
    assert_false(f->r.irq[A20]);
    assert_int_equal(ask(f, 0xd0), 0xcf);
    assert_int_equal(f->inits, 0);
    wr(f, COMMAND, 0xfe);
    assert_int_equal(f->inits, 1);
    wr(f, COMMAND, 0xfd);
    assert_int_equal(f->inits, 1);
    tell(f, 0xd1, 0xce);
    assert_int_equal(f->inits, 2);
    assert_int_equal(atomic_load(&f->r.m->request), 0);
    f->c.init = (struct irq_line){ 0 };
    wr(f, COMMAND, 0xfe);
    assert_int_equal(atomic_exchange(&f->r.m->request, 0), REQ_RESET);
}

/* Bytes written as if they came from a device. */
static void test_loops(void **state)
{
    struct fix *f = *state;
    tell(f, 0xd2, 0x1c);
    assert_true(f->r.irq[KBD] && !f->r.irq[AUX]);
    assert_int_equal(status(f) & 0x21, 1);
    assert_int_equal(f->edges[KBD], 1);
    tell(f, 0xd3, 0x5a); /* over it */
    assert_true(!f->r.irq[KBD] && f->r.irq[AUX]);
    assert_int_equal(status(f) & 0x21, 0x21);
    wr(f, COMMAND, 0xd0);
    assert_int_equal(rd(f, DATA), 0x5a);
    assert_false(f->r.irq[AUX]);
    rig_run(&f->r, 20 * US); /* an answer waits for the buffer */
    assert_true(full(f));
    assert_int_equal(rd(f, DATA), 0xef);
    assert_int_equal(rd(f, DATA), 0xef); /* the buffer keeps it */
    tell(f, 0xd2, 1);
    tell(f, 0xd2, 2);
    assert_int_equal(f->edges[KBD], 4);
    assert_int_equal(rd(f, DATA), 2);
    tell(f, 0x60, 0);
    tell(f, 0xd2, 3);
    assert_false(f->r.irq[KBD]);
    assert_int_equal(rd(f, DATA), 3);
    tell(f, 0x60, 2);
    tell(f, 0xd3, 4);
    assert_true(f->r.irq[AUX]);
    tell(f, 0x60, 0);
    assert_false(f->r.irq[AUX]);
    assert_int_equal(rd(f, DATA), 4);
}

static void test_timing(void **state)
{
    struct fix *f = *state;
    ps2_kbd_key(&f->k, KEY_A, true);
    ps2_kbd_key(&f->k, KEY_A, false);
    rig_run(&f->r, 659 * US);
    assert_false(full(f));
    rig_run(&f->r, 1 * US);
    assert_true(full(f) && f->r.irq[KBD]);
    rig_run(&f->r, 10000 * US); /* held until it is read */
    assert_int_equal(rd(f, DATA), 0x1c);
    assert_false(full(f) || f->r.irq[KBD]);
    rig_run(&f->r, 659 * US);
    assert_false(full(f));
    rig_run(&f->r, 1 * US);
    assert_int_equal(rd(f, DATA), 0xf0);
    wr(f, COMMAND, 0xad); /* off: the keyboard keeps the rest */
    assert_int_equal(next(f), 0x200);
    wr(f, COMMAND, 0xae);
    assert_int_equal(next(f), 0x1c);
    assert_int_equal(f->edges[KBD], 3);
    f->r.m->s.idle_ns += 5000 * US; /* a host that is late */
    ps2_kbd_key(&f->k, KEY_B, true);
    f->r.m->s.idle_ns += 5000 * US;
    assert_int_equal(status(f) & 0x21, 1);
    assert_int_equal(rd(f, DATA), 0x32);
}

static void test_devices(void **state)
{
    struct fix *f = *state;
    wr(f, DATA, 0xf2);
    assert_int_equal(next(f), 0xfa);
    assert_int_equal(next(f), 0xab);
    assert_int_equal(next(f), 0x83);
    assert_int_equal(next(f), 0x200);
    tell(f, 0xd4, 0xf2);
    assert_int_equal(next(f), 0x1fa);
    assert_int_equal(next(f), 0x100);
    assert_int_equal(f->edges[AUX], 2);
    assert_int_equal(f->edges[KBD], 3);
    tell(f, 0x60, 0x33); /* both off; a byte for a device opens its port */
    wr(f, DATA, 0xee);
    assert_int_equal(next(f), 0xee);
    tell(f, 0xd4, 0xf4);
    assert_int_equal(next(f), 0x1fa);
    assert_int_equal(ask(f, 0x20), 3);
    ps2_mouse_event(&f->m, &(struct input_event){ INPUT_REL, 0, 0, 5, -6 });
    ps2_kbd_key(&f->k, KEY_A, true);
    assert_int_equal(next(f), 0x1c); /* the keyboard first */
    assert_int_equal(next(f), 0x108);
    assert_int_equal(next(f), 0x105);
    assert_int_equal(next(f), 0x106);
    wr(f, COMMAND, 0xa7);
    ps2_mouse_event(&f->m, &(struct input_event){ INPUT_REL, 0, 0, 1, 0 });
    rig_run(&f->r, 30000 * US);
    assert_int_equal(next(f), 0x200);
    wr(f, COMMAND, 0xa8);
    assert_int_equal(next(f), 0x108);
    wr(f, DATA, 0xff);
    assert_int_equal(next(f), 0xfa);
    assert_int_equal(next(f), 0x101);
    assert_int_equal(next(f), 0x100);
    rig_run(&f->r, 20000 * US);
    assert_int_equal(next(f), 0xaa);
}

static void test_translation(void **state)
{
    struct fix *f = *state;
    tell(f, 0x60, 0x43);
    ps2_kbd_key(&f->k, KEY_A, true);
    ps2_kbd_key(&f->k, KEY_A, false);
    assert_int_equal(next(f), 0x1e);
    rig_run(&f->r, 700 * US); /* the prefix takes its time and is not seen */
    assert_int_equal(next(f), 0x9e);
    ps2_kbd_key(&f->k, KEY_F7, true);
    ps2_kbd_key(&f->k, KEY_F7, false);
    assert_int_equal(next(f), 0x41);
    rig_run(&f->r, 700 * US);
    assert_int_equal(next(f), 0xc1);
    ps2_kbd_key(&f->k, KEY_LEFT, true);
    ps2_kbd_key(&f->k, KEY_LEFT, false);
    assert_int_equal(next(f), 0xe0);
    assert_int_equal(next(f), 0x4b);
    assert_int_equal(next(f), 0xe0);
    rig_run(&f->r, 700 * US);
    assert_int_equal(next(f), 0xcb);
    wr(f, DATA, 0xf2);
    assert_int_equal(next(f), 0xfa);
    assert_int_equal(next(f), 0xab);
    assert_int_equal(next(f), 0x41);
    wr(f, DATA, 0xee);
    assert_int_equal(next(f), 0xee);
    tell(f, 0xd4, 0xe9); /* the mouse's bytes stay as they are */
    assert_int_equal(next(f), 0x1fa);
    assert_int_equal(next(f), 0x100);
    assert_int_equal(next(f), 0x102);
    assert_int_equal(next(f), 0x164);
}

static void test_resumes(void **state)
{
    struct fix *f = *state;
    tell(f, 0xd3, 7);
    tell(f, 0xd1, 0xcd);
    f->r.irq[AUX] = false;
    f->r.irq[A20] = true;
    f->c.dev.cls->resumed(&f->c.dev);
    assert_true(f->r.irq[AUX] && !f->r.irq[A20]);
    rd(f, DATA);
    ps2_kbd_key(&f->k, KEY_A, true);
    event_set(&f->c.event, TIME_NEVER);
    f->c.dev.cls->resumed(&f->c.dev);
    assert_int_equal(next(f), 0x1c);
    rig_check_class(&f->c.dev);
    assert_int_equal(status(f), 0x18);
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    u64 x = 3;
    struct err e;
    for (u32 i = 0; i < 300000; i++) {
        u64 r = rig_random(&x);
        switch (r & 7) {
        case 0: case 1: wr(f, COMMAND, r >> 8 & 3 ? 0xd0 + (r >> 16) % 48 : r >> 16 & 0xff); break;
        case 2: case 3: wr(f, DATA, r >> 8 & 3 ? 0xe0 + (r >> 16) % 32 : r >> 16 & 0xff); break;
        case 4: ps2_kbd_key(&f->k, (u32)(r >> 16) % KEY_COUNT, r >> 40 & 1); break;
        case 5: rig_run(&f->r, (r >> 16) % (3000 * US)); break;
        default: rd(f, r >> 8 & 4); break;
        }
        for (u32 n = 0; n < f->r.m->dev_count; n++)
            if (!f->r.m->devs[n]->cls->state->valid(dev_state(f->r.m->devs[n]), &e))
                fail_msg("%s: %s", f->r.m->devs[n]->path, e.msg);
        assert_true(!full(f) || f->c.s.due == TIME_NEVER);
    }
    rig_scribble(&f->c.dev, 16, 20000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_commands), T(test_lines), T(test_loops), T(test_timing), T(test_devices), T(test_translation),
        T(test_resumes), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
