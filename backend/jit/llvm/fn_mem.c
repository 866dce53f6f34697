/*
 * fn_mem.c - guest memory in a region: the page that accesses off a base met last, else the TLB, else a call.
 *
 * Pages that were met are in the context (ctx.page, ctx.addend): every call that may change the TLB forgets them
 * there, so code need not. Which of them an access asks is a guess; what it says is true whoever wrote it.
 */
#include "backend/jit/llvm/fn_mem.h"
#include "backend/jit/jit.h"

#define CHAIN_MAX 16u

LLVMValueRef fn_k64(struct fn *f, u64 v) { return LLVMConstInt(f->lb.type[IR_I64], v, false); }
static LLVMValueRef k64(struct fn *f, u64 v) { return fn_k64(f, v); }
static LLVMTypeRef i64t(struct fn *f) { return f->lb.type[IR_I64]; }
static LLVMTypeRef ptr(struct fn *f) { return LLVMPointerTypeInContext(f->lb.c, 0); }

LLVMValueRef fn_add_bytes(struct fn *f, LLVMValueRef p, LLVMValueRef off)
{
    return LLVMBuildGEP2(f->lb.b, LLVMInt8TypeInContext(f->lb.c), p, &off, 1, "");
}

LLVMValueRef fn_ctx(struct fn *f, u64 offset)
{
    return fn_add_bytes(f, f->symbol[REGION_ctx], k64(f, offset));
}

LLVMValueRef fn_get_ctx(struct fn *f, LLVMTypeRef t, u64 offset)
{
    LLVMValueRef v = LLVMBuildLoad2(f->lb.b, t, fn_ctx(f, offset), "");
    LLVMSetAlignment(v, 8);
    return v;
}

LLVMValueRef fn_take_result(struct fn *f, u32 i)
{
    u8 t = lb_ins(&f->lb, i)->type;
    if (t == IR_VOID)
        return NULL;
    if (t != IR_I1)
        return fn_get_ctx(f, f->lb.type[t], offsetof(struct jit_ctx, res));
    return LLVMBuildTrunc(f->lb.b, fn_get_ctx(f, f->lb.type[IR_I8], offsetof(struct jit_ctx, res)), f->lb.type[IR_I1],
                          "");
}

LLVMValueRef fn_eval(struct lb *l, u32 i)
{
    struct fn *f = (struct fn *)l; /* its first member */
    fn_out(f, fn_out_row(f, REGION_OUT_eval, i));
    return fn_take_result(f, i);
}

LLVMValueRef fn_mem(struct fn *f, u32 i)
{
    if (lb_ins(&f->lb, i)->op == IR_barrier) /* one thread: program order is the strongest order */
        return NULL;
    fn_out(f, fn_out_row(f, REGION_OUT_mem, i));
    return fn_take_result(f, i);
}

/* ---- which page ---- */

/* The field that the address is off by constants, + 1; 0: none. Values of one field at different times may be far
 * apart: then the page is not where the access is, nothing worse. */
static u32 base_of(const struct ir_block *b, ir_ref v)
{
    for (u32 n = 0; n < CHAIN_MAX; n++) {
        const struct ir_ins *in = &b->ins[v];
        if (in->op == IR_get)
            return (u32)in->imm + 1;
        bool sum = (in->op == IR_add || in->op == IR_sub) && !in->lane;
        if (sum && b->ins[in->arg[1]].op != IR_const && in->op == IR_add && b->ins[in->arg[1]].op == IR_get)
            v = in->arg[1]; /* base + index: the second is oftener the base of x86 sums, else no harm */
        else if (sum || in->op == IR_zext || in->op == IR_trunc)
            v = in->arg[0];
        else
            return 0;
    }
    return 0;
}

/* Index into ctx.page; -1: accesses like this one are rarely where the one before was. */
i32 fn_page_of(struct fn *f, u32 i, bool write)
{
    u32 base = base_of(f->lb.ir, lb_ins(&f->lb, i)->arg[0]), first = write ? JIT_READ_PAGES : 0;
    u32 count = write ? JIT_WRITE_PAGES : JIT_READ_PAGES, want = base % count;
    if (!base || f->loaded[base - 1]) /* a chain of pointers is in another page each time */
        return -1;
    for (u32 k = 0; k < count; k++) {
        u32 at = first + (want + k) % count;
        if (!f->page_base[at])
            f->page_base[at] = base;
        if (f->page_base[at] == base)
            return (i32)at;
    }
    return (i32)(first + want);
}

