/*
 * vec_width.c - vector rows that change the lanes' width or go across them: widening, narrowing, reductions, masks,
 * polynomial and dot products.
 *
 * Widening, narrowing and products work by 128-bit halves (ir/vec.c).
 */
#include "backend/jit/llvm/vec.h"

/* ---- widening ---- */

/* The low or high lanes of each half of s, which has v->n of v->bits, as lanes of twice the width. */
static LLVMValueRef widen(const struct lv *v, LLVMValueRef s, bool is_signed, u32 high)
{
    u32 from[16], n = 64 / v->bits;
    for (u32 k = 0; k < v->n / 2; k++)
        from[k] = k / n * 2 * n + k % n + high * n;
    LLVMValueRef part = lv_shuffle(v, s, s, from, v->n / 2);
    LLVMTypeRef t = lv_type(v, 2 * v->bits, v->n / 2);
    return is_signed ? LLVMBuildSExt(v->l->b, part, t, "") : LLVMBuildZExt(v->l->b, part, t, "");
}

static LLVMValueRef xtl(struct lb *l, u32 i, bool is_signed)
{
    const struct ir_ins *in = lb_ins(l, i);
    struct lv v = lv_begin(l, i, ir_bits((enum ir_type)in->lane) / 2);
    return lv_end(&v, widen(&v, v.s[0], is_signed, in->imm & 1));
}

LLVMValueRef llvm_row_vuxtl(struct lb *l, u32 i) { return xtl(l, i, false); }
LLVMValueRef llvm_row_vsxtl(struct lb *l, u32 i) { return xtl(l, i, true); }

/* ---- narrowing ---- */

/* Lanes of half the width, into the low 64 bits of each half, zeros above. */
static LLVMValueRef narrow(const struct lv *v, LLVMValueRef a)
{
    u32 from[32], n = 128 / v->bits;
    LLVMTypeRef t = lv_type(v, v->bits / 2, v->n);
    for (u32 k = 0; k < 2 * v->n; k++)
        from[k] = k / n & 1 ? v->n : k / (2 * n) * n + k % n;
    LLVMValueRef low = LLVMBuildTrunc(v->l->b, a, t, "");
    return lv_end(v, lv_shuffle(v, low, LLVMConstNull(t), from, 2 * v->n));
}

LLVMValueRef llvm_row_vxtn(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return narrow(&v, v.s[0]);
}

LLVMValueRef llvm_row_vuqxtn(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return narrow(&v, lv_fn2(&v, "llvm.umin", v.s[0], lv_splat(&v, (1ull << v.bits / 2) - 1)));
}

LLVMValueRef llvm_row_vsqxtn(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    u64 most = (1ull << (v.bits / 2 - 1)) - 1;
    LLVMValueRef r = lv_fn2(&v, "llvm.smin", v.s[0], lv_splat(&v, most));
    return narrow(&v, lv_fn2(&v, "llvm.smax", r, lv_splat(&v, ~most)));
}

LLVMValueRef llvm_row_vsqxtun(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef r = lv_fn2(&v, "llvm.smin", v.s[0], lv_splat(&v, (1ull << v.bits / 2) - 1));
    return narrow(&v, lv_fn2(&v, "llvm.smax", r, lv_splat(&v, 0)));
}

/* ---- across the lanes ---- */

static LLVMValueRef reduce(struct lb *l, u32 i, const char *name)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_fn1(&v, name, v.s[0]);
}

LLVMValueRef llvm_row_vaddv(struct lb *l, u32 i) { return reduce(l, i, "llvm.vector.reduce.add"); }
LLVMValueRef llvm_row_vumaxv(struct lb *l, u32 i) { return reduce(l, i, "llvm.vector.reduce.umax"); }
LLVMValueRef llvm_row_vuminv(struct lb *l, u32 i) { return reduce(l, i, "llvm.vector.reduce.umin"); }
LLVMValueRef llvm_row_vsmaxv(struct lb *l, u32 i) { return reduce(l, i, "llvm.vector.reduce.smax"); }
LLVMValueRef llvm_row_vsminv(struct lb *l, u32 i) { return reduce(l, i, "llvm.vector.reduce.smin"); }

LLVMValueRef llvm_row_vany(struct lb *l, u32 i)
{
    LLVMTypeRef t = LLVMIntTypeInContext(l->c, ir_bits((enum ir_type)lb_ins(l, i)->src));
    LLVMValueRef all = LLVMBuildBitCast(l->b, lb_arg(l, i, 0), t, "");
    return LLVMBuildICmp(l->b, LLVMIntNE, all, LLVMConstNull(t), "");
}

LLVMValueRef llvm_row_vmovmsk(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMTypeRef t = LLVMIntTypeInContext(l->c, v.n);
    LLVMValueRef r = LLVMBuildBitCast(l->b, lv_negative(&v, v.s[0]), t, "");
    return v.n == 32 ? r : LLVMBuildZExt(l->b, r, l->type[IR_I32], "");
}

/* ---- products ---- */

/* Carry-less products of bytes: for each bit of b, a times that bit, xored. */
LLVMValueRef llvm_row_vpmull(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 8);
    u32 high = lb_ins(l, i)->imm & 1;
    LLVMValueRef a = widen(&v, v.s[0], false, high), b = widen(&v, v.s[1], false, high), sum = NULL;
    for (u32 k = 0; k < 8; k++) {
        LLVMValueRef bit = lv_and(&v, b, lb_const(l, LLVMTypeOf(b), 1u << k)), part = lv_op(&v, LLVMMul, a, bit);
        sum = sum ? lv_xor(&v, sum, part) : part;
    }
    return lv_end(&v, sum);
}

/* Even or odd bytes of s as 16-bit lanes. */
static LLVMValueRef bytes(const struct lv *v, LLVMValueRef s, bool is_signed, bool odd)
{
    LLVMValueRef top = odd ? s : lv_sh(v, LLVMShl, s, 8);
    return lv_sh(v, is_signed ? LLVMAShr : LLVMLShr, top, 8);
}

/* PMADDWD of the even bytes and of the odd ones. */
static LLVMValueRef dot(struct lb *l, u32 i, bool is_signed)
{
    struct lv v = lv_begin(l, i, 16);
    if (!lv_x86(&v))
        return lb_eval(l, i);
    LLVMValueRef sum = lv_cast(&v, v.s[0], 32, v.n / 2);
    for (u32 odd = 0; odd < 2; odd++) {
        LLVMValueRef args[2] = { bytes(&v, v.s[1], is_signed, odd), bytes(&v, v.s[2], is_signed, odd) };
        sum = lv_add(&v, sum, lv_host(&v, "llvm.x86.sse2.pmadd.wd", "llvm.x86.avx2.pmadd.wd", args, 2, -1));
    }
    return lv_end(&v, sum);
}

LLVMValueRef llvm_row_vudot(struct lb *l, u32 i) { return dot(l, i, false); }
LLVMValueRef llvm_row_vsdot(struct lb *l, u32 i) { return dot(l, i, true); }
