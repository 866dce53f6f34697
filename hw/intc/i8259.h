/*
 * i8259.h - the PC's two cascaded 8259A interrupt controllers, with the edge/level registers of later chipsets.
 *
 * The board embeds the struct, calls i8259_init, sets out, maps the three ranges: two ports each for master, slave
 * and ELCR. Inputs 0 to 15 are i8259_line(); input 2 is taken by the cascade.
 */
#pragma once
#include "vm/vm.h"

enum { I8259_MASTER, I8259_SLAVE, I8259_CHIPS };

struct i8259_state {               /* [chip] */
    u8 lines[I8259_CHIPS];         /* input levels now */
    u8 irr[I8259_CHIPS];           /* requests */
    u8 imr[I8259_CHIPS];           /* masked */
    u8 isr[I8259_CHIPS];           /* in service */
    u8 elcr[I8259_CHIPS];          /* level-triggered inputs */
    u8 base[I8259_CHIPS];          /* ICW2: vector of input 0 */
    u8 lowest[I8259_CHIPS];        /* input of the lowest priority */
    u8 expect[I8259_CHIPS];        /* initialization word that comes next: 2, 3, 4; 0: initialized */
    u8 icw1[I8259_CHIPS];
    u8 icw4[I8259_CHIPS];
    u8 read_isr[I8259_CHIPS];      /* what port 0 reads */
    u8 poll[I8259_CHIPS];          /* the next read acknowledges */
    u8 special_mask[I8259_CHIPS];
    u8 rotate_aeoi[I8259_CHIPS];   /* rotate at automatic ends of interrupt */
};

struct i8259 {
    struct dev         dev;
    struct i8259_state s;
    struct irq_line    out;        /* INT */
};

extern const struct dev_class i8259_class;
extern const struct mmio_ops i8259_master_mmio, i8259_slave_mmio, i8259_elcr_mmio; /* opaque: the struct dev */
void i8259_init(struct i8259 *p, struct machine *m, const char *path);
/* Input n (0 to 15). */
struct irq_line i8259_line(struct i8259 *p, u32 n);
/* The interrupt acknowledge cycle: the vector of the request that is taken; a spurious one when there is none. */
u8 i8259_ack(struct i8259 *p);
/* The INT output now. */
bool i8259_pending(const struct i8259 *p);
