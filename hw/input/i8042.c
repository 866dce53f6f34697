/*
 * i8042.c - the keyboard controller of a PC: two PS/2 ports, scan code translation, address line 20, reset.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller. Bytes from devices
 * take the time of their eleven bits; commands are taken at once, so that the input buffer is never full. As on
 * QEMU's machine, a byte for a device opens its port. Not modelled: timeouts and parity errors (devices always
 * answer), passwords, the keyboard lock, the commands that only poll or dump the chip (0xac, 0xc1, 0xc2, versions of
 * BIOS makers).
 */
#include "hw/input/i8042.h"
#include "hw/deadline.h"
#include "hw/input/ps2_keys.h"
#include "hw/isa.h"

enum { AT_DATA = 0, AT_COMMAND = 4 };
enum { ST_FULL = 1, ST_SYS = 4, ST_COMMAND = 8, ST_UNLOCKED = 0x10, ST_AUX = 0x20 };
enum { CB_INT = 1, CB_INT_AUX = 2, CB_SYS = 4, CB_OFF = 0x10, CB_OFF_AUX = 0x20, CB_TRANSLATE = 0x40,
       CB_KEPT = 0x7f };
enum { OUT_NO_RESET = 1, OUT_A20 = 2, OUT_FULL = 0x10, OUT_FULL_AUX = 0x20, OUT_START = 0xcf };
enum { READ_RAM = 0x20, WRITE_RAM = 0x60, PASSWORD_TEST = 0xa4, AUX_OFF = 0xa7, AUX_ON = 0xa8, AUX_TEST = 0xa9,
       SELF_TEST = 0xaa, KBD_TEST = 0xab, KBD_OFF = 0xad, KBD_ON = 0xae, READ_IN = 0xc0, READ_OUT = 0xd0,
       WRITE_OUT = 0xd1, AS_KBD = 0xd2, AS_AUX = 0xd3, TO_AUX = 0xd4, A20_OFF = 0xdd, A20_ON = 0xdf, TEST_IN = 0xe0,
       PULSE = 0xf0 };
#define BYTE_NS 660000u  /* eleven bits at 16.7 kHz, the fastest that the interface allows */
#define ANSWER_NS 10000u /* an answer that the output buffer was not free for */
#define BREAK 0xf0

static struct i8042 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct i8042, dev);
}

/* ---- lines ---- */

static u8 *mode(struct i8042_state *s) { return &s->ram[0]; }

static bool irq_level(struct i8042_state *s, u32 port)
{
    if (!s->full || s->aux != port)
        return false;
    return port == I8042_AUX ? *mode(s) & CB_INT_AUX : (*mode(s) & (CB_INT | CB_OFF)) == CB_INT;
}

static void update_irq(struct i8042 *c)
{
    irq_set(&c->irq[I8042_KBD], irq_level(&c->s, I8042_KBD));
    irq_set(&c->irq[I8042_AUX], irq_level(&c->s, I8042_AUX));
}

void i8042_a20_is(struct i8042 *c, bool open)
{
    c->s.outport = open ? c->s.outport | OUT_A20 : c->s.outport & (u8)~OUT_A20;
}

static void drive_a20(struct i8042 *c) { irq_set(&c->a20, c->s.outport & OUT_A20); }

static void write_outport(struct i8042 *c, u8 val)
{
    c->s.outport = val;
    drive_a20(c);
    if (!(val & OUT_NO_RESET))
        isa_pulse_init(&c->dev, &c->init);
}

/* ---- the output buffer ---- */

/* A new byte is a new edge. */
static void load(struct i8042 *c, u8 val, bool aux)
{
    c->s.full = 0;
    update_irq(c);
    c->s.data = val;
    c->s.aux = aux;
    c->s.full = 1;
    update_irq(c);
}

/* 0x83 and below is a key; the break prefix becomes bit 7 of what follows. */
static void load_key(struct i8042 *c, u8 val)
{
    struct i8042_state *s = &c->s;
    if (!(*mode(s) & CB_TRANSLATE)) {
        load(c, val, false);
    } else if (val == BREAK) {
        s->prefix = 1;
    } else {
        load(c, ps2_translate(val) | (s->prefix ? 0x80 : 0), false);
        s->prefix = 0;
    }
}

static bool sends(struct i8042 *c, u32 port)
{
    const struct ps2_wire *w = c->wire[port];
    return w && !(*mode(&c->s) & (port == I8042_AUX ? CB_OFF_AUX : CB_OFF)) && w->ready(w->dev);
}

