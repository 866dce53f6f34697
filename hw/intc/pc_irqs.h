/*
 * pc_irqs.h - the interrupt wires of a PC: inputs 0 to 15 of the 8259 pair and the I/O APIC's pins, and who pulls
 * them up.
 *
 * What a wire's sources show is state: after loading a snapshot each device shows its line again, one after the
 * other, and no wire may move by that, since a controller would take the way back up for an edge.
 *
 * The board calls pc_irqs_init() once the controllers and the HPET are there, and hands out lines.
 */
#pragma once
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/timer/hpet.h"

#define PC_IRQS 16u
#define PC_IRQS_TIMER_PIN 2u /* of the I/O APIC: interrupt 0, and what the HPET routes there */

struct pc_irqs_state {
    u8 level[PC_IRQS]; /* sources that are high: bit 0 ISA's, bit 1 PCI's, bit 2 the HPET's */
};

struct pc_irqs {
    struct dev           dev;
    struct pc_irqs_state s;
    struct i8259        *pic;
    struct ioapic       *ioapic; /* NULL: there is none */
    const struct hpet   *hpet;
};

extern const struct dev_class pc_irqs_class;
void pc_irqs_init(struct pc_irqs *w, struct machine *m, const char *path);
/* Wire n as one of its sources sees it. */
struct irq_line pc_irqs_isa(struct pc_irqs *w, u32 n);
struct irq_line pc_irqs_pci(struct pc_irqs *w, u32 n);
struct irq_line pc_irqs_hpet(struct pc_irqs *w, u32 n);
/* struct hpet, legacy: the ISA sources of interrupts 0 and 8 came to count, or no longer do. */
void pc_irqs_legacy(void *opaque, bool on);
