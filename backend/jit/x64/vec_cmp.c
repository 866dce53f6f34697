/*
 * vec_cmp.c - rows on vectors of integer lanes: comparison, minimum and maximum, absolute difference.
 *
 * Intel SDM volume 2, chapter 4. Hosts compare for "equal" and signed "greater" only.
 */
#include "backend/jit/x64/vec.h"

/* a > b, unsigned, in i64 lanes: signed, once the sign bits are inverted. Uses XV_T1; d may be XV_T0. */
static void above64(struct vec *v, enum xreg d, enum xreg a, enum xreg b)
{
    vec3c(v, XV_PXOR, d, a, 64, vec_top(v));
    vec3c(v, XV_PXOR, XV_T1, b, 64, vec_top(v));
    vec3(v, XV_PCMPGTQ, d, d, XV_T1);
}

/* a <= b, unsigned: a is the smaller one. */
static void below_or_equal(struct vec *v, enum xreg d, enum xreg a, enum xreg b)
{
    if (v->lane == 3) {
        above64(v, d, a, b);
        vec_not(v, d, d);
        return;
    }
    vec3(v, VEC_UMIN[v->lane], d, a, b);
    vec3(v, VEC_EQ[v->lane], d, d, a);
}

static void ne(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, VEC_EQ[v->lane], d, s[0], s[1]);
    vec_not(v, d, d);
}

static void ult(struct vec *v, enum xreg d, const enum xreg *s)
{
    if (v->lane == 3) {
        above64(v, d, s[1], s[0]);
        return;
    }
    below_or_equal(v, d, s[1], s[0]);
    vec_not(v, d, d);
}

static void ule(struct vec *v, enum xreg d, const enum xreg *s) { below_or_equal(v, d, s[0], s[1]); }

static void sle(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, VEC_GT[v->lane], d, s[0], s[1]);
    vec_not(v, d, d);
}

static void tst(struct vec *v, enum xreg d, const enum xreg *s)
{
    if (s[0] != s[1])
        vec3(v, XV_PAND, d, s[0], s[1]);
    vec_zero(v, XV_T0);
    vec3(v, VEC_EQ[v->lane], d, s[0] != s[1] ? d : s[0], XV_T0);
    vec_not(v, d, d);
}

void x64_vemit_eq(struct xe *x, u32 i) { vec_simple(x, i, VEC_EQ[vec_lane(x, i)]); }
void x64_vemit_slt(struct xe *x, u32 i) { vec_simple(x, i, VEC_GT[vec_lane(x, i)] | VEC_SWAP); }

void x64_vemit_ne(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = ne };
    vec_run(x, i, &way, 0);
}

void x64_vemit_ult(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = ult };
    vec_run(x, i, &way, 0);
}

void x64_vemit_ule(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = ule };
    vec_run(x, i, &way, 0);
}

void x64_vemit_sle(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = sle };
    vec_run(x, i, &way, 0);
}

void x64_vemit_tst(struct xe *x, u32 i)
{
    static const struct vec_way way = { .fn = tst };
    vec_run(x, i, &way, 0);
}

/* ---- minimum and maximum: i64 lanes chosen by comparison ---- */

/* XV_T0 := a > b in i64 lanes. */
static void greater64(struct vec *v, enum xreg a, enum xreg b)
{
    if (v->mode & VEC_SIGNED)
        vec3(v, XV_PCMPGTQ, XV_T0, a, b);
    else
        above64(v, XV_T0, a, b);
}

static void min64(struct vec *v, enum xreg d, const enum xreg *s)
{
    greater64(v, s[0], s[1]);
    vec_pick(v, d, XV_T0, s[1], s[0]);
}

static void max64(struct vec *v, enum xreg d, const enum xreg *s)
{
    greater64(v, s[0], s[1]);
    vec_pick(v, d, XV_T0, s[0], s[1]);
}

void x64_vemit_umin(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PMINUB }, { .op = XV_PMINUW }, { .op = XV_PMINUD }, { .fn = min64 },
    };
    vec_emit(x, i, way);
}

void x64_vemit_umax(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PMAXUB }, { .op = XV_PMAXUW }, { .op = XV_PMAXUD }, { .fn = max64 },
    };
    vec_emit(x, i, way);
}

void x64_vemit_smin(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PMINSB }, { .op = XV_PMINSW }, { .op = XV_PMINSD }, { .fn = min64, .mode = VEC_SIGNED },
    };
    vec_emit(x, i, way);
}

void x64_vemit_smax(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .op = XV_PMAXSB }, { .op = XV_PMAXSW }, { .op = XV_PMAXSD }, { .fn = max64, .mode = VEC_SIGNED },
    };
    vec_emit(x, i, way);
}

/* ---- absolute difference ---- */

/* Of the two saturated differences one is zero. */
static void uabd_small(struct vec *v, enum xreg d, const enum xreg *s)
{
    u32 op = v->lane ? XV_PSUBUSW : XV_PSUBUSB;
    vec3(v, op, XV_T0, s[0], s[1]);
    vec3(v, op, d, s[1], s[0]);
    vec3(v, XV_POR, d, d, XV_T0);
}

static void abd(struct vec *v, enum xreg d, const enum xreg *s)
{
    vec3(v, (v->mode & VEC_SIGNED ? VEC_SMIN : VEC_UMIN)[v->lane], XV_T0, s[0], s[1]);
    vec3(v, (v->mode & VEC_SIGNED ? VEC_SMAX : VEC_UMAX)[v->lane], d, s[0], s[1]);
    vec3(v, VEC_SUB[v->lane], d, d, XV_T0);
}

/* b - a, negated where a > b. */
static void abd64(struct vec *v, enum xreg d, const enum xreg *s)
{
    greater64(v, s[0], s[1]);
    vec3(v, XV_PSUBQ, d, s[1], s[0]);
    vec3(v, XV_PXOR, d, d, XV_T0);
    vec3(v, XV_PSUBQ, d, d, XV_T0);
}

void x64_vemit_uabd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = uabd_small }, { .fn = uabd_small }, { .fn = abd }, { .fn = abd64 },
    };
    vec_emit(x, i, way);
}

void x64_vemit_sabd(struct xe *x, u32 i)
{
    static const struct vec_way way[4] = {
        { .fn = abd, .mode = VEC_SIGNED }, { .fn = abd, .mode = VEC_SIGNED }, { .fn = abd, .mode = VEC_SIGNED },
        { .fn = abd64, .mode = VEC_SIGNED },
    };
    vec_emit(x, i, way);
}
