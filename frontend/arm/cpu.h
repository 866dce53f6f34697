/*
 * cpu.h - the state of an A64 vCPU (Armv8-A, EL0 and EL1, AArch64 only), its mode word and exceptions.
 *
 * Source: Arm ARM DDI 0487. Not modelled: AArch32, EL2, EL3, secure state (docs/arm.md).
 */
#pragma once
#include "vm/vm.h"

enum a64_field {
#define FIELD(name, type, member) A64_F_##name,
#include "frontend/arm/fields.def"
    A64_F_COUNT
};
enum a64_range { A64_R_x, A64_R_v, A64_R_COUNT };

/* Plain integers without gaps, first those that most instructions touch: compiled code reaches 256 bytes with short
 * displacements. Described by a64_state_desc (frontend/arm/state.c). */
struct a64_state {
    u8  n, z, c, vf;   /* PSTATE flags, 0 or 1 */
    u8  qc;            /* FPSR.QC */
    u8  el;            /* 0 or 1 */
    u8  spsel;         /* PSTATE.SP */
    u8  daif;          /* PSTATE.DAIF: D 8, A 4, I 2, F 1 */
    u8  pan, uao;      /* PSTATE.PAN, UAO */
    u8  ss, il;        /* PSTATE.SS (software step), IL (illegal execution state) */
    u8  stepped;       /* since the last exception or ERET: an instruction was stepped (1), a load-exclusive (2) */
    u8  pad[3];
    u64 x[31];
    u64 sp;    /* of the stack pointer in use; its banked copy below is stale meanwhile */
    u64 v[64]; /* V registers, low half first; 16-byte aligned: the struct is allocated so */
    u64 sp_el0, sp_el1;
    u64 elr_el1, spsr_el1, esr_el1, far_el1, par_el1, vbar_el1;
    u64 mair_el1;
    u64 sctlr_el1, cpacr_el1, tcr_el1, ttbr0_el1, ttbr1_el1, contextidr_el1;
    u64 tpidr_el0, tpidrro_el0, tpidr_el1, cntkctl_el1, csselr_el1, mdscr_el1;
    u64 dbgbvr[16], dbgbcr[16], dbgwvr[16], dbgwcr[16];
    u32 fp_ctl;   /* struct fp_env: derived from fpcr (ir/fp.h, FP_ bits) */
    u32 fp_flags; /* struct fp_env: cumulative flags, FPSR bit positions */
    u32 fpcr;
    u32 oslsr, osdlr;  /* OS lock, OS double lock */
    u32 dbgclaim;      /* claim tags, bits 7:0 */
};
extern const struct state_desc a64_state_desc;
extern const struct ir_layout  a64_layout;
extern const struct guest      a64_guest;

/* Features of a CPU model that decoding and system registers depend on. */
enum a64_feat {
    A64_FEAT_crc32, A64_FEAT_aes, A64_FEAT_pmull, A64_FEAT_sha1, A64_FEAT_sha2,
    A64_FEAT_lse, A64_FEAT_rdm, A64_FEAT_dotprod, A64_FEAT_lrcpc, A64_FEAT_flagm,
    A64_FEAT_pan, A64_FEAT_uao, A64_FEAT_dpb, A64_FEAT_sb, A64_FEAT_COUNT
};

struct a64_model {
    const char *name;
    u64 features; /* bit per enum a64_feat */
    u32 midr, revidr;
    u32 pa_range;  /* ID_AA64MMFR0_EL1.PARange: 0 to 5 are 32, 36, 40, 42, 44, 48 bits */
    bool gran16;   /* 16 KB granule is advertised */
    bool cortex;   /* implementation-defined registers of Cortex-A53, A57, A72 exist, as RAZ/WI */
    u32 ctr, clidr, ccsidr[3]; /* ccsidr by CSSELR value: L1 data, L1 instruction, L2 */
};
extern const struct a64_model a64_models[]; /* ends with a NULL name */
const struct a64_model *a64_model_find(const char *name); /* NULL: unknown */

