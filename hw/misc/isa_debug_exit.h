/*
 * isa_debug_exit.h - a port by which test programs end the emulator with an exit status: (value << 1) | 1.
 *
 * The board maps dev_mmio over four ports (QEMU's isa-debug-exit).
 */
#pragma once
#include "vm/vm.h"

struct isa_debug_exit {
    struct dev dev;
};

extern const struct dev_class isa_debug_exit_class;
void isa_debug_exit_init(struct isa_debug_exit *x, struct machine *m, const char *path);
