/*
 * fn_group.c - accesses off one value by constants share a look at their page.
 *
 * In a stretch of a block without calls, the first of a group asks for all the bytes from its lowest to its
 * highest: one page that may be read, or written if one of them writes. Behind a hit the others need no look. Else
 * the region is left in front of the first one's instruction: it is done alone, exactly (so a group begins with an
 * access in front of which its instruction changed nothing). Between the first and the last of a group nothing may
 * change the TLB, so other accesses there that miss leave the region, too.
 *
 * Bytes that lie over two pages are copied together in front of the first access and, if one of the group writes,
 * back behind the last: where nothing between the two can tell (find_copies()).
 */
#include "backend/jit/llvm/fn_mem.h"
#include "backend/jit/jit.h"
#include <string.h>

/* ---- the look at a block ---- */

struct access {
    ir_ref root;
    i64    off;
    u32    len;
    bool   write;
    u32    align;
};

static bool const_of(const struct ir_block *b, ir_ref v, i64 *to)
{
    *to = (i64)b->ins[v].imm;
    return b->ins[v].op == IR_const;
}

/* The value that the address is off by constants. */
static void find_root(const struct ir_block *b, struct access *a)
{
    for (i64 k;;) {
        const struct ir_ins *in = &b->ins[a->root];
        if (in->op == IR_add && !in->lane && const_of(b, in->arg[1], &k))
            a->off += k;
        else if (in->op == IR_sub && !in->lane && const_of(b, in->arg[1], &k))
            a->off -= k;
        else
            return;
        a->root = in->arg[0];
    }
}

static bool is_member(struct fn *f, const struct ir_block *b, u32 i, struct access *a)
{
    const struct ir_ins *in = &b->ins[i];
    struct ir_mem m = ir_mem_unpack(in->aux);
    bool simple = in->op == IR_load ? fn_load_is_simple(f, b, i)
                : in->op == IR_store ? fn_store_is_simple(f, b, i)
                                     : in->op == IR_probe && fn_mem_is_simple(f, m) && in->imm - 1 < 64;
    if (!simple)
        return false;
    *a = (struct access){ .root = in->arg[0], .len = in->op == IR_probe ? (u32)in->imm : 1u << m.size,
                          .write = in->op == IR_store || (in->op == IR_probe && m.write), .align = m.align };
    find_root(b, a);
    return a->off > -(i64)PAGE_SIZE && a->off < (i64)PAGE_SIZE;
}

/* Behind it the TLB may be another, or control came from elsewhere. */
static bool is_barrier(const struct ir_ins *in)
{
    u32 fx = ir_rows[in->op].effects;
    return in->op == IR_call || in->op == IR_skip || in->op == IR_label || fx & (IR_EXIT | IR_MEM);
}

static bool takes(struct fn_group *g, const struct access *a, u32 i)
{
    i64 low = MIN(g->low, a->off), high = MAX(g->high, a->off + a->len);
    if (!g->open || g->root != a->root || high - low > REGION_SPAN_MOST)
        return false;
    g->low = low;
    g->high = high;
    g->write |= a->write;
    g->aligned |= a->align != 0;
    g->last = i;
    g->members++;
    return true;
}

static void put(struct fn *f, const struct access *a, u32 i)
{
    u32 n = 0;
    while (n < f->groups && !takes(&f->group[n], a, i))
        n++;
    if (n == FN_GROUPS)
        return;
    if (n == f->groups)
        f->group[f->groups++] = (struct fn_group){ .root = a->root, .low = a->off, .high = a->off + a->len,
                                                   .write = a->write, .aligned = a->align != 0,
                                                   .first = i, .last = i, .members = 1, .open = true };
    f->group_of[i] = (u8)(n + 1);
}

/* Instruction i may begin a group: its instruction has stored nothing so far. */
static bool may_lead(const struct ir_block *b, u32 i)
{
    while (b->ins[--i].op != IR_insn)
        if (ir_rows[b->ins[i].op].effects & (IR_STORES | IR_WRITES))
            return false;
    return true;
}

/* A store that the copy would not have, or a load that would not see what the copy has; ways out of the region in
 * front of the copy's return. */
static bool may_copy(const struct fn *f, const struct ir_block *b, u32 n)
{
    const struct fn_group *g = &f->group[n];
    if (g->write && g->aligned)
        return false;
    for (u32 i = g->first; i <= g->last; i++)
        if (f->group_of[i] != n + 1 && ir_rows[b->ins[i].op].effects & IR_MEM
            && (g->write || b->ins[i].op == IR_store))
            return false;
    return true;
}

static void find_copies(struct fn *f, const struct ir_block *b)
{
    u32 copies = 0;
    for (u32 n = 0; n < f->groups && copies < REGION_COPIES; n++)
        if (f->group[n].used && may_copy(f, b, n))
            f->group[n].copy = ++copies;
}

void fn_find_groups(struct fn *f, const struct ir_block *b)
{
    f->groups = 0;
    memset(f->group_of, 0, b->count);
    for (u32 i = 0; i < b->count && !f->r->apart; i++) {
        struct access a;
        if (is_member(f, b, i, &a)) {
            put(f, &a, i);
        } else if (is_barrier(&b->ins[i])) {
            for (u32 n = 0; n < f->groups; n++)
                f->group[n].open = false;
        }
    }
    for (u32 n = 0; n < f->groups; n++)
        f->group[n].used = f->group[n].members > 1 && may_lead(b, f->group[n].first);
    find_copies(f, b);
}

