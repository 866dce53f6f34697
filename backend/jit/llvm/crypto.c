/*
 * crypto.c - the AES, SHA-1 and SHA-256 rows by AES-NI and the SHA extensions; without them by evaluation.
 *
 * The rows' words stand in rising order (a in lane 0); the SHA-1 instructions want them falling, and those of SHA-256
 * want ABEF and CDGH, first letter highest. Intel SDM volume 2, AESENC to AESIMC, SHA1RNDS4, SHA256MSG1 to
 * SHA256RNDS2.
 */
#include "backend/jit/llvm/rows.h"
#include "backend/jit/x64/asm.h"

/* ---- AES ---- */

enum aes { AES_SUB, AES_INV_SUB, AES_MIX, AES_INV_MIX };

static LLVMValueRef round_with_zeros(struct lb *l, const char *name, LLVMValueRef v)
{
    LLVMValueRef args[2] = { v, LLVMConstNull(LLVMTypeOf(v)) };
    return lb_intrinsic(l, name, NULL, 0, args, 2);
}

/* Rounds with a key of zeros. The last round has no MixColumns; an inverse last round takes back all of a round but
 * that. */
static LLVMValueRef aes_half(struct lb *l, enum aes what, LLVMValueRef v)
{
    switch (what) {
    case AES_SUB: return round_with_zeros(l, "llvm.x86.aesni.aesenclast", v);
    case AES_INV_SUB: return round_with_zeros(l, "llvm.x86.aesni.aesdeclast", v);
    case AES_INV_MIX: return lb_intrinsic(l, "llvm.x86.aesni.aesimc", NULL, 0, &v, 1);
    default:
        v = round_with_zeros(l, "llvm.x86.aesni.aesdeclast", v);
        return round_with_zeros(l, "llvm.x86.aesni.aesenc", v);
    }
}

/* Lanes of a and then b by number. */
static LLVMValueRef shuffle(struct lb *l, LLVMValueRef a, LLVMValueRef b, const u8 *lanes, u32 n)
{
    LLVMValueRef number[4];
    for (u32 k = 0; k < n; k++)
        number[k] = LLVMConstInt(l->type[IR_I32], lanes[k], false);
    return LLVMBuildShuffleVector(l->b, a, b, LLVMConstVector(number, n), "");
}

static LLVMValueRef aes(struct lb *l, u32 i, enum aes what)
{
    static const u8 lanes[] = { 0, 1, 2, 3 };
    LLVMValueRef v = lb_arg(l, i, 0);
    if (!(l->features & XF_AES))
        return lb_eval(l, i);
    if (lb_ins(l, i)->src == IR_V128)
        return aes_half(l, what, v);
    LLVMValueRef low = aes_half(l, what, shuffle(l, v, v, lanes, 2));
    return shuffle(l, low, aes_half(l, what, shuffle(l, v, v, lanes + 2, 2)), lanes, 4);
}

LLVMValueRef llvm_row_aes_sbsr(struct lb *l, u32 i) { return aes(l, i, AES_SUB); }
LLVMValueRef llvm_row_aes_isbsr(struct lb *l, u32 i) { return aes(l, i, AES_INV_SUB); }
LLVMValueRef llvm_row_aes_mc(struct lb *l, u32 i) { return aes(l, i, AES_MIX); }
LLVMValueRef llvm_row_aes_imc(struct lb *l, u32 i) { return aes(l, i, AES_INV_MIX); }

/* ---- four words ---- */

static LLVMTypeRef words_type(struct lb *l) { return LLVMVectorType(l->type[IR_I32], 4); }

static LLVMValueRef words(struct lb *l, u32 i, u32 k)
{
    return LLVMBuildBitCast(l->b, lb_arg(l, i, k), words_type(l), "");
}

static LLVMValueRef done(struct lb *l, u32 i, LLVMValueRef v) { return LLVMBuildBitCast(l->b, v, lb_type(l, i), ""); }

static LLVMValueRef reverse(struct lb *l, LLVMValueRef v)
{
    static const u8 falling[] = { 3, 2, 1, 0 };
    return shuffle(l, v, v, falling, 4);
}

static LLVMValueRef pick(struct lb *l, LLVMValueRef a, LLVMValueRef b, u8 w, u8 x, u8 y, u8 z)
{
    return shuffle(l, a, b, (u8[]){ w, x, y, z }, 4);
}

static LLVMValueRef rotate(struct lb *l, LLVMValueRef v, u32 n)
{
    LLVMTypeRef t = LLVMTypeOf(v);
    LLVMValueRef args[3] = { v, v, lb_const(l, t, n) };
    return lb_intrinsic(l, "llvm.fshl", &t, 1, args, 3);
}

/* ---- SHA-1 ---- */

