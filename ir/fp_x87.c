/* fp_x87.c - scale, partial remainder and extraction of exponent and significand.
 *
 * Intel SDM volume 2: FSCALE, FPREM, FPREM1, FXTRACT. Precision control does not apply to them. The
 * number of bits that a partial remainder takes off is the implementation's choice (32 to 63). */
#include "ir/fp_round.h"

static struct fp_op op_start_full(enum fp_fmt f, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);

    op.ctl &= ~(u32)(FP_PC24 | FP_PC53);
    return op;
}

u128 fp_scale(enum fp_fmt f, u128 a, i32 n, struct fp_env *e)
{
    struct fp_op op = op_start_full(f, e);
    struct fp_val v = fp_unpack(&op, a);
    const i32 enough = 1 << 17; /* from any number beyond either end of any format */

    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    fp_note_denormals(&op, &v, 1);
    if (v.cls == FPC_ZERO)
        return fp_zero(&op, v.sign);
    if (v.cls == FPC_INF)
        return fp_inf(&op, v.sign);
    v.exp += MAX(-enough, MIN(n, enough));
    return fp_round(&op, fp_ext(&v));
}

/* sig * 2^(exp - 63), exact, possibly zero: a remainder carries its dividend's sign. */
static u128 pack_rest(const struct fp_op *op, bool sign, i32 exp, u128 sig)
{
    u32 lead;

    if (sig == 0)
        return fp_zero(op, sign);
    lead = fp_clz128(sig);
    return fp_round(op, (struct fp_ext){ sign, exp + 64 - (i32)lead, sig << lead });
}

/* a - b * q for exponents d in -1..63 apart; rest counts units of half b's last place, so that
 * d = -1 needs no case of its own. */
static u128 rem_final(const struct fp_op *op, const struct fp_val *a, const struct fp_val *b,
                      bool nearest, u64 *quotient)
{
    i32 d = a->exp - b->exp;
    u128 divisor = (u128)b->sig << 1, rest;
    bool sign = a->sign, up;

    if (d < 0) {
        *quotient = 0;
        rest = a->sig;
    } else {
        u128 n = (u128)a->sig << d;

        *quotient = (u64)(n / b->sig);
        rest = (n % b->sig) << 1;
    }
    up = nearest && (rest > b->sig || (rest == b->sig && *quotient & 1));
    if (up) {
        ++*quotient;
        rest = divisor - rest;
        sign = !sign;
    }
    return pack_rest(op, rest == 0 ? a->sign : sign, b->exp - 1, rest);
}

static u128 rem_num(const struct fp_op *op, const struct fp_val *a, const struct fp_val *b,
                    bool nearest, u64 *quotient, bool *partial)
{
    i32 d = a->exp - b->exp;
    u32 step;

    if (d < -1)
        return fp_round(op, fp_ext(a));
    if (d < 64)
        return rem_final(op, a, b, nearest, quotient);
    step = 32 | ((u32)d & 31);
    *partial = true;
    return pack_rest(op, a->sign, b->exp + d - (i32)step, ((u128)a->sig << step) % b->sig);
}

u128 fp_prem(enum fp_fmt f, u128 a, u128 b, bool nearest, u64 *quotient, bool *partial,
             struct fp_env *e)
{
    struct fp_op op = op_start_full(f, e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) };

    *quotient = 0;
    *partial = false;
    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]))
        return fp_nan(&op, v, 2);
    if (v[0].cls == FPC_INF || v[1].cls == FPC_ZERO)
        return fp_invalid(&op);
    fp_note_denormals(&op, v, 2);
    if (v[0].cls == FPC_ZERO)
        return fp_zero(&op, v[0].sign);
    if (v[1].cls == FPC_INF)
        return fp_round(&op, fp_ext(&v[0]));
    return rem_num(&op, &v[0], &v[1], nearest, quotient, partial);
}

u128 fp_getexp(enum fp_fmt f, u128 a, struct fp_env *e)
{
    struct fp_op op = op_start_full(f, e);
    struct fp_val v = fp_unpack(&op, a);

    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    if (v.cls == FPC_INF)
        return fp_inf(&op, false);
    if (v.cls == FPC_ZERO) {
        fp_raise(&op, FP_DZC);
        return fp_inf(&op, true);
    }
    fp_note_denormals(&op, &v, 1);
    return fp_from_int(f, (u64)(i64)v.exp, 0, 32, true, e);
}

u128 fp_getman(enum fp_fmt f, u128 a, struct fp_env *e)
{
    struct fp_op op = op_start_full(f, e);
    struct fp_val v = fp_unpack(&op, a);

    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    if (v.cls == FPC_INF)
        return fp_inf(&op, v.sign);
    if (v.cls == FPC_ZERO)
        return fp_zero(&op, v.sign);
    fp_note_denormals(&op, &v, 1);
    v.exp = 0;
    return fp_round(&op, fp_ext(&v));
}
