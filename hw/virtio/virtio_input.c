/*
 * virtio_input.c - virtio input devices; see virtio_input.h.
 *
 * Spec: VIRTIO 1.2, 5.8; types and codes of events: Linux, include/uapi/linux/input-event-codes.h. Not modelled:
 * see virtio_input.h.
 */
#include "hw/virtio/virtio_input.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <string.h>

enum { EVENTQ, STATUSQ };                                                       /* 5.8.2 */
enum { CFG_ID_NAME = 1, CFG_ID_DEVIDS = 3, CFG_EV_BITS = 0x11, CFG_ABS_INFO };  /* 5.8.4 */
enum { AT_SELECT = 0, AT_SUBSEL = 1, AT_SIZE = 2, AT_DATA = 8 };
enum { EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_LED = 0x11, EV_REP = 0x14 };
enum { REL_X, REL_Y, REL_HWHEEL = 6, REL_WHEEL = 8 };
enum { BTN_LEFT = 0x110, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA, BTN_GEAR_DOWN = 0x150, BTN_GEAR_UP };
enum { EVENT_BYTES = 8, LEDS = 3 };

static const struct virtio_ops ops[VIRTIO_INPUT_KINDS];

static struct virtio_input *self(struct virtio *v)
{
    return CONTAINER_OF(v, struct virtio_input, v);
}

/* ---- events for the driver ---- */

static bool is_ready(void *opaque)
{
    const struct virtio_input *d = opaque;
    return d->s.v.status & VIRTIO_S_DRIVER_OK && !d->s.v.broken;
}

/* Into the buffers that are there. */
static void deliver(struct virtio_input *d)
{
    struct virtio_input_state *s = &d->s;
    struct virtq_chain c;
    while (s->count && virtq_pop(&d->v, EVENTQ, &c)) {
        u8 b[EVENT_BYTES];
        store_le64(b, s->queue[s->head]);
        if (virtq_write(&d->v, &c, 0, b, sizeof b) != sizeof b) {
            virtio_break(&d->v, "a buffer of %u bytes for an event", c.in_len);
            return;
        }
        virtq_push(&d->v, EVENTQ, c.head, sizeof b);
        s->head = (s->head + 1) % VIRTIO_INPUT_QUEUE;
        s->count--;
    }
    virtq_signal(&d->v, EVENTQ);
}

static void put(struct virtio_input *d, u32 type, u32 code, u32 val)
{
    struct virtio_input_state *s = &d->s;
    CHECK(s->count < VIRTIO_INPUT_QUEUE);
    s->queue[(s->head + s->count++) % VIRTIO_INPUT_QUEUE] = type | code << 16 | (u64)val << 32;
}

static u32 keys_down(const struct virtio_input_state *s)
{
    u32 n = 0;
    for (u32 i = 0; i < sizeof s->down; i++)
        n += (u32)__builtin_popcount(s->down[i]);
    return n;
}

/* Room for n events, their EV_SYN, and the releases of `held` keys. */
static bool room(const struct virtio_input *d, u32 n, u32 held)
{
    return d->s.count + n + 1 + 2 * held <= VIRTIO_INPUT_QUEUE;
}

static void sync(struct virtio_input *d)
{
    put(d, EV_SYN, 0, 0);
    deliver(d);
}

static void report_key(struct virtio_input *d, u32 code, bool down)
{
    struct virtio_input_state *s = &d->s;
    u8 *at = &s->down[code / 8], bit = (u8)(1u << code % 8);
    bool fits = down ? room(d, 1, keys_down(s) + 1) : s->count + 2 <= VIRTIO_INPUT_QUEUE;
    if (!code || !!(*at & bit) == down || !fits)
        return;
    *at ^= bit;
    put(d, EV_KEY, code, down);
    sync(d);
}

static void report_motion(struct virtio_input *d, u32 type, u32 code_x, i32 x, u32 code_y, i32 y)
{
    if ((type == EV_REL && !x && !y) || !room(d, 2, keys_down(&d->s)))
        return;
    if (x || type == EV_ABS)
        put(d, type, code_x, (u32)x);
    if (y || type == EV_ABS)
        put(d, type, code_y, (u32)y);
    sync(d);
}

static u32 button(u32 mask)
{
    switch (mask) {
    case BUTTON_LEFT:   return BTN_LEFT;
    case BUTTON_RIGHT:  return BTN_RIGHT;
    case BUTTON_MIDDLE: return BTN_MIDDLE;
    case BUTTON_SIDE:   return BTN_SIDE;
    case BUTTON_EXTRA:  return BTN_EXTRA;
    default:            return 0;
    }
}

