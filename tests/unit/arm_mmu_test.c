/*
 * arm_mmu_test.c - VMSAv8-64 walks, permissions, faults, TLB maintenance and AT (DDI 0487, D8).
 */
#include "tests/unit/arm_rig.h"

enum { T = 0x04, AFL = 0x08, P = 0x0c, SIZE = 0x00, EXT = 0x14 };

/* Fault status of a translation, or -1 with *x filled. */
static int try(struct rig *r, gva va, enum mmu_access acc, u32 mode, struct xlat *x)
{
    struct mmu_fault f;
    return mmu_translate(&r->v->mmu, va, acc, mode, x, &f) ? -1 : (int)f.info[0];
}

static void expect(struct rig *r, gva va, enum mmu_access acc, u32 mode, int fsc)
{
    struct xlat x;
    int got = try(r, va, acc, mode, &x);
    if (got != fsc)
        fail_msg("va %#llx access %u mode %u: %#x, not %#x", (unsigned long long)va, (u32)acc, mode, (u32)got,
                 (u32)fsc);
}

static void test_off(void **state)
{
    (void)state;
    struct rig r;
    struct xlat x;
    rig_init(&r, "cortex-a53", A64_PSCI_NONE);
    assert_int_equal(try(&r, RAM + 0x1234, MMU_WRITE, A64_MMU_EL0, &x), -1);
    assert_int_equal(x.pa, RAM + 0x1234);
    assert_int_equal(x.page_bits, 64);
    assert_int_equal(x.prot, 7);
    assert_false(x.device);
    expect(&r, 1ull << 40, MMU_READ, A64_MMU_EL1, SIZE);
    expect(&r, 0xffffffff00000000, MMU_FETCH, A64_MMU_EL1, SIZE);
    expect(&r, 0x5500000000000000 | RAM, MMU_READ, A64_MMU_EL1, SIZE);
    r.s->tcr_el1 |= 1ull << 37; /* TBI0 */
    expect(&r, 0x5500000000000000 | RAM, MMU_READ, A64_MMU_EL1, -1);
    rig_free(&r);
}

/* Every level of every granule, both halves. */
static void test_granules(void **state)
{
    (void)state;
    static const u8 granules[3] = { 12, 14, 16 };
    for (u32 g = 0; g < 3; g++) {
        u32 granule = granules[g], stride = granule - 3;
        struct rig r;
        rig_init(&r, "max", A64_PSCI_NONE);
        mmu_on(&r, granule);
        for (u32 level = 0; level <= 3; level++) {
            u32 shift = granule + stride * (3 - level);
            bool ok = level == 3 || level == 2 || (level == 1 && granule == 12);
            if (shift >= 48)
                continue;
            gva low = 0x0000511122223333ull + (0x0000080000000000ull * level), high = low | 0xffffull << 48;
            u64 pa = 0x123456789000ull & ~bits_mask(shift) & bits_mask(48);
            u64 desc = pa | D_AF | (level == 3 ? D_PAGE : D_BLOCK);
            map_at(&r, r.s->ttbr0_el1, granule, level, low, desc);
            map_at(&r, r.s->ttbr1_el1, granule, level, high, desc | D_NG | D_ATTR(1));
            struct xlat x;
            if (!ok) {
                expect(&r, low, MMU_READ, A64_MMU_EL1, T + (int)level);
                map_at(&r, r.s->ttbr0_el1, granule, level, low, 0); /* other levels need the slot */
                map_at(&r, r.s->ttbr1_el1, granule, level, high, 0);
                continue;
            }
            assert_int_equal(try(&r, low, MMU_READ, A64_MMU_EL1, &x), -1);
            assert_int_equal(x.pa, pa | (low & bits_mask(shift)));
            assert_int_equal(x.page_bits, shift);
            assert_true(x.global && !x.device);
            assert_int_equal(try(&r, high, MMU_READ, A64_MMU_EL1, &x), -1);
            assert_int_equal(x.pa, pa | (high & bits_mask(shift)));
            assert_true(!x.global && x.device);
        }
        rig_free(&r);
    }
}

