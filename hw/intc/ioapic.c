/*
 * ioapic.c - the I/O APIC: redirection of pins to messages for the local APICs; not modelled: see ioapic.h.
 *
 * Source: Intel 82093AA datasheet (290566), chapter 3. Writing an entry as edge-triggered clears its remote IRR:
 * systems that end a level-triggered interrupt by hand rely on it.
 */
#include "hw/intc/ioapic.h"
#include "hw/deadline.h"

enum { SELECT = 0x00, WINDOW = 0x10, EOI = 0x40 };
enum { R_ID, R_VERSION, R_ARBITRATION, R_REDIR = 0x10 };
#define VERSION ((IOAPIC_PINS - 1) << 16 | 0x20u)
/* Redirection entries */
#define E_LOGICAL   (1ull << 11)
#define E_REMOTE    (1ull << 14)
#define E_LEVEL     (1ull << 15)
#define E_MASKED    (1ull << 16)
#define E_WRITABLE  0xff0000000001afffull
#define E_ALL       (E_WRITABLE | E_REMOTE)

static struct ioapic *self(struct dev *d)
{
    return CONTAINER_OF(d, struct ioapic, dev);
}

static u32 mode_of(u64 e)
{
    return e >> 8 & 7;
}

/* NMI, INIT and ExtINT are edges, whatever the entry says. */
static bool is_level(u64 e)
{
    return e & E_LEVEL && (mode_of(e) == APIC_FIXED || mode_of(e) == APIC_LOWEST);
}

static void fire(struct ioapic *io, u32 pin)
{
    u64 *e = &io->s.redir[pin];
    struct apic_message msg = {
        .dest = (u32)(*e >> 56), .vector = (u8)*e, .mode = (u8)mode_of(*e), .logical = *e & E_LOGICAL,
        .level = is_level(*e),
    };
    if (io->bus && apic_send(io->bus, &msg) && msg.level)
        *e |= E_REMOTE;
}

static void look_at_level(struct ioapic *io, u32 pin)
{
    u64 e = io->s.redir[pin];
    if (is_level(e) && !(e & (E_MASKED | E_REMOTE)) && io->s.level >> pin & 1)
        fire(io, pin);
}

void ioapic_set_pin(void *opaque, u32 n, bool level)
{
    struct ioapic *io = opaque;
    CHECK(n < IOAPIC_PINS);
    bool rises = level && !(io->s.level >> n & 1);
    io->s.level = level ? io->s.level | 1u << n : io->s.level & ~(1u << n);
    if (rises && !is_level(io->s.redir[n]) && !(io->s.redir[n] & E_MASKED))
        fire(io, n);
    look_at_level(io, n);
}

struct irq_line ioapic_line(struct ioapic *io, u32 pin)
{
    return (struct irq_line){ ioapic_set_pin, io, pin };
}

bool ioapic_sends(const struct ioapic *io, u32 pin, u32 vector)
{
    u64 e = io->s.redir[pin];
    return !(e & E_MASKED) && (e & 0xff) == vector && (mode_of(e) == APIC_FIXED || mode_of(e) == APIC_LOWEST);
}

static void end_of_interrupt(void *opaque, u32 vector)
{
    struct ioapic *io = opaque;
    for (u32 i = 0; i < IOAPIC_PINS; i++) {
        u64 *e = &io->s.redir[i];
        if (!(*e & E_REMOTE) || (*e & 0xff) != vector)
            continue;
        *e &= ~E_REMOTE;
        look_at_level(io, i);
    }
}

/* ---- registers ---- */

static u32 window_read(struct ioapic *io)
{
    u32 n = io->s.select, pin = (n - R_REDIR) / 2;
    if (n >= R_REDIR && pin < IOAPIC_PINS)
        return (u32)(io->s.redir[pin] >> 32 * (n & 1));
    switch (n) {
    case R_ID: case R_ARBITRATION: return io->s.id;
    case R_VERSION: return VERSION;
    default: guest_error(&io->dev, "read of register %#x: there is none", n); return 0;
    }
}

static void write_entry(struct ioapic *io, u32 pin, u32 at, u32 val)
{
    u64 *e = &io->s.redir[pin], half = (u64)(u32)~0u << at;
    *e = (*e & ~(half & E_WRITABLE)) | ((u64)val << at & E_WRITABLE);
    if (!is_level(*e))
        *e &= ~E_REMOTE;
    look_at_level(io, pin);
}

static void window_write(struct ioapic *io, u32 val)
{
    u32 n = io->s.select, pin = (n - R_REDIR) / 2;
    if (n >= R_REDIR && pin < IOAPIC_PINS)
        write_entry(io, pin, 32 * (n & 1), val);
    else if (n == R_ID)
        io->s.id = val & 0x0f000000;
    else
        guest_error(&io->dev, "write of %#x to register %#x: read-only or none", val, n);
}

static u64 ioapic_read(struct dev *d, u64 off, u32 size)
{
    u64 at = off & 0xff & ~3ull, val = 0;
    if (at == SELECT)
        val = self(d)->s.select;
    else if (at == WINDOW)
        val = window_read(self(d));
    else
        guest_error(d, "read of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    return val >> 8 * (off & 3);
}

static void ioapic_write(struct dev *d, u64 off, u64 val, u32 size)
{
    switch (off & 0xff) {
    case SELECT: self(d)->s.select = val & 0xff; break;
    case WINDOW: window_write(self(d), (u32)val); break;
    case EOI: end_of_interrupt(self(d), val & 0xff); break;
    default: guest_error(d, "write of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    }
}

/* ---- device ---- */

static void ioapic_reset(struct dev *d)
{
    struct ioapic *io = self(d);
    io->s = (struct ioapic_state){ .level = io->s.level };
    for (u32 i = 0; i < IOAPIC_PINS; i++)
        io->s.redir[i] = E_MASKED;
}

static bool ioapic_valid(const void *state, struct err *e)
{
    const struct ioapic_state *s = state;
    for (u32 i = 0; i < IOAPIC_PINS; i++)
        if (s->redir[i] & ~E_ALL)
            return err_set(e, "redirection entry %u out of range: %#llx", i, (unsigned long long)s->redir[i]);
    return (!(s->id & ~0x0f000000u) && s->select <= 0xff && !(s->level >> IOAPIC_PINS))
           || err_set(e, "id %#x, register %#x or inputs %#x out of range", s->id, s->select, s->level);
}

#define F(f) STATE(struct ioapic_state, f)
static const struct state_field ioapic_fields[] = { F(redir), F(id), F(select), F(level), F(pad) };
static const struct state_desc ioapic_desc = {
    .name = "ioapic", STATE_DESC(struct ioapic_state, 1, ioapic_fields), .valid = ioapic_valid,
};

const struct dev_class ioapic_class = {
    .name = "ioapic", .state = &ioapic_desc, .state_offset = offsetof(struct ioapic, s),
    .size = sizeof(struct ioapic),
    .read = ioapic_read, .write = ioapic_write, .reset = ioapic_reset,
};

void ioapic_init(struct ioapic *io, struct apic_bus *bus, struct machine *m, const char *path)
{
    *io = (struct ioapic){ .bus = bus };
    if (bus) {
        bus->eoi = end_of_interrupt;
        bus->eoi_opaque = io;
    }
    dev_attach(&io->dev, &ioapic_class, m, path);
    ioapic_reset(&io->dev);
}
