/*
 * deadline.h - events of devices that may stand alone in a register test.
 *
 * A device keeps its deadline in its own state (virtual ns, DEADLINE_NONE: nothing to do) and arms the event
 * from there; without a machine there is no time and nothing is armed.
 */
#pragma once
#include "vm/vm.h"

#define DEADLINE_NONE TIME_NEVER

static inline void deadline_init(struct event *ev, struct dev *d, const char *name, void (*fn)(void *))
{
    if (d->m)
        event_init(ev, d->m, name, fn, d);
}
static inline void deadline_arm(struct event *ev, u64 deadline)
{
    if (ev->m)
        event_set(ev, deadline);
}
/* Fills in class and path and hands the device to the machine, if there is one. */
static inline void dev_attach(struct dev *d, const struct dev_class *cls, struct machine *m, const char *path)
{
    d->cls = cls;
    d->path = path;
    d->m = NULL;
    if (m)
        machine_add_dev(m, d);
}