/* ---- the check ---- */

LLVMBasicBlockRef fn_block(struct fn *f, const char *name)
{
    return LLVMAppendBasicBlockInContext(f->lb.c, f->lb.fn, name);
}

void fn_branch_cold(struct fn *f, LLVMValueRef unlikely, LLVMBasicBlockRef cold, LLVMBasicBlockRef hot)
{
    LLVMSetMetadata(LLVMBuildCondBr(f->lb.b, unlikely, cold, hot), f->lb.cold_kind, f->lb.unlikely);
}

static LLVMValueRef entry_of(struct fn *f, LLVMValueRef va)
{
    LLVMBuilderRef b = f->lb.b;
    LLVMValueRef h = LLVMBuildAnd(b, LLVMBuildLShr(b, va, k64(f, 17), ""),
                                  k64(f, (TLB_ENTRIES - 2) * sizeof(struct tlb_entry)), "");
    LLVMValueRef at = LLVMBuildXor(b, LLVMBuildLShr(b, va, k64(f, 7), ""), h, "");
    LLVMValueRef tlb = fn_get_ctx(f, ptr(f), offsetof(struct jit_ctx, tlb));
    return fn_add_bytes(f, tlb, LLVMBuildAnd(b, at, k64(f, (TLB_ENTRIES - 1) * sizeof(struct tlb_entry)), ""));
}

/* Does the page that was met last hold the access? One that is not aligned goes to the TLB. */
static void ask_page(struct fn *f, struct fn_access *a, u64 mask, LLVMBasicBlockRef tlb)
{
    struct lb *l = &f->lb;
    LLVMValueRef page = fn_get_ctx(f, i64t(f), offsetof(struct jit_ctx, page) + (u64)a->page * 8);
    LLVMValueRef of_va = LLVMBuildAnd(l->b, a->va, k64(f, mask), "");
    fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntNE, of_va, page, ""), tlb, a->hot);
}

static void ask_align(struct fn *f, const struct fn_access *a)
{
    if (!a->align)
        return;
    LLVMBasicBlockRef aligned = fn_block(f, "aligned");
    LLVMValueRef low = LLVMBuildAnd(f->lb.b, a->va, k64(f, (1u << a->align) - 1), "");
    fn_branch_cold(f, LLVMBuildICmp(f->lb.b, LLVMIntNE, low, k64(f, 0), ""), a->slow, aligned);
    LLVMPositionBuilderAtEnd(f->lb.b, aligned);
}

/* The builder stands behind a hit; returns the addend. */
static LLVMValueRef ask_tlb(struct fn *f, const struct fn_access *a)
{
    struct lb *l = &f->lb;
    LLVMBasicBlockRef hit = fn_block(f, "hit");
    LLVMValueRef e = entry_of(f, a->va), last = LLVMBuildAdd(l->b, a->va, k64(f, a->len - 1), "");
    LLVMValueRef page = LLVMBuildAnd(l->b, last, k64(f, PAGE_MASK), "");
    u64 tag_at = a->write ? offsetof(struct tlb_entry, wtag) : offsetof(struct tlb_entry, rtag);
    LLVMValueRef tag = LLVMBuildLoad2(l->b, i64t(f), fn_add_bytes(f, e, k64(f, tag_at)), "");
    fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntNE, tag, page, ""), a->slow, hit);
    LLVMPositionBuilderAtEnd(l->b, hit);
    LLVMValueRef addend = LLVMBuildLoad2(l->b, i64t(f), fn_add_bytes(f, e, k64(f, offsetof(struct tlb_entry,
                                                                                           addend))), "");
    return addend;
}

/* The same by a call: the page that was met last is asked first, so this is seldom. */
static void ask_out_of_line(struct fn *f, const struct fn_access *a)
{
    struct lb *l = &f->lb;
    LLVMValueRef args[] = { a->va, LLVMConstInt(l->type[IR_I32], REGION_ASK((u32)a->page, a->len), false) };
    LLVMValueRef fn = f->symbol[a->write ? REGION_ask_write : REGION_ask_read];
    LLVMValueRef addend = LLVMBuildCall2(l->b, f->ask_type, fn, args, COUNT(args), "");
    LLVMSetInstructionCallConv(addend, FN_PRESERVE_ALL);
    fn_branch_cold(f, LLVMBuildICmp(l->b, LLVMIntEQ, addend, k64(f, 0), ""), a->slow, a->hot);
}

