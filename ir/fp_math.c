/* fp_math.c - the x87's transcendental functions: F2XM1, FYL2X, FYL2XP1, FSIN, FCOS, FPATAN.
 *
 * Intel SDM volume 1, 8.3.7 to 8.3.9; volume 2 for special operands. Numbers of 128 bits, far more than the result
 * has, so that what comes out is the correctly rounded result in all but about one of 2^40 cases. Arguments of the
 * trigonometric functions are reduced by pi itself, where processors have a pi of 66 bits or more. Precision control
 * does not apply. */
#include "ir/fp_round.h"

#define U128(hi, lo) ((u128)(hi) << 64 | (lo))

/* Numbers: struct fp_ext; zero has a sig of 0. */
static const struct fp_ext pi = { false, 1, U128(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1) };
static const struct fp_ext pi_half = { false, 0, U128(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1) };
static const struct fp_ext ln_2 = { false, -1, U128(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af) };
static const struct fp_ext two_by_ln2 = { false, 1, U128(0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88) };
static const struct fp_ext one = { false, 0, (u128)1 << 127 };
/* atan(k / 8) */
static const struct fp_ext atan_eighths[9] = {
    { false, 0, 0 },
    { false, -4, U128(0xfeadd4d5617b6e32, 0xc897989f3e888ef7) },
    { false, -3, U128(0xfadbafc96406eb15, 0x6dc79ef5f7a217e5) },
    { false, -2, U128(0xb7b0ca0f26f78473, 0x8aa32122dcfe4483) },
    { false, -2, U128(0xed63382b0dda7b45, 0x6fe445ecbc3a8d03) },
    { false, -1, U128(0x8f005d5ef7f59f9b, 0x5c835e1665c43747) },
    { false, -1, U128(0xa4bc7d1934f70924, 0x19a87f2a457dac9e) },
    { false, -1, U128(0xb8053e2bc2319e73, 0xcb2da55210a4443d) },
    { false, -1, U128(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1) },
};
/* ---- arithmetic of 128 bits, truncated ---- */

static struct fp_ext normal(bool sign, i32 exp, u128 sig)
{
    u32 lead;

    if (sig == 0)
        return (struct fp_ext){ sign, 0, 0 };
    lead = fp_clz128(sig);
    return (struct fp_ext){ sign, exp - (i32)lead, sig << lead };
}

static u128 mul_high(u128 a, u128 b)
{
    u128 ah = a >> 64, al = (u64)a, bh = b >> 64, bl = (u64)b, mid = (al * bl >> 64) + (u64)(ah * bl);

    mid += (u64)(al * bh);
    return ah * bh + (ah * bl >> 64) + (al * bh >> 64) + (mid >> 64);
}

static struct fp_ext mul(struct fp_ext a, struct fp_ext b)
{
    return normal(a.sign ^ b.sign, a.exp + b.exp + 1, mul_high(a.sig, b.sig));
}

static struct fp_ext add(struct fp_ext a, struct fp_ext b)
{
    struct fp_ext swap = a;
    u32 d;

    if (a.sig == 0 || b.sig == 0)
        return a.sig ? a : b;
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        a = b;
        b = swap;
    }
    d = (u32)(a.exp - b.exp);
    b.sig = d > 127 ? 0 : b.sig >> d;
    if (a.sign != b.sign)
        return normal(a.sign, a.exp, a.sig - b.sig);
    if (a.sig + b.sig < a.sig)
        return (struct fp_ext){ a.sign, a.exp + 1, (a.sig + b.sig) >> 1 | (u128)1 << 127 };
    a.sig += b.sig;
    return a;
}

static struct fp_ext minus(struct fp_ext a)
{
    a.sign = !a.sign;
    return a;
}

static struct fp_ext quotient(struct fp_ext a, struct fp_ext b)
{
    u128 rest = a.sig, q = 0;
    bool carry = false;
    u32 i;

    for (i = 0; i < 128; i++) {
        bool bit = carry || rest >= b.sig;

        if (bit)
            rest -= b.sig;
        q = q << 1 | bit;
        carry = rest >> 127;
        rest <<= 1;
    }
    return normal(a.sign ^ b.sign, a.exp - b.exp, q);
}

