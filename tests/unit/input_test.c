/* input_test.c - input from the world: names, layouts, the queue with its bounds, and its way into a machine. */
#include "host/input.h"
#include "hw/input/input_port.h"
#include "tests/dev/rig.h"
#include <pthread.h>
#include <stdio.h>

#define MS 1000000ull

struct fix {
    struct rig         r;
    struct input      *in;
    struct input_port  port;
    struct input_event got[4096];
    u32                n, takes; /* takes: how many a receiver takes at most */
    atomic_uint        woken;
};

static void wake(void *opaque) { atomic_fetch_add(&((struct fix *)opaque)->woken, 1); }

static u32 receive(void *opaque, const struct input_event *ev, u32 n)
{
    struct fix *f = opaque;
    u32 took = MIN(n, f->takes);
    for (u32 i = 0; i < took && f->n < COUNT(f->got); i++)
        f->got[f->n++] = ev[i];
    f->takes -= took;
    return took;
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    f->in = input_new(wake, f, &e);
    assert_non_null(f->in);
    input_set_receiver(f->in, receive, f);
    f->takes = ~0u;
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    input_free(f->in);
    free(f);
    return 0;
}

/* Events as text: "+a -a =100 m3,4 p3,4 w1 +#1". */
static const char *text_of(const struct input_event *ev, u32 n)
{
    static char text[1024];
    u32 at = 0;
    text[0] = 0;
    for (u32 i = 0; i < n && at < sizeof text - 60; i++, ev++) {
        const char *gap = i ? " " : "";
        char sign = ev->down ? '+' : '-';
        char *to = text + at;
        switch (ev->kind) {
        case INPUT_KEY: at += (u32)sprintf(to, "%s%c%s", gap, sign, key_name(ev->code)); break;
        case INPUT_BUTTON: at += (u32)sprintf(to, "%s%c#%u", gap, sign, ev->code); break;
        case INPUT_WAIT: at += (u32)sprintf(to, "%s=%d", gap, ev->x / 1000); break;
        default: at += (u32)sprintf(to, "%s%c%d,%d", gap, "??mpw"[ev->kind], ev->x, ev->y); break;
        }
    }
    return text;
}
static const char *got(struct fix *f)
{
    input_poll(f->in);
    const char *text = text_of(f->got, f->n);
    f->n = 0;
    return text;
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    for (u32 i = KEY_NONE + 1; i < KEY_COUNT; i++) {
        const char *name = key_name(i);
        assert_non_null(name);
        assert_null(strchr(name, '-')); /* or no chord could have it */
        assert_int_equal(key_find(name, (u32)strlen(name)), i);
    }
    assert_null(key_name(KEY_COUNT));
    assert_int_equal(key_find("", 0), KEY_NONE);
    assert_int_equal(key_find("shift_rr", 8), KEY_NONE);
    assert_int_equal(key_find("shift_rr", 7), KEY_SHIFT_R);
}

static void test_layout(void **state)
{
    (void)state;
    u32 layout = 7;
    struct err e;
    bool shift;
    assert_false(keymap_find("de", &layout, &e));
    assert_non_null(strstr(e.msg, "'de'"));
    assert_non_null(strstr(e.msg, "en-us"));
    assert_int_equal(layout, 7);
    assert_true(keymap_find("en-us", &layout, &e));
    for (char c = 33; c < 127; c++)
        assert_int_not_equal(keymap_key(layout, c, &shift), KEY_NONE);
    assert_int_equal(keymap_key(layout, 'a', &shift), KEY_A);
    assert_false(shift);
    assert_int_equal(keymap_key(layout, 'A', &shift), KEY_A);
    assert_true(shift);
    assert_int_equal(keymap_key(layout, '|', &shift), KEY_BACKSLASH);
    assert_true(shift);
    assert_int_equal(keymap_key(layout, '\n', &shift), KEY_RET);
    assert_int_equal(keymap_key(layout, 0, &shift), KEY_NONE);
    assert_int_equal(keymap_key(layout, (char)0xe9, &shift), KEY_NONE);
}

/* ---- the queue ---- */

