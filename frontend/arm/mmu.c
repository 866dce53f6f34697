/*
 * mmu.c - VMSAv8-64 stage 1 of the EL1&0 regime: the walk, the AT instructions, TLB maintenance, TLB contexts.
 *
 * Arm ARM DDI 0487, D8 and AArch64.S1Translate of J1.1; granules of 4, 16 and 64 KB, 48-bit addresses.
 * Not modelled: stage 2, hardware updates of the access and dirty flags, FEAT_LPA, FEAT_LVA, FEAT_HPDS, TLB
 * conflicts; the contiguous bit changes nothing (D8.6.1 allows it); 52-bit addresses.
 *
 * A TLB context is (ASID, MMU on or off); TTBR changes under one ASID drop nothing, since software must do so
 * (D8.14). Out-of-range TCR_EL1.TxSZ and reserved granules count as the nearest and as 4 KB (D8.2.5).
 */
#include "base/bits.h"
#include "frontend/arm/cpu.h"

enum { FSC_SIZE = 0x00, FSC_TRANSLATION = 0x04, FSC_ACCESS = 0x08, FSC_PERMISSION = 0x0c, FSC_EXTERNAL = 0x14 };
enum { SCTLR_M = 1 << 0, SCTLR_WXN = 1 << 19, SCTLR_EE = 1 << 25 };
#define KEY_OFF (1ull << 16) /* TLB context key: the ASID, or this */
#define PA_MASK 0xffffffffffffull

/* One half of the address space, as TCR_EL1 describes it. */
struct half {
    u64  ttbr;
    u32  granule;    /* log2 of bytes */
    u32  input_bits;
    bool high, walks, tbi;
};

/* A leaf, with the attributes of the tables above folded in. */
struct leaf {
    gpa  pa;
    u32  page_bits;
    u32  ap;         /* AP[2:1] */
    bool uxn, pxn, ng;
    u8   attr, sh;   /* MAIR_EL1 byte, SH[1:0] */
};

static bool refuse(struct mmu_fault *f, u32 fsc)
{
    f->info[0] = fsc;
    return false;
}

static struct half half_of(const struct a64_state *s, gva va)
{
    static const u8 tg0[4] = { 12, 16, 14, 12 }, tg1[4] = { 12, 14, 12, 16 };
    u64 tcr = s->tcr_el1;
    bool high = va >> 55 & 1;
    u32 tsz = tcr >> (high ? 16 : 0) & 63;
    return (struct half){
        .ttbr = high ? s->ttbr1_el1 : s->ttbr0_el1, .granule = high ? tg1[tcr >> 30 & 3] : tg0[tcr >> 14 & 3],
        .input_bits = 64 - MIN(MAX(tsz, 16u), 39u), .high = high, .walks = !(tcr >> (high ? 23 : 7) & 1),
        .tbi = tcr >> (high ? 38 : 37) & 1,
    };
}

/* TCR_EL1.IPS and ID_AA64MMFR0_EL1.PARange count alike. */
static u32 range_bits(u64 range)
{
    static const u8 bits[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };
    return bits[range & 7];
}

static u32 pa_bits(struct vcpu *v)
{
    return MIN(range_bits(a64_of(v)->tcr_el1 >> 32), range_bits(a64_wiring_of(v)->model->pa_range));
}

static bool in_range(const struct half *h, gva va)
{
    u64 mask = bits_mask((h->tbi ? 56 : 64) - h->input_bits);
    return (va >> h->input_bits & mask) == (h->high ? mask : 0);
}

static bool read_desc(struct vcpu *v, gpa at, u64 *desc)
{
    const u8 *p = physmap_ptr(v->mmu.map, at, 8);
    if (!p)
        return false;
    *desc = a64_of(v)->sctlr_el1 & SCTLR_EE ? load_be64(p) : load_le64(p);
    return true;
}

