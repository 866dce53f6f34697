/*
 * vec_move.c - lanes and permutations: extract, insert, splat, zip, uzp, trn, vext, tbx and relatives.
 *
 * Vectors are worked on by 128-bit halves (ir/vec.c). A float lane's scalar is in a vector register.
 */
#include "backend/jit/x64/emit_util.h"

static u32 lane_bits(const struct ir_ins *in) { return ir_bits((enum ir_type)in->lane); }

/* 0 to 3 for lanes of 8 to 64 bits */
static u32 lane_log(const struct ir_ins *in) { return (u32)__builtin_ctz(lane_bits(in)) - 3; }

/* ---- lanes and scalars ---- */

static void extract_float(struct xe *x, u32 i, enum xreg v, u32 lane)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    enum xreg d = in->src == IR_V128 ? xe_def_v_over(x, i, in->arg[0]) : xe_def_v(x, i);
    if (lane == 0)
        xa_vmov(a, d, v);
    else if (in->lane == IR_F32)
        xa_v2i(a, XV_PSHUFD, d, v, (u8)lane);
    else if (in->lane == IR_F64)
        xa_v2i(a, XV_PSHUFD, d, v, 0xee);
    else
        xa_vshift_i(a, XV_SHIFT_Q, 3, d, v, (u8)(2 * lane));
}

void x64_emit_extract(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 bits = lane_bits(in), n = 128 / bits, lane = (u32)in->imm;
    enum xreg v = lane < n ? xe_use_v(x, in->arg[0]) : xe_use_v2(x, in->arg[0]);
    lane %= n;
    if (ir_is_float((enum ir_type)in->lane)) {
        extract_float(x, i, v, lane);
    } else if (lane == 0 && bits < 32) {
        xa_vto(xe_asm(x), 32, xe_def(x, i), v);
    } else {
        xa_pextr(xe_asm(x), bits, xe_def(x, i), v, lane);
        xe_clean(x, i);
    }
}

/* d := v with lane of it := the float s */
static void insert_float(struct xe *x, u32 bits, u32 lane, enum xreg d, enum xreg v, enum xreg s)
{
    struct xasm *a = xe_asm(x);
    if (bits == 32) {
        xa_v3i(a, XV_INSERTPS, d, v, s, (u8)(lane << 4));
    } else if (bits == 64) {
        xa_v3(a, lane ? XV_PUNPCKLQDQ : XV_MOVSD, d, v, s);
    } else {
        xa_vto(a, 32, RAX, s);
        xa_pinsr(a, 16, d, v, RAX, lane);
    }
}

void x64_emit_insert(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 bits = lane_bits(in), n = 128 / bits, lane = (u32)in->imm % n, at = (u32)in->imm / n;
    bool is_float = ir_is_float((enum ir_type)in->lane);
    enum xreg s = is_float ? xe_use_v(x, in->arg[1]) : xe_use(x, in->arg[1]);
    struct xu_halves h = { .n = in->src == IR_V256 ? 2 : 1 };
    xu_use_halves(x, &h, 0, in->arg[0]);
    xu_def_halves_over(x, i, &h, in->arg[0]);
    for (u32 k = 0; k < h.n; k++) {
        if (k != at)
            xa_vmov(xe_asm(x), h.d[k], h.s[0][k]);
        else if (is_float)
            insert_float(x, bits, lane, h.d[k], h.s[0][k], s);
        else
            xa_pinsr(xe_asm(x), bits, h.d[k], h.s[0][k], s, lane);
    }
}

/* d := lane 0 of v in all lanes */
static void spread(struct xe *x, u32 bits, enum xreg d, enum xreg v)
{
    struct xasm *a = xe_asm(x);
    static const u32 broadcast[] = { XV_VPBROADCASTB, XV_VPBROADCASTW, XV_VPBROADCASTD, XV_VPBROADCASTQ };
    if (xe_has(x, XF_AVX2)) {
        xa_v2(a, broadcast[__builtin_ctz(bits) - 3], d, v);
        return;
    }
    switch (bits) {
    case 8:
        xa_vzero(a, XV_T1);
        xa_v3(a, XV_PSHUFB, d, v, XV_T1);
        break;
    case 16:
        xa_v2i(a, XV_PSHUFLW, d, v, 0);
        xa_v3(a, XV_PUNPCKLQDQ, d, d, d);
        break;
    case 32: xa_v2i(a, XV_PSHUFD, d, v, 0); break;
    default: xa_v2i(a, XV_PSHUFD, d, v, 0x44);
    }
}

