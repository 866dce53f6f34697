/*
 * lift_ldst_simd.c - A64 loads and stores of the SIMD&FP registers (Arm ARM DDI 0487, C4.1.96): one register, pairs,
 * and the structure accesses LD1 to LD4, ST1 to ST4.
 *
 * Structures in memory are accessed in whole registers and shuffled; elements keep their byte order and alignment.
 * Stores of more than 16 bytes test the whole range before the first.
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"
#include "frontend/arm/lift_ldst.h"

/* ---- one register ---- */

static ir_ref load_fp(struct a64_lift *l, ir_ref at, u32 size)
{
    return ir_load(l->b, size == 4 ? IR_V128 : a64_int_type(size), at, a64_mem(l, size));
}

static void set_fp(struct a64_lift *l, u32 rt, ir_ref v)
{
    if (ir_type_of(l->b, v) == IR_V128)
        a64_set_v(l, rt, v);
    else
        a64_set_vs(l, rt, v);
}

static ir_ref fp_value(struct a64_lift *l, u32 size, u32 rt)
{
    return size == 4 ? a64_v(l, rt) : a64_vs(l, a64_int_type(size), rt);
}

bool a64_ldst_imm_fp(struct a64_lift *l, const struct a64_ldst_imm_fp *in)
{
    if (!a64_fp_ok(l))
        return true;
    i64 imm = a64_imm_offset(in->scaled, in->imm12, in->imm9, in->size);
    struct a64_addr a = a64_addr_imm(l, in->rn, imm, in->wback, in->post);
    if (in->load)
        set_fp(l, in->rt, load_fp(l, a.at, in->size));
    else
        ir_store(l->b, a.at, fp_value(l, in->size, in->rt), a64_mem(l, in->size));
    a64_addr_done(l, &a);
    return true;
}

bool a64_ldst_reg_fp(struct a64_lift *l, const struct a64_ldst_reg_fp *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref at = a64_addr_reg(l, in->rn, in->rm, in->option, in->s ? in->size : 0);
    if (in->load)
        set_fp(l, in->rt, load_fp(l, at, in->size));
    else
        ir_store(l->b, at, fp_value(l, in->size, in->rt), a64_mem(l, in->size));
    return true;
}

bool a64_ldr_lit_fp(struct a64_lift *l, const struct a64_ldr_lit_fp *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref at = ir_pc(l->b, l->off + bits_sext(in->imm19, 19) * 4);
    set_fp(l, in->rt, load_fp(l, at, in->size));
    return true;
}

/* ---- pairs ---- */

static void load_pair(struct a64_lift *l, const struct a64_ldst_pair_fp *in, ir_ref at)
{
    struct ir_block *b = l->b;
    ir_ref lo, hi;
    if (in->size == 4) {
        lo = load_fp(l, at, 4);
        hi = load_fp(l, a64_add_imm(l, at, 16), 4);
    } else if (in->size == 3) {
        ir_ref v = ir_load(b, IR_I128, at, a64_mem_pair(l, 3));
        lo = ir_conv(b, IR_trunc, IR_I64, v);
        hi = ir_conv(b, IR_hi, IR_I64, v);
    } else {
        ir_ref v = ir_load(b, IR_I64, at, a64_mem_pair(l, 2));
        lo = ir_conv(b, IR_trunc, IR_I32, v);
        hi = ir_conv(b, IR_trunc, IR_I32, a64_shift(l, 1, v, 32));
    }
    set_fp(l, in->rt, lo);
    set_fp(l, in->rt2, hi);
}

static void store_pair(struct a64_lift *l, const struct a64_ldst_pair_fp *in, ir_ref at)
{
    struct ir_block *b = l->b;
    ir_ref v;
    if (in->size == 4) {
        v = ir_opx(b, IR_vpair, IR_V256, IR_VOID, 0, 0, a64_v(l, in->rt), a64_v(l, in->rt2), IR_NONE);
    } else if (in->size == 3) {
        v = ir_opx(b, IR_vcat, IR_V128, IR_VOID, 0, 0, a64_v(l, in->rt), a64_v(l, in->rt2), IR_NONE);
    } else {
        ir_ref lo = ir_conv(b, IR_zext, IR_I64, a64_vs(l, IR_I32, in->rt));
        ir_ref hi = ir_conv(b, IR_zext, IR_I64, a64_vs(l, IR_I32, in->rt2));
        v = ir_op2(b, IR_or, lo, a64_shift(l, 0, hi, 32));
    }
    ir_store(b, at, v, a64_mem_pair(l, in->size));
}

