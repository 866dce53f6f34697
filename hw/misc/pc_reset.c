/*
 * pc_reset.c - the reset control register of PC chipsets.
 *
 * Spec: Intel 82371AB (PIIX4) data sheet, 4.2.6 (RC). Not modelled: the longer reset that turns the power off and
 * on (bit 3, kept).
 */
#include "hw/misc/pc_reset.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { RC_HARD = 2, RC_RESET = 4, RC_KEPT = 0xa };

static struct pc_reset *self(struct dev *d)
{
    return CONTAINER_OF(d, struct pc_reset, dev);
}

static void reset(struct dev *d)
{
    self(d)->s = (struct pc_reset_state){ 0 };
}

static u8 byte_read(struct dev *d, u64 off)
{
    (void)off;
    return self(d)->s.val;
}

/* Bit 2 going up resets, in the way that bit 1 had or gets in the same write; it never stays. */
static void byte_write(struct dev *d, u64 off, u8 val)
{
    (void)off;
    self(d)->s.val = val & RC_KEPT;
    if (!(val & RC_RESET))
        return;
    if (!(val & RC_HARD))
        isa_pulse_init(d, &self(d)->init);
    else if (d->m)
        machine_request(d->m, REQ_RESET);
}

static u64 pc_reset_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void pc_reset_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

#define F(f) STATE(struct pc_reset_state, f)
static const struct state_field pc_reset_fields[] = { F(val), F(pad) };
static const struct state_desc pc_reset_desc = {
    .name = "pc_reset", STATE_DESC(struct pc_reset_state, 1, pc_reset_fields),
};

const struct dev_class pc_reset_class = {
    .name = "pc_reset", .state = &pc_reset_desc, .state_offset = offsetof(struct pc_reset, s),
    .size = sizeof(struct pc_reset), .read = pc_reset_read, .write = pc_reset_write, .reset = reset,
};

void pc_reset_init(struct pc_reset *r, struct machine *m, const char *path)
{
    *r = (struct pc_reset){ 0 };
    dev_attach(&r->dev, &pc_reset_class, m, path);
}
