/* run.h - `mynah run`: builds the machine that the options describe, runs it, and reports. */
#pragma once
#include "app/options.h"

/* Returns the process' exit status: 0 after a power-off, a reset with -no-reboot, or Ctrl-A X; 1 after an error of
 * ours, whose sentence was printed; 128 + n after signal n. */
int app_run(const struct options *o);
/* Prints e's sentence on the standard error. */
void app_error(const struct err *e);
