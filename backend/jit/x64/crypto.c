/*
 * crypto.c - the AES, SHA-1 and SHA-256 rows by AES-NI and the SHA extensions; without them by evaluation.
 *
 * The rows' words stand in rising order (a in lane 0); the SHA-1 instructions want them falling, and those of SHA-256
 * want ABEF and CDGH, first letter highest. Intel SDM volume 2, AESENC to AESIMC, SHA1RNDS4, SHA256MSG1 to
 * SHA256RNDS2.
 */
#include "backend/jit/x64/emit_util.h"

enum { SHA256RNDS2 = 0xcb, SHA256MSG1 = 0xcc, SHA256MSG2 = 0xcd }; /* for xa_sha() */

/* ---- AES ---- */

enum aes { AES_SUB, AES_INV_SUB, AES_MIX, AES_INV_MIX };

/* Rounds with a key of zeros. The last round has no MixColumns; an inverse last round takes back all of a round but
 * that. */
static void aes_half(struct xasm *a, enum aes what, enum xreg d, enum xreg s)
{
    if (what == AES_INV_MIX) {
        xa_v2(a, XV_AESIMC, d, s);
        return;
    }
    xa_vzero(a, XV_T0);
    switch (what) {
    case AES_SUB: xa_v3(a, XV_AESENCLAST, d, s, XV_T0); break;
    case AES_INV_SUB: xa_v3(a, XV_AESDECLAST, d, s, XV_T0); break;
    default:
        xa_v3(a, XV_AESDECLAST, d, s, XV_T0);
        xa_v3(a, XV_AESENC, d, d, XV_T0);
    }
}

static void aes(struct xe *x, u32 i, enum aes what)
{
    if (!xe_has(x, XF_AES)) {
        xe_eval(x, i);
        return;
    }
    struct xu_halves h = xu_use_all(x, i);
    xu_def_halves_over(x, i, &h, xe_ins(x, i)->arg[0]);
    for (u32 k = 0; k < h.n; k++)
        aes_half(xe_asm(x), what, h.d[k], h.s[0][k]);
}

void x64_emit_aes_sbsr(struct xe *x, u32 i) { aes(x, i, AES_SUB); }
void x64_emit_aes_isbsr(struct xe *x, u32 i) { aes(x, i, AES_INV_SUB); }
void x64_emit_aes_mc(struct xe *x, u32 i) { aes(x, i, AES_MIX); }
void x64_emit_aes_imc(struct xe *x, u32 i) { aes(x, i, AES_INV_MIX); }

/* ---- SHA-1 ---- */

/* SHA1RNDS4 adds the round constant itself and wants E added to the first word: both are put right in xmm13. */
static void sha1_rounds(struct xe *x, u32 i, u8 function, u32 constant)
{
    if (!xe_has(x, XF_SHA)) {
        xe_eval(x, i);
        return;
    }
    struct xasm *a = xe_asm(x);
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def_v(x, i);
    xa_v2i(a, XV_PSHUFD, XV_T0, h.s[2][0], 0x1b);
    xa_v3m(a, XV_PSUBD, XV_T0, XV_T0, xe_splat(x, 32, constant));
    xa_vshift_i(a, XV_SHIFT_Q, 7, XV_T1, h.s[1][0], 12);
    xa_v3(a, XV_PADDD, XV_T0, XV_T0, XV_T1);
    xa_v2i(a, XV_PSHUFD, d, h.s[0][0], 0x1b);
    xa_sha1rnds4(a, d, XV_T0, function);
    xa_v2i(a, XV_PSHUFD, d, d, 0x1b);
}

void x64_emit_sha1c(struct xe *x, u32 i) { sha1_rounds(x, i, 0, 0x5a827999); }
void x64_emit_sha1p(struct xe *x, u32 i) { sha1_rounds(x, i, 1, 0x6ed9eba1); }
void x64_emit_sha1m(struct xe *x, u32 i) { sha1_rounds(x, i, 2, 0x8f1bbcdc); }

/* (words 2 and 3 of a, 0 and 1 of b) ^ a ^ c */
void x64_emit_sha1su0(struct xe *x, u32 i)
{
    struct xasm *a = xe_asm(x);
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def_v(x, i);
    xa_v3i(a, XV_PALIGNR, d, h.s[1][0], h.s[0][0], 8);
    xa_v3(a, XV_PXOR, d, d, h.s[0][0]);
    xa_v3(a, XV_PXOR, d, d, h.s[2][0]);
}

