/* options.c - parses the command line; see options.h. One table row per option. */
#define _GNU_SOURCE /* strptime, timegm */
#include "app/board.h"
#include "app/engines.h"
#include "app/options_kv.h"
#include "base/log.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RAM_DEFAULT (128ull << 20)
#define RAM_MIN (1ull << 20)
#define RAM_MAX (255ull << 30)

/* ---- the options ---- */

static bool machine_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    if (!strcmp(arg, "?") || !strcmp(arg, "help")) {
        app_boards_print();
        return o->listed = true;
    }
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        const char *name = first && !kv.val ? kv.key : !strcmp(kv.key, "type") ? kv.val : NULL;
        if (name) {
            const struct app_board *b = app_board_find(name);
            char known[80];
            app_boards_list(known, sizeof known);
            if (!b)
                return err_set(e, "-M: unknown machine '%s' (known: %s)", name, known);
            o->machine = b->name;
            continue;
        }
        if (!strcmp(kv.key, "gic-version") && !strcmp(o->machine, "virt")) {
            if (!kv.val || (strcmp(kv.val, "2") && strcmp(kv.val, "3") && strcmp(kv.val, "max")))
                return err_set(e, "-M virt: gic-version is 2, 3 or max, not '%s'", kv.val ? kv.val : "");
            o->gic_version = kv.val[0] == '2' ? 2 : 3;
        } else if (!strcmp(kv.key, "accel")) {
            if (!kv.val || strcmp(kv.val, "tcg"))
                return err_set(e, "-M: accel is 'tcg' (mynah's own engines), not '%s'", kv.val ? kv.val : "");
        } else {
            return err_set(e, "-M %s: unknown option '%s'", o->machine, kv.key);
        }
    }
    return true;
}

static bool cpu_arg(struct options *o, const char *arg, struct err *e)
{
    (void)e;
    o->cpu = arg; /* checked against the models by main: "?" lists them */
    return true;
}

static bool memory_arg(struct options *o, const char *arg, struct err *e)
{
    const char *num = strncmp(arg, "size=", 5) ? arg : arg + 5;
    char *end;
    errno = 0;
    u64 n = isdigit((unsigned char)*num) ? strtoull(num, &end, 10) : 0;
    u32 shift = 20;
    if (!isdigit((unsigned char)*num) || errno)
        return err_set(e, "-m: '%s' is not a memory size (examples: 512, 512M, 4G)", arg);
    switch (toupper((unsigned char)*end)) {
    case 'K': shift = 10; end++; break;
    case 'M': shift = 20; end++; break;
    case 'G': shift = 30; end++; break;
    case 'T': shift = 40; end++; break;
    case 'B': shift = 0; end++; break;
    default: break;
    }
    if (*end || n > RAM_MAX >> shift || n << shift < RAM_MIN)
        return err_set(e, "-m: '%s' is not a memory size between 1M and %lluG", arg, RAM_MAX >> 30);
    o->ram_size = (n << shift) & ~0xfffull;
    return true;
}

static bool smp_arg(struct options *o, const char *arg, struct err *e)
{
    (void)o;
    struct kv kv;
    while (opt_next(&arg, &kv)) {
        const char *n = kv.val ? kv.val : kv.key;
        static const char *const known[] = { "cpus", "sockets", "cores", "threads", "maxcpus", "dies", "clusters" };
        u32 i = 0;
        while (kv.val && i < COUNT(known) && strcmp(known[i], kv.key))
            i++;
        if (i == COUNT(known))
            return err_set(e, "-smp: unknown option '%s'", kv.key);
        if (strcmp(n, "1"))
            return err_set(e, "-smp: only 1 CPU is modelled, not '%s'", n);
    }
    return true;
}

