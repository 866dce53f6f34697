/*
 * i8042.h - the keyboard controller of a PC (8042 with a second port, as since the PS/2).
 *
 * The board embeds the struct, calls i8042_init, sets the lines, attaches a keyboard and a mouse, maps
 * i8042_data_mmio over port 0x60 and i8042_command_mmio over 0x64. The gate of address line 20 is one, whoever turns
 * it: what another port does is told by i8042_a20_is.
 */
#pragma once
#include "hw/input/ps2.h"

enum { I8042_KBD, I8042_AUX, I8042_PORTS };
#define I8042_RAM 32u

struct i8042_state {
    u64 due;            /* deadline: the next byte arrives in the output buffer */
    u8  ram[I8042_RAM]; /* 0: the command byte */
    u8  data;           /* the output buffer */
    u8  full;           /* it holds a byte ... */
    u8  aux;            /* ... of the second port */
    u8  answer;         /* of a command, waiting for the output buffer ... */
    u8  answers;        /* there is one */
    u8  command;        /* that waits for its byte, or 0 */
    u8  outport;        /* as written */
    u8  sys, last_command; /* status: system flag; the last byte went to the command port */
    u8  prefix;         /* translation: a break prefix came */
    u8  pad[6];
};

struct i8042 {
    struct dev         dev;
    struct i8042_state s;
    struct irq_line    irq[I8042_PORTS];
    struct irq_line    a20;   /* high: address line 20 is open */
    struct irq_line    init;  /* pulsed; without a sink the machine is reset */
    struct ps2_wire   *wire[I8042_PORTS];
    struct event       event;
};

extern const struct dev_class i8042_class;
extern const struct mmio_ops i8042_data_mmio, i8042_command_mmio; /* opaque: the struct dev */
void i8042_init(struct i8042 *c, struct machine *m, const char *path);
void i8042_attach(struct i8042 *c, u32 port, struct ps2_wire *w);
/* The gate was turned elsewhere: the output port shows it. Drives nothing. */
void i8042_a20_is(struct i8042 *c, bool open);
