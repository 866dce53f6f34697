/*
 * store_trim.c - how much a shard holds, and room for more: the least recently used goes; see store_impl.h.
 *
 * Processes do not tell each other what they put: each looks at the shard again when it has put a sixteenth of its
 * share, and before it evicts. So n processes may pass the bound by n sixteenths; two that evict at once may remove a
 * little too much.
 */
#include "backend/jit/store_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_ENTRIES (1u << 16) /* of a shard; more are counted, but not seen by eviction until others have gone */

struct entry {
    struct timespec used;
    u64             disk;
    u8              key[CODE_KEY_BYTES];
};

struct scan {
    const struct code_store_ops *ops;
    int           dir;
    u32           shard;
    enum { SURVEY, TRIM, CLEAR } to; /* touch nothing; remove what is no region and no writer's; remove everything */
    bool          failed;       /* something could not be removed */
    struct entry *e;            /* of TRIM */
    u32           n, room;
    struct code_store_info sum; /* of regions */
};

static void add_entry(struct scan *c, const struct stat *st, const u8 *key)
{
    if (c->n == c->room) {
        u32 room = c->room ? c->room * 2 : 256;
        struct entry *e = room <= MAX_ENTRIES ? realloc(c->e, room * sizeof *e) : NULL;
        if (!e)
            return;
        c->e = e;
        c->room = room;
    }
    c->e[c->n] = (struct entry){ .used = st->st_mtim, .disk = store_disk((u64)st->st_size) };
    memcpy(c->e[c->n++].key, key, CODE_KEY_BYTES);
}

static void add_sum(struct code_store_info *sum, const struct stat *st)
{
    sum->bytes += store_disk((u64)st->st_size);
    sum->oldest = sum->files ? MIN(sum->oldest, (i64)st->st_mtime) : st->st_mtime;
    sum->newest = sum->files ? MAX(sum->newest, (i64)st->st_mtime) : st->st_mtime;
    sum->files++;
}

/* Names that are not ours are nobody's business. A .new- file that is old has no writer: it was killed. */
static bool is_rubbish(const struct scan *c, const struct stat *st, bool blob)
{
    i64 age = c->ops->now() - st->st_mtime;
    if (!blob)
        return age > STORE_STALE || age < -STORE_STALE;
    return !S_ISREG(st->st_mode) || st->st_size > (i64)(sizeof(struct store_head) + CODE_BLOB_MAX);
}

static bool scan_name(void *opaque, const char *name)
{
    struct scan *c = opaque;
    struct stat st;
    u8 key[CODE_KEY_BYTES];
    char path[320];
    bool blob = store_is_blob(name, key);
    if (!blob && !store_is_tmp(name))
        return true;
    snprintf(path, sizeof path, "%s/%s", store_shard_name(c->shard).s, name);
    if (c->ops->fstatat(c->dir, path, &st, AT_SYMLINK_NOFOLLOW))
        return true;
    bool rubbish = is_rubbish(c, &st, blob);
    if (c->to == CLEAR || (c->to == TRIM && rubbish)) {
        if (c->ops->unlinkat(c->dir, path, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) && errno != ENOENT)
            c->failed = true;
    } else if (c->to == TRIM && blob) {
        add_entry(c, &st, key);
    }
    if (blob && !rubbish)
        add_sum(&c->sum, &st);
    return true;
}

static bool scan_shard(struct scan *c)
{
    c->n = 0;
    return store_list(c->ops, c->dir, store_shard_name(c->shard).s, scan_name, c);
}

/* ---- eviction ---- */

static int older_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->used, *y = &((const struct entry *)b)->used;
    return x->tv_sec != y->tv_sec ? (x->tv_sec > y->tv_sec) - (x->tv_sec < y->tv_sec)
                                  : (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Removes files, the least recently used first, until `used` is at most `want`; what is used then. */
static u64 evict(struct code_store *s, struct scan *c, u64 want)
{
    u64 used = c->sum.bytes;
    if (c->n)
        qsort(c->e, c->n, sizeof *c->e, older_first);
    for (u32 i = 0; i < c->n && used > want; i++) {
        if (s->ops->unlinkat(s->dir, store_blob_name(c->e[i].key).s, 0) && errno != ENOENT)
            break;
        used -= c->e[i].disk;
        store_count(&s->stats.evicted, 1);
    }
    return used;
}

bool store_trim(struct code_store *s, u32 shard, u64 need)
{
    struct store_shard *sh = &s->shard[shard];
    struct scan c = { .ops = s->ops, .dir = s->dir, .shard = shard, .to = TRIM };
    if (sh->known && sh->fresh + need <= s->shard_bytes / 16 && sh->used + need <= s->shard_bytes)
        return true;
    bool known = scan_shard(&c);
    if (known && c.sum.bytes + need > s->shard_bytes) /* down to an eighth less, so that not every put evicts */
        c.sum.bytes = evict(s, &c, s->shard_bytes - MAX(need, s->shard_bytes / 8));
    free(c.e);
    sh->used = c.sum.bytes;
    sh->fresh = 0;
    sh->known = known;
    return known && sh->used + need <= s->shard_bytes;
}

/* ---- for people ---- */

static void add_info(struct code_store_info *to, const struct code_store_info *more)
{
    if (!more->files)
        return;
    to->oldest = to->files ? MIN(to->oldest, more->oldest) : more->oldest;
    to->newest = to->files ? MAX(to->newest, more->newest) : more->newest;
    to->files += more->files;
    to->bytes += more->bytes;
}

static bool drop_top_tmp(void *opaque, const char *name)
{
    struct scan *c = opaque;
    if (store_is_tmp(name) && c->ops->unlinkat(c->dir, name, 0) && errno != ENOENT)
        c->failed = true;
    return true;
}

/* All shards; a shard that is no folder, or not there, has nothing in it. */
static bool walk(const char *dir, bool clear, struct code_store_info *out, struct err *e)
{
    struct scan c = { .ops = &code_store_host_ops, .to = clear ? CLEAR : SURVEY };
    bool absent;
    *out = (struct code_store_info){ 0 };
    c.dir = store_dir_open(c.ops, dir, false, &absent, e);
    if (c.dir < 0)
        return absent;
    out->exists = true;
    for (c.shard = 0; c.shard < STORE_SHARDS; c.shard++) {
        c.sum = (struct code_store_info){ 0 };
        if (!scan_shard(&c) && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
            c.failed = true;
        add_info(out, &c.sum);
    }
    if (clear)
        store_list(c.ops, c.dir, ".", drop_top_tmp, &c);
    c.ops->close(c.dir);
    free(c.e);
    return !c.failed || err_set(e, "code cache '%s': some files could not be %s", dir, clear ? "removed" : "read");
}

bool code_store_survey(const char *dir, struct code_store_info *out, struct err *e)
{
    return walk(dir, false, out, e);
}
bool code_store_clear(const char *dir, struct code_store_info *removed, struct err *e)
{
    return walk(dir, true, removed, e);
}
