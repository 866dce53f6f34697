/*
 * format.h - the snapshot file as save, load, info and check see it. Shared inside snapshot/ alone.
 * The format is described in docs/snapshot.md.
 */
#pragma once
#include "snapshot/snapshot.h"
#include <jansson.h>

#define SNAP_FORMAT 1u
#define SNAP_CHUNK (1u << 20)        /* bytes of a memory object in one chunk */
#define SNAP_HEADER_MAX (1u << 22)
#define SNAP_SECTIONS_MAX 1024u
#define SNAP_SECTION_MAX (64ull << 20)
#define SNAP_EXTRA_MAX (1ull << 40)
#define SNAP_INDEX_MAX (1ull << 30)
#define SNAP_FIRST_LINE "mynah snapshot "
#define SNAP_SECOND_LINE "header %8llu %016llx\n" /* bytes of the JSON text, its checksum */
#define SNAP_SECOND_BYTES 33u
#define SNAP_TRAILER_MAGIC "mynahend"
#define SNAP_TRAILER_BYTES 32u       /* magic, u64 offset, size and checksum of the index */
#define SNAP_INDEX_BYTES 40u         /* u32 object, u32 kind, u64 offset in it and in the file, u64 bytes, u64 sum */

enum snap_kind { SNAP_RAW, SNAP_ZSTD };

/* ---- what a machine consists of (parts.c) ---- */

#define PART_NAME 96
struct part {
    char                         name[PART_NAME]; /* section name */
    const char                  *cls;     /* of a device, or NULL */
    const struct state_desc     *desc;    /* of a state struct, or NULL */
    void                        *state;
    struct vcpu                 *tlb;     /* of a TLB section */
    const struct snapshot_extra *extra;
};
struct parts {
    struct part *p;
    u32          count;
};
/* In the order of the file. */
bool parts_list(struct parts *ps, struct machine *m, const struct snapshot_extra *x, u32 count,
                struct err *e) MUST_CHECK;
void parts_free(struct parts *ps);
const char *part_model(const struct vcpu *v); /* the CPU model's name, "" when it has none */
/* Appends a part's section to b (save.c). */
bool part_save(const struct part *p, struct buf *b, struct err *e) MUST_CHECK;
/* load.c: what makes a machine run on from state structs just loaded: events, wires, devices, TLBs (each from all of
 * its part's bytes), address spaces. Translated code is the caller's matter. */
bool parts_resume(struct machine *m, const struct parts *ps, const struct buf *bytes, struct err *e) MUST_CHECK;

/* ---- an open file (file.c) ---- */

struct snap_section {
    const char *name, *cls; /* cls: "" without one */
    u64         at, size, sum;
};
struct snap_memory {
    const char *name;
    u64         size;
};
struct snap_cpu {
    const char *guest, *model;
};
struct snap_chunk {
    u32 obj;      /* index in memory[] */
    u32 kind;     /* enum snap_kind */
    u64 off;      /* in the object, a multiple of SNAP_CHUNK */
    u64 at;       /* in the file */
    u64 stored;   /* bytes in the file */
    u64 sum;      /* of these */
};
struct snap {
    const char          *path;
    int                  fd;
    u64                  size;
    json_t              *header;     /* owns the strings */
    const char          *machine, *clock;
    u64                  instructions, time_ns;
    struct snap_cpu     *cpus;
    u32                  cpu_count;
    struct snap_memory  *memory;
    u32                  memory_count;
    struct snap_section *sections;
    u32                  section_count;
    struct snap_chunk   *chunks;     /* by rising object and offset */
    u64                  chunk_count;
    u8                  *stored;     /* one chunk as it is in the file */
};

/* Opens the file; header and index are verified, and every byte between belongs to a section or a chunk. Errors do
 * not name the file yet. snap_close() is due in either case. */
bool snap_open(struct snap *s, const char *path, struct err *e) MUST_CHECK;
void snap_close(struct snap *s);
/* Reads a section and compares its checksum; b is empty before. */
bool snap_read_section(struct snap *s, const struct snap_section *sec, struct buf *b, struct err *e) MUST_CHECK;
/* The same without keeping it. */
bool snap_check_section(struct snap *s, const struct snap_section *sec, struct err *e) MUST_CHECK;
/* Compares the checksum of a chunk; to (or NULL) gets its bytes, snap_chunk_bytes() of them. */
bool snap_read_chunk(struct snap *s, const struct snap_chunk *c, u8 *to, struct err *e) MUST_CHECK;
static inline u64 snap_chunk_bytes(const struct snap *s, const struct snap_chunk *c)
{
    return MIN(SNAP_CHUNK, s->memory[c->obj].size - c->off);
}
