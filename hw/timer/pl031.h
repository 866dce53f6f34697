/*
 * pl031.h - Arm PrimeCell real time clock (PL031).
 *
 * Counts seconds of virtual time from a base that the board gives at power-on. A reset leaves the time running,
 * as the battery-backed clock of a real board does.
 */
#pragma once
#include "vm/vm.h"

struct pl031_state {
    u64 match_at; /* deadline of the match interrupt, virtual ns */
    u32 offset;   /* seconds to add to virtual time */
    u32 mr, lr, imsc, ris;
    u32 pad;
};

struct pl031 {
    struct dev         dev;
    struct pl031_state s;
    struct irq_line    irq;
    struct event       event;
    u32                base;  /* seconds since 1970 at power-on, from the board */
};

extern const struct dev_class pl031_class;
void pl031_init(struct pl031 *r, struct machine *m, const char *path, u64 base_seconds);
