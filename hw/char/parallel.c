/*
 * parallel.c - the PC's parallel port (standard, output only) with a printer that takes every byte at once.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Parallel Port; IEEE 1284-1994, compatibility mode. A strobe
 * sends the data register's byte; the printer is busy while it lasts and for 5 us, acknowledges for 5 us and is
 * ready; the end of the acknowledgement is the interrupt, which reading the status takes back. Not modelled: input by
 * the data lines (bit 5 of the control register), EPP and ECP modes and their registers, DMA, a printer that runs out
 * of paper.
 */
#include "hw/char/parallel.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { R_DATA, R_STATUS, R_CONTROL };
enum { ST_NO_IRQ = 4, ST_NO_ERROR = 8, ST_SELECTED = 0x10, ST_NO_ACK = 0x40, ST_READY = 0x80, ST_UNUSED = 3 };
enum { CT_STROBE = 1, CT_NO_INIT = 4, CT_IRQ = 0x10, CT_KEPT = 0x1f, CT_UNUSED = 0xe0 };
#define STEP_NS 5000u

static struct parallel *self(struct dev *d)
{
    return CONTAINER_OF(d, struct parallel, dev);
}

static void update_irq(struct parallel *p)
{
    irq_set(&p->irq, p->s.acked && p->s.control & CT_IRQ);
}

/* ---- the printer ---- */

static void set_step(struct parallel *p, u8 step, u64 due)
{
    p->s.step = step;
    p->s.due = due;
    deadline_arm(&p->event, due);
}

static void next_step(void *opaque)
{
    struct parallel *p = self(opaque);
    if (p->s.step == PARALLEL_BUSY) {
        set_step(p, PARALLEL_ACK, MAX(p->s.due, dev_now(&p->dev)) + STEP_NS);
        return;
    }
    p->s.acked |= p->s.step == PARALLEL_ACK;
    set_step(p, PARALLEL_READY, DEADLINE_NONE);
    update_irq(p);
}

/* Steps whose time has come on a host that is late. */
static void sync(struct parallel *p)
{
    while (p->s.due <= dev_now(&p->dev))
        next_step(&p->dev);
}

static void control_write(struct parallel *p, u8 val)
{
    u8 was = p->s.control;
    p->s.control = val & CT_KEPT;
    if (!(val & CT_NO_INIT)) { /* the printer starts over */
        set_step(p, PARALLEL_READY, DEADLINE_NONE);
    } else if (val & ~was & CT_STROBE) {
        chr_write(p->chr, &p->s.data, 1);
        set_step(p, PARALLEL_BUSY, DEADLINE_NONE);
    } else if (was & ~val & CT_STROBE && p->s.step == PARALLEL_BUSY) {
        set_step(p, PARALLEL_BUSY, dev_now(&p->dev) + STEP_NS);
    }
    update_irq(p);
}

/* ---- registers ---- */

static u8 status_read(struct parallel *p)
{
    struct parallel_state *s = &p->s;
    u8 val = ST_UNUSED | ST_NO_ERROR | ST_SELECTED | (s->acked ? 0 : ST_NO_IRQ)
             | (s->step == PARALLEL_ACK ? 0 : ST_NO_ACK) | (s->step == PARALLEL_READY ? ST_READY : 0);
    s->acked = 0;
    update_irq(p);
    return val;
}

static u8 byte_read(struct dev *d, u64 off)
{
    struct parallel *p = self(d);
    sync(p);
    switch (off) {
    case R_DATA: return p->s.data;
    case R_STATUS: return status_read(p);
    case R_CONTROL: return p->s.control | CT_UNUSED;
    default: break;
    }
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0xff;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    sync(self(d));
    if (off == R_DATA)
        self(d)->s.data = val;
    else if (off == R_CONTROL)
        control_write(self(d), val);
    else
        guest_error(d, "write of %#x at %#llx: %s register", val, (unsigned long long)off,
                    off == R_STATUS ? "read-only" : "no such");
}

static u64 parallel_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void parallel_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

/* ---- the device ---- */

static void resumed(struct dev *d)
{
    update_irq(self(d));
    deadline_arm(&self(d)->event, self(d)->s.due);
}

static void reset(struct dev *d)
{
    self(d)->s = (struct parallel_state){ .due = DEADLINE_NONE, .control = 0x0c };
    resumed(d);
}

static bool valid(const void *state, struct err *e)
{
    const struct parallel_state *s = state;
    return (s->control <= CT_KEPT && s->step <= PARALLEL_ACK && s->acked <= 1)
           || err_set(e, "registers out of range: control %#x, step %u", s->control, s->step);
}

#define F(f) STATE(struct parallel_state, f)
static const struct state_field fields[] = { F(due), F(data), F(control), F(step), F(acked), F(pad) };
static const struct state_desc desc = {
    .name = "parallel", STATE_DESC(struct parallel_state, 1, fields), .valid = valid,
};

const struct dev_class parallel_class = {
    .name = "parallel", .state = &desc, .state_offset = offsetof(struct parallel, s), .size = sizeof(struct parallel),
    .read = parallel_read, .write = parallel_write, .reset = reset, .resumed = resumed,
};

void parallel_init(struct parallel *p, struct machine *m, const char *path, struct chr *chr)
{
    *p = (struct parallel){ .chr = chr };
    dev_attach(&p->dev, &parallel_class, m, path);
    deadline_init(&p->event, &p->dev, "parallel", next_step);
}
