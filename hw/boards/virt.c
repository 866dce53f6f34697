/*
 * virt.c - builds the Arm virt board: map, wires, boot; see virt.h and docs/virt.md.
 */
#include "hw/boards/virt.h"
#include "hw/block/cfi01.h"
#include "hw/char/pl011.h"
#include "hw/display/ramfb.h"
#include "hw/intc/gicv2.h"
#include "hw/intc/gicv2m.h"
#include "hw/intc/gicv3.h"
#include "hw/misc/fw_cfg.h"
#include "hw/misc/pl061.h"
#include "hw/misc/power_key.h"
#include "hw/pci/pcie_host.h"
#include "hw/timer/arm_gtimer.h"
#include "hw/timer/pl031.h"
#include "hw/virtio/virtio_mmio.h"
#include "hw/virtio/virtio_pci.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPI_BASE 32u
#define PPI_BASE 16u
#define NUM_IRQ 288u
#define POWER_KEY_LINE 3u

struct slot {
    struct virtio_mmio mmio;
    struct virtio_pci  pci;
    union virtio_any   u;
    char path[24], transport_path[24];
};

struct virt {
    struct virt_config c;
    struct arm_boot    boot;
    bool               direct;     /* the kernel is entered without firmware */
    struct memobj     *ram, *flash_mem[2];
    union {
        struct gicv2   gicv2;
        struct gicv3   gicv3;
    } gic;                         /* by c.gic_version */
    struct gicv2m      v2m;        /* with a GICv2 */
    struct arm_gtimer  timer;
    struct pl011       uart;
    struct pl031       rtc;
    struct pl061       gpio;
    struct fw_cfg      fw_cfg;
    struct cfi01       flash[2];
    struct slot        slots[VIRT_VIRTIO_COUNT];     /* virtio-mmio, by transport */
    struct slot        pci_slots[VIRT_PCI_COUNT]; /* virtio on PCI, by slot - 1 */
    struct pcie_host   pcie;
    struct power_key   key;
    struct input_port  input;                        /* when a virtio device takes input */
    struct virtio_env  env;
    struct ramfb       ramfb;                        /* when c.ramfb */
};

static struct irq_line irq(struct virt *b, u32 intid)
{
    return b->c.gic_version == 3 ? gicv3_line(&b->gic.gicv3, 0, intid) : gicv2_line(&b->gic.gicv2, 0, intid);
}
static struct irq_line spi(struct virt *b, u32 n)
{
    return irq(b, SPI_BASE + n);
}
static struct irq_line ppi(struct virt *b, u32 n)
{
    return irq(b, PPI_BASE + n);
}

static void map_dev(struct machine *m, struct dev *d, gpa at, u64 size)
{
    physmap_map_mmio(&m->map, at, size, &dev_mmio, d, d->path);
}

/* ---- devices ---- */

static void add_gicv2(struct gicv2 *g, struct machine *m)
{
    gicv2_init(g, m, "gic", NUM_IRQ);
    physmap_map_mmio(&m->map, VIRT_GICD, 0x10000, &gicv2_dist_mmio, &g->dev, "gic.dist");
    physmap_map_mmio(&m->map, VIRT_GICC, 0x10000, &gicv2_cpu_mmio, &g->dev, "gic.cpu");
}

static void add_gicv2m(struct virt *b, struct machine *m)
{
    gicv2m_init(&b->v2m, m, "v2m", SPI_BASE + VIRT_SPI_GICV2M, GICV2M_SPIS);
    for (u32 i = 0; i < GICV2M_SPIS; i++)
        b->v2m.spi[i] = spi(b, VIRT_SPI_GICV2M + i);
    map_dev(m, &b->v2m.dev, VIRT_GICV2M, GICV2M_SIZE);
}

/* struct pci_bus, msi */
static bool take_msi(void *opaque, gpa addr, u32 data)
{
    return addr == VIRT_GICV2M + GICV2M_SETSPI_NS && gicv2m_set(&((struct virt *)opaque)->v2m, data);
}

