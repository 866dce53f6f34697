/*
 * softmmu_test.c - the softmmu room: ranges, accesses, faults, code and dirty tracking, flushes.
 */
#include "base/bits.h"
#include "ir/ir.h"
#include "tests/unit/softmmu_rig.h"

/* ---- physical map ---- */

static void test_ranges(void **state)
{
    struct rig *r = *state;
    struct physmap *m = &r->map;
    u8 buf[64], got[64];
    for (u32 i = 0; i < sizeof buf; i++)
        buf[i] = (u8)(i + 1);
    assert_true(physmap_write(m, RAM_SIZE / 2 - 32, buf, 64)); /* two adjacent regions */
    assert_true(physmap_read(m, RAM_SIZE / 2 - 32, got, 64));
    assert_memory_equal(buf, got, 64);
    assert_int_equal(r->ram->dirty[RAM_SIZE / 2 / PAGE_SIZE], 1);
    assert_int_equal(r->ram->dirty[RAM_SIZE / 2 / PAGE_SIZE - 1], 1);
    assert_true(physmap_read(m, 0xdead00000000, got, 0));
    assert_true(physmap_write(m, ~0ull, got, 0));
    assert_false(physmap_write(m, RAM_SIZE - 8, buf, 9));
    assert_int_equal(r->ram->dirty[RAM_SIZE / PAGE_SIZE - 1], 0); /* nothing was done */
    assert_false(physmap_read(m, ~0ull - 3, got, 8));
    assert_false(physmap_read(m, 8, got, ~0ull));
    assert_false(physmap_write(m, 0, got, ~0ull - 1));
    assert_false(physmap_write(m, ROM_BASE, buf, 4));
    assert_false(physmap_write(m, FLASH_BASE, buf, 4));
    assert_false(physmap_write(m, IO_BASE, buf, 4));
    assert_false(physmap_read(m, IO_BASE, got, 4));
    assert_true(physmap_load(m, ROM_BASE + 0x1ffe, buf, 2));
    assert_false(physmap_load(m, ROM_BASE + 0x1ffe, buf, 3));
    assert_true(physmap_read(m, ROM_BASE + 0x1ffe, got, 2));
    assert_memory_equal(buf, got, 2);
    assert_true(physmap_load(m, FLASH_BASE, buf, 4));
}

static void test_ptr_find(void **state)
{
    struct rig *r = *state;
    struct physmap *m = &r->map;
    assert_ptr_equal(physmap_ptr(m, 0x1234, 10), r->ram->host + 0x1234);
    assert_null(physmap_ptr(m, RAM_SIZE / 2 - 1, 2));
    assert_null(physmap_ptr(m, 0x1000, ~0ull));
    assert_null(physmap_ptr(m, IO_BASE, 1));
    assert_ptr_equal(physmap_ptr(m, ROM_BASE, 0x2000), r->rom->host);
    assert_null(physmap_find(m, RAM_SIZE));
    assert_null(physmap_find(m, ~0ull));
    assert_null(physmap_find(m, IO_BASE + 0x300));
    assert_string_equal(physmap_find(m, IO_BASE + 0x2ff)->name, "b");
    assert_string_equal(physmap_find(m, 0)->name, "low");
}

static void test_bus(void **state)
{
    struct rig *r = *state;
    u64 v;
    assert_true(physmap_bus_write(&r->map, RAM_SIZE / 2 - 4, 8, 0x0123456789abcdefull));
    assert_true(physmap_bus_read(&r->map, RAM_SIZE / 2 - 4, 8, &v));
    assert_int_equal(v, 0x0123456789abcdefull);
    assert_true(physmap_bus_read(&r->map, IO_BASE + 8, 4, &v));
    assert_int_equal(v, 0x55667790);
    assert_int_equal(r->a.size, 4);
    assert_true(physmap_bus_write(&r->map, IO_BASE + 0x1fc, 8, 0x8877665544332211ull)); /* across devices */
    assert_int_equal(r->a.val, 0x44332211);
    assert_int_equal(r->b.val, 0x88776655);
    assert_int_equal(r->b.off, 0);
    assert_false(physmap_bus_write(&r->map, IO_BASE + 0x2fc, 8, 0));
    assert_int_equal(r->b.writes, 1);
    assert_false(physmap_bus_read(&r->map, ~0ull, 1, &v));
    assert_true(physmap_bus_write(&r->map, ROM_BASE, 4, 99)); /* dropped */
    assert_true(physmap_bus_read(&r->map, ROM_BASE, 4, &v));
    assert_int_equal(v, 0);
    assert_int_equal(r->log.guest_errors, 1);
    assert_true(physmap_bus_write(&r->map, FLASH_BASE + 2, 2, 0x4040));
    assert_int_equal(r->fl.val, 0x4040);
    assert_int_equal(r->fl.off, 2);
}

/* ---- accesses ---- */

