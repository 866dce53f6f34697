/*
 * vec_int.c - rows on vectors of integer lanes: arithmetic, logic, bits within a lane.
 *
 * Intel SDM volume 2, chapters 4 and 5. PMUL but for i8 and i64 lanes, URECPE and URSQRTE go through xe_eval().
 */
#include "backend/jit/x64/vec.h"

/* ---- arithmetic ---- */

static void mul8(struct vec *v, enum xreg d, const enum xreg *s) { vec_mul8(v, d, s[0], s[1]); }

/* low * low + (high * low + low * high << 32) */
static void mul64(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T0, s[0], 32);
    vec3(v, XV_PMULUDQ, XV_T0, XV_T0, s[1]);
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, XV_T1, s[1], 32);
    vec3(v, XV_PMULUDQ, XV_T1, XV_T1, s[0]);
    vec3(v, XV_PADDQ, XV_T0, XV_T0, XV_T1);
    vec_sh(v, XV_SHIFT_Q, VEC_SLL, XV_T0, XV_T0, 32);
    vec3(v, XV_PMULUDQ, d, s[0], s[1]);
    vec3(v, XV_PADDQ, d, d, XV_T0);
}

static void neg(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_zero(v, d);
    vec3(v, VEC_SUB[v->lane], d, d, s[0]);
}

static void abs64(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_sign(v, XV_T0, s[0]);
    vec3(v, XV_PXOR, d, s[0], XV_T0);
    vec3(v, XV_PSUBQ, d, d, XV_T0);
}

void x64_vemit_add(struct xe *x, u32 i) { vec_simple(x, i, VEC_ADD[vec_lane(x, i)]); }
void x64_vemit_sub(struct xe *x, u32 i) { vec_simple(x, i, VEC_SUB[vec_lane(x, i)]); }

void x64_vemit_mul(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = mul8 }, { .op = XV_PMULLW }, { .op = XV_PMULLD }, { .fn = mul64 },
    };
    vec_emit(x, i, way);
}

void x64_vemit_neg(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = neg };
    vec_run(x, i, &way, 0);
}

void x64_vemit_abs(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PABSB }, { .op = XV_PABSW }, { .op = XV_PABSD }, { .fn = abs64 },
    };
    vec_emit(x, i, way);
}

/* ---- logic ---- */

void x64_vemit_and(struct xe *x, u32 i) { vec_simple(x, i, XV_PAND); }
void x64_vemit_or(struct xe *x, u32 i) { vec_simple(x, i, XV_POR); }
void x64_vemit_xor(struct xe *x, u32 i) { vec_simple(x, i, XV_PXOR); }

/* a op ~c, c constant. */
static bool with_inverse(struct xe *x, u32 i, u32 op)
{
    const struct ir_ins *in = xe_ins(x, i);
    u64 c[2];
    if (!xe_is_vconst(x, in->arg[1], c))
        return false;
    enum xreg a = xe_use_v(x, in->arg[0]);
    xa_v3m(xe_asm(x), op, xe_def_v_over(x, i, in->arg[0]), a, xe_const128(x, ~c[0], ~c[1]));
    return true;
}

void x64_vemit_andn(struct xe *x, u32 i)
{
    if (!with_inverse(x, i, XV_PAND))
        vec_simple(x, i, XV_PANDN | VEC_SWAP);
}

static void orn(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_not(v, XV_T0, s[1]);
    vec3(v, XV_POR, d, s[0], XV_T0);
}

void x64_vemit_orn(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = orn, .in_place = true };
    if (!with_inverse(x, i, XV_POR))
        vec_run(x, i, &way, 0);
}

static void invert(struct vec *v, enum xreg d, const enum xreg *s) { vec_not(v, d, s[0]); }

void x64_vemit_not(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = invert, .in_place = true };
    vec_run(x, i, &way, 0);
}

static void bsel(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, XV_PANDN, XV_T0, s[0], s[2]);
    vec3(v, XV_PAND, d, s[0], s[1]);
    vec3(v, XV_POR, d, d, XV_T0);
}

