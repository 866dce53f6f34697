/*
 * loop.c - blocks that lead to themselves: fields that one round writes and the next reads stay in registers.
 *
 * Memory has them, too, as everywhere between blocks. But a round that reads back what the one before stored waits
 * for that store. So such fields are loaded in front of the loop's entry, and the jump back moves what the round made
 * of them into the same registers. Nothing is known at the loop's entry but these, and its budget is taken off there.
 */
#include "backend/jit/x64/plan.h"

/* ---- the look at the block ---- */

static struct xkeep *keep_of(struct xe *x, u64 field)
{
    for (u32 k = 0; k < x->keep_count; k++)
        if (x->keep[k].field == field)
            return &x->keep[k];
    if (x->keep_count == XE_KEEPS || x->ir->layout->fields[field].type != IR_I64)
        return NULL;
    struct xkeep *k = &x->keep[x->keep_count++];
    *k = (struct xkeep){ .field = (u16)field, .get = IR_NONE, .set = IR_NONE };
    return k;
}

/* The first access and the last. What is written on one way only is not kept. */
static void see(struct xe *x, u32 i, bool skipped)
{
    const struct ir_ins *in = &x->ir->ins[i];
    struct xkeep *k = keep_of(x, in->imm);
    if (!k)
        return;
    if (in->op == IR_get && k->get == IR_NONE && k->set == IR_NONE)
        k->get = (ir_ref)i;
    if (in->op == IR_set) {
        k->set = (ir_ref)i;
        k->bad |= skipped || x->ir->ins[in->arg[0]].op == IR_const;
    }
}

static bool wants(const struct xkeep *k) { return k->get != IR_NONE && k->set != IR_NONE && !k->bad; }

void plan_loop(struct xe *x, u32 exit)
{
    bool skipped = false;
    x->keep_count = 0;
    for (u32 i = 0; i < exit; i++) {
        u32 op = x->ir->ins[i].op;
        if (op == IR_call || op == IR_getx || op == IR_setx || op == IR_gather) {
            x->keep_count = 0;
            return;
        }
        skipped = (skipped || op == IR_skip) && op != IR_label;
        if (op == IR_get || op == IR_set)
            see(x, i, skipped);
    }
    u32 n = 0;
    for (u32 k = 0; k < x->keep_count; k++)
        if (wants(&x->keep[k]) && n < XE_KEPT_FIELDS)
            x->keep[n++] = x->keep[k];
    x->keep_count = n;
    x->self_exit = exit;
}

/* ---- emission ---- */

void xe_loop_entry(struct xe *x)
{
    for (u32 k = 0; k < x->keep_count; k++) {
        struct xkeep *p = &x->keep[k];
        u16 root = x->root[p->get];
        p->reg = XNONE;
        if (!x->uses[p->get] || root != p->get)
            continue;
        p->reg = (i8)xe_root_def(x, root);
        xa_mov_rm(&x->a, 64, (enum xreg)p->reg, xe_field(x, p->field));
        xe_set_home(x, root, p->field);
        x->r[root].zbits = 64;
    }
    xe_end_ins(x);
    x->loop = xa_here(&x->a);
}

struct move {
    enum xreg to, from; /* from XNONE: the field's memory */
    u16       field;
};

static bool is_source(const struct move *m, u32 n, enum xreg r)
{
    for (u32 k = 0; k < n; k++)
        if (m[k].from == r)
            return true;
    return false;
}

/* All at once, as far as anybody can see: a register is written when nobody wants it any more. In a ring, the first
 * goes by way of a scratch register. */
static void move_all(struct xe *x, struct move *m, u32 n)
{
    static const enum xreg scratch[] = { RAX, RCX, RDX };
    for (u32 rings = 0; n;) {
        u32 k = 0;
        while (k < n && is_source(m, n, m[k].to))
            k++;
        if (k == n) {
            xa_mov_rr(&x->a, 64, scratch[rings], m[0].from);
            m[0].from = scratch[rings++];
            continue;
        }
        if (m[k].from == XNONE)
            xa_mov_rm(&x->a, 64, m[k].to, xe_field(x, m[k].field));
        else
            xa_mov_rr(&x->a, 64, m[k].to, m[k].from);
        m[k] = m[--n];
    }
}

bool xe_loop_back(struct xe *x, u32 i)
{
    struct move m[XE_KEPT_FIELDS];
    u32 n = 0;
    if (!x->keep_count || i != x->self_exit || x->behind || x->synced)
        return false;
    for (u32 k = 0; k < x->keep_count; k++) {
        const struct xkeep *p = &x->keep[k];
        i8 from = xe_root(x, x->ir->ins[p->set].arg[0])->reg;
        if (p->reg != XNONE && p->reg != from)
            m[n++] = (struct move){ (enum xreg)p->reg, from < 0 ? XNONE : (enum xreg)from, p->field };
    }
    move_all(x, m, n);
    xa_jmp(&x->a, x->loop);
    x->b->loops = true;
    return true;
}
