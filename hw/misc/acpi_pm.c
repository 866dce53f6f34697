/*
 * acpi_pm.c - the ACPI fixed hardware of a PC.
 *
 * Spec: ACPI 6.4, 4.8.3 (fixed hardware registers); the sleep types and the command port are the PIIX4's. There is
 * no system management mode: the commands that switch ACPI on and off act at once, others do nothing. Not modelled:
 * sleep states other than S5, global lock (GBL_RLS), RTC wake-up, bus master status, general-purpose events (the
 * GPE0 block is there and empty).
 */
#include "hw/misc/acpi_pm.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { AT_STATUS = 0, AT_ENABLE = 2, AT_CONTROL = 4, AT_TIMER = 8, AT_GPE = 12, AT_SMI = 16, AT_END = 18 };
enum { EV_TIMER = 1, EV_GLOBAL = 1 << 5, EV_POWER = 1 << 8, EV_RTC = 1 << 10,
       EV_ALL = EV_TIMER | EV_GLOBAL | EV_POWER | EV_RTC };
enum { CNT_SCI = 1, CNT_KEPT = 0x1c03, CNT_TYPE_AT = 10, CNT_SLEEP = 1 << 13 };
enum { TIMER_HALF = 1 << 23, TIMER_MASK = (1 << 24) - 1 };
#define SECOND 1000000000u
#define UNSEEN TIME_NEVER /* nobody looked since the reset */

static struct acpi_pm *self(struct dev *d)
{
    return CONTAINER_OF(d, struct acpi_pm, dev);
}

static u64 now_ticks(const struct acpi_pm *p)
{
    return (u64)((u128)dev_now(&p->dev) * ACPI_PM_TIMER_HZ / SECOND);
}

/* The status says that the top bit changed since somebody last looked (4.8.3.1). */
static void look(struct acpi_pm *p)
{
    u64 now = now_ticks(p);
    if (p->s.seen != UNSEEN && now / TIMER_HALF != p->s.seen / TIMER_HALF)
        p->s.status |= EV_TIMER;
    p->s.seen = now;
}

static void drive(struct acpi_pm *p)
{
    irq_set(&p->sci, p->s.control & CNT_SCI && p->s.status & p->s.enable);
    deadline_arm(&p->event, p->s.due);
}

static void update(struct acpi_pm *p)
{
    bool wanted = p->s.enable & ~p->s.status & EV_TIMER;
    u128 next = (u128)(p->s.seen / TIMER_HALF + 1) * TIMER_HALF;
    p->s.due = wanted ? (u64)((next * SECOND + ACPI_PM_TIMER_HZ - 1) / ACPI_PM_TIMER_HZ) : DEADLINE_NONE;
    drive(p);
}

static void timer_due(void *opaque)
{
    look(self(opaque));
    update(self(opaque));
}

void acpi_pm_power_button(struct acpi_pm *p)
{
    p->s.status |= EV_POWER;
    drive(p);
}

/* ---- registers ---- */

static void sleep_now(struct acpi_pm *p)
{
    u32 type = p->s.control >> CNT_TYPE_AT & 7;
    if (type != ACPI_PM_S5)
        guest_error(&p->dev, "sleep type %u is not supported", type);
    else if (p->dev.m)
        machine_request(p->dev.m, REQ_POWEROFF);
}

static u64 timer_read(struct acpi_pm *p)
{
    return now_ticks(p) & TIMER_MASK;
}

static u8 byte_read(struct dev *d, u64 off)
{
    const struct acpi_pm_state *s = &self(d)->s;
    u32 shift = off & 1 ? 8 : 0;
    switch (off & ~1ull) {
    case AT_STATUS: return (u8)(s->status >> shift);
    case AT_ENABLE: return (u8)(s->enable >> shift);
    case AT_CONTROL: return (u8)(s->control >> shift);
    case AT_SMI: return s->apm[off & 1];
    default: break;
    }
    if (off >= AT_END)
        guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0; /* the reserved half of the control block, general-purpose events */
}

