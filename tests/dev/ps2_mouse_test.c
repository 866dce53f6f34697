/* ps2_mouse_test.c - PS/2 mouse: reports and their rate, clicks, remote and wrap mode, knocks, commands. */
#include "hw/input/ps2_mouse.h"
#include "tests/dev/rig.h"
#include <stdio.h>

#define MS 1000000ull

struct fix {
    struct rig       r;
    struct ps2_mouse k;
};

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    ps2_mouse_init(&f->k, f->r.m, "mouse");
    f->k.dev.cls->reset(&f->k.dev);
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

static const char *taken(struct fix *f)
{
    static char text[256];
    u32 n = 0;
    text[0] = 0;
    while (f->k.wire.ready(&f->k) && n < sizeof text - 4)
        n += (u32)snprintf(text + n, sizeof text - n, n ? " %02x" : "%02x", f->k.wire.take(&f->k));
    return text;
}
#define GIVES(f, want) assert_string_equal(taken(f), want)

static void wr(struct fix *f, u8 val) { f->k.wire.write(&f->k, val); }
static const char *says(struct fix *f, u8 val)
{
    wr(f, val);
    return taken(f);
}
static const char *sets(struct fix *f, u8 command, u8 val)
{
    assert_string_equal(says(f, command), "fa");
    return says(f, val);
}
/* What comes with the next sample. */
static const char *later(struct fix *f)
{
    for (u32 i = 0; i < 30 && !f->k.wire.ready(&f->k); i++)
        rig_run(&f->r, MS);
    return taken(f);
}

static void move(struct fix *f, i32 x, i32 y) { ps2_mouse_event(&f->k, &(struct input_event){ INPUT_REL, 0, 0, x,
    y }); }
static void wheel(struct fix *f, i32 y) { ps2_mouse_event(&f->k, &(struct input_event){ INPUT_WHEEL, 0, 0, 0, y }); }
static void button(struct fix *f, u16 which, bool down)
{
    ps2_mouse_event(&f->k, &(struct input_event){ INPUT_BUTTON, down, which, 0, 0 });
}

static void test_reports(void **state)
{
    struct fix *f = *state;
    move(f, 5, 5);
    assert_string_equal(later(f), ""); /* not asked for */
    assert_string_equal(says(f, 0xf4), "fa");
    move(f, 5, 0);
    GIVES(f, "08 05 00");
    move(f, 0, 5);
    GIVES(f, "");
    move(f, -3, 2);
    assert_string_equal(later(f), "38 fd f9"); /* up is positive */
    later(f);
    move(f, 300, -1);
    GIVES(f, "08 7f 01");
    assert_string_equal(later(f), "08 7f 00");
    assert_string_equal(later(f), "08 2e 00");
    assert_string_equal(later(f), "");
    move(f, -300, 300);
    GIVES(f, "38 81 81");
    wheel(f, 1); /* there is none */
    assert_string_equal(later(f), "38 81 81");
    assert_string_equal(later(f), "38 d2 d2");
    assert_string_equal(later(f), "");
}

static void test_rate(void **state)
{
    struct fix *f = *state;
    says(f, 0xf4);
    for (u32 hz = 10; hz <= 200; hz += 190) {
        sets(f, 0xf3, (u8)hz);
        u32 n = 0;
        for (u32 ms = 0; ms < 1000; ms++) {
            move(f, 1, 0);
            n += *taken(f) != 0;
            rig_run(&f->r, MS);
        }
        assert_in_range(n, hz - 1, hz + 1);
    }
}

/* A report that nobody takes holds up the next; nothing is lost meanwhile. */
static void test_untaken(void **state)
{
    struct fix *f = *state;
    says(f, 0xf4);
    for (u32 i = 0; i < 50; i++) {
        move(f, 1, 0);
        rig_run(&f->r, 20 * MS);
    }
    assert_string_equal(taken(f), "08 01 00 08 31 00");
}

static void test_buttons(void **state)
{
    struct fix *f = *state;
    says(f, 0xf4);
    button(f, BUTTON_LEFT, true);
    GIVES(f, "09 00 00");
    button(f, BUTTON_RIGHT, true);
    button(f, BUTTON_MIDDLE, true);
    button(f, BUTTON_LEFT, false);
    button(f, BUTTON_LEFT, false);
    assert_string_equal(later(f), "0b 00 00");
    assert_string_equal(later(f), "0f 00 00");
    assert_string_equal(later(f), "0e 00 00");
    assert_string_equal(later(f), "");
    assert_string_equal(says(f, 0xe9), "fa 23 02 64");
    button(f, BUTTON_SIDE, true); /* a plain mouse has none */
    assert_string_equal(later(f), "0e 00 00");
}