bool a64_ldst_pair_fp(struct a64_lift *l, const struct a64_ldst_pair_fp *in)
{
    if (!a64_fp_ok(l))
        return true;
    i64 imm = bits_sext(in->imm7, 7) * (1 << in->size);
    struct a64_addr a = a64_addr_imm(l, in->rn, imm, in->wback, in->post);
    if (in->load)
        load_pair(l, in, a.at);
    else
        store_pair(l, in, a.at);
    a64_addr_done(l, &a);
    return true;
}

/* ---- structures: addresses ---- */

static u32 vreg(u32 rt, u32 i)
{
    return (rt + i) & 31;
}

/* Post-index by Xm, or by the bytes transferred when m is 31. */
static struct a64_addr struct_addr(struct a64_lift *l, u32 rn, u32 rm, bool wback, u32 bytes)
{
    struct a64_addr a = a64_addr_imm(l, rn, wback && rm == 31 ? bytes : 0, wback, true);
    if (wback && rm != 31) {
        a.next = ir_op2(l->b, IR_add, a.at, a64_x(l, 1, rm));
        a.moved = 1; /* unknown: SP may be misaligned from here on */
    }
    return a;
}

/* 8 or 16 bytes of elements. */
static struct ir_mem part_mem(const struct a64_lift *l, u32 esize, u32 bytes)
{
    struct ir_mem m = a64_mem(l, esize);
    m.size = bytes == 16 ? 4 : 3;
    return m;
}

/* ---- structures: de-interleaving. e: element type; mem[]: the bytes in order; reg[]: the registers ---- */

#define PARTS 4

static ir_ref shuffle(struct a64_lift *l, enum ir_op op, enum ir_type e, ir_ref x, ir_ref y)
{
    return ir_vop2(l->b, op, e, x, y);
}

/* Byte numbers, in the concatenated source registers, for bytes 0..15 of a shuffled one. */
static ir_ref table3(struct a64_lift *l, const u8 from[16], const ir_ref src[], u32 n)
{
    struct ir_block *b = l->b;
    u64 w[2];
    __builtin_memcpy(w, from, 16);
    ir_ref index = ir_vconst(b, w[0], w[1]), v = ir_vconst(b, 0, 0);
    for (u32 k = 0; k < n; k++)
        v = ir_opx(b, IR_tbx, IR_V128, IR_VOID, 0, 16 * k, v, index, src[k]);
    return v;
}

/* Register r of three: element i is element 3 * i + r of memory. */
static void split3(struct a64_lift *l, u32 esize, u32 q, const ir_ref mem[], ir_ref reg[])
{
    u32 lanes = (q ? 16u : 8u) >> esize, eb = 1u << esize;
    for (u32 r = 0; r < 3; r++) {
        u8 from[16] = { 0 };
        for (u32 at = 0; at < lanes * eb; at++)
            from[at] = (u8)((3 * (at / eb) + r) * eb + at % eb);
        reg[r] = table3(l, from, mem, q ? 3 : 2);
    }
}

/* The inverse: byte at of memory; register r holds source bytes 16 * r and up. */
static void merge3(struct a64_lift *l, u32 esize, u32 q, const ir_ref reg[], ir_ref mem[])
{
    u32 eb = 1u << esize, total = q ? 48 : 24;
    for (u32 k = 0; 16 * k < total; k++) {
        u8 from[16] = { 0 };
        for (u32 i = 0; i < 16 && 16 * k + i < total; i++) {
            u32 at = 16 * k + i, elem = at / eb;
            from[i] = (u8)(16 * (elem % 3) + elem / 3 * eb + at % eb);
        }
        mem[k] = table3(l, from, reg, 3);
    }
}

