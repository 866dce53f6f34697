/*
 * i8254.h - the PC's interval timer (8254), and the system control port that gates its counter 2.
 *
 * The board embeds the struct, calls i8254_init, sets out0, maps dev_mmio over four ports and i8254_port61_mmio
 * over one.
 */
#pragma once
#include "vm/vm.h"

#define I8254_HZ 1193182u
#define I8254_COUNTERS 3u

struct i8254_state {                   /* [counter]; ticks are those of the common clock since power-on */
    u64 due;                           /* deadline: the output of counter 0 changes or its count is loaded */
    u64 start[I8254_COUNTERS];         /* tick at which the counting element held `count` */
    u64 held[I8254_COUNTERS];          /* ticks counted when the gate stopped it */
    u64 load_at[I8254_COUNTERS];       /* tick at which `reload` goes to the counting element, TIME_NEVER: none set */
    u32 count[I8254_COUNTERS];         /* being counted, 1 to 65536; 0: nothing was loaded since the control word */
    u32 reload[I8254_COUNTERS];        /* as written, likewise; 0: none */
    u32 latch[I8254_COUNTERS];         /* latched count, as it is read */
    u8  control[I8254_COUNTERS];       /* bits 5:0 of the control word */
    u8  low[I8254_COUNTERS];           /* first byte of a count whose second is to come */
    u8  write_high[I8254_COUNTERS];    /* the second byte is next to be written */
    u8  read_high[I8254_COUNTERS];     /* ... to be read */
    u8  latched[I8254_COUNTERS];       /* bytes of the latched count still to be read */
    u8  status[I8254_COUNTERS];        /* latched status */
    u8  has_status[I8254_COUNTERS];
    u8  gate[I8254_COUNTERS];
    u8  level;                         /* of out0 */
    u8  port61;                        /* bits 3:0 as written */
    u8  pad[2];
    u8  owed;                          /* rising edges of out0 that a late host missed and that are to follow */
    u8  asked;                         /* edges since one was taken, at most 2 (realtime) */
    u8  stretched;                     /* out0 is high for it, whatever the counter says */
    u8  pad2[5];
};

struct i8254 {
    struct dev         dev;
    struct i8254_state s;
    struct irq_line    out0;           /* output of counter 0 */
    struct event       event;
};

extern const struct dev_class i8254_class;
extern const struct mmio_ops i8254_port61_mmio; /* opaque: the struct dev */
void i8254_init(struct i8254 *p, struct machine *m, const char *path);
/* The processor took the interrupt that is out0's. Boards that do not tell lose the edges that a late host misses. */
void i8254_taken(struct i8254 *p);
/* The output of counter n (0 to 2) now. */
bool i8254_out(struct i8254 *p, u32 n);
