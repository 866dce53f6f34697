/* code_cache.c - `mynah code-cache info|clear [DIR]`; see code_cache.h. */
#include "app/code_cache.h"
#include "backend/jit/store.h"
#include <stdio.h>
#include <string.h>

static void print_time(const char *what, i64 t)
{
    char text[40];
    struct tm tm;
    time_t at = t;
    if (localtime_r(&at, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
        printf("%-12s %s\n", what, text);
}

static void print_info(const char *dir, const struct code_store_info *i)
{
    printf("folder       %s%s\n", dir, i->exists ? "" : " (not there)");
    printf("regions      %llu\n", (unsigned long long)i->files);
    printf("disk used    %.1f MiB\n", (double)i->bytes / (1 << 20));
    if (i->files) {
        print_time("oldest use", i->oldest);
        print_time("newest use", i->newest);
    }
}

bool app_code_cache(int argc, char **argv, struct err *e)
{
    struct code_store_info i;
    char own[4096];
    const char *verb = argc > 0 ? argv[0] : "", *dir = argc > 1 ? argv[1] : own;
    bool clear = !strcmp(verb, "clear");
    if (argc > 2 || (!clear && strcmp(verb, "info")))
        return err_set(e, "code-cache: usage is 'mynah code-cache info|clear [DIR]'");
    if (dir == own && !code_store_default_dir(own, sizeof own, e))
        return false;
    if (!(clear ? code_store_clear : code_store_survey)(dir, &i, e))
        return false;
    if (clear)
        printf("%llu regions removed, %.1f MiB\n", (unsigned long long)i.files, (double)i.bytes / (1 << 20));
    else
        print_info(dir, &i);
    return true;
}