LLVMValueRef fn_ask(struct fn *f, struct fn_access *a, u64 mask)
{
    struct lb *l = &f->lb;
    if (a->page < 0) {
        ask_align(f, a);
        return ask_tlb(f, a);
    }
    LLVMBasicBlockRef tlb = fn_block(f, "tlb");
    ask_page(f, a, mask, tlb);
    LLVMPositionBuilderAtEnd(l->b, tlb);
    ask_align(f, a);
    ask_out_of_line(f, a);
    LLVMPositionBuilderAtEnd(l->b, a->hot);
    return fn_get_ctx(f, i64t(f), offsetof(struct jit_ctx, addend) + (u64)a->page * 8);
}

struct fn_access fn_check(struct fn *f, u32 i, u32 len, u32 align, bool write)
{
    struct lb *l = &f->lb;
    struct fn_access a = { .va = lb_arg(l, i, 0), .len = len, .align = align, .write = write,
                           .page = fn_page_of(f, i, write) };
    a.host = fn_group_host(f, i, align);
    a.grouped = a.host;
    if (a.grouped)
        return a;
    a.slow = fn_block(f, "slow");
    a.done = fn_block(f, "done");
    if (len & (len - 1))
        a.page = -1;
    if (a.page >= 0)
        a.hot = fn_block(f, "hot");
    LLVMValueRef addend = fn_ask(f, &a, PAGE_MASK | (len - 1) | ((1u << align) - 1));
    a.host = LLVMBuildIntToPtr(l->b, LLVMBuildAdd(l->b, a.va, addend, ""), ptr(f), "");
    if (fn_must_leave(f, i)) {
        LLVMBasicBlockRef on = LLVMGetInsertBlock(l->b);
        LLVMPositionBuilderAtEnd(l->b, a.slow);
        fn_leave_alone(f);
        LLVMPositionBuilderAtEnd(l->b, on);
        a.grouped = true;
    }
    return a;
}

void fn_slow(struct fn *f, struct fn_access *a)
{
    a->fast_end = LLVMGetInsertBlock(f->lb.b);
    LLVMBuildBr(f->lb.b, a->done);
    LLVMPositionBuilderAtEnd(f->lb.b, a->slow);
}

LLVMValueRef fn_join(struct fn *f, struct fn_access *a, LLVMValueRef fast, LLVMValueRef slow)
{
    LLVMBasicBlockRef end[] = { a->fast_end, LLVMGetInsertBlock(f->lb.b) };
    LLVMBuildBr(f->lb.b, a->done);
    LLVMPositionBuilderAtEnd(f->lb.b, a->done);
    if (!fast)
        return NULL;
    LLVMValueRef v = LLVMBuildPhi(f->lb.b, LLVMTypeOf(fast), "");
    LLVMAddIncoming(v, (LLVMValueRef[]){ fast, slow }, end, 2);
    return v;
}

LLVMValueRef fn_either(struct fn *f, struct fn_access *a, u32 i, LLVMValueRef fast)
{
    if (a->grouped)
        return fast;
    fn_slow(f, a);
    return fn_join(f, a, fast, fn_mem(f, i));
}

/* ---- loads and stores ---- */

bool fn_mem_is_simple(const struct fn *f, struct ir_mem m)
{
    return !m.addr32 && !m.mmu_val && m.mmu == f->r->mmu_mode;
}

/* Those that backend/jit/x64/mem.c makes in line, too, in the block's own mode. */
static bool is_simple(const struct fn *f, struct ir_mem m, u8 type)
{
    bool whole = 1u << m.size == ir_bytes((enum ir_type)type);
    return fn_mem_is_simple(f, m) && m.size <= 5 && type != IR_I1 && type != IR_F80
           && (!m.bswap || (m.bswap == m.size && m.size <= 3 && type <= IR_I64)) && (whole || type <= IR_I64);
}

bool fn_load_is_simple(const struct fn *f, const struct ir_block *b, u32 i)
{
    return is_simple(f, ir_mem_unpack(b->ins[i].aux), b->ins[i].type);
}

bool fn_store_is_simple(const struct fn *f, const struct ir_block *b, u32 i)
{
    struct ir_mem m = ir_mem_unpack(b->ins[i].aux);
    u8 type = b->ins[b->ins[i].arg[1]].type;
    return is_simple(f, m, type) && 1u << m.size == ir_bytes((enum ir_type)type);
}

