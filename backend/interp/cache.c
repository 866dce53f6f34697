/*
 * cache.c - blocks of the interpreter by (memory object, offset, mode), and what a write to code drops.
 *
 * Dropped blocks stay allocated until the whole cache is emptied, since others may point at them.
 */
#include "backend/interp/interp.h"
#include <stdlib.h>
#include <string.h>

static u32 hash_of(u64 obj, u64 off, u64 mode)
{
    u64 h = (off ^ obj << 58 ^ mode << 40) * 0x9e3779b97f4a7c15;
    return (u32)(h >> 40) & (INTERP_HASH - 1);
}

static struct iblock **page_list(struct interp *t, const struct memobj *o, u64 off)
{
    return &t->pages[hash_of(o->id, off >> PAGE_BITS, 0)];
}

static void insert(struct interp *t, struct iblock *b)
{
    struct iblock **h = &t->hash[hash_of(b->obj->id, b->off, b->mode)], **p = page_list(t, b->obj, b->off);
    b->hash_next = *h;
    *h = b;
    b->page_next = *p;
    *p = b;
    if (b->obj2) {
        p = &t->pages2[hash_of(b->obj2->id, b->off2 >> PAGE_BITS, 0)];
        b->page2_next = *p;
        *p = b;
    }
}

/* The block of t->ir. */
static struct iblock *keep(struct interp *t, struct memobj *o, u64 off, struct memobj *o2, u64 off2, u64 mode)
{
    u64 bytes = 0;
    struct iblock *b = interp_lower(t, &t->ir, &bytes);
    if (log_on(&t->v->m->log, LOG_op)) { /* for people: this engine runs the IR as lifted */
        ir_passes(&t->ir);
        engine_log_op(t->v, o, off, mode, &t->ir);
    }
    b->obj = o;
    b->off = off;
    b->obj2 = o2;
    b->off2 = off2;
    b->mode = mode;
    t->bytes += bytes;
    insert(t, b);
    return b;
}

struct iblock *interp_find(struct interp *t, struct memobj *o, u64 off, u64 mode)
{
    for (struct iblock *b = t->hash[hash_of(o->id, off, mode)]; b; b = b->hash_next)
        if (b->off == off && b->obj == o && b->mode == mode && !b->obj2)
            return b;
    engine_lift(t->v, o, off, mode, t->max_insns, &t->ir);
    return t->ir.guest_len ? keep(t, o, off, NULL, 0, mode) : NULL;
}

/* The instruction at pc goes on in the next page. NULL: a fault there was taken. */
static struct iblock *find_crossing(struct interp *t, struct memobj *o, u64 off, gva pc, u64 mode)
{
    struct vcpu *v = t->v;
    struct memobj *o2;
    u64 off2;
    if (mmu_fetch(&v->mmu, (pc & PAGE_MASK) + PAGE_SIZE, mode & 15, &o2, &off2) != MMU_OK) {
        v->guest->fault(v, &v->mmu.fault);
        return NULL;
    }
    for (struct iblock *b = t->hash[hash_of(o->id, off, mode)]; b; b = b->hash_next)
        if (b->off == off && b->obj == o && b->mode == mode && b->obj2 == o2 && b->off2 == off2)
            return b;
    engine_lift_crossing(v, o, off, o2, off2, mode, &t->ir);
    return keep(t, o, off, o2, off2, mode);
}

struct iblock *interp_lookup(struct interp *t, gva pc, u64 mode)
{
    struct vcpu *v = t->v;
    struct interp_jump *j = &t->jumps[(pc >> 2 ^ pc >> 14) & (INTERP_JUMPS - 1)];
    if (LIKELY(j->pc == pc && j->mode == mode && j->epoch == v->mmu.epoch && j->b && !j->b->dead))
        return j->b;
    struct memobj *o;
    u64 off;
    if (!v->guest->fetch_ok(v))
        return NULL;
    if (mmu_fetch(&v->mmu, pc, mode & 15, &o, &off) != MMU_OK) {
        v->guest->fault(v, &v->mmu.fault);
        return NULL;
    }
    struct iblock *b = interp_find(t, o, off, mode);
    if (!b)
        b = find_crossing(t, o, off, pc, mode);
    if (!b)
        return NULL;
    *j = (struct interp_jump){ .pc = pc, .mode = mode, .epoch = v->mmu.epoch, .b = b };
    return b;
}

