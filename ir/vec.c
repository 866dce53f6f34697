/* vec.c - rows on whole vectors: permutes, widening and narrowing, reductions, conversions between widths.
 *
 * Source: Arm ARM DDI 0487, C7 (ZIP, UZP, TRN, EXT, TBX, XTN, PMULL, UDOT, FCVTL, FCVTN); MOVMSK from the Intel
 * SDM. Not modelled: lanes wider than 64 bits. A v256 is worked on by 128-bit halves, as AVX does, but for
 * extract, insert, splat and the reductions, which see all lanes. */
#include "ir/eval_int.h"
#include "ir/vec.h"
#include "base/bits.h"

#define ROW_ARGS                                                                                        \
    const struct ir_ins *in, const union ir_val *const arg[4], struct fp_env *env, union ir_val *out

static u32 lane_bits(const struct ir_ins *in)
{
    return in->lane == IR_VOID ? 8 : ir_bits((enum ir_type)in->lane);
}

static u32 lane_count(const struct ir_ins *in)
{
    return ir_bits((enum ir_type)in->src) / lane_bits(in);
}

static void finish(union ir_val *out, const union ir_val *r, enum ir_type t)
{
    *out = *r;
    if (ir_bytes(t) < 32)
        out->q[1] = 0;
    if (ir_bytes(t) < 16)
        out->q[0] = (u64)r->q[0] & bits_mask(ir_bits(t));
}

static void finish_scalar(union ir_val *out, u64 v, enum ir_type t)
{
    union ir_val r = { .d = { v } };
    finish(out, &r, t);
}

void ir_vec_extract(ROW_ARGS)
{
    (void)env;
    finish_scalar(out, ir_lane_get(arg[0], lane_bits(in), (u32)in->imm % lane_count(in)), (enum ir_type)in->type);
}

