/*
 * fn_mem.c - guest memory in a region: the page that accesses off a base met last, else the TLB, else the slow path.
 *
 * What is known of a page only tests for what the TLB would say, and is forgotten behind every call that may change
 * the TLB. Slow paths are cold blocks: state is stored whole there, since the access may leave.
 */
#include "backend/jit/llvm/fn.h"
#include "backend/jit/jit.h"

#define CHAIN_MAX 16u

static LLVMTypeRef i64t(struct fn *f) { return f->lb.type[IR_I64]; }
static LLVMTypeRef i32t(struct fn *f) { return f->lb.type[IR_I32]; }
static LLVMTypeRef ptr(struct fn *f) { return LLVMPointerTypeInContext(f->lb.c, 0); }
static LLVMValueRef k64(struct fn *f, u64 v) { return LLVMConstInt(i64t(f), v, false); }

static LLVMValueRef add_bytes(struct fn *f, LLVMValueRef p, LLVMValueRef off)
{
    return LLVMBuildGEP2(f->lb.b, LLVMInt8TypeInContext(f->lb.c), p, &off, 1, "");
}

LLVMValueRef fn_ctx(struct fn *f, u64 offset)
{
    return add_bytes(f, f->symbol[REGION_ctx], k64(f, offset));
}

static LLVMValueRef get_ctx(struct fn *f, LLVMTypeRef t, u64 offset)
{
    LLVMValueRef v = LLVMBuildLoad2(f->lb.b, t, fn_ctx(f, offset), "");
    LLVMSetAlignment(v, 8);
    return v;
}

static void put_ctx(struct fn *f, LLVMValueRef v, u64 offset)
{
    LLVMSetAlignment(LLVMBuildStore(f->lb.b, v, fn_ctx(f, offset)), 8);
}

/* ---- calls ---- */

void fn_forget_windows(struct fn *f)
{
    for (u32 n = 0; n < FN_WINDOWS; n++)
        LLVMBuildStore(f->lb.b, k64(f, FN_NO_PAGE), f->window[n].page);
}

LLVMValueRef fn_call_out(struct fn *f, enum region_symbol s, LLVMValueRef x, u32 mem)
{
    struct lb *l = &f->lb;
    LLVMValueRef args[] = { x, LLVMConstInt(i32t(f), JIT_SITE(f->insn_off, f->behind), false), LLVMConstInt(i32t(f), mem, false),
                            LLVMBuildLoad2(l->b, i64t(f), f->left, ""), fn_pc_of(f, 0) };
    LLVMValueRef call = LLVMBuildCall2(l->b, f->call_type, f->symbol[s], args, COUNT(args), "");
    LLVMSetInstructionCallConv(call, FN_PRESERVE_MOST);
    if (s == REGION_eval)
        return call;
    LLVMBuildStore(l->b, get_ctx(f, ptr(f), offsetof(struct jit_ctx, tlb)), f->tlb);
    fn_forget_windows(f);
    return call;
}

LLVMValueRef fn_kept(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    LLVMValueRef bytes = LLVMConstStringInContext2(l->c, (const char *)lb_ins(l, i), sizeof(struct ir_ins), true);
    LLVMValueRef g = LLVMAddGlobal(l->m, LLVMTypeOf(bytes), "ins");
    LLVMSetInitializer(g, bytes);
    LLVMSetGlobalConstant(g, true);
    LLVMSetLinkage(g, LLVMPrivateLinkage);
    LLVMSetAlignment(g, 8);
    return g;
}

static u64 arg_at(u32 k) { return offsetof(struct jit_ctx, arg) + k * sizeof(union ir_val); }

/* As union ir_val: scalars zero-extended to 64 bits. */
static void put_operand(struct fn *f, u32 k, LLVMValueRef v, u8 type)
{
    struct lb *l = &f->lb;
    if (type == IR_F32)
        v = LLVMBuildBitCast(l->b, v, i32t(f), "");
    if (type == IR_F32 || type == IR_F16 || type < IR_I64)
        v = LLVMBuildZExt(l->b, v, i64t(f), "");
    put_ctx(f, v, arg_at(k));
}

void fn_put_operands(struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    for (u32 k = 0; k < ir_args(in); k++)
        put_operand(f, k, lb_arg(&f->lb, i, k), f->lb.ir->ins[in->arg[k]].type);
}

LLVMValueRef fn_take_result(struct fn *f, u32 i)
{
    u8 t = lb_ins(&f->lb, i)->type;
    if (t == IR_VOID)
        return NULL;
    if (t != IR_I1)
        return get_ctx(f, f->lb.type[t], offsetof(struct jit_ctx, res));
    return LLVMBuildTrunc(f->lb.b, get_ctx(f, f->lb.type[IR_I8], offsetof(struct jit_ctx, res)), f->lb.type[IR_I1], "");
}

