/*
 * ide.c - registers, selection, resets and interrupts of an ATA channel; not modelled: see ide.h.
 *
 * Spec: ATA/ATAPI-6, chapters 5 to 7 and 9. Both drives take what is written to the command block; the selected one
 * answers. Where the spec leaves room this is what QEMU's machine does: writes while a command runs are ignored, and
 * an absent drive has status 0.
 */
#include "hw/block/ide_internal.h"
#include "hw/isa.h"

/* 6.1; when written, Features and Command. */
enum { R_DATA, R_ERROR, R_COUNT, R_LOW, R_MID, R_HIGH, R_DEVICE, R_STATUS, R_CONTROL };

static struct ide *self(struct dev *d)
{
    return CONTAINER_OF(d, struct ide, dev);
}

/* ---- interrupts and phases ---- */

static void drive_line(struct ide *c)
{
    irq_set(&c->irq, c->s.drive[c->s.selected].irq && !(c->s.control & CTL_NIEN));
}

void ide_set_irq(struct ide *c, u32 unit, bool asks)
{
    c->s.drive[unit].irq = asks;
    drive_line(c);
}

static void arm(struct ide *c, u64 deadline)
{
    c->s.deadline = deadline;
    deadline_arm(&c->event, deadline);
}

void ide_schedule(struct ide *c, enum ide_phase phase, u64 ns)
{
    c->s.phase = (u8)phase;
    arm(c, dev_now(&c->dev) + ns);
}

static void end(struct ide *c, u8 status, u8 error, bool interrupt)
{
    struct ata_state *d = ide_state_of(c);
    c->s.phase = PHASE_IDLE;
    c->s.pos = c->s.len = c->s.left = c->s.burst = 0;
    arm(c, DEADLINE_NONE);
    d->status = status;
    d->error = error;
    if (interrupt)
        ide_set_irq(c, c->s.active, true);
}

void ide_finish(struct ide *c, bool interrupt)
{
    end(c, ST_DRDY | ST_DSC, 0, interrupt);
}

void ide_fail(struct ide *c, u8 error)
{
    end(c, ST_DRDY | ST_ERR, error, true);
}

void ide_log(struct ide *c, const struct err *e)
{
    if (c->dev.m)
        log_line(&c->dev.m->log, LOG_dev, "%s: drive %u: %s", c->dev.path, c->s.active, e->msg);
}

/* ---- resets ---- */

void ide_signature(struct ide *c, u32 unit)
{
    struct ata_state *d = &c->s.drive[unit];
    bool cd = c->drive[unit].kind == IDE_CD;
    d->count[0] = d->low[0] = 1;
    d->mid[0] = cd ? 0x14 : 0;
    d->high[0] = cd ? 0xeb : 0;
    d->device = 0;
    d->error = 1; /* passed; drive 1, too, or is absent */
    d->status = cd ? 0 : ST_DRDY | ST_DSC;
}

static void to_idle(struct ide *c)
{
    c->s.phase = PHASE_IDLE;
    c->s.pos = c->s.len = c->s.left = c->s.burst = 0;
    arm(c, DEADLINE_NONE);
}

/* Both drives, after a reset or a diagnostic. */
static void signatures(struct ide *c)
{
    to_idle(c);
    for (u32 i = 0; i < 2; i++)
        ide_signature(c, i);
    c->s.selected = c->s.active = 0;
    drive_line(c);
}

static void soft_reset(struct ide *c)
{
    to_idle(c);
    c->s.phase = PHASE_RESET;
    for (u32 i = 0; i < 2; i++) {
        c->s.drive[i].irq = 0;
        c->s.drive[i].power = POWER_ACTIVE;
    }
    drive_line(c);
}

static void diagnostic(struct ide *c)
{
    signatures(c);
    ide_set_irq(c, c->drive[0].kind == IDE_NONE, true);
}

/* 8.8: no interrupt, and the drive stays selected. */
static void device_reset(struct ide *c)
{
    to_idle(c);
    c->s.active = c->s.selected;
    ide_signature(c, c->s.selected);
    ide_state_of(c)->device = c->s.selected ? DEV_DEV : 0;
    ide_state_of(c)->power = POWER_ACTIVE;
    ide_set_irq(c, c->s.selected, false);
}

