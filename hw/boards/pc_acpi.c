/*
 * pc_acpi.c - ACPI tables of the PC board: root pointers, FADT, MADT, HPET, DSDT; as much as an operating system needs to
 * find its interrupts, timers, the PCI bus and the way to power off.
 *
 * Source: ACPI specification 6.4, chapter 5. Interrupt routing: link devices (pc_acpi_isa.c) route PCI pins to ISA
 * interrupts 5, 10 and 11, level and active high, as on QEMU's machine.
 */
#include "base/bits.h"
#include "hw/boards/pc_acpi.h"
#include "hw/boards/aml.h"
#include "hw/boards/pc.h"
#include <stdlib.h>
#include <string.h>

#define ROOM 0x4000u
#define HEADER 36u /* 5.2.6 */
#define OEM "MYNAH "
#define CREATOR 0x484e594du /* "MYNH" */

static u8 checksum(const u8 *p, u32 n)
{
    u8 sum = 0;
    for (u32 i = 0; i < n; i++)
        sum = (u8)(sum + p[i]);
    return (u8)-sum;
}

/* A pointer at `at`: an offset until the tables are placed. */
static void put_pointer(struct pc_acpi *t, u32 at, u32 to)
{
    CHECK(t->pointer_count < PC_ACPI_POINTERS);
    store_le32(t->p + at, to);
    t->pointers[t->pointer_count++] = at;
}

/* A table of n bytes behind what there is, its header filled in. */
static u32 begin(struct pc_acpi *t, const char *signature, u32 revision, u32 n)
{
    u32 at = (t->n + 15) & ~15u;
    CHECK(at + n <= ROOM && t->table_count < PC_ACPI_TABLES);
    t->tables[t->table_count++] = at;
    u8 *h = t->p + at;
    memcpy(h, signature, 4);
    store_le32(h + 4, n);
    h[8] = (u8)revision;
    memcpy(h + 10, OEM "MYNAHPC ", 14);
    store_le32(h + 24, 1);
    store_le32(h + 28, CREATOR);
    store_le32(h + 32, 1);
    t->n = at + n;
    return at;
}

/* ---- DSDT ---- */

/* As SeaBIOS sets the routes. */
u32 pc_pci_irq(u32 line) { return line & 2 ? 11 : 10; }

static void pci_bus(struct aml *a, const struct pc_config *c, gpa pci_mem)
{
    u32 dev = aml_device(a, "PCI0");
    aml_def_eisa(a, "_HID", "PNP0A03");
    aml_def_int(a, "_ADR", 0);
    aml_def_int(a, "_UID", 0);
    struct aml_buf r = aml_resources(a, "_CRS");
    aml_res_bus(a, 0, 255);
    aml_res_io(a, PC_PORT_PCI, 8);
    aml_res_io_range(a, 0, PC_PORT_PCI - 1);
    aml_res_io_range(a, 0xd00, 0xffff);
    aml_res_mem_range(a, (u32)PC_VGA_HOLE, (u32)PC_VGA_END - 1);
    aml_res_mem_range(a, (u32)pci_mem, (u32)PC_IOAPIC - 1);
    aml_resources_end(a, r);
    pc_acpi_isa(a, c);
    pc_acpi_routing(a);
    aml_end(a, dev);
}

static void legacy_device(struct aml *a, const char *name, const char *id, u32 uid, u32 port, u32 len, u32 irq)
{
    u32 dev = aml_device(a, name);
    aml_def_eisa(a, "_HID", id);
    aml_def_int(a, "_UID", uid);
    struct aml_buf r = aml_resources(a, "_CRS");
    aml_res_io(a, port, len);
    aml_res_irq(a, irq);
    aml_resources_end(a, r);
    aml_end(a, dev);
}

