/* internal.h - shared between the files of softmmu/ alone. */
#pragma once
#include "base/bits.h"
#include "softmmu/softmmu.h"

/* RAM objects (memobj.c). */
bool memobj_init(struct memobj *o, const char *name, u64 size, u32 id, struct err *e) MUST_CHECK;
void memobj_release(struct memobj *o);
/* Before [off, off + len), inside o, is written: marks dirty, drops stale code. True when code was hit. */
bool memobj_touch(struct physmap *m, struct memobj *o, u64 off, u64 len);
/* In every dirty map that is kept: another store changes none. */
static inline bool memobj_is_dirty(const struct memobj *o, u64 page)
{
    return o->dirty[page] && (!o->drawn || o->drawn[page]);
}
/* Would it hit code? */
bool memobj_has_code(const struct memobj *o, u64 off, u64 len);

/* The physical map (physmap.c). */
static inline bool region_is_memory(const struct region *r) { return r->kind != REGION_MMIO; }
static inline bool region_has(const struct region *r, gpa a) { return a - r->base < r->size; }
static inline u64 region_obj_off(const struct region *r, gpa a) { return r->off + (a - r->base); }
static inline u8 *region_host(const struct region *r, gpa a) { return r->obj->host + region_obj_off(r, a); }
/* Any region with a byte in the page at `page`, or NULL. */
const struct region *physmap_find_page(const struct physmap *m, gpa page);
/* What answers at a: a region, `nothing` on an open bus, or NULL. */
const struct region *physmap_answers(const struct physmap *m, gpa a);
/* Every byte of [a, a + len) is in some region, or the bus is open. len > 0. */
bool physmap_backed(const struct physmap *m, gpa a, u64 len);
/* Bus access to backed bytes, in naturally aligned pieces of at most `unit` (power of two, up to 8). True
 * when a device that is not quiet was accessed, or nothing at all. What a device unmaps meanwhile counts as an
 * open bus. */
bool physmap_pieces_read(struct physmap *m, gpa a, u32 len, u32 unit, u8 *out);
bool physmap_pieces_write(struct physmap *m, gpa a, u32 len, u32 unit, const u8 *in);

/* TLB (tlb.c). */
struct tlb_slot {
    struct tlb_entry *e;
    struct tlb_info  *i;
};
static inline bool tlb_live(const struct tlb_entry *e) { return !(e->rtag & TLB_EMPTY); }
static inline gva  tlb_page(const struct tlb_entry *e) { return e->rtag & PAGE_MASK; }
static inline bool tlb_holds(const struct tlb_entry *e, gva va)
{
    return tlb_live(e) && tlb_page(e) == (va & PAGE_MASK);
}
/* Table of a context's mode, made if need be. */
struct tlb *tlb_table(struct mmu *u, struct tlb_ctx *c, u32 mode);
/* The entry for va with the right `acc`, after a walk if need be. False: u->fault is filled. The slot is good until
 * the next call. */
bool tlb_resolve(struct mmu *u, gva va, enum mmu_access acc, u32 mode, u32 mem, struct tlb_slot *s);
/* Sets tags and addend from the info, for the page at va. */
void tlb_retag(struct tlb_slot s, gva va);
/* Puts an entry into a table and its slot into the lists: what fills and imports share. */
void tlb_note(struct tlb_ctx *c, struct tlb *t, u32 index, gva va);
void tlb_range_add(struct tlb_range *r, gva va, u32 page_bits);
void tlb_note_large(struct tlb *t, gva va, u32 page_bits); /* an entry of a mapping above PAGE_SIZE */
void tlb_new_epoch(struct mmu *u, struct tlb_ctx *c);
void tlb_set_ctx(struct mmu *u, struct tlb_ctx *c);
void tlb_reset(struct mmu *u); /* everything empty, address space 0 current */

/* Revokes fast stores to the page at `off` of o, or to all of o (off ~0), in every TLB. */
void tlb_revoke_stores(struct physmap *m, const struct memobj *o, u64 off);
/* A region changed its kind: new tags for its entries, new epochs. */
void tlb_region_changed(struct physmap *m, const struct region *r);
/* Regions moved: everything is forgotten. */
void tlb_regions_moved(struct physmap *m);
