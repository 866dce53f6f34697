/* fp_round.c - taking FP numbers apart, rounding, NaNs.
 *
 * Arm ARM DDI 0487 shared/functions/float (FPUnpackBase, FPRoundBase, FPProcessNaNs); Intel SDM
 * volume 1, 4.8.3.5 (NaNs), 4.9.1.5 (underflow), 8.2.2 (unsupported f80 encodings), 10.2.3.3. */
#include "ir/fp_round.h"

static struct fp_op op_start(enum fp_fmt f, bool x87, u32 strip, struct fp_env *e)
{
    u32 ctl = e->ctl & ~strip & (FP_X87 - 1);

    if (x87) {
        ctl = (ctl & ~(u32)(FP_DN | FP_DAZ | FP_FTZ)) | FP_X86 | FP_X87;
        e->flags &= ~(u32)FP_UP;
    }
    return (struct fp_op){ f, ctl, e };
}

struct fp_op fp_op_start(enum fp_fmt f, struct fp_env *e)
{
    return op_start(f, f == FP_F80, FP_AHP, e);
}

struct fp_op fp_op_start_cv(enum fp_fmt from, enum fp_fmt to, struct fp_env *e)
{
    return op_start(from, from == FP_F80 || to == FP_F80, FP_FZ16 | FP_PC24 | FP_PC53, e);
}

static u32 daz_bit(enum fp_fmt f)
{
    return f == FP_F16 ? FP_FZ16 : f == FP_F80 ? 0 : FP_DAZ;
}

static u32 ftz_bit(enum fp_fmt f)
{
    return f == FP_F16 ? FP_FZ16 : f == FP_F80 ? 0 : FP_FTZ;
}

static struct fp_val unpack_f80(u128 bits)
{
    u64 sig = (u64)bits;
    u32 be = (u32)(bits >> 64) & 0x7fff;
    struct fp_val v = { FPC_NUM, bits >> 79 & 1, false, (i32)be - 16383, sig };
    u32 lead;

    if (be == 0) {
        if (sig == 0) {
            v.cls = FPC_ZERO;
            return v;
        }
        lead = __builtin_clzll(sig); /* 0: a pseudo-denormal */
        v.denorm = true;
        v.exp = -16382 - (i32)lead;
        v.sig = sig << lead;
    } else if (!(sig >> 63)) {
        v.cls = FPC_BAD;
    } else if (be == 0x7fff) {
        v.cls = sig << 1 == 0 ? FPC_INF : sig >> 62 & 1 ? FPC_QNAN : FPC_SNAN;
    }
    return v;
}

/* Exponent field 0. FZ16 flushes without IDC (FPUnpackBase). */
static void unpack_small(const struct fp_op *op, struct fp_val *v, u64 frac)
{
    struct fp_form fm = fp_form(op->f);
    u32 lead;

    v->cls = FPC_ZERO;
    if (frac == 0)
        return;
    if (op->ctl & daz_bit(op->f)) {
        if (op->f != FP_F16 && !(op->ctl & FP_NAN_X86))
            fp_raise(op, FP_IDC);
        return;
    }
    lead = __builtin_clzll(frac);
    v->cls = FPC_NUM;
    v->denorm = true;
    v->exp = 64 - (i32)lead - (i32)fm.prec + 1 - fm.bias;
    v->sig = frac << lead;
}

struct fp_val fp_unpack(const struct fp_op *op, u128 bits)
{
    struct fp_form fm = fp_form(op->f);
    u32 fbits = fm.prec - 1, emax = (1u << fm.ebits) - 1, be;
    struct fp_val v = { 0 };
    u64 frac;

    if (op->f == FP_F80)
        return unpack_f80(bits);
    be = (u32)((u64)bits >> fbits) & emax;
    frac = (u64)bits & ((1ull << fbits) - 1);
    v.sign = (u64)bits >> (fbits + fm.ebits) & 1;
    if (be == 0) {
        unpack_small(op, &v, frac);
        return v;
    }
    v.exp = (i32)be - fm.bias;
    v.sig = 1ull << 63 | frac << (63 - fbits);
    if (be < emax || (op->f == FP_F16 && op->ctl & FP_AHP))
        v.cls = FPC_NUM;
    else
        v.cls = frac == 0 ? FPC_INF : v.sig >> 62 & 1 ? FPC_QNAN : FPC_SNAN;
    return v;
}

