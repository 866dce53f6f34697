/*
 * pc_map.c - ROM, shadow RAM, screen below 1 MiB; see pc_map.h.
 *
 * A programmable area is one of four: RAM; RAM that cannot be written; ROM (or nothing); ROM whose writes go to the
 * RAM behind it, by which firmware copies itself. Neighbours of one kind are one region. Where nothing answers there
 * is a region all the same: what the guest places (an APIC) must not come to lie there.
 */
#include "hw/boards/pc_map.h"
#include "base/bits.h"
#include <string.h>

#define SCREEN      0xa0000ull
#define SCREEN_SIZE 0x20000ull
#define AREAS       0xc0000ull
#define UNIT        0x4000ull
#define MIB         (1ull << 20)
#define ALIAS_MAX   0x20000ull   /* of the ROM below 1 MiB */
#define TOP         (1ull << 32)

struct view {
    enum region_kind       kind;
    struct memobj         *obj;
    u64                    off;
    const struct mmio_ops *ops;
};

static u64 read_nothing(void *opaque, u64 off, u32 size)
{
    (void)opaque, (void)off, (void)size;
    return ~0ull;
}

static void write_shadow(void *opaque, u64 off, u64 val, u32 size)
{
    const struct pc_unit *u = opaque;
    struct pc_map *p = u->owner;
    memobj_written(p->physmap, p->ram, u->at + off, size);
    memcpy(p->ram->host + u->at + off, &val, size);
}

static void write_nothing(void *opaque, u64 off, u64 val, u32 size)
{
    (void)opaque, (void)off, (void)val, (void)size;
}

static const struct mmio_ops shadow_ops = { read_nothing, write_shadow };
static const struct mmio_ops nothing_ops = { read_nothing, write_nothing };

/* ---- areas ---- */

static struct view view_of(const struct pc_map *p, u32 i)
{
    u64 at = p->unit[i].at, alias = p->rom ? MIN(p->rom->size, ALIAS_MAX) : 0;
    bool writes = p->bits[i] & I440FX_WRITE_RAM, is_rom = MIB - at <= alias;
    if (p->bits[i] & I440FX_READ_RAM)
        return (struct view){ writes ? REGION_RAM : REGION_ROM, p->ram, at, NULL };
    if (is_rom)
        return (struct view){ writes ? REGION_ROMD : REGION_ROM, p->rom, p->rom->size - (MIB - at),
                              writes ? &shadow_ops : NULL };
    return (struct view){ .kind = REGION_MMIO, .off = at, .ops = writes ? &shadow_ops : &nothing_ops };
}

static bool goes_on(const struct view *a, const struct view *b, u64 size)
{
    return a->ops == b->ops && a->kind == b->kind && a->obj == b->obj && a->off + size == b->off;
}

static void map_view(struct pc_map *p, const struct view *v, u32 i, u64 size)
{
    static const char *const names[] = { "ram.shadow", "rom.shadow", "rom.copy", "ram.behind" };
    struct pc_unit *u = &p->unit[i];
    if (v->kind == REGION_MMIO)
        physmap_map_mmio(p->physmap, u->at, size, v->ops, u, names[v->kind]);
    else
        physmap_map_obj(p->physmap, v->kind, u->at, size, v->obj, v->off, v->ops, u, names[v->kind]);
}

static void map_areas(struct pc_map *p)
{
    for (u32 i = 0, n; i < I440FX_AREAS; i += n) {
        struct view v = view_of(p, i);
        for (n = 1; i + n < I440FX_AREAS; n++) {
            struct view next = view_of(p, i + n);
            if (!goes_on(&v, &next, n * UNIT))
                break;
        }
        map_view(p, &v, i, n * UNIT);
    }
}

void pc_map_areas(void *opaque, const u8 bits[I440FX_AREAS])
{
    struct pc_map *p = opaque;
    if (!memcmp(p->bits, bits, I440FX_AREAS))
        return;
    memcpy(p->bits, bits, I440FX_AREAS);
    for (u32 i = 0; i < I440FX_AREAS; i++)
        physmap_unmap(p->physmap, p->unit[i].at);
    map_areas(p);
}

/* ---- the screen ---- */

void pc_map_smram(void *opaque, bool open)
{
    struct pc_map *p = opaque;
    if (p->smram == open)
        return;
    p->smram = open;
    if (!p->hide) {
        CHECK(physmap_swap(p->physmap, &p->hidden));
    } else if (open) {
        p->hide(p->screen, true);
        physmap_map_obj(p->physmap, REGION_RAM, SCREEN, SCREEN_SIZE, p->ram, SCREEN, NULL, NULL, "smram");
    } else {
        CHECK(physmap_unmap(p->physmap, SCREEN));
        p->hide(p->screen, false);
    }
}

void pc_map_screen(struct pc_map *p, void (*hide)(void *screen, bool hidden), void *screen)
{
    p->hide = hide;
    p->screen = screen;
    if (!hide)
        physmap_map_mmio(p->physmap, SCREEN, SCREEN_SIZE, &nothing_ops, NULL, "screen");
}

void pc_map_init(struct pc_map *p, struct physmap *map, struct memobj *ram, struct memobj *rom)
{
    *p = (struct pc_map){ .physmap = map, .ram = ram, .rom = rom };
    p->hidden = (struct region){ .base = SCREEN, .size = SCREEN_SIZE, .kind = REGION_RAM, .obj = ram, .off = SCREEN,
                                 .name = "smram" };
    for (u32 i = 0; i < I440FX_AREAS; i++)
        p->unit[i] = (struct pc_unit){ p, AREAS + i * UNIT };
    if (rom)
        physmap_map_obj(map, REGION_ROM, TOP - rom->size, rom->size, rom, 0, NULL, NULL, "rom");
    map_areas(p);
}
