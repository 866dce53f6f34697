/*
 * pl061.h - Arm PrimeCell GPIO (PL061): eight lines. Inputs are driven by the board through pl061_set_input.
 */
#pragma once
#include "vm/vm.h"

struct pl061_state {
    u32 data;   /* output latch: value of lines whose direction is out */
    u32 in;     /* levels at the pins */
    u32 dir, is, ibe, iev, ie, ris, afsel;
};

struct pl061 {
    struct dev         dev;
    struct pl061_state s;
    struct irq_line    irq;    /* GPIOINTR */
    struct irq_line    out[8]; /* levels of output lines */
};

extern const struct dev_class pl061_class;
void pl061_init(struct pl061 *g, struct machine *m, const char *path);
/* Usable as irq_line.set: opaque is the struct pl061, n the line. */
void pl061_set_input(void *opaque, u32 n, bool level);
