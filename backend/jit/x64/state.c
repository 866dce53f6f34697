/*
 * state.c - guest state, constants, widths, marks, helpers.
 */
#include "backend/jit/x64/emit_rows.h"
#include "backend/jit/x64/plan.h"
#include "ir/vec.h"

static const struct ir_field *field_of(const struct xe *x, u64 field) { return &x->ir->layout->fields[field]; }

void x64_emit_const(struct xe *x, u32 i) { (void)x, (void)i; } /* made where it is used */

void x64_emit_pc(struct xe *x, u32 i)
{
    i64 rel = (i64)xe_ins(x, i)->imm;
    enum xreg d = xe_def(x, i);
    if (rel == (i32)rel) {
        xa_lea(&x->a, 64, d, xm(R15, (i32)rel));
        return;
    }
    xa_mov_ri(&x->a, d, (u64)rel);
    xa_alu_rr(&x->a, XA_ADD, 64, d, R15);
    xe_flags_lost(x);
}

/* ---- fields ---- */

static void load_now(struct xe *x, u32 i, struct xmem m, u32 bytes)
{
    u16 root = x->root[i];
    bool v = x->r[root].cls == XC_XMM;
    enum xreg d = v ? xe_def_v(x, i) : xe_def(x, i);
    if (v)
        xa_vload(&x->a, bytes, d, m);
    else
        xa_mov_rm(&x->a, bytes * 8, d, m);
    xe_clean(x, i);
}

static void load_wide(struct xe *x, u32 i, struct xmem m)
{
    bool v = xe_ins(x, i)->type == IR_V256;
    struct xmem hi = m;
    hi.disp += v ? 16 : 8;
    enum xreg d = v ? xe_def_v(x, i) : xe_def(x, i), d2 = v ? xe_def_v2(x, i) : xe_def_hi(x, i);
    if (v) {
        xa_vload(&x->a, 16, d, m);
        xa_vload(&x->a, 16, d2, hi);
    } else {
        xa_mov_rm(&x->a, 64, d, m);
        xa_mov_rm(&x->a, 64, d2, hi);
    }
}

/* Nothing is loaded until it is needed: the field is the value's place. */
void x64_emit_get(struct xe *x, u32 i)
{
    u32 f = (u32)xe_ins(x, i)->imm;
    u8 t = xe_ins(x, i)->type;
    xe_flush_field(x, f);
    if (t == IR_I128 || t == IR_V256) {
        load_wide(x, i, xe_field(x, f));
        return;
    }
    u16 other = x->home_of[f];
    if (other == i)
        return; /* loaded in front of the loop */
    if (other != XE_NO_ROOT && xe_root_live(x, other)) {
        load_now(x, i, xe_field(x, f), ir_bytes((enum ir_type)t));
        return;
    }
    xe_set_home(x, (u16)i, f);
    x->r[i].zbits = (u8)MIN(ir_bits((enum ir_type)t), 64u);
}

static void set_wide(struct xe *x, struct xmem m, ir_ref v)
{
    bool vec = x->ir->ins[v].type == IR_V256;
    struct xmem hi = m;
    hi.disp += vec ? 16 : 8;
    enum xreg a = xe_use(x, v), b = xe_root_use(x, x->root2[v]);
    if (vec) {
        xa_vstore(&x->a, 16, m, a);
        xa_vstore(&x->a, 16, hi, b);
    } else {
        xa_mov_mr(&x->a, 64, m, a);
        xa_mov_mr(&x->a, 64, hi, b);
    }
}

/* May the value wait in its register for a later set of the field, which makes this one's store needless? A constant
 * waits as an immediate. */
static bool may_wait(const struct xe *x, u32 i, ir_ref v)
{
    const struct xroot *r = &x->r[x->root[v]];
    u8 t = x->ir->ins[v].type;
    return x->again[i] && !x->put_off[v] && !(r->konst != IR_NONE && (r->cls == XC_XMM || r->reg >= 0))
           && t <= IR_V128;
}

void x64_emit_set(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 f = (u32)in->imm;
    ir_ref v = in->arg[0];
    u16 root = x->root[v];
    xe_drop_dirty(x, f);
    if (x->put_off[v] && x->again[i]) {
        xe_forget_home(x, f);
        if (xe_wait_cond(x, f, v))
            return;
    }
    if (x->put_off[v]) { /* a flag: from the host's flags to memory */
        xe_forget_home(x, f);
        xe_store_cond(x, f, v);
        return;
    }
    if (field_of(x, f)->type == IR_I128 || field_of(x, f)->type == IR_V256) {
        xe_forget_home(x, f);
        set_wide(x, xe_field(x, f), v);
        return;
    }
    if (x->home_of[f] == root && x->r[root].konst == IR_NONE && x->home_of[f] != XE_NO_ROOT)
        return; /* it is there */
    if (x->r[root].konst == IR_NONE)
        xe_root_use(x, root); /* before the field's memory, which may be its place, is given up */
    xe_forget_home(x, f);
    if (may_wait(x, i, v)) {
        xe_wait(x, f, root);
        return;
    }
    xe_store_field(x, f, root);
    xe_stored(x, f, root);
}

