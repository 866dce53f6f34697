/* verify.c - the rules of ir.h that span instructions: order, labels, life of values, exits.
 *
 * Beyond ir.h's list:
 *  - a skip and its label belong to each other alone and to one guest instruction, so that the number of
 *    instructions run does not depend on data;
 *  - what may fault comes before the first side effect of its guest instruction, or behind it if a probe
 *    stands before that effect. Side effects are sets, stores, helpers that write state, and FP rows where the
 *    layout has a struct fp_env, since they leave sticky flags;
 *  - a field set in an instruction is not read back in it, unless a label or a helper stands between. */
#include "ir/vec.h"
#include <string.h>

struct order { /* of effects within a guest instruction */
    bool effect, probed;
};

struct check {
    const struct ir_block *b;
    struct err            *e;
    struct order           now;
    bool                   ended;                 /* the last instruction left the block */
    u16                    skip_at[IR_BLOCK_MAX]; /* by label: IR_NONE, or the open skip */
    u8                     closed[IR_BLOCK_MAX];  /* by label */
    struct order           at_skip[IR_BLOCK_MAX]; /* by label */
    u8                     hidden[IR_BLOCK_MAX];  /* by value: made under a skip that has ended */
    u32                    open;                  /* skips without their label so far */
};

bool ir_may_fault(const struct ir_layout *l, const struct ir_ins *in)
{
    if (in->op == IR_call)
        return in->imm < l->helper_count && l->helpers[in->imm].flags & (IR_H_FAULT | IR_H_MEM | IR_H_SYNC);
    return ir_rows[in->op].effects & IR_MEM && in->op != IR_barrier;
}

static bool has_effect(const struct ir_layout *l, const struct ir_ins *in)
{
    if (in->op == IR_call)
        return in->imm < l->helper_count && l->helpers[in->imm].flags & (IR_H_WRITES | IR_H_MEM)
               && !(l->helpers[in->imm].flags & IR_H_BULK);
    u16 fx = ir_rows[in->op].effects;
    return fx & (IR_WRITES | IR_STORES) || (fx & IR_FP && l->fp_env != ~0u);
}

static bool check_order(struct check *c, u32 i)
{
    const struct ir_layout *l = c->b->layout;
    const struct ir_ins *in = &c->b->ins[i];
    if (in->op == IR_probe && c->now.effect)
        return ir_verify_fail(c->b, i, c->e, "a probe behind a side effect of its instruction");
    if (in->op == IR_probe)
        c->now.probed = true;
    if (c->now.effect && !c->now.probed && ir_may_fault(l, in))
        return ir_verify_fail(c->b, i, c->e, "may fault behind a side effect of its instruction");
    if (has_effect(l, in))
        c->now.effect = true;
    return true;
}

static bool check_get(const struct check *c, u32 i)
{
    for (u32 k = i; k--;) {
        const struct ir_ins *in = &c->b->ins[k];
        if (in->op == IR_insn || in->op == IR_label || in->op == IR_call)
            return true;
        if (in->op == IR_set && in->imm == c->b->ins[i].imm)
            return ir_verify_fail(c->b, i, c->e, "reads what its instruction has set");
    }
    return true;
}

static bool check_skip(struct check *c, u32 i)
{
    u64 label = c->b->ins[i].imm;
    if (label >= c->b->labels)
        return ir_verify_fail(c->b, i, c->e, "no such label");
    if (c->skip_at[label] != IR_NONE || c->closed[label])
        return ir_verify_fail(c->b, i, c->e, "label L%u has a skip already", (u32)label);
    c->skip_at[label] = (u16)i;
    c->at_skip[label] = c->now;
    c->open++;
    return true;
}

static bool check_label(struct check *c, u32 i)
{
    u64 label = c->b->ins[i].imm;
    if (label >= c->b->labels || c->skip_at[label] == IR_NONE)
        return ir_verify_fail(c->b, i, c->e, "label without a skip before it");
    memset(c->hidden + c->skip_at[label], 1, i - c->skip_at[label]);
    struct order before = c->at_skip[label];
    if (c->ended)
        c->now = before;
    c->now.effect |= before.effect;
    c->now.probed &= before.probed;
    c->skip_at[label] = IR_NONE;
    c->closed[label] = true;
    c->open--;
    return true;
}

static bool check_insn(struct check *c, u32 i)
{
    const struct ir_ins *in = &c->b->ins[i];
    if (c->open)
        return ir_verify_fail(c->b, i, c->e, "an instruction begins between a skip and its label");
    if (in->imm > c->b->guest_len || in->aux > c->b->guest_len - in->imm)
        return ir_verify_fail(c->b, i, c->e, "lies outside the block's bytes");
    c->now = (struct order){ false, false };
    return true;
}

static bool check_args(const struct check *c, u32 i)
{
    const struct ir_ins *in = &c->b->ins[i];
    for (u32 k = 0; k < 4; k++) {
        u32 r = in->arg[k];
        if (r == IR_NONE)
            continue;
        if (r >= i || c->b->ins[r].type == IR_VOID)
            return ir_verify_fail(c->b, i, c->e, "operand %u is not an earlier value", k);
        if (k && in->arg[k - 1] == IR_NONE)
            return ir_verify_fail(c->b, i, c->e, "operand %u is missing", k - 1);
        if (c->hidden[r])
            return ir_verify_fail(c->b, i, c->e, "operand %u was made under a skip that has ended", k);
    }
    return true;
}

static bool check_place(struct check *c, u32 i)
{
    const struct ir_ins *in = &c->b->ins[i];
    if (i == 0 && in->op != IR_insn)
        return ir_verify_fail(c->b, i, c->e, "the block does not begin with insn");
    if (c->ended && in->op != IR_label)
        return ir_verify_fail(c->b, i, c->e, "cannot be reached");
    switch (in->op) {
    case IR_insn: return check_insn(c, i);
    case IR_skip: return check_skip(c, i);
    case IR_label: return check_label(c, i);
    case IR_get: return check_get(c, i);
    default: return check_order(c, i);
    }
}

static bool check_ins(struct check *c, u32 i)
{
    const struct ir_ins *in = &c->b->ins[i];
    if (in->op >= IR_OP_COUNT || in->type >= IR_TYPE_COUNT || in->src >= IR_TYPE_COUNT || in->lane >= IR_TYPE_COUNT)
        return ir_verify_fail(c->b, i, c->e, "no such operation or type");
    if (!check_args(c, i) || !ir_verify_types(c->b, i, c->e) || !check_place(c, i))
        return false;
    c->ended = ir_rows[in->op].effects & IR_EXIT;
    return true;
}

bool ir_verify(const struct ir_block *b, struct err *e)
{
    struct check c = { .b = b, .e = e };
    u32 insns = 0;
    if (b->count == 0 || b->count > IR_BLOCK_MAX || b->labels > IR_BLOCK_MAX)
        return err_set(e, "block of %u instructions and %u labels", b->count, b->labels);
    memset(c.skip_at, 0xff, sizeof c.skip_at);
    for (u32 i = 0; i < b->count; i++) {
        if (!check_ins(&c, i))
            return false;
        insns += b->ins[i].op == IR_insn;
    }
    if (c.open)
        return err_set(e, "a skip without its label");
    if (!c.ended)
        return err_set(e, "the block does not end in an exit");
    return insns == b->insns || err_set(e, "%u guest instructions, %u counted", insns, b->insns);
}
