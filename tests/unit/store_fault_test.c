/*
 * store_fault_test.c - the disk cache of compiled code when the world fails: every system call refused or cut short
 * in turn, writers killed, power lost, processes and threads at once. A get has the right bytes or none; the cache
 * goes on.
 */
#include "tests/unit/store_rig.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- system calls that fail ---- */

static struct {
    i64  at;       /* number of the call that fails; -1: none */
    bool on;       /* ... and all after it */
    int  error;    /* errno; 0: the process ends there */
    bool bits;     /* reads and writes take few bytes, and are interrupted */
    u64  calls;
    i64  now;      /* 0: the host's */
} fault;

static bool fails(void)
{
    u64 n = fault.calls++;
    if (fault.at < 0 || (fault.on ? n < (u64)fault.at : n != (u64)fault.at))
        return false;
    if (!fault.error)
        _exit(7);
    errno = fault.error;
    return true;
}

static int f_openat(int at, const char *path, int flags, mode_t mode)
{
    return fails() ? -1 : openat(at, path, flags, mode);
}
static int f_fstat(int fd, struct stat *st) { return fails() ? -1 : fstat(fd, st); }
static int f_fstatat(int at, const char *path, struct stat *st, int flags)
{
    return fails() ? -1 : fstatat(at, path, st, flags);
}
static ssize_t f_getdents(int fd, void *p, size_t n) { return fails() ? -1 : code_store_host_ops.getdents(fd, p, n); }
static size_t few(size_t n)
{
    static u32 turn;
    return fault.bits ? MIN(n, 1u + turn++ * 37 % 5000) : n;
}
static bool interrupted(void)
{
    static u32 turn;
    errno = EINTR;
    return fault.bits && turn++ % 3 == 1;
}
static ssize_t f_read(int fd, void *p, size_t n) { return fails() || interrupted() ? -1 : read(fd, p, few(n)); }
static ssize_t f_write(int fd, const void *p, size_t n)
{
    return fails() || interrupted() ? -1 : write(fd, p, few(n));
}
static int f_close(int fd)
{
    int status = close(fd), why = errno;
    bool bad = fails();
    errno = bad ? errno : why;
    return bad ? -1 : status;
}
static int f_mkdirat(int at, const char *path, mode_t mode) { return fails() ? -1 : mkdirat(at, path, mode); }
static int f_renameat(int a, const char *from, int b, const char *to)
{
    return fails() ? -1 : renameat(a, from, b, to);
}
static int f_unlinkat(int at, const char *path, int flags) { return fails() ? -1 : unlinkat(at, path, flags); }
static int f_futimens(int fd, const struct timespec t[2]) { return fails() ? -1 : futimens(fd, t); }
static i64 f_now(void) { return fault.now ? fault.now : time(NULL); }

static const struct code_store_ops ops = {
    .openat = f_openat, .fstat = f_fstat, .fstatat = f_fstatat, .getdents = f_getdents, .read = f_read,
    .write = f_write, .close = f_close, .mkdirat = f_mkdirat, .renameat = f_renameat, .unlinkat = f_unlinkat,
    .futimens = f_futimens, .now = f_now,
};

/* Regions 0 to 19, of at most 16 KiB, so that the least cache takes them and has to evict. */
static u32 nth(u32 i)
{
    u32 n = 0;
    for (;; n++)
        if (rig_size(n) < 16000 && !i--)
            return n;
}
#define FEW 20u
#define LIMIT (2 * CODE_STORE_MIN)

/* Everything that a store does, with all kinds of files in it. */
static void exercise(struct rig *r)
{
    struct err e = { "" };
    struct code_store *s = code_store_open_on(r->dir, LIMIT, &ops, &e);
    if (!s) {
        if (!*e.msg)
            abort();
        return;
    }
    for (u32 i = 0; i < FEW; i++) {
        rig_get(s, nth(i));
        rig_put(s, nth(i));
        rig_get(s, nth(i));
    }
    if (!truncate(rig_path(r, nth(3)), 90))
        rig_get(s, nth(3));
    code_store_close(s);
}

/* Without faults, everything can be put and got, and nothing of the past is in the way. */
static void check_usable(struct rig *r)
{
    struct err e = { "" };
    struct code_store *s = code_store_open(r->dir, LIMIT, &e);
    if (!s)
        fail_msg("%s", e.msg);
    for (u32 i = 0; i < FEW; i++)
        if (!rig_get(s, nth(i))) {
            rig_put(s, nth(i));
            assert_true(rig_get(s, nth(i)));
        }
    code_store_close(s);
}

