/*
 * mode.c - the mode word of an A64 vCPU: what the meaning of instruction bytes depends on besides the model.
 *
 * Arm ARM DDI 0487: SCTLR_EL1 (D17.2.118), CPACR_EL1 (D17.2.30), TCR_EL1 (D17.2.131).
 * Not modelled: software step (A64_M_SS stays clear).
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

u64 a64_mode(struct vcpu *v)
{
    const struct a64_state *s = v->state;
    u64 mode = s->el ? mode_el1(s) : mode_el0(s), fpen = s->cpacr_el1 >> 20 & 3;
    if (fpen != 3 && (fpen != 1 || !s->el))
        mode |= A64_M_FPTRAP;
    if (s->sctlr_el1 & 2 || !(s->sctlr_el1 & 1)) /* A; M */
        mode |= A64_M_ALIGN;
    return mode | BIT(s->tcr_el1, 37, A64_M_TBI0) | BIT(s->tcr_el1, 38, A64_M_TBI1) | (s->il ? A64_M_IL : 0);
}
