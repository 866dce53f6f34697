/* u8_shuffle.c - look bytes up and move them about: hexadecimal text there and back, four channels woven */
#include "simd.h"

enum { SIZE = 8192 };

static const char digits[] = "0123456789abcdef";
static u8 bytes[SIZE], text[2 * SIZE], planes[4][SIZE / 4];

static NOINLINE void to_text(void)
{
    const u8x16 table = simd_load(digits);
    const u8x16 low_half = { 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23 };

    for (u32 i = 0; i < SIZE; i += 16) {
        u8x16 v = simd_load(bytes + i);
        u8x16 high = __builtin_shuffle(table, v >> 4), low = __builtin_shuffle(table, v & 15);

        simd_store(text + 2 * i, __builtin_shuffle(high, low, low_half));
        simd_store(text + 2 * i + 16, __builtin_shuffle(high, low, low_half + 8));
    }
}

static u8x16 values(u8x16 v)
{
    u8x16 letter = (u8x16)(v >= 'a');

    return v - '0' - (letter & ('a' - '0' - 10));
}

static NOINLINE void to_bytes(void)
{
    const u8x16 even = { 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30 };

    for (u32 i = 0; i < SIZE; i += 16) {
        u8x16 a = values(simd_load(text + 2 * i)), b = values(simd_load(text + 2 * i + 16));

        simd_store(bytes + i, __builtin_shuffle(a, b, even) << 4 | __builtin_shuffle(a, b, even + 1));
    }
}

/* Bytes 0, 4, 8... to the first plane, 1, 5, 9... to the second, and so on, by three levels of unzipping. */
static NOINLINE void unweave(void)
{
    const u8x16 even = { 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30 };

    for (u32 i = 0; i < SIZE / 4; i += 16) {
        u8x16 a = simd_load(bytes + 4 * i), b = simd_load(bytes + 4 * i + 16);
        u8x16 c = simd_load(bytes + 4 * i + 32), d = simd_load(bytes + 4 * i + 48);
        u8x16 ab = __builtin_shuffle(a, b, even), cd = __builtin_shuffle(c, d, even);
        u8x16 odd_ab = __builtin_shuffle(a, b, even + 1), odd_cd = __builtin_shuffle(c, d, even + 1);

        simd_store(planes[0] + i, __builtin_shuffle(ab, cd, even));
        simd_store(planes[1] + i, __builtin_shuffle(odd_ab, odd_cd, even));
        simd_store(planes[2] + i, __builtin_shuffle(ab, cd, even + 1));
        simd_store(planes[3] + i, __builtin_shuffle(odd_ab, odd_cd, even + 1));
    }
}

int main(int argc, char **argv)
{
    u64 state = 73, sum = 0;

    for (u32 i = 0; i < SIZE; i++)
        bytes[i] = bench_random(&state);
    for (u32 round = bench_count(argc, argv); round; round--) {
        to_text();
        text[round * 8 % sizeof text] = digits[round % 16];
        to_bytes();
        unweave();
        sum = bench_mix(sum, planes[round % 4][round % (SIZE / 4)]);
    }
    return bench_result(bench_mix_bytes(sum, text, sizeof text));
}
