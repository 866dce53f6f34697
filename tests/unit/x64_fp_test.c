/*
 * x64_fp_test.c - the FP emitters of backend/jit/x64, one row at a time, against ir_eval(): result, sticky flags, and
 * what must not be touched.
 *
 * Cold code only says that it was reached (x64_fp_rig.h). What is left to it is right by definition, as long as the
 * operands are still there and the host has raised nothing that the reference does not; so everyday operands must
 * never get there.
 */
#ifdef __x86_64__
#include "tests/unit/x64_fp_operands.h"
#include "tests/unit/x64_fp_rig.h"

/* ---- runs ---- */

static const u32 modes[] = { FP_RNE, FP_RP, FP_RM, FP_RZ, FP_RNE | FP_DN };

/* All of the grid, or of two operands all pairs; then at random. */
static void run_grid(struct rig *g)
{
    u32 t = g->in->src, n = ir_is_vec((enum ir_type)t) ? 0 : grid_size(t), lane = g->in->lane;
    union ir_val v[3] = { { .q = { 0, 0 } } };
    if (g->in->op == IR_vfcvtl)
        lane = lane == IR_F64 ? IR_F32 : IR_F16;
    for (u32 m = 0; m < COUNT(modes); m++) {
        for (u32 j = 0; j < n; j++)
            for (u32 k = 0; k < (g->args == 2 && g->in->arg[1] ? n : 1); k++) {
                v[0].d[0] = grid_value(t, j);
                v[1].d[0] = grid_value(t, k);
                v[2].d[0] = some_value(t);
                run(g, v, modes[m]);
            }
        for (u32 k = 0; k < (g->args == 3 ? 20000 : 3000); k++) {
            for (u32 j = 0; j < g->args; j++)
                v[j] = operand(t, lane, some_value);
            run(g, v, modes[m]);
        }
    }
}

/* What programs compute with: never cold. */
static u64 everyday(u32 type)
{
    static const u32 f32[] = { 0x3f800000, 0x40490fdb, 0xbf000000, 0x42c80000, 0xc1a80000, 0x3dcccccd };
    static const u64 f64[] = { 0x3ff0000000000000, 0x400921fb54442d18, 0xbfe0000000000000, 0x4059000000000000,
                               0xc035000000000000, 0x3fb999999999999a };
    static const u16 f16[] = { 0x3c00, 0x4248, 0xb800, 0x5640, 0xcd40, 0x2e66 };
    u32 k = (u32)(rng() % 6);
    return type == IR_F32 ? f32[k] : type == IR_F64 ? f64[k] : type == IR_F16 ? f16[k] : rng() & 0xffffff;
}

static u64 everyday_positive(u32 type)
{
    u64 v = everyday(type);
    return ir_is_float((enum ir_type)type) ? v & ~(1ull << (ir_bits((enum ir_type)type) - 1)) : v;
}

/* To fixed point: lanes as many powers of two smaller as there are fraction bits, so that all fit. */
static void shift_down(const struct ir_ins *in, union ir_val *v)
{
    bool is_f64 = (in->lane == IR_VOID ? in->src : in->lane) == IR_F64;
    for (u32 k = 0; k < (in->lane == IR_VOID ? 1u : is_f64 ? 2u : 4u); k++)
        if (is_f64)
            v->d[k] -= (in->imm >> 3) << 52;
        else
            v->w[k] -= (u32)(in->imm >> 3) << 23;
}

static void run_everyday(struct rig *g)
{
    u32 before = g->went_cold, lane = g->in->lane;
    bool positive = g->in->op == IR_fsqrt || g->in->op == IR_ftou;
    union ir_val v[3];
    if (g->in->op == IR_vfcvtl)
        lane = lane == IR_F64 ? IR_F32 : IR_F16;
    for (u32 k = 0; k < 200; k++) {
        for (u32 j = 0; j < g->args; j++)
            v[j] = operand(g->in->src, lane, positive ? everyday_positive : everyday);
        if (g->in->op == IR_ftos || g->in->op == IR_ftou)
            shift_down(g->in, &v[0]);
        run(g, v, modes[k % COUNT(modes)]);
    }
    if (g->went_cold != before)
        complain(g, v, 0, "everyday operands went to cold code");
}

/* ---- the rows ---- */

static u32 features[2]; /* of this host; without AVX and what comes with it */

