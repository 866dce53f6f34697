/*
 * run.c - from options to a running machine and an exit status.
 *
 * Only this room prints to the user. Order of errors: options, files, machine, run.
 */
#include "app/run.h"
#include "app/disks.h"
#include "app/monitor.h"
#include "backend/interp/interp.h"
#include "frontend/arm/cpu.h"
#include "host/clock.h"
#include "hw/boards/virt.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct session {
    const struct options *o;
    struct machine       *m;
    struct terminal      *t;
    struct monitor        mon;
    struct chr            file_chr;     /* -serial file: */
    int                   file_fd;
    FILE                 *log;
    struct virt_config    virt;
    struct disks          disks;        /* what snapshots say of them */
    struct hash_state     hash;
    u32                   next_hash;
    atomic_uint           command;      /* CMD_ bits from the terminal's thread */
};
enum { CMD_MONITOR = 1, CMD_SAVE = 2, CMD_HELP = 4 };

/* The one machine that signals stop; written before handlers are installed. */
static struct machine *signal_machine;
static volatile sig_atomic_t signal_seen;

static void on_signal(int n)
{
    signal_seen = n;
    machine_request(signal_machine, REQ_QUIT);
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
    bool ok = disks_save(&s->disks, s->m, file, &e);
    snprintf(text, sizeof text, ok ? "\n[snapshot written to %s]\n" : "\n[%s]\n", ok ? file : e.msg);
    terminal_print(s->t, text);
}

static void on_poll(void *opaque)
{
    struct session *s = opaque;
    u32 c = atomic_exchange(&s->command, 0);
    if (c & CMD_HELP)
        terminal_print(s->t, escape_help);
    if (c & CMD_SAVE)
        save_on_key(s);
    if (c & CMD_MONITOR)
        monitor_toggle(&s->mon);
    if (s->t)
        terminal_poll(s->t);
}

static void on_wait(void *opaque, u64 ns)
{
    struct session *s = opaque;
    struct timespec ts = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
    if (s->t)
        terminal_wait(s->t, ns);
    else
        nanosleep(&ts, NULL);
}

static void file_out(struct chr *c, const u8 *p, u32 n)
{
    struct session *s = c->host;
    while (n) {
        ssize_t w = write(s->file_fd, p, n);
        if (w < 0 && errno != EINTR)
            return;
        if (w > 0) {
            p += w;
            n -= (u32)w;
        }
    }
}

static bool open_terminal(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    bool serial = o->serial == SERIAL_STDIO || o->serial == SERIAL_MON_STDIO;
    bool console = false;
    for (u32 i = 0; i < o->device_count; i++)
        console |= o->devices[i].kind == DEVICE_CONSOLE;
    if (o->serial == SERIAL_STDIO && o->monitor_stdio)
        return err_set(e, "-serial stdio and -monitor stdio cannot share the terminal; -serial mon:stdio does both");
    if (!serial && !o->monitor_stdio && !console)
        return true;
    struct terminal_config c = { .raw = true, .escapes = o->serial == SERIAL_MON_STDIO,
                                 .signals = o->serial != SERIAL_MON_STDIO, .kick = on_kick,
                                 .command = on_command, .opaque = s };
    s->t = terminal_open(&c, e);
    if (!s->t)
        return false;
    monitor_init(&s->mon, s->m, s->t);
    s->mon.power_key = virt_power_key;
    s->mon.disks = &s->disks;
    s->mon.permanent = o->monitor_stdio && !serial;
    if (s->mon.permanent)
        monitor_toggle(&s->mon);
    return true;
}

static void connect_serial(struct session *s)
{
    const struct options *o = s->o;
    if (o->serial == SERIAL_FILE) {
        s->file_chr = (struct chr){ .write = file_out, .host = s };
        s->virt.serial = &s->file_chr;
    } else if (s->t && (o->serial == SERIAL_STDIO || o->serial == SERIAL_MON_STDIO)) {
        s->virt.serial = terminal_chr(s->t);
    }
}

static int open_output(const char *opt, const char *file, struct err *e)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        err_set(e, "%s '%s': %s", opt, file, strerror(errno));
    return fd;
}

/* A snapshot is written at the end of a run that may take hours: a folder that will not have it is told now. */
static bool check_save(const char *file, struct err *e)
{
    const char *slash = strrchr(file, '/');
    struct stat st;
    char *folder = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
    CHECK(folder);
    bool ok = !access(folder, W_OK | X_OK) || err_set(e, "snapshot '%s': %s", file, strerror(errno));
    free(folder);
    return ok && ((stat(file, &st) || !S_ISDIR(st.st_mode)) || err_set(e, "snapshot '%s': is a directory", file));
}

