/*
 * i8254.c - the interval timer of a PC (8254), with system control port B (0x61).
 *
 * Spec: Intel 8254 data sheet (231164). Nothing ticks: counts and outputs are computed from virtual time, in ticks
 * of 1193182 Hz by exact arithmetic, and only changes of counter 0's output are events. When a realtime host is late
 * for some of those, the rising edges that it missed follow one by one, each when the processor took the one before,
 * unless nobody takes them. Gates 0 and 1 are tied high; the refresh bit of port 0x61 toggles every 18
 * ticks, whatever counter 1 does. Not modelled: the speaker's sound, parity and channel check errors (port 0x61, bits
 * 7:6), counts of digits above 9 in BCD mode as a chip would have them.
 */
#include "hw/timer/i8254.h"
#include "hw/deadline.h"
#include "hw/isa.h"

#define SECOND 1000000000u
#define OWED_MAX 100u /* a tenth of a second of the fastest timers, one second of the slowest */
#define IGNORED 2u
enum { AT_CONTROL = 3, AT_PORT61 = 4 };
enum { CONTROL_BCD = 1 };
enum { BACK_NO_COUNT = 0x20, BACK_NO_STATUS = 0x10, STATUS_OUT = 0x80, STATUS_NULL = 0x40 };
enum { P61_GATE2 = 1, P61_WRITABLE = 0xf, P61_REFRESH = 0x10, P61_OUT2 = 0x20, REFRESH_TICKS = 18 };
enum { ACCESS_LOW = 1, ACCESS_HIGH = 2, ACCESS_BOTH = 3 };

static struct i8254 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct i8254, dev);
}

/* ---- time ---- */

static u64 now_ticks(const struct i8254 *p)
{
    return (u64)((u128)dev_now(&p->dev) * I8254_HZ / SECOND);
}

/* The first nanosecond of a tick, so that now_ticks() then gives it back. */
static u64 tick_ns(u64 tick)
{
    u128 ns = ((u128)tick * SECOND + I8254_HZ - 1) / I8254_HZ;
    return ns < DEADLINE_NONE ? (u64)ns : DEADLINE_NONE;
}

/* ---- a counter at a tick ---- */

static u32 mode(const struct i8254_state *s, u32 n)
{
    u32 m = s->control[n] >> 1 & 7;
    return m > 5 ? m - 4 : m; /* 6 and 7 are other names of 2 and 3 */
}
static u32 access_kind(const struct i8254_state *s, u32 n)
{
    return s->control[n] >> 4;
}
static bool periodic(const struct i8254_state *s, u32 n)
{
    return mode(s, n) == 2 || mode(s, n) == 3;
}
static bool triggered(const struct i8254_state *s, u32 n)
{
    return mode(s, n) == 1 || mode(s, n) == 5;
}

/* The gate stops all modes but those that it triggers. */
static bool counting(const struct i8254_state *s, u32 n)
{
    return s->count[n] && (s->gate[n] || triggered(s, n));
}

/* Ticks counted; none yet in the tick before the start. */
static u64 elapsed(const struct i8254_state *s, u32 n, u64 t)
{
    u64 e = t - s->start[n];
    return !counting(s, n) ? s->held[n] : (i64)e < 0 ? 0 : e;
}

/* Ticks of a square wave's high half: an odd count has one more there. */
static u32 high_ticks(u32 count)
{
    return (count + 1) / 2;
}

/* A count of 1 is illegal in periodic modes: the output stays high. */
static bool output(const struct i8254_state *s, u32 n, u64 t)
{
    u64 e = elapsed(s, n, t);
    switch (mode(s, n)) {
    case 0: return s->count[n] && e >= s->count[n];
    case 1: return !s->count[n] || e >= s->count[n];
    case 2: return !counting(s, n) || s->count[n] == 1 || e % s->count[n] != s->count[n] - 1;
    case 3: return !counting(s, n) || e % s->count[n] < high_ticks(s->count[n]);
    default: return !s->count[n] || e != s->count[n];
    }
}

/* The next tick after t at which the output changes, unless something is written or loaded; TIME_NEVER: it stays. */
static u64 next_edge(const struct i8254_state *s, u32 n, u64 t)
{
    if (!counting(s, n))
        return TIME_NEVER;
    u32 count = s->count[n];
    u64 e = elapsed(s, n, t), in = e % count;
    if (periodic(s, n)) {
        u32 change = mode(s, n) == 2 ? count - 1 : high_ticks(count);
        return count == 1 ? TIME_NEVER : s->start[n] + e - in + (in < change ? change : count);
    }
    if (e < count)
        return s->start[n] + count;
    return e == count && mode(s, n) > 3 ? t + 1 : TIME_NEVER; /* the end of a strobe */
}

