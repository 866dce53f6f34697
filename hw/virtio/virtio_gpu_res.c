/*
 * virtio_gpu_res.c - resources of the virtio graphics device: their memory, and copies to it.
 *
 * Pixels and lists of pages are extents of the device's memory object, whole pages each, first fit. Free pages are
 * zeros and cost the host nothing.
 */
#include "hw/virtio/virtio_gpu_internal.h"
#include <string.h>

enum { ENTRY_BYTES = 16 };                          /* struct virtio_gpu_mem_entry: address, length, padding */
#define PAGES_MAX (VIRTIO_GPU_MEMORY / PAGE_SIZE)
#define OFFSET_MAX (1ull << 46)                     /* what a list can reach */

struct extent { u64 at, pages; };

static struct extent pixels(const struct virtio_gpu_state *s, u32 n)
{
    u64 bytes = MIN((u64)s->width[n] * s->height[n], 1ull << 40) * 4;
    return (struct extent){ s->at[n], align_up(bytes, PAGE_SIZE) / PAGE_SIZE };
}

static struct extent list(const struct virtio_gpu_state *s, u32 n)
{
    return (struct extent){ s->list[n], align_up((u64)s->entries[n] * ENTRY_BYTES, PAGE_SIZE) / PAGE_SIZE };
}

/* ---- memory ---- */

/* The end of an extent that meets the one asked for, 0: none does. */
static u64 meets(const struct virtio_gpu_state *s, struct extent x)
{
    for (u32 n = 0; n < VIRTIO_GPU_RESOURCES; n++) {
        const struct extent has[2] = { pixels(s, n), list(s, n) };
        for (u32 i = 0; s->id[n] && i < 2; i++)
            if (has[i].pages && has[i].at < x.at + x.pages && x.at < has[i].at + has[i].pages)
                return has[i].at + has[i].pages;
    }
    return 0;
}

static bool find_room(const struct virtio_gpu *g, u64 bytes, u32 *at)
{
    struct extent x = { 0, align_up(bytes, PAGE_SIZE) / PAGE_SIZE };
    for (u64 end; (end = meets(&g->s, x));) /* rises */
        x.at = end;
    *at = (u32)x.at;
    return g->mem && x.at + x.pages <= g->mem->size / PAGE_SIZE;
}

static void give_back(struct virtio_gpu *g, struct extent x)
{
    if (g->mem)
        memobj_zero(&g->v.dev.m->map, g->mem, x.at * PAGE_SIZE, x.pages * PAGE_SIZE);
}

static u8 *bytes_at(const struct virtio_gpu *g, u64 page)
{
    return g->mem->host + page * PAGE_SIZE;
}

/* ---- resources ---- */

static bool in_memory(const struct virtio_gpu *g, struct extent x)
{
    return g->mem && x.at + x.pages <= g->mem->size / PAGE_SIZE;
}

u32 gpu_find(const struct virtio_gpu *g, u32 id)
{
    for (u32 n = 0; id && n < VIRTIO_GPU_RESOURCES; n++)
        if (g->s.id[n] == id) /* a loaded one may be of a device with more memory */
            return in_memory(g, pixels(&g->s, n)) && in_memory(g, list(&g->s, n)) ? n : GPU_NONE;
    return GPU_NONE;
}

u32 gpu_make(struct virtio_gpu *g, u32 id, u32 format, u32 w, u32 h)
{
    struct virtio_gpu_state *s = &g->s;
    u32 n = 0, at;
    while (n < VIRTIO_GPU_RESOURCES && s->id[n])
        n++;
    if (n == VIRTIO_GPU_RESOURCES || (u64)w * h > VIRTIO_GPU_MEMORY / 4 || !find_room(g, (u64)w * h * 4, &at))
        return GPU_NONE;
    s->id[n] = id;
    s->format[n] = format;
    s->width[n] = w;
    s->height[n] = h;
    s->at[n] = at;
    s->list[n] = s->entries[n] = 0;
    return n;
}

void gpu_drop(struct virtio_gpu *g, u32 n)
{
    struct virtio_gpu_state *s = &g->s;
    gpu_drop_list(g, n);
    give_back(g, pixels(s, n));
    s->id[n] = s->format[n] = s->width[n] = s->height[n] = s->at[n] = 0;
}