/* Every starting level of the 4 KB granule by T0SZ, and the range it leaves. */
static void test_sizes(void **state)
{
    (void)state;
    for (u32 tsz = 16; tsz <= 39; tsz++) {
        struct rig r;
        rig_init(&r, "cortex-a57", A64_PSCI_NONE);
        mmu_on(&r, 12);
        r.s->tcr_el1 = (r.s->tcr_el1 & ~0x3f003full) | tsz | tsz << 16;
        u32 bits = 64 - tsz, first = bits > 39 ? 0 : bits > 30 ? 1 : 2;
        u32 shift = 12 + 9 * (3 - first);
        gva va = bits_mask(bits) & ~0xfffull;
        if (first == 0)
            va &= ~bits_mask(shift);
        gpa table = r.s->ttbr0_el1;
        gpa next = new_table(&r, 12);
        put64(&r, table + 8 * (va >> shift), first == 0 ? next | 3 : D_BLOCK | D_AF);
        put64(&r, next, D_BLOCK | D_AF);
        put64(&r, r.s->ttbr1_el1, first == 0 ? next | 3 : D_BLOCK | D_AF);
        expect(&r, va, MMU_READ, A64_MMU_EL1, -1);
        expect(&r, va + (1ull << bits), MMU_READ, A64_MMU_EL1, T);
        expect(&r, ~0ull << bits, MMU_READ, A64_MMU_EL1, -1);
        expect(&r, (~0ull << bits) - 1, MMU_READ, A64_MMU_EL1, T);
        rig_free(&r);
    }
}

/* Table D8-50 and the rules of PAN and WXN, by brute force over a page's attributes. */
static void test_permissions(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    mmu_on(&r, 12);
    static const struct {
        bool el1w, el0r, el0w;
    } by_ap[4] = { { true, false, false }, { true, true, true }, { false, false, false }, { false, true, false } };
    for (u32 n = 0; n < 64; n++) {
        u32 ap = n & 3;
        bool uxn = n & 4, pxn = n & 8, wxn = n & 16, af = !(n & 32);
        gva va = 0x400000 + 0x1000ull * n;
        map_at(&r, r.s->ttbr0_el1, 12, 3, va,
               RAM | D_PAGE | D_AP(ap) | (uxn ? D_UXN : 0) | (pxn ? D_PXN : 0) | (af ? D_AF : 0));
        r.s->sctlr_el1 = (r.s->sctlr_el1 & ~(1ull << 19)) | (u64)wxn << 19;
        bool el0w = by_ap[ap].el0w, el1w = by_ap[ap].el1w, el0r = by_ap[ap].el0r;
        bool el0x = !uxn && !(wxn && el0w), el1x = !pxn && !el0w && !(wxn && el1w);
        int no = af ? P + 3 : AFL + 3, yes = af ? -1 : AFL + 3;
        expect(&r, va, MMU_READ, A64_MMU_EL0, el0r ? yes : no);
        expect(&r, va, MMU_WRITE, A64_MMU_EL0, el0w ? yes : no);
        expect(&r, va, MMU_FETCH, A64_MMU_EL0, el0x ? yes : no);
        expect(&r, va, MMU_READ, A64_MMU_EL1, yes);
        expect(&r, va, MMU_WRITE, A64_MMU_EL1, el1w ? yes : no);
        expect(&r, va, MMU_FETCH, A64_MMU_EL1, el1x ? yes : no);
        expect(&r, va, MMU_READ, A64_MMU_EL1_PAN, el0r ? no : yes);
        expect(&r, va, MMU_WRITE, A64_MMU_EL1_PAN, el1w && !el0r ? yes : no);
        expect(&r, va, MMU_FETCH, A64_MMU_EL1_PAN, el1x ? yes : no);
    }
    rig_free(&r);
}

/* A table descriptor's APTable, XNTable and PXNTable take rights of all below it. */
static void test_hierarchy(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    mmu_on(&r, 12);
    gva va = 0x10000000;
    map_at(&r, r.s->ttbr0_el1, 12, 3, va, RAM | D_PAGE | D_AF | D_AP(1));
    u64 d1 = table_entry(&r, r.s->ttbr0_el1);
    expect(&r, va, MMU_WRITE, A64_MMU_EL0, -1);
    expect(&r, va, MMU_FETCH, A64_MMU_EL0, -1);
    put64(&r, r.s->ttbr0_el1, d1 | 1ull << 61); /* APTable[0]: nothing for EL0, so EL1 may execute */
    expect(&r, va, MMU_READ, A64_MMU_EL0, P + 3);
    expect(&r, va, MMU_WRITE, A64_MMU_EL1, -1);
    expect(&r, va, MMU_FETCH, A64_MMU_EL1, -1);
    put64(&r, r.s->ttbr0_el1, d1 | 1ull << 62); /* read only */
    expect(&r, va, MMU_READ, A64_MMU_EL0, -1);
    expect(&r, va, MMU_WRITE, A64_MMU_EL0, P + 3);
    expect(&r, va, MMU_WRITE, A64_MMU_EL1, P + 3);
    put64(&r, r.s->ttbr0_el1, d1 | 1ull << 60 | 1ull << 62);
    expect(&r, va, MMU_FETCH, A64_MMU_EL0, P + 3);
    expect(&r, va, MMU_FETCH, A64_MMU_EL1, -1);
    put64(&r, r.s->ttbr0_el1, d1 | 1ull << 59 | 1ull << 62);
    expect(&r, va, MMU_FETCH, A64_MMU_EL0, -1);
    expect(&r, va, MMU_FETCH, A64_MMU_EL1, P + 3);
    rig_free(&r);
}

