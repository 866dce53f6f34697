/*
 * outbox.h - text for somebody who may read slowly, or not at all: bounded, and putting never waits.
 *
 * What the other side does not take at once is kept and goes out when outbox_drain() is called again. What there is
 * no room for is lost; a line in its place says so as soon as there is room. One thread at a time.
 */
#pragma once
#include "base/err.h"

#define OUTBOX_BYTES (1u << 20)

struct outbox {
    int  fd;       /* -1: nobody, bytes vanish */
    bool mine;     /* fd was opened here: it does not block */
    bool socket;
    bool lost;     /* until the line about it is in the queue */
    u32  head, count;
    u8   bytes[OUTBOX_BYTES];
};

/* fd stays the caller's. A terminal or a pipe is opened anew, so that its other users go on blocking. */
void outbox_open(struct outbox *o, int fd);
void outbox_close(struct outbox *o);
void outbox_put(struct outbox *o, const void *p, u32 n);
/* Writes what fd takes now. False: nobody is there any more; what was kept is forgotten. */
bool outbox_drain(struct outbox *o);
/* Goes on until all is written, or nothing of it for so long. */
void outbox_finish(struct outbox *o, u32 ms);
