/*
 * fdc.h - a PC's floppy disk controller (Intel 82077AA) with two drives and the disks in them.
 *
 * The board embeds the struct, calls fdc_init, says with fdc_set_drive which drives there are, puts disks in with
 * fdc_insert, sets irq and dreq, hands fdc_dma to the DMA controller, and maps dev_mmio over the first six ports
 * and fdc_port7_mmio over the eighth (the seventh is the hard disk controller's). It owns the blocks and keeps
 * them open while they are in a drive.
 */
#pragma once
#include "host/block.h"
#include "hw/block/floppy.h"
#include "hw/dma/i8237.h"

#define FDC_DRIVES 2u
#define FDC_UNITS  4u   /* that the controller can tell apart */
#define FDC_ARGS   8u
#define FDC_RESULT 10u
#define FDC_MARKS  (FLOPPY_CYLINDERS * 2 * FLOPPY_SECTORS / 8) /* bytes, of a drive */

enum fdc_phase { FDC_COMMAND, FDC_PARAMETERS, FDC_SEARCH, FDC_DATA, FDC_ANSWER, FDC_PHASES };

struct fdc_state {
    u64 due;                    /* FDC_SEARCH: a sector is under the head; FDC_DATA: the host was too slow */
    u64 seek_due[FDC_UNITS];    /* a drive has something to report */
    u64 spun[FDC_DRIVES];       /* when the motor has, or had, its speed; DEADLINE_NONE: it is off */
    u16 at, len;                /* of buf: moved, to be moved */
    u8  dor, dsr, rate, tdr;
    u8  phase;                  /* enum fdc_phase */
    u8  cmd;                    /* the first byte */
    u8  irq;
    u8  st1, st2;
    u8  head;                   /* in use, with c, h, r, n of the sector that is looked for */
    u8  c, h, r, n;
    u8  count;                  /* sectors done, or to be done */
    u8  seeked;                 /* the command began with a seek */
    u8  arg_count, args[FDC_ARGS];
    u8  answer_at, answer_len, answer[FDC_RESULT];
    u8  pcn[FDC_UNITS];         /* where the controller thinks that the heads are ... */
    u8  track[FDC_UNITS];       /* ... and where they are */
    u8  report[FDC_UNITS];      /* ST0 that waits for SENSE INTERRUPT STATUS, 0: none */
    u8  busy;                   /* drives that seek or have not been asked since */
    u8  changed;                /* disk change lines, by drive */
    u8  spot[FDC_DRIVES];       /* the sector that comes under the head next */
    u8  specify[2], config, pretrk, perpendicular, lock, eot, power, drive_spec[FDC_UNITS];
    u8  marks[FDC_DRIVES * FDC_MARKS]; /* sectors with deleted data marks: images have no room for them */
    u8  buf[FLOPPY_SECTOR];
    u8  pad[3];
};

struct fdc {
    struct dev       dev;
    struct fdc_state s;
    struct irq_line  irq, dreq;
    struct event     event, seek_event;
    struct fdc_bay {
        enum floppy_drive           type;
        struct block               *block;  /* NULL: no disk in it */
        const struct floppy_format *format; /* NULL: no disk in it */
    } bay[FDC_DRIVES];
};

extern const struct dev_class fdc_class;
extern const struct mmio_ops fdc_port7_mmio;

void fdc_init(struct fdc *f, struct machine *m, const char *path);
void fdc_set_drive(struct fdc *f, u32 drive, enum floppy_drive type);
/* Puts a disk into the drive, or with NULL takes the one in it out; returns the one that was there, written to its
 * end. An image that is no disk of the drive is in it, but unreadable: see fdc_takes. */
struct block *fdc_insert(struct fdc *f, u32 drive, struct block *b);
/* Whether a drive of that type reads an image of that size. */
bool fdc_takes(enum floppy_drive type, u64 bytes);
/* struct dma_device's transfer; opaque: the struct fdc. */
u32 fdc_dma(void *opaque, enum dma_cycle cycle, u8 *p, u32 n, bool last);
