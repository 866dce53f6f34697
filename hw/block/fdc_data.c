/*
 * fdc_data.c - the floppy disk controller's commands on sectors (5.1): read, write, verify, scan, format, and READ ID.
 *
 * Each sector is a step: FDC_SEARCH until its deadline, when it is looked for; FDC_DATA while the host moves its
 * bytes; then on to the next one, or to the result phase.
 */
#include "hw/block/fdc_internal.h"
#include <string.h>

enum { SIZE_512 = 2, ID_BYTES = 4, VERIFY_COUNTED = 0x80 };
enum { SCAN_LOW = 0x19, SCAN_HIGH = 0x1d, READ_DELETED = 0x0c, WRITE_DELETED = 0x09 };
enum { ANY = 0xff };            /* a byte that equals all others in SCAN */

static enum fdc_kind kind(const struct fdc_state *s) { return fdc_command_of(s->cmd)->kind; }
static u8 code(const struct fdc_state *s) { return s->cmd & CMD_CODE; }
static bool is_multi_track(const struct fdc_state *s)
{
    return s->cmd & CMD_MT && kind(s) != FDC_READ_TRACK;
}

bool fdc_to_host(const struct fdc_state *s)
{
    return kind(s) == FDC_READ || kind(s) == FDC_READ_TRACK;
}

/* ---- the result (6) ---- */

static void finish(struct fdc *f, u8 st0, u8 st1, u8 st2)
{
    const struct fdc_state *s = &f->s;
    u8 unit = (u8)fdc_unit(f), seeked = s->seeked ? ST0_SEEK : 0;
    const u8 answer[] = {
        st0 | seeked | (s->head ? ST0_HEAD : 0) | unit, s->st1 | st1, s->st2 | st2, s->c, s->h, s->r, s->n,
    };
    fdc_answer(f, answer, sizeof answer);
}
static void fail(struct fdc *f, u8 st1, u8 st2)
{
    finish(f, ST0_ABNORMAL, st1, st2);
}

/* ---- what is under the head ---- */

static struct fdc_bay *bay_of(struct fdc *f)
{
    u32 unit = fdc_unit(f);
    return unit < FDC_DRIVES && f->bay[unit].type != FLOPPY_NONE ? &f->bay[unit] : NULL;
}

/* The cylinder that comes by under the head, or -1: no address marks. */
static i32 cylinder(struct fdc *f)
{
    const struct fdc_state *s = &f->s;
    const struct fdc_bay *b = bay_of(f);
    u32 unit = fdc_unit(f);
    if (!b || !b->format || !(s->dor & DOR_MOTOR << unit) || !(s->cmd & CMD_MFM) || s->head >= b->format->heads)
        return -1;
    return floppy_cylinder(b->type, b->format, s->track[unit], s->rate);
}

/* Sectors from the start of the disk; the sector is there. */
static u32 index_of(struct fdc *f, u32 cyl, u32 sector)
{
    const struct floppy_format *d = bay_of(f)->format;
    return (cyl * d->heads + f->s.head) * d->sectors + sector - 1;
}

/* False, and st1 and st2 say why: the sector with the ID that the command wants does not come by. */
static bool find(struct fdc *f, u32 *index, u8 *st1, u8 *st2)
{
    const struct fdc_state *s = &f->s;
    i32 cyl = cylinder(f);
    *st1 = *st2 = 0;
    if (cyl < 0) {
        *st1 = ST1_MA;
        return false;
    }
    if (s->c != cyl)
        *st2 = ST2_WC;
    if (s->c != cyl || s->h != s->head || s->n != SIZE_512 || !s->r || s->r > bay_of(f)->format->sectors) {
        *st1 = ST1_ND;
        return false;
    }
    *index = index_of(f, (u32)cyl, s->r);
    f->s.spot[fdc_unit(f)] = s->r % bay_of(f)->format->sectors;
    return true;
}

