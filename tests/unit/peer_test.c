/* peer_test.c - Unix sockets and bounded output: order, half-closed and dead peers, peers that never read, odd
 * paths. */
#define _GNU_SOURCE
#include "host/outbox.h"
#include "host/peer.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
/* cmocka wants those above */
#include <cmocka.h>

#define PATIENCE 10000u /* ms until a test gives up */

static char folder[] = "/tmp/mynah-peer-XXXXXX";
static char path[64];

struct fix {
    struct chr   chr;
    struct peer *p;
    char         got[1 << 16];
    u32          n, greeted, takes; /* takes: bytes at a time */
    atomic_uint  woken;
};

static u32 receive(void *opaque, const u8 *p, u32 n)
{
    struct fix *f = opaque;
    u32 k = MIN(n, f->takes);
    assert_true(f->n + k < sizeof f->got);
    memcpy(f->got + f->n, p, k);
    f->n += k;
    f->got[f->n] = 0;
    return k;
}

static void wake(void *opaque) { atomic_fetch_add(&((struct fix *)opaque)->woken, 1); }
static void met(void *opaque)
{
    struct fix *f = opaque;
    f->greeted++;
    chr_write(&f->chr, "hello\n", 6);
}

static void nap(void) { nanosleep(&(struct timespec){ 0, 1000000 }, NULL); }

static bool open_peer(struct fix *f, bool server, struct err *e)
{
    struct peer_config c = { .path = path, .server = server, .chr = &f->chr, .met = met, .met_opaque = f,
                             .wake = wake,
                             .opaque = f };
    f->takes = ~0u;
    chr_set_receiver(&f->chr, receive, f);
    return (f->p = peer_open(&c, e));
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    snprintf(path, sizeof path, "%s/socket", folder);
    if (!open_peer(f, true, &e))
        fail_msg("%s", e.msg);
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    peer_close(f->p);
    assert_int_equal(access(path, F_OK), -1); /* the socket is gone, too */
    free(f);
    return 0;
}

static int dial(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(a.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* Polls until so many bytes came in and so many greetings went out. */
static void run_until(struct fix *f, u32 bytes, u32 greeted)
{
    for (u32 i = 0; (f->n < bytes || f->greeted < greeted) && i < PATIENCE; i++) {
        peer_poll(f->p);
        nap();
    }
    assert_int_equal(f->n, bytes);
    assert_int_equal(f->greeted, greeted);
}

/* What the client reads until the end, until n bytes, or until nothing more came for so many ms. */
static u32 drink_some(struct fix *f, int fd, char *out, u32 n, u32 ms)
{
    u32 got = 0;
    for (u32 i = 0; got < n && i < ms; i++) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        peer_poll(f->p);
        if (poll(&p, 1, 1) <= 0)
            continue;
        ssize_t r = read(fd, out + got, n - got);
        if (r <= 0)
            break;
        got += (u32)r;
        i = 0;
    }
    return got;
}
static u32 drink(struct fix *f, int fd, char *out, u32 n) { return drink_some(f, fd, out, n, PATIENCE); }

static void test_talk(void **state)
{
    struct fix *f = *state;
    char text[64] = "";
    int fd = dial();
    run_until(f, 0, 1);
    assert_int_equal(drink(f, fd, text, 6), 6);
    assert_string_equal(text, "hello\n");
    assert_int_equal(write(fd, "abc", 3), 3);
    run_until(f, 3, 1);
    chr_write(&f->chr, "answer", 6);
    assert_int_equal(drink(f, fd, text, 6), 6);
    assert_memory_equal(text, "answer", 6);
    assert_true(atomic_load(&f->woken) >= 2);
    close(fd);
}

/* One that has closed its side is served to the end, then the next is let in. */
static void test_one_after_the_other(void **state)
{
    struct fix *f = *state;
    char text[64] = "";
    int one = dial(), two = dial();
    assert_int_equal(write(one, "first\n", 6), 6);
    assert_int_equal(write(two, "second\n", 7), 7);
    shutdown(one, SHUT_WR);
    run_until(f, 13, 2);
    assert_string_equal(f->got, "first\nsecond\n");
    assert_int_equal(drink(f, one, text, sizeof text), 6); /* the greeting, and the end */
    close(one);
    close(two);
    int three = dial(); /* gone before it was looked at */
    assert_int_equal(write(three, "x", 1), 1);
    close(three);
    run_until(f, 14, 3);
}

static void test_slow_receiver(void **state)
{
    struct fix *f = *state;
    char *text = malloc(60000);
    int fd = dial();
    memset(text, 'y', 60000);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    u32 sent = 0;
    for (f->takes = 7; f->n < 60000;) { /* bounded on the way: the ring, and the socket's own room */
        ssize_t w = sent < 60000 ? write(fd, text + sent, 60000 - sent) : 0;
        sent += w > 0 ? (u32)w : 0;
        peer_poll(f->p);
    }
    assert_int_equal(sent, 60000);
    assert_int_equal(strspn(f->got, "y"), 60000);
    free(text);
    close(fd);
}

/* Nobody reads: writing never waits, what is too much is lost, and that is said in its place. */
static void test_reader_who_sleeps(void **state)
{
    struct fix *f = *state;
    char line[65], *all = malloc(4 * OUTBOX_BYTES);
    memset(line, '.', 64);
    line[63] = '\n';
    int fd = dial();
    run_until(f, 0, 1);
    for (u32 i = 0; i < 3 * OUTBOX_BYTES / 64; i++)
        chr_write(&f->chr, line, 64);
    peer_poll(f->p);
    u32 n = 0, more;
    while ((more = drink_some(f, fd, all + n, 65536, 500)) == 65536) {
        n += more;
        assert_true(n < 3 * OUTBOX_BYTES);
    }
    all[n + more] = 0;
    assert_true(n > OUTBOX_BYTES / 2);
    assert_non_null(strstr(all, "[output is missing here: it was not read in time]"));
    chr_write(&f->chr, "again", 5);
    assert_int_equal(drink(f, fd, line, 5), 5);
    assert_memory_equal(line, "again", 5);
    free(all);
    close(fd);
}

static void test_dead_peer(void **state)
{
    struct fix *f = *state;
    char text[16];
    int fd = dial();
    run_until(f, 0, 1);
    close(fd);
    for (u32 i = 0; i < 1000; i++)
        chr_write(&f->chr, "into the void", 13); /* no signal, no end of the world */
    fd = dial();
    run_until(f, 0, 2);
    assert_int_equal(drink(f, fd, text, 6), 6);
    assert_memory_equal(text, "hello\n", 6);
    close(fd);
}

static void test_client(void **state)
{
    struct fix *f = *state;
    struct fix *c = calloc(1, sizeof *c);
    struct err e;
    if (!open_peer(c, false, &e))
        fail_msg("%s", e.msg);
    run_until(c, 0, 1);
    run_until(f, 6, 1); /* its greeting */
    assert_string_equal(f->got, "hello\n");
    for (u32 i = 0; c->n < 6 && i < PATIENCE; i++, nap())
        peer_poll(c->p);
    assert_string_equal(c->got, "hello\n");
    peer_close(c->p);
    free(c);
}

static void expect_refused(const char *where, bool server, const char *say)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e = { "" };
    snprintf(path, sizeof path, "%s/%s", folder, where);
    if (open_peer(f, server, &e) || !strstr(e.msg, say) || !strstr(e.msg, where))
        fail_msg("%s: '%s', not '%s'", where, e.msg, say);
    free(f);
}