static void hpet_device(struct aml *a)
{
    u32 dev = aml_device(a, "HPET");
    aml_def_eisa(a, "_HID", "PNP0103");
    aml_def_int(a, "_UID", 0);
    struct aml_buf r = aml_resources(a, "_CRS");
    aml_res_mem(a, (u32)PC_HPET, 0x400);
    aml_resources_end(a, r);
    aml_end(a, dev);
}

/* QEMU, docs/specs/fw_cfg, "ACPI interface": present, not shown to users */
static void fw_cfg_device(struct aml *a)
{
    u32 dev = aml_device(a, "FWCF");
    aml_def_string(a, "_HID", "QEMU0002");
    aml_def_int(a, "_STA", 0xb);
    struct aml_buf r = aml_resources(a, "_CRS");
    aml_res_io(a, PC_PORT_FW_CFG, 12);
    aml_resources_end(a, r);
    aml_end(a, dev);
}

/* 7.4.2.6: PM1a_CNT.SLP_TYP of S5 is 0 on the PIIX4. */
static void soft_off(struct aml *a)
{
    aml_def_name(a, "\\_S5_");
    u32 p = aml_package(a, 4);
    for (u32 i = 0; i < 4; i++)
        aml_int(a, 0);
    aml_end(a, p);
}

static void ps2_devices(struct aml *a)
{
    u32 dev = aml_device(a, "KBD_");
    aml_def_eisa(a, "_HID", "PNP0303");
    struct aml_buf r = aml_resources(a, "_CRS");
    aml_res_io(a, PC_PORT_KBD, 1);
    aml_res_io(a, PC_PORT_KBD_COMMAND, 1);
    aml_res_irq(a, PC_IRQ_KBD);
    aml_resources_end(a, r);
    aml_end(a, dev);
    dev = aml_device(a, "MOU_");
    aml_def_eisa(a, "_HID", "PNP0F13");
    r = aml_resources(a, "_CRS");
    aml_res_irq(a, PC_IRQ_MOUSE);
    aml_resources_end(a, r);
    aml_end(a, dev);
}

static u32 dsdt(struct pc_acpi *t, const struct pc_config *c, gpa pci_mem)
{
    u32 at = begin(t, "DSDT", 1, HEADER);
    struct aml a = { .p = t->p + at, .n = HEADER, .room = ROOM - at };
    u32 scope = aml_scope(&a, "\\_SB_");
    pci_bus(&a, c, pci_mem);
    legacy_device(&a, "COM1", "PNP0501", 1, PC_PORT_COM1, 8, PC_IRQ_COM1);
    if (c->serial2)
        legacy_device(&a, "COM2", "PNP0501", 2, PC_PORT_COM2, 8, PC_IRQ_COM2);
    if (c->parallel)
        legacy_device(&a, "LPT1", "PNP0400", 1, PC_PORT_LPT1, 3, PC_IRQ_LPT1);
    ps2_devices(&a);
    legacy_device(&a, "RTC_", "PNP0B00", 0, PC_PORT_RTC, 2, PC_IRQ_RTC);
    hpet_device(&a);
    fw_cfg_device(&a);
    aml_end(&a, scope);
    soft_off(&a);
    store_le32(t->p + at + 4, a.n);
    t->n = at + a.n;
    return at;
}

/* ---- FADT, 5.2.9, as of revision 3: the first that says how to reset and what is not there ---- */

static u32 facs(struct pc_acpi *t)
{
    u32 at = (t->n + 63) & ~63u;
    memcpy(t->p + at, "FACS", 4);
    store_le32(t->p + at + 4, 64);
    t->n = at + 64;
    return at;
}

