/* window.c - finds mynah-sdl.so and connects its window with a display; see window.h. */
#define _GNU_SOURCE
#include "host/window.h"
#include "host/frame.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OBJECT "mynah-sdl.so"

struct window {
    struct frame             frame;
    const struct window_api *api;
    void                    *shown; /* the object's window */
};

/* ---- loading ---- */

/* Beside the program, or else where it is installed. */
static const char *find(char *path, u64 size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - sizeof OBJECT);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n > 0)
        snprintf(path + n, size - (u64)n, "%s", OBJECT);
    return n > 0 && !access(path, F_OK) ? path : MYNAH_LIBDIR "/" OBJECT;
}

/* It stays loaded: the libraries under it do not like to go. */
static const struct window_api *load(struct err *e)
{
    char path[4096];
    void *lib = dlopen(find(path, sizeof path), RTLD_NOW | RTLD_LOCAL);
    const char *why = lib ? NULL : dlerror();
    const struct window_api *api = lib ? dlsym(lib, WINDOW_SYMBOL) : NULL;
    if (!lib)
        err_set(e, "no window (they need SDL 2, here and where mynah is built): %s", why ? why : "no reason given");
    else if (!api || api->version != WINDOW_VERSION)
        err_set(e, OBJECT " is not of this program");
    return api && api->version == WINDOW_VERSION ? api : NULL;
}

/* ---- life ---- */

struct window *window_open(const struct window_config *c, struct err *e)
{
    const struct window_api *api = load(e);
    struct window *w = api ? calloc(1, sizeof *w) : NULL;
    if (api && !w)
        err_set(e, "out of memory for a window");
    if (!w)
        return NULL;
    w->api = api;
    frame_init(&w->frame);
    w->shown = api->open(c, &w->frame, e);
    if (w->shown)
        return w;
    frame_free(&w->frame);
    free(w);
    return NULL;
}

void window_poll(struct window *w, struct display *d)
{
    frame_serve(&w->frame, d);
}

void window_close(struct window *w)
{
    if (!w)
        return;
    w->api->close(w->shown);
    frame_free(&w->frame);
    free(w);
}
