/*
 * x64_asm_bits_test.c - emitted shifts, products, bit operations and jumps do what their functions say.
 */
#include "tests/unit/x64_asm_rig.h"

static const u32 sizes[] = { 8, 16, 32, 64 };

static u64 shifted(enum xshift op, u32 bits, u64 v, u32 n)
{
    v &= bits_mask(bits);
    n %= bits;
    switch (op) {
    case XS_ROL: return bits_ror(v, bits - n, bits);
    case XS_ROR: return bits_ror(v, n, bits);
    case XS_SHL: return v << n & bits_mask(bits);
    case XS_SHR: return v >> n;
    default: return (u64)(bits_sext(v, bits) >> n) & bits_mask(bits);
    }
}

/* What a register holds after its low `bits` were set to v: 32-bit writes clear the upper half. */
static u64 written(u64 old, u32 bits, u64 v)
{
    return bits >= 32 ? v & bits_mask(bits) : bits_set(old, 0, bits, v);
}

static void test_shifts(void **state)
{
    static const enum xshift ops[] = { XS_ROL, XS_ROR, XS_SHL, XS_SHR, XS_SAR };
    struct rig *g = *state;
    for (u32 n = 0; n < 2000; n++) {
        u32 bits = sizes[n % 4], count = n & 4 ? 1 : 1 + (u32)rig_random() % (bits - 1);
        enum xshift op = ops[n / 8 % 5];
        enum xreg d = rig_pick(RCX);
        struct xasm *a = rig_begin(g);
        g->in.r[RCX] = count;
        if (n / 40 & 1)
            xa_shift_ri(a, op, bits, d, count);
        else
            xa_shift_cl(a, op, bits, d);
        rig_run(g);
        assert_int_equal(g->out.r[d], written(g->in.r[d], bits, shifted(op, bits, g->in.r[d], count)));
        rig_same_but(g, 1u << d, 0);
    }
}

/* The bits of v under the mask, moved together. */
static u64 gathered(u64 v, u64 mask)
{
    u64 out = 0;
    for (u32 i = 0, n = 0; i < 64; i++)
        if (mask >> i & 1)
            out |= (v >> i & 1) << n++;
    return out;
}

static void test_wide_shifts(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 500; n++) {
        u32 bits = n & 1 ? 64 : 32, count = 1 + (u32)rig_random() % (bits - 1);
        u64 mask = bits_mask(bits);
        struct xasm *a = rig_begin(g);
        bool bmi2 = a->features & XF_BMI2;
        g->in.r[RCX] = count;
        xa_shrd_ri(a, bits, RBX, RBP, count);
        xa_shrd_cl(a, bits, RDI, RBP);
        xa_shift_ri(a, XS_RCL, bits, RSI, 1); /* CF is shrd's: masked out below */
        if (bmi2) {
            xa_shlx(a, bits, R8, RBP, RCX);
            xa_shrx(a, bits, R9, RBP, RCX);
            xa_sarx(a, bits, R10, RBP, RCX);
            xa_rorx(a, bits, R11, RBP, count);
            xa_mulx(a, bits, R12, R13, RBP);
            xa_pext(a, bits, R14, RBP, RAX);
            xa_pdep(a, bits, R15, R14, RAX);
        }
        rig_run(g);
        u64 s = g->in.r[RBP] & mask;
        for (enum xreg d = RBX; d <= RDI; d += RDI - RBX)
            assert_int_equal(g->out.r[d], ((((u128)s << bits) | (g->in.r[d] & mask)) >> count) & mask);
        assert_int_equal(g->out.r[RSI] & ~1ull, g->in.r[RSI] << 1 & mask);
        if (!bmi2)
            continue;
        assert_int_equal(g->out.r[R8], shifted(XS_SHL, bits, s, count));
        assert_int_equal(g->out.r[R9], shifted(XS_SHR, bits, s, count));
        assert_int_equal(g->out.r[R10], shifted(XS_SAR, bits, s, count));
        assert_int_equal(g->out.r[R11], shifted(XS_ROR, bits, s, count));
        u128 product = (u128)s * (g->in.r[RDX] & mask);
        assert_int_equal(g->out.r[R12], (u64)(product >> bits) & mask);
        assert_int_equal(g->out.r[R13], (u64)product & mask);
        assert_int_equal(g->out.r[R14], gathered(s, g->in.r[RAX]));
        assert_int_equal(g->out.r[R15], s & g->in.r[RAX]);
    }
}