/* sig has the format's precision, integer bit included. */
static u128 pack(enum fp_fmt f, bool sign, u32 be, u64 sig)
{
    struct fp_form fm = fp_form(f);
    u32 fbits = fm.prec - 1;

    if (f == FP_F80)
        return (u128)((u32)sign << 15 | be) << 64 | sig;
    return (u64)sign << (fbits + fm.ebits) | (u64)be << fbits | (sig & ((1ull << fbits) - 1));
}

u128 fp_zero(const struct fp_op *op, bool sign)
{
    return pack(op->f, sign, 0, 0);
}

u128 fp_inf(const struct fp_op *op, bool sign)
{
    return pack(op->f, sign, (1u << fp_form(op->f).ebits) - 1, 1ull << 63);
}

u128 fp_exact_zero(const struct fp_op *op)
{
    return fp_zero(op, fp_op_rm(op) == FP_RM);
}

/* How many significand bits results of this op have: precision control cuts f80. */
static u32 result_prec(const struct fp_op *op)
{
    if (op->f == FP_F80 && op->ctl & (FP_PC24 | FP_PC53))
        return op->ctl & FP_PC24 ? 24 : 53;
    return fp_form(op->f).prec;
}

u128 fp_max_normal(const struct fp_op *op, bool sign)
{
    struct fp_form fm = fp_form(op->f);
    u32 prec = result_prec(op);

    return pack(op->f, sign, (1u << fm.ebits) - 2, ~0ull >> (64 - prec) << (fm.prec - prec));
}

u128 fp_default_nan(const struct fp_op *op)
{
    struct fp_form fm = fp_form(op->f);

    return pack(op->f, op->ctl & FP_NAN_X86, (1u << fm.ebits) - 1, 3ull << (fm.prec - 2));
}

u128 fp_invalid(const struct fp_op *op)
{
    fp_raise(op, FP_IOC);
    return fp_default_nan(op);
}

u128 fp_pack_nan(const struct fp_op *op, const struct fp_val *v)
{
    struct fp_form fm = fp_form(op->f);

    if (op->ctl & FP_DN)
        return fp_default_nan(op);
    return pack(op->f, v->sign, (1u << fm.ebits) - 1, (v->sig | 3ull << 62) >> (64 - fm.prec));
}

/* x87: a quiet NaN before a signalling one, then the larger significand, then the positive. */
static const struct fp_val *choose_nan_x87(const struct fp_val *a, const struct fp_val *b)
{
    if (!fp_is_nan(a) || !fp_is_nan(b))
        return fp_is_nan(a) ? a : b;
    if (a->cls != b->cls)
        return a->cls == FPC_QNAN ? a : b;
    if (a->sig != b->sig)
        return a->sig > b->sig ? a : b;
    return a->sign ? b : a;
}

/* Arm: the first signalling NaN, else the first quiet one. SSE: the first of either kind. */
static const struct fp_val *choose_nan(const struct fp_op *op, const struct fp_val *v, u32 n)
{
    const struct fp_val *quiet = NULL;
    u32 i;

    for (i = 0; i < n; i++) {
        if (v[i].cls == FPC_SNAN && (!quiet || !(op->ctl & FP_NAN_X86)))
            return &v[i];
        if (v[i].cls == FPC_QNAN && !quiet)
            quiet = &v[i];
    }
    return quiet ? quiet : v;
}

u128 fp_nan(const struct fp_op *op, const struct fp_val *v, u32 n)
{
    const struct fp_val *best = v;
    u32 i;

    for (i = 0; i < n; i++) {
        if (v[i].cls == FPC_BAD)
            return fp_invalid(op);
    }
    for (i = 0; i < n; i++) {
        if (v[i].cls == FPC_SNAN)
            fp_raise(op, FP_IOC);
    }
    if (op->ctl & FP_X87) {
        for (i = 1; i < n; i++)
            best = choose_nan_x87(best, &v[i]);
    } else {
        best = choose_nan(op, v, n);
    }
    return fp_pack_nan(op, best);
}

