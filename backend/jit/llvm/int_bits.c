/*
 * int_bits.c - scalar rows on single bits and bytes: counting, reversing, depositing, CRC, carry-less products.
 */
#include "backend/jit/llvm/int.h"
#include "backend/jit/x64/asm.h"

static bool has(const struct lb *l, u32 features) { return (l->features & features) == features; }

/* ---- counting ---- */

static LLVMValueRef count_zeros(struct lb *l, const char *name, LLVMValueRef v, bool not_zero)
{
    return int_call2(l, name, v, lb_const(l, l->type[IR_I1], not_zero));
}

LLVMValueRef llvm_row_clz(struct lb *l, u32 i) { return count_zeros(l, "llvm.ctlz", lb_arg(l, i, 0), false); }
LLVMValueRef llvm_row_ctz(struct lb *l, u32 i) { return count_zeros(l, "llvm.cttz", lb_arg(l, i, 0), false); }
LLVMValueRef llvm_row_popcnt(struct lb *l, u32 i) { return int_call1(l, "llvm.ctpop", lb_arg(l, i, 0)); }

/* Leading zeros of 2 * (a ^ sign of a) + 1. */
LLVMValueRef llvm_row_cls(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0), sign = LLVMBuildAShr(l->b, a, int_like(l, a, lb_bits(l, i) - 1), "");
    LLVMValueRef same = LLVMBuildXor(l->b, a, sign, "");
    same = LLVMBuildOr(l->b, LLVMBuildShl(l->b, same, int_like(l, a, 1), ""), int_like(l, a, 1), "");
    return count_zeros(l, "llvm.ctlz", same, true);
}

/* ---- reversing ---- */

static LLVMValueRef rotate(struct lb *l, LLVMValueRef v, u32 by)
{
    return int_call3(l, "llvm.fshl", v, v, int_like(l, v, by));
}

static LLVMValueRef swap_bytes(struct lb *l, LLVMValueRef v) { return int_call1(l, "llvm.bswap", v); }

/* Neighbouring units of n bits change places; mask: every other unit. */
static LLVMValueRef swap_units(struct lb *l, LLVMValueRef v, u32 n, u64 mask)
{
    LLVMValueRef m = int_like(l, v, mask), by = int_like(l, v, n);
    LLVMValueRef up = LLVMBuildShl(l->b, LLVMBuildAnd(l->b, v, m, ""), by, "");
    LLVMValueRef down = LLVMBuildAnd(l->b, LLVMBuildLShr(l->b, v, by, ""), m, "");
    return LLVMBuildOr(l->b, up, down, "");
}

LLVMValueRef llvm_row_rbit(struct lb *l, u32 i) { return int_call1(l, "llvm.bitreverse", lb_arg(l, i, 0)); }

LLVMValueRef llvm_row_rev8(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    return lb_bits(l, i) == 8 ? a : swap_bytes(l, a);
}

LLVMValueRef llvm_row_rev16(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    switch (lb_bits(l, i)) {
    case 32: return rotate(l, a, 16);
    case 64: return swap_units(l, rotate(l, a, 32), 16, 0x0000ffff0000ffff);
    default: return a;
    }
}

LLVMValueRef llvm_row_rev32(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    return lb_bits(l, i) == 64 ? rotate(l, a, 32) : a;
}

/* An element narrower than the unit loses what moves out of it. */
LLVMValueRef llvm_row_swap8in16(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    switch (lb_bits(l, i)) {
    case 8: return int_like(l, a, 0);
    case 16: return swap_bytes(l, a);
    case 32: return rotate(l, swap_bytes(l, a), 16);
    default: return swap_units(l, a, 8, 0x00ff00ff00ff00ff);
    }
}

LLVMValueRef llvm_row_swap8in32(struct lb *l, u32 i)
{
    LLVMValueRef a = lb_arg(l, i, 0);
    switch (lb_bits(l, i)) {
    case 32: return swap_bytes(l, a);
    case 64: return rotate(l, swap_bytes(l, a), 32);
    default: return int_like(l, a, 0);
    }
}

/* ---- depositing, extracting ---- */

static LLVMValueRef masked(struct lb *l, u32 i, const char *const name[2])
{
    u32 bits = lb_bits(l, i);
    LLVMValueRef v[] = { lb_arg(l, i, 0), lb_arg(l, i, 1) };
    if (!has(l, XF_BMI2))
        return lb_eval(l, i);
    for (u32 k = 0; k < 2 && bits < 32; k++)
        v[k] = LLVMBuildZExt(l->b, v[k], l->type[IR_I32], "");
    LLVMValueRef r = lb_intrinsic(l, name[bits == 64], NULL, 0, v, 2);
    return bits < 32 ? LLVMBuildTrunc(l->b, r, lb_type(l, i), "") : r;
}

