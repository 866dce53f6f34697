/*
 * asm.c - integer and control-flow encodings. Intel SDM volume 2, chapters 3 to 5.
 *
 * Where two encodings mean the same the shorter is taken, even with another operand size: and and test with a
 * mask of no high bits leave the same result and flags when narrower.
 */
#include "backend/jit/x64/asm.h"

#include <string.h>

#include "backend/jit/x64/asm_enc.h"
#include "base/err.h"

/* Opcode `op`, an even one, for bytes, op + 1 for 16, 32 and 64 bits. */
static inline u32 sized(u32 bits, u32 op)
{
    static const u32 form[9] = { [1] = XENC_REG8 | XENC_RM8, [2] = 1 | XENC_O16, [4] = 1, [8] = 1 | XV_W };
    CHECK(bits <= 64 && form[bits >> 3]);
    return op | form[bits >> 3];
}

/* The same with an extension of the opcode, not a register, in ModRM.reg (or, crc32, a wide register). */
static inline u32 grouped(u32 bits, u32 op) { return sized(bits, op) & ~(u32)XENC_REG8; }

/* Opcodes without a byte form. */
static inline u32 wide(u32 bits, u32 op)
{
    CHECK(bits == 16 || bits == 32 || bits == 64);
    return op | (bits == 16 ? XENC_O16 : bits == 64 ? XV_W : 0);
}

static inline u32 imm_bytes(u32 bits) { return bits == 64 ? 4 : bits / 8; }
static inline i32 imm_of(u32 bits, i32 imm) { return bits == 8 ? (i8)imm : bits == 16 ? (i16)imm : imm; }

/* ---- arithmetic and logic ---- */

void xa_alu_rr(struct xasm *a, enum xalu op, u32 bits, enum xreg d, enum xreg s)
{
    xenc_op(a, sized(bits, op << 3), s, xenc_reg(d), 0);
}

void xa_alu_rm(struct xasm *a, enum xalu op, u32 bits, enum xreg d, struct xmem m)
{
    xenc_op(a, sized(bits, op << 3 | 2), d, m, 0);
}

void xa_alu_mr(struct xasm *a, enum xalu op, u32 bits, struct xmem m, enum xreg s)
{
    xenc_op(a, sized(bits, op << 3), s, m, 0);
}

/* 80, 81, 83 /op */
static void alu_imm(struct xasm *a, enum xalu op, u32 bits, struct xmem rm, i32 imm)
{
    u32 n = bits == 8 || xenc_fits8(imm) ? 1 : imm_bytes(bits);
    xenc_op(a, bits != 8 && n == 1 ? wide(bits, 0x83) : grouped(bits, 0x80), op, rm, n);
    xenc_put(a, n, (u32)imm);
}

/* Opcodes with the accumulator as operand: no ModRM. */
static void accumulator(struct xasm *a, u32 op, u32 bits, i32 imm)
{
    xenc_op_bare(a, sized(bits, op));
    xenc_put(a, imm_bytes(bits), (u32)imm);
}

void xa_alu_ri(struct xasm *a, enum xalu op, u32 bits, enum xreg d, i32 imm)
{
    imm = imm_of(bits, imm);
    if (op == XA_AND && bits == 64 && imm >= 0)
        bits = 32;
    if (d == RAX && (bits == 8 || !xenc_fits8(imm)))
        accumulator(a, op << 3 | 4, bits, imm);
    else
        alu_imm(a, op, bits, xenc_reg(d), imm);
}

void xa_alu_mi(struct xasm *a, enum xalu op, u32 bits, struct xmem m, i32 imm)
{
    alu_imm(a, op, bits, m, imm_of(bits, imm));
}

void xa_test_rr(struct xasm *a, u32 bits, enum xreg x, enum xreg y)
{
    xenc_op(a, sized(bits, 0x84), y, xenc_reg(x), 0);
}

/* The narrowest operand that gives the same flags. */
static u32 test_bits(u32 bits, i32 imm) { return imm < 0 ? bits : imm < 0x80 ? 8 : bits == 64 ? 32 : bits; }