static void test_chords(void **state)
{
    struct fix *f = *state;
    struct err e;
    assert_true(input_send(f->in, "ctrl-alt-delete", 100, &e));
    assert_int_equal(atomic_load(&f->woken), 1);
    assert_string_equal(got(f), "+ctrl +alt +delete =100 -delete -alt -ctrl =20");
    assert_true(input_send(f->in, "ret", 5, &e));
    assert_string_equal(got(f), "+ret =5 -ret =20");
    assert_true(input_send(f->in, "a-a", 5, &e));
    assert_string_equal(got(f), "+a =5 -a =20");
    input_key(f->in, KEY_SHIFT, true);
    assert_true(input_send(f->in, "shift-b", ~0u, &e)); /* what a finger holds stays down; no hold is longer */
    assert_string_equal(got(f), "+shift +b =60000 -b =20");
    static const char *const bad[] = { "", "-", "a-", "-a", "foo", "ctrl-foo", "a--b", "A", "a b",
                                       "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q" };
    for (u32 i = 0; i < COUNT(bad); i++) {
        assert_false(input_send(f->in, bad[i], 1, &e));
        assert_non_null(strstr(e.msg, bad[i]));
        assert_string_equal(got(f), "");
    }
}

static void test_typing(void **state)
{
    struct fix *f = *state;
    char many[2000];
    assert_int_equal(input_type(f->in, 0, "aB\xff\n", 4), 4);
    assert_string_equal(got(f), "+a =20 -a =20 +shift +b =20 -b -shift =20 +ret =20 -ret =20");
    memset(many, 'x', sizeof many);
    u32 n = input_type(f->in, 0, many, sizeof many), all = n;
    assert_true(n > 200 && n < sizeof many);
    assert_int_equal(input_type(f->in, 0, many, 1), 0);
    for (u32 i = 0; i < 100 && all < sizeof many; i++) {
        got(f);
        all += input_type(f->in, 0, many + all, (u32)sizeof many - all);
    }
    assert_int_equal(all, sizeof many);
}

static void test_pointer(void **state)
{
    struct fix *f = *state;
    input_move(f->in, 1, 2);
    input_move(f->in, 3, -4);
    input_wheel(f->in, 0, 1);
    input_wheel(f->in, 0, 1);
    input_move(f->in, 1, 1);
    input_button(f->in, BUTTON_LEFT, true);
    input_button(f->in, BUTTON_LEFT, true);
    input_button(f->in, 3, true);
    input_button(f->in, 32, true);
    input_point(f->in, 5, 6);
    input_point(f->in, -7, 0x10000);
    input_button(f->in, BUTTON_LEFT, false);
    input_button(f->in, BUTTON_RIGHT, false);
    assert_string_equal(got(f), "m4,-2 w0,2 m1,1 +#1 p0,32767 -#1");
    input_move(f->in, 0x7fffffff, -0x7fffffff - 1);
    input_move(f->in, 0x7fffffff, -0x7fffffff - 1);
    assert_string_equal(got(f), "m16777216,-16777216");
    input_key(f->in, KEY_NONE, true);
    input_key(f->in, KEY_COUNT, true);
    input_key(f->in, KEY_A, false);
    assert_string_equal(got(f), "");
}

/* Full: presses are refused, releases never. */
static void test_full(void **state)
{
    struct fix *f = *state;
    struct err e;
    input_key(f->in, KEY_CTRL, true);
    input_button(f->in, BUTTON_RIGHT, true);
    u32 n = 0;
    for (; n < 5000; n++)
        if (!input_move(f->in, 1, 0) || !input_wheel(f->in, 0, 1))
            break;
    assert_true(n < 5000);
    assert_false(input_key(f->in, KEY_A, true));
    assert_false(input_button(f->in, BUTTON_LEFT, true));
    assert_false(input_send(f->in, "a", 1, &e));
    assert_non_null(strstr(e.msg, "has not taken"));
    assert_true(input_key(f->in, KEY_CTRL, false));
    assert_true(input_button(f->in, BUTTON_RIGHT, false));
    input_poll(f->in);
    assert_int_equal(f->n, INPUT_RING);
    assert_string_equal(text_of(f->got + f->n - 2, 2), "-ctrl -#2");
    assert_true(input_key(f->in, KEY_A, true));
}

