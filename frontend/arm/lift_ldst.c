/*
 * lift_ldst.c - A64 loads and stores of general registers (Arm ARM DDI 0487, C4.1.96): literal, pair, immediate,
 * unprivileged, register offset; prefetches.
 *
 * Where write-back and transfer name the same register (CONSTRAINED UNPREDICTABLE) a store stores the old value and
 * a load loses its result to the new base.
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"
#include "frontend/arm/lift_ldst.h"

enum ir_type a64_int_type(u32 size_log2)
{
    static const enum ir_type t[] = { IR_I8, IR_I16, IR_I32, IR_I64, IR_I128 };
    return t[MIN(size_log2, 4u)];
}

/* The low 2^size bytes of Xt. */
ir_ref a64_store_value(struct a64_lift *l, u32 size, u32 rt)
{
    if (rt == 31)
        return a64_imm(l, a64_int_type(size), 0);
    ir_ref v = a64_x(l, 1, rt);
    return size == 3 ? v : ir_conv(l->b, IR_trunc, a64_int_type(size), v);
}

struct a64_addr a64_addr_imm(struct a64_lift *l, u32 rn, i64 imm, bool wback, bool post)
{
    struct a64_addr a = { .rn = rn, .moved = imm, .wback = wback };
    ir_ref base = a64_base(l, rn);
    a.next = a64_add_imm(l, base, imm);
    a.at = post ? base : a.next;
    return a;
}

void a64_addr_done(struct a64_lift *l, const struct a64_addr *a)
{
    if (a->wback)
        a64_set_base(l, a->rn, a->next, a->moved);
}

ir_ref a64_addr_reg(struct a64_lift *l, u32 rn, u32 rm, u32 option, u32 shift)
{
    ir_ref off = a64_extend(l, 1, rm, option, shift);
    return ir_op2(l->b, IR_add, a64_base(l, rn), off);
}

i64 a64_imm_offset(u32 scaled, u32 imm12, u32 imm9, u32 size)
{
    return scaled ? (i64)imm12 << size : bits_sext(imm9, 9);
}

/* ---- single register ---- */

/* Zero-extending loads make the whole register at once; sign-extending ones to a W register are extended again. */
static ir_ref load_reg(struct a64_lift *l, ir_ref addr, struct ir_mem m, u32 sign, u32 sf)
{
    m.sign = sign & 1;
    return ir_load(l->b, sign && !sf ? IR_I32 : IR_I64, addr, m);
}

bool a64_ldst_imm(struct a64_lift *l, const struct a64_ldst_imm *in)
{
    i64 imm = a64_imm_offset(in->scaled, in->imm12, in->imm9, in->size);
    struct ir_mem m = a64_mem(l, in->size);
    if (in->unpriv && l->mode & A64_M_EL1 && !(l->mode & A64_M_UAO))
        m.mmu = A64_MMU_EL0;
    struct a64_addr a = a64_addr_imm(l, in->rn, imm, in->wback, in->post);
    if (in->load)
        a64_set_x(l, in->rt, load_reg(l, a.at, m, in->sign, in->sf));
    else
        ir_store(l->b, a.at, a64_store_value(l, in->size, in->rt), m);
    a64_addr_done(l, &a);
    return true;
}

bool a64_ldst_reg(struct a64_lift *l, const struct a64_ldst_reg *in)
{
    ir_ref at = a64_addr_reg(l, in->rn, in->rm, in->option, in->s ? in->size : 0);
    struct ir_mem m = a64_mem(l, in->size);
    if (in->load)
        a64_set_x(l, in->rt, load_reg(l, at, m, in->sign, in->sf));
    else
        ir_store(l->b, at, a64_store_value(l, in->size, in->rt), m);
    return true;
}

bool a64_ldr_lit(struct a64_lift *l, const struct a64_ldr_lit *in)
{
    ir_ref at = ir_pc(l->b, l->off + bits_sext(in->imm19, 19) * 4);
    a64_set_x(l, in->rt, load_reg(l, at, a64_mem(l, in->size), in->sign, in->sf));
    return true;
}

/* Prefetches of all kinds: hints, without faults. */
bool a64_prfm(struct a64_lift *l, const struct a64_prfm *in)
{
    (void)l, (void)in;
    return true;
}

/* ---- pairs: one access of twice the size, so that nothing is stored when the second half faults ---- */

struct ir_mem a64_mem_pair(const struct a64_lift *l, u32 size)
{
    struct ir_mem m = a64_mem(l, size); /* order of bytes, alignment, atomicity: of the element */
    m.size = (size + 1) & 7;
    return m;
}

static void load_pair(struct a64_lift *l, const struct a64_ldst_pair *in, ir_ref at)
{
    struct ir_block *b = l->b;
    struct ir_mem m = a64_mem_pair(l, in->size);
    ir_ref lo, hi;
    if (in->size == 3) {
        ir_ref v = ir_load(b, IR_I128, at, m);
        lo = ir_conv(b, IR_trunc, IR_I64, v);
        hi = ir_conv(b, IR_hi, IR_I64, v);
    } else {
        ir_ref v = ir_load(b, IR_I64, at, m);
        lo = ir_conv(b, in->sign ? IR_sext : IR_zext, IR_I64, ir_conv(b, IR_trunc, IR_I32, v));
        hi = a64_shift(l, in->sign ? 2 : 1, v, 32);
    }
    a64_set_x(l, in->rt, lo);
    a64_set_x(l, in->rt2, hi);
}

ir_ref a64_pair(struct a64_lift *l, u32 size, u32 r, u32 r2)
{
    struct ir_block *b = l->b;
    if (size == 3)
        return ir_opx(b, IR_pair, IR_I128, IR_VOID, 0, 0, a64_x(l, 1, r), a64_x(l, 1, r2), IR_NONE);
    ir_ref lo = a64_extend(l, 1, r, 2 /* UXTW */, 0);
    return r2 == 31 ? lo : ir_op2(b, IR_or, lo, a64_shift(l, 0, a64_x(l, 1, r2), 32));
}

static void store_pair(struct a64_lift *l, const struct a64_ldst_pair *in, ir_ref at)
{
    struct ir_mem m = a64_mem_pair(l, in->size);
    if (in->rt == 31 && in->rt2 == 31)
        ir_store(l->b, at, in->size == 3 ? ir_vconst(l->b, 0, 0) : a64_imm(l, IR_I64, 0), m);
    else
        ir_store(l->b, at, a64_pair(l, in->size, in->rt, in->rt2), m);
}

bool a64_ldst_pair(struct a64_lift *l, const struct a64_ldst_pair *in)
{
    i64 imm = bits_sext(in->imm7, 7) * (1 << in->size);
    struct a64_addr a = a64_addr_imm(l, in->rn, imm, in->wback, in->post);
    if (in->load)
        load_pair(l, in, a.at);
    else
        store_pair(l, in, a.at);
    a64_addr_done(l, &a);
    return true;
}
