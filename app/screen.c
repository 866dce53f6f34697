/* screen.c - whether and how a machine's screen is shown on the user's desktop; see screen.h. */
#include "app/screen.h"
#include "host/display.h"
#include "vm/vm.h"
#include <stdio.h>
#include <stdlib.h>

static bool is_set(const char *name)
{
    const char *val = getenv(name);
    return val && *val;
}

static bool has_desktop(void)
{
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* Nobody looks at a machine that runs to an instruction count. */
static bool wants_window(const struct options *o, const struct display *d)
{
    if (o->display.kind != DISPLAY_AUTO)
        return o->display.kind == DISPLAY_SDL;
    return d && has_desktop() && o->stop_at == ~0ull && !o->hash_count && !o->picture;
}

static struct window *open_window(const struct options *o, const struct machine *m, struct display *d,
                                  struct window_config *c, struct err *e)
{
    static const enum window_mods mods[] = {
        [GRAB_CTRL_ALT] = WINDOW_CTRL_ALT, [GRAB_SHIFT_CTRL_ALT] = WINDOW_SHIFT_CTRL_ALT,
        [GRAB_RIGHT_CTRL] = WINDOW_RIGHT_CTRL,
    };
    char title[128];
    snprintf(title, sizeof title, "mynah - %s", o->name ? o->name : m->name);
    c->title = title;
    c->full_screen = o->display.full_screen;
    c->gl = o->display.gl;
    c->show_cursor = o->display.show_cursor;
    c->stays = o->display.stays;
    c->mods = mods[o->display.grab];
    display_update(d);
    c->width = d->surface.width;
    c->height = d->surface.height;
    return window_open(c, e);
}

bool app_screen_open(const struct options *o, const struct machine *m, struct display *d, struct window_config c,
                     struct window **w, struct err *e)
{
    bool asked = o->display.kind == DISPLAY_SDL;
    struct err why;
    *w = NULL;
    if (!wants_window(o, d))
        return true;
    if (!d)
        return err_set(e, "-display sdl: the machine has no screen");
    if (!has_desktop() && !is_set("SDL_VIDEODRIVER"))
        return err_set(e, "-display sdl: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)");
    *w = open_window(o, m, d, &c, &why);
    if (*w)
        return true;
    if (asked)
        return err_set(e, "-display sdl: %s", why.msg);
    fprintf(stderr, "mynah: %s; running without\n", why.msg);
    return true;
}
