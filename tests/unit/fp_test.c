/* fp_test.c - ir/fp.h against the host's SSE and x87, and against fixed Arm vectors.
 *
 * Grids of special values in all combinations, then random operands, in every rounding mode; flags
 * count as much as results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/types.h"
#include "ir/fp.h"
#include "tests/unit/fp_arm_vectors.h"

static void check(const char *what, enum fp_fmt f, const u128 *in, u32 ctl, u128 got, u32 got_flags,
                  u128 want, u32 want_flags)
{
    u32 i;

    if (got == want && got_flags == want_flags)
        return;
    fprintf(stderr, "%s f%u ctl %#x:", what, fp_width(f), ctl);
    for (i = 0; i < 3; i++)
        fprintf(stderr, " %04x_%016llx", (u32)(in[i] >> 64), (unsigned long long)in[i]);
    fprintf(stderr, "\n  got  %04x_%016llx flags %#x\n  want %04x_%016llx flags %#x\n",
            (u32)(got >> 64), (unsigned long long)got, got_flags, (u32)(want >> 64),
            (unsigned long long)want, want_flags);
    fail();
}

#ifdef __x86_64__
#include "tests/unit/fp_grid.h"
#include "tests/unit/fp_host.h"

struct rng {
    u64 s;
};

static u64 rng_next(struct rng *r) /* xorshift64* */
{
    r->s ^= r->s >> 12;
    r->s ^= r->s << 25;
    r->s ^= r->s >> 27;
    return r->s * 0x2545f4914f6cdd1dull;
}

static u32 grid_size(enum fp_fmt f)
{
    return 2 * (f == FP_F32 ? COUNT(grid_f32) : f == FP_F64 ? COUNT(grid_f64) : COUNT(grid_f80));
}

static u128 grid_value(enum fp_fmt f, u32 i)
{
    u128 v = f == FP_F32   ? grid_f32[i / 2]
             : f == FP_F64 ? grid_f64[i / 2]
                           : (u128)grid_f80[i / 2].se << 64 | grid_f80[i / 2].sig;
    return i & 1 ? fp_neg(f, v) : v;
}

/* A random value: any bits, exponents near another value's, few bits set. */
static u128 random_value(enum fp_fmt f, struct rng *r)
{
    u64 how = rng_next(r), lo = rng_next(r);
    u32 exp_lsb = f == FP_F32 ? 23 : 52;

    if (how & 1)
        lo &= rng_next(r) & rng_next(r);
    if (f == FP_F80) {
        u64 se = how >> 8 & 2 ? 0x3fff + (how >> 16 & 0x7f) - 64 : how >> 16;
        return (u128)(u16)(se | (how >> 40 & 0x8000)) << 64 | lo | (how & 28 ? 1ull << 63 : 0);
    }
    if (how & 6) {
        u64 bias = f == FP_F32 ? 127 : 1023, be = bias + (how >> 16 & 31) - 16;
        lo = (lo & ((1ull << exp_lsb) - 1)) | be << exp_lsb
             | (how >> 40 & 1) << (f == FP_F32 ? 31 : 63);
    }
    return f == FP_F32 ? (u32)lo : lo;
}

