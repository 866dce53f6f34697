/*
 * ret.c - far returns and IRET: to the same and to outer levels, to virtual-8086 mode, from tasks, in IA-32e mode.
 *
 * SDM volume 2, RET and IRET: the order of the checks is that of the pseudo-code; volume 3, 20.2.5, 20.3
 * (virtual-8086 mode).
 */
#include "frontend/x86/desc.h"

struct frame {
    u64  ip, cs, flags, sp, ss;
    bool has_flags;  /* IRET */
};

/* ---- where to ---- */

static bool return_code(struct vcpu *v, u32 sel, struct x86_desc *d)
{
    u32 rpl = sel & 3, code = sel & 0xfffc;
    if (x86_sel_null(sel))
        return x86_fail_gp(v, 0);
    if (!x86_desc_get(v, sel, X86_GP, d))
        return false;
    u32 dpl = x86_desc_dpl(d);
    if (!x86_desc_is_code(d) || rpl < x86_of(v)->cpl || (x86_desc_is_conforming(d) ? dpl > rpl : dpl != rpl))
        return x86_fail_gp(v, code);
    if (x86_desc_is_64(v, d) && d->attr & X86_AT_DB)
        return x86_fail_gp(v, code);
    return x86_desc_present(d) || x86_fail(v, X86_NP, true, code);
}

/* SS of a return; *null: a null selector, which 64-bit code below level 3 may have. */
static bool return_stack(struct vcpu *v, u32 sel, u32 cpl, const struct x86_desc *cs, struct x86_desc *d, bool *null)
{
    *null = x86_sel_null(sel);
    if (*null)
        return (x86_desc_is_64(v, cs) && cpl < 3 && (sel & 3) == cpl) || x86_fail_gp(v, 0);
    return x86_stack_desc(v, sel, cpl, X86_GP, d) && x86_desc_touch(v, d);
}

/* EFLAGS that IRET may change: by the level that it runs at. */
static u32 flags_mask(const struct x86_state *s, u32 opsize)
{
    u32 mask = X86_FL_ARITH | X86_FL_DF | X86_FL_TF | X86_FL_NT;
    if (opsize > 2)
        mask |= X86_FL_RF | X86_FL_AC | X86_FL_ID;
    if (s->cpl <= x86_iopl(s))
        mask |= X86_FL_IF;
    if (!s->cpl)
        mask |= X86_FL_IOPL | (opsize > 2 ? X86_FL_VIF | X86_FL_VIP : 0);
    return mask;
}

static void load_flags(struct vcpu *v, const struct frame *f, u32 mask)
{
    x86_of(v)->eflags &= ~(u32)X86_FL_RF; /* of this instruction */
    if (f->has_flags)
        x86_flags_set(v, (u32)f->flags, mask);
}

static bool to_same(struct vcpu *v, const struct frame *f, struct x86_desc *cs, u32 opsize, const struct x86_stack *k)
{
    if (!x86_ip_ok(v, cs, f->ip, 0) || !x86_desc_touch(v, cs))
        return false;
    load_flags(v, f, flags_mask(v->state, opsize));
    x86_seg_put(v, X86_CS, (u32)f->cs, cs);
    x86_go(v, f->ip);
    x86_of(v)->gpr[X86_RSP] = k->sp;
    return true;
}

/* With a new SS:SP; pop: bytes of parameters on that stack, too. */
static bool to_stack(struct vcpu *v, const struct frame *f, struct x86_desc *cs, u32 opsize, u32 pop)
{
    struct x86_desc ss = { .lo = 0 };
    u32 cpl = f->cs & 3, sel = (u32)f->ss & 0xffff, mask = flags_mask(v->state, opsize);
    bool null, outer = cpl > x86_of(v)->cpl;
    if (!return_stack(v, sel, cpl, cs, &ss, &null) || !x86_ip_ok(v, cs, f->ip, 0) || !x86_desc_touch(v, cs))
        return false;
    load_flags(v, f, mask);
    x86_set_cpl(v, cpl);
    x86_seg_put(v, X86_CS, (u32)f->cs, cs);
    if (null)
        x86_seg_put_null(v, X86_SS, sel);
    else
        x86_seg_put(v, X86_SS, sel, &ss);
    x86_set_sp_reg(v, f->sp + pop);
    if (outer)
        x86_drop_segs(v);
    x86_go(v, f->ip);
    return true;
}

/* ---- RET ---- */

static bool ret_plain(struct vcpu *v, struct x86_stack *k, const struct frame *f, u32 pop)
{
    if (f->ip > x86_of(v)->seg_limit[X86_CS])
        return x86_fail_gp(v, 0);
    x86_of(v)->eflags &= ~(u32)X86_FL_RF;
    x86_load_seg_real(v, X86_CS, (u32)f->cs & 0xffff);
    x86_stack_skip(k, pop);
    x86_of(v)->gpr[X86_RSP] = k->sp;
    x86_go(v, f->ip);
    return true;
}

bool x86_ret_far(struct vcpu *v, u32 opsize, u32 pop)
{
    const struct x86_state *s = v->state;
    struct x86_stack k;
    struct x86_desc cs;
    struct frame f = { .has_flags = false };
    x86_stack_now(v, &k);
    if (!x86_stack_pop(v, &k, opsize, &f.ip) || !x86_stack_pop(v, &k, opsize, &f.cs))
        return false;
    if (x86_is_real(s) || x86_is_v86(s))
        return ret_plain(v, &k, &f, pop);
    f.cs &= 0xffff;
    if (!return_code(v, (u32)f.cs, &cs))
        return false;
    x86_stack_skip(&k, pop);
    if ((f.cs & 3) == s->cpl)
        return to_same(v, &f, &cs, opsize, &k);
    if (!x86_stack_pop(v, &k, opsize, &f.sp) || !x86_stack_pop(v, &k, opsize, &f.ss))
        return false;
    return to_stack(v, &f, &cs, opsize, pop);
}

