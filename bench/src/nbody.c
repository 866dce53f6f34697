/* nbody.c - bodies that attract each other, in double precision, by the leapfrog method */
#include "bench.h"

#include <math.h>

enum { BODIES = 12 };

struct body {
    double x[3], v[3], mass;
};

static void kick(struct body *b, double dt)
{
    for (u32 i = 0; i < BODIES; i++)
        for (u32 j = i + 1; j < BODIES; j++) {
            double dx = b[i].x[0] - b[j].x[0], dy = b[i].x[1] - b[j].x[1], dz = b[i].x[2] - b[j].x[2];
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double pull = dt / (square * sqrt(square));
            double mi = b[i].mass * pull, mj = b[j].mass * pull;

            b[i].v[0] -= dx * mj, b[i].v[1] -= dy * mj, b[i].v[2] -= dz * mj;
            b[j].v[0] += dx * mi, b[j].v[1] += dy * mi, b[j].v[2] += dz * mi;
        }
}

static void drift(struct body *b, double dt)
{
    for (u32 i = 0; i < BODIES; i++)
        for (u32 k = 0; k < 3; k++)
            b[i].x[k] += dt * b[i].v[k];
}

static double energy(const struct body *b)
{
    double sum = 0;

    for (u32 i = 0; i < BODIES; i++) {
        const double *v = b[i].v;
        sum += b[i].mass * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / 2;
        for (u32 j = 0; j < i; j++) {
            const double *p = b[i].x, *q = b[j].x;
            double dx = p[0] - q[0], dy = p[1] - q[1], dz = p[2] - q[2];
            sum -= b[i].mass * b[j].mass / sqrt(dx * dx + dy * dy + dz * dz + 0.01);
        }
    }
    return sum;
}

int main(int argc, char **argv)
{
    struct body bodies[BODIES];
    u64 state = 37;

    for (u32 i = 0; i < BODIES; i++)
        for (u32 k = 0; k < 7; k++)
            ((double *)&bodies[i])[k] = bench_random_unit(&state) - (k < 6 ? 0.5 : 0);
    for (u32 step = bench_count(argc, argv); step; step--) {
        kick(bodies, 1e-5);
        drift(bodies, 1e-5);
    }
    return bench_result_fp(energy(bodies), 7, bench_mix_bytes(0, bodies, sizeof bodies));
}
