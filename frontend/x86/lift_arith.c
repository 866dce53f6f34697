/*
 * lift_arith.c - ADD ADC SUB SBB CMP AND OR XOR, INC DEC NEG, MUL DIV, conversions, ADX, MULX (Intel SDM volume 2).
 *
 * Undefined flags: MUL and IMUL leave SF, ZF and PF of the low half of the product and AF 0; DIV and IDIV leave all
 * alone.
 */
#include "base/bits.h"
#include "frontend/x86/lift_int.h"

/* An immediate takes the size of the operand that it goes with. */
static ir_ref second(struct x86_lift *l, const struct x86_insn *i, u32 n, u32 size)
{
    return i->op[n].kind == X86_K_IMM ? x86_imm(l, x86_ity(size), i->imm) : x86_read_op(l, i, n);
}

/* ---- ADD OR ADC SBB AND SUB XOR CMP ---- */

struct alu {
    u32    op;
    ir_ref a, b, c; /* c: i1 carry in, or IR_NONE */
    ir_ref r;
};

static void compute(struct x86_lift *l, struct alu *k)
{
    static const enum ir_op op[] = { IR_add, IR_or, IR_add, IR_sub, IR_and, IR_sub, IR_xor, IR_sub };
    k->r = ir_op2(l->b, op[k->op], k->a, k->b);
    if (k->c != IR_NONE)
        k->r = ir_op2(l->b, op[k->op], k->r, x86_zext(l, ir_type_of(l->b, k->a), k->c));
}

static void set_flags(struct x86_lift *l, const struct alu *k)
{
    switch (k->op) {
    case X86_ALU_ADD: case X86_ALU_ADC: x86_flags_add(l, k->a, k->b, k->c, k->r); break;
    case X86_ALU_SUB: case X86_ALU_SBB: case X86_ALU_CMP: x86_flags_sub(l, k->a, k->b, k->c, k->r); break;
    default: x86_flags_logic(l, k->r);
    }
}

/* One access that reads and writes; the flags come of what it read. */
static void alu_locked(struct x86_lift *l, const struct x86_dst *d, struct alu *k)
{
    static const enum ir_rmw op[] = { IR_RMW_add, IR_RMW_or, IR_RMW_add, IR_RMW_sub, IR_RMW_and, IR_RMW_sub,
                                      IR_RMW_xor };
    ir_ref by = k->b;
    if (k->c != IR_NONE)
        by = ir_op2(l->b, IR_add, by, x86_zext(l, ir_type_of(l->b, by), k->c));
    k->a = x86_rmw(l, d, op[k->op], by);
    compute(l, k);
    set_flags(l, k);
}

/* XOR r, r and SUB r, r do not depend on r. */
static bool is_zero_idiom(const struct x86_insn *i)
{
    u32 op = i->row->op;
    return (op == X86_ALU_XOR || op == X86_ALU_SUB) && x86_same_reg(i, 0, 1);
}

static bool cmp(struct x86_lift *l, const struct x86_insn *i)
{
    struct alu k = { .op = X86_ALU_CMP, .a = x86_read_op(l, i, 0), .c = IR_NONE };
    k.b = second(l, i, 1, i->op[0].size);
    compute(l, &k);
    set_flags(l, &k);
    return true;
}

bool x86_alu(struct x86_lift *l, const struct x86_insn *i)
{
    u32 op = i->row->op, size = i->op[0].size;
    if (op == X86_ALU_CMP)
        return cmp(l, i);
    struct x86_dst d = x86_dst(l, i, 0);
    if (is_zero_idiom(i)) {
        x86_write_dst(l, &d, x86_imm(l, x86_ity(size), 0));
        x86_flags_const(l, false, true, false, false, 0);
        return true;
    }
    struct alu k = { .op = op, .b = second(l, i, 1, size), .c = IR_NONE };
    if (op == X86_ALU_ADC || op == X86_ALU_SBB)
        k.c = x86_get_flag(l, X86_F_cf);
    if (i->lock) {
        alu_locked(l, &d, &k);
        return true;
    }
    k.a = x86_read_dst(l, &d);
    compute(l, &k);
    x86_write_dst(l, &d, k.r);
    set_flags(l, &k);
    return true;
}

bool x86_test(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref a = x86_read_op(l, i, 0);
    if (!x86_same_reg(i, 0, 1))
        a = ir_op2(l->b, IR_and, a, second(l, i, 1, i->op[0].size));
    x86_flags_logic(l, a);
    return true;
}

/* ---- INC DEC NEG NOT ---- */

static bool inc_dec(struct x86_lift *l, const struct x86_insn *i, bool dec)
{
    struct x86_dst d = x86_dst(l, i, 0);
    ir_ref one = x86_imm(l, x86_ity(d.op->size), 1);
    ir_ref a = i->lock ? x86_rmw(l, &d, dec ? IR_RMW_sub : IR_RMW_add, one) : x86_read_dst(l, &d);
    ir_ref r = ir_op2(l->b, dec ? IR_sub : IR_add, a, one);
    if (!i->lock)
        x86_write_dst(l, &d, r);
    x86_flags_inc(l, a, r, dec);
    return true;
}

