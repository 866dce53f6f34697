/* softmmu_quiet_test.c - devices that are like memory (physmap_map_quiet), and the dirty map of displays. */
#include "tests/unit/softmmu_rig.h"

#define QUIET 0x30000000u
#define MEM1 0u /* no unit, no alignment */

struct quiet {
    u8  bytes[0x2000];
    u32 reads, writes, widest;
};

static u64 quiet_read(void *opaque, u64 off, u32 size)
{
    struct quiet *q = opaque;
    u64 v = 0;
    q->reads++;
    q->widest = MAX(q->widest, size);
    memcpy(&v, q->bytes + off, size);
    return v;
}
static void quiet_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct quiet *q = opaque;
    q->writes++;
    q->widest = MAX(q->widest, size);
    memcpy(q->bytes + off, &val, size);
}
static const struct mmio_ops quiet_ops = { quiet_read, quiet_write };

static struct quiet *map_quiet(struct rig *r)
{
    struct quiet *q = calloc(1, sizeof *q);
    physmap_map_quiet(&r->map, QUIET, sizeof q->bytes, &quiet_ops, q, "quiet");
    for (u32 i = 0; i < sizeof q->bytes; i++)
        q->bytes[i] = (u8)(i * 7 + i / 256);
    return q;
}

/* Where other devices are left to the engine's slow ways, a quiet one is accessed, in the first try and in later
 * ones. */
static void test_in_place(void **state)
{
    struct rig *r = *state;
    struct quiet *q = map_quiet(r);
    for (u32 round = 0; round < 3; round++)
        for (u32 at = 0; at < 64; at++)
            for (u32 size = 1; size <= 32; size *= 2) {
                u8 in[32], out[32] = { 0 };
                u64 off = at + (round == 2 ? PAGE_SIZE - 32 : 8 * size);
                assert_int_equal(mmu_try_read(&r->mmu, QUIET + off, size, 0, 0, MEM1, out), MMU_OK);
                assert_memory_equal(out, q->bytes + off, size);
                for (u32 i = 0; i < 32; i++)
                    in[i] = (u8)(at * 3 + i + size + round);
                assert_int_equal(mmu_try_write(&r->mmu, QUIET + off, size, 0, 0, MEM1, in), MMU_OK);
                assert_memory_equal(in, q->bytes + off, size);
                assert_int_equal(mmu_read(&r->mmu, QUIET + off, size, 0, 0, MEM1, out), MMU_OK);
                assert_memory_equal(out, in, size);
                assert_int_equal(mmu_write(&r->mmu, QUIET + off, size, 0, 0, MEM1, in), MMU_OK);
            }
    assert_int_equal(q->widest, 8);
    assert_int_equal(mmu_try_read(&r->mmu, IO_BASE, 4, 0, 0, MEM1, (u8[4]){ 0 }), MMU_SYNC);
    assert_int_equal(r->a.reads, 0);
    free(q);
}

