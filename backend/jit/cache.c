/*
 * cache.c - compiled blocks by (memory object, offset, mode): code memory, links, dropped and revived blocks.
 *
 * Code memory is used in chunks, one after the other; when all are used, the oldest one's blocks are dropped for
 * good, so that a full cache costs no more than compiling what was in it. What a block owns beside code counts, too.
 *
 * A write to a block's guest bytes makes it dead: its entry jumps out, so that whatever leads there needs no care. It
 * may be revived when the same bytes are found in its place. When another version takes over, links are taken from
 * the dead ones. Only entries, link jumps and inline caches of code are ever rewritten, always between two runs of
 * code or by C called from it.
 */
#define _GNU_SOURCE
#include "backend/jit/cache.h"
#include "backend/jit/regions.h"
#include "backend/common/common.h"
#include "base/bits.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HASH_BITS 17u
#define HASH (1u << HASH_BITS)

#define SLAB (128ull << 10)
#define READY (128ll << 10)
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; others refuse it */
#endif

/* Memory of a chunk's blocks, links and copies: they go together. */
struct slab {
    struct slab *next;
    size_t       size;
    _Alignas(16) u8 data[];
};

struct chunk {
    u8            *start, *end;
    struct jblock *blocks;   /* by chunk_next */
    struct slab   *slabs;
    u8            *free, *free_end; /* in the first slab */
    u64            meta;     /* bytes that blocks own outside */
};

#define SECOND 4096u /* lists of blocks that cross, by their second page */

struct jit_cache {
    struct chunk   chunk[JIT_CHUNKS];
    u32            cur;
    u8            *at;       /* in the current chunk */
    u8            *ready;    /* behind what has pages there */
    struct jblock *hash[HASH];
    struct jblock *pages[HASH];
    struct jblock *second[SECOND];
};

/* Neighbours in a page are neighbours in the table. */
static u32 hash_of(u64 obj, u64 off, u64 mode)
{
    u64 h = (off >> PAGE_BITS ^ obj << 58 ^ mode << 40 ^ mode >> 24) * 0x9e3779b97f4a7c15;
    return ((u32)(h >> (64 - HASH_BITS)) + (u32)(off >> 2 & (PAGE_SIZE / 4 - 1))) % HASH;
}

static struct jblock **key_list(struct jit_cache *c, const struct memobj *o, u64 off, u64 mode)
{
    return &c->hash[hash_of(o->id, off, mode)];
}

static struct jblock **page_list(struct jit_cache *c, const struct memobj *o, u64 off)
{
    return &c->pages[hash_of(o->id, off & PAGE_MASK, 0)];
}

static struct jblock **second_list(struct jit_cache *c, const struct memobj *o, u64 off)
{
    return &c->second[hash_of(o->id, off & PAGE_MASK, 0) % SECOND];
}

static bool has_key(const struct jblock *b, const struct jit_place *at)
{
    return b->off == at->off && b->obj == at->obj && b->mode == at->mode && b->obj2 == at->obj2
        && b->off2 == at->off2;
}

static u32 page_rest(u64 off) { return (u32)(PAGE_SIZE - (off & (PAGE_SIZE - 1))); }
/* Bytes of a block in its first page. */
static u32 first_len(const struct jblock *b) { return MIN(b->len, page_rest(b->off)); }

/* ---- links ---- */

static void unlink_one(struct jit *j, struct jit_link *l)
{
    if (!l->to)
        return;
    *l->in_at = l->next_in;
    if (l->next_in)
        l->next_in->in_at = l->in_at;
    l->to = NULL;
    if (l->ic)
        l->ic[0] = l->ic[1] = ~0ull;
    x64_link_jump(j, l, l->stub);
}

static void unlink_all_in(struct jit *j, struct jblock *b)
{
    while (b->in)
        unlink_one(j, b->in);
}