/* A constant mask, as shifts with insertion have. */
static void bsel_const(struct xe *x, u32 i, const u64 m[2])
{
    const struct ir_ins *in = xe_ins(x, i);
    enum xreg b = xe_use_v(x, in->arg[1]), c = xe_use_v(x, in->arg[2]);
    xa_v3m(xe_asm(x), XV_PAND, XV_T0, c, xe_const128(x, ~m[0], ~m[1]));
    enum xreg d = xe_def_v_over(x, i, in->arg[1]);
    xa_v3m(xe_asm(x), XV_PAND, d, b, xe_const128(x, m[0], m[1]));
    xa_v3(xe_asm(x), XV_POR, d, d, XV_T0);
}

/* Bytes of the mask are all ones or zeros. */
static void bsel_bytes(struct vec *v, enum xreg d, const enum xreg *s) { xa_blendv(v->a, 1, d, s[2], s[1], s[0]); }

void x64_vemit_bsel(struct xe *x, u32 i)
{
    static const struct vec_way bits = { .fn = bsel, .in_place = true };
    static const struct vec_way bytes = { .fn = bsel_bytes, .in_place = true };
    ir_ref mask = xe_ins(x, i)->arg[0];
    bool compared = ir_rows[xe_ins(x, mask)->op].result == RES_B;
    u64 m[2];
    if (xe_is_vconst(x, mask, m))
        bsel_const(x, i, m);
    else
        vec_run(x, i, compared && xe_has(x, XF_AVX) ? &bytes : &bits, 0);
}

/* ---- counting: bytes by nibbles, then from narrow lanes to wide ones ---- */

/* d := table[low nibble], XV_T0 := other table[high nibble] of each byte; XV_T0 is used. d may not be a. */
static void by_nibbles(struct vec *v, enum xreg d, enum xreg a, const u64 low[2], const u64 high[2])
{
    vec3c(v, XV_PAND, XV_T1, a, 8, 0x0f);
    xa_vload(v->a, 16, d, xe_const128(v->x, low[0], low[1]));
    vec3(v, XV_PSHUFB, d, d, XV_T1);
    vec_sh(v, XV_SHIFT_W, VEC_SRL, XV_T1, a, 4);
    vec3c(v, XV_PAND, XV_T1, XV_T1, 8, 0x0f);
    xa_vload(v->a, 16, XV_T0, xe_const128(v->x, high[0], high[1]));
    vec3(v, XV_PSHUFB, XV_T0, XV_T0, XV_T1);
}

static void popcnt(struct vec *v, enum xreg d, const enum xreg *s)
{
    static const u64 ones[2] = { 0x0302020102010100, 0x0403030203020201 };
    by_nibbles(v, d, s[0], ones, ones);
    vec3(v, XV_PADDB, d, d, XV_T0);
    if (v->lane == 3) {
        vec_zero(v, XV_T0);
        vec3(v, XV_PSADBW, d, d, XV_T0);
        return;
    }
    if (v->lane > 0)
        vec3c(v, XV_PMADDUBSW, d, d, 8, 1);
    if (v->lane > 1)
        vec3c(v, XV_PMADDWD, d, d, 16, 1);
}

/* Leading zeros of lanes of `half` bits, in d, to those of lanes twice as wide: the upper half's, and where that is
 * zero, the lower one's too. */
static void clz_wider(struct vec *v, enum xreg d, u32 half, u32 shift_op, u32 eq)
{
    vec_sh(v, shift_op, VEC_SRL, XV_T0, d, half);
    vec3c(v, eq, XV_T1, XV_T0, 2 * half, half);
    vec_sh(v, shift_op, VEC_SRL, XV_T1, XV_T1, half);
    vec3(v, XV_PAND, d, d, XV_T1);
    vec3(v, XV_PADDD, d, d, XV_T0);
}

/* a may be XV_T2. */
static void count_leading(struct vec *v, enum xreg d, enum xreg a)
{
    static const u64 low[2] = { 0x0505050506060708, 0x0404040404040404 }; /* of a byte below 16 */
    static const u64 high[2] = { 0x0101010102020308, 0 }; /* 8: the low nibble knows better */
    by_nibbles(v, d, a, low, high);
    vec3(v, XV_PMINUB, d, d, XV_T0);
    if (v->lane > 0)
        clz_wider(v, d, 8, XV_SHIFT_W, XV_PCMPEQW);
    if (v->lane > 1)
        clz_wider(v, d, 16, XV_SHIFT_D, XV_PCMPEQD);
    if (v->lane > 2)
        clz_wider(v, d, 32, XV_SHIFT_Q, XV_PCMPEQQ);
}

