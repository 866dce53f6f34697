/*
 * pc.h - the PC board (`pc`): memory map, ports and interrupt numbers of QEMU's machine of that name (i440FX, PIIX).
 * It starts firmware from the reset vector, or Linux without firmware.
 *
 * Not modelled yet: system management mode, more than one CPU.
 */
#pragma once
#include "hw/boards/pc_boot.h"
#include "hw/boards/pc_floppy.h"
#include "hw/boards/pc_ide.h"
#include "hw/boards/virtio_slot.h"
#include "vm/vm.h"

/* Physical addresses. RAM below 4 GiB ends at PC_LOW_MAX, the rest begins at 4 GiB. */
#define PC_LOW_MAX   0xc0000000ull
#define PC_HIGH      0x100000000ull
#define PC_VGA_HOLE  0xa0000ull
#define PC_VGA_END   0xc0000ull
#define PC_PCI_MEM   0xc0000000ull /* base address registers of 32 bits, to PC_IOAPIC */
#define PC_IOAPIC    0xfec00000ull
#define PC_HPET      0xfed00000ull
#define PC_APIC      0xfee00000ull
#define PC_ROM_UNIT  0x10000ull    /* firmware's size is a multiple of it, ... */
#define PC_ROM_MAX   0x1000000ull  /* ... and this at most */
#define PC_RAM_MAX   (255ull << 30)
/* I/O ports. */
enum { PC_PORT_PIC = 0x20, PC_PORT_PIT = 0x40, PC_PORT_KBD = 0x60, PC_PORT_SPEAKER = 0x61,
       PC_PORT_KBD_COMMAND = 0x64, PC_PORT_RTC = 0x70, PC_PORT_92 = 0x92, PC_PORT_PIC2 = 0xa0,
       PC_PORT_APM = 0xb2, PC_PORT_DEBUG_E9 = 0xe9, PC_PORT_FPU_ERROR = 0xf0,
       PC_PORT_COM2 = 0x2f8, PC_PORT_LPT1 = 0x378, PC_PORT_COM1 = 0x3f8,
       PC_PORT_DEBUGCON = 0x402, PC_PORT_ELCR = 0x4d0,
       PC_PORT_DEBUG_EXIT = 0x501, PC_PORT_FW_CFG = 0x510, PC_PORT_PM = 0x600, PC_PORT_PCI = 0xcf8, PC_PORT_RESET = 0xcf9,
       PC_PORT_GPE = 0xafe0, PC_PORT_BMIDE = 0xc000 /* until the guest says otherwise */ };
/* ISA interrupts, and the pins of the I/O APIC: alike, but that the timer comes in at pin 2. */
enum { PC_IRQ_TIMER = 0, PC_IRQ_KBD = 1, PC_IRQ_COM2 = 3, PC_IRQ_COM1 = 4, PC_IRQ_LPT1 = 7,
       PC_IRQ_RTC = 8, PC_IRQ_SCI = 9, PC_IRQ_MOUSE = 12, PC_IRQ_FPU = 13, PC_PIN_TIMER = 2 };
/* Letters of -boot order, as the CMOS has them. */
#define PC_BOOT_LETTERS "acdn"

#define PC_DOORS (PC_IDE_DRIVES + FDC_DRIVES)
#define PC_SLOTS 24u /* PCI devices of the user, ... */
#define PC_FIRST_SLOT 3u /* ... from this slot on */

struct pc_config {
    bool          (*add_cpu)(struct machine *m, void *opaque, struct err *e); /* makes vCPU 0 */
    void           *cpu_opaque;
    bool            long_mode;     /* the CPU has 64-bit mode: kernels may be entered there */
    bool            has_apic;      /* ... a local APIC */
    u64             ram_size;      /* bytes, page aligned */
    const char     *kernel, *initrd, *append; /* paths and text, or NULL: then ... */
    const char     *bios;          /* ... this is the path of the firmware that starts */
    const char     *boot_order;    /* up to three of PC_BOOT_LETTERS; NULL: disk, floppy, CD */
    const char     *boot_once;     /* the same, in its place until the first reset; or NULL */
    u32             floppy_boot[FDC_DRIVES]; /* bootindex + 1; 0: none */
    bool            boot_menu;
    bool            nographic;     /* firmware may use the serial port as its console */
    struct chr     *serial;        /* COM1, or NULL */
    struct chr     *serial2;       /* COM2; NULL: there is none */
    struct chr     *parallel;      /* LPT1; NULL: there is none */
    struct input   *input;         /* keyboard and mouse, or NULL */
    struct chr     *debugcon;      /* ports 0xe9 and 0x402, or NULL */
    bool            debug_exit;    /* isa-debug-exit at 0x501 */
    struct virtio_slot  slots[PC_SLOTS];
    u32             slot_count;
    struct pc_floppies  floppies;
    struct pc_ide_drive ide[PC_IDE_DRIVES];
    bool            deterministic; /* seeds from the machine's own generator, not from the host */
    u64             rtc_seconds;   /* of the clock at power-on */
    bool            vga;           /* there is a screen */
    const char     *vga_bios;      /* path, or NULL: the VGA has none */
    bool            ramfb;         /* there is a screen in RAM, ... */
    u32             ramfb_order;   /* ... of this order among those of virtio_slot.h */
    const char     *ramfb_bios;    /* ... with a BIOS of its own; or NULL */
};

/* Builds the board on an empty machine and resets it. */
bool pc_build(struct machine *m, const struct pc_config *c, struct err *e) MUST_CHECK;
/* Closes the disks of a board that pc_build() was never called for; afterwards the machine does. */
void pc_close_blocks(struct pc_config *c);
/* The doors of drives, those without an id aside; the board's. */
struct block_door *pc_doors(struct machine *m, u32 *count);
/* The screen to look at, the VGA's if there is one; NULL: there is none. */
struct display *pc_display(struct machine *m);
/* Presses the power button: the guest is asked to shut down. */
void pc_power_key(struct machine *m);
/* Pulses the NMI line: a local APIC's LINT1, or the processor's own. */
void pc_nmi(struct machine *m);
struct pci_bus *pc_pci(struct machine *m);
