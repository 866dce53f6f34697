/* virtio_input_test.c - virtio keyboard, mouse and tablet: configuration, events, full queues, lights, state. */
#include "hw/virtio/virtio_input.h"
#include "tests/dev/virtio_driver.h"

#define MS 1000000ull
#define BUF(i) (DATA + 0x100 * (i))
enum { EV_SYN, EV_KEY, EV_REL, EV_ABS };
enum { EVENTQ, STATUSQ };
#define ROOM (Q_NUM - 2) /* buffers that give() lends at most */

struct fix {
    struct rig          r;
    struct driver       d;
    struct virtio_input i;
    struct input       *in;
    struct input_port   port;
    u32                 seen;    /* used entries of eventq that event() has shown */
};

static int start_kind(void **state, enum virtio_input_kind kind)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    rig_start(&f->r);
    f->in = input_new(NULL, NULL, &e);
    input_port_init(&f->port, f->r.m, "input", f->in);
    virtio_input_init(&f->i, f->r.m, "virtio0.dev", kind, &f->port);
    drv_attach(&f->d, &f->r, &f->i.v, false);
    *state = f;
    return 0;
}
static int start_keyboard(void **state) { return start_kind(state, VIRTIO_KEYBOARD); }
static int start_mouse(void **state) { return start_kind(state, VIRTIO_MOUSE); }
static int start_tablet(void **state) { return start_kind(state, VIRTIO_TABLET); }
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    input_free(f->in);
    free(f);
    return 0;
}

/* Lends a buffer of n bytes. */
static void give(struct fix *f, u32 n)
{
    u16 i = f->d.next[EVENTQ] % Q_NUM;
    drv_desc(&f->d, EVENTQ, i, BUF(i), n, D_WRITE, 0);
    drv_offer(&f->d, EVENTQ, i);
    drv_kick(&f->d, EVENTQ);
}
static void begin(struct fix *f, u32 buffers)
{
    drv_start(&f->d, 0, 2);
    f->seen = 0;
    for (u32 i = 0; i < buffers; i++)
        give(f, 8);
}

/* The next event is this one. */
static void event(struct fix *f, u32 type, u32 code, u32 val)
{
    assert_true((u16)f->seen < drv_used(&f->d, EVENTQ));
    assert_int_equal(drv_used_len(&f->d, EVENTQ, f->seen), 8);
    const u8 *p = rig_mem(&f->r, BUF(drv_used_id(&f->d, EVENTQ, f->seen++)));
    assert_int_equal(load_le16(p), type);
    assert_int_equal(load_le16(p + 2), code);
    assert_int_equal(load_le32(p + 4), val);
}
static void nothing(struct fix *f) { assert_int_equal(f->seen, drv_used(&f->d, EVENTQ)); }

static void poll(struct fix *f)
{
    input_poll(f->in);
    rig_run(&f->r, MS);
}

/* ---- configuration ---- */

static u32 config(struct fix *f, u32 select, u32 subsel)
{
    dev_write(&f->d.t.dev, 0x100, select, 1);
    dev_write(&f->d.t.dev, 0x101, subsel, 1);
    return (u32)dev_read(&f->d.t.dev, 0x102, 1);
}
static u32 data(struct fix *f, u32 off, u32 size) { return (u32)dev_read(&f->d.t.dev, 0x108 + off, size); }
static bool bit(struct fix *f, u32 n) { return data(f, n / 8, 1) >> n % 8 & 1; }