void virtio_input_event(struct virtio_input *d, const struct input_event *ev)
{
    if (!is_ready(d))
        return;
    switch (ev->kind) {
    case INPUT_KEY:    report_key(d, virtio_input_code(ev->code), ev->down); break;
    case INPUT_BUTTON: report_key(d, button(ev->code), ev->down); break;
    case INPUT_REL:    report_motion(d, EV_REL, REL_X, ev->x, REL_Y, ev->y); break;
    case INPUT_ABS:    report_motion(d, EV_ABS, 0, ev->x, 1, ev->y); break;
    case INPUT_WHEEL:  report_motion(d, EV_REL, REL_HWHEEL, ev->x, REL_WHEEL, -ev->y); break; /* away is positive */
    default:           break;
    }
}

static void take_event(void *opaque, const struct input_event *ev)
{
    virtio_input_event(opaque, ev);
}

/* ---- lights ---- */

static void take_status(struct virtio_input *d)
{
    struct virtq_chain c;
    u8 b[EVENT_BYTES];
    for (u32 i = 0; i < VIRTQ_SIZE && virtq_pop(&d->v, STATUSQ, &c); i++) {
        bool whole = virtq_read(&d->v, &c, 0, b, sizeof b) == sizeof b;
        u32 code = load_le16(b + 2);
        if (whole && load_le16(b) == EV_LED && code < LEDS)
            d->s.leds = bits_set(d->s.leds, code, 1, load_le32(b + 4) != 0);
        virtq_push(&d->v, STATUSQ, c.head, 0);
    }
    virtq_signal(&d->v, STATUSQ);
}

static void notify(struct virtio *v, u32 q)
{
    if (q == EVENTQ)
        deliver(self(v));
    else
        take_status(self(v));
}

/* ---- configuration ---- */

static const struct { const char *name; u16 product, version; u32 takes; } kinds[VIRTIO_INPUT_KINDS] = {
    { "QEMU Virtio Keyboard", 1, 1, 1 << INPUT_KEY },
    { "QEMU Virtio Mouse", 2, 2, 1 << INPUT_REL | 1 << INPUT_BUTTON | 1 << INPUT_WHEEL },
    { "QEMU Virtio Tablet", 3, 2, 1 << INPUT_ABS | 1 << INPUT_BUTTON | 1 << INPUT_WHEEL },
};

/* A bit map in out; returns its bytes up to the last that is not zero. */
static u32 set_bit(u8 *out, u32 size, u32 n)
{
    out[n / 8] |= (u8)(1u << n % 8);
    return MAX(size, n / 8 + 1);
}

static u32 event_bits(enum virtio_input_kind kind, u32 type, u8 *out)
{
    bool keys = kind == VIRTIO_KEYBOARD;
    u32 n = 0;
    for (u32 k = KEY_NONE + 1; type == EV_KEY && keys && k < KEY_COUNT; k++)
        if (virtio_input_code(k))
            n = set_bit(out, n, virtio_input_code(k));
    for (u32 b = BTN_LEFT; type == EV_KEY && !keys && b <= BTN_EXTRA; b++)
        n = set_bit(out, n, b);
    if (type == EV_KEY && !keys) /* QEMU's say so, and never use them */
        n = set_bit(out, set_bit(out, n, BTN_GEAR_DOWN), BTN_GEAR_UP);
    bool axes = (type == EV_REL && kind == VIRTIO_MOUSE) || (type == EV_ABS && kind == VIRTIO_TABLET);
    for (u32 a = 0; axes && a < 2; a++)
        n = set_bit(out, n, a);
    if (type == EV_REL && !keys)
        n = set_bit(out, set_bit(out, n, REL_HWHEEL), REL_WHEEL);
    for (u32 l = 0; type == EV_LED && keys && l < LEDS; l++)
        n = set_bit(out, n, l);
    return type == EV_REP && keys ? 1 : n; /* the driver repeats, there is nothing to say about how */
}

