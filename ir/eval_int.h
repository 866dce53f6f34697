/* eval_int.h - integer helpers of the expressions in ops.def.
 *
 * Everything that expands OP() values (ir/eval.c, backend/interp) includes this. All functions are total;
 * narrow operands arrive zero-extended (or sign-extended where the parameter is signed) and results are
 * truncated by the caller.
 *
 * Sources: Arm ARM DDI 0487, shared/functions/vector (SatQ, the register shifts) and BitReverse, CRC32;
 * Intel SDM volume 2, PDEP, PEXT, CRC32, FPREM. */
#pragma once
#include "ir/ir.h"

/* Modifiers of ir_vshl(); vshl_sat has them in `flag`. */
enum { IR_VSHL_SIGNED = 1, IR_VSHL_ROUND = 2, IR_VSHL_SAT = 4 };

/* Division rounds towards zero; by zero gives 0; the most negative number by -1 gives itself. */
static inline u64 ir_sdiv(i64 a, i64 b)
{
    return b == 0 ? 0 : b == -1 ? 0 - (u64)a : (u64)(a / b);
}

/* The remainder has the dividend's sign; by zero it is the dividend. */
static inline u64 ir_srem(i64 a, i64 b)
{
    return b == 0 ? (u64)a : b == -1 ? 0 : (u64)(a % b);
}

/* Rounding shift right by n; 0: unchanged. More than the width gives 0. */
static inline u64 ir_urshr(u64 a, u32 n)
{
    return n == 0 ? a : n > 64 ? 0 : (u64)(((u128)a + ((u128)1 << (n - 1))) >> n);
}

static inline u64 ir_srshr(i64 a, u32 n)
{
    return n == 0 ? (u64)a : n > 64 ? 0 : (u64)(((i128)a + ((i128)1 << (n - 1))) >> n);
}

/* Saturation to bits (1..64). */
static inline u64 ir_usat(i128 v, u32 bits)
{
    i128 max = ((i128)1 << bits) - 1;
    return v < 0 ? 0 : v > max ? (u64)max : (u64)v;
}

static inline u64 ir_ssat(i128 v, u32 bits)
{
    i128 max = ((i128)1 << (bits - 1)) - 1, min = -max - 1;
    return v < min ? (u64)min : v > max ? (u64)max : (u64)v;
}

/* Bytes within each unit of 16 or 32 bits. */
static inline u64 ir_swap8in(u64 a, u32 unit)
{
    const u64 m8 = 0x00ff00ff00ff00ff, m16 = 0x0000ffff0000ffff;
    a = (a & m8) << 8 | (a >> 8 & m8);
    return unit == 16 ? a : (a & m16) << 16 | (a >> 16 & m16);
}

static inline u64 ir_rbit(u64 a, u32 bits)
{
    const u64 m1 = 0x5555555555555555, m2 = 0x3333333333333333, m4 = 0x0f0f0f0f0f0f0f0f;
    a = (a & m1) << 1 | (a >> 1 & m1);
    a = (a & m2) << 2 | (a >> 2 & m2);
    a = (a & m4) << 4 | (a >> 4 & m4);
    return __builtin_bswap64(a) >> (64 - bits);
}

/* Order of the units (8, 16, 32 bits) within an element of `bits`. */
static inline u64 ir_rev(u64 a, u32 bits, u32 unit)
{
    if (unit >= bits)
        return a;
    u64 v = __builtin_bswap64(a) >> (64 - bits);
    return unit == 8 ? v : ir_swap8in(v, unit);
}

static inline u64 ir_pdep(u64 a, u64 mask)
{
    u64 r = 0;
    for (; mask; mask &= mask - 1, a >>= 1)
        if (a & 1)
            r |= mask & -mask;
    return r;
}

static inline u64 ir_pext(u64 a, u64 mask)
{
    u64 r = 0;
    for (u32 i = 0; mask; mask &= mask - 1, i++)
        if (a & mask & -mask)
            r |= 1ull << i;
    return r;
}

static inline u128 ir_clmul(u64 a, u64 b)
{
    u128 r = 0;
    for (; b; b &= b - 1)
        r ^= (u128)a << __builtin_ctzll(b);
    return r;
}

/* Reflected CRC over the low `bytes` (at most 8) bytes of data, no inversions. */
static inline u32 ir_crc32(u32 acc, u64 data, u32 bytes, u32 poly)
{
    for (u32 i = 0; i < (bytes < 8 ? bytes : 8); i++) {
        acc ^= (u8)(data >> 8 * i);
        for (u32 k = 0; k < 8; k++)
            acc = acc >> 1 ^ (acc & 1 ? poly : 0);
    }
    return acc;
}

/* The shifted value, exact but for counts that leave nothing but sign or zeros; *out_of_range: so far to
 * the left that any saturation saturates. */
static inline i128 ir_vshl_value(u64 a, i32 n, u32 bits, u32 flags, bool *out_of_range)
{
    bool is_signed = flags & IR_VSHL_SIGNED, rounds = flags & IR_VSHL_ROUND;
    i128 v = is_signed ? (i64)(a << (64 - bits)) >> (64 - bits) : (i128)a;
    *out_of_range = n >= (i32)bits && v != 0;
    if (n >= (i32)bits)
        return v < 0 ? -1 : v != 0;
    if (n >= 0)
        return v * ((i128)1 << n);
    u32 m = (u32)-n;
    if (m > bits)
        return rounds || v >= 0 ? 0 : -1;
    return (v + (rounds ? (i128)1 << (m - 1) : 0)) >> m;
}

/* USHL, SSHL, URSHL, SRSHL, UQSHL, SQSHL, UQRSHL, SQRSHL of one element: left by n, right if negative. */
static inline u64 ir_vshl(u64 a, i8 n, u32 bits, u32 flags)
{
    bool far;
    i128 v = ir_vshl_value(a, n, bits, flags, &far);
    if (!(flags & IR_VSHL_SAT))
        return far ? 0 : (u64)v;
    if (far)
        v *= (i128)1 << bits;
    return flags & IR_VSHL_SIGNED ? ir_ssat(v, bits) : ir_usat(v, bits);
}

static inline bool ir_vshl_saturates(u64 a, i8 n, u32 bits, u32 flags)
{
    bool far;
    i128 v = ir_vshl_value(a, n, bits, flags, &far);
    if (far)
        return true;
    if (flags & IR_VSHL_SIGNED)
        return v != (i64)ir_ssat(v, bits);
    return v != (i128)ir_usat(v, bits);
}

/* ---- floating point ---- */
static inline bool ir_ge(enum fp_rel r)
{
    return r == FP_GT || r == FP_EQ;
}

/* Low 3 bits of a row's imm: a rounding mode, or 7 for the environment's. */
static inline enum fp_rm ir_rm(u64 imm, const struct fp_env *env)
{
    return (enum fp_rm)((imm & 7) == 7 ? env->ctl & FP_RM_MASK : imm & 7);
}

/* FPREM, FPREM1. code: instead of the remainder, low 3 bits of the quotient and bit 3 for "incomplete";
 * that one touches no environment (f80 depends on no control bit but the rounding). */
static inline u128 ir_fprem(enum fp_fmt fmt, u128 a, u128 b, bool nearest, struct fp_env *env, bool code)
{
    struct fp_env own = { .ctl = FP_X86 };
    u64 quotient = 0;
    bool partial = false;
    u128 r = fp_prem(fmt, a, b, nearest, &quotient, &partial, code ? &own : env);
    return code ? (u128)((quotient & 7) | (u64)partial << 3) : r;
}
