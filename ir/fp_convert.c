/* fp_convert.c - conversions between FP formats, integers and fixed point; round to integral.
 *
 * Arm ARM DDI 0487 shared/functions/float: FPConvert, FPToFixed, FixedToFP, FPRoundInt; Intel SDM
 * volume 1, 4.8.4 and 11.5.2, volume 2 FIST, FRNDINT, CVTxx2yy, VCVTPS2PH. */
#include "base/bits.h"
#include "ir/fp_round.h"

/* FPConvertNaN keeps the upper bits of the payload: fp_val holds it aligned at the top. */
static u128 convert_nan(const struct fp_op *from, const struct fp_op *to, const struct fp_val *v)
{
    if (to->f == FP_F16 && to->ctl & FP_AHP) {
        fp_raise(to, FP_IOC);
        return fp_zero(to, v->sign);
    }
    if (v->cls == FPC_BAD)
        return fp_invalid(to);
    if (v->cls == FPC_SNAN)
        fp_raise(from, FP_IOC);
    return fp_pack_nan(to, v);
}

u128 fp_cvt(enum fp_fmt from, enum fp_fmt to, u128 a, struct fp_env *e)
{
    struct fp_op in = fp_op_start_cv(from, to, e), out = in;
    struct fp_val v;

    out.f = to;
    v = fp_unpack(&in, a);
    if (fp_is_nan(&v))
        return convert_nan(&in, &out, &v);
    if (from != FP_F16 && from != FP_F80) /* VCVTPH2PS and FST do not report denormals */
        fp_note_denormals(&in, &v, 1);
    if (v.cls == FPC_ZERO)
        return fp_zero(&out, v.sign);
    if (v.cls == FPC_NUM)
        return fp_round(&out, fp_ext(&v));
    if (to == FP_F16 && out.ctl & FP_AHP) {
        fp_raise(&out, FP_IOC);
        return (u128)v.sign << 15 | 0x7fff;
    }
    return fp_inf(&out, v.sign);
}

struct integral {
    u128 mag; /* at most 2^64 */
    bool inexact, up;
};

/* |v| * 2^fbits as an integer, for values below 2^64. */
static struct integral round_integral(const struct fp_val *v, i32 fbits, enum fp_rm rm)
{
    const u64 half = 1ull << 63;
    u128 fixed = fp_shr_jam((u128)v->sig << 64, (u32)(63 - v->exp - fbits));
    struct integral r = { fixed >> 64, (u64)fixed != 0, false };
    u64 rest = (u64)fixed;

    switch (rm) {
    case FP_RNE: r.up = rest > half || (rest == half && r.mag & 1); break;
    case FP_RNA: r.up = rest >= half; break;
    case FP_RP: r.up = rest && !v->sign; break;
    case FP_RM: r.up = rest && v->sign; break;
    case FP_RODD: r.up = rest && !(r.mag & 1); break;
    default: break;
    }
    r.mag += r.up;
    return r;
}

u128 fp_rint(enum fp_fmt f, u128 a, enum fp_rm rm, bool exact_flag, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);
    struct integral r;
    u32 lead;

    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    if (op.ctl & FP_X87) /* FRNDINT reports denormals, ROUNDSS does not */
        fp_note_denormals(&op, &v, 1);
    if (v.cls == FPC_ZERO)
        return fp_zero(&op, v.sign);
    if (v.cls == FPC_INF)
        return fp_inf(&op, v.sign);
    op.ctl &= ~(u32)(FP_PC24 | FP_PC53);
    if (v.exp >= 63)
        return fp_round(&op, fp_ext(&v));
    r = round_integral(&v, 0, rm);
    if (r.inexact && exact_flag)
        fp_raise(&op, FP_IXC | (r.up && op.ctl & FP_X87 ? FP_UP : 0));
    if (r.mag == 0)
        return fp_zero(&op, v.sign);
    lead = fp_clz128(r.mag);
    return fp_round(&op, (struct fp_ext){ v.sign, 127 - (i32)lead, r.mag << lead });
}

/* SatQ: raises IOC, and then no IXC. */
static u64 saturate(const struct fp_op *op, struct integral r, bool sign, u32 width, bool is_signed)
{
    u128 limit = is_signed ? ((u128)1 << (width - 1)) - !sign : sign ? 0 : bits_mask(width);

    if (r.mag > limit) {
        fp_raise(op, FP_IOC);
        r.mag = limit;
    } else if (r.inexact) {
        fp_raise(op, FP_IXC);
    }
    return (sign ? -(u64)r.mag : (u64)r.mag) & bits_mask(width);
}

u64 fp_to_int(enum fp_fmt f, u128 a, u32 fbits, u32 width, bool is_signed, enum fp_rm rm,
              struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);
    struct integral r = { (u128)1 << 64, false, false };

    if (fp_is_nan(&v)) {
        fp_raise(&op, FP_IOC);
        return 0;
    }
    if (v.cls == FPC_ZERO)
        return 0;
    if (v.cls == FPC_NUM && v.exp + (i32)fbits < 64)
        r = round_integral(&v, (i32)fbits, rm);
    return saturate(&op, r, v.sign, width, is_signed);
}

u64 fp_to_int_x86(enum fp_fmt f, u128 a, u32 width, enum fp_rm rm, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    struct fp_val v = fp_unpack(&op, a);
    struct integral r = { (u128)1 << 64, false, false };
    u128 limit = ((u128)1 << (width - 1)) - !v.sign;

    if (v.cls == FPC_ZERO)
        return 0;
    if (v.cls == FPC_NUM && v.exp < 64)
        r = round_integral(&v, 0, rm);
    if (r.mag > limit) {
        fp_raise(&op, FP_IOC);
        return 1ull << (width - 1);
    }
    if (r.inexact)
        fp_raise(&op, FP_IXC | (r.up && op.ctl & FP_X87 ? FP_UP : 0));
    return (v.sign ? -(u64)r.mag : (u64)r.mag) & bits_mask(width);
}

u128 fp_from_int(enum fp_fmt f, u64 v, u32 fbits, u32 width, bool is_signed, struct fp_env *e)
{
    struct fp_op op = fp_op_start(f, e);
    bool sign = is_signed && v >> (width - 1) & 1;
    u64 mag = bits_mask(width) & (sign ? -v : v);
    u32 lead;

    if (mag == 0)
        return fp_zero(&op, false);
    op.ctl &= ~(u32)(FP_PC24 | FP_PC53);
    lead = __builtin_clzll(mag);
    return fp_round(
        &op, (struct fp_ext){ sign, 63 - (i32)lead - (i32)fbits, (u128)(mag << lead) << 64 });
}
