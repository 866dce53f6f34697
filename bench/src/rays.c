/* rays.c - rays of light and spheres: square roots, divisions, comparisons in single precision */
#include "bench.h"

#include <math.h>

enum { SPHERES = 10, WIDTH = 64, HEIGHT = 48, BOUNCES = 3 };

struct vec {
    float x, y, z;
};

struct sphere {
    struct vec at;
    float radius, shine;
};

static struct sphere spheres[SPHERES];

static struct vec add_scaled(struct vec a, struct vec b, float k)
{
    return (struct vec){ a.x + b.x * k, a.y + b.y * k, a.z + b.z * k };
}

static float dot(struct vec a, struct vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vec unit(struct vec a)
{
    return add_scaled((struct vec){ 0, 0, 0 }, a, 1 / sqrtf(dot(a, a)));
}

/* How far along the ray the sphere is met; 0: not at all. */
static float meets(const struct sphere *s, struct vec from, struct vec way)
{
    struct vec to = add_scaled(s->at, from, -1);
    float middle = dot(to, way), room = middle * middle - dot(to, to) + s->radius * s->radius;

    if (room < 0)
        return 0;
    float near = middle - sqrtf(room);
    return near > 1e-3f ? near : 0;
}

static const struct sphere *nearest(struct vec from, struct vec way, float *far)
{
    const struct sphere *best = NULL;

    *far = 1e9f;
    for (u32 i = 0; i < SPHERES; i++) {
        float d = meets(&spheres[i], from, way);
        if (d > 0 && d < *far) {
            *far = d;
            best = &spheres[i];
        }
    }
    return best;
}

static float trace(struct vec from, struct vec way)
{
    const struct vec light = { 0.577f, 0.577f, -0.577f };
    float bright = 0, weight = 1, far;

    for (u32 i = 0; i < BOUNCES; i++) {
        const struct sphere *s = nearest(from, way, &far);
        if (!s)
            return bright + weight * (0.5f + 0.5f * way.y);
        from = add_scaled(from, way, far);
        struct vec normal = unit(add_scaled(from, s->at, -1));
        bright += weight * (1 - s->shine) * fmaxf(0, dot(normal, light));
        weight *= s->shine;
        way = add_scaled(way, normal, -2 * dot(way, normal));
    }
    return bright;
}

int main(int argc, char **argv)
{
    u64 state = 59, exact = 0;
    double sum = 0;

    for (u32 i = 0; i < SPHERES; i++)
        for (u32 k = 0; k < 5; k++)
            ((float *)&spheres[i])[k] = (float)bench_random_unit(&state) * (k < 2 ? 4 : 1) - (k < 2 ? 2 : 0)
                                        + (k == 2 ? 3 : 0);
    for (u32 round = bench_count(argc, argv); round; round--)
        for (u32 j = 0; j < HEIGHT; j++)
            for (u32 i = 0; i < WIDTH; i++) {
                struct vec way = { (i - WIDTH / 2.0f) / WIDTH, (j - HEIGHT / 2.0f) / WIDTH, 1 + round % 8 * 0.01f };
                float bright = trace((struct vec){ 0, 0, 0 }, unit(way));
                sum += bright;
                exact = bench_mix_bytes(exact, &bright, sizeof bright);
            }
    return bench_result_fp(sum, 3, exact);
}
