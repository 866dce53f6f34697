/*
 * lift_vec.c - vector registers and operands as all MMX, SSE and AVX lifters use them; SSE floating-point
 * exceptions.
 *
 * Intel SDM volume 1, 14.3 (upper halves), 14.9 (alignment), 11.5 (exceptions). Unaligned accesses of 16 bytes and
 * more are not checked by EFLAGS.AC, which the manual leaves open.
 */
#include "frontend/x86/lift_vec.h"

/* ---- registers ---- */

ir_ref x86_xmm(struct x86_lift *l, u32 r) { return ir_get(l->b, X86_F_xmm0 + r); }

ir_ref x86_ymmh(struct x86_lift *l, u32 r) { return ir_get(l->b, X86_F_ymmh0 + r); }

ir_ref x86_xmm_s(struct x86_lift *l, enum ir_type t, u32 r) { return x86_extract(l, t, x86_xmm(l, r), 0); }

void x86_set_ymm(struct x86_lift *l, u32 r, ir_ref lo, ir_ref hi)
{
    ir_set(l->b, X86_F_xmm0 + r, lo);
    ir_set(l->b, X86_F_ymmh0 + r, hi);
}

void x86_set_xmm(struct x86_lift *l, const struct x86_insn *i, u32 r, ir_ref v)
{
    if (i->vex)
        x86_set_ymm(l, r, v, x86_vzero(l));
    else
        ir_set(l->b, X86_F_xmm0 + r, v);
}

/* ---- values ---- */

ir_ref x86_vsplat(struct x86_lift *l, enum ir_type lane, u64 v)
{
    u32 bits = ir_bits(lane);
    if (bits < 64)
        v &= (1ull << bits) - 1;
    for (; bits < 64; bits *= 2)
        v |= v << bits;
    return ir_vconst(l->b, v, v);
}

ir_ref x86_extract(struct x86_lift *l, enum ir_type lane, ir_ref v, u32 n)
{
    return ir_opx(l->b, IR_extract, lane, lane, 0, n, v, IR_NONE, IR_NONE);
}

ir_ref x86_insert(struct x86_lift *l, enum ir_type lane, ir_ref v, u32 n, ir_ref to)
{
    return ir_opx(l->b, IR_insert, IR_V128, lane, 0, n, v, to, IR_NONE);
}

ir_ref x86_widen(struct x86_lift *l, enum ir_op op, enum ir_type lane, ir_ref v, u32 half)
{
    return ir_opx(l->b, op, IR_V128, lane, 0, half, v, IR_NONE, IR_NONE);
}

ir_ref x86_vzext(struct x86_lift *l, ir_ref scalar)
{
    return ir_opx(l->b, IR_vzext, IR_V128, ir_type_of(l->b, scalar), 0, 0, scalar, IR_NONE, IR_NONE);
}

ir_ref x86_vext(struct x86_lift *l, ir_ref lo, ir_ref hi, u32 bytes)
{
    if (bytes >= 32)
        return x86_vzero(l);
    return ir_opx(l->b, IR_vext, IR_V128, IR_VOID, 0, bytes, lo, hi, IR_NONE);
}

ir_ref x86_permute(struct x86_lift *l, ir_ref other, const u8 from[16], ir_ref v)
{
    u64 index[2];
    __builtin_memcpy(index, from, 16);
    return ir_op3(l->b, IR_tbx, other, ir_vconst(l->b, index[0], index[1]), v);
}

/* ---- memory ---- */

struct ir_mem x86_vec_mem(const struct x86_lift *l, const struct x86_insn *i, u32 size)
{
    struct ir_mem m = x86_mem(l, i->seg, MIN(size, 16u));
    u32 attr = i->row->attr;
    if (size < 16)
        return m;
    m.align = 0;
    if (attr & X86_ALWAYS_AL || (attr & X86_AL && !i->vex)) {
        m.align = size == 32 ? 5 : 4;
        m.user0 |= X86_MEM_ALIGN_GP;
    }
    return m;
}

ir_ref x86_addr_add(struct x86_lift *l, ir_ref addr, u32 n)
{
    if (x86_long(l))
        return x86_op2i(l, IR_add, addr, n);
    return x86_zext(l, IR_I64, x86_op2i(l, IR_add, x86_zext(l, IR_I32, addr), n));
}

void x86_note(struct x86_lift *l, ir_ref addr, u32 size, bool write)
{
    if (!(l->mode & X86_M_WATCH) || l->watched == COUNT(l->watch))
        return;
    l->watch[l->watched].addr = addr;
    l->watch[l->watched].size = (u8)size;
    l->watch[l->watched++].write = write;
}

