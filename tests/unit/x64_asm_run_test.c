/*
 * x64_asm_run_test.c - emitted arithmetic, moves and atomics do what their functions say, flags included.
 */
#include "tests/unit/x64_asm_rig.h"

static const u32 sizes[] = { 8, 16, 32, 64 };

/* ---- the model of results and conditions ---- */

struct flags {
    bool c, z, s, o, p;
};

static void same_conditions(const struct machine *m, struct flags f)
{
    const bool pos[8] = { f.o, f.c, f.z, f.c | f.z, f.s, f.p, f.s != f.o, f.z | (f.s != f.o) };
    for (u32 c = 0; c < 16; c++)
        assert_int_equal(m->cc[c], pos[c / 2] ^ (c & 1));
}

static struct flags of_result(u64 v, u32 bits)
{
    return (struct flags){ .z = !(v & bits_mask(bits)), .s = v >> (bits - 1) & 1, .p = !__builtin_parity(v & 0xff) };
}

static u64 alu(enum xalu op, u32 bits, u64 x, u64 y, u64 carry, struct flags *f)
{
    x &= bits_mask(bits);
    y &= bits_mask(bits);
    bool sub = op == XA_SUB || op == XA_SBB || op == XA_CMP;
    u128 wide;
    switch (op) {
    case XA_OR: wide = x | y; break;
    case XA_AND: wide = x & y; break;
    case XA_XOR: wide = x ^ y; break;
    default:
        carry = op == XA_ADC || op == XA_SBB ? carry : 0;
        wide = sub ? (u128)x - y - carry : (u128)x + y + carry;
    }
    u64 v = (u64)wide & bits_mask(bits);
    *f = of_result(v, bits);
    if (op == XA_OR || op == XA_AND || op == XA_XOR)
        return v;
    f->c = wide >> bits & 1;
    f->o = (sub ? (x ^ y) & (x ^ v) : (x ^ v) & (y ^ v)) >> (bits - 1) & 1;
    return op == XA_CMP ? x : v;
}

/* What a register holds after its low `bits` were set to v: 32-bit writes clear the upper half. */
static u64 merge(u64 old, u32 bits, u64 v)
{
    return bits >= 32 ? v & bits_mask(bits) : bits_set(old, 0, bits, v);
}

static u64 sext32(i32 imm) { return (u64)(i64)imm; }

/* cmp does not write, and leaves the upper half of a register alone, too. */
static u64 alu_register(enum xalu op, u32 bits, u64 old, u64 v) { return op == XA_CMP ? old : merge(old, bits, v); }

static void test_alu(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 3000; n++) {
        enum xalu op = (enum xalu)(n % 9); /* 8: test */
        u32 bits = sizes[n / 9 % 4];
        enum xreg d = rig_pick(-1), s = rig_pick(-1);
        struct xasm *a = rig_begin(g);
        if (op == 8)
            xa_test_rr(a, bits, d, s);
        else
            xa_alu_rr(a, op, bits, d, s);
        rig_run(g);
        struct flags f;
        u64 v = alu(op == 8 ? XA_AND : op, bits, g->in.r[d], g->in.r[s], g->in.carry, &f);
        assert_int_equal(g->out.r[d], op == 8 ? g->in.r[d] : alu_register(op, bits, g->in.r[d], v));
        same_conditions(&g->out, f);
        rig_same_but(g, 1u << d, 0);
    }
}

static void test_alu_imm(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 4000; n++) {
        enum xalu op = (enum xalu)(n % 9); /* 8: test */
        u32 bits = sizes[n / 9 % 4];
        i32 imm = (i32)rig_value() >> (n / 36 % 4 * 8);
        enum xreg d = rig_pick(-1);
        struct xasm *a = rig_begin(g);
        if (op == 8)
            xa_test_ri(a, bits, d, imm);
        else
            xa_alu_ri(a, op, bits, d, imm);
        rig_run(g);
        struct flags f;
        u64 v = alu(op == 8 ? XA_AND : op, bits, g->in.r[d], sext32(imm), g->in.carry, &f);
        assert_int_equal(g->out.r[d], op == 8 ? g->in.r[d] : alu_register(op, bits, g->in.r[d], v));
        same_conditions(&g->out, f);
        rig_same_but(g, 1u << d, 0);
    }
}

