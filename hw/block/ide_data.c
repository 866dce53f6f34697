/*
 * ide_data.c - the data of an ATA channel: DRQ blocks by the data port, and DMA; not modelled: see ide.h.
 *
 * Data to the host runs through s.data, which is filled from the medium whenever it is empty; a DRQ block ends where
 * s.burst does, so that it may be shorter or longer than what one filling brings. Data from the host is a whole block
 * in s.data before it goes to the medium.
 */
#include "hw/block/ide_internal.h"

static bool is_packet(const struct ide *c)
{
    return c->s.command == CMD_PACKET;
}

/* Bytes that the command has yet to give to the host. */
static u64 remaining(const struct ide *c)
{
    return c->s.len - c->s.pos + (u64)c->s.left * c->s.unit;
}

/* False: there is no more, or the command has failed. */
static bool refill(struct ide *c)
{
    if (c->s.pos < c->s.len)
        return true;
    c->s.pos = c->s.len = 0;
    if (!c->s.left)
        return false;
    return c->s.unit == 512 ? ata_fill(c) : atapi_fill(c);
}

/* ---- to the host ---- */

void ide_reply(struct ide *c, u32 n)
{
    c->s.pos = c->s.left = 0;
    c->s.len = n;
    c->s.unit = 512;
    c->s.limit = n;
    ide_data_in(c);
}

void ide_data_in(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    if (!refill(c)) {
        if (c->s.phase != PHASE_IDLE) /* nothing to give: a loaded state that no run leads to */
            ide_fail(c, ER_ABRT);
        return;
    }
    c->s.burst = (u32)MIN(remaining(c), c->s.limit);
    c->s.phase = PHASE_IN;
    d->status = ST_DRDY | ST_DSC;
    if (is_packet(c)) {
        d->count[0] = REASON_IO;
        d->mid[0] = (u8)c->s.burst;
        d->high[0] = (u8)(c->s.burst >> 8);
    }
    ide_set_irq(c, c->s.active, true);
}

static u8 take(struct ide *c)
{
    if (!c->s.burst || !refill(c))
        return 0;
    c->s.burst--;
    return c->s.data[c->s.pos++];
}

/* A block was read. The last one of a disk's command ends it without an interrupt. */
static void in_done(struct ide *c)
{
    u64 next = c->s.lba;
    if (remaining(c)) {
        ide_schedule(c, PHASE_IN_NEXT, BLOCK_NS + MIN(remaining(c), c->s.limit) / BYTES_PER_NS);
    } else if (is_packet(c)) {
        ide_schedule(c, PHASE_LAST, BLOCK_NS);
    } else {
        ide_finish(c, false);
        ata_put_address(c, next, 0);
    }
}

u16 ide_data_read(struct ide *c)
{
    if (c->s.phase != PHASE_IN)
        return 0;
    u8 low = take(c), high = take(c);
    if (c->s.phase == PHASE_IN && (!c->s.burst || !remaining(c)))
        in_done(c);
    return (u16)(low | high << 8);
}

/* ---- from the host ---- */

void ide_data_out(struct ide *c, bool interrupt)
{
    c->s.pos = 0;
    c->s.len = (u32)MIN((u64)c->s.left * c->s.unit, MIN(c->s.limit, IDE_DATA));
    c->s.phase = PHASE_OUT;
    ide_state_of(c)->status = ST_DRDY | ST_DSC;
    if (interrupt)
        ide_set_irq(c, c->s.active, true);
}

static void written(struct ide *c)
{
    u64 next = c->s.lba;
    ide_finish(c, true);
    ata_put_address(c, next, 0);
}

void ide_data_out_done(struct ide *c)
{
    if (!ata_drain(c))
        return;
    if (c->s.left)
        ide_data_out(c, true);
    else
        written(c);
}

static void out_done(struct ide *c)
{
    if (c->s.phase == PHASE_PACKET) {
        memcpy(c->s.packet, c->s.data, sizeof c->s.packet);
        c->s.pos = c->s.len = 0;
        ide_schedule(c, PHASE_PACKET_RUN, atapi_cost(c));
    } else {
        ide_schedule(c, PHASE_OUT_NEXT, BLOCK_NS + c->s.len / BYTES_PER_NS);
    }
}

void ide_data_write(struct ide *c, u16 val)
{
    if (c->s.phase != PHASE_OUT && c->s.phase != PHASE_PACKET)
        return;
    for (u32 i = 0; i < 2 && c->s.pos < c->s.len; i++)
        c->s.data[c->s.pos++] = (u8)(val >> 8 * i);
    if (c->s.pos == c->s.len)
        out_done(c);
}

/* ---- DMA ---- */

static void dma_in(struct ide *c)
{
    while (remaining(c)) {
        if (!refill(c))
            return;
        u32 n = c->s.len - c->s.pos, got = c->dma.move(c->dma.opaque, c->s.data + c->s.pos, n, true);
        c->s.pos += MIN(got, n);
        if (got < n)
            return;
    }
    if (is_packet(c))
        atapi_end(c);
    else
        written(c);
}

static void dma_out(struct ide *c)
{
    while (c->s.left) {
        if (!c->s.len)
            c->s.len = (u32)MIN((u64)c->s.left * c->s.unit, IDE_DATA);
        u32 n = c->s.len - c->s.pos, got = c->dma.move(c->dma.opaque, c->s.data + c->s.pos, n, false);
        c->s.pos += MIN(got, n);
        if (got < n || !ata_drain(c))
            return;
    }
    written(c);
}

void ide_dma_run(struct ide *c)
{
    c->s.phase = PHASE_DMA;
    ide_state_of(c)->status = ST_DRDY | ST_DSC;
    if (!c->dma.move)
        ide_fail(c, ER_ABRT);
    else
        c->s.out ? dma_out(c) : dma_in(c);
}
