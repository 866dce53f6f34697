/*
 * twins_test.c - two machines compared, kept and taken back: every kind of difference is seen and named, and going
 * back restores all that a snapshot holds.
 */
#include "snapshot/twins.h"
#include "tests/snapshot/rig.h"

struct pair {
    struct rig    r[2];
    struct twins *t;
};

static void open_pair(struct pair *p, u64 seed)
{
    struct err e;
    for (u32 i = 0; i < 2; i++) {
        rig_open(&p->r[i], (struct rig_shape){ .clock = CLOCK_ICOUNT });
        rig_randomize(&p->r[i], seed);
    }
    p->t = twins_open(p->r[0].m, p->r[1].m, &e);
    if (!p->t)
        fail_msg("%s", e.msg);
}

static void close_pair(struct pair *p)
{
    twins_close(p->t);
    rig_close(&p->r[0]);
    rig_close(&p->r[1]);
}

/* What twins_print() says. */
static char *told(const struct pair *p)
{
    static const char *const name[2] = { "left", "right" };
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    twins_print(p->t, name, f);
    fclose(f);
    return text;
}

static void tells(const struct pair *p, const char *want)
{
    char *text = told(p);
    if (!strstr(text, want))
        fail_msg("'%s' is not in:\n%s", want, text);
    free(text);
}

static void test_equal(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, 1);
    assert_true(twins_same(p.t));
    assert_true(twins_same_tlb(p.t));
    assert_true(twins_same_memory(p.t));
    tells(&p, "no difference");
    close_pair(&p);
}

static void back(struct pair *p)
{
    struct err e;
    if (!twins_back(p->t, &e))
        fail_msg("%s", e.msg);
    assert_true(twins_same(p->t));
    assert_true(twins_same_tlb(p->t));
    assert_true(twins_same_memory(p->t));
}

/* One bit of one field anywhere is a difference, but for caches. */
static void test_every_field(void **state)
{
    (void)state;
    struct pair p;
    struct err e;
    struct parts parts;
    char want[200];
    open_pair(&p, 2);
    assert_true(parts_list(&parts, p.r[1].m, NULL, 0, &e));
    for (u32 i = 0; i < parts.count; i++)
        for (u32 k = 0; parts.p[i].desc && k < parts.p[i].desc->field_count; k++) {
            const struct state_field *f = &parts.p[i].desc->fields[k];
            u32 last = f->size * f->count - 1;
            u8 *byte = (u8 *)parts.p[i].state + f->offset + last;
            *byte ^= 0x10;
            assert_int_equal(twins_same(p.t), f->cache);
            if (f->count > 1)
                snprintf(want, sizeof want, "%s %s[%u] ", parts.p[i].name, f->name, f->count - 1);
            else
                snprintf(want, sizeof want, "%s %s ", parts.p[i].name, f->name);
            tells(&p, f->cache ? "no difference" : want);
            *byte ^= 0x10;
            assert_true(twins_same(p.t));
        }
    parts_free(&parts);
    close_pair(&p);
}

static void test_memory(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, 3);
    for (u32 side = 0; side < 2; side++) {
        u64 old, val;
        struct physmap *map = &p.r[side].m->map;
        assert_true(physmap_read(map, RAM_SIZE - 8, &old, 8));
        val = old ^ 1ull << 40;
        assert_true(physmap_write(map, RAM_SIZE - 8, &val, 8));
        assert_false(twins_same(p.t));
        assert_true(twins_same(p.t)); /* each page is looked at once ... */
        assert_false(twins_same_memory(p.t));
        tells(&p, "ram at 0x307ff8 ");
        assert_true(physmap_write(map, RAM_SIZE - 8, &old, 8));
        assert_true(twins_same(p.t));
    }
    assert_true(physmap_load(&p.r[0].m->map, FLASH_BASE + 5000, "x", 1));
    assert_false(twins_same(p.t));
    tells(&p, "flash at 0x10001388 ");
    back(&p);
    p.r[0].ram->host[123456] ^= 1; /* ... and only when it was noted */
    assert_true(twins_same(p.t));
    assert_false(twins_same_memory(p.t));
    close_pair(&p);
}

static void test_tlb(void **state)
{
    (void)state;
    struct pair p;
    u64 val;
    open_pair(&p, 4);
    mmu_read(&p.r[1].m->cpus[0]->mmu, 0x2ff000, 8, 0, 0, 0, &val);
    assert_true(twins_same(p.t));
    assert_false(twins_same_tlb(p.t));
    tells(&p, "cpu0/tlb word");
    back(&p);
    close_pair(&p);
}

