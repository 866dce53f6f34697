/*
 * softmmu_random_test.c - the softmmu room: export and damage, random accesses against a model without a TLB,
 * sameness.
 */
#include "tests/unit/softmmu_rig.h"

/* ---- export ---- */

static void test_export(void **state)
{
    struct rig *r = *state;
    u64 v, n;
    srand(5);
    for (u32 i = 0; i < VPAGES; i++)
        r->pt[0][i] = r->pt[1][i] = (struct pte){ .pa = 0x8000 + i * PAGE_SIZE, .prot = 1 + (u8)(i % 7),
                                                  .valid = true, .global = i & 1, .device = i % 5 == 0,
                                                  .page_bits = 12 + i % 3 };
    for (u32 i = 0; i < 3000; i++) {
        select_space(r, (u32)rand() % 2);
        u64 tag = (u64)(rand() % 3) << 56;
        mmu_read(&r->mmu, vp((u32)rand() % VPAGES) | tag, 8, (u32)rand() % 4, 0, 0, &v);
    }
    rd(r, IO_BASE + 0x204, 4, &v);
    n = mmu_export(&r->mmu, NULL, 0);
    u64 *a = calloc(n, 8), *b = calloc(n, 8);
    assert_int_equal(mmu_export(&r->mmu, a, n), n);
    struct tlb_ctx *cur = r->mmu.ctx;
    struct err e;
    mmu_flush(&r->mmu, 0, 0);
    mmu_select(&r->mmu, 77);
    assert_true(mmu_import(&r->mmu, a, n, &e));
    assert_ptr_equal(r->mmu.ctx, cur);
    assert_int_equal(mmu_export(&r->mmu, b, n), n);
    assert_memory_equal(a, b, n * 8);
    for (u64 k = 0; k < n; k++) /* every truncation */
        assert_false(mmu_import(&r->mmu, a, k, &e));
    for (u32 i = 0; i < 3000; i++) { /* damage: refused or harmless */
        memcpy(b, a, n * 8);
        b[(u64)rand() % n] ^= 1ull << rand() % 64;
        if (mmu_import(&r->mmu, b, n, &e))
            for (u32 k = 0; k < 8; k++) {
                mmu_read(&r->mmu, vp((u32)rand() % VPAGES), 8, (u32)rand() % 4, 0, 0, &v);
                mmu_write(&r->mmu, vp((u32)rand() % VPAGES), 8, (u32)rand() % 4, 0, 0, &v);
            }
        mmu_flush_va(&r->mmu, vp((u32)rand() % VPAGES), 0, 0);
    }
    free(a);
    free(b);
}

/* ---- random operations against a model that has no TLB ---- */

struct model {
    u8  *ram;          /* what RAM must hold */
    bool dirty[RAM_SIZE / PAGE_SIZE];
    u64  code[RAM_SIZE / PAGE_SIZE];
    u32  code_calls;
};

static u32 rnd(u64 *s)
{
    *s = *s * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(*s >> 33);
}

/* Physical address of a byte, or false; *fault says why. */
static bool model_byte(struct rig *r, gva va, enum mmu_access acc, gpa *pa, enum mmu_fault_kind *fault)
{
    gva plain = va << 8 >> 8;
    const struct pte *p = &r->pt[r->space][(plain - VBASE) >> PAGE_BITS];
    *fault = FAULT_WALK;
    if (!p->valid || !(p->prot & acc))
        return false;
    *pa = p->pa + (va & 4095);
    *fault = FAULT_BUS;
    return physmap_find(&r->map, *pa);
}

static u32 span_in(gva va, u32 size) { return MIN(size, PAGE_SIZE - (u32)(va & 4095)); }

