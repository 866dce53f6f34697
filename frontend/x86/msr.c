/*
 * msr.c - model-specific registers, and the time stamp counter.
 *
 * Intel SDM volume 4; AMD APM volume 2, appendix A. Registers are plain storage under a rule (regs[]), constants that
 * ignore or refuse writes (fixed[]), or have functions of their own. Whatever is not here is #GP(0), with a line for
 * -d unimp.
 *
 * The TSC counts nanoseconds of virtual time (X86_TSC_HZ is 1 GHz for every model) since power-on, plus what the
 * guest wrote; resets do not clear it. CPUID leaves 0x15, 0x16 and 0x40000010 say so. One reading costs no time.
 *
 * Not modelled: machine-check banks (there are none), performance counters, branch records (DEBUGCTL.LBR is
 * kept), power and thermal registers, microcode (updates are ignored, the revision is constant), SPEC_CTRL, SMM.
 */
#include "base/bits.h"
#include "frontend/x86/cpu.h"

enum { MSR_TSC = 0x10, MSR_APIC_BASE = 0x1b, MSR_TSC_ADJUST = 0x3b, MSR_MTRRCAP = 0xfe, MSR_MISC_ENABLE = 0x1a0,
       MSR_MTRR_PHYS = 0x200, MSR_MTRR_DEFTYPE = 0x2ff, MSR_TSC_DEADLINE = 0x6e0, MSR_X2APIC = 0x800 };
#define MSR_EFER 0xc0000080u
#define MTRR_PAIRS 8u

/* What a register's function did. */
enum done { UNKNOWN, REFUSED, DONE };

static enum done done_if(bool ok) { return ok ? DONE : REFUSED; }
static bool is_intel(struct vcpu *v) { return x86_wiring_of(v)->model->vendor[0] == 'G'; }
static const struct x86_model *model(struct vcpu *v) { return x86_wiring_of(v)->model; }

/* ---- storage ---- */

enum rule { ANY, CANONICAL, LOW32, TYPES /* memory types, a byte each */, DEBUGCTL };

static const struct msr_reg {
    u32 n;
    u16 at;       /* in struct x86_state */
    u8  feature;  /* needed for it */
    u8  rule;
} regs[] = {
#define R(n, member, feat, rule) { n, offsetof(struct x86_state, member), X86_FEAT_##feat, rule }
    R(0x174, sysenter_cs, sep, ANY), R(0x175, sysenter_esp, sep, CANONICAL), R(0x176, sysenter_eip, sep, CANONICAL),
    R(0x1d9, debugctl, i686, DEBUGCTL), R(0x277, pat, pat, TYPES),
    R(0xc0000081, star, syscall, ANY), R(0xc0000082, lstar, lm, CANONICAL), R(0xc0000083, cstar, lm, CANONICAL),
    R(0xc0000084, fmask, syscall, LOW32), R(0xc0000100, seg_base[X86_FS], lm, CANONICAL),
    R(0xc0000101, seg_base[X86_GS], lm, CANONICAL), R(0xc0000102, kernel_gs_base, lm, CANONICAL),
    R(0xc0000103, tsc_aux, rdtscp, LOW32),
#undef R
};

/* Volume 3, 12.12.2 (PAT) and 12.11.2.1 (MTRRs, which have no UC-). */
static bool types_valid(u64 val, bool pat)
{
    for (u32 i = 0; i < 8; i++) {
        u32 t = val >> 8 * i & 0xff;
        if (t > 7 || t == 2 || t == 3 || (t == 7 && !pat))
            return false;
    }
    return true;
}

static bool obeys(enum rule r, u64 val)
{
    switch (r) {
    case ANY: return true;
    case CANONICAL: return x86_canonical(val);
    case LOW32: return !(val >> 32);
    case TYPES: return types_valid(val, true);
    case DEBUGCTL: return !(val & ~(u64)(X86_DEBUGCTL_LBR | X86_DEBUGCTL_BTF));
    }
    return false;
}

static u64 *storage(struct vcpu *v, u32 n, enum rule *rule)
{
    for (u32 i = 0; i < COUNT(regs); i++)
        if (regs[i].n == n && x86_has(v, regs[i].feature)) {
            *rule = regs[i].rule;
            return (u64 *)(void *)((u8 *)v->state + regs[i].at);
        }
    return NULL;
}

/* ---- constants ---- */

enum vendor { BOTH, INTEL, AMD };
enum wr { RO, IGNORE };