/* What the counting element holds, as it is read. */
static u32 element(const struct i8254_state *s, u32 n, u64 t)
{
    u64 e = elapsed(s, n, t);
    u32 count = s->count[n], wrap = s->control[n] & CONTROL_BCD ? 10000 : 0x10000;
    if (!count)
        return 0;
    u32 in = (u32)(e % count), half = high_ticks(count);
    if (mode(s, n) == 2)
        return (count - in) % wrap;
    if (mode(s, n) == 3)
        return ((count & ~1u) - 2 * (in < half ? in : in - half)) % wrap;
    return (u32)((count + wrap - e % wrap) % wrap);
}

static u32 from_register(const struct i8254_state *s, u32 n, u32 val)
{
    if (!(s->control[n] & CONTROL_BCD))
        return val ? val : 0x10000;
    u32 v = (val >> 12) * 1000 + (val >> 8 & 15) * 100 + (val >> 4 & 15) * 10 + (val & 15);
    return v ? v : 10000;
}
static u32 to_register(const struct i8254_state *s, u32 n, u32 v)
{
    if (!(s->control[n] & CONTROL_BCD))
        return v;
    return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

/* ---- loading, gates ---- */

/* The count that was due to go to the counting element does, if its time has come. */
static void sync(struct i8254_state *s, u32 n, u64 t)
{
    if (s->load_at[n] > t)
        return;
    bool high = !s->count[n] || !s->gate[n] || mode(s, n) != 3 || output(s, n, s->load_at[n]);
    s->count[n] = s->reload[n];
    s->start[n] = s->load_at[n] - (high ? 0 : high_ticks(s->count[n])); /* a half wave ended: its other half begins */
    s->held[n] = 0;
    s->load_at[n] = TIME_NEVER;
}

static void set_gate(struct i8254_state *s, u32 n, bool level, u64 t)
{
    if (s->gate[n] == level)
        return;
    s->held[n] = elapsed(s, n, t);
    s->gate[n] = level;
    if (!level)
        return;
    if (triggered(s, n)) {
        s->load_at[n] = s->reload[n] ? t + 1 : TIME_NEVER;
    } else if (periodic(s, n) && s->count[n]) {
        s->count[n] = s->reload[n];
        s->start[n] = t + 1;
        s->load_at[n] = TIME_NEVER;
    } else {
        s->start[n] = t - s->held[n];
    }
}

/* A whole count was written. Periodic modes go on to the end of the period or half wave, one-shots to the trigger. */
static void count_write(struct i8254_state *s, u32 n, u32 val, u64 t)
{
    s->reload[n] = from_register(s, n, val);
    if (triggered(s, n))
        return;
    u64 next = t + 1;
    if (periodic(s, n) && counting(s, n)) {
        u64 edge = next_edge(s, n, t);
        next = edge == TIME_NEVER ? next : mode(s, n) == 2 && output(s, n, t) ? edge + 1 : edge;
    }
    s->load_at[n] = next;
}

static void byte_to_count(struct i8254_state *s, u32 n, u8 val, u64 t)
{
    if (access_kind(s, n) == ACCESS_LOW) {
        count_write(s, n, val, t);
    } else if (access_kind(s, n) == ACCESS_HIGH) {
        count_write(s, n, (u32)val << 8, t);
    } else if (s->write_high[n]) {
        s->write_high[n] = 0;
        count_write(s, n, s->low[n] | (u32)val << 8, t);
    } else {
        s->low[n] = val;
        s->write_high[n] = 1;
        if (mode(s, n) == 0) { /* the first byte stops the count, with the output low */
            s->count[n] = 0;
            s->load_at[n] = TIME_NEVER;
        }
    }
}

/* ---- reading ---- */

static void latch_count(struct i8254_state *s, u32 n, u64 t)
{
    if (s->latched[n])
        return;
    s->latch[n] = to_register(s, n, element(s, n, t));
    s->latched[n] = access_kind(s, n) == ACCESS_BOTH ? 2 : 1;
}

static bool is_null(const struct i8254_state *s, u32 n)
{
    return !s->count[n] || s->load_at[n] != TIME_NEVER || (triggered(s, n) && s->reload[n] != s->count[n]);
}

static void latch_status(struct i8254_state *s, u32 n, u64 t)
{
    if (s->has_status[n])
        return;
    s->status[n] = (output(s, n, t) ? STATUS_OUT : 0) | (is_null(s, n) ? STATUS_NULL : 0) | s->control[n];
    s->has_status[n] = 1;
}

static u8 counter_read(struct i8254_state *s, u32 n, u64 t)
{
    if (s->has_status[n]) {
        s->has_status[n] = 0;
        return s->status[n];
    }
    u32 val = s->latched[n] ? s->latch[n] : to_register(s, n, element(s, n, t));
    bool high = access_kind(s, n) == ACCESS_HIGH || s->read_high[n];
    if (access_kind(s, n) == ACCESS_BOTH)
        s->read_high[n] = !s->read_high[n];
    if (s->latched[n])
        s->latched[n]--;
    return (u8)(high ? val >> 8 : val);
}

/* ---- the control word ---- */

static void program(struct i8254_state *s, u32 n, u8 val)
{
    s->control[n] = val & 0x3f;
    s->count[n] = s->reload[n] = 0;
    s->held[n] = 0;
    s->load_at[n] = TIME_NEVER;
    s->write_high[n] = s->read_high[n] = s->latched[n] = s->has_status[n] = 0;
    if (n == 0)
        s->owed = s->asked = s->stretched = 0;
}

static void read_back(struct i8254_state *s, u8 val, u64 t)
{
    for (u32 n = 0; n < I8254_COUNTERS; n++) {
        if (!(val >> (n + 1) & 1))
            continue;
        if (!(val & BACK_NO_COUNT))
            latch_count(s, n, t);
        if (!(val & BACK_NO_STATUS))
            latch_status(s, n, t);
    }
}

static void control_write(struct i8254_state *s, u8 val, u64 t)
{
    u32 n = val >> 6;
    if (n == 3)
        read_back(s, val, t);
    else if (val & 0x30)
        program(s, n, val);
    else
        latch_count(s, n, t);
}

/* ---- counter 0's output ---- */

static void drive(struct i8254 *p, bool level)
{
    p->s.level = level;
    irq_set(&p->out0, level);
}

static void rearm(struct i8254 *p, u64 t)
{
    drive(p, p->s.stretched || output(&p->s, 0, t));
    u64 edge = next_edge(&p->s, 0, t), next = MIN(edge, p->s.load_at[0]);
    p->s.due = next == TIME_NEVER ? DEADLINE_NONE : tick_ns(next);
    deadline_arm(&p->event, p->s.due);
}

static void pulse(struct i8254 *p)
{
    drive(p, false);
    drive(p, true);
}

/* An edge that the processor has to take. The output may be low again by now: it is held up until then. */
static void ask(struct i8254 *p, u64 t)
{
    pulse(p);
    p->s.asked = (u8)MIN(p->s.asked + 1u, IGNORED);
    p->s.stretched = !output(&p->s, 0, t);
}

/* Rising edges from tick `from` to tick `to`. */
static u64 rises(const struct i8254_state *s, u64 from, u64 to)
{
    if (!periodic(s, 0) || !counting(s, 0) || s->count[0] == 1)
        return 0;
    return elapsed(s, 0, to) / s->count[0] - elapsed(s, 0, from - 1) / s->count[0];
}

/* What became due at tick `at` is seen to at tick t. One edge may wait to be taken while the next come: guests are
 * late, too. If it waits for the second time, nobody listens, and they are lost, as in a chip. */
static void realtime_edges(struct i8254 *p, u64 at, u64 t)
{
    struct i8254_state *s = &p->s;
    u64 n = rises(s, at, MIN(t, s->load_at[0]));
    if (!n) {
        drive(p, s->stretched || output(s, 0, at));
        return;
    }
    if (s->asked < IGNORED)
        s->owed = (u8)MIN(s->owed + n - !s->asked, OWED_MAX);
    ask(p, t);
}

/* Late: of what was missed, one pulse. */
static void plain_edges(struct i8254 *p, u64 at, u64 t)
{
    drive(p, output(&p->s, 0, at));
    if (next_edge(&p->s, 0, at) <= t)
        pulse(p);
}

static bool is_realtime(const struct i8254 *p) { return p->dev.m && p->dev.m->clock == CLOCK_REALTIME; }

static void output_due(void *opaque)
{
    struct i8254 *p = self(opaque);
    u64 at = (u64)((u128)p->s.due * I8254_HZ / SECOND), t = now_ticks(p);
    sync(&p->s, 0, at);
    if (is_realtime(p) && periodic(&p->s, 0))
        realtime_edges(p, at, t);
    else
        plain_edges(p, at, t);
    sync(&p->s, 0, t);
    rearm(p, t);
}

/* Brings all counters up to the present. */
static u64 sync_all(struct i8254 *p)
{
    u64 t = now_ticks(p);
    if (p->s.due <= dev_now(&p->dev))
        output_due(&p->dev);
    for (u32 n = 0; n < I8254_COUNTERS; n++)
        sync(&p->s, n, t);
    return t;
}

void i8254_taken(struct i8254 *p)
{
    p->s.asked = 0;
    if (!p->s.owed && !p->s.stretched)
        return;
    u64 t = sync_all(p);
    if (p->s.asked) /* another one came */
        return;
    p->s.stretched = 0;
    if (!p->s.owed) {
        drive(p, output(&p->s, 0, t));
        return;
    }
    p->s.owed--;
    ask(p, t);
}

bool i8254_out(struct i8254 *p, u32 n)
{
    u64 t = sync_all(p);
    return output(&p->s, n, t);
}

/* ---- the device ---- */

static u8 port61_read(struct i8254 *p, u64 t)
{
    return p->s.port61 | (t / REFRESH_TICKS & 1 ? P61_REFRESH : 0) | (output(&p->s, 2, t) ? P61_OUT2 : 0);
}

static u8 byte_read(struct dev *d, u64 off)
{
    u64 t = sync_all(self(d));
    if (off < AT_CONTROL)
        return counter_read(&self(d)->s, (u32)off, t);
    if (off == AT_PORT61)
        return port61_read(self(d), t);
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    struct i8254_state *s = &self(d)->s;
    u64 t = sync_all(self(d));
    if (off < AT_CONTROL) {
        byte_to_count(s, (u32)off, val, t);
    } else if (off == AT_CONTROL) {
        control_write(s, val, t);
    } else if (off == AT_PORT61) {
        s->port61 = val & P61_WRITABLE;
        set_gate(s, 2, val & P61_GATE2, t);
    } else {
        guest_error(d, "write of %#x at %#llx: no such register", val, (unsigned long long)off);
    }
    rearm(self(d), t);
}

static u64 i8254_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void i8254_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

static u64 port61_mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_PORT61 + off, size);
}
static void port61_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_PORT61 + off, val, size);
}
const struct mmio_ops i8254_port61_mmio = { port61_mmio_read, port61_mmio_write };

