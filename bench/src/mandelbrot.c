/* mandelbrot.c - how soon points of the plane escape, in double precision
 *
 * The products are kept apart from the sums, so that no compiler fuses them: the counts are the same everywhere.
 */
#include "bench.h"

#ifdef __aarch64__
#define KEEP(x) __asm__("" : "+w"(x))
#else
#define KEEP(x) __asm__("" : "+x"(x))
#endif

enum { WIDTH = 96, HEIGHT = 64, LIMIT = 200 };

static u32 escape(double cx, double cy)
{
    double x = 0, y = 0;
    u32 n;

    for (n = 0; n < LIMIT; n++) {
        double xx = x * x, yy = y * y, xy = x * y;

        KEEP(xx);
        KEEP(yy);
        KEEP(xy);
        if (xx + yy > 4)
            break;
        x = xx - yy + cx;
        y = xy + xy + cy;
    }
    return n;
}

int main(int argc, char **argv)
{
    u64 sum = 0;

    for (u32 round = bench_count(argc, argv); round; round--)
        for (u32 j = 0; j < HEIGHT; j++)
            for (u32 i = 0; i < WIDTH; i++)
                sum = bench_mix(sum, escape(-2.0 + i * (3.0 / WIDTH),
                                            -1.0 + (j + round % 8 * 0.125) * (2.0 / HEIGHT)));
    return bench_result(sum);
}
