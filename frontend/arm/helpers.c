/*
 * helpers.c - what A64 blocks call out for: registers of devices and of debug, PSTATE, TLB maintenance, ERET, WFI.
 *
 * Rows and flags: frontend/arm/helpers.def. Arguments beyond a row's count are zero.
 */
#include "frontend/arm/sysregs.h"

/* ---- access control known at run time only ---- */

static bool gate_open(struct vcpu *v, const struct a64_sysreg *r)
{
    const struct a64_state *s = v->state;
    u64 k = s->cntkctl_el1;
    if (s->el)
        return true;
    switch ((enum a64_sr_gate)r->gate) {
    case A64_GATE_PCT:  return k & 1;
    case A64_GATE_VCT:  return k & 2;
    case A64_GATE_FRQ:  return k & 3;
    case A64_GATE_VT:   return k >> 8 & 1;
    case A64_GATE_PT:   return k >> 9 & 1;
    case A64_GATE_TDCC: return !(s->mdscr_el1 >> 12 & 1);
    case A64_GATE_NONE: case A64_GATE_UCT: case A64_GATE_UMA: case A64_GATE_FP: break;
    }
    return true;
}

static bool may(struct vcpu *v, u64 row, u64 iss)
{
    if (gate_open(v, &a64_sysregs[row]))
        return true;
    a64_exception(v, A64_EXC_SYSTRAP, iss);
    v->raised = true;
    return false;
}

/* ---- registers behind a function ---- */

static u64 ccsidr(struct vcpu *v)
{
    const struct a64_model *m = a64_wiring_of(v)->model;
    u64 which = a64_of(v)->csselr_el1 & 15;
    return which < COUNT(m->ccsidr) ? m->ccsidr[which] : 0;
}

static u64 read_special(struct vcpu *v, const struct a64_sysreg *r)
{
    const struct a64_state *s = v->state;
    u32 n = r->key >> 3 & 15;
    switch (r->arg) {
    case A64_SR_MPIDR:    return a64_mpidr(v);
    case A64_SR_CCSIDR:   return ccsidr(v);
    case A64_SR_ISR:      return (v->irq & VCPU_IRQ ? 1 << 7 : 0) | (v->irq & VCPU_FIQ ? 1 << 6 : 0);
    case A64_SR_DBGBVR:   return s->dbgbvr[n];
    case A64_SR_DBGBCR:   return s->dbgbcr[n];
    case A64_SR_DBGWVR:   return s->dbgwvr[n];
    case A64_SR_DBGWCR:   return s->dbgwcr[n];
    case A64_SR_OSLSR:    return s->oslsr;
    case A64_SR_OSDLR:    return s->osdlr;
    case A64_SR_CLAIMSET: return 0xff;
    case A64_SR_CLAIMCLR: return s->dbgclaim;
    default:              return 0; /* the debug communications channel is empty */
    }
}

static void write_special(struct vcpu *v, const struct a64_sysreg *r, u64 val)
{
    struct a64_state *s = v->state;
    u32 n = r->key >> 3 & 15;
    switch (r->arg) {
    case A64_SR_DBGBVR:   s->dbgbvr[n] = val & ~3ull; break;
    case A64_SR_DBGBCR:   s->dbgbcr[n] = val & 0x00ffe1e7; break;
    case A64_SR_DBGWVR:   s->dbgwvr[n] = val & ~3ull; break;
    case A64_SR_DBGWCR:   s->dbgwcr[n] = val & 0x1f1fffff; break;
    case A64_SR_OSLAR:    s->oslsr = 8 | (val & 1) << 1; break; /* OSLM: the lock exists */
    case A64_SR_OSDLR:    s->osdlr = val & 1; break;
    case A64_SR_CLAIMSET: s->dbgclaim |= val & 0xff; break;
    case A64_SR_CLAIMCLR: s->dbgclaim &= ~(val & 0xff); break;
    default:              break;
    }
}

/* SCTLR, TCR, TTBR0 and TTBR1. */
static void write_translation(struct vcpu *v, const struct a64_sysreg *r, u64 val)
{
    u64 *at = (u64 *)(void *)((u8 *)v->state + a64_layout.fields[r->arg].offset);
    val &= r->mask;
    if (r->arg == A64_F_sctlr_el1) {
        val |= A64_SCTLR_ONES;
        if (!(a64_wiring_of(v)->model->features >> A64_FEAT_pan & 1))
            val |= A64_SCTLR_SPAN;
    }
    *at = val;
    a64_mmu_select(v);
}

