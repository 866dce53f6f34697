/* options_display.c - parses -display and -name. */
#include "app/options_kv.h"
#include <stdio.h>
#include <string.h>

static bool grab_arg(struct opt_display *d, const char *val, struct err *e)
{
    static const char *const names[] = { [GRAB_CTRL_ALT] = "lctrl-lalt", [GRAB_SHIFT_CTRL_ALT] = "lshift-lctrl-lalt",
                                         [GRAB_RIGHT_CTRL] = "rctrl" };
    for (u32 i = 0; val && i < COUNT(names); i++)
        if (!strcmp(names[i], val)) {
            d->grab = (enum display_grab)i;
            return true;
        }
    return err_set(e, "-display sdl: grab-mod is lshift-lctrl-lalt or rctrl (default: lctrl-lalt), not '%s'",
                   val ? val : "");
}

static bool sdl_option(struct opt_display *d, const struct kv *kv, struct err *e)
{
    bool closes = true;
    const struct { const char *name; bool *to; } flags[] = {
        { "gl", &d->gl }, { "full-screen", &d->full_screen }, { "show-cursor", &d->show_cursor },
        { "window-close", &closes },
    };
    if (!strcmp(kv->key, "grab-mod"))
        return grab_arg(d, kv->val, e);
    for (u32 i = 0; i < COUNT(flags); i++)
        if (!strcmp(flags[i].name, kv->key)) {
            bool ok = opt_bool("-display sdl", kv->key, kv->val, flags[i].to, e);
            if (flags[i].to == &closes)
                d->stays = !closes;
            return ok;
        }
    return err_set(e, "-display sdl: unknown option '%s' (known: gl, full-screen, show-cursor, window-close,"
                   " grab-mod)", kv->key);
}

bool opt_display_arg(struct options *o, const char *arg, struct err *e)
{
    struct opt_display *d = &o->display;
    struct kv kv;
    if (!strcmp(arg, "?") || !strcmp(arg, "help")) {
        printf("Available display backend types:\nnone\nsdl\n");
        return o->listed = true;
    }
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        if (first && (kv.val || (strcmp(kv.key, "none") && strcmp(kv.key, "sdl"))))
            return err_set(e, "-display: '%s' is not modelled (known: none, sdl)", kv.key);
        if (first)
            d->kind = kv.key[0] == 's' ? DISPLAY_SDL : DISPLAY_NONE;
        else if (d->kind == DISPLAY_NONE)
            return err_set(e, "-display none: unknown option '%s'", kv.key);
        else if (!sdl_option(d, &kv, e))
            return false;
    }
    return true;
}

bool opt_name_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        if (kv.val ? strcmp(kv.key, "guest") != 0 : !first)
            return err_set(e, "-name: unknown option '%s' (known: guest)", kv.key);
        o->name = opt_keep(o, kv.val ? kv.val : kv.key);
    }
    return true;
}
