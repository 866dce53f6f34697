/*
 * flags.c - EFLAGS put together and taken apart: arithmetic flags live in fields of their own (cpu.h).
 *
 * SDM volume 1, 3.4.3.
 */
#include "frontend/x86/cpu.h"

/* What eflags can hold: the rest is reserved and zero, or a field of its own. */
#define KEPT                                                                                                         \
    (X86_FL_TF | X86_FL_IF | X86_FL_IOPL | X86_FL_NT | X86_FL_RF | X86_FL_VM | X86_FL_AC | X86_FL_VIF | X86_FL_VIP   \
     | X86_FL_ID)

static bool pf_of(const struct x86_state *s) { return !__builtin_parity(s->pb); }
static bool af_of(const struct x86_state *s) { return (s->ab ^ s->pb) >> 4 & 1; }

u32 x86_flags(const struct vcpu *v)
{
    const struct x86_state *s = v->state;
    return (s->eflags & KEPT) | X86_FL_ONE | (s->cf ? X86_FL_CF : 0) | (pf_of(s) ? X86_FL_PF : 0)
           | (af_of(s) ? X86_FL_AF : 0) | (s->zf ? X86_FL_ZF : 0) | (s->sf ? X86_FL_SF : 0) | (s->df ? X86_FL_DF : 0)
           | (s->of ? X86_FL_OF : 0);
}

/* One of PF and AF alone keeps the other: both come from pb. */
static void set_pf_af(struct x86_state *s, u32 val, u32 mask)
{
    bool pf = mask & X86_FL_PF ? val & X86_FL_PF : pf_of(s), af = mask & X86_FL_AF ? val & X86_FL_AF : af_of(s);
    s->pb = !pf;
    s->ab = af ? 0x10 : 0;
}

void x86_flags_set(struct vcpu *v, u32 val, u32 mask)
{
    struct x86_state *s = v->state;
    if (mask & X86_FL_CF)
        s->cf = !!(val & X86_FL_CF);
    if (mask & (X86_FL_PF | X86_FL_AF))
        set_pf_af(s, val, mask);
    if (mask & X86_FL_ZF)
        s->zf = !!(val & X86_FL_ZF);
    if (mask & X86_FL_SF)
        s->sf = !!(val & X86_FL_SF);
    if (mask & X86_FL_DF)
        s->df = !!(val & X86_FL_DF);
    if (mask & X86_FL_OF)
        s->of = !!(val & X86_FL_OF);
    mask &= KEPT;
    if (!x86_has(v, X86_FEAT_cpuid))
        val &= ~(u32)X86_FL_ID; /* by this bit programs find out (volume 1, 20.1) */
    s->eflags = (s->eflags & ~mask) | (val & mask);
}
