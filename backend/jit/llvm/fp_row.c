/*
 * fp_row.c - what FP rows share: operands, cold code, strict operations and what keeps their place.
 */
#include "backend/jit/llvm/fp_row.h"
#include <stdio.h>
#include <string.h>

/* ---- rows ---- */

void lf_shape(struct lf *f, u32 bits, u32 n)
{
    LLVMTypeRef number = f->l->type[bits == 64 ? IR_F64 : IR_F32], word = f->l->type[bits == 64 ? IR_I64 : IR_I32];
    f->bits = bits;
    f->n = n;
    f->ft = f->packed ? LLVMVectorType(number, n) : number;
    f->it = f->packed ? LLVMVectorType(word, n) : word;
}

bool lf_begin(struct lf *f, struct lb *l, u32 i, u32 features)
{
    const struct ir_ins *in = lb_ins(l, i);
    enum ir_type t = (enum ir_type)(in->lane == IR_VOID ? in->src : in->lane);
    if (!lb_fp_plain(l) || (t != IR_F32 && t != IR_F64) || (l->features & features) != features)
        return false;
    *f = (struct lf){ .l = l, .i = i, .packed = in->lane != IR_VOID };
    lf_shape(f, ir_bits(t), ir_bits((enum ir_type)in->src) / ir_bits(t));
    for (u32 k = 0; k < ir_rows[in->op].args; k++)
        f->s[k] = f->packed ? lb_arg_lanes(l, i, k) : lb_arg(l, i, k);
    return true;
}

bool lf_begin_arm(struct lf *f, struct lb *l, u32 i, u32 features)
{
    return !l->fp_x86 && lf_begin(f, l, i, features);
}

LLVMValueRef lf_done(struct lf *f, LLVMValueRef v)
{
    LLVMBuilderRef b = f->l->b;
    if (f->packed)
        v = lb_from_lanes(f->l, f->i, v);
    if (!f->cold)
        return v;
    LLVMBasicBlockRef from[2] = { LLVMGetInsertBlock(b) };
    LLVMBasicBlockRef join = LLVMAppendBasicBlockInContext(f->l->c, f->l->fn, "");
    LLVMBuildBr(b, join);
    LLVMPositionBuilderAtEnd(b, f->cold);
    LLVMValueRef ways[2] = { v, lb_eval(f->l, f->i) };
    from[1] = LLVMGetInsertBlock(b);
    LLVMBuildBr(b, join);
    LLVMPositionBuilderAtEnd(b, join);
    LLVMValueRef phi = LLVMBuildPhi(b, LLVMTypeOf(v), "");
    LLVMAddIncoming(phi, ways, from, 2);
    return phi;
}

/* ---- leaving ---- */

static LLVMValueRef any(struct lf *f, LLVMValueRef mask)
{
    LLVMTypeRef t = LLVMTypeOf(mask);
    if (LLVMGetTypeKind(t) != LLVMVectorTypeKind)
        return mask;
    LLVMTypeRef word = LLVMIntTypeInContext(f->l->c, LLVMGetVectorSize(t));
    mask = LLVMBuildBitCast(f->l->b, mask, word, "");
    return LLVMBuildICmp(f->l->b, LLVMIntNE, mask, LLVMConstNull(word), "");
}

void lf_leave(struct lf *f, LLVMValueRef cond)
{
    LLVMBasicBlockRef hot = LLVMAppendBasicBlockInContext(f->l->c, f->l->fn, "");
    if (!f->cold)
        f->cold = LLVMAppendBasicBlockInContext(f->l->c, f->l->fn, "cold");
    LLVMValueRef jump = LLVMBuildCondBr(f->l->b, any(f, cond), f->cold, hot);
    LLVMSetMetadata(jump, f->l->cold_kind, f->l->unlikely);
    LLVMPositionBuilderAtEnd(f->l->b, hot);
}

/* "ueq" is one comparison and one jump, as "uno" is. No result of an operation is a signalling NaN. */
void lf_check(struct lf *f, LLVMValueRef v, bool tiny)
{
    if (f->l->fp_x86)
        return;
    LLVMValueRef least = tiny ? lf_pow2(f, lf_least_exponent(f)) : v;
    lf_leave(f, lf_compare(f, tiny ? "ueq" : "uno", tiny ? lf_abs(f, v) : v, least, false));
}

/* ---- operations ---- */

static void mark(struct lf *f, LLVMValueRef call, const char *attribute)
{
    u32 kind = LLVMGetEnumAttributeKindForName(attribute, strlen(attribute));
    LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(f->l->c, kind, 0));
}

/* The folder of constants knows no DE and no flushing of denormals. It leaves calls alone that are no builtins. */
static LLVMValueRef unfolded(struct lf *f, LLVMValueRef call)
{
    mark(f, call, "nobuiltin");
    return call;
}

LLVMValueRef lf_op(struct lf *f, const char *name, LLVMValueRef *args, u32 count, bool rounds)
{
    return unfolded(f, lb_fp(f->l, name, args, count, rounds));
}

/* Constrained intrinsics that are not named by the type of their operand alone, as lb_fp() wants it. */
static LLVMValueRef constrained(struct lf *f, const char *name, LLVMTypeRef *overloads, u32 n, LLVMValueRef *args,
                                u32 count)
{
    char full[64];
    snprintf(full, sizeof full, "llvm.experimental.constrained.%s", name);
    args[count++] = LLVMMetadataAsValue(f->l->c, f->l->except_strict);
    LLVMValueRef call = lb_intrinsic(f->l, full, overloads, n, args, count);
    lb_strict(f->l, call);
    return unfolded(f, call);
}

