/*
 * jit_window_table.h - for jit_window_test.c and jit_window_llvm_test.c: accesses that share a check of their page
 * (backend/jit/x64/window.c; backend/jit/llvm/fn_mem.c and fn_group.c), and what changes what the TLB knows between
 * them: a test a row of `events`, at each place of each group of accesses. The reference is the interpreter;
 * everything is compared, the TLB too.
 *
 * WIN_ENGINE is the engine. WIN_STRIDE: it runs one program of so many.
 */
#pragma once
#include "tests/unit/jit_window_events.h"

/* ---- where the base is: for what the accesses themselves meet ---- */

static const struct place {
    const char *name;
    u64         base;
} places[] = {
    { "in the middle of a page", PAGE(RW0) + 0x400 },
    { "at the first byte of a page", PAGE(RW1) },
    { "at the last byte of a page", PAGE(RW0) + 0xfff },
    { "near a page's end", PAGE(RW0) + 0xff0 },
    { "near a page's begin", PAGE(RW1) + 5 },
    { "in a read-only page", PAGE(RO) + 0x300 },
    { "at the last byte before a read-only page", PAGE(RW1) + 0xfff },
    { "before nothing", PAGE(RO) + 0xff9 },
    { "nowhere", PAGE(NONE) + 0x400 },
    { "in a device", PAGE(IO) + 0x400 },
    { "before a device", PAGE(RW2) + 0xff8 },
    { "in a clean page", PAGE(RW2) + 0x500 },
    { "in a page of a device", PAGE(DEVICE) + 0x400 },
    { "in the page of code", PAGE(CODE) + 0xc40 },
    { "behind the page's other name", PAGE(CODE) + 4 },
    { "in a page with two names", PAGE(ALIAS) + 0x400 },
    { "under a tag", TAG(3) | (PAGE(RW0) + 0x440) },
    { "in a page that changes with the address space", PAGE(SPACE) + 0x430 },
    { "where 32-bit addresses wrap", IRF_TOP + 0xff4 },
    { "behind where 32-bit addresses wrap", 3 },
};

struct row {
    struct win         *w;
    const struct between *event;
};

static void build(struct win *w, const struct between *v, u32 point, const struct group *g, enum form form)
{
    u32 mode = v->kind == OWN_LOAD && point == 2; /* at times all of the window is in another mode */
    for (u32 k = 0; k < ACCS && g->acc[k].op; k++) {
        bool more = k + 1 < ACCS && g->acc[k + 1].op && g->acc[k + 1].how & JOINED;
        if (k == point && !(g->acc[k].how & JOINED))
            emit_event(w, v);
        if (!(g->acc[k].how & JOINED))
            win_begin(w);
        emit_access(w, &g->acc[k], form, mode);
        if (!more)
            win_end(w);
    }
}

static void check(struct win *w, const char *event, const char *where, const char *group, u32 point, u32 how)
{
    const char *what = win_run(w);
    if (!what)
        return;
    win_print(w);
    win_close(w);
    win_open(w);
    fail_msg("%s, before access %u of \"%s\", base %s (%u): %s differs", event, point, group, where, how, what);
}

#define PLACES_EACH 8u

/* The base in the middle of a page that is dirty, 64 bits and 32; then other places, forms and TLBs. */
static void run_row(void **state)
{
    const struct row *r = *state;
    struct win *w = r->w;
    for (u32 n = (u32)(r->event - events) % WIN_STRIDE; n < COUNT(groups) * ACCS * PLACES_EACH; n += WIN_STRIDE) {
        const struct group *g = &groups[n / PLACES_EACH / ACCS];
        u32 point = n / PLACES_EACH % ACCS, k = n % PLACES_EACH;
        struct fuzz_rng q = fuzz_seeded(n, (u64)(r->event - events));
        const struct place *at = &places[k < 2 ? 0 : fuzz_pick(&q, COUNT(places))];
        enum form form = k < 2 ? (k ? SUM32 : SUM64) : (enum form)fuzz_pick(&q, FORMS);
        enum win_warmth warmth = k < 2 || fuzz_one_in(&q, 2) ? WIN_WRITTEN : (enum win_warmth)fuzz_pick(&q, 2);
        if (!g->acc[point].op || (g->acc[point].how & JOINED))
            continue;
        win_program(w, warmth);
        build(w, r->event, point, g, form);
        win_state(w, at->base);
        check(w, r->event->name, at->name, g->name, point, (u32)form << 4 | warmth);
    }
}

/* ---- two accesses near the end of a page ---- */

/* 14 pairs a program, each off a base of its own. */
#define PAIRS 14u
static const i8 offsets[2][PAIRS] = { { -33, -32, -31, -17, -16, -15, -9, -8, -7, -5, -4, -3, -2, -1 },
                                      { 0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33 } };
