/*
 * lb.c - small things that rows share: types, constants, lanes, intrinsics, cold ways.
 */
#include "backend/jit/llvm/build.h"
#include <string.h>

#define HOT_TO_COLD 2000u /* of a branch's ways */

static LLVMMetadataRef string_node(struct lb *l, const char *text)
{
    return LLVMMDStringInContext2(l->c, text, strlen(text));
}

static void make_types(struct lb *l)
{
    LLVMTypeRef quad = LLVMInt64TypeInContext(l->c);
    l->type[IR_VOID] = LLVMVoidTypeInContext(l->c);
    for (enum ir_type t = IR_I1; t <= IR_I128; t++)
        l->type[t] = LLVMIntTypeInContext(l->c, ir_bits(t));
    l->type[IR_F16] = l->type[IR_I16];
    l->type[IR_F32] = LLVMFloatTypeInContext(l->c);
    l->type[IR_F64] = LLVMDoubleTypeInContext(l->c);
    l->type[IR_F80] = l->type[IR_I128];
    l->type[IR_V128] = LLVMVectorType(quad, 2);
    l->type[IR_V256] = LLVMVectorType(quad, 4);
}

void lb_init(struct lb *l, LLVMContextRef c)
{
    l->c = c;
    l->b = LLVMCreateBuilderInContext(c);
    make_types(l);
    l->round_dynamic = string_node(l, "round.dynamic");
    l->except_strict = string_node(l, "fpexcept.strict");
    l->cold_kind = LLVMGetMDKindIDInContext(c, "prof", 4);
    LLVMTypeRef word = l->type[IR_I32];
    LLVMMetadataRef weights[] = { string_node(l, "branch_weights"), LLVMValueAsMetadata(LLVMConstInt(word, 1, false)),
                                  LLVMValueAsMetadata(LLVMConstInt(word, HOT_TO_COLD, false)) };
    l->unlikely = LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, weights, COUNT(weights)));
}

void lb_done(struct lb *l)
{
    LLVMDisposeBuilder(l->b);
    l->b = NULL;
}

LLVMValueRef lb_const(struct lb *l, LLVMTypeRef t, u64 v)
{
    (void)l;
    if (LLVMGetTypeKind(t) != LLVMVectorTypeKind)
        return LLVMConstInt(t, v, false);
    LLVMValueRef lane[32];
    u32 n = LLVMGetVectorSize(t);
    CHECK(n <= COUNT(lane));
    for (u32 k = 0; k < n; k++)
        lane[k] = LLVMConstInt(LLVMGetElementType(t), v, false);
    return LLVMConstVector(lane, n);
}

LLVMTypeRef lb_lanes(struct lb *l, enum ir_type vector, enum ir_type lane)
{
    return LLVMVectorType(l->type[lane], ir_bits(vector) / ir_bits(lane));
}

LLVMValueRef lb_arg_lanes(struct lb *l, u32 i, u32 k)
{
    const struct ir_ins *in = lb_ins(l, i);
    enum ir_type t = (enum ir_type)l->ir->ins[in->arg[k]].type;
    return LLVMBuildBitCast(l->b, lb_arg(l, i, k), lb_lanes(l, t, (enum ir_type)in->lane), "");
}

LLVMValueRef lb_from_lanes(struct lb *l, u32 i, LLVMValueRef lanes)
{
    return LLVMBuildBitCast(l->b, lanes, lb_type(l, i), "");
}

LLVMValueRef lb_intrinsic(struct lb *l, const char *name, LLVMTypeRef *overloads, u32 n, LLVMValueRef *args,
                          u32 count)
{
    u32 id = LLVMLookupIntrinsicID(name, strlen(name));
    CHECK(id);
    LLVMValueRef f = LLVMGetIntrinsicDeclaration(l->m, id, overloads, n);
    return LLVMBuildCall2(l->b, LLVMIntrinsicGetType(l->c, id, overloads, n), f, args, count, "");
}

void lb_strict(struct lb *l, LLVMValueRef call)
{
    u32 kind = LLVMGetEnumAttributeKindForName("strictfp", 8);
    LLVMAttributeRef strict = LLVMCreateEnumAttribute(l->c, kind, 0);
    LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, strict);
    LLVMAddAttributeAtIndex(l->fn, LLVMAttributeFunctionIndex, strict);
}

LLVMValueRef lb_fp(struct lb *l, const char *name, LLVMValueRef *args, u32 count, bool rounds)
{
    char full[64];
    LLVMValueRef all[8];
    LLVMTypeRef t = LLVMTypeOf(args[0]);
    int length = snprintf(full, sizeof full, "llvm.experimental.constrained.%s", name);
    CHECK(length < (int)sizeof full && count + 2 <= COUNT(all));
    memcpy(all, args, count * sizeof *args);
    if (rounds)
        all[count++] = LLVMMetadataAsValue(l->c, l->round_dynamic);
    all[count++] = LLVMMetadataAsValue(l->c, l->except_strict);
    LLVMValueRef call = lb_intrinsic(l, full, &t, 1, all, count);
    lb_strict(l, call);
    return call;
}

LLVMValueRef lb_unless(struct lb *l, u32 i, LLVMValueRef cold, LLVMValueRef hot)
{
    LLVMBasicBlockRef from[2] = { LLVMGetInsertBlock(l->b) };
    LLVMBasicBlockRef rare = LLVMAppendBasicBlockInContext(l->c, l->fn, "cold");
    LLVMBasicBlockRef join = LLVMAppendBasicBlockInContext(l->c, l->fn, "");
    LLVMSetMetadata(LLVMBuildCondBr(l->b, cold, rare, join), l->cold_kind, l->unlikely);
    LLVMPositionBuilderAtEnd(l->b, rare);
    LLVMValueRef v[2] = { hot, lb_eval(l, i) };
    from[1] = LLVMGetInsertBlock(l->b);
    LLVMBuildBr(l->b, join);
    LLVMPositionBuilderAtEnd(l->b, join);
    LLVMValueRef phi = LLVMBuildPhi(l->b, LLVMTypeOf(hot), "");
    LLVMAddIncoming(phi, v, from, 2);
    return phi;
}
