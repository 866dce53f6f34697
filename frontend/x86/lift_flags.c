/*
 * lift_flags.c - arithmetic flags and conditions (Intel SDM volume 1, 3.4.3.1 and appendix B).
 *
 * CF, ZF, SF and OF are fields of one bit. PF and AF are rarely asked for: the bytes they are made of are kept
 * (struct x86_state, pb and ab). The rows used are those in which engines see one host comparison.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

/* ---- reading ---- */

ir_ref x86_get_flag(struct x86_lift *l, u32 field) { return ir_get(l->b, field); }

ir_ref x86_get_pf(struct x86_lift *l) { return ir_op1(l->b, IR_parity, ir_get(l->b, X86_F_pb)); }

ir_ref x86_get_af(struct x86_lift *l)
{
    return ir_op3(l->b, IR_auxc, ir_get(l->b, X86_F_ab), ir_get(l->b, X86_F_pb), x86_imm(l, IR_I8, 0));
}

/* Of the even condition code; odd ones are its opposites. */
static ir_ref even_cond(struct x86_lift *l, u32 cc)
{
    struct ir_block *b = l->b;
    switch (cc >> 1) {
    case 0: return ir_get(b, X86_F_of);
    case 1: return ir_get(b, X86_F_cf);
    case 2: return ir_get(b, X86_F_zf);
    case 3: return ir_op2(b, IR_or, ir_get(b, X86_F_zf), ir_get(b, X86_F_cf));
    case 4: return ir_get(b, X86_F_sf);
    case 5: return x86_get_pf(l);
    case 6: return ir_op2(b, IR_ne, ir_get(b, X86_F_sf), ir_get(b, X86_F_of));
    default: return ir_op2(b, IR_or, ir_op2(b, IR_ne, ir_get(b, X86_F_sf), ir_get(b, X86_F_of)), ir_get(b, X86_F_zf));
    }
}

ir_ref x86_cond(struct x86_lift *l, u32 cc)
{
    ir_ref c = even_cond(l, cc & 15);
    return cc & 1 ? x86_inv(l, c) : c;
}

/* ---- writing ---- */

void x86_set_flag(struct x86_lift *l, u32 field, ir_ref i1) { ir_set(l->b, field, i1); }

/* ZF, SF and the byte of PF. */
static ir_ref set_result(struct x86_lift *l, ir_ref r)
{
    ir_ref zero = x86_imm(l, ir_type_of(l->b, r), 0), low = x86_trunc8(l, r);
    ir_set(l->b, X86_F_zf, ir_op2(l->b, IR_eq, r, zero));
    ir_set(l->b, X86_F_sf, ir_op2(l->b, IR_slt, r, zero));
    ir_set(l->b, X86_F_pb, low);
    return low;
}

static void set_aux(struct x86_lift *l, ir_ref a, ir_ref b)
{
    ir_set(l->b, X86_F_ab, ir_op2(l->b, IR_xor, x86_trunc8(l, a), x86_trunc8(l, b)));
}

void x86_flags_add(struct x86_lift *l, ir_ref a, ir_ref b, ir_ref c, ir_ref r)
{
    if (c == IR_NONE)
        c = x86_imm(l, IR_I1, 0);
    ir_set(l->b, X86_F_cf, ir_op3(l->b, IR_carry, a, b, c));
    ir_set(l->b, X86_F_of, ir_op3(l->b, IR_ovadd, a, b, c));
    set_result(l, r);
    set_aux(l, a, b);
}

void x86_flags_sub(struct x86_lift *l, ir_ref a, ir_ref b, ir_ref c, ir_ref r)
{
    ir_ref none = c == IR_NONE ? x86_imm(l, IR_I1, 0) : c;
    ir_set(l->b, X86_F_cf, c == IR_NONE ? ir_op2(l->b, IR_ult, a, b) : ir_op3(l->b, IR_borrow, a, b, c));
    ir_set(l->b, X86_F_of, ir_op3(l->b, IR_ovsub, a, b, none));
    set_result(l, r);
    set_aux(l, a, b);
}

void x86_flags_szp(struct x86_lift *l, ir_ref r) { ir_set(l->b, X86_F_ab, set_result(l, r)); }

void x86_flags_logic(struct x86_lift *l, ir_ref r)
{
    ir_ref clear = x86_imm(l, IR_I1, 0);
    ir_set(l->b, X86_F_cf, clear);
    ir_set(l->b, X86_F_of, clear);
    x86_flags_szp(l, r);
}

void x86_flags_inc(struct x86_lift *l, ir_ref a, ir_ref r, bool dec)
{
    ir_ref one = x86_imm(l, ir_type_of(l->b, a), 1);
    ir_set(l->b, X86_F_of, ir_op3(l->b, dec ? IR_ovsub : IR_ovadd, a, one, x86_imm(l, IR_I1, 0)));
    set_result(l, r);
    set_aux(l, a, one);
}

void x86_flags_const(struct x86_lift *l, bool cf, bool zf, bool sf, bool of, u8 pb)
{
    ir_ref bit[2] = { x86_imm(l, IR_I1, 0), x86_imm(l, IR_I1, 1) }, byte = x86_imm(l, IR_I8, pb);
    ir_set(l->b, X86_F_cf, bit[cf]);
    ir_set(l->b, X86_F_zf, bit[zf]);
    ir_set(l->b, X86_F_sf, bit[sf]);
    ir_set(l->b, X86_F_of, bit[of]);
    ir_set(l->b, X86_F_pb, byte);
    ir_set(l->b, X86_F_ab, byte);
}

void x86_set_pf_af(struct x86_lift *l, ir_ref pf, ir_ref af)
{
    ir_ref pb = x86_zext(l, IR_I8, x86_inv(l, pf));
    ir_ref ab = ir_op2(l->b, IR_xor, pb, x86_op2i(l, IR_shl, x86_zext(l, IR_I8, af), 4));
    ir_set(l->b, X86_F_pb, pb);
    ir_set(l->b, X86_F_ab, ab);
}

/* ---- LAHF, SAHF ---- */

ir_ref x86_flags_low(struct x86_lift *l)
{
    static const u8 at[] = { 0, 6, 7, 2, 4 };
    ir_ref f[] = { ir_get(l->b, X86_F_cf), ir_get(l->b, X86_F_zf), ir_get(l->b, X86_F_sf), x86_get_pf(l),
                   x86_get_af(l) };
    ir_ref v = x86_imm(l, IR_I8, X86_FL_ONE);
    for (u32 k = 0; k < COUNT(f); k++) {
        ir_ref bit = x86_zext(l, IR_I8, f[k]);
        v = ir_op2(l->b, IR_or, v, at[k] ? x86_op2i(l, IR_shl, bit, at[k]) : bit);
    }
    return v;
}

void x86_set_flags_low(struct x86_lift *l, ir_ref ah)
{
    ir_ref pf = x86_op2i(l, IR_tst, ah, X86_FL_PF), af = x86_op2i(l, IR_tst, ah, X86_FL_AF);
    ir_set(l->b, X86_F_cf, x86_op2i(l, IR_tst, ah, X86_FL_CF));
    ir_set(l->b, X86_F_zf, x86_op2i(l, IR_tst, ah, X86_FL_ZF));
    ir_set(l->b, X86_F_sf, x86_op2i(l, IR_tst, ah, X86_FL_SF));
    x86_set_pf_af(l, pf, af);
}
