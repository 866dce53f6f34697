/*
 * fn.c - a region as a function of LLVM's: blocks, marks, exits, helpers, the budget.
 */
#include "backend/jit/llvm/fn.h"
#include "backend/jit/jit.h"
#include <stdio.h>
#include <string.h>

static LLVMValueRef k64(struct fn *f, u64 v) { return LLVMConstInt(f->lb.type[IR_I64], v, false); }

static LLVMBasicBlockRef new_block(struct fn *f, const char *name)
{
    return LLVMAppendBasicBlockInContext(f->lb.c, f->lb.fn, name);
}

static void go_to(struct fn *f, LLVMBasicBlockRef b) { LLVMPositionBuilderAtEnd(f->lb.b, b); }

static void branch_cold(struct fn *f, LLVMValueRef unlikely, LLVMBasicBlockRef cold, LLVMBasicBlockRef hot)
{
    LLVMSetMetadata(LLVMBuildCondBr(f->lb.b, unlikely, cold, hot), f->lb.cold_kind, f->lb.unlikely);
}

LLVMValueRef fn_pc_of(struct fn *f, i64 rel)
{
    return LLVMBuildAdd(f->lb.b, f->pc, k64(f, (u64)(f->r->block[f->at].rel + rel)), "");
}

/* ---- exits ---- */

static LLVMValueRef left(struct fn *f) { return LLVMBuildLoad2(f->lb.b, f->lb.type[IR_I64], f->left, ""); }

static void take_off(struct fn *f, i64 insns)
{
    LLVMBuildStore(f->lb.b, LLVMBuildSub(f->lb.b, left(f), k64(f, (u64)insns), ""), f->left);
}

/* Jumps to one of the REGION_EXITS; memory is whole. */
static void leave(struct fn *f, enum region_symbol s, LLVMValueRef pc)
{
    struct lb *l = &f->lb;
    LLVMValueRef args[] = { left(f), f->state, LLVMBuildLoad2(l->b, LLVMPointerTypeInContext(l->c, 0), f->tlb, ""), pc };
    LLVMValueRef call = LLVMBuildCall2(l->b, f->exit_type, f->symbol[s], args, COUNT(args), "");
    LLVMSetInstructionCallConv(call, FN_PRESERVE_NONE);
    LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
    LLVMBuildRetVoid(l->b);
}

/* In the middle of a block: what did not run is given back. */
static void leave_here(struct fn *f, enum region_symbol s, LLVMValueRef pc)
{
    fn_store_dirty(f);
    take_off(f, -(i64)f->behind);
    leave(f, s, pc);
    f->ended = true;
}

/* The block that rel leads to, if that is one of the region: within the page. */
static i32 inside(const struct fn *f, i64 rel)
{
    u64 at = f->r->page_at + (u64)(f->r->block[f->at].rel + rel);
    for (u32 n = 0; at < f->r->page_end && n < f->r->count; n++)
        if (f->r->block[n].rel == f->r->block[f->at].rel + rel)
            return (i32)n;
    return -1;
}

/* To another block of the region. Backwards: a request to the machine must be seen. */
static void go_on(struct fn *f, u32 to)
{
    struct lb *l = &f->lb;
    if (f->behind)
        take_off(f, -(i64)f->behind);
    if (f->r->block[to].rel > f->r->block[f->at].rel) {
        LLVMBuildBr(l->b, f->entry[to]);
        return;
    }
    LLVMValueRef kick = LLVMBuildLoad2(l->b, l->type[IR_I32], fn_ctx(f, offsetof(struct jit_ctx, kick)), "");
    LLVMSetVolatile(kick, true);
    LLVMBasicBlockRef out = new_block(f, "kicked");
    branch_cold(f, LLVMBuildICmp(l->b, LLVMIntNE, kick, LLVMConstNull(l->type[IR_I32]), ""), out, f->entry[to]);
    go_to(f, out);
    fn_store_dirty(f);
    leave(f, REGION_exit_budget, LLVMBuildAdd(l->b, f->pc, k64(f, (u64)f->r->block[to].rel), ""));
}

static void exit_direct(struct fn *f, const struct ir_ins *in)
{
    i32 to = inside(f, (i64)in->imm);
    if (f->synced) {
        leave_here(f, REGION_exit_sync, fn_pc_of(f, (i64)in->imm));
    } else if (to >= 0) {
        go_on(f, (u32)to);
        f->ended = true;
    } else {
        leave_here(f, REGION_exit, fn_pc_of(f, (i64)in->imm));
    }
}

static void exit_exc(struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    LLVMBuildStore(f->lb.b, k64(f, in->imm), fn_ctx(f, offsetof(struct jit_ctx, arg0)));
    LLVMBuildStore(f->lb.b, lb_arg(&f->lb, i, 0), fn_ctx(f, offsetof(struct jit_ctx, arg1)));
    leave_here(f, REGION_exit_exc, fn_pc_of(f, f->insn_off));
}

/* ---- helpers ---- */

