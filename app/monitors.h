/*
 * monitors.h - the monitors of a session: one on the terminal, others on sockets and files.
 */
#pragma once
#include "app/monitor.h"
#include "host/peer.h"
#include "host/terminal.h"

struct monitors {
    struct monitored on;
    struct monitor   own;                /* on the terminal; where it is: t */
    struct terminal *t;                  /* or NULL */
    bool             shown;              /* the terminal shows it, not the serial port */
    struct monitor   more[OPT_MONITORS];
    struct peer     *peer[OPT_MONITORS]; /* NULL: a file */
    int              fd[OPT_MONITORS];   /* of a file; -1: none */
    u32              count;
};

/* Before the terminal is there, which gets own.chr as its second stream. */
void monitors_init(struct monitors *s, const struct options *o, struct setup *setup, struct input *input,
                   struct hash_state *hash);
/* Opens those on sockets and files, which may wait for somebody to connect. wake: monitors_poll() has something to
 * do (any thread). */
bool monitors_open(struct monitors *s, const struct options *o, void (*wake)(void *), void *opaque,
                   struct err *e) MUST_CHECK;
void monitors_close(struct monitors *s);
/* The terminal was turned from one stream to the other, or is there: says where one is. */
void monitors_turned(struct monitors *s);
/* What came from sockets; the terminal delivers by itself. */
void monitors_poll(struct monitors *s);
