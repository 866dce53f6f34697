/*
 * jit_window_llvm_test.c - what regions of the LLVM tier know of pages: jit_window_table.h. A compilation takes
 * milliseconds, so that it is one program of 37; another share of each row with each WIN_STRIDE.
 */
#define WIN_ENGINE llvm_engine
#define WIN_STRIDE 37u
#include "tests/unit/jit_window_table.h"

/* Behind the others. */
static void test_regions(void **state)
{
    const struct jit *j = win_jit(*state);
    assert_true(j->stats.regions > 500);
    assert_true(j->ctx->region_insns > 5000);
}

int main(void)
{
    static const struct CMUnitTest more[] = { cmocka_unit_test(test_regions) };
    struct irf_layout y;
    struct err e;
    irf_layout_init(&y);
    struct irf_rig *r = irf_rig_new(&y, &llvm_engine, &e);
    if (!r) {
        puts(e.msg); /* a build without the tier */
        return 77;
    }
    irf_rig_free(r);
    return win_table(win_new(), more, COUNT(more));
}