/* ---- indexed fields: consecutive ones of one type, the index taken modulo their number ---- */

static struct xmem indexed(struct xe *x, u32 range, ir_ref index)
{
    const struct ir_range *r = &x->ir->layout->ranges[range];
    u32 first = field_of(x, r->first)->offset;
    u32 stride = r->count > 1 ? field_of(x, r->first + 1u)->offset - first : 0;
    enum xreg at = xe_use_zx(x, index);
    xa_mov_rr(&x->a, 32, RAX, at);
    if (!(r->count & (r->count - 1u))) {
        xa_alu_ri(&x->a, XA_AND, 32, RAX, r->count - 1);
        xa_mov_rr(&x->a, 32, RDX, RAX);
    } else {
        xa_mov_ri(&x->a, RCX, r->count);
        xa_alu_rr(&x->a, XA_XOR, 32, RDX, RDX);
        xa_grp3(&x->a, XG_DIV, 32, RCX);
    }
    xa_imul_rri(&x->a, 64, RDX, RDX, (i32)stride);
    xe_flags_lost(x);
    return xmi(R13, RDX, 1, (i32)first - JIT_STATE_BIAS);
}

void x64_emit_getx(struct xe *x, u32 i)
{
    u8 t = xe_ins(x, i)->type;
    struct xmem m = indexed(x, (u32)xe_ins(x, i)->imm, xe_ins(x, i)->arg[0]);
    if (t == IR_I128 || t == IR_V256)
        load_wide(x, i, m);
    else
        load_now(x, i, m, ir_bytes((enum ir_type)t));
}

void x64_emit_setx(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    const struct ir_range *r = &x->ir->layout->ranges[in->imm];
    ir_ref v = in->arg[1];
    u8 t = x->ir->ins[v].type;
    for (u32 f = r->first; f < (u32)r->first + r->count; f++)
        xe_forget_home(x, f);
    if (t != IR_I128 && t != IR_V256)
        xe_use(x, v);
    struct xmem m = indexed(x, (u32)in->imm, in->arg[0]);
    if (t == IR_I128 || t == IR_V256)
        set_wide(x, m, v);
    else if (x->r[x->root[v]].cls == XC_XMM)
        xa_vstore(&x->a, ir_bytes((enum ir_type)t), m, xe_use_v(x, v));
    else
        xa_mov_mr(&x->a, ir_bytes((enum ir_type)t) * 8, m, xe_use(x, v));
}

/* ---- width ---- */

static void widen(struct xe *x, u32 i, bool sign)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 from = ir_bits((enum ir_type)in->src), to = MIN(ir_bits((enum ir_type)in->type), 64u);
    enum xreg s = xe_use(x, in->arg[0]);
    if (in->type == IR_I128 && in->src == IR_I64) {
        xe_def(x, i);
        xa_mov_rr(&x->a, 64, (enum xreg)x->r[i].reg, s);
    } else {
        enum xreg d = xe_def(x, i);
        if (!sign || from == 1)
            xa_movzx(&x->a, MAX(from, 8u), d, s);
        else
            xa_movsx(&x->a, from, to < 32 ? 32 : to, d, s);
        if (sign && from == 1) {
            xa_grp3(&x->a, XG_NEG, to < 32 ? 32 : to, d);
            xe_flags_lost(x);
        }
        if (!sign)
            xe_clean(x, i);
    }
    if (in->type != IR_I128)
        return;
    enum xreg d = (enum xreg)x->r[i].reg, h = xe_def_hi(x, i);
    if (!sign) {
        xa_mov_ri(&x->a, h, 0);
        return;
    }
    xa_mov_rr(&x->a, 64, h, d);
    xa_shift_ri(&x->a, XS_SAR, 64, h, 63);
    xe_flags_lost(x);
}

void x64_emit_zext(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (x->put_off[in->arg[0]] && in->type != IR_I128) { /* a condition as a number */
        enum xcc cc = xe_cond(x, in->arg[0]);
        enum xreg d = xe_def(x, i);
        xa_setcc(&x->a, cc, d);
        xa_movzx(&x->a, 8, d, d);
        xe_clean(x, i);
        return;
    }
    widen(x, i, false);
}
void x64_emit_sext(struct xe *x, u32 i) { widen(x, i, true); }

/* To i1: the lowest bit. All others are views. */
void x64_emit_trunc(struct xe *x, u32 i)
{
    enum xreg d = xe_def_over(x, i, xe_ins(x, i)->arg[0]);
    xa_alu_ri(&x->a, XA_AND, 32, d, 1);
    xe_flags_lost(x);
}

void x64_emit_hi(struct xe *x, u32 i) { (void)x, (void)i; } /* always a view */