/* Dragging: down here, up there, all between two samples. */
static void test_order(void **state)
{
    struct fix *f = *state;
    says(f, 0xf4);
    move(f, 1, 0);
    GIVES(f, "08 01 00");
    move(f, 2, 0);
    button(f, BUTTON_LEFT, true);
    move(f, 10, 0);
    move(f, 10, 0);
    button(f, BUTTON_LEFT, false);
    move(f, 3, 0);
    assert_string_equal(later(f), "08 02 00");
    assert_string_equal(later(f), "09 00 00");
    assert_string_equal(later(f), "09 14 00");
    assert_string_equal(later(f), "08 00 00");
    assert_string_equal(later(f), "08 03 00");
    for (u32 i = 0; i < 200; i++) {
        button(f, BUTTON_LEFT, !(i & 1));
        move(f, 1, 1);
    }
    const char *last = "";
    u32 n = 0;
    for (char text[256] = ""; *(last = later(f)) && n < 1000; n++)
        snprintf(text, sizeof text, "%s", last);
    assert_in_range(n, 14, 18); /* bounded, and it ends with the button up */
    assert_int_equal(f->k.s.told, 0);
    assert_int_equal(f->k.s.count, 0);
}

static void test_modes(void **state)
{
    struct fix *f = *state;
    says(f, 0xf4);
    assert_string_equal(says(f, 0xf0), "fa");
    move(f, 7, 8);
    assert_string_equal(later(f), "");
    assert_string_equal(says(f, 0xe9), "fa 60 02 64");
    assert_string_equal(says(f, 0xeb), "fa 28 07 f8");
    assert_string_equal(says(f, 0xeb), "fa 08 00 00");
    button(f, BUTTON_LEFT, true);
    assert_string_equal(says(f, 0xeb), "fa 09 00 00");
    assert_string_equal(says(f, 0xee), "fa");
    assert_string_equal(says(f, 0xf2), "f2");
    assert_string_equal(says(f, 0xeb), "eb");
    assert_string_equal(says(f, 0xec), "fa");
    assert_string_equal(says(f, 0xf2), "fa 00");
    assert_string_equal(says(f, 0xea), "fa");
    move(f, 1, 0);
    assert_string_equal(later(f), "09 01 00");
    says(f, 0xee);
    assert_string_equal(says(f, 0xff), "fa"); /* out of wrap mode, too */
    assert_string_equal(later(f), "aa 00");
}

static void test_scaling(void **state)
{
    struct fix *f = *state;
    says(f, 0xf4);
    assert_string_equal(says(f, 0xe7), "fa");
    static const i32 in[] = { 1, 2, 3, 4, 5, 6, -5, -10, 63 };
    static const char *const want[] = { "08 01 00", "08 01 00", "08 03 00", "08 06 00", "08 09 00", "08 0c 00",
        "18 f7 00",
                                        "18 ec 00", "08 7e 00" };
    for (u32 i = 0; i < COUNT(in); i++) {
        move(f, in[i], 0);
        assert_string_equal(later(f), want[i]);
    }
    move(f, 5, 0);
    assert_string_equal(later(f), "08 09 00");
    says(f, 0xf0);
    move(f, 5, 0);
    assert_string_equal(says(f, 0xeb), "fa 08 05 00"); /* not for data that is asked for */
    assert_string_equal(says(f, 0xe9), "fa 70 02 64");
    says(f, 0xe6);
    assert_string_equal(says(f, 0xe9), "fa 60 02 64");
}

static void knock(struct fix *f, u8 a, u8 b, u8 c)
{
    assert_string_equal(sets(f, 0xf3, a), "fa");
    assert_string_equal(sets(f, 0xf3, b), "fa");
    assert_string_equal(sets(f, 0xf3, c), "fa");
}

