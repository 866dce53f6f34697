/*
 * lift_common.c - what all A64 lifters share: registers, flags, conditions, exits, memory descriptors.
 *
 * Arm ARM DDI 0487: shared/functions of chapter J1 (ConditionHolds, ShiftReg, ExtendReg, DecodeBitMasks,
 * BranchAddr, CheckSPAlignment).
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"

/* ---- general registers ---- */

ir_ref a64_x(struct a64_lift *l, u32 sf, u32 r)
{
    if (r == 31)
        return a64_imm(l, a64_ity(sf), 0);
    ir_ref v = ir_get(l->b, A64_F_x0 + r);
    return sf ? v : ir_conv(l->b, IR_trunc, IR_I32, v);
}

ir_ref a64_xsp(struct a64_lift *l, u32 sf, u32 r)
{
    if (r != 31)
        return a64_x(l, sf, r);
    ir_ref v = ir_get(l->b, A64_F_sp);
    return sf ? v : ir_conv(l->b, IR_trunc, IR_I32, v);
}

static ir_ref widen(struct a64_lift *l, ir_ref v)
{
    const struct ir_ins *in = &l->b->ins[v];
    if (in->type == IR_I64)
        return v;
    if (in->op == IR_const)
        return a64_imm(l, IR_I64, in->imm);
    return ir_conv(l->b, IR_zext, IR_I64, v);
}

void a64_set_x(struct a64_lift *l, u32 r, ir_ref v)
{
    if (r != 31)
        ir_set(l->b, A64_F_x0 + r, widen(l, v));
}

void a64_set_xsp(struct a64_lift *l, u32 r, ir_ref v)
{
    if (r != 31) {
        a64_set_x(l, r, v);
        return;
    }
    ir_set(l->b, A64_F_sp, widen(l, v));
    l->sp_aligned = false;
}

void a64_set_base(struct a64_lift *l, u32 r, ir_ref v, i64 moved)
{
    bool aligned = l->sp_aligned && (r != 31 || !(moved & 15));
    a64_set_xsp(l, r, v);
    l->sp_aligned = aligned;
}

ir_ref a64_add_imm(struct a64_lift *l, ir_ref v, i64 imm)
{
    if (!imm)
        return v;
    return ir_op2(l->b, IR_add, v, a64_imm(l, ir_type_of(l->b, v), (u64)imm));
}

ir_ref a64_shift(struct a64_lift *l, u32 type, ir_ref v, u32 amount)
{
    static const enum ir_op op[4] = { IR_shl, IR_shr, IR_sar, IR_rotr };
    if (!amount)
        return v;
    return ir_op2(l->b, op[type & 3], v, a64_imm(l, ir_type_of(l->b, v), amount));
}

ir_ref a64_extend(struct a64_lift *l, u32 sf, u32 r, u32 option, u32 shift)
{
    static const enum ir_type from[4] = { IR_I8, IR_I16, IR_I32, IR_I64 };
    enum ir_type to = a64_ity(sf), narrow = from[option & 3];
    ir_ref v = a64_x(l, sf, r);
    if (r != 31 && ir_bits(narrow) < ir_bits(to)) {
        v = ir_conv(l->b, IR_trunc, narrow, v);
        v = ir_conv(l->b, option & 4 ? IR_sext : IR_zext, to, v);
    }
    return a64_shift(l, 0, v, shift);
}

/* ---- flags ---- */

void a64_set_nzcv(struct a64_lift *l, ir_ref n, ir_ref z, ir_ref c, ir_ref v)
{
    if (n != IR_NONE)
        ir_set(l->b, A64_F_n, n);
    if (z != IR_NONE)
        ir_set(l->b, A64_F_z, z);
    if (c != IR_NONE)
        ir_set(l->b, A64_F_c, c);
    if (v != IR_NONE)
        ir_set(l->b, A64_F_v, v);
}

void a64_set_nz_of(struct a64_lift *l, ir_ref result)
{
    ir_ref zero = a64_imm(l, ir_type_of(l->b, result), 0);
    ir_ref n = ir_op2(l->b, IR_slt, result, zero);
    ir_ref z = ir_op2(l->b, IR_eq, result, zero);
    ir_ref clear = a64_imm(l, IR_I1, 0);
    a64_set_nzcv(l, n, z, clear, clear);
}

