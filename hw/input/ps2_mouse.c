/*
 * ps2_mouse.c - a PS/2 mouse: reports in stream and remote mode, the commands of the host, wheel and five buttons.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Mouse; Microsoft's IntelliMouse and IntelliMouse Explorer,
 * which sample rates set in a row (200, 100, 80 and 200, 200, 80) turn on. Reports come no faster than the sample
 * rate; what does not fit one report goes to the next, so that the overflow bits stay clear, and no click is lost
 * between two. Not modelled: the resolution's effect (a step of the host's pointer is a count), tilting wheels, the
 * length of a real self test (20 ms here, and silent at power-on).
 */
#include "hw/input/ps2_mouse.h"
#include "hw/deadline.h"
#include <string.h>

enum { SCALE_1 = 0xe6, SCALE_2 = 0xe7, SET_RESOLUTION = 0xe8, STATUS = 0xe9, STREAM = 0xea, READ = 0xeb,
       UNWRAP = 0xec,
       WRAP = 0xee, REMOTE = 0xf0, IDENTIFY = 0xf2, SET_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, DEFAULTS = 0xf6,
       RESEND = 0xfe, RESET = 0xff };
enum { ID_PLAIN = 0, ID_WHEEL = 3, ID_FIVE = 4, ERROR = 0xfc };
#define FAR (1 << 20) /* counts that wait, at most */

static struct ps2_mouse *self(struct dev *d)
{
    return CONTAINER_OF(d, struct ps2_mouse, dev);
}

static bool reports(const struct ps2_mouse_state *s)
{
    return s->enabled && !s->remote && !s->wrap && s->bat_at == DEADLINE_NONE;
}

/* ---- sending ---- */

static void answer(struct ps2_mouse *k, const u8 *p, u32 n)
{
    struct ps2_mouse_state *s = &k->s;
    CHECK(s->out_at + s->out_count + n <= sizeof s->out);
    memcpy(s->out + s->out_at + s->out_count, p, n);
    s->out_count += (u8)n;
    ps2_raise(&k->wire);
}
static void answer1(struct ps2_mouse *k, u8 val) { answer(k, &val, 1); }

static void keep(struct ps2_mouse_state *s, const u8 *p, u32 n)
{
    memcpy(s->last, p, n);
    s->last_count = (u8)n;
}

static bool ready(void *opaque)
{
    return ((const struct ps2_mouse *)opaque)->s.out_count;
}

/* ---- reports ---- */

static i32 clamp(i32 v, i32 most)
{
    return v > most ? most : v < -most ? -most : v;
}

/* Takes what one report can say: seven bits and the sign, since drivers forget that there are eight. */
static i32 part(u32 *left, i32 most)
{
    i32 v = clamp((i32)*left, most);
    *left -= (u32)v;
    return v;
}

/* 2:1 scaling: small motion gets smaller, larger twice as large. */
static i32 scale(const struct ps2_mouse_state *s, i32 v)
{
    static const u8 small[] = { 0, 1, 1, 3, 6, 9 };
    i32 size = v < 0 ? -v : v;
    if (!s->doubled)
        return v;
    i32 to = size < (i32)COUNT(small) ? small[size] : 2 * size;
    return v < 0 ? -to : to;
}

/* The wheel's byte, and the buttons that no byte before it has room for. */
static u8 fourth(const struct ps2_mouse_state *s, i32 z)
{
    if (s->id == ID_WHEEL)
        return (u8)z;
    return (u8)((z & 15) | (s->told & BUTTON_SIDE ? 16 : 0) | (s->told & BUTTON_EXTRA ? 32 : 0));
}

