/*
 * access.c - the slow paths of memory accesses: faults, MMIO, page crossings, stores into code pages.
 *
 * An access is opened first - both pages translated, alignment and backing checked - and done only then. Alignment
 * faults: Arm ARM DDI 0487, D1 "Alignment fault" and B2.8 "Alignment support": a rule of the access itself has
 * priority over the walk, one of Device memory is known only after it.
 *
 * Not modelled: debug watchpoints, single-copy atomicity between threads.
 */
#include "softmmu/internal.h"
#include <string.h>

struct req {
    gva             va;
    u32             len, mode, align, mem;
    enum mmu_access acc;
};

/* The part of an access in one page. */
struct span {
    gva             va;
    gpa             pa;
    u32             len;
    struct tlb_info i; /* a copy: opening the next page may move entries */
};

static bool fail(struct mmu *u, const struct req *q, enum mmu_fault_kind k, gva va)
{
    u->fault = (struct mmu_fault){ .kind = k, .access = q->acc, .va = va, .mode = q->mode, .mem = q->mem };
    return false;
}

/* Largest MMIO access, and what Device memory demands as alignment. */
static u32 unit_of(const struct req *q)
{
    u32 unit = MMU_MEM_UNIT(q->mem);
    if (unit > 1)
        return unit;
    u32 n = q->len & -q->len;
    return MIN(n, 8u);
}

static u32 io_unit(const struct req *q)
{
    u32 unit = MMU_MEM_UNIT(q->mem);
    return unit > 1 ? MIN(unit, 8u) : 8;
}

static bool open_span(struct mmu *u, const struct req *q, gva va, u32 len, struct span *s)
{
    struct tlb_slot slot;
    if (!tlb_resolve(u, va, q->acc, q->mode, q->mem, &slot))
        return false;
    *s = (struct span){ va, slot.i->page | (va & ~PAGE_MASK), len, *slot.i };
    if (s->i.device && q->va & (unit_of(q) - 1))
        return fail(u, q, FAULT_ALIGN, q->va);
    if (!region_is_memory(s->i.region) && !physmap_backed(u->map, s->pa, len))
        return fail(u, q, FAULT_BUS, va);
    return true;
}

static gva next_page(const struct req *q, gva va)
{
    va = (va & PAGE_MASK) + PAGE_SIZE;
    return MMU_MEM_ADDR32(q->mem) ? (u32)va : va;
}

/* Opens an access of at most two pages; number of spans, 0 for a fault. */
static u32 open_access(struct mmu *u, const struct req *q, struct span s[2])
{
    u32 room = PAGE_SIZE - (u32)(q->va & ~PAGE_MASK);
    CHECK(q->len - 1u < 32);
    if (q->va & bits_mask(q->align))
        return fail(u, q, FAULT_ALIGN, q->va);
    if (LIKELY(q->len <= room))
        return open_span(u, q, q->va, q->len, &s[0]);
    if (!open_span(u, q, q->va, room, &s[0]) || !open_span(u, q, next_page(q, q->va), q->len - room, &s[1]))
        return 0;
    return 2;
}

/* The first half of an access may have been a device's, which mapped or unmapped what the second was opened for. */
static void renew_span(struct mmu *u, struct span *s, u32 *changes)
{
    if (LIKELY(u->map->changes == *changes))
        return;
    const struct region *r = physmap_find(u->map, s->pa);
    s->i.region = r ? r : &u->map->nothing;
    *changes = u->map->changes;
}

static enum mmu_result read_spans(struct mmu *u, const struct req *q, struct span *s, u32 n, u8 *p)
{
    enum mmu_result r = MMU_OK;
    u32 changes = u->map->changes;
    for (u32 i = 0; i < n; p += s[i++].len) {
        renew_span(u, &s[i], &changes);
        if (LIKELY(region_is_memory(s[i].i.region))) {
            memcpy(p, region_host(s[i].i.region, s[i].pa), s[i].len);
        } else if (physmap_pieces_read(u->map, s[i].pa, s[i].len, io_unit(q), p)) {
            u->stats.io_reads++;
            r = MMU_SYNC;
        }
    }
    return r;
}