static const struct fixed {
    u32 n;
    u8  vendor, feature, write;
    u64 val;
} fixed[] = {
#define R(n, vendor, feat, write, val) { n, vendor, X86_FEAT_##feat, write, val }
    R(0x000, BOTH, mce, IGNORE, 0), R(0x001, BOTH, mce, IGNORE, 0), /* P5_MC_ADDR, P5_MC_TYPE */
    R(0x017, INTEL, i686, RO, 0),                  /* PLATFORM_ID */
    R(0x02a, INTEL, i686, IGNORE, 0),              /* EBL_CR_POWERON */
    R(0x034, INTEL, popcnt, RO, 0),                /* SMI_COUNT */
    R(0x035, INTEL, popcnt, RO, 0x10001),          /* CORE_THREAD_COUNT */
    R(0x03a, INTEL, popcnt, RO, 1),                /* FEATURE_CONTROL: locked, nothing enabled */
    R(0x079, INTEL, i686, IGNORE, 0),              /* BIOS_UPDT_TRIG */
    R(0x08b, INTEL, i686, IGNORE, 1ull << 32),     /* BIOS_SIGN_ID: the revision that CPUID puts there */
    R(0x08b, AMD, i686, RO, 0x01000065),           /* PATCH_LEVEL */
    R(0x0ce, INTEL, popcnt, RO, 10ull << 40 | 10 << 8), /* PLATFORM_INFO: ratios of 100 MHz */
    R(MSR_MTRRCAP, BOTH, mtrr, RO, 0x500 | MTRR_PAIRS), /* WC, fixed ranges */
    R(0x11e, INTEL, i686, IGNORE, 0),              /* BBL_CR_CTL3 */
    R(0x179, BOTH, mca, RO, 0),                    /* MCG_CAP: no banks */
    R(0x17a, BOTH, mca, IGNORE, 0),                /* MCG_STATUS */
    R(0x198, INTEL, i686, RO, 10ull << 40 | 10 << 8), /* PERF_STATUS */
    R(0x1db, INTEL, i686, RO, 0), R(0x1dc, INTEL, i686, RO, 0), /* last branch from, to */
    R(0x1dd, INTEL, i686, RO, 0), R(0x1de, INTEL, i686, RO, 0), /* ... before the last exception */
    R(0xc0010010, AMD, i686, IGNORE, 0),           /* SYSCFG */
    R(0xc0010015, AMD, i686, IGNORE, 0),           /* HWCR */
    R(0xc001001a, AMD, i686, IGNORE, 0), R(0xc001001d, AMD, i686, IGNORE, 0), /* TOP_MEM, TOP_MEM2 */
    R(0xc001001f, AMD, i686, IGNORE, 0),           /* NB_CFG */
    R(0xc0010055, AMD, i686, IGNORE, 0),           /* INT_PENDING: no C1E */
    R(0xc0010112, AMD, i686, RO, 0), R(0xc0010113, AMD, i686, RO, 0), /* SMM_ADDR, SMM_MASK */
    R(0xc0011022, AMD, i686, IGNORE, 0), R(0xc0011023, AMD, i686, IGNORE, 0), /* DC_CFG, BU_CFG */
    R(0xc0011029, AMD, i686, IGNORE, 2),           /* DE_CFG: LFENCE serializes */
#undef R
};

static const struct fixed *constant(struct vcpu *v, u32 n)
{
    for (u32 i = 0; i < COUNT(fixed); i++) {
        const struct fixed *f = &fixed[i];
        if (f->n == n && x86_has(v, f->feature) && (f->vendor == BOTH || (f->vendor == INTEL) == is_intel(v)))
            return f;
    }
    return NULL;
}

/* ---- MTRRs: volume 3, 12.11.2. They change nothing here. ---- */

static u64 *mtrr(struct vcpu *v, u32 n)
{
    struct x86_state *s = v->state;
    if (!x86_has(v, X86_FEAT_mtrr))
        return NULL;
    if (n - MSR_MTRR_PHYS < 2 * MTRR_PAIRS)
        return n & 1 ? &s->mtrr_mask[(n - MSR_MTRR_PHYS) / 2] : &s->mtrr_base[(n - MSR_MTRR_PHYS) / 2];
    switch (n) {
    case MSR_MTRR_DEFTYPE: return &s->mtrr_deftype;
    case 0x250: return &s->mtrr_fixed[0];
    case 0x258: case 0x259: return &s->mtrr_fixed[n - 0x258 + 1];
    }
    return n - 0x268 < 8 ? &s->mtrr_fixed[n - 0x268 + 3] : NULL;
}

static bool mtrr_valid(struct vcpu *v, u32 n, u64 val)
{
    if (n == MSR_MTRR_DEFTYPE)
        return !(val & ~0xcffull) && types_valid(val & 0xff, false);
    if (n - MSR_MTRR_PHYS >= 2 * MTRR_PAIRS)
        return types_valid(val, false);
    if (val & ~bits_mask(model(v)->pa_bits))
        return false;
    return n & 1 ? !(val & 0x7ff) : !(val & 0xf00) && types_valid(val & 0xff, false);
}

