/*
 * apic_timer.c - the local APIC's timer (SDM volume 3, 11.5.4): one-shot, periodic, TSC-deadline; not modelled: see
 * apic.h.
 *
 * The deadline is state and the count follows from it. A period that passed several times before the event ran gives
 * one interrupt, as the request register would.
 */
#include "hw/intc/apic_internal.h"

enum { ONE_SHOT, PERIODIC, TSC_DEADLINE };

static u32 mode_of(u32 lvt)
{
    return lvt >> 17 & 3;
}
static u32 mode(const struct apic *a)
{
    return mode_of(a->s.lvt[APIC_LVT_TIMER]);
}

/* log2 of the divisor: bits 3, 1, 0 count from 2 to 128, then 1. */
static u32 shift(const struct apic *a)
{
    u32 d = a->s.divide;
    return ((d >> 1 & 4) + (d & 3) + 1) & 7;
}

static u64 tsc(const struct apic *a)
{
    return a->bus->tsc && a->cpu ? a->bus->tsc(a->cpu) : dev_now(&a->dev);
}

void apic_timer_arm(struct apic *a)
{
    u64 at = a->s.timer_at;
    if (mode(a) == TSC_DEADLINE) {
        u64 now = dev_now(&a->dev), t = tsc(a), left = a->s.deadline > t ? a->s.deadline - t : 0;
        at = !a->s.deadline || left >= TIME_NEVER - now ? DEADLINE_NONE : now + left;
    }
    deadline_arm(&a->timer, at);
}

void apic_timer_fired(void *opaque)
{
    struct apic *a = CONTAINER_OF((struct dev *)opaque, struct apic, dev);
    struct apic_state *s = &a->s;
    u64 now = dev_now(&a->dev), period = (u64)s->count << shift(a);
    if (mode(a) == TSC_DEADLINE) {
        if (s->deadline > tsc(a)) { /* the counter was set back */
            apic_timer_arm(a);
            return;
        }
        s->deadline = 0;
    } else if (mode(a) == PERIODIC && period) {
        s->timer_at += period * (1 + (now - s->timer_at) / period);
    } else {
        s->timer_at = DEADLINE_NONE;
    }
    apic_timer_arm(a);
    apic_local(a, APIC_LVT_TIMER);
}

u32 apic_timer_count(const struct apic *a)
{
    u64 now = dev_now(&a->dev), at = a->s.timer_at;
    if (mode(a) == TSC_DEADLINE || at == DEADLINE_NONE || at <= now)
        return 0;
    u64 left = ((at - now - 1) >> shift(a)) + 1;
    return (u32)MIN(left, (u64)a->s.count);
}

static void run_from(struct apic *a, u32 count)
{
    a->s.timer_at = count ? dev_now(&a->dev) + ((u64)count << shift(a)) : DEADLINE_NONE;
    apic_timer_arm(a);
}

void apic_timer_start(struct apic *a, u32 count)
{
    if (mode(a) == TSC_DEADLINE)
        return;
    a->s.count = count;
    run_from(a, count);
}

void apic_timer_divide(struct apic *a, u32 val)
{
    u32 left = apic_timer_count(a);
    a->s.divide = val & 0xb;
    if (left) /* else the count is 0, or its event is about to run */
        run_from(a, left);
}

void apic_timer_lvt(struct apic *a, u32 val)
{
    bool was = mode(a) == TSC_DEADLINE, is = mode_of(val) == TSC_DEADLINE;
    a->s.lvt[APIC_LVT_TIMER] = val;
    if (was != is) {
        a->s.timer_at = DEADLINE_NONE;
        a->s.deadline = 0;
    }
    apic_timer_arm(a);
}

void apic_deadline_write(struct apic *a, u64 val)
{
    if (mode(a) != TSC_DEADLINE)
        return;
    a->s.deadline = val;
    apic_timer_arm(a);
}
