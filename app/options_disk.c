/* options_disk.c - -drive and -device; see options.h. */
#include "app/options_kv.h"
#include <stdio.h>
#include <string.h>

/* The board's default is known at the end. */
static bool drive_if(struct opt_drive *d, const char *val, struct err *e)
{
    static const char *const names[] = { "none", "virtio", "pflash", "ide" };
    u32 i = 0;
    while (i < COUNT(names) && strcmp(names[i], val))
        i++;
    d->iface = (enum drive_if)i;
    return i < COUNT(names) || err_set(e, "-drive: if=%s is not modelled (known: none, virtio, pflash, ide, floppy)", val);
}

static bool drive_media(struct opt_drive *d, const char *val, struct err *e)
{
    d->cdrom = !strcmp(val, "cdrom");
    d->read_only |= d->cdrom;
    return d->cdrom || !strcmp(val, "disk") || err_set(e, "-drive: media=%s is neither disk nor cdrom", val);
}

static bool small_number(const char *opt, const struct kv *kv, int *out, struct err *e)
{
    u64 n;
    if (!opt_u64(kv->val, &n) || n > 255)
        return err_set(e, "%s: %s=%s is not a small number", opt, kv->key, kv->val);
    *out = (int)n;
    return true;
}

static bool drive_option(struct options *o, struct opt_drive *d, const struct kv *kv, struct err *e)
{
    if (!strcmp(kv->key, "file"))
        d->file = opt_keep(o, kv->val);
    else if (!strcmp(kv->key, "id"))
        d->id = opt_keep(o, kv->val);
    else if (!strcmp(kv->key, "if"))
        return drive_if(d, kv->val, e);
    else if (!strcmp(kv->key, "media"))
        return drive_media(d, kv->val, e);
    else if (!strcmp(kv->key, "format"))
        return !strcmp(kv->val, "raw") || err_set(e, "-drive: format=%s is not modelled (known: raw)", kv->val);
    else if (!strcmp(kv->key, "readonly") || !strcmp(kv->key, "read-only"))
        return opt_bool("-drive", kv->key, kv->val, &d->read_only, e);
    else if (!strcmp(kv->key, "snapshot"))
        return opt_bool("-drive", kv->key, kv->val, &d->snapshot, e);
    else if (!strcmp(kv->key, "index") || !strcmp(kv->key, "bus") || !strcmp(kv->key, "unit"))
        return small_number("-drive", kv, *kv->key == 'i' ? &d->index : *kv->key == 'b' ? &d->bus : &d->unit, e);
    else if (strcmp(kv->key, "cache"))
        return err_set(e, "-drive: unknown option '%s'", kv->key);
    return true;
}

static bool add_drive(struct options *o, const struct opt_drive *d, struct err *e)
{
    if (!d->file && !d->cdrom)
        return err_set(e, "-drive: file= is missing");
    if (d->iface == DRIVE_NONE && !d->id)
        return err_set(e, "-drive file=%s: if=none needs an id= for a -device to name", d->file ? d->file : "");
    for (u32 i = 0; d->id && i < o->drive_count; i++)
        if (o->drives[i].id && !strcmp(o->drives[i].id, d->id))
            return err_set(e, "-drive: the id '%s' is used twice", d->id);
    o->drives[o->drive_count++] = *d;
    return true;
}

bool opt_drive_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    struct opt_drive d = { .iface = DRIVE_DEFAULT, .index = -1, .bus = -1, .unit = -1 };
    if (opt_is_floppy(arg))
        return opt_floppy_arg(o, arg, e);
    if (o->drive_count == OPT_DRIVES)
        return err_set(e, "-drive: at most %d drives", OPT_DRIVES);
    while (opt_next(&arg, &kv)) {
        if (!kv.val && strcmp(kv.key, "readonly") && strcmp(kv.key, "snapshot"))
            return err_set(e, "-drive: '%s' needs a value", kv.key);
        if (!drive_option(o, &d, &kv, e))
            return false;
    }
    return add_drive(o, &d, e);
}

bool opt_ide_arg(struct options *o, const char *file, int index, bool cdrom, struct err *e)
{
    const struct opt_drive d = { .iface = DRIVE_IDE, .file = file, .index = index, .bus = -1, .unit = -1,
                                 .cdrom = cdrom, .read_only = cdrom };
    if (o->drive_count == OPT_DRIVES)
        return err_set(e, "-drive: at most %d drives", OPT_DRIVES);
    return add_drive(o, &d, e);
}

/* ---- places of IDE drives ---- */

static bool place_taken(const struct options *o, const struct opt_drive *but, int index)
{
    for (const struct opt_drive *d = o->drives; d < but; d++)
        if (d->iface == DRIVE_IDE && d->index == index)
            return true;
    return false;
}

