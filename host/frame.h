/*
 * frame.h - a picture on its way from the machine's thread, which draws it, to a window's, which shows it.
 *
 * The frame belongs to one of the two threads at a time, so that neither ever waits for the other in a lock: the
 * window asks (frame_want), the machine brings the frame up to date at its next safe point (frame_serve), the window
 * takes it back (frame_wait) and shows it at leisure. A machine that does not get to it stops only the picture.
 */
#pragma once
#include "host/display.h"
#include <semaphore.h>
#include <stdatomic.h>

struct frame {
    struct display_surface surface; /* a copy of the display's; malloc */
    struct display_rect    changed; /* since the frame before; all of it after a change of size */
    u64                    room;    /* pixels that surface.px has room for */
    atomic_bool            wanted;  /* it is the machine's */
    sem_t                  served;
};

void frame_init(struct frame *f);
void frame_free(struct frame *f); /* no thread uses it any more */

/* ---- the window's thread ---- */
/* The frame, which is the window's now, is to be brought up to date. */
void frame_want(struct frame *f);
/* Waits for that, so many milliseconds at most. True: it is the window's again. */
bool frame_wait(struct frame *f, u32 ms);

/* ---- the machine's thread ---- */
/* Draws and copies what changed if that is wanted. The only caller of display_take_damage() for this display. */
void frame_serve(struct frame *f, struct display *d);
