/* libm.c - the library's elementary functions, in double and single precision */
#include "bench.h"

#include <math.h>

static double once(double x)
{
    double sum = sin(x * 10) + cos(x * 100) + exp(-x) + log(x + 1e-3);

    sum += pow(x, 1.7) + atan2(x, 1 - x) + tanh(x) + cbrt(x);
    sum += hypot(x, 0.3) + fmod(x * 1000, 7.3) + floor(x * 33) - rint(x * 21);
    return sum + (double)(sinf(x) + expf(x) + powf(x, 0.3f) + logf((float)x + 2));
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u64 state = 43, exact = 0;
    double sum = 0;

    for (u32 i = 0; i < count; i++) {
        double y = once(bench_random_unit(&state));

        exact = bench_mix_bytes(exact, &y, sizeof y);
        sum += y;
    }
    return bench_result_fp(sum, 8, exact);
}
