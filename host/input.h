/*
 * input.h - what a window, a monitor or a script sends to a machine: keys, pointer, buttons, wheel.
 *
 * A bounded queue of events between the world and a machine. Any thread puts events in; they reach the machine on its
 * own thread at safe points only (input_poll, called by the run loop's poll), as many as it takes: input is a list of
 * plain events, and where in a run each of them arrives is decided in one place. Nothing here knows time: an
 * INPUT_WAIT between two events is played by the machine, in virtual time.
 *
 * No release gets lost: a press is only taken while there is room for the releases of all that is down. Motion is
 * added up while it waits.
 */
#pragma once
#include "base/err.h"

enum key {
    KEY_NONE,
#define KEY(id, name) KEY_##id,
#include "host/keys.def"
    KEY_COUNT
};
enum { BUTTON_LEFT = 1, BUTTON_RIGHT = 2, BUTTON_MIDDLE = 4, BUTTON_SIDE = 8, BUTTON_EXTRA = 16, BUTTON_ALL = 31 };
#define INPUT_ABS_MAX 0x7fff /* absolute positions: 0 to here, over the whole screen */

enum input_kind {
    INPUT_KEY,    /* code: enum key; down */
    INPUT_BUTTON, /* code: one BUTTON_; down */
    INPUT_REL,    /* moved by x to the right, y down */
    INPUT_ABS,    /* is at x, y */
    INPUT_WHEEL,  /* turned by y steps towards the user, x to the right */
    INPUT_WAIT,   /* x: microseconds of virtual time until the next event */
    INPUT_KINDS
};
struct input_event {
    u8  kind, down;
    u16 code;
    i32 x, y;
};

#define INPUT_RING 1024u
#define INPUT_CHORD 16u /* keys of a chord */

struct input;

/* wake: events are there (the sender's thread); or NULL. */
struct input *input_new(void (*wake)(void *opaque), void *opaque, struct err *e) MUST_CHECK;
void input_free(struct input *in); /* NULL is fine */
/* The machine's side: fn takes up to n events and returns how many. in may be NULL: then nothing ever comes. */
void input_set_receiver(struct input *in, u32 (*fn)(void *, const struct input_event *, u32), void *opaque);
/* On the machine's thread: hands over what waits. */
void input_poll(struct input *in);
/* Whether the guest has, and uses, a device for absolute positions. */
void input_set_absolute(struct input *in, bool on);
bool input_is_absolute(const struct input *in);

/* ---- senders, any thread; false: there is no room (the guest does not look), nothing was sent ---- */

/* Pressing what is down and releasing what is up does nothing: repeating is the guest's keyboard's business. */
bool input_key(struct input *in, u32 key, bool down);
bool input_button(struct input *in, u32 button, bool down);
bool input_move(struct input *in, i32 dx, i32 dy);
bool input_point(struct input *in, i32 x, i32 y);
bool input_wheel(struct input *in, i32 dx, i32 dy);
/* Presses up to INPUT_CHORD keys in this order, holds them for so long, releases them in the other order. */
bool input_chord(struct input *in, const u32 *keys, u32 n, u32 hold_ms);
/* `sendkey`: key names joined by '-' ("ctrl-alt-delete", "ret"). */
bool input_send(struct input *in, const char *chord, u32 hold_ms, struct err *e) MUST_CHECK;
/* Types text (ASCII, '\n' is Return) on a keyboard of the layout. Returns how many characters are queued or were
 * skipped because there is no key for them; the rest did not fit and can be sent later. */
u32 input_type(struct input *in, u32 layout, const char *text, u32 n);

/* ---- names and layouts (host/keymap.c) ---- */

u32         key_find(const char *name, u32 len); /* KEY_NONE: unknown */
const char *key_name(u32 key);                   /* NULL: no such key */
/* Layouts as -k names them. False: unknown; e lists those known. */
bool keymap_find(const char *name, u32 *layout, struct err *e) MUST_CHECK;
/* The key that gives a character, with shift or without; KEY_NONE: none does. */
u32 keymap_key(u32 layout, char ch, bool *shift);
