/*
 * pc.c - builds the PC board: map, ports, wires, boot; see pc.h and docs/pc.md.
 *
 * Interrupts: each ISA number has one wire, on which an ISA device and the PIIX's routes of PCI pins are joined; it goes to
 * the pair of 8259 and to the I/O APIC. What firmware would set up for a direct boot is done at reset: routes of PCI pins,
 * level triggering, the ports of power management, address line 20, RAM in place of ROM.
 */
#include "hw/boards/pc.h"
#include "hw/boards/pc_firmware.h"
#include "hw/boards/pc_map.h"
#include "hw/boards/pc_vga.h"
#include "hw/boards/pc_wires.h"
#include "hw/char/parallel.h"
#include "hw/char/uart16550.h"
#include "hw/display/ramfb.h"
#include "hw/input/i8042.h"
#include "hw/input/input_port.h"
#include "hw/input/ps2_kbd.h"
#include "hw/input/ps2_mouse.h"
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/intc/ioapic.h"
#include "hw/misc/acpi_pm.h"
#include "hw/misc/debug_console.h"
#include "hw/misc/fpu_error.h"
#include "hw/misc/isa_debug_exit.h"
#include "hw/misc/pc_reset.h"
#include "hw/misc/port92.h"
#include "hw/pci/i440fx.h"
#include "hw/pci/piix.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "hw/timer/mc146818.h"
#include "hw/virtio/virtio_pci.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1ull << 20)

struct slot {
    struct virtio_pci pci;
    union virtio_any  u;
    char path[24], pci_path[24];
};

struct pc {
    struct pc_config      c;
    struct pc_boot        boot;
    struct pc_acpi        acpi;
    struct memobj        *ram, *rom;     /* rom: NULL when a kernel is entered without firmware */
    struct pc_map         map;
    struct fw_cfg         fw_cfg;
    u64                   low_size;      /* RAM below 4 GiB */
    struct machine       *m;
    bool                  started;       /* the first reset was */
    struct i8259          pic;
    struct apic_bus       apics;
    struct apic           apic;
    struct ioapic         ioapic;
    struct i8254          pit;
    struct mc146818       rtc;
    struct hpet           hpet;
    struct pc_floppy      floppy;
    struct uart16550      com1, com2;
    struct parallel       lpt1;
    struct i8042          kbc;
    struct ps2_kbd        kbd;
    struct ps2_mouse      mouse;
    struct input_port     input;
    struct port92         port92;
    struct fpu_error      fpu;
    struct pc_reset       reset;
    struct acpi_pm        pm;
    struct debug_console  console[2];
    struct isa_debug_exit exit;
    struct i440fx         host;
    struct piix3          isa;
    struct piix4_pm       piix4;
    struct pc_ide         ide;
    struct vga            vga;           /* when c.vga */
    struct ramfb          ramfb;         /* when c.ramfb */
    u32                   pm_base;       /* ports where pm is mapped now, 0: nowhere */
    struct pc_wires       wires;
    struct sysreg_port    intack;        /* of a CPU without a local APIC */
    struct virtio_env     env;
    struct slot           slots[PC_SLOTS];
    struct block_door     doors[PC_DOORS]; /* IDE drives, then floppy drives */
};

/* ---- interrupts ---- */

static struct irq_line isa_irq(struct pc *b, u32 n) { return pc_wires_isa(&b->wires, n); }

/* The timer is told when its interrupt is taken, by either way. */
static u32 pic_ack(void *opaque)
{
    struct pc *b = opaque;
    u32 vector = i8259_ack(&b->pic);
    if (vector == b->pic.s.base[I8259_MASTER] + (u32)PC_IRQ_TIMER)
        i8254_taken(&b->pit);
    return vector;
}
static void apic_taken(void *opaque, u32 vector)
{
    struct pc *b = opaque;
    if (ioapic_sends(&b->ioapic, PC_PIN_TIMER, vector))
        i8254_taken(&b->pit);
}
static u64 intack_read(void *opaque, u32 id)
{
    (void)id;
    return pic_ack(opaque);
}
static void pic_to_cpu(void *opaque, u32 n, bool level)
{
    (void)n;
    vcpu_irq_set(((struct pc *)opaque)->m->cpus[0], VCPU_IRQ, level);
}

