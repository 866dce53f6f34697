/*
 * vec_util.c - operands of rows on vectors as lanes, shuffles, intrinsics.
 */
#include "backend/jit/llvm/vec.h"
#include <string.h>

#define MOST_LANES 32u /* bytes of the longest vector */

LLVMTypeRef lv_type(const struct lv *v, u32 bits, u32 n)
{
    return LLVMVectorType(LLVMIntTypeInContext(v->l->c, bits), n);
}

bool lv_constant(LLVMValueRef x, u8 to[32])
{
    while (LLVMIsAConstantExpr(x) && LLVMGetConstOpcode(x) == LLVMBitCast)
        x = LLVMGetOperand(x, 0);
    LLVMTypeRef t = LLVMTypeOf(x);
    if (!LLVMIsConstant(x) || LLVMGetTypeKind(t) != LLVMVectorTypeKind
        || LLVMGetTypeKind(LLVMGetElementType(t)) != LLVMIntegerTypeKind)
        return false;
    u32 bytes = LLVMGetIntTypeWidth(LLVMGetElementType(t)) / 8, n = LLVMGetVectorSize(t);
    for (u32 k = 0; k < n; k++) {
        LLVMValueRef lane = LLVMGetAggregateElement(x, k);
        if (!lane || !LLVMIsAConstantInt(lane) || bytes > sizeof(u64))
            return false;
        u64 bits = LLVMConstIntGetZExtValue(lane);
        memcpy(to + k * bytes, &bits, bytes);
    }
    return true;
}

LLVMValueRef lv_cast(const struct lv *v, LLVMValueRef x, u32 bits, u32 n)
{
    LLVMValueRef lane[MOST_LANES];
    u8 bytes[MOST_LANES];
    if (!lv_constant(x, bytes))
        return LLVMBuildBitCast(v->l->b, x, lv_type(v, bits, n), "");
    for (u32 k = 0; k < n; k++) {
        u64 c = 0;
        memcpy(&c, bytes + k * bits / 8, bits / 8);
        lane[k] = LLVMConstInt(LLVMIntTypeInContext(v->l->c, bits), c, false);
    }
    return LLVMConstVector(lane, n);
}

struct lv lv_begin(struct lb *l, u32 i, u32 bits)
{
    const struct ir_ins *in = lb_ins(l, i);
    struct lv v = { .l = l, .i = i, .bits = bits };
    if (!bits)
        v.bits = in->lane == IR_VOID ? 8 : ir_bits((enum ir_type)in->lane);
    v.n = ir_bits((enum ir_type)in->src) / v.bits;
    v.t = lv_type(&v, v.bits, v.n);
    for (u32 k = 0; k < ir_args(in) && k < COUNT(v.s); k++)
        if (ir_is_vec(ir_type_of(l->ir, in->arg[k])))
            v.s[k] = lv_cast(&v, lb_arg(l, i, k), v.bits, v.n);
    return v;
}

LLVMValueRef lv_splat(const struct lv *v, u64 x)
{
    return lb_const(v->l, v->t, x);
}

LLVMValueRef lv_fn1(const struct lv *v, const char *intrinsic, LLVMValueRef a)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    return lb_intrinsic(v->l, intrinsic, &t, 1, &a, 1);
}

LLVMValueRef lv_fn2(const struct lv *v, const char *intrinsic, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    return lb_intrinsic(v->l, intrinsic, &t, 1, (LLVMValueRef[]){ a, b }, 2);
}

LLVMValueRef lv_total(const struct lv *v, const char *intrinsic, LLVMValueRef a)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    return lb_intrinsic(v->l, intrinsic, &t, 1, (LLVMValueRef[]){ a, lb_const(v->l, v->l->type[IR_I1], 0) }, 2);
}

LLVMValueRef lv_shuffle(const struct lv *v, LLVMValueRef a, LLVMValueRef b, const u32 *from, u32 n)
{
    LLVMValueRef lane[MOST_LANES];
    for (u32 k = 0; k < n; k++)
        lane[k] = LLVMConstInt(v->l->type[IR_I32], from[k], false);
    return LLVMBuildShuffleVector(v->l->b, a, b, LLVMConstVector(lane, n), "");
}

LLVMValueRef lv_negative(const struct lv *v, LLVMValueRef a)
{
    return lv_cmp(v, LLVMIntSLT, a, LLVMConstNull(LLVMTypeOf(a)));
}

/* ---- intrinsics of the host ---- */

static u32 vector_bits(LLVMValueRef x)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    return LLVMGetVectorSize(t) * LLVMGetIntTypeWidth(LLVMGetElementType(t));
}

/* The low or high half of x; both joined. */
static LLVMValueRef half_of(const struct lv *v, LLVMValueRef x, u32 half)
{
    u32 from[MOST_LANES], n = LLVMGetVectorSize(LLVMTypeOf(x)) / 2;
    for (u32 k = 0; k < n; k++)
        from[k] = half * n + k;
    return lv_shuffle(v, x, x, from, n);
}

static LLVMValueRef join(const struct lv *v, LLVMValueRef low, LLVMValueRef high)
{
    u32 from[MOST_LANES], n = 2 * LLVMGetVectorSize(LLVMTypeOf(low));
    for (u32 k = 0; k < n; k++)
        from[k] = k;
    return lv_shuffle(v, low, high, from, n);
}

LLVMValueRef lv_host(const struct lv *v, const char *narrow, const char *wide, LLVMValueRef *args, u32 count, i32 imm)
{
    LLVMValueRef a[4], r[2];
    bool whole = vector_bits(args[0]) == 128 || (wide && v->l->features & XF_AVX2);
    if (imm >= 0)
        a[count] = lb_const(v->l, v->l->type[IR_I8], (u32)imm);
    for (u32 h = 0; h < (whole ? 1 : 2); h++) {
        for (u32 k = 0; k < count; k++)
            a[k] = whole ? args[k] : half_of(v, args[k], h);
        r[h] = lb_intrinsic(v->l, vector_bits(a[0]) == 256 ? wide : narrow, NULL, 0, a, count + (imm >= 0));
    }
    return whole ? r[0] : join(v, r[0], r[1]);
}
