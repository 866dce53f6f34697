/*
 * x64_asm_vec_test.c - emitted vector and floating-point code does what its functions say: with VEX and without,
 * whichever registers coincide.
 */
#include "tests/unit/x64_asm_rig.h"

#include <math.h>

union vec {
    u8 b[16];
    i8 sb[16];
    u16 h[8];
    i16 sh[8];
    u32 w[4];
    i32 sw[4];
    u64 d[2];
    float f[4];
    double g[2];
};

static union vec vec_in(const struct rig *g, u32 n)
{
    union vec v;
    memcpy(&v, g->in.v[n], 16);
    return v;
}

static void same_vec(const struct rig *g, u32 n, const union vec *want)
{
    assert_memory_equal(g->out.v[n], want, 16);
}

static bool has(const struct rig *g, u32 features) { return (g->a.features & features) == features; }

/* Runs a test with what the CPU has, then without AVX. */
static void both(struct rig *g, void (*test)(struct rig *g))
{
    u32 all = xa_host_features();
    g->a.features = all;
    test(g);
    g->a.features = all & ~(u32)(XF_AVX | XF_AVX2 | XF_FMA | XF_F16C);
    test(g);
    g->a.features = all;
}

/* ---- two sources ---- */

enum model { ADD_W, SUB_W, AND, ANDN, MAX_SB, GT_SH, MUL_W, UNPACK_LB, PACK_USWB, SHUFFLE_B, ALIGN_5, SHUF_PS_1B };

static const struct {
    u32 op;
    enum model model;
    i32 imm; /* -1: none */
} binaries[] = {
    { XV_PADDD, ADD_W, -1 },   { XV_PSUBD, SUB_W, -1 },         { XV_PAND, AND, -1 },
    { XV_PANDN, ANDN, -1 },    { XV_PMAXSB, MAX_SB, -1 },       { XV_PCMPGTW, GT_SH, -1 },
    { XV_PMULLD, MUL_W, -1 },  { XV_PUNPCKLBW, UNPACK_LB, -1 }, { XV_PACKUSWB, PACK_USWB, -1 },
    { XV_PSHUFB, SHUFFLE_B, -1 }, { XV_PALIGNR, ALIGN_5, 5 },   { XV_SHUFPS, SHUF_PS_1B, 0x1b },
};

static u8 saturate_u8(i16 v) { return v < 0 ? 0 : v > 255 ? 255 : (u8)v; }

static union vec bytes_of(enum model m, const union vec *x, const union vec *y)
{
    union vec z;
    for (u32 i = 0; i < 16; i++) {
        u32 k = i + 5;
        switch (m) {
        case AND: z.b[i] = x->b[i] & y->b[i]; break;
        case ANDN: z.b[i] = ~x->b[i] & y->b[i]; break;
        case MAX_SB: z.sb[i] = MAX(x->sb[i], y->sb[i]); break;
        case UNPACK_LB: z.b[i] = (i & 1 ? y : x)->b[i / 2]; break;
        case PACK_USWB: z.b[i] = saturate_u8((i < 8 ? x : y)->sh[i % 8]); break;
        case SHUFFLE_B: z.b[i] = y->b[i] & 0x80 ? 0 : x->b[y->b[i] & 15]; break;
        default: z.b[i] = k < 16 ? y->b[k] : x->b[k - 16];
        }
    }
    return z;
}

static union vec lanes_of(enum model m, const union vec *x, const union vec *y)
{
    union vec z;
    for (u32 i = 0; i < 8; i++)
        z.sh[i] = -(x->sh[i] > y->sh[i]);
    for (u32 i = 0; i < 4 && m != GT_SH; i++)
        z.w[i] = m == ADD_W ? x->w[i] + y->w[i] : m == SUB_W ? x->w[i] - y->w[i] : m == MUL_W ? x->w[i] * y->w[i]
                 : (i < 2 ? x : y)->w[0x1b >> 2 * i & 3];
    return z;
}

static union vec result(enum model m, const union vec *x, const union vec *y)
{
    bool lanes = m == ADD_W || m == SUB_W || m == GT_SH || m == MUL_W || m == SHUF_PS_1B;
    return lanes ? lanes_of(m, x, y) : bytes_of(m, x, y);
}

