/*
 * rows.c - from a row of ops.def to its function. A function that is missing does not link.
 */
#include "backend/jit/llvm/rows.h"

typedef LLVMValueRef row_fn(struct lb *l, u32 i);

#define SCALAR (K_1 | K_I | K_Q | K_F | K_X)
#define VECTOR (K_VI | K_VF | K_V)

static row_fn *const rows[IR_OP_COUNT] = {
#define OP(name, result, args, kinds, ...) [IR_##name] = (kinds) & SCALAR ? llvm_row_##name : NULL,
#define VOP(name, ...) [IR_##name] = llvm_row_##name,
#define XOP(name, ...)
#include "ir/ops.def"
    [IR_const] = llvm_row_const,
};
/* OP rows on vectors; bitcast and select do not care. */
#define llvm_vrow_bitcast llvm_row_bitcast
#define llvm_vrow_select llvm_row_select
static row_fn *const vector_rows[IR_OP_COUNT] = {
#define OP(name, result, args, kinds, ...) [IR_##name] = (kinds) & VECTOR ? llvm_vrow_##name : NULL,
#define VOP(...)
#define XOP(...)
#include "ir/ops.def"
};

LLVMValueRef lb_row(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    bool vector = ir_is_vec((enum ir_type)in->src) && vector_rows[in->op];
    row_fn *f = (vector ? vector_rows : rows)[in->op];
    CHECK(f);
    l->v[i] = f(l, i);
    return l->v[i];
}
