/* pc_reset.h - the reset control register of PC chipsets. The board maps dev_mmio over one port. */
#pragma once
#include "vm/vm.h"

struct pc_reset_state {
    u8 val;
    u8 pad[3];
};

struct pc_reset {
    struct dev            dev;
    struct pc_reset_state s;
    struct irq_line       init; /* pulsed by a soft reset; without a sink the machine is reset */
};

extern const struct dev_class pc_reset_class;
void pc_reset_init(struct pc_reset *r, struct machine *m, const char *path);
