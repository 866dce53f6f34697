/* fp_arith.c - FP add, subtract, multiply, divide, square root, fused multiply-add.
 *
 * Arm ARM DDI 0487 shared/functions/float: FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt, FPMulAdd,
 * FPRecipStepFused, FPRSqrtStepFused. Where x86 differs (NaNs, denormals) fp_round.c knows. */
#include "ir/fp_fast.h"
#include "ir/fp_round.h"

static u128 add_vals(const struct fp_op *op, const struct fp_val *a, const struct fp_val *b)
{
    if (a->cls == FPC_INF || b->cls == FPC_INF) {
        if (a->cls == b->cls && a->sign != b->sign)
            return fp_invalid(op);
        return fp_inf(op, a->cls == FPC_INF ? a->sign : b->sign);
    }
    if (a->cls == FPC_ZERO && b->cls == FPC_ZERO)
        return a->sign == b->sign ? fp_zero(op, a->sign) : fp_exact_zero(op);
    if (a->cls == FPC_ZERO || b->cls == FPC_ZERO)
        return fp_round(op, fp_ext(a->cls == FPC_ZERO ? b : a));
    return fp_round_sum(op, fp_ext(a), fp_ext(b), 0);
}

static u128 add_slow(enum fp_fmt f, u128 a, u128 b, bool negate_b, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) };

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]))
        return fp_nan(&op, v, 2);
    v[1].sign ^= negate_b;
    if (!(v[0].cls == FPC_INF && v[1].cls == FPC_INF && v[0].sign != v[1].sign))
        fp_note_denormals(&op, v, 2);
    return add_vals(&op, &v[0], &v[1]);
}

u128 fp_add(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    u64 r;

    if (f == FP_F64 && fast_add((u64)a, (u64)b, 52, 11, e, &r))
        return r;
    if (f == FP_F32 && fast_add((u32)a, (u32)b, 23, 8, e, &r))
        return r;
    return add_slow(f, a, b, false, e);
}

u128 fp_sub(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    u64 r;

    if (f == FP_F64 && fast_add((u64)a, (u64)b ^ 1ull << 63, 52, 11, e, &r))
        return r;
    if (f == FP_F32 && fast_add((u32)a, (u32)b ^ 1u << 31, 23, 8, e, &r))
        return r;
    return add_slow(f, a, b, true, e);
}

static bool is_inf_times_zero(const struct fp_val *a, const struct fp_val *b)
{
    return (a->cls == FPC_INF && b->cls == FPC_ZERO) || (a->cls == FPC_ZERO && b->cls == FPC_INF);
}

static u128 mul_slow(enum fp_fmt f, u128 a, u128 b, struct fp_env *e, bool extended)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) };
    bool sign = v[0].sign ^ v[1].sign;

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]))
        return fp_nan(&op, v, 2);
    if (is_inf_times_zero(&v[0], &v[1])) {
        if (extended)
            return fp_round(&op, (struct fp_ext){ sign, 1, (u128)1 << 127 });
        return fp_invalid(&op);
    }
    fp_note_denormals(&op, v, 2);
    if (v[0].cls == FPC_INF || v[1].cls == FPC_INF)
        return fp_inf(&op, sign);
    if (v[0].cls == FPC_ZERO || v[1].cls == FPC_ZERO)
        return fp_zero(&op, sign);
    return fp_round(&op, fp_ext_product(&v[0], &v[1]));
}

u128 fp_mul(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    u64 r;

    if (f == FP_F64 && fast_mul((u64)a, (u64)b, 52, 11, e, &r))
        return r;
    if (f == FP_F32 && fast_mul((u32)a, (u32)b, 23, 8, e, &r))
        return r;
    return mul_slow(f, a, b, e, false);
}

