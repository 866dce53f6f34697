/* fp.h - reference floating point: IEEE 754 in integers, by Arm's and x86's rules.
 *
 * Interpreter, constant folder and tests take the value of every FP op from here. No host
 * floating point is used, so results do not depend on the host or on its MXCSR.
 *
 * Sources: Arm ARM DDI 0487, A1.5 and shared/functions/float (FPAdd, FPRound, FPUnpack, ...);
 * Intel SDM volume 1, chapters 4.8, 8 (x87) and 11 (SSE); the FMA rows of volume 1, 14.5.
 *
 * A value is a bit pattern in the low bits of a u128; higher bits are ignored on input and zero on
 * output. Every function is total: any bit pattern and any argument has a defined result.
 * Nothing allocates, nothing fails; what the guest sees of trouble is in fp_env.flags.
 *
 * Not modelled: trapped exceptions (their biased results), FEAT_AFP, FEAT_EBF16/BF16, FMLAL. */
#pragma once
#include "base/types.h"

enum fp_fmt {
    FP_F16,
    FP_F32,
    FP_F64,
    FP_F80 /* 64-bit significand with its integer bit in 0..63, sign and exponent in 64..79 */
};

/* The first four in the order of Arm's FPCR.RMode. */
enum fp_rm {
    FP_RNE, /* to nearest, ties to even */
    FP_RP,  /* towards plus infinity */
    FP_RM,  /* towards minus infinity */
    FP_RZ,  /* towards zero */
    FP_RNA, /* to nearest, ties away from zero */
    FP_RODD /* to odd (FCVTXN); overflows to the largest finite number, which is odd */
};

/* clang-format off */
/* fp_env.ctl: bits 0 to 2 are the enum fp_rm used by every op without its own rm parameter. */
enum fp_ctl {
    FP_RM_MASK    = 7,
    FP_DAZ        = 1 << 3,  /* f32, f64: denormal operands are zeros (Arm FZ, x86 DAZ) */
    FP_FTZ        = 1 << 4,  /* f32, f64: tiny results become zeros (Arm FZ, x86 FTZ) */
    FP_FZ16       = 1 << 5,  /* both for f16, but not in conversions to and from f16 */
    FP_DN         = 1 << 6,  /* every NaN result is the default NaN */
    FP_AHP        = 1 << 7,  /* fp_cvt: f16 is Arm's alternative format (no NaN, no infinity) */
    FP_NAN_X86    = 1 << 8,  /* x86: NaN choice, negative default NaN, DE; FTZ and fp_min */
    FP_TINY_AFTER = 1 << 9,  /* tininess is detected after rounding (x86); else before (Arm) */
    FP_PC24       = 1 << 10, /* f80 add, sub, mul, div, sqrt round to 24 bits ... */
    FP_PC53       = 1 << 11, /* ... or 53 (x87 precision control) */
    /* As with underflow or overflow unmasked: IXC is that of a result with an unbounded exponent, UFC comes for exact
     * results too, and f80 results have their exponents wrapped by 24576. */
    FP_UF_EXACT   = 1 << 12,
    FP_OF_EXACT   = 1 << 13,
    FP_ARM_FZ     = FP_DAZ | FP_FTZ,
    FP_X86        = FP_NAN_X86 | FP_TINY_AFTER
};

/* fp_env.flags. Sticky but for FP_UP. Without FP_NAN_X86 only Arm's bits are ever set, at their
 * places in FPSR (0, 1, 2, 3, 4, 7), so that flags may be ORed into FPSR as they are; with it FP_DE
 * and FP_UP come in and FP_IDC stays away. f80 ops behave as with FP_X86 whatever ctl says. */
enum fp_flag {
    FP_IOC = 1,   /* invalid operation */
    FP_DZC = 2,   /* division by zero */
    FP_OFC = 4,   /* overflow */
    FP_UFC = 8,   /* underflow */
    FP_IXC = 16,  /* inexact */
    FP_DE  = 32,  /* x86: a denormal operand was used */
    FP_UP  = 64,  /* x86: the last op rounded away from zero (x87 C1); overwritten by each op */
    FP_IDC = 128, /* Arm: a denormal operand was flushed to zero */
    FP_ARM_FLAGS = FP_IOC | FP_DZC | FP_OFC | FP_UFC | FP_IXC | FP_IDC
};
/* clang-format on */

struct fp_env {
    u32 ctl;   /* enum fp_rm | enum fp_ctl */
    u32 flags; /* enum fp_flag */
};

enum fp_rel { FP_LT, FP_EQ, FP_GT, FP_UN };

