/*
 * mc146818.c - the real-time clock of a PC, with CMOS memory and the century in register 0x32.
 *
 * Spec: Motorola MC146818A data sheet; the 32.768 kHz time base, as PCs have it. Nothing ticks: time, flags and UIP
 * are computed when somebody looks, only enabled interrupts are events. The second changes at the end of the update
 * cycle, which UIP announces 2228 us before. A date that does not exist (30 February) becomes the one that follows
 * as soon as the clock runs. Not modelled: daylight saving (DSE is kept), the square wave output, the time bases of
 * other crystals (divider settings 000 and 001 count like 010), the second bank of later chips.
 */
#include "hw/timer/mc146818.h"
#include "hw/deadline.h"
#include "hw/isa.h"

#define SECOND 1000000000ull
#define XTAL_HZ 32768u
#define UPDATE_NS 2228000u            /* tBUC + tUC */
#define MAX_SECONDS (1ll << 42)
enum { R_SEC, R_SEC_ALARM, R_MIN, R_MIN_ALARM, R_HOUR, R_HOUR_ALARM, R_WEEKDAY, R_DAY, R_MONTH, R_YEAR,
       R_A, R_B, R_C, R_D, R_RAM, R_CENTURY = 0x32 };
enum { A_UIP = 0x80, A_DV = 0x70, A_DV_RUNS = 0x20, A_DV_RESET = 0x60 };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_SQWE = 8, B_DM = 4, B_24H = 2 };
enum { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10, C_ALL = 0x70 };
enum { D_VRT = 0x80, HOUR_PM = 0x80, ALARM_ANY = 0xc0 };

static struct mc146818 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct mc146818, dev);
}

/* ---- the calendar ---- */

struct date {
    i64 year;           /* any */
    i64 month, day;     /* from 1 */
};

static i64 floor_div(i64 a, i64 b)
{
    return a / b - (a % b < 0);
}

/* Days from 1970-01-01 to the first day of a year, proleptic Gregorian. */
static i64 year_start(i64 year)
{
    i64 y = year - 1;
    return y * 365 + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) - 719162;
}

