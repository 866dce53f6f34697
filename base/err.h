/*
 * err.h - the three error worlds (docs/architecture.md).
 *
 * The world failed: `bool f(..., struct err *)`, one sentence, printed by app/ alone.
 * We are wrong: CHECK, which aborts. What the guest did goes through base/log.h.
 */
#pragma once
#include "base/types.h"

struct err {
    char msg[320]; /* one sentence without a full stop, naming the thing and the fault */
};

/* Fills e and returns false, so that callers can `return err_set(...)`. */
bool err_set(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "prefix: " before the message already in e; returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

NORETURN void check_failed(const char *file, int line, const char *what);
#define CHECK(c) (LIKELY(c) ? (void)0 : check_failed(__FILE__, __LINE__, #c))