static u32 fadt(struct pc_acpi *t, u32 facs_at, u32 dsdt_at, bool vga)
{
    u32 at = begin(t, "FACP", 3, 244);
    u8 *p = t->p + at;
    put_pointer(t, at + 36, facs_at);
    put_pointer(t, at + 40, dsdt_at);
    p[44] = 1; /* both interrupt controllers */
    store_le16(p + 46, PC_IRQ_SCI);
    store_le32(p + 48, PC_PORT_APM);
    p[52] = 0xf1; /* ACPI_ENABLE, ACPI_DISABLE */
    p[53] = 0xf0;
    store_le32(p + 56, PC_PORT_PM);
    store_le32(p + 64, PC_PORT_PM + 4);
    store_le32(p + 76, PC_PORT_PM + 8);
    store_le32(p + 80, PC_PORT_GPE);
    p[88] = 4; /* lengths: PM1 event, PM1 control, timer, GPE0 */
    p[89] = 2;
    p[91] = 4;
    p[92] = 4;
    store_le16(p + 96, 0xfff);  /* no C2, no C3 */
    store_le16(p + 98, 0xfff);
    p[108] = 0x32;              /* century byte of the CMOS */
    store_le16(p + 109, (u16)(1 << 0 | 1 << 1 | !vga << 2)); /* ISA devices, a keyboard controller; no VGA */
    store_le32(p + 112, 1 << 0 | 1 << 2 | 1 << 5 | 1 << 10); /* WBINVD, C1, no sleep button, the reset register: */
    p[116] = 1; /* a port of 8 bits, accessed so */
    p[117] = 8;
    p[119] = 1;
    store_le64(p + 120, PC_PORT_RESET);
    p[128] = 6; /* a hard reset */
    return at;
}

/* ---- MADT, 5.2.12 ---- */

static u8 *override(u8 *p, u32 irq, u32 gsi, u32 flags)
{
    p[0] = 2;
    p[1] = 10;
    p[3] = (u8)irq;
    store_le32(p + 4, gsi);
    store_le16(p + 8, (u16)flags);
    return p + 10;
}

static u32 madt(struct pc_acpi *t)
{
    static const u8 level[] = { 5, PC_IRQ_SCI, 10, 11 };
    u32 at = begin(t, "APIC", 1, HEADER + 8 + 8 + 12 + 10 * (1 + COUNT(level)) + 6);
    u8 *p = t->p + at + HEADER;
    store_le32(p, (u32)PC_APIC);
    store_le32(p + 4, 1); /* and a pair of 8259 */
    p += 8;
    p[1] = 8; /* type 0: processor 0, APIC id 0, enabled */
    store_le32(p + 4, 1);
    p += 8;
    p[0] = 1; /* I/O APIC 0 */
    p[1] = 12;
    store_le32(p + 4, (u32)PC_IOAPIC);
    p = override(p + 12, PC_IRQ_TIMER, PC_PIN_TIMER, 0);
    for (u32 i = 0; i < COUNT(level); i++)
        p = override(p, level[i], level[i], 0xd); /* level, active high */
    p[0] = 4; /* NMI at LINT1 of all processors */
    p[1] = 6;
    p[2] = 0xff;
    p[5] = 1;
    return at;
}

/* ---- HPET: its specification, 3.2.4 ---- */

static u32 hpet(struct pc_acpi *t)
{
    u32 at = begin(t, "HPET", 1, HEADER + 20);
    u8 *p = t->p + at + HEADER;
    store_le32(p, 0x8086a201);  /* low half of the capabilities */
    p[5] = 64;                  /* memory, 64 bits wide */
    store_le64(p + 8, PC_HPET);
    store_le16(p + 17, 100);    /* shortest period without losses, in ticks */
    return at;
}

/* ---- the root ---- */

static u32 rsdt(struct pc_acpi *t, const u32 *tables, u32 count)
{
    u32 at = begin(t, "RSDT", 1, HEADER + 4 * count);
    for (u32 i = 0; i < count; i++)
        put_pointer(t, at + HEADER + 4 * i, tables[i]);
    return at;
}

