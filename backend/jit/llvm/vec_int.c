/*
 * vec_int.c - rows on vectors of integer lanes: arithmetic, logic, bits within a lane, comparison.
 *
 * By the reference: urecpe and ursqrte, tables of the Arm ARM that no guest uses in a loop.
 */
#include "backend/jit/llvm/vec.h"

/* ---- arithmetic ---- */

static LLVMValueRef simple(struct lb *l, u32 i, LLVMOpcode op)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_op(&v, op, v.s[0], v.s[1]));
}

static LLVMValueRef by_intrinsic(struct lb *l, u32 i, const char *name)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_fn2(&v, name, v.s[0], v.s[1]));
}

LLVMValueRef llvm_vrow_add(struct lb *l, u32 i) { return simple(l, i, LLVMAdd); }
LLVMValueRef llvm_vrow_sub(struct lb *l, u32 i) { return simple(l, i, LLVMSub); }
LLVMValueRef llvm_vrow_mul(struct lb *l, u32 i) { return simple(l, i, LLVMMul); }

LLVMValueRef llvm_vrow_neg(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_neg(&v, v.s[0]));
}

LLVMValueRef llvm_vrow_abs(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_total(&v, "llvm.abs", v.s[0]));
}

LLVMValueRef llvm_vrow_umin(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.umin"); }
LLVMValueRef llvm_vrow_umax(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.umax"); }
LLVMValueRef llvm_vrow_smin(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.smin"); }
LLVMValueRef llvm_vrow_smax(struct lb *l, u32 i) { return by_intrinsic(l, i, "llvm.smax"); }

/* ---- logic: on the vector as it is ---- */

static LLVMValueRef logic(struct lb *l, u32 i, LLVMOpcode op, bool inverted)
{
    struct lv v = lv_begin(l, i, 64);
    return lv_op(&v, op, v.s[0], inverted ? lv_not(&v, v.s[1]) : v.s[1]);
}

LLVMValueRef llvm_vrow_and(struct lb *l, u32 i) { return logic(l, i, LLVMAnd, false); }
LLVMValueRef llvm_vrow_or(struct lb *l, u32 i) { return logic(l, i, LLVMOr, false); }
LLVMValueRef llvm_vrow_xor(struct lb *l, u32 i) { return logic(l, i, LLVMXor, false); }
LLVMValueRef llvm_vrow_andn(struct lb *l, u32 i) { return logic(l, i, LLVMAnd, true); }
LLVMValueRef llvm_vrow_orn(struct lb *l, u32 i) { return logic(l, i, LLVMOr, true); }

LLVMValueRef llvm_vrow_not(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 64);
    return lv_not(&v, v.s[0]);
}

LLVMValueRef llvm_vrow_bsel(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 64);
    return lv_or(&v, lv_and(&v, v.s[0], v.s[1]), lv_and(&v, lv_not(&v, v.s[0]), v.s[2]));
}

/* ---- bits ---- */

LLVMValueRef llvm_vrow_clz(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_total(&v, "llvm.ctlz", v.s[0]));
}

/* Leading zeros once negative lanes are inverted, the sign bit not counted. */
LLVMValueRef llvm_vrow_cls(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef magnitude = lv_xor(&v, v.s[0], lv_sh(&v, LLVMAShr, v.s[0], v.bits - 1));
    return lv_end(&v, lv_sub(&v, lv_total(&v, "llvm.ctlz", magnitude), lv_splat(&v, 1)));
}

LLVMValueRef llvm_vrow_popcnt(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_fn1(&v, "llvm.ctpop", v.s[0]));
}

LLVMValueRef llvm_vrow_rbit(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_fn1(&v, "llvm.bitreverse", v.s[0]));
}

/* Units of `unit` bits within each lane, the other way round. */
static LLVMValueRef reverse(struct lb *l, u32 i, u32 unit)
{
    u32 bits = ir_bits((enum ir_type)lb_ins(l, i)->lane), from[32];
    if (unit >= bits)
        return lb_arg(l, i, 0);
    struct lv v = lv_begin(l, i, unit);
    for (u32 k = 0; k < v.n; k++)
        from[k] = k ^ (bits / unit - 1);
    return lv_end(&v, lv_shuffle(&v, v.s[0], v.s[0], from, v.n));
}

LLVMValueRef llvm_vrow_rev8(struct lb *l, u32 i) { return reverse(l, i, 8); }
LLVMValueRef llvm_vrow_rev16(struct lb *l, u32 i) { return reverse(l, i, 16); }
LLVMValueRef llvm_vrow_rev32(struct lb *l, u32 i) { return reverse(l, i, 32); }

LLVMValueRef llvm_vrow_urecpe(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_vrow_ursqrte(struct lb *l, u32 i) { return lb_eval(l, i); }

/* ---- comparison ---- */

static LLVMValueRef compare(struct lb *l, u32 i, LLVMIntPredicate p)
{
    struct lv v = lv_begin(l, i, 0);
    return lv_end(&v, lv_mask(&v, lv_cmp(&v, p, v.s[0], v.s[1])));
}

LLVMValueRef llvm_vrow_eq(struct lb *l, u32 i) { return compare(l, i, LLVMIntEQ); }
LLVMValueRef llvm_vrow_ne(struct lb *l, u32 i) { return compare(l, i, LLVMIntNE); }
LLVMValueRef llvm_vrow_ult(struct lb *l, u32 i) { return compare(l, i, LLVMIntULT); }
LLVMValueRef llvm_vrow_ule(struct lb *l, u32 i) { return compare(l, i, LLVMIntULE); }
LLVMValueRef llvm_vrow_slt(struct lb *l, u32 i) { return compare(l, i, LLVMIntSLT); }
LLVMValueRef llvm_vrow_sle(struct lb *l, u32 i) { return compare(l, i, LLVMIntSLE); }

LLVMValueRef llvm_vrow_tst(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 0);
    LLVMValueRef both = lv_and(&v, v.s[0], v.s[1]);
    return lv_end(&v, lv_mask(&v, lv_cmp(&v, LLVMIntNE, both, lv_splat(&v, 0))));
}
