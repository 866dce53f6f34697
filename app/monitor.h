/*
 * monitor.h - the human monitor: commands by lines, on the machine's thread, between two instructions.
 *
 * A monitor is one conversation, on the terminal, a socket or a file; a session may have several. What they act on is
 * one struct monitored. Bytes come in by the struct chr that a terminal or a peer delivers to, text goes out by its
 * write: neither side waits for the other. Commands that only look change nothing that a guest or a hash can see.
 * The commands: tables in monitor_*.c; for people: docs/monitor.md.
 */
#pragma once
#include "app/line_edit.h"
#include "app/setup.h"
#include "host/chr.h"
#include "host/input.h"

struct disasm;

struct monitored {
    struct setup      *setup;
    struct input      *input;
    struct hash_state *hash;
    bool               paused;    /* the machine stands still: `stop` */
    bool               broken;    /* a snapshot was loaded only in part: it must not run */
    struct disasm     *disasm[3]; /* by code size, made at the first use */
};
void monitored_free(struct monitored *on);

struct monitor {
    struct monitored *on;
    struct chr        chr;
    struct line_edit  edit;
};

/* screen: a terminal, whose lines are edited here. */
void monitor_init(struct monitor *mon, struct monitored *on, bool screen);
void monitor_free(struct monitor *mon);
/* Somebody is there: a word about where, and the prompt. */
void monitor_greet(struct monitor *mon);
/* What mon->chr delivers; opaque: the monitor. */
u32  monitor_receive(void *opaque, const u8 *p, u32 n);
/* Does what a line says; for tests too. */
void monitor_run(struct monitor *mon, const char *line);