static void test_ids(void **state)
{
    struct fix *f = *state;
    static const char *const names[] = { "QEMU Virtio Keyboard", "QEMU Virtio Mouse", "QEMU Virtio Tablet" };
    const char *name = names[f->i.kind];
    assert_int_equal(drv_rd(&f->d, R_DEVICE), 18);
    assert_int_equal(config(f, 1, 0), strlen(name));
    for (u32 i = 0; i <= strlen(name); i++)
        assert_int_equal(data(f, i, 1), (u8)name[i]);
    assert_int_equal(config(f, 1, 1), 0);
    assert_int_equal(config(f, 3, 0), 8);
    assert_int_equal(data(f, 0, 4), 0x06270006);
    assert_int_equal(data(f, 4, 4), (f->i.kind ? 2u : 1u) << 16 | (f->i.kind + 1u));
    assert_int_equal(config(f, 2, 0), 0); /* no serial number, properties, anything else */
    assert_int_equal(config(f, 0x10, 0), 0);
    assert_int_equal(config(f, 0, 0), 0);
    assert_int_equal(config(f, 0xff, 0xff), 0);
    dev_write(&f->d.t.dev, 0x100, 0x1103, 2); /* both at once */
    assert_int_equal(f->i.s.select, 3);
    assert_int_equal(f->i.s.subsel, 0x11);
    dev_write(&f->d.t.dev, 0x102, 77, 1);
    dev_write(&f->d.t.dev, 0x108, 77, 4);
    assert_int_equal(f->i.s.select, 3);
}

static void test_keyboard_config(void **state)
{
    struct fix *f = *state;
    assert_int_equal(config(f, 0x11, EV_KEY), 29);
    assert_true(bit(f, 1) && bit(f, 30) && bit(f, 126) && bit(f, 226) && !bit(f, 0) && !bit(f, 84) && !bit(f, 227));
    assert_int_equal(config(f, 0x11, 0x11), 1);
    assert_int_equal(data(f, 0, 1), 7);
    assert_int_equal(config(f, 0x11, 0x14), 1);
    assert_int_equal(config(f, 0x11, EV_REL), 0);
    assert_int_equal(config(f, 0x11, EV_ABS), 0);
    assert_int_equal(config(f, 0x12, 0), 0);
}

static void test_pointer_config(void **state)
{
    struct fix *f = *state;
    bool tablet = f->i.kind == VIRTIO_TABLET;
    assert_int_equal(config(f, 0x11, EV_KEY), 43);
    assert_true(bit(f, 0x110) && bit(f, 0x114) && bit(f, 0x150) && bit(f, 0x151) && !bit(f, 0x10f) && !bit(f, 0x115));
    assert_int_equal(config(f, 0x11, EV_REL), 2);
    assert_int_equal(data(f, 0, 2), tablet ? 0x140 : 0x143);
    assert_int_equal(config(f, 0x11, EV_ABS), tablet);
    assert_int_equal(data(f, 0, 4), tablet ? 3 : 0);
    for (u32 a = 0; a < 3; a++) {
        assert_int_equal(config(f, 0x12, a), tablet && a < 2 ? 20 : 0);
        assert_int_equal(data(f, 0, 4), 0);
        assert_int_equal(data(f, 4, 4), tablet && a < 2 ? 0x7fff : 0);
    }
    assert_int_equal(config(f, 0x11, 0x11), 0);
    assert_int_equal(config(f, 0x11, 0x14), 0);
}

/* ---- events ---- */

static void test_keys(void **state)
{
    struct fix *f = *state;
    struct err e;
    assert_true(input_send(f->in, "x", 1, &e));
    poll(f); /* without a driver it is gone */
    rig_run(&f->r, 100 * MS);
    begin(f, ROOM);
    nothing(f);
    assert_true(input_send(f->in, "shift-a", 1, &e));
    poll(f);
    event(f, EV_KEY, 42, 1), event(f, EV_SYN, 0, 0), event(f, EV_KEY, 30, 1), event(f, EV_SYN, 0, 0);
    assert_true(f->r.irq[0]);
    rig_run(&f->r, 100 * MS);
    event(f, EV_KEY, 30, 0), event(f, EV_SYN, 0, 0);
    nothing(f); /* no more buffers */
    give(f, 8);
    event(f, EV_KEY, 42, 0);
    give(f, 8);
    event(f, EV_SYN, 0, 0);
    nothing(f);
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .code = KEY_A }); /* is up */
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .code = KEY_NONE, .down = 1 });
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .code = KEY_COUNT, .down = 1 });
    give(f, 8);
    nothing(f);
}

