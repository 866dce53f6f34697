/*
 * ps2_kbd.h - a PS/2 keyboard (IBM enhanced, with Windows and multimedia keys).
 *
 * The board embeds the struct, calls ps2_kbd_init, and gives the wire to the keyboard controller; keys come by
 * ps2_kbd_key.
 */
#pragma once
#include "host/input.h"
#include "hw/input/ps2.h"

#define PS2_KBD_QUEUE 16u /* bytes of scan codes; the overrun code may follow */

struct ps2_kbd_state {
    u64 repeat_at;                    /* deadlines: the held key repeats; the self test ends */
    u64 bat_at;
    u32 down[8];                      /* held keys, by bit (enum key) */
    u8  type[256];                    /* of keys in set 3, by code: PS2_REPEATS | PS2_BREAKS */
    u8  queue[PS2_KBD_QUEUE + 1];
    u8  head, count;
    u8  reply[4];                     /* answers, sent before scan codes */
    u8  reply_at, reply_count;
    u8  last;                         /* byte sent last, for the resend command */
    u8  command;                      /* that waits for its parameter, or 0 */
    u8  enabled;                      /* scanning */
    u8  set;                          /* scan code set, 1 to 3 */
    u8  leds;                         /* 1 Scroll Lock, 2 Num Lock, 4 Caps Lock */
    u8  rate;                         /* typematic, as in the command */
    u8  repeat;                       /* key that repeats */
};

struct ps2_kbd {
    struct dev           dev;
    struct ps2_kbd_state s;
    struct ps2_wire      wire;
    struct event         event;
};

extern const struct dev_class ps2_kbd_class;
void ps2_kbd_init(struct ps2_kbd *k, struct machine *m, const char *path);
void ps2_kbd_key(struct ps2_kbd *k, u32 key, bool down);
