/*
 * save.c - a machine to a file: sections into memory, then header, sections, chunks, index, trailer.
 *
 * The file appears under its name only when it is whole and on disk.
 */
#include "snapshot/format.h"
#include "base/hash.h"
#include "snapshot/section.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define ZSTD_LEVEL 1

struct saver {
    struct machine *m;
    struct parts    parts;
    struct buf     *bytes;   /* of each part */
    const char     *path;
    char           *tmp;     /* name to write under; NULL: nothing to remove */
    int             fd;
    u64             at;      /* bytes written */
    ZSTD_CCtx      *zstd;
    u8             *packed;  /* ZSTD_compressBound(SNAP_CHUNK) bytes */
    struct buf      index;
};

/* ---- sections and header, in memory ---- */

static void save_tlb(struct buf *b, const struct vcpu *v)
{
    u64 words = mmu_export(&v->mmu, NULL, 0);
    u8 *to = buf_extend(b, words * 8); /* the first bytes, so aligned */
    if (to)
        mmu_export(&v->mmu, (u64 *)(void *)to, words);
}

bool part_save(const struct part *p, struct buf *b, struct err *e)
{
    if (p->desc)
        section_save(b, p->desc, p->state);
    else if (p->tlb)
        save_tlb(b, p->tlb);
    else if (!p->extra->save(p->extra->opaque, b, e))
        return err_prefix(e, "section '%s'", p->name);
    return !b->failed || err_set(e, "section '%s': out of memory", p->name);
}

static bool save_parts(struct saver *s, struct err *e)
{
    s->bytes = calloc(s->parts.count, sizeof *s->bytes);
    if (!s->bytes)
        return err_set(e, "out of memory");
    for (u32 i = 0; i < s->parts.count; i++)
        if (!part_save(&s->parts.p[i], &s->bytes[i], e))
            return false;
    return true;
}

static void put_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

/* A line of a list in the header, which takes over the object. */
static void put_row(struct buf *b, json_t *row, bool last)
{
    char *text = row ? json_dumps(row, 0) : NULL;
    json_decref(row);
    if (!text) {
        b->failed = true;
        return;
    }
    put_text(b, "    ");
    put_text(b, text);
    put_text(b, last ? "\n" : ",\n");
    free(text);
}

static void put_key(struct buf *b, const char *key, json_t *val)
{
    char *text = val ? json_dumps(val, JSON_ENCODE_ANY) : NULL;
    json_decref(val);
    if (!text) {
        b->failed = true;
        return;
    }
    put_text(b, "  \"");
    put_text(b, key);
    put_text(b, "\": ");
    put_text(b, text);
    put_text(b, ",\n");
    free(text);
}

static void put_cpus(struct buf *b, const struct machine *m)
{
    put_text(b, "  \"cpus\": [\n");
    for (u32 i = 0; i < m->cpu_count; i++)
        put_row(b, json_pack("{s:s, s:s}", "guest", m->cpus[i]->guest->name, "model", part_model(m->cpus[i])),
                i + 1 == m->cpu_count);
    put_text(b, "  ],\n");
}

static void put_memory(struct buf *b, const struct machine *m)
{
    put_text(b, "  \"memory\": [\n");
    for (u32 i = 0; i < m->map.obj_count; i++)
        put_row(b, json_pack("{s:s, s:I}", "name", m->map.objs[i]->name, "size", (json_int_t)m->map.objs[i]->size),
                i + 1 == m->map.obj_count);
    put_text(b, "  ],\n");
}

static json_t *section_row(const struct part *p, const struct buf *bytes)
{
    char sum[17];
    snprintf(sum, sizeof sum, "%016llx", (unsigned long long)hash_sum(bytes->p, bytes->len));
    json_int_t size = (json_int_t)bytes->len;
    return p->cls ? json_pack("{s:s, s:s, s:I, s:s}", "name", p->name, "class", p->cls, "size", size, "hash", sum)
                  : json_pack("{s:s, s:I, s:s}", "name", p->name, "size", size, "hash", sum);
}

/* For the reader's eye alone, so cut to what JSON holds. */
static json_t *number(u64 v)
{
    return json_integer((json_int_t)MIN(v, ~0ull >> 1));
}

static void make_header(struct saver *s, struct buf *b)
{
    struct machine *m = s->m;
    put_text(b, "{\n");
    put_key(b, "machine", json_string(m->name));
    put_key(b, "clock", json_string(m->clock == CLOCK_ICOUNT ? "icount" : "realtime"));
    put_key(b, "instructions", number(machine_icount(m)));
    put_key(b, "time_ns", number(m->s.clock_ns));
    put_cpus(b, m);
    put_memory(b, m);
    put_text(b, "  \"sections\": [\n");
    for (u32 i = 0; i < s->parts.count; i++)
        put_row(b, section_row(&s->parts.p[i], &s->bytes[i]), i + 1 == s->parts.count);
    put_text(b, "  ]\n}\n");
}

/* ---- the file ---- */

static bool write_all(struct saver *s, const void *from, u64 n, struct err *e)
{
    const u8 *p = from;
    for (s->at += n; n;) {
        ssize_t done = write(s->fd, p, MIN(n, 1u << 30));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_set(e, "cannot write: %s", done ? strerror(errno) : "no progress");
        p += done;
        n -= (u64)done;
    }
    return true;
}

