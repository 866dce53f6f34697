/*
 * vectors.h - recorded vectors of single A64 instructions: the inputs, and how results are written down.
 *
 * Included by the oracles (oracle.c, oracle_el1.c, which run on an aarch64 machine) and by the test
 * (tests/unit/vectors_test.c), so that all of them make the same inputs from (row, index, plan, words): the data
 * files hold results only. README.md describes the files; whoever changes what vec_input() makes raises
 * VEC_VERSION and records everything again.
 */
#pragma once
#include "base/types.h"
#include <string.h>

enum {
    VEC_VERSION = 1,
    VEC_WORDS = 3,        /* instructions of a vector at most */
    VEC_MEM = 512,        /* bytes of the memory window */
    VEC_MAX_RESULT = 4096 /* bytes of a vector's items at most */
};
/* The instructions are the last ones of their 2 MB block; the window, in the next one, crosses a page. */
#define VEC_CODE 0x421ff000ull
#define VEC_WINDOW 0x42200f00ull

/* EL1 vectors: the regime that both sides set up. Identity map of blocks of 2 MB, EL0 has access to the window only
 * (and may execute everywhere); nothing is mapped from VEC_UNMAPPED on. SCTLR_EL1: LSMAOE nTLSMD ITD SPAN EIS nTWE
 * nTWI UCT DZE I EOS SA0 SA C M, and UCI. TCR_EL1: 39 bits, 4 KB, EPD1, 40-bit physical addresses, TBI0. */
#define VEC_TABLES 0x40000000ull
#define VEC_VBAR 0x42100000ull
#define VEC_UNMAPPED 0x50000000ull
#define VEC_SCTLR 0x34d5d99dull
#define VEC_TCR (25ull | 3 << 12 | 1 << 8 | 1 << 10 | 1ull << 23 | 2ull << 32 | 1ull << 37)
#define VEC_MAIR 0xffull
#define VEC_BLOCK(at) ((at) | 1 << 10 | 3 << 8 | ((at) >> 21 == VEC_WINDOW >> 21 ? 1ull << 6 : 0) | 1)

/* PSTATE as SPSR_EL1 holds it (C5.2.19): NZCV; and all of it that is watched from EL1 */
#define VEC_NZCV 0xf0000000u
#define VEC_PSTATE 0xf0f003dfu
#define VEC_UAO 0x00800000u

/* Further registers of EL1 vectors; they only have values where the vector says so. */
enum vec_sys {
    VEC_SP_EL0, VEC_SP_EL1, VEC_ELR, VEC_SPSR, VEC_ESR, VEC_FAR, VEC_SYS_COUNT
};

struct vec_state {
    u64 v[64]; /* low half first */
    u64 x[31];
    u64 sp;
    u64 pc; /* afterwards; as an input where it goes on without a branch */
    u64 sys[VEC_SYS_COUNT];
    u32 pstate, fpsr, fpcr, pad;
    u8  mem[VEC_MEM];
};

/* ---- the plan of a vector, 16 bits: what its inputs have to suit ---- */

/* What lanes and registers mostly hold. */
enum vec_kind { VEC_I8, VEC_I16, VEC_I32, VEC_I64, VEC_F16, VEC_F32, VEC_F64, VEC_ANY };
/* Which register of the first word is an address, and how the instruction goes on from it. */
enum vec_mode {
    VEC_NONE,
    VEC_BASE,   /* Rn */
    VEC_IMM9,   /* Rn + imm9 */
    VEC_IMM12,  /* Rn + (imm12 << scale) */
    VEC_IMM7,   /* Rn + (imm7 << scale) */
    VEC_REG,    /* Rn + extended Rm, shifted by scale if S */
    VEC_RT,     /* Rt */
    VEC_TARGET, /* Rn is where a branch goes */
    VEC_FPCR,   /* Rt is a value for FPCR: reserved and optional bits are clear */
    VEC_FPSR,   /* the same for FPSR */
    VEC_ERET,   /* Rt is a value for ELR_EL1, Rt of the second word one for SPSR_EL1 */
    VEC_SPSR_RT, /* Rt is a value for SPSR_EL1 */
    VEC_AT      /* Rt is an address: code, window, or not mapped */
};
/* Where the instruction runs, and who watches. */
enum vec_level {
    VEC_EL0,  /* EL0 of a Linux: only what a program sees; exceptions are no vectors */
    VEC_EL1T, /* EL1 with SP_EL0 */
    VEC_EL1H, /* EL1 with SP_EL1 */
    VEC_EL0S  /* EL0, all of the machine is seen */
};

