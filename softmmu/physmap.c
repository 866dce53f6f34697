/*
 * physmap.c - the guest-physical map: regions, bus accesses, DMA.
 *
 * Regions are sorted and never overlap; memory regions are whole pages, MMIO regions may be as small as the
 * device is (several transports share a page). Accesses from devices and page walks come with hostile
 * addresses and lengths.
 *
 * An open bus is one region behind all others, which no list holds.
 *
 * Not modelled: priorities and overlays (a board maps what is really there), bus widths.
 */
#include "softmmu/internal.h"
#include <stdlib.h>
#include <string.h>

static u64 read_nothing(void *opaque, u64 off, u32 size)
{
    (void)opaque, (void)off, (void)size;
    return ~0ull;
}

static void write_nothing(void *opaque, u64 off, u64 val, u32 size)
{
    (void)opaque, (void)off, (void)val, (void)size;
}

static const struct mmio_ops nothing_ops = { read_nothing, write_nothing };

void physmap_init(struct physmap *m, struct log *l)
{
    *m = (struct physmap){ .log = l, .nothing = { .size = ~0ull, .kind = REGION_MMIO, .ops = &nothing_ops,
                                                  .name = "nothing" } };
}

void physmap_free(struct physmap *m)
{
    CHECK(!m->mmu_count);
    for (u32 i = 0; i < m->obj_count; i++) {
        memobj_release(m->objs[i]);
        free(m->objs[i]);
    }
    *m = (struct physmap){ 0 };
}

struct memobj *physmap_new_obj(struct physmap *m, const char *name, u64 size, struct err *e)
{
    if (m->obj_count == PHYSMAP_OBJS) {
        err_set(e, "%s: more than %u memory objects", name, PHYSMAP_OBJS);
        return NULL;
    }
    struct memobj *o = malloc(sizeof *o);
    if (!o) {
        err_set(e, "%s: out of memory", name);
        return NULL;
    }
    if (!memobj_init(o, name, size, m->obj_count, e)) {
        free(o);
        return NULL;
    }
    return m->objs[m->obj_count++] = o;
}

/* ---- mapping and finding ---- */

