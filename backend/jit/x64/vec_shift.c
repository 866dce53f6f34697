/*
 * vec_shift.c - rows on vectors of integer lanes: shifts and rotations, by constants and by lanes of counts.
 *
 * Everything by lanes is made of one piece, shift_lanes(): left by a signed byte, right where it is negative. AVX2
 * has shifts by lanes for i32 and i64, without it xe_eval() does these. Lanes of i8 and i16 are multiplied by powers
 * of two, from tables.
 *
 * Arm ARM DDI 0487, C7.2 USHL to SQRSHL (what counts mean); Intel SDM volume 2, chapter 4.
 */
#include "backend/jit/x64/vec.h"

/* ---- left or right by a byte in each lane ---- */

/* d := 2^n in each byte, 0 unless n is 0 to 7. Indices that PSHUFB takes for 0 have the top bit set. */
static void powers8(struct vec *v, enum xreg d, enum xreg n)
{
    vec3c(v, XV_PADDUSB, XV_T0, n, 8, 0x70);
    xa_vload(v->a, 16, d, xe_const128(v->x, 0x8040201008040201, 0));
    vec3(v, XV_PSHUFB, d, d, XV_T0);
}

/* XV_T1 := 2^n in each i16 lane, 0 unless the low byte n is 0 to 15. Uses all scratch. */
static void powers16(struct vec *v, enum xreg n)
{
    vec3c(v, XV_PADDUSB, XV_T0, n, 8, 0x70);
    xa_vload(v->a, 16, XV_T1, xe_const128(v->x, 0x8040201008040201, 0));
    vec3(v, XV_PSHUFB, XV_T1, XV_T1, XV_T0);
    vec3c(v, XV_PAND, XV_T1, XV_T1, 16, 0x00ff);
    xa_vload(v->a, 16, XV_T2, xe_const128(v->x, 0, 0x8040201008040201));
    vec3(v, XV_PSHUFB, XV_T2, XV_T2, XV_T0);
    vec_sh(v, XV_SHIFT_W, VEC_SLL, XV_T2, XV_T2, 8);
    vec3(v, XV_POR, XV_T1, XV_T1, XV_T2);
}

/* Right by m is the high half of the product with 2^(8 - m). */
static void shift8(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    powers8(v, XV_T1, n);
    vec_mul8(v, d, a, XV_T1);
    vec3c(v, XV_PADDB, XV_T2, n, 8, 8);
    powers8(v, XV_T1, XV_T2);
    vec3c(v, XV_PAND, XV_T0, a, 16, 0x00ff);
    vec3c(v, XV_PAND, XV_T2, XV_T1, 16, 0x00ff);
    vec3(v, XV_PMULLW, XV_T0, XV_T0, XV_T2);
    vec_sh(v, XV_SHIFT_W, VEC_SRL, XV_T0, XV_T0, 8);
    vec3(v, XV_POR, d, d, XV_T0);
    vec_sh(v, XV_SHIFT_W, VEC_SRL, XV_T0, a, 8);
    vec_sh(v, XV_SHIFT_W, VEC_SRL, XV_T1, XV_T1, 8);
    vec3(v, XV_PMULLW, XV_T0, XV_T0, XV_T1);
    vec3c(v, XV_PAND, XV_T0, XV_T0, 16, 0xff00);
    vec3(v, XV_POR, d, d, XV_T0);
}

static void shift16(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    powers16(v, n);
    vec3(v, XV_PMULLW, d, a, XV_T1);
    vec3c(v, XV_PADDB, XV_T0, n, 8, 16);
    powers16(v, XV_T0);
    vec3(v, XV_PMULHUW, XV_T1, XV_T1, a);
    vec3(v, XV_POR, d, d, XV_T1);
}

/* AVX2; a count that is negative one way is far too large the other way. */
static void shift_wide(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    vec3c(v, XV_PAND, XV_T0, n, v->bits, 0xff);
    vec3(v, v->lane == 2 ? XV_VPSLLVD : XV_VPSLLVQ, d, a, XV_T0);
    vec_zero(v, XV_T0);
    vec3(v, VEC_SUB[v->lane], XV_T0, XV_T0, n);
    vec3c(v, XV_PAND, XV_T0, XV_T0, v->bits, 0xff);
    vec3(v, v->lane == 2 ? XV_VPSRLVD : XV_VPSRLVQ, XV_T0, a, XV_T0);
    vec3(v, XV_POR, d, d, XV_T0);
}