void jit_cache_link(struct jit *j, struct jit_link *l, struct jblock *to, u64 pc)
{
    unlink_one(j, l);
    l->to = to;
    l->next_in = to->in;
    l->in_at = &to->in;
    if (to->in)
        to->in->in_at = &l->next_in;
    to->in = l;
    x64_link_jump(j, l, to->entry);
    if (l->ic) {
        l->ic[1] = pc;
        l->ic[0] = j->ctx->key;
    }
    j->stats.links++;
}

/* ---- lists ---- */

static void insert(struct jit_cache *c, struct jblock *b)
{
    struct jblock **h = key_list(c, b->obj, b->off, b->mode), **p = page_list(c, b->obj, b->off);
    b->hash_next = *h;
    *h = b;
    b->page_next = *p;
    *p = b;
    if (b->obj2) {
        p = second_list(c, b->obj2, b->off2);
        b->page2_next = *p;
        *p = b;
    }
    b->hashed = true;
    b->chunk_next = c->chunk[c->cur].blocks;
    c->chunk[c->cur].blocks = b;
}

static void unhash(struct jit_cache *c, struct jblock *b)
{
    struct jblock **h = key_list(c, b->obj, b->off, b->mode), **p = page_list(c, b->obj, b->off);
    if (!b->hashed)
        return;
    while (*h != b)
        h = &(*h)->hash_next;
    *h = b->hash_next;
    while (*p != b)
        p = &(*p)->page_next;
    *p = b->page_next;
    if (b->obj2) {
        p = second_list(c, b->obj2, b->off2);
        while (*p != b)
            p = &(*p)->page2_next;
        *p = b->page2_next;
    }
    b->hashed = false;
}

/* ---- memory of blocks ---- */

static void use_slab(struct chunk *k)
{
    k->free = k->slabs->data;
    k->free_end = (u8 *)k->slabs + k->slabs->size;
}

static void new_slab(struct chunk *k, size_t n)
{
    u64 size = align_up(MAX(SLAB, sizeof(struct slab) + n), PAGE_SIZE);
    struct slab *s = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(s != MAP_FAILED);
    *s = (struct slab){ .next = k->slabs, .size = size };
    k->slabs = s;
    use_slab(k);
}

void *jit_cache_alloc(struct jit *j, size_t n)
{
    struct chunk *k = &j->cache->chunk[j->cache->cur];
    n = (n + 15) & ~(size_t)15;
    if ((size_t)(k->free_end - k->free) < n)
        new_slab(k, n);
    u8 *p = k->free;
    k->free += n;
    return p;
}

static void free_slabs(struct chunk *k)
{
    while (k->slabs) {
        struct slab *next = k->slabs->next;
        munmap(k->slabs, k->slabs->size);
        k->slabs = next;
    }
    k->free = k->free_end = NULL;
}

/* One stays: the chunk is about to be used again. */
static void reset_slabs(struct chunk *k)
{
    while (k->slabs && k->slabs->next) {
        struct slab *next = k->slabs->next;
        munmap(k->slabs, k->slabs->size);
        k->slabs = next;
    }
    if (k->slabs)
        use_slab(k);
}

static u64 meta_of(const struct jblock *b)
{
    return sizeof *b + b->len + b->link_count * sizeof *b->links + b->kept_count * sizeof *b->kept;
}

/* ---- chunks ---- */

static void forget_jumps(struct jit *j, const u8 *start, u64 len)
{
    for (u32 i = 0; i < COUNT(j->ctx->jumps); i++)
        if ((u64)(uintptr_t)j->ctx->jumps[i].code - (u64)(uintptr_t)start < len)
            j->ctx->jumps[i] = (struct jit_jump){ 0 };
}

/* The code map of pages that lost blocks. */
static void recount(struct jit *j, struct memobj *o, u64 off)
{
    struct physmap *m = j->v->mmu.map;
    if (m->code_written && o->code[off >> PAGE_BITS])
        m->code_written(m->code_opaque, o, off, 0);
}

