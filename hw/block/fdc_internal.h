/*
 * fdc_internal.h - private to fdc*.c: status bits, times, and what the parts call of each other.
 *
 * fdc.c has registers, phases and lines, fdc_commands.c the table of commands and those without data, fdc_data.c
 * those with. Section numbers: Intel 82077AA data sheet.
 */
#pragma once
#include "hw/block/fdc.h"
#include "hw/deadline.h"

enum { DOR_SELECT = 3, DOR_RESET = 4, DOR_GATE = 8, DOR_MOTOR = 0x10 };                       /* 2.1.3; RESET is low */
enum { ST0_HEAD = 4, ST0_CHECK = 0x10, ST0_SEEK = 0x20, ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80,
       ST0_POLLED = 0xc0 };                                                                   /* 6.1 */
enum { ST1_MA = 1, ST1_NW = 2, ST1_ND = 4, ST1_OR = 0x10, ST1_DE = 0x20, ST1_EN = 0x80 };     /* 6.2 */
enum { ST2_SN = 4, ST2_SH = 8, ST2_WC = 0x10, ST2_DD = 0x20, ST2_CM = 0x40 };                 /* 6.3 */
enum { CMD_MT = 0x80, CMD_MFM = 0x40, CMD_SK = 0x20, CMD_CODE = 0x1f };
enum { CONFIG_EIS = 0x40, CONFIG_EFIFO = 0x20, CONFIG_POLL = 0x10 };                          /* 5.2.7 */

/* Times that are short, but give software the time to sleep and wait: a motor's run-up, a head's way, a sector's way
 * to the head, the controller's own after a reset. A host that does not move a byte for FDC_PATIENCE_NS has
 * lost it. */
enum { FDC_SPIN_NS = 1000000, FDC_SETTLE_NS = 100000, FDC_STEP_NS = 20000, FDC_SEARCH_NS = 50000, FDC_SECTOR_NS = 20000,
       FDC_RESET_NS = 100000, FDC_PATIENCE_NS = 100000000 };

/* What a command does with sectors; CONTROL: nothing. */
enum fdc_kind { FDC_CONTROL, FDC_READ, FDC_WRITE, FDC_READ_TRACK, FDC_VERIFY, FDC_SCAN, FDC_READ_ID, FDC_FORMAT };

struct fdc_command {
    const char   *name;
    u8            code, mask;  /* which first bytes are it */
    u8            args;        /* bytes that follow */
    u8            end;         /* ... or fewer, the last one having this bit; 0: all */
    enum fdc_kind kind;
    void        (*run)(struct fdc *); /* of the controls */
};
/* Never NULL: unknown ones are INVALID. */
const struct fdc_command *fdc_command_of(u8 cmd);

/* fdc.c */
void fdc_update(struct fdc *f);                       /* drives the lines */
void fdc_set_due(struct fdc *f, u64 due);
void fdc_answer(struct fdc *f, const u8 *p, u32 n);   /* on to the result phase, or for n 0 to the next command */
void fdc_report(struct fdc *f, u32 unit, u8 st0, u64 ns); /* an interrupt and a report after so long */
static inline u32 fdc_unit(const struct fdc *f) { return f->s.args[0] & 3; }
static inline bool fdc_pio(const struct fdc_state *s) { return s->specify[1] & 1; } /* 5.2.6 */

/* fdc_commands.c */
/* Steps the drive's head to a cylinder, counted from where the controller thinks that it is; returns the time. */
u64 fdc_seek(struct fdc *f, u32 unit, u8 cylinder);

/* fdc_data.c */
void fdc_data_start(struct fdc *f);  /* all parameters are there */
void fdc_data_due(struct fdc *f);    /* in FDC_SEARCH or FDC_DATA */
void fdc_data_moved(struct fdc *f, bool last); /* the buffer is used up, or it was the host's last byte */
/* Bytes go from the buffer to the host. */
bool fdc_to_host(const struct fdc_state *s);
bool fdc_protected(const struct fdc_bay *b);