/* ---- while building ---- */

static struct fn_group *group_of(struct fn *f, u32 i)
{
    struct fn_group *g = f->group_of[i] ? &f->group[f->group_of[i] - 1] : NULL;
    return g && g->used ? g : NULL;
}

bool fn_must_leave(const struct fn *f, u32 i)
{
    for (u32 n = 0; n < f->groups; n++)
        if (f->group[n].used && f->group[n].first <= i && i < f->group[n].last)
            return true;
    return false;
}

void fn_leave_alone(struct fn *f)
{
    fn_out(f, (struct fn_out){ .out = REGION_OUT_alone });
    LLVMBuildUnreachable(f->lb.b);
}

static struct fn_out out_of_copy(const struct fn_group *g, enum region_out out, LLVMValueRef va)
{
    return (struct fn_out){ .out = out, .word = REGION_SPAN(g->copy - 1, g->high - g->low, g->write), .args = 1,
                            .arg = { va }, .type = { IR_I64 } };
}

/* The builder stands behind a hit, and the cold way at its end. */
static LLVMValueRef join_copy(struct fn *f, struct fn_group *g, struct fn_access *a, LLVMValueRef addend)
{
    struct lb *l = &f->lb;
    LLVMBasicBlockRef from[] = { LLVMGetInsertBlock(l->b), a->slow }, on = fn_block(f, "");
    LLVMTypeRef bit = l->type[IR_I1];
    LLVMBuildBr(l->b, on);
    LLVMPositionBuilderAtEnd(l->b, a->slow);
    LLVMValueRef to[] = { addend, fn_out(f, out_of_copy(g, REGION_OUT_gather, a->va)) };
    LLVMBuildBr(l->b, on);
    LLVMPositionBuilderAtEnd(l->b, on);
    addend = LLVMBuildPhi(l->b, l->type[IR_I64], "");
    LLVMAddIncoming(addend, to, from, 2);
    if (g->write) {
        g->copied = LLVMBuildPhi(l->b, bit, "");
        LLVMValueRef is[] = { LLVMConstInt(bit, 0, false), LLVMConstInt(bit, 1, false) };
        LLVMAddIncoming(g->copied, is, from, 2);
    }
    return addend;
}

static void leave_in_cold(struct fn *f, LLVMBasicBlockRef cold)
{
    LLVMBasicBlockRef on = LLVMGetInsertBlock(f->lb.b);
    LLVMPositionBuilderAtEnd(f->lb.b, cold);
    fn_leave_alone(f);
    LLVMPositionBuilderAtEnd(f->lb.b, on);
}

/* All its bytes in one page that the TLB lets through. */
static void look(struct fn *f, u32 i, struct fn_group *g)
{
    struct lb *l = &f->lb;
    LLVMValueRef root = l->v[g->root];
    struct fn_access a = { .va = LLVMBuildAdd(l->b, root, fn_k64(f, (u64)g->low), ""), .len = (u32)(g->high - g->low),
                           .write = g->write, .page = fn_page_of(f, i, g->write) };
    LLVMBasicBlockRef within = fn_block(f, "");
    a.slow = fn_block(f, "alone");
    a.hot = fn_block(f, "hot");
    LLVMValueRef in_page = LLVMBuildAnd(l->b, a.va, fn_k64(f, PAGE_SIZE - 1), "");
    fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntUGT, in_page, fn_k64(f, PAGE_SIZE - a.len), ""), a.slow, within);
    LLVMPositionBuilderAtEnd(l->b, within);
    LLVMValueRef addend = fn_ask(f, &a, PAGE_MASK);
    if (g->copy)
        addend = join_copy(f, g, &a, addend);
    else
        leave_in_cold(f, a.slow);
    g->host = LLVMBuildIntToPtr(l->b, LLVMBuildAdd(l->b, root, addend, ""), LLVMPointerTypeInContext(l->c, 0), "");
}

void fn_group_done(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    struct fn_group *g = group_of(f, i);
    if (!g || i != g->last || !g->copied)
        return;
    LLVMBasicBlockRef cold = fn_block(f, "scatter"), on = fn_block(f, "");
    fn_branch_cold(f, g->copied, cold, on);
    LLVMPositionBuilderAtEnd(l->b, cold);
    LLVMValueRef va = LLVMBuildAdd(l->b, l->v[g->root], fn_k64(f, (u64)g->low), "");
    fn_out(f, out_of_copy(g, REGION_OUT_scatter, va));
    LLVMBuildBr(l->b, on);
    LLVMPositionBuilderAtEnd(l->b, on);
}

LLVMValueRef fn_group_host(struct fn *f, u32 i, u32 align)
{
    struct lb *l = &f->lb;
    struct fn_group *g = group_of(f, i);
    if (!g)
        return NULL;
    if (i == g->first)
        look(f, i, g);
    if (align) {
        LLVMBasicBlockRef cold = fn_block(f, "alone"), aligned = fn_block(f, "aligned");
        LLVMValueRef low = LLVMBuildAnd(l->b, lb_arg(l, i, 0), fn_k64(f, (1u << align) - 1), "");
        fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntNE, low, fn_k64(f, 0), ""), cold, aligned);
        leave_in_cold(f, cold);
        LLVMPositionBuilderAtEnd(l->b, aligned);
    }
    struct access a = { .root = lb_ins(l, i)->arg[0] };
    find_root(l->ir, &a);
    return fn_add_bytes(f, g->host, fn_k64(f, (u64)a.off));
}
