/*
 * file.c - a snapshot file opened for reading: header, sections, chunks, index. Every size and offset in it is
 * somebody else's word until checked; memory is allocated for bytes that are there only.
 */
#include "snapshot/format.h"
#include "base/hash.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

static bool read_at(struct snap *s, u64 at, void *to, u64 n, struct err *e)
{
    for (u8 *p = to; n;) {
        ssize_t got = pread(s->fd, p, MIN(n, 1u << 30), (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, "%s", strerror(errno));
        if (!got)
            return err_set(e, "cut short");
        p += got;
        at += (u64)got;
        n -= (u64)got;
    }
    return true;
}

/* ---- JSON without trust ---- */

/* Text fit to be printed, or NULL. */
static const char *get_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    for (const char *c = text; c && *c; c++)
        if (*c < ' ' || *c > '~')
            return NULL;
    return text && strlen(text) < PART_NAME ? text : NULL;
}

static bool get_number(const json_t *o, const char *key, u64 *val)
{
    const json_t *v = json_object_get(o, key);
    *val = (u64)json_integer_value(v);
    return json_is_integer(v) && json_integer_value(v) >= 0;
}

static bool get_sum(const json_t *o, u64 *val)
{
    const char *text = get_text(o, "hash");
    char *end = NULL;
    if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *val = strtoull(text, &end, 16);
    return true;
}

/* A list of 1 (or `least`) to `most` objects; *list gets zeroed elements of `size` bytes for them. */
static bool get_list(const json_t *header, const char *key, u32 least, u32 most, u64 size, void *list, u32 *count,
                     struct err *e)
{
    const json_t *a = json_object_get(header, key);
    if (!json_is_array(a) || json_array_size(a) < least || json_array_size(a) > most)
        return err_set(e, "the header has no proper '%s'", key);
    void *p = calloc(json_array_size(a) + 1, size);
    if (!p)
        return err_set(e, "out of memory");
    memcpy(list, &p, sizeof p);
    *count = (u32)json_array_size(a);
    return true;
}

static bool get_cpus(struct snap *s, struct err *e)
{
    if (!get_list(s->header, "cpus", 0, 1024, sizeof *s->cpus, &s->cpus, &s->cpu_count, e))
        return false;
    for (u32 i = 0; i < s->cpu_count; i++) {
        const json_t *o = json_array_get(json_object_get(s->header, "cpus"), i);
        s->cpus[i] = (struct snap_cpu){ get_text(o, "guest"), get_text(o, "model") };
        if (!s->cpus[i].guest || !s->cpus[i].model)
            return err_set(e, "the header describes cpu%u wrongly", i);
    }
    return true;
}

static bool get_memory(struct snap *s, struct err *e)
{
    if (!get_list(s->header, "memory", 0, PHYSMAP_OBJS, sizeof *s->memory, &s->memory, &s->memory_count, e))
        return false;
    for (u32 i = 0; i < s->memory_count; i++) {
        const json_t *o = json_array_get(json_object_get(s->header, "memory"), i);
        struct snap_memory *m = &s->memory[i];
        m->name = get_text(o, "name");
        if (!m->name || !get_number(o, "size", &m->size) || !m->size || m->size % PAGE_SIZE || m->size >> 48)
            return err_set(e, "the header describes memory %u wrongly", i);
    }
    return true;
}

/* Sections stand one behind the other, from `at` on. */
static bool get_sections(struct snap *s, u64 *at, struct err *e)
{
    if (!get_list(s->header, "sections", 1, SNAP_SECTIONS_MAX, sizeof *s->sections, &s->sections,
                  &s->section_count, e))
        return false;
    for (u32 i = 0; i < s->section_count; i++) {
        const json_t *o = json_array_get(json_object_get(s->header, "sections"), i);
        struct snap_section *sec = &s->sections[i];
        sec->name = get_text(o, "name");
        sec->cls = json_object_get(o, "class") ? get_text(o, "class") : "";
        sec->at = *at;
        if (!sec->name || !sec->cls || !get_number(o, "size", &sec->size) || !get_sum(o, &sec->sum))
            return err_set(e, "the header describes section %u wrongly", i);
        if (sec->size > (strncmp(sec->name, "extra/", 6) ? SNAP_SECTION_MAX : SNAP_EXTRA_MAX))
            return err_set(e, "section '%s' is impossibly large", sec->name);
        if (sec->size > s->size - *at)
            return err_set(e, "cut short in section '%s'", sec->name);
        *at += sec->size;
    }
    return true;
}