static struct fp_ext by_small(struct fp_ext a, u32 n) { return normal(a.sign, a.exp, a.sig / n); }

static struct fp_ext integer(i32 n) { return normal(n < 0, 127, (u128)(n < 0 ? -(i64)n : n)); }

/* What was computed is no number of 128 bits: towards zero of it, or away from it. */
static struct fp_ext inexact(struct fp_ext a, bool below)
{
    if (below && !(u64)a.sig) {
        a.sig--;
        if (!(a.sig >> 127)) {
            a.sig = ~(u128)0;
            a.exp--;
        }
    }
    a.sig |= 1;
    return a;
}

/* ---- operands ---- */

static struct fp_op start(struct fp_env *e)
{
    struct fp_op op = fp_op_start(FP_F80, e);

    op.ctl &= ~(u32)(FP_PC24 | FP_PC53);
    return op;
}

/* ---- 2^x - 1 ---- */

static struct fp_ext exp_minus_1(struct fp_ext z)
{
    struct fp_ext acc = one;
    u32 k;

    for (k = 30; k > 1; k--)
        acc = add(one, mul(by_small(z, k), acc));
    return mul(z, acc);
}

u128 fp_2xm1(u128 a, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val v = fp_unpack(&op, a);

    if (fp_is_nan(&v))
        return fp_nan(&op, &v, 1);
    fp_note_denormals(&op, &v, 1);
    if (v.cls == FPC_ZERO)
        return fp_zero(&op, v.sign);
    if (v.cls == FPC_INF)
        return v.sign ? fp_round(&op, minus(one)) : fp_inf(&op, false);
    if (v.exp >= 0) { /* 1, -1, or out of range */
        fp_raise(&op, FP_IXC);
        return v.exp || v.sig << 1 || !v.sign ? a : fp_round(&op, (struct fp_ext){ true, -1, one.sig });
    }
    return fp_round(&op, inexact(exp_minus_1(mul(fp_ext(&v), ln_2)), false));
}

/* ---- logarithms ---- */

/* 2 / ln 2 * atanh(s), |s| below 0.18 */
static struct fp_ext log_series(struct fp_ext s)
{
    struct fp_ext s2 = mul(s, s), acc = by_small(one, 61);
    u32 k;

    for (k = 59; k < 60; k -= 2)
        acc = add(by_small(one, k), mul(s2, acc));
    return mul(mul(s, acc), two_by_ln2);
}

/* log2 of x above 0. */
static struct fp_ext log2_of(struct fp_ext x)
{
    const u128 root = U128(0xb504f333f9de6484, 0x597d89b3754abe9f);
    i32 e = x.exp;

    x.exp = 0;
    if (x.sig > root) {
        x.exp = -1;
        e++;
    }
    return add(integer(e), log_series(quotient(add(x, minus(one)), add(x, one))));
}

/* y times a logarithm that is neither 0 nor infinite, by its value or its sign alone. */
static u128 times_log(const struct fp_op *op, const struct fp_val *y, struct fp_ext log, bool exact)
{
    bool sign = y->sign ^ log.sign;
    struct fp_ext r;

    if (y->cls == FPC_INF)
        return fp_inf(op, sign);
    if (y->cls == FPC_ZERO)
        return fp_zero(op, sign);
    r = mul(fp_ext(y), log);
    fp_raise(op, r.exp < -16382 ? FP_IXC | FP_UFC : FP_IXC);
    return fp_round(op, exact ? r : inexact(r, false));
}

static bool is_one(const struct fp_val *v)
{
    return v->cls == FPC_NUM && v->exp == 0 && v->sig == 1ull << 63 && !v->sign;
}

static u128 log_special(const struct fp_op *op, const struct fp_val *x, const struct fp_val *y)
{
    if (x->cls == FPC_INF) {
        if (y->cls == FPC_ZERO)
            return fp_invalid(op);
        fp_note_denormals(op, y, 1);
        return fp_inf(op, y->sign);
    }
    if (y->cls == FPC_ZERO)
        return fp_invalid(op);
    if (y->cls != FPC_INF) {
        fp_note_denormals(op, y, 1);
        fp_raise(op, FP_DZC);
    }
    return fp_inf(op, !y->sign);
}

