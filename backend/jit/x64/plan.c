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

/* A second half, behind the values. */
static void add_half(struct xe *x, u32 i, u8 type)
{
    if (x->root_count == XE_ROOTS) {
        x->unfit = true;
        return;
    }
    x->root2[i] = new_root(x, x->root_count++, i, type);
    x->r[i].type = x->r[x->root2[i]].type = type == IR_I128 ? IR_I64 : IR_V128;
}

static void find_root(struct xe *x, u32 i)
{
    const struct ir_ins *in = &x->ir->ins[i];
    x->root[i] = x->root2[i] = XE_NO_ROOT;
    x->put_off[i] = false;
    x->uses[i] = 0;
    x->last[i] = 0;
    if (in->type == IR_VOID)
        return;
    new_root(x, i, i, in->type);
    if (find_view(x, i))
        return;
    x->root[i] = (u16)i;
    if (in->op == IR_const) {
        x->r[i].konst = (ir_ref)i;
        x->r[i].zbits = (u8)MIN(ir_bits((enum ir_type)in->type), 64u);
    }
    if (in->type == IR_I128 || in->type == IR_V256)
        add_half(x, i, in->type);
}

/* ---- what the interpreter runs instead ---- */

struct repeat {
    bool loaded, stored, changed;
};

/* An instruction that meets MMIO or code is rolled back and made again, exactly. So what was done before it met them
 * must bear being done twice: stores do unless the instruction reads, too, read-modify-writes and helpers do not. */
static bool is_unrepeatable(const struct xe *x, const struct ir_ins *in, u32 fx, struct repeat *r)
{
    bool writes_only = in->op == IR_store || in->op == IR_mstore;
    if (in->op == IR_insn)
        *r = (struct repeat){ 0 };
    if (in->op == IR_call) {
        r->changed |= x->ir->layout->helpers[in->imm].flags & (IR_H_SYNC | IR_H_WRITES | IR_H_MEM);
        return false;
    }
    if (!(fx & IR_MEM) || in->op == IR_probe || in->op == IR_barrier)
        return false;
    if (r->changed || (r->stored && (!writes_only || r->loaded)))
        return true;
    r->loaded |= !writes_only;
    r->stored |= writes_only;
    r->changed |= fx & IR_STORES && !writes_only;
    return false;
}

/* f80 values have no registers; fields that live in fp_env are the host's while code runs. */
static bool is_foreign(const struct xe *x, const struct ir_ins *in)
{
    if (in->type == IR_F80 || in->src == IR_F80)
        return true;
    return (in->op == IR_get || in->op == IR_set) && ir_field_is_fp(x->ir->layout, (u32)in->imm);
}

/* Forwards: places, and whether all can be compiled. True: there are conditions. */
static bool look(struct xe *x)
{
    struct repeat r = { 0 };
    bool conditions = false;
    x->root_count = x->ir->count;
    for (u32 i = 0; i < x->ir->count; i++) {
        const struct ir_ins *in = &x->ir->ins[i];
        find_root(x, i);
        for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
            x->last[in->arg[k]] = (u16)i;
        conditions |= in->type == IR_I1;
        x->unfit |= is_foreign(x, in) || is_unrepeatable(x, in, ir_rows[in->op].effects, &r);
    }
    return conditions;
}

static void find_conditions(struct xe *x)
{
    for (u32 i = x->ir->count; i--;) { /* a condition of conditions lives where its user is */
        if (x->ir->ins[i].type != IR_I1 || !x->last[i] || x->last[i] - i > PUT_OFF_MAX)
            continue;
        x->put_off[i] = xe_classify(x, (ir_ref)i, &x->cmp[i]);
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

/* Must all that waits be stored at this instruction? */
bool plan_is_flush(const struct xe *x, const struct ir_ins *in)
{
    (void)x;
    switch (in->op) {
    case IR_load: case IR_store: case IR_probe: case IR_rmw: case IR_cas: case IR_ldex: case IR_stex:
        return false; /* their cold paths store it */
    case IR_skip: case IR_label: case IR_call: case IR_getx: case IR_setx: return true;
    default: return ir_rows[in->op].effects & (IR_EXIT | IR_MEM);
    }
}

/* Backwards: an instruction counts only if somebody needs it; a set may wait if another one of its field follows. */
static void find_uses(struct xe *x)
{
    x->seen_stamp++;
    for (u32 i = x->ir->count; i--;) {
        const struct ir_ins *in = &x->ir->ins[i];
        if (in->type != IR_VOID && (x->put_off[i] || plan_is_dead(x, i)))
            continue;
        for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
            touch_operand(x, in->arg[k], i);
        if (in->op == IR_set) {
            x->again[i] = x->seen[in->imm] == x->seen_stamp;
            x->seen[in->imm] = x->seen_stamp;
        } else if (plan_is_flush(x, in)) {
            x->seen_stamp++;
        }
    }
}

void plan_block(struct xe *x)
{
    if (x->ir->layout->field_count > XE_FIELDS) {
        x->unfit = true;
        return;
    }
    bool conditions = look(x);
    if (x->unfit)
        return;
    if (conditions)
        find_conditions(x);
    find_uses(x);
}
