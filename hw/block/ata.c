/*
 * ata.c - commands of an ATA disk, and those that CD drives share; not modelled: see ide.h.
 *
 * Spec: ATA/ATAPI-6, chapter 8; RECALIBRATE, SEEK and INITIALIZE DEVICE PARAMETERS of ATA-3. Commands with sectors
 * beyond the end abort, as on QEMU's machine, and those that succeed leave the address behind their last sector.
 */
#include "hw/block/ide_internal.h"

enum { FOR_DISK = 1, FOR_CD = 2, FOR_BOTH = 3, SECTORS = 4 /* has address and count */, EXT = 8, MULTIPLE = 16,
       DMA = 32, OUT = 64 };

struct command {
    void (*run)(struct ide *c);
    u32 flags;
};
static const struct command *find(u8 code);

u64 ata_sectors(const struct ide_drive *d)
{
    return d->kind == IDE_DISK && d->block ? d->block->size / 512 : 0;
}

/* ---- addresses, 6.2 ---- */

static u32 count_of(const struct ata_state *d, bool ext)
{
    u32 n = ext ? d->count[1] << 8 | d->count[0] : d->count[0];
    return n ? n : ext ? 65536 : 256;
}

/* CHS sector 0, which there is not: an address that no disk has. */
static u64 address_of(const struct ata_state *d, bool ext)
{
    u64 low = d->low[0] | d->mid[0] << 8 | (u32)d->high[0] << 16;
    if (ext)
        return low | (u64)(d->low[1] | d->mid[1] << 8 | (u32)d->high[1] << 16) << 24;
    if (d->device & DEV_LBA)
        return low | (u64)(d->device & DEV_HEAD) << 24;
    u64 track = (low >> 8) * d->heads + (d->device & DEV_HEAD);
    return d->low[0] ? track * d->sectors + d->low[0] - 1 : ~0ull;
}

static void put_chs(struct ata_state *d, u64 lba)
{
    u64 track = lba / d->sectors, cylinder = track / d->heads;
    d->low[0] = (u8)(lba % d->sectors + 1);
    d->mid[0] = (u8)cylinder;
    d->high[0] = (u8)(cylinder >> 8);
    d->device = (d->device & (u8)~DEV_HEAD) | (u8)(track % d->heads);
}

static void put_lba(struct ata_state *d, u64 lba, bool ext)
{
    d->low[0] = (u8)lba;
    d->mid[0] = (u8)(lba >> 8);
    d->high[0] = (u8)(lba >> 16);
    if (!ext) {
        d->device = (d->device & (u8)~DEV_HEAD) | (lba >> 24 & DEV_HEAD);
        return;
    }
    d->low[1] = (u8)(lba >> 24);
    d->mid[1] = (u8)(lba >> 32);
    d->high[1] = (u8)(lba >> 40);
}

void ata_put_address(struct ide *c, u64 lba, u32 left)
{
    struct ata_state *d = ide_state_of(c);
    u32 flags = find(c->s.command)->flags;
    if (!(flags & SECTORS))
        return;
    d->count[0] = (u8)left;
    if (flags & EXT)
        d->count[1] = (u8)(left >> 8);
    if (flags & EXT || d->device & DEV_LBA)
        put_lba(d, lba, flags & EXT);
    else
        put_chs(d, lba);
}

/* ---- the medium ---- */

/* The world failed at s.lba: that is what the registers say. */
static bool failed(struct ide *c, u8 error, const struct err *e)
{
    u64 at = c->s.lba;
    u32 left = c->s.left;
    if (e)
        ide_log(c, e);
    ide_fail(c, error);
    ata_put_address(c, at, left);
    return false;
}

