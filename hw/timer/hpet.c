/*
 * hpet.c - high precision event timers (HPET).
 *
 * Spec: IA-PC HPET specification, revision 1.0a, chapter 2. Nothing ticks: the counter is computed from virtual time,
 * and matches of enabled timers are events. A comparator matches when the counter has its value, so one that was set
 * to the past waits for the counter to come round. The line of a timer in edge mode stays high up to its next match,
 * as an 8259 wants it. Not modelled: messages to the front side bus (FSB_CAP is 0), matches of a periodic timer less
 * than 1 us apart (those in between are lost).
 */
#include "hw/timer/hpet.h"
#include "base/bits.h"
#include "hw/deadline.h"

enum { GCAP_ID = 0x000, GEN_CONF = 0x010, GINTR_STA = 0x020, MAIN_CNT = 0x0f0, TIMER_0 = 0x100, TIMER_STEP = 0x20,
       T_CONF = 0x00, T_COMPARE = 0x08, T_FSB = 0x10, END = 0x400 };
enum { CONF_ENABLE = 1, CONF_LEGACY = 2, CONF_ALL = 3 };
enum { T_LEVEL = 1 << 1, T_ENABLE = 1 << 2, T_PERIODIC = 1 << 3, T_CAN_PERIODIC = 1 << 4, T_64 = 1 << 5,
       T_SET = 1 << 6, T_32 = 1 << 8, T_ROUTE_AT = 9, T_ROUTE = 31 << T_ROUTE_AT,
       T_WRITABLE = T_LEVEL | T_ENABLE | T_PERIODIC | T_SET | T_32 | T_ROUTE };
#define CAPABILITIES ((u64)HPET_TICK_NS * 1000000 << 32 | 0x8086ull << 16 | 1 << 15 /* legacy replacement */ \
                      | 1 << 13 /* 64 bits */ | (HPET_TIMERS - 1) << 8 | 1)
#define SHORTEST (1000u / HPET_TICK_NS) /* ticks between matches of a periodic timer */

static struct hpet *self(struct dev *d)
{
    return CONTAINER_OF(d, struct hpet, dev);
}

/* ---- time ---- */

static bool is_running(const struct hpet *h) { return h->s.config & CONF_ENABLE; }
static u64 ticks(const struct hpet *h) { return dev_now(&h->dev) / HPET_TICK_NS; }
static u64 counter(const struct hpet *h)
{
    return h->s.counter + (is_running(h) ? ticks(h) : 0);
}

static bool is_periodic(const struct hpet *h, u32 n) { return h->s.timer[n] & T_PERIODIC; }
static u64 width(const struct hpet *h, u32 n) { return h->s.timer[n] & T_32 ? 0xffffffff : ~0ull; }

/* The deadline of timer n's match at least `after` ticks from now; what is years off is never. */
static void arm(struct hpet *h, u32 n, u64 after)
{
    u64 left = (h->s.compare[n] - counter(h) - after) & width(h, n);
    h->s.due[n] = DEADLINE_NONE;
    if (is_running(h) && h->s.timer[n] & T_ENABLE && left < 1ull << 56)
        h->s.due[n] = (ticks(h) + left + after) * HPET_TICK_NS;
    deadline_arm(&h->event[n], h->s.due[n]);
}

static void arm_all(struct hpet *h)
{
    for (u32 n = 0; n < HPET_TIMERS; n++)
        arm(h, n, 0);
}

/* ---- interrupts ---- */

static struct irq_line *line_of(struct hpet *h, u32 n)
{
    u32 pin = h->s.timer[n] >> T_ROUTE_AT & 31;
    if (h->s.config & CONF_LEGACY && n < COUNT(h->legacy_irq))
        return &h->legacy_irq[n];
    return pin < HPET_PINS && h->pins >> pin & 1 ? &h->irq[pin] : NULL;
}

static bool wants(const struct hpet *h, u32 n)
{
    return is_running(h) && h->s.timer[n] & T_ENABLE && (h->s.status | h->s.edges) >> n & 1;
}

/* Timers may share a line. */
static void drive(struct hpet *h, const struct irq_line *l)
{
    bool level = false;
    for (u32 n = 0; n < HPET_TIMERS; n++)
        level |= line_of(h, n) == l && wants(h, n);
    if (l)
        irq_set(l, level);
}

