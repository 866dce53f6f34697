/*
 * helpers_vec.c - what SSE and AVX lifters call: unmasked floating-point exceptions, string comparison, gathers.
 *
 * Intel SDM volume 1, 11.5 (SIMD floating-point exceptions); volume 2, 4.1 (PCMPxSTRx), VPGATHER.
 */
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/lift_vec.h"
#include <string.h>

/* ---- exceptions ---- */

enum { PRE = FP_IOC | FP_DE | FP_DZC, POST = FP_OFC | FP_UFC | FP_IXC };

u64 x86_h_fp_begin(struct vcpu *v, u64 a, u64 b, u64 c)
{
    struct x86_state *s = x86_of(v);
    u32 old = s->fp_flags;
    (void)a, (void)b, (void)c;
    s->fp_flags = 0;
    return old;
}

/* The flags that MXCSR's mask bits 12:7 leave unmasked: IM DM ZM OM UM PM. */
static u32 unmasked(u32 mxcsr)
{
    static const u8 flag[] = { FP_IOC, FP_DE, FP_DZC, FP_OFC, FP_UFC, FP_IXC };
    u32 r = 0;
    for (u32 k = 0; k < COUNT(flag); k++)
        if (!(mxcsr >> (7 + k) & 1))
            r |= flag[k];
    return r;
}

/* With an unmasked exception before computation, nothing is computed: the later flags do not come up. */
u64 x86_h_fp_check(struct vcpu *v, u64 a, u64 b, u64 c)
{
    struct x86_state *s = x86_of(v);
    u32 now = s->fp_flags, hits = now & unmasked(s->mxcsr);
    (void)b, (void)c;
    if (hits & PRE)
        now &= ~(u32)POST;
    s->fp_flags = (u32)a | now;
    if (!(hits & (PRE | POST)))
        return 0;
    return s->cr4 & X86_CR4_OSXMMEXCPT ? X86_XM : X86_UD;
}

/* ---- PCMPxSTRx ---- */

struct str {
    u64  half[2];
    u32  len;     /* valid elements */
};

static i32 element(const struct str *s, u32 n, u32 fmt)
{
    u32 bits = fmt & 1 ? 16 : 8;
    u64 x = s->half[n * bits / 64] >> n * bits % 64 & bits_mask(bits);
    return fmt & 2 ? (i32)bits_sext(x, bits) : (i32)x;
}

static u32 explicit_length(u64 reg, bool wide, u32 count)
{
    i64 n = wide ? (i64)reg : (i32)reg;
    u64 len = n < 0 ? 0 - (u64)n : (u64)n;
    return (u32)MIN(len, (u64)count);
}

static u32 implicit_length(const struct str *s, u32 fmt, u32 count)
{
    u32 n = 0;
    while (n < count && element(s, n, fmt))
        n++;
    return n;
}

static bool equal_any(const struct str *a, const struct str *b, u32 fmt, u32 j)
{
    for (u32 k = 0; j < b->len && k < a->len; k++)
        if (element(a, k, fmt) == element(b, j, fmt))
            return true;
    return false;
}

static bool in_ranges(const struct str *a, const struct str *b, u32 fmt, u32 j)
{
    for (u32 k = 0; j < b->len && k + 1 < a->len; k += 2)
        if (element(a, k, fmt) <= element(b, j, fmt) && element(b, j, fmt) <= element(a, k + 1, fmt))
            return true;
    return false;
}

static bool equal_each(const struct str *a, const struct str *b, u32 fmt, u32 j)
{
    if (j < a->len && j < b->len)
        return element(a, j, fmt) == element(b, j, fmt);
    return j >= a->len && j >= b->len;
}

/* What is beyond the first string matches anything. */
static bool equal_ordered(const struct str *a, const struct str *b, u32 fmt, u32 j, u32 count)
{
    for (u32 k = 0; k < a->len && j + k < count; k++)
        if (j + k >= b->len || element(a, k, fmt) != element(b, j + k, fmt))
            return false;
    return true;
}

static bool aggregate(const struct str *a, const struct str *b, u32 imm, u32 j, u32 count)
{
    switch (imm >> 2 & 3) {
    case 0: return equal_any(a, b, imm, j);
    case 1: return in_ranges(a, b, imm, j);
    case 2: return equal_each(a, b, imm, j);
    default: return equal_ordered(a, b, imm, j, count);
    }
}

