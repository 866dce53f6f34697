/*
 * fpu_error.h - what stands between the floating-point unit's error pins and IRQ 13 of a PC.
 *
 * The board maps dev_mmio over port 0xF0 and gives `pins` to the processor as SYSREG_X86_FERR.
 */
#pragma once
#include "vm/vm.h"

struct fpu_error_state {
    u8 ferr;  /* FERR# is active */
    u8 latch; /* ... has become so since the port was written: the interrupt */
    u8 ignne; /* IGNNE# is active */
    u8 pad;
};

struct fpu_error {
    struct dev             dev;
    struct fpu_error_state s;
    struct irq_line        irq;
    struct sysreg_port     pins; /* written: FERR#; read: IGNNE#; 1 while active */
};

extern const struct dev_class fpu_error_class;
void fpu_error_init(struct fpu_error *f, struct machine *m, const char *path);