/* Address line 20 has one gate, which the keyboard controller and port 0x92 both turn: both show it. */
enum { A20_OF_PORT92, A20_OF_KBC };
static void a20(void *opaque, u32 from, bool open)
{
    struct pc *b = opaque;
    if (from == A20_OF_PORT92)
        i8042_a20_is(&b->kbc, open);
    else
        port92_a20_is(&b->port92, open);
    vcpu_irq_set(b->m->cpus[0], VCPU_LINE_A20M, !open);
}
/* With firmware at its vector; it finds out why. */
static void init(void *opaque, u32 n, bool level)
{
    (void)n;
    vcpu_irq_set(((struct pc *)opaque)->m->cpus[0], VCPU_LINE_INIT, level);
}
static bool take_msi(void *opaque, gpa addr, u32 data) { return apic_msi(&((struct pc *)opaque)->apics, addr, data); }

static void add_interrupts(struct pc *b, struct machine *m)
{
    i8259_init(&b->pic, m, "pic");
    pc_wires_init(&b->wires, m, "wires", &b->pic, b->c.has_apic ? &b->ioapic : NULL);
    if (!b->c.has_apic) {
        b->pic.out = (struct irq_line){ pic_to_cpu, b, 0 };
        b->intack = (struct sysreg_port){ .opaque = b, .read = intack_read };
        m->cpus[0]->ports[SYSREG_X86_INTACK] = &b->intack;
        return;
    }
    b->apics.pic_ack = pic_ack;
    b->apics.pic_opaque = b;
    b->apics.taken = apic_taken;
    b->apics.taken_opaque = b;
    apic_init(&b->apic, &b->apics, m, "apic0", 0);
    b->pic.out = apic_lint(&b->apic, 0);
    ioapic_init(&b->ioapic, &b->apics, m, "ioapic");
    physmap_map_mmio(&m->map, PC_IOAPIC, 0x1000, &dev_mmio, &b->ioapic.dev, "ioapic");
}

/* ---- ISA ---- */

static bool map(struct pc *b, u32 port, u32 len, const struct mmio_ops *ops, struct dev *d, struct err *e)
{
    return iobus_map(&b->m->io, port, len, ops, d, d->path) || err_set(e, "no room for the ports of %s", d->path);
}

static bool add_timers(struct pc *b, struct machine *m, struct err *e)
{
    i8254_init(&b->pit, m, "pit");
    b->pit.out0 = isa_irq(b, PC_IRQ_TIMER);
    mc146818_init(&b->rtc, m, "rtc", b->c.rtc_seconds);
    b->rtc.irq = isa_irq(b, PC_IRQ_RTC);
    hpet_init(&b->hpet, m, "hpet", 1u << PC_PIN_TIMER);
    b->hpet.irq[PC_PIN_TIMER] = pc_wires_hpet(&b->wires, PC_PIN_TIMER);
    b->hpet.legacy_irq[0] = pc_wires_hpet(&b->wires, PC_IRQ_TIMER);
    b->hpet.legacy_irq[1] = pc_wires_hpet(&b->wires, PC_IRQ_RTC);
    b->hpet.legacy = pc_wires_replace;
    b->hpet.opaque = &b->wires;
    physmap_map_mmio(&m->map, PC_HPET, 0x400, &dev_mmio, &b->hpet.dev, "hpet");
    return map(b, PC_PORT_PIT, 4, &dev_mmio, &b->pit.dev, e) && map(b, PC_PORT_SPEAKER, 1, &i8254_port61_mmio, &b->pit.dev, e)
           && map(b, PC_PORT_RTC, 2, &dev_mmio, &b->rtc.dev, e);
}

static bool add_controls(struct pc *b, struct machine *m, struct err *e)
{
    port92_init(&b->port92, m, "port92");
    b->port92.a20 = (struct irq_line){ a20, b, A20_OF_PORT92 };
    pc_reset_init(&b->reset, m, "reset");
    if (b->rom) /* else INIT is wired nowhere and a reset */
        b->port92.init = b->reset.init = (struct irq_line){ init, b, 0 };
    fpu_error_init(&b->fpu, m, "fpu_error");
    b->fpu.irq = isa_irq(b, PC_IRQ_FPU);
    m->cpus[0]->ports[SYSREG_X86_FERR] = &b->fpu.pins;
    acpi_pm_init(&b->pm, m, "pm");
    b->pm.sci = isa_irq(b, PC_IRQ_SCI);
    return map(b, PC_PORT_92, 1, &dev_mmio, &b->port92.dev, e)
           && map(b, PC_PORT_FPU_ERROR, 1, &dev_mmio, &b->fpu.dev, e)
           && map(b, PC_PORT_GPE, 4, &acpi_pm_gpe_mmio, &b->pm.dev, e)
           && map(b, PC_PORT_APM, 2, &acpi_pm_smi_mmio, &b->pm.dev, e);
}

