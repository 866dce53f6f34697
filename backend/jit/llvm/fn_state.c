/*
 * fn_state.c - guest fields in a region: which are values, where they may differ from memory, loads and stores.
 */
#include "backend/jit/llvm/fn.h"
#include <string.h>

static const struct ir_field *field_of(const struct fn *f, u32 n) { return &f->r->layout->fields[n]; }

static bool has(const u64 *set, u32 n) { return set[n / 64] >> n % 64 & 1; }
static void add(u64 *set, u32 n) { set[n / 64] |= 1ull << n % 64; }

static u32 words(const struct fn *f) { return (f->r->layout->field_count + 63u) / 64; }

/* ---- the look at the region ---- */

static void mark_range(struct fn *f, u64 range)
{
    const struct ir_range *r = &f->r->layout->ranges[range];
    for (u32 k = 0; k < r->count; k++)
        f->indexed[r->first + k] = true;
}

static void find_indexed(struct fn *f, const struct ir_block *b)
{
    for (u32 i = 0; i < b->count; i++) {
        const struct ir_ins *in = &b->ins[i];
        if (in->op == IR_set && b->ins[in->arg[0]].op == IR_load)
            f->loaded[in->imm] = true;
        if (in->op == IR_getx || in->op == IR_setx)
            mark_range(f, in->imm);
        if (in->op == IR_gather) /* its row writes them, half done */
            f->indexed[in->imm2 & 0xffff] = f->indexed[in->imm2 >> 16 & 0xffff] = true;
    }
}

/* What is dirty at the entry of block n goes through it, exits included. True: something became dirty behind it. */
static bool flow(struct fn *f, u32 n)
{
    u64 now[FN_FIELDS / 64];
    const struct ir_block *b = f->r->block[n].ir;
    bool more = false;
    memcpy(now, f->dirty_in[n], sizeof now);
    for (u32 i = 0; i < b->count; i++) {
        const struct ir_ins *in = &b->ins[i];
        if (in->op == IR_set && !f->indexed[in->imm])
            add(now, (u32)in->imm);
        u8 to[REGION_BLOCKS];
        u32 count = fn_next(f, n, in, to);
        for (u32 w = 0; w < count * words(f); w++) {
            u64 *there = &f->dirty_in[to[w / words(f)]][w % words(f)];
            more |= (now[w % words(f)] & ~*there) != 0;
            *there |= now[w % words(f)];
        }
    }
    return more;
}

void fn_find_fields(struct fn *f)
{
    for (u32 n = 0; n < f->r->count; n++)
        find_indexed(f, f->r->block[n].ir);
    for (bool more = true; more;) {
        more = false;
        for (u32 n = 0; n < f->r->count; n++)
            more |= flow(f, n);
    }
}

/* ---- memory ---- */

static LLVMValueRef pointer(struct fn *f, u32 n)
{
    struct lb *l = &f->lb;
    LLVMValueRef off = LLVMConstInt(LLVMInt64TypeInContext(l->c), (u64)((i64)field_of(f,
                                                                                      n)->offset - f->r->state_bias),
                                                                                          true);
    return LLVMBuildGEP2(l->b, LLVMInt8TypeInContext(l->c), f->state, &off, 1, "");
}

/* An i1 is a byte that is 0 or 1. */
static LLVMValueRef load_at(struct fn *f, u8 type, LLVMValueRef at)
{
    struct lb *l = &f->lb;
    LLVMValueRef v = LLVMBuildLoad2(l->b, l->type[type == IR_I1 ? IR_I8 : type], at, "");
    LLVMSetAlignment(v, 1);
    return type == IR_I1 ? LLVMBuildTrunc(l->b, v, l->type[IR_I1], "") : v;
}

static void store_at(struct fn *f, u8 type, LLVMValueRef v, LLVMValueRef at)
{
    struct lb *l = &f->lb;
    if (type == IR_I1)
        v = LLVMBuildZExt(l->b, v, l->type[IR_I8], "");
    LLVMSetAlignment(LLVMBuildStore(l->b, v, at), 1);
}