/* SHA1RNDS4 adds the round constant itself and wants E added to the first word: both are put right before. */
static LLVMValueRef sha1_rounds(struct lb *l, u32 i, u8 function, u32 constant)
{
    if (!(l->features & XF_SHA))
        return lb_eval(l, i);
    LLVMTypeRef t = words_type(l);
    LLVMValueRef w = LLVMBuildSub(l->b, reverse(l, words(l, i, 2)), lb_const(l, t, constant), "");
    LLVMValueRef e = pick(l, LLVMConstNull(t), words(l, i, 1), 0, 1, 2, 4);
    LLVMValueRef args[3] = { reverse(l, words(l, i, 0)), LLVMBuildAdd(l->b, w, e, ""),
                             LLVMConstInt(l->type[IR_I8], function, false) };
    return done(l, i, reverse(l, lb_intrinsic(l, "llvm.x86.sha1rnds4", NULL, 0, args, 3)));
}

LLVMValueRef llvm_row_sha1c(struct lb *l, u32 i) { return sha1_rounds(l, i, 0, 0x5a827999); }
LLVMValueRef llvm_row_sha1p(struct lb *l, u32 i) { return sha1_rounds(l, i, 1, 0x6ed9eba1); }
LLVMValueRef llvm_row_sha1m(struct lb *l, u32 i) { return sha1_rounds(l, i, 2, 0x8f1bbcdc); }

/* (words 2 and 3 of a, 0 and 1 of b) ^ a ^ c */
LLVMValueRef llvm_row_sha1su0(struct lb *l, u32 i)
{
    static const u8 middle[] = { 1, 2 };
    LLVMValueRef a = lb_arg(l, i, 0), v = shuffle(l, a, lb_arg(l, i, 1), middle, 2);
    return LLVMBuildXor(l->b, LLVMBuildXor(l->b, v, a, ""), lb_arg(l, i, 2), "");
}

LLVMValueRef llvm_row_sha1su1(struct lb *l, u32 i)
{
    LLVMValueRef b = words(l, i, 1), zeros = LLVMConstNull(LLVMTypeOf(b));
    LLVMValueRef t = LLVMBuildXor(l->b, words(l, i, 0), pick(l, b, zeros, 1, 2, 3, 4), "");
    LLVMValueRef last = pick(l, zeros, rotate(l, t, 2), 0, 1, 2, 4);
    return done(l, i, LLVMBuildXor(l->b, rotate(l, t, 1), last, ""));
}

/* ---- SHA-256 ---- */

/* The instruction's two rounds add the low two words. */
static LLVMValueRef two_rounds(struct lb *l, LLVMValueRef cdgh, LLVMValueRef abef, LLVMValueRef w)
{
    LLVMValueRef args[3] = { cdgh, abef, w };
    return lb_intrinsic(l, "llvm.x86.sha256rnds2", NULL, 0, args, 3);
}

static LLVMValueRef sha256(struct lb *l, u32 i, bool second)
{
    if (!(l->features & XF_SHA))
        return lb_eval(l, i);
    LLVMValueRef abcd = words(l, i, second), efgh = words(l, i, !second), w = words(l, i, 2);
    LLVMValueRef abef = pick(l, efgh, abcd, 1, 0, 5, 4), cdgh = pick(l, efgh, abcd, 3, 2, 7, 6);
    cdgh = two_rounds(l, cdgh, abef, w); /* now ABEF; and the old one CDGH */
    abef = two_rounds(l, abef, cdgh, pick(l, w, w, 2, 3, 2, 3));
    LLVMValueRef r = second ? pick(l, abef, cdgh, 1, 0, 5, 4) : pick(l, abef, cdgh, 3, 2, 7, 6);
    return done(l, i, r);
}

LLVMValueRef llvm_row_sha256h(struct lb *l, u32 i) { return sha256(l, i, false); }
LLVMValueRef llvm_row_sha256h2(struct lb *l, u32 i) { return sha256(l, i, true); }

LLVMValueRef llvm_row_sha256su0(struct lb *l, u32 i)
{
    if (!(l->features & XF_SHA))
        return lb_eval(l, i);
    LLVMValueRef args[2] = { words(l, i, 0), words(l, i, 1) };
    return done(l, i, lb_intrinsic(l, "llvm.x86.sha256msg1", NULL, 0, args, 2));
}

/* a plus the words before each of c; SHA256MSG2 adds what follows from c itself. */
LLVMValueRef llvm_row_sha256su1(struct lb *l, u32 i)
{
    if (!(l->features & XF_SHA))
        return lb_eval(l, i);
    LLVMValueRef c = words(l, i, 2), before = pick(l, words(l, i, 1), c, 1, 2, 3, 4);
    LLVMValueRef args[2] = { LLVMBuildAdd(l->b, words(l, i, 0), before, ""), c };
    return done(l, i, lb_intrinsic(l, "llvm.x86.sha256msg2", NULL, 0, args, 2));
}
