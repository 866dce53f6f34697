/*
 * gate.c - delivery of exceptions and interrupts through the IDT, or the interrupt vector table of real mode.
 *
 * SDM volume 3, 6.10 to 6.14 (IDT, stacks, error codes, IA-32e mode), 20.3 (virtual-8086 mode); volume 2, INT n: the
 * order of the checks is that of its pseudo-code. Error codes are made without EXT, which x86_deliver() adds.
 */
#include "frontend/x86/desc.h"

struct gate {
    u32  type, dpl, sel, ist, width; /* width: bytes pushed a value */
    u64  off;
    bool present;
};

/* ---- the TSS' stacks ---- */

static bool tss_fault(struct vcpu *v) { return x86_fail(v, X86_TS, true, x86_of(v)->seg_sel[X86_TR] & 0xfffc); }

static bool tss_read(struct vcpu *v, u32 off, u32 size, u64 *val)
{
    return x86_read(v, x86_of(v)->seg_base[X86_TR] + off, size, X86_AS_SYSTEM, val);
}

bool x86_tss_stack(struct vcpu *v, u32 dpl, u32 ist, u32 *sel, u64 *sp)
{
    const struct x86_state *s = v->state;
    bool wide = x86_is_lma(s), tss32 = s->seg_attr[X86_TR] & 8;
    u32 at = wide ? (ist ? ist * 8 + 28 : dpl * 8 + 4) : tss32 ? dpl * 8 + 4 : dpl * 4 + 2;
    u32 size = wide ? 8 : tss32 ? 4 : 2, len = wide ? 8 : tss32 ? 6 : 4;
    u64 ss = dpl;
    if (!(s->seg_attr[X86_TR] & X86_AT_P) || at + len - 1 > s->seg_limit[X86_TR])
        return tss_fault(v);
    if (!tss_read(v, at, size, sp) || (!wide && !tss_read(v, at + size, 2, &ss)))
        return false;
    *sel = (u32)ss;
    return true;
}

/* ---- real mode, and virtual-8086 mode's own handlers ---- */

/* Through the table of real mode at linear address `table`. */
static bool through_vectors(struct vcpu *v, u32 vector, gva table, u32 flags, u64 next)
{
    struct x86_state *s = v->state;
    struct x86_stack k;
    u64 far;
    x86_stack_now(v, &k);
    if (!x86_read(v, table + 4 * vector, 4, X86_AS_CPL, &far) || !x86_stack_room(v, &k, 6))
        return false;
    if (!x86_stack_push(v, &k, 2, flags) || !x86_stack_push(v, &k, 2, s->seg_sel[X86_CS])
        || !x86_stack_push(v, &k, 2, x86_ip(v, next)))
        return false;
    s->gpr[X86_RSP] = k.sp;
    x86_load_seg_real(v, X86_CS, (u32)(far >> 16));
    x86_go(v, far & 0xffff);
    return true;
}

static bool deliver_real(struct vcpu *v, const struct x86_event *ev)
{
    struct x86_state *s = v->state;
    if (ev->vector * 4 + 3 > s->idt_limit)
        return x86_fail_gp(v, ev->vector << 3 | 2);
    if (!through_vectors(v, ev->vector, s->idt_base, x86_flags(v), ev->next))
        return false;
    s->eflags &= ~(u32)(X86_FL_IF | X86_FL_TF | X86_FL_AC | X86_FL_RF);
    return true;
}

/* The bit of vector in the interrupt redirection bitmap, below the I/O bitmap. False: #GP(0), #PF. */
static bool redirection(struct vcpu *v, u32 vector, bool *to_monitor)
{
    const struct x86_state *s = v->state;
    u64 base, bits;
    if (s->seg_limit[X86_TR] < 0x67)
        return x86_fail_gp(v, 0);
    if (!tss_read(v, 0x66, 2, &base))
        return false;
    u64 at = base - 32 + vector / 8;
    if (base < 32 || at > s->seg_limit[X86_TR])
        return x86_fail_gp(v, 0);
    if (!tss_read(v, (u32)at, 1, &bits))
        return false;
    *to_monitor = bits >> (vector & 7) & 1;
    return true;
}

