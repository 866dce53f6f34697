/* fp_host.h - the host's own SSE and x87 instructions one at a time, to check ir/fp.h against.
 *
 * Each function runs one instruction under a given MXCSR or x87 control word and gives its result,
 * and its flags in ir/fp.h's bits. x86-64 only; host_usable: FMA and AVX2 (with it F16C) are there.
 * ctl: rounding mode, FP_DAZ and FP_FTZ (SSE), FP_PC24 and FP_PC53 (x87); HOST_RINT rounds by it.
 * Intel SDM volume 1, 8.1 (x87 control and status words), 10.2.3 (MXCSR). */
#pragma once
#include "ir/fp.h"

/* clang-format off */
enum host_op {
    HOST_ADD, HOST_SUB, HOST_MUL, HOST_DIV, HOST_MIN, HOST_MAX, /* two operands, SSE */
    HOST_SQRT, HOST_RINT,                                       /* one operand */
    HOST_PREM, HOST_PREM1, HOST_SCALE, HOST_GETEXP, HOST_GETMAN /* x87 only */
};
/* clang-format on */

static inline bool host_usable(void)
{
    return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
}

/* MXCSR.RC and the x87 RC: 0 nearest, 1 down, 2 up, 3 to zero. */
static u32 rc_of(u32 ctl)
{
    static const u8 rc[] = { [FP_RNE] = 0, [FP_RP] = 2, [FP_RM] = 1, [FP_RZ] = 3 };
    return rc[ctl & 3];
}

static u32 mxcsr_of(u32 ctl)
{
    return 0x1f80 | rc_of(ctl) << 13 | (ctl & FP_DAZ ? 1 << 6 : 0) | (ctl & FP_FTZ ? 1 << 15 : 0);
}

/* Both status registers: IE, DE, ZE, OE, UE, PE from bit 0. */
static u32 flags_of(u32 sr)
{
    return (sr & 1 ? FP_IOC : 0) | (sr & 2 ? FP_DE : 0) | (sr & 4 ? FP_DZC : 0)
           | (sr & 8 ? FP_OFC : 0) | (sr & 16 ? FP_UFC : 0) | (sr & 32 ? FP_IXC : 0);
}

/* x: "+x" operand; y: "x". One asm, so that nothing moves into the changed mode. */
#define UNDER_MXCSR(insn, out, ...)                                                                \
    do {                                                                                           \
        u32 was_, to_ = mxcsr_of(ctl), got_;                                                       \
        __asm__ volatile("stmxcsr %[was]\n\tldmxcsr %[to]\n\t" insn                                \
                         "\n\tstmxcsr %[got]\n\tldmxcsr %[was]"                                    \
                         : out, [was] "=&m"(was_), [got] "=&m"(got_)                               \
                         : [to] "m"(to_), __VA_ARGS__                                              \
                         : "cc");                                                                  \
        *flags = flags_of(got_);                                                                   \
    } while (0)

#define SSE_TWO(insn) UNDER_MXCSR(insn " %[b], %[a]", [a] "+x"(x), [b] "x"(y))
#define SSE_ONE(insn) UNDER_MXCSR(insn " %[b], %[a]", [a] "=&x"(x), [b] "x"(y))

/* Registers are passed as double: moved whole, never computed with. */
static double as_reg(u64 v)
{
    double d;
    __builtin_memcpy(&d, &v, 8);
    return d;
}

static u64 of_reg(double d)
{
    u64 v;
    __builtin_memcpy(&v, &d, 8);
    return v;
}

static u64 sse_f32(enum host_op op, u64 a, u64 b, u32 ctl, u32 *flags)
{
    double x = as_reg(a), y = as_reg(op == HOST_SQRT || op == HOST_RINT ? a : b);

    switch (op) {
    case HOST_ADD: SSE_TWO("addss"); break;
    case HOST_SUB: SSE_TWO("subss"); break;
    case HOST_MUL: SSE_TWO("mulss"); break;
    case HOST_DIV: SSE_TWO("divss"); break;
    case HOST_MIN: SSE_TWO("minss"); break;
    case HOST_MAX: SSE_TWO("maxss"); break;
    case HOST_SQRT: SSE_ONE("sqrtss"); break;
    case HOST_RINT: SSE_ONE("roundss $4,"); break;
    default: break;
    }
    return (u32)of_reg(x);
}

