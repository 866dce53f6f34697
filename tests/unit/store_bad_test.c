/* store_bad_test.c - what is not as the code cache wrote it, in any way, is skipped, told, and goes. */
#include "tests/unit/store_rig.h"
#include <sys/socket.h>
#include <sys/un.h>

static void make_socket(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    char here[200];
    assert_true(snprintf(a.sun_path, sizeof a.sun_path, "/tmp/mynah-store-%d", getpid()) > 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (void *)&a, sizeof a), 0);
    snprintf(here, sizeof here, "%s", path);
    assert_int_equal(rename(a.sun_path, here), 0);
    close(fd);
}

static void poke(const char *path, u64 off, u8 x)
{
    u8 b;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && pread(fd, &b, 1, (off_t)off) == 1);
    b ^= x;
    assert_int_equal(pwrite(fd, &b, 1, (off_t)off), 1);
    close(fd);
}

static void copy_other(struct rig *r, const char *path)
{
    char cmd[500], other[200];
    rig_put(r->s, 99);
    snprintf(other, sizeof other, "%s", path);
    snprintf(cmd, sizeof cmd, "cp '%s' '%s'", rig_path(r, 99), other);
    assert_int_equal(system(cmd), 0);
}

/* Makes the file of region 5 bad in the i-th way; what is to be logged, NULL: no more ways. */
static const char *spoil(struct rig *r, u32 i)
{
    char path[200];
    snprintf(path, sizeof path, "%s", rig_path(r, 5));
    u64 size = sizeof(struct store_head) + rig_size(5);
    if (i >= 8)
        unlink(path);
    switch (i) {
    case 0: return truncate(path, 0), "cut short";
    case 1: return truncate(path, sizeof(struct store_head)), "cut short";
    case 2: return truncate(path, (off_t)size - 1), "not as long as it says";
    case 3: return truncate(path, (off_t)size + 1), "not as long as it says";
    case 4: return truncate(path, 1ll << 40), "too large";
    case 5: return poke(path, 0, 1), "not a file of the code cache";
    case 6: return poke(path, offsetof(struct store_head, version), 2), "of another format";
    case 7: return poke(path, size - 1, 0x80), "damaged";
    case 8: return copy_other(r, path), "of another key";
    case 9: return symlink(r->dir, path), "a symbolic link";
    case 10: return symlink("/dev/zero", path), "a symbolic link";
    case 11: return symlink("nowhere", path), "a symbolic link";
    case 12: return mkfifo(path, 0600), "not a regular file";
    case 13: return mkdir(path, 0700), "not a regular file";
    case 14: return make_socket(path), "not a regular file";
    case 15: return rig_write(path, "", 0), "cut short";
    case 16: return rig_put(r->s, 5), chmod(path, 0620), "others may write";
    default: return NULL;
    }
}

static void test_bad_files(void **state)
{
    struct rig r;
    const char *why;
    u32 fds = rig_fds();
    (void)state;
    for (u32 i = 0;; i++) {
        rig_init(&r);
        rig_put(r.s, 5);
        if (!(why = spoil(&r, i)))
            break;
        assert_false(rig_get(r.s, 5));
        if (!rig_logged(&r, why))
            fail_msg("way %u: '%s' does not say '%s'", i, r.text, why);
        assert_int_equal(rig_stats(&r).damaged, 1);
        assert_false(rig_exists(rig_path(&r, 5)));
        rig_put(r.s, 5);
        assert_true(rig_get(r.s, 5));
        rig_end(&r);
    }
    rig_end(&r);
    assert_int_equal(rig_fds(), fds);
}

/* A put finds something there before any get did. */
static void test_put_over_bad(void **state)
{
    struct rig r;
    (void)state;
    for (u32 i = 9; i <= 14; i++) {
        rig_init(&r);
        rig_put(r.s, 5);
        assert_non_null(spoil(&r, i));
        rig_put(r.s, 5);
        assert_true(rig_get(r.s, 5));
        rig_end(&r);
    }
}

