/*
 * display.h - what a screen shows, for windows, picture files and tests.
 *
 * A display is one screen of a machine: a device draws it, viewers look at it. It is drawn when a viewer asks
 * (display_update), outside of guest time, on the machine's thread. Drawing reads the machine's state and changes
 * nothing that a guest, a hash or a snapshot can see, so that runs are the same whether somebody looks or not.
 *
 * Ownership: the device owns its display; viewers borrow it and its surface, whose memory may move in
 * display_update().
 */
#pragma once
#include "base/err.h"

#define DISPLAY_PIXELS_MAX (1u << 26) /* larger pictures are not drawn: what is shown is the picture before */

struct display_surface {
    u32 *px;            /* 0x00rrggbb each, the top line first */
    u32  width, height; /* pixels; 0 before the first update */
    u32  stride;        /* pixels from one line to the next */
};

struct display_rect {
    u32 x, y, w, h;     /* w, h 0: nothing */
};

/* A character of a text screen as the adapter has it: code page 437, attribute (background in bits 7:4). */
struct display_cell {
    u8 ch, attr;
};
#define DISPLAY_NO_CURSOR (~0u)
struct display_text {
    u32                  cols, rows;
    struct display_cell *cells;      /* cols * rows, row by row; malloc, see display_text_free() */
    u32                  cursor;     /* index of its cell, or DISPLAY_NO_CURSOR: off or outside */
};

struct display;

struct display_ops {
    /* Draws what changed since the last call (all: everything) by display_resize(), display_line() and
     * display_changed(). */
    void (*draw)(void *opaque, struct display *d, bool all);
    /* Fills in *t, whose cells it allocates; false: this is no text screen, or there is no memory. NULL: never
     * one. */
    bool (*text)(void *opaque, struct display_text *t);
};

struct display {
    const struct display_ops *ops;
    void                     *opaque;
    const char               *name;    /* "vga" */
    struct display_surface    surface;
    struct display_rect       damage;  /* bounds what changed since display_take_damage() */
    u64                       room;    /* pixels that px has room for */
    bool                      stale;   /* the next update draws everything */
};

/* ---- for viewers ---- */
/* Brings the surface up to date. True: something changed since the last display_take_damage(). */
bool display_update(struct display *d);
/* What changed since the last call, and forgets it. After a change of size: all of the new surface. */
struct display_rect display_take_damage(struct display *d);
/* The screen as text; false when it shows a picture. */
bool display_read_text(struct display *d, struct display_text *t);
void display_text_free(struct display_text *t);
/* UTF-8, a line for each row without the blanks at its end; malloc, NULL when there is no memory. */
char *display_text_utf8(const struct display_text *t);
/* Code page 437 as a screen shows it: codes below 32 are pictures, 0 and 255 are blanks. */
u32 display_cp437(u8 ch);

/* ---- for devices ---- */
void display_init(struct display *d, const struct display_ops *ops, void *opaque, const char *name);
void display_free(struct display *d);
/* The size of the next picture; a new one is black and all damage. False: too large or no memory; nothing changed. */
bool display_resize(struct display *d, u32 width, u32 height);
static inline u32 *display_line(const struct display *d, u32 y) { return d->surface.px + (u64)y * d->surface.stride; }
void display_changed(struct display *d, u32 x, u32 y, u32 w, u32 h);
