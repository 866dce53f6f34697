/*
 * fn_defer.c - fields that are mostly overwritten before they are looked at: flags.
 *
 * Such a field is not made when it is set: where a call may leave, its site says how it is made of the values that
 * it comes from. It is made where it is read, and at real exits. Where ways of the region meet, a field that will
 * be read is a value as any other; one that will not is kept as a kind (which of the recipes) and the recipe's
 * leaves.
 */
#include "backend/jit/llvm/fn.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH 4u

static bool has(u64 set, u32 k) { return set >> k & 1; }

/* ---- candidates ---- */

static bool is_flag_type(u8 t) { return t == IR_I1 || t == IR_I8; }

static void find_candidates(struct fn *f, const struct ir_block *b)
{
    for (u32 i = 0; i < b->count; i++) {
        const struct ir_ins *in = &b->ins[i];
        u32 n = (u32)in->imm;
        if (in->op == IR_set && !f->indexed[n] && !f->cand[n] && f->cands < FN_CANDS
            && is_flag_type(f->r->layout->fields[n].type)) {
            f->cand_field[f->cands] = n;
            f->cand[n] = (u8)++f->cands;
        }
    }
}

/* ---- liveness: will it be read before it is set? ---- */

static u64 all_cands(const struct fn *f) { return f->cands == 64 ? ~0ull : (1ull << f->cands) - 1; }

static u64 bit_of(const struct fn *f, u64 field) { return f->cand[field] ? 1ull << (f->cand[field] - 1) : 0; }

static u64 live_at_exit(const struct fn *f, u32 n, const struct ir_ins *in)
{
    i32 to = in->op == IR_exit_direct ? fn_inside(f, n, (i64)in->imm) : -1;
    if (in->op == IR_exit_exc)
        return 0;
    return to < 0 || fn_crosses(f, n, (u32)to) ? all_cands(f) : f->live[to];
}

/* Backwards through block n. */
static u64 live_into(struct fn *f, u32 n)
{
    const struct ir_block *b = f->r->block[n].ir;
    u64 live = 0, at_label[FN_LABELS];
    u32 open = 0;
    for (u32 i = b->count; i--;) {
        const struct ir_ins *in = &b->ins[i];
        u32 flags = in->op == IR_call ? f->r->layout->helpers[in->imm].flags : 0;
        open += in->op == IR_label;
        open -= in->op == IR_skip;
        if (ir_rows[in->op].effects & IR_EXIT)
            live = live_at_exit(f, n, in);
        else if (in->op == IR_label)
            at_label[in->imm] = live;
        else if (in->op == IR_skip)
            live |= at_label[in->imm];
        else if (in->op == IR_set && open) /* or not: a value on both ways */
            live |= bit_of(f, in->imm);
        else if (in->op == IR_set)
            live &= ~bit_of(f, in->imm);
        else if (in->op == IR_get)
            live |= bit_of(f, in->imm);
        else if (flags & FN_RELOADS)
            live = open ? all_cands(f) : 0; /* read from memory again behind it */
    }
    return live;
}

static void find_live(struct fn *f)
{
    for (bool more = true; more;) {
        more = false;
        for (u32 n = f->r->count; n--;) {
            u64 now = live_into(f, n);
            more |= now != f->live[n];
            f->live[n] = now;
        }
    }
}

static void count_edges(struct fn *f)
{
    for (u32 n = 0; n < f->r->count; n++) {
        const struct ir_block *b = f->r->block[n].ir;
        f->edges[n] += n == 0 || f->head[n];
        for (u32 i = 0; i < b->count; i++) {
            u8 to[REGION_BLOCKS];
            u32 count = fn_next(f, n, &b->ins[i], to);
            for (u32 k = 0; k < count; k++)
                f->edges[to[k]]++;
        }
    }
}

/* ---- recipes ---- */

struct cooking {
    const struct ir_block *b;
    struct region_recipe  *r;
    ir_ref                 leaf[REGION_LEAVES];
    bool                   full;
};

static bool is_small_int(u8 t) { return t >= IR_I1 && t <= IR_I64; }

static bool may_be_node(const struct ir_block *b, const struct ir_ins *in)
{
    if (in->op == IR_const)
        return is_small_int(in->type);
    if (!(ir_rows[in->op].effects & IR_PURE) || in->lane || !is_small_int(in->type) || in->op == IR_pc)
        return false;
    for (u32 k = 0; k < ir_rows[in->op].args; k++)
        if (!is_small_int(b->ins[in->arg[k]].type))
            return false;
    switch (in->op) {
    case IR_mul: case IR_mulhu: case IR_mulhs: case IR_udiv: case IR_sdiv: case IR_urem: case IR_srem: return false;
    default: return ir_rows[in->op].args > 0;
    }
}

