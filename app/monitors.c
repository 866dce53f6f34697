/* monitors.c - the monitors of a session; see monitors.h. */
#include "app/monitors.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A byte may be here before the news that the terminal was turned. */
static u32 receive_own(void *opaque, const u8 *p, u32 n)
{
    struct monitors *s = opaque;
    monitors_turned(s);
    return monitor_receive(&s->own, p, n);
}

void monitors_init(struct monitors *s, const struct options *o, struct setup *setup, struct input *input,
                   struct hash_state *hash)
{
    s->on = (struct monitored){ .setup = setup, .input = input, .hash = hash, .paused = o->paused };
    monitor_init(&s->own, &s->on, terminal_is_screen());
    chr_set_receiver(&s->own.chr, receive_own, s);
}

void monitors_turned(struct monitors *s)
{
    bool now = s->t && terminal_on_other(s->t);
    if (now == s->shown)
        return;
    s->shown = now;
    chr_write(&s->own.chr, "\r\n", 2);
    if (now)
        monitor_greet(&s->own);
}

/* ---- sockets and files ---- */

static void met(void *opaque) { monitor_greet(opaque); }
static void listens(const char *path) { fprintf(stderr, "mynah: waiting for a connection on unix:%s\n", path); }

static void write_file(struct chr *c, const u8 *p, u32 n)
{
    while (n) {
        ssize_t w = write(*(int *)c->host, p, n);
        if (w < 0 && errno != EINTR)
            return;
        if (w > 0) {
            p += w;
            n -= (u32)w;
        }
    }
}

/* A monitor that nobody can type to. A pipe that is full loses the rest. */
static bool open_file(struct monitors *s, u32 n, const char *name, struct err *e)
{
    s->fd[n] = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
    if (s->fd[n] < 0)
        return err_set(e, "-monitor file '%s': %s", name, strerror(errno));
    signal(SIGPIPE, SIG_IGN); /* it may be a pipe */
    s->more[n].chr.write = write_file;
    s->more[n].chr.host = &s->fd[n];
    monitor_greet(&s->more[n]);
    return true;
}

static bool open_one(struct monitors *s, const struct opt_monitor *m, void (*wake)(void *), void *opaque,
                     struct err *e)
{
    u32 n = s->count++;
    monitor_init(&s->more[n], &s->on, false);
    s->fd[n] = -1;
    if (m->file)
        return open_file(s, n, m->file, e);
    struct peer_config c = { .path = m->socket, .server = m->server, .wait = m->wait, .chr = &s->more[n].chr,
                             .met = met, .met_opaque = &s->more[n], .listens = listens, .wake = wake,
                             .opaque = opaque };
    s->peer[n] = peer_open(&c, e);
    return s->peer[n] || err_prefix(e, "-monitor");
}

bool monitors_open(struct monitors *s, const struct options *o, void (*wake)(void *), void *opaque, struct err *e)
{
    for (u32 i = 0; i < o->monitor_count; i++)
        if (!open_one(s, &o->monitors[i], wake, opaque, e))
            return false;
    return true;
}

void monitors_poll(struct monitors *s)
{
    for (u32 i = 0; i < s->count; i++)
        if (s->peer[i])
            peer_poll(s->peer[i]);
}

void monitors_close(struct monitors *s)
{
    for (u32 i = 0; i < s->count; i++) {
        peer_close(s->peer[i]);
        if (s->fd[i] >= 0)
            close(s->fd[i]);
        monitor_free(&s->more[i]);
    }
    monitor_free(&s->own);
    monitored_free(&s->on);
}
