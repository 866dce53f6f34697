/*
 * lift_dp_reg.c - A64 data processing, register (Arm ARM DDI 0487, C4.1.95).
 *
 * Not here: the FlagM conversions of FEAT_FlagM2, FEAT_CSSC, pointer authentication, MTE: not decoded.
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"
#include "frontend/arm/lift_arith.h"

/* ---- sums and differences with flags ---- */

static struct a64_flags flags_of(struct a64_lift *l, bool sub, ir_ref n, ir_ref m, ir_ref result)
{
    struct ir_block *b = l->b;
    enum ir_type t = ir_type_of(b, n);
    ir_ref zero = a64_imm(l, t, 0), none = a64_imm(l, IR_I1, 0);
    struct a64_flags f;
    f.n = ir_op2(b, IR_slt, result, zero);
    f.z = sub ? ir_op2(b, IR_eq, n, m) : ir_op2(b, IR_eq, result, zero);
    f.c = sub ? ir_op2(b, IR_ule, m, n) : ir_op3(b, IR_carry, n, m, none);
    f.v = ir_op3(b, sub ? IR_ovsub : IR_ovadd, n, m, none);
    return f;
}

struct a64_flags a64_flags_of(struct a64_lift *l, bool sub, ir_ref n, ir_ref m)
{
    return flags_of(l, sub, n, m, ir_op2(l->b, sub ? IR_sub : IR_add, n, m));
}

static void addsub_flags(struct a64_lift *l, u32 rd, ir_ref n, ir_ref m, bool sub)
{
    ir_ref r = ir_op2(l->b, sub ? IR_sub : IR_add, n, m);
    struct a64_flags f = flags_of(l, sub, n, m, r);
    a64_set_nzcv(l, f.n, f.z, f.c, f.v);
    a64_set_x(l, rd, r);
}

void a64_adds(struct a64_lift *l, u32 rd, ir_ref n, ir_ref m)
{
    addsub_flags(l, rd, n, m, false);
}

void a64_subs(struct a64_lift *l, u32 rd, ir_ref n, ir_ref m, bool m_zero)
{
    if (!m_zero) {
        addsub_flags(l, rd, n, m, true);
        return;
    }
    ir_ref fn = ir_op2(l->b, IR_slt, n, m), fz = ir_op2(l->b, IR_eq, n, m);
    a64_set_nzcv(l, fn, fz, a64_imm(l, IR_I1, 1), a64_imm(l, IR_I1, 0));
    a64_set_x(l, rd, n);
}

/* ---- add and subtract ---- */

bool a64_addsub_reg(struct a64_lift *l, const struct a64_addsub_reg *in)
{
    ir_ref m = a64_shift(l, in->shift, a64_x(l, in->sf, in->rm), in->imm6);
    if (!in->setflags && in->rn == 31) { /* NEG; a sum with zero */
        a64_set_x(l, in->rd, in->sub ? ir_op1(l->b, IR_neg, m) : m);
        return true;
    }
    ir_ref n = a64_x(l, in->sf, in->rn);
    if (!in->setflags)
        a64_set_x(l, in->rd, in->rm == 31 ? n : ir_op2(l->b, in->sub ? IR_sub : IR_add, n, m));
    else if (in->sub)
        a64_subs(l, in->rd, n, m, in->rm == 31);
    else
        a64_adds(l, in->rd, n, m);
    return true;
}

bool a64_addsub_ext(struct a64_lift *l, const struct a64_addsub_ext *in)
{
    ir_ref m = a64_extend(l, in->sf, in->rm, in->option, in->imm3);
    ir_ref n = a64_xsp(l, in->sf, in->rn);
    if (!in->setflags)
        a64_set_xsp(l, in->rd, ir_op2(l->b, in->sub ? IR_sub : IR_add, n, m));
    else if (in->sub)
        a64_subs(l, in->rd, n, m, in->rm == 31);
    else
        a64_adds(l, in->rd, n, m);
    return true;
}

/* n + m + C, subtraction with the complement of m. */
bool a64_addsub_carry(struct a64_lift *l, const struct a64_addsub_carry *in)
{
    struct ir_block *b = l->b;
    enum ir_type t = a64_ity(in->sf);
    ir_ref n = a64_x(l, in->sf, in->rn), m = a64_x(l, in->sf, in->rm), c = ir_get(b, A64_F_c);
    if (in->sub)
        m = ir_op1(b, IR_not, m);
    ir_ref sum = in->rn == 31 ? m : in->rm == 31 && !in->sub ? n : ir_op2(b, IR_add, n, m);
    ir_ref r = ir_op2(b, IR_add, sum, ir_conv(b, IR_zext, t, c));
    if (in->setflags) {
        ir_ref zero = a64_imm(l, t, 0);
        ir_ref fn = ir_op2(b, IR_slt, r, zero), fz = ir_op2(b, IR_eq, r, zero);
        ir_ref fc = ir_op3(b, IR_carry, n, m, c), fv = ir_op3(b, IR_ovadd, n, m, c);
        a64_set_nzcv(l, fn, fz, fc, fv);
    }
    a64_set_x(l, in->rd, r);
    return true;
}

