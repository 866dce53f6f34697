/*
 * i8259.c - two cascaded 8259A interrupt controllers of a PC.
 *
 * Spec: Intel 8259A data sheet (231468); Intel 82371AB (PIIX4) data sheet, 4.2.5, for ELCR. As in chipsets since
 * then, the slave is wired to input 2 of the master whatever ICW3 says, and ELCR replaces the trigger mode of ICW1.
 * A request lasts while its input is high: one that goes away before the acknowledge cycle is a spurious interrupt
 * 7 or 15. Not modelled: 8080 mode, buffered mode, other cascades (ICW3 is accepted and not kept).
 */
#include "hw/intc/i8259.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { AT_MASTER = 0, AT_SLAVE = 2, AT_ELCR = 4, AT_END = 6 };
enum { ICW1_IC4 = 1, ICW1_SNGL = 2, ICW1_INIT = 0x10 };
enum { ICW4_AEOI = 2, ICW4_SFNM = 0x10 };
enum { OCW3 = 8, OCW3_RIS = 1, OCW3_RR = 2, OCW3_P = 4, OCW3_SMM = 0x20, OCW3_ESMM = 0x40 };
enum { CASCADE = 2, NOTHING = 8 };

/* Inputs 0, 1, 2, 8, 13 of a PC are edge-triggered for good. */
static const u8 elcr_writable[I8259_CHIPS] = { 0xf8, 0xde };

static struct i8259 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct i8259, dev);
}

/* ---- priorities ---- */

/* The input of highest priority in set, or NOTHING. */
static u32 highest(const struct i8259_state *s, u32 c, u8 set)
{
    for (u32 i = 1; i <= 8; i++)
        if (set >> (s->lowest[c] + i) % 8 & 1)
            return (s->lowest[c] + i) % 8;
    return NOTHING;
}

/* 0: highest. */
static u32 rank(const struct i8259_state *s, u32 c, u32 input)
{
    return input == NOTHING ? NOTHING : (input + 7u - s->lowest[c]) % 8;
}

/* In special mask mode, masked inputs in service hold nothing back and are out of reach of non-specific EOIs. */
static u8 in_service(const struct i8259_state *s, u32 c)
{
    return s->special_mask[c] ? s->isr[c] & ~s->imr[c] : s->isr[c];
}

/* The input to be taken next, or NOTHING. */
static u32 pending(const struct i8259_state *s, u32 c)
{
    u32 request = highest(s, c, s->irr[c] & ~s->imr[c]), busy = highest(s, c, in_service(s, c));
    if (s->expect[c] || request == NOTHING)
        return NOTHING;
    if (rank(s, c, request) < rank(s, c, busy))
        return request;
    bool again = c == I8259_MASTER && request == CASCADE && busy == CASCADE && s->icw4[c] & ICW4_SFNM;
    return again ? request : (u32)NOTHING;
}

/* ---- inputs and output ---- */

static void set_input(struct i8259_state *s, u32 c, u32 input, bool level)
{
    u8 bit = (u8)(1u << input);
    if (!level) {
        s->lines[c] &= ~bit;
        s->irr[c] &= ~bit;
        return;
    }
    if (!(s->lines[c] & bit) || s->elcr[c] & bit)
        s->irr[c] |= bit;
    s->lines[c] |= bit;
}

static void update(struct i8259 *p)
{
    set_input(&p->s, I8259_MASTER, CASCADE, pending(&p->s, I8259_SLAVE) != NOTHING);
    irq_set(&p->out, i8259_pending(p));
}

bool i8259_pending(const struct i8259 *p)
{
    return pending(&p->s, I8259_MASTER) != NOTHING;
}

static void line_set(void *opaque, u32 n, bool level)
{
    struct i8259 *p = opaque;
    if (n == CASCADE || n >= 16)
        return;
    set_input(&p->s, n / 8, n % 8, level);
    update(p);
}

struct irq_line i8259_line(struct i8259 *p, u32 n)
{
    return (struct irq_line){ line_set, p, n };
}

/* ---- acknowledge and end of interrupt ---- */