/* Number of regions whose base is at or below a. */
static u32 upper(const struct physmap *m, gpa a)
{
    u32 lo = 0, hi = m->region_count;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;
        if (m->regions[mid].base <= a)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void insert(struct physmap *m, struct region r)
{
    gpa last = r.base + (r.size - 1);
    u32 at = upper(m, r.base);
    CHECK(r.size && last >= r.base);
    CHECK(m->region_count < PHYSMAP_REGIONS);
    CHECK(!at || !region_has(&m->regions[at - 1], r.base));
    CHECK(at == m->region_count || m->regions[at].base > last);
    memmove(&m->regions[at + 1], &m->regions[at], (m->region_count - at) * sizeof r);
    m->regions[at] = r;
    m->region_count++;
    m->changes++;
    tlb_regions_moved(m);
}

bool physmap_is_free(const struct physmap *m, gpa base, u64 size)
{
    gpa last = base + (size - 1);
    if (!size || last < base || m->region_count == PHYSMAP_REGIONS)
        return false;
    u32 at = upper(m, last);
    return !at || m->regions[at - 1].base + (m->regions[at - 1].size - 1) < base;
}

bool physmap_unmap(struct physmap *m, gpa base)
{
    u32 n = upper(m, base);
    if (!n || m->regions[n - 1].base != base)
        return false;
    memmove(&m->regions[n - 1], &m->regions[n], (m->region_count - n) * sizeof *m->regions);
    m->region_count--;
    m->changes++;
    tlb_regions_moved(m);
    return true;
}

bool physmap_swap(struct physmap *m, struct region *r)
{
    u32 n = upper(m, r->base);
    if (!n || m->regions[n - 1].base != r->base || m->regions[n - 1].size != r->size)
        return false;
    struct region was = m->regions[n - 1];
    m->regions[n - 1] = *r;
    *r = was;
    m->changes++;
    tlb_regions_moved(m);
    return true;
}

void physmap_map_obj(struct physmap *m, enum region_kind k, gpa base, u64 size, struct memobj *o, u64 off,
                     const struct mmio_ops *ops, void *opaque, const char *name)
{
    CHECK(k != REGION_MMIO && !((base | size | off) & ~PAGE_MASK));
    CHECK(off <= o->size && size <= o->size - off);
    CHECK(k != REGION_ROMD || (ops && ops->read && ops->write));
    insert(m, (struct region){ base, size, k, o, off, ops, opaque, name, false });
}

void physmap_map_mmio(struct physmap *m, gpa base, u64 size, const struct mmio_ops *ops, void *opaque,
                      const char *name)
{
    CHECK(ops && ops->read && ops->write);
    insert(m, (struct region){ base, size, REGION_MMIO, NULL, 0, ops, opaque, name, false });
}

void physmap_map_quiet(struct physmap *m, gpa base, u64 size, const struct mmio_ops *ops, void *opaque,
    const char *name)
{
    CHECK(ops && ops->read && ops->write && !((base | size) & ~PAGE_MASK));
    insert(m, (struct region){ base, size, REGION_MMIO, NULL, 0, ops, opaque, name, true });
}

void physmap_set_romd(struct physmap *m, const struct region *r, bool array_mode)
{
    struct region *w = &m->regions[r - m->regions];
    enum region_kind k = array_mode ? REGION_ROMD : REGION_MMIO;
    CHECK(w->obj && w->ops);
    if (w->kind == k)
        return;
    w->kind = k;
    tlb_region_changed(m, r);
}

const struct region *physmap_find(const struct physmap *m, gpa a)
{
    u32 n = upper(m, a);
    return n && region_has(&m->regions[n - 1], a) ? &m->regions[n - 1] : NULL;
}

const struct region *physmap_find_page(const struct physmap *m, gpa page)
{
    u32 n = upper(m, page | ~PAGE_MASK);
    if (!n)
        return NULL;
    const struct region *r = &m->regions[n - 1];
    return r->base >= page || region_has(r, page) ? r : NULL;
}

const struct region *physmap_answers(const struct physmap *m, gpa a)
{
    const struct region *r = physmap_find(m, a);
    return r || !m->open_bus ? r : &m->nothing;
}

/* ---- ranges ---- */

/* The region at a and how many of len bytes lie in it. */
static const struct region *piece(const struct physmap *m, gpa a, u64 len, u64 *n)
{
    const struct region *r = physmap_find(m, a);
    if (r)
        *n = MIN(len, r->size - (a - r->base));
    return r;
}

enum { MAY_RAM = 1, MAY_ROM = 2, MAY_MMIO = 4, MAY_LOAD = 8 };

static bool allowed(const struct region *r, u32 may)
{
    switch (r->kind) {
    case REGION_RAM:  return may & MAY_RAM;
    case REGION_ROM:
    case REGION_ROMD: return may & MAY_ROM;
    case REGION_MMIO: return may & MAY_MMIO || (may & MAY_LOAD && r->obj);
    }
    return false;
}

/* All of [a, a + len) lies in regions of the kinds that `may` names. */
static bool covered(const struct physmap *m, gpa a, u64 len, u32 may)
{
    if (!len)
        return true;
    if (a + (len - 1) < a)
        return false;
    for (u64 n; len; a += n, len -= n) {
        const struct region *r = piece(m, a, len, &n);
        if (!r || !allowed(r, may))
            return false;
    }
    return true;
}

bool physmap_backed(const struct physmap *m, gpa a, u64 len)
{
    return m->open_bus ? a + (len - 1) >= a : covered(m, a, len, MAY_RAM | MAY_ROM | MAY_MMIO);
}

bool physmap_read(struct physmap *m, gpa a, void *buf, u64 len)
{
    if (!covered(m, a, len, MAY_RAM | MAY_ROM))
        return false;
    u8 *out = buf;
    for (u64 n = 0; len; a += n, out += n, len -= n) {
        const struct region *r = piece(m, a, len, &n);
        memcpy(out, region_host(r, a), n);
    }
    return true;
}

static bool write_range(struct physmap *m, gpa a, const void *buf, u64 len, u32 may)
{
    if (!covered(m, a, len, may))
        return false;
    const u8 *in = buf;
    for (u64 n = 0; len; a += n, in += n, len -= n) {
        const struct region *r = piece(m, a, len, &n);
        memobj_touch(m, r->obj, region_obj_off(r, a), n);
        memcpy(region_host(r, a), in, n);
    }
    return true;
}

bool physmap_write(struct physmap *m, gpa a, const void *buf, u64 len)
{
    return write_range(m, a, buf, len, MAY_RAM);
}

bool physmap_load(struct physmap *m, gpa a, const void *buf, u64 len)
{
    return write_range(m, a, buf, len, MAY_RAM | MAY_ROM | MAY_LOAD);
}

const u8 *physmap_ptr(const struct physmap *m, gpa a, u64 len)
{
    const struct region *r = physmap_find(m, a);
    if (!r || !region_is_memory(r) || len > r->size - (a - r->base))
        return NULL;
    return region_host(r, a);
}

/* ---- the bus ---- */

/* Bytes from a to the end of r, or of the hole. */
static u64 room_at(const struct physmap *m, const struct region *r, gpa a)
{
    if (r != &m->nothing)
        return r->size - (a - r->base);
    u32 n = upper(m, a);
    return n < m->region_count ? m->regions[n].base - a : ~0ull;
}

/* What answers at a, and the widest naturally aligned access there of at most len bytes and `unit`. */
static const struct region *bus_piece(const struct physmap *m, gpa a, u32 len, u32 unit, u32 *size)
{
    const struct region *r = physmap_find(m, a);
    if (!r)
        r = &m->nothing;
    u64 room = room_at(m, r, a);
    u32 n = unit;
    while (n > len || (a & (n - 1)) || n > room)
        n >>= 1;
    *size = n;
    return r;
}

bool physmap_pieces_read(struct physmap *m, gpa a, u32 len, u32 unit, u8 *out)
{
    bool io = false;
    for (u32 n; len; a += n, out += n, len -= n) {
        const struct region *r = bus_piece(m, a, len, unit, &n);
        if (region_is_memory(r)) {
            memcpy(out, region_host(r, a), n);
        } else {
            u64 v = r->ops->read(r->opaque, a - r->base, n);
            memcpy(out, &v, n);
            io |= !r->quiet;
        }
    }
    return io;
}

bool physmap_pieces_write(struct physmap *m, gpa a, u32 len, u32 unit, const u8 *in)
{
    bool io = false;
    for (u32 n; len; a += n, in += n, len -= n) {
        const struct region *r = bus_piece(m, a, len, unit, &n);
        if (r->kind == REGION_RAM) {
            memobj_touch(m, r->obj, region_obj_off(r, a), n);
            memcpy(region_host(r, a), in, n);
        } else if (r->kind == REGION_ROM) {
            log_line(m->log, LOG_guest_error, "write of %u bytes to %s at %#llx", n, r->name, (unsigned long long)a);
        } else {
            u64 v = 0;
            memcpy(&v, in, n);
            r->ops->write(r->opaque, a - r->base, v, n);
            io |= !r->quiet;
        }
    }
    return io;
}

bool physmap_bus_read(struct physmap *m, gpa a, u32 size, u64 *val)
{
    CHECK(size - 1u < 8);
    const struct region *r = physmap_find(m, a);
    u64 v = 0;
    if (r && region_is_memory(r) && size <= r->size - (a - r->base))
        memcpy(&v, region_host(r, a), size);
    else if (!physmap_backed(m, a, size))
        return false;
    else
        physmap_pieces_read(m, a, size, 8, (u8 *)&v);
    *val = v;
    return true;
}

bool physmap_bus_write(struct physmap *m, gpa a, u32 size, u64 val)
{
    CHECK(size - 1u < 8);
    if (!physmap_backed(m, a, size))
        return false;
    const struct region *r = physmap_find(m, a);
    if (r && r->kind == REGION_RAM && size <= r->size - (a - r->base)) { /* whole, as page walkers need it */
        memobj_touch(m, r->obj, region_obj_off(r, a), size);
        memcpy(region_host(r, a), &val, size);
    } else {
        physmap_pieces_write(m, a, size, 8, (const u8 *)&val);
    }
    return true;
}
