/* screendump.c - pictures and text of a screen; see screendump.h. */
#include "app/screendump.h"
#include "host/picture.h"

static bool has_screen(const struct display *d, struct err *e)
{
    return d || err_set(e, "the machine has no screen");
}

bool app_screendump(struct display *d, const char *path, struct err *e)
{
    if (!has_screen(d, e))
        return false;
    display_update(d);
    return picture_write(path, &d->surface, e);
}

char *app_screen_text(struct display *d, struct err *e)
{
    struct display_text t;
    if (!has_screen(d, e))
        return NULL;
    if (!display_read_text(d, &t)) {
        err_set(e, "the screen shows no text");
        return NULL;
    }
    char *text = display_text_utf8(&t);
    display_text_free(&t);
    if (!text)
        err_set(e, "out of memory for the screen's text");
    return text;
}