static void test_mouse(void **state)
{
    struct fix *f = *state;
    begin(f, ROOM);
    input_move(f->in, 5, -3);
    poll(f);
    event(f, EV_REL, 0, 5), event(f, EV_REL, 1, -3u), event(f, EV_SYN, 0, 0);
    input_wheel(f->in, 0, 2);
    poll(f);
    event(f, EV_REL, 8, -2u), event(f, EV_SYN, 0, 0);
    input_point(f->in, 1, 1); /* not for a mouse */
    poll(f);
    nothing(f);
    assert_false(input_is_absolute(f->in));
    begin(f, ROOM);
    static const struct { u32 button, code; } all[] = { { BUTTON_LEFT, 0x110 }, { BUTTON_RIGHT, 0x111 },
        { BUTTON_MIDDLE, 0x112 }, { BUTTON_SIDE, 0x113 }, { BUTTON_EXTRA, 0x114 } };
    for (u32 i = 0; i < COUNT(all); i++) {
        begin(f, ROOM);
        for (u8 down = 2; down--;)
            virtio_input_event(&f->i, &(struct input_event){ INPUT_BUTTON, down, (u16)all[i].button, 0, 0 });
        event(f, EV_KEY, all[i].code, 1), event(f, EV_SYN, 0, 0);
        event(f, EV_KEY, all[i].code, 0), event(f, EV_SYN, 0, 0);
    }
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_WHEEL, .x = 1 });
    event(f, EV_REL, 6, 1), event(f, EV_SYN, 0, 0);
}

static void test_tablet(void **state)
{
    struct fix *f = *state;
    assert_false(input_is_absolute(f->in)); /* has no driver */
    begin(f, ROOM);
    assert_true(input_is_absolute(f->in));
    input_point(f->in, 0, 32767);
    poll(f);
    event(f, EV_ABS, 0, 0), event(f, EV_ABS, 1, 32767), event(f, EV_SYN, 0, 0);
    input_move(f->in, 1, 1);
    poll(f);
    nothing(f);
    drv_wr(&f->d, R_STATUS, 0);
    assert_false(input_is_absolute(f->in));
    begin(f, ROOM);
    f->i.v.dev.cls->reset(&f->i.v.dev);
    assert_false(input_is_absolute(f->in));
}

/* A driver that gives no buffers: whole reports are left out, and what went down comes up. */
static void test_full(void **state)
{
    struct fix *f = *state;
    begin(f, 0);
    u32 downs = 0, ups = 0, syns = 0, last = EV_SYN;
    for (u32 i = 0; i < 2000; i++)
        virtio_input_event(&f->i, &(struct input_event){ INPUT_KEY, i < 1000, (u16)(1 + i % 120), 0, 0 });
    assert_true(f->i.s.count <= VIRTIO_INPUT_QUEUE && f->i.s.count > VIRTIO_INPUT_QUEUE - 8);
    begin(f, 0);
    assert_int_equal(f->i.s.count, 0); /* a reset forgets them */
    for (u32 i = 0; i < 2000; i++)
        virtio_input_event(&f->i, &(struct input_event){ INPUT_KEY, i < 1000, (u16)(1 + i % 120), 0, 0 });
    while (f->i.s.count) {
        give(f, 8);
        const u8 *p = rig_mem(&f->r, BUF(drv_used_id(&f->d, EVENTQ, f->seen++)));
        u32 type = load_le16(p), val = load_le32(p + 4);
        assert_true(type != last); /* one change, one EV_SYN */
        last = type;
        syns += type == EV_SYN;
        downs += type == EV_KEY && val == 1;
        ups += type == EV_KEY && !val;
    }
    assert_true(downs == ups && downs > 50 && syns == downs + ups);
    for (u32 i = 0; i < sizeof f->i.s.down; i++)
        assert_int_equal(f->i.s.down[i], 0);
}

static void test_small_buffer(void **state)
{
    struct fix *f = *state;
    begin(f, 0);
    give(f, 7);
    assert_int_equal(drv_rd(&f->d, R_STATUS), 0xf);
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .down = 1, .code = KEY_A });
    assert_int_equal(drv_rd(&f->d, R_STATUS), 0xf | VIRTIO_S_NEEDS_RESET);
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .down = 1, .code = KEY_B });
    begin(f, ROOM);
    nothing(f);
    drv_desc(&f->d, EVENTQ, 0, 0x1000, 8, D_WRITE, 0); /* not RAM */
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .down = 1, .code = KEY_A });
    assert_int_equal(drv_rd(&f->d, R_STATUS), 0xf | VIRTIO_S_NEEDS_RESET);
}

