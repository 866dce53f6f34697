/*
 * plan.c - the look at a block before it is emitted: which values share a place, which comparisons are put off to
 * where they are used, what is needed at all, and until when.
 */
#include "backend/jit/x64/plan.h"
#include "ir/vec.h"
#include <string.h>

#define PUT_OFF_MAX 40u /* instructions between a comparison and its last use: its operands must live as long */

static bool is_xmm(u8 t) { return t == IR_F16 || t == IR_F32 || t == IR_F64 || t == IR_V128 || t == IR_V256; }

static u16 new_root(struct xe *x, u32 n, u32 i, u8 type)
{
    x->r[n] = (struct xroot){ .last_use = (u16)i, .reg = -1, .cls = is_xmm(type) ? XC_XMM : XC_GPR, .zbits = 64, .type = type,
                              .slot = -1, .home = -1, .konst = IR_NONE };
    return (u16)n;
}

/* Are bits above the type zero in the root's register from the start? */
static bool is_clean(const struct xe *x, ir_ref v)
{
    const struct ir_ins *in = &x->ir->ins[v];
    if (x->root[v] != v)
        return in->op == IR_zext;
    switch (in->type) {
    case IR_I1: case IR_I32: case IR_I64: return true;
    default: return (in->op == IR_load && !ir_mem_unpack(in->aux).sign) || in->op == IR_get || in->op == IR_const;
    }
}

/* The value views bits of another one. */
static bool find_view(struct xe *x, u32 i)
{
    const struct ir_ins *in = &x->ir->ins[i];
    ir_ref a = in->arg[0];
    switch (in->op) {
    case IR_trunc:
        if (in->type == IR_I1)
            return false;
        x->root[i] = x->root[a];
        return true;
    case IR_zext:
        if (in->type == IR_I128 || in->src == IR_I1 || !is_clean(x, a) || x->ir->ins[a].op == IR_const)
            return false;
        x->root[i] = x->root[a];
        return true;
    case IR_hi: x->root[i] = x->root2[a]; return true;
    case IR_pair:
        if (in->type != IR_I128 || in->src != IR_I64)
            return false;
        x->root[i] = x->root[a];
        x->root2[i] = x->root[in->arg[1]];
        return true;
    case IR_vpair:
        x->root[i] = x->root[a];
        x->root2[i] = x->root[in->arg[1]];
        return true;
    case IR_vhalf: x->root[i] = in->imm ? x->root2[a] : x->root[a]; return true;
    case IR_extract:
        if (in->imm || (in->lane != IR_F32 && in->lane != IR_F64))
            return false;
        x->root[i] = x->root[a];
        return true;
    default: return false;
    }
}

static void find_roots(struct xe *x)
{
    u32 n = x->ir->count;
    for (u32 i = 0; i < x->ir->count; i++) {
        const struct ir_ins *in = &x->ir->ins[i];
        x->root[i] = x->root2[i] = XE_NO_ROOT;
        x->put_off[i] = x->again[i] = false;
        x->uses[i] = 0;
        new_root(x, i, i, in->type);
        if (in->type == IR_VOID || find_view(x, i))
            continue;
        x->root[i] = (u16)i;
        if (in->type == IR_I128 || in->type == IR_V256) {
            if (n == XE_ROOTS) {
                x->unfit = true;
                return;
            }
            x->root2[i] = new_root(x, n++, i, in->type);
            x->r[x->root2[i]].type = x->r[i].type = in->type == IR_I128 ? IR_I64 : IR_V128;
        }
        if (in->op == IR_const) {
            x->r[i].konst = (ir_ref)i;
            x->r[i].zbits = (u8)MIN(ir_bits((enum ir_type)in->type), 64u);
        }
        if (in->type == IR_F80 || in->src == IR_F80)
            x->unfit = true; /* the interpreter's */
    }
    x->root_count = n;
}

/* First round of last uses, by values as they stand. */
static void direct_uses(struct xe *x, u16 *last)
{
    memset(last, 0, x->ir->count * sizeof *last);
    for (u32 i = 0; i < x->ir->count; i++)
        for (u32 k = 0; k < ir_args(&x->ir->ins[i]); k++)
            last[x->ir->ins[i].arg[k]] = (u16)i;
}

