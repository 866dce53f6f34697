/*
 * state_hash.c - the state hash: one number for all that a guest can observe. Definition: docs/snapshot.md.
 *
 * Not part of it: whatever is derived (TLB, translated code, fields marked `cache`), wiring, host time.
 */
#include "base/hash.h"
#include "snapshot/snapshot.h"
#include <stdio.h>
#include <stdlib.h>

static void add_u32(struct hash_stream *s, u32 v)
{
    hash_add(s, &v, 4);
}

static void add_text(struct hash_stream *s, const char *text)
{
    u32 n = (u32)strlen(text);
    add_u32(s, n);
    hash_add(s, text, n);
}

static void add_state(struct hash_stream *s, const char *name, const struct state_desc *d, const void *state)
{
    add_text(s, name);
    for (u32 i = 0; i < d->field_count; i++) {
        const struct state_field *f = &d->fields[i];
        if (f->cache)
            continue;
        add_text(s, f->name);
        add_u32(s, f->size);
        add_u32(s, f->count);
        hash_add(s, (const u8 *)state + f->offset, (u64)f->size * f->count);
    }
}

/* ---- memory ---- */

/* A page of zeros counts nothing, so that memory that was never touched costs nothing. */
static u128 page_hash(const struct memobj *o, u64 page)
{
    const u8 *p = o->host + page * PAGE_SIZE;
    if (bytes_are_zero(p, PAGE_SIZE))
        return 0;
    struct hash128 h = hash_bytes(page, p, PAGE_SIZE);
    return (u128)h.hi << 64 | h.lo;
}

/* Sum over all pages, from scratch; remembers each when there is memory for that. */
static u128 sum_all(struct physmap *map, struct memobj *o, u128 **pages)
{
    u64 count = o->size / PAGE_SIZE;
    u128 sum = 0;
    *pages = calloc(count, sizeof **pages);
    if (*pages)
        memobj_dirty_clear(map, o);
    for (u64 i = 0; i < count; i++) {
        u128 h = page_hash(o, i);
        sum += h;
        if (*pages && h)
            (*pages)[i] = h;
    }
    return sum;
}

static u128 sum_dirty(struct physmap *map, struct memobj *o, u128 *pages, u128 sum)
{
    u64 count = o->size / PAGE_SIZE;
    for (u64 i = 0; i < count; i++) {
        const u8 *d = memchr(o->dirty + i, 1, count - i);
        if (!d)
            break;
        i = (u64)(d - o->dirty);
        u128 h = page_hash(o, i);
        sum += h - pages[i];
        if (h != pages[i])
            pages[i] = h;
    }
    memobj_dirty_clear(map, o);
    return sum;
}

static void add_memory(struct hash_stream *s, struct machine *m, struct hash_state *h)
{
    for (u32 i = 0; i < m->map.obj_count; i++) {
        struct memobj *o = m->map.objs[i];
        h->obj[i].sum = h->obj[i].page ? sum_dirty(&m->map, o, h->obj[i].page, h->obj[i].sum)
                                       : sum_all(&m->map, o, &h->obj[i].page);
        add_text(s, o->name);
        hash_add(s, &o->size, 8);
        hash_add(s, &h->obj[i].sum, 16);
    }
}

void hash_state_free(struct hash_state *h)
{
    for (u32 i = 0; i < PHYSMAP_OBJS; i++)
        free(h->obj[i].page);
    *h = (struct hash_state){ 0 };
}

/* ---- all of it ---- */

static void add_cpu(struct hash_stream *s, const struct vcpu *v)
{
    char name[32];
    snprintf(name, sizeof name, "cpu%u", v->index);
    add_state(s, name, &vcpu_state_desc, &v->s);
    snprintf(name, sizeof name, "cpu%u/state", v->index);
    add_state(s, name, v->guest->desc, v->state);
}

static void add_devs(struct hash_stream *s, const struct machine *m)
{
    for (u32 i = 0; i < m->dev_count; i++) {
        struct dev *d = m->devs[i];
        if (!d->cls->state)
            continue;
        add_text(s, d->path);
        add_state(s, d->cls->name, d->cls->state, dev_state(d));
    }
}

void snapshot_hash(struct machine *m, struct hash_state *h, u8 out[16])
{
    struct hash_stream s;
    struct machine_state ms = m->s;
    if (m->clock == CLOCK_ICOUNT)
        ms.clock_ns = 0; /* time is idle_ns and the instruction count */
    hash_start(&s, 1);   /* version of the definition */
    add_text(&s, m->name);
    add_state(&s, "machine", &machine_state_desc, &ms);
    for (u32 i = 0; i < m->cpu_count; i++)
        add_cpu(&s, m->cpus[i]);
    add_devs(&s, m);
    add_memory(&s, m, h);
    struct hash128 sum = hash_end(&s);
    store_le64(out, sum.lo);
    store_le64(out + 8, sum.hi);
}