static void test_faults(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE); /* 44 bits of physical address */
    mmu_on(&r, 12);
    gva va = 0x123456789000;
    gpa slot3 = map_at(&r, r.s->ttbr0_el1, 12, 3, va, RAM | D_PAGE | D_AF);
    gpa slot2 = map_at(&r, r.s->ttbr0_el1, 12, 2, va, table_entry(&r, map_at(&r, r.s->ttbr0_el1, 12, 2, va, 0)));
    put64(&r, slot2, (slot3 & ~0xfffull) | 3);
    expect(&r, va, MMU_READ, A64_MMU_EL1, -1);
    put64(&r, slot3, RAM | D_BLOCK | D_AF); /* reserved at level 3 */
    expect(&r, va, MMU_READ, A64_MMU_EL1, T + 3);
    put64(&r, slot3, 1ull << 44 | D_PAGE); /* size goes before the access flag */
    expect(&r, va, MMU_READ, A64_MMU_EL1, SIZE + 3);
    put64(&r, slot2, 0);
    expect(&r, va, MMU_READ, A64_MMU_EL1, T + 2);
    put64(&r, slot2, 0x20000000 | 3); /* a table where nothing is */
    expect(&r, va, MMU_READ, A64_MMU_EL1, EXT + 3);
    put64(&r, slot2, 1ull << 45 | 3);
    expect(&r, va, MMU_READ, A64_MMU_EL1, SIZE + 2);
    expect(&r, 0x1000, MMU_READ, A64_MMU_EL1, T);
    expect(&r, va | 1ull << 56, MMU_READ, A64_MMU_EL1, T);
    r.s->ttbr0_el1 = 1ull << 45;
    expect(&r, va, MMU_READ, A64_MMU_EL1, SIZE);
    r.s->ttbr0_el1 = 0x20000000;
    expect(&r, va, MMU_READ, A64_MMU_EL1, EXT);
    r.s->tcr_el1 |= 1 << 7; /* EPD0 */
    expect(&r, va, MMU_READ, A64_MMU_EL1, T);
    rig_free(&r);
}

static void test_tagged_and_big_endian(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a53", A64_PSCI_NONE);
    mmu_on(&r, 12);
    gva va = 0x7000000000;
    map_at(&r, r.s->ttbr0_el1, 12, 1, va, D_BLOCK | D_AF);
    expect(&r, va | 0xabull << 56, MMU_READ, A64_MMU_EL1, T);
    r.s->tcr_el1 |= 1ull << 37;
    expect(&r, va | 0xabull << 56, MMU_READ, A64_MMU_EL1, -1);
    expect(&r, va | 0xab01ull << 48, MMU_READ, A64_MMU_EL1, T);
    put64(&r, r.s->ttbr1_el1, __builtin_bswap64((r.next_table) | 3));
    put64(&r, r.next_table, __builtin_bswap64(D_BLOCK | D_AF));
    r.s->sctlr_el1 |= 1 << 25; /* EE */
    expect(&r, 0xffffull << 48, MMU_READ, A64_MMU_EL1, -1);
    rig_free(&r);
}

