/*
 * access.c - memory and I/O permissions as instructions' microcode sees them.
 *
 * SDM volume 3, 4.6 (access rights: supervisor accesses that instructions make by themselves obey SMAP whatever AC
 * is); volume 1, 19.5 (I/O permission). Where nothing answers, reads give ones and writes vanish, as on a PC's bus.
 */
#include "frontend/x86/desc.h"

#define ADDR32 (1u << 15) /* MMU_MEM_ADDR32 */

static u32 mode_of(const struct x86_state *s, u32 as)
{
    bool smap = s->cr4 & X86_CR4_SMAP, system = as & X86_AS_SYSTEM;
    if (!system && s->cpl == 3)
        return X86_MMU_USER;
    return smap && (system || !(s->eflags & X86_FL_AC)) ? X86_MMU_KERNEL_SMAP : X86_MMU_KERNEL;
}

/* Linear addresses have 64 bits in 64-bit mode, and for tables all over IA-32e mode. */
static bool is_wide(const struct x86_state *s, u32 as)
{
    return as & X86_AS_SYSTEM ? x86_is_lma(s) : x86_is_long(s);
}

/* An access failed: true when that is as good as done. */
static bool refused(struct vcpu *v, u32 as)
{
    const struct mmu_fault *f = &v->mmu.fault;
    if (f->kind == FAULT_BUS)
        return true;
    if (f->kind != FAULT_WALK || f->info[0] & X86_WALK_NONCANONICAL)
        return x86_fail(v, as & X86_AS_STACK ? X86_SS_FAULT : X86_GP, true, 0);
    x86_wiring_of(v)->exc =
        (struct x86_exc){ .vector = X86_PF, .has_code = true, .code = (u32)f->info[0], .cr2 = f->va };
    return false;
}

bool x86_read(struct vcpu *v, gva a, u32 size, enum x86_as as, u64 *val)
{
    const struct x86_state *s = v->state;
    bool wide = is_wide(s, as);
    *val = 0;
    if (mmu_read(&v->mmu, wide ? a : (u32)a, size, mode_of(s, as), 0, wide ? 0 : ADDR32, val) != MMU_FAULTED)
        return true;
    *val = x86_cut(~0ull, size);
    return refused(v, as);
}

bool x86_write(struct vcpu *v, gva a, u32 size, enum x86_as as, u64 val)
{
    const struct x86_state *s = v->state;
    bool wide = is_wide(s, as);
    enum mmu_result r = mmu_write(&v->mmu, wide ? a : (u32)a, size, mode_of(s, as), 0, wide ? 0 : ADDR32, &val);
    x86_wiring_of(v)->hit |= r == MMU_SYNC;
    return r != MMU_FAULTED || refused(v, as);
}

bool x86_probe_write(struct vcpu *v, gva a, u32 len, enum x86_as as)
{
    const struct x86_state *s = v->state;
    bool wide = is_wide(s, as);
    return mmu_probe(&v->mmu, wide ? a : (u32)a, len, MMU_WRITE, mode_of(s, as), 0, wide ? 0 : ADDR32)
               != MMU_FAULTED
           || refused(v, as);
}

/* ---- I/O ports ---- */

/* The bits of `size` ports from `port` in the bitmap of a 32-bit TSS; two bytes are read, as processors do. */
static bool bitmap_allows(struct vcpu *v, u32 port, u32 size)
{
    const struct x86_state *s = v->state;
    u64 base, bits;
    if ((s->seg_attr[X86_TR] & (X86_AT_P | 13)) != (X86_AT_P | X86_TY_TSS32) || s->seg_limit[X86_TR] < 0x67)
        return x86_fail_gp(v, 0);
    if (!x86_read(v, s->seg_base[X86_TR] + 0x66, 2, X86_AS_SYSTEM, &base))
        return false;
    u64 at = base + port / 8;
    if (at + 1 > s->seg_limit[X86_TR])
        return x86_fail_gp(v, 0);
    if (!x86_read(v, s->seg_base[X86_TR] + at, 2, X86_AS_SYSTEM, &bits))
        return false;
    return !(bits >> port % 8 & ((1u << size) - 1)) || x86_fail_gp(v, 0);
}

bool x86_io_allowed(struct vcpu *v, u32 port, u32 size)
{
    const struct x86_state *s = v->state;
    if (x86_is_real(s) || (!x86_is_v86(s) && s->cpl <= x86_iopl(s)))
        return true;
    return bitmap_allows(v, port, size);
}