/* Table 20-2: methods 5 and 6. With IOPL 3 the handler gets the real flags, else virtual ones. */
static bool to_v86_handler(struct vcpu *v, u32 vector, u64 next)
{
    struct x86_state *s = v->state;
    u32 flags = x86_flags(v) & ~(u32)X86_FL_RF, clear = X86_FL_TF | X86_FL_RF;
    bool trusted = x86_iopl(s) == 3;
    if (!trusted)
        flags = (flags & ~(u32)X86_FL_IF) | X86_FL_IOPL | (flags & X86_FL_VIF ? X86_FL_IF : 0);
    if (!through_vectors(v, vector, 0, flags, next))
        return false;
    s->eflags &= ~(clear | (trusted ? X86_FL_IF : X86_FL_VIF));
    return true;
}

bool x86_int_v86(struct vcpu *v, u32 vector, u64 next)
{
    const struct x86_state *s = v->state;
    bool to_monitor = true;
    if (s->cr4 & X86_CR4_VME && !redirection(v, vector, &to_monitor))
        return false;
    if (!to_monitor)
        return to_v86_handler(v, vector, next);
    if (x86_iopl(s) < 3)
        return x86_fail_gp(v, 0);
    return x86_deliver(v, &(struct x86_event){ .vector = vector, .soft = true, .next = next });
}

/* ---- protected mode ---- */

static bool gate_fault(struct vcpu *v, const struct x86_event *ev, u32 vector)
{
    return x86_fail(v, vector, true, ev->vector << 3 | 2);
}

static bool type_ok(const struct gate *g, bool lma)
{
    switch (g->type) {
    case X86_TY_INT32: case X86_TY_TRAP32: return true;
    case X86_TY_INT16: case X86_TY_TRAP16: case X86_TY_TASK: return !lma;
    default: return false;
    }
}

static bool read_gate(struct vcpu *v, const struct x86_event *ev, struct gate *g)
{
    const struct x86_state *s = v->state;
    bool lma = x86_is_lma(s);
    u64 lo, hi = 0, at = ev->vector * (lma ? 16u : 8u);
    if (at + (lma ? 15 : 7) > s->idt_limit)
        return gate_fault(v, ev, X86_GP);
    if (!x86_read(v, s->idt_base + at, 8, X86_AS_SYSTEM, &lo)
        || (lma && !x86_read(v, s->idt_base + at + 8, 8, X86_AS_SYSTEM, &hi)))
        return false;
    u32 attr = lo >> 40 & 0xff;
    *g = (struct gate){ .type = attr & 31,
                        .dpl = x86_at_dpl(attr),
                        .sel = lo >> 16 & 0xffff,
                        .ist = lma ? lo >> 32 & 7 : 0,
                        .present = attr & X86_AT_P };
    g->width = lma ? 8 : g->type & 8 ? 4 : 2;
    g->off = (lo & 0xffff) | (g->width == 2 ? 0 : lo >> 32 & 0xffff0000) | hi << 32;
    if (!type_ok(g, lma) || (ev->soft && g->dpl < s->cpl))
        return gate_fault(v, ev, X86_GP);
    return g->present || gate_fault(v, ev, X86_NP);
}

static bool read_code(struct vcpu *v, const struct gate *g, struct x86_desc *cs)
{
    const struct x86_state *s = v->state;
    u32 code = g->sel & 0xfffc;
    if (x86_sel_null(g->sel))
        return x86_fail_gp(v, 0);
    if (!x86_desc_get(v, g->sel, X86_GP, cs))
        return false;
    if (!x86_desc_is_code(cs) || x86_desc_dpl(cs) > s->cpl)
        return x86_fail_gp(v, code);
    if (x86_is_lma(s) && (cs->attr & (X86_AT_L | X86_AT_DB)) != X86_AT_L)
        return x86_fail_gp(v, code);
    if (!x86_desc_present(cs))
        return x86_fail(v, X86_NP, true, code);
    if (x86_is_v86(s) && (x86_desc_is_conforming(cs) || x86_desc_dpl(cs)))
        return x86_fail_gp(v, code);
    return true;
}

/* The stack of the handler. *sel: new SS, *ss: its descriptor, with an inner level outside IA-32e mode. */
static bool open_stack(struct vcpu *v, const struct gate *g, u32 cpl, struct x86_stack *k, u32 *sel,
                       struct x86_desc *ss)
{
    const struct x86_state *s = v->state;
    bool inner = cpl < s->cpl, lma = x86_is_lma(s);
    u64 sp = s->gpr[X86_RSP];
    if ((inner || g->ist) && !x86_tss_stack(v, cpl, g->ist, sel, &sp))
        return false;
    if (lma) {
        *k = (struct x86_stack){ .sp = sp & ~15ull,
                                 .wide = true,
                                 .as = (cpl < 3 ? X86_AS_SYSTEM : X86_AS_CPL) | X86_AS_STACK };
        return true;
    }
    if (!inner) {
        x86_stack_now(v, k);
        return true;
    }
    if (!x86_stack_desc(v, *sel, cpl, X86_TS, ss) || !x86_desc_touch(v, ss))
        return false;
    x86_stack_from(k, ss, sp, *sel & 0xfffc);
    return true;
}

