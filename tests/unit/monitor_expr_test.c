/* monitor_expr_test.c - the monitor's numbers: arithmetic, registers of both ISAs, and what is refused how. */
#include "tests/unit/pc_rig.h"

#include "app/monitor_cmd.h"
#include "frontend/arm/cpu.h"

static const struct { const char *text; u64 val; } good[] = {
    { "0", 0 }, { " 12 ", 12 }, { "0x10", 16 }, { "010", 8 }, { "0xffffffffffffffff", ~0ull }, { "1+2*3", 7 },
    { "(1+2)*3", 9 }, { "7-2-1", 4 }, { "100/7%4", 2 }, { "-1", ~0ull }, { "~0", ~0ull }, { "- - 5", 5 },
    { "0xf0|0x0f&3", 3 }, { "6^3", 5 }, { "'a'", 97 }, { "' '+1", 33 }, { "1 + 2", 3 },
};
static const struct { const char *text, *say; } bad[] = {
    { "", "a number is missing" }, { "  ", "missing" }, { "1+", "missing" }, { "x", "not 'x'" }, { "1 2",
                                                                                                   "what is '2'" },
    { "12z", "'12z' is not a number" }, { "0x", "is not a number" }, { "1.5", "is not a number" },
    { "0x10000000000000000", "more than 64 bits" }, { "(1", "')' is missing" }, { "1)", "what is ')'" },
    { "1/0", "division by zero" }, { "1%(2-2)", "division by zero" }, { "$", "no register '$'" },
    { "$nothing", "no register '$nothing'" }, { "''", "a number is wanted" }, { "\xff", "a number is wanted" },
};

static struct machine *machine_of(struct options *o, struct setup *s, int argc, const char **args)
{
    struct err e;
    options_init(o, "virt", NULL);
    if (!options_parse(o, argc, (char **)args, &e) || !options_finish(o, &e) || !setup_open(s, o, &e))
        fail_msg("%s", e.msg);
    s->engine = &interp_engine;
    if (!setup_build(s, &e))
        fail_msg("%s", e.msg);
    return s->m;
}

struct fix {
    struct options o[2];
    struct setup   s[2];
    struct vcpu   *pc, *arm;
};
static struct memory_file bios;

static int start(void **state)
{
    static const u8 image[65536];
    struct fix *f = calloc(1, sizeof *f);
    file_make(&bios);
    file_put(&bios, image, sizeof image);
    const char *pc[] = { "-M", "pc", "-vga", "none", "-bios", bios.path }, *arm[] = { "-bios", bios.path };
    f->pc = machine_of(&f->o[0], &f->s[0], 6, pc)->cpus[0];
    f->arm = machine_of(&f->o[1], &f->s[1], 2, arm)->cpus[0];
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    for (u32 i = 0; i < 2; i++) {
        setup_close(&f->s[i]);
        options_free(&f->o[i]);
    }
    close(bios.fd);
    free(f);
    return 0;
}

static u64 eval(struct vcpu *v, const char *text)
{
    struct err e;
    u64 val = 0;
    if (!monitor_eval(v, text, &val, &e))
        fail_msg("'%s': %s", text, e.msg);
    return val;
}

static void test_numbers(void **state)
{
    struct fix *f = *state;
    for (u32 i = 0; i < COUNT(good); i++)
        if (eval(f->arm, good[i].text) != good[i].val)
            fail_msg("'%s' is %#llx", good[i].text, (unsigned long long)eval(f->arm, good[i].text));
}

static void test_refused(void **state)
{
    struct fix *f = *state;
    for (u32 i = 0; i < COUNT(bad); i++) {
        struct err e = { "" };
        u64 val;
        if (monitor_eval(f->pc, bad[i].text, &val, &e) || !strstr(e.msg, bad[i].say))
            fail_msg("'%s': '%s', not '%s'", bad[i].text, e.msg, bad[i].say);
    }
}

static void test_depth(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 val;
    char deep[2001];
    for (const char *open = "(-~"; *open; open++) {
        memset(deep, *open, 2000);
        deep[2000] = 0;
        assert_false(monitor_eval(f->pc, deep, &val, &e));
        assert_non_null(strstr(e.msg, "deep"));
    }
    assert_int_equal(eval(f->pc, "((((((((((1))))))))))"), 1);
}

static void test_registers(void **state)
{
    struct fix *f = *state;
    struct x86_state *x = f->pc->state;
    struct a64_state *a = f->arm->state;
    x->gpr[X86_RAX] = 0x123456789abcdef0;
    x->gpr[12] = 12;
    x->cr3 = 0x5000;
    f->arm->s.pc = 0x40001000;
    a->x[30] = 0xffff800000000001;
    a->sp = 77;
    assert_int_equal(eval(f->pc, "$rax"), 0x123456789abcdef0);
    assert_int_equal(eval(f->pc, "$eax"), 0x9abcdef0);
    assert_int_equal(eval(f->pc, "$r12*2"), 24);
    assert_int_equal(eval(f->pc, "$cr3"), 0x5000);
    assert_int_equal(eval(f->pc, "$eip"), 0xfff0);
    assert_int_equal(eval(f->pc, "$pc"), 0xfffffff0);
    assert_int_equal(eval(f->pc, "$cs"), 0xf000);
    assert_int_equal(eval(f->pc, "$eflags"), 2);
    assert_int_equal(eval(f->arm, "$pc+4"), 0x40001004);
    assert_int_equal(eval(f->arm, "$x30"), 0xffff800000000001);
    assert_int_equal(eval(f->arm, "$sp"), 77);
    u64 val;
    assert_false(monitor_register(f->arm, "eax", 3, &val));
    assert_false(monitor_register(f->arm, "rip", 3, &val));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_refused), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_registers),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
