/*
 * pc_smbios.c - SMBIOS structures of the PC board: system, enclosure, processor, memory; firmware adds its own and
 * puts them where they are found.
 *
 * Source: DMTF DSP0134, System Management BIOS reference specification, chapters 5 and 7; of version 2.8. Not
 * modelled: serial numbers and UUIDs (absent), caches, slots and connectors.
 */
#include "hw/boards/pc_firmware.h"
#include "base/bits.h"
#include <string.h>

#define ROOM 0x400u
#define NONE 0xfffeu /* a handle: no error information */
enum { SYSTEM = 1, ENCLOSURE = 3, PROCESSOR = 4, MEMORY = 16, MEMORY_DEVICE = 17, MAPPED = 19, BOOT_STATUS = 32,
       END = 127 };

struct writer {
    u8  p[ROOM];
    u32 n, count, largest; /* bytes, structures, bytes of the largest one */
};

/* A structure of n bytes and its strings, which the bytes name by number from 1 on; ended by an empty string. */
static u8 *add(struct writer *w, u32 type, u32 handle, u32 n, const char *const *strings)
{
    u8 *p = w->p + w->n;
    u32 size = n;
    CHECK(w->n + n + 128 <= ROOM);
    p[0] = (u8)type;
    p[1] = (u8)n;
    store_le16(p + 2, (u16)handle);
    for (; strings && *strings; strings++) {
        CHECK(strlen(*strings) < 64);
        memcpy(p + size, *strings, strlen(*strings));
        size += (u32)strlen(*strings) + 1;
    }
    size += size == n ? 2 : 1;
    w->n += size;
    w->count++;
    w->largest = MAX(w->largest, size);
    return p;
}

/* 7.2, 7.4, 7.5 */
static void add_system(struct writer *w)
{
    static const char *const system[] = { "mynah", "Standard PC (i440FX + PIIX, 1996)", "pc", NULL };
    static const char *const maker[] = { "mynah", "pc", NULL }, *const cpu[] = { "CPU 0", "mynah", NULL };
    u8 *p = add(w, SYSTEM, 0x100, 0x1b, system);
    memcpy(p + 4, (const u8[]){ 1, 2, 3 }, 3);
    p[0x18] = 6;            /* started by the power switch */
    p = add(w, ENCLOSURE, 0x300, 0x15, maker);
    memcpy(p + 4, (const u8[]){ 1, 1, 2, 0, 0, 3, 3, 3, 2 }, 9); /* of other kind; states safe, security unknown */
    p = add(w, PROCESSOR, 0x400, 0x2a, cpu);
    memcpy(p + 4, (const u8[]){ 1, 3, 1, 2 }, 4); /* a central processor of another family */
    p[0x18] = 0x41;         /* populated, enabled */
    p[0x19] = 1;
    memset(p + 0x1a, 0xff, 6); /* no caches */
    memset(p + 0x23, 1, 3);    /* cores, cores enabled, threads */
    p[0x26] = 2;
    p[0x28] = 1;
}

static void add_range(struct writer *w, u32 handle, u64 from, u64 to)
{
    u8 *p = add(w, MAPPED, handle, 0x0f, NULL);
    store_le32(p + 4, (u32)(from >> 10));
    store_le32(p + 8, (u32)((to >> 10) - 1));
    store_le16(p + 0xc, 0x1000);
    p[0xe] = 1;
}

/* 7.17, 7.18, 7.20: one array with one module of all that there is */
static void add_memory(struct writer *w, u64 size, u64 low)
{
    static const char *const slot[] = { "DIMM 0", "mynah", NULL };
    u8 *p = add(w, MEMORY, 0x1000, 0x17, NULL);
    memcpy(p + 4, (const u8[]){ 1, 3, 3 }, 3); /* elsewhere, system memory, without ECC */
    store_le32(p + 7, 0x80000000);
    store_le16(p + 0xb, NONE);
    store_le16(p + 0xd, 1);
    store_le64(p + 0xf, size);
    p = add(w, MEMORY_DEVICE, 0x1100, 0x22, slot);
    store_le16(p + 4, 0x1000);
    store_le16(p + 6, NONE);
    store_le32(p + 8, ~0u);    /* widths unknown */
    store_le16(p + 0xc, (u16)MIN(size >> 20, 0x7fffull));
    memcpy(p + 0xe, (const u8[]){ 9, 0, 1, 0, 7, 2, 0 }, 7); /* a DIMM of RAM */
    p[0x17] = 2;
    store_le32(p + 0x1c, size >> 20 >= 0x7fff ? (u32)(size >> 20) : 0);
    add_range(w, 0x1300, 0, low);
    if (size > low)
        add_range(w, 0x1301, PC_HIGH, PC_HIGH + size - low);
}

/* 5.2.1; address and sums are firmware's. */
static void entry_point(const struct writer *w, u8 p[31])
{
    memcpy(p, "_SM_\0\x1f\x02\x08", 8);
    store_le16(p + 8, (u16)w->largest);
    memcpy(p + 16, "_DMI_", 5);
    store_le16(p + 22, (u16)w->n);
    store_le16(p + 28, (u16)w->count);
    p[30] = 0x28;
}

bool pc_smbios_describe(struct fw_cfg *f, u64 size, u64 low_size, struct err *e)
{
    struct writer w = { 0 };
    u8 anchor[31] = { 0 };
    add_system(&w);
    add_memory(&w, size, low_size);
    add(&w, BOOT_STATUS, 0x2000, 0xb, NULL);
    add(&w, END, 0x7f00, 4, NULL);
    entry_point(&w, anchor);
    return fw_cfg_add_file(f, "etc/smbios/smbios-anchor", anchor, sizeof anchor, e)
           && fw_cfg_add_file(f, "etc/smbios/smbios-tables", w.p, w.n, e);
}
