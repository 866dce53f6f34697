/*
 * tlb_state.c - the TLB as words of a snapshot.
 *
 * Layout, all u64: version, index of the current context, LRU stamp, number of contexts; for each live context
 * its index, key, stamp, next victim of each mode (a byte each), number of entries; for each entry two words:
 *   va page | victim slot << 9 (3 bits) | is victim << 8 | mode << 6 | global << 5 | device << 4 | prot
 *   pa page | page_bits
 * Tags, addends, lists and ranges are derived. Import trusts nothing.
 *
 * Version 1 had another hash of addresses to slots: of two of its entries that now share one, the first stays.
 */
#include "softmmu/internal.h"

#define VERSION 2u
#define ENTRY_WORDS 2u

_Static_assert(MMU_MODES == 4 && TLB_VICTIMS == 8, "field widths of an entry");

struct out {
    u64 *to, cap, n;
};

static void put(struct out *o, u64 v)
{
    if (o->n < o->cap)
        o->to[o->n] = v;
    o->n++;
}

static void put_entry(struct out *o, const struct tlb_entry *e, const struct tlb_info *i, u32 mode, u64 place)
{
    if (!tlb_live(e))
        return;
    put(o, tlb_page(e) | place | mode << 6 | (u64)i->global << 5 | (u64)i->device << 4 | i->prot);
    put(o, i->page | i->page_bits);
}

static void put_table(struct out *o, const struct tlb *t, u32 mode)
{
    for (u32 k = 0; k < TLB_ENTRIES; k++)
        put_entry(o, &t->e[k], &t->i[k], mode, 0);
    for (u32 k = 0; k < TLB_VICTIMS; k++)
        put_entry(o, &t->ve[k], &t->vi[k], mode, k << 9 | 1u << 8);
}

static void put_ctx(struct out *o, const struct tlb_ctx *c, u64 index)
{
    u64 next = 0;
    struct out entries = { 0 };
    for (u32 m = 0; m < MMU_MODES; m++)
        if (c->mode[m]) {
            next |= (u64)c->mode[m]->victim_next << 8 * m;
            put_table(&entries, c->mode[m], m);
        }
    put(o, index);
    put(o, c->key);
    put(o, c->stamp);
    put(o, next);
    put(o, entries.n / ENTRY_WORDS);
    for (u32 m = 0; m < MMU_MODES; m++)
        if (c->mode[m])
            put_table(o, c->mode[m], m);
}

u64 mmu_export(const struct mmu *u, u64 *out, u64 cap)
{
    struct out o = { out, cap, 0 };
    u64 live = 0;
    for (u32 i = 0; i < MMU_CTXS; i++)
        live += u->ctxs[i].live;
    put(&o, VERSION);
    put(&o, (u64)(u->ctx - u->ctxs));
    put(&o, u->stamp);
    put(&o, live);
    for (u32 i = 0; i < MMU_CTXS; i++)
        if (u->ctxs[i].live)
            put_ctx(&o, &u->ctxs[i], i);
    return o.n;
}

struct in {
    const u64 *at, *end;
};

static bool get(struct in *in, u64 *v)
{
    if (in->at == in->end)
        return false;
    *v = *in->at++;
    return true;
}

static bool get_entry(struct mmu *u, struct tlb_ctx *c, u64 version, u64 a, u64 b)
{
    struct tlb *t = tlb_table(u, c, a >> 6 & 3);
    gva va = a & PAGE_MASK;
    u32 k = tlb_index(va), v = a >> 9 & 7;
    bool victim = a >> 8 & 1;
    struct tlb_slot s = victim ? (struct tlb_slot){ &t->ve[v], &t->vi[v] } : (struct tlb_slot){ &t->e[k], &t->i[k] };
    struct tlb_info i = { .region = physmap_find_page(u->map, b & PAGE_MASK), .page = b & PAGE_MASK, .prot = a & 7,
                          .page_bits = b & 127, .device = a >> 4 & 1, .global = a >> 5 & 1 };
    if (!i.region && u->map->open_bus)
        i.region = &u->map->nothing;
    if (!i.region || !i.prot || i.page_bits < PAGE_BITS || i.page_bits > 64)
        return false;
    if ((a & ~PAGE_MASK) >> 3 & 1 || (b & ~PAGE_MASK) >> 7 || (!victim && v))
        return false; /* bits without a meaning */
    if (tlb_live(s.e))
        return version == 1 && !victim;
    i.listed = s.i->listed;
    *s.i = i;
    if (victim) { /* a victim has been in a slot: only the ranges are due */
        if (i.page_bits > PAGE_BITS)
            tlb_note_large(t, va, i.page_bits);
        if (i.global)
            tlb_range_add(&c->global, va, i.page_bits);
    } else {
        tlb_note(c, t, k, va);
    }
    tlb_retag(s, va);
    return true;
}

static bool get_ctx(struct mmu *u, struct in *in, u64 version, u64 limit)
{
    u64 index, key, stamp, next, count, a, b;
    if (!get(in, &index) || !get(in, &key) || !get(in, &stamp) || !get(in, &next) || !get(in, &count))
        return false;
    if (index >= MMU_CTXS || u->ctxs[index].live || stamp > limit || next & ~0x07070707ull)
        return false;
    struct tlb_ctx *c = &u->ctxs[index];
    for (u32 i = 0; i < MMU_CTXS; i++)
        if (u->ctxs[i].live && u->ctxs[i].key == key)
            return false;
    c->live = true;
    c->key = key;
    c->stamp = stamp;
    for (u32 m = 0; m < MMU_MODES; m++)
        if (next >> 8 * m & 7)
            tlb_table(u, c, m)->victim_next = next >> 8 * m & 7;
    for (; count; count--)
        if (!get(in, &a) || !get(in, &b) || !get_entry(u, c, version, a, b))
            return false;
    return true;
}

static bool get_all(struct mmu *u, struct in *in)
{
    u64 version, cur, stamp, live;
    if (!get(in, &version) || !get(in, &cur) || !get(in, &stamp) || !get(in, &live))
        return false;
    if (version < 1 || version > VERSION || cur >= MMU_CTXS || live > MMU_CTXS)
        return false;
    for (; live; live--)
        if (!get_ctx(u, in, version, stamp))
            return false;
    if (!u->ctxs[cur].live || in->at != in->end)
        return false;
    u->stamp = stamp;
    tlb_set_ctx(u, &u->ctxs[cur]);
    return true;
}

bool mmu_import(struct mmu *u, const u64 *in, u64 count, struct err *e)
{
    struct in src = { in, in + count };
    tlb_reset(u);
    for (u32 i = 0; i < MMU_CTXS; i++)
        u->ctxs[i].live = false;
    if (get_all(u, &src))
        return true;
    tlb_reset(u);
    return err_set(e, "the saved TLB does not fit this machine");
}
