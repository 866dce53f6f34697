/* input.c - the queue of input from the world to a machine; see input.h. */
#include "host/input.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TYPED_MS 20u  /* a typed key is down for so long */
#define GAP_US 20000  /* between two chords */
#define HOLD_MS_MAX 60000u

struct input {
    pthread_mutex_t    lock;
    struct input_event ring[INPUT_RING];
    u32                head, count;
    u32                busy;            /* of those the first ones, being handed over: they stay as they are */
    bool               keys[KEY_COUNT]; /* down, at the end of the queue */
    u32                buttons, held;   /* likewise; how many keys and buttons are */
    void             (*wake)(void *opaque);
    void              *wake_opaque;
    u32              (*receive)(void *opaque, const struct input_event *ev, u32 n);
    void              *opaque;
    atomic_bool        absolute;
};

struct input *input_new(void (*wake)(void *opaque), void *opaque, struct err *e)
{
    struct input *in = calloc(1, sizeof *in);
    if (!in) {
        err_set(e, "out of memory for keys and pointer");
        return NULL;
    }
    in->wake = wake;
    in->wake_opaque = opaque;
    pthread_mutex_init(&in->lock, NULL);
    return in;
}

void input_free(struct input *in)
{
    if (in)
        pthread_mutex_destroy(&in->lock);
    free(in);
}

void input_set_absolute(struct input *in, bool on)
{
    if (in)
        atomic_store(&in->absolute, on);
}

bool input_is_absolute(const struct input *in)
{
    return atomic_load(&in->absolute);
}

void input_set_receiver(struct input *in, u32 (*fn)(void *, const struct input_event *, u32), void *opaque)
{
    if (!in)
        return;
    in->receive = fn;
    in->opaque = opaque;
}

/* The receiver is called without the lock: only this thread takes events out. */
void input_poll(struct input *in)
{
    struct input_event ev[64];
    u32 n, took;
    do {
        pthread_mutex_lock(&in->lock);
        in->busy = n = MIN(in->count, (u32)COUNT(ev));
        for (u32 i = 0; i < n; i++)
            ev[i] = in->ring[(in->head + i) % INPUT_RING];
        pthread_mutex_unlock(&in->lock);
        took = n && in->receive ? in->receive(in->opaque, ev, n) : 0;
        pthread_mutex_lock(&in->lock);
        in->head = (in->head + took) % INPUT_RING;
        in->count -= took;
        in->busy = 0;
        pthread_mutex_unlock(&in->lock);
    } while (took && took == n);
}

/* ---- putting events in, under the lock ---- */

static bool room(const struct input *in, u32 n)
{
    return in->count + in->held + n <= INPUT_RING;
}

static void put(struct input *in, struct input_event ev)
{
    CHECK(in->count < INPUT_RING);
    in->ring[(in->head + in->count++) % INPUT_RING] = ev;
}

static bool *key_state(struct input *in, u32 key)
{
    return key > KEY_NONE && key < KEY_COUNT ? &in->keys[key] : NULL;
}

static bool put_key(struct input *in, u32 key, bool down)
{
    bool *is = key_state(in, key);
    if (!is || *is == down)
        return true;
    if (down && !room(in, 2))
        return false;
    *is = down;
    in->held += down ? 1 : -1u;
    put(in, (struct input_event){ .kind = INPUT_KEY, .down = down, .code = (u16)key });
    return true;
}

static bool put_button(struct input *in, u32 button, bool down)
{
    if (!(button & BUTTON_ALL) || (button & (button - 1)) || !!(in->buttons & button) == down)
        return true;
    if (down && !room(in, 2))
        return false;
    in->buttons ^= button;
    in->held += down ? 1 : -1u;
    put(in, (struct input_event){ .kind = INPUT_BUTTON, .down = down, .code = (u16)button });
    return true;
}

static i32 sum(i32 a, i32 b)
{
    i64 s = (i64)a + b, most = 1 << 24;
    return (i32)(s > most ? most : s < -most ? -most : s);
}