static const i16 distances[] = { -1025, -1024, -40, -33, -32, -31, -17, -16, -15, -9, -8, -7, -5, -4, -3, -2, -1, 0,
                                 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 1000, 1024, 1025 };
static const u8 sizes[6] = { IR_I8, IR_I16, IR_I32, IR_I64, IR_V128, IR_V256 };

static void access_at(struct win *w, u32 k, enum ir_type t, i64 d, bool store)
{
    win_begin(w);
    ir_ref va = win_get(w, IR_I64, k);
    if (d)
        va = ir_op2(&w->b, IR_add, va, win_i64(w, (u64)d));
    (store ? win_store : win_load)(w, t, va, win_mem(t));
    win_end(w);
}

static void edge(struct win *w, u64 boundary, u32 side, u32 types, i64 d, u32 how)
{
    enum ir_type first = (enum ir_type)sizes[types % 6], second = (enum ir_type)sizes[types / 6];
    char what[80];
    win_program(w, WIN_WRITTEN);
    win_state(w, 0);
    for (u32 k = 0; k < PAIRS; k++) {
        access_at(w, k, first, 0, how & 1);
        access_at(w, k, second, d, how & 2);
        store_le64(w->p.state + w->y.fields[w->y.first[IR_I64] + k].offset, boundary + (u64)(i64)offsets[side][k]);
    }
    snprintf(what, sizeof what, "%s %s, %s %s at %d", how & 1 ? "store" : "load", ir_type_name(first),
             how & 2 ? "store" : "load", ir_type_name(second), (int)d);
    check(w, "a page's end", side ? "behind it" : "before it", what, 0, 0);
}

static void test_edges(void **state)
{
    struct win *w = *state;
    for (u32 n = 0; n < 36 * COUNT(distances); n += WIN_STRIDE)
        for (u32 side = 0; side < 2; side++) {
            edge(w, PAGE(RW1), side, n % 36, distances[n / 36], n & 1 ? 0 : 3);
            if (n % 3 == 0)
                edge(w, n & 1 ? PAGE(RO) : PAGE(RW1), side, n % 36, distances[n / 36], n & 2 ? 1 : 2);
        }
}

/* ---- 32-bit sums ---- */

static void test_wrap(void **state)
{
    struct win *w = *state;
    static const i32 bases[] = { -40, -17, -16, -9, -8, -4, -1, 0, 1, 3, 7, 8, 16, 24, 40 };
    for (u32 n = 0; n < COUNT(bases) * COUNT(groups); n += WIN_STRIDE)
        for (u32 form = SUM32; form < FORMS; form++) {
            win_program(w, n % 4 ? WIN_WRITTEN : WIN_READ);
            build(w, &events[0], 0, &groups[n / COUNT(bases)], (enum form)form);
            win_state(w, (u32)bases[n % COUNT(bases)]);
            check(w, "32-bit sums", "at the top", groups[n / COUNT(bases)].name, 0, (u32)bases[n % COUNT(bases)]);
        }
}

/* ---- registers that run out: the window's is taken ---- */

/* One instruction: `live` values that have no place in memory, accesses among them, then all of them needed. */
static void crowd(struct win *w, u32 live, u32 miss, bool down, bool early)
{
    struct ir_block *b = win_begin(w);
    ir_ref v[24], sum = win_get(w, IR_I64, F_VALUE);
    CHECK(live <= COUNT(v));
    for (u32 k = 0; k < 4; k++) {
        if (k == miss)
            win_load(w, IR_I64, event_address(w, TAG(1)), win_mem(IR_I64));
        win_load(w, IR_I64, address(w, SUM64, (down ? -8 : 8) * (i64)k), win_mem(IR_I64));
        for (u32 n = early ? 0 : k * live / 4; n < (early ? k ? 0 : live : (k + 1) * live / 4); n++)
            v[n] = ir_op2(b, IR_xor, w->loaded[0], win_i64(w, n * 0x123456789ull + k));
    }
    for (u32 n = 0; n < live; n++)
        sum = ir_op2(b, IR_mul, ir_op2(b, IR_add, sum, v[n]), v[n]);
    win_keep(w, sum);
    win_end(w);
}

/* Windows are the last to lose their registers: sums of i128 between first accesses and followers. Four bases are
 * looked at together: three, and one for the page that takes the slot of that of base `evict`. */
