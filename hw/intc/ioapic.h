/*
 * ioapic.h - I/O APIC with 24 pins, version 0x20 (Intel 82093AA, and the EOI register of its successors).
 *
 * The board embeds the struct, calls ioapic_init after the local APICs, and maps dev_mmio over 4 KiB (0xfec00000 on
 * a PC). Inputs: irq lines made by ioapic_line; their levels are the device's own state and outlive its reset. It
 * sends its interrupts over the struct apic_bus and takes the bus' ends of interrupts for itself.
 *
 * Not modelled: pin polarity (a line that is up asks; the bit is storage), the arbitration id (reads as the id),
 * edges that come while a pin is masked (lost, as in the chip), SMIs, several I/O APICs on one bus.
 */
#pragma once
#include "hw/intc/apic.h"

#define IOAPIC_PINS 24u

struct ioapic_state {
    u64 redir[IOAPIC_PINS];   /* redirection table */
    u32 id;                   /* bits 27:24 of its register, in place */
    u32 select;               /* IOREGSEL */
    u32 level;                /* input levels */
    u32 pad;
};

struct ioapic {
    struct dev          dev;
    struct ioapic_state s;
    struct apic_bus    *bus;  /* NULL in register tests: messages go nowhere */
};

extern const struct dev_class ioapic_class;
void ioapic_init(struct ioapic *io, struct apic_bus *bus, struct machine *m, const char *path);
/* irq_line.set: opaque is the struct ioapic, n the pin. */
void ioapic_set_pin(void *opaque, u32 n, bool level);
struct irq_line ioapic_line(struct ioapic *io, u32 pin);
/* Do the pin's interrupts have this vector? */
bool ioapic_sends(const struct ioapic *io, u32 pin, u32 vector);