static void test_imm(struct xasm *a, u32 bits, struct xmem rm, i32 imm)
{
    xenc_op(a, grouped(bits, 0xf6), 0, rm, imm_bytes(bits));
    xenc_put(a, imm_bytes(bits), (u32)imm);
}

void xa_test_ri(struct xasm *a, u32 bits, enum xreg x, i32 imm)
{
    imm = imm_of(bits, imm);
    bits = test_bits(bits, imm);
    if (x == RAX)
        accumulator(a, 0xa8, bits, imm);
    else
        test_imm(a, bits, xenc_reg(x), imm);
}

void xa_test_mi(struct xasm *a, u32 bits, struct xmem m, i32 imm)
{
    imm = imm_of(bits, imm);
    test_imm(a, test_bits(bits, imm), m, imm);
}

void xa_bt_ri(struct xasm *a, u32 bits, enum xreg x, u32 bit)
{
    CHECK(bit < bits);
    xenc_op(a, wide(bit < 32 && bits == 64 ? 32 : bits, XV(0, 1, 0xba)), 4, xenc_reg(x), 1);
    xenc_put(a, 1, bit);
}

void xa_bt_rr(struct xasm *a, u32 bits, enum xreg x, enum xreg bit)
{
    xenc_op(a, wide(bits, XV(0, 1, 0xa3)), bit, xenc_reg(x), 0);
}

/* ---- moves ---- */

void xa_mov_rr(struct xasm *a, u32 bits, enum xreg d, enum xreg s)
{
    CHECK(bits == 32 || bits == 64);
    if (bits == 32 || d != s)
        xenc_op(a, sized(bits, 0x88), s, xenc_reg(d), 0);
}

void xa_mov_ri(struct xasm *a, enum xreg d, u64 imm)
{
    if (imm <= UINT32_MAX) {
        xenc_op_plus(a, 0xb8, d);
        xenc_put(a, 4, imm);
    } else if ((i64)imm == (i32)imm) {
        xenc_op(a, 0xc7 | XV_W, 0, xenc_reg(d), 4);
        xenc_put(a, 4, imm);
    } else {
        xenc_op_plus(a, 0xb8 | XV_W, d);
        xenc_put(a, 8, imm);
    }
}

void xa_mov_rm(struct xasm *a, u32 bits, enum xreg d, struct xmem m)
{
    if (bits < 32)
        xenc_op(a, XV(0, 1, bits == 8 ? 0xb6 : 0xb7), d, m, 0);
    else
        xenc_op(a, sized(bits, 0x8a), d, m, 0);
}

void xa_mov_mr(struct xasm *a, u32 bits, struct xmem m, enum xreg s)
{
    xenc_op(a, sized(bits, 0x88), s, m, 0);
}

void xa_mov_mi(struct xasm *a, u32 bits, struct xmem m, i32 imm)
{
    xenc_op(a, grouped(bits, 0xc6), 0, m, imm_bytes(bits));
    xenc_put(a, imm_bytes(bits), (u32)imm);
}

void xa_movzx(struct xasm *a, u32 from, enum xreg d, enum xreg s)
{
    CHECK(from == 8 || from == 16 || from == 32);
    if (from == 32)
        xa_mov_rr(a, 32, d, s);
    else
        xenc_op(a, from == 8 ? XV(0, 1, 0xb6) | XENC_RM8 : XV(0, 1, 0xb7), d, xenc_reg(s), 0);
}

static u32 movsx_op(u32 from, u32 to)
{
    CHECK(from == 8 || from == 16 || (from == 32 && to == 64));
    return wide(to, from == 8 ? XV(0, 1, 0xbe) | XENC_RM8 : from == 16 ? XV(0, 1, 0xbf) : 0x63);
}

void xa_movsx(struct xasm *a, u32 from, u32 to, enum xreg d, enum xreg s)
{
    if (from == 32 && to == 32)
        xa_mov_rr(a, 32, d, s);
    else if (from == to / 2 && d == RAX && s == RAX)
        xenc_op_bare(a, wide(to, 0x98)); /* cwde, cdqe */
    else
        xenc_op(a, movsx_op(from, to), d, xenc_reg(s), 0);
}

