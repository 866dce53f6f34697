/* ide_internal.h - private to ide*.c, ata*.c, atapi*.c: the phases of a command, and who does what. */
#pragma once
#include "base/bits.h"
#include "hw/block/ide.h"
#include "hw/deadline.h"
#include <string.h>

enum { ST_ERR = 0x01, ST_DRQ = 0x08, ST_DSC = 0x10, ST_DRDY = 0x40, ST_BSY = 0x80 }; /* Status, 6.2 */
enum { ER_ABRT = 0x04, ER_UNC = 0x40 };                                              /* Error */
enum { DEV_HEAD = 0x0f, DEV_DEV = 0x10, DEV_LBA = 0x40, DEV_ONES = 0xa0 };           /* Device */
enum { CTL_NIEN = 0x02, CTL_SRST = 0x04, CTL_HOB = 0x80 };                           /* Device Control */
enum { REASON_CD = 1, REASON_IO = 2 };                                               /* Interrupt Reason */
enum { CMD_DEVICE_RESET = 0x08, CMD_DIAGNOSTIC = 0x90, CMD_PACKET = 0xa0 };

enum ide_phase {
    PHASE_IDLE,
    PHASE_COMMAND,    /* busy: the command is carried out at the deadline */
    PHASE_IN_NEXT,    /* busy: the next block for the host is there at the deadline */
    PHASE_IN,         /* DRQ: the host reads it */
    PHASE_OUT,        /* DRQ: the host writes a block */
    PHASE_OUT_NEXT,   /* busy: the block goes to the medium at the deadline */
    PHASE_PACKET,     /* DRQ: the host writes a packet */
    PHASE_PACKET_RUN, /* busy: it is carried out at the deadline */
    PHASE_LAST,       /* busy: the packet command ends at the deadline */
    PHASE_DMA,        /* busy until the deadline; without one, DRQ: waits for the bus master */
    PHASE_RESET,      /* busy, both drives: SRST is set */
    PHASE_RESET_END,  /* ... and was cleared: ready at the deadline */
    PHASE_COUNT
};

enum { UDMA_5 = 0x45 }; /* a transfer mode, 8.46.10 */
enum { POWER_ACTIVE, POWER_IDLE, POWER_STANDBY, POWER_SLEEP, POWER_COUNT };
enum { SET_WRITE_CACHE = 1, SET_LOOK_AHEAD = 2, SET_SMART = 4, SET_SMART_AUTOSAVE = 8 };
enum { TRAY_OPEN = 1, TRAY_LOCKED = 2, TRAY_ATTENTION = 4 /* a unit attention is due: another medium */ };
enum { EVENT_NEW = 1, EVENT_EJECT = 2, EVENT_REMOVED = 4 };

/* Costs: a command without data, a medium's first bytes, the next DRQ block, a nanosecond for two bytes. */
enum { COMMAND_NS = 1000, MEDIUM_NS = 20000, BLOCK_NS = 1000, FLUSH_NS = 50000, RESET_NS = 2000, BYTES_PER_NS = 2 };

static inline struct ata_state *ide_state_of(struct ide *c) { return &c->s.drive[c->s.active]; }
static inline struct ide_drive *ide_drive_of(struct ide *c) { return &c->drive[c->s.active]; }

/* ---- ide.c ---- */
void ide_set_irq(struct ide *c, u32 unit, bool asks);
void ide_schedule(struct ide *c, enum ide_phase phase, u64 ns);
void ide_finish(struct ide *c, bool interrupt);     /* the active drive's command ends well */
void ide_fail(struct ide *c, u8 error);             /* ... ends with an error, and an interrupt */
void ide_signature(struct ide *c, u32 unit);        /* registers as after a reset, 9.12 */
void ide_log(struct ide *c, const struct err *e);   /* the host failed */

/* ---- ide_data.c ---- */
/* n bytes of data are for the host: PIO, one block. */
void ide_reply(struct ide *c, u32 n);
void ide_data_in(struct ide *c);                    /* the next DRQ block for the host, with an interrupt */
void ide_data_out(struct ide *c, bool interrupt);   /* ... from it */
void ide_data_out_done(struct ide *c);              /* PHASE_OUT_NEXT is over */
void ide_dma_run(struct ide *c);
u16  ide_data_read(struct ide *c);
void ide_data_write(struct ide *c, u16 val);

/* ---- ata.c: commands ---- */
u64  ata_cost(struct ide *c);                       /* ns of the active drive's command */
void ata_run(struct ide *c);
u64  ata_sectors(const struct ide_drive *d);
bool ata_fill(struct ide *c);                       /* s.data from the medium; false: the command has failed */
bool ata_drain(struct ide *c);                      /* s.data to the medium, likewise */
void ata_put_address(struct ide *c, u64 lba, u32 left); /* in the form of the command; left: sectors not done */
/* ---- ata_identify.c, ata_smart.c ---- */
void ata_identify(struct ide *c);
void ata_identify_packet(struct ide *c);
void ata_smart(struct ide *c);

/* ---- atapi.c ---- */
void atapi_begin(struct ide *c);                    /* the PACKET command */
u64  atapi_cost(struct ide *c);                     /* ns of the packet in s.packet */
void atapi_run(struct ide *c);
void atapi_fail(struct ide *c, u8 key, u8 asc, u8 ascq);
void atapi_end(struct ide *c);
bool atapi_has_medium(const struct ide *c);
u32  atapi_sectors(const struct ide *c);            /* of 2048 bytes, 0: no medium */
bool atapi_fill(struct ide *c);
/* The first n bytes of data answer a command with an allocation length. */
void atapi_reply(struct ide *c, u32 n, u32 room);
/* Runs sectors from s.lba on to the host. */
void atapi_stream(struct ide *c, u32 count, u32 unit);
/* ---- atapi_disc.c, atapi_info.c: packets ---- */
void atapi_read(struct ide *c);
void atapi_read_cd(struct ide *c);
void atapi_seek(struct ide *c);
void atapi_read_capacity(struct ide *c);
void atapi_read_toc(struct ide *c);
void atapi_read_disc_information(struct ide *c);
void atapi_read_track_information(struct ide *c);
void atapi_inquiry(struct ide *c);
void atapi_mode_sense(struct ide *c);
void atapi_get_configuration(struct ide *c);
void atapi_event_status(struct ide *c);
void atapi_mechanism_status(struct ide *c);