/* Memory as destination, with the address in d; as source; immediates to it; also rip-relative. */
static void test_alu_mem(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 3000; n++) {
        enum xalu op = (enum xalu)(n % 8);
        u32 bits = sizes[n / 8 % 4], form = n / 32 % 4;
        enum xreg base = rig_pick(-1), s = rig_pick(base);
        i32 imm = (i32)rig_value() >> (n / 128 % 4 * 8), disp = n & 1 ? 8 : 0x1000;
        struct xmem m = xm(base, disp);
        struct xasm *a = rig_begin(g);
        g->in.r[base] = (u64)&g->out.mem[0] - (u64)disp;
        if (form == 0)
            xa_alu_rm(a, op, bits, s, m);
        else if (form == 1)
            xa_alu_mr(a, op, bits, m, s);
        else if (form == 2)
            xa_alu_mi(a, op, bits, m, imm);
        else
            xa_test_mi(a, bits, m, imm);
        rig_run(g);
        struct flags f;
        u64 x = g->in.mem[0], y = form == 1 ? g->in.r[s] : sext32(imm);
        if (form == 0)
            x = g->in.r[s], y = g->in.mem[0];
        u64 v = alu(form == 3 ? XA_AND : op, bits, x, y, g->in.carry, &f);
        same_conditions(&g->out, f);
        rig_same_but(g, form == 0 ? 1u << s : 0, 0);
        if (form == 0)
            assert_int_equal(g->out.r[s], alu_register(op, bits, x, v));
        else
            assert_int_equal(g->out.mem[0], form == 3 ? x : bits_set(x, 0, bits, v));
        assert_memory_equal(g->out.mem + 1, g->in.mem + 1, sizeof g->in.mem - 8);
    }
}

/* An immediate stands between a rip-relative displacement and the end of the instruction. */
static void test_rip(void **state)
{
    struct rig *g = *state;
    u8 *data = g->write + ROOM_SIZE - 64;
    const struct xmem m = xm_abs(g->run + ROOM_SIZE - 64);
    store_le64(data, 0x1122334455667788);
    struct xasm *a = rig_begin(g);
    xa_mov_rm(a, 64, RAX, m);
    xa_alu_rm(a, XA_CMP, 64, RAX, m);
    xa_setcc(a, CC_E, RBX);
    xa_alu_ri(a, XA_AND, 32, RBX, 1);
    xa_lea(a, 64, R9, m);
    xa_vload(a, 8, X(3), m);
    xa_test_mi(a, 64, m, 0x4000000);
    xa_setcc(a, CC_NE, R12);
    xa_movsx_rm(a, 8, 64, R10, m);
    xa_v3mi(a, XV_SHUFPS, X(4), X(4), m, 0);
    xa_imul_rm(a, 64, R11, m);
    xa_alu_mi(a, XA_CMP, 8, m, 0x11);
    xa_cmov_m(a, CC_E, 64, RBP, m);
    xa_cmov_m(a, CC_NE, 64, R14, m);
    rig_run(g);
    assert_int_equal(g->out.r[RBP], g->in.r[RBP]);
    assert_int_equal(g->out.r[R14], 0x1122334455667788);
    assert_int_equal(g->out.r[RAX], 0x1122334455667788);
    assert_int_equal(g->out.r[RBX], 1);
    assert_int_equal(g->out.r[R9], (u64)(g->run + ROOM_SIZE - 64));
    assert_int_equal(g->out.v[3][0], 0x1122334455667788);
    assert_int_equal(g->out.r[R12] & 0xff, 1);
    assert_int_equal(g->out.r[R10], 0xffffffffffffff88);
    assert_int_equal(g->out.v[4][1], 0x5566778855667788);
    assert_int_equal(g->out.r[R11], g->in.r[R11] * 0x1122334455667788);
}

/* ---- addresses, moves ---- */

