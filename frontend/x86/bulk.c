/*
 * bulk.c - iterations of REP MOVS and REP STOS done at once (IR_H_BULK): those that stay in one page of source and of
 * destination, both in the TLB, and plain memory or quiet devices. All others, and always the last one, are
 * executed one by one.
 *
 * Only hits are looked at, so the TLB is left as single iterations would leave it, and nothing can fault.
 */
#include "frontend/x86/bulk.h"
#include "frontend/x86/cpu.h"
#include <string.h>

struct run {
    u8                  *at;     /* host address, or NULL */
    const struct region *device; /* then this one; NULL: not to be had */
    u64                  off;    /* in it */
    u64                  room;   /* elements from there to the end of page and segment */
};

/* Offset r of an instruction with addresses up to `mask`, in a segment that checks nothing. */
static struct run find(struct vcpu *v, u64 desc, u64 base, u64 off, u64 mask, bool write)
{
    u32 shift = X86_BULK_SIZE(desc), mode = X86_BULK_MMU(desc);
    gva va = desc & X86_BULK_LONG ? base + off : (u32)(base + off);
    u64 page = (PAGE_SIZE - (va & (PAGE_SIZE - 1))) >> shift;
    u64 wrap = mask - off == ~0ull ? page : (mask - off + 1) >> shift;
    void *at = write ? mmu_fast_write(&v->mmu, mode, va, 1u << shift) : mmu_fast_read(&v->mmu, mode, va, 1u << shift);
    struct run r = { .at = at, .room = MIN(page, wrap) };
    if (!at && !(va & ((1u << shift) - 1)))
        r.device = mmu_quiet_hit(&v->mmu, mode, va, write ? MMU_WRITE : MMU_READ, &r.off);
    return r;
}

static bool is_there(const struct run *r) { return r->at || r->device; }

static void copy(u8 *to, const u8 *from, u64 n, u32 shift)
{
    u64 bytes = n << shift;
    if (to <= from || to >= from + bytes) {
        memmove(to, from, bytes); /* as if from low to high addresses */
        return;
    }
    for (u64 i = 0; i < bytes; i += 1u << shift)
        memmove(to + i, from + i, 1u << shift);
}

static void fill(u8 *to, u64 val, u64 n, u32 shift)
{
    if (!shift) {
        memset(to, (int)(val & 0xff), n);
        return;
    }
    for (u64 i = 0; i < n; i++)
        memcpy(to + (i << shift), &val, 1u << shift);
}

/* One by one, where a device is part of it. from: NULL to store val. */
static void each(const struct run *to, const struct run *from, u64 val, u64 n, u32 shift)
{
    u32 size = 1u << shift;
    for (u64 i = 0; i < n; i++) {
        u64 at = i << shift;
        if (from && from->at)
            memcpy(&val, from->at + at, size);
        else if (from)
            val = from->device->ops->read(from->device->opaque, from->off + at, size);
        if (to->at)
            memcpy(to->at + at, &val, size);
        else
            to->device->ops->write(to->device->opaque, to->off + at, val & (~0ull >> (64 - 8 * size)), size);
    }
}

static void add(u64 *reg, u64 by, u64 mask)
{
    u64 sum = *reg + by;
    *reg = mask == 0xffff ? (*reg & ~mask) | (sum & mask) : sum & mask;
}

u64 x86_h_rep_bulk(struct vcpu *v, u64 desc, u64 unused, u64 unused2)
{
    (void)unused, (void)unused2;
    struct x86_state *s = v->state;
    u64 mask = X86_BULK_MASK(desc), count = s->gpr[X86_RCX] & mask;
    u32 shift = X86_BULK_SIZE(desc), seg = X86_BULK_SEG(desc);
    bool moves = desc & X86_BULK_MOVES;
    if (s->df || count < 3 || !v->bulk)
        return 0;
    struct run to = find(v, desc, desc & X86_BULK_LONG ? 0 : s->seg_base[X86_ES], s->gpr[X86_RDI] & mask, mask, true);
    struct run from = to;
    if (moves)
        from = find(v, desc, desc & X86_BULK_LONG && seg < X86_FS ? 0 : s->seg_base[seg], s->gpr[X86_RSI] & mask,
                    mask, false);
    u64 n = MIN(MIN(count - 1, to.room), MIN(from.room, v->bulk + 1));
    if (!is_there(&to) || !is_there(&from) || n < 2)
        return 0;
    if (!to.at || !from.at)
        each(&to, moves ? &from : NULL, s->gpr[X86_RAX], n, shift);
    else if (moves)
        copy(to.at, from.at, n, shift);
    else
        fill(to.at, s->gpr[X86_RAX], n, shift);
    add(&s->gpr[X86_RDI], n << shift, mask);
    if (moves)
        add(&s->gpr[X86_RSI], n << shift, mask);
    add(&s->gpr[X86_RCX], 0 - n, mask);
    v->bulk -= n - 1;
    return 1;
}
