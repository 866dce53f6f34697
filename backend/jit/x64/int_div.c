/*
 * int_div.c - scalar quotients and remainders.
 *
 * The host traps on a zero divisor and on the smallest number by -1; the rows define both. The result for such
 * divisors is made first, and the division jumped over.
 */
#include "backend/jit/x64/emit_util.h"
#include "base/bits.h"

/* By a power of two, unsigned. */
static bool divide_pow2(struct xe *x, u32 i, bool rem)
{
    const struct ir_ins *in = xe_ins(x, i);
    u64 v;
    if (!xe_is_const(x, in->arg[1], &v) || !is_pow2(v) || (rem && v > 1u << 31) || v == 1)
        return false;
    enum xreg s = xe_use(x, in->arg[0]), d = xe_def(x, i);
    xu_zext(x, in, d, s);
    if (rem)
        xa_alu_ri(xe_asm(x), XA_AND, 32, d, (i32)(v - 1));
    else
        xa_shift_ri(xe_asm(x), XS_SHR, xu_width(in), d, (u32)__builtin_ctzll(v));
    return true;
}

/* d := what divisors that the host's division does not take give: 0, and -1 where signed. s, t are extended. */
static void divide_special(struct xe *x, u32 w, enum xreg d, enum xreg s, enum xreg t, bool is_signed, bool rem)
{
    struct xasm *a = xe_asm(x);
    if (!is_signed && rem) {
        xa_mov_rr(a, w, d, s);
    } else if (!is_signed) {
        xu_zero(x, d);
    } else if (rem) {
        xa_mov_rr(a, w, d, t);
        xa_grp3(a, XG_NOT, w, d);
        xa_alu_rr(a, XA_AND, w, d, s);
    } else {
        xa_mov_rr(a, w, d, s);
        xa_grp3(a, XG_NEG, w, d);
        xa_alu_rr(a, XA_AND, w, d, t);
    }
}

static u8 *jump_if_special(struct xe *x, u32 w, enum xreg t, bool is_signed)
{
    struct xasm *a = xe_asm(x);
    if (is_signed) {
        xa_lea(a, w, RDX, xm(t, 1));
        xa_alu_ri(a, XA_CMP, w, RDX, 1);
        return xa_jcc_fwd(a, CC_BE, true);
    }
    xa_test_rr(a, w, t, t);
    return xa_jcc_fwd(a, CC_E, true);
}

static void divide(struct xe *x, u32 i, bool is_signed, bool rem)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    u32 w = xu_width(in);
    u64 v;
    if (!is_signed && divide_pow2(x, i, rem)) {
        xe_flags_lost(x);
        return;
    }
    bool never = xe_is_const(x, in->arg[1], &v) && v && (!is_signed || v != bits_mask(xu_src_bits(in)));
    enum xreg s = xe_use(x, in->arg[0]), t = xe_use(x, in->arg[1]), d = xe_def(x, i);
    void (*extend)(struct xe *, const struct ir_ins *, enum xreg, enum xreg) = is_signed ? xu_sext : xu_zext;
    extend(x, in, RAX, s);
    if (xu_narrow(in)) {
        extend(x, in, RCX, t);
        t = RCX;
    }
    u8 *over = NULL;
    if (!never) {
        divide_special(x, w, d, RAX, t, is_signed, rem);
        over = jump_if_special(x, w, t, is_signed);
    }
    if (is_signed)
        xa_cqo(a, w);
    else
        xu_zero(x, RDX);
    xa_grp3(a, is_signed ? XG_IDIV : XG_DIV, w, t);
    xa_mov_rr(a, w, d, rem ? RDX : RAX);
    if (over)
        xa_here_is(a, over, true);
    xe_flags_lost(x);
}

void x64_emit_udiv(struct xe *x, u32 i) { divide(x, i, false, false); }
void x64_emit_sdiv(struct xe *x, u32 i) { divide(x, i, true, false); }
void x64_emit_urem(struct xe *x, u32 i) { divide(x, i, false, true); }
void x64_emit_srem(struct xe *x, u32 i) { divide(x, i, true, true); }
