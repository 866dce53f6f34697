/*
 * fn.c - a region as a function of LLVM's: blocks, marks, exits, helpers, the budget.
 */
#include "backend/jit/llvm/fn_mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static LLVMValueRef k64(struct fn *f, u64 v) { return fn_k64(f, v); }

static LLVMBasicBlockRef new_block(struct fn *f, const char *name) { return fn_block(f, name); }

static void go_to(struct fn *f, LLVMBasicBlockRef b) { LLVMPositionBuilderAtEnd(f->lb.b, b); }

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
    LLVMTypeRef ptr = LLVMPointerTypeInContext(l->c, 0);
    LLVMValueRef args[] = { left(f), f->state, fn_get_ctx(f, ptr, offsetof(struct jit_ctx, tlb)), pc };
    LLVMValueRef call = LLVMBuildCall2(l->b, f->exit_type, f->symbol[s], args, COUNT(args), "");
    LLVMSetInstructionCallConv(call, FN_PRESERVE_NONE);
    LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
    LLVMBuildRetVoid(l->b);
}

/* In the middle of a block: what did not run is given back. */
static void leave_for(struct fn *f, enum region_symbol s, LLVMValueRef pc)
{
    fn_store_dirty(f);
    take_off(f, -(i64)f->behind);
    leave(f, s, pc);
}

static void leave_here(struct fn *f, enum region_symbol s, LLVMValueRef pc)
{
    leave_for(f, s, pc);
    f->ended = true;
}

i32 fn_inside(const struct fn *f, u32 block, i64 rel)
{
    for (u32 n = 0; n < f->r->count; n++)
        if (f->r->block[n].rel == f->r->block[block].rel + rel)
            return (i32)n;
    return -1;
}

u32 fn_next(const struct fn *f, u32 block, const struct ir_ins *in, u8 to[REGION_BLOCKS])
{
    i32 n = in->op == IR_exit_direct ? fn_inside(f, block, (i64)in->imm) : -1;
    if (n >= 0) {
        to[0] = (u8)n;
        return 1;
    }
    u32 count = 0;
    for (u32 k = 0; in->op == IR_exit_indirect && k < f->r->edges && count < FN_TARGETS; k++)
        if (f->r->edge[k].from == block)
            to[count++] = f->r->edge[k].to; /* each once */
    return count;
}

bool fn_crosses(const struct fn *f, u32 a, u32 b)
{
    u64 from = f->r->page_at + (u64)f->r->block[a].rel, to = f->r->page_at + (u64)f->r->block[b].rel;
    return (from >> PAGE_BITS) != (to >> PAGE_BITS);
}

/* To another block of the region. */
static void go_on(struct fn *f, u32 to)
{
    struct lb *l = &f->lb;
    if (fn_crosses(f, f->at, to)) {
        LLVMBasicBlockRef same = new_block(f, ""), other = new_block(f, "moved");
        LLVMValueRef key = fn_get_ctx(f, l->type[IR_I64], offsetof(struct jit_ctx, key));
        fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntNE, key, f->key, ""), other, same);
        go_to(f, other);
        leave_for(f, REGION_exit, LLVMBuildAdd(l->b, f->pc, k64(f, (u64)f->r->block[to].rel), ""));
        go_to(f, same);
    }
    if (f->behind)
        take_off(f, -(i64)f->behind);
    fn_hand_deferred(f, to);
    LLVMBuildBr(f->lb.b, f->entry[to]);
}

static void exit_direct(struct fn *f, const struct ir_ins *in)
{
    i32 to = fn_inside(f, f->at, (i64)in->imm);
    if (f->synced) {
        leave_here(f, REGION_exit_sync, fn_pc_of(f, (i64)in->imm));
    } else if (to >= 0) {
        go_on(f, (u32)to);
        f->ended = true;
    } else {
        leave_here(f, REGION_exit, fn_pc_of(f, (i64)in->imm));
    }
}

/* To where it led before, or elsewhere. */
static void exit_indirect(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    LLVMValueRef target = lb_arg(l, i, 0);
    u8 to[REGION_BLOCKS];
    u32 n = f->synced ? 0 : fn_next(f, f->at, lb_ins(l, i), to);
    LLVMBasicBlockRef other = new_block(f, "elsewhere");
    LLVMValueRef by = LLVMBuildSwitch(l->b, LLVMBuildSub(l->b, target, f->pc, ""), other, n);
    for (u32 k = 0; k < n; k++) {
        LLVMBasicBlockRef here = new_block(f, "");
        LLVMAddCase(by, k64(f, (u64)f->r->block[to[k]].rel), here);
        go_to(f, here);
        go_on(f, to[k]);
    }
    go_to(f, other);
    leave_here(f, f->synced ? REGION_exit_sync : REGION_exit, target);
}

/* Ends where nothing comes back. */
static void leave_by_call(struct fn *f, struct fn_out q)
{
    fn_out(f, q);
    LLVMBuildUnreachable(f->lb.b);
}

