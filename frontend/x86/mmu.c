/*
 * mmu.c - paging: the walks of 32-bit, PAE and 4-level paging, TLB contexts, INVLPG, INVPCID, A20.
 *
 * Intel SDM volume 3, chapter 4: formats 4.3 to 4.5, rights 4.6, error codes 4.7, accessed and dirty flags 4.8,
 * caching 4.10. Accessed and dirty flags are set once a translation has succeeded, in all its entries, upper ones
 * first. A page that is clean gives no write right to a read, so that the first write walks again.
 *
 * A table outside RAM and ROM reads as ones, as on an empty bus, and reaches no device; flags are not stored in ROM.
 * Not modelled: paging-structure caches, memory types, 5 levels, protection keys, shadow stacks; a physical address
 * beyond the width only matters where entries hold one.
 *
 * A TLB context is a PCID (0 without CR4.PCIDE), or paging off. Whoever changes A20 drops all of them.
 */
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include <string.h>

enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 };
enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 32, PTE_D = 64, PTE_PS = 128, PTE_G = 256 };
#define KEY_OFF (1ull << 16) /* TLB context key: the PCID, or this */
#define KEY_PCID 0xfffull
#define ENTRY_PA 0x000ffffffffff000ull

struct walk {
    const struct x86_state *s;
    struct physmap         *map;
    struct mmu_fault       *f;
    gva va;
    u32 code;            /* of a #PF but P and RSVD */
    u32 size;            /* of an entry in bytes */
    u32 count;           /* entries used, the leaf last */
    gpa at[4];
    u64 entry[4];
    u64 reserved;        /* bits in every entry */
    u64 may;             /* PTE_U and PTE_W of all entries */
    bool nx;             /* any has it */
    gpa pa;
    u32 page_bits;
};

static bool refuse(const struct walk *w, u32 more)
{
    w->f->info[0] = w->code | more;
    return false;
}

static gpa a20(const struct x86_state *s, gpa a)
{
    return s->a20_off ? a & ~(1ull << 20) : a;
}

static u32 pa_bits(struct vcpu *v) { return x86_wiring_of(v)->model->pa_bits; }

/* ---- walks ---- */

/* Reads the entry of va in a table: present, and without reserved bits. */
static bool step(struct walk *w, gpa table, u32 shift, u32 bits)
{
    gpa at = a20(w->s, table + bits_get(w->va, shift, bits) * w->size);
    const u8 *p = physmap_ptr(w->map, at, w->size);
    u64 e = !p ? bits_mask(8 * w->size) : w->size == 8 ? load_le64(p) : load_le32(p);
    if (!(e & PTE_P))
        return refuse(w, 0);
    w->at[w->count] = at;
    w->entry[w->count++] = e;
    w->may &= e;
    w->nx |= e >> 63;
    return !(e & w->reserved) || refuse(w, PF_P | PF_RSVD);
}

static bool leaf(struct walk *w, u64 page, u32 shift, u64 reserved)
{
    w->pa = page | (w->va & bits_mask(shift));
    w->page_bits = shift;
    return !(w->entry[w->count - 1] & reserved) || refuse(w, PF_P | PF_RSVD);
}

/* Figure 4-4. PSE-36 puts address bits 39:32 into bits 20:13 of a 4-MByte entry, as far as the width goes. */
static bool walk_32(struct vcpu *v, struct walk *w)
{
    bool pat = x86_has(v, X86_FEAT_pat);
    if (!step(w, w->s->cr3 & 0xfffff000, 22, 10))
        return false;
    u64 e = w->entry[0];
    if (e & PTE_PS && w->s->cr4 & X86_CR4_PSE) {
        u32 width = x86_has(v, X86_FEAT_pse36) ? MIN(pa_bits(v), 40u) : 32;
        u64 reserved = bits_mask(22) & ~bits_mask(width - 19);
        return leaf(w, (e & 0xffc00000) | (e >> 13 & 0xff) << 32, 22, reserved | (pat ? 0 : 1 << 12));
    }
    return step(w, e & 0xfffff000, 12, 10) && leaf(w, w->entry[1] & 0xfffff000, 12, pat ? 0 : PTE_PS);
}