u128 fp_yl2x(u128 a, u128 b, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) }, *x = &v[0], *y = &v[1];

    if (fp_is_nan(x) || fp_is_nan(y))
        return fp_nan(&op, v, 2);
    if (x->sign && x->cls != FPC_ZERO)
        return fp_invalid(&op);
    if (x->cls != FPC_NUM)
        return log_special(&op, x, y);
    if (is_one(x)) {
        if (y->cls == FPC_INF)
            return fp_invalid(&op);
        fp_note_denormals(&op, v, 2);
        return fp_zero(&op, y->sign);
    }
    fp_note_denormals(&op, v, 2);
    if (x->sig == 1ull << 63)
        return times_log(&op, y, integer(x->exp), true);
    return times_log(&op, y, log2_of(fp_ext(x)), false);
}

u128 fp_yl2xp1(u128 a, u128 b, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) }, *x = &v[0], *y = &v[1];
    struct fp_ext w;

    if (fp_is_nan(x) || fp_is_nan(y))
        return fp_nan(&op, v, 2);
    if (x->sign && (x->cls == FPC_INF || (x->cls == FPC_NUM && x->exp >= 0 && (x->exp > 0 || x->sig > 1ull << 63))))
        return fp_invalid(&op);
    if (x->cls == FPC_INF || (x->sign && x->cls == FPC_NUM && x->exp == 0))
        return log_special(&op, x, y);
    if (x->cls == FPC_ZERO) {
        if (y->cls == FPC_INF)
            return fp_invalid(&op);
        fp_note_denormals(&op, v, 2);
        return fp_zero(&op, x->sign ^ y->sign);
    }
    fp_note_denormals(&op, v, 2);
    w = fp_ext(x);
    if (x->exp >= -2)
        return times_log(&op, y, log2_of(add(one, w)), false);
    return times_log(&op, y, log_series(quotient(w, add(integer(2), w))), false);
}

/* ---- sine and cosine ---- */

struct angle {
    struct fp_ext rest; /* |rest| <= pi / 4 */
    u32 quadrant;
};

/* x modulo half of the pi that processors have: 66 bits of it, in units of 2^-65. All of it exact. */
static struct angle reduce(const struct fp_val *x)
{
    const u128 half_pi = U128(3, 0x243f6a8885a308d3);
    struct angle r = { fp_ext(x), 0 };
    u128 n, rest;
    bool up;

    if (x->exp < -1)
        return r;
    n = (u128)x->sig << (x->exp + 2);
    rest = n % half_pi;
    r.quadrant = (u32)(n / half_pi);
    up = rest > half_pi / 2;
    if (up) {
        rest = half_pi - rest;
        r.quadrant++;
    }
    r.rest = normal(x->sign ^ up, 127 - 65, rest);
    if (x->sign)
        r.quadrant = 0 - r.quadrant;
    return r;
}

/* 1 - r^2 / (n (n+1)) * (1 - ...): n 1 for the cosine, 2 for the sine over r. */
static struct fp_ext trig_series(struct fp_ext r, u32 n)
{
    struct fp_ext r2 = minus(mul(r, r)), acc = one;
    u32 k;

    for (k = 30; k < 31; k -= 2)
        acc = add(one, mul(by_small(r2, (n + k) * (n + k + 1)), acc));
    return acc;
}

static struct fp_ext sine(const struct angle *a, u32 quadrant)
{
    struct fp_ext r = quadrant & 1 ? trig_series(a->rest, 1) : mul(a->rest, trig_series(a->rest, 2));

    r.sign ^= quadrant >> 1 & 1;
    return r;
}

/* What sin, cos and tan have in common: true when *out is the answer already. */
static bool trig_special(const struct fp_op *op, const struct fp_val *x, bool cosine, u128 *out)
{
    if (fp_is_nan(x)) {
        *out = fp_nan(op, x, 1);
        return true;
    }
    if (x->cls == FPC_INF) {
        *out = fp_invalid(op);
        return true;
    }
    fp_note_denormals(op, x, 1);
    *out = cosine ? fp_round(op, one) : fp_zero(op, x->sign);
    return x->cls == FPC_ZERO;
}

