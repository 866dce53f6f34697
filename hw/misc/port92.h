/*
 * port92.h - system control port A of PS/2 and later PCs: address line 20, fast reset.
 *
 * The board maps dev_mmio over one port and tells the keyboard controller of a20, and by port92_a20_is what that
 * wants.
 */
#pragma once
#include "vm/vm.h"

struct port92_state {
    u8 val;
    u8 pad[3];
};

struct port92 {
    struct dev          dev;
    struct port92_state s;
    struct irq_line     a20;  /* high: address line 20 is open */
    struct irq_line     init; /* pulsed by a fast reset; without a sink the machine is reset */
};

extern const struct dev_class port92_class;
/* Line 20 was opened or closed elsewhere: the register shows it. Drives nothing. */
void port92_a20_is(struct port92 *p, bool open);
void port92_init(struct port92 *p, struct machine *m, const char *path);
