/*
 * fdc_commands.c - the floppy disk controller's commands: their table, and those that move no data (5.2).
 */
#include "hw/block/fdc_internal.h"
#include <string.h>

enum { PULSES = 79 };                                   /* of a RECALIBRATE, at most (5.2.2) */
enum { ST3_PROTECTED = 0x40, ST3_READY = 0x20, ST3_TRACK0 = 0x10, ST3_TWO_SIDES = 8 };    /* 6.4 */
enum { PART_82078 = 0x41, VERSION_82077 = 0x90 };
enum { PERP_OW = 0x80, PERP_DRIVES = 0x3c, PERP_MODE = 3 };                               /* 5.2.11 */
enum { SPEC_DONE = 0x80, SPEC_NO_ANSWER = 0x40 };
enum { SEEK_IN = 0x40, LOCK = 0x80 };

static void answer_byte(struct fdc *f, u8 val)
{
    fdc_answer(f, &val, 1);
}
static void no_answer(struct fdc *f)
{
    fdc_answer(f, NULL, 0);
}
static void invalid(struct fdc *f)
{
    guest_error(&f->dev, "command %#x is none", f->s.cmd);
    answer_byte(f, ST0_INVALID);
}

static bool is_there(const struct fdc *f, u32 unit)
{
    return unit < FDC_DRIVES && f->bay[unit].type != FLOPPY_NONE;
}

/* ---- heads ---- */

/* Steps with a disk in the drive clear the change line. */
static void step(struct fdc *f, u32 unit, i32 tracks)
{
    struct fdc_state *s = &f->s;
    if (!is_there(f, unit) || !tracks)
        return;
    i32 to = (i32)s->track[unit] + tracks;
    s->track[unit] = (u8)(to < 0 ? 0 : MIN(to, (i32)FLOPPY_CYLINDERS - 1));
    if (f->bay[unit].block)
        s->changed &= (u8)~(1u << unit);
}

u64 fdc_seek(struct fdc *f, u32 unit, u8 cylinder)
{
    i32 tracks = (i32)cylinder - f->s.pcn[unit];
    f->s.pcn[unit] = cylinder;
    step(f, unit, tracks);
    return tracks ? FDC_SETTLE_NS + (u64)(tracks < 0 ? -tracks : tracks) * FDC_STEP_NS : FDC_STEP_NS;
}

/* The drive is busy until it was asked how it went (2.1.6). */
static void seek_ends(struct fdc *f, u8 st0, u64 ns)
{
    u32 unit = fdc_unit(f);
    f->s.busy |= (u8)(1u << unit);
    fdc_report(f, unit, (u8)(st0 | ST0_SEEK | unit), ns);
    no_answer(f);
}

static void seek(struct fdc *f)
{
    seek_ends(f, 0, fdc_seek(f, fdc_unit(f), f->s.args[1]));
}

/* Counts round in a byte. */
static void relative_seek(struct fdc *f)
{
    u32 unit = fdc_unit(f), n = f->s.args[1];
    bool in = f->s.cmd & SEEK_IN;
    step(f, unit, in ? (i32)n : -(i32)n);
    f->s.pcn[unit] = (u8)(in ? f->s.pcn[unit] + n : f->s.pcn[unit] - n);
    seek_ends(f, 0, FDC_SETTLE_NS + n * FDC_STEP_NS);
}

/* Without a sign of track 0 after 79 pulses there is none (5.2.2). */
static void recalibrate(struct fdc *f)
{
    u32 unit = fdc_unit(f), from = f->s.track[unit], pulses = MIN(from, (u32)PULSES);
    bool found = is_there(f, unit) && from <= PULSES;
    step(f, unit, -(i32)pulses);
    f->s.pcn[unit] = 0;
    seek_ends(f, found ? 0 : ST0_ABNORMAL | ST0_CHECK,
              FDC_SETTLE_NS + (u64)(found ? pulses : (u32)PULSES) * FDC_STEP_NS);
}

/* ---- status ---- */

static bool has_report(const struct fdc_state *s, u32 unit)
{
    return s->report[unit] && s->seek_due[unit] == DEADLINE_NONE;
}

/* Of the reports after a reset only the first one interrupts; ends of seeks do each. */
static bool has_seek_report(const struct fdc_state *s)
{
    for (u32 i = 0; i < FDC_UNITS; i++)
        if (has_report(s, i) && s->report[i] & ST0_SEEK)
            return true;
    return false;
}

static void sense_interrupt(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    u32 unit = 0;
    while (unit < FDC_UNITS && !has_report(s, unit))
        unit++;
    s->irq = 0;
    if (unit == FDC_UNITS) {
        answer_byte(f, ST0_INVALID);
        return;
    }
    u8 answer[2] = { s->report[unit], s->pcn[unit] };
    s->report[unit] = 0;
    s->busy &= (u8)~(1u << unit);
    s->irq = has_seek_report(s);
    fdc_answer(f, answer, 2);
}

static void sense_drive(struct fdc *f)
{
    u32 unit = fdc_unit(f);
    u8 st3 = ST3_READY | ST3_TWO_SIDES | (f->s.args[0] & 7);
    if (is_there(f, unit)) {
        st3 |= f->s.track[unit] ? 0 : ST3_TRACK0;
        st3 |= f->bay[unit].block && fdc_protected(&f->bay[unit]) ? ST3_PROTECTED : 0;
    }
    answer_byte(f, st3);
}

static void dump_registers(struct fdc *f)
{
    const struct fdc_state *s = &f->s;
    const u8 answer[FDC_RESULT] = {
        s->pcn[0], s->pcn[1], s->pcn[2], s->pcn[3], s->specify[0], s->specify[1], s->eot,
        (s->lock ? LOCK : 0) | s->perpendicular, s->config, s->pretrk,
    };
    fdc_answer(f, answer, FDC_RESULT);
}

