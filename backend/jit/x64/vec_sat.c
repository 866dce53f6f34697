/*
 * vec_sat.c - rows on vectors of integer lanes: saturating, halving, high halves of doubled products.
 *
 * Hosts saturate i8 and i16 lanes only, and have averages of unsigned ones. Inverting the sign bit, which is
 * adding it, makes unsigned lanes of signed ones and keeps their order and distances ("biased" below).
 *
 * Intel SDM volume 2, chapter 4. Through xe_eval(): the multiplications on i8 and i64 lanes.
 */
#include "backend/jit/x64/vec.h"

static void bias(struct vec *v, enum xreg d, enum xreg a) { vec3c(v, XV_PXOR, d, a, v->bits, vec_top(v)); }

/* ---- sums and differences ---- */

/* Any lane; uses XV_T0 and XV_T1. */
static void add_unsigned(struct vec *v, enum xreg d, enum xreg a, enum xreg b)
{
    if (v->lane < 2) {
        vec3(v, v->lane ? XV_PADDUSW : XV_PADDUSB, d, a, b);
    } else if (v->lane == 2) { /* min(a, ~b) + b */
        vec_not(v, XV_T0, b);
        vec3(v, XV_PMINUD, d, XV_T0, a);
        vec3(v, XV_PADDD, d, d, b);
    } else { /* it wrapped if a is above the sum */
        vec3(v, XV_PADDQ, d, a, b);
        bias(v, XV_T0, a);
        bias(v, XV_T1, d);
        vec3(v, XV_PCMPGTQ, XV_T0, XV_T0, XV_T1);
        vec3(v, XV_POR, d, d, XV_T0);
    }
}

/* d := top bit of over ? most positive or (sign of a) most negative : sum. i32, i64 lanes; over is lost; uses
 * XV_T2. */
static void bounded(struct vec *v, enum xreg d, enum xreg sum, enum xreg over, enum xreg a)
{
    vec_sign(v, XV_T2, a);
    vec3c(v, XV_PXOR, XV_T2, XV_T2, v->bits, vec_max(v));
    if (xe_has(v->x, XF_AVX)) {
        xa_blendv(v->a, v->bits / 8, d, sum, XV_T2, over);
        return;
    }
    vec_sign(v, over, over);
    vec_pick(v, d, over, XV_T2, sum);
}

/* Any lane; uses XV_T0 to XV_T2. A sum overflows where its sign is neither operand's, a difference where its sign is
 * not the first's and the signs differ. */
static void add_signed(struct vec *v, enum xreg d, enum xreg a, enum xreg b, bool minus)
{
    static const u32 small[2][2] = { { XV_PADDSB, XV_PADDSW }, { XV_PSUBSB, XV_PSUBSW } };
    if (v->lane < 2) {
        vec3(v, small[minus][v->lane], d, a, b);
        return;
    }
    vec3(v, (minus ? VEC_SUB : VEC_ADD)[v->lane], XV_T1, a, b);
    vec3(v, XV_PXOR, XV_T0, XV_T1, a);
    vec3(v, XV_PXOR, XV_T2, minus ? a : XV_T1, b);
    vec3(v, XV_PAND, XV_T0, XV_T0, XV_T2);
    bounded(v, d, XV_T1, XV_T0, a);
}

static void uqadd(struct vec *v, enum xreg d, const enum xreg *s) { add_unsigned(v, d, s[0], s[1]); }
static void sqadd(struct vec *v, enum xreg d, const enum xreg *s) { add_signed(v, d, s[0], s[1], false); }
static void sqsub(struct vec *v, enum xreg d, const enum xreg *s) { add_signed(v, d, s[0], s[1], true); }

static void uqsub32(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, XV_PMAXUD, d, s[0], s[1]);
    vec3(v, XV_PSUBD, d, d, s[1]);
}

static void uqsub64(struct vec *v, enum xreg d, const enum xreg *s)
{
    bias(v, XV_T0, s[1]);
    bias(v, XV_T1, s[0]);
    vec3(v, XV_PCMPGTQ, XV_T0, XV_T0, XV_T1);
    vec3(v, XV_PSUBQ, XV_T1, s[0], s[1]);
    vec3(v, XV_PANDN, d, XV_T0, XV_T1);
}

/* Signed plus unsigned can only exceed the top, which is the unsigned sum's when the signed one is biased. */
static void suqadd(struct vec *v, enum xreg d, const enum xreg *s)
{
    bias(v, XV_T2, s[0]);
    add_unsigned(v, d, XV_T2, s[1]);
    bias(v, d, d);
}

