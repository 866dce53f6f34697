/*
 * vec.c - integer rows on vectors: choice of a way, operands by halves, pieces that many rows share.
 *
 * Intel SDM volume 2, chapters 4 and 5.
 */
#include "backend/jit/x64/vec.h"

/* ---- operands ---- */

bool vec_is_splat(const struct xe *x, ir_ref r, u32 bits, u64 *value)
{
    const struct ir_ins *in = &xe_ir(x)->ins[r];
    u64 c[2], mask = ~0ull >> (64 - bits);
    if (in->op == IR_vpair && in->arg[0] == in->arg[1])
        return vec_is_splat(x, in->arg[0], bits, value);
    if (in->op == IR_splat && ir_bits((enum ir_type)in->lane) == bits)
        return xe_is_const(x, in->arg[0], value);
    if (!xe_is_vconst(x, r, c) || c[0] != c[1])
        return false;
    *value = c[0] & mask;
    return bits == 64 || c[0] == (*value | c[0] << bits);
}

void vec_same(struct xe *x, u32 i)
{
    ir_ref r = xe_ins(x, i)->arg[0];
    if (xe_ins(x, i)->type == IR_V128) {
        xe_same(x, i, r);
        return;
    }
    enum xreg low = xe_use_v(x, r), high = xe_use_v2(x, r);
    xa_vmov(xe_asm(x), xe_def_v(x, i), low);
    xa_vmov(xe_asm(x), xe_def_v2(x, i), high);
}

void vec_run(struct xe *x, u32 i, const struct vec_way *w, i32 n)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 operands = w->operands ? w->operands : ir_rows[in->op].args, lane = in->lane ? vec_lane(x, i) : 3;
    struct vec v = { .x = x, .a = xe_asm(x), .lane = lane, .bits = 8u << lane, .n = n, .mode = w->mode };
    bool both = in->type == IR_V256;
    enum xreg s[2][3] = { { RAX } }, d[2] = { RAX };
    for (u32 k = 0; k < operands; k++) {
        s[0][k] = xe_use_v(x, in->arg[k]);
        if (both)
            s[1][k] = xe_use_v2(x, in->arg[k]);
    }
    for (u32 k = 0; k < w->scratch; k++)
        v.t[k] = xe_tmp_v(x);
    d[0] = w->in_place && !both ? xe_def_v_over(x, i, in->arg[0]) : xe_def_v(x, i);
    if (both)
        d[1] = xe_def_v2(x, i);
    for (u32 h = 0; h <= both; h++)
        w->fn(&v, d[h], s[h]);
}

static void unary(struct xe *x, u32 i, u32 op)
{
    ir_ref r = xe_ins(x, i)->arg[0];
    bool both = xe_ins(x, i)->type == IR_V256;
    enum xreg s = xe_use_v(x, r), s2 = both ? xe_use_v2(x, r) : s;
    xa_v2(xe_asm(x), op, both ? xe_def_v(x, i) : xe_def_v_over(x, i, r), s);
    if (both)
        xa_v2(xe_asm(x), op, xe_def_v2(x, i), s2);
}

/* Zero is made in scratch, other constants live in registers. */
static enum xreg use_or_zero(struct xe *x, ir_ref r, enum xreg scratch)
{
    u64 c[2];
    if (!xe_is_vconst(x, r, c) || c[0] || c[1])
        return xe_use_v(x, r);
    xa_vzero(xe_asm(x), scratch);
    return scratch;
}

static void simple128(struct xe *x, u32 i, u32 op, ir_ref a, ir_ref b)
{
    u64 c[2];
    if (op & XV_COMMUTES && xe_dies(x, b, i) && !xe_dies(x, a, i)) {
        ir_ref r = a;
        a = b;
        b = r;
    }
    enum xreg ra = use_or_zero(x, a, XV_T0);
    if (xe_is_vconst(x, b, c) && (c[0] || c[1])) {
        xa_v3m(xe_asm(x), op, xe_def_v_over(x, i, a), ra, xe_const128(x, c[0], c[1]));
        return;
    }
    enum xreg rb = use_or_zero(x, b, XV_T1);
    xa_v3(xe_asm(x), op, xe_def_v_over(x, i, a), ra, rb);
}

static void simple256(struct xe *x, u32 i, u32 op, ir_ref a, ir_ref b)
{
    enum xreg a1 = xe_use_v(x, a), a2 = xe_use_v2(x, a), b1 = xe_use_v(x, b), b2 = xe_use_v2(x, b);
    xa_v3(xe_asm(x), op, xe_def_v(x, i), a1, b1);
    xa_v3(xe_asm(x), op, xe_def_v2(x, i), a2, b2);
}

void vec_simple(struct xe *x, u32 i, u32 op)
{
    const struct ir_ins *in = xe_ins(x, i);
    bool swap = op & VEC_SWAP;
    (in->type == IR_V256 ? simple256 : simple128)(x, i, op & ~VEC_SWAP, in->arg[swap], in->arg[!swap]);
}

void vec_emit_way(struct xe *x, u32 i, const struct vec_way *w)
{
    if (!xe_has(x, w->needs) || (!w->op && !w->fn))
        xe_eval(x, i);
    else if (w->fn)
        vec_run(x, i, w, 0);
    else if (ir_rows[xe_ins(x, i)->op].args == 1)
        unary(x, i, w->op);
    else
        vec_simple(x, i, w->op);
}

