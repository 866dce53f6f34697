/*
 * lift_simd_shift.c - A64 Advanced SIMD shifts by immediate.
 *
 * Arm ARM DDI 0487, C7.2 SSHR to SRSRA, SHL, SLI, SRI, SQSHL to UQSHL (immediate), SHRN to UQRSHRN, SSHLL,
 * USHLL, SHLL. Shifts by register are in lift_simd_int.c.
 */
#include "frontend/arm/lift_simd.h"

/* immh:immb: size is the position of the highest bit of immh. imm is 8 to 127. */
static u32 imm_size(u32 imm)
{
    return 28 - (u32)__builtin_clz(imm);
}

/* A shift count in every lane. */
static ir_ref right_count(struct a64_lift *l, enum ir_type lane, u32 size, u32 imm)
{
    return a64_splat(l, lane, (16u << size) - imm);
}

static ir_ref left_count(struct a64_lift *l, enum ir_type lane, u32 size, u32 imm)
{
    return a64_splat(l, lane, imm - (8u << size));
}

/* SSHR, USHR, SRSHR, URSHR, their accumulating forms, SHL. */
bool a64_simd_shift_imm(struct a64_lift *l, const struct a64_simd_shift_imm *in)
{
    u32 size = imm_size(in->imm);
    struct a64_lanes s = { a64_int_lane(size), in->q, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref count = (in->op == IR_shl ? left_count : right_count)(l, s.lane, size, in->imm);
    ir_ref r = ir_vop2(l->b, (enum ir_op)in->op, s.lane, a64_v(l, in->rn), count);
    a64_lanes_out(l, s, in->rd, a64_accumulate(l, s.lane, in->acc, in->rd, r));
    return true;
}

/* SLI, SRI. */
bool a64_simd_shift_insert(struct a64_lift *l, const struct a64_simd_shift_insert *in)
{
    u32 size = imm_size(in->imm);
    struct a64_lanes s = { a64_int_lane(size), in->q, in->scalar };
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    enum ir_op op = in->right ? IR_shr : IR_shl;
    ir_ref count = (in->right ? right_count : left_count)(l, s.lane, size, in->imm);
    ir_ref filled = ir_vop2(b, op, s.lane, ir_vconst(b, ~0ull, ~0ull), count);
    ir_ref x = ir_vop2(b, op, s.lane, a64_v(l, in->rn), count);
    a64_lanes_out(l, s, in->rd, ir_op3(b, IR_bsel, filled, x, a64_v(l, in->rd)));
    return true;
}

/* SQSHL, UQSHL, SQSHLU (immediate). A lane saturated if shifting its result back does not give it again. */
bool a64_simd_qshl_imm(struct a64_lift *l, const struct a64_simd_qshl_imm *in)
{
    u32 size = imm_size(in->imm);
    struct a64_lanes s = { a64_int_lane(size), in->q, in->scalar };
    struct ir_block *b = l->b;
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_lanes_in(l, s, in->rn), count = left_count(l, s.lane, size, in->imm);
    ir_ref r = ir_vop2(b, (enum ir_op)in->op, s.lane, x, count);
    ir_ref back = ir_vop2(b, in->op == IR_vsqshl ? IR_sar : IR_shr, s.lane, r, count);
    ir_ref qc = a64_qc(l, ir_op2(b, IR_xor, x, back));
    a64_lanes_out(l, s, in->rd, r);
    a64_set_qc(l, qc);
    return true;
}

/* rd = x narrowed to half its lanes' width by op; a lane saturated if widening it again gives another. */
static void narrow(struct a64_lift *l, enum ir_op op, enum ir_type wide, u32 rd, u32 q, ir_ref x)
{
    struct ir_block *b = l->b;
    ir_ref r = ir_vop1(b, op, wide, x), qc = IR_NONE;
    if (op != IR_vxtn) {
        enum ir_op xtl = op == IR_vsqxtn ? IR_vsxtl : IR_vuxtl;
        qc = a64_qc(l, ir_op2(b, IR_xor, x, ir_opx(b, xtl, IR_V128, wide, 0, 0, r, IR_NONE, IR_NONE)));
    }
    a64_set_narrow(l, rd, q, r);
    a64_set_qc(l, qc);
}

/* SHRN, RSHRN, SQSHRN, SQRSHRN, SQSHRUN, SQRSHRUN, UQSHRN, UQRSHRN. */
bool a64_simd_shift_narrow(struct a64_lift *l, const struct a64_simd_shift_narrow *in)
{
    u32 size = imm_size(in->imm);
    struct a64_lanes s = { a64_int_lane(size + 1), 1, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = ir_vop2(l->b, (enum ir_op)in->shift, s.lane, a64_lanes_in(l, s, in->rn),
                       right_count(l, s.lane, size, in->imm));
    narrow(l, (enum ir_op)in->op, s.lane, in->rd, in->q, x);
    return true;
}

/* XTN, SQXTN, SQXTUN, UQXTN. */
bool a64_simd_narrow(struct a64_lift *l, const struct a64_simd_narrow *in)
{
    struct a64_lanes s = { a64_int_lane(in->size + 1), 1, in->scalar };
    if (!a64_fp_ok(l))
        return true;
    narrow(l, (enum ir_op)in->op, s.lane, in->rd, in->q, a64_lanes_in(l, s, in->rn));
    return true;
}

/* Half q of rn widened, then shifted left. */
static void shift_long(struct a64_lift *l, u32 size, u32 count, bool sign, u32 q, u32 rn, u32 rd)
{
    enum ir_type w = a64_int_lane(size + 1);
    ir_ref x = ir_opx(l->b, sign ? IR_vsxtl : IR_vuxtl, IR_V128, w, 0, q, a64_v(l, rn), IR_NONE, IR_NONE);
    a64_set_v(l, rd, count ? ir_vop2(l->b, IR_shl, w, x, a64_splat(l, w, count)) : x);
}

/* SSHLL, USHLL. */
bool a64_simd_shll(struct a64_lift *l, const struct a64_simd_shll *in)
{
    u32 size = imm_size(in->imm);
    if (!a64_fp_ok(l))
        return true;
    shift_long(l, size, in->imm - (8u << size), in->sign, in->q, in->rn, in->rd);
    return true;
}

/* SHLL: the sign bits of the extension are shifted out. */
bool a64_simd_shll_lane(struct a64_lift *l, const struct a64_simd_shll_lane *in)
{
    if (!a64_fp_ok(l))
        return true;
    shift_long(l, in->size, 8u << in->size, false, in->q, in->rn, in->rd);
    return true;
}
