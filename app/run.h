/* run.h - `mynah run`: builds the machine that the options describe, runs it, and reports. */
#pragma once
#include "app/options.h"

struct machine;

/* Returns the process' exit status: 0 after a power-off, a reset with -no-reboot (with a sentence when it was a triple
 * fault), or Ctrl-A X; 1 after an error of ours, whose sentence was printed; 128 + n after signal n. */
int app_run(const struct options *o);
/* With --lockstep: 0 when the two machines were equal to the end, 3 when they were not, 1 and 128 + n as above. */
int app_lockstep(const struct options *o);
/* Prints e's sentence on the standard error. */
void app_error(const struct err *e);

/* SIGINT, SIGTERM and SIGHUP ask the machine to quit; without one (NULL) they are only seen, the first of each. */
void app_catch_signals(struct machine *m);
void app_release_signals(void);
int  app_signal_seen(void); /* number of the last one, 0: none */
