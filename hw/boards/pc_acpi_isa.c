/*
 * pc_acpi_isa.c - the ISA bridge in the PC's DSDT: link devices, which set the PIIX3's routes of PCI interrupts, and
 * the floppy disk controller; and the host bridge's routing table, which names the links.
 *
 * Sources: ACPI specification 6.4: 6.2 (_CRS, _DIS, _PRS, _PRT, _SRS), 9.9 (floppy controllers); 82371SB datasheet
 * (290550), 2.2 (PIRQRC: bit 7 switches a route off). The SCI's route is the PIIX4's alone and fixed.
 */
#include "hw/boards/aml.h"
#include "hw/boards/pc.h"
#include "hw/boards/pc_acpi.h"

#define LINKS 4u
enum { PIRQRC = 0x60, ROUTE_OFF = 0x80, ROUTE_IRQ = 0x0f, STA_OFF = 0x09, STA_ON = 0x0b };

static const char *const routes[LINKS] = { "PRQA", "PRQB", "PRQC", "PRQD" };
static const char *const links[LINKS] = { "LNKA", "LNKB", "LNKC", "LNKD" };
static const u8 choice[] = { 5, 10, 11 };

/* ---- link devices ---- */

static void when_off(struct aml *a, const char *route)
{
    aml_byte(a, AML_AND);
    aml_name(a, route);
    aml_int(a, ROUTE_OFF);
    aml_int(a, 0);
}

static void link_status(struct aml *a, const char *route)
{
    u32 m = aml_method(a, "_STA", 0, false), off = aml_if(a);
    when_off(a, route);
    aml_byte(a, AML_RETURN);
    aml_int(a, STA_OFF);
    aml_end(a, off);
    aml_byte(a, AML_RETURN);
    aml_int(a, STA_ON);
    aml_end(a, m);
}

/* What is there now is written into the buffer CURR. */
static void link_current(struct aml *a, const char *route)
{
    u32 m = aml_method(a, "_CRS", 0, false), off = aml_if(a);
    when_off(a, route);
    aml_byte(a, AML_STORE);
    aml_int(a, 0);
    aml_name(a, "CIRQ");
    aml_end(a, off);
    u32 on = aml_else(a);
    aml_byte(a, AML_AND);
    aml_name(a, route);
    aml_int(a, ROUTE_IRQ);
    aml_name(a, "CIRQ");
    aml_end(a, on);
    aml_byte(a, AML_RETURN);
    aml_name(a, "CURR");
    aml_end(a, m);
}

static void link_set(struct aml *a, const char *route)
{
    u32 m = aml_method(a, "_DIS", 0, false);
    aml_byte(a, AML_OR);
    aml_name(a, route);
    aml_int(a, ROUTE_OFF);
    aml_name(a, route);
    aml_end(a, m);
    m = aml_method(a, "_SRS", 1, true);
    aml_dword_of_arg0(a, AML_RES_IRQ_AT, "WIRQ");
    aml_byte(a, AML_AND);
    aml_name(a, "WIRQ");
    aml_int(a, ROUTE_IRQ);
    aml_name(a, route);
    aml_end(a, m);
}

static void link_device(struct aml *a, u32 n)
{
    const u8 none = 0;
    u32 dev = aml_device(a, links[n]);
    aml_def_eisa(a, "_HID", "PNP0C0F");
    aml_def_int(a, "_UID", n);
    struct aml_buf r = aml_resources(a, "_PRS");
    aml_res_irq_choice(a, choice, COUNT(choice));
    aml_resources_end(a, r);
    r = aml_resources(a, "CURR");
    aml_res_irq_choice(a, &none, 1);
    aml_resources_end(a, r);
    aml_dword_of_name(a, "CURR", AML_RES_IRQ_AT, "CIRQ");
    link_status(a, routes[n]);
    link_current(a, routes[n]);
    link_set(a, routes[n]);
    aml_end(a, dev);
}