static LLVMValueRef load_field(struct fn *f, u32 n) { return load_at(f, field_of(f, n)->type, pointer(f, n)); }

static void store_field(struct fn *f, u32 n, LLVMValueRef v) { store_at(f, field_of(f, n)->type, v, pointer(f, n)); }

/* ---- values ---- */

static void open_field(struct fn *f, u32 n)
{
    if (!f->field[n] && !f->indexed[n])
        f->field[n] = LLVMBuildAlloca(f->lb.b, f->lb.type[field_of(f, n)->type], field_of(f, n)->name);
}

void fn_open_fields(struct fn *f)
{
    for (u32 n = 0; n < f->r->count; n++) {
        const struct ir_block *b = f->r->block[n].ir;
        for (u32 i = 0; i < b->count; i++)
            if (b->ins[i].op == IR_get || b->ins[i].op == IR_set)
                open_field(f, (u32)b->ins[i].imm);
    }
}

void fn_load_fields(struct fn *f)
{
    for (u32 n = 0; n < f->r->layout->field_count; n++)
        if (f->field[n])
            LLVMBuildStore(f->lb.b, load_field(f, n), f->field[n]);
}

void fn_store_dirty(struct fn *f)
{
    for (u32 n = 0; n < f->r->layout->field_count; n++) {
        LLVMValueRef deferred = f->field[n] ? fn_deferred_value(f, n) : NULL;
        if (deferred)
            store_field(f, n, deferred);
        else if (f->field[n] && has(f->dirty, n))
            store_field(f, n, LLVMBuildLoad2(f->lb.b, f->lb.type[field_of(f, n)->type], f->field[n], ""));
    }
}

bool fn_is_dirty(const struct fn *f, u32 field) { return has(f->dirty, field); }

LLVMValueRef fn_get(struct fn *f, u32 i)
{
    u32 n = (u32)lb_ins(&f->lb, i)->imm;
    LLVMValueRef deferred = fn_deferred_value(f, n);
    if (deferred)
        return deferred;
    return f->field[n] ? LLVMBuildLoad2(f->lb.b, lb_type(&f->lb, i), f->field[n], "") : load_field(f, n);
}

void fn_set(struct fn *f, u32 i)
{
    u32 n = (u32)lb_ins(&f->lb, i)->imm;
    LLVMValueRef v = lb_arg(&f->lb, i, 0);
    if (!f->field[n]) {
        store_field(f, n, v);
        return;
    }
    add(f->dirty, n);
    if (!fn_defer_set(f, i))
        LLVMBuildStore(f->lb.b, v, f->field[n]);
}

/* ---- indexed ---- */

/* Consecutive fields of one type lie side by side (the layouts' tests say so). */
static LLVMValueRef element(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    const struct ir_range *r = &f->r->layout->ranges[lb_ins(l, i)->imm];
    LLVMTypeRef i64t = l->type[IR_I64];
    u32 step = r->count > 1 ? field_of(f, r->first + 1u)->offset - field_of(f, r->first)->offset : 0;
    LLVMValueRef n = LLVMBuildURem(l->b, lb_arg(l, i, 0), LLVMConstInt(l->type[IR_I32], r->count, false), "");
    LLVMValueRef off = LLVMBuildMul(l->b, LLVMBuildZExt(l->b, n, i64t, ""), LLVMConstInt(i64t, step, false), "");
    return LLVMBuildGEP2(l->b, LLVMInt8TypeInContext(l->c), pointer(f, r->first), &off, 1, "");
}

LLVMValueRef fn_getx(struct fn *f, u32 i) { return load_at(f, lb_ins(&f->lb, i)->type, element(f, i)); }

void fn_setx(struct fn *f, u32 i)
{
    store_at(f, f->lb.ir->ins[lb_ins(&f->lb, i)->arg[1]].type, lb_arg(&f->lb, i, 1), element(f, i));
}
