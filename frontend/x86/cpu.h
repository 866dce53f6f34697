/*
 * cpu.h - the state of an x86 vCPU, its mode word, exceptions, and the pieces of the frontend by file.
 *
 * Source: Intel SDM (325462), AMD APM (24592, 24593) where they agree; docs/x86.md says what is not modelled, and
 * what is done where the manuals leave a choice.
 *
 * Addresses: v->s.pc is the *linear* address of the next instruction, CS.base + EIP, cut to 32 bits outside 64-bit
 * mode. EIP itself is not kept: x86_ip().
 */
#pragma once
#include "frontend/x86/features.h"
#include "vm/vm.h"

enum x86_field {
#define FIELD(name, type, member) X86_F_##name,
#include "frontend/x86/fields.def"
    X86_F_COUNT
};
enum x86_range { X86_R_gpr, X86_R_COUNT };

enum { X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI };
/* In the order of the manual's encodings; LDTR and TR have no encoding of their own. */
enum x86_seg { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_LDTR, X86_TR, X86_SEG_COUNT };

/* Hidden part of a segment register: seg_attr[] holds bits 23:8 of the descriptor's second word shifted to 15:0 (with
 * limit bits 19:16 as zeros): type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15. seg_limit[] is in bytes, the
 * last valid one. A null selector gives attr 0. */
enum { X86_AT_ACCESSED = 1, X86_AT_RW = 2, X86_AT_CE = 4 /* conforming, or expand-down */, X86_AT_CODE = 8,
       X86_AT_S = 16, X86_AT_P = 128, X86_AT_L = 1 << 13, X86_AT_DB = 1 << 14, X86_AT_G = 1 << 15 };
static inline u32 x86_at_dpl(u32 attr) { return attr >> 5 & 3; }

/* Plain integers without gaps, first those that most instructions touch: compiled code reaches 256 bytes with short
 * displacements. Described by x86_state_desc (frontend/x86/state.c). */
struct x86_state {
    u64 gpr[16];   /* outside 64-bit mode the high halves keep what they held */
    u8  ftw;       /* bit n: Rn is not empty */
    u8  cf, zf, sf, of, df;  /* 0 or 1 */
    u8  pb;        /* PF is the even parity of pb */
    u8  ab;        /* AF is bit 4 of ab ^ pb: after a sum or difference ab is a ^ b, pb the result */
    u8  cpl;
    u8  shadow;    /* interrupts and (SS) debug traps are held off for one instruction: X86_SHADOW_ bits */
    u8  nmi_blocked, nmi_pending; /* pending: bit 0 NMI, bit 1 INIT */
    u8  a20_off;   /* the A20M# input: address bit 20 is zero */
    u8  ferr;      /* without CR0.NE: FERR# has told the board of the error that FSW.ES is set for */
    u8  pad0[2];
    u64 xmm[32];   /* XMM0..15, low half first; 16-byte aligned: the struct is allocated so */
    u64 ymmh[32];  /* bits 255:128 of YMM0..15 */
    u64 mm[8];     /* significands of the x87 registers R0..R7 (physical) = MM0..7 */
    u64 seg_base[X86_SEG_COUNT];
    u64 gdt_base, idt_base;
    u64 cr0, cr2, cr3, cr4, xcr0;
    u64 dr[8];     /* 4 and 5 unused */
    u64 efer, star, lstar, cstar, fmask, kernel_gs_base, tsc_aux;
    u64 sysenter_cs, sysenter_esp, sysenter_eip;
    u64 pat, misc_enable, tsc_offset, spec_ctrl, xss;
    u64 tsc_adjust, debugctl;
    u64 mtrr_base[8], mtrr_mask[8], mtrr_fixed[11], mtrr_deftype;
    u64 pdpte[4];  /* PAE: loaded by MOV CR3 */
    u64 fip, fdp;  /* x87 last instruction and operand */
    u32 seg_limit[X86_SEG_COUNT], seg_attr[X86_SEG_COUNT];
    u32 gdt_limit, idt_limit;
    u32 eflags;    /* what is not a field of its own: TF IF IOPL NT RF VM AC VIF VIP ID, at their places */
    u32 fp_ctl;    /* struct fp_env of SSE: derived from mxcsr */
    u32 fp_flags;  /* struct fp_env: sticky flags since MXCSR was loaded, FP_ bits (ir/fp.h) */
    u32 mxcsr;     /* control bits only: flags 5:0 are in fp_flags */
    u32 db_hits;   /* data and I/O breakpoints met, BS and BT: DR6 bits of a debug trap due before the next
                      instruction */
    u16 seg_sel[X86_SEG_COUNT];
    u16 fexp[8];   /* sign and exponents of R0..R7 */
    u16 fcw, fsw /* TOP included */, fop, fcs, fds;
    u8  pad[2];
};
enum { X86_SHADOW_STI = 1, X86_SHADOW_SS = 2 };

