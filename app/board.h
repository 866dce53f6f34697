/*
 * board.h - the boards that the command line can name: their CPU models and how options become a machine.
 *
 * A board is a row of boards[] in board.c and a file board_NAME.c.
 */
#pragma once
#include "app/options.h"

struct block_door;
struct pci_bus;
struct setup;
struct machine;
struct display;

struct app_board {
    const char *name, *text;     /* "virt", for -M help */
    const char *cpu;             /* the default model */
    u32         buses;           /* what -device can go on: 1 << DEVICE_ON_ */
    const char *(*model)(u32 i); /* names of CPU models; NULL behind the last */
    u32         slots;           /* virtio devices that fit where -drive if=virtio goes */
    u32         ide_drives;      /* places for IDE drives, where -drive goes unless it says otherwise; 0: no IDE */
    u32         pci_slots;       /* ... on PCI, where that is another place; else 0 */
    /* Describes the board in s and builds it on s->m. */
    bool (*build)(struct setup *s, struct err *e);
    /* Closes the disks of a board that was described, but not built. */
    void (*close)(struct setup *s);
    void (*power_key)(struct machine *m);
    void (*nmi)(struct machine *m);            /* NULL: there is none */
    struct pci_bus *(*pci)(struct machine *m);
    /* The drives whose media come and go; those without an id are none. NULL: the board has none. */
    struct block_door *(*doors)(struct machine *m, u32 *count);
    /* The screen to look at, or NULL: there is none. */
    struct display *(*display)(struct machine *m);
    bool has_vga;                /* a VGA, unless told otherwise */
    bool firmware;               /* without -kernel and -bios it starts firmware that it finds itself */
};

const struct app_board *app_board_find(const char *name); /* NULL: unknown */
void app_boards_print(void);                                /* for -M help */
void app_boards_list(char *out, u32 size);                  /* "virt, pc" */

extern const struct app_board app_board_virt, app_board_pc;
