/*
 * task.c - hardware task switches.
 *
 * SDM volume 3, chapter 7: 7.3 (steps and table 7-1, the checks and their error codes), 7.2.1 and 7.6 (TSS formats).
 *
 * The whole of the new TSS is read and the old one probed for writing before anything changes. What fails from the
 * load of the new state on is an exception of the new task: its registers are all there, the segments that were not
 * loaded null.
 */
#include "base/bits.h"
#include "frontend/x86/desc.h"
#include <string.h>

enum { TSS32_LEN = 0x68, TSS16_LEN = 0x2c };

/* Dynamic fields of a TSS: offsets in the 32-bit and the 16-bit form. */
struct shape {
    u8 width, ip, flags, gpr, seg, segs, ldt, least; /* seg: of ES; least: limit that it must have */
};
static const struct shape shape32 = { 4, 0x20, 0x24, 0x28, 0x48, 6, 0x60, 0x67 };
static const struct shape shape16 = { 2, 0x0e, 0x10, 0x12, 0x22, 4, 0x2a, 0x2b };

static const struct shape *shape_of(u32 attr) { return attr & 8 ? &shape32 : &shape16; }

struct task { /* a TSS as read */
    u8                  bytes[TSS32_LEN];
    const struct shape *f;
};

static u32 field(const struct task *t, u32 off)
{
    return t->f->width == 4 ? load_le32(t->bytes + off) : load_le16(t->bytes + off);
}
static u32 seg_of(const struct task *t, u32 seg) { return load_le16(t->bytes + t->f->seg + seg * t->f->width); }
static u32 ldt_of(const struct task *t) { return load_le16(t->bytes + t->f->ldt); }

/* ---- the descriptor of the new task ---- */

static bool find_tss(struct vcpu *v, u32 sel, enum x86_task_why why, struct x86_desc *d)
{
    u32 vector = why == X86_TASK_IRET ? X86_TS : X86_GP, code = sel & 0xfffc;
    u32 busy = why == X86_TASK_IRET ? X86_TY_BUSY : 0;
    if (x86_sel_null(sel) || sel & 4)
        return x86_fail(v, vector, true, code);
    if (!x86_desc_get(v, sel, vector, d))
        return false;
    u32 type = x86_desc_type(d);
    if (!x86_desc_is_system(d) || (type != (X86_TY_TSS16 | busy) && type != (X86_TY_TSS32 | busy)))
        return x86_fail(v, vector, true, code);
    if (!x86_desc_present(d))
        return x86_fail(v, X86_NP, true, code);
    return d->limit >= shape_of(d->attr)->least || x86_fail(v, X86_TS, true, code);
}

static bool read_tss(struct vcpu *v, const struct x86_desc *d, struct task *t)
{
    u32 len = d->attr & 8 ? TSS32_LEN : TSS16_LEN;
    t->f = shape_of(d->attr);
    for (u32 at = 0; at < len; at += 4) {
        u64 val;
        if (!x86_read(v, d->base + at, 4, X86_AS_SYSTEM, &val))
            return false;
        store_le32(t->bytes + at, (u32)val);
    }
    return true;
}

/* ---- the old task ---- */

static bool save_one(struct vcpu *v, u32 off, u32 width, u64 val)
{
    return x86_write(v, x86_of(v)->seg_base[X86_TR] + off, width, X86_AS_SYSTEM, val);
}

static bool probe_old(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    const struct shape *f = shape_of(s->seg_attr[X86_TR]);
    return x86_probe_write(v, s->seg_base[X86_TR] + f->ip, f->seg + f->segs * f->width - f->ip, X86_AS_SYSTEM);
}

/* CR3 and the LDT's selector are not written. */
static bool save_old(struct vcpu *v, u32 flags, u64 ip)
{
    const struct x86_state *s = v->state;
    const struct shape *f = shape_of(s->seg_attr[X86_TR]);
    bool ok = save_one(v, f->ip, f->width, ip) && save_one(v, f->flags, f->width, flags);
    for (u32 i = 0; ok && i < 8; i++)
        ok = save_one(v, f->gpr + i * f->width, f->width, s->gpr[i]);
    for (u32 i = 0; ok && i < f->segs; i++)
        ok = save_one(v, f->seg + i * f->width, 2, s->seg_sel[i]);
    return ok;
}