static void exit_exc(struct fn *f, u32 i)
{
    struct fn_out q = fn_out_row(f, REGION_OUT_exc, i);
    q.word = (u32)lb_ins(&f->lb, i)->imm;
    q.row = 0;
    leave_by_call(f, q);
    f->ended = true;
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
    struct fn_out q = fn_out_row(f, REGION_OUT_call, i);
    q.word = (u32)in->imm;
    q.row = 0;
    LLVMValueRef x = fn_out(f, q);
    LLVMValueRef rest = LLVMBuildLoad2(l->b, l->type[IR_I64], fn_ctx(f, offsetof(struct jit_ctx, saved[12])), "");
    LLVMBuildStore(l->b, rest, f->left);
    if (h->flags & FN_RELOADS) {
        fn_load_fields(f);
        fn_reset_deferred(f);
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

/* A way out of the block that was taken: 2; rarely: 1; not at all: 0. */
static u32 weight_of(const struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    i32 to = in->op == IR_exit_direct ? fn_inside(f, f->at, (i64)in->imm) : -1;
    for (u32 k = 0; to >= 0 && k < f->r->edges; k++)
        if (f->r->edge[k].from == f->at && f->r->edge[k].to == to)
            return f->r->edge[k].rare ? 1 : 2;
    return 0;
}

/* A conditional branch: an exit, the label, and another exit. */
static void weigh(struct fn *f, u32 i, LLVMValueRef br)
{
    const struct ir_block *b = f->lb.ir;
    struct lb *l = &f->lb;
    if (i + 3 >= b->count || b->ins[i + 1].op != IR_exit_direct || b->ins[i + 2].op != IR_label
        || b->ins[i + 3].op != IR_exit_direct)
        return;
    u32 other = weight_of(f, i + 1), skipped = weight_of(f, i + 3);
    static const u32 by[] = { 1, 8, 64 };
    if (other == skipped)
        return;
    LLVMMetadataRef w[] = { LLVMMDStringInContext2(l->c, "branch_weights", 14),
                            LLVMValueAsMetadata(LLVMConstInt(l->type[IR_I32], by[skipped], false)),
                            LLVMValueAsMetadata(LLVMConstInt(l->type[IR_I32], by[other], false)) };
    LLVMSetMetadata(br, l->cold_kind, LLVMMetadataAsValue(l->c, LLVMMDNodeInContext2(l->c, w, COUNT(w))));
}

/* What is dirty on one of the ways is so behind the label. */
static void skip(struct fn *f, u32 i)
{
    LLVMBasicBlockRef on = new_block(f, "");
    fn_skip_deferred(f, i);
    for (u32 k = 0; k < COUNT(f->dirty); k++)
        f->label_dirty[lb_ins(&f->lb, i)->imm][k] |= f->dirty[k];
    LLVMValueRef br = LLVMBuildCondBr(f->lb.b, lb_arg(&f->lb, i, 0), label(f, lb_ins(&f->lb, i)->imm), on);
    weigh(f, i, br);
    go_to(f, on);
}

static void at_label(struct fn *f, u64 n)
{
    if (f->ended && !f->label[n])
        return; /* nor did what skips to it run */
    LLVMBasicBlockRef b = label(f, n);
    if (!f->ended)
        LLVMBuildBr(f->lb.b, b);
    else
        memset(f->dirty, 0, sizeof f->dirty);
    for (u32 k = 0; k < COUNT(f->dirty); k++)
        f->dirty[k] |= f->label_dirty[n][k];
    go_to(f, b);
    f->ended = false;
    f->skips -= f->skips > 0;
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
    case IR_probe: fn_probe(f, i); break;
    case IR_rmw: l->v[i] = fn_rmw(f, i); break;
    case IR_cas: l->v[i] = fn_cas(f, i); break;
    case IR_ldex: l->v[i] = fn_ldex(f, i); break;
    case IR_stex: l->v[i] = fn_stex(f, i); break;
    case IR_clrex: fn_clrex(f, i); break;
    case IR_mload: case IR_mstore: case IR_gather: case IR_barrier: l->v[i] = fn_mem(f, i); break;
    case IR_skip: skip(f, i); break;
    case IR_call: call(f, i); break;
    case IR_exit_direct: exit_direct(f, in); break;
    case IR_exit_indirect: exit_indirect(f, i); break;
    case IR_exit_mode: leave_here(f, f->synced ? REGION_exit_sync : REGION_exit_mode, lb_arg(l, i, 0)); break;
    case IR_exit_exc: exit_exc(f, i); break;
    default: l->v[i] = lb_row(l, i); break;
    }
}

/* At a head nothing runs unless all up to the next one fits; and a request to the machine is seen. */
static void look_at_budget(struct fn *f)
{
    struct lb *l = &f->lb;
    LLVMBasicBlockRef out = new_block(f, "spent"), fits = new_block(f, ""), in = new_block(f, "");
    fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntSLT, left(f), k64(f, f->run[f->at]), ""), out, fits);
    go_to(f, fits);
    LLVMValueRef kick = LLVMBuildLoad2(l->b, l->type[IR_I32], fn_ctx(f, offsetof(struct jit_ctx, kick)), "");
    LLVMSetVolatile(kick, true);
    fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntNE, kick, LLVMConstNull(l->type[IR_I32]), ""), out, in);
    go_to(f, out);
    leave_by_call(f, (struct fn_out){ .out = REGION_OUT_budget });
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
    f->skips = 0;
    f->built[n] = true;
    fn_begin_deferred(f);
    fn_find_groups(f, b);
    memcpy(f->dirty, f->dirty_in[n], sizeof f->dirty);
    memset(f->label, 0, sizeof f->label);
    memset(f->label_dirty, 0, sizeof f->label_dirty);
    go_to(f, f->entry[n]);
    if (f->head[n])
        look_at_budget(f);
    take_off(f, b->insns);
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
    LLVMTypeRef bytes = LLVMArrayType2(LLVMInt8TypeInContext(f->lb.c), sizeof(struct jit_ctx));
    snprintf(full, sizeof full, REGION_SYMBOL_PREFIX "%s", name);
    f->symbol[s] = type ? LLVMAddFunction(f->lb.m, full, type) : LLVMAddGlobal(f->lb.m, bytes, full);
    LLVMSetVisibility(f->symbol[s], LLVMHiddenVisibility); /* near: by a PC-relative address */
    if (type)
        LLVMSetFunctionCallConv(f->symbol[s], convention);
}

