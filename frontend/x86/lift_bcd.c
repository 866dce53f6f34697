/*
 * lift_bcd.c - decimal adjustment, LAHF SAHF, CMC CLC STC CLD STD (Intel SDM volume 2).
 *
 * Undefined flags: OF is 0; AAA and AAS leave SF ZF PF of the new AL; AAM and AAD clear CF and AF.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

static ir_ref al(struct x86_lift *l) { return x86_reg(l, X86_RAX, 1); }

/* The low digit is no decimal one, or a carry came out of it. */
static ir_ref low_digit_over(struct x86_lift *l)
{
    ir_ref digit = x86_op2i(l, IR_and, al(l), 15);
    return ir_op2(l->b, IR_or, ir_op2(l->b, IR_ult, x86_imm(l, IR_I8, 9), digit), x86_get_af(l));
}

/* c ? n : 0, of type t */
static ir_ref if_const(struct x86_lift *l, enum ir_type t, ir_ref c, u64 n)
{
    return x86_select(l, c, x86_imm(l, t, n), x86_imm(l, t, 0));
}

/* SF ZF PF of r; the others as given. */
static void set_adjusted(struct x86_lift *l, ir_ref r, ir_ref cf, ir_ref af)
{
    ir_ref low = x86_trunc8(l, r);
    x86_set_flag(l, X86_F_zf, x86_is_zero(l, low));
    x86_set_flag(l, X86_F_sf, x86_is_neg(l, low));
    x86_set_flag(l, X86_F_cf, cf);
    x86_set_flag(l, X86_F_of, x86_imm(l, IR_I1, 0));
    ir_set(l->b, X86_F_pb, low);
    ir_set(l->b, X86_F_ab, ir_op2(l->b, IR_xor, low, if_const(l, IR_I8, af, 16)));
}

static bool decimal(struct x86_lift *l, enum ir_op op)
{
    struct ir_block *b = l->b;
    ir_ref old = al(l), cf = x86_get_flag(l, X86_F_cf), af = low_digit_over(l);
    ir_ref over = ir_op2(b, IR_or, ir_op2(b, IR_ult, x86_imm(l, IR_I8, 0x99), old), cf);
    ir_ref by = ir_op2(b, IR_add, if_const(l, IR_I8, af, 6), if_const(l, IR_I8, over, 0x60));
    ir_ref r = ir_op2(b, op, old, by);
    if (op == IR_sub) /* a borrow of the first step stays */
        over = ir_op2(b, IR_or, over, ir_op2(b, IR_and, af, x86_op2i(l, IR_ult, old, 6)));
    x86_set_reg(l, X86_RAX, r);
    set_adjusted(l, r, over, af);
    return true;
}

bool x86_daa(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return decimal(l, IR_add);
}

bool x86_das(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return decimal(l, IR_sub);
}

/* AX moves by 0106h, then AL keeps its low digit. */
static bool ascii(struct x86_lift *l, enum ir_op op)
{
    ir_ref over = low_digit_over(l);
    ir_ref ax = ir_op2(l->b, op, x86_reg(l, X86_RAX, 2), if_const(l, IR_I16, over, 0x106));
    ax = x86_op2i(l, IR_and, ax, 0xff0f);
    x86_set_reg(l, X86_RAX, ax);
    set_adjusted(l, ax, over, over);
    return true;
}

bool x86_aaa(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return ascii(l, IR_add);
}

bool x86_aas(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return ascii(l, IR_sub);
}

bool x86_aam(struct x86_lift *l, const struct x86_insn *i)
{
    u8 base = (u8)i->imm;
    if (!base) {
        x86_exc(l, X86_DE, 0);
        return true;
    }
    ir_ref q = x86_op2i(l, IR_udiv, al(l), base), r = x86_op2i(l, IR_urem, al(l), base), none = x86_imm(l, IR_I1, 0);
    ir_ref high = x86_op2i(l, IR_shl, x86_zext(l, IR_I16, q), 8);
    x86_set_reg(l, X86_RAX, ir_op2(l->b, IR_or, high, x86_zext(l, IR_I16, r)));
    set_adjusted(l, r, none, none);
    return true;
}

bool x86_aad(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref high = x86_zext(l, IR_I8, x86_op2i(l, IR_shr, x86_reg(l, X86_RAX, 2), 8)), none = x86_imm(l, IR_I1, 0);
    ir_ref r = ir_op2(l->b, IR_add, al(l), x86_op2i(l, IR_mul, high, i->imm & 0xff));
    x86_set_reg(l, X86_RAX, x86_zext(l, IR_I16, r));
    set_adjusted(l, r, none, none);
    return true;
}

/* ---- flags ---- */

bool x86_lahf(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    struct x86_op ah = { .kind = X86_K_REG, .reg = X86_RAX, .high = 1, .size = 1 };
    x86_set_reg8(l, &ah, x86_flags_low(l));
    return true;
}

bool x86_sahf(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    struct x86_op ah = { .kind = X86_K_REG, .reg = X86_RAX, .high = 1, .size = 1 };
    x86_set_flags_low(l, x86_reg8(l, &ah));
    return true;
}

/* op: X86_FLAG_ */
bool x86_flag(struct x86_lift *l, const struct x86_insn *i)
{
    u32 op = i->row->op;
    if (op == X86_FLAG_CMC)
        x86_set_flag(l, X86_F_cf, x86_inv(l, x86_get_flag(l, X86_F_cf)));
    else
        x86_set_flag(l, op == X86_FLAG_CLD || op == X86_FLAG_STD ? X86_F_df : X86_F_cf,
                     x86_imm(l, IR_I1, op == X86_FLAG_STC || op == X86_FLAG_STD));
    return true;
}