static void test_paths(void **state)
{
    char file[64], was[64];
    struct stat st;
    struct fix *f = *state;
    struct err e;
    strcpy(was, path);
    expect_refused("none", false, "No such file");
    expect_refused("missing/x", true, "No such file");
    expect_refused("socket", true, "another program listens there");
    snprintf(file, sizeof file, "%s/file", folder);
    close(open(file, O_WRONLY | O_CREAT, 0600));
    expect_refused("file", true, "no socket");
    expect_refused("file", false, "refused");
    assert_int_equal(stat(file, &st), 0); /* still there */
    unlink(file);
    /* one that nobody listens on any more is replaced */
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(path, sizeof path, "%s/stale", folder);
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
    struct fix *g = calloc(1, sizeof *g);
    if (!open_peer(g, true, &e))
        fail_msg("%s", e.msg);
    peer_close(g->p);
    assert_int_equal(access(path, F_OK), -1);
    free(g);
    strcpy(path, was);
    assert_int_equal(access(path, F_OK), 0);
    run_until(f, 0, f->greeted);
}

static void test_long_path(void **state)
{
    char name[300];
    struct chr chr = { 0 };
    struct err e;
    (void)state;
    memset(name, 'p', sizeof name);
    name[299] = 0;
    struct peer_config c = { .path = name, .server = true, .chr = &chr, .wake = wake };
    assert_null(peer_open(&c, &e));
    assert_non_null(strstr(e.msg, "longer than 107 bytes"));
}

/* ---- outboxes on pipes ---- */

static void test_pipe(void **state)
{
    struct outbox *o = calloc(1, sizeof *o);
    char buf[4096];
    int fd[2];
    u32 n = 0;
    (void)state;
    assert_int_equal(pipe(fd), 0);
    outbox_open(o, fd[1]);
    assert_false(fcntl(fd[1], F_GETFL) & O_NONBLOCK); /* the pipe's other users are not disturbed */
    memset(buf, '-', sizeof buf);
    for (u32 i = 0; i < 2 * OUTBOX_BYTES / sizeof buf; i++)
        outbox_put(o, buf, sizeof buf);
    assert_true(o->lost && o->count <= OUTBOX_BYTES);
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    for (ssize_t r; (r = read(fd[0], buf, sizeof buf)) > 0; n += (u32)r)
        assert_true(outbox_drain(o));
    assert_true(n > OUTBOX_BYTES && n < 2 * OUTBOX_BYTES);
    assert_int_equal(o->count, 0);
    close(fd[0]);
    signal(SIGPIPE, SIG_IGN);
    outbox_put(o, "x", 1);
    assert_false(outbox_drain(o));
    outbox_put(o, "x", 1);
    assert_int_equal(o->count, 0);
    outbox_close(o);
    close(fd[1]);
    free(o);
}

static int make_folder(void **state) { return (void)state, mkdtemp(folder) ? 0 : -1; }
static int remove_folder(void **state) { return (void)state, rmdir(folder); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_talk, start, stop),
        cmocka_unit_test_setup_teardown(test_one_after_the_other, start, stop),
        cmocka_unit_test_setup_teardown(test_slow_receiver, start, stop),
        cmocka_unit_test_setup_teardown(test_reader_who_sleeps, start, stop),
        cmocka_unit_test_setup_teardown(test_dead_peer, start, stop),
        cmocka_unit_test_setup_teardown(test_client, start, stop),
        cmocka_unit_test_setup_teardown(test_paths, start, stop),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_pipe),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
