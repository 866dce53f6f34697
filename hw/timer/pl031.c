/*
 * pl031.c - Arm PrimeCell real time clock.
 *
 * Spec: PL031 TRM, DDI 0224B; section numbers are its own. Not modelled: the integration test registers, and
 * RTCCR (the clock cannot be stopped: it reads as started).
 */
#include "hw/timer/pl031.h"
#include "hw/amba.h"
#include "hw/deadline.h"

#define SECOND 1000000000ull

static struct pl031 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct pl031, dev);
}

static u32 seconds(struct pl031 *r)
{
    return (u32)(dev_now(&r->dev) / SECOND) + r->s.offset;
}

static void update_irq(struct pl031 *r)
{
    irq_set(&r->irq, r->s.ris & r->s.imsc);
}

/* The interrupt comes when the counter next equals RTCMR, 32-bit wrap included (3.3.2). */
static void arm_match(struct pl031 *r)
{
    u32 wait = r->s.mr - seconds(r);
    u64 now = dev_now(&r->dev);
    r->s.match_at = wait ? (now / SECOND + wait) * SECOND : now;
    deadline_arm(&r->event, r->s.match_at);
}

static void match_due(void *opaque)
{
    struct pl031 *r = self(opaque);
    r->s.match_at = DEADLINE_NONE;
    r->s.ris = 1;
    update_irq(r);
}

static u32 dr_read(struct dev *d)
{
    return seconds(self(d));
}
static void mr_write(struct dev *d, u32 val)
{
    (void)val;
    arm_match(self(d));
}
static void lr_write(struct dev *d, u32 val)
{
    struct pl031 *r = self(d);
    r->s.offset += val - seconds(r);
    arm_match(r);
}
static u32 cr_read(struct dev *d)
{
    (void)d;
    return 1;
}
static void cr_write(struct dev *d, u32 val)
{
    (void)d, (void)val; /* writing 1 restarts nothing that runs already (3.3.4) */
}
static void imsc_write(struct dev *d, u32 val)
{
    (void)val;
    update_irq(self(d));
}
static u32 mis_read(struct dev *d)
{
    return self(d)->s.ris & self(d)->s.imsc;
}
static void icr_write(struct dev *d, u32 val)
{
    self(d)->s.ris &= ~val;
    update_irq(self(d));
}

#define AT(f) offsetof(struct pl031_state, f)
/* clang-format off */
static const struct reg pl031_regs[] = {
    /* offset storage    writable    name            on read   on write            */
    { 0x000, REG_NONE,   0,          "RTCDR",        dr_read,  NULL       }, /* 3.3.1 */
    { 0x004, AT(mr),     0xffffffff, "RTCMR",        NULL,     mr_write   }, /* 3.3.2 */
    { 0x008, AT(lr),     0xffffffff, "RTCLR",        NULL,     lr_write   }, /* 3.3.3 */
    { 0x00c, REG_NONE,   0,          "RTCCR",        cr_read,  cr_write   }, /* 3.3.4 */
    { 0x010, AT(imsc),   1,          "RTCIMSC",      NULL,     imsc_write }, /* 3.3.5 */
    { 0x014, AT(ris),    0,          "RTCRIS",       NULL,     NULL       }, /* 3.3.6 */
    { 0x018, REG_NONE,   0,          "RTCMIS",       mis_read, NULL       }, /* 3.3.7 */
    { 0x01c, REG_NONE,   1,          "RTCICR",       NULL,     icr_write  }, /* 3.3.8 */
};
/* clang-format on */

/* Revision 1, as the drivers of this board have always seen it (3.3.9, 3.3.10). */
static const u8 pl031_id[8] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static u64 other_read(struct dev *d, u64 off, u32 size)
{
    if (amba_id_has(off))
        return amba_id_read(pl031_id, off);
    guest_error(d, "read of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    return 0;
}

static void pl031_reset(struct dev *d)
{
    struct pl031 *r = self(d);
    r->s.mr = r->s.lr = r->s.imsc = r->s.ris = 0;
    r->s.match_at = DEADLINE_NONE;
    deadline_arm(&r->event, r->s.match_at);
    update_irq(r);
}

static void pl031_resumed(struct dev *d)
{
    deadline_arm(&self(d)->event, self(d)->s.match_at);
    update_irq(self(d));
}

static bool pl031_valid(const void *state, struct err *e)
{
    const struct pl031_state *s = state;
    return (s->imsc <= 1 && s->ris <= 1) || err_set(e, "interrupt bits out of range: %#x, %#x", s->imsc, s->ris);
}

#define F(f) STATE(struct pl031_state, f)
static const struct state_field pl031_fields[] = { F(match_at), F(offset), F(mr), F(lr), F(imsc), F(ris), F(pad) };
static const struct state_desc pl031_desc = {
    .name = "pl031", STATE_DESC(struct pl031_state, 1, pl031_fields), .valid = pl031_valid,
};

const struct dev_class pl031_class = {
    .name = "pl031", .state = &pl031_desc, .state_offset = offsetof(struct pl031, s), .size = sizeof(struct pl031),
    .regs = pl031_regs, .reg_count = COUNT(pl031_regs), .read = other_read,
    .reset = pl031_reset, .resumed = pl031_resumed,
};

void pl031_init(struct pl031 *r, struct machine *m, const char *path, u64 base_seconds)
{
    *r = (struct pl031){ .base = (u32)base_seconds };
    r->s.offset = r->base;
    dev_attach(&r->dev, &pl031_class, m, path);
    deadline_init(&r->event, &r->dev, "pl031.match", match_due);
}