static void shift_unsigned(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    if (v->lane == 0)
        shift8(v, d, a, n);
    else if (v->lane == 1)
        shift16(v, d, a, n);
    else
        shift_wide(v, d, a, n);
}

/* All ones in lanes whose low byte is negative. */
static void sign_of_byte(struct vec *v, enum xreg d, enum xreg n)
{
    static const u32 op[4] = { 0, XV_SHIFT_W, XV_SHIFT_D, XV_SHIFT_Q };
    if (v->lane)
        vec_sh(v, op[v->lane], VEC_SLL, d, n, v->bits - 8);
    vec_sign(v, d, v->lane ? d : n);
}

/* AVX2, i32 lanes: the one arithmetic shift by lanes there is. */
static void shift_signed32(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    vec3c(v, XV_PAND, XV_T0, n, 32, 0xff);
    vec3(v, XV_VPSLLVD, XV_T0, a, XV_T0);
    vec_zero(v, XV_T1);
    vec3(v, XV_PSUBD, XV_T1, XV_T1, n);
    vec3c(v, XV_PAND, XV_T1, XV_T1, 32, 0xff);
    vec3(v, XV_VPSRAVD, XV_T1, a, XV_T1);
    vec_sh(v, XV_SHIFT_D, VEC_SLL, XV_T2, n, 24);
    xa_blendv(v->a, 4, d, XV_T0, XV_T1, XV_T2);
}

/* d := a shifted by n, right shifts arithmetic with VEC_SIGNED: negative lanes that go right are inverted before and
 * after. Uses all scratch and, signed, t[0] and t[1]. */
static void shift_lanes(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    if (!(v->mode & VEC_SIGNED)) {
        shift_unsigned(v, d, a, n);
    } else if (v->lane == 2) {
        shift_signed32(v, d, a, n);
    } else {
        vec_sign(v, XV_T0, a);
        sign_of_byte(v, v->t[0], n);
        vec3(v, XV_PAND, v->t[0], v->t[0], XV_T0);
        vec3(v, XV_PXOR, v->t[1], v->t[0], a);
        shift_unsigned(v, d, v->t[1], n);
        vec3(v, XV_PXOR, d, d, v->t[0]);
    }
}

/* ---- rounding, saturating ---- */

/* Adds the last bit that was shifted out to the right. Uses what shift_lanes() does, t[2] and t[3]. */
static void shift_rounding(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    shift_lanes(v, d, a, n);
    vec3c(v, VEC_ADD[v->lane], v->t[2], n, v->bits, 1);
    shift_lanes(v, v->t[3], a, v->t[2]);
    vec3c(v, XV_PAND, v->t[3], v->t[3], v->bits, 1);
    sign_of_byte(v, XV_T0, n);
    vec3(v, XV_PAND, v->t[3], v->t[3], XV_T0);
    vec3(v, VEC_ADD[v->lane], d, d, v->t[3]);
}

/* XV_T0 := lanes that did not saturate, all ones: shifted back they are what they were, or they went right. d is a
 * shifted by n. Uses what shift_lanes() does, t[2] and t[3]. */
static void not_saturated(struct vec *v, enum xreg d, enum xreg a, enum xreg n)
{
    vec_zero(v, v->t[2]);
    vec3(v, VEC_SUB[v->lane], v->t[2], v->t[2], n);
    shift_lanes(v, v->t[3], d, v->t[2]);
    vec3(v, VEC_EQ[v->lane], v->t[3], v->t[3], a);
    sign_of_byte(v, XV_T0, n);
    vec3(v, XV_POR, XV_T0, XV_T0, v->t[3]);
}

/* d := XV_T0 (lost) ? d : the largest number or, signed, the bound of a's sign. */
static void saturate(struct vec *v, enum xreg d, enum xreg a)
{
    if (!(v->mode & VEC_SIGNED)) {
        vec_not(v, XV_T0, XV_T0);
        vec3(v, XV_POR, d, d, XV_T0);
        return;
    }
    vec_sign(v, XV_T1, a);
    vec3c(v, XV_PXOR, XV_T1, XV_T1, v->bits, vec_max(v));
    vec3(v, XV_PAND, d, d, XV_T0);
    vec3(v, XV_PANDN, XV_T0, XV_T0, XV_T1);
    vec3(v, XV_POR, d, d, XV_T0);
}

