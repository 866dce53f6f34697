/*
 * lift_crypto.c - A64 cryptographic instructions: AES, SHA-1, SHA-256.
 *
 * Arm ARM DDI 0487, C7.2 AESD to AESMC, SHA1C to SHA256SU1. Not here: PMULL (lift_simd_long.c).
 */
#include "frontend/arm/lift_simd.h"

/* AESE, AESD. */
bool a64_simd_aese(struct a64_lift *l, const struct a64_simd_aese *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = ir_op2(l->b, IR_xor, a64_v(l, in->rd), a64_v(l, in->rn));
    a64_set_v(l, in->rd, ir_op1(l->b, (enum ir_op)in->op, x));
    return true;
}

/* AESMC, AESIMC. */
bool a64_simd_aesmc(struct a64_lift *l, const struct a64_simd_aesmc *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_v(l, in->rd, ir_op1(l->b, (enum ir_op)in->op, a64_v(l, in->rn)));
    return true;
}

/* SHA1C, SHA1M, SHA1P: of rn only lane 0 counts. */
bool a64_simd_sha1_hash(struct a64_lift *l, const struct a64_simd_sha1_hash *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref abcd = a64_v(l, in->rd), e = a64_v(l, in->rn), wk = a64_v(l, in->rm);
    a64_set_v(l, in->rd, ir_op3(l->b, (enum ir_op)in->op, abcd, e, wk));
    return true;
}

/* SHA1SU0, SHA256H, SHA256H2, SHA256SU1. */
bool a64_simd_sha_3reg(struct a64_lift *l, const struct a64_simd_sha_3reg *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref d = a64_v(l, in->rd), n = a64_v(l, in->rn), m = a64_v(l, in->rm);
    a64_set_v(l, in->rd, ir_op3(l->b, (enum ir_op)in->op, d, n, m));
    return true;
}

/* SHA1SU1, SHA256SU0. */
bool a64_simd_sha_2reg(struct a64_lift *l, const struct a64_simd_sha_2reg *in)
{
    if (!a64_fp_ok(l))
        return true;
    a64_set_v(l, in->rd, ir_op2(l->b, (enum ir_op)in->op, a64_v(l, in->rd), a64_v(l, in->rn)));
    return true;
}

bool a64_simd_sha1h(struct a64_lift *l, const struct a64_simd_sha1h *in)
{
    if (!a64_fp_ok(l))
        return true;
    ir_ref x = a64_vs(l, IR_I32, in->rn);
    a64_set_vs(l, in->rd, ir_op2(l->b, IR_rotl, x, a64_imm(l, IR_I32, 30)));
    return true;
}