void ir_vec_insert(ROW_ARGS)
{
    (void)env;
    union ir_val r = *arg[0];
    ir_lane_set(&r, lane_bits(in), (u32)in->imm % lane_count(in), arg[1]->d[0]);
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_splat(ROW_ARGS)
{
    (void)env;
    union ir_val r;
    for (u32 i = 0; i < 256 / lane_bits(in); i++)
        ir_lane_set(&r, lane_bits(in), i, arg[0]->d[0]);
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_zext(ROW_ARGS)
{
    (void)env;
    finish_scalar(out, arg[0]->d[0] & bits_mask(lane_bits(in)), IR_I64);
    (void)in;
}

/* Lane `i` of the result comes from lane from(i) of the half's b:a pair. */
static void permute(ROW_ARGS, u32 (*from)(enum ir_op op, u32 i, u32 n))
{
    (void)env;
    u32 bits = lane_bits(in), n = 128 / bits;
    union ir_val r;
    for (u32 i = 0; i < 256 / bits; i++) {
        u32 half = i / n, k = from((enum ir_op)in->op, i % n, n);
        ir_lane_set(&r, bits, i, ir_lane_get(arg[k / n], bits, half * n + k % n));
    }
    finish(out, &r, (enum ir_type)in->type);
}

static u32 zip_from(enum ir_op op, u32 i, u32 n)
{
    return i / 2 + (op == IR_zip2 ? n / 2 : 0) + (i & 1 ? n : 0);
}

static u32 uzp_from(enum ir_op op, u32 i, u32 n)
{
    (void)n;
    return 2 * i + (op == IR_uzp2);
}

static u32 trn_from(enum ir_op op, u32 i, u32 n)
{
    return (i & ~1u) + (op == IR_trn2) + (i & 1 ? n : 0);
}

void ir_vec_zip(ROW_ARGS)
{
    permute(in, arg, env, out, zip_from);
}

void ir_vec_uzp(ROW_ARGS)
{
    permute(in, arg, env, out, uzp_from);
}

void ir_vec_trn(ROW_ARGS)
{
    permute(in, arg, env, out, trn_from);
}

/* imm up to 32: past the second operand come zeros. */
void ir_vec_ext(ROW_ARGS)
{
    (void)env;
    union ir_val r;
    for (u32 i = 0; i < 32; i++) {
        u64 k = i % 16 + MIN(in->imm, 32u);
        r.b[i] = k < 32 ? arg[k / 16]->b[i / 16 * 16 + k % 16] : 0;
    }
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_tbx(ROW_ARGS)
{
    (void)env;
    union ir_val r;
    for (u32 i = 0; i < 32; i++) {
        u64 k = arg[1]->b[i] - in->imm;
        r.b[i] = k < 16 ? arg[2]->b[i / 16 * 16 + k] : arg[0]->b[i];
    }
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_low(ROW_ARGS)
{
    (void)env;
    union ir_val r = { .d = { arg[0]->d[0], 0, arg[0]->d[2], 0 } };
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_cat(ROW_ARGS)
{
    (void)env;
    union ir_val r = { .d = { arg[0]->d[0], arg[1]->d[0], arg[0]->d[2], arg[1]->d[2] } };
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_xtl(ROW_ARGS)
{
    (void)env;
    u32 bits = lane_bits(in), n = 128 / bits;
    union ir_val r;
    for (u32 i = 0; i < 256 / bits; i++) {
        u32 k = i / n * 2 * n + i % n + (in->imm & 1 ? n : 0);
        u64 v = ir_lane_get(arg[0], bits / 2, k);
        ir_lane_set(&r, bits, i, in->op == IR_vsxtl ? (u64)bits_sext(v, bits / 2) : v);
    }
    finish(out, &r, (enum ir_type)in->type);
}

static u64 narrow(enum ir_op op, u64 v, u32 bits)
{
    switch (op) {
    case IR_vuqxtn: return ir_usat((i128)v, bits / 2);
    case IR_vsqxtn: return ir_ssat(bits_sext(v, bits), bits / 2);
    case IR_vsqxtun: return ir_usat(bits_sext(v, bits), bits / 2);
    default: return v;
    }
}

void ir_vec_xtn(ROW_ARGS)
{
    (void)env;
    u32 bits = lane_bits(in), n = 128 / bits;
    union ir_val r = { .q = { 0, 0 } };
    for (u32 i = 0; i < lane_count(in); i++)
        ir_lane_set(&r, bits / 2, i / n * 2 * n + i % n,
                    narrow((enum ir_op)in->op, ir_lane_get(arg[0], bits, i), bits));
    finish(out, &r, (enum ir_type)in->type);
}

static u64 reduce_two(enum ir_op op, u64 a, u64 b, u32 bits)
{
    i64 sa = bits_sext(a, bits), sb = bits_sext(b, bits);
    switch (op) {
    case IR_vumaxv: return MAX(a, b);
    case IR_vuminv: return MIN(a, b);
    case IR_vsmaxv: return (u64)MAX(sa, sb);
    case IR_vsminv: return (u64)MIN(sa, sb);
    default: return a + b;
    }
}

void ir_vec_reduce(ROW_ARGS)
{
    (void)env;
    u32 bits = lane_bits(in);
    u64 v = ir_lane_get(arg[0], bits, 0);
    for (u32 i = 1; i < lane_count(in); i++)
        v = reduce_two((enum ir_op)in->op, v & bits_mask(bits), ir_lane_get(arg[0], bits, i), bits);
    finish_scalar(out, v, (enum ir_type)in->type);
}

void ir_vec_any(ROW_ARGS)
{
    (void)env;
    finish_scalar(out, arg[0]->q[0] != 0 || (in->src == IR_V256 && arg[0]->q[1] != 0), IR_I1);
}

void ir_vec_pmull(ROW_ARGS)
{
    (void)env;
    union ir_val r;
    for (u32 i = 0; i < 16; i++) {
        u32 k = i / 8 * 16 + i % 8 + (in->imm & 1 ? 8 : 0);
        r.h[i] = (u16)ir_clmul(arg[0]->b[k], arg[1]->b[k]);
    }
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_dot(ROW_ARGS)
{
    (void)env;
    union ir_val r = *arg[0];
    for (u32 i = 0; i < ir_bytes((enum ir_type)in->src); i++) {
        u8 x = arg[1]->b[i], y = arg[2]->b[i];
        r.w[i / 4] += in->op == IR_vsdot ? (u32)((i8)x * (i8)y) : (u32)(x * y);
    }
    finish(out, &r, (enum ir_type)in->type);
}

void ir_vec_movmsk(ROW_ARGS)
{
    (void)env;
    u32 bits = lane_bits(in), m = 0;
    for (u32 i = 0; i < lane_count(in); i++)
        m |= (u32)(ir_lane_get(arg[0], bits, i) >> (bits - 1)) << i;
    finish_scalar(out, m, IR_I32);
}

void ir_vec_pair(ROW_ARGS)
{
    (void)env, (void)in;
    union ir_val r = { .q = { arg[0]->q[0], arg[1]->q[0] } };
    *out = r;
}

void ir_vec_half(ROW_ARGS)
{
    (void)env;
    union ir_val r = { .q = { arg[0]->q[in->imm & 1], 0 } };
    *out = r;
}

/* FCVTL, FCVTN (round to odd: FCVTXN). */
void ir_vec_fcvt(ROW_ARGS)
{
    u32 bits = lane_bits(in), n = 128 / bits;
    enum fp_fmt big = bits == 32 ? FP_F32 : FP_F64, small = (enum fp_fmt)(big - 1);
    struct fp_env odd = { (env->ctl & ~(u32)FP_RM_MASK) | FP_RODD, env->flags };
    struct fp_env *e = in->flag ? &odd : env;
    union ir_val r = { .q = { 0, 0 } };
    for (u32 i = 0; i < lane_count(in); i++) {
        u32 k = i / n * 2 * n + i % n;
        if (in->op == IR_vfcvtl)
            ir_lane_set(&r, bits, i,
                        (u64)fp_cvt(small, big, ir_lane_get(arg[0], bits / 2, k + (in->imm & 1 ? n : 0)), e));
        else
            ir_lane_set(&r, bits / 2, k, (u64)fp_cvt(big, small, ir_lane_get(arg[0], bits, i), e));
    }
    env->flags = e->flags;
    finish(out, &r, (enum ir_type)in->type);
}
