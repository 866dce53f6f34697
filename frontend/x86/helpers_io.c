/*
 * helpers_io.c - what blocks call out for: EFLAGS with privilege, virtual interrupts, I/O ports.
 *
 * SDM volume 2: PUSHF, POPF, CLI, STI, IN, OUT, INS, OUTS; volume 3, 20.3.2 and 20.4 (CR4.VME, CR4.PVI).
 */
#include "frontend/x86/desc.h"
#include "frontend/x86/helpers.h"

/* ---- flags ---- */

static u64 refused(struct vcpu *v)
{
    x86_raise(v, X86_GP, true, 0);
    return 0;
}

u64 x86_h_pushf_v86(struct vcpu *v, u64 opsize, u64 b, u64 c)
{
    (void)b, (void)c;
    const struct x86_state *s = v->state;
    u32 flags = x86_flags(v);
    if (!(s->cr4 & X86_CR4_VME) || opsize != 2)
        return refused(v);
    return (flags & ~(u32)X86_FL_IF) | X86_FL_IOPL | (flags & X86_FL_VIF ? X86_FL_IF : 0);
}

static u64 popf_virtual(struct vcpu *v, u32 val, u32 opsize)
{
    struct x86_state *s = v->state;
    bool vme = s->cr4 & X86_CR4_VME && opsize == 2;
    if (!vme || val & X86_FL_TF || (val & X86_FL_IF && s->eflags & X86_FL_VIP))
        return refused(v);
    x86_flags_set(v, val, X86_FL_ARITH | X86_FL_DF | X86_FL_NT | X86_FL_TF);
    x86_flags_set(v, val & X86_FL_IF ? X86_FL_VIF : 0, X86_FL_VIF);
    return 0;
}

u64 x86_h_popf(struct vcpu *v, u64 val, u64 opsize, u64 c)
{
    (void)c;
    struct x86_state *s = v->state;
    bool v86 = x86_is_v86(s);
    u32 mask = X86_FL_ARITH | X86_FL_DF | X86_FL_TF | X86_FL_NT | (opsize > 2 ? X86_FL_AC | X86_FL_ID : 0);
    if (v86 && x86_iopl(s) < 3)
        return popf_virtual(v, (u32)val, (u32)opsize);
    if (s->cpl <= x86_iopl(s))
        mask |= X86_FL_IF;
    if (!s->cpl)
        mask |= X86_FL_IOPL;
    x86_flags_set(v, (u32)val, mask);
    return 0;
}

u64 x86_h_virtual_if(struct vcpu *v, u64 set, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    bool may = x86_is_v86(s) ? s->cr4 & X86_CR4_VME : s->cpl == 3 && s->cr4 & X86_CR4_PVI;
    if (!may || (set && s->eflags & X86_FL_VIP))
        return refused(v);
    s->eflags = set ? s->eflags | X86_FL_VIF : s->eflags & ~(u32)X86_FL_VIF;
    return 0;
}

/* ---- ports. Breakpoints count where the access was made. ---- */

static bool watches(const struct x86_state *s) { return s->dr[7] & 0xff; }

static bool may_use(struct vcpu *v, u64 port, u64 size)
{
    if (x86_io_allowed(v, (u32)port, (u32)size))
        return true;
    x86_take(v);
    return false;
}

static void tell(struct vcpu *v, u64 port, u64 size)
{
    if (UNLIKELY(watches(v->state)))
        x86_watch_io(v, (u32)port, (u32)size);
}

static void tell_memory(struct vcpu *v, gva a, u64 size, bool write)
{
    if (UNLIKELY(watches(v->state)))
        x86_watch(v, a, (u32)size, write);
}

u64 x86_h_in(struct vcpu *v, u64 port, u64 size, u64 c)
{
    (void)c;
    if (!may_use(v, port, size))
        return 0;
    tell(v, port, size);
    return iobus_read(&v->m->io, (u32)port, (u32)size);
}

u64 x86_h_out(struct vcpu *v, u64 port, u64 size, u64 val)
{
    if (!may_use(v, port, size))
        return 0;
    tell(v, port, size);
    iobus_write(&v->m->io, (u32)port, (u32)val, (u32)size);
    return 0;
}

/* The port is read once memory is known to take it. */
u64 x86_h_ins(struct vcpu *v, u64 port, u64 size, u64 at)
{
    if (!may_use(v, port, size))
        return 0;
    bool ok = x86_probe_write(v, at, (u32)size, X86_AS_CPL);
    if (ok) {
        tell(v, port, size);
        ok = x86_write(v, at, (u32)size, X86_AS_CPL, iobus_read(&v->m->io, (u32)port, (u32)size));
    }
    if (ok)
        tell_memory(v, at, size, true);
    else
        x86_take(v);
    return 0;
}

u64 x86_h_outs(struct vcpu *v, u64 port, u64 size, u64 at)
{
    u64 val;
    if (!may_use(v, port, size))
        return 0;
    if (!x86_read(v, at, (u32)size, X86_AS_CPL, &val)) {
        x86_take(v);
        return 0;
    }
    tell_memory(v, at, size, false);
    tell(v, port, size);
    iobus_write(&v->m->io, (u32)port, (u32)val, (u32)size);
    return 0;
}