/* 8-byte entries from the table that translates bits shift + 8 : shift. */
static bool walk_64(struct vcpu *v, struct walk *w, gpa table, u32 shift)
{
    for (;; shift -= 9) {
        if (!step(w, table, shift, 9))
            return false;
        u64 e = w->entry[w->count - 1];
        if (shift == 12)
            return leaf(w, e & ENTRY_PA, 12, 0);
        if (e & PTE_PS) {
            bool large = shift == 21 || (shift == 30 && x86_has(v, X86_FEAT_pdpe1gb));
            u64 low = bits_mask(shift) & ~bits_mask(13);
            return leaf(w, e & ENTRY_PA & ~bits_mask(shift), shift, large ? low : PTE_PS);
        }
        table = e & ENTRY_PA;
    }
}

static bool walk_pae(struct vcpu *v, struct walk *w)
{
    u64 pdpte = w->s->pdpte[w->va >> 30 & 3];
    return pdpte & PTE_P ? walk_64(v, w, pdpte & ENTRY_PA, 21) : refuse(w, 0);
}

static bool walk_any(struct vcpu *v, struct walk *w)
{
    const struct x86_state *s = w->s;
    if (!(s->cr4 & X86_CR4_PAE)) {
        w->size = 4;
        return walk_32(v, w);
    }
    bool lma = s->efer & X86_EFER_LMA;
    w->size = 8;
    w->reserved = bits_mask(lma ? 52 : 63) & ~bits_mask(pa_bits(v));
    if (!(s->efer & X86_EFER_NXE))
        w->reserved |= 1ull << 63;
    return lma ? walk_64(v, w, s->cr3 & ENTRY_PA, 39) : walk_pae(v, w);
}

/* ---- rights (4.6.1), flags (4.8) ---- */

static u32 rights(const struct walk *w, u32 mode)
{
    bool user = w->may & PTE_U, write = w->may & PTE_W;
    u32 fetch = w->nx ? 0 : MMU_FETCH;
    if (mode == X86_MMU_USER)
        return user ? MMU_READ | (write ? MMU_WRITE : 0) | fetch : 0;
    if (user && w->s->cr4 & X86_CR4_SMEP)
        fetch = 0;
    if (user && mode == X86_MMU_KERNEL_SMAP)
        return fetch;
    return MMU_READ | (write || !(w->s->cr0 & X86_CR0_WP) ? MMU_WRITE : 0) | fetch;
}

static u64 flagged(const struct walk *w, u32 i, bool write)
{
    return w->entry[i] | PTE_A | (write && i == w->count - 1 ? PTE_D : 0);
}

/* False: one of the entries lies where code is; not now (mmu_walk_writes()). */
static bool set_flags(struct walk *w, struct mmu *u, bool write)
{
    for (u32 i = 0; i < w->count; i++)
        if (flagged(w, i, write) != w->entry[i] && !mmu_walk_writes(u, w->at[i], w->size))
            return false;
    for (u32 i = 0; i < w->count; i++) {
        u64 e = flagged(w, i, write);
        if (e != w->entry[i] && !physmap_write(w->map, w->at[i], &e, w->size))
            log_line(w->map->log, LOG_guest_error, "page table outside RAM at %#llx", (unsigned long long)w->at[i]);
        w->entry[i] = e;
    }
    return true;
}

static u32 code_of(const struct x86_state *s, enum mmu_access acc, u32 mode)
{
    bool tells_fetch = s->cr4 & X86_CR4_SMEP || (s->cr4 & X86_CR4_PAE && s->efer & X86_EFER_NXE);
    return (acc == MMU_WRITE ? PF_W : 0) | (mode == X86_MMU_USER ? PF_U : 0)
           | (acc == MMU_FETCH && tells_fetch ? PF_I : 0);
}

/* Data entries say nothing about fetches and the other way round: softmmu keeps them apart, and flushes of data then
 * end no shortcuts. */
static u8 prot_of(u32 may, enum mmu_access acc)
{
    return (u8)(may & (acc == MMU_FETCH ? MMU_FETCH : MMU_READ | MMU_WRITE));
}