static bool accel_arg(struct options *o, const char *arg, struct err *e)
{
    (void)o;
    struct kv kv;
    for (bool first = true; opt_next(&arg, &kv); first = false)
        if (first ? strcmp(kv.key, "tcg") != 0
                  : strcmp(kv.key, "thread") && strcmp(kv.key, "tb-size") && strcmp(kv.key, "one-insn-per-tb"))
            return err_set(e, "-accel: unknown %s '%s' (tcg stands for mynah's own engines)",
                           first ? "accelerator" : "option", kv.key);
    return true;
}

static bool only(const char *opt, const char *arg, const char *want, struct err *e)
{
    return !strcmp(arg, want) || err_set(e, "%s: '%s' is not modelled (known: %s)", opt, arg, want);
}
static bool vga_arg(struct options *o, const char *arg, struct err *e)
{
    o->no_vga = !strcmp(arg, "none");
    o->vga_given = !o->no_vga;
    return o->no_vga || !strcmp(arg, "std") || err_set(e, "-vga: '%s' is not modelled (known: std, none)", arg);
}
static bool hda_arg(struct options *o, const char *arg, struct err *e) { return opt_ide_arg(o, arg, 0, false, e); }
static bool hdb_arg(struct options *o, const char *arg, struct err *e) { return opt_ide_arg(o, arg, 1, false, e); }
static bool hdc_arg(struct options *o, const char *arg, struct err *e) { return opt_ide_arg(o, arg, 2, false, e); }
static bool hdd_arg(struct options *o, const char *arg, struct err *e) { return opt_ide_arg(o, arg, 3, false, e); }
static bool cdrom_arg(struct options *o, const char *arg, struct err *e) { return opt_ide_arg(o, arg, 2, true, e); }

static bool nic_arg(struct options *o, const char *arg, struct err *e)
{
    (void)o;
    return only("-nic", arg, "none", e);
}
static bool net_arg(struct options *o, const char *arg, struct err *e)
{
    (void)o;
    return only("-net", arg, "none", e);
}
static bool clock_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        if (first && !kv.val && (!strcmp(kv.key, "realtime") || !strcmp(kv.key, "icount")))
            o->icount = kv.key[0] == 'i', o->clock_given = true;
        else if (!first && o->icount && kv.val && !strcmp(kv.key, "pace") && (!strcmp(kv.val, "host") || !strcmp(kv.val, "max")))
            o->pace_host = kv.val[0] == 'h';
        else
            return err_set(e, "--clock: 'realtime' or 'icount[,pace=host|max]', not '%s%s%s'", kv.key, kv.val ? "=" : "",
                           kv.val ? kv.val : "");
    }
    return true;
}

static bool hash_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    while (opt_next(&arg, &kv)) {
        u64 n;
        if (kv.val || !opt_u64(kv.key, &n))
            return err_set(e, "--hash-at: '%s' is not an instruction count", kv.key);
        if (o->hash_count == OPT_HASHES)
            return err_set(e, "--hash-at: at most %d counts", OPT_HASHES);
        if (o->hash_count && n <= o->hashes[o->hash_count - 1])
            return err_set(e, "--hash-at: counts must rise, but %llu follows %llu", (unsigned long long)n,
                           (unsigned long long)o->hashes[o->hash_count - 1]);
        o->hashes[o->hash_count++] = n;
    }
    return true;
}

static bool stop_arg(struct options *o, const char *arg, struct err *e)
{
    return opt_u64(arg, &o->stop_at) || err_set(e, "--stop-at: '%s' is not an instruction count", arg);
}
static bool seed_arg(struct options *o, const char *arg, struct err *e)
{
    return opt_u64(arg, &o->seed) || err_set(e, "--seed: '%s' is not a number", arg);
}

static bool parse_date(const char *text, u64 *seconds)
{
    static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d" };
    for (u32 i = 0; i < COUNT(forms); i++) {
        struct tm t = { 0 };
        const char *end = strptime(text, forms[i], &t);
        if (end && !*end) {
            int day = t.tm_mday, second = t.tm_sec; /* timegm makes 1 March of 30 February */
            *seconds = (u64)timegm(&t);
            return t.tm_mday == day && t.tm_sec == second && t.tm_year >= 70;
        }
    }
    return false;
}