/* ---- logical ---- */

static ir_ref logical(struct a64_lift *l, const struct a64_logical_reg *in, ir_ref n, ir_ref m)
{
    struct ir_block *b = l->b;
    bool inv = in->invert;
    if (in->op == IR_and)
        return in->rn == in->rm && !in->imm6 && !inv ? n : ir_op2(b, inv ? IR_andn : IR_and, n, m);
    if (in->rn == 31) /* MOV, MVN */
        return inv ? ir_op1(b, IR_not, m) : m;
    if (in->op == IR_or)
        return ir_op2(b, inv ? IR_orn : IR_or, n, m);
    return ir_op2(b, IR_xor, n, inv ? ir_op1(b, IR_not, m) : m);
}

bool a64_logical_reg(struct a64_lift *l, const struct a64_logical_reg *in)
{
    ir_ref m = a64_shift(l, in->shift, a64_x(l, in->sf, in->rm), in->imm6);
    ir_ref r = logical(l, in, a64_x(l, in->sf, in->rn), m);
    if (in->setflags)
        a64_set_nz_of(l, r);
    a64_set_x(l, in->rd, r);
    return true;
}

/* ---- two sources ---- */

bool a64_div(struct a64_lift *l, const struct a64_div *in)
{
    ir_ref n = a64_x(l, in->sf, in->rn), m = a64_x(l, in->sf, in->rm);
    a64_set_x(l, in->rd, ir_op2(l->b, in->sign ? IR_sdiv : IR_udiv, n, m));
    return true;
}

bool a64_shiftv(struct a64_lift *l, const struct a64_shiftv *in)
{
    static const enum ir_op op[4] = { IR_shl, IR_shr, IR_sar, IR_rotr };
    enum ir_type t = a64_ity(in->sf);
    ir_ref n = a64_x(l, in->sf, in->rn), m = a64_x(l, in->sf, in->rm);
    if (in->opc != 3) /* rotates are modulo the width anyway */
        m = ir_op2(l->b, IR_and, m, a64_imm(l, t, ir_bits(t) - 1));
    a64_set_x(l, in->rd, ir_op2(l->b, op[in->opc & 3], n, m));
    return true;
}

bool a64_crc32(struct a64_lift *l, const struct a64_crc32 *in)
{
    struct ir_block *b = l->b;
    ir_ref acc = a64_x(l, 0, in->rn), data = a64_x(l, 1, in->rm); /* the row looks at its bytes alone */
    enum ir_op op = in->castagnoli ? IR_crc32c : IR_crc32;
    a64_set_x(l, in->rd, ir_opx(b, op, IR_I32, IR_VOID, 0, 1u << in->size, acc, data, IR_NONE));
    return true;
}

/* ---- one source ---- */

bool a64_rbit(struct a64_lift *l, const struct a64_rbit *in)
{
    a64_set_x(l, in->rd, ir_op1(l->b, IR_rbit, a64_x(l, in->sf, in->rn)));
    return true;
}

/* Reverses the bytes of each container of 2^size bytes. */
bool a64_rev(struct a64_lift *l, const struct a64_rev *in)
{
    enum ir_op op = in->size == 1 ? IR_swap8in16 : in->size == 2 && in->sf ? IR_swap8in32 : IR_rev8;
    a64_set_x(l, in->rd, ir_op1(l->b, op, a64_x(l, in->sf, in->rn)));
    return true;
}

bool a64_clz(struct a64_lift *l, const struct a64_clz *in)
{
    a64_set_x(l, in->rd, ir_op1(l->b, IR_clz, a64_x(l, in->sf, in->rn)));
    return true;
}

bool a64_cls(struct a64_lift *l, const struct a64_cls *in)
{
    a64_set_x(l, in->rd, ir_op1(l->b, IR_cls, a64_x(l, in->sf, in->rn)));
    return true;
}

/* ---- three sources ---- */

static void mul_add(struct a64_lift *l, u32 rd, u32 sf, u32 ra, ir_ref product, bool sub)
{
    struct ir_block *b = l->b;
    ir_ref r;
    if (ra == 31)
        r = sub ? ir_op1(b, IR_neg, product) : product;
    else
        r = ir_op2(b, sub ? IR_sub : IR_add, a64_x(l, sf, ra), product);
    a64_set_x(l, rd, r);
}

bool a64_madd(struct a64_lift *l, const struct a64_madd *in)
{
    ir_ref p = ir_op2(l->b, IR_mul, a64_x(l, in->sf, in->rn), a64_x(l, in->sf, in->rm));
    mul_add(l, in->rd, in->sf, in->ra, p, in->sub);
    return true;
}

bool a64_maddl(struct a64_lift *l, const struct a64_maddl *in)
{
    u32 ext = in->sign ? 6 : 2; /* SXTW, UXTW */
    ir_ref p = ir_op2(l->b, IR_mul, a64_extend(l, 1, in->rn, ext, 0), a64_extend(l, 1, in->rm, ext, 0));
    mul_add(l, in->rd, 1, in->ra, p, in->sub);
    return true;
}

