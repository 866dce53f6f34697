/*
 * port92.c - system control port A of a PC.
 *
 * Spec: IBM PS/2 hardware reference, system control port A. Not modelled: the security lock, the fixed disk light
 * and the watchdog (the bits are kept).
 */
#include "hw/misc/port92.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { P92_RESET = 1, P92_A20 = 2 };

static struct port92 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct port92, dev);
}

static void resumed(struct dev *d)
{
    irq_set(&self(d)->a20, self(d)->s.val & P92_A20);
}

static void reset(struct dev *d)
{
    self(d)->s = (struct port92_state){ 0 };
    resumed(d);
}

void port92_a20_is(struct port92 *p, bool open)
{
    p->s.val = open ? p->s.val | P92_A20 : p->s.val & (u8)~P92_A20;
}

static u8 byte_read(struct dev *d, u64 off)
{
    (void)off;
    return self(d)->s.val;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    (void)off;
    bool pulse = val & ~self(d)->s.val & P92_RESET;
    self(d)->s.val = val;
    resumed(d);
    if (pulse)
        isa_pulse_init(d, &self(d)->init);
}

static u64 port92_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void port92_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

#define F(f) STATE(struct port92_state, f)
static const struct state_field port92_fields[] = { F(val), F(pad) };
static const struct state_desc port92_desc = { .name = "port92", STATE_DESC(struct port92_state, 1, port92_fields) };

const struct dev_class port92_class = {
    .name = "port92", .state = &port92_desc, .state_offset = offsetof(struct port92, s),
    .size = sizeof(struct port92), .read = port92_read, .write = port92_write, .reset = reset, .resumed = resumed,
};

void port92_init(struct port92 *p, struct machine *m, const char *path)
{
    *p = (struct port92){ 0 };
    dev_attach(&p->dev, &port92_class, m, path);
}
