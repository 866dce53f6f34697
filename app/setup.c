/* setup.c - a machine as the options describe it; see setup.h. */
#include "app/setup.h"
#include "frontend/arm/cpu.h"
#include "host/clock.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- drives and devices ---- */

/* The image as the device sees it; snapshots see the image itself. */
static struct block *open_drive(struct setup *s, const struct opt_drive *d, const char *kind, u32 n, struct err *e)
{
    struct block *b = block_open_raw(d->file, d->read_only, d->snapshot || s->o->snapshot_all, e);
    if (!b)
        return NULL;
    disks_add(&s->disks, kind, n, b);
    return s->wrap ? s->wrap(s->wrap_opaque, b, e) : b;
}

static bool add_blk(struct setup *s, const struct opt_drive *d, const char *serial, struct err *e)
{
    struct virt_config *v = &s->virt;
    if (v->slot_count == VIRT_VIRTIO_COUNT)
        return err_set(e, "more than %u virtio devices", VIRT_VIRTIO_COUNT);
    u32 n = VIRT_VIRTIO_COUNT - 1 - v->slot_count; /* the device's name on the board */
    struct block *b = open_drive(s, d, "virtio", n, e);
    if (!b)
        return false;
    v->slots[v->slot_count++] =
        (struct virt_slot){ .kind = VIRT_SLOT_BLK, .block = b, .serial = serial, .id = d->id };
    return true;
}

static bool add_device(struct setup *s, const struct opt_device *d, u64 *used, struct err *e)
{
    const struct options *o = s->o;
    struct virt_config *v = &s->virt;
    if (d->kind == DEVICE_SERIAL_BUS)
        return true;
    if (d->kind == DEVICE_BLK) {
        for (u32 i = 0; i < o->drive_count; i++)
            if (o->drives[i].iface == DRIVE_NONE && o->drives[i].id && !strcmp(o->drives[i].id, d->drive)) {
                if (*used >> i & 1)
                    return err_set(e, "-device virtio-blk-device: drive '%s' is already in use", d->drive);
                *used |= 1ull << i;
                return add_blk(s, &o->drives[i], d->serial, e);
            }
        return err_set(e, "-device virtio-blk-device: there is no -drive if=none,id=%s", d->drive);
    }
    if (v->slot_count == VIRT_VIRTIO_COUNT)
        return err_set(e, "more than %u virtio devices", VIRT_VIRTIO_COUNT);
    v->slots[v->slot_count++] = (struct virt_slot){
        .kind = d->kind == DEVICE_RNG ? VIRT_SLOT_RNG : VIRT_SLOT_CONSOLE,
        .chr = d->kind == DEVICE_CONSOLE ? s->console : NULL, .id = d->id };
    return true;
}

static bool add_drives(struct setup *s, struct err *e)
{
    const struct options *o = s->o;
    u64 used = 0;
    u32 flash = 0;
    for (u32 i = 0; i < o->drive_count; i++) {
        const struct opt_drive *d = &o->drives[i];
        if (d->iface == DRIVE_VIRTIO && !add_blk(s, d, NULL, e))
            return false;
        if (d->iface != DRIVE_PFLASH)
            continue;
        if (flash == 2)
            return err_set(e, "-drive if=pflash: the virt board has two flash banks");
        if (!(s->virt.pflash[flash] = open_drive(s, d, "flash", flash, e)))
            return false;
        flash++;
    }
    for (u32 i = 0; i < o->device_count; i++)
        if (!add_device(s, &o->devices[i], &used, e))
            return false;
    for (u32 i = 0; i < o->drive_count; i++)
        if (o->drives[i].iface == DRIVE_NONE && !(used >> i & 1))
            return err_set(e, "-drive: no -device uses the drive '%s'", o->drives[i].id);
    return true;
}

/* ---- the machine ---- */

static bool add_cpu(struct machine *m, void *opaque, struct err *e)
{
    struct setup *s = opaque;
    struct a64_wiring w = { .gic_sysregs = s->virt.gic_version == 3, .psci = A64_PSCI_HVC };
    const struct a64_model *model = a64_model_find(s->o->cpu);
    return a64_cpu_new(m, model, s->engine, &w, e);
}

/* 2024-01-01 00:00:00 UTC: the board's clock in deterministic mode unless -rtc says otherwise. */
#define FIXED_RTC 1704067200u

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
    v->rtc_seconds = o->rtc_base != ~0ull ? o->rtc_base : o->icount ? FIXED_RTC : host_wall_seconds();
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
    bool firmware = o->bios;
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
    *s = (struct setup){ .o = o };
    if (!check_start(o, e) || !(s->m = machine_new("virt", e)))
        return false;
    s->m->clock = o->icount ? CLOCK_ICOUNT : CLOCK_REALTIME;
    s->m->pace_host = o->pace_host;
    s->m->no_reboot = o->no_reboot;
    s->m->host_ns = host_now_ns;
    s->m->log.mask = o->log_mask;
    machine_seed(s->m, seed_of(o));
    return true;
}

bool setup_build(struct setup *s, struct err *e)
{
    describe(s);
    return add_drives(s, e) && virt_build(s->m, &s->virt, e)
           && (!s->o->load || disks_load(&s->disks, s->m, s->o->load, e));
}

void setup_close(struct setup *s)
{
    if (!s->m || !s->m->board)
        virt_close_blocks(&s->virt);
    machine_free(s->m);
    s->m = NULL;
}
