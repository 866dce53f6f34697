/* fp_compare.c - FP compare, minimum and maximum.
 *
 * Arm ARM DDI 0487 shared/functions/float: FPCompare, FPCompareEQ/GE/GT, FPMax, FPMin, FPMaxNum,
 * FPMinNum; Intel SDM volume 2, MINSS, MAXSS, COMISS, FCOM. */
#include "ir/fp_round.h"

/* Neither is a NaN. */
static enum fp_rel order(const struct fp_val *a, const struct fp_val *b)
{
    enum fp_rel above = a->sign ? FP_LT : FP_GT, below = a->sign ? FP_GT : FP_LT;

    if (a->cls == FPC_ZERO && b->cls == FPC_ZERO)
        return FP_EQ;
    if (a->cls == FPC_ZERO)
        return b->sign ? FP_GT : FP_LT;
    if (b->cls == FPC_ZERO || a->sign != b->sign)
        return above;
    if (a->cls != b->cls) /* FPC_INF is above FPC_NUM */
        return a->cls > b->cls ? above : below;
    if (a->cls == FPC_INF)
        return FP_EQ;
    if (a->exp != b->exp)
        return a->exp > b->exp ? above : below;
    return a->sig == b->sig ? FP_EQ : a->sig > b->sig ? above : below;
}

enum fp_rel fp_cmp(enum fp_fmt f, u128 a, u128 b, bool signal_qnan, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) };

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1])) {
        if (signal_qnan || v[0].cls > FPC_QNAN || v[1].cls > FPC_QNAN)
            fp_raise(&op, FP_IOC);
        return FP_UN;
    }
    fp_note_denormals(&op, v, 2);
    return order(&v[0], &v[1]);
}

/* A value that needs no rounding; denormals that ctl flushes are zeros by now. */
static u128 repack(const struct fp_op *op, const struct fp_val *v)
{
    if (v->cls == FPC_ZERO)
        return fp_zero(op, v->sign);
    return v->cls == FPC_INF ? fp_inf(op, v->sign) : fp_round(op, fp_ext(v));
}

/* MINSS and MAXSS: exactly "a < b ? a : b"; any NaN is invalid. The chosen operand comes back as it
 * is, but for a denormal flushed by DAZ. */
static u128 select_x86(const struct fp_op *op, const struct fp_val *v, u128 b, enum fp_rel wanted)
{
    bool first;

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1])) {
        fp_raise(op, FP_IOC);
        first = false;
    } else {
        fp_note_denormals(op, v, 2);
        first = order(&v[0], &v[1]) == wanted;
    }
    return fp_is_nan(&v[1]) ? b : repack(op, &v[!first]);
}

static u128 select_arm(const struct fp_op *op, const struct fp_val *v, enum fp_rel wanted)
{
    enum fp_rel rel;

    if (fp_is_nan(&v[0]) || fp_is_nan(&v[1]))
        return fp_nan(op, v, 2);
    rel = order(&v[0], &v[1]);
    if (rel == FP_EQ && v[0].cls == FPC_ZERO) /* max: -0 only of two -0; min: of either */
        return fp_zero(op, wanted == FP_GT ? v[0].sign & v[1].sign : v[0].sign | v[1].sign);
    return repack(op, &v[rel != wanted]);
}

/* Operands are passed through repack, which must neither round nor report. */
static struct fp_op select_start(enum fp_fmt f, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);

    op.ctl &= ~(u32)(FP_FTZ | FP_RM_MASK | FP_PC24 | FP_PC53 | FP_UF_EXACT);
    return op;
}

/* wanted: how a must compare with b to be the result. */
static u128 select(enum fp_fmt f, u128 a, u128 b, enum fp_rel wanted, struct fp_env *e)
{
    struct fp_op op = select_start(f, e);
    struct fp_val v[2];

    b &= fp_sign_bit(f) * 2 - 1;
    v[0] = fp_unpack(&op, a);
    v[1] = fp_unpack(&op, b);
    return op.ctl & FP_NAN_X86 ? select_x86(&op, v, b, wanted) : select_arm(&op, v, wanted);
}

/* FPMaxNum: "treat a single quiet-NaN as -Infinity" (FPMinNum: +Infinity). */
static u128 select_number(enum fp_fmt f, u128 a, u128 b, enum fp_rel wanted, struct fp_env *e)
{
    struct fp_op op = select_start(f, e);
    struct fp_val v[2];

    v[0] = fp_unpack(&op, a);
    v[1] = fp_unpack(&op, b);
    if ((v[0].cls == FPC_QNAN) != (v[1].cls == FPC_QNAN)) {
        u32 nan = v[1].cls == FPC_QNAN;

        v[nan] = (struct fp_val){ .cls = FPC_INF, .sign = wanted == FP_GT };
    }
    return select_arm(&op, v, wanted);
}

u128 fp_min(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    return select(f, a, b, FP_LT, e);
}

u128 fp_max(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    return select(f, a, b, FP_GT, e);
}

u128 fp_minnm(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    return select_number(f, a, b, FP_LT, e);
}

u128 fp_maxnm(enum fp_fmt f, u128 a, u128 b, struct fp_env *e)
{
    return select_number(f, a, b, FP_GT, e);
}