/* What an access that was done comes to when its walk changed code. */
static enum mmu_result with_walk(const struct mmu *u, enum mmu_result r)
{
    return u->walk_code && r == MMU_OK ? MMU_SYNC : r;
}

bool mmu_walk_writes(struct mmu *u, gpa at, u32 len)
{
    const struct region *r = physmap_find(u->map, at);
    if (!r || !r->obj || !memobj_has_code(r->obj, region_obj_off(r, at), len))
        return true;
    u->walk_code = true;
    return !u->trying;
}

enum mmu_result mmu_read(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, void *out)
{
    struct req q = { va, size, mode, align, mem, MMU_READ };
    struct span s[2];
    u->walk_code = false;
    u32 n = open_access(u, &q, s);
    return n ? with_walk(u, read_spans(u, &q, s, n, out)) : MMU_FAULTED;
}

/* Before a store to RAM: dirty and code maps, fast stores from now on if they allow it. True: code was hit. */
static bool touch_span(struct mmu *u, const struct span *s, u32 mode)
{
    const struct region *r = s->i.region;
    bool hit = memobj_touch(u->map, r->obj, region_obj_off(r, s->pa), s->len);
    struct tlb *t = u->cur[mode & (MMU_MODES - 1)];
    u32 k = tlb_index(s->va);
    u->stats.code_hits += hit;
    if (tlb_holds(&t->e[k], s->va))
        tlb_retag((struct tlb_slot){ &t->e[k], &t->i[k] }, s->va);
    return hit;
}

static enum mmu_result write_spans(struct mmu *u, const struct req *q, struct span *s, u32 n, const u8 *p)
{
    enum mmu_result r = MMU_OK;
    u32 changes = u->map->changes;
    for (u32 i = 0; i < n; p += s[i++].len) {
        renew_span(u, &s[i], &changes);
        if (LIKELY(s[i].i.region->kind == REGION_RAM)) {
            if (touch_span(u, &s[i], q->mode))
                r = MMU_SYNC;
            memcpy(region_host(s[i].i.region, s[i].pa), p, s[i].len);
        } else if (physmap_pieces_write(u->map, s[i].pa, s[i].len, io_unit(q), p)) {
            u->stats.io_writes++;
            r = MMU_SYNC;
        }
    }
    return r;
}

enum mmu_result mmu_write(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, const void *in)
{
    struct req q = { va, size, mode, align, mem, MMU_WRITE };
    struct span s[2];
    u->walk_code = false;
    u32 n = open_access(u, &q, s);
    return n ? with_walk(u, write_spans(u, &q, s, n, in)) : MMU_FAULTED;
}

/* ---- accesses that are done only if nobody but memory sees them ---- */

static bool is_plain(const struct req *q, const struct span *s)
{
    const struct region *r = s->i.region;
    if (r->quiet)
        return true;
    if (q->acc != MMU_WRITE)
        return region_is_memory(r);
    return r->kind == REGION_RAM && !memobj_has_code(r->obj, region_obj_off(r, s->pa), s->len);
}

/* Opens the access; MMU_OK: *n spans, all of them plain memory or quiet. */
static enum mmu_result open_plain(struct mmu *u, const struct req *q, struct span s[2], u32 *n)
{
    u->walk_code = false;
    u->trying = true;
    *n = open_access(u, q, s);
    u->trying = false;
    for (u32 i = 0; i < *n; i++)
        if (!is_plain(q, &s[i]))
            return MMU_SYNC;
    return u->walk_code ? MMU_SYNC : *n ? MMU_OK : MMU_FAULTED;
}

const struct region *mmu_quiet_hit(const struct mmu *u, u32 mode, gva va, enum mmu_access acc, u64 *off)
{
    u32 k = tlb_index(va);
    const struct tlb *t = u->cur[mode];
    const struct tlb_info *i = &t->i[k];
    if (!tlb_holds(&t->e[k], va) || !(i->prot & acc) || !i->region->quiet || i->device)
        return NULL;
    *off = i->page + (va & ~PAGE_MASK) - i->region->base;
    return i->region;
}

