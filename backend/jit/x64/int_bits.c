/*
 * int_bits.c - scalar rows on single bits and bytes: counting, reversing, depositing, CRC, carry-less products.
 */
#include "backend/jit/x64/emit_util.h"
#include "base/bits.h"

/* ---- counting ---- */

/* d := leading zeros of s in w bits; zero_known_not: s is not zero. */
static void leading_zeros(struct xe *x, u32 w, enum xreg d, enum xreg s, bool not_zero)
{
    struct xasm *a = xe_asm(x);
    if (xe_has(x, XF_LZCNT)) {
        xa_bit(a, XB_LZCNT, w, d, s);
        return;
    }
    xa_bit(a, XB_BSR, w, d, s);
    if (!not_zero) {
        xa_mov_ri(a, RDX, 2 * w - 1);
        xa_cmov(a, CC_E, w, d, RDX);
    }
    xa_alu_ri(a, XA_XOR, 32, d, (i32)w - 1);
}

void x64_emit_clz(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    enum xreg s = xu_narrow(in) ? xe_use_zx(x, in->arg[0]) : xe_use(x, in->arg[0]), d = xe_def(x, i);
    leading_zeros(x, w, d, s, false);
    if (bits != w)
        xa_alu_ri(xe_asm(x), XA_SUB, 32, d, (i32)(w - bits));
    xe_clean(x, i);
    xe_flags_lost(x);
}

void x64_emit_ctz(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), d = xe_def(x, i);
    if (xu_narrow(in)) {
        xa_mov_rr(a, 32, RAX, s);
        xa_alu_ri(a, XA_OR, 32, RAX, 1 << bits);
        xa_bit(a, XB_BSF, 32, d, RAX);
    } else if (xe_has(x, XF_BMI1)) {
        xa_bit(a, XB_TZCNT, w, d, s);
    } else {
        xa_mov_ri(a, RAX, w);
        xa_bit(a, XB_BSF, w, d, s);
        xa_cmov(a, CC_E, w, d, RAX);
    }
    xe_clean(x, i);
    xe_flags_lost(x);
}

/* Leading zeros of 2 * (s ^ sign of s) + 1. */
void x64_emit_cls(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), d = xe_def(x, i);
    xu_sext(x, in, RAX, s);
    xa_mov_rr(a, w, RCX, RAX);
    xa_shift_ri(a, XS_SAR, w, RCX, w - 1);
    xa_alu_rr(a, XA_XOR, w, RAX, RCX);
    xa_lea(a, w, RAX, xmi(RAX, RAX, 1, 1));
    leading_zeros(x, w, d, RAX, true);
    if (bits != w)
        xa_alu_ri(a, XA_SUB, 32, d, (i32)(w - bits));
    xe_clean(x, i);
    xe_flags_lost(x);
}

void x64_emit_popcnt(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    enum xreg s = xu_narrow(in) ? xe_use_zx(x, in->arg[0]) : xe_use(x, in->arg[0]), d = xe_def(x, i);
    xa_bit(xe_asm(x), XB_POPCNT, xu_width(in), d, s);
    xe_clean(x, i);
    xe_flags_lost(x);
}

/* ---- reversing ---- */

/* r := units of n bits swapped with their neighbours, mask choosing every other one; clobbers rax */
static void swap_units(struct xe *x, u32 n, u64 mask, enum xreg r)
{
    struct xasm *a = xe_asm(x);
    struct xmem m = xe_const128(x, mask, mask);
    xa_mov_rr(a, 64, RAX, r);
    xa_shift_ri(a, XS_SHR, 64, RAX, n);
    xa_alu_rm(a, XA_AND, 64, RAX, m);
    xa_alu_rm(a, XA_AND, 64, r, m);
    xa_shift_ri(a, XS_SHL, 64, r, n);
    xa_alu_rr(a, XA_OR, 64, r, RAX);
}

/* rdx := bits of each byte of s reversed */
static void reverse_in_bytes(struct xe *x, enum xreg s)
{
    struct xasm *a = xe_asm(x);
    if (xe_has(x, XF_GFNI)) {
        const u64 mirror = 0x8040201008040201; /* the matrix that takes bit i to bit 7 - i */
        struct xmem m = xe_const128(x, mirror, mirror);
        xa_vfrom(a, 64, XV_T0, s);
        xa_v3mi(a, XV_GF2P8AFFINEQB, XV_T0, XV_T0, m, 0);
        xa_vto(a, 64, RDX, XV_T0);
        return;
    }
    xa_mov_rr(a, 64, RDX, s);
    swap_units(x, 1, 0x5555555555555555, RDX);
    swap_units(x, 2, 0x3333333333333333, RDX);
    swap_units(x, 4, 0x0f0f0f0f0f0f0f0f, RDX);
}

void x64_emit_rbit(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = xu_src_bits(in), w = xu_width(in);
    enum xreg s = xe_use(x, in->arg[0]), d = xe_def(x, i);
    reverse_in_bytes(x, s);
    xa_mov_rr(a, w, d, RDX);
    if (bits > 8)
        xa_bswap(a, w, d);
    if (bits == 16)
        xa_shift_ri(a, XS_SHR, 32, d, 16);
    xe_flags_lost(x);
}