static void test_knocks(void **state)
{
    struct fix *f = *state;
    knock(f, 200, 100, 60);
    assert_string_equal(says(f, 0xf2), "fa 00");
    knock(f, 200, 100, 80);
    assert_string_equal(says(f, 0xf2), "fa 03");
    says(f, 0xf4);
    wheel(f, -1);
    assert_string_equal(later(f), "08 00 00 ff");
    wheel(f, 2);
    move(f, 1, 0);
    assert_string_equal(later(f), "08 01 00 02");
    button(f, BUTTON_SIDE, true);
    assert_string_equal(later(f), "08 00 00 00");
    button(f, BUTTON_SIDE, false);
    later(f);
    knock(f, 200, 200, 80);
    assert_string_equal(says(f, 0xf2), "fa 04");
    wheel(f, -1);
    assert_string_equal(later(f), "08 00 00 0f");
    wheel(f, 10);
    assert_string_equal(later(f), "08 00 00 07");
    assert_string_equal(later(f), "08 00 00 03");
    button(f, BUTTON_SIDE, true);
    assert_string_equal(later(f), "08 00 00 10");
    button(f, BUTTON_EXTRA, true);
    assert_string_equal(later(f), "08 00 00 30");
    assert_string_equal(says(f, 0xeb), "fa 08 00 00 30");
    assert_string_equal(says(f, 0xf6), "fa");
    assert_string_equal(says(f, 0xf2), "fa 04");
    says(f, 0xff);
    assert_string_equal(later(f), "aa 00");
    assert_string_equal(says(f, 0xf2), "fa 00");
}

static void test_commands(void **state)
{
    struct fix *f = *state;
    assert_string_equal(says(f, 0xe9), "fa 00 02 64");
    assert_string_equal(sets(f, 0xe8, 3), "fa");
    assert_string_equal(sets(f, 0xf3, 40), "fa");
    assert_string_equal(says(f, 0xe9), "fa 00 03 28");
    assert_string_equal(says(f, 0xfe), "00 03 28"); /* again */
    assert_string_equal(sets(f, 0xe8, 4), "fe");
    assert_string_equal(sets(f, 0xf3, 0), "fe");
    assert_string_equal(says(f, 0xe9), "fa 00 03 28");
    assert_string_equal(says(f, 0xe1), "fe");
    assert_string_equal(says(f, 0xe1), "fc"); /* twice in a row */
    assert_string_equal(says(f, 0xf4), "fa");
    assert_string_equal(says(f, 0x00), "fe");
    assert_string_equal(says(f, 0xe9), "fa 20 03 28");
    assert_string_equal(says(f, 0xf5), "fa");
    assert_string_equal(says(f, 0xe9), "fa 00 03 28");
    assert_string_equal(says(f, 0xf6), "fa");
    assert_string_equal(says(f, 0xe9), "fa 00 02 64");
    says(f, 0xf4);
    move(f, 4, 4);
    wr(f, 0xf2); /* a command ends the report that is on its way */
    GIVES(f, "fa 00");
    assert_string_equal(says(f, 0xff), "fa");
    move(f, 4, 4);
    rig_run(&f->r, 19 * MS);
    GIVES(f, "");
    rig_run(&f->r, 2 * MS);
    GIVES(f, "aa 00");
    wr(f, 0xff);
    rig_run(&f->r, 30 * MS);
    GIVES(f, "fa aa 00");
}

static void test_class(void **state)
{
    struct fix *f = *state;
    u64 x = 9;
    struct err e;
    rig_check_class(&f->k.dev);
    for (u32 i = 0; i < 200000; i++) {
        u64 r = rig_random(&x);
        struct input_event ev = { (u8)(r >> 8) % INPUT_KINDS, r >> 16 & 1, (u16)(r >> 17), (i32)(r >> 33),
        (i32)rig_random(&x) };
        switch (r & 7) {
        case 0: case 1: f->k.wire.write(&f->k, (u8)(r >> 12 & 3 ? 0xe6 + (r >> 16) % 26 : r >> 16)); break;
        case 2: rig_run(&f->r, (r >> 16) % (30 * MS)); break;
        case 3: case 4: f->k.wire.take(&f->k); break;
        case 5: ev.x >>= 24, ev.y >>= 24; /* fallthrough */
        default: ps2_mouse_event(&f->k, &ev); break;
        }
        if (!f->k.dev.cls->state->valid(&f->k.s, &e))
            fail_msg("%s", e.msg);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_reports), T(test_rate), T(test_untaken), T(test_buttons), T(test_order), T(test_modes),
        T(test_scaling),
        T(test_knocks), T(test_commands), T(test_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