static void test_fast_after_slow(void **state)
{
    struct rig *r = *state;
    u64 v;
    assert_null(mmu_fast_read(&r->mmu, 0, 0x5008, 8));
    assert_int_equal(rd(r, 0x5008, 8, &v), MMU_OK);
    assert_ptr_equal(mmu_fast_read(&r->mmu, 0, 0x5008, 8), r->ram->host + 0x5008);
    assert_null(mmu_fast_read(&r->mmu, 0, 0x5ffc, 8));
    assert_non_null(mmu_fast_read(&r->mmu, 0, 0x5ffc, 4));
    assert_null(mmu_fast_read(&r->mmu, 1, 0x5008, 8)); /* another mode */
    assert_null(mmu_fast_write(&r->mmu, 0, 0x5008, 8)); /* clean */
    assert_int_equal(r->ram->dirty[5], 0);
    assert_int_equal(wr(r, 0x5008, 8, 77), MMU_OK);
    assert_int_equal(r->ram->dirty[5], 1);
    assert_ptr_equal(mmu_fast_write(&r->mmu, 0, 0x5008, 8), r->ram->host + 0x5008);
    assert_int_equal(r->mmu.stats.walks, 1);
    rd(r, 0x5010, 8, &v);
    assert_int_equal(r->mmu.stats.walks, 1);
    assert_int_equal(rd(r, ROM_BASE, 4, &v), MMU_OK);
    assert_non_null(mmu_fast_read(&r->mmu, 0, ROM_BASE, 4));
    assert_int_equal(wr(r, ROM_BASE, 4, 5), MMU_OK);
    assert_null(mmu_fast_write(&r->mmu, 0, ROM_BASE, 4));
    assert_int_equal(r->rom->host[0], 0);
}

static void test_crossing(void **state)
{
    struct rig *r = *state;
    u8 in[32], out[32];
    for (u32 i = 0; i < 32; i++)
        in[i] = (u8)(0xa0 + i);
    map_page(r, 0, 0, 0x9000, MMU_READ | MMU_WRITE);
    map_page(r, 0, 1, 0x3000, MMU_READ | MMU_WRITE);
    map_page(r, 0, 2, 0x4000, MMU_READ);
    for (u32 size = 2; size <= 32; size++)
        for (u32 k = 1; k < size; k++) {
            assert_int_equal(mmu_write(&r->mmu, vp(1) - k, size, 0, 0, 0, in), MMU_OK);
            assert_int_equal(mmu_read(&r->mmu, vp(1) - k, size, 0, 0, 0, out), MMU_OK);
            assert_memory_equal(in, out, size);
            assert_memory_equal(r->ram->host + 0xa000 - k, in, k);
            assert_memory_equal(r->ram->host + 0x3000, in + k, size - k);
        }
    memset(r->ram->host + 0x3ff0, 0, 16);
    assert_int_equal(mmu_write(&r->mmu, vp(2) - 4, 8, 0, 0, 0, in), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.va, vp(2));
    assert_int_equal(r->mmu.fault.kind, FAULT_WALK);
    assert_int_equal(r->mmu.fault.access, MMU_WRITE);
    assert_int_equal(r->mmu.fault.info[0], 7);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(r->ram->host[0x3ff0 + i], 0);
    assert_int_equal(mmu_read(&r->mmu, vp(3) - 4, 8, 0, 0, 0x123 << 20, out), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.va, vp(3));
    assert_int_equal(r->mmu.fault.mem, 0x123 << 20);
    assert_int_equal(mmu_read(&r->mmu, vp(3) + 8, 8, 2, 0, 0, out), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.va, vp(3) + 8);
    assert_int_equal(r->mmu.fault.mode, 2);
}

static void test_crossing_mmio(void **state)
{
    struct rig *r = *state;
    u64 v;
    map_page(r, 0, 0, 0x9000, MMU_READ | MMU_WRITE);
    map_page(r, 0, 1, IO_BASE, MMU_READ | MMU_WRITE);
    map_page(r, 0, 2, 0x50000000, MMU_READ | MMU_WRITE);
    memset(r->ram->host + 0x9000, 0x5a, PAGE_SIZE);
    assert_int_equal(rd(r, vp(1) - 2, 4, &v), MMU_SYNC);
    assert_int_equal(v, 0x77885a5a);
    assert_int_equal(wr(r, vp(1) - 2, 4, 0xddccbbaa), MMU_SYNC);
    assert_int_equal(r->ram->host[0x9fff], 0xbb);
    assert_int_equal(r->a.val, 0xddcc);
    assert_int_equal(r->a.size, 2);
    /* Second page is not backed: the device must not see half of it. */
    r->a.writes = 0;
    assert_int_equal(wr(r, vp(2) - 4, 8, 1), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_BUS);
    assert_int_equal(r->a.writes, 0);
}