/* ---- EFER, MISC_ENABLE ---- */

static u64 efer_known(struct vcpu *v)
{
    return (x86_has(v, X86_FEAT_syscall) ? X86_EFER_SCE : 0)
           | (x86_has(v, X86_FEAT_lm) ? X86_EFER_LME | X86_EFER_LMA : 0)
           | (x86_has(v, X86_FEAT_nx) && !(x86_of(v)->misc_enable >> 34 & 1) ? X86_EFER_NXE : 0);
}

/* LMA follows from CR0.PG and is not written. */
static enum done write_efer(struct vcpu *v, u64 val)
{
    struct x86_state *s = v->state;
    u64 known = efer_known(v), changed = (val ^ s->efer) & ~(u64)X86_EFER_LMA;
    if (!known)
        return UNKNOWN;
    if (val & ~known || (changed & X86_EFER_LME && s->cr0 & X86_CR0_PG))
        return REFUSED;
    s->efer ^= changed;
    if (changed & X86_EFER_NXE)
        x86_mmu_flush(v);
    return DONE;
}

/* Fast strings, the limit of CPUID leaves, XD disable. */
static enum done write_misc_enable(struct vcpu *v, u64 val)
{
    u64 can = 1 | 1 << 22 | (x86_has(v, X86_FEAT_nx) ? 1ull << 34 : 0), *reg = &x86_of(v)->misc_enable;
    *reg = (*reg & ~can) | (val & can);
    return DONE;
}

static bool has_misc_enable(struct vcpu *v) { return is_intel(v) && x86_has(v, X86_FEAT_i686); }

/* ---- the time stamp counter ---- */

u64 x86_tsc(struct vcpu *v)
{
    return machine_now(v->m) + x86_of(v)->tsc_offset;
}

/* Volume 3, 17.17.3: what is added to the counter is added to TSC_ADJUST, and the other way round. A deadline stays a
 * value of the counter. */
static enum done move_tsc(struct vcpu *v, u64 by)
{
    struct x86_state *s = v->state;
    const struct sysreg_port *p = v->ports[SYSREG_X86_TSC_DEADLINE];
    u64 deadline = p ? p->read(p->opaque, SYSREG_X86_TSC_DEADLINE) : 0;
    s->tsc_offset += by;
    s->tsc_adjust += by;
    if (deadline)
        p->write(p->opaque, SYSREG_X86_TSC_DEADLINE, deadline);
    return DONE;
}

/* ---- the APIC ---- */

enum { BASE_BSP = 1 << 8, BASE_X2 = 1 << 10, BASE_ON = 1 << 11 };

static u64 port_read(struct vcpu *v, u32 port, u32 id)
{
    const struct sysreg_port *p = v->ports[port];
    return p->read(p->opaque, id);
}

static void port_write(struct vcpu *v, u32 port, u32 id, u64 val)
{
    const struct sysreg_port *p = v->ports[port];
    p->write(p->opaque, id, val);
}

/* Volume 3, 11.12.1 and figure 11-27: off, xAPIC, x2APIC. */
static enum done write_apic_base(struct vcpu *v, u64 val)
{
    u64 modes = BASE_X2 | BASE_ON, was = port_read(v, SYSREG_X86_APIC_BASE, SYSREG_X86_APIC_BASE);
    u64 from = was & modes, to = val & modes;
    u64 known = (bits_mask(model(v)->pa_bits) & PAGE_MASK) | BASE_ON | BASE_BSP
                | (x86_has(v, X86_FEAT_x2apic) ? BASE_X2 : 0);
    if (val & ~known || to == BASE_X2 || (from == modes && to == BASE_ON) || (!from && to == modes))
        return REFUSED;
    port_write(v, SYSREG_X86_APIC_BASE, SYSREG_X86_APIC_BASE, val);
    return DONE;
}

static bool is_x2apic(struct vcpu *v)
{
    return v->ports[SYSREG_X86_X2APIC] && v->ports[SYSREG_X86_APIC_BASE]
           && port_read(v, SYSREG_X86_APIC_BASE, SYSREG_X86_APIC_BASE) & BASE_X2;
}

/* Table 11-6. */
static bool x2apic_has(u32 n, bool write)
{
    switch (n - MSR_X2APIC) {
    case 0x08: case 0x0f: case 0x28: case 0x30: case 0x38: case 0x3e: return true;
    case 0x32: case 0x33: case 0x34: case 0x35: case 0x36: case 0x37: return true;
    case 0x0b: case 0x3f: return write;
    case 0x02: case 0x03: case 0x0a: case 0x0d: case 0x39: return !write;
    }
    return !write && n - (MSR_X2APIC + 0x10) < 24; /* ISR, TMR, IRR */
}