static void take(struct i8259_state *s, u32 c, u32 input)
{
    u8 bit = (u8)(1u << input);
    if (!(s->elcr[c] & bit))
        s->irr[c] &= ~bit;
    if (!(s->icw4[c] & ICW4_AEOI))
        s->isr[c] |= bit;
    else if (s->rotate_aeoi[c])
        s->lowest[c] = (u8)input;
}

static u8 ack_chip(struct i8259_state *s, u32 c)
{
    u32 input = pending(s, c);
    if (input == NOTHING)
        return s->base[c] | 7; /* spurious: nothing is in service */
    take(s, c, input);
    return s->base[c] | (u8)input;
}

u8 i8259_ack(struct i8259 *p)
{
    bool slave = pending(&p->s, I8259_MASTER) == CASCADE;
    u8 vector = ack_chip(&p->s, I8259_MASTER);
    if (slave) {
        vector = ack_chip(&p->s, I8259_SLAVE);
        set_input(&p->s, I8259_MASTER, CASCADE, false); /* INT falls in the cycle: what else is there is a new edge */
    }
    update(p);
    return vector;
}

/* A poll is an acknowledge cycle by way of a read. */
static u8 poll_read(struct i8259 *p, u32 c)
{
    u32 input = pending(&p->s, c);
    p->s.poll[c] = 0;
    if (input == NOTHING)
        return 0;
    take(&p->s, c, input);
    if (c == I8259_SLAVE)
        set_input(&p->s, I8259_MASTER, CASCADE, false);
    update(p);
    return 0x80 | (u8)input;
}

/* ---- registers of a chip ---- */

static void ocw2_write(struct i8259_state *s, u32 c, u8 val)
{
    bool rotate = val & 0x80, specific = val & 0x40, eoi = val & 0x20;
    u32 input = specific ? val & 7u : highest(s, c, in_service(s, c));
    if (!eoi && !specific) {
        s->rotate_aeoi[c] = rotate;
        return;
    }
    if (input == NOTHING)
        return;
    if (eoi)
        s->isr[c] &= (u8)~(1u << input);
    if (rotate)
        s->lowest[c] = (u8)input;
}

static void ocw3_write(struct i8259_state *s, u32 c, u8 val)
{
    if (val & OCW3_ESMM)
        s->special_mask[c] = !!(val & OCW3_SMM);
    if (val & OCW3_P)
        s->poll[c] = 1;
    else if (val & OCW3_RR)
        s->read_isr[c] = val & OCW3_RIS;
}

/* Edge detection begins anew: an input that is high makes no request before it was low. */
static void icw1_write(struct i8259_state *s, u32 c, u8 val)
{
    s->irr[c] = s->lines[c] & s->elcr[c];
    s->imr[c] = s->isr[c] = s->read_isr[c] = s->poll[c] = s->special_mask[c] = s->rotate_aeoi[c] = s->icw4[c] = 0;
    s->lowest[c] = 7;
    s->icw1[c] = val;
    s->expect[c] = 2;
}

static void icw_write(struct i8259_state *s, u32 c, u8 val)
{
    u8 last = s->icw1[c] & ICW1_IC4 ? 4 : 0;
    switch (s->expect[c]) {
    case 2:
        s->base[c] = val & 0xf8;
        s->expect[c] = s->icw1[c] & ICW1_SNGL ? last : 3;
        break;
    case 3:
        s->expect[c] = last;
        break;
    default:
        s->icw4[c] = val & 0x1f;
        s->expect[c] = 0;
        break;
    }
}

static void chip_write(struct i8259 *p, u32 c, bool a0, u8 val)
{
    struct i8259_state *s = &p->s;
    if (a0 && s->expect[c])
        icw_write(s, c, val);
    else if (a0)
        s->imr[c] = val;
    else if (val & ICW1_INIT)
        icw1_write(s, c, val);
    else if (val & OCW3)
        ocw3_write(s, c, val);
    else
        ocw2_write(s, c, val);
    update(p);
}

static u8 chip_read(struct i8259 *p, u32 c, bool a0)
{
    if (p->s.poll[c])
        return poll_read(p, c);
    return a0 ? p->s.imr[c] : p->s.read_isr[c] ? p->s.isr[c] : p->s.irr[c];
}