static void test_mmio(void **state)
{
    struct rig *r = *state;
    u8 buf[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    u64 v;
    assert_int_equal(rd(r, IO_BASE + 0x10, 8, &v), MMU_SYNC);
    assert_int_equal(v, 0x1122334455667798ull);
    assert_null(mmu_fast_read(&r->mmu, 0, IO_BASE + 0x10, 8));
    assert_int_equal(rd(r, IO_BASE + 0x204, 4, &v), MMU_SYNC);
    assert_int_equal(r->b.off, 4);
    assert_int_equal(rd(r, IO_BASE + 0x300, 4, &v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_BUS);
    assert_int_equal(rd(r, IO_BASE + 0x2fe, 4, &v), MMU_FAULTED);
    assert_int_equal(rd(r, 0x70000000, 4, &v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.va, 0x70000000);
    r->a.n = 0;
    assert_int_equal(mmu_write(&r->mmu, IO_BASE + 1, 15, 0, 0, 0, buf), MMU_SYNC); /* 1 2 4 8 */
    assert_int_equal(r->a.n, 4);
    assert_memory_equal(r->a.sizes, "\1\2\4\10", 4);
    r->a.n = 0;
    assert_int_equal(mmu_read(&r->mmu, IO_BASE, 32, 0, 0, 0, buf), MMU_SYNC);
    assert_memory_equal(r->a.sizes, "\10\10\10\10", 4);
    r->a.n = 0;
    u32 pair = ir_mem_pack((struct ir_mem){ .size = 3, .atomic = 2 });
    assert_int_equal(mmu_read(&r->mmu, IO_BASE, 8, 0, 0, pair, buf), MMU_SYNC);
    assert_int_equal(r->a.n, 2);
    assert_memory_equal(r->a.sizes, "\4\4", 2);
}

static void test_mem_bits(void **state)
{
    (void)state;
    for (u32 i = 0; i < 8; i++) {
        assert_int_equal(MMU_MEM_UNIT(ir_mem_pack((struct ir_mem){ .atomic = i })), 1u << i);
        assert_int_equal(MMU_MEM_ALIGN(ir_mem_pack((struct ir_mem){ .align = i })), i);
        assert_int_equal(MMU_MEM_ADDR32(ir_mem_pack((struct ir_mem){ .addr32 = i & 1 })), i & 1);
    }
    u32 others = ~ir_mem_pack((struct ir_mem){ .atomic = 7, .align = 7, .addr32 = 1 });
    assert_int_equal(MMU_MEM_UNIT(others), 1);
    assert_int_equal(MMU_MEM_ALIGN(others), 0);
    assert_int_equal(MMU_MEM_ADDR32(others), 0);
}

static void test_align_device(void **state)
{
    struct rig *r = *state;
    u64 v[4];
    r->pt[0][0] = (struct pte){ .pa = 0x8000, .prot = 7, .valid = true, .device = true };
    assert_int_equal(mmu_read(&r->mmu, 0x6001, 4, 0, 2, 0, v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_ALIGN);
    assert_int_equal(r->mmu.stats.walks, 0); /* before the walk */
    assert_int_equal(rd(r, vp(0) + 8, 8, v), MMU_OK);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(0) + 8, 8));
    assert_int_equal(wr(r, vp(0) + 8, 8, 1), MMU_OK);
    assert_null(mmu_fast_write(&r->mmu, 0, vp(0) + 8, 8));
    assert_int_equal(rd(r, vp(0) + 2, 4, v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_ALIGN);
    assert_int_equal(r->mmu.fault.va, vp(0) + 2);
    assert_int_equal(mmu_read(&r->mmu, vp(0) + 8, 16, 0, 0, 0, v), MMU_OK); /* at most 8 */
    u32 pair = ir_mem_pack((struct ir_mem){ .size = 3, .atomic = 2 });
    assert_int_equal(mmu_read(&r->mmu, vp(0) + 4, 8, 0, 0, pair, v), MMU_OK);
    assert_int_equal(mmu_read(&r->mmu, vp(0) + 2, 8, 0, 0, pair, v), MMU_FAULTED);
    /* the walk's fault comes first */
    assert_int_equal(rd(r, vp(1) + 2, 4, v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_WALK);
    struct memobj *o;
    u64 off;
    assert_int_equal(mmu_fetch(&r->mmu, vp(0) + 4, 0, &o, &off), MMU_OK);
    assert_int_equal(off, 0x8004);
}

static void test_addr32(void **state)
{
    struct rig *r = *state;
    u32 mem = ir_mem_pack((struct ir_mem){ .size = 2, .addr32 = 1 });
    u32 v;
    /* the first page at the top of 32 bits is not backed, so ask the fault's order the other way round */
    assert_int_equal(mmu_read(&r->mmu, 0xfffffffe, 4, 0, 0, mem, &v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.va, 0xfffffffe);
    physmap_map_obj(&r->map, REGION_RAM, 0xfffff000, 0x1000, r->ram, 0x7000, NULL, NULL, "top");
    r->ram->host[0x7ffe] = 1;
    r->ram->host[0x7fff] = 2;
    r->ram->host[0] = 3;
    r->ram->host[1] = 4;
    assert_int_equal(mmu_read(&r->mmu, 0xfffffffe, 4, 0, 0, mem, &v), MMU_OK);
    assert_int_equal(v, 0x04030201);
}

static void test_permissions(void **state)
{
    struct rig *r = *state;
    u64 v;
    map_page(r, 0, 0, 0x8000, MMU_READ);
    assert_int_equal(rd(r, vp(0), 8, &v), MMU_OK);
    assert_int_equal(wr(r, vp(0), 8, 1), MMU_FAULTED);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(0), 8)); /* a refused walk drops the entry */
    rd(r, vp(0), 8, &v);
    map_page(r, 0, 0, 0x8000, MMU_READ | MMU_WRITE); /* without a flush */
    assert_int_equal(wr(r, vp(0), 8, 1), MMU_OK);
    assert_non_null(mmu_fast_write(&r->mmu, 0, vp(0), 8));
    map_page(r, 0, 1, 0x8000, MMU_WRITE);
    assert_int_equal(wr(r, vp(1), 8, 2), MMU_OK);
    assert_null(mmu_fast_write(&r->mmu, 0, vp(1), 8)); /* the fast way is for pages that may be read, too */
    assert_null(mmu_fast_read(&r->mmu, 0, vp(1), 8));
    assert_int_equal(wr(r, vp(1) + 8, 8, 3), MMU_OK);
    assert_int_equal(rd(r, vp(1), 8, &v), MMU_FAULTED);
    struct memobj *o;
    u64 off;
    assert_int_equal(mmu_fetch(&r->mmu, vp(0), 0, &o, &off), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.access, MMU_FETCH);
    map_page(r, 0, 2, IO_BASE, 7);
    assert_int_equal(mmu_fetch(&r->mmu, vp(2), 0, &o, &off), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_BUS);
    map_page(r, 0, 3, FLASH_BASE, MMU_FETCH);
    assert_int_equal(mmu_fetch(&r->mmu, vp(3) + 0x1c, 0, &o, &off), MMU_OK);
    assert_ptr_equal(o, r->flash);
    assert_int_equal(off, 0x1c);
    assert_int_equal(rd(r, vp(3), 4, &v), MMU_FAULTED);
    struct xlat x;
    struct mmu_fault f;
    assert_true(mmu_translate(&r->mmu, vp(3) + 5, MMU_FETCH, 0, &x, &f));
    assert_int_equal(x.pa, FLASH_BASE + 5);
    assert_false(mmu_translate(&r->mmu, vp(3) + 5, MMU_READ, 0, &x, &f));
}

static void test_probe(void **state)
{
    struct rig *r = *state;
    map_page(r, 0, 0, 0x8000, MMU_READ | MMU_WRITE);
    map_page(r, 0, 1, 0x9000, MMU_READ);
    assert_int_equal(mmu_probe(&r->mmu, vp(0) + 8, 4088, MMU_WRITE, 0, 3, 0), MMU_OK);
    assert_int_equal(mmu_probe(&r->mmu, vp(0) + 8, 4089, MMU_WRITE, 0, 0, 0), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.va, vp(1));
    assert_int_equal(mmu_probe(&r->mmu, vp(0) + 8, 8184, MMU_READ, 0, 0, 0), MMU_OK);
    assert_int_equal(mmu_probe(&r->mmu, vp(0) + 8, 8185, MMU_READ, 0, 0, 0), MMU_FAULTED);
    assert_int_equal(mmu_probe(&r->mmu, vp(0) + 1, 8, MMU_READ, 0, 3, 0), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_ALIGN);
    assert_int_equal(mmu_probe(&r->mmu, vp(9), 0, MMU_READ, 0, 0, 0), MMU_OK);
    assert_int_equal(r->ram->dirty[8], 0);
}

static void test_atomic(void **state)
{
    struct rig *r = *state;
    enum mmu_result res;
    bool sync;
    map_page(r, 0, 0, 0x8000, MMU_READ | MMU_WRITE);
    map_page(r, 0, 1, 0x9000, MMU_READ);
    map_page(r, 0, 2, IO_BASE, MMU_READ | MMU_WRITE);
    u32 mem = ir_mem_pack((struct ir_mem){ .size = 3, .atomic = 3, .align = 3 });
    assert_ptr_equal(mmu_atomic(&r->mmu, vp(0) + 16, 8, 0, mem, &sync, &res), r->ram->host + 0x8010);
    assert_false(sync);
    assert_int_equal(res, MMU_OK);
    assert_int_equal(r->ram->dirty[8], 1);
    assert_non_null(mmu_fast_write(&r->mmu, 0, vp(0), 8));
    assert_null(mmu_atomic(&r->mmu, vp(0) + 4, 8, 0, mem, &sync, &res));
    assert_int_equal(res, MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_ALIGN);
    assert_null(mmu_atomic(&r->mmu, vp(1), 8, 0, mem, &sync, &res));
    assert_int_equal(r->mmu.fault.access, MMU_WRITE);
    assert_null(mmu_atomic(&r->mmu, vp(5), 8, 0, mem, &sync, &res));
    assert_int_equal(r->mmu.fault.access, MMU_READ);
    r->mmu.rmw_write = true;
    assert_null(mmu_atomic(&r->mmu, vp(5), 8, 0, mem, &sync, &res));
    assert_int_equal(r->mmu.fault.access, MMU_WRITE);
    assert_null(mmu_atomic(&r->mmu, vp(2), 8, 0, mem, &sync, &res));
    assert_int_equal(res, MMU_SYNC);
    memobj_add_code(&r->map, r->ram, 0x8010, 4);
    assert_non_null(mmu_atomic(&r->mmu, vp(0) + 16, 8, 0, mem, &sync, &res));
    assert_true(sync);
    assert_int_equal(r->code_calls, 1);
}

/* ---- code and dirty tracking ---- */

static void test_code(void **state)
{
    struct rig *r = *state;
    struct memobj *o;
    u64 off, v;
    wr(r, 0x8000, 8, 1);
    map_page(r, 0, 0, 0x8000, MMU_READ | MMU_WRITE);
    wr(r, vp(0), 8, 1); /* an alias */
    select_space(r, 1);
    map_page(r, 1, 3, 0x8000, MMU_READ | MMU_WRITE);
    mmu_write(&r->mmu, vp(3), 8, 2, 0, 0, &v);
    assert_non_null(mmu_fast_write(&r->mmu, 2, vp(3), 8));
    assert_int_equal(mmu_fetch(&r->mmu, 0x8100, 0, &o, &off), MMU_OK);
    memobj_add_code(&r->map, o, off, 0x41); /* granules 4 and 5 */
    assert_int_equal(r->ram->code[8], 0x30);
    assert_null(mmu_fast_write(&r->mmu, 2, vp(3), 8));
    select_space(r, 0);
    assert_null(mmu_fast_write(&r->mmu, 0, 0x8000, 8));
    assert_null(mmu_fast_write(&r->mmu, 0, vp(0), 8));
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    assert_int_equal(wr(r, 0x80f8, 8, 2), MMU_OK);
    assert_int_equal(r->code_calls, 0);
    assert_null(mmu_fast_write(&r->mmu, 0, 0x80f8, 8));
    assert_int_equal(wr(r, 0x80f9, 8, 2), MMU_SYNC);
    assert_int_equal(r->code_calls, 1);
    assert_int_equal(r->code_off, 0x80f9);
    assert_int_equal(r->code_len, 8);
    assert_int_equal(r->mmu.stats.code_hits, 1);
    assert_int_equal(wr(r, 0x8180, 8, 2), MMU_OK);
    r->clear_code = true;
    assert_int_equal(wr(r, 0x817f, 1, 9), MMU_SYNC);
    assert_int_equal(r->ram->host[0x817f], 9);
    assert_non_null(mmu_fast_write(&r->mmu, 0, 0x8000, 8));
    assert_int_equal(wr(r, 0x8100, 8, 2), MMU_OK);
}

static void test_code_dma(void **state)
{
    struct rig *r = *state;
    u8 page[PAGE_SIZE * 2] = { 0 };
    memobj_add_code(&r->map, r->ram, 0x5ffc, 8);
    assert_int_equal(r->ram->code[5], 1ull << 63);
    assert_int_equal(r->ram->code[6], 1);
    memobj_add_code(&r->map, r->ram, 0xa000, PAGE_SIZE);
    assert_int_equal(r->ram->code[10], ~0ull);
    assert_true(physmap_write(&r->map, 0x6040, page, 64));
    assert_int_equal(r->code_calls, 0);
    assert_true(physmap_write(&r->map, 0x603f, page, 2));
    assert_int_equal(r->code_calls, 1);
    assert_true(physmap_write(&r->map, 0x5000, page, 8192));
    assert_int_equal(r->code_calls, 2);
    assert_true(physmap_bus_write(&r->map, 0xaffc, 4, 1));
    assert_int_equal(r->code_calls, 3);
    memobj_written(&r->map, r->ram, 0x5fff, 1);
    assert_int_equal(r->code_calls, 4);
    memobj_written(&r->map, r->ram, RAM_SIZE, 1);
    memobj_written(&r->map, r->ram, ~0ull, ~0ull);
    memobj_add_code(&r->map, r->ram, RAM_SIZE - 1, 100);
    assert_int_equal(r->ram->code[RAM_SIZE / PAGE_SIZE - 1], 1ull << 63);
}

static void test_zero(void **state)
{
    struct rig *r = *state;
    memset(r->ram->host, 0x5a, 4 * PAGE_SIZE);
    memobj_dirty_clear(&r->map, r->ram);
    memobj_zero(&r->map, r->ram, PAGE_SIZE, 2 * PAGE_SIZE);
    for (u32 i = 0; i < 4 * PAGE_SIZE; i++)
        assert_int_equal(r->ram->host[i], i / PAGE_SIZE - 1 < 2 ? 0 : 0x5a);
    assert_true(!r->ram->dirty[0] && r->ram->dirty[1] && r->ram->dirty[2] && !r->ram->dirty[3]);
    memobj_zero(&r->map, r->ram, r->ram->size, PAGE_SIZE); /* nothing is there */
    memobj_zero(&r->map, r->ram, 0, 0);
    assert_int_equal(r->ram->host[0], 0x5a);
}

static void test_dirty(void **state)
{
    struct rig *r = *state;
    wr(r, 0x8000, 8, 1);
    wr(r, 0x9000, 8, 1);
    assert_non_null(mmu_fast_write(&r->mmu, 0, 0x9000, 8));
    memobj_dirty_clear(&r->map, r->ram);
    assert_int_equal(r->ram->dirty[9], 0);
    assert_null(mmu_fast_write(&r->mmu, 0, 0x9000, 8));
    u64 walks = r->mmu.stats.walks;
    assert_int_equal(wr(r, 0x9000, 8, 1), MMU_OK);
    assert_int_equal(r->mmu.stats.walks, walks);
    assert_int_equal(r->ram->dirty[9], 1);
    assert_int_equal(r->ram->dirty[8], 0);
    assert_non_null(mmu_fast_write(&r->mmu, 0, 0x9000, 8));
    memobj_dirty_clear(&r->map, r->rom);
    assert_int_equal(r->ram->dirty[9], 1);
}

static void test_romd(void **state)
{
    struct rig *r = *state;
    u64 v, epoch = r->mmu.epoch, off;
    struct memobj *o;
    const struct region *f = physmap_find(&r->map, FLASH_BASE);
    r->flash->host[4] = 0x42;
    assert_int_equal(rd(r, FLASH_BASE + 4, 1, &v), MMU_OK);
    assert_int_equal(v, 0x42);
    assert_int_equal(wr(r, FLASH_BASE + 4, 1, 0x98), MMU_SYNC);
    assert_int_equal(r->fl.val, 0x98);
    physmap_set_romd(&r->map, f, false);
    assert_null(mmu_fast_read(&r->mmu, 0, FLASH_BASE + 4, 1));
    assert_int_not_equal(r->mmu.epoch, epoch);
    assert_int_equal(rd(r, FLASH_BASE + 4, 1, &v), MMU_SYNC);
    assert_int_equal(v, 0x8c);
    assert_int_equal(mmu_fetch(&r->mmu, FLASH_BASE, 0, &o, &off), MMU_FAULTED);
    assert_null(physmap_ptr(&r->map, FLASH_BASE, 1));
    assert_true(physmap_load(&r->map, FLASH_BASE + 4, "\x43", 1));
    physmap_set_romd(&r->map, f, true);
    assert_int_equal(rd(r, FLASH_BASE + 4, 1, &v), MMU_OK);
    assert_int_equal(v, 0x43);
    assert_non_null(mmu_fast_read(&r->mmu, 0, FLASH_BASE + 4, 1));
    assert_int_equal(mmu_fetch(&r->mmu, FLASH_BASE, 0, &o, &off), MMU_OK);
}

/* ---- flushes, contexts, epochs ---- */

static void test_spaces(void **state)
{
    struct rig *r = *state;
    u64 v;
    map_page(r, 0, 0, 0x8000, 3);
    map_page(r, 1, 0, 0x9000, 3);
    wr(r, vp(0), 8, 111);
    u64 first = r->mmu.epoch;
    mmu_select(&r->mmu, 1);
    assert_int_equal(r->mmu.epoch, first);
    select_space(r, 1);
    assert_int_not_equal(r->mmu.epoch, first);
    wr(r, vp(0), 8, 222);
    select_space(r, 0);
    assert_int_equal(r->mmu.epoch, first);
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(0), 8)); /* nothing was flushed */
    rd(r, vp(0), 8, &v);
    assert_int_equal(v, 111);
    mmu_flush(&r->mmu, 2, ~0ull);
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    select_space(r, 1);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    rd(r, vp(0), 8, &v);
    assert_int_equal(v, 222);
    mmu_flush(&r->mmu, 0, 0);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    select_space(r, 0);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    assert_int_not_equal(r->mmu.epoch, first);
}

static void test_recycle(void **state)
{
    struct rig *r = *state;
    u64 v;
    map_page(r, 0, 0, 0x8000, 3);
    rd(r, vp(0), 8, &v);
    for (u64 key = 100; key < 100 + MMU_CTXS - 2; key++) /* key 0 and 1 live as well: now all are */
        mmu_select(&r->mmu, key);
    mmu_select(&r->mmu, 1);
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    mmu_select(&r->mmu, 500); /* takes key 0's, the oldest */
    mmu_select(&r->mmu, 1);
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    for (u64 key = 1000; key < 1000 + MMU_CTXS; key++) {
        mmu_select(&r->mmu, key);
        assert_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
        rd(r, vp(0), 8, &v);
    }
    u64 walks = r->mmu.stats.walks;
    mmu_select(&r->mmu, 1);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(0), 8));
    rd(r, vp(0), 8, &v);
    assert_int_equal(r->mmu.stats.walks, walks + 1);
}

