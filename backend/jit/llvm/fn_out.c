/*
 * fn_out.c - calls out of a region: patch points, and the sites that say what lies where (backend/jit/region_map.h).
 *
 * Sites are bytes of a section of their own. A patch point's id is its site's place there; its operands are the
 * locations, which the linker adds.
 */
#include "backend/jit/llvm/fn.h"
#include "backend/jit/jit.h"
#include <stdlib.h>
#include <string.h>

/* calling convention: operands and result in any register, all others kept (llvm/IR/CallingConv.h) */
#define ANYREG 13u
#define VALUES 1024u

struct point {
    LLVMValueRef v[VALUES]; /* operands of the call: the first four are the intrinsic's own */
    u32          n;
};

/* ---- sites ---- */

u32 fn_blob_add(struct fn *f, const void *from, u32 bytes)
{
    u32 at = (f->blob_size + 7) & ~7u;
    if (at + bytes > f->blob_room) {
        f->blob_room = 2 * (at + bytes);
        f->blob = realloc(f->blob, f->blob_room);
        CHECK(f->blob);
    }
    memset(f->blob + f->blob_size, 0, at - f->blob_size);
    memcpy(f->blob + at, from, bytes);
    f->blob_size = at + bytes;
    return at;
}

static u32 add_ins(struct fn *f, const struct lb *l, u32 i) { return fn_blob_add(f, lb_ins(l, i),
                                                                                 sizeof(struct ir_ins)); }

void fn_end_sites(struct fn *f)
{
    struct lb *l = &f->lb;
    LLVMValueRef bytes = LLVMConstStringInContext2(l->c, f->blob ? (const char *)f->blob : "", f->blob_size, true);
    LLVMValueRef g = LLVMAddGlobal(l->m, LLVMTypeOf(bytes), "sites");
    LLVMSetInitializer(g, bytes);
    LLVMSetGlobalConstant(g, true);
    LLVMSetLinkage(g, LLVMInternalLinkage);
    LLVMSetSection(g, REGION_SITES_SECTION);
    LLVMSetAlignment(g, 8);
    free(f->blob);
    f->blob = NULL;
}

/* ---- operands ---- */

static void push(struct point *p, LLVMValueRef v)
{
    CHECK(p->n < VALUES);
    p->v[p->n++] = v;
}

static LLVMValueRef lane_pair(struct fn *f, LLVMValueRef v, u32 first)
{
    LLVMTypeRef i32t = f->lb.type[IR_I32];
    LLVMValueRef at[] = { LLVMConstInt(i32t, first, false), LLVMConstInt(i32t, first + 1, false) };
    return LLVMBuildShuffleVector(f->lb.b, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(at, 2), "");
}

static void push_value(struct fn *f, struct point *p, LLVMValueRef v, u8 type)
{
    struct lb *l = &f->lb;
    if (type == IR_I128 || type == IR_F80) {
        push(p, LLVMBuildTrunc(l->b, v, l->type[IR_I64], ""));
        v = LLVMBuildLShr(l->b, v, LLVMConstInt(LLVMTypeOf(v), 64, false), "");
        push(p, LLVMBuildTrunc(l->b, v, l->type[IR_I64], ""));
    } else if (type == IR_V256) {
        push(p, lane_pair(f, v, 0));
        push(p, lane_pair(f, v, 2));
    } else {
        push(p, v);
    }
}

static LLVMValueRef load_i64(struct fn *f, LLVMValueRef place)
{
    return LLVMBuildLoad2(f->lb.b, f->lb.type[IR_I64], place, "");
}

static LLVMValueRef value_of(struct fn *f, u32 n)
{
    return LLVMBuildLoad2(f->lb.b, f->lb.type[f->r->layout->fields[n].type], f->field[n], "");
}

/* How the field is to be found; REGION_VALUE without a location: it is in memory. */
static enum region_how push_field(struct fn *f, struct point *p, u32 n, u32 *at)
{
    u32 k = f->cand[n] - 1u;
    const struct fn_defer *d = f->cand[n] ? &f->defer[k] : NULL;
    if (d && d->how == REGION_RECIPE) {
        for (u32 j = 0; j < d->recipe->leaves; j++)
            push(p, d->leaf[j]);
        *at = d->recipe->at;
        return REGION_RECIPE;
    }
    if (d && d->how == REGION_DYNAMIC) {
        push(p, load_i64(f, f->kind[k]));
        push(p, value_of(f, n));
        for (u32 j = 0; j < REGION_LEAVES; j++)
            push(p, load_i64(f, f->leaf[k][j]));
        *at = f->table[k];
        return REGION_DYNAMIC;
    }
    if (fn_is_dirty(f, n))
        push_value(f, p, value_of(f, n), f->r->layout->fields[n].type);
    return REGION_VALUE;
}