static bool parse_header(struct snap *s, const char *text, u64 n, u64 *at, struct err *e)
{
    json_error_t fault;
    s->header = json_loadb(text, n, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(s->header))
        return err_set(e, "the header is not a JSON object");
    s->machine = get_text(s->header, "machine");
    s->clock = get_text(s->header, "clock");
    if (!s->machine || !s->clock || !get_number(s->header, "instructions", &s->instructions)
        || !get_number(s->header, "time_ns", &s->time_ns))
        return err_set(e, "the header lacks the machine, the clock, the instruction count or the time");
    return get_cpus(s, e) && get_memory(s, e) && get_sections(s, at, e);
}

/* The first line; *at gets where the second one starts. */
static bool read_magic(struct snap *s, u64 *at, struct err *e)
{
    char line[32] = "", expect[32];
    unsigned format = 0;
    u64 n = MIN(s->size, sizeof line - 1);
    if (!read_at(s, 0, line, n, e))
        return false;
    if (sscanf(line, SNAP_FIRST_LINE "%5u", &format) != 1)
        return err_set(e, "not a snapshot: the first line is not '" SNAP_FIRST_LINE "N'");
    if (format != SNAP_FORMAT)
        return err_set(e, "snapshot format %u is not known here, only %u", format, SNAP_FORMAT);
    *at = (u64)snprintf(expect, sizeof expect, SNAP_FIRST_LINE "%u\n", format);
    return !strncmp(line, expect, *at) || err_set(e, "the first line is damaged");
}

static bool read_header(struct snap *s, u64 *at, struct err *e)
{
    char line[SNAP_SECOND_BYTES + 1] = "", expect[64];
    unsigned long long n = 0, sum = 0;
    if (!read_magic(s, at, e) || !read_at(s, *at, line, SNAP_SECOND_BYTES, e))
        return false;
    *at += SNAP_SECOND_BYTES;
    int got = sscanf(line, "header %8llu %16llx", &n, &sum);
    snprintf(expect, sizeof expect, SNAP_SECOND_LINE, n, sum);
    if (got != 2 || strcmp(line, expect) || n > SNAP_HEADER_MAX)
        return err_set(e, "the second line is damaged");
    if (n > s->size - *at)
        return err_set(e, "cut short in the header");
    char *text = malloc(n + 1);
    bool ok = text ? read_at(s, *at, text, n, e) : err_set(e, "out of memory");
    *at += n;
    if (ok && hash_sum(text, n) != sum)
        ok = err_set(e, "the header is damaged");
    ok = ok && parse_header(s, text, n, at, e);
    free(text);
    return ok;
}

/* ---- index ---- */

static bool parse_chunk(struct snap *s, struct buf *b, struct snap_chunk *c, const struct snap_chunk *before, u64 at)
{
    *c = (struct snap_chunk){ .obj = buf_get_u32(b), .kind = buf_get_u32(b) };
    c->off = buf_get_u64(b);
    c->at = buf_get_u64(b);
    c->stored = buf_get_u64(b);
    c->sum = buf_get_u64(b);
    if (c->obj >= s->memory_count || c->off >= s->memory[c->obj].size || c->off % SNAP_CHUNK || c->at != at)
        return false;
    if (before && (c->obj < before->obj || (c->obj == before->obj && c->off <= before->off)))
        return false;
    u64 n = snap_chunk_bytes(s, c);
    return c->kind == SNAP_RAW ? c->stored == n : c->kind == SNAP_ZSTD && c->stored && c->stored < n;
}

/* Chunks stand one behind the other, from `at` to `end`. */
static bool parse_index(struct snap *s, struct buf *b, u64 at, u64 end, struct err *e)
{
    s->chunk_count = b->len / SNAP_INDEX_BYTES;
    s->chunks = calloc(s->chunk_count + 1, sizeof *s->chunks);
    if (!s->chunks)
        return err_set(e, "out of memory");
    for (u64 i = 0; i < s->chunk_count; i++) {
        struct snap_chunk *c = &s->chunks[i];
        if (!parse_chunk(s, b, c, i ? c - 1 : NULL, at) || c->stored > end - at)
            return err_set(e, "the index is wrong at chunk %llu", (unsigned long long)i);
        at += c->stored;
    }
    return at == end || err_set(e, "there are bytes that belong to nothing");
}