static void declare_all(struct fn *f)
{
    LLVMTypeRef i64t = f->lb.type[IR_I64], p = LLVMPointerTypeInContext(f->lb.c, 0);
    LLVMTypeRef of_exit[] = { i64t, p, p, i64t }, of_ask[] = { i64t, f->lb.type[IR_I32] };
    f->ask_type = LLVMFunctionType(i64t, of_ask, COUNT(of_ask), false);
    f->exit_type = LLVMFunctionType(LLVMVoidTypeInContext(f->lb.c), of_exit, COUNT(of_exit), false);
    declare(f, REGION_ctx, "ctx", NULL, 0);
#define S(name) declare(f, REGION_##name, #name, f->ask_type, FN_PRESERVE_ALL);
    REGION_ASKS(S)
#undef S
#define S(name) declare(f, REGION_##name, #name, f->exit_type, FN_PRESERVE_NONE);
    REGION_EXITS(S)
#undef S
}

/* ---- heads ---- */

enum { NEW, OPEN, DONE };

/* Depth first: an edge to a block that is open leads back. Afterwards run[] is known, since ways between heads have
 * no loops. */
static void find_heads(struct fn *f, u32 n)
{
    const struct ir_block *b = f->r->block[n].ir;
    f->visit[n] = OPEN;
    for (u32 i = 0; i < b->count; i++) {
        u8 to[REGION_BLOCKS];
        u32 count = fn_next(f, n, &b->ins[i], to);
        for (u32 k = 0; k < count; k++) {
            if (f->visit[to[k]] == NEW)
                find_heads(f, to[k]);
            f->head[to[k]] |= f->visit[to[k]] == OPEN;
        }
    }
    f->visit[n] = DONE;
}

static u32 longest(struct fn *f, u32 n)
{
    const struct ir_block *b = f->r->block[n].ir;
    u32 most = 0;
    for (u32 i = 0; !f->run[n] && i < b->count; i++) {
        u8 to[REGION_BLOCKS];
        u32 count = fn_next(f, n, &b->ins[i], to);
        for (u32 k = 0; k < count; k++)
            if (!f->head[to[k]])
                most = MAX(most, longest(f, to[k]));
    }
    if (!f->run[n])
        f->run[n] = b->insns + most;
    return f->run[n];
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
    f->key = fn_get_ctx(f, l->type[IR_I64], offsetof(struct jit_ctx, key));
    f->left = LLVMBuildAlloca(l->b, l->type[IR_I64], "left");
    fn_open_fields(f);
    fn_open_deferred(f);
    LLVMBuildStore(l->b, LLVMGetParam(l->fn, 0), f->left);
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
    f->lb.fp_x86 = r->fp_x86;
    f->lb.fp_plain = r->fp_plain;
    f->lb.features = r->features;
    f->lb.eval = fn_eval;
    f->r = r;
    declare_all(f);
    fn_find_fields(f);
    for (u32 n = 0; n < r->count; n++) {
        if (f->visit[n] == NEW) {
            f->head[n] = true;
            find_heads(f, n);
        }
    }
    fn_find_deferred(f);
    open_function(f);
    for (u32 n = 0; n < r->count; n++) {
        longest(f, n);
        block(f, n);
    }
    fn_end_sites(f);
    for (u32 n = 0; n < r->count; n++)
        free(f->handed[n]);
    lb_done(&f->lb);
    return true;
}
