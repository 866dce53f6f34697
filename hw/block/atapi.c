/*
 * atapi.c - a CD-ROM drive's packet protocol: what is asked, what comes back, sense data; not modelled: see ide.h.
 *
 * Spec: ATA/ATAPI-6, 9.8 (PACKET), MMC-3 (T10/1363-D), SPC-2. As on QEMU's machine there is no unit attention at
 * power-on: a read may be the first command.
 */
#include "hw/block/ide_internal.h"

enum { KEY_NONE = 0, KEY_NOT_READY = 2, KEY_MEDIUM = 3, KEY_ILLEGAL = 5, KEY_ATTENTION = 6 };
enum { BY_DMA = 1 }; /* Features, 8.23.4 */

/* ---- ends ---- */

static void last(struct ide *c, u8 key)
{
    struct ata_state *d = ide_state_of(c);
    key ? ide_fail(c, (u8)(key << 4)) : ide_finish(c, true);
    d->count[0] = REASON_IO | REASON_CD;
}

void atapi_end(struct ide *c)
{
    last(c, KEY_NONE);
}

void atapi_fail(struct ide *c, u8 key, u8 asc, u8 ascq)
{
    struct ata_state *d = ide_state_of(c);
    d->sense[0] = key;
    d->sense[1] = asc;
    d->sense[2] = ascq;
    last(c, key);
}

/* ---- data for the host ---- */

/* 8.23.4: a block is as long as the host says, and even unless it is all there is. */
static void start_data(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u64 all = c->s.len + (u64)c->s.left * c->s.unit;
    u32 limit = MIN(d->mid[0] | (u32)d->high[0] << 8, 0xfffeu);
    c->s.out = 0;
    c->s.dma = d->features[0] & BY_DMA;
    c->s.limit = limit < all ? limit & ~1u : limit;
    if (c->s.dma) {
        c->s.limit = 0xfffe;
        ide_dma_run(c);
    } else if (c->s.limit) {
        ide_data_in(c);
    } else {
        c->s.limit = 0xfffe;
        ide_fail(c, ER_ABRT);
    }
}

void atapi_reply(struct ide *c, u32 n, u32 room)
{
    c->s.pos = c->s.left = 0;
    c->s.len = MIN(n, room);
    c->s.unit = 512;
    if (c->s.len)
        start_data(c);
    else
        atapi_end(c);
}

void atapi_stream(struct ide *c, u32 count, u32 unit)
{
    c->s.pos = c->s.len = 0;
    c->s.left = count;
    c->s.unit = (u16)unit;
    if (count)
        start_data(c);
    else
        atapi_end(c);
}

/* ---- the medium ---- */

bool atapi_has_medium(const struct ide *c)
{
    return c->drive[c->s.active].block && !(c->s.drive[c->s.active].tray & TRAY_OPEN);
}

/* The last one may be short: zeros follow. */
u32 atapi_sectors(const struct ide *c)
{
    u64 bytes = atapi_has_medium(c) ? c->drive[c->s.active].block->size : 0;
    return (u32)MIN(bytes / 2048 + !!(bytes % 2048), 0xffffffffull);
}

static u8 bcd(u32 n) { return (u8)(n / 10 << 4 | n % 10); }

/* ECMA-130, 14: synchronisation, address, mode 1, data; the rest is zeros. */
static void wrap_raw(u8 *p, u32 lba)
{
    u32 frame = lba + 150;
    memset(p, 0xff, 12);
    p[0] = p[11] = 0;
    p[12] = bcd(frame / 75 / 60 % 100);
    p[13] = bcd(frame / 75 % 60);
    p[14] = bcd(frame % 75);
    p[15] = 1;
    memset(p + 16 + 2048, 0, 2352 - 16 - 2048);
}

static bool read_sector(struct ide *c, u8 *p, struct err *e)
{
    struct block *b = ide_drive_of(c)->block;
    u64 at = c->s.lba * 2048, n = at < b->size ? MIN(b->size - at, 2048ull) : 0;
    memset(p + n, 0, 2048 - n);
    if (!n)
        return err_set(e, "'%s': sector %llu is not there", b->name, (unsigned long long)c->s.lba);
    return b->read(b, at, p, n, e);
}

bool atapi_fill(struct ide *c)
{
    struct err e;
    u32 unit = c->s.unit, head = unit == 2352 ? 16 : 0;
    c->s.pos = c->s.len = 0;
    if (!atapi_has_medium(c) || ide_drive_of(c)->kind != IDE_CD) {
        atapi_fail(c, KEY_NOT_READY, 0x3a, 0);
        return false;
    }
    while (c->s.left && c->s.len + unit <= IDE_DATA) {
        u8 *p = c->s.data + c->s.len;
        if (!read_sector(c, p + head, &e))
            break;
        if (head)
            wrap_raw(p, (u32)c->s.lba);
        c->s.len += unit;
        c->s.lba++;
        c->s.left--;
    }
    if (c->s.len)
        return true;
    ide_log(c, &e);
    atapi_fail(c, KEY_MEDIUM, 0x11, 0); /* unrecovered read error */
    return false;
}