LLVMValueRef fn_eval(struct lb *l, u32 i)
{
    struct fn *f = (struct fn *)l; /* its first member */
    fn_put_operands(f, i);
    fn_call_out(f, REGION_eval, LLVMBuildPtrToInt(l->b, fn_kept(f, i), i64t(f), ""), 0);
    return fn_take_result(f, i);
}

LLVMValueRef fn_mem(struct fn *f, u32 i)
{
    if (lb_ins(&f->lb, i)->op == IR_barrier) /* one thread: program order is the strongest order */
        return NULL;
    fn_store_dirty(f);
    fn_put_operands(f, i);
    fn_call_out(f, REGION_mem, LLVMBuildPtrToInt(f->lb.b, fn_kept(f, i), i64t(f), ""), 0);
    return fn_take_result(f, i);
}

/* ---- windows ---- */

/* The field that the address is off by constants, + 1; 0: none. Values of one field at different times may be far apart: then
 * the window is not where the access is, nothing worse. */
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

static struct fn_window *window_of(struct fn *f, u32 i, u32 mmu, bool write)
{
    u32 base = base_of(f->lb.ir, lb_ins(&f->lb, i)->arg[0]);
    if (!base)
        base = FN_FIELDS + f->at * IR_BLOCK_MAX + i; /* the access's own */
    for (u32 n = 0; n < FN_WINDOWS; n++) {
        struct fn_window *w = &f->window[n];
        if (!w->base)
            *w = (struct fn_window){ base, mmu, write, w->page, w->addend };
        if (w->base == base && w->mmu == mmu && w->write == write)
            return w;
    }
    return NULL;
}

/* ---- the check ---- */

static LLVMBasicBlockRef block(struct fn *f, const char *name) { return LLVMAppendBasicBlockInContext(f->lb.c, f->lb.fn, name); }

static void branch(struct fn *f, LLVMValueRef unlikely, LLVMBasicBlockRef cold, LLVMBasicBlockRef hot)
{
    LLVMValueRef br = LLVMBuildCondBr(f->lb.b, unlikely, cold, hot);
    LLVMSetMetadata(br, f->lb.cold_kind, f->lb.unlikely);
}

static LLVMValueRef entry_of(struct fn *f, LLVMValueRef va)
{
    LLVMBuilderRef b = f->lb.b;
    LLVMValueRef h = LLVMBuildAnd(b, LLVMBuildLShr(b, va, k64(f, 17), ""), k64(f, (TLB_ENTRIES - 2) * sizeof(struct tlb_entry)), "");
    LLVMValueRef at = LLVMBuildXor(b, LLVMBuildLShr(b, va, k64(f, 7), ""), h, "");
    LLVMValueRef tlb = LLVMBuildLoad2(b, ptr(f), f->tlb, "");
    return add_bytes(f, tlb, LLVMBuildAnd(b, at, k64(f, (TLB_ENTRIES - 1) * sizeof(struct tlb_entry)), ""));
}

struct check {
    LLVMValueRef      host;  /* pointer to the bytes, on the hot way */
    LLVMBasicBlockRef slow, hot, done;
};

/* The builder stands on the hot way afterwards. */
static struct check check(struct fn *f, u32 i, LLVMValueRef va, struct ir_mem m, bool write)
{
    struct lb *l = &f->lb;
    u64 len = 1u << m.size;
    struct fn_window *w = window_of(f, i, m.mmu, write);
    struct check c = { NULL, block(f, "slow"), block(f, "hot"), block(f, "done") };
    LLVMBasicBlockRef ask = block(f, "tlb"), here;
    LLVMValueRef known = NULL, addend[2];
    LLVMBasicBlockRef from[2];
    if (m.align) {
        LLVMBasicBlockRef aligned = block(f, "aligned");
        LLVMValueRef low = LLVMBuildAnd(l->b, va, k64(f, (1u << m.align) - 1), "");
        branch(f, LLVMBuildICmp(l->b, LLVMIntNE, low, k64(f, 0), ""), c.slow, aligned);
        LLVMPositionBuilderAtEnd(l->b, aligned);
    }
    if (w) {
        /* one that is not aligned may cross pages: the TLB's check sees to it */
        LLVMValueRef page = LLVMBuildLoad2(l->b, i64t(f), w->page, "");
        LLVMValueRef of_va = LLVMBuildAnd(l->b, va, k64(f, PAGE_MASK | (len - 1)), "");
        known = LLVMBuildLoad2(l->b, i64t(f), w->addend, "");
        from[0] = LLVMGetInsertBlock(l->b);
        branch(f, LLVMBuildICmp(l->b, LLVMIntNE, of_va, page, ""), ask, c.hot);
    } else {
        LLVMBuildBr(l->b, ask);
    }
    LLVMPositionBuilderAtEnd(l->b, ask);
    LLVMValueRef e = entry_of(f, va);
    LLVMValueRef page = LLVMBuildAnd(l->b, LLVMBuildAdd(l->b, va, k64(f, len - 1), ""), k64(f, PAGE_MASK), "");
    u64 tag_at = write ? offsetof(struct tlb_entry, wtag) : offsetof(struct tlb_entry, rtag);
    LLVMValueRef tag = LLVMBuildLoad2(l->b, i64t(f), add_bytes(f, e, k64(f, tag_at)), "");
    here = block(f, "hit");
    branch(f, LLVMBuildICmp(l->b, LLVMIntNE, tag, page, ""), c.slow, here);
    LLVMPositionBuilderAtEnd(l->b, here);
    LLVMValueRef sum = LLVMBuildLoad2(l->b, i64t(f), add_bytes(f, e, k64(f, offsetof(struct tlb_entry, addend))), "");
    if (w) {
        LLVMBuildStore(l->b, page, w->page);
        LLVMBuildStore(l->b, sum, w->addend);
    }
    LLVMBuildBr(l->b, c.hot);
    LLVMPositionBuilderAtEnd(l->b, c.hot);
    if (w) {
        LLVMValueRef phi = LLVMBuildPhi(l->b, i64t(f), "");
        addend[0] = known;
        addend[1] = sum;
        from[1] = here;
        LLVMAddIncoming(phi, addend, from, 2);
        sum = phi;
    }
    c.host = LLVMBuildIntToPtr(l->b, LLVMBuildAdd(l->b, va, sum, ""), ptr(f), "");
    return c;
}