void xa_movsx_rm(struct xasm *a, u32 from, u32 to, enum xreg d, struct xmem m)
{
    if (from == 32 && to == 32)
        xa_mov_rm(a, 32, d, m);
    else
        xenc_op(a, movsx_op(from, to), d, m, 0);
}

void xa_movbe_rm(struct xasm *a, u32 bits, enum xreg d, struct xmem m)
{
    xenc_op(a, wide(bits, XV(0, 2, 0xf0)), d, m, 0);
}

void xa_movbe_mr(struct xasm *a, u32 bits, struct xmem m, enum xreg s)
{
    xenc_op(a, wide(bits, XV(0, 2, 0xf1)), s, m, 0);
}

void xa_lea(struct xasm *a, u32 bits, enum xreg d, struct xmem m)
{
    xenc_op(a, wide(bits, 0x8d), d, m, 0);
}

void xa_setcc(struct xasm *a, enum xcc c, enum xreg d)
{
    xenc_op(a, XV(0, 1, 0x90 | c) | XENC_RM8, 0, xenc_reg(d), 0);
}

void xa_setcc_m(struct xasm *a, enum xcc c, struct xmem m)
{
    xenc_op(a, XV(0, 1, 0x90 | c), 0, m, 0);
}

void xa_cmov(struct xasm *a, enum xcc c, u32 bits, enum xreg d, enum xreg s)
{
    xenc_op(a, wide(bits, XV(0, 1, 0x40 | c)), d, xenc_reg(s), 0);
}

void xa_cmov_m(struct xasm *a, enum xcc c, u32 bits, enum xreg d, struct xmem m)
{
    xenc_op(a, wide(bits, XV(0, 1, 0x40 | c)), d, m, 0);
}

void xa_push(struct xasm *a, enum xreg r) { xenc_op_plus(a, 0x50, r); }
void xa_pop(struct xasm *a, enum xreg r) { xenc_op_plus(a, 0x58, r); }
void xa_ldmxcsr(struct xasm *a, struct xmem m) { xenc_op(a, XV(0, 1, 0xae), 2, m, 0); }
void xa_stmxcsr(struct xasm *a, struct xmem m) { xenc_op(a, XV(0, 1, 0xae), 3, m, 0); }

/* ---- shifts, products, bits ---- */

void xa_shift_ri(struct xasm *a, enum xshift op, u32 bits, enum xreg d, u32 count)
{
    xenc_op(a, grouped(bits, count == 1 ? 0xd0 : 0xc0), op, xenc_reg(d), count != 1);
    if (count != 1)
        xenc_put(a, 1, count);
}

void xa_shift_cl(struct xasm *a, enum xshift op, u32 bits, enum xreg d)
{
    xenc_op(a, grouped(bits, 0xd2), op, xenc_reg(d), 0);
}

void xa_shrd_ri(struct xasm *a, u32 bits, enum xreg d, enum xreg s, u32 count)
{
    xenc_op(a, wide(bits, XV(0, 1, 0xac)), s, xenc_reg(d), 1);
    xenc_put(a, 1, count);
}

void xa_shrd_cl(struct xasm *a, u32 bits, enum xreg d, enum xreg s)
{
    xenc_op(a, wide(bits, XV(0, 1, 0xad)), s, xenc_reg(d), 0);
}

static void vex_integer(struct xasm *a, u32 op, u32 bits, enum xreg d, enum xreg vvvv, enum xreg rm)
{
    CHECK(bits == 32 || bits == 64);
    xenc_vex(a, wide(bits, op), d, vvvv, xenc_reg(rm), 0);
}

void xa_shlx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg count)
{
    vex_integer(a, XV(0x66, 2, 0xf7), bits, d, count, s);
}

void xa_shrx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg count)
{
    vex_integer(a, XV(0xf2, 2, 0xf7), bits, d, count, s);
}