bool a64_mulh(struct a64_lift *l, const struct a64_mulh *in)
{
    a64_set_x(l, in->rd, ir_op2(l->b, in->sign ? IR_mulhs : IR_mulhu, a64_x(l, 1, in->rn), a64_x(l, 1, in->rm)));
    return true;
}

/* ---- flags ---- */

static ir_ref bit_of(struct a64_lift *l, ir_ref v, u32 bit)
{
    return ir_op2(l->b, IR_tst, v, a64_imm(l, IR_I64, 1ull << (bit & 63)));
}

bool a64_rmif(struct a64_lift *l, const struct a64_rmif *in)
{
    ir_ref x = a64_x(l, 1, in->rn), f[4]; /* V C Z N, as bits 0 to 3 */
    for (u32 i = 0; i < 4; i++)
        f[i] = in->mask >> i & 1 ? bit_of(l, x, in->imm6 + i) : IR_NONE;
    a64_set_nzcv(l, f[3], f[2], f[1], f[0]);
    return true;
}

/* SETF8, SETF16: N and Z of the low part, V where the bit above differs from its sign. */
bool a64_setf(struct a64_lift *l, const struct a64_setf *in)
{
    enum ir_type t = in->size ? IR_I16 : IR_I8;
    ir_ref x = a64_x(l, 1, in->rn), low = ir_conv(l->b, IR_trunc, t, x), zero = a64_imm(l, t, 0);
    ir_ref n = ir_op2(l->b, IR_slt, low, zero), z = ir_op2(l->b, IR_eq, low, zero);
    ir_ref v = ir_op2(l->b, IR_xor, n, bit_of(l, x, ir_bits(t)));
    a64_set_nzcv(l, n, z, IR_NONE, v);
    return true;
}

/* ---- conditional compare ---- */

/* flag := cond holds ? flag : given. `c` is the even condition, `odd` that its opposite is meant. */
static ir_ref merge(struct a64_lift *l, ir_ref flag, ir_ref c, bool odd, bool given)
{
    if (given)
        return ir_op2(l->b, odd ? IR_or : IR_orn, flag, c);
    return ir_op2(l->b, odd ? IR_andn : IR_and, flag, c);
}

static void ccmp(struct a64_lift *l, bool sub, ir_ref n, ir_ref m, u32 cond, u32 nzcv)
{
    ir_ref c = a64_cond_always(cond) ? IR_NONE : a64_cond(l, cond & ~1u);
    struct a64_flags f = a64_flags_of(l, sub, n, m);
    if (c != IR_NONE) {
        bool odd = cond & 1;
        f.n = merge(l, f.n, c, odd, nzcv & 8);
        f.z = merge(l, f.z, c, odd, nzcv & 4);
        f.c = merge(l, f.c, c, odd, nzcv & 2);
        f.v = merge(l, f.v, c, odd, nzcv & 1);
    }
    a64_set_nzcv(l, f.n, f.z, f.c, f.v);
}

bool a64_ccmp_reg(struct a64_lift *l, const struct a64_ccmp_reg *in)
{
    ir_ref n = a64_x(l, in->sf, in->rn), m = a64_x(l, in->sf, in->rm);
    ccmp(l, in->sub, n, m, in->cond, in->nzcv);
    return true;
}

bool a64_ccmp_imm(struct a64_lift *l, const struct a64_ccmp_imm *in)
{
    ir_ref n = a64_x(l, in->sf, in->rn), m = a64_imm(l, a64_ity(in->sf), in->imm5);
    ccmp(l, in->sub, n, m, in->cond, in->nzcv);
    return true;
}

/* ---- conditional select ---- */

static ir_ref second_operand(struct a64_lift *l, const struct a64_csel *in)
{
    ir_ref m = a64_x(l, in->sf, in->rm);
    if (in->inc)
        return in->inv ? ir_op1(l->b, IR_neg, m) : a64_add_imm(l, m, 1);
    return in->inv ? ir_op1(l->b, IR_not, m) : m;
}

bool a64_csel(struct a64_lift *l, const struct a64_csel *in)
{
    if (a64_cond_always(in->cond)) {
        a64_set_x(l, in->rd, a64_x(l, in->sf, in->rn));
        return true;
    }
    if (in->rn == 31 && in->rm == 31 && in->inv != in->inc) { /* CSET, CSETM */
        ir_ref set = a64_cond(l, in->cond ^ 1);
        bool all = in->inv;
        a64_set_x(l, in->rd, ir_conv(l->b, all ? IR_sext : IR_zext, all ? a64_ity(in->sf) : IR_I64, set));
        return true;
    }
    ir_ref n = a64_x(l, in->sf, in->rn), m = second_operand(l, in), c = a64_cond(l, in->cond & ~1u);
    a64_set_x(l, in->rd, in->cond & 1 ? a64_select(l, c, m, n) : a64_select(l, c, n, m));
    return true;
}
