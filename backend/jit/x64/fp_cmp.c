/*
 * fp_cmp.c - FP comparison, minimum and maximum, scalar and lanewise.
 *
 * Intel SDM volume 2, UCOMISS, COMISS, CMPPS, MINSS, MAXSS; Arm ARM DDI 0487, FPCompare, FPCompareEQ/GE/GT, FPMin,
 * FPMinNum. UCOMISS and the predicates named Q raise IE for signalling NaNs only, COMISS and those named S for all.
 */
#include "backend/jit/x64/fp_emit.h"
#include "backend/jit/x64/emit_rows.h"

/* ---- minimum and maximum ---- */

/* The host's answer the second operand for zeros and NaNs, and raise IE for every NaN. So NaNs leave first; then both
 * orders agree, but for zeros of different signs: the minimum is negative if either is, the maximum if both are. */
static void extreme_arm(struct xe *x, u32 i, enum xfp op)
{
    struct xe_fp f;
    if (!xe_fp_begin_arm(&f, x, i, 0))
        return;
    xe_fp_def(&f);
    u8 *odd;
    if (f.packed) {
        xe_fp_cmp(&f, XP_UNORD_Q, XV_T0, f.s[0][0], f.s[1][0]);
        if (f.halves == 2) {
            xe_fp_cmp(&f, XP_UNORD_Q, XV_T1, f.s[0][1], f.s[1][1]);
            xa_v3(f.a, XV_ORPS, XV_T0, XV_T0, XV_T1);
        }
        xe_fp_any(&f, XV_T0);
        odd = xa_jcc_fwd(f.a, CC_NE, false);
    } else {
        xe_fp_ucomi(&f, f.s[0][0], f.s[1][0]);
        odd = xa_jcc_fwd(f.a, CC_P, false);
    }
    for (u32 h = 0; h < f.halves; h++) {
        xa_v3(f.a, xe_fp_op(&f, op), XV_T0, f.s[0][h], f.s[1][h]);
        xa_v3(f.a, xe_fp_op(&f, op), f.d[h], f.s[1][h], f.s[0][h]);
        xa_v3(f.a, op == XFP_MIN ? XV_ORPS : XV_ANDPS, f.d[h], f.d[h], XV_T0);
    }
    xe_fp_cold(&f, odd);
}

static void extreme_x86(struct xe *x, u32 i, enum xfp op)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 0);
    for (u32 h = 0; h < f.halves; h++)
        xa_v3(f.a, xe_fp_op(&f, op), f.d[h], f.s[0][h], f.s[1][h]);
}

static void extreme(struct xe *x, u32 i, enum xfp op)
{
    if (xe_fp_x86(x))
        extreme_x86(x, i, op);
    else
        extreme_arm(x, i, op);
}

void x64_emit_fmin(struct xe *x, u32 i) { extreme(x, i, XFP_MIN); }
void x64_vemit_fmin(struct xe *x, u32 i) { extreme(x, i, XFP_MIN); }
void x64_emit_fmax(struct xe *x, u32 i) { extreme(x, i, XFP_MAX); }
void x64_vemit_fmax(struct xe *x, u32 i) { extreme(x, i, XFP_MAX); }
void x64_emit_fminnm(struct xe *x, u32 i) { extreme_arm(x, i, XFP_MIN); }
void x64_vemit_fminnm(struct xe *x, u32 i) { extreme_arm(x, i, XFP_MIN); }
void x64_emit_fmaxnm(struct xe *x, u32 i) { extreme_arm(x, i, XFP_MAX); }
void x64_vemit_fmaxnm(struct xe *x, u32 i) { extreme_arm(x, i, XFP_MAX); }

/* ---- comparison ---- */

/* b compared with a gives CF if a is greater, ZF if it is equal, both for unordered: the two bits of enum fp_rel. */
_Static_assert(FP_LT == 0 && FP_EQ == 1 && FP_GT == 2 && FP_UN == 3, "made from ZF and CF");

void x64_emit_fcmp(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    enum xreg d = xe_def(x, i);
    u32 quiet = f.bits == 64 ? XV_UCOMISD : XV_UCOMISS, signal = f.bits == 64 ? XV_COMISD : XV_COMISS;
    xa_alu_rr(f.a, XA_XOR, 32, d, d);
    xa_alu_rr(f.a, XA_XOR, 32, RAX, RAX);
    xa_v2(f.a, xe_ins(x, i)->flag ? signal : quiet, f.s[1][0], f.s[0][0]);
    xa_setcc(f.a, CC_B, d);
    xa_setcc(f.a, CC_E, RAX);
    xa_lea(f.a, 32, d, xmi(RAX, d, 2, 0));
    xe_clean(x, i);
}

static void magnitudes(struct xe_fp *f, u32 half)
{
    xa_v3m(f->a, XV_ANDPS, XV_T0, f->s[0][half], xe_fp_abs(f));
    xa_v3m(f->a, XV_ANDPS, XV_T1, f->s[1][half], xe_fp_abs(f));
}

/* Ordered and greater (CC_A) or not less (CC_AE); signals. */
static void scalar_compare(struct xe *x, u32 i, enum xcc cc, bool absolute)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    enum xreg d = xe_def(x, i);
    if (absolute)
        magnitudes(&f, 0);
    xa_alu_rr(f.a, XA_XOR, 32, d, d);
    xa_v2(f.a, f.bits == 64 ? XV_COMISD : XV_COMISS, absolute ? XV_T0 : f.s[0][0], absolute ? XV_T1 : f.s[1][0]);
    xa_setcc(f.a, cc, d);
}

void x64_emit_fcmge(struct xe *x, u32 i) { scalar_compare(x, i, CC_AE, false); }
void x64_emit_fcmgt(struct xe *x, u32 i) { scalar_compare(x, i, CC_A, false); }
void x64_emit_facge(struct xe *x, u32 i) { scalar_compare(x, i, CC_AE, true); }
void x64_emit_facgt(struct xe *x, u32 i) { scalar_compare(x, i, CC_A, true); }

void x64_emit_fcmeq(struct xe *x, u32 i)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    enum xreg d = xe_def(x, i);
    xe_fp_cmp(&f, XP_EQ_OQ, XV_T0, f.s[0][0], f.s[1][0]);
    xa_vto(f.a, 32, d, XV_T0);
    xa_alu_ri(f.a, XA_AND, 32, d, 1);
}

/* Masks of a `than` b; the predicates know less, so operands change places. */
static void lanes_compare(struct xe *x, u32 i, enum xe_fp_pred p, bool absolute)
{
    struct xe_fp f;
    if (!xe_fp_begin(&f, x, i, 0))
        return;
    xe_fp_def_over(&f, 1);
    for (u32 h = 0; h < f.halves; h++) {
        if (absolute)
            magnitudes(&f, h);
        xe_fp_cmp(&f, p, f.d[h], absolute ? XV_T1 : f.s[1][h], absolute ? XV_T0 : f.s[0][h]);
    }
}

void x64_vemit_fcmeq(struct xe *x, u32 i) { lanes_compare(x, i, XP_EQ_OQ, false); }
void x64_vemit_fcmge(struct xe *x, u32 i) { lanes_compare(x, i, XP_LE_OS, false); }
void x64_vemit_fcmgt(struct xe *x, u32 i) { lanes_compare(x, i, XP_LT_OS, false); }
void x64_vemit_facge(struct xe *x, u32 i) { lanes_compare(x, i, XP_LE_OS, true); }
void x64_vemit_facgt(struct xe *x, u32 i) { lanes_compare(x, i, XP_LT_OS, true); }
