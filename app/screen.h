/* screen.h - whether and how a machine's screen is shown on the user's desktop. */
#pragma once
#include "app/options.h"
#include "host/window.h"

struct machine;

/* Opens the window that the options ask for; *w is NULL when there is to be none. A window by default that cannot be
 * is a sentence on the standard error, one that was asked for is an error. d: NULL when the machine has no screen.
 * c: input and callbacks; the rest is filled in. */
bool app_screen_open(const struct options *o, const struct machine *m, struct display *d, struct window_config c,
                     struct window **w, struct err *e) MUST_CHECK;
