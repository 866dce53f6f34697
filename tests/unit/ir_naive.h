/*
 * ir_naive.h - integer rows computed bit by bit or in exact wide integers, for tests. Shares nothing with
 * ir/eval_int.h.
 */
#pragma once
#include "ir/ir.h"

static inline u64 rnd(u64 *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* ---- naive arithmetic on n bits ---- */

static u32 bit(u128 v, u32 i)
{
    return (u32)(v >> i) & 1;
}

static u128 ones(u32 n)
{
    u128 r = 0;
    for (u32 i = 0; i < n; i++)
        r = r << 1 | 1;
    return r;
}

/* a + b + c; *carry out of bit n - 1, *over: signed overflow */
static u128 ripple(u128 a, u128 b, u32 c, u32 n, bool *carry, bool *over)
{
    u128 r = 0;
    u32 last = c;
    for (u32 i = 0; i < n; i++) {
        u32 s = bit(a, i) + bit(b, i) + c;
        r |= (u128)(s & 1) << i;
        last = c;
        c = s >> 1;
    }
    *carry = c;
    *over = c != last;
    return r;
}

static u128 flip(u128 v, u32 n)
{
    return v ^ ones(n);
}

static bool negative(u128 v, u32 n)
{
    return bit(v, n - 1);
}

/* a < b */
static bool below(u128 a, u128 b, bool is_signed, u32 n)
{
    if (is_signed && negative(a, n) != negative(b, n))
        return negative(a, n);
    for (u32 i = n; i--;)
        if (bit(a, i) != bit(b, i))
            return bit(b, i);
    return false;
}

static u128 shift(u128 v, i32 left, u32 fill, u32 n)
{
    u128 r = 0;
    for (i32 i = 0; i < (i32)n; i++) {
        i32 from = i - left;
        r |= (u128)(from < 0 ? 0 : from >= (i32)n ? fill : bit(v, (u32)from)) << i;
    }
    return r;
}

static u128 rotate_left(u128 v, u32 by, u32 n)
{
    u128 r = 0;
    for (u32 i = 0; i < n; i++)
        r |= (u128)bit(v, i) << (i + by) % n;
    return r;
}

static i128 exact(u128 v, bool is_signed, u32 n)
{
    return (i128)(is_signed && negative(v, n) ? v | ~ones(n) : v);
}

static u128 clamp(i128 v, bool is_signed, u32 n)
{
    i128 top = (i128)ones(is_signed ? n - 1 : n), bottom = is_signed ? -top - 1 : 0;
    return (u128)(v < bottom ? bottom : v > top ? top : v) & ones(n);
}

static void long_divide(u128 a, u128 d, u32 n, u128 *q, u128 *r)
{
    *q = 0;
    *r = 0;
    for (u32 i = n; i--;) {
        *r = *r * 2 + bit(a, i);
        if (*r >= d) {
            *r -= d;
            *q |= (u128)1 << i;
        }
    }
}

static u128 divide(u128 a, u128 b, bool is_signed, bool want_rest, u32 n)
{
    u128 q, r;
    if (b == 0)
        return want_rest ? a : 0;
    bool na = is_signed && negative(a, n), nb = is_signed && negative(b, n);
    u128 ua = na ? (flip(a, n) + 1) & ones(n) : a, ub = nb ? (flip(b, n) + 1) & ones(n) : b;
    long_divide(ua, ub, n, &q, &r);
    u128 v = want_rest ? r : q;
    return (want_rest ? na : na != nb) ? (flip(v, n) + 1) & ones(n) : v;
}

static u128 full_product(u64 a, u64 b, bool carryless)
{
    u128 r = 0;
    for (u32 i = 0; i < 64; i++)
        if (bit(b, i))
            r = carryless ? r ^ (u128)a << i : r + ((u128)a << i);
    return r;
}

static i128 floor_half(i128 v)
{
    return (v - (v & 1)) / 2;
}

/* The register shifts, one step at a time; saturates says what the saturating form would do. */
static u128 vshift(u128 a, u128 b, bool is_signed, bool rounds, bool sat, u32 n, bool *saturates)
{
    i32 by = (i32)(b & 255) < 128 ? (i32)(b & 255) : (i32)(b & 255) - 256;
    i128 v = exact(a, is_signed, n);
    for (i32 i = 0; i < by && v < (i128)1 << 100 && v > -((i128)1 << 100); i++)
        v *= 2;
    for (i32 i = 0; i > by; i--)
        v = floor_half(rounds && i == by + 1 ? v + 1 : v);
    *saturates = clamp(v, is_signed, n) != ((u128)v & ones(n)) || exact(clamp(v, is_signed, n), is_signed, n) != v;
    if (sat)
        return clamp(v, is_signed, n);
    return by >= 0 ? shift(a, by, 0, n) : (u128)v & ones(n);
}

static u128 reorder(u128 v, u32 unit, u32 within, u32 n)
{
    u128 r = 0;
    if (unit >= within)
        return v;
    for (u32 i = 0; i < n; i++) {
        u32 base = i / within * within, piece = (i - base) / unit, count = within / unit;
        r |= (u128)bit(v, i) << (base + (count - 1 - piece) * unit + i % unit);
    }
    return r & ones(n);
}

static u32 leading(u128 v, u32 what, u32 n)
{
    u32 k = 0;
    while (k < n && bit(v, n - 1 - k) == what)
        k++;
    return k;
}

static inline u128 crc(u32 acc, u64 data, u32 bytes, u32 poly)
{
    for (u32 i = 0; i < 8 * bytes; i++) {
        u32 top = (acc ^ bit(data, i)) & 1;
        acc = acc >> 1 ^ (top ? poly : 0);
    }
    return acc;
}

/* ---- the value of a row on n bits ---- */

struct operands {
    u128 a, b, c;
    u64  imm;
    u32  flag, n;
};

static bool naive_basic(enum ir_op op, struct operands o, u128 *r)
{
    u128 a = o.a, b = o.b;
    u32 n = o.n;
    bool c, v;
    switch (op) {
    case IR_add: *r = ripple(a, b, 0, n, &c, &v); return true;
    case IR_sub: *r = ripple(a, flip(b, n), 1, n, &c, &v); return true;
    case IR_neg: *r = ripple(0, flip(a, n), 1, n, &c, &v); return true;
    case IR_abs: *r = negative(a, n) ? ripple(0, flip(a, n), 1, n, &c, &v) : a; return true;
    case IR_mul: *r = full_product((u64)a, (u64)b, false) & ones(n); return true;
    case IR_mulhu: *r = full_product((u64)a, (u64)b, false) >> n; return true;
    case IR_mulhs: *r = (u128)(exact(a, true, n) * exact(b, true, n) >> n) & ones(n); return true;
    case IR_udiv: *r = divide(a, b, false, false, n); return true;
    case IR_sdiv: *r = divide(a, b, true, false, n); return true;
    case IR_urem: *r = divide(a, b, false, true, n); return true;
    case IR_srem: *r = divide(a, b, true, true, n); return true;
    case IR_and: *r = flip(flip(a, n) | flip(b, n), n); return true;
    case IR_or: *r = flip(flip(a, n) & flip(b, n), n); return true;
    case IR_xor: *r = (a | b) - (a & b); return true;
    case IR_andn: *r = a - (a & b); return true;
    case IR_orn: *r = flip(b - (a & b), n); return true;
    case IR_not: *r = ones(n) - a; return true;
    case IR_bsel: *r = o.c ^ (a & (b ^ o.c)); return true;
    case IR_shl: *r = b >= n ? 0 : shift(a, (i32)b, 0, n); return true;
    case IR_shr: *r = b >= n ? 0 : shift(a, -(i32)b, 0, n); return true;
    case IR_sar: *r = shift(a, b >= n ? -(i32)n : -(i32)b, negative(a, n), n); return true;
    case IR_rotl: *r = rotate_left(a, (u32)(b % n), n); return true;
    case IR_rotr: *r = rotate_left(a, n - (u32)(b % n), n); return true;
    case IR_fshr:
        *r = o.c % n ? shift(a, -(i32)(o.c % n), 0, n) | shift(b, (i32)(n - o.c % n), 0, n) : a;
        return true;
    default: return false;
    }
}

static bool naive_bits(enum ir_op op, struct operands o, u128 *r)
{
    u128 a = o.a, v = 0;
    u32 n = o.n, k = 0;
    switch (op) {
    case IR_clz: *r = leading(a, 0, n); return true;
    case IR_cls: *r = leading(a, negative(a, n), n) - 1; return true;
    case IR_ctz: *r = leading(reorder(a, 1, n, n), 0, n); return true;
    case IR_popcnt: for (u32 i = 0; i < n; i++) k += bit(a, i); *r = k; return true;
    case IR_rbit: *r = reorder(a, 1, n, n); return true;
    case IR_rev8: *r = reorder(a, 8, n, n); return true;
    case IR_rev16: *r = reorder(a, 16, n, n); return true;
    case IR_rev32: *r = reorder(a, 32, n, n); return true;
    case IR_swap8in16: if (n < 16) return false; *r = reorder(a, 8, 16, n); return true;
    case IR_swap8in32: if (n < 32) return false; *r = reorder(a, 8, 32, n); return true;
    case IR_pdep:
        for (u32 i = 0; i < n; i++)
            if (bit(o.b, i))
                v |= (u128)bit(a, k++) << i;
        *r = v;
        return true;
    case IR_pext:
        for (u32 i = 0; i < n; i++)
            if (bit(o.b, i))
                v |= (u128)bit(a, i) << k++;
        *r = v;
        return true;
    case IR_parity: for (u32 i = 0; i < 8; i++) k ^= bit(a, i); *r = !k; return true;
    case IR_crc32: *r = crc((u32)a, (u64)o.b, (u32)o.imm, 0xedb88320); return true;
    case IR_crc32c: *r = crc((u32)a, (u64)o.b, (u32)o.imm, 0x82f63b78); return true;
    default: return false;
    }
}

static bool naive_compare(enum ir_op op, struct operands o, u128 *r)
{
    u128 a = o.a, b = o.b;
    u32 n = o.n;
    bool c, v;
    switch (op) {
    case IR_eq: *r = !(a ^ b); return true;
    case IR_ne: *r = (a ^ b) != 0; return true;
    case IR_ult: *r = below(a, b, false, n); return true;
    case IR_ule: *r = !below(b, a, false, n); return true;
    case IR_slt: *r = below(a, b, true, n); return true;
    case IR_sle: *r = !below(b, a, true, n); return true;
    case IR_tst: *r = 0; for (u32 i = 0; i < n; i++) *r |= bit(a, i) & bit(b, i); return true;
    case IR_umin: *r = below(b, a, false, n) ? b : a; return true;
    case IR_umax: *r = below(a, b, false, n) ? b : a; return true;
    case IR_smin: *r = below(b, a, true, n) ? b : a; return true;
    case IR_smax: *r = below(a, b, true, n) ? b : a; return true;
    case IR_uabd: *r = below(a, b, false, n) ? b - a : a - b; return true;
    case IR_sabd:
        *r = (u128)(below(a, b, true, n) ? exact(b, 1, n) - exact(a, 1, n) : exact(a, 1, n) - exact(b, 1, n))
             & ones(n);
        return true;
    case IR_carry: ripple(a, b, (u32)o.c & 1, n, &c, &v); *r = c; return true;
    case IR_ovadd: ripple(a, b, (u32)o.c & 1, n, &c, &v); *r = v; return true;
    case IR_borrow: ripple(a, flip(b, n), !(o.c & 1), n, &c, &v); *r = !c; return true;
    case IR_ovsub: ripple(a, flip(b, n), !(o.c & 1), n, &c, &v); *r = v; return true;
    case IR_auxc: *r = bit(a, 4) ^ bit(b, 4) ^ bit(o.c, 4); return true;
    default: return false;
    }
}

static bool naive_saturate(enum ir_op op, struct operands o, u128 *r)
{
    u32 n = o.n;
    i128 ua = (i128)o.a, ub = (i128)o.b, sa = exact(o.a, true, n), sb = exact(o.b, true, n), sc = exact(o.c, true, n);
    i128 half = (i128)1 << (n - 1) % 64, all = half * 2; /* no such row is wider than 64 bits */
    switch (op) {
    case IR_uqadd: *r = clamp(ua + ub, false, n); return true;
    case IR_sqadd: *r = clamp(sa + sb, true, n); return true;
    case IR_uqsub: *r = clamp(ua - ub, false, n); return true;
    case IR_sqsub: *r = clamp(sa - sb, true, n); return true;
    case IR_suqadd: *r = clamp(sa + ub, true, n); return true;
    case IR_usqadd: *r = clamp(ua + sb, false, n); return true;
    case IR_sqabs: *r = clamp(sa < 0 ? -sa : sa, true, n); return true;
    case IR_sqneg: *r = clamp(-sa, true, n); return true;
    case IR_uhadd: *r = (u128)floor_half(ua + ub) & ones(n); return true;
    case IR_shadd: *r = (u128)floor_half(sa + sb) & ones(n); return true;
    case IR_urhadd: *r = (u128)floor_half(ua + ub + 1) & ones(n); return true;
    case IR_srhadd: *r = (u128)floor_half(sa + sb + 1) & ones(n); return true;
    case IR_uhsub: *r = (u128)floor_half(ua - ub) & ones(n); return true;
    case IR_shsub: *r = (u128)floor_half(sa - sb) & ones(n); return true;
    /* the manual's form; its doubled product needs a bit more than an i128 at 64 bits */
    case IR_sqdmulh: if (n == 64) return false; *r = clamp((2 * sa * sb) >> n, true, n); return true;
    case IR_sqrdmulh: if (n == 64) return false; *r = clamp((2 * sa * sb + half) >> n, true, n); return true;
    case IR_sqrdmlah:
        *r = n < 64 ? clamp((sa * all + 2 * sb * sc + half) >> n, true, n) : 0;
        return n < 64;
    case IR_sqrdmlsh:
        *r = n < 64 ? clamp((sa * all - 2 * sb * sc + half) >> n, true, n) : 0;
        return n < 64;
    default: return false;
    }
}

static bool naive_shift(enum ir_op op, struct operands o, u128 *r)
{
    bool sat;
    u32 n = o.n;
    switch (op) {
    case IR_vushl: *r = vshift(o.a, o.b, false, false, false, n, &sat); return true;
    case IR_vsshl: *r = vshift(o.a, o.b, true, false, false, n, &sat); return true;
    case IR_vurshl: *r = vshift(o.a, o.b, false, true, false, n, &sat); return true;
    case IR_vsrshl: *r = vshift(o.a, o.b, true, true, false, n, &sat); return true;
    case IR_vuqshl: *r = vshift(o.a, o.b, false, false, true, n, &sat); return true;
    case IR_vsqshl: *r = vshift(o.a, o.b, true, false, true, n, &sat); return true;
    case IR_vuqrshl: *r = vshift(o.a, o.b, false, true, true, n, &sat); return true;
    case IR_vsqrshl: *r = vshift(o.a, o.b, true, true, true, n, &sat); return true;
    case IR_vshl_sat: vshift(o.a, o.b, o.flag & 1, o.flag >> 1 & 1, true, n, &sat); *r = sat; return true;
    case IR_vsqshlu: *r = o.b >= n ? clamp(negative(o.a, n) ? -1 : o.a ? (i128)ones(n) + 1 : 0, false, n)
                                   : clamp(exact(o.a, true, n) * (i128)((u128)1 << o.b), false, n);
        return o.b < n;
    case IR_urshr: *r = vshift(o.a, 256 - o.b, false, true, false, n, &sat); return o.b >= 1 && o.b <= n;
    case IR_srshr: *r = vshift(o.a, 256 - o.b, true, true, false, n, &sat); return o.b >= 1 && o.b <= n;
    default: return false;
    }
}

static bool naive_width(enum ir_op op, struct operands o, u32 to, u128 *r)
{
    switch (op) {
    case IR_zext: case IR_trunc: case IR_bitcast: *r = o.a & ones(to); return true;
    case IR_sext: *r = (o.a | (negative(o.a, o.n) ? ~ones(o.n) : 0)) & ones(to); return true;
    case IR_hi: *r = o.a >> 64; return true;
    case IR_pair: *r = o.a | o.b << 64; return true;
    case IR_clmul: *r = full_product((u64)o.a, (u64)o.b, true); return true;
    case IR_pmul: *r = full_product((u64)o.a, (u64)o.b, true) & ones(o.n); return true;
    default: return false;
    }
}

static inline bool naive(enum ir_op op, struct operands o, u32 to, u128 *r)
{
    return naive_basic(op, o, r) || naive_bits(op, o, r) || naive_compare(op, o, r) || naive_saturate(op, o, r)
           || naive_shift(op, o, r) || naive_width(op, o, to, r);
}
