/* event.c - the event queue: a short list of registered events and the earliest deadline. */
#include "vm/vm.h"

void event_init(struct event *ev, struct machine *m, const char *name, void (*fn)(void *), void *opaque)
{
    *ev = (struct event){ .name = name, .fn = fn, .opaque = opaque, .deadline = TIME_NEVER,
                          .order = m->event_count++, .m = m };
    struct event **at = &m->events;
    while (*at)
        at = &(*at)->next;
    *at = ev;
}

static void find_next(struct machine *m)
{
    m->next_deadline = TIME_NEVER;
    for (struct event *ev = m->events; ev; ev = ev->next)
        if (ev->deadline < m->next_deadline)
            m->next_deadline = ev->deadline;
}

void event_set(struct event *ev, u64 deadline)
{
    struct machine *m = ev->m;
    bool was_next = ev->deadline == m->next_deadline;
    ev->deadline = deadline;
    if (deadline < m->next_deadline) {
        m->next_deadline = deadline; /* whoever armed it took the one-instruction path: the run ends */
    } else if (was_next) {
        find_next(m);
    }
}

/* Runs what is due, earliest first, ties in order of registration. */
void machine_run_events(struct machine *m)
{
    while (m->next_deadline != TIME_NEVER && m->next_deadline <= machine_now(m)) {
        struct event *due = NULL;
        for (struct event *ev = m->events; ev; ev = ev->next)
            if (ev->deadline == m->next_deadline && (!due || ev->order < due->order))
                due = ev;
        CHECK(due);
        due->deadline = TIME_NEVER;
        find_next(m);
        log_on(&m->log, LOG_event) ? log_line(&m->log, LOG_event, "%s at %llu ns", due->name,
                                              (unsigned long long)machine_now(m)) : (void)0;
        due->fn(due->opaque);
    }
}