/* ---- IRET ---- */

static bool pop_frame(struct vcpu *v, struct x86_stack *k, u32 opsize, struct frame *f)
{
    f->has_flags = true;
    if (!x86_stack_pop(v, k, opsize, &f->ip) || !x86_stack_pop(v, k, opsize, &f->cs)
        || !x86_stack_pop(v, k, opsize, &f->flags))
        return false;
    f->cs &= 0xffff;
    return true;
}

static bool iret_real(struct vcpu *v, u32 opsize)
{
    const struct x86_state *s = v->state;
    struct x86_stack k;
    struct frame f;
    x86_stack_now(v, &k);
    if (!pop_frame(v, &k, opsize, &f))
        return false;
    if (f.ip > s->seg_limit[X86_CS])
        return x86_fail_gp(v, 0);
    load_flags(v, &f, opsize == 2 ? 0xffff : 0xffffffff & ~(u32)(X86_FL_VM | X86_FL_VIF | X86_FL_VIP));
    x86_load_seg_real(v, X86_CS, (u32)f.cs);
    x86_of(v)->gpr[X86_RSP] = k.sp;
    x86_go(v, f.ip);
    return true;
}

/* CR4.VME with IOPL below 3: IF is VIF, and nobody is told. */
static bool virtual_if(struct vcpu *v, const struct frame *f)
{
    const struct x86_state *s = v->state;
    if ((f->flags & X86_FL_IF && s->eflags & X86_FL_VIP) || f->flags & X86_FL_TF)
        return x86_fail_gp(v, 0);
    return true;
}

static bool iret_v86(struct vcpu *v, u32 opsize)
{
    const struct x86_state *s = v->state;
    struct x86_stack k;
    struct frame f;
    bool vme = x86_iopl(s) < 3;
    if (vme && !(s->cr4 & X86_CR4_VME && opsize == 2))
        return x86_fail_gp(v, 0);
    x86_stack_now(v, &k);
    if (!pop_frame(v, &k, opsize, &f) || (vme && !virtual_if(v, &f)))
        return false;
    if (f.ip > s->seg_limit[X86_CS])
        return x86_fail_gp(v, 0);
    u32 mask = X86_FL_ARITH | X86_FL_DF | X86_FL_TF | X86_FL_NT | (vme ? 0 : X86_FL_IF);
    load_flags(v, &f, opsize == 2 ? mask : mask | X86_FL_RF | X86_FL_AC | X86_FL_ID);
    if (vme)
        x86_flags_set(v, f.flags & X86_FL_IF ? X86_FL_VIF : 0, X86_FL_VIF);
    x86_load_seg_real(v, X86_CS, (u32)f.cs);
    x86_of(v)->gpr[X86_RSP] = k.sp;
    x86_go(v, f.ip);
    return true;
}

/* IRET of a monitor: the frame has all segments. */
static bool to_v86(struct vcpu *v, struct x86_stack *k, const struct frame *f)
{
    static const u8 segs[] = { X86_ES, X86_DS, X86_FS, X86_GS };
    u64 sp, ss, sel[COUNT(segs)];
    if (!x86_stack_pop(v, k, 4, &sp) || !x86_stack_pop(v, k, 4, &ss))
        return false;
    for (u32 i = 0; i < COUNT(segs); i++)
        if (!x86_stack_pop(v, k, 4, &sel[i]))
            return false;
    if (f->ip > 0xffff)
        return x86_fail_gp(v, 0);
    load_flags(v, f, ~0u);
    x86_set_cpl(v, 3);
    x86_load_seg_real(v, X86_CS, (u32)f->cs);
    x86_load_seg_real(v, X86_SS, (u32)ss & 0xffff);
    for (u32 i = 0; i < COUNT(segs); i++)
        x86_load_seg_real(v, segs[i], (u32)sel[i] & 0xffff);
    x86_of(v)->gpr[X86_RSP] = (u32)sp;
    x86_go(v, f->ip);
    return true;
}

static bool iret_protected(struct vcpu *v, u32 opsize, u64 next)
{
    const struct x86_state *s = v->state;
    bool lma = x86_is_lma(s);
    struct x86_stack k;
    struct x86_desc cs;
    struct frame f;
    if (s->eflags & X86_FL_NT)
        return lma ? x86_fail_gp(v, 0) : x86_task_switch(v, 0, X86_TASK_IRET, next, false, 0);
    x86_stack_now(v, &k);
    if (!pop_frame(v, &k, opsize, &f))
        return false;
    if (f.flags & X86_FL_VM && opsize == 4 && !s->cpl && !lma)
        return to_v86(v, &k, &f);
    if (!return_code(v, (u32)f.cs, &cs))
        return false;
    if (!x86_is_long(s) && (f.cs & 3) == s->cpl)
        return to_same(v, &f, &cs, opsize, &k);
    if (!x86_stack_pop(v, &k, opsize, &f.sp) || !x86_stack_pop(v, &k, opsize, &f.ss))
        return false;
    return to_stack(v, &f, &cs, opsize, 0);
}

bool x86_iret(struct vcpu *v, u32 opsize, u64 next)
{
    struct x86_state *s = v->state;
    bool ok = x86_is_real(s)  ? iret_real(v, opsize)
              : x86_is_v86(s) ? iret_v86(v, opsize)
                              : iret_protected(v, opsize, next);
    if (ok && s->nmi_blocked) {
        s->nmi_blocked = 0;
        x86_pins(v);
    }
    return ok;
}