/* The row everywhere; `left`: features of which one lacks, so that the reference does it. */
static void check_row(struct ir_ins row, u32 needs)
{
    struct rig *g = &rig;
    set_row(g, row, false);
    assert_int_equal(compile(g, features[0], false, 0), row.op == IR_fabs || row.op == IR_fneg);
    for (u32 k = 0; k < COUNT(features); k++) {
        bool here = (features[k] & needs) == needs;
        set_row(g, row, false);
        if (compile(g, features[k], true, k) != here)
            complain(g, (union ir_val[3]){ { .q = { 0, 0 } } }, 0, here ? "left to the reference" : "not left to it");
        if (!here)
            continue;
        run_grid(g);
        run_everyday(g);
        if (g->args == 1)
            continue;
        set_row(g, row, true);
        compile(g, features[k], true, k + 1);
        run_everyday(g);
        run_grid(g);
    }
}

static void check_evaluated(struct ir_ins row)
{
    set_row(&rig, row, false);
    assert_false(compile(&rig, features[0], true, 0));
}

static const struct { u8 type, lane; } shapes[] = {
    { IR_F32, IR_VOID }, { IR_F64, IR_VOID }, { IR_V128, IR_F32 },
    { IR_V128, IR_F64 }, { IR_V256, IR_F32 }, { IR_V256, IR_F64 },
};

static void check_shapes(enum ir_op op, u32 flag, u64 imm, u32 needs)
{
    for (u32 k = 0; k < COUNT(shapes); k++) {
        u32 type = shapes[k].type;
        if (ir_rows[op].result == RES_B && shapes[k].lane == IR_VOID)
            type = IR_I1;
        check_row((struct ir_ins){ .op = (u16)op, .type = (u8)type, .src = shapes[k].type, .lane = shapes[k].lane,
                                   .flag = (u8)flag, .imm = imm }, needs);
    }
}

static void test_arithmetic(void **state)
{
    (void)state;
    static const u16 ops[] = { IR_fadd, IR_fsub, IR_fmul, IR_fdiv, IR_fsqrt, IR_fmulx, IR_fabs, IR_fneg };
    static const u16 fused[] = { IR_fma, IR_frecps, IR_frsqrts };
    for (u32 k = 0; k < COUNT(ops); k++)
        check_shapes((enum ir_op)ops[k], 0, 0, 0);
    for (u32 k = 0; k < COUNT(fused); k++)
        check_shapes((enum ir_op)fused[k], 0, 0, XF_FMA);
}

static void test_comparison(void **state)
{
    (void)state;
    static const u16 ops[] = { IR_fmin, IR_fmax, IR_fminnm, IR_fmaxnm, IR_fcmeq, IR_fcmge, IR_fcmgt, IR_facge,
                               IR_facgt };
    for (u32 k = 0; k < COUNT(ops); k++)
        check_shapes((enum ir_op)ops[k], 0, 0, 0);
    for (u32 k = 0; k < 4; k++)
        check_row((struct ir_ins){ .op = IR_fcmp, .type = IR_I8, .src = k & 1 ? IR_F32 : IR_F64, .flag = k >> 1 }, 0);
}

static const u8 roundings[] = { FP_RNE, FP_RP, FP_RM, FP_RZ, FP_RNA, 7 };

static void test_round(void **state)
{
    (void)state;
    for (u32 k = 0; k < 2 * COUNT(roundings); k++)
        check_shapes(IR_frint, k & 1, roundings[k / 2], 0);
}

static void test_formats(void **state)
{
    (void)state;
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F64, .src = IR_F32 }, 0);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F32, .src = IR_F64 }, 0);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F32, .src = IR_F16 }, XF_F16C);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F64, .src = IR_F16 }, XF_F16C);
    check_row((struct ir_ins){ .op = IR_fcvt, .type = IR_F16, .src = IR_F32 }, XF_F16C);
    for (u32 k = 0; k < 4; k++) {
        u8 lane = k & 1 ? IR_F64 : IR_F32;
        struct ir_ins row = { .op = IR_vfcvtl, .type = IR_V128, .src = IR_V128, .lane = lane, .imm = k >> 1 };
        check_row(row, lane == IR_F32 ? XF_F16C : 0);
        row.op = IR_vfcvtn;
        row.imm = 0;
        check_row(row, lane == IR_F32 ? XF_F16C : 0);
    }
}