static void take_key(void *opaque, const struct input_event *ev) { ps2_kbd_key(opaque, ev->code, ev->down); }
static void take_motion(void *opaque, const struct input_event *ev) { ps2_mouse_event(opaque, ev); }

static bool add_input(struct pc *b, struct machine *m, struct err *e)
{
    const u32 motion = 1 << INPUT_REL | 1 << INPUT_BUTTON | 1 << INPUT_WHEEL;
    i8042_init(&b->kbc, m, "kbc");
    ps2_kbd_init(&b->kbd, m, "keyboard");
    ps2_mouse_init(&b->mouse, m, "mouse");
    input_port_init(&b->input, m, "input", b->c.input);
    b->kbc.irq[I8042_KBD] = isa_irq(b, PC_IRQ_KBD);
    b->kbc.irq[I8042_AUX] = isa_irq(b, PC_IRQ_MOUSE);
    b->kbc.a20 = (struct irq_line){ a20, b, A20_OF_KBC };
    if (b->rom)
        b->kbc.init = b->port92.init;
    i8042_attach(&b->kbc, I8042_KBD, &b->kbd.wire);
    i8042_attach(&b->kbc, I8042_AUX, &b->mouse.wire);
    input_port_add(&b->input, (struct input_sink){ 1 << INPUT_KEY, take_key, &b->kbd, NULL });
    input_port_add(&b->input, (struct input_sink){ motion, take_motion, &b->mouse, NULL });
    return map(b, PC_PORT_KBD, 1, &i8042_data_mmio, &b->kbc.dev, e)
           && map(b, PC_PORT_KBD_COMMAND, 1, &i8042_command_mmio, &b->kbc.dev, e);
}

/* The second serial port and the parallel port, which a PC need not have. */
static bool add_more_ports(struct pc *b, struct machine *m, struct err *e)
{
    if (b->c.serial2) {
        uart16550_init(&b->com2, m, "com2", b->c.serial2, true);
        b->com2.irq = isa_irq(b, PC_IRQ_COM2);
        if (!map(b, PC_PORT_COM2, 8, &dev_mmio, &b->com2.dev, e))
            return false;
    }
    if (!b->c.parallel)
        return true;
    parallel_init(&b->lpt1, m, "lpt1", b->c.parallel);
    b->lpt1.irq = isa_irq(b, PC_IRQ_LPT1);
    return map(b, PC_PORT_LPT1, 3, &dev_mmio, &b->lpt1.dev, e);
}

static bool add_consoles(struct pc *b, struct machine *m, struct err *e)
{
    uart16550_init(&b->com1, m, "com1", b->c.serial, true);
    b->com1.irq = isa_irq(b, PC_IRQ_COM1);
    if (!map(b, PC_PORT_COM1, 8, &dev_mmio, &b->com1.dev, e))
        return false;
    debug_console_init(&b->console[0], m, "debugcon_e9", b->c.debugcon, 0xe9);
    debug_console_init(&b->console[1], m, "debugcon_402", b->c.debugcon, 0xe9);
    if (b->c.debugcon && (!map(b, PC_PORT_DEBUG_E9, 1, &dev_mmio, &b->console[0].dev, e)
                          || !map(b, PC_PORT_DEBUGCON, 1, &dev_mmio, &b->console[1].dev, e)))
        return false;
    isa_debug_exit_init(&b->exit, m, "debug_exit");
    return !b->c.debug_exit || map(b, PC_PORT_DEBUG_EXIT, 4, &dev_mmio, &b->exit.dev, e);
}

static bool add_isa(struct pc *b, struct machine *m, struct err *e)
{
    return map(b, PC_PORT_PIC, 2, &i8259_master_mmio, &b->pic.dev, e) && map(b, PC_PORT_PIC2, 2, &i8259_slave_mmio, &b->pic.dev, e)
           && map(b, PC_PORT_ELCR, 2, &i8259_elcr_mmio, &b->pic.dev, e) && add_timers(b, m, e) && add_controls(b, m, e)
           && add_consoles(b, m, e) && add_input(b, m, e) && add_more_ports(b, m, e)
           && pc_floppy_add(&b->floppy, m, &b->c.floppies, isa_irq(b, PC_IRQ_FDC), e);
}

