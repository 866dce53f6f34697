/*
 * x64_asm_test.c - the x86-64 encoder: its bytes against those of GNU as (x64_asm_vectors.h), the end of the room,
 * what it refuses, the host's features. x64_asm_run_test.c runs emitted code.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/jit/x64/asm.h"

/* ---- bytes ---- */

#define BASE 0x100000000ull

static const void *at(i64 offset) { return (const void *)(BASE + (u64)offset); } /* executable address */
static enum xreg X(u32 n) { return (enum xreg)n; }

static void start(struct xasm *a, u8 *room, size_t n)
{
    a->p = room;
    a->end = room + n;
    a->delta = (i64)(BASE - (u64)room);
    a->full = false;
}

/* The code between room and a->p is the bytes of `hex`. */
static void same_code(const struct xasm *a, const u8 *room, const char *text, const char *call, const char *hex)
{
    char got[256];
    u32 n = (u32)(a->p - room);
    got[0] = 0;
    for (u32 i = 0; i < n && i < 64; i++)
        sprintf(got + 2 * i, "%02x", room[i]);
    if (a->full || strcmp(got, hex))
        fail_msg("%s: %s gave %s, not %s%s", call, text, got, hex, a->full ? " (full)" : "");
}

#define V(text, call, hex) \
    start(a, room, sizeof room); \
    call; \
    same_code(a, room, text, #call, hex);

static u8 room[128];

/* Thousands of calls with structs as arguments take minutes to compile with the sanitizers' checks and optimised;
 * what is tested is on the other side of the calls. */
#define UNCHECKED __attribute__((no_sanitize("address", "undefined"), optimize("O0")))
#include "x64_asm_vectors.h"

static void test_vectors(void **state)
{
    (void)state;
    for (u32 i = 0; i < COUNT(vector_groups); i++) {
        struct xasm a = { .features = vector_groups[i].features };
        vector_groups[i].run(&a);
    }
}

/* ---- room ---- */

static void some_of_each(struct xasm *a)
{
    xa_alu_mi(a, XA_ADD, 64, xmi(R12, R13, 8, 0x12345678), 0x12345678); /* the longest: 12 bytes */
    xa_v3(a, XV_PADDD, X(8), X(9), X(10));
    xa_blendv(a, 4, X(1), X(2), X(3), X(4));
    xa_mov_ri(a, R9, 0x123456789abcdef0);
    u8 *near = xa_jcc_fwd(a, CC_E, false), *close = xa_jmp_fwd(a, true);
    xa_jmp(a, at(0x1000));
    xa_call(a, at(0x1000));
    xa_lock_cmpxchg16b(a, xm(RDI, 0));
    xa_here_is(a, close, true);
    xa_align(a, 64);
    xa_ret(a);
    xa_here_is(a, near, false);
    xa_pinsr(a, 8, X(1), X(2), RAX, 3);
}

/* In n bytes: what fits of the code that fits in many, and not a byte more. */
static void test_full(void **state)
{
    (void)state;
    for (u32 features = 0; features <= XF_AVX; features += XF_AVX) {
        u8 whole[256], part[256];
        struct xasm a = { .features = features };
        start(&a, whole, sizeof whole);
        some_of_each(&a);
        assert_false(a.full);
        u32 length = (u32)(a.p - whole);
        for (u32 n = 0; n < sizeof part; n++) {
            memset(part, 0xcc, sizeof part);
            start(&a, part, n);
            some_of_each(&a);
            u32 got = (u32)(a.p - part);
            assert_true(got <= n && (a.full ? got < length : got == length));
            assert_true(a.full || n >= length);
            assert_true(!a.full || n < length + 24);
            for (u32 i = n; i < sizeof part; i++)
                assert_int_equal(part[i], 0xcc);
            xa_ret(&a);
            assert_true(!a.full || a.p == part + got);
        }
    }
}

/* ---- what is refused ---- */

static void refuse(void (*emit)(struct xasm *a), u32 features)
{
    pid_t child = fork();
    if (child == 0) {
        struct xasm a = { .features = features };
        start(&a, room, sizeof room);
        fclose(stderr);
        emit(&a);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void lose_source(struct xasm *a) { xa_v3(a, XV_PSUBD, X(1), X(2), X(1)); }
static void vex_only(struct xasm *a) { xa_v3(a, XV_VPSLLVD, X(1), X(2), X(3)); }
static void blend_mask(struct xasm *a) { xa_blendv(a, 1, X(1), X(2), X(0), X(3)); }
static void rsp_index(struct xasm *a) { xa_mov_rm(a, 64, RAX, xmi(RAX, RSP, 1, 0)); }
static void too_far(struct xasm *a) { xa_jmp(a, at(0x80000010)); }

static void far_short(struct xasm *a)
{
    u8 *place = xa_jmp_fwd(a, true);
    a->p += 128;
    xa_here_is(a, place, true);
}

static void test_refused(void **state)
{
    (void)state;
    refuse(lose_source, 0);
    refuse(vex_only, 0);
    refuse(blend_mask, 0);
    refuse(rsp_index, XF_AVX);
    refuse(too_far, XF_AVX);
    refuse(far_short, XF_AVX);
}

/* ---- the host ---- */

static void test_host(void **state)
{
    (void)state;
    unsetenv("MYNAH_HOST");
    u32 f = xa_host_features();
    assert_true(!(f & XF_AVX) == !__builtin_cpu_supports("avx"));
    assert_true(!(f & XF_AVX2) == !__builtin_cpu_supports("avx2"));
    assert_true(!(f & XF_FMA) == !__builtin_cpu_supports("fma"));
    assert_true(!(f & XF_BMI1) == !__builtin_cpu_supports("bmi"));
    assert_true(!(f & XF_BMI2) == !__builtin_cpu_supports("bmi2"));
    assert_true(!(f & XF_AES) == !__builtin_cpu_supports("aes"));
    assert_true(!(f & XF_CLMUL) == !__builtin_cpu_supports("pclmul"));
    if (f & XF_BASE)
        assert_true(__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"));
    setenv("MYNAH_HOST", "-bmi1,,-sha,unknown,-lzcnt", 1);
    assert_int_equal(xa_host_features(), f & ~(u32)(XF_BMI1 | XF_SHA | XF_LZCNT));
    setenv("MYNAH_HOST", "-avx", 1);
    assert_int_equal(xa_host_features(), f & ~(u32)(XF_AVX | XF_AVX2 | XF_FMA | XF_F16C));
    setenv("MYNAH_HOST", "-base", 1);
    assert_int_equal(xa_host_features(), f & ~(u32)XF_BASE);
    unsetenv("MYNAH_HOST");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