/* Wiring of a vCPU (vcpu.wiring): never saved. */
struct a64_wiring {
    const struct a64_model *model;
    bool gic_sysregs;   /* ICC_* exist (GICv3): ID_AA64PFR0.GIC */
    enum { A64_PSCI_NONE, A64_PSCI_HVC, A64_PSCI_SMC } psci;
};
static inline struct a64_state *a64_of(struct vcpu *v) { return v->state; }
static inline struct a64_wiring *a64_wiring_of(struct vcpu *v) { return v->wiring; }

/* New vCPU of a model on machine m; the machine owns it. */
bool a64_cpu_new(struct machine *m, const struct a64_model *model, const struct engine *en,
                 const struct a64_wiring *w, struct err *e) MUST_CHECK;

/* MMU modes: which permissions an access is checked against. */
enum { A64_MMU_EL0, A64_MMU_EL1, A64_MMU_EL1_PAN };

/* The mode word: what translations depend on. */
enum {
    A64_M_MMU    = 15,        /* bits 3:0: MMU mode of plain accesses and fetches */
    A64_M_EL1    = 1 << 4,
    A64_M_FPTRAP = 1 << 5,    /* CPACR_EL1.FPEN traps FP and SIMD at this EL */
    A64_M_ALIGN  = 1 << 6,    /* every access must be aligned to its size: SCTLR_EL1.A, or stage 1 is off
                                 (then data accesses are to Device memory, D8.2.10) */
    A64_M_SPALIGN = 1 << 7,   /* SCTLR_EL1.SA or SA0 */
    A64_M_BE     = 1 << 8,    /* data accesses are big-endian: SCTLR_EL1.EE or E0E */
    A64_M_UCI    = 1 << 9,    /* EL0 may do cache maintenance (set at EL1) */
    A64_M_DZE    = 1 << 10,   /* EL0 may do DC ZVA (set at EL1) */
    A64_M_UCT    = 1 << 11,   /* EL0 may read CTR_EL0 (set at EL1) */
    A64_M_UMA    = 1 << 12,   /* EL0 may access DAIF (set at EL1) */
    A64_M_TBI0   = 1 << 13,   /* addresses with bit 55 clear ignore their top byte */
    A64_M_TBI1   = 1 << 14,
    A64_M_SS     = 1 << 15,   /* software step, active-not-pending: one instruction, which clears PSTATE.SS */
    A64_M_UAO    = 1 << 16,   /* unprivileged loads and stores behave as privileged */
    A64_M_IL     = 1 << 17,   /* illegal execution state: every instruction raises */
    A64_M_NTWE   = 1 << 18,   /* WFE, WFI not trapped from EL0 (set at EL1) */
    A64_M_NTWI   = 1 << 19,
    A64_M_SPSEL  = 1 << 20,   /* PSTATE.SP: at EL1, SP_EL1 is in use */
    A64_M_SSPEND = 1 << 21,   /* software step, active-pending: the step exception and nothing else */
    A64_M_SSD    = 1 << 22,   /* at EL1, PSTATE.D decides whether software step is active */
    A64_M_FPSPECIAL = 1 << 23 /* FPCR has more than rounding mode and default NaN: FZ, AHP */
};
u64 a64_mode(struct vcpu *v);
/* AArch64.GenerateDebugExceptionsFrom: may debug exceptions but BRK be taken from this EL with this PSTATE.D? */
bool a64_debug_enabled(const struct a64_state *s, u32 el, bool d);

/* MDSCR_EL1, D19.3.20: software step, debug exceptions at EL1 */
enum { A64_MDSCR_SS = 1 << 0, A64_MDSCR_KDE = 1 << 13 };

/* exit_exc codes; payload in brackets. */
enum a64_exc {
    A64_EXC_UNDEF,      /* unallocated or unimplemented (EC 0x00) */
    A64_EXC_SVC,        /* [imm16] */
    A64_EXC_HVC,        /* [imm16] */
    A64_EXC_SMC,        /* [imm16] */
    A64_EXC_BRK,        /* [imm16] */
    A64_EXC_FPTRAP,     /* EC 0x07 */
    A64_EXC_SYSTRAP,    /* [ISS] trapped MSR, MRS, SYS: EC 0x18 */
    A64_EXC_WFTRAP,     /* [ISS] trapped WFI, WFE: EC 0x01 */
    A64_EXC_PCALIGN, A64_EXC_SPALIGN,
    A64_EXC_ILLEGAL,    /* PSTATE.IL */
    A64_EXC_STEP        /* software step: pc is already the next instruction's */
};

