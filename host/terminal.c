/* terminal.c - stdin and stdout for a machine: a reader thread, rings of input, buffered output. */
#include "host/terminal.h"
#include "host/outbox.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define RING 65536u
#define OUT 8192u
#define FAREWELL_MS 1000

struct inlet {                      /* of one of the two streams */
    u8  ring[RING];
    u32 head, count;
};

struct terminal {
    struct terminal_config c;
    struct chr       chr;           /* the machine's serial port */
    atomic_bool      on_other;      /* input goes to c.other */
    struct termios   saved;
    bool             restore, threaded;
    pthread_t        reader;
    pthread_mutex_t  lock;
    pthread_cond_t   wake;
    bool             woken;
    int              quit[2];       /* closing wakes the reader */
    struct inlet     in[2];         /* of chr, of c.other; under lock */
    u8               out[OUT];
    u32              out_n;
    struct outbox    said;          /* by c.other and terminal_print() */
};

/* ---- output ---- */

static void write_all(const u8 *p, u32 n)
{
    while (n) {
        ssize_t w = write(STDOUT_FILENO, p, n);
        if (w < 0 && errno == EAGAIN) {
            struct pollfd f = { .fd = STDOUT_FILENO, .events = POLLOUT };
            poll(&f, 1, 100);
            continue;
        }
        if (w < 0 && errno != EINTR)
            return; /* nobody reads any more: the guest goes on */
        if (w > 0) {
            p += w;
            n -= (u32)w;
        }
    }
}

static void flush(struct terminal *t)
{
    outbox_drain(&t->said);
    write_all(t->out, t->out_n);
    t->out_n = 0;
}

static void chr_out(struct chr *c, const u8 *p, u32 n)
{
    struct terminal *t = c->host;
    while (n) {
        if (t->out_n == OUT)
            flush(t);
        u32 k = MIN(n, OUT - t->out_n);
        memcpy(t->out + t->out_n, p, k);
        t->out_n += k;
        p += k;
        n -= k;
    }
}

static void other_out(struct chr *c, const u8 *p, u32 n)
{
    struct terminal *t = c->host;
    if (t->out_n)
        flush(t);
    outbox_put(&t->said, p, n);
}

void terminal_print(struct terminal *t, const char *text)
{
    struct chr said = { .host = t };
    for (; *text; text++) {
        u32 n = (u32)strcspn(text, "\n");
        other_out(&said, (const u8 *)text, n);
        text += n;
        if (!*text)
            return;
        other_out(&said, (const u8 *)"\r\n", 2);
    }
}

/* ---- input ---- */

static void push(struct terminal *t, u8 byte)
{
    pthread_mutex_lock(&t->lock);
    struct inlet *in = &t->in[atomic_load(&t->on_other)];
    if (in->count < RING)
        in->ring[(in->head + in->count++) % RING] = byte;
    pthread_mutex_unlock(&t->lock);
}

/* A letter behind Ctrl-A. What is typed next belongs to the other stream at once. */
static void command(struct terminal *t, u8 letter)
{
    if ((letter | 0x20) == 'c' && t->c.other && !t->c.alone)
        atomic_store(&t->on_other, !atomic_load(&t->on_other));
    t->c.command(t->c.opaque, (char)letter);
}

/* One byte of input through the Ctrl-A state machine. */
static void input(struct terminal *t, u8 byte, bool *escaped)
{
    if (!t->c.escapes) {
        push(t, byte);
    } else if (*escaped) {
        *escaped = false;
        if (byte == 1)
            push(t, 1);
        else
            command(t, byte);
    } else if (byte == 1) {
        *escaped = true;
    } else {
        push(t, byte);
    }
}

static bool ring_full(struct terminal *t)
{
    pthread_mutex_lock(&t->lock);
    bool full = t->in[atomic_load(&t->on_other)].count > RING / 2;
    pthread_mutex_unlock(&t->lock);
    return full;
}

