/*
 * vec_width.c - vector rows that change the lanes' width or go across them: widening, narrowing, reductions, masks,
 * polynomial and dot products.
 */
#include "backend/jit/x64/emit_util.h"

static u32 lane_bits(const struct ir_ins *in) { return in->lane == IR_VOID ? 8 : ir_bits((enum ir_type)in->lane); }

/* ---- widening ---- */

static void widen(struct xe *x, u32 bits, bool is_signed, bool high, enum xreg d, enum xreg s)
{
    static const u32 zx[] = { XV_PMOVZXBW, XV_PMOVZXWD, XV_PMOVZXDQ };
    static const u32 sx[] = { XV_PMOVSXBW, XV_PMOVSXWD, XV_PMOVSXDQ };
    static const u32 unpack[] = { XV_PUNPCKHBW, XV_PUNPCKHWD, XV_PUNPCKHDQ };
    u32 k = (u32)__builtin_ctz(bits) - 4;
    struct xasm *a = xe_asm(x);
    if (!high) {
        xa_v2(a, is_signed ? sx[k] : zx[k], d, s);
    } else if (is_signed) {
        xa_v2i(a, XV_PSHUFD, d, s, 0xee);
        xa_v2(a, sx[k], d, d);
    } else {
        xa_vzero(a, XV_T0);
        xa_v3(a, unpack[k], d, s, XV_T0);
    }
}

static void xtl(struct xe *x, u32 i, bool is_signed)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, in->arg[0]);
    for (u32 k = 0; k < h.n; k++)
        widen(x, lane_bits(in), is_signed, in->imm & 1, h.d[k], h.s[0][k]);
}

void x64_emit_vuxtl(struct xe *x, u32 i) { xtl(x, i, false); }
void x64_emit_vsxtl(struct xe *x, u32 i) { xtl(x, i, true); }

/* ---- narrowing, into the low 64 bits ---- */

/* The low halves of the lanes, by a byte shuffle: zeros above. */
static void xtn(struct xe *x, u32 bits, enum xreg d, enum xreg s)
{
    const u64 picks = bits == 16 ? 0x0e0c0a0806040200 : bits == 32 ? 0x0d0c090805040100 : 0x0b0a090803020100;
    xa_v3m(xe_asm(x), XV_PSHUFB, d, s, xe_const128(x, picks, ~0ull));
}

/* xmm13 := low words of the 64-bit lanes of s, xmm14 := high words, zeros or what does not matter above */
static void split_words(struct xe *x, enum xreg s)
{
    xa_v2i(xe_asm(x), XV_PSHUFD, XV_T0, s, 0x08);
    xa_v2i(xe_asm(x), XV_PSHUFD, XV_T1, s, 0x0d);
}

/* Unsigned lanes: all ones where the upper half is not zero. */
static void uqxtn(struct xe *x, u32 bits, enum xreg d, enum xreg s)
{
    struct xasm *a = xe_asm(x);
    if (bits < 64) {
        xa_v3m(a, bits == 16 ? XV_PMINUW : XV_PMINUD, XV_T0, s, xe_splat(x, bits, (1u << bits / 2) - 1));
        xa_vzero(a, XV_T1);
        xa_v3(a, bits == 16 ? XV_PACKUSWB : XV_PACKUSDW, d, XV_T0, XV_T1);
        return;
    }
    split_words(x, s);
    xa_vzero(a, XV_T2);
    xa_v3(a, XV_PCMPEQD, XV_T1, XV_T1, XV_T2);
    xa_v3(a, XV_PCMPEQD, XV_T2, XV_T2, XV_T2);
    xa_v3(a, XV_PXOR, XV_T1, XV_T1, XV_T2);
    xa_v3(a, XV_POR, XV_T0, XV_T0, XV_T1);
    xa_v2(a, XV_MOVQ, d, XV_T0);
}

/* Signed lanes to signed: where the upper half is not the lower one's sign, its own sign and all bits else. */
static void sqxtn(struct xe *x, u32 bits, enum xreg d, enum xreg s)
{
    struct xasm *a = xe_asm(x);
    if (bits < 64) {
        xa_vzero(a, XV_T0);
        xa_v3(a, bits == 16 ? XV_PACKSSWB : XV_PACKSSDW, d, s, XV_T0);
        return;
    }
    split_words(x, s);
    xa_vshift_i(a, XV_SHIFT_D, 4, XV_T2, XV_T0, 31);
    xa_v3(a, XV_PCMPEQD, XV_T2, XV_T2, XV_T1); /* fits */
    xa_vshift_i(a, XV_SHIFT_D, 4, XV_T1, XV_T1, 31);
    xa_v3m(a, XV_PXOR, XV_T1, XV_T1, xe_splat(x, 32, 0x7fffffff));
    xa_v3(a, XV_PAND, XV_T0, XV_T0, XV_T2);
    xa_v3(a, XV_PANDN, XV_T2, XV_T2, XV_T1);
    xa_v3(a, XV_POR, XV_T0, XV_T0, XV_T2);
    xa_v2(a, XV_MOVQ, d, XV_T0);
}