void pc_acpi_make(struct pc_acpi *a, const struct pc_config *c, gpa pci_mem)
{
    *a = (struct pc_acpi){ .p = calloc(1, ROOM) };
    CHECK(a->p);
    u32 f = facs(a), d = dsdt(a, c, pci_mem), count = 0, list[3];
    list[count++] = fadt(a, f, d, c->vga);
    if (c->has_apic)
        list[count++] = madt(a);
    list[count++] = hpet(a);
    a->root = rsdt(a, list, count);
}

void pc_acpi_free(struct pc_acpi *a)
{
    free(a->p);
    *a = (struct pc_acpi){ 0 };
}

/* 5.2.5.3, as of revision 0 */
void pc_acpi_root(const struct pc_acpi *a, u8 rsdp[PC_ACPI_RSDP])
{
    memset(rsdp, 0, PC_ACPI_RSDP);
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, OEM, 6);
    store_le32(rsdp + 16, a->root);
}

void pc_acpi_place(const struct pc_acpi *a, gpa at, struct file_bytes *out)
{
    const u32 from = 64; /* of the tables: one of them is aligned so */
    u8 *p = calloc(1, from + a->n), *t = p + from;
    CHECK(p);
    memcpy(t, a->p, a->n);
    for (u32 i = 0; i < a->pointer_count; i++)
        store_le32(t + a->pointers[i], load_le32(t + a->pointers[i]) + (u32)at + from);
    for (u32 i = 0; i < a->table_count; i++)
        t[a->tables[i] + 9] = checksum(t + a->tables[i], load_le32(t + a->tables[i] + 4));
    pc_acpi_root(a, p);
    store_le32(p + 16, (u32)at + from + a->root);
    p[8] = checksum(p, PC_ACPI_RSDP);
    *out = (struct file_bytes){ .p = p, .n = from + a->n };
}

/* ---- commands for firmware ---- */

enum { LOAD_ALLOCATE = 1, LOAD_POINTER, LOAD_CHECKSUM };
enum { ZONE_HIGH = 1, ZONE_F_SEGMENT = 2 };
#define LOAD_NAME 56u
#define TABLES "etc/acpi/tables"
#define RSDP   "etc/acpi/rsdp"

/* `word`s stand behind the name. */
static u8 *command(u8 *p, u32 what, const char *file, u32 word, u32 second, u32 third)
{
    store_le32(p, what);
    memcpy(p + 4, file, strlen(file));
    u8 *at = p + 4 + LOAD_NAME;
    store_le32(at, word);
    store_le32(at + 4, second);
    store_le32(at + 8, third);
    return p + PC_LOADER_COMMAND;
}

static u8 *pointer(u8 *p, const char *in, u32 at)
{
    store_le32(p, LOAD_POINTER);
    memcpy(p + 4, in, strlen(in));
    memcpy(p + 4 + LOAD_NAME, TABLES, strlen(TABLES));
    store_le32(p + 4 + 2 * LOAD_NAME, at);
    p[8 + 2 * LOAD_NAME] = 4;
    return p + PC_LOADER_COMMAND;
}

u8 *pc_acpi_loader(const struct pc_acpi *a, u32 *n)
{
    *n = (2 + a->pointer_count + 1 + a->table_count + 1) * PC_LOADER_COMMAND;
    u8 *p = calloc(1, *n), *at = p;
    CHECK(p);
    at = command(at, LOAD_ALLOCATE, RSDP, 16, ZONE_F_SEGMENT, 0);
    at = command(at, LOAD_ALLOCATE, TABLES, 64, ZONE_HIGH, 0);
    for (u32 i = 0; i < a->pointer_count; i++)
        at = pointer(at, TABLES, a->pointers[i]);
    at = pointer(at, RSDP, 16);
    for (u32 i = 0; i < a->table_count; i++)
        at = command(at, LOAD_CHECKSUM, TABLES, a->tables[i] + 9, a->tables[i], load_le32(a->p + a->tables[i] + 4));
    at = command(at, LOAD_CHECKSUM, RSDP, 8, 0, PC_ACPI_RSDP);
    CHECK(at == p + *n);
    return p;
}