static void emit_binary(struct rig *g, u32 n, enum xreg d, enum xreg x, enum xreg y)
{
    if (binaries[n].imm < 0)
        xa_v3(&g->a, binaries[n].op, d, x, y);
    else
        xa_v3i(&g->a, binaries[n].op, d, x, y, (u8)binaries[n].imm);
}

static void check_binary(struct rig *g)
{
    for (u32 k = 0; k < 3000; k++) {
        u32 n = k % COUNT(binaries);
        enum xreg d = X(rig_random() % 16), x = X(rig_random() % 16), y = X(rig_random() % 16);
        d = k / 64 % 4 == 1 ? x : k / 64 % 4 == 2 ? y : d;
        if (d == y && d != x && !(binaries[n].op & XV_COMMUTES) && !has(g, XF_AVX))
            continue;
        rig_begin(g);
        emit_binary(g, n, d, x, y);
        rig_run(g);
        union vec vx = vec_in(g, x), vy = vec_in(g, y), want = result(binaries[n].model, &vx, &vy);
        same_vec(g, d, &want);
        rig_same_but(g, 0, 1u << d);
    }
}

static void check_binary_mem(struct rig *g)
{
    for (u32 k = 0; k < 500; k++) {
        u32 n = k % COUNT(binaries), op = binaries[n].op;
        enum xreg d = X(rig_random() % 16), x = k & 16 ? d : X(rig_random() % 16);
        struct xasm *a = rig_begin(g);
        g->in.r[R13] = (u64)&g->out.mem;
        if (binaries[n].imm < 0)
            xa_v3m(a, op, d, x, xm(R13, 16));
        else
            xa_v3mi(a, op, d, x, xm(R13, 16), (u8)binaries[n].imm);
        rig_run(g);
        union vec vx = vec_in(g, x), vy;
        memcpy(&vy, &g->in.mem[2], 16);
        union vec want = result(binaries[n].model, &vx, &vy);
        same_vec(g, d, &want);
        rig_same_but(g, 0, 1u << d);
    }
}

static void test_binary(void **state)
{
    both(*state, check_binary);
    both(*state, check_binary_mem);
}

/* ---- one source, shifts, blends ---- */

static void check_unary(struct rig *g)
{
    for (u32 k = 0; k < 300; k++) {
        enum xreg d = X(rig_random() % 16), s = k & 1 ? d : X(rig_random() % 16);
        struct xasm *a = rig_begin(g);
        switch (k / 2 % 4) {
        case 0: xa_v2(a, XV_PABSW, d, s); break;
        case 1: xa_v2i(a, XV_PSHUFD, d, s, 0x93); break;
        case 2: xa_vmov(a, d, s); break;
        default: xa_v2(a, XV_MOVQ, d, s);
        }
        rig_run(g);
        union vec v = vec_in(g, s), want = v;
        for (u32 i = 0; i < 8 && k / 2 % 4 == 0; i++)
            want.sh[i] = (i16)(v.sh[i] < 0 ? -v.sh[i] : v.sh[i]);
        for (u32 i = 0; i < 4 && k / 2 % 4 == 1; i++)
            want.w[i] = v.w[0x93 >> 2 * i & 3];
        if (k / 2 % 4 == 3)
            want.d[1] = 0;
        same_vec(g, d, &want);
        rig_same_but(g, 0, 1u << d);
    }
}

/* The lowest lane changes, the others are the source's; from memory, the destination's. */
static void check_merging(struct rig *g)
{
    for (u32 k = 0; k < 200; k++) {
        enum xreg d = X(rig_random() % 16), s = k & 1 ? d : X(rig_random() % 16), e = X((d + 1) % 16);
        double x = (double)(rig_random() % 1000) / 8;
        struct xasm *a = rig_begin(g);
        e = e == s ? X((e + 1) % 16) : e;
        memcpy(g->in.v[s], &x, 8);
        memcpy(&g->in.mem[0], &x, 8);
        g->in.r[R12] = (u64)&g->out.mem;
        xa_v2m(a, xv_fp(XFP_SQRT, 64, false), e, xm(R12, 0));
        if (k & 2)
            xa_v2(a, xv_fp(XFP_SQRT, 64, false), d, s);
        else
            xa_v2i(a, XV_ROUNDSD, d, s, 1);
        rig_run(g);
        union vec want = vec_in(g, s), other = vec_in(g, e);
        want.g[0] = k & 2 ? sqrt(x) : floor(x);
        other.g[0] = sqrt(x);
        same_vec(g, d, &want);
        same_vec(g, e, &other);
    }
}

