/*
 * pc_acpi.h - ACPI tables of the PC board.
 *
 * They are made once, without an address: pointers hold offsets into the blob, checksums are 0. Either the board
 * places them itself, or firmware does by the commands of "etc/table-loader" (QEMU's BIOS linker/loader; SeaBIOS,
 * src/fw/romfile_loader.h).
 */
#pragma once
#include "host/file.h"
#include "vm/vm.h"

#define PC_ACPI_TABLES   8u
#define PC_ACPI_POINTERS 16u

struct pc_config;
struct pc_acpi {
    u8 *p;
    u32 n;
    u32 root;                       /* offset of the RSDT */
    u32 tables[PC_ACPI_TABLES];     /* offsets of what has a checksum */
    u32 table_count;
    u32 pointers[PC_ACPI_POINTERS]; /* offsets of 32-bit pointers */
    u32 pointer_count;
};

struct aml;
/* Parts of the host bridge in the DSDT: the ISA bridge with link devices and floppy controller, and _PRT. */
void pc_acpi_isa(struct aml *a, const struct pc_config *c);
void pc_acpi_routing(struct aml *a);
u32  pc_pci_irq(u32 line); /* when firmware is done: ISA interrupt of one of the four PCI interrupt lines */
/* They name what this configuration has. */
void pc_acpi_make(struct pc_acpi *a, const struct pc_config *c, gpa pci_mem);
void pc_acpi_free(struct pc_acpi *a);
/* The root pointer and the tables for address `at` (malloc). */
void pc_acpi_place(const struct pc_acpi *a, gpa at, struct file_bytes *out);

#define PC_ACPI_RSDP 20u            /* bytes of the root pointer, revision 0 */
#define PC_LOADER_COMMAND 128u
/* The root pointer as firmware gets it, and the commands (malloc, *n bytes). */
void pc_acpi_root(const struct pc_acpi *a, u8 rsdp[PC_ACPI_RSDP]);
u8  *pc_acpi_loader(const struct pc_acpi *a, u32 *n);