static inline u32 vec_count(u32 plan) { return (plan & 3) + 1; }
static inline u32 vec_kind(u32 plan)  { return plan >> 2 & 7; }
static inline u32 vec_mode(u32 plan)  { return plan >> 5 & 15; }
static inline u32 vec_scale(u32 plan) { return plan >> 9 & 7; }
static inline u32 vec_align(u32 plan) { return plan >> 12 & 7; } /* log2; 1 at most with register 31 as base */
/* plan >> 15: none yet */

/* ---- random numbers: splitmix64 ---- */

static inline u64 vec_rnd(u64 *s)
{
    u64 z = *s += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static inline u32 vec_below(u64 *s, u32 n)
{
    return (u32)(vec_rnd(s) >> 32) % n;
}

static inline u64 vec_mask(u32 bits)
{
    return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

/* FNV-1a */
static inline u64 vec_hash(u64 h, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const u8 *)p)[i]) * 0x100000001b3ull;
    return h;
}
#define VEC_HASH_INIT 0xcbf29ce484222325ull

/* ---- operands ---- */

/* Here and below: one random number an expression, since C leaves the order of two calls to the compiler. */

/* An integer of so many bits: limits, shift counts, runs of ones, random. */
static inline u64 vec_integer(u64 *s, u32 bits)
{
    u64 m = vec_mask(bits), top = 1ull << (bits - 1), r = vec_rnd(s);
    u32 at = vec_below(s, bits);
    switch (vec_below(s, 14)) {
    case 0:  return 0;
    case 1:  return m;
    case 2:  return top;
    case 3:  return top - 1;
    case 4:  return top + 1;
    case 5:  return 1;
    case 6:  return r & 255 & m;
    case 7:  return (0 - (r & 255)) & m;
    case 8:  return top >> (bits / 2);
    case 9:  return m << (bits / 2) & m;
    case 10: return r & (m >> at);
    case 11: return (m >> at) << (r % bits) & m;
    case 12: return ((1ull << at) + r % 3 - 1) & m; /* ties of int to FP, among others */
    default: return r & m;
    }
}

/* A fraction: nothing, one, all ones, few bits on top, few at the bottom, random. */
static inline u64 vec_fraction(u64 *s, u32 frac)
{
    u64 m = vec_mask(frac), r = vec_rnd(s);
    u32 at = vec_below(s, frac);
    switch (vec_below(s, 8)) {
    case 0:  return 0;
    case 1:  return 1;
    case 2:  return m - r % 3;
    case 3:  return (r & 7) << (frac - 3);
    case 4:  return r & m & ~(m >> at);
    case 5:  return r & 7;
    default: return r & m;
    }
}

/* A floating-point number: zeros, denormals, limits, infinities, NaNs of both sorts with payloads, small numbers,
 * ties, limits of the integers and of the narrower formats, operands whose products under- or overflow. */