static bool is_deleted(struct fdc *f, u32 index)
{
    return f->s.marks[fdc_unit(f) * FDC_MARKS + index / 8] >> index % 8 & 1;
}
static void set_deleted(struct fdc *f, u32 index, bool deleted)
{
    u8 *at = &f->s.marks[fdc_unit(f) * FDC_MARKS + index / 8], bit = (u8)(1u << index % 8);
    *at = deleted ? *at | bit : *at & (u8)~bit;
}

/* ---- images ---- */

/* One that ends early has no place for what would be written there. */
bool fdc_protected(const struct fdc_bay *b)
{
    return b->block->read_only || !b->format || b->block->size < floppy_bytes(b->format);
}

static bool io_failed(struct fdc *f, const struct err *e)
{
    if (f->dev.m)
        log_line(&f->dev.m->log, LOG_dev, "%s: %s", f->dev.path, e->msg);
    return false;
}

/* What an image lacks at its end is zeros. */
static bool read_sector(struct fdc *f, u32 index, u8 *p)
{
    struct block *b = bay_of(f)->block;
    u64 at = (u64)index * FLOPPY_SECTOR, n = at < b->size ? MIN(b->size - at, FLOPPY_SECTOR) : 0;
    struct err e;
    memset(p, 0, FLOPPY_SECTOR);
    return !n || b->read(b, at, p, n, &e) || io_failed(f, &e);
}

static bool write_sector(struct fdc *f, u32 index, const u8 *p, bool deleted)
{
    struct fdc_bay *b = bay_of(f);
    struct err e;
    if (fdc_protected(b))
        return false;
    set_deleted(f, index, deleted);
    return b->block->write(b->block, (u64)index * FLOPPY_SECTOR, p, FLOPPY_SECTOR, &e) || io_failed(f, &e);
}

/* ---- from sector to sector ---- */

static void search(struct fdc *f, u64 ns)
{
    u32 unit = fdc_unit(f);
    u64 now = dev_now(&f->dev), spun = unit < FDC_DRIVES ? f->s.spun[unit] : DEADLINE_NONE;
    f->s.phase = FDC_SEARCH;
    f->s.at = f->s.len = 0;
    fdc_set_due(f, (spun == DEADLINE_NONE ? now : MAX(now, spun)) + ns);
    fdc_update(f);
}

static void move_data(struct fdc *f, u32 len)
{
    struct fdc_state *s = &f->s;
    s->phase = FDC_DATA;
    s->at = 0;
    s->len = (u16)len;
    s->irq |= fdc_pio(s);
    fdc_set_due(f, dev_now(&f->dev) + FDC_PATIENCE_NS);
    fdc_update(f); /* behind this, DMA may have moved all of it */
}

/* The ID behind this one (table 5-5); returns whether the command's last sector was passed. */
static bool next_id(struct fdc_state *s, u8 step)
{
    if (s->r != s->eot) {
        s->r = (u8)(s->r + step);
        return false;
    }
    bool multi = is_multi_track(s), passed = !multi || s->head;
    s->r = 1;
    s->h ^= multi;
    s->c += passed;
    return passed;
}

static void search_next(struct fdc *f)
{
    f->s.head = f->s.h & 1;
    search(f, FDC_SECTOR_NS);
}

/* A sector is done; last: so is the host. Without its word the end of the track is an error (5.1.1), but for VERIFY. */
static void next_sector(struct fdc *f, bool last)
{
    struct fdc_state *s = &f->s;
    bool counted = kind(s) == FDC_VERIFY && s->args[0] & VERIFY_COUNTED, stop = last || s->st2 & ST2_CM;
    bool passed = next_id(s, 1);
    if (counted)
        stop |= !--s->count;
    if (stop || (passed && kind(s) == FDC_VERIFY && !counted))
        finish(f, s->st1 & ST1_ND ? ST0_ABNORMAL : 0, 0, 0);
    else if (passed)
        fail(f, ST1_EN, 0);
    else
        search_next(f);
}

/* ---- the commands ---- */

