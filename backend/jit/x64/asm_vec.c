/*
 * asm_vec.c - vector and floating-point encodings, VEX or legacy. Intel SDM volume 2, chapters 3 to 5.
 */
#include "backend/jit/x64/asm_enc.h"
#include "base/err.h"

static const enum xreg MASK = 0, SCRATCH = 15; /* xmm registers of xa_blendv() without AVX */

static bool avx(const struct xasm *a) { return a->features & XF_AVX; }

/* The legacy encoding of a packed op. */
static u32 legacy(u32 op)
{
    CHECK(!(op & XV_VEX));
    return op & ~XV_W;
}

/* Moves between registers exist in both directions; XV_ constants are the loads. 0: not a move. */
static u32 store_form(u32 op)
{
    switch (op) {
    case XV_MOVAPS: return XV(0, 1, 0x29);
    case XV_MOVQ: return XV(0x66, 1, 0xd6);
    case XV_MOVSS: return XV(0xf3, 1, 0x11);
    case XV_MOVSD: return XV(0xf2, 1, 0x11);
    default: return 0;
    }
}

/* A high register in ModRM.rm takes the longer VEX prefix; in ModRM.reg, or VEX.vvvv, it does not. */
static void vex(struct xasm *a, u32 op, u32 v, u32 v1, struct xmem rm, u32 tail)
{
    bool high_rm = xenc_is_reg(rm) && rm.base >= R8;
    if (high_rm && v < R8 && store_form(op))
        xenc_vex(a, store_form(op), (u32)rm.base, v1, xenc_reg((enum xreg)v), tail);
    else if (high_rm && v1 < R8 && op & XV_COMMUTES)
        xenc_vex(a, op, v, (u32)rm.base, xenc_reg((enum xreg)v1), tail);
    else
        xenc_vex(a, op, v, v1, rm, tail);
}

void xa_vmov(struct xasm *a, enum xreg v, enum xreg v1)
{
    if (v != v1)
        xa_v2(a, XV_MOVAPS, v, v1);
}

/* ---- v := v1 op rm ---- */

static void binary(struct xasm *a, u32 op, enum xreg v, enum xreg v1, struct xmem rm, u32 tail)
{
    if (avx(a)) {
        vex(a, op, v, v1, rm, tail);
        return;
    }
    if (v != v1 && xenc_is_reg(rm) && rm.base == (i32)v) {
        CHECK(op & XV_COMMUTES);
        rm = xenc_reg(v1);
    } else {
        xa_vmov(a, v, v1);
    }
    xenc_op(a, legacy(op), v, rm, tail);
}

void xa_v3(struct xasm *a, u32 op, enum xreg v, enum xreg v1, enum xreg v2)
{
    binary(a, op, v, v1, xenc_reg(v2), 0);
}

void xa_v3m(struct xasm *a, u32 op, enum xreg v, enum xreg v1, struct xmem m)
{
    binary(a, op, v, v1, m, 0);
}

void xa_v3i(struct xasm *a, u32 op, enum xreg v, enum xreg v1, enum xreg v2, u8 imm)
{
    binary(a, op, v, v1, xenc_reg(v2), 1);
    xenc_put(a, 1, imm);
}

void xa_v3mi(struct xasm *a, u32 op, enum xreg v, enum xreg v1, struct xmem m, u8 imm)
{
    binary(a, op, v, v1, m, 1);
    xenc_put(a, 1, imm);
}

void xa_v4(struct xasm *a, u32 op, enum xreg v, enum xreg v1, enum xreg v2, enum xreg v3)
{
    CHECK(avx(a));
    xenc_vex(a, op, v, v1, xenc_reg(v2), 1);
    xenc_put(a, 1, (u32)v3 << 4);
}

/* ---- v := op(rm) ---- */

static void unary(struct xasm *a, u32 op, u32 v, struct xmem rm, u32 tail)
{
    if (avx(a))
        vex(a, op, v, 0, rm, tail);
    else
        xenc_op(a, legacy(op), v, rm, tail);
}

/* One-source ops on the lowest lane (square root, precision, rounding): they merge, so VEX has v1, too. */
static bool merges(u32 op)
{
    u32 prefix = op >> 16 & 0xff, code = op & 0xff;
    if ((op >> 8 & 0xff) == 3)
        return code == 0x0a || code == 0x0b;
    return (op >> 8 & 0xff) == 1 && prefix >= 0xf2 && ((code >= 0x51 && code <= 0x53) || code == 0x5a);
}

