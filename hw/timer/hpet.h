/*
 * hpet.h - the high precision event timers of a PC: a 64-bit counter of 100 MHz and three comparators, all of which
 * can be periodic.
 *
 * The board embeds the struct, calls hpet_init, maps dev_mmio over 1 KiB, and wires irq[n] to pin n of the interrupt
 * controllers. With legacy replacement on, timer 0 drives legacy_irq[0] (interrupt 0, pin 2 of an I/O APIC) and timer
 * 1 legacy_irq[1] (interrupt 8); the board keeps the interval timer and the clock off these then.
 */
#pragma once
#include "vm/vm.h"

#define HPET_TIMERS 3u
#define HPET_TICK_NS 10u
#define HPET_PINS 24u

struct hpet_state {
    u64 counter;               /* the main counter, while it stands; else its value less the ticks of virtual time */
    u64 config;                /* GEN_CONF */
    u64 status;                /* GINTR_STA: levels that are up, a bit for each timer */
    u64 edges;                 /* lines that are high since the match of a timer in edge mode */
    u64 timer[HPET_TIMERS];    /* Tn_CONF: bits 15:0 as written */
    u64 compare[HPET_TIMERS];
    u64 period[HPET_TIMERS];   /* of a periodic one, ticks */
    u64 due[HPET_TIMERS];      /* deadlines of matches */
};

struct hpet {
    struct dev        dev;
    struct hpet_state s;
    u32               pins;             /* that timers can be routed to, a bit each */
    struct irq_line   irq[HPET_PINS];
    struct irq_line   legacy_irq[2];
    /* Legacy replacement went on or off; called at reset and after loading, too. NULL: nothing happens. */
    void            (*legacy)(void *opaque, bool on);
    void             *opaque;
    struct event      event[HPET_TIMERS];
};

extern const struct dev_class hpet_class;
void hpet_init(struct hpet *h, struct machine *m, const char *path, u32 pins);