static void test_products(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 500; n++) {
        u32 bits = n & 1 ? 64 : 32;
        i32 imm = (i32)rig_value() >> (n & 24);
        u64 mask = bits_mask(bits);
        struct xasm *a = rig_begin(g);
        g->in.r[R9] |= 1;
        xa_imul_rr(a, bits, RBX, RBP);
        xa_imul_rri(a, bits, RSI, RBP, imm);
        xa_grp3(a, XG_NEG, bits, RDI);
        xa_grp3(a, XG_NOT, bits, R8);
        xa_grp3(a, n & 2 ? XG_MUL : XG_IMUL, bits, R9);
        xa_mov_rr(a, 64, R10, RAX);
        xa_mov_rr(a, 64, R11, RDX);
        xa_cqo(a, bits);
        xa_mov_rr(a, bits, R12, RDX);
        xa_mov_ri(a, RDX, 0);
        xa_grp3(a, XG_DIV, bits, R9);
        rig_run(g);
        const struct machine *i = &g->in, *o = &g->out;
        u64 x = i->r[RAX] & mask, y = i->r[R9] & mask;
        u128 p = n & 2 ? (u128)x * y : (u128)((i128)bits_sext(x, bits) * bits_sext(y, bits));
        u64 low = (u64)p & mask;
        assert_int_equal(o->r[RBX], i->r[RBX] * i->r[RBP] & mask);
        assert_int_equal(o->r[RSI], i->r[RBP] * (u64)(i64)imm & mask);
        assert_int_equal(o->r[RDI], -i->r[RDI] & mask);
        assert_int_equal(o->r[R8], ~i->r[R8] & mask);
        assert_int_equal(o->r[R10], low);
        assert_int_equal(o->r[R11], (u64)(p >> bits) & mask);
        assert_int_equal(o->r[R12], low >> (bits - 1) & 1 ? mask : 0);
        assert_int_equal(o->r[RAX], low / y);
        assert_int_equal(o->r[RDX], low % y);
    }
}

static u32 crc32c(u32 crc, u64 data, u32 bits)
{
    for (u32 i = 0; i < bits; i++, data >>= 1)
        crc = crc >> 1 ^ (((crc ^ data) & 1) ? 0x82f63b78 : 0);
    return crc;
}

static void test_bits(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 500; n++) {
        u32 bits = n & 1 ? 64 : 32, bit = (u32)rig_random() % bits;
        u64 mask = bits_mask(bits);
        struct xasm *a = rig_begin(g);
        u32 f = a->features, crc_bits = sizes[n / 2 % 4];
        g->in.r[RBP] |= 1ull << (n % 32);
        xa_bit(a, XB_POPCNT, bits, RBX, RBP);
        xa_bit(a, XB_BSR, bits, RSI, RBP);
        xa_bit(a, XB_BSF, bits, RDI, RBP);
        if (f & XF_LZCNT)
            xa_bit(a, XB_LZCNT, bits, R8, RBP);
        if (f & XF_BMI1) {
            xa_bit(a, XB_TZCNT, bits, R9, RBP);
            xa_andn(a, bits, R10, RBP, RAX);
        }
        xa_bswap(a, bits, R11);
        xa_crc32c(a, crc_bits, R12, RBP);
        xa_bt_ri(a, bits, RBP, bit);
        xa_setcc(a, CC_B, R13);
        xa_bt_rr(a, bits, RBP, R14);
        xa_cmov(a, CC_B, bits, R15, RBP);
        rig_run(g);
        const struct machine *i = &g->in, *o = &g->out;
        u64 s = i->r[RBP] & mask;
        assert_int_equal(o->r[RBX], __builtin_popcountll(s));
        assert_int_equal(o->r[RSI], 63 - __builtin_clzll(s));
        assert_int_equal(o->r[RDI], __builtin_ctzll(s));
        if (f & XF_LZCNT)
            assert_int_equal(o->r[R8], __builtin_clzll(s) - (64 - (int)bits));
        if (f & XF_BMI1) {
            assert_int_equal(o->r[R9], __builtin_ctzll(s));
            assert_int_equal(o->r[R10], ~s & i->r[RAX] & mask);
        }
        assert_int_equal(o->r[R11], __builtin_bswap64(i->r[R11] << (64 - bits)));
        assert_int_equal(o->r[R12], crc32c((u32)i->r[R12], i->r[RBP], crc_bits));
        assert_int_equal(o->r[R13], bits_set(i->r[R13], 0, 8, s >> bit & 1));
        bool set = s >> i->r[R14] % bits & 1;
        assert_int_equal(o->r[R15], (set ? s : i->r[R15]) & mask);
    }
}