static void test_partly(void **state)
{
    struct fix *f = *state;
    struct err e;
    f->takes = 3;
    assert_true(input_send(f->in, "ctrl-alt-delete", 100, &e));
    input_move(f->in, 1, 1);
    assert_string_equal(got(f), "+ctrl +alt +delete");
    input_move(f->in, 1, 1);
    f->takes = 2;
    assert_string_equal(got(f), "=100 -delete");
    f->takes = 9;
    assert_string_equal(got(f), "-alt -ctrl =20 m2,2");
    input_set_receiver(f->in, NULL, NULL);
    input_key(f->in, KEY_A, true);
    input_poll(f->in);
    input_set_receiver(f->in, receive, f);
    assert_string_equal(got(f), "+a");
    input_set_receiver(NULL, receive, f);
}

static void *sender(void *opaque)
{
    struct fix *f = opaque;
    for (u32 i = 0; i < 20000; i++)
        while (!input_key(f->in, KEY_A, !(i & 1)) || !input_move(f->in, 1, 0))
            ;
    return NULL;
}

static void test_threads(void **state)
{
    struct fix *f = *state;
    pthread_t t;
    u32 keys = 0;
    i64 moved = 0;
    assert_int_equal(pthread_create(&t, NULL, sender, f), 0);
    while (keys < 20000 || moved < 20000) {
        f->n = 0;
        input_poll(f->in);
        for (u32 i = 0; i < f->n; i++) {
            if (f->got[i].kind == INPUT_KEY)
                assert_int_equal(f->got[i].down, !(keys++ & 1));
            else
                moved += f->got[i].x;
        }
    }
    pthread_join(t, NULL);
    assert_int_equal(keys, 20000);
    assert_true(moved == 20000);
}

/* ---- into the machine ---- */

static void sink(void *opaque, const struct input_event *ev)
{
    struct fix *f = opaque;
    f->got[f->n++] = *ev;
}

static const char *seen(struct fix *f, u64 ns)
{
    rig_run(&f->r, ns);
    const char *text = text_of(f->got, f->n);
    f->n = 0;
    return text;
}

static void test_port(void **state)
{
    struct fix *f = *state;
    struct err e;
    rig_start(&f->r);
    input_port_init(&f->port, f->r.m, "input", f->in);
    assert_false(input_is_absolute(f->in));
    input_port_add(&f->port, (struct input_sink){ 1 << INPUT_KEY | 1 << INPUT_ABS, sink, f, NULL });
    assert_true(input_is_absolute(f->in));
    assert_true(input_send(f->in, "shift-a", 100, &e) && input_send(f->in, "b", 50, &e));
    input_move(f->in, 1, 1); /* nobody takes it */
    input_point(f->in, 1, 1);
    assert_string_equal(seen(f, 100 * MS), "");
    input_poll(f->in);
    assert_string_equal(seen(f, 0), "+shift +a");
    assert_string_equal(seen(f, 100 * MS - 1), "");
    assert_string_equal(seen(f, 1), "-a -shift");
    assert_string_equal(seen(f, 20 * MS - 1), "");
    f->port.dev.cls->reset(&f->port.dev); /* fingers stay where they are */
    assert_string_equal(seen(f, 1), "+b");
    event_set(&f->port.event, TIME_NEVER); /* loaded in the middle */
    f->port.dev.cls->resumed(&f->port.dev);
    assert_string_equal(seen(f, 50 * MS), "-b");
    assert_string_equal(seen(f, 20 * MS), "p1,1");
    for (u32 i = 0; i < 600; i++) { /* more than the port holds behind a wait: the rest stays outside */
        if (!input_send(f->in, "c", 1, &e))
            break;
        input_poll(f->in);
    }
    assert_true(f->port.s.count == INPUT_PORT_EVENTS && f->port.dev.cls->state->valid(&f->port.s, &e));
    u32 strokes = 0;
    for (u32 i = 0; i < 600; i++, input_poll(f->in)) {
        strokes += f->n;
        f->n = 0;
        rig_run(&f->r, 21 * MS);
    }
    assert_int_equal(f->port.s.count, 0);
    assert_true(strokes > 2 * INPUT_PORT_EVENTS / 4 && strokes % 2 == 0);
    assert_true(state_is_complete(f->port.dev.cls->state));
    rig_end(&f->r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_layout), T(test_chords), T(test_typing), T(test_pointer),
        T(test_full), T(test_partly), T(test_threads), T(test_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