static u32 report(struct ps2_mouse_state *s, bool scaled, u8 out[4])
{
    u32 none[3] = { 0 }, n = s->head, wide = s->doubled && scaled ? 63 : 127;
    u32 *px = s->count ? &s->x[n] : &none[0], *py = s->count ? &s->y[n] : &none[1];
    u32 *pz = s->count ? &s->z[n] : &none[2];
    i32 x = part(px, (i32)wide), y = part(py, (i32)wide);
    i32 z = s->id == ID_PLAIN ? 0 : part(pz, s->id == ID_WHEEL ? 127 : 7);
    s->told = s->count ? s->mask[n] : s->buttons;
    if (s->count && !*px && !*py && (!*pz || s->id == ID_PLAIN)) {
        s->head = (s->head + 1) % PS2_MOUSE_STEPS;
        s->count--;
    }
    if (scaled) {
        x = scale(s, x);
        y = scale(s, y);
    }
    y = -y; /* up counts here */
    out[0] = (u8)((s->told & 7) | 8 | (x < 0 ? 16 : 0) | (y < 0 ? 32 : 0));
    out[1] = (u8)x;
    out[2] = (u8)y;
    out[3] = fourth(s, z);
    return s->id == ID_PLAIN ? 3 : 4;
}

static void arm(struct ps2_mouse *k)
{
    deadline_arm(&k->event, MIN(k->s.sample_at, k->s.bat_at));
}

/* A report when the last one was taken and the sample's time has come. */
static void sample(struct ps2_mouse *k)
{
    struct ps2_mouse_state *s = &k->s;
    u8 out[4];
    if (!reports(s) || !s->count || s->out_count || s->sample_at != DEADLINE_NONE)
        return;
    u32 n = report(s, true, out);
    keep(s, out, n);
    s->sample_at = dev_now(&k->dev) + 1000000000u / s->rate;
    answer(k, out, n);
    arm(k);
}

static u8 take(void *opaque)
{
    struct ps2_mouse *k = opaque;
    struct ps2_mouse_state *s = &k->s;
    if (!s->out_count)
        return 0;
    u8 val = s->out[s->out_at];
    s->out_at = --s->out_count ? s->out_at + 1 : 0;
    sample(k);
    return val;
}

static void due(void *opaque)
{
    struct ps2_mouse *k = self(opaque);
    u64 now = dev_now(&k->dev);
    if (k->s.bat_at <= now) {
        static const u8 passed[] = { PS2_BAT_OK, ID_PLAIN };
        k->s.bat_at = DEADLINE_NONE;
        if (k->s.out_at + k->s.out_count + sizeof passed <= sizeof k->s.out)
            answer(k, passed, sizeof passed);
    }
    if (k->s.sample_at <= now)
        k->s.sample_at = DEADLINE_NONE;
    sample(k);
    arm(k);
}

/* ---- the hand ---- */

static u32 last_step(const struct ps2_mouse_state *s) { return (s->head + s->count - 1) % PS2_MOUSE_STEPS; }

static u32 add_step(struct ps2_mouse_state *s)
{
    if (s->count < PS2_MOUSE_STEPS) {
        u32 n = (s->head + s->count++) % PS2_MOUSE_STEPS;
        s->x[n] = s->y[n] = s->z[n] = 0;
    }
    s->mask[last_step(s)] = s->buttons;
    return last_step(s);
}

/* The mask before the last step's. */
static u8 mask_before(const struct ps2_mouse_state *s)
{
    return s->count > 1 ? s->mask[(last_step(s) + PS2_MOUSE_STEPS - 1) % PS2_MOUSE_STEPS] : s->told;
}

static u32 far(u32 a, i32 b)
{
    i64 sum = (i64)(i32)a + b;
    return (u32)(i32)(sum > FAR ? FAR : sum < -FAR ? -FAR : sum);
}

/* Motion joins motion, but not the change of a button: that was where the motion began. */
static void move(struct ps2_mouse_state *s, i32 x, i32 y, i32 z)
{
    bool joins = s->count && s->mask[last_step(s)] == mask_before(s);
    u32 n = joins ? last_step(s) : add_step(s);
    s->x[n] = far(s->x[n], x);
    s->y[n] = far(s->y[n], y);
    s->z[n] = far(s->z[n], z);
}