/* d := lanes of s rotated left by n; d is not s. Clobbers xmm15. */
static void rotate_words(struct xasm *a, u32 n, enum xreg d, enum xreg s)
{
    xa_vshift_i(a, XV_SHIFT_D, 2, XV_T2, s, (u8)(32 - n));
    xa_vshift_i(a, XV_SHIFT_D, 6, d, s, (u8)n);
    xa_v3(a, XV_POR, d, d, XV_T2);
}

void x64_emit_sha1su1(struct xe *x, u32 i)
{
    struct xasm *a = xe_asm(x);
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def_v(x, i);
    xa_vshift_i(a, XV_SHIFT_Q, 3, XV_T0, h.s[1][0], 4);
    xa_v3(a, XV_PXOR, XV_T0, XV_T0, h.s[0][0]);
    rotate_words(a, 1, d, XV_T0);
    xa_vshift_i(a, XV_SHIFT_Q, 7, XV_T0, XV_T0, 12);
    rotate_words(a, 2, XV_T1, XV_T0);
    xa_v3(a, XV_PXOR, d, d, XV_T1);
}

/* ---- SHA-256 ---- */

/* xmm13 := ABEF, xmm14 := CDGH after four rounds. The two words added to a pair of rounds are in xmm0 by definition;
 * spare (not xmm0, unless nothing is in that) keeps what was there. */
static void sha256_rounds(struct xasm *a, enum xreg abcd, enum xreg efgh, enum xreg w, enum xreg spare)
{
    const enum xreg words = 0;
    xa_v2i(a, XV_PSHUFD, XV_T2, abcd, 0xb1);
    xa_v2i(a, XV_PSHUFD, XV_T1, efgh, 0xb1);
    xa_v3(a, XV_PUNPCKLQDQ, XV_T0, XV_T1, XV_T2);
    xa_v3(a, XV_PUNPCKHQDQ, XV_T1, XV_T1, XV_T2);
    xa_v2i(a, XV_PSHUFD, XV_T2, w, 0xee);
    xa_vmov(a, spare, words);
    xa_vmov(a, words, w);
    xa_sha(a, SHA256RNDS2, XV_T1, XV_T0);
    xa_vmov(a, words, XV_T2);
    xa_sha(a, SHA256RNDS2, XV_T0, XV_T1);
    xa_vmov(a, words, spare);
}

static void sha256(struct xe *x, u32 i, bool second)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (!xe_has(x, XF_SHA)) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use_v(x, in->arg[0]), t = xe_use_v(x, in->arg[1]), w = xe_use_v(x, in->arg[2]);
    enum xreg d = xe_def_v(x, i);
    sha256_rounds(a, second ? t : s, second ? s : t, w, d);
    xa_v3(a, second ? XV_PUNPCKLQDQ : XV_PUNPCKHQDQ, d, XV_T0, XV_T1);
    xa_v2i(a, XV_PSHUFD, d, d, 0xb1);
}

void x64_emit_sha256h(struct xe *x, u32 i) { sha256(x, i, false); }
void x64_emit_sha256h2(struct xe *x, u32 i) { sha256(x, i, true); }

void x64_emit_sha256su0(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (!xe_has(x, XF_SHA)) {
        xe_eval(x, i);
        return;
    }
    enum xreg s = xe_use_v(x, in->arg[0]), n = xe_use_v(x, in->arg[1]), d = xe_def_v_over(x, i, in->arg[0]);
    xa_vmov(xe_asm(x), d, s);
    xa_sha(xe_asm(x), SHA256MSG1, d, n);
}

/* a plus the words before each of c; SHA256MSG2 adds what follows from c itself. */
void x64_emit_sha256su1(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    struct xasm *a = xe_asm(x);
    if (!xe_has(x, XF_SHA)) {
        xe_eval(x, i);
        return;
    }
    struct xu_halves h = xu_use_all(x, i);
    enum xreg d = xe_def_v_over(x, i, in->arg[0]);
    xa_v3i(a, XV_PALIGNR, XV_T0, h.s[2][0], h.s[1][0], 4);
    xa_v3(a, XV_PADDD, d, h.s[0][0], XV_T0);
    xa_sha(a, SHA256MSG2, d, h.s[2][0]);
}