bool fp_trig_in_range(u128 a)
{
    u32 be = (u32)(a >> 64) & 0x7fff;
    return be < 16383 + 63 || be == 0x7fff || !((u64)a >> 63);
}

u128 fp_sin(u128 a, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val x = fp_unpack(&op, a);
    struct angle r;
    u128 out;

    if (trig_special(&op, &x, false, &out))
        return out;
    r = reduce(&x);
    return fp_round(&op, inexact(sine(&r, r.quadrant), true));
}

u128 fp_cos(u128 a, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val x = fp_unpack(&op, a);
    struct angle r;
    u128 out;

    if (trig_special(&op, &x, true, &out))
        return out;
    r = reduce(&x);
    return fp_round(&op, inexact(sine(&r, r.quadrant + 1), true));
}

u128 fp_tan(u128 a, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val x = fp_unpack(&op, a);
    struct angle r;
    u128 out;

    if (trig_special(&op, &x, false, &out))
        return out;
    r = reduce(&x);
    return fp_round(&op, inexact(quotient(sine(&r, r.quadrant), sine(&r, r.quadrant + 1)), false));
}

/* ---- arctangent ---- */

/* t from 0 to 1: by the nearest eighth. */
static struct fp_ext atan_of(struct fp_ext t)
{
    u32 n = t.exp < -5 ? 0 : (u32)(((t.sig >> 64 >> -t.exp) + (1ull << 59)) >> 60), k;
    struct fp_ext c, u = t, u2, acc;

    if (n) {
        c = normal(false, 124, n);
        u = quotient(add(t, minus(c)), add(one, mul(t, c)));
    }
    if (u.sig == 0)
        return atan_eighths[n];
    u2 = minus(mul(u, u));
    acc = by_small(one, 35);
    for (k = 33; k < 34; k -= 2)
        acc = add(by_small(one, k), mul(u2, acc));
    return add(atan_eighths[n], mul(u, acc));
}

static u128 signed_round(const struct fp_op *op, struct fp_ext r, bool sign)
{
    r.sign = sign;
    return fp_round(op, r);
}

/* One of y, x is zero or infinite. */
static u128 atan_special(const struct fp_op *op, const struct fp_val *y, const struct fp_val *x)
{
    bool both = y->cls == FPC_INF && x->cls == FPC_INF;
    struct fp_ext r = pi_half;

    if (both) {
        r.exp = -1;
        if (x->sign)
            r = add(r, pi_half);
    } else if (y->cls == FPC_ZERO || x->cls == FPC_INF) {
        if (!x->sign)
            return fp_zero(op, y->sign);
        r = pi;
    }
    return signed_round(op, inexact(r, false), y->sign);
}

/* The angle of the point (x, y). */
u128 fp_patan(u128 a, u128 b, struct fp_env *e)
{
    struct fp_op op = start(e);
    struct fp_val v[2] = { fp_unpack(&op, a), fp_unpack(&op, b) }, *x = &v[0], *y = &v[1];
    struct fp_ext n, d, r;
    bool steep;

    if (fp_is_nan(x) || fp_is_nan(y))
        return fp_nan(&op, v, 2);
    fp_note_denormals(&op, v, 2);
    if (x->cls != FPC_NUM || y->cls != FPC_NUM)
        return atan_special(&op, y, x);
    n = fp_ext(y), d = fp_ext(x);
    n.sign = d.sign = false;
    steep = n.exp > d.exp || (n.exp == d.exp && n.sig > d.sig);
    r = quotient(n, d);
    if (!steep && !x->sign && r.exp < -70 && !(u64)r.sig && mul(r, d).sig == n.sig)
        return signed_round(&op, inexact(r, true), y->sign); /* below the quotient, which may be a number */
    r = atan_of(steep ? quotient(d, n) : r);
    if (steep)
        r = add(pi_half, minus(r));
    if (x->sign)
        r = add(pi, minus(r));
    return signed_round(&op, inexact(r, true), y->sign);
}
