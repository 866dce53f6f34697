/*
 * mode.c - the mode word of an A64 vCPU: what the meaning of instruction bytes depends on besides the model.
 *
 * Arm ARM DDI 0487: SCTLR_EL1 (D17.2.118), CPACR_EL1 (D17.2.30), TCR_EL1 (D17.2.131), FPCR (C5.2.8).
 * Software step: D2.11; PSTATE.SS and the mode's bits change at exits that look at the mode again, only.
 */
#include "frontend/arm/cpu.h"

#define BIT(reg, n, flag) ((reg) >> (n) & 1 ? (u64)(flag) : 0)

static u64 mode_el0(const struct a64_state *s)
{
    u64 r = s->sctlr_el1;
    return A64_MMU_EL0 | BIT(r, 4, A64_M_SPALIGN) | BIT(r, 24, A64_M_BE) | BIT(r, 26, A64_M_UCI)
           | BIT(r, 14, A64_M_DZE) | BIT(r, 15, A64_M_UCT) | BIT(r, 9, A64_M_UMA) | BIT(r, 18, A64_M_NTWE)
           | BIT(r, 16, A64_M_NTWI);
}

static u64 mode_el1(const struct a64_state *s)
{
    u64 r = s->sctlr_el1;
    return (s->pan ? A64_MMU_EL1_PAN : A64_MMU_EL1) | A64_M_EL1 | BIT(r, 3, A64_M_SPALIGN) | BIT(r, 25, A64_M_BE)
           | A64_M_UCI | A64_M_DZE | A64_M_UCT | A64_M_UMA | A64_M_NTWE | A64_M_NTWI | (s->uao ? A64_M_UAO : 0)
           | (s->spsel ? A64_M_SPSEL : 0);
}

bool a64_debug_enabled(const struct a64_state *s, u32 el, bool d)
{
    if (s->oslsr & 2 || s->osdlr & 1)
        return false;
    return !el || (s->mdscr_el1 & A64_MDSCR_KDE && !d);
}

/* Figure D2-5: inactive, active-not-pending, active-pending. */
static u64 mode_step(const struct a64_state *s)
{
    u64 d = s->el && a64_debug_enabled(s, 1, false) ? A64_M_SSD : 0;
    if (!a64_debug_enabled(s, s->el, s->daif & 8))
        return d;
    return d | (s->ss ? A64_M_SS : A64_M_SSPEND);
}

u64 a64_mode(struct vcpu *v)
{
    const struct a64_state *s = v->state;
    u64 mode = s->el ? mode_el1(s) : mode_el0(s), fpen = s->cpacr_el1 >> 20 & 3;
    if (fpen != 3 && (fpen != 1 || !s->el))
        mode |= A64_M_FPTRAP;
    if (s->sctlr_el1 & 2 || !(s->sctlr_el1 & 1)) /* A; M */
        mode |= A64_M_ALIGN;
    if (UNLIKELY(s->mdscr_el1 & A64_MDSCR_SS))
        mode |= mode_step(s);
    if (UNLIKELY(s->fp_ctl & ~(u32)(FP_RM_MASK | FP_DN)))
        mode |= A64_M_FPSPECIAL;
    return mode | BIT(s->tcr_el1, 37, A64_M_TBI0) | BIT(s->tcr_el1, 38, A64_M_TBI1) | (s->il ? A64_M_IL : 0);
}
