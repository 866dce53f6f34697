/*
 * lift_vec_shuffle.c - MMX, SSE and AVX instructions that move lanes about: packs, unpacks, permutes, blends,
 * inserts, extracts, broadcasts (Intel SDM volume 2).
 */
#include "base/bits.h"
#include "frontend/x86/lift_vec.h"

/* ---- packs and unpacks ---- */

/* op=: the narrowing row */
static ir_ref pack(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    enum ir_op op = (enum ir_op)i->row->op;
    enum ir_type t = x86_lane(i);
    if (x86_is_mmx(i))
        return x86_v1(l, op, t, x86_vlogic(l, IR_vcat, a, b));
    return x86_vlogic(l, IR_vcat, x86_v1(l, op, t, a), x86_v1(l, op, t, b));
}

bool x86_vec_pack(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, pack); }

static ir_ref unpack_high(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    if (x86_is_mmx(i))
        return x86_vext(l, x86_v2(l, IR_zip1, x86_lane(i), a, b), x86_vzero(l), 8);
    return x86_v2(l, IR_zip2, x86_lane(i), a, b);
}

bool x86_unpack_high(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, unpack_high); }

static ir_ref align_right(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    u32 n = (u32)i->imm;
    if (!x86_is_mmx(i))
        return x86_vext(l, b, a, n);
    return n < 16 ? x86_vext(l, x86_vlogic(l, IR_vcat, b, a), x86_vzero(l), n) : x86_vzero(l);
}

bool x86_palignr(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, align_right); }

/* ---- by an immediate: lane= elements, two bits of the immediate for each (one for two elements) ---- */

/* The bytes of element n come from element `from`. */
static void take_element(u8 map[16], u32 size, u32 n, u32 from)
{
    for (u32 k = 0; k < size; k++)
        map[n * size + k] = (u8)(from * size + k);
}

static ir_ref dwords(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h, (void)b;
    u8 map[16];
    for (u32 n = 0; n < 4; n++)
        take_element(map, 4, n, (u32)i->imm >> 2 * n & 3);
    return x86_permute(l, x86_vzero(l), map, a);
}

bool x86_pshufd(struct x86_lift *l, const struct x86_insn *i) { return x86_vec1(l, i, dwords); }

/* a=: the first of four words, 0 or 4; the others stay (or are none, in MMX) */
static ir_ref words(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h, (void)b;
    u8 map[16];
    u32 first = (u32)i->row->a;
    for (u32 n = 0; n < 8; n++)
        take_element(map, 2, n, n - first < 4 ? first + ((u32)i->imm >> 2 * (n - first) & 3) : n);
    return x86_permute(l, x86_vzero(l), map, a);
}

bool x86_pshufw(struct x86_lift *l, const struct x86_insn *i) { return x86_vec1(l, i, words); }

static ir_ref qwords(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)b;
    u8 map[16];
    for (u32 n = 0; n < 2; n++)
        take_element(map, 8, n, (u32)i->imm >> (2 * h + n) & 1);
    return x86_permute(l, x86_vzero(l), map, a);
}

bool x86_vpermilpd_imm(struct x86_lift *l, const struct x86_insn *i) { return x86_vec1(l, i, qwords); }

/* The lower elements come from a, the upper ones from b. */
static ir_ref from_two(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    u8 low[16], high[16];
    bool quads = x86_lane(i) == IR_I64;
    u32 size = quads ? 8 : 4, count = 16 / size, ctl = (u32)i->imm >> (quads ? 2 * h : 0);
    __builtin_memset(low, 0xff, sizeof low);
    __builtin_memset(high, 0xff, sizeof high);
    for (u32 n = 0; n < count; n++)
        take_element(n < count / 2 ? low : high, size, n, quads ? ctl >> n & 1 : ctl >> 2 * n & 3);
    return x86_permute(l, x86_permute(l, x86_vzero(l), low, a), high, b);
}

bool x86_shufp(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, from_two); }

