/* rows.c - the table of rows and the type rules that follow from it, expanded from ops.def. */
#include "ir/vec.h"

const struct ir_row ir_rows[IR_OP_COUNT] = {
#define OP(name, result, args, kinds, effects, value) [IR_##name] = { #name, result, args, kinds, effects, NULL },
#define VOP(name, args, effects, types, function)     [IR_##name] = { #name, RES_X, args, 0, effects, types },
#define XOP(name, result, args, effects)              [IR_##name] = { #name, result, args, 0, effects, NULL },
#include "ir/ops.def"
};

const char *ir_type_name(enum ir_type t)
{
    static const char *const names[IR_TYPE_COUNT] = { "void", "i1",  "i8",  "i16", "i32",  "i64", "i128",
                                                      "f16",  "f32", "f64", "f80", "v128", "v256" };
    return t < IR_TYPE_COUNT ? names[t] : "?";
}

bool ir_vop_lane(const struct ir_row *r, enum ir_type lane)
{
    switch (r->types[0]) {
    case 'a': return lane >= IR_I8 && lane <= IR_F64 && lane != IR_I128;
    case 'i': return lane >= IR_I8 && lane <= IR_I64;
    case 'w': return lane >= IR_I16 && lane <= IR_I64;
    case 'b': return lane == IR_I8;
    case 'f': return lane == IR_F32 || lane == IR_F64;
    default: return lane == IR_VOID;
    }
}

/* A letter of a VOP row's types, given the vector type of the row. */
static enum ir_type letter(char c, enum ir_type vec, enum ir_type lane)
{
    switch (c) {
    case 'v': return vec;
    case 'q': return IR_V128;
    case 'o': return IR_V256;
    case 's': return lane;
    case '1': return IR_I1;
    case '4': return IR_I32;
    default: return IR_VOID;
    }
}

enum ir_type ir_vop_operand(const struct ir_row *r, u32 k, enum ir_type src, enum ir_type lane)
{
    return k < r->args ? letter(r->types[4 + k], src, lane) : IR_VOID;
}

static enum ir_type special_result(enum ir_op op, enum ir_type arg1)
{
    switch (op) {
    case IR_select: return arg1;
    case IR_hi: case IR_pc: return IR_I64;
    case IR_pair: case IR_clmul: return IR_I128;
    case IR_fcmp: case IR_fpremq: return IR_I8;
    case IR_stex: return IR_I32;
    case IR_rmw: case IR_cas: return arg1;
    default: return IR_VOID;
    }
}

enum ir_type ir_row_result(enum ir_op op, enum ir_type src, enum ir_type arg1, enum ir_type lane)
{
    const struct ir_row *r = &ir_rows[op];
    if (r->types) /* splat, vzext: v128 unless the author says otherwise */
        return letter(r->types[2], ir_is_vec(src) ? src : IR_V128, lane);
    switch (r->result) {
    case RES_V: return IR_VOID;
    case RES_T: return src;
    case RES_B: return ir_is_vec(src) ? src : IR_I1;
    default:
        /* lanewise conversions keep the vector */
        return ir_is_vec(src) && r->kinds & (K_VI | K_VF) ? src : special_result(op, arg1);
    }
}