void xa_v2(struct xasm *a, u32 op, enum xreg v, enum xreg v1)
{
    if (merges(op))
        binary(a, op, v, v1, xenc_reg(v1), 0);
    else
        unary(a, op, v, xenc_reg(v1), 0);
}

void xa_v2m(struct xasm *a, u32 op, enum xreg v, struct xmem m)
{
    if (merges(op))
        binary(a, op, v, v, m, 0);
    else
        unary(a, op, v, m, 0);
}

void xa_v2i(struct xasm *a, u32 op, enum xreg v, enum xreg v1, u8 imm)
{
    if (merges(op))
        binary(a, op, v, v1, xenc_reg(v1), 1);
    else
        unary(a, op, v, xenc_reg(v1), 1);
    xenc_put(a, 1, imm);
}

void xa_vshift_i(struct xasm *a, u32 op, u32 ext, enum xreg v, enum xreg v1, u8 imm)
{
    if (avx(a)) {
        xenc_vex(a, op, ext, v, xenc_reg(v1), 1);
    } else {
        xa_vmov(a, v, v1);
        xenc_op(a, legacy(op), ext, xenc_reg(v), 1);
    }
    xenc_put(a, 1, imm);
}

/* ---- blending ---- */

static void blend_legacy(struct xasm *a, u32 op, enum xreg v, enum xreg v_false, enum xreg v_true, enum xreg v_mask)
{
    for (u32 i = 0; i < 4; i++) {
        enum xreg used = (enum xreg[]){ v, v_false, v_true, v_mask }[i];
        CHECK(used != MASK && used != SCRATCH);
    }
    xa_vmov(a, SCRATCH, MASK);
    if (v == v_true && v != v_false) { /* v := v_false would lose v_true: choose the other way round */
        xenc_op(a, XV_PCMPEQD, MASK, xenc_reg(MASK), 0);
        xenc_op(a, XV_PXOR, MASK, xenc_reg(v_mask), 0);
        v_true = v_false;
    } else {
        xa_vmov(a, MASK, v_mask);
        xa_vmov(a, v, v_false);
    }
    xenc_op(a, op, v, xenc_reg(v_true), 0);
    xa_vmov(a, MASK, SCRATCH);
}

void xa_blendv(struct xasm *a, u32 bytes_or_lanes, enum xreg v, enum xreg v_false, enum xreg v_true,
               enum xreg v_mask)
{
    CHECK(bytes_or_lanes == 1 || bytes_or_lanes == 4 || bytes_or_lanes == 8);
    u32 vex_code = bytes_or_lanes == 1 ? 0x4c : bytes_or_lanes == 4 ? 0x4a : 0x4b;
    u32 code = bytes_or_lanes == 1 ? 0x10 : bytes_or_lanes == 4 ? 0x14 : 0x15;
    if (avx(a))
        xa_v4(a, XV(0x66, 3, vex_code), v, v_false, v_true, v_mask);
    else
        blend_legacy(a, XV(0x66, 2, code), v, v_false, v_true, v_mask);
}

/* ---- between vectors, memory and integer registers ---- */

void xa_vzeroupper(struct xasm *a)
{
    if (avx(a)) {
        xenc_op_bare(a, 0xc5);
        xenc_put(a, 2, 0x77f8);
    }
}

void xa_vload(struct xasm *a, u32 bytes, enum xreg v, struct xmem m)
{
    switch (bytes) {
    case 2:
        xa_vzero(a, v);
        xa_v3mi(a, XV(0x66, 1, 0xc4), v, v, m, 0); /* pinsrw */
        break;
    case 4: unary(a, XV(0xf3, 1, 0x10), v, m, 0); break; /* movss */
    case 8: unary(a, XV(0xf2, 1, 0x10), v, m, 0); break; /* movsd */
    case 16: unary(a, XV(0, 1, 0x10), v, m, 0); break; /* movups */
    default: CHECK(bytes == 32 && avx(a)); vex(a, XV(0, 1, 0x10) | XV_L, v, 0, m, 0);
    }
}

void xa_vstore(struct xasm *a, u32 bytes, struct xmem m, enum xreg v)
{
    switch (bytes) {
    case 2:
        unary(a, XV(0x66, 3, 0x15), v, m, 1); /* pextrw */
        xenc_put(a, 1, 0);
        break;
    case 4: unary(a, XV(0xf3, 1, 0x11), v, m, 0); break;
    case 8: unary(a, XV(0xf2, 1, 0x11), v, m, 0); break;
    case 16: unary(a, XV(0, 1, 0x11), v, m, 0); break;
    default: CHECK(bytes == 32 && avx(a)); vex(a, XV(0, 1, 0x11) | XV_L, v, 0, m, 0);
    }
}

