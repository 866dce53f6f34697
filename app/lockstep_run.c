/* lockstep_run.c - `mynah run --lockstep A,B`: two machines by the options, and what is said at the end. */
#include "app/engines.h"
#include "app/lockstep.h"
#include "app/run.h"
#include "app/setup.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct duo {
    const struct options *o;
    struct setup          setup[2];
    struct lockstep       l;
    struct disk_twins     disks;
    FILE                 *serial, *log; /* files that were asked for, or NULL */
    bool                  in_line;      /* the guest has not ended its line on the standard output */
};

static void show(void *opaque, const u8 *p, u64 n)
{
    struct duo *d = opaque;
    FILE *f = d->serial ? d->serial : stdout;
    fwrite(p, 1, n, f);
    fflush(f);
    d->in_line = !d->serial && p[n - 1] != '\n';
}

static bool user_quits(void *opaque)
{
    (void)opaque;
    return app_signal_seen();
}

static bool build(struct duo *d, u32 i, struct err *e)
{
    struct setup *s = &d->setup[i];
    struct lockstep_side *side = &d->l.side[i];
    if (!setup_open(s, d->o, e) || !(s->engine = engine_find("--lockstep", d->o->lockstep[i], e)))
        return false;
    s->serial = d->o->serial == SERIAL_NULL ? NULL : &side->serial;
    s->console = &side->console;
    s->wrap = disk_twins_wrap;
    s->wrap_opaque = &d->disks.side[i];
    if (!setup_build(s, e))
        return false;
    side->m = s->m;
    side->name = s->engine->name;
    return true;
}

static bool open_file(const char *opt, const char *file, FILE **f, struct err *e)
{
    *f = fopen(file, "we");
    return *f || err_set(e, "%s '%s': %s", opt, file, strerror(errno));
}

/* One log of two machines would be of no use: it is the first one's, until an instruction is told of. */
static bool set_up(struct duo *d, struct err *e)
{
    const struct options *o = d->o;
    lockstep_init(&d->l);
    disk_twins_init(&d->disks);
    if (!build(d, 0, e) || !build(d, 1, e))
        return false;
    if ((o->log_file && !open_file("-D", o->log_file, &d->log, e))
        || (o->serial == SERIAL_FILE && !open_file("-serial file", o->serial_file, &d->serial, e)))
        return false;
    for (u32 i = 0; d->log && i < 2; i++)
        d->setup[i].m->log.out = d->log;
    d->setup[1].m->log.mask = 0;
    d->l.log_mask = o->log_mask;
    d->l.disks = &d->disks;
    d->l.every = o->lockstep_every;
    d->l.stop_at = o->stop_at;
    d->l.show = show;
    d->l.quit = user_quits;
    d->l.opaque = d;
    return true;
}

static void tear_down(struct duo *d)
{
    app_release_signals();
    lockstep_free(&d->l);
    setup_close(&d->setup[0]);
    setup_close(&d->setup[1]);
    disk_twins_close(&d->disks);
    if (d->serial)
        fclose(d->serial);
    if (d->log)
        fclose(d->log);
}

static void print_stats(const struct lockstep *l)
{
    static const char *const nth[2] = { "first", "second" };
    for (u32 i = 0; i < 2; i++)
        fprintf(stderr, "seconds in %-10s %.3f (the %s)\n", l->side[i].name, (double)l->side[i].ns / 1e9, nth[i]);
    fprintf(stderr, "seconds comparing     %.3f\nseconds copying       %.3f\n", (double)l->compare_ns / 1e9,
            (double)l->keep_ns / 1e9);
    fprintf(stderr, "pages compared        %llu\npages copied          %llu\n",
            (unsigned long long)l->stats.pages_compared, (unsigned long long)l->stats.pages_kept);
}

static int say(const struct duo *d, enum lockstep_result r)
{
    const struct lockstep *l = &d->l;
    if (r == LOCKSTEP_DIFFERENT)
        return 3;
    printf("%slockstep: %llu instructions, %llu checkpoints, no difference%s\n", d->in_line ? "\n" : "",
           (unsigned long long)l->agreed, (unsigned long long)l->checkpoints,
           l->side[0].end == END_STOP ? "; both wait for input" : "");
    fflush(stdout); /* before figures on the standard error */
    return r == LOCKSTEP_QUIT ? 128 + app_signal_seen() : 0;
}

int app_lockstep(const struct options *o)
{
    struct duo *d = calloc(1, sizeof *d);
    struct err e;
    CHECK(d);
    d->o = o;
    bool ok = set_up(d, &e);
    int status = 1;
    if (ok) {
        app_catch_signals(NULL);
        enum lockstep_result r = lockstep_run(&d->l, &e);
        ok = r != LOCKSTEP_FAILED;
        if (ok)
            status = say(d, r);
        if (ok && o->stats)
            print_stats(&d->l);
    }
    tear_down(d);
    free(d);
    if (!ok)
        app_error(&e);
    return status;
}
