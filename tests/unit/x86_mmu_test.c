/*
 * x86_mmu_test.c - the three kinds of paging: formats, rights, error codes, flags; TLB maintenance (SDM volume 3, 4).
 */
#include "tests/unit/x86_cpu_rig.h"

enum { P = 1, W = 2, U = 4, A = 32, D = 64, PS = 128, G = 256 };
enum { E_P = 1, E_W = 2, E_U = 4, E_RSVD = 8, E_I = 16, OK = -1 };
#define NX (1ull << 63)
#define T0 0x10000u /* top table, then one 0x1000 further each */

static int try(struct rig *r, gva va, enum mmu_access acc, u32 mode, struct xlat *x)
{
    struct mmu_fault f;
    if (mmu_translate(&r->v->mmu, va, acc, mode, x, &f))
        return OK;
    return f.info[0] == X86_WALK_NONCANONICAL ? -2 : (int)f.info[0];
}

static void expect(struct rig *r, gva va, enum mmu_access acc, u32 mode, int code)
{
    struct xlat x;
    int got = try(r, va, acc, mode, &x);
    if (got != code)
        fail_msg("va %#llx access %u mode %u: %#x, not %#x", (unsigned long long)va, (u32)acc, mode, (u32)got,
                 (u32)code);
}

static void expect_pa(struct rig *r, gva va, gpa pa, u32 bits)
{
    struct xlat x;
    assert_int_equal(try(r, va, MMU_READ, X86_MMU_KERNEL, &x), OK);
    assert_int_equal(x.pa, pa);
    assert_int_equal(x.page_bits, bits);
}

/* Writes the top table's address, and paging on, past the checks of MOV CR. */
static void on(struct rig *r, u64 cr4, u64 efer)
{
    r->s->cr3 = T0;
    r->s->cr4 = cr4;
    r->s->efer = efer;
    r->s->cr0 |= X86_CR0_PE | X86_CR0_PG | X86_CR0_WP;
    mmu_flush(&r->v->mmu, 0, 0);
    x86_mmu_select(r->v);
}

static void on_long(struct rig *r, u64 cr4)
{
    on(r, cr4 | X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE);
}

/* Entries of all 4 levels for va; the last is `leaf` at `shift`. */
static void map4(struct rig *r, gva va, u32 shift, u64 leaf, u64 tables)
{
    for (u32 s = 39, i = 0;; s -= 9, i++) {
        gpa at = T0 + 0x1000 * i + 8 * bits_get(va, s, 9);
        put(r, at, s == shift ? leaf : (T0 + 0x1000 * (i + 1)) | tables, 8);
        if (s == shift)
            return;
    }
}

static void test_off(void **state)
{
    (void)state;
    struct rig r;
    struct xlat x;
    rig_init(&r, "qemu32");
    expect_pa(&r, 0xfffffff0, 0xfffffff0, 64);
    expect_pa(&r, 0x100100010, 0x100010, 64);
    assert_int_equal(try(&r, 0x1000, MMU_WRITE, X86_MMU_USER, &x), OK);
    assert_int_equal(x.prot, MMU_READ | MMU_WRITE);
    assert_int_equal(try(&r, 0x1000, MMU_FETCH, X86_MMU_USER, &x), OK);
    assert_int_equal(x.prot, MMU_FETCH);
    r.s->a20_off = 1;
    expect_pa(&r, 0x100010, 0x10, 12);
    expect_pa(&r, 0xfffffff0, 0xffeffff0, 12);
    rig_free(&r);
}

