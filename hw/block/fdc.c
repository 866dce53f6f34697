/*
 * fdc.c - the floppy disk controller of a PC (82077AA), with two drives.
 *
 * Spec: Intel 82077AA data sheet; SCAN from NEC's uPD765A, PART ID and three others from Intel's 82078, as which the
 * chip gives itself out (QEMU's does, and drivers know it). Wired as in a PC/AT: status register A does not answer, DIR
 * is the disk change line. Work is done at virtual deadlines: motors, heads and sectors take their time, but
 * little; bytes within a sector take none. Drives behave: recalibrating one that is not there finds no
 * track 0, with the motor off, without a disk, at a wrong data rate or off the disk's cylinders no sector is found,
 * steps with a disk in the drive clear the change line. Deleted data marks are kept until the disk is taken out. Images
 * are written to their end when the motor stops. Not modelled: FM, sectors of other sizes and tracks of other
 * formats than the image's (formatting drops what does not fit), tape drives, the FIFO's threshold (a sector is in it
 * at once), write precompensation, head load and unload times, power down, SAVE, RESTORE and FORMAT AND WRITE.
 */
#include "hw/block/fdc_internal.h"
#include "hw/isa.h"
#include <string.h>

enum { R_SRA, R_SRB, R_DOR, R_TDR, R_MSR, R_FIFO, R_NONE, R_DIR };                 /* 2.1; writes: DSR 4, CCR 7 */
enum { MSR_RQM = 0x80, MSR_DIO = 0x40, MSR_PIO = 0x20, MSR_BUSY = 0x10 };          /* 2.1.6 */
enum { DSR_RESET = 0x80, RATE = 3, RATE_250 = 2 };                                 /* 2.1.5 */
enum { ALL_UNITS = 0xf };

static struct fdc *self(struct dev *d)
{
    return CONTAINER_OF(d, struct fdc, dev);
}
static bool in_reset(const struct fdc_state *s) { return !(s->dor & DOR_RESET); }

/* ---- lines and deadlines ---- */

/* DMAGATE# lets both out (2.1.3). */
void fdc_update(struct fdc *f)
{
    const struct fdc_state *s = &f->s;
    bool gate = s->dor & DOR_GATE && !in_reset(s);
    irq_set(&f->irq, gate && s->irq);
    irq_set(&f->dreq, gate && s->phase == FDC_DATA && !fdc_pio(s));
}

static void set_irq(struct fdc *f, bool level)
{
    f->s.irq = level;
    fdc_update(f);
}

void fdc_set_due(struct fdc *f, u64 due)
{
    f->s.due = due;
    deadline_arm(&f->event, due);
}

static void arm_seeks(struct fdc *f)
{
    u64 first = DEADLINE_NONE;
    for (u32 i = 0; i < FDC_UNITS; i++)
        first = MIN(first, f->s.seek_due[i]);
    deadline_arm(&f->seek_event, first);
}

static void command_due(void *opaque)
{
    fdc_data_due(self(opaque));
}

static void seek_due(void *opaque)
{
    struct fdc *f = self(opaque);
    u64 now = dev_now(&f->dev);
    for (u32 i = 0; i < FDC_UNITS; i++)
        if (f->s.seek_due[i] <= now)
            f->s.seek_due[i] = DEADLINE_NONE;
    arm_seeks(f);
    set_irq(f, true);
}

void fdc_report(struct fdc *f, u32 unit, u8 st0, u64 ns)
{
    f->s.report[unit] = st0;
    f->s.seek_due[unit] = dev_now(&f->dev) + ns;
    arm_seeks(f);
}

/* ---- phases ---- */

void fdc_answer(struct fdc *f, const u8 *p, u32 n)
{
    struct fdc_state *s = &f->s;
    if (n)
        memcpy(s->answer, p, n);
    s->answer_at = 0;
    s->answer_len = (u8)n;
    s->phase = n ? FDC_ANSWER : FDC_COMMAND;
    fdc_set_due(f, DEADLINE_NONE);
    if (fdc_command_of(s->cmd)->kind != FDC_CONTROL) {
        set_irq(f, false); /* bytes that were not fetched may have it up: the result is an edge of its own */
        s->irq = true;
    }
    fdc_update(f);
}

