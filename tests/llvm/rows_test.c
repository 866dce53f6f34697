/*
 * rows_test.c - every value row of ops.def with every type it has, through the LLVM tier, against ir_eval():
 * results and sticky flags, in every rounding mode, for guests of either kind of FP, with this host's features and
 * with fewer.
 *
 *     test-llvm-rows [PATTERN...]     rows by name, as in the shell; with MYNAH_FULL=1 twenty times the operands
 *
 * MYNAH_ROWS_IR=1 prints modules, MYNAH_ROWS_OBJECT=FILE keeps the last object (llvm-objdump -d FILE).
 */
#include "tests/llvm/rows_rig.h"
#include "tests/unit/fp_grid.h"
#include <fnmatch.h>

#define VARIANTS 24u /* of immediate and flag */

static struct {
    struct rig        rig;
    struct irf_layout layout;
    struct irf_forms  forms;
    struct fuzz_rng   rng;
    struct ir_block   block; /* for the verifier */
    char            **patterns;
    u32               runs;
    bool              few; /* features: and fewer functions of FP rows */
} t;

/* ---- operands ---- */

static u64 some_float(enum ir_type type)
{
    u32 bits = ir_bits(type), k = fuzz_pick(&t.rng, 48);
    if (type == IR_F16 || fuzz_one_in(&t.rng, 2))
        return fuzz_float(&t.rng, bits);
    u64 v = type == IR_F32 ? grid_f32[k % COUNT(grid_f32)] : grid_f64[k % COUNT(grid_f64)];
    return v | (fuzz_next(&t.rng) >> 63) << (bits - 1);
}

static u64 some_scalar(enum ir_type type)
{
    return ir_is_float(type) ? some_float(type) : fuzz_int(&t.rng, MIN(ir_bits(type), 64u));
}

static void some_lanes(enum ir_type lane, union ir_val *v)
{
    u32 bits = ir_bits(lane);
    for (u32 k = 0; k < 256 / bits; k++)
        ir_lane_set(v, bits, k, some_scalar(lane));
}

static union ir_val some_operand(const struct rig_fn *f, enum ir_type type)
{
    union ir_val v = { .q = { 0, 0 } };
    enum ir_type lane = (enum ir_type)f->in.lane;
    if (f->in.op == IR_vfcvtl)
        lane = lane == IR_F64 ? IR_F32 : IR_F16;
    if (ir_is_vec(type)) {
        if (lane == IR_VOID || fuzz_one_in(&t.rng, 4)) {
            fuzz_vector(&t.rng, v.d);
            fuzz_vector(&t.rng, v.d + 2);
        } else {
            some_lanes(lane, &v);
        }
        if (type == IR_V128)
            v.q[1] = 0;
    } else if (type == IR_F80) {
        struct m80_value g = grid_f80[fuzz_pick(&t.rng, COUNT(grid_f80))];
        v.d[0] = g.sig;
        v.d[1] = g.se ^ (fuzz_one_in(&t.rng, 2) ? 0x8000 : 0);
    } else {
        v.d[0] = some_scalar(type);
        v.d[1] = type == IR_I128 ? fuzz_int(&t.rng, 64) : 0;
    }
    return v;
}

/* ---- functions of a form ---- */

static bool wanted(enum ir_op op)
{
    for (char **p = t.patterns; *p; p++)
        if (!fnmatch(*p, ir_rows[op].name, 0))
            return true;
    return !*t.patterns;
}

static bool allowed(const struct rig_fn *f)
{
    struct ir_ins in = f->in;
    struct err e;
    ir_begin(&t.block, &t.layout.l);
    ir_insn(&t.block, 0, 4);
    for (u32 k = 0; k < f->args; k++)
        in.arg[k] = ir_get(&t.block, t.layout.first[f->operand[k]]);
    return ir_verify_types(&t.block, ir_emit(&t.block, in), &e);
}

static bool same_operands(const struct rig_fn *f)
{
    for (u32 k = 1; k < f->args; k++)
        if (f->operand[k] != f->operand[0])
            return false;
    return f->args > 1;
}

static void test_functions(u32 modes, u32 mode(u32));

struct kind { /* of FP */
    bool x86;
    u32  modes;
    u32 (*mode)(u32);
};

static void add_function(const struct kind *k, const struct rig_fn *f)
{
    struct rig *g = &t.rig;
    g->fn[g->count++] = *f;
    if (g->count == RIG_FNS)
        test_functions(k->modes, k->mode);
}

static void add_ways(const struct kind *k, struct rig_fn f)
{
    add_function(k, &f);
    if (f.args < 2 || (t.few && ir_rows[f.in.op].effects & IR_FP))
        return;
    if (f.operand[f.args - 1] != IR_V256) {
        f.way = RIG_CONST;
        f.konst = some_operand(&f, (enum ir_type)f.operand[f.args - 1]);
        add_function(k, &f);
    }
    f.way = RIG_SAME;
    for (u32 n = 0; n < f.args; n++)
        f.in.arg[n] = 0;
    if (same_operands(&f))
        add_function(k, &f);
}

/* Every immediate and flag that chance comes upon, which is all where there are few. */
static void add_form(const struct kind *k, const struct irf_form *form)
{
    u32 count = 0;
    struct rig_fn f = { .x86 = k->x86, .args = ir_rows[form->op].args }, seen[VARIANTS];
    f.in = (struct ir_ins){ .op = form->op, .type = form->type, .src = form->operand[0], .lane = form->lane };
    for (u32 n = 0; n < 4; n++) {
        f.operand[n] = form->operand[n];
        f.in.arg[n] = n < f.args ? (ir_ref)n : IR_NONE;
    }
    for (u32 n = 0; n < 8 * VARIANTS && count < VARIANTS; n++) {
        bool known = false;
        irf_random_imm(&t.rng, &f.in);
        for (u32 j = 0; j < count; j++)
            known |= seen[j].in.imm == f.in.imm && seen[j].in.flag == f.in.flag;
        if (known || !allowed(&f))
            continue;
        seen[count++] = f;
        add_ways(k, f);
    }
    assert_true(count);
}

