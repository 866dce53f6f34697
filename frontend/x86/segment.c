/*
 * segment.c - descriptors, segment registers, LDTR and TR, stacks of microcode.
 *
 * SDM volume 3, chapters 3 and 5; volume 2: MOV, LDS, LLDT, LTR. Loading a null selector clears the base, as Intel's
 * processors do. In real mode a load leaves the limit and the D bit as they were ("unreal mode").
 */
#include "frontend/x86/desc.h"

/* ---- descriptors ---- */

void x86_desc_split(struct x86_desc *d)
{
    d->attr = (u32)(d->lo >> 40) & 0xf0ff;
    d->base = (d->lo >> 16 & 0xffffff) | (d->lo >> 56) << 24 | (x86_desc_is_system(d) ? d->hi << 32 : 0);
    d->limit = (u32)(d->lo & 0xffff) | (u32)(d->lo >> 32 & 0xf0000);
    if (d->attr & X86_AT_G)
        d->limit = d->limit << 12 | 0xfff;
}

/* System segments and call gates take 16 bytes in IA-32e mode. */
static bool has_upper(const struct x86_state *s, u64 lo)
{
    u32 attr = lo >> 40 & 31;
    return x86_is_lma(s)
           && (attr == X86_TY_LDT || attr == X86_TY_TSS32 || attr == X86_TY_TSS32_BUSY || attr == X86_TY_CALL32);
}

bool x86_desc_get(struct vcpu *v, u32 sel, u32 vector, struct x86_desc *d)
{
    const struct x86_state *s = v->state;
    bool ldt = sel & 4;
    u64 table = ldt ? s->seg_base[X86_LDTR] : s->gdt_base;
    u64 limit = ldt ? s->seg_limit[X86_LDTR] : s->gdt_limit, off = sel & 0xfff8;
    *d = (struct x86_desc){ .at = table + off };
    if ((ldt && !(s->seg_attr[X86_LDTR] & X86_AT_P)) || off + 7 > limit)
        return x86_fail(v, vector, true, sel & 0xfffc);
    if (!x86_read(v, d->at, 8, X86_AS_SYSTEM, &d->lo))
        return false;
    if (has_upper(s, d->lo)) {
        if (off + 15 > limit)
            return x86_fail(v, vector, true, sel & 0xfffc);
        if (!x86_read(v, d->at + 8, 8, X86_AS_SYSTEM, &d->hi))
            return false;
    }
    x86_desc_split(d);
    return true;
}

/* A locked read-modify-write of the byte of access rights; one thread runs all vCPUs. */
bool x86_desc_set_type(struct vcpu *v, struct x86_desc *d, u32 type)
{
    d->attr = (d->attr & ~15u) | type;
    d->lo = (d->lo & ~(15ull << 40)) | (u64)type << 40;
    return x86_write(v, d->at + 5, 1, X86_AS_SYSTEM, d->lo >> 40 & 0xff);
}

bool x86_desc_touch(struct vcpu *v, struct x86_desc *d)
{
    return x86_desc_is_system(d) || d->attr & X86_AT_ACCESSED
           || x86_desc_set_type(v, d, x86_desc_type(d) | X86_AT_ACCESSED);
}

void x86_seg_put(struct vcpu *v, u32 seg, u32 sel, const struct x86_desc *d)
{
    struct x86_state *s = v->state;
    s->seg_sel[seg] = (u16)sel;
    s->seg_base[seg] = seg == X86_CS && x86_desc_is_64(v, d) ? 0 : d->base;
    s->seg_limit[seg] = d->limit;
    s->seg_attr[seg] = d->attr;
}

void x86_seg_put_null(struct vcpu *v, u32 seg, u32 sel)
{
    struct x86_state *s = v->state;
    s->seg_sel[seg] = (u16)sel;
    s->seg_base[seg] = 0;
    s->seg_limit[seg] = s->seg_attr[seg] = 0;
}

/* ---- loads ---- */

void x86_load_seg_real(struct vcpu *v, u32 seg, u32 sel)
{
    struct x86_state *s = v->state;
    s->seg_sel[seg] = (u16)sel;
    s->seg_base[seg] = (u64)(sel & 0xffff) << 4;
    if (x86_is_v86(s)) {
        s->seg_limit[seg] = 0xffff;
        s->seg_attr[seg] = X86_AT_P | 3 << 5 | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED;
    } else {
        u32 keep = s->seg_attr[seg] & (X86_AT_DB | X86_AT_G);
        s->seg_attr[seg] = keep | X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED;
    }
}

bool x86_stack_desc(struct vcpu *v, u32 sel, u32 dpl, u32 vector, struct x86_desc *d)
{
    if (x86_sel_null(sel))
        return x86_fail(v, vector, true, 0);
    if (!x86_desc_get(v, sel, vector, d))
        return false;
    if ((sel & 3) != dpl || !x86_desc_is_writable(d) || x86_desc_dpl(d) != dpl)
        return x86_fail(v, vector, true, sel & 0xfffc);
    return x86_desc_present(d) || x86_fail(v, X86_SS_FAULT, true, sel & 0xfffc);
}

