/*
 * wait.c - guest fields: stores, and sets that wait for a later one of their field. A value waits in its register, a
 * comparison as what it compares. Cold paths store what waits there.
 */
#include "backend/jit/x64/alloc.h"

void xe_store_field(struct xe *x, u32 field, u16 root)
{
    const struct xroot *r = &x->r[root];
    enum ir_type t = (enum ir_type)x->ir->layout->fields[field].type;
    u32 bytes = ir_bytes(t);
    struct xmem m = xe_field(x, field);
    if (r->cls == XC_XMM) {
        xa_vstore(&x->a, bytes, m, xe_root_use(x, root));
        return;
    }
    if (r->konst != IR_NONE && r->reg < 0) {
        u64 v = x->ir->ins[r->konst].imm;
        i64 s = bytes == 8 ? (i64)v : (i64)(v << (64 - bytes * 8)) >> (64 - bytes * 8);
        if (s == (i32)s) {
            xa_mov_mi(&x->a, bytes * 8, m, (i32)s);
            return;
        }
    }
    xa_mov_mr(&x->a, bytes * 8, m, xe_root_use(x, root));
}

/* Does the field's memory, once root was stored there, hold all that the root is? */
static bool is_home(const struct xe *x, u32 field, u16 root)
{
    u8 t = x->ir->layout->fields[field].type;
    const struct xroot *r = &x->r[root];
    return r->cls == XC_XMM ? ir_bytes((enum ir_type)t) == 16 : t == IR_I64 || t == r->type;
}

void xe_stored(struct xe *x, u32 field, u16 root)
{
    struct xroot *r = &x->r[root];
    if (r->konst == IR_NONE && r->home < 0 && is_home(x, field, root))
        xe_set_home(x, root, field);
}

/* ---- what waits ---- */

/* The comparison's operands stay where the cold paths find them. */
static void hold(struct xe *x, const struct xcmp *c, i32 n)
{
    x->r[x->root[c->a]].held = (u8)(x->r[x->root[c->a]].held + n);
    x->r[x->root[c->b]].held = (u8)(x->r[x->root[c->b]].held + n);
}

void xe_drop_dirty(struct xe *x, u32 field)
{
    for (u32 k = 0; k < x->dirty_count; k++)
        if (x->dirty[k].field == field) {
            if (x->dirty[k].cond != IR_NONE)
                hold(x, &x->cmp[x->dirty[k].cond], -1);
            else
                x->r[x->dirty[k].root].dirty--;
            x->dirty[k] = x->dirty[--x->dirty_count];
            return;
        }
}

static void store_sum(struct xe *x, u32 field, const struct xcmp *c)
{
    i32 imm;
    xa_mov_rr(&x->a, 32, RAX, xe_use(x, c->a));
    if (xe_is_imm32(x, c->b, &imm))
        xa_alu_ri(&x->a, XA_XOR, 32, RAX, imm);
    else
        xa_alu_rr(&x->a, XA_XOR, 32, RAX, xe_use(x, c->b));
    xe_flags_lost(x);
    xa_mov_mr(&x->a, 8, xe_field(x, field), RAX);
}

/* Its operands' registers are asked for no longer than that. */
void xe_store_cond(struct xe *x, u32 field, ir_ref v)
{
    u16 gpr = x->gpr_pinned, xmm = x->xmm_pinned;
    if (x->cmp[v].kind == XFL_XOR)
        store_sum(x, field, &x->cmp[v]);
    else
        xa_setcc_m(&x->a, xe_compare(x, &x->cmp[v]), xe_field(x, field));
    x->gpr_pinned = gpr;
    x->xmm_pinned = xmm;
}

static void flush(struct xe *x, u32 k)
{
    struct xdirty d = x->dirty[k];
    if (d.cond != IR_NONE) {
        xe_store_cond(x, d.field, d.cond);
        xe_drop_dirty(x, d.field);
        return;
    }
    xe_store_field(x, d.field, d.root);
    xe_drop_dirty(x, d.field);
    xe_stored(x, d.field, d.root);
}

void xe_flush_field(struct xe *x, u32 field)
{
    for (u32 k = 0; k < x->dirty_count; k++)
        if (x->dirty[k].field == field) {
            flush(x, k);
            return;
        }
}

void xe_flush_root(struct xe *x, u16 root)
{
    for (u32 k = 0; k < x->dirty_count;) {
        if (x->dirty[k].cond == IR_NONE && x->dirty[k].root == root)
            flush(x, k);
        else
            k++;
    }
}

void xe_flush(struct xe *x)
{
    while (x->dirty_count)
        flush(x, x->dirty_count - 1);
}

void xe_wait(struct xe *x, u32 field, u16 root)
{
    if (x->dirty_count == XE_DIRTY)
        xe_flush(x);
    if (x->r[root].konst == IR_NONE)
        xe_root_use(x, root);
    x->dirty[x->dirty_count++] = (struct xdirty){ (u16)field, root, IR_NONE };
    x->r[root].dirty++;
}

/* Comparisons of numbers that have a place; those of conditions would have to be kept, too. */
bool xe_wait_cond(struct xe *x, u32 field, ir_ref v)
{
    const struct xcmp *c = &x->cmp[v];
    ir_ref op[2] = { c->a, c->b };
    for (u32 k = 0; k < 2; k++) {
        const struct xroot *r = xe_root(x, op[k]);
        struct xmem m;
        if (x->put_off[op[k]] || x->ir->ins[op[k]].type == IR_I1 || r->held > 100
            || (r->konst == IR_NONE && r->reg < 0 && !xe_root_mem(x, x->root[op[k]], &m)))
            return false;
    }
    if (x->dirty_count == XE_DIRTY)
        return false;
    x->dirty[x->dirty_count++] = (struct xdirty){ (u16)field, XE_NO_ROOT, v };
    hold(x, c, 1);
    return true;
}

