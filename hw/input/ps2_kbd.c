/*
 * ps2_kbd.c - a PS/2 keyboard: keys to scan codes in three sets, typematic repeat, the commands of the host.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Keyboards (101- and 102-key). Not modelled: the length of a
 * real self test (it takes 20 ms here, not half a second, and is silent at power-on), pauses in scanning while a
 * command waits for its parameter, keys of other countries than the USA, Europe and Japan, keys of Sun keyboards.
 */
#include "hw/input/ps2_kbd.h"
#include "hw/deadline.h"
#include "hw/input/ps2_keys.h"

enum { SET_LEDS = 0xed, ECHO = 0xee, SET_CODES = 0xf0, IDENTIFY = 0xf2, SET_RATE = 0xf3, ENABLE = 0xf4,
       DISABLE = 0xf5, DEFAULTS = 0xf6, ALL_REPEAT = 0xf7, ALL_BREAK = 0xf8, ALL_MAKE = 0xf9, ALL_BOTH = 0xfa,
       KEY_REPEATS = 0xfb,
       KEY_BREAKS = 0xfc, KEY_MAKES = 0xfd, RESEND = 0xfe, RESET = 0xff };
enum { RATE_DEFAULT = 0x2b, LED_NUM = 2, OVERRUN = 0x00, OVERRUN_SET1 = 0xff };

static struct ps2_kbd *self(struct dev *d)
{
    return CONTAINER_OF(d, struct ps2_kbd, dev);
}

static void arm(struct ps2_kbd *k)
{
    deadline_arm(&k->event, MIN(k->s.repeat_at, k->s.bat_at));
}

/* ---- sending ---- */

static void answer(struct ps2_kbd *k, u8 val)
{
    struct ps2_kbd_state *s = &k->s;
    CHECK(s->reply_at + s->reply_count < sizeof s->reply);
    s->reply[s->reply_at + s->reply_count++] = val;
    ps2_raise(&k->wire);
}

/* A stroke goes in whole, or the overrun code stands for it. */
static void push(struct ps2_kbd *k, const u8 *p, u32 n)
{
    struct ps2_kbd_state *s = &k->s;
    u8 overrun = s->set == 1 ? OVERRUN_SET1 : OVERRUN;
    if (!n)
        return;
    if (s->count + n > PS2_KBD_QUEUE) {
        if (s->count > PS2_KBD_QUEUE || s->queue[(s->head + s->count - 1) % sizeof s->queue] == overrun)
            return;
        p = &overrun;
        n = 1;
    }
    for (u32 i = 0; i < n; i++)
        s->queue[(s->head + s->count++) % sizeof s->queue] = p[i];
    ps2_raise(&k->wire);
}

static bool ready(void *opaque)
{
    const struct ps2_kbd *k = opaque;
    return k->s.reply_count || k->s.count;
}

static u8 take(void *opaque)
{
    struct ps2_kbd_state *s = &((struct ps2_kbd *)opaque)->s;
    if (s->reply_count) {
        s->last = s->reply[s->reply_at++];
        s->reply_at = --s->reply_count ? s->reply_at : 0;
    } else if (s->count) {
        s->last = s->queue[s->head];
        s->head = (s->head + 1) % sizeof s->queue;
        s->count--;
    }
    return s->last;
}

static void drop_replies(struct ps2_kbd_state *s)
{
    s->reply_at = s->reply_count = 0;
}
static void drop_codes(struct ps2_kbd_state *s)
{
    s->head = s->count = 0;
    s->repeat_at = DEADLINE_NONE;
}

/* ---- keys ---- */

static bool is_down(const struct ps2_kbd_state *s, u32 key)
{
    return s->down[key / 32] >> key % 32 & 1;
}

static u32 held(const struct ps2_kbd_state *s)
{
    return (is_down(s, KEY_SHIFT) ? PS2_SHIFT_L : 0) | (is_down(s, KEY_SHIFT_R) ? PS2_SHIFT_R : 0)
           | (is_down(s, KEY_CTRL) || is_down(s, KEY_CTRL_R) ? PS2_CTRL : 0)
           | (is_down(s, KEY_ALT) || is_down(s, KEY_ALT_R) ? PS2_ALT : 0) | (s->leds & LED_NUM ? PS2_NUM_LOCK : 0);
}

