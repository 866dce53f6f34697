/* store.c - compiled regions on disk: opening, getting, putting; see store.h. */
#define _GNU_SOURCE /* getdents64 */
#include "backend/jit/store_impl.h"
#include "base/hash.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINES 40u
#define PAUSE 60 /* seconds without puts after the folder took none */

static const u8 magic[8] = "mynahJC\n";

static int host_openat(int at, const char *path, int flags, mode_t mode) { return openat(at, path, flags, mode); }
static i64 host_now(void) { return time(NULL); }

const struct code_store_ops code_store_host_ops = {
    .openat = host_openat, .fstat = fstat, .fstatat = fstatat, .getdents = getdents64, .read = read, .write = write,
    .close = close, .mkdirat = mkdirat, .renameat = renameat, .unlinkat = unlinkat, .futimens = futimens,
    .now = host_now,
};

void store_say(struct code_store *s, const char *path, const char *what)
{
    u32 n = s->log ? atomic_fetch_add(&s->lines, 1) : MAX_LINES + 1;
    if (n < MAX_LINES)
        log_line(s->log, LOG_code_cache, "%s: %s", path, what);
    else if (n == MAX_LINES)
        log_line(s->log, LOG_code_cache, "further lines are not shown");
}

/* ---- opening ---- */

struct code_store *code_store_open_on(const char *dir, u64 max_bytes, const struct code_store_ops *ops, struct err *e)
{
    if (max_bytes < CODE_STORE_MIN) {
        err_set(e, "code cache '%s': %llu bytes are too few, at least %llu are needed", dir,
                (unsigned long long)max_bytes, (unsigned long long)CODE_STORE_MIN);
        return NULL;
    }
    struct code_store *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, "code cache '%s': out of memory", dir);
        return NULL;
    }
    s->ops = ops;
    s->dir = store_dir_open(ops, dir, true, NULL, e);
    if (s->dir < 0) {
        free(s);
        return NULL;
    }
    s->shard_bytes = max_bytes / STORE_SHARDS;
    if (getentropy(&s->nonce, sizeof s->nonce)) /* another writer's name is refused (O_EXCL), so this will do */
        s->nonce = (u64)getpid() << 32 ^ (u64)ops->now();
    pthread_mutex_init(&s->put, NULL);
    store_write_tag(s);
    return s;
}

struct code_store *code_store_open(const char *dir, u64 max_bytes, struct err *e)
{
    return code_store_open_on(dir, max_bytes, &code_store_host_ops, e);
}

void code_store_close(struct code_store *s)
{
    if (!s)
        return;
    s->ops->close(s->dir);
    pthread_mutex_destroy(&s->put);
    free(s);
}

void code_store_log(struct code_store *s, struct log *l) { s->log = l; }

void code_store_stats(const struct code_store *s, struct code_store_stats *out)
{
    const u64 *from = (const u64 *)&s->stats;
    for (u32 i = 0; i < sizeof *out / sizeof *from; i++)
        ((u64 *)out)[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
}

/* ---- getting ---- */

static u64 sum_of(const struct store_head *h, const void *bytes, u64 n)
{
    return hash_bytes(hash_sum(h, offsetof(struct store_head, sum)), bytes, n).lo;
}

/* Why a file is none of ours to look into, or NULL. *own: it may be removed. */
static const char *check_file(const struct stat *st, bool *own)
{
    *own = st->st_uid == geteuid();
    if (!*own)
        return "belongs to another user";
    if (!S_ISREG(st->st_mode))
        return "not a regular file";
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return "others may write to it";
    if (st->st_size <= (i64)sizeof(struct store_head))
        return "cut short";
    return st->st_size > (i64)(sizeof(struct store_head) + CODE_BLOB_MAX) ? "too large" : NULL;
}

static const char *check_bytes(const u8 *mem, u64 size, const u8 *key)
{
    struct store_head h;
    memcpy(&h, mem, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic))
        return "not a file of the code cache";
    if (h.version != STORE_VERSION || h.head_bytes != sizeof h)
        return "of another format";
    if (memcmp(h.key, key, sizeof h.key))
        return "of another key";
    if (h.bytes != size - sizeof h)
        return "not as long as it says";
    return h.sum == sum_of(&h, mem + sizeof h, h.bytes) ? NULL : "damaged";
}

