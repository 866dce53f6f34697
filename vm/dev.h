/*
 * dev.h - the contract between a device, the bus, the board and the snapshot.
 *
 * A device is a struct with `struct dev dev` first, a *state struct* of plain integers described by a
 * field table (base/state.h), and wiring (irq lines, host handles, events). It knows no address, no
 * interrupt number and no file format; boards give it those. It sees virtual time only (machine_now).
 *
 * Registers are rows of a table (32-bit registers); devices of another shape (FIFOs of any width, banks)
 * give `read` and `write` instead. Guest mistakes are guest_error lines, never more.
 */
#pragma once
#include "base/log.h"
#include "base/state.h"

struct machine;
struct dev;

/* An output wire. The sink's set() may be called with an unchanged level. */
struct irq_line {
    void (*set)(void *opaque, u32 n, bool level);
    void *opaque;
    u32   n;
};
static inline void irq_set(const struct irq_line *l, bool level)
{
    if (l->set)
        l->set(l->opaque, l->n, level);
}

struct reg {
    u16         offset;
    u16         at;       /* offset of the u32 in the state struct, or REG_NONE */
    u32         writable; /* bits the guest can change */
    const char *name;     /* as in the spec, for logs and traces */
    u32 (*read)(struct dev *);
    void (*write)(struct dev *, u32 val); /* after the masked store, if there is storage */
};
#define REG_NONE 0xffff

struct dev_class {
    const char              *name;         /* stable: snapshots refer to it */
    const struct state_desc *state;
    u32                      state_offset; /* of the state struct in the device */
    u32                      size;         /* of the device struct, for tests that make one */
    const struct reg        *regs;         /* register file, looked at first; other offsets: read and write below */
    u32                      reg_count;
    u64 (*read)(struct dev *, u64 off, u32 size);             /* size 1, 2, 4, 8 */
    void (*write)(struct dev *, u64 off, u64 val, u32 size);
    void (*reset)(struct dev *);           /* power-on values; outputs driven */
    void (*resumed)(struct dev *);         /* state just loaded: drive outputs, arm events again */
    void (*free)(struct dev *);            /* releases wiring; NULL: nothing to release */
};

struct dev {
    const struct dev_class *cls;
    const char             *path; /* "uart0": given by the board, the snapshot key */
    struct machine         *m;    /* NULL in register tests without a machine: then time is 0 */
};

static inline void *dev_state(struct dev *d) { return (char *)d + d->cls->state_offset; }

/* Register access by the table or the class' own functions; any offset, size 1, 2, 4 or 8. Narrow accesses
 * to table registers use the addressed bytes of the 32-bit value (a narrow write has zeros above). */
u64  dev_read(struct dev *d, u64 off, u32 size);
void dev_write(struct dev *d, u64 off, u64 val, u32 size);
/* struct mmio_ops whose opaque is the struct dev. */
extern const struct mmio_ops dev_mmio;

void guest_error(const struct dev *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
u64  dev_now(const struct dev *d); /* virtual ns */