/* Motion joins the motion that waits at the end. */
static bool put_motion(struct input *in, u8 kind, i32 x, i32 y)
{
    struct input_event *last = &in->ring[(in->head + in->count - 1) % INPUT_RING];
    if (in->count > in->busy && last->kind == kind) {
        last->x = kind == INPUT_ABS ? x : sum(last->x, x);
        last->y = kind == INPUT_ABS ? y : sum(last->y, y);
        return true;
    }
    if (!room(in, 1))
        return false;
    put(in, (struct input_event){ .kind = kind, .x = sum(x, 0), .y = sum(y, 0) });
    return true;
}

static bool put_chord(struct input *in, const u32 *keys, u32 n, u32 hold_ms)
{
    bool mine[INPUT_CHORD] = { 0 };
    if (n > INPUT_CHORD || !room(in, 2 * n + 2))
        return false;
    for (u32 i = 0; i < n; i++) {
        const bool *is = key_state(in, keys[i]);
        mine[i] = is && !*is;
        put_key(in, keys[i], true);
    }
    put(in, (struct input_event){ .kind = INPUT_WAIT, .x = (i32)(MIN(hold_ms, HOLD_MS_MAX) * 1000) });
    for (u32 i = n; i--;)
        if (mine[i])
            put_key(in, keys[i], false);
    put(in, (struct input_event){ .kind = INPUT_WAIT, .x = GAP_US });
    return true;
}

/* ---- senders ---- */

static bool done(struct input *in, bool ok)
{
    pthread_mutex_unlock(&in->lock);
    if (in->wake)
        in->wake(in->wake_opaque);
    return ok;
}

bool input_key(struct input *in, u32 key, bool down)
{
    pthread_mutex_lock(&in->lock);
    return done(in, put_key(in, key, down));
}

bool input_button(struct input *in, u32 button, bool down)
{
    pthread_mutex_lock(&in->lock);
    return done(in, put_button(in, button, down));
}

bool input_move(struct input *in, i32 dx, i32 dy)
{
    pthread_mutex_lock(&in->lock);
    return done(in, put_motion(in, INPUT_REL, dx, dy));
}

bool input_point(struct input *in, i32 x, i32 y)
{
    i32 max = INPUT_ABS_MAX;
    pthread_mutex_lock(&in->lock);
    return done(in, put_motion(in, INPUT_ABS, x < 0 ? 0 : MIN(x, max), y < 0 ? 0 : MIN(y, max)));
}

bool input_wheel(struct input *in, i32 dx, i32 dy)
{
    pthread_mutex_lock(&in->lock);
    return done(in, put_motion(in, INPUT_WHEEL, dx, dy));
}

bool input_chord(struct input *in, const u32 *keys, u32 n, u32 hold_ms)
{
    pthread_mutex_lock(&in->lock);
    return done(in, put_chord(in, keys, n, hold_ms));
}

bool input_send(struct input *in, const char *chord, u32 hold_ms, struct err *e)
{
    u32 keys[INPUT_CHORD], n = 0;
    for (const char *at = chord;; at++) {
        u32 len = (u32)strcspn(at, "-");
        if (n == INPUT_CHORD)
            return err_set(e, "'%s': at most %u keys go down together", chord, INPUT_CHORD);
        keys[n++] = key_find(at, len);
        if (!keys[n - 1])
            return err_set(e, "'%s': there is no key '%.*s'", chord, (int)len, at);
        at += len;
        if (!*at)
            break;
    }
    return input_chord(in, keys, n, hold_ms)
           || err_set(e, "'%s': the guest has not taken the keys sent before", chord);
}

u32 input_type(struct input *in, u32 layout, const char *text, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        bool shift;
        u32 keys[2] = { KEY_SHIFT, keymap_key(layout, text[i], &shift) };
        if (keys[1] && !input_chord(in, keys + !shift, 1 + shift, TYPED_MS))
            return i;
    }
    return n;
}
