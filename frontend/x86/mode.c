/*
 * mode.c - the mode word of an x86 vCPU: what the meaning of instruction bytes depends on besides the model.
 *
 * Intel SDM volume 3: CR0, CR4, XCR0 (2.5, 2.6), segment types (3.4.5.1), SMAP (4.6), debug registers (17.2).
 * It is asked for at every exit that may have changed it, so segments are classed without branches.
 */
#include "frontend/x86/cpu.h"

#define IF(c, flag) ((c) ? (u64)(flag) : 0)

/* enum X86_CHECK_ by descriptor type bits 3:1, two bits each: data read-only, writable, the same expand-down; code
 * execute-only, readable, the same conforming. */
#define CLASSES (X86_CHECK_READ | X86_CHECK_LIMIT << 2 | X86_CHECK_CALL << 4 | X86_CHECK_CALL << 6 \
                 | X86_CHECK_CALL << 8 | X86_CHECK_READ << 10 | X86_CHECK_CALL << 12 | X86_CHECK_READ << 14)

static u32 class_of(u32 attr, u32 limit)
{
    u32 c = (u32)CLASSES >> (attr & 14) & 3;
    c |= (attr & (X86_AT_P | X86_AT_S)) == (X86_AT_P | X86_AT_S) ? 0u : (u32)X86_CHECK_CALL;
    return c ^ ((c == X86_CHECK_LIMIT) & (limit == ~0u)); /* LIMIT 1 to NONE 0 */
}

static u64 mode_segments(const struct x86_state *s)
{
    u64 mode = 0;
    for (u32 i = X86_ES; i <= X86_GS; i++)
        mode |= (u64)class_of(s->seg_attr[i], s->seg_limit[i]) << (12 + 2 * i);
    return mode | IF(s->seg_base[X86_ES] | s->seg_base[X86_SS] | s->seg_base[X86_DS], X86_M_ADDSEG)
           | IF(s->seg_base[X86_CS], X86_M_CSBASE) | IF(s->seg_limit[X86_CS] != ~0u, X86_M_CSLIM)
           | IF(s->seg_attr[X86_CS] & X86_AT_DB, X86_M_CS32) | IF(s->seg_attr[X86_SS] & X86_AT_DB, X86_M_SS32);
}

/* DR7: an enable bit pair per breakpoint in 7:0, R/W and LEN from bit 16. I/O breakpoints need CR4.DE; without it R/W
 * 2 is undefined and does nothing. */
static u64 mode_breakpoints(const struct x86_state *s)
{
    u64 mode = 0;
    for (u32 i = 0; i < 4; i++) {
        u32 rw = s->dr[7] >> (16 + 4 * i) & 3;
        if (!(s->dr[7] >> 2 * i & 3))
            continue;
        mode |= rw == 0 ? X86_M_IBP : rw == 2 && !(s->cr4 & X86_CR4_DE) ? 0 : X86_M_WATCH;
    }
    return mode;
}

static u32 mmu_mode(const struct x86_state *s)
{
    if (s->cpl == 3)
        return X86_MMU_USER;
    return s->cr4 & X86_CR4_SMAP && !(s->eflags & X86_FL_AC) ? X86_MMU_KERNEL_SMAP : X86_MMU_KERNEL;
}

static u64 mode_system(const struct x86_state *s)
{
    u64 cr0 = s->cr0, cr4 = s->cr4;
    return IF(cr0 & X86_CR0_PE, X86_M_PE) | IF(cr0 & X86_CR0_MP, X86_M_MP) | IF(cr0 & X86_CR0_EM, X86_M_EM)
           | IF(cr0 & X86_CR0_TS, X86_M_TS) | IF(cr0 & X86_CR0_NE, X86_M_NE) | IF(cr4 & X86_CR4_OSFXSR, X86_M_OSFXSR)
           | IF(cr4 & X86_CR4_OSXSAVE, X86_M_OSXSAVE) | IF(cr4 & X86_CR4_UMIP, X86_M_UMIP)
           | IF(cr4 & X86_CR4_TSD, X86_M_TSD) | IF(cr4 & X86_CR4_PCE, X86_M_PCE)
           | IF(cr4 & X86_CR4_FSGSBASE, X86_M_FSGSBASE)
           | IF(cr4 & X86_CR4_OSXSAVE && s->xcr0 & X86_XCR0_AVX, X86_M_AVX) /* never without SSE */
           | IF(cr0 & X86_CR0_AM && s->eflags & X86_FL_AC && s->cpl == 3, X86_M_AC);
}

u64 x86_mode(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    u64 mode = mmu_mode(s) | (u64)s->cpl << 4 | (u64)(s->eflags >> 12 & 3) << 46 | mode_system(s);
    if (s->efer & X86_EFER_LMA)
        mode |= X86_M_LMA;
    mode |= x86_is_long(s) ? X86_M_LONG : mode_segments(s);
    if (UNLIKELY(s->eflags & (X86_FL_TF | X86_FL_RF | X86_FL_VM)))
        mode |= IF(s->eflags & X86_FL_TF, X86_M_TF) | IF(s->eflags & X86_FL_RF, X86_M_RF)
                | IF(s->eflags & X86_FL_VM, X86_M_VM);
    if (UNLIKELY(s->shadow))
        mode |= X86_M_SHADOW;
    if (UNLIKELY(s->dr[7] & 0xff))
        mode |= mode_breakpoints(s);
    if (UNLIKELY(s->db_hits))
        mode |= X86_M_DBPEND;
    if (UNLIKELY((s->mxcsr & 0x1f80) != 0x1f80)) /* masks */
        mode |= X86_M_FPSPECIAL;
    return mode;
}
