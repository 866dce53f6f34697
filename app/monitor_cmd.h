/*
 * monitor_cmd.h - private to monitor*.c: tables of commands, what a command is called with, and how it answers.
 */
#pragma once
#include "app/monitor.h"
#include <stdio.h>

#define MONITOR_WORDS 8u

struct monitor_args {
    u32         count;
    const char *word[MONITOR_WORDS];
    const char *rest;    /* the line behind the command, as typed */
    const char *format;  /* what followed a slash behind the name ("4xw"), or "" */
};

struct monitor_command {
    const char *name, *alias; /* alias: or "" */
    const char *args, *help;
    u32         min, max;     /* words; more than MONITOR_WORDS: all the line, unsplit */
    void      (*run)(struct monitor *mon, const struct monitor_args *a);
    /* Offers what the n-th word may be that begins with the len bytes at text; NULL: nothing. */
    void      (*complete)(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c);
};
#define MONITOR_LINE (MONITOR_WORDS + 1)

struct monitor_topic { /* of info */
    const char *name, *alias, *help;
    void      (*run)(struct monitor *mon, const struct monitor_args *a);
};

/* Rows end with one without a name. */
extern const struct monitor_command monitor_run_commands[], monitor_input_commands[], monitor_media_commands[],
    monitor_memory_commands[], monitor_save_commands[];
extern const struct monitor_topic monitor_topics[];

static inline struct machine *monitor_machine(struct monitor *mon) { return mon->on->setup->m; }
static inline struct vcpu *monitor_cpu(struct monitor *mon) { return monitor_machine(mon)->cpus[0]; }

/* Text for the peer: control characters but \n become '?'. */
void monitor_text(struct monitor *mon, const char *text);
void monitor_say(struct monitor *mon, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline void monitor_fail(struct monitor *mon, const struct err *e) { monitor_say(mon, "%s\n", e->msg); }

/* A text that something prints to a FILE. NULL: there is no memory, and the peer was told. */
struct monitor_page {
    FILE  *f;
    char  *text;
    size_t len;
};
FILE *monitor_page_open(struct monitor *mon, struct monitor_page *p);
void  monitor_page_close(struct monitor *mon, struct monitor_page *p);

/* The command of that name, n bytes; NULL: there is none. */
const struct monitor_command *monitor_find(const char *name, u32 n);
/* NULL: the first; NULL behind the last. */
const struct monitor_command *monitor_next(const struct monitor_command *c);
/* info TOPIC, and a list of the topics. */
void monitor_info(struct monitor *mon, const struct monitor_args *a);
void monitor_list_topics(struct monitor *mon);
void monitor_info_complete(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c);

/* ---- monitor_expr.c ---- */
/* A number: + - * / % & | ^ ~ ( ), 0x, 0 (octal), 'c', $register. */
bool monitor_eval(struct vcpu *v, const char *text, u64 *val, struct err *e) MUST_CHECK;

/* ---- monitor_cpu.c: what differs between ISAs ---- */
bool monitor_register(struct vcpu *v, const char *name, u32 len, u64 *val); /* false: there is none */
void monitor_offer_registers(struct vcpu *v, const char *text, u32 len, struct line_choices *c);
/* For the code that the CPU runs now; the monitors own it. NULL with e: there is nothing to disassemble with. */
struct disasm *monitor_disasm(struct monitor *mon, struct err *e);

/* ---- topics, by file ---- */
void monitor_info_block(struct monitor *mon, const struct monitor_args *a);     /* monitor_media.c */
void monitor_info_mtree(struct monitor *mon, const struct monitor_args *a);     /* monitor_tree.c */
void monitor_info_qtree(struct monitor *mon, const struct monitor_args *a);
void monitor_info_pci(struct monitor *mon, const struct monitor_args *a);
void monitor_info_snapshots(struct monitor *mon, const struct monitor_args *a); /* monitor_save.c */
