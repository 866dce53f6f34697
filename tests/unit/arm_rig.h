/*
 * arm_rig.h - a machine with one A64 processor and RAM at 1 GB, for the tests of frontend/arm.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "base/bits.h"
#include "frontend/arm/sysregs.h"

#define RAM 0x40000000ull
#define RAM_SIZE (64ull << 20)
#define CODE (RAM + (32ull << 20)) /* instructions of the tests */
#define VECTORS (RAM + (33ull << 20))

struct rig {
    struct machine   *m;
    struct vcpu      *v;
    struct a64_state *s;
    gpa               next_table; /* translation tables are handed out from RAM upwards */
};

static u64 rig_host_ns(void)
{
    return 0;
}

static void rig_init(struct rig *r, const char *model, u32 psci)
{
    struct err e;
    *r = (struct rig){ .next_table = RAM, .m = machine_new("test", &e) };
    assert_non_null(r->m);
    r->m->host_ns = rig_host_ns;
    r->m->clock = CLOCK_ICOUNT;
    struct memobj *ram = physmap_new_obj(&r->m->map, "ram", RAM_SIZE, &e);
    assert_non_null(ram);
    physmap_map_obj(&r->m->map, REGION_RAM, RAM, RAM_SIZE, ram, 0, NULL, NULL, "ram");
    struct a64_wiring w = { .psci = psci };
    assert_true(a64_cpu_new(r->m, a64_model_find(model), &interp_engine, &w, &e));
    r->v = r->m->cpus[0];
    r->s = r->v->state;
    r->s->vbar_el1 = VECTORS;
}

static void rig_free(struct rig *r)
{
    machine_free(r->m);
}

static void __attribute__((unused)) put64(struct rig *r, gpa a, u64 val)
{
    assert_true(physmap_write(&r->m->map, a, &val, 8));
}

static void __attribute__((unused)) put_code(struct rig *r, const u32 *words, u32 count)
{
    assert_true(physmap_write(&r->m->map, CODE, words, 4ull * count));
}

/* Runs `count` instructions one by one from CODE. */
static void __attribute__((unused)) run_code(struct rig *r, const u32 *words, u32 words_count, u32 count)
{
    put_code(r, words, words_count);
    r->v->s.pc = CODE;
    u64 end = r->v->s.icount + count;
    while (r->v->s.icount < end && !r->v->s.halted)
        interp_engine.run(r->v, end - r->v->s.icount);
}
#define RUN(r, count, ...) \
    run_code(r, (const u32[]){ __VA_ARGS__ }, (u32)(sizeof((const u32[]){ __VA_ARGS__ }) / 4), count)

/* ---- translation tables ---- */

static gpa __attribute__((unused)) new_table(struct rig *r, u32 granule)
{
    gpa at = align_up(r->next_table, 1ull << granule);
    r->next_table = at + (1ull << granule);
    assert_true(r->next_table <= CODE);
    return at;
}

static u64 table_entry(struct rig *r, gpa at)
{
    u64 d;
    assert_true(physmap_read(&r->m->map, at, &d, 8));
    return d;
}

/* Puts `desc` at `level` for va below the table `root` of a 48-bit address space, making tables on the way;
 * returns where the descriptor lies. */
static gpa __attribute__((unused)) map_at(struct rig *r, gpa root, u32 granule, u32 level, gva va, u64 desc)
{
    u32 stride = granule - 3, first = 4 - (48 - granule + stride - 1) / stride;
    gpa table = root;
    for (u32 at = first;; at++) {
        u32 shift = granule + stride * (3 - at), width = at == first ? 48 - shift : stride;
        gpa slot = table + 8 * bits_get(va, shift, width);
        if (at == level) {
            put64(r, slot, desc);
            return slot;
        }
        u64 d = table_entry(r, slot);
        if (!(d & 1))
            put64(r, slot, d = new_table(r, granule) | 3);
        table = d & 0xffffffffffffull & ~bits_mask(granule);
    }
}

/* Translation on: 48 bits in both halves, 48-bit physical addresses, attribute 0 normal, 1 device. */
static void __attribute__((unused)) mmu_on(struct rig *r, u32 granule)
{
    static const u8 tg0[3] = { 0, 2, 1 }, tg1[3] = { 2, 1, 3 };
    u32 g = (granule - 12) / 2;
    r->s->ttbr0_el1 = new_table(r, granule);
    r->s->ttbr1_el1 = new_table(r, granule);
    r->s->tcr_el1 = 16 | 16 << 16 | (u64)tg0[g] << 14 | (u64)tg1[g] << 30 | 5ull << 32;
    r->s->mair_el1 = 0x00ff | 0x04 << 8 << 8 | 0x44ull << 24;
    r->s->sctlr_el1 |= 1;
    a64_mmu_select(r->v);
}

#define D_PAGE 3u
#define D_BLOCK 1u
#define D_AF (1u << 10)
#define D_AP(ap) ((u64)(ap) << 6)
#define D_NG (1u << 11)
#define D_ATTR(i) ((u64)(i) << 2)
#define D_PXN (1ull << 53)
#define D_UXN (1ull << 54)