static void clz(struct vec *v, enum xreg d, const enum xreg *s) { count_leading(v, d, s[0]); }

/* Leading zeros once negative lanes are inverted, the sign bit not counted. */
static void cls(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_sign(v, XV_T2, s[0]);
    vec3(v, XV_PXOR, XV_T2, XV_T2, s[0]);
    count_leading(v, d, XV_T2);
    vec3c(v, VEC_SUB[v->lane], d, d, v->bits, 1);
}

void x64_vemit_popcnt(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = popcnt };
    vec_run(x, i, &way, 0);
}

void x64_vemit_clz(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = clz };
    vec_run(x, i, &way, 0);
}

void x64_vemit_cls(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = cls };
    vec_run(x, i, &way, 0);
}

/* ---- order ---- */

/* Units of `unit` bytes within each lane, the other way round. */
static void reverse(struct vec *v, enum xreg d, enum xreg a, u32 unit)
{
    u64 from = 0;
    for (u32 k = 0; k < 8; k++)
        from |= (u64)(k ^ ((1u << v->lane) - unit)) << (8 * k);
    xa_v3m(v->a, XV_PSHUFB, d, a, xe_const128(v->x, from, from + 0x0808080808080808));
}

static void rev(struct vec *v, enum xreg d, const enum xreg *s) { reverse(v, d, s[0], (u32)v->n); }

static void emit_rev(struct xe *x, u32 i, u32 unit)
{
    static const struct vec_way way = { .fn = rev, .in_place = true };
    if (1u << vec_lane(x, i) <= unit)
        vec_same(x, i);
    else
        vec_run(x, i, &way, (i32)unit);
}

void x64_vemit_rev8(struct xe *x, u32 i) { emit_rev(x, i, 1); }
void x64_vemit_rev16(struct xe *x, u32 i) { emit_rev(x, i, 2); }
void x64_vemit_rev32(struct xe *x, u32 i) { emit_rev(x, i, 4); }

static void rbit(struct vec *v, enum xreg d, const enum xreg *s)
{
    static const u8 from[8] = { 7, 6, 5, 4, 3, 2, 1, 0 };
    static const u64 low[2] = { 0xe060a020c0408000, 0xf070b030d0509010 }; /* reversed into the high nibble */
    static const u64 high[2] = { 0x0e060a020c040800, 0x0f070b030d050901 };
    if (xe_has(v->x, XF_GFNI)) {
        vec_bits8(v, d, s[0], from);
    } else {
        by_nibbles(v, d, s[0], low, high);
        vec3(v, XV_POR, d, d, XV_T0);
    }
    if (v->lane > 0)
        reverse(v, d, d, 1);
}

void x64_vemit_rbit(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = rbit };
    vec_run(x, i, &way, 0);
}

/* ---- polynomials over {0, 1}, low half of the product ---- */

/* By bits of s[1] from the top: shift what is there and add s[0] where the bit is set. */
static void pmul8(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec_sign(v, XV_T0, s[1]);
    vec3(v, XV_PAND, d, s[0], XV_T0);
    xa_vmov(v->a, XV_T1, s[1]);
    for (u32 k = 1; k < 8; k++) {
        vec3(v, XV_PADDB, XV_T1, XV_T1, XV_T1);
        vec_sign(v, XV_T0, XV_T1);
        vec3(v, XV_PAND, XV_T0, XV_T0, s[0]);
        vec3(v, XV_PADDB, d, d, d);
        vec3(v, XV_PXOR, d, d, XV_T0);
    }
}

static void pmul64(struct vec *v, enum xreg d, const enum xreg *s)
{
    xa_v3i(v->a, XV_PCLMULQDQ, XV_T0, s[0], s[1], 0x11);
    xa_v3i(v->a, XV_PCLMULQDQ, d, s[0], s[1], 0x00);
    vec3(v, XV_PUNPCKLQDQ, d, d, XV_T0);
}

void x64_vemit_pmul(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = { { .fn = pmul8 }, { 0 }, { 0 }, { .fn = pmul64, .needs = XF_CLMUL } };
    vec_emit(x, i, way);
}

void x64_vemit_urecpe(struct xe *x, u32 i) { xe_eval(x, i); }
void x64_vemit_ursqrte(struct xe *x, u32 i) { xe_eval(x, i); }
