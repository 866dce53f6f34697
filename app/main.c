/*
 * main.c - the program's front door: subcommands, --help, --version.
 *
 * `mynah run OPTIONS`, `mynah OPTIONS` and the name mynah-system-aarch64 are the same.
 */
#include "app/options.h"
#include "app/run.h"
#include "frontend/arm/cpu.h"
#include "snapshot/snapshot.h"
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "mynah " MYNAH_VERSION ": runs operating systems and firmware built for another processor\n\n"
    "  mynah run OPTIONS                       run a machine (also: mynah-system-aarch64 OPTIONS)\n"
    "  mynah snapshot save FILE --at N -- OPTIONS   run to instruction N, write a snapshot\n"
    "  mynah snapshot load FILE -- OPTIONS          go on from a snapshot of the same machine\n"
    "  mynah snapshot info|check FILE               what it holds; is it whole\n\n"
    "Options, in QEMU's dialect (one or two dashes):\n";

static int fail(struct err *e)
{
    app_error(e);
    return 1;
}

static void list_models(void)
{
    printf("Available CPUs:\n");
    for (const struct a64_model *m = a64_models; m->name; m++)
        printf("  %s%s\n", m->name, strcmp(m->name, "cortex-a72") ? "" : "  (default)");
}

static bool check_model(const char *cpu, struct err *e)
{
    if (a64_model_find(cpu))
        return true;
    char known[160] = "";
    for (const struct a64_model *m = a64_models; m->name; m++) {
        strncat(known, *known ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, m->name, sizeof known - strlen(known) - 1);
    }
    return err_set(e, "-cpu: unknown model '%s' (known: %s)", cpu, known);
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
    if (!strcmp(o->cpu, "?") || !strcmp(o->cpu, "help")) {
        list_models();
        return 0;
    }
    if (!check_model(o->cpu, &e))
        return fail(&e);
    return o->lockstep[0] ? app_lockstep(o) : app_run(o);
}

static int run_with(struct options *o, int argc, char **argv)
{
    int status = parse_and_run(o, argc, argv);
    options_free(o);
    return status;
}

/* mynah snapshot VERB FILE [--at N] [-- OPTIONS] */
static int snapshot(int argc, char **argv)
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
    options_init(&o);
    argc -= 2;
    argv += 2;
    bool at = argc >= 2 && !strcmp(argv[0], "--at");
    char *stop[] = { "--stop-at", at ? argv[1] : "" };
    if (at && !options_parse(&o, 2, stop, &e))
        return fail(&e);
    argc -= at ? 2 : 0;
    argv += at ? 2 : 0;
    if (argc && !strcmp(argv[0], "--")) {
        argc--;
        argv++;
    }
    *(!strcmp(verb, "save") ? &o.save : &o.load) = file;
    if (o.save && !at) {
        err_set(&e, "snapshot save: --at N is missing (while a machine runs, Ctrl-A S saves)");
        return fail(&e);
    }
    return run_with(&o, argc, argv);
}

int main(int argc, char **argv)
{
    struct options o;
    options_init(&o);
    if (argc > 1 && !strcmp(argv[1], "snapshot"))
        return snapshot(argc - 2, argv + 2);
    if (argc > 1 && !strcmp(argv[1], "run"))
        return run_with(&o, argc - 2, argv + 2);
    if (argc > 1 && argv[1][0] != '-') {
        struct err e;
        err_set(&e, "unknown command '%s' (known: run, snapshot; --help says more)", argv[1]);
        return fail(&e);
    }
    if (argc == 1) {
        fputs(usage, stdout);
        options_help();
        return 0;
    }
    return run_with(&o, argc - 1, argv + 1);
}