static LLVMValueRef helper_result(struct fn *f, u32 i, LLVMValueRef x)
{
    u8 t = lb_ins(&f->lb, i)->type;
    if (t == IR_VOID || t == IR_I64)
        return t == IR_VOID ? NULL : x;
    if (t == IR_F64)
        return LLVMBuildBitCast(f->lb.b, x, f->lb.type[t], "");
    if (t == IR_F32)
        return LLVMBuildBitCast(f->lb.b, LLVMBuildTrunc(f->lb.b, x, f->lb.type[IR_I32], ""), f->lb.type[t], "");
    return LLVMBuildTrunc(f->lb.b, x, f->lb.type[t], "");
}

static void call(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    const struct ir_ins *in = lb_ins(l, i);
    const struct ir_helper *h = &f->r->layout->helpers[in->imm];
    fn_store_dirty(f);
    fn_put_operands(f, i);
    LLVMValueRef x = fn_call_out(f, REGION_call, k64(f, in->imm), 0);
    LLVMValueRef rest = LLVMBuildLoad2(l->b, l->type[IR_I64], fn_ctx(f, offsetof(struct jit_ctx, saved[12])), "");
    LLVMBuildStore(l->b, rest, f->left);
    if (h->flags & (IR_H_WRITES | IR_H_SYNC | IR_H_FAULT)) {
        fn_load_fields(f);
        memset(f->dirty, 0, sizeof f->dirty);
    }
    f->synced |= (h->flags & IR_H_SYNC) != 0;
    l->v[i] = helper_result(f, i, x);
}

/* ---- marks ---- */

static LLVMBasicBlockRef label(struct fn *f, u64 n)
{
    if (!f->label[n])
        f->label[n] = new_block(f, "label");
    return f->label[n];
}

static void insn(struct fn *f, const struct ir_ins *in)
{
    if (f->synced && !f->ended)
        leave_here(f, REGION_exit_sync, fn_pc_of(f, (i64)in->imm));
    f->synced = false;
    f->insn_off = (u32)in->imm;
    f->behind--;
}

/* What is dirty on one of the ways is so behind the label. */
static void skip(struct fn *f, u32 i)
{
    LLVMBasicBlockRef on = new_block(f, "");
    for (u32 k = 0; k < COUNT(f->dirty); k++)
        f->label_dirty[lb_ins(&f->lb, i)->imm][k] |= f->dirty[k];
    LLVMBuildCondBr(f->lb.b, lb_arg(&f->lb, i, 0), label(f, lb_ins(&f->lb, i)->imm), on);
    go_to(f, on);
}

static void at_label(struct fn *f, u64 n)
{
    LLVMBasicBlockRef b = label(f, n);
    if (!f->ended)
        LLVMBuildBr(f->lb.b, b);
    else
        memset(f->dirty, 0, sizeof f->dirty);
    for (u32 k = 0; k < COUNT(f->dirty); k++)
        f->dirty[k] |= f->label_dirty[n][k];
    go_to(f, b);
    f->ended = false;
}

/* ---- blocks ---- */

static void row(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    const struct ir_ins *in = lb_ins(l, i);
    switch (in->op) {
    case IR_pc: l->v[i] = fn_pc_of(f, (i64)in->imm); break;
    case IR_get: l->v[i] = fn_get(f, i); break;
    case IR_set: fn_set(f, i); break;
    case IR_getx: l->v[i] = fn_getx(f, i); break;
    case IR_setx: fn_setx(f, i); break;
    case IR_load: l->v[i] = fn_load(f, i); break;
    case IR_store: fn_store(f, i); break;
    case IR_probe: case IR_rmw: case IR_cas: case IR_ldex: case IR_stex: case IR_clrex: case IR_mload: case IR_mstore:
    case IR_gather: case IR_barrier:
        l->v[i] = fn_mem(f, i);
        break;
    case IR_skip: skip(f, i); break;
    case IR_call: call(f, i); break;
    case IR_exit_direct: exit_direct(f, in); break;
    case IR_exit_indirect: leave_here(f, f->synced ? REGION_exit_sync : REGION_exit, lb_arg(l, i, 0)); break;
    case IR_exit_mode: leave_here(f, f->synced ? REGION_exit_sync : REGION_exit_mode, lb_arg(l, i, 0)); break;
    case IR_exit_exc: exit_exc(f, i); break;
    default: l->v[i] = lb_row(l, i); break;
    }
}

/* Takes the block's instructions off the budget; if they do not fit, nothing of it runs. */
static void enter(struct fn *f, u32 insns)
{
    struct lb *l = &f->lb;
    LLVMBasicBlockRef out = new_block(f, "spent"), in = new_block(f, "");
    take_off(f, insns);
    branch_cold(f, LLVMBuildICmp(l->b, LLVMIntSLT, left(f), k64(f, 0), ""), out, in);
    go_to(f, out);
    take_off(f, -(i64)insns);
    fn_store_dirty(f);
    leave(f, REGION_exit_budget, fn_pc_of(f, 0));
    go_to(f, in);
}

