/* lockstep.c - two machines in turn, compared; see lockstep.h. */
#include "app/lockstep.h"
#include "host/clock.h"
#include <stdlib.h>
#include <string.h>

/* ---- what a machine prints ---- */

static void collect(struct chr *c, const u8 *p, u32 n)
{
    buf_put(&((struct lockstep_side *)c->host)->out, p, n);
}

static bool same_output(const struct lockstep *l)
{
    const struct buf *a = &l->side[0].out, *b = &l->side[1].out;
    return a->len == b->len && (a->len == l->shown || !memcmp(a->p + l->shown, b->p + l->shown, a->len - l->shown));
}

static void show_output(struct lockstep *l)
{
    const struct buf *a = &l->side[0].out;
    if (l->show && a->len > l->shown)
        l->show(l->opaque, a->p + l->shown, a->len - l->shown);
    l->shown = a->len;
}

static void forget_output(struct lockstep *l)
{
    l->side[0].out.len = l->side[1].out.len = l->shown = 0;
}

/* ---- running and comparing ---- */

void lockstep_run_both(struct lockstep *l, u64 count)
{
    for (u32 i = 0; i < 2; i++) {
        struct lockstep_side *s = &l->side[i];
        u64 start = host_now_ns();
        s->m->stop_at = count;
        s->end = machine_run(s->m);
        s->ns += host_now_ns() - start;
    }
}

/* What can be told at every checkpoint: everything but the TLB. */
static bool same_so_far(struct lockstep *l)
{
    u64 start = host_now_ns();
    bool same = l->side[0].end == l->side[1].end && same_output(l);
    same &= twins_same(l->twins); /* both take notes: no short cut */
    same &= !l->disks || disk_twins_same(l->disks);
    l->compare_ns += host_now_ns() - start;
    return same;
}

bool lockstep_same(struct lockstep *l)
{
    return same_so_far(l) && twins_same_tlb(l->twins);
}

/* By way of the checkpoints, as the first time: where an engine has to stop may be part of the difference. */
bool lockstep_go(struct lockstep *l, u64 from, u64 to)
{
    bool same = true;
    for (u64 at = from; same && at < to;) {
        at = MIN((at / l->every + 1) * l->every, to);
        lockstep_run_both(l, at);
        same = same_so_far(l);
    }
    return same && twins_same_tlb(l->twins);
}

/* ---- the copy ---- */

static bool keep(struct lockstep *l, u64 count, struct err *e)
{
    u64 start = host_now_ns();
    if (!twins_keep(l->twins, e) || (l->disks && !disk_twins_keep(l->disks, e)))
        return false;
    forget_output(l);
    l->kept_at = count;
    l->keep_ns += host_now_ns() - start;
    return true;
}

bool lockstep_back(struct lockstep *l, struct err *e)
{
    if (!twins_back(l->twins, e) || (l->disks && !disk_twins_back(l->disks, e)))
        return false;
    forget_output(l);
    for (u32 i = 0; l->cold && i < 2; i++) {
        struct machine *m = l->side[i].m;
        for (u32 k = 0; k < m->cpu_count; k++)
            m->cpus[k]->engine->flush(m->cpus[k]);
    }
    return true;
}

static enum lockstep_result differs(struct lockstep *l, u64 bad, struct err *e)
{
    return lockstep_find(l, bad, e) ? LOCKSTEP_DIFFERENT : LOCKSTEP_FAILED;
}

/* ---- the run ---- */

/* Once at the end: what no store was noted for. There is no way back to before it. */
static enum lockstep_result check_end(struct lockstep *l, u64 count, struct err *e)
{
    if (!twins_same_tlb(l->twins))
        return differs(l, count, e);
    if (twins_same_memory(l->twins))
        return LOCKSTEP_SAME;
    fprintf(l->report, "lockstep: at the end, instruction %llu, memory differs that nobody noted as written\n",
            (unsigned long long)count);
    lockstep_print_differences(l, l->report);
    return LOCKSTEP_DIFFERENT;
}

static enum lockstep_result run(struct lockstep *l, struct err *e)
{
    for (u64 since = 0;;) {
        u64 target = MIN((l->agreed / l->every + 1) * l->every, l->stop_at);
        lockstep_run_both(l, target);
        if (l->side[0].out.failed || l->side[1].out.failed)
            return err_set(e, "out of memory for what the guest prints"), LOCKSTEP_FAILED;
        if (!same_so_far(l))
            return differs(l, target, e);
        l->agreed = machine_icount(l->side[0].m);
        l->checkpoints++;
        show_output(l);
        if (l->side[0].end != END_COUNT || l->agreed >= l->stop_at)
            return check_end(l, target, e);
        if (l->quit && l->quit(l->opaque))
            return LOCKSTEP_QUIT;
        if (++since < l->keep_every)
            continue;
        since = 0;
        if (!twins_same_tlb(l->twins))
            return differs(l, target, e);
        if (!keep(l, l->agreed, e))
            return LOCKSTEP_FAILED;
    }
}

/* The only wait of a machine that skips idle time: for input without which nothing ever happens again. */
static void wait_for_ever(void *opaque, u64 ns)
{
    (void)ns;
    machine_request(opaque, REQ_STOP);
}

static void prepare(struct machine *m)
{
    CHECK(m->clock == CLOCK_ICOUNT && !m->pace_host);
    m->poll = NULL;
    m->wait = wait_for_ever;
    m->poll_opaque = m;
}

void lockstep_init(struct lockstep *l)
{
    *l = (struct lockstep){ .every = 100000, .keep_every = 100, .stop_at = ~0ull, .report = stderr };
    for (u32 i = 0; i < 2; i++) {
        struct lockstep_side *s = &l->side[i];
        s->serial = s->console = (struct chr){ .write = collect, .host = s };
    }
}

enum lockstep_result lockstep_run(struct lockstep *l, struct err *e)
{
    struct machine *a = l->side[0].m, *b = l->side[1].m;
    prepare(a);
    prepare(b);
    forget_output(l);
    if (!(l->twins = twins_open(a, b, e)))
        return LOCKSTEP_FAILED;
    if (l->disks) {
        disk_twins_start(l->disks);
        (void)disk_twins_same(l->disks);
        if (!disk_twins_keep(l->disks, e))
            return LOCKSTEP_FAILED;
    }
    l->agreed = l->kept_at = machine_icount(a);
    enum lockstep_result r = run(l, e);
    l->stats = *twins_stats(l->twins);
    return r;
}

void lockstep_free(struct lockstep *l)
{
    twins_close(l->twins);
    l->twins = NULL;
    for (u32 i = 0; i < 2; i++)
        buf_free(&l->side[i].out);
}
