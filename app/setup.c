/* setup.c - a machine as the options describe it; see setup.h. */
#include "app/setup.h"
#include "backend/jit/store.h"
#include "host/clock.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- drives and devices ---- */

/* The image as the device sees it; snapshots see the image itself. */
struct block *setup_open_drive(struct setup *s, const struct opt_drive *d, const char *kind, u32 n, struct err *e)
{
    struct block *b = block_open_raw(d->file, d->read_only, d->snapshot || s->o->snapshot_all, e);
    if (!b)
        return NULL;
    disks_add(&s->disks, kind, n, b);
    return s->wrap ? s->wrap(s->wrap_opaque, b, e) : b;
}

const struct opt_drive *setup_find_drive(const struct options *o, const char *id)
{
    for (u32 i = 0; i < o->drive_count; i++)
        if (o->drives[i].iface == DRIVE_NONE && o->drives[i].id && !strcmp(o->drives[i].id, id))
            return &o->drives[i];
    return NULL;
}

static bool room_for_slot(const struct setup *s, struct err *e)
{
    return s->slot_count < s->board->slots
           || err_set(e, "-drive, -device: the board '%s' has room for %u virtio devices", s->board->name,
                      s->board->slots);
}

static bool room_on(const struct setup *s, bool pci, struct err *e)
{
    const struct app_board *b = s->board;
    if (!pci)
        return room_for_slot(s, e);
    return s->pci_slot_count < b->pci_slots
           || err_set(e, "-device: the board '%s' has room for %u virtio devices on PCI", b->name, b->pci_slots);
}

static void put(struct setup *s, bool pci, struct virtio_slot slot)
{
    slot.pci = pci;
    *(pci ? &s->pci_slots[s->pci_slot_count++] : &s->slots[s->slot_count++]) = slot;
}

/* Whether a device goes to PCI on a board that has another place, too. A console goes where the last console bus
 * before it is. */
static bool on_pci(const struct setup *s, const struct opt_device *d)
{
    enum device_bus bus = d->bus;
    for (const struct opt_device *b = s->o->devices; d->kind == DEVICE_CONSOLE && b < d; b++)
        if (b->kind == DEVICE_SERIAL_BUS)
            bus = b->bus;
    return s->board->pci_slots && bus == DEVICE_ON_PCI;
}

/* dev: what names the drive, or NULL. */
static bool add_blk(struct setup *s, const struct opt_drive *d, bool pci, const struct opt_device *dev,
                    setup_slot_name *name, struct err *e)
{
    if (!room_on(s, pci, e))
        return false;
    struct block *b = pci ? setup_open_drive(s, d, "pci", s->pci_slot_count + 1, e)
                          : setup_open_drive(s, d, "virtio", name(s->slot_count), e);
    if (!b)
        return false;
    put(s, pci, (struct virtio_slot){ .kind = SLOT_BLK, .block = b, .serial = dev ? dev->serial : NULL, .id = d->id,
                                        .boot = dev ? dev->boot : 0 });
    return true;
}

/* The drive that a device names, its alone. */
static const struct opt_drive *claim(struct setup *s, const struct opt_device *d, u64 *used, struct err *e)
{
    const struct opt_drive *drive = setup_find_drive(s->o, d->drive);
    u64 bit = drive ? 1ull << (drive - s->o->drives) : 0;
    if (!drive)
        err_set(e, "-device %s: there is no -drive if=none,id=%s", d->name, d->drive);
    else if (*used & bit)
        err_set(e, "-device %s: drive '%s' is already in use", d->name, d->drive);
    else if (!drive->file && d->kind != DEVICE_IDE_CD)
        err_set(e, "-device %s: drive '%s' has no file=", d->name, d->drive);
    bool ok = drive && !(*used & bit) && (drive->file || d->kind == DEVICE_IDE_CD);
    *used |= bit;
    return ok ? drive : NULL;
}

static enum virtio_slot_kind slot_kind(enum device_kind k)
{
    switch (k) {
    case DEVICE_RNG:      return SLOT_RNG;
    case DEVICE_GPU:      return SLOT_GPU;
    case DEVICE_KEYBOARD: return SLOT_KEYBOARD;
    case DEVICE_MOUSE:    return SLOT_MOUSE;
    case DEVICE_TABLET:   return SLOT_TABLET;
    default:              return SLOT_CONSOLE;
    }
}

bool setup_ramfb(const struct options *o, u32 *order)
{
    for (*order = 0; *order < o->device_count; ++*order)
        if (o->devices[*order].kind == DEVICE_RAMFB)
            return true;
    return false;
}

