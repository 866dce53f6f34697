/*
 * pl061.c - Arm PrimeCell GPIO.
 *
 * Spec: PL061 TRM, DDI 0190B; section numbers are its own. Not modelled: hardware control of lines (GPIOAFSEL is
 * storage only) and the integration test registers.
 */
#include "hw/misc/pl061.h"
#include "hw/amba.h"
#include "hw/deadline.h"

static const u8 pl061_id[8] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 }; /* 3.3.11, 3.3.12 */

static struct pl061 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct pl061, dev);
}

/* Levels as GPIODATA sees them: the latch on outputs, the pins on inputs. */
static u32 levels(const struct pl061_state *s)
{
    return (s->data & s->dir) | (s->in & ~s->dir);
}

static void update_irq(struct pl061 *g)
{
    irq_set(&g->irq, g->s.ris & g->s.ie);
}

/* Level-sensitive lines follow the level; edge-sensitive ones latch (3.3.4 to 3.3.6). */
static void detect(struct pl061 *g, u32 before)
{
    struct pl061_state *s = &g->s;
    u32 now = levels(s), rose = now & ~before, fell = before & ~now;
    u32 edge = (s->ibe & (rose | fell)) | (~s->ibe & ((s->iev & rose) | (~s->iev & fell)));
    u32 level = ~(now ^ s->iev);
    s->ris = ((s->ris | (edge & ~s->is)) & ~s->is) | (s->is & level);
    s->ris &= 0xff;
    update_irq(g);
}

static void drive_outputs(struct pl061 *g)
{
    for (u32 i = 0; i < 8; i++)
        if (g->s.dir >> i & 1)
            irq_set(&g->out[i], g->s.data >> i & 1);
}

void pl061_set_input(void *opaque, u32 n, bool level)
{
    struct pl061 *g = opaque;
    u32 before = levels(&g->s);
    g->s.in = (g->s.in & ~(1u << (n & 7))) | (u32)level << (n & 7);
    detect(g, before);
}

static u32 *storage(struct pl061_state *s, u64 off)
{
    switch (off) {
    case 0x400: return &s->dir;   /* GPIODIR,  3.3.2 */
    case 0x404: return &s->is;    /* GPIOIS,   3.3.3 */
    case 0x408: return &s->ibe;   /* GPIOIBE,  3.3.4 */
    case 0x40c: return &s->iev;   /* GPIOIEV,  3.3.5 */
    case 0x410: return &s->ie;    /* GPIOIE,   3.3.6 */
    case 0x420: return &s->afsel; /* GPIOAFSEL, 3.3.10 */
    default: return NULL;
    }
}

static u64 pl061_read(struct dev *d, u64 off, u32 size)
{
    struct pl061_state *s = &self(d)->s;
    u32 *p = storage(s, off);
    (void)size;
    if (off < 0x400)
        return levels(s) & (u32)(off >> 2); /* the address masks the lines (3.3.1) */
    if (p)
        return *p;
    if (off == 0x414)
        return s->ris;                      /* GPIORIS, 3.3.7 */
    if (off == 0x418)
        return s->ris & s->ie;              /* GPIOMIS, 3.3.8 */
    if (amba_id_has(off))
        return amba_id_read(pl061_id, off);
    guest_error(d, "read of nothing (%#llx)", (unsigned long long)off);
    return 0;
}

static void pl061_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct pl061 *g = self(d);
    struct pl061_state *s = &g->s;
    u32 *p = storage(s, off), before = levels(s), mask = (u32)(off >> 2) & 0xff;
    (void)size;
    if (off < 0x400)
        s->data = (s->data & ~mask) | ((u32)val & mask);
    else if (p)
        *p = (u32)val & 0xff;
    else if (off == 0x41c)
        s->ris &= ~(u32)val;                /* GPIOIC, 3.3.9 */
    else
        guest_error(d, "write to nothing (%#llx)", (unsigned long long)off);
    drive_outputs(g);
    detect(g, before);
}

static void pl061_reset(struct dev *d)
{
    u32 in = self(d)->s.in;
    self(d)->s = (struct pl061_state){ .in = in };
    update_irq(self(d));
}

static void pl061_resumed(struct dev *d)
{
    update_irq(self(d));
    drive_outputs(self(d));
}

static bool pl061_valid(const void *state, struct err *e)
{
    const struct pl061_state *s = state;
    u32 all = s->data | s->in | s->dir | s->is | s->ibe | s->iev | s->ie | s->ris | s->afsel;
    return all <= 0xff || err_set(e, "more than eight lines: %#x", all);
}

#define F(f) STATE(struct pl061_state, f)
static const struct state_field pl061_fields[] = {
    F(data), F(in), F(dir), F(is), F(ibe), F(iev), F(ie), F(ris), F(afsel),
};
static const struct state_desc pl061_desc = {
    .name = "pl061", STATE_DESC(struct pl061_state, 1, pl061_fields), .valid = pl061_valid,
};

const struct dev_class pl061_class = {
    .name = "pl061", .state = &pl061_desc, .state_offset = offsetof(struct pl061, s), .size = sizeof(struct pl061),
    .read = pl061_read, .write = pl061_write, .reset = pl061_reset, .resumed = pl061_resumed,
};

void pl061_init(struct pl061 *g, struct machine *m, const char *path)
{
    *g = (struct pl061){ 0 };
    dev_attach(&g->dev, &pl061_class, m, path);
}