static void block(struct fn *f, u32 n)
{
    const struct ir_block *b = f->r->block[n].ir;
    f->lb.ir = b;
    f->at = n;
    f->behind = b->insns;
    f->insn_off = 0;
    f->synced = f->ended = false;
    memcpy(f->dirty, f->dirty_in[n], sizeof f->dirty);
    memset(f->label, 0, sizeof f->label);
    memset(f->label_dirty, 0, sizeof f->label_dirty);
    go_to(f, f->entry[n]);
    enter(f, b->insns);
    for (u32 i = 0; i < b->count; i++) {
        const struct ir_ins *in = &b->ins[i];
        if (in->op == IR_insn)
            insn(f, in);
        else if (in->op == IR_label)
            at_label(f, in->imm);
        else if (!f->ended)
            row(f, i);
    }
}

/* ---- the function ---- */

static void declare(struct fn *f, enum region_symbol s, const char *name, LLVMTypeRef type, u32 convention)
{
    char full[64];
    snprintf(full, sizeof full, REGION_SYMBOL_PREFIX "%s", name);
    f->symbol[s] = type ? LLVMAddFunction(f->lb.m, full, type)
                        : LLVMAddGlobal(f->lb.m, LLVMArrayType2(LLVMInt8TypeInContext(f->lb.c), sizeof(struct jit_ctx)), full);
    LLVMSetVisibility(f->symbol[s], LLVMHiddenVisibility); /* near: by a PC-relative address */
    if (convention)
        LLVMSetFunctionCallConv(f->symbol[s], convention);
}

static void declare_all(struct fn *f)
{
    LLVMTypeRef i64t = f->lb.type[IR_I64], i32t = f->lb.type[IR_I32], p = LLVMPointerTypeInContext(f->lb.c, 0);
    LLVMTypeRef of_call[] = { i64t, i32t, i32t, i64t, i64t }, of_exit[] = { i64t, p, p, i64t };
    f->call_type = LLVMFunctionType(i64t, of_call, COUNT(of_call), false);
    f->exit_type = LLVMFunctionType(LLVMVoidTypeInContext(f->lb.c), of_exit, COUNT(of_exit), false);
    declare(f, REGION_ctx, "ctx", NULL, 0);
#define S(name) declare(f, REGION_##name, #name, f->call_type, FN_PRESERVE_MOST);
    REGION_CALLS(S)
#undef S
#define S(name) declare(f, REGION_##name, #name, f->exit_type, FN_PRESERVE_NONE);
    REGION_EXITS(S)
#undef S
}

static void attribute(struct fn *f, const char *name)
{
    u32 kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(f->lb.fn, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(f->lb.c, kind, 0));
}

static void open_function(struct fn *f)
{
    struct lb *l = &f->lb;
    l->fn = LLVMAddFunction(l->m, "region", f->exit_type);
    LLVMSetFunctionCallConv(l->fn, FN_PRESERVE_NONE);
    attribute(f, "nounwind");
    go_to(f, new_block(f, "entry"));
    f->state = LLVMGetParam(l->fn, 1);
    f->pc = LLVMGetParam(l->fn, 3);
    f->left = LLVMBuildAlloca(l->b, l->type[IR_I64], "left");
    f->tlb = LLVMBuildAlloca(l->b, LLVMPointerTypeInContext(l->c, 0), "tlb");
    for (u32 n = 0; n < FN_WINDOWS; n++) {
        f->window[n].page = LLVMBuildAlloca(l->b, l->type[IR_I64], "page");
        f->window[n].addend = LLVMBuildAlloca(l->b, l->type[IR_I64], "addend");
        LLVMBuildStore(l->b, k64(f, 0), f->window[n].addend);
    }
    fn_open_fields(f);
    LLVMBuildStore(l->b, LLVMGetParam(l->fn, 0), f->left);
    LLVMBuildStore(l->b, LLVMGetParam(l->fn, 2), f->tlb);
    fn_forget_windows(f);
    fn_load_fields(f);
    for (u32 n = 0; n < f->r->count; n++)
        f->entry[n] = new_block(f, "block");
    LLVMBuildBr(l->b, f->entry[0]);
}

bool fn_build(struct fn *f, LLVMContextRef c, LLVMModuleRef m, const struct jit_region *r, struct err *e)
{
    if (r->layout->field_count > FN_FIELDS)
        return err_set(e, "the guest's state has more fields than a region can have");
    memset(f, 0, sizeof *f);
    lb_init(&f->lb, c);
    f->lb.m = m;
    f->lb.b = LLVMCreateBuilderInContext(c);
    f->lb.fp_x86 = r->fp_x86;
    f->lb.fp_plain = r->fp_plain;
    f->lb.features = r->features;
    f->lb.eval = fn_eval;
    f->r = r;
    declare_all(f);
    fn_find_fields(f);
    open_function(f);
    for (u32 n = 0; n < r->count; n++)
        block(f, n);
    LLVMDisposeBuilder(f->lb.b);
    return true;
}