static inline u64 vec_float(u64 *s, u32 frac, u32 ebits)
{
    u64 sign = vec_rnd(s) & 1, fm = vec_mask(frac), f = vec_fraction(s, frac);
    u32 emax = (1u << ebits) - 1, bias = emax / 2, e;
    switch (vec_below(s, 24)) {
    case 0:  e = 0, f = 0; break;
    case 1:  e = 0, f = 1; break;
    case 2:  e = 0, f = fm; break;
    case 3:  e = 0; break;
    case 4:  e = 1, f = 0; break;
    case 5:  e = 1; break;
    case 6:  e = emax - 1, f = fm; break;
    case 7:  e = emax - 1; break;
    case 8:  e = emax, f = 0; break;
    case 9:  e = emax, f |= 1ull << (frac - 1); break;                    /* quiet */
    case 10: e = emax, f = (f & fm >> 1) | 1; break;                      /* signalling */
    case 11: e = bias, f = 0; break;                                      /* 1 */
    case 12: e = bias + vec_below(s, 3) - 1, f = (vec_rnd(s) & 1) << (frac - 1); break; /* .5 .75 1 1.5 2 3 */
    case 13: e = bias + vec_below(s, frac + 1), f &= ~(fm >> (e - bias) >> 1); break;   /* halves */
    case 14: e = bias + (sign ? 6 : 14) + vec_below(s, 3); break; /* limits of 8 and 16 bits */
    case 15: e = bias + 30 + vec_below(s, 3); break;
    case 16: e = bias + 62 + vec_below(s, 3); break;
    case 17: e = bias / 2 + vec_below(s, 5) - 1; break;                   /* squares underflow */
    case 18: e = bias + bias / 2 + vec_below(s, 4) - 1; break;            /* squares overflow */
    case 19: e = bias - 14 - vec_below(s, 13); break;                     /* denormals of half precision */
    case 20: e = frac == 52 ? bias - 126 - vec_below(s, 26) : bias + 15 + vec_below(s, 2); break;
    case 21: e = bias + vec_below(s, 66); break;
    case 22: e = bias + vec_below(s, 8) - 4; break;
    default: e = (u32)vec_rnd(s); break;
    }
    return sign << (frac + ebits) | (u64)(e & emax) << frac | f;
}

static inline u64 vec_lane(u64 *s, u32 kind, u32 *bits)
{
    static const u8 widths[] = { 8, 16, 32, 64, 16, 32, 64, 64 };
    *bits = widths[kind];
    switch (kind) {
    case VEC_F16: return vec_float(s, 10, 5);
    case VEC_F32: return vec_float(s, 23, 8);
    case VEC_F64: return vec_float(s, 52, 11);
    case VEC_ANY: return vec_rnd(s);
    default:      return vec_integer(s, *bits);
    }
}

static inline u64 vec_lanes(u64 *s, u32 kind)
{
    u64 r = 0;
    u32 bits;
    if (!vec_below(s, 8))
        kind = vec_below(s, 8);
    for (u32 at = 0; at < 64; at += bits)
        r |= vec_lane(s, kind, &bits) << at;
    return r;
}

/* Some registers are equal to others, so that comparisons meet and differences vanish. */
static inline void vec_fill_v(struct vec_state *st, u64 *s, u32 kind)
{
    for (u32 i = 0; i < 64; i++)
        st->v[i] = vec_lanes(s, kind);
    for (u32 i = 0; i < 32; i++)
        if (!vec_below(s, 8)) {
            u32 from = vec_below(s, 32);
            st->v[2 * i] = st->v[2 * from];
            st->v[2 * i + 1] = st->v[2 * from + 1];
        }
}

static inline void vec_fill_x(struct vec_state *st, u64 *s)
{
    for (u32 i = 0; i < 32; i++) {
        u64 r = vec_integer(s, 64);
        switch (vec_below(s, 6)) {
        case 0: r = (u64)(i64)(i32)vec_integer(s, 32); break;
        case 1: r = vec_integer(s, 32); break;
        case 2: r = i ? st->x[vec_below(s, i)] : r; break;
        }
        if (i < 31)
            st->x[i] = r;
        else
            st->sp = r;
    }
}