static u64 count_calls(struct rig *r)
{
    fault.at = -1;
    fault.calls = 0;
    exercise(r);
    return fault.calls;
}

static void clear(struct rig *r)
{
    char cmd[100];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", r->dir);
    assert_int_equal(system(cmd), 0);
}

static void test_every_call_fails(void **state)
{
    static const int errors[] = { ENOSPC, EMFILE, EACCES, EIO, EROFS, EDQUOT, ENOENT };
    struct rig r;
    (void)state;
    rig_init(&r);
    u32 fds = rig_fds();
    u64 calls = count_calls(&r);
    assert_true(calls > 200);
    for (u64 i = 0; i < calls; i++) {
        fault.error = errors[i % COUNT(errors)];
        fault.at = (i64)i;
        fault.on = i % 5 == 4;
        fault.calls = 0;
        if (i % 3 == 0)
            clear(&r);
        exercise(&r);
        assert_int_equal(rig_fds(), fds);
        check_usable(&r);
    }
    fault.at = -1;
    fault.on = false;
    rig_end(&r);
}

static void test_bits(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    fault.bits = true;
    code_store_close(r.s);
    rig_open(&r, CODE_STORE_DEFAULT_BYTES, &ops);
    for (u32 i = 0; i < 50; i++) {
        rig_put(r.s, i);
        assert_true(rig_get(r.s, i));
    }
    fault.bits = false;
    assert_int_equal(rig_stats(&r).failed, 0);
    rig_end(&r);
}

/* A full disk: one line, a minute's rest, then puts again. */
static void test_disk_full(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    code_store_close(r.s);
    rig_open(&r, CODE_STORE_DEFAULT_BYTES, &ops);
    rig_put(r.s, 1);
    fault.now = 1000000;
    for (u32 round = 0; round < 2; round++) {
        fault.at = 0;
        fault.on = true;
        fault.calls = 0;
        fault.error = ENOSPC;
        rig_put(r.s, 2);
        u64 calls = fault.calls;
        rig_put(r.s, 3);
        assert_int_equal(fault.calls, calls);
        fault.at = -1;
        fault.on = false;
        assert_true(rig_get(r.s, 1));
        assert_false(rig_get(r.s, 2));
        fault.now += 59;
        rig_put(r.s, 2);
        assert_false(rig_get(r.s, 2));
        fault.now += 2;
    }
    fault.now = 1000; /* set back by years: no reason to wait that long */
    rig_put(r.s, 2);
    assert_true(rig_get(r.s, 2));
    assert_true(rig_stats(&r).failed == 2 && rig_stats(&r).skipped == 4 && rig_logged(&r, strerror(ENOSPC)));
    fault.now = 0;
    rig_end(&r);
}

/* The real thing: no descriptors left. */
static void test_no_descriptors(void **state)
{
    struct rlimit old, none;
    struct rig r;
    struct err e;
    (void)state;
    rig_init(&r);
    rig_put(r.s, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){ 0, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool there = rig_get(r.s, 1);
    rig_put(r.s, 2);
    struct code_store *s = code_store_open(r.dir, LIMIT, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_true(!there && !s);
    assert_non_null(strstr(e.msg, strerror(EMFILE)));
    assert_true(rig_get(r.s, 1) && !rig_get(r.s, 2) && rig_logged(&r, strerror(EMFILE)));
    rig_put(r.s, 2); /* no rest after this one */
    assert_true(rig_get(r.s, 2));
    rig_end(&r);
}

/* ---- ends without warning ---- */

static void wait_for(pid_t child, int status)
{
    int got;
    assert_int_equal(waitpid(child, &got, 0), child);
    assert_int_equal(got, status);
}

/* The process ends at each of its system calls. */
static void test_ends_anywhere(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    u64 calls = count_calls(&r);
    for (u64 i = 0; i < calls; i += 3) {
        clear(&r);
        pid_t child = fork();
        if (!child) {
            fault.at = (i64)i;
            fault.error = 0;
            fault.calls = 0;
            exercise(&r);
            _exit(0);
        }
        assert_true(child > 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 0));
        check_usable(&r);
    }
    rig_end(&r);
}

static void test_killed(void **state)
{
    struct rig r;
    u32 seen = 0;
    (void)state;
    rig_init(&r);
    for (u32 round = 0; round < 60; round++) {
        pid_t child = fork();
        if (!child) {
            for (u32 i = 0;; i++)
                rig_put(r.s, round * 1000 + i % 1000);
        }
        assert_true(child > 0);
        usleep(500 + (useconds_t)(rig_random(&r) % 20000));
        kill(child, SIGKILL);
        wait_for(child, SIGKILL);
        for (u32 i = 0; i < 1000 && rig_get(r.s, round * 1000 + i); i++)
            seen++;
    }
    assert_true(seen > 60);
    assert_int_equal(rig_stats(&r).damaged, 0); /* a killed writer leaves no half file under a region's name */
    assert_true(rig_count(&r, STORE_TMP) <= 60);
    rig_end(&r);
}

/* Names are on disk, contents are in part: shorter, or zeros at the end. */
static void lose_power(struct rig *r, u32 n)
{
    struct stat st;
    const char *path = rig_path(r, n);
    assert_int_equal(stat(path, &st), 0);
    off_t keep = (off_t)(rig_random(r) % (u64)st.st_size);
    if (rig_random(r) % 4 == 0)
        return;
    assert_int_equal(truncate(path, keep), 0);
    if (rig_random(r) % 2)
        assert_int_equal(truncate(path, st.st_size), 0);
}

static void test_power_cut(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r);
    for (u32 round = 0; round < 20; round++) {
        for (u32 i = 0; i < FEW; i++) {
            rig_put(r.s, nth(i));
            lose_power(&r, nth(i));
        }
        char tag[100];
        snprintf(tag, sizeof tag, "%s/" STORE_TAG, r.dir);
        assert_int_equal(truncate(tag, round % 3 * 10), 0);
        check_usable(&r);
        struct stat st;
        assert_true(!stat(tag, &st) && st.st_size > 40);
    }
    rig_end(&r);
}

