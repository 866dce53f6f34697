/*
 * fp_emit.c - what the FP emitters share: operands, tests, cold code.
 */
#include "backend/jit/x64/fp_emit.h"

bool xe_fp_begin(struct xe_fp *f, struct xe *x, u32 i, u32 features)
{
    const struct ir_ins *in = xe_ins(x, i);
    enum ir_type t = (enum ir_type)(in->lane == IR_VOID ? in->src : in->lane);
    if (!xe_fp_plain(x) || (t != IR_F32 && t != IR_F64) || !xe_has(x, features)) {
        xe_eval(x, i);
        return false;
    }
    *f = (struct xe_fp){ .x = x, .a = xe_asm(x), .i = i, .bits = ir_bits(t), .packed = in->lane != IR_VOID,
                         .x86 = xe_fp_x86(x), .halves = in->src == IR_V256 ? 2 : 1 };
    for (u32 k = 0; k < ir_rows[in->op].args; k++) {
        f->s[k][0] = xe_use_v(x, in->arg[k]);
        if (f->halves == 2)
            f->s[k][1] = xe_use_v2(x, in->arg[k]);
    }
    xe_flags_lost(x);
    return true;
}

bool xe_fp_begin_arm(struct xe_fp *f, struct xe *x, u32 i, u32 features)
{
    if (!xe_fp_x86(x))
        return xe_fp_begin(f, x, i, features);
    xe_eval(x, i);
    return false;
}

void xe_fp_def(struct xe_fp *f)
{
    f->d[0] = xe_def_v(f->x, f->i);
    if (f->halves == 2)
        f->d[1] = xe_def_v2(f->x, f->i);
}

void xe_fp_def_over(struct xe_fp *f, u32 k)
{
    f->d[0] = f->x86 ? xe_def_v_over(f->x, f->i, xe_ins(f->x, f->i)->arg[k]) : xe_def_v(f->x, f->i);
    if (f->halves == 2)
        f->d[1] = xe_def_v2(f->x, f->i);
}

void xe_fp_any(struct xe_fp *f, enum xreg v)
{
    if (f->packed) {
        xa_v2(f->a, XV_PTEST, v, v);
    } else {
        xa_vto(f->a, 32, RAX, v);
        xa_test_rr(f->a, 32, RAX, RAX);
    }
}

void xe_fp_odd(struct xe_fp *f, bool tiny, enum xreg t, enum xreg u, enum xreg d)
{
    if (!tiny) {
        xe_fp_cmp(f, XP_UNORD_Q, t, d, d);
        return;
    }
    xa_v3m(f->a, XV_ANDPS, t, d, xe_fp_abs(f));
    if (f->a->features & XF_AVX) {
        xa_v3mi(f->a, xe_fp_op(f, XFP_CMP), t, t, xe_fp_min_normal(f), XP_EQ_UQ);
        return;
    }
    xe_fp_cmp(f, XP_UNORD_Q, u, t, t);
    xa_v3m(f->a, xe_fp_int_eq(f), t, t, xe_fp_min_normal(f));
    xa_v3(f->a, XV_ORPS, t, t, u);
}

void xe_fp_cold(struct xe_fp *f, u8 *from)
{
    xe_cold_eval(f->x, f->i, from);
    xe_cold_eval_back(f->x);
}

static void check_scalar(struct xe_fp *f, bool tiny)
{
    if (!tiny) {
        xe_fp_ucomi(f, f->d[0], f->d[0]);
        xe_fp_cold(f, xa_jcc_fwd(f->a, CC_P, false));
        return;
    }
    xa_v3m(f->a, XV_ANDPS, XV_T0, f->d[0], xe_fp_abs(f));
    xa_v2m(f->a, f->bits == 64 ? XV_UCOMISD : XV_UCOMISS, XV_T0, xe_fp_min_normal(f));
    xe_fp_cold(f, xa_jcc_fwd(f->a, CC_E, false)); /* unordered, too */
}

void xe_fp_check(struct xe_fp *f, bool tiny)
{
    if (f->x86)
        return;
    if (!f->packed) {
        check_scalar(f, tiny);
        return;
    }
    xe_fp_odd(f, tiny, XV_T0, XV_T2, f->d[0]);
    if (f->halves == 2) {
        xe_fp_odd(f, tiny, XV_T1, XV_T2, f->d[1]);
        xa_v3(f->a, XV_ORPS, XV_T0, XV_T0, XV_T1);
    }
    xe_fp_any(f, XV_T0);
    xe_fp_cold(f, xa_jcc_fwd(f->a, CC_NE, false));
}
