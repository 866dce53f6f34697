/* fp_fast.h - inside ir/fp_arith.c: f32 and f64 arithmetic on the common road.
 *
 * Normal operands, result normal and clear of both ends, rounding to nearest even: nothing else in
 * fp_env.ctl matters then and IXC is the only flag. Each function gives false for all the rest,
 * having done nothing. fbits and ebits are constants in every caller. */
#pragma once
#include "ir/fp.h"

#define FP_FAST static inline __attribute__((always_inline)) bool

/* A finite normal number: sig with its integer bit at bit 62. */
struct fp_norm {
    bool sign;
    i32 be;
    u64 sig;
};

FP_FAST fast_unpack(u64 a, u32 fbits, u32 ebits, struct fp_norm *n)
{
    u32 be = (u32)(a >> fbits) & ((1u << ebits) - 1);

    n->sign = a >> (fbits + ebits) & 1;
    n->be = (i32)be;
    n->sig = 1ull << 62 | (a & ((1ull << fbits) - 1)) << (62 - fbits);
    return be - 1 < (1u << ebits) - 2;
}

/* n.sig normalised to bit 62, its bit 0 sticky. */
FP_FAST fast_round(struct fp_norm n, u32 fbits, u32 ebits, struct fp_env *e, u64 *out)
{
    const u32 guard = 62 - fbits;
    const u64 half = 1ull << (guard - 1);
    u64 rest = n.sig & (half * 2 - 1), r = n.sig >> guard;

    if (UNLIKELY((u32)n.be - 1 >= (1u << ebits) - 3))
        return false;
    r += rest > half || (rest == half && r & 1);
    if (rest)
        e->flags |= FP_IXC;
    *out = ((u64)n.sign << (fbits + ebits)) + ((u64)(u32)(n.be - 1) << fbits) + r;
    return true;
}

FP_FAST fast_start(u64 a, u64 b, u32 fbits, u32 ebits, const struct fp_env *e, struct fp_norm *x,
                   struct fp_norm *y)
{
    return LIKELY(fast_unpack(a, fbits, ebits, x) && fast_unpack(b, fbits, ebits, y)
                  && (e->ctl & FP_RM_MASK) == FP_RNE);
}

FP_FAST fast_add(u64 a, u64 b, u32 fbits, u32 ebits, struct fp_env *e, u64 *out)
{
    struct fp_norm x, y, swap;
    u32 d, lead;

    if (!fast_start(a, b, fbits, ebits, e, &x, &y))
        return false;
    if (x.be < y.be || (x.be == y.be && x.sig < y.sig)) {
        swap = x;
        x = y;
        y = swap;
    }
    d = (u32)(x.be - y.be);
    y.sig = d > 62 ? 1 : d ? y.sig >> d | (y.sig << (64 - d) != 0) : y.sig;
    if (x.sign == y.sign) {
        x.sig += y.sig;
        if (x.sig >> 63) {
            x.sig = x.sig >> 1 | (x.sig & 1);
            x.be++;
        }
    } else {
        x.sig -= y.sig;
        if (UNLIKELY(x.sig == 0))
            return false;
        lead = __builtin_clzll(x.sig) - 1;
        x.sig <<= lead;
        x.be -= (i32)lead;
    }
    return fast_round(x, fbits, ebits, e, out);
}

FP_FAST fast_mul(u64 a, u64 b, u32 fbits, u32 ebits, struct fp_env *e, u64 *out)
{
    const i32 bias = (1 << (ebits - 1)) - 1;
    struct fp_norm x, y;
    u128 p;

    if (!fast_start(a, b, fbits, ebits, e, &x, &y))
        return false;
    p = (u128)(x.sig << 1) * (y.sig << 1); /* integer bits 63: product's leading bit 126 or 127 */
    x.sig = (u64)(p >> 65) | (p << 63 != 0);
    x.be += y.be - bias + 1;
    if (!(x.sig >> 62)) {
        x.sig = (u64)(p >> 64) | ((u64)p != 0);
        x.be--;
    }
    x.sign ^= y.sign;
    return fast_round(x, fbits, ebits, e, out);
}

FP_FAST fast_div(u64 a, u64 b, u32 fbits, u32 ebits, struct fp_env *e, u64 *out)
{
    const i32 bias = (1 << (ebits - 1)) - 1;
    struct fp_norm x, y;
    u128 n;
    u64 q;

    if (!fast_start(a, b, fbits, ebits, e, &x, &y))
        return false;
    x.be -= y.be - bias;
    if (x.sig < y.sig) {
        x.sig <<= 1;
        x.be--;
    }
    n = (u128)x.sig << 62;
    q = (u64)(n / y.sig);
    x.sig = q | ((u64)n != q * y.sig);
    x.sign ^= y.sign;
    return fast_round(x, fbits, ebits, e, out);
}

/* The product's leading bit is 124 or 125 of 128 and its low 20 bits are zero, so that an exponent
 * difference small enough for deep cancellation shifts nothing out. */
FP_FAST fast_fma(u64 a, u64 b, u64 c, u32 fbits, u32 ebits, struct fp_env *e, u64 *out)
{
    const i32 bias = (1 << (ebits - 1)) - 1;
    struct fp_norm x, y, z;
    u128 p, s;
    i32 d;
    u32 lead;

    if (!fast_start(a, b, fbits, ebits, e, &x, &y) || !fast_unpack(c, fbits, ebits, &z))
        return false;
    p = (u128)x.sig * y.sig;
    s = (u128)z.sig << 62;
    x.be += y.be - bias;
    x.sign ^= y.sign;
    d = x.be - z.be;
    if (d >= 0) {
        s = d > 127 ? 1 : d ? s >> d | (s << (128 - d) != 0) : s;
    } else {
        d = -d;
        p = d > 127 ? 1 : p >> d | (p << (128 - d) != 0);
        x.be = z.be;
    }
    if (x.sign == z.sign) {
        p += s;
    } else if (p >= s) {
        p -= s;
    } else {
        p = s - p;
        x.sign = z.sign;
    }
    if (UNLIKELY(p == 0))
        return false;
    lead = (u64)(p >> 64) ? __builtin_clzll((u64)(p >> 64)) : 64 + __builtin_clzll((u64)p);
    p <<= lead; /* bit 124 means 2^(be - bias) */
    x.be += 3 - (i32)lead;
    x.sig = (u64)(p >> 65) | (p << 63 != 0);
    return fast_round(x, fbits, ebits, e, out);
}