/* What the access must do: false when it must fault at *at. */
static bool model_check(struct rig *r, gva va, u32 size, enum mmu_access acc, enum mmu_fault_kind *k, gva *at)
{
    gpa pa;
    u32 n = span_in(va, size);
    for (*at = va; size; *at = va + n, size -= n, va += n, n = size) {
        gva plain = va << 8 >> 8;
        for (u32 i = 0; i < n; i++)
            if (!model_byte(r, va + i, acc, &pa, k))
                return false;
        if (r->pt[r->space][(plain - VBASE) >> PAGE_BITS].device)
            return true; /* the caller aligns */
    }
    return true;
}

static void model_store(struct rig *r, struct model *m, gva va, u32 size, const u8 *in)
{
    gpa pa;
    enum mmu_fault_kind k;
    u64 hit = 0;
    for (u32 i = 0; i < size; i++) {
        model_byte(r, va + i, MMU_WRITE, &pa, &k);
        if (pa >= RAM_SIZE)
            continue;
        m->ram[pa] = in[i];
        m->dirty[pa >> 12] = true;
        if (m->code[pa >> 12] >> (pa >> 6 & 63) & 1)
            hit |= 1ull << (i && (pa & 4095) == 0 ? 1 : 0);
    }
    m->code_calls += hit != 0; /* compared as zero or not */
}

static void random_pte(struct rig *r, u64 *s)
{
    u32 space = rnd(s) % SPACES, page = rnd(s) % (VPAGES - 1), kind = rnd(s) % 16;
    struct pte *p = &r->pt[space][page];
    *p = (struct pte){ .pa = (u64)(rnd(s) % 24) * PAGE_SIZE, .prot = (u8)(rnd(s) % 8), .valid = kind != 0,
                         .global = rnd(s) & 1, .page_bits = rnd(s) % 8 ? 12 : 13 };
    if (kind == 1)
        p->pa = ROM_BASE;
    if (kind == 2)
        p->pa = IO_BASE;
    if (kind == 3)
        p->pa = 0x60000000;
    mmu_flush_va(&r->mmu, vp(page) | (u64)(rnd(s) % 4) << 56, space + 1, rnd(s) & 1 ? ~0ull : 0);
}

static void random_access(struct rig *r, struct model *m, u64 *s)
{
    u8 in[32], out[32] = { 0 };
    u32 size = 1u << rnd(s) % 6, mode = rnd(s) % MMU_MODES;
    bool store = rnd(s) & 1;
    gva va = vp(rnd(s) % (VPAGES - 1)) + (rnd(s) & 1 ? rnd(s) % 4096 : 4096 - rnd(s) % 40);
    va |= (u64)(rnd(s) % 4) << 56;
    for (u32 i = 0; i < 32; i++)
        in[i] = (u8)rnd(s);
    enum mmu_access acc = store ? MMU_WRITE : MMU_READ;
    enum mmu_fault_kind kind;
    gva at;
    bool good = model_check(r, va, size, acc, &kind, &at);
    u8 *host = store ? mmu_fast_write(&r->mmu, mode, va, size) : mmu_fast_read(&r->mmu, mode, va, size);
    enum mmu_result res = MMU_OK;
    u32 calls = r->code_calls;
    if (host && store)
        memcpy(host, in, size);
    else if (host)
        memcpy(out, host, size);
    else
        res = store ? mmu_write(&r->mmu, va, size, mode, 0, 0, in) : mmu_read(&r->mmu, va, size, mode, 0, 0, out);
    assert_int_equal(good, res != MMU_FAULTED);
    if (!good) {
        assert_int_equal(r->mmu.fault.kind, kind);
        assert_int_equal(r->mmu.fault.va, at);
        return;
    }
    if (store) {
        u32 before = m->code_calls;
        model_store(r, m, va, size, in);
        assert_int_equal(m->code_calls != before, r->code_calls != calls);
        if (r->code_calls != calls)
            assert_int_equal(res, MMU_SYNC);
        return;
    }
    for (u32 i = 0; i < size; i++) {
        gpa pa;
        model_byte(r, va + i, MMU_READ, &pa, &kind);
        if (pa < RAM_SIZE)
            assert_int_equal(out[i], m->ram[pa]);
    }
}

