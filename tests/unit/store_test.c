/* store_test.c - the disk cache of compiled code: what is put is got, folders, room. */
#include "tests/unit/store_rig.h"

static bool same_text(const char *path, const char *text)
{
    char got[200] = "";
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, got, sizeof got - 1);
    close(fd);
    return n >= 0 && !strcmp(got, text);
}

/* ---- regions ---- */

static void test_round_trip(void **state)
{
    struct rig r;
    struct stat st;
    (void)state;
    rig_init(&r);
    for (u32 round = 0; round < 2; round++) {
        for (u32 i = 0; i < 200; i++) {
            assert_true(rig_get(r.s, i) == (round == 1));
            rig_put(r.s, i);
            assert_true(rig_get(r.s, i));
        }
        struct code_store_stats t = rig_stats(&r);
        assert_int_equal(t.puts, round ? 0 : 200);
        assert_int_equal(t.put_again, round ? 200 : 0);
        assert_int_equal(t.hits, round ? 400 : 200);
        assert_int_equal(t.misses, round ? 0 : 200);
        assert_true(round ? t.bytes_in > 0 && !t.bytes_out : t.bytes_in == t.bytes_out);
        assert_true(!t.damaged && !t.failed && !t.skipped && !t.evicted);
        code_store_close(r.s);
        rig_open(&r, CODE_STORE_DEFAULT_BYTES, &code_store_host_ops);
    }
    assert_true(!stat(r.dir, &st) && (st.st_mode & 0777) == 0700);
    assert_true(!stat(rig_path(&r, 7), &st) && (st.st_mode & 0777) == 0600);
    assert_int_equal(rig_count(&r, STORE_TMP), 0);
    assert_int_equal(rig_count(&r, STORE_TAG), 1);
    rig_end(&r);
}

static void test_sizes(void **state)
{
    static const size_t good[] = { 1, 63, 64, 65, 4032, 4033, CODE_BLOB_MAX }, bad[] = { 0, CODE_BLOB_MAX + 1 };
    u8 *p = malloc(CODE_BLOB_MAX + 1), key[32] = { 0 };
    struct code_blob b;
    struct rig r;
    (void)state;
    rig_init(&r);
    for (size_t i = 0; i <= CODE_BLOB_MAX; i++)
        p[i] = (u8)(i >> 8 ^ i);
    for (u32 i = 0; i < COUNT(good); i++) {
        key[31] = (u8)i;
        code_store_put(r.s, key, p, good[i]);
        assert_true(code_store_get(r.s, key, &b));
        assert_true(b.n == good[i] && !memcmp(b.p, p, b.n) && (uintptr_t)b.p % 16 == 0);
        code_blob_free(&b);
    }
    for (u32 i = 0; i < COUNT(bad); i++) {
        key[31] = (u8)(100 + i);
        code_store_put(r.s, key, p, bad[i]);
        assert_false(code_store_get(r.s, key, &b));
        assert_int_equal(rig_stats(&r).skipped, i + 1);
    }
    code_store_close(r.s); /* of one MiB a shard has 16 KiB */
    rig_open(&r, CODE_STORE_MIN, &code_store_host_ops);
    key[31] = 102;
    code_store_put(r.s, key, p, 16384 - sizeof(struct store_head) + 1);
    assert_true(rig_stats(&r).skipped == 1 && !code_store_get(r.s, key, &b));
    free(p);
    rig_end(&r);
}

/* ---- folders ---- */

static void refused(const char *dir, u64 max, const char *why)
{
    struct err e = { "" };
    assert_null(code_store_open(dir, max, &e));
    if (!strstr(e.msg, why))
        fail_msg("'%s' does not say '%s'", e.msg, why);
}

