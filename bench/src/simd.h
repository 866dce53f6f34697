/* simd.h - vectors of 16 bytes in the compiler's own notation, the same on every host
 *
 * For an amd64 guest these are AVX2's and FMA's instructions (BENCH_HASWELL); natively what the compiler takes.
 */
#ifndef SIMD_H
#define SIMD_H

#include "bench.h"

#ifdef BENCH_HASWELL
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt,movbe")
#include <immintrin.h>
#endif

typedef u8 u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef u32 u32x4 __attribute__((vector_size(16)));
typedef int32_t s32x4 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

/* A where MASK is all ones, else B. */
#define SIMD_SELECT(mask, a, b) ((__typeof__(a))(((u8x16)(mask) & (u8x16)(a)) | (~(u8x16)(mask) & (u8x16)(b))))

static inline u8x16 simd_load(const void *p)
{
    u8x16 v;

    memcpy(&v, p, 16);
    return v;
}

static inline void simd_store(void *p, u8x16 v)
{
    memcpy(p, &v, 16);
}

#endif