/* Signed lanes to unsigned: zero below, all ones above. */
static void sqxtun(struct xe *x, u32 bits, enum xreg d, enum xreg s)
{
    struct xasm *a = xe_asm(x);
    if (bits < 64) {
        xa_vzero(a, XV_T0);
        xa_v3(a, bits == 16 ? XV_PACKUSWB : XV_PACKUSDW, d, s, XV_T0);
        return;
    }
    split_words(x, s);
    xa_vzero(a, XV_T2);
    xa_v3(a, XV_PCMPEQD, XV_T2, XV_T2, XV_T1); /* fits */
    xa_v3(a, XV_PAND, XV_T0, XV_T0, XV_T2);
    xa_vzero(a, XV_T2);
    xa_v3(a, XV_PCMPGTD, XV_T1, XV_T1, XV_T2);
    xa_v3(a, XV_POR, XV_T0, XV_T0, XV_T1);
    xa_v2(a, XV_MOVQ, d, XV_T0);
}

static void narrow(struct xe *x, u32 i, void (*one)(struct xe *, u32, enum xreg, enum xreg))
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, in->arg[0]);
    for (u32 k = 0; k < h.n; k++)
        one(x, lane_bits(in), h.d[k], h.s[0][k]);
}

void x64_emit_vxtn(struct xe *x, u32 i) { narrow(x, i, xtn); }
void x64_emit_vuqxtn(struct xe *x, u32 i) { narrow(x, i, uqxtn); }
void x64_emit_vsqxtn(struct xe *x, u32 i) { narrow(x, i, sqxtn); }
void x64_emit_vsqxtun(struct xe *x, u32 i) { narrow(x, i, sqxtun); }

/* ---- across the lanes ---- */

/* xmm13 := v folded to lane 0 of `bits` by op; from its halves, unless v is in xmm13 already */
static void fold(struct xe *x, u32 op, u32 bits, enum xreg v)
{
    struct xasm *a = xe_asm(x);
    xa_v2i(a, XV_PSHUFD, XV_T1, v, 0xee);
    xa_v3(a, op, XV_T0, v, XV_T1);
    if (bits > 32)
        return;
    xa_v2i(a, XV_PSHUFD, XV_T1, XV_T0, 0x55);
    xa_v3(a, op, XV_T0, XV_T0, XV_T1);
    if (bits > 16)
        return;
    xa_vshift_i(a, XV_SHIFT_D, 2, XV_T1, XV_T0, 16);
    xa_v3(a, op, XV_T0, XV_T0, XV_T1);
    if (bits > 8)
        return;
    xa_vshift_i(a, XV_SHIFT_W, 2, XV_T1, XV_T0, 8);
    xa_v3(a, op, XV_T0, XV_T0, XV_T1);
}

static void reduce(struct xe *x, u32 i, const u32 op[4])
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = lane_bits(in), one = op[__builtin_ctz(bits) - 3];
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def(x, i), v = h.s[0][0];
    if (h.n == 2) {
        xa_v3(a, one, XV_T0, v, h.s[0][1]);
        v = XV_T0;
    }
    fold(x, one, bits, v);
    xa_vto(a, bits == 64 ? 64 : 32, d, XV_T0);
}

/* Sums of bytes: each half's eight at once. */
void x64_emit_vaddv(struct xe *x, u32 i)
{
    static const u32 op[] = { XV_PADDB, XV_PADDW, XV_PADDD, XV_PADDQ };
    struct xasm *a = xe_asm(x);
    if (lane_bits(xe_ins(x, i)) != 8) {
        reduce(x, i, op);
        return;
    }
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def(x, i), v = h.s[0][0];
    if (h.n == 2) {
        xa_v3(a, XV_PADDB, XV_T0, v, h.s[0][1]);
        v = XV_T0;
    }
    xa_vzero(a, XV_T1);
    xa_v3(a, XV_PSADBW, XV_T0, v, XV_T1);
    xa_v2i(a, XV_PSHUFD, XV_T1, XV_T0, 0xee);
    xa_v3(a, XV_PADDD, XV_T0, XV_T0, XV_T1);
    xa_vto(a, 32, d, XV_T0);
}

/* 64-bit lanes have no minimum or maximum instruction: in general registers. */
static void pick_64(struct xe *x, u32 i, enum xcc cc)
{
    struct xasm *a = xe_asm(x);
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def(x, i);
    xa_vto(a, 64, d, h.s[0][0]);
    for (u32 k = 1; k < 2 * h.n; k++) {
        xa_pextr(a, 64, RAX, h.s[0][k / 2], k % 2);
        xa_alu_rr(a, XA_CMP, 64, RAX, d);
        xa_cmov(a, cc, 64, d, RAX);
    }
    xe_flags_lost(x);
}

static void pick(struct xe *x, u32 i, const u32 op[4], enum xcc cc)
{
    if (lane_bits(xe_ins(x, i)) == 64)
        pick_64(x, i, cc);
    else
        reduce(x, i, op);
}

