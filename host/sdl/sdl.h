/*
 * sdl.h - private to host/sdl/: one window by SDL 2, with its thread.
 *
 * All of SDL is called on that thread, which init opens; signals of the process go to others.
 */
#pragma once
#include "host/frame.h"
#include "host/input.h"
#include "host/view.h"
#include "host/window.h"
#include <SDL.h>
#include <pthread.h>

struct sdl {
    struct window_config c;        /* its title is the copy below */
    char          title[160];
    struct frame *frame;
    pthread_t     thread;
    sem_t         started;         /* opened says how it went, err why not */
    bool          opened;
    struct err   *err;
    atomic_bool   quit;
    SDL_Window   *window;
    SDL_Renderer *renderer;
    SDL_Texture  *texture;         /* NULL: no picture yet */
    u32           width, height;   /* of the picture */
    struct view   view;            /* where it is */
    u32           percent;         /* the scale; while follows is set, the window is of the picture's size at it */
    bool          follows, full, hidden;
    bool          stale;           /* to be shown again */
    bool          lost;            /* the texture holds no picture any more */
    bool          grabbed, absolute;
    u32           closes;
    bool          keys[KEY_COUNT]; /* what this window holds down */
    u32           buttons;
};

/* ---- sdl.c ---- */
void sdl_set_title(struct sdl *s);

/* ---- sdl_draw.c ---- */
bool sdl_open_window(struct sdl *s, struct err *e);
void sdl_close_window(struct sdl *s);
/* The frame is ours: takes what changed. True: something did. */
bool sdl_take_frame(struct sdl *s);
void sdl_show(struct sdl *s);
/* The window gets the picture's size at the scale. */
void sdl_fit_window(struct sdl *s);
void sdl_set_full(struct sdl *s, bool full);
/* The user or the desktop gave it another size. */
void sdl_resized(struct sdl *s, u32 w, u32 h);

/* ---- sdl_input.c ---- */
void sdl_handle(struct sdl *s, const SDL_Event *ev);
void sdl_grab(struct sdl *s, bool on);
/* Guests begin and end to use an absolute device as they like. */
void sdl_look_at_guest(struct sdl *s);

/* ---- sdl_keys.c ---- */
u32 sdl_key(SDL_Scancode code); /* enum key; KEY_NONE: a guest has no such key */