/* Sectors with the other mark are passed over with SK, else the last one read. */
static void read_due(struct fdc *f, u32 index)
{
    struct fdc_state *s = &f->s;
    bool wanted = is_deleted(f, index) == (code(s) == READ_DELETED);
    if (!wanted && s->cmd & CMD_SK) {
        next_sector(f, false);
        return;
    }
    if (!read_sector(f, index, s->buf)) {
        fail(f, ST1_DE, ST2_DD);
        return;
    }
    s->st2 |= wanted ? 0 : ST2_CM;
    if (kind(s) == FDC_VERIFY)
        next_sector(f, false);
    else
        move_data(f, FLOPPY_SECTOR);
}

/* From the index hole on, whatever the IDs are; one that is not what was expected is told at the end (5.1.3). */
static void read_track_due(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    i32 cyl = cylinder(f);
    if (cyl < 0) {
        fail(f, ST1_MA, 0);
        return;
    }
    u32 sector = s->count % bay_of(f)->format->sectors + 1u;
    if (s->c != cyl || s->h != s->head || s->r != sector || s->n != SIZE_512)
        s->st1 |= ST1_ND;
    if (read_sector(f, index_of(f, (u32)cyl, sector), s->buf))
        move_data(f, FLOPPY_SECTOR);
    else
        fail(f, ST1_DE, ST2_DD);
}

static void track_moved(struct fdc *f, bool last)
{
    struct fdc_state *s = &f->s;
    s->r++;
    if (last)
        finish(f, s->st1 & ST1_ND ? ST0_ABNORMAL : 0, 0, 0);
    else if (++s->count == s->eot)
        fail(f, ST1_EN, 0);
    else
        search(f, FDC_SECTOR_NS);
}

static void write_due(struct fdc *f)
{
    const struct fdc_bay *b = bay_of(f);
    if (fdc_protected(b))
        fail(f, ST1_NW, 0);
    else
        move_data(f, FLOPPY_SECTOR);
}

/* A disk may be another by now. */
static void write_moved(struct fdc *f, bool last)
{
    struct fdc_state *s = &f->s;
    u8 st1, st2;
    u32 index;
    memset(s->buf + s->at, 0, FLOPPY_SECTOR - s->at); /* behind the host's last byte (5.1.4) */
    if (!find(f, &index, &st1, &st2))
        fail(f, st1, st2);
    else if (!write_sector(f, index, s->buf, code(s) == WRITE_DELETED))
        fail(f, ST1_NW, 0);
    else
        next_sector(f, last);
}

/* The first bytes that differ decide (uPD765A, "Scan commands"). */
static i32 compare(const u8 *disk, const u8 *host, u32 n)
{
    for (u32 i = 0; i < n; i++)
        if (disk[i] != host[i] && disk[i] != ANY && host[i] != ANY)
            return disk[i] < host[i] ? -1 : 1;
    return 0;
}

/* SH: equal; SN: not what the command wants. */
static u8 scan_result(const struct fdc_state *s, i32 order)
{
    bool met = !order || (code(s) == SCAN_LOW && order < 0) || (code(s) == SCAN_HIGH && order > 0);
    return (order ? 0 : ST2_SH) | (met ? 0 : ST2_SN);
}

static void scan_moved(struct fdc *f, bool last)
{
    struct fdc_state *s = &f->s;
    u8 st1, st2, disk[FLOPPY_SECTOR];
    u32 index;
    if (!find(f, &index, &st1, &st2)) {
        fail(f, st1, st2);
        return;
    }
    if (!read_sector(f, index, disk)) {
        fail(f, ST1_DE, ST2_DD);
        return;
    }
    u8 result = scan_result(s, compare(disk, s->buf, s->at));
    if (!(result & ST2_SN))
        finish(f, 0, 0, result);
    else if (next_id(s, s->args[7] == 2 ? 2 : 1) || last)
        finish(f, 0, 0, ST2_SN);
    else
        search_next(f);
}

