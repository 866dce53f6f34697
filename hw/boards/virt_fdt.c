/*
 * virt_fdt.c - the device tree of the virt board, by libfdt.
 *
 * Bindings: Devicetree Specification 0.4 and Linux' Documentation/devicetree/bindings. Node names and
 * properties are those that QEMU's board gives to the same hardware.
 */
#include "hw/boards/virt.h"
#include "hw/intc/gicv2m.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

enum { PH_CLOCK = 0x8000, PH_CPU0 = 0x8001, PH_GIC = 0x8002, PH_V2M = 0x8003, PH_GPIO = 0x8004 };
enum { IRQ_SPI = 0, IRQ_PPI = 1, IRQ_EDGE = 1, IRQ_HIGH = 4, IRQ_PPI_CPU0 = 0x100 };

/* Cells of a property, counted by the macro. */
#define CELLS(fdt, name, ...)                                                                      \
    cells(fdt, name, (const u32[]){ __VA_ARGS__ }, sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

static void cells(void *fdt, const char *name, const u32 *v, u32 n)
{
    fdt32_t be[32];
    CHECK(n <= COUNT(be));
    for (u32 i = 0; i < n; i++)
        be[i] = cpu_to_fdt32(v[i]);
    fdt_property(fdt, name, be, (int)(4 * n));
}

/* A list of strings is given with embedded zeros: STRINGS("a\0b"). */
#define STRINGS(fdt, name, text) fdt_property(fdt, name, text, sizeof(text))

static void reg(void *fdt, u64 at, u64 size)
{
    CELLS(fdt, "reg", (u32)(at >> 32), (u32)at, (u32)(size >> 32), (u32)size);
}

static void psci(void *fdt)
{
    fdt_begin_node(fdt, "psci");
    STRINGS(fdt, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
    fdt_property_string(fdt, "method", "hvc");
    CELLS(fdt, "cpu_suspend", 0xc4000001);
    CELLS(fdt, "cpu_off", 0x84000002);
    CELLS(fdt, "cpu_on", 0xc4000003);
    CELLS(fdt, "migrate", 0xc4000005);
    fdt_end_node(fdt);
}

static void cpus(void *fdt, const struct virt_config *c)
{
    char compatible[64];
    snprintf(compatible, sizeof compatible, "arm,%s", !strcmp(c->cpu, "max") ? "armv8" : c->cpu);
    fdt_begin_node(fdt, "cpus");
    CELLS(fdt, "#address-cells", 1);
    CELLS(fdt, "#size-cells", 0);
    fdt_begin_node(fdt, "cpu@0");
    fdt_property_string(fdt, "device_type", "cpu");
    fdt_property_string(fdt, "compatible", compatible);
    CELLS(fdt, "reg", 0);
    CELLS(fdt, "phandle", PH_CPU0);
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "cpu-map");
    fdt_begin_node(fdt, "socket0");
    fdt_begin_node(fdt, "cluster0");
    fdt_begin_node(fdt, "core0");
    CELLS(fdt, "cpu", PH_CPU0);
    for (int i = 0; i < 5; i++)
        fdt_end_node(fdt);
}

static void v2m(void *fdt)
{
    fdt_begin_node(fdt, "v2m@8020000");
    fdt_property_string(fdt, "compatible", "arm,gic-v2m-frame");
    fdt_property(fdt, "msi-controller", NULL, 0);
    reg(fdt, VIRT_GICV2M, GICV2M_SIZE);
    CELLS(fdt, "phandle", PH_V2M);
    fdt_end_node(fdt);
}

static void gic(void *fdt, const struct virt_config *c)
{
    fdt_begin_node(fdt, "intc@8000000");
    fdt_property_string(fdt, "compatible", c->gic_version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    CELLS(fdt, "#interrupt-cells", 3);
    fdt_property(fdt, "interrupt-controller", NULL, 0);
    CELLS(fdt, "#address-cells", 2);
    CELLS(fdt, "#size-cells", 2);
    fdt_property(fdt, "ranges", NULL, 0);
    if (c->gic_version == 3) {
        CELLS(fdt, "#redistributor-regions", 1);
        CELLS(fdt, "reg", 0, VIRT_GICD, 0, 0x10000, 0, VIRT_GICR, 0, 0xf60000);
    } else {
        CELLS(fdt, "reg", 0, VIRT_GICD, 0, 0x10000, 0, VIRT_GICC, 0, 0x10000);
    }
    CELLS(fdt, "phandle", PH_GIC);
    if (c->gic_version == 2)
        v2m(fdt);
    fdt_end_node(fdt);
}

static void timer(void *fdt, const struct virt_config *c)
{
    u32 flags = IRQ_HIGH | (c->gic_version == 2 ? IRQ_PPI_CPU0 : 0);
    fdt_begin_node(fdt, "timer");
    STRINGS(fdt, "compatible", "arm,armv8-timer\0arm,armv7-timer");
    fdt_property(fdt, "always-on", NULL, 0);
    CELLS(fdt, "interrupts", IRQ_PPI, VIRT_PPI_TIMER_SEC, flags, IRQ_PPI, VIRT_PPI_TIMER_PHYS, flags, IRQ_PPI,
          VIRT_PPI_TIMER_VIRT, flags, IRQ_PPI, VIRT_PPI_TIMER_HYP, flags);
    fdt_end_node(fdt);
}

static void begin_primecell(void *fdt, const char *node, u64 at, u32 spi)
{
    fdt_begin_node(fdt, node);
    reg(fdt, at, 0x1000);
    CELLS(fdt, "interrupts", IRQ_SPI, spi, IRQ_HIGH);
}

static void platform(void *fdt)
{
    fdt_begin_node(fdt, "apb-pclk");
    fdt_property_string(fdt, "compatible", "fixed-clock");
    CELLS(fdt, "#clock-cells", 0);
    CELLS(fdt, "clock-frequency", 24000000);
    fdt_property_string(fdt, "clock-output-names", "clk24mhz");
    CELLS(fdt, "phandle", PH_CLOCK);
    fdt_end_node(fdt);

    begin_primecell(fdt, "pl011@9000000", VIRT_UART, VIRT_SPI_UART);
    STRINGS(fdt, "compatible", "arm,pl011\0arm,primecell");
    CELLS(fdt, "clocks", PH_CLOCK, PH_CLOCK);
    STRINGS(fdt, "clock-names", "uartclk\0apb_pclk");
    fdt_end_node(fdt);

    begin_primecell(fdt, "pl031@9010000", VIRT_RTC, VIRT_SPI_RTC);
    STRINGS(fdt, "compatible", "arm,pl031\0arm,primecell");
    CELLS(fdt, "clocks", PH_CLOCK);
    fdt_property_string(fdt, "clock-names", "apb_pclk");
    fdt_end_node(fdt);

    begin_primecell(fdt, "pl061@9030000", VIRT_GPIO, VIRT_SPI_GPIO);
    STRINGS(fdt, "compatible", "arm,pl061\0arm,primecell");
    CELLS(fdt, "#gpio-cells", 2);
    fdt_property(fdt, "gpio-controller", NULL, 0);
    CELLS(fdt, "clocks", PH_CLOCK);
    fdt_property_string(fdt, "clock-names", "apb_pclk");
    CELLS(fdt, "phandle", PH_GPIO);
    fdt_end_node(fdt);

    fdt_begin_node(fdt, "gpio-keys");
    fdt_property_string(fdt, "compatible", "gpio-keys");
    fdt_begin_node(fdt, "poweroff");
    fdt_property_string(fdt, "label", "GPIO Key Poweroff");
    CELLS(fdt, "linux,code", 116);
    CELLS(fdt, "gpios", PH_GPIO, 3, 0);
    fdt_end_node(fdt);
    fdt_end_node(fdt);
}

static void flash_and_fw_cfg(void *fdt)
{
    fdt_begin_node(fdt, "flash@0");
    fdt_property_string(fdt, "compatible", "cfi-flash");
    CELLS(fdt, "reg", 0, VIRT_FLASH0, 0, VIRT_FLASH_SIZE, 0, VIRT_FLASH1, 0, VIRT_FLASH_SIZE);
    CELLS(fdt, "bank-width", 4);
    fdt_end_node(fdt);

    fdt_begin_node(fdt, "fw-cfg@9020000");
    fdt_property_string(fdt, "compatible", "qemu,fw-cfg-mmio");
    reg(fdt, VIRT_FW_CFG, 0x18);
    fdt_property(fdt, "dma-coherent", NULL, 0);
    fdt_end_node(fdt);
}

static void virtio(void *fdt)
{
    char node[32];
    for (u32 i = 0; i < VIRT_VIRTIO_COUNT; i++) {
        u64 at = VIRT_VIRTIO + i * VIRT_VIRTIO_STEP;
        snprintf(node, sizeof node, "virtio_mmio@%llx", (unsigned long long)at);
        fdt_begin_node(fdt, node);
        fdt_property_string(fdt, "compatible", "virtio,mmio");
        reg(fdt, at, VIRT_VIRTIO_STEP);
        CELLS(fdt, "interrupts", IRQ_SPI, VIRT_SPI_VIRTIO + i, IRQ_EDGE);
        fdt_property(fdt, "dma-coherent", NULL, 0);
        fdt_end_node(fdt);
    }
}

/* What pin 1..4 of a slot is wired to: slots repeat after four. */
static void pcie_interrupts(void *fdt)
{
    fdt32_t map[16][10];
    for (u32 i = 0; i < 16; i++) {
        u32 slot = i / 4, pin = i % 4;
        const u32 row[10] = { slot << 11, 0, 0, pin + 1, PH_GIC, 0, 0, IRQ_SPI, VIRT_SPI_PCIE + (slot + pin) % 4, IRQ_HIGH };
        for (u32 k = 0; k < 10; k++)
            map[i][k] = cpu_to_fdt32(row[k]);
    }
    fdt_property(fdt, "interrupt-map", map, sizeof map);
    CELLS(fdt, "interrupt-map-mask", 3 << 11, 0, 0, 7);
    CELLS(fdt, "#interrupt-cells", 1);
}

/* Binding: pci-host-ecam-generic; IEEE 1275 PCI: windows of ports, 32-bit and 64-bit memory. */
static void pcie(void *fdt, const struct virt_config *c)
{
    enum { PORTS = 0x01000000, MEM32 = 0x02000000, MEM64 = 0x03000000 };
    fdt_begin_node(fdt, "pcie@10000000");
    fdt_property_string(fdt, "compatible", "pci-host-ecam-generic");
    fdt_property_string(fdt, "device_type", "pci");
    CELLS(fdt, "#address-cells", 3);
    CELLS(fdt, "#size-cells", 2);
    CELLS(fdt, "linux,pci-domain", 0);
    CELLS(fdt, "bus-range", 0, VIRT_PCIE_ECAM_SIZE / 0x100000 - 1);
    fdt_property(fdt, "dma-coherent", NULL, 0);
    reg(fdt, VIRT_PCIE_ECAM, VIRT_PCIE_ECAM_SIZE);
    CELLS(fdt, "ranges", PORTS, 0, 0, 0, VIRT_PCIE_PIO, 0, VIRT_PCIE_PIO_SIZE,
          MEM32, 0, VIRT_PCIE_MMIO, 0, VIRT_PCIE_MMIO, 0, VIRT_PCIE_MMIO_SIZE,
          MEM64, VIRT_PCIE_HIGH >> 32, 0, VIRT_PCIE_HIGH >> 32, 0, VIRT_PCIE_HIGH_SIZE >> 32, 0);
    pcie_interrupts(fdt);
    if (c->gic_version == 2)
        CELLS(fdt, "msi-map", 0, PH_V2M, 0, 0x10000); /* all requester ids */
    fdt_end_node(fdt);
}

static void memory(void *fdt, const struct virt_config *c)
{
    fdt_begin_node(fdt, "memory@40000000");
    fdt_property_string(fdt, "device_type", "memory");
    reg(fdt, VIRT_RAM, c->ram_size);
    fdt_end_node(fdt);
}

/* What boot adds to /chosen of a finished tree, our own or the user's. */
static bool fill_chosen(void *fdt, const struct virt_config *c, struct machine *m, const struct arm_boot *boot)
{
    u8 seed[32];
    int at = fdt_path_offset(fdt, "/chosen");
    if (at < 0)
        at = fdt_add_subnode(fdt, 0, "chosen");
    for (u32 i = 0; i < sizeof seed; i += 8) {
        u64 r = machine_random(m);
        memcpy(seed + i, &r, 8);
    }
    bool ok = at >= 0 && !fdt_setprop_u64(fdt, at, "kaslr-seed", machine_random(m))
              && !fdt_setprop(fdt, at, "rng-seed", seed, sizeof seed);
    if (c->append)
        ok = ok && !fdt_setprop_string(fdt, at, "bootargs", c->append);
    if (boot->initrd.n && boot->kernel.n)
        ok = ok && !fdt_setprop_u64(fdt, at, "linux,initrd-start", boot->initrd_at)
             && !fdt_setprop_u64(fdt, at, "linux,initrd-end", boot->initrd_at + boot->initrd.n);
    return ok;
}

bool virt_make_fdt(const struct virt_config *c, struct machine *m, const struct arm_boot *boot, struct file_bytes *out,
                   struct err *e)
{
    void *fdt = calloc(1, VIRT_DTB_ROOM);
    if (!fdt)
        return err_set(e, "out of memory for the device tree");
    fdt_create(fdt, VIRT_DTB_ROOM);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_string(fdt, "compatible", "linux,dummy-virt");
    fdt_property_string(fdt, "model", "linux,dummy-virt");
    CELLS(fdt, "#address-cells", 2);
    CELLS(fdt, "#size-cells", 2);
    CELLS(fdt, "interrupt-parent", PH_GIC);
    psci(fdt);
    memory(fdt, c);
    flash_and_fw_cfg(fdt);
    virtio(fdt);
    pcie(fdt, c);
    platform(fdt);
    gic(fdt, c);
    cpus(fdt, c);
    timer(fdt, c);
    fdt_begin_node(fdt, "chosen");
    fdt_property_string(fdt, "stdout-path", "/pl011@9000000");
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    CHECK(!fdt_finish(fdt) && !fdt_open_into(fdt, fdt, VIRT_DTB_ROOM));
    *out = (struct file_bytes){ fdt, VIRT_DTB_ROOM };
    if (!fill_chosen(fdt, c, m, boot))
        return err_set(e, "-append: the kernel command line does not fit the device tree");
    fdt_pack(fdt);
    out->n = fdt_totalsize(fdt);
    return true;
}

static bool set_memory(void *fdt, const struct virt_config *c)
{
    fdt64_t v[2] = { cpu_to_fdt64(VIRT_RAM), cpu_to_fdt64(c->ram_size) };
    int at = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", 7);
    if (at < 0)
        at = fdt_add_subnode(fdt, 0, "memory@40000000");
    return at >= 0 && !fdt_setprop_string(fdt, at, "device_type", "memory") && !fdt_setprop(fdt, at, "reg", v, sizeof v);
}

bool virt_load_fdt(const struct virt_config *c, struct machine *m, const struct arm_boot *boot, struct file_bytes *out,
                   struct err *e)
{
    struct file_bytes f;
    if (!file_read("device tree", c->dtb, VIRT_DTB_ROOM / 2, &f, e))
        return false;
    int bad = f.n < 40 ? -FDT_ERR_TRUNCATED : fdt_check_full(f.p, f.n);
    if (bad) {
        file_bytes_free(&f);
        return err_set(e, "device tree '%s': %s", c->dtb, bad == -FDT_ERR_BADMAGIC ? "not a flattened device tree"
                                                                                    : fdt_strerror(bad));
    }
    *out = (struct file_bytes){ calloc(1, VIRT_DTB_ROOM), VIRT_DTB_ROOM };
    bool ok = out->p && !fdt_open_into(f.p, out->p, VIRT_DTB_ROOM);
    file_bytes_free(&f);
    if (!ok || !set_memory(out->p, c) || !fill_chosen(out->p, c, m, boot))
        return err_set(e, "device tree '%s': memory and boot arguments cannot be added to it", c->dtb);
    fdt_pack(out->p);
    out->n = fdt_totalsize(out->p);
    return true;
}
