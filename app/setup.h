/*
 * setup.h - a machine as the options describe it: clock, seed, drives, devices, firmware, snapshot to start from.
 *
 * Two steps, so that a terminal can be opened in between, which has to know the machine. Where its bytes go and which
 * engine runs it is the caller's; two setups of the same options are two machines.
 */
#pragma once
#include "app/disks.h"
#include "app/options.h"
#include "hw/boards/virt.h"

struct setup {
    const struct options *o;
    struct machine       *m;
    /* Filled in by the caller between the two steps. */
    const struct engine  *engine;
    struct chr           *serial, *console; /* or NULL */
    /* What a device gets instead of the image it was opened as; or NULL. Owns the image, fails or not. */
    struct block       *(*wrap)(void *opaque, struct block *image, struct err *e);
    void                 *wrap_opaque;
    /* Made by setup_build(). */
    struct virt_config    virt;
    struct disks          disks;            /* what snapshots say of the images */
};

/* Step 1: an empty machine. Step 2: everything else, in place; s must not move. setup_close() is due whatever
 * fails. */
bool setup_open(struct setup *s, const struct options *o, struct err *e) MUST_CHECK;
bool setup_build(struct setup *s, struct err *e) MUST_CHECK;
void setup_close(struct setup *s);