static void unlist(struct iblock **at, const struct iblock *b, bool second)
{
    while (*at != b)
        at = second ? &(*at)->page2_next : &(*at)->page_next;
    *at = second ? b->page2_next : b->page_next;
}

static void unhash(struct interp *t, struct iblock *b)
{
    struct iblock **at = &t->hash[hash_of(b->obj->id, b->off, b->mode)];
    while (*at != b)
        at = &(*at)->hash_next;
    *at = b->hash_next;
    b->dead = true;
    b->hash_next = t->all;
    t->all = b;
}

static u32 page_rest(u64 off)
{
    return (u32)(PAGE_SIZE - (off & (PAGE_SIZE - 1)));
}

/* Blocks whose second page is the one at off. */
static void drop_second(struct interp *t, struct memobj *o, u64 off, u64 len)
{
    for (struct iblock **at = &t->pages2[hash_of(o->id, off >> PAGE_BITS, 0)]; *at;) {
        struct iblock *b = *at;
        bool here = b->obj2 == o && b->off2 >> PAGE_BITS == off >> PAGE_BITS;
        u32 len2 = b->len - page_rest(b->off);
        if (here && len && b->off2 < off + len && off < b->off2 + len2) {
            *at = b->page2_next;
            unlist(page_list(t, b->obj, b->off), b, false);
            unhash(t, b);
            continue;
        }
        if (here)
            o->code[off >> PAGE_BITS] |= engine_code_bits(b->off2, len2);
        at = &b->page2_next;
    }
}

void interp_drop(struct interp *t, struct memobj *o, u64 off, u64 len)
{
    u64 page = off >> PAGE_BITS;
    drop_second(t, o, off, len);
    for (struct iblock **at = page_list(t, o, off); *at;) {
        struct iblock *b = *at;
        bool here = b->obj == o && b->off >> PAGE_BITS == page;
        if (here && len && b->off < off + len && off < b->off + MIN(b->len, page_rest(b->off))) {
            *at = b->page_next;
            if (b->obj2)
                unlist(&t->pages2[hash_of(b->obj2->id, b->off2 >> PAGE_BITS, 0)], b, true);
            unhash(t, b);
            continue;
        }
        if (here)
            o->code[page] |= engine_code_bits(b->off, MIN(b->len, page_rest(b->off)));
        at = &b->page_next;
    }
}

static void free_list(struct iblock *b)
{
    while (b) {
        struct iblock *n = b->hash_next;
        free(b->ops);
        free(b->ins);
        free(b->values);
        free(b);
        b = n;
    }
}

/* The code map after everything was dropped. */
static void recount(struct physmap *m, const struct iblock *list)
{
    for (const struct iblock *b = list; b; b = b->hash_next) {
        if (m->code_written && b->obj->code[b->off >> PAGE_BITS])
            m->code_written(m->code_opaque, b->obj, b->off, 0);
        if (m->code_written && b->obj2 && b->obj2->code[b->off2 >> PAGE_BITS])
            m->code_written(m->code_opaque, b->obj2, b->off2, 0);
    }
}

static void free_blocks(struct interp *t, bool count)
{
    memset(t->pages, 0, sizeof t->pages);
    memset(t->pages2, 0, sizeof t->pages2);
    memset(t->jumps, 0, sizeof t->jumps);
    for (u32 i = 0; i < INTERP_HASH; i++) {
        if (count)
            recount(t->v->mmu.map, t->hash[i]);
        free_list(t->hash[i]);
    }
    free_list(t->all);
    t->all = NULL;
    memset(t->hash, 0, sizeof t->hash);
    t->bytes = 0;
    t->flush_wanted = false;
}

void interp_free_all(struct interp *t)
{
    free_blocks(t, true);
}

struct interp *interp_new(struct vcpu *v, u32 max_insns, u64 max_bytes, struct err *e)
{
    struct interp *t = calloc(1, sizeof *t);
    struct low *low = interp_low_new();
    if (!t || !low) {
        free(t);
        free(low);
        err_set(e, "out of memory for the interpreter");
        return NULL;
    }
    t->low = low;
    t->v = v;
    t->labels = interp_labels();
    t->max_insns = max_insns;
    t->max_bytes = max_bytes;
    return t;
}

/* With its vCPU: the code map has no more meaning, other vCPUs may be gone already. */
void interp_free(struct interp *t)
{
    free_blocks(t, false);
    free(t->low);
    free(t);
}

/* Called between runs or from a helper inside one: blocks are freed at the next entry. */
void interp_flush(struct interp *t)
{
    t->flush_wanted = true;
}