static const struct {
    const char *name;
    enum host_op op;
    u128 (*fn)(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
} two_ops[] = {
    { "add", HOST_ADD, fp_add }, { "sub", HOST_SUB, fp_sub }, { "mul", HOST_MUL, fp_mul },
    { "div", HOST_DIV, fp_div }, { "min", HOST_MIN, fp_min }, { "max", HOST_MAX, fp_max },
};

static void sse_two(enum fp_fmt f, u64 a, u64 b, u32 ctl)
{
    const u128 in[3] = { a, b };
    u32 i, hf = 0;

    for (i = 0; i < COUNT(two_ops); i++) {
        struct fp_env e = { ctl | FP_X86, 0 };
        u128 got = two_ops[i].fn(f, a, b, &e);
        u64 want = host_sse(f, two_ops[i].op, a, b, ctl, &hf);

        check(two_ops[i].name, f, in, ctl, got, e.flags, want, hf);
    }
}

static void sse_compare(enum fp_fmt f, u64 a, u64 b, u32 ctl)
{
    const u128 in[3] = { a, b };
    u32 i, hf = 0;

    for (i = 0; i < 2; i++) {
        struct fp_env e = { ctl | FP_X86, 0 };
        enum fp_rel got = fp_cmp(f, a, b, i, &e);
        enum fp_rel want = host_cmp(f, a, b, i, ctl, &hf);

        check("cmp", f, in, ctl, got, e.flags, want, hf);
    }
}

static void sse_fma(enum fp_fmt f, u64 a, u64 b, u64 c, u32 ctl)
{
    const u128 in[3] = { a, b, c };
    struct fp_env e = { ctl | FP_X86, 0 };
    u32 hf = 0;
    u128 got = fp_fma(f, a, b, c, &e);
    u64 want = host_fma(f, a, b, c, ctl, &hf);

    check("fma", f, in, ctl, got, e.flags, want, hf);
}

static void sse_one(enum fp_fmt f, u64 a, u32 ctl)
{
    const u128 in[3] = { a };
    enum fp_fmt other = f == FP_F32 ? FP_F64 : FP_F32;
    struct fp_env e = { ctl | FP_X86, 0 };
    u32 hf = 0, width;
    u128 got = fp_sqrt(f, a, &e);
    u64 want = host_sse(f, HOST_SQRT, a, 0, ctl, &hf);

    check("sqrt", f, in, ctl, got, e.flags, want, hf);
    e.flags = 0;
    got = fp_rint(f, a, ctl & FP_RM_MASK, true, &e);
    want = host_sse(f, HOST_RINT, a, 0, ctl, &hf);
    check("rint", f, in, ctl, got, e.flags, want, hf);
    e.flags = 0;
    got = fp_cvt(f, other, a, &e);
    want = host_cvt(f, other, a, ctl, &hf);
    check("cvt", f, in, ctl, got, e.flags, want, hf);
    for (width = 32; width <= 64; width += 32) {
        e.flags = 0;
        got = fp_to_int_x86(f, a, width, ctl & FP_RM_MASK, &e);
        want = host_to_int(f, a, width, ctl, &hf);
        check("to_int", f, in, ctl, got, e.flags, want, hf);
        e.flags = 0;
        got = fp_from_int(f, a, 0, width, true, &e);
        want = host_from_int(f, a, width, ctl, &hf);
        check("from_int", f, in, ctl, got, e.flags, want, hf);
    }
}

static void sse_half(u64 a, u32 ctl)
{
    const u128 in[3] = { a };
    struct fp_env e = { ctl | FP_X86, 0 };
    u32 hf = 0;
    u128 got = fp_cvt(FP_F32, FP_F16, a, &e);
    u64 want = host_cvt(FP_F32, FP_F16, a, ctl, &hf);

    check("cvt to f16", FP_F32, in, ctl, got, e.flags, want, hf);
    e.flags = 0;
    got = fp_cvt(FP_F16, FP_F32, a & 0xffff, &e);
    want = host_cvt(FP_F16, FP_F32, a & 0xffff, ctl, &hf);
    check("cvt from f16", FP_F16, in, ctl, got, e.flags, want, hf);
}

static const u32 sse_modes[] = { 0, FP_DAZ, FP_FTZ, FP_DAZ | FP_FTZ };

static void sse_pair(enum fp_fmt f, u64 a, u64 b, u32 ctl)
{
    sse_two(f, a, b, ctl);
    sse_compare(f, a, b, ctl);
    sse_fma(f, a, b, b ^ 1, ctl);
}

static void sse_grid(enum fp_fmt f)
{
    u32 n = grid_size(f), i, j, k, ctl;

    for (k = 0; k < 16; k++) {
        ctl = k % 4 | sse_modes[k / 4];
        for (i = 0; i < n; i++) {
            sse_one(f, (u64)grid_value(f, i), ctl);
            for (j = 0; j < n; j++)
                sse_pair(f, (u64)grid_value(f, i), (u64)grid_value(f, j), ctl);
        }
    }
}

static void sse_random(enum fp_fmt f, u32 rounds)
{
    struct rng r = { 0x9e3779b97f4a7c15 + f };
    u64 a, b, c;
    u32 i, ctl;

    for (i = 0; i < rounds; i++) {
        ctl = i % 4 | sse_modes[i / 4 % 4];
        a = (u64)random_value(f, &r);
        b = (u64)random_value(f, &r);
        c = (u64)random_value(f, &r);
        sse_pair(f, a, b, ctl);
        sse_one(f, a, ctl);
        sse_fma(f, a, b, c, ctl);
        /* c close to -(a * b): deep cancellation */
        c = (u64)fp_neg(f, fp_mul(f, a, b, &(struct fp_env){ 0, 0 })) + i % 3 - 1;
        sse_fma(f, a, b, f == FP_F32 ? (u32)c : c, ctl);
    }
}

static void test_sse_f32(void **state)
{
    (void)state;
    if (!host_usable())
        skip();
    sse_grid(FP_F32);
    sse_random(FP_F32, 200000);
}

static void test_sse_f64(void **state)
{
    (void)state;
    if (!host_usable())
        skip();
    sse_grid(FP_F64);
    sse_random(FP_F64, 200000);
}

/* Products, sums and quotients on both sides of the smallest normal. */
static void test_sse_tiny(void **state)
{
    struct rng r = { 12345 };
    u32 i, ctl;

    (void)state;
    if (!host_usable())
        skip();
    for (i = 0; i < 100000; i++) {
        u64 x = rng_next(&r), y = rng_next(&r);

        ctl = i % 4 | sse_modes[i / 4 % 4];
        sse_pair(FP_F32, (u32)(x & 0x007fffff) | 0x3f800000 | (x & 1u << 31),
                 (u32)(y & 0x00ffffff) | (y & 1u << 31), ctl);
        sse_pair(FP_F64, x >> 12 | 0x3fe0000000000000, y >> 11 | y << 63, ctl);
        sse_one(FP_F64, 0x3800000000000000 | x >> 11, ctl);
    }
}

static void test_sse_f16(void **state)
{
    u32 i, k;

    (void)state;
    if (!host_usable())
        skip();
    for (k = 0; k < 16; k++) {
        for (i = 0; i < 65536; i += k % 4 ? 7 : 1)
            sse_half(i * 0x9e3779b1u, k % 4 | sse_modes[k / 4]);
        for (i = 0; i < 0x30000; i += 13) /* exponents from below f16's denormals to overflow */
            sse_half(0x33000000 + i * 0x800 + i % 3 * 0x7ff, k % 4 | sse_modes[k / 4]);
        for (i = 0; i < grid_size(FP_F32); i++)
            sse_half((u64)grid_value(FP_F32, i), k % 4 | sse_modes[k / 4]);
    }
}

static void x87_two(u128 a, u128 b, u32 ctl)
{
    const u128 in[3] = { a, b };
    u32 i, hf = 0;
    u16 sw;

    for (i = 0; i < 4; i++) {
        struct fp_env e = { ctl, 0 };
        u128 got = two_ops[i].fn(FP_F80, a, b, &e);
        u128 want = host_x87(two_ops[i].op, a, b, ctl, &hf, &sw);

        check(two_ops[i].name, FP_F80, in, ctl, got, e.flags, want, hf);
    }
    for (i = 0; i < 2; i++) {
        struct fp_env e = { ctl, 0 };
        enum fp_rel got = fp_cmp(FP_F80, a, b, i, &e);
        enum fp_rel want = host_x87_cmp(a, b, i, ctl, &hf);

        check("cmp", FP_F80, in, ctl, got, e.flags, want, hf);
    }
}

static void x87_one(u128 a, u32 ctl)
{
    const u128 in[3] = { a };
    struct fp_env e = { ctl, 0 };
    u32 hf = 0, width;
    u16 sw;
    u128 got = fp_sqrt(FP_F80, a, &e), want = host_x87(HOST_SQRT, a, 0, ctl, &hf, &sw);

    check("sqrt", FP_F80, in, ctl, got, e.flags, want, hf);
    e.flags = 0;
    got = fp_rint(FP_F80, a, ctl & FP_RM_MASK, true, &e);
    want = host_x87(HOST_RINT, a, 0, ctl, &hf, &sw);
    check("rint", FP_F80, in, ctl, got, e.flags, want, hf);
    e.flags = 0;
    got = fp_getman(FP_F80, a, &e);
    fp_getexp(FP_F80, a, &e); /* FXTRACT has the flags of both */
    want = host_x87(HOST_GETMAN, a, 0, ctl, &hf, &sw);
    check("getman", FP_F80, in, ctl, got, e.flags, want, hf);
    e.flags = 0;
    got = fp_getexp(FP_F80, a, &e);
    want = host_x87(HOST_GETEXP, a, 0, ctl, &hf, &sw);
    check("getexp", FP_F80, in, ctl, got, e.flags, want, hf);
    for (width = 16; width <= 64; width *= 2) {
        e.flags = 0;
        got = fp_to_int_x86(FP_F80, a, width, ctl & FP_RM_MASK, &e);
        want = host_x87_to_int(a, width, ctl, &hf);
        check("fist", FP_F80, in, ctl, got, e.flags, want, hf);
    }
    for (width = 32; width <= 64; width *= 2) {
        enum fp_fmt f = width == 32 ? FP_F32 : FP_F64;

        e.flags = 0;
        got = fp_cvt(FP_F80, f, a, &e);
        want = host_x87_store(f, a, ctl, &hf);
        check("store", f, in, ctl, got, e.flags, want, hf);
    }
}

static void x87_load(enum fp_fmt f, u64 a, u32 ctl)
{
    const u128 in[3] = { a };
    struct fp_env e = { ctl, 0 };
    u32 hf = 0;
    u128 got = fp_cvt(f, FP_F80, a, &e), want = host_x87_load(f, a, ctl, &hf);

    check("load", f, in, ctl, got, e.flags, want, hf);
}

static void x87_rem(u128 a, u128 b, u32 ctl)
{
    const u128 in[3] = { a, b };
    u32 i, hf = 0, cc;
    u16 sw;

    for (i = 0; i < 2; i++) {
        struct fp_env e = { ctl, 0 };
        u64 q;
        bool partial;
        u128 got = fp_prem(FP_F80, a, b, i, &q, &partial, &e);
        u128 want = host_x87(i ? HOST_PREM1 : HOST_PREM, a, b, ctl, &hf, &sw);

        check("prem", FP_F80, in, ctl, got, e.flags, want, hf & ~(u32)FP_UP);
        if (e.flags & FP_IOC)
            continue;
        cc = partial ? 0x400 : (q & 4 ? 0x100 : 0) | (q & 2 ? 0x4000 : 0) | (q & 1 ? 0x200 : 0);
        check("prem's quotient", FP_F80, in, ctl, cc, 0, sw & 0x4700, 0);
    }
}

static void x87_scale(u128 a, i32 n, u32 ctl)
{
    const u128 in[3] = { a, (u128)(u32)n };
    struct fp_env e = { ctl, 0 }, none = { 0, 0 };
    u32 hf = 0;
    u16 sw;
    u128 got = fp_scale(FP_F80, a, n, &e);
    u128 want = host_x87(HOST_SCALE, a, fp_from_int(FP_F80, (u64)(i64)n, 0, 32, true, &none), ctl,
                         &hf, &sw);

    check("scale", FP_F80, in, ctl, got, e.flags, want, hf);
}

static const i32 scales[] = { 0,      1,     -1,     63,         -63,        64,
                              -65,    16382, -16382, 16445,      -16446,     32766,
                              -32829, 65536, -65536, 0x7fffffff, -0x7fffffff };
static const u32 x87_modes[] = { 0, FP_PC53, FP_PC24 };

static void test_x87_grid(void **state)
{
    u32 n = grid_size(FP_F80), i, j, k, ctl;

    (void)state;
    for (k = 0; k < 12; k++) {
        ctl = k % 4 | x87_modes[k / 4];
        for (i = 0; i < n; i++) {
            x87_one(grid_value(FP_F80, i), ctl);
            for (j = 0; j < COUNT(scales); j++)
                x87_scale(grid_value(FP_F80, i), scales[j], ctl);
            for (j = 0; j < n; j++) {
                x87_two(grid_value(FP_F80, i), grid_value(FP_F80, j), ctl);
                x87_rem(grid_value(FP_F80, i), grid_value(FP_F80, j), ctl);
            }
        }
        for (i = 0; i < grid_size(FP_F32); i++)
            x87_load(FP_F32, (u64)grid_value(FP_F32, i), ctl);
        for (i = 0; i < grid_size(FP_F64); i++)
            x87_load(FP_F64, (u64)grid_value(FP_F64, i), ctl);
    }
}

static void test_x87_random(void **state)
{
    struct rng r = { 777 };
    u32 i, ctl;

    (void)state;
    for (i = 0; i < 200000; i++) {
        u128 a = random_value(FP_F80, &r), b = random_value(FP_F80, &r);

        ctl = i % 4 | x87_modes[i / 4 % 3];
        x87_two(a, b, ctl);
        x87_rem(a, b, ctl);
        x87_one(a, ctl);
        x87_scale(a, (i32)(b % 70000) - 35000, ctl);
    }
}
#endif

static u128 arm_two(const struct arm_vector *v, struct fp_env *e)
{
    static u128 (*const fn[])(enum fp_fmt, u128, u128, struct fp_env *) = {
        [ARM_ADD] = fp_add,     [ARM_SUB] = fp_sub,       [ARM_MUL] = fp_mul,
        [ARM_DIV] = fp_div,     [ARM_MIN] = fp_min,       [ARM_MAX] = fp_max,
        [ARM_MINNM] = fp_minnm, [ARM_MAXNM] = fp_maxnm,   [ARM_MULX] = fp_mulx,
        [ARM_RECPS] = fp_recps, [ARM_RSQRTS] = fp_rsqrts,
    };
    return fn[v->kind](v->f, v->in[0], v->in[1], e);
}

static u128 arm_convert(const struct arm_vector *v, struct fp_env *e)
{
    switch (v->kind) {
    case ARM_CVT: return fp_cvt(v->f, v->to, v->in[0], e);
    case ARM_CVTXN: e->ctl = FP_RODD; return fp_cvt(FP_F64, FP_F32, v->in[0], e);
    case ARM_TO_INT: return fp_to_int(v->f, v->in[0], v->fbits, v->width, v->is_signed, v->rm, e);
    case ARM_FROM_INT: return fp_from_int(v->f, v->in[0], v->fbits, v->width, v->is_signed, e);
    case ARM_RINT: return fp_rint(v->f, v->in[0], v->rm, v->exact, e);
    case ARM_URECPE: return fp_urecpe((u32)v->in[0]);
    default: return fp_ursqrte((u32)v->in[0]);
    }
}

static u128 arm_run(const struct arm_vector *v, struct fp_env *e)
{
    const u64 *in = v->in;

    switch (v->kind) {
    case ARM_SQRT: return fp_sqrt(v->f, in[0], e);
    case ARM_RECPE: return fp_recpe(v->f, in[0], e);
    case ARM_RSQRTE: return fp_rsqrte(v->f, in[0], e);
    case ARM_RECPX: return fp_recpx(v->f, in[0], e);
    case ARM_MADD: return fp_fma(v->f, in[0], in[1], in[2], e);
    case ARM_NMADD: return fp_fma(v->f, fp_neg(v->f, in[0]), in[1], fp_neg(v->f, in[2]), e);
    case ARM_CMP: return fp_cmp(v->f, in[0], in[1], false, e);
    default: return v->kind <= ARM_RSQRTS ? arm_two(v, e) : arm_convert(v, e);
    }
}

static void test_arm_vectors(void **state)
{
    char name[32];
    u32 i;

    (void)state;
    for (i = 0; i < COUNT(arm_vectors); i++) {
        const struct arm_vector *v = &arm_vectors[i];
        const u128 in[3] = { v->in[0], v->in[1], v->in[2] };
        struct fp_env e = { v->ctl, 0 };
        u128 got = arm_run(v, &e);

        snprintf(name, sizeof name, "arm_vectors[%u]", i);
        check(name, v->f, in, v->ctl, got, e.flags, v->result, v->flags);
    }
}

/* What neither Arm nor the host's instructions reach. */
static void test_corners(void **state)
{
    const u128 x = (u128)0x3fff << 64 | 0x8000000000000001, minus = (u128)0xbfff << 64;
    struct fp_env e = { 0, 0 };

    (void)state;
    /* (1 + 2^-63)^2 - (1 + 2^-62) is 2^-126, exactly: nothing of the 128-bit product is lost */
    assert_true(fp_fma(FP_F80, x, x, minus | 0x8000000000000002, &e)
                == ((u128)0x3f81 << 64 | 1ull << 63));
    assert_int_equal(e.flags, 0);
    /* exact and tiny: reported when underflow is unmasked only */
    assert_true(fp_mul(FP_F32, 0x00800000, 0x3f000000, &e) == 0x00400000);
    assert_int_equal(e.flags, 0);
    e.ctl = FP_UF_EXACT;
    assert_true(fp_mul(FP_F32, 0x00800000, 0x3f000000, &e) == 0x00400000);
    assert_int_equal(e.flags, FP_UFC);
    e = (struct fp_env){ FP_UF_EXACT | FP_X86, 0 };
    assert_true(fp_min(FP_F32, 0x00000001, 0x00000002, &e) == 1);
    assert_int_equal(e.flags, FP_DE);
    /* Arm's helpers have no f80 form */
    e = (struct fp_env){ 0, 0 };
    assert_true(fp_recpe(FP_F80, x, &e) == ((u128)0xffff << 64 | 0xc000000000000000));
    assert_int_equal(e.flags, FP_IOC);
}

/* Unmasked overflow and underflow: IXC is that of a result with an unbounded exponent; f80 results are wrapped. */
static void test_unmasked(void **state)
{
    const u128 huge = (u128)0x7ffe << 64 | 3ull << 62, least = (u128)1 << 64 | 3ull << 62;
    const u128 half = (u128)0x3ffe << 64 | 1ull << 63;
    struct fp_env e = { FP_X86 | FP_OF_EXACT | FP_UF_EXACT, 0 };

    (void)state;
    assert_true(fp_mul(FP_F32, 0x71c00000, 0x53c00000, &e) == 0x7f800000); /* 1.5 * 2^100 by 1.5 * 2^40 */
    assert_int_equal(e.flags, FP_OFC);
    e.flags = 0;
    assert_true(fp_mul(FP_F32, 0x71c00001, 0x53c00001, &e) == 0x7f800000);
    assert_int_equal(e.flags, FP_OFC | FP_IXC);
    e.flags = 0;
    assert_true(fp_mul(FP_F32, 0x0dc00001, 0x2bc00000, &e) == 0x480); /* 2.25 * 2^-140 and more */
    assert_int_equal(e.flags, FP_UFC | FP_IXC);
    e.flags = 0;
    assert_true(fp_add(FP_F80, huge, huge, &e) == ((u128)(0x7fff - 24576) << 64 | 3ull << 62));
    assert_int_equal(e.flags, FP_OFC);
    e.flags = 0;
    assert_true(fp_mul(FP_F80, least, half, &e) == ((u128)24576 << 64 | 3ull << 62));
    assert_int_equal(e.flags, FP_UFC);
}

/* Values as they are in tables, to the last place. */
static void test_transcendental(void **state)
{
    const u128 one = (u128)0x3fff << 64 | 1ull << 63, two = (u128)0x4000 << 64 | 1ull << 63, minus = (u128)1 << 79;
    const u128 half = (u128)0x3ffe << 64 | 1ull << 63;
    const u128 pi_4 = (u128)0x3ffe << 64 | 0xc90fdaa22168c235, sin_1 = (u128)0x3ffe << 64 | 0xd76aa47848677021;
    const u128 cos_1 = (u128)0x3ffe << 64 | 0x8a51407da8345c92, tan_1 = (u128)0x3fff << 64 | 0xc75922e5f71d2dc5;
    struct fp_env e = { 0, 0 };

    (void)state;
    assert_true(fp_patan(one, one, &e) == pi_4);
    assert_true(fp_sin(one, &e) == sin_1);
    assert_true(fp_sin(one | minus, &e) == (sin_1 | minus));
    assert_true(fp_cos(one, &e) == cos_1);
    assert_true(fp_tan(one, &e) == tan_1);
    /* 2 log2 8, sqrt 2 - 1, log2 1.5 */
    assert_true(fp_yl2x((u128)0x4002 << 64 | 1ull << 63, two, &e) == ((u128)0x4001 << 64 | 3ull << 62));
    assert_true(fp_2xm1(half, &e) == ((u128)0x3ffd << 64 | 0xd413cccfe7799211));
    assert_true(fp_yl2xp1(half, one, &e) == ((u128)0x3ffe << 64 | 0x95c01a39fbd687a0));
    assert_int_equal(e.flags & ~(u32)FP_UP, FP_IXC);
    assert_false(fp_trig_in_range((u128)0x403e << 64 | 1ull << 63));
    e = (struct fp_env){ 0, 0 };
    assert_true(fp_yl2x(0, one, &e) == ((u128)0xffff << 64 | 1ull << 63));
    assert_int_equal(e.flags, FP_DZC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef __x86_64__
        cmocka_unit_test(test_sse_f32),     cmocka_unit_test(test_sse_f64),
        cmocka_unit_test(test_sse_tiny),    cmocka_unit_test(test_sse_f16),
        cmocka_unit_test(test_x87_grid),    cmocka_unit_test(test_x87_random),
#endif
        cmocka_unit_test(test_arm_vectors), cmocka_unit_test(test_corners), cmocka_unit_test(test_unmasked),
        cmocka_unit_test(test_transcendental),
    };
    return cmocka_run_group_tests_name("fp", tests, NULL, NULL);
}