/* What a run writes comes last, so that a run refused for another reason leaves nothing behind. */
static bool open_outputs(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    int log = -1;
    if (o->save && !check_save(o->save, e))
        return false;
    if (o->log_file && (log = open_output("-D", o->log_file, e)) < 0)
        return false;
    if (log >= 0 && !(s->log = fdopen(log, "w")))
        return err_set(e, "-D '%s': %s", o->log_file, strerror(errno));
    if (s->log)
        s->m->log.out = s->log;
    if (o->serial == SERIAL_FILE && (s->file_fd = open_output("-serial file", o->serial_file, e)) < 0)
        return false;
    /* What an earlier run left goes only now. A pipe or a terminal cannot be cut: EINVAL. */
    if ((log >= 0 && ftruncate(log, 0) && errno != EINVAL) || (s->file_fd >= 0 && ftruncate(s->file_fd, 0) && errno != EINVAL))
        return err_set(e, "the output file '%s': %s", s->file_fd >= 0 ? o->serial_file : o->log_file, strerror(errno));
    return true;
}

/* ---- drives and devices ---- */

static struct block *open_drive(const struct options *o, const struct opt_drive *d, struct err *e)
{
    return block_open_raw(d->file, d->read_only, d->snapshot || o->snapshot_all, e);
}

static bool add_blk(struct session *s, const struct opt_drive *d, const char *serial, struct err *e)
{
    struct virt_config *v = &s->virt;
    if (v->slot_count == VIRT_VIRTIO_COUNT)
        return err_set(e, "more than %u virtio devices", VIRT_VIRTIO_COUNT);
    struct block *b = open_drive(s->o, d, e);
    if (!b)
        return false;
    disks_add(&s->disks, "virtio", VIRT_VIRTIO_COUNT - 1 - v->slot_count, b); /* the device's name on the board */
    v->slots[v->slot_count++] = (struct virt_slot){ .kind = VIRT_SLOT_BLK, .block = b, .serial = serial, .id = d->id };
    return true;
}

static bool add_device(struct session *s, const struct opt_device *d, u64 *used, struct err *e)
{
    const struct options *o = s->o;
    struct virt_config *v = &s->virt;
    if (d->kind == DEVICE_SERIAL_BUS)
        return true;
    if (d->kind == DEVICE_BLK) {
        for (u32 i = 0; i < o->drive_count; i++)
            if (o->drives[i].iface == DRIVE_NONE && o->drives[i].id && !strcmp(o->drives[i].id, d->drive)) {
                if (*used >> i & 1)
                    return err_set(e, "-device virtio-blk-device: drive '%s' is already in use", d->drive);
                *used |= 1ull << i;
                return add_blk(s, &o->drives[i], d->serial, e);
            }
        return err_set(e, "-device virtio-blk-device: there is no -drive if=none,id=%s", d->drive);
    }
    if (v->slot_count == VIRT_VIRTIO_COUNT)
        return err_set(e, "more than %u virtio devices", VIRT_VIRTIO_COUNT);
    v->slots[v->slot_count++] = (struct virt_slot){
        .kind = d->kind == DEVICE_RNG ? VIRT_SLOT_RNG : VIRT_SLOT_CONSOLE,
        .chr = d->kind == DEVICE_CONSOLE && s->t ? terminal_chr(s->t) : NULL, .id = d->id };
    return true;
}

static bool add_drives(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    u64 used = 0;
    u32 flash = 0;
    for (u32 i = 0; i < o->drive_count; i++) {
        const struct opt_drive *d = &o->drives[i];
        if (d->iface == DRIVE_VIRTIO && !add_blk(s, d, NULL, e))
            return false;
        if (d->iface != DRIVE_PFLASH)
            continue;
        if (flash == 2)
            return err_set(e, "-drive if=pflash: the virt board has two flash banks");
        if (!(s->virt.pflash[flash] = open_drive(o, d, e)))
            return false;
        disks_add(&s->disks, "flash", flash, s->virt.pflash[flash]);
        flash++;
    }
    for (u32 i = 0; i < o->device_count; i++)
        if (!add_device(s, &o->devices[i], &used, e))
            return false;
    for (u32 i = 0; i < o->drive_count; i++)
        if (o->drives[i].iface == DRIVE_NONE && !(used >> i & 1))
            return err_set(e, "-drive: no -device uses the drive '%s'", o->drives[i].id);
    return true;
}

/* ---- the machine ---- */

