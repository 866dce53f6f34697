/*
 * uart16550.h - the PC's serial port (16550A).
 *
 * The board embeds the struct, calls uart16550_init, sets irq, maps dev_mmio over eight ports. Borrows the chr.
 */
#pragma once
#include "host/chr.h"
#include "vm/vm.h"

#define UART16550_FIFO 16u

struct uart16550_state {
    u64 timeout;                /* deadline of the character timeout */
    u16 divisor;                /* DLL, DLM */
    u8  ier, fcr, lcr, mcr, msr, scr;
    u8  lsr;                    /* overrun only: the rest is computed */
    u8  thre;                   /* "transmitter holding register empty" waits to be reported */
    u8  late;                   /* characters wait in the FIFO for long */
    u8  rx_head, rx_count;
    u8  rx[UART16550_FIFO];
    u8  pad[3];
};

struct uart16550 {
    struct dev             dev;
    struct uart16550_state s;
    struct irq_line        irq;
    struct chr            *chr; /* may be NULL */
    bool                   out2_gates; /* the interrupt leaves the card only while OUT2 is on, as on a PC */
    struct event           event;
};

extern const struct dev_class uart16550_class;
/* m may be NULL in tests. The clock is the PC's 1.8432 MHz. */
void uart16550_init(struct uart16550 *u, struct machine *m, const char *path, struct chr *chr, bool out2_gates);
