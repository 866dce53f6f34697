/*
 * pc_map.h - what a PC has from 0xa0000 to 1 MiB and at the top of 4 GiB: firmware's ROM, RAM that shadows it, the
 * screen or system management RAM.
 *
 * The board embeds the struct and owns the memory objects; the host bridge's callbacks come here. Everything follows
 * from its registers, so nothing of this is saved.
 *
 * Not modelled: DMA to areas where reads go to the ROM and writes to RAM (refused).
 */
#pragma once
#include "hw/pci/i440fx.h"

struct pc_map;
struct pc_unit { /* 16 KiB */
    struct pc_map *owner;
    u64            at;  /* address, and offset in the RAM object */
};

struct pc_map {
    struct physmap *physmap;
    struct memobj  *ram, *rom; /* rom: NULL without firmware */
    u8              bits[I440FX_AREAS];
    struct pc_unit  unit[I440FX_AREAS];
    bool            smram;
    struct region   hidden;    /* without a screen, of the 128 KiB at 0xa0000: the RAM while nothing answers, or that */
    void          (*hide)(void *screen, bool hidden); /* a screen's regions go and come back; NULL: there is none */
    void           *screen;
};

/* ram: its bytes from 0xa0000 on are what the areas show. rom ends at 4 GiB; its last 128 KiB are below 1 MiB too. */
void pc_map_init(struct pc_map *p, struct physmap *map, struct memobj *ram, struct memobj *rom);
void pc_map_areas(void *opaque, const u8 bits[I440FX_AREAS]); /* struct i440fx, areas */
void pc_map_smram(void *opaque, bool open);                    /* ... smram */
/* A screen, if there is one, has been mapped within the 128 KiB at 0xa0000 and leaves when told to; else hide is
 * NULL. */
void pc_map_screen(struct pc_map *p, void (*hide)(void *screen, bool hidden), void *screen);
