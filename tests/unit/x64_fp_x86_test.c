/*
 * x64_fp_x86_test.c - the FP emitters of backend/jit/x64 for guests whose FP is x86's, one row at a time, against
 * ir_eval(): result and all sticky flags, in every rounding mode, with denormals flushed and not. No row may have
 * cold code. What has no host instruction must be left to the reference. MXCSR of such guests.
 */
#ifdef __x86_64__
#include <stdlib.h>

#include "tests/unit/x64_fp_operands.h"
#include "tests/unit/x64_fp_rig.h"

/* ---- runs ---- */

#define MODES 16u
static u32 mode(u32 k)
{
    return FP_X86 | (k & 3) | (k & 4 ? FP_DAZ : 0) | (k & 8 ? FP_FTZ : 0);
}

/* For all triples. */
static const u64 few_f32[] = { 0, 1, 0x80000001, 0x807fffff, 0x00800000, 0x3f800000, 0xbf7fffff, 0x7f7fffff,
                               0x7f800000, 0xff800000, 0x7f800001, 0xffa00002, 0x7fc00003, 0xffc00004 };
static const u64 few_f64[] = { 0, 1, 0x8000000000000001, 0x800fffffffffffff, 0x0010000000000000, 0x3ff0000000000000,
                               0xbfefffffffffffff, 0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
                               0x7ff0000000000001, 0xfff4000000000002, 0x7ff8000000000003, 0xfff8000000000004 };
_Static_assert(COUNT(few_f32) == COUNT(few_f64), "corners");

static void run_triples(struct rig *g, u32 ctl)
{
    const u64 *few = g->in->src == IR_F32 ? few_f32 : few_f64;
    const u32 n = COUNT(few_f32);
    union ir_val v[3] = { { .q = { 0, 0 } } };
    for (u32 k = 0; k < n * n * n; k++) {
        v[0].d[0] = few[k % n];
        v[1].d[0] = few[k / n % n];
        v[2].d[0] = few[k / n / n];
        run(g, v, ctl);
    }
}

/* Scalars with `all`: the grid, or all pairs of it. Always: random picks of the grid and elsewhere. */
static void run_mode(struct rig *g, u32 ctl, bool all)
{
    u32 t = g->in->src, lane = g->in->lane, n = ir_is_vec((enum ir_type)t) || !all ? 0 : grid_size(t);
    union ir_val v[3] = { { .q = { 0, 0 } } };
    bool pairs = g->args == 2 && g->in->arg[1];
    if (g->in->op == IR_vfcvtl)
        lane = lane == IR_F64 ? IR_F32 : IR_F16;
    for (u32 k = 0; g->args < 3 && k < (pairs ? n * n : n); k++) {
        v[0].d[0] = grid_value(t, k % n);
        v[1].d[0] = grid_value(t, k / n);
        run(g, v, ctl);
    }
    if (g->args == 3 && n)
        run_triples(g, ctl);
    for (u32 k = 0; k < 2000; k++) {
        for (u32 j = 0; j < g->args; j++)
            v[j] = operand(t, lane, some_value);
        run(g, v, ctl);
    }
}

/* ---- the rows ---- */

static u32 features[2]; /* of this host; without AVX and what comes with it */

static void check_compiled(struct ir_ins row, u32 with, bool same, u32 turn)
{
    set_row(&rig, row, same);
    if (!compile(&rig, with, true, turn))
        complain(&rig, (union ir_val[3]){ { .q = { 0, 0 } } }, 0, "left to the reference");
    assert_int_equal(rig.x.colds, 0);
    for (u32 m = 0; m < MODES; m++)
        run_mode(&rig, mode(m), same || !turn);
}

static void check_evaluated(struct ir_ins row, u32 with)
{
    set_row(&rig, row, false);
    if (compile(&rig, with, true, 0))
        complain(&rig, (union ir_val[3]){ { .q = { 0, 0 } } }, 0, "not left to the reference");
}

/* Everywhere; with a register of its own for the result or an operand's, with operands that are the same. */
static void check_row(struct ir_ins row, u32 needs)
{
    for (u32 k = 0; k < COUNT(features); k++) {
        if ((features[k] & needs) != needs) {
            check_evaluated(row, features[k]);
            continue;
        }
        check_compiled(row, features[k], false, 0);
        check_compiled(row, features[k], false, 1);
        if (ir_rows[row.op].args > 1)
            check_compiled(row, features[k], true, 1);
    }
}

static const struct { u8 type, lane; } shapes[] = {
    { IR_F32, IR_VOID }, { IR_F64, IR_VOID }, { IR_V128, IR_F32 },
    { IR_V128, IR_F64 }, { IR_V256, IR_F32 }, { IR_V256, IR_F64 },
};