static void drive_all(struct hpet *h)
{
    for (u32 n = 0; n < HPET_TIMERS; n++)
        drive(h, line_of(h, n));
}

static void fire(struct hpet *h, u32 n)
{
    bool level = h->s.timer[n] & T_LEVEL;
    h->s.edges &= ~(1ull << n);
    drive(h, line_of(h, n));
    *(level ? &h->s.status : &h->s.edges) |= 1ull << n;
    drive(h, line_of(h, n));
}

/* Matches that a late host missed, and those that come too soon, are left out. */
static void next_period(struct hpet *h, u32 n)
{
    u64 step = h->s.period[n], late = (counter(h) - h->s.compare[n]) & width(h, n);
    if (step)
        h->s.compare[n] = (h->s.compare[n] + ((late + SHORTEST - 1) / step + 1) * step) & width(h, n);
}

static void match(struct hpet *h, u32 n)
{
    if (is_periodic(h, n))
        next_period(h, n);
    arm(h, n, 1);
    fire(h, n);
}
static void match_0(void *opaque) { match(self(opaque), 0); }
static void match_1(void *opaque) { match(self(opaque), 1); }
static void match_2(void *opaque) { match(self(opaque), 2); }

/* ---- registers, of 64 bits ---- */

static u64 merge(u64 old, u64 val, u64 mask) { return (old & ~mask) | (val & mask); }

static u64 timer_read(struct hpet *h, u32 n, u32 reg)
{
    switch (reg) {
    case T_CONF: return h->s.timer[n] | T_CAN_PERIODIC | T_64 | (u64)h->pins << 32;
    case T_COMPARE: return h->s.compare[n];
    case T_FSB: return 0;
    default: break;
    }
    guest_error(&h->dev, "read of register %#x of timer %u: no such register", reg, n);
    return 0;
}

static u64 reg_read(struct hpet *h, u32 reg)
{
    switch (reg) {
    case GCAP_ID: return CAPABILITIES;
    case GEN_CONF: return h->s.config;
    case GINTR_STA: return h->s.status;
    case MAIN_CNT: return counter(h);
    default: break;
    }
    u32 n = (reg - TIMER_0) / TIMER_STEP;
    if (reg >= TIMER_0 && n < HPET_TIMERS)
        return timer_read(h, n, reg % TIMER_STEP);
    guest_error(&h->dev, "read at %#x: no such register", reg);
    return 0;
}

/* A pin that the timer cannot have is not taken; one of 32 bits has no more of its comparator (2.3.8, 2.3.9). */
static void timer_conf_write(struct hpet *h, u32 n, u64 val, u64 mask)
{
    const struct irq_line *was = line_of(h, n);
    u64 *timer = &h->s.timer[n], now = merge(*timer, val, mask & T_WRITABLE);
    if (!(h->pins >> (now >> T_ROUTE_AT & 31) & 1))
        now = merge(now, *timer, T_ROUTE);
    *timer = now;
    h->s.compare[n] &= width(h, n);
    h->s.period[n] &= width(h, n);
    if (!(now & T_LEVEL))
        h->s.status &= ~(1ull << n);
    if (now & T_LEVEL || !(now & T_ENABLE))
        h->s.edges &= ~(1ull << n);
    drive(h, was);
    drive(h, line_of(h, n));
    arm(h, n, 0);
}

/* Of a periodic timer it is the period, and with VAL_SET, once, the next match, too (2.3.9.2.2). */
static void compare_write(struct hpet *h, u32 n, u64 val, u64 mask)
{
    u64 *timer = &h->s.timer[n];
    if (!is_periodic(h, n) || *timer & T_SET)
        h->s.compare[n] = merge(h->s.compare[n], val, mask) & width(h, n);
    if (is_periodic(h, n))
        h->s.period[n] = merge(h->s.period[n], val, mask) & width(h, n);
    *timer &= ~(u64)T_SET;
    arm(h, n, 0);
}

static void timer_write(struct hpet *h, u32 n, u32 reg, u64 val, u64 mask)
{
    if (reg == T_CONF)
        timer_conf_write(h, n, val, mask);
    else if (reg == T_COMPARE)
        compare_write(h, n, val, mask);
    else
        guest_error(&h->dev, "write to register %#x of timer %u: no such register, or not modelled", reg, n);
}

static void tell_legacy(struct hpet *h)
{
    if (h->legacy)
        h->legacy(h->opaque, h->s.config & CONF_LEGACY);
}