static void version(struct fdc *f)
{
    answer_byte(f, VERSION_82077);
}
static void part_id(struct fdc *f)
{
    answer_byte(f, PART_82078);
}

/* ---- settings ---- */

static void specify(struct fdc *f)
{
    memcpy(f->s.specify, f->s.args, 2);
    no_answer(f);
}

static void configure(struct fdc *f)
{
    f->s.config = f->s.args[1] & 0x7f;
    f->s.pretrk = f->s.args[2];
    no_answer(f);
}

static void lock(struct fdc *f)
{
    f->s.lock = f->s.cmd >> 7;
    answer_byte(f, (u8)(f->s.lock << 4));
}

/* The drives' bits change only with OW. */
static void perpendicular(struct fdc *f)
{
    u8 val = f->s.args[0], change = val & PERP_OW ? PERP_DRIVES | PERP_MODE : PERP_MODE;
    f->s.perpendicular = (f->s.perpendicular & (u8)~change) | (val & change);
    no_answer(f);
}

static void power_down_mode(struct fdc *f)
{
    f->s.power = f->s.args[0];
    answer_byte(f, f->s.power);
}

/* Up to four drives' bytes, and one that says whether there is an answer. */
static void drive_specification(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    u8 last = s->args[s->arg_count - 1];
    for (u32 i = 0; i < s->arg_count; i++)
        if (!(s->args[i] & SPEC_DONE))
            s->drive_spec[s->args[i] >> 5 & 3] = s->args[i] & 0x1f;
    if (!(last & SPEC_DONE))
        invalid(f);
    else if (last & SPEC_NO_ANSWER)
        no_answer(f);
    else
        fdc_answer(f, s->drive_spec, sizeof s->drive_spec);
}

/* ---- the table ---- */

static const struct fdc_command commands[] = { /* table 5-1 */
    { .name = "READ DATA",              .code = 0x06, .mask = 0x1f, .args = 8, .kind = FDC_READ },
    { .name = "READ DELETED DATA",      .code = 0x0c, .mask = 0x1f, .args = 8, .kind = FDC_READ },
    { .name = "WRITE DATA",             .code = 0x05, .mask = 0x3f, .args = 8, .kind = FDC_WRITE },
    { .name = "WRITE DELETED DATA",     .code = 0x09, .mask = 0x3f, .args = 8, .kind = FDC_WRITE },
    { .name = "READ TRACK",             .code = 0x02, .mask = 0xbf, .args = 8, .kind = FDC_READ_TRACK },
    { .name = "VERIFY",                 .code = 0x16, .mask = 0x1f, .args = 8, .kind = FDC_VERIFY },
    { .name = "SCAN EQUAL",             .code = 0x11, .mask = 0x1f, .args = 8, .kind = FDC_SCAN },
    { .name = "SCAN LOW OR EQUAL",      .code = 0x19, .mask = 0x1f, .args = 8, .kind = FDC_SCAN },
    { .name = "SCAN HIGH OR EQUAL",     .code = 0x1d, .mask = 0x1f, .args = 8, .kind = FDC_SCAN },
    { .name = "FORMAT TRACK",           .code = 0x0d, .mask = 0xbf, .args = 5, .kind = FDC_FORMAT },
    { .name = "READ ID",                .code = 0x0a, .mask = 0xbf, .args = 1, .kind = FDC_READ_ID },
    { .name = "VERSION",                .code = 0x10, .mask = 0xff, .run = version },
    { .name = "RECALIBRATE",            .code = 0x07, .mask = 0xff, .args = 1, .run = recalibrate },
    { .name = "SENSE INTERRUPT STATUS", .code = 0x08, .mask = 0xff, .run = sense_interrupt },
    { .name = "SPECIFY",                .code = 0x03, .mask = 0xff, .args = 2, .run = specify },
    { .name = "SENSE DRIVE STATUS",     .code = 0x04, .mask = 0xff, .args = 1, .run = sense_drive },
    { .name = "SEEK",                   .code = 0x0f, .mask = 0xff, .args = 2, .run = seek },
    { .name = "RELATIVE SEEK",          .code = 0x8f, .mask = 0xbf, .args = 2, .run = relative_seek },
    { .name = "CONFIGURE",              .code = 0x13, .mask = 0xff, .args = 3, .run = configure },
    { .name = "DUMPREG",                .code = 0x0e, .mask = 0xff, .run = dump_registers },
    { .name = "PERPENDICULAR MODE",     .code = 0x12, .mask = 0xff, .args = 1, .run = perpendicular },
    { .name = "LOCK",                   .code = 0x14, .mask = 0x7f, .run = lock },
    { .name = "PART ID",                .code = 0x18, .mask = 0xff, .run = part_id },         /* from here: 82078 */
    { .name = "POWERDOWN MODE",         .code = 0x17, .mask = 0xff, .args = 1, .run = power_down_mode },
    { .name = "OPTION",                 .code = 0x33, .mask = 0xff, .args = 1, .run = no_answer },
    { .name = "DRIVE SPECIFICATION",    .code = 0x8e, .mask = 0xff, .args = 5, .end = SPEC_DONE, .run = drive_specification },
};
static const struct fdc_command none = { .name = "INVALID", .run = invalid };

const struct fdc_command *fdc_command_of(u8 cmd)
{
    for (u32 i = 0; i < COUNT(commands); i++)
        if ((cmd & commands[i].mask) == commands[i].code)
            return &commands[i];
    return &none;
}
