/* fft.c - fast Fourier transform and back, 4096 complex numbers in double precision */
#include "bench.h"

#include <math.h>

enum { BITS = 12, N = 1 << BITS };

struct complex {
    double re, im;
};

static struct complex data[N], roots[N / 2];

static void reorder(void)
{
    for (u32 i = 0, j = 0; i < N; i++) {
        if (i < j) {
            struct complex t = data[i];
            data[i] = data[j];
            data[j] = t;
        }
        for (u32 bit = N >> 1; (j ^= bit) < bit; bit >>= 1)
            ;
    }
}

/* SIGN -1: forward, 1: back, times N. */
static void transform(double sign)
{
    reorder();
    for (u32 half = 1; half < N; half *= 2)
        for (u32 base = 0; base < N; base += 2 * half)
            for (u32 k = 0; k < half; k++) {
                struct complex w = roots[k * (N / 2 / half)], *a = &data[base + k], *b = a + half;
                double re = b->re * w.re - b->im * w.im * sign, im = b->im * w.re + b->re * w.im * sign;

                *b = (struct complex){ a->re - re, a->im - im };
                *a = (struct complex){ a->re + re, a->im + im };
            }
}

int main(int argc, char **argv)
{
    u64 state = 47, exact = 0;
    double sum = 0;

    for (u32 i = 0; i < N / 2; i++)
        roots[i] = (struct complex){ cos(2 * M_PI * i / N), sin(2 * M_PI * i / N) };
    for (u32 i = 0; i < N; i++)
        data[i].re = bench_random_unit(&state), data[i].im = 0;
    for (u32 round = bench_count(argc, argv); round; round--) {
        transform(-1);
        sum += hypot(data[round % N].re, data[round % N].im);
        exact = bench_mix_bytes(exact, data, sizeof data);
        transform(1);
        for (u32 i = 0; i < N; i++)
            data[i].re /= N, data[i].im /= N;
    }
    return bench_result_fp(sum, 8, exact);
}
