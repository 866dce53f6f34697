/*
 * exceptions.c - exceptions, interrupts and exception return of an A64 vCPU.
 *
 * Arm ARM DDI 0487: D1.3 (exceptions), D17.2.37 (ESR_EL1), D17.2.40 (FAR_EL1); AArch64.TakeException,
 * AArch64.ExceptionReturn, SetPSTATEFromPSR and IllegalExceptionReturn of J1.1. Everything goes to EL1.
 * Not modelled: SError, debug exceptions but BRK, ISV and the rest of the instruction syndrome of data aborts.
 */
#include "base/bits.h"
#include "frontend/arm/cpu.h"
#include "frontend/arm/sysregs.h"

enum { FSC_EXTERNAL = 0x10, FSC_ALIGN = 0x21 };
enum { ISS_WNR = 1 << 6, ISS_CM = 1 << 8 };

/* ---- PSTATE ---- */

u64 a64_spsr_pack(struct vcpu *v)
{
    const struct a64_state *s = v->state;
    return (u64)s->n << 31 | (u64)s->z << 30 | (u64)s->c << 29 | (u64)s->vf << 28 | (u64)s->uao << 23
           | (u64)s->pan << 22 | (u64)s->ss << 21 | (u64)s->il << 20 | (u64)s->daif << 6 | (u64)s->el << 2 | s->spsel;
}

static u64 *banked_sp(struct a64_state *s)
{
    return s->el && s->spsel ? &s->sp_el1 : &s->sp_el0;
}

void a64_set_el(struct vcpu *v, u32 el, u32 spsel)
{
    struct a64_state *s = v->state;
    *banked_sp(s) = s->sp;
    s->el = el & 1;
    s->spsel = el & spsel & 1;
    s->sp = *banked_sp(s);
}

/* ---- taking ---- */

static void log_taken(struct vcpu *v, u32 ec, u64 elr, u32 vector)
{
    const struct a64_state *s = v->state;
    log_line(&v->m->log, LOG_int, "exception %s EC %#x from EL%u: ELR %#llx ESR %#llx FAR %#llx SPSR %#llx",
             vector == A64_VEC_SYNC ? "sync"
             : vector == A64_VEC_IRQ ? "irq"
             : vector == A64_VEC_FIQ ? "fiq" : "serror", ec, (u32)(s->spsr_el1 >> 2 & 3), (unsigned long long)elr,
             (unsigned long long)s->esr_el1, (unsigned long long)s->far_el1, (unsigned long long)s->spsr_el1);
}

void a64_take_exception(struct vcpu *v, u32 ec, u32 iss, u64 far, bool far_valid, u64 elr, u32 vector)
{
    struct a64_state *s = v->state;
    u64 base = s->el == 0 ? 0x400 : s->spsel ? 0x200 : 0;
    s->spsr_el1 = a64_spsr_pack(v);
    s->elr_el1 = elr;
    if (vector == A64_VEC_SYNC) {
        s->esr_el1 = (u64)ec << 26 | 1 << 25 | iss; /* IL: every instruction has 32 bits */
        if (far_valid)
            s->far_el1 = far;
    }
    a64_set_el(v, 1, 1);
    s->daif = 15;
    s->ss = s->il = s->uao = s->stepped = 0;
    if (a64_wiring_of(v)->model->features >> A64_FEAT_pan & 1 && !(s->sctlr_el1 & A64_SCTLR_SPAN))
        s->pan = 1;
    v->s.pc = s->vbar_el1 + base + vector;
    if (log_on(&v->m->log, LOG_int))
        log_taken(v, ec, elr, vector);
}

static void take(struct vcpu *v, u32 ec, u32 iss, u64 elr)
{
    a64_take_exception(v, ec, iss, 0, false, elr, A64_VEC_SYNC);
}

/* SSAdvance: exceptions that return behind their instruction count as its completion. */
static void advance_step(struct a64_state *s)
{
    if (s->mdscr_el1 & A64_MDSCR_SS)
        s->ss = 0;
}

/* ISS of a software step exception: ISV, EX, and the debug exception code. */
static u32 step_iss(const struct a64_state *s)
{
    return (s->stepped & 1u) << 24 | (s->stepped & 2u) << 5 | 0x22;
}

static void call_firmware(struct vcpu *v, u32 imm16, u32 conduit)
{
    if (!imm16 && a64_wiring_of(v)->psci == conduit && a64_psci(v)) {
        advance_step(a64_of(v));
        v->s.pc += 4;
    } else {
        take(v, A64_EC_UNKNOWN, 0, v->s.pc);
    }
}

static u32 of_el(struct vcpu *v, u32 ec)
{
    return ec + a64_of(v)->el;
}

