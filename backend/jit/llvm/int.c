/*
 * int.c - scalar integer rows: arithmetic, logic, shifts, comparison, width.
 */
#include "backend/jit/llvm/int.h"

static LLVMValueRef zero(struct lb *l, u32 i) { return lb_const(l, lb_type(l, i), 0); }

/* ---- constants, width ---- */

LLVMValueRef llvm_row_const(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    u64 words[2] = { in->imm, in->imm2 };
    switch (in->type) {
    case IR_I128: case IR_F80: return LLVMConstIntOfArbitraryPrecision(lb_type(l, i), 2, words);
    case IR_F32: case IR_F64:
        return LLVMConstBitCast(lb_const(l, l->type[in->type == IR_F32 ? IR_I32 : IR_I64], in->imm), lb_type(l, i));
    case IR_V128: {
        LLVMValueRef half[2] = { lb_const(l, l->type[IR_I64], in->imm), lb_const(l, l->type[IR_I64], in->imm2) };
        return LLVMConstVector(half, 2);
    }
    default: return lb_const(l, lb_type(l, i), in->imm);
    }
}

LLVMValueRef llvm_row_zext(struct lb *l, u32 i) { return LLVMBuildZExt(l->b, lb_arg(l, i, 0), lb_type(l, i), ""); }
LLVMValueRef llvm_row_sext(struct lb *l, u32 i) { return LLVMBuildSExt(l->b, lb_arg(l, i, 0), lb_type(l, i), ""); }
LLVMValueRef llvm_row_trunc(struct lb *l, u32 i) { return LLVMBuildTrunc(l->b, lb_arg(l, i, 0), lb_type(l, i), ""); }

/* An f80 has zeros above its 80 bits. */
LLVMValueRef llvm_row_bitcast(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    LLVMValueRef v = LLVMBuildBitCast(l->b, lb_arg(l, i, 0), lb_type(l, i), "");
    if (in->type != IR_F80 || in->src == IR_F80)
        return v;
    u64 words[2] = { ~0ull, 0xffff };
    return LLVMBuildAnd(l->b, v, LLVMConstIntOfArbitraryPrecision(l->type[IR_I128], 2, words), "");
}

LLVMValueRef llvm_row_select(struct lb *l, u32 i)
{
    return LLVMBuildSelect(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), lb_arg(l, i, 2), "");
}

LLVMValueRef llvm_row_hi(struct lb *l, u32 i)
{
    LLVMValueRef high = LLVMBuildLShr(l->b, lb_arg(l, i, 0), lb_const(l, l->type[IR_I128], 64), "");
    return LLVMBuildTrunc(l->b, high, l->type[IR_I64], "");
}

LLVMValueRef llvm_row_pair(struct lb *l, u32 i)
{
    LLVMTypeRef t = l->type[IR_I128];
    LLVMValueRef low = LLVMBuildZExt(l->b, lb_arg(l, i, 0), t, "");
    LLVMValueRef high = LLVMBuildZExt(l->b, lb_arg(l, i, 1), t, "");
    return LLVMBuildOr(l->b, LLVMBuildShl(l->b, high, lb_const(l, t, 64), ""), low, "");
}

/* ---- arithmetic ---- */

LLVMValueRef llvm_row_add(struct lb *l, u32 i) { return LLVMBuildAdd(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), ""); }
LLVMValueRef llvm_row_sub(struct lb *l, u32 i) { return LLVMBuildSub(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), ""); }
LLVMValueRef llvm_row_mul(struct lb *l, u32 i) { return LLVMBuildMul(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), ""); }
LLVMValueRef llvm_row_neg(struct lb *l, u32 i) { return LLVMBuildNeg(l->b, lb_arg(l, i, 0), ""); }

/* The upper half of a product: the host's one multiplication. */
static LLVMValueRef high_half(struct lb *l, u32 i, bool is_signed)
{
    u32 bits = lb_bits(l, i);
    LLVMTypeRef wide = LLVMIntTypeInContext(l->c, 2 * bits);
    LLVMValueRef v[2];
    for (u32 k = 0; k < 2; k++)
        v[k] = LLVMBuildCast(l->b, is_signed ? LLVMSExt : LLVMZExt, lb_arg(l, i, k), wide, "");
    LLVMValueRef product = LLVMBuildMul(l->b, v[0], v[1], "");
    return LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, product, lb_const(l, wide, bits), ""), lb_type(l, i), "");
}

LLVMValueRef llvm_row_mulhu(struct lb *l, u32 i) { return high_half(l, i, false); }
LLVMValueRef llvm_row_mulhs(struct lb *l, u32 i) { return high_half(l, i, true); }