/* While the output buffer is full, the devices' clocks are held. */
static void schedule(struct i8042 *c)
{
    struct i8042_state *s = &c->s;
    if (s->full)
        s->due = DEADLINE_NONE;
    else if (s->due == DEADLINE_NONE && (s->answers || sends(c, I8042_KBD) || sends(c, I8042_AUX)))
        s->due = dev_now(&c->dev) + (s->answers ? ANSWER_NS : BYTE_NS);
    deadline_arm(&c->event, s->due);
}

static void arrive(void *opaque)
{
    struct i8042 *c = self(opaque);
    struct i8042_state *s = &c->s;
    s->due = DEADLINE_NONE;
    if (s->full) {
        return;
    } else if (s->answers) {
        s->answers = 0;
        load(c, s->answer, false);
    } else if (sends(c, I8042_KBD)) {
        load_key(c, c->wire[I8042_KBD]->take(c->wire[I8042_KBD]->dev));
    } else if (sends(c, I8042_AUX)) {
        load(c, c->wire[I8042_AUX]->take(c->wire[I8042_AUX]->dev), true);
    }
    schedule(c);
}

static void raised(void *opaque) { schedule(opaque); }

/* Brings the output buffer up to the present, where the host is late. */
static void sync(struct i8042 *c)
{
    while (c->s.due <= dev_now(&c->dev))
        arrive(&c->dev);
}

static void answer(struct i8042 *c, u8 val)
{
    c->s.answer = val;
    c->s.answers = c->s.full;
    if (!c->s.full)
        load(c, val, false);
    schedule(c);
}

/* ---- commands ---- */

static void write_mode(struct i8042 *c, u8 val)
{
    *mode(&c->s) = val & CB_KEPT;
    c->s.sys = !!(val & CB_SYS);
    update_irq(c);
    schedule(c);
}
static void change_mode(struct i8042 *c, u8 clear, u8 set)
{
    *mode(&c->s) = (*mode(&c->s) & (u8)~clear) | set;
    update_irq(c);
    schedule(c);
}

static u8 read_outport(struct i8042_state *s)
{
    return (s->outport & (u8)~(OUT_FULL | OUT_FULL_AUX)) | (irq_level(s, I8042_KBD) ? OUT_FULL : 0)
           | (irq_level(s, I8042_AUX) ? OUT_FULL_AUX : 0);
}

static void self_test(struct i8042 *c)
{
    c->s.sys = 1;
    *mode(&c->s) |= CB_SYS;
    answer(c, 0x55);
}

static void gate_a20(struct i8042 *c, bool open)
{
    i8042_a20_is(c, open);
    drive_a20(c);
}

/* Commands without a byte of their own. */
static void act(struct i8042 *c, u8 val)
{
    struct i8042_state *s = &c->s;
    switch (val) {
    case PASSWORD_TEST: answer(c, 0xf1); break; /* there is none */
    case AUX_OFF: change_mode(c, 0, CB_OFF_AUX); break;
    case AUX_ON: change_mode(c, CB_OFF_AUX, 0); break;
    case AUX_TEST: case KBD_TEST: answer(c, 0); break;
    case SELF_TEST: self_test(c); break;
    case KBD_OFF: change_mode(c, 0, CB_OFF); break;
    case KBD_ON: change_mode(c, CB_OFF, 0); break;
    case READ_IN: answer(c, 0x80); break; /* the keyboard is not locked */
    case READ_OUT: answer(c, read_outport(s)); break;
    case A20_OFF: case A20_ON: gate_a20(c, val == A20_ON); break;
    case TEST_IN: answer(c, (*mode(s) & CB_OFF ? 0 : 1) | (*mode(s) & CB_OFF_AUX ? 0 : 2)); break; /* clocks */
    default: guest_error(&c->dev, "unknown command %#x", val); break;
    }
}

static void command_write(struct i8042 *c, u8 val)
{
    struct i8042_state *s = &c->s;
    s->last_command = 1;
    s->command = 0;
    if (val >= PULSE && !(val & OUT_NO_RESET))
        isa_pulse_init(&c->dev, &c->init);
    else if (val >= PULSE)
        ; /* of the other lines, a pulse is not seen */
    else if (val >= READ_RAM && val < READ_RAM + I8042_RAM)
        answer(c, s->ram[val - READ_RAM]);
    else if ((val >= WRITE_RAM && val < WRITE_RAM + I8042_RAM) || (val >= WRITE_OUT && val <= TO_AUX))
        s->command = val;
    else
        act(c, val);
}

