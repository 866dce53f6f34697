/*
 * control.c - far jumps and calls: direct, through call gates and task gates, to tasks.
 *
 * SDM volume 2, JMP and CALL: the order of the checks is that of the pseudo-code; volume 3, 5.8. Offsets come cut to
 * the operand size.
 */
#include "frontend/x86/desc.h"

static bool is_plain(const struct x86_state *s) { return x86_is_real(s) || x86_is_v86(s); }

/* ---- the destination ---- */

static bool present(struct vcpu *v, const struct x86_desc *d, u32 sel)
{
    return x86_desc_present(d) || x86_fail(v, X86_NP, true, sel & 0xfffc);
}

/* Code segment that a far transfer names itself. */
static bool direct_ok(struct vcpu *v, const struct x86_desc *cs, u32 sel)
{
    const struct x86_state *s = v->state;
    u32 dpl = x86_desc_dpl(cs);
    bool ok = x86_desc_is_conforming(cs) ? dpl <= s->cpl : (sel & 3) <= s->cpl && dpl == s->cpl;
    if (x86_desc_is_64(v, cs) && cs->attr & X86_AT_DB)
        ok = false;
    return (ok || x86_fail_gp(v, sel & 0xfffc)) && present(v, cs, sel);
}

static bool enter(struct vcpu *v, struct x86_desc *cs, u32 sel, u32 cpl, u64 ip)
{
    x86_of(v)->eflags &= ~(u32)X86_FL_RF;
    x86_set_cpl(v, cpl);
    x86_seg_put(v, X86_CS, (sel & 0xfffc) | cpl, cs);
    x86_go(v, ip);
    return true;
}

static bool enter_plain(struct vcpu *v, u32 sel, u64 ip)
{
    x86_of(v)->eflags &= ~(u32)X86_FL_RF;
    x86_load_seg_real(v, X86_CS, sel);
    x86_go(v, ip);
    return true;
}

/* ---- call gates ---- */

struct call_gate {
    u32 sel, params, width;
    u64 off;
};

/* DPL of gates and TSS descriptors: CPL and RPL must not be above. */
static bool may_use(struct vcpu *v, const struct x86_desc *d, u32 sel)
{
    u32 dpl = x86_desc_dpl(d);
    return (dpl >= x86_of(v)->cpl && dpl >= (sel & 3)) || x86_fail_gp(v, sel & 0xfffc);
}

static bool read_call_gate(struct vcpu *v, const struct x86_desc *d, u32 sel, struct call_gate *g)
{
    bool lma = x86_is_lma(v->state);
    g->width = lma ? 8 : x86_desc_type(d) & 8 ? 4 : 2;
    g->sel = d->lo >> 16 & 0xffff;
    g->params = lma ? 0 : d->lo >> 32 & 31;
    g->off = (d->lo & 0xffff) | (g->width == 2 ? 0 : d->lo >> 32 & 0xffff0000) | d->hi << 32;
    if (!may_use(v, d, sel))
        return false;
    if (lma && d->hi >> 40 & 31) /* the type of the upper half must be 0 */
        return x86_fail_gp(v, sel & 0xfffc);
    return present(v, d, sel);
}

static bool gate_code(struct vcpu *v, const struct call_gate *g, bool jump, struct x86_desc *cs)
{
    const struct x86_state *s = v->state;
    u32 code = g->sel & 0xfffc;
    if (x86_sel_null(g->sel))
        return x86_fail_gp(v, 0);
    if (!x86_desc_get(v, g->sel, X86_GP, cs))
        return false;
    u32 dpl = x86_desc_dpl(cs);
    if (!x86_desc_is_code(cs) || dpl > s->cpl || (jump && !x86_desc_is_conforming(cs) && dpl != s->cpl))
        return x86_fail_gp(v, code);
    if (x86_is_lma(s) && (cs->attr & (X86_AT_L | X86_AT_DB)) != X86_AT_L)
        return x86_fail_gp(v, code);
    return present(v, cs, g->sel);
}