LLVMValueRef llvm_row_abs(struct lb *l, u32 i)
{
    return int_call2(l, "llvm.abs", lb_arg(l, i, 0), lb_const(l, l->type[IR_I1], 0)); /* the most negative: itself */
}

/* ---- division: by zero gives `instead`; the host would trap there, and at the most negative number by -1 ---- */

struct division {
    struct lb   *l;
    LLVMOpcode   op;
    bool         is_signed;
    LLVMValueRef a, b, instead, by_minus_one;
};

/* Divisors that go the rare way. */
static LLVMValueRef is_rare(const struct division *d)
{
    LLVMBuilderRef b = d->l->b;
    LLVMValueRef one = int_like(d->l, d->b, 1);
    if (!d->is_signed)
        return LLVMBuildICmp(b, LLVMIntEQ, d->b, int_like(d->l, d->b, 0), "");
    return LLVMBuildICmp(b, LLVMIntULE, LLVMBuildAdd(b, d->b, one, ""), one, "");
}

static LLVMValueRef rare_result(const struct division *d)
{
    LLVMValueRef by_zero = LLVMBuildICmp(d->l->b, LLVMIntEQ, d->b, int_like(d->l, d->b, 0), "");
    return d->is_signed ? LLVMBuildSelect(d->l->b, by_zero, d->instead, d->by_minus_one, "") : d->instead;
}

static LLVMValueRef divide(const struct division *d)
{
    struct lb *l = d->l;
    LLVMValueRef rare = is_rare(d), v[2];
    if (LLVMIsAConstantInt(rare))
        return LLVMConstIntGetZExtValue(rare) ? rare_result(d) : LLVMBuildBinOp(l->b, d->op, d->a, d->b, "");
    LLVMBasicBlockRef way[2], join;
    for (u32 k = 0; k < 2; k++)
        way[k] = LLVMAppendBasicBlockInContext(l->c, l->fn, k ? "" : "cold");
    join = LLVMAppendBasicBlockInContext(l->c, l->fn, "");
    LLVMSetMetadata(LLVMBuildCondBr(l->b, rare, way[0], way[1]), l->cold_kind, l->unlikely);
    for (u32 k = 0; k < 2; k++) {
        LLVMPositionBuilderAtEnd(l->b, way[k]);
        v[k] = k ? LLVMBuildBinOp(l->b, d->op, d->a, d->b, "") : rare_result(d);
        LLVMBuildBr(l->b, join);
    }
    LLVMPositionBuilderAtEnd(l->b, join);
    LLVMValueRef phi = LLVMBuildPhi(l->b, LLVMTypeOf(d->a), "");
    LLVMAddIncoming(phi, v, way, 2);
    return phi;
}

LLVMValueRef llvm_row_udiv(struct lb *l, u32 i)
{
    return divide(&(struct division){ l, LLVMUDiv, false, lb_arg(l, i, 0), lb_arg(l, i, 1), zero(l, i), NULL });
}

LLVMValueRef llvm_row_urem(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    return divide(&(struct division){ l, LLVMURem, false, a, lb_arg(l, i, 1), a, NULL });
}

LLVMValueRef llvm_row_sdiv(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), minus = LLVMBuildNeg(l->b, a, "");
    return divide(&(struct division){ l, LLVMSDiv, true, a, lb_arg(l, i, 1), zero(l, i), minus });
}

LLVMValueRef llvm_row_srem(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    return divide(&(struct division){ l, LLVMSRem, true, a, lb_arg(l, i, 1), a, zero(l, i) });
}

/* ---- logic ---- */

LLVMValueRef llvm_row_and(struct lb *l, u32 i) { return LLVMBuildAnd(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), ""); }
LLVMValueRef llvm_row_or(struct lb *l, u32 i) { return LLVMBuildOr(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), ""); }
LLVMValueRef llvm_row_xor(struct lb *l, u32 i) { return LLVMBuildXor(l->b, lb_arg(l, i, 0), lb_arg(l, i, 1), ""); }
LLVMValueRef llvm_row_not(struct lb *l, u32 i) { return LLVMBuildNot(l->b, lb_arg(l, i, 0), ""); }

LLVMValueRef llvm_row_andn(struct lb *l, u32 i)
{
    return LLVMBuildAnd(l->b, lb_arg(l, i, 0), LLVMBuildNot(l->b, lb_arg(l, i, 1), ""), "");
}

LLVMValueRef llvm_row_orn(struct lb *l, u32 i)
{
    return LLVMBuildOr(l->b, lb_arg(l, i, 0), LLVMBuildNot(l->b, lb_arg(l, i, 1), ""), "");
}