/* ---- together ---- */

static int work(struct rig *r, u32 who, u64 max)
{
    struct err e = { "" };
    struct code_store *s = code_store_open(r->dir, max, &e);
    u32 hits = 0;
    if (!s)
        return 1;
    r->seed += who * 7919;
    for (u32 i = 0; i < 1500; i++) {
        u32 n = (u32)(rig_random(r) % 1000);
        if (rig_get(s, n))
            hits++;
        else
            rig_put(s, n);
        if (who == 0 && i % 500 == 99) {
            struct code_store_info removed;
            if (!code_store_clear(r->dir, &removed, &e))
                return 2;
        }
        if (i % 50 == 9)
            (void)!truncate(rig_path(r, n), 30);
    }
    struct code_store_stats t;
    code_store_stats(s, &t);
    code_store_close(s);
    return hits < 50 ? 3 : !t.evicted && max < 9 << 20 ? 4 : 0;
}

static void test_processes(void **state)
{
    u64 max = 8ull << 20;
    struct code_store_info i;
    struct err e;
    struct rig r;
    pid_t child[4];
    (void)state;
    rig_init(&r);
    for (u32 w = 0; w < COUNT(child); w++) {
        child[w] = fork();
        if (!child[w])
            _exit(work(&r, w, max));
        assert_true(child[w] > 0);
    }
    for (u32 w = 0; w < COUNT(child); w++)
        wait_for(child[w], 0);
    assert_true(code_store_survey(r.dir, &i, &e));
    assert_true(i.files > 20 && i.bytes <= max + max / 16 * COUNT(child)); /* store_trim.c */
    assert_int_equal(rig_count(&r, STORE_TMP), 0);
    check_usable(&r);
    rig_end(&r);
}

struct team {
    struct code_store *s;
    u32                who;
    u32                hits;
};

static void *member(void *opaque)
{
    struct team *t = opaque;
    for (u32 i = 0; i < 1000; i++) {
        u32 n = (i * 13 + t->who * 5) % 300;
        if (t->who % 2)
            t->hits += rig_get(t->s, n);
        else
            rig_put(t->s, n);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct team t[4];
    pthread_t id[4];
    struct rig r;
    (void)state;
    rig_init(&r);
    for (u32 i = 0; i < 4; i++) {
        t[i] = (struct team){ r.s, i, 0 };
        assert_int_equal(pthread_create(&id[i], NULL, member, &t[i]), 0);
    }
    for (u32 i = 0; i < 4; i++)
        assert_int_equal(pthread_join(id[i], NULL), 0);
    struct code_store_stats st = rig_stats(&r);
    assert_true(st.puts == 300 && st.put_again == 1700);
    assert_true(st.hits + st.misses == 2000 && st.hits == t[1].hits + t[3].hits && !st.damaged && !st.failed);
    rig_end(&r);
}

int main(void)
{
    fault.at = -1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_fails), cmocka_unit_test(test_bits), cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_no_descriptors), cmocka_unit_test(test_ends_anywhere), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_power_cut), cmocka_unit_test(test_processes), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
