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
    return bench_result_fp(sum, 3, bench_mix_bytes(exact, x, sizeof x));
}
