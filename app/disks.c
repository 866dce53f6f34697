/*
 * disks.c - disk images in snapshots: overlays as contents, files by reference; see disks.h.
 *
 *   section := u8 version, u8 flags, u64 bytes of the image, u64 sum of its sample,
 *              u64 clusters, (u64 number, u8 kind, contents unless zeros)*
 *
 * Not here: images inside the snapshot (increments and clones of disks want an image format of their own).
 */
#include "app/disks.h"
#include "base/hash.h"
#include <string.h>

#define VERSION 1u
enum { FLAG_READ_ONLY = 1, FLAG_OVERLAY = 2, FLAG_EMPTY = 4 /* no medium: all numbers are 0 */ };
enum { CLUSTER_ZEROS, CLUSTER_BYTES };

/* The sample: this many pieces, spread evenly, the first and the last of the image among them; all of a small
 * image. Superblocks and journals are rewritten all the time, and the front of an image holds them. */
#define PIECE 4096u
#define PIECES 1024u

static bool sample(struct block *b, u64 *sum, struct err *e)
{
    u8 piece[PIECE];
    struct hash_stream h;
    u64 total = (b->size + PIECE - 1) / PIECE, n = MIN(total, PIECES);
    hash_start(&h, 0);
    for (u64 i = 0; i < n; i++) {
        u64 at = n > 1 ? (u64)((u128)i * (total - 1) / (n - 1)) * PIECE : 0, bytes = MIN(PIECE, b->size - at);
        if (!b->read_image(b, at, piece, bytes, e))
            return false;
        hash_add(&h, piece, bytes);
    }
    *sum = hash_end(&h).lo;
    return true;
}

/* ---- saving ---- */

static void save_clusters(struct block *b, struct buf *out)
{
    u64 count = 0, n = b->overlay_get ? block_clusters(b) : 0;
    for (u64 i = 0; i < n; i++)
        count += b->overlay_get(b, i) != NULL;
    buf_put_u64(out, count);
    for (u64 i = 0; i < n; i++) {
        const u8 *p = b->overlay_get(b, i);
        if (!p)
            continue;
        bool zeros = bytes_are_zero(p, BLOCK_CLUSTER);
        buf_put_u64(out, i);
        buf_put_u8(out, zeros ? CLUSTER_ZEROS : CLUSTER_BYTES);
        if (!zeros)
            buf_put(out, p, BLOCK_CLUSTER);
    }
}

static bool save_disk(void *opaque, struct buf *out, struct err *e)
{
    struct block *b = ((struct disk_slot *)opaque)->b;
    u64 sum;
    if (!b) {
        buf_put_u8(out, VERSION);
        buf_put_u8(out, FLAG_EMPTY);
        for (u32 i = 0; i < 3; i++)
            buf_put_u64(out, 0);
        return true;
    }
    /* The snapshot refers to what the file holds: it shall not outlive that in a crash of the host. */
    if (!b->flush(b, e) || !sample(b, &sum, e))
        return false;
    buf_put_u8(out, VERSION);
    buf_put_u8(out, (b->read_only ? FLAG_READ_ONLY : 0) | (b->overlay_get ? FLAG_OVERLAY : 0));
    buf_put_u64(out, b->size);
    buf_put_u64(out, sum);
    save_clusters(b, out);
    return true; /* the caller looks at out->failed */
}

/* ---- loading ---- */

static bool garbled(const struct block *b, struct err *e)
{
    return err_set(e, "disk image '%s': what the snapshot says of it makes no sense", b ? b->name : "");
}

/* Is the file here the one that the machine had? */
static bool same_image(struct block *b, u8 flags, u64 size, u64 want, struct err *e)
{
    u64 sum;
    if (size != b->size)
        return err_set(e, "disk image '%s' has %llu bytes, the one of the snapshot %llu", b->name,
                       (unsigned long long)b->size, (unsigned long long)size);
    if (!(flags & FLAG_READ_ONLY) != !b->read_only)
        return err_set(e, "disk image '%s' is %s, the one of the snapshot was not", b->name,
                       b->read_only ? "read-only" : "writable");
    if (flags & FLAG_OVERLAY && !b->overlay_set)
        return err_set(e, "disk image '%s': the snapshot holds its writes, so it needs snapshot=on", b->name);
    if (!sample(b, &sum, e))
        return false;
    return sum == want
           || err_set(e, "disk image '%s' does not hold what it did when the snapshot was written", b->name);
}