static struct x86_vec load(struct x86_lift *l, const struct x86_insn *i, u32 size)
{
    struct x86_vec v = { { IR_NONE, IR_NONE } };
    ir_ref addr = x86_ea(l, i, size, false);
    struct ir_mem m = x86_vec_mem(l, i, size);
    if (size < 16) {
        v.h[0] = x86_vzext(l, x86_load_at(l, x86_ity(size), addr, m));
        return v;
    }
    v.h[0] = x86_load_at(l, IR_V128, addr, m);
    if (size == 32) {
        m.align = 0;
        v.h[1] = x86_load_at(l, IR_V128, x86_addr_add(l, addr, 16), m);
    }
    return v;
}

static void store(struct x86_lift *l, const struct x86_insn *i, u32 size, struct x86_vec v)
{
    ir_ref addr = x86_ea(l, i, size, true);
    struct ir_mem m = x86_vec_mem(l, i, size), whole = m;
    if (size < 16) {
        x86_store_at(l, addr, x86_extract(l, x86_ity(size), v.h[0], 0), m);
        return;
    }
    if (size == 32) {
        whole.size = 5;
        x86_probe(l, addr, whole, true);
    }
    x86_store_at(l, addr, v.h[0], m);
    if (size == 32) {
        m.align = 0;
        x86_store_at(l, x86_addr_add(l, addr, 16), v.h[1], m);
    }
}

/* ---- operands ---- */

ir_ref x86_vec_op(struct x86_lift *l, const struct x86_insn *i, u32 n, u32 h)
{
    const struct x86_op *o = &i->op[n];
    if (o->kind == X86_K_XMM)
        return h ? x86_ymmh(l, o->reg) : x86_xmm(l, o->reg);
    if (o->size < 32)
        return h ? x86_vzero(l) : x86_vec_src(l, i, n).h[0];
    ir_ref addr = x86_ea(l, i, 32, false);
    struct ir_mem m = x86_vec_mem(l, i, 32);
    if (h) {
        addr = x86_addr_add(l, addr, 16);
        m.align = 0;
    }
    return x86_load_at(l, IR_V128, addr, m);
}

struct x86_vec x86_vec_src(struct x86_lift *l, const struct x86_insn *i, u32 n)
{
    const struct x86_op *o = &i->op[n];
    if (o->kind == X86_K_MEM)
        return load(l, i, o->size);
    struct x86_vec v = { { IR_NONE, IR_NONE } };
    if (o->kind == X86_K_MMX) {
        v.h[0] = x86_vzext(l, x86_mm(l, o->reg));
        return v;
    }
    v.h[0] = x86_xmm(l, o->reg);
    if (o->size == 32)
        v.h[1] = x86_ymmh(l, o->reg);
    return v;
}

void x86_vec_put(struct x86_lift *l, const struct x86_insn *i, u32 n, struct x86_vec v)
{
    const struct x86_op *o = &i->op[n];
    if (o->kind == X86_K_MEM)
        store(l, i, o->size, v);
    else if (o->kind == X86_K_MMX)
        x86_set_mm(l, o->reg, x86_extract(l, IR_I64, v.h[0], 0));
    else if (o->size == 32)
        x86_set_ymm(l, o->reg, v.h[0], v.h[1]);
    else
        x86_set_xmm(l, i, o->reg, v.h[0]);
}

/* ---- frames ---- */

static void finish(struct x86_lift *l, const struct x86_insn *i, struct x86_vec v)
{
    if (i->row->attr & X86_MMX)
        x86_mmx_enter(l);
    x86_vec_put(l, i, 0, v);
}

bool x86_vec1(struct x86_lift *l, const struct x86_insn *i, x86_half *f)
{
    struct x86_vec a = x86_vec_src(l, i, 1), r = { { IR_NONE, IR_NONE } };
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = f(l, i, h, a.h[h], IR_NONE);
    finish(l, i, r);
    return true;
}

bool x86_vec2(struct x86_lift *l, const struct x86_insn *i, x86_half *f)
{
    u32 last = x86_last(i);
    struct x86_vec a = x86_vec_src(l, i, last - 1), b = x86_vec_src(l, i, last), r = { { IR_NONE, IR_NONE } };
    for (u32 h = 0; h < x86_halves(i); h++)
        r.h[h] = f(l, i, h, a.h[h], b.h[h]);
    finish(l, i, r);
    return true;
}

/* ---- exceptions of SSE floating point ---- */

/* Flags so far are put aside, so that those of this instruction can be told. */
void x86_fp_begin(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (l->mode & X86_M_FPSPECIAL)
        l->fp_old = x86_call(l, X86_H_fp_begin, IR_NONE, IR_NONE, IR_NONE);
}

void x86_fp_check(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (!(l->mode & X86_M_FPSPECIAL))
        return;
    ir_ref vector = x86_call(l, X86_H_fp_check, l->fp_old, IR_NONE, IR_NONE);
    x86_exc_if(l, x86_op2i(l, IR_eq, vector, X86_XM), X86_XM, 0);
    x86_exc_if(l, x86_op2i(l, IR_eq, vector, X86_UD), X86_UD, 0);
}