LLVMValueRef lf_convert(struct lf *f, const char *name, LLVMTypeRef to, LLVMValueRef v, bool rounds)
{
    LLVMTypeRef overloads[2] = { to, LLVMTypeOf(v) };
    LLVMValueRef args[3] = { v };
    if (rounds)
        args[1] = LLVMMetadataAsValue(f->l->c, f->l->round_dynamic);
    return constrained(f, name, overloads, 2, args, 1 + rounds);
}

LLVMValueRef lf_compare(struct lf *f, const char *predicate, LLVMValueRef a, LLVMValueRef b, bool signals)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    LLVMMetadataRef p = LLVMMDStringInContext2(f->l->c, predicate, strlen(predicate));
    LLVMValueRef args[4] = { a, b, LLVMMetadataAsValue(f->l->c, p) };
    return constrained(f, signals ? "fcmps" : "fcmp", &t, 1, args, 3);
}

/* What constrained intrinsics do to memory: they change something that nobody else can name. */
static LLVMAttributeRef strict_effects(struct lf *f)
{
    static const char name[] = "llvm.experimental.constrained.fadd";
    LLVMTypeRef t = f->l->type[IR_F64];
    LLVMValueRef like = LLVMGetIntrinsicDeclaration(f->l->m, LLVMLookupIntrinsicID(name, sizeof name - 1), &t, 1);
    u32 kind = LLVMGetEnumAttributeKindForName("memory", 6);
    return LLVMGetEnumAttributeAtIndex(like, LLVMAttributeFunctionIndex, kind);
}

/* 32 bytes are two registers without AVX. */
static bool in_halves(struct lf *f, LLVMTypeRef t)
{
    if (LLVMGetTypeKind(t) != LLVMVectorTypeKind || f->l->features & XF_AVX)
        return false;
    LLVMTypeRef lane = LLVMGetElementType(t);
    return LLVMGetVectorSize(t) == (lane == f->l->type[IR_F64] ? 4 : lane == f->l->type[IR_F32] ? 8 : 0);
}

LLVMValueRef lf_pin(struct lf *f, LLVMValueRef v)
{
    LLVMTypeRef t = LLVMTypeOf(v), fn = LLVMFunctionType(t, &t, 1, false);
    if (in_halves(f, t)) {
        LLVMValueRef low = lf_pin(f, lf_half(f, v, 0));
        return lf_cat(f, low, lf_pin(f, lf_half(f, v, 1)));
    }
    const char *how = LLVMGetTypeKind(t) == LLVMIntegerTypeKind ? "=r,0" : "=x,0";
    LLVMValueRef nothing = LLVMGetInlineAsm(fn, "", 0, how, 4, true, false, LLVMInlineAsmDialectATT, false);
    LLVMValueRef call = LLVMBuildCall2(f->l->b, fn, nothing, &v, 1, "");
    LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, strict_effects(f));
    mark(f, call, "nounwind");
    mark(f, call, "willreturn");
    lb_strict(f->l, call);
    return call;
}

LLVMValueRef lf_host(struct lf *f, const char *name, LLVMValueRef *args, u32 count)
{
    return lb_intrinsic(f->l, name, NULL, 0, args, count);
}

/* ---- lanes ---- */

static LLVMValueRef lane_number(struct lf *f, u32 k) { return LLVMConstInt(f->l->type[IR_I32], k, false); }

LLVMValueRef lf_to_lane0(struct lf *f, LLVMValueRef v, bool zeros)
{
    LLVMTypeRef t = LLVMVectorType(LLVMTypeOf(v), LLVMTypeOf(v) == f->l->type[IR_F64] ? 2 : 4);
    return LLVMBuildInsertElement(f->l->b, zeros ? LLVMConstNull(t) : LLVMGetPoison(t), v, lane_number(f, 0), "");
}

LLVMValueRef lf_lane(struct lf *f, LLVMValueRef v, u32 k)
{
    return LLVMBuildExtractElement(f->l->b, v, lane_number(f, k), "");
}

LLVMValueRef lf_shuffle(struct lf *f, LLVMValueRef v, const u32 *lanes, u32 n)
{
    LLVMValueRef number[32];
    for (u32 k = 0; k < n; k++)
        number[k] = lane_number(f, lanes[k]);
    return LLVMBuildShuffleVector(f->l->b, v, LLVMConstNull(LLVMTypeOf(v)), LLVMConstVector(number, n), "");
}

LLVMValueRef lf_half(struct lf *f, LLVMValueRef v, u32 h)
{
    u32 lanes[16], n = LLVMGetVectorSize(LLVMTypeOf(v)) / 2;
    for (u32 k = 0; k < n; k++)
        lanes[k] = h * n + k;
    return lf_shuffle(f, v, lanes, n);
}

LLVMValueRef lf_cat(struct lf *f, LLVMValueRef low, LLVMValueRef high)
{
    LLVMValueRef number[32];
    u32 n = 2 * LLVMGetVectorSize(LLVMTypeOf(low));
    for (u32 k = 0; k < n; k++)
        number[k] = lane_number(f, k);
    return LLVMBuildShuffleVector(f->l->b, low, high, LLVMConstVector(number, n), "");
}