static void test_folders(void **state)
{
    struct rig r;
    struct err e;
    char path[200];
    u32 fds = rig_fds();
    (void)state;
    rig_init(&r);
    code_store_close(r.s);
    refused(r.dir, CODE_STORE_MIN - 1, "too few");
    assert_int_equal(chmod(r.dir, 0770), 0);
    refused(r.dir, CODE_STORE_MIN, "others may write");
    assert_int_equal(chmod(r.dir, 0702), 0);
    refused(r.dir, CODE_STORE_MIN, "others may write");
    assert_int_equal(chmod(r.dir, 0755), 0);
    if (!geteuid()) {
        assert_int_equal(chown(r.dir, 12345, 12345), 0);
        refused(r.dir, CODE_STORE_MIN, "another user");
        assert_int_equal(chown(r.dir, 0, 0), 0);
    } else {
        refused("/usr", CODE_STORE_MIN, "another user");
    }
    refused("/proc/version", CODE_STORE_MIN, "Not a directory");
    refused("/proc/none/mynah", CODE_STORE_MIN, "No such file");
    snprintf(path, sizeof path, "%s/letter.txt", r.dir);
    rig_write(path, "dear", 4);
    refused(r.dir, CODE_STORE_MIN, "other things than a code cache");
    assert_true(same_text(path, "dear"));
    struct code_store_info info;
    assert_false(code_store_clear(r.dir, &info, &e));
    unlink(path);
    snprintf(r.dir, sizeof r.dir, "%s/a//b/c/", r.top); /* made, all of it; a link to one's own folder is fine */
    rig_open(&r, CODE_STORE_MIN, &code_store_host_ops);
    rig_put(r.s, 0);
    code_store_close(r.s);
    snprintf(path, sizeof path, "%s/link", r.top);
    assert_int_equal(symlink(r.dir, path), 0);
    strcpy(r.dir, path);
    rig_open(&r, CODE_STORE_MIN, &code_store_host_ops);
    assert_true(rig_get(r.s, 0));
    rig_end(&r);
    assert_int_equal(rig_fds(), fds);
}

static void test_default_folder(void **state)
{
    char dir[64], home[1024], cache[1024] = "";
    struct err e;
    (void)state;
    snprintf(home, sizeof home, "%s", getenv("HOME") ? getenv("HOME") : "/");
    snprintf(cache, sizeof cache, "%s", getenv("XDG_CACHE_HOME") ? getenv("XDG_CACHE_HOME") : "");
    setenv("HOME", "/home/x", 1);
    setenv("XDG_CACHE_HOME", "/caches", 1);
    assert_true(code_store_default_dir(dir, sizeof dir, &e));
    assert_string_equal(dir, "/caches/mynah/code");
    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    assert_true(code_store_default_dir(dir, sizeof dir, &e));
    assert_string_equal(dir, "/home/x/.cache/mynah/code");
    unsetenv("XDG_CACHE_HOME");
    assert_false(code_store_default_dir(dir, 20, &e));
    assert_non_null(strstr(e.msg, "too long"));
    unsetenv("HOME");
    assert_false(code_store_default_dir(dir, sizeof dir, &e));
    setenv("HOME", home, 1);
    if (*cache)
        setenv("XDG_CACHE_HOME", cache, 1);
}

/* ---- room ---- */

static void set_age(struct rig *r, const char *path, i64 seconds)
{
    struct timespec t = { .tv_sec = time(NULL) - seconds };
    (void)r;
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){ t, t }, AT_SYMLINK_NOFOLLOW), 0);
}

static u64 disk_used(struct rig *r)
{
    struct code_store_info i;
    struct err e;
    assert_true(code_store_survey(r->dir, &i, &e));
    return i.bytes;
}

static void test_bounded(void **state)
{
    u64 max = 16ull << 20, most = 0;
    struct rig r;
    (void)state;
    rig_init(&r);
    code_store_close(r.s);
    rig_open(&r, max, &code_store_host_ops);
    for (u32 i = 0; i < 3000; i++) {
        rig_put(r.s, i);
        assert_true(rig_get(r.s, i)); /* what was just put is not what goes */
        if (i % 100 == 99)
            most = MAX(most, disk_used(&r));
    }
    assert_true(most <= max && most > max * 3 / 4);
    struct code_store_stats t = rig_stats(&r);
    assert_true(t.puts == 3000 && t.evicted > 1500 && !t.failed && !t.skipped);
    code_store_close(r.s); /* a smaller bound from now on */
    rig_open(&r, max / 4, &code_store_host_ops);
    for (u32 i = 10000; i < 11000; i++)
        rig_put(r.s, i);
    assert_true(disk_used(&r) <= max / 4);
    rig_end(&r);
}

/* Regions of one shard, each 4 blocks: 3 of them fit into 16 blocks less an eighth when one more comes. */
static u32 same_shard(u8 key[][32], u32 want)
{
    u32 n = 0;
    for (u32 i = 0; n < want; i++) {
        rig_key(key[n], i);
        n += store_shard_of(key[n]) == 9;
    }
    return n;
}

