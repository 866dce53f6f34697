/*
 * lift_vec_int.c - integer arithmetic, logic and comparisons of MMX, SSE and AVX2 (Intel SDM volume 2); PTEST, VTEST.
 */
#include "base/bits.h"
#include "frontend/x86/lift_vec.h"

/* ---- one row of the IR: op=, lane=; a=1: the sources the other way round ---- */

/* PXOR, PCMPEQ... of a register and itself, with which programs make zeros and ones. */
static bool is_constant(const struct x86_insn *i, u64 *v)
{
    const struct x86_op *b = &i->op[x86_last(i)], *a = b - 1;
    u32 op = i->row->op;
    *v = op == IR_eq ? ~0ull : 0;
    return b->kind == a->kind && b->reg == a->reg && b->kind != X86_K_MEM
           && (op == IR_eq || op == IR_xor || op == IR_sub || op == IR_andn);
}

static ir_ref plain(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    u64 v;
    enum ir_op op = (enum ir_op)i->row->op;
    if (is_constant(i, &v))
        return ir_vconst(l->b, v, v);
    return i->row->a ? x86_v2(l, op, x86_lane(i), b, a) : x86_v2(l, op, x86_lane(i), a, b);
}

bool x86_vec_op2(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, plain); }

static ir_ref plain1(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h, (void)b;
    return x86_v1(l, (enum ir_op)i->row->op, x86_lane(i), a);
}

bool x86_vec_op1(struct x86_lift *l, const struct x86_insn *i) { return x86_vec1(l, i, plain1); }

/* ---- products ---- */

/* Even lanes of half the width, extended to whole lanes. */
static ir_ref even(struct x86_lift *l, enum ir_type lane, ir_ref v, bool is_signed)
{
    u32 half = ir_bits(lane) / 2;
    if (!is_signed)
        return x86_vlogic(l, IR_and, v, x86_vsplat(l, lane, (1ull << half) - 1));
    ir_ref by = x86_vsplat(l, lane, half);
    return x86_v2(l, IR_sar, lane, x86_v2(l, IR_shl, lane, v, by), by);
}

static ir_ref odd(struct x86_lift *l, enum ir_type lane, ir_ref v, bool is_signed)
{
    return x86_v2(l, is_signed ? IR_sar : IR_shr, lane, v, x86_vsplat(l, lane, ir_bits(lane) / 2));
}

static ir_ref madd_words(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h;
    ir_ref lo = x86_v2(l, IR_mul, IR_I32, even(l, IR_I32, a, true), even(l, IR_I32, b, true));
    ir_ref hi = x86_v2(l, IR_mul, IR_I32, odd(l, IR_I32, a, true), odd(l, IR_I32, b, true));
    return x86_v2(l, IR_add, IR_I32, lo, hi);
}

bool x86_pmaddwd(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, madd_words); }

static ir_ref madd_bytes(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h;
    ir_ref lo = x86_v2(l, IR_mul, IR_I16, even(l, IR_I16, a, false), even(l, IR_I16, b, true));
    ir_ref hi = x86_v2(l, IR_mul, IR_I16, odd(l, IR_I16, a, false), odd(l, IR_I16, b, true));
    return x86_v2(l, IR_sqadd, IR_I16, lo, hi);
}

bool x86_pmaddubsw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, madd_bytes); }

/* op=: how words are widened */
static ir_ref high_words(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    ir_ref p[2];
    enum ir_op op = (enum ir_op)i->row->op;
    for (u32 k = 0; k < 2; k++)
        p[k] = x86_v2(l, IR_mul, IR_I32, x86_widen(l, op, IR_I32, a, k), x86_widen(l, op, IR_I32, b, k));
    return x86_v2(l, IR_uzp2, IR_I16, p[0], p[1]);
}

bool x86_pmulhw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, high_words); }

/* The rounded product of two most negative numbers does not saturate here. */
static ir_ref rounded_words(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h;
    ir_ref min = x86_vsplat(l, IR_I16, 0x8000);
    ir_ref both = x86_vlogic(l, IR_and, x86_v2(l, IR_eq, IR_I16, a, min), x86_v2(l, IR_eq, IR_I16, b, min));
    return x86_vlogic(l, IR_xor, x86_v2(l, IR_sqrdmulh, IR_I16, a, b), both);
}

bool x86_pmulhrsw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, rounded_words); }

/* a=1: signed */
static ir_ref wide_dwords(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    bool s = i->row->a;
    return x86_v2(l, IR_mul, IR_I64, even(l, IR_I64, a, s), even(l, IR_I64, b, s));
}

bool x86_pmuludq(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, wide_dwords); }

/* ---- sums within a source, signs ---- */

