/*
 * terminal.h - the standard input and output as a byte stream for a machine.
 *
 * A reader thread takes input so that the machine's thread never blocks on it; output is buffered and
 * written at every poll. In raw mode Ctrl-A introduces commands, as in QEMU: the terminal hands their letter to
 * `command` on the reader's thread.
 */
#pragma once
#include "host/chr.h"

struct terminal;

struct terminal_config {
    bool  raw;        /* put a terminal into raw mode until closed; without one this does nothing */
    bool  escapes;    /* interpret Ctrl-A */
    bool  signals;    /* Ctrl-C and its like end mynah instead of going to the guest */
    void (*kick)(void *opaque);                /* input is there (reader's thread) */
    void (*command)(void *opaque, char letter); /* Ctrl-A letter (reader's thread) */
    void  *opaque;
};

struct terminal *terminal_open(const struct terminal_config *c, struct err *e) MUST_CHECK;
void terminal_close(struct terminal *t); /* flushes, restores the terminal; NULL is fine */
struct chr *terminal_chr(struct terminal *t);
/* Redirects input and takes output from another stream (monitor) or back to the first with NULL. */
void terminal_focus(struct terminal *t, struct chr *other);
struct chr *terminal_focused(struct terminal *t); /* NULL: the first */
/* On the machine's thread: flushes output, delivers input. */
void terminal_poll(struct terminal *t);
/* Sleeps until input arrives or terminal_wake, at most ns. */
void terminal_wait(struct terminal *t, u64 ns);
void terminal_wake(struct terminal *t);
/* Text from mynah itself, e.g. help; line ends are made right for raw mode. */
void terminal_print(struct terminal *t, const char *text);
