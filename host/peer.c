/* peer.c - a Unix socket as a byte stream; see peer.h. */
#define _GNU_SOURCE /* accept4, pipe2 */
#include "host/peer.h"
#include "host/outbox.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RING 16384u
#define LOOK_MS 20       /* between two looks at a full ring, or at a peer that has said all */
#define PATIENCE_MS 2000 /* for one that has closed its side and does not read */
#define FAREWELL_MS 500

struct peer {
    struct peer_config c;
    struct sockaddr_un addr;
    struct stat        file;    /* of the server's socket */
    int                listener, fd, quit[2];
    bool               threaded;
    pthread_t          thread;
    pthread_mutex_t    lock;    /* of all below */
    u8                 ring[RING];
    u32                head, count;
    u32                visits, met; /* peers that came; that the machine's thread knows of */
    bool               ended;   /* the peer will send nothing more ... */
    u32                left_ms; /* ... and has so long for the rest of its answers */
    struct outbox      out;
};

/* ---- the machine's thread ---- */

static void chr_out(struct chr *c, const u8 *p, u32 n)
{
    struct peer *peer = c->host;
    pthread_mutex_lock(&peer->lock);
    outbox_put(&peer->out, p, n);
    pthread_mutex_unlock(&peer->lock);
}

static u32 peek(struct peer *p, u8 *buf, u32 room)
{
    pthread_mutex_lock(&p->lock);
    u32 n = MIN(p->count, room);
    for (u32 i = 0; i < n; i++)
        buf[i] = p->ring[(p->head + i) % RING];
    pthread_mutex_unlock(&p->lock);
    return n;
}

void peer_poll(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    bool fresh = p->met != p->visits;
    p->met = p->visits;
    outbox_drain(&p->out);
    pthread_mutex_unlock(&p->lock);
    if (fresh)
        p->c.met(p->c.met_opaque);
    for (u32 done = 0; done < RING;) { /* whoever sends without end shall not hold the machine */
        u8 buf[256];
        u32 n = peek(p, buf, sizeof buf), took = n ? chr_deliver(p->c.chr, buf, n) : 0;
        pthread_mutex_lock(&p->lock);
        p->head = (p->head + took) % RING;
        p->count -= took;
        pthread_mutex_unlock(&p->lock);
        if (!took)
            return;
        done += took;
    }
}

/* ---- the peer's thread ---- */

static void let_in(struct peer *p, int fd)
{
    if (fd < 0)
        return;
    pthread_mutex_lock(&p->lock);
    p->fd = fd;
    p->ended = false;
    p->visits++;
    outbox_open(&p->out, fd);
    pthread_mutex_unlock(&p->lock);
    p->c.wake(p->c.opaque);
}

/* Under the lock. */
static void let_go(struct peer *p)
{
    outbox_close(&p->out);
    close(p->fd);
    p->fd = -1;
}