static bool rtc_base(struct options *o, const char *val, struct err *e)
{
    o->rtc_base = ~0ull;
    o->rtc_localtime = !strcmp(val, "localtime");
    return o->rtc_localtime || !strcmp(val, "utc") || parse_date(val, &o->rtc_base)
           || err_set(e, "-rtc: base=%s is not utc, localtime, or a date from 1970 on (YYYY-MM-DD or"
                         " YYYY-MM-DDTHH:MM:SS)", val);
}
/* The machine's own time follows the host's monotonic clock unless it is deterministic. */
static bool rtc_clock(struct options *o, const char *val, struct err *e)
{
    o->rtc_rt = !strcmp(val, "rt");
    if (!strcmp(val, "host"))
        return err_set(e, "-rtc: clock=host is not modelled: a host's clock that is set later is not followed"
                          " (known: rt, vm)");
    return o->rtc_rt || !strcmp(val, "vm") || err_set(e, "-rtc: there is no clock=%s (known: rt, vm)", val);
}
static bool rtc_drift(struct options *o, const char *val, struct err *e)
{
    (void)o;
    if (!strcmp(val, "slew"))
        return err_set(e, "-rtc: driftfix=slew is not modelled: clock interrupts that a late host missed do not"
                          " follow (known: none)");
    return !strcmp(val, "none") || err_set(e, "-rtc: there is no driftfix=%s (known: none)", val);
}

static bool rtc_arg(struct options *o, const char *arg, struct err *e)
{
    static const struct {
        const char *key;
        bool (*parse)(struct options *o, const char *val, struct err *e);
    } keys[] = { { "base", rtc_base }, { "clock", rtc_clock }, { "driftfix", rtc_drift } };
    struct kv kv;
    while (opt_next(&arg, &kv)) {
        u32 n = 0;
        while (n < COUNT(keys) && strcmp(kv.key, keys[n].key))
            n++;
        if (n == COUNT(keys))
            return err_set(e, "-rtc: unknown option '%s' (known: base, clock, driftfix)", kv.key);
        if (!kv.val)
            return err_set(e, "-rtc: '%s' needs a value", kv.key);
        if (!keys[n].parse(o, kv.val, e))
            return false;
    }
    return true;
}

static bool log_arg(struct options *o, const char *arg, struct err *e)
{
    if (!strcmp(arg, "?") || !strcmp(arg, "help")) {
        log_print_classes(stdout);
        return o->listed = true;
    }
    return log_parse_mask(arg, &o->log_mask, e);
}

static bool engine_arg(struct options *o, const char *arg, struct err *e)
{
    if (!strcmp(arg, "?") || !strcmp(arg, "help")) {
        engines_print(stdout);
        return o->listed = true;
    }
    o->engine = arg;
    o->engine_given = true;
    return engine_find("--engine", arg, e) != NULL;
}

static bool lockstep_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    u32 n = 0;
    for (; opt_next(&arg, &kv); n++) {
        if (n == 2 || kv.val)
            return err_set(e, "--lockstep: two engines are compared (A,B), what is '%s'", kv.key);
        o->lockstep[n] = opt_keep(o, kv.key);
        if (!engine_find("--lockstep", kv.key, e))
            return false;
    }
    return n == 2 || err_set(e, "--lockstep: two engines are compared (A,B), the second one is missing");
}

static bool every_arg(struct options *o, const char *arg, struct err *e)
{
    return (opt_u64(arg, &o->lockstep_every) && o->lockstep_every)
           || err_set(e, "--lockstep-every: '%s' is not a number of instructions", arg);
}

#define TEXT(member)                                                              \
    static bool member##_arg(struct options *o, const char *arg, struct err *e)   \
    {                                                                             \
        (void)e;                                                                  \
        o->member = arg;                                                          \
        return true;                                                              \
    }