/* ---- cold paths ---- */

static struct xplace place_of(struct xe *x, ir_ref v)
{
    u16 root = x->root[v];
    const struct xroot *r = &x->r[root];
    struct xplace p = { .v = v, .reg = r->reg, .konst = r->konst != IR_NONE };
    if (r->reg >= 0 || p.konst)
        return p;
    if (!xe_root_mem(x, root, &p.m))
        x->unfit = true;
    p.bytes = (u8)(r->slot >= 0 ? 8 : ir_bytes((enum ir_type)x->ir->layout->fields[r->home].type));
    return p;
}

static void save(struct xe *x, const struct xdirty *d, struct xcold *c)
{
    if (d->cond != IR_NONE) {
        x->saved_cond[x->saved_cond_count++] = (struct xsaved_cond){
            .field = d->field, .cmp = x->cmp[d->cond], .a = place_of(x, x->cmp[d->cond].a),
            .b = place_of(x, x->cmp[d->cond].b) };
        c->cond_count++;
        return;
    }
    const struct xroot *r = &x->r[d->root];
    x->saved_dirty[x->saved_dirty_count++] = (struct xsaved_dirty){
        .field = d->field, .reg = r->reg, .cls = r->cls, .imm = r->konst != IR_NONE ? x->ir->ins[r->konst].imm : 0 };
    c->dirty_count++;
}

void xe_save_dirty(struct xe *x, struct xcold *c)
{
    if (x->saved_dirty_count + x->dirty_count > COUNT(x->saved_dirty)
        || x->saved_cond_count + x->dirty_count > COUNT(x->saved_cond)) {
        x->unfit = true;
        x->saved_dirty_count = x->saved_cond_count = 0;
    }
    c->first_dirty = (u16)x->saved_dirty_count;
    c->first_cond = (u16)x->saved_cond_count;
    for (u32 n = 0; n < x->dirty_count; n++)
        save(x, &x->dirty[n], c);
}

/* rax and rcx are free in cold code, rdx may be the address. */
static enum xreg operand(struct xe *x, const struct xplace *p, enum xreg to)
{
    if (p->reg >= 0)
        return (enum xreg)p->reg;
    if (p->konst)
        xa_mov_ri(&x->a, to, x->ir->ins[p->v].imm);
    else
        xa_mov_rm(&x->a, p->bytes * 8, to, p->m);
    return to;
}

static void cold_compare(struct xe *x, const struct xsaved_cond *s)
{
    struct xasm *a = &x->a;
    u32 bits = s->cmp.bits;
    enum xreg p = operand(x, &s->a, RAX);
    i32 imm;
    bool is_imm = s->b.reg < 0 && xe_is_imm32(x, s->b.v, &imm);
    enum xreg q = is_imm ? XNONE : operand(x, &s->b, RCX);
    if (s->cmp.kind == XFL_TST) {
        if (is_imm)
            xa_test_ri(a, bits, p, imm);
        else
            xa_test_rr(a, bits, p, q);
        return;
    }
    enum xalu op = s->cmp.kind == XFL_ADD ? XA_ADD : s->cmp.kind == XFL_XOR ? XA_XOR : XA_CMP;
    if (op != XA_CMP) {
        xa_mov_rr(a, bits == 64 ? 64 : 32, RAX, p);
        p = RAX;
    }
    if (is_imm)
        xa_alu_ri(a, op, bits, p, imm);
    else
        xa_alu_rr(a, op, bits, p, q);
}

static bool same_compare(const struct xcmp *p, const struct xcmp *q)
{
    return p->kind == q->kind && p->bits == q->bits && p->a == q->a && p->b == q->b;
}

/* Each comparison once, whatever flags of it wait. */
static void cold_conds(struct xe *x, const struct xcold *c)
{
    const struct xsaved_cond *s = &x->saved_cond[c->first_cond];
    u64 done = 0;
    for (u32 n = 0; n < c->cond_count; n++) {
        if (done >> n & 1)
            continue;
        cold_compare(x, &s[n]);
        for (u32 k = n; k < c->cond_count; k++)
            if (same_compare(&s[n].cmp, &s[k].cmp)) {
                if (s[k].cmp.kind == XFL_XOR)
                    xa_mov_mr(&x->a, 8, xe_field(x, s[k].field), RAX);
                else
                    xa_setcc_m(&x->a, (enum xcc)s[k].cmp.cc, xe_field(x, s[k].field));
                done |= 1ull << k;
            }
    }
}

void xe_cold_dirty(struct xe *x, const struct xcold *c)
{
    cold_conds(x, c);
    for (u32 n = 0; n < c->dirty_count; n++) {
        const struct xsaved_dirty *s = &x->saved_dirty[c->first_dirty + n];
        struct xmem m = xe_field(x, s->field);
        u32 bytes = ir_bytes((enum ir_type)x->ir->layout->fields[s->field].type);
        if (s->reg >= 0 && s->cls == XC_XMM) {
            xa_vstore(&x->a, bytes, m, (enum xreg)s->reg);
        } else if (s->reg >= 0) {
            xa_mov_mr(&x->a, bytes * 8, m, (enum xreg)s->reg);
        } else {
            xa_mov_ri(&x->a, RAX, s->imm);
            xa_mov_mr(&x->a, bytes * 8, m, RAX);
        }
    }
}
