/*
 * board.h - the boards that the command line can name: their CPU models and how options become a machine.
 *
 * A board is a row of boards[] in board.c and a file board_NAME.c.
 */
#pragma once
#include "app/options.h"

struct setup;
struct machine;

struct app_board {
    const char *name, *text;     /* "virt", for -M help */
    const char *cpu;             /* the default model */
    const char *disk;            /* name of a block device: "virtio-blk-device" */
    enum device_bus bus;         /* where virtio devices sit */
    const char *(*model)(u32 i); /* names of CPU models; NULL behind the last */
    u32         slots;           /* virtio devices that fit */
    /* Describes the board in s and builds it on s->m. */
    bool (*build)(struct setup *s, struct err *e);
    /* Closes the disks of a board that was described, but not built. */
    void (*close)(struct setup *s);
    void (*power_key)(struct machine *m);
};

const struct app_board *app_board_find(const char *name); /* NULL: unknown */
void app_boards_print(void);                                /* for -M help */
void app_boards_list(char *out, u32 size);                  /* "virt, pc" */

extern const struct app_board app_board_virt, app_board_pc;