TEXT(kernel) TEXT(initrd) TEXT(append) TEXT(dtb) TEXT(bios) TEXT(log_file) TEXT(load) TEXT(save) TEXT(code_cache)
#define FLAG(member, name)                                                        \
    static bool name(struct options *o, const char *arg, struct err *e)           \
    {                                                                             \
        (void)arg, (void)e;                                                       \
        return o->member = true;                                                  \
    }
FLAG(display.full_screen, full_screen_flag) FLAG(no_reboot, no_reboot_flag) FLAG(help, help_flag) FLAG(version, version_flag)
FLAG(paused, paused_flag) FLAG(snapshot_all, snapshot_flag) FLAG(stats, stats_flag) FLAG(no_defaults, nodefaults_flag)
static bool fda_arg(struct options *o, const char *arg, struct err *e) { return opt_floppy_file(o, 0, arg, e); }
static bool fdb_arg(struct options *o, const char *arg, struct err *e) { return opt_floppy_file(o, 1, arg, e); }
static bool nographic_flag(struct options *o, const char *arg, struct err *e)
{
    (void)arg, (void)e;
    o->display.kind = DISPLAY_NONE; /* a -display behind it has the last word */
    return o->nographic = true;
}
static bool sdl_flag(struct options *o, const char *arg, struct err *e)
{
    (void)arg;
    return opt_display_arg(o, "sdl", e);
}
static bool accept_flag(struct options *o, const char *arg, struct err *e)
{
    (void)o, (void)arg, (void)e;
    return true;
}

