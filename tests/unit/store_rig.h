/* store_rig.h - a folder of its own for each test of the code cache, and regions that can be told from their keys. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/jit/store_impl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct rig {
    char               top[40];    /* /tmp/mynah-store-XXXXXX */
    char               dir[64];    /* top/cache */
    char               path[200];  /* of rig_path() */
    struct code_store *s;
    struct log         log;
    char              *text;       /* what was logged */
    size_t             text_n;
    u64                seed;
};

static inline u64 rig_random(struct rig *r)
{
    r->seed ^= r->seed << 13;
    r->seed ^= r->seed >> 7;
    return r->seed ^= r->seed << 17;
}

static inline void rig_open(struct rig *r, u64 max, const struct code_store_ops *ops)
{
    struct err e = { "" };
    r->s = code_store_open_on(r->dir, max, ops, &e);
    if (!r->s)
        fail_msg("%s", e.msg);
    code_store_log(r->s, &r->log);
}

static inline void rig_init(struct rig *r)
{
    *r = (struct rig){ .top = "/tmp/mynah-store-XXXXXX", .seed = 88172645463325252ull };
    assert_non_null(mkdtemp(r->top));
    snprintf(r->dir, sizeof r->dir, "%s/cache", r->top);
    r->log = (struct log){ .mask = 1u << LOG_code_cache, .out = open_memstream(&r->text, &r->text_n) };
    rig_open(r, CODE_STORE_DEFAULT_BYTES, &code_store_host_ops);
}

static inline void rig_end(struct rig *r)
{
    char cmd[80];
    code_store_close(r->s);
    fclose(r->log.out);
    free(r->text);
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", r->top);
    assert_int_equal(system(cmd), 0);
}

static inline bool rig_logged(struct rig *r, const char *what)
{
    fflush(r->log.out);
    return strstr(r->text, what);
}

/* ---- regions: key number n, of a length and bytes that follow from n ---- */
static inline void rig_key(u8 key[32], u32 n)
{
    struct code_key k;
    code_key_start(&k);
    code_key_add_u64(&k, "test", n);
    code_key_end(&k, key);
}

#define RIG_MAX 40000u
static inline u32 rig_size(u32 n) { return 1 + n * 2654435761u % RIG_MAX; }
static inline void rig_fill(u8 *p, u32 n)
{
    for (u32 i = 0; i < rig_size(n); i++)
        p[i] = (u8)((i * 167 ^ i >> 7) + n * 31);
}

static inline void rig_put(struct code_store *s, u32 n)
{
    u8 key[32], *p = malloc(RIG_MAX);
    rig_key(key, n);
    rig_fill(p, n);
    code_store_put(s, key, p, rig_size(n));
    free(p);
}

/* Whether region n is there; wrong bytes end the process, forked ones too. */
static inline bool rig_get(struct code_store *s, u32 n)
{
    struct code_blob b;
    u8 key[32], *want = malloc(RIG_MAX);
    rig_key(key, n);
    rig_fill(want, n);
    bool there = code_store_get(s, key, &b);
    if (there && (b.n != rig_size(n) || memcmp(b.p, want, b.n)))
        abort();
    if (there != !!b.p)
        abort();
    code_blob_free(&b);
    free(want);
    return there;
}

/* ---- files ---- */
static inline const char *rig_path(struct rig *r, u32 n)
{
    u8 key[32];
    rig_key(key, n);
    snprintf(r->path, sizeof r->path, "%s/%s", r->dir, store_blob_name(key).s);
    return r->path;
}

static inline void rig_write(const char *path, const void *p, size_t n)
{
    unlink(path); /* file systems flush what replaces a file's contents at once */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
}

static inline bool rig_exists(const char *path)
{
    struct stat st;
    return !lstat(path, &st);
}

static inline struct code_store_stats rig_stats(struct rig *r)
{
    struct code_store_stats st;
    code_store_stats(r->s, &st);
    return st;
}

static inline u32 rig_fds(void) /* open descriptors of this process */
{
    u32 n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* Names in all shards that begin with prefix. */
static inline u32 rig_count(struct rig *r, const char *prefix)
{
    u32 n = 0;
    for (u32 i = 0; i <= STORE_SHARDS; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", r->dir, i < STORE_SHARDS ? store_shard_name(i).s : ".");
        DIR *d = opendir(path);
        for (struct dirent *f; d && (f = readdir(d));)
            n += !strncmp(f->d_name, prefix, strlen(prefix));
        if (d)
            closedir(d);
    }
    return n;
}