bool ata_fill(struct ide *c)
{
    struct block *b = ide_drive_of(c)->block;
    struct err e;
    u64 all = ata_sectors(ide_drive_of(c)), lba = c->s.lba;
    u32 n = lba < all ? (u32)MIN(MIN(c->s.left, all - lba), IDE_DATA / 512) : 0;
    if (!n)
        return failed(c, ER_ABRT, NULL);
    if (!b->read(b, c->s.lba * 512, c->s.data, n * 512, &e)) {
        n = 1; /* what is before the bad one still comes */
        if (!b->read(b, c->s.lba * 512, c->s.data, 512, &e))
            return failed(c, ER_UNC, &e);
    }
    c->s.lba += n;
    c->s.left -= n;
    c->s.pos = 0;
    c->s.len = n * 512;
    return true;
}

/* Without a write cache, every write is durable. */
static bool settle(struct ide *c, struct err *e)
{
    struct block *b = ide_drive_of(c)->block;
    return c->s.left || ide_state_of(c)->settings & SET_WRITE_CACHE || b->flush(b, e);
}

bool ata_drain(struct ide *c)
{
    struct block *b = ide_drive_of(c)->block;
    struct err e;
    u32 n = c->s.len / 512;
    u64 all = ata_sectors(ide_drive_of(c)), lba = c->s.lba;
    if (!n || n > c->s.left || c->s.len % 512 || lba >= all || n > all - lba)
        return failed(c, ER_ABRT, NULL);
    if (!b->write(b, c->s.lba * 512, c->s.data, n * 512, &e))
        return failed(c, ER_ABRT, &e);
    c->s.lba += n;
    c->s.left -= n;
    c->s.pos = c->s.len = 0;
    return settle(c, &e) || failed(c, ER_ABRT, &e);
}

/* ---- commands with sectors ---- */

/* s.lba and s.left from the registers; false: aborted. By PIO sector by sector what is there still comes. */
static bool locate(struct ide *c)
{
    u32 flags = find(c->s.command)->flags;
    bool ext = flags & EXT, some = flags & SECTORS && !(flags & (DMA | MULTIPLE));
    u64 all = ata_sectors(ide_drive_of(c));
    u64 lba = address_of(ide_state_of(c), ext);
    u32 n = count_of(ide_state_of(c), ext);
    if (lba >= all || (n > all - lba && !some)) {
        guest_error(&c->dev, "%u sectors from %llu are beyond the end of the disk", n, (unsigned long long)lba);
        ide_fail(c, ER_ABRT);
        return false;
    }
    c->s.lba = lba;
    c->s.left = n;
    return true;
}

static void transfer(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u32 flags = find(c->s.command)->flags;
    if (flags & MULTIPLE && !d->multiple) {
        ide_fail(c, ER_ABRT);
        return;
    }
    if (!locate(c))
        return;
    d->power = POWER_ACTIVE;
    c->s.unit = 512;
    c->s.limit = flags & MULTIPLE ? d->multiple * 512u : 512;
    c->s.out = !!(flags & OUT);
    c->s.dma = !!(flags & DMA);
    c->s.pos = c->s.len = 0;
    if (c->s.dma)
        ide_dma_run(c);
    else
        c->s.out ? ide_data_out(c, false) : ide_data_in(c);
}

static void verify(struct ide *c)
{
    if (locate(c))
        ide_finish(c, true);
}

static void seek(struct ide *c)
{
    if (address_of(ide_state_of(c), false) < ata_sectors(ide_drive_of(c)))
        ide_finish(c, true);
    else
        ide_fail(c, ER_ABRT);
}

static void native_max(struct ide *c)
{
    bool ext = find(c->s.command)->flags & EXT;
    u64 last = ata_sectors(ide_drive_of(c)) - 1;
    ide_finish(c, true);
    put_lba(ide_state_of(c), ext ? last : MIN(last, 0xfffffffull), ext);
}

static void flush(struct ide *c)
{
    struct block *b = ide_drive_of(c)->block;
    struct err e;
    if (ide_drive_of(c)->kind == IDE_CD || b->flush(b, &e)) {
        ide_finish(c, true);
    } else {
        ide_log(c, &e);
        ide_fail(c, ER_ABRT);
    }
}