static void recount_pages(struct jit *j, const struct jblock *list)
{
    u64 page = ~0ull;
    for (const struct jblock *b = list; b; b = b->chunk_next) {
        if (b->obj2)
            recount(j, b->obj2, b->off2);
        if (b->off >> PAGE_BITS == page)
            continue;
        page = b->off >> PAGE_BITS;
        recount(j, b->obj, b->off);
    }
}

static void empty_chunk(struct jit *j, struct chunk *k)
{
    struct jit_cache *c = j->cache;
    for (struct jblock *b = k->blocks; b; b = b->chunk_next) {
        jit_regions_forget(j, b, false);
        unlink_all_in(j, b);
        for (u32 n = 0; n < b->link_count; n++)
            unlink_one(j, &b->links[n]);
        unhash(c, b);
    }
    forget_jumps(j, k->start + j->delta, (u64)(k->end - k->start));
    recount_pages(j, k->blocks);
    reset_slabs(k);
    k->blocks = NULL;
    k->meta = 0;
}

static void use_chunk(struct jit *j, u32 n)
{
    struct jit_cache *c = j->cache;
    c->cur = n;
    if (c->chunk[n].blocks) {
        empty_chunk(j, &c->chunk[n]);
        j->stats.evictions++;
    }
    c->at = c->ready = c->chunk[n].start;
}

/* Pages for what comes next, many at a time: a fault for each costs as much as translating some ten instructions. */
static void make_ready(struct jit_cache *c)
{
    u8 *from = (u8 *)align_down((u64)(uintptr_t)c->ready, PAGE_SIZE), *end = c->chunk[c->cur].end;
    if (c->at + READY / 2 < c->ready || c->ready == end)
        return;
    c->ready += MIN(READY, end - c->ready);
    (void)madvise(from, (size_t)(c->ready - from), MADV_POPULATE_WRITE);
}

static void next_chunk(struct jit *j)
{
    use_chunk(j, (j->cache->cur + 1) % JIT_CHUNKS);
}

void jit_cache_flush(struct jit *j)
{
    struct jit_cache *c = j->cache;
    for (u32 n = 0; n < JIT_CHUNKS; n++)
        empty_chunk(j, &c->chunk[n]);
    memset(j->ctx->jumps, 0, sizeof j->ctx->jumps);
    j->stats.evictions++;
    if (j->regions)
        jit_regions_flush(j);
    use_chunk(j, 0);
}

/* ---- compiling ---- */

static struct jblock *new_block(struct jit *j, const struct jit_place *at)
{
    u32 room = page_rest(at->off), len = MAX(j->ir.guest_len, 1u);
    if (!at->obj2)
        len = MIN(len, room);
    struct jblock *b = jit_cache_alloc(j, sizeof *b + len);
    *b = (struct jblock){ .obj = at->obj, .off = at->off, .obj2 = at->obj2, .off2 = at->off2, .mode = at->mode,
                          .len = len,
                          .insns = j->ir.insns };
    memcpy(b->guest, at->obj->host + at->off, MIN(len, room));
    if (at->obj2)
        memcpy(b->guest + room, at->obj2->host + at->off2, len - room);
    return b;
}

/* False: the instruction goes on in another page. */
static bool lift(struct jit *j, const struct jit_place *at, u32 max_insns)
{
    if (at->obj2)
        engine_lift_crossing(j->v, at->obj, at->off, at->obj2, at->off2, at->mode, &j->ir);
    else
        engine_lift(j->v, at->obj, at->off, at->mode, max_insns, &j->ir);
    if (!j->ir.guest_len)
        return false;
    ir_passes(&j->ir);
#ifdef MYNAH_DEBUG
    struct err e;
    if (!ir_verify(&j->ir, &e)) {
        fprintf(stderr, "ir_verify: %s\n", e.msg);
        ir_print(&j->ir, stderr);
        CHECK(!"the passes made bad IR");
    }
#endif
    engine_log_op(j->v, at->obj, at->off, at->mode, &j->ir);
    return true;
}