static bool add_cpu(struct machine *m, void *opaque, struct err *e)
{
    struct session *s = opaque;
    struct a64_wiring w = { .gic_sysregs = s->virt.gic_version == 3, .psci = A64_PSCI_HVC };
    const struct a64_model *model = a64_model_find(s->o->cpu);
    return a64_cpu_new(m, model, &interp_engine, &w, e);
}

/* 2024-01-01 00:00:00 UTC: the board's clock in deterministic mode unless -rtc says otherwise. */
#define FIXED_RTC 1704067200u

static void describe(struct session *s)
{
    const struct options *o = s->o;
    struct virt_config *v = &s->virt;
    v->cpu = o->cpu;
    v->add_cpu = add_cpu;
    v->cpu_opaque = s;
    v->ram_size = o->ram_size;
    v->gic_version = o->gic_version;
    v->kernel = o->kernel;
    v->initrd = o->initrd;
    v->append = o->append;
    v->dtb = o->dtb;
    v->bios = o->bios;
    v->deterministic = o->icount;
    v->nographic = o->nographic;
    v->rtc_seconds = o->rtc_base != ~0ull ? o->rtc_base : o->icount ? FIXED_RTC : host_wall_seconds();
}

static u64 seed_of(const struct options *o)
{
    u64 seed = o->seed;
    int fd = o->icount ? -1 : open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &seed, sizeof seed) != sizeof seed)
            seed = host_now_ns();
        close(fd);
    }
    return seed;
}

/* The options that name nothing to start with are refused: such a machine would spin in empty flash. */
static bool check_start(const struct options *o, struct err *e)
{
    bool firmware = o->bios;
    for (u32 i = 0; i < o->drive_count; i++)
        firmware |= o->drives[i].iface == DRIVE_PFLASH;
    const char *idle = o->initrd ? "-initrd" : o->append ? "-append" : o->dtb && !firmware ? "-dtb" : NULL;
    if (o->kernel || (firmware && !idle))
        return true;
    return idle ? err_set(e, "%s without -kernel does nothing", idle)
                : o->load || err_set(e, "nothing to start: one of -kernel, -bios, -drive if=pflash or --loadvm is needed");
}

static bool set_up(struct session *s, struct err *e)
{
    const struct options *o = s->o;
    if (!check_start(o, e))
        return false;
    if (!(s->m = machine_new("virt", e)))
        return false;
    s->m->clock = o->icount ? CLOCK_ICOUNT : CLOCK_REALTIME;
    s->m->pace_host = o->pace_host;
    s->m->no_reboot = o->no_reboot;
    s->m->host_ns = host_now_ns;
    s->m->poll = on_poll;
    s->m->wait = on_wait;
    s->m->poll_opaque = s;
    s->m->log.mask = o->log_mask;
    machine_seed(s->m, seed_of(o));
    describe(s);
    if (!open_terminal(s, e))
        return false;
    connect_serial(s);
    return add_drives(s, e) && virt_build(s->m, &s->virt, e) && (!o->load || disks_load(&s->disks, s->m, o->load, e))
           && open_outputs(s, e);
}

static void tear_down(struct session *s)
{
    signal(SIGINT, SIG_DFL); /* the handler's machine is about to go */
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    terminal_close(s->t);
    if (!s->m || !s->m->board)
        virt_close_blocks(&s->virt);
    machine_free(s->m);
    hash_state_free(&s->hash);
    if (s->file_fd >= 0)
        close(s->file_fd);
    if (s->log)
        fclose(s->log);
}

static void install_signals(struct session *s)
{
    struct sigaction sa = { .sa_handler = on_signal };
    signal_machine = s->m;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
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
        terminal_poll(s->t);
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

/* Runs through all stops; false with e when a snapshot cannot be written. */
static bool run(struct session *s, enum machine_end *end, struct err *e)
{
    const struct options *o = s->o;
    while (s->next_hash < o->hash_count && o->hashes[s->next_hash] < machine_icount(s->m))
        s->next_hash++;
    for (;;) {
        s->m->stop_at = next_stop(s);
        *end = machine_run(s->m);
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
            return !o->save || disks_save(&s->disks, s->m, o->save, e);
    }
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
}

int app_run(const struct options *o)
{
    struct session s = { .o = o, .file_fd = -1 };
    struct err e;
    enum machine_end end = END_NONE;
    u64 start = host_now_ns();
    bool ok = set_up(&s, &e);
    if (ok) {
        install_signals(&s);
        ok = run(&s, &end, &e);
        if (s.t)
            terminal_poll(s.t);
        if (ok && o->stats)
            print_stats(&s, start);
    }
    tear_down(&s);
    if (!ok)
        app_error(&e);
    return !ok ? 1 : signal_seen ? 128 + signal_seen : 0;
}
