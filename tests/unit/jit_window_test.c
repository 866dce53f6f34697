/*
 * jit_window_test.c - the baseline engine's windows: jit_window_table.h, and that there are any.
 */
#define WIN_ENGINE baseline_engine
#define WIN_STRIDE 1u
#include "tests/unit/jit_window_table.h"

static u64 loads_by_call(struct win *w) { return win_jit(w)->stats.slow_loads + win_jit(w)->stats.split; }

/* Those of the baseline engine in three rounds over accesses that share a check, with a load across pages between. */
static u64 slow_loads(struct win *w, bool miss, u32 live)
{
    win_program(w, WIN_WRITTEN);
    crowd(w, live, 5, false, true);
    w->n--;
    if (miss) { /* a load across pages is never a fast one */
        win_begin(w);
        win_load(w, IR_I64, address(w, SUM64, 0), win_mem(IR_I64));
        win_load(w, IR_I64, win_i64(w, PAGE(RW0) + 0xffc), win_mem(IR_I64));
        win_load(w, IR_I64, address(w, SUM64, 8), win_mem(IR_I64));
        win_load(w, IR_I64, address(w, SUM64, 16), win_mem(IR_I64));
        win_end(w);
    } else {
        w->n++;
    }
    win_state(w, places[0].base);
    u64 before = loads_by_call(w);
    check(w, "counts", places[0].name, "loads", 0, live);
    return loads_by_call(w) - before;
}

static void test_fast(void **state)
{
    struct win *w = *state;
    u64 before = win_jit(w)->stats.interp_insns;
    assert_int_equal(slow_loads(w, false, 0), 0);
    assert_int_equal(slow_loads(w, false, 24), 0);
    assert_int_equal(slow_loads(w, true, 0), 3); /* the window is shut: those behind it ask the TLB in cold code */
    assert_int_equal(win_jit(w)->stats.interp_insns, before);
}

/* First accesses that read, and ask for the right to write on behalf of others, where stores are slow for ever: in
 * the page of code. In three rounds only the first one is slow, whatever its kind. `others` has the probe of the
 * rig's. */
static const struct {
    const char *group;
    u32         loads, stores, others;
} unwritable[] = {
    { "loads, then stores", 1, 6, 1 }, { "a load, stores down", 1, 6, 1 }, { "vectors", 1, 6, 1 },
    { "pairs", 1, 6, 1 }, { "modify below", 1, 3, 4 }, { "probes of both kinds", 0, 3, 5 },
};

static void test_unwritable(void **state)
{
    struct win *w = *state;
    for (u32 n = 0; n < COUNT(unwritable) * FORMS; n++) {
        const char *name = unwritable[n / FORMS].group;
        const struct group *g = groups;
        while (strcmp(g->name, name))
            g++;
        win_program(w, WIN_COLD);
        build(w, &events[0], 0, g, (enum form)(n % FORMS));
        win_state(w, PAGE(CODE) + 0xc40);
        struct jit_stats *s = &win_jit(w)->stats;
        s->slow_loads = s->slow_stores = s->slow_mem = 0;
        check(w, "no right to write", "in the page of code", name, 0, n % FORMS);
        assert_int_equal(s->slow_loads, unwritable[n / FORMS].loads);
        assert_int_equal(s->slow_stores, unwritable[n / FORMS].stores);
        assert_int_equal(s->slow_mem, unwritable[n / FORMS].others);
    }
}

int main(void)
{
    static const struct CMUnitTest more[] = { cmocka_unit_test(test_fast), cmocka_unit_test(test_unwritable) };
    return win_table(win_new(), more, COUNT(more));
}