/* ConditionHolds: EQ CS MI VS HI GE GT and, with bit 0 set, their opposites. */
ir_ref a64_cond(struct a64_lift *l, u32 cond)
{
    struct ir_block *b = l->b;
    bool inv = cond & 1;
    static const u16 plain[4] = { A64_F_z, A64_F_c, A64_F_n, A64_F_v };
    if (cond < 8) {
        ir_ref f = ir_get(b, plain[cond >> 1]);
        return inv ? ir_op1(b, IR_not, f) : f;
    }
    if (cond < 10) { /* HI: C and not Z; LS: Z or not C */
        ir_ref c = ir_get(b, A64_F_c), z = ir_get(b, A64_F_z);
        return inv ? ir_op2(b, IR_orn, z, c) : ir_op2(b, IR_andn, c, z);
    }
    ir_ref n = ir_get(b, A64_F_n), v = ir_get(b, A64_F_v);
    if (cond < 12)
        return ir_op2(b, inv ? IR_ne : IR_eq, n, v);
    ir_ref z = ir_get(b, A64_F_z), lt = ir_op2(b, inv ? IR_ne : IR_eq, n, v);
    return ir_op2(b, inv ? IR_or : IR_andn, lt, z);
}

/* ---- exits ---- */

/* LDXR, LDXP and their acquiring forms; CASP has bit 21 without bit 31. */
static bool load_exclusive(u32 insn)
{
    return (insn & 0x3fc00000) == 0x08400000 && (insn >> 31 || !(insn >> 21 & 1));
}

/* Software step: what completes an instruction leaves active-pending state behind, by an exit that looks at the
 * mode word. Exceptions do not come here: they put PSTATE.SS into SPSR_EL1 as it is. */
static bool exit_stepped(struct a64_lift *l, ir_ref to)
{
    if (!(l->mode & A64_M_SS))
        return false;
    ir_set(l->b, A64_F_ss, a64_imm(l, IR_I1, 0));
    ir_set(l->b, A64_F_stepped, a64_imm(l, IR_I8, load_exclusive(l->insn) ? 3 : 1));
    ir_exit_mode(l->b, to);
    return true;
}

void a64_exit_to(struct a64_lift *l, i64 rel, enum ir_hint h)
{
    l->ended = true;
    if (!(l->mode & A64_M_SS))
        ir_exit_direct(l->b, l->off + rel, h, l->off + 4);
    else
        exit_stepped(l, ir_pc(l->b, l->off + rel));
}

void a64_exit_addr(struct a64_lift *l, ir_ref addr, enum ir_hint h)
{
    l->ended = true;
    if (!exit_stepped(l, addr))
        ir_exit_indirect(l->b, addr, h, l->off + 4);
}

void a64_exit_mode(struct a64_lift *l)
{
    ir_ref next = ir_pc(l->b, l->off + 4);
    l->ended = true;
    if (!exit_stepped(l, next))
        ir_exit_mode(l->b, next);
}

/* A tagged address becomes the one that PC can hold: bit 55 copied to the top byte, where the tag is ignored in
 * its half of the address space. */
ir_ref a64_branch_addr(struct a64_lift *l, ir_ref target)
{
    u64 tbi = l->mode & (A64_M_TBI0 | A64_M_TBI1);
    if (!tbi)
        return target;
    ir_ref eight = a64_imm(l, IR_I64, 8);
    ir_ref ext = ir_op2(l->b, IR_sar, ir_op2(l->b, IR_shl, target, eight), eight);
    if (tbi == A64_M_TBI0) /* clears the tag of low addresses; high ones keep their top byte */
        return ir_op2(l->b, IR_and, target, ext);
    if (tbi == A64_M_TBI1)
        return ir_op2(l->b, IR_or, target, ext);
    return ext;
}

void a64_exit_indirect(struct a64_lift *l, ir_ref target, enum ir_hint h)
{
    a64_exit_addr(l, a64_branch_addr(l, target), h);
}