u8 *gpu_make_list(struct virtio_gpu *g, u32 n, u32 entries)
{
    u32 at;
    if (!find_room(g, (u64)entries * ENTRY_BYTES, &at))
        return NULL;
    g->s.list[n] = at;
    g->s.entries[n] = entries;
    memobj_written(&g->v.dev.m->map, g->mem, (u64)at * PAGE_SIZE, (u64)entries * ENTRY_BYTES);
    return bytes_at(g, at);
}

void gpu_drop_list(struct virtio_gpu *g, u32 n)
{
    give_back(g, list(&g->s, n));
    g->s.list[n] = g->s.entries[n] = 0;
}

void gpu_drop_all(struct virtio_gpu *g)
{
    for (u32 n = 0; n < VIRTIO_GPU_RESOURCES; n++)
        if (g->s.id[n])
            gpu_drop(g, n);
}

const u8 *gpu_line(const struct virtio_gpu *g, u32 n, u32 x, u32 y)
{
    return bytes_at(g, g->s.at[n]) + ((u64)y * g->s.width[n] + x) * 4;
}

/* ---- copies ---- */

/* Walks a list forwards. */
struct pages {
    const u8 *entry, *end;
    u64       start;        /* offset of the present entry's first byte */
};

/* From byte src of the pages on, as far as they go. */
static bool copy(struct virtio_gpu *g, struct pages *p, u64 src, u8 *to, u64 n)
{
    while (n && p->entry < p->end) {
        u64 len = load_le32(p->entry + 8), skip = src - p->start;
        if (skip >= len) {
            p->start += len;
            p->entry += ENTRY_BYTES;
            continue;
        }
        u64 now = MIN(len - skip, n);
        if (!machine_dma_read(g->v.dev.m, load_le64(p->entry) + skip, to, now))
            return false;
        to += now;
        src += now;
        n -= now;
    }
    return true;
}

bool gpu_fetch(struct virtio_gpu *g, u32 n, const struct gpu_rect *r, u64 offset)
{
    const struct virtio_gpu_state *s = &g->s;
    const u8 *first = bytes_at(g, s->list[n]);
    struct pages p = { first, first + (u64)s->entries[n] * ENTRY_BYTES, 0 };
    u64 stride = 4ull * s->width[n], base = (u64)s->at[n] * PAGE_SIZE + r->y * stride + 4ull * r->x;
    bool whole = r->w == s->width[n], good = true; /* lines without gaps */
    u64 rows = whole ? 1 : r->h, bytes = whole ? r->h * stride : 4ull * r->w;
    for (u64 i = 0; good && bytes && i < rows && offset < OFFSET_MAX; i++) {
        memobj_written(&g->v.dev.m->map, g->mem, base + i * stride, bytes);
        good = copy(g, &p, offset + i * stride, g->mem->host + base + i * stride, bytes);
    }
    return good;
}

/* ---- what a snapshot says ---- */

static bool resource_valid(const struct virtio_gpu_state *s, u32 n)
{
    struct extent px = pixels(s, n), li = list(s, n);
    bool fits = px.at + px.pages <= PAGES_MAX && li.at + li.pages <= PAGES_MAX && s->entries[n] <= VIRTIO_GPU_ENTRIES;
    for (u32 i = 0; i < n; i++)
        fits &= s->id[i] != s->id[n];
    return fits && gpu_format_known(s->format[n]) && s->width[n] && s->height[n];
}

/* Each page at most once. */
static bool claim(u8 *taken, struct extent x)
{
    bool free = true;
    for (u64 i = x.at; i < x.at + x.pages; i++) {
        free &= !taken[i];
        taken[i] = 1;
    }
    return free;
}

bool gpu_resources_valid(const struct virtio_gpu_state *s, struct err *e)
{
    u8 taken[PAGES_MAX] = { 0 };
    for (u32 n = 0; n < VIRTIO_GPU_RESOURCES; n++)
        if (s->id[n] && (!resource_valid(s, n) || !claim(taken, pixels(s, n)) || !claim(taken, list(s, n))))
            return err_set(e, "resource %u makes no sense, or shares memory with another", s->id[n]);
    u32 shown = 0;
    while (s->scanout && shown < VIRTIO_GPU_RESOURCES && s->id[shown] != s->scanout)
        shown++;
    const struct gpu_rect r = { s->x, s->y, s->w, s->h };
    return !s->scanout || (shown < VIRTIO_GPU_RESOURCES && r.w && r.h
                           && gpu_rect_inside(&r, s->width[shown], s->height[shown]))
           || err_set(e, "the screen shows %u by %u pixels of resource %u that are not there", r.w, r.h,
                      s->scanout);
}