static void push_fields(struct fn *f, struct point *p, struct region_site *s, struct region_field *fields)
{
    for (u32 n = 0; n < f->r->layout->field_count; n++) {
        u32 before = p->n, at = 0;
        if (!f->field[n])
            continue;
        enum region_how how = push_field(f, p, n, &at);
        if (how != REGION_VALUE || p->n != before)
            fields[s->fields++] = (struct region_field){ .field = (u16)n, .how = (u16)how, .at = (i32)at };
    }
}

/* Offsets are from where the fields come to lie. */
static void place_fields(struct region_field *fields, u32 n, u32 at)
{
    for (u32 k = 0; k < n; k++)
        if (fields[k].how != REGION_VALUE)
            fields[k].at -= (i32)(at + k * (u32)sizeof fields[0]);
}

/* ---- the call ---- */

static LLVMValueRef intrinsic(struct fn *f, LLVMTypeRef *type)
{
    struct lb *l = &f->lb;
    LLVMTypeRef over = l->type[IR_I64];
    u32 id = LLVMLookupIntrinsicID("llvm.experimental.patchpoint", strlen("llvm.experimental.patchpoint"));
    *type = LLVMIntrinsicGetType(l->c, id, &over, 1);
    return LLVMGetIntrinsicDeclaration(l->m, id, &over, 1);
}

static LLVMValueRef emit(struct fn *f, struct point *p, u32 at)
{
    struct lb *l = &f->lb;
    LLVMTypeRef type;
    LLVMValueRef fn = intrinsic(f, &type);
    p->v[0] = LLVMConstInt(l->type[IR_I64], at, false);
    p->v[1] = LLVMConstInt(l->type[IR_I32], REGION_PATCH, false);
    p->v[2] = LLVMConstNull(LLVMPointerTypeInContext(l->c, 0));
    p->v[3] = LLVMConstInt(l->type[IR_I32], 0, false); /* the rest may lie anywhere */
    LLVMValueRef call = LLVMBuildCall2(l->b, type, fn, p->v, p->n, "");
    LLVMSetInstructionCallConv(call, ANYREG);
    return call;
}

LLVMValueRef fn_out(struct fn *f, struct fn_out q)
{
    struct lb *l = &f->lb;
    struct region_field fields[FN_FIELDS];
    struct point p = { .n = 4 };
    struct region_site s = { .out = (u8)q.out, .args = (u8)q.args, .word = q.word,
                             .site = JIT_SITE(f->insn_off, f->behind), .pc = f->r->block[f->at].rel };
    push(&p, LLVMBuildLoad2(l->b, l->type[IR_I64], f->left, ""));
    push(&p, f->pc);
    for (u32 k = 0; k < q.args; k++) {
        s.arg_type[k] = q.type[k];
        push_value(f, &p, q.arg[k], q.type[k]);
    }
    if (q.out != REGION_OUT_eval && q.out != REGION_OUT_scatter)
        push_fields(f, &p, &s, fields);
    u32 at = fn_blob_add(f, &s, sizeof s), first = (f->blob_size + 7) & ~7u;
    place_fields(fields, s.fields, first);
    s.field_at = (i32)(fn_blob_add(f, fields, s.fields * (u32)sizeof fields[0]) - at);
    s.ins = q.row ? (i32)(add_ins(f, l, q.row - 1) - at) : 0;
    memcpy(f->blob + at, &s, sizeof s);
    return emit(f, &p, at);
}

struct fn_out fn_out_row(struct fn *f, enum region_out out, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    struct fn_out q = { .out = out, .args = ir_args(in), .row = i + 1 };
    for (u32 k = 0; k < q.args; k++) {
        q.arg[k] = lb_arg(&f->lb, i, k);
        q.type[k] = f->lb.ir->ins[in->arg[k]].type;
    }
    return q;
}