static u16 with_byte(u16 old, u64 off, u8 val)
{
    return off & 1 ? (u16)((old & 0xff) | val << 8) : (u16)((old & 0xff00) | val);
}

/* Commands go to firmware in system management mode, which is not there. */
static void command_write(struct acpi_pm_state *s, u8 val)
{
    if (val == ACPI_PM_ENABLE)
        s->control |= CNT_SCI;
    else if (val == ACPI_PM_DISABLE)
        s->control &= (u16)~CNT_SCI;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    struct acpi_pm_state *s = &self(d)->s;
    u16 control = with_byte(s->control, off, val);
    switch (off & ~1ull) {
    case AT_STATUS: s->status &= (u16)~with_byte(0, off, val); break;
    case AT_ENABLE: s->enable = with_byte(s->enable, off, val) & EV_ALL; break;
    case AT_CONTROL:
        s->control = control & CNT_KEPT;
        if (control & CNT_SLEEP)
            sleep_now(self(d));
        break;
    case AT_SMI:
        s->apm[off & 1] = val;
        if (off == AT_SMI)
            command_write(s, val);
        break;
    default:
        if (off >= AT_END || (off >= AT_TIMER && off < AT_GPE))
            guest_error(d, "write of %#x at %#llx: no such register, or read-only", val, (unsigned long long)off);
        break;
    }
}

/* The timer is read in one piece: time may pass between two looks. */
static u64 acpi_pm_read(struct dev *d, u64 off, u32 size)
{
    if (off >= AT_TIMER && off < AT_GPE)
        return timer_read(self(d)) >> 8 * (off - AT_TIMER);
    look(self(d));
    update(self(d));
    return isa_read(d, off, size, byte_read);
}

static void acpi_pm_write(struct dev *d, u64 off, u64 val, u32 size)
{
    look(self(d));
    isa_write(d, off, val, size, byte_write);
    update(self(d));
}

static u64 gpe_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_GPE + off, size);
}
static void gpe_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_GPE + off, val, size);
}
static u64 smi_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_SMI + off, size);
}
static void smi_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_SMI + off, val, size);
}
const struct mmio_ops acpi_pm_gpe_mmio = { gpe_read, gpe_write };
const struct mmio_ops acpi_pm_smi_mmio = { smi_read, smi_write };

/* ---- the device ---- */

static void resumed(struct dev *d)
{
    drive(self(d));
}

/* The timer goes on counting, and what it did before is no news. At power-on it is at 0. */
static void reset(struct dev *d)
{
    self(d)->s = (struct acpi_pm_state){ .due = DEADLINE_NONE, .seen = self(d)->powered ? UNSEEN : 0 };
    self(d)->powered = true;
    drive(self(d));
}

static bool valid(const void *state, struct err *e)
{
    const struct acpi_pm_state *s = state;
    return (!(s->status & ~EV_ALL) && !(s->enable & ~EV_ALL) && !(s->control & ~CNT_KEPT))
           || err_set(e, "registers out of range: status %#x, enable %#x, control %#x", s->status, s->enable,
                      s->control);
}

#define F(f) STATE(struct acpi_pm_state, f)
static const struct state_field acpi_pm_fields[] = { F(due), F(seen), F(status), F(enable), F(control), F(apm) };
static const struct state_desc acpi_pm_desc = {
    .name = "acpi_pm", STATE_DESC(struct acpi_pm_state, 1, acpi_pm_fields), .valid = valid,
};

const struct dev_class acpi_pm_class = {
    .name = "acpi_pm", .state = &acpi_pm_desc, .state_offset = offsetof(struct acpi_pm, s),
    .size = sizeof(struct acpi_pm), .read = acpi_pm_read, .write = acpi_pm_write, .reset = reset, .resumed = resumed,
};

void acpi_pm_init(struct acpi_pm *p, struct machine *m, const char *path)
{
    *p = (struct acpi_pm){ .s.due = DEADLINE_NONE };
    dev_attach(&p->dev, &acpi_pm_class, m, path);
    deadline_init(&p->event, &p->dev, "acpi_pm.timer", timer_due);
}