/* ---- packets about the drive's state ---- */

static void test_unit_ready(struct ide *c) { atapi_end(c); }

static void request_sense(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u8 *p = c->s.data;
    memset(p, 0, 18);
    p[0] = 0x70;
    p[2] = d->sense[0];
    p[7] = 10;
    p[12] = d->sense[1];
    p[13] = d->sense[2];
    memset(d->sense, 0, sizeof d->sense);
    atapi_reply(c, 18, c->s.packet[4]);
}

/* MMC-3, 5.40: starting and stopping is nothing; the tray is what LoEj is about. */
static void start_stop(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    bool eject = c->s.packet[4] & 2, start = c->s.packet[4] & 1;
    if (eject && !start && d->tray & TRAY_LOCKED && !(d->tray & TRAY_OPEN)) {
        atapi_fail(c, ide_drive_of(c)->block ? KEY_NOT_READY : KEY_ILLEGAL, 0x53, 2);
        return;
    }
    if (eject && !start)
        ide_eject(c, c->s.active, true);
    if (eject && start && d->tray & TRAY_OPEN)
        (void)ide_change(c, c->s.active, ide_drive_of(c)->block);
    atapi_end(c);
}

static void prevent_allow(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    d->tray = c->s.packet[4] & 1 ? d->tray | TRAY_LOCKED : d->tray & (u8)~TRAY_LOCKED;
    atapi_end(c);
}

static void set_speed(struct ide *c) { atapi_end(c); }

/* ---- the table ---- */

enum { ANYTIME = 1 /* before a unit attention is told */, MEDIUM = 2 };

static const struct packet { u8 code; u8 flags; void (*run)(struct ide *c); } packets[] = {
    { 0x00, MEDIUM,  test_unit_ready },
    { 0x03, ANYTIME, request_sense },
    { 0x12, ANYTIME, atapi_inquiry },
    { 0x1b, 0,       start_stop },
    { 0x1e, 0,       prevent_allow },
    { 0x25, MEDIUM,  atapi_read_capacity },
    { 0x28, MEDIUM,  atapi_read },
    { 0x2b, MEDIUM,  atapi_seek },
    { 0x43, MEDIUM,  atapi_read_toc },
    { 0x46, ANYTIME, atapi_get_configuration },
    { 0x4a, ANYTIME, atapi_event_status },
    { 0x51, MEDIUM,  atapi_read_disc_information },
    { 0x52, MEDIUM,  atapi_read_track_information },
    { 0x5a, 0,       atapi_mode_sense },
    { 0xa8, MEDIUM,  atapi_read },
    { 0xbb, 0,       set_speed },
    { 0xbd, 0,       atapi_mechanism_status },
    { 0xbe, MEDIUM,  atapi_read_cd },
};

static const struct packet *find(u8 code)
{
    for (u32 i = 0; i < COUNT(packets); i++)
        if (packets[i].code == code)
            return &packets[i];
    return NULL;
}

void atapi_begin(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    if (d->features[0] & BY_DMA && !c->dma.move) {
        ide_fail(c, ER_ABRT);
        return;
    }
    d->power = POWER_ACTIVE;
    d->count[0] = REASON_CD;
    d->status = ST_DRDY | ST_DSC;
    c->s.pos = c->s.left = 0;
    c->s.len = sizeof c->s.packet;
    c->s.phase = PHASE_PACKET;
}

/* The medium takes its time, by the sectors that are asked for. */
u64 atapi_cost(struct ide *c)
{
    const u8 *p = c->s.packet;
    u64 n = p[0] == 0x28 ? load_be16(p + 7) : p[0] == 0xa8 ? load_be32(p + 6) : 0;
    if (p[0] == 0xbe)
        n = load_be32(p + 5) & 0xffffff;
    n = MIN(n, atapi_sectors(c));
    return n ? MEDIUM_NS + (ide_state_of(c)->features[0] & BY_DMA ? n * 2048 / BYTES_PER_NS : 0) : COMMAND_NS;
}

void atapi_run(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    const struct packet *row = find(c->s.packet[0]);
    if (!row) {
        atapi_fail(c, KEY_ILLEGAL, 0x20, 0);
    } else if (d->tray & TRAY_ATTENTION && !(row->flags & ANYTIME)) {
        d->tray &= (u8)~TRAY_ATTENTION;
        atapi_fail(c, KEY_ATTENTION, 0x28, 0);
    } else if (row->flags & MEDIUM && !atapi_has_medium(c)) {
        atapi_fail(c, KEY_NOT_READY, 0x3a, d->tray & TRAY_OPEN ? 2 : 1);
    } else {
        if (row->run != request_sense)
            memset(d->sense, 0, sizeof d->sense);
        row->run(c);
    }
}