static bool is_leap(i64 y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* Days of the months before month m (1 to 12). */
static i64 month_start(i64 year, i64 m)
{
    static const u16 before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    return before[m - 1] + (m > 2 && is_leap(year));
}

static struct date date_of(i64 days)
{
    struct date d = { .year = 1970 + floor_div(days, 366), .month = 12 }; /* not too late, and then not far off */
    d.year += floor_div((days - year_start(d.year)) * 400, 146097);
    while (year_start(d.year + 1) <= days)
        d.year++;
    while (year_start(d.year) > days)
        d.year--;
    i64 in = days - year_start(d.year);
    while (month_start(d.year, d.month) > in)
        d.month--;
    d.day = in - month_start(d.year, d.month) + 1;
    return d;
}

static i64 days_of(const struct date *d)
{
    i64 month = d->month < 1 ? 1 : MIN(d->month, 12);
    return year_start(d->year) + month_start(d->year, month) + d->day - 1;
}

/* ---- registers as numbers ---- */

static u8 encode(const struct mc146818_state *s, u32 v)
{
    return s->bytes[R_B] & B_DM ? (u8)v : (u8)(v / 10 % 10 << 4 | v % 10);
}
static u32 decode(const struct mc146818_state *s, u8 v)
{
    return s->bytes[R_B] & B_DM ? v : (v >> 4) * 10u + (v & 15);
}

static u8 encode_hour(const struct mc146818_state *s, u32 h)
{
    if (s->bytes[R_B] & B_24H)
        return encode(s, h);
    return encode(s, h % 12 ? h % 12 : 12) | (h >= 12 ? HOUR_PM : 0);
}
static u32 decode_hour(const struct mc146818_state *s, u8 v)
{
    if (s->bytes[R_B] & B_24H)
        return decode(s, v);
    return decode(s, v & (u8)~HOUR_PM) % 12 + (v & HOUR_PM ? 12 : 0);
}

/* ---- the divider chain ---- */

static u64 chain(const struct mc146818_state *s, u64 now)
{
    return now + s->phase;
}
static bool in_reset(const struct mc146818_state *s)
{
    return (s->bytes[R_A] & A_DV) >= A_DV_RESET;
}
/* Time moves: the chain runs in a normal setting, and nobody sets the clock. */
static bool runs(const struct mc146818_state *s)
{
    return (s->bytes[R_A] & A_DV) <= A_DV_RUNS && !(s->bytes[R_B] & B_SET);
}
static i64 seconds(const struct mc146818_state *s, u64 now)
{
    return (i64)s->base + (i64)(chain(s, now) / SECOND);
}

/* Crystal cycles between periodic interrupts; 0: none. */
static u32 period(const struct mc146818_state *s)
{
    u32 rs = s->bytes[R_A] & 15;
    return !rs || in_reset(s) ? 0 : rs < 3 ? 64u << rs : 1u << (rs - 1);
}
static u64 periods(u64 t, u32 cycles)
{
    return (u64)((u128)t * XTAL_HZ / SECOND / cycles);
}

static bool alarm_field(const struct mc146818_state *s, u32 reg, u32 v)
{
    u8 want = s->bytes[reg];
    if ((want & ALARM_ANY) == ALARM_ANY)
        return true;
    return (reg == R_HOUR_ALARM ? decode_hour(s, want) : decode(s, want)) == v;
}

/* The first second after `from`, but not after `last`, that the alarm names; else last + 1. */
static i64 next_alarm(const struct mc146818_state *s, i64 from, i64 last)
{
    i64 t = from + 1;
    while (t <= last) {
        u32 in_day = (u32)(t - floor_div(t, 86400) * 86400);
        if (!alarm_field(s, R_HOUR_ALARM, in_day / 3600))
            t += 3600 - in_day % 3600;
        else if (!alarm_field(s, R_MIN_ALARM, in_day / 60 % 60))
            t += 60 - in_day % 60;
        else if (!alarm_field(s, R_SEC_ALARM, in_day % 60))
            t++;
        else
            return t;
    }
    return last + 1;
}

/* ---- time and date as registers ---- */

static void clock_to_bytes(struct mc146818_state *s, i64 t)
{
    i64 days = floor_div(t, 86400);
    u32 in_day = (u32)(t - days * 86400);
    struct date d = date_of(days);
    u32 year = (u32)(d.year - floor_div(d.year, 10000) * 10000);
    s->bytes[R_SEC] = encode(s, in_day % 60);
    s->bytes[R_MIN] = encode(s, in_day / 60 % 60);
    s->bytes[R_HOUR] = encode_hour(s, in_day / 3600);
    s->bytes[R_WEEKDAY] = encode(s, (u32)((days - floor_div(days, 7) * 7 + 4 + s->weekday) % 7) + 1);
    s->bytes[R_DAY] = encode(s, (u32)d.day);
    s->bytes[R_MONTH] = encode(s, (u32)d.month);
    s->bytes[R_YEAR] = encode(s, year % 100);
    s->bytes[R_CENTURY] = encode(s, year / 100);
}

/* The time that the registers name begins at the last tick of the chain. */
static void clock_from_bytes(struct mc146818_state *s, u64 now)
{
    struct date d = { .year = decode(s, s->bytes[R_CENTURY]) * 100 + decode(s, s->bytes[R_YEAR]),
                      .month = decode(s, s->bytes[R_MONTH]), .day = decode(s, s->bytes[R_DAY]) };
    i64 days = days_of(&d);
    i64 t = days * 86400 + decode_hour(s, s->bytes[R_HOUR]) * 3600 + decode(s, s->bytes[R_MIN]) * 60
            + decode(s, s->bytes[R_SEC]);
    i64 real = floor_div(t, 86400);
    u32 date_weekday = (u32)((real - floor_div(real, 7) * 7 + 4) % 7);
    s->base = (u64)(t - (i64)(chain(s, now) / SECOND));
    s->weekday = (decode(s, s->bytes[R_WEEKDAY]) + 6 + 7 - date_weekday) % 7;
}

/* ---- flags and interrupts ---- */

/* What happened since somebody last looked. */
static void look(struct mc146818 *r)
{
    struct mc146818_state *s = &r->s;
    u64 now = dev_now(&r->dev), from = s->seen;
    u32 cycles = period(s);
    s->seen = now;
    if (now <= from)
        return;
    if (cycles && periods(chain(s, from), cycles) != periods(chain(s, now), cycles))
        s->flags |= C_PF;
    if (!runs(s))
        return;
    i64 a = seconds(s, from), b = seconds(s, now);
    if (a != b)
        s->flags |= C_UF;
    if (!(s->flags & C_AF) && next_alarm(s, a, MIN(b, a + 86400)) <= MIN(b, a + 86400))
        s->flags |= C_AF;
}

static u64 second_ns(const struct mc146818_state *s, i64 t)
{
    return (u64)(t - (i64)s->base) * SECOND - s->phase;
}

/* The next thing that an enabled interrupt, not flagged yet, waits for. */
static u64 next_due(const struct mc146818_state *s, u64 now)
{
    u8 want = s->bytes[R_B] & ~s->flags & C_ALL;
    u32 cycles = period(s);
    u64 due = DEADLINE_NONE;
    if (want & C_PF && cycles) {
        u64 k = (periods(chain(s, now), cycles) + 1) * cycles;
        due = (u64)(((u128)k * SECOND + XTAL_HZ - 1) / XTAL_HZ) - s->phase;
    }
    if (!runs(s))
        return due;
    i64 t = seconds(s, now);
    if (want & C_UF)
        due = MIN(due, second_ns(s, t + 1));
    i64 alarm = want & C_AF ? next_alarm(s, t, t + 86400) : t + 86401;
    return alarm <= t + 86400 ? MIN(due, second_ns(s, alarm)) : due;
}

static bool asserted(const struct mc146818_state *s)
{
    return s->flags & s->bytes[R_B] & C_ALL;
}

static void update(struct mc146818 *r)
{
    irq_set(&r->irq, asserted(&r->s));
    r->s.due = next_due(&r->s, r->s.seen);
    deadline_arm(&r->event, r->s.due);
}

static void interrupt_due(void *opaque)
{
    look(self(opaque));
    update(self(opaque));
}

/* ---- registers ---- */

static bool is_clock(u32 reg)
{
    return reg == R_SEC || reg == R_MIN || reg == R_HOUR || (reg >= R_WEEKDAY && reg <= R_YEAR) || reg == R_CENTURY;
}

static u8 a_read(const struct mc146818_state *s)
{
    bool soon = runs(s) && SECOND - chain(s, s->seen) % SECOND <= UPDATE_NS;
    return s->bytes[R_A] | (soon ? A_UIP : 0);
}

static u8 c_read(struct mc146818 *r)
{
    u8 val = r->s.flags | (asserted(&r->s) ? C_IRQF : 0);
    r->s.flags = 0;
    update(r);
    return val;
}

static u8 reg_read(struct mc146818 *r, u32 reg)
{
    look(r);
    switch (reg) {
    case R_A: return a_read(&r->s);
    case R_C: return c_read(r);
    case R_D: return D_VRT;
    default: break;
    }
    if (is_clock(reg) && runs(&r->s))
        clock_to_bytes(&r->s, seconds(&r->s, r->s.seen));
    return r->s.bytes[reg];
}

/* A or B: the clock may stop, with the time in the registers, or go on from what they hold by then. */
static void control_write(struct mc146818_state *s, u32 reg, u8 val)
{
    bool ran = runs(s), was_reset = in_reset(s);
    if (ran)
        clock_to_bytes(s, seconds(s, s->seen));
    s->bytes[reg] = val;
    if (was_reset && !in_reset(s)) /* the first update comes after half a second */
        s->phase = SECOND - s->seen % SECOND + SECOND / 2;
    s->phase %= SECOND;
    if (!ran && runs(s))
        clock_from_bytes(s, s->seen);
}

static void reg_write(struct mc146818 *r, u32 reg, u8 val)
{
    struct mc146818_state *s = &r->s;
    look(r);
    if (reg == R_A) {
        control_write(s, R_A, val & (u8)~A_UIP);
    } else if (reg == R_B) {
        control_write(s, R_B, val & B_SET ? val & (u8)~B_UIE : val);
    } else if (is_clock(reg) && runs(s)) {
        clock_to_bytes(s, seconds(s, s->seen));
        s->bytes[reg] = val;
        clock_from_bytes(s, s->seen);
    } else if (reg != R_C && reg != R_D) {
        s->bytes[reg] = val;
    }
    update(r);
}

/* ---- the device ---- */

static u8 byte_read(struct dev *d, u64 off)
{
    if (off == 1)
        return reg_read(self(d), self(d)->s.index & 0x7f);
    if (off > 1)
        guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0xff; /* the index cannot be read */
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    if (off == 0)
        self(d)->s.index = val;
    else if (off == 1)
        reg_write(self(d), self(d)->s.index & 0x7f, val);
    else
        guest_error(d, "write of %#x at %#llx: no such register", val, (unsigned long long)off);
}

static u64 mc146818_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void mc146818_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

bool mc146818_nmi_masked(const struct mc146818 *r)
{
    return r->s.index & 0x80;
}

void mc146818_put(struct mc146818 *r, u32 reg, u8 val)
{
    CHECK(reg >= R_RAM && reg < MC146818_BYTES);
    r->s.bytes[reg] = val;
}

static void resumed(struct dev *d)
{
    irq_set(&self(d)->irq, asserted(&self(d)->s));
    deadline_arm(&self(d)->event, self(d)->s.due);
}

/* RESET: interrupts off, nothing else. A reset that begins a run has no time yet. */
static void reset(struct dev *d)
{
    struct mc146818_state *s = &self(d)->s;
    s->bytes[R_B] &= (u8)~(B_PIE | B_AIE | B_UIE | B_SQWE);
    s->flags = s->index = 0;
    s->due = DEADLINE_NONE;
    resumed(d);
}

static bool valid(const void *state, struct err *e)
{
    const struct mc146818_state *s = state;
    i64 base = (i64)s->base;
    if (base < -MAX_SECONDS || base > MAX_SECONDS || s->phase >= SECOND || s->weekday > 6)
        return err_set(e, "time out of range: %lld s, %llu ns, weekday %u", (long long)base,
                       (unsigned long long)s->phase, s->weekday);
    return (!(s->flags & ~C_ALL) && !(s->bytes[R_A] & A_UIP))
           || err_set(e, "flags out of range: %#x, %#x", s->flags, s->bytes[R_A]);
}

#define F(f) STATE(struct mc146818_state, f)
static const struct state_field mc146818_fields[] = {
    F(due), F(seen), F(base), F(phase), F(weekday), F(index), F(flags), F(bytes), F(pad),
};
static const struct state_desc mc146818_desc = {
    .name = "mc146818", STATE_DESC(struct mc146818_state, 1, mc146818_fields), .valid = valid,
};

const struct dev_class mc146818_class = {
    .name = "mc146818", .state = &mc146818_desc, .state_offset = offsetof(struct mc146818, s),
    .size = sizeof(struct mc146818), .read = mc146818_read, .write = mc146818_write,
    .reset = reset, .resumed = resumed,
};

void mc146818_init(struct mc146818 *r, struct machine *m, const char *path, u64 base_seconds)
{
    *r = (struct mc146818){ .s = { .due = DEADLINE_NONE, .base = MIN(base_seconds, (u64)MAX_SECONDS / 2) } };
    r->s.bytes[R_A] = A_DV_RUNS | 6; /* 1024 Hz */
    r->s.bytes[R_B] = B_24H;
    dev_attach(&r->dev, &mc146818_class, m, path);
    deadline_init(&r->event, &r->dev, "mc146818", interrupt_due);
}