bool x86_inc(struct x86_lift *l, const struct x86_insn *i) { return inc_dec(l, i, false); }
bool x86_dec(struct x86_lift *l, const struct x86_insn *i) { return inc_dec(l, i, true); }

bool x86_neg(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    ir_ref a = x86_read_dst(l, &d), r = ir_op1(l->b, IR_neg, a);
    if (i->lock)
        x86_write_locked(l, &d, a, r);
    else
        x86_write_dst(l, &d, r);
    x86_flags_sub(l, x86_imm(l, ir_type_of(l->b, a), 0), a, IR_NONE, r);
    return true;
}

bool x86_not(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    if (i->lock)
        x86_rmw(l, &d, IR_RMW_xor, x86_imm(l, x86_ity(d.op->size), ~0ull));
    else
        x86_write_dst(l, &d, ir_op1(l->b, IR_not, x86_read_dst(l, &d)));
    return true;
}

/* ---- multiplication ---- */

struct product {
    ir_ref low, high, wide; /* wide: high:low, IR_NONE of 64 bits */
};

static struct product multiply(struct x86_lift *l, ir_ref a, ir_ref b, bool is_signed)
{
    struct ir_block *ir = l->b;
    enum ir_type t = ir_type_of(ir, a), t2 = (enum ir_type)(t + 1);
    if (t == IR_I64) {
        ir_ref high = ir_op2(ir, is_signed ? IR_mulhs : IR_mulhu, a, b);
        return (struct product){ ir_op2(ir, IR_mul, a, b), high, IR_NONE };
    }
    ir_ref x = is_signed ? x86_sext(l, t2, a) : x86_zext(l, t2, a);
    ir_ref y = is_signed ? x86_sext(l, t2, b) : x86_zext(l, t2, b), p = ir_op2(ir, IR_mul, x, y);
    return (struct product){ ir_conv(ir, IR_trunc, t, p), x86_zext(l, t, x86_op2i(l, IR_shr, p, ir_bits(t))), p };
}

/* CF and OF: the low half is not all of it. */
static ir_ref overflows(struct x86_lift *l, const struct product *p, bool is_signed)
{
    if (!is_signed)
        return x86_op2i(l, IR_ne, p->high, 0);
    if (p->wide == IR_NONE)
        return ir_op2(l->b, IR_ne, p->high, x86_op2i(l, IR_sar, p->low, 63));
    return ir_op2(l->b, IR_ne, p->wide, x86_sext(l, ir_type_of(l->b, p->wide), p->low));
}

static void multiply_flags(struct x86_lift *l, const struct product *p, bool is_signed)
{
    ir_ref over = overflows(l, p, is_signed);
    x86_set_flag(l, X86_F_cf, over);
    x86_set_flag(l, X86_F_of, over);
    x86_flags_szp(l, p->low);
}

static bool multiply_acc(struct x86_lift *l, const struct x86_insn *i, bool is_signed)
{
    u32 size = i->op[0].size;
    struct product p = multiply(l, x86_reg(l, X86_RAX, size), x86_read_op(l, i, 0), is_signed);
    if (size == 1) {
        x86_set_reg(l, X86_RAX, p.wide);
    } else {
        x86_set_reg(l, X86_RAX, p.low);
        x86_set_reg(l, X86_RDX, p.high);
    }
    multiply_flags(l, &p, is_signed);
    return true;
}

bool x86_mul(struct x86_lift *l, const struct x86_insn *i) { return multiply_acc(l, i, false); }
bool x86_imul1(struct x86_lift *l, const struct x86_insn *i) { return multiply_acc(l, i, true); }

/* Gv, Ev and Gv, Ev, imm. */
bool x86_imul2(struct x86_lift *l, const struct x86_insn *i)
{
    bool imm = i->row->operand_count == 3;
    ir_ref b = x86_read_op(l, i, 1);
    ir_ref a = imm ? x86_imm(l, ir_type_of(l->b, b), i->imm) : x86_read_op(l, i, 0);
    struct product p = multiply(l, b, a, true);
    p.low = ir_op2(l->b, IR_mul, b, a); /* the wide product is for flags alone, which are mostly dead */
    x86_set_reg(l, i->op[0].reg, p.low);
    multiply_flags(l, &p, true);
    return true;
}

/* Gy: high, By: low; the same register gets the high half. */
bool x86_mulx(struct x86_lift *l, const struct x86_insn *i)
{
    struct product p = multiply(l, x86_reg(l, X86_RDX, i->op[0].size), x86_read_op(l, i, 2), false);
    x86_set_reg(l, i->op[1].reg, p.low);
    x86_set_reg(l, i->op[0].reg, p.high);
    return true;
}

/* ---- division ---- */

static void set_quotient(struct x86_lift *l, u32 size, ir_ref q, ir_ref r)
{
    enum ir_type t = x86_ity(size);
    q = x86_zext(l, t, q);
    r = x86_zext(l, t, r);
    if (size == 1) {
        ir_ref high = x86_op2i(l, IR_shl, x86_zext(l, IR_I16, r), 8);
        x86_set_reg(l, X86_RAX, ir_op2(l->b, IR_or, high, x86_zext(l, IR_I16, q)));
        return;
    }
    x86_set_reg(l, X86_RAX, q);
    x86_set_reg(l, X86_RDX, r);
}

