/*
 * store.h - compiled regions on disk, so that code outlives the run (docs/code-cache.md).
 *
 * One folder, one file a region, named by a 256-bit key: the hash of all that the code depends on. A file is whole
 * and for its key, or it is not handed out: whatever is wrong with one, it is a miss. Nothing here stops a run: a
 * folder that cannot be read or written, a full disk, no descriptors left are misses, and puts that do not happen.
 *
 * Threads: any, at the same time; puts wait for each other, gets for nobody. Processes: any number in one folder.
 * Neither waits for the disk to be written; a file system that is slow to answer is waited for, so both belong on a
 * thread that may.
 *
 * Trust: whoever may write the folder may run code as the user, so it has to be the user's own and nobody else's to
 * write. The checksum finds damage, the key keeps guests apart; neither is a signature.
 */
#pragma once
#include "base/log.h"
#include "base/sha256.h"
#include <sys/stat.h>
#include <time.h>

#define CODE_KEY_BYTES SHA256_BYTES
#define CODE_BLOB_MAX (4u << 20)              /* bytes of one region */
#define CODE_STORE_MIN (1ull << 20)           /* least max_bytes */
#define CODE_STORE_DEFAULT_BYTES (512ull << 20)

struct code_store;

/* What one process did since it opened the store. */
struct code_store_stats {
    u64 hits, misses;        /* gets; those of damaged files, failed ones are misses too */
    u64 damaged;             /* files skipped: cut short, changed, of another key, no regular files ... */
    u64 failed;              /* gets and puts that the system refused: no descriptors, no rights, disk full ... */
    u64 puts, put_again;     /* files written; regions that were there already */
    u64 evicted;             /* files removed for room */
    u64 skipped;             /* puts not tried: too large, none, or soon after the disk was full */
    u64 bytes_in, bytes_out; /* of regions: got, put */
};

struct code_blob {
    const u8 *p;             /* aligned to 16 */
    size_t    n;
    void     *mem;           /* private */
};

/* $XDG_CACHE_HOME/mynah/code, else ~/.cache/mynah/code. */
bool code_store_default_dir(char *dir, size_t size, struct err *e) MUST_CHECK;

/* Opens dir, making it (0700) when it is not there; reads nothing of what is in it. At most about max_bytes of disk
 * are used (rounded to blocks of 4 KiB; docs/code-cache.md says how exact that is). NULL with e when the folder is
 * not the user's own, may be written by others, holds other things than a code cache, or cannot be made: run without,
 * and say so. */
struct code_store *code_store_open(const char *dir, u64 max_bytes, struct err *e) MUST_CHECK;
void code_store_close(struct code_store *s); /* NULL is fine; no get or put may be under way */
/* Files that are skipped get a line each of class code_cache, some dozens at most. l: borrowed, or NULL for none. */
void code_store_log(struct code_store *s, struct log *l);

/* False: not there. True: out is the region as it was put; code_blob_free() it. */
bool code_store_get(struct code_store *s, const u8 key[CODE_KEY_BYTES], struct code_blob *out) MUST_CHECK;
void code_blob_free(struct code_blob *b);
/* Keeps n bytes (1 to CODE_BLOB_MAX), or does not. What is there already under the key stays. */
void code_store_put(struct code_store *s, const u8 key[CODE_KEY_BYTES], const void *bytes, size_t n);
void code_store_stats(const struct code_store *s, struct code_store_stats *out);

/* ---- for people: a folder that no store need have open ---- */
struct code_store_info {
    bool exists;
    u64  files, bytes;       /* regions, disk used by them */
    i64  oldest, newest;     /* seconds since 1970 of the last uses (exact to an hour); 0 without files */
};
/* Neither makes the folder. False with e: it is not a code cache of the user's own, or cannot be read. */
bool code_store_survey(const char *dir, struct code_store_info *out, struct err *e) MUST_CHECK;
/* Removes every region and what killed writers left; the folder stays. removed: of these. Names that a code cache
 * does not have are never touched. False with e also when something could not be removed. */
bool code_store_clear(const char *dir, struct code_store_info *removed, struct err *e) MUST_CHECK;

/* ---- keys ----
 *     struct code_key base, k;
 *     code_key_start(&base);                      what is the same for every region, once
 *     code_key_add(&base, "cpu model", model, strlen(model));  ...
 *     k = base;
 *     code_key_add(&k, "guest bytes", page, n);   what is not
 *     code_key_end(&k, key);
 * Every part goes in with its name and length: two different lists of parts never hash the same bytes. */
struct code_key {
    struct sha256 h;
};
void code_key_start(struct code_key *k);
void code_key_add(struct code_key *k, const char *name, const void *p, size_t n);
void code_key_add_u64(struct code_key *k, const char *name, u64 v);
/* The build of the program or shared object that `in` is an address in: the build ID that the linker gave it, which
 * is another one after any change of code. False: it has none, so nobody can tell two builds apart: use no store
 * then. */
bool code_key_add_build(struct code_key *k, const char *name, const void *in) MUST_CHECK;
void code_key_end(struct code_key *k, u8 key[CODE_KEY_BYTES]);

/* ---- for tests: every system call that the store makes, by the names of those ---- */
struct code_store_ops {
    int     (*openat)(int at, const char *path, int flags, mode_t mode);
    int     (*fstat)(int fd, struct stat *st);
    int     (*fstatat)(int at, const char *path, struct stat *st, int flags);
    ssize_t (*getdents)(int fd, void *p, size_t n);   /* getdents64 */
    ssize_t (*read)(int fd, void *p, size_t n);
    ssize_t (*write)(int fd, const void *p, size_t n);
    int     (*close)(int fd);
    int     (*mkdirat)(int at, const char *path, mode_t mode);
    int     (*renameat)(int from_at, const char *from, int to_at, const char *to);
    int     (*unlinkat)(int at, const char *path, int flags);
    int     (*futimens)(int fd, const struct timespec t[2]);
    i64     (*now)(void);                             /* seconds since 1970 */
};
extern const struct code_store_ops code_store_host_ops;
struct code_store *code_store_open_on(const char *dir, u64 max_bytes, const struct code_store_ops *ops, struct err *e)
    MUST_CHECK;
