/*
 * lift_crypto.c - AES, carry-less multiplication, SHA-1 and SHA-256.
 *
 * Intel SDM volume 2 by instruction; FIPS 197, FIPS 180-4. The IR's SHA rows do four rounds on hashes with `a` in
 * lane 0, where these instructions have it in lane 3.
 */
#include "frontend/x86/lift_fp.h"

/* ---- AES ---- */

static ir_ref aes(struct x86_lift *l, const struct x86_insn *i, ir_ref v, ir_ref key)
{
    bool inverse = i->row->a, last = i->row->b;
    v = ir_op1(l->b, inverse ? IR_aes_isbsr : IR_aes_sbsr, v);
    if (!last)
        v = ir_op1(l->b, inverse ? IR_aes_imc : IR_aes_mc, v);
    return ir_op2(l->b, IR_xor, v, key);
}

/* a: decryption; b: the last round. */
bool x86_aes_round(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    struct x86_vec key = x86_vec_src(l, i, n + 1), v = x86_vec_src(l, i, n);
    for (u32 h = 0; h < x86_halves(i); h++)
        v.h[h] = aes(l, i, v.h[h], key.h[h]);
    x86_vec_put(l, i, 0, v);
    return true;
}

bool x86_aes_imc(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_xmm(l, i, i->op[0].reg, ir_op1(l->b, IR_aes_imc, x86_vec_op(l, i, 1, 0)));
    return true;
}

/* SubWord of lane n: ShiftRows moves nothing where all columns are alike. */
static ir_ref sub_word(struct x86_lift *l, ir_ref v, u32 n)
{
    ir_ref all = ir_opx(l->b, IR_splat, IR_V128, IR_I32, 0, 0, x86_extract(l, IR_I32, v, n), IR_NONE, IR_NONE);
    return x86_extract(l, IR_I32, ir_op1(l->b, IR_aes_sbsr, all), 0);
}

bool x86_aes_keygen(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_vec_op(l, i, 1, 0), r = ir_vconst(l->b, 0, 0);
    for (u32 k = 0; k < 2; k++) {
        ir_ref w = sub_word(l, v, 2 * k + 1);
        r = x86_insert(l, IR_I32, r, 2 * k, w);
        r = x86_insert(l, IR_I32, r, 2 * k + 1, x86_op2i(l, IR_xor, x86_op2i(l, IR_rotr, w, 8), i->imm & 0xff));
    }
    x86_set_xmm(l, i, i->op[0].reg, r);
    return true;
}

bool x86_pclmul(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = x86_src1(i);
    struct x86_vec b = x86_vec_src(l, i, n + 1), a = x86_vec_src(l, i, n), r;
    for (u32 h = 0; h < x86_halves(i); h++) {
        ir_ref x = x86_extract(l, IR_I64, a.h[h], i->imm & 1), y = x86_extract(l, IR_I64, b.h[h], i->imm >> 4 & 1);
        ir_ref p = ir_opx(l->b, IR_clmul, IR_I128, IR_VOID, 0, 0, x, y, IR_NONE);
        r.h[h] = ir_conv(l->b, IR_bitcast, IR_V128, p);
    }
    x86_vec_put(l, i, 0, r);
    return true;
}

/* ---- SHA ---- */

static ir_ref swap_words(struct x86_lift *l, ir_ref v) { return ir_vop1(l->b, IR_rev32, IR_I64, v); }

/* The four lanes in reverse. */
static ir_ref reverse(struct x86_lift *l, ir_ref v)
{
    v = swap_words(l, v);
    return x86_vext(l, v, v, 8);
}

struct sha {
    ir_ref dst, src;
};

static struct sha sha_read(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref src = x86_vec_op(l, i, 1, 0);
    return (struct sha){ x86_xmm(l, i->op[0].reg), src };
}

bool x86_sha1rnds4(struct x86_lift *l, const struct x86_insn *i)
{
    static const u32 k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
    static const enum ir_op op[4] = { IR_sha1c, IR_sha1p, IR_sha1m, IR_sha1p };
    struct sha s = sha_read(l, i);
    ir_ref w = ir_vop2(l->b, IR_add, IR_I32, reverse(l, s.src), x86_vsplat(l, IR_I32, k[i->imm & 3]));
    ir_ref r = ir_op3(l->b, op[i->imm & 3], reverse(l, s.dst), ir_vconst(l->b, 0, 0), w); /* E is in W0 */
    x86_set_xmm(l, i, i->op[0].reg, reverse(l, r));
    return true;
}

bool x86_sha1nexte(struct x86_lift *l, const struct x86_insn *i)
{
    struct sha s = sha_read(l, i);
    ir_ref e = x86_op2i(l, IR_rotl, x86_extract(l, IR_I32, s.dst, 3), 30);
    e = ir_op2(l->b, IR_add, e, x86_extract(l, IR_I32, s.src, 3));
    x86_set_xmm(l, i, i->op[0].reg, x86_insert(l, IR_I32, s.src, 3, e));
    return true;
}

bool x86_sha1msg1(struct x86_lift *l, const struct x86_insn *i)
{
    struct sha s = sha_read(l, i);
    x86_set_xmm(l, i, i->op[0].reg, ir_op2(l->b, IR_xor, s.dst, x86_vext(l, s.src, s.dst, 8)));
    return true;
}

bool x86_sha1msg2(struct x86_lift *l, const struct x86_insn *i)
{
    struct sha s = sha_read(l, i);
    ir_ref r = ir_op2(l->b, IR_sha1su1, reverse(l, s.dst), reverse(l, s.src));
    x86_set_xmm(l, i, i->op[0].reg, reverse(l, r));
    return true;
}

/* Two rounds. The state behind them is what four rounds, whatever the last two add, leave in c d g h. */
bool x86_sha256rnds2(struct x86_lift *l, const struct x86_insn *i)
{
    struct sha s = sha_read(l, i);
    ir_ref w = ir_op1(l->b, IR_vlow, x86_xmm(l, 0));
    ir_ref cdgh = reverse(l, s.dst), abef = reverse(l, s.src);
    ir_ref abcd = ir_op2(l->b, IR_vcat, abef, cdgh), efgh = ir_vop2(l->b, IR_zip2, IR_I64, abef, cdgh);
    ir_ref x = ir_op3(l->b, IR_sha256h, abcd, efgh, w), y = ir_op3(l->b, IR_sha256h2, efgh, abcd, w);
    x86_set_xmm(l, i, i->op[0].reg, swap_words(l, ir_vop2(l->b, IR_zip2, IR_I64, y, x)));
    return true;
}

bool x86_sha256msg1(struct x86_lift *l, const struct x86_insn *i)
{
    struct sha s = sha_read(l, i);
    x86_set_xmm(l, i, i->op[0].reg, ir_op2(l->b, IR_sha256su0, s.dst, s.src));
    return true;
}

/* W(t-7) is in the destination already: the row adds zeros for it. */
bool x86_sha256msg2(struct x86_lift *l, const struct x86_insn *i)
{
    struct sha s = sha_read(l, i);
    ir_ref m = x86_insert(l, IR_I32, s.src, 0, x86_imm(l, IR_I32, 0));
    x86_set_xmm(l, i, i->op[0].reg, ir_op3(l->b, IR_sha256su1, s.dst, ir_vconst(l->b, 0, 0), m));
    return true;
}
