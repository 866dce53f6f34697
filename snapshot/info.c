/* info.c - what is in a snapshot file, and whether all of it is whole. */
#include "snapshot/format.h"
#include <stdlib.h>

typedef unsigned long long ull;

static void print_memory(const struct snap *s, FILE *out)
{
    for (u32 k = 0; k < s->memory_count; k++) {
        u64 chunks = 0, stored = 0, raw = 0;
        for (u64 i = 0; i < s->chunk_count; i++)
            if (s->chunks[i].obj == k) {
                chunks++;
                stored += s->chunks[i].stored;
                raw += s->chunks[i].kind == SNAP_RAW;
            }
        fprintf(out, "memory   %-24s %10llu KiB, %llu chunks in use, %llu KiB in the file", s->memory[k].name,
                (ull)s->memory[k].size >> 10, (ull)chunks, (ull)stored >> 10);
        fprintf(out, raw ? ", %llu not compressed\n" : "\n", (ull)raw);
    }
}

static void print(const struct snap *s, FILE *out)
{
    fprintf(out, "format   %u, %llu bytes\nmachine  %s\n", SNAP_FORMAT, (ull)s->size, s->machine);
    fprintf(out, "clock    %s, %llu.%09llu s, %llu instructions\n", s->clock, (ull)s->time_ns / 1000000000,
            (ull)s->time_ns % 1000000000, (ull)s->instructions);
    for (u32 i = 0; i < s->cpu_count; i++)
        fprintf(out, "cpu%-5u %s %s\n", i, s->cpus[i].guest, s->cpus[i].model);
    print_memory(s, out);
    for (u32 i = 0; i < s->section_count; i++)
        fprintf(out, "section  %-24s %10llu bytes  %016llx %s\n", s->sections[i].name, (ull)s->sections[i].size,
                (ull)s->sections[i].sum, s->sections[i].cls);
}

bool snapshot_info(const char *path, FILE *out, struct err *e)
{
    struct snap s;
    bool ok = snap_open(&s, path, e) || err_prefix(e, "snapshot '%s'", path);
    if (ok)
        print(&s, out);
    snap_close(&s);
    return ok;
}

static bool check(struct snap *s, u8 *scratch, struct err *e)
{
    if (!scratch)
        return err_set(e, "out of memory");
    for (u32 i = 0; i < s->section_count; i++)
        if (!snap_check_section(s, &s->sections[i], e))
            return false;
    for (u64 i = 0; i < s->chunk_count; i++)
        if (!snap_read_chunk(s, &s->chunks[i], scratch, e))
            return false;
    return true;
}

bool snapshot_check(const char *path, struct err *e)
{
    struct snap s;
    u8 *scratch = malloc(SNAP_CHUNK);
    bool ok = (snap_open(&s, path, e) && check(&s, scratch, e)) || err_prefix(e, "snapshot '%s'", path);
    snap_close(&s);
    free(scratch);
    return ok;
}
