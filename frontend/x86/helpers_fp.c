/*
 * helpers_fp.c - what blocks call out for in SSE floating point (frontend/x86/helpers_x87.def).
 *
 * The estimates are this model's own: 1/x and 1/sqrt(x) rounded to nearest with 13 significant bits, within 2^-13
 * where the manual allows 1.5 * 2^-12. Denormals are zeros, on both sides, as the manual has it.
 */
#include "frontend/x86/cpu.h"
#include "frontend/x86/helpers.h"

#define F32_INF   0x7f800000u
#define F32_QUIET 0x00400000u
#define F32_NAN   0xffc00000u

/* sig: 13 bits and one more to round by; exp: of 1.x, biased. */
static u32 pack(u32 sig, u32 exp)
{
    sig = (sig + 1) >> 1;
    return (exp << 23) + ((sig - (1u << 12)) << 11); /* a sig of 2^13 carries into the exponent */
}

static u32 reciprocal(u32 a)
{
    u32 sign = a & 0x80000000, exp = a >> 23 & 0xff, m = 1u << 23 | (a & 0x7fffff);
    if (exp == 0)
        return sign | F32_INF;
    if (exp == 0xff)
        return a & 0x7fffff ? a | F32_QUIET : sign;
    u32 q = (u32)((1ull << 37) / m); /* 2^13 < q <= 2^14 */
    u32 r = exp > 253 ? 0 : pack(q, 253 - exp);
    return r < 1u << 23 ? sign : sign | r;
}

static u32 isqrt(u64 n)
{
    u32 r = 0;
    for (u32 bit = 1u << 15; bit; bit >>= 1)
        if ((u64)(r | bit) * (r | bit) <= n)
            r |= bit;
    return r;
}

static u32 reciprocal_root(u32 a)
{
    u32 sign = a & 0x80000000, exp = a >> 23 & 0xff;
    if (exp == 0)
        return sign | F32_INF;
    if (exp == 0xff && a & 0x7fffff)
        return a | F32_QUIET;
    if (sign)
        return F32_NAN;
    if (exp == 0xff)
        return 0;
    u64 m = (1u << 23 | (a & 0x7fffff)) << !(exp & 1); /* 1 to 4, times 2^23: what remains of the exponent is even */
    return pack(isqrt((1ull << 51) / m), (380 - exp - (exp & 1 ? 1 : 0)) / 2);
}

u64 x86_h_estimate(struct vcpu *v, u64 pair, u64 root, u64 c)
{
    (void)v, (void)c;
    u32 (*f)(u32) = root ? reciprocal_root : reciprocal;
    return f((u32)pair) | (u64)f((u32)(pair >> 32)) << 32;
}

u64 x86_h_ps2ph(struct vcpu *v, u64 lo, u64 hi, u64 rm)
{
    struct x86_state *s = v->state;
    struct fp_env e = { s->fp_ctl & ~(u32)FP_FTZ, s->fp_flags };
    u64 in[2] = { lo, hi }, out = 0;
    if (rm < 7)
        e.ctl = (e.ctl & ~(u32)FP_RM_MASK) | (u32)rm;
    for (u32 k = 0; k < 4; k++)
        out |= (u64)fp_cvt(FP_F32, FP_F16, (u32)(in[k / 2] >> (k % 2 * 32)), &e) << (16 * k);
    s->fp_flags = e.flags;
    return out;
}

u64 x86_h_get_mxcsr(struct vcpu *v, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    return x86_mxcsr(v);
}

u64 x86_h_set_mxcsr(struct vcpu *v, u64 val, u64 b, u64 c)
{
    (void)b, (void)c;
    x86_mxcsr_set(v, (u32)val);
    return 0;
}
