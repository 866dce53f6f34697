/*
 * lift_simd_move.c - A64 Advanced SIMD moves: copy, permute, extract, table lookup, reverse, bitwise logic and
 * modified immediate.
 *
 * Arm ARM DDI 0487, C7.2 DUP, INS, SMOV, UMOV, UZP to ZIP, EXT, TBL, TBX, REV, AND to ORN, BSL, MOVI to BIC.
 */
#include "frontend/arm/lift_simd.h"

/* The copy instructions' imm5: size and index. */
static enum ir_type imm5_lane(u32 imm5, u32 *index)
{
    u32 size = (u32)__builtin_ctz(imm5 | 8);
    *index = imm5 >> (size + 1);
    return a64_int_lane(size);
}

static ir_ref extract(struct a64_lift *l, enum ir_type lane, u32 index, ir_ref v)
{
    return ir_opx(l->b, IR_extract, lane, lane, 0, index, v, IR_NONE, IR_NONE);
}

static ir_ref splat(struct a64_lift *l, enum ir_type lane, ir_ref x)
{
    return ir_opx(l->b, IR_splat, IR_V128, lane, 0, 0, x, IR_NONE, IR_NONE);
}

/* General register r as a lane. */
static ir_ref gpr_lane(struct a64_lift *l, enum ir_type lane, u32 r)
{
    ir_ref x = a64_x(l, lane == IR_I64, r);
    return lane < IR_I32 ? ir_conv(l->b, IR_trunc, lane, x) : x;
}

bool a64_simd_dup_elem(struct a64_lift *l, const struct a64_simd_dup_elem *in)
{
    u32 index;
    enum ir_type lane = imm5_lane(in->imm5, &index);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = extract(l, lane, index, a64_v(l, in->rn));
    if (in->scalar)
        a64_set_vs(l, in->rd, x);
    else
        a64_set_vq(l, in->rd, in->q, splat(l, lane, x));
    return true;
}

bool a64_simd_dup_gpr(struct a64_lift *l, const struct a64_simd_dup_gpr *in)
{
    u32 index;
    enum ir_type lane = imm5_lane(in->imm5, &index);
    if (!a64_fp_ok(l))
        return true;
    a64_set_vq(l, in->rd, in->q, splat(l, lane, gpr_lane(l, lane, in->rn)));
    return true;
}

/* SMOV, UMOV. */
bool a64_simd_mov_gpr(struct a64_lift *l, const struct a64_simd_mov_gpr *in)
{
    u32 index;
    enum ir_type lane = imm5_lane(in->imm5, &index), to = a64_ity(in->q);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = extract(l, lane, index, a64_v(l, in->rn));
    if (lane != to)
        x = ir_conv(l->b, in->sign ? IR_sext : IR_zext, to, x);
    a64_set_x(l, in->rd, x);
    return true;
}

static void insert(struct a64_lift *l, enum ir_type lane, u32 index, u32 rd, ir_ref x)
{
    ir_ref v = a64_v(l, rd);
    a64_set_v(l, rd, ir_opx(l->b, IR_insert, IR_V128, lane, 0, index, v, x, IR_NONE));
}

bool a64_simd_ins_gpr(struct a64_lift *l, const struct a64_simd_ins_gpr *in)
{
    u32 index;
    enum ir_type lane = imm5_lane(in->imm5, &index);
    if (!a64_fp_ok(l))
        return true;
    insert(l, lane, index, in->rd, gpr_lane(l, lane, in->rn));
    return true;
}

bool a64_simd_ins_elem(struct a64_lift *l, const struct a64_simd_ins_elem *in)
{
    u32 index;
    enum ir_type lane = imm5_lane(in->imm5, &index);
    if (!a64_fp_ok(l))
        return true;
    insert(l, lane, index, in->rd, extract(l, lane, in->imm4 >> (lane - IR_I8), a64_v(l, in->rn)));
    return true;
}

/* Bytes imm onwards of y:x. */
static ir_ref ext(struct a64_lift *l, ir_ref x, ir_ref y, u32 imm)
{
    return ir_opx(l->b, IR_vext, IR_V128, IR_VOID, 0, imm, x, y, IR_NONE);
}

/* UZP1, UZP2, TRN1, TRN2, ZIP1, ZIP2. */
bool a64_simd_permute(struct a64_lift *l, const struct a64_simd_permute *in)
{
    enum ir_op op = (enum ir_op)in->op;
    enum ir_type lane = a64_int_lane(in->size);
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = a64_v(l, in->rm), r;
    if (in->q || op == IR_trn1 || op == IR_trn2) {
        r = ir_vop2(l->b, op, lane, x, y);
    } else if (op == IR_uzp1 || op == IR_uzp2) {
        x = ir_op2(l->b, IR_vcat, x, y);
        r = ir_vop2(l->b, op, lane, x, x);
    } else { /* both of the short zips are in the long zip1 */
        r = ir_vop2(l->b, IR_zip1, lane, x, y);
        if (op == IR_zip2)
            r = ext(l, r, r, 8);
    }
    a64_set_vq(l, in->rd, in->q, r);
    return true;
}