void a64_exc(struct a64_lift *l, enum a64_exc code, u64 payload)
{
    ir_exit_exc(l->b, code, a64_imm(l, IR_I64, payload));
    l->ended = true;
}

/* ---- memory ---- */

struct ir_mem a64_mem(const struct a64_lift *l, u32 size_log2)
{
    struct ir_mem m = { .size = size_log2 & 7, .mmu = l->mode & A64_M_MMU };
    m.atomic = MIN(size_log2, 3u); /* B2.2.1: a Q register is two accesses of 64 bits */
    if (l->mode & A64_M_BE)
        m.bswap = size_log2 & 7;
    if (l->mode & A64_M_ALIGN)
        m.align = size_log2 & 7;
    return m;
}

/* CheckSPAlignment. One check serves the rest of the block as long as SP moves by multiples of 16. */
void a64_check_sp(struct a64_lift *l, u32 rn)
{
    if (rn != 31 || !(l->mode & A64_M_SPALIGN) || l->sp_aligned)
        return;
    struct ir_block *b = l->b;
    ir_ref low = ir_op2(b, IR_and, ir_get(b, A64_F_sp), a64_imm(l, IR_I64, 15));
    u16 fine = ir_skip(b, ir_op2(b, IR_eq, low, a64_imm(l, IR_I64, 0)));
    ir_exit_exc(b, A64_EXC_SPALIGN, a64_imm(l, IR_I64, 0));
    ir_label(b, fine);
    l->sp_aligned = true;
}

ir_ref a64_base(struct a64_lift *l, u32 rn)
{
    a64_check_sp(l, rn);
    return a64_xsp(l, 1, rn);
}

void a64_probe_write(struct a64_lift *l, ir_ref addr, u32 bytes, struct ir_mem m)
{
    m.write = 1;
    ir_emit(l->b, (struct ir_ins){ .op = IR_probe, .type = IR_VOID, .src = IR_I64, .imm = bytes,
                                   .aux = ir_mem_pack(m), .arg = { addr, IR_NONE, IR_NONE, IR_NONE } });
}

/* ---- FP and SIMD registers ---- */

bool a64_fp_ok(struct a64_lift *l)
{
    if (!(l->mode & A64_M_FPTRAP))
        return true;
    a64_exc(l, A64_EXC_FPTRAP, 0);
    return false;
}

ir_ref a64_v(struct a64_lift *l, u32 r)
{
    return ir_get(l->b, A64_F_v0 + r);
}

void a64_set_v(struct a64_lift *l, u32 r, ir_ref v128)
{
    ir_set(l->b, A64_F_v0 + r, v128);
}

ir_ref a64_vs(struct a64_lift *l, enum ir_type t, u32 r)
{
    return ir_opx(l->b, IR_extract, t, t, 0, 0, a64_v(l, r), IR_NONE, IR_NONE);
}

void a64_set_vs(struct a64_lift *l, u32 r, ir_ref scalar)
{
    enum ir_type t = ir_type_of(l->b, scalar);
    a64_set_v(l, r, ir_opx(l->b, IR_vzext, IR_V128, t, 0, 0, scalar, IR_NONE, IR_NONE));
}

void a64_set_vq(struct a64_lift *l, u32 r, u32 q, ir_ref v128)
{
    if (!q)
        v128 = ir_opx(l->b, IR_vlow, IR_V128, IR_VOID, 0, 0, v128, IR_NONE, IR_NONE);
    a64_set_v(l, r, v128);
}

/* ---- DecodeBitMasks ---- */

u64 a64_bitmask(u32 sf, u32 n, u32 imms, u32 immr, bool *ok)
{
    u32 key = n << 6 | (~imms & 63), width = sf ? 64 : 32;
    *ok = false;
    if (!key || (n && !sf))
        return 0;
    u32 len = 31u - (u32)__builtin_clz(key);
    u32 size = 1u << len, levels = size - 1, s = imms & levels, r = immr & levels;
    if (!len || s == levels)
        return 0;
    u64 mask = bits_ror(bits_mask(s + 1), r, size);
    for (u32 at = size; at < width; at *= 2)
        mask |= mask << at;
    *ok = true;
    return mask & bits_mask(width);
}
