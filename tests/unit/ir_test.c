/*
 * ir_test.c - the IR room: every row with a value against a naive computation, on special and random values;
 * lanes against scalars; folding against evaluation; tables, builder and text.
 *
 * FP values are tests/unit/fp_test.c's matter; here they are only held against the same row on scalars.
 */
#include "ir/vec.h"
#include "tests/unit/ir_naive.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- rows over a grid of values ---- */

#define GRID 19u

static u128 grid(u32 i, u32 n, u64 *seed)
{
    switch (i) {
    case 0: return 0;
    case 1: return 1 & ones(n);
    case 2: return 2 & ones(n);
    case 3: return ones(n);
    case 4: return ones(n) - 1;
    case 5: return ones(n) >> 1;
    case 6: return (ones(n) >> 1) + 1;
    case 7: return ((ones(n) >> 1) + 2) & ones(n);
    case 8: return ones(n) / 3;
    case 9: return ones(n) / 3 * 2;
    case 10: return n & ones(n);
    case 11: return (n - 1) & ones(n);
    case 12: return (n + 1) & ones(n);
    case 13: return 7 & ones(n);
    case 14: return 0x80 & ones(n);
    case 15: return (256 - n) & ones(n);
    default: return ((u128)rnd(seed) << 64 | rnd(seed)) & ones(n);
    }
}