/* Whatever a change of the configuration does to the lines of timers. */
static void reconfigure(struct hpet *h, const struct hpet_state *to)
{
    const struct irq_line *was[HPET_TIMERS];
    for (u32 n = 0; n < HPET_TIMERS; n++)
        was[n] = line_of(h, n);
    h->s = *to;
    tell_legacy(h);
    for (u32 n = 0; n < HPET_TIMERS; n++)
        drive(h, was[n]);
    drive_all(h);
}

static void conf_write(struct hpet *h, u64 val, u64 mask)
{
    struct hpet_state to = h->s;
    to.config = merge(to.config, val, mask & CONF_ALL);
    to.edges &= to.config & CONF_ENABLE ? ~0ull : 0;
    to.counter = counter(h) - (to.config & CONF_ENABLE ? ticks(h) : 0);
    reconfigure(h, &to);
    arm_all(h);
}

static void reg_write(struct hpet *h, u32 reg, u64 val, u64 mask)
{
    u32 n = (reg - TIMER_0) / TIMER_STEP;
    if (reg == GEN_CONF) {
        conf_write(h, val, mask);
    } else if (reg == GINTR_STA) {
        h->s.status &= ~(val & mask);
        drive_all(h);
    } else if (reg == MAIN_CNT && !is_running(h)) {
        h->s.counter = merge(h->s.counter, val, mask);
    } else if (reg >= TIMER_0 && n < HPET_TIMERS) {
        timer_write(h, n, reg % TIMER_STEP, val, mask);
    } else {
        guest_error(&h->dev, "write at %#x: no such register, or not now", reg);
    }
}

/* What crosses into the next register is not there. */
static u64 hpet_read(struct dev *d, u64 off, u32 size)
{
    (void)size;
    return reg_read(self(d), (u32)off & (END - 8)) >> 8 * (off & 7);
}
static void hpet_write(struct dev *d, u64 off, u64 val, u32 size)
{
    u32 shift = 8 * (u32)(off & 7);
    reg_write(self(d), (u32)off & (END - 8), val << shift, bits_mask(8 * size) << shift);
}

/* ---- the device ---- */

static void resumed(struct dev *d)
{
    struct hpet *h = self(d);
    tell_legacy(h);
    drive_all(h);
    for (u32 n = 0; n < HPET_TIMERS; n++)
        deadline_arm(&h->event[n], h->s.due[n]);
}

static void reset(struct dev *d)
{
    struct hpet_state to = { 0 };
    for (u32 n = 0; n < HPET_TIMERS; n++)
        to.compare[n] = ~0ull;
    reconfigure(self(d), &to);
    arm_all(self(d));
}

static bool valid(const void *state, struct err *e)
{
    const struct hpet_state *s = state;
    bool good = s->config <= CONF_ALL && s->status < 1u << HPET_TIMERS && s->edges < 1u << HPET_TIMERS;
    for (u32 n = 0; n < HPET_TIMERS; n++)
        good &= !(s->timer[n] & ~(u64)T_WRITABLE);
    return good || err_set(e, "registers out of range: configuration %#llx, status %#llx",
                           (unsigned long long)s->config, (unsigned long long)s->status);
}

#define F(f) STATE(struct hpet_state, f)
static const struct state_field hpet_fields[] = {
    F(counter), F(config), F(status), F(edges), F(timer), F(compare), F(period), F(due),
};
static const struct state_desc hpet_desc = {
    .name = "hpet", STATE_DESC(struct hpet_state, 1, hpet_fields), .valid = valid,
};

const struct dev_class hpet_class = {
    .name = "hpet", .state = &hpet_desc, .state_offset = offsetof(struct hpet, s), .size = sizeof(struct hpet),
    .read = hpet_read, .write = hpet_write, .reset = reset, .resumed = resumed,
};

void hpet_init(struct hpet *h, struct machine *m, const char *path, u32 pins)
{
    static void (*const matches[HPET_TIMERS])(void *) = { match_0, match_1, match_2 };
    static const char *const names[HPET_TIMERS] = { "hpet.0", "hpet.1", "hpet.2" };
    *h = (struct hpet){ .pins = pins };
    dev_attach(&h->dev, &hpet_class, m, path);
    for (u32 n = 0; n < HPET_TIMERS; n++)
        deadline_init(&h->event[n], &h->dev, names[n], matches[n]);
    reset(&h->dev);
}
