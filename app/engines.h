/* engines.h - the engines by name, for --engine and --lockstep. */
#pragma once
#include "base/err.h"
#include "vm/vm.h"

/* "auto" is the best one that works on this host. NULL, with a sentence about `option` that lists those known: there is no such engine. */
const struct engine *engine_find(const char *option, const char *name, struct err *e) MUST_CHECK;
void engines_print(FILE *f); /* one a line, with what it is */