static u32 describe(const struct virtio_input *d, u8 *out)
{
    const u16 ids[4] = { 6 /* virtual */, 0x0627, kinds[d->kind].product, kinds[d->kind].version };
    switch (d->s.select) {
    case CFG_ID_NAME:
        memcpy(out, kinds[d->kind].name, strlen(kinds[d->kind].name));
        return d->s.subsel ? 0 : (u32)strlen(kinds[d->kind].name);
    case CFG_ID_DEVIDS:
        for (u32 i = 0; i < 4; i++)
            store_le16(out + 2 * i, ids[i]);
        return d->s.subsel ? 0 : 8;
    case CFG_EV_BITS:
        return event_bits(d->kind, d->s.subsel, out);
    case CFG_ABS_INFO:
        store_le32(out + 4, INPUT_ABS_MAX);
        return d->kind == VIRTIO_TABLET && d->s.subsel < 2 ? 20 : 0;
    default:
        return 0;
    }
}

static void config(struct virtio *v, u8 *out)
{
    const struct virtio_input *d = self(v);
    u8 data[VIRTIO_CONFIG_MAX - AT_DATA] = { 0 };
    u32 n = describe(d, data);
    out[AT_SELECT] = d->s.select;
    out[AT_SUBSEL] = d->s.subsel;
    out[AT_SIZE] = (u8)n;
    memcpy(out + AT_DATA, data, n);
}

static void config_write(struct virtio *v, u32 off, u32 val, u32 size)
{
    struct virtio_input *d = self(v);
    if (off > AT_SUBSEL) {
        guest_error(&v->dev, "write of %#x (%u bytes) to configuration byte %u", val, size, off);
        return;
    }
    if (off == AT_SELECT)
        d->s.select = (u8)val;
    if (off == AT_SUBSEL || size > 1)
        d->s.subsel = (u8)(off == AT_SUBSEL ? val : val >> 8);
}

/* ---- the device ---- */

static void running(struct virtio *v)
{
    if (self(v)->port)
        input_port_changed(self(v)->port);
}

static void reset_own(struct virtio *v)
{
    struct virtio_state core = self(v)->s.v;
    self(v)->s = (struct virtio_input_state){ .v = core };
}

static void reset(struct dev *d)
{
    struct virtio *v = CONTAINER_OF(d, struct virtio, dev);
    reset_own(v); /* without a driver's ops, too */
    virtio_reset(v);
}
static void resumed(struct dev *d)
{
    virtio_resumed(CONTAINER_OF(d, struct virtio, dev));
}

static bool valid(const void *state, struct err *e)
{
    const struct virtio_input_state *s = state;
    return virtio_valid(&s->v, e)
           && ((s->head < VIRTIO_INPUT_QUEUE && s->count <= VIRTIO_INPUT_QUEUE && s->leds < 1u << LEDS)
               || err_set(e, "queue or lights out of range: %u events from %u, %#x", s->count, s->head, s->leds));
}

#define F(f) STATE(struct virtio_input_state, f)
static const struct state_field fields[] = {
    VIRTIO_ROWS(struct virtio_input_state), F(queue), F(head), F(count), F(leds), F(select), F(subsel), F(pad),
    F(down),
};
#undef F
static const struct state_desc desc = {
    .name = "virtio-input", STATE_DESC(struct virtio_input_state, 1, fields), .valid = valid,
};

#define CLASS(text)                                                                                       \
    { .name = text, .state = &desc, .state_offset = offsetof(struct virtio_input, s),                     \
      .size = sizeof(struct virtio_input), .reset = reset, .resumed = resumed }
const struct dev_class virtio_keyboard_class = CLASS("virtio-keyboard");
const struct dev_class virtio_mouse_class = CLASS("virtio-mouse");
const struct dev_class virtio_tablet_class = CLASS("virtio-tablet");

#define OPS(class)                                                                                        \
    { .device_id = 18, .queue_count = 2, .config_size = VIRTIO_CONFIG_MAX, .config = config,              \
      .config_write = config_write, .notify = notify, .reset = reset_own, .running = running, .pci_class = class }
static const struct virtio_ops ops[VIRTIO_INPUT_KINDS] = { OPS(0x090000), OPS(0x090200), OPS(0x098000) };

void virtio_input_init(struct virtio_input *d, struct machine *m, const char *path, enum virtio_input_kind kind,
                       struct input_port *port)
{
    static const struct dev_class *const classes[VIRTIO_INPUT_KINDS] = { &virtio_keyboard_class, &virtio_mouse_class,
                                                                         &virtio_tablet_class };
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->port = port;
    d->v.ops = &ops[kind];
    dev_attach(&d->v.dev, classes[kind], m, path);
    if (port)
        input_port_add(port, (struct input_sink){ kinds[kind].takes, take_event, d, is_ready });
}