/* Another user's file is not looked into, and stays. */
static void test_foreign_file(void **state)
{
    struct rig r;
    (void)state;
    if (geteuid()) /* only root can make one */
        skip();
    rig_init(&r);
    rig_put(r.s, 5);
    assert_int_equal(chown(rig_path(&r, 5), 12345, 12345), 0);
    assert_false(rig_get(r.s, 5));
    assert_true(rig_logged(&r, "another user") && rig_exists(rig_path(&r, 5)));
    rig_end(&r);
}

static void test_bad_shards(void **state)
{
    struct rig r;
    char path[200];
    u8 key[32];
    (void)state;
    rig_key(key, 5);
    for (u32 i = 0; i < 3; i++) {
        rig_init(&r);
        snprintf(path, sizeof path, "%s/%s", r.dir, store_shard_name(store_shard_of(key)).s);
        assert_int_equal(i == 0 ? symlink(r.top, path) : i == 1 ? mkfifo(path, 0600) : mkdir(path, 0700), 0);
        if (i == 2)
            assert_int_equal(chmod(path, 0777), 0);
        assert_false(rig_get(r.s, 5));
        assert_true(rig_logged(&r, i < 2 ? "not a folder" : "not the user's own folder"));
        rig_put(r.s, 5);
        assert_true(rig_get(r.s, 5) == (i < 2));
        assert_true(rig_exists(path));
        rig_end(&r);
    }
}

static void test_few_lines(void **state)
{
    struct rig r;
    u32 lines = 0;
    (void)state;
    rig_init(&r);
    for (u32 i = 0; i < 200; i++) {
        rig_put(r.s, i);
        assert_int_equal(truncate(rig_path(&r, i), 3), 0);
        assert_false(rig_get(r.s, i));
    }
    assert_true(rig_logged(&r, "further lines are not shown"));
    for (const char *p = r.text; *p; p++)
        lines += *p == '\n';
    assert_true(lines > 10 && lines < 50);
    rig_end(&r);
}

/* ---- 10,000 files that something happened to ---- */

static u64 mutate(struct rig *r, u8 *p, u64 n, u64 room)
{
    u64 at = rig_random(r) % n, len = MIN(n - at, 1 + rig_random(r) % 64);
    switch (rig_random(r) % 8) {
    case 0: p[at] ^= (u8)(1u << rig_random(r) % 8); break;
    case 1: p[rig_random(r) % sizeof(struct store_head)] ^= (u8)(1u << rig_random(r) % 8); break;
    case 2: p[rig_random(r) % sizeof(struct store_head)] = (u8)rig_random(r); break;
    case 3: return at;
    case 4: memset(p + at, 0, n - at); break; /* what a power cut leaves */
    case 5: memset(p + at, (int)rig_random(r), len); break;
    case 6: memmove(p + at, p + rig_random(r) % (n - len + 1), len); break;
    default: return MIN(room, n + 1 + rig_random(r) % 100);
    }
    return n;
}

static void test_mutated(void **state)
{
    u64 room = sizeof(struct store_head) + RIG_MAX + 200, same = 0;
    u8 *good = calloc(1, room), *bad = malloc(room);
    struct rig r;
    (void)state;
    rig_init(&r);
    r.log.mask = 0;
    for (u32 i = 0; i < 10000; i++) {
        u32 n = i % 50;
        if (i < 50)
            rig_put(r.s, n);
        int fd = open(rig_path(&r, n), O_RDONLY);
        i64 size = fd < 0 ? -1 : read(fd, good, room);
        assert_int_equal(size, sizeof(struct store_head) + rig_size(n));
        close(fd);
        memset(good + size, 0, room - (u64)size);
        memcpy(bad, good, room);
        u64 to = mutate(&r, bad, (u64)size, room);
        bool equal = to == (u64)size && !memcmp(good, bad, to);
        rig_write(rig_path(&r, n), bad, to);
        assert_int_equal(rig_get(r.s, n), equal);
        assert_int_equal(rig_exists(rig_path(&r, n)), equal);
        same += equal;
        rig_put(r.s, n);
    }
    assert_int_equal(rig_stats(&r).damaged, 10000 - same);
    assert_true(same < 2000);
    free(good);
    free(bad);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files), cmocka_unit_test(test_put_over_bad), cmocka_unit_test(test_foreign_file),
        cmocka_unit_test(test_bad_shards), cmocka_unit_test(test_few_lines), cmocka_unit_test(test_mutated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
