/*
 * fn_atomic.c - exclusives, compare-and-swap, read-modify-write in a region.
 *
 * One thread runs all vCPUs and nothing else touches guest memory meanwhile: plain loads and stores are atomic.
 * backend/common/mem.c says what each row does, backend/jit/x64/atomic.c does the same.
 */
#include "backend/jit/llvm/fn_mem.h"
#include "backend/jit/jit.h"

/* Values of type t as they lie in memory? */
static bool is_plain(const struct fn *f, struct ir_mem m, u32 t)
{
    return fn_mem_is_simple(f, m) && !m.bswap && !m.sign && t >= IR_I8 && t <= IR_I128
           && 1u << m.size == ir_bytes((enum ir_type)t);
}

static LLVMValueRef load(struct fn *f, LLVMTypeRef t, LLVMValueRef at)
{
    LLVMValueRef v = LLVMBuildLoad2(f->lb.b, t, at, "");
    LLVMSetAlignment(v, 1);
    return v;
}

static void store(struct fn *f, LLVMValueRef v, LLVMValueRef at)
{
    LLVMSetAlignment(LLVMBuildStore(f->lb.b, v, at), 1);
}

/* ---- exclusives ---- */

/* Pointer to a member of the monitor, in struct vcpu_state. */
static LLVMValueRef monitor(struct fn *f, u64 member)
{
    LLVMTypeRef p = LLVMPointerTypeInContext(f->lb.c, 0);
    LLVMValueRef v = fn_get_ctx(f, p, offsetof(struct jit_ctx, v));
    return fn_add_bytes(f, v, fn_k64(f, offsetof(struct vcpu, s) + member));
}
#define MONITOR(f, member) monitor(f, offsetof(struct vcpu_state, member))

static LLVMValueRef k32(struct fn *f, u32 v) { return LLVMConstInt(f->lb.type[IR_I32], v, false); }

static void see(struct fn *f, LLVMValueRef v, u32 type)
{
    struct lb *l = &f->lb;
    LLVMValueRef low = v, high = fn_k64(f, 0);
    if (type == IR_I128) {
        low = LLVMBuildTrunc(l->b, v, l->type[IR_I64], "");
        high = LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, v, LLVMConstInt(l->type[type], 64, false), ""),
                              l->type[IR_I64], "");
    } else if (type < IR_I64) {
        low = LLVMBuildZExt(l->b, v, l->type[IR_I64], "");
    }
    store(f, low, MONITOR(f, excl_val[0]));
    store(f, high, MONITOR(f, excl_val[1]));
}

LLVMValueRef fn_ldex(struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    if (!is_plain(f, m, in->type))
        return fn_mem(f, i);
    struct fn_access a = fn_check(f, i, 1u << m.size, m.align, false);
    LLVMValueRef v = load(f, lb_type(&f->lb, i), a.host);
    store(f, a.va, MONITOR(f, excl_addr));
    store(f, k32(f, 1u << m.size), MONITOR(f, excl_size));
    see(f, v, in->type);
    return fn_either(f, &a, i, v);
}

static LLVMValueRef seen(struct fn *f, u32 type)
{
    struct lb *l = &f->lb;
    LLVMTypeRef t = l->type[type];
    if (type != IR_I128)
        return load(f, t, MONITOR(f, excl_val[0]));
    LLVMValueRef low = LLVMBuildZExt(l->b, load(f, l->type[IR_I64], MONITOR(f, excl_val[0])), t, "");
    LLVMValueRef high = LLVMBuildZExt(l->b, load(f, l->type[IR_I64], MONITOR(f, excl_val[1])), t, "");
    return LLVMBuildOr(l->b, low, LLVMBuildShl(l->b, high, LLVMConstInt(t, 64, false), ""), "");
}

/* i1: is this what the monitor watches? */
static LLVMValueRef is_watched(struct fn *f, LLVMValueRef va, u32 size)
{
    struct lb *l = &f->lb;
    LLVMValueRef seen_size = load(f, l->type[IR_I32], MONITOR(f, excl_size));
    LLVMValueRef same_size = LLVMBuildICmp(l->b, LLVMIntEQ, seen_size, k32(f, size), "");
    LLVMValueRef same = LLVMBuildICmp(l->b, LLVMIntEQ, load(f, l->type[IR_I64], MONITOR(f, excl_addr)), va, "");
    return LLVMBuildAnd(l->b, same_size, same, "");
}

