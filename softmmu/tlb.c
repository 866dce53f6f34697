/*
 * tlb.c - address spaces, fills, victims, flushes, revoked rights.
 *
 * A table per (address space, MMU mode), direct mapped with eight victims in turn. What a table holds follows
 * from the accesses and flushes alone. Tags are derived: tlb_retag() is the only place that
 * decides what may go fast.
 *
 * Epochs belong to address spaces. A shortcut from a virtual address to code was made under an entry that could be
 * fetched from, so only maintenance that reaches such an entry, or one evicted since (`lost`), ends it.
 *
 * Not modelled: separate instruction and data TLBs, address spaces by virtual machine.
 */
#include "softmmu/internal.h"
#include <string.h>
#include <sys/mman.h>

#define PAGE_NR_BITS 44u /* address bits 12..55 */
#define TABLES (MMU_CTXS * MMU_TABLES + 1)
#define TABLE_STRIDE ((sizeof(struct tlb) + 63) & ~63ull)

static const struct tlb_range no_range = { ~0ull, 0 };
static const struct tlb_entry no_entry = { TLB_EMPTY, TLB_EMPTY, TLB_EMPTY, 0 };

static u64 page_nr(gva va) { return va << 8 >> 20; }

static bool range_has(const struct tlb_range *r, u64 nr) { return nr - r->lo <= r->hi - r->lo && r->lo <= r->hi; }

void tlb_range_add(struct tlb_range *r, gva va, u32 page_bits)
{
    u64 low = bits_mask(MIN(page_bits - PAGE_BITS, PAGE_NR_BITS)), nr = page_nr(va);
    r->lo = MIN(r->lo, nr & ~low);
    r->hi = MAX(r->hi, nr | low);
}

/* ---- mappings above PAGE_SIZE ---- */

#define MEDIUM_BITS 21u /* of the largest mapping that the filter knows */

static u32 medium_bit(u64 nr)
{
    return (u32)((nr >> (MEDIUM_BITS - PAGE_BITS)) * 0x9e3779b97f4a7c15ull >> 56);
}

void tlb_note_large(struct tlb *t, gva va, u32 page_bits)
{
    u32 bit = medium_bit(page_nr(va));
    if (page_bits > MEDIUM_BITS)
        tlb_range_add(&t->large, va, page_bits);
    else
        t->medium[bit / 64] |= 1ull << bit % 64;
}

/* May the page be in such a mapping? */
static bool is_in_large(const struct tlb *t, u64 nr)
{
    u32 bit = medium_bit(nr);
    return t->medium[bit / 64] >> bit % 64 & 1 || range_has(&t->large, nr);
}

/* The mapping that an entry was made from covers page nr. */
static bool covers(struct tlb_slot s, u64 nr)
{
    u32 bits = s.i->page_bits - PAGE_BITS;
    return bits >= PAGE_NR_BITS || !((page_nr(tlb_page(s.e)) ^ nr) >> bits);
}

void tlb_new_epoch(struct mmu *u, struct tlb_ctx *c)
{
    c->epoch = u->epoch_next++;
    c->lost = no_range;
    if (c == u->ctx)
        u->epoch = c->epoch;
}

void mmu_new_epoch(struct mmu *u)
{
    for (u32 i = 0; i < MMU_CTXS; i++)
        tlb_new_epoch(u, &u->ctxs[i]);
}

/* ---- tables ---- */

static struct tlb_slot main_slot(struct tlb *t, u32 i) { return (struct tlb_slot){ &t->e[i], &t->i[i] }; }
static struct tlb_slot victim_slot(struct tlb *t, u32 i) { return (struct tlb_slot){ &t->ve[i], &t->vi[i] }; }

/* Slot k of all that may be live: the used ones, then the victims. */
static u32 slot_count(const struct tlb *t) { return t->used_count + TLB_VICTIMS; }
static struct tlb_slot slot_at(struct tlb *t, u32 k)
{
    return k < t->used_count ? main_slot(t, t->used[k]) : victim_slot(t, k - t->used_count);
}