static u8 type_of(const struct ps2_kbd_state *s, u32 key)
{
    if (s->set == 3)
        return s->type[ps2_set3_code(key)];
    return key == KEY_PAUSE ? PS2_BREAKS : PS2_REPEATS | PS2_BREAKS;
}

static void stroke(struct ps2_kbd *k, u32 key, enum ps2_stroke what)
{
    u8 bytes[PS2_SEQUENCE];
    push(k, bytes, ps2_scan(k->s.set, key, what, held(&k->s), bytes));
}

/* 250 ms to a second; then 30 to 2 a second, in steps that the reference gives as (8 + A) * 2^B / 240 s. */
static u64 delay_ns(const struct ps2_kbd_state *s) { return (1 + (s->rate >> 5 & 3)) * 250000000ull; }
static u64 period_ns(const struct ps2_kbd_state *s)
{
    return ((8ull + (s->rate & 7)) << (s->rate >> 3 & 3)) * 1000000000u / 240;
}

void ps2_kbd_key(struct ps2_kbd *k, u32 key, bool down)
{
    struct ps2_kbd_state *s = &k->s;
    if (key == KEY_NONE || key >= KEY_COUNT || is_down(s, key) == down)
        return;
    bool scans = s->enabled && s->bat_at == DEADLINE_NONE;
    u8 type = type_of(s, key);
    s->down[key / 32] ^= 1u << key % 32;
    if (scans && (down || type & PS2_BREAKS))
        stroke(k, key, down ? PS2_MAKE : PS2_BREAK);
    if (down && scans) { /* the key pressed last repeats */
        s->repeat = (u8)key;
        s->repeat_at = type & PS2_REPEATS ? dev_now(&k->dev) + delay_ns(s) : DEADLINE_NONE;
    } else if (key == s->repeat) {
        s->repeat_at = DEADLINE_NONE;
    }
    arm(k);
}

/* While the host does not take what there is, nothing is added: a held key does not fill the queue. */
static void repeat(struct ps2_kbd *k)
{
    struct ps2_kbd_state *s = &k->s;
    s->repeat_at = dev_now(&k->dev) + period_ns(s);
    if (!s->count && !s->reply_count)
        stroke(k, s->repeat, PS2_AGAIN);
}

static void due(void *opaque)
{
    struct ps2_kbd *k = self(opaque);
    u64 now = dev_now(&k->dev);
    if (k->s.bat_at <= now) {
        k->s.bat_at = DEADLINE_NONE;
        if (k->s.reply_count < sizeof k->s.reply - k->s.reply_at)
            answer(k, PS2_BAT_OK);
    }
    if (k->s.repeat_at <= now)
        repeat(k);
    arm(k);
}

/* ---- commands ---- */

static void defaults(struct ps2_kbd_state *s)
{
    s->set = 2;
    s->rate = RATE_DEFAULT;
    s->command = 0;
    for (u32 i = 0; i < sizeof s->type; i++)
        s->type[i] = ps2_set3_type((u8)i);
    drop_codes(s);
}

static void all_types(struct ps2_kbd_state *s, u8 command)
{
    static const u8 types[] = { PS2_REPEATS, PS2_BREAKS, 0, PS2_REPEATS | PS2_BREAKS };
    for (u32 i = 0; i < sizeof s->type; i++)
        s->type[i] = types[command - ALL_REPEAT];
    drop_codes(s);
}

static void restart(struct ps2_kbd *k)
{
    struct ps2_kbd_state *s = &k->s;
    defaults(s);
    s->leds = 0;
    s->enabled = 1;
    s->bat_at = dev_now(&k->dev) + PS2_BAT_NS;
}

static void command(struct ps2_kbd *k, u8 val)
{
    struct ps2_kbd_state *s = &k->s;
    s->command = 0;
    if (val == ECHO || val < SET_LEDS || val == 0xef || val == 0xf1 || val == RESEND) {
        answer(k, val == ECHO ? ECHO : val == RESEND ? s->last : PS2_RESEND);
        return;
    }
    answer(k, PS2_ACK);
    switch (val) {
    case IDENTIFY:
        answer(k, 0xab);
        answer(k, 0x83);
        break;
    case ENABLE:
        drop_codes(s);
        s->enabled = 1;
        break;
    case DISABLE: case DEFAULTS:
        defaults(s);
        s->enabled = val == DEFAULTS;
        break;
    case ALL_REPEAT: case ALL_BREAK: case ALL_MAKE: case ALL_BOTH: all_types(s, val); break;
    case RESET: restart(k); break;
    default: s->command = val; break; /* the rest have a parameter */
    }
}

