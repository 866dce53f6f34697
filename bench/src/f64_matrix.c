/* f64_matrix.c - products of matrices of 64 by 64, two numbers of double precision at a time */
#include "simd.h"

enum { N = 64 };

static double a[N][N], b[N][N] __attribute__((aligned(16))), c[N][N] __attribute__((aligned(16)));

/* A block of four rows by four columns stays in registers. */
static void block(u32 i, u32 j)
{
    f64x2 s[4][2] = { 0 };

    for (u32 k = 0; k < N; k++) {
        f64x2 left = *(f64x2 *)&b[k][j], right = *(f64x2 *)&b[k][j + 2];
        for (u32 r = 0; r < 4; r++) {
            s[r][0] += left * a[i + r][k];
            s[r][1] += right * a[i + r][k];
        }
    }
    for (u32 r = 0; r < 4; r++) {
        *(f64x2 *)&c[i + r][j] = s[r][0];
        *(f64x2 *)&c[i + r][j + 2] = s[r][1];
    }
}

static NOINLINE void multiply(void)
{
    for (u32 i = 0; i < N; i += 4)
        for (u32 j = 0; j < N; j += 4)
            block(i, j);
}

int main(int argc, char **argv)
{
    u64 state = 101, exact = 0;
    double sum = 0;

    for (u32 i = 0; i < N; i++)
        for (u32 j = 0; j < N; j++) {
            a[i][j] = bench_random_unit(&state) / N;
            b[i][j] = bench_random_unit(&state);
        }
    for (u32 round = bench_count(argc, argv); round; round--) {
        multiply();
        for (u32 j = 0; j < N; j++)
            b[round % N][j] = c[round * 7 % N][j] + 0.25;
        sum += c[round % N][round * 3 % N];
        exact = bench_mix_bytes(exact, c[round % N], sizeof *c);
    }
    return bench_result_fp(sum, 8, exact);
}