static void test_flush_va(void **state)
{
    struct rig *r = *state;
    u64 v;
    gva tagged = vp(0) | 0xab00000000000000ull;
    map_page(r, 0, 0, 0x8000, 3);
    map_page(r, 0, 1, 0x9000, 3);
    rd(r, vp(1), 8, &v);
    rd(r, vp(0), 8, &v);
    rd(r, tagged, 8, &v); /* same slot: the plain one is a victim now */
    assert_non_null(mmu_fast_read(&r->mmu, 0, tagged, 8));
    u64 walks = r->mmu.stats.walks;
    rd(r, vp(0), 8, &v);
    rd(r, tagged, 8, &v);
    assert_int_equal(r->mmu.stats.walks, walks); /* from the victims */
    mmu_flush_va(&r->mmu, vp(0) + 0x123, 1, ~0ull);
    assert_null(mmu_fast_read(&r->mmu, 0, tagged, 8));
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(1), 8));
    r->pt[0][0].valid = false;
    assert_int_equal(rd(r, vp(0), 8, &v), MMU_FAULTED);
    assert_int_equal(rd(r, tagged, 8, &v), MMU_FAULTED);
    mmu_flush_va(&r->mmu, vp(1), 2, ~0ull); /* another address space */
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(1), 8));
    /* global entries go whatever the key */
    r->pt[0][2] = (struct pte){ .pa = 0xa000, .prot = 3, .valid = true, .global = true };
    rd(r, vp(2), 8, &v);
    mmu_flush_va(&r->mmu, vp(2), 2, ~0ull);
    assert_null(mmu_fast_read(&r->mmu, 0, vp(2), 8));
}