/* Nothing to set or to switch off, but it has to be asked. */
static void sci_link(struct aml *a)
{
    static const char *const lists[] = { "_PRS", "_CRS" };
    const u8 sci = PC_IRQ_SCI;
    u32 dev = aml_device(a, "LNKS");
    aml_def_eisa(a, "_HID", "PNP0C0F");
    aml_def_int(a, "_UID", LINKS);
    aml_def_int(a, "_STA", STA_ON);
    for (u32 i = 0; i < COUNT(lists); i++) {
        struct aml_buf r = aml_resources(a, lists[i]);
        aml_res_irq_choice(a, &sci, 1);
        aml_resources_end(a, r);
    }
    aml_end(a, aml_method(a, "_DIS", 0, false));
    aml_end(a, aml_method(a, "_SRS", 1, false));
    aml_end(a, dev);
}

/* ---- the floppy disk controller ---- */

/* 9.9.2: as INT 13h function 8 and its parameter table have them. */
static void floppy_drive(struct aml *a, u32 n, enum floppy_drive kind)
{
    static const struct { u8 type, cylinders, sectors, gap, format_gap; } kinds[FLOPPY_DRIVES] = {
        [FLOPPY_360K] = { 1, 40, 9, 0x2a, 0x50 }, [FLOPPY_1200K] = { 2, 80, 15, 0x1b, 0x54 },
        [FLOPPY_720K] = { 3, 80, 9, 0x2a, 0x50 }, [FLOPPY_1440K] = { 4, 80, 18, 0x1b, 0x6c },
        [FLOPPY_2880K] = { 5, 80, 36, 0x1b, 0x54 },
    };
    const u8 info[] = { (u8)n, kinds[kind].type, (u8)(kinds[kind].cylinders - 1), kinds[kind].sectors, 1, 0xaf, 0x02,
                        0x25, 2, kinds[kind].sectors, kinds[kind].gap, 0xff, kinds[kind].format_gap, 0xf6, 0x0f,
                        0x08 };
    u32 dev = aml_device(a, n ? "FLPB" : "FLPA");
    aml_def_int(a, "_ADR", n);
    aml_def_name(a, "_FDI");
    u32 p = aml_package(a, COUNT(info));
    for (u32 i = 0; i < COUNT(info); i++)
        aml_int(a, info[i]);
    aml_end(a, p);
    aml_end(a, dev);
}

static void floppies(struct aml *a, const struct pc_config *c)
{
    u32 dev = aml_device(a, "FDC0");
    aml_def_eisa(a, "_HID", "PNP0700");
    struct aml_buf r = aml_resources(a, "_CRS");
    aml_res_io(a, PC_PORT_FDC + 2, 4);
    aml_res_io(a, PC_PORT_FDC_DIR, 1);
    aml_res_irq(a, PC_IRQ_FDC);
    aml_res_dma(a, PC_DMA_FDC);
    aml_resources_end(a, r);
    u8 there[20] = { 0 }; /* 9.9.1: five double words; there never is a tape */
    there[16] = 2;
    for (u32 n = 0; n < FDC_DRIVES; n++)
        if (c->floppies.drive[n]) {
            there[4 * n] = 1;
            floppy_drive(a, n, c->floppies.drive[n]);
        }
    aml_def_bytes(a, "_FDE", there, sizeof there);
    aml_end(a, dev);
}

/* ---- in the host bridge ---- */

void pc_acpi_isa(struct aml *a, const struct pc_config *c)
{
    u32 dev = aml_device(a, "ISA_");
    aml_def_int(a, "_ADR", 1 << 16);
    aml_pci_bytes(a, "PIRQ", PIRQRC, routes, LINKS);
    for (u32 n = 0; n < LINKS; n++)
        link_device(a, n);
    sci_link(a);
    floppies(a, c);
    aml_end(a, dev);
}

/* Pin p (0: INTA#) of slot s arrives at line (s + p - 1) & 3 (hw/pci/i440fx.h). The PIIX4's own pin is the SCI's. */
void pc_acpi_routing(struct aml *a)
{
    char name[] = "ISA_.LNKx";
    aml_def_name(a, "_PRT");
    u32 all = aml_package(a, 128);
    for (u32 slot = 0; slot < 32; slot++)
        for (u32 pin = 0; pin < 4; pin++) {
            u32 one = aml_package(a, 4);
            name[8] = slot == 1 && pin == 0 ? 'S' : (char)('A' + ((slot + pin + 3) & 3));
            aml_int(a, slot << 16 | 0xffff);
            aml_int(a, pin);
            aml_name(a, name);
            aml_int(a, 0);
            aml_end(a, one);
        }
    aml_end(a, all);
}
