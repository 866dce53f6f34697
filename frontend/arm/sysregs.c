/*
 * sysregs.c - the table of system registers, look-up, and the constant ones.
 *
 * Arm ARM DDI 0487, D17 and D19. Which registers and features exist follows from the model and the wiring, which
 * do not change while the machine runs: lifted code may depend on them.
 */
#include "frontend/arm/sysregs.h"

#define SR(op0, op1, crn, crm, op2, name_, el0_, el1_, gate_, kind_, arg_, mask_, effect_)                   \
    { .name = #name_, .key = A64_SR_KEY(op0, op1, crn, crm, op2), .arg = arg_, .el0 = A64_##el0_,            \
      .el1 = A64_##el1_, .gate = A64_GATE_##gate_, .kind = A64_KIND_##kind_, .effect = A64_EFF_##effect_,    \
      .mask = mask_ },
const struct a64_sysreg a64_sysregs[] = {
#include "frontend/arm/sysregs.def"
};
const u32 a64_sysreg_count = COUNT(a64_sysregs);

/* D17.1.3: the rest of the identification space reads as zero; AArch32's registers do because it is missing. */
static const struct a64_sysreg id_raz = { .name = "ID_RAZ", .el1 = A64_RO, .kind = A64_KIND_RAZ };

static bool exists(const struct vcpu *v, const struct a64_sysreg *r)
{
    const struct a64_model *m = ((const struct a64_wiring *)v->wiring)->model;
    switch (r->kind) {
    case A64_KIND_PORT:
        return v->ports[r->arg];
    case A64_KIND_CORTEX:
        return m->cortex;
    case A64_KIND_INLINE:
        if (r->arg == A64_SR_PAN)
            return m->features >> A64_FEAT_pan & 1;
        if (r->arg == A64_SR_UAO)
            return m->features >> A64_FEAT_uao & 1;
        return true;
    default:
        return true;
    }
}

const struct a64_sysreg *a64_sysreg_find(const struct vcpu *v, u32 key)
{
    for (u32 i = 0; i < a64_sysreg_count; i++)
        if (a64_sysregs[i].key == key)
            return exists(v, &a64_sysregs[i]) ? &a64_sysregs[i] : NULL;
    u32 crm = key >> 3 & 15;
    return key >> 7 == A64_SR_KEY(3, 0, 0, 0, 0) >> 7 && crm >= 1 && crm <= 7 ? &id_raz : NULL;
}

/* A field of an ID register when the feature is there. */
static u64 has(const struct a64_model *m, enum a64_feat f, u32 lo, u64 val)
{
    return m->features >> f & 1 ? val << lo : 0;
}

static u64 id_isar0(const struct a64_model *m)
{
    u64 aes = has(m, A64_FEAT_pmull, 4, 2);
    return (aes ? aes : has(m, A64_FEAT_aes, 4, 1)) | has(m, A64_FEAT_sha1, 8, 1) | has(m, A64_FEAT_sha2, 12, 1)
           | has(m, A64_FEAT_crc32, 16, 1) | has(m, A64_FEAT_lse, 20, 2) | has(m, A64_FEAT_rdm, 28, 1)
           | has(m, A64_FEAT_dotprod, 44, 1) | has(m, A64_FEAT_flagm, 52, 1);
}

static u64 id_isar1(const struct a64_model *m)
{
    return has(m, A64_FEAT_dpb, 0, 1) | has(m, A64_FEAT_lrcpc, 20, 1) | has(m, A64_FEAT_sb, 36, 1);
}

/* ASIDs of 16 bits, both byte orders; granules of 4 and 64 KB. */
static u64 id_mmfr0(const struct a64_model *m)
{
    return m->pa_range | 2 << 4 | 1 << 8 | (m->gran16 ? 1 << 20 : 0);
}

u64 a64_const_value(const struct a64_wiring *w, enum a64_const c)
{
    const struct a64_model *m = w->model;
    switch (c) {
    case A64_ID_MIDR:       return m->midr;
    case A64_ID_REVIDR:     return m->revidr;
    case A64_ID_PFR0:       return 0x11 | (w->gic_sysregs ? 1 << 24 : 0); /* EL0, EL1 in AArch64; FP, SIMD */
    case A64_ID_DFR0:       return 6 | (A64_BREAKPOINTS - 1) << 12 | (A64_WATCHPOINTS - 1) << 20 | 1 << 28;
    case A64_ID_ISAR0:      return id_isar0(m);
    case A64_ID_ISAR1:      return id_isar1(m);
    case A64_ID_MMFR0:      return id_mmfr0(m);
    case A64_ID_MMFR1:      return has(m, A64_FEAT_pan, 20, 2);
    case A64_ID_MMFR2:      return has(m, A64_FEAT_uao, 4, 1);
    case A64_ID_CTR:        return m->ctr;
    case A64_ID_CLIDR:      return m->clidr;
    case A64_ID_AUTHSTATUS: return 0x0a; /* Non-secure debug by an external debugger: there, disabled */
    }
    return 0;
}
