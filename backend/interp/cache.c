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
}

static struct iblock *lift(struct interp *t, struct memobj *o, u64 off, u64 mode)
{
    u64 bytes = 0;
    engine_lift(t->v, o, off, mode, t->max_insns, &t->ir);
    struct iblock *b = interp_lower(t, &t->ir, &bytes);
    if (log_on(&t->v->m->log, LOG_op)) { /* for people: this engine runs the IR as lifted */
        ir_passes(&t->ir);
        engine_log_op(t->v, o, off, mode, &t->ir);
    }
    b->obj = o;
    b->off = off;
    b->mode = mode;
    t->bytes += bytes;
    insert(t, b);
    return b;
}

struct iblock *interp_find(struct interp *t, struct memobj *o, u64 off, u64 mode)
{
    for (struct iblock *b = t->hash[hash_of(o->id, off, mode)]; b; b = b->hash_next)
        if (b->off == off && b->obj == o && b->mode == mode)
            return b;
    return lift(t, o, off, mode);
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
    *j = (struct interp_jump){ .pc = pc, .mode = mode, .epoch = v->mmu.epoch, .b = b };
    return b;
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

void interp_drop(struct interp *t, struct memobj *o, u64 off, u64 len)
{
    u64 page = off >> PAGE_BITS;
    for (struct iblock **at = page_list(t, o, off); *at;) {
        struct iblock *b = *at;
        bool here = b->obj == o && b->off >> PAGE_BITS == page;
        if (here && len && b->off < off + len && off < b->off + b->len) {
            *at = b->page_next;
            unhash(t, b);
            continue;
        }
        if (here)
            o->code[page] |= engine_code_bits(b->off, b->len);
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
    for (const struct iblock *b = list; b; b = b->hash_next)
        if (m->code_written && b->obj->code[b->off >> PAGE_BITS])
            m->code_written(m->code_opaque, b->obj, b->off, 0);
}

static void free_blocks(struct interp *t, bool count)
{
    memset(t->pages, 0, sizeof t->pages);
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
    if (!t) {
        err_set(e, "out of memory for the interpreter");
        return NULL;
    }
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
    free(t);
}

/* Called between runs or from a helper inside one: blocks are freed at the next entry. */
void interp_flush(struct interp *t)
{
    t->flush_wanted = true;
}