/* FPCR goes through all rounding modes with flush-to-zero, default NaN and alternative half precision on and off. */
static inline u32 vec_fpcr(u32 index)
{
    return (index & 3) << 22 | (index >> 2 & 1) << 24 | (index >> 3 & 1) << 25 | (index >> 4 & 1) << 26;
}
#define VEC_FPCR_MASK 0x07c00000u
#define VEC_FPSR_MASK 0x0800009fu

/* ---- addresses ---- */

static inline i64 vec_sext(u64 v, u32 bits)
{
    return (i64)(v << (64 - bits)) >> (64 - bits);
}

static inline u64 vec_extend(u64 v, u32 option)
{
    u32 bits = 8u << (option & 3);
    return option & 4 ? (u64)vec_sext(v, bits) : v & vec_mask(bits);
}

static inline void vec_set_reg(struct vec_state *st, u32 r, u64 val)
{
    if (r == 31)
        st->sp = val;
    else
        st->x[r] = val;
}

/* What the instruction adds to its base register. */
static inline u64 vec_offset(const struct vec_state *st, u32 word, u32 plan)
{
    u32 rm = word >> 16 & 31;
    switch (vec_mode(plan)) {
    case VEC_IMM9:  return (u64)vec_sext(word >> 12 & 0x1ff, 9);
    case VEC_IMM12: return (u64)(word >> 10 & 0xfff) << vec_scale(plan);
    case VEC_IMM7:  return (u64)vec_sext(word >> 15 & 0x7f, 7) << vec_scale(plan);
    case VEC_REG:
        return vec_extend(rm == 31 ? 0 : st->x[rm], word >> 13 & 7) << (word >> 12 & 1 ? vec_scale(plan) : 0);
    default: return 0;
    }
}

/* A base that makes the access fall into the window; a quarter of the pointers has a tag (TBI0 is on). */
static inline void vec_set_base(struct vec_state *st, u64 *s, u32 word, u32 plan)
{
    u32 r = vec_mode(plan) == VEC_RT ? word & 31 : word >> 5 & 31;
    u64 at = VEC_WINDOW + 16 + vec_below(s, VEC_MEM - 16 - 64), tag = vec_below(s, 4) ? 0 : vec_rnd(s) << 56;
    u64 base = (at & ~vec_mask(vec_align(plan))) - vec_offset(st, word, plan);
    if (r == 31)
        st->sp = base & ~15ull;
    else
        st->x[r] = base + tag;
}

static inline void vec_set_target(struct vec_state *st, u64 *s, u32 word)
{
    u64 to = vec_rnd(s);
    switch (vec_below(s, 4)) {
    case 0: to = VEC_CODE + 8 + (to & 0x7f8); break;
    case 1: to &= vec_mask(47); break;
    case 2: to |= 0xffff000000000000ull; break;
    }
    if ((word >> 5 & 31) != 31)
        st->x[word >> 5 & 31] = to & ~3ull;
}

/* ---- the inputs of a vector ---- */

/* What SPSR_EL1 holds for a return: to EL0, EL1t or EL1h, or an illegal one (C5.2.19, D1.3.4), which leaves UAO
 * UNKNOWN and so has it clear. */
static inline u32 vec_spsr(u64 *s)
{
    static const u8 modes[] = { 0, 4, 5, 5, 1, 8, 9, 15 };
    u32 r = (u32)vec_rnd(s) & (VEC_NZCV | 0xc003c0u), m = vec_below(s, vec_below(s, 2) ? 4 : 8);
    return (r & ~(m < 4 ? 0 : VEC_UAO)) | modes[m] | (vec_below(s, 8) ? 0 : 1u << 20);
}

static inline u64 vec_at_address(u64 *s)
{
    u64 r = vec_rnd(s) & 0xfff;
    switch (vec_below(s, 4)) {
    case 0:  return VEC_CODE + (r & 0x7ff);
    case 1:  return VEC_UNMAPPED + (r << 8);
    default: return VEC_WINDOW + (r & 255);
    }
}

