/* fp_est.c - Arm's reciprocal and reciprocal square root estimates.
 *
 * Arm ARM DDI 0487 shared/functions/float: FPRecipEstimate, RecipEstimate, FPRSqrtEstimate,
 * RecipSqrtEstimate, FPRecpX, UnsignedRecipEstimate, UnsignedRSqrtEstimate. The 12-bit forms of
 * FEAT_RPRES are not modelled. */
#include "ir/fp_round.h"

/* a: 256..511 for 0.5 to 1, result 256..511 for 1 to 2. */
static u32 recip_estimate(u32 a)
{
    u32 b = (1u << 19) / (a * 2 + 1);

    return (b + 1) / 2;
}

/* a: 128..511 for 0.25 to 1, result 256..511 for 1 to 2. */
static u32 recip_sqrt_estimate(u32 a)
{
    u32 b = 512;

    a = a < 256 ? a * 2 + 1 : ((a >> 1 << 1) + 1) * 2;
    while (a * (b + 1) * (b + 1) < 1u << 28)
        b++;
    return (b + 1) / 2;
}

u32 fp_urecpe(u32 a)
{
    return a >> 31 ? recip_estimate(a >> 23) << 23 : ~0u;
}

u32 fp_ursqrte(u32 a)
{
    return a >> 30 ? recip_sqrt_estimate(a >> 23) << 23 : ~0u;
}

/* sign, exponent field, and a 52-bit fraction of which the format keeps the upper bits. */
static u128 assemble(enum fp_fmt f, bool sign, u32 be, u64 fraction)
{
    struct fp_form fm = fp_form(f);

    return (u64)sign << (fm.prec - 1 + fm.ebits) | (u64)be << (fm.prec - 1)
           | fraction >> (53 - fm.prec);
}

static u128 recip_overflow(const struct fp_op *op, bool sign)
{
    enum fp_rm rm = fp_op_rm(op);
    bool to_inf = rm == FP_RNE || rm == FP_RNA || rm == (sign ? FP_RM : FP_RP);

    fp_raise(op, FP_OFC | FP_IXC);
    return to_inf ? fp_inf(op, sign) : fp_max_normal(op, sign);
}

/* A normalised operand's exponent and top eight fraction bits are all that counts. */
static u128 recip_num(const struct fp_op *op, const struct fp_val *v)
{
    i32 bias = fp_form(op->f).bias, be = bias - 1 - v->exp; /* 29 - exp, 253 - exp, 2045 - exp */
    u64 fraction;

    if (v->exp < -bias - 1)
        return recip_overflow(op, v->sign);
    if (v->exp >= bias - 1 && op->ctl & (op->f == FP_F16 ? FP_FZ16 : FP_FTZ)) {
        fp_raise(op, FP_UFC);
        return fp_zero(op, v->sign);
    }
    fraction = (u64)(recip_estimate((u32)(v->sig >> 55)) & 0xff) << 44;
    if (be <= 0) { /* a denormal result */
        fraction = (1ull << 52 | fraction) >> (1 - be);
        be = 0;
    }
    return assemble(op->f, v->sign, (u32)be, fraction);
}

u128 fp_recpe(enum fp_fmt f, u128 a, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);

    if (f == FP_F80)
        return fp_invalid(&op);
    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    if (v.cls == FPC_INF)
        return fp_zero(&op, v.sign);
    if (v.cls == FPC_ZERO) {
        fp_raise(&op, FP_DZC);
        return fp_inf(&op, v.sign);
    }
    return recip_num(&op, &v);
}

u128 fp_rsqrte(enum fp_fmt f, u128 a, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);
    i32 bias = fp_form(f).bias, be = v.exp + bias;
    u32 scaled;

    if (f == FP_F80)
        return fp_invalid(&op);
    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    if (v.cls == FPC_ZERO) {
        fp_raise(&op, FP_DZC);
        return fp_inf(&op, v.sign);
    }
    if (v.sign)
        return fp_invalid(&op);
    if (v.cls == FPC_INF)
        return fp_zero(&op, false);
    scaled = (u32)(v.sig >> (be & 1 ? 56 : 55));
    be = (3 * bias - 1 - be) >> 1; /* (44 - exp) DIV 2, (380 - exp) DIV 2, (3068 - exp) DIV 2 */
    return assemble(f, false, (u32)be, (u64)(recip_sqrt_estimate(scaled) & 0xff) << 44);
}

u128 fp_recpx(enum fp_fmt f, u128 a, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);
    struct fp_form fm = fp_form(f);
    u32 ones = (1u << fm.ebits) - 1, be = (u32)((u64)a >> (fm.prec - 1)) & ones;

    if (f == FP_F80)
        return fp_invalid(&op);
    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    return assemble(f, v.sign, be ? be ^ ones : ones - 1, 0);
}
