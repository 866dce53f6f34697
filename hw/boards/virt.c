/*
 * virt.c - builds the Arm virt board: map, wires, boot; see virt.h and docs/virt.md.
 */
#include "hw/boards/virt.h"
#include "hw/char/pl011.h"
#include "hw/misc/pl061.h"
#include "hw/timer/arm_gtimer.h"
#include "hw/timer/pl031.h"
#include "hw/virtio/virtio_blk.h"
#include "hw/virtio/virtio_console.h"
#include "hw/virtio/virtio_mmio.h"
#include "hw/virtio/virtio_rng.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SPI_BASE 32u
#define PPI_BASE 16u
#define NUM_IRQ 288u
#define POWER_KEY_LINE 3u
#define POWER_KEY_NS 100000000u /* how long virt_power_key holds it down */

struct slot {
    struct virtio_mmio mmio;
    union {
        struct virtio_blk     blk;
        struct virtio_console console;
        struct virtio_rng     rng;
    } u;
    char path[24], mmio_path[24];
};

struct virt {
    struct virt_config c;
    struct arm_boot    boot;
    struct file_bytes  bios;
    struct memobj     *ram, *flash_mem[2];
    struct arm_gtimer  timer;
    struct pl011       uart;
    struct pl031       rtc;
    struct pl061       gpio;
    struct slot        slots[VIRT_VIRTIO_COUNT];
    struct event       key_up;
    u64                key_up_at;
};

static struct irq_line spi(struct virt *b, u32 n)
{
    (void)b, (void)n;
    return (struct irq_line){ 0 };
}

static void map_dev(struct machine *m, struct dev *d, gpa at, u64 size)
{
    physmap_map_mmio(&m->map, at, size, &dev_mmio, d, d->path);
}

/* ---- devices ---- */

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
    arm_gtimer_init(&b->timer, m, "timer0", m->cpus[0]);
}

static void host_random(void *opaque, void *p, u32 n)
{
    (void)opaque;
    for (u32 at = 0; at < n;) {
        ssize_t got = getrandom((u8 *)p + at, n - at, 0);
        at += got > 0 ? (u32)got : 0;
    }
}

static struct virtio *add_virtio_dev(struct virt *b, struct machine *m, struct slot *s, const struct virt_slot *c)
{
    switch (c->kind) {
    case VIRT_SLOT_BLK:
        virtio_blk_init(&s->u.blk, m, s->path, c->block, c->serial);
        return &s->u.blk.v;
    case VIRT_SLOT_CONSOLE:
        virtio_console_init(&s->u.console, m, s->path, c->chr);
        return &s->u.console.v;
    default:
        virtio_rng_init(&s->u.rng, m, s->path, b->c.deterministic ? NULL : host_random, NULL);
        return &s->u.rng.v;
    }
}

/* Devices take the transports from the last one downwards, as on QEMU's board. */
static void add_virtio(struct virt *b, struct machine *m)
{
    for (u32 i = 0; i < VIRT_VIRTIO_COUNT; i++) {
        struct slot *s = &b->slots[i];
        u32 k = VIRT_VIRTIO_COUNT - 1 - i;
        struct virtio *v = NULL;
        snprintf(s->path, sizeof s->path, "virtio%u.dev", i);
        snprintf(s->mmio_path, sizeof s->mmio_path, "virtio%u", i);
        if (k < b->c.slot_count)
            v = add_virtio_dev(b, m, s, &b->c.slots[k]);
        virtio_mmio_init(&s->mmio, m, s->mmio_path, v, b->c.virtio_legacy);
        s->mmio.irq = spi(b, VIRT_SPI_VIRTIO + i);
        map_dev(m, &s->mmio.dev, VIRT_VIRTIO + i * VIRT_VIRTIO_STEP, VIRT_VIRTIO_STEP);
    }
}

/* ---- boot ---- */

static void board_reset(struct machine *m, void *opaque)
{
    struct virt *b = opaque;
    struct vcpu *v = m->cpus[0];
    arm_boot_place(&b->boot, m);
    if (b->boot.kernel.n)
        v->guest->set_entry(v, b->boot.kernel_at, b->boot.dtb_at);
    else
        v->guest->set_entry(v, VIRT_FLASH0, 0);
}

static bool load_guest(struct virt *b, struct machine *m, struct err *e)
{
    struct virt_config *c = &b->c;
    b->boot.dtb_at = VIRT_RAM;
    if (c->kernel && !arm_boot_read_kernel(&b->boot, c->kernel, c->ram_size, e))
        return false;
    if (c->initrd && !arm_boot_read_initrd(&b->boot, c->initrd, c->ram_size, e))
        return false;
    if (c->kernel && !arm_boot_layout(&b->boot, VIRT_RAM, c->ram_size, VIRT_DTB_ROOM, e))
        return false;
    return c->dtb ? virt_load_fdt(c, m, &b->boot, &b->boot.dtb, e) : virt_make_fdt(c, m, &b->boot, &b->boot.dtb, e);
}

bool virt_build(struct machine *m, const struct virt_config *c, struct err *e)
{
    struct virt *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, "out of memory for the board");
    b->c = *c;
    m->board = b;
    m->board_reset = board_reset;
    b->ram = physmap_new_obj(&m->map, "ram", c->ram_size, e);
    if (!b->ram)
        return false;
    physmap_map_obj(&m->map, REGION_RAM, VIRT_RAM, c->ram_size, b->ram, 0, NULL, NULL, "ram");
    if (!c->add_cpu(m, c->cpu_opaque, e))
        return false;
    add_platform(b, m);
    add_virtio(b, m);
    if (!load_guest(b, m, e))
        return false;
    machine_reset(m);
    return true;
}

void virt_power_key(struct machine *m)
{
    (void)m;
}