static void test_addresses(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 16 * 16 * 4 * 3; n++) {
        u32 base = n % 16, index = n / 16 % 16, scale = 1u << (n / 256 % 4);
        i32 disp = (i32[]){ 0, -16, 0x12340 }[n / 1024];
        if (base == RSP || index == RSP)
            continue;
        enum xreg d = rig_pick(-1);
        struct xasm *a = rig_begin(g);
        bool has_base = base != 0 || index == 0 || scale < 4; /* base 0 stands for none with scales 4 and 8 */
        u64 there = (u64)&g->out.mem[2] - (u64)(i64)disp, i = rig_random() & 0xfff;
        g->in.r[index] = i;
        g->in.r[base] = there - i * scale;
        u64 sum = (has_base ? g->in.r[base] : 0) + g->in.r[index] * scale + (u64)(i64)disp;
        if (base == index || !has_base)
            xa_lea(a, 64, d, xmi(has_base ? X(base) : XNONE, X(index), scale, disp));
        else
            xa_mov_rm(a, 64, d, xmi(X(base), X(index), scale, disp));
        rig_run(g);
        assert_int_equal(g->out.r[d], base == index || !has_base ? sum : g->in.mem[2]);
        rig_same_but(g, 1u << d, 0);
    }
}

static void test_odd_addresses(void **state)
{
    struct rig *g = *state;
    struct xasm *a = rig_begin(g);
    g->in.r[R15] = 1;
    xa_lea(a, 64, RCX, xmi(XNONE, RBX, 2, -5));
    xa_lea(a, 32, RDX, xmi(XNONE, R13, 1, 7));
    xa_push(a, R9);
    xa_push(a, R11);
    xa_mov_rm(a, 64, RSI, xm(RSP, 0));
    xa_mov_rm(a, 64, RDI, xmi(RSP, R15, 8, 0));
    xa_lea(a, 64, RBP, xm(RSP, -0x1000));
    xa_mov_rm(a, 64, R8, xm(RBP, 0x1008));
    xa_pop(a, R10);
    xa_pop(a, R12);
    rig_run(g);
    assert_int_equal(g->out.r[RCX], g->in.r[RBX] * 2 - 5);
    assert_int_equal(g->out.r[RDX], (u32)(g->in.r[R13] + 7));
    assert_int_equal(g->out.r[RSI], g->in.r[R11]);
    assert_int_equal(g->out.r[RDI], g->in.r[R9]);
    assert_int_equal(g->out.r[R8], g->in.r[R9]);
    assert_int_equal(g->out.r[R10], g->in.r[R11]);
    assert_int_equal(g->out.r[R12], g->in.r[R9]);
}

static void test_moves(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 2000; n++) {
        u32 bits = sizes[n % 4], to = n & 4 ? 32 : 64;
        enum xreg base = rig_pick(-1), d = rig_pick(base), s = rig_pick(base);
        i32 imm = (i32)rig_value();
        u64 any = rig_value() >> rig_random() % 64;
        struct xasm *a = rig_begin(g);
        g->in.r[base] = (u64)&g->out.mem;
        xa_mov_mr(a, bits, xm(base, 8), s);
        xa_mov_mi(a, bits, xm(base, 16), imm);
        u64 m0 = g->in.mem[0], x = g->in.r[s], want;
        switch (n / 8 % 5) {
        case 0: xa_mov_rm(a, bits, d, xm(base, 0)), want = m0 & bits_mask(bits); break;
        case 1: xa_mov_ri(a, d, any), want = any; break;
        case 2: xa_movzx(a, MIN(bits, 32), d, s), want = x & bits_mask(MIN(bits, 32)); break;
        case 3:
            xa_movsx(a, MIN(bits, 32), to, d, s);
            want = (u64)bits_sext(x, MIN(bits, 32)) & bits_mask(to);
            break;
        default:
            xa_movsx_rm(a, MIN(bits, 32), to, d, xm(base, 0));
            want = (u64)bits_sext(m0, MIN(bits, 32)) & bits_mask(to);
        }
        rig_run(g);
        assert_int_equal(g->out.r[d], want);
        assert_int_equal(g->out.mem[1], bits_set(g->in.mem[1], 0, bits, x));
        assert_int_equal(g->out.mem[2], bits_set(g->in.mem[2], 0, bits, sext32(imm)));
        rig_same_but(g, 1u << d, 0);
        same_conditions(&g->out, (struct flags){ .c = g->in.carry, .z = true, .p = true });
    }
}

