/*
 * lift_fp.c - A64 scalar floating-point: arithmetic, compare, select and moves.
 *
 * Arm ARM DDI 0487, C7.2; what the operations do is ir/fp.h. Conversions are in lift_fp_cvt.c. Not modelled:
 * half precision (FEAT_FP16).
 */
#include "frontend/arm/lift_simd.h"

/* ---- arithmetic ---- */

/* FABS, FNEG, FSQRT, FRINTA to FRINTZ. */
bool a64_fp_1src(struct a64_lift *l, const struct a64_fp_1src *in)
{
    enum ir_type t = a64_fp_lane(in->sz);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_vs(l, t, in->rn);
    if (in->op == IR_frint)
        x = ir_opx(l->b, IR_frint, t, IR_VOID, in->exact, in->round, x, IR_NONE, IR_NONE);
    else
        x = ir_op1(l->b, (enum ir_op)in->op, x);
    a64_set_vs(l, in->rd, x);
    return true;
}

/* FADD to FNMUL. */
bool a64_fp_2src(struct a64_lift *l, const struct a64_fp_2src *in)
{
    enum ir_type t = a64_fp_lane(in->sz);
    if (!a64_fp_ok(l))
        return true;
    ir_ref r = ir_op2(l->b, (enum ir_op)in->op, a64_vs(l, t, in->rn), a64_vs(l, t, in->rm));
    a64_set_vs(l, in->rd, in->neg ? ir_op1(l->b, IR_fneg, r) : r);
    return true;
}

/* FMADD, FMSUB, FNMADD, FNMSUB. */
bool a64_fp_3src(struct a64_lift *l, const struct a64_fp_3src *in)
{
    enum ir_type t = a64_fp_lane(in->sz);
    if (!a64_fp_ok(l))
        return true;
    ir_ref n = a64_vs(l, t, in->rn), m = a64_vs(l, t, in->rm), a = a64_vs(l, t, in->ra);
    if (in->neg_n)
        n = ir_op1(l->b, IR_fneg, n);
    if (in->neg_a)
        a = ir_op1(l->b, IR_fneg, a);
    a64_set_vs(l, in->rd, ir_op3(l->b, IR_fma, n, m, a));
    return true;
}

/* ---- compare ---- */

struct flags {
    ir_ref n, z, c, v;
};

/* FPCompare's NZCV: less 1000, equal 0110, greater 0010, unordered 0011. */
static struct flags compare(struct a64_lift *l, ir_ref x, ir_ref y, bool signal)
{
    struct ir_block *b = l->b;
    ir_ref rel = ir_opx(b, IR_fcmp, IR_I8, IR_VOID, signal, 0, x, y, IR_NONE);
    ir_ref less = a64_imm(l, IR_I8, FP_LT);
    struct flags f = { .n = ir_op2(b, IR_eq, rel, less), .c = ir_op2(b, IR_ne, rel, less) };
    f.z = ir_op2(b, IR_eq, rel, a64_imm(l, IR_I8, FP_EQ));
    f.v = ir_op2(b, IR_eq, rel, a64_imm(l, IR_I8, FP_UN));
    return f;
}

/* FCMP, FCMPE. */
bool a64_fp_cmp(struct a64_lift *l, const struct a64_fp_cmp *in)
{
    enum ir_type t = a64_fp_lane(in->sz);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_vs(l, t, in->rn), y = in->zero ? a64_imm(l, t, 0) : a64_vs(l, t, in->rm);
    struct flags f = compare(l, x, y, in->signal);
    a64_set_nzcv(l, f.n, f.z, f.c, f.v);
    return true;
}

/* FCCMP, FCCMPE. Where the condition fails, zeros are compared: that raises nothing. */
bool a64_fp_ccmp(struct a64_lift *l, const struct a64_fp_ccmp *in)
{
    enum ir_type t = a64_fp_lane(in->sz);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_vs(l, t, in->rn), y = a64_vs(l, t, in->rm);
    if (a64_cond_always(in->cond)) {
        struct flags f = compare(l, x, y, in->signal);
        a64_set_nzcv(l, f.n, f.z, f.c, f.v);
        return true;
    }
    ir_ref holds = a64_cond(l, in->cond), zero = a64_imm(l, t, 0);
    struct flags f = compare(l, a64_select(l, holds, x, zero), a64_select(l, holds, y, zero), in->signal);
    ir_ref *bits[4] = { &f.v, &f.c, &f.z, &f.n };
    for (u32 i = 0; i < 4; i++)
        *bits[i] = a64_select(l, holds, *bits[i], a64_imm(l, IR_I1, in->nzcv >> i & 1));
    a64_set_nzcv(l, f.n, f.z, f.c, f.v);
    return true;
}

bool a64_fp_csel(struct a64_lift *l, const struct a64_fp_csel *in)
{
    enum ir_type t = a64_fp_lane(in->sz);
    if (!a64_fp_ok(l))
        return true;
    ir_ref r = a64_vs(l, t, in->rn);
    if (!a64_cond_always(in->cond))
        r = a64_select(l, a64_cond(l, in->cond), r, a64_vs(l, t, in->rm));
    a64_set_vs(l, in->rd, r);
    return true;
}

/* ---- moves ---- */

bool a64_fmov_reg(struct a64_lift *l, const struct a64_fmov_reg *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_vs(l, in->rd, a64_vs(l, a64_fp_lane(in->sz), in->rn));
    return true;
}

bool a64_fmov_imm(struct a64_lift *l, const struct a64_fmov_imm *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_vs(l, in->rd, a64_imm(l, a64_fp_lane(in->sz), a64_fp_expand_imm(in->sz, in->imm8)));
    return true;
}

bool a64_fmov_to_gpr(struct a64_lift *l, const struct a64_fmov_to_gpr *in)
{
    enum ir_type t = a64_ity(in->sf);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = in->top ? ir_opx(l->b, IR_extract, t, t, 0, 1, a64_v(l, in->rn), IR_NONE, IR_NONE)
                       : a64_vs(l, t, in->rn);
    a64_set_x(l, in->rd, x);
    return true;
}

bool a64_fmov_from_gpr(struct a64_lift *l, const struct a64_fmov_from_gpr *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_x(l, in->sf, in->rn);
    if (in->top)
        a64_set_v(l, in->rd, ir_opx(l->b, IR_insert, IR_V128, IR_I64, 0, 1, a64_v(l, in->rd), x, IR_NONE));
    else
        a64_set_vs(l, in->rd, x);
    return true;
}