void xa_sarx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg count)
{
    vex_integer(a, XV(0xf3, 2, 0xf7), bits, d, count, s);
}

void xa_rorx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, u32 count)
{
    vex_integer(a, XV(0xf2, 3, 0xf0), bits, d, 0, s);
    xenc_put(a, 1, count);
}

void xa_andn(struct xasm *a, u32 bits, enum xreg d, enum xreg inverted, enum xreg s)
{
    vex_integer(a, XV(0, 2, 0xf2), bits, d, inverted, s);
}

void xa_pdep(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg mask)
{
    vex_integer(a, XV(0xf2, 2, 0xf5), bits, d, s, mask);
}

void xa_pext(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg mask)
{
    vex_integer(a, XV(0xf3, 2, 0xf5), bits, d, s, mask);
}

void xa_mulx(struct xasm *a, u32 bits, enum xreg high, enum xreg low, enum xreg s)
{
    vex_integer(a, XV(0xf2, 2, 0xf6), bits, high, low, s);
}

void xa_imul_rr(struct xasm *a, u32 bits, enum xreg d, enum xreg s)
{
    xenc_op(a, wide(bits, XV(0, 1, 0xaf)), d, xenc_reg(s), 0);
}

void xa_imul_rm(struct xasm *a, u32 bits, enum xreg d, struct xmem m)
{
    xenc_op(a, wide(bits, XV(0, 1, 0xaf)), d, m, 0);
}

void xa_imul_rri(struct xasm *a, u32 bits, enum xreg d, enum xreg s, i32 imm)
{
    imm = imm_of(bits, imm);
    u32 n = xenc_fits8(imm) ? 1 : imm_bytes(bits);
    xenc_op(a, wide(bits, n == 1 ? 0x6b : 0x69), d, xenc_reg(s), n);
    xenc_put(a, n, (u32)imm);
}

void xa_grp3(struct xasm *a, enum xgrp3 op, u32 bits, enum xreg r)
{
    xenc_op(a, grouped(bits, 0xf6), op, xenc_reg(r), 0);
}

void xa_cqo(struct xasm *a, u32 bits)
{
    xenc_op_bare(a, wide(bits, 0x99));
}

void xa_bswap(struct xasm *a, u32 bits, enum xreg r)
{
    CHECK(bits == 32 || bits == 64);
    xenc_op_plus(a, wide(bits, XV(0, 1, 0xc8)), r);
}

void xa_bit(struct xasm *a, enum xbit op, u32 bits, enum xreg d, enum xreg s)
{
    static const u32 code[] = {
        [XB_POPCNT] = XV(0xf3, 1, 0xb8), [XB_LZCNT] = XV(0xf3, 1, 0xbd), [XB_TZCNT] = XV(0xf3, 1, 0xbc),
        [XB_BSR] = XV(0, 1, 0xbd),       [XB_BSF] = XV(0, 1, 0xbc),
    };
    xenc_op(a, wide(bits, code[op]), d, xenc_reg(s), 0);
}

void xa_crc32c(struct xasm *a, u32 bits, enum xreg acc, enum xreg data)
{
    xenc_op(a, grouped(bits, XV(0xf2, 2, 0xf0)), acc, xenc_reg(data), 0);
}

/* ---- atomics ---- */

void xa_xchg_mr(struct xasm *a, u32 bits, struct xmem m, enum xreg r)
{
    xenc_op(a, sized(bits, 0x86), r, m, 0);
}

void xa_lock_alu_mr(struct xasm *a, enum xalu op, u32 bits, struct xmem m, enum xreg s)
{
    CHECK(op != XA_CMP);
    xenc_op(a, sized(bits, op << 3) | XENC_LOCK, s, m, 0);
}

void xa_lock_cmpxchg(struct xasm *a, u32 bits, struct xmem m, enum xreg s)
{
    xenc_op(a, sized(bits, XV(0, 1, 0xb0)) | XENC_LOCK, s, m, 0);
}