static bool jump_gate(struct vcpu *v, const struct x86_desc *d, u32 sel)
{
    struct call_gate g;
    struct x86_desc cs;
    return read_call_gate(v, d, sel, &g) && gate_code(v, &g, true, &cs) && x86_ip_ok(v, &cs, g.off, 0)
           && x86_desc_touch(v, &cs) && enter(v, &cs, g.sel, x86_of(v)->cpl, g.off);
}

static bool push_return(struct vcpu *v, struct x86_stack *k, u32 width, u64 next)
{
    return x86_stack_push(v, k, width, x86_of(v)->seg_sel[X86_CS]) && x86_stack_push(v, k, width, x86_ip(v, next));
}

static bool call_same(struct vcpu *v, struct x86_desc *cs, u32 sel, u64 ip, u32 width, u64 next)
{
    struct x86_stack k;
    x86_stack_now(v, &k);
    k.wide |= x86_is_lma(v->state) && width == 8;
    if (!x86_stack_room(v, &k, 2 * width) || !x86_ip_ok(v, cs, ip, 0) || !x86_desc_touch(v, cs)
        || !push_return(v, &k, width, next))
        return false;
    enter(v, cs, sel, x86_of(v)->cpl, ip);
    x86_of(v)->gpr[X86_RSP] = k.sp;
    return true;
}

/* Parameters keep their order: the last one, at the highest address, goes first. */
static bool copy_params(struct vcpu *v, struct x86_stack *k, const struct call_gate *g)
{
    struct x86_stack from;
    u64 val[31];
    x86_stack_now(v, &from);
    for (u32 i = 0; i < g->params; i++)
        if (!x86_stack_pop(v, &from, g->width, &val[i]))
            return false;
    for (u32 i = g->params; i--;)
        if (!x86_stack_push(v, k, g->width, val[i]))
            return false;
    return true;
}

/* The stack of an inner level. */
static bool inner_stack(struct vcpu *v, u32 cpl, struct x86_stack *k, u32 *sel, struct x86_desc *ss)
{
    u64 sp;
    if (!x86_tss_stack(v, cpl, 0, sel, &sp))
        return false;
    if (x86_is_lma(v->state)) {
        *k = (struct x86_stack){ .sp = sp, .wide = true, .as = X86_AS_SYSTEM | X86_AS_STACK };
        return true;
    }
    if (!x86_stack_desc(v, *sel, cpl, X86_TS, ss) || !x86_desc_touch(v, ss))
        return false;
    x86_stack_from(k, ss, sp, *sel & 0xfffc);
    return true;
}

static bool call_inner(struct vcpu *v, const struct call_gate *g, struct x86_desc *cs, u64 next)
{
    const struct x86_state *s = v->state;
    struct x86_stack k;
    struct x86_desc ss;
    u32 cpl = x86_desc_dpl(cs), sel = 0, w = g->width;
    if (!inner_stack(v, cpl, &k, &sel, &ss) || !x86_stack_room(v, &k, w * (4 + g->params))
        || !x86_ip_ok(v, cs, g->off, 0) || !x86_desc_touch(v, cs))
        return false;
    if (!x86_stack_push(v, &k, w, s->seg_sel[X86_SS]) || !x86_stack_push(v, &k, w, x86_cut(s->gpr[X86_RSP], w))
        || !copy_params(v, &k, g) || !push_return(v, &k, w, next))
        return false;
    enter(v, cs, g->sel, cpl, g->off);
    if (w == 8)
        x86_seg_put_null(v, X86_SS, cpl);
    else
        x86_seg_put(v, X86_SS, sel, &ss);
    x86_of(v)->gpr[X86_RSP] = k.sp;
    return true;
}

static bool call_gate(struct vcpu *v, const struct x86_desc *d, u32 sel, u64 next)
{
    struct call_gate g;
    struct x86_desc cs;
    if (!read_call_gate(v, d, sel, &g) || !gate_code(v, &g, false, &cs))
        return false;
    if (!x86_desc_is_conforming(&cs) && x86_desc_dpl(&cs) < x86_of(v)->cpl)
        return call_inner(v, &g, &cs, next);
    return call_same(v, &cs, g.sel, g.off, g.width, next);
}

