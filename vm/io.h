/*
 * io.h - the I/O port space of a machine (x86): 65,536 byte addresses, ranges of which devices answer.
 *
 * Ranges may be added and removed while the machine runs (PCI base address registers). Where none answers, reads give
 * ones and writes vanish, as on a PC's bus. An access that leaves its first range is split into single bytes.
 */
#pragma once
#include "softmmu/softmmu.h"

#define IOBUS_RANGES 96u

struct iorange {
    u32                    base, len;
    const struct mmio_ops *ops;     /* off: from base; size 1, 2 or 4 */
    void                  *opaque;
    const char            *name;
};
struct iobus {
    struct iorange ranges[IOBUS_RANGES];
    u32            count;
    struct log    *log;
};

/* Later mappings win where ranges overlap, until they are removed. False when there is no room. base + len <=
 * 65536. */
bool iobus_map(struct iobus *b, u32 base, u32 len, const struct mmio_ops *ops, void *opaque, const char *name);
void iobus_unmap(struct iobus *b, u32 base, const void *opaque); /* the latest with both; none: nothing */
u32  iobus_read(struct iobus *b, u32 port, u32 size);            /* size 1, 2, 4; ports wrap at 65536 */
void iobus_write(struct iobus *b, u32 port, u32 val, u32 size);
