/*
 * pc_wires.h - the interrupt lines of the PC board: who holds each of the 16 up, and where it goes.
 *
 * ISA devices, PCI pins and the HPET share lines; a line is up while one of them holds it up. It goes to the 8259s
 * and to the I/O APIC's pin of that number, the timer's (IRQ 0) to pin 2, with what is there. While the HPET replaces
 * timer and clock, ISA devices hold IRQ 0 and 8 up in vain.
 *
 * What is held up is state of its own: after loading devices drive their lines one after the other, and a line that
 * went down for a moment on the way would be another edge.
 */
#pragma once
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/timer/hpet.h"

#define PC_WIRES 16u

struct pc_wires_state {
    u8 held[PC_WIRES]; /* a bit for each source */
    u8 replaced;       /* the HPET has IRQ 0 and 8 */
    u8 pad[7];
};

struct pc_wires {
    struct dev            dev;
    struct pc_wires_state s;
    struct i8259         *pic;
    struct ioapic        *ioapic; /* or NULL */
};

extern const struct dev_class pc_wires_class;
void pc_wires_init(struct pc_wires *w, struct machine *m, const char *path, struct i8259 *pic, struct ioapic *ioapic);
/* The ends for devices, by line. */
struct irq_line pc_wires_isa(struct pc_wires *w, u32 n);
struct irq_line pc_wires_pci(struct pc_wires *w, u32 n);
/* n: 0, 8, or PC_PIN_TIMER for pin 2. */
struct irq_line pc_wires_hpet(struct pc_wires *w, u32 n);
/* struct hpet, legacy: opaque is the struct pc_wires. */
void pc_wires_replace(void *opaque, bool on);