static void run_command(struct fdc *f)
{
    const struct fdc_command *c = fdc_command_of(f->s.cmd);
    if (c->kind == FDC_CONTROL)
        c->run(f);
    else
        fdc_data_start(f);
}

static void command_byte(struct fdc *f, u8 val)
{
    struct fdc_state *s = &f->s;
    s->cmd = val;
    s->arg_count = 0;
    memset(s->args, 0, sizeof s->args);
    s->phase = FDC_PARAMETERS;
    if (!fdc_command_of(val)->args)
        run_command(f);
}

static void parameter(struct fdc *f, u8 val)
{
    struct fdc_state *s = &f->s;
    const struct fdc_command *c = fdc_command_of(s->cmd);
    s->args[s->arg_count++] = val;
    if (s->arg_count >= c->args || val & c->end)
        run_command(f);
}

/* A byte without DMA; behind the last one of a sector there is nothing to be asked for until the next one. */
static void host_moved(struct fdc *f)
{
    if (f->s.at < f->s.len)
        return;
    f->s.irq = 0;
    fdc_data_moved(f, false);
}

static bool takes_byte(const struct fdc_state *s)
{
    return s->phase <= FDC_PARAMETERS || (s->phase == FDC_DATA && fdc_pio(s) && !fdc_to_host(s));
}
static bool gives_byte(const struct fdc_state *s)
{
    return s->phase == FDC_ANSWER || (s->phase == FDC_DATA && fdc_pio(s) && fdc_to_host(s));
}

static void fifo_write(struct fdc *f, u8 val)
{
    struct fdc_state *s = &f->s;
    if (in_reset(s) || !takes_byte(s)) {
        guest_error(&f->dev, "write of %#x to the FIFO, which takes nothing now", val);
    } else if (s->phase == FDC_COMMAND) {
        command_byte(f, val);
    } else if (s->phase == FDC_PARAMETERS) {
        parameter(f, val);
    } else {
        s->buf[s->at++] = val;
        host_moved(f);
    }
}

/* The first byte of the result takes the interrupt back (4.3). */
static u8 answer_byte(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    u8 val = s->answer[s->answer_at++];
    if (s->answer_at == s->answer_len)
        s->phase = FDC_COMMAND;
    if (fdc_command_of(s->cmd)->kind != FDC_CONTROL)
        set_irq(f, false);
    return val;
}

static u8 fifo_read(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    if (in_reset(s) || !gives_byte(s)) {
        guest_error(&f->dev, "read of the FIFO, which gives nothing now");
        return 0;
    }
    if (s->phase == FDC_ANSWER)
        return answer_byte(f);
    u8 val = s->buf[s->at++];
    host_moved(f);
    return val;
}

u32 fdc_dma(void *opaque, enum dma_cycle cycle, u8 *p, u32 n, bool last)
{
    struct fdc *f = opaque;
    struct fdc_state *s = &f->s;
    if (s->phase != FDC_DATA || fdc_pio(s) || in_reset(s))
        return 0;
    u32 moved = MIN(n, (u32)s->len - s->at);
    if (fdc_to_host(s) && cycle == DMA_TO_MEMORY)
        memcpy(p, s->buf + s->at, moved);
    else if (!fdc_to_host(s))
        memcpy(s->buf + s->at, p, moved);
    s->at += (u16)moved;
    last &= moved == n;
    if (last || s->at == s->len)
        fdc_data_moved(f, last);
    return moved;
}

/* ---- reset (2.2) ---- */

/* What every reset does. Locked parameters stay (5.2.12), as do those of SPECIFY. */
static void stop_all(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    s->phase = FDC_COMMAND;
    s->irq = s->busy = 0;
    for (u32 i = 0; i < FDC_UNITS; i++) {
        s->seek_due[i] = DEADLINE_NONE;
        s->report[i] = s->pcn[i] = 0;
    }
    s->config &= s->lock ? (u8)~(CONFIG_EIS | CONFIG_POLL) : 0;
    if (!s->lock) {
        s->config |= CONFIG_EFIFO;
        s->pretrk = 0;
    }
    s->perpendicular &= (u8)~3;
    fdc_set_due(f, DEADLINE_NONE);
    arm_seeks(f);
    fdc_update(f);
}