void a64_exception(struct vcpu *v, u32 code, u64 payload)
{
    u64 pc = v->s.pc;
    u32 iss = (u32)payload;
    switch ((enum a64_exc)code) {
    case A64_EXC_SVC:
        advance_step(a64_of(v));
        take(v, A64_EC_SVC, iss, pc + 4);
        return;
    case A64_EXC_HVC:     call_firmware(v, iss, A64_PSCI_HVC); return;
    case A64_EXC_SMC:     call_firmware(v, iss, A64_PSCI_SMC); return;
    case A64_EXC_BRK:     take(v, A64_EC_BRK, iss, pc); return;
    case A64_EXC_FPTRAP:  take(v, A64_EC_FP, 0x1e00000, pc); return; /* CV, COND always */
    case A64_EXC_SYSTRAP: take(v, A64_EC_SYSREG, iss, pc); return;
    case A64_EXC_WFTRAP:  take(v, A64_EC_WFX, iss, pc); return;
    case A64_EXC_PCALIGN: a64_take_exception(v, A64_EC_PCALIGN, 0, pc, true, pc, A64_VEC_SYNC); return;
    case A64_EXC_SPALIGN: take(v, A64_EC_SPALIGN, 0, pc); return;
    case A64_EXC_ILLEGAL: take(v, A64_EC_ILLEGAL, 0, pc); return;
    case A64_EXC_STEP:    take(v, of_el(v, A64_EC_STEP), step_iss(a64_of(v)), pc); return;
    case A64_EXC_UNDEF:   break;
    }
    take(v, A64_EC_UNKNOWN, 0, pc);
}

static u32 fault_status(const struct mmu_fault *f)
{
    switch (f->kind) {
    case FAULT_WALK:  return (u32)f->info[0] & 63;
    case FAULT_ALIGN: return FSC_ALIGN;
    case FAULT_BUS:   break;
    }
    return FSC_EXTERNAL;
}

void a64_fault(struct vcpu *v, const struct mmu_fault *f)
{
    bool cm = ir_mem_unpack(f->mem).user0 & A64_MEM_CM;
    u32 iss = fault_status(f);
    if (f->access == MMU_FETCH) {
        a64_take_exception(v, of_el(v, A64_EC_IABORT), iss, f->va, true, v->s.pc, A64_VEC_SYNC);
        return;
    }
    if (cm && f->kind == FAULT_BUS) { /* maintenance of what no cache can hold: nothing to do */
        v->s.pc += 4;
        return;
    }
    if (f->access == MMU_WRITE || cm)
        iss |= ISS_WNR;
    if (cm)
        iss |= ISS_CM;
    a64_take_exception(v, of_el(v, A64_EC_DABORT), iss, f->va, true, v->s.pc, A64_VEC_SYNC);
}

bool a64_fetch_ok(struct vcpu *v)
{
    if (UNLIKELY(a64_of(v)->mdscr_el1 & A64_MDSCR_SS) && a64_mode(v) & A64_M_SSPEND) {
        a64_exception(v, A64_EXC_STEP, 0);
        return false;
    }
    if (LIKELY(!(v->s.pc & 3)))
        return true;
    a64_exception(v, A64_EXC_PCALIGN, 0);
    return false;
}

/* ---- interrupts: D1.3.6 leaves the order of FIQ and IRQ to the implementation ---- */

bool a64_interrupt(struct vcpu *v)
{
    const struct a64_state *s = v->state;
    u32 vector;
    if (v->irq & VCPU_FIQ && !(s->daif & 1))
        vector = A64_VEC_FIQ;
    else if (v->irq & VCPU_IRQ && !(s->daif & 2))
        vector = A64_VEC_IRQ;
    else
        return false;
    a64_take_exception(v, 0, 0, 0, false, v->s.pc, vector);
    return true;
}

/* WFI wakes for interrupts that PSTATE masks too (D1.6.2). */
bool a64_wakes(struct vcpu *v)
{
    return v->irq;
}

/* ---- return ---- */

/* Only EL0t, EL1t and EL1h in AArch64 exist, and only EL1 gets here. */
static bool legal_target(u64 spsr)
{
    u32 m = spsr & 31;
    return m == 0 || m == 4 || m == 5;
}

static u64 branch_addr(const struct a64_state *s, u64 a)
{
    u32 half = a >> 55 & 1;
    return s->tcr_el1 >> (37 + half) & 1 ? (u64)bits_sext(a, 56) : a;
}

/* DebugExceptionReturnSS: only a return from where stepping is off to where it is on takes SPSR_EL1.SS. */
static u8 return_ss(const struct a64_state *s, u64 spsr, bool legal)
{
    u32 el = legal ? spsr >> 2 & 3 : s->el;
    return s->mdscr_el1 & A64_MDSCR_SS && !a64_debug_enabled(s, s->el, s->daif & 8)
           && a64_debug_enabled(s, el, spsr >> 9 & 1) ? spsr >> 21 & 1 : 0;
}

u64 a64_return(struct vcpu *v)
{
    struct a64_state *s = v->state;
    const struct a64_model *m = a64_wiring_of(v)->model;
    u64 spsr = s->spsr_el1;
    bool legal = legal_target(spsr);
    s->ss = return_ss(s, spsr, legal);
    s->stepped = 0;
    s->n = spsr >> 31 & 1;
    s->z = spsr >> 30 & 1;
    s->c = spsr >> 29 & 1;
    s->vf = spsr >> 28 & 1;
    s->daif = spsr >> 6 & 15;
    s->il = !legal || (spsr >> 20 & 1);
    s->pan = m->features >> A64_FEAT_pan & 1 ? spsr >> 22 & 1 : 0;
    s->uao = m->features >> A64_FEAT_uao & 1 ? spsr >> 23 & 1 : 0;
    if (legal)
        a64_set_el(v, spsr >> 2 & 3, spsr & 1);
    v->s.excl_size = 0;
    return branch_addr(s, s->elr_el1);
}
