/*
 * ps2.h - the wire between a keyboard controller and a PS/2 device: one byte at a time in each direction.
 *
 * The device embeds the wire and fills in its side; the controller takes bytes when it is ready for them, which makes
 * the timing its own, and is told when there is something to take.
 */
#pragma once
#include "vm/vm.h"

struct ps2_wire {
    bool (*ready)(void *dev);         /* a byte waits */
    u8   (*take)(void *dev);          /* it; only when there is one */
    void (*write)(void *dev, u8 val); /* from the host */
    void  *dev;
    void (*raise)(void *host);        /* set by the controller: a byte may wait now; NULL: nobody listens */
    void  *host;
};
static inline void ps2_raise(const struct ps2_wire *w)
{
    if (w->raise)
        w->raise(w->host);
}

/* Answers that keyboards and mice have in common. */
enum { PS2_BAT_OK = 0xaa, PS2_ACK = 0xfa, PS2_RESEND = 0xfe };
#define PS2_BAT_NS 20000000u /* the self test after a reset command */