void x64_emit_vumaxv(struct xe *x, u32 i) { pick(x, i, (const u32[]){ XV_PMAXUB, XV_PMAXUW, XV_PMAXUD, 0 }, CC_A); }
void x64_emit_vuminv(struct xe *x, u32 i) { pick(x, i, (const u32[]){ XV_PMINUB, XV_PMINUW, XV_PMINUD, 0 }, CC_B); }
void x64_emit_vsmaxv(struct xe *x, u32 i) { pick(x, i, (const u32[]){ XV_PMAXSB, XV_PMAXSW, XV_PMAXSD, 0 }, CC_G); }
void x64_emit_vsminv(struct xe *x, u32 i) { pick(x, i, (const u32[]){ XV_PMINSB, XV_PMINSW, XV_PMINSD, 0 }, CC_L); }

void x64_emit_vany(struct xe *x, u32 i)
{
    struct xasm *a = xe_asm(x);
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def(x, i), v = h.s[0][0];
    if (h.n == 2) {
        xa_v3(a, XV_POR, XV_T0, v, h.s[0][1]);
        v = XV_T0;
    }
    xu_zero(x, d);
    xa_v2(a, XV_PTEST, v, v);
    xa_setcc(a, CC_NE, d);
    xe_flags_lost(x);
}

/* r := top bits of v's lanes */
static void top_bits(struct xe *x, u32 bits, enum xreg r, enum xreg v)
{
    struct xasm *a = xe_asm(x);
    if (bits >= 32) {
        xa_movmsk(a, bits, r, v);
        return;
    }
    if (bits == 16) {
        xa_vzero(a, XV_T1);
        xa_v3(a, XV_PACKSSWB, XV_T0, v, XV_T1);
        v = XV_T0;
    }
    xa_pmovmskb(a, r, v);
}

void x64_emit_vmovmsk(struct xe *x, u32 i)
{
    struct xasm *a = xe_asm(x);
    u32 bits = lane_bits(xe_ins(x, i));
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def(x, i);
    top_bits(x, bits, d, h.s[0][0]);
    if (h.n == 2) {
        top_bits(x, bits, RAX, h.s[0][1]);
        xa_shift_ri(a, XS_SHL, 32, RAX, 128 / bits);
        xa_alu_rr(a, XA_OR, 32, d, RAX);
        xe_flags_lost(x);
    }
}

/* ---- products ---- */

/* Carry-less products of bytes: for each bit of t, s times that bit, xored. */
static void pmull(struct xe *x, bool high, enum xreg d, enum xreg s, enum xreg t)
{
    struct xasm *a = xe_asm(x);
    widen(x, 16, false, high, XV_T1, s);
    widen(x, 16, false, high, XV_T2, t);
    xa_v3m(a, XV_PAND, XV_T0, XV_T2, xe_splat(x, 16, 1));
    xa_v3(a, XV_PMULLW, d, XV_T0, XV_T1);
    for (u32 bit = 1; bit < 8; bit++) {
        xa_v3m(a, XV_PAND, XV_T0, XV_T2, xe_splat(x, 16, 1u << bit));
        xa_v3(a, XV_PMULLW, XV_T0, XV_T0, XV_T1);
        xa_v3(a, XV_PXOR, d, d, XV_T0);
    }
}

void x64_emit_vpmull(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves(x, i, &h);
    for (u32 k = 0; k < h.n; k++)
        pmull(x, in->imm & 1, h.d[k], h.s[0][k], h.s[1][k]);
}

/* v := odd (then even) bytes of s as 16-bit lanes */
static void odd_bytes(struct xe *x, bool is_signed, enum xreg v, enum xreg s)
{
    xa_vshift_i(xe_asm(x), XV_SHIFT_W, is_signed ? 4 : 2, v, s, 8);
}

static void even_bytes(struct xe *x, bool is_signed, enum xreg v, enum xreg s)
{
    xa_vshift_i(xe_asm(x), XV_SHIFT_W, 6, v, s, 8);
    odd_bytes(x, is_signed, v, v);
}

static void dot(struct xe *x, u32 i, bool is_signed)
{
    struct xasm *a = xe_asm(x);
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves(x, i, &h);
    for (u32 k = 0; k < h.n; k++) {
        even_bytes(x, is_signed, XV_T0, h.s[1][k]);
        even_bytes(x, is_signed, XV_T1, h.s[2][k]);
        xa_v3(a, XV_PMADDWD, XV_T0, XV_T0, XV_T1);
        odd_bytes(x, is_signed, XV_T1, h.s[1][k]);
        odd_bytes(x, is_signed, XV_T2, h.s[2][k]);
        xa_v3(a, XV_PMADDWD, XV_T1, XV_T1, XV_T2);
        xa_v3(a, XV_PADDD, XV_T0, XV_T0, XV_T1);
        xa_v3(a, XV_PADDD, h.d[k], h.s[0][k], XV_T0);
    }
}

void x64_emit_vudot(struct xe *x, u32 i) { dot(x, i, false); }
void x64_emit_vsdot(struct xe *x, u32 i) { dot(x, i, true); }
