/* disk_twins.c - a block in front of each image notes which clusters are written; see disk_twins.h. */
#include "app/disk_twins.h"
#include <stdlib.h>
#include <string.h>

struct watched {
    struct block      b;     /* first: what the device has */
    struct block     *image;
    struct disk_pair *pair;
};

/* ---- the block in front ---- */

static bool watch_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct block *image = ((struct watched *)b)->image;
    return image->read(image, off, p, n, e);
}

static bool watch_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    struct watched *w = (struct watched *)b;
    if (w->pair->touched && n && off < b->size && n <= b->size - off)
        memset(w->pair->touched + off / BLOCK_CLUSTER, 1, (off + n - 1) / BLOCK_CLUSTER - off / BLOCK_CLUSTER + 1);
    return w->image->write(w->image, off, p, n, e);
}

static bool watch_flush(struct block *b, struct err *e)
{
    struct block *image = ((struct watched *)b)->image;
    return image->flush(image, e);
}

static void watch_close(struct block *b)
{
    struct block *image = ((struct watched *)b)->image;
    image->close(image);
    free(b);
}

static bool make_maps(struct disk_pair *p, u64 clusters)
{
    p->clusters = clusters;
    p->touched = calloc(clusters, 1);
    p->stale = calloc(clusters, 1);
    p->kept = calloc(clusters, sizeof *p->kept);
    return p->touched && p->stale && p->kept;
}

static struct block *refuse(struct block *image, struct watched *w)
{
    image->close(image);
    free(w);
    return NULL;
}

struct block *disk_twins_wrap(void *side, struct block *image, struct err *e)
{
    struct disk_side *s = side;
    struct disk_pair *p = &s->t->pair[s->opened];
    struct watched *w = calloc(1, sizeof *w);
    if (!image->read_only && !image->overlay_get) {
        err_set(e, "disk image '%s': two machines cannot write to one file: --lockstep needs snapshot=on or"
                   " readonly=on", image->name);
        return refuse(image, w);
    }
    if (!w || (image->overlay_get && !p->touched && !make_maps(p, block_clusters(image)))) {
        err_set(e, "disk image '%s': out of memory", image->name);
        return refuse(image, w);
    }
    w->b = (struct block){ .size = image->size, .read_only = image->read_only, .name = image->name,
                           .read = watch_read, .write = watch_write, .flush = watch_flush, .close = watch_close };
    w->image = image;
    w->pair = p;
    p->image[s->number] = image;
    s->opened++;
    s->t->count = MAX(s->t->count, s->opened);
    return &w->b;
}

/* ---- comparing, keeping, going back ---- */

/* Next cluster at or behind c whose byte in the map is set; the image's end. */
static u64 next_set(const struct disk_pair *p, const u8 *map, u64 c)
{
    const u8 *at = c < p->clusters ? memchr(map + c, 1, p->clusters - c) : NULL;
    return at ? (u64)(at - map) : ~0ull;
}

#define FOR_CLUSTERS(p, map, c) for (u64 c = next_set(p, map, 0); c != ~0ull; c = next_set(p, map, c + 1))

static const u8 *cluster(const struct disk_pair *p, u32 side, u64 c)
{
    return p->image[side]->overlay_get(p->image[side], c);
}

static bool same_cluster(const struct disk_pair *p, u64 c)
{
    const u8 *a = cluster(p, 0, c), *b = cluster(p, 1, c);
    return !a == !b && (!a || !memcmp(a, b, BLOCK_CLUSTER));
}

void disk_twins_start(struct disk_twins *t)
{
    for (u32 i = 0; i < t->count; i++) {
        struct disk_pair *p = &t->pair[i];
        for (u64 c = 0; c < p->clusters; c++)
            p->touched[c] = cluster(p, 0, c) || cluster(p, 1, c);
    }
}

bool disk_twins_same(struct disk_twins *t)
{
    bool same = true;
    for (u32 i = 0; i < t->count; i++) {
        struct disk_pair *p = &t->pair[i];
        FOR_CLUSTERS(p, p->touched, c) {
            same &= same_cluster(p, c);
            p->stale[c] = 1;
            p->touched[c] = 0;
        }
    }
    return same;
}

static bool keep_cluster(struct disk_pair *p, u64 c, struct err *e)
{
    const u8 *now = cluster(p, 0, c);
    if (!now) {
        free(p->kept[c]);
        p->kept[c] = NULL;
        return true;
    }
    if (!p->kept[c] && !(p->kept[c] = malloc(BLOCK_CLUSTER)))
        return err_set(e, "disk image '%s': out of memory for a copy of its overlay", p->image[0]->name);
    memcpy(p->kept[c], now, BLOCK_CLUSTER);
    return true;
}

bool disk_twins_keep(struct disk_twins *t, struct err *e)
{
    for (u32 i = 0; i < t->count; i++) {
        struct disk_pair *p = &t->pair[i];
        FOR_CLUSTERS(p, p->stale, c) {
            if (!keep_cluster(p, c, e))
                return false;
            p->stale[c] = 0;
        }
    }
    return true;
}

bool disk_twins_back(struct disk_twins *t, struct err *e)
{
    (void)disk_twins_same(t); /* touched becomes stale */
    for (u32 i = 0; i < t->count; i++) {
        struct disk_pair *p = &t->pair[i];
        FOR_CLUSTERS(p, p->stale, c) {
            for (u32 k = 0; k < 2; k++)
                if (!p->image[k]->overlay_set(p->image[k], c, p->kept[c], e))
                    return false;
            p->stale[c] = 0;
        }
    }
    return true;
}

void disk_twins_print(const struct disk_twins *t, FILE *f)
{
    for (u32 i = 0; i < t->count; i++) {
        const struct disk_pair *p = &t->pair[i];
        FOR_CLUSTERS(p, p->stale, c)
            if (!same_cluster(p, c))
                fprintf(f, "  disk image '%s': the %u bytes from %#llx on differ\n", p->image[0]->name, BLOCK_CLUSTER,
                        (unsigned long long)c * BLOCK_CLUSTER);
    }
}

/* ---- life ---- */

void disk_twins_init(struct disk_twins *t)
{
    *t = (struct disk_twins){ .side = { { t, 0, 0 }, { t, 1, 0 } } };
}

void disk_twins_close(struct disk_twins *t)
{
    for (u32 i = 0; i < DISKS_MAX; i++) {
        struct disk_pair *p = &t->pair[i];
        for (u64 c = 0; p->kept && c < p->clusters; c++)
            free(p->kept[c]);
        free(p->kept);
        free(p->touched);
        free(p->stale);
    }
}