static bool add_device(struct setup *s, const struct opt_device *d, u64 *used, setup_slot_name *name, struct err *e)
{
    const struct opt_drive *drive = NULL;
    if (d->drive && !(drive = claim(s, d, used, e)))
        return false;
    if (d->kind == DEVICE_SERIAL_BUS || d->kind == DEVICE_DEBUG_EXIT || d->kind == DEVICE_RAMFB
        || d->bus == DEVICE_ON_IDE)
        return true;
    if (d->kind == DEVICE_BLK)
        return add_blk(s, drive, on_pci(s, d), d, name, e);
    if (!room_on(s, on_pci(s, d), e))
        return false;
    put(s, on_pci(s, d), (struct virtio_slot){
        .kind = slot_kind(d->kind), .chr = d->kind == DEVICE_CONSOLE ? s->console : NULL, .id = d->id,
        .xres = d->xres, .yres = d->yres, .order = (u32)(d - s->o->devices) });
    return true;
}

bool setup_slots(struct setup *s, setup_slot_name *name, struct err *e)
{
    const struct options *o = s->o;
    u64 used = 0;
    for (u32 i = 0; i < o->drive_count; i++)
        if (o->drives[i].iface == DRIVE_VIRTIO && !add_blk(s, &o->drives[i], false, NULL, name, e))
            return false;
    for (u32 i = 0; i < o->device_count; i++)
        if (!add_device(s, &o->devices[i], &used, name, e))
            return false;
    for (u32 i = 0; i < o->drive_count; i++)
        if (o->drives[i].iface == DRIVE_NONE && !(used >> i & 1))
            return err_set(e, "-drive: no -device uses the drive '%s'", o->drives[i].id);
    return true;
}

/* ---- the machine ---- */

/* 2024-01-01 00:00:00: the board's clock in deterministic mode unless -rtc has a date; UTC or local. */
#define FIXED_RTC 1704067200u

u64 setup_rtc(const struct options *o)
{
    if (o->rtc_base != ~0ull)
        return o->rtc_base;
    return o->icount ? FIXED_RTC : o->rtc_localtime ? host_local_seconds() : host_wall_seconds();
}

static u64 seed_of(const struct options *o)
{
    u64 seed = o->seed;
    int fd = o->icount ? -1 : open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &seed, sizeof seed) != sizeof seed)
            seed = host_now_ns();
        close(fd);
    }
    return seed;
}

/* The options that name nothing to start with are refused: such a machine would spin in empty flash. */
static bool check_start(const struct options *o, struct err *e)
{
    bool firmware = o->bios || app_board_find(o->machine)->firmware;
    for (u32 i = 0; i < o->drive_count; i++)
        firmware |= o->drives[i].iface == DRIVE_PFLASH;
    const char *idle = o->initrd ? "-initrd" : o->append ? "-append" : o->dtb && !firmware ? "-dtb" : NULL;
    if (o->kernel || (firmware && !idle))
        return true;
    if (idle)
        return err_set(e, "%s without -kernel does nothing", idle);
    return o->load || err_set(e, "nothing to start: one of -kernel, -bios, -drive if=pflash or --loadvm is needed");
}

bool setup_open(struct setup *s, const struct options *o, struct err *e)
{
    *s = (struct setup){ .o = o, .board = app_board_find(o->machine) };
    if (!check_start(o, e) || !(s->m = machine_new(s->board->name, e)))
        return false;
    s->m->clock = o->icount ? CLOCK_ICOUNT : CLOCK_REALTIME;
    s->m->pace_host = o->pace_host;
    s->m->no_reboot = o->no_reboot;
    s->m->host_ns = host_now_ns;
    s->m->log.mask = o->log_mask;
    machine_seed(s->m, seed_of(o));
    return true;
}

/* Compiled code on disk. A run without is slower, not wrong: what is in the way of a folder that was asked for is said.
 * Engines that are compared make all code themselves. */
static void open_code_store(struct setup *s)
{
    const char *dir = s->o->code_cache;
    char own[4096];
    struct err e;
    if (!s->engine->keeps_code || s->o->lockstep[0] || (dir && !strcmp(dir, "off")))
        return;
    if (dir || code_store_default_dir(own, sizeof own, &e))
        s->code_store = code_store_open(dir ? dir : own, CODE_STORE_DEFAULT_BYTES, &e);
    if (s->code_store)
        code_store_log(s->code_store, &s->m->log);
    else if (dir)
        fprintf(stderr, "mynah: %s; running without\n", e.msg);
    else
        log_line(&s->m->log, LOG_code_cache, "%s; running without", e.msg);
    s->m->code_store = s->code_store;
}

bool setup_build(struct setup *s, struct err *e)
{
    open_code_store(s);
    return s->board->build(s, e) && (!s->o->load || disks_load(&s->disks, s->m, s->o->load, e));
}

void setup_close(struct setup *s)
{
    virtio_slots_close(s->slots, s->slot_count);
    virtio_slots_close(s->pci_slots, s->pci_slot_count);
    if (s->board && (!s->m || !s->m->board)) /* one that was never opened has no board */
        s->board->close(s);
    machine_free(s->m);
    s->m = NULL;
    code_store_close(s->code_store);
    s->code_store = NULL;
}