/* The short way to a quiet device: a hit, aligned, in one piece. */
static const struct region *quiet_at_once(const struct mmu *u, const struct req *q, u64 *off)
{
    if (q->len > 8 || q->len & (q->len - 1) || q->va & (q->len - 1) || q->va & bits_mask(q->align)
        || io_unit(q) < q->len)
        return NULL;
    return mmu_quiet_hit(u, q->mode & (MMU_MODES - 1), q->va, q->acc, off);
}

enum mmu_result mmu_try_read(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, void *out)
{
    struct req q = { va, size, mode, align, mem, MMU_READ };
    struct span s[2];
    u32 n;
    u64 off;
    const struct region *dev = quiet_at_once(u, &q, &off);
    if (dev) {
        u64 v = dev->ops->read(dev->opaque, off, size);
        memcpy(out, &v, size);
        u->stats.io_reads++;
        return MMU_OK;
    }
    enum mmu_result r = open_plain(u, &q, s, &n);
    return r == MMU_OK ? read_spans(u, &q, s, n, out) : r;
}

enum mmu_result mmu_try_write(struct mmu *u, gva va, u32 size, u32 mode, u32 align, u32 mem, const void *in)
{
    struct req q = { va, size, mode, align, mem, MMU_WRITE };
    struct span s[2];
    u32 n;
    u64 off, v = 0;
    const struct region *dev = quiet_at_once(u, &q, &off);
    if (dev) {
        memcpy(&v, in, size);
        dev->ops->write(dev->opaque, off, v, size);
        u->stats.io_writes++;
        return MMU_OK;
    }
    enum mmu_result r = open_plain(u, &q, s, &n);
    return r == MMU_OK ? write_spans(u, &q, s, n, in) : r;
}

enum mmu_result mmu_try_probe(struct mmu *u, gva va, u32 size, enum mmu_access acc, u32 mode, u32 align, u32 mem)
{
    struct req q = { va, size, mode, align, mem, acc };
    struct span s[2];
    u32 n;
    return open_plain(u, &q, s, &n);
}

static enum mmu_result probe_range(struct mmu *u, gva va, u32 len, struct req q)
{
    u->walk_code = false;
    if (va & bits_mask(q.align)) {
        fail(u, &q, FAULT_ALIGN, va);
        return MMU_FAULTED;
    }
    while (len) {
        struct span s;
        u32 n = MIN(len, PAGE_SIZE - (u32)(va & ~PAGE_MASK));
        if (!open_span(u, &q, va, n, &s))
            return u->trying && u->walk_code ? MMU_SYNC : MMU_FAULTED;
        va = next_page(&q, va);
        len -= n;
    }
    return with_walk(u, MMU_OK);
}

enum mmu_result mmu_probe(struct mmu *u, gva va, u32 len, enum mmu_access acc, u32 mode, u32 align, u32 mem)
{
    return probe_range(u, va, len, (struct req){ va, len, mode, align, mem, acc });
}

enum mmu_result mmu_try_probe_range(struct mmu *u, gva va, u32 len, enum mmu_access acc, u32 mode, u32 align, u32 mem)
{
    u->trying = true;
    enum mmu_result r = probe_range(u, va, len, (struct req){ va, len, mode, align, mem, acc });
    u->trying = false;
    return r;
}

/* Opens an access for read and write; which of two faults counts is in the header (DDI 0487, ESR_ELx.WnR). */
static u32 open_rmw(struct mmu *u, struct req q, struct span s[2])
{
    if (!u->rmw_write && !open_access(u, &q, s))
        return 0;
    q.acc = MMU_WRITE;
    u32 n = open_access(u, &q, s);
    q.acc = MMU_READ;
    for (u32 i = 0; i < n; i++)
        if (!(s[i].i.prot & MMU_READ) && !open_span(u, &q, s[i].va, s[i].len, &s[i]))
            return 0;
    return n;
}

