/*
 * block.h - a disk image as a device sees it: bytes at offsets.
 *
 * Raw images only for now (host/block_raw.c). `snapshot=on` keeps writes in memory and leaves the file alone.
 * Calls are synchronous; devices complete requests at a virtual deadline of their own.
 */
#pragma once
#include "base/err.h"

struct block {
    u64         size;      /* bytes */
    bool        read_only;
    const char *name;      /* the file, for messages */
    void       *host;
    bool (*read)(struct block *, u64 off, void *p, u64 n, struct err *e);
    bool (*write)(struct block *, u64 off, const void *p, u64 n, struct err *e);
    bool (*flush)(struct block *, struct err *e);
    void (*close)(struct block *);
};

/* Opens a raw image. Errors name the file and the fault (missing, empty, a directory, not writable). */
struct block *block_open_raw(const char *file, bool read_only, bool snapshot, struct err *e) MUST_CHECK;