static void test_flush_large(void **state)
{
    struct rig *r = *state;
    u64 v;
    for (u32 i = 0; i < 16; i++) /* a 64 KiB mapping */
        r->pt[0][i] = (struct pte){ .pa = 0x100000 + i * PAGE_SIZE, .prot = 3, .valid = true, .page_bits = 16 };
    map_page(r, 0, 16, 0x8000, 3);
    for (u32 i = 0; i <= 16; i++)
        rd(r, vp(i), 8, &v);
    mmu_flush_va(&r->mmu, vp(5), 0, 0);
    for (u32 i = 0; i < 16; i++)
        assert_null(mmu_fast_read(&r->mmu, 0, vp(i), 8));
    assert_non_null(mmu_fast_read(&r->mmu, 0, vp(16), 8));
    rd(r, 0x5000, 8, &v); /* translation off: every address reaches it */
    mmu_flush_va(&r->mmu, vp(20), 0, 0);
    assert_null(mmu_fast_read(&r->mmu, 0, 0x5000, 8));
}

static void test_epoch(void **state)
{
    struct rig *r = *state;
    struct memobj *o;
    u64 off, v, ep = r->mmu.epoch;
    map_page(r, 0, 0, 0x8000, 3);
    map_page(r, 0, 1, 0x9000, MMU_FETCH | MMU_READ);
    rd(r, vp(0), 8, &v);
    assert_int_equal(mmu_fetch(&r->mmu, vp(1), 0, &o, &off), MMU_OK);
    mmu_flush_va(&r->mmu, vp(0), 0, 0);
    assert_int_equal(r->mmu.epoch, ep); /* data only */
    mmu_flush_va(&r->mmu, vp(1), 0, 0);
    assert_int_not_equal(r->mmu.epoch, ep);
    ep = r->mmu.epoch;
    mmu_fetch(&r->mmu, vp(1), 0, &o, &off);
    map_page(r, 0, 1, 0x9000, MMU_READ);
    for (u64 tag = 1; tag < 12; tag++) /* data entries push it out of its slot and the victims */
        rd(r, vp(1) | tag << 56, 8, &v);
    mmu_flush_va(&r->mmu, vp(3), 0, 0);
    assert_int_equal(r->mmu.epoch, ep);
    mmu_flush_va(&r->mmu, vp(1), 0, 0);
    assert_int_not_equal(r->mmu.epoch, ep);
    ep = r->mmu.epoch;
    mmu_new_epoch(&r->mmu);
    assert_int_not_equal(r->mmu.epoch, ep);
    ep = r->mmu.epoch;
    mmu_flush(&r->mmu, 0, 0);
    assert_int_not_equal(r->mmu.epoch, ep);
}

