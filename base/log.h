/*
 * log.h - logging: always compiled, masked at run time (`-d name,name`, `-D file`).
 *
 * A log belongs to a machine (no globals). guest_error is rate-limited per log so that a
 * hostile guest cannot fill a disk. Nothing is logged by default: stderr is silent on success.
 */
#pragma once
#include "base/err.h"
#include <stdio.h>

enum log_class {
#define LOG(name, text) LOG_##name,
#include "base/log.def"
    LOG_COUNT
};

struct log {
    u32   mask;              /* bit per enum log_class */
    FILE *out;               /* borrowed */
    u64   guest_errors;      /* seen so far, printed or not */
};

#define LOG_GUEST_ERROR_MAX 1000 /* lines printed per machine */

/* Parses "a,b,c" (or "help"-less list of names) into *mask. */
bool log_parse_mask(const char *list, u32 *mask, struct err *e) MUST_CHECK;
/* The "-d help" text. */
void log_print_classes(FILE *f);

static inline bool log_on(const struct log *l, enum log_class c)
{
    return UNLIKELY(l->mask >> c & 1);
}

/* One line; a newline is added. Does nothing when the class is off. */
void log_line(struct log *l, enum log_class c, const char *fmt, ...) PRINTF_LIKE(3, 4);
