/* err.c - operational errors and failed checks. */
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A long path would push the fault out of the sentence: the middle goes, not the end. */
static void shorten(struct err *e, const char *text, size_t n)
{
    static const char gap[] = " ... ";
    size_t head = sizeof e->msg / 2, tail = sizeof e->msg - head - sizeof gap;
    memcpy(e->msg, text, head);
    memcpy(e->msg + head, gap, sizeof gap - 1);
    memcpy(e->msg + head + sizeof gap - 1, text + n - tail, tail + 1);
}

bool err_set(struct err *e, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    char *whole = n >= (int)sizeof e->msg ? malloc((size_t)n + 1) : NULL;
    if (whole) {
        vsnprintf(whole, (size_t)n + 1, fmt, again);
        shorten(e, whole, (size_t)n);
        free(whole);
    }
    va_end(again);
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
