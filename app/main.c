/*
 * main.c - the program's front door: subcommands, --help, --version.
 *
 * `mynah run OPTIONS`, `mynah OPTIONS` and the name mynah-system-aarch64 are the same.
 */
#include "app/board.h"
#include "app/code_cache.h"
#include "app/options.h"
#include "app/run.h"
#include "snapshot/snapshot.h"
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "mynah " MYNAH_VERSION ": runs operating systems and firmware built for another processor\n\n"
    "  mynah run OPTIONS                       run a machine (also: mynah-system-aarch64 OPTIONS)\n"
    "  mynah snapshot save FILE --at N -- OPTIONS   run to instruction N, write a snapshot\n"
    "  mynah snapshot load FILE -- OPTIONS          go on from a snapshot of the same machine\n"
    "  mynah snapshot info|check FILE               what it holds; is it whole\n"
    "  mynah screenshot SNAPSHOT FILE -- OPTIONS    the screen of a snapshot of the same machine, as PNG (or .ppm)\n"
    "  mynah screenshot --at N FILE -- OPTIONS      run to instruction N; the screen then\n"
    "  mynah code-cache info|clear [DIR]            the disk cache of compiled code (no engine fills it yet)\n\n"
    "Options, in QEMU's dialect (one or two dashes):\n";

static int fail(struct err *e)
{
    app_error(e);
    return 1;
}

static void list_models(const struct app_board *b)
{
    printf("Available CPUs:\n");
    for (u32 i = 0; b->model(i); i++)
        printf("  %s%s\n", b->model(i), strcmp(b->model(i), b->cpu) ? "" : "  (default)");
}

static bool check_model(const struct app_board *b, const char *cpu, struct err *e)
{
    char known[160] = "";
    for (u32 i = 0; b->model(i); i++) {
        if (!strcmp(cpu, b->model(i)))
            return true;
        strncat(known, *known ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, b->model(i), sizeof known - strlen(known) - 1);
    }
    if (strchr(cpu, ','))
        return err_set(e, "-cpu: '%s': the features of a model cannot be changed (known models: %s)", cpu, known);
    return err_set(e, "-cpu: unknown model '%s' (known: %s)", cpu, known);
}

/* The names that wrappers of QEMU's kind expect choose the board; under any other name it is the first one. */
static const struct { const char *name, *machine, *cpu; } names[] = {
    { "mynah-system-aarch64", "virt", NULL }, { "mynah-system-x86_64", "pc", NULL }, { "mynah-system-i386", "pc", "qemu32" },
};

static void init(struct options *o, const char *program)
{
    const char *slash = strrchr(program, '/');
    u32 i = COUNT(names);
    while (--i && strcmp(names[i].name, slash ? slash + 1 : program)) {}
    options_init(o, names[i].machine, names[i].cpu);
}

static int parse_and_run(struct options *o, int argc, char **argv)
{
    struct err e;
    if (!options_parse(o, argc, argv, &e))
        return fail(&e);
    if (o->listed)
        return 0;
    if (o->help) {
        fputs(usage, stdout);
        options_help();
        return 0;
    }
    if (o->version) {
        printf("mynah version " MYNAH_VERSION "\n");
        return 0;
    }
    if (o->cpu && (!strcmp(o->cpu, "?") || !strcmp(o->cpu, "help"))) {
        list_models(app_board_find(o->machine));
        return 0;
    }
    if (!options_finish(o, &e) || !check_model(app_board_find(o->machine), o->cpu, &e))
        return fail(&e);
    return o->lockstep[0] ? app_lockstep(o) : app_run(o);
}

static int run_with(struct options *o, int argc, char **argv)
{
    int status = parse_and_run(o, argc, argv);
    options_free(o);
    return status;
}

/* [-- OPTIONS] */
static int run_behind(struct options *o, int argc, char **argv)
{
    bool dashes = argc && !strcmp(argv[0], "--");
    return run_with(o, argc - dashes, argv + dashes);
}

/* mynah snapshot VERB FILE [--at N] [-- OPTIONS] */
static int snapshot(const char *program, int argc, char **argv)
{
    struct options o;
    struct err e;
    const char *verb = argc > 0 ? argv[0] : "", *file = argc > 1 ? argv[1] : NULL;
    if (!file || (strcmp(verb, "save") && strcmp(verb, "load") && strcmp(verb, "info") && strcmp(verb, "check"))) {
        err_set(&e, "snapshot: usage is 'mynah snapshot save|load|info|check FILE'");
        return fail(&e);
    }
    if (!strcmp(verb, "info"))
        return snapshot_info(file, stdout, &e) ? 0 : fail(&e);
    if (!strcmp(verb, "check"))
        return snapshot_check(file, &e) ? 0 : fail(&e);
    init(&o, program);
    argc -= 2;
    argv += 2;
    bool at = argc >= 2 && !strcmp(argv[0], "--at");
    char *stop[] = { "--stop-at", at ? argv[1] : "" };
    if (at && !options_parse(&o, 2, stop, &e))
        return fail(&e);
    argc -= at ? 2 : 0;
    argv += at ? 2 : 0;
    *(!strcmp(verb, "save") ? &o.save : &o.load) = file;
    if (o.save && !at) {
        err_set(&e, "snapshot save: --at N is missing (while a machine runs, Ctrl-A S saves)");
        return fail(&e);
    }
    return run_behind(&o, argc, argv);
}

/* mynah screenshot SNAPSHOT|--at N FILE [-- OPTIONS] */
static int screenshot(const char *program, int argc, char **argv)
{
    struct options o;
    struct err e;
    bool at = argc > 0 && !strcmp(argv[0], "--at");
    int words = 2 + at;
    if (argc < words || !strcmp(argv[words - 1], "--")) {
        err_set(&e, "screenshot: usage is 'mynah screenshot SNAPSHOT FILE -- OPTIONS' or 'mynah screenshot --at N FILE --"
                " OPTIONS'");
        return fail(&e);
    }
    init(&o, program);
    char *stop[] = { "--stop-at", argv[1] };
    if (at && !options_parse(&o, 2, stop, &e))
        return fail(&e);
    if (!at)
        o.load = argv[0];
    o.picture = argv[words - 1];
    return run_behind(&o, argc - words, argv + words);
}

int main(int argc, char **argv)
{
    struct options o;
    init(&o, argv[0]);
    if (argc > 1 && !strcmp(argv[1], "snapshot"))
        return snapshot(argv[0], argc - 2, argv + 2);
    if (argc > 1 && !strcmp(argv[1], "screenshot"))
        return screenshot(argv[0], argc - 2, argv + 2);
    if (argc > 1 && !strcmp(argv[1], "code-cache")) {
        struct err e;
        return app_code_cache(argc - 2, argv + 2, &e) ? 0 : fail(&e);
    }
    if (argc > 1 && !strcmp(argv[1], "run"))
        return run_with(&o, argc - 2, argv + 2);
    if (argc > 1 && argv[1][0] != '-') {
        struct err e;
        err_set(&e, "unknown command '%s' (known: run, snapshot, screenshot, code-cache; --help says more)", argv[1]);
        return fail(&e);
    }
    if (argc == 1) {
        fputs(usage, stdout);
        options_help();
        return 0;
    }
    return run_with(&o, argc - 1, argv + 1);
}