/* EFLAGS */
enum { X86_FL_CF = 1, X86_FL_ONE = 2, X86_FL_PF = 4, X86_FL_AF = 0x10, X86_FL_ZF = 0x40, X86_FL_SF = 0x80,
       X86_FL_TF = 0x100, X86_FL_IF = 0x200, X86_FL_DF = 0x400, X86_FL_OF = 0x800, X86_FL_IOPL = 0x3000,
       X86_FL_NT = 0x4000, X86_FL_RF = 0x10000, X86_FL_VM = 0x20000, X86_FL_AC = 0x40000, X86_FL_VIF = 0x80000,
       X86_FL_VIP = 0x100000, X86_FL_ID = 0x200000,
       X86_FL_ARITH = X86_FL_CF | X86_FL_PF | X86_FL_AF | X86_FL_ZF | X86_FL_SF | X86_FL_OF,
       X86_FL_OWN = X86_FL_ARITH | X86_FL_DF /* not in eflags */ };
/* CR0, CR4, EFER, XCR0 */
enum { X86_CR0_PE = 1, X86_CR0_MP = 2, X86_CR0_EM = 4, X86_CR0_TS = 8, X86_CR0_ET = 16, X86_CR0_NE = 32,
       X86_CR0_WP = 1 << 16, X86_CR0_AM = 1 << 18, X86_CR0_NW = 1 << 29, X86_CR0_CD = 1 << 30 };
#define X86_CR0_PG 0x80000000ull
enum { X86_CR4_VME = 1, X86_CR4_PVI = 2, X86_CR4_TSD = 4, X86_CR4_DE = 8, X86_CR4_PSE = 16, X86_CR4_PAE = 32,
       X86_CR4_MCE = 64, X86_CR4_PGE = 128, X86_CR4_PCE = 256, X86_CR4_OSFXSR = 512, X86_CR4_OSXMMEXCPT = 1024,
       X86_CR4_UMIP = 1 << 11, X86_CR4_FSGSBASE = 1 << 16, X86_CR4_PCIDE = 1 << 17, X86_CR4_OSXSAVE = 1 << 18,
       X86_CR4_SMEP = 1 << 20, X86_CR4_SMAP = 1 << 21 };
enum { X86_EFER_SCE = 1, X86_EFER_LME = 1 << 8, X86_EFER_LMA = 1 << 10, X86_EFER_NXE = 1 << 11 };
enum { X86_DEBUGCTL_LBR = 1, X86_DEBUGCTL_BTF = 2 };
enum { X86_XCR0_X87 = 1, X86_XCR0_SSE = 2, X86_XCR0_AVX = 4 };

/* ---- models ---- */

struct x86_model {
    const char *name;
    u64 features[2];     /* bit per enum x86_feat */
    const char *vendor;  /* 12 characters */
    const char *brand;
    u32 family, model, stepping;
    u32 level, xlevel;   /* highest basic and extended CPUID leaves; level 0 and no CPUID on a 486 */
    u32 pa_bits;
};
extern const struct x86_model x86_models[]; /* ends with a NULL name */
const struct x86_model *x86_model_find(const char *name); /* NULL: unknown */
u32 x86_signature(const struct x86_model *m); /* CPUID leaf 1, EAX; EDX after reset */

/* An exception on its way. */
struct x86_exc {
    u32  vector;
    bool has_code;
    u32  code;
    u64  cr2;      /* of #PF */
};

/* Wiring of a vCPU (vcpu.wiring): never saved, never observable. */
struct x86_wiring {
    const struct x86_model *model;
    struct x86_exc exc;  /* why the last function that returned false did so */
    bool hit;            /* set by x86_write() when a device or translated code was there */
};
static inline struct x86_state *x86_of(struct vcpu *v) { return v->state; }
static inline struct x86_wiring *x86_wiring_of(struct vcpu *v) { return v->wiring; }
static inline bool x86_has(const struct vcpu *v, enum x86_feat f)
{
    return ((const struct x86_wiring *)v->wiring)->model->features[f / 64] >> (f % 64) & 1;
}