void x64_emit_rev8(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (in->src == IR_I8) {
        xu_copy(x, i, in->arg[0]);
        return;
    }
    enum xreg d = xe_def_over(x, i, in->arg[0]);
    xa_bswap(a, xu_width(in), d);
    if (in->src == IR_I16) {
        xa_shift_ri(a, XS_SHR, 32, d, 16);
        xe_clean(x, i);
        xe_flags_lost(x);
    }
}

void x64_emit_rev16(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (xu_src_bits(in) <= 16) {
        xu_copy(x, i, in->arg[0]);
        return;
    }
    enum xreg d = xe_def_over(x, i, in->arg[0]);
    xa_shift_ri(xe_asm(x), XS_ROR, xu_width(in), d, xu_width(in) / 2);
    if (in->src == IR_I64)
        swap_units(x, 16, 0x0000ffff0000ffff, d);
    xe_flags_lost(x);
}

void x64_emit_rev32(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (in->src != IR_I64) {
        xu_copy(x, i, in->arg[0]);
        return;
    }
    xa_shift_ri(xe_asm(x), XS_ROR, 64, xe_def_over(x, i, in->arg[0]), 32);
    xe_flags_lost(x);
}

/* What a unit wider than the type swaps in is zeros. */
void x64_emit_swap8in16(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (in->src == IR_I8) {
        xu_result_const(x, i, 0);
        return;
    }
    enum xreg d = xe_def_over(x, i, in->arg[0]);
    if (in->src == IR_I64) {
        swap_units(x, 8, 0x00ff00ff00ff00ff, d);
    } else {
        xa_bswap(a, 32, d);
        xa_shift_ri(a, XS_ROR, 32, d, 16);
    }
    xe_flags_lost(x);
}

void x64_emit_swap8in32(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (xu_narrow(in)) {
        xu_result_const(x, i, 0);
        return;
    }
    enum xreg d = xe_def_over(x, i, in->arg[0]);
    xa_bswap(a, xu_width(in), d);
    if (in->src == IR_I64) {
        xa_shift_ri(a, XS_ROR, 64, d, 32);
        xe_flags_lost(x);
    }
}

/* ---- depositing and extracting ---- */

void x64_emit_pdep(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (!xe_has(x, XF_BMI2)) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), mask = xe_use_zx(x, in->arg[1]);
    xa_pdep(xe_asm(x), xu_width(in), xe_def(x, i), s, mask);
    xe_clean(x, i);
}

void x64_emit_pext(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (!xe_has(x, XF_BMI2)) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), mask = xe_use_zx(x, in->arg[1]);
    xa_pext(xe_asm(x), xu_width(in), xe_def(x, i), s, mask);
    xe_clean(x, i);
}

/* ---- CRC ---- */

/* edx := its 32 bits times x^32 modulo the reflected polynomial 0xedb88320, by Barrett's reduction ("Fast CRC
 * Computation Using PCLMULQDQ", Intel 323102). Clobbers xmm13. */
static void crc32_reduce(struct xe *x)
{
    struct xasm *a = xe_asm(x);
    xa_vfrom(a, 32, XV_T0, RDX);
    xa_v3mi(a, XV_PCLMULQDQ, XV_T0, XV_T0, xe_const128(x, 0x1f7011641, 0), 0);
    xa_v3m(a, XV_PAND, XV_T0, XV_T0, xe_const128(x, 0xffffffff, 0));
    xa_v3mi(a, XV_PCLMULQDQ, XV_T0, XV_T0, xe_const128(x, 0x1db710641, 0), 0);
    xa_pextr(a, 32, RDX, XV_T0, 1);
}

void x64_emit_crc32(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 bits = (u32)in->imm * 8;
    if (!xe_has(x, XF_CLMUL)) {
        xe_eval(x, i);
        return;
    }
    enum xreg acc = xe_use(x, in->arg[0]), data = xe_use(x, in->arg[1]), d = xe_def(x, i);
    xa_mov_rr(a, 32, RDX, acc);
    xa_alu_rr(a, XA_XOR, 32, RDX, data);
    if (bits < 32) /* the low bits of acc ^ data, as the highest degrees of 32 */
        xa_shift_ri(a, XS_SHL, 32, RDX, 32 - bits);
    crc32_reduce(x);
    if (bits == 64) {
        xa_mov_rr(a, 64, RCX, data);
        xa_shift_ri(a, XS_SHR, 64, RCX, 32);
        xa_alu_rr(a, XA_XOR, 32, RDX, RCX);
        crc32_reduce(x);
    }
    xa_mov_rr(a, 32, d, bits < 32 ? acc : RDX);
    if (bits < 32) { /* the rest of acc moves down */
        xa_shift_ri(a, XS_SHR, 32, d, bits);
        xa_alu_rr(a, XA_XOR, 32, d, RDX);
    }
    xe_flags_lost(x);
}

void x64_emit_crc32c(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    enum xreg data = xe_use(x, in->arg[1]), d = xe_def_over(x, i, in->arg[0]);
    xa_crc32c(xe_asm(x), (u32)in->imm * 8, d, data);
}

/* ---- carry-less product ---- */

void x64_emit_clmul(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (!xe_has(x, XF_CLMUL)) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i), d2 = xe_def_hi(x, i);
    xa_vfrom(a, 64, XV_T0, s);
    xa_vfrom(a, 64, XV_T1, t);
    xa_v3i(a, XV_PCLMULQDQ, XV_T0, XV_T0, XV_T1, 0);
    xa_vto(a, 64, d, XV_T0);
    xa_pextr(a, 64, d2, XV_T0, 1);
}