/* A block with code at the cache's end; NULL: it is not to be had. Makes room as need be. */
static struct jblock *place(struct jit *j, const struct jit_place *at)
{
    struct jit_cache *c = j->cache;
    if (c->chunk[c->cur].meta > 2 * (u64)(c->chunk[c->cur].end - c->chunk[c->cur].start))
        next_chunk(j);
    for (;;) {
        struct chunk *k = &c->chunk[c->cur];
        make_ready(c);
        struct jblock *b = new_block(j, at);
        enum x64_result r = x64_compile(j, b, &j->ir, c->at, k->end);
        if (r == X64_OK)
            return b;
        k->free = (u8 *)b; /* its memory, the last that was given away, is free again */
        if (r != X64_FULL || c->at == k->start)
            return NULL;
        next_chunk(j);
    }
}

static struct jblock *place_interp(struct jit *j, const struct jit_place *at)
{
    struct jit_cache *c = j->cache;
    struct jblock *b = new_block(j, at);
    if (x64_interp_block(j, b, c->at, c->chunk[c->cur].end))
        return b;
    next_chunk(j);
    b = new_block(j, at);
    CHECK(x64_interp_block(j, b, c->at, c->chunk[c->cur].end));
    return b;
}

static u64 now_ns(const struct jit *j)
{
    return j->v->m->host_ns ? j->v->m->host_ns() : 0;
}

static void publish(struct jit *j, struct jblock *b, u64 since)
{
    struct jit_cache *c = j->cache;
    c->at = (u8 *)align_up((u64)(uintptr_t)(c->at + b->code_len), 16);
    c->at = MIN(c->at, c->chunk[c->cur].end);
    c->chunk[c->cur].meta += meta_of(b);
    insert(c, b);
    j->stats.blocks++;
    j->stats.guest_insns += b->insns;
    j->stats.code_bytes += b->code_len;
    j->stats.translate_ns += now_ns(j) - since;
    jit_log_code(j, b);
}

static struct jblock *compile(struct jit *j, const struct jit_place *at)
{
    u64 since = now_ns(j);
    for (u32 max = JIT_BLOCK_INSNS;;) {
        if (!lift(j, at, max))
            return NULL;
        struct jblock *b = place(j, at);
        if (!b && (j->ir.insns <= 1 || max == 1))
            b = place_interp(j, at);
        if (b) {
            publish(j, b, since);
            return b;
        }
        max = MIN(max, j->ir.insns) / 2;
    }
}

/* ---- finding ---- */

struct jblock *jit_cache_find(struct jit *j, const struct memobj *o, u64 off, u64 mode)
{
    for (struct jblock *b = *key_list(j->cache, o, off, mode); b; b = b->hash_next)
        if (!b->dead && b->off == off && b->obj == o && b->mode == mode)
            return b;
    return NULL;
}

struct jblock *jit_cache_covering(struct jit *j, const struct memobj *o, u64 off, u64 mode)
{
    for (struct jblock *b = *page_list(j->cache, o, off); b; b = b->page_next)
        if (!b->dead && b->obj == o && b->mode == mode && off - b->off < b->len)
            return b;
    return NULL;
}

/* A dead version whose bytes are there again. (Nobody writes between comparing and the end of rights to write.) */
static bool same_bytes(const struct jblock *b)
{
    u32 n = first_len(b);
    return !memcmp(b->guest, b->obj->host + b->off, n) && (!b->obj2 || !memcmp(b->guest + n, b->obj2->host + b->off2,
                                                                               b->len - n));
}

static struct jblock *revive(struct jit *j, const struct jit_place *at)
{
    for (struct jblock *b = *key_list(j->cache, at->obj, at->off, at->mode); b; b = b->hash_next) {
        if (!has_key(b, at) || !same_bytes(b))
            continue;
        memobj_add_code(j->v->mmu.map, b->obj, b->off, first_len(b));
        if (b->obj2)
            memobj_add_code(j->v->mmu.map, b->obj2, b->off2, b->len - first_len(b));
        x64_entry_restore(j, b);
        b->dead = false;
        j->stats.revived++;
        return b;
    }
    return NULL;
}