static void set_codes(struct ps2_kbd *k, u8 val)
{
    struct ps2_kbd_state *s = &k->s;
    answer(k, val > 3 ? PS2_RESEND : PS2_ACK);
    if (val == 0)
        answer(k, s->set);
    else if (val <= 3)
        s->set = val;
    if (val && val <= 3)
        drop_codes(s);
}

/* Keys are named by their code of set 3 until a command comes. */
static void key_type(struct ps2_kbd *k, u8 code)
{
    struct ps2_kbd_state *s = &k->s;
    s->type[code] = s->command == KEY_REPEATS ? PS2_REPEATS : s->command == KEY_BREAKS ? PS2_BREAKS : 0;
    answer(k, PS2_ACK);
}

static void parameter(struct ps2_kbd *k, u8 val)
{
    struct ps2_kbd_state *s = &k->s;
    u8 was = s->command;
    if (was >= KEY_REPEATS) {
        key_type(k, val);
        return;
    }
    s->command = 0;
    if (was == SET_CODES) {
        set_codes(k, val);
        return;
    }
    if (was == SET_LEDS)
        s->leds = val & 7;
    else
        s->rate = val & 0x7f;
    answer(k, PS2_ACK);
}

/* Whatever comes ends what the keyboard was about to say, and its self test. */
static void from_host(void *opaque, u8 val)
{
    struct ps2_kbd *k = opaque;
    drop_replies(&k->s);
    k->s.bat_at = DEADLINE_NONE;
    if (k->s.command && val < SET_LEDS)
        parameter(k, val);
    else
        command(k, val);
    arm(k);
}

/* ---- the device ---- */

static void resumed(struct dev *d) { arm(self(d)); }

static void reset(struct dev *d)
{
    struct ps2_kbd_state *s = &self(d)->s;
    *s = (struct ps2_kbd_state){ .bat_at = DEADLINE_NONE, .enabled = 1 };
    defaults(s);
    resumed(d);
}

static bool valid(const void *state, struct err *e)
{
    const struct ps2_kbd_state *s = state;
    if (s->head >= sizeof s->queue || s->count > sizeof s->queue
        || s->reply_at + s->reply_count > (int)sizeof s->reply
        || (s->reply_at && !s->reply_count))
        return err_set(e, "queues out of range: %u bytes from %u, %u answers from %u", s->count, s->head,
                       s->reply_count, s->reply_at);
    for (u32 i = 0; i < sizeof s->type; i++)
        if (s->type[i] > (PS2_REPEATS | PS2_BREAKS))
            return err_set(e, "key type %u out of range", s->type[i]);
    return (s->enabled <= 1 && s->set >= 1 && s->set <= 3 && s->leds <= 7 && s->rate <= 0x7f && s->repeat < KEY_COUNT
            && (s->command == 0 || s->command == SET_LEDS || s->command == SET_CODES || s->command == SET_RATE
                || (s->command >= KEY_REPEATS && s->command <= KEY_MAKES)))
           || err_set(e, "registers out of range: set %u, lights %#x, rate %#x, command %#x", s->set, s->leds,
                      s->rate, s->command);
}

#define F(f) STATE(struct ps2_kbd_state, f)
static const struct state_field fields[] = {
    F(repeat_at), F(bat_at), F(down), F(type), F(queue), F(head), F(count), F(reply), F(reply_at),
    F(reply_count), F(last), F(command), F(enabled), F(set), F(leds), F(rate), F(repeat),
};
static const struct state_desc desc = {
    .name = "ps2_kbd", STATE_DESC(struct ps2_kbd_state, 1, fields), .valid = valid,
};

const struct dev_class ps2_kbd_class = {
    .name = "ps2_kbd", .state = &desc, .state_offset = offsetof(struct ps2_kbd, s), .size = sizeof(struct ps2_kbd),
    .reset = reset, .resumed = resumed,
};

void ps2_kbd_init(struct ps2_kbd *k, struct machine *m, const char *path)
{
    _Static_assert(KEY_COUNT <= 256, "keys fit their bits");
    *k = (struct ps2_kbd){ .wire = { .ready = ready, .take = take, .write = from_host, .dev = k } };
    dev_attach(&k->dev, &ps2_kbd_class, m, path);
    deadline_init(&k->event, &k->dev, "ps2_kbd", due);
}