static inline void vec_suit(struct vec_state *st, u64 *s, u32 plan, const u32 *words)
{
    u32 to = words[0] % 32 % 31; /* of XZR: some other one */
    switch ((enum vec_mode)vec_mode(plan)) {
    case VEC_NONE:    break;
    case VEC_TARGET:  vec_set_target(st, s, words[0]); break;
    case VEC_FPCR:    st->x[to] = (st->x[to] ^ vec_rnd(s)) & VEC_FPCR_MASK; break;
    case VEC_FPSR:    st->x[to] = (st->x[to] ^ vec_rnd(s)) & VEC_FPSR_MASK; break;
    case VEC_SPSR_RT: st->x[to] = vec_spsr(s); break;
    case VEC_AT:      st->x[to] = vec_at_address(s); break;
    case VEC_ERET:
        st->x[to] = VEC_CODE + 16 + (vec_rnd(s) & 0x7f0);
        st->x[words[1] & 31] = vec_spsr(s);
        break;
    default: vec_set_base(st, s, words[0], plan); break;
    }
}

/* EL1 vectors: PSTATE, stack pointers. ELR and SPSR are those of the return that leads to the instruction. */
static inline void vec_set_level(struct vec_state *st, u64 *s, u32 level, u32 plan)
{
    static const u8 modes[] = { 0, 4, 5, 0 };
    for (u32 i = 0; i < VEC_SYS_COUNT; i++)
        st->sys[i] = vec_integer(s, 64);
    if (level != VEC_EL0)
        st->pstate |= ((u32)vec_rnd(s) & 0xc003c0u) | modes[level];
    if (vec_mode(plan) == VEC_ERET)
        st->pstate &= ~VEC_UAO;
    st->sys[level == VEC_EL1H ? VEC_SP_EL1 : VEC_SP_EL0] = st->sp;
    st->sys[VEC_ELR] = VEC_CODE;
    st->sys[VEC_SPSR] = st->pstate;
    st->sys[VEC_ESR] &= 0xffffffffu;
}

/* All inputs of vector `index` of a row. level: enum vec_level. */
static inline void vec_input(struct vec_state *st, const char *row, u32 index, u32 level, u32 plan, const u32 *words)
{
    u64 s = vec_hash(VEC_HASH_INIT, row, strlen(row)) + (u64)index * 0xd1342543de82ef95ull + level;
    memset(st, 0, sizeof *st);
    vec_fill_v(st, &s, vec_kind(plan));
    vec_fill_x(st, &s);
    for (u32 i = 0; i < VEC_MEM; i += 8) {
        u64 r = vec_lanes(&s, vec_kind(plan));
        memcpy(st->mem + i, &r, 8);
    }
    st->pstate = (u32)vec_rnd(&s) & VEC_NZCV;
    st->fpcr = vec_fpcr(index);
    st->fpsr = vec_below(&s, 8) ? 0 : (u32)vec_rnd(&s) & VEC_FPSR_MASK;
    st->pc = VEC_CODE + 4 * vec_count(plan);
    vec_suit(st, &s, plan, words);
    vec_set_level(st, &s, level, plan);
}

/* ---- results: what differs from the inputs, as items that begin with a tag ---- */

enum vec_tag { /* 0 to 31: X0 to X30 and SP, 32 to 63: V0 to V31 */
    VEC_T_PC = 64, VEC_T_PSTATE, VEC_T_FPSR, VEC_T_FPCR,
    VEC_T_MEM,         /* u16 offset, u8 length, bytes */
    VEC_T_SYS = 80,    /* + enum vec_sys */
    VEC_T_END = 255
};

static inline u8 *vec_put(u8 *p, u32 tag, const void *from, u32 n)
{
    *p++ = (u8)tag;
    memcpy(p, from, n);
    return p + n;
}

