/*
 * pl011.h - Arm PrimeCell UART (PL011).
 *
 * The board embeds the struct, calls pl011_init, sets irq, maps dev_mmio over 4 KiB. Borrows the chr.
 */
#pragma once
#include "host/chr.h"
#include "vm/vm.h"

#define PL011_FIFO 16

struct pl011_state {
    u64 timeout;                   /* deadline of the receive timeout */
    u32 rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    u32 rx_head, rx_count;
    u16 rx[PL011_FIFO];            /* as UARTDR: error flags in 11:8 */
};

struct pl011 {
    struct dev         dev;
    struct pl011_state s;
    struct irq_line    irq;        /* UARTINTR */
    struct chr        *chr;        /* may be NULL */
    u32                clock_hz;   /* UARTCLK, for the receive timeout */
    struct event       event;
};

extern const struct dev_class pl011_class;
/* m may be NULL in tests. clock_hz: 0 for 24 MHz. */
void pl011_init(struct pl011 *u, struct machine *m, const char *path, struct chr *chr, u32 clock_hz);