/* ---- runs ---- */

static void test_functions(u32 modes, u32 mode(u32))
{
    struct rig *g = &t.rig;
    if (!g->count)
        return;
    rig_compile(g);
    for (u32 n = 0; n < g->count; n++)
        for (u32 k = 0; k < t.runs; k++) {
            const struct rig_fn *f = &g->fn[n];
            union ir_val v[4] = { { .q = { 0, 0 } } };
            for (u32 j = 0; j < f->args; j++)
                v[j] = some_operand(f, (enum ir_type)f->operand[j]);
            if (!rig_run(g, f, v, mode(k % modes)))
                break;
        }
    g->count = 0;
}

static void report_referred(bool fp)
{
    const struct rig *g = &t.rig;
    for (u32 op = 0; op < IR_OP_COUNT; op++)
        if (g->by_reference[op] && !(ir_rows[op].effects & IR_FP) == !fp)
            printf("  by reference: %s, %llu %%\n", ir_rows[op].name,
                   (unsigned long long)((100 * g->by_reference[op] + g->ran[op] - 1) / g->ran[op]));
}

static void test_forms(const struct kind *k, bool fp)
{
    struct rig *g = &t.rig;
    u32 first = fp ? t.forms.pure : 0, end = fp ? t.forms.count : t.forms.pure;
    g->failures = g->count = 0;
    g->features = xa_host_features();
    memset(g->ran, 0, sizeof g->ran);
    memset(g->by_reference, 0, sizeof g->by_reference);
    for (u32 n = first; n < end; n++) {
        enum ir_op op = (enum ir_op)t.forms.form[n].op;
        if (wanted(op))
            add_form(k, &t.forms.form[n]);
    }
    test_functions(k->modes, k->mode);
    report_referred(fp);
    printf("%llu functions, %llu bytes, %llu executions\n", (unsigned long long)g->functions,
           (unsigned long long)g->code_bytes, (unsigned long long)g->executed);
    assert_int_equal(g->failures, 0);
}

static u32 mode_arm(u32 k)
{
    static const u32 modes[] = { FP_RNE, FP_RP, FP_RM, FP_RZ, FP_RNE | FP_DN };
    return modes[k];
}

static u32 mode_x86(u32 k) { return FP_X86 | (k & 3) | (k & 4 ? FP_DAZ : 0) | (k & 8 ? FP_FTZ : 0); }

static const struct kind arm = { false, 5, mode_arm }, x86 = { true, 16, mode_x86 };

static u32 runs(u32 n) { return getenv("MYNAH_FULL") && *getenv("MYNAH_FULL") ? 20 * n : t.few ? n / 2 : n; }

static void test_pure(void **state)
{
    (void)state;
    t.runs = runs(300);
    test_forms(&arm, false);
}

static void test_fp_arm(void **state)
{
    (void)state;
    t.runs = runs(1000);
    test_forms(&arm, true);
}

static void test_fp_x86(void **state)
{
    (void)state;
    t.runs = runs(1000);
    test_forms(&x86, true);
}

/* ---- with fewer features ---- */

static int no_avx(void **state)
{
    (void)state;
    t.few = true;
    return setenv("MYNAH_HOST", "-avx,-bmi1,-bmi2,-lzcnt,-movbe,-aes,-clmul,-sha,-gfni", 1);
}

static int no_avx2(void **state)
{
    (void)state;
    t.few = true;
    return setenv("MYNAH_HOST", "-avx2,-fma,-gfni", 1);
}

static int all_features(void **state)
{
    (void)state;
    t.few = false;
    return unsetenv("MYNAH_HOST");
}

/* ---- set-up ---- */

static void make_layout(struct irf_layout *y)
{
    u32 at = 0, n = 0;
    for (enum ir_type type = IR_I1; type < IR_TYPE_COUNT; type++, n++) {
        y->first[type] = (u16)n;
        y->count[type] = 1;
        y->fields[n] = (struct ir_field){ ir_type_name(type), (u8)type, at };
        at += 32;
    }
    y->l = (struct ir_layout){ .name = "rows", .fields = y->fields, .field_count = (u16)n, .state_size = at,
                               .fp_env = ~0u };
}

static int set_up(void **state)
{
    (void)state;
    if (!rig_init(&t.rig))
        return -1;
    t.rng = fuzz_seeded(1, 1);
    make_layout(&t.layout);
    irf_forms_init(&t.forms, &t.layout);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_done(&t.rig);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure),
        cmocka_unit_test(test_fp_arm),
        cmocka_unit_test(test_fp_x86),
        cmocka_unit_test_setup_teardown(test_pure, no_avx, all_features),
        cmocka_unit_test_setup_teardown(test_fp_arm, no_avx, all_features),
        cmocka_unit_test_setup_teardown(test_fp_x86, no_avx, all_features),
        cmocka_unit_test_setup_teardown(test_pure, no_avx2, all_features),
        cmocka_unit_test_setup_teardown(test_fp_arm, no_avx2, all_features),
        cmocka_unit_test_setup_teardown(test_fp_x86, no_avx2, all_features),
    };
    (void)argc;
    t.patterns = argv + 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
