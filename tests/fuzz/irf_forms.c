/*
 * irf_forms.c - every value row of ops.def with every combination of types, found by asking the verifier.
 */
#include "tests/fuzz/irfuzz.h"
#include <string.h>

/* Type of operand k of an OP row, as verify_types.c has it; `any` is what select chooses between. */
static enum ir_type op_operand(enum ir_op op, u32 k, enum ir_type src, enum ir_type any)
{
    switch (op) {
    case IR_select: return k == 0 ? IR_I1 : any;
    case IR_carry: case IR_borrow: case IR_ovadd: case IR_ovsub: return k == 2 ? IR_I1 : src;
    case IR_crc32: case IR_crc32c: return k == 0 ? IR_I32 : IR_I64;
    default: return src;
    }
}

static bool fits(const struct irf_layout *y, struct ir_block *b, struct irf_form *f)
{
    struct ir_ins in = { .op = f->op, .type = f->type, .src = f->operand[0], .lane = f->lane,
                         .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    struct err e;
    ir_begin(b, &y->l);
    ir_insn(b, 0, 4);
    for (u32 k = 0; k < 4 && f->operand[k]; k++)
        in.arg[k] = ir_get(b, y->first[f->operand[k]]);
    if (f->op == IR_crc32 || f->op == IR_crc32c)
        in.imm = 1;
    if (f->op == IR_stof || f->op == IR_utof)
        in.imm = 7;
    return ir_verify_types(b, ir_emit(b, in), &e);
}

/* One choice of source, lane and result. */
static bool make_form(struct irf_form *f, enum ir_op op, enum ir_type src, enum ir_type lane, enum ir_type type)
{
    const struct ir_row *row = &ir_rows[op];
    *f = (struct irf_form){ .op = (u16)op, .type = (u8)type, .src = (u8)src, .lane = (u8)lane };
    if (row->types && row->types[4] == 's' && src != lane)
        return false;
    for (u32 k = 0; k < row->args; k++) {
        enum ir_type t = row->types ? ir_vop_operand(row, k, src, lane) : op_operand(op, k, src, type);
        if (t == IR_VOID)
            return false;
        f->operand[k] = (u8)t;
    }
    return true;
}

static void add_row(struct irf_forms *f, const struct irf_layout *y, enum ir_op op)
{
    static const u8 lanes[] = { IR_VOID, IR_I8, IR_I16, IR_I32, IR_I64, IR_F16, IR_F32, IR_F64 };
    static struct ir_block b; /* scratch: large */
    u32 before = f->count;
    for (enum ir_type src = IR_I1; src < IR_TYPE_COUNT; src++)
        for (u32 l = 0; l < COUNT(lanes); l++)
            for (enum ir_type type = IR_I1; type < IR_TYPE_COUNT; type++) {
                struct irf_form one;
                if (!make_form(&one, op, src, (enum ir_type)lanes[l], type) || !fits(y, &b, &one))
                    continue;
                CHECK(f->count < IRF_FORMS);
                f->form[f->count++] = one;
            }
    CHECK(f->count > before); /* a row that no type fits */
    f->first[op] = (u16)before;
    f->of_op[op] = (u16)(f->count - before);
}

void irf_forms_init(struct irf_forms *f, const struct irf_layout *y)
{
    f->count = 0;
    for (u32 fp = 0; fp < 2; fp++) {
        for (u32 op = 0; op < IR_OP_COUNT; op++)
            if ((ir_rows[op].kinds || ir_rows[op].types) && !(ir_rows[op].effects & IR_FP) == !fp)
                add_row(f, y, (enum ir_op)op);
        if (!fp)
            f->pure = f->count;
    }
}

/* ---- immediates: what verify_types.c allows ---- */

static u64 random_rounding(struct fuzz_rng *r)
{
    static const u8 modes[] = { 0, 1, 2, 3, 4, 5, 7, 7 };
    return modes[fuzz_pick(r, COUNT(modes))];
}

static u64 random_fraction(struct fuzz_rng *r)
{
    static const u8 bits[] = { 0, 0, 0, 1, 8, 16, 31, 32, 63, 64 };
    return fuzz_one_in(r, 4) ? fuzz_pick(r, 65) : bits[fuzz_pick(r, COUNT(bits))];
}

void irf_random_imm(struct fuzz_rng *r, struct ir_ins *in)
{
    switch (in->op) {
    case IR_crc32: case IR_crc32c: in->imm = 1u << fuzz_pick(r, 4); break;
    case IR_frint: in->imm = random_rounding(r); in->flag = fuzz_one_in(r, 2); break;
    case IR_ftosx: in->imm = random_rounding(r); break;
    case IR_ftos: case IR_ftou: in->imm = random_rounding(r); in->imm |= random_fraction(r) << 3; break;
    case IR_stof: case IR_utof: in->imm = 7 | random_fraction(r) << 3; break;
    case IR_vshl_sat: in->flag = (u8)fuzz_pick(r, 8); break;
    case IR_fcmp: case IR_fprem: case IR_fpremq: case IR_vfcvtn: in->flag = fuzz_one_in(r, 2); break;
    case IR_extract: case IR_insert:
        in->imm = fuzz_pick(r, ir_bits((enum ir_type)in->src) / ir_bits((enum ir_type)in->lane));
        break;
    case IR_vext: in->imm = fuzz_pick(r, 33); break;
    case IR_tbx: in->imm = fuzz_one_in(r, 4) ? fuzz_pick(r, 256) : 16 * fuzz_pick(r, 4); break;
    case IR_vuxtl: case IR_vsxtl: case IR_vpmull: case IR_vhalf: case IR_vfcvtl: in->imm = fuzz_pick(r, 2); break;
    default: break;
    }
}