/* As QEMU does: index is bus * 2 + unit, and what is not said is the first place that is free. */
static bool place(const struct options *o, struct opt_drive *d, int places, struct err *e)
{
    const char *name = d->file ? d->file : "";
    bool free_choice = d->index < 0 && d->unit < 0;
    if (d->index >= 0 && (d->bus >= 0 || d->unit >= 0))
        return err_set(e, "-drive file=%s: index= does not go with bus= or unit=", name);
    if (d->unit > 1)
        return err_set(e, "-drive file=%s: unit=%d is not 0 or 1", name, d->unit);
    if (d->index < 0)
        d->index = 2 * MAX(d->bus, 0) + MAX(d->unit, 0);
    while (free_choice && place_taken(o, d, d->index))
        d->index++;
    if (d->index >= places)
        return err_set(e, "-drive file=%s: the board '%s' has %d IDE drives, index 0 to %d", name, o->machine, places,
                       places - 1);
    return !place_taken(o, d, d->index)
           || err_set(e, "-drive file=%s: another drive is at index %d (bus %d, unit %d)", name, d->index,
                      d->index / 2, d->index % 2);
}

bool opt_check_drives(struct options *o, u32 ide_drives, struct err *e)
{
    for (struct opt_drive *d = o->drives; d < o->drives + o->drive_count; d++) {
        if (d->iface == DRIVE_DEFAULT)
            d->iface = ide_drives ? DRIVE_IDE : DRIVE_VIRTIO;
        if (d->iface != DRIVE_IDE && d->iface != DRIVE_NONE && !d->file)
            return err_set(e, "-drive: file= is missing");
        if (d->iface == DRIVE_IDE && !ide_drives)
            return err_set(e, "-drive file=%s: the board '%s' has no IDE", d->file ? d->file : "", o->machine);
        if (d->iface == DRIVE_IDE && !place(o, d, (int)ide_drives, e))
            return false;
    }
    return true;
}

/* ---- -device ---- */

static const struct device_row { const char *name; enum device_kind kind; enum device_bus bus; const char *help; } devices[] = {
    { "virtio-blk-device", DEVICE_BLK, DEVICE_ON_MMIO, "drive=ID[,serial=TEXT]  block device on virtio-mmio" },
    { "virtio-serial-device", DEVICE_SERIAL_BUS, DEVICE_ON_MMIO, "                       console bus on virtio-mmio" },
    { "virtio-rng-device", DEVICE_RNG, DEVICE_ON_MMIO, "                       entropy on virtio-mmio" },
    { "virtio-blk-pci", DEVICE_BLK, DEVICE_ON_PCI, "drive=ID[,serial=TEXT][,bootindex=N]  block device on PCI" },
    { "virtio-serial-pci", DEVICE_SERIAL_BUS, DEVICE_ON_PCI, "                       console bus on PCI" },
    { "virtio-rng-pci", DEVICE_RNG, DEVICE_ON_PCI, "                       entropy on PCI" },
    { "virtio-gpu-device", DEVICE_GPU, DEVICE_ON_MMIO, "[xres=N][,yres=N]       screen on virtio-mmio" },
    { "virtio-keyboard-device", DEVICE_KEYBOARD, DEVICE_ON_MMIO, "                  keyboard on virtio-mmio" },
    { "virtio-mouse-device", DEVICE_MOUSE, DEVICE_ON_MMIO, "                       mouse on virtio-mmio" },
    { "virtio-tablet-device", DEVICE_TABLET, DEVICE_ON_MMIO, "                       tablet on virtio-mmio" },
    { "virtio-gpu-pci", DEVICE_GPU, DEVICE_ON_PCI, "[xres=N][,yres=N]       screen on PCI" },
    { "virtio-keyboard-pci", DEVICE_KEYBOARD, DEVICE_ON_PCI, "                       keyboard on PCI" },
    { "virtio-mouse-pci", DEVICE_MOUSE, DEVICE_ON_PCI, "                       mouse on PCI" },
    { "virtio-tablet-pci", DEVICE_TABLET, DEVICE_ON_PCI, "                       tablet on PCI" },
    { "ramfb", DEVICE_RAMFB, DEVICE_ANYWHERE, "                       screen in RAM that firmware sets up" },
    { "ide-hd", DEVICE_IDE_DISK, DEVICE_ON_IDE,
      "drive=ID[,bus=ide.0|1][,unit=0|1][,serial=TEXT][,bootindex=N]  IDE disk" },
    { "ide-cd", DEVICE_IDE_CD, DEVICE_ON_IDE,
      "[drive=ID][,bus=ide.0|1][,unit=0|1][,serial=TEXT][,bootindex=N]  IDE CD-ROM drive" },
    { "isa-debug-exit", DEVICE_DEBUG_EXIT, DEVICE_ON_ISA, "[iobase=0x501][,iosize=4]  port that ends the run with a status" },
    { "virtconsole", DEVICE_CONSOLE, DEVICE_ANYWHERE, "chardev=ID              console port (on the standard output)" },
};

enum { SCREEN_MIN = 64, SCREEN_MAX = 4095 }; /* what an EDID can say */

static bool device_kind(const char *name, struct opt_device *d)
{
    for (u32 i = 0; i < COUNT(devices); i++)
        if (!strcmp(devices[i].name, name)) {
            d->kind = devices[i].kind;
            d->bus = devices[i].bus;
            d->name = devices[i].name;
            return true;
        }
    return false;
}

