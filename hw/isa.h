/* isa.h - what byte-wide devices of a PC have in common. */
#pragma once
#include "vm/vm.h"

/* An access of several bytes is as many accesses of one, low address first, as an 8-bit bus makes of it. */
static inline u64 isa_read(struct dev *d, u64 off, u32 size, u8 (*byte)(struct dev *, u64 off))
{
    u64 val = 0;
    for (u32 i = 0; i < size; i++)
        val |= (u64)byte(d, off + i) << 8 * i;
    return val;
}
static inline void isa_write(struct dev *d, u64 off, u64 val, u32 size, void (*byte)(struct dev *, u64 off, u8 val))
{
    for (u32 i = 0; i < size; i++)
        byte(d, off + i, (u8)(val >> 8 * i));
}

/* Pulses the processors' INIT wire, which leaves memory and devices alone; without one, everything is reset. */
static inline void isa_pulse_init(struct dev *d, const struct irq_line *init)
{
    irq_set(init, true);
    irq_set(init, false);
    if (!init->set && d->m)
        machine_request(d->m, REQ_RESET);
}
