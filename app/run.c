/*
 * run.c - from options to a running machine and an exit status.
 *
 * Only this room prints to the user. Order of errors: options, files, machine, run.
 */
#define _GNU_SOURCE /* sem_clockwait */
#include "app/run.h"
#include "app/engines.h"
#include "app/monitors.h"
#include "app/screen.h"
#include "app/screendump.h"
#include "app/setup.h"
#include "host/clock.h"
#include "host/input.h"
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct out_file { struct chr chr; int fd; const char *opt, *name; };
enum { OUT_SERIAL, OUT_SERIAL2, OUT_PARALLEL, OUT_DEBUGCON, OUTS };

struct session {
    const struct options *o;
    struct setup          setup;
    struct machine       *m;            /* the setup's */
    struct terminal      *t;
    struct monitors       mons;
    struct out_file       out[OUTS];    /* -serial file: and so on */
    struct input         *input;        /* keys and pointer for the machine */
    struct display       *display;      /* its screen, or NULL */
    struct window        *window;       /* ... on the desktop, or NULL */
    sem_t                 wake;         /* input came while the machine slept and has no terminal */
    FILE                 *log;
    struct hash_state     hash;
    u32                   next_hash;
    atomic_uint           command;      /* CMD_ bits from the terminal's thread */
};
#define PAUSE_LOOK_NS 20000000u
enum { CMD_MONITOR = 1, CMD_SAVE = 2, CMD_HELP = 4, CMD_POWER = 8 };

/* The one machine that signals stop; written before handlers are installed. */
static struct machine *signal_machine;
static volatile sig_atomic_t signal_seen;

static void on_signal(int n)
{
    signal_seen = n;
    if (signal_machine)
        machine_request(signal_machine, REQ_QUIT);
}

void app_catch_signals(struct machine *m)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = m ? 0 : (int)SA_RESETHAND };
    sigfillset(&sa.sa_mask); /* machine_request() */
    signal_machine = m;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

void app_release_signals(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
}

int app_signal_seen(void)
{
    return signal_seen;
}

void app_error(const struct err *e)
{
    char text[sizeof e->msg];
    u32 n = 0;
    for (; n < sizeof text - 1 && e->msg[n]; n++) /* a file's name may hold anything; a sentence is one line */
        text[n] = (u8)e->msg[n] < 32 || e->msg[n] == 127 ? '?' : e->msg[n];
    text[n] = 0;
    fprintf(stderr, "mynah: %s\n", text);
}

/* ---- terminal ---- */

static const char escape_help[] =
    "\nC-a h    print this help\n"
    "C-a x    leave mynah\n"
    "C-a s    write a snapshot (to the file of --savevm, or mynah.snap)\n"
    "C-a c    switch between console and monitor\n"
    "C-a C-a  send Ctrl-A\n";

static void on_kick(void *opaque)
{
    machine_kick(((struct session *)opaque)->m);
}

/* Whoever sends keys: a machine that runs looks at them soon, one that sleeps wakes up. */
static void on_input(void *opaque)
{
    struct session *s = opaque;
    on_kick(s);
    if (s->t)
        terminal_wake(s->t);
    else
        sem_post(&s->wake);
}

/* The window is closed: the guest is asked to power off; whoever asks again does not want to wait. */
static void on_closed(void *opaque, u32 times)
{
    struct session *s = opaque;
    if (times > 1)
        machine_request(s->m, REQ_QUIT);
    atomic_fetch_or(&s->command, CMD_POWER);
    on_input(s);
}

static void on_command(void *opaque, char letter)
{
    struct session *s = opaque;
    switch (letter | 0x20) {
    case 'x': machine_request(s->m, REQ_QUIT); break;
    case 'h': case '?' | 0x20: atomic_fetch_or(&s->command, CMD_HELP); break;
    case 's': atomic_fetch_or(&s->command, CMD_SAVE); break;
    case 'c': atomic_fetch_or(&s->command, CMD_MONITOR); break;
    default: break;
    }
    on_kick(s);
}

static void save_on_key(struct session *s)
{
    const char *file = s->o->save ? s->o->save : "mynah.snap";
    struct err e;
    char text[512];
    bool ok = s->mons.on.broken ? err_set(&e, "nothing is saved: a snapshot was loaded only in part")
                                : disks_save(&s->setup.disks, s->m, file, &e);
    snprintf(text, sizeof text, ok ? "\n[snapshot written to %s]\n" : "\n[%s]\n", ok ? file : e.msg);
    terminal_print(s->t, text);
}

static void serve_window(struct session *s, u32 commands)
{
    if (commands & CMD_POWER)
        s->setup.board->power_key(s->m);
    if (s->window)
        window_poll(s->window, s->display);
}