static struct tlb *pool_table(struct mmu *u, u32 n)
{
    struct tlb *t = (struct tlb *)(void *)(u->pool + n * TABLE_STRIDE);
    for (u32 i = 0; i < TLB_ENTRIES; i++)
        t->e[i] = no_entry;
    for (u32 i = 0; i < TLB_VICTIMS; i++)
        t->ve[i] = no_entry;
    t->large = no_range;
    memset(t->medium, 0, sizeof t->medium);
    return t;
}

struct tlb *tlb_table(struct mmu *u, struct tlb_ctx *c, u32 mode)
{
    if (!c->mode[mode]) {
        c->mode[mode] = pool_table(u, (u32)(c - u->ctxs) * MMU_TABLES + mode);
        if (c == u->ctx)
            u->cur[mode] = c->mode[mode];
    }
    return c->mode[mode];
}

static void empty_table(struct tlb *t)
{
    for (u32 k = 0; k < t->used_count; k++) {
        t->e[t->used[k]] = no_entry;
        t->i[t->used[k]].listed = false;
    }
    for (u32 k = 0; k < TLB_VICTIMS; k++)
        t->ve[k] = no_entry;
    t->used_count = t->victim_next = 0;
    t->large = no_range;
    memset(t->medium, 0, sizeof t->medium);
}

static void empty_ctx(struct mmu *u, struct tlb_ctx *c)
{
    for (u32 m = 0; m < MMU_TABLES; m++)
        if (c->mode[m])
            empty_table(c->mode[m]);
    c->global = no_range;
    tlb_new_epoch(u, c);
}

/* ---- address spaces ---- */

void tlb_set_ctx(struct mmu *u, struct tlb_ctx *c)
{
    u->ctx = c;
    u->epoch = c->epoch;
    for (u32 i = 0; i < MMU_TABLES; i++)
        u->cur[i] = c->mode[i] ? c->mode[i] : u->empty;
}

void tlb_reset(struct mmu *u)
{
    for (u32 i = 0; i < MMU_CTXS; i++) {
        empty_ctx(u, &u->ctxs[i]);
        u->ctxs[i].live = false;
        u->ctxs[i].key = u->ctxs[i].stamp = 0;
    }
    u->stamp = 0;
    u->ctxs[0].live = true;
    tlb_set_ctx(u, &u->ctxs[0]);
}

/* A context for a key that has none: a free one, else the least recently used one. */
static struct tlb_ctx *recycle(struct mmu *u, u64 key)
{
    struct tlb_ctx *c = &u->ctxs[0];
    for (u32 i = 0; i < MMU_CTXS && c->live; i++)
        if (!u->ctxs[i].live || u->ctxs[i].stamp < c->stamp)
            c = &u->ctxs[i];
    if (c->live)
        empty_ctx(u, c);
    c->live = true;
    c->key = key;
    return c;
}

void mmu_select(struct mmu *u, u64 key)
{
    if (LIKELY(u->ctx->key == key))
        return;
    struct tlb_ctx *c = NULL;
    for (u32 i = 0; i < MMU_CTXS && !c; i++)
        if (u->ctxs[i].key == key && u->ctxs[i].live)
            c = &u->ctxs[i];
    if (!c)
        c = recycle(u, key);
    c->stamp = ++u->stamp;
    tlb_set_ctx(u, c);
}

/* ---- life ---- */