/* Rights, alignment, device memory and units hold as for others. */
static void test_rules(void **state)
{
    struct rig *r = *state;
    struct quiet *q = map_quiet(r);
    u8 b[8] = { 0 };
    u64 off;
    map_page(r, 0, 1, QUIET, MMU_READ);
    map_page(r, 0, 2, QUIET + PAGE_SIZE, MMU_READ | MMU_WRITE);
    r->pt[0][2].device = true;
    select_space(r, 0);
    for (u32 round = 0; round < 2; round++) {
        assert_int_equal(mmu_try_read(&r->mmu, vp(1) + 4, 4, 0, 0, MEM1, b), MMU_OK);
        assert_int_equal(mmu_try_write(&r->mmu, vp(1) + 4, 4, 0, 0, MEM1, b), MMU_FAULTED);
        assert_int_equal(mmu_try_read(&r->mmu, vp(1) + 2, 2, 0, 2, MEM1, b), MMU_FAULTED);
        assert_int_equal(r->mmu.fault.kind, FAULT_ALIGN);
        assert_int_equal(mmu_try_read(&r->mmu, vp(2) + 1, 4, 0, 0, MEM1, b), MMU_FAULTED); /* device memory */
        assert_int_equal(mmu_try_read(&r->mmu, vp(2) + 4, 4, 0, 0, MEM1, b), MMU_OK);
    }
    assert_int_equal(q->writes, 0);
    assert_null(mmu_quiet_hit(&r->mmu, 0, vp(1) + 24, MMU_READ, &off)); /* a refused walk drops the entry */
    assert_int_equal(mmu_try_read(&r->mmu, vp(1), 1, 0, 0, MEM1, b), MMU_OK);
    assert_non_null(mmu_quiet_hit(&r->mmu, 0, vp(1) + 24, MMU_READ, &off));
    assert_int_equal(off, 24);
    assert_null(mmu_quiet_hit(&r->mmu, 0, vp(1) + 24, MMU_WRITE, &off));
    assert_null(mmu_quiet_hit(&r->mmu, 0, vp(2) + 4, MMU_READ, &off));
    assert_null(mmu_quiet_hit(&r->mmu, 0, vp(3), MMU_READ, &off));
    assert_null(mmu_quiet_hit(&r->mmu, 1, vp(1), MMU_READ, &off));
    q->widest = 0;
    assert_int_equal(mmu_try_read(&r->mmu, vp(1) + 8, 8, 0, 0, 2u << 9, b), MMU_OK); /* units of four */
    assert_int_equal(q->widest, 4);
    assert_true(physmap_unmap(&r->map, QUIET));
    assert_null(mmu_quiet_hit(&r->mmu, 0, vp(1) + 24, MMU_READ, &off));
    free(q);
}

/* ---- the second dirty map ---- */

static void store(struct rig *r, gva va)
{
    void *p = mmu_fast_write(&r->mmu, 0, va, 4);
    u32 v = 5;
    if (p)
        memcpy(p, &v, 4);
    else
        assert_int_equal(mmu_write(&r->mmu, va, 4, 0, 0, MEM1, &v), MMU_OK);
}

static void test_drawn(void **state)
{
    struct rig *r = *state;
    struct err e;
    u64 n = RAM_SIZE / PAGE_SIZE;
    u8 *out = malloc(n);
    store(r, 0x5000);
    assert_non_null(mmu_fast_write(&r->mmu, 0, 0x5000, 4));
    assert_true(memobj_drawn_start(r->ram, &e));
    assert_true(memobj_drawn_take(&r->map, r->ram, out)); /* all of it, once */
    assert_null(memchr(out, 0, n));
    assert_null(mmu_fast_write(&r->mmu, 0, 0x5000, 4));
    assert_int_equal(r->ram->dirty[5], 1);
    assert_false(memobj_drawn_take(&r->map, r->ram, out));
    for (u32 round = 0; round < 3; round++) {
        store(r, 0x5000);
        store(r, 0x9000);
        assert_non_null(mmu_fast_write(&r->mmu, 0, 0x5000, 4));
        if (round == 1)
            memobj_dirty_clear(&r->map, r->ram); /* somebody else's */
        assert_true(memobj_drawn_take(&r->map, r->ram, out));
        for (u64 i = 0; i < n; i++)
            assert_int_equal(out[i], i == 5 || i == 9);
    }
    store(r, 0x7000);
    memobj_dirty_clear(&r->map, r->ram);
    assert_null(mmu_fast_write(&r->mmu, 0, 0x7000, 4)); /* fast again only when both know */
    assert_true(memobj_drawn_take(&r->map, r->ram, out));
    store(r, 0x7000);
    assert_true(r->ram->dirty[7] && memobj_drawn_take(&r->map, r->ram, out) && out[7]);
    assert_true(physmap_write(&r->map, 0xa000, out, 16)); /* by DMA */
    assert_true(memobj_drawn_take(&r->map, r->ram, out) && out[10] && !out[7]);
    free(out);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = { T(test_in_place), T(test_rules), T(test_drawn) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