/* Arithmetic: FPAdd, FPSub, FPMul, FPDiv, FPSqrt. */
u128 fp_add(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
u128 fp_sub(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
u128 fp_mul(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
u128 fp_div(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
u128 fp_sqrt(enum fp_fmt f, u128 a, struct fp_env *e);

/* a * b + c, rounded once (FPMulAdd; c is its addend). A NaN is taken from c, a, b in this order on
 * Arm, from a, b, c on x86. Negated forms negate operands first, as both manuals do. */
u128 fp_fma(enum fp_fmt f, u128 a, u128 b, u128 c, struct fp_env *e);

/* FPMin, FPMax; with FP_NAN_X86 MINSS and MAXSS: b if either is a NaN or both are zeros. */
u128 fp_min(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
u128 fp_max(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
/* FPMinNum, FPMaxNum: a number wins over a quiet NaN. */
u128 fp_minnm(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);
u128 fp_maxnm(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);

/* Arm's helpers of Newton's iteration; f16, f32 and f64 only (f80 gives the default NaN). */
u128 fp_mulx(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);   /* FPMulX: 0 * inf is 2 */
u128 fp_recps(enum fp_fmt f, u128 a, u128 b, struct fp_env *e);  /* FPRecipStepFused: 2 - a*b */
u128 fp_rsqrts(enum fp_fmt f, u128 a, u128 b, struct fp_env *e); /* FPRSqrtStepFused: (3 - a*b)/2 */
u128 fp_recpe(enum fp_fmt f, u128 a, struct fp_env *e);          /* FPRecipEstimate */
u128 fp_rsqrte(enum fp_fmt f, u128 a, struct fp_env *e);         /* FPRSqrtEstimate */
u128 fp_recpx(enum fp_fmt f, u128 a, struct fp_env *e);          /* FPRecpX */
u32 fp_urecpe(u32 a);                                            /* UnsignedRecipEstimate */
u32 fp_ursqrte(u32 a);                                           /* UnsignedRSqrtEstimate */

/* FPRoundInt: to an integral value of the same format. IXC only if exact_flag. */
u128 fp_rint(enum fp_fmt f, u128 a, enum fp_rm rm, bool exact_flag, struct fp_env *e);

/* FPCompare. IOC for a signalling NaN, and for a quiet one if signal_qnan. */
enum fp_rel fp_cmp(enum fp_fmt f, u128 a, u128 b, bool signal_qnan, struct fp_env *e);

/* FPConvert, CVTSS2SD and the like, FLD and FST of short formats. The rounding mode is ctl's, with
 * FP_RODD for FCVTXN. x87 precision control does not apply. From a format to itself: the value,
 * with NaNs quieted and denormals flushed as ctl says. */
u128 fp_cvt(enum fp_fmt from, enum fp_fmt to, u128 a, struct fp_env *e);

/* FPToFixed: a * 2^fbits as an integer of width (8..64) bits, saturated with IOC; NaN is 0. The
 * result is zero-extended from width. fbits 0..64. */
u64 fp_to_int(enum fp_fmt f, u128 a, u32 fbits, u32 width, bool is_signed, enum fp_rm rm,
              struct fp_env *e);
/* FIST, CVTSS2SI: signed, width 16, 32 or 64; 0x80..0 with IOC for whatever does not fit. */
u64 fp_to_int_x86(enum fp_fmt f, u128 a, u32 width, enum fp_rm rm, struct fp_env *e);
/* FixedToFP: the low width (8..64) bits of v, divided by 2^fbits (0..64). Zero gives +0. */
u128 fp_from_int(enum fp_fmt f, u64 v, u32 fbits, u32 width, bool is_signed, struct fp_env *e);

/* a * 2^n (FSCALE with its second operand already an integer; infinities are the caller's). */
u128 fp_scale(enum fp_fmt f, u128 a, i32 n, struct fp_env *e);
/* FPREM (quotient truncated) and FPREM1 (nearest). *quotient: its low 64 bits, magnitude only.
 * *partial: C2, the exponents were too far apart and only they came nearer. */
u128 fp_prem(enum fp_fmt f, u128 a, u128 b, bool nearest, u64 *quotient, bool *partial,
             struct fp_env *e);
/* FXTRACT's two results: exponent (as a number; -inf with DZC for zero) and significand. */
u128 fp_getexp(enum fp_fmt f, u128 a, struct fp_env *e);
u128 fp_getman(enum fp_fmt f, u128 a, struct fp_env *e);

/* Transcendental functions of the x87, f80 (ir/fp_math.c): within 1 ulp and by ctl's rounding mode. */
u128 fp_2xm1(u128 a, struct fp_env *e);            /* 2^a - 1; a itself where |a| > 1 */
u128 fp_yl2x(u128 a, u128 b, struct fp_env *e);    /* b * log2(a) */
u128 fp_yl2xp1(u128 a, u128 b, struct fp_env *e);  /* b * log2(a + 1) */
u128 fp_patan(u128 a, u128 b, struct fp_env *e);   /* angle of the point (a, b) */
bool fp_trig_in_range(u128 a);                     /* |a| < 2^63, or not a number: as the next three want it */
u128 fp_sin(u128 a, struct fp_env *e);
u128 fp_cos(u128 a, struct fp_env *e);
u128 fp_tan(u128 a, struct fp_env *e);

static inline u32 fp_width(enum fp_fmt f) /* bits of a value: 16, 32, 64, 80 */
{
    return f == FP_F80 ? 80 : 16u << f;
}

static inline u128 fp_sign_bit(enum fp_fmt f)
{
    return (u128)1 << (fp_width(f) - 1);
}

/* FPAbs and FPNeg: bits only, no flags, NaNs included. */
static inline u128 fp_abs(enum fp_fmt f, u128 a)
{
    return a & (fp_sign_bit(f) - 1);
}

static inline u128 fp_neg(enum fp_fmt f, u128 a)
{
    return (a ^ fp_sign_bit(f)) & (fp_sign_bit(f) * 2 - 1);
}
