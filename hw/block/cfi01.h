/*
 * cfi01.h - a bank of NOR flash: two 16-bit chips with Intel's command set side by side on a 32-bit bus.
 *
 * The bytes are a memory object; reads in array mode go straight to it (a ROMD region), commands switch the
 * region to MMIO and back. Contents survive resets; snapshots carry them with the object. With a block, what
 * the guest programs and erases is written back to it.
 *
 * The board: cfi01_init with an object of its size, cfi01_load, then physmap_map_obj(REGION_ROMD, ..., obj, 0,
 * &dev_mmio, &dev, ...): the device finds its regions by their opaque.
 */
#pragma once
#include "host/block.h"
#include "vm/vm.h"

#define CFI01_BLOCK   0x40000u  /* bytes in an erase block of the bank */
#define CFI01_BUFFER  2048u     /* bytes in the write buffers of both chips */

struct cfi01_state {
    u32 at;                 /* offset of the row that a buffered program fills, ~0: not known yet */
    u32 left;               /* accesses of a buffered program still to come */
    u8  buf[CFI01_BUFFER];
    u8  mode;               /* what reads show */
    u8  step;               /* what the next write is */
    u8  status;
    u8  pad[5];
};

struct cfi01 {
    struct dev         dev;
    struct cfi01_state s;
    struct memobj     *obj;     /* NULL in register tests: a bank of no bytes */
    struct block      *block;   /* borrowed, or NULL: contents live as long as the machine */
    bool               read_only;
    u64                dirty_from, dirty_to; /* bytes changed by the write that is being handled */
};

extern const struct dev_class cfi01_class;
/* obj: a power of two of at least one block. Without cfi01_load the bank holds what obj does (zeros: software
 * erases before it programs). */
void cfi01_init(struct cfi01 *c, struct machine *m, const char *path, struct memobj *obj, struct block *block,
                bool read_only);
/* Fills the bank from the block, what is behind its end as erased; fails when the block is larger than the bank,
 * or unreadable. */
bool cfi01_load(struct cfi01 *c, struct err *e) MUST_CHECK;
