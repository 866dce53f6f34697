/*
 * helpers_sys.c - what blocks call out for: control, debug and model-specific registers, descriptor tables,
 * translation, CPUID, time, breakpoints, HLT.
 */
#include "frontend/x86/desc.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/xstate.h"

static u64 done(struct vcpu *v, bool ok)
{
    if (!ok)
        x86_take(v);
    return 0;
}

static u64 refused(struct vcpu *v)
{
    x86_raise(v, X86_GP, true, 0);
    return 0;
}

/* ---- breakpoints ---- */

u64 x86_h_ibp_check(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    if (x86_break_here(v))
        v->raised = true;
    return 0;
}

u64 x86_h_watch(struct vcpu *v, u64 addr, u64 what, u64 c)
{
    (void)c;
    x86_watch(v, addr, what & 0xff, what >> 8 & 1);
    return 0;
}

/* ---- control and debug registers ---- */

u64 x86_h_get_cr(struct vcpu *v, u64 n, u64 b, u64 c)
{
    (void)b, (void)c;
    return x86_get_cr(v, (u32)n);
}

u64 x86_h_get_cr8(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    return x86_get_cr(v, 8);
}

u64 x86_h_set_cr(struct vcpu *v, u64 n, u64 val, u64 c)
{
    (void)c;
    return done(v, x86_set_cr(v, (u32)n, val));
}

/* PE can be set but not cleared. */
u64 x86_h_lmsw(struct vcpu *v, u64 val, u64 b, u64 c)
{
    (void)b, (void)c;
    u64 cr0 = x86_of(v)->cr0, low = X86_CR0_MP | X86_CR0_EM | X86_CR0_TS;
    return done(v, x86_set_cr(v, 0, (cr0 & ~low) | (val & (low | X86_CR0_PE))));
}

u64 x86_h_clts(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    x86_of(v)->cr0 &= ~(u64)X86_CR0_TS;
    return 0;
}

u64 x86_h_get_dr(struct vcpu *v, u64 n, u64 b, u64 c)
{
    (void)b, (void)c;
    u64 val = 0;
    done(v, x86_get_dr(v, (u32)n, &val));
    return val;
}

u64 x86_h_set_dr(struct vcpu *v, u64 n, u64 val, u64 c)
{
    (void)c;
    return done(v, x86_set_dr(v, (u32)n, val));
}

/* ---- descriptor tables ---- */

u64 x86_h_get_table(struct vcpu *v, u64 which, u64 b, u64 c)
{
    (void)b, (void)c;
    const struct x86_state *s = v->state;
    switch (which) {
    case 0: return s->gdt_limit;
    case 1: return s->idt_limit;
    case 2: return s->gdt_base;
    default: return s->idt_base;
    }
}

u64 x86_h_set_table(struct vcpu *v, u64 which, u64 limit, u64 base)
{
    struct x86_state *s = v->state;
    if (x86_is_long(s) && !x86_canonical(base))
        return refused(v);
    *(which ? &s->idt_base : &s->gdt_base) = base;
    *(which ? &s->idt_limit : &s->gdt_limit) = limit & 0xffff;
    return 0;
}

/* ---- translation ---- */

u64 x86_h_inv_page(struct vcpu *v, u64 va, u64 b, u64 c)
{
    (void)b, (void)c;
    x86_invlpg(v, va);
    return 0;
}

u64 x86_h_inv_pcid(struct vcpu *v, u64 type, u64 pcid, u64 va)
{
    return done(v, x86_invpcid(v, type, pcid, va));
}

/* ---- model-specific registers, time, CPUID, XCR0 ---- */

u64 x86_h_rdmsr(struct vcpu *v, u64 n, u64 b, u64 c)
{
    (void)b, (void)c;
    u64 val = 0;
    done(v, x86_rdmsr(v, (u32)n, &val));
    return val;
}

u64 x86_h_wrmsr(struct vcpu *v, u64 n, u64 val, u64 c)
{
    (void)c;
    return done(v, x86_wrmsr(v, (u32)n, val));
}

u64 x86_h_tsc(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    return x86_tsc(v);
}

u64 x86_h_cpuid(struct vcpu *v, u64 a, u64 b, u64 c)
{
    static const u8 regs[4] = { X86_RAX, X86_RBX, X86_RCX, X86_RDX };
    struct x86_state *s = v->state;
    u32 out[4];
    (void)a, (void)b, (void)c;
    x86_cpuid(v, (u32)s->gpr[X86_RAX], (u32)s->gpr[X86_RCX], out);
    for (u32 i = 0; i < 4; i++)
        s->gpr[regs[i]] = out[i];
    return 0;
}

/* ECX 1: which components are not in their initial state. All that are enabled count as in use. */
u64 x86_h_xgetbv(struct vcpu *v, u64 n, u64 b, u64 c)
{
    (void)b, (void)c;
    if ((u32)n > 1 || ((u32)n == 1 && !x86_has(v, X86_FEAT_xgetbv1)))
        return refused(v);
    return x86_of(v)->xcr0 & ((u32)n ? x86_xinuse(v) : ~0ull);
}

u64 x86_h_xsetbv(struct vcpu *v, u64 n, u64 val, u64 c)
{
    struct x86_state *s = v->state;
    u64 known =
        X86_XCR0_X87 | (x86_has(v, X86_FEAT_sse) ? X86_XCR0_SSE : 0) | (x86_has(v, X86_FEAT_avx) ? X86_XCR0_AVX : 0);
    (void)c;
    if (s->cpl || (u32)n || !(val & X86_XCR0_X87) || val & ~known
        || (val & (X86_XCR0_SSE | X86_XCR0_AVX)) == X86_XCR0_AVX)
        return refused(v);
    s->xcr0 = val;
    return 0;
}

/* The trap of a single step ends it at once. */
u64 x86_h_hlt(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    v->s.halted = !(x86_of(v)->eflags & X86_FL_TF);
    return 0;
}