/* ir_mem.user0 of accesses whose faults are reported specially. */
enum { A64_MEM_CM = 1 /* cache maintenance: ESR_EL1.CM */ };

/* FPCR bits that exist; trapped exceptions and FZ16 (FEAT_FP16) do not. */
#define A64_FPCR_MASK 0x07c00000u

/* Helpers called from IR: frontend/arm/helpers.def. */
enum a64_helper {
#define HELPER(name, result, args, flags) A64_H_##name,
#include "frontend/arm/helpers.def"
    A64_H_COUNT
};
extern const struct ir_helper a64_helpers[A64_H_COUNT];

/* ---- pieces of the frontend, by file ---- */
/* exceptions.c */
enum { A64_VEC_SYNC = 0, A64_VEC_IRQ = 0x80, A64_VEC_FIQ = 0x100, A64_VEC_SERROR = 0x180 };
enum a64_ec { /* ESR_EL1.EC, D17.2.37; the ones that come in pairs are of a lower EL, plus 1 of the same */
    A64_EC_UNKNOWN = 0x00, A64_EC_WFX = 0x01, A64_EC_FP = 0x07, A64_EC_ILLEGAL = 0x0e, A64_EC_SVC = 0x15,
    A64_EC_SYSREG = 0x18, A64_EC_IABORT = 0x20, A64_EC_PCALIGN = 0x22, A64_EC_DABORT = 0x24,
    A64_EC_SPALIGN = 0x26, A64_EC_STEP = 0x32, A64_EC_BRK = 0x3c
};
/* AArch64.TakeException to EL1. ec is as above (made "same EL" by the caller), vector one of A64_VEC_; ESR and
 * FAR are written for A64_VEC_SYNC only, FAR only if far_valid. Leaves v->s.pc at the vector. */
void a64_take_exception(struct vcpu *v, u32 ec, u32 iss, u64 far, bool far_valid, u64 elr, u32 vector);
void a64_exception(struct vcpu *v, u32 code, u64 payload); /* enum a64_exc at v->s.pc */
void a64_fault(struct vcpu *v, const struct mmu_fault *f);
bool a64_interrupt(struct vcpu *v);
bool a64_wakes(struct vcpu *v);
bool a64_fetch_ok(struct vcpu *v);
u64  a64_spsr_pack(struct vcpu *v);       /* PSTATE as SPSR_EL1 holds it */
void a64_set_el(struct vcpu *v, u32 el, u32 spsel); /* switches the banked stack pointer too */
u64  a64_return(struct vcpu *v);          /* ERET: PSTATE from SPSR_EL1; returns the new pc, does not set it */
/* mmu.c */
bool a64_walk(void *opaque /* vcpu */, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f);
void a64_mmu_select(struct vcpu *v); /* after TTBR, TCR, SCTLR changes: picks the TLB context */
/* AT: the value of PAR_EL1; false: an external abort on the walk, which is taken instead (f). */
bool a64_at(struct vcpu *v, gva va, enum mmu_access acc, u32 mode, u64 *par, struct mmu_fault *f);
enum a64_tlbi { A64_TLBI_ALL, A64_TLBI_VA, A64_TLBI_ASID, A64_TLBI_VAA };
void a64_tlbi(struct vcpu *v, enum a64_tlbi op, u64 xt); /* on v's own TLB */
/* psci.c: true when v handled the call (SMCCC: x0..x3) */
bool a64_psci(struct vcpu *v);
/* state.c */
void a64_reset(struct vcpu *v);
u32  a64_fp_ctl(u32 fpcr);  /* struct fp_env.ctl for an FPCR */
u64  a64_mpidr(const struct vcpu *v);
/* lift.c */
void a64_lift_block(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out);
