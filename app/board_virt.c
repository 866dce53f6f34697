/* board_virt.c - the Arm virt board as the options describe it. */
#include "app/board.h"
#include "app/setup.h"
#include "frontend/arm/cpu.h"
#include <string.h>

static bool add_cpu(struct machine *m, void *opaque, struct err *e)
{
    struct setup *s = opaque;
    struct a64_wiring w = { .gic_sysregs = s->virt.gic_version == 3, .psci = A64_PSCI_HVC };
    return a64_cpu_new(m, a64_model_find(s->o->cpu), s->engine, &w, e);
}

static bool add_flash(struct setup *s, struct err *e)
{
    u32 flash = 0;
    for (u32 i = 0; i < s->o->drive_count; i++) {
        const struct opt_drive *d = &s->o->drives[i];
        if (d->iface != DRIVE_PFLASH)
            continue;
        if (flash == 2)
            return err_set(e, "-drive if=pflash: the virt board has two flash banks");
        if (!(s->virt.pflash[flash] = setup_open_drive(s, d, "flash", flash, e)))
            return false;
        flash++;
    }
    return true;
}

static void describe(struct setup *s)
{
    const struct options *o = s->o;
    struct virt_config *v = &s->virt;
    v->cpu = o->cpu;
    v->add_cpu = add_cpu;
    v->cpu_opaque = s;
    v->ram_size = o->ram_size;
    v->gic_version = o->gic_version;
    v->kernel = o->kernel;
    v->initrd = o->initrd;
    v->append = o->append;
    v->dtb = o->dtb;
    v->bios = o->bios;
    v->serial = s->serial;
    v->deterministic = o->icount;
    v->nographic = o->nographic;
    v->rtc_seconds = setup_rtc(o);
    v->input = s->input;
    v->ramfb = setup_ramfb(o, &v->ramfb_order);
}

/* Names of devices by their transport: the last one is taken first. */
static u32 slot_name(u32 n) { return VIRT_VIRTIO_COUNT - 1 - n; }

static bool build(struct setup *s, struct err *e)
{
    describe(s);
    if (s->virt.rtc_seconds > ~0u)
        return err_set(e, "-rtc: the clock of the board 'virt' counts seconds in 32 bits and ends in 2106");
    if (!add_flash(s, e) || !setup_slots(s, slot_name, e))
        return false;
    s->virt.slot_count = s->slot_count + s->pci_slot_count; /* the board's from now on */
    memcpy(s->virt.slots, s->slots, s->slot_count * sizeof *s->slots);
    memcpy(s->virt.slots + s->slot_count, s->pci_slots, s->pci_slot_count * sizeof *s->slots);
    s->slot_count = s->pci_slot_count = 0;
    return virt_build(s->m, &s->virt, e);
}

static void close_disks(struct setup *s) { virt_close_blocks(&s->virt); }

static const char *model(u32 i) { return a64_models[i].name; }

const struct app_board app_board_virt = {
    .name = "virt", .text = "Arm virtual machine (compatible with QEMU's virt)\nOptions: virt,gic-version=2|3",
    .cpu = "cortex-a72", .buses = 1u << DEVICE_ON_MMIO | 1u << DEVICE_ON_PCI, .model = model,
    .slots = VIRT_VIRTIO_COUNT, .pci_slots = VIRT_PCI_COUNT, .build = build, .close = close_disks,
    .power_key = virt_power_key, .display = virt_display, .pci = virt_pci,
};
