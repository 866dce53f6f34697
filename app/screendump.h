/* screendump.h - what a screen shows now, as a file or as text. */
#pragma once
#include "host/display.h"

/* PNG, or PPM where the name ends in ".ppm". d: NULL when the machine has no screen. */
bool app_screendump(struct display *d, const char *path, struct err *e) MUST_CHECK;
/* A text screen as UTF-8 lines (malloc), or NULL with e. */
char *app_screen_text(struct display *d, struct err *e) MUST_CHECK;
