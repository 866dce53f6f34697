/* crc_insn.c - CRC-32C (polynomial 82f63b78, reflected) by the guest's instruction, eight bytes at a time */
#include "bench.h"

enum { SIZE = 65536 };

#ifdef __aarch64__
#pragma GCC target("+crc")
#include <arm_acle.h>

static NOINLINE u32 update(u32 crc, const u8 *data)
{
    u64 word;

    for (u32 i = 0; i < SIZE; i += 8) {
        memcpy(&word, data + i, 8);
        crc = __crc32cd(crc, word);
    }
    return crc;
}
#elif defined BENCH_HASWELL
#pragma GCC target("sse4.2")
#include <nmmintrin.h>

static NOINLINE u32 update(u32 crc, const u8 *data)
{
    u64 word;

    for (u32 i = 0; i < SIZE; i += 8) {
        memcpy(&word, data + i, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    return crc;
}
#else
/* Eight tables, so that eight bytes take eight look-ups that do not wait for each other. */
static u32 table[8][256];

__attribute__((constructor)) static void make_tables(void)
{
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (u32 bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        table[0][i] = crc;
    }
    for (u32 t = 1; t < 8; t++)
        for (u32 i = 0; i < 256; i++)
            table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xff];
}

static NOINLINE u32 update(u32 crc, const u8 *data)
{
    for (u32 i = 0; i < SIZE; i += 8) {
        u64 word;
        u32 next = 0;

        memcpy(&word, data + i, 8);
        word ^= crc;
        for (u32 byte = 0; byte < 8; byte++)
            next ^= table[7 - byte][word >> 8 * byte & 0xff];
        crc = next;
    }
    return crc;
}
#endif

int main(int argc, char **argv)
{
    static u8 data[SIZE];
    u64 state = 107;
    u32 crc = ~0u;

    for (u32 i = 0; i < SIZE; i++)
        data[i] = bench_random(&state);
    for (u32 round = bench_count(argc, argv); round; round--)
        crc = update(crc, data);
    return bench_result(~crc);
}
