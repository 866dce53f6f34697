/*
 * snapshot.h - a whole machine to one file and back, and the state hash. Format: docs/snapshot.md.
 *
 * All functions run on the machine's thread, at a safe point (between instructions: machine_run() has returned,
 * or from its `poll`). Files are hostile input: bounded, checksummed, never crashed on. Sentences
 * name the file and the fault.
 */
#pragma once
#include "snapshot/buf.h"
#include "vm/vm.h"

/* A section that somebody else writes and reads: disk overlays. load() sees the bytes that save() appended, checksum
 * verified but otherwise hostile; it is called before anything of the machine is changed. */
struct snapshot_extra {
    const char *name;   /* section "extra/NAME" */
    void       *opaque;
    bool (*save)(void *opaque, struct buf *b, struct err *e);
    bool (*load)(void *opaque, struct buf *b, struct err *e);
    /* Would load() take it? Changes nothing. NULL: only load() can tell. */
    bool (*check)(void *opaque, struct buf *b, struct err *e);
};

/* Writes path.tmp-PID, syncs it and renames it to path; on failure nothing is left behind and an older file at
 * path is untouched. The machine goes on as if nothing had happened. */
bool snapshot_save(struct machine *m, const char *path, struct err *e) MUST_CHECK;
bool snapshot_save_extra(struct machine *m, const char *path, const struct snapshot_extra *x, u32 count,
                         struct err *e) MUST_CHECK;

/* Into a machine of the same shape: machine name, CPUs, memory sizes, devices, extras. Everything is verified before
 * the machine changes, but for what only its owner can judge (extras, the TLB) and a file that changes
 * meanwhile: after a failure the machine is safe to free, not to run. The clocks may differ: virtual time
 * goes on where it was. */
bool snapshot_load(struct machine *m, const char *path, struct err *e) MUST_CHECK;
bool snapshot_load_extra(struct machine *m, const char *path, const struct snapshot_extra *x, u32 count,
                         struct err *e) MUST_CHECK;

/* The same into a machine that has run, between two instructions. *changed: the failure came after the machine
 * had begun to change; else it goes on as if nothing had happened. */
bool snapshot_reload(struct machine *m, const char *path, const struct snapshot_extra *x, u32 count, bool *changed,
                     struct err *e) MUST_CHECK;

/* Prints what a snapshot holds, from its verified header and index. */
bool snapshot_info(const char *path, FILE *out, struct err *e) MUST_CHECK;
/* Reads all of the file and verifies every checksum. */
bool snapshot_check(const char *path, struct err *e) MUST_CHECK;

/* ---- the state hash (design, section 6) ---- */

/* Page hashes of the last state hash: with them the next one costs the pages written since. Zero-initialised;
 * one a machine, since it owns the dirty map of its memory objects. */
struct hash_state {
    struct {
        u128 *page;  /* NULL: nothing known yet */
        u128  sum;
    } obj[PHYSMAP_OBJS];
};
void hash_state_free(struct hash_state *h);
/* Architectural state, devices and memory; equal in two deterministic runs at equal instruction counts, whatever
 * the engine, and whether or not they went through snapshots. Clears the dirty map. */
void snapshot_hash(struct machine *m, struct hash_state *h, u8 out[16]);