static void read_id_due(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    i32 cyl = cylinder(f);
    if (cyl < 0) {
        fail(f, ST1_MA, 0);
        return;
    }
    u32 unit = fdc_unit(f), n = bay_of(f)->format->sectors, sector = s->spot[unit] % n;
    s->c = (u8)cyl;
    s->h = s->head;
    s->r = (u8)(sector + 1);
    s->n = SIZE_512;
    s->spot[unit] = (u8)((sector + 1) % n);
    finish(f, 0, 0, 0);
}

/* Each sector's ID comes from the host; those that the image has a place for get their bytes (5.1.7). */
static void format_due(struct fdc *f)
{
    if (cylinder(f) < 0)
        fail(f, ST1_MA, 0);
    else if (fdc_protected(bay_of(f)))
        fail(f, ST1_NW, 0);
    else
        move_data(f, ID_BYTES);
}

static void format_moved(struct fdc *f, bool last)
{
    struct fdc_state *s = &f->s;
    u8 st1, st2, fill[FLOPPY_SECTOR];
    u32 index;
    memset(fill, s->args[4], sizeof fill);
    s->c = s->buf[0], s->h = s->buf[1], s->r = s->buf[2], s->n = s->buf[3];
    if (s->at < ID_BYTES || !find(f, &index, &st1, &st2))
        guest_error(&f->dev, "formatting sector %u of cylinder %u, head %u, size %u, which the image has no place for", s->r,
                    s->c, s->h, s->n);
    else if (!write_sector(f, index, fill, false)) {
        fail(f, ST1_NW, 0);
        return;
    }
    if (last || !--s->count)
        finish(f, 0, 0, 0);
    else
        search(f, FDC_SECTOR_NS);
}

/* ---- phases ---- */

static void take_arguments(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    enum fdc_kind k = kind(s);
    s->st1 = s->st2 = s->seeked = s->count = 0;
    s->head = s->args[0] >> 2 & 1;
    if (k == FDC_READ_ID)
        return;
    if (k == FDC_FORMAT) {
        s->n = s->args[1];
        s->count = s->eot = s->args[2];
        return;
    }
    s->c = s->args[1], s->h = s->args[2], s->r = s->args[3], s->n = s->args[4], s->eot = s->args[5];
    if (k == FDC_VERIFY)
        s->count = s->args[7];
}

void fdc_data_start(struct fdc *f)
{
    struct fdc_state *s = &f->s;
    u64 ns = FDC_SEARCH_NS;
    take_arguments(f);
    if (s->config & CONFIG_EIS && kind(s) != FDC_READ_ID && kind(s) != FDC_FORMAT) {
        ns += fdc_seek(f, fdc_unit(f), s->c);
        s->seeked = 1;
    }
    search(f, ns);
}

static void sector_due(struct fdc *f)
{
    u8 st1, st2;
    u32 index;
    if (!find(f, &index, &st1, &st2))
        fail(f, st1, st2);
    else if (kind(&f->s) == FDC_WRITE)
        write_due(f);
    else if (kind(&f->s) == FDC_SCAN)
        move_data(f, FLOPPY_SECTOR);
    else
        read_due(f, index);
}

void fdc_data_due(struct fdc *f)
{
    f->s.due = DEADLINE_NONE;
    if (f->s.phase == FDC_DATA)
        fail(f, ST1_OR, 0);
    if (f->s.phase != FDC_SEARCH)
        return;
    switch (kind(&f->s)) {
    case FDC_READ_TRACK: read_track_due(f); break;
    case FDC_READ_ID:    read_id_due(f); break;
    case FDC_FORMAT:     format_due(f); break;
    default:             sector_due(f); break;
    }
}

void fdc_data_moved(struct fdc *f, bool last)
{
    switch (kind(&f->s)) {
    case FDC_READ_TRACK: track_moved(f, last); break;
    case FDC_WRITE:      write_moved(f, last); break;
    case FDC_SCAN:       scan_moved(f, last); break;
    case FDC_FORMAT:     format_moved(f, last); break;
    default:             next_sector(f, last); break;
    }
}