static enum done write_x2apic(struct vcpu *v, u32 n, u64 val)
{
    u32 r = n - MSR_X2APIC;
    if (!is_x2apic(v) || !x2apic_has(n, true) || (r != 0x30 && val >> 32) || ((r == 0x0b || r == 0x28) && val))
        return REFUSED;
    port_write(v, SYSREG_X86_X2APIC, n, val);
    return DONE;
}

static enum done read_apic(struct vcpu *v, u32 n, u64 *val)
{
    if (n == MSR_APIC_BASE && v->ports[SYSREG_X86_APIC_BASE] && x86_has(v, X86_FEAT_apic)) {
        *val = port_read(v, SYSREG_X86_APIC_BASE, SYSREG_X86_APIC_BASE);
    } else if (n == MSR_TSC_DEADLINE && v->ports[SYSREG_X86_TSC_DEADLINE] && x86_has(v, X86_FEAT_tsc_deadline)) {
        *val = port_read(v, SYSREG_X86_TSC_DEADLINE, SYSREG_X86_TSC_DEADLINE);
    } else if (n - MSR_X2APIC < 0x100) {
        if (!is_x2apic(v) || !x2apic_has(n, false))
            return REFUSED;
        *val = port_read(v, SYSREG_X86_X2APIC, n);
    } else {
        return UNKNOWN;
    }
    return DONE;
}

static enum done write_apic(struct vcpu *v, u32 n, u64 val)
{
    if (n == MSR_APIC_BASE && v->ports[SYSREG_X86_APIC_BASE] && x86_has(v, X86_FEAT_apic))
        return write_apic_base(v, val);
    if (n - MSR_X2APIC < 0x100)
        return write_x2apic(v, n, val);
    if (n != MSR_TSC_DEADLINE || !v->ports[SYSREG_X86_TSC_DEADLINE] || !x86_has(v, X86_FEAT_tsc_deadline))
        return UNKNOWN;
    port_write(v, SYSREG_X86_TSC_DEADLINE, SYSREG_X86_TSC_DEADLINE, val);
    return DONE;
}

/* ---- RDMSR, WRMSR ---- */

static enum done read_any(struct vcpu *v, u32 n, u64 *val)
{
    const struct x86_state *s = v->state;
    enum rule rule;
    const u64 *p = storage(v, n, &rule);
    const struct fixed *f = constant(v, n);
    if (!p)
        p = mtrr(v, n);
    if (p) {
        *val = *p;
    } else if (f) {
        *val = f->val;
    } else if (n == MSR_TSC && x86_has(v, X86_FEAT_tsc)) {
        *val = x86_tsc(v);
    } else if (n == MSR_TSC_ADJUST && x86_has(v, X86_FEAT_tsc_adjust)) {
        *val = s->tsc_adjust;
    } else if (n == MSR_EFER && efer_known(v)) {
        *val = s->efer;
    } else if (n == MSR_MISC_ENABLE && has_misc_enable(v)) {
        *val = s->misc_enable;
    } else {
        return read_apic(v, n, val);
    }
    return DONE;
}

static enum done write_any(struct vcpu *v, u32 n, u64 val)
{
    enum rule rule;
    u64 *p = storage(v, n, &rule);
    const struct fixed *f = constant(v, n);
    bool ok = p && obeys(rule, val);
    if (!p && (p = mtrr(v, n)))
        ok = mtrr_valid(v, n, val);
    if (p) {
        if (ok)
            *p = val;
        return done_if(ok);
    }
    if (f)
        return done_if(f->write == IGNORE);
    if (n == MSR_TSC && x86_has(v, X86_FEAT_tsc))
        return move_tsc(v, val - x86_tsc(v));
    if (n == MSR_TSC_ADJUST && x86_has(v, X86_FEAT_tsc_adjust))
        return move_tsc(v, val - x86_of(v)->tsc_adjust);
    if (n == MSR_EFER)
        return write_efer(v, val);
    if (n == MSR_MISC_ENABLE && has_misc_enable(v))
        return write_misc_enable(v, val);
    return write_apic(v, n, val);
}

static bool report(struct vcpu *v, enum done d, const char *what, u32 n, u64 val)
{
    if (d == DONE)
        return true;
    if (d == UNKNOWN)
        log_line(&v->m->log, LOG_unimp, "unimp: %s %#x (%#llx) at %#llx", what, n, (unsigned long long)val,
                 (unsigned long long)v->s.pc);
    return x86_fail_gp(v, 0);
}

bool x86_rdmsr(struct vcpu *v, u32 n, u64 *val)
{
    return report(v, read_any(v, n, val), "RDMSR", n, 0);
}

bool x86_wrmsr(struct vcpu *v, u32 n, u64 val)
{
    return report(v, write_any(v, n, val), "WRMSR", n, val);
}
