/* io.c - the I/O port space: who answers at a port. */
#include "vm/io.h"

bool iobus_map(struct iobus *b, u32 base, u32 len, const struct mmio_ops *ops, void *opaque, const char *name)
{
    CHECK(len && base + len <= 0x10000);
    if (b->count == IOBUS_RANGES)
        return false;
    b->ranges[b->count++] = (struct iorange){ .base = base, .len = len, .ops = ops, .opaque = opaque, .name = name };
    return true;
}

void iobus_unmap(struct iobus *b, u32 base, const void *opaque)
{
    for (u32 i = b->count; i--;)
        if (b->ranges[i].base == base && b->ranges[i].opaque == opaque) {
            for (b->count--; i < b->count; i++)
                b->ranges[i] = b->ranges[i + 1];
            return;
        }
}

static const struct iorange *find(const struct iobus *b, u32 port)
{
    for (u32 i = b->count; i--;)
        if (port - b->ranges[i].base < b->ranges[i].len)
            return &b->ranges[i];
    return NULL;
}

/* All of the access belongs to the range that answers at its first port. */
static bool whole(const struct iobus *b, const struct iorange *r, u32 port, u32 size)
{
    for (u32 i = 1; i < size; i++)
        if (port + i > 0xffff || find(b, port + i) != r)
            return false;
    return true;
}

static void log_nobody(struct iobus *b, const char *what, u32 port, u32 size)
{
    log_line(b->log, LOG_unimp, "unimp: %s of %u bytes at port %#x: nothing there", what, size, port);
}

u32 iobus_read(struct iobus *b, u32 port, u32 size)
{
    port &= 0xffff;
    const struct iorange *r = find(b, port);
    if (whole(b, r, port, size)) {
        if (r && r->ops->read)
            return (u32)r->ops->read(r->opaque, port - r->base, size);
        if (!r)
            log_nobody(b, "read", port, size);
        return ~0u >> (32 - 8 * size);
    }
    u32 val = 0;
    for (u32 i = 0; i < size; i++)
        val |= iobus_read(b, port + i, 1) << 8 * i;
    return val;
}

void iobus_write(struct iobus *b, u32 port, u32 val, u32 size)
{
    port &= 0xffff;
    const struct iorange *r = find(b, port);
    if (whole(b, r, port, size)) {
        if (r && r->ops->write)
            r->ops->write(r->opaque, port - r->base, val, size);
        else if (!r)
            log_nobody(b, "write", port, size);
        return;
    }
    for (u32 i = 0; i < size; i++)
        iobus_write(b, port + i, val >> 8 * i & 0xff, 1);
}
