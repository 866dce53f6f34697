/* build.c - the builder: appends instructions and works out their types.
 *
 * It checks nothing but the block's size; a wrong block is the verifier's to refuse (ir/verify.c). */
#include "ir/vec.h"

void ir_begin(struct ir_block *b, const struct ir_layout *l)
{
    b->layout = l;
    b->count = 0;
    b->labels = 0;
    b->insns = 0;
    b->guest_len = 0;
}

ir_ref ir_emit(struct ir_block *b, struct ir_ins in)
{
    CHECK(b->count < IR_BLOCK_MAX);
    b->ins[b->count] = in;
    return (ir_ref)b->count++;
}

/* The next instruction, made in its place. */
static struct ir_ins *append(struct ir_block *b, enum ir_op op)
{
    CHECK(b->count < IR_BLOCK_MAX);
    struct ir_ins *in = &b->ins[b->count++];
    *in = (struct ir_ins){ .op = (u16)op, .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    return in;
}

static ir_ref last(const struct ir_block *b) { return (ir_ref)(b->count - 1); }

static enum ir_type type_at(const struct ir_block *b, ir_ref r)
{
    return r == IR_NONE ? IR_VOID : ir_type_of(b, r);
}

void ir_insn(struct ir_block *b, u32 offset, u32 length)
{
    struct ir_ins *in = append(b, IR_insn);
    in->imm = offset;
    in->aux = length;
    b->insns++;
    b->guest_len = MAX(b->guest_len, offset + length);
}

ir_ref ir_const(struct ir_block *b, enum ir_type t, u64 v)
{
    struct ir_ins *in = append(b, IR_const);
    in->type = (u8)t;
    in->imm = ir_bits(t) < 64 ? v & ((1ull << ir_bits(t)) - 1) : v;
    return last(b);
}

ir_ref ir_vconst(struct ir_block *b, u64 lo, u64 hi)
{
    struct ir_ins *in = append(b, IR_const);
    in->type = IR_V128;
    in->imm = lo;
    in->imm2 = hi;
    return last(b);
}

ir_ref ir_get(struct ir_block *b, u32 field)
{
    struct ir_ins *in = append(b, IR_get);
    in->type = b->layout->fields[field].type;
    in->imm = field;
    return last(b);
}

void ir_set(struct ir_block *b, u32 field, ir_ref v)
{
    struct ir_ins *in = append(b, IR_set);
    in->src = (u8)type_at(b, v);
    in->arg[0] = v;
    in->imm = field;
}

ir_ref ir_getx(struct ir_block *b, u32 range, ir_ref index)
{
    struct ir_ins *in = append(b, IR_getx);
    in->type = b->layout->fields[b->layout->ranges[range].first].type;
    in->src = (u8)type_at(b, index);
    in->arg[0] = index;
    in->imm = range;
    return last(b);
}

void ir_setx(struct ir_block *b, u32 range, ir_ref index, ir_ref v)
{
    struct ir_ins *in = append(b, IR_setx);
    in->src = (u8)type_at(b, index);
    in->arg[0] = index;
    in->arg[1] = v;
    in->imm = range;
}

ir_ref ir_pc(struct ir_block *b, i64 offset)
{
    struct ir_ins *in = append(b, IR_pc);
    in->type = IR_I64;
    in->imm = (u64)offset;
    return last(b);
}

ir_ref ir_opx(struct ir_block *b, enum ir_op op, enum ir_type type, enum ir_type lane, u32 flag, u64 imm,
              ir_ref x, ir_ref y, ir_ref z)
{
    struct ir_ins *in = append(b, op);
    in->type = (u8)type;
    in->src = (u8)type_at(b, x);
    in->lane = (u8)lane;
    in->flag = (u8)flag;
    in->imm = imm;
    in->arg[0] = x;
    in->arg[1] = y;
    in->arg[2] = z;
    return last(b);
}

/* The lane is dropped for rows on whole vectors, so that frontends need not tell them apart. */
static ir_ref typed(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x, ir_ref y, ir_ref z)
{
    enum ir_type src = type_at(b, x);
    u16 kinds = ir_rows[op].kinds;
    if (!ir_is_vec(src) && !ir_rows[op].types)
        lane = IR_VOID;
    if ((kinds && !(kinds & (K_VI | K_VF))) || (ir_rows[op].types && ir_rows[op].types[0] == '-'))
        lane = IR_VOID;
    return ir_opx(b, op, ir_row_result(op, src, type_at(b, y), lane), lane, 0, 0, x, y, z);
}

ir_ref ir_op1(struct ir_block *b, enum ir_op op, ir_ref x)
{
    return typed(b, op, IR_VOID, x, IR_NONE, IR_NONE);
}

ir_ref ir_op2(struct ir_block *b, enum ir_op op, ir_ref x, ir_ref y)
{
    return typed(b, op, IR_VOID, x, y, IR_NONE);
}

ir_ref ir_op3(struct ir_block *b, enum ir_op op, ir_ref x, ir_ref y, ir_ref z)
{
    return typed(b, op, IR_VOID, x, y, z);
}

ir_ref ir_vop1(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x)
{
    return typed(b, op, lane, x, IR_NONE, IR_NONE);
}

ir_ref ir_vop2(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x, ir_ref y)
{
    return typed(b, op, lane, x, y, IR_NONE);
}

ir_ref ir_vop3(struct ir_block *b, enum ir_op op, enum ir_type lane, ir_ref x, ir_ref y, ir_ref z)
{
    return typed(b, op, lane, x, y, z);
}

ir_ref ir_conv(struct ir_block *b, enum ir_op op, enum ir_type to, ir_ref x)
{
    return ir_opx(b, op, to, IR_VOID, 0, 0, x, IR_NONE, IR_NONE);
}

ir_ref ir_load(struct ir_block *b, enum ir_type t, ir_ref addr, struct ir_mem m)
{
    struct ir_ins *in = append(b, IR_load);
    in->type = (u8)t;
    in->src = (u8)type_at(b, addr);
    in->arg[0] = addr;
    in->aux = ir_mem_pack(m);
    return last(b);
}

void ir_store(struct ir_block *b, ir_ref addr, ir_ref v, struct ir_mem m)
{
    struct ir_ins *in = append(b, IR_store);
    in->src = (u8)type_at(b, addr);
    in->arg[0] = addr;
    in->arg[1] = v;
    in->aux = ir_mem_pack(m);
}

ir_ref ir_call(struct ir_block *b, u32 helper, ir_ref x, ir_ref y, ir_ref z)
{
    struct ir_ins *in = append(b, IR_call);
    in->type = b->layout->helpers[helper].result;
    in->src = (u8)type_at(b, x);
    in->arg[0] = x;
    in->arg[1] = y;
    in->arg[2] = z;
    in->imm = helper;
    return last(b);
}

u16 ir_skip(struct ir_block *b, ir_ref cond)
{
    struct ir_ins *in = append(b, IR_skip);
    in->src = (u8)type_at(b, cond);
    in->arg[0] = cond;
    in->imm = b->labels;
    return b->labels++;
}

void ir_label(struct ir_block *b, u16 label)
{
    struct ir_ins *in = append(b, IR_label);
    in->imm = label;
}

static void emit_exit(struct ir_block *b, enum ir_op op, ir_ref v, u64 imm, enum ir_hint h, i64 return_offset)
{
    struct ir_ins *in = append(b, op);
    in->src = (u8)type_at(b, v);
    in->arg[0] = v;
    in->imm = imm;
    in->flag = (u8)h;
    in->imm2 = h == IR_HINT_call ? (u64)return_offset : 0;
}

void ir_exit_direct(struct ir_block *b, i64 offset, enum ir_hint h, i64 return_offset)
{
    emit_exit(b, IR_exit_direct, IR_NONE, (u64)offset, h, return_offset);
}

void ir_exit_indirect(struct ir_block *b, ir_ref pc, enum ir_hint h, i64 return_offset)
{
    emit_exit(b, IR_exit_indirect, pc, 0, h, return_offset);
}

void ir_exit_mode(struct ir_block *b, ir_ref pc)
{
    emit_exit(b, IR_exit_mode, pc, 0, IR_HINT_none, 0);
}

void ir_exit_exc(struct ir_block *b, u32 code, ir_ref payload)
{
    emit_exit(b, IR_exit_exc, payload, code, IR_HINT_none, 0);
}
