/*
 * pc_floppy.h - private to pc*.c: the PC's DMA controllers and its floppy disk controller with two drives.
 */
#pragma once
#include "hw/block/fdc.h"
#include "hw/timer/mc146818.h"

enum { PC_PORT_DMA = 0x00, PC_PORT_DMA_PAGE = 0x80, PC_PORT_DMA2 = 0xc0, PC_PORT_FDC = 0x3f0, PC_PORT_FDC_DIR = 0x3f7 };
enum { PC_IRQ_FDC = 6, PC_DMA_FDC = 2 };

/* What the board is built with; the blocks are its own from then on. */
struct pc_floppies {
    enum floppy_drive drive[FDC_DRIVES];
    struct block     *disk[FDC_DRIVES]; /* NULL: none in it */
    const char       *id[FDC_DRIVES];   /* what a monitor calls it; NULL: there is no drive */
};

struct pc_floppy {
    struct i8237        dma;
    struct fdc          fdc;
    struct pc_floppies *drives; /* the board's */
};

bool pc_floppy_add(struct pc_floppy *p, struct machine *m, struct pc_floppies *c, struct irq_line irq,
                   struct err *e) MUST_CHECK;
/* The bytes that firmware has for drives in CMOS memory. */
void pc_floppy_cmos(const struct pc_floppies *c, struct mc146818 *rtc);
/* What firmware does to the controllers: the first one's requests get through. */
void pc_floppy_open_dma(struct iobus *io);
/* The door of a drive. */
struct block_door pc_floppy_door(struct pc_floppy *p, u32 drive);
void pc_floppies_close(struct pc_floppies *c);
