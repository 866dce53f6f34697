/* fp_round.h - inside ir/fp_*.c: numbers taken apart, and the one place that rounds.
 *
 * Arm ARM DDI 0487, shared/functions/float: FPUnpack, FPRound, FPProcessNaN(s). */
#pragma once
#include "ir/fp.h"

enum fp_class {
    FPC_ZERO,
    FPC_NUM,
    FPC_INF,
    FPC_QNAN,
    FPC_SNAN,
    FPC_BAD /* f80: pseudo-NaN, pseudo-infinity, unnormal (SDM volume 1, 8.2.2) */
};

/* NUM: sig * 2^(exp - 63), bit 63 of sig set. NaN: bit 63 set, bit 62 the quiet bit. */
struct fp_val {
    enum fp_class cls;
    bool sign, denorm;
    i32 exp;
    u64 sig;
};

/* sig * 2^(exp - 127), bit 127 set. In an inexact number bit 0 stands for all that follows. */
struct fp_ext {
    bool sign;
    i32 exp;
    u128 sig;
};

struct fp_form {
    u32 prec, ebits; /* significand bits with the integer bit; exponent bits */
    i32 bias;
};

/* One operation under way: format and controls as they apply to it, and where its flags go. */
struct fp_op {
    enum fp_fmt f;
    u32 ctl;
    struct fp_env *e;
};

enum {
    FP_X87 = 1 << 30 /* in fp_op.ctl: an f80 takes part, report FP_UP */
};

static inline struct fp_form fp_form(enum fp_fmt f)
{
    static const struct fp_form forms[] = {
        [FP_F16] = { 11, 5, 15 },
        [FP_F32] = { 24, 8, 127 },
        [FP_F64] = { 53, 11, 1023 },
        [FP_F80] = { 64, 15, 16383 },
    };
    return forms[f & 3];
}

static inline void fp_raise(const struct fp_op *op, u32 flags)
{
    op->e->flags |= flags;
}

static inline enum fp_rm fp_op_rm(const struct fp_op *op)
{
    return op->ctl & FP_RM_MASK;
}

static inline bool fp_is_nan(const struct fp_val *v)
{
    return v->cls >= FPC_QNAN;
}

/* v >> n with the bits lost ORed into bit 0. */
static inline u128 fp_shr_jam(u128 v, u32 n)
{
    if (n == 0)
        return v;
    return n > 127 ? v != 0 : v >> n | (v << (128 - n) != 0);
}

static inline u32 fp_clz128(u128 v) /* v is not 0 */
{
    u64 hi = v >> 64;
    return hi ? __builtin_clzll(hi) : 64 + __builtin_clzll((u64)v);
}

/* An operation on f, or (cv) a conversion from or to it: then FZ16 is off and AHP counts. */
struct fp_op fp_op_start(enum fp_fmt f, struct fp_env *e);
struct fp_op fp_op_start_cv(enum fp_fmt from, enum fp_fmt to, struct fp_env *e);

/* FPUnpack: flushes denormals as ctl says. Never raises anything but FP_IDC. */
struct fp_val fp_unpack(const struct fp_op *op, u128 bits);

/* FPRound of a non-zero number: overflow, underflow, inexact, flush to zero. */
u128 fp_round(const struct fp_op *op, struct fp_ext x);

u128 fp_zero(const struct fp_op *op, bool sign);
u128 fp_inf(const struct fp_op *op, bool sign);
u128 fp_max_normal(const struct fp_op *op, bool sign);
u128 fp_default_nan(const struct fp_op *op);
u128 fp_invalid(const struct fp_op *op); /* raises FP_IOC, gives the default NaN */

/* The NaN result of an operation of which at least one of n operands is a NaN; v is in order of
 * preference. Raises FP_IOC for signalling ones. */
u128 fp_nan(const struct fp_op *op, const struct fp_val *v, u32 n);
u128 fp_pack_nan(const struct fp_op *op, const struct fp_val *v); /* quieted, or default by DN */

/* x86: FP_DE if an operand is denormal. To be called once no operand is a NaN. */
void fp_note_denormals(const struct fp_op *op, const struct fp_val *v, u32 n);

/* a + b of two non-zero numbers whose sigs are exact, rounded; an exact zero by rounding mode. */
u128 fp_round_sum(const struct fp_op *op, struct fp_ext a, struct fp_ext b, i32 scale);
u128 fp_exact_zero(const struct fp_op *op);

static inline struct fp_ext fp_ext(const struct fp_val *v)
{
    return (struct fp_ext){ v->sign, v->exp, (u128)v->sig << 64 };
}

/* The exact product; both are NUM. */
static inline struct fp_ext fp_ext_product(const struct fp_val *a, const struct fp_val *b)
{
    u128 p = (u128)a->sig * b->sig;
    struct fp_ext r = { a->sign ^ b->sign, a->exp + b->exp + 1, p };

    if (!(p >> 127)) {
        r.sig <<= 1;
        r.exp--;
    }
    return r;
}
