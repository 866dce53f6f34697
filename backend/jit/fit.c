/* fit.c - see fit.h */
#include "backend/jit/fit.h"
#include "ir/vec.h"

/* An instruction that meets MMIO or code is rolled back and made again, exactly. So what was done before it met them
 * must bear being done twice: stores do unless the instruction reads, too, read-modify-writes, helpers and sets do
 * not. */
static bool is_unrepeatable(const struct ir_block *b, const struct ir_ins *in, u32 fx, struct jit_fit *f)
{
    bool writes_only = in->op == IR_store || in->op == IR_mstore;
    if (in->op == IR_insn)
        *f = (struct jit_fit){ 0 };
    if (in->op == IR_call) {
        u32 flags = b->layout->helpers[in->imm].flags;
        f->changed |= !(flags & IR_H_BULK) && flags & (IR_H_SYNC | IR_H_WRITES | IR_H_MEM);
        return false;
    }
    if (!(fx & IR_MEM) || in->op == IR_probe || in->op == IR_barrier)
        return false;
    if (f->changed || (f->stored && (!writes_only || f->loaded)))
        return true;
    f->loaded |= !writes_only;
    f->stored |= writes_only;
    f->changed |= fx & IR_STORES && !writes_only;
    return false;
}

/* Fields that live in fp_env are the host's while code runs. */
bool jit_fits(const struct ir_block *b, const struct ir_ins *in, struct jit_fit *f)
{
    if (in->op == IR_set || in->op == IR_setx)
        f->changed = true; /* the instruction made again would read it */
    if (in->op == IR_get || in->op == IR_set)
        return !ir_field_is_fp(b->layout, in->imm);
    return !is_unrepeatable(b, in, ir_rows[in->op].effects, f);
}