void vec_emit(struct xe *x, u32 i, const struct vec_way *way) { vec_emit_way(x, i, &way[vec_lane(x, i)]); }

/* ---- pieces ---- */

void vec_sign(struct vec *v, enum xreg d, enum xreg a)
{
    if (v->lane == 0) {
        vec_zero(v, d);
        vec3(v, XV_PCMPGTB, d, d, a);
        return;
    }
    vec_sh(v, v->lane == 1 ? XV_SHIFT_W : XV_SHIFT_D, VEC_SRA, d, a, v->lane == 1 ? 15 : 31);
    if (v->lane == 3)
        xa_v2i(v->a, XV_PSHUFD, d, d, 0xf5);
}

void vec_pick(struct vec *v, enum xreg d, enum xreg mask, enum xreg yes, enum xreg no)
{
    if (xe_has(v->x, XF_AVX)) {
        xa_blendv(v->a, 1, d, no, yes, mask);
        return;
    }
    vec3(v, XV_PAND, d, mask, yes);
    vec3(v, XV_PANDN, mask, mask, no);
    vec3(v, XV_POR, d, d, mask);
}

void vec_bits8(struct vec *v, enum xreg d, enum xreg a, const u8 from[8])
{
    u64 matrix = 0; /* byte 7 - i: which bits of the source sum up to bit i */
    for (u32 i = 0; i < 8; i++)
        matrix |= (u64)(from[i] < 8 ? 1u << from[i] : 0) << (56 - 8 * i);
    xa_v3mi(v->a, XV_GF2P8AFFINEQB, d, a, xe_const128(v->x, matrix, matrix), 0);
}

/* i8 lanes by n: bit i comes from bit i + n, beyond the top from `beyond`. */
static bool shift8_gfni(struct vec *v, enum xreg d, enum xreg a, i32 n, u8 beyond)
{
    u8 from[8];
    for (i32 i = 0; i < 8; i++)
        from[i] = i + n < 0 ? 8 : i + n > 7 ? beyond : (u8)(i + n);
    if (xe_has(v->x, XF_GFNI))
        vec_bits8(v, d, a, from);
    return xe_has(v->x, XF_GFNI);
}

static const u32 shift_op[4] = { XV_SHIFT_W, XV_SHIFT_W, XV_SHIFT_D, XV_SHIFT_Q };

void vec_shl(struct vec *v, enum xreg d, enum xreg a, u32 n)
{
    n = MIN(n, v->bits);
    if (v->lane == 0 && n == 1) {
        vec3(v, XV_PADDB, d, a, a);
        return;
    }
    if (v->lane == 0 && shift8_gfni(v, d, a, -(i32)n, 8))
        return;
    vec_sh(v, shift_op[v->lane], VEC_SLL, d, a, n);
    if (v->lane == 0)
        vec3c(v, XV_PAND, d, d, 8, 0xffu << n & 0xff);
}

void vec_shr(struct vec *v, enum xreg d, enum xreg a, u32 n)
{
    n = MIN(n, v->bits);
    if (v->lane == 0 && shift8_gfni(v, d, a, (i32)n, 8))
        return;
    vec_sh(v, shift_op[v->lane], VEC_SRL, d, a, n);
    if (v->lane == 0)
        vec3c(v, XV_PAND, d, d, 8, 0xffu >> n);
}

/* There is no psraq: the upper half by psrad, the lower one by psrlq. */
static void sar64(struct vec *v, enum xreg d, enum xreg a, u32 n)
{
    if (n == 63) {
        vec_sign(v, d, a);
        return;
    }
    vec_sh(v, XV_SHIFT_D, VEC_SRA, XV_T2, a, MIN(n, 31u));
    vec_sh(v, XV_SHIFT_Q, VEC_SRL, d, a, n);
    if (n < 32) {
        xa_v3i(v->a, XV_PBLENDW, d, d, XV_T2, 0xcc);
        return;
    }
    xa_v2i(v->a, XV_PSHUFD, XV_T2, XV_T2, 0xf5); /* sign bits, all of them */
    vec_sh(v, XV_SHIFT_Q, VEC_SLL, XV_T2, XV_T2, 64 - n);
    vec3(v, XV_POR, d, d, XV_T2);
}

void vec_sar(struct vec *v, enum xreg d, enum xreg a, u32 n)
{
    n = MIN(n, v->bits - 1);
    if (v->lane == 3) {
        sar64(v, d, a, n);
        return;
    }
    if (v->lane != 0) {
        vec_sh(v, shift_op[v->lane], VEC_SRA, d, a, n);
        return;
    }
    if (shift8_gfni(v, d, a, (i32)n, 7))
        return;
    vec_shr(v, d, a, n);
    vec3c(v, XV_PXOR, d, d, 8, 0x80u >> n);
    vec3c(v, XV_PSUBB, d, d, 8, 0x80u >> n);
}

void vec_mul8(struct vec *v, enum xreg d, enum xreg a, enum xreg b)
{
    vec3(v, XV_PMULLW, d, a, b);
    vec3c(v, XV_PAND, d, d, 16, 0x00ff);
    vec_sh(v, XV_SHIFT_W, VEC_SRL, XV_T0, a, 8);
    vec3c(v, XV_PAND, XV_T1, b, 16, 0xff00);
    vec3(v, XV_PMULLW, XV_T0, XV_T0, XV_T1);
    vec3(v, XV_POR, d, d, XV_T0);
}
