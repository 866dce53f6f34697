/*
 * lift_fma.c - FMA3: VFMADD, VFMSUB, VFNMADD, VFNMSUB, VFMADDSUB, VFMSUBADD in their three operand orders.
 *
 * Intel SDM volume 1, 14.5. A NaN keeps its sign where a product or an addend is negated, and is chosen in the order
 * of the digits: multiplier, multiplicand, addend.
 */
#include "frontend/x86/lift_fp.h"

enum { NEG_PRODUCT = 1, NEG_ADDEND = 2 };

static void order(const struct x86_insn *i, u32 at[3])
{
    at[0] = (u32)i->row->a / 100 - 1;
    at[1] = (u32)i->row->a / 10 % 10 - 1;
    at[2] = (u32)i->row->a % 10 - 1;
}

static ir_ref fma_lanes(struct x86_lift *l, enum ir_type t, u32 neg, ir_ref a, ir_ref b, ir_ref c)
{
    if (neg & NEG_PRODUCT)
        a = x86_fneg_number(l, t, a);
    if (neg & NEG_ADDEND)
        c = x86_fneg_number(l, t, c);
    return ir_vop3(l->b, IR_fma, t, a, b, c);
}

static void read_all(struct x86_lift *l, const struct x86_insn *i, struct x86_vec v[3])
{
    struct x86_vec op[3];
    u32 at[3];
    for (u32 k = 3; k--;)
        op[k] = x86_vec_src(l, i, k);
    order(i, at);
    for (u32 k = 0; k < 3; k++)
        v[k] = op[at[k]];
}

bool x86_fp_fma(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v[3], r;
    read_all(l, i, v);
    x86_fp_begin(l, i);
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = fma_lanes(l, x86_lane(i), (u32)i->row->b, v[0].h[h], v[1].h[h], v[2].h[h]);
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}

bool x86_fp_fma_s(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type t = x86_lane(i);
    ir_ref op[3];
    u32 at[3];
    for (u32 k = 3; k--;)
        op[k] = x86_scalar(l, i, k, t);
    order(i, at);
    x86_fp_begin(l, i);
    ir_ref r = fma_lanes(l, t, (u32)i->row->b, op[at[0]], op[at[1]], op[at[2]]);
    x86_fp_check(l, i);
    x86_set_xmm(l, i, i->op[0].reg, x86_insert(l, t, x86_xmm(l, i->op[0].reg), 0, r));
    return true;
}

/* The addend negated in even lanes (b 0: VFMADDSUB) or in odd ones. */
bool x86_fp_fma_alt(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type t = x86_lane(i);
    struct x86_vec v[3], r;
    read_all(l, i, v);
    x86_fp_begin(l, i);
    ir_ref odd = x86_odd_lanes(l, t);
    for (u32 h = 0; h < x86_halves(i); h++) {
        ir_ref c = v[2].h[h], minus = x86_fneg_number(l, t, c);
        c = i->row->b ? ir_op3(l->b, IR_bsel, odd, minus, c) : ir_op3(l->b, IR_bsel, odd, c, minus);
        r.h[h] = ir_vop3(l->b, IR_fma, t, v[0].h[h], v[1].h[h], c);
    }
    x86_fp_check(l, i);
    x86_vec_put(l, i, 0, r);
    return true;
}