/* A mask of the lanes whose bit is set; the bits of the upper half follow, or (words) are the same. */
static ir_ref blend(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    u32 bits = ir_bits(x86_lane(i)), count = 128 / bits, ctl = (u32)i->imm >> (count == 8 ? 0 : count * h);
    u64 mask[2] = { 0, 0 };
    for (u32 n = 0; n < count; n++)
        if (ctl >> n & 1)
            mask[n * bits / 64] |= bits_mask(bits) << n * bits % 64;
    return x86_bsel(l, ir_vconst(l->b, mask[0], mask[1]), b, a);
}

bool x86_blend(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, blend); }

/* The mask's sign bits choose: XMM0, or VEX's fourth operand. */
bool x86_blendv(struct x86_lift *l, const struct x86_insn *i)
{
    u32 last = x86_last(i);
    struct x86_vec a = x86_vec_src(l, i, last - 1), b = x86_vec_src(l, i, last), m = { { IR_NONE, IR_NONE } };
    ir_ref zero = x86_vzero(l);
    if (i->vex)
        m = x86_vec_src(l, i, 3);
    else
        m.h[0] = x86_xmm(l, 0);
    for (u32 h = 0; h < x86_halves(i); h++)
        a.h[h] = x86_bsel(l, x86_v2(l, IR_slt, x86_lane(i), m.h[h], zero), b.h[h], a.h[h]);
    x86_vec_put(l, i, 0, a);
    return true;
}

/* ---- by a vector ---- */

/* Bit 7 of an index gives zero, else its low four bits (MMX: three) select. */
static ir_ref bytes(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    ir_ref index = x86_vlogic(l, IR_and, b, x86_vsplat(l, IR_I8, x86_is_mmx(i) ? 0x87 : 0x8f));
    return ir_op3(l->b, IR_tbx, x86_vzero(l), index, a);
}

bool x86_pshufb(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, bytes); }

/* Numbers of doublewords to those of their bytes. */
static ir_ref byte_numbers(struct x86_lift *l, ir_ref v, u32 mask)
{
    ir_ref n = x86_vlogic(l, IR_and, v, x86_vsplat(l, IR_I32, mask));
    n = x86_v2(l, IR_mul, IR_I32, n, x86_vsplat(l, IR_I32, 0x04040404));
    return x86_v2(l, IR_add, IR_I32, n, x86_vsplat(l, IR_I32, 0x03020100));
}

static ir_ref dwords_by(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h;
    return ir_op3(l->b, IR_tbx, x86_vzero(l), byte_numbers(l, b, 3), a);
}

bool x86_vpermilps(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, dwords_by); }

static ir_ref qwords_by(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)i, (void)h;
    ir_ref low = x86_v2(l, IR_eq, IR_I64, x86_vlogic(l, IR_and, b, x86_vsplat(l, IR_I64, 2)), x86_vzero(l));
    return x86_bsel(l, low, x86_v2(l, IR_zip1, IR_I64, a, a), x86_v2(l, IR_zip2, IR_I64, a, a));
}

bool x86_vpermilpd(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, qwords_by); }

/* op[1] has the numbers, op[2] is the table of eight. */
bool x86_vpermd(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec n = x86_vec_src(l, i, 1), t = x86_vec_src(l, i, 2);
    ir_ref zero = x86_vzero(l);
    for (u32 h = 0; h < 2; h++) {
        ir_ref index = byte_numbers(l, n.h[h], 7), low = ir_op3(l->b, IR_tbx, zero, index, t.h[0]);
        n.h[h] = ir_opx(l->b, IR_tbx, IR_V128, IR_VOID, 0, 16, low, index, t.h[1]);
    }
    x86_vec_put(l, i, 0, n);
    return true;
}

/* ---- across halves ---- */

static ir_ref pick_qword(struct x86_lift *l, const struct x86_vec *v, u32 n)
{
    ir_ref half = v->h[n >> 1 & 1];
    return n & 1 ? x86_vext(l, half, half, 8) : half;
}

bool x86_vpermq(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = x86_vec_src(l, i, 1), r;
    u32 n = (u32)i->imm;
    for (u32 h = 0; h < 2; h++, n >>= 4)
        r.h[h] = x86_vlogic(l, IR_vcat, pick_qword(l, &v, n & 3), pick_qword(l, &v, n >> 2 & 3));
    x86_vec_put(l, i, 0, r);
    return true;
}