static bool walk_flat(const struct x86_state *s, gva va, enum mmu_access acc, struct xlat *x)
{
    *x = (struct xlat){ .pa = a20(s, (u32)va), .prot = prot_of(MMU_READ | MMU_WRITE | MMU_FETCH, acc),
                        .page_bits = s->a20_off ? PAGE_BITS : 64 };
    return true;
}

bool x86_walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    struct vcpu *v = opaque;
    const struct x86_state *s = v->state;
    if (!(s->cr0 & X86_CR0_PG))
        return walk_flat(s, va, acc, x);
    struct walk w = { .s = s, .map = v->mmu.map, .f = f, .va = va, .code = code_of(s, acc, mode),
                      .may = PTE_U | PTE_W };
    if (!(s->efer & X86_EFER_LMA)) {
        w.va = (u32)va;
    } else if (!x86_canonical(va)) {
        f->info[0] = X86_WALK_NONCANONICAL;
        return false;
    }
    if (!walk_any(v, &w))
        return false;
    u32 may = rights(&w, mode);
    if (!(may & acc))
        return refuse(&w, PF_P);
    if (!v->mmu.looking && !set_flags(&w, &v->mmu, acc == MMU_WRITE))
        return false;
    u64 e = w.entry[w.count - 1];
    if (!(e & PTE_D))
        may &= ~(u32)MMU_WRITE;
    *x = (struct xlat){ .pa = a20(s, w.pa), .prot = prot_of(may, acc), .page_bits = (u8)w.page_bits,
                        .global = e & PTE_G && s->cr4 & X86_CR4_PGE };
    return true;
}

/* Table 4-8. A table that is not there reads as ones, which are reserved. */
bool x86_load_pdptes(struct vcpu *v, u64 cr3)
{
    struct x86_state *s = v->state;
    const u8 *p = physmap_ptr(v->mmu.map, a20(s, cr3 & 0xffffffe0), 32);
    u64 entry[4], reserved = ~bits_mask(pa_bits(v)) | 0x1e6;
    for (u32 i = 0; i < 4; i++) {
        entry[i] = p ? load_le64(p + 8 * i) : ~0ull;
        if (entry[i] & PTE_P && entry[i] & reserved)
            return x86_fail_gp(v, 0);
    }
    memcpy(s->pdpte, entry, sizeof entry);
    return true;
}

/* ---- TLB contexts, 4.10 ---- */

void x86_mmu_select(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    if (!(s->cr0 & X86_CR0_PG))
        mmu_select(&v->mmu, KEY_OFF);
    else
        mmu_select(&v->mmu, s->cr4 & X86_CR4_PCIDE ? s->cr3 & KEY_PCID : 0);
}

void x86_mmu_flush(struct vcpu *v)
{
    mmu_flush(&v->mmu, 0, KEY_OFF);
}

void x86_mmu_flush_local(struct vcpu *v, u64 pcid)
{
    mmu_flush_local(&v->mmu, pcid, KEY_OFF | KEY_PCID);
}

static void flush_page(struct vcpu *v, gva va, u64 pcid)
{
    mmu_flush_va(&v->mmu, va, pcid, KEY_OFF | KEY_PCID);
}

void x86_invlpg(struct vcpu *v, gva va)
{
    const struct x86_state *s = v->state;
    if (!(s->efer & X86_EFER_LMA))
        va = (u32)va;
    if (x86_canonical(va))
        flush_page(v, va, s->cr4 & X86_CR4_PCIDE ? s->cr3 & KEY_PCID : 0);
}

/* SDM volume 2, INVPCID. */
bool x86_invpcid(struct vcpu *v, u64 type, u64 pcid, u64 va)
{
    const struct x86_state *s = v->state;
    if (type > 3 || pcid > KEY_PCID || (type < 2 && pcid && !(s->cr4 & X86_CR4_PCIDE)))
        return x86_fail_gp(v, 0);
    switch (type) {
    case 0:
        if (s->efer & X86_EFER_LMA && !x86_canonical(va))
            return x86_fail_gp(v, 0);
        flush_page(v, va, pcid);
        break;
    case 1: x86_mmu_flush_local(v, pcid); break;
    case 2: x86_mmu_flush(v); break;
    case 3: mmu_flush_local(&v->mmu, 0, KEY_OFF); break;
    }
    return true;
}
