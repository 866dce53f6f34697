/* log.c - masked logging; see log.h. */
#include "base/log.h"
#include <stdarg.h>
#include <string.h>

static const struct {
    const char *name, *text;
} classes[] = {
#define LOG(name, text) { #name, text },
#include "base/log.def"
};

bool log_parse_mask(const char *list, u32 *mask, struct err *e)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        u32 i = 0;
        while (i < COUNT(classes) && (strlen(classes[i].name) != n || memcmp(classes[i].name, p, n)))
            i++;
        if (i == COUNT(classes))
            return err_set(e, "-d: unknown log class '%.*s'", (int)n, p);
        *mask |= 1u << i;
        p += n + (p[n] == ',');
    }
    return true;
}

void log_print_classes(FILE *f)
{
    for (u32 i = 0; i < COUNT(classes); i++)
        fprintf(f, "%-12s %s\n", classes[i].name, classes[i].text);
}

void log_line(struct log *l, enum log_class c, const char *fmt, ...)
{
    if (c == LOG_guest_error && l->guest_errors++ == LOG_GUEST_ERROR_MAX && log_on(l, c))
        fprintf(l->out, "guest_error: further lines are not shown\n");
    if (!log_on(l, c) || (c == LOG_guest_error && l->guest_errors > LOG_GUEST_ERROR_MAX))
        return;
    va_list ap;
    va_start(ap, fmt);
    flockfile(l->out); /* a line is one piece, whichever threads log */
    fprintf(l->out, "%s: ", classes[c].name);
    vfprintf(l->out, fmt, ap);
    fputc('\n', l->out);
    funlockfile(l->out);
    va_end(ap);
}
