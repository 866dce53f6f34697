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
    struct vcpu *v = t->v;
    struct guest_code code = { .bytes = o->host + off, .avail = (u32)(PAGE_SIZE - (off & (PAGE_SIZE - 1))),
                               .max_insns = 64 };
    u64 bytes = 0;
    /* Rights are revoked before the bytes are read, so that a later write is seen. The block's length is not
     * known yet: claim the most it can have. */
    memobj_add_code(v->mmu.map, o, off, MIN(code.avail, code.max_insns * 4u));
    v->guest->lift(v, mode, &code, &t->ir);
    if (log_on(&v->m->log, LOG_ir)) {
        fprintf(v->m->log.out, "ir: block at %s+%#llx mode %#llx\n", o->name, (unsigned long long)off,
                (unsigned long long)mode);
        ir_print(&t->ir, v->m->log.out);
    }
#ifdef MYNAH_DEBUG
    struct err e;
    if (!ir_verify(&t->ir, &e)) {
        fprintf(stderr, "ir_verify: %s\n", e.msg);
        ir_print(&t->ir, stderr);
        CHECK(!"the lifter made bad IR");
    }
#endif
    struct iblock *b = interp_lower(t, &t->ir, &bytes);
    if (log_on(&v->m->log, LOG_op)) { /* for people: this engine runs the IR as lifted */
        ir_passes(&t->ir);
        fprintf(v->m->log.out, "op: block at %s+%#llx mode %#llx\n", o->name, (unsigned long long)off,
                (unsigned long long)mode);
        ir_print(&t->ir, v->m->log.out);
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

static u64 granules(u64 off, u64 len)
{
    u64 first = (off & (PAGE_SIZE - 1)) / 64, last = ((off + len - 1) & (PAGE_SIZE - 1)) / 64;
    return (last == 63 ? ~0ull : (1ull << (last + 1)) - 1) & ~((1ull << first) - 1);
}

static void drop_in_page(struct interp *t, struct memobj *o, u64 page, u64 off, u64 len)
{
    u64 still = 0;
    for (struct iblock **at = page_list(t, o, page << PAGE_BITS); *at;) {
        struct iblock *b = *at;
        bool here = b->obj == o && b->off >> PAGE_BITS == page;
        if (here && b->off < off + len && off < b->off + b->len) {
            *at = b->page_next;
            unhash(t, b);
            continue;
        }
        if (here)
            still |= granules(b->off, b->len);
        at = &b->page_next;
    }
    o->code[page] = still;
}

void interp_code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    for (u64 p = off >> PAGE_BITS; len && p <= (off + len - 1) >> PAGE_BITS; p++)
        if (o->code[p])
            drop_in_page(v->engine_data, o, p, off, len);
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

void interp_free_all(struct interp *t)
{
    for (u32 i = 0; i < INTERP_HASH; i++)
        for (struct iblock *b = t->hash[i]; b; b = b->hash_next)
            b->obj->code[b->off >> PAGE_BITS] = 0;
    for (u32 i = 0; i < INTERP_HASH; i++)
        free_list(t->hash[i]);
    free_list(t->all);
    t->all = NULL;
    memset(t->hash, 0, sizeof t->hash);
    memset(t->pages, 0, sizeof t->pages);
    memset(t->jumps, 0, sizeof t->jumps);
    t->bytes = 0;
    t->flush_wanted = false;
}