static struct ir_ins row_ins(enum ir_op op, enum ir_type src, enum ir_type lane, enum ir_type type)
{
    struct ir_ins in = { .op = (u16)op, .src = (u8)src, .lane = (u8)lane, .type = (u8)type,
                         .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    for (u32 k = 0; k < ir_rows[op].args; k++)
        in.arg[k] = 0;
    return in;
}

static void eval3(const struct ir_ins *in, const union ir_val *a, const union ir_val *b, const union ir_val *c,
                  union ir_val *out)
{
    const union ir_val *arg[4] = { a, b, c, NULL };
    struct fp_env env = { 0, 0 };
    ir_eval(in, arg, &env, out);
}

static void check_value(const struct ir_ins *in, struct operands o)
{
    union ir_val a = { .q = { o.a, 0 } }, b = { .q = { o.b, 0 } }, c = { .q = { o.c, 0 } }, out;
    u32 to = ir_bits((enum ir_type)in->type);
    u128 want;
    eval3(in, &a, &b, &c, &out);
    assert_true(out.q[1] == 0 && (out.q[0] & ~ones(to)) == 0);
    if (naive((enum ir_op)in->op, o, to, &want) && out.q[0] != want)
        fail_msg("%s.%s: a %llx b %llx c %llx imm %llx flag %u: %llx, not %llx", ir_rows[in->op].name,
                 ir_type_name((enum ir_type)in->src), (unsigned long long)o.a, (unsigned long long)o.b,
                 (unsigned long long)o.c, (unsigned long long)o.imm, o.flag, (unsigned long long)out.q[0],
                 (unsigned long long)want);
    eval3(in, &a, &b, &c, &a); /* the result may replace an operand */
    assert_memory_equal(&a, &out, sizeof a);
}

static void check_grid(struct ir_ins in, u32 n)
{
    u64 seed = 1 + in.op;
    u32 args = ir_rows[in.op].args;
    bool i1_last = in.op == IR_carry || in.op == IR_borrow || in.op == IR_ovadd || in.op == IR_ovsub;
    for (u32 i = 0; i < GRID; i++)
        for (u32 j = 0; j < (args > 1 ? GRID : 1); j++)
            for (u32 k = 0; k < (args > 2 ? GRID : 1); k++) {
                struct operands o = { grid(i, n, &seed),
                                      grid(j, in.op == IR_crc32 || in.op == IR_crc32c ? 64 : n, &seed),
                                          grid(k, i1_last ? 1 : n, &seed), 0, 0, n };
                if (in.op == IR_crc32 || in.op == IR_crc32c)
                    in.imm = o.imm = 1u << rnd(&seed) % 4;
                if (in.op == IR_vshl_sat)
                    in.flag = (u8)(o.flag = rnd(&seed) & 7);
                check_value(&in, o);
            }
}

static u32 kind_of(enum ir_type t)
{
    return t == IR_I1 ? K_1 : t == IR_I128 ? K_Q : t == IR_F80 ? K_X : ir_is_float(t) ? K_F : ir_is_int(t) ? K_I : 0;
}

/* Result types of a scalar row with operand type src, one after the other. */
static bool has_result(enum ir_op op, enum ir_type src, enum ir_type type)
{
    struct ir_block b;
    struct ir_layout l = { .fp_env = ~0u };
    struct err e;
    ir_begin(&b, &l);
    struct ir_ins in = row_ins(op, src, IR_VOID, type), made = { .op = IR_const, .type = (u8)src };
    memset(made.arg, 0xff, sizeof made.arg);
    ir_emit(&b, made); /* 0: type src; 1: i1; 2: i64 */
    made.type = IR_I1;
    ir_emit(&b, made);
    made.type = IR_I64;
    ir_emit(&b, made);
    if (op == IR_carry || op == IR_borrow || op == IR_ovadd || op == IR_ovsub)
        in.arg[2] = 1;
    if (op == IR_crc32 || op == IR_crc32c)
        in.arg[1] = 2, in.imm = 1;
    if (op == IR_stof || op == IR_utof)
        in.imm = 7;
    ir_emit(&b, in);
    return ir_verify_types(&b, 3, &e);
}

static void test_scalars(void **state)
{
    (void)state;
    u32 done = 0;
    for (u32 op = 0; op < IR_OP_COUNT; op++)
        for (enum ir_type src = IR_I1; src <= IR_I128; src++)
            for (enum ir_type type = IR_I1; type <= IR_F80; type++)
                if (ir_rows[op].kinds & kind_of(src) && ir_rows[op].effects & IR_PURE && op != IR_select
                    && has_result((enum ir_op)op, src, type)) {
                    check_grid(row_ins((enum ir_op)op, src, IR_VOID, type), ir_bits(src));
                    done++;
                }
    assert_true(done > 300);
}

/* Every integer row with a scalar form must have a naive one; a new row without would go unnoticed. */
static void test_naive_is_complete(void **state)
{
    (void)state;
    for (u32 op = 0; op < IR_OP_COUNT; op++) {
        struct operands o = { 3, 1, 1, 1, 0, 32 };
        u128 r;
        if (ir_rows[op].kinds & (K_I | K_Q | K_VI) && ir_rows[op].effects & IR_PURE && op != IR_select
            && op != IR_urecpe && op != IR_ursqrte && !naive((enum ir_op)op, o, 64, &r))
            fail_msg("no naive form of %s", ir_rows[op].name);
    }
}

/* ---- lanes: each lane is what the naive form, or the scalar row, says of it ---- */

static void fill(union ir_val *v, u32 bits, u32 total, u64 *seed)
{
    *v = (union ir_val){ .q = { 0, 0 } };
    for (u32 i = 0; i < total / bits; i++)
        ir_lane_set(v, bits, i, (u64)grid((u32)(rnd(seed) % GRID), bits, seed));
}

static void check_lane(const struct ir_ins *in, const union ir_val *v, u32 i, u64 got)
{
    u32 n = ir_bits((enum ir_type)in->lane);
    struct operands o = { ir_lane_get(&v[0], n, i), ir_lane_get(&v[1], n, i), ir_lane_get(&v[2], n, i), 0, in->flag,
                          n };
    const struct ir_row *row = &ir_rows[in->op];
    u128 want;
    if (!naive((enum ir_op)in->op, o, n, &want)) {
        if (!(row->kinds & kind_of((enum ir_type)in->lane)))
            return;
        struct ir_ins s = *in;
        union ir_val a = { .q = { o.a, 0 } }, b = { .q = { o.b, 0 } }, c = { .q = { o.c, 0 } }, out;
        s.src = in->lane;
        s.lane = IR_VOID;
        s.type = row->result == RES_B ? IR_I1 : row->result == RES_T ? in->lane
                 : ir_is_float((enum ir_type)in->lane) ? (u8)(IR_I16 + (in->lane - IR_F16))
                 : (u8)(IR_F16 + (in->lane - IR_I16));
        eval3(&s, &a, &b, &c, &out);
        want = out.q[0];
    }
    if (row->result == RES_B)
        want = want ? ones(n) : 0;
    if (got != want)
        fail_msg("%s lanes of %s: a %llx b %llx c %llx: %llx, not %llx", row->name,
                 ir_type_name((enum ir_type)in->lane), (unsigned long long)o.a, (unsigned long long)o.b,
                 (unsigned long long)o.c, (unsigned long long)got, (unsigned long long)want);
}

static void check_vector_row(enum ir_op op, enum ir_type vec, enum ir_type lane)
{
    struct ir_ins in = row_ins(op, vec, lane, vec);
    union ir_val v[3], out;
    u64 seed = 99 + op;
    u32 n = ir_bits(lane);
    for (u32 round = 0; round < 60; round++) {
        for (u32 k = 0; k < 3; k++)
            fill(&v[k], n, ir_bits(vec), &seed);
        in.imm = op == IR_stof || op == IR_utof ? 7 : 0;
        in.flag = op == IR_vshl_sat ? rnd(&seed) & 7 : 0;
        eval3(&in, &v[0], &v[1], &v[2], &out);
        for (u32 i = 0; i < ir_bits(vec) / n; i++)
            check_lane(&in, v, i, ir_lane_get(&out, n, i));
        assert_true(vec == IR_V256 || out.q[1] == 0);
    }
}

static void test_lanes(void **state)
{
    (void)state;
    for (u32 op = 0; op < IR_OP_COUNT; op++)
        for (enum ir_type lane = IR_I8; lane <= IR_F64; lane++) {
            u32 k = ir_is_float(lane) ? K_VF : lane <= IR_I64 ? K_VI : 0;
            bool narrow = (op == IR_stof || op == IR_utof) && lane == IR_I8;
            if (!(ir_rows[op].kinds & k) || narrow || ((op == IR_urecpe || op == IR_ursqrte) && lane != IR_I32))
                continue;
            check_vector_row((enum ir_op)op, IR_V128, lane);
            check_vector_row((enum ir_op)op, IR_V256, lane);
        }
}

static void test_whole_vectors(void **state)
{
    (void)state;
    u64 seed = 4;
    for (u32 op = 0; op < IR_OP_COUNT; op++) {
        if (!(ir_rows[op].kinds & K_V) || op == IR_bitcast)
            continue;
        for (u32 round = 0; round < 100; round++) {
            struct ir_ins in = row_ins((enum ir_op)op, IR_V256, IR_VOID, IR_V256);
            union ir_val v[3], out, low;
            for (u32 k = 0; k < 3; k++)
                fill(&v[k], 64, 256, &seed);
            eval3(&in, &v[0], &v[1], &v[2], &out);
            for (u32 i = 0; i < 2; i++) {
                u128 want = 0;
                struct operands o = { v[0].q[i], v[1].q[i], v[2].q[i], 0, 0, 128 };
                assert_true(naive_basic((enum ir_op)op, o, &want));
                assert_true(out.q[i] == want);
            }
            in.src = in.type = IR_V128;
            eval3(&in, &v[0], &v[1], &v[2], &low);
            assert_true(low.q[0] == out.q[0] && low.q[1] == 0);
        }
    }
}

static void test_select(void **state)
{
    (void)state;
    union ir_val yes = { .d = { 1 } }, no = { .d = { 0 } }, out;
    union ir_val b = { .d = { 1, 2, 3, 4 } }, c = { .d = { 5, 6, 7, 8 } };
    struct ir_ins in = row_ins(IR_select, IR_I1, IR_VOID, IR_V256);
    eval3(&in, &yes, &b, &c, &out);
    assert_memory_equal(&out, &b, sizeof b);
    eval3(&in, &no, &b, &c, &out);
    assert_memory_equal(&out, &c, sizeof c);
}

/* ---- whole-vector rows by their definitions on bytes and lanes ---- */

static union ir_val eval_vop(enum ir_op op, enum ir_type vec, enum ir_type lane, u64 imm, const union ir_val *v)
{
    struct ir_ins in = row_ins(op, vec, lane, ir_row_result(op, vec, IR_VOID, lane));
    union ir_val out;
    in.imm = imm;
    eval3(&in, &v[0], &v[1], &v[2], &out);
    return out;
}

static void check_permutes(u32 bits, enum ir_type lane, const union ir_val *v)
{
    u32 n = 128 / bits;
    union ir_val z1 = eval_vop(IR_zip1, IR_V128, lane, 0, v), z2 = eval_vop(IR_zip2, IR_V128, lane, 0, v);
    union ir_val u1 = eval_vop(IR_uzp1, IR_V128, lane, 0, v), u2 = eval_vop(IR_uzp2, IR_V128, lane, 0, v);
    union ir_val t1 = eval_vop(IR_trn1, IR_V128, lane, 0, v), t2 = eval_vop(IR_trn2, IR_V128, lane, 0, v);
    for (u32 i = 0; i < n; i++) {
        u32 h = i & 1;
        assert_true(ir_lane_get(&z1, bits, i) == ir_lane_get(&v[h], bits, i / 2));
        assert_true(ir_lane_get(&z2, bits, i) == ir_lane_get(&v[h], bits, n / 2 + i / 2));
        assert_true(ir_lane_get(&u1, bits, i) == ir_lane_get(&v[i >= n / 2], bits, 2 * i % n));
        assert_true(ir_lane_get(&u2, bits, i) == ir_lane_get(&v[i >= n / 2], bits, 2 * i % n + 1));
        assert_true(ir_lane_get(&t1, bits, i) == ir_lane_get(&v[h], bits, i - h));
        assert_true(ir_lane_get(&t2, bits, i) == ir_lane_get(&v[h], bits, i - h + 1));
    }
}

static void check_widths(u32 bits, enum ir_type lane, const union ir_val *v)
{
    u32 n = 128 / bits;
    for (u32 half = 0; half < 2; half++) {
        union ir_val z = eval_vop(IR_vuxtl, IR_V128, lane, half, v), s = eval_vop(IR_vsxtl, IR_V128, lane, half, v);
        for (u32 i = 0; i < n; i++) {
            u128 from = ir_lane_get(&v[0], bits / 2, half * n + i);
            assert_true(ir_lane_get(&z, bits, i) == from);
            assert_true(ir_lane_get(&s, bits, i) == ((u128)exact(from, true, bits / 2) & ones(bits)));
        }
    }
    union ir_val w = eval_vop(IR_vxtn, IR_V128, lane, 0, v), uq = eval_vop(IR_vuqxtn, IR_V128, lane, 0, v);
    union ir_val sq = eval_vop(IR_vsqxtn, IR_V128, lane, 0, v), su = eval_vop(IR_vsqxtun, IR_V128, lane, 0, v);
    for (u32 i = 0; i < n; i++) {
        u128 from = ir_lane_get(&v[0], bits, i);
        assert_true(ir_lane_get(&w, bits / 2, i) == (from & ones(bits / 2)));
        assert_true(ir_lane_get(&uq, bits / 2, i) == clamp((i128)from, false, bits / 2));
        assert_true(ir_lane_get(&sq, bits / 2, i) == clamp(exact(from, true, bits), true, bits / 2));
        assert_true(ir_lane_get(&su, bits / 2, i) == clamp(exact(from, true, bits), false, bits / 2));
    }
    assert_true(w.d[1] == 0 && uq.d[1] == 0 && sq.d[1] == 0 && su.d[1] == 0);
}

static void check_across(u32 bits, enum ir_type lane, const union ir_val *v)
{
    u32 n = 128 / bits;
    u128 sum = 0, umax = 0, umin = ones(bits), smax = (ones(bits) >> 1) + 1, smin = ones(bits) >> 1, top = 0;
    for (u32 i = 0; i < n; i++) {
        u128 x = ir_lane_get(&v[0], bits, i);
        sum = (sum + x) & ones(bits);
        umax = below(umax, x, false, bits) ? x : umax;
        umin = below(x, umin, false, bits) ? x : umin;
        smax = below(smax, x, true, bits) ? x : smax;
        smin = below(x, smin, true, bits) ? x : smin;
        top |= (u128)negative(x, bits) << i;
    }
    assert_true(eval_vop(IR_vaddv, IR_V128, lane, 0, v).q[0] == sum);
    assert_true(eval_vop(IR_vumaxv, IR_V128, lane, 0, v).q[0] == umax);
    assert_true(eval_vop(IR_vuminv, IR_V128, lane, 0, v).q[0] == umin);
    assert_true(eval_vop(IR_vsmaxv, IR_V128, lane, 0, v).q[0] == smax);
    assert_true(eval_vop(IR_vsminv, IR_V128, lane, 0, v).q[0] == smin);
    assert_true(eval_vop(IR_vmovmsk, IR_V128, lane, 0, v).q[0] == top);
}

static void check_lane_moves(u32 bits, enum ir_type lane, const union ir_val *v)
{
    for (u32 i = 0; i < 256 / bits; i++) {
        union ir_val two[3] = { v[0], v[1] };
        two[1].d[1] = two[1].d[2] = two[1].d[3] = 0;
        two[1].d[0] &= (u64)ones(bits);
        assert_true(eval_vop(IR_extract, IR_V256, lane, i, v).q[0] == ir_lane_get(&v[0], bits, i));
        union ir_val in = eval_vop(IR_insert, IR_V256, lane, i, two);
        for (u32 k = 0; k < 256 / bits; k++)
            assert_true(ir_lane_get(&in, bits, k) == ir_lane_get(&two[k == i], bits, k == i ? 0 : k));
    }
    struct ir_ins s = row_ins(IR_splat, lane, lane, IR_V256), z = row_ins(IR_vzext, lane, lane, IR_V128);
    union ir_val x = { .d = { v[0].d[0] & (u64)ones(bits) } }, out;
    eval3(&s, &x, NULL, NULL, &out);
    for (u32 k = 0; k < 256 / bits; k++)
        assert_true(ir_lane_get(&out, bits, k) == x.d[0]);
    eval3(&z, &x, NULL, NULL, &out);
    assert_memory_equal(&out, &x, sizeof x);
}

static void check_bytes(const union ir_val *v)
{
    for (u32 imm = 0; imm <= 32; imm++) {
        union ir_val e = eval_vop(IR_vext, IR_V128, IR_VOID, imm, v), t = eval_vop(IR_tbx, IR_V128, IR_VOID, imm, v);
        for (u32 i = 0; i < 16; i++) {
            u32 k = i + imm, x = v[1].b[i];
            assert_int_equal(e.b[i], k >= 32 ? 0 : v[k / 16].b[k % 16]);
            assert_int_equal(t.b[i], x >= imm && x < imm + 16 ? v[2].b[x - imm] : v[0].b[i]);
        }
    }
    union ir_val p = eval_vop(IR_vpmull, IR_V128, IR_I8, 1, v), u = eval_vop(IR_vudot, IR_V128, IR_VOID, 0, v);
    union ir_val s = eval_vop(IR_vsdot, IR_V128, IR_VOID, 0, v);
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(p.h[i], full_product(v[0].b[8 + i], v[1].b[8 + i], true));
    for (u32 i = 0; i < 4; i++) {
        u32 us = v[0].w[i], ss = us;
        for (u32 k = 4 * i; k < 4 * i + 4; k++) {
            us += v[1].b[k] * v[2].b[k];
            ss += (u32)((i8)v[1].b[k] * (i8)v[2].b[k]);
        }
        assert_int_equal(u.w[i], us);
        assert_int_equal(s.w[i], ss);
    }
    assert_true(eval_vop(IR_vlow, IR_V128, IR_VOID, 0, v).q[0] == v[0].d[0]);
    assert_true(eval_vop(IR_vcat, IR_V128, IR_VOID, 0, v).q[0] == ((u128)v[1].d[0] << 64 | v[0].d[0]));
    assert_int_equal(eval_vop(IR_vany, IR_V128, IR_VOID, 0, v).d[0], v[0].q[0] != 0);
    assert_true(eval_vop(IR_vpair, IR_V128, IR_VOID, 0, v).q[1] == v[1].q[0]);
    assert_true(eval_vop(IR_vhalf, IR_V256, IR_VOID, 1, v).q[0] == v[0].q[1]);
}

/* A v256 is two v128 for every row that says so. */
static void check_halves(const union ir_val *v)
{
    for (u32 op = 0; op < IR_OP_COUNT; op++) {
        const struct ir_row *r = &ir_rows[op];
        enum ir_type lane = !r->types || r->types[0] == '-' ? IR_VOID : r->types[0] == 'b' ? IR_I8 : IR_I32;
        if (!r->types || r->effects & IR_FP || r->types[2] != 'v' || r->types[4] == 's' || op == IR_insert)
            continue;
        union ir_val both = eval_vop((enum ir_op)op, IR_V256, lane, 1, v);
        for (u32 h = 0; h < 2; h++) {
            union ir_val half[3] = { { .q = { v[0].q[h], 0 } }, { .q = { v[1].q[h], 0 } },
                                     { .q = { v[2].q[h], 0 } } };
            assert_true(eval_vop((enum ir_op)op, IR_V128, lane, 1, half).q[0] == both.q[h]);
        }
    }
}

static void test_vector_rows(void **state)
{
    (void)state;
    static const enum ir_type lanes[] = { IR_I8, IR_I16, IR_I32, IR_I64 };
    u64 seed = 31;
    for (u32 round = 0; round < 60; round++)
        for (u32 k = 0; k < COUNT(lanes); k++) {
            union ir_val v[3], low[3];
            for (u32 i = 0; i < 3; i++) {
                fill(&v[i], ir_bits(lanes[k]), 256, &seed);
                low[i] = v[i];
                low[i].q[1] = 0;
            }
            check_permutes(ir_bits(lanes[k]), lanes[k], low);
            if (k)
                check_widths(ir_bits(lanes[k]), lanes[k], low);
            check_across(ir_bits(lanes[k]), lanes[k], low);
            check_lane_moves(ir_bits(lanes[k]), lanes[k], v);
            if (k == 0)
                check_bytes(low);
            check_halves(v);
        }
}

static void test_vector_fcvt(void **state)
{
    (void)state;
    union ir_val v[3] = { { .w = { 0x3f800000, 0x40490fdb, 0xff800000, 0x00000001 } } }, d, f;
    struct fp_env env = { 0, 0 };
    for (u32 half = 0; half < 2; half++) {
        d = eval_vop(IR_vfcvtl, IR_V128, IR_F64, half, v);
        for (u32 i = 0; i < 2; i++)
            assert_true(d.d[i] == fp_cvt(FP_F32, FP_F64, v[0].w[2 * half + i], &env));
        union ir_val w[3] = { d };
        f = eval_vop(IR_vfcvtn, IR_V128, IR_F64, 0, w);
        assert_true(f.d[0] == v[0].d[half] && f.d[1] == 0);
    }
    struct ir_ins in = row_ins(IR_vfcvtn, IR_V128, IR_F64, IR_V128);
    union ir_val third = { .d = { 0x3fd5555555555555, 0 } }; /* 1/3: odd already when truncated? made odd */
    const union ir_val *arg[4] = { &third };
    in.flag = 1;
    env.ctl = FP_RP;
    ir_eval(&in, arg, &env, &f);
    assert_int_equal(f.w[0], 0x3eaaaaab);
    assert_int_equal(env.ctl, FP_RP);
    assert_int_equal(env.flags, FP_IXC);
}

/* ---- folding, text, tables ---- */

#define FOLD_FIELD(t) { #t, t, 32 * t }
static const struct ir_field fold_fields[] = {
    { "void", IR_I1, 0 }, FOLD_FIELD(IR_I1), FOLD_FIELD(IR_I8), FOLD_FIELD(IR_I16), FOLD_FIELD(IR_I32),
    FOLD_FIELD(IR_I64), FOLD_FIELD(IR_I128), FOLD_FIELD(IR_F16), FOLD_FIELD(IR_F32), FOLD_FIELD(IR_F64),
    FOLD_FIELD(IR_F80), FOLD_FIELD(IR_V128),
};
static const struct ir_layout fold_layout = { .name = "fold", .fields = fold_fields,
                                              .field_count = COUNT(fold_fields), .state_size = 512, .fp_env = ~0u };

static void add_const(struct ir_block *b, enum ir_type t, u128 v)
{
    struct ir_ins in = { .op = IR_const, .type = (u8)t, .imm = (u64)v, .imm2 = (u64)(v >> 64) };
    memset(in.arg, 0xff, sizeof in.arg);
    ir_emit(b, in);
}

/* insn, three constants, the row, a set of its result. */
static void check_fold(struct ir_ins in, const u128 *v, const enum ir_type *types)
{
    struct ir_block b;
    struct err e;
    union ir_val a[3] = { { .q = { v[0] } }, { .q = { v[1] } }, { .q = { v[2] } } }, out;
    ir_begin(&b, &fold_layout);
    ir_insn(&b, 0, 4);
    for (u32 k = 0; k < 3; k++)
        add_const(&b, types[k], v[k]);
    for (u32 k = 0; k < ir_rows[in.op].args; k++)
        in.arg[k] = (ir_ref)(1 + k);
    ir_set(&b, in.type, ir_emit(&b, in));
    ir_exit_direct(&b, 4, IR_HINT_none, 0);
    if (!ir_verify(&b, &e))
        fail_msg("%s", e.msg);
    eval3(&in, &a[0], &a[1], &a[2], &out);
    ir_passes(&b);
    assert_true(ir_verify(&b, &e));
    assert_int_equal(b.count, 4); /* insn, const, set, exit */
    assert_int_equal(b.ins[1].op, IR_const);
    assert_true(b.ins[1].imm == out.d[0] && b.ins[1].imm2 == out.d[1]);
}

static void test_folding(void **state)
{
    (void)state;
    u64 seed = 12;
    for (u32 op = 0; op < IR_OP_COUNT; op++)
        for (enum ir_type src = IR_I1; src <= IR_F80; src++)
            for (enum ir_type type = IR_I1; type <= IR_F80; type++) {
                if (!(ir_rows[op].kinds & kind_of(src)) || !(ir_rows[op].effects & IR_PURE) || op == IR_select
                    || !has_result((enum ir_op)op, src, type))
                    continue;
                enum ir_type types[3] = { src, src, src };
                struct ir_ins in = row_ins((enum ir_op)op, src, IR_VOID, type);
                if (op == IR_carry || op == IR_borrow || op == IR_ovadd || op == IR_ovsub)
                    types[2] = IR_I1;
                if (op == IR_crc32 || op == IR_crc32c)
                    types[1] = IR_I64, in.imm = 4;
                for (u32 i = 0; i < 20; i++) {
                    u128 v[3];
                    for (u32 k = 0; k < 3; k++)
                        v[k] = grid((u32)(rnd(&seed) % GRID), ir_bits(types[k]), &seed);
                    check_fold(in, v, types);
                }
            }
}

static void test_rows(void **state)
{
    (void)state;
    for (u32 op = 0; op < IR_OP_COUNT; op++) {
        const struct ir_row *r = &ir_rows[op];
        u16 fx = r->effects & (u16)~IR_COMMUTES;
        assert_non_null(r->name);
        assert_true(fx != 0);
        assert_true(!(fx & IR_PURE) || fx == IR_PURE);
        assert_true(!(fx & IR_FP) || fx == IR_FP);
        assert_true(!(r->effects & IR_COMMUTES) || r->args == 2);
        assert_true(!r->types || strlen(r->types) == 4u + r->args);
    }
}

/* Swapped operands do not change rows that say so. */
static void test_commuting(void **state)
{
    (void)state;
    u64 seed = 8;
    for (u32 op = 0; op < IR_OP_COUNT; op++)
        for (enum ir_type t = IR_I1; t <= IR_I128 && ir_rows[op].effects & IR_COMMUTES; t++)
            for (u32 i = 0; i < 50 && ir_rows[op].kinds & kind_of(t); i++) {
                union ir_val a = { .q = { grid((u32)(rnd(&seed) % GRID), ir_bits(t), &seed) } };
                union ir_val b = { .q = { grid((u32)(rnd(&seed) % GRID), ir_bits(t), &seed) } }, x, y;
                struct ir_ins in = row_ins((enum ir_op)op, t, IR_VOID, ir_row_result((enum ir_op)op, t, t, IR_VOID));
                eval3(&in, &a, &b, NULL, &x);
                eval3(&in, &b, &a, NULL, &y);
                assert_memory_equal(&x, &y, sizeof x);
            }
}

/* Any text is either read or refused with a line number; the verifier then judges it without harm. */
static void test_damaged_text(void **state)
{
    (void)state;
    static const char good[] =
        "block fold\ninsn 0 4\n    %1:i64 = const 0x12\n    %2:i64 = get IR_I64\n    %3 = add %1, %2\n"
        "    %4:i1 = ult %3, %1\n    skip %4, L0\n    store %2, %3 size=3 bswap=1 order=release\n"
        "  label L0\ninsn 4 4\n    %9:v128 = splat.i64 %3\n    %10 = extract.i64 %9 imm=1\n"
        "    %11:i64 = rmw xor %10, %2 size=3\n    set IR_I64, %11\n    exit_indirect %10 call=-4\nend\n";
    static const char letters[] = " %0123456789abcdefxi,.=:\n";
    static struct ir_block b;
    struct err e;
    char text[sizeof good];
    u64 seed = 77;
    if (!ir_parse(&b, &fold_layout, good, &e) || !ir_verify(&b, &e))
        fail_msg("%s", e.msg);
    for (u32 i = 0; i < 20000; i++) {
        memcpy(text, good, sizeof good);
        for (u32 k = 0; k <= rnd(&seed) % 3; k++)
            text[rnd(&seed) % (sizeof good - 1)] = rnd(&seed) & 1 ? (char)rnd(&seed) : letters[rnd(&seed) % 25];
        if (rnd(&seed) % 8 == 0)
            text[rnd(&seed) % (sizeof good - 1)] = 0;
        if (ir_parse(&b, &fold_layout, text, &e) && ir_verify(&b, &e))
            ir_passes(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_naive_is_complete),
        cmocka_unit_test(test_scalars),       cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_whole_vectors), cmocka_unit_test(test_select),
        cmocka_unit_test(test_vector_rows),   cmocka_unit_test(test_vector_fcvt),
        cmocka_unit_test(test_folding),       cmocka_unit_test(test_commuting),
        cmocka_unit_test(test_damaged_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