static void to_device(struct i8042 *c, u32 port, u8 val)
{
    struct ps2_wire *w = c->wire[port];
    c->s.prefix = port == I8042_KBD ? 0 : c->s.prefix;
    change_mode(c, port == I8042_AUX ? CB_OFF_AUX : CB_OFF, 0);
    if (w)
        w->write(w->dev, val);
    if (!c->s.full && !c->s.answers) { /* what was on its way is not any more */
        c->s.due = DEADLINE_NONE;
        schedule(c);
    }
}

static void data_write(struct i8042 *c, u8 val)
{
    struct i8042_state *s = &c->s;
    u8 command = s->command;
    s->last_command = s->command = 0;
    if (command == WRITE_RAM)
        write_mode(c, val);
    else if (command && command < WRITE_RAM + I8042_RAM)
        s->ram[command - WRITE_RAM] = val;
    else if (command == WRITE_OUT)
        write_outport(c, val);
    else if (command == AS_KBD || command == AS_AUX)
        load(c, val, command == AS_AUX);
    else
        to_device(c, command == TO_AUX ? I8042_AUX : I8042_KBD, val);
    schedule(c);
}

/* ---- registers ---- */

static u8 status(const struct i8042_state *s)
{
    return (s->full ? ST_FULL : 0) | (s->sys ? ST_SYS : 0) | (s->last_command ? ST_COMMAND : 0) | ST_UNLOCKED
           | (s->full && s->aux ? ST_AUX : 0);
}

static u8 data_read(struct i8042 *c)
{
    c->s.full = 0;
    update_irq(c);
    schedule(c);
    return c->s.data;
}

static u8 byte_read(struct dev *d, u64 off)
{
    sync(self(d));
    if (off == AT_DATA)
        return data_read(self(d));
    if (off == AT_COMMAND)
        return status(&self(d)->s);
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0xff;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    sync(self(d));
    if (off == AT_DATA)
        data_write(self(d), val);
    else if (off == AT_COMMAND)
        command_write(self(d), val);
    else
        guest_error(d, "write of %#x at %#llx: no such register", val, (unsigned long long)off);
}

static u64 i8042_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void i8042_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

static u64 command_mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_COMMAND + off, size);
}
static void command_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_COMMAND + off, val, size);
}
static u64 data_mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_DATA + off, size);
}
static void data_mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_DATA + off, val, size);
}
const struct mmio_ops i8042_data_mmio = { data_mmio_read, data_mmio_write };
const struct mmio_ops i8042_command_mmio = { command_mmio_read, command_mmio_write };

/* ---- the device ---- */

static void resumed(struct dev *d)
{
    update_irq(self(d));
    drive_a20(self(d));
    deadline_arm(&self(d)->event, self(d)->s.due);
}

static void reset(struct dev *d)
{
    self(d)->s = (struct i8042_state){ .due = DEADLINE_NONE, .outport = OUT_START, .last_command = 1 };
    *mode(&self(d)->s) = CB_INT | CB_INT_AUX;
    resumed(d);
}

static bool valid(const void *state, struct err *e)
{
    const struct i8042_state *s = state;
    return (s->full <= 1 && s->aux <= 1 && s->answers <= 1 && s->sys <= 1 && s->last_command <= 1 && s->prefix <= 1
            && s->ram[0] <= CB_KEPT)
           || err_set(e, "registers out of range: buffer %u, status %u %u, command byte %#x", s->full, s->sys,
                      s->last_command, s->ram[0]);
}

#define F(f) STATE(struct i8042_state, f)
static const struct state_field fields[] = {
    F(due), F(ram), F(data), F(full), F(aux), F(answer), F(answers), F(command), F(outport), F(sys), F(last_command),
    F(prefix), F(pad),
};
static const struct state_desc desc = { .name = "i8042", STATE_DESC(struct i8042_state, 1, fields), .valid = valid };

const struct dev_class i8042_class = {
    .name = "i8042", .state = &desc, .state_offset = offsetof(struct i8042, s), .size = sizeof(struct i8042),
    .read = i8042_read, .write = i8042_write, .reset = reset, .resumed = resumed,
};

void i8042_attach(struct i8042 *c, u32 port, struct ps2_wire *w)
{
    c->wire[port] = w;
    w->raise = raised;
    w->host = c;
}

void i8042_init(struct i8042 *c, struct machine *m, const char *path)
{
    *c = (struct i8042){ 0 };
    dev_attach(&c->dev, &i8042_class, m, path);
    deadline_init(&c->event, &c->dev, "i8042", arrive);
}
