/* err.c - operational errors and failed checks. */
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool err_set(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    return false;
}

bool err_prefix(struct err *e, const char *fmt, ...)
{
    char old[sizeof e->msg], head[sizeof e->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(head, sizeof head, fmt, ap);
    va_end(ap);
    memcpy(old, e->msg, sizeof old);
    size_t n = strnlen(head, sizeof e->msg - 3), left = sizeof e->msg - n - 3;
    memcpy(e->msg, head, n);
    memcpy(e->msg + n, ": ", 2);
    size_t m = strnlen(old, left);
    memcpy(e->msg + n + 2, old, m);
    e->msg[n + 2 + m] = 0;
    return false;
}

void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "mynah: internal error: %s:%d: %s\n", file, line, what);
    abort();
}
