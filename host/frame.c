/* frame.c - pictures between the machine's and a window's thread; see frame.h. */
#define _GNU_SOURCE /* sem_clockwait */
#include "host/frame.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void frame_init(struct frame *f)
{
    *f = (struct frame){ 0 };
    sem_init(&f->served, 0, 0);
}

void frame_free(struct frame *f)
{
    free(f->surface.px);
    sem_destroy(&f->served);
}

void frame_want(struct frame *f)
{
    atomic_store(&f->wanted, true);
}

bool frame_wait(struct frame *f, u32 ms)
{
    struct timespec until;
    int failed;
    clock_gettime(CLOCK_MONOTONIC, &until);
    u64 at = (u64)until.tv_nsec + ms * 1000000ull;
    until.tv_sec += (time_t)(at / 1000000000u);
    until.tv_nsec = (long)(at % 1000000000u);
    do
        failed = sem_clockwait(&f->served, CLOCK_MONOTONIC, &until);
    while (failed && errno == EINTR);
    return !failed && !atomic_load(&f->wanted); /* it is false; looked at for what was written before */
}

/* The copy takes the size of the display's surface. False: there is no memory; the picture before stays. */
static bool resize(struct frame *f, const struct display_surface *to)
{
    u64 n = (u64)to->width * to->height;
    if (n > f->room || n < f->room / 4) {
        u32 *px = malloc(n * sizeof *px);
        if (!px)
            return false;
        free(f->surface.px);
        f->surface.px = px;
        f->room = n;
    }
    f->surface.width = f->surface.stride = to->width;
    f->surface.height = to->height;
    return true;
}

static void copy(struct frame *f, const struct display_surface *from)
{
    const struct display_rect *r = &f->changed;
    for (u32 y = r->y; y < r->y + r->h; y++)
        memcpy(f->surface.px + (u64)y * f->surface.stride + r->x, from->px + (u64)y * from->stride + r->x,
               r->w * sizeof *from->px);
}

static void bring_up_to_date(struct frame *f, struct display *d)
{
    const struct display_surface *s = &d->surface;
    f->changed = (struct display_rect){ 0 };
    if (!display_update(d))
        return;
    bool resized = s->width != f->surface.width || s->height != f->surface.height;
    if (resized && !resize(f, s))
        return; /* what changed stays noted in the display */
    f->changed = display_take_damage(d);
    if (resized)
        f->changed = (struct display_rect){ 0, 0, s->width, s->height };
    copy(f, s);
}

void frame_serve(struct frame *f, struct display *d)
{
    if (!atomic_load(&f->wanted))
        return;
    bring_up_to_date(f, d);
    atomic_store(&f->wanted, false);
    sem_post(&f->served);
}
