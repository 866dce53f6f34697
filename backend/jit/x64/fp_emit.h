/*
 * fp_emit.h - private to the FP emitters (fp.c, fp_cmp.c, fp_cvt.c, vec_fp.c): one shape for scalars and lanes,
 * constants by format, the test behind an operation.
 *
 * What the host does otherwise than ir/fp.h goes to cold code, where the reference decides: NaN results (which NaN,
 * default NaN), and results of the smallest normal number's magnitude, where Arm may see underflow that the host,
 * which asks after rounding, does not see. All other results and sticky flags of the host's operations are the
 * reference's (Intel SDM volume 1, 4.9 and 11.5; Arm ARM DDI 0487, A1.5 and FPRound). Where the host would raise what
 * the guest does not see (quiet NaNs in minimum and maximum, 0 * inf in FMULX) the test stands before the operation.
 * Raised twice, by the host and by the reference, is fine: flags are sticky.
 *
 * For guests whose FP is x86's (xe_fp_x86()) the host's instruction is the reference's row, NaNs, tininess and
 * DE included: no tests, no cold code. Rows that x86 has no instruction for are left to the reference then.
 *
 * Scalars take the ss and sd forms, since what a register holds above the scalar must raise nothing. Bit and
 * integer operations raise nothing anyway and are packed.
 */
#pragma once
#include "backend/jit/x64/emit.h"

struct xe_fp {
    struct xe   *x;
    struct xasm *a;
    u32          i;
    u32          bits;    /* of a number: 32, 64 */
    bool         packed;
    bool         x86;     /* xe_fp_x86() */
    u32          halves;  /* 1; v256: 2 */
    enum xreg    s[3][2]; /* operands, by half */
    enum xreg    d[2];    /* result, after xe_fp_def() */
};

/* Starts a row on f32 or f64 (scalars or lanes) and loads its operands. False: there is no host sequence for it in
 * this block (format, control bits, a host without `features`) and xe_eval() did it. */
bool xe_fp_begin(struct xe_fp *f, struct xe *x, u32 i, u32 features);
/* The same for a row whose sequence has Arm's meaning only. */
bool xe_fp_begin_arm(struct xe_fp *f, struct xe *x, u32 i, u32 features);
/* The result, FP or vector. All temporaries and the result are asked for before the first jump. */
void xe_fp_def(struct xe_fp *f);
/* The same for a row of one instruction a half, whose result may lie in the register of operand k where no cold code
 * wants that any more. */
void xe_fp_def_over(struct xe_fp *f, u32 k);

static inline u32 xe_fp_op(const struct xe_fp *f, enum xfp op) { return xv_fp(op, f->bits, f->packed); }

/* ---- constants, in all lanes ---- */
static inline u64 xe_fp_pow2_bits(u32 bits, i32 k) /* 2^k; k beyond the largest exponent by one: infinity */
{
    return bits == 64 ? (u64)(1023 + k) << 52 : (u64)(127 + k) << 23;
}
static inline u64 xe_fp_sign_bits(u32 bits) { return 1ull << (bits - 1); }
static inline struct xmem xe_fp_const(struct xe_fp *f, u64 v) { return xe_splat(f->x, f->bits, v); }
static inline struct xmem xe_fp_pow2(struct xe_fp *f, i32 k) { return xe_fp_const(f, xe_fp_pow2_bits(f->bits, k)); }
static inline struct xmem xe_fp_inf(struct xe_fp *f) { return xe_fp_pow2(f, f->bits == 64 ? 1024 : 128); }
static inline struct xmem xe_fp_min_normal(struct xe_fp *f) { return xe_fp_pow2(f, f->bits == 64 ? -1022 : -126); }
static inline struct xmem xe_fp_sign(struct xe_fp *f) { return xe_fp_const(f, xe_fp_sign_bits(f->bits)); }
static inline struct xmem xe_fp_abs(struct xe_fp *f) { return xe_fp_const(f, xe_fp_sign_bits(f->bits) - 1); }

/* ---- instructions that differ between scalars and lanes ---- */
/* cmpss and so on; predicates of Intel SDM volume 2, table 3-1 (CMPPD) */
enum xe_fp_pred { XP_EQ_OQ, XP_LT_OS, XP_LE_OS, XP_UNORD_Q, XP_NEQ_UQ, XP_NLT_US, XP_EQ_UQ = 8 /* AVX */ };
static inline void xe_fp_cmp(struct xe_fp *f, enum xe_fp_pred p, enum xreg d, enum xreg a, enum xreg b)
{
    xa_v3i(f->a, xe_fp_op(f, XFP_CMP), d, a, b, (u8)p);
}
static inline void xe_fp_ucomi(struct xe_fp *f, enum xreg a, enum xreg b)
{
    xa_v2(f->a, f->bits == 64 ? XV_UCOMISD : XV_UCOMISS, a, b);
}
static inline u32 xe_fp_int_eq(const struct xe_fp *f) { return f->bits == 64 ? XV_PCMPEQQ : XV_PCMPEQD; }
static inline u32 xe_fp_int_gt(const struct xe_fp *f) { return f->bits == 64 ? XV_PCMPGTQ : XV_PCMPGTD; }

/* ---- tests ---- */
/* Host flags: NE if mask v (all ones or zeros by lane) has a lane set, a scalar's its lane 0. Clobbers rax. */
void xe_fp_any(struct xe_fp *f, enum xreg v);
/* t := mask of the numbers in d that the reference must look at: NaNs, and with `tiny` those of the smallest
 * normal's magnitude. Clobbers u. */
void xe_fp_odd(struct xe_fp *f, bool tiny, enum xreg t, enum xreg u, enum xreg d);
/* The test behind an operation (x86: none); no code may follow but what the result of the reference may run
 * through. */
void xe_fp_check(struct xe_fp *f, bool tiny);
/* Cold code for a test made by the caller; rejoins here. */
void xe_fp_cold(struct xe_fp *f, u8 *from);

/* ---- conversion (fp_cvt.c) ---- */
/* Can rm be rounded by here? enum fp_rm, or 7 for the environment's. */
static inline bool xe_fp_rounds(u32 rm) { return rm <= FP_RNA || rm == 7; }
/* d := s, integral; the inexact flag only if `exact`. NaNs stay NaNs. d is not s; clobbers the scratch registers. */
void xe_fp_round(struct xe_fp *f, enum xreg d, enum xreg s, u32 rm, bool exact);
/* t := operand 0 cut short to a magnitude of 2^limit, times 2^fraction_bits; returns t. */
enum xreg xe_fp_scaled(struct xe_fp *f, enum xreg t, i32 limit, u32 fraction_bits);
/* For unsigned conversion: xmm14 := mask of t >= 2^top; t := t less 2^top there. So what does not fit top + 1 bits
 * stays too large for a signed conversion, exactly, and what is negative stays so. Clobbers xmm13. */
void xe_fp_take_top(struct xe_fp *f, enum xreg t, i32 top);
/* xe_fp_check() of f16 results in the low 64 bits, zeros where there is none. */
void xe_fp_check_half(struct xe_fp *f);