/* Table attributes (D8.3.1.3, D8.4.2): XNTable and APTable only ever take rights away. */
static void fold_table(struct leaf *l, u64 desc)
{
    l->pxn |= desc >> 59 & 1;
    l->uxn |= desc >> 60 & 1;
    l->ap |= desc >> 61 & 3; /* here: APTable */
}

static void fold_leaf(const struct a64_state *s, struct leaf *l, u64 desc, u32 shift, gva va)
{
    u32 table = l->ap;
    l->ap = (desc >> 6 & 3 & ~(table & 1)) | (table & 2);
    l->pxn |= desc >> 53 & 1;
    l->uxn |= desc >> 54 & 1;
    l->ng = desc >> 11 & 1;
    l->sh = desc >> 8 & 3;
    l->attr = (u8)(s->mair_el1 >> (8 * (desc >> 2 & 7)));
    l->page_bits = shift;
    l->pa = (desc & PA_MASK & ~bits_mask(shift)) | (va & bits_mask(shift));
}

static bool is_leaf(u32 granule, u32 level, u64 desc)
{
    if (level == 3)
        return desc & 2;
    return !(desc & 2) && (level == 2 || (level == 1 && granule == 12));
}

static bool walk(struct vcpu *v, gva va, struct leaf *l, struct mmu_fault *f)
{
    const struct a64_state *s = v->state;
    struct half h = half_of(s, va);
    u32 stride = h.granule - 3, size = pa_bits(v);
    if (!h.walks || !in_range(&h, va))
        return refuse(f, FSC_TRANSLATION);
    u32 level = 4 - (h.input_bits - h.granule + stride - 1) / stride;
    u32 shift = h.granule + stride * (3 - level), index_bits = h.input_bits - shift;
    gpa table = h.ttbr & PA_MASK & ~bits_mask(index_bits + 3);
    if (table >> size)
        return refuse(f, FSC_SIZE);
    *l = (struct leaf){ 0 };
    for (;; level++, shift -= stride, index_bits = stride) {
        u64 desc;
        if (!read_desc(v, table | bits_get(va, shift, index_bits) << 3, &desc))
            return refuse(f, FSC_EXTERNAL + level);
        bool leaf = is_leaf(h.granule, level, desc);
        if (!(desc & 1) || (!leaf && (level == 3 || !(desc & 2))))
            return refuse(f, FSC_TRANSLATION + level);
        if ((desc & PA_MASK & ~bits_mask(h.granule)) >> size)
            return refuse(f, FSC_SIZE + level);
        if (leaf) {
            fold_leaf(s, l, desc, shift, va);
            f->info[1] = level;
            return desc >> 10 & 1 ? true : refuse(f, FSC_ACCESS + level);
        }
        fold_table(l, desc);
        table = desc & PA_MASK & ~bits_mask(h.granule);
    }
}

/* MMU_ bits that a mode may (D8.4.1): AP[2] forbids writing, AP[1] allows EL0; what EL0 can write EL1 never
 * executes. */
static u32 rights(const struct a64_state *s, const struct leaf *l, u32 mode)
{
    bool user = l->ap & 1, write = !(l->ap & 2), wxn = s->sctlr_el1 & SCTLR_WXN;
    u32 r = 0;
    if (mode == A64_MMU_EL0) {
        if (user)
            r |= MMU_READ | (write ? MMU_WRITE : 0u);
        if (!l->uxn && !(wxn && r & MMU_WRITE))
            r |= MMU_FETCH;
        return r;
    }
    if (!(mode == A64_MMU_EL1_PAN && user))
        r |= MMU_READ | (write ? MMU_WRITE : 0u);
    if (!l->pxn && !(wxn && write) && !(user && write))
        r |= MMU_FETCH;
    return r;
}

/* Stage 1 off: addresses are physical ones (AArch64.S1DisabledOutput). */
static bool flat(struct vcpu *v, gva va, struct leaf *l, struct mmu_fault *f)
{
    struct half h = half_of(v->state, va);
    gpa pa = h.tbi ? va & bits_mask(56) : va;
    if (pa >> range_bits(a64_wiring_of(v)->model->pa_range))
        return refuse(f, FSC_SIZE);
    *l = (struct leaf){ .pa = pa, .page_bits = 64, .ng = true };
    return true;
}

