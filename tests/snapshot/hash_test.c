/* hash_test.c - the hash of bytes, and the state hash: what it covers and what it does not. */
#include "tests/snapshot/rig.h"

/* ---- bytes ---- */

static void test_stream(void **state)
{
    (void)state;
    u8 p[1000];
    u64 seed = 1;
    fill_random(&seed, p, sizeof p);
    for (u32 n = 0; n <= sizeof p; n += 1 + n / 17) {
        struct hash128 whole = hash_bytes(7, p, n);
        struct hash_stream s;
        hash_start(&s, 7);
        for (u32 at = 0, k; at < n; at += k) {
            k = next_random(&seed) % 150;
            k = MIN(k, n - at);
            hash_add(&s, p + at, k);
        }
        assert_true(same_hash(whole, hash_end(&s)));
        assert_false(same_hash(whole, hash_bytes(8, p, n)));
    }
}

/* Files in the world depend on these; a change is a new format. */
static void test_golden(void **state)
{
    (void)state;
    u8 p[256];
    for (u32 i = 0; i < sizeof p; i++)
        p[i] = (u8)i;
    assert_int_equal(hash_sum("", 0), 0xca9684cca5c0caad);
    assert_int_equal(hash_sum("abc", 3), 0x7c73d85bed83be11);
    assert_int_equal(hash_bytes(1, p, sizeof p).lo, 0x6f98313886a86fd4);
    assert_int_equal(hash_bytes(1, p, sizeof p).hi, 0x913695b7a119ea93);
}

/* Each input bit flips about half of the output bits; no length collides with another. */
static void test_mixing(void **state)
{
    (void)state;
    u8 p[200] = { 0 };
    u64 flips = 0, count = 0;
    struct hash128 h = hash_bytes(0, p, sizeof p);
    for (u32 bit = 0; bit < sizeof p * 8; bit++, count++) {
        p[bit / 8] ^= (u8)(1 << bit % 8);
        struct hash128 g = hash_bytes(0, p, sizeof p);
        u32 changed = (u32)(__builtin_popcountll(h.lo ^ g.lo) + __builtin_popcountll(h.hi ^ g.hi));
        assert_in_range(changed, 24, 104);
        flips += changed;
        p[bit / 8] ^= (u8)(1 << bit % 8);
    }
    assert_in_range(flips / count, 62, 66);
    for (u32 n = 0; n < sizeof p; n++)
        assert_false(same_hash(hash_bytes(0, p, n), hash_bytes(0, p, n + 1)));
}

/* ---- state ---- */

static void test_same(void **state)
{
    (void)state;
    struct rig a, b;
    rig_open(&a, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    rig_open(&b, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    rig_randomize(&a, 3);
    rig_randomize(&b, 3);
    struct hash128 h = rig_hash(&a);
    assert_true(same_hash(h, rig_hash(&b)));
    rig_randomize(&b, 4);
    assert_false(same_hash(h, rig_hash(&b)));
    rig_close(&a);
    rig_close(&b);
}

static void test_covered(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    rig_randomize(&r, 5);
    struct vcpu *v = r.m->cpus[0];
    struct fake_cpu *cpu = v->state;
    u8 *bytes[] = { (u8 *)&v->s.pc, (u8 *)&v->s.icount, &v->s.halted, (u8 *)&cpu->x[7], &cpu->flags[3],
                    (u8 *)&r.m->s.idle_ns, (u8 *)&r.m->s.rng[3], (u8 *)&r.a.s.regs[4], &r.b.s.pad[6],
                    r.ram->host, r.ram->host + RAM_SIZE - 1, r.flash->host + 4096 };
    struct hash128 h = rig_hash(&r);
    for (u32 i = 0; i < COUNT(bytes); i++) {
        *bytes[i] ^= 1;
        assert_false(same_hash(h, rig_hash(&r)));
        *bytes[i] ^= 1;
    }
    assert_true(same_hash(h, rig_hash(&r)));
    rig_close(&r);
}

static void test_not_covered(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    rig_randomize(&r, 6);
    struct hash128 h = rig_hash(&r);
    struct vcpu *v = r.m->cpus[0];
    u64 val;
    ((struct fake_cpu *)v->state)->cached++;
    v->irq = 3;
    r.m->s.clock_ns++; /* of the other clock */
    mmu_read(&v->mmu, 0x5000, 8, 2, 0, 0, &val);
    mmu_select(&v->mmu, 99);
    assert_true(same_hash(h, rig_hash(&r)));
    mmu_flush(&v->mmu, 0, 0);
    assert_true(same_hash(h, rig_hash(&r)));
    r.m->clock = CLOCK_REALTIME;
    assert_false(same_hash(h, rig_hash(&r)));
    rig_close(&r);
}

/* Equal bytes elsewhere are another state, although pages are summed up. */
static void test_places(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    u8 page[PAGE_SIZE] = { 1 }, none[PAGE_SIZE] = { 0 };
    struct hash128 zero = rig_hash(&r);
    physmap_write(&r.m->map, 0x1000, page, sizeof page);
    struct hash128 first = rig_hash(&r);
    physmap_write(&r.m->map, 0x1000, none, sizeof page);
    assert_true(same_hash(zero, rig_hash(&r)));
    physmap_write(&r.m->map, 0x2000, page, sizeof page);
    assert_false(same_hash(first, rig_hash(&r)));
    physmap_write(&r.m->map, 0x1000, page, sizeof page);
    struct hash128 both = rig_hash(&r);
    assert_false(same_hash(both, zero));
    assert_false(same_hash(both, first));
    rig_close(&r);
}

/* Page hashes kept over many rounds of writes by all ways equal those made from scratch. */
static void test_incremental(void **state)
{
    (void)state;
    struct rig r;
    u64 seed = 8;
    rig_open(&r, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    struct vcpu *v = r.m->cpus[0];
    struct hash_state kept = { 0 };
    for (u32 round = 0; round < 60; round++) {
        for (u32 i = 0; i < next_random(&seed) % 20; i++) {
            u8 bytes[32];
            fill_random(&seed, bytes, sizeof bytes);
            u64 at = next_random(&seed) % (RAM_SIZE - 64);
            memset(bytes, 0, round % 3 ? 0 : sizeof bytes);
            if (i % 3 == 0)
                physmap_write(&r.m->map, at, bytes, sizeof bytes);
            else if (i % 3 == 1)
                mmu_write(&v->mmu, at, sizeof bytes, 0, 0, 0, bytes);
            else
                physmap_load(&r.m->map, FLASH_BASE + at % 4000, bytes, sizeof bytes);
            u64 *fast = mmu_fast_write(&v->mmu, 0, at, 8); /* as compiled code does */
            if (fast)
                memcpy(fast, bytes, 8);
        }
        u8 a[16], b[16];
        snapshot_hash(r.m, &kept, a);
        struct hash_state fresh = { 0 };
        snapshot_hash(r.m, &fresh, b);
        hash_state_free(&fresh);
        assert_memory_equal(a, b, 16);
        memset(a, 0, 16);
        snapshot_hash(r.m, &kept, a); /* nothing happened */
        assert_memory_equal(a, b, 16);
    }
    hash_state_free(&kept);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream), cmocka_unit_test(test_golden), cmocka_unit_test(test_mixing),
        cmocka_unit_test(test_same), cmocka_unit_test(test_covered), cmocka_unit_test(test_not_covered),
        cmocka_unit_test(test_places), cmocka_unit_test(test_incremental),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
