/*
 * ps2_mouse.h - a PS/2 mouse, which drivers can turn into a wheel mouse or one with five buttons.
 *
 * The board embeds the struct, calls ps2_mouse_init, and gives the wire to the controller's second port; what the
 * hand does comes by ps2_mouse_event.
 */
#pragma once
#include "host/input.h"
#include "hw/input/ps2.h"

#define PS2_MOUSE_STEPS 16u

struct ps2_mouse_state {
    u64 sample_at;                  /* deadline of the next report */
    u64 bat_at;                     /* ... of the self test's end */
    /* What happened and is not reported, in order: buttons, and how far it was moved with them like that. */
    u32 x[PS2_MOUSE_STEPS], y[PS2_MOUSE_STEPS], z[PS2_MOUSE_STEPS];
    u8  mask[PS2_MOUSE_STEPS];
    u8  head, count;
    u8  buttons;                    /* now */
    u8  told;                       /* in the last report */
    u8  out[5];                     /* an answer or a report on its way */
    u8  out_at, out_count;
    u8  last[4], last_count;        /* the last one, for the resend command */
    u8  enabled, remote, wrap, doubled;
    u8  resolution, rate;           /* as in the commands */
    u8  id;                         /* 0; 3: wheel; 4: wheel and five buttons */
    u8  knock[2];                   /* sample rates set before the last one */
    u8  command;                    /* that waits for its parameter, or 0 */
    u8  refused;                    /* the last byte was */
    u8  pad[5];
};

struct ps2_mouse {
    struct dev             dev;
    struct ps2_mouse_state s;
    struct ps2_wire        wire;
    struct event           event;
};

extern const struct dev_class ps2_mouse_class;
void ps2_mouse_init(struct ps2_mouse *k, struct machine *m, const char *path);
/* INPUT_REL, INPUT_BUTTON, INPUT_WHEEL. */
void ps2_mouse_event(struct ps2_mouse *k, const struct input_event *ev);