/* ---- PCI ---- */

static void pm_io(void *opaque, u32 base, bool on)
{
    struct pc *b = opaque;
    if (b->pm_base)
        iobus_unmap(&b->m->io, b->pm_base, &b->pm.dev);
    b->pm_base = on && base && iobus_map(&b->m->io, base, 12, &dev_mmio, &b->pm.dev, b->pm.dev.path) ? base : 0;
}

static bool add_pci(struct pc *b, struct machine *m, struct err *e)
{
    i440fx_init(&b->host, m, "pci_host");
    struct pci_bus *bus = &b->host.bus;
    u64 high = PC_HIGH + b->c.ram_size - b->low_size;
    b->host.reset_port = &b->reset.dev;
    b->host.areas = pc_map_areas;
    b->host.smram = pc_map_smram;
    b->host.opaque = &b->map;
    bus->mem[0] = (struct pci_window){ PC_PCI_MEM, PC_IOAPIC - PC_PCI_MEM };
    bus->mem[1] = (struct pci_window){ (high + (1ull << 30)) & ~((1ull << 30) - 1), 1ull << 39 };
    if (b->c.has_apic) {
        bus->msi = take_msi;
        bus->msi_opaque = b;
    }
    piix3_init(&b->isa, m, "piix3");
    piix4_pm_init(&b->piix4, m, "piix4_pm");
    b->piix4.pm_io = pm_io;
    b->piix4.opaque = b;
    pci_plug(bus, &b->isa.pci, 1, 0);
    pci_plug(bus, &b->piix4.pci, 1, 3);
    for (u32 n = 0; n < 4; n++)
        bus->intx[n] = piix3_pirq(&b->isa, n);
    for (u32 n = 0; n < PC_WIRES; n++)
        b->isa.irq[n] = pc_wires_pci(&b->wires, n);
    const struct irq_line ide_irq[2] = { isa_irq(b, PC_IRQ_IDE0), isa_irq(b, PC_IRQ_IDE1) };
    return map(b, PC_PORT_PCI, 8, &i440fx_ports, &b->host.dev, e)
           && pc_ide_init(&b->ide, m, bus, ide_irq, b->c.ide, e);
}

static bool add_virtio(struct pc *b, struct machine *m, struct err *e)
{
    b->env.deterministic = b->c.deterministic;
    b->env.input = &b->input;
    for (u32 i = 0; i < b->c.slot_count; i++) {
        struct slot *s = &b->slots[i];
        snprintf(s->path, sizeof s->path, "virtio%u.dev", i);
        snprintf(s->pci_path, sizeof s->pci_path, "virtio%u", i);
        struct virtio *v = virtio_slot_init(&s->u, m, s->path, &b->c.slots[i], &b->env, e);
        if (!v)
            return false;
        virtio_pci_init(&s->pci, m, s->pci_path, v, true);
        pci_plug(&b->host.bus, &s->pci.pci, PC_FIRST_SLOT + i, 0);
    }
    return true;
}

struct display *pc_display(struct machine *m)
{
    struct pc *b = m->board;
    return b->c.vga ? &b->vga.display : b->env.screen;
}

void pc_power_key(struct machine *m)
{
    acpi_pm_power_button(&((struct pc *)m->board)->pm);
}

static void set_nmi(struct pc *b, bool level)
{
    if (b->c.has_apic)
        apic_set_lint(&b->apic, 1, level);
    else
        vcpu_irq_set(b->m->cpus[0], VCPU_LINE_NMI, level);
}

void pc_nmi(struct machine *m)
{
    set_nmi(m->board, true);
    set_nmi(m->board, false);
}

struct pci_bus *pc_pci(struct machine *m) { return &((struct pc *)m->board)->host.bus; }

/* ---- memory ---- */