/* ---- the deadline ---- */

static void due(void *opaque)
{
    struct ide *c = opaque;
    c->s.deadline = DEADLINE_NONE;
    switch (c->s.phase) {
    case PHASE_COMMAND:    c->s.command == CMD_DIAGNOSTIC ? diagnostic(c) : ata_run(c); break;
    case PHASE_IN_NEXT:    ide_data_in(c); break;
    case PHASE_OUT_NEXT:   ide_data_out_done(c); break;
    case PHASE_PACKET_RUN: atapi_run(c); break;
    case PHASE_LAST:       atapi_end(c); break;
    case PHASE_DMA:        ide_dma_run(c); break;
    case PHASE_RESET_END:  signatures(c); break;
    default:               break;
    }
}

void ide_dma_ready(struct ide *c)
{
    if (c->s.phase == PHASE_DMA && c->s.deadline == DEADLINE_NONE)
        ide_schedule(c, PHASE_DMA, BLOCK_NS);
}

/* ---- registers ---- */

static bool nobody(const struct ide *c)
{
    return c->drive[0].kind == IDE_NONE && (c->drive[1].kind == IDE_NONE || !c->s.selected);
}

static u8 status(const struct ide *c)
{
    u8 held = c->s.drive[c->s.selected].status;
    if (c->drive[c->s.selected].kind == IDE_NONE)
        return 0;
    switch (c->s.phase) {
    case PHASE_IDLE:
        return held;
    case PHASE_IN: case PHASE_OUT: case PHASE_PACKET:
        return held | ST_DRQ;
    case PHASE_DMA:
        return held | (c->s.deadline == DEADLINE_NONE ? ST_DRQ : ST_BSY);
    default:
        return held | ST_BSY;
    }
}

static u8 reg_read(struct ide *c, u32 n)
{
    struct ata_state *d = &c->s.drive[c->s.selected];
    u32 hob = !!(c->s.control & CTL_HOB);
    if (nobody(c))
        return 0;
    switch (n) {
    case R_DATA:   return 0xff; /* a word at a time */
    case R_ERROR:  return c->drive[c->s.selected].kind == IDE_NONE ? 0 : hob ? d->features[1] : d->error;
    case R_COUNT:  return d->count[hob];
    case R_LOW:    return d->low[hob];
    case R_MID:    return d->mid[hob];
    case R_HIGH:   return d->high[hob];
    case R_DEVICE: return d->device | DEV_ONES;
    default:
        ide_set_irq(c, c->s.selected, false);
        return status(c);
    }
}

static void put(u8 reg[2], u8 val)
{
    reg[1] = reg[0];
    reg[0] = val;
}

static void put_both(struct ide *c, u32 n, u8 val)
{
    for (struct ata_state *d = c->s.drive; d < c->s.drive + 2; d++) {
        switch (n) {
        case R_ERROR:  put(d->features, val); break;
        case R_COUNT:  put(d->count, val); break;
        case R_LOW:    put(d->low, val); break;
        case R_MID:    put(d->mid, val); break;
        case R_HIGH:   put(d->high, val); break;
        case R_DEVICE: d->device = val & (u8)~DEV_ONES; break;
        default:       break;
        }
    }
    if (n == R_DEVICE) {
        c->s.selected = !!(val & DEV_DEV);
        drive_line(c);
    }
}

static void command(struct ide *c, u8 code)
{
    const struct ide_drive *d = &c->drive[c->s.selected];
    struct ata_state *s = &c->s.drive[c->s.selected];
    bool reset = code == CMD_DEVICE_RESET && d->kind == IDE_CD && c->s.phase < PHASE_RESET;
    if (reset)
        device_reset(c);
    else if (c->s.phase != PHASE_IDLE)
        guest_error(&c->dev, "command %#x while another one runs", code);
    if (reset || c->s.phase != PHASE_IDLE || (code == CMD_DIAGNOSTIC ? nobody(c) : d->kind == IDE_NONE))
        return;
    ide_set_irq(c, c->s.selected, false);
    if (s->power == POWER_SLEEP && code != CMD_DIAGNOSTIC)
        return; /* a reset wakes it */
    c->s.active = c->s.selected;
    c->s.command = code;
    s->status &= (u8)~ST_ERR;
    s->error = 0;
    ide_schedule(c, PHASE_COMMAND, code == CMD_DIAGNOSTIC ? RESET_NS : ata_cost(c));
}