/* ---- what x86 needs: global entries that stay, regions that come and go, an open bus ---- */

static void test_flush_local(void **state)
{
    struct rig *r = *state;
    struct memobj *o;
    u64 off, v;
    for (u32 i = 0; i < 4; i++) {
        map_page(r, 0, i, 0x8000 + i * 0x1000, 7);
        r->pt[0][i].global = i & 1;
        r->pt[0][i].page_bits = i == 3 ? 14 : 12; /* covers all four */
        rd(r, vp(i), 8, &v);
    }
    mmu_fetch(&r->mmu, vp(1), 0, &o, &off);
    u64 ep = r->mmu.epoch, walks = r->mmu.stats.walks;
    for (u32 i = 0; i < 2; i++) { /* the second time over lists written anew */
        mmu_flush_local(&r->mmu, 1, ~0ull);
        rd(r, vp(1), 8, &v);
        rd(r, vp(3), 8, &v);
        assert_int_equal(r->mmu.stats.walks, walks);
        rd(r, vp(0), 8, &v);
        rd(r, vp(2), 8, &v);
        assert_int_equal(r->mmu.stats.walks, walks += 2);
    }
    assert_int_not_equal(r->mmu.epoch, ep); /* data entries that may be fetched from were dropped */
    ep = r->mmu.epoch;
    rd(r, vp(0), 8, &v);
    mmu_flush_local(&r->mmu, 77, ~0ull); /* another address space */
    rd(r, vp(0), 8, &v);
    assert_int_equal(r->mmu.stats.walks, walks);
    assert_int_equal(r->mmu.epoch, ep);
    mmu_flush_va(&r->mmu, vp(2), 1, ~0ull); /* still found by any address of the mapping */
    rd(r, vp(3), 8, &v);
    assert_int_equal(r->mmu.stats.walks, ++walks);
    mmu_flush(&r->mmu, 0, 0);
    rd(r, vp(1), 8, &v);
    rd(r, vp(3), 8, &v);
    assert_int_equal(r->mmu.stats.walks, walks + 2);
}