static void usqadd(struct vec *v, enum xreg d, const enum xreg *s)
{
    bias(v, v->t[0], s[0]);
    add_signed(v, d, v->t[0], s[1], false);
    bias(v, d, d);
}

void x64_vemit_uqadd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PADDUSB }, { .op = XV_PADDUSW }, { .fn = uqadd }, { .fn = uqadd },
    };
    vec_emit(x, i, way);
}

void x64_vemit_sqadd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PADDSB }, { .op = XV_PADDSW }, { .fn = sqadd }, { .fn = sqadd },
    };
    vec_emit(x, i, way);
}

void x64_vemit_uqsub(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PSUBUSB }, { .op = XV_PSUBUSW }, { .fn = uqsub32 }, { .fn = uqsub64 },
    };
    vec_emit(x, i, way);
}

void x64_vemit_sqsub(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PSUBSB }, { .op = XV_PSUBSW }, { .fn = sqsub }, { .fn = sqsub },
    };
    vec_emit(x, i, way);
}

void x64_vemit_suqadd(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = suqadd };
    vec_run(x, i, &way, 0);
}

void x64_vemit_usqadd(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = usqadd, .scratch = 1 };
    vec_run(x, i, &way, 0);
}

/* ---- absolute value, negation: only the most negative number saturates ---- */

static void sqabs(struct vec *v, enum xreg d, const enum xreg *s)
{
    static const u32 absolute[3] = { XV_PABSB, XV_PABSW, XV_PABSD };
    if (v->lane < 3) {
        xa_v2(v->a, absolute[v->lane], d, s[0]);
        vec3c(v, VEC_UMIN[v->lane], d, d, v->bits, vec_max(v));
        return;
    }
    vec_sign(v, XV_T0, s[0]);
    vec3(v, XV_PXOR, d, s[0], XV_T0);
    vec3(v, XV_PSUBQ, d, d, XV_T0);
    vec_sign(v, XV_T0, d);
    vec3(v, XV_PADDQ, d, d, XV_T0);
}

static void sqneg(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_zero(v, d);
    if (v->lane < 2) {
        vec3(v, v->lane ? XV_PSUBSW : XV_PSUBSB, d, d, s[0]);
        return;
    }
    vec3(v, VEC_SUB[v->lane], d, d, s[0]);
    vec3c(v, VEC_EQ[v->lane], XV_T0, s[0], v->bits, vec_top(v));
    vec3(v, XV_PXOR, d, d, XV_T0);
}

void x64_vemit_sqabs(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = sqabs };
    vec_run(x, i, &way, 0);
}

void x64_vemit_sqneg(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = sqneg };
    vec_run(x, i, &way, 0);
}

/* ---- halving: a + b == 2 * (a & b) + (a ^ b) == 2 * (a | b) - (a ^ b), a - b == (a ^ b) - 2 * (~a & b) ---- */

static u32 average(const struct vec *v) { return v->lane ? XV_PAVGW : XV_PAVGB; } /* (a + b + 1) >> 1, i8 and i16 */

/* d := a ^ b >> 1 */
static void half_of_xor(struct vec *v, enum xreg d, enum xreg a, enum xreg b)
{
    vec3(v, XV_PXOR, d, a, b);
    (v->mode & VEC_SIGNED ? vec_sar : vec_shr)(v, d, d, 1);
}

static void hadd(struct vec *v, enum xreg d, const enum xreg *s)
{
    half_of_xor(v, d, s[0], s[1]);
    vec3(v, XV_PAND, XV_T0, s[0], s[1]);
    vec3(v, VEC_ADD[v->lane], d, d, XV_T0);
}

static void rhadd(struct vec *v, enum xreg d, const enum xreg *s)
{
    half_of_xor(v, XV_T0, s[0], s[1]);
    vec3(v, XV_POR, d, s[0], s[1]);
    vec3(v, VEC_SUB[v->lane], d, d, XV_T0);
}

static void hsub(struct vec *v, enum xreg d, const enum xreg *s)
{
    half_of_xor(v, d, s[0], s[1]);
    vec3(v, XV_PANDN, XV_T0, s[0], s[1]);
    vec3(v, VEC_SUB[v->lane], d, d, XV_T0);
}

/* The average, less what it rounded up. */
static void uhadd_small(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, XV_PXOR, XV_T0, s[0], s[1]);
    vec3c(v, XV_PAND, XV_T0, XV_T0, v->bits, 1);
    vec3(v, average(v), d, s[0], s[1]);
    vec3(v, VEC_SUB[v->lane], d, d, XV_T0);
}