static u8 leaf_of(struct cooking *c, ir_ref v)
{
    for (u32 k = 0; k < c->r->leaves; k++)
        if (c->leaf[k] == v)
            return (u8)k;
    if (c->r->leaves == REGION_LEAVES || !is_small_int(c->b->ins[v].type)) {
        c->full = true;
        return 0;
    }
    c->leaf[c->r->leaves] = v;
    c->r->leaf_type[c->r->leaves] = c->b->ins[v].type;
    return c->r->leaves++;
}

/* Index of the value as an operand: a leaf or a row. */
static u8 cook(struct cooking *c, ir_ref v, u32 depth)
{
    const struct ir_ins *in = &c->b->ins[v];
    u8 arg[8] = { 0 };
    if (!may_be_node(c->b, in) || (depth == 0 && in->op != IR_const))
        return leaf_of(c, v);
    for (u32 k = 0; k < ir_rows[in->op].args; k++)
        arg[k] = cook(c, in->arg[k], depth - 1);
    if (c->r->nodes == REGION_NODES)
        c->full = true;
    if (c->full)
        return 0;
    c->r->node[c->r->nodes].ins = *in;
    memcpy(c->r->node[c->r->nodes].arg, arg, sizeof arg);
    return (u8)(REGION_LEAVES + c->r->nodes++);
}

/* Tries the deepest recipe first, which has the fewest leaves. */
static bool make_recipe(struct fn *f, const struct ir_block *b, ir_ref v, struct fn_recipe *to)
{
    for (u32 depth = DEPTH; depth; depth--) {
        struct region_recipe r = { 0 };
        struct cooking c = { .b = b, .r = &r };
        if (!may_be_node(b, &b->ins[v]))
            return false;
        cook(&c, v, depth);
        if (c.full)
            continue;
        memcpy(to->leaf, c.leaf, sizeof to->leaf);
        to->leaves = r.leaves;
        to->at = fn_blob_add(f, &r, (u32)(offsetof(struct region_recipe, node) + r.nodes * sizeof r.node[0]));
        return true;
    }
    return false;
}

/* Sets of instructions that always happen: not behind a skip whose label is yet to come. */
static void find_recipes(struct fn *f, u32 n)
{
    const struct ir_block *b = f->r->block[n].ir;
    u32 skips = 0, insn = 0;
    for (u32 i = 0; i < b->count && f->recipes < FN_RECIPES; i++) {
        const struct ir_ins *in = &b->ins[i];
        skips += in->op == IR_skip;
        skips -= in->op == IR_label && skips;
        if (in->op == IR_insn)
            insn = i;
        if (in->op != IR_set || skips || !f->cand[in->imm])
            continue;
        struct fn_recipe *r = &f->recipe[f->recipes];
        *r = (struct fn_recipe){ .block = n, .ins = i, .field = (u32)in->imm,
                                 .kind = REGION_KIND_FIRST + n * IR_BLOCK_MAX + insn };
        f->recipes += make_recipe(f, b, in->arg[0], r);
    }
}

/* The recipes of each candidate. */
static void make_tables(struct fn *f)
{
    for (u32 k = 0; k < f->cands; k++) {
        u32 rows[2 + 2 * FN_RECIPES] = { 0 };
        for (u32 n = 0; n < f->recipes; n++) {
            if (f->recipe[n].field != f->cand_field[k])
                continue;
            rows[2 + 2 * rows[0]] = f->recipe[n].kind;
            rows[3 + 2 * rows[0]++] = f->recipe[n].at;
        }
        u32 at = fn_blob_add(f, rows, (2 + 2 * rows[0]) * 4);
        struct region_table *t = (struct region_table *)(void *)(f->blob + at);
        for (u32 n = 0; n < t->count; n++)
            t->row[n].at -= at;
        f->table[k] = at;
    }
}

void fn_find_deferred(struct fn *f)
{
    for (u32 n = 0; n < f->r->count; n++)
        find_candidates(f, f->r->block[n].ir);
    find_live(f);
    count_edges(f);
    for (u32 n = 0; n < f->r->count; n++)
        find_recipes(f, n);
    make_tables(f);
}

static const struct fn_recipe *recipe_of(const struct fn *f, u32 i)
{
    for (u32 n = 0; n < f->recipes; n++)
        if (f->recipe[n].block == f->at && f->recipe[n].ins == i)
            return &f->recipe[n];
    return NULL;
}

/* ---- while building ---- */

static LLVMTypeRef i64t(struct fn *f) { return f->lb.type[IR_I64]; }

void fn_open_deferred(struct fn *f)
{
    for (u32 k = 0; k < f->cands; k++) {
        f->kind[k] = LLVMBuildAlloca(f->lb.b, i64t(f), "kind");
        LLVMBuildStore(f->lb.b, LLVMConstInt(i64t(f), REGION_KIND_MEMORY, false), f->kind[k]);
        for (u32 n = 0; n < REGION_LEAVES; n++) {
            f->leaf[k][n] = LLVMBuildAlloca(f->lb.b, i64t(f), "leaf");
            LLVMBuildStore(f->lb.b, LLVMGetPoison(i64t(f)), f->leaf[k][n]);
        }
    }
}