static void check_shifts(struct rig *g)
{
    for (u32 k = 0; k < 300; k++) {
        u32 n = (u32)rig_random() % 16, form = k % 4;
        enum xreg d = X(rig_random() % 16), s = k & 4 ? d : X(rig_random() % 16);
        u32 op = (u32[]){ XV_SHIFT_W, XV_SHIFT_D, XV_SHIFT_Q, XV_SHIFT_Q }[form];
        rig_begin(g);
        xa_vshift_i(&g->a, op, (u32[]){ 4, 2, 6, 3 }[form], d, s, (u8)n);
        rig_run(g);
        union vec v = vec_in(g, s), want = v;
        for (u32 i = 0; i < 16; i++) {
            switch (form) {
            case 0: want.sh[i % 8] = v.sh[i % 8] >> n; break;
            case 1: want.w[i % 4] = v.w[i % 4] >> n; break;
            case 2: want.d[i % 2] = v.d[i % 2] << n; break;
            default: want.b[i] = i + n < 16 ? v.b[i + n] : 0;
            }
        }
        same_vec(g, d, &want);
        rig_same_but(g, 0, 1u << d);
    }
}

/* Every coincidence of the four registers among three. */
static void check_blend(struct rig *g)
{
    for (u32 k = 0; k < 3 * 256; k++) {
        u32 lane = (u32[]){ 1, 4, 8 }[k / 256];
        enum xreg r[4];
        for (u32 i = 0; i < 4; i++)
            r[i] = X((u32[]){ 1, 2, 9, 14 }[k >> 2 * i & 3]);
        struct xasm *a = rig_begin(g);
        xa_blendv(a, lane, r[0], r[1], r[2], r[3]);
        rig_run(g);
        union vec no = vec_in(g, r[1]), yes = vec_in(g, r[2]), mask = vec_in(g, r[3]), want;
        for (u32 i = 0; i < 16; i++)
            want.b[i] = (mask.b[i / lane * lane + lane - 1] & 0x80 ? &yes : &no)->b[i];
        same_vec(g, r[0], &want);
        rig_same_but(g, 0, 1u << r[0] | (has(g, XF_AVX) ? 0 : 1u << 15));
    }
}

static void test_unary(void **state)
{
    both(*state, check_unary);
    both(*state, check_merging);
    both(*state, check_shifts);
    both(*state, check_blend);
}

/* ---- memory, general registers ---- */

static void check_memory(struct rig *g)
{
    for (u32 k = 0; k < 200; k++) {
        u32 size = (u32[]){ 2, 4, 8, 16 }[k % 4];
        enum xreg d = X(k / 4 % 16), s = X((d + 5) % 16);
        struct xasm *a = rig_begin(g);
        g->in.r[R9] = (u64)&g->out.mem;
        xa_vload(a, size, d, xm(R9, 1));
        xa_vstore(a, size, xm(R9, 33), s);
        rig_run(g);
        union vec want = { 0 };
        memcpy(&want, (u8 *)g->in.mem + 1, size);
        same_vec(g, d, &want);
        u8 mem[sizeof g->in.mem];
        memcpy(mem, g->in.mem, sizeof mem);
        memcpy(mem + 33, g->in.v[s], size);
        assert_memory_equal(g->out.mem, mem, sizeof mem);
        rig_same_but(g, 0, 1u << d);
    }
}

static void check_lanes(struct rig *g)
{
    for (u32 k = 0; k < 600; k++) {
        u32 bits = 8u << k % 4, lane = (u32)rig_random() % (128 / bits);
        enum xreg r = rig_pick(-1), t = r == RBX ? RSI : RBX;
        enum xreg d = X(rig_random() % 16), s = k & 4 ? d : X(rig_random() % 16), e = X((d + 1) % 16);
        struct xasm *a = rig_begin(g);
        e = e == s ? X((e + 1) % 16) : e;
        xa_pextr(a, bits, r, s, lane);
        xa_pinsr(a, bits, d, s, t, lane);
        xa_vfrom(a, bits < 64 ? 32 : 64, e, t);
        rig_run(g);
        union vec v = vec_in(g, s), moved = { .d = { g->in.r[t] & bits_mask(bits < 64 ? 32 : 64), 0 } };
        u64 got = 0;
        memcpy(&got, v.b + lane * bits / 8, bits / 8);
        assert_int_equal(g->out.r[r], got);
        memcpy(v.b + lane * bits / 8, &g->in.r[t], bits / 8);
        same_vec(g, d, &v);
        same_vec(g, e, &moved);
        rig_same_but(g, 1u << r, 1u << d | 1u << e);
    }
}