static bool enabled(const struct a64_state *s)
{
    return s->sctlr_el1 & SCTLR_M;
}

bool a64_walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    struct vcpu *v = opaque;
    const struct a64_state *s = v->state;
    struct leaf l;
    bool on = enabled(s);
    if (!(on ? walk(v, va, &l, f) : flat(v, va, &l, f)))
        return false;
    u32 may = on ? rights(s, &l, mode) : MMU_READ | MMU_WRITE | MMU_FETCH;
    if (!(may & acc))
        return refuse(f, FSC_PERMISSION + (u32)f->info[1]);
    /* Data accesses are to Device memory while stage 1 is off: the mode word demands alignment, and nothing
     * else of it shows, so that these need not be slow. */
    *x = (struct xlat){ .pa = l.pa, .prot = (u8)may, .page_bits = (u8)l.page_bits, .device = on && !(l.attr & 0xf0),
                        .global = !l.ng };
    return true;
}

/* ---- address translation instructions: PAR_EL1 (D17.2.108) ---- */

static u64 par_fault(u64 fsc)
{
    return 1 | fsc << 1 | 1 << 11;
}

bool a64_at(struct vcpu *v, gva va, enum mmu_access acc, u32 mode, u64 *par, struct mmu_fault *f)
{
    const struct a64_state *s = v->state;
    struct leaf l;
    bool on = enabled(s);
    *f = (struct mmu_fault){ .kind = FAULT_WALK, .access = acc, .va = va, .mode = mode };
    if (!(on ? walk(v, va, &l, f) : flat(v, va, &l, f))) {
        u32 fsc = (u32)f->info[0];
        *par = par_fault(fsc);
        return fsc < FSC_EXTERNAL || fsc > FSC_EXTERNAL + 3;
    }
    if (on && !(rights(s, &l, mode) & acc)) {
        *par = par_fault(FSC_PERMISSION + f->info[1]);
        return true;
    }
    /* Device and Normal Non-cacheable memory is outer shareable whatever the descriptor says. */
    u64 sh = !(l.attr & 0xf0) || l.attr == 0x44 ? 2 : l.sh;
    *par = (u64)l.attr << 56 | (l.pa & PA_MASK & PAGE_MASK) | 1 << 11 | sh << 7;
    return true;
}

/* ---- TLB contexts and maintenance (D8.14) ---- */

static u64 asid_of(const struct a64_state *s, u64 reg)
{
    return reg >> 48 & (s->tcr_el1 >> 36 & 1 ? 0xffff : 0xff);
}

void a64_mmu_select(struct vcpu *v)
{
    const struct a64_state *s = v->state;
    bool a1 = s->tcr_el1 >> 22 & 1;
    mmu_select(&v->mmu, enabled(s) ? asid_of(s, a1 ? s->ttbr1_el1 : s->ttbr0_el1) : KEY_OFF);
}

void a64_tlbi(struct vcpu *v, enum a64_tlbi op, u64 xt)
{
    gva va = (u64)bits_sext(xt << 12, 56);
    u64 asid = asid_of(v->state, xt), mask = KEY_OFF | 0xffff;
    if (log_on(&v->m->log, LOG_mmu))
        log_line(&v->m->log, LOG_mmu, "TLBI %u %#llx", (u32)op, (unsigned long long)xt);
    switch (op) {
    case A64_TLBI_ALL:  mmu_flush(&v->mmu, 0, 0); break;
    case A64_TLBI_ASID: mmu_flush(&v->mmu, asid, mask); break;
    case A64_TLBI_VA:   mmu_flush_va(&v->mmu, va, asid, mask); break;
    case A64_TLBI_VAA:  mmu_flush_va(&v->mmu, va, 0, 0); break;
    }
}
