/* options_disk.c - -drive and -device; see options.h. */
#include "app/options_kv.h"
#include <stdio.h>
#include <string.h>

bool opt_drive_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    struct opt_drive d = { .iface = DRIVE_VIRTIO };
    if (opt_is_floppy(arg))
        return opt_floppy_arg(o, arg, e);
    if (o->drive_count == OPT_DRIVES)
        return err_set(e, "-drive: at most %d drives", OPT_DRIVES);
    while (opt_next(&arg, &kv)) {
        if (!kv.val && strcmp(kv.key, "readonly") && strcmp(kv.key, "snapshot"))
            return err_set(e, "-drive: '%s' needs a value", kv.key);
        if (!strcmp(kv.key, "file"))
            d.file = opt_keep(o, kv.val);
        else if (!strcmp(kv.key, "id"))
            d.id = opt_keep(o, kv.val);
        else if (!strcmp(kv.key, "if")) {
            static const char *const names[] = { "none", "virtio", "pflash" };
            u32 i = 0;
            while (i < COUNT(names) && strcmp(names[i], kv.val))
                i++;
            if (i == COUNT(names))
                return err_set(e, "-drive: if=%s is not modelled (known: none, virtio, pflash, floppy)", kv.val);
            d.iface = (enum drive_if)i;
        } else if (!strcmp(kv.key, "format")) {
            if (strcmp(kv.val, "raw"))
                return err_set(e, "-drive: format=%s is not modelled (known: raw)", kv.val);
        } else if (!strcmp(kv.key, "readonly") || !strcmp(kv.key, "read-only")) {
            if (!opt_bool("-drive", kv.key, kv.val, &d.read_only, e))
                return false;
        } else if (!strcmp(kv.key, "snapshot")) {
            if (!opt_bool("-drive", kv.key, kv.val, &d.snapshot, e))
                return false;
        } else if (strcmp(kv.key, "media") && strcmp(kv.key, "cache") && strcmp(kv.key, "unit") && strcmp(kv.key, "index")) {
            return err_set(e, "-drive: unknown option '%s'", kv.key);
        }
    }
    if (!d.file)
        return err_set(e, "-drive: file= is missing");
    if (d.iface == DRIVE_NONE && !d.id)
        return err_set(e, "-drive file=%s: if=none needs an id= for a -device to name", d.file);
    for (u32 i = 0; d.id && i < o->drive_count; i++)
        if (o->drives[i].id && !strcmp(o->drives[i].id, d.id))
            return err_set(e, "-drive: the id '%s' is used twice", d.id);
    o->drives[o->drive_count++] = d;
    return true;
}

static const struct device_row { const char *name; enum device_kind kind; enum device_bus bus; const char *help; } devices[] = {
    { "virtio-blk-device", DEVICE_BLK, DEVICE_ON_MMIO, "drive=ID[,serial=TEXT]  block device on virtio-mmio" },
    { "virtio-serial-device", DEVICE_SERIAL_BUS, DEVICE_ON_MMIO, "                       console bus on virtio-mmio" },
    { "virtio-rng-device", DEVICE_RNG, DEVICE_ON_MMIO, "                       entropy on virtio-mmio" },
    { "virtio-blk-pci", DEVICE_BLK, DEVICE_ON_PCI, "drive=ID[,serial=TEXT]  block device on PCI" },
    { "virtio-serial-pci", DEVICE_SERIAL_BUS, DEVICE_ON_PCI, "                       console bus on PCI" },
    { "virtio-rng-pci", DEVICE_RNG, DEVICE_ON_PCI, "                       entropy on PCI" },
    { "isa-debug-exit", DEVICE_DEBUG_EXIT, DEVICE_ON_ISA, "[iobase=0x501][,iosize=4]  port that ends the run with a status" },
    { "virtconsole", DEVICE_CONSOLE, DEVICE_ANYWHERE, "chardev=ID              console port (on the standard output)" },
};

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

bool opt_check_devices(const struct options *o, u32 buses, struct err *e)
{
    for (u32 i = 0; i < o->device_count; i++)
        if (o->devices[i].bus != DEVICE_ANYWHERE && !(buses >> o->devices[i].bus & 1))
            return err_set(e, "-device %s: the board '%s' has no bus for it", o->devices[i].name, o->machine);
    return !o->debugcon_given || buses >> DEVICE_ON_ISA & 1
           || err_set(e, "-debugcon: the board '%s' has no bus for it", o->machine);
}

bool opt_device_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    struct opt_device d = { 0 };
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
        } else if (!strcmp(kv.key, "drive") && d.kind == DEVICE_BLK) {
            d.drive = opt_keep(o, kv.val);
        } else if (!strcmp(kv.key, "serial") && d.kind == DEVICE_BLK) {
            d.serial = opt_keep(o, kv.val);
        } else if (!strcmp(kv.key, "chardev") && d.kind == DEVICE_CONSOLE) {
            d.chardev = opt_keep(o, kv.val);
        } else if (!strcmp(kv.key, "id")) {
            d.id = opt_keep(o, kv.val);
        } else if (d.kind == DEVICE_DEBUG_EXIT && (!strcmp(kv.key, "iobase") || !strcmp(kv.key, "iosize"))) {
            u64 n, want = kv.key[2] == 'b' ? 0x501 : 4;
            if (!opt_u64(kv.val, &n) || n != want)
                return err_set(e, "-device isa-debug-exit: %s is %#llx, not '%s'", kv.key, (unsigned long long)want, kv.val);
        } else {
            return err_set(e, "-device: unknown option '%s'", kv.key);
        }
    }
    if (d.kind == DEVICE_BLK && !d.drive)
        return err_set(e, "-device %s: drive= is missing", d.name);
    for (u32 i = 0; d.id && i < o->device_count; i++)
        if (o->devices[i].id && !strcmp(o->devices[i].id, d.id))
            return err_set(e, "-device: the id '%s' is used twice", d.id);
    o->devices[o->device_count++] = d;
    return true;
}