/* op=: of the even and the odd lanes */
static ir_ref horizontal(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    enum ir_type t = x86_lane(i);
    if (x86_is_mmx(i)) {
        a = x86_vlogic(l, IR_vcat, a, b);
        b = x86_vzero(l);
    }
    return x86_v2(l, (enum ir_op)i->row->op, t, x86_v2(l, IR_uzp1, t, a, b), x86_v2(l, IR_uzp2, t, a, b));
}

bool x86_phadd(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, horizontal); }

static ir_ref sign(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    enum ir_type t = x86_lane(i);
    ir_ref zero = x86_vzero(l), neg = x86_v2(l, IR_slt, t, b, zero);
    ir_ref v = x86_v2(l, IR_sub, t, x86_vlogic(l, IR_xor, a, neg), neg);
    return x86_vlogic(l, IR_andn, v, x86_v2(l, IR_eq, t, b, zero));
}

bool x86_psign(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, sign); }

static ir_ref sum_of_differences(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h;
    ir_ref d = x86_v2(l, IR_uabd, IR_I8, a, b);
    d = x86_v2(l, IR_add, IR_I16, even(l, IR_I16, d, false), odd(l, IR_I16, d, false));
    d = x86_v2(l, IR_add, IR_I32, even(l, IR_I32, d, false), odd(l, IR_I32, d, false));
    return x86_v2(l, IR_add, IR_I64, even(l, IR_I64, d, false), odd(l, IR_I64, d, false));
}

bool x86_psadbw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, sum_of_differences); }

/* Eight sums of four differences: bytes of a from a word's multiple of 4 on, sliding, with one group of four of b. */
static ir_ref sliding(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    u32 ctl = (u32)i->imm >> 3 * h, from = ctl & 4, group = (ctl & 3) * 4;
    ir_ref zero = x86_vzero(l), sum = IR_NONE;
    for (u32 k = 0; k < 4; k++) {
        u8 all[16];
        for (u32 n = 0; n < 16; n++)
            all[n] = (u8)(group + k);
        ir_ref d = x86_v2(l, IR_uabd, IR_I8, x86_vext(l, a, zero, from + k), x86_permute(l, zero, all, b));
        d = x86_widen(l, IR_vuxtl, IR_I16, d, 0);
        sum = k ? x86_v2(l, IR_add, IR_I16, sum, d) : d;
    }
    return sum;
}

bool x86_mpsadbw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, sliding); }

static ir_ref smallest_word(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h, (void)b;
    ir_ref min = ir_opx(l->b, IR_vuminv, IR_I16, IR_I16, 0, 0, a, IR_NONE, IR_NONE);
    ir_ref all = ir_opx(l->b, IR_splat, IR_V128, IR_I16, 0, 0, min, IR_NONE, IR_NONE);
    ir_ref at = ir_op1(l->b, IR_ctz, x86_v1(l, IR_vmovmsk, IR_I16, x86_v2(l, IR_eq, IR_I16, a, all)));
    ir_ref both = ir_op2(l->b, IR_or, x86_zext(l, IR_I32, min), x86_op2i(l, IR_shl, at, 16));
    return x86_vzext(l, both);
}

bool x86_phminposuw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec1(l, i, smallest_word); }

/* ---- width ---- */

/* op=: vuxtl or vsxtl; lane= of the source, a= log2 of how much wider the result's are */
bool x86_pmovx(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec r = { { IR_NONE, IR_NONE } };
    enum ir_type lane = x86_lane(i);
    ir_ref v = x86_vec_src(l, i, 1).h[0];
    for (i32 k = 1; k < i->row->a; k++)
        v = x86_widen(l, (enum ir_op)i->row->op, ++lane, v, 0);
    lane++;
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = x86_widen(l, (enum ir_op)i->row->op, lane, v, h);
    x86_vec_put(l, i, 0, r);
    return true;
}

/* ---- flags of a vector: PTEST, VTESTPS, VTESTPD (lane=: only the sign bits count) ---- */

static ir_ref any_of(struct x86_lift *l, const struct x86_insn *i, enum ir_op op, struct x86_vec a, struct x86_vec b)
{
    ir_ref v = x86_vlogic(l, op, a.h[0], b.h[0]);
    if (x86_halves(i) == 2)
        v = x86_vlogic(l, IR_or, v, x86_vlogic(l, op, a.h[1], b.h[1]));
    if (x86_lane(i) != IR_VOID)
        v = x86_vlogic(l, IR_and, v, x86_vsplat(l, x86_lane(i), 1ull << (ir_bits(x86_lane(i)) - 1)));
    return x86_inv(l, x86_v1(l, IR_vany, IR_VOID, v));
}

bool x86_ptest(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec a = x86_vec_src(l, i, 0), b = x86_vec_src(l, i, 1);
    ir_ref zf = any_of(l, i, IR_and, a, b), cf = any_of(l, i, IR_andn, b, a);
    x86_flags_const(l, false, false, false, false, 1);
    x86_set_flag(l, X86_F_zf, zf);
    x86_set_flag(l, X86_F_cf, cf);
    return true;
}
