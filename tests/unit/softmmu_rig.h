/*
 * softmmu_rig.h - what the tests of softmmu/ stand on: a fake walker, recording devices, an engine's hook.
 *
 * Physical map: RAM in two adjacent regions at 0, ROM, a flash, a page with two small devices and a hole.
 */
#pragma once
#include "softmmu/softmmu.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RAM_SIZE (16u << 20)
#define ROM_BASE 0x10000000u
#define FLASH_BASE 0x10010000u
#define IO_BASE 0x20000000u /* device A: 0x200 bytes, device B: 0x100 bytes at 0x200; then a hole */
#define VPAGES 64u  /* per fake address space */
#define SPACES 2u

struct pte {
    gpa  pa;
    u8   prot, page_bits;
    bool device, global, valid;
};

struct io {
    u32 reads, writes, size;
    u64 off, val;
    u8  sizes[16];
    u32 n;
};

struct rig {
    struct log      log;
    struct physmap  map;
    struct memobj  *ram, *rom, *flash;
    struct mmu      mmu;
    struct pte      pt[SPACES][VPAGES];
    u32             space;
    struct io       a, b, fl;
    u32             code_calls;
    u64             code_off, code_len;
    bool            clear_code;
};

static u64 io_read(void *opaque, u64 off, u32 size)
{
    struct io *d = opaque;
    d->reads++;
    d->off = off;
    d->size = size;
    d->sizes[d->n++ % 16] = (u8)size;
    return 0x1122334455667788ull + off;
}

static void io_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct io *d = opaque;
    d->writes++;
    d->off = off;
    d->size = size;
    d->val = val;
    d->sizes[d->n++ % 16] = (u8)size;
}

static const struct mmio_ops io_ops = { io_read, io_write };

/* Virtual pages from VBASE go through pt of the current space; all else is identity, RWX. */
#define VBASE 0x400000000ull
static gva vp(u32 page) { return VBASE + (u64)page * PAGE_SIZE; }

static bool walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    struct rig *r = opaque;
    gva plain = va << 8 >> 8;
    (void)mode;
    if (plain < VBASE || plain >= vp(VPAGES)) {
        *x = (struct xlat){ plain, MMU_READ | MMU_WRITE | MMU_FETCH, 64, false, false };
        return true;
    }
    const struct pte *p = &r->pt[r->space][(plain - VBASE) >> PAGE_BITS];
    if (!p->valid || !(p->prot & acc)) {
        f->info[0] = 7;
        return false;
    }
    *x = (struct xlat){ p->pa + (va & 4095), p->prot, p->page_bits ? p->page_bits : 12, p->device, p->global };
    return true;
}

static void code_written(void *opaque, struct memobj *o, u64 off, u64 len)
{
    struct rig *r = opaque;
    r->code_calls++;
    r->code_off = off;
    r->code_len = len;
    if (r->clear_code)
        for (u64 p = off >> 12; p <= (off + len - 1) >> 12; p++)
            o->code[p] = 0;
}

static inline int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err e;
    physmap_init(&r->map, &r->log);
    r->ram = physmap_new_obj(&r->map, "ram", RAM_SIZE, &e);
    r->rom = physmap_new_obj(&r->map, "rom", 0x2000, &e);
    r->flash = physmap_new_obj(&r->map, "flash", 0x1800, &e);
    assert_true(r->ram && r->rom && r->flash);
    assert_int_equal(r->flash->size, 0x2000);
    physmap_map_mmio(&r->map, IO_BASE + 0x200, 0x100, &io_ops, &r->b, "b");
    physmap_map_mmio(&r->map, IO_BASE, 0x200, &io_ops, &r->a, "a");
    physmap_map_obj(&r->map, REGION_RAM, 0, RAM_SIZE / 2, r->ram, 0, NULL, NULL, "low");
    physmap_map_obj(&r->map, REGION_RAM, RAM_SIZE / 2, RAM_SIZE / 2, r->ram, RAM_SIZE / 2, NULL, NULL, "high");
    physmap_map_obj(&r->map, REGION_ROM, ROM_BASE, 0x2000, r->rom, 0, NULL, NULL, "rom");
    physmap_map_obj(&r->map, REGION_ROMD, FLASH_BASE, 0x2000, r->flash, 0, &io_ops, &r->fl, "flash");
    r->map.code_written = code_written;
    r->map.code_opaque = r;
    assert_true(mmu_init(&r->mmu, &r->map, &r->log, walk, r, &e));
    mmu_select(&r->mmu, 1);
    *state = r;
    return 0;
}

static inline int teardown(void **state)
{
    struct rig *r = *state;
    mmu_free(&r->mmu);
    physmap_free(&r->map);
    free(r);
    return 0;
}

static inline void map_page(struct rig *r, u32 space, u32 page, gpa pa, u8 prot)
{
    r->pt[space][page] = (struct pte){ .pa = pa, .prot = prot, .valid = true };
}

static inline void select_space(struct rig *r, u32 space)
{
    r->space = space;
    mmu_select(&r->mmu, space + 1);
}

static inline enum mmu_result rd(struct rig *r, gva va, u32 size, u64 *v)
{
    *v = 0;
    return mmu_read(&r->mmu, va, size, 0, 0, 0, v);
}

static inline enum mmu_result wr(struct rig *r, gva va, u32 size, u64 v)
{
    return mmu_write(&r->mmu, va, size, 0, 0, 0, &v);
}
