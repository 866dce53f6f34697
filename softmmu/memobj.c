/*
 * memobj.c - guest RAM and ROM bytes, the dirty map and the code map.
 *
 * Memory is anonymous and private, huge pages asked for, reserved lazily so that a large guest costs
 * what it touches. One word of the code map covers one page.
 *
 * Not modelled: templates mapped copy-on-write for clones.
 */
#include "softmmu/internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2ull << 20)
#define OBJ_MAX (1ull << 46) /* bytes; beyond it the host has no address space anyway */
#define GRAIN_BITS 6u        /* of the code map */

static u64 pages_of(const struct memobj *o) { return o->size >> PAGE_BITS; }

/* Reserves size bytes at a multiple of the huge page, or NULL. */
static u8 *reserve(u64 size)
{
    u64 slack = size >= HUGE_PAGE ? HUGE_PAGE : 0;
    u8 *p = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (!slack)
        return p;
    u8 *at = (u8 *)(uintptr_t)align_up((uintptr_t)p, HUGE_PAGE);
    if (at != p)
        munmap(p, (size_t)(at - p));
    if (at + size != p + size + slack)
        munmap(at + size, (size_t)(p + slack - at));
    madvise(at, size, MADV_HUGEPAGE); /* a wish: kernels without it are fine */
    return at;
}

bool memobj_init(struct memobj *o, const char *name, u64 size, u32 id, struct err *e)
{
    if (!size || size > OBJ_MAX)
        return err_set(e, "%s: %llu bytes of memory are not possible", name, (unsigned long long)size);
    size = align_up(size, PAGE_SIZE);
    *o = (struct memobj){ .name = name, .size = size, .id = id };
    o->host = reserve(size);
    o->dirty = calloc(pages_of(o), 1);
    o->fast = calloc(pages_of(o), 1);
    o->code = calloc(pages_of(o), sizeof *o->code);
    if (o->host && o->dirty && o->fast && o->code)
        return true;
    memobj_release(o);
    return err_set(e, "%s: cannot reserve %llu MiB of memory", name, (unsigned long long)(size >> 20));
}

void memobj_release(struct memobj *o)
{
    if (o->host)
        munmap(o->host, o->size);
    free(o->dirty);
    free(o->drawn);
    free(o->fast);
    free(o->code);
    *o = (struct memobj){ 0 };
}

/* Bits of the code map for the bytes of [off, off + len) in the page at `page`; the range touches it. */
static u64 code_mask(u64 page, u64 off, u64 len)
{
    u64 start = page << PAGE_BITS;
    u64 first = off > start ? off - start : 0;
    u64 last = MIN(off + len - start, PAGE_SIZE) - 1;
    u32 lo = (u32)(first >> GRAIN_BITS), hi = (u32)(last >> GRAIN_BITS);
    return bits_mask(hi - lo + 1) << lo;
}

bool memobj_touch(struct physmap *m, struct memobj *o, u64 off, u64 len)
{
    bool hit = false;
    for (u64 p = off >> PAGE_BITS; p <= (off + len - 1) >> PAGE_BITS; p++) {
        o->dirty[p] = 1;
        if (o->drawn)
            o->drawn[p] = 1;
        hit |= o->code[p] && (o->code[p] & code_mask(p, off, len));
    }
    if (hit && m->code_written)
        m->code_written(m->code_opaque, o, off, len);
    return hit;
}

bool memobj_has_code(const struct memobj *o, u64 off, u64 len)
{
    for (u64 p = off >> PAGE_BITS; p <= (off + len - 1) >> PAGE_BITS; p++)
        if (o->code[p] & code_mask(p, off, len))
            return true;
    return false;
}

/* Cuts [off, off + *len) to the object; false when nothing is left. */
static bool clip(const struct memobj *o, u64 off, u64 *len)
{
    if (!*len || off >= o->size)
        return false;
    *len = MIN(*len, o->size - off);
    return true;
}

void memobj_written(struct physmap *m, struct memobj *o, u64 off, u64 len)
{
    if (clip(o, off, &len))
        memobj_touch(m, o, off, len);
}

void memobj_zero(struct physmap *m, struct memobj *o, u64 off, u64 len)
{
    if (!clip(o, off, &len))
        return;
    memobj_touch(m, o, off, len);
    if (madvise(o->host + off, len, MADV_DONTNEED))
        memset(o->host + off, 0, len);
}

void memobj_dirty_clear(struct physmap *m, struct memobj *o)
{
    if (memchr(o->fast, 1, pages_of(o)))
        tlb_revoke_stores(m, o, ~0ull);
    memset(o->fast, 0, pages_of(o));
    memset(o->dirty, 0, pages_of(o));
}

bool memobj_drawn_start(struct memobj *o, struct err *e)
{
    o->drawn = malloc(pages_of(o));
    if (!o->drawn)
        return err_set(e, "%s: out of memory", o->name);
    memset(o->drawn, 1, pages_of(o));
    return true;
}

bool memobj_drawn_take(struct physmap *m, struct memobj *o, u8 *out)
{
    u64 n = pages_of(o);
    memcpy(out, o->drawn, n);
    if (!memchr(out, 1, n))
        return false;
    if (memchr(o->fast, 1, n))
        tlb_revoke_stores(m, o, ~0ull);
    memset(o->fast, 0, n);
    memset(o->drawn, 0, n);
    return true;
}

void memobj_add_code(struct physmap *m, struct memobj *o, u64 off, u64 len)
{
    if (!clip(o, off, &len))
        return;
    for (u64 p = off >> PAGE_BITS; p <= (off + len - 1) >> PAGE_BITS; p++) {
        if (o->fast[p]) { /* never together with code bits, so this happens once for a page */
            tlb_revoke_stores(m, o, p << PAGE_BITS);
            o->fast[p] = 0;
        }
        o->code[p] |= code_mask(p, off, len);
    }
}
