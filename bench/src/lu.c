/* lu.c - solve linear equations by LU factors with row exchanges, in double precision */
#include "bench.h"

#include <math.h>

enum { N = 96 };

static double a[N][N], x[N];

static void swap_rows(u32 i, u32 j)
{
    double row[N], t = x[i];

    memcpy(row, a[i], sizeof row);
    memcpy(a[i], a[j], sizeof row);
    memcpy(a[j], row, sizeof row);
    x[i] = x[j];
    x[j] = t;
}

static u32 pivot_of(u32 column)
{
    u32 best = column;

    for (u32 i = column + 1; i < N; i++)
        if (fabs(a[i][column]) > fabs(a[best][column]))
            best = i;
    return best;
}

static void eliminate(void)
{
    for (u32 k = 0; k < N; k++) {
        swap_rows(k, pivot_of(k));
        for (u32 i = k + 1; i < N; i++) {
            double factor = a[i][k] / a[k][k];

            for (u32 j = k + 1; j < N; j++)
                a[i][j] -= factor * a[k][j];
            x[i] -= factor * x[k];
        }
    }
}

static void substitute(void)
{
    for (u32 i = N; i-- > 0;) {
        for (u32 j = i + 1; j < N; j++)
            x[i] -= a[i][j] * x[j];
        x[i] /= a[i][i];
    }
}

int main(int argc, char **argv)
{
    u64 state = 41, exact = 0;
    double sum = 0;

    for (u32 round = bench_count(argc, argv); round; round--) {
        for (u32 i = 0; i < N; i++) {
            for (u32 j = 0; j < N; j++)
                a[i][j] = bench_random_unit(&state) - 0.5 + (i == j ? 4 : 0);
            x[i] = bench_random_unit(&state);
        }
        eliminate();
        substitute();
        for (u32 i = 0; i < N; i++)
            sum += fabs(x[i]);
        exact = bench_mix_bytes(exact, x, sizeof x);
    }
    return bench_result_fp(sum, 9, exact);
}