static void *reader(void *opaque)
{
    struct terminal *t = opaque;
    bool escaped = false, open = true;
    for (;;) {
        bool full = ring_full(t);
        struct pollfd f[2] = { { .fd = t->quit[0], .events = POLLIN },
                               { .fd = open && !full ? STDIN_FILENO : -1, .events = POLLIN } };
        if (poll(f, 2, full ? 10 : -1) < 0 && errno != EINTR)
            return NULL;
        if (f[0].revents)
            return NULL;
        if (!f[1].revents)
            continue;
        u8 buf[4096];
        ssize_t n = read(STDIN_FILENO, buf, sizeof buf);
        if (n <= 0)
            open = n < 0 && (errno == EINTR || errno == EAGAIN);
        for (ssize_t i = 0; i < n; i++)
            input(t, buf[i], &escaped);
        if (n > 0) {
            t->c.kick(t->c.opaque);
            terminal_wake(t);
        }
    }
}

static void deliver(struct terminal *t, struct inlet *in, struct chr *to)
{
    for (u32 done = 0; done < RING;) { /* whoever sends without end shall not hold the machine */
        u8 buf[256];
        pthread_mutex_lock(&t->lock);
        u32 n = MIN(in->count, (u32)sizeof buf);
        for (u32 i = 0; i < n; i++)
            buf[i] = in->ring[(in->head + i) % RING];
        pthread_mutex_unlock(&t->lock);
        u32 took = n ? chr_deliver(to, buf, n) : 0;
        pthread_mutex_lock(&t->lock);
        in->head = (in->head + took) % RING;
        in->count -= took;
        pthread_mutex_unlock(&t->lock);
        if (!took)
            return;
        done += took;
    }
}

void terminal_flush(struct terminal *t)
{
    flush(t);
}

void terminal_poll_other(struct terminal *t)
{
    flush(t);
    deliver(t, &t->in[1], t->c.other);
}

void terminal_poll(struct terminal *t)
{
    terminal_poll_other(t);
    deliver(t, &t->in[0], &t->chr);
}

void terminal_wake(struct terminal *t)
{
    pthread_mutex_lock(&t->lock);
    t->woken = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void terminal_wait(struct terminal *t, u64 ns)
{
    struct timespec until;
    if (t->out_n)
        flush(t);
    clock_gettime(CLOCK_MONOTONIC, &until);
    u64 at = (u64)until.tv_nsec + ns;
    until.tv_sec += (time_t)(at / 1000000000u);
    until.tv_nsec = (long)(at % 1000000000u);
    pthread_mutex_lock(&t->lock);
    while (!t->woken)
        if (pthread_cond_timedwait(&t->wake, &t->lock, &until) == ETIMEDOUT)
            break;
    t->woken = false;
    pthread_mutex_unlock(&t->lock);
}

struct chr *terminal_chr(struct terminal *t)
{
    return &t->chr;
}

bool terminal_on_other(const struct terminal *t)
{
    return atomic_load(&t->on_other);
}

bool terminal_is_screen(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

u32 terminal_columns(void)
{
    struct winsize w = { 0 };
    return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col >= 20 ? w.ws_col : 80;
}

/* ---- life ---- */

static void make_raw(struct terminal *t)
{
    struct termios raw;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &t->saved))
        return;
    raw = t->saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag |= OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | (t->c.signals ? 0 : ISIG));
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    t->restore = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

struct terminal *terminal_open(const struct terminal_config *c, struct err *e)
{
    struct terminal *t = calloc(1, sizeof *t);
    pthread_condattr_t attr;
    if (!t || pipe(t->quit)) {
        free(t);
        err_set(e, "the terminal: %s", strerror(errno));
        return NULL;
    }
    t->c = *c;
    t->chr = (struct chr){ .write = chr_out, .host = t };
    t->on_other = c->other && c->alone;
    outbox_open(&t->said, STDOUT_FILENO);
    if (c->other) {
        c->other->write = other_out;
        c->other->host = t;
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->wake, &attr);
    pthread_condattr_destroy(&attr);
    signal(SIGPIPE, SIG_IGN);
    if (c->raw)
        make_raw(t);
    t->threaded = !pthread_create(&t->reader, NULL, reader, t);
    if (!t->threaded) {
        terminal_close(t);
        err_set(e, "the terminal: no thread for its input");
        return NULL;
    }
    return t;
}

void terminal_close(struct terminal *t)
{
    if (!t)
        return;
    flush(t);
    outbox_finish(&t->said, FAREWELL_MS);
    outbox_close(&t->said);
    close(t->quit[1]);
    if (t->threaded)
        pthread_join(t->reader, NULL);
    close(t->quit[0]);
    if (t->restore)
        tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    free(t);
}
