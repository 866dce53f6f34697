/*
 * chr.h - a byte stream to the outside world (terminal, file, nothing), as a device sees it.
 *
 * Output: chr_write, at once, never blocks the guest for long. Input: the device registers a receiver;
 * bytes arrive only on the machine's own thread, at safe points (chr_deliver, called by the run loop's
 * poll), as many as the receiver takes.
 */
#pragma once
#include "base/err.h"

struct chr {
    void (*write)(struct chr *, const u8 *p, u32 n); /* the host side; NULL: bytes vanish */
    void  *host;
    /* The device side: takes up to n bytes, returns how many it took. */
    u32  (*receive)(void *opaque, const u8 *p, u32 n);
    void  *opaque;
};

static inline void chr_write(struct chr *c, const void *p, u32 n)
{
    if (c && c->write)
        c->write(c, p, n);
}
static inline void chr_set_receiver(struct chr *c, u32 (*fn)(void *, const u8 *, u32), void *opaque)
{
    if (c) {
        c->receive = fn;
        c->opaque = opaque;
    }
}
/* Offers input; returns how many bytes were taken. */
static inline u32 chr_deliver(struct chr *c, const u8 *p, u32 n)
{
    return c && c->receive ? c->receive(c->opaque, p, n) : 0;
}