static u64 swapped(u64 v, u32 bits) { return __builtin_bswap64(v << (64 - bits)); }

static void test_movbe_atomics(void **state)
{
    struct rig *g = *state;
    for (u32 n = 0; n < 200; n++) {
        u32 bits = sizes[n % 4];
        struct xasm *a = rig_begin(g);
        g->in.r[RSI] = (u64)&g->out.mem;
        g->in.mem[1] = n & 4 ? g->in.mem[1] : g->in.r[RAX];
        xa_xchg_mr(a, bits, xm(RSI, 0), RBX);
        xa_lock_cmpxchg(a, bits, xm(RSI, 8), RBP);
        xa_lock_xadd(a, bits, xm(RSI, 16), RDI);
        xa_lock_alu_mr(a, XA_XOR, bits, xm(RSI, 24), R8);
        xa_mfence(a);
        if (a->features & XF_MOVBE && bits > 8) {
            xa_movbe_rm(a, bits, R9, xm(RSI, 32));
            xa_movbe_mr(a, bits, xm(RSI, 40), R10);
        }
        rig_run(g);
        const struct machine *i = &g->in, *o = &g->out;
        bool equal = !((i->mem[1] ^ i->r[RAX]) & bits_mask(bits));
        assert_int_equal(o->r[RBX], merge(i->r[RBX], bits, i->mem[0]));
        assert_int_equal(o->mem[0], bits_set(i->mem[0], 0, bits, i->r[RBX]));
        assert_int_equal(o->mem[1], equal ? bits_set(i->mem[1], 0, bits, i->r[RBP]) : i->mem[1]);
        if (!equal)
            assert_int_equal(o->r[RAX], merge(i->r[RAX], bits, i->mem[1]));
        assert_int_equal(o->mem[2], bits_set(i->mem[2], 0, bits, i->mem[2] + i->r[RDI]));
        assert_int_equal(o->r[RDI], merge(i->r[RDI], bits, i->mem[2]));
        assert_int_equal(o->mem[3], i->mem[3] ^ (i->r[R8] & bits_mask(bits)));
        if (a->features & XF_MOVBE && bits > 8) {
            assert_int_equal(o->r[R9], merge(i->r[R9], bits, swapped(i->mem[4], bits)));
            assert_int_equal(o->mem[5], bits_set(i->mem[5], 0, bits, swapped(i->r[R10], bits)));
        }
    }
}

static void test_cmpxchg16b(void **state)
{
    struct rig *g = *state;
    for (u32 equal = 0; equal < 2; equal++) {
        struct xasm *a = rig_begin(g);
        g->in.r[RSI] = (u64)&g->out.v[3]; /* 16-byte aligned; stored over afterwards, so read back */
        xa_mov_mr(a, 64, xm(RSI, 0), R8);
        xa_mov_mr(a, 64, xm(RSI, 8), R9);
        xa_mov_rr(a, 64, RAX, R8);
        xa_mov_rr(a, 64, RDX, R9);
        if (!equal)
            xa_alu_ri(a, XA_XOR, 64, RDX, 1);
        xa_lock_cmpxchg16b(a, xm(RSI, 0));
        xa_vload(a, 16, X(3), xm(RSI, 0));
        rig_run(g);
        assert_int_equal(g->out.cc[CC_E], equal);
        assert_int_equal(g->out.v[3][0], equal ? g->in.r[RBX] : g->in.r[R8]);
        assert_int_equal(g->out.v[3][1], equal ? g->in.r[RCX] : g->in.r[R9]);
        assert_int_equal(g->out.r[RDX], g->in.r[R9]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alu),
        cmocka_unit_test(test_alu_imm),
        cmocka_unit_test(test_alu_mem),
        cmocka_unit_test(test_rip),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_odd_addresses),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_movbe_atomics),
        cmocka_unit_test(test_cmpxchg16b),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
