/*
 * store_dir.c - the folder of a code cache: where it is, whose it is, what is in it; see store_impl.h.
 *
 * Everything is reached from one descriptor, so what was checked stays what is used. Below it only the user writes.
 */
#define _GNU_SOURCE /* getdents64, O_DIRECTORY */
#include "backend/jit/store_impl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)

/* XDG Base Directory Specification: a path that is not absolute is to be ignored. */
bool code_store_default_dir(char *dir, size_t size, struct err *e)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = cache && *cache == '/' ? snprintf(dir, size, "%s/mynah/code", cache)
            : home && *home == '/' ? snprintf(dir, size, "%s/.cache/mynah/code", home) : 0;
    if (!n)
        return err_set(e, "code cache: neither XDG_CACHE_HOME nor HOME is an absolute path");
    return (n > 0 && (size_t)n < size) || err_set(e, "code cache: the path of the user's cache folder is too long");
}

/* Every folder on the way; the opening that follows says what did not work. */
static void make_folders(const struct code_store_ops *ops, const char *dir)
{
    char path[4096];
    size_t n = strlen(dir);
    if (n >= sizeof path)
        return;
    for (size_t i = 1; i <= n; i++)
        if (dir[i] == '/' || !dir[i]) {
            memcpy(path, dir, i);
            path[i] = 0;
            ops->mkdirat(AT_FDCWD, path, 0700);
        }
}

static bool list_open(const struct code_store_ops *ops, int fd, bool (*f)(void *, const char *), void *opaque)
{
    _Alignas(struct dirent64) char buf[16384];
    for (;;) {
        ssize_t got = ops->getdents(fd, buf, sizeof buf);
        if (got <= 0)
            return !got;
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *d = (const void *)(buf + at);
            at += d->d_reclen;
            if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") && !f(opaque, d->d_name))
                return false;
        }
    }
}

bool store_list(const struct code_store_ops *ops, int at, const char *folder, bool (*f)(void *, const char *),
                void *opaque)
{
    int fd = ops->openat(at, folder, FOLDER_FLAGS | O_NOFOLLOW, 0);
    bool whole = fd >= 0 && list_open(ops, fd, f, opaque);
    if (fd >= 0)
        ops->close(fd);
    return whole;
}

/* ---- whose folder it is ---- */

static bool is_own(const struct stat *st) { return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH)); }

static bool check_owner(const char *dir, const struct stat *st, struct err *e)
{
    if (st->st_uid != geteuid())
        return err_set(e, "code cache '%s': the folder belongs to another user", dir);
    return is_own(st) || err_set(e, "code cache '%s': others may write to the folder (mode %03o; chmod go-w helps)",
                                 dir, st->st_mode & 0777u);
}

static bool name_is_ours(void *opaque, const char *name)
{
    (void)opaque;
    return store_is_shard(name) || store_is_tmp(name) || !strcmp(name, STORE_TAG);
}

/* A folder that somebody's documents are in is none to make files in, let alone to clear. */
static bool check_names(const struct code_store_ops *ops, int fd, const char *dir, struct err *e)
{
    errno = 0;
    return store_list(ops, fd, ".", name_is_ours, NULL)
           || err_set(e, "code cache '%s': %s", dir,
                      errno ? strerror(errno) : "the folder holds other things than a code cache");
}

int store_dir_open(const struct code_store_ops *ops, const char *dir, bool make, bool *absent, struct err *e)
{
    struct stat st;
    if (make)
        make_folders(ops, dir);
    int fd = ops->openat(AT_FDCWD, dir, FOLDER_FLAGS, 0);
    if (absent && (*absent = fd < 0 && errno == ENOENT))
        return -1;
    if (fd < 0 || ops->fstat(fd, &st)) {
        err_set(e, "code cache '%s': %s", dir, strerror(errno));
        goto fail;
    }
    if (check_owner(dir, &st, e) && check_names(ops, fd, dir, e))
        return fd;
fail:
    if (fd >= 0)
        ops->close(fd);
    return -1;
}

/* ---- shards ---- */

void store_remove_bad(const struct code_store_ops *ops, int at, const char *path)
{
    struct stat st;
    if (!ops->fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) && st.st_uid == geteuid())
        ops->unlinkat(at, path, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

bool store_shard_ready(struct code_store *s, u32 shard, bool make)
{
    struct stat st;
    struct store_name name = store_shard_name(shard);
    if (atomic_load_explicit(&s->shard[shard].ready, memory_order_relaxed))
        return true;
    if (make)
        s->ops->mkdirat(s->dir, name.s, 0700);
    if (s->ops->fstatat(s->dir, name.s, &st, AT_SYMLINK_NOFOLLOW))
        return false;
    if (S_ISDIR(st.st_mode) && is_own(&st)) {
        atomic_store_explicit(&s->shard[shard].ready, true, memory_order_relaxed);
        return true;
    }
    store_say(s, name.s, S_ISDIR(st.st_mode) ? "not the user's own folder" : "not a folder");
    if (!S_ISDIR(st.st_mode))
        store_remove_bad(s->ops, s->dir, name.s);
    return false;
}
