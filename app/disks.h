/*
 * disks.h - what a snapshot says of the machine's disk images: section "extra/KINDn" each.
 *
 * With snapshot=on the section carries the written clusters. The file below, and any image without it, is by
 * reference: its name is free to change, its size and a sample of its contents must be the same. Format:
 * docs/snapshot.md.
 */
#pragma once
#include "host/block.h"
#include "snapshot/snapshot.h"

#define DISKS_MAX 48u /* more than -drive takes */

struct disk_slot {
    const char   *name;
    struct block *b;     /* NULL: a drive without a medium */
};
struct disks {           /* zero-initialised: none; stays where it is */
    struct disk_slot      slot[DISKS_MAX];
    struct snapshot_extra extra[DISKS_MAX];
    char                  name[DISKS_MAX][24];
    u32                   count;
};

/* Takes part in snapshots from now on as KINDn ("virtio", "flash"). The block is borrowed; NULL: a drive
 * without a medium. */
void disks_add(struct disks *d, const char *kind, u32 n, struct block *b);
/* The medium of one that takes part has changed. */
void disks_set(struct disks *d, const char *kind, u32 n, struct block *b);

/* snapshot_save and snapshot_load with the disks; a disk that would not go on as it was is refused by name. */
bool disks_save(struct disks *d, struct machine *m, const char *path, struct err *e) MUST_CHECK;
bool disks_load(struct disks *d, struct machine *m, const char *path, struct err *e) MUST_CHECK;
/* snapshot_reload likewise. */
bool disks_reload(struct disks *d, struct machine *m, const char *path, bool *changed, struct err *e) MUST_CHECK;