/* ---- vushl to vsqrshl, vshl_sat, vsqshlu: mode says which ---- */

static void by_lanes(struct vec *v, enum xreg d, const enum xreg *s)
{
    (v->mode & VEC_ROUND ? shift_rounding : shift_lanes)(v, d, s[0], s[1]);
    if (v->mode & VEC_SAT) {
        not_saturated(v, d, s[0], s[1]);
        saturate(v, d, s[0]);
    }
}

/* XV_T0 := a < 0 ? 0 : a */
static void positive(struct vec *v, enum xreg a)
{
    vec_sign(v, XV_T0, a);
    vec3(v, XV_PANDN, XV_T0, XV_T0, a);
}

static void sqshlu_by_lanes(struct vec *v, enum xreg d, const enum xreg *s)
{
    const enum xreg to[2] = { v->t[0], v->t[1] };
    positive(v, s[0]);
    xa_vmov(v->a, to[0], XV_T0);
    vec3c(v, XV_PAND, to[1], s[1], v->bits, 63);
    by_lanes(v, d, to);
}

static void saturates_by_lanes(struct vec *v, enum xreg d, const enum xreg *s)
{
    shift_lanes(v, d, s[0], s[1]);
    not_saturated(v, d, s[0], s[1]);
    vec_not(v, d, XV_T0);
}

/* d := a >> n with rounding, n at least 1. d may not be a. */
static void round_right(struct vec *v, enum xreg d, enum xreg a, u32 n)
{
    bool is_signed = v->mode & VEC_SIGNED;
    if (n > v->bits) {
        vec_zero(v, d);
    } else if (v->lane < 2 && !is_signed) { /* an average with zero is half, rounded up */
        if (n > 1)
            vec_shr(v, d, a, n - 1);
        vec_zero(v, XV_T0);
        vec3(v, v->lane ? XV_PAVGW : XV_PAVGB, d, n > 1 ? d : a, XV_T0);
    } else {
        (is_signed ? vec_sar : vec_shr)(v, d, a, n);
        vec_shr(v, XV_T0, a, n - 1);
        vec3c(v, XV_PAND, XV_T0, XV_T0, v->bits, 1);
        vec3(v, VEC_ADD[v->lane], d, d, XV_T0);
    }
}

/* XV_T0 := lanes that d := a << n did not saturate. */
static void not_saturated_by(struct vec *v, enum xreg d, enum xreg a, u32 n)
{
    (v->mode & VEC_SIGNED ? vec_sar : vec_shr)(v, XV_T0, d, n);
    vec3(v, VEC_EQ[v->lane], XV_T0, XV_T0, a);
}

/* All lanes by v->n. */
static void by_const(struct vec *v, enum xreg d, const enum xreg *s)
{
    u32 left = (u32)MAX(v->n, 0), right = (u32)MAX(-v->n, 0);
    if (left) {
        vec_shl(v, d, s[0], left);
    } else if (v->mode & VEC_ROUND && right) {
        round_right(v, d, s[0], right);
    } else if (v->mode & VEC_SIGNED) {
        vec_sar(v, d, s[0], right);
    } else {
        vec_shr(v, d, s[0], right);
    }
    if (v->mode & VEC_SAT && left) {
        not_saturated_by(v, d, s[0], left);
        saturate(v, d, s[0]);
    }
}

static void sqshlu_by_const(struct vec *v, enum xreg d, const enum xreg *s)
{
    positive(v, s[0]);
    xa_vmov(v->a, v->t[0], XV_T0);
    by_const(v, d, &v->t[0]);
}

static void saturates_by_const(struct vec *v, enum xreg d, const enum xreg *s)
{
    if (v->n <= 0) {
        vec_zero(v, d);
        return;
    }
    vec_shl(v, d, s[0], (u32)v->n);
    not_saturated_by(v, d, s[0], (u32)v->n);
    vec_not(v, d, XV_T0);
}

/* ---- rows: counts are signed bytes ---- */

static bool count_is_const(const struct xe *x, u32 i, u64 *n)
{
    return vec_is_splat(x, xe_ins(x, i)->arg[1], 8u << vec_lane(x, i), n);
}