static LLVMValueRef swap(struct fn *f, LLVMValueRef v, struct ir_mem m)
{
    LLVMTypeRef t = LLVMTypeOf(v);
    return m.bswap && m.size ? lb_intrinsic(&f->lb, "llvm.bswap", &t, 1, &v, 1) : v;
}

/* What lies in memory as the value of the load. */
static LLVMValueRef widen(struct fn *f, LLVMValueRef v, struct ir_mem m, LLVMTypeRef to)
{
    if (LLVMTypeOf(v) == to)
        return v;
    if (m.size == 4)
        return LLVMBuildBitCast(f->lb.b, v, to, "");
    return m.sign ? LLVMBuildSExt(f->lb.b, v, to, "") : LLVMBuildZExt(f->lb.b, v, to, "");
}

/* The type of the bytes: an integer for integers, which may be wider than the access. A pair of registers is one
 * vector: halves that are stored one by one would not be forwarded to a load of both. */
static LLVMTypeRef memory_type(struct fn *f, struct ir_mem m, u8 type)
{
    if (type == IR_I128)
        return f->lb.type[IR_V128];
    return type <= IR_I64 ? LLVMIntTypeInContext(f->lb.c, 8u << m.size) : f->lb.type[type];
}

static LLVMValueRef slow_load(struct fn *f, u32 i, LLVMValueRef va, struct ir_mem m, LLVMTypeRef raw)
{
    struct lb *l = &f->lb;
    struct fn_out q = { .out = m.size > 3 ? REGION_OUT_load_v : REGION_OUT_load, .word = lb_ins(l, i)->aux, .args = 1,
                        .arg = { va }, .type = { IR_I64 } };
    LLVMValueRef v = fn_out(f, q);
    if (m.size > 3)
        return fn_get_ctx(f, raw, offsetof(struct jit_ctx, res));
    LLVMTypeRef same = LLVMIntTypeInContext(l->c, 8u << m.size);
    if (m.size < 3)
        v = LLVMBuildTrunc(l->b, v, same, "");
    return same == raw ? v : LLVMBuildBitCast(l->b, v, raw, "");
}

LLVMValueRef fn_load(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    struct ir_mem m = ir_mem_unpack(lb_ins(l, i)->aux);
    u8 type = lb_ins(l, i)->type;
    if (!fn_load_is_simple(f, l->ir, i))
        return fn_mem(f, i);
    LLVMTypeRef raw = memory_type(f, m, type);
    struct fn_access a = fn_check(f, i, 1u << m.size, m.align, false);
    LLVMValueRef fast = LLVMBuildLoad2(l->b, raw, a.host, "");
    LLVMSetAlignment(fast, 1);
    fast = swap(f, fast, m);
    fn_group_done(f, i);
    if (a.grouped)
        return widen(f, fast, m, l->type[type]);
    fn_slow(f, &a);
    LLVMValueRef slow = slow_load(f, i, a.va, m, raw); /* bytes are reversed there */
    return widen(f, fn_join(f, &a, fast, slow), m, l->type[type]);
}

void fn_store(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    const struct ir_ins *in = lb_ins(l, i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    if (!fn_store_is_simple(f, l->ir, i)) {
        fn_mem(f, i);
        return;
    }
    LLVMValueRef v = lb_arg(l, i, 1);
    struct fn_access a = fn_check(f, i, 1u << m.size, m.align, true);
    if (l->ir->ins[in->arg[1]].type == IR_I128)
        v = LLVMBuildBitCast(l->b, v, l->type[IR_V128], "");
    LLVMSetAlignment(LLVMBuildStore(l->b, swap(f, v, m), a.host), 1);
    fn_group_done(f, i);
    if (a.grouped)
        return;
    fn_slow(f, &a);
    struct fn_out q = fn_out_row(f, m.size > 3 ? REGION_OUT_store_v : REGION_OUT_store, i);
    q.word = in->aux;
    fn_out(f, q);
    fn_join(f, &a, NULL, NULL);
}

void fn_probe(struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    if (!fn_mem_is_simple(f, m) || in->imm - 1 >= PAGE_SIZE) {
        fn_mem(f, i);
        return;
    }
    struct fn_access a = fn_check(f, i, (u32)in->imm, m.align, m.write);
    fn_group_done(f, i);
    fn_either(f, &a, i, NULL);
}
