/*
 * load.c - a file into a machine: compare shapes, verify and parse everything aside, then change the machine.
 *
 * Not done: raw memory mapped copy-on-write, lazy reading of chunks, loading of increments.
 */
#include "snapshot/format.h"
#include "snapshot/section.h"
#include <stdlib.h>
#include <sys/mman.h>

struct loader {
    struct machine *m;
    struct snap     file;
    struct parts    parts;
    struct buf     *bytes;  /* of each part, as in the file */
    void          **fresh;  /* of each part with a state struct: what it will be */
};

/* ---- shapes ---- */

static bool same_cpus(const struct snap *s, const struct machine *m, struct err *e)
{
    if (s->cpu_count != m->cpu_count)
        return err_set(e, "it has %u CPUs, this machine has %u", s->cpu_count, m->cpu_count);
    for (u32 i = 0; i < s->cpu_count; i++) {
        const struct vcpu *v = m->cpus[i];
        if (strcmp(s->cpus[i].guest, v->guest->name))
            return err_set(e, "its cpu%u is %s, this machine's is %s", i, s->cpus[i].guest, v->guest->name);
        if (strcmp(s->cpus[i].model, part_model(v)))
            return err_set(e, "its CPU model is '%s', this machine's is '%s'", s->cpus[i].model, part_model(v));
    }
    return true;
}

static bool same_memory(const struct snap *s, const struct machine *m, struct err *e)
{
    if (s->memory_count != m->map.obj_count)
        return err_set(e, "it has %u memories, this machine has %u", s->memory_count, m->map.obj_count);
    for (u32 i = 0; i < s->memory_count; i++) {
        const struct snap_memory *theirs = &s->memory[i];
        const struct memobj *ours = m->map.objs[i];
        if (strcmp(theirs->name, ours->name))
            return err_set(e, "its memory %u is '%s', this machine's is '%s'", i, theirs->name, ours->name);
        if (theirs->size != ours->size)
            return err_set(e, "its memory '%s' has %llu KiB, this machine's has %llu KiB", ours->name,
                           (unsigned long long)theirs->size >> 10, (unsigned long long)ours->size >> 10);
    }
    return true;
}

static bool has_section(const struct snap *s, const struct part *p)
{
    for (u32 i = 0; i < s->section_count; i++)
        if (!strcmp(s->sections[i].name, p->name))
            return true;
    return false;
}

/* Both sides have the same list, so it is enough to name the first difference. */
static bool same_sections(const struct loader *l, struct err *e)
{
    const struct snap *s = &l->file;
    for (u32 i = 0; i < MAX(s->section_count, l->parts.count); i++) {
        const struct snap_section *theirs = i < s->section_count ? &s->sections[i] : NULL;
        const struct part *ours = i < l->parts.count ? &l->parts.p[i] : NULL;
        const char *cls = ours && ours->cls ? ours->cls : "";
        if (theirs && ours && !strcmp(theirs->name, ours->name)) {
            if (strcmp(theirs->cls, cls))
                return err_set(e, "its '%s' is a '%s', this machine's is a '%s'", ours->name, theirs->cls, cls);
        } else if (ours && !has_section(s, ours)) {
            return err_set(e, "it has no '%s', which this machine has", ours->name);
        } else {
            return err_set(e, "it has '%s' where this machine has '%s'", theirs ? theirs->name : "nothing",
                           ours ? ours->name : "nothing");
        }
    }
    return true;
}

static bool same_shape(const struct loader *l, struct err *e)
{
    const struct snap *s = &l->file;
    if (strcmp(s->machine, l->m->name))
        return err_set(e, "it is of machine '%s', this one is '%s'", s->machine, l->m->name);
    return same_cpus(s, l->m, e) && same_memory(s, l->m, e) && same_sections(l, e);
}

/* ---- parsing aside ---- */

static bool parse_state(struct loader *l, u32 i, struct err *e)
{
    const struct part *p = &l->parts.p[i];
    l->fresh[i] = malloc(p->desc->size);
    if (!l->fresh[i])
        return err_set(e, "section '%s': out of memory", p->name);
    memcpy(l->fresh[i], p->state, p->desc->size); /* fields newer than the file keep their reset values */
    return section_load(&l->bytes[i], p->desc, l->fresh[i], e) || err_prefix(e, "section '%s'", p->name);
}

static bool parse(struct loader *l, struct err *e)
{
    l->bytes = calloc(l->parts.count, sizeof *l->bytes);
    l->fresh = calloc(l->parts.count, sizeof *l->fresh);
    if (!l->bytes || !l->fresh)
        return err_set(e, "out of memory");
    for (u32 i = 0; i < l->parts.count; i++)
        if (!snap_read_section(&l->file, &l->file.sections[i], &l->bytes[i], e)
            || (l->parts.p[i].desc && !parse_state(l, i, e)))
            return false;
    for (u64 i = 0; i < l->file.chunk_count; i++)
        if (!snap_read_chunk(&l->file, &l->file.chunks[i], NULL, e))
            return false;
    return true;
}

/* ---- changing the machine ---- */

