/* f32_normal.c - make vectors of three numbers one long: square roots, divisions, estimates and their refinement */
#include "simd.h"

#include <math.h>
#ifdef __aarch64__
#include <arm_neon.h>
#endif

enum { SIZE = 2048 };

static float x[SIZE], y[SIZE], z[SIZE];

#ifdef __aarch64__
static float32x4_t inverse_root(float32x4_t v)
{
    float32x4_t e = vrsqrteq_f32(v);

    e = vmulq_f32(e, vrsqrtsq_f32(vmulq_f32(v, e), e));
    return vmulq_f32(e, vrsqrtsq_f32(vmulq_f32(v, e), e));
}

static NOINLINE void normalize(float bend)
{
    for (u32 i = 0; i < SIZE; i += 4) {
        float32x4_t a = vld1q_f32(x + i), b = vld1q_f32(y + i), c = vld1q_f32(z + i);
        float32x4_t square = vfmaq_f32(vfmaq_f32(vmulq_f32(a, a), b, b), c, c);
        float32x4_t scale = inverse_root(square), root = vsqrtq_f32(vmaxq_f32(square, vabsq_f32(a)));

        vst1q_f32(x + i, vmlaq_n_f32(vmulq_f32(a, scale), b, bend));
        vst1q_f32(y + i, vmulq_f32(b, scale));
        vst1q_f32(z + i, vdivq_f32(c, root));
    }
}
#elif defined BENCH_HASWELL
/* Newton's step for 1 / sqrt(v): e * (1.5 - v / 2 * e * e). */
static __m256 refine(__m256 half, __m256 e)
{
    return _mm256_mul_ps(e, _mm256_fnmadd_ps(_mm256_mul_ps(half, e), e, _mm256_set1_ps(1.5f)));
}

static __m256 inverse_root(__m256 v)
{
    __m256 half = _mm256_mul_ps(v, _mm256_set1_ps(0.5f));

    return refine(half, refine(half, _mm256_rsqrt_ps(v)));
}

static NOINLINE void normalize(float bend)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);

    for (u32 i = 0; i < SIZE; i += 8) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(y + i), c = _mm256_loadu_ps(z + i);
        __m256 square = _mm256_fmadd_ps(c, c, _mm256_fmadd_ps(b, b, _mm256_mul_ps(a, a)));
        __m256 scale = inverse_root(square);
        __m256 root = _mm256_sqrt_ps(_mm256_max_ps(square, _mm256_andnot_ps(sign, a)));

        _mm256_storeu_ps(x + i, _mm256_fmadd_ps(b, _mm256_set1_ps(bend), _mm256_mul_ps(a, scale)));
        _mm256_storeu_ps(y + i, _mm256_mul_ps(b, scale));
        _mm256_storeu_ps(z + i, _mm256_div_ps(c, root));
    }
}
#else
static NOINLINE void normalize(float bend)
{
    for (u32 i = 0; i < SIZE; i++) {
        float a = x[i], b = y[i], c = z[i], square = a * a + b * b + c * c;
        float scale = 1 / sqrtf(square), root = sqrtf(square > fabsf(a) ? square : fabsf(a));

        x[i] = a * scale + b * bend;
        y[i] = b * scale;
        z[i] = c / root;
    }
}
#endif

int main(int argc, char **argv)
{
    u64 state = 97, exact = 0;
    double sum = 0;

    for (u32 i = 0; i < SIZE; i++) {
        x[i] = (float)bench_random_unit(&state) + 0.5f;
        y[i] = (float)bench_random_unit(&state) + 0.5f;
        z[i] = (float)bench_random_unit(&state) + 0.5f;
    }
    for (u32 round = bench_count(argc, argv); round; round--) {
        normalize(round % 2 ? 0.1f : -0.1f);
        sum += x[round % SIZE] + z[round % SIZE];
        exact = bench_mix_bytes(exact, z + round % SIZE, 4);
    }
#ifdef BENCH_HASWELL
    /* No exact part: RSQRTPS has 12 right bits, and those behind them are each processor's own (SDM vol. 2B). */
    printf("%.3g\n", sum);
    return 0;
#else
    return bench_result_fp(sum, 3, bench_mix_bytes(exact, x, sizeof x));
#endif
}
