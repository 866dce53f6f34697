/*
 * main.c - mynah-fuzz: random programs run by two engines that must agree (tests/fuzz/README.md).
 */
#include "app/engines.h"
#include "tests/fuzz/fuzz.h"
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct fuzz_kind *const kinds[] = { &fuzz_a64, &fuzz_ir, &fuzz_x86 };

static void usage(FILE *f)
{
    fprintf(f, "usage: mynah-fuzz [a64|ir|x86] [options]\n"
               "  a64                programs of instructions from the decode tables (default)\n"
               "  ir                 blocks of IR\n"
               "  x86                programs of x86 instructions from the decode rows\n"
               "  --engines A,B      whom to compare; default interp,interp: with other budgets\n"
               "  --seed S           first program (default 1)\n"
               "  --count N          programs (default 10000)\n"
               "  --seconds T        no more after so long\n"
               "  --only S           the one program S, in fresh machines, everything compared\n"
               "  --group PATTERN    a64: instructions of rows whose names match, and what programs need\n"
               "  --arm-fp           ir: floating-point environments of Arm only\n"
               "  --coverage         print what was never executed\n"
               "  --verbose          print programs before they run\n"
               "  --raw              crash and hang, for a debugger\n"
               "  --self-test        engines that are wrong on purpose must be found\n"
               "engines:\n");
    engines_print(f);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_coverage(const struct fuzz_kind *k, const void *z, bool missing)
{
    u32 seen, all;
    k->coverage(z, &seen, &all, missing ? stdout : NULL);
    printf("%u of %u %s executed\n", seen, all, k->covers);
}

static void progress(const struct fuzz_kind *k, const void *z, u64 done, u64 count, double since, bool end)
{
    u32 seen, all;
    k->coverage(z, &seen, &all, NULL);
    fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " programs, %.0f/s, ", isatty(2) ? "\r" : "", done, count,
            (double)done / MAX(now() - since, 1e-6));
    fprintf(stderr, "%u of %u %s%s", seen, all, k->covers, isatty(2) && !end ? "  " : "\n");
}

/* Number of programs that agreed; *found: the next one did not. */
static u64 loop(const struct fuzz_kind *k, void *z, const struct fuzz_options *o, bool *found)
{
    double start = now(), shown = start;
    u64 n = 0;
    for (*found = false; n < o->count && !*found; n++) {
        if (o->verbose)
            fprintf(stderr, "program %" PRIu64 "\n", o->seed + n);
        if (!k->run(z, o->seed + n)) {
            *found = true;
            break;
        }
        if (n % 64)
            continue;
        if (o->seconds && now() - start > (double)o->seconds)
            break;
        if (o->progress && now() - shown > (isatty(2) ? 1 : 10)) {
            shown = now();
            progress(k, z, n, o->count, start, false);
        }
    }
    if (o->progress)
        progress(k, z, n, o->count, start, true);
    return n;
}

static int run(const struct fuzz_kind *k, const struct fuzz_options *o)
{
    struct err e;
    bool found;
    void *z = k->open(o, &e);
    if (!z) {
        fprintf(stderr, "mynah-fuzz: %s\n", e.msg);
        return 2;
    }
    u64 n = loop(k, z, o, &found);
    if (found)
        k->report(z, o->seed + n);
    else
        printf("%s: %s and %s agree on %" PRIu64 " programs from %" PRIu64 " on\n", k->name, o->engine[0]->name,
               o->engine[1]->name, n, o->seed);
    print_coverage(k, z, o->coverage);
    k->close(z);
    return found;
}

/* ---- engines that are wrong ---- */

static bool find_mistake(const struct fuzz_kind *k, struct fuzz_options o, const struct fuzz_wrong *w)
{
    struct err e;
    bool found;
    o.engine[1] = &w->e;
    void *z = k->open(&o, &e);
    CHECK(z);
    u64 n = loop(k, z, &o, &found);
    u32 left = found ? k->report(z, o.seed + n) : 0;
    k->close(z);
    bool ok = found && left <= FUZZ_SMALL;
    printf("%s %s: %s: %s by program %" PRIu64 ", %u instructions left\n\n", ok ? "ok" : "FAIL", k->name, w->e.name,
           found ? "found" : "not found", o.seed + n, left);
    return ok;
}

static int self_test(struct fuzz_options o)
{
    bool ok = true;
    o.progress = false;
    for (u32 i = 0; i < COUNT(kinds); i++)
        for (u32 n = 0; fuzz_wrong_engine(n); n++)
            ok &= find_mistake(kinds[i], o, fuzz_wrong_engine(n));
    return !ok;
}

/* ---- command line ---- */

static bool parse_engines(struct fuzz_options *o, char *list)
{
    char *second = strchr(list, ',');
    struct err e;
    if (second)
        *second++ = 0;
    o->engine[0] = engine_find("--engines", list, &e);
    o->engine[1] = o->engine[0] ? engine_find("--engines", second ? second : list, &e) : NULL;
    if (o->engine[1])
        return true;
    fprintf(stderr, "mynah-fuzz: %s\n", e.msg);
    return false;
}

static const struct option options[] = {
    { "engines", 1, NULL, 'e' }, { "seed", 1, NULL, 's' },      { "count", 1, NULL, 'n' },
    { "seconds", 1, NULL, 't' }, { "only", 1, NULL, 'o' },      { "group", 1, NULL, 'g' },
    { "arm-fp", 0, NULL, 'a' },  { "coverage", 0, NULL, 'c' },  { "verbose", 0, NULL, 'v' },
    { "raw", 0, NULL, 'r' },     { "self-test", 0, NULL, 'T' }, { "help", 0, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* 0: go on; else the exit status + 1. */
static int parse_option(struct fuzz_options *o, int c, bool *test)
{
    switch (c) {
    case 'e': return parse_engines(o, optarg) ? 0 : 3;
    case 's': o->seed = strtoull(optarg, NULL, 0); break;
    case 'n': o->count = strtoull(optarg, NULL, 0); break;
    case 't': o->seconds = strtoull(optarg, NULL, 0); break;
    case 'o': o->seed = strtoull(optarg, NULL, 0); o->count = 1; o->only = true; break;
    case 'g': o->group = optarg; break;
    case 'a': o->arm_fp = true; break;
    case 'c': o->coverage = true; break;
    case 'v': o->verbose = true; break;
    case 'r': o->raw = true; break;
    case 'T': *test = true; break;
    case 'h': usage(stdout); return 1;
    default: usage(stderr); return 3;
    }
    return 0;
}

static const struct fuzz_kind *find_kind(const char *name)
{
    for (u32 i = 0; i < COUNT(kinds); i++)
        if (!strcmp(kinds[i]->name, name))
            return kinds[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct fuzz_options o = { .seed = 1, .count = 10000, .progress = true };
    const struct fuzz_kind *kind = kinds[0];
    char both[] = "interp,interp";
    bool test = false;
    mallopt(M_TRIM_THRESHOLD, 512 << 20); /* engines take and give back memory all the time */
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
    if (!parse_engines(&o, both))
        return 2;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int status = parse_option(&o, c, &test);
        if (status)
            return status - 1;
    }
    for (; kind && optind < argc; optind++)
        kind = find_kind(argv[optind]);
    if (!kind) {
        usage(stderr);
        return 2;
    }
    return test ? self_test(o) : run(kind, &o);
}
