/* pc_irqs.c - see pc_irqs.h */
#include "hw/intc/pc_irqs.h"
#include "hw/deadline.h"

enum { FROM_ISA = 1, FROM_PCI = 2, FROM_HPET = 4, FROM_ALL = 7 };
enum { TIMER = 0, RTC = 8 };

/* With legacy replacement the HPET drives these in place of the interval timer and the clock (IA-PC HPET, 2.3.5). */
static bool is_up(const struct pc_irqs *w, u32 n)
{
    bool replaced = w->hpet && hpet_is_legacy(w->hpet) && (n == TIMER || n == RTC);
    return w->s.level[n] & ~(replaced ? FROM_ISA : 0);
}

static void send(struct pc_irqs *w, u32 n)
{
    bool timer = n == TIMER || n == PC_IRQS_TIMER_PIN;
    struct irq_line pic = i8259_line(w->pic, n);
    irq_set(&pic, is_up(w, n));
    if (w->ioapic && timer)
        ioapic_set_pin(w->ioapic, PC_IRQS_TIMER_PIN, is_up(w, TIMER) || is_up(w, PC_IRQS_TIMER_PIN));
    else if (w->ioapic)
        ioapic_set_pin(w->ioapic, n, is_up(w, n));
}

static void drive(struct pc_irqs *w, u32 n, u8 source, bool level)
{
    u8 was = w->s.level[n];
    w->s.level[n] = level ? was | source : was & (u8)~source;
    send(w, n);
}
static void isa_drive(void *opaque, u32 n, bool level) { drive(opaque, n, FROM_ISA, level); }
static void pci_drive(void *opaque, u32 n, bool level) { drive(opaque, n, FROM_PCI, level); }
static void hpet_drive(void *opaque, u32 n, bool level) { drive(opaque, n, FROM_HPET, level); }

struct irq_line pc_irqs_isa(struct pc_irqs *w, u32 n) { return (struct irq_line){ isa_drive, w, n }; }
struct irq_line pc_irqs_pci(struct pc_irqs *w, u32 n) { return (struct irq_line){ pci_drive, w, n }; }
struct irq_line pc_irqs_hpet(struct pc_irqs *w, u32 n) { return (struct irq_line){ hpet_drive, w, n }; }

void pc_irqs_legacy(void *opaque, bool on)
{
    (void)on; /* is_up() asks */
    send(opaque, TIMER);
    send(opaque, RTC);
}

/* ---- the device ---- */

static bool valid(const void *state, struct err *e)
{
    const struct pc_irqs_state *s = state;
    for (u32 n = 0; n < PC_IRQS; n++)
        if (s->level[n] > FROM_ALL)
            return err_set(e, "sources %#x of wire %u", s->level[n], n);
    return true;
}

#define F(f) STATE(struct pc_irqs_state, f)
static const struct state_field pc_irqs_fields[] = { F(level) };
static const struct state_desc pc_irqs_desc = {
    .name = "pc_irqs", STATE_DESC(struct pc_irqs_state, 1, pc_irqs_fields), .valid = valid,
};

const struct dev_class pc_irqs_class = {
    .name = "pc_irqs", .state = &pc_irqs_desc, .state_offset = offsetof(struct pc_irqs, s),
    .size = sizeof(struct pc_irqs),
};

void pc_irqs_init(struct pc_irqs *w, struct machine *m, const char *path)
{
    *w = (struct pc_irqs){ 0 };
    dev_attach(&w->dev, &pc_irqs_class, m, path);
}