bool mmu_init(struct mmu *u, struct physmap *m, struct log *l, mmu_walk_fn *walk, void *opaque, struct err *e)
{
    *u = (struct mmu){ .map = m, .log = l, .walk = walk, .opaque = opaque, .epoch_next = 1 };
    if (m->mmu_count == COUNT(m->mmus))
        return err_set(e, "more than %u processors", (u32)COUNT(m->mmus));
    void *p = mmap(NULL, TABLES * TABLE_STRIDE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return err_set(e, "cannot reserve memory for translation tables");
    u->pool = p;
    u->empty = pool_table(u, TABLES - 1);
    tlb_reset(u);
    m->mmus[m->mmu_count++] = u;
    return true;
}

void mmu_free(struct mmu *u)
{
    if (!u->pool)
        return;
    struct physmap *m = u->map;
    for (u32 i = 0; i < m->mmu_count; i++)
        if (m->mmus[i] == u) {
            memmove(&m->mmus[i], &m->mmus[i + 1], (m->mmu_count - i - 1) * sizeof *m->mmus);
            m->mmu_count--;
            break;
        }
    munmap(u->pool, TABLES * TABLE_STRIDE);
    *u = (struct mmu){ 0 };
}

/* ---- fills ---- */

void tlb_retag(struct tlb_slot s, gva va)
{
    const struct region *r = s.i->region;
    u32 may = s.i->prot;
    u64 host = 0;
    va &= PAGE_MASK;
    if (!region_is_memory(r)) {
        may = 0;
    } else {
        u64 off = region_obj_off(r, s.i->page), p = off >> PAGE_BITS;
        host = (u64)(uintptr_t)(r->obj->host + off) - va;
        if (r->kind != REGION_RAM || !memobj_is_dirty(r->obj, p) || r->obj->code[p])
            may &= ~(u32)MMU_WRITE;
        if (s.i->device)
            may &= MMU_FETCH;
        if (may & MMU_WRITE)
            r->obj->fast[p] = 1;
    }
    if (!(may & MMU_READ))
        may &= ~(u32)MMU_WRITE; /* engines rely on it: what may be written may be read */
    *s.e = (struct tlb_entry){ va | (may & MMU_READ ? 0 : TLB_SLOW), va | (may & MMU_WRITE ? 0 : TLB_SLOW),
                               va | (may & MMU_FETCH ? 0 : TLB_SLOW), host };
}

void tlb_note(struct tlb_ctx *c, struct tlb *t, u32 index, gva va)
{
    struct tlb_info *i = &t->i[index];
    if (!i->listed) {
        i->listed = true;
        t->used[t->used_count++] = (u16)index;
    }
    if (i->page_bits > PAGE_BITS)
        tlb_note_large(t, va, i->page_bits);
    if (i->global)
        tlb_range_add(&c->global, va, i->page_bits);
}

/* An entry goes while its translation is still good: shortcuts made from it stay. */
static void note_lost(struct tlb_ctx *c, struct tlb_slot s)
{
    if (tlb_live(s.e) && s.i->prot & MMU_FETCH)
        tlb_range_add(&c->lost, tlb_page(s.e), s.i->page_bits);
}

static void swap_slots(struct tlb_slot a, struct tlb_slot b)
{
    struct tlb_entry e = *a.e;
    struct tlb_info i = *a.i;
    *a.e = *b.e;
    *b.e = e;
    *a.i = *b.i;
    *b.i = i;
    a.i->listed = i.listed; /* belongs to the place */
}

/* Makes room in a main slot. */
static void evict(struct tlb_ctx *c, struct tlb *t, struct tlb_slot s)
{
    struct tlb_slot v = victim_slot(t, t->victim_next);
    t->victim_next = (t->victim_next + 1) % TLB_VICTIMS;
    note_lost(c, v);
    *v.e = *s.e;
    *v.i = *s.i;
    *s.e = no_entry;
}

static bool fill(struct mmu *u, struct tlb *t, gva va, const struct xlat *x)
{
    const struct region *r = physmap_answers(u->map, x->pa);
    u32 index = tlb_index(va);
    struct tlb_slot s = main_slot(t, index);
    if (!r || r == &u->map->nothing)
        log_line(u->log, r ? LOG_unimp : LOG_guest_error, "nothing at physical address %#llx (virtual %#llx)",
                 (unsigned long long)x->pa, (unsigned long long)va);
    if (!r)
        return false;
    if (tlb_live(s.e) && !tlb_holds(s.e, va))
        evict(u->ctx, t, s);
    else if (!(x->prot & MMU_FETCH) || x->page_bits < s.i->page_bits)
        note_lost(u->ctx, s);
    *s.i = (struct tlb_info){ .region = r, .page = x->pa & PAGE_MASK, .prot = x->prot,
                              .page_bits = (u8)MAX(MIN(x->page_bits, 64), (int)PAGE_BITS),
                              .device = x->device, .global = x->global, .listed = s.i->listed };
    tlb_note(u->ctx, t, index, va);
    tlb_retag(s, va);
    return true;
}

/* The walk refused: what was cached goes (Intel SDM volume 3, 4.10.4.1: a page fault invalidates). */
static void drop(struct mmu *u, struct tlb_slot s)
{
    if (s.i->prot & MMU_FETCH)
        tlb_new_epoch(u, u->ctx);
    *s.e = no_entry;
}

/* The entry of va into its main slot, from the victims if it is there. */
static bool lookup(struct mmu *u, struct tlb *t, gva va, struct tlb_slot s)
{
    if (tlb_holds(s.e, va))
        return true;
    u->stats.misses++;
    for (u32 k = 0; k < TLB_VICTIMS; k++)
        if (tlb_holds(&t->ve[k], va)) {
            swap_slots(s, victim_slot(t, k));
            tlb_note(u->ctx, t, tlb_index(va), va);
            return true;
        }
    return false;
}

bool tlb_resolve(struct mmu *u, gva va, enum mmu_access acc, u32 mode, u32 mem, struct tlb_slot *out)
{
    mode &= MMU_MODES - 1;
    struct tlb *t = tlb_table(u, u->ctx, acc == MMU_FETCH ? mode + MMU_MODES : mode);
    struct tlb_slot s = main_slot(t, tlb_index(va));
    bool held = lookup(u, t, va, s);
    *out = s;
    if (held && s.i->prot & acc)
        return true;
    struct xlat x = { .page_bits = PAGE_BITS };
    struct mmu_fault f = { .kind = FAULT_WALK, .access = acc, .va = va, .mode = mode, .mem = mem };
    u->stats.walks++;
    if (!u->walk(u->opaque, va, acc, mode, &x, &f)) {
        if (held && !(u->trying && u->walk_code)) /* it will be made again */
            drop(u, s);
        u->fault = f;
        return false;
    }
    x.prot |= (u8)acc;
    if (fill(u, t, va, &x))
        return true;
    f.kind = FAULT_BUS;
    u->fault = f;
    return false;
}

/* ---- flushes ---- */

void mmu_flush(struct mmu *u, u64 match, u64 mask)
{
    u->stats.flushes++;
    for (u32 i = 0; i < MMU_CTXS; i++)
        if (u->ctxs[i].live && !((u->ctxs[i].key ^ match) & mask))
            empty_ctx(u, &u->ctxs[i]);
}

/* Drops what is not global, and writes the lists anew; true when something of it could be fetched from. */
static bool flush_table_local(struct tlb *t)
{
    u32 count = slot_count(t), kept = 0, used = t->used_count;
    bool fetched = false;
    t->large = no_range;
    memset(t->medium, 0, sizeof t->medium);
    for (u32 k = 0; k < count; k++) {
        struct tlb_slot s = k < used ? main_slot(t, t->used[k]) : victim_slot(t, k - used);
        bool stays = tlb_live(s.e) && s.i->global;
        if (k < used) {
            s.i->listed = stays;
            t->used[kept] = t->used[k];
            kept += stays;
        }
        if (stays && s.i->page_bits > PAGE_BITS)
            tlb_note_large(t, tlb_page(s.e), s.i->page_bits);
        if (tlb_live(s.e) && !stays) {
            fetched |= s.i->prot & MMU_FETCH;
            *s.e = no_entry;
        }
    }
    t->used_count = kept;
    return fetched;
}

void mmu_flush_local(struct mmu *u, u64 match, u64 mask)
{
    u->stats.flushes++;
    for (u32 i = 0; i < MMU_CTXS; i++) {
        struct tlb_ctx *c = &u->ctxs[i];
        if (!c->live || (c->key ^ match) & mask)
            continue;
        bool fetched = c->lost.lo <= c->lost.hi;
        for (u32 m = 0; m < MMU_TABLES; m++)
            if (c->mode[m])
                fetched |= flush_table_local(c->mode[m]);
        if (fetched)
            tlb_new_epoch(u, c);
    }
}

/* Drops the entry if it covers the page; true when it could be fetched from. */
static bool flush_slot(struct tlb_slot s, u64 nr, bool all)
{
    if (!tlb_live(s.e) || !(all || s.i->global) || !covers(s, nr))
        return false;
    *s.e = no_entry;
    return s.i->prot & MMU_FETCH;
}

static bool flush_table_va(struct tlb *t, gva va, bool all)
{
    u64 nr = page_nr(va);
    bool fetched = false;
    if (!is_in_large(t, nr)) {
        fetched |= flush_slot(main_slot(t, tlb_index(va)), nr, all);
        for (u32 k = 0; k < TLB_VICTIMS; k++)
            fetched |= flush_slot(victim_slot(t, k), nr, all);
    } else {
        for (u32 k = 0; k < slot_count(t); k++)
            fetched |= flush_slot(slot_at(t, k), nr, all);
    }
    return fetched;
}

void mmu_flush_va(struct mmu *u, gva va, u64 match, u64 mask)
{
    u64 nr = page_nr(va);
    u->stats.flushes++;
    for (u32 i = 0; i < MMU_CTXS; i++) {
        struct tlb_ctx *c = &u->ctxs[i];
        bool all = !((c->key ^ match) & mask);
        if (!c->live || !(all || range_has(&c->global, nr)))
            continue;
        bool fetched = range_has(&c->lost, nr);
        for (u32 m = 0; m < MMU_TABLES; m++)
            if (c->mode[m])
                fetched |= flush_table_va(c->mode[m], va, all);
        if (fetched)
            tlb_new_epoch(u, c);
    }
}

/* ---- rights revoked from outside ---- */

static void revoke_table(struct tlb *t, const struct memobj *o, u64 off)
{
    for (u32 k = 0; k < slot_count(t); k++) {
        struct tlb_slot s = slot_at(t, k);
        if (s.e->wtag & (TLB_SLOW | TLB_EMPTY) || s.i->region->obj != o)
            continue;
        if (off == ~0ull || region_obj_off(s.i->region, s.i->page) == off)
            s.e->wtag |= TLB_SLOW;
    }
}

void tlb_revoke_stores(struct physmap *m, const struct memobj *o, u64 off)
{
    for (u32 n = 0; n < m->mmu_count; n++)
        for (u32 i = 0; i < MMU_CTXS; i++)
            for (u32 k = 0; k < MMU_TABLES; k++)
                if (m->mmus[n]->ctxs[i].mode[k])
                    revoke_table(m->mmus[n]->ctxs[i].mode[k], o, off);
}

static void retag_region(struct tlb *t, const struct region *r)
{
    for (u32 k = 0; k < slot_count(t); k++) {
        struct tlb_slot s = slot_at(t, k);
        if (tlb_live(s.e) && s.i->region == r)
            tlb_retag(s, tlb_page(s.e));
    }
}

void tlb_region_changed(struct physmap *m, const struct region *r)
{
    for (u32 n = 0; n < m->mmu_count; n++) {
        struct tlb_ctx *c = m->mmus[n]->ctxs;
        for (u32 i = 0; i < MMU_CTXS * MMU_TABLES; i++)
            if (c[i / MMU_TABLES].mode[i % MMU_TABLES])
                retag_region(c[i / MMU_TABLES].mode[i % MMU_TABLES], r);
        mmu_new_epoch(m->mmus[n]);
    }
}

void tlb_regions_moved(struct physmap *m)
{
    for (u32 n = 0; n < m->mmu_count; n++)
        mmu_flush(m->mmus[n], 0, 0);
}