static void add_gicv3(struct gicv3 *g, struct machine *m)
{
    gicv3_init(g, m, "gic", NUM_IRQ);
    physmap_map_mmio(&m->map, VIRT_GICD, 0x10000, &gicv3_dist_mmio, &g->dev, "gic.dist");
    physmap_map_mmio(&m->map, VIRT_GICR, 0x20000 * m->cpu_count, &gicv3_redist_mmio, &g->dev, "gic.redist");
}

static void add_platform(struct virt *b, struct machine *m)
{
    pl011_init(&b->uart, m, "uart0", b->c.serial, 24000000);
    b->uart.irq = spi(b, VIRT_SPI_UART);
    map_dev(m, &b->uart.dev, VIRT_UART, 0x1000);
    pl031_init(&b->rtc, m, "rtc", b->c.rtc_seconds);
    b->rtc.irq = spi(b, VIRT_SPI_RTC);
    map_dev(m, &b->rtc.dev, VIRT_RTC, 0x1000);
    pl061_init(&b->gpio, m, "gpio");
    b->gpio.irq = spi(b, VIRT_SPI_GPIO);
    map_dev(m, &b->gpio.dev, VIRT_GPIO, 0x1000);
    power_key_init(&b->key, m, "power_key");
    b->key.out = (struct irq_line){ pl061_set_input, &b->gpio, POWER_KEY_LINE };
    arm_gtimer_init(&b->timer, m, "timer0", m->cpus[0]);
    b->timer.irq[GTIMER_PHYS] = ppi(b, VIRT_PPI_TIMER_PHYS);
    b->timer.irq[GTIMER_VIRT] = ppi(b, VIRT_PPI_TIMER_VIRT);
}

/* The next device that sits on PCI, or does not; NULL: there is no more. */
static const struct virtio_slot *next_slot(const struct virt_config *c, u32 *at, bool pci)
{
    while (*at < c->slot_count)
        if (c->slots[(*at)++].pci == pci)
            return &c->slots[*at - 1];
    return NULL;
}

/* Without a device that takes input, there is nothing where it could come in. */
static void add_input(struct virt *b, struct machine *m)
{
    b->env.deterministic = b->c.deterministic;
    if (!virtio_slots_have_input(b->c.slots, b->c.slot_count))
        return;
    input_port_init(&b->input, m, "input", b->c.input);
    b->env.input = &b->input;
}

/* Devices take the transports from the last one downwards, as on QEMU's board. */
static bool add_virtio(struct virt *b, struct machine *m, struct err *e)
{
    const struct virtio_slot *used[VIRT_VIRTIO_COUNT];
    u32 at = 0;
    for (u32 i = VIRT_VIRTIO_COUNT; i--;)
        used[i] = next_slot(&b->c, &at, false);
    for (u32 i = 0; i < VIRT_VIRTIO_COUNT; i++) {
        struct slot *s = &b->slots[i];
        snprintf(s->path, sizeof s->path, "virtio%u.dev", i);
        snprintf(s->transport_path, sizeof s->transport_path, "virtio%u", i);
        struct virtio *v = used[i] ? virtio_slot_init(&s->u, m, s->path, used[i], &b->env, e) : NULL;
        if (used[i] && !v)
            return false;
        virtio_mmio_init(&s->mmio, m, s->transport_path, v, b->c.virtio_legacy);
        s->mmio.irq = spi(b, VIRT_SPI_VIRTIO + i);
        map_dev(m, &s->mmio.dev, VIRT_VIRTIO + i * VIRT_VIRTIO_STEP, VIRT_VIRTIO_STEP);
    }
    return true;
}