static void split(struct a64_lift *l, u32 esize, u32 q, u32 selem, const ir_ref mem[], ir_ref reg[])
{
    enum ir_type e = a64_int_type(esize);
    if (selem == 1) {
        reg[0] = mem[0];
    } else if (selem == 2) {
        ir_ref last = q ? mem[1] : mem[0];
        reg[0] = shuffle(l, IR_uzp1, e, mem[0], last);
        reg[1] = shuffle(l, IR_uzp2, e, mem[0], last);
    } else if (selem == 3) {
        split3(l, esize, q, mem, reg);
    } else {
        ir_ref even = shuffle(l, IR_uzp1, e, mem[0], mem[1]), odd = shuffle(l, IR_uzp2, e, mem[0], mem[1]);
        ir_ref even2 = q ? shuffle(l, IR_uzp1, e, mem[2], mem[3]) : even;
        ir_ref odd2 = q ? shuffle(l, IR_uzp2, e, mem[2], mem[3]) : odd;
        reg[0] = shuffle(l, IR_uzp1, e, even, even2);
        reg[1] = shuffle(l, IR_uzp1, e, odd, odd2);
        reg[2] = shuffle(l, IR_uzp2, e, even, even2);
        reg[3] = shuffle(l, IR_uzp2, e, odd, odd2);
    }
}

static void merge(struct a64_lift *l, u32 esize, u32 q, u32 selem, const ir_ref reg[], ir_ref mem[])
{
    enum ir_type e = a64_int_type(esize);
    if (selem == 1) {
        mem[0] = reg[0];
    } else if (selem == 2) {
        mem[0] = shuffle(l, IR_zip1, e, reg[0], reg[1]);
        if (q)
            mem[1] = shuffle(l, IR_zip2, e, reg[0], reg[1]);
    } else if (selem == 3) {
        merge3(l, esize, q, reg, mem);
    } else {
        ir_ref even = shuffle(l, IR_zip1, e, reg[0], reg[2]), odd = shuffle(l, IR_zip1, e, reg[1], reg[3]);
        mem[0] = shuffle(l, IR_zip1, e, even, odd);
        mem[1] = shuffle(l, IR_zip2, e, even, odd);
        if (!q)
            return;
        even = shuffle(l, IR_zip2, e, reg[0], reg[2]);
        odd = shuffle(l, IR_zip2, e, reg[1], reg[3]);
        mem[2] = shuffle(l, IR_zip1, e, even, odd);
        mem[3] = shuffle(l, IR_zip2, e, even, odd);
    }
}

/* ---- multiple structures ---- */

/* `total` bytes at addr as v128 values, the last one half empty when 8 bytes remain. */
static void load_parts(struct a64_lift *l, ir_ref addr, u32 esize, u32 total, ir_ref mem[])
{
    for (u32 at = 0; at < total; at += 16) {
        u32 n = MIN(total - at, 16u);
        ir_ref p = a64_add_imm(l, addr, at);
        ir_ref v = ir_load(l->b, n == 16 ? IR_V128 : IR_I64, p, part_mem(l, esize, n));
        mem[at / 16] = n == 16 ? v : ir_opx(l->b, IR_vzext, IR_V128, IR_I64, 0, 0, v, IR_NONE, IR_NONE);
    }
}

static void store_parts(struct a64_lift *l, ir_ref addr, u32 esize, u32 total, const ir_ref mem[])
{
    if (total > 16)
        a64_probe_write(l, addr, total, a64_mem(l, esize));
    for (u32 at = 0; at < total; at += 16) {
        u32 n = MIN(total - at, 16u);
        ir_ref v = mem[at / 16], p = a64_add_imm(l, addr, at);
        if (n == 8)
            v = ir_opx(l->b, IR_extract, IR_I64, IR_I64, 0, 0, v, IR_NONE, IR_NONE);
        ir_store(l->b, p, v, part_mem(l, esize, n));
    }
}

/* LD1 of several registers of 8 bytes: each is a part of its own. */
static void load_each(struct a64_lift *l, const struct a64_ldst_mult *in, ir_ref addr, ir_ref reg[])
{
    u32 bytes = in->q ? 16 : 8;
    for (u32 i = 0; i < in->rpt; i++)
        load_parts(l, a64_add_imm(l, addr, i * bytes), in->size, bytes, &reg[i]);
}

static void store_each(struct a64_lift *l, const struct a64_ldst_mult *in, ir_ref addr, const ir_ref reg[])
{
    u32 bytes = in->q ? 16 : 8;
    if (in->rpt > 1)
        a64_probe_write(l, addr, bytes * in->rpt, a64_mem(l, in->size));
    for (u32 i = 0; i < in->rpt; i++)
        store_parts(l, a64_add_imm(l, addr, i * bytes), in->size, bytes, &reg[i]);
}