static const struct option_row {
    const char *name, *value;   /* value: NULL for flags */
    bool (*parse)(struct options *, const char *, struct err *);
    const char *help;
} rows[] = {
    { "M", "virt[,gic-version=2|3]", machine_arg, "the board (also -machine; ? lists)" },
    { "cpu", "MODEL", cpu_arg, "CPU model, default cortex-a72 (QEMU's default for virt is cortex-a15); ? lists" },
    { "m", "SIZE", memory_arg, "guest memory in MiB, or with suffix K, M, G; default 128M" },
    { "smp", "1", smp_arg, "number of CPUs" },
    { "accel", "tcg", accel_arg, "accepted for compatibility; see --engine" },
    { "kernel", "FILE", kernel_arg, "arm64 Linux Image, raw or gzip" },
    { "initrd", "FILE", initrd_arg, "initial ram disk for the kernel" },
    { "append", "TEXT", append_arg, "kernel command line" },
    { "dtb", "FILE", dtb_arg, "device tree instead of the board's own" },
    { "bios", "FILE", bios_arg, "firmware: into the first flash bank, or a PC's ROM (default without -kernel: SeaBIOS)" },
    { "boot", "[order=]LETTERS[,once=LETTERS][,menu=on|off]", opt_boot_arg,
      "what firmware of a PC tries: a floppy, c disk, d CD, n network; once: until the first reset" },
    { "global", "isa-fdc.bootindexA|bootindexB=N", opt_global_arg,
      "where the floppy drives come among devices with a bootindex" },
    { "drive", "file=F[,if=ide|virtio|none|pflash|floppy][,media=disk|cdrom][,index=N][,bus=N][,unit=N][,format=raw][,readonly=on][,id=N][,snapshot=on]",
      opt_drive_arg, "a disk, CD or flash image" },
    { "fda", "FILE", fda_arg, "a disk in the PC's floppy drive A: if=floppy,index=0" },
    { "fdb", "FILE", fdb_arg, "... B: index=1" },
    { "hda", "FILE", hda_arg, "an IDE disk: if=ide,index=0" },
    { "hdb", "FILE", hdb_arg, "... index=1" },
    { "hdc", "FILE", hdc_arg, "... index=2" },
    { "hdd", "FILE", hdd_arg, "... index=3" },
    { "cdrom", "FILE", cdrom_arg, "a CD: if=ide,index=2,media=cdrom" },
    { "device", "NAME[,OPTION=VALUE]", opt_device_arg, "a device; help lists" },
    { "snapshot", NULL, snapshot_flag, "keep writes of all drives in memory" },
    { "serial", "stdio|mon:stdio|null|file:NAME", opt_serial_arg, "where the serial port goes; a second one: the PC's second port" },
    { "parallel", "stdio|null|none|file:NAME", opt_parallel_arg, "where the PC's parallel port goes; default null" },
    { "k", "en-us", opt_keyboard_arg, "the layout of the keyboard on which text is typed" },
    { "debugcon", "stdio|mon:stdio|null|none|file:NAME", opt_debugcon_arg, "where the PC's debug console goes" },
    { "nographic", NULL, nographic_flag, "serial port and monitor on the terminal (Ctrl-A H helps)" },
    { "display", "none|sdl[,gl=on|off][,full-screen=on|off][,window-close=on|off][,show-cursor=on|off][,grab-mod=MODS]", opt_display_arg,
      "a window for the screen; default sdl where there is a desktop for it" },
    { "sdl", NULL, sdl_flag, NULL },
    { "full-screen", NULL, full_screen_flag, "the window fills the screen" },
    { "name", "[guest=]TEXT", opt_name_arg, "the machine's name, for the window's title" },
    { "vga", "std|none", vga_arg, "the screen of the PC" },
    { "monitor", "stdio|none|file:NAME|unix:PATH[,server][,nowait]", opt_monitor_arg,
      "a human monitor (docs/monitor.md)" },
    { "S", NULL, paused_flag, "do not start: wait for the monitor's cont" },
    { "nic", "none", nic_arg, "no network" },
    { "net", "none", net_arg, NULL },
    { "no-reboot", NULL, no_reboot_flag, "a guest reset ends the run" },
    { "rtc", "base=utc|localtime|DATE[,clock=rt|vm]", rtc_arg, "the clock of the board at power-on" },
    { "d", "CLASS[,CLASS]", log_arg, "log; help lists the classes" },
    { "D", "FILE", log_file_arg, "log file instead of the standard error" },
    { "engine", "NAME", engine_arg, "execution engine, default auto; help lists" },
    { "code-cache", "DIR|off", code_cache_arg, "folder for compiled code that outlives the run; default in the user's cache folder" },
    { "lockstep", "A,B", lockstep_arg, "run two machines, one by engine A, one by B, and compare them; status 3 at a difference" },
    { "lockstep-every", "N", every_arg, "instructions between comparisons, default 100000" },
    { "clock", "realtime|icount[,pace=host|max]", clock_arg, "virtual time: the host's, or deterministic" },
    { "seed", "N", seed_arg, "seed of the guest's random numbers under icount" },
    { "hash-at", "N[,N...]", hash_arg, "print the state hash at these instruction counts (on the standard error while the guest has the terminal)" },
    { "stop-at", "N", stop_arg, "end at this instruction count" },
    { "loadvm", "FILE", load_arg, "start from a snapshot" },
    { "savevm", "FILE", save_arg, "write a snapshot at --stop-at, or on Ctrl-A S" },
    { "stats", NULL, stats_flag, "print counters at the end" },
    { "version", NULL, version_flag, "print the version" },
    { "help", NULL, help_flag, "print this" },
    { "machine", "", machine_arg, NULL },
    { "h", NULL, help_flag, NULL },
    { "nodefaults", NULL, nodefaults_flag, "no drives that nobody asked for" },
    { "no-user-config", NULL, accept_flag, NULL },
};

void options_init(struct options *o, const char *machine, const char *cpu)
{
    *o = (struct options){ .machine = machine, .gic_version = 2, .default_cpu = cpu, .ram_size = RAM_DEFAULT,
                           .rtc_base = ~0ull, .engine = "auto", .stop_at = ~0ull, .seed = 1, .serial = SERIAL_NULL,
                           .lockstep_every = 100000, .parallel = SERIAL_NULL, .serial2 = SERIAL_NULL };
}

