/*
 * virt.h - the Arm `virt` board: memory map, interrupt numbers and device tree of QEMU's machine of that name,
 * so that stock kernels and firmware run unmodified.
 *
 * Not modelled: the ITS of a GICv3 (so no message-signalled interrupts with it), SMMU, PMU, ACPI tables and GED, secure world, more
 * than one CPU, RAM above what -m gives (no hotplug). Their nodes are absent from the device tree.
 */
#pragma once
#include "hw/boards/arm_boot.h"
#include "hw/boards/virtio_slot.h"
#include "host/display.h"
#include "vm/vm.h"

/* Addresses. */
#define VIRT_FLASH0    0x00000000ull
#define VIRT_FLASH1    0x04000000ull
#define VIRT_FLASH_SIZE 0x04000000ull
#define VIRT_GICD      0x08000000ull
#define VIRT_GICC      0x08010000ull
#define VIRT_GICV2M    0x08020000ull
#define VIRT_GICR      0x080a0000ull
#define VIRT_UART      0x09000000ull
#define VIRT_RTC       0x09010000ull
#define VIRT_FW_CFG    0x09020000ull
#define VIRT_GPIO      0x09030000ull
#define VIRT_VIRTIO    0x0a000000ull
#define VIRT_VIRTIO_STEP 0x200ull
#define VIRT_VIRTIO_COUNT 32u
#define VIRT_PCI_COUNT 31u
#define VIRT_PCIE_MMIO 0x10000000ull
#define VIRT_PCIE_MMIO_SIZE 0x2eff0000ull
#define VIRT_PCIE_PIO  0x3eff0000ull
#define VIRT_PCIE_PIO_SIZE 0x10000ull
#define VIRT_RAM       0x40000000ull
#define VIRT_RAM_MAX   (255ull << 30)
#define VIRT_PCIE_ECAM 0x4010000000ull
#define VIRT_PCIE_ECAM_SIZE 0x10000000ull
#define VIRT_PCIE_HIGH 0x8000000000ull
#define VIRT_PCIE_HIGH_SIZE 0x8000000000ull
#define VIRT_DTB_ROOM  (1u << 20)
/* SPIs (interrupt id 32 + n) and PPIs (id 16 + n). */
enum { VIRT_SPI_UART = 1, VIRT_SPI_RTC = 2, VIRT_SPI_PCIE = 3 /* to 6 */, VIRT_SPI_GPIO = 7, VIRT_SPI_VIRTIO = 16,
       VIRT_SPI_GICV2M = 48 /* to 111 */ };
enum { VIRT_PPI_TIMER_VIRT = 11, VIRT_PPI_TIMER_SEC = 13, VIRT_PPI_TIMER_PHYS = 14, VIRT_PPI_TIMER_HYP = 10 };

struct virt_config {
    const char             *cpu;           /* model name, for the device tree */
    bool                  (*add_cpu)(struct machine *m, void *opaque, struct err *e); /* makes vCPU 0 */
    void                   *cpu_opaque;
    u64                     ram_size;      /* bytes, page aligned */
    u32                     gic_version;   /* 2 or 3 */
    const char             *kernel, *initrd, *append, *dtb; /* paths and text, or NULL */
    const char             *bios;          /* path, or NULL: goes to flash 0 */
    struct block           *pflash[2];     /* or NULL; owned by the board */
    struct chr             *serial;        /* PL011, or NULL */
    struct virtio_slot      slots[VIRT_VIRTIO_COUNT + VIRT_PCI_COUNT]; /* those on PCI among the others */
    u32                     slot_count;
    bool                    deterministic; /* seeds and the RTC from the machine's own generator, not from the host */
    bool                    virtio_legacy; /* transport version 1 */
    bool                    nographic;     /* told to firmware */
    u64                     rtc_seconds;   /* of the RTC at power-on */
    struct input           *input;         /* keys and pointer for virtio devices, or NULL */
    bool                    ramfb;         /* there is a screen in RAM, ... */
    u32                     ramfb_order;   /* ... of this order among all */
};

/* Builds the board on an empty machine and resets it. */
bool virt_build(struct machine *m, const struct virt_config *c, struct err *e) MUST_CHECK;
/* Closes the disks of a board that virt_build() was never called for; afterwards the machine does. */
void virt_close_blocks(struct virt_config *c);
/* Presses the power key: the guest is asked to shut down. */
void virt_power_key(struct machine *m);
struct pci_bus *virt_pci(struct machine *m);
/* The screen to look at; NULL: there is none. */
struct display *virt_display(struct machine *m);

/* virt_fdt.c: the device tree into out; fails only when a user's tree does not fit the machine. */
bool virt_make_fdt(const struct virt_config *c, struct machine *m, const struct arm_boot *boot, struct file_bytes *out,
                   struct err *e) MUST_CHECK;
/* A tree given by -dtb: checked, then memory, chosen and seeds are filled in. */
bool virt_load_fdt(const struct virt_config *c, struct machine *m, const struct arm_boot *boot, struct file_bytes *out,
                   struct err *e) MUST_CHECK;