bool x86_vperm2x128(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec a = x86_vec_src(l, i, 1), b = x86_vec_src(l, i, 2), r;
    ir_ref from[4] = { a.h[0], a.h[1], b.h[0], b.h[1] };
    for (u32 h = 0; h < 2; h++) {
        u32 n = (u32)i->imm >> 4 * h;
        r.h[h] = n & 8 ? x86_vzero(l) : from[n & 3];
    }
    x86_vec_put(l, i, 0, r);
    return true;
}

bool x86_vinsert128(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec a = x86_vec_src(l, i, 1), b = x86_vec_src(l, i, 2);
    a.h[i->imm & 1] = b.h[0];
    x86_vec_put(l, i, 0, a);
    return true;
}

bool x86_vextract128(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_vec v = { { x86_vec_op(l, i, 1, i->imm & 1), IR_NONE } };
    x86_vec_put(l, i, 0, v);
    return true;
}

/* lane= elements; IR_VOID: 128 bits */
bool x86_vbroadcast(struct x86_lift *l, const struct x86_insn *i)
{
    enum ir_type t = x86_lane(i);
    ir_ref v = x86_vec_src(l, i, 1).h[0];
    if (t != IR_VOID)
        v = ir_opx(l->b, IR_splat, IR_V128, t, 0, 0, x86_extract(l, t, v, 0), IR_NONE, IR_NONE);
    x86_vec_put(l, i, 0, (struct x86_vec){ { v, v } });
    return true;
}

/* ---- single elements ---- */

/* V[,H],E,Ib; the low lane bits of a register */
bool x86_pinsr(struct x86_lift *l, const struct x86_insn *i)
{
    u32 last = x86_last(i), count = (x86_is_mmx(i) ? 64 : 128) / ir_bits(x86_lane(i));
    struct x86_vec a = x86_vec_src(l, i, last - 1);
    ir_ref v = x86_zext(l, x86_lane(i), x86_read_op(l, i, last));
    a.h[0] = x86_insert(l, x86_lane(i), a.h[0], (u32)i->imm % count, v);
    if (x86_is_mmx(i))
        x86_mmx_enter(l);
    x86_vec_put(l, i, 0, a);
    return true;
}

/* E,V,Ib or G,U,Ib: memory of the lane's size, or a register zero-extended */
bool x86_pextr(struct x86_lift *l, const struct x86_insn *i)
{
    bool mmx = i->op[1].kind == X86_K_MMX;
    u32 count = (mmx ? 64 : 128) / ir_bits(x86_lane(i));
    ir_ref v = x86_extract(l, x86_lane(i), x86_vec_src(l, i, 1).h[0], (u32)i->imm % count);
    if (i->op[0].kind == X86_K_MEM)
        x86_store_at(l, x86_ea(l, i, i->op[0].size, true), v, x86_mem(l, i->seg, i->op[0].size));
    if (mmx)
        x86_mmx_enter(l);
    if (i->op[0].kind == X86_K_REG)
        x86_set_reg(l, i->op[0].reg, x86_zext(l, i->op[0].size == 8 ? IR_I64 : IR_I32, v));
    return true;
}

static ir_ref insert_single(struct x86_lift *l, const struct x86_insn *i, u32 h, ir_ref a, ir_ref b)
{
    (void)h;
    u32 imm = (u32)i->imm, from = i->op[x86_last(i)].kind == X86_K_MEM ? 0 : imm >> 6 & 3;
    ir_ref r = x86_insert(l, IR_I32, a, imm >> 4 & 3, x86_extract(l, IR_I32, b, from));
    u64 keep[2] = { 0, 0 };
    for (u32 n = 0; n < 4; n++)
        if (!(imm >> n & 1))
            keep[n / 2] |= 0xffffffffull << n % 2 * 32;
    return imm & 15 ? x86_vlogic(l, IR_and, r, ir_vconst(l->b, keep[0], keep[1])) : r;
}

bool x86_insertps(struct x86_lift *l, const struct x86_insn *i) { return x86_vec2(l, i, insert_single); }