/* Pages by DMA, by stores through the TLB, and the rest of the state at random; the same in both or not. */
static void stir(struct rig *r, u64 seed)
{
    struct vcpu *v = r->m->cpus[0];
    rig_randomize(r, seed);
    for (u32 i = 0; i < 300; i++) {
        u64 val = next_random(&seed);
        gva va = val % (RAM_SIZE - 8);
        void *fast = mmu_fast_write(&v->mmu, 1, va, 8);
        if (fast)
            memcpy(fast, &val, 8);
        else
            mmu_write(&v->mmu, va, 8, 1, 0, 0, &val);
    }
}

static void test_back(void **state)
{
    (void)state;
    struct pair p;
    struct err e;
    open_pair(&p, 5);
    for (u64 seed = 100; seed < 160; seed++) {
        struct hash128 before = rig_hash(&p.r[0]); /* takes the dirty map: what is equal need not be in it */
        stir(&p.r[0], seed);
        if (seed % 3)
            stir(&p.r[1], seed + seed % 2);
        machine_request(p.r[1].m, REQ_POWEROFF);
        assert_int_equal(twins_same(p.t), seed % 6 == 2 || seed % 6 == 4);
        back(&p);
        assert_true(same_hash(before, rig_hash(&p.r[0])));
        assert_true(same_hash(before, rig_hash(&p.r[1])));
        assert_int_equal(p.r[1].m->request, 0);
        assert_int_equal(p.r[0].a.event.deadline, p.r[0].a.s.deadline);
        assert_int_equal(p.r[1].a.event.deadline, p.r[1].a.s.deadline);
        stir(&p.r[0], seed + 1000);
        stir(&p.r[1], seed + 1000);
        assert_true(twins_same(p.t) && twins_same_tlb(p.t));
        if (seed % 2 && !twins_keep(p.t, &e))
            fail_msg("%s", e.msg);
        if (seed % 2 == 0)
            back(&p);
    }
    close_pair(&p);
}

static void note_code(void *opaque, struct memobj *o, u64 off, u64 len)
{
    snprintf(opaque, 64, "%s %llu %llu", o->name, (unsigned long long)off, (unsigned long long)len);
}

/* Code made from a page that was not what it is now is dropped; other code stays, also where a page was written. */
static void test_code(void **state)
{
    (void)state;
    struct pair p;
    char seen[64] = "";
    open_pair(&p, 7);
    struct physmap *map = &p.r[1].m->map;
    struct memobj *ram = p.r[1].ram;
    u8 *bytes = ram->host + 5 * PAGE_SIZE, same = bytes[8];
    map->code_written = note_code;
    map->code_opaque = seen;
    memobj_add_code(map, ram, 5 * PAGE_SIZE, 64);
    assert_true(physmap_write(map, 5 * PAGE_SIZE + 1000, &same, 1));
    bytes[1000] = 0x77;
    back(&p);
    assert_string_equal(seen, "ram 20480 4096");
    seen[0] = 0;
    bytes[8] = same;
    memobj_written(map, ram, 5 * PAGE_SIZE + 2000, 1);
    back(&p);
    assert_string_equal(seen, "");
    close_pair(&p);
}

/* A copy costs what was written, not what there is. */
static void test_cost(void **state)
{
    (void)state;
    struct pair p;
    struct err e;
    open_pair(&p, 6);
    u64 kept = twins_stats(p.t)->pages_kept, compared = twins_stats(p.t)->pages_compared;
    for (u32 i = 0; i < 2; i++)
        assert_true(physmap_write(&p.r[i].m->map, 3 * PAGE_SIZE - 4, "12345678", 8));
    assert_true(twins_same(p.t));
    assert_true(twins_keep(p.t, &e));
    assert_int_equal(twins_stats(p.t)->pages_compared - compared, 2);
    assert_int_equal(twins_stats(p.t)->pages_kept - kept, 2);
    close_pair(&p);
}

static void test_unlike(void **state)
{
    (void)state;
    struct rig a, b;
    struct err e;
    rig_open(&a, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    rig_open(&b, (struct rig_shape){ .clock = CLOCK_ICOUNT, .no_b = true });
    assert_null(twins_open(a.m, b.m, &e));
    assert_non_null(strstr(e.msg, "not built alike"));
    rig_close(&b);
    rig_open(&b, (struct rig_shape){ .clock = CLOCK_ICOUNT, .ram = 1 << 20 });
    assert_null(twins_open(a.m, b.m, &e));
    rig_close(&b);
    rig_open(&b, (struct rig_shape){ .clock = CLOCK_ICOUNT });
    assert_true(physmap_write(&b.m->map, 77, "x", 1));
    assert_null(twins_open(a.m, b.m, &e));
    assert_non_null(strstr(e.msg, "before the first instruction"));
    rig_close(&b);
    rig_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal), cmocka_unit_test(test_every_field), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_tlb), cmocka_unit_test(test_back), cmocka_unit_test(test_code),
        cmocka_unit_test(test_cost), cmocka_unit_test(test_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
