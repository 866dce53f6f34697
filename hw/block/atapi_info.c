/*
 * atapi_info.c - packets about a CD-ROM drive: name, mode pages, features, media events; not modelled: see ide.h.
 *
 * Spec: SPC-2, 7.3 (INQUIRY); MMC-3, 5.6 (GET CONFIGURATION), 5.7 (GET EVENT STATUS NOTIFICATION), 5.10 (MECHANISM
 * STATUS), 6.3 (mode pages); SFF-8020i for page 2Ah as a reader has it.
 */
#include "hw/block/ide_internal.h"

enum { PROFILE_CD = 8, PROFILE_DVD = 0x10, CD_SECTORS_MAX = 80 * 60 * 75 };

static void bad_field(struct ide *c) { atapi_fail(c, 5, 0x24, 0); }
static void put16(u8 *p, u32 val) { store_le16(p, __builtin_bswap16((u16)val)); }

void atapi_inquiry(struct ide *c)
{
    u8 *p = c->s.data;
    if (c->s.packet[1] & 1 || c->s.packet[2]) { /* no vital product data */
        bad_field(c);
        return;
    }
    memset(p, 0, 36);
    p[0] = 5;
    p[1] = 0x80;                                /* removable */
    p[3] = 0x21;
    p[4] = 31;
    memcpy(p + 8, "QEMU    QEMU DVD-ROM    2.5+", 28);
    atapi_reply(c, 36, c->s.packet[4]);
}

/* ---- MODE SENSE (10) ---- */

static u8 *page_error(u8 *p)
{
    memset(p, 0, 8);
    p[0] = 1;
    p[1] = 6;
    p[3] = 5;                                   /* retries */
    return p + 8;
}

static u8 *page_audio(u8 *p)
{
    memset(p, 0, 16);
    p[0] = 0x0e;
    p[1] = 14;
    return p + 16;
}

static u8 *page_capabilities(struct ide *c, u8 *p)
{
    memset(p, 0, 20);
    p[0] = 0x2a;
    p[1] = 18;
    p[2] = 0x3b;                                /* CD-R, CD-RW and DVD-ROM are read */
    p[4] = 0x70;                                /* mode 2, sessions */
    p[6] = 0x29 | (ide_state_of(c)->tray & TRAY_LOCKED ? 2 : 0); /* a tray that ejects and locks */
    put16(p + 8, 706);                          /* speed, kB/s: 4 x */
    put16(p + 10, 2);
    put16(p + 12, 512);                         /* buffer, KiB */
    put16(p + 14, 706);
    return p + 20;
}

void atapi_mode_sense(struct ide *c)
{
    u8 *p = c->s.data + 8;
    u32 page = c->s.packet[2] & 0x3f, control = c->s.packet[2] >> 6;
    bool all = page == 0x3f;
    if (control == 3) {
        atapi_fail(c, 5, 0x39, 0);              /* values are not saved */
        return;
    }
    memset(c->s.data, 0, 8);
    c->s.data[2] = ide_state_of(c)->tray & TRAY_OPEN ? 0x71 : atapi_has_medium(c) ? 1 : 0x70;
    p = all || page == 0x01 ? page_error(p) : p;
    p = all || page == 0x0e ? page_audio(p) : p;
    p = all || page == 0x2a ? page_capabilities(c, p) : p;
    u32 n = (u32)(p - c->s.data);
    if (n == 8) {
        bad_field(c);
        return;
    }
    for (u8 *at = c->s.data + 8; control == 1 && at < p; at += 2 + at[1])
        memset(at + 2, 0, at[1]);               /* nothing can be changed */
    put16(c->s.data, n - 2);
    atapi_reply(c, n, load_be16(c->s.packet + 7));
}

/* ---- GET CONFIGURATION ---- */

static u32 profile(struct ide *c)
{
    u32 n = atapi_sectors(c);
    return !n ? 0 : n > CD_SECTORS_MAX ? PROFILE_DVD : PROFILE_CD;
}

struct feature {
    u16 code;
    u8  version_flags; /* version << 2, persistent << 1, current */
    u8  len;
    u8  data[12];
};

