/*
 * atapi_disc.c - packets about the disc in a CD-ROM drive: one session, one data track; not modelled: see ide.h.
 *
 * Spec: MMC-3, chapter 5. Addresses in minutes, seconds and frames count from 150 frames before the data.
 */
#include "hw/block/ide_internal.h"

enum { DATA_TRACK = 0x14, LEAD_OUT = 0xaa };

static void bad_field(struct ide *c) { atapi_fail(c, 5, 0x24, 0); }

/* False, and the command has failed: not all of it is on the disc. */
static bool in_disc(struct ide *c, u32 lba, u32 n)
{
    u32 all = atapi_sectors(c);
    c->s.lba = lba;
    if (lba < all ? n <= all - lba : !n && lba == all)
        return true;
    atapi_fail(c, 5, 0x21, 0); /* logical block address out of range */
    return false;
}

/* READ (10) and (12) */
void atapi_read(struct ide *c)
{
    const u8 *p = c->s.packet;
    u32 lba = load_be32(p + 2), n = p[0] == 0x28 ? load_be16(p + 7) : load_be32(p + 6);
    if (in_disc(c, lba, n))
        atapi_stream(c, n, 2048);
}

/* 5.25: user data, or all there is of a sector; other parts alone are not for sale. */
void atapi_read_cd(struct ide *c)
{
    const u8 *p = c->s.packet;
    u32 lba = load_be32(p + 2), n = load_be32(p + 5) & 0xffffff, type = p[1] >> 2 & 7;
    if ((type && type != 2) || p[10] & 7 || (p[9] & 0xf8 && (p[9] & 0xf8) != 0x10 && (p[9] & 0xf8) != 0xf8))
        bad_field(c);
    else if (in_disc(c, lba, n))
        atapi_stream(c, p[9] & 0xf8 ? n : 0, (p[9] & 0xf8) == 0xf8 ? 2352 : 2048);
}

void atapi_seek(struct ide *c)
{
    if (in_disc(c, load_be32(c->s.packet + 2), 1))
        atapi_end(c);
}

void atapi_read_capacity(struct ide *c)
{
    store_le32(c->s.data, __builtin_bswap32(atapi_sectors(c) - 1));
    store_le32(c->s.data + 4, __builtin_bswap32(2048));
    atapi_reply(c, 8, 8);
}

/* ---- READ TOC, 5.30 ---- */

static u8 *put_address(u8 *p, u32 lba, bool msf)
{
    u32 frame = lba + 150;
    store_le32(p, __builtin_bswap32(lba));
    if (msf) {
        p[0] = 0;
        p[1] = (u8)(frame / 75 / 60);
        p[2] = (u8)(frame / 75 % 60);
        p[3] = (u8)(frame % 75);
    }
    return p + 4;
}

static u8 *put_track(u8 *p, u32 track, u32 lba, bool msf)
{
    p[0] = p[3] = 0;
    p[1] = DATA_TRACK;
    p[2] = (u8)track;
    return put_address(p + 4, lba, msf);
}

static void toc(struct ide *c, u32 start, bool msf)
{
    u8 *p = c->s.data + 4;
    if (start > 1 && start != LEAD_OUT) {
        bad_field(c);
        return;
    }
    c->s.data[2] = c->s.data[3] = 1; /* first and last track */
    if (start <= 1)
        p = put_track(p, 1, 0, msf);
    p = put_track(p, LEAD_OUT, atapi_sectors(c), msf);
    u32 n = (u32)(p - c->s.data);
    store_le16(c->s.data, __builtin_bswap16((u16)(n - 2)));
    atapi_reply(c, n, load_be16(c->s.packet + 7));
}

static void sessions(struct ide *c, bool msf)
{
    memset(c->s.data, 0, 12);
    c->s.data[1] = 10;
    c->s.data[2] = c->s.data[3] = 1;
    put_track(c->s.data + 4, 1, 0, msf);
    atapi_reply(c, 12, load_be16(c->s.packet + 7));
}

static u8 *put_point(u8 *p, u8 point, u32 a, u32 b, u32 d)
{
    const u8 row[11] = { 1, DATA_TRACK, 0, point, 0, 0, 0, 0, (u8)a, (u8)b, (u8)d };
    memcpy(p, row, sizeof row);
    return p + sizeof row;
}

/* Always in minutes, seconds, frames. */
static void full_toc(struct ide *c)
{
    u32 end = atapi_sectors(c) + 150;
    u8 *p = c->s.data + 4;
    c->s.data[2] = c->s.data[3] = 1;
    p = put_point(p, 0xa0, 1, 0, 0);
    p = put_point(p, 0xa1, 1, 0, 0);
    p = put_point(p, 0xa2, end / 75 / 60, end / 75 % 60, end % 75);
    p = put_point(p, 1, 0, 2, 0);
    u32 n = (u32)(p - c->s.data);
    store_le16(c->s.data, __builtin_bswap16((u16)(n - 2)));
    atapi_reply(c, n, load_be16(c->s.packet + 7));
}

void atapi_read_toc(struct ide *c)
{
    const u8 *p = c->s.packet;
    bool msf = p[1] & 2;
    switch (p[2] & 15 ? p[2] & 15 : p[9] >> 6) { /* older commands have the format in the last byte */
    case 0:  toc(c, p[6], msf); break;
    case 1:  sessions(c, msf); break;
    case 2:  full_toc(c); break;
    default: bad_field(c); break;
    }
}

/* ---- disc and track information, 5.26 and 5.31 ---- */

void atapi_read_disc_information(struct ide *c)
{
    u8 *p = c->s.data;
    memset(p, 0, 34);
    if (c->s.packet[1] & 7) {
        bad_field(c);
        return;
    }
    p[1] = 32;
    p[2] = 0x0e;                      /* complete, and so is its last session */
    p[3] = p[4] = p[5] = p[6] = 1;
    p[7] = 0x20;                      /* for any use */
    memset(p + 16, 0xff, 8);          /* no lead-in, no further lead-out */
    atapi_reply(c, 34, load_be16(c->s.packet + 7));
}

void atapi_read_track_information(struct ide *c)
{
    u8 *p = c->s.data;
    u32 kind = c->s.packet[1] & 3, n = load_be32(c->s.packet + 2), all = atapi_sectors(c);
    memset(p, 0, 36);
    if (kind == 0 ? n >= all : n != 1) {
        bad_field(c);
        return;
    }
    p[1] = 34;
    p[2] = p[3] = 1;                  /* track and session */
    p[5] = 4;                         /* data */
    p[6] = 1;                         /* mode 1 */
    store_le32(p + 24, __builtin_bswap32(all));
    atapi_reply(c, 36, load_be16(c->s.packet + 7));
}