/* New vCPU of a model on machine m; the machine owns it. */
bool x86_cpu_new(struct machine *m, const struct x86_model *model, const struct engine *en, struct err *e) MUST_CHECK;

/* MMU modes. SMAP: supervisor accesses that may not touch user pages (CR4.SMAP, and EFLAGS.AC clear or an implicit
 * access). */
enum { X86_MMU_USER, X86_MMU_KERNEL, X86_MMU_KERNEL_SMAP };

/* The mode word: what translations depend on. */
#define X86_M_MMU      15ull         /* bits 3:0: MMU mode of plain accesses and fetches */
#define X86_M_CPL(m)   ((u32)((m) >> 4 & 3))
#define X86_M_PE       (1ull << 6)
#define X86_M_VM       (1ull << 7)   /* virtual-8086 mode */
#define X86_M_LONG     (1ull << 8)   /* 64-bit mode */
#define X86_M_CS32     (1ull << 9)   /* CS.D: default operand and address size 32 bits (clear in 64-bit mode) */
#define X86_M_SS32     (1ull << 10)  /* SS.B: stack pointer is ESP (clear in 64-bit mode: RSP) */
/* bits 12 + 2n: how accesses through segment n (ES..GS) are checked outside 64-bit mode: */
#define X86_M_SEG(m, n) ((u32)((m) >> (12 + 2 * (n)) & 3))
enum { X86_CHECK_NONE,   /* data segment with limit 4 GiB - 1, readable and writable, not expand-down: never fails */
       X86_CHECK_LIMIT,  /* readable and writable, offsets 0 to seg_limit */
       X86_CHECK_READ,   /* readable, offsets 0 to seg_limit; writes are #GP(0) */
       X86_CHECK_CALL }; /* anything else (null, expand-down, execute-only): helper seg_check */
#define X86_M_ADDSEG   (1ull << 24)  /* one of the bases of ES, SS, DS is not zero (clear in 64-bit mode) */
#define X86_M_CSBASE   (1ull << 25)  /* CS.base is not zero */
#define X86_M_CSLIM    (1ull << 26)  /* CS.limit is below 4 GiB - 1: fetches and branches check it */
#define X86_M_TF       (1ull << 27)  /* blocks of one instruction, with a debug trap behind it */
#define X86_M_SHADOW   (1ull << 28)  /* blocks of one instruction, which ends the interrupt shadow */
#define X86_M_RF       (1ull << 29)  /* blocks of one instruction, which clears RF */
#define X86_M_IBP      (1ull << 30)  /* instruction breakpoints are armed: checked before each instruction */
#define X86_M_WATCH    (1ull << 31)  /* data or I/O breakpoints are armed: accesses are told to helper watch */
#define X86_M_DBPEND   (1ull << 32)  /* db_hits is not 0: the debug trap and nothing else */
#define X86_M_AC       (1ull << 33)  /* CR0.AM, EFLAGS.AC, CPL 3: unaligned accesses are #AC(0) */
#define X86_M_EM       (1ull << 34)
#define X86_M_TS       (1ull << 35)
#define X86_M_MP       (1ull << 36)
#define X86_M_OSFXSR   (1ull << 37)
#define X86_M_AVX      (1ull << 38)  /* CR4.OSXSAVE and XCR0 has SSE and AVX */
#define X86_M_OSXSAVE  (1ull << 39)
#define X86_M_FPSPECIAL (1ull << 40) /* MXCSR unmasks an exception: each SSE FP instruction checks */
#define X86_M_UMIP     (1ull << 41)
#define X86_M_TSD      (1ull << 42)
#define X86_M_PCE      (1ull << 43)
#define X86_M_FSGSBASE (1ull << 44)
#define X86_M_LMA      (1ull << 45)  /* IA-32e mode: 64-bit or compatibility */
#define X86_M_IOPL(m)  ((u32)((m) >> 46 & 3))
#define X86_M_NE       (1ull << 48)  /* CR0.NE */
#define X86_M_UNMASKED (X86_M_TF | X86_M_SHADOW | X86_M_RF) /* one instruction a block */
#define X86_STEP_BRANCH 1ull /* beside those, in helper step_done's argument: a branch was taken */
u64 x86_mode(struct vcpu *v); /* mode.c */

/* exit_exc codes: vector in bits 7:0 and what follows; the payload is the error code (or, with X86_EXC_NEXT, bits
 * 63:32 hold the length of the instruction). The exception has the pc of the instruction. */
