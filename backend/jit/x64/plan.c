/*
 * plan.c - the look at a block before it is emitted: which values share a place, which comparisons are put off to
 * where they are used, what is needed at all, and until when.
 */
#include "backend/jit/x64/mem.h"
#include "backend/jit/x64/plan.h"
#include "backend/jit/fit.h"
#include "ir/vec.h"
#include <string.h>

#define PUT_OFF_MAX 40u /* instructions between a comparison and its last use: its operands must live as long */

/* Rows whose cold paths store what waits. */
#define STORES_ITSELF(op) ((op) == IR_load || (op) == IR_store || (op) == IR_probe || (op) == IR_rmw \
                           || (op) == IR_cas || (op) == IR_ldex || (op) == IR_stex)
#define FLUSHES(op, fx) ((op) == IR_skip || (op) == IR_label || (op) == IR_call || (op) == IR_getx \
                         || (op) == IR_setx || ((fx) & (IR_EXIT | IR_MEM) && !STORES_ITSELF(op)))
#define VIEWS(op) ((op) == IR_trunc || (op) == IR_zext || (op) == IR_hi || (op) == IR_pair || (op) == IR_vpair \
                   || (op) == IR_vhalf || (op) == IR_extract)
#define FIT(op, fx) ((op) == IR_insn || (op) == IR_call || (op) == IR_get || (op) == IR_set || (op) == IR_setx \
                     || (fx) & IR_MEM)
#define ENDS_WINDOWS(op, fx) ((op) == IR_skip || (op) == IR_label || (op) == IR_call || (fx) & (IR_EXIT | IR_MEM))
#define DROPS(op, fx) ((fx) & IR_PURE || (op) == IR_get || (op) == IR_getx)
#define PLAN(op, fx) \
    (u8)((ENDS_WINDOWS(op, fx) ? PLAN_WINDOW : 0) | (FLUSHES(op, fx) ? PLAN_FLUSH : 0) | (VIEWS(op) ? PLAN_VIEW : 0) \
         | (FIT(op, fx) ? PLAN_FIT : 0) | (DROPS(op, fx) ? PLAN_DROPS : 0))
const u8 plan_ops[IR_OP_COUNT] = {
#define OP(name, result, args, kinds, effects, value) [IR_##name] = PLAN(IR_##name, effects),
#define VOP(name, args, effects, types, function)     [IR_##name] = PLAN(IR_##name, effects),
#define XOP(name, result, args, effects)              [IR_##name] = PLAN(IR_##name, effects),
#include "ir/ops.def"
};

#define NEW_ROOT(t, c) \
    [t] = { .reg = -1, .cls = (c), .zbits = 64, .type = (t), .slot = -1, .home = -1, .konst = IR_NONE }
static const struct xroot new_roots[IR_TYPE_COUNT] = {
    NEW_ROOT(IR_I1, XC_GPR),   NEW_ROOT(IR_I8, XC_GPR),    NEW_ROOT(IR_I16, XC_GPR), NEW_ROOT(IR_I32, XC_GPR),
    NEW_ROOT(IR_I64, XC_GPR),  NEW_ROOT(IR_I128, XC_GPR),  NEW_ROOT(IR_F16, XC_XMM), NEW_ROOT(IR_F32, XC_XMM),
    NEW_ROOT(IR_F64, XC_XMM),  NEW_ROOT(IR_F80, XC_GPR),   NEW_ROOT(IR_V128, XC_XMM), NEW_ROOT(IR_V256, XC_XMM),
};

static inline u16 new_root(struct xe *x, u32 n, u32 i, u8 type)
{
    x->r[n] = new_roots[type];
    x->r[n].last_use = (u16)i;
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

u16 plan_window_root(struct xe *x, u32 i)
{
    return new_root(x, x->root_count++, i, IR_I64);
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
    new_root(x, i, i, in->type);
    if (plan_ops[in->op] & PLAN_VIEW && find_view(x, i))
        return;
    x->root[i] = (u16)i;
    if (in->op == IR_const) {
        x->r[i].konst = (ir_ref)i;
        x->r[i].zbits = (u8)MIN(ir_bits((enum ir_type)in->type), 64u);
    }
    if (in->type == IR_I128 || in->type == IR_V256)
        add_half(x, i, in->type);
}

/* x86's auxiliary carry is one, which is hardly ever looked at. */
static bool is_sum_of_bits(const struct ir_ins *in)
{
    return in->op == IR_xor && in->type == IR_I8 && !in->lane;
}

/* Does the access make its address itself, if that is nothing else? rdx is free for it then. */
static bool makes_address(const struct xe *x, const struct ir_ins *in)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    return (in->op == IR_load || in->op == IR_store) && xe_is_inline(x, in) && !m.align
           && m.mmu == (x->b->mode & 15) % MMU_MODES;
}

static void need_whole(struct xe *x, ir_ref v)
{
    const struct ir_ins *in = &x->ir->ins[v];
    x->whole[v] = true;
    if (in->op == IR_zext) /* it may be one with its operand */
        x->whole[in->arg[0]] = true;
}