static bool read_index(struct snap *s, u64 at, struct err *e)
{
    u8 trailer[SNAP_TRAILER_BYTES];
    if (s->size - at < sizeof trailer || !read_at(s, s->size - sizeof trailer, trailer, sizeof trailer, e)
        || memcmp(trailer, SNAP_TRAILER_MAGIC, 8))
        return err_set(e, "cut short, or its end is damaged");
    u64 index_at = load_le64(trailer + 8), size = load_le64(trailer + 16), sum = load_le64(trailer + 24);
    if (size > SNAP_INDEX_MAX || size % SNAP_INDEX_BYTES || index_at < at || index_at > s->size
        || s->size - index_at != size + sizeof trailer)
        return err_set(e, "cut short, or its end is damaged");
    struct buf b = { 0 };
    u8 *to = buf_extend(&b, size);
    bool ok = to || !size ? read_at(s, index_at, to, size, e) : err_set(e, "out of memory");
    if (ok && hash_sum(b.p, b.len) != sum)
        ok = err_set(e, "the index is damaged");
    ok = ok && parse_index(s, &b, at, index_at, e);
    buf_free(&b);
    return ok;
}

/* ---- open and close ---- */

static bool open_file(struct snap *s, struct err *e)
{
    struct stat st;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0 || fstat(s->fd, &st))
        return err_set(e, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(e, "not a regular file");
    if (!st.st_size)
        return err_set(e, "the file is empty");
    s->size = (u64)st.st_size;
    s->stored = malloc(SNAP_CHUNK);
    return s->stored || err_set(e, "out of memory");
}

bool snap_open(struct snap *s, const char *path, struct err *e)
{
    u64 at = 0;
    *s = (struct snap){ .path = path, .fd = -1 };
    return open_file(s, e) && read_header(s, &at, e) && read_index(s, at, e);
}

void snap_close(struct snap *s)
{
    if (s->fd >= 0)
        close(s->fd);
    json_decref(s->header);
    free(s->cpus);
    free(s->memory);
    free(s->sections);
    free(s->chunks);
    free(s->stored);
    *s = (struct snap){ .fd = -1 };
}

/* ---- contents ---- */

bool snap_read_section(struct snap *s, const struct snap_section *sec, struct buf *b, struct err *e)
{
    u8 *to = buf_extend(b, sec->size);
    if (!to && sec->size)
        return err_set(e, "section '%s': out of memory", sec->name);
    if (!read_at(s, sec->at, to, sec->size, e))
        return err_prefix(e, "section '%s'", sec->name);
    return hash_sum(to, sec->size) == sec->sum || err_set(e, "section '%s' is damaged", sec->name);
}

bool snap_check_section(struct snap *s, const struct snap_section *sec, struct err *e)
{
    struct hash_stream h;
    hash_start(&h, 0);
    for (u64 done = 0, n; done < sec->size; done += n) {
        n = MIN(SNAP_CHUNK, sec->size - done);
        if (!read_at(s, sec->at + done, s->stored, n, e))
            return err_prefix(e, "section '%s'", sec->name);
        hash_add(&h, s->stored, n);
    }
    return hash_end(&h).lo == sec->sum || err_set(e, "section '%s' is damaged", sec->name);
}

bool snap_read_chunk(struct snap *s, const struct snap_chunk *c, u8 *to, struct err *e)
{
    const char *name = s->memory[c->obj].name;
    unsigned long long off = c->off;
    if (!read_at(s, c->at, s->stored, c->stored, e))
        return err_prefix(e, "memory '%s' at %#llx", name, off);
    if (hash_sum(s->stored, c->stored) != c->sum)
        return err_set(e, "memory '%s' is damaged at %#llx", name, off);
    u64 n = snap_chunk_bytes(s, c);
    if (c->kind == SNAP_RAW) {
        if (to)
            memcpy(to, s->stored, n);
        return true;
    }
    return (ZSTD_getFrameContentSize(s->stored, c->stored) == n
            && (!to || ZSTD_decompress(to, n, s->stored, c->stored) == n))
           || err_set(e, "memory '%s' cannot be decompressed at %#llx", name, off);
}