/* By n, all lanes. */
static void emit_by_const(struct xe *x, u32 i, i32 n, u32 mode)
{
    const struct vec_way w = {
        .fn = by_const, .operands = 1, .in_place = !(mode & (VEC_ROUND | VEC_SAT)), .mode = (u8)mode,
    };
    if (n)
        vec_run(x, i, &w, n);
    else
        vec_same(x, i);
}

static u32 needs(const struct xe *x, u32 i) { return vec_lane(x, i) >= 2 ? XF_AVX2 : 0; }

static void emit_vshl(struct xe *x, u32 i, u32 mode)
{
    const struct vec_way w = { .fn = by_lanes, .scratch = mode & (VEC_ROUND | VEC_SAT) ? 4 : 2, .mode = (u8)mode,
                               .needs = needs(x, i) };
    u64 n;
    if (count_is_const(x, i, &n))
        emit_by_const(x, i, (i8)n, mode);
    else
        vec_emit_way(x, i, &w);
}

void x64_vemit_vushl(struct xe *x, u32 i) { emit_vshl(x, i, 0); }
void x64_vemit_vsshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_SIGNED); }
void x64_vemit_vurshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_ROUND); }
void x64_vemit_vsrshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_SIGNED | VEC_ROUND); }
void x64_vemit_vuqshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_SAT); }
void x64_vemit_vsqshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_SIGNED | VEC_SAT); }
void x64_vemit_vuqrshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_ROUND | VEC_SAT); }
void x64_vemit_vsqrshl(struct xe *x, u32 i) { emit_vshl(x, i, VEC_SIGNED | VEC_ROUND | VEC_SAT); }

void x64_vemit_vsqshlu(struct xe *x, u32 i)
{
    static const struct vec_way all = { .fn = sqshlu_by_const, .operands = 1, .scratch = 1, .mode = VEC_SAT };
    const struct vec_way w = { .fn = sqshlu_by_lanes, .scratch = 4, .mode = VEC_SAT, .needs = needs(x, i) };
    u64 n;
    if (count_is_const(x, i, &n))
        vec_run(x, i, &all, (i32)(n & 63));
    else
        vec_emit_way(x, i, &w);
}

void x64_vemit_vshl_sat(struct xe *x, u32 i)
{
    u8 mode = xe_ins(x, i)->flag & VEC_SIGNED;
    const struct vec_way all = { .fn = saturates_by_const, .operands = 1, .mode = mode };
    const struct vec_way w = { .fn = saturates_by_lanes, .scratch = 4, .mode = mode, .needs = needs(x, i) };
    u64 n;
    if (count_is_const(x, i, &n))
        vec_run(x, i, &all, (i8)n);
    else
        vec_emit_way(x, i, &w);
}

/* ---- rows: counts are whole lanes, unsigned, one way ---- */

/* t := the count as shift_lanes() takes it; what is too large stays so. */
static void signed_count(struct vec *v, enum xreg t, enum xreg n)
{
    static const u32 smaller[4] = { XV_PMINUB, XV_PMINUW, XV_PMINUD, XV_PMINUD };
    vec3c(v, smaller[v->lane], t, n, v->bits, 127);
    if (!(v->mode & VEC_RIGHT))
        return;
    vec_zero(v, XV_T0);
    vec3(v, VEC_SUB[v->lane], XV_T0, XV_T0, t);
    xa_vmov(v->a, t, XV_T0);
}

static void one_way(struct vec *v, enum xreg d, const enum xreg *s)
{
    signed_count(v, v->t[4], s[1]);
    (v->mode & VEC_ROUND ? shift_rounding : shift_lanes)(v, d, s[0], v->t[4]);
}

/* Negative lanes inverted before and after. */
static void sar64_by_lanes(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_sign(v, XV_T0, s[0]);
    vec3(v, XV_PXOR, XV_T1, s[0], XV_T0);
    vec3(v, XV_VPSRLVQ, XV_T1, XV_T1, s[1]);
    vec3(v, XV_PXOR, d, XV_T0, XV_T1);
}

static void emit_shift(struct xe *x, u32 i, u32 mode, const struct vec_way *way)
{
    u64 n;
    if (!count_is_const(x, i, &n)) {
        vec_emit(x, i, way);
        return;
    }
    i32 count = (i32)MIN(n, 64u);
    emit_by_const(x, i, mode & VEC_RIGHT ? -count : count, mode);
}

