/*
 * setup.h - a machine as the options describe it: clock, seed, drives, devices, firmware, snapshot to start from.
 *
 * Two steps, so that a terminal can be opened in between, which has to know the machine. Where its bytes go and which
 * engine runs it is the caller's; two setups of the same options are two machines.
 */
#pragma once
#include "app/board.h"
#include "app/disks.h"
#include "app/options.h"
#include "hw/boards/pc.h"
#include "hw/boards/virt.h"

struct setup {
    const struct options   *o;
    const struct app_board *board;
    struct machine         *m;
    /* Filled in by the caller between the two steps. */
    const struct engine  *engine;
    struct chr           *serial, *serial2, *parallel, *console, *debugcon; /* or NULL */
    struct input         *input;      /* keys and pointer, or NULL */
    /* What a device gets instead of the image it was opened as; or NULL. Owns the image, fails or not. */
    struct block       *(*wrap)(void *opaque, struct block *image, struct err *e);
    void                 *wrap_opaque;
    /* Made by setup_build(). */
    struct virtio_slot    slots[VIRT_VIRTIO_COUNT];
    u32                   slot_count;
    struct virtio_slot    pci_slots[VIRT_PCI_COUNT]; /* of a board that has slots elsewhere, too */
    u32                   pci_slot_count;
    struct chr            no_output;        /* bytes vanish */
    struct virt_config    virt;
    struct pc_config      pc;
    char                  firmware[OPT_PATH];  /* path of the PC's, where it had to be looked for */
    struct disks          disks;            /* what snapshots say of the images */
    struct code_store    *code_store;       /* that of m; closed after it */
    char                  ide_id[PC_IDE_DRIVES][32]; /* names of IDE drives that were given none */
};

/* Step 1: an empty machine. Step 2: everything else, in place; s must not move. setup_close() is due whatever
 * fails. */
bool setup_open(struct setup *s, const struct options *o, struct err *e) MUST_CHECK;
bool setup_build(struct setup *s, struct err *e) MUST_CHECK;
void setup_close(struct setup *s);

/* ---- for board_*.c ---- */
/* The n-th virtio device's number on the board: in the names of disks that snapshots know. */
typedef u32 setup_slot_name(u32 n);
/* Fills s->slots and s->pci_slots from -drive and -device, in QEMU's order. */
bool setup_slots(struct setup *s, setup_slot_name *name, struct err *e) MUST_CHECK;
bool setup_floppies(struct setup *s, struct pc_floppies *f, struct err *e) MUST_CHECK;
/* Fills the places of IDE drives from -drive and -device; an empty CD drive at index 2, as QEMU has it. */
bool setup_ide(struct setup *s, struct pc_ide_drive drives[PC_IDE_DRIVES], struct err *e) MUST_CHECK;
const struct opt_drive *setup_find_drive(const struct options *o, const char *id); /* if=none; NULL: there is none */
struct block *setup_open_drive(struct setup *s, const struct opt_drive *d, const char *kind, u32 n, struct err *e);
/* Whether there is a screen in RAM, and its order among all. */
bool setup_ramfb(const struct options *o, u32 *order);
/* The clock at power-on: seconds since 1970 of what it shows, UTC or local time. */
u64 setup_rtc(const struct options *o);