bool a64_ldst_mult(struct a64_lift *l, const struct a64_ldst_mult *in)
{
    if (!a64_fp_ok(l))
        return true;
    u32 count = in->rpt * in->selem, total = count * (in->q ? 16 : 8);
    ir_ref mem[PARTS], reg[PARTS];
    struct a64_addr a = struct_addr(l, in->rn, in->rm, in->wback, total);
    if (in->load) {
        if (in->selem == 1) {
            load_each(l, in, a.at, reg);
        } else {
            load_parts(l, a.at, in->size, total, mem);
            split(l, in->size, in->q, in->selem, mem, reg);
        }
        for (u32 i = 0; i < count; i++)
            a64_set_vq(l, vreg(in->rt, i), in->q || in->selem == 1, reg[i]);
    } else {
        for (u32 i = 0; i < count; i++)
            reg[i] = a64_v(l, vreg(in->rt, i));
        if (in->selem == 1) {
            store_each(l, in, a.at, reg);
        } else {
            merge(l, in->size, in->q, in->selem, reg, mem);
            store_parts(l, a.at, in->size, total, mem);
        }
    }
    a64_addr_done(l, &a);
    return true;
}

/* ---- single structure ---- */

/* Element size and lane of scale, Q, S, size. */
static u32 single_lane(const struct a64_ldst_single *in, u32 *esize)
{
    u32 bits = in->q << 3 | in->s << 2 | in->size;
    *esize = in->scale == 2 && in->size & 1 ? 3 : in->scale;
    return bits >> *esize;
}

static void load_single(struct a64_lift *l, const struct a64_ldst_single *in, ir_ref at, u32 esize, u32 lane)
{
    enum ir_type e = a64_int_type(esize);
    ir_ref old[4], x[4];
    for (u32 i = 0; i < in->selem; i++)
        old[i] = a64_v(l, vreg(in->rt, i));
    for (u32 i = 0; i < in->selem; i++)
        x[i] = ir_load(l->b, e, a64_add_imm(l, at, (i64)i << esize), a64_mem(l, esize));
    for (u32 i = 0; i < in->selem; i++)
        x[i] = ir_opx(l->b, IR_insert, IR_V128, e, 0, lane, old[i], x[i], IR_NONE);
    for (u32 i = 0; i < in->selem; i++)
        a64_set_v(l, vreg(in->rt, i), x[i]);
}

static void store_single(struct a64_lift *l, const struct a64_ldst_single *in, ir_ref at, u32 esize, u32 lane)
{
    enum ir_type e = a64_int_type(esize);
    ir_ref x[4];
    for (u32 i = 0; i < in->selem; i++)
        x[i] = ir_opx(l->b, IR_extract, e, e, 0, lane, a64_v(l, vreg(in->rt, i)), IR_NONE, IR_NONE);
    if (in->selem > 1)
        a64_probe_write(l, at, in->selem << esize, a64_mem(l, esize));
    for (u32 i = 0; i < in->selem; i++)
        ir_store(l->b, a64_add_imm(l, at, (i64)i << esize), x[i], a64_mem(l, esize));
}

bool a64_ldst_single(struct a64_lift *l, const struct a64_ldst_single *in)
{
    if (!a64_fp_ok(l))
        return true;
    u32 esize, lane = single_lane(in, &esize);
    struct a64_addr a = struct_addr(l, in->rn, in->rm, in->wback, in->selem << esize);
    if (in->load)
        load_single(l, in, a.at, esize, lane);
    else
        store_single(l, in, a.at, esize, lane);
    a64_addr_done(l, &a);
    return true;
}

bool a64_ldst_replicate(struct a64_lift *l, const struct a64_ldst_replicate *in)
{
    if (!a64_fp_ok(l))
        return true;
    enum ir_type e = a64_int_type(in->size);
    struct a64_addr a = struct_addr(l, in->rn, in->rm, in->wback, in->selem << in->size);
    ir_ref x[4];
    for (u32 i = 0; i < in->selem; i++)
        x[i] = ir_load(l->b, e, a64_add_imm(l, a.at, (i64)i << in->size), a64_mem(l, in->size));
    for (u32 i = 0; i < in->selem; i++)
        a64_set_vq(l, vreg(in->rt, i), in->q, ir_opx(l->b, IR_splat, IR_V128, e, 0, 0, x[i], IR_NONE, IR_NONE));
    a64_addr_done(l, &a);
    return true;
}