void x64_vemit_shl(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = one_way, .scratch = 5 }, { .fn = one_way, .scratch = 5 },
        { .op = XV_VPSLLVD, .needs = XF_AVX2 }, { .op = XV_VPSLLVQ, .needs = XF_AVX2 },
    };
    emit_shift(x, i, 0, way);
}

void x64_vemit_shr(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = one_way, .scratch = 5, .mode = VEC_RIGHT }, { .fn = one_way, .scratch = 5, .mode = VEC_RIGHT },
        { .op = XV_VPSRLVD, .needs = XF_AVX2 }, { .op = XV_VPSRLVQ, .needs = XF_AVX2 },
    };
    emit_shift(x, i, VEC_RIGHT, way);
}

void x64_vemit_sar(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = one_way, .scratch = 5, .mode = VEC_RIGHT | VEC_SIGNED },
        { .fn = one_way, .scratch = 5, .mode = VEC_RIGHT | VEC_SIGNED },
        { .op = XV_VPSRAVD, .needs = XF_AVX2 }, { .fn = sar64_by_lanes, .needs = XF_AVX2 },
    };
    emit_shift(x, i, VEC_RIGHT | VEC_SIGNED, way);
}

/* The count is the low 32 bits of a lane. */
static void emit_rshr(struct xe *x, u32 i, u32 mode)
{
    const struct vec_way w = { .fn = one_way, .scratch = 5, .mode = (u8)mode, .needs = needs(x, i) };
    u64 n;
    if (count_is_const(x, i, &n))
        emit_by_const(x, i, -(i32)MIN((u32)n, 127u), mode);
    else
        vec_emit_way(x, i, &w);
}

void x64_vemit_urshr(struct xe *x, u32 i) { emit_rshr(x, i, VEC_RIGHT | VEC_ROUND); }
void x64_vemit_srshr(struct xe *x, u32 i) { emit_rshr(x, i, VEC_RIGHT | VEC_ROUND | VEC_SIGNED); }

/* ---- rotations: both ways ored ---- */

/* Left by v->n, 1 to bits - 1. */
static void rotate(struct vec *v, enum xreg d, const enum xreg *s)
{
    u8 from[8];
    for (i32 i = 0; i < 8; i++)
        from[i] = (u8)((i - v->n) & 7);
    if (v->lane == 0 && xe_has(v->x, XF_GFNI)) {
        vec_bits8(v, d, s[0], from);
        return;
    }
    vec_shl(v, XV_T0, s[0], (u32)v->n);
    vec_shr(v, d, s[0], v->bits - (u32)v->n);
    vec3(v, XV_POR, d, d, XV_T0);
}

static void rotate_by_lanes(struct vec *v, enum xreg d, const enum xreg *s)
{
    enum xreg n = s[1];
    if (v->mode & VEC_RIGHT) {
        vec_zero(v, v->t[0]);
        vec3(v, VEC_SUB[v->lane], v->t[0], v->t[0], n);
        n = v->t[0];
    }
    vec3c(v, XV_PAND, v->t[0], n, v->bits, v->bits - 1);
    shift_unsigned(v, d, s[0], v->t[0]);
    vec3c(v, VEC_SUB[v->lane], v->t[0], v->t[0], v->bits, v->bits);
    shift_unsigned(v, v->t[1], s[0], v->t[0]);
    vec3(v, XV_POR, d, d, v->t[1]);
}

static void emit_rotate(struct xe *x, u32 i, u32 mode)
{
    static const struct vec_way all = { .fn = rotate, .operands = 1, .in_place = true };
    const struct vec_way w = { .fn = rotate_by_lanes, .scratch = 2, .mode = (u8)mode, .needs = needs(x, i) };
    u32 bits = 8u << vec_lane(x, i);
    u64 n;
    if (!count_is_const(x, i, &n)) {
        vec_emit_way(x, i, &w);
        return;
    }
    n = (mode & VEC_RIGHT ? 0 - n : n) % bits;
    if (n)
        vec_run(x, i, &all, (i32)n);
    else
        vec_same(x, i);
}

void x64_vemit_rotl(struct xe *x, u32 i) { emit_rotate(x, i, 0); }
void x64_vemit_rotr(struct xe *x, u32 i) { emit_rotate(x, i, VEC_RIGHT); }
