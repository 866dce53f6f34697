/*
 * piix.h - what the pc board of QEMU has of Intel's south bridges: the PIIX3's ISA bridge (82371SB, 8086:7000) and
 * the PIIX4's power management function (82371AB, 8086:7113).
 *
 * The board embeds the structs, calls piix3_init and piix4_pm_init after the host bridge's init, and plugs both into
 * slot 1 (functions 0 and 3). It wires the bus' four lines to piix3_pirq, and `irq` to the pins of the interrupt
 * controllers that share their number with ISA interrupts; it joins them with those of ISA devices. The reset
 * control register at port 0xcf9 is hw/misc/pc_reset.c.
 *
 * Not modelled: DMA type F, positive decoding of ports and BIOS ranges (their registers are storage), the USB
 * function, the PIIX4's device monitors, SMI sources, GPIO (storage too).
 */
#pragma once
#include "hw/pci/pci.h"

struct piix3_state {
    struct pci_state pci;
    u32 pirq;                    /* input levels */
    u32 out;                     /* bit per ISA interrupt: driven high */
};
struct piix3 {
    struct dev         dev;
    struct piix3_state s;
    struct pci_dev     pci;
    struct irq_line    irq[16];  /* levels, active high */
};

struct piix4_pm_state {
    struct pci_state pci;
};
struct piix4_pm {
    struct dev            dev;
    struct piix4_pm_state s;
    struct pci_dev        pci;
    /* The power management registers (64 ports) are at `base`, or off; called whenever that may have changed, at
     * reset and after loading too. NULL: nothing happens. */
    void                (*pm_io)(void *opaque, u32 base, bool on);
    void                (*smbus_io)(void *opaque, u32 base, bool on); /* likewise, 16 ports */
    void                 *opaque;
};

extern const struct dev_class piix3_class, piix4_pm_class;
void piix3_init(struct piix3 *p, struct machine *m, const char *path);
struct irq_line piix3_pirq(struct piix3 *p, u32 n); /* 0..3: PIRQA#..PIRQD# */
void piix4_pm_init(struct piix4_pm *p, struct machine *m, const char *path);