/* The temporary file. One of this name is left from a process that died and had our number. */
static bool create(struct saver *s, struct err *e)
{
    struct stat st;
    if (!stat(s->path, &st) && !S_ISREG(st.st_mode))
        return err_set(e, "exists and is not a regular file");
    size_t n = strlen(s->path) + 32;
    s->tmp = malloc(n);
    if (!s->tmp)
        return err_set(e, "out of memory");
    snprintf(s->tmp, n, "%s.tmp-%ld", s->path, (long)getpid());
    unlink(s->tmp);
    s->fd = open(s->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (s->fd >= 0)
        return true;
    err_set(e, "cannot create '%s': %s", s->tmp, strerror(errno));
    free(s->tmp);
    s->tmp = NULL;
    return false;
}

static bool write_header(struct saver *s, struct err *e)
{
    char first[80];
    struct buf text = { 0 };
    make_header(s, &text);
    bool ok = !text.failed && text.len <= SNAP_HEADER_MAX;
    if (!ok) {
        err_set(e, "out of memory for the header");
    } else {
        int n = snprintf(first, sizeof first, SNAP_FIRST_LINE "%u\n" SNAP_SECOND_LINE, SNAP_FORMAT,
                         (unsigned long long)text.len, (unsigned long long)hash_sum(text.p, text.len));
        ok = write_all(s, first, (u64)n, e) && write_all(s, text.p, text.len, e);
    }
    buf_free(&text);
    for (u32 i = 0; ok && i < s->parts.count; i++)
        ok = write_all(s, s->bytes[i].p, s->bytes[i].len, e);
    return ok;
}

static bool write_chunk(struct saver *s, const struct memobj *o, u64 off, struct err *e)
{
    u64 n = MIN(SNAP_CHUNK, o->size - off);
    const u8 *p = o->host + off;
    if (bytes_are_zero(p, n))
        return true;
    u64 packed = ZSTD_compressCCtx(s->zstd, s->packed, ZSTD_compressBound(SNAP_CHUNK), p, n, ZSTD_LEVEL);
    bool raw = ZSTD_isError(packed) || packed >= n;
    const u8 *from = raw ? p : s->packed;
    u64 stored = raw ? n : packed;
    buf_put_u32(&s->index, o->id);
    buf_put_u32(&s->index, raw ? SNAP_RAW : SNAP_ZSTD);
    buf_put_u64(&s->index, off);
    buf_put_u64(&s->index, s->at);
    buf_put_u64(&s->index, stored);
    buf_put_u64(&s->index, hash_sum(from, stored));
    return write_all(s, from, stored, e);
}

static bool write_memory(struct saver *s, struct err *e)
{
    s->zstd = ZSTD_createCCtx();
    s->packed = malloc(ZSTD_compressBound(SNAP_CHUNK));
    if (!s->zstd || !s->packed)
        return err_set(e, "out of memory");
    for (u32 i = 0; i < s->m->map.obj_count; i++) {
        const struct memobj *o = s->m->map.objs[i];
        for (u64 off = 0; off < o->size; off += SNAP_CHUNK)
            if (!write_chunk(s, o, off, e))
                return false;
    }
    return true;
}

static bool write_index(struct saver *s, struct err *e)
{
    struct buf *b = &s->index;
    u64 size = b->len, sum = hash_sum(b->p, b->len);
    buf_put(b, SNAP_TRAILER_MAGIC, 8);
    buf_put_u64(b, s->at);
    buf_put_u64(b, size);
    buf_put_u64(b, sum);
    if (b->failed)
        return err_set(e, "out of memory for the index");
    return write_all(s, b->p, b->len, e);
}

/* The name of a file is safe on disk when its directory is; where that cannot be had we go on without. */
static void sync_directory(const char *path)
{
    char *dir = strdup(path);
    char *slash = dir ? strrchr(dir, '/') : NULL;
    if (slash)
        slash[slash == dir] = 0;
    int fd = dir ? open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(dir);
}

static bool publish(struct saver *s, struct err *e)
{
    if (fsync(s->fd))
        return err_set(e, "cannot write: %s", strerror(errno));
    int fd = s->fd;
    s->fd = -1;
    if (close(fd))
        return err_set(e, "cannot write: %s", strerror(errno));
    if (rename(s->tmp, s->path))
        return err_set(e, "cannot rename '%s' to it: %s", s->tmp, strerror(errno));
    free(s->tmp);
    s->tmp = NULL;
    sync_directory(s->path);
    return true;
}

static void close_saver(struct saver *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->tmp)
        unlink(s->tmp);
    for (u32 i = 0; s->bytes && i < s->parts.count; i++)
        buf_free(&s->bytes[i]);
    free(s->bytes);
    parts_free(&s->parts);
    free(s->tmp);
    free(s->packed);
    ZSTD_freeCCtx(s->zstd);
    buf_free(&s->index);
}

/* Both clocks' variables, so that a machine with the other clock can go on from here. */
static void settle_time(struct machine *m)
{
    u64 now = machine_now(m);
    m->s.clock_ns = now;
    m->s.idle_ns = now - machine_icount(m);
}

bool snapshot_save_extra(struct machine *m, const char *path, const struct snapshot_extra *x, u32 count,
                         struct err *e)
{
    struct saver s = { .m = m, .path = path, .fd = -1 };
    settle_time(m);
    bool ok = parts_list(&s.parts, m, x, count, e) && save_parts(&s, e) && create(&s, e) && write_header(&s, e)
              && write_memory(&s, e) && write_index(&s, e) && publish(&s, e);
    close_saver(&s);
    return ok || err_prefix(e, "snapshot '%s'", path);
}

bool snapshot_save(struct machine *m, const char *path, struct err *e)
{
    return snapshot_save_extra(m, path, NULL, 0, e);
}