static void test_least_recently_used(void **state)
{
    static u8 p[12345];
    u8 key[6][32];
    char path[200];
    struct code_blob b;
    struct rig r;
    (void)state;
    rig_init(&r);
    code_store_close(r.s);
    rig_open(&r, 64 * 65536, &code_store_host_ops);
    same_shard(key, 6);
    for (u32 i = 0; i < 4; i++) {
        code_store_put(r.s, key[i], p, sizeof p);
        snprintf(path, sizeof path, "%s/%s", r.dir, store_blob_name(key[i]).s);
        set_age(&r, path, 100000 - 10000 * i);
    }
    assert_true(code_store_get(r.s, key[0], &b)); /* the oldest, now the last used */
    code_blob_free(&b);
    code_store_put(r.s, key[4], p, sizeof p);
    assert_int_equal(rig_stats(&r).evicted, 1);
    for (u32 i = 0; i < 5; i++) {
        assert_true(code_store_get(r.s, key[i], &b) == (i != 1));
        code_blob_free(&b);
    }
    rig_end(&r);
}

/* What killed writers left goes, what is being written stays, and so does what is not ours. */
static void test_leftovers(void **state)
{
    static const struct { const char *name; bool stays; i64 age; } file[] = {
        { STORE_TMP "1-1", false, 7200 }, { STORE_TMP "1-2", true, 60 }, { "notes.txt", true, 1000000 },
        { "00112233", true, 1000000 }, { STORE_TMP "1-3", false, -90000 },
    };
    u8 key[1][32];
    char path[200];
    struct code_store_info info;
    struct err e;
    struct rig r;
    (void)state;
    rig_init(&r);
    same_shard(key, 1);
    snprintf(path, sizeof path, "%s/09", r.dir);
    assert_int_equal(mkdir(path, 0700), 0);
    for (u32 i = 0; i < COUNT(file); i++) {
        snprintf(path, sizeof path, "%s/09/%s", r.dir, file[i].name);
        rig_write(path, "x", 1);
        set_age(&r, path, file[i].age);
    }
    code_store_put(r.s, key[0], "region", 6);
    assert_true(code_store_survey(r.dir, &info, &e));
    assert_true(info.exists && info.files == 1 && info.bytes == 4096 && info.oldest == info.newest);
    for (u32 i = 0; i < COUNT(file); i++) {
        snprintf(path, sizeof path, "%s/09/%s", r.dir, file[i].name);
        assert_int_equal(rig_exists(path), file[i].stays);
    }
    assert_true(code_store_clear(r.dir, &info, &e));
    assert_int_equal(info.files, 1);
    for (u32 i = 0; i < COUNT(file); i++) {
        snprintf(path, sizeof path, "%s/09/%s", r.dir, file[i].name);
        assert_int_equal(rig_exists(path), i == 2 || i == 3);
    }
    rig_put(r.s, 1); /* an open store goes on */
    assert_true(rig_get(r.s, 1));
    rig_end(&r);
}

static void test_info(void **state)
{
    struct code_store_info i;
    struct err e;
    struct rig r;
    u64 disk = 0;
    (void)state;
    rig_init(&r);
    for (u32 n = 0; n < 100; n++) {
        rig_put(r.s, n);
        disk += store_disk(sizeof(struct store_head) + rig_size(n));
    }
    set_age(&r, rig_path(&r, 42), 500000);
    assert_true(code_store_survey(r.dir, &i, &e));
    assert_true(i.exists && i.files == 100 && i.bytes == disk && i.newest - i.oldest > 400000);
    assert_true(code_store_clear(r.dir, &i, &e));
    assert_true(i.files == 100 && i.bytes == disk);
    assert_true(code_store_survey(r.dir, &i, &e) && !i.files && !i.bytes && !i.oldest);
    assert_false(rig_get(r.s, 42));
    snprintf(r.dir, sizeof r.dir, "%s/none", r.top);
    assert_true(code_store_survey(r.dir, &i, &e) && !i.exists);
    assert_true(code_store_clear(r.dir, &i, &e) && !i.exists && !rig_exists(r.dir));
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_sizes), cmocka_unit_test(test_folders),
        cmocka_unit_test(test_default_folder), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_least_recently_used), cmocka_unit_test(test_leftovers), cmocka_unit_test(test_info),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