void *mmu_atomic(struct mmu *u, gva va, u32 size, u32 mode, u32 mem, bool *sync, enum mmu_result *r)
{
    struct req q = { va, size, mode, MMU_MEM_ALIGN(mem), mem, MMU_READ };
    struct span s[2];
    u->walk_code = false;
    u32 n = open_rmw(u, q, s);
    *sync = false;
    *r = MMU_FAULTED;
    if (!n)
        return NULL;
    if (n == 2 || s[0].i.region->kind != REGION_RAM) {
        *r = MMU_SYNC;
        *sync = true;
        return NULL;
    }
    *sync = touch_span(u, &s[0], mode) | u->walk_code;
    *r = MMU_OK;
    return region_host(s[0].i.region, s[0].pa);
}

enum mmu_result mmu_fetch(struct mmu *u, gva va, u32 mode, struct memobj **obj, u64 *off)
{
    struct tlb *t = u->cur[(mode & (MMU_MODES - 1)) + MMU_MODES];
    u32 k = tlb_index(va);
    struct tlb_slot s = { &t->e[k], &t->i[k] };
    if (UNLIKELY(s.e->xtag != (va & PAGE_MASK))) {
        struct req q = { va, 1, mode, 0, 0, MMU_FETCH };
        if (!tlb_resolve(u, va, MMU_FETCH, mode, 0, &s))
            return MMU_FAULTED;
        if (!region_is_memory(s.i->region)) {
            fail(u, &q, FAULT_BUS, va);
            return MMU_FAULTED;
        }
    }
    *obj = s.i->region->obj;
    *off = region_obj_off(s.i->region, s.i->page) + (va & ~PAGE_MASK);
    return MMU_OK;
}

bool mmu_peek_read(const struct mmu *u, u32 mode, gva va, u32 size, void *out)
{
    u32 low = MIN(size, PAGE_SIZE - (u32)(va & ~PAGE_MASK));
    const void *a = mmu_fast_read(u, mode, va, low), *b = a;
    if (low < size)
        b = mmu_fast_read(u, mode, va + low, size - low);
    if (!a || !b)
        return false;
    memcpy(out, a, low);
    memcpy((u8 *)out + low, b, size - low);
    return true;
}

bool mmu_peek_write(const struct mmu *u, u32 mode, gva va, u32 size, const void *in)
{
    u32 low = MIN(size, PAGE_SIZE - (u32)(va & ~PAGE_MASK));
    void *a = mmu_fast_write(u, mode, va, low), *b = a;
    if (low < size)
        b = mmu_fast_write(u, mode, va + low, size - low);
    if (!a || !b)
        return false;
    memcpy(a, in, low);
    memcpy(b, (const u8 *)in + low, size - low);
    return true;
}

bool mmu_peek_fetch(const struct mmu *u, gva va, u32 mode, struct memobj **obj, u64 *off)
{
    const struct tlb *t = u->cur[(mode & (MMU_MODES - 1)) + MMU_MODES];
    u32 k = tlb_index(va);
    if (t->e[k].xtag != (va & PAGE_MASK))
        return false;
    *obj = t->i[k].region->obj;
    *off = region_obj_off(t->i[k].region, t->i[k].page) + (va & ~PAGE_MASK);
    return true;
}

bool mmu_translate(struct mmu *u, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    *x = (struct xlat){ .page_bits = PAGE_BITS };
    *f = (struct mmu_fault){ .kind = FAULT_WALK, .access = acc, .va = va, .mode = mode };
    return u->walk(u->opaque, va, acc, mode, x, f);
}

bool mmu_look(struct mmu *u, gva va, enum mmu_access acc, u32 mode, struct xlat *x)
{
    struct mmu_fault f;
    u->looking = true;
    bool ok = mmu_translate(u, va, acc, mode, x, &f);
    u->looking = false;
    return ok;
}
