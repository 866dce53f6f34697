/*
 * pc_firmware.h - what the PC board hands to firmware: its ROM, and what it says of the machine by CMOS and fw_cfg.
 *
 * Not modelled: kernels by fw_cfg (they are entered without firmware), option ROMs as files, S3 and S4.
 */
#pragma once
#include "hw/boards/pc.h"
#include "hw/boards/pc_acpi.h"
#include "hw/misc/fw_cfg.h"
#include "hw/timer/mc146818.h"

/* The file as a memory object; NULL: it cannot be read, or is no ROM by its size. */
struct memobj *pc_firmware_rom(struct physmap *map, const char *path, struct err *e);
/* Which kinds of disks are tried, in the CMOS bytes where QEMU has it. */
void pc_firmware_boot_order(struct mc146818 *rtc, const char *letters);
/* pc_smbios.c: the items with SMBIOS structures. */
bool pc_smbios_describe(struct fw_cfg *f, u64 size, u64 low_size, struct err *e) MUST_CHECK;
/* All items of fw_cfg. low_size: RAM below 4 GiB, in bytes. */
bool pc_firmware_describe(struct fw_cfg *f, const struct pc_config *c, u64 low_size, const struct pc_acpi *acpi,
                          struct err *e) MUST_CHECK;