static u64 a64_h_reg_read(struct vcpu *v, u64 row, u64 iss, u64 unused)
{
    (void)unused;
    return may(v, row, iss) ? read_special(v, &a64_sysregs[row]) : 0;
}

static u64 a64_h_reg_write(struct vcpu *v, u64 row, u64 iss, u64 val)
{
    if (may(v, row, iss))
        write_special(v, &a64_sysregs[row], val);
    return 0;
}

static u64 a64_h_sync_read(struct vcpu *v, u64 row, u64 iss, u64 unused)
{
    (void)unused;
    const struct a64_sysreg *r = &a64_sysregs[row];
    if (!may(v, row, iss))
        return 0;
    if (r->kind != A64_KIND_PORT)
        return read_special(v, r);
    const struct sysreg_port *p = v->ports[r->arg];
    return p ? p->read(p->opaque, r->arg) : 0;
}

static u64 a64_h_sync_write(struct vcpu *v, u64 row, u64 iss, u64 val)
{
    const struct a64_sysreg *r = &a64_sysregs[row];
    if (!may(v, row, iss))
        return 0;
    if (r->kind == A64_KIND_FIELD) {
        write_translation(v, r, val);
    } else if (r->kind == A64_KIND_PORT) {
        const struct sysreg_port *p = v->ports[r->arg];
        if (p)
            p->write(p->opaque, r->arg, val);
    }
    return 0;
}

/* ---- PSTATE, floating-point control ---- */

static u64 a64_h_daif_write(struct vcpu *v, u64 val, u64 b, u64 c)
{
    (void)b, (void)c;
    a64_of(v)->daif = val & 15;
    return 0;
}

static u64 a64_h_spsel_write(struct vcpu *v, u64 val, u64 b, u64 c)
{
    (void)b, (void)c;
    a64_set_el(v, a64_of(v)->el, val & 1);
    return 0;
}

static u64 a64_h_fpcr_write(struct vcpu *v, u64 val, u64 b, u64 c)
{
    (void)b, (void)c;
    struct a64_state *s = v->state;
    s->fpcr = (u32)val & A64_FPCR_MASK;
    s->fp_ctl = a64_fp_ctl(s->fpcr);
    return 0;
}

static u64 a64_h_fpsr_read(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    return a64_of(v)->fp_flags | (u64)a64_of(v)->qc << 27;
}

static u64 a64_h_fpsr_write(struct vcpu *v, u64 val, u64 b, u64 c)
{
    (void)b, (void)c;
    a64_of(v)->fp_flags = val & FP_ARM_FLAGS;
    a64_of(v)->qc = val >> 27 & 1;
    return 0;
}

/* ---- translation ---- */

static u64 a64_h_tlbi(struct vcpu *v, u64 op, u64 xt, u64 shareable)
{
    struct machine *m = v->m;
    a64_tlbi(v, (enum a64_tlbi)op, xt);
    for (u32 i = 0; shareable && i < m->cpu_count; i++)
        if (m->cpus[i] != v && m->cpus[i]->guest == &a64_guest)
            a64_tlbi(m->cpus[i], (enum a64_tlbi)op, xt);
    return 0;
}

static u64 a64_h_at(struct vcpu *v, u64 va, u64 write, u64 mode)
{
    struct mmu_fault f;
    u64 par;
    if (a64_at(v, va, write ? MMU_WRITE : MMU_READ, (u32)mode, &par, &f)) {
        a64_of(v)->par_el1 = par;
        return 0;
    }
    f.mem = ir_mem_pack((struct ir_mem){ .user0 = A64_MEM_CM });
    a64_fault(v, &f);
    v->raised = true;
    return 0;
}

/* ---- the rest ---- */

static u64 a64_h_eret(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    return a64_return(v);
}

static u64 a64_h_wfi(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    v->s.halted = 1;
    return 0;
}

const struct ir_helper a64_helpers[A64_H_COUNT] = {
#define HELPER(name_, result_, args_, flags_) { #name_, a64_h_##name_, IR_##result_, args_, flags_ },
#include "frontend/arm/helpers.def"
};