/* ---- settings ---- */

static void done(struct ide *c) { ide_finish(c, true); }
static void refuse(struct ide *c) { ide_fail(c, ER_ABRT); }

/* Read and identify commands of disks tell a CD drive's kind before they abort, 8.15.5. */
static void refuse_signed(struct ide *c)
{
    u8 device = ide_state_of(c)->device;
    ide_signature(c, c->s.active);
    ide_state_of(c)->device = device;
    ide_fail(c, ER_ABRT);
}

static void set_geometry(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    if (!d->count[0]) {
        ide_fail(c, ER_ABRT);
        return;
    }
    d->heads = (d->device & DEV_HEAD) + 1;
    d->sectors = d->count[0];
    ide_finish(c, true);
}

static void set_multiple(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u8 n = d->count[0];
    if (n > IDE_DATA / 512 || (n && !is_pow2(n))) {
        ide_fail(c, ER_ABRT);
        return;
    }
    d->multiple = n;
    ide_finish(c, true);
}

static bool mode_known(u8 mode) /* 8.46.10 */
{
    u8 kind = mode >> 3, n = mode & 7;
    return kind == 0 ? n <= 1 : kind == 1 ? n <= 4 : kind == 2 || kind == 4 ? n <= 2 : kind == 8 && n <= 5;
}

static void set_features(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    bool disk = ide_drive_of(c)->kind == IDE_DISK, ok = true;
    switch (d->features[0]) {
    case 0x02: d->settings |= SET_WRITE_CACHE; ok = disk; break;
    case 0x82:
        if (disk) {
            d->settings &= (u8)~SET_WRITE_CACHE;
            flush(c);
            return;
        }
        ok = false;
        break;
    case 0x03: /* a mode that is not PIO is the one that IDENTIFY names */
        ok = mode_known(d->count[0]);
        d->mode = ok ? d->count[0] : d->mode;
        break;
    case 0xaa: d->settings |= SET_LOOK_AHEAD; break;
    case 0x55: d->settings &= (u8)~SET_LOOK_AHEAD; break;
    case 0x05: case 0x85: case 0x42: case 0xc2: /* power and noise: accepted, and nothing comes of it */
    case 0x66: case 0xcc: break;                /* settings stay over a soft reset either way */
    default: ok = false; break;
    }
    ok ? ide_finish(c, true) : ide_fail(c, ER_ABRT);
}

/* STANDBY, IDLE and their immediate kin, SLEEP: by the low digit of either set of codes. */
static void set_power(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u32 n = c->s.command >= 0xe0 ? c->s.command - 0xe0u : c->s.command == 0x99 ? 6 : c->s.command - 0x94u;
    static const u8 to[] = { POWER_STANDBY, POWER_IDLE, POWER_STANDBY, POWER_IDLE, 0, 0, POWER_SLEEP };
    if (n == 2 || n == 3)
        d->standby = d->count[0];
    d->power = to[n];
    ide_finish(c, true);
}

static void check_power(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    d->count[0] = d->power == POWER_STANDBY ? 0 : d->power == POWER_IDLE ? 0x80 : 0xff;
    ide_finish(c, true);
}

/* ---- the table ---- */