/* An address that is not watched is not looked at, but for its alignment. */
LLVMValueRef fn_stex(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    const struct ir_ins *in = lb_ins(l, i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    u8 type = l->ir->ins[in->arg[1]].type;
    if (!is_plain(f, m, type))
        return fn_mem(f, i);
    LLVMValueRef value = lb_arg(l, i, 1), va = lb_arg(l, i, 0), one = k32(f, 1), zero = k32(f, 0);
    LLVMBasicBlockRef watched = fn_block(f, "watched"), other = fn_block(f, "other"), join = fn_block(f, "");
    LLVMBuildCondBr(l->b, is_watched(f, va, 1u << m.size), watched, other);
    LLVMPositionBuilderAtEnd(l->b, other); /* seldom: the reference looks at the alignment, too */
    LLVMValueRef lost = fn_mem(f, i);
    LLVMBasicBlockRef from[2] = { LLVMGetInsertBlock(l->b) };
    LLVMBuildBr(l->b, join);
    LLVMPositionBuilderAtEnd(l->b, watched);
    struct fn_access a = fn_check(f, i, 1u << m.size, m.align, true);
    LLVMValueRef now = load(f, l->type[type], a.host);
    LLVMValueRef same = LLVMBuildICmp(l->b, LLVMIntEQ, now, seen(f, type), "");
    store(f, LLVMBuildSelect(l->b, same, value, now, ""), a.host);
    store(f, zero, MONITOR(f, excl_size));
    LLVMValueRef v[2] = { lost, fn_either(f, &a, i, LLVMBuildSelect(l->b, same, zero, one, "")) };
    from[1] = LLVMGetInsertBlock(l->b);
    LLVMBuildBr(l->b, join);
    LLVMPositionBuilderAtEnd(l->b, join);
    LLVMValueRef phi = LLVMBuildPhi(l->b, l->type[IR_I32], "");
    LLVMAddIncoming(phi, v, from, 2);
    return phi;
}

void fn_clrex(struct fn *f, u32 i)
{
    (void)i;
    store(f, k32(f, 0), MONITOR(f, excl_size));
}

/* ---- compare and swap, read-modify-write ---- */

LLVMValueRef fn_cas(struct fn *f, u32 i)
{
    struct lb *l = &f->lb;
    const struct ir_ins *in = lb_ins(l, i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    if (!is_plain(f, m, in->type))
        return fn_mem(f, i);
    struct fn_access a = fn_check(f, i, 1u << m.size, m.align, true);
    LLVMValueRef now = load(f, lb_type(l, i), a.host);
    LLVMValueRef same = LLVMBuildICmp(l->b, LLVMIntEQ, now, lb_arg(l, i, 1), "");
    store(f, LLVMBuildSelect(l->b, same, lb_arg(l, i, 2), now, ""), a.host); /* as the host's own does */
    return fn_either(f, &a, i, now);
}

static LLVMValueRef choose(struct fn *f, LLVMIntPredicate better, LLVMValueRef x, LLVMValueRef y)
{
    return LLVMBuildSelect(f->lb.b, LLVMBuildICmp(f->lb.b, better, x, y, ""), x, y, "");
}

static LLVMValueRef modified(struct fn *f, u32 op, LLVMValueRef x, LLVMValueRef y)
{
    LLVMBuilderRef b = f->lb.b;
    switch ((enum ir_rmw)op) {
    case IR_RMW_add: return LLVMBuildAdd(b, x, y, "");
    case IR_RMW_sub: return LLVMBuildSub(b, x, y, "");
    case IR_RMW_and: return LLVMBuildAnd(b, x, y, "");
    case IR_RMW_andn: return LLVMBuildAnd(b, x, LLVMBuildNot(b, y, ""), "");
    case IR_RMW_or: return LLVMBuildOr(b, x, y, "");
    case IR_RMW_xor: return LLVMBuildXor(b, x, y, "");
    case IR_RMW_smax: return choose(f, LLVMIntSGT, x, y);
    case IR_RMW_smin: return choose(f, LLVMIntSLT, x, y);
    case IR_RMW_umax: return choose(f, LLVMIntUGT, x, y);
    case IR_RMW_umin: return choose(f, LLVMIntULT, x, y);
    case IR_RMW_swap: return y;
    case IR_RMW_COUNT: break;
    }
    CHECK(!"no such operation");
    return y;
}

LLVMValueRef fn_rmw(struct fn *f, u32 i)
{
    const struct ir_ins *in = lb_ins(&f->lb, i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    if (!is_plain(f, m, in->type) || in->flag >= IR_RMW_COUNT)
        return fn_mem(f, i);
    struct fn_access a = fn_check(f, i, 1u << m.size, m.align, true);
    LLVMValueRef before = load(f, lb_type(&f->lb, i), a.host);
    store(f, modified(f, in->flag, before, lb_arg(&f->lb, i, 1)), a.host);
    return fn_either(f, &a, i, before);
}
