/* pc_floppy.c - DMA and floppy disk controllers on the PC's ISA bus; see pc_floppy.h. */
#include "hw/boards/pc_floppy.h"

enum { CMOS_DRIVES = 0x10, CMOS_EQUIPMENT = 0x14, EQUIPMENT_FLOPPY = 1, EQUIPMENT_SECOND = 0x40 };
enum { DMA2_MASK = PC_PORT_DMA2 + 20, DMA2_MODE = PC_PORT_DMA2 + 22, MODE_CASCADE = 0xc0 };

bool pc_floppy_add(struct pc_floppy *p, struct machine *m, struct pc_floppies *c, struct irq_line irq, struct err *e)
{
    struct iobus *io = &m->io;
    p->drives = c;
    i8237_init(&p->dma, m, "dma");
    fdc_init(&p->fdc, m, "fdc");
    p->fdc.irq = irq;
    p->fdc.dreq = i8237_dreq(&p->dma, PC_DMA_FDC);
    i8237_connect(&p->dma, PC_DMA_FDC, (struct dma_device){ &p->fdc, fdc_dma });
    for (u32 i = 0; i < FDC_DRIVES; i++) {
        fdc_set_drive(&p->fdc, i, c->drive[i]);
        fdc_insert(&p->fdc, i, c->disk[i]);
    }
    return (iobus_map(io, PC_PORT_DMA, 16, &dev_mmio, &p->dma.dev, "dma")
            && iobus_map(io, PC_PORT_DMA2, 32, &i8237_second_mmio, &p->dma.dev, "dma2")
            && iobus_map(io, PC_PORT_DMA_PAGE, 16, &i8237_page_mmio, &p->dma.dev, "dma_page")
            && iobus_map(io, PC_PORT_FDC, 6, &dev_mmio, &p->fdc.dev, "fdc")
            && iobus_map(io, PC_PORT_FDC_DIR, 1, &fdc_port7_mmio, &p->fdc.dev, "fdc_dir"))
           || err_set(e, "no room for the ports of the floppy and DMA controllers");
}

void pc_floppy_cmos(const struct pc_floppies *c, struct mc146818 *rtc)
{
    u8 bits = (c->drive[0] || c->drive[1] ? EQUIPMENT_FLOPPY : 0) | (c->drive[1] ? EQUIPMENT_SECOND : 0);
    mc146818_put(rtc, CMOS_DRIVES, (u8)(c->drive[0] << 4 | c->drive[1]));
    mc146818_put(rtc, CMOS_EQUIPMENT, rtc->s.bytes[CMOS_EQUIPMENT] | bits);
}

void pc_floppy_open_dma(struct iobus *io)
{
    iobus_write(io, DMA2_MODE, MODE_CASCADE, 1);
    iobus_write(io, DMA2_MASK, 0, 1);
}

/* ---- doors: what a hand does, which nothing can lock ---- */

static bool door_never(const struct block_door *d) { return (void)d, false; }
static bool door_open(struct block_door *d, bool force) { return (void)d, (void)force, true; }

static struct block *door_medium(const struct block_door *d)
{
    return ((struct pc_floppy *)d->opaque)->drives->disk[d->n];
}

static bool door_takes(const struct block_door *d, const struct block *b, struct err *e)
{
    return fdc_takes(((struct pc_floppy *)d->opaque)->drives->drive[d->n], b->size)
           || err_set(e, "disk image '%s': its %llu bytes are no disk of the drive '%s'", b->name,
                      (unsigned long long)b->size, d->id);
}

static struct block *door_change(struct block_door *d, struct block *b)
{
    struct pc_floppy *p = d->opaque;
    p->drives->disk[d->n] = b;
    return fdc_insert(&p->fdc, d->n, b);
}

struct block_door pc_floppy_door(struct pc_floppy *p, u32 drive)
{
    return (struct block_door){
        .id = p->drives->id[drive], .kind = "floppy", .opaque = p, .n = drive, .takes = door_takes,
        .is_open = door_never, .is_locked = door_never, .medium = door_medium, .open = door_open,
        .change = door_change,
    };
}

void pc_floppies_close(struct pc_floppies *c)
{
    for (u32 i = 0; i < FDC_DRIVES; i++)
        if (c->disk[i])
            c->disk[i]->close(c->disk[i]);
    *c = (struct pc_floppies){ 0 };
}
