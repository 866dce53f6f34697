/* code_cache.h - `mynah code-cache`: what is in the disk cache of compiled code, and emptying it. */
#pragma once
#include "base/err.h"

/* argv: info or clear, then perhaps a folder instead of the user's own. Prints to the standard output. */
bool app_code_cache(int argc, char **argv, struct err *e) MUST_CHECK;