/* ---- tasks ---- */

/* A TSS, or a task gate, which names one. */
static bool go_task(struct vcpu *v, const struct x86_desc *d, u32 sel, enum x86_task_why why, u64 next)
{
    if (!may_use(v, d, sel))
        return false;
    if (x86_desc_type(d) == X86_TY_TASK) {
        if (!present(v, d, sel))
            return false;
        sel = d->lo >> 16 & 0xffff;
    }
    return x86_task_switch(v, sel, why, next, false, 0);
}

enum kind { K_NONE, K_GATE, K_TASK };

static enum kind kind_of(const struct x86_state *s, const struct x86_desc *d)
{
    switch (x86_desc_type(d)) {
    case X86_TY_CALL32:
        return K_GATE;
    case X86_TY_CALL16:
        return x86_is_lma(s) ? K_NONE : K_GATE;
    case X86_TY_TSS16: case X86_TY_TSS32: case X86_TY_TASK: case X86_TY_TSS16_BUSY: case X86_TY_TSS32_BUSY:
        return x86_is_lma(s) ? K_NONE : K_TASK; /* a busy one is refused where the task switch looks at it */
    default:
        return K_NONE;
    }
}

/* ---- instructions ---- */

bool x86_jump_far(struct vcpu *v, u32 sel, u64 off, u32 opsize, u64 next)
{
    const struct x86_state *s = v->state;
    struct x86_desc d;
    off = x86_cut(off, opsize);
    if (is_plain(s))
        return off > s->seg_limit[X86_CS] ? x86_fail_gp(v, 0) : enter_plain(v, sel, off);
    if (x86_sel_null(sel))
        return x86_fail_gp(v, 0);
    if (!x86_desc_get(v, sel, X86_GP, &d))
        return false;
    if (x86_desc_is_code(&d))
        return direct_ok(v, &d, sel) && x86_ip_ok(v, &d, off, 0) && x86_desc_touch(v, &d)
               && enter(v, &d, sel, s->cpl, off);
    enum kind k = x86_desc_is_system(&d) ? kind_of(s, &d) : K_NONE;
    if (k == K_NONE)
        return x86_fail_gp(v, sel & 0xfffc);
    return k == K_GATE ? jump_gate(v, &d, sel) : go_task(v, &d, sel, X86_TASK_JUMP, next);
}

static bool call_plain(struct vcpu *v, u32 sel, u64 off, u32 opsize, u64 next)
{
    struct x86_stack k;
    x86_stack_now(v, &k);
    if (!x86_stack_room(v, &k, 2 * opsize))
        return false;
    if (off > x86_of(v)->seg_limit[X86_CS])
        return x86_fail_gp(v, 0);
    if (!push_return(v, &k, opsize, next))
        return false;
    x86_of(v)->gpr[X86_RSP] = k.sp;
    return enter_plain(v, sel, off);
}

bool x86_call_far(struct vcpu *v, u32 sel, u64 off, u32 opsize, u64 next)
{
    const struct x86_state *s = v->state;
    struct x86_desc d;
    off = x86_cut(off, opsize);
    if (is_plain(s))
        return call_plain(v, sel, off, opsize, next);
    if (x86_sel_null(sel))
        return x86_fail_gp(v, 0);
    if (!x86_desc_get(v, sel, X86_GP, &d))
        return false;
    if (x86_desc_is_code(&d))
        return direct_ok(v, &d, sel) && call_same(v, &d, sel, off, opsize, next);
    enum kind k = x86_desc_is_system(&d) ? kind_of(s, &d) : K_NONE;
    if (k == K_NONE)
        return x86_fail_gp(v, sel & 0xfffc);
    return k == K_GATE ? call_gate(v, &d, sel, next) : go_task(v, &d, sel, X86_TASK_CALL, next);
}