/* `now` is the block of its key: nothing leads to older ones any more, and few of them are remembered. */
static void supersede(struct jit *j, const struct jit_place *at, const struct jblock *now)
{
    struct jblock *next;
    u32 n = 0;
    for (struct jblock *b = *key_list(j->cache, now->obj, now->off, now->mode); b; b = next) {
        next = b->hash_next;
        if (b == now || !has_key(b, at))
            continue;
        unlink_all_in(j, b);
        if (++n > JIT_DEAD_VERSIONS)
            unhash(j->cache, b);
    }
}

struct jblock *jit_cache_get(struct jit *j, const struct jit_place *at)
{
    bool dead = false;
    for (struct jblock *b = *key_list(j->cache, at->obj, at->off, at->mode); b; b = b->hash_next) {
        if (!has_key(b, at))
            continue;
        if (!b->dead)
            return b;
        dead = true;
    }
    if (!dead)
        return compile(j, at);
    struct jblock *b = revive(j, at);
    if (!b)
        b = compile(j, at);
    if (b)
        supersede(j, at, b);
    return b;
}

/* ---- guest code changes ---- */

static void drop(struct jit *j, struct jblock *b)
{
    jit_regions_forget(j, b, true);
    x64_entry_jump(j, b, j->t.leave[JX_DEAD]);
    b->dead = true;
    j->stats.dropped++;
}

/* Blocks whose second page is the one at off. */
static void drop_second(struct jit *j, struct memobj *o, u64 off, u64 len)
{
    for (struct jblock *b = *second_list(j->cache, o, off); b; b = b->page2_next) {
        u32 len2 = b->len - first_len(b);
        if (b->dead || b->obj2 != o || b->off2 >> PAGE_BITS != off >> PAGE_BITS)
            continue;
        if (len && b->off2 < off + len && off < b->off2 + len2)
            drop(j, b);
        else
            o->code[off >> PAGE_BITS] |= engine_code_bits(b->off2, len2);
    }
}

void jit_cache_drop(struct jit *j, struct memobj *o, u64 off, u64 len)
{
    u64 page = off >> PAGE_BITS;
    drop_second(j, o, off, len);
    for (struct jblock *b = *page_list(j->cache, o, off); b; b = b->page_next) {
        if (b->dead || b->obj != o || b->off >> PAGE_BITS != page)
            continue;
        if (len && b->off < off + len && off < b->off + first_len(b))
            drop(j, b);
        else
            o->code[page] |= engine_code_bits(b->off, first_len(b));
    }
}

/* ---- life ---- */

bool jit_cache_new(struct jit *j, u64 size, struct err *e)
{
    if (!jit_mem_new(j, size, e))
        return false;
    struct jit_cache *c = j->cache = aligned_alloc(JIT_LARGE_PAGE, align_up(sizeof *c, JIT_LARGE_PAGE));
    CHECK(c);
    (void)madvise(c, sizeof *c, MADV_HUGEPAGE);
    memset(c, 0, sizeof *c);
    j->ctx->v = j->v;
    j->ctx->jit = j;
    u8 *at = j->base;
    if (!x64_attach(j, &at, j->base + j->size, e)) {
        jit_cache_free(j);
        return false;
    }
    at = (u8 *)align_up((u64)(uintptr_t)at, 64);
    u64 each = align_down((u64)(j->base + j->size - at) / JIT_CHUNKS, 64);
    for (u32 n = 0; n < JIT_CHUNKS; n++)
        c->chunk[n] = (struct chunk){ .start = at + n * each, .end = at + (n + 1) * each };
    use_chunk(j, 0);
    return true;
}

/* With its vCPU: no code map is counted again, other vCPUs may be gone already. */
void jit_cache_free(struct jit *j)
{
    if (!j->cache)
        return;
    for (u32 n = 0; n < JIT_CHUNKS; n++)
        free_slabs(&j->cache->chunk[n]);
    x64_detach(j);
    free(j->cache);
    j->cache = NULL;
    jit_mem_free(j);
}
