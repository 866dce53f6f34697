/* twins_internal.h - shared between twins.c and twins_print.c alone. */
#pragma once
#include "snapshot/format.h"
#include "snapshot/twins.h"

struct twins {
    struct machine    *m[2];
    struct parts       parts[2]; /* of the same length, in the same order */
    struct buf        *kept;     /* the section of each part */
    struct {
        u8 *copy;                /* memory as it was kept; anonymous, of the object's size */
        u8 *stale;               /* a byte per page: written by one of the machines since */
    } obj[PHYSMAP_OBJS];
    struct twins_stats stats;
};

static inline u64 twins_pages(const struct memobj *o)
{
    return o->size / PAGE_SIZE;
}
/* Equal where the guest can tell: fields that are caches may differ. */
bool twins_same_field(const struct part *a, const struct part *b, const struct state_field *f);
/* A TLB as words; out->p is NULL when there is no memory for it. */
void twins_tlb(const struct part *p, struct buf *out);