static void check_to_int(enum ir_op op, u32 rm, u32 fraction_bits)
{
    for (u32 k = 0; k < 4; k++)
        check_row((struct ir_ins){ .op = (u16)op, .type = k & 1 ? IR_I64 : IR_I32, .src = k & 2 ? IR_F64 : IR_F32,
                                   .imm = rm | fraction_bits << 3 }, 0);
    for (u32 k = 0; k < 2; k++)
        check_row((struct ir_ins){ .op = (u16)op, .type = IR_V128, .src = IR_V128, .lane = k ? IR_F64 : IR_F32,
                                   .imm = rm | fraction_bits << 3 }, 0);
}

static void test_to_int(void **state)
{
    (void)state;
    static const u8 fractions[] = { 0, 1, 16, 32, 64 };
    for (u32 k = 0; k < COUNT(roundings); k++)
        for (u32 j = 0; j < (roundings[k] == FP_RZ || roundings[k] == FP_RNA ? COUNT(fractions) : 1); j++) {
            check_to_int(IR_ftos, roundings[k], fractions[j]);
            check_to_int(IR_ftou, roundings[k], fractions[j]);
        }
    check_to_int(IR_ftosx, FP_RZ, 0);
    check_to_int(IR_ftosx, 7, 0);
}

static void test_from_int(void **state)
{
    (void)state;
    static const u8 fractions[] = { 0, 1, 32, 64 };
    static const struct { u8 type, src, lane; } s[] = {
        { IR_F32, IR_I8, IR_VOID },   { IR_F64, IR_I16, IR_VOID },  { IR_F32, IR_I32, IR_VOID },
        { IR_F64, IR_I32, IR_VOID },  { IR_F32, IR_I64, IR_VOID },  { IR_F64, IR_I64, IR_VOID },
        { IR_V128, IR_V128, IR_I32 }, { IR_V128, IR_V128, IR_I64 }, { IR_V256, IR_V256, IR_I32 },
        { IR_V256, IR_V256, IR_I64 },
    };
    for (u32 k = 0; k < COUNT(s); k++)
        for (u32 j = 0; j < 2 * COUNT(fractions); j++)
            check_row((struct ir_ins){ .op = j & 1 ? IR_utof : IR_stof, .type = s[k].type, .src = s[k].src,
                                       .lane = s[k].lane, .imm = 7 | (u64)fractions[j / 2] << 3 }, 0);
}

/* What has no host sequence does not get one by accident. */
static void test_evaluated(void **state)
{
    (void)state;
    static const u16 ops[] = { IR_fadd, IR_fdiv, IR_fma, IR_fmin, IR_frint, IR_frecps, IR_fcmeq };
    for (u32 k = 0; k < COUNT(ops); k++) {
        check_evaluated((struct ir_ins){ .op = ops[k], .type = ops[k] == IR_fcmeq ? IR_I1 : IR_F16, .src = IR_F16 });
        check_evaluated((struct ir_ins){ .op = ops[k], .type = IR_V128, .src = IR_V128, .lane = IR_F16 });
    }
    check_evaluated((struct ir_ins){ .op = IR_fadd, .type = IR_F80, .src = IR_F80 });
    check_evaluated((struct ir_ins){ .op = IR_fcvt, .type = IR_F16, .src = IR_F64 }); /* would round twice */
    check_evaluated((struct ir_ins){ .op = IR_frint, .type = IR_F64, .src = IR_F64, .imm = FP_RODD });
    check_evaluated((struct ir_ins){ .op = IR_ftos, .type = IR_I16, .src = IR_F64, .imm = FP_RZ });
    check_evaluated((struct ir_ins){ .op = IR_ftosx, .type = IR_I32, .src = IR_F64, .imm = FP_RP });
    check_evaluated((struct ir_ins){ .op = IR_stof, .type = IR_F16, .src = IR_I32, .imm = 7 });
    check_evaluated((struct ir_ins){ .op = IR_vfcvtn, .type = IR_V128, .src = IR_V128, .lane = IR_F64, .flag = 1 });
}

static int set_up(void **state)
{
    (void)state;
    rng_state = 0x9e3779b97f4a7c15;
    if (!rig_init(&rig))
        return -1;
    features[0] = xa_host_features();
    features[1] = features[0] & ~(u32)(XF_AVX | XF_FMA | XF_AVX2 | XF_F16C);
    return features[0] & XF_BASE ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    printf("%u executions, %u went to cold code\n", rig.executed, rig.went_cold);
    return munmap(rig.x.mem, sizeof(struct pages));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_comparison), cmocka_unit_test(test_round),
        cmocka_unit_test(test_formats),    cmocka_unit_test(test_to_int),     cmocka_unit_test(test_from_int),
        cmocka_unit_test(test_evaluated),
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