static void check_masks(struct rig *g)
{
    for (u32 k = 0; k < 100; k++) {
        enum xreg s = X(k % 16);
        struct xasm *a = rig_begin(g);
        xa_pmovmskb(a, RSI, s);
        xa_movmsk(a, 32, R9, s);
        xa_movmsk(a, 64, RBP, s);
        xa_vto(a, 32, R12, s);
        xa_vto(a, 64, RCX, s);
        xa_vzero(a, X((s + 9) % 16));
        xa_v2(a, XV_PTEST, s, X((s + 3) % 16));
        rig_run(g);
        union vec v = vec_in(g, s), w = vec_in(g, (s + 3) % 16), zero = { 0 };
        u32 bytes = 0, words = 0;
        for (u32 i = 0; i < 16; i++)
            bytes |= (u32)(v.b[i] >> 7) << i;
        for (u32 i = 0; i < 4; i++)
            words |= (v.w[i] >> 31) << i;
        assert_int_equal(g->out.r[RSI], bytes);
        assert_int_equal(g->out.r[R9], words);
        assert_int_equal(g->out.r[RBP], (v.d[0] >> 63) | v.d[1] >> 63 << 1);
        assert_int_equal(g->out.r[R12], v.w[0]);
        assert_int_equal(g->out.r[RCX], v.d[0]);
        same_vec(g, (s + 9) % 16, &zero);
        assert_int_equal(g->out.cc[CC_E], !((v.d[0] & w.d[0]) | (v.d[1] & w.d[1])));
        assert_int_equal(g->out.cc[CC_B], !((~v.d[0] & w.d[0]) | (~v.d[1] & w.d[1])));
    }
}

static void test_memory(void **state)
{
    both(*state, check_memory);
    both(*state, check_lanes);
    both(*state, check_masks);
}

/* ---- floating point ---- */

static void check_convert(struct rig *g)
{
    for (u32 k = 0; k < 400; k++) {
        u32 fbits = k & 1 ? 64 : 32, ibits = k & 2 ? 64 : 32;
        enum xreg r = rig_pick(-1), t = r == RBP ? R8 : RBP, u = r == R10 ? R11 : R10;
        enum xreg d = X(rig_random() % 16), s = X((d + 1 + rig_random() % 15) % 16);
        double x = (double)(i32)rig_random() / 1024;
        float x32 = (float)x;
        struct xasm *a = rig_begin(g);
        memcpy(g->in.v[s], fbits == 64 ? (void *)&x : (void *)&x32, fbits / 8);
        xa_cvt_from_int(a, fbits, ibits, d, r);
        xa_cvt_to_int(a, true, fbits, ibits, t, s);
        xa_cvt_to_int(a, false, fbits, ibits, u, s);
        rig_run(g);
        i64 n = bits_sext(g->in.r[r], ibits);
        union vec want = { 0 };
        if (fbits == 64)
            want.g[0] = (double)n;
        else
            want.f[0] = (float)n;
        same_vec(g, d, &want);
        x = fbits == 64 ? x : x32;
        assert_int_equal(g->out.r[t], (u64)(i64)x & bits_mask(ibits));
        assert_int_equal(g->out.r[u], (u64)(i64)rint(x) & bits_mask(ibits));
        rig_same_but(g, 1u << t | 1u << u, 1u << d);
    }
}

static double fp_result(enum xfp op, double x, double y)
{
    switch (op) {
    case XFP_ADD: return x + y;
    case XFP_SUB: return x - y;
    case XFP_MUL: return x * y;
    case XFP_DIV: return x / y;
    case XFP_MIN: return x < y ? x : y;
    default: return x > y ? x : y;
    }
}