/* The busy bit of the TSS that is left. */
static bool clear_busy(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    u64 at = s->gdt_base + (s->seg_sel[X86_TR] & 0xfff8) + 5, rights;
    return x86_read(v, at, 1, X86_AS_SYSTEM, &rights)
           && x86_write(v, at, 1, X86_AS_SYSTEM, rights & ~(u64)X86_TY_BUSY);
}

/* ---- the new task ---- */

static bool load_ldt(struct vcpu *v, u32 sel)
{
    struct x86_desc d;
    x86_seg_put_null(v, X86_LDTR, sel);
    if (x86_sel_null(sel))
        return true;
    if (sel & 4)
        return x86_fail(v, X86_TS, true, sel & 0xfffc);
    if (!x86_desc_get(v, sel, X86_TS, &d))
        return false;
    if (!x86_desc_is_system(&d) || x86_desc_type(&d) != X86_TY_LDT || !x86_desc_present(&d))
        return x86_fail(v, X86_TS, true, sel & 0xfffc);
    x86_seg_put(v, X86_LDTR, sel, &d);
    return true;
}

static bool load_cs(struct vcpu *v, u32 sel)
{
    struct x86_desc d;
    u32 rpl = sel & 3;
    if (x86_sel_null(sel))
        return x86_fail(v, X86_TS, true, 0);
    if (!x86_desc_get(v, sel, X86_TS, &d))
        return false;
    if (!x86_desc_is_code(&d) || (x86_desc_is_conforming(&d) ? x86_desc_dpl(&d) > rpl : x86_desc_dpl(&d) != rpl))
        return x86_fail(v, X86_TS, true, sel & 0xfffc);
    if (!x86_desc_present(&d))
        return x86_fail(v, X86_NP, true, sel & 0xfffc);
    if (!x86_desc_touch(v, &d))
        return false;
    x86_seg_put(v, X86_CS, sel, &d);
    return true;
}

static bool load_ss(struct vcpu *v, u32 sel)
{
    struct x86_desc d;
    if (!x86_stack_desc(v, sel, x86_of(v)->cpl, X86_TS, &d) || !x86_desc_touch(v, &d))
        return false;
    x86_seg_put(v, X86_SS, sel, &d);
    return true;
}

/* As MOV, with #TS in the place of #GP. */
static bool load_data(struct vcpu *v, u32 seg, u32 sel)
{
    struct x86_exc *x = &x86_wiring_of(v)->exc;
    if (x86_load_seg(v, seg, sel))
        return true;
    if (x->vector == X86_GP)
        x->vector = X86_TS;
    return false;
}

static bool load_segs(struct vcpu *v, const struct task *t)
{
    static const u8 data[] = { X86_ES, X86_DS, X86_FS, X86_GS };
    if (!load_ldt(v, ldt_of(t)))
        return false;
    if (x86_is_v86(v->state))
        return true;
    if (!load_cs(v, seg_of(t, X86_CS)) || !load_ss(v, seg_of(t, X86_SS)))
        return false;
    for (u32 i = 0; i < COUNT(data); i++)
        if (data[i] < t->f->segs && !load_data(v, data[i], seg_of(t, data[i])))
            return false;
    return true;
}

/* Selectors are loaded at once; what they mean comes when their descriptors have passed. */
static void load_selectors(struct vcpu *v, const struct task *t)
{
    const struct x86_state *s = v->state;
    for (u32 seg = X86_ES; seg <= X86_GS; seg++) {
        u32 sel = seg < t->f->segs ? seg_of(t, seg) : 0;
        if (x86_is_v86(s))
            x86_load_seg_real(v, seg, sel);
        else
            x86_seg_put_null(v, seg, sel);
    }
}