/* ---- control flow ---- */

/* All conditions, near and short, with the same answer as setcc. */
static void test_jumps(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 16 * 8; n++) {
        enum xcc c = (enum xcc)(n % 16);
        bool is_short = n & 16;
        struct xasm *a = rig_begin(g);
        xa_alu_rr(a, XA_CMP, 64, RBX, RBP);
        xa_mov_ri(a, RSI, 1);
        u8 *taken = xa_jcc_fwd(a, c, is_short);
        xa_mov_ri(a, RSI, 0);
        u8 *over = xa_jmp_fwd(a, is_short);
        for (u32 i = 0; i < (is_short ? 10 : 300); i++)
            xa_ud2(a);
        xa_here_is(a, over, is_short);
        xa_here_is(a, taken, is_short);
        xa_cmov(a, c, 32, RDI, RSI);
        rig_run(g);
        assert_int_equal(g->out.r[RSI], g->out.cc[c]);
        assert_int_equal(g->out.r[RDI], g->out.cc[c] ? 1 : (u32)g->in.r[RDI]);
    }
}

/* A loop backwards, calls by all three forms, a table jump, a jump patched after it was run, alignment between. */
static void test_flow(void **state)
{
    struct rig *g = *state;
    struct xasm *a = rig_begin(g);
    u8 *over = xa_jmp_fwd(a, false);
    xa_align(a, 16);
    const u8 *twice = xa_here(a);
    xa_alu_rr(a, XA_ADD, 64, RAX, RAX);
    xa_ret(a);
    xa_here_is(a, over, false);
    xa_mov_ri(a, RAX, 3);
    xa_mov_ri(a, RBX, 10);
    for (u32 i = 1; i <= 64; i *= 2)
        xa_align(a, i);
    const u8 *loop = xa_here(a);
    assert_int_equal((u64)loop % 64, 0);
    xa_call(a, twice);
    xa_alu_ri(a, XA_SUB, 32, RBX, 1);
    xa_jcc(a, CC_NE, loop);
    xa_mov_ri(a, R12, (u64)twice);
    xa_call_r(a, R12);
    xa_push(a, R12);
    xa_call_m(a, xm(RSP, 0));
    xa_pop(a, R12);
    xa_lea(a, 64, R13, xm_abs(xa_here(a) + 7 + 3 + 2)); /* after itself, the jump and the trap */
    xa_jmp_r(a, R13);
    xa_ud2(a);
    xa_alu_ri(a, XA_ADD, 64, R13, 4 + 2 + 3 + 2); /* this, the push, the jump and the trap */
    xa_push(a, R13);
    xa_jmp_m(a, xm(RSP, 0));
    xa_ud2(a);
    xa_pop(a, R13);
    u8 *patched = xa_jmp_fwd(a, false);
    xa_here_is(a, patched, false);
    xa_mov_ri(a, RSI, 1);
    u8 *out = xa_jmp_fwd(a, true);
    const u8 *second = xa_here(a);
    xa_mov_ri(a, RSI, 2);
    xa_here_is(a, out, true);
    rig_run(g);
    assert_int_equal(g->out.r[RAX], 3 << 12);
    assert_int_equal(g->out.r[RSI], 1);
    xa_patch_rel32(patched, a->delta, second);
    rig_again(g);
    assert_int_equal(g->out.r[RAX], 3 << 12);
    assert_int_equal(g->out.r[RSI], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_wide_shifts),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_flow),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