static struct ir_ins shaped(enum ir_op op, u32 k)
{
    u32 type = ir_rows[op].result == RES_B && shapes[k].lane == IR_VOID ? IR_I1 : shapes[k].type;
    return (struct ir_ins){ .op = (u16)op, .type = (u8)type, .src = shapes[k].type, .lane = shapes[k].lane };
}

static void check_shapes(enum ir_op op, u32 needs)
{
    for (u32 k = 0; k < COUNT(shapes); k++)
        check_row(shaped(op, k), needs);
}

static void test_arithmetic(void **state)
{
    (void)state;
    static const u16 ops[] = { IR_fadd, IR_fsub, IR_fmul, IR_fdiv, IR_fsqrt, IR_fmin, IR_fmax, IR_fabs, IR_fneg };
    for (u32 k = 0; k < COUNT(ops); k++)
        check_shapes((enum ir_op)ops[k], 0);
    check_shapes(IR_fma, XF_FMA);
}

static void test_comparison(void **state)
{
    (void)state;
    static const u16 ops[] = { IR_fcmeq, IR_fcmge, IR_fcmgt, IR_facge, IR_facgt };
    for (u32 k = 0; k < COUNT(ops); k++)
        check_shapes((enum ir_op)ops[k], 0);
    for (u32 k = 0; k < 4; k++)
        check_row((struct ir_ins){ .op = IR_fcmp, .type = IR_I8, .src = k & 1 ? IR_F32 : IR_F64, .flag = k >> 1 }, 0);
}

static void test_round(void **state)
{
    (void)state;
    static const u8 roundings[] = { FP_RNE, FP_RP, FP_RM, FP_RZ, 7 };
    for (u32 k = 0; k < 2 * COUNT(roundings); k++)
        for (u32 j = 0; j < COUNT(shapes); j++) {
            struct ir_ins row = shaped(IR_frint, j);
            row.flag = k & 1;
            row.imm = roundings[k / 2];
            check_row(row, 0);
        }
}

static void test_formats(void **state)
{
    (void)state;
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F64, .src = IR_F32 }, 0);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F32, .src = IR_F64 }, 0);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F32, .src = IR_F16 }, XF_F16C);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F64, .src = IR_F16 }, XF_F16C);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F16, .src = IR_F32 }, XF_F16C);
    for (u32 k = 0; k < 8; k++) {
        u8 lane = k & 1 ? IR_F64 : IR_F32, type = k & 2 ? IR_V256 : IR_V128;
        struct ir_ins row = { .op = IR_vfcvtl, .type = type, .src = type, .lane = lane, .imm = k >> 2 };
        check_row(row, lane == IR_F32 ? XF_F16C : 0);
        row.op = IR_vfcvtn;
        row.imm = 0;
        check_row(row, lane == IR_F32 ? XF_F16C : 0);
    }
}

static void test_to_int(void **state)
{
    (void)state;
    for (u32 k = 0; k < 8; k++)
        check_row((struct ir_ins){ .op = IR_ftosx, .type = k & 1 ? IR_I64 : IR_I32, .src = k & 2 ? IR_F64 : IR_F32,
                                   .imm = k & 4 ? FP_RZ : 7 }, 0);
    for (u32 k = 2; k < 2 * COUNT(shapes); k++)
        if (shapes[k / 2].lane != IR_VOID) {
            struct ir_ins row = shaped(IR_ftosx, k / 2);
            row.imm = k & 1 ? FP_RZ : 7;
            check_row(row, 0);
        }
}

static void test_from_int(void **state)
{
    (void)state;
    static const struct { u8 type, src, lane; } s[] = {
        { IR_F32, IR_I32, IR_VOID },  { IR_F64, IR_I32, IR_VOID },  { IR_F32, IR_I64, IR_VOID },
        { IR_F64, IR_I64, IR_VOID },  { IR_V128, IR_V128, IR_I32 }, { IR_V128, IR_V128, IR_I64 },
        { IR_V256, IR_V256, IR_I32 }, { IR_V256, IR_V256, IR_I64 },
    };
    for (u32 k = 0; k < COUNT(s); k++)
        for (u32 j = 0; j < 4; j++)
            check_row((struct ir_ins){ .op = j & 1 ? IR_utof : IR_stof, .type = s[k].type, .src = s[k].src,
                                       .lane = s[k].lane, .imm = 7 | (j & 2 ? 32u << 3 : 0) }, 0);
}