static const char *const deposit[] = { "llvm.x86.bmi.pdep.32", "llvm.x86.bmi.pdep.64" };
static const char *const extract[] = { "llvm.x86.bmi.pext.32", "llvm.x86.bmi.pext.64" };

LLVMValueRef llvm_row_pdep(struct lb *l, u32 i) { return masked(l, i, deposit); }
LLVMValueRef llvm_row_pext(struct lb *l, u32 i) { return masked(l, i, extract); }

/* ---- carry-less products, CRC ---- */

static LLVMValueRef product(struct lb *l, LLVMValueRef a, LLVMValueRef b)
{
    LLVMValueRef v[3] = { a, b, lb_const(l, l->type[IR_I8], 0) }, first = lb_const(l, l->type[IR_I32], 0);
    for (u32 k = 0; k < 2; k++)
        v[k] = LLVMBuildInsertElement(l->b, lb_const(l, l->type[IR_V128], 0), v[k], first, "");
    return lb_intrinsic(l, "llvm.x86.pclmulqdq", NULL, 0, v, 3);
}

LLVMValueRef llvm_row_clmul(struct lb *l, u32 i)
{
    if (!has(l, XF_CLMUL))
        return lb_eval(l, i);
    return LLVMBuildBitCast(l->b, product(l, lb_arg(l, i, 0), lb_arg(l, i, 1)), l->type[IR_I128], "");
}

LLVMValueRef llvm_row_crc32c(struct lb *l, u32 i)
{
    u32 bytes = (u32)lb_ins(l, i)->imm;
    LLVMValueRef v[] = { lb_arg(l, i, 0), lb_arg(l, i, 1) };
    if (!has(l, XF_BASE))
        return lb_eval(l, i);
    if (bytes == 8) {
        v[0] = LLVMBuildZExt(l->b, v[0], l->type[IR_I64], "");
        return LLVMBuildTrunc(l->b, lb_intrinsic(l, "llvm.x86.sse42.crc32.64.64", NULL, 0, v, 2), lb_type(l, i), "");
    }
    v[1] = LLVMBuildTrunc(l->b, v[1], LLVMIntTypeInContext(l->c, 8 * bytes), "");
    const char *name = bytes == 1 ? "llvm.x86.sse42.crc32.32.8" : bytes == 2 ? "llvm.x86.sse42.crc32.32.16"
                       : "llvm.x86.sse42.crc32.32.32";
    return lb_intrinsic(l, name, NULL, 0, v, 2);
}

/* Barrett reduction of 32 bits, as in the baseline (x64/int_bits.c): by the quotient of x^64, then by the polynomial,
 * both reflected. */
static LLVMValueRef crc32_reduce(struct lb *l, LLVMValueRef v)
{
    LLVMTypeRef quad = l->type[IR_I64];
    LLVMValueRef first = lb_const(l, l->type[IR_I32], 0);
    LLVMValueRef quotient = product(l, LLVMBuildZExt(l->b, v, quad, ""), lb_const(l, quad, 0x1f7011641));
    quotient = LLVMBuildExtractElement(l->b, quotient, first, "");
    quotient = LLVMBuildAnd(l->b, quotient, lb_const(l, quad, 0xffffffff), "");
    LLVMValueRef rest = product(l, quotient, lb_const(l, quad, 0x1db710641));
    rest = LLVMBuildExtractElement(l->b, rest, first, "");
    return LLVMBuildTrunc(l->b, LLVMBuildLShr(l->b, rest, lb_const(l, quad, 32), ""), l->type[IR_I32], "");
}

LLVMValueRef llvm_row_crc32(struct lb *l, u32 i)
{
    u32 bits = 8 * (u32)lb_ins(l, i)->imm;
    if (!has(l, XF_CLMUL))
        return lb_eval(l, i);
    LLVMValueRef acc = lb_arg(l, i, 0), data = lb_arg(l, i, 1);
    LLVMValueRef v = LLVMBuildXor(l->b, acc, LLVMBuildTrunc(l->b, data, l->type[IR_I32], ""), "");
    if (bits < 32) { /* the low bits are the highest degrees; the rest of acc moves down */
        v = crc32_reduce(l, LLVMBuildShl(l->b, v, int_like(l, v, 32 - bits), ""));
        return LLVMBuildXor(l->b, v, LLVMBuildLShr(l->b, acc, int_like(l, acc, bits), ""), "");
    }
    v = crc32_reduce(l, v);
    if (bits == 32)
        return v;
    LLVMValueRef high = LLVMBuildLShr(l->b, data, int_like(l, data, 32), "");
    return crc32_reduce(l, LLVMBuildXor(l->b, v, LLVMBuildTrunc(l->b, high, l->type[IR_I32], ""), ""));
}

/* Tables: rare, and by the reference in the baseline, too. */
LLVMValueRef llvm_row_urecpe(struct lb *l, u32 i) { return lb_eval(l, i); }
LLVMValueRef llvm_row_ursqrte(struct lb *l, u32 i) { return lb_eval(l, i); }
