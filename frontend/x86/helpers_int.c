/*
 * helpers_int.c - what blocks call out for in general-purpose instructions (frontend/x86/helpers_int.def).
 */
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include "frontend/x86/helpers.h"

/* Flags of helpers that may fault say READS only where nothing is written unless they do: the verifier lets accesses
 * follow them. */
u64 x86_h_seg_check(struct vcpu *v, u64 off, u64 what, u64 c)
{
    (void)c;
    if (!x86_seg_check(v, what & 0xff, (u32)off, (u32)(what >> 16), what >> 8 & 1))
        x86_take(v);
    return 0;
}

/* Single step was on, an interrupt shadow or RF held before the instruction that ends here. DEBUGCTL.BTF: only
 * branches trap (SDM volume 3, 17.4.3). */
u64 x86_h_step_done(struct vcpu *v, u64 mode, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    if (mode & X86_M_TF && (mode & X86_STEP_BRANCH || !(s->debugctl & X86_DEBUGCTL_BTF)))
        s->db_hits |= 1u << 14;
    if (mode & X86_M_SHADOW)
        s->shadow = 0;
    if (mode & X86_M_RF)
        s->eflags &= ~(u32)X86_FL_RF;
    return 0;
}

static u64 divide_error(struct vcpu *v)
{
    x86_raise(v, X86_DE, false, 0);
    return 0;
}

u64 x86_h_div64(struct vcpu *v, u64 divisor, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    u64 high = s->gpr[X86_RDX];
    if (high >= divisor) /* the quotient has more than 64 bits, or the divisor is 0 */
        return divide_error(v);
    u128 n = (u128)high << 64 | s->gpr[X86_RAX];
    s->gpr[X86_RAX] = (u64)(n / divisor);
    s->gpr[X86_RDX] = (u64)(n % divisor);
    return 0;
}

u64 x86_h_idiv64(struct vcpu *v, u64 divisor, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    u128 n = (u128)s->gpr[X86_RDX] << 64 | s->gpr[X86_RAX];
    bool minus = n >> 127, negative = minus != (bool)(divisor >> 63);
    u64 d = divisor >> 63 ? 0 - divisor : divisor;
    if (minus)
        n = 0 - n;
    if ((u64)(n >> 64) >= d)
        return divide_error(v);
    u64 q = (u64)(n / d), r = (u64)(n % d);
    if (q > (u64)INT64_MAX + negative)
        return divide_error(v);
    s->gpr[X86_RAX] = negative ? 0 - q : q;
    s->gpr[X86_RDX] = minus ? 0 - r : r;
    return 0;
}

u64 x86_h_random(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    return machine_random(v->m);
}
