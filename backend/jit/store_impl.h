/*
 * store_impl.h - private to store*.c: the layout of the folder, and what its files say.
 *
 *     CACHEDIR.TAG                     says that this is a cache, and whose
 *     00/ ... 3f/                      shards, by the low six bits of the key
 *         <64 hex digits>              a region: struct store_head, then its bytes
 *         .new-<nonce>-<number>        one that is being written
 *
 * Each shard has its share of the bytes and evicts on its own: nobody ever looks at more than a 64th of the files.
 */
#pragma once
#include "backend/jit/store.h"
#include <pthread.h>
#include <stdatomic.h>

#define STORE_SHARDS 64u
#define STORE_VERSION 1u
#define STORE_BLOCK 4096u          /* disk space is counted in these */
#define STORE_TMP ".new-"
#define STORE_TAG "CACHEDIR.TAG"
#define STORE_STALE 3600           /* seconds after which a last use is noted again, and a .new- file has no writer */

struct store_head {
    u8  magic[8];
    u32 version;
    u32 head_bytes;                /* sizeof(struct store_head): the region begins there */
    u8  key[CODE_KEY_BYTES];
    u64 bytes;                     /* of the region; the file ends with it */
    u64 sum;                       /* hash_sum() of the region, seeded by that of the head up to here */
};

struct store_shard {
    atomic_bool ready;             /* is a folder of our own */
    bool        known;             /* what is below: a scan has been made */
    u64         used;              /* bytes, as of the last scan and our own puts since */
    u64         fresh;             /* ... of these our own puts: others put, too */
};

struct code_store {
    const struct code_store_ops *ops;
    struct log             *log;
    atomic_uint             lines; /* logged */
    int                     dir;
    u64                     shard_bytes;
    u64                     nonce; /* in names of new files: ours alone */
    pthread_mutex_t         put;   /* what is below, and of shards all but ready */
    u64                     made;
    i64                     pause_until;
    struct store_shard      shard[STORE_SHARDS];
    struct code_store_stats stats; /* by store_count() */
};

static inline void store_count(u64 *counter, u64 n) { __atomic_fetch_add(counter, n, __ATOMIC_RELAXED); }
static inline u64 store_disk(u64 file_bytes) { return align_up(file_bytes, STORE_BLOCK); }
/* One line of class code_cache, of which a store has a few dozen. Counts nothing. */
void store_say(struct code_store *s, const char *path, const char *what);

/* ---- store_name.c: names within the folder ---- */
struct store_name { char s[72]; }; /* "3f/<64 hex digits>" */
static inline u32 store_shard_of(const u8 *key) { return key[0] % STORE_SHARDS; }
struct store_name store_blob_name(const u8 *key);
struct store_name store_shard_name(u32 shard);
struct store_name store_tmp_name(struct code_store *s, const char *folder); /* "3f/.new-...", or without folder: "" */
bool store_is_blob(const char *name, u8 key[CODE_KEY_BYTES]); /* of one in a shard; gives its key */
bool store_is_shard(const char *name);
bool store_is_tmp(const char *name);

/* ---- store_dir.c: folders ---- */
/* The folder of a code cache, or -1 with e. make: make it when it is not there; else *absent instead of an error. */
int  store_dir_open(const struct code_store_ops *ops, const char *dir, bool make, bool *absent, struct err *e);
/* Whether the shard is a folder of our own; make: make it. What else has its name goes, when it is ours. */
bool store_shard_ready(struct code_store *s, u32 shard, bool make);
/* Calls f for every name but . and .. until a call says false; false then, and when the folder cannot be read. */
bool store_list(const struct code_store_ops *ops, int at, const char *folder,
                bool (*f)(void *opaque, const char *name), void *opaque);
/* Removes a thing that is in the way under `path`: ours alone, and of folders only empty ones. */
void store_remove_bad(const struct code_store_ops *ops, int at, const char *path);

/* ---- store_write.c ---- */
/* A new file of two parts at `path` (folder: of it, "" for the top), all of it or none: errno says why not. */
bool store_write(struct code_store *s, const char *folder, const char *path, const void *head, size_t head_n,
                 const void *bytes, size_t n);
void store_write_tag(struct code_store *s);

/* ---- store_trim.c ---- */
/* Makes room for so many bytes in a shard; false: there is none. With s->put. */
bool store_trim(struct code_store *s, u32 shard, u64 need);