static bool load_ss(struct vcpu *v, u32 sel)
{
    const struct x86_state *s = v->state;
    struct x86_desc d;
    if (x86_sel_null(sel) && x86_is_long(s) && s->cpl < 3 && (sel & 3) == s->cpl) {
        x86_seg_put_null(v, X86_SS, sel);
        return true;
    }
    if (!x86_stack_desc(v, sel, s->cpl, X86_GP, &d) || !x86_desc_touch(v, &d))
        return false;
    x86_seg_put(v, X86_SS, sel, &d);
    return true;
}

static bool is_readable(const struct x86_desc *d)
{
    return !x86_desc_is_system(d) && (!x86_desc_is_code(d) || d->attr & X86_AT_RW);
}

bool x86_load_seg(struct vcpu *v, u32 seg, u32 sel)
{
    const struct x86_state *s = v->state;
    struct x86_desc d;
    sel &= 0xffff;
    if (x86_is_real(s) || x86_is_v86(s)) {
        x86_load_seg_real(v, seg, sel);
        return true;
    }
    if (seg == X86_SS)
        return load_ss(v, sel);
    if (x86_sel_null(sel)) {
        x86_seg_put_null(v, seg, sel);
        return true;
    }
    if (!x86_desc_get(v, sel, X86_GP, &d))
        return false;
    if (!is_readable(&d)
        || (!x86_desc_is_conforming(&d) && (x86_desc_dpl(&d) < (sel & 3) || x86_desc_dpl(&d) < s->cpl)))
        return x86_fail_gp(v, sel & 0xfffc);
    if (!x86_desc_present(&d))
        return x86_fail(v, X86_NP, true, sel & 0xfffc);
    if (!x86_desc_touch(v, &d))
        return false;
    x86_seg_put(v, seg, sel, &d);
    return true;
}

bool x86_load_ldt(struct vcpu *v, u32 sel)
{
    struct x86_desc d;
    sel &= 0xffff;
    if (x86_sel_null(sel)) {
        x86_seg_put_null(v, X86_LDTR, sel);
        return true;
    }
    if (sel & 4)
        return x86_fail_gp(v, sel & 0xfffc);
    if (!x86_desc_get(v, sel, X86_GP, &d))
        return false;
    if (!x86_desc_is_system(&d) || x86_desc_type(&d) != X86_TY_LDT)
        return x86_fail_gp(v, sel & 0xfffc);
    if (!x86_desc_present(&d))
        return x86_fail(v, X86_NP, true, sel & 0xfffc);
    if (!x86_canonical(d.base))
        return x86_fail_gp(v, sel & 0xfffc);
    x86_seg_put(v, X86_LDTR, sel, &d);
    return true;
}

static bool is_free_tss(const struct x86_state *s, const struct x86_desc *d)
{
    u32 type = x86_desc_type(d);
    return x86_desc_is_system(d) && (type == X86_TY_TSS32 || (type == X86_TY_TSS16 && !x86_is_lma(s)));
}

bool x86_load_tr(struct vcpu *v, u32 sel)
{
    struct x86_desc d;
    sel &= 0xffff;
    if (x86_sel_null(sel))
        return x86_fail_gp(v, 0);
    if (sel & 4)
        return x86_fail_gp(v, sel & 0xfffc);
    if (!x86_desc_get(v, sel, X86_GP, &d))
        return false;
    if (!is_free_tss(v->state, &d))
        return x86_fail_gp(v, sel & 0xfffc);
    if (!x86_desc_present(&d))
        return x86_fail(v, X86_NP, true, sel & 0xfffc);
    if (!x86_canonical(d.base))
        return x86_fail_gp(v, sel & 0xfffc);
    if (!x86_desc_set_type(v, &d, x86_desc_type(&d) | X86_TY_BUSY))
        return false;
    x86_seg_put(v, X86_TR, sel, &d);
    return true;
}

void x86_drop_segs(struct vcpu *v)
{
    static const u8 segs[] = { X86_ES, X86_FS, X86_GS, X86_DS };
    const struct x86_state *s = v->state;
    for (u32 i = 0; i < COUNT(segs); i++) {
        u32 attr = s->seg_attr[segs[i]];
        bool conforming = (attr & (X86_AT_CODE | X86_AT_CE)) == (X86_AT_CODE | X86_AT_CE);
        if (!conforming && x86_at_dpl(attr) < s->cpl && attr & X86_AT_P)
            x86_seg_put_null(v, segs[i], 0);
    }
}

/* ---- limits ---- */

bool x86_limit_ok(u32 attr, u32 limit, u64 off, u32 size)
{
    u64 last = off + size - 1;
    if ((attr & (X86_AT_CODE | X86_AT_CE)) == X86_AT_CE) /* expand-down */
        return off > limit && last <= (attr & X86_AT_DB ? 0xffffffff : 0xffff);
    return last <= limit;
}