/* What was level-triggered keeps its request: the input is high. */
static void elcr_write(struct i8259 *p, u32 c, u8 val)
{
    p->s.elcr[c] = val & elcr_writable[c];
    p->s.irr[c] |= p->s.lines[c] & p->s.elcr[c];
    update(p);
}

/* ---- the device ---- */

static u8 byte_read(struct dev *d, u64 off)
{
    if (off < AT_ELCR)
        return chip_read(self(d), off < AT_SLAVE ? I8259_MASTER : I8259_SLAVE, off & 1);
    if (off < AT_END)
        return self(d)->s.elcr[off - AT_ELCR];
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    if (off < AT_ELCR)
        chip_write(self(d), off < AT_SLAVE ? I8259_MASTER : I8259_SLAVE, off & 1, val);
    else if (off < AT_END)
        elcr_write(self(d), off - AT_ELCR, val);
    else
        guest_error(d, "write of %#x at %#llx: no such register", val, (unsigned long long)off);
}

static u64 i8259_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void i8259_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

static u64 master_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_MASTER + off, size);
}
static void master_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_MASTER + off, val, size);
}
static u64 slave_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_SLAVE + off, size);
}
static void slave_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_SLAVE + off, val, size);
}
static u64 elcr_mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_ELCR + off, size);
}
static void elcr_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_ELCR + off, val, size);
}
const struct mmio_ops i8259_master_mmio = { master_read, master_write };
const struct mmio_ops i8259_slave_mmio = { slave_read, slave_write };
const struct mmio_ops i8259_elcr_mmio = { elcr_mmio_read, elcr_mmio_write };

/* The data sheet leaves the power-on state open; here nothing comes through before somebody initializes a chip. The
 * wires keep their levels: devices that were reset before drive theirs once. */
static void reset(struct dev *d)
{
    struct i8259_state *s = &self(d)->s;
    u8 lines[I8259_CHIPS] = { s->lines[I8259_MASTER] & (u8)~(1u << CASCADE), s->lines[I8259_SLAVE] };
    *s = (struct i8259_state){ .lines = { lines[0], lines[1] }, .imr = { 0xff, 0xff }, .lowest = { 7, 7 } };
    update(self(d));
}

static void resumed(struct dev *d)
{
    irq_set(&self(d)->out, i8259_pending(self(d)));
}

static bool chip_valid(const struct i8259_state *s, u32 c)
{
    return s->lowest[c] < 8 && (s->expect[c] == 0 || (s->expect[c] >= 2 && s->expect[c] <= 4)) && !(s->base[c] & 7)
           && !(s->elcr[c] & ~elcr_writable[c]) && s->read_isr[c] <= 1 && s->poll[c] <= 1 && s->special_mask[c] <= 1
           && s->rotate_aeoi[c] <= 1 && s->icw4[c] < 0x20 && !(s->irr[c] & ~s->lines[c]);
}

static bool valid(const void *state, struct err *e)
{
    for (u32 c = 0; c < I8259_CHIPS; c++)
        if (!chip_valid(state, c))
            return err_set(e, "registers of the %s out of range", c ? "slave" : "master");
    return true;
}

#define F(f) STATE(struct i8259_state, f)
static const struct state_field i8259_fields[] = {
    F(lines), F(irr), F(imr), F(isr), F(elcr), F(base), F(lowest), F(expect), F(icw1), F(icw4), F(read_isr), F(poll),
    F(special_mask), F(rotate_aeoi),
};
static const struct state_desc i8259_desc = {
    .name = "i8259", STATE_DESC(struct i8259_state, 1, i8259_fields), .valid = valid,
};

const struct dev_class i8259_class = {
    .name = "i8259", .state = &i8259_desc, .state_offset = offsetof(struct i8259, s), .size = sizeof(struct i8259),
    .read = i8259_read, .write = i8259_write, .reset = reset, .resumed = resumed,
};

void i8259_init(struct i8259 *p, struct machine *m, const char *path)
{
    *p = (struct i8259){ 0 };
    dev_attach(&p->dev, &i8259_class, m, path);
}