static u64 sse_f64(enum host_op op, u64 a, u64 b, u32 ctl, u32 *flags)
{
    double x = as_reg(a), y = as_reg(op == HOST_SQRT || op == HOST_RINT ? a : b);

    switch (op) {
    case HOST_ADD: SSE_TWO("addsd"); break;
    case HOST_SUB: SSE_TWO("subsd"); break;
    case HOST_MUL: SSE_TWO("mulsd"); break;
    case HOST_DIV: SSE_TWO("divsd"); break;
    case HOST_MIN: SSE_TWO("minsd"); break;
    case HOST_MAX: SSE_TWO("maxsd"); break;
    case HOST_SQRT: SSE_ONE("sqrtsd"); break;
    case HOST_RINT: SSE_ONE("roundsd $4,"); break;
    default: break;
    }
    return of_reg(x);
}

static u64 host_sse(enum fp_fmt f, enum host_op op, u64 a, u64 b, u32 ctl, u32 *flags)
{
    return f == FP_F32 ? sse_f32(op, a, b, ctl, flags) : sse_f64(op, a, b, ctl, flags);
}

static u64 host_fma(enum fp_fmt f, u64 a, u64 b, u64 c, u32 ctl, u32 *flags)
{
    double x = as_reg(a), y = as_reg(b), z = as_reg(c);

    if (f == FP_F64)
        UNDER_MXCSR("vfmadd231sd %[b], %[a], %[c]", [c] "+x"(z), [a] "x"(x), [b] "x"(y));
    else
        UNDER_MXCSR("vfmadd231ss %[b], %[a], %[c]", [c] "+x"(z), [a] "x"(x), [b] "x"(y));
    return f == FP_F64 ? of_reg(z) : (u32)of_reg(z);
}

#define COMPARE(insn)                                                                              \
    UNDER_MXCSR(insn " %[b], %[a]\n\tsetc %[lt]\n\tsetp %[un]\n\tsetz %[eq]",                      \
                [lt] "=&q"(lt)COMMA[un] "=&q"(un)COMMA[eq] "=&q"(eq), [a] "x"(x), [b] "x"(y))
#define COMMA ,

static enum fp_rel host_cmp(enum fp_fmt f, u64 a, u64 b, bool signal_qnan, u32 ctl, u32 *flags)
{
    double x = as_reg(a), y = as_reg(b);
    u8 lt, un, eq;

    if (f == FP_F32 && signal_qnan)
        COMPARE("comiss");
    else if (f == FP_F32)
        COMPARE("ucomiss");
    else if (signal_qnan)
        COMPARE("comisd");
    else
        COMPARE("ucomisd");
    return un ? FP_UN : eq ? FP_EQ : lt ? FP_LT : FP_GT;
}

static u64 host_cvt(enum fp_fmt from, enum fp_fmt to, u64 a, u32 ctl, u32 *flags)
{
    double x = as_reg(0), y = as_reg(a);

    if (from == FP_F32 && to == FP_F64)
        SSE_TWO("cvtss2sd");
    else if (from == FP_F64 && to == FP_F32)
        SSE_TWO("cvtsd2ss");
    else if (from == FP_F16)
        SSE_ONE("vcvtph2ps");
    else
        UNDER_MXCSR("vcvtps2ph $4, %[b], %[a]", [a] "=&x"(x), [b] "x"(y));
    return of_reg(x) & (to == FP_F64 ? ~0ull : to == FP_F32 ? 0xffffffff : 0xffff);
}