static void find_conditions(struct xe *x)
{
    u16 last[IR_BLOCK_MAX];
    direct_uses(x, last);
    for (u32 i = x->ir->count; i--;) { /* a condition of conditions lives where its user is */
        struct xcmp c;
        if (x->ir->ins[i].type != IR_I1 || !last[i] || last[i] - i > PUT_OFF_MAX || !xe_classify(x, (ir_ref)i, &c))
            continue;
        x->put_off[i] = true;
        x->cmp[i] = c;
    }
}

static void touch(struct xe *x, ir_ref v, u32 at)
{
    x->uses[v]++;
    if (x->root[v] != XE_NO_ROOT)
        x->r[x->root[v]].last_use = MAX(x->r[x->root[v]].last_use, (u16)at);
    if (x->root2[v] != XE_NO_ROOT)
        x->r[x->root2[v]].last_use = MAX(x->r[x->root2[v]].last_use, (u16)at);
}

/* A view is only as alive as what it views is: needed are the operands of needed views, too. */
static void touch_operand(struct xe *x, ir_ref v, u32 at)
{
    touch(x, v, at);
    if (x->put_off[v]) {
        touch(x, x->cmp[v].a, at);
        touch(x, x->cmp[v].b, at);
    }
}

bool plan_is_dead(const struct xe *x, u32 i)
{
    const struct ir_ins *in = &x->ir->ins[i];
    u32 fx = ir_rows[in->op].effects;
    return !x->uses[i] && in->type != IR_VOID && (fx & IR_PURE || in->op == IR_get || in->op == IR_getx);
}

/* Backwards: an instruction counts only if somebody needs it. */
static void find_uses(struct xe *x)
{
    for (u32 i = x->ir->count; i--;) {
        if (x->put_off[i] || plan_is_dead(x, i))
            continue;
        for (u32 k = 0; k < ir_args(&x->ir->ins[i]); k++)
            touch_operand(x, x->ir->ins[i].arg[k], i);
    }
}

/* Must all that waits be stored at this instruction? */
bool plan_is_flush(const struct xe *x, const struct ir_ins *in)
{
    (void)x;
    switch (in->op) {
    case IR_load: case IR_store: return false; /* their cold paths store it */
    case IR_skip: case IR_label: case IR_call: case IR_getx: case IR_setx: return true;
    default: return ir_rows[in->op].effects & (IR_EXIT | IR_MEM);
    }
}

static void find_waiting_sets(struct xe *x)
{
    x->seen_stamp++;
    for (u32 i = x->ir->count; i--;) {
        const struct ir_ins *in = &x->ir->ins[i];
        if (in->op == IR_set) {
            x->again[i] = x->seen[in->imm] == x->seen_stamp;
            x->seen[in->imm] = x->seen_stamp;
        } else if (plan_is_flush(x, in)) {
            x->seen_stamp++;
        }
    }
}

/* Fields that live in fp_env are the host's while code runs: such blocks are rare. */
static void refuse_fp_fields(struct xe *x)
{
    for (u32 i = 0; i < x->ir->count; i++) {
        const struct ir_ins *in = &x->ir->ins[i];
        if ((in->op == IR_get || in->op == IR_set) && ir_field_is_fp(x->ir->layout, (u32)in->imm))
            x->unfit = true;
    }
}

/* An instruction that meets MMIO or code is rolled back and made again, exactly. So what was done before it met them
 * must bear being done twice: stores do unless something is read behind them, read-modify-writes and helpers do not.
 * Other instructions are the interpreter's. */
static void refuse_unrepeatable(struct xe *x)
{
    bool stored = false, changed = false;
    for (u32 i = 0; i < x->ir->count; i++) {
        u32 op = x->ir->ins[i].op, fx = ir_rows[op].effects;
        bool writes_only = op == IR_store || op == IR_mstore;
        if (op == IR_insn)
            stored = changed = false;
        if (op == IR_call)
            changed |= x->ir->layout->helpers[x->ir->ins[i].imm].flags & (IR_H_SYNC | IR_H_WRITES | IR_H_MEM);
        if (!(fx & IR_MEM) || op == IR_probe || op == IR_barrier || op == IR_call)
            continue;
        x->unfit |= changed || (stored && !writes_only);
        stored |= writes_only;
        changed |= fx & IR_STORES && !writes_only;
    }
}

void plan_block(struct xe *x)
{
    if (x->ir->layout->field_count > XE_FIELDS) {
        x->unfit = true;
        return;
    }
    find_roots(x);
    refuse_fp_fields(x);
    refuse_unrepeatable(x);
    if (x->unfit)
        return;
    find_conditions(x);
    find_uses(x);
    find_waiting_sets(x);
}
