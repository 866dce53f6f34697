/*
 * fpu_error.c - port 0xF0 of a PC: floating-point errors as interrupts.
 *
 * Spec: Intel 82371SB (PIIX3) data sheet, coprocessor error support; Intel SDM volume 1, appendix D.2. FERR# sets a
 * latch, which is the interrupt. A write to the port clears it, and has the processor ignore the error (IGNNE#) for
 * as long as FERR# stays active. Reads give ones. Not modelled: port 0xF1, the reset of a coprocessor on its own.
 */
#include "hw/misc/fpu_error.h"
#include "hw/deadline.h"
#include "hw/isa.h"

static struct fpu_error *self(struct dev *d)
{
    return CONTAINER_OF(d, struct fpu_error, dev);
}

static void resumed(struct dev *d)
{
    irq_set(&self(d)->irq, self(d)->s.latch);
}

static void reset(struct dev *d)
{
    self(d)->s = (struct fpu_error_state){ 0 };
    resumed(d);
}

static u8 byte_read(struct dev *d, u64 off)
{
    (void)d, (void)off;
    return 0xff;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    struct fpu_error_state *s = &self(d)->s;
    (void)off, (void)val;
    s->latch = 0;
    s->ignne = s->ferr;
    resumed(d);
}

static u64 fpu_error_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void fpu_error_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

/* ---- the pins ---- */

static u64 pins_read(void *opaque, u32 id)
{
    const struct fpu_error *f = opaque;
    (void)id;
    return f->s.ignne;
}

static void pins_write(void *opaque, u32 id, u64 ferr)
{
    struct fpu_error *f = opaque;
    (void)id;
    f->s.latch |= ferr && !f->s.ferr;
    f->s.ferr = ferr != 0;
    f->s.ignne &= f->s.ferr;
    resumed(&f->dev);
}

#define F(f) STATE(struct fpu_error_state, f)
static const struct state_field fpu_error_fields[] = { F(ferr), F(latch), F(ignne), F(pad) };
static const struct state_desc fpu_error_desc = {
    .name = "fpu_error", STATE_DESC(struct fpu_error_state, 1, fpu_error_fields)
};

const struct dev_class fpu_error_class = {
    .name = "fpu_error", .state = &fpu_error_desc, .state_offset = offsetof(struct fpu_error, s),
    .size = sizeof(struct fpu_error), .read = fpu_error_read, .write = fpu_error_write, .reset = reset,
    .resumed = resumed,
};

void fpu_error_init(struct fpu_error *f, struct machine *m, const char *path)
{
    *f = (struct fpu_error){ .pins = { .opaque = f, .read = pins_read, .write = pins_write } };
    dev_attach(&f->dev, &fpu_error_class, m, path);
}
