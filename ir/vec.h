/* vec.h - whole-vector rows (VOP in ops.def) and what the IR room shares within itself.
 *
 * Private to ir/. */
#pragma once
#include "ir/ir.h"

/* Every VOP row's function: *out is the whole result, zero above its width; arg may alias out. */
#define OP(...)
#define XOP(...)
#define VOP(name, args, effects, types, function) \
    void function(const struct ir_ins *in, const union ir_val *const arg[4], struct fp_env *env, union ir_val *out);
#include "ir/ops.def"

/* Result type of a row whose operands have the types src and arg1 (IR_VOID when absent); IR_VOID when only the
 * author can say (conversions, loads, constants). Rows without a result are IR_VOID too. */
enum ir_type ir_row_result(enum ir_op op, enum ir_type src, enum ir_type arg1, enum ir_type lane);
/* Type that operand k of a VOP row must have, given the first operand's; IR_VOID: no such operand. For a vector
 * made from scalars (splat, vzext) the scalar's type is the lane. */
enum ir_type ir_vop_operand(const struct ir_row *r, u32 k, enum ir_type src, enum ir_type lane);
/* Does the VOP row work on this lane type? */
bool ir_vop_lane(const struct ir_row *r, enum ir_type lane);
/* Number of leading operands that are not IR_NONE. */
static inline u32 ir_args(const struct ir_ins *in)
{
    u32 n = 0;
    while (n < 4 && in->arg[n] != IR_NONE)
        n++;
    return n;
}

static inline u64 ir_lane_get(const union ir_val *v, u32 bits, u32 i)
{
    switch (bits) {
    case 8: return v->b[i];
    case 16: return v->h[i];
    case 32: return v->w[i];
    default: return v->d[i];
    }
}

static inline void ir_lane_set(union ir_val *v, u32 bits, u32 i, u64 to)
{
    switch (bits) {
    case 8: v->b[i] = (u8)to; break;
    case 16: v->h[i] = (u16)to; break;
    case 32: v->w[i] = (u32)to; break;
    default: v->d[i] = to;
    }
}

/* Words of the text form (ir/print.c), by enum ir_rmw, ir_order, ir_barrier. */
extern const char *const ir_rmw_names[IR_RMW_COUNT];
extern const char *const ir_order_names[4];
extern const char *const ir_barrier_names[4];

/* Type rules of instruction i alone (ir/verify_types.c): operands are known to be earlier values. */
bool ir_verify_types(const struct ir_block *b, u32 i, struct err *e) MUST_CHECK;
/* Prefixes e with instruction and row; false. */
bool ir_verify_fail(const struct ir_block *b, u32 i, struct err *e, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* May the instruction fault, so that state must be precise there? */
bool ir_may_fault(const struct ir_layout *l, const struct ir_ins *in);
/* Does the field lie in the layout's struct fp_env? */
static inline bool ir_field_is_fp(const struct ir_layout *l, u64 field)
{
    const struct ir_field *f = &l->fields[field];
    return l->fp_env != ~0u && f->offset < l->fp_env + sizeof(struct fp_env)
           && l->fp_env < f->offset + ir_bytes((enum ir_type)f->type);
}

/* ---- passes (ir/passes.c, ir/simplify.c) ---- */
struct ir_edit {
    ir_ref to[IR_BLOCK_MAX];   /* a dead value's replacement; itself where nothing changed */
    bool   dead[IR_BLOCK_MAX];
    bool   look[IR_BLOCK_MAX]; /* insn: the run may end before it, a helper of IR_H_SYNC stands in the one before */
};
/* Folding, identities and merging of equal pure values. In order over a block, behind ir_simplify_begin(): each value
 * of a PURE row, whose operands went through `to`, and which is marked and renamed when something else replaces it;
 * each label with its skip. */
#define IR_SIMPLIFY_SLOTS 256u
struct ir_simplify {
    struct ir_block *b;
    struct ir_edit  *ed;
    u32              last_set; /* set or setx so far: the caller's to note */
    ir_ref           slot[IR_SIMPLIFY_SLOTS];
    u8               hidden[IR_BLOCK_MAX];  /* made under a skip that has ended */
};
void ir_simplify_begin(struct ir_simplify *w, struct ir_block *b, struct ir_edit *ed);
void ir_simplify_value(struct ir_simplify *w, u32 i);
void ir_simplify_label(struct ir_simplify *w, u32 skip, u32 label);
