/* sleeper.c - sleep, and print how much too long it was: the median, 99 in 100, the most, in microseconds
 *
 *     sleeper MICROSECONDS COUNT
 */
#include "bench.h"

#include <time.h>

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int compare(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

    return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
    u64 wanted = bench_count(argc, argv) * 1000ull;
    u32 count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    int64_t *over = calloc(count + 1, sizeof *over);

    bench_check(over, "memory");
    for (u32 i = 0; i < count; i++) {
        struct timespec t = { wanted / 1000000000, wanted % 1000000000 };
        u64 before = now_ns();

        nanosleep(&t, NULL);
        over[i] = now_ns() - before - wanted;
    }
    qsort(over, count, sizeof *over, compare);
    if (count)
        printf("%.1f %.1f %.1f\n", (double)over[count / 2] / 1000, (double)over[count * 99 / 100] / 1000,
               (double)over[count - 1] / 1000);
    return 0;
}
