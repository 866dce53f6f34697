/* twins.c - two machines that shall stay equal: comparing, keeping, going back; see twins.h. */
#include "snapshot/section.h"
#include "snapshot/twins_internal.h"
#include <stdlib.h>
#include <sys/mman.h>

/* ---- comparing ---- */

bool twins_same_field(const struct part *a, const struct part *b, const struct state_field *f)
{
    const u8 *p = a->state, *q = b->state;
    return f->cache || !memcmp(p + f->offset, q + f->offset, (u64)f->size * f->count);
}

static bool same_state(const struct part *a, const struct part *b)
{
    if (!memcmp(a->state, b->state, a->desc->size))
        return true;
    for (u32 i = 0; i < a->desc->field_count; i++)
        if (!twins_same_field(a, b, &a->desc->fields[i]))
            return false;
    return true;
}

static bool same_states(const struct twins *t)
{
    for (u32 i = 0; i < t->parts[0].count; i++)
        if (t->parts[0].p[i].desc && !same_state(&t->parts[0].p[i], &t->parts[1].p[i]))
            return false;
    return true;
}

/* Next page at or behind `page` that has its byte set, or `count`. */
static u64 next_page(const u8 *map, u64 page, u64 count)
{
    const u8 *p = page < count ? memchr(map + page, 1, count - page) : NULL;
    return p ? (u64)(p - map) : count;
}

/* Compares the pages in the dirty map of machine `side`, but those that `skip` has too, and notes them as stale. */
static bool same_written(struct twins *t, u32 n, u32 side, const u8 *skip)
{
    const struct memobj *a = t->m[0]->map.objs[n], *b = t->m[1]->map.objs[n];
    const u8 *dirty = t->m[side]->map.objs[n]->dirty;
    u64 count = twins_pages(a);
    bool same = true;
    for (u64 p = next_page(dirty, 0, count); p < count; p = next_page(dirty, p + 1, count)) {
        t->obj[n].stale[p] = 1;
        if (skip && skip[p])
            continue;
        t->stats.pages_compared++;
        same &= !memcmp(a->host + p * PAGE_SIZE, b->host + p * PAGE_SIZE, PAGE_SIZE);
    }
    return same;
}

static void clear_dirty(struct twins *t, u32 n)
{
    for (u32 side = 0; side < 2; side++)
        memobj_dirty_clear(&t->m[side]->map, t->m[side]->map.objs[n]);
}

bool twins_same(struct twins *t)
{
    bool same = same_states(t);
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++) {
        same &= same_written(t, n, 0, NULL);
        same &= same_written(t, n, 1, t->m[0]->map.objs[n]->dirty);
        clear_dirty(t, n);
    }
    return same;
}

void twins_tlb(const struct part *p, struct buf *out)
{
    struct err e;
    *out = (struct buf){ 0 };
    if (!part_save(p, out, &e))
        buf_free(out);
}

bool twins_same_tlb(const struct twins *t)
{
    bool same = true;
    for (u32 i = 0; same && i < t->parts[0].count; i++) {
        struct buf b[2];
        if (!t->parts[0].p[i].tlb)
            continue;
        twins_tlb(&t->parts[0].p[i], &b[0]);
        twins_tlb(&t->parts[1].p[i], &b[1]);
        same = b[0].len == b[1].len && (!b[0].len || !memcmp(b[0].p, b[1].p, b[0].len));
        buf_free(&b[0]);
        buf_free(&b[1]);
    }
    return same;
}

bool twins_same_memory(const struct twins *t)
{
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++) {
        const struct memobj *a = t->m[0]->map.objs[n], *b = t->m[1]->map.objs[n];
        if (memcmp(a->host, b->host, a->size))
            return false;
    }
    return true;
}

/* ---- keeping ---- */

static bool keep_sections(struct twins *t, struct err *e)
{
    for (u32 i = 0; i < t->parts[0].count; i++) {
        t->kept[i].len = t->kept[i].at = 0;
        if (!part_save(&t->parts[0].p[i], &t->kept[i], e))
            return false;
    }
    return true;
}

static void keep_pages(struct twins *t, u32 n)
{
    const struct memobj *o = t->m[0]->map.objs[n];
    u8 *stale = t->obj[n].stale;
    u64 count = twins_pages(o);
    for (u64 p = next_page(stale, 0, count); p < count; p = next_page(stale, p + 1, count)) {
        memcpy(t->obj[n].copy + p * PAGE_SIZE, o->host + p * PAGE_SIZE, PAGE_SIZE);
        stale[p] = 0;
        t->stats.pages_kept++;
    }
}

bool twins_keep(struct twins *t, struct err *e)
{
    if (!keep_sections(t, e))
        return false;
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++)
        keep_pages(t, n);
    return true;
}

/* ---- going back ---- */

