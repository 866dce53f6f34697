/*
 * terminal.h - the standard input and output as a byte stream for a machine.
 *
 * A reader thread takes input so that the machine's thread never blocks on it; output is buffered and
 * written at every poll. In raw mode Ctrl-A introduces commands, as in QEMU: the terminal hands their letter to
 * `command` on the reader's thread.
 *
 * A second stream (a monitor) can share the terminal: Ctrl-A C turns the input from one to the other, exactly where
 * it was typed. What it prints is bounded and never waits for whoever reads (host/outbox.h), unlike the first's.
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
    struct chr *other; /* the second stream, or NULL; its write and host are filled in */
    bool  alone;       /* it has the input for good */
};

struct terminal *terminal_open(const struct terminal_config *c, struct err *e) MUST_CHECK;
void terminal_close(struct terminal *t); /* flushes, restores the terminal; NULL is fine */
struct chr *terminal_chr(struct terminal *t);
/* The input goes to the second stream now. */
bool terminal_on_other(const struct terminal *t);
/* Input and output are a terminal: somebody sees what is typed. */
bool terminal_is_screen(void);
u32  terminal_columns(void); /* of it; 80 when it does not say */
/* On the machine's thread: flushes output, delivers input. */
void terminal_poll(struct terminal *t);
void terminal_flush(struct terminal *t); /* output alone */
/* terminal_poll for the second stream alone: the machine stands still. */
void terminal_poll_other(struct terminal *t);
/* Sleeps until input arrives or terminal_wake, at most ns. */
void terminal_wait(struct terminal *t, u64 ns);
void terminal_wake(struct terminal *t);
/* Text from mynah itself, e.g. help; line ends are made right for raw mode. Bounded as the second stream's. */
void terminal_print(struct terminal *t, const char *text);