static bool clear_overlay(struct block *b, struct err *e)
{
    u64 all = block_clusters(b);
    for (u64 i = 0; b->overlay_set && i < all; i++)
        if (!b->overlay_set(b, i, NULL, e))
            return false;
    return true;
}

/* set: they go to the disk; else they are looked at alone. */
static bool read_clusters(struct block *b, struct buf *in, u64 count, bool set, struct err *e)
{
    static const u8 zeros[BLOCK_CLUSTER];
    u64 next = 0, all = block_clusters(b);
    for (; count; count--) {
        u64 i = buf_get_u64(in);
        u8 kind = buf_get_u8(in);
        const u8 *p = kind == CLUSTER_BYTES ? buf_take(in, BLOCK_CLUSTER) : zeros;
        if (in->failed || !p || kind > CLUSTER_BYTES || i < next || i >= all)
            return garbled(b, e);
        if (set && !b->overlay_set(b, i, p, e))
            return false;
        next = i + 1;
    }
    return in->at == in->len || garbled(b, e);
}

/* Has the drive a medium here, as it had? */
static bool same_presence(const struct disk_slot *s, u8 flags, struct err *e)
{
    bool empty = flags & FLAG_EMPTY;
    return empty == !s->b || err_set(e, "drive '%s' has %s medium, that of the snapshot has %s", s->name,
                                     empty ? "a" : "no", empty ? "none" : "one");
}

static bool read_disk(struct disk_slot *s, struct buf *in, bool set, struct err *e)
{
    struct block *b = s->b;
    u8 version = buf_get_u8(in), flags = buf_get_u8(in);
    u64 size = buf_get_u64(in), sum = buf_get_u64(in), count = buf_get_u64(in);
    if (version > VERSION)
        return err_set(e, "disk image '%s': written by a newer mynah", b ? b->name : s->name);
    bool empty = flags == FLAG_EMPTY && !size && !sum && !count && in->at == in->len;
    if (in->failed || !version || (flags > (FLAG_READ_ONLY | FLAG_OVERLAY) && !empty) || (count && !(flags & FLAG_OVERLAY)))
        return garbled(b, e);
    if (!same_presence(s, flags, e))
        return false;
    return !b || (same_image(b, flags, size, sum, e) && (!set || clear_overlay(b, e))
                  && read_clusters(b, in, count, set, e));
}

static bool load_disk(void *opaque, struct buf *in, struct err *e) { return read_disk(opaque, in, true, e); }
static bool check_disk(void *opaque, struct buf *in, struct err *e) { return read_disk(opaque, in, false, e); }

/* ---- the machine's ---- */

void disks_add(struct disks *d, const char *kind, u32 n, struct block *b)
{
    CHECK(d->count < DISKS_MAX);
    snprintf(d->name[d->count], sizeof d->name[0], "%s%u", kind, n);
    d->slot[d->count] = (struct disk_slot){ d->name[d->count], b };
    d->extra[d->count] = (struct snapshot_extra){ d->name[d->count], &d->slot[d->count], save_disk, load_disk,
                                                   check_disk };
    d->count++;
}

void disks_set(struct disks *d, const char *kind, u32 n, struct block *b)
{
    char name[sizeof d->name[0]];
    snprintf(name, sizeof name, "%s%u", kind, n);
    for (u32 i = 0; i < d->count; i++)
        if (!strcmp(d->name[i], name))
            d->slot[i].b = b;
}

bool disks_save(struct disks *d, struct machine *m, const char *path, struct err *e)
{
    return snapshot_save_extra(m, path, d->extra, d->count, e);
}

bool disks_load(struct disks *d, struct machine *m, const char *path, struct err *e)
{
    return snapshot_load_extra(m, path, d->extra, d->count, e);
}

bool disks_reload(struct disks *d, struct machine *m, const char *path, bool *changed, struct err *e)
{
    return snapshot_reload(m, path, d->extra, d->count, changed, e);
}