u128 fp_mulx(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    u64 r;

    if (f == FP_F64 && fast_mul((u64)a, (u64)b, 52, 11, e, &r))
        return r;
    if (f == FP_F32 && fast_mul((u32)a, (u32)b, 23, 8, e, &r))
        return r;
    return mul_slow(f, a, b, e, true);
}

/* 128 quotient bits in two steps of 64; halving a keeps the first in range. */
static struct fp_ext quotient(const struct fp_val *a, const struct fp_val *b)
{
    bool halve = a->sig >= b->sig;
    u128 n = (u128)a->sig << (64 - halve), rest;
    u64 hi = (u64)(n / b->sig), lo;

    rest = (n % b->sig) << 64;
    lo = (u64)(rest / b->sig);
    return (struct fp_ext){ a->sign ^ b->sign, a->exp - b->exp - !halve,
                            (u128)hi << 64 | lo | (rest % b->sig != 0) };
}

static u128 div_slow(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) };
    bool sign = v[0].sign ^ v[1].sign;

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]))
        return fp_nan(&op, v, 2);
    if (v[0].cls == v[1].cls && v[0].cls != FPC_NUM)
        return fp_invalid(&op);
    if (v[1].cls == FPC_ZERO && v[0].cls == FPC_NUM) {
        fp_raise(&op, FP_DZC);
        return fp_inf(&op, sign);
    }
    fp_note_denormals(&op, v, 2);
    if (v[0].cls == FPC_INF || v[1].cls == FPC_ZERO)
        return fp_inf(&op, sign);
    if (v[0].cls == FPC_ZERO || v[1].cls == FPC_INF)
        return fp_zero(&op, sign);
    return fp_round(&op, quotient(&v[0], &v[1]));
}

u128 fp_div(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    u64 r;

    if (f == FP_F64 && fast_div((u64)a, (u64)b, 52, 11, e, &r))
        return r;
    if (f == FP_F32 && fast_div((u32)a, (u32)b, 23, 8, e, &r))
        return r;
    return div_slow(f, a, b, e);
}

static u32 isqrt64(u64 n, u64 *rest)
{
    u64 root = 0, bit = 1ull << 62;

    for (; bit; bit >>= 2) {
        if (n >= root + bit) {
            n -= root + bit;
            root = root >> 1 | bit;
        } else {
            root >>= 1;
        }
    }
    *rest = n;
    return (u32)root;
}

/* Square root with remainder of n >= 2^126: the upper half's by digits, then one division
 * (P. Zimmermann, Karatsuba Square Root, INRIA RR-3805). */
static u64 isqrt128(u128 n, u128 *rest)
{
    u64 upper_rest, s = isqrt64((u64)(n >> 64), &upper_rest);
    u128 t = (u128)upper_rest << 32 | (u32)((u64)n >> 32);
    u128 q = t / (2 * s), root = ((u128)s << 32) + q;
    i128 r = (i128)((t % (2 * s)) << 32 | (u32)n) - (i128)(q * q);

    while (r < 0) {
        r += (i128)(2 * root - 1);
        root--;
    }
    *rest = (u128)r;
    return (u64)root;
}

u128 fp_sqrt(enum fp_fmt f, u128 a, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);
    bool odd = v.exp & 1;
    u128 rest, tail;
    u64 root;

    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    if (v.cls == FPC_ZERO)
        return fp_zero(&op, v.sign);
    if (v.sign)
        return fp_invalid(&op);
    if (v.cls == FPC_INF)
        return fp_inf(&op, false);
    fp_note_denormals(&op, &v, 1);
    root = isqrt128((u128)v.sig << (63 + odd), &rest);
    /* The next bit is set iff 4 * rest >= 4 * root + 1, and never leaves a remainder of zero. */
    tail = rest > root ? (u128)1 << 63 | 1 : rest != 0;
    return fp_round(&op, (struct fp_ext){ false, (v.exp - odd) / 2, (u128)root << 64 | tail });
}