static void look_at_operands(struct xe *x, u32 i)
{
    const struct ir_ins *in = &x->ir->ins[i];
    for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++) {
        x->last[in->arg[k]] = (u16)i;
        x->reads[in->arg[k]] = (u8)MIN(x->reads[in->arg[k]] + 1u, 2u);
        if (in->op != IR_zext && (k || !makes_address(x, in)))
            need_whole(x, in->arg[k]);
    }
}

/* Forwards: places, and whether all can be compiled. */
static void look(struct xe *x)
{
    struct jit_fit r = { 0 };
    u32 count = x->ir->count, back = 0;
    x->root_count = count;
    x->cond_count = x->insns = 0;
    memset(x->root, 0xff, count * sizeof x->root[0]);
    memset(x->root2, 0xff, count * sizeof x->root2[0]);
    memset(x->last, 0, count * sizeof x->last[0]);
    memset(x->uses, 0, count * sizeof x->uses[0]);
    memset(x->put_off, 0, count);
    memset(x->whole, 0, count);
    memset(x->reads, 0, count);
    x->open_count = x->keep_count = 0;
    for (u32 i = 0; i < count; i++) {
        const struct ir_ins *in = &x->ir->ins[i];
        if (in->type != IR_VOID)
            find_root(x, i);
        look_at_operands(x, i);
        if (plan_ops[in->op] & PLAN_WINDOW)
            plan_window(x, i);
        if (in->op == IR_exit_direct && !in->imm)
            back = i;
        if (in->type == IR_I1 || is_sum_of_bits(in))
            x->conds[x->cond_count++] = (u16)i;
        x->unfit |= in->type == IR_F80; /* has no registers */
        if (plan_ops[in->op] & PLAN_FIT) {
            x->insns += in->op == IR_insn;
            x->unfit |= !jit_fits(x->ir, in, &r);
        }
    }
    if (back && !x->j->logs_exec)
        plan_loop(x, back);
}

/* For one set and nothing else: it may never be stored. */
static bool classify_sum(const struct xe *x, u32 i, struct xcmp *c)
{
    const struct ir_ins *in = &x->ir->ins[i];
    *c = (struct xcmp){ .kind = XFL_XOR, .bits = 8, .a = in->arg[0], .b = in->arg[1] };
    return x->reads[i] == 1 && x->ir->ins[x->last[i]].op == IR_set;
}

static void find_conditions(struct xe *x)
{
    for (u32 k = x->cond_count; k--;) { /* a condition of conditions lives where its user is */
        u32 i = x->conds[k];
        if (x->last[i] && x->last[i] - i <= PUT_OFF_MAX)
            x->put_off[i] = x->ir->ins[i].type == IR_I1 ? xe_classify(x, (ir_ref)i, &x->cmp[i])
                                                        : classify_sum(x, i, &x->cmp[i]);
    }
}

static inline void touch(struct xe *x, ir_ref v, u32 at)
{
    x->uses[v]++;
    if (x->root[v] != XE_NO_ROOT)
        x->r[x->root[v]].last_use = MAX(x->r[x->root[v]].last_use, (u16)at);
    if (x->root2[v] != XE_NO_ROOT)
        x->r[x->root2[v]].last_use = MAX(x->r[x->root2[v]].last_use, (u16)at);
}

/* A view is only as alive as what it views is: needed are the operands of needed views, too. */
static inline void touch_operand(struct xe *x, ir_ref v, u32 at)
{
    touch(x, v, at);
    if (x->put_off[v]) {
        touch(x, x->cmp[v].a, at);
        touch(x, x->cmp[v].b, at);
    }
}

/* What the next round begins with is needed until the end of this one. */
static void touch_kept(struct xe *x, u32 at)
{
    for (u32 k = 0; k < x->keep_count; k++)
        touch(x, x->ir->ins[x->keep[k].set].arg[0], at);
}

/* Nothing is emitted where it stands: views, constants, comparisons put off. */
static bool is_elsewhere(const struct xe *x, u32 i)
{
    const struct ir_ins *in = &x->ir->ins[i];
    return in->op == IR_const || (in->type != IR_VOID && x->root[i] != i);
}

/* The first operand, or what an access makes it of. */
static ir_ref address_operand(const struct xe *x, const struct ir_ins *in)
{
    struct xbase b;
    return makes_address(x, in) && xe_folds(x, in->arg[0], &b) ? b.v : in->arg[0];
}

/* Backwards: an instruction counts only if somebody needs it; a set may wait if another one of its field follows. */
static void find_uses(struct xe *x)
{
    x->seen_stamp++;
    x->order_count = 0;
    for (u32 i = x->ir->count; i--;) {
        const struct ir_ins *in = &x->ir->ins[i];
        u32 what = plan_ops[in->op];
        if (x->put_off[i] || (what & PLAN_DROPS && !x->uses[i]))
            continue;
        if (!is_elsewhere(x, i))
            x->order[x->order_count++] = (u16)i;
        if (x->keep_count && i == x->self_exit)
            touch_kept(x, i);
        for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
            touch_operand(x, k ? in->arg[k] : address_operand(x, in), i);
        if (in->op == IR_set) {
            x->again[i] = x->seen[in->imm] == x->seen_stamp;
            x->seen[in->imm] = x->seen_stamp;
        } else if (what & PLAN_FLUSH) {
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
    look(x);
    if (x->unfit)
        return;
    find_conditions(x);
    find_uses(x);
}