static void status(struct fix *f, u32 type, u32 code, u32 val, u32 n)
{
    u8 *p = rig_mem(&f->r, BUF(9));
    store_le16(p, (u16)type);
    store_le16(p + 2, (u16)code);
    store_le32(p + 4, val);
    drv_desc(&f->d, STATUSQ, 0, BUF(9), n, 0, 0);
    drv_offer(&f->d, STATUSQ, 0);
    drv_kick(&f->d, STATUSQ);
}

static void test_lights(void **state)
{
    struct fix *f = *state;
    begin(f, 0);
    status(f, 0x11, 1, 1, 8);
    assert_int_equal(f->i.s.leds, 2);
    status(f, 0x11, 0, 1, 8);
    status(f, 0x11, 1, 0, 8);
    status(f, 0x11, 99, 1, 8);
    status(f, 1, 2, 1, 8);
    status(f, 0x11, 2, 1, 7); /* cut short */
    assert_int_equal(f->i.s.leds, 1);
    assert_int_equal(drv_used(&f->d, STATUSQ), 6);
    assert_int_equal(drv_used_len(&f->d, STATUSQ, 0), 0);
}

/* The half of a report that waits for a buffer is in the state. */
static void test_resume(void **state)
{
    struct fix *f = *state;
    begin(f, 1);
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .down = 1, .code = KEY_A });
    event(f, EV_KEY, 30, 1);
    struct virtio_input_state saved = f->i.s;
    rig_check_class(&f->i.v.dev); /* resets */
    assert_int_equal(f->i.s.count, 0);
    f->i.s = saved;
    f->i.v.dev.cls->resumed(&f->i.v.dev);
    give(f, 8);
    event(f, EV_SYN, 0, 0);
    virtio_input_event(&f->i, &(struct input_event){ .kind = INPUT_KEY, .code = KEY_A });
    give(f, 8);
    event(f, EV_KEY, 30, 0);
    rig_scribble(&f->d.t.dev, 0x200, 20000);
}

/* Of two devices the last one that has a driver gets the events. */
static void test_who(void **state)
{
    struct fix *f = *state;
    struct virtio_input *other = calloc(1, sizeof *other);
    struct err e;
    virtio_input_init(other, f->r.m, "virtio1.dev", VIRTIO_KEYBOARD, &f->port);
    begin(f, ROOM);
    assert_true(input_send(f->in, "a", 1, &e));
    poll(f);
    event(f, EV_KEY, 30, 1), event(f, EV_SYN, 0, 0), event(f, EV_KEY, 30, 0), event(f, EV_SYN, 0, 0);
    rig_run(&f->r, 100 * MS);
    virtio_state(&other->v)->status = VIRTIO_S_DRIVER_OK;
    assert_true(input_send(f->in, "b", 1, &e));
    poll(f);
    nothing(f);
    assert_int_equal(other->s.count, 4);
    assert_true(other->s.queue[0] == (EV_KEY | 48 << 16 | 1ull << 32) && !other->s.queue[1]);
    rig_end(&f->r); /* before the device goes */
    rig_start(&f->r);
    free(other);
}

int main(void)
{
#define T(f, s) cmocka_unit_test_setup_teardown(f, s, stop)
    const struct CMUnitTest tests[] = {
        T(test_ids, start_keyboard), T(test_ids, start_mouse), T(test_ids, start_tablet),
        T(test_keyboard_config, start_keyboard), T(test_pointer_config, start_mouse),
        T(test_pointer_config, start_tablet),
        T(test_keys, start_keyboard), T(test_mouse, start_mouse), T(test_tablet, start_tablet),
        T(test_full, start_keyboard), T(test_small_buffer, start_keyboard), T(test_lights, start_keyboard),
        T(test_resume, start_keyboard), T(test_who, start_keyboard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