/* clang-format off */
static const struct command commands[256] = {
    [0x00] = { refuse,        FOR_BOTH }, /* NOP */
    [0x10] = { done,          FOR_DISK }, /* RECALIBRATE, to 0x1f */
    [0x20] = { transfer,      FOR_DISK | SECTORS }, /* READ SECTOR(S), also without retries */
    [0x21] = { transfer,      FOR_DISK | SECTORS },
    [0x24] = { transfer,      FOR_DISK | SECTORS | EXT },
    [0x25] = { transfer,      FOR_DISK | SECTORS | EXT | DMA },
    [0x27] = { native_max,    FOR_DISK | EXT },
    [0x29] = { transfer,      FOR_DISK | SECTORS | EXT | MULTIPLE },
    [0x30] = { transfer,      FOR_DISK | SECTORS | OUT },
    [0x31] = { transfer,      FOR_DISK | SECTORS | OUT },
    [0x34] = { transfer,      FOR_DISK | SECTORS | EXT | OUT },
    [0x35] = { transfer,      FOR_DISK | SECTORS | EXT | DMA | OUT },
    [0x39] = { transfer,      FOR_DISK | SECTORS | EXT | MULTIPLE | OUT },
    [0x3c] = { transfer,      FOR_DISK | SECTORS | OUT }, /* WRITE VERIFY of ATA-3 */
    [0x40] = { verify,        FOR_DISK },
    [0x41] = { verify,        FOR_DISK },
    [0x42] = { verify,        FOR_DISK | EXT },
    [0x70] = { seek,          FOR_DISK }, /* to 0x7f */
    [0x91] = { set_geometry,  FOR_DISK },
    [0x94] = { set_power,     FOR_BOTH },
    [0x95] = { set_power,     FOR_BOTH },
    [0x96] = { set_power,     FOR_BOTH },
    [0x97] = { set_power,     FOR_BOTH },
    [0x98] = { check_power,   FOR_BOTH },
    [0x99] = { set_power,     FOR_BOTH },
    [0xa0] = { atapi_begin,   FOR_CD },
    [0xa1] = { ata_identify_packet, FOR_CD },
    [0xb0] = { ata_smart,     FOR_DISK },
    [0xc4] = { transfer,      FOR_DISK | SECTORS | MULTIPLE },
    [0xc5] = { transfer,      FOR_DISK | SECTORS | MULTIPLE | OUT },
    [0xc6] = { set_multiple,  FOR_DISK },
    [0xc8] = { transfer,      FOR_DISK | SECTORS | DMA },
    [0xc9] = { transfer,      FOR_DISK | SECTORS | DMA },
    [0xca] = { transfer,      FOR_DISK | SECTORS | DMA | OUT },
    [0xcb] = { transfer,      FOR_DISK | SECTORS | DMA | OUT },
    [0xe0] = { set_power,     FOR_BOTH },
    [0xe1] = { set_power,     FOR_BOTH },
    [0xe2] = { set_power,     FOR_BOTH },
    [0xe3] = { set_power,     FOR_BOTH },
    [0xe5] = { check_power,   FOR_BOTH },
    [0xe6] = { set_power,     FOR_BOTH },
    [0xe7] = { flush,         FOR_BOTH },
    [0xea] = { flush,         FOR_DISK },
    [0xec] = { ata_identify,  FOR_DISK },
    [0xef] = { set_features,  FOR_BOTH },
    [0xf8] = { native_max,    FOR_DISK },
};
/* clang-format on */

static const struct command *find(u8 code)
{
    u8 group = code & 0xf0;
    return &commands[group == 0x10 || group == 0x70 ? group : code];
}

u64 ata_cost(struct ide *c)
{
    const struct command *row = find(c->s.command);
    u32 bytes = row->flags & DMA ? count_of(ide_state_of(c), row->flags & EXT) * 512 : 0;
    if (row->run == flush)
        return FLUSH_NS;
    return row->flags & SECTORS && !(row->flags & OUT && !bytes) ? MEDIUM_NS + bytes / BYTES_PER_NS : COMMAND_NS;
}

void ata_run(struct ide *c)
{
    const struct command *row = find(c->s.command);
    enum ide_kind kind = ide_drive_of(c)->kind;
    if (kind == IDE_CD && (c->s.command == 0x20 || c->s.command == 0xec))
        refuse_signed(c);
    else if (row->run && row->flags & (kind == IDE_CD ? FOR_CD : FOR_DISK) && kind != IDE_NONE)
        row->run(c);
    else
        refuse(c);
}