/* A region comes or goes; the model looks the map up. */
static void random_region(struct rig *r, bool rom)
{
    gpa at = rom ? 0x60000000 : IO_BASE + 0x200;
    if (physmap_unmap(&r->map, at))
        return;
    if (rom)
        physmap_map_obj(&r->map, REGION_ROM, at, 0x1000, r->rom, 0x1000, NULL, NULL, "window");
    else
        physmap_map_mmio(&r->map, at, 0x100, &io_ops, &r->b, "b");
}

static void random_other(struct rig *r, struct model *m, u64 *s)
{
    u8 buf[300] = { 0 };
    u64 off = rnd(s) % (24 * PAGE_SIZE), len = rnd(s) % 300;
    switch (rnd(s) % 12) {
    case 6:
    case 7:
        mmu_flush_local(&r->mmu, rnd(s) % 3, rnd(s) % 4 ? ~0ull : 0);
        break;
    case 8:
        random_region(r, rnd(s) & 1);
        break;
    case 0:
        select_space(r, rnd(s) % SPACES);
        break;
    case 1:
        memobj_add_code(&r->map, r->ram, off, len);
        for (u64 i = 0; i < len; i++)
            m->code[(off + i) >> 12] |= 1ull << ((off + i) >> 6 & 63);
        break;
    case 2:
        for (u32 p = 0; p < RAM_SIZE / PAGE_SIZE; p++)
            assert_int_equal(r->ram->dirty[p], m->dirty[p]);
        memobj_dirty_clear(&r->map, r->ram);
        memset(m->dirty, 0, sizeof m->dirty);
        break;
    case 3:
        for (u32 i = 0; i < len; i++)
            buf[i] = (u8)rnd(s);
        assert_true(physmap_write(&r->map, off, buf, len));
        memcpy(m->ram + off, buf, len);
        for (u64 i = 0; i < len; i++)
            m->dirty[(off + i) >> 12] = true;
        break;
    case 4:
        mmu_flush(&r->mmu, rnd(s) % 3, rnd(s) % 4 ? ~0ull : 0);
        break;
    case 5:
        off >>= 12; /* the engine drops a page's code */
        r->ram->code[off] = m->code[off] = 0;
        break;
    default:
        random_pte(r, s);
    }
}

static void test_random(void **state)
{
    struct rig *r = *state;
    struct model *m = calloc(1, sizeof *m);
    u64 s = 42;
    m->ram = calloc(RAM_SIZE, 1);
    select_space(r, 0);
    for (u32 i = 0; i < 2000; i++)
        random_pte(r, &s);
    for (u32 i = 0; i < 400000; i++) {
        if (rnd(&s) % 16)
            random_access(r, m, &s);
        else
            random_other(r, m, &s);
    }
    assert_memory_equal(m->ram, r->ram->host, 32 * PAGE_SIZE);
    assert_true(r->mmu.stats.code_hits > 100 && r->mmu.stats.io_reads > 100);
    free(m->ram);
    free(m);
}

/* The same accesses give the same TLB. */
static void test_same(void **state)
{
    struct rig *r = *state;
    u64 *a[2], n[2], v;
    for (u32 i = 0; i < VPAGES; i++)
        map_page(r, 0, i, i * PAGE_SIZE, 3);
    for (u32 k = 0; k < 2; k++) {
        u64 s = 9;
        mmu_flush(&r->mmu, 0, 0);
        for (u32 i = 0; i < 20000; i++)
            rd(r, vp(rnd(&s) % VPAGES) | (u64)(rnd(&s) % 8) << 56, 4, &v);
        n[k] = mmu_export(&r->mmu, NULL, 0);
        a[k] = calloc(n[k], 8);
        mmu_export(&r->mmu, a[k], n[k]);
        assert_true(n[k] > VPAGES);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(a[0], a[1], n[0] * 8);
    free(a[0]);
    free(a[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_export), T(test_random), T(test_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