/* Bytes read, at most n: fewer when the file is shorter; -1: errno. */
static i64 read_all(const struct code_store_ops *ops, int fd, u8 *p, u64 n)
{
    u64 at = 0;
    while (at < n) {
        ssize_t got = ops->read(fd, p + at, n - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (!got)
            break;
        at += (u64)got;
    }
    return (i64)at;
}

/* How a get ended: the region is in mem, or what to say. */
struct look {
    u8         *mem;
    u64         size;
    const char *fault;   /* of the file; NULL: none */
    int         error;   /* the system's; 0: none */
    bool        own;
};

static void read_file(struct code_store *s, int fd, const u8 *key, struct look *l)
{
    struct stat st;
    if (s->ops->fstat(fd, &st)) {
        l->error = errno;
        return;
    }
    if ((l->fault = check_file(&st, &l->own)))
        return;
    l->size = (u64)st.st_size;
    if (!(l->mem = malloc(l->size))) {
        l->error = ENOMEM;
        return;
    }
    i64 got = read_all(s->ops, fd, l->mem, l->size);
    if (got < 0)
        l->error = errno;
    else
        l->fault = (u64)got < l->size ? "cut short" : check_bytes(l->mem, l->size, key);
    i64 age = s->ops->now() - st.st_mtime;
    if (!l->error && !l->fault && (age > STORE_STALE || age < -STORE_STALE))
        s->ops->futimens(fd, NULL); /* the last use: what eviction goes by; a read-only folder has none */
}

static struct look look_at(struct code_store *s, const u8 *key, const char *path)
{
    struct look l = { .error = ENOENT };
    if (!store_shard_ready(s, store_shard_of(key), false))
        return l;
    /* Not blocking, not following: under the name may be a pipe, a terminal, a link. */
    int fd = s->ops->openat(s->dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fd < 0) {
        l.error = errno;
        if (errno == ELOOP || errno == ENXIO)
            l = (struct look){ .fault = errno == ELOOP ? "a symbolic link" : "not a regular file", .own = true };
        return l;
    }
    l.error = 0;
    read_file(s, fd, key, &l);
    s->ops->close(fd);
    return l;
}

static bool missed(struct code_store *s, const char *path, const struct look *l)
{
    store_count(&s->stats.misses, 1);
    free(l->mem);
    if (l->fault) {
        store_count(&s->stats.damaged, 1);
        store_say(s, path, l->fault);
        if (l->own)
            store_remove_bad(s->ops, s->dir, path);
    } else if (l->error != ENOENT) {
        store_count(&s->stats.failed, 1);
        store_say(s, path, strerror(l->error));
    }
    return false;
}

bool code_store_get(struct code_store *s, const u8 key[CODE_KEY_BYTES], struct code_blob *out)
{
    struct store_name name = store_blob_name(key);
    struct look l = look_at(s, key, name.s);
    *out = (struct code_blob){ 0 };
    if (l.fault || l.error)
        return missed(s, name.s, &l);
    *out = (struct code_blob){ l.mem + sizeof(struct store_head), l.size - sizeof(struct store_head), l.mem };
    store_count(&s->stats.hits, 1);
    store_count(&s->stats.bytes_in, out->n);
    return true;
}

void code_blob_free(struct code_blob *b)
{
    free(b->mem);
    *b = (struct code_blob){ 0 };
}

/* ---- putting ---- */

/* Is there one already? What cannot be replaced by a file goes. */
static bool is_there(struct code_store *s, const char *path)
{
    struct stat st;
    if (s->ops->fstatat(s->dir, path, &st, AT_SYMLINK_NOFOLLOW))
        return false;
    if (!S_ISREG(st.st_mode))
        store_remove_bad(s->ops, s->dir, path);
    return S_ISREG(st.st_mode);
}

/* Someone who clears the cache may take a shard away between two looks at it: then once more. */
static bool write_blob(struct code_store *s, u32 shard, const char *path, const struct store_head *h,
                       const void *bytes)
{
    struct store_name folder = store_shard_name(shard);
    if (store_write(s, folder.s, path, h, sizeof *h, bytes, h->bytes))
        return true;
    if (errno != ENOENT)
        return false;
    atomic_store_explicit(&s->shard[shard].ready, false, memory_order_relaxed);
    return store_shard_ready(s, shard, true) && store_write(s, folder.s, path, h, sizeof *h, bytes, h->bytes);
}

/* When nothing can be written at all, trying it for every region is of no use. */
static void put_failed(struct code_store *s, const char *path, int why)
{
    static const int lasting[] = { ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO };
    store_count(&s->stats.failed, 1);
    store_say(s, path, strerror(why));
    for (u32 i = 0; i < COUNT(lasting); i++)
        if (why == lasting[i])
            s->pause_until = s->ops->now() + PAUSE;
}

static void put_locked(struct code_store *s, const u8 *key, const void *bytes, size_t n)
{
    u32 shard = store_shard_of(key);
    struct store_name name = store_blob_name(key);
    struct store_head h = { .version = STORE_VERSION, .head_bytes = sizeof h, .bytes = n };
    i64 wait = s->pause_until - s->ops->now();
    errno = EACCES; /* a shard that is not our own */
    if (wait > 0 && wait <= PAUSE) { /* the clock may have been set back */
        store_count(&s->stats.skipped, 1);
    } else if (!store_shard_ready(s, shard, true)) {
        put_failed(s, name.s, errno);
    } else if (is_there(s, name.s)) {
        store_count(&s->stats.put_again, 1);
    } else if (!store_trim(s, shard, store_disk(sizeof h + n))) {
        store_count(&s->stats.skipped, 1);
    } else {
        memcpy(h.magic, magic, sizeof magic);
        memcpy(h.key, key, sizeof h.key);
        h.sum = sum_of(&h, bytes, n);
        if (!write_blob(s, shard, name.s, &h, bytes)) {
            put_failed(s, name.s, errno);
            return;
        }
        s->shard[shard].used += store_disk(sizeof h + n);
        s->shard[shard].fresh += store_disk(sizeof h + n);
        store_count(&s->stats.puts, 1);
        store_count(&s->stats.bytes_out, n);
    }
}

void code_store_put(struct code_store *s, const u8 key[CODE_KEY_BYTES], const void *bytes, size_t n)
{
    if (!n || n > CODE_BLOB_MAX || store_disk(sizeof(struct store_head) + n) > s->shard_bytes) {
        store_count(&s->stats.skipped, 1);
        return;
    }
    pthread_mutex_lock(&s->put);
    put_locked(s, key, bytes, n);
    pthread_mutex_unlock(&s->put);
}
