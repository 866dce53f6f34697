/*
 * helpers_far.c - what blocks call out for: segment registers, checks of selectors, far transfers, fast system calls.
 *
 * SDM volume 2: LAR, LSL, VERR; SYSCALL, SYSRET, SYSENTER, SYSEXIT; AMD APM volume 3 for processors with AMD's vendor
 * string: SYSCALL outside 64-bit mode, no SYSENTER in IA-32e mode, SYSRET without a look at RCX. Single step behind
 * the four goes by the TF that they leave.
 */
#include "frontend/x86/desc.h"
#include "frontend/x86/helpers.h"

/* ---- ends ---- */

static u64 done(struct vcpu *v, bool ok)
{
    if (!ok)
        x86_take(v);
    return 0;
}

static u64 gone(struct vcpu *v, bool ok)
{
    if (!ok)
        x86_take(v);
    return v->s.pc;
}

static u64 next_of(struct vcpu *v, u64 len)
{
    return x86_is_long(v->state) ? v->s.pc + len : (u32)(v->s.pc + len);
}

/* ---- segment registers ---- */

/* In 64-bit mode the mode word does not depend on segments but CS. The accessed bit may be set in code. */
u64 x86_h_load_seg(struct vcpu *v, u64 seg, u64 sel, u64 c)
{
    (void)c;
    struct x86_wiring *w = x86_wiring_of(v);
    bool wide = x86_is_long(v->state);
    u64 before = wide ? 0 : x86_mode(v);
    w->hit = false;
    if (!x86_load_seg(v, (u32)seg, (u32)sel))
        return done(v, false);
    return w->hit || (!wide && x86_mode(v) != before);
}

u64 x86_h_load_ldt(struct vcpu *v, u64 sel, u64 b, u64 c)
{
    (void)b, (void)c;
    return done(v, x86_load_ldt(v, (u32)sel));
}

u64 x86_h_load_tr(struct vcpu *v, u64 sel, u64 b, u64 c)
{
    (void)b, (void)c;
    return done(v, x86_load_tr(v, (u32)sel));
}

/* Types that LAR and LSL take, as bits: tables 3-51 and 3-61. */
static u32 system_types(const struct x86_state *s, bool limit)
{
    u32 legacy = 1u << X86_TY_TSS16 | 1u << X86_TY_TSS16_BUSY, gates = 1u << X86_TY_CALL16 | 1u << X86_TY_TASK;
    u32 types = 1u << X86_TY_LDT | 1u << X86_TY_TSS32 | 1u << X86_TY_TSS32_BUSY;
    if (!limit)
        types |= 1u << X86_TY_CALL32;
    if (!x86_is_lma(s))
        types |= legacy | (limit ? 0 : gates);
    return types;
}

static bool sel_ok(const struct x86_state *s, const struct x86_desc *d, u32 kind, u32 sel)
{
    u32 dpl = x86_desc_dpl(d);
    bool code = x86_desc_is_code(d), seg = !x86_desc_is_system(d);
    if (!x86_desc_is_conforming(d) && (dpl < s->cpl || dpl < (sel & 3)))
        return false;
    switch ((enum x86_check_sel)kind) {
    case X86_CHECK_LAR: return seg || system_types(s, false) >> x86_desc_type(d) & 1;
    case X86_CHECK_LSL: return seg || system_types(s, true) >> x86_desc_type(d) & 1;
    case X86_CHECK_VERR: return seg && (!code || d->attr & X86_AT_RW);
    case X86_CHECK_VERW: break;
    }
    return x86_desc_is_writable(d);
}

u64 x86_h_check_sel(struct vcpu *v, u64 kind, u64 sel, u64 c)
{
    (void)c;
    struct x86_desc d;
    if (x86_sel_null((u32)sel))
        return 0;
    if (!x86_desc_get(v, (u32)sel, X86_GP, &d)) {
        if (x86_wiring_of(v)->exc.vector == X86_PF)
            x86_take(v);
        return 0;
    }
    if (!sel_ok(v->state, &d, (u32)kind, (u32)sel))
        return 0;
    return 1ull << 63 | (kind == X86_CHECK_LSL ? d.limit : d.lo >> 32 & 0x00f0ff00);
}

/* ---- far transfers ---- */

u64 x86_h_jump_far(struct vcpu *v, u64 sel, u64 off, u64 how)
{
    return gone(v, x86_jump_far(v, (u32)sel, off, how & 0xff, next_of(v, how >> 8)));
}

u64 x86_h_call_far(struct vcpu *v, u64 sel, u64 off, u64 how)
{
    return gone(v, x86_call_far(v, (u32)sel, off, how & 0xff, next_of(v, how >> 8)));
}

u64 x86_h_ret_far(struct vcpu *v, u64 opsize, u64 pop, u64 c)
{
    (void)c;
    return gone(v, x86_ret_far(v, (u32)opsize, (u32)pop));
}

u64 x86_h_iret(struct vcpu *v, u64 how, u64 b, u64 c)
{
    (void)b, (void)c;
    return gone(v, x86_iret(v, how & 0xff, next_of(v, how >> 8)));
}

