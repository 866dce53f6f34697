/*
 * parallel.h - the PC's parallel port with a printer that takes every byte at once.
 *
 * The board embeds the struct, calls parallel_init, sets irq, maps dev_mmio over three ports. Borrows the chr.
 */
#pragma once
#include "host/chr.h"
#include "vm/vm.h"

struct parallel_state {
    u64 due;     /* deadline of the printer's next step */
    u8  data, control;
    u8  step;    /* of the printer: PARALLEL_ */
    u8  acked;   /* the interrupt's latch: an acknowledgement came, the status was not read since */
    u8  pad[4];
};
enum { PARALLEL_READY, PARALLEL_BUSY, PARALLEL_ACK };

struct parallel {
    struct dev            dev;
    struct parallel_state s;
    struct irq_line       irq;
    struct chr           *chr; /* may be NULL: bytes vanish */
    struct event          event;
};

extern const struct dev_class parallel_class;
void parallel_init(struct parallel *p, struct machine *m, const char *path, struct chr *chr);