/* W for 64-bit integers, in both encodings. */
static u32 wide(u32 bits, u32 op)
{
    CHECK(bits == 32 || bits == 64);
    return op | (bits == 64 ? XV_W : 0);
}

/* One vector and one integer register (rm): VEX.vvvv is v1, or 0 for none. */
static void mixed(struct xasm *a, u32 op, u32 reg, u32 v1, enum xreg rm, u32 tail)
{
    if (avx(a))
        xenc_vex(a, op, reg, v1, xenc_reg(rm), tail);
    else
        xenc_op(a, op, reg, xenc_reg(rm), tail);
}

void xa_vzero(struct xasm *a, enum xreg v)
{
    if (avx(a))
        xenc_vex(a, XV_XORPS, v, v & 7, xenc_reg(v & 7), 0); /* any register against itself; a low one is shorter */
    else
        xenc_op(a, XV_XORPS, v, xenc_reg(v), 0);
}

void xa_vfrom(struct xasm *a, u32 bits, enum xreg v, enum xreg r)
{
    mixed(a, wide(bits, XV(0x66, 1, 0x6e)), v, 0, r, 0);
}

void xa_vto(struct xasm *a, u32 bits, enum xreg r, enum xreg v)
{
    mixed(a, wide(bits, XV(0x66, 1, 0x7e)), v, 0, r, 0);
}

void xa_cvt_from_int(struct xasm *a, u32 fbits, u32 ibits, enum xreg v, enum xreg r)
{
    xa_vzero(a, v);
    mixed(a, wide(ibits, XV(fbits == 64 ? 0xf2 : 0xf3, 1, 0x2a)), v, v, r, 0);
}

void xa_cvt_to_int(struct xasm *a, bool truncate, u32 fbits, u32 ibits, enum xreg r, enum xreg v)
{
    mixed(a, wide(ibits, XV(fbits == 64 ? 0xf2 : 0xf3, 1, truncate ? 0x2c : 0x2d)), r, 0, v, 0);
}

void xa_pextr(struct xasm *a, u32 lane_bits, enum xreg r, enum xreg v, u32 lane)
{
    CHECK(lane < 128 / lane_bits);
    if (lane_bits >= 32 && lane == 0) {
        xa_vto(a, lane_bits, r, v);
        return;
    }
    if (lane_bits == 16)
        mixed(a, XV(0x66, 1, 0xc5), r, 0, v, 1);
    else if (lane_bits == 8)
        mixed(a, XV(0x66, 3, 0x14), v, 0, r, 1);
    else
        mixed(a, wide(lane_bits, XV(0x66, 3, 0x16)), v, 0, r, 1);
    xenc_put(a, 1, lane);
}

void xa_pinsr(struct xasm *a, u32 lane_bits, enum xreg v, enum xreg v1, enum xreg r, u32 lane)
{
    CHECK(lane < 128 / lane_bits);
    u32 op = lane_bits == 8 ? XV(0x66, 3, 0x20) : lane_bits == 16 ? XV(0x66, 1, 0xc4) : XV(0x66, 3, 0x22);
    if (!avx(a))
        xa_vmov(a, v, v1);
    mixed(a, lane_bits == 64 ? op | XV_W : op, v, v1, r, 1);
    xenc_put(a, 1, lane);
}

void xa_pmovmskb(struct xasm *a, enum xreg r, enum xreg v)
{
    mixed(a, XV(0x66, 1, 0xd7), r, 0, v, 0);
}

void xa_movmsk(struct xasm *a, u32 lane_bits, enum xreg r, enum xreg v)
{
    CHECK(lane_bits == 32 || lane_bits == 64);
    mixed(a, XV(lane_bits == 64 ? 0x66 : 0, 1, 0x50), r, 0, v, 0);
}

void xa_cvt_to_half(struct xasm *a, enum xreg v, enum xreg v1, u8 rounding)
{
    CHECK(avx(a));
    xenc_vex(a, XV(0x66, 3, 0x1d), v1, 0, xenc_reg(v), 1);
    xenc_put(a, 1, rounding);
}

/* ---- legacy only ---- */

void xa_sha(struct xasm *a, u32 op, enum xreg v, enum xreg v2)
{
    xenc_op(a, XV(0, 2, op), v, xenc_reg(v2), 0);
}

void xa_sha1rnds4(struct xasm *a, enum xreg v, enum xreg v2, u8 imm)
{
    xenc_op(a, XV(0, 3, 0xcc), v, xenc_reg(v2), 1);
    xenc_put(a, 1, imm);
}
