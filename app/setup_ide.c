/* setup_ide.c - IDE drives as the options describe them; see setup.h. */
#include "app/setup.h"
#include <stdio.h>

/* A CD is read alone; a disk is written, as ATA knows no other. */
static bool check(const struct opt_drive *d, const struct block *b, bool cd, struct err *e)
{
    if (!cd && d->read_only)
        return err_set(e, "-drive file=%s: an IDE disk cannot be read-only (snapshot=on keeps writes in memory)",
                       d->file);
    return cd || !b || b->size >= 512
           || err_set(e, "disk image '%s': %llu bytes are no sector", d->file, (unsigned long long)b->size);
}

static const char *name_of(struct setup *s, u32 n, bool cd)
{
    snprintf(s->ide_id[n], sizeof s->ide_id[n], "ide%u-%s%u", n / 2, cd ? "cd" : "hd", n % 2);
    return s->ide_id[n];
}

/* drive: NULL, or without a file: an empty CD drive. */
static bool put(struct setup *s, struct pc_ide_drive *to, u32 n, const struct opt_drive *drive, bool cd,
                struct err *e)
{
    struct opt_drive d = drive ? *drive : (struct opt_drive){ .cdrom = true };
    if (!check(&d, NULL, cd, e))
        return false;
    d.read_only |= cd;
    d.snapshot &= !cd;
    to[n].kind = cd ? IDE_CD : IDE_DISK;
    to[n].id = d.id ? d.id : name_of(s, n, cd);
    if (!d.file) {
        disks_add(&s->disks, "ide", n, NULL);
        return true;
    }
    to[n].block = setup_open_drive(s, &d, "ide", n, e);
    return to[n].block && check(&d, to[n].block, cd, e);
}

static bool place(const struct pc_ide_drive *to, const struct opt_device *d, u32 *out, struct err *e)
{
    for (u32 n = 0; n < PC_IDE_DRIVES; n++) {
        bool here = (d->ide_bus < 0 || (u32)d->ide_bus == n / 2) && (d->ide_unit < 0 || (u32)d->ide_unit == n % 2);
        if (!here || to[n].kind != IDE_NONE)
            continue;
        *out = n;
        return true;
    }
    return err_set(e, "-device %s: no place is left%s", d->name,
                   d->ide_bus < 0 && d->ide_unit < 0 ? "" : " where it shall be");
}

static bool add_devices(struct setup *s, struct pc_ide_drive *to, bool *any, struct err *e)
{
    const struct options *o = s->o;
    for (const struct opt_device *d = o->devices; d < o->devices + o->device_count; d++) {
        u32 n = 0;
        if (d->bus != DEVICE_ON_IDE)
            continue;
        *any = true;
        if (!place(to, d, &n, e)
            || !put(s, to, n, d->drive ? setup_find_drive(o, d->drive) : NULL, d->kind == DEVICE_IDE_CD, e))
            return false;
        to[n].serial = d->serial;
        to[n].boot = d->boot;
        to[n].id = d->id ? d->id : to[n].id;
    }
    return true;
}

bool setup_ide(struct setup *s, struct pc_ide_drive drives[PC_IDE_DRIVES], struct err *e)
{
    const struct options *o = s->o;
    bool devices = false;
    for (const struct opt_drive *d = o->drives; d < o->drives + o->drive_count; d++)
        if (d->iface == DRIVE_IDE && !put(s, drives, (u32)d->index, d, d->cdrom, e))
            return false;
    if (!add_devices(s, drives, &devices, e))
        return false;
    return devices || o->no_defaults || drives[2].kind != IDE_NONE || put(s, drives, 2, NULL, true, e);
}