static u32 compare(const struct str *a, const struct str *b, u32 imm, u32 count)
{
    u32 r = 0;
    for (u32 j = 0; j < count; j++) {
        bool flip = imm & 0x10 && (!(imm & 0x20) || j < b->len);
        r |= (u32)(aggregate(a, b, imm, j, count) != flip) << j;
    }
    return r;
}

u64 x86_h_pcmpstr(struct vcpu *v, u64 lo, u64 hi, u64 word)
{
    const struct x86_state *s = x86_of(v);
    u32 reg = word >> X86_STR_REG & 15, imm = (u8)word, count = imm & 1 ? 8 : 16;
    struct str x = { .half = { s->xmm[2 * reg], s->xmm[2 * reg + 1] } }, y = { .half = { lo, hi } };
    if (word & X86_STR_LENGTHS) {
        x.len = explicit_length(s->gpr[X86_RAX], word & X86_STR_WIDE, count);
        y.len = explicit_length(s->gpr[X86_RDX], word & X86_STR_WIDE, count);
    } else {
        x.len = implicit_length(&x, imm, count);
        y.len = implicit_length(&y, imm, count);
    }
    return compare(&x, &y, imm, count) | (u32)(y.len < count) << 16 | (u32)(x.len < count) << 17;
}

/* ---- gathers ---- */

static u64 lane_of(const u64 *half[2], u32 size, u32 n)
{
    u64 x = half[n * size / 16][n * size / 8 & 1];
    return size == 8 ? x : (u32)(x >> (n & 1) * 32);
}

static void set_lane(u64 *half[2], u32 size, u32 n, u64 val)
{
    u64 *x = &half[n * size / 16][n * size / 8 & 1];
    *x = size == 8 ? val : bits_set(*x, (n & 1) * 32, 32, val);
}

static u64 cut(u64 off, u32 adsize)
{
    return adsize == 8 ? off : adsize == 4 ? (u32)off : (u16)off;
}

/* One element at an offset of the segment. False: the exception is in wiring. */
static bool fetch(struct vcpu *v, u64 off, u32 size, u64 word, u64 *val)
{
    const struct x86_state *s = v->state;
    u32 seg = word >> X86_GATHER_SEG & 7;
    bool wide = x86_is_long(s);
    enum x86_as as = (enum x86_as)(seg == X86_SS ? X86_AS_CPL | X86_AS_STACK : X86_AS_CPL);
    off = cut(off, word >> X86_GATHER_ADSIZE & 15);
    if (!wide && !x86_seg_check(v, seg, (u32)off, size, false))
        return false;
    u64 addr = off + (wide && seg < X86_FS ? 0 : s->seg_base[seg]);
    addr = wide ? addr : (u32)addr;
    if (!x86_read(v, addr, size, as, val))
        return false;
    if (word & X86_GATHER_WATCH)
        x86_h_watch(v, addr, size, 0);
    return true;
}

/* Elements in order: what is done when one faults stays, and its mask says so. */
u64 x86_h_gather(struct vcpu *v, u64 base, u64 word, u64 c)
{
    struct x86_state *s = x86_of(v);
    u32 dst = word >> X86_GATHER_DST & 15, index = word >> X86_GATHER_INDEX & 15, mask = word >> X86_GATHER_MASK & 15;
    u32 isize = word & X86_GATHER_QINDEX ? 8 : 4, dsize = word & X86_GATHER_QDATA ? 8 : 4;
    u32 count = (word & X86_GATHER_256 ? 32 : 16) / MAX(isize, dsize);
    u64 *d[2] = { s->xmm + 2 * dst, s->ymmh + 2 * dst }, *m[2] = { s->xmm + 2 * mask, s->ymmh + 2 * mask };
    const u64 *x[2] = { s->xmm + 2 * index, s->ymmh + 2 * index };
    (void)c;
    for (u32 n = 0; n < count; n++) {
        u64 k = lane_of(x, isize, n), val;
        if (lane_of((const u64 **)m, dsize, n) >> (8 * dsize - 1)) {
            u64 off = base + ((u64)bits_sext(k, 8 * isize) << (word >> X86_GATHER_SCALE & 3));
            if (!fetch(v, off, dsize, word, &val)) {
                x86_take(v);
                return 0;
            }
            set_lane(d, dsize, n, val);
        }
        set_lane(m, dsize, n, 0);
    }
    for (u32 n = count; n < 32 / dsize; n++)
        set_lane(d, dsize, n, 0);
    memset(m[0], 0, 16);
    memset(m[1], 0, 16);
    return 0;
}
