/*
 * monitor_save.c - snapshots: savevm, loadvm, delvm, `info snapshots`.
 *
 * A snapshot is a file, and its name a path: what --loadvm and `mynah snapshot` take. Raw images have no room for
 * snapshots inside, as QEMU's qcow2 has.
 */
#include "app/monitor_cmd.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FIRST_LINE "mynah snapshot "
#define LIST_MAX 1000u /* files shown */
#define LOOK_MAX 100000u /* ... looked at */

/* Whether the file is a snapshot by its first bytes. Pipes and devices are not opened. */
static bool is_snapshot(const char *path, struct stat *st)
{
    char head[sizeof FIRST_LINE - 1];
    if (stat(path, st) || !S_ISREG(st->st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && read(fd, head, sizeof head) == sizeof head && !memcmp(head, FIRST_LINE, sizeof head);
    if (fd >= 0)
        close(fd);
    return is;
}

/* ---- commands ---- */

static void savevm(struct monitor *mon, const struct monitor_args *a)
{
    struct setup *s = mon->on->setup;
    struct err e;
    struct stat st;
    char own[40];
    time_t now = time(NULL);
    struct tm t;
    strftime(own, sizeof own, "vm-%Y%m%d%H%M%S", localtime_r(&now, &t));
    const char *name = a->count ? a->word[0] : own;
    if (mon->on->broken)
        monitor_say(mon, "savevm: nothing is saved: a snapshot was loaded only in part\n");
    else if (!stat(name, &st) && !is_snapshot(name, &st))
        monitor_say(mon, "savevm: '%s' is there, and is no snapshot\n", name);
    else if (!disks_save(&s->disks, s->m, name, &e))
        monitor_fail(mon, &e);
    else if (!a->count)
        monitor_say(mon, "saved as '%s'\n", name);
}

static void loadvm(struct monitor *mon, const struct monitor_args *a)
{
    struct monitored *on = mon->on;
    struct machine *m = on->setup->m;
    struct err e;
    bool changed;
    if (disks_reload(&on->setup->disks, m, a->word[0], &changed, &e)) {
        on->broken = false;
        m->poll_at = 0; /* counts may be lower now */
        return;
    }
    monitor_fail(mon, &e);
    if (!changed)
        return;
    monitor_say(mon, "loadvm: loaded only in part, so the machine stands still: loadvm another one, or quit\n");
    on->broken = true;
    if (!on->paused)
        machine_request(m, REQ_STOP);
    on->paused = true;
}

static void delvm(struct monitor *mon, const struct monitor_args *a)
{
    struct stat st;
    if (stat(a->word[0], &st))
        monitor_say(mon, "delvm: '%s': %s\n", a->word[0], strerror(errno));
    else if (!is_snapshot(a->word[0], &st))
        monitor_say(mon, "delvm: '%s' is no snapshot\n", a->word[0]);
    else if (unlink(a->word[0]))
        monitor_say(mon, "delvm: '%s': %s\n", a->word[0], strerror(errno));
}

/* ---- the current folder ---- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Names of the snapshots here, sorted; each and the list are malloced. */
static u32 list(char ***names, bool *more)
{
    u32 n = 0, seen = 0;
    DIR *d = opendir(".");
    struct dirent *entry;
    struct stat st;
    *names = calloc(LIST_MAX, sizeof **names);
    *more = false;
    while (d && *names && (entry = readdir(d))) {
        if (++seen > LOOK_MAX || n == LIST_MAX) {
            *more = true;
            break;
        }
        if (is_snapshot(entry->d_name, &st) && ((*names)[n] = strdup(entry->d_name)))
            n++;
    }
    if (d)
        closedir(d);
    if (n)
        qsort(*names, n, sizeof **names, by_name);
    return n;
}

static void free_list(char **names, u32 n)
{
    while (n)
        free(names[--n]);
    free(names);
}

void monitor_info_snapshots(struct monitor *mon, const struct monitor_args *a)
{
    char **names;
    bool more;
    u32 n = list(&names, &more);
    (void)a;
    if (n)
        monitor_say(mon, "%-28s %14s  DATE\n", "NAME", "BYTES");
    else
        monitor_say(mon, "there are no snapshots in the current folder\n");
    for (u32 i = 0; i < n; i++) {
        struct stat st;
        struct tm t;
        char when[32] = "";
        if (!is_snapshot(names[i], &st))
            continue; /* gone meanwhile */
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&st.st_mtime, &t));
        monitor_say(mon, "%-28s %14llu  %s\n", names[i], (unsigned long long)st.st_size, when);
    }
    if (more)
        monitor_say(mon, "... and perhaps more: the folder is large\n");
    free_list(names, n);
}

static void complete(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c)
{
    char **names;
    bool more;
    (void)mon;
    if (n)
        return;
    u32 count = list(&names, &more);
    for (u32 i = 0; i < count; i++)
        line_offer(c, names[i], text, len);
    free_list(names, count);
}

const struct monitor_command monitor_save_commands[] = {
    { "savevm", "", "[FILE]", "write a snapshot; without a name: vm- and the time", 0, 1, savevm, complete },
    { "loadvm", "", "FILE", "go on from a snapshot", 1, 1, loadvm, complete },
    { "delvm", "", "FILE", "delete a snapshot", 1, 1, delvm, complete },
    { 0 },
};