static void reg_write(struct ide *c, u32 n, u8 val)
{
    c->s.control &= (u8)~CTL_HOB;
    if (n == R_STATUS)
        command(c, val);
    else if (c->s.phase == PHASE_IDLE)
        put_both(c, n, val);
}

static void control(struct ide *c, u8 val)
{
    u8 was = c->s.control;
    c->s.control = val & (CTL_NIEN | CTL_SRST | CTL_HOB);
    if (val & CTL_SRST)
        soft_reset(c);
    else if (was & CTL_SRST)
        ide_schedule(c, PHASE_RESET_END, RESET_NS);
    drive_line(c);
}

static u8 byte_read(struct dev *d, u64 off)
{
    struct ide *c = self(d);
    return off != R_CONTROL ? reg_read(c, (u32)off & 7) : status(c);
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    if (off == R_CONTROL)
        control(self(d), val);
    else
        reg_write(self(d), (u32)off & 7, val);
}

static u64 ide_read(struct dev *d, u64 off, u32 size)
{
    u64 val = 0;
    if (off || size == 1)
        return isa_read(d, off, size, byte_read);
    for (u32 i = 0; i < size; i += 2)
        val |= (u64)ide_data_read(self(d)) << 8 * i;
    return val;
}

static void ide_write(struct dev *d, u64 off, u64 val, u32 size)
{
    if (off || size == 1)
        isa_write(d, off, val, size, byte_write);
    else
        for (u32 i = 0; i < size; i += 2)
            ide_data_write(self(d), (u16)(val >> 8 * i));
}

static u64 control_read(void *opaque, u64 off, u32 size) { return dev_read(opaque, R_CONTROL + off, size); }
static void control_write(void *opaque, u64 off, u64 val, u32 size) { dev_write(opaque, R_CONTROL + off, val, size); }
const struct mmio_ops ide_control_mmio = { control_read, control_write };

/* ---- the front of a CD drive ---- */

bool ide_tray_open(const struct ide *c, u32 unit) { return c->s.drive[unit].tray & TRAY_OPEN; }
bool ide_tray_locked(const struct ide *c, u32 unit) { return c->s.drive[unit].tray & TRAY_LOCKED; }

bool ide_eject(struct ide *c, u32 unit, bool force)
{
    struct ata_state *d = &c->s.drive[unit];
    if (d->tray & TRAY_LOCKED && !force) {
        d->events |= EVENT_EJECT;
        return false;
    }
    if (!(d->tray & TRAY_OPEN) && c->drive[unit].block)
        d->events = (d->events & (u8)~(EVENT_NEW | EVENT_EJECT)) | EVENT_REMOVED;
    d->tray = TRAY_OPEN;
    return true;
}

struct block *ide_change(struct ide *c, u32 unit, struct block *b)
{
    struct ata_state *d = &c->s.drive[unit];
    struct block *was = c->drive[unit].block;
    if (c->s.active == unit && c->s.phase != PHASE_IDLE && c->s.phase < PHASE_RESET && c->s.unit > 512 && c->s.left)
        atapi_fail(c, 2, 0x3a, 0);
    c->drive[unit].block = b;
    d->tray = b ? TRAY_ATTENTION : 0;
    d->events = b ? EVENT_NEW : was ? EVENT_REMOVED : d->events;
    return was;
}

/* ---- the device ---- */

static void power_on(struct ide *c, u32 unit)
{
    const struct ata_geometry *g = &c->drive[unit].geometry;
    struct ata_state *d = &c->s.drive[unit];
    *d = (struct ata_state){ .heads = (u8)g->heads, .sectors = (u8)g->sectors, .multiple = 16, .mode = UDMA_5,
                             .settings = SET_WRITE_CACHE | SET_LOOK_AHEAD | SET_SMART | SET_SMART_AUTOSAVE,
                             .tray = d->tray & TRAY_OPEN };
    if (!d->heads || !d->sectors)
        d->heads = 16, d->sectors = 63;
    ide_signature(c, unit);
}