/* AX, DX:AX or EDX:EAX as one value. */
static ir_ref dividend(struct x86_lift *l, u32 size)
{
    enum ir_type wide = x86_ity(2 * size);
    if (size == 1)
        return x86_reg(l, X86_RAX, 2);
    ir_ref low = x86_zext(l, wide, x86_reg(l, X86_RAX, size)), high = x86_zext(l, wide, x86_reg(l, X86_RDX, size));
    return ir_op2(l->b, IR_or, low, x86_op2i(l, IR_shl, high, 8 * size));
}

/* The rows take x / 0 as 0 and the smallest number / -1 as itself: the quotient is right or found too large. */
/* One division; the rest is what the product lacks. */
static ir_ref quotient(struct x86_lift *l, bool is_signed, ir_ref n, ir_ref d, ir_ref *rest)
{
    ir_ref q = ir_op2(l->b, is_signed ? IR_sdiv : IR_udiv, n, d);
    *rest = ir_op2(l->b, IR_sub, n, ir_op2(l->b, IR_mul, q, d));
    return q;
}

static void divide_narrow(struct x86_lift *l, u32 size, ir_ref divisor, bool is_signed)
{
    struct ir_block *b = l->b;
    enum ir_type wide = x86_ity(2 * size), t = x86_ity(size);
    ir_ref n = dividend(l, size), d = is_signed ? x86_sext(l, wide, divisor) : x86_zext(l, wide, divisor);
    x86_exc_if(l, x86_is_zero(l, divisor), X86_DE, 0);
    ir_ref r, q = quotient(l, is_signed, n, d, &r);
    ir_ref low = x86_zext(l, t, q);
    ir_ref back = is_signed ? x86_sext(l, wide, low) : x86_zext(l, wide, low);
    x86_exc_if(l, ir_op2(b, IR_ne, back, q), X86_DE, 0);
    set_quotient(l, size, q, r);
}

/* RDX:RAX. Where RDX only extends RAX it is a division of 64 bits. */
static void divide_64(struct x86_lift *l, ir_ref d, bool is_signed)
{
    struct ir_block *b = l->b;
    ir_ref low = x86_reg(l, X86_RAX, 8), high = x86_reg(l, X86_RDX, 8);
    ir_ref extension = is_signed ? x86_op2i(l, IR_sar, low, 63) : x86_imm(l, IR_I64, 0);
    ir_ref short_one = ir_op2(b, IR_eq, high, extension);
    u16 fast = x86_unless(l, short_one);
    x86_call(l, is_signed ? X86_H_idiv64 : X86_H_div64, d, IR_NONE, IR_NONE);
    x86_end(l, fast);
    u16 done = x86_when(l, short_one);
    x86_exc_if(l, x86_is_zero(l, d), X86_DE, 0);
    if (is_signed) {
        ir_ref smallest = x86_op2i(l, IR_eq, low, 1ull << 63), minus = x86_op2i(l, IR_eq, d, ~0ull);
        x86_exc_if(l, ir_op2(b, IR_and, smallest, minus), X86_DE, 0);
    }
    ir_ref r, q = quotient(l, is_signed, low, d, &r);
    set_quotient(l, 8, q, r);
    x86_end(l, done);
}

static bool divide(struct x86_lift *l, const struct x86_insn *i, bool is_signed)
{
    u32 size = i->op[0].size;
    ir_ref d = x86_read_op(l, i, 0);
    if (size == 8)
        divide_64(l, d, is_signed);
    else
        divide_narrow(l, size, d, is_signed);
    return true;
}

bool x86_div(struct x86_lift *l, const struct x86_insn *i) { return divide(l, i, false); }
bool x86_idiv(struct x86_lift *l, const struct x86_insn *i) { return divide(l, i, true); }

/* ---- CBW CWDE CDQE, CWD CDQ CQO, ADCX ADOX ---- */

bool x86_cbw(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_reg(l, X86_RAX, x86_sext(l, x86_ity(i->opsize), x86_reg(l, X86_RAX, i->opsize / 2)));
    return true;
}

bool x86_cwd(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_reg(l, X86_RDX, x86_op2i(l, IR_sar, x86_reg(l, X86_RAX, i->opsize), 8 * i->opsize - 1));
    return true;
}

/* a: the carry is OF. */
bool x86_adx(struct x86_lift *l, const struct x86_insn *i)
{
    u32 field = i->row->a ? X86_F_of : X86_F_cf;
    ir_ref a = x86_read_op(l, i, 0), b = x86_read_op(l, i, 1), c = x86_get_flag(l, field);
    ir_ref r = ir_op2(l->b, IR_add, ir_op2(l->b, IR_add, a, b), x86_zext(l, ir_type_of(l->b, a), c));
    ir_ref carry = ir_op3(l->b, IR_carry, a, b, c);
    x86_set_reg(l, i->op[0].reg, r);
    x86_set_flag(l, field, carry);
    return true;
}
