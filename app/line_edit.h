/*
 * line_edit.h - a line typed on a terminal: editing, history, completion; and lines from a socket or a pipe.
 *
 * Bytes go in, text for the terminal comes out by `put`; it knows no file descriptor. Keys: those of Emacs and of
 * ANSI terminals (arrows, Home, End, Delete). Everything is bounded; bytes that mean nothing are dropped.
 *
 * Why not a library: libedit and readline own a terminal and its signals, one a process, while here the serial port
 * shares it, bytes come from several places, and the machine's thread must go on between any two.
 */
#pragma once
#include "base/types.h"

#define LINE_MAX_BYTES 1023u
#define LINE_HISTORY   64u
#define LINE_CHOICES   512u

/* What Tab found: the ways in which the line's text from `from` on may go on. */
struct line_choices {
    u32         from;                  /* byte of the line where the word begins */
    u32         count, more;           /* more: that did not fit */
    const char *text[LINE_CHOICES];    /* each whole word, borrowed or in room[] */
    char        room[16384];
    u32         used;
    bool        open;                  /* a unique one is not the word's end: no blank behind it */
};
/* Adds a word if it begins with the n bytes at prefix. It is copied. */
void line_offer(struct line_choices *c, const char *word, const char *prefix, u32 n);

struct line_edit {
    char   line[LINE_MAX_BYTES + 1];   /* ends in 0 */
    u32    len, at;                    /* bytes; at: the cursor */
    bool   screen;                     /* edit and echo; else lines come as they are */
    bool   too_long;                   /* the line lost bytes (those of a socket or a pipe alone) */
    u8     last;                       /* the byte before: \r\n is one end */
    char   esc[8];                     /* of a sequence that has begun */
    u32    esc_len;
    char  *past[LINE_HISTORY];         /* owned; oldest first */
    u32    past_count, shown;          /* shown: past_count is the new line */
    char   draft[LINE_MAX_BYTES + 1];  /* the new line while an old one is shown */
    u32    left;                       /* first byte that is shown */
    const char *prompt;
    u32  (*columns)(void *opaque);
    void (*put)(void *opaque, const char *text, u32 n);
    /* What the line up to byte n can be completed to; NULL: nothing ever. */
    void (*complete)(void *opaque, const char *line, u32 n, struct line_choices *c);
    void  *opaque;
};

/* Takes one byte. True: the line is whole, in e->line; the caller uses it and calls line_start(). */
bool line_feed(struct line_edit *e, u8 byte);
/* A new line with its prompt. */
void line_start(struct line_edit *e);
/* Forgets what was typed, not the history: another peer is there. */
void line_drop(struct line_edit *e);
void line_remember(struct line_edit *e, const char *line);
void line_free(struct line_edit *e);
