/*
 * ata_identify.c - what drives say of themselves, and the geometry of disks; not modelled: see ide.h.
 *
 * Spec: ATA/ATAPI-6, 8.15 and 8.16. Names, revision, modes and geometry are those of QEMU's drives, so that systems
 * set up there find theirs again (/dev/disk/by-id).
 */
#include "hw/block/ide_internal.h"

#define REVISION "2.5+"

/* ---- geometry ---- */

static bool in_table(struct block *b, struct ata_geometry *g)
{
    u8 mbr[512];
    struct err e;
    if (b->size < sizeof mbr || !b->read(b, 0, mbr, sizeof mbr, &e) || load_le16(mbr + 510) != 0xaa55)
        return false;
    for (const u8 *p = mbr + 446; p < mbr + 510; p += 16) {
        u32 heads = p[5] + 1u, sectors = p[6] & 63u;
        u64 cylinders = sectors ? b->size / 512 / (heads * sectors) : 0;
        if (load_le32(p + 12) && p[5] && cylinders >= 1 && cylinders <= 16383) {
            *g = (struct ata_geometry){ (u32)cylinders, heads, sectors, 0 };
            return true;
        }
    }
    return false;
}

struct ata_geometry ata_geometry(struct block *b)
{
    struct ata_geometry g;
    u64 cylinders = b->size / 512 / (16 * 63);
    if (in_table(b, &g) && g.heads <= 16)
        return g;
    g = (struct ata_geometry){ (u32)MAX(MIN(cylinders, 16383ull), 2ull), 16, 63, 0 };
    g.translation = g.cylinders <= 1024 ? 0 : g.cylinders * g.heads <= 131072 ? 2 : 1;
    return g;
}

/* ---- words ---- */

static void put(struct ide *c, u32 word, u32 val)
{
    store_le16(c->s.data + 2 * word, (u16)val);
}

static void put_text(struct ide *c, u32 word, u32 words, const char *text)
{
    size_t n = strlen(text);
    for (u32 i = 0; i < 2 * words; i++)
        c->s.data[2 * word + (i ^ 1)] = i < n ? (u8)text[i] : ' ';
}

static void put_names(struct ide *c, const char *model)
{
    put_text(c, 10, 10, ide_drive_of(c)->serial);
    put(c, 20, 3);
    put(c, 21, 512);
    put(c, 22, 4);
    put_text(c, 23, 4, REVISION);
    put_text(c, 27, 20, model);
}

/* Words 62, 63 and 88: the modes that there are, and above them the one that is on. */
static void put_modes(struct ide *c)
{
    u8 mode = ide_state_of(c)->mode, kind = mode >> 3;
    u32 on = 0x100u << (mode & 7);
    put(c, 62, 0x07 | (kind == 2 ? on : 0));
    put(c, 63, 0x07 | (kind == 4 ? on : 0));
    put(c, 64, 3);
    put(c, 88, 0x3f | (kind == 8 ? on : 0));
}

static void put_capacity(struct ide *c)
{
    struct ata_state *d = ide_state_of(c);
    u64 all = ata_sectors(ide_drive_of(c)), lba28 = MIN(all, 0xfffffffull);
    u64 cylinders = MIN(all / ((u32)d->heads * d->sectors), 65535ull);
    const struct ata_geometry *g = &ide_drive_of(c)->geometry;
    if (d->heads == g->heads && d->sectors == g->sectors)
        cylinders = g->cylinders;
    u64 chs = cylinders * d->heads * d->sectors;
    put(c, 54, (u32)cylinders);
    put(c, 55, d->heads);
    put(c, 56, d->sectors);
    put(c, 57, (u32)chs);
    put(c, 58, (u32)(chs >> 16));
    put(c, 60, (u32)lba28);
    put(c, 61, (u32)(lba28 >> 16));
    for (u32 i = 0; i < 4; i++)
        put(c, 100 + i, (u32)(all >> 16 * i));
}

static void put_sets(struct ide *c)
{
    u8 on = ide_state_of(c)->settings;
    put(c, 80, 0xf0);                           /* ATA-4 to ATA-7 */
    put(c, 81, 0x16);
    put(c, 82, 1 << 14 | 1 << 6 | 1 << 5 | 1 << 3 | 1); /* NOP, look-ahead, write cache, power, S.M.A.R.T. */
    put(c, 83, 1 << 14 | 1 << 13 | 1 << 12 | 1 << 10); /* FLUSH CACHE EXT, FLUSH CACHE, 48-bit addresses */
    put(c, 84, 1 << 14);
    put(c, 85, 1 << 14 | !!(on & SET_LOOK_AHEAD) << 6 | !!(on & SET_WRITE_CACHE) << 5 | 1 << 3 | !!(on & SET_SMART));
    put(c, 86, 1 << 13 | 1 << 12 | 1 << 10);
    put(c, 87, 1 << 14);
}

void ata_identify(struct ide *c)
{
    const struct ata_geometry *g = &ide_drive_of(c)->geometry;
    struct ata_state *d = ide_state_of(c);
    memset(c->s.data, 0, 512);
    put_names(c, "QEMU HARDDISK");
    put_modes(c);
    put(c, 0, 0x40);
    put(c, 1, g->cylinders);
    put(c, 3, g->heads);
    put(c, 4, 512 * g->sectors);
    put(c, 5, 512);
    put(c, 6, g->sectors);
    put(c, 47, 0x8000 | IDE_DATA / 512);
    put(c, 48, 1);                              /* 32-bit accesses of the data port */
    put(c, 49, 1 << 11 | 1 << 9 | 1 << 8);      /* IORDY, LBA, DMA */
    put(c, 50, 1 << 14);
    put(c, 51, 0x200);
    put(c, 52, 0x200);
    put(c, 53, 7);
    put(c, 59, d->multiple ? 0x100u | d->multiple : 0);
    for (u32 i = 65; i <= 68; i++)
        put(c, i, 120);
    put(c, 93, 1 << 14 | 1 << 13 | 1);
    put(c, 106, 1 << 14 | 1 << 13);             /* a logical sector is a physical one */
    put_capacity(c);
    put_sets(c);
    ide_reply(c, 512);
}

void ata_identify_packet(struct ide *c)
{
    memset(c->s.data, 0, 512);
    put_names(c, "QEMU DVD-ROM");
    put_modes(c);
    put(c, 0, 2 << 14 | 5 << 8 | 1 << 7 | 2 << 5); /* ATAPI, CD-ROM, removable, DRQ soon and without an interrupt */
    put(c, 48, 1);
    put(c, 49, 1 << 11 | 1 << 9 | 1 << 8);
    put(c, 53, 6);
    put(c, 65, 0xb4);
    put(c, 66, 0xb4);
    put(c, 67, 0x12c);
    put(c, 68, 0xb4);
    put(c, 71, 30);
    put(c, 72, 30);
    put(c, 80, 0x1e);
    put(c, 82, 1 << 14 | 1 << 9 | 1 << 4);      /* NOP, DEVICE RESET, PACKET */
    put(c, 83, 1 << 14);
    put(c, 85, 1 << 14 | 1 << 9 | 1 << 4);
    put(c, 87, 1 << 14);
    ide_reply(c, 512);
}