static void test_at(void **state)
{
    (void)state;
    struct rig r;
    struct mmu_fault f;
    u64 par;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    assert_true(a64_at(r.v, RAM + 0x123, MMU_READ, A64_MMU_EL1, &par, &f));
    assert_int_equal(par, RAM | 1 << 11 | 2 << 7); /* off: Device-nGnRnE, outer shareable */
    mmu_on(&r, 12);
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x1000, RAM | D_PAGE | D_AF | 3 << 8);
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x2000, RAM | D_PAGE | D_AF | 3 << 8 | D_ATTR(2));
    map_at(&r, r.s->ttbr0_el1, 12, 3, 0x3000, RAM | D_PAGE | D_AF | 3 << 8 | D_ATTR(3));
    assert_true(a64_at(r.v, 0x1fff, MMU_WRITE, A64_MMU_EL1, &par, &f));
    assert_int_equal(par, 0xffull << 56 | RAM | 1 << 11 | 3 << 7);
    assert_true(a64_at(r.v, 0x2000, MMU_WRITE, A64_MMU_EL1, &par, &f));
    assert_int_equal(par, 0x04ull << 56 | RAM | 1 << 11 | 2 << 7);
    assert_true(a64_at(r.v, 0x3000, MMU_WRITE, A64_MMU_EL1, &par, &f));
    assert_int_equal(par, 0x44ull << 56 | RAM | 1 << 11 | 2 << 7);
    assert_true(a64_at(r.v, 0x1000, MMU_READ, A64_MMU_EL0, &par, &f));
    assert_int_equal(par, 1 | (P + 3) << 1 | 1 << 11);
    assert_true(a64_at(r.v, 0x4000, MMU_READ, A64_MMU_EL1, &par, &f));
    assert_int_equal(par, 1 | (T + 3) << 1 | 1 << 11);
    r.s->ttbr0_el1 = 0x20000000;
    assert_false(a64_at(r.v, 0x1000, MMU_READ, A64_MMU_EL1, &par, &f));
    assert_int_equal(f.info[0], EXT);
    rig_free(&r);
}

/* ---- what the TLB keeps, and what TLBI takes ---- */

static u64 load(struct rig *r, gva va)
{
    u64 val = 0;
    if (mmu_read(&r->v->mmu, va, 8, A64_MMU_EL1, 0, 0, &val) != MMU_OK)
        return ~0ull;
    return val;
}

static void set_asid(struct rig *r, u64 asid)
{
    r->s->ttbr0_el1 = (r->s->ttbr0_el1 & bits_mask(48)) | asid << 48;
    a64_mmu_select(r->v);
}

/* Pages at 0x1000 (nG) and 0x2000 (global) show memory holding n. */
static void show(struct rig *r, u32 n)
{
    map_at(r, r->s->ttbr0_el1 & bits_mask(48), 12, 3, 0x1000, (CODE + 0x1000ull * n) | D_PAGE | D_AF | D_NG);
    map_at(r, r->s->ttbr0_el1 & bits_mask(48), 12, 3, 0x2000, (CODE + 0x1000ull * n) | D_PAGE | D_AF);
}

static void expect_seen(struct rig *r, u64 asid, u64 ng, u64 global)
{
    set_asid(r, asid);
    assert_int_equal(load(r, 0x1000), ng);
    assert_int_equal(load(r, 0x2000), global);
}

static void test_tlbi(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    mmu_on(&r, 12);
    for (u32 n = 0; n < 10; n++)
        put64(&r, CODE + 0x1000ull * n, n);
    show(&r, 1);
    expect_seen(&r, 1, 1, 1);
    expect_seen(&r, 2, 1, 1);
    show(&r, 2);
    expect_seen(&r, 1, 1, 1); /* still cached */
    a64_tlbi(r.v, A64_TLBI_VA, 1ull << 48 | 1);
    expect_seen(&r, 1, 2, 1);
    expect_seen(&r, 2, 1, 1);
    a64_tlbi(r.v, A64_TLBI_VA, 7ull << 48 | 2); /* global: whatever the ASID */
    expect_seen(&r, 1, 2, 2);
    expect_seen(&r, 2, 1, 2);
    show(&r, 3);
    a64_tlbi(r.v, A64_TLBI_VAA, 1);
    expect_seen(&r, 1, 3, 2);
    expect_seen(&r, 2, 3, 2);
    show(&r, 4);
    a64_tlbi(r.v, A64_TLBI_ASID, 0x102ull << 48); /* TCR_EL1.AS 0: eight bits */
    set_asid(&r, 2);
    assert_int_equal(load(&r, 0x1000), 4);
    set_asid(&r, 1);
    assert_int_equal(load(&r, 0x1000), 3);
    a64_tlbi(r.v, A64_TLBI_ALL, 0);
    expect_seen(&r, 1, 4, 4);
    show(&r, 5);
    r.s->tcr_el1 |= 1ull << 36; /* AS: 0x101 is another address space */
    expect_seen(&r, 0x101, 5, 5);
    r.s->tcr_el1 |= 1ull << 22; /* A1: the ASID of TTBR1_EL1 counts */
    r.s->ttbr1_el1 |= 9ull << 48;
    show(&r, 6);
    expect_seen(&r, 1, 6, 6);
    expect_seen(&r, 2, 6, 6);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off), cmocka_unit_test(test_granules), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_permissions), cmocka_unit_test(test_hierarchy), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_tagged_and_big_endian), cmocka_unit_test(test_at), cmocka_unit_test(test_tlbi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
