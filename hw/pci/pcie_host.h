/*
 * pcie_host.h - a generic PCI host with memory-mapped configuration (ECAM), "pci-host-ecam-generic" in device trees.
 *
 * The board embeds the struct, calls pcie_host_init, maps dev_mmio over the ECAM window (1 MiB for each bus number)
 * and pcie_host_pio, opaque the machine, over the window of I/O ports; fills in bus.intx, bus.mem and bus.msi; plugs
 * functions into slots 1 and up. Slot 0 is the host bridge itself, with the ids that QEMU's generic host shows.
 *
 * Not modelled: root ports and buses beyond 0, extended configuration space, error reporting.
 */
#pragma once
#include "hw/pci/pci.h"

struct pcie_host_state {
    struct pci_state pci;
};
struct pcie_host {
    struct dev             dev;
    struct pcie_host_state s;
    struct pci_dev         pci;
    struct pci_bus         bus;
};

extern const struct dev_class pcie_host_class;
extern const struct mmio_ops pcie_host_pio; /* opaque: struct machine; offset: the port */
void pcie_host_init(struct pcie_host *h, struct machine *m, const char *path);