/* The data sheet leaves modes open until control words come: all outputs are high and nothing counts. */
static void reset(struct dev *d)
{
    struct i8254 *p = self(d);
    p->s = (struct i8254_state){ .due = DEADLINE_NONE, .gate = { 1, 1, 0 } };
    for (u32 n = 0; n < I8254_COUNTERS; n++)
        program(&p->s, n, ACCESS_BOTH << 4 | 3 << 1);
    rearm(p, 0);
}

static void resumed(struct dev *d)
{
    irq_set(&self(d)->out0, self(d)->s.level);
    deadline_arm(&self(d)->event, self(d)->s.due);
}

static bool counter_valid(const struct i8254_state *s, u32 n)
{
    return s->count[n] <= 0x10000 && s->reload[n] <= 0x10000 && s->control[n] <= 0x3f && s->control[n] >> 4
           && s->write_high[n] <= 1 && s->read_high[n] <= 1 && s->latched[n] <= 2
           && s->has_status[n] <= 1 && s->gate[n] <= 1 && s->latch[n] <= 0xffff
           && (s->load_at[n] == TIME_NEVER || s->reload[n]);
}

static bool valid(const void *state, struct err *e)
{
    const struct i8254_state *s = state;
    for (u32 n = 0; n < I8254_COUNTERS; n++)
        if (!counter_valid(s, n))
            return err_set(e, "registers of counter %u out of range", n);
    if (s->owed > OWED_MAX || s->asked > IGNORED || s->stretched > 1)
        return err_set(e, "missed edges out of range: %u, %u, %u", s->owed, s->asked, s->stretched);
    return (s->level <= 1 && s->port61 <= P61_WRITABLE)
           || err_set(e, "output %u or port 0x61 (%#x) out of range", s->level, s->port61);
}

#define F(f) STATE(struct i8254_state, f)
#define N(f) STATE_SINCE(2, struct i8254_state, f)
static const struct state_field i8254_fields[] = {
    F(due), F(start), F(held), F(load_at), F(count), F(reload), F(latch), F(control), F(low), F(write_high),
    F(read_high), F(latched), F(status), F(has_status), F(gate), F(level), F(port61), F(pad),
    N(owed), N(asked), N(stretched), N(pad2),
};
static const struct state_desc i8254_desc = {
    .name = "i8254", STATE_DESC(struct i8254_state, 2, i8254_fields), .valid = valid,
};

const struct dev_class i8254_class = {
    .name = "i8254", .state = &i8254_desc, .state_offset = offsetof(struct i8254, s), .size = sizeof(struct i8254),
    .read = i8254_read, .write = i8254_write, .reset = reset, .resumed = resumed,
};

void i8254_init(struct i8254 *p, struct machine *m, const char *path)
{
    *p = (struct i8254){ 0 };
    dev_attach(&p->dev, &i8254_class, m, path);
    deadline_init(&p->event, &p->dev, "i8254.out0", output_due);
}
