/* board_pc.c - the PC board as the options describe it. */
#include "app/board.h"
#include "app/setup.h"
#include "frontend/x86/cpu.h"
#include "hw/boards/pc.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VGA_BIOS "/usr/share/seabios/vgabios-stdvga.bin" /* of Debian's package seabios */
#define RAMFB_BIOS "/usr/share/seabios/vgabios-ramfb.bin"
#define FIRMWARE "bios-256k.bin" /* without -bios */

static bool add_cpu(struct machine *m, void *opaque, struct err *e)
{
    struct setup *s = opaque;
    return x86_cpu_new(m, x86_model_find(s->o->cpu), s->engine, e);
}

static bool model_has(const struct options *o, enum x86_feat f)
{
    return x86_model_find(o->cpu)->features[f / 64] >> (f % 64) & 1;
}

static void describe(struct setup *s)
{
    const struct options *o = s->o;
    struct pc_config *c = &s->pc;
    c->add_cpu = add_cpu;
    c->cpu_opaque = s;
    c->long_mode = model_has(o, X86_FEAT_lm);
    c->has_apic = model_has(o, X86_FEAT_apic);
    c->ram_size = o->ram_size;
    c->kernel = o->kernel;
    c->initrd = o->initrd;
    c->append = o->append;
    c->boot_order = o->boot_order;
    c->boot_once = o->boot_once;
    for (u32 i = 0; i < OPT_FLOPPIES; i++)
        c->floppy_boot[i] = o->floppy_boot[i];
    c->boot_menu = o->boot_menu;
    c->nographic = o->nographic;
    c->serial = s->serial;
    c->serial2 = s->serial2 ? s->serial2 : o->serial2_given ? &s->no_output : NULL;
    c->parallel = s->parallel ? s->parallel : o->no_parallel ? NULL : &s->no_output;
    c->input = s->input;
    c->debugcon = s->debugcon ? s->debugcon : o->debugcon_given ? &s->no_output : NULL;
    c->deterministic = o->icount;
    c->rtc_seconds = setup_rtc(o);
    c->vga = o->vga_given || !(o->no_vga || o->no_defaults);
    c->vga_bios = !o->kernel || !access(VGA_BIOS, F_OK) ? VGA_BIOS : NULL; /* a kernel does without */
    c->ramfb = setup_ramfb(o, &c->ramfb_order);
    c->ramfb_bios = !o->kernel || !access(RAMFB_BIOS, F_OK) ? RAMFB_BIOS : NULL;
    for (u32 i = 0; i < o->device_count; i++)
        c->debug_exit |= o->devices[i].kind == DEVICE_DEBUG_EXIT;
}

static bool check(const struct options *o, struct err *e)
{
    const char *not_yet = o->dtb ? "-dtb"
                          : o->bios && o->kernel ? "-bios next to -kernel, which needs no firmware," : NULL;
    for (u32 i = 0; i < o->drive_count; i++)
        if (o->drives[i].iface == DRIVE_PFLASH)
            not_yet = "-drive if=pflash";
    return !not_yet || err_set(e, "-M pc: %s is not modelled", not_yet);
}

/* A name without a folder may be that of a file of the distribution's packages. */
static bool find_firmware(struct setup *s, struct err *e)
{
    static const char *const folders[] = { "/usr/share/seabios", "/usr/share/qemu" };
    const char *name = s->o->bios ? s->o->bios : FIRMWARE;
    s->pc.bios = name;
    if (s->o->bios && (strchr(name, '/') || !access(name, F_OK)))
        return true;
    for (u32 i = 0; i < COUNT(folders); i++) {
        snprintf(s->firmware, sizeof s->firmware, "%s/%s", folders[i], name);
        s->pc.bios = s->firmware;
        if (!access(s->firmware, F_OK))
            return true;
    }
    s->pc.bios = name;
    return s->o->bios || err_set(e, "-M pc: neither -kernel nor -bios is given, and there is no SeaBIOS at %s/%s"
                                 " (package seabios)", folders[0], name);
}

static u32 slot_name(u32 n) { return n; }

static bool build(struct setup *s, struct err *e)
{
    if (!check(s->o, e))
        return false;
    describe(s);
    if ((!s->o->kernel && !find_firmware(s, e)) || !setup_slots(s, slot_name, e))
        return false;
    s->pc.slot_count = s->slot_count; /* the board's from now on */
    memcpy(s->pc.slots, s->slots, s->slot_count * sizeof *s->slots);
    s->slot_count = 0;
    if (!setup_floppies(s, &s->pc.floppies, e) || !setup_ide(s, s->pc.ide, e))
        return false;
    return pc_build(s->m, &s->pc, e);
}

static void close_disks(struct setup *s) { pc_close_blocks(&s->pc); }

static const char *model(u32 i) { return x86_models[i].name; }

const struct app_board app_board_pc = {
    .name = "pc", .text = "PC (i440FX + PIIX, compatible with QEMU's pc)", .cpu = "Haswell",
    .buses = 1u << DEVICE_ON_PCI | 1u << DEVICE_ON_ISA | 1u << DEVICE_ON_IDE, .model = model, .slots = PC_SLOTS, .ide_drives = PC_IDE_DRIVES,
    .firmware = true, .has_vga = true, .doors = pc_doors, .build = build,
    .close = close_disks, .power_key = pc_power_key, .display = pc_display, .nmi = pc_nmi, .pci = pc_pci,
};