static void shadd_small(struct vec *v, enum xreg d, const enum xreg *s)
{
    const enum xreg biased[2] = { XV_T1, XV_T2 };
    bias(v, XV_T1, s[0]);
    bias(v, XV_T2, s[1]);
    uhadd_small(v, d, biased);
    bias(v, d, d);
}

static void srhadd_small(struct vec *v, enum xreg d, const enum xreg *s)
{
    bias(v, XV_T0, s[0]);
    bias(v, d, s[1]);
    vec3(v, average(v), d, d, XV_T0);
    bias(v, d, d);
}

/* (a + ~b + 1) >> 1, which is half the difference, biased. */
static void uhsub_small(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_not(v, XV_T0, s[1]);
    vec3(v, average(v), d, s[0], XV_T0);
    bias(v, d, d);
}

static void shsub_small(struct vec *v, enum xreg d, const enum xreg *s)
{
    bias(v, d, s[0]);
    vec3c(v, XV_PXOR, XV_T0, s[1], v->bits, vec_max(v)); /* biased, inverted */
    vec3(v, average(v), d, d, XV_T0);
    bias(v, d, d);
}

void x64_vemit_uhadd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = uhadd_small }, { .fn = hadd }, { .fn = hadd }, { .fn = hadd },
    };
    vec_emit(x, i, way);
}

void x64_vemit_shadd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = shadd_small }, { .fn = hadd, .mode = VEC_SIGNED }, { .fn = hadd, .mode = VEC_SIGNED },
        { .fn = hadd, .mode = VEC_SIGNED },
    };
    vec_emit(x, i, way);
}

void x64_vemit_urhadd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PAVGB }, { .op = XV_PAVGW }, { .fn = rhadd }, { .fn = rhadd },
    };
    vec_emit(x, i, way);
}

void x64_vemit_srhadd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = srhadd_small }, { .fn = rhadd, .mode = VEC_SIGNED }, { .fn = rhadd, .mode = VEC_SIGNED },
        { .fn = rhadd, .mode = VEC_SIGNED },
    };
    vec_emit(x, i, way);
}

void x64_vemit_uhsub(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = uhsub_small }, { .fn = uhsub_small }, { .fn = hsub }, { .fn = hsub },
    };
    vec_emit(x, i, way);
}

void x64_vemit_shsub(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = shsub_small }, { .fn = hsub, .mode = VEC_SIGNED }, { .fn = hsub, .mode = VEC_SIGNED },
        { .fn = hsub, .mode = VEC_SIGNED },
    };
    vec_emit(x, i, way);
}

/* ---- high half of the doubled product ---- */

#define XV_PMULHRSW (XV(0x66, 2, 0x0b) | XV_COMMUTES)

/* Only the square of the most negative number overflows; nothing else gives that number. */
static void fix_square(struct vec *v, enum xreg d)
{
    vec3c(v, VEC_EQ[v->lane], XV_T0, d, v->bits, vec_top(v));
    vec3(v, XV_PXOR, d, d, XV_T0);
}

static void sqdmulh16(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, XV_PMULHW, XV_T0, s[0], s[1]);
    vec3(v, XV_PMULLW, d, s[0], s[1]);
    vec_sh(v, XV_SHIFT_W, VEC_SLL, XV_T0, XV_T0, 1);
    vec_sh(v, XV_SHIFT_W, VEC_SRL, d, d, 15);
    vec3(v, XV_POR, d, d, XV_T0);
    fix_square(v, d);
}

static void sqrdmulh16(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, XV_PMULHRSW, d, s[0], s[1]);
    fix_square(v, d);
}

/* Even lanes in d, odd ones in XV_T0. */
static void sqdmulh32(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T0, s[0], 32);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T1, s[1], 32);
    vec3(v, XV_PMULDQ, XV_T0, XV_T0, XV_T1);
    vec3(v, XV_PMULDQ, d, s[0], s[1]);
    if (v->mode & VEC_ROUND) {
        vec3c(v, XV_PADDQ, XV_T0, XV_T0, 64, 1u << 30);
        vec3c(v, XV_PADDQ, d, d, 64, 1u << 30);
    }
    vec_sh(v, XV_SHIFT_Q, VEC_SLL, XV_T0, XV_T0, 1);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, d, d, 31);
    xa_v3i(v->a, XV_PBLENDW, d, d, XV_T0, 0xcc);
    fix_square(v, d);
}