void x64_emit_splat(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    struct xu_halves h = { .n = in->type == IR_V256 ? 2 : 1 };
    u32 bits = lane_bits(in);
    u64 v;
    if (xe_is_const(x, in->arg[0], &v)) {
        xu_def_halves(x, i, &h);
        xa_vload(a, 16, h.d[0], xe_splat(x, bits, v));
    } else if (ir_is_float((enum ir_type)in->lane)) {
        enum xreg s = xe_use_v(x, in->arg[0]);
        xu_def_halves(x, i, &h);
        spread(x, bits, h.d[0], s);
    } else {
        enum xreg s = xe_use(x, in->arg[0]);
        xu_def_halves(x, i, &h);
        xa_vfrom(a, bits == 64 ? 64 : 32, XV_T0, s);
        spread(x, bits, h.d[0], XV_T0);
    }
    if (h.n == 2)
        xa_vmov(a, h.d[1], h.d[0]);
}

/* d := the float v, zeros above */
static void zext_float(struct xe *x, u32 bits, enum xreg d, enum xreg v)
{
    struct xasm *a = xe_asm(x);
    switch (bits) {
    case 64: xa_v2(a, XV_MOVQ, d, v); break;
    case 32: xa_v3i(a, XV_INSERTPS, d, v, v, 0x0e); break;
    default:
        xa_pextr(a, 16, RAX, v, 0);
        xa_vfrom(a, 32, d, RAX);
    }
}

void x64_emit_vzext(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xu_halves h = { .n = in->type == IR_V256 ? 2 : 1 };
    if (ir_is_float((enum ir_type)in->lane)) {
        enum xreg s = xe_use_v(x, in->arg[0]);
        xu_def_halves(x, i, &h);
        zext_float(x, lane_bits(in), h.d[0], s);
    } else {
        enum xreg s = xu_narrow(in) ? xe_use_zx(x, in->arg[0]) : xe_use(x, in->arg[0]);
        xu_def_halves(x, i, &h);
        xa_vfrom(xe_asm(x), xu_width(in), h.d[0], s);
    }
    if (h.n == 2)
        xa_vzero(xe_asm(x), h.d[1]);
}

/* ---- one instruction of two sources a half ---- */

static void two(struct xe *x, u32 i, u32 op)
{
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, xe_ins(x, i)->arg[0]);
    for (u32 k = 0; k < h.n; k++)
        xa_v3(xe_asm(x), op, h.d[k], h.s[0][k], h.s[1][k]);
}

void x64_emit_zip1(struct xe *x, u32 i)
{
    static const u32 op[] = { XV_PUNPCKLBW, XV_PUNPCKLWD, XV_PUNPCKLDQ, XV_PUNPCKLQDQ };
    two(x, i, op[lane_log(xe_ins(x, i))]);
}

void x64_emit_zip2(struct xe *x, u32 i)
{
    static const u32 op[] = { XV_PUNPCKHBW, XV_PUNPCKHWD, XV_PUNPCKHDQ, XV_PUNPCKHQDQ };
    two(x, i, op[lane_log(xe_ins(x, i))]);
}

void x64_emit_vcat(struct xe *x, u32 i) { two(x, i, XV_PUNPCKLQDQ); }

/* ---- even and odd lanes ---- */

/* d := even (or odd) lanes of s, then of t. Narrow ones: each pair made one lane of twice the width, and packed. */
static void unzip(struct xe *x, u32 bits, bool odd, enum xreg d, enum xreg s, enum xreg t)
{
    struct xasm *a = xe_asm(x);
    u32 shift = bits == 8 ? XV_SHIFT_W : XV_SHIFT_D, pack = bits == 8 ? XV_PACKUSWB : XV_PACKUSDW;
    if (bits == 32) {
        xa_v3i(a, XV_SHUFPS, d, s, t, odd ? 0xdd : 0x88);
        return;
    }
    if (odd) {
        xa_vshift_i(a, shift, 2, XV_T0, s, (u8)bits);
        xa_vshift_i(a, shift, 2, XV_T1, t, (u8)bits);
    } else {
        xa_vload(a, 16, XV_T1, xe_splat(x, 2 * bits, (1u << bits) - 1));
        xa_v3(a, XV_PAND, XV_T0, s, XV_T1);
        xa_v3(a, XV_PAND, XV_T1, t, XV_T1);
    }
    xa_v3(a, pack, d, XV_T0, XV_T1);
}

static void uzp(struct xe *x, u32 i, bool odd)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 bits = lane_bits(in);
    if (bits == 64) {
        two(x, i, odd ? XV_PUNPCKHQDQ : XV_PUNPCKLQDQ);
        return;
    }
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, in->arg[0]);
    for (u32 k = 0; k < h.n; k++)
        unzip(x, bits, odd, h.d[k], h.s[0][k], h.s[1][k]);
}

void x64_emit_uzp1(struct xe *x, u32 i) { uzp(x, i, false); }
void x64_emit_uzp2(struct xe *x, u32 i) { uzp(x, i, true); }

