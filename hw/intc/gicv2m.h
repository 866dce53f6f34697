/*
 * gicv2m.h - the frame by which messages of PCI functions become interrupts of a GICv2 ("GICv2m").
 *
 * Spec: Arm Server Base System Architecture (DEN 0029), its appendix on GICv2m. Whoever writes the interrupt id of
 * one of the frame's SPIs to MSI_SETSPI_NS, a processor or a function, makes it pending. A message is a pulse: the
 * guest has to make these SPIs edge-triggered (GICD_ICFGR). The frame has no state; what is pending is the GIC's.
 *
 * The board embeds the struct, calls gicv2m_init, fills in `spi`, maps dev_mmio over GICV2M_SIZE bytes, and hands the
 * messages for the address of MSI_SETSPI_NS to gicv2m_set.
 *
 * Not modelled: more than one frame, the secure register, accesses of less than a word (ignored).
 */
#pragma once
#include "vm/vm.h"

#define GICV2M_SIZE      0x1000u
#define GICV2M_SETSPI_NS 0x040u
#define GICV2M_SPIS      64u    /* at most */

struct gicv2m {
    struct dev      dev;
    u32             first;      /* interrupt id of the first SPI, 32 and up */
    u32             count;
    struct irq_line spi[GICV2M_SPIS];
};

extern const struct dev_class gicv2m_class;
void gicv2m_init(struct gicv2m *f, struct machine *m, const char *path, u32 first, u32 count);
/* A message with an interrupt id in bits 9:0; false: the frame does not have it. */
bool gicv2m_set(struct gicv2m *f, u32 data);
