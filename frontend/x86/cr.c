/*
 * cr.c - control registers: what may be written to them, and what follows from it.
 *
 * Intel SDM volume 3: 2.5 (CR0 to CR4), 4.10.4.1 (which writes drop translations), 4.4.1 (PDPTEs), 10.8.5 (IA-32e
 * mode); volume 2, MOV to control registers. The privilege level is the instruction's business.
 *
 * Not modelled: caches (CR0.CD and NW are kept), machine checks.
 */
#include "base/bits.h"
#include "frontend/x86/cpu.h"

#define CR0_WRITABLE (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM \
                      | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)

/* ---- CR0 ---- */

/* A step into IA-32e mode: 10.8.5.3. */
static bool may_enter_long(const struct x86_state *s)
{
    u32 tss = s->seg_attr[X86_TR] & 15;
    return s->cr4 & X86_CR4_PAE && !(s->seg_attr[X86_CS] & X86_AT_L) && tss != 1 && tss != 3;
}

static bool cr0_allowed(const struct x86_state *s, u64 val)
{
    bool pg = val & X86_CR0_PG, was = s->cr0 & X86_CR0_PG;
    if (val >> 32 || (pg && !(val & X86_CR0_PE)) || (val & X86_CR0_NW && !(val & X86_CR0_CD)))
        return false;
    if (pg && !was && s->efer & X86_EFER_LME)
        return may_enter_long(s);
    return pg || !was || (!(s->cr4 & X86_CR4_PCIDE) && !x86_is_long(s));
}

static bool set_cr0(struct vcpu *v, u64 val)
{
    struct x86_state *s = v->state;
    if (!cr0_allowed(s, val))
        return x86_fail_gp(v, 0);
    val = (val & CR0_WRITABLE) | X86_CR0_ET;
    u64 changed = val ^ s->cr0;
    bool lma = val & X86_CR0_PG && s->efer & X86_EFER_LME;
    bool pae = val & X86_CR0_PG && s->cr4 & X86_CR4_PAE && !lma;
    if (pae && changed & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW) && !x86_load_pdptes(v, s->cr3))
        return false;
    s->cr0 = val;
    s->efer = (s->efer & ~(u64)X86_EFER_LMA) | (lma ? X86_EFER_LMA : 0);
    if (changed & (X86_CR0_PG | X86_CR0_WP)) /* WP: rights in the TLB follow from it */
        x86_mmu_flush(v);
    x86_mmu_select(v);
    return true;
}

/* ---- CR3 ---- */

static bool set_cr3(struct vcpu *v, u64 val)
{
    struct x86_state *s = v->state;
    bool pcide = s->cr4 & X86_CR4_PCIDE, keep = pcide && val >> 63;
    if (pcide)
        val &= ~(1ull << 63);
    if (!(s->efer & X86_EFER_LMA))
        val = (u32)val;
    if (val >> x86_wiring_of(v)->model->pa_bits)
        return x86_fail_gp(v, 0);
    if (x86_is_pae(s) && !x86_load_pdptes(v, val))
        return false;
    s->cr3 = val;
    if (!keep)
        x86_mmu_flush_local(v, pcide ? val & 0xfff : 0);
    x86_mmu_select(v);
    return true;
}

/* ---- CR4 ---- */

static u64 cr4_known(const struct vcpu *v)
{
    static const struct { u8 feature; u32 bits; } rows[] = {
        { X86_FEAT_vme, X86_CR4_VME | X86_CR4_PVI }, { X86_FEAT_tsc, X86_CR4_TSD }, { X86_FEAT_de, X86_CR4_DE },
        { X86_FEAT_pse, X86_CR4_PSE }, { X86_FEAT_pae, X86_CR4_PAE }, { X86_FEAT_mce, X86_CR4_MCE },
        { X86_FEAT_pge, X86_CR4_PGE }, { X86_FEAT_i686, X86_CR4_PCE }, { X86_FEAT_fxsr, X86_CR4_OSFXSR },
        { X86_FEAT_sse, X86_CR4_OSXMMEXCPT }, { X86_FEAT_umip, X86_CR4_UMIP },
        { X86_FEAT_fsgsbase, X86_CR4_FSGSBASE }, { X86_FEAT_pcid, X86_CR4_PCIDE },
        { X86_FEAT_xsave, X86_CR4_OSXSAVE }, { X86_FEAT_smep, X86_CR4_SMEP }, { X86_FEAT_smap, X86_CR4_SMAP },
    };
    u64 known = 0;
    for (u32 i = 0; i < COUNT(rows); i++)
        if (x86_has(v, rows[i].feature))
            known |= rows[i].bits;
    return known;
}

static bool cr4_allowed(struct vcpu *v, u64 val)
{
    const struct x86_state *s = v->state;
    bool lma = s->efer & X86_EFER_LMA;
    if (val & ~cr4_known(v) || (lma && !(val & X86_CR4_PAE)))
        return false;
    return !(val & ~s->cr4 & X86_CR4_PCIDE) || (lma && !(s->cr3 & 0xfff));
}

/* A processor without any of the features has no CR4: #UD. */
static bool set_cr4(struct vcpu *v, u64 val)
{
    struct x86_state *s = v->state;
    if (!cr4_known(v))
        return x86_fail(v, X86_UD, false, 0);
    if (!cr4_allowed(v, val))
        return x86_fail_gp(v, 0);
    u64 changed = val ^ s->cr4;
    u64 paging = changed & (X86_CR4_PGE | X86_CR4_PSE | X86_CR4_PAE | X86_CR4_SMEP);
    bool pae = s->cr0 & X86_CR0_PG && val & X86_CR4_PAE && !(s->efer & X86_EFER_LMA);
    if (pae && paging && !x86_load_pdptes(v, s->cr3))
        return false;
    s->cr4 = val;
    /* SMAP needs no flush: its MMU mode has tables of its own, which are filled in that mode alone. */
    if (paging || changed & X86_CR4_PCIDE)
        x86_mmu_flush(v);
    x86_mmu_select(v);
    return true;
}

/* ---- CR8 ---- */

static bool set_cr8(struct vcpu *v, u64 val)
{
    const struct sysreg_port *p = v->ports[SYSREG_X86_TPR];
    if (val >> 4)
        return x86_fail_gp(v, 0);
    if (p)
        p->write(p->opaque, SYSREG_X86_TPR, val);
    return true;
}

bool x86_set_cr(struct vcpu *v, u32 n, u64 val)
{
    switch (n) {
    case 0: return set_cr0(v, val);
    case 2: x86_of(v)->cr2 = val; return true;
    case 3: return set_cr3(v, val);
    case 4: return set_cr4(v, val);
    case 8: return set_cr8(v, val);
    }
    return x86_fail(v, X86_UD, false, 0);
}

u64 x86_get_cr(struct vcpu *v, u32 n)
{
    const struct x86_state *s = v->state;
    const struct sysreg_port *p = v->ports[SYSREG_X86_TPR];
    switch (n) {
    case 0: return s->cr0;
    case 2: return s->cr2;
    case 3: return s->cr3;
    case 4: return s->cr4;
    case 8: return p ? p->read(p->opaque, SYSREG_X86_TPR) & 15 : 0;
    }
    return 0;
}