bool a64_simd_ext(struct a64_lift *l, const struct a64_simd_ext *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_v(l, in->rn), y = a64_v(l, in->rm);
    if (!in->q)
        x = y = ir_op2(l->b, IR_vcat, x, y);
    a64_set_vq(l, in->rd, in->q, ext(l, x, y, in->imm4));
    return true;
}

/* TBL, TBX: register by register, each taking the indices that fall into it. */
bool a64_simd_tbl(struct a64_lift *l, const struct a64_simd_tbl *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref r = in->keep ? a64_v(l, in->rd) : ir_vconst(l->b, 0, 0), index = a64_v(l, in->rm);
    for (u32 i = 0; i <= in->len; i++)
        r = ir_opx(l->b, IR_tbx, IR_V128, IR_VOID, 0, 16 * i, r, index, a64_v(l, (in->rn + i) % 32));
    a64_set_vq(l, in->rd, in->q, r);
    return true;
}

/* REV16, REV32, REV64. */
bool a64_simd_rev(struct a64_lift *l, const struct a64_simd_rev *in)
{
    static const u16 ops[] = { IR_rev8, IR_rev16, IR_rev32 };
    enum ir_type unit = in->unit == 64 ? IR_I64 : in->unit == 32 ? IR_I32 : IR_I16;
    if (!a64_fp_ok(l))
        return true;
    a64_set_vq(l, in->rd, in->q, ir_vop1(l->b, (enum ir_op)ops[in->size], unit, a64_v(l, in->rn)));
    return true;
}

/* AND, BIC, EOR, ORN, ORR (register). */
bool a64_simd_logic(struct a64_lift *l, const struct a64_simd_logic *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_vq(l, in->rd, in->q, ir_op2(l->b, (enum ir_op)in->op, a64_v(l, in->rn), a64_v(l, in->rm)));
    return true;
}

/* BSL, BIT, BIF. */
bool a64_simd_bitsel(struct a64_lift *l, const struct a64_simd_bitsel *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref d = a64_v(l, in->rd), n = a64_v(l, in->rn), m = a64_v(l, in->rm);
    ir_ref r = in->sel == 0   ? ir_op3(l->b, IR_bsel, d, n, m)
               : in->sel == 1 ? ir_op3(l->b, IR_bsel, m, n, d)
                              : ir_op3(l->b, IR_bsel, m, d, n);
    a64_set_vq(l, in->rd, in->q, r);
    return true;
}

/* AdvSIMDExpandImm (shared/functions/vector), 64 bits of it; kinds as in a64_simd.decode. */
static u64 expand_imm(u32 kind, u32 amount, u64 imm8)
{
    const u64 by32 = 0x0000000100000001, by16 = 0x0001000100010001, by8 = 0x0101010101010101;
    u64 v = 0;
    switch (kind) {
    case 0: return (imm8 << 8 * amount) * by32;
    case 1: return (imm8 << 8 * amount) * by16;
    case 2: return (imm8 << 8 * (amount + 1) | ((1ull << 8 * (amount + 1)) - 1)) * by32;
    case 3: return imm8 * by8;
    case 4:
        for (u32 i = 0; i < 8; i++)
            v |= (imm8 >> i & 1) * 0xffull << 8 * i;
        return v;
    case 5: return a64_fp_expand_imm(0, (u32)imm8) * by32;
    default: return a64_fp_expand_imm(1, (u32)imm8);
    }
}

/* MOVI, MVNI, ORR, BIC (immediate), FMOV (vector, immediate). */
bool a64_simd_modimm(struct a64_lift *l, const struct a64_simd_modimm *in)
{
    u64 imm = expand_imm(in->kind, in->amount, in->abc << 5 | in->defgh);
    if (!a64_fp_ok(l))
        return true;
    imm = in->inv ? ~imm : imm;
    if (!in->logic) {
        a64_set_v(l, in->rd, ir_vconst(l->b, imm, in->q ? imm : 0));
        return true;
    }
    ir_ref v = a64_v(l, in->rd), k = ir_vconst(l->b, imm, imm);
    a64_set_vq(l, in->rd, in->q, ir_op2(l->b, in->logic == 1 ? IR_or : IR_and, v, k));
    return true;
}
