/*
 * lockstep_find.c - from "the machines differ here" to the instruction: replays from the copy, halving the way.
 *
 * A wrong translation of one instruction shows whenever that instruction runs. One of a block (a value lost on
 * the way, a stale shortcut) shows only when enough of the block runs in one go, and an engine that is stopped
 * inside of it may be right. So first the count is found at which a difference shows, each time coming from the
 * copy, and then how few instructions before it have to run in one go.
 */
#include "app/lockstep.h"
#include <stdlib.h>

/* From the copy to `count`, with a stop `span` instructions before it (0: none). */
static bool replay(struct lockstep *l, u64 count, u64 span, bool *same, struct err *e)
{
    u64 stop = count - span;
    if (!lockstep_back(l, e))
        return false;
    *same = (stop <= l->kept_at || lockstep_go(l, l->kept_at, stop)) && lockstep_go(l, MAX(stop, l->kept_at), count);
    return true;
}

/* Does the difference come again? Code translated on the way to it may be its cause, or be in the way of
 * it: once with what there is, once without. */
static bool again(struct lockstep *l, u64 bad, bool *found, struct err *e)
{
    bool same = true;
    for (u32 round = 0; same && round < 2; round++) {
        l->cold = round;
        if (!replay(l, bad, 0, &same, e))
            return false;
    }
    *found = !same;
    return true;
}

/* *bad becomes the first count with a difference behind the last one known without. */
static bool bisect(struct lockstep *l, u64 *bad, struct err *e)
{
    u64 good = l->kept_at;
    bool same;
    if (l->agreed > good && l->agreed < *bad) { /* but for the TLBs, at which checkpoints do not look */
        if (!replay(l, l->agreed, 0, &same, e))
            return false;
        *(same ? &good : bad) = l->agreed;
    }
    while (*bad - good > 1) {
        u64 middle = good + (*bad - good) / 2;
        if (!replay(l, middle, 0, &same, e))
            return false;
        *(same ? &good : bad) = middle;
    }
    return true;
}

/* How many instructions up to `bad` have to run in one go, at least. */
static bool find_span(struct lockstep *l, u64 bad, u64 *span, struct err *e)
{
    u64 most = bad - l->kept_at, few = 0, enough = 1;
    for (bool same = true;; enough = MIN(2 * enough, most)) {
        if (!replay(l, bad, enough, &same, e))
            return false;
        if (!same || enough == most)
            break;
        few = enough;
    }
    while (enough - few > 1) {
        u64 middle = few + (enough - few) / 2;
        bool same;
        if (!replay(l, bad, middle, &same, e))
            return false;
        *(same ? &few : &enough) = middle;
    }
    *span = enough;
    return true;
}

/* What is known of a difference that does not come again. */
static void tell_once(struct lockstep *l, u64 bad, const char *seen)
{
    fprintf(l->report,
            "lockstep: %s and %s differ between instructions %llu and %llu, but not when they come from a copy of the"
            " machine at %llu: it depends on more than the machine's state\n%s",
            l->side[0].name, l->side[1].name, (unsigned long long)l->agreed, (unsigned long long)bad,
            (unsigned long long)l->kept_at, seen);
}

static bool narrow(struct lockstep *l, u64 bad, const char *seen, struct err *e)
{
    bool found = false;
    u64 span;
    if (!again(l, bad, &found, e))
        return false;
    if (found)
        return bisect(l, &bad, e) && find_span(l, bad, &span, e) && lockstep_report(l, bad, span, e);
    tell_once(l, bad, seen);
    return true;
}

bool lockstep_find(struct lockstep *l, u64 bad, struct err *e)
{
    char *seen = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&seen, &n);
    if (!f)
        return err_set(e, "out of memory for the report");
    lockstep_print_differences(l, f);
    fclose(f);
    for (u32 i = 0; i < 2; i++)
        l->side[i].m->log.mask = 0; /* the way back and forth is nobody's log */
    bool ok = narrow(l, bad, seen, e);
    free(seen);
    return ok;
}