/* Pairs of i64 are views. */
void x64_emit_pair(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 bits = ir_bits((enum ir_type)in->src);
    enum xreg lo = xe_use_zx(x, in->arg[0]), hi = xe_use_zx(x, in->arg[1]);
    enum xreg d = xe_def(x, i);
    xa_mov_rr(&x->a, 64, d, hi);
    xa_shift_ri(&x->a, XS_SHL, 64, d, bits);
    xa_alu_rr(&x->a, XA_OR, 64, d, lo);
    xe_flags_lost(x);
    if (in->type == IR_I128)
        xa_mov_ri(&x->a, xe_def_hi(x, i), 0);
}

/* Between kinds of registers; within one it is a move. */
void x64_emit_bitcast(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    bool from_v = xe_root(x, in->arg[0])->cls == XC_XMM, to_v = x->r[x->root[i]].cls == XC_XMM;
    enum xreg s = xe_use(x, in->arg[0]);
    if (in->src == IR_I128 && to_v) {
        enum xreg d = xe_def_v(x, i);
        xa_vfrom(&x->a, 64, d, s);
        xa_vfrom(&x->a, 64, XV_T0, xe_use_hi(x, in->arg[0]));
        xa_v3(&x->a, XV_PUNPCKLQDQ, d, d, XV_T0);
    } else if (in->type == IR_I128 && from_v) {
        xa_vto(&x->a, 64, xe_def(x, i), s);
        xa_v2i(&x->a, XV_PSHUFD, XV_T0, s, 0xee);
        xa_vto(&x->a, 64, xe_def_hi(x, i), XV_T0);
    } else if (from_v && to_v) {
        xa_vmov(&x->a, xe_def_v(x, i), s);
        if (in->type == IR_V256)
            xa_vmov(&x->a, xe_def_v2(x, i), xe_use_v2(x, in->arg[0]));
    } else if (to_v) {
        xa_vfrom(&x->a, ir_bits((enum ir_type)in->type) == 64 ? 64 : 32, xe_def_v(x, i), s);
    } else if (from_v) {
        xa_vto(&x->a, ir_bits((enum ir_type)in->type) == 64 ? 64 : 32, xe_def(x, i), s);
    } else {
        xa_mov_rr(&x->a, 64, xe_def(x, i), s);
        x->r[i].zbits = xe_root(x, in->arg[0])->zbits;
        if (in->type == IR_I128)
            xa_mov_rr(&x->a, 64, xe_def_hi(x, i), xe_use_hi(x, in->arg[0]));
    }
}

/* ---- marks ---- */

/* Fields that the way under the skip writes are no places for values needed behind the label: on the other way
 * the memory is not written, and both ways must agree. */
static void prepare_skip(struct xe *x, u32 i)
{
    const struct ir_layout *l = x->ir->layout;
    for (u32 k = i + 1; k < x->ir->count; k++) {
        const struct ir_ins *in = &x->ir->ins[k];
        if (in->op == IR_label && in->imm == xe_ins(x, i)->imm)
            return;
        if (in->op == IR_set)
            xe_forget_home(x, (u32)in->imm);
        else if (in->op == IR_setx)
            for (u32 f = l->ranges[in->imm].first, n = 0; n < l->ranges[in->imm].count; n++)
                xe_forget_home(x, f + n);
        else if (in->op == IR_call || in->op == IR_gather)
            xe_forget_all_homes(x);
    }
}

/* Do both ways leave the block before anything else: a conditional branch at its end? Then no way meets the other. */
void x64_emit_skip(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    xe_flush(x);
    prepare_skip(x, i);
    enum xcc cc = xe_cond(x, in->arg[0]);
    xe_skip_snapshot(x, (u16)in->imm, xa_jcc_fwd(&x->a, cc, false));
}

void x64_emit_label(struct xe *x, u32 i) { xe_label_restore(x, (u16)xe_ins(x, i)->imm); }

/* ---- helpers ---- */

void x64_emit_call(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    const struct ir_helper *h = &x->ir->layout->helpers[in->imm];
    if (h->flags & (IR_H_WRITES | IR_H_SYNC | IR_H_FAULT))
        xe_forget_all_homes(x);
    xe_put_operands(x, i);
    xa_mov_ri(&x->a, RAX, (u64)(uintptr_t)h);
    xa_mov_ri(&x->a, RCX, xe_site(x));
    xa_call(&x->a, x->j->t.call);
    xe_flags_lost(x);
    if (h->flags & IR_H_SYNC)
        x->synced = true;
    if (in->type == IR_VOID || !x->uses[i])
        return;
    if (x->r[x->root[i]].cls == XC_XMM) {
        xa_vfrom(&x->a, 64, xe_def_v(x, i), RAX);
        return;
    }
    enum xreg d = xe_def(x, i);
    u32 bits = ir_bits((enum ir_type)in->type);
    if (bits < 64)
        xa_movzx(&x->a, MAX(bits, 8u), d, RAX);
    else
        xa_mov_rr(&x->a, 64, d, RAX);
    xe_clean(x, i);
}

bool xe_fp_plain(const struct xe *x)
{
    u64 special = x->j->v->guest->fp_special;
    return special && !(x->b->mode & special);
}

bool xe_fp_x86(const struct xe *x)
{
    return x->j->v->guest->fp_x86;
}