/* v: a, b, c. */
static u128 fma_vals(const struct fp_op *op, const struct fp_val *v)
{
    struct fp_val p = { FPC_NUM, v[0].sign ^ v[1].sign, false, 0, 0 };

    if (v[0].cls == FPC_INF || v[1].cls == FPC_INF)
        p.cls = FPC_INF;
    else if (v[0].cls == FPC_ZERO || v[1].cls == FPC_ZERO)
        p.cls = FPC_ZERO;
    if (p.cls != FPC_NUM || v[2].cls == FPC_INF)
        return add_vals(op, &p, &v[2]);
    if (v[2].cls == FPC_ZERO)
        return fp_round(op, fp_ext_product(&v[0], &v[1]));
    return fp_round_sum(op, fp_ext_product(&v[0], &v[1]), fp_ext(&v[2]), 0);
}

/* FPMulAdd: the addend leads the NaN order, and inf * 0 is invalid even with a quiet NaN addend.
 * x86: a, b, c, and a NaN hides inf * 0. */
static u128 fma_nan(const struct fp_op *op, const struct fp_val *v)
{
    const struct fp_val arm_order[3] = { v[2], v[0], v[1] };

    if (op->ctl & FP_NAN_X86)
        return fp_nan(op, v, 3);
    if (v[2].cls == FPC_QNAN && is_inf_times_zero(&v[0], &v[1]))
        return fp_invalid(op);
    return fp_nan(op, arm_order, 3);
}

/* The product is an infinity and the addend the other one. */
static bool is_inf_minus_inf(const struct fp_val *v)
{
    return (v[0].cls == FPC_INF || v[1].cls == FPC_INF) && v[2].cls == FPC_INF
           && (v[0].sign ^ v[1].sign) != v[2].sign;
}

static u128 fma_slow(enum fp_fmt f, u128 a, u128 b, u128 c, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v[3] = { fp_unpack(&op, a), fp_unpack(&op, b), fp_unpack(&op, c) };

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]) || fp_is_nan(&v[2]))
        return fma_nan(&op, v);
    if (is_inf_times_zero(&v[0], &v[1]))
        return fp_invalid(&op);
    if (!is_inf_minus_inf(v))
        fp_note_denormals(&op, v, 3);
    return fma_vals(&op, v);
}

u128 fp_fma(enum fp_fmt f, u128 a, u128 b, u128 c, struct fp_env *e)
{
    u64 r;

    if (f == FP_F64 && fast_fma((u64)a, (u64)b, (u64)c, 52, 11, e, &r))
        return r;
    if (f == FP_F32 && fast_fma((u32)a, (u32)b, (u32)c, 23, 8, e, &r))
        return r;
    return fma_slow(f, a, b, c, e);
}

/* base - a * b, times 2^scale; base is 2 or 3 and also, scaled, what 0 * inf gives. */
static u128 step_fused(enum fp_fmt f, u128 a, u128 b, struct fp_ext base, i32 scale,
                       struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v[2] = { fp_unpack(&op, fp_neg(f, a)), fp_unpack(&op, b) };

    if (f == FP_F80)
        return fp_invalid(&op);
    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]))
        return fp_nan(&op, v, 2);
    if (is_inf_times_zero(&v[0], &v[1]) || v[0].cls == FPC_ZERO || v[1].cls == FPC_ZERO) {
        base.exp += scale;
        return fp_round(&op, base);
    }
    if (v[0].cls == FPC_INF || v[1].cls == FPC_INF)
        return fp_inf(&op, v[0].sign ^ v[1].sign);
    return fp_round_sum(&op, base, fp_ext_product(&v[0], &v[1]), scale);
}

u128 fp_recps(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    return step_fused(f, a, b, (struct fp_ext){ false, 1, (u128)1 << 127 }, 0, e);
}

u128 fp_rsqrts(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    return step_fused(f, a, b, (struct fp_ext){ false, 1, (u128)3 << 126 }, -1, e);
}
