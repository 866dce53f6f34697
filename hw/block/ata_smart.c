/*
 * ata_smart.c - S.M.A.R.T. of a disk that never fails; not modelled: see ide.h.
 *
 * Spec: ATA/ATAPI-6, 8.51; attributes and thresholds as of SFF-8035i. Logs are empty. Self-tests are accepted, and
 * have found nothing.
 */
#include "hw/block/ide_internal.h"

enum { READ_DATA = 0xd0, READ_THRESHOLDS, AUTOSAVE, SAVE, OFFLINE, READ_LOG, ENABLE = 0xd8, DISABLE, STATUS };

/* Id, flags (bit 0: a warning when below the threshold), value, threshold, the raw number's low byte. */
static const struct { u8 id, flags, value, threshold, raw; } attributes[] = {
    { 1, 0x03, 100, 6, 0 },     /* read errors */
    { 3, 0x03, 100, 0, 16 },    /* spin-up time */
    { 4, 0x02, 100, 20, 1 },    /* starts and stops */
    { 5, 0x03, 100, 36, 0 },    /* reallocated sectors */
    { 9, 0x03, 100, 0, 1 },     /* hours */
    { 12, 0x03, 100, 0, 1 },    /* power cycles */
    { 190, 0x03, 69, 50, 31 },  /* degrees */
};

static void reply(struct ide *c)
{
    u8 sum = 0;
    for (u32 i = 0; i < 511; i++)
        sum = (u8)(sum + c->s.data[i]);
    c->s.data[511] = (u8)-sum;
    ide_reply(c, 512);
}

static void read_data(struct ide *c)
{
    u8 *p = c->s.data;
    p[0] = 1;
    for (u32 i = 0; i < COUNT(attributes); i++) {
        u8 *a = p + 2 + 12 * i;
        a[0] = attributes[i].id;
        a[1] = attributes[i].flags;
        a[3] = a[4] = attributes[i].value; /* now, and at its worst */
        a[5] = attributes[i].raw;
    }
    p[362] = ide_state_of(c)->settings & SET_SMART_AUTOSAVE ? 0x82 : 0x02; /* offline data collection: done */
    p[364] = 1;         /* seconds of one */
    p[367] = 0x11;      /* EXECUTE OFFLINE IMMEDIATE and self-tests */
    p[368] = 3;         /* data are kept */
    p[370] = 1;         /* there are logs */
    p[372] = p[373] = 2; /* minutes of self-tests */
    reply(c);
}

static void read_thresholds(struct ide *c)
{
    c->s.data[0] = 1;
    for (u32 i = 0; i < COUNT(attributes); i++) {
        c->s.data[2 + 12 * i] = attributes[i].id;
        c->s.data[3 + 12 * i] = attributes[i].threshold;
    }
    reply(c);
}

static void read_log(struct ide *c)
{
    switch (ide_state_of(c)->low[0]) {
    case 0: /* directory: summary of errors, self-tests; a sector each */
        c->s.data[0] = c->s.data[2] = c->s.data[12] = 1;
        ide_reply(c, 512);
        break;
    case 1: case 6:
        c->s.data[0] = 1;
        reply(c);
        break;
    default:
        ide_fail(c, ER_ABRT);
        break;
    }
}

static void set(struct ide *c, u8 bit, bool on)
{
    struct ata_state *d = ide_state_of(c);
    d->settings = on ? d->settings | bit : d->settings & (u8)~bit;
    ide_finish(c, true);
}

void ata_smart(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u8 sub = d->features[0];
    bool ok = d->mid[0] == 0x4f && d->high[0] == 0xc2 && (sub == ENABLE || d->settings & SET_SMART);
    memset(c->s.data, 0, 512);
    switch (ok ? sub : 0) {
    case READ_DATA:       read_data(c); break;
    case READ_THRESHOLDS: read_thresholds(c); break;
    case READ_LOG:        read_log(c); break;
    case AUTOSAVE:        set(c, SET_SMART_AUTOSAVE, d->count[0]); break;
    case ENABLE:
    case DISABLE:         set(c, SET_SMART, sub == ENABLE); break;
    case SAVE: case OFFLINE:
    case STATUS:          ide_finish(c, true); break; /* the key stays in the registers: no threshold exceeded */
    default:              ide_fail(c, ER_ABRT); break;
    }
}