bool x86_seg_check(struct vcpu *v, u32 seg, u32 off, u32 size, bool write)
{
    const struct x86_state *s = v->state;
    u32 attr = s->seg_attr[seg];
    bool code = attr & X86_AT_CODE, ok = attr & X86_AT_P;
    if (x86_is_real(s) || x86_is_v86(s))
        ok = true;
    else if (write)
        ok &= !code && attr & X86_AT_RW;
    else
        ok &= !code || attr & X86_AT_RW;
    if (ok && x86_limit_ok(attr, s->seg_limit[seg], off, size))
        return true;
    return x86_fail(v, seg == X86_SS ? X86_SS_FAULT : X86_GP, true, 0);
}

bool x86_ip_ok(struct vcpu *v, const struct x86_desc *cs, u64 ip, u32 code)
{
    bool ok = x86_desc_is_64(v, cs) ? x86_canonical(ip) : ip <= cs->limit;
    return ok || x86_fail_gp(v, code);
}

void x86_go(struct vcpu *v, u64 ip)
{
    const struct x86_state *s = v->state;
    v->s.pc = x86_is_long(s) ? ip : (u32)(s->seg_base[X86_CS] + ip);
}

/* ---- stacks ---- */

void x86_stack_now(struct vcpu *v, struct x86_stack *k)
{
    const struct x86_state *s = v->state;
    *k = (struct x86_stack){ .base = s->seg_base[X86_SS], .limit = s->seg_limit[X86_SS], .attr = s->seg_attr[X86_SS],
                             .wide = x86_is_long(s), .as = X86_AS_CPL | X86_AS_STACK };
    k->sp = k->wide ? s->gpr[X86_RSP] : (u32)s->gpr[X86_RSP];
}

void x86_stack_from(struct x86_stack *k, const struct x86_desc *ss, u64 sp, u32 code)
{
    *k = (struct x86_stack){ .base = ss->base, .sp = sp, .limit = ss->limit, .attr = ss->attr,
                             .as = X86_AS_SYSTEM | X86_AS_STACK, .code = code };
}

static u64 sp_mask(const struct x86_stack *k)
{
    return k->wide ? ~0ull : k->attr & X86_AT_DB ? 0xffffffff : 0xffff;
}

static bool stack_fault(struct vcpu *v, const struct x86_stack *k)
{
    return x86_fail(v, X86_SS_FAULT, true, k->code);
}

/* Address of [off, off + size) on the stack. */
static bool stack_at(struct vcpu *v, const struct x86_stack *k, u64 off, u32 size, gva *at)
{
    *at = k->wide ? off : (u32)(k->base + off);
    return k->wide || x86_limit_ok(k->attr, k->limit, off, size) || stack_fault(v, k);
}

/* #SS(0) of a non-canonical address carries the stack's own code. */
static bool with_code(struct vcpu *v, const struct x86_stack *k, bool ok)
{
    struct x86_exc *x = &x86_wiring_of(v)->exc;
    if (!ok && x->vector == X86_SS_FAULT)
        x->code = k->code;
    return ok;
}

bool x86_stack_room(struct vcpu *v, struct x86_stack *k, u32 bytes)
{
    u64 sp = k->sp & sp_mask(k);
    gva at;
    if (sp < bytes) /* wraps: each push looks for itself */
        return true;
    return stack_at(v, k, sp - bytes, bytes, &at)
           && with_code(v, k, x86_probe_write(v, at, bytes, (enum x86_as)k->as));
}

bool x86_stack_push(struct vcpu *v, struct x86_stack *k, u32 size, u64 val)
{
    u64 mask = sp_mask(k), off = (k->sp - size) & mask;
    gva at;
    if (!stack_at(v, k, off, size, &at) || !with_code(v, k, x86_write(v, at, size, (enum x86_as)k->as, val)))
        return false;
    k->sp = (k->sp & ~mask) | off;
    return true;
}

bool x86_stack_pop(struct vcpu *v, struct x86_stack *k, u32 size, u64 *val)
{
    u64 mask = sp_mask(k), off = k->sp & mask;
    gva at;
    if (!stack_at(v, k, off, size, &at) || !with_code(v, k, x86_read(v, at, size, (enum x86_as)k->as, val)))
        return false;
    k->sp = (k->sp & ~mask) | ((off + size) & mask);
    return true;
}

void x86_stack_skip(struct x86_stack *k, u32 n)
{
    u64 mask = sp_mask(k);
    k->sp = (k->sp & ~mask) | ((k->sp + n) & mask);
}

void x86_set_sp_reg(struct vcpu *v, u64 sp)
{
    struct x86_state *s = v->state;
    u64 *r = &s->gpr[X86_RSP];
    if (x86_is_long(s))
        *r = sp;
    else if (s->seg_attr[X86_SS] & X86_AT_DB)
        *r = (u32)sp;
    else
        *r = (*r & ~0xffffull) | (sp & 0xffff);
}
