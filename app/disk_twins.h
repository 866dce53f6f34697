/*
 * disk_twins.h - the disk images of two machines that shall stay equal: writes compared, kept, taken back.
 *
 * Each machine has its own overlay (snapshot=on) or may not write at all; costs follow the clusters written.
 */
#pragma once
#include "app/disks.h"
#include <stdio.h>

struct disk_pair {
    struct block *image[2]; /* owned by the blocks in front of them */
    u64           clusters; /* 0: read-only, none of the following */
    u8           *touched;  /* a byte per cluster: written since the last comparison */
    u8           *stale;    /* ... since the copy */
    u8          **kept;     /* overlay of the copy; NULL: the file's bytes */
};

struct disk_twins;
struct disk_side {          /* what disk_twins_wrap() is called with */
    struct disk_twins *t;
    u32                number; /* of the machine */
    u32                opened;
};
struct disk_twins {
    struct disk_pair pair[DISKS_MAX];
    struct disk_side side[2];
    u32              count;
};

void disk_twins_init(struct disk_twins *t);
void disk_twins_close(struct disk_twins *t); /* behind the machines */
/* The block for the device of machine `side`, in the order of opening on both; owns `image` from now on, also when it
 * fails. Refused: an image whose file would be written. */
struct block *disk_twins_wrap(void *side, struct block *image, struct err *e) MUST_CHECK;

/* Once, when both machines are built: overlays that came from a snapshot count as written. */
void disk_twins_start(struct disk_twins *t);
bool disk_twins_same(struct disk_twins *t);                             /* what was written since the last call */
bool disk_twins_keep(struct disk_twins *t, struct err *e) MUST_CHECK;   /* the first machine's */
bool disk_twins_back(struct disk_twins *t, struct err *e) MUST_CHECK;
/* A line for each cluster written since the copy that differs. */
void disk_twins_print(const struct disk_twins *t, FILE *f);
