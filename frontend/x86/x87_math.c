/*
 * x87_math.c - the transcendental instructions on the register stack: F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN,
 * FCOS, FSINCOS.
 *
 * Intel SDM volume 2 by instruction; the functions themselves are in ir/fp_math.c. Trigonometric arguments from 2^63
 * on set C2 and stay as they are.
 */
#include "frontend/x86/x87.h"

/* Two operands, the result takes the place of both. */
static void two_operands(struct x86_state *s, u128 (*f)(u128, u128, struct fp_env *))
{
    struct fp_env e = x87_env(s);
    u128 r = X87_NAN;
    bool go;
    if (x87_is_empty(s, 0) || x87_is_empty(s, 1)) {
        go = x87_raise_stack(s, false);
    } else {
        r = f(x87_get(s, 0), x87_get(s, 1), &e);
        go = x87_raise(s, e.flags);
    }
    if (!go)
        return;
    x87_put(s, 1, r);
    x87_pop(s, 1);
}

static void one_operand(struct x86_state *s, u128 (*f)(u128, struct fp_env *))
{
    struct fp_env e = x87_env(s);
    u128 r = X87_NAN;
    bool go;
    if (x87_is_empty(s, 0)) {
        go = x87_raise_stack(s, false);
    } else {
        r = f(x87_get(s, 0), &e);
        go = x87_raise(s, e.flags);
    }
    if (go)
        x87_put(s, 0, r);
}

/* FPTAN pushes a 1 on the tangent, FSINCOS the cosine on the sine; a NaN is pushed as it is. */
static void push_second(struct x86_state *s, bool tangent)
{
    const u128 one = (u128)0x3fff << 64 | 1ull << 63;
    struct fp_env e = x87_env(s), e2 = e;
    if (x87_is_empty(s, 0) || !x87_is_empty(s, 7)) {
        if (x87_raise_stack(s, !x87_is_empty(s, 0))) {
            x87_put(s, 0, X87_NAN);
            x87_push(s, X87_NAN, 0);
        }
        return;
    }
    u128 a = x87_get(s, 0), first = tangent ? fp_tan(a, &e) : fp_sin(a, &e), second = tangent ? one : fp_cos(a, &e2);
    bool nan = (first >> 64 & 0x7fff) == 0x7fff;
    if (!x87_raise(s, e.flags | (e2.flags & ~(u32)FP_UP)))
        return;
    u16 c1 = s->fsw & X87_C1;
    x87_put(s, 0, first);
    x87_push(s, nan ? first : second, 0);
    s->fsw |= c1;
}

static void trigonometric(struct x86_state *s, u32 op)
{
    bool pushes = op == X87_PTAN || op == X87_SINCOS;
    if (!x87_is_empty(s, 0) && (!pushes || x87_is_empty(s, 7)) && !fp_trig_in_range(x87_get(s, 0))) {
        s->fsw = (u16)((s->fsw & ~X87_C1) | X87_C2);
        return;
    }
    s->fsw &= (u16)~X87_C2;
    if (pushes)
        push_second(s, op == X87_PTAN);
    else
        one_operand(s, op == X87_SIN ? fp_sin : fp_cos);
}

void x87_math(struct x86_state *s, u32 op)
{
    switch (op) {
    case X87_2XM1: one_operand(s, fp_2xm1); break;
    case X87_YL2X: two_operands(s, fp_yl2x); break;
    case X87_YL2XP1: two_operands(s, fp_yl2xp1); break;
    case X87_PATAN: two_operands(s, fp_patan); break;
    default: trigonometric(s, op);
    }
}