static const struct feature features[] = {
    { 0x0000, 0x03, 8, { 0, PROFILE_DVD, 0, 0, 0, PROFILE_CD } },  /* profiles */
    { 0x0001, 0x0b, 8, { 0, 0, 0, 2 } },                           /* core: ATAPI */
    { 0x0002, 0x07, 4, { 2 } },                                    /* media events are polled */
    { 0x0003, 0x03, 4, { 0x29 } },                                 /* a tray that ejects and locks */
    { 0x0010, 0x00, 8, { 0, 0, 8, 0, 0, 1, 1 } },                  /* reads sectors of 2048 bytes at random */
    { 0x001e, 0x08, 4, { 0 } },                                    /* reads CDs */
    { 0x0100, 0x03, 0, { 0 } },                                    /* power modes */
    { 0x0105, 0x07, 4, { 0 } },                                    /* time limits */
};

/* Features 10h and 1Eh, and the profile, are current while there is a medium. */
static u8 *put_feature(struct ide *c, u8 *p, const struct feature *f)
{
    u32 now = profile(c);
    bool current = f->code == 0x10 ? now : f->code == 0x1e ? now == PROFILE_CD : f->version_flags & 1;
    put16(p, f->code);
    p[2] = (f->version_flags & 0xfe) | current;
    p[3] = f->len;
    memcpy(p + 4, f->data, f->len);
    for (u32 i = 0; !f->code && i < f->len; i += 4)
        p[6 + i] = now == load_be16(f->data + i);
    return p + 4 + f->len;
}

void atapi_get_configuration(struct ide *c)
{
    u8 *p = c->s.data + 8;
    u32 start = load_be16(c->s.packet + 2), which = c->s.packet[1] & 3;
    if (which == 3) {
        bad_field(c);
        return;
    }
    memset(c->s.data, 0, 8);
    for (u32 i = 0; i < COUNT(features); i++) {
        const struct feature *f = &features[i];
        bool wanted = which == 2 ? f->code == start : f->code >= start;
        u8 *next = wanted ? put_feature(c, p, f) : p;
        if (which != 1 || p[2] & 1)             /* 1: the current ones */
            p = next;
    }
    u32 n = (u32)(p - c->s.data);
    store_le32(c->s.data, __builtin_bswap32(n - 4));
    put16(c->s.data + 6, profile(c));
    atapi_reply(c, n, load_be16(c->s.packet + 7));
}

/* ---- GET EVENT STATUS NOTIFICATION, MECHANISM STATUS ---- */

/* An event is told once; which one, when there are several: the latest kind that matters. */
static u8 take_event(struct ata_state *d)
{
    u8 event = d->events & EVENT_NEW ? 2 : d->events & EVENT_REMOVED ? 3 : d->events & EVENT_EJECT ? 1 : 0;
    d->events &= (u8)~(event == 2 ? EVENT_NEW : event == 3 ? EVENT_REMOVED : EVENT_EJECT);
    return event;
}

void atapi_event_status(struct ide *c)
{
    u8 *p = c->s.data;
    bool media = c->s.packet[4] & 0x10;
    if (!(c->s.packet[1] & 1)) {                /* polled only */
        bad_field(c);
        return;
    }
    memset(p, 0, 8);
    p[1] = media ? 6 : 2;
    p[2] = media ? 4 : 0x80;                    /* the class; none of those asked for */
    p[3] = 0x10;                                /* classes that there are */
    u32 room = load_be16(c->s.packet + 7);
    if (media && room > 4)
        p[4] = take_event(ide_state_of(c));
    p[5] = (ide_state_of(c)->tray & TRAY_OPEN ? 1 : 0) | (atapi_has_medium(c) ? 2 : 0);
    atapi_reply(c, media ? 8 : 4, room);
}

void atapi_mechanism_status(struct ide *c)
{
    memset(c->s.data, 0, 8);
    c->s.data[1] = ide_state_of(c)->tray & TRAY_OPEN ? 0x10 : 0;
    c->s.data[5] = 1;                           /* a slot, without a table */
    atapi_reply(c, 8, load_be16(c->s.packet + 8));
}