static bool add_pcie(struct virt *b, struct machine *m, struct err *e)
{
    struct pci_bus *bus = &b->pcie.bus;
    const struct virtio_slot *c;
    pcie_host_init(&b->pcie, m, "pcie");
    map_dev(m, &b->pcie.dev, VIRT_PCIE_ECAM, VIRT_PCIE_ECAM_SIZE);
    physmap_map_mmio(&m->map, VIRT_PCIE_PIO, VIRT_PCIE_PIO_SIZE, &pcie_host_pio, m, "pcie.pio");
    bus->mem[0] = (struct pci_window){ VIRT_PCIE_MMIO, VIRT_PCIE_MMIO_SIZE };
    bus->mem[1] = (struct pci_window){ VIRT_PCIE_HIGH, VIRT_PCIE_HIGH_SIZE };
    for (u32 i = 0; i < 4; i++)
        bus->intx[i] = spi(b, VIRT_SPI_PCIE + i);
    if (b->c.gic_version == 2) {
        bus->msi = take_msi;
        bus->msi_opaque = b;
    }
    for (u32 i = 0, at = 0; (c = next_slot(&b->c, &at, true)); i++) {
        struct slot *s = &b->pci_slots[i];
        if (i == VIRT_PCI_COUNT)
            return err_set(e, "more than %u devices on the PCI bus", VIRT_PCI_COUNT);
        snprintf(s->path, sizeof s->path, "pci%u.dev", i + 1);
        snprintf(s->transport_path, sizeof s->transport_path, "pci%u", i + 1);
        struct virtio *v = virtio_slot_init(&s->u, m, s->path, c, &b->env, e);
        if (!v)
            return false;
        virtio_pci_init(&s->pci, m, s->transport_path, v, true);
        pci_plug(bus, &s->pci.pci, i + 1, 0);
    }
    return true;
}

static bool add_flash(struct virt *b, struct machine *m, struct err *e)
{
    static const char *const names[2] = { "flash0", "flash1" };
    for (u32 i = 0; i < 2; i++) {
        struct cfi01 *f = &b->flash[i];
        b->flash_mem[i] = physmap_new_obj(&m->map, names[i], VIRT_FLASH_SIZE, e);
        if (!b->flash_mem[i])
            return false;
        cfi01_init(f, m, names[i], b->flash_mem[i], b->c.pflash[i], b->c.pflash[i] && b->c.pflash[i]->read_only);
        if (b->c.pflash[i] && !cfi01_load(f, e))
            return false;
        physmap_map_obj(&m->map, REGION_ROMD, i ? VIRT_FLASH1 : VIRT_FLASH0, VIRT_FLASH_SIZE, b->flash_mem[i], 0, &dev_mmio,
                        &f->dev, names[i]);
    }
    return true;
}

/* Keys and values: QEMU's fw_cfg specification, docs/specs/fw_cfg. */
static bool add_fw_cfg(struct virt *b, struct machine *m, struct err *e)
{
    struct fw_cfg *f = &b->fw_cfg;
    struct arm_boot *k = &b->boot;
    fw_cfg_init(f, m, "fw_cfg");
    map_dev(m, &f->dev, VIRT_FW_CFG, 0x18);
    if (b->c.ramfb && !ramfb_init(&b->ramfb, m, "ramfb", f, e))
        return false;
    if (b->c.ramfb)
        virtio_env_offer(&b->env, &b->ramfb.display, b->c.ramfb_order);
    bool ok = fw_cfg_add_u16(f, FW_CFG_NB_CPUS, (u16)m->cpu_count, e) && fw_cfg_add_u16(f, FW_CFG_MAX_CPUS, (u16)m->cpu_count, e)
              && fw_cfg_add_u64(f, FW_CFG_RAM_SIZE, b->c.ram_size, e)
              && fw_cfg_add_u16(f, FW_CFG_NOGRAPHIC, b->c.nographic, e) && fw_cfg_add_u16(f, FW_CFG_BOOT_MENU, 0, e);
    if (b->direct || !k->kernel.n)
        return ok;
    const char *append = b->c.append ? b->c.append : "";
    u32 len = (u32)strlen(append) + 1;
    return ok && fw_cfg_add_u32(f, FW_CFG_KERNEL_SIZE, (u32)k->kernel.n, e)
           && fw_cfg_add_blob(f, FW_CFG_KERNEL_DATA, k->kernel.p, (u32)k->kernel.n, e)
           && fw_cfg_add_u32(f, FW_CFG_INITRD_SIZE, (u32)k->initrd.n, e)
           && fw_cfg_add_blob(f, FW_CFG_INITRD_DATA, k->initrd.p, (u32)k->initrd.n, e)
           && fw_cfg_add_u32(f, FW_CFG_CMDLINE_SIZE, len, e) && fw_cfg_add_bytes(f, FW_CFG_CMDLINE_DATA, append, len, e);
}