static bool add_ram(struct pc *b, struct machine *m, struct err *e)
{
    b->low_size = MIN(b->c.ram_size, PC_LOW_MAX);
    if (b->c.ram_size < 2 * MIB)
        return err_set(e, "-m: the PC board needs at least 2 MiB");
    b->ram = physmap_new_obj(&m->map, "ram", b->c.ram_size, e);
    if (!b->ram)
        return false;
    physmap_map_obj(&m->map, REGION_RAM, 0, PC_VGA_HOLE, b->ram, 0, NULL, NULL, "ram.base");
    physmap_map_obj(&m->map, REGION_RAM, MIB, b->low_size - MIB, b->ram, MIB, NULL, NULL, "ram.low");
    if (b->c.ram_size > b->low_size)
        physmap_map_obj(&m->map, REGION_RAM, PC_HIGH, b->c.ram_size - b->low_size, b->ram, b->low_size, NULL, NULL, "ram.high");
    m->map.open_bus = true;
    if (b->c.bios && !(b->rom = pc_firmware_rom(&m->map, b->c.bios, e)))
        return false;
    pc_map_init(&b->map, &m->map, b->ram, b->rom);
    return true;
}

static void hide_screen(void *opaque, bool hidden) { vga_hide_window(opaque, hidden); }

/* Sizes as a PC's firmware leaves them in CMOS memory (Ralf Brown's CMOS list). */
static void fill_cmos(struct pc *b)
{
    u64 ext = MIN((b->low_size - MIB) / 1024, 0xffffull), above16 = b->low_size > 16 * MIB ? (b->low_size - 16 * MIB) / 65536 : 0;
    u64 high = (b->c.ram_size - b->low_size) / 65536;
    const u64 vals[] = { 640, ext, ext, MIN(above16, 0xffffull) };
    static const u8 at[] = { 0x15, 0x17, 0x30, 0x34 };
    for (u32 i = 0; i < COUNT(at); i++) {
        mc146818_put(&b->rtc, at[i], (u8)vals[i]);
        mc146818_put(&b->rtc, at[i] + 1u, (u8)(vals[i] >> 8));
    }
    for (u32 i = 0; i < 3; i++)
        mc146818_put(&b->rtc, 0x5b + i, (u8)(high >> 8 * i));
    mc146818_put(&b->rtc, 0x14, 0x06); /* equipment: a numeric processor, a pointing device */
    pc_floppy_cmos(&b->c.floppies, &b->rtc);
    pc_firmware_boot_order(&b->rtc, b->c.boot_once ? b->c.boot_once : b->c.boot_order);
}

/* ---- boot ---- */

/* Both 8259 initialized, all masked: what came before, the edge of the timer's output above all, is forgotten. */
static void set_up_pic(struct iobus *io)
{
    static const u8 icw[2][4] = { { 0x11, 0x08, 4, 1 }, { 0x11, 0x70, 2, 1 } };
    for (u32 c = 0; c < 2; c++) {
        u32 port = c ? PC_PORT_PIC2 : PC_PORT_PIC;
        for (u32 i = 0; i < 4; i++)
            iobus_write(io, port + !!i, icw[c][i], 1);
        iobus_write(io, port + 1, 0xff, 1);
    }
}

/* What firmware would have done before it hands over. */
static void set_up_chipset(struct pc *b)
{
    struct iobus *io = &b->m->io;
    pci_config_write(&b->host.bus, PCI_DEVFN(0, 0), 0x58, 0x33333000, 4);
    pci_config_write(&b->host.bus, PCI_DEVFN(0, 0), 0x5c, 0x33333333, 4);
    u32 routes = pc_pci_irq(0) | pc_pci_irq(1) << 8 | pc_pci_irq(2) << 16 | pc_pci_irq(3) << 24;
    pci_config_write(&b->host.bus, PCI_DEVFN(1, 0), 0x60, routes, 4);
    pci_config_write(&b->host.bus, PCI_DEVFN(1, 3), 0x40, PC_PORT_PM | 1, 4);
    pci_config_write(&b->host.bus, PCI_DEVFN(1, 3), 0x80, 1, 1);
    pc_ide_set_up(&b->host.bus, PC_PORT_BMIDE);
    set_up_pic(io);
    iobus_write(io, PC_PORT_ELCR + 1, 1 << (PC_IRQ_SCI - 8) | 1 << (10 - 8) | 1 << (11 - 8), 1);
    iobus_write(io, PC_PORT_92, 2, 1);
    iobus_write(io, PC_PORT_KBD_COMMAND, 0x60, 1); /* keys in set 1 at IRQ 1, no mouse */
    iobus_write(io, PC_PORT_KBD, 0x65, 1);
    pc_floppy_open_dma(io);
}

