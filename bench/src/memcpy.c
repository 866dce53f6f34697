/* memcpy.c - the library's copies and fills
 *
 *     memcpy COUNT small       1 to 64 bytes at all alignments
 *     memcpy COUNT large       1 MiB at a time
 */
#include "bench.h"

enum { LARGE = 1 << 20, WINDOW = 4096 };

static u8 from[LARGE + 64], to[LARGE + 64];

static u64 small(u32 count)
{
    u64 state = 17;

    for (u32 i = 0; i < count; i++) {
        u64 r = bench_random(&state);
        u8 *d = to + r % WINDOW, *s = from + (r >> 16) % WINDOW;
        size_t size = 1 + (r >> 32) % 64;

        OPAQUE(size);
        switch (r >> 62) {
        case 0: memmove(d, d + 3, size); break;
        case 1: memset(d, i, size); break;
        default: memcpy(d, s, size); break;
        }
    }
    return bench_mix_bytes(0, to, WINDOW + 64);
}

static u64 large(u32 count)
{
    u64 sum = 0;

    for (u32 i = 0; i < count; i++) {
        size_t size = LARGE;

        OPAQUE(size);
        memcpy(to + i % 16, from, size);
        memmove(from + 8, to, size);
        memset(from, i, 4096);
        sum = bench_mix(sum, from[i * 4099ull % LARGE]);
    }
    return bench_mix_bytes(sum, from, LARGE);
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u64 state = 19;

    for (u32 i = 0; i < sizeof from; i++)
        from[i] = bench_random(&state);
    return bench_result(argc > 2 && !strcmp(argv[2], "large") ? large(count) : small(count));
}