u64 x86_h_int_v86(struct vcpu *v, u64 vector, u64 len, u64 c)
{
    (void)c;
    if (!x86_int_v86(v, (u32)vector, next_of(v, len)))
        x86_take(v);
    v->raised = true;
    return 0;
}

/* ---- fast system calls ---- */

static bool is_amd(const struct vcpu *v) { return x86_wiring_of((struct vcpu *)v)->model->vendor[0] == 'A'; }

static void set_flat(struct vcpu *v, u32 seg, u32 sel, u32 bits)
{
    u32 attr = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED | X86_AT_G | (sel & 3) << 5 | bits;
    struct x86_desc d = { .limit = ~0u, .attr = seg == X86_CS ? attr | X86_AT_CODE : attr | X86_AT_DB };
    x86_seg_put(v, seg, sel, &d);
}

/* Flat CS and the SS given, at the level of CS' RPL. */
static void set_level(struct vcpu *v, u32 cs, u32 ss, bool wide)
{
    set_flat(v, X86_CS, cs, wide ? X86_AT_L : X86_AT_DB);
    set_flat(v, X86_SS, ss, 0);
    x86_set_cpl(v, cs & 3);
}

static u64 arrive(struct vcpu *v, u64 ip)
{
    struct x86_state *s = v->state;
    if (s->eflags & X86_FL_TF)
        s->db_hits |= 1u << 14; /* BS */
    x86_go(v, ip);
    return v->s.pc;
}

static u64 undefined(struct vcpu *v)
{
    x86_raise(v, X86_UD, false, 0);
    return 0;
}

static u64 refused(struct vcpu *v)
{
    x86_raise(v, X86_GP, true, 0);
    return 0;
}

static bool has_syscall(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    return s->efer & X86_EFER_SCE && !x86_is_real(s) && (x86_is_long(s) || is_amd(v));
}

u64 x86_h_syscall(struct vcpu *v, u64 len, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    bool wide = x86_is_long(s), lma = x86_is_lma(s);
    u32 cs = s->star >> 32 & 0xfffc, flags = x86_flags(v) & ~(u32)X86_FL_RF;
    if (!has_syscall(v))
        return undefined(v);
    s->gpr[X86_RCX] = x86_ip(v, next_of(v, len));
    if (lma)
        s->gpr[11] = flags;
    x86_flags_set(v, 0, lma ? (u32)s->fmask | X86_FL_RF : X86_FL_IF | X86_FL_VM | X86_FL_RF);
    set_level(v, cs, cs + 8, lma);
    return arrive(v, wide ? s->lstar : lma ? s->cstar : (u32)s->star);
}

u64 x86_h_sysret(struct vcpu *v, u64 opsize, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    bool wide = opsize == 8, lma = x86_is_lma(s);
    u32 base = s->star >> 48 & 0xfffc;
    u64 ip = wide ? s->gpr[X86_RCX] : (u32)s->gpr[X86_RCX];
    if (!has_syscall(v))
        return undefined(v);
    if (s->cpl || (wide && !is_amd(v) && !x86_canonical(ip)))
        return refused(v);
    if (lma)
        x86_flags_set(v, (u32)s->gpr[11], ~(u32)(X86_FL_RF | X86_FL_VM));
    else
        x86_flags_set(v, X86_FL_IF, X86_FL_IF);
    s->eflags &= ~(u32)X86_FL_RF;
    set_level(v, (wide ? base + 16 : base) | 3, (base + 8) | 3, wide);
    return arrive(v, ip);
}

static bool has_sysenter(struct vcpu *v) { return !(is_amd(v) && x86_is_lma(v->state)); }

u64 x86_h_sysenter(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    struct x86_state *s = v->state;
    bool lma = x86_is_lma(s);
    u32 cs = s->sysenter_cs & 0xfffc;
    if (!has_sysenter(v))
        return undefined(v);
    if (x86_is_real(s) || !cs)
        return refused(v);
    s->eflags &= ~(u32)(X86_FL_VM | X86_FL_IF | X86_FL_RF);
    set_level(v, cs, cs + 8, lma);
    s->gpr[X86_RSP] = lma ? s->sysenter_esp : (u32)s->sysenter_esp;
    return arrive(v, lma ? s->sysenter_eip : (u32)s->sysenter_eip);
}

u64 x86_h_sysexit(struct vcpu *v, u64 opsize, u64 b, u64 c)
{
    (void)b, (void)c;
    struct x86_state *s = v->state;
    bool wide = opsize == 8;
    u32 base = s->sysenter_cs & 0xfffc, cs = base + (wide ? 32 : 16);
    u64 ip = s->gpr[X86_RDX], sp = s->gpr[X86_RCX];
    if (!has_sysenter(v))
        return undefined(v);
    if (x86_is_real(s) || !base || s->cpl || (wide && !(x86_canonical(ip) && x86_canonical(sp))))
        return refused(v);
    s->eflags &= ~(u32)X86_FL_RF;
    set_level(v, cs | 3, (cs + 8) | 3, wide);
    s->gpr[X86_RSP] = wide ? sp : (u32)sp;
    return arrive(v, wide ? ip : (u32)ip);
}
