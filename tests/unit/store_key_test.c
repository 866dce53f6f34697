/* store_key_test.c - SHA-256 (FIPS 180-4 and sha256sum), and keys of the code cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/jit/store.h"

static void hex_of(struct sha256 s, char text[65])
{
    u8 h[SHA256_BYTES];
    sha256_end(&s, h);
    for (u32 i = 0; i < sizeof h; i++)
        snprintf(text + 2 * i, 3, "%02x", h[i]);
}

/* The messages of NIST's examples for SHA-256 and of FIPS 180-2, appendix B. */
static void test_known(void **state)
{
    static const struct { const char *text; u32 times; const char *hash; } row[] = {
        { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
    };
    char got[65];
    (void)state;
    for (u32 i = 0; i < COUNT(row); i++) {
        struct sha256 s;
        sha256_start(&s);
        for (u32 n = 0; n < row[i].times; n++)
            sha256_add(&s, row[i].text, strlen(row[i].text));
        hex_of(s, got);
        assert_string_equal(got, row[i].hash);
    }
}

/* Every length around the block, in pieces of all sizes, against another program. */
static void test_against_sha256sum(void **state)
{
    static u8 p[20000];
    char path[] = "/tmp/mynah-sha-XXXXXX", cmd[80], got[65], want[65] = "";
    int fd = mkstemp(path);
    (void)state;
    for (u32 i = 0; i < sizeof p; i++)
        p[i] = (u8)(i * 197 ^ i >> 6);
    snprintf(cmd, sizeof cmd, "sha256sum < %s", path);
    for (u32 i = 0; i < 150; i++) {
        u32 n = i < 140 ? i : i * 131;
        struct sha256 s;
        sha256_start(&s);
        for (u32 at = 0, k = 1; at < n; at += k, k = k * 3 % 211 + 1)
            sha256_add(&s, p + at, k = MIN(k, n - at));
        hex_of(s, got);
        assert_true(!ftruncate(fd, 0) && pwrite(fd, p, n, 0) == (ssize_t)n);
        FILE *f = popen(cmd, "r");
        assert_true(f && fscanf(f, "%64s", want) == 1);
        pclose(f);
        assert_string_equal(got, want);
    }
    close(fd);
    unlink(path);
}

static void key_of(u8 key[32], const char *name, const char *value, const char *name2, const char *value2)
{
    struct code_key k;
    code_key_start(&k);
    code_key_add(&k, name, value, strlen(value));
    if (name2)
        code_key_add(&k, name2, value2, strlen(value2));
    code_key_end(&k, key);
}

/* Where one part ends and the next begins is in the key. */
static void test_parts(void **state)
{
    u8 key[8][32];
    (void)state;
    key_of(key[0], "mode", "12", NULL, NULL);
    key_of(key[1], "mode1", "2", NULL, NULL);
    key_of(key[2], "mode", "1", "2", "");
    key_of(key[3], "mode", "1", "", "2");
    key_of(key[4], "mode", "", "mode", "12");
    key_of(key[5], "mode", "12", "mode", "");
    key_of(key[6], "", "", NULL, NULL);
    key_of(key[7], "", "", "", "");
    for (u32 a = 0; a < COUNT(key); a++)
        for (u32 b = 0; b < a; b++)
            assert_memory_not_equal(key[a], key[b], 32);
    key_of(key[1], "mode", "12", NULL, NULL);
    assert_memory_equal(key[0], key[1], 32);
}

static void test_common_part(void **state)
{
    struct code_key base, k;
    u8 a[32], b[32], c[32];
    (void)state;
    code_key_start(&base);
    code_key_add(&base, "model", "x", 1);
    k = base;
    code_key_add_u64(&k, "mode", 5);
    code_key_end(&k, a);
    k = base;
    code_key_add_u64(&k, "mode", 6);
    code_key_end(&k, b);
    code_key_add_u64(&base, "mode", 5);
    code_key_end(&base, c);
    assert_memory_equal(a, c, 32);
    assert_memory_not_equal(a, b, 32);
}

/* This program and the C library (its stdout) come from different builds, memory of malloc() from none. */
static void test_build(void **state)
{
    struct code_key k;
    u8 own[32], own2[32], libc[32], *heap = malloc(1);
    (void)state;
    code_key_start(&k);
    assert_true(code_key_add_build(&k, "build", (const void *)(uintptr_t)test_build));
    code_key_end(&k, own);
    code_key_start(&k);
    assert_true(code_key_add_build(&k, "build", (const void *)(uintptr_t)code_store_open));
    code_key_end(&k, own2);
    code_key_start(&k);
    assert_true(code_key_add_build(&k, "build", stdout));
    code_key_end(&k, libc);
    assert_memory_equal(own, own2, 32);
    assert_memory_not_equal(own, libc, 32);
    assert_false(code_key_add_build(&k, "build", heap));
    free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known), cmocka_unit_test(test_against_sha256sum), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_common_part), cmocka_unit_test(test_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