/* A page that did not change keeps its code. */
static void restore_page(struct twins *t, u32 n, u32 side, u64 page)
{
    struct physmap *map = &t->m[side]->map;
    struct memobj *o = map->objs[n];
    const u8 *from = t->obj[n].copy + page * PAGE_SIZE;
    u8 *to = o->host + page * PAGE_SIZE;
    if (!memcmp(to, from, PAGE_SIZE))
        return;
    memobj_written(map, o, page * PAGE_SIZE, PAGE_SIZE);
    memcpy(to, from, PAGE_SIZE);
    t->stats.pages_restored++;
}

static void restore_memory(struct twins *t, u32 n)
{
    u8 *stale = t->obj[n].stale;
    u64 count = twins_pages(t->m[0]->map.objs[n]);
    for (u32 side = 0; side < 2; side++)
        for (u64 p = 0; p < count; p++)
            stale[p] |= t->m[side]->map.objs[n]->dirty[p];
    for (u64 p = next_page(stale, 0, count); p < count; p = next_page(stale, p + 1, count)) {
        restore_page(t, n, 0, p);
        restore_page(t, n, 1, p);
        stale[p] = 0;
    }
    clear_dirty(t, n);
}

static bool restore_parts(struct twins *t, u32 side, struct err *e)
{
    for (u32 i = 0; i < t->parts[side].count; i++) {
        const struct part *p = &t->parts[side].p[i];
        t->kept[i].at = 0;
        if (p->desc && !section_load(&t->kept[i], p->desc, p->state, e))
            return err_prefix(e, "section '%s'", p->name);
    }
    return parts_resume(t->m[side], &t->parts[side], t->kept, e);
}

bool twins_back(struct twins *t, struct err *e)
{
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++)
        restore_memory(t, n);
    for (u32 side = 0; side < 2; side++) {
        if (!restore_parts(t, side, e))
            return false;
        atomic_store(&t->m[side]->request, 0);
    }
    return true;
}

/* ---- life ---- */

static bool same_shape(const struct twins *t, struct err *e)
{
    const struct machine *a = t->m[0], *b = t->m[1];
    bool same = t->parts[0].count == t->parts[1].count && a->map.obj_count == b->map.obj_count;
    for (u32 i = 0; same && i < t->parts[0].count; i++) {
        const struct part *p = &t->parts[0].p[i], *q = &t->parts[1].p[i];
        same = !strcmp(p->name, q->name) && p->desc == q->desc;
    }
    for (u32 n = 0; same && n < a->map.obj_count; n++)
        same = a->map.objs[n]->size == b->map.objs[n]->size;
    return same || err_set(e, "the two machines are not built alike");
}

static bool first_copy(struct twins *t, u32 n, struct err *e)
{
    const struct memobj *o = t->m[0]->map.objs[n];
    u8 *copy = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (copy == MAP_FAILED)
        return err_set(e, "no memory for a copy of '%s'", o->name);
    t->obj[n].copy = copy;
    if (!(t->obj[n].stale = calloc(twins_pages(o), 1)))
        return err_set(e, "out of memory");
    for (u64 at = 0; at < o->size; at += PAGE_SIZE)
        if (!bytes_are_zero(o->host + at, PAGE_SIZE))
            memcpy(copy + at, o->host + at, PAGE_SIZE);
    return true;
}

static bool start(struct twins *t, struct err *e)
{
    if (!parts_list(&t->parts[0], t->m[0], NULL, 0, e) || !parts_list(&t->parts[1], t->m[1], NULL, 0, e)
        || !same_shape(t, e))
        return false;
    if (!(t->kept = calloc(t->parts[0].count, sizeof *t->kept)))
        return err_set(e, "out of memory");
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++) {
        if (!first_copy(t, n, e))
            return false;
        clear_dirty(t, n);
    }
    if (!same_states(t) || !twins_same_tlb(t) || !twins_same_memory(t))
        return err_set(e, "the two machines differ before the first instruction");
    return twins_keep(t, e);
}

struct twins *twins_open(struct machine *a, struct machine *b, struct err *e)
{
    struct twins *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(e, "out of memory");
        return NULL;
    }
    t->m[0] = a;
    t->m[1] = b;
    if (start(t, e))
        return t;
    twins_close(t);
    return NULL;
}

void twins_close(struct twins *t)
{
    if (!t)
        return;
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++) {
        if (t->obj[n].copy)
            munmap(t->obj[n].copy, t->m[0]->map.objs[n]->size);
        free(t->obj[n].stale);
    }
    for (u32 i = 0; t->kept && i < t->parts[0].count; i++)
        buf_free(&t->kept[i]);
    free(t->kept);
    parts_free(&t->parts[0]);
    parts_free(&t->parts[1]);
    free(t);
}

const struct twins_stats *twins_stats(const struct twins *t)
{
    return &t->stats;
}