static void wide(struct win *w, u32 sums, i64 d, u32 evict)
{
    u32 bases = evict < 3 ? 3 : 4;
    for (u32 k = 0; k < bases; k++)
        access_at(w, k, IR_I64, 0, false);
    struct ir_block *b = win_begin(w);
    ir_ref v[8] = { win_get(w, IR_I128, 0), win_get(w, IR_I128, 1) };
    for (u32 k = 2; k < 2 + sums; k++)
        v[k] = ir_op2(b, k & 1 ? IR_add : IR_sub, v[k - 1], v[k - 2]);
    ir_ref all = v[0];
    for (u32 k = 1; k < 2 + sums; k++) /* none of them is over before */
        all = ir_op2(b, IR_xor, all, v[k]);
    win_set(w, IR_I128, 2, all);
    win_end(w);
    if (evict < 3)
        access_at(w, evict, IR_I32, (i64)TAG(1), false);
    for (u32 k = 0; k < bases; k++) {
        access_at(w, k, IR_I128, d, false);
        access_at(w, k, k & 1 ? IR_V128 : IR_I8, 2 * d, false);
    }
}

static void test_wide(void **state)
{
    static const u64 others[3] = { PAGE(RW1) + 0x420, PAGE(ALIAS) + 0x440, PAGE(SPACE) + 0x460 };
    struct win *w = *state;
    for (u32 n = 0; n < 7 * 8 * COUNT(places); n += WIN_STRIDE) {
        const struct place *at = &places[n / 56];
        win_program(w, WIN_WRITTEN);
        wide(w, n % 7, n / 7 & 1 ? 16 : -16, n / 14 & 3);
        win_state(w, at->base);
        for (u32 k = 1; k < 4; k++)
            store_le64(w->p.state + w->y.fields[w->y.first[IR_I64] + k].offset, others[k - 1]);
        u64 before = win_jit(w)->stats.interp_insns;
        check(w, "wide sums", at->name, "loads", 0, n % 56);
        if (n < 56 && WIN_STRIDE == 1)
            assert_int_equal(win_jit(w)->stats.interp_insns, before); /* it was compiled */
    }
}

static void test_crowd(void **state)
{
    struct win *w = *state;
    for (u32 live = 0; live <= 24; live++)
        for (u32 n = live % WIN_STRIDE; n < 5 * 4 * 3; n += WIN_STRIDE) {
            const struct place *at = &places[n % 3 ? n % 3 + 2 : 0];
            win_program(w, WIN_WRITTEN);
            crowd(w, live, n / 3 % 5, n / 15 & 1, n / 30);
            crowd(w, live / 2, 5, n & 1, true);
            win_state(w, at->base);
            check(w, "many values", at->name, "loads", n / 3 % 5, live);
        }
}

/* ---- many bases at once ---- */

static void test_bases(void **state)
{
    struct win *w = *state;
    for (u32 n = 0; n < 400; n += WIN_STRIDE) {
        struct fuzz_rng q = fuzz_seeded(n, 77);
        win_program(w, n % 3 ? WIN_WRITTEN : WIN_READ);
        win_state(w, 0);
        for (u32 k = 0; k < 26; k++) {
            u32 t = sizes[fuzz_pick(&q, 6)], store = fuzz_one_in(&q, 3);
            i64 d = (i64)fuzz_pick(&q, 80) - 40;
            access_at(w, fuzz_pick(&q, n % 7 + 1), (enum ir_type)t, d, store);
        }
        for (u32 k = 0; k < 8; k++) {
            u64 page = fuzz_one_in(&q, 5) ? fuzz_pick(&q, IRF_PAGES) : fuzz_pick(&q, 2);
            u64 off = fuzz_pick(&q, PAGE_SIZE);
            off = fuzz_one_in(&q, 2) ? off : PAGE_SIZE - fuzz_pick(&q, 60);
            store_le64(w->p.state + w->y.fields[w->y.first[IR_I64] + k].offset, IRF_DATA + page * PAGE_SIZE + off);
        }
        check(w, "many bases", "anywhere", "any", 0, n);
    }
}

/* ---- all of them ---- */

#define WIN_MORE 4u

/* Runs the tables and `more` behind them, on w, which it frees. */
static int win_table(struct win *w, const struct CMUnitTest *more, u32 count)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_edges), cmocka_unit_test(test_wrap), cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_wide), cmocka_unit_test(test_bases),
    };
    struct CMUnitTest tests[COUNT(events) + COUNT(others) + WIN_MORE];
    struct row rows[COUNT(events)];
    u32 n = 0;
    CHECK(count <= WIN_MORE);
    for (u32 k = 0; k < COUNT(events); k++) {
        rows[k] = (struct row){ w, &events[k] };
        tests[n++] = (struct CMUnitTest){ events[k].name, run_row, NULL, NULL, &rows[k] };
    }
    for (u32 k = 0; k < COUNT(others) + count; k++) {
        tests[n] = k < COUNT(others) ? others[k] : more[k - COUNT(others)];
        tests[n++].initial_state = w;
    }
    int failed = _cmocka_run_group_tests("windows", tests, n, NULL, NULL);
    win_free(w);
    return failed;
}
