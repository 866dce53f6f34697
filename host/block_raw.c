/*
 * block_raw.c - raw disk images, with writes to the file or kept in memory (snapshot=on).
 *
 * The overlay holds 64 KiB clusters in a table. A size that is no multiple of 512 is refused by the devices'
 * users, not here: flash images have any size.
 */
#include "host/block.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLUSTER BLOCK_CLUSTER

struct raw {
    struct block b;
    int          fd;
    char        *path;
    u8         **overlay; /* by cluster; NULL without snapshot=on */
};

static bool io_failed(struct raw *r, const char *verb, struct err *e)
{
    return err_set(e, "disk image '%s': cannot %s: %s", r->path, verb, errno ? strerror(errno) : "the file is too short");
}

static bool pread_all(struct raw *r, u64 off, u8 *p, u64 n, struct err *e)
{
    while (n) {
        errno = 0;
        ssize_t got = pread(r->fd, p, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return io_failed(r, "read", e);
        p += got;
        off += (u64)got;
        n -= (u64)got;
    }
    return true;
}

static bool in_range(struct raw *r, u64 off, u64 n, struct err *e)
{
    return (off <= r->b.size && n <= r->b.size - off)
           || err_set(e, "disk image '%s': access beyond its end", r->path);
}

static bool raw_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct raw *r = (struct raw *)b;
    u8 *to = p;
    if (!in_range(r, off, n, e))
        return false;
    if (!r->overlay)
        return pread_all(r, off, to, n, e);
    while (n) {
        u64 in = off % CLUSTER, k = MIN(n, CLUSTER - in);
        const u8 *c = r->overlay[off / CLUSTER];
        if (c)
            memcpy(to, c + in, k);
        else if (!pread_all(r, off, to, k, e))
            return false;
        to += k;
        off += k;
        n -= k;
    }
    return true;
}

static bool overlay_write(struct raw *r, u64 off, const u8 *p, u64 n, struct err *e)
{
    while (n) {
        u64 in = off % CLUSTER, k = MIN(n, CLUSTER - in), start = off - in;
        u8 **c = &r->overlay[off / CLUSTER];
        if (!*c) {
            u8 *fresh = calloc(1, CLUSTER);
            if (!fresh)
                return err_set(e, "disk image '%s': out of memory for its overlay", r->path);
            if (!pread_all(r, start, fresh, MIN((u64)CLUSTER, r->b.size - start), e)) {
                free(fresh);
                return false;
            }
            *c = fresh;
        }
        memcpy(*c + in, p, k);
        p += k;
        off += k;
        n -= k;
    }
    return true;
}

static bool raw_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    struct raw *r = (struct raw *)b;
    const u8 *from = p;
    if (!in_range(r, off, n, e))
        return false;
    if (r->b.read_only)
        return err_set(e, "disk image '%s': opened read-only", r->path);
    if (r->overlay)
        return overlay_write(r, off, from, n, e);
    while (n) {
        ssize_t put = pwrite(r->fd, from, n, (off_t)off);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return io_failed(r, "write", e);
        from += put;
        off += (u64)put;
        n -= (u64)put;
    }
    return true;
}

static bool raw_read_image(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct raw *r = (struct raw *)b;
    return in_range(r, off, n, e) && pread_all(r, off, p, n, e);
}

static const u8 *raw_overlay_get(struct block *b, u64 cluster)
{
    return ((struct raw *)b)->overlay[cluster];
}

static bool raw_overlay_set(struct block *b, u64 cluster, const u8 *p, struct err *e)
{
    struct raw *r = (struct raw *)b;
    u8 **c = &r->overlay[cluster];
    if (!p) {
        free(*c);
        *c = NULL;
        return true;
    }
    if (!*c && !(*c = malloc(CLUSTER)))
        return err_set(e, "disk image '%s': out of memory for its overlay", r->path);
    memcpy(*c, p, CLUSTER);
    return true;
}

static bool raw_flush(struct block *b, struct err *e)
{
    struct raw *r = (struct raw *)b;
    return r->overlay || r->b.read_only || !fdatasync(r->fd) || io_failed(r, "sync", e);
}

static void raw_close(struct block *b)
{
    struct raw *r = (struct raw *)b;
    for (u64 i = 0; r->overlay && i * CLUSTER < r->b.size; i++)
        free(r->overlay[i]);
    free(r->overlay);
    free(r->path);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
}

static bool open_file(struct raw *r, bool write, struct err *e)
{
    struct stat st;
    r->fd = open(r->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (r->fd < 0 || fstat(r->fd, &st))
        return err_set(e, "disk image '%s': %s", r->path,
                       errno == EISDIR ? "is a directory" : write && (errno == EACCES || errno == EROFS)
                       ? "not writable (readonly=on or snapshot=on would do)" : strerror(errno));
    if (S_ISBLK(st.st_mode)) {
        off_t end = lseek(r->fd, 0, SEEK_END);
        r->b.size = end > 0 ? (u64)end : 0;
    } else if (S_ISREG(st.st_mode)) {
        r->b.size = (u64)st.st_size;
    } else {
        return err_set(e, "disk image '%s': %s", r->path,
                       S_ISDIR(st.st_mode) ? "is a directory" : "neither a file nor a block device");
    }
    if (!r->b.size)
        return err_set(e, "disk image '%s': the file is empty", r->path);
    if (flock(r->fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB))
        return err_set(e, "disk image '%s': in use by another machine", r->path);
    return true;
}

struct block *block_open_raw(const char *file, bool read_only, bool snapshot, struct err *e)
{
    struct raw *r = calloc(1, sizeof *r);
    if (!r || !(r->path = strdup(file))) {
        free(r);
        err_set(e, "disk image '%s': out of memory", file);
        return NULL;
    }
    r->fd = -1;
    r->b = (struct block){ .read_only = read_only, .name = r->path, .host = r, .read = raw_read, .write = raw_write,
                           .flush = raw_flush, .close = raw_close, .read_image = raw_read_image };
    bool ok = open_file(r, !read_only && !snapshot, e);
    if (ok && snapshot) {
        r->overlay = calloc(block_clusters(&r->b), sizeof *r->overlay);
        r->b.overlay_get = raw_overlay_get;
        r->b.overlay_set = raw_overlay_set;
        ok = r->overlay || err_set(e, "disk image '%s': out of memory for its overlay", file);
    }
    if (ok)
        return &r->b;
    raw_close(&r->b);
    return NULL;
}