/* Each reads its section from the start. */
static bool check_extras(struct loader *l, struct err *e)
{
    for (u32 i = 0; i < l->parts.count; i++) {
        const struct snapshot_extra *x = l->parts.p[i].extra;
        struct buf copy = l->bytes[i];
        if (x && x->check && !x->check(x->opaque, &copy, e))
            return err_prefix(e, "section '%s'", l->parts.p[i].name);
    }
    return true;
}

static bool load_extras(struct loader *l, struct err *e)
{
    for (u32 i = 0; i < l->parts.count; i++) {
        const struct snapshot_extra *x = l->parts.p[i].extra;
        if (x && !x->load(x->opaque, &l->bytes[i], e))
            return err_prefix(e, "section '%s'", l->parts.p[i].name);
    }
    return true;
}

/* All zeros again, and the host has its pages back: objects are private anonymous memory. */
static void clear_memory(struct memobj *o)
{
    if (madvise(o->host, o->size, MADV_DONTNEED))
        memset(o->host, 0, o->size);
}

static bool load_memory(struct loader *l, struct err *e)
{
    struct physmap *map = &l->m->map;
    for (u32 i = 0; i < map->obj_count; i++)
        clear_memory(map->objs[i]);
    bool ok = true;
    for (u64 i = 0; ok && i < l->file.chunk_count; i++) {
        const struct snap_chunk *c = &l->file.chunks[i];
        ok = snap_read_chunk(&l->file, c, map->objs[c->obj]->host + c->off, e);
    }
    for (u32 i = 0; i < map->obj_count; i++)
        memobj_written(map, map->objs[i], 0, map->objs[i]->size);
    return ok;
}

static void commit_states(struct loader *l)
{
    for (u32 i = 0; i < l->parts.count; i++)
        if (l->parts.p[i].desc)
            memcpy(l->parts.p[i].state, l->fresh[i], l->parts.p[i].desc->size);
}

/* Virtual time goes on from the saved moment; both clocks' variables are in the file. */
static void resume_time(struct machine *m)
{
    if (m->clock == CLOCK_REALTIME)
        m->host_base = m->host_ns() - m->s.clock_ns;
}

static bool load_tlb(const struct part *p, const struct buf *b, struct err *e)
{
    if (b->len % 8)
        return err_set(e, "section '%s': not whole words", p->name);
    return mmu_import(&p->tlb->mmu, (const u64 *)(const void *)b->p, b->len / 8, e)
           || err_prefix(e, "section '%s'", p->name);
}

static bool load_tlbs(const struct parts *ps, const struct buf *bytes, struct err *e)
{
    for (u32 i = 0; i < ps->count; i++)
        if (ps->p[i].tlb && !load_tlb(&ps->p[i], &bytes[i], e))
            return false;
    return true;
}

/* Devices first: they map what the guest moved about (PCI), which TLBs know and which empties them. */
bool parts_resume(struct machine *m, const struct parts *ps, const struct buf *bytes, struct err *e)
{
    resume_time(m);
    for (struct event *ev = m->events; ev; ev = ev->next)
        event_set(ev, TIME_NEVER); /* what reset armed; devices arm from their state */
    for (u32 i = 0; i < m->cpu_count; i++) {
        m->cpus[i]->irq = 0; /* the interrupt controller drives it again */
        m->cpus[i]->raised = false;
    }
    for (u32 i = 0; i < m->dev_count; i++)
        if (m->devs[i]->cls->resumed)
            m->devs[i]->cls->resumed(m->devs[i]);
    if (!load_tlbs(ps, bytes, e))
        return false;
    for (u32 i = 0; i < m->cpu_count; i++)
        m->cpus[i]->guest->resumed(m->cpus[i]);
    return true;
}

static void flush_code(struct machine *m)
{
    for (u32 i = 0; i < m->cpu_count; i++)
        m->cpus[i]->engine->flush(m->cpus[i]);
}

static bool commit(struct loader *l, struct err *e)
{
    if (!load_extras(l, e) || !load_memory(l, e))
        return false;
    commit_states(l);
    if (!parts_resume(l->m, &l->parts, l->bytes, e))
        return false;
    flush_code(l->m);
    return true;
}

static void close_loader(struct loader *l)
{
    for (u32 i = 0; l->bytes && i < l->parts.count; i++)
        buf_free(&l->bytes[i]);
    for (u32 i = 0; l->fresh && i < l->parts.count; i++)
        free(l->fresh[i]);
    free(l->bytes);
    free(l->fresh);
    parts_free(&l->parts);
    snap_close(&l->file);
}

bool snapshot_reload(struct machine *m, const char *path, const struct snapshot_extra *x, u32 count, bool *changed,
                     struct err *e)
{
    struct loader l = { .m = m };
    *changed = false;
    bool ok = snap_open(&l.file, path, e) && parts_list(&l.parts, m, x, count, e) && same_shape(&l, e) && parse(&l, e)
              && check_extras(&l, e);
    if (ok) {
        *changed = true;
        ok = commit(&l, e);
    }
    close_loader(&l);
    return ok || err_prefix(e, "snapshot '%s'", path);
}

bool snapshot_load_extra(struct machine *m, const char *path, const struct snapshot_extra *x, u32 count,
                         struct err *e)
{
    bool changed;
    return snapshot_reload(m, path, x, count, &changed, e);
}

bool snapshot_load(struct machine *m, const char *path, struct err *e)
{
    return snapshot_load_extra(m, path, NULL, 0, e);
}
