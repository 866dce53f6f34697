/*
 * pc_firmware.c - ROM, CMOS and fw_cfg for the PC's firmware; see pc_firmware.h.
 *
 * Sources: QEMU's fw_cfg specification (docs/specs/fw_cfg); SeaBIOS, docs/Runtime_config.md and src/fw/paravirt.h,
 * for what it reads.
 */
#include "hw/boards/pc_firmware.h"
#include "base/bits.h"
#include "host/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct memobj *pc_firmware_rom(struct physmap *map, const char *path, struct err *e)
{
    struct file_bytes f;
    if (!file_read("firmware", path, PC_ROM_MAX, &f, e))
        return NULL;
    struct memobj *rom = NULL;
    if (f.n % PC_ROM_UNIT)
        err_set(e, "firmware '%s': %llu bytes are no multiple of %u KiB, as the ROM of a PC is", path,
                (unsigned long long)f.n, (u32)(PC_ROM_UNIT >> 10));
    else if ((rom = physmap_new_obj(map, "bios", f.n, e)))
        memcpy(rom->host, f.p, f.n);
    file_bytes_free(&f);
    return rom;
}

/* ---- boot order: the first and the second kind in byte 0x3d, the third one in 0x38, whose bit 0 says that a floppy
 * without a signature boots, too ---- */

void pc_firmware_boot_order(struct mc146818 *rtc, const char *letters)
{
    static const u8 codes[] = { 1, 2, 3, 4 }; /* of PC_BOOT_LETTERS */
    u8 kind[3] = { 0 };
    if (!letters)
        letters = "cad";
    for (u32 i = 0; i < COUNT(kind) && letters[i]; i++) {
        const char *at = strchr(PC_BOOT_LETTERS, letters[i]);
        kind[i] = at ? codes[at - PC_BOOT_LETTERS] : 0;
    }
    mc146818_put(rtc, 0x3d, (u8)(kind[1] << 4 | kind[0]));
    mc146818_put(rtc, 0x38, (u8)(kind[2] << 4));
}

/* ---- fw_cfg ---- */

enum { E820_RAM = 1, E820_ENTRY = 20 };

static bool add_e820(struct fw_cfg *f, u64 low, u64 high, struct err *e)
{
    u8 map[2 * E820_ENTRY] = { 0 };
    store_le64(map + 8, low);
    store_le32(map + 16, E820_RAM);
    store_le64(map + E820_ENTRY, PC_HIGH);
    store_le64(map + E820_ENTRY + 8, high);
    store_le32(map + E820_ENTRY + 16, E820_RAM);
    return fw_cfg_add_file(f, "etc/e820", map, high ? sizeof map : E820_ENTRY, e);
}

/* Keys from FW_CFG_ARCH_LOCAL on are the PC's. */
static bool add_numbers(struct fw_cfg *f, const struct pc_config *c, struct err *e)
{
    enum { KEY_IRQ0_OVERRIDE = FW_CFG_ARCH_LOCAL + 2 };
    static const u64 no_nodes[2];
    return fw_cfg_add_u16(f, FW_CFG_NB_CPUS, 1, e) && fw_cfg_add_u16(f, FW_CFG_MAX_CPUS, 1, e)
           && fw_cfg_add_u64(f, FW_CFG_RAM_SIZE, c->ram_size, e)
           && fw_cfg_add_u16(f, FW_CFG_NOGRAPHIC, c->nographic, e)
           && fw_cfg_add_u16(f, FW_CFG_BOOT_MENU, c->boot_menu, e)
           && fw_cfg_add_bytes(f, FW_CFG_NUMA, no_nodes, sizeof no_nodes, e)
           && fw_cfg_add_u32(f, KEY_IRQ0_OVERRIDE, 1, e); /* the timer is at pin 2 */
}

static bool add_acpi(struct fw_cfg *f, const struct pc_acpi *a, struct err *e)
{
    u8 rsdp[PC_ACPI_RSDP];
    u32 n;
    u8 *loader = pc_acpi_loader(a, &n);
    pc_acpi_root(a, rsdp);
    bool ok = fw_cfg_add_file(f, "etc/acpi/rsdp", rsdp, sizeof rsdp, e)
              && fw_cfg_add_file(f, "etc/acpi/tables", a->p, a->n, e)
              && fw_cfg_add_file(f, "etc/table-loader", loader, n, e);
    free(loader);
    return ok;
}

/* The device that the next boot index after `after` is of, as the path that firmware of Open Firmware's kind has for
 * it. */
struct boot_place { u32 index; char path[48]; };
static void offer(struct boot_place *best, u32 after, u32 index, const char *fmt, u32 a, u32 b)
{
    if (index <= after || (best->index && index >= best->index))
        return;
    best->index = index;
    snprintf(best->path, sizeof best->path, fmt, a, b);
}

static struct boot_place next_place(const struct pc_config *c, u32 after)
{
    struct boot_place p = { 0 };
    for (u32 i = 0; i < c->slot_count; i++)
        offer(&p, after, c->slots[i].boot, "/pci@i0cf8/scsi@%x/disk@%u,0", PC_FIRST_SLOT + i, 0);
    for (u32 i = 0; i < PC_IDE_DRIVES; i++)
        offer(&p, after, c->ide[i].boot, "/pci@i0cf8/ide@1,1/drive@%u/disk@%u", i / 2, i % 2);
    for (u32 i = 0; i < FDC_DRIVES; i++)
        offer(&p, after, c->floppy_boot[i], "/pci@i0cf8/isa@1/fdc@%04x/floppy@%u", PC_PORT_FDC, i);
    return p;
}

static bool add_boot_order(struct fw_cfg *f, const struct pc_config *c, struct err *e)
{
    char list[(PC_SLOTS + PC_IDE_DRIVES + FDC_DRIVES) * sizeof((struct boot_place *)0)->path] = "";
    u32 n = 0;
    for (struct boot_place p = { 0 }; (p = next_place(c, p.index)).index;)
        n += (u32)snprintf(list + n, sizeof list - n, "%s%s", n ? "\n" : "", p.path);
    return !n || fw_cfg_add_file(f, "bootorder", list, n + 1, e);
}

bool pc_firmware_describe(struct fw_cfg *f, const struct pc_config *c, u64 low_size, const struct pc_acpi *acpi,
                          struct err *e)
{
    static const u8 states[6] = { 128, 0, 0, 1, 2, 128 }; /* S0 and S5 are there, S3 and S4 are not */
    u64 com1 = PC_PORT_COM1;
    u32 for_ever = ~0u;
    return add_numbers(f, c, e) && add_e820(f, low_size, c->ram_size - low_size, e) && add_acpi(f, acpi, e)
           && add_boot_order(f, c, e) && pc_smbios_describe(f, c->ram_size, low_size, e)
           && fw_cfg_add_file(f, "etc/system-states", states, sizeof states, e)
           && fw_cfg_add_file(f, "etc/boot-fail-wait", &for_ever, sizeof for_ever, e) /* instead of trying again */
           && (!c->nographic || fw_cfg_add_file(f, "etc/sercon-port", &com1, sizeof com1, e));
}