static u64 host_to_int(enum fp_fmt f, u64 a, u32 width, u32 ctl, u32 *flags)
{
    double y = as_reg(a);
    u64 r = 0;
    u32 r32 = 0;

    if (f == FP_F32 && width == 32)
        UNDER_MXCSR("cvtss2si %[b], %[a]", [a] "=&r"(r32), [b] "x"(y));
    else if (width == 32)
        UNDER_MXCSR("cvtsd2si %[b], %[a]", [a] "=&r"(r32), [b] "x"(y));
    else if (f == FP_F32)
        UNDER_MXCSR("cvtss2si %[b], %[a]", [a] "=&r"(r), [b] "x"(y));
    else
        UNDER_MXCSR("cvtsd2si %[b], %[a]", [a] "=&r"(r), [b] "x"(y));
    return width == 32 ? r32 : r;
}

static u64 host_from_int(enum fp_fmt f, u64 a, u32 width, u32 ctl, u32 *flags)
{
    double x = as_reg(0);

    if (f == FP_F32 && width == 32)
        UNDER_MXCSR("cvtsi2ssl %[b], %[a]", [a] "+x"(x), [b] "r"((u32)a));
    else if (width == 32)
        UNDER_MXCSR("cvtsi2sdl %[b], %[a]", [a] "+x"(x), [b] "r"((u32)a));
    else if (f == FP_F32)
        UNDER_MXCSR("cvtsi2ssq %[b], %[a]", [a] "+x"(x), [b] "r"(a));
    else
        UNDER_MXCSR("cvtsi2sdq %[b], %[a]", [a] "+x"(x), [b] "r"(a));
    return f == FP_F32 ? (u32)of_reg(x) : of_reg(x);
}

struct m80 {
    u64 sig;
    u16 se;
} __attribute__((packed));

static struct m80 to_m80(u128 v)
{
    return (struct m80){ (u64)v, (u16)(v >> 64) };
}

static u16 control_word(u32 ctl)
{
    u32 pc = ctl & FP_PC24 ? 0 : ctl & FP_PC53 ? 2 : 3;
    return (u16)(0x3f | pc << 8 | rc_of(ctl) << 10);
}

static u32 x87_flags(u16 sw)
{
    return flags_of(sw) | (sw >> 9 & 1 && sw & 32 ? FP_UP : 0);
}

/* m: "m"(p) and "m"(q) are the operands, r the result; the stack is empty before and after. */
#define UNDER_CW(insns, out, ...)                                                                  \
    do {                                                                                           \
        u16 cw_ = control_word(ctl), sw_;                                                          \
        __asm__ volatile("fninit\n\tfldcw %[cw]\n\t" insns "\n\tfninit"                            \
                         : out, [sw] "=&m"(sw_)                                                    \
                         : [cw] "m"(cw_), __VA_ARGS__                                              \
                         : "cc", "ax", "st");                                                      \
        status_word = sw_;                                                                         \
    } while (0)

#define X87_TWO(insn)                                                                              \
    UNDER_CW("fldt %[p]\n\tfldt %[q]\n\t" insn "\n\tfnstsw %[sw]\n\tfstpt %[r]", [r] "=&m"(r),     \
             [p] "m"(p), [q] "m"(q))
#define X87_SWAPPED(insn)                                                                          \
    UNDER_CW("fldt %[q]\n\tfldt %[p]\n\t" insn "\n\tfnstsw %[sw]\n\tfstpt %[r]", [r] "=&m"(r),     \
             [p] "m"(p), [q] "m"(q))
#define X87_ONE(insn)                                                                              \
    UNDER_CW("fldt %[p]\n\t" insn "\n\tfnstsw %[sw]\n\tfstpt %[r]", [r] "=&m"(r), [p] "m"(p))