enum {
    X86_DE = 0, X86_DB = 1, X86_NMI = 2, X86_BP = 3, X86_OF = 4, X86_BR = 5, X86_UD = 6, X86_NM = 7, X86_DF = 8,
    X86_TS = 10, X86_NP = 11, X86_SS_FAULT = 12, X86_GP = 13, X86_PF = 14, X86_MF = 16, X86_AC_FAULT = 17,
    X86_XM = 19,
    X86_EXC_CODE = 1 << 8,   /* has an error code */
    X86_EXC_SOFT = 1 << 9,   /* INT n, INT3, INTO: gate DPL is checked, the return address is behind the
                                instruction */
    X86_EXC_ICEBP = 1 << 10, /* INT1: a trap without the DPL check */
    X86_EXC_NEXT = 1 << 11   /* a trap: the return address is behind the instruction */
};

/* ir_mem.user0 of accesses */
enum { X86_MEM_SS = 1,       /* non-canonical: #SS(0) instead of #GP(0) */
       X86_MEM_ALIGN_GP = 2  /* misaligned: #GP(0) (SSE), else #AC(0) */ };

/* Helpers called from IR: frontend/x86/helpers.def. */
enum x86_helper {
#define HELPER(name, result, args, flags) X86_H_##name,
#include "frontend/x86/helpers.def"
    X86_H_COUNT
};
extern const struct ir_helper x86_helpers[X86_H_COUNT];

/* ---- pieces of the frontend, by file. Functions that return bool and name no error elsewhere: false leaves the
 * exception in wiring.exc, nothing else having happened but where said; whoever is on top calls x86_take(). ---- */

/* flags.c */
u32  x86_flags(const struct vcpu *v);                      /* EFLAGS whole, bit 1 set */
void x86_flags_set(struct vcpu *v, u32 val, u32 mask);     /* the bits in mask; no checks of privilege */

/* exceptions.c: SDM volume 3, chapter 6 */
static inline bool x86_fail(struct vcpu *v, u32 vector, bool has_code, u32 code)
{
    x86_wiring_of(v)->exc = (struct x86_exc){ .vector = vector, .has_code = has_code, .code = code };
    return false;
}
static inline bool x86_fail_gp(struct vcpu *v, u32 code) { return x86_fail(v, X86_GP, true, code); }
/* Delivers wiring.exc for the instruction at v->s.pc, by IDT or real-mode table; double and triple faults included.
 * Leaves v->s.pc at the handler. Inside a helper: sets v->raised. */
void x86_take(struct vcpu *v);
void x86_raise(struct vcpu *v, u32 vector, bool has_code, u32 code); /* x86_fail and x86_take */
void x86_exception(struct vcpu *v, u32 code, u64 payload); /* struct guest, exception */
void x86_fault(struct vcpu *v, const struct mmu_fault *f);
bool x86_interrupt(struct vcpu *v);
bool x86_wakes(struct vcpu *v);
bool x86_fetch_ok(struct vcpu *v);
/* After nmi_pending, or nmi_blocked changed: VCPU_FIQ of v->irq is "x86_interrupt() has NMI or INIT to look at". */
void x86_pins(struct vcpu *v);
void x86_line(struct vcpu *v, u32 line, bool level); /* struct guest, line */

/* segment.c: SDM volume 3, chapters 3 and 5 */
static inline u64 x86_ip(const struct vcpu *v, u64 pc)     /* EIP or RIP of a linear pc */
{
    const struct x86_state *s = v->state;
    return s->efer & X86_EFER_LMA && s->seg_attr[X86_CS] & X86_AT_L ? pc : (u32)(pc - s->seg_base[X86_CS]);
}
static inline bool x86_is_long(const struct x86_state *s)
{
    return s->efer & X86_EFER_LMA && s->seg_attr[X86_CS] & X86_AT_L;
}
/* MOV Sreg, POP Sreg, LDS...: not CS. All checks, accessed bit, real and virtual-8086 mode. */
bool x86_load_seg(struct vcpu *v, u32 seg, u32 sel);
/* As real mode would: base = sel << 4, limit kept (v86: 0xffff). */
void x86_load_seg_real(struct vcpu *v, u32 seg, u32 sel);
bool x86_load_ldt(struct vcpu *v, u32 sel);
bool x86_load_tr(struct vcpu *v, u32 sel);
/* Offset check of [off, off + size) through a segment: X86_CHECK_CALL ones. False: #GP(0) or #SS(0). */
bool x86_seg_check(struct vcpu *v, u32 seg, u32 off, u32 size, bool write);