static void test_32(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "qemu32");
    on(&r, 0, 0);
    put(&r, T0 + 4, T0 + 0x1000 + (P | W | U), 4);
    put(&r, T0 + 0x1000 + 4 * 5, 0x345000 | P | W | U, 4);
    expect_pa(&r, 0x405678, 0x345678, 12);
    expect_pa(&r, 0xf00405678, 0x345678, 12); /* 32 bits of an address count */
    assert_int_equal(peek(&r, T0 + 4, 4), T0 + 0x1000 + (P | W | U | A));
    assert_int_equal(peek(&r, T0 + 0x1014, 4), 0x345000 | P | W | U | A);
    expect(&r, 0x406000, MMU_WRITE, X86_MMU_USER, E_W | E_U);
    expect(&r, 0x1000, MMU_FETCH, X86_MMU_KERNEL, 0);
    expect(&r, 0x405000, MMU_WRITE, X86_MMU_KERNEL, OK);
    assert_int_equal(peek(&r, T0 + 0x1014, 4), 0x345000 | P | W | U | A | D);
    put(&r, T0 + 8, 0x12000000 | PS | P | W, 4); /* without PSE a table, and there is none: ones */
    expect_pa(&r, 0x800123, 0xfffff123, 12);
    r.s->cr4 = X86_CR4_PSE;
    put(&r, T0 + 8, 0x12000000 | PS | P | W | G, 4);
    expect_pa(&r, 0x9abcde, 0x121abcde, 22);
    expect(&r, 0x9abcde, MMU_READ, X86_MMU_USER, E_P | E_U);
    put(&r, T0 + 8, 0x12000000 | PS | P | 1 << 13, 4); /* no PSE-36 on this model: reserved */
    expect(&r, 0x800000, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    expect(&r, 0x800000, MMU_WRITE, X86_MMU_USER, E_P | E_RSVD | E_W | E_U);
    r.s->a20_off = 1;
    expect_pa(&r, 0x405678, 0x245678, 12);
    rig_free(&r);
    rig_init(&r, "qemu64"); /* 40 bits */
    on(&r, X86_CR4_PSE, 0);
    put(&r, T0, 0x12000000 | PS | P | 0xa5 << 13, 4);
    expect_pa(&r, 0x1234, 0xa512001234, 22);
    put(&r, T0, 0x12000000 | PS | P | 1 << 21, 4);
    expect(&r, 0x1234, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    rig_free(&r);
}

static void test_pae(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "qemu64");
    r.s->cr4 = X86_CR4_PAE;
    for (u32 i = 0; i < 4; i++)
        put(&r, T0 + 0x20 + 8 * i, (T0 + 0x1000 * (i + 1)) | P, 8);
    r.s->cr3 = T0 + 0x20;
    assert_true(x86_set_cr(r.v, 0, X86_CR0_PG | X86_CR0_PE | X86_CR0_WP)); /* loads them */
    put(&r, T0 + 0x20 + 8, 0, 8);
    put(&r, T0 + 0x2000 + 8 * 3, (T0 + 0x8000) | P | W | U, 8);
    put(&r, T0 + 0x8000 + 8 * 7, 0xab00345000 | P | W | U, 8);
    expect_pa(&r, 0x40607123, 0xab00345123, 12); /* from the registers, not from memory */
    put(&r, T0 + 0x4000, 0x200000 | PS | P | W, 8);
    expect_pa(&r, 0xc0012345, 0x212345, 21);
    put(&r, T0 + 0x4000, 0x202000 | PS | P | W, 8);
    expect(&r, 0xc0012345, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    put(&r, T0 + 0x4000, 0x200000 | PS | P | 1ull << 40, 8);
    expect(&r, 0xc0012345, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    put(&r, T0 + 0x4000, 0x200000 | PS | P | 1ull << 52, 8); /* reserved here, ignored with 4 levels */
    expect(&r, 0xc0012345, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    put(&r, T0 + 0x4000, 0x200000 | PS | P | NX, 8);
    expect(&r, 0xc0012345, MMU_FETCH, X86_MMU_KERNEL, E_P | E_RSVD);
    r.s->efer |= X86_EFER_NXE;
    expect(&r, 0xc0012345, MMU_FETCH, X86_MMU_KERNEL, E_P | E_I);
    expect(&r, 0xc0012345, MMU_READ, X86_MMU_KERNEL, OK);
    expect(&r, 0x40a00000, MMU_FETCH, X86_MMU_USER, E_I | E_U);
    r.s->pdpte[0] = 0;
    expect(&r, 0x1000, MMU_READ, X86_MMU_USER, E_U);
    put(&r, T0 + 0x40, P | 2, 8);
    GP(&r, x86_load_pdptes(r.v, T0 + 0x40));
    put(&r, T0 + 0x40, P | 1ull << 40, 8);
    GP(&r, x86_load_pdptes(r.v, T0 + 0x40));
    put(&r, T0 + 0x40, 0x1e6, 8); /* not present: anything */
    assert_true(x86_load_pdptes(r.v, T0 + 0x40));
    GP(&r, x86_load_pdptes(r.v, 0xf0000000)); /* nothing there */
    assert_int_equal(r.s->pdpte[0], 0x1e6);
    rig_free(&r);
}

static void test_long(void **state)
{
    (void)state;
    struct rig r;
    gva va = 0xffff8a2233445678;
    static const u8 shifts[] = { 12, 21, 30 };
    rig_init(&r, "max");
    on_long(&r, 0);
    for (u32 i = 0; i < 3; i++) {
        u32 shift = shifts[i];
        u64 ps = shift > 12 ? PS : 0, page = 0x7fc0000000 & ~bits_mask(shift);
        map4(&r, va, shift, page | ps | P | W | G | 0x7ff0000000000000, P | W | U | 0x7ff0000000000f00);
        expect_pa(&r, va, page | (va & bits_mask(shift)), shift);
        for (u32 level = 39, n = 0; level >= shift; level -= 9, n++) { /* each of them accessed */
            gpa at = T0 + 0x1000 * n + 8 * bits_get(va, level, 9);
            u64 e = peek(&r, at, 8);
            assert_true(e & A && !(e & D && level > 12));
            put(&r, at, e | 1ull << 40, 8);
            expect(&r, va, MMU_WRITE, X86_MMU_KERNEL, E_P | E_W | E_RSVD);
            put(&r, at, e & ~1ull, 8);
            expect(&r, va, MMU_WRITE, X86_MMU_USER, E_W | E_U);
            put(&r, at, e | NX, 8);
            expect(&r, va, MMU_FETCH, X86_MMU_KERNEL, E_P | E_I);
            expect(&r, va, MMU_READ, X86_MMU_KERNEL, OK);
            put(&r, at, e & ~(u64)W, 8);
            expect(&r, va, MMU_WRITE, X86_MMU_KERNEL, E_P | E_W);
            put(&r, at, e, 8);
        }
        if (shift > 12) {
            map4(&r, va, shift, page | ps | P | 1 << 13, P);
            expect(&r, va, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
        }
    }
    map4(&r, va, 39, P | PS, 0);
    expect(&r, va, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    expect(&r, 0x0000800000000000, MMU_READ, X86_MMU_KERNEL, -2);
    expect(&r, 0xffff7fffffffffff, MMU_FETCH, X86_MMU_USER, -2);
    map4(&r, va, 39, 0xf0000000 | P, 0); /* a table that is not there reads as ones: reserved bits */
    expect(&r, va, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    rig_free(&r);
    rig_init(&r, "Haswell"); /* no 1-GByte pages */
    on_long(&r, 0);
    map4(&r, va, 30, 0x40000000 | PS | P, P);
    expect(&r, va, MMU_READ, X86_MMU_KERNEL, E_P | E_RSVD);
    rig_free(&r);
}

/* Every combination of rights against tables 4-12 and so on, told another way round. */
static bool allowed(u32 mode, enum mmu_access acc, bool u, bool w, bool nx, bool wp, bool smep)
{
    if (mode == X86_MMU_USER)
        return u && (acc == MMU_READ || (acc == MMU_WRITE && w) || (acc == MMU_FETCH && !nx));
    switch (acc) {
    case MMU_READ: return !(u && mode == X86_MMU_KERNEL_SMAP);
    case MMU_WRITE: return !(u && mode == X86_MMU_KERNEL_SMAP) && (w || !wp);
    case MMU_FETCH: return !nx && !(u && smep);
    }
    return false;
}

/* A monitor's look finds the same, and sets nothing. */
static void test_look(void **state)
{
    (void)state;
    struct rig r;
    struct xlat x;
    gva va = 0xffff8a2233445678;
    rig_init(&r, "max");
    on_long(&r, 0);
    map4(&r, va, 12, 0x7000 | P | W, P | W);
    u64 walks = r.v->mmu.stats.walks;
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(mmu_look(&r.v->mmu, va, i ? MMU_WRITE : MMU_READ, X86_MMU_KERNEL, &x), true);
        assert_int_equal(x.pa, 0x7678);
    }
    assert_false(mmu_look(&r.v->mmu, va, MMU_READ, X86_MMU_USER, &x));
    assert_false(mmu_look(&r.v->mmu, va + 0x1000, MMU_READ, X86_MMU_KERNEL, &x));
    for (u32 level = 39, n = 0; level >= 12; level -= 9, n++)
        assert_false(peek(&r, T0 + 0x1000 * n + 8 * bits_get(va, level, 9), 8) & (A | D));
    assert_int_equal(r.v->mmu.stats.walks, walks);
    expect_pa(&r, va, 0x7678, 12); /* a real walk still does */
    assert_true(peek(&r, T0 + 8 * bits_get(va, 39, 9), 8) & A);
    rig_free(&r);
}

static void test_rights(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    for (u32 n = 0; n < 3 * 3 * 32 * 4; n++) {
        u32 mode = n % 3, k = n / 9 % 32, level = n / 9 / 32;
        enum mmu_access acc = (enum mmu_access)(1 << n / 3 % 3);
        bool u = k & 1, w = k & 2, nx = k & 4, wp = k & 8, smep = k & 16;
        on_long(&r, X86_CR4_SMAP | (smep ? X86_CR4_SMEP : 0));
        r.s->cr0 = wp ? r.s->cr0 | X86_CR0_WP : r.s->cr0 & ~(u64)X86_CR0_WP;
        map4(&r, 0x1000, 12, 0x5000 | P | W | U, P | W | U); /* one level says otherwise */
        gpa at = T0 + 0x1000 * level + (level == 3 ? 8 : 0);
        put(&r, at, (peek(&r, at, 8) & ~(u64)(W | U)) | (w ? W : 0) | (u ? U : 0) | (nx ? NX : 0), 8);
        int code = E_P | (acc == MMU_WRITE ? E_W : 0) | (mode == X86_MMU_USER ? E_U : 0)
                   | (acc == MMU_FETCH ? E_I : 0);
        expect(&r, 0x1000, acc, mode, allowed(mode, acc, u, w, nx, wp, smep) ? OK : code);
    }
    rig_free(&r);
}

/* ---- through the TLB ---- */

static enum mmu_result rd(struct rig *r, gva va, u64 *val)
{
    *val = 0;
    return mmu_read(&r->v->mmu, va, 8, X86_MMU_KERNEL, 0, 0, val);
}

static void test_dirty(void **state)
{
    (void)state;
    struct rig r;
    u64 val = 7;
    rig_init(&r, "max");
    on_long(&r, 0);
    gpa pte = T0 + 0x3000 + 8;
    map4(&r, 0x1000, 12, 0x5000 | P | W, P | W);
    assert_int_equal(rd(&r, 0x1000, &val), MMU_OK);
    assert_int_equal(peek(&r, pte, 8), 0x5000 | P | W | A);
    assert_int_equal(mmu_write(&r.v->mmu, 0x1000, 8, X86_MMU_KERNEL, 0, 0, &val), MMU_OK);
    assert_int_equal(peek(&r, pte, 8), 0x5000 | P | W | A | D);
    u64 walks = r.v->mmu.stats.walks;
    put(&r, pte, 0x5000 | P | W, 8); /* cached: nothing is set until it is dropped */
    assert_int_equal(mmu_write(&r.v->mmu, 0x1000, 8, X86_MMU_KERNEL, 0, 0, &val), MMU_OK);
    assert_int_equal(r.v->mmu.stats.walks, walks);
    x86_invlpg(r.v, 0x1000);
    assert_int_equal(mmu_write(&r.v->mmu, 0x1000, 8, X86_MMU_KERNEL, 0, 0, &val), MMU_OK);
    assert_int_equal(peek(&r, pte, 8), 0x5000 | P | W | A | D);
    put(&r, pte, 0x5000 | P, 8);
    x86_invlpg(r.v, 0x1000);
    assert_int_equal(mmu_write(&r.v->mmu, 0x1000, 8, X86_MMU_KERNEL, 0, 0, &val), MMU_FAULTED);
    assert_int_equal(r.v->mmu.fault.info[0], E_P | E_W);
    assert_int_equal(peek(&r, pte, 8), 0x5000 | P); /* a fault sets nothing */
    rig_free(&r);
}

/* Is va still in the TLB? Its entry is made absent for the question. */
static bool cached(struct rig *r, gva va)
{
    gpa pte = T0 + 0x3000 + 8 * bits_get(va, 12, 9);
    u64 e = peek(r, pte, 8), val;
    put(r, pte, 0, 8);
    bool is = rd(r, va, &val) == MMU_OK;
    put(r, pte, e, 8);
    return is;
}

static void fill(struct rig *r)
{
    u64 val;
    map4(r, 0x1000, 12, 0x5000 | P | W, P | W);
    map4(r, 0x2000, 12, 0x6000 | P | W | G, P | W);
    assert_int_equal(rd(r, 0x1000, &val), MMU_OK);
    assert_int_equal(rd(r, 0x2000, &val), MMU_OK);
}

static void expect_cached(struct rig *r, bool local, bool global)
{
    assert_int_equal(cached(r, 0x1000), local);
    assert_int_equal(cached(r, 0x2000), global);
}

static void test_flushes(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    u64 cr4 = X86_CR4_PAE | X86_CR4_PGE, cr0;
    on_long(&r, cr4);
    fill(&r);
    expect_cached(&r, true, true);
    assert_true(x86_set_cr(r.v, 3, T0));
    expect_cached(&r, false, true);
    fill(&r);
    x86_invlpg(r.v, 0x2fff);
    expect_cached(&r, true, false);
    x86_invlpg(r.v, 0x0001000000001000); /* not canonical: nothing */
    expect_cached(&r, true, false);
    static const u64 toggles[] = { X86_CR4_PGE, X86_CR4_PSE, X86_CR4_SMEP };
    for (u32 i = 0; i < COUNT(toggles); i++) {
        fill(&r);
        assert_true(x86_set_cr(r.v, 4, cr4 ^ toggles[i]));
        expect_cached(&r, false, false);
        assert_true(x86_set_cr(r.v, 4, cr4));
    }
    fill(&r);
    cr0 = r.s->cr0;
    assert_true(x86_set_cr(r.v, 0, cr0 | X86_CR0_TS));
    expect_cached(&r, true, true);
    assert_true(x86_set_cr(r.v, 0, cr0 & ~(u64)X86_CR0_WP));
    expect_cached(&r, false, false);
    assert_true(x86_set_cr(r.v, 0, cr0));
    fill(&r);
    assert_true(x86_set_cr(r.v, 0, cr0 & ~X86_CR0_PG)); /* CS.L is clear */
    assert_true(x86_set_cr(r.v, 0, cr0));
    expect_cached(&r, false, false);
    fill(&r);
    assert_true(x86_wrmsr(r.v, 0xc0000080, X86_EFER_LME | X86_EFER_LMA)); /* NXE off */
    expect_cached(&r, false, false);
    rig_free(&r);
}

static void test_pcid(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    on_long(&r, X86_CR4_PGE);
    assert_true(x86_set_cr(r.v, 4, r.s->cr4 | X86_CR4_PCIDE));
    fill(&r);
    assert_true(x86_set_cr(r.v, 3, T0 | 5 | 1ull << 63));
    assert_int_equal(r.s->cr3, T0 | 5);
    fill(&r);
    assert_true(x86_set_cr(r.v, 3, T0 | 1ull << 63)); /* both are kept */
    expect_cached(&r, true, true);
    assert_true(x86_set_cr(r.v, 3, T0 | 5));
    expect_cached(&r, false, true);
    fill(&r);
    assert_true(x86_set_cr(r.v, 3, T0 | 1ull << 63));
    assert_true(x86_invpcid(r.v, 0, 5, 0x1000));
    expect_cached(&r, true, true);
    assert_true(x86_set_cr(r.v, 3, T0 | 5 | 1ull << 63));
    expect_cached(&r, false, true);
    fill(&r);
    assert_true(x86_invpcid(r.v, 1, 5, 0));
    expect_cached(&r, false, true);
    fill(&r);
    assert_true(x86_invpcid(r.v, 3, 0, 0));
    expect_cached(&r, false, true);
    fill(&r);
    assert_true(x86_invpcid(r.v, 2, 0, 0));
    expect_cached(&r, false, false);
    assert_true(x86_set_cr(r.v, 3, T0 | 1ull << 63));
    expect_cached(&r, false, false);
    GP(&r, x86_invpcid(r.v, 4, 0, 0));
    GP(&r, x86_invpcid(r.v, 0, 0x1000, 0));
    GP(&r, x86_invpcid(r.v, 0, 0, 1ull << 47));
    GP(&r, x86_set_cr(r.v, 0, r.s->cr0 & ~X86_CR0_PG));
    assert_true(x86_set_cr(r.v, 4, r.s->cr4 & ~(u64)X86_CR4_PCIDE));
    GP(&r, x86_invpcid(r.v, 1, 5, 0));
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off), cmocka_unit_test(test_32), cmocka_unit_test(test_pae),
        cmocka_unit_test(test_long), cmocka_unit_test(test_look), cmocka_unit_test(test_rights),
        cmocka_unit_test(test_dirty), cmocka_unit_test(test_flushes), cmocka_unit_test(test_pcid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
