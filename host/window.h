/*
 * window.h - a window on the user's desktop that shows a display and sends keys and pointer.
 *
 * It has a thread of its own and lives in mynah-sdl.so (host/sdl/), loaded when the first window is opened: programs
 * without one pay nothing. The machine's thread draws for it when asked (window_poll), nothing else.
 *
 * Ownership: the caller's are input and what the callbacks get; they, and the display, outlive the window.
 */
#pragma once
#include "base/err.h"

struct display;
struct frame;
struct input;
struct window;

enum window_mods { WINDOW_CTRL_ALT, WINDOW_SHIFT_CTRL_ALT, WINDOW_RIGHT_CTRL }; /* the left ones but for the last */

struct window_config {
    const char   *title;
    u32           width, height; /* of the first picture */
    bool          full_screen;
    bool          gl;            /* drawn by the graphics processor; else by us, exact */
    bool          show_cursor;   /* the desktop's, over a guest that has an absolute pointer of its own */
    enum window_mods mods;       /* what is held for our own keys */
    bool          stays;         /* closing does nothing */
    struct input *input;
    /* Callbacks, on the window's thread. want: window_poll() is to come soon. closed: the user closes the window, for
     * the times-th time; it stays open. */
    void        (*want)(void *opaque);
    void        (*closed)(void *opaque, u32 times);
    void         *opaque;
};

/* False: there is no such window, e says why. config and its title are not looked at later. */
struct window *window_open(const struct window_config *c, struct err *e) MUST_CHECK;
/* On the machine's thread, at a safe point: draws if a picture is wanted. */
void window_poll(struct window *w, struct display *d);
void window_close(struct window *w); /* NULL is fine */

/* ---- what mynah-sdl.so offers ---- */
#define WINDOW_VERSION 1u
#define WINDOW_SYMBOL "mynah_window" /* a struct window_api */
struct window_api {
    u32   version;
    /* Opens a window that takes its pictures from the frame. */
    void *(*open)(const struct window_config *c, struct frame *f, struct err *e);
    void  (*close)(void *window);
};
