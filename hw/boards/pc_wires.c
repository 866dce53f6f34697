/* pc_wires.c - the interrupt lines of the PC board; see pc_wires.h. */
#include "hw/boards/pc_wires.h"
#include "hw/boards/pc.h"
#include "hw/deadline.h"

enum { FROM_ISA = 1, FROM_PCI = 2, FROM_HPET = 4, FROM_ALL = 7 };

static bool is_up(const struct pc_wires *w, u32 n)
{
    bool replaced = w->s.replaced && (n == PC_IRQ_TIMER || n == PC_IRQ_RTC);
    return w->s.held[n] & ~(replaced ? FROM_ISA : 0);
}

static void send(struct pc_wires *w, u32 n)
{
    bool timer = n == PC_IRQ_TIMER || n == PC_PIN_TIMER;
    struct irq_line pic = i8259_line(w->pic, n);
    irq_set(&pic, is_up(w, n));
    if (w->ioapic && timer)
        ioapic_set_pin(w->ioapic, PC_PIN_TIMER, is_up(w, PC_IRQ_TIMER) || is_up(w, PC_PIN_TIMER));
    else if (w->ioapic)
        ioapic_set_pin(w->ioapic, n, is_up(w, n));
}

static void drive(struct pc_wires *w, u32 n, u8 source, bool level)
{
    u8 was = w->s.held[n];
    w->s.held[n] = level ? was | source : was & (u8)~source;
    send(w, n);
}
static void isa_drive(void *opaque, u32 n, bool level) { drive(opaque, n, FROM_ISA, level); }
static void pci_drive(void *opaque, u32 n, bool level) { drive(opaque, n, FROM_PCI, level); }
static void hpet_drive(void *opaque, u32 n, bool level) { drive(opaque, n, FROM_HPET, level); }

struct irq_line pc_wires_isa(struct pc_wires *w, u32 n) { return (struct irq_line){ isa_drive, w, n }; }
struct irq_line pc_wires_pci(struct pc_wires *w, u32 n) { return (struct irq_line){ pci_drive, w, n }; }
struct irq_line pc_wires_hpet(struct pc_wires *w, u32 n) { return (struct irq_line){ hpet_drive, w, n }; }

void pc_wires_replace(void *opaque, bool on)
{
    struct pc_wires *w = opaque;
    w->s.replaced = on;
    send(w, PC_IRQ_TIMER);
    send(w, PC_IRQ_RTC);
}

static bool valid(const void *state, struct err *e)
{
    const struct pc_wires_state *s = state;
    for (u32 n = 0; n < PC_WIRES; n++)
        if (s->held[n] > FROM_ALL)
            return err_set(e, "interrupt line %u is held up by %#x, which is nobody", n, s->held[n]);
    return s->replaced <= 1 || err_set(e, "replaced timers out of range: %u", s->replaced);
}

#define F(f) STATE(struct pc_wires_state, f)
static const struct state_field pc_wires_fields[] = { F(held), F(replaced), F(pad) };
static const struct state_desc pc_wires_desc = {
    .name = "pc_wires", STATE_DESC(struct pc_wires_state, 1, pc_wires_fields), .valid = valid,
};

/* No reset: devices hold lines up, and let go in theirs. */
const struct dev_class pc_wires_class = {
    .name = "pc_wires", .state = &pc_wires_desc, .state_offset = offsetof(struct pc_wires, s),
    .size = sizeof(struct pc_wires),
};

void pc_wires_init(struct pc_wires *w, struct machine *m, const char *path, struct i8259 *pic, struct ioapic *ioapic)
{
    *w = (struct pc_wires){ .pic = pic, .ioapic = ioapic };
    dev_attach(&w->dev, &pc_wires_class, m, path);
}