/* Against a copy of what must stay: many pages, so that slots are shared and victims in use. */
static void test_flush_local_many(void **state)
{
    struct rig *r = *state;
    u64 v, kept = 0;
    for (u32 round = 0; round < 8; round++) {
        for (u32 i = 0; i < VPAGES; i++) {
            map_page(r, 0, i, 0x8000, MMU_READ);
            r->pt[0][i].global = (i * 7 + round) % 3 == 0;
            rd(r, vp(i) | (u64)(i % 5 + 1) << 56, 8, &v); /* tags: other entries in the same slot */
            rd(r, vp(i), 8, &v);
        }
        mmu_flush_local(&r->mmu, 0, 0);
        for (u32 i = 0; i < VPAGES; i++) {
            u64 walks = r->mmu.stats.walks;
            rd(r, vp(i), 8, &v);
            if (r->mmu.stats.walks == walks) {
                kept++;
                assert_true(r->pt[0][i].global);
            }
        }
        mmu_flush(&r->mmu, 0, 0);
    }
    assert_in_range(kept, 8 * 20, 8 * 22); /* every global one: 21 or 22 of 64 */
}

static void test_unmap(void **state)
{
    struct rig *r = *state;
    struct physmap *m = &r->map;
    struct memobj *o;
    u64 off, v;
    assert_true(physmap_is_free(m, 0x30000000, 0x1000));
    assert_false(physmap_is_free(m, 0x30000000, 0));
    assert_false(physmap_is_free(m, ~0ull - 0xfff, 0x1001));
    assert_false(physmap_is_free(m, RAM_SIZE - 1, 1));
    assert_true(physmap_is_free(m, RAM_SIZE, ROM_BASE - RAM_SIZE));
    assert_false(physmap_is_free(m, RAM_SIZE, ROM_BASE - RAM_SIZE + 1));
    assert_false(physmap_is_free(m, 0, ~0ull));
    assert_false(physmap_is_free(m, IO_BASE + 0x1ff, 1));
    assert_true(physmap_is_free(m, IO_BASE + 0x300, 0x100));
    u64 ep = r->mmu.epoch;
    assert_int_equal(rd(r, IO_BASE, 4, &v), MMU_SYNC);
    assert_int_equal(mmu_fetch(&r->mmu, ROM_BASE, 0, &o, &off), MMU_OK);
    assert_int_equal(wr(r, 0x2000, 8, 5), MMU_OK);
    assert_non_null(mmu_fast_write(&r->mmu, 0, 0x2000, 8));
    assert_false(physmap_unmap(m, IO_BASE + 4));
    assert_true(physmap_unmap(m, IO_BASE));
    assert_false(physmap_unmap(m, IO_BASE));
    assert_int_not_equal(r->mmu.epoch, ep);
    assert_null(mmu_fast_write(&r->mmu, 0, 0x2000, 8));
    assert_int_equal(rd(r, IO_BASE, 4, &v), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_BUS);
    assert_int_equal(rd(r, IO_BASE + 0x200, 4, &v), MMU_SYNC);
    assert_true(physmap_unmap(m, 0)); /* RAM, and elsewhere again */
    assert_int_equal(rd(r, 0x2000, 8, &v), MMU_FAULTED);
    assert_true(physmap_is_free(m, 0x40000000, RAM_SIZE / 2));
    physmap_map_obj(m, REGION_RAM, 0x40000000, RAM_SIZE / 2, r->ram, 0, NULL, NULL, "moved");
    assert_int_equal(rd(r, 0x40002000, 8, &v), MMU_OK);
    assert_int_equal(v, 5);
}