static void ide_reset(struct dev *dev)
{
    struct ide *c = self(dev);
    struct ata_state drives[2] = { c->s.drive[0], c->s.drive[1] };
    c->s = (struct ide_state){ .deadline = DEADLINE_NONE, .unit = 512, .limit = 512 };
    memcpy(c->s.drive, drives, sizeof drives);
    for (u32 i = 0; i < 2; i++)
        power_on(c, i);
    arm(c, DEADLINE_NONE);
    drive_line(c);
}

static void ide_resumed(struct dev *dev)
{
    struct ide *c = self(dev);
    deadline_arm(&c->event, c->s.deadline);
    drive_line(c);
}

static bool drive_valid(const struct ata_state *d, struct err *e)
{
    return (d->irq <= 1 && d->heads && d->heads <= 16 && d->sectors && d->multiple <= IDE_DATA / 512
            && d->power < POWER_COUNT)
           || err_set(e, "drive: %u heads, %u sectors, %u in a block, power mode %u", d->heads, d->sectors,
                      d->multiple, d->power);
}

static bool ide_valid(const void *state, struct err *e)
{
    const struct ide_state *s = state;
    if (s->phase >= PHASE_COUNT || s->active > 1 || s->selected > 1 || s->out > 1 || s->dma > 1)
        return err_set(e, "phase %u of drive %u out of range", s->phase, s->active);
    if (s->pos > s->len || s->len > IDE_DATA || !s->limit || (s->unit != 512 && s->unit != 2048 && s->unit != 2352))
        return err_set(e, "%u of %u bytes in sectors of %u make no sense", s->pos, s->len, s->unit);
    return drive_valid(&s->drive[0], e) && drive_valid(&s->drive[1], e);
}

#define F(f) STATE(struct ide_state, f)
#define DRIVE(n)                                                                                              \
    F(drive[n].features), F(drive[n].count), F(drive[n].low), F(drive[n].mid), F(drive[n].high),              \
    F(drive[n].device), F(drive[n].error), F(drive[n].status), F(drive[n].irq), F(drive[n].heads),            \
    F(drive[n].sectors), F(drive[n].multiple), F(drive[n].mode), F(drive[n].power), F(drive[n].settings),     \
    F(drive[n].standby),                                                                                      \
    F(drive[n].sense), F(drive[n].tray), F(drive[n].events)
static const struct state_field ide_fields[] = {
    F(deadline), F(lba), F(left), F(pos), F(len), F(burst), F(limit), F(unit), F(phase), F(active), F(command),
    F(selected), F(control), F(out), F(dma), F(packet), F(pad), DRIVE(0), DRIVE(1), F(data),
};
#undef DRIVE
#undef F
static const struct state_desc ide_desc = {
    .name = "ide", STATE_DESC(struct ide_state, 1, ide_fields), .valid = ide_valid,
};

const struct dev_class ide_class = {
    .name = "ide", .state = &ide_desc, .state_offset = offsetof(struct ide, s), .size = sizeof(struct ide),
    .read = ide_read, .write = ide_write, .reset = ide_reset, .resumed = ide_resumed,
};

void ide_init(struct ide *c, struct machine *m, const char *path)
{
    *c = (struct ide){ 0 };
    dev_attach(&c->dev, &ide_class, m, path);
    deadline_init(&c->event, &c->dev, "IDE command", due);
    ide_reset(&c->dev);
}

static void add(struct ide *c, u32 unit, enum ide_kind kind, struct block *b, const char *serial)
{
    struct ide_drive *d = &c->drive[unit];
    *d = (struct ide_drive){ .kind = kind, .block = b };
    for (u32 i = 0; serial && serial[i] && i < sizeof d->serial - 1; i++)
        d->serial[i] = serial[i];
    if (kind == IDE_DISK)
        d->geometry = ata_geometry(b);
}

void ide_add_disk(struct ide *c, u32 unit, struct block *b, const char *serial)
{
    CHECK(unit < 2 && b && b->size >= 512);
    add(c, unit, IDE_DISK, b, serial);
}

void ide_add_cd(struct ide *c, u32 unit, struct block *b, const char *serial)
{
    CHECK(unit < 2);
    add(c, unit, IDE_CD, b, serial);
}
