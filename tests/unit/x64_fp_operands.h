/*
 * x64_fp_operands.h - operands for rows of FP: corners of formats and of integers, random ones; scalars and lanes.
 */
#pragma once
#include "base/err.h"
#include "ir/ir.h"
#include "tests/unit/fp_grid.h"

static u64 rng_state;
static u64 rng(void) /* xorshift64* */
{
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return rng_state * 0x2545f4914f6cdd1dull;
}

static const u64 grid_int[] = {
    0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10001, 0xffffff, 0x1000001, 0x1ffffff, 0x3ffffff,
    0x7fffff80, 0x7fffffbf, 0x7fffffc0, 0x7fffffff, 0x80000000, 0x80000001, 0xffffff7f, 0xffffff80, 0xffffffff,
    0x100000000, 0x1fffffffffffff, 0x20000000000001, 0x3fffffffffffff, 0x40000000000001, 0x40000000000002,
    0x40000000000003, 0x7ffffffffffffdff, 0x7ffffffffffffe00, 0x7fffffffffffffff, 0x8000000000000000,
    0x8000000000000001, 0x8000000000000400, 0x8000000000000401, 0xfffffffffffffbff, 0xfffffffffffffc00,
    0xfffffffffffffc01, 0xffffffffffffffff, 0x5555555555555555, 0x123456789abcdef,
};

static u32 grid_size(u32 type)
{
    return type == IR_F32 ? 2 * COUNT(grid_f32) : type == IR_F64 ? 2 * COUNT(grid_f64)
           : type == IR_F16 ? 65536 : 2 * COUNT(grid_int);
}

static u64 grid_value(u32 type, u32 k)
{
    u32 bits = ir_bits((enum ir_type)type);
    if (type == IR_F16)
        return k;
    if (ir_is_float((enum ir_type)type))
        return (type == IR_F32 ? grid_f32[k / 2] : grid_f64[k / 2]) | (u64)(k & 1) << (bits - 1);
    u64 v = k & 1 ? 0 - grid_int[k / 2] : grid_int[k / 2];
    return bits == 64 ? v : v & ((1ull << bits) - 1);
}

/* Near 1 and 2^31 and so on, few bits set, or anything. */
static u64 random_value(u32 type)
{
    u64 v = rng(), how = rng();
    u32 bits = ir_bits((enum ir_type)type), fraction = type == IR_F32 ? 23 : 52;
    if (how & 1)
        v &= rng() & rng();
    if (ir_is_float((enum ir_type)type) && type != IR_F16 && how & 6) {
        u64 bias = type == IR_F32 ? 127 : 1023, be = bias + (how >> 16 & 127) - 54;
        v = (v & ((1ull << fraction) - 1)) | be << fraction | (how >> 40 & 1) << (bits - 1);
    }
    return bits == 64 ? v : v & ((1ull << bits) - 1);
}

static u64 some_value(u32 type)
{
    return rng() & 3 ? grid_value(type, (u32)(rng() % grid_size(type))) : random_value(type);
}

/* An operand of `type`, in lanes of type `lane` (vectors). */
static union ir_val operand(u32 type, u32 lane, u64 value(u32 type))
{
    union ir_val v = { .q = { 0, 0 } };
    u32 n = ir_is_vec((enum ir_type)type) ? ir_bits((enum ir_type)type) / ir_bits((enum ir_type)lane) : 1;
    for (u32 k = 0; k < n; k++) {
        u64 to = value(n > 1 ? lane : type);
        switch (n > 1 ? ir_bits((enum ir_type)lane) : 64) {
        case 16: v.h[k] = (u16)to; break;
        case 32: v.w[k] = (u32)to; break;
        default: v.d[k] = to;
        }
    }
    return v;
}
