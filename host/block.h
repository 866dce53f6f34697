/*
 * block.h - a disk image as a device sees it: bytes at offsets.
 *
 * Raw images only for now (host/block_raw.c). `snapshot=on` keeps writes in memory, in an overlay of clusters,
 * and leaves the file alone. Calls are synchronous; devices complete requests at a virtual deadline of their own.
 */
#pragma once
#include "base/err.h"

#define BLOCK_CLUSTER 65536u /* bytes */

struct block {
    u64         size;      /* bytes */
    bool        read_only;
    const char *name;      /* the file, for messages */
    void       *host;
    bool (*read)(struct block *, u64 off, void *p, u64 n, struct err *e);
    bool (*write)(struct block *, u64 off, const void *p, u64 n, struct err *e);
    bool (*flush)(struct block *, struct err *e);
    void (*close)(struct block *);
    /* What lies under the overlay: the file itself. */
    bool (*read_image)(struct block *, u64 off, void *p, u64 n, struct err *e);
    /* The overlay, for whoever saves and restores it; both NULL when writes go to the file. `cluster` is below
     * block_clusters(). A cluster has BLOCK_CLUSTER bytes, the last one zeros behind the image's end; NULL in
     * either direction: not written to, the file's bytes show. */
    const u8 *(*overlay_get)(struct block *, u64 cluster);
    bool (*overlay_set)(struct block *, u64 cluster, const u8 *p, struct err *e);
};

static inline u64 block_clusters(const struct block *b)
{
    return b->size / BLOCK_CLUSTER + (b->size % BLOCK_CLUSTER != 0);
}

/* Opens a raw image. Errors name the file and the fault (missing, empty, a directory, not writable). */
struct block *block_open_raw(const char *file, bool read_only, bool snapshot, struct err *e) MUST_CHECK;

/* A drive whose medium comes and goes, as a monitor's eject and change see it; the board's. On the machine's
 * thread. */
struct block_door {
    const char   *id;      /* "ide1-cd0"; NULL: there is no such drive */
    const char   *kind;    /* and n: the drive's name in snapshots */
    u32           n;
    void         *opaque;
    bool          read_only; /* its media are */
    /* Whether a medium is one of the drive; NULL: any is. */
    bool          (*takes)(const struct block_door *, const struct block *, struct err *e);
    bool          (*is_open)(const struct block_door *);
    bool          (*is_locked)(const struct block_door *);
    struct block *(*medium)(const struct block_door *); /* NULL: none */
    /* False: the guest has locked it, and was told of the wish now. By force it always opens. */
    bool          (*open)(struct block_door *, bool force);
    /* Closes the door behind another medium, or none (NULL); the one before is the caller's to close. */
    struct block *(*change)(struct block_door *, struct block *);
};