/* control.c, ret.c: far transfers. All leave v->s.pc at the destination. opsize 2, 4, 8; next: linear return pc */
bool x86_jump_far(struct vcpu *v, u32 sel, u64 off, u32 opsize, u64 next);
bool x86_call_far(struct vcpu *v, u32 sel, u64 off, u32 opsize, u64 next);
bool x86_ret_far(struct vcpu *v, u32 opsize, u32 pop);
bool x86_iret(struct vcpu *v, u32 opsize, u64 next);
/* task.c: SDM volume 3, chapter 7 */
enum x86_task_why { X86_TASK_JUMP, X86_TASK_CALL, X86_TASK_IRET, X86_TASK_INT };
bool x86_task_switch(struct vcpu *v, u32 sel, enum x86_task_why why, u64 next, bool has_code, u32 code);

/* access.c: memory as instructions' microcode uses it; linear addresses. False: #PF, #GP, #SS are in wiring.exc. */
enum x86_as { X86_AS_CPL,     /* rights of the current privilege level */
              X86_AS_SYSTEM,  /* supervisor: tables, TSS, new stacks */
              X86_AS_STACK = 2 /* or'ed to one of them: a non-canonical address is #SS(0) instead of #GP(0) */ };
bool x86_read(struct vcpu *v, gva a, u32 size, enum x86_as as, u64 *val);  /* size 1, 2, 4, 8 */
bool x86_write(struct vcpu *v, gva a, u32 size, enum x86_as as, u64 val);
bool x86_probe_write(struct vcpu *v, gva a, u32 len, enum x86_as as);      /* whatever follows will not fail */

/* mmu.c: SDM volume 3, chapter 4 */
bool x86_walk(void *opaque /* vcpu */, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f);
/* Walk faults: info[0] is the #PF error code, or X86_WALK_NONCANONICAL. */
#define X86_WALK_NONCANONICAL (1ull << 32)
void x86_mmu_select(struct vcpu *v);      /* after CR0, CR3, CR4, EFER changes: picks the TLB context */
void x86_mmu_flush(struct vcpu *v);       /* every translation of every address space with paging on, global ones
                                             too */
void x86_mmu_flush_local(struct vcpu *v, u64 pcid); /* those of one PCID but global ones */
bool x86_set_cr(struct vcpu *v, u32 n, u64 val); /* with all checks and flushes; CR0, 2, 3, 4, 8 */
u64  x86_get_cr(struct vcpu *v, u32 n);
void x86_invlpg(struct vcpu *v, gva va);
bool x86_invpcid(struct vcpu *v, u64 type, u64 pcid, u64 va);
bool x86_load_pdptes(struct vcpu *v, u64 cr3); /* PAE; false: #GP(0) */
static inline bool x86_canonical(u64 a) { return (u64)((i64)(a << 16) >> 16) == a; }
/* Paging with 8-byte entries outside IA-32e mode: the PDPTEs are in registers. */
static inline bool x86_is_pae(const struct x86_state *s)
{
    return s->cr0 & X86_CR0_PG && s->cr4 & X86_CR4_PAE && !(s->efer & X86_EFER_LMA);
}

/* msr.c, cpuid.c, debug.c */
#define X86_TSC_HZ 1000000000ull /* of every model: a tick is a nanosecond of virtual time */
bool x86_rdmsr(struct vcpu *v, u32 n, u64 *val);
bool x86_wrmsr(struct vcpu *v, u32 n, u64 val);
void x86_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4]); /* EAX EBX ECX EDX */
u64  x86_tsc(struct vcpu *v);
bool x86_set_dr(struct vcpu *v, u32 n, u64 val);
bool x86_get_dr(struct vcpu *v, u32 n, u64 *val);
bool x86_io_allowed(struct vcpu *v, u32 port, u32 size);       /* IOPL and the TSS' bitmap; false: #GP(0) */

/* xstate.c: FXSAVE, XSAVE; MXCSR */
void x86_mxcsr_set(struct vcpu *v, u32 val); /* val is valid: keeps fp_ctl in step */
u32  x86_mxcsr(const struct vcpu *v);

/* state.c */
void x86_reset(struct vcpu *v);
void x86_init(struct vcpu *v);    /* INIT: SDM volume 3, table 9-1 (floating point and most MSRs stay) */
u32  x86_fp_ctl(u32 mxcsr);       /* struct fp_env's control word of an MXCSR */
extern const struct guest x86_guest;
extern const struct state_desc x86_state_desc;
extern const struct ir_layout x86_layout;
/* lift.c */
void x86_lift_block(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out);