void virt_power_key(struct machine *m)
{
    power_key_press(&((struct virt *)m->board)->key);
}

struct pci_bus *virt_pci(struct machine *m) { return &((struct virt *)m->board)->pcie.bus; }
struct display *virt_display(struct machine *m)
{
    return ((struct virt *)m->board)->env.screen;
}

/* ---- boot ---- */

static void board_reset(struct machine *m, void *opaque)
{
    struct virt *b = opaque;
    struct vcpu *v = m->cpus[0];
    arm_boot_place(&b->boot, m, b->direct);
    if (b->direct)
        v->guest->set_entry(v, &(struct guest_entry){ .pc = b->boot.kernel_at, .arg = b->boot.dtb_at });
    else
        v->guest->set_entry(v, &(struct guest_entry){ .pc = VIRT_FLASH0 });
}

/* Firmware goes to the first flash bank; a kernel next to it is handed over by fw_cfg. */
static bool load_firmware(struct virt *b, struct err *e)
{
    struct file_bytes f;
    if (!b->c.bios)
        return true;
    if (b->c.pflash[0])
        return err_set(e, "-bios '%s': the first flash bank is already taken by -drive if=pflash", b->c.bios);
    if (!file_read("firmware", b->c.bios, VIRT_FLASH_SIZE, &f, e))
        return false;
    memcpy(b->flash_mem[0]->host, f.p, f.n);
    file_bytes_free(&f);
    return true;
}

static bool load_guest(struct virt *b, struct machine *m, struct err *e)
{
    struct virt_config *c = &b->c;
    u64 max = b->direct ? c->ram_size : MIN(c->ram_size, (u64)~(u32)0); /* items of fw_cfg have 32-bit sizes */
    b->boot.dtb_at = VIRT_RAM;
    if (c->kernel && !arm_boot_read_kernel(&b->boot, c->kernel, max, e))
        return false;
    if (c->initrd && !arm_boot_read_initrd(&b->boot, c->initrd, max, e))
        return false;
    if (b->direct && !arm_boot_layout(&b->boot, VIRT_RAM, c->ram_size, VIRT_DTB_ROOM, e))
        return err_prefix(e, "kernel '%s'", c->kernel);
    return c->dtb ? virt_load_fdt(c, m, &b->boot, &b->boot.dtb, e) : virt_make_fdt(c, m, &b->boot, &b->boot.dtb, e);
}

void virt_close_blocks(struct virt_config *c)
{
    virtio_slots_close(c->slots, c->slot_count);
    for (u32 i = 0; i < COUNT(c->pflash); i++) {
        if (c->pflash[i])
            c->pflash[i]->close(c->pflash[i]);
        c->pflash[i] = NULL;
    }
}

static void virt_free(void *opaque)
{
    struct virt *b = opaque;
    arm_boot_free(&b->boot);
    virt_close_blocks(&b->c);
    free(b);
}

bool virt_build(struct machine *m, const struct virt_config *c, struct err *e)
{
    struct virt *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, "out of memory for the board");
    b->c = *c;
    b->direct = c->kernel && !c->bios && !c->pflash[0];
    m->board = b;
    m->board_reset = board_reset;
    m->board_free = virt_free;
    b->ram = physmap_new_obj(&m->map, "ram", c->ram_size, e);
    if (!b->ram)
        return false;
    physmap_map_obj(&m->map, REGION_RAM, VIRT_RAM, c->ram_size, b->ram, 0, NULL, NULL, "ram");
    if (!c->add_cpu(m, c->cpu_opaque, e))
        return false;
    if (c->gic_version == 3) {
        add_gicv3(&b->gic.gicv3, m);
    } else {
        add_gicv2(&b->gic.gicv2, m);
        add_gicv2m(b, m);
    }
    add_platform(b, m);
    add_input(b, m);
    if (!add_virtio(b, m, e) || !add_pcie(b, m, e) || !add_flash(b, m, e) || !load_firmware(b, e) || !load_guest(b, m, e) || !add_fw_cfg(b, m, e))
        return false;
    machine_reset(m);
    return true;
}
