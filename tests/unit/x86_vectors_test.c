/*
 * x86_vectors_test.c - user instructions of every decode row against the host's processor: at least 50 each, in
 * 64-bit, 32-bit and 16-bit code, on the interpreter and the compiling engine.
 *
 * Everything that user code sees is compared: registers, flags, x87 and vector state, memory, the exception, its
 * error code and address. tests/vectors/x86_masks.txt lists the rows that cannot be run on a host, and what the
 * manual leaves open: there the guest has to follow the model of docs/x86.md instead. By hand: ROW is a pattern of
 * rows to run alone, SEED a number for other vectors than those of the suite.
 */
#define _GNU_SOURCE /* names of the registers in ucontext_t */
#include <fnmatch.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/vectors/x86_compare.h"
#include "tests/vectors/x86_guest.h"
#include "tests/vectors/x86_tune.h"

enum { LEAST = 50, SHOWN = 3, TRIES = 60 };

struct run {
    struct xv_guest  guests[2];
    struct xv_masks  masks;
    struct xv_case   c;
    u32              counts[X86_ROW_COUNT], failed[X86_ROW_COUNT];
    u32              shown;  /* of this row */
    u32              wrong_rows, exceptions;
    u8               host_data[XV_LEN], guest_data[XV_LEN];
};

/* ---- one vector ---- */

static bool make_case(struct run *r)
{
    struct xv_case *c = &r->c;
    struct xv_guest *g = &r->guests[0];
    const u64 *features = x86_wiring_of(g->v)->model->features;
    c->seg.based = c->seg.bits == 16 || (c->seg.bits == 32 && r->masks.ldt && one_in(c, 3));
    guest_load_segs(g, &c->seg);
    g->s->cpl = 3;
    if (!gen_code(c, x86_mode(g->v), features))
        return false;
    if (c->seg.bits == 32 && c->insn.adsize == 2 && !c->seg.based)
        return false;
    gen_regs(c);
    gen_data(c);
    c->size = 0;
    if (c->insn.has_mem && !gen_aim(c))
        return false;
    if (c->size)
        gen_operand(c);
    if (!tune(c) || x86_decode(c->code, 15, x86_mode(g->v), features, &c->insn) != X86_OK || c->insn.row != c->row)
        return false;
    if (c->seg.bits != 64)
        for (u32 k = 0; k < 16; k++)
            c->regs.gpr[k] = k < 8 ? (u32)c->regs.gpr[k] : 0;
    return true;
}

static void show(struct run *r, const char *engine, i32 vector, const char *what)
{
    const struct xv_case *c = &r->c;
    char text[96];
    r->failed[c->row - x86_rows]++;
    if (r->shown++ >= SHOWN)
        return;
    x86_insn_text(&c->insn, text, sizeof text);
    printf("%s:", c->row->name);
    for (u32 k = 0; k < c->insn.len; k++)
        printf(" %02x", c->code[k]);
    printf(" (%u bits%s, %s; %s; exception %d): %s\n", c->seg.bits, c->seg.based ? ", based" : "", text, engine,
           vector, what);
}

static bool is_breakpoint(const struct xv_case *c)
{
    return c->row->lift == x86_int3 || (c->row->lift == x86_int_n && c->code[c->insn.len - 1] == 3);
}

static void run_guest(struct run *r, struct xv_guest *g, const struct xv_regs *host)
{
    struct xv_case *c = &r->c;
    struct xv_regs got = c->regs;
    struct xv_text what = { "it came to no end" };
    assert_true(physmap_write(&g->m->map, XV_DATA, c->data, XV_LEN));
    bool ok = guest_run(g, &got, &c->seg, c->code, c->insn.len, is_breakpoint(c));
    assert_true(physmap_read(&g->m->map, XV_DATA, r->guest_data, XV_LEN));
    if (!ok || !xv_same(&r->masks, c, host, &got, r->host_data, r->guest_data, &what))
        show(r, g->name, host->vector, what.text);
}

