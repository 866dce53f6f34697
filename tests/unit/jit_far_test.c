/*
 * jit_far_test.c - a region whose pages lie more than 4 GiB apart, as a program and its libraries do: a call to a
 * function that now and then faults, where the exception's return address tells what the tier thinks the pc is.
 */
#define _GNU_SOURCE
#include "backend/jit/jit.h"
#include "tests/unit/arm_rig.h"

#define NEAR 0x0000555500001000ull
#define FAR 0x00007fff12345000ull
#define GOOD 0x0000600000000000ull
#define BAD 0x0000700000000000ull
#define AT_EL1 (VECTORS + 0x200)
#define PAGE_OF(n) (CODE + (n) * PAGE_SIZE)

static const u32 near_code[] = {
    0xd63f0280, /* blr x20 */
    0xf1000442, /* subs x2, x2, #1 */
    0x54ffffc1, /* b.ne NEAR */
    0x14000000, /* b . */
};
static const u32 far_code[] = {
    0x91000400, /* add x0, x0, #1 */
    0xf2400c1f, /* tst x0, #15 */
    0x9a9602a5, /* csel x5, x21, x22, eq */
    0xf94000a6, /* ldr x6, [x5] */
    0x8b060063, /* add x3, x3, x6 */
    0xd65f03c0, /* ret */
};
static const u32 vector[] = {
    0xd5384029, /* mrs x9, elr_el1 */
    0x8b09014a, /* add x10, x10, x9 */
    0x91001129, /* add x9, x9, #4 */
    0xd5184029, /* msr elr_el1, x9 */
    0xd69f03e0, /* eret */
};

static void put_page(struct rig *r, gva va, u32 n, const u32 *words, u32 count)
{
    assert_true(physmap_write(&r->m->map, PAGE_OF(n), words, 4ull * count));
    map_at(r, r->s->ttbr0_el1, 12, 3, va, PAGE_OF(n) | D_PAGE | D_AF);
}

static void open_rig(struct rig *r)
{
    static const u32 data[] = { 7, 0 };
    rig_init(r, "cortex-a72", A64_PSCI_NONE);
    mmu_on(r, 12);
    put_page(r, NEAR, 1, near_code, COUNT(near_code));
    put_page(r, FAR, 2, far_code, COUNT(far_code));
    put_page(r, GOOD, 3, data, COUNT(data));
    map_at(r, r->s->ttbr0_el1, 12, 3, VECTORS & PAGE_MASK, (VECTORS & PAGE_MASK) | D_PAGE | D_AF);
    assert_true(physmap_write(&r->m->map, AT_EL1, vector, sizeof vector));
    r->s->x[2] = 100000;
    r->s->x[20] = FAR;
    r->s->x[21] = BAD;
    r->s->x[22] = GOOD;
    r->v->s.pc = NEAR;
}

static void run(struct rig *r, const struct engine *engine)
{
    for (u64 end = 950000; r->v->s.icount < end;)
        engine->run(r->v, MIN(end - r->v->s.icount, 1000u));
}

static void test_far(void **state)
{
    (void)state;
    struct rig a, b;
    struct err e;
    open_rig(&a);
    open_rig(&b);
    b.v->engine->detach(b.v);
    b.v->engine = &llvm_engine;
    if (!llvm_engine.attach(b.v, &e)) {
        print_message("%s\n", e.msg);
        b.v->engine = &interp_engine;
        assert_true(interp_engine.attach(b.v, &e));
        rig_free(&a);
        rig_free(&b);
        skip(); /* a build without the tier */
    }
    run(&a, &interp_engine);
    run(&b, &llvm_engine);
    struct jit *j = b.v->engine_data;
    assert_int_equal(a.s->x[2], 0);
    assert_memory_equal(a.s->x, b.s->x, sizeof a.s->x);
    assert_int_equal(a.v->s.pc, b.v->s.pc);
    assert_int_equal(a.s->x[10], 100000 / 16 * (FAR + 12));
    assert_true(j->ctx->region_insns > 100000);
    rig_free(&a);
    rig_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_far) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