static inline u8 *vec_put_mem(u8 *p, const struct vec_state *a, const struct vec_state *b)
{
    for (u32 i = 0; i < VEC_MEM;) {
        u32 n = 0;
        while (i + n < VEC_MEM && n < 255 && a->mem[i + n] != b->mem[i + n])
            n++;
        if (n) {
            u8 head[3] = { (u8)i, (u8)(i >> 8), (u8)n };
            p = vec_put(p, VEC_T_MEM, head, 3);
            memcpy(p, b->mem + i, n);
            p += n;
        }
        i += n + 1;
    }
    return p;
}

/* Writes the items that lead from a to b; returns their end. out: VEC_MAX_RESULT bytes. */
static inline u8 *vec_diff(u8 *out, const struct vec_state *a, const struct vec_state *b)
{
    u8 *p = out;
    for (u32 i = 0; i < 31; i++)
        if (a->x[i] != b->x[i])
            p = vec_put(p, i, &b->x[i], 8);
    if (a->sp != b->sp)
        p = vec_put(p, 31, &b->sp, 8);
    for (u32 i = 0; i < 32; i++)
        if (a->v[2 * i] != b->v[2 * i] || a->v[2 * i + 1] != b->v[2 * i + 1])
            p = vec_put(p, 32 + i, &b->v[2 * i], 16);
    if (a->pc != b->pc)
        p = vec_put(p, VEC_T_PC, &b->pc, 8);
    if (a->pstate != b->pstate)
        p = vec_put(p, VEC_T_PSTATE, &b->pstate, 4);
    if (a->fpsr != b->fpsr)
        p = vec_put(p, VEC_T_FPSR, &b->fpsr, 4);
    if (a->fpcr != b->fpcr)
        p = vec_put(p, VEC_T_FPCR, &b->fpcr, 4);
    p = vec_put_mem(p, a, b);
    for (u32 i = 0; i < VEC_SYS_COUNT; i++)
        if (a->sys[i] != b->sys[i])
            p = vec_put(p, VEC_T_SYS + i, &b->sys[i], 8);
    *p++ = VEC_T_END;
    return p;
}

/* Where the item's value goes and how long it is; NULL: no such tag. */
static inline void *vec_slot(struct vec_state *st, u32 tag, u32 *n)
{
    *n = tag >= VEC_T_PSTATE && tag <= VEC_T_FPCR ? 4 : tag >= 32 && tag < 64 ? 16 : 8;
    if (tag < 32)
        return tag == 31 ? &st->sp : &st->x[tag];
    if (tag < 64)
        return &st->v[2 * (tag - 32)];
    if (tag >= VEC_T_SYS && tag < VEC_T_SYS + VEC_SYS_COUNT)
        return &st->sys[tag - VEC_T_SYS];
    switch (tag) {
    case VEC_T_PC:     return &st->pc;
    case VEC_T_PSTATE: return &st->pstate;
    case VEC_T_FPSR:   return &st->fpsr;
    case VEC_T_FPCR:   return &st->fpcr;
    default:           return NULL;
    }
}

/* Applies the items from p on, which end before `end`; returns what follows them, NULL if they are damaged. */
static inline const u8 *vec_apply(struct vec_state *st, const u8 *p, const u8 *end)
{
    while (p < end && *p != VEC_T_END) {
        u32 tag = *p++, n = 0;
        void *to = vec_slot(st, tag, &n);
        if (tag == VEC_T_MEM && end - p > 3) {
            u32 at = p[0] | (u32)p[1] << 8;
            n = p[2];
            p += 3;
            to = at + n <= VEC_MEM ? st->mem + at : NULL;
        }
        if (!to || end - p < (i64)n)
            return NULL;
        memcpy(to, p, n);
        p += n;
    }
    return p < end ? p + 1 : NULL;
}