void fp_note_denormals(const struct fp_op *op, const struct fp_val *v, u32 n)
{
    u32 i;

    if (!(op->ctl & FP_NAN_X86))
        return;
    for (i = 0; i < n; i++) {
        if (v[i].denorm)
            fp_raise(op, FP_DE);
    }
}

struct rounded {
    u128 sig; /* up to 1 << prec, inclusive */
    bool inexact, up;
};

static bool rounds_up(enum fp_rm rm, bool sign, bool odd, u128 rest)
{
    const u128 half = (u128)1 << 127;

    switch (rm) {
    case FP_RNE: return rest > half || (rest == half && odd);
    case FP_RNA: return rest >= half;
    case FP_RP: return rest && !sign;
    case FP_RM: return rest && sign;
    case FP_RODD: return rest && !odd;
    default: return false;
    }
}

static struct rounded round_sig(enum fp_rm rm, bool sign, u128 sig, u32 prec)
{
    u128 rest = sig << prec, top = sig >> (128 - prec);
    struct rounded r = { top, rest != 0, rounds_up(rm, sign, top & 1, rest) };

    r.sig += r.up;
    return r;
}

static u128 round_overflow(const struct fp_op *op, bool sign)
{
    enum fp_rm rm = fp_op_rm(op);
    bool to_inf = rm == FP_RNE || rm == FP_RNA || rm == (sign ? FP_RM : FP_RP);

    if (op->f == FP_F16 && op->ctl & FP_AHP) {
        fp_raise(op, FP_IOC);
        return pack(FP_F16, sign, 31, 0x3ff);
    }
    fp_raise(op, FP_OFC | FP_IXC | (to_inf && op->ctl & FP_X87 ? FP_UP : 0));
    return to_inf ? fp_inf(op, sign) : fp_max_normal(op, sign);
}

/* Before rounding the number is below the smallest normal; x86 asks whether it still is after
 * rounding with an unbounded exponent. */
static bool is_tiny(const struct fp_op *op, struct fp_ext x, i32 emin, u32 prec)
{
    if (x.exp >= emin)
        return false;
    if (!(op->ctl & FP_TINY_AFTER) || x.exp < emin - 1)
        return true;
    return !(round_sig(fp_op_rm(op), x.sign, x.sig, prec).sig >> prec);
}

static u32 inexact_flags(const struct fp_op *op, struct rounded r)
{
    return r.inexact ? FP_IXC | (r.up && op->ctl & FP_X87 ? FP_UP : 0) : 0;
}

/* SDM volume 1, 8.5.4, 8.5.5: the result that unmasked overflow (wrap -24576) and underflow deliver; FSCALE may go
 * beyond it. be: exponent field of x before rounding. */
static u128 round_wrapped(const struct fp_op *op, struct fp_ext x, i32 be, i32 wrap, u32 flag)
{
    u32 prec = result_prec(op);
    struct rounded r = round_sig(fp_op_rm(op), x.sign, x.sig, prec);

    fp_raise(op, flag | inexact_flags(op, r));
    if (r.sig >> prec) {
        r.sig >>= 1;
        be++;
    }
    be += wrap;
    if (be <= 0 || be >= 0x7fff) {
        fp_raise(op, be <= 0 ? FP_IXC : FP_IXC | FP_UP);
        return be <= 0 ? fp_zero(op, x.sign) : fp_inf(op, x.sign);
    }
    return pack(op->f, x.sign, (u32)be, (u64)(r.sig << (64 - prec)));
}

/* Underflow is unmasked: its flags are those of a result with an unbounded exponent. */
static u128 round_tiny(const struct fp_op *op, struct fp_ext x, i32 be)
{
    struct fp_env quiet = { op->ctl, 0 };
    struct fp_op masked = { op->f, op->ctl & ~(u32)FP_UF_EXACT, &quiet };

    if (op->f == FP_F80)
        return round_wrapped(op, x, be, 24576, FP_UFC);
    fp_raise(op, FP_UFC | inexact_flags(op, round_sig(fp_op_rm(op), x.sign, x.sig, result_prec(op))));
    return fp_round(&masked, x);
}