/* d := even lanes of s and t (or the odd ones), interleaved: pairs s, t. */
static void transpose(struct xe *x, u32 bits, bool odd, enum xreg d, enum xreg s, enum xreg t)
{
    struct xasm *a = xe_asm(x);
    u32 shift = bits == 8 ? XV_SHIFT_W : bits == 16 ? XV_SHIFT_D : XV_SHIFT_Q;
    enum xreg low = odd ? XV_T0 : s, high = odd ? t : XV_T0;
    if (odd)
        xa_vshift_i(a, shift, 2, XV_T0, s, (u8)bits);
    else
        xa_vshift_i(a, shift, 6, XV_T0, t, (u8)bits);
    if (bits > 8) {
        xa_v3i(a, XV_PBLENDW, d, low, high, bits == 16 ? 0xaa : 0xcc);
        return;
    }
    xa_v3m(a, XV_PAND, d, odd ? t : s, xe_splat(x, 16, odd ? 0xff00 : 0x00ff));
    xa_v3(a, XV_POR, d, d, XV_T0);
}

static void trn(struct xe *x, u32 i, bool odd)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 bits = lane_bits(in);
    if (bits == 64) {
        two(x, i, odd ? XV_PUNPCKHQDQ : XV_PUNPCKLQDQ);
        return;
    }
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves(x, i, &h);
    for (u32 k = 0; k < h.n; k++)
        transpose(x, bits, odd, h.d[k], h.s[0][k], h.s[1][k]);
}

void x64_emit_trn1(struct xe *x, u32 i) { trn(x, i, false); }
void x64_emit_trn2(struct xe *x, u32 i) { trn(x, i, true); }

/* ---- bytes ---- */

/* PALIGNR takes counts up to 32 as the row does. */
void x64_emit_vext(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, in->arg[1]);
    for (u32 k = 0; k < h.n; k++)
        xa_v3i(xe_asm(x), XV_PALIGNR, h.d[k], h.s[1][k], h.s[0][k], (u8)in->imm);
}

/* An index less imm, with saturation 0x70 added, keeps its top bit clear only when it is below 16: what PSHUFB
 * wants. For imm above 240 the difference would wrap into that range. */
static void table(struct xe *x, u8 imm, bool keep, enum xreg d, const enum xreg s[3])
{
    struct xasm *a = xe_asm(x);
    enum xreg index = s[1];
    if (imm) {
        xa_v3m(a, XV_PSUBB, XV_T0, index, xe_splat(x, 8, imm));
        index = XV_T0;
    }
    xa_v3m(a, XV_PADDUSB, XV_T0, index, xe_splat(x, 8, 0x70));
    xa_v3(a, XV_PSHUFB, d, s[2], XV_T0);
    if (!keep)
        return;
    xa_vzero(a, XV_T1);
    xa_v3(a, XV_PCMPGTB, XV_T1, XV_T1, XV_T0);
    xa_v3(a, XV_PAND, XV_T1, XV_T1, s[0]);
    xa_v3(a, XV_POR, d, d, XV_T1);
}

void x64_emit_tbx(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u64 v[2];
    bool keep = !xe_is_vconst(x, in->arg[0], v) || v[0] || v[1];
    if (in->imm > 240) {
        xe_eval(x, i);
        return;
    }
    struct xu_halves h = { .n = in->src == IR_V256 ? 2 : 1 };
    for (u32 k = keep ? 0 : 1; k < 3; k++)
        xu_use_halves(x, &h, k, in->arg[k]);
    xu_def_halves(x, i, &h);
    for (u32 k = 0; k < h.n; k++) {
        const enum xreg s[3] = { h.s[0][k], h.s[1][k], h.s[2][k] };
        table(x, (u8)in->imm, keep, h.d[k], s);
    }
}

/* ---- halves ---- */

void x64_emit_vlow(struct xe *x, u32 i)
{
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, xe_ins(x, i)->arg[0]);
    for (u32 k = 0; k < h.n; k++)
        xa_v2(xe_asm(x), XV_MOVQ, h.d[k], h.s[0][k]);
}

void x64_emit_vpair(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    enum xreg s = xe_use_v(x, in->arg[0]), t = xe_use_v(x, in->arg[1]), d = xe_def_v(x, i), d2 = xe_def_v2(x, i);
    xa_vmov(xe_asm(x), d, s);
    xa_vmov(xe_asm(x), d2, t);
}

void x64_emit_vhalf(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    enum xreg s = in->imm & 1 ? xe_use_v2(x, in->arg[0]) : xe_use_v(x, in->arg[0]);
    xa_vmov(xe_asm(x), xe_def_v(x, i), s);
}