void xa_lock_cmpxchg16b(struct xasm *a, struct xmem m)
{
    xenc_op(a, XV(0, 1, 0xc7) | XV_W | XENC_LOCK, 1, m, 0);
}

void xa_lock_xadd(struct xasm *a, u32 bits, struct xmem m, enum xreg r)
{
    xenc_op(a, sized(bits, XV(0, 1, 0xc0)) | XENC_LOCK, r, m, 0);
}

void xa_mfence(struct xasm *a) { xenc_op(a, XV(0, 1, 0xae), 6, xenc_reg(RAX), 0); }

/* ---- control flow ---- */

void xa_jmp(struct xasm *a, const u8 *to)
{
    xenc_op_bare(a, 0xe9);
    xenc_put(a, 4, (u32)xenc_distance(a, to, 4));
}

void xa_jcc(struct xasm *a, enum xcc c, const u8 *to)
{
    xenc_op_bare(a, XV(0, 1, 0x80 | c));
    xenc_put(a, 4, (u32)xenc_distance(a, to, 4));
}

void xa_call(struct xasm *a, const u8 *to)
{
    xenc_op_bare(a, 0xe8);
    xenc_put(a, 4, (u32)xenc_distance(a, to, 4));
}

void xa_jmp_r(struct xasm *a, enum xreg r) { xenc_op(a, 0xff, 4, xenc_reg(r), 0); }
void xa_jmp_m(struct xasm *a, struct xmem m) { xenc_op(a, 0xff, 4, m, 0); }
void xa_call_r(struct xasm *a, enum xreg r) { xenc_op(a, 0xff, 2, xenc_reg(r), 0); }
void xa_call_m(struct xasm *a, struct xmem m) { xenc_op(a, 0xff, 2, m, 0); }

void xa_ret(struct xasm *a) { xenc_op_bare(a, 0xc3); }
void xa_ud2(struct xasm *a) { xenc_op_bare(a, XV(0, 1, 0x0b)); }

/* SDM volume 2B, NOP: recommended multi-byte sequences. */
static void nop(struct xasm *a, u32 n)
{
    static const u8 code[9][9] = {
        { 0x90 },
        { 0x66, 0x90 },
        { 0x0f, 0x1f, 0x00 },
        { 0x0f, 0x1f, 0x40 },
        { 0x0f, 0x1f, 0x44 },
        { 0x66, 0x0f, 0x1f, 0x44 },
        { 0x0f, 0x1f, 0x80 },
        { 0x0f, 0x1f, 0x84 },
        { 0x66, 0x0f, 0x1f, 0x84 },
    };
    memcpy(a->p, code[n - 1], n);
    a->p += n;
}

void xa_align(struct xasm *a, u32 n)
{
    for (u32 left; (left = (u32)(-(u64)xa_here(a) & (n - 1))) != 0 && xenc_room(a);)
        nop(a, MIN(left, 9));
}

static u8 *forward(struct xasm *a, u32 short_op, u32 near_op, bool is_short)
{
    xenc_op_bare(a, is_short ? short_op : near_op);
    u8 *place = a->full ? NULL : a->p;
    xenc_put(a, is_short ? 1 : 4, 0);
    return place;
}

u8 *xa_jcc_fwd(struct xasm *a, enum xcc c, bool is_short)
{
    return forward(a, 0x70 | c, XV(0, 1, 0x80 | c), is_short);
}

u8 *xa_jmp_fwd(struct xasm *a, bool is_short) { return forward(a, 0xeb, 0xe9, is_short); }

void xa_here_is(struct xasm *a, u8 *place, bool is_short)
{
    if (!place)
        return;
    if (!is_short) {
        xa_patch_rel32(place, a->delta, xa_here(a));
        return;
    }
    CHECK(xenc_fits8(a->p - (place + 1)));
    *place = (u8)(a->p - (place + 1));
}

void xa_patch_rel32(u8 *place, i64 delta, const u8 *to)
{
    i64 d = (i64)((u64)to - (u64)(place + delta) - 4);
    CHECK(d == (i32)d);
    memcpy(place, &(i32){ (i32)d }, 4);
}