/* The drives' ready lines count as changed: one interrupt, four reports (5.2.4). */
static void leave_reset(struct fdc *f)
{
    for (u32 i = 0; i < FDC_UNITS; i++)
        fdc_report(f, i, (u8)(ST0_POLLED | i), FDC_RESET_NS);
}

/* ---- registers ---- */

static void flush(struct fdc *f, struct fdc_bay *b)
{
    struct err e;
    if (b->block && !b->block->read_only && !b->block->flush(b->block, &e) && f->dev.m)
        log_line(&f->dev.m->log, LOG_dev, "%s: %s", f->dev.path, e.msg);
}

static void motors(struct fdc *f, u8 old, u8 now)
{
    for (u32 i = 0; i < FDC_DRIVES; i++) {
        u8 bit = (u8)(DOR_MOTOR << i);
        if (now & ~old & bit)
            f->s.spun[i] = dev_now(&f->dev) + FDC_SPIN_NS;
        if (old & ~now & bit) {
            f->s.spun[i] = DEADLINE_NONE;
            flush(f, &f->bay[i]);
        }
    }
}

static void dor_write(struct fdc *f, u8 val)
{
    u8 old = f->s.dor;
    f->s.dor = val;
    motors(f, old, val);
    if (old & ~val & DOR_RESET)
        stop_all(f);
    if (val & ~old & DOR_RESET)
        leave_reset(f);
    fdc_update(f);
}

static void dsr_write(struct fdc *f, u8 val)
{
    f->s.dsr = val & (u8)~DSR_RESET;
    f->s.rate = val & RATE;
    if (val & DSR_RESET && !in_reset(&f->s)) {
        stop_all(f);
        leave_reset(f);
    }
}

static u8 msr_read(const struct fdc_state *s)
{
    if (in_reset(s))
        return 0;
    u8 val = s->busy | (s->phase == FDC_COMMAND ? 0 : MSR_BUSY);
    if (fdc_pio(s) && (s->phase == FDC_SEARCH || s->phase == FDC_DATA))
        val |= MSR_PIO;
    return val | (takes_byte(s) ? MSR_RQM : gives_byte(s) ? MSR_RQM | MSR_DIO : 0);
}

/* As on a PS/2: drive select and motors, toggles of no use. */
static u8 srb_read(const struct fdc_state *s)
{
    return 0xc0 | (s->dor & 1) << 5 | (s->dor >> 4 & 3);
}

static u8 byte_read(struct dev *d, u64 off)
{
    struct fdc *f = self(d);
    switch (off) {
    case R_SRB:  return srb_read(&f->s);
    case R_DOR:  return f->s.dor;
    case R_TDR:  return f->s.tdr;
    case R_MSR:  return msr_read(&f->s);
    case R_FIFO: return fifo_read(f);
    case R_DIR:  return f->s.changed >> (f->s.dor & DOR_SELECT) & 1 ? 0x80 : 0;
    case R_SRA: case R_NONE: return 0xff;
    default: break;
    }
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0xff;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    struct fdc *f = self(d);
    switch (off) {
    case R_DOR:  dor_write(f, val); break;
    case R_TDR:  f->s.tdr = val & 3; break;
    case R_MSR:  dsr_write(f, val); break;
    case R_FIFO: fifo_write(f, val); break;
    case R_DIR:  f->s.rate = val & RATE; break;
    default:
        guest_error(d, "write of %#x at %#llx: %s register", val, (unsigned long long)off,
                    off < R_DOR ? "read-only" : "no such");
    }
}

static u64 fdc_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void fdc_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

static u64 port7_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, R_DIR + off, size);
}
static void port7_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, R_DIR + off, val, size);
}
const struct mmio_ops fdc_port7_mmio = { port7_read, port7_write };

/* ---- drives ---- */

void fdc_set_drive(struct fdc *f, u32 drive, enum floppy_drive type)
{
    f->bay[drive].type = type;
}

bool fdc_takes(enum floppy_drive type, u64 bytes)
{
    const struct floppy_format *format = floppy_format_of(bytes);
    return format && format->drives >> type & 1;
}

