/*
 * sysregs.h - the table of system registers that MSR and MRS reach (frontend/arm/sysregs.def).
 *
 * An encoding that has no row is UNDEFINED, but for the identification space (a64_sysreg_find()).
 */
#pragma once
#include "frontend/arm/cpu.h"

enum a64_sr_access { A64_NO = 0, A64_RO = 1, A64_WO = 2, A64_RW = 3 };

/* What decides, beyond the row's access, whether this EL may: trapped to EL1 if not. */
enum a64_sr_gate {
    A64_GATE_NONE,
    A64_GATE_UCT, A64_GATE_UMA,            /* SCTLR_EL1.UCT, UMA, for EL0: in the mode word */
    A64_GATE_FP,                           /* CPACR_EL1.FPEN, for both: in the mode word */
    A64_GATE_PCT, A64_GATE_VCT, A64_GATE_FRQ, A64_GATE_PT, A64_GATE_VT, /* CNTKCTL_EL1, for EL0: run time */
    A64_GATE_TDCC                          /* MDSCR_EL1.TDCC, for EL0: run time */
};

enum a64_sr_kind {
    A64_KIND_FIELD,   /* arg: enum a64_field, read inline; writable bits: mask */
    A64_KIND_CONST,   /* arg: enum a64_const */
    A64_KIND_RAZ,     /* reads as zero, writes ignored */
    A64_KIND_CORTEX,  /* the same, on the models that have it */
    A64_KIND_PORT,    /* arg: SYSREG_; UNDEFINED without a device that offers it */
    A64_KIND_HELPER,  /* arg: enum a64_special, helpers.c */
    A64_KIND_INLINE   /* arg: enum a64_special, lift_system.c */
};

enum a64_sr_effect { /* of a write */
    A64_EFF_NONE,
    A64_EFF_MODE,     /* the mode word may change */
    A64_EFF_SYNC      /* translation, time or interrupts may change (reads too, for HELPER) */
};

enum a64_special {
    A64_SR_NZCV, A64_SR_DAIF, A64_SR_CURRENTEL, A64_SR_SPSEL, A64_SR_PAN, A64_SR_UAO, A64_SR_FPCR, A64_SR_FPSR,
    A64_SR_SP_EL0, A64_SR_MPIDR, A64_SR_CCSIDR, A64_SR_ISR, A64_SR_DCZID,
    A64_SR_DBGBVR, A64_SR_DBGBCR, A64_SR_DBGWVR, A64_SR_DBGWCR, A64_SR_OSLAR, A64_SR_OSLSR, A64_SR_OSDLR,
    A64_SR_CLAIMSET, A64_SR_CLAIMCLR, A64_SR_DCC
};

enum a64_const { /* values by model and wiring: a64_const_value() */
    A64_ID_MIDR, A64_ID_REVIDR, A64_ID_PFR0, A64_ID_DFR0, A64_ID_ISAR0, A64_ID_ISAR1,
    A64_ID_MMFR0, A64_ID_MMFR1, A64_ID_MMFR2, A64_ID_CTR, A64_ID_CLIDR, A64_ID_AUTHSTATUS
};

#define A64_SR_KEY(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

struct a64_sysreg {
    const char *name;
    u16 key;        /* A64_SR_KEY() */
    u16 arg;        /* by kind */
    u8  el0, el1;   /* enum a64_sr_access */
    u8  gate, kind, effect;
    u64 mask;       /* FIELD: bits that MSR writes; the others are zero (SCTLR_EL1: or one) */
};
extern const struct a64_sysreg a64_sysregs[];
extern const u32 a64_sysreg_count;

/* The row of an encoding, or NULL: UNDEFINED. What the model or the machine lacks is NULL too. */
const struct a64_sysreg *a64_sysreg_find(const struct vcpu *v, u32 key);
u64 a64_const_value(const struct a64_wiring *w, enum a64_const c);

#define A64_BREAKPOINTS 6u /* ID_AA64DFR0_EL1.BRPs + 1 */
#define A64_WATCHPOINTS 4u /* ... WRPs + 1 */

/* SCTLR_EL1, D17.2.118: RES1 without AArch32 and FEAT_ExS, FEAT_LSMAOC; SPAN is one too without FEAT_PAN. */
#define A64_SCTLR_ONES 0x30500980ull
#define A64_SCTLR_SPAN (1ull << 23)
