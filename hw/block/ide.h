/*
 * ide.h - an ATA channel of a PC ("IDE"): one cable, two drives, each a disk or a CD-ROM drive (ATAPI).
 *
 * Specs: ATA/ATAPI-6 (T13/1410D), the CHS commands of ATA-3 (X3T10/2008D), packet commands by SFF-8020i and MMC-3.
 *
 * The board calls ide_init, then ide_add_disk or ide_add_cd for each drive that is there, before a reset. It sets
 * `irq`, and maps dev_mmio at the eight ports of the command block and ide_control_mmio at the one of the control block,
 * with opaque &dev. A bus master (hw/pci/piix_ide.h) sets `dma` and calls ide_dma_ready; else DMA commands abort.
 *
 * Commands take effect at a virtual deadline that depends on their kind and size alone. Host errors are media errors
 * for the guest and a line in the log.
 *
 * Not modelled: the standby timer (kept, never runs out), overlapped and queued commands, security, host protected
 * areas, CompactFlash, TRIM, streaming, the work of SMART self-tests (they are accepted), EDC and ECC of raw CD
 * sectors (zeros), audio, discs of several tracks, writing and structures of DVDs, MODE SELECT.
 */
#pragma once
#include "host/block.h"
#include "vm/vm.h"

#define IDE_DATA 8192u /* bytes: 16 sectors of a disk, 4 of a CD */

struct ata_state {           /* a drive */
    u8 features[2], count[2], low[2], mid[2], high[2]; /* [0]: as written last; [1]: what was there before */
    u8 device, error;
    u8 status;               /* but for BSY and DRQ, which the channel's phase gives */
    u8 irq;                  /* it asks for an interrupt */
    u8 heads, sectors;       /* of the translation that INITIALIZE DEVICE PARAMETERS set */
    u8 multiple;             /* sectors in a block of READ MULTIPLE, 0: off */
    u8 mode;                 /* of transfers, as SET FEATURES 03h has it */
    u8 power;
    u8 settings;
    u8 standby;              /* the timer's value */
    u8 sense[3];             /* of a CD drive: key, ASC, ASCQ */
    u8 tray;
    u8 events;               /* media events not reported yet */
};

struct ide_state {
    u64 deadline;            /* of the phase, or DEADLINE_NONE */
    u64 lba;                 /* of the running command: what comes next on the medium */
    u32 left;                /* sectors from there on: not read yet, or not written yet */
    u32 pos, len;            /* of what is in data */
    u32 burst;               /* bytes to the end of this DRQ block */
    u32 limit;               /* bytes of a DRQ block */
    u16 unit;                /* bytes of a sector */
    u8  phase;
    u8  active;              /* the drive that phase and data are about */
    u8  command;             /* its command */
    u8  selected;
    u8  control;             /* Device Control */
    u8  out, dma;            /* direction and way of the data */
    u8  packet[12];
    u8  pad[3];
    struct ata_state drive[2];
    u8  data[IDE_DATA];
};

/* Cylinders, heads, sectors a track; as logical ones they are what a drive says at power-on. */
struct ata_geometry {
    u32 cylinders, heads, sectors;
    u32 translation;         /* as firmware keeps it in CMOS: 0 none, 1 LBA, 2 large */
};

enum ide_kind { IDE_NONE, IDE_DISK, IDE_CD };
struct ide_drive {
    enum ide_kind       kind;
    struct block       *block;      /* the medium, owned by the board; NULL: a CD drive without one */
    char                serial[21];
    struct ata_geometry geometry;   /* of a disk */
};

struct ide_dma {
    /* Moves up to n bytes between p and the guest's memory. Fewer: the bus master is not started, or stopped. */
    u32 (*move)(void *opaque, u8 *p, u32 n, bool to_memory);
    void *opaque;
};

struct ide {
    struct dev       dev;
    struct ide_state s;
    struct ide_drive drive[2];
    struct irq_line  irq;
    struct ide_dma   dma;
    struct event     event;
};

extern const struct dev_class ide_class;
extern const struct mmio_ops ide_control_mmio; /* opaque: &dev */
void ide_init(struct ide *c, struct machine *m, const char *path);
/* unit: 0, 1. serial: up to 20 characters. A disk has at least one sector; it is writable. */
void ide_add_disk(struct ide *c, u32 unit, struct block *b, const char *serial);
void ide_add_cd(struct ide *c, u32 unit, struct block *b, const char *serial); /* b: or NULL */
/* The bus master was started: a transfer that waits for it goes on. */
void ide_dma_ready(struct ide *c);

/* ---- the front of a CD drive, for a monitor; on the machine's thread ---- */

bool ide_tray_open(const struct ide *c, u32 unit);
bool ide_tray_locked(const struct ide *c, u32 unit);
/* Opens the tray. A locked one opens by force alone, else the guest is told of the wish, and false returned. */
bool ide_eject(struct ide *c, u32 unit, bool force);
/* Another medium (NULL: none) into the drive, whose tray closes; returns the one that was there, the caller's now.
 * The running command, if it is the drive's, ends with an error. */
struct block *ide_change(struct ide *c, u32 unit, struct block *b);

/* The geometry of a disk: as its partition table implies, else by its size. Unreadable: by its size. */
struct ata_geometry ata_geometry(struct block *b);