/* False: there is nothing to compare. */
static bool run_case(struct run *r)
{
    struct xv_case *c = &r->c;
    struct xv_regs host = c->regs;
    memcpy((void *)(uintptr_t)XV_DATA, c->data, XV_LEN);
    native_run(&host, &c->seg, c->code, c->insn.len, is_breakpoint(c));
    memcpy(r->host_data, (void *)(uintptr_t)XV_DATA, XV_LEN);
    if (!xv_counts(&r->masks, c, &host))
        return false;
    r->exceptions += host.vector >= 0;
    for (u32 k = 0; k < COUNT(r->guests); k++)
        run_guest(r, &r->guests[k], &host);
    return true;
}

/* ---- all of them ---- */

/* Why the row has no vectors, or NULL. */
static const char *not_run(const struct run *r, const struct x86_row *row)
{
    if (!native_has(row->feature))
        return "the host lacks it";
    return xv_masks_not_run(&r->masks, row->name);
}

static void run_row(struct run *r, u32 n, u32 bits, u32 vectors)
{
    struct xv_case *c = &r->c;
    c->row = &x86_rows[n];
    c->rng = 0x9e3779b97f4a7c15ull * (n + 1) + bits + (getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) << 32 : 0);
    c->seg.bits = bits;
    for (u32 k = 0; k < COUNT(r->guests); k++)
        guest_set_mode(&r->guests[k], bits == 64 ? 64 : 32);
    for (u32 tries = vectors * TRIES, made = 0; tries && made < vectors; tries--) {
        if (!make_case(r) || !run_case(r))
            continue;
        made++;
        r->counts[n]++;
    }
}

static void check_row(struct run *r, u32 n)
{
    static const u32 modes[] = { 64, 32, 16 };
    const struct x86_row *row = &x86_rows[n];
    const char *why = not_run(r, row), *only = getenv("ROW");
    if (only && fnmatch(only, row->name, 0))
        return;
    if (why) {
        printf("%s is not run: %s\n", row->name, why);
        return;
    }
    r->shown = 0;
    for (u32 k = 0; k < COUNT(modes); k++)
        if (modes[k] != 16 || r->masks.ldt)
            run_row(r, n, modes[k], modes[k] == 64 ? LEAST : row->attr & X86_I64 ? LEAST : LEAST / 2);
    if (r->failed[n] || r->counts[n] < LEAST) {
        printf("%s: %u of %u vectors differ\n", row->name, r->failed[n], r->counts[n]);
        r->wrong_rows++;
    }
}

static void test_all(void **state)
{
    struct run *r = *state;
    native_catch();
    for (u32 n = 0; n < X86_ROW_COUNT; n++)
        check_row(r, n);
    u32 vectors = 0, rows = 0;
    for (u32 n = 0; n < X86_ROW_COUNT; n++) {
        vectors += r->counts[n];
        rows += r->counts[n] >= LEAST;
    }
    printf("%u vectors of %u rows out of %u, %u of them end in exceptions; %u rows differ\n", vectors, rows,
           X86_ROW_COUNT, r->exceptions, r->wrong_rows);
    assert_int_equal(r->wrong_rows, 0);
}

/* No rule for rows that are gone. */
static void test_masks(void **state)
{
    const struct run *r = *state;
    for (u32 k = 0; k < r->masks.count; k++) {
        u32 n = 0;
        while (n < X86_ROW_COUNT && fnmatch(r->masks.rules[k].pattern, x86_rows[n].name, 0))
            n++;
        if (n == X86_ROW_COUNT)
            fail_msg("no row is called %s", r->masks.rules[k].pattern);
    }
}

int main(void)
{
    static struct run r;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_masks, &r), cmocka_unit_test_prestate(test_all, &r),
    };
    const char *why = native_init();
    if (why) {
        printf("skipped: %s\n", why);
        return 77;
    }
    r.c.fs = NATIVE.has_fsgsbase;
    r.masks.ldt = native_init_ldt();
    if (!r.masks.ldt)
        printf("16-bit code is not run: the kernel has no modify_ldt\n");
    if (!guest_init(&r.guests[0], &interp_engine) || !guest_init(&r.guests[1], &baseline_engine)
        || !xv_masks_load(&r.masks, "tests/vectors/x86_masks.txt"))
        return 1;
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    machine_free(r.guests[0].m);
    machine_free(r.guests[1].m);
    return result;
}
