/*
 * virtio_pci.h - virtio over PCI: modern registers in a memory BAR, and the legacy I/O BAR of transitional devices.
 *
 * The board embeds the struct, calls virtio_pci_init after the init of the device behind it, and plugs `pci` into a
 * bus. BAR 0: legacy registers (transitional only); BAR 1: MSI-X; BAR 4: modern registers, 64-bit; ids and classes
 * as those of QEMU's devices. A vector for each queue and one for configuration changes.
 */
#pragma once
#include "hw/pci/pci.h"
#include "hw/virtio/virtio.h"

struct virtio_pci_state {
    struct pci_state pci;
    u32 device_sel, driver_sel;
    u32 pfn[VIRTIO_QUEUES];             /* legacy */
    u16 queue_sel;
    u16 config_vector, queue_vector[VIRTIO_QUEUES];
    u16 pad[2];
};

struct virtio_pci {
    struct dev              dev;
    struct virtio_pci_state s;
    struct pci_dev          pci;
    struct virtio          *v;
    u32                     cfg_cap;    /* offset of the configuration access capability */
};

extern const struct dev_class virtio_pci_class;
/* v: borrowed. transitional: with the legacy BAR and a legacy device id, if it is of a kind that has one. */
void virtio_pci_init(struct virtio_pci *t, struct machine *m, const char *path, struct virtio *v, bool transitional);