static void take(struct peer *p)
{
    u8 buf[1024];
    ssize_t n = recv(p->fd, buf, sizeof buf, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    pthread_mutex_lock(&p->lock);
    for (ssize_t i = 0; i < n; i++)
        p->ring[(p->head + p->count++) % RING] = buf[i];
    if (n <= 0) {
        p->ended = true;
        p->left_ms = PATIENCE_MS;
    }
    pthread_mutex_unlock(&p->lock);
    p->c.wake(p->c.opaque);
}

/* What poll() has to look at now; how long at most. */
static int choose(struct peer *p, struct pollfd f[2])
{
    pthread_mutex_lock(&p->lock);
    bool full = p->count > RING - 1024;
    if (p->fd >= 0 && p->ended) {
        p->left_ms -= p->count ? 0 : MIN(p->left_ms, (u32)LOOK_MS);
        if (!p->count && p->met == p->visits && (!outbox_drain(&p->out) || !p->out.count || !p->left_ms))
            let_go(p);
    }
    bool busy = p->fd >= 0;
    f[1] = (struct pollfd){ .fd = !busy ? p->listener : full || p->ended ? -1 : p->fd, .events = POLLIN };
    pthread_mutex_unlock(&p->lock);
    return busy && f[1].fd < 0 ? LOOK_MS : -1;
}

static void *run(void *opaque)
{
    struct peer *p = opaque;
    for (;;) {
        struct pollfd f[2] = { { .fd = p->quit[0], .events = POLLIN } };
        int ms = choose(p, f);
        if (poll(f, 2, ms) < 0 && errno != EINTR)
            return NULL;
        if (f[0].revents)
            return NULL;
        if (f[1].fd >= 0 && f[1].revents && f[1].fd == p->listener)
            let_in(p, accept4(p->listener, NULL, NULL, SOCK_CLOEXEC));
        else if (f[1].fd >= 0 && f[1].revents)
            take(p);
    }
}

/* ---- life ---- */

static bool fault(const struct peer *p, const char *what, struct err *e)
{
    return err_set(e, "unix:%s: %s%s%s", p->c.path, what, *what ? ": " : "", strerror(errno));
}

static bool answers(const struct peer *p)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is = fd >= 0 && (!connect(fd, (const struct sockaddr *)&p->addr, sizeof p->addr) || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return is;
}

/* What an earlier run left behind goes; nothing else does. */
static bool clear_path(const struct peer *p, struct err *e)
{
    struct stat st;
    if (lstat(p->c.path, &st))
        return errno == ENOENT || fault(p, "", e);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, "unix:%s: there is a file of that name, which is no socket", p->c.path);
    if (answers(p))
        return err_set(e, "unix:%s: another program listens there", p->c.path);
    return !unlink(p->c.path) || fault(p, "", e);
}

static bool serve(struct peer *p, struct err *e)
{
    if (!clear_path(p, e))
        return false;
    int fd = p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&p->addr, sizeof p->addr) || lstat(p->c.path, &p->file)
        || listen(fd, 1))
        return fault(p, "", e);
    if (!p->c.wait)
        return true;
    if (p->c.listens)
        p->c.listens(p->c.path);
    int client;
    while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0)
        if (errno != EINTR && errno != ECONNABORTED)
            return fault(p, "", e);
    let_in(p, client);
    return true;
}

static bool call(struct peer *p, struct err *e)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !connect(fd, (struct sockaddr *)&p->addr, sizeof p->addr)) {
        let_in(p, fd);
        return true;
    }
    fault(p, "connecting", e);
    if (fd >= 0)
        close(fd);
    return false;
}

static bool start(struct peer *p, struct err *e)
{
    sigset_t all, was;
    if (strlen(p->c.path) >= sizeof p->addr.sun_path)
        return err_set(e, "unix:%s: the path is longer than %zu bytes", p->c.path, sizeof p->addr.sun_path - 1);
    p->addr.sun_family = AF_UNIX;
    memcpy(p->addr.sun_path, p->c.path, strlen(p->c.path));
    if (pipe2(p->quit, O_CLOEXEC))
        return fault(p, "", e);
    if (!(p->c.server ? serve(p, e) : call(p, e)))
        return false;
    sigfillset(&all); /* signals are the machine's thread's */
    pthread_sigmask(SIG_SETMASK, &all, &was);
    p->threaded = !pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    return p->threaded || err_set(e, "unix:%s: no thread for it", p->c.path);
}

struct peer *peer_open(const struct peer_config *c, struct err *e)
{
    struct peer *p = calloc(1, sizeof *p);
    if (!p) {
        err_set(e, "unix:%s: out of memory", c->path);
        return NULL;
    }
    p->c = *c;
    p->listener = p->fd = p->quit[0] = p->quit[1] = p->out.fd = -1;
    pthread_mutex_init(&p->lock, NULL);
    c->chr->write = chr_out;
    c->chr->host = p;
    if (start(p, e))
        return p;
    peer_close(p);
    return NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void peer_close(struct peer *p)
{
    struct stat st;
    if (!p)
        return;
    close_fd(p->quit[1]);
    if (p->threaded)
        pthread_join(p->thread, NULL);
    if (p->fd >= 0) {
        outbox_finish(&p->out, FAREWELL_MS);
        let_go(p);
    }
    if (p->listener >= 0 && p->file.st_ino && !lstat(p->c.path, &st) && st.st_ino == p->file.st_ino
        && st.st_dev == p->file.st_dev)
        unlink(p->c.path);
    close_fd(p->listener);
    close_fd(p->quit[0]);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