static void board_reset(struct machine *m, void *opaque)
{
    struct pc *b = opaque;
    if (b->c.boot_once && b->started)
        pc_firmware_boot_order(&b->rtc, b->c.boot_order);
    b->started = true;
    if (!b->c.kernel) {
        iobus_write(&m->io, PC_PORT_92, 2, 1); /* line 20 is open: the keyboard controller's pin is high */
        return;
    }
    struct guest_entry entry = pc_boot_entry(&b->boot);
    set_up_chipset(b);
    pc_boot_place(&b->boot, m);
    m->cpus[0]->guest->set_entry(m->cpus[0], &entry);
}

static bool load_guest(struct pc *b, struct err *e)
{
    const struct pc_config *c = &b->c;
    if (!c->kernel)
        return true;
    b->boot.append = c->append;
    if (!pc_boot_read_kernel(&b->boot, c->kernel, b->low_size, e)
        || (c->initrd && !pc_boot_read_initrd(&b->boot, c->initrd, b->low_size, e)))
        return false;
    pc_acpi_place(&b->acpi, PCB_ACPI, &b->boot.acpi);
    return pc_boot_layout(&b->boot, c->ram_size, b->low_size, c->long_mode, e) || err_prefix(e, "kernel '%s'", c->kernel);
}

/* With its BIOS, which makes it a screen of text. */
static bool add_ramfb(struct pc *b, struct machine *m, struct err *e)
{
    struct file_bytes rom;
    if (!b->c.ramfb)
        return true;
    if (!ramfb_init(&b->ramfb, m, "ramfb", &b->fw_cfg, e))
        return false;
    virtio_env_offer(&b->env, &b->ramfb.display, b->c.ramfb_order);
    if (!b->c.ramfb_bios)
        return true;
    if (!file_read("video BIOS", b->c.ramfb_bios, VGA_ROM_MAX, &rom, e))
        return false;
    bool ok = fw_cfg_add_file(&b->fw_cfg, "vgaroms/vgabios-ramfb.bin", rom.p, (u32)rom.n, e);
    file_bytes_free(&rom);
    return ok;
}

static bool add_fw_cfg(struct pc *b, struct machine *m, struct err *e)
{
    fw_cfg_init(&b->fw_cfg, m, "fw_cfg");
    return map(b, PC_PORT_FW_CFG, 12, &fw_cfg_port_mmio, &b->fw_cfg.dev, e) && add_ramfb(b, m, e)
           && pc_firmware_describe(&b->fw_cfg, &b->c, b->low_size, &b->acpi, e);
}

void pc_close_blocks(struct pc_config *c)
{
    virtio_slots_close(c->slots, c->slot_count);
    pc_floppies_close(&c->floppies);
    pc_ide_close(c->ide);
}

struct block_door *pc_doors(struct machine *m, u32 *count)
{
    *count = PC_DOORS;
    return ((struct pc *)m->board)->doors;
}

static void hang_doors(struct pc *b)
{
    memcpy(b->doors, b->ide.door, sizeof b->ide.door);
    for (u32 i = 0; i < FDC_DRIVES; i++)
        b->doors[PC_IDE_DRIVES + i] = pc_floppy_door(&b->floppy, i);
}

static void pc_free(void *opaque)
{
    struct pc *b = opaque;
    pc_boot_free(&b->boot);
    pc_acpi_free(&b->acpi);
    pc_close_blocks(&b->c);
    free(b);
}

bool pc_build(struct machine *m, const struct pc_config *c, struct err *e)
{
    struct pc *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, "out of memory for the board");
    b->c = *c;
    b->m = m;
    m->board = b;
    m->board_reset = board_reset;
    m->board_free = pc_free;
    if (!add_ram(b, m, e) || !c->add_cpu(m, c->cpu_opaque, e))
        return false;
    add_interrupts(b, m);
    if (!add_isa(b, m, e) || !add_pci(b, m, e))
        return false;
    if (c->vga && !pc_vga_add(&b->vga, m, &b->host.bus, c->vga_bios, e))
        return false;
    if (!add_virtio(b, m, e))
        return false;
    hang_doors(b);
    pc_map_screen(&b->map, c->vga ? hide_screen : NULL, &b->vga);
    fill_cmos(b);
    pc_ide_fill_cmos(&b->ide, &b->rtc);
    pc_acpi_make(&b->acpi, c, PC_PCI_MEM);
    if (!load_guest(b, e) || !add_fw_cfg(b, m, e))
        return false;
    machine_reset(m);
    return true;
}
