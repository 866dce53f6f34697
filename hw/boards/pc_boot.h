/*
 * pc_boot.h - direct boot of Linux on a PC: the kernel without firmware, by the 32- or 64-bit entry of its boot protocol.
 *
 * Source: Documentation/arch/x86/boot.rst and zero-page.rst of Linux. What a loader and a BIOS would have left in memory is put there:
 * boot parameters, memory map, command line, ACPI tables, descriptor table and (64 bits) page tables.
 *
 * Memory: PCB_ below 1 MiB, the kernel at 1 MiB, the initial RAM disk at the top of low memory.
 */
#pragma once
#include "host/file.h"
#include "vm/vm.h"

#define PCB_GDT     0x1000ull
#define PCB_TABLES  0x2000ull   /* page tables: 6 pages, to map 4 GiB */
#define PCB_PARAMS  0x10000ull
#define PCB_CMDLINE 0x20000ull
#define PCB_KERNEL  0x100000ull
#define PCB_ACPI    0xe0000ull  /* tables, to 1 MiB; the root pointer first */
#define PCB_CMDLINE_MAX 0x10000u
#define PC_INITRD_MAX (2048ull << 20)

struct pc_boot {
    struct file_bytes kernel, initrd, acpi;
    const char       *append;      /* or NULL */
    u32               setup_bytes; /* of the kernel file: real-mode part */
    bool              long_entry;  /* enter in 64-bit mode */
    u64               ram_size, low_size; /* all of it, and what lies below 4 GiB */
    gpa               initrd_at;
};

/* Reads and checks a bzImage of at most `max` bytes. Whether it fits is decided by pc_boot_layout(). */
bool pc_boot_read_kernel(struct pc_boot *b, const char *path, u64 max, struct err *e) MUST_CHECK;
bool pc_boot_read_initrd(struct pc_boot *b, const char *path, u64 max, struct err *e) MUST_CHECK;
/* Where things go; long_mode: the CPU has it. False: the kernel needs what this machine has not; e does not name the
 * kernel. */
bool pc_boot_layout(struct pc_boot *b, u64 ram_size, u64 low_size, bool long_mode, struct err *e) MUST_CHECK;
/* At each reset: puts everything into memory. */
void pc_boot_place(const struct pc_boot *b, struct machine *m);
/* How vCPU 0 begins. */
struct guest_entry pc_boot_entry(const struct pc_boot *b);
void pc_boot_free(struct pc_boot *b);