/* A constant mask folds best in the plain form. */
LLVMValueRef llvm_row_bsel(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), b = lb_arg(l, i, 1), c = lb_arg(l, i, 2);
    return LLVMBuildOr(l->b, LLVMBuildAnd(l->b, a, b, ""), LLVMBuildAnd(l->b, LLVMBuildNot(l->b, a, ""), c, ""), "");
}

/* ---- shifts: LLVM's are poison from the width on ---- */

/* Is the count less than the width? */
static LLVMValueRef in_range(struct lb *l, u32 i)
{
    return LLVMBuildICmp(l->b, LLVMIntULT, lb_arg(l, i, 1), lb_const(l, lb_type(l, i), lb_bits(l, i)), "");
}

/* The count modulo the width: the host's shifts of 32 and 64 bits do that by themselves. */
static LLVMValueRef masked_count(struct lb *l, u32 i)
{
    return LLVMBuildAnd(l->b, lb_arg(l, i, 1), lb_const(l, lb_type(l, i), lb_bits(l, i) - 1), "");
}

static LLVMValueRef shift(struct lb *l, u32 i, LLVMOpcode op)
{
    LLVMValueRef r = LLVMBuildBinOp(l->b, op, lb_arg(l, i, 0), masked_count(l, i), "");
    return LLVMBuildSelect(l->b, in_range(l, i), r, zero(l, i), "");
}

LLVMValueRef llvm_row_shl(struct lb *l, u32 i) { return shift(l, i, LLVMShl); }
LLVMValueRef llvm_row_shr(struct lb *l, u32 i) { return shift(l, i, LLVMLShr); }

LLVMValueRef llvm_row_sar(struct lb *l, u32 i)
{
    LLVMValueRef most = lb_const(l, lb_type(l, i), lb_bits(l, i) - 1);
    LLVMValueRef count = LLVMBuildSelect(l->b, in_range(l, i), lb_arg(l, i, 1), most, "");
    return LLVMBuildAShr(l->b, lb_arg(l, i, 0), count, "");
}

static LLVMValueRef funnel(struct lb *l, u32 i, const char *name, u32 high, u32 low, u32 count)
{
    return int_call3(l, name, lb_arg(l, i, high), lb_arg(l, i, low), lb_arg(l, i, count));
}

LLVMValueRef llvm_row_rotr(struct lb *l, u32 i) { return funnel(l, i, "llvm.fshr", 0, 0, 1); }
LLVMValueRef llvm_row_rotl(struct lb *l, u32 i) { return funnel(l, i, "llvm.fshl", 0, 0, 1); }
LLVMValueRef llvm_row_fshr(struct lb *l, u32 i) { return funnel(l, i, "llvm.fshr", 1, 0, 2); }

/* ---- comparison ---- */

static LLVMValueRef compare(struct lb *l, u32 i, LLVMIntPredicate p)
{
    return LLVMBuildICmp(l->b, p, lb_arg(l, i, 0), lb_arg(l, i, 1), "");
}

LLVMValueRef llvm_row_eq(struct lb *l, u32 i) { return compare(l, i, LLVMIntEQ); }
LLVMValueRef llvm_row_ne(struct lb *l, u32 i) { return compare(l, i, LLVMIntNE); }
LLVMValueRef llvm_row_ult(struct lb *l, u32 i) { return compare(l, i, LLVMIntULT); }
LLVMValueRef llvm_row_ule(struct lb *l, u32 i) { return compare(l, i, LLVMIntULE); }
LLVMValueRef llvm_row_slt(struct lb *l, u32 i) { return compare(l, i, LLVMIntSLT); }
LLVMValueRef llvm_row_sle(struct lb *l, u32 i) { return compare(l, i, LLVMIntSLE); }

LLVMValueRef llvm_row_tst(struct lb *l, u32 i)
{
    LLVMValueRef both = llvm_row_and(l, i);
    return LLVMBuildICmp(l->b, LLVMIntNE, both, lb_const(l, LLVMTypeOf(both), 0), "");
}

LLVMValueRef llvm_row_umin(struct lb *l, u32 i) { return int_row2(l, i, "llvm.umin"); }
LLVMValueRef llvm_row_umax(struct lb *l, u32 i) { return int_row2(l, i, "llvm.umax"); }
LLVMValueRef llvm_row_smin(struct lb *l, u32 i) { return int_row2(l, i, "llvm.smin"); }
LLVMValueRef llvm_row_smax(struct lb *l, u32 i) { return int_row2(l, i, "llvm.smax"); }