void x64_vemit_sqdmulh(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = { { 0 }, { .fn = sqdmulh16 }, { .fn = sqdmulh32 }, { 0 } };
    vec_emit(x, i, way);
}

void x64_vemit_sqrdmulh(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { 0 }, { .fn = sqrdmulh16 }, { .fn = sqdmulh32, .mode = VEC_ROUND }, { 0 },
    };
    vec_emit(x, i, way);
}

/* ---- the same added to, or taken from, an accumulator: sums in lanes twice as wide, which cannot overflow ---- */

static void sqrdmlah16(struct vec *v, enum xreg d, const enum xreg *s)
{
    u32 op = v->mode & VEC_MINUS ? XV_PSUBD : XV_PADDD;
    vec3(v, XV_PMULLW, XV_T0, s[1], s[2]);
    vec3(v, XV_PMULHW, XV_T1, s[1], s[2]);
    vec3(v, XV_PUNPCKLWD, d, XV_T0, XV_T1);
    vec3(v, XV_PUNPCKHWD, XV_T0, XV_T0, XV_T1);
    vec_zero(v, XV_T1);
    vec3(v, XV_PUNPCKLWD, XV_T2, XV_T1, s[0]);
    vec3(v, XV_PUNPCKHWD, XV_T1, XV_T1, s[0]);
    vec_sh(v, XV_SHIFT_D, VEC_SRA, XV_T2, XV_T2, 1);
    vec_sh(v, XV_SHIFT_D, VEC_SRA, XV_T1, XV_T1, 1);
    vec3(v, op, XV_T2, XV_T2, d);
    vec3(v, op, XV_T1, XV_T1, XV_T0);
    vec3c(v, XV_PADDD, d, XV_T2, 32, 1u << 14);
    vec3c(v, XV_PADDD, XV_T1, XV_T1, 32, 1u << 14);
    vec_sh(v, XV_SHIFT_D, VEC_SRA, d, d, 15);
    vec_sh(v, XV_SHIFT_D, VEC_SRA, XV_T1, XV_T1, 15);
    vec3(v, XV_PACKSSDW, d, d, XV_T1);
}

/* sum := (acc << 31) +- b * c + 2^30 of even lanes; acc << 31 is -(acc * -2^31). sum may be b; other, lost, may be
 * c. */
static void sum64(struct vec *v, enum xreg sum, enum xreg acc, enum xreg b, enum xreg c, enum xreg other)
{
    vec3(v, XV_PMULDQ, sum, b, c);
    vec3c(v, XV_PMULDQ, other, acc, 32, 1u << 31);
    if (v->mode & VEC_MINUS) { /* -y is ~y + 1 */
        vec3(v, XV_PADDQ, sum, sum, other);
        vec_not(v, sum, sum);
        vec3c(v, XV_PADDQ, sum, sum, 64, (1u << 30) + 1);
    } else {
        vec3(v, XV_PSUBQ, sum, sum, other);
        vec3c(v, XV_PADDQ, sum, sum, 64, 1u << 30);
    }
}

/* Bits 62:31 of the sums are the result, unless bit 63 says otherwise. */
static void sqrdmlah32(struct vec *v, enum xreg d, const enum xreg *s)
{
    sum64(v, v->t[0], s[0], s[1], s[2], XV_T1);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T0, s[0], 32);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T1, s[1], 32);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T2, s[2], 32);
    sum64(v, XV_T1, XV_T0, XV_T1, XV_T2, XV_T2);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T0, v->t[0], 32);
    xa_v3i(v->a, XV_PBLENDW, XV_T0, XV_T0, XV_T1, 0xcc); /* bits 63:32 */
    vec_sh(v, XV_SHIFT_Q, VEC_SLL, XV_T1, XV_T1, 1);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, v->t[0], v->t[0], 31);
    xa_v3i(v->a, XV_PBLENDW, v->t[0], v->t[0], XV_T1, 0xcc);
    vec3(v, XV_PXOR, XV_T1, XV_T0, v->t[0]);
    bounded(v, d, v->t[0], XV_T1, XV_T0);
}

void x64_vemit_sqrdmlah(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { 0 }, { .fn = sqrdmlah16 }, { .fn = sqrdmlah32, .scratch = 1 }, { 0 },
    };
    vec_emit(x, i, way);
}

void x64_vemit_sqrdmlsh(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { 0 }, { .fn = sqrdmlah16, .mode = VEC_MINUS }, { .fn = sqrdmlah32, .scratch = 1, .mode = VEC_MINUS }, { 0 },
    };
    vec_emit(x, i, way);
}
