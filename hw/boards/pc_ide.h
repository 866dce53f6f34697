/* pc_ide.h - the PC board's IDE: two channels with two drives each, behind the PIIX3's bus master. */
#pragma once
#include "hw/pci/piix_ide.h"
#include "hw/timer/mc146818.h"

#define PC_IDE_DRIVES 4u /* primary 0 and 1, secondary 0 and 1 */
enum { PC_PORT_IDE1 = 0x170, PC_PORT_IDE0 = 0x1f0, PC_PORT_IDE1_CONTROL = 0x376, PC_PORT_IDE0_CONTROL = 0x3f6,
       PC_IRQ_IDE0 = 14, PC_IRQ_IDE1 = 15 };

struct pc_ide_drive {
    enum ide_kind kind;
    struct block *block;   /* owned by whoever holds this, the board in the end */
    const char   *serial;  /* or NULL: QEMU's for this place */
    const char   *id;      /* what a monitor calls it */
    u32           boot;    /* bootindex + 1; 0: none */
};

struct pc_ide {
    struct ide           channel[2];
    struct piix_ide      piix;
    struct pc_ide_drive *drives;      /* the board's, PC_IDE_DRIVES */
    struct block_door    door[PC_IDE_DRIVES]; /* of CD drives; the others have no id */
};

/* On the bus in slot 1, function 1; its ports mapped. irq: of both channels. */
bool pc_ide_init(struct pc_ide *p, struct machine *m, struct pci_bus *bus, const struct irq_line irq[2],
                 struct pc_ide_drive drives[PC_IDE_DRIVES], struct err *e) MUST_CHECK;
/* What firmware does: ports on, the bus master's registers at `ports`. */
void pc_ide_set_up(struct pci_bus *bus, u32 ports);
/* Kinds and geometry of the disks, as firmware keeps them. */
void pc_ide_fill_cmos(const struct pc_ide *p, struct mc146818 *rtc);
void pc_ide_close(struct pc_ide_drive drives[PC_IDE_DRIVES]);