/* Arm's own rows, and where the host's way would raise DE. */
static void test_evaluated(void **state)
{
    (void)state;
    static const u16 arm[] = { IR_fminnm, IR_fmaxnm, IR_fmulx,   IR_frecps,
                               IR_frsqrts, IR_frecpe, IR_frsqrte, IR_frecpx };
    struct ir_ins row;
    for (u32 j = 0; j < COUNT(shapes); j++) {
        for (u32 k = 0; k < COUNT(arm); k++)
            check_evaluated(shaped((enum ir_op)arm[k], j), features[0]);
        row = shaped(IR_frint, j);
        row.imm = FP_RNA;
        check_evaluated(row, features[0]);
        for (u32 k = 0; k < 6; k++) {
            row = shaped(k & 1 ? IR_ftos : IR_ftou, j);
            row.type = row.lane == IR_VOID ? IR_I64 : row.type;
            row.imm = k < 2 ? FP_RZ : k < 4 ? 7 : FP_RZ | 16 << 3;
            check_evaluated(row, features[0]);
        }
    }
    check_evaluated((struct ir_ins){ .op = IR_ftosx, .type = IR_I32, .src = IR_F64, .imm = FP_RP }, features[0]);
    check_evaluated((struct ir_ins){ .op = IR_ftosx, .type = IR_I16, .src = IR_F64, .imm = FP_RZ }, features[0]);
    check_evaluated((struct ir_ins){ .op = IR_fcvt, .type = IR_F16, .src = IR_F64 }, features[0]);
    check_evaluated((struct ir_ins){ .op = IR_fadd, .type = IR_F80, .src = IR_F80 }, features[0]);
}

/* Exceptions unmasked: nothing runs on the host. */
static void test_special(void **state)
{
    (void)state;
    static const u16 ops[] = { IR_fadd, IR_fma, IR_fmin, IR_fcmgt, IR_fsqrt, IR_frint };
    for (u32 k = 0; k < COUNT(ops); k++) {
        set_row(&rig, shaped((enum ir_op)ops[k], 0), false);
        assert_false(compile(&rig, features[0], false, 0));
    }
}

/* ---- MXCSR ---- */

static void check_mxcsr(struct jit *j, u32 ctl, u32 want, u32 all_flags)
{
    u32 host = x64_fp_host();
    *j->env = (struct fp_env){ ctl, 0 };
    x64_fp_load(j);
    u32 got = x64_fp_host();
    x64_fp_host_restore(got | 0x3f);
    x64_fp_merge(j);
    u32 after = x64_fp_host();
    x64_fp_host_restore(host);
    assert_int_equal(got, want);
    assert_int_equal(j->ctx->mxcsr, want);
    assert_int_equal(after, want);
    assert_int_equal(j->env->flags, all_flags);
}

static void test_mxcsr(void **state)
{
    (void)state;
    const u32 all = FP_IOC | FP_DZC | FP_OFC | FP_UFC | FP_IXC;
    struct fp_env env;
    struct guest guest = { .fp_x86 = true };
    struct vcpu v = { .guest = &guest };
    struct jit j = { .v = &v, .env = &env, .ctx = calloc(1, sizeof(struct jit_ctx)) };
    assert_non_null(j.ctx);
    for (u32 m = 0; m < MODES; m++)
        check_mxcsr(&j, mode(m), mxcsr_of(mode(m)), all | FP_DE);
    check_mxcsr(&j, FP_X86 | FP_DAZ | FP_FTZ | FP_RP, 0xdfc0, all | FP_DE);
    guest.fp_x86 = false;
    check_mxcsr(&j, FP_ARM_FZ | FP_RM, 0x3f80, all);
    free(j.ctx);
}

static int set_up(void **state)
{
    (void)state;
    rng_state = 0x9e3779b97f4a7c15;
    if (!rig_init(&rig))
        return -1;
    rig.x86 = true;
    features[0] = xa_host_features();
    features[1] = features[0] & ~(u32)(XF_AVX | XF_FMA | XF_AVX2 | XF_F16C);
    return features[0] & XF_BASE ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    printf("%u executions\n", rig.executed);
    return munmap(rig.x.mem, sizeof(struct pages));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_comparison), cmocka_unit_test(test_round),
        cmocka_unit_test(test_formats),    cmocka_unit_test(test_to_int),     cmocka_unit_test(test_from_int),
        cmocka_unit_test(test_evaluated),  cmocka_unit_test(test_special),    cmocka_unit_test(test_mxcsr),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
#else
#include <stdio.h>
int main(void)
{
    puts("needs an x86-64 host");
    return 77;
}
#endif