static u32 flags_image(struct vcpu *v, const struct x86_event *ev)
{
    u32 flags = x86_flags(v);
    return ev->rf ? flags | X86_FL_RF : ev->soft ? flags & ~(u32)X86_FL_RF : flags;
}

static bool push_frame(struct vcpu *v, const struct x86_event *ev, struct x86_stack *k, u32 width, bool stack)
{
    static const u8 v86_segs[] = { X86_GS, X86_FS, X86_DS, X86_ES };
    const struct x86_state *s = v->state;
    u32 v86 = x86_is_v86(s) ? COUNT(v86_segs) : 0;
    if (!x86_stack_room(v, k, width * (v86 + (stack ? 5u : 3u) + ev->has_code)))
        return false;
    for (u32 i = 0; i < v86; i++)
        if (!x86_stack_push(v, k, width, s->seg_sel[v86_segs[i]]))
            return false;
    if (stack && (!x86_stack_push(v, k, width, s->seg_sel[X86_SS]) || !x86_stack_push(v, k, width, s->gpr[X86_RSP])))
        return false;
    return x86_stack_push(v, k, width, flags_image(v, ev)) && x86_stack_push(v, k, width, s->seg_sel[X86_CS])
           && x86_stack_push(v, k, width, x86_ip(v, ev->next))
           && (!ev->has_code || x86_stack_push(v, k, width, ev->code));
}

static void leave_v86(struct vcpu *v)
{
    static const u8 segs[] = { X86_ES, X86_DS, X86_FS, X86_GS };
    if (!x86_is_v86(v->state))
        return;
    x86_of(v)->eflags &= ~(u32)X86_FL_VM;
    for (u32 i = 0; i < COUNT(segs); i++)
        x86_seg_put_null(v, segs[i], 0);
}

static bool through_gate(struct vcpu *v, const struct x86_event *ev, const struct gate *g)
{
    struct x86_state *s = v->state;
    struct x86_desc cs, ss;
    struct x86_stack k;
    u32 sel = 0;
    if (!read_code(v, g, &cs))
        return false;
    bool lma = x86_is_lma(s), inner = !x86_desc_is_conforming(&cs) && x86_desc_dpl(&cs) < s->cpl;
    u32 cpl = inner ? x86_desc_dpl(&cs) : s->cpl;
    if (!open_stack(v, g, cpl, &k, &sel, &ss) || !x86_ip_ok(v, &cs, g->off, 0) || !x86_desc_touch(v, &cs))
        return false;
    if (!push_frame(v, ev, &k, g->width, inner || lma))
        return false;
    leave_v86(v);
    x86_set_cpl(v, cpl);
    x86_seg_put(v, X86_CS, (g->sel & 0xfffc) | cpl, &cs);
    if (inner && lma)
        x86_seg_put_null(v, X86_SS, cpl);
    else if (inner)
        x86_seg_put(v, X86_SS, sel, &ss);
    s->gpr[X86_RSP] = k.sp;
    s->eflags &= ~(u32)(X86_FL_TF | X86_FL_NT | X86_FL_RF | (g->type & 1 ? 0 : X86_FL_IF));
    x86_go(v, g->off);
    return true;
}

static bool deliver(struct vcpu *v, const struct x86_event *ev)
{
    struct gate g;
    if (x86_is_real(v->state))
        return deliver_real(v, ev);
    if (!read_gate(v, ev, &g))
        return false;
    if (g.type != X86_TY_TASK)
        return through_gate(v, ev, &g);
    x86_of(v)->eflags |= ev->rf ? X86_FL_RF : 0; /* for the image in the old TSS */
    return x86_task_switch(v, g.sel, X86_TASK_INT, ev->next, ev->has_code, ev->code);
}

bool x86_deliver(struct vcpu *v, const struct x86_event *ev)
{
    struct x86_exc *x = &x86_wiring_of(v)->exc;
    if (deliver(v, ev))
        return true;
    if (!ev->soft && x->vector >= X86_TS && x->vector <= X86_GP)
        x->code |= 1; /* EXT */
    return false;
}
