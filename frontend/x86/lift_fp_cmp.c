/*
 * lift_fp_cmp.c - CMPPS and its like, COMISS, UCOMISS.
 *
 * Intel SDM volume 2, table "Comparison Predicate for CMPPD and CMPPS Instructions".
 */
#include "frontend/x86/lift_fp.h"

enum { LT = 1 << FP_LT, EQ = 1 << FP_EQ, GT = 1 << FP_GT, UN = 1 << FP_UN };

/* The relations for which predicates 0 to 15 are true; 16 to 31 repeat them. */
static const u8 relations[16] = {
    EQ,      LT,      LT | EQ,      UN, LT | GT | UN, EQ | GT | UN, GT | UN, LT | EQ | GT,
    EQ | UN, LT | UN, LT | EQ | UN, 0,  LT | GT,      EQ | GT,      GT,      LT | EQ | GT | UN,
};
/* Bit p: predicate p raises the invalid exception for quiet NaNs; 16 + p: the other way round. */
#define SIGNALS 0x6666u

struct predicate {
    u8 when;
    bool signals;
};

static struct predicate predicate(const struct x86_insn *i)
{
    u32 p = i->imm & (i->vex ? 31 : 7);
    return (struct predicate){ relations[p & 15], (SIGNALS >> (p & 15) & 1) != p >> 4 };
}

static ir_ref compare(struct x86_lift *l, struct predicate p, ir_ref a, ir_ref b)
{
    ir_ref rel = ir_opx(l->b, IR_fcmp, IR_I8, IR_VOID, p.signals, 0, a, b, IR_NONE);
    ir_ref bits = ir_op2(l->b, IR_shr, x86_imm(l, IR_I8, p.when), rel);
    return x86_op2i(l, IR_tst, bits, 1);
}

bool x86_fp_cmp_s(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type t = x86_lane(i), it = x86_int_lane(t);
    u32 n = x86_src1(i);
    ir_ref b = x86_scalar(l, i, n + 1, t), a = x86_scalar(l, i, n, t);
    x86_fp_begin(l, i);
    ir_ref r = compare(l, predicate(i), a, b);
    x86_fp_check(l, i);
    x86_scalar_write(l, i, ir_conv(l->b, IR_sext, it, r));
    return true;
}

static ir_ref is_nan(struct x86_lift *l, enum ir_type t, ir_ref v)
{
    enum ir_type it = x86_int_lane(t);
    ir_ref mag = ir_op2(l->b, IR_and, v, x86_vsplat(l, it, x86_fsign(t) - 1));
    return ir_vop2(l->b, IR_ult, it, x86_vsplat(l, it, x86_finf(t)), mag);
}

static ir_ref unordered(struct x86_lift *l, enum ir_type t, ir_ref a, ir_ref b)
{
    return ir_op2(l->b, IR_or, is_nan(l, t, a), is_nan(l, t, b));
}

/* Predicates of which a row of the IR has both the relation and the signalling: else IR_NONE. */
static ir_ref by_signalling(struct x86_lift *l, enum ir_type t, u32 when, ir_ref a, ir_ref b)
{
    switch (when) {
    case LT: return ir_vop2(l->b, IR_fcmgt, t, b, a);
    case LT | EQ: return ir_vop2(l->b, IR_fcmge, t, b, a);
    case GT: return ir_vop2(l->b, IR_fcmgt, t, a, b);
    case GT | EQ: return ir_vop2(l->b, IR_fcmge, t, a, b);
    default: return IR_NONE;
    }
}

/* Relations that do not tell below from above. */
static ir_ref by_quiet(struct x86_lift *l, enum ir_type t, u32 when, ir_ref a, ir_ref b)
{
    ir_ref equal = ir_vop2(l->b, IR_fcmeq, t, a, b); /* raises what there is to raise */
    switch (when) {
    case 0: return ir_vconst(l->b, 0, 0);
    case EQ: return equal;
    case UN: return unordered(l, t, a, b);
    case EQ | UN: return ir_op2(l->b, IR_or, equal, unordered(l, t, a, b));
    default: return IR_NONE;
    }
}

static ir_ref by_lanes(struct x86_lift *l, enum ir_type t, struct predicate p, ir_ref a, ir_ref b)
{
    enum ir_type it = x86_int_lane(t);
    ir_ref r = ir_vconst(l->b, 0, 0);
    for (u32 k = 0; k < x86_lanes(t); k++) {
        ir_ref c = compare(l, p, x86_extract(l, t, a, k), x86_extract(l, t, b, k));
        r = x86_insert(l, it, r, k, ir_conv(l->b, IR_sext, it, c));
    }
    return r;
}

static ir_ref compare_lanes(struct x86_lift *l, enum ir_type t, struct predicate p, ir_ref a, ir_ref b)
{
    bool negate =
        p.when & UN ? !(p.when == UN || p.when == (EQ | UN)) : p.when == (LT | GT) || p.when == (LT | EQ | GT);
    bool below = (p.when & LT) != 0, above = (p.when & GT) != 0;
    u32 when = negate ? p.when ^ 15u : p.when;
    ir_ref r;
    if (below == above) {
        r = by_quiet(l, t, when, a, b);
        if (p.signals)
            ir_vop2(l->b, IR_fcmge, t, a, b);
    } else if (p.signals) {
        r = by_signalling(l, t, when, a, b);
    } else {
        return by_lanes(l, t, p, a, b);
    }
    return negate ? ir_op1(l->b, IR_not, r) : r;
}

bool x86_fp_cmp(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    struct x86_vec b = x86_vec_src(l, i, n + 1), a = x86_vec_src(l, i, n), r;
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = compare_lanes(l, x86_lane(i), predicate(i), a.h[h], b.h[h]);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}

/* a: quiet NaNs signal. ZF PF CF 111 unordered, 000 above, 001 below, 100 equal. */
bool x86_fp_comi(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type t = x86_lane(i);
    ir_ref b = x86_scalar(l, i, 1, t), a = x86_scalar(l, i, 0, t), zero = x86_imm(l, IR_I1, 0);
    x86_fp_begin(l, i);
    ir_ref rel = ir_opx(l->b, IR_fcmp, IR_I8, IR_VOID, (u32)i->row->a, 0, a, b, IR_NONE);
    x86_fp_check(l, i);
    ir_ref un = x86_op2i(l, IR_eq, rel, FP_UN);
    x86_set_flag(l, X86_F_zf, ir_op2(l->b, IR_or, un, x86_op2i(l, IR_eq, rel, FP_EQ)));
    x86_set_flag(l, X86_F_cf, ir_op2(l->b, IR_or, un, x86_op2i(l, IR_eq, rel, FP_LT)));
    x86_set_pf_af(l, un, zero);
    x86_set_flag(l, X86_F_sf, zero);
    x86_set_flag(l, X86_F_of, zero);
    return true;
}