static void load_registers(struct vcpu *v, const struct task *t, u32 flags)
{
    struct x86_state *s = v->state;
    for (u32 i = 0; i < 8; i++) {
        u64 val = field(t, t->f->gpr + i * t->f->width);
        s->gpr[i] = t->f->width == 4 ? val : (s->gpr[i] & 0xffff0000) | val;
    }
    x86_flags_set(v, flags, t->f->width == 4 ? ~0u : 0xffffu | X86_FL_VM | X86_FL_RF);
    s->cr0 |= X86_CR0_TS;
    s->dr[7] &= ~0x155ull; /* L0 to L3 and LE are the old task's */
    load_selectors(v, t);
    x86_set_cpl(v, flags & X86_FL_VM ? 3 : s->seg_sel[X86_CS] & 3);
}

static bool push_code(struct vcpu *v, u32 width, u32 code)
{
    struct x86_stack k;
    x86_stack_now(v, &k);
    if (!x86_stack_push(v, &k, width, code))
        return false;
    x86_of(v)->gpr[X86_RSP] = k.sp;
    return true;
}

/* Everything that is an exception of the new task. */
static bool enter(struct vcpu *v, const struct task *t)
{
    struct x86_state *s = v->state;
    u32 ip = field(t, t->f->ip);
    x86_go(v, ip);
    if (s->cr0 & X86_CR0_PG && t->f->width == 4 && !x86_set_cr(v, 3, load_le32(t->bytes + 0x1c)))
        return false;
    bool ok = load_segs(v, t);
    x86_go(v, ip);
    if (!ok)
        return false;
    if (ip > s->seg_limit[X86_CS])
        return x86_fail_gp(v, 0);
    if (t->f->width == 4 && t->bytes[0x64] & 1)
        s->db_hits |= 1u << 15; /* BT */
    return true;
}

/* Back link, busy bits and NT: table 7-2. */
static bool link_tasks(struct vcpu *v, enum x86_task_why why, struct x86_desc *d)
{
    const struct x86_state *s = v->state;
    bool nests = why == X86_TASK_CALL || why == X86_TASK_INT;
    if (!nests && !clear_busy(v))
        return false;
    if (nests && !x86_write(v, d->base, 2, X86_AS_SYSTEM, s->seg_sel[X86_TR]))
        return false;
    return why == X86_TASK_IRET || x86_desc_set_type(v, d, x86_desc_type(d) | X86_TY_BUSY);
}

static bool return_link(struct vcpu *v, u32 *sel)
{
    u64 link;
    if (!x86_read(v, x86_of(v)->seg_base[X86_TR], 2, X86_AS_SYSTEM, &link))
        return false;
    *sel = (u32)link;
    return true;
}

bool x86_task_switch(struct vcpu *v, u32 sel, enum x86_task_why why, u64 next, bool has_code, u32 code)
{
    struct x86_state *s = v->state;
    struct x86_desc d;
    struct task t = { .f = NULL };
    bool nests = why == X86_TASK_CALL || why == X86_TASK_INT;
    u32 old_flags = x86_flags(v);
    if (why == X86_TASK_IRET && !return_link(v, &sel))
        return false;
    if (!find_tss(v, sel, why, &d) || !read_tss(v, &d, &t) || !probe_old(v))
        return false;
    if (nests && !x86_probe_write(v, d.base, 2, X86_AS_SYSTEM))
        return false;
    if (why == X86_TASK_IRET)
        old_flags &= ~(u32)X86_FL_NT;
    if (!save_old(v, old_flags, x86_ip(v, next)) || !link_tasks(v, why, &d))
        return false;
    u32 flags = field(&t, t.f->flags) | (nests ? X86_FL_NT : 0);
    x86_seg_put(v, X86_TR, sel, &d);
    s->seg_attr[X86_TR] |= X86_TY_BUSY;
    load_registers(v, &t, flags);
    return enter(v, &t) && (!has_code || push_code(v, t.f->width, code));
}