void ps2_mouse_event(struct ps2_mouse *k, const struct input_event *ev)
{
    struct ps2_mouse_state *s = &k->s;
    bool listens = (s->enabled || s->remote) && s->bat_at == DEADLINE_NONE;
    if (ev->kind == INPUT_BUTTON) {
        u8 now = (u8)((ev->down ? s->buttons | ev->code : s->buttons & ~ev->code) & BUTTON_ALL);
        bool changed = now != s->buttons;
        s->buttons = now;
        if (changed && listens)
            add_step(s);
    } else if (listens && ev->kind == INPUT_REL) {
        move(s, ev->x, ev->y, 0);
    } else if (listens && ev->kind == INPUT_WHEEL && s->id != ID_PLAIN && ev->y) {
        move(s, 0, 0, ev->y);
    }
    sample(k);
}

/* ---- commands ---- */

static void forget(struct ps2_mouse_state *s)
{
    s->head = s->count = 0;
}

static void defaults(struct ps2_mouse_state *s)
{
    s->enabled = s->remote = s->wrap = s->doubled = 0;
    s->resolution = 2;
    s->rate = 100;
    s->knock[0] = s->knock[1] = 0;
    forget(s);
}

static void restart(struct ps2_mouse *k)
{
    defaults(&k->s);
    k->s.id = ID_PLAIN;
    k->s.bat_at = dev_now(&k->dev) + PS2_BAT_NS;
}

static void set_rate(struct ps2_mouse_state *s, u8 val)
{
    if (s->knock[0] == 200 && val == 80 && s->knock[1] == 100)
        s->id = ID_WHEEL;
    else if (s->knock[0] == 200 && val == 80 && s->knock[1] == 200)
        s->id = ID_FIVE;
    s->knock[0] = s->knock[1];
    s->knock[1] = val;
    s->rate = val;
    s->sample_at = DEADLINE_NONE; /* the new rate begins now */
}

/* A second refusal in a row is an error. */
static void refuse(struct ps2_mouse *k)
{
    answer1(k, k->s.refused ? ERROR : PS2_RESEND);
    k->s.refused = 1;
}

static void parameter(struct ps2_mouse *k, u8 val)
{
    struct ps2_mouse_state *s = &k->s;
    bool rate = s->command == SET_RATE;
    s->command = 0;
    if (rate ? !val : val > 3) {
        refuse(k);
        return;
    }
    s->refused = 0;
    if (rate)
        set_rate(s, val);
    else
        s->resolution = val;
    answer1(k, PS2_ACK);
}

static void status(struct ps2_mouse *k)
{
    struct ps2_mouse_state *s = &k->s;
    u8 b = s->buttons;
    u8 first = (s->remote ? 0x40 : 0) | (s->enabled ? 0x20 : 0) | (s->doubled ? 0x10 : 0) | (b & BUTTON_LEFT ? 4 : 0)
               | (b & BUTTON_MIDDLE ? 2 : 0) | (b & BUTTON_RIGHT ? 1 : 0);
    u8 out[] = { first, s->resolution, s->rate };
    keep(s, out, sizeof out);
    answer(k, out, sizeof out);
}

static void read_data(struct ps2_mouse *k)
{
    u8 out[4];
    u32 n = report(&k->s, false, out);
    keep(&k->s, out, n);
    answer(k, out, n);
}

static bool known(u8 val)
{
    return val >= SCALE_1 && (val <= UNWRAP || val == WRAP || val == REMOTE || (val >= IDENTIFY && val <= DEFAULTS)
                              || val >= RESEND);
}

static void command(struct ps2_mouse *k, u8 val)
{
    struct ps2_mouse_state *s = &k->s;
    if (!known(val)) {
        refuse(k);
        return;
    }
    s->refused = 0;
    if (val == RESEND) {
        answer(k, s->last, s->last_count);
        return;
    }
    answer1(k, PS2_ACK);
    switch (val) {
    case SCALE_1: case SCALE_2: s->doubled = val == SCALE_2; break;
    case SET_RESOLUTION: case SET_RATE: s->command = val; break;
    case STATUS: status(k); break;
    case STREAM: s->remote = 0; forget(s); break;
    case READ: read_data(k); break;
    case WRAP: s->wrap = 1; break;
    case REMOTE: s->remote = 1; forget(s); break;
    case IDENTIFY: answer1(k, s->id); break;
    case ENABLE: s->enabled = 1; forget(s); break;
    case DISABLE: s->enabled = 0; forget(s); break;
    case DEFAULTS: defaults(s); break;
    case RESET: restart(k); break;
    default: break; /* leaving wrap mode that it is not in */
    }
}