static void test_open_bus(void **state)
{
    struct rig *r = *state;
    struct memobj *o;
    u64 off, v;
    r->map.open_bus = true;
    assert_int_equal(rd(r, 0x50000004, 8, &v), MMU_SYNC);
    assert_int_equal(v, ~0ull);
    assert_int_equal(rd(r, 0x50000ffd, 6, &v), MMU_SYNC);
    assert_int_equal(v, 0xffffffffffff);
    assert_int_equal(wr(r, 0x50000004, 8, 1), MMU_SYNC);
    assert_null(mmu_fast_read(&r->mmu, 0, 0x50000000, 8));
    assert_int_equal(rd(r, IO_BASE + 0x2fc, 8, &v), MMU_SYNC); /* a device's last word, then a hole in its page */
    assert_int_equal(v, 0xffffffff55667788 + 0xfc);
    assert_int_equal(rd(r, RAM_SIZE - 2, 4, &v), MMU_SYNC);
    assert_int_equal(v, 0xffff0000);
    assert_int_equal(wr(r, RAM_SIZE - 2, 4, 0x11112222), MMU_SYNC);
    assert_int_equal(load_le16(r->ram->host + RAM_SIZE - 2), 0x2222);
    assert_int_equal(mmu_fetch(&r->mmu, 0x50000000, 0, &o, &off), MMU_FAULTED);
    assert_int_equal(r->mmu.fault.kind, FAULT_BUS);
    assert_true(physmap_bus_read(&r->map, 0x50000000, 4, &v));
    assert_int_equal(v, 0xffffffff);
    assert_true(physmap_bus_read(&r->map, ROM_BASE - 4, 8, &v));
    assert_int_equal(v, 0xffffffff);
    assert_true(physmap_bus_write(&r->map, 0x50000000, 4, 0));
    assert_false(physmap_bus_read(&r->map, ~0ull, 8, &v));
    assert_false(physmap_read(&r->map, 0x50000000, &v, 8)); /* DMA is told */
    assert_false(physmap_write(&r->map, 0x50000000, &v, 8));
    u64 words[64], n = mmu_export(&r->mmu, words, 64);
    struct err e;
    assert_in_range(n, 10, 64);
    assert_true(mmu_import(&r->mmu, words, n, &e));
    assert_int_equal(rd(r, 0x50000004, 8, &v), MMU_SYNC);
    r->map.open_bus = false;
    assert_false(mmu_import(&r->mmu, words, n, &e));
}

/* A device that takes itself and its neighbour away when written to, in the first half of an access. */
static void vanish(void *opaque, u64 off, u64 val, u32 size)
{
    struct rig *r = opaque;
    io_write(&r->a, off, val, size);
    physmap_unmap(&r->map, 0x60000000);
    physmap_unmap(&r->map, 0x60001000);
}

static void test_unmap_inside(void **state)
{
    struct rig *r = *state;
    static const struct mmio_ops ops = { io_read, vanish };
    u8 before[8], data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    for (u32 gap = 0; gap < 2; gap++) { /* pieces of one region; the next page's RAM */
        physmap_map_mmio(&r->map, 0x60000000, 0x1000, &ops, r, "vanishing");
        physmap_map_obj(&r->map, REGION_RAM, 0x60001000, 0x1000, r->ram, 0x1000, NULL, NULL, "too");
        memcpy(before, r->ram->host + 0x1000, 8);
        u32 writes = r->a.writes;
        assert_int_equal(mmu_write(&r->mmu, gap ? 0x60000ffc : 0x60000ff3, 8, 0, 0, 0, data), MMU_SYNC);
        assert_int_equal(r->a.writes, writes + 1);
        assert_memory_equal(before, r->ram->host + 0x1000, 8);
        assert_null(physmap_find(&r->map, 0x60000000));
    }
}

static void test_limits(void **state)
{
    struct rig *r = *state;
    struct err e;
    assert_null(physmap_new_obj(&r->map, "none", 0, &e));
    assert_null(physmap_new_obj(&r->map, "vast", ~0ull, &e));
    struct mmu more[8];
    u32 made = 0;
    while (made < 8 && mmu_init(&more[made], &r->map, &r->log, walk, r, &e))
        made++;
    assert_int_equal(made, 7);
    while (made)
        mmu_free(&more[--made]);
    assert_int_equal(r->map.mmu_count, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_ranges), T(test_ptr_find), T(test_bus), T(test_fast_after_slow), T(test_crossing),
        T(test_crossing_mmio), T(test_mmio), T(test_mem_bits), T(test_align_device), T(test_addr32),
        T(test_permissions), T(test_probe), T(test_atomic), T(test_code), T(test_code_dma), T(test_dirty),
            T(test_zero),
        T(test_romd), T(test_spaces), T(test_recycle), T(test_flush_va), T(test_flush_large), T(test_epoch),
        T(test_flush_local), T(test_flush_local_many), T(test_unmap), T(test_open_bus), T(test_unmap_inside),
        T(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