static u128 host_x87(enum host_op op, u128 a, u128 b, u32 ctl, u32 *flags, u16 *status)
{
    struct m80 p = to_m80(a), q = to_m80(b), r = { 0, 0 };
    u16 status_word = 0;

    switch (op) {
    case HOST_ADD: X87_TWO("faddp"); break;
    case HOST_SUB: X87_SWAPPED("fsub %%st(1), %%st"); break;
    case HOST_MUL: X87_TWO("fmulp"); break;
    case HOST_DIV: X87_SWAPPED("fdiv %%st(1), %%st"); break;
    case HOST_SQRT: X87_ONE("fsqrt"); break;
    case HOST_RINT: X87_ONE("frndint"); break;
    case HOST_PREM: X87_SWAPPED("fprem"); break;
    case HOST_PREM1: X87_SWAPPED("fprem1"); break;
    case HOST_SCALE: X87_SWAPPED("fscale"); break;
    case HOST_GETMAN: X87_ONE("fxtract"); break;
    case HOST_GETEXP: X87_ONE("fxtract\n\tfxch"); break;
    default: break;
    }
    *flags = x87_flags(status_word);
    *status = status_word;
    return (u128)r.se << 64 | r.sig;
}

static u128 host_x87_load(enum fp_fmt from, u64 a, u32 ctl, u32 *flags)
{
    struct m80 r = { 0, 0 };
    u16 status_word = 0;

    if (from == FP_F32)
        UNDER_CW("flds %[p]\n\tfnstsw %[sw]\n\tfstpt %[r]", [r] "=&m"(r), [p] "m"(a));
    else
        UNDER_CW("fldl %[p]\n\tfnstsw %[sw]\n\tfstpt %[r]", [r] "=&m"(r), [p] "m"(a));
    *flags = x87_flags(status_word);
    return (u128)r.se << 64 | r.sig;
}

static u64 host_x87_store(enum fp_fmt to, u128 a, u32 ctl, u32 *flags)
{
    struct m80 p = to_m80(a);
    u16 status_word = 0;
    u64 r = 0;

    if (to == FP_F32)
        UNDER_CW("fldt %[p]\n\tfstps %[r]\n\tfnstsw %[sw]", [r] "+m"(r), [p] "m"(p));
    else
        UNDER_CW("fldt %[p]\n\tfstpl %[r]\n\tfnstsw %[sw]", [r] "+m"(r), [p] "m"(p));
    *flags = x87_flags(status_word);
    return r;
}

static u64 host_x87_to_int(u128 a, u32 width, u32 ctl, u32 *flags)
{
    struct m80 p = to_m80(a);
    u16 status_word = 0;
    u64 r = 0;

    if (width == 16)
        UNDER_CW("fldt %[p]\n\tfistps %[r]\n\tfnstsw %[sw]", [r] "+m"(r), [p] "m"(p));
    else if (width == 32)
        UNDER_CW("fldt %[p]\n\tfistpl %[r]\n\tfnstsw %[sw]", [r] "+m"(r), [p] "m"(p));
    else
        UNDER_CW("fldt %[p]\n\tfistpll %[r]\n\tfnstsw %[sw]", [r] "+m"(r), [p] "m"(p));
    *flags = x87_flags(status_word);
    return r;
}

static enum fp_rel host_x87_cmp(u128 a, u128 b, bool signal_qnan, u32 ctl, u32 *flags)
{
    struct m80 p = to_m80(a), q = to_m80(b);
    u16 status_word = 0, cc = 0;

    if (signal_qnan)
        UNDER_CW("fldt %[q]\n\tfldt %[p]\n\tfcom\n\tfnstsw %[sw]\n\tfnstsw %[r]", [r] "=&m"(cc),
                 [p] "m"(p), [q] "m"(q));
    else
        UNDER_CW("fldt %[q]\n\tfldt %[p]\n\tfucom\n\tfnstsw %[sw]\n\tfnstsw %[r]", [r] "=&m"(cc),
                 [p] "m"(p), [q] "m"(q));
    *flags = x87_flags(status_word);
    return cc >> 10 & 1 ? FP_UN : cc >> 14 & 1 ? FP_EQ : cc >> 8 & 1 ? FP_LT : FP_GT;
}