void options_help(void)
{
    for (u32 i = 0; i < COUNT(rows); i++) {
        if (!rows[i].help)
            continue;
        char head[160];
        snprintf(head, sizeof head, "-%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
        printf("%-34s %s%s\n", head, strlen(head) > 34 ? "\n                                   " : "", rows[i].help);
    }
}

static const struct option_row *find(const char *arg)
{
    const char *name = arg[1] == '-' ? arg + 2 : arg + 1;
    for (u32 i = 0; arg[0] == '-' && i < COUNT(rows); i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

/* The command line of the kernel may be empty and is as long as it is; every other value has bounds. */
static bool check_value(const struct option_row *r, const char *name, const char *value, struct err *e)
{
    if (r->parse == append_arg)
        return true;
    if (!*value)
        return err_set(e, "%s needs a value", name);
    return strlen(value) <= OPT_TEXT_MAX
           || err_set(e, "%s: the value is too long (%zu bytes, at most %u)", name, strlen(value), OPT_TEXT_MAX);
}

/* Two machines, one run: what needs a host that answers, or one machine, is not for them. */
static bool check_lockstep(struct options *o, struct err *e)
{
    const char *bad = o->engine_given ? "--engine" : o->hash_count ? "--hash-at" : o->save ? "--savevm"
                      : o->monitor_stdio || o->monitor_count ? "-monitor" : o->paused ? "-S"
                      : o->display.kind == DISPLAY_SDL ? "-display sdl" : o->picture ? "screenshot"
                      : o->debugcon_given && o->debugcon != SERIAL_NULL ? "-debugcon"
                      : o->serial2 != SERIAL_NULL ? "a second -serial"
                      : o->parallel != SERIAL_NULL ? "-parallel" : NULL;
    if (!o->lockstep[0])
        return true;
    if (bad)
        return err_set(e, "%s and --lockstep do not go together", bad);
    if (o->clock_given && !o->icount)
        return err_set(e, "--lockstep needs --clock icount: with the host's time no two runs are the same");
    if (o->pace_host)
        return err_set(e, "--lockstep does not wait for the host: --clock icount,pace=host does not go with it");
    return o->icount = true;
}

bool options_parse(struct options *o, int argc, char **argv, struct err *e)
{
    for (int i = 0; i < argc; i++) {
        const struct option_row *r = find(argv[i]);
        if (!r)
            return err_set(e, "unknown option '%s' (--help lists those known)", argv[i]);
        if (r->value && i + 1 == argc)
            return err_set(e, "%s needs a value", argv[i]);
        if (r->value && !check_value(r, argv[i], argv[i + 1], e))
            return false;
        if (!r->parse(o, r->value ? argv[++i] : NULL, e))
            return false;
        if (o->listed)
            return true;
    }
    return true;
}

static bool check_rtc(const struct options *o, struct err *e)
{
    return !o->rtc_rt || !o->icount
           || err_set(e, "-rtc: clock=rt follows the host, which --clock icount does not (known: vm)");
}

bool options_finish(struct options *o, struct err *e)
{
    const struct app_board *b = app_board_find(o->machine);
    if (o->nographic && !o->serial_given)
        o->serial = SERIAL_MON_STDIO;
    if (!o->cpu)
        o->cpu = o->default_cpu ? o->default_cpu : b->cpu;
    if (o->vga_given && !b->has_vga)
        return err_set(e, "-vga std: the board '%s' has no VGA", b->name);
    return opt_check_floppies(o, b->buses, e) && opt_check_drives(o, b->ide_drives, e) && opt_check_devices(o, b->buses, e)
           && opt_check_ports(o, e) && check_lockstep(o, e) && check_rtc(o, e);
}