/* Whatever comes ends what the mouse was about to say, and its self test. */
static void from_host(void *opaque, u8 val)
{
    struct ps2_mouse *k = opaque;
    struct ps2_mouse_state *s = &k->s;
    s->out_at = s->out_count = 0;
    s->bat_at = DEADLINE_NONE;
    if (s->wrap && val != UNWRAP && val != RESET) {
        answer1(k, val);
    } else if (s->command) {
        parameter(k, val);
    } else {
        s->wrap = 0;
        command(k, val);
    }
    sample(k);
    arm(k);
}

/* ---- the device ---- */

static void resumed(struct dev *d) { arm(self(d)); }

static void reset(struct dev *d)
{
    struct ps2_mouse_state *s = &self(d)->s;
    *s = (struct ps2_mouse_state){ .sample_at = DEADLINE_NONE, .bat_at = DEADLINE_NONE };
    defaults(s);
    resumed(d);
}

static bool near(u32 v) { return (i32)v <= FAR && (i32)v >= -FAR; }

static bool in_order(const struct ps2_mouse_state *s)
{
    for (u32 i = 0; i < PS2_MOUSE_STEPS; i++)
        if (!near(s->x[i]) || !near(s->y[i]) || !near(s->z[i]) || s->mask[i] > BUTTON_ALL)
            return false;
    return s->head < PS2_MOUSE_STEPS && s->count <= PS2_MOUSE_STEPS && s->out_at + s->out_count <= (int)sizeof s->out
           && (s->out_count || !s->out_at)
           && s->last_count <= sizeof s->last && s->buttons <= BUTTON_ALL && s->told <= BUTTON_ALL;
}

static bool valid(const void *state, struct err *e)
{
    const struct ps2_mouse_state *s = state;
    if (!in_order(s))
        return err_set(e, "reports out of range: %u steps from %u, %u bytes from %u", s->count, s->head,
                       s->out_count, s->out_at);
    return (s->enabled <= 1 && s->remote <= 1 && s->wrap <= 1 && s->doubled <= 1 && s->refused <= 1
            && s->resolution <= 3 && s->rate && (s->id == ID_PLAIN || s->id == ID_WHEEL || s->id == ID_FIVE)
            && (!s->command || s->command == SET_RATE || s->command == SET_RESOLUTION))
           || err_set(e, "registers out of range: id %u, rate %u, resolution %u, command %#x", s->id, s->rate,
                      s->resolution, s->command);
}

#define F(f) STATE(struct ps2_mouse_state, f)
static const struct state_field fields[] = {
    F(sample_at), F(bat_at), F(x), F(y), F(z), F(mask), F(head), F(count), F(buttons), F(told), F(out), F(out_at),
    F(out_count), F(last), F(last_count), F(enabled), F(remote), F(wrap), F(doubled), F(resolution),
    F(rate), F(id), F(knock), F(command), F(refused), F(pad),
};
static const struct state_desc desc = {
    .name = "ps2_mouse", STATE_DESC(struct ps2_mouse_state, 1, fields), .valid = valid,
};

const struct dev_class ps2_mouse_class = {
    .name = "ps2_mouse", .state = &desc, .state_offset = offsetof(struct ps2_mouse, s),
    .size = sizeof(struct ps2_mouse), .reset = reset, .resumed = resumed,
};

void ps2_mouse_init(struct ps2_mouse *k, struct machine *m, const char *path)
{
    *k = (struct ps2_mouse){ .wire = { .ready = ready, .take = take, .write = from_host, .dev = k } };
    dev_attach(&k->dev, &ps2_mouse_class, m, path);
    deadline_init(&k->event, &k->dev, "ps2_mouse", due);
}