static bool has_drive(const struct opt_device *d)
{
    return d->kind == DEVICE_BLK || d->kind == DEVICE_IDE_DISK || d->kind == DEVICE_IDE_CD;
}

static bool ide_place(struct opt_device *d, const struct kv *kv, struct err *e)
{
    bool bus = *kv->key == 'b';
    const char *digit = !bus ? kv->val : !strncmp(kv->val, "ide.", 4) ? kv->val + 4 : "";
    if (strcmp(digit, "0") && strcmp(digit, "1"))
        return err_set(e, "-device %s: %s=%s is not %s", d->name, kv->key, kv->val,
                       bus ? "ide.0 or ide.1" : "0 or 1");
    *(bus ? &d->ide_bus : &d->ide_unit) = *digit - '0';
    return true;
}

static bool screen_side(struct opt_device *d, const struct kv *kv, struct err *e)
{
    u64 n;
    if (!opt_u64(kv->val, &n) || n < SCREEN_MIN || n > SCREEN_MAX)
        return err_set(e, "-device %s: %s=%s is not a number of pixels from %d to %d", d->name, kv->key, kv->val,
                       SCREEN_MIN, SCREEN_MAX);
    *(*kv->key == 'x' ? &d->xres : &d->yres) = (u32)n;
    return true;
}

bool opt_check_devices(const struct options *o, u32 buses, struct err *e)
{
    for (u32 i = 0; i < o->device_count; i++)
        if (o->devices[i].bus != DEVICE_ANYWHERE && !(buses >> o->devices[i].bus & 1))
            return err_set(e, "-device %s: the board '%s' has no bus for it", o->devices[i].name, o->machine);
    for (u32 i = 0; i < o->device_count; i++)
        if (o->devices[i].boot && !(buses >> DEVICE_ON_ISA & 1))
            return err_set(e, "-device %s: firmware of the board '%s' takes no bootindex", o->devices[i].name,
                           o->machine);
    return !o->debugcon_given || buses >> DEVICE_ON_ISA & 1
           || err_set(e, "-debugcon: the board '%s' has no bus for it", o->machine);
}

bool opt_device_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    struct opt_device d = { .ide_bus = -1, .ide_unit = -1 };
    if (!strcmp(arg, "?") || !strcmp(arg, "help")) {
        for (u32 i = 0; i < COUNT(devices); i++)
            printf("%-20s %s\n", devices[i].name, devices[i].help);
        return o->listed = true;
    }
    if (o->device_count == OPT_DEVICES)
        return err_set(e, "-device: at most %d devices", OPT_DEVICES);
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        if (first) {
            if (kv.val || !device_kind(kv.key, &d))
                return err_set(e, "-device: '%s' is not modelled (-device help lists what is)", kv.key);
        } else if (!kv.val) {
            return err_set(e, "-device: '%s' needs a value", kv.key);
        } else if (!strcmp(kv.key, "drive") && has_drive(&d)) {
            d.drive = opt_keep(o, kv.val);
        } else if (!strcmp(kv.key, "serial") && has_drive(&d)) {
            d.serial = opt_keep(o, kv.val);
        } else if (d.bus == DEVICE_ON_IDE && (!strcmp(kv.key, "bus") || !strcmp(kv.key, "unit"))) {
            if (!ide_place(&d, &kv, e))
                return false;
        } else if (!strcmp(kv.key, "chardev") && d.kind == DEVICE_CONSOLE) {
            d.chardev = opt_keep(o, kv.val);
        } else if (!strcmp(kv.key, "id")) {
            d.id = opt_keep(o, kv.val);
        } else if (!strcmp(kv.key, "bootindex") && has_drive(&d)) {
            if (!opt_boot_index(o, "-device", d.name, kv.val, &d.boot, e))
                return false;
        } else if (d.kind == DEVICE_GPU && (!strcmp(kv.key, "xres") || !strcmp(kv.key, "yres"))) {
            if (!screen_side(&d, &kv, e))
                return false;
        } else if (d.kind == DEVICE_DEBUG_EXIT && (!strcmp(kv.key, "iobase") || !strcmp(kv.key, "iosize"))) {
            u64 n, want = kv.key[2] == 'b' ? 0x501 : 4;
            if (!opt_u64(kv.val, &n) || n != want)
                return err_set(e, "-device isa-debug-exit: %s is %#llx, not '%s'", kv.key, (unsigned long long)want, kv.val);
        } else {
            return err_set(e, "-device: unknown option '%s'", kv.key);
        }
    }
    if ((d.kind == DEVICE_BLK || d.kind == DEVICE_IDE_DISK) && !d.drive)
        return err_set(e, "-device %s: drive= is missing", d.name);
    for (u32 i = 0; d.kind == DEVICE_RAMFB && i < o->device_count; i++)
        if (o->devices[i].kind == DEVICE_RAMFB)
            return err_set(e, "-device ramfb: there can be one");
    for (u32 i = 0; d.id && i < o->device_count; i++)
        if (o->devices[i].id && !strcmp(o->devices[i].id, d.id))
            return err_set(e, "-device: the id '%s' is used twice", d.id);
    o->devices[o->device_count++] = d;
    return true;
}
