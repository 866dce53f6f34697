/* outbox.c - bounded output that never waits; see outbox.h. */
#include "host/outbox.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAREFUL 256u /* bytes that a descriptor which may block takes when it says that it is ready */

static const char lost_text[] = "\r\n[output is missing here: it was not read in time]\r\n";

void outbox_open(struct outbox *o, int fd)
{
    struct stat st;
    char name[40];
    o->fd = fd;
    o->mine = o->socket = o->lost = false;
    o->head = o->count = 0;
    if (fd < 0 || fstat(fd, &st))
        return;
    o->socket = S_ISSOCK(st.st_mode);
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int own = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    o->mine = own >= 0;
    o->fd = o->mine ? own : fd;
}

void outbox_close(struct outbox *o)
{
    if (o->mine)
        close(o->fd);
    o->fd = -1;
    o->mine = false;
    o->count = 0;
}

static bool ready(int fd, int ms)
{
    struct pollfd f = { .fd = fd, .events = POLLOUT };
    return poll(&f, 1, ms) > 0;
}

/* 0: not now; -1: never again. */
static ssize_t try_write(struct outbox *o, const u8 *p, u32 n)
{
    ssize_t w;
    if (o->socket)
        w = send(o->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (!o->mine && !ready(o->fd, 0))
        return 0;
    else
        w = write(o->fd, p, o->mine ? n : MIN(n, CAREFUL));
    return w < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : w;
}

static void keep(struct outbox *o, const u8 *p, u32 n)
{
    u32 room = OUTBOX_BYTES - o->count - (u32)sizeof lost_text;
    if (n > room) {
        n = room;
        o->lost = true;
    }
    u32 at = (o->head + o->count) % OUTBOX_BYTES, first = MIN(n, OUTBOX_BYTES - at);
    memcpy(o->bytes + at, p, first);
    memcpy(o->bytes, p + first, n - first);
    o->count += n;
}

static void own_up(struct outbox *o)
{
    o->lost = false;
    keep(o, (const u8 *)lost_text, sizeof lost_text - 1);
}

bool outbox_drain(struct outbox *o)
{
    while (o->fd >= 0 && (o->count || o->lost)) {
        if (!o->count)
            own_up(o);
        ssize_t w = try_write(o, o->bytes + o->head, MIN(o->count, OUTBOX_BYTES - o->head));
        if (w < 0) {
            outbox_close(o);
            break;
        }
        if (!w)
            break;
        o->head = (o->head + (u32)w) % OUTBOX_BYTES;
        o->count -= (u32)w;
    }
    return o->fd >= 0;
}

void outbox_put(struct outbox *o, const void *p, u32 n)
{
    if (o->fd >= 0 && !o->lost)
        keep(o, p, n);
    outbox_drain(o);
}

void outbox_finish(struct outbox *o, u32 ms)
{
    while (outbox_drain(o) && o->count && ready(o->fd, (int)ms)) {}
}