struct block *fdc_insert(struct fdc *f, u32 drive, struct block *b)
{
    struct fdc_bay *bay = &f->bay[drive];
    struct block *old = bay->block;
    flush(f, bay);
    bay->block = b;
    bay->format = b ? floppy_format_of(b->size) : NULL;
    memset(f->s.marks + drive * FDC_MARKS, 0, FDC_MARKS);
    f->s.spot[drive] = 0;
    f->s.changed |= (u8)(1u << drive);
    return old;
}

/* ---- the device ---- */

static void resumed(struct dev *d)
{
    struct fdc *f = self(d);
    deadline_arm(&f->event, f->s.due);
    arm_seeks(f);
    fdc_update(f);
}

/* The disks stay as they are. */
static void reset(struct dev *d)
{
    struct fdc *f = self(d);
    struct fdc_state *s = &f->s;
    u8 marks[sizeof s->marks];
    memcpy(marks, s->marks, sizeof marks);
    *s = (struct fdc_state){ .rate = RATE_250, .dsr = RATE_250, .spun = { DEADLINE_NONE, DEADLINE_NONE } };
    memcpy(s->marks, marks, sizeof marks);
    for (u32 i = 0; i < FDC_DRIVES; i++)
        s->changed |= (u8)((f->bay[i].type != FLOPPY_NONE) << i);
    stop_all(f);
}

static bool drives_valid(const struct fdc_state *s)
{
    for (u32 i = 0; i < FDC_UNITS; i++)
        if (s->track[i] >= FLOPPY_CYLINDERS)
            return false;
    return s->busy <= ALL_UNITS && s->changed < 1u << FDC_DRIVES && s->rate <= RATE && s->tdr <= 3;
}

/* A phase that the command has, with what it needs. */
static bool phase_valid(const struct fdc_state *s)
{
    const struct fdc_command *c = fdc_command_of(s->cmd);
    switch (s->phase) {
    case FDC_COMMAND:    return true;
    case FDC_PARAMETERS: return s->arg_count < c->args;
    case FDC_SEARCH:     return c->kind != FDC_CONTROL;
    case FDC_DATA:       return c->kind != FDC_CONTROL && s->at < s->len;
    case FDC_ANSWER:     return s->answer_at < s->answer_len;
    default:             return false;
    }
}

static bool valid(const void *state, struct err *e)
{
    const struct fdc_state *s = state;
    bool sizes = s->at <= s->len && s->len <= FLOPPY_SECTOR && s->arg_count <= FDC_ARGS
                 && s->answer_at <= s->answer_len && s->answer_len <= FDC_RESULT;
    return (sizes && phase_valid(s) && drives_valid(s) && s->irq <= 1 && s->seeked <= 1 && s->lock <= 1)
           || err_set(e, "phase %u of command %#x out of range: bytes %u of %u, parameter %u, answer %u of %u", s->phase,
                      s->cmd, s->at, s->len, s->arg_count, s->answer_at, s->answer_len);
}

#define F(f) STATE(struct fdc_state, f)
static const struct state_field fdc_fields[] = {
    F(due), F(seek_due), F(spun), F(at), F(len), F(dor), F(dsr), F(rate), F(tdr), F(phase), F(cmd), F(irq), F(st1),
    F(st2), F(head), F(c), F(h), F(r), F(n), F(count), F(seeked), F(arg_count), F(args), F(answer_at), F(answer_len),
    F(answer), F(pcn), F(track), F(report), F(busy), F(changed), F(spot), F(specify), F(config), F(pretrk),
    F(perpendicular), F(lock), F(eot), F(power), F(drive_spec), F(marks), F(buf), F(pad),
};
static const struct state_desc fdc_desc = {
    .name = "fdc", STATE_DESC(struct fdc_state, 1, fdc_fields), .valid = valid,
};

const struct dev_class fdc_class = {
    .name = "fdc", .state = &fdc_desc, .state_offset = offsetof(struct fdc, s), .size = sizeof(struct fdc),
    .read = fdc_read, .write = fdc_write, .reset = reset, .resumed = resumed,
};

void fdc_init(struct fdc *f, struct machine *m, const char *path)
{
    *f = (struct fdc){ 0 };
    dev_attach(&f->dev, &fdc_class, m, path);
    deadline_init(&f->event, &f->dev, "floppy sector", command_due);
    deadline_init(&f->seek_event, &f->dev, "floppy drive", seek_due);
}
