/*
 * piix_ide.h - the PIIX3's IDE function (82371SB, 8086:7010): a bus master for two ATA channels in legacy mode.
 *
 * The board calls ide_init for both channels first, then piix_ide_init with them, sets `irq` (14 and 15), and plugs
 * `pci` into the bus; the channels' ports are the board's to map. The bus master's registers are in BAR 4.
 *
 * Not modelled: timing, and the bits that switch the ports on (IDETIM and SIDETIM are storage, the ports are always
 * there), the limit of a descriptor's buffer to its 64 KiB. The direction of a transfer is the drive's command's.
 */
#pragma once
#include "hw/block/ide.h"
#include "hw/pci/pci.h"

struct piix_ide_state {
    struct pci_state pci;
    u32 table[2];                /* BMIDTP: address of the descriptors */
    u32 next[2];                 /* of the descriptor that comes next */
    u32 addr[2], left[2];        /* what remains of the current one: address, bytes */
    u8  last[2];                 /* it is the last */
    u8  command[2], status[2];   /* BMICOM, BMISTA */
    u8  line[2];                 /* levels of the interrupt lines */
};

struct piix_ide;
struct piix_ide_port { struct piix_ide *p; u32 n; };
struct piix_ide {
    struct dev            dev;
    struct piix_ide_state s;
    struct pci_dev        pci;
    struct ide           *channel[2];
    struct piix_ide_port  port[2];
    struct irq_line       irq[2];
};

extern const struct dev_class piix_ide_class;
void piix_ide_init(struct piix_ide *p, struct machine *m, const char *path, struct ide *primary,
                   struct ide *secondary);