/* Input from the world. still: the machine is stopped, and what it would get has to wait. */
static void look(struct session *s, bool still)
{
    u32 c = atomic_exchange(&s->command, 0);
    if (c & CMD_HELP)
        terminal_print(s->t, escape_help);
    if (c & CMD_SAVE)
        save_on_key(s);
    if (c & CMD_MONITOR)
        monitors_turned(&s->mons);
    if (s->t && still)
        terminal_poll_other(s->t);
    else if (s->t)
        terminal_poll(s->t);
    serve_window(s, c);
    monitors_poll(&s->mons);
    if (!still)
        input_poll(s->input);
}

static void on_poll(void *opaque) { look(opaque, false); }

static void on_wait(void *opaque, u64 ns)
{
    struct session *s = opaque;
    struct timespec until;
    if (s->t) {
        terminal_wait(s->t, ns);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    u64 at = (u64)until.tv_nsec + ns;
    until.tv_sec += (time_t)(at / 1000000000u);
    until.tv_nsec = (long)(at % 1000000000u);
    sem_clockwait(&s->wake, CLOCK_MONOTONIC, &until); /* a signal ends it, too */
    while (!sem_trywait(&s->wake)) {}
}

static void file_out(struct chr *c, const u8 *p, u32 n)
{
    struct out_file *f = c->host;
    while (n) {
        ssize_t w = write(f->fd, p, n);
        if (w < 0 && errno != EINTR)
            return;
        if (w > 0) {
            p += w;
            n -= (u32)w;
        }
    }
}

/* How the port that has the terminal wants it, whichever that is. */
static enum serial_kind terminal_mode(const struct options *o)
{
    const enum serial_kind ports[] = { o->serial, o->serial2, o->parallel,
                                       o->debugcon_given ? o->debugcon : SERIAL_NULL };
    for (u32 i = 0; i < COUNT(ports); i++)
        if (serial_on_terminal(ports[i]))
            return ports[i];
    return SERIAL_NULL;
}

static bool open_terminal(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    enum serial_kind mode = terminal_mode(o);
    bool serial = serial_on_terminal(mode); /* or another port */
    bool console = false;
    for (u32 i = 0; i < o->device_count; i++)
        console |= o->devices[i].kind == DEVICE_CONSOLE;
    if (o->serial == SERIAL_STDIO && o->monitor_stdio)
        return err_set(e, "-serial stdio and -monitor stdio cannot share the terminal; -serial mon:stdio does both");
    bool shared = mode == SERIAL_MON_STDIO && (o->serial_given || !o->monitor_none);
    if (o->paused && !shared && !o->monitor_stdio && !o->monitor_count)
        return err_set(e, "-S: there is no monitor that could start the machine");
    monitors_init(&s->mons, o, &s->setup, s->input, &s->hash);
    if (!serial && !o->monitor_stdio && !console)
        return true;
    struct terminal_config c = { .raw = true, .escapes = mode == SERIAL_MON_STDIO,
                                 .signals = mode != SERIAL_MON_STDIO, .kick = on_kick,
                                 .command = on_command, .opaque = s,
                                 .other = shared || o->monitor_stdio ? &s->mons.own.chr : NULL,
                                 .alone = o->monitor_stdio && !serial };
    s->t = terminal_open(&c, e);
    if (!s->t)
        return false;
    s->mons.t = s->t;
    monitors_turned(&s->mons);
    return true;
}

static struct chr *connect(struct session *s, enum serial_kind kind, struct out_file *f, const char *opt,
                           const char *name)
{
    if (kind == SERIAL_FILE) {
        *f = (struct out_file){ { .write = file_out, .host = f }, -1, opt, name };
        return &f->chr;
    }
    return s->t && serial_on_terminal(kind) ? terminal_chr(s->t) : NULL;
}

static void connect_all(struct session *s)
{
    const struct options *o = s->o;
    struct setup *to = &s->setup;
    to->serial = connect(s, o->serial, &s->out[OUT_SERIAL], "-serial file", o->serial_file);
    to->serial2 = connect(s, o->serial2, &s->out[OUT_SERIAL2], "-serial file", o->serial2_file);
    to->parallel = connect(s, o->parallel, &s->out[OUT_PARALLEL], "-parallel file", o->parallel_file);
    if (o->debugcon_given)
        to->debugcon = connect(s, o->debugcon, &s->out[OUT_DEBUGCON], "-debugcon file", o->debugcon_file);
    to->input = s->input;
    s->setup.console = s->t ? terminal_chr(s->t) : NULL;
}

static bool open_output(struct out_file *f, struct err *e)
{
    f->fd = f->name ? open(f->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    return !f->name || f->fd >= 0 || err_set(e, "%s '%s': %s", f->opt, f->name, strerror(errno));
}

/* What an earlier run left goes only now. A pipe or a terminal cannot be cut: EINVAL. */
static bool cut_output(const struct out_file *f, struct err *e)
{
    return f->fd < 0 || !ftruncate(f->fd, 0) || errno == EINVAL
           || err_set(e, "the output file '%s': %s", f->name, strerror(errno));
}

/* A file is written at the end of a run that may take hours: a folder that will not have it is told now. */
static bool check_save(const char *what, const char *file, struct err *e)
{
    const char *slash = strrchr(file, '/');
    struct stat st;
    char *folder = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
    CHECK(folder);
    bool ok = !access(folder, W_OK | X_OK) || err_set(e, "%s '%s': %s", what, file, strerror(errno));
    free(folder);
    return ok && ((stat(file, &st) || !S_ISDIR(st.st_mode)) || err_set(e, "%s '%s': is a directory", what, file));
}

/* What a run writes comes last, so that a run refused for another reason leaves nothing behind. */
static bool open_outputs(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    struct out_file log = { .opt = "-D", .name = o->log_file };
    if ((o->save && !check_save("snapshot", o->save, e)) || (o->picture && !check_save("picture", o->picture, e)))
        return false;
    if (!open_output(&log, e))
        return false;
    if (log.name && !(s->log = fdopen(log.fd, "w")))
        return err_set(e, "-D '%s': %s", o->log_file, strerror(errno));
    if (s->log)
        s->m->log.out = s->log;
    for (u32 i = 0; i < OUTS; i++)
        if (!open_output(&s->out[i], e))
            return false;
    bool ok = cut_output(&log, e);
    for (u32 i = 0; ok && i < OUTS; i++)
        ok = cut_output(&s->out[i], e);
    return ok;
}

/* ---- the machine ---- */

static bool set_up(struct session *s, struct err *e)
{
    if (!setup_open(&s->setup, s->o, e) || !(s->setup.engine = engine_find("--engine", s->o->engine, e)))
        return false;
    s->m = s->setup.m;
    s->m->poll = on_poll;
    s->m->wait = on_wait;
    s->m->poll_opaque = s;
    if (!open_terminal(s, e))
        return false;
    connect_all(s);
    if (!setup_build(&s->setup, e))
        return false;
    s->display = s->setup.board->display ? s->setup.board->display(s->m) : NULL;
    if (s->o->picture && !s->display)
        return err_set(e, "screenshot: the machine has no screen");
    struct window_config w = { .input = s->input, .want = on_input, .closed = on_closed, .opaque = s };
    return app_screen_open(s->o, s->m, s->display, w, &s->window, e) && open_outputs(s, e)
           && monitors_open(&s->mons, s->o, on_input, s, e);
}

static void tear_down(struct session *s)
{
    app_release_signals(); /* the handler's machine is about to go */
    window_close(s->window);
    monitors_close(&s->mons);
    terminal_close(s->t);
    setup_close(&s->setup);
    hash_state_free(&s->hash);
    for (u32 i = 0; i < OUTS; i++)
        if (s->out[i].fd >= 0)
            close(s->out[i].fd);
    input_free(s->input);
    sem_destroy(&s->wake);
    if (s->log)
        fclose(s->log);
}

/* ---- running ---- */

static void print_hash(struct session *s)
{
    u8 h[16];
    char text[80];
    int n = snprintf(text, sizeof text, "hash %llu ", (unsigned long long)machine_icount(s->m));
    snapshot_hash(s->m, &s->hash, h);
    for (u32 i = 0; i < sizeof h; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%02x", h[i]);
    if (s->t)
        terminal_flush(s->t);
    FILE *out = s->t ? stderr : stdout; /* the guest's text must not run into ours */
    fprintf(out, "%s\n", text);
    fflush(out);
}

static u64 next_stop(const struct session *s)
{
    const struct options *o = s->o;
    return s->next_hash < o->hash_count ? MIN(o->hashes[s->next_hash], o->stop_at) : o->stop_at;
}

/* The guest is gone: was anything asked for at a count that it never reached? */
static bool check_counts(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    u64 now = machine_icount(s->m);
    if (s->next_hash < o->hash_count)
        return err_set(e, "--hash-at %llu: the machine ended at instruction %llu",
                       (unsigned long long)o->hashes[s->next_hash], (unsigned long long)now);
    return o->stop_at == ~0ull || err_set(e, "--stop-at %llu: the machine ended at instruction %llu",
                                          (unsigned long long)o->stop_at, (unsigned long long)now);
}

/* The machine does not run, and virtual time stands still; monitors are heard. Until cont, or another end. */
static enum machine_end stand(struct session *s)
{
    struct machine *m = s->m;
    for (;;) {
        m->still = true;
        look(s, true);
        if (!s->mons.on.paused)
            break;
        if (atomic_load(&m->request) & ~(u32)REQ_KICK) {
            machine_request(m, REQ_STOP); /* it takes the others, and comes back */
            return machine_run(m);
        }
        on_wait(s, PAUSE_LOOK_NS);
    }
    atomic_fetch_and(&m->request, ~(u32)REQ_STOP);
    return END_STOP;
}

/* The machine until its end, or a count. */
static enum machine_end go(struct session *s)
{
    enum machine_end end = END_STOP;
    while (end == END_STOP)
        end = s->mons.on.paused ? stand(s) : machine_run(s->m);
    return end;
}

/* Runs through all stops; false with e when a snapshot cannot be written. */
static bool run(struct session *s, enum machine_end *end, struct err *e)
{
    const struct options *o = s->o;
    while (s->next_hash < o->hash_count && o->hashes[s->next_hash] < machine_icount(s->m))
        s->next_hash++;
    for (;;) {
        s->m->stop_at = next_stop(s);
        *end = go(s);
        if (*end == END_POWEROFF || *end == END_RESET)
            return check_counts(s, e);
        if (*end != END_COUNT)
            return true;
        u64 now = machine_icount(s->m);
        if (s->next_hash < o->hash_count && o->hashes[s->next_hash] <= now) {
            print_hash(s);
            s->next_hash++;
        }
        if (now >= o->stop_at)
            return (!o->save || disks_save(&s->setup.disks, s->m, o->save, e))
                   && (!o->picture || app_screendump(s->display, o->picture, e));
    }
}

static u64 no_time(void)
{
    return 0;
}

/* The screen as a snapshot has it; no time passes. */
static bool picture_loaded(struct session *s, struct err *e)
{
    s->m->host_ns = no_time;
    s->m->host_base = 0 - s->m->s.clock_ns;
    return app_screendump(s->display, s->o->picture, e);
}

static void print_stats(struct session *s, u64 start)
{
    struct mmu_stats *st = &s->m->cpus[0]->mmu.stats;
    u64 n = machine_icount(s->m), ns = host_now_ns() - start;
    fprintf(stderr, "instructions      %llu\nhost seconds      %.3f\nmillion insns/s   %.1f\n", (unsigned long long)n,
            (double)ns / 1e9, ns ? (double)n * 1e3 / (double)ns : 0);
    fprintf(stderr, "TLB misses        %llu\npage walks        %llu\nTLB flushes       %llu\n", (unsigned long long)st->misses,
            (unsigned long long)st->walks, (unsigned long long)st->flushes);
    fprintf(stderr, "MMIO reads        %llu\nMMIO writes       %llu\nstores into code  %llu\n", (unsigned long long)st->io_reads,
            (unsigned long long)st->io_writes, (unsigned long long)st->code_hits);
    for (u32 i = 0; i < s->m->cpu_count; i++)
        if (s->m->cpus[i]->engine->stats)
            s->m->cpus[i]->engine->stats(s->m->cpus[i], stderr);
}

/* A guest that resets has its reasons; one whose processor gave up did not mean to. */
static void tell_shutdown(const char *why, u64 pc)
{
    if (why)
        fprintf(stderr, "mynah: the guest's processor shut down: %s at %#llx\n", why, (unsigned long long)pc);
}

int app_run(const struct options *o)
{
    struct session s = { .o = o };
    struct err e;
    enum machine_end end = END_NONE;
    u64 start = host_now_ns();
    for (u32 i = 0; i < OUTS; i++)
        s.out[i].fd = -1;
    sem_init(&s.wake, 0, 0);
    bool ok = (s.input = input_new(on_input, &s, &e)) && set_up(&s, &e);
    if (ok) {
        app_catch_signals(s.m);
        ok = o->picture && o->stop_at == ~0ull ? picture_loaded(&s, &e) : run(&s, &end, &e);
        if (s.t)
            terminal_flush(s.t);
        if (ok && o->stats)
            print_stats(&s, start);
    }
    int guest_code = s.m ? s.m->exit_code : 0;
    const char *shutdown = ok && end == END_RESET ? s.m->shutdown : NULL;
    u64 shutdown_pc = s.m ? s.m->shutdown_pc : 0;
    tear_down(&s);
    tell_shutdown(shutdown, shutdown_pc);
    if (!ok)
        app_error(&e);
    return !ok ? 1 : signal_seen ? 128 + signal_seen : guest_code;
}