/* ---- loads and stores ---- */

/* Those that backend/jit/x64/mem.c makes in line, too, in the block's own mode. */
static bool is_simple(const struct fn *f, struct ir_mem m, u8 type)
{
    bool whole = 1u << m.size == ir_bytes((enum ir_type)type);
    return !m.addr32 && !m.mmu_val && m.mmu == f->r->mmu_mode && m.size <= 5 && type != IR_I1 && type != IR_F80
           && (!m.bswap || (m.bswap == m.size && m.size <= 3 && type <= IR_I64)) && (whole || type <= IR_I64);
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
    return m.sign ? LLVMBuildSExt(f->lb.b, v, to, "") : LLVMBuildZExt(f->lb.b, v, to, "");
}

/* The type of the bytes: an integer for integers, which may be wider than the access. */
static LLVMTypeRef memory_type(struct fn *f, struct ir_mem m, u8 type)
{
    return type <= IR_I64 ? LLVMIntTypeInContext(f->lb.c, 8u << m.size) : f->lb.type[type];
}

static LLVMValueRef slow_load(struct fn *f, u32 i, LLVMValueRef va, struct ir_mem m, LLVMTypeRef raw)
{
    struct lb *l = &f->lb;
    fn_store_dirty(f);
    LLVMValueRef v = fn_call_out(f, m.size > 3 ? REGION_load_v : REGION_load, va, lb_ins(l, i)->aux);
    if (m.size > 3)
        return get_ctx(f, raw, offsetof(struct jit_ctx, res));
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
    if (!is_simple(f, m, type))
        return fn_mem(f, i);
    LLVMTypeRef raw = memory_type(f, m, type);
    LLVMValueRef va = lb_arg(l, i, 0), got[2];
    LLVMBasicBlockRef from[2];
    struct check c = check(f, i, va, m, false);
    got[0] = LLVMBuildLoad2(l->b, raw, c.host, "");
    LLVMSetAlignment(got[0], 1);
    got[0] = swap(f, got[0], m);
    from[0] = LLVMGetInsertBlock(l->b);
    LLVMBuildBr(l->b, c.done);
    LLVMPositionBuilderAtEnd(l->b, c.slow);
    got[1] = slow_load(f, i, va, m, raw); /* bytes are reversed there */
    from[1] = LLVMGetInsertBlock(l->b);
    LLVMBuildBr(l->b, c.done);
    LLVMPositionBuilderAtEnd(l->b, c.done);
    LLVMValueRef v = LLVMBuildPhi(l->b, raw, "");
    LLVMAddIncoming(v, got, from, 2);
    return widen(f, v, m, l->type[type]);
}

void fn_store(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    struct ir_mem m = ir_mem_unpack(lb_ins(l, i)->aux);
    u8 type = l->ir->ins[lb_ins(l, i)->arg[1]].type;
    if (!is_simple(f, m, type) || 1u << m.size != ir_bytes((enum ir_type)type)) {
        fn_mem(f, i);
        return;
    }
    LLVMValueRef va = lb_arg(l, i, 0), v = lb_arg(l, i, 1);
    struct check c = check(f, i, va, m, true);
    LLVMSetAlignment(LLVMBuildStore(l->b, swap(f, v, m), c.host), 1);
    LLVMBuildBr(l->b, c.done);
    LLVMPositionBuilderAtEnd(l->b, c.slow);
    fn_store_dirty(f);
    put_operand(f, 0, v, type);
    fn_call_out(f, m.size > 3 ? REGION_store_v : REGION_store, va, lb_ins(l, i)->aux);
    LLVMBuildBr(l->b, c.done);
    LLVMPositionBuilderAtEnd(l->b, c.done);
}