static void check_fp(struct rig *g)
{
    static const enum xfp ops[] = { XFP_ADD, XFP_SUB, XFP_MUL, XFP_DIV, XFP_MIN, XFP_MAX };
    for (u32 k = 0; k < 400; k++) {
        enum xfp op = ops[k % 6];
        bool packed = k & 8, wide = k & 16;
        struct xasm *a = rig_begin(g);
        union vec x, y, want;
        for (u32 i = 0; i < 4; i++) {
            double p = (double)(i32)rig_random(), q = (double)((i32)rig_random() | 1);
            if (wide)
                x.g[i % 2] = p, y.g[i % 2] = q;
            else
                x.f[i] = (float)p, y.f[i] = (float)q;
        }
        memcpy(g->in.v[3], &x, 16);
        memcpy(g->in.v[12], &y, 16);
        xa_v3(a, xv_fp(op, wide ? 64 : 32, packed), X(7), X(3), X(12));
        xa_v2(a, wide ? XV_UCOMISD : XV_UCOMISS, X(3), X(12));
        rig_run(g);
        want = x;
        for (u32 i = 0; i < (packed ? 4 : 1); i++)
            if (wide)
                want.g[i % 2] = fp_result(op, x.g[i % 2], y.g[i % 2]);
            else
                want.f[i] = (float)fp_result(op, x.f[i], y.f[i]);
        same_vec(g, 7, &want);
        assert_int_equal(g->out.cc[CC_B], wide ? x.g[0] < y.g[0] : x.f[0] < y.f[0]);
    }
}

static void test_fp(void **state)
{
    both(*state, check_convert);
    both(*state, check_fp);
}

static void test_avx_only(void **state)
{
    struct rig *g = *state;
    if (!has(g, XF_AVX | XF_AVX2 | XF_FMA | XF_F16C))
        skip();
    struct xasm *a = rig_begin(g);
    union vec x = { .g = { 1.5, -3 } }, y = { .g = { 4, 0.25 } }, z = { .g = { 100, 7 } };
    memcpy(g->in.v[1], &x, 16);
    memcpy(g->in.v[9], &y, 16);
    memcpy(g->in.v[14], &z, 16);
    xa_vmov(a, X(2), X(14));
    xa_v3(a, xv_fma231(64, true), X(14), X(1), X(9));
    xa_v3(a, xv_fma(XFMA_NMSUB, 64, false), X(2), X(1), X(9));
    xa_v2(a, XV_CVTPD2PS, X(3), X(9));
    xa_cvt_to_half(a, X(10), X(3), 4);
    xa_v2(a, XV_VCVTPH2PS, X(4), X(10));
    xa_v2(a, XV_VPBROADCASTW, X(5), X(10));
    xa_v3(a, XV_VPSLLVQ, X(6), X(7), X(8));
    rig_run(g);
    union vec fma = { .g = { 106, 6.25 } }, nmsub = { .g = { -106, 7 } }, single = { .f = { 4, 0.25f } };
    union vec half = { .h = { 0x4400, 0x3400 } }, all, sll;
    for (u32 i = 0; i < 8; i++)
        all.h[i] = 0x4400;
    for (u32 i = 0; i < 2; i++)
        sll.d[i] = g->in.v[8][i] > 63 ? 0 : g->in.v[7][i] << g->in.v[8][i];
    same_vec(g, 14, &fma);
    same_vec(g, 2, &nmsub);
    same_vec(g, 3, &single);
    same_vec(g, 10, &half);
    same_vec(g, 4, &single);
    same_vec(g, 5, &all);
    same_vec(g, 6, &sll);
}

/* The control register as the code sees it: round up, then back. */
static void test_mxcsr(void **state)
{
    struct rig *g = *state;
    struct xasm *a = rig_begin(g);
    const double x = 2.25;
    memcpy(g->in.v[1], &x, 8);
    g->in.mem[0] = 0x5f80; /* all masked, rounding up */
    g->in.r[RBP] = (u64)&g->out.mem;
    xa_stmxcsr(a, xm(RBP, 8));
    xa_ldmxcsr(a, xm(RBP, 0));
    xa_cvt_to_int(a, false, 64, 64, RBX, X(1));
    xa_stmxcsr(a, xm(RBP, 16));
    xa_ldmxcsr(a, xm(RBP, 8));
    xa_cvt_to_int(a, false, 64, 64, RSI, X(1));
    rig_run(g);
    assert_int_equal(g->out.r[RBX], 3);
    assert_int_equal(g->out.r[RSI], 2);
    assert_int_equal((u32)g->out.mem[2], 0x5fa0); /* inexact */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_fp),
        cmocka_unit_test(test_avx_only),
        cmocka_unit_test(test_mxcsr),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
