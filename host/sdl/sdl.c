/* sdl.c - a window's life: its thread asks for pictures, shows them, and waits for the user; see sdl.h. */
#define _GNU_SOURCE
#include "host/sdl/sdl.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Milliseconds from picture to picture: while they change, and when so many were the same. */
enum { LIVELY_MS = 16, STILL_MS = 33, STILL = 20 };
/* ... until events are looked at again; a picture that was asked for is waited for so long before that. SDL could
 * wait for events, but on X11 it wakes itself by messages to the window, and one that meets a window just destroyed
 * ends the program. */
enum { EVENTS_MS = 8, ANSWER_MS = 6 };

void sdl_set_title(struct sdl *s)
{
    static const char *const mods[] = {
        [WINDOW_CTRL_ALT] = "Ctrl-Alt", [WINDOW_SHIFT_CTRL_ALT] = "Shift-Ctrl-Alt",
        [WINDOW_RIGHT_CTRL] = "right Ctrl",
    };
    char text[sizeof s->title + 96];
    int n = snprintf(text, sizeof text, "%s", s->title);
    if (s->grabbed)
        n += snprintf(text + n, sizeof text - (size_t)n, " [%s-G lets go of keys and mouse]", mods[s->c.mods]);
    if (s->closes)
        snprintf(text + n, sizeof text - (size_t)n, " [asked to power off; closing again quits]");
    SDL_SetWindowTitle(s->window, text);
}

static void handle_events(struct sdl *s)
{
    SDL_Event ev;
    while (SDL_PollEvent(&ev))
        sdl_handle(s, &ev);
    sdl_look_at_guest(s);
}

/* One picture is asked for at a time; the machine's answer may take its time. */
static void loop(struct sdl *s)
{
    u64 next = 0;
    u32 still = 0;
    bool asked = false;
    while (!atomic_load(&s->quit)) {
        handle_events(s);
        u64 now = SDL_GetTicks64();
        if (!asked && !s->hidden && now >= next) {
            next = now + (still < STILL ? LIVELY_MS : STILL_MS);
            asked = true;
            frame_want(s->frame);
            s->c.want(s->c.opaque);
        }
        if (asked && frame_wait(s->frame, ANSWER_MS)) {
            asked = false;
            still = sdl_take_frame(s) ? 0 : still + 1;
        }
        if (s->stale)
            sdl_show(s);
        now = SDL_GetTicks64();
        SDL_Delay(s->hidden ? STILL_MS : asked ? EVENTS_MS : next <= now ? 1 : MIN(EVENTS_MS, (u32)(next - now)));
    }
}

static void *thread(void *opaque)
{
    struct sdl *s = opaque;
    bool ok = s->opened = sdl_open_window(s, s->err);
    sem_post(&s->started);
    if (ok)
        loop(s);
    sdl_close_window(s);
    return NULL;
}

/* Signals of the process are for the machine's thread. */
static bool start(struct sdl *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = !pthread_create(&s->thread, NULL, thread, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void close_window(void *window)
{
    struct sdl *s = window;
    atomic_store(&s->quit, true);
    pthread_join(s->thread, NULL);
    sem_destroy(&s->started);
    free(s);
}

static void *open_window(const struct window_config *c, struct frame *f, struct err *e)
{
    struct sdl *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, "out of memory for a window");
        return NULL;
    }
    s->c = *c;
    s->frame = f;
    s->err = e;
    s->width = c->width;
    s->height = c->height;
    s->percent = 100;
    s->follows = true;
    snprintf(s->title, sizeof s->title, "%s", c->title);
    sem_init(&s->started, 0, 0);
    if (!start(s)) {
        sem_destroy(&s->started);
        free(s);
        err_set(e, "no thread for a window");
        return NULL;
    }
    while (sem_wait(&s->started)) {}
    if (s->opened)
        return s;
    close_window(s);
    return NULL;
}

/* What host/window.c looks for. */
extern const struct window_api mynah_window;
const struct window_api mynah_window = { .version = WINDOW_VERSION, .open = open_window, .close = close_window };