static u128 round_huge(const struct fp_op *op, struct fp_ext x, struct rounded r)
{
    struct fp_env quiet = { op->ctl, 0 };
    struct fp_op masked = { op->f, op->ctl, &quiet };

    if (!(op->ctl & FP_OF_EXACT))
        return round_overflow(op, x.sign);
    if (op->f == FP_F80)
        return round_wrapped(op, x, x.exp + 16383, -24576, FP_OFC);
    fp_raise(op, FP_OFC | inexact_flags(op, r));
    return round_overflow(&masked, x.sign);
}

u128 fp_round(const struct fp_op *op, struct fp_ext x)
{
    struct fp_form fm = fp_form(op->f);
    u32 prec = result_prec(op), limit = (1u << fm.ebits) - 1;
    i32 emin = 1 - fm.bias, be = x.exp - emin + 1;
    bool tiny = is_tiny(op, x, emin, prec);
    struct rounded r;

    if (tiny && op->ctl & ftz_bit(op->f)) {
        fp_raise(op, op->ctl & FP_NAN_X86 ? FP_UFC | FP_IXC : FP_UFC);
        return fp_zero(op, x.sign);
    }
    if (tiny && op->ctl & FP_UF_EXACT)
        return round_tiny(op, x, be);
    if (x.exp < emin) {
        x.sig = fp_shr_jam(x.sig, (u32)(emin - x.exp));
        be = 0;
    }
    r = round_sig(fp_op_rm(op), x.sign, x.sig, prec);
    if (r.sig >> prec) {
        r.sig >>= 1;
        be++;
    } else if (be == 0 && r.sig >> (prec - 1)) {
        be = 1;
    }
    if ((u32)be >= limit + (op->f == FP_F16 && op->ctl & FP_AHP))
        return round_huge(op, x, r);
    if (tiny && r.inexact)
        fp_raise(op, FP_UFC);
    fp_raise(op, inexact_flags(op, r));
    return pack(op->f, x.sign, (u32)be, (u64)(r.sig << (fm.prec - prec)));
}

struct wide { /* 256 bits */
    u128 hi, lo;
};

static struct wide wide_shr_jam(struct wide a, u32 n)
{
    if (n >= 128)
        return (struct wide){ 0, fp_shr_jam(a.hi, n - 128) | (a.lo != 0) };
    if (n == 0)
        return a;
    return (struct wide){ a.hi >> n, fp_shr_jam(a.lo, n) | a.hi << (128 - n) };
}

/* Sum of magnitudes; *exp steps up with a carry. */
static struct wide wide_add(u128 hi, struct wide b, i32 *exp)
{
    struct wide r = { hi + b.hi, b.lo };

    if (r.hi < hi) {
        r = wide_shr_jam(r, 1);
        r.hi |= (u128)1 << 127;
        ++*exp;
    }
    return r;
}

static struct wide wide_sub(u128 hi, struct wide b)
{
    return (struct wide){ hi - b.hi - (b.lo != 0), -b.lo };
}

static struct fp_ext wide_normalize(struct wide a, bool sign, i32 exp)
{
    u32 lead;

    if (a.hi == 0) {
        a = (struct wide){ a.lo, 0 };
        exp -= 128;
    }
    lead = fp_clz128(a.hi);
    if (lead) {
        a.hi = a.hi << lead | a.lo >> (128 - lead);
        a.lo <<= lead;
    }
    return (struct fp_ext){ sign, exp - (i32)lead, a.hi | (a.lo != 0) };
}

/* Exact but for the jammed bit: it lies 256 bits down, and a difference that cancels more than a
 * bit comes from exponents at most one apart, where nothing was shifted out. */
u128 fp_round_sum(const struct fp_op *op, struct fp_ext a, struct fp_ext b, i32 scale)
{
    struct fp_ext swap = a;
    struct wide r;
    u32 d;

    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        a = b;
        b = swap;
    }
    d = (u32)(a.exp - b.exp);
    r = wide_shr_jam((struct wide){ b.sig, 0 }, d);
    if (a.sign == b.sign)
        r = wide_add(a.sig, r, &a.exp);
    else
        r = wide_sub(a.sig, r);
    if (!(r.hi | r.lo))
        return fp_exact_zero(op);
    return fp_round(op, wide_normalize(r, a.sign, a.exp + scale));
}