void fn_begin_deferred(struct fn *f)
{
    struct fn_defer *from = f->handed[f->at];
    if (from) {
        memcpy(f->defer, from, sizeof f->defer);
        return;
    }
    for (u32 k = 0; k < f->cands; k++)
        f->defer[k] = (struct fn_defer){ .how = has(f->live[f->at], k) ? REGION_VALUE : REGION_DYNAMIC };
}

static LLVMValueRef place_of(struct fn *f, u32 k) { return f->field[f->cand_field[k]]; }

static void settle(struct fn *f, u32 k)
{
    if (f->defer[k].how != REGION_RECIPE)
        return;
    LLVMBuildStore(f->lb.b, f->defer[k].value, place_of(f, k));
    f->defer[k] = (struct fn_defer){ .how = REGION_VALUE };
}

LLVMValueRef fn_deferred_value(struct fn *f, u32 field)
{
    u32 k = f->cand[field] - 1u;
    if (!f->cand[field])
        return NULL;
    CHECK(f->defer[k].how != REGION_DYNAMIC);
    return f->defer[k].how == REGION_RECIPE ? f->defer[k].value : NULL;
}

/* Behind a set that may have happened or not, a field is a value. */
void fn_skip_deferred(struct fn *f, u32 i)
{
    const struct ir_block *b = f->lb.ir;
    for (u32 n = i + 1; n < b->count && !(b->ins[n].op == IR_label && b->ins[n].imm == b->ins[i].imm); n++) {
        bool reloads = b->ins[n].op == IR_call && f->r->layout->helpers[b->ins[n].imm].flags & FN_RELOADS;
        for (u32 k = 0; k < f->cands; k++)
            if (reloads || (b->ins[n].op == IR_set && b->ins[n].imm == f->cand_field[k]))
                settle(f, k);
    }
    f->skips++;
}

/* False: it is to be set as any other field. */
bool fn_defer_set(struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    u32 k = f->cand[in->imm] - 1u;
    if (!f->cand[in->imm])
        return false;
    CHECK(!f->skips || f->defer[k].how != REGION_DYNAMIC);
    const struct fn_recipe *r = f->skips ? NULL : recipe_of(f, i);
    f->defer[k] = (struct fn_defer){ .how = REGION_VALUE };
    if (!r)
        return false;
    f->defer[k] = (struct fn_defer){ .how = REGION_RECIPE, .recipe = r, .value = lb_arg(&f->lb, i, 0) };
    for (u32 n = 0; n < r->leaves; n++)
        f->defer[k].leaf[n] = f->lb.v[r->leaf[n]];
    return true;
}

void fn_reset_deferred(struct fn *f)
{
    for (u32 k = 0; k < f->cands; k++) {
        CHECK(!f->skips || f->defer[k].how != REGION_DYNAMIC);
        f->defer[k] = (struct fn_defer){ .how = REGION_VALUE };
    }
}

static LLVMValueRef as_i64(struct fn *f, LLVMValueRef v)
{
    return LLVMTypeOf(v) == i64t(f) ? v : LLVMBuildZExt(f->lb.b, v, i64t(f), "");
}

static void hand_dynamic(struct fn *f, u32 k)
{
    const struct fn_defer *d = &f->defer[k];
    bool recipe = d->how == REGION_RECIPE;
    if (d->how == REGION_DYNAMIC)
        return;
    LLVMBuildStore(f->lb.b, LLVMConstInt(i64t(f), recipe ? d->recipe->kind : REGION_KIND_VALUE, false), f->kind[k]);
    for (u32 n = 0; n < REGION_LEAVES; n++)
        LLVMBuildStore(f->lb.b, recipe && n < d->recipe->leaves ? as_i64(f, d->leaf[n]) : LLVMGetPoison(i64t(f)),
                       f->leaf[k][n]);
}

void fn_hand_deferred(struct fn *f, u32 to)
{
    if (f->edges[to] == 1 && !f->built[to]) {
        f->handed[to] = malloc(sizeof f->defer);
        CHECK(f->handed[to]);
        memcpy(f->handed[to], f->defer, sizeof f->defer);
        return;
    }
    for (u32 k = 0; k < f->cands; k++) {
        if (!has(f->live[to], k))
            hand_dynamic(f, k);
        else if (f->defer[k].how == REGION_RECIPE)
            LLVMBuildStore(f->lb.b, f->defer[k].value, place_of(f, k));
        else
            CHECK(f->defer[k].how == REGION_VALUE);
    }
}
